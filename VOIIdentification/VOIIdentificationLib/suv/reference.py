"""To which instant an image with Decay Correction START is corrected."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import NamedTuple

from ..activity.isotopes import decay_constant
from ..core.errors import SUVError
from ..core.flags import Flag
from ..core.sentence import sentences
from .header import Decisions, SUVFrame, SUVHeader, none_text, odd_text
from .instants import CLOCK_ROUNDING_S, allowed_s, clock_text, mean_time_s, near

_ = sentences(__name__)

_SERIES = _('series time')
_ACQUISITION = _('the earliest acquisition time (0008,0032)')
_GE = _("GE's private scan time (0009,100d)")


class _Candidate(NamedTuple):
    """An instant that the image may be corrected to, and what says so."""

    name: str
    time: datetime


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
        The first that the decay factor (0054,1321) of the earliest frame
        allows of: the series time, GE's private scan time, the earliest
        acquisition. Without a decay factor, or where it allows of none, the
        first that is not after the acquisition; GE's time before a series time
        that is long before it.

    Raises
    ------
    SUVError
        If the header has none of these times.

    Notes
    -----
    The decay factor is exp(λ t), t from the reference to the mean count-rate
    time of the frame.
    """
    if header.decay_reference is not None:
        log.note(
            _('the image is decay-corrected to {time} (0018,9701)').format(
                time=clock_text(header.decay_reference)
            )
        )
        _flag_after_scan(header, half_life_s, log)
        _compare_with_factors(header, header.decay_reference, half_life_s, log)
        return header.decay_reference
    earliest = earliest_frame(header)
    tolerance_s = allowed_s(half_life_s)
    chosen = _chosen(header, earliest, half_life_s)
    if chosen is None:
        msg = _(
            'SUV refused: the header has neither a series time (0008,0031) nor an acquisition time '
            '(0008,0032), so nobody knows to when the image is corrected{odd}'
        ).format(odd=none_text(header, '(0008,0031) (0008,0032)'))
        raise SUVError(msg)
    if chosen.name != _SERIES:
        _tell_why_not_series_time(header, earliest, chosen, tolerance_s, log)
    log.note(
        _('the image is decay-corrected to {name} {time} (0054,1102 = START)').format(
            name=chosen.name, time=clock_text(chosen.time)
        )
    )
    _compare_with_frames(header, chosen.time, half_life_s, log)
    return chosen.time


def _flag_after_scan(header: SUVHeader, half_life_s: float, log: Decisions) -> None:
    """Nobody corrects to an instant after the last frame has ended."""
    reference = header.decay_reference
    ends = [
        frame.acquisition_start + timedelta(seconds=frame.duration_s or 0.0)
        for frame in header.frames
        if frame.acquisition_start is not None
    ]
    if reference and ends and (reference - max(ends)).total_seconds() > allowed_s(half_life_s):
        log.note(
            _(
                'the decay correction to {time} (0018,9701) is to an instant after the end of the '
                'scan, {end}'
            ).format(time=clock_text(reference), end=clock_text(max(ends))),
            Flag.TIMES_CONTRADICT,
        )


def earliest_frame(header: SUVHeader) -> SUVFrame | None:
    """
    The frame that was acquired first.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    Returns
    -------
    frame : SUVFrame or None
        Where several have one acquisition time, as the beds of GE, the one
        whose frame reference time is smallest; None without times.
    """

    def _order(frame: SUVFrame) -> tuple[datetime, float]:
        reference_s = frame.frame_reference_s
        at = frame.acquisition_start or datetime.max
        return at, math.inf if reference_s is None else reference_s

    timed = [frame for frame in header.frames if frame.acquisition_start is not None]
    return min(timed, key=_order, default=None)


def implied_by_decay_factor(frame: SUVFrame, half_life_s: float) -> tuple[datetime, ...]:
    """
    The instants that the decay factor of a frame may refer to.

    Parameters
    ----------
    frame : SUVFrame
        The frame.

    half_life_s : float
        Half-life, in seconds.

    Returns
    -------
    instants : tuple of datetime
        Empty without a decay factor other than 1. The first takes the
        acquisition time for that of the frame; others for that of the series,
        from which the frame reference time counts to the middle or to the
        start of the frame.
    """
    factor, start = frame.decay_factor, frame.acquisition_start
    if factor is None or factor <= 0 or factor == 1 or start is None:
        return ()
    after_s = mean_time_s(frame, half_life_s)
    decayed_s = math.log(factor) / decay_constant(half_life_s)
    offsets = [after_s - decayed_s]
    if frame.frame_reference_s is not None:
        offsets += [
            frame.frame_reference_s - decayed_s,
            frame.frame_reference_s + after_s - decayed_s,
        ]
    return tuple(start + timedelta(seconds=offset) for offset in offsets)


def _chosen(header: SUVHeader, earliest: SUVFrame | None, half_life_s: float) -> _Candidate | None:
    tolerance_s = allowed_s(half_life_s)
    early, late = _candidates(header, earliest, half_life_s)
    implied = implied_by_decay_factor(earliest, half_life_s) if earliest else ()
    fitting = [one for one in (*early, *late) if near(one.time, implied, tolerance_s)]
    if fitting:
        return fitting[0]
    chosen = next(iter(early), None)
    if chosen is not None and chosen.name == _SERIES and earliest is not None:
        return _ge_instead(early, earliest, tolerance_s) or chosen
    return chosen


def _candidates(
    header: SUVHeader, earliest: SUVFrame | None, half_life_s: float
) -> tuple[list[_Candidate], list[_Candidate]]:
    """Those that are not after the earliest acquisition, and those that are."""
    named = ((_SERIES, header.series_start), (_GE, header.ge_scan_start))
    known = [_Candidate(name, at) for name, at in named if at is not None]
    if earliest is None or earliest.acquisition_start is None:
        return known, []
    start = earliest.acquisition_start
    late = [one for one in known if (one.time - start).total_seconds() > CLOCK_ROUNDING_S]
    early = [one for one in known if one not in late]
    by_frame = _Candidate(
        _frame_time_name(earliest, half_life_s), _reference_of_frame(earliest, half_life_s)
    )
    own = [_Candidate(_ACQUISITION, start)]
    return [*early, by_frame, *(own if by_frame.time != start else [])], late


def _ge_instead(
    early: list[_Candidate], earliest: SUVFrame, tolerance_s: float
) -> _Candidate | None:
    """GE's time where it is that of the acquisition and the series time is not."""
    assert earliest.acquisition_start is not None
    start = (earliest.acquisition_start,)
    ge_time = next((one for one in early if one.name == _GE), None)
    if ge_time is None or near(early[0].time, start, tolerance_s):
        return None
    return ge_time if near(ge_time.time, start, tolerance_s) else None


def _tell_why_not_series_time(
    header: SUVHeader,
    earliest: SUVFrame | None,
    chosen: _Candidate,
    tolerance_s: float,
    log: Decisions,
) -> None:
    start = earliest.acquisition_start if earliest else None
    if header.series_start is None and not odd_text(header, '(0008,0031)'):
        log.note(_('the header has no series time (0008,0031)'))
    elif header.series_start is None:
        return
    elif start is not None and (header.series_start - start).total_seconds() > CLOCK_ROUNDING_S:
        log.note(
            _(
                'the series time {series} (0008,0031) is after the earliest acquisition {start} '
                '(0008,0032) and is not used'
            ).format(series=clock_text(header.series_start), start=clock_text(start)),
            Flag.TIMES_CONTRADICT,
        )
    elif not near(header.series_start, (chosen.time,), tolerance_s):
        log.note(
            _(
                'the series time {series} (0008,0031) is not used: other times and the decay '
                'factor tell of another instant'
            ).format(series=clock_text(header.series_start)),
            Flag.TIMES_CONTRADICT,
        )


def _reference_of_frame(frame: SUVFrame, half_life_s: float) -> datetime:
    """Start of decay of the series that one frame implies."""
    assert frame.acquisition_start is not None
    if not frame.frame_reference_s or not frame.duration_s:
        return frame.acquisition_start
    after = mean_time_s(frame, half_life_s) - frame.frame_reference_s
    if after > CLOCK_ROUNDING_S:  # to an instant within the frame: it counts to the start
        after = -frame.frame_reference_s
    return frame.acquisition_start + timedelta(seconds=after)


def _frame_time_name(frame: SUVFrame, half_life_s: float) -> str:
    assert frame.acquisition_start is not None
    if frame.frame_reference_s is None or not frame.duration_s:
        return _('the earliest acquisition time (0008,0032), as no frame reference time is known,')
    if frame.frame_reference_s == 0:
        return _ACQUISITION
    within = mean_time_s(frame, half_life_s) - frame.frame_reference_s > CLOCK_ROUNDING_S
    return _(
        'the earliest acquisition time {start} (0008,0032) less its frame reference time '
        '{reference:g} s (0054,1300), counted from the {origin} of its {duration:g} s:'
    ).format(
        origin=_('start') if within else _('mean count-rate time'),
        start=clock_text(frame.acquisition_start),
        reference=frame.frame_reference_s,
        duration=frame.duration_s,
    )


def _compare_with_frames(
    header: SUVHeader, reference: datetime, half_life_s: float, log: Decisions
) -> None:
    """Flag frames whose own times tell of another start of decay."""
    tolerance_s = allowed_s(half_life_s)
    judged = _compare_with_factors(header, reference, half_life_s, log)
    earliest = earliest_frame(header)
    if judged or earliest is None or earliest.acquisition_start is None:
        return
    implied: tuple[datetime, ...] = (_reference_of_frame(earliest, half_life_s),)
    if earliest.frame_reference_s is not None:
        # Some scanners count the frame reference time from the start of the frame.
        from_start = earliest.acquisition_start - timedelta(seconds=earliest.frame_reference_s)
        implied = (*implied, from_start)
    if not near(reference, implied, tolerance_s):
        counted = earliest.frame_reference_s
        told = (
            _('no frame reference time (0054,1300)')
            if counted is None
            else _('the frame reference time {counted:g} s (0054,1300)').format(counted=counted)
        )
        _flag_frame(earliest, told, implied[0], reference, half_life_s, log)


def _compare_with_factors(
    header: SUVHeader, reference: datetime, half_life_s: float, log: Decisions
) -> bool:
    """Flag a decay factor that leads elsewhere; whether there was one to judge by."""
    judged = False
    for frame in dict.fromkeys(header.frames):
        implied = implied_by_decay_factor(frame, half_life_s)
        judged = judged or bool(implied)
        if implied and not near(reference, implied, allowed_s(half_life_s)):
            told = _('the decay factor {factor:g} (0054,1321)').format(factor=frame.decay_factor)
            _flag_frame(frame, told, implied[0], reference, half_life_s, log)
            return True
    return judged


def _flag_frame(
    frame: SUVFrame,
    told: str,
    implied: datetime,
    reference: datetime,
    half_life_s: float,
    log: Decisions,
) -> None:
    assert frame.acquisition_start is not None
    off_s = (implied - reference).total_seconds()
    change = math.expm1(min(abs(off_s) * decay_constant(half_life_s), 700.0))
    log.note(
        _(
            'the acquisition time {start} (0008,0032) and {told} tell of decay correction to '
            '{implied} instead, which changes the SUV by {change:.3g} %'
        ).format(
            start=clock_text(frame.acquisition_start),
            told=told,
            implied=clock_text(implied),
            change=100 * change,
        ),
        Flag.TIMES_CONTRADICT,
    )
