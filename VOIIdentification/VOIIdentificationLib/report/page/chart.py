"""Plots of the page: columns of a table as lines, points, error bars and bands in SVG units."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...core.geometry import FloatArray
from ...core.phantom import BAND_COLORS, RGB, SERIES_COLORS, insert_colors
from ...results import AnalysisResult
from ..subjects import SUBJECTS
from ..subjects.subject import Plot
from ..table import Column, Table
from ..uncertainty import standard_uncertainty

WIDTH, HEIGHT = 380.0, 250.0
"""Of a chart, in units of its view box."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 10.0, 12.0, 42.0
_TICKS = 5
_HEADROOM = 0.06
_MARKERS = ('circle', 'square', 'triangle')
_LOW, _HIGH = '_low', '_high'


@dataclass(frozen=True)
class Tick:
    """A number at an axis and where it stands."""

    place: float
    text: str


@dataclass(frozen=True)
class Point:
    """A value: where, in which color, with which error bar, and in words."""

    x: float
    y: float
    color: str
    text: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Series:
    """Values of one column against another."""

    name: str
    marker: str
    line: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Band:
    """The limits of one standard as a closed area."""

    name: str
    color: str
    area: str


@dataclass(frozen=True)
class Chart:
    """
    A plot ready to be written as SVG.

    Attributes
    ----------
    key, title, alt : str
        Name within the page, heading, and what it shows in words.

    x_title, y_title : str
        Of the axes, with unit.

    x_ticks, y_ticks : tuple of Tick
        Numbers at the axes.

    bands : tuple of Band
        Limits.

    series : tuple of Series
        Values.
    """

    key: str
    title: str
    alt: str
    x_title: str
    y_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    bands: tuple[Band, ...]
    series: tuple[Series, ...]
    left: float = field(default=_LEFT)
    right: float = field(default=WIDTH - _RIGHT)
    top: float = field(default=_TOP)
    bottom: float = field(default=HEIGHT - _BOTTOM)


@dataclass(frozen=True)
class _Axis:
    """From values to places; `start` and `stop` are the places of `low` and `high`."""

    low: float
    high: float
    start: float
    stop: float

    def place(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        return round(self.start + part * (self.stop - self.start), 2)

    def ticks(self) -> tuple[Tick, ...]:
        step = nice_step((self.high - self.low) / _TICKS)
        decimals = max(0, -math.floor(math.log10(step)))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        values = [n * step for n in range(first, last + 1)]
        return tuple(Tick(self.place(value), f'{value:,.{decimals}f}') for value in values)


def nice_step(least: float) -> float:
    """
    Round up to 1, 2, 5, 10, 20 and so on.

    Parameters
    ----------
    least : float
        Above 0.

    Returns
    -------
    step : float
        Not smaller.

    Examples
    --------
    >>> nice_step(0.03), nice_step(7)
    (0.05, 10.0)
    """
    power = 10.0 ** math.floor(math.log10(least))
    return float(next(power * n for n in (1, 2, 5, 10) if power * n >= least * (1 - 1e-9)))


def charts(result: AnalysisResult, tables: Mapping[str, Table]) -> tuple[Chart, ...]:
    """
    Every plot that the subjects declare and whose values are known.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    tables : mapping of str to Table
        By key.

    Returns
    -------
    charts : tuple of Chart
        In the order of the subjects.
    """
    plots = (plot for subject in SUBJECTS for plot in subject.plots if plot.fits(tables))
    return tuple(_chart(plot, tables[plot.table_key], result) for plot in plots)


def _chart(plot: Plot, table: Table, result: AnalysisResult) -> Chart:
    x, columns = table.column(plot.x_key), [table.column(key) for key in plot.y_keys]
    limits, colors = _limits(plot, table), _band_colors(table)
    tops = [np.nanmax(_upper(table, column)) for column in columns]
    tops += [np.nanmax(_numbers(high)) for _name, _low, high in limits.values()]
    bottoms = [np.nanmin(_numbers(column)) for column in columns]
    high, low = float(max(tops)), min(0.0, float(min(bottoms)))
    high = high + _HEADROOM * (high - low) if high > low else low + 1.0
    values = _numbers(x)
    margin = 0.06 * float(np.ptp(values)) or 1.0
    across = _Axis(values.min() - margin, values.max() + margin, _LEFT, WIDTH - _RIGHT)
    up = _Axis(low, high, HEIGHT - _BOTTOM, _TOP)
    return Chart(
        key=plot.key,
        title=plot.title,
        alt=_in_words(plot, x, columns),
        x_title=x.header,
        y_title=columns[0].header if len(columns) == 1 else _shared_title(columns),
        x_ticks=across.ticks(),
        y_ticks=up.ticks(),
        bands=tuple(
            _band(limit, values, (across, up), colors[name]) for name, limit in limits.items()
        ),
        series=tuple(
            Series(
                column.title,
                _MARKERS[n % len(_MARKERS)],
                _line(values, _numbers(column), across, up),
                tuple(_points(table, column, x, (across, up), _colors(table, n, result))),
            )
            for n, column in enumerate(columns)
        ),
    )


_Limits = tuple[str, Column, Column]
"""Name, low and high column of the limits of one standard."""


def _limits(plot: Plot, table: Table) -> dict[str, _Limits]:
    """By the standard, as keys of columns name it."""
    columns = {column.key: column for column in table.columns}
    lows = [key for key in columns if plot.band_key and key.startswith(plot.band_key)]
    quantity = columns[plot.y_keys[0]].title
    return {
        key.removeprefix(plot.band_key).removesuffix(_LOW): (
            columns[key].title.replace(' low', '', 1).removeprefix(quantity).strip(),
            columns[key],
            columns[high],
        )
        for key in lows
        if key.endswith(_LOW) and (high := key.removesuffix(_LOW) + _HIGH) in columns
    }


def _band_colors(table: Table) -> dict[str, RGB]:
    """A color a standard, the same in all plots of a table."""
    plots = [plot for subject in SUBJECTS for plot in subject.plots]
    mine = [plot for plot in plots if plot.table_key == table.key and table.has(plot.y_keys[0])]
    names = dict.fromkeys(name for plot in mine for name in _limits(plot, table))
    return {name: BAND_COLORS[n % len(BAND_COLORS)] for n, name in enumerate(names)}


def _upper(table: Table, column: Column) -> FloatArray:
    sd = standard_uncertainty(table, column.key)
    values = _numbers(column)
    return values if sd is None else values + np.nan_to_num(sd)


def _points(
    table: Table, column: Column, x: Column, axes: tuple[_Axis, _Axis], colors: Sequence[str]
) -> Iterable[Point]:
    across, up = axes
    sd = standard_uncertainty(table, column.key)
    texts, x_texts = column.texts(), x.texts()
    for n, value in enumerate(_numbers(column)):
        if math.isfinite(value):
            spread = math.nan if sd is None else float(sd[n])
            known = math.isfinite(spread) and spread > 0
            yield Point(
                across.place(_numbers(x)[n]),
                up.place(value),
                colors[n],
                f'{x_texts[n]} {x.unit}: {texts[n]} {column.unit}'.strip(),
                up.place(value - spread) if known else None,
                up.place(value + spread) if known else None,
            )


def _colors(table: Table, series: int, result: AnalysisResult) -> list[str]:
    """Of the inserts where a line is one, else of the curve."""
    plain: RGB = SERIES_COLORS[1 + series % (len(SERIES_COLORS) - 1)]
    known = insert_colors(result.phantom)
    labels = [''] * table.row_count
    if any(column.key == 'label' for column in table.columns):
        labels = list(table.column('label').texts())
    return [hex_color(known.get(label, plain)) for label in labels]


def _line(x: FloatArray, y: FloatArray, across: _Axis, up: _Axis) -> str:
    order = [n for n in np.argsort(x, kind='stable') if math.isfinite(y[n])]
    return _path((across.place(x[n]), up.place(y[n])) for n in order)


def _band(limit: _Limits, x: FloatArray, axes: tuple[_Axis, _Axis], color: RGB) -> Band:
    name, low, high = limit
    across, up = axes
    order = [n for n in np.argsort(x, kind='stable') if math.isfinite(_numbers(low)[n])]
    edge = [(across.place(x[n]), up.place(_numbers(low)[n])) for n in order]
    edge += [(across.place(x[n]), up.place(_numbers(high)[n])) for n in reversed(order)]
    return Band(name, hex_color(color), _path(edge))


def _path(places: Iterable[tuple[float, float]]) -> str:
    return ' '.join(f'{x},{y}' for x, y in places)


def _shared_title(columns: Sequence[Column]) -> str:
    units = dict.fromkeys(column.unit for column in columns)
    titles = ', '.join(column.title for column in columns)
    return f'{titles} [{next(iter(units))}]' if len(units) == 1 and '' not in units else titles


def _in_words(plot: Plot, x: Column, columns: Sequence[Column]) -> str:
    said = [
        f'{column.header}: '
        + ', '.join(
            f'{value} at {at} {x.unit}'
            for at, value in zip(x.texts(), column.texts(), strict=True)
            if value
        )
        for column in columns
    ]
    return f'{plot.title}. {". ".join(said)}.'


def _numbers(column: Column) -> FloatArray:
    return np.asarray(column.values, dtype=float)


def hex_color(color: RGB) -> str:
    """
    A color as web pages write it.

    Parameters
    ----------
    color : tuple of float
        Red, green and blue, from 0 to 1.

    Returns
    -------
    text : str
        ``'#rrggbb'``.
    """
    return '#' + ''.join(f'{round(part * 255):02x}' for part in color)
