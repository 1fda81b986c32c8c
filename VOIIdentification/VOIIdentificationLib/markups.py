"""Point lists in files: Slicer markups and CSV in, Slicer markups out."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .errors import InputFileError
from .results import Point, Seed

_MARKUPS_SCHEMA = (
    'https://raw.githubusercontent.com/Slicer/Slicer/main/Modules/Loadable/Markups/'
    'Resources/Schema/markups-schema-v1.0.3.json#'
)
_FCSV_SYSTEMS = {'0': 'RAS', '1': 'LPS', 'RAS': 'RAS', 'LPS': 'LPS'}
"""How the fcsv header names the coordinate system; numbers up to Slicer 4.11."""


def read_seeds(path: Path) -> tuple[Seed, ...]:
    """
    Read the defined points of a point list.

    Parameters
    ----------
    path : `pathlib.Path`
        ``.mrk.json`` or ``.fcsv`` as Slicer saves them, or a CSV table
        ``label,x,y,z`` whose header names RAS or LPS, for example
        ``label,x_ras,y_ras,z_ras``.

    Returns
    -------
    seeds : tuple of Seed
        In RAS, in the order of the file. Points without a position are left out.

    Raises
    ------
    InputFileError
        If the file cannot be read, or leaves the position of a point open.
    """
    readers = {'.json': _read_markups, '.fcsv': _read_fcsv, '.csv': _read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        msg = f'{path} is not a point list: its name must end in .mrk.json, .fcsv or .csv'
        raise InputFileError(msg)
    try:
        text = path.read_text(encoding='utf-8-sig')
    except (OSError, UnicodeDecodeError) as error:
        msg = f'the seeds file {path} cannot be read: {error}'
        raise InputFileError(msg) from error
    seeds = tuple(reader(text, str(path)))
    if not seeds:
        msg = f'{path} holds no point with a position: place at least one seed'
        raise InputFileError(msg)
    return seeds


def write_markups(path: Path, points: Sequence[Seed], *, name: str) -> None:
    """
    Write a point list that Slicer loads.

    Parameters
    ----------
    path : `pathlib.Path`
        Should end in ``.mrk.json``.

    points : sequence of Seed
        The points; written in LPS, as Slicer does.

    name : str
        Name of the list.
    """
    markup = {
        'type': 'Fiducial',
        'coordinateSystem': 'LPS',
        'coordinateUnits': 'mm',
        'name': name,
        'locked': True,
        'labelFormat': '%N-%d',
        'controlPoints': [
            {
                'id': str(number),
                'label': point.label,
                'position': list(_flipped(point.position_ras_mm)),
                'selected': True,
                'locked': True,
                'visibility': True,
                'positionStatus': 'defined',
            }
            for number, point in enumerate(points, start=1)
        ],
    }
    text = json.dumps({'@schema': _MARKUPS_SCHEMA, 'markups': [markup]}, indent=1)
    path.write_text(text, encoding='utf-8')


def _read_markups(text: str, where: str) -> Iterable[Seed]:
    try:
        data = json.loads(text)
        lists = data['markups']
        for markup in lists:
            system = str(markup.get('coordinateSystem', 'LPS')).upper()
            for point in markup['controlPoints']:
                if point.get('positionStatus', 'defined') == 'defined':
                    yield _seed(point.get('label', ''), point.get('position'), system, where)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f'{where} is not a Slicer markups file: {type(error).__name__} {error}'
        raise InputFileError(msg) from error


def _read_fcsv(text: str, where: str) -> Iterable[Seed]:
    header = [line for line in text.splitlines() if line.startswith('#')]
    found = re.search(r'CoordinateSystem\s*=\s*(\w+)', '\n'.join(header))
    system = _FCSV_SYSTEMS.get(found.group(1).upper() if found else 'RAS', '')
    columns = re.search(r'columns\s*=\s*(.+)', '\n'.join(header))
    names = columns.group(1).strip().split(',') if columns else []
    if not {'label', 'x', 'y', 'z'} <= set(names):
        msg = f'{where} has no line "# columns = …" naming label, x, y and z'
        raise InputFileError(msg)
    for row in csv.reader(line for line in text.splitlines() if line and line[0] != '#'):
        cells = dict(zip(names, row, strict=False))
        yield _seed(cells.get('label', ''), [cells.get(axis) for axis in 'xyz'], system, where)


def _read_csv(text: str, where: str) -> Iterable[Seed]:
    lines = [line for line in text.splitlines() if line.strip()]
    heads = [line for line in lines if line.startswith('#')]
    rows = list(csv.reader(line for line in lines if not line.startswith('#')))
    head, *body = rows or [[]]
    system = _system_in_header(','.join([*heads, *head]), where)
    label_at = next((n for n, name in enumerate(head) if name.strip().lower() == 'label'), None)
    if label_at is None or len(head) < 4:
        msg = f'{where}: the header must be label,x,y,z and name RAS or LPS, got {",".join(head)!r}'
        raise InputFileError(msg)
    for row in body:
        label = row[label_at] if label_at < len(row) else ''
        yield _seed(label, [*row[:label_at], *row[label_at + 1 :]][:3], system, where)


def _system_in_header(header: str, where: str) -> str:
    words = re.findall(r'[a-z]+', header.lower())
    letters = [word for word in words if len(word) == 1]
    named = {system for system in ('ras', 'lps') if system in words or list(system) == letters[:3]}
    if len(named) != 1:
        msg = (
            f'{where}: the header must say whether positions are RAS or LPS, for example '
            f'"label,x_ras,y_ras,z_ras"; got {header!r}'
        )
        raise InputFileError(msg)
    return named.pop().upper()


def _seed(label: object, position: Any, system: str, where: str) -> Seed:
    try:
        x, y, z = (float(value) for value in position)
    except (TypeError, ValueError):
        x = y = z = math.nan
    if not all(math.isfinite(value) for value in (x, y, z)):
        msg = f'{where}: the point {str(label)!r} has no usable position: {position!r}'
        raise InputFileError(msg)
    if system not in {'RAS', 'LPS'}:
        msg = f'{where}: unknown coordinate system {system!r}; expected RAS or LPS'
        raise InputFileError(msg)
    point = (x, y, z)
    return Seed(str(label).strip(), point if system == 'RAS' else _flipped(point))


def _flipped(point: Point) -> Point:
    """RAS from LPS, or back; no negative zeros."""
    x, y, z = point
    return (0.0 - x, 0.0 - y, z)
