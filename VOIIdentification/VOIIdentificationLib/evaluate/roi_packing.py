"""Where circles of one size fit, each as far from everything as it can be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ..core.geometry import FloatArray

CLEARANCE_STEP_MM = 0.5
"""Steps in which clearance is given up for circles that find no room."""

_SAME_MM = 1e-6
"""Distances that differ by less are one: which is larger would be decided by their last digits."""

_SAME_ANGLE = 1e-9
"""The same for angles, in radian."""

_START_ANGLES = 24
_FILLING_ANGLES = 4
"""Directions from which circles are laid round the middle: all of them, and the missing ones."""

_SETS_KEPT = 8
"""Sets of equal size that are tried to be filled up."""

_SPREAD_STEP = 1.1
_MAX_SPREAD = 4.0
"""Factor by which circles are moved apart at a time, and up to how many diameters."""


def pack_circles(
    room_mm: FloatArray, diameter_mm: float, count: int, wanted_clearance_mm: float
) -> FloatArray:
    """
    Lay circles that do not overlap, most of them with the wanted free space.

    Parameters
    ----------
    room_mm : (N, 3) `numpy.ndarray` of float
        Where the middle of a circle may stand, as two coordinates around the
        middle of the ring, and the free space around the circle there.

    diameter_mm : float
        Of the circles, in millimeter.

    count : int
        How many.

    wanted_clearance_mm : float
        Free space that each shall have, in millimeter. If there is no room
        for all, the others get the most there is, and not less than 0.

    Returns
    -------
    points_mm : (M, 2) `numpy.ndarray` of float
        Middles, counterclockwise from the first axis; fewer than `count` if
        there is no room for more.

    Notes
    -----
    Circles are laid one after the other round the middle, each at the first
    angle at which it touches none before it, from many starting angles in both
    directions. First come those that have the wanted space; the largest sets
    of them are then filled up with less space, in steps. Where there is more
    room than needed the circles are spread.
    """
    good = _roomy(room_mm, wanted_clearance_mm)
    sets = _largest_sets(good, diameter_mm, count)
    if len(sets[0]) >= count:
        laid = _spread(good, diameter_mm, sets[0])
    else:
        laid = _filled_up(room_mm, sets, diameter_mm, count, wanted_clearance_mm)
    angles = np.arctan2(laid[:, 1], laid[:, 0])
    return laid[np.argsort(_steps_round(angles), kind='stable')]


def _roomy(room_mm: FloatArray, clearance_mm: float) -> FloatArray:
    """The places with at least so much free space."""
    return room_mm[room_mm[:, 2] >= clearance_mm - _SAME_MM, :2]


def _largest_sets(points: FloatArray, separation_mm: float, count: int) -> list[FloatArray]:
    """The first set with `count` circles, else a few of those with most; at least one."""
    sets = [np.empty((0, 2))]
    for order in _orders(points, _START_ANGLES):
        laid = _lay(points[order], separation_mm, count)
        if len(laid) >= count:
            return [laid]
        if len(laid) > len(sets[0]):
            sets = [laid]
        elif len(laid) == len(sets[0]) and len(sets) < _SETS_KEPT:
            sets.append(laid)
    return sets


def _filled_up(
    room_mm: FloatArray, sets: list[FloatArray], separation_mm: float, count: int, wanted_mm: float
) -> FloatArray:
    """A set with the missing circles where there is the most space left for them."""
    best = sets[0]
    for level in np.arange(wanted_mm, -CLEARANCE_STEP_MM / 2, -CLEARANCE_STEP_MM):
        points = _roomy(room_mm, level)
        for laid in sets:
            free = points[_free_of(points, laid, separation_mm)]
            for order in _orders(free, _FILLING_ANGLES):
                more = _lay(free[order], separation_mm, count - len(laid))
                if len(laid) + len(more) > len(best):
                    best = np.concatenate([laid, more])
                if len(best) >= count:
                    return best
    return best


def _orders(points: FloatArray, starts: int) -> Iterator[npt.NDArray[np.int64]]:
    """Ways to go round the middle: from each starting angle, either way round."""
    angles = np.arctan2(points[:, 1], points[:, 0])
    for start in range(starts):
        for direction in (1, -1):
            turned = direction * (angles - 2 * np.pi * start / starts)
            yield np.argsort(_steps_round(turned), kind='stable')


def _steps_round(angles: FloatArray) -> FloatArray:
    """Angles from 0 to a full turn, in steps so small that equal ones are equal whole numbers."""
    return np.asarray(np.floor((angles + _SAME_ANGLE / 2) % (2 * np.pi) / _SAME_ANGLE))


def _lay(points: FloatArray, separation_mm: float, count: int) -> FloatArray:
    """Circles in the order of the points, each where it touches none before it."""
    free: npt.NDArray[np.bool_] = np.ones(len(points), dtype=bool)
    laid: list[FloatArray] = []
    while len(laid) < count and free.any():
        point = points[int(np.argmax(free))]
        laid.append(point)
        free &= _free_of(points, point[None], separation_mm)
    return np.array(laid).reshape(-1, 2)


def _free_of(points: FloatArray, laid: FloatArray, separation_mm: float) -> npt.NDArray[np.bool_]:
    squares = np.sum((points[:, None] - laid) ** 2, axis=-1)
    return np.asarray(np.all(squares >= (separation_mm - _SAME_MM) ** 2, axis=1))


def _spread(points: FloatArray, diameter_mm: float, laid: FloatArray) -> FloatArray:
    """The same number of circles as far apart as they can be laid."""
    separation = _SPREAD_STEP * diameter_mm
    while separation <= _MAX_SPREAD * diameter_mm:
        found = _largest_sets(points, separation, len(laid))[0]
        if len(found) < len(laid):
            break
        laid, separation = found, _SPREAD_STEP * separation
    return laid
