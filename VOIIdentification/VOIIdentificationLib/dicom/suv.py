"""DICOM header to the plain facts that the SUV needs; SUV volume of a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from ..core.errors import Progress, SUVError, no_progress, part_of
from ..core.image import PETImage
from ..core.units import row_of_code
from ..suv.header import SUVFrame, SUVHeader
from ..suv.scale import SUVScale, SUVType, suv_scale
from .facts import local_moment, moment, time_of_day, utc_offset
from .file import pet_classes
from .header import GE_GROUP, PHILIPS_GROUP, Header, as_number
from .read import PART_FOR_HEADERS, find_stack, image_of_stack
from .slices import PETSlice, enhanced_unit_code

GE_CREATOR = 'GEMS_PETD_01'
PHILIPS_CREATOR = 'Philips PET Private Group'
"""Private creators (PS3.5, 7.8.1) whose elements are used."""

_CORRECTED = (('DECY', 'DecayCorrected'), ('ATTN', 'AttenuationCorrected'))
_ENHANCED_UNITS = frozenset({'BQML', 'GML', 'CM2ML'})
"""What the values of an enhanced image may be, as Units (0054,1001) calls them."""

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
    Read one PET series as SUV.

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
    stack = find_stack(folder, series_uid, part_of(progress, 0.0, PART_FOR_HEADERS))
    scale = suv_scale(suv_header_of_slices(stack.slices), suv_type)
    image = image_of_stack(stack, part_of(progress, PART_FOR_HEADERS, 1.0))
    return scaled_to_suv(image, scale), scale


def scaled_to_suv(image: PETImage, scale: SUVScale) -> PETImage:
    """
    Turn the values of an image into SUV.

    Parameters
    ----------
    image : PETImage
        With the values that its files have.

    scale : SUVScale
        A factor for each of its slices.

    Returns
    -------
    image : PETImage
        Every slice with its own factor.
    """
    voxels = image.voxels * scale.factors.astype(np.float32)[:, None, None]
    return replace(image, voxels=voxels, unit=scale.unit)


def suv_header_of_slices(slices: Sequence[PETSlice]) -> SUVHeader:
    """
    Collect the facts of slices that have been found already.

    Parameters
    ----------
    slices : sequence of PETSlice
        As a `PETStack` has them.

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
    if not first.is_multi_frame_pet:
        return suv_header_of_files([plane.file for plane in slices])
    if first.text('SOPClassUID') == pet_classes()[-1]:
        msg = (
            f'SUV refused: {first.name} is a legacy converted image; '
            'take the original series of single slices'
        )
        raise SUVError(msg)
    return suv_header_of_enhanced(
        first, enhanced_unit_code(first), [plane.frame for plane in slices]
    )


def suv_header_of_files(files: Sequence[Header]) -> SUVHeader:
    """
    Collect the facts of PET images with one slice each (PS3.3, C.8.9).

    Parameters
    ----------
    files : sequence of Header
        In the order of the slices.

    Returns
    -------
    header : SUVHeader
        None or empty where the header says nothing.
    """
    first = files[0]
    offset = utc_offset(first.text('TimezoneOffsetFromUTC'))
    series_start, notes = _series_start(first)
    ge_time, reserved = first.private_text(GE_GROUP, GE_CREATOR, 0x0D)
    if ge_time and not reserved:
        notes.append(f'(0009,100d) is used although no creator {GE_CREATOR} reserved it')
    if any(text and not reserved for text, reserved in (_philips(file, 0x00) for file in files)):
        notes.append(f'(7053,1000) is used although no creator {PHILIPS_CREATOR} reserved it')
    return replace(
        _dose_and_patient(first, offset),
        units=first.text('Units').upper(),
        suv_type=first.text('SUVType').upper(),
        decay_correction=first.text('DecayCorrection').upper(),
        corrected_image=tuple(text.upper() for text in first.texts('CorrectedImage')),
        series_start=series_start,
        ge_scan_start=local_moment(ge_time, offset),
        frames=tuple(_frame(file, series_start, offset) for file in files),
        notes=tuple(notes),
    )


def suv_header_of_enhanced(file: Header, unit_code: str, frames: Sequence[int]) -> SUVHeader:
    """
    Collect the facts of an enhanced PET file (PS3.3, C.8.22).

    Parameters
    ----------
    file : Header
        Its header.

    unit_code : str
        UCUM code of the rescaled values.

    frames : sequence of int
        Index of the frame of each slice, in the order of the slices.

    Returns
    -------
    header : SUVHeader
        Corrected to START at Decay Correction DateTime (0018,9701).

    Raises
    ------
    SUVError
        If the values have a unit from which no SUV can be made.
    """
    row = row_of_code(unit_code)
    if row is None or row.units not in _ENHANCED_UNITS:
        msg = f'SUV refused: the unit of the enhanced image is {unit_code or "not given"!r}'
        raise SUVError(msg)
    offset = utc_offset(file.text('TimezoneOffsetFromUTC'))
    corrected = [name for name, keyword in _CORRECTED if file.text(keyword).upper() == 'YES']
    groups = file.items('PerFrameFunctionalGroupsSequence')
    return replace(
        _dose_and_patient(file, offset),
        units=row.units,
        suv_type=row.suv_type,
        decay_correction='START' if 'DECY' in corrected else 'NONE',
        corrected_image=tuple(corrected),
        decay_reference=local_moment(file.text('DecayCorrectionDateTime'), offset),
        frames=tuple(_enhanced_frame(groups[index], offset) for index in frames),
    )


def _dose_and_patient(file: Header, offset: timedelta | None) -> SUVHeader:
    drug = file.item('RadiopharmaceuticalInformationSequence')
    return SUVHeader(
        injection=local_moment(drug.text('RadiopharmaceuticalStartDateTime'), offset),
        injection_time=time_of_day(drug.text('RadiopharmaceuticalStartTime')),
        dose=drug.number('RadionuclideTotalDose'),
        half_life_s=drug.number('RadionuclideHalfLife'),
        radionuclide=drug.item('RadionuclideCodeSequence').text('CodeMeaning'),
        weight=file.number('PatientWeight'),
        height=file.number('PatientSize'),
        sex=file.text('PatientSex').upper(),
    )


def _enhanced_frame(groups: Header, offset: timedelta | None) -> SUVFrame:
    content = groups.item('FrameContentSequence')
    return SUVFrame(
        acquisition_start=local_moment(content.text('FrameAcquisitionDateTime'), offset),
        duration_s=_seconds(content.number('FrameAcquisitionDuration')),
    )


def _frame(file: Header, series_start: datetime | None, offset: timedelta | None) -> SUVFrame:
    return SUVFrame(
        acquisition_start=_acquisition_start(file, series_start, offset),
        frame_reference_s=_seconds(file.number('FrameReferenceTime')),
        duration_s=_seconds(file.number('ActualFrameDuration')),
        philips_suv_factor=as_number(_philips(file, 0x00)[0]),
        philips_activity_factor=as_number(_philips(file, 0x09)[0]),
    )


def _series_start(file: Header) -> tuple[datetime | None, list[str]]:
    """Series date and time; another date of the study where the series has none."""
    clock = file.text('SeriesTime')
    found = moment(file.text('SeriesDate'), clock)
    if found is not None or time_of_day(clock) is None:
        return found, []
    for keyword in ('AcquisitionDate', 'StudyDate'):
        found = moment(file.text(keyword), clock)
        if found is not None:
            return found, [f'no series date (0008,0021): {keyword} {found:%Y-%m-%d} is used']
    return None, []


def _acquisition_start(
    file: Header, series_start: datetime | None, offset: timedelta | None
) -> datetime | None:
    found = moment(file.text('AcquisitionDate'), file.text('AcquisitionTime'))
    found = found or local_moment(file.text('AcquisitionDateTime'), offset)
    clock = time_of_day(file.text('AcquisitionTime'))
    if found is not None or clock is None or series_start is None:
        return found
    found = datetime.combine(series_start.date(), clock)
    return found + timedelta(days=1) if series_start - found > _HALF_A_DAY else found


def _philips(file: Header, element: int) -> tuple[str, bool]:
    return file.private_text(PHILIPS_GROUP, PHILIPS_CREATOR, element)


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / _MS_PER_S
