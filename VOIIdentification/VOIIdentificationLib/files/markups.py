"""Point lists in files: Slicer markups and CSV in, Slicer markups out."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ..core.bounds import read_text_file
from ..core.config_json import parse_json
from ..core.errors import InputFileError
from ..core.geometry import Point
from ..core.phantom import Seed
from ..core.plain_text import plain_data, shown
from ..core.sentence import sentences

_ = sentences(__name__)

_UNIT = 'mm'
_MARKUPS_SCHEMA = (
    'https://raw.githubusercontent.com/Slicer/Slicer/main/Modules/Loadable/Markups/'
    'Resources/Schema/markups-schema-v1.0.3.json#'
)
_FCSV_SYSTEMS = {'0': 'RAS', '1': 'LPS', 'RAS': 'RAS', 'LPS': 'LPS'}
"""How the fcsv header names the coordinate system; numbers up to Slicer 4.11."""

MAX_POINTS = 500
"""Some 30 inserts and five times the 60 background ROIs of NEMA NU 2; each is measured."""

MAX_POSITION_MM = 1e5
"""Away from the origin, along an axis: no scanner is that large."""

_FCSV_UNNAMED = ('positionStatus', 'autoCreated')
"""Cells that Slicer 5 writes behind those that its line of columns names."""

_FCSV_DEFINED = '2'
"""Position status of a point that is placed; others keep coordinates that mean nothing."""

_OTHER_UNITS = frozenset(
    {'cm', 'm', 'um', 'in', 'inch', 'inches', 'voxel', 'voxels', 'index', 'ijk'}
)
"""Words of a column's name that say that its numbers are no millimeters."""

_CSV_SEPARATORS = (',', ';', '\t')
"""Comma, or what Excel writes where the comma is the decimal sign, or what is pasted from it."""


def read_seeds(path: Path) -> tuple[Seed, ...]:
    """
    Read the defined points of a point list.

    Parameters
    ----------
    path : `pathlib.Path`
        ``.mrk.json`` or ``.fcsv`` as Slicer saves them, or a CSV table
        ``label,x,y,z`` whose header names RAS or LPS, for example
        ``label,x_ras,y_ras,z_ras``. Columns are told by their names; others
        are passed over. Semicolons and decimal commas are read too.

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
        msg = _('{path} is not a point list: its name must end in .mrk.json, .fcsv or .csv').format(
            path=path
        )
        raise InputFileError(msg)
    text = read_text_file(path, _('the seeds file {path}').format(path=path))
    try:
        seeds = tuple(reader(text, str(path)))
    except csv.Error as error:  # e.g. quotes that nobody closes
        msg = _('{path} is not a table: {reason}').format(path=path, reason=str(error))
        raise InputFileError(msg) from error
    if len(seeds) > MAX_POINTS:
        msg = _(
            '{path} holds {count} points, more than the {most} of any list of seeds and background '
            'VOIs: another file is meant'
        ).format(path=path, count=len(seeds), most=MAX_POINTS)
        raise InputFileError(msg)
    if not seeds:
        msg = _('{path} holds no point with a position: place at least one seed').format(path=path)
        raise InputFileError(msg)
    return seeds


def write_markups(path: Path, points: Sequence[Seed], *, name: str, locked: bool = True) -> None:
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

    locked : bool, optional
        False for points that the user may move in Slicer.
    """
    markup = {
        'type': 'Fiducial',
        'coordinateSystem': 'LPS',
        'coordinateUnits': _UNIT,
        'name': name,
        'locked': locked,
        'labelFormat': '%N-%d',
        'controlPoints': [
            {
                'id': str(number),
                'label': point.label,
                'position': list(_flipped(point.position_ras_mm)),
                'selected': True,
                'locked': locked,
                'visibility': True,
                'positionStatus': 'defined',
            }
            for number, point in enumerate(points, start=1)
        ],
    }
    text = json.dumps(plain_data({'@schema': _MARKUPS_SCHEMA, 'markups': [markup]}), indent=1)
    path.write_text(text, encoding='utf-8')


def _read_markups(text: str, where: str) -> Iterable[Seed]:
    data = parse_json(text, where)
    try:
        for markup in data['markups']:
            system = str(markup.get('coordinateSystem', 'LPS')).upper()
            _require_millimeter(markup.get('coordinateUnits', _UNIT), where)
            for point in markup['controlPoints']:
                if point.get('positionStatus', 'defined') == 'defined':
                    yield _seed(point.get('label', ''), point.get('position'), system, where)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        msg = _('{where} is not a Slicer markups file: {kind} {reason}').format(
            where=where, kind=type(error).__name__, reason=str(error)
        )
        raise InputFileError(msg) from error


def _require_millimeter(unit: object, where: str) -> None:
    """Slicer writes the name of the unit, or its code, scheme and meaning."""
    name = unit[0] if isinstance(unit, list) and unit else unit
    if name != _UNIT:
        msg = _('{where}: the unit of its positions is {unit}; save them in {wanted}').format(
            where=where, unit=shown(unit), wanted=_UNIT
        )
        raise InputFileError(msg)


def _read_fcsv(text: str, where: str) -> Iterable[Seed]:
    header = [line for line in text.splitlines() if line.startswith('#')]
    found = re.search(r'CoordinateSystem\s*=\s*(\w+)', '\n'.join(header))
    system = _FCSV_SYSTEMS.get(found.group(1).upper() if found else 'RAS', '')
    columns = re.search(r'columns\s*=\s*(.+)', '\n'.join(header))
    names = columns.group(1).strip().split(',') if columns else []
    if not {'label', 'x', 'y', 'z'} <= set(names):
        msg = _('{where} has no line "# columns = …" naming label, x, y and z').format(where=where)
        raise InputFileError(msg)
    for row in csv.reader(line for line in text.splitlines() if line and line[0] != '#'):
        cells = dict(zip((*names, *_FCSV_UNNAMED), row, strict=False))
        if cells.get('positionStatus', _FCSV_DEFINED).strip() != _FCSV_DEFINED:
            continue
        yield _seed(cells.get('label', ''), [cells.get(axis) for axis in 'xyz'], system, where)


def _read_csv(text: str, where: str) -> Iterable[Seed]:
    lines = [line for line in text.splitlines() if line.strip()]
    comments = [line for line in lines if line.startswith('#')]
    table = [line for line in lines if not line.startswith('#')]
    separator = max(_CSV_SEPARATORS, key=table[0].count) if table else ','
    head, *body = csv.reader(table, delimiter=separator) if table else [[]]
    system = _system_in_header([*comments, *head], where)
    label_at, places = _csv_columns(head, system, where)
    _require_millimeter_columns([head[place] for place in places], where)
    for row in body:
        _require_cells(row, head, where)
        cells = row if separator == ',' else [cell.replace(',', '.') for cell in row]
        position = [cells[place] for place in places if place < len(row)]
        yield _seed(row[label_at] if label_at < len(row) else '', position, system, where)


def _csv_columns(head: Sequence[str], system: str, where: str) -> tuple[int, tuple[int, ...]]:
    """Where the label and the three coordinates are: by name, whatever else the table holds."""
    words = [_words(cell) for cell in head]
    labels = [n for n, found in enumerate(words) if 'label' in found]
    for names in ('xyz', system.lower()):
        at = [[n for n, found in enumerate(words) if name in found] for name in names]
        if len(labels) == 1 and all(len(places) == 1 for places in at):
            return labels[0], tuple(places[0] for places in at)
    others = tuple(n for n in range(len(head)) if [n] != labels)
    if len(labels) != 1 or len(others) != 3:
        got = shown(','.join(head))
        msg = _('{where}: the header must be label,x,y,z and name RAS or LPS, got {got}').format(
            where=where, got=got
        )
        raise InputFileError(msg)
    return labels[0], others


def _require_cells(row: Sequence[str], head: Sequence[str], where: str) -> None:
    """A decimal comma, or a column without a name, moves numbers into other columns."""
    if len(row) > len(head) and any(cell.strip() for cell in row[len(head) :]):
        msg = _(
            '{where}: a row has {cells} cells, the header {columns}: {row}; separate cells with '
            'semicolons where the comma is the decimal sign, and name every column'
        ).format(where=where, cells=len(row), columns=len(head), row=shown(','.join(row)))
        raise InputFileError(msg)


def _require_millimeter_columns(names: Sequence[str], where: str) -> None:
    for name in names:
        odd = _OTHER_UNITS & set(re.findall(r'[a-z]+', name.lower()))
        if odd:
            msg = _('{where}: the column {name} is in {unit}; save positions in mm').format(
                where=where, name=shown(name), unit=min(odd)
            )
            raise InputFileError(msg)


def _system_in_header(cells: Sequence[str], where: str) -> str:
    words = {word for cell in cells for word in _words(cell)}
    named = {'ras', 'lps'} & words or {s for s in ('ras', 'lps') if set(s) <= words}
    if len(named) != 1:
        msg = _(
            '{where}: the header must say whether positions are RAS or LPS, for example '
            '"label,x_ras,y_ras,z_ras"; got {cells}'
        ).format(where=where, cells=shown(','.join(cells)))
        raise InputFileError(msg)
    return named.pop().upper()


def _words(cell: str) -> list[str]:
    """Words of a column's name: ``x_RAS [mm]`` and ``xRAS`` are an x in RAS."""
    spaced = re.sub(r'(?<![a-z])([xyz]?)(ras|lps)([xyz]?)(?![a-z])', r'\1 \2 \3', cell.lower())
    return re.findall(r'[a-z]+', spaced)


def _seed(label: object, position: Any, system: str, where: str) -> Seed:
    try:
        x, y, z = (_coordinate(value) for value in _listed(position))
    except (TypeError, ValueError, OverflowError):
        x = y = z = math.nan
    if not all(abs(value) <= MAX_POSITION_MM for value in (x, y, z)):  # NaN is refused too
        msg = _('{where}: the point {label} has no usable position: {position}').format(
            where=where, label=shown(label), position=shown(position)
        )
        raise InputFileError(msg)
    if system not in {'RAS', 'LPS'}:
        msg = _('{where}: unknown coordinate system {system}; expected RAS or LPS').format(
            where=where, system=shown(system)
        )
        raise InputFileError(msg)
    point = (x, y, z)
    return Seed(str(label).strip(), point if system == 'RAS' else _flipped(point))


def _coordinate(value: Any) -> float:
    """A number, of which `float` would make one of a truth too."""
    return math.nan if isinstance(value, bool) else float(value)


def _listed(position: Any) -> Any:
    """A list as it is; the text "123" would be three numbers too."""
    return position if isinstance(position, (list, tuple)) else ()


def _flipped(point: Point) -> Point:
    """RAS from LPS, or back; no negative zeros."""
    x, y, z = point
    return (0.0 - x, 0.0 - y, z)
