"""Noise with a correlation length, for synthetic images."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from ..core.geometry import VolumeGeometry
from .psf import FWHM_PER_SIGMA
from .scene import SyntheticPhantom

_NOISE_FLOOR = 0.05
"""Where noise grows with the signal: the signal, over the reference, that empty space has."""

_EDGE_DEPTH_MM = 8.0
"""Depth over which the extra noise of the first and last slices falls by 1/e."""


def with_noise(
    noise_free: npt.NDArray[np.float32], scene: SyntheticPhantom, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """
    One noisy image of a noise-free one.

    Parameters
    ----------
    noise_free : (K, J, I) `numpy.ndarray` of float32
        As `Truth` holds it. It is not changed.

    scene : SyntheticPhantom
        Its `noise`, `activities` and `geometry` are used.

    rng : `numpy.random.Generator`
        Draws the noise.

    Returns
    -------
    voxels : (K, J, I) `numpy.ndarray` of float32
        The very same values where the scene has no noise.
    """
    noise = scene.noise
    if noise.voxel_cov == 0:
        return noise_free.copy()
    reference = scene.background or scene.activities.hot
    field_ = correlated_noise(scene.geometry, noise.fwhm_mm, rng)
    field_ *= np.float32(noise.voxel_cov * reference)
    if noise.grows_with_signal:
        field_ *= np.sqrt(np.maximum(noise_free / np.float32(reference), _NOISE_FLOOR))
    if noise.axial_edge_factor != 1:
        field_ *= _edge_gain(scene.geometry, noise.axial_edge_factor)[:, None, None]
    field_ += noise_free
    return field_


def correlated_noise(
    geometry: VolumeGeometry, fwhm_mm: float, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """
    Gaussian noise of mean 0 and standard deviation 1.

    Parameters
    ----------
    geometry : VolumeGeometry
        The grid.

    fwhm_mm : float
        Of the Gaussian that smooths white noise, in millimeter; 0 for white noise.

    rng : `numpy.random.Generator`
        Draws it.

    Returns
    -------
    noise : (K, J, I) `numpy.ndarray` of float32
        Stationary: it goes on at the opposite border.
    """
    noise = rng.standard_normal(geometry.shape_kji, dtype=np.float32)
    for axis, spacing in enumerate(geometry.spacing_ijk_mm[::-1]):
        sigma = fwhm_mm / FWHM_PER_SIGMA / spacing
        if sigma > 0:
            impulse = np.zeros(2 * int(4 * sigma + 2) + 1)
            impulse[impulse.size // 2] = 1
            kernel = gaussian_filter1d(impulse, sigma, mode='constant')
            gaussian_filter1d(noise, sigma, axis=axis, mode='wrap', output=noise)
            noise /= np.float32(np.linalg.norm(kernel))
    return noise


def _edge_gain(geometry: VolumeGeometry, factor: float) -> npt.NDArray[np.float32]:
    """Standard deviation of the noise in each slice, over that in the middle."""
    k = np.arange(geometry.shape_kji[0])
    depth = np.minimum(k, k[::-1]) * geometry.slice_spacing_mm
    return np.asarray(1 + (factor - 1) * np.exp(-depth / _EDGE_DEPTH_MM), dtype=np.float32)
