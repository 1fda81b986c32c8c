"""The files of a series to its slices: in order, one for each plane, of one acquisition."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from ..core.errors import SeriesError
from .enhanced import slices_of_enhanced_file
from .geometry import order_slices, same_plane_groups, slice_heights_mm
from .header import DicomFile, Tag
from .pixels import PixelReader
from .series import Series, is_pet_image, passed_over_note
from .slices import ENHANCED_CLASSES, PETSlice, slice_of_file

_SAME_POSITION_MM = 0.01
"""Copies of a slice are not farther apart."""


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
        notes.append(passed_over_note('no PET image', others))
    slices = [plane for file in files for plane in _slices_of(file)]
    ordered, dropped = _without_copies(order_slices(slices))
    if dropped:
        notes.append(passed_over_note('copies of others', dropped, 'slice'))
    _require_one_acquisition(ordered)
    return ordered, (*notes, *_count_notes(ordered))


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
    numbers = [plane.file.text(Tag.AcquisitionNumber) for plane in ordered]
    runs = [number for number, _ in groupby(numbers)]
    if len(runs) > len(set(runs)):
        names = sorted(set(runs))
        msg = (
            f'the slices of acquisitions {names[0] or "none"} and {names[1] or "none"} alternate, '
            f'from {ordered[0].name} on: the series holds two volumes; '
            'export the one to measure as its own series.'
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
    note = (
        f'the header announces up to {announced} slices, {len(ordered)} were found: '
        'the series may be incomplete at an end'
    )
    return (note,)
