"""One sheet of a workbook: its cells, their looks, and the pages that it is printed on."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.plain_text import plain_line, plain_text
from .table import Cell, Column

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.styles import NamedStyle

EXCEL_TITLE_LIMIT = 31
"""Characters of the name of a sheet: Microsoft, "Rename a worksheet"."""

EXCEL_TEXT_LIMIT = 32_767
"""Characters of one cell: Microsoft, "Excel specifications and limits"."""

MAX_COLUMN_WIDTH = 44
"""Characters; longer texts are wrapped."""

MARK_FILLS = {'pass': 'C6EFCE', 'fail': 'FFC7CE', 'indicative': 'FFEB9C', 'warning': 'FFEB9C'}
"""Color behind a verdict, red, green, blue: those of Excel; the word stands there too."""

_PAGE_WIDTH = 230.0
"""Characters across a landscape page at a size that can be read; a wider sheet takes several."""

_LINE_POINTS, _MAX_POINTS = 15.0, 409.0
"""Height of a line of the font, and of the highest row that Excel allows."""

_BOLD_PART = 0.85
"""As many bold letters take the room of one."""

_FOOTER_TEXT = 100
"""Characters of the series in a footer, beside which the number of the page has room."""

_MARGINS_INCHES = {'left': 0.5, 'right': 0.5, 'top': 0.5, 'bottom': 0.75, 'footer': 0.3}
_A4 = 9

_FORMULA_STARTS = ('=', '+', '-', '@', '\t', '\r')
"""Text that begins so becomes a formula once it is edited: OWASP, "CSV injection"."""


class Footer(NamedTuple):
    """What stands below every page, beside its number."""

    series: str = ''
    date: str = ''


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


def styles() -> list[NamedStyle]:
    """
    Looks of cells; who edits the workbook finds them among Excel's own.

    A verdict's color belongs to its cell: a conditional format says nothing to
    programs that read the file.

    Returns
    -------
    styles : list of openpyxl.styles.NamedStyle
        Of headers, numbers and texts, of the parts of a summary, and one a
        mark of a verdict.
    """
    from openpyxl.styles import DEFAULT_FONT, Alignment, Border, Font, NamedStyle, PatternFill, Side

    wrapped = Alignment(wrap_text=True, vertical='top')
    left = Alignment(wrap_text=True, vertical='top', horizontal='left')
    long = Alignment(wrap_text=True, vertical='top', horizontal='left', indent=1)
    indented = Alignment(vertical='top', horizontal='left', indent=1)
    bold = Font(name='Calibri', size=11, bold=True)
    shade, line = PatternFill('solid', fgColor='E7E9EC'), Border(bottom=Side('thin'))
    return [
        NamedStyle('Header', bold, fill=shade, border=line, alignment=wrapped),
        NamedStyle('Number', DEFAULT_FONT, alignment=Alignment(vertical='top')),
        NamedStyle('Text', DEFAULT_FONT, alignment=indented),
        NamedStyle('Long text', DEFAULT_FONT, alignment=long),
        NamedStyle('Method', DEFAULT_FONT, alignment=left),
        NamedStyle('Sheet title', Font(name='Calibri', size=16, bold=True)),
        NamedStyle('Heading', Font(name='Calibri', size=12, bold=True), border=line),
        NamedStyle('Line to sign', DEFAULT_FONT, border=line),
        *(
            NamedStyle(mark, DEFAULT_FONT, fill=PatternFill('solid', fgColor=color))
            for mark, color in MARK_FILLS.items()
        ),
    ]


def new_sheet(book: Workbook, title: str, widths: Sequence[float], footer: Footer) -> Any:
    """
    Add a sheet that can be printed: landscape, as wide as the page, numbered pages.

    Parameters
    ----------
    book : openpyxl.Workbook
        The workbook.

    title : str
        Free in the workbook.

    widths : sequence of float
        Of the columns, in characters.

    footer : Footer
        What stands below every page.

    Returns
    -------
    sheet : openpyxl.worksheet._write_only.WriteOnlyWorksheet
        Without rows.
    """
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.page import PageMargins
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet = book.create_sheet(title)
    sheet._values_to_row = _placed_cells
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.orientation, sheet.page_setup.paperSize = 'landscape', _A4
    sheet.page_setup.fitToWidth = max(1, math.ceil(sum(widths) / _PAGE_WIDTH))
    sheet.page_setup.fitToHeight = 0
    sheet.page_margins = PageMargins(**_MARGINS_INCHES)
    sheet.print_options.gridLines = True
    _set_footer(sheet, footer)
    return sheet


def _placed_cells(cells: Sequence[Any], row: int) -> Iterator[Any]:
    """A row of cells told their places; openpyxl asks each by an exception, half of its time."""
    for column, cell in enumerate(cells, start=1):
        if cell is not None:
            cell.column, cell.row = column, row
            yield cell


def _set_footer(sheet: Any, footer: Footer) -> None:
    """An ampersand begins a code of Excel's; two are one."""
    series = plain_line(footer.series)
    series = series if len(series) <= _FOOTER_TEXT else f'{series[: _FOOTER_TEXT - 1]}…'
    date = footer.date.replace('&', '&&')
    sheet.oddFooter.left.text = series.replace('&', '&&') or None
    sheet.oddFooter.right.text = ', '.join([*filter(None, [date]), '&A, page &P of &N'])


def repeat_header(sheet: Any, column_count: int, row_count: int, *, freeze: str) -> None:
    """
    Keep the first row in sight, on the screen and on every page, and let it filter.

    Parameters
    ----------
    sheet : openpyxl.worksheet._write_only.WriteOnlyWorksheet
        Without rows yet, as openpyxl asks.

    column_count, row_count : int
        Of the sheet; rows without the header.

    freeze : str
        ``'A2'``, or ``'B2'`` to keep the first column too.
    """
    from openpyxl.utils import get_column_letter

    sheet.freeze_panes = freeze
    sheet.auto_filter.ref = f'A1:{get_column_letter(column_count)}{row_count + 1}'
    sheet.print_title_rows = '1:1'
    if sheet.page_setup.fitToWidth > 1:
        sheet.print_title_cols = 'A:A'


def append_row(sheet: Any, number: int, cells: Sequence[Any], widths: Sequence[float]) -> int:
    """
    Add a row that is high enough for the wrapped text of its cells.

    Parameters
    ----------
    sheet : openpyxl.worksheet._write_only.WriteOnlyWorksheet
        Where to.

    number : int
        Of the row, from 1.

    cells : sequence of openpyxl.cell.WriteOnlyCell or None
        From left to right.

    widths : sequence of float
        Of the columns, in characters.

    Returns
    -------
    lines : int
        How many lines of text high it is.
    """
    lines = max(
        (_line_count(cell, width) for cell, width in zip(cells, widths, strict=False)), default=1
    )
    if lines > 1:
        sheet.row_dimensions[number].height = min(lines * _LINE_POINTS, _MAX_POINTS)
    sheet.append(cells)
    return lines


def _line_count(cell: Any, width: float) -> int:
    if cell is None or not isinstance(cell.value, str) or not cell.alignment.wrap_text:
        return 1
    letters = width * (_BOLD_PART if cell.font.bold else 1.0)
    room = max(int(letters - 2 * cell.alignment.indent), 1)
    return sum(max(1, len(textwrap.wrap(part, room))) for part in cell.value.split('\n'))


def styled_cell(sheet: Any, style: str, value: Cell = None) -> Any:
    """
    Make a cell.

    Parameters
    ----------
    sheet : openpyxl.worksheet._write_only.WriteOnlyWorksheet
        Its sheet.

    style : str
        As in `styles`.

    value : float, int, str or None
        As in `filled`.

    Returns
    -------
    cell : openpyxl.cell.WriteOnlyCell
        Holding the value.
    """
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet)
    cell.style = style
    return filled(cell, value)


def filled(cell: Any, value: Cell) -> Any:
    """
    Fill a cell: numbers stay numbers, no number is an empty cell, text is never a formula.

    Parameters
    ----------
    cell : openpyxl.cell.WriteOnlyCell
        Whose value is replaced.

    value : float, int, str or None
        What it is to hold.

    Returns
    -------
    cell : openpyxl.cell.WriteOnlyCell
        The same, or another where the text must be marked.
    """
    if isinstance(value, str):
        if value.startswith(_FORMULA_STARTS):
            cell = styled_cell(cell.parent, cell.style)
            cell.quotePrefix = True  # it stays text when someone edits the cell
        cell.value = _cell_text(value) or None
        cell.data_type = 's' if value else 'n'
    elif value is None or not math.isfinite(value):
        cell.value = None
    else:
        cell.value = value
    return cell


def _cell_text(text: str) -> str:
    """Text that a cell can hold, with … where it had to be cut."""
    clean = plain_text(text)
    return clean if len(clean) <= EXCEL_TEXT_LIMIT else clean[: EXCEL_TEXT_LIMIT - 1] + '…'


def marked(cell: Any, mark: str) -> Any:
    """
    A cell with the color of its verdict; long text stays wrapped.

    Parameters
    ----------
    cell : openpyxl.cell.WriteOnlyCell
        Any.

    mark : str
        Key of `MARK_FILLS`, or nothing.

    Returns
    -------
    cell : openpyxl.cell.WriteOnlyCell
        A new one, if there is a mark.
    """
    if not mark:
        return cell
    colored = styled_cell(cell.parent, mark, cell.value)
    colored.alignment = copy(cell.alignment)
    colored.number_format = cell.number_format
    return colored


def number_format(decimals: int) -> str:
    """
    Excel's format of a number.

    Parameters
    ----------
    decimals : int
        Shown.

    Returns
    -------
    code : str
        ``'0.00'`` for two.
    """
    return f'0.{"0" * decimals}' if decimals else '0'


def column_width(column: Column) -> float:
    """
    Characters for the longest word of the header and the longest of the cells.

    Parameters
    ----------
    column : Column
        Of a table.

    Returns
    -------
    width : float
        At most `MAX_COLUMN_WIDTH`, beyond which text is wrapped.
    """
    words = max(map(len, column.header.split()), default=0)
    if isinstance(column.values, tuple):
        cells = max(map(len, column.values), default=0)
    else:
        cells = column.shown_decimals + _digits_before(column) + 1
    return float(min(max(words + 2, cells + 2), MAX_COLUMN_WIDTH))


def _digits_before(column: Column) -> int:
    finite = [abs(value) for value in column.values if math.isfinite(value)]  # type: ignore[arg-type]
    return len(str(int(max(finite, default=0)))) + 1
