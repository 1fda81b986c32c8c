"""What a trend log shows: one chart for each scanner, reconstruction, fill and quantity."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from ..evaluate.quantities import QUANTITIES
from .control_chart import ControlChart, control_chart
from .signature import UNKNOWN
from .trend_log import reading
from .trend_schema import CURRENT

_SECONDS_PER_DAY = 86400.0
_ORDER = {quantity.key: n for n, quantity in enumerate(QUANTITIES)}

_CHARTED = f"""
SELECT e.scanner, e.reconstruction, e.fill, v.quantity, v.unit, v.label, v.diameter_mm,
       e.id, e.scanned_at, v.value, v.flags
FROM value v JOIN entry e ON e.id = v.entry_id
WHERE e.state = '{CURRENT}' AND e.scanned_at != ''
  AND '{UNKNOWN}' NOT IN (e.scanner, e.reconstruction, e.fill)
  AND (:quantity = '' OR v.quantity = :quantity) AND (:label = '' OR v.label = :label)
ORDER BY e.scanner, e.reconstruction, e.fill, v.quantity, v.unit, v.label, e.scanned_at, e.id
"""

_LEFT_OUT = f"""
SELECT id, source, scanner, reconstruction, fill, scanned_at, state FROM entry
WHERE state = 'excluded' OR (state = '{CURRENT}' AND
  (scanned_at = '' OR '{UNKNOWN}' IN (scanner, reconstruction, fill)))
ORDER BY id
"""


_EXPORTED = """
SELECT e.id AS entry, e.state, e.scanned_at, e.scanner, e.reconstruction, e.fill, e.series_uid,
       v.quantity, v.label, v.diameter_mm, v.value, v.unit, v.noise_sd, v.fill_sd, v.flags,
       e.software, e.analyzed_at, e.added_at, e.source, e.note
FROM entry e JOIN value v ON v.entry_id = e.id
ORDER BY e.id, v.quantity, v.diameter_mm DESC, v.label
"""


class ChartKey(NamedTuple):
    """
    What the values of one chart have in common.

    Attributes
    ----------
    scanner, reconstruction, fill, quantity, unit, label : str
        As the log keeps them; an empty `label` is the whole scan.
    """

    scanner: str
    reconstruction: str
    fill: str
    quantity: str
    unit: str
    label: str


@dataclass(frozen=True, eq=False)
class TrendChart:
    """
    One quantity over time.

    Attributes
    ----------
    key : ChartKey
        Of which scanner, reconstruction, fill, quantity and sphere.

    diameter_mm : float or None
        Of the sphere.

    entry_ids : tuple of int
        Entries of the log, in the order of time.

    scanned_at : tuple of datetime
        When they were scanned.

    flagged : tuple of bool
        Whether a value carries flags.

    chart : ControlChart
        The values and what is to be said of them.
    """

    key: ChartKey
    diameter_mm: float | None
    entry_ids: tuple[int, ...]
    scanned_at: tuple[datetime, ...]
    flagged: tuple[bool, ...]
    chart: ControlChart


@dataclass(frozen=True)
class LeftOut:
    """
    An entry that is in no chart.

    Attributes
    ----------
    entry_id : int
        Its number.

    source : str
        Where its results were.

    why : str
        A few words.
    """

    entry_id: int
    source: str
    why: str


def trend_charts(path: Path, *, quantity: str = '', label: str = '') -> tuple[TrendChart, ...]:
    """
    Every chart of a log.

    Parameters
    ----------
    path : `pathlib.Path`
        The log.

    quantity, label : str, optional
        Key of a quantity and label of a sphere, to see only those.

    Returns
    -------
    charts : tuple of TrendChart
        By scanner, reconstruction and fill, then quantity, then the largest
        sphere first.

    Raises
    ------
    InputFileError
        If the log cannot be read.
    """
    with reading(path) as connection:
        rows = connection.execute(_CHARTED, {'quantity': quantity, 'label': label}).fetchall()
    groups = groupby(rows, lambda row: ChartKey(*tuple(row)[:6]))
    charts = [_chart(key, list(group)) for key, group in groups]
    return tuple(sorted(charts, key=_order))


def left_out(path: Path) -> tuple[LeftOut, ...]:
    """
    Entries that are in no chart, and why.

    Parameters
    ----------
    path : `pathlib.Path`
        The log.

    Returns
    -------
    entries : tuple of LeftOut
        By number; superseded ones are not listed, the analysis that replaced them is charted.

    Raises
    ------
    InputFileError
        If the log cannot be read.
    """
    with reading(path) as connection:
        return tuple(
            LeftOut(row['id'], row['source'], _why(row)) for row in connection.execute(_LEFT_OUT)
        )


def exported_rows(path: Path) -> Iterator[tuple[object, ...]]:
    """
    Every value of a log, tidy: one row a value, those of superseded entries too.

    Parameters
    ----------
    path : `pathlib.Path`
        The log.

    Yields
    ------
    row : tuple
        The header first.

    Raises
    ------
    InputFileError
        If the log cannot be read.
    """
    with reading(path) as connection:
        rows = connection.execute(_EXPORTED)
        yield tuple(column[0] for column in rows.description)
        yield from (tuple(row) for row in rows)


def _chart(key: ChartKey, rows: Sequence[sqlite3.Row]) -> TrendChart:
    moments = [datetime.fromisoformat(row['scanned_at']) for row in rows]
    days = [(moment - moments[0]).total_seconds() / _SECONDS_PER_DAY for moment in moments]
    return TrendChart(
        key=key,
        diameter_mm=rows[0]['diameter_mm'],
        entry_ids=tuple(row['id'] for row in rows),
        scanned_at=tuple(moments),
        flagged=tuple(bool(row['flags']) for row in rows),
        chart=control_chart([row['value'] for row in rows], days),
    )


def _order(chart: TrendChart) -> tuple[object, ...]:
    key = chart.key
    return (*key[:3], _ORDER.get(key.quantity, len(_ORDER)), -(chart.diameter_mm or 0.0), key.label)


def _why(row: sqlite3.Row) -> str:
    if row['state'] != CURRENT:
        return 'excluded by the user'
    missing = [
        words
        for column, empty, words in (
            ('scanner', UNKNOWN, 'scanner'),
            ('reconstruction', UNKNOWN, 'reconstruction'),
            ('fill', UNKNOWN, 'ratio of the fill'),
            ('scanned_at', '', 'date of the scan'),
        )
        if row[column] == empty
    ]
    return f'{" and ".join(missing)} unknown'
