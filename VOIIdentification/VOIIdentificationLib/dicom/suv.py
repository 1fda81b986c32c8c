"""DICOM header to the plain facts that the SUV needs; SUV volume of a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from ..core.errors import Progress, SUVError, no_progress, part_of
from ..core.flags import Flag
from ..core.geometry import FloatArray
from ..core.image import PETImage
from ..core.sentence import joined, sentence_of, sentences
from ..core.units import row_of_code, row_of_units
from ..suv.header import Decisions, SUVFrame, SUVHeader
from ..suv.scale import SUVScale, SUVType, compared_with_dose, suv_scale
from .agreement import require_one_scan, require_scan_of_frames
from .attributes import DRUG, pet_classes, tag_text
from .clock import local_moment, moment, time_of_day
from .days import day_of_scan, local_offset, moment_on
from .facts import has_scale
from .header import GE_CREATOR, GE_GROUP, GE_SCAN_TIME, MS_PER_S, Header, as_number
from .read import PART_FOR_HEADERS, find_stack, image_of_stack
from .scaling import PHILIPS_ACTIVITY, PHILIPS_CREATOR, PHILIPS_SUV, philips_text
from .slices import PETSlice

_ = sentences(__name__)

_CORRECTED = (('DECY', 'DecayCorrected'), ('ATTN', 'AttenuationCorrected'))
_ENHANCED_UNITS = frozenset({'BQML', 'GML', 'CM2ML'})
"""What the values of an enhanced image may be, as Units (0054,1001) calls them."""

_HALF_A_DAY = timedelta(hours=12)
"""An acquisition without date this much before its series is after midnight."""

MAX_FRAME_TIME_S = 30 * 86400.0
"""Frame times count within one examination: a longer one is a damaged number."""


def suv_image(
    folder: Path,
    *,
    suv_type: SUVType = 'bw',
    series_uid: str | None = None,
    frame: int | None = None,
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

    frame : int, optional
        Which of its times or gates, from 1, where the series holds several.

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
    of_headers = part_of(progress, 0.0, PART_FOR_HEADERS)
    stack = find_stack(folder, series_uid, of_headers, frame=frame)
    header = suv_header_of_slices(stack.slices)
    scale = suv_scale(header, suv_type)
    image = image_of_stack(stack, part_of(progress, PART_FOR_HEADERS, 1.0))
    scale = compared_with_dose(header, scale, totals_of(image))
    return scaled_to_suv(image, scale), scale


def totals_of(image: PETImage) -> FloatArray:
    """
    Sum up what each slice holds.

    Parameters
    ----------
    image : PETImage
        In Bq/mL, say.

    Returns
    -------
    totals : (K,) `numpy.ndarray` of float
        Values times mL, e.g. in Bq.
    """
    totals: FloatArray = image.voxels.sum(axis=(1, 2), dtype=float)
    totals *= image.geometry.voxel_volume_mm3 / 1000.0
    return totals


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
        If slices contradict each other, the file is a legacy converted one, or
        its values have no unit of an SUV.
    """
    try:
        return _header_of_slices(slices)
    except SUVError:
        raise
    # An SUV is optional: nothing in a header may stop what goes without it.
    except Exception as error:
        msg = _('SUV refused: the headers cannot be read ({kind}: {reason})').format(
            kind=type(error).__name__, reason=sentence_of(error)
        )
        raise SUVError(msg) from error


def _header_of_slices(slices: Sequence[PETSlice]) -> SUVHeader:
    if not has_scale(slices):
        msg = _(
            'SUV refused: no slice has a {tag}, so the values are not known to be in their unit, '
            '{units}'
        ).format(tag=tag_text('RescaleSlope'), units=slices[0].units or _('which is not named'))
        raise SUVError(msg)
    first = slices[0].file
    if first.text('SOPClassUID') == pet_classes()[-1]:
        msg = _(
            'SUV refused: {file} is a legacy converted image; take the original series of single '
            'slices'
        ).format(file=first.name)
        raise SUVError(msg)
    if first.is_multi_frame_pet:
        return suv_header_of_enhanced(slices)
    header = suv_header_of_files([plane.file for plane in slices])
    frames = zip(header.frames, slices, strict=True)
    per_count = [replace(frame, bqml_per_count=plane.bqml_per_count) for frame, plane in frames]
    return replace(header, frames=tuple(per_count))


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

    Raises
    ------
    SUVError
        If the files contradict each other.
    """
    require_one_scan(files)
    first = files[0]
    log = Decisions()
    offset = local_offset(first, ('AcquisitionDateTime',), log)
    day = day_of_scan(first, log)
    series_start = moment_on(day, first.text('SeriesTime'))
    ge_texts = [file.private_text(GE_GROUP, GE_CREATOR, GE_SCAN_TIME) for file in files]
    ge_times = [local_moment(text, offset) for text, _known in ge_texts]
    if any(text and not reserved for text, reserved in ge_texts):
        log.note(
            _('(0009,100d) is used although no creator {creator} reserved it').format(
                creator=GE_CREATOR
            )
        )
    if any(text and not reserved for text, reserved in (_philips(file) for file in files)):
        log.note(
            _('(7053,1000) is used although no creator {creator} reserved it').format(
                creator=PHILIPS_CREATOR
            )
        )
    return replace(
        _dose_and_patient(first, offset, log),
        units=first.text('Units').upper(),
        suv_type=first.text('SUVType').upper(),
        decay_correction=first.text('DecayCorrection').upper(),
        corrected_image=tuple(text.upper() for text in first.texts('CorrectedImage')),
        series_start=series_start,
        ge_scan_start=min(filter(None, ge_times), default=None),
        frames=tuple(_frame(file, day, series_start, offset) for file in files),
        notes=tuple(log.sentences),
        flags=tuple(log.flags),
    )


def suv_header_of_enhanced(slices: Sequence[PETSlice]) -> SUVHeader:
    """
    Collect the facts of enhanced PET images, one file or several (PS3.3, C.8.22).

    Parameters
    ----------
    slices : sequence of PETSlice
        Their frames, in the order of the slices.

    Returns
    -------
    header : SUVHeader
        Corrected to START at Decay Correction DateTime (0018,9701).

    Raises
    ------
    SUVError
        If the values have a unit from which no SUV can be made, a file does
        not say whether it is corrected, or the files contradict each other.
    """
    file, code = slices[0].file, slices[0].units
    row = row_of_code(code) or row_of_units(code)
    if row is None or row.units not in _ENHANCED_UNITS:
        msg = _('SUV refused: the unit of the enhanced image is {code!r}').format(
            code=code or 'not given'
        )
        raise SUVError(msg)
    corrected = [name for name, keyword in _CORRECTED if _said_yes(file, keyword)]
    files = list({id(plane.file): plane.file for plane in slices}.values())
    require_one_scan(files, () if 'DECY' in corrected else ('DecayCorrectionDateTime',))
    require_scan_of_frames(slices)
    log = Decisions()
    keywords = ('DecayCorrectionDateTime', 'AcquisitionDateTime')
    offset = local_offset(file, keywords, log, [dict(plane.facts) for plane in slices[:1]])
    return replace(
        _dose_and_patient(file, offset, log),
        units=row.units,
        suv_type=row.suv_type or file.text('SUVType').upper(),
        decay_correction='START' if 'DECY' in corrected else 'NONE',
        corrected_image=tuple(corrected),
        decay_reference=local_moment(file.text('DecayCorrectionDateTime'), offset),
        frames=tuple(_enhanced_frame(plane, offset) for plane in slices),
        notes=tuple(log.sentences),
        flags=tuple(log.flags),
    )


def _said_yes(file: Header, keyword: str) -> bool:
    text = file.text(keyword).upper()
    if text not in ('YES', 'NO'):
        found = _('is {value!r}').format(value=text) if text else _('is missing')
        msg = _('SUV refused: {tag} {found} in {file}; it must be YES or NO').format(
            tag=tag_text(keyword), found=found, file=file.name
        )
        raise SUVError(msg)
    return text == 'YES'


def _dose_and_patient(file: Header, offset: timedelta | None, log: Decisions) -> SUVHeader:
    drug = file.item(DRUG)
    _tell_several_injections(file, log)
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


def _tell_several_injections(file: Header, log: Decisions) -> None:
    """Items that say the same are one injection."""
    keywords = (
        *('RadionuclideTotalDose', 'RadionuclideHalfLife'),
        *('RadiopharmaceuticalStartDateTime', 'RadiopharmaceuticalStartTime'),
    )
    items = {tuple(item.text(keyword) for keyword in keywords): item for item in file.items(DRUG)}
    if len(items) > 1:
        doses = [item.text(keywords[0]) or _('unknown') for item in items.values()]
        log.note(
            _(
                '{count} injections are listed (0054,0016), of {doses} Bq (0018,1074): only the '
                'first is counted'
            ).format(count=len(items), doses=joined(doses, _(' and '))),
            Flag.SEVERAL_INJECTIONS,
        )


def _enhanced_frame(plane: PETSlice, offset: timedelta | None) -> SUVFrame:
    facts = dict(plane.facts)
    return SUVFrame(
        acquisition_start=local_moment(facts.get('FrameAcquisitionDateTime', ''), offset),
        duration_s=_seconds(
            as_number(facts.get('FrameAcquisitionDuration', '')), 'FrameAcquisitionDuration'
        ),
    )


def _frame(
    file: Header, day: date | None, series_start: datetime | None, offset: timedelta | None
) -> SUVFrame:
    return SUVFrame(
        acquisition_start=_acquisition_start(file, day, series_start, offset),
        frame_reference_s=_seconds(file.number('FrameReferenceTime'), 'FrameReferenceTime'),
        duration_s=_seconds(file.number('ActualFrameDuration'), 'ActualFrameDuration'),
        philips_suv_factor=as_number(_philips(file)[0]),
        philips_activity_factor=as_number(philips_text(file, PHILIPS_ACTIVITY)[0]),
        decay_factor=file.number('DecayFactor'),
    )


def _acquisition_start(
    file: Header, day: date | None, series_start: datetime | None, offset: timedelta | None
) -> datetime | None:
    found = moment(file.text('AcquisitionDate'), file.text('AcquisitionTime'))
    found = found or local_moment(file.text('AcquisitionDateTime'), offset)
    found = found or moment_on(day, file.text('AcquisitionTime'))
    undated = not file.text('AcquisitionDate') and not file.text('AcquisitionDateTime')
    if found is None or series_start is None or not undated:
        return found
    if found.date() == date.max:  # a stand-in for a date that was removed
        return found
    return found + timedelta(days=1) if series_start - found > _HALF_A_DAY else found


def _philips(file: Header) -> tuple[str, bool]:
    return philips_text(file, PHILIPS_SUV)


def _seconds(milliseconds: float | None, keyword: str) -> float | None:
    seconds = None if milliseconds is None else milliseconds / MS_PER_S
    if seconds is not None and abs(seconds) > MAX_FRAME_TIME_S:
        msg = _('SUV refused: {tag} is {time:g} ms, which is no time of a scan').format(
            tag=tag_text(keyword), time=milliseconds
        )
        raise SUVError(msg)
    return seconds
