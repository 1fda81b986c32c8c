"""SUV of a loaded volume, by the header of the files that it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..core.errors import SUVError
from ..core.geometry import VolumeGeometry
from ..core.image import UNKNOWN_UNIT, PETImage
from ..core.progress import Progress, no_progress
from ..suv.scale import SUVScale, SUVType, suv_scale
from .source import VolumeSource, stored_image
from .verify import on_grid_of

_INDEX_TOLERANCE = 0.01
"""Slices that lie this part of a slice apart are the same."""


def suv_of_volume(
    geometry: VolumeGeometry, unit: str, source: VolumeSource, suv_type: SUVType = 'bw'
) -> SUVScale:
    """
    Find the factors from the values of a loaded volume to SUV.

    Parameters
    ----------
    geometry : VolumeGeometry
        Of the volume, without the transforms above it.

    unit : str
        Of the volume.

    source : VolumeSource
        What its files say.

    suv_type : {'bw', 'lbm', 'ibw', 'bsa'}, optional
        What to normalize to.

    Returns
    -------
    scale : SUVScale
        A factor for each slice of the volume, in the volume's order.

    Raises
    ------
    SUVError
        If the files are not known or do not allow an SUV, or the volume is in
        another unit or has other slices than they have.
    """
    scale = header_scale(source, suv_type)
    if unit not in {UNKNOWN_UNIT, source.unit}:
        msg = f'the volume is in {unit}, its DICOM files are in {source.unit}'
        raise SUVError(msg)
    return replace(scale, factors=scale.factors[_stored_slices(geometry, source)])


def header_scale(source: VolumeSource, suv_type: SUVType = 'bw') -> SUVScale:
    """
    Find the factors from the values in the files to SUV.

    Parameters
    ----------
    source : VolumeSource
        What the files say.

    suv_type : {'bw', 'lbm', 'ibw', 'bsa'}, optional
        What to normalize to.

    Returns
    -------
    scale : SUVScale
        A factor for each slice of the files, in the order of the reader.

    Raises
    ------
    SUVError
        If the files are not known or do not allow an SUV.
    """
    if source.suv_header is None:
        raise SUVError(source.suv_problem or source.problem or _NO_FILES)
    return suv_scale(source.suv_header, suv_type)


def suv_voxels(
    geometry: VolumeGeometry,
    source: VolumeSource,
    paths: Sequence[Path],
    suv_type: SUVType = 'bw',
    progress: Progress = no_progress,
) -> tuple[PETImage, SUVScale]:
    """
    Read the files of a volume as SUV.

    Parameters
    ----------
    geometry : VolumeGeometry
        Of the volume, without the transforms above it.

    source : VolumeSource
        What its files say.

    paths : sequence of `pathlib.Path`
        The files.

    suv_type : {'bw', 'lbm', 'ibw', 'bsa'}, optional
        What to normalize to.

    progress : callable, optional
        Told while the files are read; may raise `CanceledError`.

    Returns
    -------
    image : PETImage
        From the stored values, every slice with its own factor, on the
        volume's grid; on that of the files if the volume was resampled or moved.

    scale : SUVScale
        The factors and the decisions that led to them.

    Raises
    ------
    SUVError
        If the files are not known or do not allow an SUV.

    SeriesError
        If they are gone or cannot be read.
    """
    scale = header_scale(source, suv_type)
    stored = stored_image(paths, progress)
    voxels = stored.voxels * scale.factors.astype(np.float32)[:, None, None]
    image = replace(stored, voxels=voxels, unit=scale.unit)
    same = on_grid_of(image, geometry)
    if same is None:
        note = 'the volume was resampled, cropped or moved: the SUV volume is where the files are'
        return image, replace(scale, decisions=(*scale.decisions, note))
    return replace(image, voxels=same.astype(np.float32), geometry=geometry), scale


_NO_FILES = (
    'SUV needs the DICOM files that the volume was loaded from: load the series by the DICOM module'
)


def _stored_slices(geometry: VolumeGeometry, source: VolumeSource) -> list[int]:
    """For each slice of the volume its place in the files."""
    assert source.geometry is not None
    to_stored = np.linalg.inv(source.geometry.ijk_to_ras) @ geometry.ijk_to_ras
    tilt = float(np.abs(to_stored[2, :2]) @ (geometry.size_ijk[:2] - 1))
    k = to_stored[2, 2] * np.arange(geometry.size_ijk[2]) + to_stored[2, 3]
    nearest = np.rint(k).astype(int)
    inside = nearest.min() >= 0 and nearest.max() < source.geometry.size_ijk[2]
    if tilt > _INDEX_TOLERANCE or np.abs(k - nearest).max() > _INDEX_TOLERANCE or not inside:
        msg = 'the slices of the volume are not those of its DICOM files, which the factors are for'
        raise SUVError(msg)
    return [int(n) for n in nearest]
