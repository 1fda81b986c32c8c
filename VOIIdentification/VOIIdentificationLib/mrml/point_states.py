"""What a point list holds at one time, to go back to it."""

from __future__ import annotations

from typing import NamedTuple

import slicer

from ..core.geometry import Point
from .nodes import Node


class PointState(NamedTuple):
    """
    One point of a list.

    Attributes
    ----------
    label : str
        Its name.

    status : int
        ``PositionDefined`` and the like; a point under the mouse is not set yet.

    position_mm : tuple of float or None
        In the frame of the list; None unless it is placed.

    locked : bool
        Whether the mouse passes over it.
    """

    label: str
    status: int
    position_mm: Point | None
    locked: bool


class ListState(NamedTuple):
    """
    All points of a list.

    Attributes
    ----------
    points : tuple of PointState
        In their order.

    is_fixed : bool
        Whether the list asks for its points and takes no others.
    """

    points: tuple[PointState, ...]
    is_fixed: bool


def state_of_list(points_node: Node) -> ListState:
    """
    What a list holds now.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        The list.

    Returns
    -------
    state : ListState
        Equal to another if nothing was placed, moved, named or taken back.
    """
    count = points_node.GetNumberOfControlPoints()
    points = tuple(_state_of_point(points_node, n) for n in range(count))
    return ListState(points, bool(points_node.GetFixedNumberOfControlPoints()))


def restore_list(points_node: Node, state: ListState) -> None:
    """
    Let a list hold again what it held.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        Points that are as they were are left alone.

    state : ListState
        From `state_of_list`.
    """
    with slicer.util.NodeModify(points_node):
        points_node.SetFixedNumberOfControlPoints(False)
        for n in reversed(range(len(state.points), points_node.GetNumberOfControlPoints())):
            points_node.RemoveNthControlPoint(n)
        for n, point in enumerate(state.points):
            if n == points_node.GetNumberOfControlPoints():
                points_node.AddControlPoint(0.0, 0.0, 0.0)
            if _state_of_point(points_node, n) != point:
                _restore_point(points_node, n, point)
        points_node.SetFixedNumberOfControlPoints(state.is_fixed)


def _state_of_point(points_node: Node, n: int) -> PointState:
    status = points_node.GetNthControlPointPositionStatus(n)
    position = None
    if status == points_node.PositionDefined:
        r, a, s = points_node.GetNthControlPointPosition(n)
        position = (float(r), float(a), float(s))
    elif status == points_node.PositionPreview:
        status = points_node.PositionUndefined
    label = str(points_node.GetNthControlPointLabel(n) or '')
    return PointState(label, int(status), position, bool(points_node.GetNthControlPointLocked(n)))


def _restore_point(points_node: Node, n: int, point: PointState) -> None:
    points_node.SetNthControlPointLabel(n, point.label)
    points_node.SetNthControlPointLocked(n, point.locked)
    if point.position_mm is not None:
        points_node.SetNthControlPointPosition(n, *point.position_mm)
    elif point.status == points_node.PositionMissing:
        points_node.SetNthControlPointPositionMissing(n)
    else:
        points_node.UnsetNthControlPointPosition(n)
