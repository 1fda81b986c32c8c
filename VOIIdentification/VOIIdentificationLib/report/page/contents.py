"""What the page says: the summary of the spheres, every table, definitions and method."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ...core.phantom import insert_colors
from ...results import AnalysisResult
from ..method import MethodRow
from ..subjects.limits import NOT_JUDGED, VERDICT_KEY
from ..summary import lines_by_label, summary_keys
from ..table import Column, Table
from ..uncertainty import is_uncertainty
from ..verdicts import VerdictLine, column_marks, verdict_lines
from .chart import hex_color
from .numbers import number_texts, value_text

OPEN_ROWS, OPEN_COLUMNS = 12, 8
"""A table that is larger is folded: it is seen after a click, and not printed."""

OPEN_TABLES = ('cylinder',)
"""What is the result itself is seen at once, however long."""

METHOD_APART = ('Worksheet', 'Note', 'Flag', 'Definition')
"""Sections of the method that the page shows in places of their own."""

_SPHERE = 'label'
_DIAMETER = 'diameter_mm'
_REMARKS = ('remark', 'flags')


@dataclass(frozen=True)
class PageCell:
    """
    What a cell shows.

    Attributes
    ----------
    text : str
        Rounded, with its uncertainty where that is known.

    mark : str
        ``'pass'``, ``'fail'``, ``'indicative'`` or nothing: how it is drawn.

    color : str
        Of the insert it names, or nothing.
    """

    text: str
    mark: str = ''
    color: str = ''


@dataclass(frozen=True)
class PageColumn:
    """A column of the page: title with unit, where it is defined, and whether it is text."""

    header: str
    anchor: str
    is_text: bool
    cells: tuple[PageCell, ...]


@dataclass(frozen=True)
class PageTable:
    """
    A table of the page.

    Attributes
    ----------
    key, title : str
        As in `Table`.

    columns : tuple of PageColumn
        From left to right.

    opened : bool
        Whether it is seen at once.

    notes : tuple of str
        What must be said of every line.
    """

    key: str
    title: str
    columns: tuple[PageColumn, ...]
    opened: bool = True
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[tuple[PageCell, ...], ...]:
        """The cells line by line."""
        return tuple(zip(*(column.cells for column in self.columns), strict=True))


@dataclass(frozen=True)
class Definition:
    """A term and what it means."""

    anchor: str
    term: str
    text: str


@dataclass(frozen=True)
class MethodSection:
    """Names and values under one heading."""

    title: str
    rows: tuple[tuple[str, str], ...]


class Definitions:
    """
    Every term of the page, each once, and its anchor.

    Parameters
    ----------
    tables : sequence of Table
        Whose columns are defined.

    method : sequence of MethodRow
        Whose section ``'Definition'`` comes first.
    """

    def __init__(self, tables: Sequence[Table], method: Sequence[MethodRow]) -> None:
        columns = [(column.title, column.description) for t in tables for column in t.columns]
        said = [(row.name, str(row.value)) for row in method if row.section == 'Definition']
        self._anchors = {
            pair: f'def-{n}' for n, pair in enumerate(dict.fromkeys([*said, *columns]), start=1)
        }

    def anchor(self, column: Column) -> str:
        """
        Where a column is defined.

        Parameters
        ----------
        column : Column
            Of one of the tables.

        Returns
        -------
        anchor : str
            Name within the page.
        """
        return self._anchors[column.title, column.description]

    def entries(self) -> tuple[Definition, ...]:
        """All terms in their order."""
        return tuple(Definition(a, term, text) for (term, text), a in self._anchors.items())


def page_tables(
    result: AnalysisResult, tables: Iterable[Table], terms: Definitions
) -> tuple[PageTable, ...]:
    """
    Every table as the page shows it.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    tables : iterable of Table
        Of the result.

    terms : Definitions
        Of the same tables.

    Returns
    -------
    tables : tuple of PageTable
        Columns of uncertainties stand beside their values, not on their own.
    """
    tables = tuple(tables)
    lines = verdict_lines(tables)
    return tuple(_page_table(result, table, terms, lines) for table in tables)


def summary_table(
    result: AnalysisResult, tables: Sequence[Table], terms: Definitions
) -> PageTable | None:
    """
    One line a sphere: what is plotted of it, every verdict, and every doubt in words.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    tables : sequence of Table
        Of the result.

    terms : Definitions
        Of the same tables.

    Returns
    -------
    table : PageTable or None
        None without spheres.
    """
    labels = [voi.label for voi in result.spheres]
    first = next((t for t in tables if lines_by_label(t).keys() >= set(labels)), None)
    if first is None or not labels:
        return None
    lines = verdict_lines(tables)
    shown = [(first, key) for key in (_SPHERE, _DIAMETER)]
    shown += [pair for pair in summary_keys(tables) if not is_uncertainty(*pair)]
    columns = [
        _picked(_page_column(result, t, t.column(key), terms, lines), t, labels) for t, key in shown
    ]
    judged = [(t, c) for t in tables for c in t.columns if c.key.startswith(f'{VERDICT_KEY}_')]
    columns += [
        _shortened(_picked(_page_column(result, t, column, terms, lines), t, labels))
        for t, column in judged
    ]
    said = _said(tables, labels)
    common = _common(said)
    return PageTable('summary', 'Spheres', (*columns, _remarks(said, common)), notes=common)


def method_sections(method: Sequence[MethodRow]) -> tuple[MethodSection, ...]:
    """
    The method by its sections.

    Parameters
    ----------
    method : sequence of MethodRow
        As `method_rows` gives it.

    Returns
    -------
    sections : tuple of MethodSection
        In their order; what is not known says so.
    """
    return tuple(
        MethodSection(title, tuple((row.name, value_text(row.value)) for row in rows))
        for title, rows in groupby(method, key=lambda row: row.section)
    )


def _page_table(
    result: AnalysisResult, table: Table, terms: Definitions, lines: Sequence[VerdictLine]
) -> PageTable:
    columns = tuple(
        _page_column(result, table, column, terms, lines)
        for column in table.columns
        if not is_uncertainty(table, column.key)
    )
    small = table.row_count <= OPEN_ROWS and len(columns) <= OPEN_COLUMNS
    small = small or table.key in OPEN_TABLES
    return PageTable(table.key, table.title, columns, opened=small)


def _page_column(
    result: AnalysisResult,
    table: Table,
    column: Column,
    terms: Definitions,
    lines: Sequence[VerdictLine],
) -> PageColumn:
    texts = column.texts() if column.is_text else number_texts(table, column)
    colors = insert_colors(result.phantom) if column.key == _SPHERE else {}
    marks = column_marks(table, column, lines)
    cells = (
        PageCell(text, mark, hex_color(colors[text]) if text in colors else '')
        for text, mark in zip(texts, marks, strict=True)
    )
    return PageColumn(column.header, terms.anchor(column), column.is_text, tuple(cells))


def _picked(column: PageColumn, table: Table, labels: Sequence[str]) -> PageColumn:
    """The cells of some spheres; empty for one that the table does not have."""
    lines = lines_by_label(table)
    cells = tuple(
        column.cells[lines[label]] if label in lines else PageCell('') for label in labels
    )
    return PageColumn(column.header, column.anchor, column.is_text, cells)


def _shortened(column: PageColumn) -> PageColumn:
    """One reason not to judge any sphere is said with the verdict, not again at each."""
    texts = {cell.text for cell in column.cells}
    if len(texts) != 1 or not next(iter(texts)).startswith(f'{NOT_JUDGED}: '):
        return column
    return replace(column, cells=(PageCell(NOT_JUDGED),) * len(column.cells))


def _remarks(said: Mapping[str, Mapping[str, None]], common: Iterable[str]) -> PageColumn:
    """What is said against each sphere's values, but not against all."""
    texts = ('; '.join(one for one in lines if one not in common) for lines in said.values())
    cells = tuple(PageCell(text or 'none') for text in texts)
    return PageColumn('Doubts', '', is_text=True, cells=cells)


def _said(tables: Sequence[Table], labels: Sequence[str]) -> dict[str, dict[str, None]]:
    """Everything that the tables say against a sphere's values, each sentence once."""
    said: dict[str, dict[str, None]] = {label: {} for label in labels}
    for table in tables:
        lines = lines_by_label(table)
        for column in table.columns:
            if column.key in _REMARKS and column.is_text:
                texts = column.texts()
                for label in said.keys() & lines.keys():
                    parts = filter(None, texts[lines[label]].split('; '))
                    said[label].update(dict.fromkeys(parts))
    return said


def _common(said: Mapping[str, Mapping[str, None]]) -> tuple[str, ...]:
    """What is said against every sphere; nothing if there is only one."""
    first, *others = said.values()
    return tuple(one for one in first if others and all(one in lines for lines in others))
