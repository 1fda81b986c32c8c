"""VOIs: which part of which voxel lies inside a sphere or a cylinder."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..core.errors import VOIOutsideImageError
from ..core.geometry import FloatArray, VolumeGeometry
from ..core.phantom import Insert
from ..core.sentence import sentences
from ..core.settings import Counting
from .chords import chords_in_cylinder, chords_in_round

_ = sentences(__name__)

LINES_PER_RADIUS = 40
"""Sampling lines per radius. The volume of any sphere is then within 0.05 % (measured)."""

_FAR_IJK = 10_000
"""Index of the voxel on which a kernel is centered: far from any edge."""


@dataclass(frozen=True)
class Sphere:
    """
    A sphere in patient space.

    Attributes
    ----------
    label : str
        Name shown to the user and written to every table, e.g. ``'S10'``.

    center_ras_mm : tuple of float
        Center ``(r, a, s)``, in millimeter.

    diameter_mm : float
        Inner diameter, in millimeter.
    """

    label: str
    center_ras_mm: tuple[float, float, float]
    diameter_mm: float

    def __post_init__(self) -> None:
        _require_positive('diameter_mm', self.diameter_mm)

    @property
    def height_mm(self) -> float:
        """Extent along the slice normal, in millimeter."""
        return self.diameter_mm

    def cut_radius_mm(self, distance_mm: npt.ArrayLike) -> FloatArray:
        """
        Radius of the circle that a slice cuts out.

        Parameters
        ----------
        distance_mm : array_like of float
            Distance of the slice from the center, along the slice normal.

        Returns
        -------
        radius_mm : `numpy.ndarray` of float
            0 where the slice misses the sphere.
        """
        square = (self.diameter_mm / 2) ** 2 - np.square(np.asarray(distance_mm, dtype=float))
        return np.asarray(np.sqrt(np.maximum(square, 0.0)))


@dataclass(frozen=True)
class Cylinder:
    """
    A cylinder that stands along the slice normal of the image, or along an axis of its own.

    Attributes
    ----------
    label : str
        Name shown to the user and written to every table.

    center_ras_mm : tuple of float
        Center ``(r, a, s)``, in millimeter.

    diameter_mm, height_mm : float
        Inner diameter and height, in millimeter.

    axis_ras : tuple of float or None
        Unit vector along it; None for the slice normal.
    """

    label: str
    center_ras_mm: tuple[float, float, float]
    diameter_mm: float
    height_mm: float
    axis_ras: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        _require_positive('diameter_mm', self.diameter_mm)
        _require_positive('height_mm', self.height_mm)

    def cut_radius_mm(self, distance_mm: npt.ArrayLike) -> FloatArray:
        """
        Radius of the circle that a slice cuts out.

        Parameters
        ----------
        distance_mm : array_like of float
            Distance of the slice from the center, along the slice normal.

        Returns
        -------
        radius_mm : `numpy.ndarray` of float
            0 where the slice misses the cylinder, which has no other axis than the normal.
        """
        inside = np.abs(np.asarray(distance_mm, dtype=float)) <= self.height_mm / 2
        return np.where(inside, self.diameter_mm / 2, 0.0)

    def half_extent_mm(self, normal_ras: FloatArray) -> float:
        """
        How far it reaches from its center across the slices.

        Parameters
        ----------
        normal_ras : (3,) `numpy.ndarray` of float
            The slice normal of the image.

        Returns
        -------
        half_extent_mm : float
            Half its height where it stands along the normal.
        """
        if self.axis_ras is None:
            return self.height_mm / 2
        along = abs(float(np.dot(self.axis_ras, normal_ras)))
        across = float(np.linalg.norm(np.cross(self.axis_ras, normal_ras)))
        return along * self.height_mm / 2 + across * self.diameter_mm / 2


Solid = Sphere | Cylinder


def insert_solid(
    insert: Insert,
    center_ras_mm: tuple[float, float, float],
    axis_ras: tuple[float, float, float] | None = None,
) -> Solid:
    """
    The VOI of an insert at a place.

    Parameters
    ----------
    insert : Insert
        Label, shape and size.

    center_ras_mm : tuple of float
        Center ``(r, a, s)``, in millimeter.

    axis_ras : tuple of float or None, optional
        Unit vector along a cylinder; None for the slice normal.

    Returns
    -------
    solid : Sphere or Cylinder
        A cylinder without a height is as high as wide.
    """
    if insert.shape == 'sphere':
        return Sphere(insert.label, center_ras_mm, insert.diameter_mm)
    height_mm = insert.height_mm or insert.diameter_mm
    return Cylinder(insert.label, center_ras_mm, insert.diameter_mm, height_mm, axis_ras)


@dataclass(frozen=True, eq=False)
class VOIMask:
    """
    Voxel weights on the bounding box of a VOI.

    Attributes
    ----------
    weights : (K, J, I) `numpy.ndarray` of float
        Part of each voxel's volume inside the VOI, from 0 to 1.

    slices_kji : tuple of slice
        Where `weights` lies in the image: ``image[slices_kji]``.

    clipped : bool
        True if part of the VOI lies outside the image.
    """

    weights: FloatArray
    slices_kji: tuple[slice, slice, slice]
    clipped: bool


def voi_mask(solid: Solid, geometry: VolumeGeometry, *, counting: Counting = 'partial') -> VOIMask:
    r"""
    Weight every voxel by the part of its volume inside a sphere or cylinder.

    Parameters
    ----------
    solid : Sphere or Cylinder
        The VOI, in patient space.

    geometry : VolumeGeometry
        The image grid. It may be oblique, mirrored, anisotropic and sheared.

    counting : {'partial', 'hard'}, optional
        ``'hard'`` gives weight 1 to voxels whose center is inside or on the
        surface, as the original script counted, and 0 to the others.

    Returns
    -------
    mask : VOIMask
        Weights in numpy order ``(k, j, i)`` on the smallest box around the
        VOI, cut to the image.

    Raises
    ------
    VOIOutsideImageError
        If no voxel of the image touches the VOI.

    Notes
    -----
    An integer index is a voxel **center**: voxel ``i`` spans ``i - 0.5`` to
    ``i + 0.5``. Sampling lines run along i through the voxel; each is cut by
    the surface in one chord, whose overlap with the voxel is exact, so that
    only the two other directions are sampled. Along k the lines are spread
    over the part of the slice between the VOI's lowest and highest point,
    which makes the flat ends of a cylinder exact too.

    Examples
    --------
    >>> geometry = VolumeGeometry((9, 9, 9), np.diag([2.0, 2.0, 2.0, 1.0]))
    >>> mask = voi_mask(Sphere('S10', (8.0, 8.0, 8.0), 10.0), geometry)
    >>> mask.weights.shape, mask.clipped
    ((5, 5, 5), False)
    >>> round(float(mask.weights.sum()) * geometry.voxel_volume_mm3)
    524
    """
    center_ijk = geometry.index_ijk(solid.center_ras_mm)
    low, high = _box_ijk(solid, geometry, center_ijk)
    start, stop = np.maximum(low, 0), np.minimum(high, geometry.size_ijk)
    if np.any(start >= stop):
        raise VOIOutsideImageError(_outside_message(solid, center_ijk, geometry.size_ijk))

    offsets_ijk = [np.arange(a, b) - c for a, b, c in zip(start, stop, center_ijk, strict=True)]
    weigh = _partial_weights if counting == 'partial' else _hard_weights
    k, j, i = (slice(int(a), int(b)) for a, b in zip(start[::-1], stop[::-1], strict=True))
    return VOIMask(
        weights=weigh(solid, geometry, offsets_ijk),
        slices_kji=(k, j, i),
        clipped=bool(np.any(start > low) or np.any(stop < high)),
    )


def kernel_mask(
    solid: Solid, geometry: VolumeGeometry, *, counting: Counting = 'partial'
) -> VOIMask:
    """
    Weights of a VOI that is centered on a voxel far from any edge.

    Parameters
    ----------
    solid : Sphere or Cylinder
        Shape and size; its center does not matter.

    geometry : VolumeGeometry
        The image grid; its shape and origin do not matter.

    counting : {'partial', 'hard'}, optional
        As in `voi_mask`.

    Returns
    -------
    mask : VOIMask
        Odd in size along each axis and centrally symmetric, so that moving it
        over the image moves no center.
    """
    ijk_to_ras = geometry.ijk_to_ras.copy()
    ijk_to_ras[:3, 3] = -geometry.axes_ras_mm @ np.full(3, _FAR_IJK)
    endless = VolumeGeometry((2 * _FAR_IJK,) * 3, ijk_to_ras)
    return voi_mask(replace(solid, center_ras_mm=(0.0, 0.0, 0.0)), endless, counting=counting)


def _box_ijk(
    solid: Solid, geometry: VolumeGeometry, center_ijk: FloatArray
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First and past-the-last index of the voxels that the solid touches."""
    inverse = np.linalg.inv(geometry.axes_ras_mm)
    if isinstance(solid, Sphere):
        half = solid.diameter_mm / 2 * np.linalg.norm(inverse, axis=1)
    else:
        axis = _axis(solid, geometry)
        along = inverse @ axis
        # Subtracted before it is squared: a difference of squares would leave 1e-8 of nothing.
        across = np.linalg.norm(inverse - np.outer(along, axis), axis=1)
        half = solid.diameter_mm / 2 * across + solid.height_mm / 2 * np.abs(along)
    # Rounding must not add a voxel that the surface only touches.
    low = np.floor(center_ijk - half + 0.5 + 1e-9).astype(np.int64)
    high = np.ceil(center_ijk + half + 0.5 - 1e-9).astype(np.int64)
    return low, high


def _axis(cylinder: Cylinder, geometry: VolumeGeometry) -> FloatArray:
    own = cylinder.axis_ras
    return geometry.slice_normal_ras if own is None else np.asarray(own, dtype=float)


def _half_extent_k(solid: Solid, geometry: VolumeGeometry) -> float:
    if isinstance(solid, Sphere):
        return solid.height_mm / 2 / geometry.slice_spacing_mm
    return solid.half_extent_mm(geometry.slice_normal_ras) / geometry.slice_spacing_mm


def _partial_weights(
    solid: Solid, geometry: VolumeGeometry, offsets_ijk: list[FloatArray]
) -> FloatArray:
    i, j, k = offsets_ijk
    step = solid.diameter_mm / 2 / LINES_PER_RADIUS
    n_j, n_k = (max(2, int(np.ceil(edge / step))) for edge in geometry.spacing_ijk_mm[1:])
    k_lines, covered = _covered_lines(k, _half_extent_k(solid, geometry), n_k)
    j_lines = (j[:, None] + (np.arange(n_j) + 0.5) / n_j - 0.5).ravel()

    middle, half = _chords(solid, geometry, j_lines, k_lines.ravel())
    # Mean over the lines of a voxel, as two short sums: memory stays small.
    overlap = np.maximum(
        np.minimum(i + 0.5, (middle + half)[..., None])
        - np.maximum(i - 0.5, (middle - half)[..., None]),
        0.0,
    )
    per_line = overlap.reshape(k.size, n_k, j.size, n_j, i.size).mean(axis=(1, 3))
    return np.asarray(per_line * covered[:, None, None])


def _covered_lines(k: FloatArray, half_height_k: float, n: int) -> tuple[FloatArray, FloatArray]:
    """For each slice n line positions within the solid's height, and the part covered."""
    low = np.maximum(k - 0.5, -half_height_k)
    high = np.maximum(np.minimum(k + 0.5, half_height_k), low)
    middles = (np.arange(n) + 0.5) / n
    return low[:, None] + (high - low)[:, None] * middles, high - low


def _chords(
    solid: Solid, geometry: VolumeGeometry, j_lines: FloatArray, k_lines: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Middle and half length, along i in voxels, of each line's chord; shape ``(K, J)``."""
    along_i, along_j, along_k = geometry.axes_ras_mm.T
    start = j_lines[None, :, None] * along_j + k_lines[:, None, None] * along_k
    radius_mm = solid.diameter_mm / 2
    if isinstance(solid, Sphere):
        return chords_in_round(start, along_i, radius_mm)
    axis = _axis(solid, geometry)
    # Without an axis of its own the lines lie between its ends already.
    half_height_mm = None if solid.axis_ras is None else solid.height_mm / 2
    return chords_in_cylinder(start, along_i, axis, radius_mm, half_height_mm)


def _hard_weights(
    solid: Solid, geometry: VolumeGeometry, offsets_ijk: list[FloatArray]
) -> FloatArray:
    k, j, i = np.meshgrid(*offsets_ijk[::-1], indexing='ij', sparse=True)
    axes = geometry.axes_ras_mm
    offset = i[..., None] * axes[:, 0] + j[..., None] * axes[:, 1] + k[..., None] * axes[:, 2]
    axis = _axis(solid, geometry) if isinstance(solid, Cylinder) else geometry.slice_normal_ras
    height = offset @ axis
    if isinstance(solid, Cylinder):
        offset = offset - height[..., None] * axis
    square = np.sum(offset**2, axis=-1)
    inside = square <= (solid.diameter_mm / 2) ** 2 * (1 + 1e-12)
    return np.asarray(inside & (np.abs(height) <= solid.height_mm / 2 * (1 + 1e-12)), dtype=float)


def _require_positive(name: str, value: float) -> None:
    if not value > 0:
        msg = f'{name} must be positive, got {value!r}'
        raise ValueError(msg)


def _outside_message(solid: Solid, center_ijk: FloatArray, size_ijk: npt.NDArray[np.int64]) -> str:
    r, a, s = solid.center_ras_mm
    i, j, k = center_ijk
    return _(
        '{label} ({diameter:g} mm) lies outside the image: its center RAS ({r:.1f}, {a:.1f}, '
        '{s:.1f}) mm is voxel IJK ({i:.1f}, {j:.1f}, {k:.1f}), but the image has {columns} x '
        '{rows} x {slices} voxels. Move the center into the image, or load the series the centers '
        'were picked on.'
    ).format(
        label=solid.label,
        diameter=solid.diameter_mm,
        r=r,
        a=a,
        s=s,
        i=i,
        j=j,
        k=k,
        columns=size_ijk[0],
        rows=size_ijk[1],
        slices=size_ijk[2],
    )
