"""Everything an analysis shows in the Slicer scene, made or refilled in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import slicer

from ..core.phantom import Seed
from ..evaluate.background import LUNG_ROI_DIAMETER_MM
from ..report.export import result_centers
from ..report.formats import result_tables
from ..report.subjects import SUBJECTS
from ..report.table import Table
from ..results import AnalysisResult
from .folder import place_in_folder
from .nodes import (
    OUTPUT_ATTRIBUTE,
    VOLUME_ROLE,
    Node,
    new_node,
    remove_node,
    require_in_scene,
)
from .point_lists import (
    LUNG_COLOR,
    ROI_COLOR,
    show_as_circles,
    show_as_crosses,
    show_as_names,
)
from .points import fill_points
from .roi_repeats import fill_repeats, show_as_repeats
from .rois import (
    fill_rois,
    label_rois,
    moved_rois,
    remember_rule,
    shown_lung,
    shown_placement,
)
from .said import translated_table
from .segmentation import fill_segmentation, show_as_outlines
from .tables import fill_plot, fill_table, series_of_chart

ORDER_ATTRIBUTE = 'VOIIdentification.Order'
"""Node attribute: which one in the order that outputs are shown in. Saved with the scene."""

LAST_PLACE = 1000
"""In that order."""

_HIDDEN_ATTRIBUTE = 'VOIIdentification.Hidden'
"""Node attribute: hidden because another volume is chosen. Saved with the scene."""

_SEGMENTATION = 'vtkMRMLSegmentationNode'
_POINTS = 'vtkMRMLMarkupsFiducialNode'
_TABLE = 'vtkMRMLTableNode'
_CHART = 'vtkMRMLPlotChartNode'
_MODEL = 'vtkMRMLModelNode'
_ROIS, _ROI_LABELS, _LUNG = 'background_rois', 'roi_labels', 'lung_roi'
_ROI_REPEATS = 'roi_repeats'


@dataclass(frozen=True, eq=False)
class OutputNodes:
    """
    The nodes that show one analysis.

    Attributes
    ----------
    segmentation : vtkMRMLSegmentationNode
        One segment an insert, one for the background.

    centers : vtkMRMLMarkupsFiducialNode
        The refined centers.

    tables : mapping of str to vtkMRMLTableNode
        By `Table.key`, in the order shown.

    charts : mapping of str to vtkMRMLPlotChartNode
        By `Plot.key`, in the order shown.

    background_rois : vtkMRMLMarkupsFiducialNode or None
        Where the background was measured, for the user to move; None if it was not.

    roi_labels : vtkMRMLMarkupsFiducialNode or None
        The names of those that are doubted.

    lung_roi : vtkMRMLMarkupsFiducialNode or None
        Where the lung insert was measured; None if it was not.

    roi_repeats : vtkMRMLModelNode or None
        The background ROIs on the other slices that they are measured on.
    """

    segmentation: Node
    centers: Node
    tables: Mapping[str, Node] = field(default_factory=dict)
    charts: Mapping[str, Node] = field(default_factory=dict)
    background_rois: Node | None = None
    roi_labels: Node | None = None
    lung_roi: Node | None = None
    roi_repeats: Node | None = None


def publish(
    result: AnalysisResult, volume_node: Node, nodes: OutputNodes | None = None
) -> OutputNodes:
    """
    Show a result in the scene of its volume.

    Touches no view, layout or widget.

    Parameters
    ----------
    result : AnalysisResult
        Of `volume_node`.

    volume_node : vtkMRMLScalarVolumeNode
        The volume that was analyzed.

    nodes : OutputNodes, optional
        Refilled. By default those that `find_outputs` finds for the volume;
        what is missing is made.

    Returns
    -------
    nodes : OutputNodes
        All of them filled.

    Raises
    ------
    NodeError
        If the volume is in no scene any more, or a node cannot be made or
        filled. Nodes made by this call are then removed again, and the others
        show what they showed before.
    """
    require_in_scene(volume_node)
    tables = {table.key: translated_table(table) for table in result_tables(result)}
    old = _found(volume_node) | ({} if nodes is None else _by_key(nodes))
    moved = moved_rois(old.get(_ROIS))
    workshop = _Workshop(volume_node, old)
    try:
        filled = _fill_all(workshop, result, tables)
        place_in_folder(volume_node.GetScene(), _all_nodes(filled), workshop.made)
    except BaseException:
        workshop.undo()
        raise
    placement = shown_placement(result)
    if placement is not None:
        remember_rule(filled.background_rois, moved, placement, result.image.geometry)
    # Tables and charts that this result has no more must not show old numbers.
    for key in sorted(set(old) - set(_by_key(filled))):
        _remove_with_series(old[key])
    return filled


def find_outputs(volume_node: Node) -> OutputNodes | None:
    """
    The nodes that an earlier `publish` made for a volume, in a loaded scene too.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume that was analyzed.

    Returns
    -------
    nodes : OutputNodes or None
        None if the segmentation or the centers are missing.
    """
    found = _found(volume_node)
    if not {'segmentation', 'centers'} <= set(found):
        return None
    return OutputNodes(
        segmentation=found['segmentation'],
        centers=found['centers'],
        tables=_of_kind(found, 'table:'),
        charts=_of_kind(found, 'chart:'),
        background_rois=found.get(_ROIS),
        roi_labels=found.get(_ROI_LABELS),
        lung_roi=found.get(_LUNG),
        roi_repeats=found.get(_ROI_REPEATS),
    )


def show_outputs_of(scene: Node, volume_node: Node) -> None:
    """
    Show in the views what belongs to one volume, and hide what belongs to others.

    Parameters
    ----------
    scene : vtkMRMLScene
        The scene.

    volume_node : vtkMRMLScalarVolumeNode or None
        The volume. What the user has hidden of it stays hidden.
    """
    for class_name in (_SEGMENTATION, _POINTS, _MODEL):
        for node in slicer.util.getNodesByClass(class_name, scene):
            owner = node.GetNodeReference(VOLUME_ROLE)
            if owner is not None and node.GetDisplayNode() is not None:
                _show_or_hide(node, visible=owner is volume_node)


def _show_or_hide(node: Node, *, visible: bool) -> None:
    hidden_here = node.GetAttribute(_HIDDEN_ATTRIBUTE) is not None
    if visible and hidden_here:
        node.RemoveAttribute(_HIDDEN_ATTRIBUTE)
        node.SetDisplayVisibility(True)
    elif not visible and node.GetDisplayVisibility():
        node.SetAttribute(_HIDDEN_ATTRIBUTE, '1')
        node.SetDisplayVisibility(False)


def wanted_rois(volume_node: Node) -> tuple[Seed, ...]:
    """
    Background ROIs that the user has moved, as seeds of the next analysis.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume that was analyzed.

    Returns
    -------
    seeds : tuple of Seed
        Labeled ``BG01`` …; none if they stand where the rule put them.

    Raises
    ------
    NodeError
        If a position is not finite.
    """
    return moved_rois(_found(volume_node).get(_ROIS))


def _found(volume_node: Node) -> dict[str, Node]:
    """By key, the nodes in the scene that say they are outputs of the volume."""
    return {
        node.GetAttribute(OUTPUT_ATTRIBUTE): node
        for class_name in (_SEGMENTATION, _POINTS, _MODEL, _TABLE, _CHART)
        for node in slicer.util.getNodesByClass(class_name, volume_node.GetScene())
        if node.GetAttribute(OUTPUT_ATTRIBUTE)
        and node.GetNodeReferenceID(VOLUME_ROLE) == volume_node.GetID()
    }


def _of_kind(nodes: Mapping[str, Node], kind: str) -> dict[str, Node]:
    keys = sorted((key for key in nodes if key.startswith(kind)), key=lambda k: _order(nodes[k]))
    return {key[len(kind) :]: nodes[key] for key in keys}


def _order(node: Node) -> int:
    return int(node.GetAttribute(ORDER_ATTRIBUTE) or 0)


def _by_key(nodes: OutputNodes) -> dict[str, Node]:
    return {
        **_circles(nodes),
        'segmentation': nodes.segmentation,
        'centers': nodes.centers,
        **{f'table:{key}': node for key, node in nodes.tables.items()},
        **{f'chart:{key}': node for key, node in nodes.charts.items()},
    }


def _circles(nodes: OutputNodes) -> dict[str, Node]:
    circles = {
        _ROIS: nodes.background_rois,
        _ROI_LABELS: nodes.roi_labels,
        _LUNG: nodes.lung_roi,
        _ROI_REPEATS: nodes.roi_repeats,
    }
    return {key: node for key, node in circles.items() if node is not None}


class _Workshop:
    """Gives out nodes to fill: the old ones that still exist, new ones for the rest."""

    def __init__(self, volume_node: Node, old: Mapping[str, Node]) -> None:
        self.volume_node = volume_node
        self.made: list[Node] = []
        self._old = old
        self._copies: list[tuple[Node, Node]] = []
        self._given = 0

    def node(self, class_name: str, key: str, title: str) -> Node:
        old = self._old.get(key)
        if old is not None and old.GetScene() is not None:
            copy = type(old)()  # not CreateNodeInstance, which leaks in Python
            copy.CopyContent(old, True)  # True: deep
            self._copies.append((old, copy))
            self._mark(old, key)
            return old
        scene = self.volume_node.GetScene()
        node = new_node(class_name, f'{self.volume_node.GetName()} {title}', scene=scene)
        self.made.append(node)
        self._mark(node, key)
        if node.IsA('vtkMRMLDisplayableNode'):
            node.CreateDefaultDisplayNodes()
        return node

    def _mark(self, node: Node, key: str) -> None:
        self._given += 1
        node.SetAttribute(OUTPUT_ATTRIBUTE, key)
        node.SetAttribute(ORDER_ATTRIBUTE, str(self._given))
        node.SetNodeReferenceID(VOLUME_ROLE, self.volume_node.GetID())

    def undo(self) -> None:
        for node, copy in self._copies:
            node.CopyContent(copy, True)
        for node in reversed(self.made):
            _remove_with_series(node)


def _fill_all(
    workshop: _Workshop, result: AnalysisResult, tables: Mapping[str, Table]
) -> OutputNodes:
    segmentation = workshop.node(_SEGMENTATION, 'segmentation', 'VOIs')
    if segmentation in workshop.made:
        show_as_outlines(segmentation)
    fill_segmentation(segmentation, result, workshop.volume_node)
    centers = workshop.node(_POINTS, 'centers', 'centers')
    if centers in workshop.made:
        show_as_crosses(centers)
    fill_points(centers, result_centers(result))
    table_nodes = {}
    for key, table in tables.items():
        title = key.replace('_', ' ') + ' table'
        table_nodes[key] = workshop.node(_TABLE, f'table:{key}', title)
        fill_table(table_nodes[key], table)
    charts = {}
    for plot in (one for subject in SUBJECTS for one in subject.plots if one.fits(tables)):
        title = f'{plot.key.replace("_", " ")} chart'
        chart = workshop.node(_CHART, f'chart:{plot.key}', title)
        fill_plot(chart, plot, table_nodes[plot.table_key], tables[plot.table_key])
        charts[plot.key] = chart
    circles = _fill_circles(workshop, result)
    return OutputNodes(segmentation, centers, table_nodes, charts, *circles)


def _fill_circles(
    workshop: _Workshop, result: AnalysisResult
) -> tuple[Node | None, Node | None, Node | None, Node | None]:
    """Background ROIs, the names of some, the ROI on the lung insert, ROIs on other slices."""
    placement, lung = shown_placement(result), shown_lung(result)
    rois = names = lung_roi = repeats = None
    if placement is not None:
        rois = workshop.node(_POINTS, _ROIS, 'background ROIs')
        names = workshop.node(_POINTS, _ROI_LABELS, 'background ROI names')
        if rois in workshop.made:
            show_as_circles(rois, placement.roi_diameter_mm, ROI_COLOR)
        if names in workshop.made:
            show_as_names(names, ROI_COLOR)
        fill_rois(rois, placement)
        label_rois(names, rois)
        repeats = workshop.node(_MODEL, _ROI_REPEATS, 'background ROIs on other slices')
        if repeats in workshop.made:
            show_as_repeats(repeats, ROI_COLOR)
        fill_repeats(repeats, rois, placement, result.image.geometry)
    if lung is not None:
        lung_roi = workshop.node(_POINTS, _LUNG, 'lung ROI')
        if lung_roi in workshop.made:
            show_as_circles(lung_roi, LUNG_ROI_DIAMETER_MM, LUNG_COLOR)
        fill_points(lung_roi, [lung])
    return rois, names, lung_roi, repeats


def _all_nodes(nodes: OutputNodes) -> list[Node]:
    series = [node for chart in nodes.charts.values() for node in series_of_chart(chart)]
    tables, charts = nodes.tables.values(), nodes.charts.values()
    circles = _circles(nodes).values()
    return [nodes.segmentation, nodes.centers, *circles, *tables, *charts, *series]


def _remove_with_series(node: Node) -> None:
    if node.IsA(_CHART):
        for series_node in series_of_chart(node):
            remove_node(series_node)
    remove_node(node)
