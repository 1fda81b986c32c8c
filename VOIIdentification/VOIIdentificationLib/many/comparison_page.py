"""A comparison as a page: groups, curves over each other, differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..evaluate.quantities import QUANTITIES, QUANTITY_OF
from .chart_svg import (
    LEFT,
    RIGHT,
    Bar,
    Line,
    Mark,
    Picture,
    Scale,
    Tick,
    value_ticks,
    y_scale,
)
from .comparison_text import METHOD
from .differences import Difference, GroupValue, ValueKey, group_values, sort_key
from .groups import Group
from .page import filled_page, readable_time, rounded, with_sd
from .trend_log import now

_COLORS = 6
_DASHES = 4
"""Styles of the curves in the style sheet; both together repeat after twelve groups."""

_SIDE_STEP = 3.0
"""Groups stand beside each other at a diameter, that bars do not cover bars; in SVG's units."""

_CURVES = tuple(one.key for one in QUANTITIES if one.part in ('nema', 'recovery'))

_Curve = tuple[int, Sequence[GroupValue]]
"""Place of a group, and its values of one quantity by diameter."""


def comparison_page(groups: Sequence[Group], reference: Group, found: Sequence[Difference]) -> str:
    """
    The page of a comparison.

    Parameters
    ----------
    groups : sequence of Group
        What is compared.

    reference : Group
        With what.

    found : sequence of Difference
        The differences.

    Returns
    -------
    html : str
        One file, which needs no other.

    Raises
    ------
    OutputError
        If Jinja2 is not installed.
    """
    values = [group_values(group) for group in groups]
    pictures = [one for key in _CURVES for one in _curve_picture(key, values)]
    return filled_page(
        'compare.html.j2',
        title=f'Comparison of {len(groups)} groups',
        facts=[
            ('Results', str(sum(len(group.members) for group in groups))),
            ('Reference', reference.name),
            ('Made', readable_time(now())),
        ],
        key=[(_series(n), group.name) for n, group in enumerate(groups)],
        groups=[_group_row(group, reference) for group in groups],
        pictures=[*pictures, *_trade_picture(values)],
        remarks=_remarks(found),
        tables=list(_difference_tables(groups, reference, found)),
        method=METHOD,
    )


def _group_row(group: Group, reference: Group) -> tuple[str, ...]:
    members = ', '.join(member.name for member in group.members)
    role = ' (reference)' if group is reference else ''
    return f'{group.name}{role}', members, group.reason


def _series(place: int) -> str:
    return f'series-{place % _COLORS} dash-{place % _DASHES}'


def _curve_picture(
    quantity: str, values: Sequence[Mapping[ValueKey, GroupValue]]
) -> Iterator[Picture]:
    """One chart against diameter, if at least one group has the quantity."""
    curves: list[_Curve] = [
        (n, sorted((v for v in of.values() if _on_curve(v, quantity)), key=_diameter))
        for n, of in enumerate(values)
    ]
    curves = [(n, points) for n, points in curves if points]
    if not curves:
        return
    known = QUANTITY_OF[quantity]
    unit = f' [{known.unit}]' if known.unit else ''
    diameters = sorted({_diameter(v) for _, points in curves for v in points})
    ends = [end for _, points in curves for v in points for end in (_low(v), _high(v))]
    x_axis = _diameter_axis(diameters)
    y_axis = y_scale([0.0, *ends])
    yield Picture(
        anchor=f'curve-{quantity}',
        title=known.title,
        caption='mean and SD of replicates against diameter',
        alt=f'{known.title} against diameter, one curve a group; the numbers are in the tables',
        y_title=f'{known.title}{unit}',
        x_title='Diameter [mm]',
        x_ticks=tuple(_tick(x_axis, d) for d in diameters),
        y_ticks=value_ticks(y_axis),
        lines=tuple(_line(curve, x_axis, y_axis) for curve in curves),
        marks=tuple(mark for curve in curves for mark in _marks(curve, x_axis, y_axis)),
        bars=tuple(bar for curve in curves for bar in _bars(curve, x_axis, y_axis)),
    )


def _trade_picture(values: Sequence[Mapping[ValueKey, GroupValue]]) -> Iterator[Picture]:
    """Contrast against variability: one curve a group, one point a sphere."""
    curves = [(n, _trades(of)) for n, of in enumerate(values)]
    points = [point for _, trades in curves for point in trades]
    if not points:
        return
    x_axis = _padded([n.mean for n, _ in points])
    y_axis = y_scale([0.0, *(q.mean for _, q in points)])
    yield Picture(
        anchor='trade',
        title='Q_j against N_j',
        caption='one point a sphere; up and to the left is better',
        alt='Contrast against background variability; the numbers are in the tables',
        y_title=f'{QUANTITY_OF["contrast_percent"].title} [%]',
        x_title=f'{QUANTITY_OF["variability_percent"].title} [%]',
        x_ticks=value_ticks(x_axis),
        y_ticks=value_ticks(y_axis),
        lines=tuple(
            Line(' '.join(f'{x_axis(n.mean)},{y_axis(q.mean)}' for n, q in trades), _series(place))
            for place, trades in curves
        ),
        marks=tuple(
            Mark(x_axis(n.mean), y_axis(q.mean), 3.5, f'mark {_series(place)}', q.key.label)
            for place, trades in curves
            for n, q in trades
        ),
    )


def _trades(values: Mapping[ValueKey, GroupValue]) -> list[tuple[GroupValue, GroupValue]]:
    noise = {k.label: v for k, v in values.items() if k.quantity == 'variability_percent'}
    contrast = [v for k, v in values.items() if k.quantity == 'contrast_percent']
    pairs = [(noise[v.key.label], v) for v in contrast if v.key.label in noise]
    return sorted(pairs, key=lambda pair: _diameter(pair[1]))


def _difference_tables(
    groups: Sequence[Group], reference: Group, found: Sequence[Difference]
) -> Iterator[tuple[str, list[tuple[str, str]], list[list[object]]]]:
    """A table a quantity: spheres down, groups across."""
    base = group_values(reference)
    others = [group.name for group in groups if group is not reference]
    header = [
        ('Sphere', ''),
        (f'{reference.name} (reference)', 'number'),
        *((name, 'number') for name in others),
    ]
    by_key: dict[ValueKey, dict[str, Difference]] = {}
    for one in found:
        by_key.setdefault(one.value.key, {})[one.group] = one
    for quantity in QUANTITIES:
        keys = [key for key in base if key.quantity == quantity.key]
        rows = [
            [
                key.label or 'whole scan',
                with_sd(base[key].mean, base[key].noise_sd),
                *(_difference_cell(by_key.get(key, {}).get(name)) for name in others),
            ]
            for key in sorted(keys, key=lambda key: sort_key(base[key]))
        ]
        if rows:
            unit = f' [{keys[0].unit}]' if keys[0].unit else ''
            yield f'{quantity.title}{unit}', header, rows


def _remarks(found: Sequence[Difference]) -> list[str]:
    """What must be said of a group, once."""
    said = dict.fromkeys((one.group, note) for one in found for note in one.notes)
    return [f'{group}: {note}' for group, note in said]


def _difference_cell(one: Difference | None) -> object:
    """The 68 % interval; what differs with 95 % is marked."""
    if one is None:
        return 'not measured'
    percent = '' if one.percent is None else f' ({one.percent:+.1f} %)'
    if one.half_width_68 is None:
        return (
            f'{_signed(rounded(one.difference, one.reference.mean))}{percent}, uncertainty unknown'
        )
    text = f'{_signed(with_sd(one.difference, one.half_width_68))}{percent}'
    return {'text': text, 'mark': 'warning'} if one.different else text


def _signed(text: str) -> str:
    return text if text.startswith('-') else f'+{text}'


def _on_curve(value: GroupValue, quantity: str) -> bool:
    return value.key.quantity == quantity and value.diameter_mm is not None


def _diameter(value: GroupValue) -> float:
    return value.diameter_mm or 0.0


def _low(value: GroupValue) -> float:
    return value.mean - (value.sd or 0.0)


def _high(value: GroupValue) -> float:
    return value.mean + (value.sd or 0.0)


def _diameter_axis(diameters: Sequence[float]) -> Scale:
    return Scale(0.9 * diameters[0], 1.05 * diameters[-1], LEFT, RIGHT)


def _padded(values: Sequence[float]) -> Scale:
    upright = y_scale([0.0, *values])
    return Scale(max(upright.low, 0.0), upright.high, LEFT, RIGHT)


def _tick(axis: Scale, value: float) -> Tick:
    return Tick(axis(value), f'{value:g}')


def _x(axis: Scale, value: GroupValue, place: int) -> float:
    return round(axis(_diameter(value)) + _SIDE_STEP * (place % _COLORS), 1)


def _line(curve: _Curve, x_axis: Scale, y_axis: Scale) -> Line:
    place, points = curve
    return Line(
        ' '.join(f'{_x(x_axis, v, place)},{y_axis(v.mean)}' for v in points), _series(place)
    )


def _marks(curve: _Curve, x_axis: Scale, y_axis: Scale) -> Iterator[Mark]:
    place, points = curve
    for v in points:
        title = f'{v.key.label}: {with_sd(v.mean, v.sd)}'
        yield Mark(_x(x_axis, v, place), y_axis(v.mean), 3.5, f'mark {_series(place)}', title)


def _bars(curve: _Curve, x_axis: Scale, y_axis: Scale) -> Iterator[Bar]:
    place, points = curve
    for v in points:
        if v.sd:
            yield Bar(_x(x_axis, v, place), y_axis(_low(v)), y_axis(_high(v)), _series(place))
