"""
A phantom with known truth.

The scene is continuous: solids of constant activity, blurred by a Gaussian PSF.
A voxel holds its mean over the voxel's box. Balls and rods are closed form
where the blur is the same in all directions, and Gauss rules for the rest and
for the box. Every voxel around the spheres is right within 1e-5 of the
activity for a PSF at least half as wide (FWHM) as the voxels, within 1e-4 and
1e-3 for one 1.5 and 2 times wider one way than the other; without any PSF
within 1 % at the surface, and the sum over a sphere within 0.01 %. The surface
of the body, which nobody measures, is right within 1 %. Nothing here uses
`measure`: the two may judge each other.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from ..core.errors import Progress, no_progress
from ..core.geometry import VolumeGeometry
from ..core.image import PETImage
from .psf import FWHM_PER_SIGMA, PSF, Body
from .scene import Activities, Noise, Pose, SyntheticPhantom, grid
from .solids import Ball, Rod, add_solid
from .truth import (
    TrueInsert,
    Truth,
    activity_at,
    added_solids,
    ball_mean,
    sampled_mean,
    true_inserts,
)

__all__ = [
    'PSF',
    'Activities',
    'Ball',
    'Body',
    'Noise',
    'Pose',
    'Rod',
    'SyntheticPhantom',
    'TrueInsert',
    'Truth',
    'activity_at',
    'ball_mean',
    'correlated_noise',
    'grid',
    'sampled_mean',
    'synthesize',
    'true_inserts',
]

_NOISE_FLOOR = 0.05
"""Where noise grows with the signal: the signal, over the reference, that empty space has."""

_EDGE_DEPTH_MM = 8.0
"""Depth over which the extra noise of the first and last slices falls by 1/e."""


def synthesize(
    scene: SyntheticPhantom, *, progress: Progress = no_progress
) -> tuple[PETImage, Truth]:
    """
    Make the image of a phantom, and say what is true.

    Parameters
    ----------
    scene : SyntheticPhantom
        What is made.

    progress : callable, optional
        Told how far the work is.

    Returns
    -------
    image : PETImage
        The image, with noise if the scene has any.

    truth : Truth
        Centers, activities and the image without noise.

    Raises
    ------
    InputFileError
        If an insert has no place on the ring.
    """
    inserts = true_inserts(scene)
    clean = _noise_free(scene, progress)
    progress(0.9, 'adding noise')
    rng = np.random.default_rng(scene.random_seed)
    voxels = _with_noise(clean, scene, rng)
    progress(1.0, 'phantom made')
    return PETImage(voxels, scene.geometry, scene.unit), Truth(scene, inserts, clean)


def _noise_free(scene: SyntheticPhantom, progress: Progress) -> npt.NDArray[np.float32]:
    voxels = np.zeros(scene.geometry.shape_kji)
    if scene.body:
        progress(0.0, 'filling the body')
        to_own = np.asarray(np.linalg.inv(scene.pose.to_ras), dtype=float)
        voxels += scene.background * scene.body.on_grid(scene.geometry, to_own, scene.psf)
    solids = added_solids(scene)
    for number, solid in enumerate(solids):
        progress(0.3 + 0.6 * number / len(solids), 'filling the inserts')
        add_solid(voxels, solid, scene.geometry, scene.psf)
    if _nothing_negative(scene):  # the ends of body and lung insert match within 1e-4 only
        np.maximum(voxels, 0.0, out=voxels)
    return voxels.astype(np.float32)


def _nothing_negative(scene: SyntheticPhantom) -> bool:
    if scene.psf.overshoot != 0:
        return False
    parts = [*vars(scene.activities).values(), *(solid.activity for solid in scene.distractors)]
    return bool(min(parts) >= 0)


def _with_noise(
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
    reference = scene.noise_reference
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
