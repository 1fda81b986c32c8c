"""Point lists of the scene: seeds that the user places on a volume, centers that we found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import slicer
import vtk

from ..core.errors import NodeError
from ..core.geometry import Point
from ..core.phantom import Phantom, Seed
from ..core.sentence import sentences
from .nodes import Node, new_node
from .point_lists import BACKGROUND, LIST_COLORS, SEEDS, assign_points, points_of_volume

_ = sentences(__name__)

_MAX_ROUND_TRIP_MM = 0.01
"""How far a point may land from where it was sent: VTK inverts bent transforms to 0.001 mm."""


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


def all_seeds(seeds_node: Node, background_node: Node, phantom: Phantom) -> tuple[Seed, ...]:
    """
    The placed points of both lists, as `analyze` takes them.

    Parameters
    ----------
    seeds_node : vtkMRMLMarkupsFiducialNode or None
        Points near the inserts; None if they are to be found.

    background_node : vtkMRMLMarkupsFiducialNode or None
        Points of background VOIs, whatever their labels.

    phantom : Phantom
        Names the background.

    Returns
    -------
    seeds : tuple of Seed
        Without those of inserts that are not used; those of the background last.

    Raises
    ------
    NodeError
        If a position is not finite.
    """
    placed = () if seeds_node is None else seeds_from_points(seeds_node)
    seeds = tuple(seed for seed in placed if not _is_unused(seed, phantom))
    if background_node is None:
        return seeds
    name = phantom.background.label
    points = seeds_from_points(background_node)
    return seeds + tuple(
        Seed(f'{name}-{n}', point.position_ras_mm) for n, point in enumerate(points, start=1)
    )


def seed_list(volume_node: Node, phantom: Phantom) -> Node:
    """
    The list of seeds of a volume, made if there is none.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    phantom : Phantom
        Whose inserts the points are named for.

    Returns
    -------
    points_node : vtkMRMLMarkupsFiducialNode
        One point an insert, not set until the user places it.
    """
    points_node = points_of_volume(volume_node, SEEDS) or _new_points(volume_node, SEEDS)
    _ask_for_inserts(points_node, phantom)
    return points_node


def place_spheres(volume_node: Node, phantom: Phantom, centers_ras_mm: Mapping[str, Point]) -> Node:
    """
    Fill the list of seeds of a volume anew.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    phantom : Phantom
        Whose inserts the points are named for.

    centers_ras_mm : mapping of str to tuple of float
        World positions by label. Points of other inserts are not set.

    Returns
    -------
    points_node : vtkMRMLMarkupsFiducialNode
        What was placed before is gone.
    """
    points_node = points_of_volume(volume_node, SEEDS) or _new_points(volume_node, SEEDS)
    with slicer.util.NodeModify(points_node):
        points_node.SetFixedNumberOfControlPoints(False)
        points_node.RemoveAllControlPoints()
        prepare_seed_list(points_node, [insert.label for insert in phantom.used_inserts])
        for n, label in enumerate(_labels(points_node)):
            if label in centers_ras_mm:
                points_node.SetNthControlPointPositionWorld(n, *centers_ras_mm[label])
    return points_node


def follow_phantom(points_node: Node, before: Phantom, after: Phantom) -> None:
    """
    Let a list follow a change of the table of inserts.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        A renamed insert renames its point, a removed one removes it, and a new
        one is asked for. After a change of the whole phantom points stay.

    before, after : Phantom
        The phantom.
    """
    old = [insert.label for insert in before.inserts]
    new = [insert.label for insert in after.inserts]
    gone, come = [n for n in old if n not in new], [n for n in new if n not in old]
    if len(gone) == 1 and len(old) == len(new):
        _rename(points_node, gone[0], come[0])
    elif len(gone) == 1:
        _remove(points_node, gone[0])
    _ask_for_inserts(points_node, after)


def background_list(volume_node: Node, phantom: Phantom) -> Node:
    """
    The list of background points of a volume, made if there is none.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    phantom : Phantom
        Names the background.

    Returns
    -------
    points_node : vtkMRMLMarkupsFiducialNode
        Takes any number of points.
    """
    points_node = points_of_volume(volume_node, BACKGROUND) or _new_points(volume_node, BACKGROUND)
    points_node.SetControlPointLabelFormat(f'{phantom.background.label}-%d')
    return points_node


def _require_points(points_node: Node) -> None:
    if points_node is None or not points_node.IsA('vtkMRMLMarkupsNode'):
        found = _('nothing') if points_node is None else points_node.GetName()
        msg = _('a point list is needed, got {found}. Choose or create a point list.')
        raise NodeError(msg.format(found=found))


def _world_position(points_node: Node, n: int) -> Point:
    position = [0.0, 0.0, 0.0]
    points_node.GetNthControlPointPositionWorld(n, position)
    if not np.isfinite(position).all():
        label = points_node.GetNthControlPointLabel(n)
        msg = _(
            'the point {label} of {name} lies nowhere: its position is {position}. Place it again, '
            'and check the transform of the list.'
        )
        raise NodeError(msg.format(label=label, name=points_node.GetName(), position=position))
    r, a, s = position
    return r, a, s


def _check_round_trip(points_node: Node, points: Sequence[Seed]) -> None:
    for n, point in enumerate(points):
        error = np.subtract(_world_position(points_node, n), point.position_ras_mm)
        if not np.linalg.norm(error) <= _MAX_ROUND_TRIP_MM:
            msg = _(
                'the transform of {name} cannot be inverted at {label}: the point lands '
                '{distance:.3g} mm off. Take the list out of its transform.'
            ).format(name=points_node.GetName(), label=point.label, distance=np.linalg.norm(error))
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
        match = next((n for n, (name, _place) in enumerate(placed) if name == label), None)
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


def _new_points(volume_node: Node, kind: str) -> Node:
    """An empty list for a volume."""
    name = f'{volume_node.GetName()} {kind}'
    node = new_node('vtkMRMLMarkupsFiducialNode', name, scene=volume_node.GetScene())
    node.CreateDefaultDisplayNodes()
    if node.GetDisplayNode() is not None:
        node.GetDisplayNode().SetSelectedColor(*LIST_COLORS[kind])
    assign_points(node, volume_node, kind)
    return node


def _ask_for_inserts(points_node: Node, phantom: Phantom) -> None:
    """Let a list ask for the inserts that it lacks, unless it has enough under other names."""
    labels = [insert.label for insert in phantom.used_inserts]
    listed, count = _labels(points_node), points_node.GetNumberOfDefinedControlPoints()
    foreign = not set(labels) & set(listed) and count >= len(labels)
    lacking = not set(labels) <= set(listed)
    stale = not set(_waiting_labels(points_node)) <= set(labels)
    if (lacking or stale) and not foreign:
        prepare_seed_list(points_node, labels)


def _labels(points_node: Node) -> list[str]:
    count = points_node.GetNumberOfControlPoints()
    return [points_node.GetNthControlPointLabel(n) or '' for n in range(count)]


def _waiting_labels(points_node: Node) -> list[str]:
    """Of the points that are not placed."""
    return [
        label
        for n, label in enumerate(_labels(points_node))
        if points_node.GetNthControlPointPositionStatus(n) != points_node.PositionDefined
    ]


def _rename(points_node: Node, before: str, after: str) -> None:
    for n, label in enumerate(_labels(points_node)):
        if label == before:
            points_node.SetNthControlPointLabel(n, after)


def _remove(points_node: Node, removed: str) -> None:
    fixed = points_node.GetFixedNumberOfControlPoints()
    points_node.SetFixedNumberOfControlPoints(False)
    for n, label in reversed(list(enumerate(_labels(points_node)))):
        if label == removed:
            points_node.RemoveNthControlPoint(n)
    points_node.SetFixedNumberOfControlPoints(fixed)


def _is_unused(seed: Seed, phantom: Phantom) -> bool:
    """Whether a seed belongs to an insert that is left out of the measurement."""
    return any(not insert.use and insert.label == seed.label for insert in phantom.inserts)
