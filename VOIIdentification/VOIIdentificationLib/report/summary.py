"""What one reads first of an analysis: facts, verdicts, a line a sphere, single figures, notes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..evaluate.judgement import Outcome, OverallVerdict
from ..evaluate.quantities import QUANTITY_OF
from ..results import AnalysisResult
from .formats import result_tables
from .method import doubts
from .subjects import SUBJECTS
from .table import Cell, Column, Table
from .verdicts import VerdictLine, mark_of, outcomes, verdict_lines

_SPHERE = 'label'
_FIGURE_DIGITS = 4
"""Shown of a single figure."""

_NO_TIME_ZONE = 19
"""Letters of a date with its time, without a time zone."""


class SummaryCell(NamedTuple):
    """A value, and how it is drawn: as in `verdicts.mark_of`."""

    value: Cell
    mark: str = ''


class SummaryColumn(NamedTuple):
    """
    Something of every sphere.

    Attributes
    ----------
    header : str
        With unit.

    decimals : int
        Of its numbers.

    cells : tuple of SummaryCell
        One a sphere.

    of_limits : bool
        Whether it says how the column before keeps the limits of a standard.
    """

    header: str
    decimals: int
    cells: tuple[SummaryCell, ...]
    of_limits: bool = False

    @classmethod
    def of_texts(cls, header: str, texts: Iterable[str]) -> SummaryColumn:
        """
        Make a column of words.

        Parameters
        ----------
        header : str
            Of the column.

        texts : iterable of str
            One a sphere.

        Returns
        -------
        column : SummaryColumn
            Without marks.
        """
        return cls(header, 0, tuple(SummaryCell(text) for text in texts))

    def texts(self) -> tuple[str, ...]:
        """The cells as shown to people."""
        return tuple(self._text(cell.value) for cell in self.cells)

    def _text(self, value: Cell) -> str:
        if isinstance(value, float):
            return f'{value:.{self.decimals}f}' if math.isfinite(value) else ''
        return '' if value is None else str(value)


class Figure(NamedTuple):
    """A single figure of the scan with its decimals; its uncertainty is relative."""

    name: str
    value: float
    decimals: int
    unit: str
    sd_percent: float | None
    meaning: str


class Summary(NamedTuple):
    """
    What one reads first.

    Attributes
    ----------
    facts : tuple of tuple of str
        Scan and phantom.

    verdict : OverallVerdict
        What the limits say that the user chose.

    outcomes : tuple of Outcome
        What each profile and standard says.

    spheres : tuple of SummaryColumn
        A line a sphere.

    figures : tuple of Figure
        Background, calibration, lung, fill.

    notes : tuple of str
        Sentences that must be known: contradictions, doubts, notes.
    """

    facts: tuple[tuple[str, str], ...]
    verdict: OverallVerdict
    outcomes: tuple[Outcome, ...]
    spheres: tuple[SummaryColumn, ...]
    figures: tuple[Figure, ...]
    notes: tuple[str, ...]


def summarize(result: AnalysisResult) -> Summary:
    """
    Gather what one reads first.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    summary : Summary
        The numbers are those of its tables; nothing is computed here.
    """
    tables = result_tables(result)
    return Summary(
        facts=scan_facts(result),
        verdict=result.verdict,
        outcomes=outcomes(result),
        spheres=_sphere_columns(result, tables),
        figures=tuple(_figures(tables)),
        notes=(*result.contradictions, *doubts(result)),
    )


def report_title(result: AnalysisResult) -> str:
    """
    What a report is called.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    title : str
        Naming the phantom.
    """
    what = 'PET image quality' if result.cylinder is None else 'PET calibration'
    return f'{what}: {result.phantom.name}'


def scan_facts(result: AnalysisResult) -> tuple[tuple[str, str], ...]:
    """
    What a reader must know of scan and phantom to trace a result.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    facts : tuple of tuple of str
        Name and text; nothing that is not known, but the ratio, whose lack is said.
    """
    scan = result.image.acquisition
    acquired = (scan.acquisition_datetime or scan.series_datetime)[:_NO_TIME_ZONE]
    facts = [
        ('Scanner', scan.scanner_text),
        ('Reconstruction', scan.reconstruction_text),
        ('Injection', scan.injection_text),
        ('Series', scan.series_description),
        ('Acquired', acquired.replace('T', ' ')),
        ('Phantom', result.phantom.name),
        (_truth_name(result), _truth_text(result)),
        ('Analyzed', result.analyzed_at[:_NO_TIME_ZONE].replace('T', ' ')),
    ]
    return tuple((name, value) for name, value in facts if value)


def _truth_name(result: AnalysisResult) -> str:
    return 'True ratio a_H / a_B' if result.cylinder is None else 'True concentration'


def _truth_text(result: AnalysisResult) -> str:
    if result.cylinder is not None:
        true = result.cylinder.bias.true_bqml
        return 'unknown' if true is None else f'{true:.5g} Bq/mL'
    ratio = result.activity.ratio if result.activity is not None else None
    return f'{ratio:.3g}' if ratio is not None else 'unknown'


def trace_line(result: AnalysisResult) -> str:
    """
    Where a picture or a printed page comes from, in one line.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    text : str
        Scanner, series, date, phantom, ratio.
    """
    facts = dict(scan_facts(result))
    scan = result.image.acquisition
    named = [f'{scan.manufacturer} {scan.model}'.strip()]
    named += [facts.get(name, '') for name in ('Series', 'Acquired', 'Phantom')]
    truth = _truth_name(result).removeprefix('True ratio ')
    return ' · '.join([*filter(None, named), f'{truth} {_truth_text(result)}'])


def verdict_line(result: AnalysisResult) -> str:
    """
    The overall verdict, where limits were chosen, and what every standard says, in one line.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    text : str
        ``'EARL 1: pass · EARL 2: not judged'``.
    """
    overall = [f'Overall: {result.verdict.level.value}'] if result.verdict.outcomes else []
    standards = [f'{one.standard}: {one.level.value}' for one in outcomes(result)]
    return ' · '.join([*overall, *standards])


def lines_by_label(table: Table) -> dict[str, int]:
    """
    Find the line of each sphere in a table.

    Parameters
    ----------
    table : Table
        Any.

    Returns
    -------
    lines : dict of str to int
        Empty if the lines of the table are no spheres.
    """
    if not table.has(_SPHERE):
        return {}
    labels = table.column(_SPHERE).texts()
    return {label: n for n, label in enumerate(labels)} if len(set(labels)) == len(labels) else {}


def summary_keys(tables: Iterable[Table]) -> list[tuple[Table, str]]:
    """
    List the columns that a line a sphere shows.

    Parameters
    ----------
    tables : iterable of Table
        Of a result.

    Returns
    -------
    shown : list of tuple of (Table, str)
        Table and key of a column, as the subjects ask for them; only tables
        with one line a sphere.
    """
    by_key = {table.key: table for table in tables if lines_by_label(table)}
    wanted = [pair for subject in SUBJECTS for pair in subject.summary]
    return [(by_key[key], name) for key, name in wanted if key in by_key and by_key[key].has(name)]


def _sphere_columns(result: AnalysisResult, tables: Sequence[Table]) -> tuple[SummaryColumn, ...]:
    if result.cylinder is not None:
        return ()
    labels = [voi.label for voi in result.spheres]
    diameters = (SummaryCell(voi.insert.diameter_mm) for voi in result.spheres)
    columns = [
        SummaryColumn.of_texts('Sphere', labels),
        SummaryColumn('Diameter [mm]', 1, tuple(diameters)),
    ]
    judged = _by_quantity(verdict_lines(tables))
    for table, key in summary_keys(tables):
        column = table.column(key)
        columns.append(_picked(table, column, labels))
        quantity = QUANTITY_OF[key].title if key in QUANTITY_OF else column.title
        for standard, lines in judged.get(quantity, {}).items():
            columns.append(_limits_column(standard, lines, labels))
    return tuple(columns)


def _picked(table: Table, column: Column, labels: Sequence[str]) -> SummaryColumn:
    lines = lines_by_label(table)
    values = column.values if isinstance(column.values, tuple) else column.values.tolist()
    cells = (SummaryCell(values[lines[label]] if label in lines else None) for label in labels)
    return SummaryColumn(column.header, column.shown_decimals, tuple(cells))


def _by_quantity(lines: Iterable[VerdictLine]) -> dict[str, dict[str, dict[str, VerdictLine]]]:
    """Comparisons by quantity, standard and label."""
    found: dict[str, dict[str, dict[str, VerdictLine]]] = {}
    for line in lines:
        found.setdefault(line.quantity, {}).setdefault(line.standard, {})[line.label] = line
    return found


def _limits_column(
    standard: str, lines: Mapping[str, VerdictLine], labels: Sequence[str]
) -> SummaryColumn:
    cells = (
        SummaryCell(lines[label].limits_text, mark_of(lines[label]))
        if label in lines
        else SummaryCell('no limit')
        for label in labels
    )
    indicative = ', indicative' if any(line.note for line in lines.values()) else ''
    return SummaryColumn(f'{standard}{indicative}', 0, tuple(cells), of_limits=True)


def _figures(tables: Iterable[Table]) -> Iterable[Figure]:
    """Those that the subjects call important, as far as they are known."""
    by_key = {table.key: table for table in tables}
    for key, name in (pair for subject in SUBJECTS for pair in subject.headline):
        if key in by_key:
            yield from _figure(by_key[key], name)


def _figure(table: Table, name: str) -> Iterable[Figure]:
    names = table.column('quantity').texts()
    n = names.index(name) if name in names else -1
    value = _number(table, 'value', n)
    if value is not None:
        unit, meaning = (table.column(key).texts()[n] for key in ('unit', 'meaning'))
        yield Figure(name, value, _decimals(value), unit, _number(table, 'sd_percent', n), meaning)


def _number(table: Table, key: str, n: int) -> float | None:
    """A number of one line; None where there is none."""
    if n < 0 or not table.has(key):
        return None
    value = float(table.column(key).values[n])
    return value if math.isfinite(value) else None


def _decimals(value: float) -> int:
    """Those that leave four digits."""
    before = math.floor(math.log10(abs(value))) + 1 if value else 1
    return min(max(0, _FIGURE_DIGITS - before), _FIGURE_DIGITS - 1)
