"""
The panel: the user's choices and the widgets that show them.

It is given Qt and its widgets by the module file and imports none. No number is made here.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import slicer
import vtk

from ..core.errors import PhantomError
from ..core.phantom import Phantom
from ..core.settings import Settings
from ..dicom.source import NO_FILES, VolumeSource
from ..locate.seeds import labeled_inserts
from ..mrml.nodes import Node, world_matrix
from ..mrml.outputs import find_outputs, wanted_rois
from ..mrml.points import (
    all_seeds,
    background_list,
    follow_phantom,
    seed_list,
    seeds_state,
)
from ..mrml.session import likely_volume
from ..mrml.volume import (
    BACKGROUND,
    SEEDS,
    assign_points,
    points_of_volume,
    remember_worksheet,
    worksheet_of_volume,
)
from ..results import AnalysisResult
from ..suv.scan_facts import ScanFacts, scan_facts
from . import text as say
from .activity import ActivitySection
from .dialogs import Dialogs
from .insert_table import phantom_from_text, phantom_to_text
from .phantom import PhantomSection
from .results import ResultsSection
from .seeds import PlaceSection
from .standards import StandardsSection, SUVSection
from .text_activity import unknown_worksheet
from .view import show_in_3d, show_table, show_volume

_POINT_EVENTS = (
    slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent,
    slicer.vtkMRMLMarkupsNode.PointPositionUndefinedEvent,
    slicer.vtkMRMLMarkupsNode.PointModifiedEvent,
    slicer.vtkMRMLMarkupsNode.PointRemovedEvent,
)

_phantom_of = lru_cache(maxsize=8)(phantom_from_text)
"""Asked for at every move of a point."""


class Panel(slicer.util.VTKObservationMixin):  # type: ignore[misc]
    """
    Keeps widgets and parameters alike, and does what the buttons say.

    Parameters
    ----------
    qt : module
        Qt as the application offers it.

    ui : object
        The widgets by their names.

    logic : VOIIdentificationLogic
        Does the work.

    requirements : `pathlib.Path`
        File that lists the packages an export needs.
    """

    def __init__(self, qt: Any, ui: Any, logic: Any, requirements: Path) -> None:
        super().__init__()
        self.ui, self.logic, self.dialogs = ui, logic, Dialogs(qt)
        self.parameters: Any = None
        self._gui_tag: Any = None
        self._busy = False
        self._points: list[Node] = []
        self.forget()
        self._make_sections(qt, requirements)
        ui.importButton.clicked.connect(self._on_import)
        ui.reloadButton.clicked.connect(self._on_reload_volume)
        ui.applyButton.clicked.connect(self._on_apply)

    def _make_sections(self, qt: Any, requirements: Path) -> None:
        ui, read_only = self.ui, qt.QAbstractItemView.NoEditTriggers
        self.phantom_section = PhantomSection(qt, ui, self.dialogs, self._on_phantom)
        self.seeds_section = PlaceSection(
            ui.placeSeedsButton, ui.seedsWidget, read_only, self._seeds_to_place
        )
        self.background_section = PlaceSection(
            ui.placeBackgroundButton, ui.backgroundWidget, read_only, self._background_to_place
        )
        self.activity_section = ActivitySection(qt, ui, self.dialogs, self._on_activity)
        self.suv_section = SUVSection(ui, self.dialogs, self.logic.makeSUVVolume)
        self.standards_section = StandardsSection(ui, self.dialogs)
        self.results_section = ResultsSection(
            ui, self.dialogs, self.logic.exportResults, requirements
        )
        self.results_section.exported = self._remember_folder

    def forget(self) -> None:
        """Drop all that was known of a volume."""
        self.result: AnalysisResult | None = None
        self._measured: object = None
        self._volume: Node = None
        self._source: VolumeSource = NO_FILES
        self._summary = ''
        self._problem = ''
        self._shown_phantom: str | None = None

    def follow(self, parameters: Any) -> None:
        """
        Show other parameters.

        Parameters
        ----------
        parameters : VOIIdentificationParameterNode or None
            None lets go of those shown now.
        """
        if parameters is self.parameters:
            return
        if self.parameters is not None:
            self.parameters.disconnectGui(self._gui_tag)
            self.removeObservers()
            self._points = []
        self.parameters = parameters
        if parameters is not None:
            self._gui_tag = parameters.connectGui(self.ui)
            event = vtk.vtkCommand.ModifiedEvent
            self.addObserver(parameters, event, self._on_parameters)
            self._on_parameters()
            if parameters.inputVolume is None:
                parameters.inputVolume = likely_volume(slicer.mrmlScene)

    def refresh(self) -> None:
        """Show the parameters again, as after a scene was read."""
        self._on_parameters()

    def leave(self) -> None:
        """End placing and let go of the parameters."""
        self.seeds_section.stop()
        self.background_section.stop()
        if self.parameters is not None:
            self.activity_section.commit()
        self.follow(None)

    @property
    def phantom(self) -> Phantom:
        """The phantom that is chosen."""
        return _phantom_of(str(self.parameters.phantom))

    @property
    def settings(self) -> Settings:
        """The settings that are chosen."""
        chosen = self.parameters
        return Settings(
            counting=chosen.counting.value,
            refinement=chosen.refinement.value,
            search_in_plane_mm=chosen.searchInPlaneMm,
            search_axial_mm=chosen.searchAxialMm,
            search_limit_mm=chosen.searchLimitMm,
        )

    def _on_parameters(self, _caller: Node = None, _event: str = '') -> None:
        """Follow a change, be it the user's, a script's or a scene's that was read."""
        if self.parameters is None or slicer.mrmlScene.IsImporting():
            return
        self._refuse_unknown_phantom()
        self._follow_volume()
        self._follow_points()
        if self.parameters.phantom != self._shown_phantom:
            self._shown_phantom = self.parameters.phantom
            self.phantom_section.show(self.phantom)
        self._follow_activity()
        self.update()

    def _refuse_unknown_phantom(self) -> None:
        """A scene may hold a phantom of another version; then the default one is taken."""
        try:
            _phantom_of(str(self.parameters.phantom))
        except PhantomError as error:
            slicer.util.warningDisplay(say.unknown_phantom(error))
            self.parameters.phantom = ''

    def _follow_activity(self) -> None:
        """Show the worksheet, and keep it with its volume."""
        if self.parameters.activity != self.activity_section.text:
            try:
                self.activity_section.show(str(self.parameters.activity))
            except PhantomError as error:
                slicer.util.warningDisplay(unknown_worksheet(error))
                self.parameters.activity = ''
                return
        if self._volume:
            remember_worksheet(self._volume, self.activity_section.text)

    def _on_points(self, _caller: Node, _event: str) -> None:
        self.update()

    def _follow_volume(self) -> None:
        volume = self.parameters.inputVolume
        if volume is self._volume:
            return
        kept = self._volume is None
        self.forget()
        self._volume = volume
        if volume is None:
            self._let_go()
            return
        try:
            with self.dialogs.progress(say.reading()) as progress:
                self._source = self.logic.sourceOf(volume, progress)
            image = self.logic.imageOf(volume)
        except PhantomError as error:
            self._problem = str(error)
            self._let_go()
            return
        if volume is not self._volume:  # changed while it was read
            return
        self._summary = say.volume_text(image)
        show_volume(volume, image)
        with slicer.util.NodeModify(self.parameters):
            self.parameters.background = points_of_volume(volume, BACKGROUND)
            self.parameters.seeds = seed_list(volume, self.phantom)
            self._take_worksheet(kept=kept)

    def _let_go(self) -> None:
        """Points and worksheet stay with the volume that they were made for."""
        with slicer.util.NodeModify(self.parameters):
            self.parameters.background = self.parameters.seeds = None
            self.parameters.activity = ''

    def _take_worksheet(self, *, kept: bool) -> None:
        """That of the volume; else one that a script gave, or what the header tells."""
        header, chosen = self._source.suv_header, self.parameters
        blank = self.activity_section.begin(scan_facts(header) if header else ScanFacts())
        text = worksheet_of_volume(self._volume)
        if text is None:
            text = (str(chosen.activity) if kept else '') or blank
        chosen.activity = text

    def _follow_points(self) -> None:
        lists = {SEEDS: self.parameters.seeds, BACKGROUND: self.parameters.background}
        for kind, points in lists.items():
            if points and self._volume and points_of_volume(self._volume, kind) is not points:
                assign_points(points, self._volume, kind)
        present = [points for points in (*lists.values(), self._rois()) if points]
        if present != self._points:
            for event in _POINT_EVENTS:
                for node in self._points:
                    self.removeObserver(node, event, self._on_points)
                for node in present:
                    self.addObserver(node, event, self._on_points)
            self._points = present

    def _rois(self) -> Node:
        """The background ROIs of the last measurement, for the user to move."""
        outputs = find_outputs(self._volume) if self._volume else None
        return None if outputs is None else outputs.background_rois

    def update(self) -> None:
        """Show what the parameters and the points say now."""
        if self.parameters is None:
            return
        self._update_input()
        self._update_seeds()
        hint = self._what_is_missing()
        self.ui.applyButton.enabled = not hint and not self._busy
        self.ui.applyButton.toolTip = hint or say.apply_tip(seeded=bool(self._inputs()[0]))
        self.suv_section.show(self._volume, self._source, self.parameters.suvType.value)
        self.standards_section.show(self._rois(), self.result)
        outputs = find_outputs(self._volume) if self._volume else None
        changed = self.result is not None and self._measured != self._inputs()
        self.results_section.show(
            self.result, outputs, self.parameters.exportFolder, changed=changed
        )

    def _update_input(self) -> None:
        ui, source = self.ui, self._source
        ui.inputSummaryLabel.text = self._problem or self._summary or say.no_volume()
        ui.verificationLabel.text = source.text
        ui.verificationWidget.visible = bool(source.text)
        ui.reloadButton.visible = not source.same

    def _update_seeds(self) -> None:
        ui, volume = self.ui, self._volume
        placed, wanted, label = seeds_state(self.parameters.seeds, self.phantom)
        ui.seedCountLabel.text = say.seeds_text(placed, wanted, label)
        ui.placeSeedsButton.enabled = bool(volume) and placed < wanted
        background = self.parameters.background
        ui.backgroundCountLabel.text = say.background_text(
            background.GetNumberOfDefinedControlPoints() if background else 0
        )
        ui.placeBackgroundButton.enabled = bool(volume)

    def _what_is_missing(self) -> str:
        """Why Apply cannot work; empty if it can."""
        if not self._volume:
            return say.select_volume()
        if self._problem:
            return self._problem
        try:
            world_matrix(self._volume)
            labeled_inserts(*self._inputs()[:2])
        except PhantomError as error:
            return str(error)
        return ''

    def _inputs(self) -> tuple[Any, Phantom, Settings, str, Any]:
        """What a result depends on, besides the volume."""
        chosen, phantom = self.parameters, self.phantom
        seeds = all_seeds(chosen.seeds, chosen.background, phantom)
        rois = wanted_rois(self._volume) if self._volume else ()
        return seeds, phantom, self.settings, str(chosen.activity), rois

    def _on_import(self) -> None:
        """Go to the DICOM module."""
        slicer.util.selectModule('DICOM')

    def _on_reload_volume(self) -> None:
        """Read the volume again by the library's reader."""
        with self.dialogs.guard(say.reload_failed()):
            with self.dialogs.progress(say.reading()) as progress:
                volume = self.logic.reloadVolume(self._volume, progress)
            self.parameters.inputVolume = volume

    def _on_phantom(self, phantom: Phantom) -> None:
        """Take another phantom; seeds that are placed stay."""
        before = self.phantom
        self.parameters.phantom = phantom_to_text(phantom)
        if self.parameters.seeds:
            follow_phantom(self.parameters.seeds, before, phantom)
        self.update()

    def _on_activity(self, text: str) -> None:
        """Keep what was typed into the worksheet."""
        if self.parameters is not None:  # the last line may lose the focus after the module is left
            self.parameters.activity = text

    def _on_apply(self) -> None:
        """Measure; what was there before stays if that fails."""
        if self._busy:
            return
        self._busy = True
        try:
            with self.dialogs.guard(say.apply_failed()):
                self._measure()
        finally:
            self._busy = False
            self.update()

    def _measure(self) -> None:
        self.activity_section.commit()
        chosen, inputs = self.parameters, self._inputs()[:-1]
        with self.dialogs.progress(say.measuring()) as progress:
            result = self.logic.process(
                chosen.inputVolume,
                chosen.seeds,
                self.phantom,
                self.settings,
                chosen.background,
                progress,
                self.activity_section.known,
            )
        self._follow_points()  # the ROIs may be new
        self.result, self._measured = result, (*inputs, wanted_rois(chosen.inputVolume))
        outputs = find_outputs(chosen.inputVolume)
        if outputs is not None:
            show_in_3d(outputs, visible=chosen.show3D)
            if chosen.showTable:
                show_table(outputs)

    def _seeds_to_place(self) -> Node:
        self.parameters.seeds = seed_list(self._volume, self.phantom)
        return self.parameters.seeds

    def _background_to_place(self) -> Node:
        self.parameters.background = background_list(self._volume, self.phantom)
        return self.parameters.background

    def _remember_folder(self, folder: str) -> None:
        self.parameters.exportFolder = folder
