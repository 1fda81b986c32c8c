"""What is shown beside the panel: which table, which chart, which points; where a click leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import slicer
import vtk
from slicer.i18n import tr as _

from ..core.geometry import Point
from ..mrml.candidates import CANDIDATES, candidates_node, has_candidates
from ..mrml.nodes import Node
from ..mrml.outputs import OutputNodes
from ..mrml.places import place_of_name, place_of_row
from ..mrml.roi_repeats import draw_repeats
from ..mrml.rois import label_rois
from ..mrml.session import Request
from ..results import AnalysisResult
from .findings import name_of_link
from .layout import OwnLayout
from .view import show_in_3d

if TYPE_CHECKING:
    from .panel import Panel


def _table_names() -> dict[str, str]:
    """What tables are called in the list, by their key, where their title is not a good name."""
    return {
        'spheres': _('Spheres'),
        'centers': _('Centers'),
        'slices': _('Spheres, slice by slice'),
        'background_slices': _('Background VOIs, slice by slice'),
        'background': _('Background VOIs'),
        CANDIDATES: _('Candidates'),
    }


def _name(key: str, title: str | None) -> str:
    """As the lists call a table or chart; one of an older scene without title by its key."""
    return _table_names().get(key) or title or key.replace('_', ' ').capitalize()


class _Choice:
    """A list of nodes, of which one is shown, in a combo box."""

    def __init__(self, combo: Any, changed: Any) -> None:
        self._combo, self._changed = combo, changed
        self._keys: list[str] = []
        self._names: list[str] = []
        self.key = ''
        combo.currentTextChanged.connect(self._on_chosen)

    def offer(self, names: Mapping[str, str]) -> None:
        """Fill the list with names by key; what was chosen stays chosen, else the first is."""
        if (self._keys, self._names) == (list(names), list(names.values())):
            return
        self._keys, self._names = list(names), list(names.values())
        self._combo.blockSignals(True)
        self._combo.clear()
        self._combo.addItems(self._names)
        place = self._keys.index(self.key) if self.key in self._keys else 0
        self._combo.currentIndex = place if self._keys else -1
        self._combo.blockSignals(False)
        if self._keys:
            self.key = self._keys[place]

    def node(self, nodes: Mapping[str, Node]) -> Node:
        """The one that is chosen; None if there is none."""
        return nodes.get(self.key)

    def _on_chosen(self, _text: str) -> None:
        place = self._combo.currentIndex
        if 0 <= place < len(self._keys):
            self.key = self._keys[place]
            self._changed()


class ShowSection:
    """
    Lists of tables and charts, ticks, the layout; rows of tables and names lead to their places.

    Parameters
    ----------
    panel : Panel
        Whose results are shown.
    """

    def __init__(self, panel: Panel) -> None:
        self._panel, ui = panel, panel.ui
        self.layout = OwnLayout()
        self._tables = _Choice(ui.tableComboBox, self._show_chosen)
        self._charts = _Choice(ui.chartComboBox, self._show_chosen)
        self._rows: list[_RowsOfView] = []
        self._roi_names, self._roi_repeats = _ROINames(), _ROIRepeats()
        self._seeds_shown: tuple[str, bool] | None = None
        self._in_3d: tuple[str, bool] | None = None
        ui.showTableButton.clicked.connect(self._on_show)
        ui.resultsBrowser.anchorClicked.connect(self._on_name)

    def refresh(self, request: Request | None = None) -> None:
        """
        Follow the volume that is chosen and what was measured of it.

        Parameters
        ----------
        request : Request, optional
            What the next Apply would measure; seeds that were not measured are seen.
        """
        outputs, measured = self._panel.outputs, self._panel.measured
        same = request is None or measured is None or request.seeds == measured.request.seeds
        tables, charts = _names(outputs, self._panel.result)
        self._tables.offer(tables)
        self._charts.offer(charts)
        self._roi_names.follow(outputs)
        self._roi_repeats.follow(outputs)
        self._show_seeds(measured=outputs is not None and same)
        if outputs is not None:
            self._follow_tick_of_3d(outputs)

    def show_layout(self) -> None:
        """Put slices, 3-D view, plot and table side by side."""
        if self.layout.show():
            self._look_at_all()
        self.listen()
        self._show_chosen()

    def show_in_views(self) -> None:
        """Let views that the layout has follow the volume that is chosen."""
        self.refresh()
        self._show_chosen()

    def leave(self) -> None:
        """Listen to nothing."""
        for rows in self._rows:
            rows.stop()
        self._rows.clear()
        self._seeds_shown = None
        self._roi_names.follow(None)
        self._roi_repeats.follow(None)

    def listen(self) -> None:
        """Follow clicks on rows of the tables that the layout has."""
        manager = slicer.app.layoutManager()
        for n in range(manager.tableViewCount if manager is not None else 0):
            view = manager.tableWidget(n).tableView()
            if not any(view is one.view for one in self._rows):
                self._rows.append(_RowsOfView(view, self._go_to_row))

    def _look_at_all(self) -> None:
        """Views that just came: the slice of the circles, all VOIs in 3-D."""
        outputs = self._panel.outputs
        if outputs is not None:
            circles = outputs.background_rois or outputs.centers
            first = circles.GetNthControlPointLabel(0)
            _go_to(place_of_name(outputs, first))
            slicer.app.layoutManager().resetThreeDViews()

    def _follow_tick_of_3d(self, outputs: OutputNodes) -> None:
        """At once if it was changed; what was there when the volume was chosen stays."""
        now = (outputs.segmentation.GetID(), bool(self._panel.parameters.show3D))
        if self._in_3d is not None and self._in_3d[0] == now[0] and self._in_3d != now:
            show_in_3d(outputs, visible=now[1])
        self._in_3d = now

    def _on_show(self) -> None:
        if self._panel.outputs is not None:
            self.show_layout()

    def _show_chosen(self) -> None:
        outputs = self._panel.outputs
        if outputs is None:
            return
        application = slicer.app.applicationLogic()
        selection = application.GetSelectionNode()
        table_node = self._tables.node(outputs.tables)
        if self._tables.key == CANDIDATES and self._panel.result is not None:
            table_node = candidates_node(self._panel.result, outputs)
        chart_node = self._charts.node(outputs.charts)
        if table_node is not None:
            selection.SetActiveTableID(table_node.GetID())
            application.PropagateTableSelection()
        if chart_node is not None:
            selection.SetActivePlotChartID(chart_node.GetID())
            application.PropagatePlotChartSelection()

    def _show_seeds(self, *, measured: bool) -> None:
        """Only on a change: what the user hides or shows elsewhere stays so."""
        seeds = self._panel.parameters.seeds
        if seeds is None:
            return
        wanted = (seeds.GetID(), not measured or bool(self._panel.parameters.showSeeds))
        placing = bool(self._panel.ui.placeSeedsButton.checked)
        if wanted != self._seeds_shown and not placing:
            self._seeds_shown = wanted
            seeds.SetDisplayVisibility(wanted[1])

    def _go_to_row(self, table_node: Node, row: int) -> None:
        outputs = self._panel.outputs
        if outputs is not None and any(table_node is one for one in outputs.tables.values()):
            _go_to(place_of_row(outputs, table_node, row))

    def _on_name(self, url: Any) -> None:
        outputs = self._panel.outputs
        if outputs is not None:
            _go_to(place_of_name(outputs, name_of_link(str(url.toString()))))


class _RowsOfView:
    """Tells which row of which table was clicked in one view."""

    def __init__(self, view: Any, clicked: Callable[[Node, int], None]) -> None:
        self.view, self._clicked = view, clicked
        self._slot = self._on_clicked  # one object, to be disconnected again
        view.clicked.connect(self._slot)

    def stop(self) -> None:
        self.view.clicked.disconnect(self._slot)

    def _on_clicked(self, index: Any) -> None:
        table_node = self.view.mrmlTableNode()
        if table_node is not None:
            # Rows are those of the view, which may be sorted.
            self._clicked(table_node, self.view.sortFilterProxyModel().mapToSource(index).row())


def _go_to(place_ras_mm: Point | None) -> None:
    """Turn all slices to a place, and the cameras of the 3-D views round it."""
    if place_ras_mm is None:
        return
    scene = slicer.mrmlScene
    slicer.vtkMRMLSliceNode.JumpAllSlices(scene, *place_ras_mm)
    for camera in slicer.util.getNodesByClass('vtkMRMLCameraNode', scene):
        camera.SetFocalPoint(*place_ras_mm)


class _ROINames(slicer.util.VTKObservationMixin):  # type: ignore[misc]
    """Names the background ROI under the mouse, and those that are doubted."""

    def __init__(self) -> None:
        super().__init__()
        self._rois: Node = None
        self._names: Node = None

    def follow(self, outputs: OutputNodes | None) -> None:
        """Follow the mouse over the ROIs of the volume that is chosen."""
        rois = outputs.background_rois if outputs else None
        names = outputs.roi_labels if outputs else None
        if rois is self._rois and names is self._names:
            return
        self.removeObservers()
        self._rois, self._names = rois, names
        display = rois.GetDisplayNode() if rois is not None else None
        if display is not None and names is not None:
            self.addObserver(display, vtk.vtkCommand.ModifiedEvent, self._on_mouse)
            dragged = slicer.vtkMRMLMarkupsNode.PointModifiedEvent
            self.addObserver(rois, dragged, self._on_mouse)

    def _on_mouse(self, _caller: Node, _event: str) -> None:
        """It came over a ROI, left it, or drags it."""
        display = self._rois.GetDisplayNode()
        if None in (self._rois.GetScene(), self._names.GetScene(), display):
            return
        on_point = display.GetActiveComponentType() == display.ComponentControlPoint
        label_rois(self._names, self._rois, display.GetActiveComponentIndex() if on_point else -1)


class _ROIRepeats(slicer.util.VTKObservationMixin):  # type: ignore[misc]
    """Lets the ROIs on the other slices follow those that are moved, and hide with them."""

    def __init__(self) -> None:
        super().__init__()
        self._rois: Node = None
        self._repeats: Node = None
        self._are_shown = True

    def follow(self, outputs: OutputNodes | None) -> None:
        """Follow the ROIs of the volume that is chosen."""
        rois = outputs.background_rois if outputs else None
        repeats = outputs.roi_repeats if outputs else None
        if rois is self._rois and repeats is self._repeats:
            return
        self.removeObservers()
        self._rois, self._repeats = rois, repeats
        if rois is None and repeats is not None:
            draw_repeats(repeats, None)
        elif rois is not None and repeats is not None:
            self._are_shown = bool(rois.GetDisplayVisibility())
            moved = (rois.PointModifiedEvent, rois.PointRemovedEvent, rois.TransformModifiedEvent)
            for event in moved:
                self.addObserver(rois, event, self._on_moved)
            self.addObserver(rois, rois.DisplayModifiedEvent, self._on_display)
            self._on_moved()

    def _on_moved(self, _caller: Node = None, _event: str = '') -> None:
        if self._rois.GetScene() is not None and self._repeats.GetScene() is not None:
            draw_repeats(self._repeats, self._rois)

    def _on_display(self, _caller: Node, _event: str) -> None:
        """Only on a change: what the user hides or shows of them alone stays so."""
        shown = bool(self._rois.GetDisplayVisibility())
        if shown != self._are_shown:
            self._are_shown = shown
            self._repeats.SetDisplayVisibility(shown)


def _names(
    outputs: OutputNodes | None, result: AnalysisResult | None
) -> tuple[dict[str, str], dict[str, str]]:
    if outputs is None:
        return {}, {}
    last = [CANDIDATES] if has_candidates(result) else []
    tables = {key: _name(key, node.GetDescription()) for key, node in outputs.tables.items()}
    tables |= {key: _name(key, None) for key in last}
    return tables, {key: _name(key, node.GetTitle()) for key, node in outputs.charts.items()}
