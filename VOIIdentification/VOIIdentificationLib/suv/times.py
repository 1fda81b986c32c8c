"""From which instant to which the injected dose decays: reference and injection time."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..activity.isotopes import decay_constant, mean_count_rate_time_s
from ..core.errors import SUVError
from ..core.flags import Flag
from .header import Decisions, SUVFrame, SUVHeader

MAX_UPTAKE_HALF_LIVES = 10.0
"""An injection earlier than this before the scan leaves 0.1 % and is not believed."""

NEGLIGIBLE_SUV_CHANGE = 0.01
"""Times contradict each other when the choice between them changes the SUV by more."""

CLOCK_ROUNDING_S = 1.0
"""Times may be stored with and without fractions of a second."""

_DAY = timedelta(days=1)


def start_reference(header: SUVHeader, half_life_s: float, log: Decisions) -> datetime:
    """
    Instant to which an image with Decay Correction START is corrected.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    half_life_s : float
        Half-life, in seconds.

    log : Decisions
        Told what was decided.

    Returns
    -------
    reference : datetime
        The series time where it is not after the acquisition; else GE's
        private scan time; else the earliest acquisition, brought to the start
        of decay by its frame reference time.

    Raises
    ------
    SUVError
        If the header has none of these times.
    """
    if header.decay_reference is not None:
        log.note(
            f'the image is decay-corrected to {clock_text(header.decay_reference)} (0018,9701)'
        )
        return header.decay_reference
    earliest = _earliest_frame(header)
    if _not_after_acquisition(header.series_start, earliest):
        reference = header.series_start
        name = 'series time'
    else:
        _tell_why_not_series_time(header, earliest, log)
        if _not_after_acquisition(header.ge_scan_start, earliest):
            reference = header.ge_scan_start
            name = "GE's private scan time (0009,100d)"
        elif earliest is None:
            msg = (
                'SUV refused: the header has neither a series time (0008,0031) nor an '
                'acquisition time (0008,0032), so nobody knows to when the image is corrected'
            )
            raise SUVError(msg)
        else:
            reference = _reference_of_frame(earliest, half_life_s)
            name = _frame_time_name(earliest)
    assert reference is not None
    log.note(f'the image is decay-corrected to {name} {clock_text(reference)} (0054,1102 = START)')
    _compare_with_frames(header, reference, half_life_s, log)
    return reference


def mean_count_rate_references(
    header: SUVHeader, half_life_s: float, log: Decisions
) -> tuple[datetime, ...]:
    """
    Instant that each slice of an image with Decay Correction NONE shows.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    half_life_s : float
        Half-life, in seconds.

    log : Decisions
        Told what was decided.

    Returns
    -------
    references : tuple of datetime
        Acquisition start plus the mean count-rate time, one a slice.

    Raises
    ------
    SUVError
        If a slice lacks its acquisition time or its duration.
    """
    references = []
    for number, frame in enumerate(header.frames, start=1):
        if frame.acquisition_start is None or not frame.duration_s:
            tag = (
                'acquisition time (0008,0032)'
                if frame.acquisition_start is None
                else 'Actual Frame Duration (0018,1242)'
            )
            msg = (
                f'SUV refused: slice {number} has no {tag}, which an image '
                'without decay correction (0054,1102 = NONE) needs'
            )
            raise SUVError(msg)
        after = mean_count_rate_time_s(frame.duration_s, half_life_s)
        references.append(frame.acquisition_start + timedelta(seconds=after))
    log.note(
        'the image is not decay-corrected (0054,1102 = NONE): each slice shows its mean '
        f'count-rate time, {clock_text(min(references))} to {clock_text(max(references))}'
    )
    return tuple(references)


def injection_start(
    header: SUVHeader, reference: datetime, half_life_s: float, log: Decisions
) -> datetime:
    """
    Instant at which the dose was what the header says.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    reference : datetime
        Instant that the image shows: decides about midnight.

    half_life_s : float
        Half-life, in seconds.

    log : Decisions
        Told what was decided.

    Returns
    -------
    injection : datetime
        From (0018,1078), else from (0018,1072) on the date of the scan or the day before.

    Raises
    ------
    SUVError
        If the header has neither.
    """
    if header.injection is not None:
        if header.injection_time is not None:
            _compare_injection_times(header, log)
        return _believable_injection(header.injection, reference, half_life_s, log)
    if header.injection_time is None:
        msg = (
            'SUV refused: the header has neither Radiopharmaceutical Start DateTime (0018,1078) '
            'nor Radiopharmaceutical Start Time (0018,1072)'
        )
        raise SUVError(msg)
    on_date = datetime.combine(reference.date(), header.injection_time)
    injection = _across_midnight(on_date, reference, half_life_s)
    if injection != on_date:
        log.note(
            f'the injection time {on_date:%H:%M:%S} (0018,1072) is later than the scan: '
            f'it belongs to the day before, {injection:%Y-%m-%d}'
        )
    _flag_late_injection(injection, reference, log)
    return injection


def clock_text(moment: datetime) -> str:
    """
    Write a moment to the nearest second.

    Parameters
    ----------
    moment : datetime
        The moment.

    Returns
    -------
    text : str
        E.g. ``'2026-03-01 10:15:00'``.
    """
    return f'{moment + timedelta(seconds=0.5):%Y-%m-%d %H:%M:%S}'


def _earliest_frame(header: SUVHeader) -> SUVFrame | None:
    timed = [frame for frame in header.frames if frame.acquisition_start is not None]
    return min(timed, key=lambda frame: frame.acquisition_start or datetime.max, default=None)


def _not_after_acquisition(start: datetime | None, earliest: SUVFrame | None) -> bool:
    if start is None:
        return False
    if earliest is None or earliest.acquisition_start is None:
        return True
    return (start - earliest.acquisition_start).total_seconds() <= CLOCK_ROUNDING_S


def _tell_why_not_series_time(header: SUVHeader, earliest: SUVFrame | None, log: Decisions) -> None:
    if header.series_start is None:
        log.note('the header has no series time (0008,0031)')
    elif earliest is not None and earliest.acquisition_start is not None:
        log.note(
            f'the series time {clock_text(header.series_start)} (0008,0031) is after the earliest '
            f'acquisition {clock_text(earliest.acquisition_start)} (0008,0032) and is not used',
            Flag.TIMES_CONTRADICT,
        )


def _reference_of_frame(frame: SUVFrame, half_life_s: float) -> datetime:
    """Start of decay of the series that one frame implies."""
    assert frame.acquisition_start is not None
    if frame.frame_reference_s is None or not frame.duration_s:
        return frame.acquisition_start
    after = mean_count_rate_time_s(frame.duration_s, half_life_s) - frame.frame_reference_s
    return frame.acquisition_start + timedelta(seconds=after)


def _frame_time_name(frame: SUVFrame) -> str:
    assert frame.acquisition_start is not None
    if frame.frame_reference_s is None or not frame.duration_s:
        return 'the earliest acquisition time (0008,0032), as no frame reference time is known,'
    return (
        f'the earliest acquisition time {clock_text(frame.acquisition_start)} (0008,0032) less its '
        f'frame reference time {frame.frame_reference_s:g} s (0054,1300), counted from the mean '
        f'count-rate time of its {frame.duration_s:g} s:'
    )


def _compare_with_frames(
    header: SUVHeader, reference: datetime, half_life_s: float, log: Decisions
) -> None:
    """Flag a frame whose own times tell of another start of decay."""
    allowed_s = NEGLIGIBLE_SUV_CHANGE / decay_constant(half_life_s)
    for frame in header.frames:
        if frame.acquisition_start is None or frame.frame_reference_s is None:
            continue
        implied = _reference_of_frame(frame, half_life_s)
        # Some scanners count the frame reference time from the start of the frame.
        from_start = frame.acquisition_start - timedelta(seconds=frame.frame_reference_s)
        off = min(abs((time - reference).total_seconds()) for time in (implied, from_start))
        if off > allowed_s:
            log.note(
                f'the acquisition time {clock_text(frame.acquisition_start)} (0008,0032) and the '
                f'frame reference time {frame.frame_reference_s:g} s (0054,1300) tell of decay '
                f'correction to {clock_text(implied)} instead, which changes the SUV by '
                f'{100 * off * decay_constant(half_life_s):.1f} %',
                Flag.TIMES_CONTRADICT,
            )
            return


def _compare_injection_times(header: SUVHeader, log: Decisions) -> None:
    assert header.injection is not None
    assert header.injection_time is not None
    other = datetime.combine(header.injection.date(), header.injection_time)
    if abs((other - header.injection).total_seconds()) > CLOCK_ROUNDING_S:
        log.note(
            f'the injection is at {clock_text(header.injection)} by (0018,1078), which is used, '
            f'and at {other:%H:%M:%S} by (0018,1072)',
            Flag.TIMES_CONTRADICT,
        )


def _believable_injection(
    injection: datetime, reference: datetime, half_life_s: float, log: Decisions
) -> datetime:
    """The injection as stored, or with the date that makes sense."""
    longest_s = MAX_UPTAKE_HALF_LIVES * half_life_s
    uptake_s = (reference - injection).total_seconds()
    if 0.0 <= uptake_s <= longest_s:
        return injection
    on_date = datetime.combine(reference.date(), injection.time())
    sensible = _across_midnight(on_date, reference, half_life_s)
    if sensible == injection or not 0.0 <= (reference - sensible).total_seconds() <= longest_s:
        _flag_late_injection(injection, reference, log)
        return injection
    log.note(
        f'the injection {clock_text(injection)} (0018,1078) does not fit the scan at '
        f'{clock_text(reference)}; its time of day is kept, on {sensible:%Y-%m-%d}',
        Flag.TIMES_CONTRADICT,
    )
    return sensible


def _across_midnight(on_date: datetime, reference: datetime, half_life_s: float) -> datetime:
    """The day before where the injection would else follow the scan and that day makes sense."""
    before = on_date - _DAY
    uptake_s = (reference - before).total_seconds()
    later = on_date > reference
    if later and uptake_s <= MAX_UPTAKE_HALF_LIVES * half_life_s:
        return before
    return on_date


def _flag_late_injection(injection: datetime, reference: datetime, log: Decisions) -> None:
    if injection > reference:
        log.note(
            f'the injection {clock_text(injection)} is later than the instant '
            f'{clock_text(reference)} that the image shows; the dose is counted back',
            Flag.TIMES_CONTRADICT,
        )
