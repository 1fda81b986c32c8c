"""What the headers of a series say of the scan: unit, times, corrections."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from ..core.errors import SUVError
from ..core.image import UNKNOWN_UNIT, Acquisition
from ..core.units import UNIT_OF_DICOM, unit_of_code
from ..suv.header import Decisions, SUVHeader, is_positive
from ..suv.plausible import dose_bq_of
from ..suv.scan_facts import scan_facts
from .agreement import said_by_all
from .attributes import DRUG
from .clock import iso_datetime
from .drug import radionuclide_of
from .file import DicomFile
from .header import (
    GE_CREATOR,
    GE_GROUP,
    GE_ITERATIONS,
    GE_SUBSETS,
    MS_PER_S,
    as_number,
)
from .position import position_of_header
from .slices import PETSlice
from .uncorrected import uncorrected_notes


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
    The facts of the scan: what all slices say, and the earliest acquisition time.

    Parameters
    ----------
    slices : sequence of PETSlice
        The series.

    notes : sequence of str, optional
        Sentences about the reading.

    Returns
    -------
    acquisition : Acquisition
        Empty where the header says nothing, or slices of one scanner and
        reconstruction would have to say the same and do not; a note tells that.
    """
    file, said = slices[0].file, _Said(slices)
    times = sorted(filter(None, map(_acquisition_datetime, slices)))
    facts = Acquisition(
        series_instance_uid=file.text('SeriesInstanceUID'),
        study_instance_uid=file.text('StudyInstanceUID'),
        frame_of_reference_uid=file.text('FrameOfReferenceUID'),
        series_description=file.line('SeriesDescription'),
        manufacturer=said.line('Manufacturer'),
        model=said.line('ManufacturerModelName'),
        patient_id=file.line('PatientID'),
        series_datetime=iso_datetime(file.text('SeriesDate'), file.text('SeriesTime')),
        acquisition_datetime=times[0] if times else '',
        patient_position=position_of_header(file),
        corrected_image=file.texts('CorrectedImage') or _corrections_of_enhanced(file),
        decay_correction=file.text('DecayCorrection')
        or _DECAY_CORRECTION.get(file.text('DecayCorrected').upper(), ''),
        device_serial_number=said.line('DeviceSerialNumber'),
        station_name=said.line('StationName'),
        software_versions=said.texts('SoftwareVersions'),
        convolution_kernel=said.texts('ConvolutionKernel'),
        frame_duration_s=_frame_duration_s(slices),
    )
    facts = _with_injection(_with_reconstruction(facts, said), said)
    half_life_s = as_number(said.injected('RadionuclideHalfLife'))
    uncorrected = uncorrected_notes(slices, half_life_s if is_positive(half_life_s) else None)
    return replace(facts, notes=(*notes, *said.notes, *uncorrected))


CORRECTED = {'DECY': 'DecayCorrected', 'ATTN': 'AttenuationCorrected'}
"""Elements of enhanced images by the terms of Corrected Image (0028,0051)."""


class _Said:
    """What all slices of a series say."""

    def __init__(self, slices: Sequence[PETSlice]) -> None:
        self.slices = slices
        self.first = slices[0].file
        self.notes: list[str] = []

    def alike(self, keyword: str) -> bool:
        """Whether it can be told from the first slice."""
        alike, note = said_by_all(keyword, self.slices)
        self.notes += [note] if note else []
        return alike

    def line(self, keyword: str) -> str:
        return self.first.line(keyword) if self.alike(keyword) else ''

    def texts(self, keyword: str) -> tuple[str, ...]:
        found = self.first.texts(keyword) if self.alike(keyword) else ()
        return tuple(filter(None, found))

    def of_frames(self, keyword: str) -> str:
        """From the functional groups of enhanced images."""
        return dict(self.slices[0].facts).get(keyword, '') if self.alike(keyword) else ''

    def injected(self, keyword: str) -> str:
        """From the first injection."""
        return self.first.item(DRUG).text(keyword) if self.alike(keyword) else ''

    def radionuclide(self) -> str:
        """The isotope of the first injection."""
        drug = self.first.item(DRUG)
        return radionuclide_of(drug, Decisions()) if self.alike('RadionuclideCodeSequence') else ''


def _with_reconstruction(facts: Acquisition, said: _Said) -> Acquisition:
    """Method, iterations and subsets, wherever the scanner puts them."""
    method = said.line('ReconstructionMethod') or ' '.join(
        filter(None, map(said.of_frames, ('ReconstructionAlgorithm', 'ReconstructionType')))
    )
    counts = [_count(said.of_frames(k)) for k in ('NumberOfIterations', 'NumberOfSubsets')]
    named = _ITERATIONS_AND_SUBSETS.search(method)
    if counts == [None, None] and named:
        counts = [_count(text) for text in named.groups()]
    elif counts == [None, None] and facts.manufacturer.upper().startswith(_GE):
        counts = [_ge_count(said.slices, element) for element in (GE_ITERATIONS, GE_SUBSETS)]
    iterations, subsets = counts
    return replace(facts, reconstruction_method=method, iterations=iterations, subsets=subsets)


_DECAY_CORRECTION = {'YES': 'START', 'NO': 'NONE'}
"""Decay Corrected of enhanced images in the words of Decay Correction."""

_ITERATIONS_AND_SUBSETS = re.compile(r'(?<!\w)(\d+)i(\d+)s(?!\w)', re.IGNORECASE)
"""How Siemens, Philips and others write them into the method, e.g. ``PSF+TOF 4i5s``."""

_GE = 'GE'
"""How the manufacturer's name begins: GE MEDICAL SYSTEMS."""


def _ge_count(slices: Sequence[PETSlice], element: int) -> int | None:
    """A private number of GE that all slices have; None without its creator."""
    files = {id(plane.file): plane.file for plane in slices}.values()
    found = {file.private_text(GE_GROUP, GE_CREATOR, element) for file in files}
    text, reserved = found.pop()
    return _count(text) if reserved and not found else None


def _count(text: str) -> int | None:
    return int(text) if text.isdecimal() and int(text) > 0 else None


def _with_injection(facts: Acquisition, said: _Said) -> Acquisition:
    """Isotope and activity, where they make sense."""
    header = SUVHeader(
        dose=as_number(said.injected('RadionuclideTotalDose')),
        half_life_s=as_number(said.injected('RadionuclideHalfLife')),
        radionuclide=said.radionuclide(),
    )
    with suppress(SUVError):
        facts = replace(facts, injected_activity_bq=dose_bq_of(header, Decisions()))
    return replace(facts, isotope=scan_facts(header).isotope)


def _frame_duration_s(slices: Sequence[PETSlice]) -> float | None:
    """None where slices were acquired for different times."""
    told = {
        dict(plane.facts).get('FrameAcquisitionDuration') or plane.file.text('ActualFrameDuration')
        for plane in slices
    }
    duration = as_number(told.pop())
    return None if told or duration is None or duration <= 0 else duration / MS_PER_S


def _corrections_of_enhanced(file: DicomFile) -> tuple[str, ...]:
    """In the terms of Corrected Image (0028,0051)."""
    return tuple(name for name, keyword in CORRECTED.items() if file.text(keyword).upper() == 'YES')


def _acquisition_datetime(plane: PETSlice) -> str:
    file = plane.file
    own = dict(plane.facts).get('FrameAcquisitionDateTime', '')
    whole = own or file.text('AcquisitionDateTime')
    if whole:
        return iso_datetime(whole[:8], whole[8:].split('+')[0].split('-')[0])
    return iso_datetime(file.text('AcquisitionDate'), file.text('AcquisitionTime'))
