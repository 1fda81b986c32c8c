"""The body of the synthetic phantom: its outline, blurred."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from ..core.geometry import FloatArray, VolumeGeometry
from .psf import PSF, REACH_SIGMAS, blurred_slab

_STEP_MM = 0.5
"""Pixel of the table in which the outline is blurred."""

_SUBSAMPLES = 4
"""Points per table pixel and axis that decide how much of it lies inside."""


@dataclass(frozen=True)
class Body:
    """
    The interior of the phantom's shell, around the middle of the ring.

    Its axis is the z of the phantom's own frame; the spheres lie at z = 0 and
    the flat side of a D lies toward -y.

    Attributes
    ----------
    outline : {'D', 'ellipse'}
        A D is half a disc over a rectangle with round lower corners.

    width_mm, height_mm : float
        Largest extent along x and y, in millimeter [1]_.

    length_mm : float
        Along z, in millimeter [2]_.

    lid_mm : float
        From the plane of the spheres to the inside of the lid, toward +z [1]_.

    References
    ----------
    .. [1] OpenGATE's model of the IEC body phantom: interior about 290 x 221 mm,
       spheres 70 mm below the lid.
    .. [2] Data Spectrum: 194 mm.
    """

    outline: Literal['D', 'ellipse'] = 'D'
    width_mm: float = 290.0
    height_mm: float = 221.0
    length_mm: float = 194.0
    lid_mm: float = 70.0

    @property
    def middle_z_mm(self) -> float:
        """Middle of the interior along z, in millimeter."""
        return self.lid_mm - self.length_mm / 2

    def contains(self, x_mm: FloatArray, y_mm: FloatArray) -> FloatArray:
        """
        Whether points lie inside the sharp outline.

        Parameters
        ----------
        x_mm, y_mm : `numpy.ndarray` of float
            In the phantom's own frame; broadcast against each other.

        Returns
        -------
        inside : `numpy.ndarray` of bool
            The broadcast shape.
        """
        half, top = self.width_mm / 2, self.height_mm / 2
        if self.outline == 'ellipse':
            return np.asarray((x_mm / half) ** 2 + (y_mm / top) ** 2 <= 1)
        corner = self.height_mm - half
        y = y_mm - (top - half)  # from the flat side of the half disc
        past_x = np.maximum(np.abs(x_mm) - (half - corner), 0)
        round_corner = past_x**2 + y**2 <= corner**2
        in_box = (np.abs(x_mm) <= half - corner) & (y >= -corner)
        return np.where(y >= 0, x_mm**2 + y**2 <= half**2, round_corner | in_box)

    def seen(self, points_mm: FloatArray, psf: PSF) -> FloatArray:
        """
        The body with activity 1 after a Gaussian blur.

        Parameters
        ----------
        points_mm : (..., 3) `numpy.ndarray` of float
            In the phantom's own frame.

        psf : PSF
            The blur, taken along the phantom's axes.

        Returns
        -------
        value : (...) `numpy.ndarray` of float
            1 within 1e-9 further inside than `REACH_SIGMAS`.
        """
        total = np.zeros(points_mm.shape[:-1])
        for weight, gaussian in psf.gaussians:
            across, _, along = gaussian.sigma_ijk_mm
            table, first_xy = _blurred_outline(self, float(across))
            total += weight * self._looked_up(points_mm, table, first_xy, float(along))
        return total

    def on_grid(self, geometry: VolumeGeometry, to_own: FloatArray, psf: PSF) -> FloatArray:
        """
        The body with activity 1 on every voxel of an image.

        Parameters
        ----------
        geometry : VolumeGeometry
            The grid.

        to_own : (4, 4) `numpy.ndarray` of float
            From RAS to the phantom's own frame.

        psf : PSF
            The blur, taken along the phantom's axes.

        Returns
        -------
        value : (K, J, I) `numpy.ndarray` of float
            Averaged over the voxels: the box of a voxel is taken as a
            Gaussian of the same variance. That is good within 1 % at the
            surface and exact further inside than `REACH_SIGMAS`.
        """
        values = np.zeros(geometry.shape_kji)
        for weight, gaussian in psf.gaussians:
            values += weight * self._gaussian_on_grid(geometry, to_own, gaussian)
        return values

    def _gaussian_on_grid(
        self, geometry: VolumeGeometry, to_own: FloatArray, psf: PSF
    ) -> FloatArray:
        box = geometry.spacing_ijk_mm**2 / 12
        sigma = np.sqrt(psf.sigma_ijk_mm**2 + (box[:2].mean(), box[:2].mean(), box[2]))
        table, first_xy = _blurred_outline(self, float(sigma[0]))
        own = VolumeGeometry(geometry.shape_kji, to_own @ geometry.ijk_to_ras)
        depth, height, width = geometry.shape_kji
        j, i = np.mgrid[:height, :width]
        plane = own.position_ras_mm(np.stack([i, j, np.zeros_like(i)], axis=-1))
        values = np.zeros(geometry.shape_kji)
        for k in range(depth):
            points = plane + k * own.axes_ras_mm[:, 2]
            values[k] = self._looked_up(points, table, first_xy, float(sigma[2]))
        return values

    def _looked_up(
        self, points_mm: FloatArray, table: FloatArray, first_xy: FloatArray, sigma_mm: float
    ) -> FloatArray:
        along = blurred_slab(
            np.abs(points_mm[..., 2] - self.middle_z_mm), self.length_mm / 2, sigma_mm
        )
        if not along.any():
            return along
        index = np.moveaxis((points_mm[..., :2] - first_xy) / _STEP_MM, -1, 0)
        return np.asarray(along * map_coordinates(table, index[::-1], order=1, mode='constant'))


@lru_cache(maxsize=4)
def _blurred_outline(body: Body, sigma_mm: float) -> tuple[FloatArray, FloatArray]:
    """Table ``(y, x)`` of the blurred outline, and the position of its first pixel."""
    half = np.array([body.width_mm, body.height_mm]) / 2 + REACH_SIGMAS * sigma_mm + _STEP_MM
    count = 2 * np.ceil(half / _STEP_MM).astype(int) + 1
    x, y = (_STEP_MM * (np.arange(n) - n // 2) for n in count)
    fine = (np.arange(_SUBSAMPLES) + 0.5) / _SUBSAMPLES - 0.5
    share = np.zeros((y.size, x.size))
    for dx in fine * _STEP_MM:
        for dy in fine * _STEP_MM:
            share += body.contains(x + dx, (y + dy)[:, None])
    blurred = gaussian_filter(
        share / _SUBSAMPLES**2, sigma_mm / _STEP_MM, mode='constant', truncate=REACH_SIGMAS
    )
    return blurred, np.array([x[0], y[0]])
