"""How well an image agrees with spheres on given places, in one order or any."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.optimize import linear_sum_assignment

from ..core.geometry import FloatArray, VolumeGeometry
from ..sphere_fit.model import FWHM_PER_SIGMA

IntArray = npt.NDArray[np.int64]

_ALIKE_CHORDS = 0.12
"""Chords, in units of the radius, that points cannot tell apart: `CHORD_TOLERANCE_MM` at 57 mm."""

NEIGHBORHOOD_MM = 24.0
"""Around each place the image is compared; the places are 57 mm apart, the phantom's edge 30 mm."""

BLURS_MM = (6.0, 8.0, 11.0, 15.0)
"""FWHM of the compared images, with the blur by the coarse voxels; the best one counts."""

_STEP_MM = 0.25

_RIM_MM = 10.0
"""Around spheres too large for the neighborhood the image is compared this far."""

_REACH_MM = 20.0
"""A blurred sphere is nothing farther from its surface."""

_CONTRASTS = (0.1, 0.3, 0.5, 0.7, 0.85, 0.95, 1.0)
"""Common contrasts from which an assignment starts: quantiles of those of single spheres."""

_MAX_ROUNDS = 3
"""Assignment and contrast are found in turn."""


TINY = float(np.finfo(float).tiny)
"""Keeps what is empty from a division by zero."""


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

    Attributes
    ----------
    has_large : bool
        Whether a sphere is too large for its neighborhood and all are hot:
        then the best rings are compared again by `match_together`.
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
        largest_mm = float(diameters_mm.max()) / 2
        self._wide_offsets = _ball_offsets(geometry, largest_mm + _RIM_MM)
        self.has_large = largest_mm > NEIGHBORHOOD_MM and bool(np.all(hot))
        radii = np.arange(0.0, max(NEIGHBORHOOD_MM, largest_mm) + _REACH_MM, _STEP_MM)
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
        sums = self._all_sums(places_ras_mm)
        if sums is None:
            return None
        squares, values, total = sums
        place = np.arange(len(places_ras_mm))
        # For each blur and order: per place the products with the template it would have.
        own = values[place, :, self._orders]
        norm = squares[place, :, self._orders]
        return self._best_of(self._gains(own, norm).max(axis=1), total)

    def _best_of(self, by_order: FloatArray, total: float) -> RingMatch | None:
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

    def match_together(self, places_ras_mm: FloatArray) -> RingMatch | None:
        """
        Compare one ring with the image where spheres reach into each other's neighborhoods.

        Parameters
        ----------
        places_ras_mm : (N, 3) `numpy.ndarray` of float
            Places of its spheres, all hot.

        Returns
        -------
        match : RingMatch or None
            As from `match`; all spheres of an order are one template with one
            contrast, compared over the voxels near any place at once.
        """
        voxels_ijk, values = self._around(places_ras_mm)
        positions = self._geometry.position_ras_mm(voxels_ijk)
        radius = np.linalg.norm(positions[:, None] - places_ras_mm, axis=-1)
        step = np.minimum(np.rint(radius / _STEP_MM), self._profiles.shape[-1] - 1)
        spheres = self._profiles[..., step.astype(np.int64)]  # blur, sphere, voxel, place
        gains = np.zeros((len(self._orders), len(BLURS_MM)))
        place = np.arange(len(places_ras_mm))
        for row, order in zip(gains, self._orders, strict=True):
            templates = spheres[:, order, :, place].sum(axis=0)
            templates -= templates.mean(axis=1, keepdims=True)
            row[:] = np.maximum(templates @ values, 0.0) ** 2 / np.sum(templates**2, axis=1)
        return self._best_of(gains.max(axis=1), float(values @ values))

    def explained_in_any_order(self, places_ras_mm: FloatArray) -> float:
        """
        Compare places with the image, whichever sphere stands on each, hot, cold or none.

        Parameters
        ----------
        places_ras_mm : (N, 3) `numpy.ndarray` of float
            Places on a ring.

        Returns
        -------
        explained : float
            Part of the image's variance around the places that spheres of one
            common contrast explain in the best assignment; 0 if a place
            is out of the image.
        """
        sums = self._all_sums(places_ras_mm)
        if sums is None or not sums[2] > 0:
            return 0.0
        squares, values, total = sums
        gains = [_free_gain(squares[:, b], values[:, b]) for b in range(len(BLURS_MM))]
        return max(gains) / total

    def _all_sums(self, places_ras_mm: FloatArray) -> tuple[FloatArray, FloatArray, float] | None:
        """Template squares and products with the image, (place, blur, sphere); total variance."""
        sums = [self._sums(place) for place in places_ras_mm]
        known = [one for one in sums if one is not None]
        if len(known) < len(sums):
            return None
        squares, values = (np.array([one[n] for one in known]) for n in range(2))
        return squares, values, float(sum(one[2] for one in known))

    def _around(self, places_ras_mm: FloatArray) -> tuple[IntArray, FloatArray]:
        """Voxels (i, j, k) near any place, each once; their values over the mean."""
        nearest = np.rint(self._geometry.index_ijk(places_ras_mm)).astype(np.int64)
        voxels_ijk = (nearest[:, None] + self._wide_offsets).reshape(-1, 3)
        inside = np.all((voxels_ijk >= 0) & (voxels_ijk < self._geometry.size_ijk), axis=1)
        flat = np.unique(np.ravel_multi_index(voxels_ijk[inside].T[::-1], self._voxels.shape))
        values = self._voxels.ravel()[flat].astype(float)
        k, j, i = np.unravel_index(flat, self._voxels.shape)
        return np.stack([i, j, k], axis=-1), values - values.mean()

    def _gains(self, own: FloatArray, norm: FloatArray) -> FloatArray:
        """Explained sum of squares; shape (orders, blurs)."""
        hot = self._hot[self._orders][..., None]
        gains = np.zeros((own.shape[0], own.shape[2]))
        for group, sign in ((hot, 1.0), (~hot, -1.0)):
            if not group.any():
                continue
            product = np.sum(own * group, axis=1)
            square = np.maximum(np.sum(norm * group, axis=1), TINY)
            contrast = np.maximum(sign * product / square, 0.0)
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


def _free_gain(squares: FloatArray, values: FloatArray) -> float:
    """What the best assignment explains; (place, sphere) with one contrast for all hot ones."""
    own = values / np.maximum(squares, TINY)
    cold = np.where(values < 0, values * own, 0.0)
    nothing = np.zeros((len(values), len(values)))
    best = 0.0
    for start in np.quantile(own[own > 0], _CONTRASTS) if np.any(own > 0) else ():
        contrast = float(start)
        for _ in range(_MAX_ROUNDS):
            hot = (2 * values - contrast * squares) * contrast
            gains = np.concatenate([np.maximum(hot, cold), nothing], axis=1)
            rows, columns = linear_sum_assignment(-gains)
            best = max(best, float(gains[rows, columns].sum()))
            sphere = columns < squares.shape[1]
            at = rows[sphere], columns[sphere]
            warm = hot[at] > cold[at]
            if not warm.any():
                break
            contrast = float(values[at][warm].sum() / squares[at][warm].sum())
    return best


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
