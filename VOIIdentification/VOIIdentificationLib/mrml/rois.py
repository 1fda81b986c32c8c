"""Background ROIs of NEMA NU 2 as a point list that the user may move."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from ..core.geometry import Point, VolumeGeometry
from ..core.phantom import Seed
from ..evaluate.roi_placement import BackgroundPlacement
from ..results import AnalysisResult
from .nodes import Node
from .points import fill_points, seeds_from_points

_PLACED_ATTRIBUTE = 'VOIIdentification.PlacedByRule'
"""Node attribute: labels and positions as the rule gave them. Saved with the scene."""

_SAME_PLACE_MM = 0.01
"""A point this near to another has not been moved: transforms round."""

LUNG_LABEL = 'Lung'
"""Name of the ROI on the lung insert."""

_LABEL = 'BG'
"""First letters of the name of a background ROI; a number follows."""


def shown_placement(result: AnalysisResult) -> BackgroundPlacement | None:
    """
    The background ROIs that there are to show.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    placement : BackgroundPlacement or None
        None if the background was not measured.
    """
    if result.nema is None or not result.nema.placement.rois:
        return None
    return result.nema.placement


def fill_rois(points_node: Node, placement: BackgroundPlacement) -> None:
    """
    Show where the background was measured, in a list that is not locked.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        Its points are replaced.

    placement : BackgroundPlacement
        The ROIs.

    Raises
    ------
    NodeError
        If there is no list, or its transforms cannot be inverted.
    """
    points = [Seed(roi.name, roi.center_ras_mm) for roi in placement.rois]
    fill_points(points_node, points, movable=True)
    for n, roi in enumerate(placement.rois):
        doubts = '; '.join(flag.text for flag in roi.flags)
        points_node.SetNthControlPointDescription(n, doubts)


def shown_lung(result: AnalysisResult) -> Seed | None:
    """
    The ROI on the lung insert.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    seed : Seed or None
        Its center; None if the lung residual was not measured.
    """
    if result.nema is None or result.nema.lung is None or result.nema.placement.lung is None:
        return None
    return Seed(LUNG_LABEL, result.nema.placement.lung.center_ras_mm)


def label_rois(labels_node: Node, rois_node: Node, hovered: int = -1) -> None:
    """
    Name the ROIs that are doubted, and the one under the mouse.

    Parameters
    ----------
    labels_node : vtkMRMLMarkupsFiducialNode
        Its points are replaced: a list that shows names and nothing else.

    rois_node : vtkMRMLMarkupsFiducialNode
        Filled by `fill_rois`.

    hovered : int, optional
        Which of its points is under the mouse; -1 for none.
    """
    wanted = [
        seed
        for n, seed in enumerate(seeds_from_points(rois_node))
        if n == hovered or rois_node.GetNthControlPointDescription(n)
    ]
    if wanted != list(seeds_from_points(labels_node)):
        fill_points(labels_node, wanted)


def moved_rois(points_node: Node) -> tuple[Seed, ...]:
    """
    Where the user wants the background ROIs.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode or None
        The list that `fill_rois` filled.

    Returns
    -------
    seeds : tuple of Seed
        All points of the list, labeled ``BG01`` …, as seeds of the next
        analysis; none if they stand where the rule put them. Deleting the
        list brings the rule back.

    Raises
    ------
    NodeError
        If a position is not finite.
    """
    if points_node is None or points_node.GetScene() is None:
        return ()
    seeds = seeds_from_points(points_node)
    return () if _unmoved(points_node, seeds) else _labeled(seeds)


def count_moved(points_node: Node) -> tuple[int, int]:
    """
    How many background ROIs there are, and how many are the user's.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        The list that `fill_rois` filled.

    Returns
    -------
    placed, moved : int
        All of them; those that do not stand where the rule put them, or are
        missing there.
    """
    seeds, rule = seeds_from_points(points_node), dict(_rule(points_node))
    moved = [
        seed
        for seed in seeds
        if seed.label not in rule
        or not np.linalg.norm(np.subtract(seed.position_ras_mm, rule[seed.label])) < _SAME_PLACE_MM
    ]
    missing = set(rule) - {seed.label for seed in seeds}
    return len(seeds), max(len(moved), len(missing))


def place_by_rule(points_node: Node) -> None:
    """
    Put the background ROIs back where the rule had put them.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        The list that `fill_rois` filled. The next analysis places anew if
        something else was changed.
    """
    points = [Seed(label, place) for label, place in _rule(points_node)]
    fill_points(points_node, points, movable=True)


def remember_rule(
    points_node: Node, moved: Sequence[Seed], placement: BackgroundPlacement, grid: VolumeGeometry
) -> None:
    """
    Note in the list where the rule put the ROIs, unless they are the user's.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        Filled by `fill_rois`.

    moved : sequence of Seed
        What `moved_rois` gave before it was filled.

    placement : BackgroundPlacement
        The ROIs now.

    grid : VolumeGeometry
        The image grid.
    """
    if not _stand_at(moved, placement, grid):
        points_node.SetAttribute(_PLACED_ATTRIBUTE, _as_text(seeds_from_points(points_node)))


def _stand_at(seeds: Sequence[Seed], placement: BackgroundPlacement, grid: VolumeGeometry) -> bool:
    """Whether the ROIs are those that the user asked for, moved onto the central slice."""
    if not seeds or len(seeds) != len(placement.rois):
        return False
    wanted = [grid.projected_ras_mm(s.position_ras_mm, placement.central_slice_k) for s in seeds]
    given = [roi.center_ras_mm for roi in placement.rois]
    return bool(np.linalg.norm(np.subtract(wanted, given), axis=1).max() < _SAME_PLACE_MM)


def _as_text(seeds: Sequence[Seed]) -> str:
    return json.dumps([(seed.label, *seed.position_ras_mm) for seed in seeds])


def _rule(points_node: Node) -> list[tuple[str, Point]]:
    """Labels and places as the rule gave them; none if the list is another's."""
    rows = json.loads(points_node.GetAttribute(_PLACED_ATTRIBUTE) or '[]')
    return [(label, (r, a, s)) for label, r, a, s in rows]


def _unmoved(points_node: Node, seeds: Sequence[Seed]) -> bool:
    """Whether the points have the names and places that the rule gave them."""
    rule = _rule(points_node)
    if [seed.label for seed in seeds] != [label for label, _ in rule]:
        return False
    places = [place for _, place in rule]
    off = np.subtract([seed.position_ras_mm for seed in seeds], places).reshape(-1, 3)
    return bool((np.linalg.norm(off, axis=1) < _SAME_PLACE_MM).all())


def _labeled(seeds: Sequence[Seed]) -> tuple[Seed, ...]:
    """A point that the user added gets the next free name."""
    taken = {seed.label for seed in seeds if is_roi_label(seed.label)}
    free = (name for n in range(1, 10_000) if (name := f'{_LABEL}{n:02d}') not in taken)
    return tuple(
        seed if is_roi_label(seed.label) else Seed(next(free), seed.position_ras_mm)
        for seed in seeds
    )


def is_roi_label(label: str) -> bool:
    """
    Whether a name is that of a background ROI.

    Parameters
    ----------
    label : str
        E.g. ``'BG01'``.

    Returns
    -------
    is_one : bool
        True for BG and a number.
    """
    return label.upper().startswith(_LABEL) and label[len(_LABEL) :].isdigit()
