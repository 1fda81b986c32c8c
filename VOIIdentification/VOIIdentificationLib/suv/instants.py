"""Instants: how near two must be to count as one, and how they are told."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..activity.isotopes import decay_constant, mean_count_rate_time_s
from .header import SUVFrame

NEGLIGIBLE_SUV_CHANGE = 0.01
"""Times contradict each other when the choice between them changes the SUV by more."""

CLOCK_ROUNDING_S = 1.0
"""Times may be stored with and without fractions of a second."""


def mean_time_s(frame: SUVFrame, half_life_s: float) -> float:
    """
    From the start of a frame to its mean count-rate time.

    Parameters
    ----------
    frame : SUVFrame
        The frame.

    half_life_s : float
        Half-life, in seconds.

    Returns
    -------
    time_s : float
        In seconds; 0 where the duration is not known.
    """
    duration_s = frame.duration_s
    return mean_count_rate_time_s(duration_s, half_life_s) if duration_s and duration_s > 0 else 0.0


def allowed_s(half_life_s: float) -> float:
    """
    How far instants may be apart that count as one.

    Parameters
    ----------
    half_life_s : float
        Half-life, in seconds.

    Returns
    -------
    time_s : float
        In seconds: a negligible change of the SUV, or the rounding of clocks.
    """
    return max(NEGLIGIBLE_SUV_CHANGE / decay_constant(half_life_s), CLOCK_ROUNDING_S)


def near(one: datetime, others: tuple[datetime, ...], tolerance_s: float) -> bool:
    """
    Whether an instant is one of several.

    Parameters
    ----------
    one : datetime
        The instant.

    others : tuple of datetime
        What it may be.

    tolerance_s : float
        How far apart they may be, in seconds.

    Returns
    -------
    near : bool
        False without others.
    """
    return any(abs((one - other).total_seconds()) <= tolerance_s for other in others)


def clock_text(moment: datetime) -> str:
    """
    Write a moment to the nearest second.

    Parameters
    ----------
    moment : datetime
        The moment; in the year 1 where the day is unknown.

    Returns
    -------
    text : str
        E.g. ``'2026-03-01 10:15:00'``.
    """
    rounded = moment + timedelta(seconds=0.5)
    return f'{rounded:%H:%M:%S}' if rounded.year == 1 else f'{rounded:%Y-%m-%d %H:%M:%S}'
