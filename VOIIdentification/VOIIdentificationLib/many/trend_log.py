"""
Years of scans in one SQLite file: entries, and what was changed later.

An entry is one transaction with a rollback journal and full syncing: what
`add` has returned survives a kill or a power cut, what it has not returned is
absent. Writers wait for each other. WAL is not used: it does not work on the
network drives on which departments keep such files.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from ..core.errors import InputFileError, OutputError
from ..core.plain_text import plain_text
from ..files.target import real_path
from .signature import UNKNOWN
from .stored import StoredResults
from .trend_schema import (
    APPLICATION_ID,
    CURRENT,
    EDITABLE,
    EXCLUDED,
    SCHEMA_VERSION,
    SUPERSEDED,
    schema_statements,
)

BUSY_TIMEOUT_S = 60.0
"""How long a writer waits for the others."""

Outcome = Literal['added', 'known', 'replaced']


@dataclass(frozen=True)
class Said:
    """
    What the user says of a scan where the header does not.

    Attributes
    ----------
    scanner, reconstruction, fill, scanned_at : str
        Empty where nothing is said.
    """

    scanner: str = ''
    reconstruction: str = ''
    fill: str = ''
    scanned_at: str = ''


NOTHING_SAID = Said()


def add_entry(
    path: Path, stored: StoredResults, said: Said = NOTHING_SAID, *, replace_reason: str = ''
) -> Outcome:
    """
    Add an analysis to a log, which is made if there is none.

    Parameters
    ----------
    path : `pathlib.Path`
        The log.

    stored : StoredResults
        What was measured.

    said : Said, optional
        What the user knows besides.

    replace_reason : str, optional
        If the scan is in the log with other values: why these replace them.
        The old ones are kept as superseded.

    Returns
    -------
    outcome : {'added', 'known', 'replaced'}
        ``'known'`` if the log holds the same values of the same scan already:
        nothing was changed.

    Raises
    ------
    InputFileError
        If the log holds this scan with other values and no reason is given,
        or other voxels under the same series UID.
    OutputError
        If the log cannot be written.
    """
    entry = _entry(stored, said)  # what is refused makes no log
    with _writing(path) as connection:
        earlier = _earlier(connection, stored)
        if earlier is not None:
            old_id, old_digest = earlier
            if old_digest == stored.results_sha256:
                return 'known'
            if not replace_reason:
                raise InputFileError(_other_values(path, stored, old_id))
            _change(connection, old_id, 'state', SUPERSEDED, replace_reason)
        _refuse_other_voxels(connection, path, stored)
        _insert(connection, entry, stored)
        return 'added' if earlier is None else 'replaced'


def edit_entry(path: Path, entry_id: int, field: str, new: str, reason: str) -> None:
    """
    Change one field of an entry; the history keeps the old value and the reason.

    Parameters
    ----------
    path : `pathlib.Path`
        The log.

    entry_id : int
        Number of the entry.

    field : str
        One of `EDITABLE`.

    new : str
        The new value.

    reason : str
        Why; must not be empty.

    Raises
    ------
    InputFileError
        If there is no such entry or field, or no reason.
    OutputError
        If the log cannot be written.
    """
    if field not in EDITABLE:
        msg = f'{field!r} of an entry cannot be changed; what can are {", ".join(EDITABLE)}'
        raise InputFileError(msg)
    if not reason.strip():
        msg = 'a change of a trend log needs a reason, which the history keeps'
        raise InputFileError(msg)
    if field == 'state' and new not in (CURRENT, EXCLUDED):
        msg = f'an entry is {CURRENT} or {EXCLUDED}, not {new!r}'
        raise InputFileError(msg)
    _require_log(path)
    with _writing(path) as connection:
        _change(connection, entry_id, field, new, reason)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """
    A connection that only reads.

    Parameters
    ----------
    path : `pathlib.Path`
        The log; it must exist.

    Yields
    ------
    connection : `sqlite3.Connection`
        Rows can be asked by name.

    Raises
    ------
    InputFileError
        If it is missing, damaged, or no trend log.
    """
    _require_log(path)
    # What a killed writer left is rolled back by whoever opens the log next, who must be able to.
    mode = 'rw' if os.access(path, os.W_OK) else 'ro'
    uri = f'{real_path(path).as_uri()}?mode={mode}'
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S)) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute('PRAGMA query_only = ON')
            _require_version(connection, path)
            yield connection
    except sqlite3.Error as error:
        msg = f'the trend log {path} cannot be read: {error}. Take it from the last backup.'
        raise InputFileError(msg) from error


def integrity_problems(path: Path) -> tuple[str, ...]:
    """
    What SQLite finds wrong with a log.

    Parameters
    ----------
    path : `pathlib.Path`
        The log.

    Returns
    -------
    problems : tuple of str
        Empty if all is well.
    """
    with reading(path) as connection:
        found = [row[0] for row in connection.execute('PRAGMA integrity_check')]
        orphans = list(connection.execute('PRAGMA foreign_key_check'))
    return tuple(text for text in found if text != 'ok') + tuple(map(str, orphans))


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    """One transaction: all of it is in the file afterwards, or nothing."""
    try:
        with closing(
            sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        ) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute('PRAGMA synchronous = EXTRA')
            connection.execute('PRAGMA foreign_keys = ON')
            connection.execute('BEGIN IMMEDIATE')
            try:
                _make_or_check(connection, path)
                yield connection
            except BaseException:
                connection.execute('ROLLBACK')
                raise
            connection.execute('COMMIT')
    except sqlite3.Error as error:
        msg = f'the trend log {path} cannot be written: {error}. {_advice(error)}'
        raise OutputError(msg) from error


def _advice(error: sqlite3.Error) -> str:
    if 'locked' in str(error):
        return 'Another program holds it open: wait or close that, and try again.'
    return 'Check the path, its folder and the free space, or choose another file.'


def _make_or_check(connection: sqlite3.Connection, path: Path) -> None:
    if _tables(connection):
        _require_version(connection, path)
        return
    for statement in schema_statements():
        connection.execute(statement)


def _tables(connection: sqlite3.Connection) -> int:
    return int(connection.execute('SELECT count(*) FROM sqlite_master').fetchone()[0])


def _require_version(connection: sqlite3.Connection, path: Path) -> None:
    application = connection.execute('PRAGMA application_id').fetchone()[0]
    version = connection.execute('PRAGMA user_version').fetchone()[0]
    if not application and not _tables(connection):
        msg = f'the trend log {path} is empty: nothing was added to it yet.'
        raise InputFileError(msg)
    if application != APPLICATION_ID:
        msg = f'{path} is a database, but no trend log. Name another file.'
        raise InputFileError(msg)
    if version > SCHEMA_VERSION:
        msg = (
            f'the trend log {path} has the schema {version}; this version knows up to '
            f'{SCHEMA_VERSION}. Install the version that wrote it, or a newer one.'
        )
        raise InputFileError(msg)


def _require_log(path: Path) -> None:
    if not path.is_file():
        msg = f'there is no trend log {path}; make one with `trend {path} add RESULTS`'
        raise InputFileError(msg)


def _earlier(connection: sqlite3.Connection, stored: StoredResults) -> tuple[int, str] | None:
    row = connection.execute(
        'SELECT id, results_sha256 FROM entry WHERE voxels_sha256 = ? AND state != ?',
        (stored.voxels_sha256, SUPERSEDED),
    ).fetchone()
    return None if row is None else (row['id'], row['results_sha256'])


def _refuse_other_voxels(connection: sqlite3.Connection, path: Path, stored: StoredResults) -> None:
    """A series UID belongs to one image: two are a copy that was changed, or a wrong UID."""
    if not stored.series_uid:
        return
    row = connection.execute(
        'SELECT id FROM entry WHERE series_uid = ? AND voxels_sha256 != ?',
        (stored.series_uid, stored.voxels_sha256),
    ).fetchone()
    if row is not None:
        msg = (
            f'{stored.path}: entry {row["id"]} of {path} has the same series UID '
            f'{stored.series_uid}, but other voxels. One of them was changed: find out which.'
        )
        raise InputFileError(msg)


def _other_values(path: Path, stored: StoredResults, entry_id: int) -> str:
    return (
        f'{stored.path}: {path} holds this scan already (entry {entry_id}), with other values. '
        'To replace them, say why (--replace REASON on the command line); the old ones are kept.'
    )


def _entry(stored: StoredResults, said: Said) -> dict[str, str]:
    kind = stored.signature
    entry = {
        'voxels_sha256': stored.voxels_sha256,
        'results_sha256': stored.results_sha256,
        'series_uid': stored.series_uid,
        'scanner': _said_or_read(said.scanner, kind.scanner),
        'reconstruction': _said_or_read(said.reconstruction, kind.reconstruction),
        'fill': _said_or_read(said.fill, kind.fill),
        'scanned_at': _moment(stored.scanned_at, f'{stored.path}: ') or _moment(said.scanned_at),
        'analyzed_at': stored.analyzed_at,
        'added_at': now(),
        'software': stored.software,
        'source': str(stored.path),
        'state': CURRENT,
    }
    return {name: plain_text(text) for name, text in entry.items()}


def _insert(connection: sqlite3.Connection, entry: dict[str, str], stored: StoredResults) -> None:
    names, marks = ', '.join(entry), ', '.join('?' * len(entry))
    cursor = connection.execute(
        f'INSERT INTO entry ({names}) VALUES ({marks})', tuple(entry.values())
    )
    connection.executemany(
        'INSERT INTO value VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
        _value_rows(int(cursor.lastrowid or 0), stored),
    )


def _value_rows(entry_id: int, stored: StoredResults) -> list[Sequence[object]]:
    return [
        (
            entry_id,
            value.quantity,
            value.label,
            value.diameter_mm,
            value.value,
            value.unit,
            value.noise_sd,
            value.fill_sd,
            ' '.join(value.flags),
        )
        for value in stored.measured
    ]


def _said_or_read(said: str, read: str) -> str:
    """What the header says cannot be overruled without a trace; that is what `edit` is for."""
    return said or read if read == UNKNOWN else read


def _moment(text: str, where: str = '') -> str:
    """Times sort as text: to the second, without a zone that only some have."""
    if not text:
        return ''
    try:
        return datetime.fromisoformat(text.partition('.')[0]).isoformat(timespec='seconds')
    except ValueError as error:
        msg = f'{where}{text!r} is no date; write it as 2026-03-01 or 2026-03-01T10:15:00'
        raise InputFileError(msg) from error


def _change(
    connection: sqlite3.Connection, entry_id: int, field: str, new: str, reason: str
) -> None:
    row = connection.execute('SELECT * FROM entry WHERE id = ?', (entry_id,)).fetchone()
    if row is None:
        msg = f'the log has no entry {entry_id}'
        raise InputFileError(msg)
    if row['state'] == SUPERSEDED:
        msg = f'entry {entry_id} was replaced by a later analysis of the same scan; change that one'
        raise InputFileError(msg)
    new = _moment(new) if field == 'scanned_at' else plain_text(new)
    connection.execute(f'UPDATE entry SET {field} = ? WHERE id = ?', (new, entry_id))
    connection.execute(
        'INSERT INTO history (entry_id, changed_at, field, old, new, reason) '
        'VALUES (?, ?, ?, ?, ?, ?)',
        (entry_id, now(), field, row[field], new, plain_text(reason.strip())),
    )


def now() -> str:
    """
    The present, as the log writes it.

    Returns
    -------
    text : str
        Local time with its offset, ISO 8601.
    """
    return datetime.now().astimezone().isoformat(timespec='seconds')
