"""Small PET series with every fact that the SUV needs, each of which a case may spoil."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pydicom
from bad_input.case import ACTIVITY_BQML
from dicom_files import Made, item, save, write
from dicom_files import enhanced as enhanced_file

Edit = Callable[[pydicom.Dataset, int], object]

SLICES = 4
STORED = 1000
SLOPE = ACTIVITY_BQML / STORED
HALF_LIFE_S = 6586.2
SCAN = datetime(2025, 11, 12, 14, 20)
UPTAKE_S = 3000.0
DURATION_S = 180.0
DOSE_BQ, WEIGHT_KG = 185.0e6, 55.0


def factor(
    uptake_s: float = UPTAKE_S,
    *,
    half_life_s: float = HALF_LIFE_S,
    dose_bq: float = DOSE_BQ,
    weight_kg: float = WEIGHT_KG,
) -> float:
    """SUVbw of 1 Bq/mL: gram over the dose that is left."""
    return 1000 * weight_kg / (dose_bq * 2 ** (-uptake_s / half_life_s))


F = factor()
"""Of the series that nobody spoiled."""


def mean_time_s(duration_s: float, half_life_s: float = HALF_LIFE_S) -> float:
    """From the start of a frame to the instant that shows its mean count rate."""
    decay = math.log(2) / half_life_s
    return math.log(decay * duration_s / -math.expm1(-decay * duration_s)) / decay


NONE_F = factor(UPTAKE_S + mean_time_s(DURATION_S))
"""Of the same series without decay correction."""


def da(moment: datetime) -> str:
    """Its date as DICOM writes it."""
    return f'{moment:%Y%m%d}'


def tm(moment: datetime) -> str:
    """Its time of day as DICOM writes it."""
    return f'{moment:%H%M%S}'


def after(seconds: float) -> datetime:
    """A moment after the start of the scan."""
    return SCAN + timedelta(seconds=seconds)


def facts(ds: pydicom.Dataset, _k: int = 0) -> None:
    """All that a good header says."""
    injected = after(-UPTAKE_S)
    code = item(CodeValue='C-111A1', CodingSchemeDesignator='SRT', CodeMeaning='^18^Fluorine')
    drug = item(
        Radiopharmaceutical='FDG',
        RadiopharmaceuticalStartTime=tm(injected),
        RadiopharmaceuticalStartDateTime=da(injected) + tm(injected),
        RadionuclideTotalDose=f'{DOSE_BQ:.0f}',
        RadionuclideHalfLife=str(HALF_LIFE_S),
        RadionuclideCodeSequence=code,
    )
    values = {
        'Units': 'BQML',
        'DecayCorrection': 'START',
        'CorrectedImage': ['DECY', 'ATTN', 'SCAT'],
        'FrameReferenceTime': f'{1000 * mean_time_s(DURATION_S):.3f}',
        'DecayFactor': f'{2 ** (mean_time_s(DURATION_S) / HALF_LIFE_S):.6f}',
        'ActualFrameDuration': f'{1000 * DURATION_S:.0f}',
        'RescaleSlope': f'{SLOPE:g}',
        'PatientWeight': f'{WEIGHT_KG:g}',
        'PatientSize': '1.62',
        'PatientSex': 'F',
        'SeriesType': ['STATIC', 'IMAGE'],
        'AcquisitionNumber': '1',
        'Manufacturer': 'Maker',
        'FrameOfReferenceUID': '1.2.3.9',
        'RadiopharmaceuticalInformationSequence': drug,
    }
    for prefix in ('Study', 'Series', 'Acquisition'):
        values |= {f'{prefix}Date': da(SCAN), f'{prefix}Time': tm(SCAN)}
    for keyword, value in values.items():
        setattr(ds, keyword, value)


def put(*, on: Iterable[int] = range(99), **values: object) -> Edit:
    """Set elements of some slices."""

    def _edit(ds: pydicom.Dataset, k: int) -> None:
        for keyword, value in values.items() if k in on else ():
            setattr(ds, keyword, value)

    return _edit


def drop(*keywords: str, on: Iterable[int] = range(99)) -> Edit:
    """Delete elements of some slices."""

    def _edit(ds: pydicom.Dataset, k: int) -> None:
        for keyword in keywords if k in on else ():
            if keyword in ds:
                delattr(ds, keyword)

    return _edit


def drug(*, on: Iterable[int] = range(99), **values: object) -> Edit:
    """Set elements of the injection; None deletes one."""

    def _edit(ds: pydicom.Dataset, k: int) -> None:
        if k not in on:
            return
        ds.RadiopharmaceuticalInformationSequence = item()
        facts_of(ds)
        one = ds.RadiopharmaceuticalInformationSequence[0]
        for keyword, value in values.items():
            if value is None:
                delattr(one, keyword)
            else:
                setattr(one, keyword, value)

    return _edit


def facts_of(ds: pydicom.Dataset) -> None:
    """A fresh injection: datasets share sequences otherwise."""
    plain = pydicom.Dataset()
    facts(plain)
    ds.RadiopharmaceuticalInformationSequence = plain.RadiopharmaceuticalInformationSequence


def private(group: int, creator: str, **values: tuple[int, str, object]) -> Edit:
    """Add elements of a vendor: number within the block, representation, value."""

    def _edit(ds: pydicom.Dataset, _k: int) -> None:
        block = ds.private_block(group, creator, create=True)
        for element, vr, value in values.values():
            block.add_new(element, vr, value)

    return _edit


def philips(to_suv: object = None, to_activity: object = None) -> Edit:
    """Philips' factors."""
    values = {'suv': (0x00, 'DS', to_suv), 'activity': (0x09, 'DS', to_activity)}
    given = {name: one for name, one in values.items() if one[2] is not None}
    return private(0x7053, 'Philips PET Private Group', **given)


def ge(moment: datetime) -> Edit:
    """GE's own scan date and time."""
    return private(0x0009, 'GEMS_PETD_01', scan=(0x0D, 'DT', da(moment) + tm(moment)))


def made(*edits: Edit, slices: int = SLICES, **changes: object) -> Made:
    """The series with all facts, then the edits."""

    def _edit(ds: pydicom.Dataset, k: int) -> None:
        facts(ds, k)
        for edit in edits:
            edit(ds, k)

    stored = np.full((slices, 6, 7), STORED, np.uint16)
    return Made(**{'stored': stored, 'edit': _edit, **changes})


def series(*edits: Edit, **changes: object) -> Callable[[Path], Path]:
    """A maker of the files in a folder."""

    def _make(folder: Path) -> Path:
        write(made(*edits, **changes), folder / 'pet')
        return folder / 'pet'

    return _make


def enhanced(*edits: Callable[[pydicom.Dataset], object], slices: int = SLICES, **changes: object):
    """A maker of one enhanced file; an edit is told the dataset."""

    def _make(folder: Path) -> Path:
        ds = enhanced_dataset(slices=slices, **changes)
        for edit in edits:
            edit(ds)
        save(ds, folder / 'pet' / 'enhanced.dcm')
        return folder / 'pet'

    return _make


def enhanced_dataset(*, slices: int = SLICES, **changes: object) -> pydicom.Dataset:
    """An enhanced file of the same facts."""
    scaled = Made(
        stored=np.full((slices, 6, 7), STORED, np.uint16), slopes=(SLOPE,) * slices, **changes
    )
    ds = enhanced_file(scaled)
    plain = pydicom.Dataset()
    facts(plain)
    for keyword in ('PatientWeight', 'PatientSize', 'PatientSex', 'SeriesDate', 'SeriesTime'):
        setattr(ds, keyword, getattr(plain, keyword))
    ds.RadiopharmaceuticalInformationSequence = plain.RadiopharmaceuticalInformationSequence
    ds.DecayCorrected, ds.AttenuationCorrected = 'YES', 'YES'
    ds.DecayCorrectionDateTime = da(SCAN) + tm(SCAN)
    for groups in ds.PerFrameFunctionalGroupsSequence:
        content = groups.FrameContentSequence[0]
        content.FrameAcquisitionDateTime = da(SCAN) + tm(SCAN)
        content.FrameAcquisitionDuration = 1000 * DURATION_S
        groups.RealWorldValueMappingSequence = real_world('Bq/ml')
    return ds


def real_world(unit: str, slope: float = SLOPE) -> pydicom.Sequence:
    """A mapping of stored values to a unit."""
    return item(
        RealWorldValueSlope=slope,
        RealWorldValueIntercept=0.0,
        RealWorldValueFirstValueMapped=0,
        RealWorldValueLastValueMapped=65535,
        MeasurementUnitsCodeSequence=item(
            CodeValue=unit, CodingSchemeDesignator='UCUM', CodeMeaning=unit
        ),
    )


def suv_of(make: Callable[[Path], Path]) -> Callable[[Path], list[str]]:
    """Ask for the SUV volume."""
    return lambda folder: ['suv', str(make(folder)), '--output', str(folder / 'suv.nrrd')]


def info_of(make: Callable[[Path], Path]) -> Callable[[Path], list[str]]:
    """Ask what it is."""
    return lambda folder: ['info', str(make(folder))]


def analysis_of(make: Callable[[Path], Path], *options: str) -> Callable[[Path], list[str]]:
    """Ask for the analysis."""
    return lambda folder: ['analyze', str(make(folder)), '--output', str(folder / 'out'), *options]
