"""Slices in the order of their positions, and the grid they make."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.bounds import MAX_ORIGIN_MM, MAX_VOXEL_MM, MIN_VOXEL_MM
from ..core.errors import SeriesError
from ..core.geometry import LPS_TO_RAS, FloatArray, VolumeGeometry
from ..core.sentence import sentences
from .attributes import tag_text
from .slices import PETSlice

_ = sentences(__name__)

_SAME_PLANE_MM = 0.01
"""Slices nearer than this lie in one plane: no scanner makes thinner slices."""

_POSITION_TOLERANCE_MM = 0.1
"""Largest distance of a slice from the regular grid; some headers round positions to 0.1 mm."""

_COSINE_TOLERANCE = 1e-3
"""Largest error of a direction cosine; headers round them to 4 to 16 digits."""

_SAME_COSINE = 1e-4
"""Largest difference between the directions of two slices of a series: 0.006 degrees."""

_SAME_SPACING_MM = 1e-4
"""Largest difference between the pixel spacings of two slices of a series."""


def order_slices(slices: Sequence[PETSlice]) -> list[PETSlice]:
    """
    The slices by their position along the normal, cross product of row and column direction.

    Parameters
    ----------
    slices : sequence of PETSlice
        In any order.

    Returns
    -------
    ordered : list of PETSlice
        In the order of k. So i, j, k are right-handed in LPS.

    Raises
    ------
    SeriesError
        If the slices differ in matrix, pixel spacing or orientation.
    """
    first = slices[0]
    _require_orthonormal(first)
    for other in slices[1:]:
        _require_alike(first, other)
    heights = slice_heights_mm(slices)
    return [slices[index] for index in np.argsort(heights, kind='stable')]


def slice_heights_mm(slices: Sequence[PETSlice]) -> FloatArray:
    """
    Position of each slice along the common normal.

    Parameters
    ----------
    slices : sequence of PETSlice
        Slices of one orientation.

    Returns
    -------
    heights_mm : (K,) `numpy.ndarray` of float
        Distance of each slice's plane from the origin, in millimeter.
    """
    positions = np.array([plane.position_lps_mm for plane in slices])
    return np.asarray(positions @ _normal_lps(slices[0]))


def same_plane_groups(ordered: Sequence[PETSlice]) -> list[list[PETSlice]]:
    """
    The slices of each plane, together.

    Parameters
    ----------
    ordered : sequence of PETSlice
        In the order of k.

    Returns
    -------
    groups : list of list of PETSlice
        One group for each plane; of one slice each in a sound series.
    """
    heights = slice_heights_mm(ordered)
    groups = [[ordered[0]]]
    for plane, step in zip(ordered[1:], np.diff(heights), strict=True):
        if step < _SAME_PLANE_MM:
            groups[-1].append(plane)
        else:
            groups.append([plane])
    return groups


def grid_of_slices(ordered: Sequence[PETSlice]) -> VolumeGeometry:
    """
    The grid on which ordered slices lie.

    Parameters
    ----------
    ordered : sequence of PETSlice
        In the order of k, one for each plane.

    Returns
    -------
    geometry : VolumeGeometry
        Equation C.7.6.2.1-1 of PS3.3 for each slice, turned to RAS.

    Raises
    ------
    SeriesError
        If a slice lies off the regular grid: a gap, or a shift sideways.
    """
    first, last = ordered[0], ordered[-1]
    row, column = np.reshape(first.orientation, (2, 3))
    if len(ordered) > 1:
        step = np.subtract(last.position_lps_mm, first.position_lps_mm) / (len(ordered) - 1)
        _require_regular(ordered, step)
    else:
        step = _normal_lps(first) * _single_thickness_mm(first)
    row_distance, column_distance = first.pixel_spacing_mm
    ijk_to_lps = np.eye(4)
    ijk_to_lps[:3, :3] = np.column_stack([row * column_distance, column * row_distance, step])
    ijk_to_lps[:3, 3] = first.position_lps_mm
    _require_usual_sizes(first, ijk_to_lps)
    return VolumeGeometry((len(ordered), *first.shape), LPS_TO_RAS @ ijk_to_lps)


def _require_usual_sizes(first: PETSlice, ijk_to_lps: FloatArray) -> None:
    """Positions and spacings in another unit, or damaged."""
    sizes = np.linalg.norm(ijk_to_lps[:3, :3], axis=0)
    if sizes.min() < MIN_VOXEL_MM or sizes.max() > MAX_VOXEL_MM:
        msg = _(
            'the voxels of the series are {i:.4g} x {j:.4g} x {k:.4g} mm by {tag} and the step '
            'between slices, which no scan has ({least:g} to {most:g} mm); export the series again '
            'from its source.'
        ).format(
            i=sizes[0],
            j=sizes[1],
            k=sizes[2],
            tag=tag_text('PixelSpacing'),
            least=MIN_VOXEL_MM,
            most=MAX_VOXEL_MM,
        )
        raise SeriesError(msg)
    if np.abs(first.position_lps_mm).max() > MAX_ORIGIN_MM:
        msg = _(
            '{name}: {tag} lies more than {most:g} m away; export the series again from its source.'
        ).format(name=first.name, tag=tag_text('ImagePositionPatient'), most=MAX_ORIGIN_MM / 1000)
        raise SeriesError(msg)


def _normal_lps(plane: PETSlice) -> FloatArray:
    row, column = np.reshape(plane.orientation, (2, 3))
    normal = np.cross(row, column)
    return np.asarray(normal / np.linalg.norm(normal))


def _single_thickness_mm(plane: PETSlice) -> float:
    if not plane.thickness_mm:
        msg = _(
            '{plane} is the only slice and has no {tag}, so the size of its voxels is unknown; '
            'load the whole series.'
        ).format(plane=plane.name, tag=tag_text('SliceThickness'))
        raise SeriesError(msg)
    return plane.thickness_mm


def _require_orthonormal(plane: PETSlice) -> None:
    row, column = np.reshape(plane.orientation, (2, 3))
    errors = (abs(row @ row - 1) / 2, abs(column @ column - 1) / 2, abs(row @ column))
    if max(errors) > _COSINE_TOLERANCE:
        values = ', '.join(f'{value:g}' for value in plane.orientation)
        msg = _(
            '{plane}: {tag} is {values}, which is not two unit vectors at right angles; export the '
            'series again from its source.'
        ).format(plane=plane.name, tag=tag_text('ImageOrientationPatient'), values=values)
        raise SeriesError(msg)


def _require_alike(first: PETSlice, other: PETSlice) -> None:
    if first.shape != other.shape:
        raise _unlike(first, other, _('matrix'), _matrix(first), _matrix(other))
    if not _close(first.pixel_spacing_mm, other.pixel_spacing_mm, _SAME_SPACING_MM):
        texts = [_joined(plane.pixel_spacing_mm, ' x ') + ' mm' for plane in (first, other)]
        raise _unlike(first, other, _('pixel spacing'), *texts)
    if not _close(first.orientation, other.orientation, _SAME_COSINE):
        texts = [_joined(plane.orientation, ', ') for plane in (first, other)]
        raise _unlike(first, other, _('orientation'), *texts)


def _close(first: Sequence[float], other: Sequence[float], tolerance: float) -> bool:
    return first == other or all(abs(a - b) <= tolerance for a, b in zip(first, other, strict=True))


def _joined(values: Sequence[float], separator: str) -> str:
    return separator.join(f'{value:g}' for value in values)


def _matrix(plane: PETSlice) -> str:
    return f'{plane.file.integer("Columns")} x {plane.file.integer("Rows")}'


def _unlike(
    first: PETSlice, other: PETSlice, what: str, first_value: str, other_value: str
) -> SeriesError:
    msg = _(
        'the slices of the series differ in {what}: {first} has {first_value}, {other} has '
        '{other_value}; put each image into a series of its own.'
    ).format(
        what=what,
        first=first.name,
        first_value=first_value,
        other=other.name,
        other_value=other_value,
    )
    return SeriesError(msg)


def _require_regular(ordered: Sequence[PETSlice], step: FloatArray) -> None:
    positions = np.array([plane.position_lps_mm for plane in ordered])
    off = positions - positions[0] - np.arange(len(ordered))[:, None] * step
    distance = np.linalg.norm(off, axis=1)
    if distance.max() <= _POSITION_TOLERANCE_MM:
        return
    if np.abs(off @ _normal_lps(ordered[0])).max() <= _POSITION_TOLERANCE_MM:
        raise _sideways(ordered[int(np.argmax(distance))], float(distance.max()))
    distances = np.diff(slice_heights_mm(ordered))
    usual = float(np.median(distances))
    odd = int(np.argmax(np.abs(distances - usual)))
    raise _gap(ordered, odd, float(distances[odd]), usual)


def _gap(ordered: Sequence[PETSlice], index: int, distance: float, usual: float) -> SeriesError:
    heights = slice_heights_mm(ordered)
    missing = round(distance / usual) - 1
    advice = _('about {count} slices are missing: copy the whole series').format(count=missing)
    if missing == 1:
        advice = _('about 1 slice is missing: copy the whole series')
    elif missing < 1:
        advice = _(
            'the slices do not make one regular volume: export each acquisition as its own series'
        )
    msg = _(
        'the slices are not evenly spaced: from {first} at {height:.2f} mm to {next} at '
        '{next_height:.2f} mm are {distance:.3f} mm, elsewhere {usual:.3f} mm; {advice}.'
    ).format(
        first=ordered[index].name,
        height=heights[index],
        next=ordered[index + 1].name,
        next_height=heights[index + 1],
        distance=distance,
        usual=usual,
        advice=advice,
    )
    return SeriesError(msg)


def _sideways(plane: PETSlice, off_mm: float) -> SeriesError:
    x, y, z = plane.position_lps_mm
    msg = _(
        '{plane} at LPS ({x:.2f}, {y:.2f}, {z:.2f}) mm lies {off:.2f} mm off the regular grid of '
        'the other slices; export the series again from its source.'
    ).format(plane=plane.name, x=x, y=y, z=z, off=off_mm)
    return SeriesError(msg)
