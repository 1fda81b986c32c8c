"""What the frames of a series say of repeatability, as CSV, JSON and a workbook."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from .. import __version__
from ..core.plain_text import plain_data
from ..evaluate.quantities import QUANTITY_OF
from ..report.method import MethodRow
from ..report.table import Measure, Table, tabulate
from ..report.workbook import write_workbook
from .page import csv_text
from .repeatability import Repeatability

REPEATABILITY_FILES = ('repeatability.csv', 'repeatability.json', 'repeatability.xlsx')
SCHEMA = 'voi-identification/repeatability/1'


def _limit(one: Repeatability, index: int) -> float | None:
    limits = one.sd_limits
    return None if limits is None else limits[index]


_INTERVAL = 'end of the interval that holds the true SD with 95 %, if values vary normally.'


def _title(one: Repeatability) -> str:
    return QUANTITY_OF[one.quantity].title


_MEASURES: list[Measure[Repeatability]] = [
    Measure('quantity', 'Quantity', '', 'What was measured.', _title),
    Measure('label', 'Sphere', '', 'Empty for a value of the whole scan.', lambda one: one.label),
    Measure('diameter_mm', 'Diameter', 'mm', 'Of the sphere.', lambda one: one.diameter_mm),
    Measure('unit', 'Unit', '', 'Of mean and SD; empty for a ratio.', lambda one: one.unit),
    Measure('n', 'n', '', 'Frames that have a value.', lambda one: len(one.known)),
    Measure('mean', 'Mean', '', 'Over these frames.', lambda one: one.mean),
    Measure('sd', 'SD', '', 'Standard deviation of one frame: n - 1.', lambda one: one.sd),
    Measure('cov_percent', 'COV', '%', 'SD over mean.', lambda one: one.cov_percent, decimals=2),
    Measure('sd_low', 'SD from', '', f'Lower {_INTERVAL}', lambda one: _limit(one, 0)),
    Measure('sd_high', 'SD to', '', f'Upper {_INTERVAL}', lambda one: _limit(one, 1)),
    Measure('flags', 'Flags', '', 'Of any frame.', lambda one: ' '.join(one.flags)),
]


def write_repeatability(
    folder: Path, found: Sequence[Repeatability], frames: Sequence[str], notes: Sequence[str]
) -> None:
    """
    Write the three files.

    Parameters
    ----------
    folder : `pathlib.Path`
        Their folder, in a transaction.

    found : sequence of Repeatability
        Every quantity.

    frames : sequence of str
        What each frame is.

    notes : sequence of str
        What a reader must know.
    """
    table = tabulate('repeatability', 'Repeatability', _MEASURES, found)
    csv_name, json_name, book_name = REPEATABILITY_FILES
    (folder / csv_name).write_text(_csv(table, found, frames), encoding='utf-8', newline='')
    text = json.dumps(plain_data(_json(found, frames, notes)), indent=1, ensure_ascii=False)
    (folder / json_name).write_text(f'{text}\n', encoding='utf-8')
    method = [
        MethodRow('Software', 'Version', __version__),
        *(MethodRow('Frame', str(n), text) for n, text in enumerate(frames, start=1)),
        *(MethodRow('Note', str(n), text) for n, text in enumerate(notes, start=1)),
    ]
    write_workbook(folder / book_name, [table], method, title='Repeatability')


def _csv(table: Table, found: Sequence[Repeatability], frames: Sequence[str]) -> str:
    """A line a quantity and sphere, and a column a frame with its value."""
    head = [measure.key for measure in _MEASURES]
    numbers = [f'frame_{n}' for n in range(1, len(frames) + 1)]
    rows = [[measure.value(one) for measure in _MEASURES] + [*one.values] for one in found]
    return csv_text([[*head, *numbers], *rows])


def _json(
    found: Sequence[Repeatability], frames: Sequence[str], notes: Sequence[str]
) -> dict[str, object]:
    return {
        'schema': SCHEMA,
        'software': __version__,
        'frames': list(frames),
        'notes': list(notes),
        'quantities': [
            {
                'quantity': one.quantity,
                'label': one.label,
                'diameter_mm': one.diameter_mm,
                'unit': one.unit,
                'n': len(one.known),
                'mean': one.mean,
                'sd': one.sd,
                'cov_percent': one.cov_percent,
                'sd_interval_95': one.sd_limits,
                'values': one.values,
                'flags': one.flags,
            }
            for one in found
        ],
    }
