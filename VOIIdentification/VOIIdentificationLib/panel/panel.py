"""
The panel: the user's choices and the widgets that show them.

It is given Qt and its widgets by the module file and imports none. No number is made here, and
nothing is decided of what is shown: that is `state.panel_state`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _

from ..analysis import Known
from ..core.errors import PhantomError
from ..core.image import PETImage
from ..core.phantom import Phantom
from ..core.settings import Settings
from ..mrml.nodes import Node, world_matrix
from ..mrml.outputs import OutputNodes, find_outputs, wanted_rois
from ..mrml.points import (
    all_seeds,
    background_list,
    follow_phantom,
    next_unset_label,
    seed_list,
)
from ..mrml.rois import count_moved, place_by_rule
from ..mrml.session import Request, likely_volume
from ..mrml.volume import (
    BACKGROUND,
    SEEDS,
    assign_points,
    points_of_volume,
    remember_worksheet,
    worksheet_of_volume,
)
from ..results import AnalysisResult
from ..suv.scan_facts import ScanFacts
from .activity import ActivitySection, known_from_text
from .phantom import PhantomSection, phantom_from_text, phantom_to_text
from .results import REPORT, ResultsSection
from .situation import Choices, Measured, Scene, VolumeFacts, facts_of_files, settings_of
from .state import apply, panel_state
from .view import Dialogs, PlaceSection, show_in_3d, show_table, show_volume
from .worksheet_form import WorksheetForm, form_of_scan, form_to_text

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

    What it remembers besides the parameter node: the volume that was read and what was found
    (`_volume`, `_facts`), the last result of it (`measured`), and whether Apply works just now.

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
        self._measuring = False
        self.forget()
        self._make_sections(qt, requirements)
        ui.importButton.clicked.connect(self._on_import)
        ui.reloadButton.clicked.connect(self._on_reload_volume)
        ui.makeSUVButton.clicked.connect(self._on_make_suv)
        ui.placeROIsAgainButton.clicked.connect(self._on_place_rois_again)
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
        self.activity_section = ActivitySection(
            qt, ui, self.dialogs, self._on_activity, self._blank_worksheet
        )
        self.results_section = ResultsSection(self, requirements)

    def forget(self) -> None:
        """Drop all that was known of a volume."""
        self._volume: Node = None
        self._facts: VolumeFacts | None = None
        self.measured: Measured | None = None

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

    def update(self) -> None:
        """Show what the parameters, the scene and the last result say now."""
        if self.parameters is None:
            return
        request, problem = self._request_or_problem()
        chosen = Choices(request, self.parameters.suvType.value)
        apply(panel_state(chosen, self._scene(request, problem), self.measured), self.ui)

    @property
    def phantom(self) -> Phantom:
        """The phantom that is chosen."""
        return _phantom_of(str(self.parameters.phantom))

    @property
    def settings(self) -> Settings:
        """The settings that are chosen."""
        return settings_of(self.parameters)

    @property
    def known(self) -> Known:
        """What the worksheet tells an analysis: nothing, or why not, if it is not complete."""
        return known_from_text(str(self.parameters.activity))

    @property
    def result(self) -> AnalysisResult | None:
        """The last result of the volume that is chosen."""
        return None if self.measured is None else self.measured.result

    @property
    def outputs(self) -> OutputNodes | None:
        """The nodes that show the last measurement of the volume that is chosen."""
        return find_outputs(self._volume) if self._volume else None

    def _request(self) -> Request:
        chosen, phantom = self.parameters, self.phantom
        seeds = all_seeds(chosen.seeds, chosen.background, phantom)
        rois = wanted_rois(self._volume) if self._volume else ()
        return Request(seeds, phantom, self.settings, self.known, rois)

    def _request_or_problem(self) -> tuple[Request, str]:
        """Without its points, and why, if the nodes cannot be measured as they stand."""
        try:
            if self._volume:
                world_matrix(self._volume)
            return self._request(), ''
        except PhantomError as error:
            return Request((), self.phantom, self.settings, self.known), str(error)

    def _scene(self, request: Request, problem: str) -> Scene:
        chosen, outputs = self.parameters, self.outputs
        rois = outputs.background_rois if outputs else None
        background = chosen.background.GetNumberOfDefinedControlPoints() if chosen.background else 0
        placed, moved = count_moved(rois) if rois and not problem else (0, 0)
        folder = Path(chosen.exportFolder) if chosen.exportFolder else None
        return Scene(
            volume=self._facts,
            problem=problem,
            placed_seeds=max(len(request.seeds) - background, 0),
            next_seed=next_unset_label(chosen.seeds) if chosen.seeds else None,
            background_points=background,
            rois=placed,
            moved_rois=moved,
            has_rois=rois is not None,
            has_outputs=outputs is not None,
            has_folder=folder is not None and folder.is_dir(),
            has_report=folder is not None and (folder / REPORT).is_file(),
            measuring=self._measuring,
        )

    def _on_parameters(self, _caller: Node = None, _event: str = '') -> None:
        """Follow a change, be it the user's, a script's or a scene's that was read."""
        if self.parameters is None or slicer.mrmlScene.IsImporting():
            return
        self._refuse_unknown_phantom()
        self._follow_volume()
        self._follow_points()
        self.phantom_section.show(self.phantom)
        self._follow_activity()
        self.update()

    def _refuse_unknown_phantom(self) -> None:
        """A scene may hold a phantom of another version; then the default one is taken."""
        try:
            _phantom_of(str(self.parameters.phantom))
        except PhantomError as error:
            warning = _(
                'The phantom of the scene cannot be used, so the default one is taken. {reason}'
            )
            slicer.util.warningDisplay(warning.format(reason=error))
            self.parameters.phantom = ''

    def _follow_volume(self) -> None:
        volume = self.parameters.inputVolume
        if volume is self._volume:
            return
        kept = self._volume is None
        self.forget()
        self._volume = volume
        facts, image = self._read(volume) if volume else (None, None)
        if volume is not self._volume:  # changed while it was read
            return
        self._facts = facts
        if image is None:
            self._let_go()
            return
        show_volume(volume, image)
        with slicer.util.NodeModify(self.parameters):
            self.parameters.background = points_of_volume(volume, BACKGROUND)
            self.parameters.seeds = seed_list(volume, self.phantom)
            self._take_worksheet(kept=kept)

    def _read(self, volume: Node) -> tuple[VolumeFacts, PETImage | None]:
        """What there is to know of a volume; no image if it cannot be measured."""
        with self.dialogs.progress(_('Reading the DICOM files')) as progress:
            facts = facts_of_files(self.logic.sourceOf(volume, progress))
        try:
            image: PETImage = self.logic.imageOf(volume)
        except PhantomError as error:
            return replace(facts, problem=str(error)), None
        geometry, unit, acquisition = image.geometry, image.unit, image.acquisition
        return replace(facts, geometry=geometry, unit=unit, acquisition=acquisition), image

    def _let_go(self) -> None:
        """Points and worksheet stay with the volume that they were made for."""
        with slicer.util.NodeModify(self.parameters):
            self.parameters.background = self.parameters.seeds = None
            self.parameters.activity = ''

    def _take_worksheet(self, *, kept: bool) -> None:
        """That of the volume; else one that a script gave, or what the header tells."""
        text = worksheet_of_volume(self._volume)
        if text is None:
            given = str(self.parameters.activity) if kept else ''
            text = given or form_to_text(self._blank_worksheet())
        self.parameters.activity = text

    def _blank_worksheet(self) -> WorksheetForm:
        """Without fills."""
        return form_of_scan(self._facts.scan if self._facts else ScanFacts())

    def _follow_points(self) -> None:
        """Points that were chosen belong to the volume; every move of one is followed."""
        lists = {SEEDS: self.parameters.seeds, BACKGROUND: self.parameters.background}
        for kind, points in lists.items():
            if points and self._volume and points_of_volume(self._volume, kind) is not points:
                assign_points(points, self._volume, kind)
        self.removeObservers(self._on_points)
        for node in {points for points in (*lists.values(), self._rois()) if points}:
            for event in _POINT_EVENTS:
                self.addObserver(node, event, self._on_points)

    def _rois(self) -> Node:
        """The background ROIs of the last measurement, for the user to move."""
        outputs = self.outputs
        return outputs.background_rois if outputs else None

    def _follow_activity(self) -> None:
        """Show the worksheet, and keep it with its volume."""
        text = str(self.parameters.activity)
        try:
            self.activity_section.show(text)
        except PhantomError as error:
            warning = _('The fill worksheet of the scene cannot be used and is left out. {reason}')
            slicer.util.warningDisplay(warning.format(reason=error))
            self.parameters.activity = ''
            return
        if self._volume:
            remember_worksheet(self._volume, text)

    def _on_points(self, _caller: Node, _event: str) -> None:
        self.update()

    def _on_import(self) -> None:
        """Go to the DICOM module."""
        slicer.util.selectModule('DICOM')

    def _on_reload_volume(self) -> None:
        """Read the volume again by the library's reader."""
        with self.dialogs.guard(_('The volume could not be read again.')):
            with self.dialogs.progress(_('Reading the DICOM files')) as progress:
                volume = self.logic.reloadVolume(self._volume, progress)
            self.parameters.inputVolume = volume

    def _on_make_suv(self) -> None:
        """Make an SUV volume, and say what was decided on the way."""
        suv_type = self.parameters.suvType.value
        with self.dialogs.guard(_('The SUV volume could not be made.')):
            with self.dialogs.progress(_('Reading the DICOM files')) as progress:
                node = self.logic.makeSUVVolume(self._volume, suv_type, progress)
            made = (suv_type, str(node.GetName()), str(node.GetDescription() or ''))
            self._facts = replace(self._facts or VolumeFacts(), suv_made=made)
            self.update()

    def _on_place_rois_again(self) -> None:
        """Put the background ROIs back to where the rule had put them."""
        with self.dialogs.guard(_('The background ROIs could not be placed.')):
            place_by_rule(self._rois())

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
        if self._measuring:
            return
        self._measuring = True
        try:
            with self.dialogs.guard(_('The phantom could not be measured.')):
                self._measure()
        finally:
            self._measuring = False
            self.update()

    def _measure(self) -> None:
        self.activity_section.commit()
        volume, request = self.parameters.inputVolume, self._request()
        with self.dialogs.progress(_('Measuring')) as progress:
            result = self.logic.measure(volume, request, progress)
        self._follow_points()  # the ROIs may be new
        self.measured = Measured(result, replace(request, rois=wanted_rois(volume)))
        outputs = self.outputs
        if outputs is not None:
            show_in_3d(outputs, visible=self.parameters.show3D)
            if self.parameters.showTable:
                show_table(outputs)

    def _seeds_to_place(self) -> Node:
        self.parameters.seeds = seed_list(self._volume, self.phantom)
        return self.parameters.seeds

    def _background_to_place(self) -> Node:
        self.parameters.background = background_list(self._volume, self.phantom)
        return self.parameters.background
