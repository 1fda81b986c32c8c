"""Rings of spheres that could stand on given points."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special

from ..core.geometry import FloatArray, VolumeGeometry
from ..sphere_fit.model import FWHM_PER_SIGMA
from .ring import frame_through, places

CHORD_TOLERANCE_MM = 7.0
"""How far the distance of two points may be from that of their places on the ring."""

_ALIKE_CHORDS = 0.12
"""Chords, in units of the radius, that points cannot tell apart: `CHORD_TOLERANCE_MM` at 57 mm."""

SAME_PLACE_MM = 12.0
"""Two rings whose places all agree within this are one."""

IntArray = npt.NDArray[np.int64]

NEIGHBORHOOD_MM = 24.0
"""Around each place the image is compared; the places are 57 mm apart, the phantom's edge 30 mm."""

BLURS_MM = (6.0, 8.0, 11.0)
"""FWHM of the compared images, with the blur by the coarse voxels; the best one counts."""

_STEP_MM = 0.25


class RingMatch(NamedTuple):
    """
    How well an image agrees with a ring in its best order.

    Attributes
    ----------
    order : (N,) `numpy.ndarray` of int
        Which sphere is on each place.

    explained : float
        Part of the image's variance around the places that the spheres explain.

    margin : float
        By how much the best order explains more than the second, in parts of
        what it leaves unexplained.
    """

    order: npt.NDArray[np.int64]
    explained: float
    margin: float


class RingMatcher:
    """
    Compares rings with one image.

    Parameters
    ----------
    voxels : (K, J, I) `numpy.ndarray` of float32
        The image, coarse.

    geometry : VolumeGeometry
        Its grid.

    diameters_mm : (N,) `numpy.ndarray` of float
        Of the spheres.

    hot : (N,) `numpy.ndarray` of bool
        False for cold ones.

    angles_rad : (N,) `numpy.ndarray` of float
        On the ring.
    """

    def __init__(
        self,
        voxels: npt.NDArray[np.float32],
        geometry: VolumeGeometry,
        *,
        diameters_mm: FloatArray,
        hot: npt.NDArray[np.bool_],
        angles_rad: FloatArray,
    ) -> None:
        self._voxels = voxels
        self._geometry = geometry
        self._hot = hot
        self._orders = symmetries(angles_rad)
        self._offsets = _ball_offsets(geometry, NEIGHBORHOOD_MM)
        radii = np.arange(0.0, NEIGHBORHOOD_MM + 20.0, _STEP_MM)
        self._profiles = np.array(
            [
                [blurred_ball(radii, d / 2, fwhm / FWHM_PER_SIGMA) for d in diameters_mm]
                for fwhm in BLURS_MM
            ]
        )

    def match(self, places_ras_mm: FloatArray) -> RingMatch | None:
        """
        Compare one ring with the image.

        Parameters
        ----------
        places_ras_mm : (N, 3) `numpy.ndarray` of float
            Places of its spheres.

        Returns
        -------
        match : RingMatch or None
            The best order; None if the ring reaches out of the image, or its
            spheres would have the wrong sign.
        """
        sums = [self._sums(place) for place in places_ras_mm]
        if any(s is None for s in sums):
            return None
        squares = np.array([s[0] for s in sums if s is not None])
        values = np.array([s[1] for s in sums if s is not None])
        total = float(sum(s[2] for s in sums if s is not None))
        place = np.arange(len(places_ras_mm))
        # For each blur and order: per place the products with the template it would have.
        own = values[place, :, self._orders]
        norm = squares[place, :, self._orders]
        by_order = self._gains(own, norm).max(axis=1)
        best, second = np.argsort(by_order)[::-1][:2] if len(by_order) > 1 else (0, 0)
        gain = float(by_order[best])
        if not gain > 0 or not total > 0:
            return None
        rest = max(total - gain, 1e-6 * total)
        return RingMatch(
            order=self._orders[best],
            explained=gain / total,
            margin=(gain - float(by_order[second])) / rest if best != second else np.inf,
        )

    def _gains(self, own: FloatArray, norm: FloatArray) -> FloatArray:
        """Explained sum of squares; shape (orders, blurs)."""
        hot = self._hot[self._orders][..., None]
        gains = np.zeros((own.shape[0], own.shape[2]))
        for group, sign in ((hot, 1.0), (~hot, -1.0)):
            if not group.any():
                continue
            product = np.sum(own * group, axis=1)
            contrast = np.maximum(sign * product / np.sum(norm * group, axis=1), 0.0)
            gains = gains + np.where(contrast > 0, contrast * sign * product, -np.inf)
        return gains

    def _sums(self, place: FloatArray) -> tuple[FloatArray, FloatArray, float] | None:
        """Of one place: template squares and products with the image, (blur, sphere); variance."""
        index = self._geometry.index_ijk(place)
        nearest = np.rint(index).astype(np.int64)
        voxels_ijk = nearest + self._offsets
        inside = np.all((voxels_ijk >= 0) & (voxels_ijk < self._geometry.size_ijk), axis=1)
        if inside.mean() < 0.7:
            return None
        voxels_ijk = voxels_ijk[inside]
        radius = np.linalg.norm((voxels_ijk - index) @ self._geometry.axes_ras_mm.T, axis=1)
        i, j, k = voxels_ijk.T
        values = self._voxels[k, j, i].astype(float)
        values -= values.mean()
        part = radius / _STEP_MM
        low = part.astype(np.int64)
        part -= low
        templates = self._profiles[..., low] * (1 - part) + self._profiles[..., low + 1] * part
        templates -= templates.mean(axis=-1, keepdims=True)
        return (
            np.sum(templates**2, axis=-1),
            templates @ values,
            float(values @ values),
        )


def symmetries(angles_rad: FloatArray) -> IntArray:
    """
    Ways to hand out the spheres to the places that only the image can tell apart.

    Parameters
    ----------
    angles_rad : (N,) `numpy.ndarray` of float
        Angles on the ring.

    Returns
    -------
    orders : (M, N) `numpy.ndarray` of int
        ``orders[m, n]`` is the sphere on place n; six in steps of 60 degrees
        have twelve such orders, and still have them if the steps are a few
        degrees off.

    Notes
    -----
    Only turns and reflections of the order round the ring can keep the
    distances between places, so that 2 N orders are tried and not N!.
    """
    ring = np.stack([np.cos(angles_rad), np.sin(angles_rad)], axis=1)
    distance = np.linalg.norm(ring[:, None] - ring, axis=-1)
    around = np.argsort(np.mod(angles_rad, 2 * np.pi))
    count = len(around)
    orders = np.empty((2 * count, count), dtype=np.int64)
    for turn in range(count):
        orders[turn, around] = np.roll(around, turn)
        orders[count + turn, around] = np.roll(around[::-1], turn)
    change = np.abs(distance[orders[:, :, None], orders[:, None, :]] - distance)
    return np.asarray(np.unique(orders[change.max(axis=(1, 2)) < _ALIKE_CHORDS], axis=0))


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


def _triangles(distance: FloatArray, wanted: FloatArray) -> list[IntArray]:
    """Points whose mutual distances are the wanted ones, in the wanted order."""
    fits = [
        np.abs(distance - wanted[a, b]) < CHORD_TOLERANCE_MM for a, b in ((0, 1), (0, 2), (1, 2))
    ]
    found: dict[tuple[int, ...], IntArray] = {}
    for first, second in np.argwhere(fits[0]):
        for third in np.flatnonzero(fits[1][first] & fits[2][second]):
            three = np.array([first, second, third])
            found.setdefault(tuple(sorted(three.tolist())), three)
    return list(found.values())


def _ball_offsets(geometry: VolumeGeometry, radius_mm: float) -> npt.NDArray[np.int64]:
    """Index offsets (i, j, k) of the voxels within a distance."""
    reach = np.ceil(radius_mm * np.linalg.norm(np.linalg.inv(geometry.axes_ras_mm), axis=1))
    axes = [np.arange(-r, r + 1) for r in reach.astype(np.int64)]
    offsets = np.stack(np.meshgrid(*axes, indexing='ij'), axis=-1).reshape(-1, 3)
    distance = np.linalg.norm(offsets @ geometry.axes_ras_mm.T, axis=1)
    return np.asarray(offsets[distance <= radius_mm])


def blurred_ball(
    distance_mm: FloatArray, radius_mm: FloatArray | float, sigma_mm: float
) -> FloatArray:
    """
    Unit ball convolved with an isotropic Gaussian, in closed form.

    Parameters
    ----------
    distance_mm : `numpy.ndarray` of float
        From the center, in millimeter.

    radius_mm : float or `numpy.ndarray` of float
        Of the ball, in millimeter; broadcasts against `distance_mm`.

    sigma_mm : float
        Standard deviation of the Gaussian along each axis, in millimeter.

    Returns
    -------
    values : `numpy.ndarray` of float
        1 well inside, 0 well outside.
    """
    r = np.maximum(distance_mm, 1e-3)
    width = sigma_mm * np.sqrt(2)
    outer, inner = (r + radius_mm) / width, (r - radius_mm) / width
    step = (special.erf(outer) - special.erf(inner)) / 2
    rim = sigma_mm / (r * np.sqrt(2 * np.pi)) * (np.exp(-(outer**2)) - np.exp(-(inner**2)))
    return np.asarray(step + rim)
