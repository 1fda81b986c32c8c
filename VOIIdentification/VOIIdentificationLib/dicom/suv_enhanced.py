"""Frames of enhanced PET images to the plain facts that the SUV needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from ..core.errors import SUVError
from ..core.flags import Flag
from ..core.sentence import sentences
from ..core.units import row_of_code, row_of_units
from ..suv.header import Decisions, SUVFrame, SUVHeader
from ..suv.instants import CLOCK_ROUNDING_S, clock_text
from .agreement import require_one_scan, require_scan_of_frames
from .attributes import tag_text
from .clock import local_moment, seconds_of
from .days import local_offset
from .drug import dose_and_patient, odd_values, positive_number, tell_odd_values
from .facts import CORRECTED
from .header import Header, as_number
from .slices import PETSlice

_ = sentences(__name__)

_ENHANCED_UNITS = frozenset({'BQML', 'GML', 'CM2ML'})
"""What the values of an enhanced image may be, as Units (0054,1001) calls them."""


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
    corrected = [name for name, keyword in CORRECTED.items() if _said_yes(file, keyword)]
    files = list({id(plane.file): plane.file for plane in slices}.values())
    require_one_scan(files, () if 'DECY' in corrected else ('DecayCorrectionDateTime',))
    require_scan_of_frames(slices)
    log = Decisions()
    odd = odd_values(files)
    tell_odd_values(odd, log)
    keywords = ('DecayCorrectionDateTime', 'AcquisitionDateTime')
    offset = local_offset(file, keywords, log, [dict(plane.facts) for plane in slices])
    frames = tuple(_enhanced_frame(plane, offset) for plane in slices)
    _compare_reference_times(slices, frames, offset, log)
    reference = local_moment(file.text('DecayCorrectionDateTime'), offset)
    if reference is None and 'DECY' in corrected:
        reference = _start_of_frames(frames, log)
    return replace(
        dose_and_patient(file, offset, log),
        units=row.units,
        suv_type=row.suv_type or file.text('SUVType').upper(),
        decay_correction='START' if 'DECY' in corrected else 'NONE',
        corrected_image=tuple(corrected),
        decay_reference=reference,
        frames=frames,
        notes=tuple(log.sentences),
        flags=tuple(log.flags),
        odd=tuple((one.number, one.text) for one in odd),
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


def _start_of_frames(frames: Sequence[SUVFrame], log: Decisions) -> datetime | None:
    """The instant that is usual, where a corrected image does not name one."""
    starts = [frame.acquisition_start for frame in frames if frame.acquisition_start]
    if starts:
        log.note(
            _('{tag} is not known: the start of the earliest frame, {start}, is taken').format(
                tag=tag_text('DecayCorrectionDateTime'), start=clock_text(min(starts))
            )
        )
    return min(starts, default=None)


def _compare_reference_times(
    slices: Sequence[PETSlice],
    frames: Sequence[SUVFrame],
    offset: timedelta | None,
    log: Decisions,
) -> None:
    """The instant that stands for a frame lies within it (PS3.3, C.7.6.16.2.2)."""
    for plane, frame in zip(slices, frames, strict=True):
        told = local_moment(dict(plane.facts).get('FrameReferenceDateTime', ''), offset)
        if told is None or frame.acquisition_start is None or frame.duration_s is None:
            continue
        after_s = (told - frame.acquisition_start).total_seconds()
        if not -CLOCK_ROUNDING_S <= after_s <= frame.duration_s + CLOCK_ROUNDING_S:
            log.note(
                _(
                    '{name}: its reference time {told} (0018,9151) lies outside the {duration:g} s '
                    'from its acquisition {start} (0018,9074), which is used'
                ).format(
                    name=plane.name,
                    told=clock_text(told),
                    duration=frame.duration_s,
                    start=clock_text(frame.acquisition_start),
                ),
                Flag.TIMES_CONTRADICT,
            )
            return


def _enhanced_frame(plane: PETSlice, offset: timedelta | None) -> SUVFrame:
    facts = dict(plane.facts)
    return SUVFrame(
        acquisition_start=local_moment(facts.get('FrameAcquisitionDateTime', ''), offset),
        duration_s=seconds_of(
            as_number(facts.get('FrameAcquisitionDuration', '')), 'FrameAcquisitionDuration'
        ),
        decay_factor=positive_number(facts.get('DecayFactor', '')),
        mapped_suv_factor=plane.mapped_suv_factor,
    )
