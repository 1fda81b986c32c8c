"""Which instants the slices of an image without decay correction show."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..core.errors import SUVError
from ..core.flags import Flag
from ..core.sentence import sentences
from .header import Decisions, SUVFrame, SUVHeader, none_text
from .instants import allowed_s, clock_text, mean_time_s

_ = sentences(__name__)

USUAL_DURATION_S = (1.0, 4 * 3600.0)
"""From the shortest frames of dynamic scans to the longest of phantoms that decay meanwhile."""


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
    for number, frame in enumerate(header.frames, start=1):
        _require_times(header, frame, number)
    starts = _starts(header, half_life_s, log)
    references = [
        start + timedelta(seconds=mean_time_s(frame, half_life_s))
        for start, frame in zip(starts, header.frames, strict=True)
    ]
    log.note(
        _(
            'the image is not decay-corrected (0054,1102 = NONE): each slice shows its mean '
            'count-rate time, {first} to {last}'
        ).format(first=clock_text(min(references)), last=clock_text(max(references)))
    )
    _flag_decay_factors(header, log)
    _flag_durations(header, half_life_s, log)
    return tuple(references)


def _require_times(header: SUVHeader, frame: SUVFrame, number: int) -> None:
    if frame.acquisition_start is not None and frame.duration_s and frame.duration_s > 0:
        return
    tag = (
        _('acquisition time (0008,0032) or (0018,9074)')
        if frame.acquisition_start is None
        else _('duration (0018,1242) or (0018,9220)')
    )
    msg = _(
        'SUV refused: slice {number} has no {tag}, which an image without decay correction '
        '(0054,1102 = NONE) needs{odd}'
    ).format(number=number, tag=tag, odd=none_text(header, tag))
    raise SUVError(msg)


def _starts(header: SUVHeader, half_life_s: float, log: Decisions) -> list[datetime]:
    """When each slice was begun: beds of GE have one acquisition time, and count from it."""
    starts = [frame.acquisition_start for frame in header.frames if frame.acquisition_start]
    counted = [frame.frame_reference_s for frame in header.frames]
    after = [seconds for seconds in counted if seconds is not None]
    if len(after) < len(starts) or max(after) - min(after) <= allowed_s(half_life_s):
        return starts
    if len(set(starts)) == 1:
        log.note(
            _(
                'all slices have one acquisition time {start} (0008,0032), but frame reference '
                'times (0054,1300) of {first:g} to {last:g} s: each is taken for as much later'
            ).format(start=clock_text(starts[0]), first=min(after), last=max(after)),
            Flag.TIMES_CONTRADICT,
        )
        return [starts[0] + timedelta(seconds=seconds - min(after)) for seconds in after]
    _flag_beds(header, half_life_s, log)
    return starts


def _flag_beds(header: SUVHeader, half_life_s: float, log: Decisions) -> None:
    """Acquisition time less frame reference time is one instant, whichever way that counts."""
    by_start, by_mean = [], []
    for frame in header.frames:
        if frame.acquisition_start is not None and frame.frame_reference_s is not None:
            origin = frame.acquisition_start - timedelta(seconds=frame.frame_reference_s)
            by_start.append(origin)
            by_mean.append(origin + timedelta(seconds=mean_time_s(frame, half_life_s)))
    spreads = [(max(one) - min(one)).total_seconds() for one in (by_start, by_mean)]
    if min(spreads) > allowed_s(half_life_s):
        log.note(
            _(
                'acquisition times (0008,0032) and frame reference times (0054,1300) of the '
                'slices contradict each other by {seconds:.0f} s: the acquisition times are '
                'believed'
            ).format(seconds=min(spreads)),
            Flag.TIMES_CONTRADICT,
        )


def _flag_decay_factors(header: SUVHeader, log: Decisions) -> None:
    """An image that is not corrected has been multiplied by nothing."""
    factor = next(
        (f.decay_factor for f in header.frames if f.decay_factor not in (None, 1.0)), None
    )
    if factor is not None:
        log.note(
            _(
                'the decay factor is {factor:g} (0054,1321), but Decay Correction (0054,1102) is '
                'NONE: NONE is believed'
            ).format(factor=factor),
            Flag.HEADER_CONTRADICTS,
        )


def _flag_durations(header: SUVHeader, half_life_s: float, log: Decisions) -> None:
    """Half the duration is what the image is decayed by: seconds for milliseconds lose it."""
    shortest, longest = USUAL_DURATION_S[0], max(USUAL_DURATION_S[1], half_life_s)
    odd = [f.duration_s for f in header.frames if not shortest <= (f.duration_s or 0.0) <= longest]
    if odd:
        log.note(
            _(
                'the header has a frame of {duration:g} s, which is not usual ({shortest:g} s to '
                '{longest:g} s); it is taken as it is'
            ).format(duration=odd[0], shortest=shortest, longest=longest),
            Flag.HEADER_IMPLAUSIBLE,
        )
