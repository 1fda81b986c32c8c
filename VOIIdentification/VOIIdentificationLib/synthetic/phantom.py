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

from ..core.image import PETImage
from ..core.progress import Progress, no_progress
from .body import Body
from .noise import correlated_noise, with_noise
from .psf import PSF
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
    'with_noise',
]


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
    voxels = with_noise(clean, scene, rng)
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
