"""
Balls in closed form, for judging the fit: nothing here touches the library's model.

The profile of a ball convolved with an isotropic Gaussian is known (error
functions and exponentials); voxels average it at Gauss-Legendre points; an
axial blur wider than the one in plane is a weighted sum of shifted balls.
"""

import numpy as np
from scipy import special

FWHM_PER_SIGMA = 2.3548200450309493


def blurred_ball(distance_mm, radius_mm, sigma_mm):
    """Value at a distance from the center of a unit ball blurred by a Gaussian."""
    r = np.maximum(distance_mm, 1e-6)
    s = sigma_mm
    plus, minus = (r + radius_mm) / (s * np.sqrt(2)), (r - radius_mm) / (s * np.sqrt(2))
    edge = s / (r * np.sqrt(2 * np.pi)) * (np.exp(-(plus**2)) - np.exp(-(minus**2)))
    return 0.5 * (special.erf(plus) - special.erf(minus)) + edge


def voxel_positions(geometry):
    """Positions of all voxel centers; shape (K, J, I, 3)."""
    k, j, i = np.indices(geometry.shape_kji)
    return geometry.position_ras_mm(np.stack([i, j, k], axis=-1))


def voxel_points(geometry, order):
    """Offsets within a voxel, in millimeter, and weights of Gauss-Legendre points."""
    x, w = np.polynomial.legendre.leggauss(order)
    ijk = np.stack(np.meshgrid(x / 2, x / 2, x / 2, indexing='ij'), axis=-1).reshape(-1, 3)
    weights = (w[:, None, None] * w[:, None] * w / 8).ravel()
    return ijk @ geometry.axes_ras_mm.T, weights


def ball_image(geometry, center, diameter_mm, fwhm_mm, *, order=3):
    """A unit ball on the whole grid; fwhm_mm is (in plane, axial), axial the larger or equal."""
    sigma, axial = np.asarray(fwhm_mm) / FWHM_PER_SIGMA
    extra = np.sqrt(max(axial**2 - sigma**2, 0.0))
    nodes, hermite = np.polynomial.hermite_e.hermegauss(15 if extra else 1)
    offsets, weights = voxel_points(geometry, order)
    relative = voxel_positions(geometry) - np.asarray(center)
    image = np.zeros(geometry.shape_kji)
    for offset, weight in zip(offsets, weights, strict=True):
        for node, part in zip(nodes, hermite / hermite.sum(), strict=True):
            shift = offset + node * extra * geometry.slice_normal_ras
            distance = np.linalg.norm(relative + shift, axis=-1)
            image += weight * part * blurred_ball(distance, diameter_mm / 2, sigma)
    return image


def walled_sphere(geometry, center, diameter_mm, fwhm_mm, *, signal, background):
    """Sphere, cold wall of 1 mm, background."""
    inner = ball_image(geometry, center, diameter_mm, fwhm_mm)
    outer = ball_image(geometry, center, diameter_mm + 2.0, fwhm_mm)
    return signal * inner + background * (1 - outer)


def correlated_noise(geometry, fwhm_mm, rng):
    """Noise of unit variance whose correlation is Gaussian; periodic on the grid."""
    transfer = noise_transfer(geometry, geometry.shape_kji, fwhm_mm)
    white = rng.standard_normal(geometry.shape_kji)
    return np.fft.irfftn(np.fft.rfftn(white) * transfer, s=geometry.shape_kji, axes=(0, 1, 2))


def noise_transfer(geometry, shape_kji, fwhm_mm):
    """Filter (half spectrum) that gives white noise its correlation and unit variance."""
    full = np.meshgrid(*(np.fft.fftfreq(n) for n in shape_kji), indexing='ij')
    q = np.stack(full[::-1], axis=-1) @ np.linalg.inv(geometry.axes_ras_mm)
    transfer = np.exp(-2 * (np.pi * fwhm_mm / FWHM_PER_SIGMA) ** 2 * np.sum(q**2, axis=-1))
    transfer /= np.sqrt(np.mean(transfer**2))
    return transfer[..., : shape_kji[2] // 2 + 1]
