"""What a batch found: a row a series and sphere, as CSV and as Parquet."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from ..core.errors import InputFileError
from ..core.plain_text import plain_text
from ..evaluate.quantities import QUANTITIES
from ..files.atomic import transaction
from ..files.target import earlier_files
from .batch_series import SeriesJob, read_state
from .page import csv_cell
from .stored import RESULTS_NAME, StoredResults, read_results

CSV_NAME, PARQUET_NAME = 'batch.csv', 'batch.parquet'

TEXT_COLUMNS = (
    *('series_uid', 'series_description', 'state', 'sentence', 'label', 'unit', 'flags', 'verdict'),
    *('scanner', 'reconstruction', 'fill', 'scanned_at', 'source', 'folder', 'checksum'),
)
NUMBER_COLUMNS = ('diameter_mm', *(quantity.key for quantity in QUANTITIES))
COLUMNS = (*TEXT_COLUMNS[:5], *NUMBER_COLUMNS, *TEXT_COLUMNS[5:])
"""In the order in which they stand."""

_ROWS_AT_ONCE = 5000
"""Rows that are in memory at a time."""

_Row = Mapping[str, Any]


def write_tables(directory: Path, jobs: Iterable[SeriesJob], sentences: Mapping[str, str]) -> int:
    """
    Write both tables: together, or neither.

    Parameters
    ----------
    directory : `pathlib.Path`
        Their folder; tables of an earlier run are replaced.

    jobs : iterable of SeriesJob
        The series of the batch.

    sentences : mapping of str to str
        Why series failed, where their folder does not say it, by UID.

    Returns
    -------
    count : int
        Rows.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    old = earlier_files(directory, (CSV_NAME, PARQUET_NAME))
    with transaction(directory, 'the table') as files:
        count = _write(files.new, (row for job in jobs for row in _series_rows(job, sentences)))
        files.commit(old)
    return count


def _series_rows(job: SeriesJob, sentences: Mapping[str, str]) -> Iterator[_Row]:
    """
    The rows of one series.

    Parameters
    ----------
    job : SeriesJob
        The series.

    sentences : mapping of str to str
        Why series failed, where their folder does not say it, by UID.

    Yields
    ------
    row : dict
        One a sphere; a single one without values if the series was not measured.
    """
    state = read_state(job.folder)
    row = {
        'series_uid': job.uid,
        'series_description': job.description,
        'state': state.get('state') or 'not done',
        'sentence': state.get('sentence') or sentences.get(job.uid, ''),
        'source': str(job.paths[0].parent),
        'folder': str(job.folder),
        'checksum': state.get('checksum') or '',
        'verdict': state.get('verdict') or '',
    }
    if job.uid in sentences:
        row['state'], row['sentence'] = 'failed', sentences[job.uid]
    if row['state'] != 'done':
        yield row
        return
    try:
        stored = read_results(job.folder / RESULTS_NAME)
    except InputFileError as error:
        yield {**row, 'state': 'failed', 'sentence': str(error)}
        return
    yield from ({**row, **sphere} for sphere in _sphere_rows(stored))


def _sphere_rows(stored: StoredResults) -> Iterator[_Row]:
    """Values of the whole scan stand in the row of every sphere."""
    kind = stored.signature
    of_scan = {
        'scanner': kind.scanner,
        'reconstruction': kind.reconstruction,
        'fill': kind.fill,
        'scanned_at': stored.scanned_at,
        **{value.quantity: value.value for value in stored.measured if not value.label},
    }
    spheres: dict[str, dict[str, Any]] = {}
    flags: dict[str, dict[str, None]] = {}
    for value in stored.measured:
        if value.label:
            row = spheres.setdefault(value.label, {**of_scan, 'label': value.label})
            row.update({value.quantity: value.value, 'diameter_mm': value.diameter_mm})
            if value.quantity == 'mean':
                row['unit'] = value.unit
            flags.setdefault(value.label, {}).update(dict.fromkeys(value.flags))
    ordered = sorted(spheres.values(), key=lambda row: -(row['diameter_mm'] or 0.0))
    yield from ({**row, 'flags': ' '.join(flags[row['label']])} for row in ordered)


def _write(folder: Path, rows: Iterator[_Row]) -> int:
    """A few thousand rows at a time, into both files."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {name: pa.string() for name in TEXT_COLUMNS} | {
        name: pa.float64() for name in NUMBER_COLUMNS
    }
    schema = pa.schema([(name, kinds[name]) for name in COLUMNS])
    count = 0
    with (
        (folder / CSV_NAME).open('w', encoding='utf-8', errors='replace', newline='') as stream,
        pq.ParquetWriter(folder / PARQUET_NAME, schema) as parquet,
    ):
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        while part := list(islice(rows, _ROWS_AT_ONCE)):
            writer.writerows([[csv_cell(row.get(name)) for name in COLUMNS] for row in part])
            parquet.write_table(pa.Table.from_pylist([_typed(row) for row in part], schema))
            count += len(part)
    return count


def _typed(row: _Row) -> _Row:
    """Text that no file can hold, of a header or a path, as what it can hold."""
    return {
        name: plain_text(value) if isinstance(value, str) else value for name, value in row.items()
    }
