"""
The panel: the user's choices and the widgets that show them.

It is given Qt and its widgets by the module file and imports none. No number is made here, and
nothing is decided of what is shown: that is `state.panel_state`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _

from ..core.errors import PhantomError
from ..core.phantom import Phantom
from ..mrml.measured import Measured
from ..mrml.nodes import OUTPUT_ATTRIBUTE, Node
from ..mrml.outputs import OutputNodes, show_outputs_of
from ..mrml.point_lists import BACKGROUND, SEEDS, assign_points, may_be, points_of_volume
from ..mrml.points import background_list, seed_list
from ..mrml.rois import place_by_rule
from ..mrml.said import reason_of
from ..mrml.session import Request, likely_volume
from ..mrml.volume import remember_worksheet, worksheet_of_volume
from ..results import AnalysisResult
from ..suv.scan_facts import ScanFacts
from .activity import ActivitySection
from .chosen_volume import ChosenVolume, VolumeSection
from .compare import CompareSection
from .dialogs import Dialogs
from .gather import phantom_of, request_of, request_or_problem, scene_of
from .limits import LimitsSection
from .phantom import PhantomSection, phantom_to_text
from .results import ResultsSection
from .seeds import SeedsSection
from .selectors import NODES, Selectors
from .show import ShowSection
from .situation import Choices
from .state import PanelState, apply, panel_state
from .view import PlaceSection, judge_window, show_in_3d
from .watch import RemovedNodes, Watch
from .worksheet_form import WorksheetForm, form_of_scan, form_to_text


class Panel(slicer.util.VTKObservationMixin):  # type: ignore[misc]
    """
    Keeps widgets and parameters alike, and does what the buttons say.

    What it remembers besides the parameter node: the volume that was read (`volume`), whether its
    points and worksheet were taken and what that worksheet was (`_taken`, `_blank`), nodes that may
    come back (`_removed`), and whether Apply or the search works just now (`is_working`). Results
    are the logic's.

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
        self._selectors = Selectors(ui)
        self.is_working = False
        self._shown: PanelState | None = None
        self._removed = RemovedNodes(NODES)
        self.volume = ChosenVolume(logic, self.dialogs)
        coming, added, going = self._removed.coming, self._on_added, self._on_leaving
        self._watch = Watch(self._on_volume, self.update, coming, added, going, self._on_removed)
        self.forget()
        self._make_sections(qt, requirements)
        ui.placeROIsAgainButton.clicked.connect(self._on_place_rois_again)
        ui.applyButton.clicked.connect(self._on_apply)

    def _make_sections(self, qt: Any, requirements: Path) -> None:
        self.volume_section = VolumeSection(self)
        ui, read_only = self.ui, qt.QAbstractItemView.NoEditTriggers
        place, later = (ui.placeBackgroundButton, ui.backgroundWidget), self.dialogs.later
        self.phantom_section = PhantomSection(qt, ui, self.dialogs, self._on_phantom)
        self.seeds_section = SeedsSection(self, qt)
        background = self._background_to_place
        self.background_section = PlaceSection(*place, read_only, background, later)
        self.activity_section = ActivitySection(
            qt, ui, self.dialogs, self._on_activity, self._blank_worksheet
        )
        self.results_section = ResultsSection(self, requirements)
        self.compare_section = CompareSection(self, requirements)
        self.limits_section, self.show_section = LimitsSection(self), ShowSection(self)

    def forget(self) -> None:
        """Drop all that was known of a volume."""
        self.volume.choose(None)
        self._blank: str | None = None
        self._taken = False
        self._given: dict[str, Any] = {}

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
            self._selectors.connect(parameters)
            self.addObserver(parameters, vtk.vtkCommand.ModifiedEvent, self._on_parameters)
            self._watch.start()
            self.show_section.listen()
            self.logic.onMeasured = self._on_measured
            self._on_parameters()
            if parameters.inputVolume is None:
                parameters.inputVolume = likely_volume(slicer.mrmlScene)

    def _let_go_of_parameters(self) -> None:
        self._selectors.disconnect(self.parameters)
        self.removeObservers()
        self._watch.stop()
        self.logic.onMeasured = None
        self.forget()
        self._removed.clear()

    def refresh(self) -> None:
        """Show the parameters again, as after a script changed what they cannot tell of."""
        self._on_parameters()

    def leave(self) -> None:
        """End placing and let go of the parameters."""
        self.seeds_section.leave()
        self.background_section.leave()
        self.show_section.leave()
        if self.parameters is not None:
            self.activity_section.commit()
        self.follow(None)

    def update(self) -> None:
        """Show what the parameters, the scene and the last result say now."""
        if self.parameters is None:
            return
        self._selectors.show(self.parameters, self.volume.node)
        request, problem = request_or_problem(self.parameters)
        chosen = Choices(request, self.parameters.suvType.value)
        scene = scene_of(
            self.parameters, self.volume.facts, request, problem, measuring=self.is_working
        )
        state = panel_state(chosen, scene, self.measured)
        apply(state, self.ui, self._shown)
        self._shown = state
        self.show_section.refresh(request)
        self.seeds_section.show()
        self.background_section.show()

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
        measured: Measured | None = self.logic.measuredVolumes.of(self.volume.node)
        return measured

    @property
    def result(self) -> AnalysisResult | None:
        """The last result of the volume that is chosen."""
        return None if self.measured is None else self.measured.result

    @property
    def outputs(self) -> OutputNodes | None:
        """The nodes that show the last measurement of the volume that is chosen."""
        return self.volume.outputs

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
            self.dialogs.warn(warning.format(reason=reason_of(error)))
            self.parameters.phantom = ''

    def _follow_volume(self) -> None:
        node = self.parameters.inputVolume
        if node is self.volume.node:
            return
        names = (SEEDS, BACKGROUND, 'activity') if self.volume.node is None else ()
        given = {name: getattr(self.parameters, name) for name in names}  # chosen in any order
        self.forget()
        self._given = given
        self.volume.choose(node)
        self._watch.watch_volume(node)
        self.volume.read()
        if node is not self.volume.node:  # changed while it was read
            return
        show_outputs_of(slicer.mrmlScene, node)
        self.show_section.show_in_views()
        if self.volume.is_there:
            self.volume.look()
            self._take_points_and_worksheet()
        else:
            self._let_go()

    def _take_points_and_worksheet(self) -> None:
        """Those that were given with the volume or belong to it, once it can be measured."""
        self._taken, volume = True, self.volume.node
        for kind in (SEEDS, BACKGROUND):
            points = self._given.get(kind)
            if points and points.GetScene() and may_be(points, volume, kind):
                assign_points(points, volume, kind)
        with slicer.util.NodeModify(self.parameters):
            self.parameters.background = points_of_volume(volume, BACKGROUND)
            self.parameters.seeds = seed_list(volume, self.phantom)
            self._take_worksheet(str(self._given.get('activity', '')))

    def _on_volume(self) -> None:
        """Its image has arrived; its voxels, its place, its unit or its name have changed."""
        if not self.volume.read():
            return
        if self._taken:
            self._take_scan()
        elif self.volume.is_there:
            self._take_points_and_worksheet()
            # Whoever is loading it still sets matrix, colors and files.
            self.dialogs.later(self.volume.look)
        self.update()

    def _on_added(self, node: Node) -> None:
        self._removed.added(self.parameters, node)
        if node.GetAttribute(OUTPUT_ATTRIBUTE):  # its removal was undone
            self._on_removed()

    def _on_leaving(self, node: Node) -> None:
        self._removed.leaving(self.parameters, node)

    def _on_removed(self) -> None:
        """An output may be gone."""
        self._follow_points()
        self.update()

    def _on_measured(self, volume: Node) -> None:
        """Somebody, here or in the Python console, has measured a volume."""
        if volume is self.volume.node:
            self._follow_points()  # the ROIs may be new
            self.update()

    def _let_go(self) -> None:
        """Points and worksheet stay with the volume that they were made for."""
        with slicer.util.NodeModify(self.parameters):
            self.parameters.background = self.parameters.seeds = None
            self.parameters.activity = ''

    def _take_worksheet(self, given: str) -> None:
        """That of the volume; else one that a script gave, or what the header tells."""
        text = worksheet_of_volume(self.volume.node)
        if text is None:
            self._blank = form_to_text(self._blank_worksheet())
            text = given or self._blank
        self.parameters.activity = text

    def _blank_worksheet(self) -> WorksheetForm:
        """Without fills."""
        facts = self.volume.facts
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
        if points is None or self.volume.node is None:
            return
        if not may_be(points, self.volume.node, kind):
            setattr(self.parameters, kind, None)
        elif points_of_volume(self.volume.node, kind) is not points:
            assign_points(points, self.volume.node, kind)

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
            self.dialogs.warn(warning.format(reason=reason_of(error)))
            self.parameters.activity = ''
            return
        if self._taken:
            remember_worksheet(self.volume.node, text)

    def _on_place_rois_again(self) -> None:
        """Put the background ROIs back to where the rule had put them."""
        with self.dialogs.guard(_('The background ROIs could not be placed.')):
            place_by_rule(self._rois())

    def _on_phantom(self, phantom: Phantom) -> None:
        """Take another phantom; seeds that are placed stay."""
        before, self.parameters.phantom = self.phantom, phantom_to_text(phantom)
        self.seeds_section.follow_phantom(before, phantom)
        self.update()

    def _on_activity(self, text: str) -> None:
        """Keep what was typed into the worksheet."""
        if self.parameters is not None:  # the last line may lose the focus after the module is left
            self.parameters.activity = text

    def _on_apply(self) -> None:
        """Measure; what was there before stays if that fails."""
        if not self.is_working:
            with self.working(_('The phantom could not be measured.')):
                self._measure()

    @contextmanager
    def working(self, message: str) -> Iterator[None]:
        """
        Let nothing else begin meanwhile, tell of errors, and show what has come of it.

        Parameters
        ----------
        message : str
            Shown above the reason if it fails.
        """
        self.is_working = True
        self.seeds_section.stop()
        self.background_section.stop()
        try:
            with self.dialogs.guard(message):
                yield
        finally:
            self.is_working = False
            self.update()

    def _measure(self) -> None:
        self.activity_section.commit()
        volume, request = self.parameters.inputVolume, self.request
        with self.dialogs.progress(_('Measuring')) as progress:
            result = self.logic.measure(volume, request, progress)
        judge_window(volume, [one.statistics.mean for one in result.spheres or result.vois])
        if (outputs := self.outputs) is not None:
            show_in_3d(outputs, visible=self.parameters.show3D)
            if self.parameters.showTable:
                self.show_section.show_layout()
            self.ui.sectionsScrollArea.ensureWidgetVisible(self.ui.resultsBrowser)

    def _background_to_place(self) -> Node:
        self.parameters.background = background_list(self.volume.node, self.phantom)
        return self.parameters.background
