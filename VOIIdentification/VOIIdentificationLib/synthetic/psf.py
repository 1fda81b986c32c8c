"""
The PSF of synthetic images: simple shapes, blurred, in closed form.

For `synthetic` only; independent on purpose of the model that is fitted to
measured spheres.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import erf

from ..core.geometry import FloatArray

FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))
"""Full width at half maximum of a Gaussian over its standard deviation."""

MIN_SIGMA_MM = 0.01
"""A PSF of 0 mm is computed as this one."""

REACH_SIGMAS = 6.5
"""Beyond this many standard deviations from its surface a solid leaves no trace (below 1e-9)."""

_NODES_MIN, _NODES_MAX = 3, 16


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
