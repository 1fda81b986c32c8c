"""
The PSF of synthetic images: simple shapes, blurred, in closed form.

For `synthetic` only; independent on purpose of the model that is fitted to
measured spheres.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.special import erf

from ..core.geometry import FloatArray, VolumeGeometry

FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))
"""Full width at half maximum of a Gaussian over its standard deviation."""

MIN_SIGMA_MM = 0.01
"""A PSF of 0 mm is computed as this one."""

REACH_SIGMAS = 6.5
"""Beyond this many standard deviations from its surface a solid leaves no trace (below 1e-9)."""

_NODES_MIN, _NODES_MAX = 3, 16

_STEP_MM = 0.5
"""Pixel of the table in which the outline is blurred."""

_SUBSAMPLES = 4
"""Points per table pixel and axis that decide how much of it lies inside."""


@dataclass(frozen=True)
class PSF:
    """
    Gaussian point-spread function; axial is across the slices.

    Attributes
    ----------
    in_plane_fwhm_mm, axial_fwhm_mm : float
        Full width at half maximum, in millimeter; 0 for a perfect scanner.

    overshoot : float
        Part of a Gaussian twice as wide that is taken off, and added again to
        the narrow one: edges then ring, as after a reconstruction that
        models the PSF.
    """

    in_plane_fwhm_mm: float = 6.0
    axial_fwhm_mm: float = 6.0
    overshoot: float = 0.0

    def __post_init__(self) -> None:
        if not (self.in_plane_fwhm_mm >= 0 and self.axial_fwhm_mm >= 0):
            msg = f'the FWHM must be 0 mm or more, got {self}'
            raise ValueError(msg)

    @property
    def sigma_ijk_mm(self) -> FloatArray:
        """Standard deviation along i, j and k, in millimeter, never below `MIN_SIGMA_MM`."""
        fwhm = (self.in_plane_fwhm_mm, self.in_plane_fwhm_mm, self.axial_fwhm_mm)
        return np.asarray(np.maximum(np.array(fwhm) / FWHM_PER_SIGMA, MIN_SIGMA_MM))

    @property
    def gaussians(self) -> tuple[tuple[float, PSF], ...]:
        """The Gaussians it is made of, each with its weight; the weights add up to 1."""
        narrow = PSF(self.in_plane_fwhm_mm, self.axial_fwhm_mm)
        if self.overshoot == 0:
            return ((1.0, narrow),)
        wide = PSF(2 * self.in_plane_fwhm_mm, 2 * self.axial_fwhm_mm)
        return ((1 + self.overshoot, narrow), (-self.overshoot, wide))

    @property
    def common_sigma_mm(self) -> float:
        """The part of the blur that is the same in all directions, in millimeter."""
        return float(self.sigma_ijk_mm.min())


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


def blurred_ball(r_mm: npt.ArrayLike, radius_mm: float, sigma_mm: float) -> FloatArray:
    r"""
    Closed form of a ball of activity 1 after an isotropic Gaussian blur.

    Parameters
    ----------
    r_mm : array_like of float
        Distance from the center, not negative.

    radius_mm : float
        Radius of the ball.

    sigma_mm : float
        Standard deviation of the blur, above 0.

    Returns
    -------
    value : `numpy.ndarray` of float
        Same shape as `r_mm`.

    Notes
    -----
    .. math::

        g(r) = \frac12\left[\operatorname{erf}\frac{R - r}{\sqrt2 \sigma}
             + \operatorname{erf}\frac{R + r}{\sqrt2 \sigma}\right]
             - \frac{\sigma}{\sqrt{2\pi}\, r}
             \left[e^{-(R - r)^2 / 2\sigma^2} - e^{-(R + r)^2 / 2\sigma^2}\right]
    """
    r = np.maximum(np.asarray(r_mm, dtype=float), 1e-4 * sigma_mm)  # 0/0 at the center
    inner, outer = (radius_mm - r) / sigma_mm, (radius_mm + r) / sigma_mm
    edge = (erf(inner / np.sqrt(2)) + erf(outer / np.sqrt(2))) / 2
    curved = np.exp(-(inner**2) / 2) * -np.expm1(-2 * radius_mm * r / sigma_mm**2)
    return np.asarray(edge - sigma_mm / (np.sqrt(2 * np.pi) * r) * curved)


def blurred_disc(r_mm: npt.ArrayLike, radius_mm: float, sigma_mm: float) -> FloatArray:
    """
    A disc of activity 1 in the plane after a Gaussian blur.

    Parameters
    ----------
    r_mm : array_like of float
        Distance from the center.

    radius_mm : float
        Radius of the disc.

    sigma_mm : float
        Standard deviation of the blur, above 0.

    Returns
    -------
    value : `numpy.ndarray` of float
        Same shape as `r_mm`; within 1e-9: the blurred chords, integrated by a
        64-point Gauss rule.
    """
    r = np.asarray(r_mm, dtype=float)[..., None]
    limit = np.arcsin(min(1.0, (REACH_SIGMAS + 1) * sigma_mm / radius_mm))
    node, weight = np.polynomial.legendre.leggauss(64)
    y, half_chord = radius_mm * np.sin(node * limit), radius_mm * np.cos(node * limit)
    across = np.exp(-((y / sigma_mm) ** 2) / 2) / (np.sqrt(2 * np.pi) * sigma_mm)
    root2 = np.sqrt(2) * sigma_mm
    chord = (erf((half_chord - r) / root2) + erf((half_chord + r) / root2)) / 2
    return np.asarray(chord @ (weight * limit * half_chord * across))


def blurred_slab(z_mm: npt.ArrayLike, half_mm: float, sigma_mm: float) -> FloatArray:
    """
    An interval of activity 1 after a Gaussian blur.

    Parameters
    ----------
    z_mm : array_like of float
        Distance from the middle.

    half_mm : float
        Half the length of the interval.

    sigma_mm : float
        Standard deviation of the blur, above 0.

    Returns
    -------
    value : `numpy.ndarray` of float
        Same shape as `z_mm`.
    """
    z, root2 = np.asarray(z_mm, dtype=float), np.sqrt(2) * sigma_mm
    return np.asarray((erf((half_mm - z) / root2) + erf((half_mm + z) / root2)) / 2)


@lru_cache(maxsize=64)
def averaging_rule(
    width_mm: float, sigma_mm: float, smooth_mm: float
) -> tuple[FloatArray, FloatArray]:
    """
    Gauss rule for a box convolved with a Gaussian.

    Parameters
    ----------
    width_mm : float
        Of the box; 0 for none.

    sigma_mm : float
        Standard deviation of the Gaussian; 0 for none.

    smooth_mm : float
        Standard deviation of the blur of the functions that are averaged:
        the smoother, the fewer nodes are needed.

    Returns
    -------
    nodes, weights : (N,) `numpy.ndarray` of float
        Positions in millimeter; the weights add up to 1.
    """
    spread = np.hypot(width_mm, np.sqrt(12) * sigma_mm)
    if spread == 0:
        return np.zeros(1), np.ones(1)
    count = int(np.clip(np.ceil(2 + 1.2 * spread / smooth_mm), _NODES_MIN, _NODES_MAX))
    box, box_weight = np.polynomial.legendre.leggauss(32)
    bell, bell_weight = np.polynomial.hermite.hermgauss(32)
    if sigma_mm == 0:
        bell, bell_weight = np.zeros(1), np.ones(1)
    x = np.add.outer(box * width_mm / 2, bell * np.sqrt(2) * sigma_mm).ravel() / spread
    nodes, weights = _gauss_nodes(x, np.outer(box_weight, bell_weight).ravel(), count)
    return nodes * spread, weights


def _gauss_nodes(x: FloatArray, mass: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """Gauss rule of a discrete symmetric measure, by Lanczos (Golub and Welsch 1969)."""
    basis = [np.sqrt(mass / mass.sum())]
    beta: list[float] = []
    for _ in range(count - 1):
        rest = x * basis[-1]
        for _ in range(2):  # twice is enough against rounding
            rest -= np.array(basis).T @ (np.array(basis) @ rest)
        beta.append(float(np.linalg.norm(rest)))
        basis.append(rest / beta[-1])
    nodes, vectors = np.linalg.eigh(np.diag(beta, 1) + np.diag(beta, -1))
    return nodes, vectors[0] ** 2


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
