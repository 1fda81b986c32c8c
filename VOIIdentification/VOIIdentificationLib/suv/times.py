"""From which instant to which the injected dose decays: reference and injection time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np

from ..core.errors import SUVError
from ..core.flags import Flag
from ..core.geometry import FloatArray
from ..core.sentence import sentences
from .header import Decisions, SUVHeader, none_text
from .instants import CLOCK_ROUNDING_S, allowed_s, clock_text, near
from .reference import earliest_frame, implied_by_decay_factor

_ = sentences(__name__)

MAX_UPTAKE_HALF_LIVES = 10.0
"""An injection earlier than this before the scan leaves 0.1 % and is not believed."""

MAX_USUAL_UPTAKE_HALF_LIVES = 5.0
"""
An injection earlier than this leaves 3 % and is flagged. Usual are 0.5 (F-18, 60 min) to 4.4
(C-11, 90 min): Boellaard et al. 2015 (doi 10.1007/s00259-014-2961-x), Price et al. 2005.
"""

_DAY = timedelta(days=1)


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
        msg = _(
            'SUV refused: the header has neither Radiopharmaceutical Start DateTime (0018,1078) '
            'nor Radiopharmaceutical Start Time (0018,1072){odd}'
        ).format(odd=none_text(header, '(0018,1078) (0018,1072)'))
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
    if earliest is None or not half_life_s or half_life_s < 0:
        return
    injection = header.injection
    if injection is None and header.injection_time and earliest.acquisition_start:
        day = earliest.acquisition_start
        injection = _dated_injection(header.injection_time, day, half_life_s, Decisions())
    if injection is None:
        return
    implied = implied_by_decay_factor(earliest, half_life_s)
    if not implied or near(injection, implied, allowed_s(half_life_s)):
        return
    log.note(
        _(
            'the decay factor {factor:g} (0054,1321) tells of decay correction to {reference}, not '
            'to the injection {injection} (0054,1102 = ADMIN), which is believed'
        ).format(
            factor=earliest.decay_factor,
            reference=clock_text(implied[0]),
            injection=clock_text(injection),
        ),
        Flag.TIMES_CONTRADICT,
    )


def _compare_injection_times(header: SUVHeader, log: Decisions) -> None:
    assert header.injection is not None
    assert header.injection_time is not None
    other = datetime.combine(header.injection.date(), header.injection_time)
    if abs((other - header.injection).total_seconds()) > CLOCK_ROUNDING_S:
        log.note(
            _(
                'the injection is at {injection} by (0018,1078), which is used, and at '
                '{time:%H:%M:%S} by (0018,1072)'
            ).format(injection=clock_text(header.injection), time=other),
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
            _(
                'the injection time {time:%H:%M:%S} (0018,1072) is later than the scan: it belongs '
                'to the day before, {date}'
            ).format(time=on_date, date=_day_text(injection.date()))
        )
    earlier_s = (reference - injection + _DAY).total_seconds()
    if earlier_s <= MAX_USUAL_UPTAKE_HALF_LIVES * half_life_s:
        log.note(
            _(
                'the injection time {time:%H:%M:%S} (0018,1072) has no date, and the isotope lives '
                'so long (half-life {half_life:.3g} h) that it may be of an earlier day: {date} is '
                'assumed'
            ).format(time=on_date, half_life=half_life_s / 3600, date=_day_text(injection.date())),
            Flag.DAY_UNKNOWN,
        )
    return injection


def _day_text(day: date) -> str:
    return _('the same day') if day.year == 1 else f'{day:%Y-%m-%d}'


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
        _(
            'the injection {injection} (0018,1078) does not fit the scan at {reference}; its time '
            'of day is kept, on {day:%Y-%m-%d}'
        ).format(injection=clock_text(injection), reference=clock_text(reference), day=sensible),
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
        msg = _(
            'SUV refused: from the injection {injection} (0018,1078 or 0018,1072) to the scan '
            '{reference} are {half_lives:.1f} half-lives of {half_life:g} s (0018,1075), after '
            'which nothing could be measured'
        ).format(
            injection=clock_text(injection),
            reference=clock_text(reference),
            half_lives=half_lives,
            half_life=half_life_s,
        )
        raise SUVError(msg)
    if half_lives > MAX_USUAL_UPTAKE_HALF_LIVES:
        log.note(
            _(
                'from the injection {injection} to the scan {reference} are {half_lives:.1f} '
                'half-lives, more than {most:g}'
            ).format(
                injection=clock_text(injection),
                reference=clock_text(reference),
                half_lives=half_lives,
                most=MAX_USUAL_UPTAKE_HALF_LIVES,
            ),
            Flag.HEADER_IMPLAUSIBLE,
        )
    if half_lives < 0:
        log.note(
            _(
                'the injection {injection} is later than the instant {reference} that the image '
                'shows; the dose is counted back'
            ).format(injection=clock_text(injection), reference=clock_text(reference)),
            Flag.TIMES_CONTRADICT,
        )
    _flag_midnight(injection, reference, log)


def _flag_midnight(injection: datetime, reference: datetime, log: Decisions) -> None:
    for what, moment in ((_('injection'), injection), (_('scan'), reference)):
        if moment.time() == time(0):
            log.note(
                _('the time of the {what} is exactly midnight, as where it was removed').format(
                    what=what
                ),
                Flag.HEADER_IMPLAUSIBLE,
            )


def decay_sentence(
    injection: datetime,
    references: tuple[datetime, ...],
    half_life_s: float,
    doses: FloatArray,
) -> str:
    """
    Say how the dose decayed.

    Parameters
    ----------
    injection : datetime
        When it was given.

    references : tuple of datetime
        For each slice the instant that it shows.

    half_life_s : float
        In seconds.

    doses : `numpy.ndarray`
        For each slice what is left, in Bq.

    Returns
    -------
    sentence : str
        With all of them.
    """
    first, last = min(references), max(references)
    until = clock_text(first)
    if last != first:
        until += f' … {clock_text(last)}'
    return _(
        'decay from injection {injection} to {until}, half-life {half_life:g} s: dose {dose} MBq'
    ).format(
        injection=clock_text(injection),
        until=until,
        half_life=half_life_s,
        dose=range_text(doses / 1e6),
    )


def range_text(values: FloatArray) -> str:
    """
    Values of all slices, in short.

    Parameters
    ----------
    values : `numpy.ndarray`
        One a slice.

    Returns
    -------
    text : str
        One number, or the least and the largest.
    """
    low, high = float(np.min(values)), float(np.max(values))
    return f'{low:.6g}' if low == high else f'{low:.6g} … {high:.6g}'
