"""Results as Excel workbooks, each with a sheet that says how its numbers were made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import Progress, no_progress
from ..core.plain_text import plain_text
from ..results import AnalysisResult
from .formats import MethodRow, column_rows, method_rows, result_tables, search_table, voxel_table
from .subjects.limits import FAIL, PASS, VERDICT_KEY
from .table import Book, Cell, Column, Table

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.styles import NamedStyle

_TARGETS, _CENTERS, _VOXELS, _BACKGROUND = WORKBOOK_FILES = (
    'outputMetaTargets.xlsx',
    'outputMidPoints3D.xlsx',
    'outputTargets.xlsx',
    'outputMetaBackground.xlsx',
)
"""Names of the original script."""

EXCEL_ROW_LIMIT = 1_048_576
"""Rows of a sheet: Microsoft, "Excel specifications and limits"."""

EXCEL_TITLE_LIMIT = 31
"""Characters of the name of a sheet: Microsoft, "Rename a worksheet"."""

EXCEL_TEXT_LIMIT = 32_767
"""Characters of one cell: Microsoft, "Excel specifications and limits"."""

MAX_COLUMN_WIDTH = 60
"""Characters; longer texts are wrapped."""

VERDICT_FILLS = {PASS: 'C6EFCE', FAIL: 'FFC7CE'}
"""Color behind a verdict, red, green, blue; the word stands there too."""

_LONG_HEADER = 40
"""Characters of a header from which it is wrapped to four lines."""

_FORMULA_STARTS = ('=', '+', '-', '@', '\t', '\r')
"""Text that begins so becomes a formula once it is edited: OWASP, "CSV injection"."""

_METHOD_HEADERS = ('Section', 'Name', 'Value')
_METHOD_WIDTHS = (14, 30, 100)


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
        ``outputMetaBackground.xlsx``.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    method = method_rows(result)
    contents = _contents(result)
    paths = []
    for number, (name, tables) in enumerate(contents.items()):
        progress(number / len(contents), f'Writing {name}')
        paths.append(directory / name)
        write_workbook(paths[-1], tables(), method)
    return tuple(paths)


def _contents(result: AnalysisResult) -> dict[str, Callable[[], list[Table]]]:
    """Tables by the name of their workbook; big ones are made when they are asked for."""
    tables = result_tables(result)
    unit = result.image.unit
    contents: dict[str, Callable[[], list[Table]]] = {
        _TARGETS: lambda: _of_book(tables, 'targets'),
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
    """The sheets of a workbook: the one per slice comes first, as in the original script."""
    sheets = [table for table in tables if table.book == book]
    return sorted(sheets, key=lambda table: not table.key.endswith('slices'))


def write_workbook(path: Path, tables: Sequence[Table], method: Iterable[MethodRow]) -> None:
    """
    Write one workbook: a sheet a table, and the method.

    Parameters
    ----------
    path : `pathlib.Path`
        The file to write.

    tables : sequence of Table
        Longer ones than Excel can hold are continued on a sheet ``… (2)``.

    method : iterable of MethodRow
        For the sheet ``Method``; the definitions of the columns are added.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    book.properties.creator = 'VOI Identification'
    for style in _styles():
        book.add_named_style(style)
    titles = SheetTitles(reserved=('Method',))
    for table in tables:
        _add_table(book, table, titles)
    _add_method(book, (*method, *column_rows(tables)))
    book.save(path)


class SheetTitles:
    """
    Names of sheets that Excel accepts, each given out once.

    By openpyxl's rule a second ``S1`` were called ``S11``, like another sphere.

    Parameters
    ----------
    reserved : iterable of str
        Names that are taken.
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        # Excel keeps "History" for itself.
        self._taken = {'history', *(name.lower() for name in reserved)}

    def claim(self, wanted: str) -> str:
        """
        A free name, as near to the wanted one as Excel allows.

        Parameters
        ----------
        wanted : str
            Any text, e.g. the label of a seed.

        Returns
        -------
        title : str
            At most 31 characters, none forbidden, unlike every earlier one
            even if case is ignored.

        Examples
        --------
        >>> titles = SheetTitles()
        >>> titles.claim('a/b'), titles.claim('A/B')
        ('a_b', 'A_B (2)')
        """
        from openpyxl.workbook.child import INVALID_TITLE_REGEX

        base = INVALID_TITLE_REGEX.sub('_', plain_text(wanted).replace('\n', ' '))
        base = base.strip(" '\t\r") or 'VOI'
        title, number = _cut(base).strip(" '"), 1
        while title.lower() in self._taken:
            number += 1
            title = _cut(base, f' ({number})')
        self._taken.add(title.lower())
        return title


def _cut(title: str, suffix: str = '') -> str:
    """As much of a title as fits before the suffix; Excel counts in UTF-16."""
    room = 2 * (EXCEL_TITLE_LIMIT - len(suffix))
    return title.encode('utf-16-le')[:room].decode('utf-16-le', errors='ignore') + suffix


def _cell_text(text: str) -> str:
    """Text that a cell can hold, with … where it had to be cut."""
    clean = plain_text(text)
    return clean if len(clean) <= EXCEL_TEXT_LIMIT else clean[: EXCEL_TEXT_LIMIT - 1] + '…'


def _styles() -> list[NamedStyle]:
    """
    Looks of cells; who edits the workbook finds them among Excel's own.

    A verdict's color belongs to its cell: a conditional format says nothing to
    programs that read the file.
    """
    from openpyxl.styles import DEFAULT_FONT, Alignment, Font, NamedStyle, PatternFill

    wrapped = Alignment(wrap_text=True, vertical='top')
    left = Alignment(wrap_text=True, vertical='top', horizontal='left')
    return [
        NamedStyle('Header', Font(name='Calibri', size=11, bold=True), alignment=wrapped),
        NamedStyle('Long text', DEFAULT_FONT, alignment=wrapped),
        NamedStyle('Method', DEFAULT_FONT, alignment=left),
        *(
            NamedStyle(word, DEFAULT_FONT, fill=PatternFill('solid', fgColor=color))
            for word, color in VERDICT_FILLS.items()
        ),
    ]


def _add_table(book: Workbook, table: Table, titles: SheetTitles) -> None:
    rows_per_sheet = EXCEL_ROW_LIMIT - 1
    for start in range(0, max(table.row_count, 1), rows_per_sheet):
        stop = min(start + rows_per_sheet, table.row_count)
        sheet = _add_sheet(
            book,
            titles.claim(table.title),
            widths=[_width(column) for column in table.columns],
            row_count=stop - start,
            freeze='B2' if table.columns[0].is_text else 'A2',
        )
        sheet.append([_filled(_cell(sheet, 'Header'), column.header) for column in table.columns])
        for row in _rows(sheet, table.columns, start, stop):
            sheet.append(row)


def _add_sheet(
    book: Workbook, title: str, *, widths: Sequence[float], row_count: int, freeze: str
) -> Any:
    """A sheet whose header is frozen and filtered; all before the first row, as openpyxl asks."""
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(title)
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = freeze
    sheet.auto_filter.ref = f'A1:{get_column_letter(len(widths))}{row_count + 1}'
    return sheet


def _rows(sheet: Any, columns: Sequence[Column], start: int, stop: int) -> Iterator[list[Any]]:
    """Cells of one row after the other; the cells are the same objects, which saves time."""
    cells = [_column_cell(sheet, column) for column in columns]
    parts = [column.values[start:stop] for column in columns]
    lists = [part if isinstance(part, tuple) else part.tolist() for part in parts]
    judged = [n for n, column in enumerate(columns) if column.key.startswith(VERDICT_KEY)]
    for row in zip(*lists, strict=True):
        line = [_filled(cell, value) for cell, value in zip(cells, row, strict=True)]
        for n in judged:
            line[n] = _judged(line[n])
        yield line


def _column_cell(sheet: Any, column: Column) -> Any:
    cell = _cell(sheet, 'Long text' if _width(column) >= MAX_COLUMN_WIDTH else 'Normal')
    if not column.is_text:
        decimals = column.shown_decimals
        cell.number_format = f'0.{"0" * decimals}' if decimals else '0'
    return cell


def _cell(sheet: Any, style: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet)
    cell.style = style
    return cell


def _filled(cell: Any, value: Cell) -> Any:
    """Numbers stay numbers, no number is an empty cell, and text is never a formula."""
    if isinstance(value, str):
        if value.startswith(_FORMULA_STARTS):
            cell = _cell(cell.parent, cell.style)
            cell.quotePrefix = True  # it stays text when someone edits the cell
        cell.value = _cell_text(value) or None
        cell.data_type = 's' if value else 'n'
    elif value is None or not isfinite(value):
        cell.value = None
    else:
        cell.value = value
    return cell


def _judged(cell: Any) -> Any:
    """A new cell in the style of its verdict, if it holds one; long text stays wrapped."""
    word = str(cell.value or '').partition(':')[0]
    if word not in VERDICT_FILLS:
        return cell
    judged = _filled(_cell(cell.parent, word), cell.value)
    judged.alignment = copy(cell.alignment)
    return judged


def _width(column: Column) -> float:
    """Characters, for the header in two lines, or four, and the longest of the cells."""
    words = column.header.split()
    lines = 2 if len(column.header) <= _LONG_HEADER else 4
    header = max(len(column.header) / lines, max(map(len, words), default=0)) + 4
    if isinstance(column.values, tuple):
        cells = max(map(len, column.values), default=0)
    else:
        cells = column.shown_decimals + 8
    return float(min(max(header, cells + 2), MAX_COLUMN_WIDTH))


def _add_method(book: Workbook, rows: Sequence[MethodRow]) -> None:
    sheet = _add_sheet(book, 'Method', widths=_METHOD_WIDTHS, row_count=len(rows), freeze='A2')
    sheet.append([_filled(_cell(sheet, 'Header'), text) for text in _METHOD_HEADERS])
    cells = [_cell(sheet, 'Method') for _ in _METHOD_HEADERS]
    for row in rows:
        values = (row.section, row.name, row.value)
        sheet.append([_filled(cell, value) for cell, value in zip(cells, values, strict=True)])
