"""What each standard says of the whole phantom: pass, warning, fail or not judged, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from ..core.image import CONCENTRATION_UNIT
from ..core.phantom import Phantom
from ..evaluate.limits import QUANTITY_NAMES, Limits, shipped_limits
from ..results import AnalysisResult
from .formats import result_tables
from .subjects.limits import FAIL, PASS, VERDICT_KEY
from .table import VALUE_UNIT, Column, Table, unit_text

NO_LIMITS = 'It sets no limits for this phantom: its figures stand in the tables.'
ACTIVITY_UNKNOWN = 'The true activity is unknown: give the fill worksheet.'
DIAMETER_WITHIN_MM = 0.05
"""A limit is meant for spheres whose diameter differs by less than this."""


class Level(str, Enum):
    """How well a standard is kept; the value is the word that people read."""

    PASS = 'pass'
    WARNING = 'warning'
    FAIL = 'fail'
    NOT_JUDGED = 'not judged'


@dataclass(frozen=True)
class Outcome:
    """
    What one standard says of the phantom.

    Attributes
    ----------
    standard : str
        Name of the standard.

    level : Level
        The word.

    reasons : tuple of str
        Why, in sentences or short lines.
    """

    standard: str
    level: Level
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class VerdictLine:
    """
    One value against one pair of limits, as a table says it.

    Attributes
    ----------
    standard, label, quantity : str
        Whose limits, which sphere, and what was compared.

    verdict : str
        ``'pass'``, ``'fail'``, or ``'not judged: '`` and why.

    value, low, high : str
        As shown to people.

    note : str
        What must be said of the limits; empty for those of the standard itself.
    """

    standard: str
    label: str
    quantity: str
    verdict: str
    value: str
    low: str
    high: str
    note: str

    @property
    def limits_text(self) -> str:
        """The limits with their verdict, e.g. ``'pass 0.95 to 1.16'``."""
        return f'{self.verdict.partition(":")[0]} {self.low} to {self.high}'

    @property
    def text(self) -> str:
        """The comparison in words."""
        side = 'within' if self.verdict != FAIL else 'outside'
        note = ' (indicative)' if self.note else ''
        return (
            f'{self.label}: {self.quantity} {self.value} is {side} {self.low} to {self.high}{note}'
        )


def mark_of(line: VerdictLine) -> str:
    """
    How a comparison is drawn.

    Parameters
    ----------
    line : VerdictLine
        One value against one pair of limits.

    Returns
    -------
    mark : str
        ``'pass'``, ``'fail'``, ``'indicative'`` for what fails limits that are
        not the standard's own words, or nothing.
    """
    return _mark_of_word(line.verdict, indicative=bool(line.note))


def _mark_of_word(verdict: str, *, indicative: bool) -> str:
    if verdict.startswith(PASS):
        return 'pass'
    if not verdict.startswith(FAIL):
        return ''
    return 'indicative' if indicative else 'fail'


def column_marks(table: Table, column: Column, lines: Iterable[VerdictLine]) -> tuple[str, ...]:
    """
    How the cells of a column are drawn.

    Parameters
    ----------
    table : Table
        That has the column.

    column : Column
        Any; only verdicts are marked.

    lines : iterable of VerdictLine
        Every comparison of the result: they say which limits are indicative.

    Returns
    -------
    marks : tuple of str
        As in `mark_of`, one a line.
    """
    if not column.key.startswith(VERDICT_KEY):
        return ('',) * table.row_count
    indicative = _indicative(table, column, lines)
    return tuple(
        _mark_of_word(text, indicative=one)
        for text, one in zip(column.texts(), indicative, strict=True)
    )


def _indicative(table: Table, column: Column, lines: Iterable[VerdictLine]) -> list[bool]:
    """Of each line: whether all limits that it fails are only indicative."""
    if column.key == VERDICT_KEY:
        said = next((key for key in ('note', 'source') if table.has(key)), '')
        notes = table.column(said).texts() if said else ('',) * table.row_count
        return [bool(note) for note in notes]
    name = column.title.partition(' ')[2]
    failed = [one for one in lines if one.standard == name and one.verdict.startswith(FAIL)]
    official = {one.label for one in failed if not one.note}
    labels = table.column('label').texts() if table.has('label') else ('',) * table.row_count
    return [bool(failed) and label not in official for label in labels]


def verdict_lines(tables: Iterable[Table]) -> tuple[VerdictLine, ...]:
    """
    Every comparison with limits that some tables hold.

    Parameters
    ----------
    tables : iterable of Table
        Those with columns ``'standard'`` and ``'verdict'`` are read.

    Returns
    -------
    lines : tuple of VerdictLine
        In their order.
    """
    lines: list[VerdictLine] = []
    for table in tables:
        texts = {column.key: column.texts() for column in table.columns}
        if {'standard', VERDICT_KEY} <= texts.keys():
            empty = ('',) * table.row_count
            names = ('standard', 'label', 'quantity', VERDICT_KEY, 'value', 'low', 'high', 'note')
            cells = (texts.get(name, empty) for name in names)
            lines += [VerdictLine(*row) for row in zip(*cells, strict=True)]
    return tuple(lines)


def outcomes(result: AnalysisResult) -> tuple[Outcome, ...]:
    """
    What each standard says of the phantom.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    outcomes : tuple of Outcome
        NEMA NU 2 first, then those with limits, each once.
    """
    lines: dict[str, list[VerdictLine]] = {limits.name: [] for limits in shipped_limits()}
    for line in verdict_lines(result_tables(result)):
        lines.setdefault(line.standard, []).append(line)
    judged = [_judged(result, name, compared) for name, compared in lines.items()]
    return (_nema(result), *judged)


def _nema(result: AnalysisResult) -> Outcome:
    if result.nema is not None:
        return Outcome('NEMA NU 2', Level.NOT_JUDGED, (NO_LIMITS,))
    why = tuple(note for note in result.notes if 'NEMA' in note)
    return Outcome('NEMA NU 2', Level.NOT_JUDGED, why or ('It was not evaluated.',))


def _judged(result: AnalysisResult, standard: str, lines: Sequence[VerdictLine]) -> Outcome:
    """
    The outcome of one standard.

    Limits that are not the standard's own words (second-hand, read off a plot)
    can warn but never fail a scanner; a value that is missing or doubtful
    never passes in silence.
    """
    if not lines:
        return Outcome(standard, Level.NOT_JUDGED, (_why_not_judged(result),))
    judged = [line for line in lines if line.verdict.startswith((PASS, FAIL))]
    if not judged:
        return Outcome(standard, Level.NOT_JUDGED, _reasons_of(lines))
    failed = [line for line in lines if line.verdict.startswith(FAIL)]
    missing = [
        *_missing(result.phantom, standard, lines),
        *_reasons_of([line for line in lines if line not in judged]),
    ]
    doubts = _doubts(result, {line.label for line in lines})
    notes = dict.fromkeys(line.note for line in lines if line.note)
    indicative = [f'Some of its limits are only indicative: {note}.' for note in notes]
    reasons = (*(line.text for line in failed), *missing, *doubts, *indicative)
    if any(not line.note for line in failed):
        return Outcome(standard, Level.FAIL, reasons)
    level = Level.WARNING if failed or missing or doubts else Level.PASS
    within = f'All {len(judged)} values lie within its limits.'
    return Outcome(standard, level, reasons if failed else (within, *reasons))


def _reasons_of(lines: Sequence[VerdictLine]) -> tuple[str, ...]:
    """Why comparisons are not judged, each reason once."""
    words = (line.verdict.removeprefix('not judged: ') for line in lines)
    return tuple(dict.fromkeys(f'{text[0].upper()}{text[1:]}.' for text in words if text))


def _why_not_judged(result: AnalysisResult) -> str:
    found = result.recovery
    if found is None:
        return 'No recovery was evaluated.'
    if found.relative and (result.activity is None or result.image.unit == CONCENTRATION_UNIT):
        return ACTIVITY_UNKNOWN
    if found.relative:
        unit = unit_text(VALUE_UNIT, result.image.unit)
        return f'The values of the image ({unit}) are no concentrations in {CONCENTRATION_UNIT}.'
    return ' '.join(found.notes) or 'None of its limits is meant for these spheres.'


def _missing(phantom: Phantom, standard: str, lines: Sequence[VerdictLine]) -> list[str]:
    """What the standard has a limit for and the phantom a sphere, but that was not compared."""
    limits = next((one for one in shipped_limits() if one.name == standard), None)
    done = {(line.label, line.quantity) for line in lines}
    if limits is None:
        return []
    return [
        f'{label}: {quantity} was not compared.'
        for label, quantity in _expected(phantom, limits)
        if (label, quantity) not in done
    ]


def _expected(phantom: Phantom, limits: Limits) -> list[tuple[str, str]]:
    return [
        (insert.label, QUANTITY_NAMES[row.quantity])
        for insert in phantom.used_inserts
        for row in limits.rows
        if insert.hot and abs(row.diameter_mm - insert.diameter_mm) < DIAMETER_WITHIN_MM
    ]


def _doubts(result: AnalysisResult, labels: set[str]) -> list[str]:
    """Flags of the values that were compared."""
    recovered = () if result.recovery is None else result.recovery.spheres
    flagged = [
        *((voi.label, flag) for voi in result.spheres for flag in voi.flags),
        *((sphere.label, flag) for sphere in recovered for flag in sphere.flags),
    ]
    found = [f'{label}: {flag.text}.' for label, flag in flagged if label in labels]
    whole = [] if result.recovery is None else list(result.recovery.flags)
    words = (f'{flag.text[0].upper()}{flag.text[1:]}.' for flag in (*result.flags, *whole))
    return list(dict.fromkeys([*found, *words]))
