"""DICOM header to the plain facts that the SUV needs; SUV volume of a series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from ..core.errors import Progress, SUVError, no_progress, part_of
from ..core.geometry import FloatArray
from ..core.image import PETImage
from ..core.sentence import sentence_of, sentences
from ..core.units import row_of_code
from ..suv.header import Decisions, SUVFrame, SUVHeader
from ..suv.instants import clock_text
from ..suv.scale import SUVScale, SUVType, compared_with_dose, suv_scale
from .agreement import require_one_scan
from .attributes import pet_classes, tag_text
from .clock import local_moment, moment, seconds_of
from .days import day_of_scan, local_offset, moment_on
from .drug import dose_and_patient, odd_values, positive_number, tell_odd_values
from .facts import has_scale
from .header import GE_CREATOR, GE_GROUP, GE_SCAN_TIME, Header, as_number
from .read import PART_FOR_HEADERS, PETStack, find_stack, image_of_stack
from .scaling import PHILIPS_ACTIVITY, PHILIPS_CREATOR, PHILIPS_SUV, philips_text
from .slices import PETSlice
from .suv_enhanced import suv_header_of_enhanced

_ = sentences(__name__)

_HALF_A_DAY = timedelta(hours=12)
"""An acquisition without date this much before its series is after midnight."""


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
    header = suv_header_of_stack(stack)
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


def suv_header_of_stack(stack: PETStack) -> SUVHeader:
    """
    Collect the facts of one time or gate of a series, or of a static series.

    Parameters
    ----------
    stack : PETStack
        The slices, and the series that they are of.

    Returns
    -------
    header : SUVHeader
        As from `suv_header_of_slices`.

    Raises
    ------
    SUVError
        As from `suv_header_of_slices`, and if the other times or gates tell of another
        injection, patient or start.
    """
    files = [file for file in stack.series.files if file.is_activity]
    if len(files) > len({id(plane.file) for plane in stack.slices}):
        require_one_scan(files)
    return suv_header_of_slices(stack.slices)


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
    scaled = [
        replace(
            frame,
            bqml_per_count=plane.bqml_per_count,
            mapped_suv_factor=plane.mapped_suv_factor,
        )
        for frame, plane in frames
    ]
    row = row_of_code(slices[0].units)  # of SPECT, whose unit a mapping may tell alone
    units = header.units or (row.units if row else '')
    return replace(header, units=units, frames=tuple(scaled))


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
    odd = odd_values(files)
    tell_odd_values(odd, log)
    offset = local_offset(first, ('AcquisitionDateTime',), log)
    day = day_of_scan(first, log)
    series_start = moment_on(day, first.text('SeriesTime'))
    ge_scan_start = _ge_scan_start(files, offset, log)
    if any(text and not reserved for text, reserved in (_philips(file) for file in files)):
        log.note(
            _('(7053,1000) is used although no creator {creator} reserved it').format(
                creator=PHILIPS_CREATOR
            )
        )
    return replace(
        dose_and_patient(first, offset, log),
        units=first.text('Units').upper(),
        suv_type=first.text('SUVType').upper(),
        decay_correction=first.text('DecayCorrection').upper(),
        corrected_image=tuple(text.upper() for text in first.texts('CorrectedImage')),
        series_start=series_start,
        ge_scan_start=ge_scan_start,
        frames=tuple(_frame(file, day, series_start, offset) for file in files),
        notes=tuple(log.sentences),
        flags=tuple(log.flags),
        odd=tuple((one.number, one.text) for one in odd),
    )


def _ge_scan_start(
    files: Sequence[Header], offset: timedelta | None, log: Decisions
) -> datetime | None:
    """GE's private scan time, which all slices share."""
    texts = [file.private_text(GE_GROUP, GE_CREATOR, GE_SCAN_TIME) for file in files]
    if any(text and not reserved for text, reserved in texts):
        log.note(
            _('(0009,100d) is used although no creator {creator} reserved it').format(
                creator=GE_CREATOR
            )
        )
    times = sorted({time for text, _known in texts if (time := local_moment(text, offset))})
    if len(times) > 1:
        log.note(
            _(
                'the private scan time of GE (0009,100d) differs from slice to slice, {first} to '
                '{last}: it counts as unknown'
            ).format(first=clock_text(times[0]), last=clock_text(times[-1]))
        )
    return times[0] if len(times) == 1 else None


def _frame(
    file: Header, day: date | None, series_start: datetime | None, offset: timedelta | None
) -> SUVFrame:
    return SUVFrame(
        acquisition_start=_acquisition_start(file, day, series_start, offset),
        frame_reference_s=seconds_of(file.number('FrameReferenceTime'), 'FrameReferenceTime'),
        duration_s=seconds_of(file.number('ActualFrameDuration'), 'ActualFrameDuration'),
        philips_suv_factor=as_number(_philips(file)[0]),
        philips_activity_factor=as_number(philips_text(file, PHILIPS_ACTIVITY)[0]),
        decay_factor=positive_number(file.text('DecayFactor')),
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
