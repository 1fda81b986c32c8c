"""What the filter finder found, as page, table and JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..core.errors import OutputError
from ..core.geometry import FloatArray
from ..evaluate.limits import QUANTITY_NAMES
from ..evaluate.quantities import QUANTITY_OF
from ..files.atomic import transaction
from ..files.target import earlier_files, require_folder
from ..results import AnalysisResult
from .chart_svg import LEFT, RIGHT, Guide, Line, Picture, Scale, polyline, value_ticks, y_scale
from .filtered_figures import SphereCurve
from .gaussian import MAX_FWHM_MM, REACH_SIGMAS
from .harmonize import MARGIN_RULE, STEP_MM, Harmonization, MarginCurve
from .page import csv_text, filled_page, readable_time
from .trend_log import now

PAGE, TABLE, FACTS = 'harmonize.html', 'harmonize.csv', 'harmonize.json'

HARMONIZE_SCHEMA = 'voi-identification/harmonize/1'

METHOD = (
    (
        f'Gaussian filters of 0 to {MAX_FWHM_MM:g} mm (FWHM) in steps of {STEP_MM:g} mm act on the '
        'voxels by their transfer function, up to the highest frequency of the grid, and '
        f'{REACH_SIGMAS:g} standard deviations far. Beyond its ends the image goes on as it ends.'
    ),
    (
        'Centers, VOIs, background ROIs and the rule of the background B are those of the image '
        'without filter; maximum, A50 VOI, peak, contrast and noise are measured at each width.'
    ),
    (
        f'The margin of a value is its {MARGIN_RULE}: 1 in the middle, 0 on a limit, negative '
        'outside. '
        'A width passes if no margin is negative; the best width has the largest of the smallest '
        'margins.'
    ),
    (
        'Limits hold for the scan as it was filled and reconstructed; noise of one scan moves its '
        'maxima, so that the width is to be confirmed with a second scan.'
    ),
)
"""How it was done, for the page."""

_COLORS = 6
_COLUMNS = (
    'fwhm_mm',
    'label',
    'diameter_mm',
    *QUANTITY_NAMES,
    *(f'{name}_margin' for name in QUANTITY_NAMES),
    'contrast_percent',
    'variability_percent',
    'background_bqml',
    'roughness_percent',
    'least_margin_of_all',
    'passes',
)


def answer(found: Harmonization) -> str:
    """
    The result in words.

    Parameters
    ----------
    found : Harmonization
        What was found.

    Returns
    -------
    text : str
        Which widths pass and which is best, or that none does.
    """
    best, name = found.best, found.standard.name
    if best is None:
        return f'No width can be judged by {name}: a value is missing at each.'
    width, margin = found.widths_mm[best], found.least_margin[best]
    worst = min(found.margins, key=lambda one: one.margin[best])
    where = f'{QUANTITY_NAMES[worst.limit.quantity]} of {worst.label}'
    ranges = found.passing_ranges_mm()
    if not ranges:
        return (
            f'No width from {found.widths_mm[0]:.1f} to {found.widths_mm[-1]:.1f} mm keeps all '
            f'limits of {name}. Nearest: {width:.1f} mm, where {where} has the margin {margin:.2f}.'
        )
    spans = ' and '.join(f'{low:.1f} to {high:.1f} mm' for low, high in ranges)
    return (
        f'{name} is kept by filters of {spans} (FWHM). Most margin: {width:.1f} mm, where the '
        f'smallest margin is {margin:.2f} ({where}).{_fall_text(found, best)}'
    )


def _fall_text(found: Harmonization, place: int) -> str:
    falling = [QUANTITY_NAMES[name] for name, falls in found.not_monotonic.items() if falls[place]]
    return f' Not monotonic in diameter there: {", ".join(falling)}.' if falling else ''


def check_target(directory: Path, *, overwrite: bool) -> tuple[Path, ...]:
    """
    Refuse a folder that could not be written to, before any work is done.

    Parameters
    ----------
    directory : `pathlib.Path`
        Where the files are to go.

    overwrite : bool
        Whether earlier files may be replaced.

    Returns
    -------
    old : tuple of `pathlib.Path`
        Files of an earlier run, relative to the folder.

    Raises
    ------
    OutputError
        If something is in the way.
    """
    require_folder(directory, 'the filters')
    old = earlier_files(directory, (PAGE, TABLE, FACTS))
    if old and not overwrite:
        msg = f'{directory} holds filters already. Choose another folder, or --overwrite them.'
        raise OutputError(msg)
    return old


def write_harmonization(
    found: Harmonization, result: AnalysisResult, directory: Path, *, overwrite: bool = False
) -> None:
    """
    Write page, table and JSON: all or none.

    Parameters
    ----------
    found : Harmonization
        What was found.

    result : AnalysisResult
        The scan without filter.

    directory : `pathlib.Path`
        The folder; made if it is missing.

    overwrite : bool, optional
        Whether earlier files may be replaced.

    Raises
    ------
    OutputError
        If something is in the way, or a file cannot be written.
    """
    old = check_target(directory, overwrite=overwrite)
    facts = json.dumps(harmonization_json(found, result), indent=1, allow_nan=False)
    with transaction(directory, 'the filters') as files:
        for name, text in (
            (PAGE, _page(found, result)),
            (TABLE, csv_text(_rows(found))),
            (FACTS, f'{facts}\n'),
        ):
            (files.new / name).write_text(text, encoding='utf-8', errors='replace', newline='')
        files.commit(old)


def harmonization_json(found: Harmonization, result: AnalysisResult) -> dict[str, Any]:
    """
    Everything, for programs.

    Parameters
    ----------
    found : Harmonization
        What was found.

    result : AnalysisResult
        The scan without filter.

    Returns
    -------
    data : dict
        For JSON; None where a value is missing.
    """
    best = found.best
    return {
        'schema': HARMONIZE_SCHEMA,
        'software': f'VOI Identification {__version__}',
        'made_at': now(),
        'standard': found.standard.name,
        'series_instance_uid': result.image.acquisition.series_instance_uid,
        'input_sha256': result.image.sha256(),
        'answer': answer(found),
        'best_fwhm_mm': None if best is None else float(found.widths_mm[best]),
        'passing_fwhm_mm': [list(one) for one in found.passing_ranges_mm()],
        'fwhm_mm': found.widths_mm.tolist(),
        'least_margin': _plain(found.least_margin),
        'background_bqml': _plain(found.background),
        'background_rule': found.background_rule,
        'roughness_percent': _plain(found.roughness_percent),
        'not_monotonic': {name: falls.tolist() for name, falls in found.not_monotonic.items()},
        'spheres': [_sphere_json(one) for one in found.spheres],
        'margins': [_margin_json(one) for one in found.margins],
        'notes': list(found.notes),
    }


def _sphere_json(one: SphereCurve) -> dict[str, Any]:
    return {
        'label': one.label,
        'diameter_mm': one.diameter_mm,
        **{name: _plain(values) for name, values in one.recovery.items()},
        'contrast_percent': _plain(one.contrast_percent),
        'variability_percent': _plain(one.variability_percent),
    }


def _margin_json(one: MarginCurve) -> dict[str, Any]:
    return {
        'label': one.label,
        'quantity': one.limit.quantity,
        'low': one.limit.low,
        'high': one.limit.high,
        'source': f'{one.limit.source}, {one.limit.version}',
        'note': one.limit.note,
        'margin': _plain(one.margin),
    }


def _plain(values: FloatArray) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values.tolist()]


def _rows(found: Harmonization) -> Iterator[Sequence[object]]:
    """A line a width and sphere."""
    yield _COLUMNS
    margins = {(one.label, one.limit.quantity): one.margin for one in found.margins}
    none = np.full(len(found.widths_mm), np.nan)
    for n, width in enumerate(found.widths_mm.tolist()):
        for one in found.spheres:
            yield (
                width,
                one.label,
                one.diameter_mm,
                *(float(one.recovery[name][n]) for name in QUANTITY_NAMES),
                *(float(margins.get((one.label, name), none)[n]) for name in QUANTITY_NAMES),
                float(one.contrast_percent[n]),
                float(one.variability_percent[n]),
                float(found.background[n]),
                float(found.roughness_percent[n]),
                float(found.least_margin[n]),
                'yes' if found.passing[n] else 'no',
            )


def _page(found: Harmonization, result: AnalysisResult) -> str:
    scan = result.image.acquisition
    return filled_page(
        'harmonize.html.j2',
        title=f'Filter for {found.standard.name}',
        facts=[
            ('Series', scan.series_description or scan.series_instance_uid or 'volume file'),
            ('Scanner', scan.scanner_text or 'unknown'),
            ('Background B', found.background_rule),
            ('Made', readable_time(now())),
        ],
        answer=answer(found),
        notes=found.notes,
        tables=list(_tables(found)),
        key=[(_series(n), one.label) for n, one in enumerate(found.spheres)],
        pictures=list(_pictures(found)),
        method=METHOD,
    )


def _tables(
    found: Harmonization,
) -> Iterator[tuple[str, list[tuple[str, str]], list[list[object]]]]:
    """Every value with limits: without filter, and at the best width."""
    best = found.best if found.best is not None else 0
    header = [('Sphere', ''), ('Quantity', 'text'), ('Limits', 'number')]
    header += [(f'{found.widths_mm[n]:.1f} mm', 'number') for n in (0, best)]
    rows = []
    for one in found.margins:
        curve = next(sphere for sphere in found.spheres if sphere.label == one.label)
        values = curve.recovery[one.limit.quantity]
        limits = f'{one.limit.low:g} to {one.limit.high:g}'
        cells = [_cell(values[n], one.margin[n]) for n in (0, best)]
        rows.append([one.label, QUANTITY_NAMES[one.limit.quantity], limits, *cells])
    yield f'Recovery by width, limits of {found.standard.name}', header, rows


def _cell(value: float, margin: float) -> object:
    if not math.isfinite(value):
        return 'not measured'
    text = f'{value:.3f} (margin {margin:.2f})'
    return text if margin >= 0 else {'text': text, 'mark': 'warning'}


def _series(place: int) -> str:
    return f'series-{place % _COLORS} dash-{place // _COLORS % 4}'


def _pictures(found: Harmonization) -> Iterator[Picture]:
    """Margins, then what they are made of."""
    for name, title in QUANTITY_NAMES.items():
        margins = {one.label: one.margin for one in found.margins if one.limit.quantity == name}
        if margins:
            curves = [margins.get(one.label) for one in found.spheres]
            yield from _picture(found, f'margin-{name}', f'Margin of {title}', '', curves, 0.0)
    for name, title in QUANTITY_NAMES.items():
        curves = [one.recovery[name] for one in found.spheres]
        yield from _picture(found, name, title, '', curves)
    for key in ('contrast_percent', 'variability_percent'):
        curves = [getattr(one, key) for one in found.spheres]
        yield from _picture(found, key, QUANTITY_OF[key].title, '%', curves)


def _picture(
    found: Harmonization,
    key: str,
    title: str,
    unit: str,
    curves: Sequence[FloatArray | None],
    limit: float | None = None,
) -> Iterator[Picture]:
    """One chart against width, if there is a value."""
    known = {n: y for n, y in enumerate(curves) if y is not None and np.isfinite(y).any()}
    if not known:
        return
    across = Scale(float(found.widths_mm[0]), float(found.widths_mm[-1]) + 1e-9, LEFT, RIGHT)
    all_values = np.concatenate([y[np.isfinite(y)] for y in known.values()])
    up = y_scale([0.0, *all_values.tolist()])
    best = found.best
    yield Picture(
        anchor=key,
        title=title,
        caption='against the width of the filter' + ('; 0 is a limit' if limit is not None else ''),
        alt=f'{title} against the width of the filter, one curve a sphere; numbers in the CSV file',
        y_title=f'{title} [{unit}]' if unit else title,
        x_title='FWHM of the filter [mm]',
        x_ticks=value_ticks(across),
        y_ticks=value_ticks(up),
        guides=() if limit is None else (Guide(up(limit), 'guide-limit'),),
        lines=tuple(_line(n, found.widths_mm, y, across, up) for n, y in known.items()),
        baseline_end=None if best is None else across(float(found.widths_mm[best])),
    )


def _line(place: int, x: FloatArray, y: FloatArray, across: Scale, up: Scale) -> Line:
    keep = np.isfinite(y)
    places = np.array([(across(a), up(b)) for a, b in zip(x[keep], y[keep], strict=True)])
    return Line(polyline(places[:, 0], places[:, 1]), _series(place))
