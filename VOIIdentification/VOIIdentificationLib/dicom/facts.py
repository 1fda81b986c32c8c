"""What the headers of a series say of the scan: unit, times, corrections."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.image import UNKNOWN_UNIT, Acquisition
from .enhanced import enhanced_unit_code
from .header import DicomFile, Tag
from .slices import ENHANCED_CLASSES, PETSlice

UNITS = {'BQML': 'Bq/mL', 'CNTS': 'counts', 'GML': 'g/mL', 'CM2ML': 'cm2/mL'}
"""Units (0054,1001), PS3.3 C.8.9.1.1.3, to the unit of a `PETImage`; others stay as coded."""

_UCUM_UNITS = {
    'Bq/ml': 'Bq/mL',
    'Bq/mL': 'Bq/mL',
    '{counts}': 'counts',
    'g/ml': 'g/mL',
    '{SUVbw}g/ml': 'g/mL',
    'cm2/ml': 'cm2/mL',
}
"""Codes of real-world value mappings, PS3.16 CID 83, likewise."""


def series_unit(slices: Sequence[PETSlice]) -> str:
    """
    Unit of the values of a series.

    Parameters
    ----------
    slices : sequence of PETSlice
        Slices of one unit.

    Returns
    -------
    unit : str
        E.g. ``'Bq/mL'``; the code itself where it is not a common one, and
        ``'unknown'`` if the header has none.
    """
    file = slices[0].file
    code = file.text(Tag.Units)
    if not code and file.text(Tag.SOPClassUID) in ENHANCED_CLASSES:
        code = enhanced_unit_code(file)
    return UNITS.get(code) or _UCUM_UNITS.get(code, code) or UNKNOWN_UNIT


def acquisition_facts(slices: Sequence[PETSlice], notes: Sequence[str] = ()) -> Acquisition:
    """
    The facts of the scan: from the first slice, and the earliest acquisition time.

    Parameters
    ----------
    slices : sequence of PETSlice
        The series.

    notes : sequence of str, optional
        Sentences about the reading.

    Returns
    -------
    acquisition : Acquisition
        Empty where the header says nothing.
    """
    file = slices[0].file
    times = sorted(filter(None, (_acquisition_datetime(plane.file) for plane in slices)))
    corrections = file.text(Tag.CorrectedImage)
    return Acquisition(
        series_instance_uid=file.text(Tag.SeriesInstanceUID),
        study_instance_uid=file.text(Tag.StudyInstanceUID),
        series_description=file.decoded_text(Tag.SeriesDescription),
        manufacturer=file.decoded_text(Tag.Manufacturer),
        model=file.decoded_text(Tag.ManufacturerModelName),
        patient_id=file.decoded_text(Tag.PatientID),
        series_datetime=iso_datetime(file.text(Tag.SeriesDate), file.text(Tag.SeriesTime)),
        acquisition_datetime=times[0] if times else '',
        patient_position=file.text(Tag.PatientPosition),
        corrected_image=tuple(corrections.split('\\')) if corrections else (),
        decay_correction=file.text(Tag.DecayCorrection),
        notes=tuple(notes),
    )


def iso_datetime(date: str, time: str) -> str:
    """
    DICOM date and time as ISO 8601.

    Parameters
    ----------
    date : str
        ``'YYYYMMDD'``; the form with points of old files too.

    time : str
        ``'HHMMSS.ffffff'``, shortened or empty.

    Returns
    -------
    text : str
        Empty without a date; without the time of day if that is missing.

    Examples
    --------
    >>> iso_datetime('20260301', '101500.25')
    '2026-03-01T10:15:00.25'
    >>> iso_datetime('20260301', '')
    '2026-03-01'
    """
    date, time = date.replace('.', '').strip(), time.replace(':', '').strip()
    if len(date) != 8 or not date.isdigit():
        return ''
    day = f'{date[:4]}-{date[4:6]}-{date[6:]}'
    if len(time) < 2 or not time.replace('.', '').isdigit():
        return day
    return f'{day}T{time[:2]}:{time[2:4] or "00"}:{time[4:] or "00"}'


def _acquisition_datetime(file: DicomFile) -> str:
    whole = file.text(Tag.AcquisitionDateTime)
    if whole:
        return iso_datetime(whole[:8], whole[8:].split('+')[0].split('-')[0])
    return iso_datetime(file.text(Tag.AcquisitionDate), file.text(Tag.AcquisitionTime))
