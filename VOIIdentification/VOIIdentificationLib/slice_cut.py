"""Where a slice cuts a VOI."""

from __future__ import annotations

import numpy as np

from .geometry import FloatArray, VolumeGeometry
from .sphere import Solid
from .statistics import slice_distance_mm

OUTLINE_POINTS = 120
"""Corners of an outline: a 37 mm circle then deviates by less than 0.01 mm."""


def cut_center_ras_mm(solid: Solid, geometry: VolumeGeometry, slice_k: int) -> FloatArray:
    """
    Center of the circle in which the middle of a slice cuts a VOI.

    Parameters
    ----------
    solid : Sphere or Cylinder
        The VOI.

    geometry : VolumeGeometry
        The image grid.

    slice_k : int
        Index of the slice.

    Returns
    -------
    center_ras_mm : (3,) `numpy.ndarray` of float
        The point of the slice that is nearest to the center of the VOI.
    """
    distance_mm = slice_distance_mm(solid, geometry, slice_k)
    return np.asarray(solid.center_ras_mm + distance_mm * geometry.slice_normal_ras)


def cut_outline_ij(solid: Solid, geometry: VolumeGeometry, slice_k: int) -> FloatArray:
    """
    Outline of a VOI in one slice, to be drawn over its voxels.

    Parameters
    ----------
    solid : Sphere or Cylinder
        The VOI.

    geometry : VolumeGeometry
        The image grid. On a sheared or anisotropic one the circle is no
        circle in index space.

    slice_k : int
        Index of the slice.

    Returns
    -------
    outline_ij : (N, 2) `numpy.ndarray` of float
        Indices ``(i, j)`` along the outline, not closed; empty where the
        middle of the slice misses the VOI.
    """
    radius_mm = float(solid.cut_radius_mm(slice_distance_mm(solid, geometry, slice_k)))
    if radius_mm == 0:
        return np.empty((0, 2))
    normal = geometry.slice_normal_ras
    along = geometry.axes_ras_mm[:, 0] / geometry.spacing_ijk_mm[0]
    angle = np.linspace(0, 2 * np.pi, OUTLINE_POINTS, endpoint=False)[:, None]
    ring_mm = radius_mm * (np.cos(angle) * along + np.sin(angle) * np.cross(normal, along))
    points = cut_center_ras_mm(solid, geometry, slice_k) + ring_mm
    return geometry.index_ijk(points)[:, :2]
