"""Rings of spheres that could stand on given points."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from ..core.geometry import FloatArray
from .ring import frame_through, places

CHORD_TOLERANCE_MM = 7.0
"""How far the distance of two points may be from that of their places on the ring."""

SAME_PLACE_MM = 12.0
"""Two rings whose places all agree within this are one."""

_IntArray = npt.NDArray[np.int64]


def rings_through(
    points_ras_mm: FloatArray, angles_rad: FloatArray, radius_mm: float
) -> FloatArray:
    """
    Rings that three of the points could stand on, in any orientation.

    Parameters
    ----------
    points_ras_mm : (N, 3) `numpy.ndarray` of float
        Places of hot spots.

    angles_rad : (M,) `numpy.ndarray` of float
        Angles of the spheres on the ring.

    radius_mm : float
        Radius of the ring.

    Returns
    -------
    frames : (L, 3, 3) `numpy.ndarray` of float
        As `ring.frame_through` gives them. Which sphere is where is not
        decided: of all orders that fit the three points one is taken.
    """
    distance = np.linalg.norm(points_ras_mm[:, None] - points_ras_mm, axis=-1)
    ring = radius_mm * np.stack([np.cos(angles_rad), np.sin(angles_rad)], axis=1)
    chords = np.linalg.norm(ring[:, None] - ring, axis=-1)
    frames = [
        frame_through(angles_rad[slots], points_ras_mm[three], np.ones(3), radius_mm)
        for slots in _different_triangles(chords)
        for three in _triangles(distance, chords[np.ix_(slots, slots)])
    ]
    return np.array(frames).reshape(-1, 3, 3)


def rings_over(
    pair_ras_mm: FloatArray, angles_rad: FloatArray, radius_mm: float, normal_ras: FloatArray
) -> FloatArray:
    """
    Rings across a given axis that two points could stand on.

    Parameters
    ----------
    pair_ras_mm : (2, 3) `numpy.ndarray` of float
        The points.

    angles_rad : (M,) `numpy.ndarray` of float
        Angles of the spheres on the ring.

    radius_mm : float
        Radius of the ring.

    normal_ras : (3,) `numpy.ndarray` of float
        Its axis; two points leave it open.

    Returns
    -------
    frames : (L, 3, 3) `numpy.ndarray` of float
        One or two for each pair of places as far apart as the points.
    """
    along = pair_ras_mm[1] - pair_ras_mm[0]
    aside = np.cross(normal_ras, along)
    plane = np.column_stack([v / max(float(np.linalg.norm(v)), 1e-9) for v in (along, aside)])
    ring = np.stack([np.cos(angles_rad), np.sin(angles_rad)], axis=1)
    chords = radius_mm * np.linalg.norm(ring[:, None] - ring, axis=-1)
    frames = []
    for chord in sorted(set(np.round(chords[chords > 0], 1).tolist())):
        if abs(chord - float(np.linalg.norm(along))) > CHORD_TOLERANCE_MM:
            continue
        first, second = np.argwhere(np.abs(chords - chord) < 0.1)[0]
        own_x, own_y = (ring[second] - ring[first]) * radius_mm / chords[first, second]
        middle = (ring[first] + ring[second]) / 2
        for side in (-1.0, 1.0):
            # Turns the ring so that the chord lies along the pair, on one side or the other.
            axes = radius_mm * plane @ np.array([[own_x, own_y], [-side * own_y, side * own_x]])
            center = pair_ras_mm.mean(axis=0) - axes @ middle
            frames.append(np.column_stack([center, axes]))
    return np.array(frames).reshape(-1, 3, 3)


def distinct(frames: FloatArray, angles_rad: FloatArray) -> FloatArray:
    """
    Leave out rings whose places are those of an earlier one.

    Parameters
    ----------
    frames : (N, 3, 3) `numpy.ndarray` of float
        Rings, best first.

    angles_rad : (M,) `numpy.ndarray` of float
        Angles of the spheres on the ring.

    Returns
    -------
    frames : (L, 3, 3) `numpy.ndarray` of float
        Those that differ.
    """
    all_places = places(frames, angles_rad)
    kept: list[int] = []
    for n, own in enumerate(all_places):
        apart = np.linalg.norm(all_places[kept][:, :, None] - own, axis=-1)
        if not kept or apart.min(axis=2).max(axis=1).min() > SAME_PLACE_MM:
            kept.append(n)
    return frames[kept]


def _different_triangles(chords: FloatArray) -> list[list[int]]:
    """Three places for each kind of triangle that places of the ring form."""
    kinds: dict[tuple[float, ...], list[int]] = {}
    for three in combinations(range(len(chords)), 3):
        slots = list(three)
        sides = tuple(sorted(np.round(chords[slots, np.roll(slots, 1)], 2).tolist()))
        kinds.setdefault(sides, slots)
    return list(kinds.values())


def _triangles(distance: FloatArray, wanted: FloatArray) -> list[_IntArray]:
    """Points whose mutual distances are the wanted ones, in the wanted order."""
    fits = [
        np.abs(distance - wanted[a, b]) < CHORD_TOLERANCE_MM for a, b in ((0, 1), (0, 2), (1, 2))
    ]
    found: dict[tuple[int, ...], _IntArray] = {}
    for first, second in np.argwhere(fits[0]):
        for third in np.flatnonzero(fits[1][first] & fits[2][second]):
            three = np.array([first, second, third])
            found.setdefault(tuple(sorted(three.tolist())), three)
    return list(found.values())
