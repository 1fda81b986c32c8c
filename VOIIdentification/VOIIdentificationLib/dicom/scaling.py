"""What the values of a series are: whether their scale is known, and activity from counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..core.errors import SeriesError
from ..core.sentence import sentences
from .attributes import tag_text
from .facts import has_scale
from .file import DicomFile
from .header import PHILIPS_GROUP, Header, as_number
from .slices import PETSlice

_ = sentences(__name__)

COUNTS = 'CNTS'
"""Counts, as Units (0054,1001) has them."""

_TAKEN_FOR_COUNTS = _('the SPECT image names no unit: its values are taken for counts')

PHILIPS_CREATOR = 'Philips PET Private Group'
"""Private creator (PS3.5, 7.8.1) of the elements (7053,10xx)."""

PHILIPS_SUV, PHILIPS_ACTIVITY = 0x00, 0x09
"""Elements of its block: counts to SUVbw, and to Bq/mL."""


def philips_text(file: Header, element: int) -> tuple[str, bool]:
    """
    A private factor of Philips.

    Parameters
    ----------
    file : Header
        Header of a slice.

    element : int
        `PHILIPS_SUV` or `PHILIPS_ACTIVITY`.

    Returns
    -------
    text : str
        Empty if it is missing.

    reserved : bool
        False if nobody reserved the block: the usual number was read.
    """
    return file.private_text(PHILIPS_GROUP, PHILIPS_CREATOR, element)


def require_modality_slope(file: DicomFile) -> None:
    """
    Refuse a file whose values follow from a table instead of a slope.

    Parameters
    ----------
    file : DicomFile
        A file of a series.

    Raises
    ------
    SeriesError
        If it has a Modality LUT.
    """
    if file.stored_bytes('ModalityLUTSequence') is None:
        return
    msg = _(
        '{file} has a {tag}: its values follow from a table, which cannot be read; export the '
        'series with slope and intercept.'
    ).format(file=file.name, tag=tag_text('ModalityLUTSequence'))
    raise SeriesError(msg)


def counts_to_activity(slices: Sequence[PETSlice]) -> tuple[Sequence[PETSlice], tuple[str, ...]]:
    """
    Make Bq/mL of counts, where the header has the factor of Philips in every slice.

    Parameters
    ----------
    slices : sequence of PETSlice
        Of one series.

    Returns
    -------
    slices : sequence of PETSlice
        With the factor in slope and intercept; as they are if there is none.

    notes : tuple of str
        What was done.

    Raises
    ------
    SeriesError
        If only some slices have the factor.
    """
    if slices[0].units != COUNTS or not has_scale(slices):
        return slices, ()
    factors = [as_number(philips_text(plane.file, PHILIPS_ACTIVITY)[0]) or 0.0 for plane in slices]
    usable = [factor for factor in factors if factor > 0]
    if not usable:
        return slices, ()
    if len(usable) < len(factors):
        there = next(plane for plane, factor in zip(slices, factors, strict=True) if factor > 0)
        lacks = next(plane for plane, factor in zip(slices, factors, strict=True) if factor <= 0)
        msg = _(
            'the slices of the series differ in (7053,1009), counts to Bq/mL: {there} has it, '
            '{lacks} has none or 0; export the series again from its source.'
        ).format(there=there.name, lacks=lacks.name)
        raise SeriesError(msg)
    low, high = min(usable), max(usable)
    shown = f'{low:g}' if low == high else _('{low:g} to {high:g}').format(low=low, high=high)
    note = _('the counts of the file (0054,1001) times (7053,1009) = {shown} are Bq/mL').format(
        shown=shown
    )
    converted = [_times(plane, factor) for plane, factor in zip(slices, factors, strict=True)]
    return converted, (note,)


def _times(plane: PETSlice, factor: float) -> PETSlice:
    return replace(
        plane,
        slope=plane.slope * factor,
        intercept=plane.intercept * factor,
        units='BQML',
        bqml_per_count=factor,
    )


def scaling_notes(slices: Sequence[PETSlice]) -> tuple[str, ...]:
    """
    Say so if the values are stored numbers, SPECT whose unit nothing names, or have an intercept.

    Parameters
    ----------
    slices : sequence of PETSlice
        Of one series.

    Returns
    -------
    notes : tuple of str
        Empty if there is a slope and a unit, and no intercept.
    """
    first = slices[0]
    if has_scale(slices):
        named = first.file.text('Units') or first.units != COUNTS
        assumed = first.file.is_nuclear_medicine and not named
        return (*([_TAKEN_FOR_COUNTS] if assumed else []), *_intercept_notes(slices))
    unit = slices[0].units
    named = _(', and the unit {unit} is not trusted').format(unit=unit) if unit else ''
    note = _('no slice has a {tag}: the values are the stored numbers{named}').format(
        tag=tag_text('RescaleSlope'), named=named
    )
    return (note,)


def _intercept_notes(slices: Sequence[PETSlice]) -> tuple[str, ...]:
    """DICOM wants 0 for PET (PS3.3, C.8.9.4); another may be right, but nobody expects it."""
    odd = [plane for plane in slices if plane.intercept != 0]
    if not odd:
        return ()
    note = _(
        '{tag} is not 0 in {count} of {all} slices, {intercept:g} in {first}: it is added; DICOM '
        'wants 0 for PET'
    ).format(
        tag=tag_text('RescaleIntercept'),
        count=len(odd),
        all=len(slices),
        intercept=odd[0].intercept,
        first=odd[0].name,
    )
    return (note,)
