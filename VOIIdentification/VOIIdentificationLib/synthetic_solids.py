"""Balls and rods as a scanner with a Gaussian PSF sees them: for `synthetic` only.

Independent on purpose of the model that is fitted to measured spheres.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.special import erf

from .geometry import FloatArray, VolumeGeometry

Point = tuple[float, float, float]
Radial = Callable[[FloatArray], FloatArray]

FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))
"""Full width at half maximum of a Gaussian over its standard deviation."""

SHARPEST_SIGMA_MM = 0.01
"""A PSF of 0 mm is computed as this one."""

REACH_SIGMAS = 6.5
"""Beyond this many standard deviations from its surface a solid leaves no trace (below 1e-9)."""

LARGEST_SHEAR = 1e-6
"""Largest cosine between two grid axes on which the PSF may differ along the axes."""

_NODES_MIN, _NODES_MAX = 3, 16
_TABLE_STEPS_PER_SIGMA = 200
_TABLE_STEP_MIN_MM = 0.002


@dataclass(frozen=True)
class PSF:
    """
    Gaussian point-spread function; axial is across the slices.

    Attributes
    ----------
    in_plane_fwhm_mm, axial_fwhm_mm : float
        Full width at half maximum, in millimeter; 0 for a perfect scanner.
    """

    in_plane_fwhm_mm: float = 6.0
    axial_fwhm_mm: float = 6.0

    def __post_init__(self) -> None:
        if not (self.in_plane_fwhm_mm >= 0 and self.axial_fwhm_mm >= 0):
            msg = f'the FWHM must be 0 mm or more, got {self}'
            raise ValueError(msg)

    @property
    def sigma_ijk_mm(self) -> FloatArray:
        """Standard deviation along i, j and k, in millimeter, never below `SHARPEST_SIGMA_MM`."""
        fwhm = (self.in_plane_fwhm_mm, self.in_plane_fwhm_mm, self.axial_fwhm_mm)
        return np.asarray(np.maximum(np.array(fwhm) / FWHM_PER_SIGMA, SHARPEST_SIGMA_MM))

    @property
    def common_sigma_mm(self) -> float:
        """The part of the blur that is the same in all directions, in millimeter."""
        return float(self.sigma_ijk_mm.min())


@dataclass(frozen=True)
class Ball:
    """
    A ball of constant activity.

    Attributes
    ----------
    center_ras_mm : tuple of float
        Center ``(r, a, s)``, in millimeter.

    diameter_mm : float
        In millimeter.

    activity : float
        What it adds to its surroundings.
    """

    center_ras_mm: Point
    diameter_mm: float
    activity: float

    @property
    def half_extent_ras_mm(self) -> FloatArray:
        """Half the edges of the box around the sharp solid, in millimeter."""
        return np.full(3, self.diameter_mm / 2)

    def seen(self, sigma_mm: float) -> Radial:
        """
        Its activity after an isotropic Gaussian blur.

        Parameters
        ----------
        sigma_mm : float
            Standard deviation of the blur.

        Returns
        -------
        value : callable
            Takes offsets from the center, ``(3, …)`` in millimeter.
        """
        radius = self.diameter_mm / 2
        profile = _table(lambda r: blurred_ball(r, radius, sigma_mm), radius, sigma_mm)
        return lambda offset: self.activity * profile(np.sqrt(np.sum(offset**2, axis=0)))


@dataclass(frozen=True)
class Rod:
    """
    A circular cylinder of constant activity.

    Attributes
    ----------
    center_ras_mm : tuple of float
        Center ``(r, a, s)``, in millimeter.

    axis_ras : tuple of float
        Unit vector along it.

    diameter_mm, length_mm : float
        In millimeter.

    activity : float
        What it adds to its surroundings.
    """

    center_ras_mm: Point
    axis_ras: Point
    diameter_mm: float
    length_mm: float
    activity: float

    @property
    def half_extent_ras_mm(self) -> FloatArray:
        """Half the edges of the box around the sharp solid, in millimeter."""
        along = np.abs(self.axis_ras)
        across = np.sqrt(np.maximum(1 - along**2, 0))
        return np.asarray(along * self.length_mm / 2 + across * self.diameter_mm / 2)

    def seen(self, sigma_mm: float) -> Radial:
        """
        Its activity after an isotropic Gaussian blur.

        Parameters
        ----------
        sigma_mm : float
            Standard deviation of the blur.

        Returns
        -------
        value : callable
            Takes offsets from the center, ``(3, …)`` in millimeter.
        """
        radius, half = self.diameter_mm / 2, self.length_mm / 2
        disc = _table(lambda r: blurred_disc(r, radius, sigma_mm), radius, sigma_mm)
        slab = _table(lambda z: blurred_slab(z, half, sigma_mm), half, sigma_mm)

        def value(offset: FloatArray) -> FloatArray:
            along = np.tensordot(self.axis_ras, offset, axes=1)
            across = np.sqrt(np.maximum(np.sum(offset**2, axis=0) - along**2, 0))
            return self.activity * disc(across) * slab(np.abs(along))

        return value


Solid = Ball | Rod


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


def add_solid(voxels: FloatArray, solid: Solid, geometry: VolumeGeometry, psf: PSF) -> None:
    """
    Add a blurred solid, averaged over the box of every voxel, to an image.

    Parameters
    ----------
    voxels : (K, J, I) `numpy.ndarray` of float
        Changed in place, only around the solid.

    solid : Ball or Rod
        What is added.

    geometry : VolumeGeometry
        Where the voxels are.

    psf : PSF
        Its blur, along the axes of the grid.
    """
    box = _box_kji(solid, geometry, psf)
    index_kji = np.meshgrid(*(np.arange(s.start, s.stop) for s in box), indexing='ij')
    index_ijk = np.stack([axis.ravel() for axis in index_kji[::-1]], axis=-1)
    offset = (geometry.position_ras_mm(index_ijk) - solid.center_ras_mm).T
    mean = _average(solid, offset, geometry, psf, geometry.spacing_ijk_mm)
    voxels[box] += mean.reshape(index_kji[0].shape)


def seen_at(
    solid: Solid, position_ras_mm: FloatArray, geometry: VolumeGeometry, psf: PSF
) -> FloatArray:
    """
    Activity of a blurred solid at points: of the continuous scene, not of voxels.

    Parameters
    ----------
    solid : Ball or Rod
        What is looked at.

    position_ras_mm : (N, 3) `numpy.ndarray` of float
        Points ``(r, a, s)``, in millimeter.

    geometry : VolumeGeometry
        Only its directions are used: those of the PSF.

    psf : PSF
        The blur.

    Returns
    -------
    activity : (N,) `numpy.ndarray` of float
        What the solid adds there.
    """
    offset = (np.asarray(position_ras_mm) - solid.center_ras_mm).T
    return _average(solid, offset, geometry, psf, np.zeros(3))


def _average(
    solid: Solid, offset: FloatArray, geometry: VolumeGeometry, psf: PSF, width_ijk_mm: FloatArray
) -> FloatArray:
    """Closed form for the common part of the blur, Gauss rules for the rest and the voxel."""
    common = psf.common_sigma_mm
    value = solid.seen(common)
    rest = np.sqrt(np.maximum(psf.sigma_ijk_mm**2 - common**2, 0))
    _require_axes_for(rest, geometry)
    rules = [_rule(float(w), float(s), common) for w, s in zip(width_ijk_mm, rest, strict=True)]
    unit = geometry.axes_ras_mm / geometry.spacing_ijk_mm
    total = np.zeros(offset.shape[1:])
    for steps in product(*(zip(*rule, strict=True) for rule in rules)):
        shift = unit @ [node for node, _ in steps]
        weight = np.prod([weight for _, weight in steps])
        total += weight * value(offset + shift[:, None])
    return total


def _require_axes_for(rest_mm: FloatArray, geometry: VolumeGeometry) -> None:
    unit = geometry.axes_ras_mm / geometry.spacing_ijk_mm
    shear = np.abs(unit.T @ unit - np.eye(3)).max()
    if rest_mm.any() and shear > LARGEST_SHEAR:
        msg = f'a PSF that differs in plane and axially needs orthogonal axes, got shear {shear:g}'
        raise ValueError(msg)


@lru_cache(maxsize=64)
def _rule(width_mm: float, sigma_mm: float, smooth_mm: float) -> tuple[FloatArray, FloatArray]:
    """Gauss rule (nodes, weights) for a box convolved with a Gaussian, on functions this smooth."""
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


def _table(profile: Radial, radius_mm: float, sigma_mm: float) -> Radial:
    """The profile by linear interpolation in a fine table (within 3e-6); 0 beyond its reach."""
    step = max(sigma_mm / _TABLE_STEPS_PER_SIGMA, _TABLE_STEP_MIN_MM)
    r = np.arange(0, radius_mm + REACH_SIGMAS * sigma_mm + 2 * step, step)
    values = profile(r)
    return lambda distance: np.interp(distance, r, values, right=0.0)


def _box_kji(solid: Solid, geometry: VolumeGeometry, psf: PSF) -> tuple[slice, slice, slice]:
    """The voxels that the blurred solid may touch, cut to the image."""
    half = solid.half_extent_ras_mm + REACH_SIGMAS * psf.sigma_ijk_mm.max()
    signs = np.array(list(product((-1, 1), repeat=3)))
    corners = geometry.index_ijk(solid.center_ras_mm + signs * half)
    low = np.floor(corners.min(axis=0)).astype(int)
    high = np.ceil(corners.max(axis=0)).astype(int) + 1
    low, high = np.clip(low, 0, geometry.size_ijk), np.clip(high, 0, geometry.size_ijk)
    k, j, i = (slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))
    return k, j, i
