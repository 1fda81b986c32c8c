"""Uniform cylinders with known truth, made by `synthetic`, for tests of what measures them."""

from functools import lru_cache

import numpy as np
from VOIIdentificationLib.activity.worksheet import given_activity
from VOIIdentificationLib.analysis import Known, analyze
from VOIIdentificationLib.core.phantom import Phantom, UniformCylinder
from VOIIdentificationLib.suv.scale import SUVScale
from VOIIdentificationLib.synthetic.phantom import (
    PSF,
    Activities,
    Noise,
    Pose,
    SyntheticPhantom,
    grid,
    synthesize,
)

ACTIVITY = 7000.0
DIAMETER_MM, LENGTH_MM = 150.0, 130.0
TRUE_BQML = 1.04 * ACTIVITY
"""As if the scanner read 4 % too little."""

STRAIGHT = Pose()


def cylinder_phantom(diameter_mm=DIAMETER_MM, length_mm=LENGTH_MM, **more):
    """The phantom as a file has it."""
    return Phantom('made cylinder', cylinder=UniformCylinder(diameter_mm, length_mm, **more))


def cylinder_grid(shape_ijk=(50, 48, 46), spacing_ijk_mm=(4.1, 4.3, 3.9), **more):
    """No axis like another."""
    return grid(shape_ijk, spacing_ijk_mm, **{'middle_ras_mm': (0.0, 0.0, 0.0), **more})


def cylinder_scene(
    geometry=None, pose=STRAIGHT, *, size_mm=(DIAMETER_MM, LENGTH_MM), cov=0.0, seed=0, inside=()
):
    """A cylinder in air; `inside` are further solids."""
    return SyntheticPhantom(
        geometry or cylinder_grid(),
        phantom=cylinder_phantom(*size_mm),
        pose=pose,
        activities=Activities(background=ACTIVITY),
        psf=PSF(6.0, 6.0),
        noise=Noise(cov, 6.0),
        body=None,
        distractors=inside,
        random_seed=seed,
    )


@lru_cache(maxsize=4)
def made_cylinder(cov=0.0, seed=0):
    """A tilted cylinder off the center."""
    pose = Pose(tilt_deg=6.0, tilt_axis_deg=35.0, offset_ras_mm=(7.0, -5.0, 4.0))
    return synthesize(cylinder_scene(pose=pose, cov=cov, seed=seed))[0]


@lru_cache(maxsize=1)
def cylinder_result():
    """Everything that is known of a cylinder."""
    image = made_cylinder(0.1)
    suv = SUVScale('bw', 'g/mL', np.full(image.voxels.shape[0], 1 / ACTIVITY))
    known = Known(activity=given_activity(None, TRUE_BQML), suv=suv)
    return analyze(image, (), cylinder_phantom(), known=known)
