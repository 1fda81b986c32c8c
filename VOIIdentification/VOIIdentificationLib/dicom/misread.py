"""Whether the application's own readers would get a series wrong, decided from its headers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..core.errors import Progress, SeriesError, no_progress
from ..core.geometry import LPS_TO_RAS, FloatArray, VolumeGeometry
from .grid import grid_of_slices
from .read import PETStack, stack_of_files
from .slices import PETSlice

GDCM, DCMTK = 'GDCM', 'DCMTK'
"""The two libraries that the application can be set to read with; GDCM unless it is set."""

_CORNER_MM = 1e-3
"""
Slices off a regular grid by more are put under a transform that is not linear.

cornerEpsilon of Slicer's DICOMScalarVolumePlugin.AcquisitionModeling.
"""


class Misreading(NamedTuple):
    """
    One thing that goes wrong.

    Attributes
    ----------
    kind : {'inverted', 'rounded', 'first_scale', 'frame_order', 'repeated', 'bent'}
        What, for programs and translators.

    slice_count : int
        Number of slices that are concerned.

    off_mm : float
        Largest distance from the regular grid, where that is what goes wrong.
    """

    kind: str
    slice_count: int
    off_mm: float = 0.0


class MisreadSeries(NamedTuple):
    """
    A PET series that this library reads and the application's reader gets wrong.

    Attributes
    ----------
    misreadings : tuple of Misreading
        What goes wrong; at least one.

    stack : PETStack
        Its slices.
    """

    misreadings: tuple[Misreading, ...]
    stack: PETStack


def misread_series(
    paths: Sequence[Path], reader: str = GDCM, progress: Progress = no_progress
) -> MisreadSeries | None:
    """
    Look for what the application would get wrong in a series; pixels are not read.

    Parameters
    ----------
    paths : sequence of `pathlib.Path`
        Files of one series, in any order.

    reader : {'GDCM', 'DCMTK'}, optional
        What the application reads with.

    progress : callable, optional
        Told while the headers are read; may raise `CanceledError`.

    Returns
    -------
    series : MisreadSeries or None
        None if nothing goes wrong, or if this library cannot read the series either.
    """
    try:
        stack = stack_of_files(paths, progress)
        geometry = grid_of_slices(stack.slices)
    except SeriesError:
        return None
    found = (*_of_values(stack.slices, reader), *_of_places(stack, geometry))
    return MisreadSeries(found, stack) if found else None


def _of_values(slices: Sequence[PETSlice], reader: str) -> list[Misreading]:
    """GDCM turns MONOCHROME1 upside down; DCMTK cuts rescaled values to whole numbers."""
    frames = [one for one in slices if one.file.frame_count > 1]
    scales = {(one.slope, one.intercept) for one in frames}
    counts = {'first_scale': len(frames) if len(scales) > 1 else 0}
    if reader == DCMTK:
        counts['rounded'] = sum(not _whole(one) for one in slices)
    else:
        counts['inverted'] = sum(map(_is_inverted, slices))
    return [Misreading(kind, count) for kind, count in counts.items() if count]


def _whole(plane: PETSlice) -> bool:
    scale = np.array([plane.slope, plane.intercept]) / plane.bqml_per_count
    return bool(np.allclose(scale, np.rint(scale), rtol=1e-12, atol=1e-12))


def _is_inverted(plane: PETSlice) -> bool:
    return plane.file.text('PhotometricInterpretation') == 'MONOCHROME1'


def _of_places(stack: PETStack, geometry: VolumeGeometry) -> list[Misreading]:
    """Frames are taken in the order of the file; a plane that is there twice is taken twice."""
    slices, found = stack.slices, []
    frames = [one.frame for one in slices if one.file.frame_count > 1]
    if frames != sorted(frames):
        found.append(Misreading('frame_order', len(frames)))
    images = sum(file.frame_count for file in stack.series.files if file.is_activity)
    if images > len(slices):
        found.append(Misreading('repeated', images - len(slices)))
    off_mm = _off_grid_mm(slices, geometry)
    count = int((off_mm > _CORNER_MM).sum())
    if count and not frames:
        found.append(Misreading('bent', count, float(off_mm.max())))
    return found


def _off_grid_mm(slices: Sequence[PETSlice], geometry: VolumeGeometry) -> FloatArray:
    """How far each slice lies from the regular grid along one axis, at most; (K,)."""
    regular_ras_mm = geometry.position_ras_mm(np.outer(np.arange(len(slices)), (0, 0, 1)))
    stored_lps_mm = np.array([one.position_lps_mm for one in slices])
    return np.asarray(np.abs(regular_ras_mm - stored_lps_mm @ LPS_TO_RAS[:3, :3]).max(axis=1))
