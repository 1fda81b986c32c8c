"""Point lists of the Slicer scene: seeds that the user places, centers that we found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import slicer

from .errors import NodeError
from .mrml import Node
from .results import Seed

_LARGEST_ROUND_TRIP_MM = 1e-3
"""How far a point may land from where it was sent through an inverted transform."""


def seeds_from_points(points_node: Node) -> tuple[Seed, ...]:
    """
    The points of a list that have been placed.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        It may be under any transforms, non-linear ones too.

    Returns
    -------
    seeds : tuple of Seed
        Labels and world positions, in millimeter, in the order of the list;
        points that are not set, missing, or still under the mouse are left out.

    Raises
    ------
    NodeError
        If there is no list, or a position is not finite.
    """
    _require_points(points_node)
    return tuple(
        Seed(points_node.GetNthControlPointLabel(n) or '', _world_position(points_node, n))
        for n in range(points_node.GetNumberOfControlPoints())
        if points_node.GetNthControlPointPositionStatus(n) == points_node.PositionDefined
    )


def fill_points(points_node: Node, points: Sequence[Seed]) -> None:
    """
    Replace the points of a list by points that are not to be moved by hand.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        Keeps its name, its display and its transforms.

    points : sequence of Seed
        Labels and world positions, in millimeter.

    Raises
    ------
    NodeError
        If there is no list, or its transforms cannot be inverted.
    """
    _require_points(points_node)
    with slicer.util.NodeModify(points_node):
        points_node.SetFixedNumberOfControlPoints(False)
        points_node.RemoveAllControlPoints()
        for n, point in enumerate(points):
            points_node.AddControlPointWorld(list(point.position_ras_mm), point.label)
            points_node.SetNthControlPointLocked(n, True)
        points_node.SetFixedNumberOfControlPoints(True)
        points_node.SetLocked(True)
    _check_round_trip(points_node, points)


def prepare_seed_list(points_node: Node, labels: Sequence[str]) -> None:
    """
    Make a list ask for one point a label, in order.

    Each click in Slicer's place mode then sets the next point that is not set;
    after the last one place mode ends by itself.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        Points that are already set keep their positions: those with one of
        the labels take its place, others stay at the end.

    labels : sequence of str
        Names of the inserts.

    Raises
    ------
    NodeError
        If there is no list.
    """
    _require_points(points_node)
    with slicer.util.NodeModify(points_node):
        _reorder(points_node, labels)


def count_defined(points_node: Node) -> int:
    """
    How many points of a list are placed.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        Without the point under the mouse.

    Returns
    -------
    count : int
        From 0.
    """
    return int(points_node.GetNumberOfDefinedControlPoints())


def next_unset_label(points_node: Node) -> str | None:
    """
    Label of the point that the next click sets.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        The point under the mouse counts as not set; one that the user marked
        as missing is passed over.

    Returns
    -------
    label : str or None
        None if every point is set.
    """
    waiting = (points_node.PositionUndefined, points_node.PositionPreview)
    for n in range(points_node.GetNumberOfControlPoints()):
        if points_node.GetNthControlPointPositionStatus(n) in waiting:
            return points_node.GetNthControlPointLabel(n) or ''
    return None
