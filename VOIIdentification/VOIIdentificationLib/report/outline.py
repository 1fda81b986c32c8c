"""The line in which a plane cuts a VOI."""

from __future__ import annotations

import numpy as np

from ..core.geometry import FloatArray, VolumeGeometry
from ..measure.chords import chords_in_cylinder, chords_in_round
from ..measure.voi_mask import Solid, Sphere


def outline_ras_mm(
    solid: Solid,
    geometry: VolumeGeometry,
    on_plane_ras_mm: FloatArray,
    edges_ras_mm: tuple[FloatArray, FloatArray],
    count: int,
) -> FloatArray:
    """
    The line in which a plane cuts a VOI.

    Parameters
    ----------
    solid : Sphere or Cylinder
        The VOI.

    geometry : VolumeGeometry
        The image grid: cylinders stand along its slice normal.

    on_plane_ras_mm : (3,) `numpy.ndarray` of float
        A point of the plane, in millimeter.

    edges_ras_mm : tuple of (3,) `numpy.ndarray` of float
        Two directions in the plane, of any length.

    count : int
        Corners of the line.

    Returns
    -------
    outline : (count, 3) `numpy.ndarray` of float
        Positions ``(r, a, s)``, not closed; without rows where the plane misses it.
    """
    along = edges_ras_mm[0] / np.linalg.norm(edges_ras_mm[0])
    normal = np.cross(along, edges_ras_mm[1])
    normal /= np.linalg.norm(normal)
    center = np.asarray(solid.center_ras_mm)
    start = normal * float(normal @ (on_plane_ras_mm - center))
    axis = _axis(solid, geometry)
    in_plane = axis - normal * float(normal @ axis)
    if np.linalg.norm(in_plane) > 0:  # where the cut is symmetric to: its middle is inside
        start = start + in_plane * float(_chord(solid, start, in_plane, axis)[0])
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)[:, None]
    rays = np.cos(angle) * along + np.sin(angle) * np.cross(normal, along)
    middle, half = _chord(solid, start, rays, axis)
    if not (np.abs(middle) < half).all():  # the start is not inside
        return np.empty((0, 3))
    return np.asarray(center + start + (middle + half)[:, None] * rays)


def _axis(solid: Solid, geometry: VolumeGeometry) -> FloatArray:
    own = None if isinstance(solid, Sphere) else solid.axis_ras
    return geometry.slice_normal_ras if own is None else np.asarray(own)


def _chord(
    solid: Solid, start_mm: FloatArray, step_mm: FloatArray, axis: FloatArray
) -> tuple[FloatArray, FloatArray]:
    radius = solid.diameter_mm / 2
    if isinstance(solid, Sphere):
        return chords_in_round(start_mm, step_mm, radius)
    return chords_in_cylinder(start_mm, step_mm, axis, radius, solid.height_mm / 2)
