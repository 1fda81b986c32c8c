"""Point lists of the Slicer scene: seeds that the user places, centers that we found."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import slicer
import vtk

from ..core.errors import NodeError
from ..core.seed import Point, Seed
from .nodes import Node

_MAX_ROUND_TRIP_MM = 0.01
"""
How far a point may land from where it was sent through inverted transforms.

VTK inverts bent ones by iteration, by default to 0.001 mm.
"""


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


def fill_points(points_node: Node, points: Sequence[Seed], *, movable: bool = False) -> None:
    """
    Replace the points of a list.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        Keeps its name, its display and its transforms.

    points : sequence of Seed
        Labels and world positions, in millimeter.

    movable : bool, optional
        Whether the user may move, add and remove points by hand.

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
            points_node.AddControlPointWorld(vtk.vtkVector3d(*point.position_ras_mm))
            points_node.SetNthControlPointLabel(n, point.label)
            points_node.SetNthControlPointLocked(n, not movable)
        points_node.SetFixedNumberOfControlPoints(not movable)
        points_node.SetLocked(not movable)
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
    if _asks_for(points_node, labels):
        return
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


def _require_points(points_node: Node) -> None:
    if points_node is None or not points_node.IsA('vtkMRMLMarkupsNode'):
        found = 'nothing' if points_node is None else points_node.GetName()
        msg = f'a point list is needed, got {found}. Choose or create a point list.'
        raise NodeError(msg)


def _world_position(points_node: Node, n: int) -> Point:
    position = [0.0, 0.0, 0.0]
    points_node.GetNthControlPointPositionWorld(n, position)
    if not np.isfinite(position).all():
        label = points_node.GetNthControlPointLabel(n)
        msg = (
            f'the point {label} of {points_node.GetName()} lies nowhere: its position is '
            f'{position}. Place it again, and check the transform of the list.'
        )
        raise NodeError(msg)
    r, a, s = position
    return r, a, s


def _check_round_trip(points_node: Node, points: Sequence[Seed]) -> None:
    for n, point in enumerate(points):
        error = np.subtract(_world_position(points_node, n), point.position_ras_mm)
        if not np.linalg.norm(error) <= _MAX_ROUND_TRIP_MM:
            msg = (
                f'the transform of {points_node.GetName()} cannot be inverted at {point.label}: '
                f'the point lands {np.linalg.norm(error):.3g} mm off. '
                'Take the list out of its transform.'
            )
            raise NodeError(msg)


def _asks_for(points_node: Node, labels: Sequence[str]) -> bool:
    """Whether the list begins with the labels, and all points after them are set."""
    count = points_node.GetNumberOfControlPoints()
    present = [points_node.GetNthControlPointLabel(n) for n in range(count)]
    rest = range(len(labels), count)
    return (
        points_node.GetFixedNumberOfControlPoints()
        and present[: len(labels)] == list(labels)
        and all(
            points_node.GetNthControlPointPositionStatus(n) == points_node.PositionDefined
            for n in rest
        )
    )


def _reorder(points_node: Node, labels: Sequence[str]) -> None:
    placed = _placed_local(points_node)
    points_node.SetFixedNumberOfControlPoints(False)
    points_node.RemoveAllControlPoints()
    for label in labels:
        match = next((n for n, (name, _) in enumerate(placed) if name == label), None)
        n = _append(points_node, label, [0.0, 0.0, 0.0] if match is None else placed.pop(match)[1])
        if match is None:
            points_node.UnsetNthControlPointPosition(n)
    for label, position in placed:
        _append(points_node, label, position)
    points_node.SetFixedNumberOfControlPoints(True)


def _placed_local(points_node: Node) -> list[tuple[str, list[float]]]:
    """Labels and positions, in the list's own frame, of the points that are set."""
    placed = []
    for n in range(points_node.GetNumberOfControlPoints()):
        if points_node.GetNthControlPointPositionStatus(n) == points_node.PositionDefined:
            position = [0.0, 0.0, 0.0]
            points_node.GetNthControlPointPosition(n, position)
            placed.append((points_node.GetNthControlPointLabel(n) or '', position))
    return placed


def _append(points_node: Node, label: str, local: Sequence[float]) -> int:
    n = int(points_node.AddControlPoint(vtk.vtkVector3d(*local)))
    points_node.SetNthControlPointLabel(n, label)
    return n
