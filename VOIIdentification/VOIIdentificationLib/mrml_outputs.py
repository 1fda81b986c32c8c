"""Everything an analysis shows in the Slicer scene, made or refilled in one go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .mrml import Node
from .results import AnalysisResult

FOLDER_NAME = 'VOI Identification'
"""Folder of the outputs in the subject hierarchy."""


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


def publish(result: AnalysisResult, volume_node: Node, nodes: OutputNodes | None = None) -> OutputNodes:
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
    raise NotImplementedError


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
    raise NotImplementedError
