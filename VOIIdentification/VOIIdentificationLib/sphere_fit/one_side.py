"""Whether a sphere lacks activity on one side, by what its fit leaves over in each direction."""

from __future__ import annotations

from itertools import product

import numpy as np

from .model import FitBox, SinglePrecision, SphereParameters

MIN_PART = 0.15
"""
Of the contrast. Spheres of 17 mm and more reach 0.05 on a real scan; without the cap above 0.7 of
the radius, 6 % of the volume, 0.18 (22 mm) to 0.32 (37 mm).
"""

MIN_SDS = 3.0
"""
Of the voxels around, too. In 70 synthetic scans (contrast 2.5 to 10, COV 3 to 40 %, FWHM 3.6 to
9 mm, edges that overshoot by up to 30 %) noise reached 2.4 in one direction; air makes 3.6 to 5.6.
"""

MIN_DIAMETER_MM = 16.0
"""Blur leaves nothing to be told apart in smaller ones."""

_CORE = 0.4
"""Part of the radius within which all directions are near each other."""

_CONE = 0.8
"""Smallest cosine to a direction: 37 degrees around it."""

_MIN_VOXELS = 4

_ALL_WAYS = np.array([way for way in product((-1.0, 0.0, 1.0), repeat=3) if any(way)])

DIRECTIONS = _ALL_WAYS / np.linalg.norm(_ALL_WAYS, axis=1, keepdims=True)
"""To faces, edges and corners of a cube: none is farther than 28 degrees from one of them."""


def missing_part(box: FitBox, residual: SinglePrecision, p: SphereParameters) -> float:
    """
    How much less than its model a sphere shows in one direction.

    Parameters
    ----------
    box : FitBox
        The sphere's voxels.

    residual : (K, J, I) `numpy.ndarray` of float32
        Image minus fitted model.

    p : SphereParameters
        Of that fit.

    Returns
    -------
    part : float
        Of the contrast, on average over a cone from the core to the surface;
        0 where noise makes as much, or the sphere is too small to tell.

    Notes
    -----
    A fit moves away from an air bubble and lowers its signal, which hides most
    of it from center and mean. What it cannot follow is left over on one side.
    Edges that overshoot and wrong diameters leave over the same in all
    directions, where it adds up to little.
    """
    if box.start.diameter_mm < MIN_DIAMETER_MM:
        return 0.0
    inside = box.use & (box.inside > 0)
    contrast = p.signal - p.background
    left = residual[inside] / contrast
    index_ijk = np.argwhere(inside)[:, ::-1] + box.model.first_ijk
    offset = (index_ijk - box.geometry.index_ijk(p.center_ras_mm)) @ box.geometry.axes_ras_mm.T
    distance = np.linalg.norm(offset, axis=1)
    outer = distance > _CORE * box.start.diameter_mm / 2
    toward = (offset[outer] / distance[outer, None]) @ DIRECTIONS.T > _CONE
    count = toward.sum(axis=0)
    if not (count >= _MIN_VOXELS).any():
        return 0.0
    means = (left[outer] @ toward)[count >= _MIN_VOXELS] / count[count >= _MIN_VOXELS]
    part = -float(means.min())
    noise = float(np.std(residual[box.use & (box.inside == 0)]) / abs(contrast))
    return part if part > max(MIN_PART, MIN_SDS * noise) else 0.0
