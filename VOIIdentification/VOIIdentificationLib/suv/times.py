"""From which instant to which the injected dose decays: reference and injection time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from ..core.errors import SUVError
from ..core.flags import Flag
from .header import Decisions, SUVHeader
from .reference import (
    allowed_s,
    clock_text,
    earliest_frame,
    implied_by_decay_factor,
    mean_time_s,
    near,
)

MAX_UPTAKE_HALF_LIVES = 10.0
"""An injection earlier than this before the scan leaves 0.1 % and is not believed."""

MAX_USUAL_UPTAKE_HALF_LIVES = 5.0
"""
An injection earlier than this leaves 3 % and is flagged. Usual are 0.5 (F-18, 60 min) to 4.4
(C-11, 90 min): Boellaard et al. 2015 (doi 10.1007/s00259-014-2961-x), Price et al. 2005.
"""

CLOCK_ROUNDING_S = 1.0
"""Times may be stored with and without fractions of a second."""

_DAY = timedelta(days=1)


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
        if frame.acquisition_start is None or not frame.duration_s or frame.duration_s < 0:
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
        after = mean_time_s(frame, half_life_s)
        references.append(frame.acquisition_start + timedelta(seconds=after))
    log.note(
        'the image is not decay-corrected (0054,1102 = NONE): each slice shows its mean '
        f'count-rate time, {clock_text(min(references))} to {clock_text(max(references))}'
    )
    _flag_decay_factors(header, log)
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
        If the header has neither, or the time between makes no sense.
    """
    if header.injection is not None:
        if header.injection_time is not None:
            _compare_injection_times(header, log)
        injection = _believable_injection(header.injection, reference, half_life_s, log)
    elif header.injection_time is not None:
        injection = _dated_injection(header.injection_time, reference, half_life_s, log)
    else:
        msg = (
            'SUV refused: the header has neither Radiopharmaceutical Start DateTime (0018,1078) '
            'nor Radiopharmaceutical Start Time (0018,1072)'
        )
        raise SUVError(msg)
    _judge_uptake(injection, reference, half_life_s, log)
    return injection


def compare_admin(header: SUVHeader, log: Decisions) -> None:
    """
    Flag a decay factor that does not lead to the injection.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header, with Decay Correction ADMIN.

    log : Decisions
        Told what contradicts.
    """
    earliest, half_life_s = earliest_frame(header), header.half_life_s
    injection = header.injection
    if earliest is None or injection is None or not half_life_s or half_life_s < 0:
        return
    implied = implied_by_decay_factor(earliest, half_life_s)
    if not implied or near(injection, implied, allowed_s(half_life_s)):
        return
    log.note(
        f'the decay factor {earliest.decay_factor:g} (0054,1321) tells of decay correction to '
        f'{clock_text(implied[0])}, not to the injection {clock_text(injection)} '
        '(0054,1102 = ADMIN), which is believed',
        Flag.TIMES_CONTRADICT,
    )


def _flag_decay_factors(header: SUVHeader, log: Decisions) -> None:
    """An image that is not corrected has been multiplied by nothing."""
    factor = next(
        (f.decay_factor for f in header.frames if f.decay_factor not in (None, 1.0)), None
    )
    if factor is not None:
        log.note(
            f'the decay factor is {factor:g} (0054,1321), but Decay Correction (0054,1102) is '
            'NONE: NONE is believed',
            Flag.HEADER_CONTRADICTS,
        )


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


def _dated_injection(
    clock: time, reference: datetime, half_life_s: float, log: Decisions
) -> datetime:
    """A time without a date: on the day of the scan, or across midnight."""
    on_date = datetime.combine(reference.date(), clock)
    injection = _across_midnight(on_date, reference, half_life_s)
    if injection != on_date:
        log.note(
            f'the injection time {on_date:%H:%M:%S} (0018,1072) is later than the scan: '
            f'it belongs to the day before, {_day_text(injection.date())}'
        )
    earlier_s = (reference - injection + _DAY).total_seconds()
    if earlier_s <= MAX_USUAL_UPTAKE_HALF_LIVES * half_life_s:
        log.note(
            f'the injection time {on_date:%H:%M:%S} (0018,1072) has no date, and the isotope '
            f'lives so long (half-life {half_life_s / 3600:.3g} h) that it may be of an earlier '
            f'day: {_day_text(injection.date())} is assumed',
            Flag.DAY_UNKNOWN,
        )
    return injection


def _day_text(day: date) -> str:
    return 'the same day' if day.year == 1 else f'{day:%Y-%m-%d}'


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


def _judge_uptake(
    injection: datetime, reference: datetime, half_life_s: float, log: Decisions
) -> None:
    """Flag or refuse a time from injection to scan that is not usual."""
    half_lives = (reference - injection).total_seconds() / half_life_s
    if abs(half_lives) > MAX_UPTAKE_HALF_LIVES:
        msg = (
            f'SUV refused: from the injection {clock_text(injection)} (0018,1078 or 0018,1072) to '
            f'the scan {clock_text(reference)} are {half_lives:.1f} half-lives of '
            f'{half_life_s:g} s (0018,1075), after which nothing could be measured'
        )
        raise SUVError(msg)
    if half_lives > MAX_USUAL_UPTAKE_HALF_LIVES:
        log.note(
            f'from the injection {clock_text(injection)} to the scan {clock_text(reference)} are '
            f'{half_lives:.1f} half-lives, more than {MAX_USUAL_UPTAKE_HALF_LIVES:g}',
            Flag.HEADER_IMPLAUSIBLE,
        )
    if half_lives < 0:
        log.note(
            f'the injection {clock_text(injection)} is later than the instant '
            f'{clock_text(reference)} that the image shows; the dose is counted back',
            Flag.TIMES_CONTRADICT,
        )
    for what, moment in (('injection', injection), ('scan', reference)):
        if moment.time() == time(0):
            log.note(
                f'the time of the {what} is exactly midnight, as where it was removed',
                Flag.HEADER_IMPLAUSIBLE,
            )
