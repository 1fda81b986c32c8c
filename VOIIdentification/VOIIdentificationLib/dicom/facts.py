"""What the headers of a series say of the scan: unit, times, corrections."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.image import UNKNOWN_UNIT, Acquisition
from ..core.units import UNIT_OF_DICOM, unit_of_code
from .clock import iso_datetime
from .header import Header
from .position import position_of_header
from .slices import PETSlice


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
        ``'unknown'`` if the header has none, or has no slope.
    """
    code = slices[0].units
    if not has_scale(slices):
        return UNKNOWN_UNIT
    return UNIT_OF_DICOM.get(code.upper()) or unit_of_code(code) or UNKNOWN_UNIT


def has_scale(slices: Sequence[PETSlice]) -> bool:
    """
    Whether the values are in their unit: without a slope they are stored numbers.

    Parameters
    ----------
    slices : sequence of PETSlice
        The series.

    Returns
    -------
    has_scale : bool
        False if no slice has a slope.
    """
    return any(plane.has_slope for plane in slices)


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
    return Acquisition(
        series_instance_uid=file.text('SeriesInstanceUID'),
        study_instance_uid=file.text('StudyInstanceUID'),
        series_description=file.line('SeriesDescription'),
        manufacturer=file.line('Manufacturer'),
        model=file.line('ManufacturerModelName'),
        patient_id=file.line('PatientID'),
        series_datetime=iso_datetime(file.text('SeriesDate'), file.text('SeriesTime')),
        acquisition_datetime=times[0] if times else '',
        patient_position=position_of_header(file),
        corrected_image=file.texts('CorrectedImage'),
        decay_correction=file.text('DecayCorrection'),
        notes=tuple(notes),
    )


def _acquisition_datetime(file: Header) -> str:
    whole = file.text('AcquisitionDateTime')
    if whole:
        return iso_datetime(whole[:8], whole[8:].split('+')[0].split('-')[0])
    return iso_datetime(file.text('AcquisitionDate'), file.text('AcquisitionTime'))
