"""The sheet on which a workbook opens: what one reads, signs and prints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..evaluate.judgement import Outcome
from ..evaluate.limits import Level
from .sheet import Footer, append_row, marked, new_sheet, number_format, styled_cell
from .summary import Figure, Summary, SummaryColumn
from .verdicts import said_once

if TYPE_CHECKING:
    from openpyxl import Workbook

SUMMARY_TITLE = 'Summary'

_MIN_COLUMNS = 12
_COLUMN_WIDTH = 12.0
"""Characters of a column that holds no sphere's values."""

_ONE_PAGE_LINES = 60
"""Lines of text up to which all of it is put on one page."""

_LEVEL_MARKS = {Level.PASS: 'pass', Level.WARNING: 'warning', Level.FAIL: 'fail'}
_TO_SIGN = ('Name', 'Date', 'Signature')


class _Part(NamedTuple):
    """A cell that reaches over some columns, counted from 0; the last one included."""

    first: int
    last: int
    cell: Any


class _Grid:
    """
    Rows of a sheet whose cells reach over several columns.

    Parameters
    ----------
    sheet : openpyxl.worksheet._write_only.WriteOnlyWorksheet
        Without rows.

    widths : sequence of float
        Of the columns, in characters.
    """

    def __init__(self, sheet: Any, widths: Sequence[float]) -> None:
        self.sheet, self._widths, self._row = sheet, widths, 0
        self.last, self.line_count = len(widths) - 1, 0

    def add(self, parts: Iterable[_Part]) -> None:
        """Add a row; wrapped text counts the width of all columns that its cell reaches over."""
        from openpyxl.utils import get_column_letter

        self._row += 1
        cells, widths = [None] * len(self._widths), [0.0] * len(self._widths)
        for first, last, cell in parts:
            cells[first], widths[first] = cell, sum(self._widths[first : last + 1])
            if last > first:
                letters = (get_column_letter(n + 1) for n in (first, last))
                self.sheet.merged_cells.add(':'.join(f'{one}{self._row}' for one in letters))
        self.line_count += append_row(self.sheet, self._row, cells, widths)

    def text(self, first: int, last: int, text: str, style: str = 'Long text') -> _Part:
        """A text over some columns."""
        return _Part(first, last, styled_cell(self.sheet, style, text))

    def heading(self, text: str) -> None:
        """An empty row, and the name of what follows."""
        self.add([])
        self.add([self.text(0, self.last, text, 'Heading')])


def add_summary(book: Workbook, title: str, summary: Summary, footer: Footer) -> None:
    """
    Add the sheet.

    Parameters
    ----------
    book : openpyxl.Workbook
        The workbook, without sheets.

    title : str
        First line of the sheet.

    summary : Summary
        What it says.

    footer : Footer
        What stands below every page.
    """
    widths = [_width(column) for column in summary.spheres]
    widths += [_COLUMN_WIDTH] * (_MIN_COLUMNS - len(widths))
    sheet = new_sheet(book, SUMMARY_TITLE, widths, footer)
    sheet.page_setup.fitToWidth, sheet.print_options.gridLines = 1, False
    grid = _Grid(sheet, widths)
    grid.add([grid.text(0, grid.last, title, 'Sheet title')])
    _add_facts(grid, summary.facts)
    overall = Outcome('Overall verdict', summary.verdict.level, summary.verdict.reasons)
    grid.heading('Verdict')
    grid.add(_outcome(grid, overall))
    grid.heading('Verdict of each profile and standard')
    for outcome in said_once(summary.verdict, summary.outcomes):
        grid.add(_outcome(grid, outcome))
    if summary.spheres:
        grid.heading('Spheres; u (k = 1) is a standard uncertainty, 68 %')
        _add_spheres(grid, summary.spheres)
    grid.heading('Background, noise, calibration and fill')
    _add_figures(grid, summary.figures)
    grid.heading('What must be known')
    for note in summary.notes or ('Nothing speaks against these values.',):
        grid.add([grid.text(0, grid.last, note)])
    grid.heading('Checked')
    _add_signature(grid)
    sheet.page_setup.fitToHeight = 1 if grid.line_count <= _ONE_PAGE_LINES else 0


def _width(column: SummaryColumn) -> float:
    words = max(map(len, column.header.split()), default=0)
    return float(max(words, *map(len, column.texts()), 6) + 2)


def _add_facts(grid: _Grid, facts: Sequence[tuple[str, str]]) -> None:
    """Two in a row."""
    middle = (grid.last + 1) // 2
    for n in range(0, len(facts), 2):
        parts = []
        for start, (name, value) in zip((0, middle), facts[n : n + 2], strict=False):
            stop = middle - 1 if start == 0 else grid.last
            parts += [grid.text(start, start + 1, name), grid.text(start + 2, stop, value)]
        grid.add(parts)


def _outcome(grid: _Grid, outcome: Outcome) -> list[_Part]:
    word = styled_cell(grid.sheet, 'Long text', outcome.level.value)
    return [
        grid.text(0, 1, outcome.standard),
        _Part(2, 3, marked(word, _LEVEL_MARKS.get(outcome.level, ''))),
        grid.text(4, grid.last, '\n'.join(outcome.reasons)),
    ]


def _add_spheres(grid: _Grid, columns: Sequence[SummaryColumn]) -> None:
    grid.add(grid.text(n, n, column.header, 'Header') for n, column in enumerate(columns))
    count = len(columns[0].cells)
    if not count:
        grid.add([grid.text(0, grid.last, 'No sphere was measured.')])
    for row in range(count):
        grid.add(_Part(n, n, _sphere_cell(grid, one, row)) for n, one in enumerate(columns))


def _sphere_cell(grid: _Grid, column: SummaryColumn, row: int) -> Any:
    value, mark = column.cells[row]
    cell = styled_cell(grid.sheet, 'Text' if isinstance(value, str) else 'Number', value)
    if not isinstance(value, str):
        cell.number_format = number_format(column.decimals)
    return marked(cell, mark)


def _add_figures(grid: _Grid, figures: Sequence[Figure]) -> None:
    if not figures:
        text = 'None is known: neither NEMA NU 2 nor the fill was evaluated.'
        grid.add([grid.text(0, grid.last, text)])
    for one in figures:
        value = styled_cell(grid.sheet, 'Number', one.value)
        value.number_format = number_format(one.decimals)
        spread = '' if one.sd_percent is None else f'u (k = 1) {one.sd_percent:.2g} %'
        grid.add(
            [
                grid.text(0, 1, one.name),
                _Part(2, 2, value),
                grid.text(3, 3, one.unit),
                grid.text(4, 5, spread, 'Text'),
                grid.text(6, grid.last, one.meaning),
            ]
        )


def _add_signature(grid: _Grid) -> None:
    grid.add([])
    third = (grid.last + 1) // len(_TO_SIGN)
    parts = []
    for n, name in enumerate(_TO_SIGN):
        parts += [
            grid.text(n * third, n * third + 1, name, 'Text'),
            grid.text(n * third + 2, (n + 1) * third - 1, '', 'Line to sign'),
        ]
    grid.add(parts)
