"""A PET series, as the scanner stored it, to a `PETImage`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..core.errors import SeriesError
from ..core.image import PETImage
from ..core.progress import Progress, no_progress, part_of
from .facts import acquisition_facts, series_unit
from .folder import find_series, list_series, series_to_read
from .geometry import grid_of_slices
from .pixels import PixelReader
from .series import Series, choose_pet_series
from .stack import ordered_slices

__all__ = [
    'find_series',
    'ordered_slices',
    'read_pet_files',
    'read_pet_series',
    'series_to_read',
]

_PART_FOR_HEADERS = 0.4
"""Part of the reading time that the headers take."""

_SLICES_PER_STEP = 10
"""Slices between two calls of `progress`."""


def read_pet_series(
    folder: Path, *, series_uid: str | None = None, progress: Progress = no_progress
) -> PETImage:
    """
    Read one PET series from a folder, or the series of one file.

    Parameters
    ----------
    folder : `pathlib.Path`
        Searched with all folders below it. A DICOM file stands for its series
        in the folder where it lies.

    series_uid : str, optional
        Which series, where the folder holds several PET series.

    progress : callable, optional
        Told how far the reading is; may raise `CanceledError`.

    Returns
    -------
    image : PETImage
        Values = stored * slope + intercept, slice by slice; slices in the
        order of their position along the normal, so that i, j, k are
        right-handed in LPS. `image.acquisition.notes` says what was passed over.

    Raises
    ------
    SeriesError
        If there is not exactly one PET series to read, or if its slices do
        not make one regular volume of known values.
    """
    headers = part_of(progress, 0.0, _PART_FOR_HEADERS)
    series, notes = series_to_read(Path(folder), series_uid, headers)
    return _image_of_series(series, notes, part_of(progress, _PART_FOR_HEADERS, 1.0))


def read_pet_files(paths: Sequence[Path], progress: Progress = no_progress) -> PETImage:
    """
    Read the PET series that is stored in given files, e.g. those of a loaded volume.

    Parameters
    ----------
    paths : sequence of `pathlib.Path`
        Its files, in any order.

    progress : callable, optional
        Told how far the reading is; may raise `CanceledError`.

    Returns
    -------
    image : PETImage
        As from `read_pet_series`.

    Raises
    ------
    SeriesError
        As from `read_pet_series`, and if a file is no DICOM image.
    """
    if not paths:
        msg = 'no file was given; give the files of one PET series.'
        raise SeriesError(msg)
    listing = list_series(paths, part_of(progress, 0.0, _PART_FOR_HEADERS))
    if listing.notes:
        msg = f'not all of the {len(paths)} files are DICOM images: {"; ".join(listing.notes)}.'
        raise SeriesError(msg)
    series = choose_pet_series(listing)
    return _image_of_series(series, (), part_of(progress, _PART_FOR_HEADERS, 1.0))


def _image_of_series(series: Series, notes: tuple[str, ...], progress: Progress) -> PETImage:
    slices, slice_notes = ordered_slices(series)
    geometry = grid_of_slices(slices)
    unit, acquisition = series_unit(slices), acquisition_facts(slices, (*notes, *slice_notes))
    voxels = np.empty(geometry.shape_kji, np.float32)
    reader = PixelReader()
    for k, plane in enumerate(slices):
        if k % _SLICES_PER_STEP == 0:
            progress(k / len(slices), f'reading slice {k + 1} of {len(slices)}')
        reader.read_into(plane, voxels[k])
    progress(1.0, f'{len(slices)} slices read')
    return PETImage(voxels, geometry, unit, acquisition)
