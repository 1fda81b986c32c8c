"""
The tables of a trend log.

Nothing is ever deleted or overwritten without a trace: triggers refuse to
touch values and history, whichever program opens the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

APPLICATION_ID = 0x564F4931
"""Marks a SQLite file as a trend log ("VOI1")."""

SCHEMA_VERSION = 1
"""Kept in ``user_version``; a log of a newer schema is refused."""

CURRENT, EXCLUDED, SUPERSEDED = 'current', 'excluded', 'superseded'
"""States of an entry: counted; left out of the charts by the user; replaced by a later analysis."""

EDITABLE = ('state', 'scanner', 'reconstruction', 'fill', 'scanned_at', 'note')
"""Columns of an entry that the user may change, each with a reason."""

_NO_TOUCH = """
CREATE TRIGGER {table}_keeps_{verb} BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, 'a trend log keeps its {table}'); END;
"""

_TABLES = """
CREATE TABLE entry (
  id INTEGER PRIMARY KEY,
  voxels_sha256 TEXT NOT NULL,
  results_sha256 TEXT NOT NULL,
  series_uid TEXT NOT NULL,
  scanner TEXT NOT NULL,
  reconstruction TEXT NOT NULL,
  fill TEXT NOT NULL,
  scanned_at TEXT NOT NULL,
  analyzed_at TEXT NOT NULL,
  added_at TEXT NOT NULL,
  software TEXT NOT NULL,
  source TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'current' CHECK (state IN ('current', 'excluded', 'superseded')),
  note TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX one_scan ON entry (voxels_sha256) WHERE state != 'superseded';
CREATE INDEX entry_series ON entry (series_uid);

CREATE TABLE value (
  entry_id INTEGER NOT NULL REFERENCES entry (id),
  quantity TEXT NOT NULL,
  label TEXT NOT NULL,
  diameter_mm REAL,
  value REAL NOT NULL,
  unit TEXT NOT NULL,
  noise_sd REAL,
  fill_sd REAL,
  flags TEXT NOT NULL,
  PRIMARY KEY (quantity, label, entry_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE history (
  id INTEGER PRIMARY KEY,
  entry_id INTEGER NOT NULL REFERENCES entry (id),
  changed_at TEXT NOT NULL,
  field TEXT NOT NULL,
  old TEXT NOT NULL,
  new TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;
"""


def schema_statements() -> Iterator[str]:
    """
    What makes an empty log.

    Yields
    ------
    statement : str
        Of tables, indices, triggers and the marks of the file, one by one:
        `executescript` would end the transaction.
    """
    kept = [
        ('entry', 'DELETE'),
        *((t, v) for t in ('value', 'history') for v in ('UPDATE', 'DELETE')),
    ]
    triggers = ''.join(_NO_TOUCH.format(table=table, verb=verb) for table, verb in kept)
    marks = f'PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};'
    statement = ''
    for part in f'{_TABLES}{triggers}{marks}'.split(';'):
        statement += f'{part};'
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ''
