"""A PET series, as the scanner stored it, to a `PETImage`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from .dicom_enhanced import slices_of_enhanced_file
from .dicom_facts import acquisition_facts, series_unit
from .dicom_geometry import grid_of_slices, order_slices, same_plane_groups, slice_heights_mm
from .dicom_header import DicomFile, Tag, read_header
from .dicom_pixels import PixelReader
from .dicom_series import Series, choose_pet_series, find_series, is_pet_image
from .dicom_slices import ENHANCED_CLASSES, PETSlice, slice_of_file
from .errors import SeriesError
from .image import PETImage
from .progress import Progress, no_progress, part_of

_PART_FOR_HEADERS = 0.4
"""Part of the reading time that the headers take."""

_SLICES_PER_STEP = 10
"""Slices between two calls of `progress`."""

_SAME_POSITION_MM = 0.01
"""Copies of a slice are not farther apart."""


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
    return _image_of(series, notes, part_of(progress, _PART_FOR_HEADERS, 1.0))


def read_pet_files(paths: Sequence[Path], progress: Progress = no_progress) -> PETImage:
    """
    Read a PET series from its files, wherever each of them lies.

    Parameters
    ----------
    paths : sequence of `pathlib.Path`
        The files of one volume, in any order.

    progress : callable, optional
        Told how far the reading is; may raise `CanceledError`.

    Returns
    -------
    image : PETImage
        As from `read_pet_series`.

    Raises
    ------
    SeriesError
        If a file is no DICOM, or they do not make one regular volume of known
        values.
    """
    headers = part_of(progress, 0.0, _PART_FOR_HEADERS)
    files = []
    for n, path in enumerate(paths):
        if n % _SLICES_PER_STEP == 0:
            headers(n / len(paths), f'reading header {n + 1} of {len(paths)}')
        files.append(_require_header(path))
    series = Series(
        uid=files[0].text(Tag.SeriesInstanceUID) if files else '',
        modality=files[0].text(Tag.Modality) if files else '',
        description='',
        image_count=len(files),
        files=tuple(files),
    )
    if not series.is_pet:
        msg = f'none of the {len(files)} files is a PET image; load a PET series.'
        raise SeriesError(msg)
    return _image_of(series, (), part_of(progress, _PART_FOR_HEADERS, 1.0))


def _image_of(series: Series, notes: tuple[str, ...], progress: Progress) -> PETImage:
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


def series_to_read(
    path: Path, series_uid: str | None = None, progress: Progress = no_progress
) -> tuple[Series, tuple[str, ...]]:
    """
    The one PET series meant by a folder or by a file.

    Parameters
    ----------
    path : `pathlib.Path`
        A folder, or a DICOM file of the series.

    series_uid : str, optional
        Which series, where there are several.

    progress : callable, optional
        Told how far the search is.

    Returns
    -------
    series : Series
        The series.

    notes : tuple of str
        What was passed over.

    Raises
    ------
    SeriesError
        If there is not exactly one such series.
    """
    folder = path
    if path.is_file():
        folder, series_uid = (
            path.parent,
            series_uid or _require_header(path).text(Tag.SeriesInstanceUID),
        )
    listing = find_series(folder, progress)
    return choose_pet_series(listing, series_uid), listing.notes


def ordered_slices(series: Series) -> tuple[list[PETSlice], tuple[str, ...]]:
    """
    The slices of a series in the order of k, copies dropped.

    Parameters
    ----------
    series : Series
        A PET series.

    Returns
    -------
    slices : list of PETSlice
        By position along the normal.

    notes : tuple of str
        What was dropped.

    Raises
    ------
    SeriesError
        If a slice is unusable, if slices differ in kind, or if two images lie
        in one place.
    """
    files = [file for file in series.files if is_pet_image(file)]
    notes = []
    if len(files) < len(series.files):
        others = [file.name for file in series.files if not is_pet_image(file)]
        notes.append(f'{len(others)} image(s) of the series are no PET images: {others[0]} …')
    slices = [plane for file in files for plane in _slices_of(file)]
    ordered, dropped = _without_copies(order_slices(slices))
    if dropped:
        notes.append(f'{len(dropped)} copies of slices passed over: {dropped[0]} …')
    _require_one_acquisition(ordered)
    return ordered, (*notes, *_count_notes(ordered))


def _require_header(path: Path) -> DicomFile:
    try:
        file = read_header(path)
    except OSError as error:
        msg = f'{path} cannot be read: {error.strerror or error}'
        raise SeriesError(msg) from error
    if file is None:
        msg = f'{path} is not a DICOM file; give a folder, or a file of the series.'
        raise SeriesError(msg)
    return file


def _slices_of(file: DicomFile) -> list[PETSlice]:
    if not file.pixel_tag:
        msg = (
            f'{file.name} is truncated: it ends before the pixel data; '
            'copy it again from its source.'
        )
        raise SeriesError(msg)
    if file.text(Tag.SOPClassUID) in ENHANCED_CLASSES:
        return slices_of_enhanced_file(file)
    if file.frame_count > 1:
        msg = (
            f'{file.name} holds {file.frame_count} frames without saying where each lies; '
            'export the series as single images or as enhanced PET.'
        )
        raise SeriesError(msg)
    return [slice_of_file(file)]


def _without_copies(ordered: Sequence[PETSlice]) -> tuple[list[PETSlice], list[str]]:
    """One slice for each plane, and the names of the copies that were dropped."""
    kept, dropped = [], []
    for first, *others in same_plane_groups(ordered):
        kept.append(first)
        for other in others:
            if not _same_image(first, other):
                raise _two_images(first, other, float(slice_heights_mm([first])[0]))
            dropped.append(other.name)
    return kept, dropped


def _same_image(first: PETSlice, other: PETSlice) -> bool:
    apart = np.subtract(first.position_lps_mm, other.position_lps_mm)
    if float(np.linalg.norm(apart)) > _SAME_POSITION_MM:
        return False
    shape = (first.file.integer(Tag.Rows) or 0, first.file.integer(Tag.Columns) or 0)
    images = np.empty((2, *shape), np.float32)
    PixelReader().read_into(first, images[0])
    PixelReader().read_into(other, images[1])
    return np.array_equal(images[0], images[1])


def _two_images(first: PETSlice, other: PETSlice, height_mm: float) -> SeriesError:
    differing = [
        f'{name} {value or "none"} and {dict(other.facts).get(name) or "none"}'
        for name, value in first.facts
        if value != dict(other.facts).get(name)
    ]
    kind = first.file.text(Tag.SeriesType).replace('\\', ' ')
    facts = ', '.join(([f'series type {kind}'] if kind else []) + differing)
    msg = (
        f'{first.name} and {other.name} hold different images of one plane, {height_mm:.2f} mm '
        f'along the normal{f" ({facts})" if facts else ""}: the series has several time points, '
        'gates or acquisitions; export the one to measure as its own series.'
    )
    return SeriesError(msg)


def _require_one_acquisition(ordered: Sequence[PETSlice]) -> None:
    """Bed positions follow each other; acquisitions that alternate are two volumes."""
    for tag in (Tag.FrameOfReferenceUID, Tag.Units):
        _require_same(ordered, tag)
    runs = [
        number for number, _ in groupby(plane.file.text(Tag.AcquisitionNumber) for plane in ordered)
    ]
    if len(runs) > len(set(runs)):
        names = sorted(set(runs))
        msg = (
            f'the slices of acquisitions {names[0] or "none"} and {names[1] or "none"} alternate '
            f'(first {ordered[0].name}): the series holds two volumes; export one as its own series.'
        )
        raise SeriesError(msg)


def _require_same(ordered: Sequence[PETSlice], tag: Tag) -> None:
    first = ordered[0]
    for other in ordered[1:]:
        if first.file.values.get(tag) != other.file.values.get(tag):
            values = [plane.file.text(tag) or 'none' for plane in (first, other)]
            msg = (
                f'the slices of the series differ in {tag.text}: {first.name} has {values[0]}, '
                f'{other.name} has {values[1]}; put each image into a series of its own.'
            )
            raise SeriesError(msg)


def _count_notes(ordered: Sequence[PETSlice]) -> tuple[str, ...]:
    announced = ordered[0].file.integer(Tag.NumberOfSlices)
    if announced is None or announced <= len(ordered):
        return ()
    return (
        f'the header announces up to {announced} slices, {len(ordered)} were found: '
        'the series may be incomplete at an end',
    )
