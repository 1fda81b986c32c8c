"""Where a slice cuts a VOI, and which ROIs lie on it."""

from __future__ import annotations

import numpy as np

from ..core.geometry import FloatArray, VolumeGeometry
from ..evaluate.background import LUNG_ROI_DIAMETER_MM
from ..evaluate.nema import NEMAResult
from ..measure.circle_roi import projected_on_slice
from ..measure.statistics import slice_distance_mm
from ..measure.voi_mask import Cylinder, Solid

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


def cut_rois(nema: NEMAResult, geometry: VolumeGeometry, slice_k: int) -> tuple[Cylinder, ...]:
    """
    List the ROIs of NEMA NU 2 that were measured on one slice.

    Parameters
    ----------
    nema : NEMAResult
        What was found.

    geometry : VolumeGeometry
        The image grid.

    slice_k : int
        Index of the slice.

    Returns
    -------
    rois : tuple of Cylinder
        The largest of each set of background ROIs, and that on the lung
        insert; each as high as the slice and centered on it.
    """
    circles = []
    if slice_k in nema.placement.slices_k:
        diameter = nema.placement.roi_diameter_mm
        circles += [(roi.name, roi.center_ras_mm, diameter) for roi in nema.placement.rois]
    lung = nema.placement.lung
    if lung is not None and nema.lung is not None and slice_k in nema.lung.slices_k:
        circles.append(('Lung', lung.center_ras_mm, LUNG_ROI_DIAMETER_MM))
    height = geometry.slice_spacing_mm
    return tuple(
        Cylinder(name, projected_on_slice(geometry, center, slice_k), diameter, height)
        for name, center, diameter in circles
    )
