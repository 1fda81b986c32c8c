"""Everything an analysis shows in the Slicer scene, made or refilled in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import slicer

from .errors import NodeError
from .mrml_nodes import VOLUME_ROLE, Node, new_node, remove_node
from .mrml_points import fill_points
from .mrml_segmentation import fill_segmentation
from .mrml_tables import PLOTS, fill_plot, fill_table, series_of_chart
from .results import AnalysisResult, Seed
from .table import Table
from .tables import result_tables

FOLDER_NAME = 'VOI Identification'
"""Folder of the outputs in the subject hierarchy."""

_OUTPUT_ATTRIBUTE = 'VOIIdentification.Output'
"""Node attribute: which output it is. Saved with the scene, so never to be renamed."""

_SEGMENTATION = 'vtkMRMLSegmentationNode'
_POINTS = 'vtkMRMLMarkupsFiducialNode'
_TABLE = 'vtkMRMLTableNode'
_CHART = 'vtkMRMLPlotChartNode'


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

    folder_item : int
        The folder in the subject hierarchy.
    """

    segmentation: Node
    centers: Node
    tables: Mapping[str, Node] = field(default_factory=dict)
    charts: Mapping[str, Node] = field(default_factory=dict)
    folder_item: int = 0


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
        If a node cannot be made or filled. Nodes made by this call are then
        removed again.
    """
    tables = {table.key: table for table in result_tables(result)}
    workshop = _Workshop(volume_node, nodes or find_outputs(volume_node))
    try:
        filled = _fill_all(workshop, result, tables)
        folder = _place_in_folder(filled, workshop.made)
    except BaseException:
        workshop.remove_made()
        raise
    _remove_stale(workshop.old, filled)
    return replace(filled, folder_item=folder)


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
    found: dict[str, Node] = {}
    for class_name in (_SEGMENTATION, _POINTS, _TABLE, _CHART):
        for node in slicer.util.getNodesByClass(class_name, volume_node.GetScene()):
            key = node.GetAttribute(_OUTPUT_ATTRIBUTE)
            if key and node.GetNodeReferenceID(VOLUME_ROLE) == volume_node.GetID():
                found[key] = node
    if not {'segmentation', 'centers'} <= set(found):
        return None
    nodes = OutputNodes(
        found['segmentation'],
        found['centers'],
        {key[len('table:') :]: node for key, node in found.items() if key.startswith('table:')},
        {key[len('chart:') :]: node for key, node in found.items() if key.startswith('chart:')},
    )
    return replace(nodes, folder_item=_folder_item(volume_node.GetScene()))


class _Workshop:
    """Gives out nodes to fill: the old ones that still exist, new ones for the rest."""

    def __init__(self, volume_node: Node, old: OutputNodes | None) -> None:
        self.volume_node = volume_node
        self.old = None if old is None or not _in_scene(old.segmentation) else old
        self.made: list[Node] = []

    def node(self, class_name: str, key: str, title: str, old: Node) -> Node:
        if _in_scene(old):
            return old
        scene = self.volume_node.GetScene()
        node = new_node(class_name, f'{self.volume_node.GetName()} {title}', scene=scene)
        self.made.append(node)
        node.SetAttribute(_OUTPUT_ATTRIBUTE, key)
        node.SetNodeReferenceID(VOLUME_ROLE, self.volume_node.GetID())
        if node.IsA('vtkMRMLDisplayableNode'):
            node.CreateDefaultDisplayNodes()
        return node

    def remove_made(self) -> None:
        for node in reversed(self.made):
            _remove_with_series(node)


def _fill_all(
    workshop: _Workshop, result: AnalysisResult, tables: Mapping[str, Table]
) -> OutputNodes:
    old = workshop.old or OutputNodes(None, None)
    # First, because it is what can be refused; old nodes are then as they were.
    segmentation = workshop.node(_SEGMENTATION, 'segmentation', 'VOIs', old.segmentation)
    fill_segmentation(segmentation, result, workshop.volume_node)
    centers = workshop.node(_POINTS, 'centers', 'centers', old.centers)
    fill_points(centers, [Seed(voi.label, voi.center_ras_mm) for voi in result.spheres])
    table_nodes = {}
    for key, table in tables.items():
        title = key.replace('_', ' ') + ' table'
        table_nodes[key] = workshop.node(_TABLE, f'table:{key}', title, old.tables.get(key))
        fill_table(table_nodes[key], table)
    charts = {}
    for plot in (plot for plot in PLOTS if plot.table_key in tables):
        title = f'{plot.key.replace("_", " ")} chart'
        chart = workshop.node(_CHART, f'chart:{plot.key}', title, old.charts.get(plot.key))
        fill_plot(chart, plot, table_nodes[plot.table_key], tables[plot.table_key])
        charts[plot.key] = chart
    return OutputNodes(segmentation, centers, table_nodes, charts)


def _all_nodes(nodes: OutputNodes) -> list[Node]:
    series = [node for chart in nodes.charts.values() for node in series_of_chart(chart)]
    tables, charts = nodes.tables.values(), nodes.charts.values()
    return [nodes.segmentation, nodes.centers, *tables, *charts, *series]


def _in_scene(node: Node) -> bool:
    return node is not None and node.GetScene() is not None


def _remove_with_series(node: Node) -> None:
    if node.IsA(_CHART):
        for series_node in series_of_chart(node):
            remove_node(series_node)
    remove_node(node)


def _remove_stale(old: OutputNodes | None, new: OutputNodes) -> None:
    """Tables and charts that this result has no more must not show old numbers."""
    if old is None:
        return
    kept = {node.GetID() for node in _all_nodes(new)}
    for node in (*old.charts.values(), *old.tables.values()):
        if _in_scene(node) and node.GetID() not in kept:
            _remove_with_series(node)


def _folder_item(scene: Node) -> int:
    """The folder in the subject hierarchy; 0 if there is none."""
    hierarchy = scene.GetSubjectHierarchyNode()
    return int(hierarchy.GetItemChildWithName(hierarchy.GetSceneItemID(), FOLDER_NAME))


def _place_in_folder(nodes: OutputNodes, made: list[Node]) -> int:
    """Nodes made now go into the folder; a node that the user put elsewhere stays there."""
    scene = nodes.segmentation.GetScene()
    hierarchy = scene.GetSubjectHierarchyNode()
    folder = _folder_item(scene)
    if not folder:
        folder = int(hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), FOLDER_NAME))
    if not folder:
        msg = f'the folder {FOLDER_NAME} cannot be made. Save the scene and start Slicer again.'
        raise NodeError(msg)
    for node in _all_nodes(nodes):
        item = hierarchy.GetItemByDataNode(node)
        if not item:
            hierarchy.CreateItem(folder, node)
        elif any(node is one for one in made) or node.IsA('vtkMRMLPlotSeriesNode'):
            hierarchy.SetItemParent(item, folder)
    return folder
