"""Where circles of one size fit: twelve of them, as far from everything as they can be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .geometry import FloatArray

CLEARANCE_STEP_MM = 0.5
"""Steps in which the wanted clearance is given up."""

_START_ANGLES = 24
"""Directions from which the circles are laid round the middle."""

_SPREAD_STEP = 1.1
_WIDEST_SPREAD = 4.0
"""Factor by which circles are moved apart at a time, and up to how many diameters."""


@dataclass(frozen=True, eq=False)
class Room:
    """
    Positions where a circle might stand.

    Attributes
    ----------
    points_mm : (N, 2) `numpy.ndarray` of float
        Middles of circles, around the middle of the ring.

    clearance_mm : (N,) `numpy.ndarray` of float
        Free space around the circle, in millimeter.
    """

    points_mm: FloatArray
    clearance_mm: FloatArray


def pack_circles(
    room: Room, diameter_mm: float, count: int, wanted_clearance_mm: float
) -> FloatArray:
    """
    Lay circles that do not overlap, with as much free space as there is for all.

    Parameters
    ----------
    room : Room
        Where a circle may stand, and the free space it has there.

    diameter_mm : float
        Of the circles, in millimeter.

    count : int
        How many.

    wanted_clearance_mm : float
        Free space that each shall have, in millimeter. If there is no room
        for all it is given up for all, in steps, no further than 0.

    Returns
    -------
    points_mm : (M, 2) `numpy.ndarray` of float
        Middles, counterclockwise from the first axis; fewer than `count` if
        there is no room for more.

    Notes
    -----
    Circles are laid one after the other round the middle, each at the first
    angle at which it touches none before it, from many starting angles in both
    directions. Where there is more room than needed they are spread.
    """
    levels = np.arange(wanted_clearance_mm, -CLEARANCE_STEP_MM / 2, -CLEARANCE_STEP_MM)
    laid = np.empty((0, 2))
    low, high = 0, len(levels)
    while low < high:  # the first level at which all fit
        middle = (low + high) // 2
        found = _lay(room, float(levels[middle]), diameter_mm, count)
        if len(found) >= count:
            high, laid = middle, found
        else:
            low = middle + 1
            laid = found if len(found) > len(laid) else laid
    if len(laid) >= count:
        laid = _spread(room, float(levels[high]), diameter_mm, laid[:count])
    angles = np.arctan2(laid[:, 1], laid[:, 0]) % (2 * np.pi)
    return laid[np.argsort(angles, kind='stable')]


def _lay(room: Room, clearance_mm: float, separation_mm: float, count: int) -> FloatArray:
    """The first way to lay `count` circles, else the one with most."""
    points = room.points_mm[room.clearance_mm >= clearance_mm]
    angles = np.arctan2(points[:, 1], points[:, 0])
    best = np.empty((0, 2))
    for start in range(_START_ANGLES):
        for direction in (1, -1):
            turned = (direction * (angles - 2 * np.pi * start / _START_ANGLES)) % (2 * np.pi)
            order = np.argsort(turned, kind='stable')
            laid = _lay_in_order(points[order], separation_mm, count)
            if len(laid) > len(best):
                best = laid
            if len(best) >= count:
                return best
    return best


def _lay_in_order(points: FloatArray, separation_mm: float, count: int) -> FloatArray:
    free: npt.NDArray[np.bool_] = np.ones(len(points), dtype=bool)
    laid: list[FloatArray] = []
    while len(laid) < count and free.any():
        point = points[int(np.argmax(free))]
        laid.append(point)
        free &= np.sum((points - point) ** 2, axis=1) >= separation_mm**2
    return np.array(laid).reshape(-1, 2)


def _spread(room: Room, clearance_mm: float, diameter_mm: float, laid: FloatArray) -> FloatArray:
    """The same number of circles as far apart as they can be laid."""
    separation = _SPREAD_STEP * diameter_mm
    while separation <= _WIDEST_SPREAD * diameter_mm:
        found = _lay(room, clearance_mm, separation, len(laid))
        if len(found) < len(laid):
            break
        laid, separation = found, _SPREAD_STEP * separation
    return laid
