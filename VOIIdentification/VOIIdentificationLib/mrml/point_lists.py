"""Which point list of the scene belongs to which volume, what it is for, how it looks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import slicer

from .nodes import OUTPUT_ATTRIBUTE, VOLUME_ROLE, Node

SEEDS, BACKGROUND = 'seeds', 'background'
"""The two point lists of a volume."""


_LIST_ATTRIBUTE = 'VOIIdentification.Points'
"""Node attribute of a point list: which of the lists. Saved with the scene."""


def points_of_volume(volume_node: Node, kind: str) -> Node:
    """
    The point list that was placed on a volume.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    kind : {'seeds', 'background'}
        Which list.

    Returns
    -------
    points_node : vtkMRMLMarkupsFiducialNode or None
        None if there is none.
    """
    lists = slicer.util.getNodesByClass('vtkMRMLMarkupsFiducialNode', volume_node.GetScene())
    for node in lists:
        belongs = node.GetNodeReferenceID(VOLUME_ROLE) == volume_node.GetID()
        if belongs and node.GetAttribute(_LIST_ATTRIBUTE) == kind:
            return node
    return None


def assign_points(points_node: Node, volume_node: Node, kind: str) -> None:
    """
    Remember that a point list was placed on a volume.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        The list. It takes the place of the one that the volume had.

    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    kind : {'seeds', 'background'}
        Which list.
    """
    before = points_of_volume(volume_node, kind)
    if before is not None and before is not points_node:
        before.SetNodeReferenceID(VOLUME_ROLE, None)
    points_node.SetAttribute(_LIST_ATTRIBUTE, kind)
    points_node.SetNodeReferenceID(VOLUME_ROLE, volume_node.GetID())


def may_be(points_node: Node, volume_node: Node, kind: str) -> bool:
    """
    Whether a point list may be taken for a volume.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        Any list of the scene.

    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    kind : {'seeds', 'background'}
        What the list would be.

    Returns
    -------
    allowed : bool
        False for what an analysis has made, for the lists of other volumes, and
        for the other list of this one.
    """
    if points_node.GetAttribute(OUTPUT_ATTRIBUTE):
        return False
    owner = points_node.GetNodeReference(VOLUME_ROLE)
    if owner is None:
        return True
    return owner is volume_node and points_node.GetAttribute(_LIST_ATTRIBUTE) == kind


def forbidden_list_ids(volume_node: Node, kind: str) -> list[str]:
    """
    The lists that a selector must not offer.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume that is chosen.

    kind : {'seeds', 'background'}
        What is selected.

    Returns
    -------
    ids : list of str
        Of all point lists that `may_be` refuses.
    """
    lists: Any = slicer.util.getNodesByClass('vtkMRMLMarkupsFiducialNode', volume_node.GetScene())
    return [str(node.GetID()) for node in lists if not may_be(node, volume_node, kind)]


def belongings(volume_node: Node) -> list[Node]:
    """
    What belongs to a volume: its point lists and what an analysis has made.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume, still in its scene.

    Returns
    -------
    nodes : list of vtkMRMLNode
        The scene forgets this when the volume is removed; see `give_back`.
    """
    nodes: Any = slicer.util.getNodesByClass('vtkMRMLNode', volume_node.GetScene())
    return [one for one in nodes if one.GetNodeReferenceID(VOLUME_ROLE) == volume_node.GetID()]


def give_back(volume_node: Node, nodes: Iterable[Node]) -> None:
    """
    Let nodes belong to a volume again.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        Its removal was undone.

    nodes : iterable of vtkMRMLNode
        From `belongings`. Those that have left the scene are passed over.
    """
    for node in nodes:
        if node.GetScene() is volume_node.GetScene():
            node.SetNodeReferenceID(VOLUME_ROLE, volume_node.GetID())


LIST_COLORS = {SEEDS: (1.0, 1.0, 0.0), BACKGROUND: (0.0, 1.0, 1.0)}
"""Yellow and cyan: neither is in the PET colors."""

ROI_COLOR, LUNG_COLOR = (0.2, 0.6, 1.0), (0.6, 1.0, 0.6)
"""Blue and light green: background ROIs and the lung are told from points that are placed."""

TRANSVERSE_VIEW = 'vtkMRMLSliceNodeRed'
"""Slicer's view across the body."""

_CROSS_MM = 5.0
"""Of the mark at a center: half the smallest sphere of the body phantom."""

_CIRCLE_OPACITY = 0.3
"""Slicer fills circles: what lies under them must be seen."""


def show_as_crosses(points_node: Node) -> None:
    """
    Mark the places of a list and hide nothing: small crosses with their labels.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        The centers of spheres.
    """
    display = points_node.GetDisplayNode()
    if display is not None:
        display.SetGlyphType(display.Cross2D)
        display.SetUseGlyphScale(False)
        display.SetGlyphSize(_CROSS_MM)
        display.SetPointLabelsVisibility(True)


def show_as_names(points_node: Node, color: tuple[float, float, float]) -> None:
    """
    Show the labels of a list in the slices, beside its small crosses.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        A list that names some points of another.

    color : tuple of float
        Red, green, blue.
    """
    show_as_crosses(points_node)
    _color_in_slices(points_node, color)


def show_as_circles(
    points_node: Node, diameter_mm: float, color: tuple[float, float, float]
) -> None:
    """
    Show a list as circles of their true diameter, in the slices that they lie in.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        Each of its points is a center, to be moved by it.

    diameter_mm : float
        Of the circles.

    color : tuple of float
        Red, green, blue.
    """
    display = points_node.GetDisplayNode()
    if display is not None:
        display.SetGlyphType(display.Circle2D)
        display.SetUseGlyphScale(False)
        display.SetGlyphSize(diameter_mm)
        display.SetOpacity(_CIRCLE_OPACITY)
        display.SetPointLabelsVisibility(False)
        _color_in_slices(points_node, color)


def _color_in_slices(points_node: Node, color: tuple[float, float, float]) -> None:
    """Only where a circle is one: across the body, or in 3-D, a ROI is seen from its side."""
    display = points_node.GetDisplayNode()
    if display is not None:
        display.SetColor(*color)
        display.SetSelectedColor(*color)
        display.SetVisibility3D(False)
        display.AddViewNodeID(TRANSVERSE_VIEW)
