"""A trend log as a page: state first, then every chart's line, then the pictures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from ..evaluate.quantities import QUANTITY_OF
from . import control_chart as rules
from .chart_svg import (
    LEFT,
    RIGHT,
    Floats,
    Guide,
    Line,
    Mark,
    Picture,
    Scale,
    date_ticks,
    polyline,
    value_ticks,
    y_scale,
)
from .control_chart import RULES, ControlChart, Limits
from .page import filled_page, readable_time, rounded, with_sd
from .trend_charts import TrendChart, left_out, trend_charts
from .trend_log import now, reading

MAX_PICTURES = 60
"""More make a page that nobody reads; all charts keep their line in the table."""

MAX_POINTS_DRAWN = 400
"""Of a longer chart only the curve and the alarms are drawn."""

MAX_HISTORY = 100

_HEADER = (
    *(('Quantity', ''), ('Scans', 'number'), ('Last', 'number'), ('Last scan', 'number')),
    *(('Center', 'number'), ('Limits', 'number'), ('Change a year', 'number')),
    ('State of the last value', 'text'),
    ('Alarms before', 'number'),
)


def trend_page(path: Path, *, quantity: str = '', label: str = '') -> str:
    """
    The page of a trend log.

    Parameters
    ----------
    path : `pathlib.Path`
        The log.

    quantity, label : str, optional
        Key of a quantity and label of a sphere, to see only those.

    Returns
    -------
    html : str
        One file, which needs no other.

    Raises
    ------
    InputFileError
        If the log cannot be read.
    OutputError
        If Jinja2 is not installed.
    """
    charts = trend_charts(path, quantity=quantity, label=label)
    drawn = _drawn(charts)
    alarms = [chart for chart in charts if chart.chart.last_alarms]
    notes = []
    if len(drawn) < len(charts):
        notes.append(
            f'{len(drawn)} of {len(charts)} charts are drawn, those in alarm first; '
            'choose others with --quantity and --sphere.'
        )
    return filled_page(
        'trend.html.j2',
        title=f'Trend of {path.name}',
        facts=_facts(path, charts),
        count=len(charts),
        alarm_count=len(alarms),
        alarms=_alarm_lines(alarms),
        notes=notes,
        groups=_groups(charts, drawn),
        left_out=[(one.entry_id, one.why, one.source) for one in left_out(path)],
        history=_history(path),
        method=_METHOD,
    )


def _chart_name(chart: TrendChart) -> str:
    """
    Quantity and sphere of a chart.

    Parameters
    ----------
    chart : TrendChart
        The chart.

    Returns
    -------
    name : str
        E.g. ``'RCmax S10'``.
    """
    known = QUANTITY_OF.get(chart.key.quantity)
    return f'{known.title if known else chart.key.quantity} {chart.key.label}'.strip()


def _trend_picture(chart: TrendChart, anchor: str) -> Picture:
    """
    One chart, ready to be drawn.

    Parameters
    ----------
    chart : TrendChart
        The chart.

    anchor : str
        Its address in the page.

    Returns
    -------
    picture : Picture
        With center and limits, the curve, and the values that break a rule in red.
    """
    values, limits = chart.chart.values, chart.chart.limits
    first, last = chart.scanned_at[0], chart.scanned_at[-1]
    seconds = np.array([(one - first).total_seconds() for one in chart.scanned_at])
    x_axis = Scale(0.0, max(float(seconds[-1]), 1.0), LEFT + 6, RIGHT - 6)
    shown = values if limits is None else [*values, limits.lower, limits.upper]
    y_axis = y_scale(shown)
    x = x_axis.start + seconds / x_axis.high * (x_axis.stop - x_axis.start)
    y = np.array([y_axis(value) for value in values])
    name = _chart_name(chart)
    return Picture(
        anchor=anchor,
        title=name,
        caption=_state(chart.chart),
        alt=f'{name}: {len(values)} values over time, center and limits. {_state(chart.chart)}',
        y_title=f'{name} [{chart.key.unit}]' if chart.key.unit else name,
        x_title='',
        x_ticks=date_ticks(first, last, x_axis),
        y_ticks=value_ticks(y_axis),
        guides=_guides(chart.chart, y_axis),
        lines=(Line(polyline(x, y), 'curve'),),
        marks=_marks(chart, x, y),
        baseline_end=_baseline_end(chart.chart, x),
    )


def _drawn(charts: Sequence[TrendChart]) -> list[TrendChart]:
    first = sorted(charts, key=lambda chart: not chart.chart.last_alarms)[:MAX_PICTURES]
    chosen = set(map(id, first))
    return [chart for chart in charts if id(chart) in chosen]


def _guides(chart: ControlChart, y_axis: Scale) -> tuple[Guide, ...]:
    limits = chart.limits
    if limits is None:
        return ()
    return (
        Guide(y_axis(limits.center), 'guide'),
        *(Guide(y_axis(level), 'guide-limit') for level in (limits.lower, limits.upper)),
    )


def _baseline_end(chart: ControlChart, x: Floats) -> float | None:
    """Only where values follow that did not make the limits."""
    if chart.limits is None or chart.limits.count >= len(x):
        return None
    return round(float(x[chart.limits.count - 1] + x[chart.limits.count]) / 2, 1)


def _marks(chart: TrendChart, x: Floats, y: Floats) -> tuple[Mark, ...]:
    broken: dict[int, list[str]] = {}
    for alarm in chart.chart.alarms:
        broken.setdefault(alarm.index, []).append(RULES[alarm.rule])
    every = range(len(x)) if len(x) <= MAX_POINTS_DRAWN else sorted(broken)[-MAX_POINTS_DRAWN:]
    return tuple(
        Mark(
            round(float(x[n]), 1),
            round(float(y[n]), 1),
            4.5 if n in broken else 3.0,
            _mark_style(flagged=chart.flagged[n], alarm=n in broken),
            _point_title(chart, n, broken.get(n, [])),
        )
        for n in every
    )


def _mark_style(*, flagged: bool, alarm: bool) -> str:
    return 'point' + ' point-flagged' * flagged + ' point-alarm' * alarm


def _point_title(chart: TrendChart, n: int, broken: Sequence[str]) -> str:
    value = rounded(float(chart.chart.values[n]), float(chart.chart.values[n]))
    said = [
        f'{chart.scanned_at[n]:%Y-%m-%d}',
        f'{value} {chart.key.unit}'.strip(),
        f'entry {chart.entry_ids[n]}',
        *(['flagged'] if chart.flagged[n] else []),
        *broken,
    ]
    return ', '.join(said)


def _state(chart: ControlChart) -> str:
    if chart.limits is None:
        return f'too few scans for limits ({len(chart.values)} of {rules.MIN_BASELINE_COUNT})'
    broken = [RULES[alarm.rule] for alarm in chart.last_alarms]
    state = '; '.join(broken) if broken else 'within the rules'
    if chart.limits.provisional:
        state += f' (limits provisional, from {chart.limits.count} scans)'
    return state


def _alarm_lines(alarms: Sequence[TrendChart]) -> list[str]:
    """One line a quantity, as a fault of a scanner seldom shows in one sphere alone."""
    lines = []
    for (scanner, reconstruction, _, quantity), of_one in groupby(alarms, lambda c: c.key[:4]):
        spheres = ', '.join(chart.key.label for chart in of_one).strip(', ')
        known = QUANTITY_OF.get(quantity)
        name = f'{known.title if known else quantity} {spheres}'.strip()
        lines.append(f'{name} ({scanner}; {reconstruction.partition(";")[0]})')
    return lines


def _groups(charts: Sequence[TrendChart], drawn: Sequence[TrendChart]) -> list[dict[str, object]]:
    numbers = {id(chart): f'chart-{n}' for n, chart in enumerate(drawn)}
    groups = []
    for (scanner, reconstruction, fill), members in groupby(charts, lambda chart: chart.key[:3]):
        of_group = list(members)
        groups.append(
            {
                'scanner': scanner,
                'reconstruction': reconstruction,
                'fill': fill,
                'header': _HEADER,
                'rows': [_row(chart) for chart in of_group],
                'pictures': [
                    _trend_picture(chart, numbers[id(chart)])
                    for chart in of_group
                    if id(chart) in numbers
                ],
            }
        )
    return groups


def _row(chart: TrendChart) -> tuple[object, ...]:
    found, limits = chart.chart, chart.chart.limits
    last = float(found.values[-1])
    center = last if limits is None else limits.center
    before = {alarm.index for alarm in found.alarms} - {len(found.values) - 1}
    unit = f' [{chart.key.unit}]' if chart.key.unit else ''
    return (
        f'{_chart_name(chart)}{unit}',
        str(len(found.values)),
        rounded(last, center),
        f'{chart.scanned_at[-1]:%Y-%m-%d}',
        '' if limits is None else rounded(limits.center, center),
        '' if limits is None else _range_text(limits),
        _drift_text(found),
        {'text': _state(found), 'mark': 'fail'} if found.last_alarms else _state(found),
        str(len(before)),
    )


def _range_text(limits: Limits) -> str:
    return f'{rounded(limits.lower, limits.center)} … {rounded(limits.upper, limits.center)}'


def _drift_text(chart: ControlChart) -> str:
    if chart.drift is None:
        return ''
    text = with_sd(chart.drift.per_year, chart.drift.sd_per_year)
    return f'{text}, drifts' if chart.drift.significant else text


def _facts(path: Path, charts: Sequence[TrendChart]) -> list[tuple[str, str]]:
    with reading(path) as connection:
        states = dict(connection.execute('SELECT state, count(*) FROM entry GROUP BY state'))
    days = [day for chart in charts for day in (chart.scanned_at[0], chart.scanned_at[-1])]
    span = f'{min(days):%Y-%m-%d} to {max(days):%Y-%m-%d}' if days else 'none'
    entries = ', '.join(f'{count} {state}' for state, count in states.items())
    return [
        ('Log', str(path)),
        ('Entries', entries or 'none'),
        ('Charted scans', span),
        ('Made', readable_time(now())),
    ]


def _history(path: Path) -> list[tuple[object, ...]]:
    with reading(path) as connection:
        rows = connection.execute(
            'SELECT changed_at, entry_id, field, old, new, reason FROM history '
            'ORDER BY id DESC LIMIT ?',
            (MAX_HISTORY,),
        )
        return [tuple(row) for row in rows]


_METHOD = (
    (
        f'Limits: center ± {rules.LIMIT_SIGMA:g} sigma of the first {rules.BASELINE_COUNT} scans '
        f'of a chart; sigma = mean moving range / {rules.D2:.3f} (individuals chart, NIST/SEMATECH '
        'e-Handbook 6.3.2.2). They are provisional with fewer, and there are none with fewer than '
        f'{rules.MIN_BASELINE_COUNT} scans. A broken vertical line is the end of the baseline.'
    ),
    (
        f'Rules (Western Electric 1956): {"; ".join(list(RULES.values())[:4])}. Besides: '
        f'{RULES["jump"]}. A rule is broken at the value that completes it: red points.'
    ),
    (
        'Change a year: slope of a straight line by least squares ± its standard uncertainty. '
        'It "drifts" where chance alone would give such a slope to less than '
        f'{100 * rules.DRIFT_P:.2f} % of charts.'
    ),
    (
        'Some alarms are chance: on a chart where nothing has changed the four rules together '
        'break about once in 92 scans (Champ and Woodall 1987), and there are many charts. '
        'Hollow points carry flags of the analysis.'
    ),
    (
        'One chart holds scans of one scanner, reconstruction and fill. What is not known is not '
        'charted: say it with `trend LOG edit`.'
    ),
)
