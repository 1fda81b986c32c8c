"""
The panel: the user's choices and the widgets that show them.

It is given Qt and its widgets by the module file and imports none. No number is made here, and
nothing is decided of what is shown: that is `state.panel_state`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _

from ..core.errors import PhantomError
from ..core.phantom import Phantom
from ..mrml.measured import Measured
from ..mrml.nodes import Node
from ..mrml.outputs import OutputNodes, show_outputs_of
from ..mrml.point_lists import (
    BACKGROUND,
    SEEDS,
    assign_points,
    forbidden_list_ids,
    may_be,
    points_of_volume,
)
from ..mrml.points import background_list, follow_phantom, seed_list
from ..mrml.rois import place_by_rule
from ..mrml.session import Request, likely_volume
from ..mrml.volume import remember_worksheet, worksheet_of_volume
from ..results import AnalysisResult
from ..suv.scan_facts import ScanFacts
from .activity import ActivitySection
from .chosen_volume import ChosenVolume
from .gather import (
    phantom_of,
    request_of,
    request_or_problem,
    scene_of,
)
from .phantom import PhantomSection, phantom_to_text
from .results import ResultsSection
from .situation import Choices, VolumeFacts
from .state import apply, panel_state
from .view import Dialogs, PlaceSection, show_in_3d, show_outputs, show_table
from .watch import RemovedNodes, Watch
from .worksheet_form import WorksheetForm, form_of_scan, form_to_text

_NODES = ('inputVolume', SEEDS, BACKGROUND)
"""Parameters that are nodes."""


class Panel(slicer.util.VTKObservationMixin):  # type: ignore[misc]
    """
    Keeps widgets and parameters alike, and does what the buttons say.

    What it remembers besides the parameter node: the volume that was read (`_volume`), whether its
    points and worksheet were taken and what that worksheet was (`_taken`, `_blank`), nodes that may
    come back (`_removed`), and whether Apply works just now. Results are the logic's.

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
        self._removed = RemovedNodes(_NODES)
        self._volume = ChosenVolume(logic, self.dialogs)
        self._watch = Watch(
            self._on_volume,
            self.update,
            self._removed.coming,
            self._on_added,
            self._on_leaving,
            self._on_removed,
        )
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
        self._volume.choose(None)
        self._blank: str | None = None
        self._taken = False

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
            self._let_go_of_parameters()
        self.parameters = parameters
        if parameters is not None:
            self._connect(parameters)
            self.addObserver(parameters, vtk.vtkCommand.ModifiedEvent, self._on_parameters)
            self._watch.start()
            self.logic.onMeasured = self._on_measured
            self._on_parameters()
            if parameters.inputVolume is None:
                parameters.inputVolume = likely_volume(slicer.mrmlScene)

    def _let_go_of_parameters(self) -> None:
        """What widgets do from now on, as when a scene is closed, changes no parameter."""
        self.parameters.disconnectGui(self._gui_tag)
        self.removeObservers()
        self._watch.stop()
        self.logic.onMeasured = None
        self.forget()
        self._removed.clear()
        # A list that a widget takes itself for showing would not be shown again.
        self.ui.seedsWidget.setCurrentNode(None)
        self.ui.backgroundWidget.setCurrentNode(None)

    def _connect(self, parameters: Any) -> None:
        """The parameters win, whatever a selector took when it was given its scene or its type."""
        chosen = {name: getattr(parameters, name) for name in _NODES}
        self._gui_tag = parameters.connectGui(self.ui)
        for name, node in chosen.items():
            if getattr(parameters, name) is not node:
                setattr(parameters, name, node)

    def refresh(self) -> None:
        """Show the parameters again, as after a script changed what they cannot tell of."""
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
        self._show_chosen_lists()
        request, problem = request_or_problem(self.parameters)
        chosen = Choices(request, self.parameters.suvType.value)
        scene = scene_of(
            self.parameters, self._volume.facts, request, problem, measuring=self._measuring
        )
        apply(panel_state(chosen, scene, self.measured), self.ui)

    def _show_chosen_lists(self) -> None:
        """A widget that missed its list, as it could not know it yet, is shown it again."""
        for kind, widget in self._list_widgets().items():
            offered = widget.markupsSelectorComboBox().sortFilterProxyModel()
            points = getattr(self.parameters, kind)
            if widget.currentNode() is not points:
                with slicer.util.NodeModify(self.parameters):
                    offered.hiddenNodeIDs = []
                    widget.setCurrentNode(None)
                    widget.setCurrentNode(points)
                    setattr(self.parameters, kind, points)
            # What is hidden while it is shown would be let go.
            offered.hiddenNodeIDs = (
                forbidden_list_ids(self._volume.node, kind) if self._volume.node else []
            )

    def _list_widgets(self) -> dict[str, Any]:
        return {SEEDS: self.ui.seedsWidget, BACKGROUND: self.ui.backgroundWidget}

    @property
    def phantom(self) -> Phantom:
        """The phantom that is chosen."""
        return phantom_of(self.parameters)

    @property
    def request(self) -> Request:
        """What the next Apply measures."""
        return request_of(self.parameters)

    @property
    def measured(self) -> Measured | None:
        """The last measurement of the volume that is chosen."""
        measured: Measured | None = self.logic.measuredVolumes.of(self._volume.node)
        return measured

    @property
    def result(self) -> AnalysisResult | None:
        """The last result of the volume that is chosen."""
        return None if self.measured is None else self.measured.result

    @property
    def outputs(self) -> OutputNodes | None:
        """The nodes that show the last measurement of the volume that is chosen."""
        return self._volume.outputs

    def _on_parameters(self, _caller: Node = None, _event: str = '') -> None:
        """Follow a change, be it the user's or a script's."""
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
            phantom_of(self.parameters)
        except PhantomError as error:
            warning = _(
                'The phantom of the scene cannot be used, so the default one is taken. {reason}'
            )
            self.dialogs.warn(warning.format(reason=error))
            self.parameters.phantom = ''

    def _follow_volume(self) -> None:
        node = self.parameters.inputVolume
        if node is self._volume.node:
            return
        given = str(self.parameters.activity) if self._volume.node is None else ''
        self.forget()
        self._volume.choose(node)
        self._watch.watch_volume(node)
        self._volume.read()
        if node is not self._volume.node:  # changed while it was read
            return
        show_outputs_of(slicer.mrmlScene, node)
        show_outputs(self.outputs)
        if self._volume.is_there:
            self._volume.look()
            self._take_points_and_worksheet(given)
        else:
            self._let_go()

    def _take_points_and_worksheet(self, given: str) -> None:
        """Those of the volume, once it is there to be measured."""
        self._taken, volume = True, self._volume.node
        with slicer.util.NodeModify(self.parameters):
            self.parameters.background = points_of_volume(volume, BACKGROUND)
            self.parameters.seeds = seed_list(volume, self.phantom)
            self._take_worksheet(given)

    def _on_volume(self) -> None:
        """Its image has arrived; its voxels, its place, its unit or its name have changed."""
        if not self._volume.read():
            return
        if self._taken:
            self._take_scan()
        elif self._volume.is_there:
            self._take_points_and_worksheet('')
            # Whoever is loading it still sets matrix, colors and files.
            self.dialogs.later(self._volume.look)
        self.update()

    def _on_added(self, node: Node) -> None:
        self._removed.added(self.parameters, node)

    def _on_leaving(self, node: Node) -> None:
        self._removed.leaving(self.parameters, node)

    def _on_removed(self) -> None:
        """An output may be gone."""
        self._follow_points()
        self.update()

    def _on_measured(self, volume: Node) -> None:
        """Somebody, here or in the Python console, has measured a volume."""
        if volume is self._volume.node:
            self._follow_points()  # the ROIs may be new
            self.update()

    def _let_go(self) -> None:
        """Points and worksheet stay with the volume that they were made for."""
        with slicer.util.NodeModify(self.parameters):
            self.parameters.background = self.parameters.seeds = None
            self.parameters.activity = ''

    def _take_worksheet(self, given: str) -> None:
        """That of the volume; else one that a script gave, or what the header tells."""
        text = worksheet_of_volume(self._volume.node)
        if text is None:
            self._blank = form_to_text(self._blank_worksheet())
            text = given or self._blank
        self.parameters.activity = text

    def _blank_worksheet(self) -> WorksheetForm:
        """Without fills."""
        facts = self._volume.facts
        return form_of_scan(facts.scan if facts else ScanFacts())

    def _take_scan(self) -> None:
        """A worksheet in which nothing is filled follows what the header tells now."""
        blank = form_to_text(self._blank_worksheet())
        if self._blank is not None and self.parameters.activity == self._blank != blank:
            self.parameters.activity = self._blank = blank

    def _follow_points(self) -> None:
        """Points that were chosen belong to the volume; every move of one is followed."""
        for kind in (SEEDS, BACKGROUND):
            self._follow_list(kind, getattr(self.parameters, kind))
        lists = (self.parameters.seeds, self.parameters.background, self._rois())
        self._watch.watch_points(points for points in lists if points)

    def _follow_list(self, kind: str, points: Node) -> None:
        if points is None or self._volume.node is None:
            return
        if not may_be(points, self._volume.node, kind):
            setattr(self.parameters, kind, None)
        elif points_of_volume(self._volume.node, kind) is not points:
            assign_points(points, self._volume.node, kind)

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
            self.dialogs.warn(warning.format(reason=error))
            self.parameters.activity = ''
            return
        if self._taken:
            remember_worksheet(self._volume.node, text)

    def _on_import(self) -> None:
        """Go to the DICOM module."""
        slicer.util.selectModule('DICOM')

    def _on_reload_volume(self) -> None:
        """Read the volume again by the library's reader."""
        with self.dialogs.guard(_('The volume could not be read again.')):
            with self.dialogs.progress(_('Reading the DICOM files')) as progress:
                volume = self.logic.reloadVolume(self._volume.node, progress)
            self.parameters.inputVolume = volume

    def _on_make_suv(self) -> None:
        """Make an SUV volume, and say what was decided on the way."""
        suv_type = self.parameters.suvType.value
        with self.dialogs.guard(_('The SUV volume could not be made.')):
            with self.dialogs.progress(_('Reading the DICOM files')) as progress:
                node = self.logic.makeSUVVolume(self._volume.node, suv_type, progress)
            made = (suv_type, str(node.GetName()), str(node.GetDescription() or ''))
            facts = self._volume.facts or VolumeFacts()
            self._volume.facts = replace(facts, suv_made=made)
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
        volume, request = self.parameters.inputVolume, self.request
        with self.dialogs.progress(_('Measuring')) as progress:
            self.logic.measure(volume, request, progress)
        outputs = self.outputs
        if outputs is not None:
            show_in_3d(outputs, visible=self.parameters.show3D)
            if self.parameters.showTable:
                show_table(outputs)

    def _seeds_to_place(self) -> Node:
        self.parameters.seeds = seed_list(self._volume.node, self.phantom)
        return self.parameters.seeds

    def _background_to_place(self) -> Node:
        self.parameters.background = background_list(self._volume.node, self.phantom)
        return self.parameters.background
