"""A PET series, as the scanner stored it, to a `PETImage`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..core.image import PETImage
from ..core.progress import Progress, no_progress, part_of
from .facts import acquisition_facts, series_unit
from .grid import grid_of_slices
from .pixels import PixelReader
from .stack import PETStack, find_stack, stack_of_files

PART_FOR_HEADERS = 0.4
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
    return read_stack(folder, series_uid=series_uid, progress=progress)[0]


def read_stack(
    folder: Path, *, series_uid: str | None = None, progress: Progress = no_progress
) -> tuple[PETImage, PETStack]:
    """
    Read one PET series, for those who want its headers too.

    Parameters
    ----------
    folder : `pathlib.Path`
        As for `read_pet_series`.

    series_uid : str, optional
        Which series, where the folder holds several PET series.

    progress : callable, optional
        Told how far the reading is; may raise `CanceledError`.

    Returns
    -------
    image : PETImage
        As from `read_pet_series`.

    stack : PETStack
        Its slices, each with its header.

    Raises
    ------
    SeriesError
        As from `read_pet_series`.
    """
    stack = find_stack(folder, series_uid, part_of(progress, 0.0, PART_FOR_HEADERS))
    return image_of_stack(stack, part_of(progress, PART_FOR_HEADERS, 1.0)), stack


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
    stack = stack_of_files(paths, part_of(progress, 0.0, PART_FOR_HEADERS))
    return image_of_stack(stack, part_of(progress, PART_FOR_HEADERS, 1.0))


def image_of_stack(stack: PETStack, progress: Progress = no_progress) -> PETImage:
    """
    Read the voxels of a series whose headers have been read.

    Parameters
    ----------
    stack : PETStack
        Its slices.

    progress : callable, optional
        Told how far the reading is; may raise `CanceledError`.

    Returns
    -------
    image : PETImage
        As from `read_pet_series`.

    Raises
    ------
    SeriesError
        If the slices do not make one regular volume of known values.
    """
    geometry = grid_of_slices(stack.slices)
    voxels = np.empty(geometry.shape_kji, np.float32)
    reader = PixelReader()
    count = len(stack.slices)
    for k, plane in enumerate(stack.slices):
        if k % _SLICES_PER_STEP == 0:
            progress(k / count, f'reading slice {k + 1} of {count}')
        reader.read_into(plane, voxels[k])
    progress(1.0, f'{count} slices read')
    facts = acquisition_facts(stack.slices, stack.notes)
    return PETImage(voxels, geometry, series_unit(stack.slices), facts)
