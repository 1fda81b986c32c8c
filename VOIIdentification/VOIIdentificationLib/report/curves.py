"""What is plotted against diameter or slice, on axes of matplotlib that somebody else has made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..core.phantom import BAND_COLORS, RGB, SERIES_COLORS, insert_colors
from ..core.plain_text import plain_text
from ..evaluate.cylinder_bias import EARL_BIAS_PERCENT, STANDARD
from ..evaluate.limits import QUANTITY_NAMES, Quantity
from ..evaluate.nema import NEMAResult
from ..evaluate.recovery import RecoveryResult
from ..evaluate.uniform_cylinder import CylinderResult
from ..results import AnalysisResult
from .subjects.recovery import RELATIVE_NAMES, reference_name
from .table import VALUE_UNIT, unit_text

_SMALL = 8.5
"""Size of letters, in points."""

Panel = Callable[[Any], None]
_Dot = tuple[float, float, str]
"""Diameter, value and label of the insert; no label for what belongs to none."""

_DotSize = tuple[float, float, float]
"""Area in square points, width of the edge, and diameter in the legend, in points."""

_SMALL_DOT: _DotSize = (26.0, 0.8, 4.0)
_LARGE_DOT: _DotSize = (36.0, 1.0, 6.0)


def quality_panels(result: AnalysisResult) -> tuple[Panel, ...]:
    """
    List the small plots that a result has.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    panels : tuple of callable
        Each draws one plot on the axes it is given: three of recovery, with
        bands where it is absolute, one of contrast and one of variability.
    """
    panels: list[Panel] = []
    recovery, nema = result.recovery, result.nema
    colors = insert_colors(result.phantom)
    if recovery is not None and recovery.spheres:
        panels += [_recovery_panel(colors, recovery, quantity) for quantity in QUANTITY_NAMES]
    if nema is not None and nema.background:
        panels.append(lambda axes: _draw_contrast(axes, colors, nema))
        panels.append(lambda axes: _draw_variability(axes, nema))
    return tuple(panels)


def plot_values(axes: Any, result: AnalysisResult) -> None:
    """
    Plot mean and maximum of each sphere, and the mean of the background.

    Of a uniform cylinder the mean of each slice is plotted, with what EARL accepts.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.

    result : AnalysisResult
        What was found.
    """
    if result.cylinder is not None:
        _draw_slices(axes, result.cylinder)
        axes.set_ylabel(image_unit(result), parse_math=False)
        return
    colors = insert_colors(result.phantom)
    for name, look in [('max', ('^', ':')), ('mean', ('o', '-'))]:
        dots = [
            (voi.insert.diameter_mm, np.nan if value is None else value, voi.label)
            for voi in result.spheres
            for value in [getattr(voi.statistics, name)]
        ]
        _draw_curve(axes, colors, dots, look, label=name.capitalize(), size=_LARGE_DOT)
    means = [voi.statistics.mean for voi in result.background if voi.statistics.mean is not None]
    for n, mean in enumerate(means):
        axes.axhline(mean, color='0.6', ls='--', lw=1, label='' if n else 'Background mean')
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))
    axes.set_title(f'Mean and max [{image_unit(result)}]', fontsize=_SMALL + 1.5, parse_math=False)
    _finish(axes)


def _draw_slices(axes: Any, found: CylinderResult) -> None:
    slices = [one for one in found.uniformity.slices if one.whole]
    axes.plot(
        [one.slice_k for one in slices],
        [one.mean for one in slices],
        'o-',
        ms=3,
        color='0.25',
        label='Mean',
    )
    axes.axhline(found.voi.statistics.mean, color='0.6', ls='--', lw=1, label='Mean of all')
    true = found.bias.true_bqml
    if true is not None:
        part = EARL_BIAS_PERCENT / 100.0
        label = f'{STANDARD}: ± {EARL_BIAS_PERCENT:g} %'
        axes.axhspan(
            true * (1 - part),
            true * (1 + part),
            color=BAND_COLORS[0],
            alpha=0.35,
            lw=0,
            label=label,
        )
    axes.set_xlabel('Slice NR')
    axes.grid(alpha=0.3)
    low, high = axes.get_ylim()
    axes.set_ylim(low - 0.35 * (high - low), high)
    axes.legend(frameon=False, loc='lower center', ncols=2, fontsize=_SMALL)


def image_unit(result: AnalysisResult) -> str:
    """
    Unit of the image, as an axis says it.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    unit : str
        Letters that can be drawn; ``'unit unknown'`` if there is none.
    """
    return plain_text(unit_text(VALUE_UNIT, result.image.unit))


def _recovery_panel(colors: Mapping[str, RGB], found: RecoveryResult, quantity: Quantity) -> Panel:
    return lambda axes: _draw_recovery(axes, colors, found, quantity)


def _draw_recovery(
    axes: Any, colors: Mapping[str, RGB], found: RecoveryResult, quantity: Quantity
) -> None:
    for n, standard in enumerate(found.standards):
        _draw_band(axes, found, (standard, quantity), BAND_COLORS[n % len(BAND_COLORS)])
    points = [
        (sphere.diameter_mm, value, sphere.label)
        for sphere in found.spheres
        if (value := getattr(sphere, quantity)) is not None
    ]
    _draw_curve(axes, colors, points, ('o', '-'))
    if not found.relative and points:
        _draw_uncertainty(axes, found, quantity)
    names = RELATIVE_NAMES if found.relative else QUANTITY_NAMES
    axes.set_title(names[quantity], fontsize=_SMALL + 1.5)
    _finish(axes)
    if found.relative:
        _write(axes, 0.05, f'over {reference_name(found)}')


def _draw_band(axes: Any, found: RecoveryResult, of: tuple[str, Quantity], color: Any) -> None:
    """The limits of one standard and coefficient, with what must be said beside them."""
    rows = sorted(
        (
            (sphere.diameter_mm, one.low, one.high, one.note)
            for sphere in found.spheres
            for one in sphere.verdicts
            if (one.standard, one.quantity) == of
        ),
        key=lambda row: row[0],
    )
    if not rows:
        return
    diameters, lows, highs, notes = zip(*rows, strict=True)
    said = ', '.join(dict.fromkeys(note.partition(':')[0] for note in notes if note))
    label = plain_text(f'{of[0]} ({said})' if said else of[0])
    axes.fill_between(diameters, lows, highs, color=color, alpha=0.35, lw=0, label=label)
    axes.plot(diameters, lows, color=color, lw=0.8)
    axes.plot(diameters, highs, color=color, lw=0.8)


def _draw_uncertainty(axes: Any, found: RecoveryResult, quantity: Quantity) -> None:
    rows = []
    for sphere in found.spheres:
        value, percent = getattr(sphere, quantity), sphere.sd_percent
        known = value is not None and percent is not None
        rows.append((sphere.diameter_mm, value, value * percent / 100.0 if known else None))
    _draw_error_bars(axes, rows)


def _draw_error_bars(axes: Any, rows: Sequence[tuple[float, float | None, float | None]]) -> None:
    """Diameter, value and standard uncertainty; nothing where one is not known."""
    known = [(x, y, sd) for x, y, sd in rows if y is not None and sd is not None]
    if known:
        x, y, sd = zip(*known, strict=True)
        axes.errorbar(x, y, yerr=sd, fmt='none', ecolor='0.3', elinewidth=1, capsize=2)


def _draw_contrast(axes: Any, colors: Mapping[str, RGB], found: NEMAResult) -> None:
    contrast = [
        (sphere.diameter_mm, sphere.contrast_percent, sphere.label)
        for sphere in found.spheres
        if sphere.contrast_percent is not None
    ]
    if contrast:
        _draw_curve(axes, colors, contrast, ('o', '-'))
        _draw_error_bars(
            axes,
            [(s.diameter_mm, s.contrast_percent, s.contrast_sd_percent) for s in found.spheres],
        )
    hot = all(sphere.hot for sphere in found.spheres)
    axes.set_title('Q_H,j [%]' if hot else 'Q_H,j and Q_C,j [%]', fontsize=_SMALL + 1.5)
    _finish(axes)
    if not contrast:
        why = ': the true ratio is unknown' if found.true_ratio is None else ''
        axes.set_xticks([])
        axes.set_yticks([])
        _write(axes, 0.78, f'no contrast{why}')


def _draw_variability(axes: Any, found: NEMAResult) -> None:
    variability = [
        (level.diameter_mm, level.variability_percent, '')
        for level in found.background
        if level.variability_percent is not None
    ]
    _draw_curve(axes, {}, variability, ('s', ':'))
    axes.set_title('N_j [%]', fontsize=_SMALL + 1.5)
    _finish(axes)


def _draw_curve(
    axes: Any,
    colors: Mapping[str, RGB],
    dots: Sequence[_Dot],
    look: tuple[str, str],
    *,
    label: str | None = None,
    size: _DotSize = _SMALL_DOT,
) -> None:
    """A line through all dots, each in the color of its insert; marker and line as asked."""
    marker, line = look
    area, edge, in_legend = size
    ordered = sorted(dots, key=lambda dot: dot[0])
    x, y = [dot[0] for dot in ordered], [dot[1] for dot in ordered]
    faces = [colors.get(dot[2], SERIES_COLORS[1]) for dot in ordered]
    axes.plot(x, y, line, color='0.4', lw=1)
    axes.scatter(x, y, area, faces, marker=marker, edgecolors='0.2', linewidths=edge, zorder=3)
    if label:
        axes.plot([], [], line, color='0.4', marker=marker, ms=in_legend, label=label)


def _finish(axes: Any) -> None:
    axes.tick_params(labelsize=_SMALL)
    axes.set_xlabel('Diameter [mm]', fontsize=_SMALL)
    axes.grid(alpha=0.3)
    low, high = axes.get_ylim()
    axes.set_ylim(min(0.0, low), high + 0.04 * abs(high))
    if axes.get_legend_handles_labels()[0]:
        _plain(axes.legend(frameon=False, fontsize=_SMALL - 1.5, loc='best', handlelength=1.2))


def _plain(legend: Any) -> None:
    """A dollar in the name of a standard begins no formula."""
    for text in legend.get_texts():
        text.set_parse_math(False)


def _write(axes: Any, height: float, text: str) -> None:
    """A few words at the right, at a part of the height of the plot."""
    axes.text(
        0.97,
        height,
        plain_text(text),
        transform=axes.transAxes,
        fontsize=_SMALL - 1.5,
        color='0.3',
        ha='right',
        parse_math=False,
    )
