"""Where the parts of a chart stand: ticks, lines and points in SVG's units, for the templates."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 70, 606, 24, 256
"""Size of a chart and its frame, in SVG's units."""

_MAX_TICKS = 8
_MARGIN = 0.06
"""Part of the range left free above and below."""

_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)
_DAYS = (1, 2, 5, 10, 20, 40)
_DAYS_PER_MONTH = 30.44
_MAX_DATE_TICKS = 8

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tick:
    """
    A mark at an axis.

    Attributes
    ----------
    at : float
        Where, in SVG's units.

    text : str
        What it says.
    """

    at: float
    text: str


@dataclass(frozen=True)
class Guide:
    """
    A level line.

    Attributes
    ----------
    at : float
        Its height.

    style : str
        Class of the style sheet.
    """

    at: float
    style: str


@dataclass(frozen=True)
class Line:
    """
    A curve.

    Attributes
    ----------
    points : str
        As ``polyline`` takes them.

    style : str
        Class of the style sheet.
    """

    points: str
    style: str


@dataclass(frozen=True)
class Mark:
    """
    A point.

    Attributes
    ----------
    x, y, radius : float
        In SVG's units.

    style, title : str
        Class of the style sheet, and what is said of the point.
    """

    x: float
    y: float
    radius: float
    style: str
    title: str = ''


@dataclass(frozen=True)
class Bar:
    """
    A vertical bar of uncertainty.

    Attributes
    ----------
    x, low, high : float
        In SVG's units.

    style : str
        Class of the style sheet.
    """

    x: float
    low: float
    high: float
    style: str


@dataclass(frozen=True)
class Picture:
    """
    A chart, ready for the template.

    Attributes
    ----------
    anchor, title, caption, alt, y_title, x_title : str
        Words.

    x_ticks, y_ticks : tuple of Tick
        Of the axes.

    guides : tuple of Guide
        Level lines.

    lines : tuple of Line
        Curves.

    marks : tuple of Mark
        Points.

    bars : tuple of Bar
        Uncertainties.

    baseline_end : float or None
        Where the values that gave the limits end.
    """

    anchor: str
    title: str
    caption: str
    alt: str
    y_title: str
    x_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    guides: tuple[Guide, ...] = ()
    lines: tuple[Line, ...] = ()
    marks: tuple[Mark, ...] = ()
    bars: tuple[Bar, ...] = ()
    baseline_end: float | None = None
    width: int = field(default=WIDTH, init=False)
    height: int = field(default=HEIGHT, init=False)
    left: int = field(default=LEFT, init=False)
    right: int = field(default=RIGHT, init=False)
    top: int = field(default=TOP, init=False)
    bottom: int = field(default=BOTTOM, init=False)


@dataclass(frozen=True)
class Scale:
    """
    From a range of values to a range of SVG's units.

    Attributes
    ----------
    low, high : float
        Values at the ends.

    start, stop : float
        Where the ends stand.
    """

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Where a value stands."""
        part = (value - self.low) / (self.high - self.low)
        return round(self.start + part * (self.stop - self.start), 1)


def y_scale(values: Sequence[float] | Floats) -> Scale:
    """
    A vertical scale that shows all values.

    Parameters
    ----------
    values : sequence of float
        Finite; at least one.

    Returns
    -------
    scale : Scale
        With room above and below.
    """
    low, high = float(np.min(values)), float(np.max(values))
    room = _MARGIN * (high - low) or max(abs(high), 1.0) * _MARGIN
    return Scale(low - room, high + room, BOTTOM, TOP)


def value_ticks(scale: Scale) -> tuple[Tick, ...]:
    """
    Ticks at round values.

    Parameters
    ----------
    scale : Scale
        Of the axis.

    Returns
    -------
    ticks : tuple of Tick
        At most eight, at least three.
    """
    rough = (scale.high - scale.low) / _MAX_TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(scale.low / step), math.floor(scale.high / step)
    return tuple(Tick(scale(n * step), f'{n * step:.{decimals}f}') for n in range(first, last + 1))


def date_ticks(first: datetime, last: datetime, scale: Scale) -> tuple[Tick, ...]:
    """
    Ticks at the beginnings of days, months or years.

    Parameters
    ----------
    first, last : datetime
        Ends of the axis.

    scale : Scale
        Of the axis, in seconds since `first`.

    Returns
    -------
    ticks : tuple of Tick
        At most eight; the first date where no other falls on the axis.
    """
    moments = [moment for moment in _round_dates(first, last) if first <= moment <= last]
    wide = (last - first).days > _MAX_DATE_TICKS * _DAYS[-1]
    form = '%Y-%m' if wide else '%Y-%m-%d'
    return tuple(
        Tick(scale((moment - first).total_seconds()), moment.strftime(form))
        for moment in moments or [first]
    )


def _round_dates(first: datetime, last: datetime) -> Iterator[datetime]:
    from datetime import timedelta

    days = (last - first).total_seconds() / 86400.0
    step = next((n for n in _DAYS if days / n < _MAX_DATE_TICKS), None)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    if step is not None:
        yield from (midnight + timedelta(days=step * n) for n in range(_MAX_DATE_TICKS + 1))
        return
    months = days / _DAYS_PER_MONTH
    step = next((n for n in _MONTHS if months / n < _MAX_DATE_TICKS), 12 * math.ceil(months / 96))
    start = first.year * 12 + first.month - 1
    start -= start % step
    for n in range(start, last.year * 12 + last.month, step):
        yield midnight.replace(year=n // 12, month=n % 12 + 1, day=1)


def polyline(x: Floats, y: Floats) -> str:
    """
    Points of a curve.

    Parameters
    ----------
    x, y : (N,) `numpy.ndarray`
        In SVG's units, `x` rising. Where several points share a column of the
        picture only the lowest and the highest are kept: nobody sees the others.

    Returns
    -------
    points : str
        As ``polyline`` takes them.
    """
    keep = _visible(x, y)
    return ' '.join(f'{a:.1f},{b:.1f}' for a, b in zip(x[keep], y[keep], strict=True))


def _visible(x: Floats, y: Floats) -> npt.NDArray[np.int64]:
    if len(x) <= 2 * WIDTH:
        return np.arange(len(x))
    columns = np.floor(x).astype(np.int64)
    starts = np.flatnonzero(np.diff(columns, prepend=columns[0] - 1))
    spans = zip(starts, [*starts[1:], len(x)], strict=True)
    kept = {int(a + f(y[a:b])) for a, b in spans for f in (np.argmin, np.argmax)}
    return np.array(sorted({0, *kept, len(x) - 1}), dtype=np.int64)
