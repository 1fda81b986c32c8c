"""``results.csv``: one line a sphere and quantity, for spreadsheets and statistics programs."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path

from ..core.plain_text import plain_text
from ..evaluate.judgement import OverallVerdict
from ..evaluate.limits import Level
from ..evaluate.quantities import QUANTITY_OF
from ..evaluate.uniform_cylinder import CylinderResult
from ..evaluate.verdict import Judged
from ..results import AnalysisResult
from .formats import result_tables
from .subjects.limits import LIMIT_KEY
from .subjects.uniform_cylinder import facts
from .table import Column, Table
from .uncertainty import is_uncertainty, standard_uncertainty
from .verdicts import VerdictLine, verdict_lines

TIDY_COLUMNS = (
    *('table', 'label', 'diameter_mm', 'quantity', 'value', 'unit', 'uncertainty'),
    *('standard', 'verdict', 'low', 'high'),
)
"""The header of the file."""

_FORMULA_STARTS = ('=', '+', '-', '@', '\t', '\r')
"""A spreadsheet takes a text that begins so for a formula (OWASP, CSV injection)."""

_BIAS = 'Bias'
"""The fact of a uniform cylinder that is judged."""

_TidyRow = tuple[str, ...]


def write_tidy(path: Path, result: AnalysisResult) -> None:
    """
    Write ``results.csv``.

    Parameters
    ----------
    path : `pathlib.Path`
        The file to write.

    result : AnalysisResult
        What was found.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    with path.open('w', encoding='utf-8', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(TIDY_COLUMNS)
        writer.writerows(_tidy_rows(result))


def _tidy_rows(result: AnalysisResult) -> Iterator[_TidyRow]:
    """
    Every number that belongs to one sphere, then what was judged besides and the overall verdict.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Yields
    ------
    row : tuple of str
        As in `TIDY_COLUMNS`; numbers with 17 digits, so that nothing is lost.
        A quantity that several standards judge has a row for each. What is
        not known is empty.
    """
    tables = result_tables(result)
    lines = verdict_lines(tables)
    for table in tables:
        if _is_of_spheres(table):
            yield from _table_rows(table, lines)
    if result.cylinder is not None:
        yield from _cylinder_rows(result.cylinder, result.image.unit, lines)
    yield from _verdict_rows(result.verdict)


def _verdict_rows(overall: OverallVerdict) -> Iterator[_TidyRow]:
    yield _verdict_row('overall', '', overall.level)
    for one in overall.outcomes:
        yield _verdict_row('profile', one.standard, one.level)
    for judged in overall.values:
        if not judged.label or judged.of != 'value':  # else the row of its sphere says it
            yield _judged_row(judged)


def _verdict_row(quantity: str, standard: str, level: Level) -> _TidyRow:
    return ('verdict', '', '', quantity, '', '', '', _cell(standard), level.value, '', '')


def _judged_row(one: Judged) -> _TidyRow:
    found = one.verdict
    numbers = (one.diameter_mm, one.value, found.low, found.high)
    diameter, value, low, high = ('' if x is None else _number(x) for x in numbers)
    quantity = found.quantity if one.of == 'value' else f'change_of_{found.quantity}'
    start = ('limits', _cell(one.label), diameter, quantity, value, one.unit, '')
    return (*start, _cell(found.standard), found.text, low, high)


def _cylinder_rows(
    found: CylinderResult, unit: str, lines: tuple[VerdictLine, ...]
) -> Iterator[_TidyRow]:
    """The facts of a uniform cylinder, under their names in small letters."""
    start = ('cylinder', found.voi.label, _number(2 * found.shape.radius_mm))
    sds = {_BIAS: found.bias.sd_percent, 'Mean': found.mean_sd}
    for fact in facts(found, unit):
        key = fact.name.lower().replace(',', '').replace(' ', '_')
        numbers = (_known(fact.value), fact.unit, _known(sds.get(fact.name)))
        judged = [
            (_cell(line.standard), line.verdict, line.low, line.high)
            for line in lines
            if line.label == found.voi.label and fact.name == _BIAS
        ]
        yield (*start, key, *numbers, *(judged[0] if judged else ('', '', '', '')))


def _known(value: float | None) -> str:
    return '' if value is None else _number(value)


def _is_of_spheres(table: Table) -> bool:
    """One line a sphere: not one a slice, nor one a comparison."""
    keys = {column.key for column in table.columns}
    if 'label' not in keys:
        return False
    labels = table.column('label').values
    return len(set(labels)) == table.row_count > 0 and 'diameter_mm' in keys


def _table_rows(table: Table, lines: tuple[VerdictLine, ...]) -> Iterator[_TidyRow]:
    labels, diameters = table.column('label').texts(), _numbers(table.column('diameter_mm'))
    for column in table.columns:
        if _is_quantity(table, column):
            sd = standard_uncertainty(table, column.key)
            spread = [math.nan] * table.row_count if sd is None else sd.tolist()
            for n, value in enumerate(_numbers(column)):
                start = (table.key, _cell(labels[n]), _number(diameters[n]), column.key)
                numbers = (_number(value), column.unit, _number(spread[n]))
                for judged in _judged(lines, labels[n], column.key):
                    yield (*start, *numbers, *judged)


def _is_quantity(table: Table, column: Column) -> bool:
    aside = column.key == 'diameter_mm' or column.key.startswith(LIMIT_KEY)
    return not column.is_text and not aside and not is_uncertainty(table, column.key)


def _judged(lines: tuple[VerdictLine, ...], label: str, key: str) -> list[_TidyRow]:
    """Standard, verdict, low and high for each standard; one empty row where there is none."""
    name = QUANTITY_OF[key].title if key in QUANTITY_OF else ''
    found = [
        (_cell(line.standard), line.verdict, line.low, line.high)
        for line in lines
        if (line.label, line.quantity) == (label, name)
    ]
    return [*found] or [('', '', '', '')]


def _numbers(column: Column) -> list[float]:
    return [float(value) for value in column.values]


def _number(value: float) -> str:
    return repr(int(value) if float(value).is_integer() else value) if math.isfinite(value) else ''


def _cell(text: str) -> str:
    """Text that no spreadsheet runs."""
    plain = plain_text(text)
    return f"'{plain}" if plain.startswith(_FORMULA_STARTS) else plain
