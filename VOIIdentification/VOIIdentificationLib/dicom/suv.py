"""DICOM header to the plain facts that the SUV needs; SUV volume of a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import SUVError
from ..core.image import PETImage
from ..core.progress import Progress, no_progress
from ..suv.header import SUVFrame, SUVHeader
from ..suv.scale import SUVScale, SUVType, suv_scale
from .enhanced import enhanced_unit_code, header_dataset
from .header import Tag
from .read import ordered_slices, read_pet_series, series_to_read
from .slices import ENHANCED_CLASSES, LEGACY_ENHANCED_PET, PETSlice
from .suv_enhanced import suv_header_of_enhanced
from .time import local_moment, moment, time_of_day, utc_offset
from .values import HeaderValues, as_number

GE_CREATOR = 'GEMS_PETD_01'
PHILIPS_CREATOR = 'Philips PET Private Group'
"""Private creators (PS3.5, 7.8.1) whose elements are used."""

_HALF_A_DAY = timedelta(hours=12)
"""An acquisition without date this much before its series is after midnight."""

_MS_PER_S = 1000.0


def suv_image(
    folder: Path,
    *,
    suv_type: SUVType = 'bw',
    series_uid: str | None = None,
    progress: Progress = no_progress,
) -> tuple[PETImage, SUVScale]:
    """
    Read a PET series as SUV.

    Parameters
    ----------
    folder : `pathlib.Path`
        As for `read_pet_series`.

    suv_type : {'bw', 'lbm', 'ibw', 'bsa'}, optional
        What to normalize to.

    series_uid : str, optional
        Which series, where the folder holds several PET series.

    progress : callable, optional
        Told how far the reading is; may raise `CanceledError`.

    Returns
    -------
    image : PETImage
        SUV, every slice with its own factor; unit ``'g/mL'`` or ``'cm2/mL'``.

    scale : SUVScale
        The factors and the decisions that led to them.

    Raises
    ------
    SeriesError
        If there is not exactly one PET series to read.
    SUVError
        If the header does not allow an SUV.
    """
    scale = suv_scale(read_suv_header(folder, series_uid=series_uid), suv_type)
    image = read_pet_series(folder, series_uid=series_uid, progress=progress)
    voxels = image.voxels * scale.factors.astype(np.float32)[:, None, None]
    return replace(image, voxels=voxels, unit=scale.unit), scale


def read_suv_header(
    folder: Path, *, series_uid: str | None = None, progress: Progress = no_progress
) -> SUVHeader:
    """
    Read what the SUV needs of one PET series.

    Parameters
    ----------
    folder : `pathlib.Path`
        As for `read_pet_series`.

    series_uid : str, optional
        Which series, where the folder holds several PET series.

    progress : callable, optional
        Told how far the search is; may raise `CanceledError`.

    Returns
    -------
    header : SUVHeader
        With a frame for each slice, in the order of `read_pet_series`.

    Raises
    ------
    SeriesError
        If there is not exactly one PET series to read.
    """
    series, _ = series_to_read(Path(folder), series_uid, progress)
    slices, _ = ordered_slices(series)
    return suv_header_of_slices(slices)


def suv_header_of_slices(slices: Sequence[PETSlice]) -> SUVHeader:
    """
    Collect the facts of slices that have been found already.

    Parameters
    ----------
    slices : sequence of PETSlice
        As `ordered_slices` gives them.

    Returns
    -------
    header : SUVHeader
        None or empty where the header says nothing.

    Raises
    ------
    SUVError
        If the file is a legacy converted one, or its values have no such unit.
    """
    first = slices[0].file
    if first.text(Tag.SOPClassUID) == LEGACY_ENHANCED_PET:
        msg = (
            f'SUV refused: {first.name} is a legacy converted image; '
            'take the original series of single slices'
        )
        raise SUVError(msg)
    if first.text(Tag.SOPClassUID) in ENHANCED_CLASSES:
        frames = [plane.frame for plane in slices]
        return suv_header_of_enhanced(header_dataset(first), enhanced_unit_code(first), frames)
    return suv_header_of_datasets([header_dataset(plane.file) for plane in slices])


def suv_header_of_datasets(datasets: Sequence[Any]) -> SUVHeader:
    """
    Collect the facts of PET images with one slice each.

    Parameters
    ----------
    datasets : sequence of pydicom.Dataset
        Their headers, in the order of the slices.

    Returns
    -------
    header : SUVHeader
        None or empty where the header says nothing.
    """
    slices = [HeaderValues(dataset) for dataset in datasets]
    first = slices[0]
    drug = first.item('RadiopharmaceuticalInformationSequence')
    offset = utc_offset(first.text('TimezoneOffsetFromUTC'))
    series_start, notes = _series_start(first)
    ge_time, reserved = first.private_text(0x0009, GE_CREATOR, 0x0D)
    if ge_time and not reserved:
        notes.append(f'(0009,100d) is used although no creator {GE_CREATOR} reserved it')
    if any(_philips(values, 0x00)[0] and not _philips(values, 0x00)[1] for values in slices):
        notes.append(f'(7053,1000) is used although no creator {PHILIPS_CREATOR} reserved it')
    return SUVHeader(
        units=first.text('Units').upper(),
        suv_type=first.text('SUVType').upper(),
        decay_correction=first.text('DecayCorrection').upper(),
        corrected_image=tuple(text.upper() for text in first.texts('CorrectedImage')),
        series_start=series_start,
        ge_scan_start=local_moment(ge_time, offset),
        injection=local_moment(drug.text('RadiopharmaceuticalStartDateTime'), offset),
        injection_time=time_of_day(drug.text('RadiopharmaceuticalStartTime')),
        dose=drug.number('RadionuclideTotalDose'),
        half_life_s=drug.number('RadionuclideHalfLife'),
        radionuclide=drug.item('RadionuclideCodeSequence').text('CodeMeaning'),
        weight=first.number('PatientWeight'),
        height=first.number('PatientSize'),
        sex=first.text('PatientSex').upper(),
        frames=tuple(_frame(values, series_start, offset) for values in slices),
        notes=tuple(notes),
    )


def _series_start(values: HeaderValues) -> tuple[datetime | None, list[str]]:
    """Series date and time; another date of the study where the series has none."""
    clock = values.text('SeriesTime')
    found = moment(values.text('SeriesDate'), clock)
    if found is not None or time_of_day(clock) is None:
        return found, []
    for keyword in ('AcquisitionDate', 'StudyDate'):
        found = moment(values.text(keyword), clock)
        if found is not None:
            return found, [f'no series date (0008,0021): {keyword} {found:%Y-%m-%d} is used']
    return None, []


def _frame(
    values: HeaderValues, series_start: datetime | None, offset: timedelta | None
) -> SUVFrame:
    reference_ms = values.number('FrameReferenceTime')
    duration_ms = values.number('ActualFrameDuration')
    return SUVFrame(
        acquisition_start=_acquisition_start(values, series_start, offset),
        frame_reference_s=None if reference_ms is None else reference_ms / _MS_PER_S,
        duration_s=None if duration_ms is None else duration_ms / _MS_PER_S,
        philips_suv_factor=as_number(_philips(values, 0x00)[0]),
        philips_activity_factor=as_number(_philips(values, 0x09)[0]),
    )


def _acquisition_start(
    values: HeaderValues, series_start: datetime | None, offset: timedelta | None
) -> datetime | None:
    found = moment(values.text('AcquisitionDate'), values.text('AcquisitionTime'))
    found = found or local_moment(values.text('AcquisitionDateTime'), offset)
    clock = time_of_day(values.text('AcquisitionTime'))
    if found is not None or clock is None or series_start is None:
        return found
    found = datetime.combine(series_start.date(), clock)
    return found + timedelta(days=1) if series_start - found > _HALF_A_DAY else found


def _philips(values: HeaderValues, element: int) -> tuple[str, bool]:
    return values.private_text(0x7053, PHILIPS_CREATOR, element)
