"""The point lists that belong to a volume: what they ask for, and what was placed."""

from __future__ import annotations

import slicer

from ..core.phantom import Phantom
from ..core.seed import Seed
from .nodes import Node
from .points import count_defined, next_unset_label, prepare_seed_list, seeds_from_points
from .volume import BACKGROUND, SEEDS, new_points, points_of_volume


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
    points_node = points_of_volume(volume_node, SEEDS) or new_points(volume_node, SEEDS)
    ask_for_inserts(points_node, phantom)
    return points_node


def ask_for_inserts(points_node: Node, phantom: Phantom) -> None:
    """
    Let a list ask for the inserts that it lacks.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        Left alone if it has a point for each insert, or if it has points
        enough under names of its own.

    phantom : Phantom
        What was scanned.
    """
    labels = [insert.label for insert in phantom.used_inserts]
    listed = _labels(points_node)
    foreign = not set(labels) & set(listed) and count_defined(points_node) >= len(labels)
    lacking = not set(labels) <= set(listed)
    stale = not set(_waiting_labels(points_node)) <= set(labels)
    if (lacking or stale) and not foreign:
        prepare_seed_list(points_node, labels)


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
    ask_for_inserts(points_node, after)


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
    points_node = points_of_volume(volume_node, BACKGROUND) or new_points(volume_node, BACKGROUND)
    points_node.SetControlPointLabelFormat(f'{phantom.background.label}-%d')
    return points_node


def seeds_state(points_node: Node, phantom: Phantom) -> tuple[int, int, str | None]:
    """
    How far the placing of the seeds is.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode or None
        The list.

    phantom : Phantom
        What was scanned.

    Returns
    -------
    placed, wanted : int
        Points that are set, without those of unused inserts; inserts that are
        measured.

    label : str or None
        Of the next point; None if there is none to place.
    """
    wanted = len(phantom.used_inserts)
    if points_node is None:
        return 0, wanted, None
    placed = [seed for seed in seeds_from_points(points_node) if not _is_unused(seed, phantom)]
    return len(placed), wanted, next_unset_label(points_node)


def jump_to_point(points_node: Node, n: int) -> None:
    """
    Turn all slice views to a point.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        The list.

    n : int
        Its place in the list. Nothing happens if it is not set.
    """
    if not 0 <= n < points_node.GetNumberOfControlPoints():
        return
    if points_node.GetNthControlPointPositionStatus(n) == points_node.PositionDefined:
        position = [0.0, 0.0, 0.0]
        points_node.GetNthControlPointPositionWorld(n, position)
        slicer.vtkMRMLSliceNode.JumpAllSlices(points_node.GetScene(), *position)


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
