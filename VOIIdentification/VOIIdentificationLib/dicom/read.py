"""A PET series, as the scanner stored it, to a `PETImage`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..core.bounds import BYTES_PER_VOXEL, require_memory
from ..core.errors import Progress, SeriesError, no_progress, part_of
from ..core.image import PETImage
from ..core.sentence import joined, sentences
from .agreement import require_one_image
from .enhanced import slices_of_enhanced_file
from .facts import acquisition_facts, series_unit
from .file import DicomFile, naming
from .folder import Series, choose_pet_series, list_series, series_to_read
from .frames import one_of_frames, time_frames, without_copies
from .grid import grid_of_slices, order_slices
from .kinds import require_volume
from .mapping import plane_of_file
from .pixels import PixelReader, require_pixels
from .scaling import counts_to_activity, require_modality_slope, scaling_notes
from .slices import PETSlice, passed_over_note
from .spect import slices_of_spect_file

_ = sentences(__name__)

PART_FOR_HEADERS = 0.4
"""Part of the reading time that the headers take."""

_SLICES_PER_STEP = 10
"""Slices between two calls of `progress`."""


class PETStack(NamedTuple):
    """
    The slices of one PET series: one for each plane, of one acquisition.

    Attributes
    ----------
    series : Series
        Where they come from.

    slices : tuple of PETSlice
        In the order of k: by position along the normal. `PETSlice.file` has
        every fact of a slice's header.

    notes : tuple of str
        What was passed over.
    """

    series: Series
    slices: tuple[PETSlice, ...]
    notes: tuple[str, ...]


def read_pet_series(
    folder: Path, *, series_uid: str | None = None, progress: Progress = no_progress
) -> PETImage:
    """
    Read one PET or SPECT series from a folder, or the series of one file.

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
    folder: Path,
    *,
    series_uid: str | None = None,
    frame: int | None = None,
    progress: Progress = no_progress,
) -> tuple[PETImage, PETStack]:
    """
    Read one PET series, for those who want its headers too.

    Parameters
    ----------
    folder : `pathlib.Path`
        As for `read_pet_series`.

    series_uid : str, optional
        Which series, where the folder holds several PET series.

    frame : int, optional
        Which of its times or gates, from 1, where the series holds several.

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
    stack = find_stack(folder, series_uid, part_of(progress, 0.0, PART_FOR_HEADERS), frame=frame)
    return image_of_stack(stack, part_of(progress, PART_FOR_HEADERS, 1.0)), stack


def stacks_of_frames(
    path: Path, series_uid: str | None = None, progress: Progress = no_progress
) -> tuple[PETStack, ...]:
    """
    Read the headers of every time or gate of one PET series.

    Parameters
    ----------
    path : `pathlib.Path`
        As for `find_stack`.

    series_uid : str, optional
        Which series, where there are several.

    progress : callable, optional
        Told how far the search is; may raise `CanceledError`.

    Returns
    -------
    stacks : tuple of PETStack
        In the order of `--frame`; one for a static series.

    Raises
    ------
    SeriesError
        As from `find_stack`, if one of them is unusable.
    """
    series, notes = series_to_read(Path(path), series_uid, progress)
    count = len(time_frames(order_slices(_all_slices(series)))) or 1
    return tuple(_stack(series, notes, number) for number in range(1, count + 1))


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
    require_pixels(stack.slices)
    geometry = grid_of_slices(stack.slices)
    k, j, i = geometry.shape_kji
    what = _('the series ({i} x {j} x {k} voxels)').format(i=i, j=j, k=k)
    require_memory(BYTES_PER_VOXEL * k * j * i, what, error=SeriesError)
    voxels = np.empty(geometry.shape_kji, np.float32)
    reader = PixelReader(stack.slices)
    count = len(stack.slices)
    for k, plane in enumerate(stack.slices):
        if k % _SLICES_PER_STEP == 0:
            progress(k / count, _('reading slice {k} of {count}').format(k=k + 1, count=count))
        with naming(plane.name):
            reader.read_into(plane, voxels[k])
    reader.require_same_bits()
    progress(1.0, _('{count} slices read').format(count=count))
    facts = acquisition_facts(stack.slices, (*stack.notes, *reader.notes))
    return PETImage(voxels, geometry, series_unit(stack.slices), facts)


def find_stack(
    path: Path,
    series_uid: str | None = None,
    progress: Progress = no_progress,
    *,
    frame: int | None = None,
) -> PETStack:
    """
    Read the headers of one PET series.

    Parameters
    ----------
    path : `pathlib.Path`
        A folder, searched with all below it, or a DICOM file of the series.

    series_uid : str, optional
        Which series, where there are several.

    progress : callable, optional
        Told how far the search is; may raise `CanceledError`.

    frame : int, optional
        As for `read_stack`.

    Returns
    -------
    stack : PETStack
        Its slices.

    Raises
    ------
    SeriesError
        If there is not exactly one such series, if a slice is unusable, if
        slices differ in kind, or if two images lie in one place.
    """
    series, notes = series_to_read(Path(path), series_uid, progress)
    return _stack(series, notes, frame)


def stack_of_files(paths: Sequence[Path], progress: Progress = no_progress) -> PETStack:
    """
    Read the headers of the PET series that is stored in given files.

    Parameters
    ----------
    paths : sequence of `pathlib.Path`
        Its files, in any order.

    progress : callable, optional
        Told how far the search is; may raise `CanceledError`.

    Returns
    -------
    stack : PETStack
        Its slices.

    Raises
    ------
    SeriesError
        As from `find_stack`, and if a file is no DICOM image.
    """
    if not paths:
        msg = _('no file was given; give the files of one PET series.')
        raise SeriesError(msg)
    listing = list_series(paths, progress)
    if listing.notes:
        msg = _('not all of the {count} files are DICOM images: {notes}.')
        raise SeriesError(msg.format(count=len(paths), notes=joined(listing.notes, '; ')))
    return _stack(choose_pet_series(listing), ())


def _stack(series: Series, notes: tuple[str, ...], frame: int | None = None) -> PETStack:
    others = [file.name for file in series.files if not _may_be_read(file)]
    chosen, of_frame = one_of_frames(order_slices(_all_slices(series)), frame)
    ordered, copies = without_copies(chosen)
    require_one_image(chosen)  # a copy may tell that its values are others
    _require_one_acquisition(ordered)
    planes, converted = counts_to_activity(ordered)
    dropped = [
        *([passed_over_note(_('no PET image'), others)] if others else []),
        *([passed_over_note(_('copies of others'), copies, 'slice')] if copies else []),
    ]
    told = (*scaling_notes(planes), *_syntax_notes(planes), *_count_notes(planes))
    return PETStack(series, tuple(planes), (*of_frame, *notes, *dropped, *converted, *told))


def _may_be_read(file: DicomFile) -> bool:
    """What nuclear medicine image is no reconstruction is refused by its own sentence."""
    return file.is_pet_image or file.is_nuclear_medicine


def _all_slices(series: Series) -> list[PETSlice]:
    return [plane for file in series.files if _may_be_read(file) for plane in _slices_of(file)]


def _slices_of(file: DicomFile) -> list[PETSlice]:
    with naming(file.name):
        return _slices_in(file)


def _slices_in(file: DicomFile) -> list[PETSlice]:
    if not file.pixels:
        msg = _(
            '{file} is truncated: it ends before the pixel data; copy it again from its source.'
        )
        raise SeriesError(msg.format(file=file.name))
    require_modality_slope(file)
    if file.is_nuclear_medicine:
        return slices_of_spect_file(file)
    require_volume(file)
    if file.is_multi_frame_pet:
        return slices_of_enhanced_file(file)
    if file.frame_count > 1:
        msg = _(
            '{file} holds {count} frames without saying where each lies; export the series as '
            'single images or as enhanced PET.'
        ).format(file=file.name, count=file.frame_count)
        raise SeriesError(msg)
    return [plane_of_file(file)]


def _require_one_acquisition(ordered: Sequence[PETSlice]) -> None:
    """Bed positions follow each other; acquisitions that alternate are two volumes."""
    numbers = [plane.file.text('AcquisitionNumber') for plane in ordered]
    runs = [number for number, _run in groupby(numbers)]
    if len(runs) > len(set(runs)):
        names = sorted(set(runs))
        msg = _(
            'the slices of acquisitions {first} and {second} alternate, from {slice} on: the '
            'series holds two volumes; export the one to measure as its own series.'
        ).format(first=names[0] or _('none'), second=names[1] or _('none'), slice=ordered[0].name)
        raise SeriesError(msg)


def _syntax_notes(ordered: Sequence[PETSlice]) -> tuple[str, ...]:
    """What the meta header says wrongly; pydicom and others read such files too."""
    odd = {plane.file.name: plane.file for plane in ordered if plane.file.declared_syntax}
    if not odd:
        return ()
    from pydicom.uid import UID

    name, file = next(iter(odd.items()))
    note = _(
        '{count} {files} written as {syntax}, not as {declared}, which the meta header names: '
        '{name} …'
    )
    files = _('files') if len(odd) > 1 else _('file')
    syntax, declared = (UID(uid).name for uid in (file.transfer_syntax, file.declared_syntax))
    said = {'files': files, 'syntax': syntax, 'declared': declared, 'name': name}
    return (note.format(count=len(odd), **said),)


def _count_notes(ordered: Sequence[PETSlice]) -> tuple[str, ...]:
    announced = ordered[0].file.integer('NumberOfSlices')
    if announced is None or announced <= len(ordered):
        return ()
    found = _('the header announces up to {announced} slices, {count} were found').format(
        announced=announced, count=len(ordered)
    )
    return (_('{found}: the series may be incomplete at an end').format(found=found),)
