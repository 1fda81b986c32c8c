"""The body of the phantom in the image: its edge on the slices of the background, and the lung."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..core.errors import SeedError
from ..core.geometry import FloatArray, Point, VolumeGeometry
from ..core.image import PETImage
from ..core.sentence import sentences

_ = sentences(__name__)

SMOOTHING_SIGMA_MM = 4.0
"""Blur before the edge is sought: voxel noise of 35 % becomes 3 % on 2 mm voxels."""

EDGE_PART = 0.5
"""Part of the background's value at which a blurred edge lies."""

MAP_STEP_MM = 1.0
MAP_HALF_WIDTH_MM = 220.0
"""Pixels and half width of the map in which distances are measured; a body is 145 mm wide."""

_SHELL_MM = (8.0, 20.0)
"""Distances from a sphere's surface between which the background's level is taken."""

_LUNG_SEARCH_MM = 45.0
_LUNG_DIAMETERS_MM = (20.0, 80.0)
"""How far from the axis the lung insert is sought, and what counts as one."""

_SAME_INDEX = 1e-9
"""Indices that differ by less are one; rounding of positions is a thousandth of it."""

_BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class LungInsert:
    """
    The cold insert on the axis of the ring.

    Attributes
    ----------
    center_ras_mm : tuple of float
        Where it crosses the central slice, in millimeter.

    diameter_mm : float
        Its outer diameter, in millimeter.

    found : bool
        False if it was assumed on the axis of the ring.
    """

    center_ras_mm: Point
    diameter_mm: float
    found: bool


class SlicePlane(NamedTuple):
    """
    Coordinates in millimeter on a slice and on all that are parallel to it.

    Attributes
    ----------
    origin_ras_mm : (3,) `numpy.ndarray` of float
        On the slice.

    u_ras, v_ras : (3,) `numpy.ndarray` of float
        Unit vectors in the slice: along i, and at right angles to it.
    """

    origin_ras_mm: FloatArray
    u_ras: FloatArray
    v_ras: FloatArray

    def uv_mm(self, position_ras_mm: npt.ArrayLike) -> FloatArray:
        """
        Points projected on the slice.

        Parameters
        ----------
        position_ras_mm : (..., 3) array_like of float
            Any points.

        Returns
        -------
        uv_mm : (..., 2) `numpy.ndarray` of float
            Coordinates in the slice.
        """
        offset = np.asarray(position_ras_mm, dtype=float) - self.origin_ras_mm
        return np.stack([offset @ self.u_ras, offset @ self.v_ras], axis=-1)

    def ras_mm(self, uv_mm: npt.ArrayLike) -> FloatArray:
        """
        Position of points on the slice.

        Parameters
        ----------
        uv_mm : (..., 2) array_like of float
            Coordinates in the slice.

        Returns
        -------
        position_ras_mm : (..., 3) `numpy.ndarray` of float
            Positions ``(r, a, s)``.
        """
        uv = np.asarray(uv_mm, dtype=float)
        return np.asarray(self.origin_ras_mm + uv[..., :1] * self.u_ras + uv[..., 1:] * self.v_ras)


def slice_plane(geometry: VolumeGeometry, origin_ras_mm: Point) -> SlicePlane:
    """
    Coordinates on a slice.

    Parameters
    ----------
    geometry : VolumeGeometry
        The image grid.

    origin_ras_mm : tuple of float
        A point on the slice.

    Returns
    -------
    plane : SlicePlane
        With its origin there.
    """
    along_i = geometry.axes_ras_mm[:, 0]
    u = along_i / np.linalg.norm(along_i)
    return SlicePlane(np.asarray(origin_ras_mm), u, np.cross(geometry.slice_normal_ras, u))


@dataclass(frozen=True, eq=False)
class PhantomOutline:
    """
    The body on a few slices.

    Attributes
    ----------
    plane : SlicePlane
        Coordinates on the central slice, around the middle of the ring.

    axis_mm : (N,) `numpy.ndarray` of float
        Coordinates of the map's rows and columns alike.

    edge_distance_mm : (N, N) `numpy.ndarray` of float
        For each point ``(u, v)`` the distance to the body's edge, smallest of
        all slices; 0 outside.

    level : float
        Value of the warm background next to the spheres, in the image's unit.

    lung_uv_mm : (2,) `numpy.ndarray` of float or None
        Middle of the lung insert; None if there is none to be seen.

    lung_diameter_mm : float
        Its diameter; 0 if it was not found.
    """

    plane: SlicePlane
    axis_mm: FloatArray
    edge_distance_mm: FloatArray
    level: float
    lung_uv_mm: FloatArray | None
    lung_diameter_mm: float

    def edge_distance_at(self, uv_mm: FloatArray) -> FloatArray:
        """
        Distance of points to the body's edge.

        Parameters
        ----------
        uv_mm : (M, 2) `numpy.ndarray` of float
            Points on the central slice.

        Returns
        -------
        distance_mm : (M,) `numpy.ndarray` of float
            0 outside the body.
        """
        index = (uv_mm - self.axis_mm[0]) / MAP_STEP_MM
        return np.asarray(ndimage.map_coordinates(self.edge_distance_mm, index.T, order=1))


def find_outline(
    image: PETImage,
    middle_ras_mm: Point,
    spheres: Sequence[tuple[Point, float]],
    slices_k: Sequence[int],
) -> PhantomOutline:
    """
    Find the body's edge and the lung insert.

    Parameters
    ----------
    image : PETImage
        The image.

    middle_ras_mm : tuple of float
        Middle of the ring, on the central slice.

    spheres : sequence of tuple of (Point, float)
        Center and diameter of each sphere, in millimeter.

    slices_k : sequence of int
        The slices on which the background is measured.

    Returns
    -------
    outline : PhantomOutline
        The narrowest of all slices.

    Notes
    -----
    The image is blurred by `SMOOTHING_SIGMA_MM`; the level of the background
    is the median round the spheres, and the body is what holds more than half
    of it, with the holes filled.
    """
    plane = slice_plane(image.geometry, middle_ras_mm)
    axis = np.arange(-MAP_HALF_WIDTH_MM, MAP_HALF_WIDTH_MM + MAP_STEP_MM / 2, MAP_STEP_MM)
    maps = np.stack([_smooth_map(image, plane, axis, k) for k in slices_k])
    distance_to_sphere = _distance_to_spheres(plane, axis, spheres)
    level = _background_level(maps.mean(axis=0), distance_to_sphere)
    if not level > 0:
        msg = _('no warm background is seen round the spheres (its level is {level:g})').format(
            level=level
        )
        raise SeedError(msg)
    near_spheres = distance_to_sphere < _SHELL_MM[1]
    distances = [_edge_distance(one > EDGE_PART * level, near_spheres) for one in maps]
    lung_uv, lung_diameter = _find_lung(maps.mean(axis=0) / level, axis, distance_to_sphere)
    return PhantomOutline(plane, axis, np.min(distances, axis=0), level, lung_uv, lung_diameter)


def _smooth_map(
    image: PETImage, plane: SlicePlane, axis_mm: FloatArray, slice_k: int
) -> FloatArray:
    """Blurred slice on the map; 0 outside the image."""
    geometry = image.geometry
    sigma_k = SMOOTHING_SIGMA_MM / geometry.slice_spacing_mm
    reach = int(np.ceil(3 * sigma_k))
    first, last = max(slice_k - reach, 0), min(slice_k + reach + 1, geometry.shape_kji[0])
    weights = np.exp(-0.5 * ((np.arange(first, last) - slice_k) / sigma_k) ** 2)
    slab = np.nan_to_num(image.voxels[first:last], nan=0.0, posinf=0.0, neginf=0.0)
    blurred = np.tensordot(weights / weights.sum(), slab, axes=1)
    i_mm, j_mm, _k_mm = geometry.spacing_ijk_mm
    blurred = ndimage.gaussian_filter(
        blurred, (SMOOTHING_SIGMA_MM / j_mm, SMOOTHING_SIGMA_MM / i_mm), mode='constant'
    )
    height = slice_k - geometry.index_ijk(plane.origin_ras_mm)[2]
    shift = height * geometry.slice_spacing_mm * geometry.slice_normal_ras
    steps = np.linalg.inv(geometry.axes_ras_mm)[:2]
    start = geometry.index_ijk(plane.origin_ras_mm + shift)[:2]
    i, j = (
        start[n] + axis_mm[:, None] * (steps[n] @ plane.u_ras) + axis_mm * (steps[n] @ plane.v_ras)
        for n in (0, 1)
    )
    at = [_on_centers(j), _on_centers(i)]
    return np.asarray(ndimage.map_coordinates(blurred, at, order=1, mode='constant'))


def _on_centers(index: FloatArray) -> FloatArray:
    """A point on the image's border is inside, whatever the last digits of its index are."""
    nearest = np.rint(index)
    return np.where(np.abs(index - nearest) < _SAME_INDEX, nearest, index)


def _distance_to_spheres(
    plane: SlicePlane, axis_mm: FloatArray, spheres: Sequence[tuple[Point, float]]
) -> FloatArray:
    """Distance of each point of the map to the nearest sphere's surface, in the slice."""
    distance = np.full((axis_mm.size, axis_mm.size), np.inf)
    for center, diameter in spheres:
        u, v = plane.uv_mm(center)
        to_center = np.hypot(axis_mm[:, None] - u, axis_mm - v)
        distance = np.minimum(distance, to_center - diameter / 2)
    return distance


def _background_level(values: FloatArray, distance_to_sphere: FloatArray) -> float:
    near, far = _SHELL_MM
    shell = (distance_to_sphere > near) & (distance_to_sphere < far)
    return float(np.median(values[shell]))


def _edge_distance(inside: _BoolArray, near_spheres: _BoolArray) -> FloatArray:
    """Distance to the edge of the piece that surrounds the spheres, holes filled."""
    labels, count = ndimage.label(inside)
    if count == 0:
        return np.zeros(inside.shape)
    most = np.bincount(labels[near_spheres & inside], minlength=count + 1)[1:]
    body = ndimage.binary_fill_holes(labels == 1 + int(np.argmax(most)))
    padded = np.pad(body, 1)
    distance = ndimage.distance_transform_edt(padded)[1:-1, 1:-1] - 0.5
    return np.asarray(np.maximum(distance, 0.0) * MAP_STEP_MM)


def _find_lung(
    relative: FloatArray, axis_mm: FloatArray, distance_to_sphere: FloatArray
) -> tuple[FloatArray | None, float]:
    """Middle and diameter of the cold spot near the axis of the ring."""
    from_axis = np.hypot(axis_mm[:, None], axis_mm)
    searched = (from_axis < _LUNG_SEARCH_MM) & (distance_to_sphere > 0)
    labels, count = ndimage.label(searched & (relative < EDGE_PART))
    if count == 0:
        return None, 0.0
    largest = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    diameter = float(2 * np.sqrt(largest.sum() / np.pi) * MAP_STEP_MM)
    low, high = _LUNG_DIAMETERS_MM
    if not low <= diameter <= high:
        return None, 0.0
    u, v = (axis_mm[index] for index in np.nonzero(largest))
    return np.array([u.mean(), v.mean()]), diameter
