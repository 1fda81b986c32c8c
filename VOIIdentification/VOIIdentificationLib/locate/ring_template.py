"""Which sphere of a ring is where: compare the image with what each order would look like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..core.geometry import FloatArray, VolumeGeometry
from ..sphere_fit.model import FWHM_PER_SIGMA, blurred_ball
from .ring_candidates import symmetries

NEIGHBORHOOD_MM = 24.0
"""Around each place the image is compared; the places are 57 mm apart, the body's edge 30 mm."""

BLURS_MM = (6.0, 8.0, 11.0)
"""FWHM of the compared images, with the blur by the coarse voxels; the best one counts."""

_STEP_MM = 0.25


@dataclass(frozen=True, eq=False)
class RingMatch:
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

    signal : float
        Contrast of the hot spheres, in the image's unit.
    """

    order: npt.NDArray[np.int64]
    explained: float
    margin: float
    signal: float


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
        gains, signals = self._gains(own, norm)
        by_order = gains.max(axis=1)
        best, second = np.argsort(by_order)[::-1][:2] if len(by_order) > 1 else (0, 0)
        gain = float(by_order[best])
        if not gain > 0 or not total > 0:
            return None
        rest = max(total - gain, 1e-6 * total)
        return RingMatch(
            order=self._orders[best],
            explained=gain / total,
            margin=(gain - float(by_order[second])) / rest if best != second else np.inf,
            signal=float(signals[best, gains[best].argmax()]),
        )

    def _gains(self, own: FloatArray, norm: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Explained sum of squares and hot contrast; shape (orders, blurs)."""
        hot = self._hot[self._orders][..., None]
        gains = np.zeros((own.shape[0], own.shape[2]))
        signals = gains
        for group, sign in ((hot, 1.0), (~hot, -1.0)):
            if not group.any():
                continue
            product = np.sum(own * group, axis=1)
            contrast = np.maximum(sign * product / np.sum(norm * group, axis=1), 0.0)
            gains = gains + np.where(contrast > 0, contrast * sign * product, -np.inf)
            signals = contrast if sign > 0 else signals
        return gains, signals

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


def _ball_offsets(geometry: VolumeGeometry, radius_mm: float) -> npt.NDArray[np.int64]:
    """Index offsets (i, j, k) of the voxels within a distance."""
    reach = np.ceil(radius_mm * np.linalg.norm(np.linalg.inv(geometry.axes_ras_mm), axis=1))
    axes = [np.arange(-r, r + 1) for r in reach.astype(np.int64)]
    offsets = np.stack(np.meshgrid(*axes, indexing='ij'), axis=-1).reshape(-1, 3)
    distance = np.linalg.norm(offsets @ geometry.axes_ras_mm.T, axis=1)
    return np.asarray(offsets[distance <= radius_mm])
