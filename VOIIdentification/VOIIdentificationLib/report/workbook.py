"""Results as Excel workbooks, each with a sheet that says how its numbers were made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import Progress, no_progress
from ..core.sentence import sentences
from ..results import AnalysisResult
from .formats import result_tables, search_table, voxel_table
from .method import MethodRow, column_rows, method_rows
from .sheet import (
    MAX_COLUMN_WIDTH,
    Footer,
    SheetTitles,
    append_row,
    column_width,
    filled,
    marked,
    new_sheet,
    number_format,
    repeat_header,
    styled_cell,
    styles,
)
from .summary import Summary, report_title, summarize, trace_line
from .summary_sheet import SUMMARY_TITLE, add_summary
from .table import Book, Column, Table
from .verdicts import VerdictLine, column_marks, verdict_lines

if TYPE_CHECKING:
    from openpyxl import Workbook

_ = sentences(__name__)

_TARGETS, _CENTERS, _VOXELS, _BACKGROUND = WORKBOOK_FILES = (
    'outputMetaTargets.xlsx',
    'outputMidPoints3D.xlsx',
    'outputTargets.xlsx',
    'outputMetaBackground.xlsx',
)
"""Names of the original script."""

EXCEL_ROW_LIMIT = 1_048_576
"""Rows of a sheet: Microsoft, "Excel specifications and limits"."""

_NO_FOOTER = Footer()
_SLICE = 'slice_k'
_METHOD_HEADERS = ('Section', 'Name', 'Value')
_METHOD_WIDTHS = (20.0, 34.0, 90.0)
_METHOD_DECIMALS = 4


def write_workbooks(
    result: AnalysisResult, directory: Path, *, progress: Progress = no_progress
) -> tuple[Path, ...]:
    """
    Write every workbook of an analysis.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    directory : `pathlib.Path`
        An existing folder.

    progress : callable, optional
        Told before each workbook.

    Returns
    -------
    paths : tuple of `pathlib.Path`
        ``outputMetaTargets.xlsx``, ``outputMidPoints3D.xlsx``,
        ``outputTargets.xlsx`` and, if there are background VOIs or ROIs,
        ``outputMetaBackground.xlsx``. Of a uniform cylinder the first alone:
        there are no spheres to be searched, and its VOI has more voxels than
        anybody reads.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    method, footer = method_rows(result), _footer(result)
    contents = _contents(result)
    paths = []
    for number, (name, tables) in enumerate(contents.items()):
        progress(number / len(contents), _('Writing {name}').format(name=name))
        paths.append(directory / name)
        summary = summarize(result) if name == _TARGETS else None
        write_workbook(
            paths[-1], tables(), method, footer, summary=summary, title=report_title(result)
        )
    return tuple(paths)


def _footer(result: AnalysisResult) -> Footer:
    return Footer(trace_line(result), f'analyzed {result.analyzed_at[:10]}')


def _contents(result: AnalysisResult) -> dict[str, Callable[[], list[Table]]]:
    """Tables by the name of their workbook; big ones are made when they are asked for."""
    tables = result_tables(result)
    unit = result.image.unit
    targets = {_TARGETS: lambda: _of_book(tables, 'targets')}
    if result.cylinder is not None:
        return targets
    contents: dict[str, Callable[[], list[Table]]] = {
        **targets,
        _CENTERS: lambda: [
            *_of_book(tables, 'centers'),
            *(search_table(voi, unit) for voi in result.spheres),
        ],
        _VOXELS: lambda: [voxel_table(result.image, voi) for voi in result.vois],
    }
    if _of_book(tables, 'background'):
        contents[_BACKGROUND] = lambda: _of_book(tables, 'background')
    return contents


def _of_book(tables: Iterable[Table], book: Book) -> list[Table]:
    """The sheets of a workbook: results first, what has a line a slice after them."""
    sheets = [table for table in tables if table.book == book]
    return sorted(sheets, key=lambda table: table.has(_SLICE))


def write_workbook(
    path: Path,
    tables: Sequence[Table],
    method: Iterable[MethodRow],
    footer: Footer = _NO_FOOTER,
    *,
    summary: Summary | None = None,
    title: str = '',
) -> None:
    """
    Write one workbook: a summary, a sheet a table, and the method.

    Parameters
    ----------
    path : `pathlib.Path`
        The file to write.

    tables : sequence of Table
        Longer ones than Excel can hold are continued on a sheet ``… (2)``.

    method : iterable of MethodRow
        For the sheet ``Method``; the definitions of the columns are added.

    footer : Footer, optional
        What stands below every page.

    summary : Summary, optional
        What it opens on.

    title : str, optional
        Of the summary.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    book.properties.creator, book.properties.title = 'VOI Identification', title or None
    for style in styles():
        book.add_named_style(style)
    titles = SheetTitles(reserved=('Method', *([SUMMARY_TITLE] if summary else [])))
    if summary is not None:
        add_summary(book, title, summary, footer)
    lines = verdict_lines(tables)
    named = [(titles.claim(table.title), table) for table in tables]
    for name, table in named:
        _add_table(book, table, (name, titles), footer, lines)
    _add_method(book, (*method, *column_rows(named)), footer)
    book.save(path)


def _add_table(
    book: Workbook,
    table: Table,
    names: tuple[str, SheetTitles],
    footer: Footer,
    lines: Sequence[VerdictLine],
) -> None:
    rows_per_sheet, (name, titles) = EXCEL_ROW_LIMIT - 1, names
    widths = [column_width(column) for column in table.columns]
    found = (column_marks(table, column, lines) for column in table.columns)
    marks = {n: mark for n, mark in enumerate(found) if any(mark)}
    for start in range(0, max(table.row_count, 1), rows_per_sheet):
        stop = min(start + rows_per_sheet, table.row_count)
        sheet = new_sheet(book, titles.claim(table.title) if start else name, widths, footer)
        freeze = 'B2' if table.columns[0].is_text else 'A2'
        repeat_header(sheet, len(widths), max(stop - start, 1), freeze=freeze)
        headers = [styled_cell(sheet, 'Header', column.header) for column in table.columns]
        append_row(sheet, 1, headers, widths)
        for number, row in enumerate(_rows(sheet, table, start, stop), start=2):
            for n, mark in marks.items():
                row[n] = marked(row[n], mark[start + number - 2])
            if max(widths) < MAX_COLUMN_WIDTH:  # nothing is wrapped: thousands of voxels go quicker
                sheet.append(row)
            else:
                append_row(sheet, number, row, widths)
        if start == stop:
            sheet.append([styled_cell(sheet, 'Text', table.why_empty)])


def _rows(sheet: Any, table: Table, start: int, stop: int) -> Iterator[list[Any]]:
    """Cells of one row after the other; the cells are the same objects, which saves time."""
    cells = [_column_cell(sheet, column) for column in table.columns]
    parts = [column.values[start:stop] for column in table.columns]
    lists = [part if isinstance(part, tuple) else part.tolist() for part in parts]
    for row in zip(*lists, strict=True):
        yield [filled(cell, value) for cell, value in zip(cells, row, strict=True)]


def _column_cell(sheet: Any, column: Column) -> Any:
    if column.is_text:
        long = column_width(column) >= MAX_COLUMN_WIDTH
        return styled_cell(sheet, 'Long text' if long else 'Text')
    cell = styled_cell(sheet, 'Number')
    cell.number_format = number_format(column.shown_decimals)
    return cell


def _add_method(book: Workbook, rows: Sequence[MethodRow], footer: Footer) -> None:
    sheet = new_sheet(book, 'Method', _METHOD_WIDTHS, footer)
    repeat_header(sheet, len(_METHOD_WIDTHS), len(rows), freeze='A2')
    headers = [styled_cell(sheet, 'Header', text) for text in _METHOD_HEADERS]
    append_row(sheet, 1, headers, _METHOD_WIDTHS)
    for number, row in enumerate(rows, start=2):
        cells = [
            styled_cell(sheet, 'Method', value) for value in (row.section, row.name, row.value)
        ]
        if isinstance(row.value, float):
            cells[-1].number_format = '0.' + '#' * _METHOD_DECIMALS
        append_row(sheet, number, cells, _METHOD_WIDTHS)
