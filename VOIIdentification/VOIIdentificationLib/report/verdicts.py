"""A measurement against limits: those of standards, and those that the user chose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from ..core.errors import InputFileError
from ..core.image import CONCENTRATION_UNIT
from ..core.phantom import NEMAEdition
from ..core.sentence import changed, joined, sentences
from ..evaluate.baseline import Baseline, changes_from, limits_around
from ..evaluate.cylinder_bias import EARL_BIAS_PERCENT, STANDARD
from ..evaluate.editions import EDITIONS
from ..evaluate.judgement import NO_BASELINE, Conditions, Outcome, OverallVerdict, judge
from ..evaluate.limits import Level, Limits, shipped_limits
from ..evaluate.quantities import QUANTITY_OF, values_of_results
from ..evaluate.uniform_cylinder import CylinderResult
from ..results import AnalysisResult
from .formats import measured_json
from .subjects.limits import FAIL, PASS, VERDICT_KEY, WARNING
from .table import VALUE_UNIT, Column, Table, unit_text

_ = sentences(__name__)

NO_LIMITS = _('It sets no limits for this phantom: its figures stand in the tables.')
ACTIVITY_UNKNOWN = _('the true activity is unknown: give the fill worksheet')


@dataclass(frozen=True)
class VerdictLine:
    """
    One value against one pair of limits, as a table says it.

    Attributes
    ----------
    standard, label, quantity : str
        Whose limits, which sphere, and what was compared.

    verdict : str
        ``'pass'``, ``'warning'``, ``'fail'``, or ``'not judged: '`` and why.

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
        ends = f'{self.low} to {self.high}'
        if not (self.low and self.high):
            ends = f'≥ {self.low}' if self.low else f'≤ {self.high}'
        return f'{self.verdict.partition(":")[0]} {ends}'


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
        ``'pass'``, ``'warning'``, ``'fail'``, ``'indicative'`` for what fails
        limits that are not the standard's own words, or nothing.
    """
    return _mark_of_word(line.verdict, indicative=bool(line.note))


def _mark_of_word(verdict: str, *, indicative: bool) -> str:
    word = verdict.partition(':')[0]
    if word not in (PASS, WARNING, FAIL):
        return ''
    return 'indicative' if word == FAIL and indicative else word


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


def with_verdict(
    result: AnalysisResult, profiles: Sequence[Limits], baseline: Baseline | None = None
) -> AnalysisResult:
    """
    Judge a measurement by limits that the user chose.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    profiles : sequence of Limits
        The worst of them is the verdict.

    baseline : Baseline, optional
        An earlier result of the same scanner.

    Returns
    -------
    result : AnalysisResult
        The same, with the changes from the baseline and the overall verdict.
    """
    values = values_of_results(measured_json(result))
    if baseline is not None:
        baseline = replace(baseline, changes=changes_from(values, baseline.values))
    changes = () if baseline is None else baseline.in_percent()
    verdict = judge(profiles, values, changes, _conditions(result, baseline))
    return replace(result, baseline=baseline, verdict=verdict)


def limits_of_result(result: AnalysisResult) -> Limits:
    """
    Make a profile of limits round what was measured, to be edited.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    limits : Limits
        For this true ratio and edition of NEMA NU 2.

    Raises
    ------
    InputFileError
        If nothing was measured that can be limited.
    """
    values = values_of_results(measured_json(result))
    ratio = None if result.activity is None else result.activity.ratio
    date = result.analyzed_at[:_DATE_LETTERS] or 'unknown date'
    start = Limits(
        name='My limits',
        ratio=None if ratio is None else float(f'{ratio:.3g}'),
        rows=(),
        edition=_edition(result),
        source=f'round one measurement of {date}: edit before use',
        version=date,
    )
    found = limits_around(values, start)
    if not found.rows:
        msg = _('nothing was measured that limits can be set for: give the fill worksheet first')
        raise InputFileError(msg)
    return found


_DATE_LETTERS = 10


def _edition(result: AnalysisResult) -> NEMAEdition | None:
    """Year of the edition of NEMA NU 2 that was evaluated."""
    used = None if result.nema is None else result.nema.edition
    return next((year for year in get_args(NEMAEdition) if EDITIONS[year] == used), None)


def outcomes(result: AnalysisResult) -> tuple[Outcome, ...]:
    """
    What each standard, and each profile that was chosen, says of the phantom.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    outcomes : tuple of Outcome
        Those that the user chose, then NEMA NU 2, then standards with limits; of
        a uniform cylinder that of its calibration.
    """
    if result.cylinder is not None:
        return (*result.verdict.outcomes, _calibration(result, result.cylinder))
    chosen = {one.standard for one in result.verdict.outcomes}
    others = [one for one in shipped_limits() if one.bands and one.name not in chosen]
    values = values_of_results(measured_json(result))
    judged = judge(others, values, (), _conditions(result, None))
    return (*result.verdict.outcomes, _nema(result), *judged.outcomes)


def said_once(verdict: OverallVerdict, below: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """
    Outcomes as they stand below the overall verdict, which has the reasons of chosen profiles.

    Parameters
    ----------
    verdict : OverallVerdict
        With its reasons.

    below : iterable of Outcome
        Of `outcomes`.

    Returns
    -------
    outcomes : tuple of Outcome
        Those of chosen profiles point to the reasons above.
    """
    return tuple(
        replace(one, reasons=(_SAID_ABOVE,)) if one.reasons and one in verdict.outcomes else one
        for one in below
    )


_SAID_ABOVE = 'The reasons stand above, with the overall verdict.'


def _calibration(result: AnalysisResult, found: CylinderResult) -> Outcome:
    """A bias within the limit passes only where nothing is doubted."""
    bias = found.bias
    if bias.percent is None or bias.passed is None:
        return Outcome(
            STANDARD, Level.NOT_JUDGED, (joined((changed(bias.not_judged, _capital), '.'), ''),)
        )
    flags = dict.fromkeys([*found.voi.flags, *result.flags])
    doubts = tuple(joined((changed(flag.text, _capital), '.'), '') for flag in flags)
    sd = '' if bias.sd_percent is None else f' ± {bias.sd_percent:.2f}'
    side = _('within') if bias.passed else _('outside')
    said = _('The bias of {percent:+.2f}{sd} % is {side} ± {limit:g} %.').format(
        percent=bias.percent, sd=sd, side=side, limit=EARL_BIAS_PERCENT
    )
    kept = Level.WARNING if doubts else Level.PASS
    return Outcome(STANDARD, kept if bias.passed else Level.FAIL, (said, *doubts))


def _capital(text: str) -> str:
    return f'{text[:1].upper()}{text[1:]}'.rstrip('.')


def _nema(result: AnalysisResult) -> Outcome:
    if result.nema is not None:
        return Outcome('NEMA NU 2', Level.NOT_JUDGED, (NO_LIMITS,))
    why = tuple(note for note in result.notes if 'NEMA' in note)
    return Outcome('NEMA NU 2', Level.NOT_JUDGED, why or (_('It was not evaluated.'),))


def _conditions(result: AnalysisResult, baseline: Baseline | None) -> Conditions:
    whole = () if result.recovery is None else result.recovery.flags
    return Conditions(
        phantom=result.phantom,
        doubt=result.doubt,
        ratio=None if result.activity is None else result.activity.ratio,
        edition=_edition(result) or '',
        flags=(*result.flags, *whole),
        missing=lambda quantity: _why_missing(result, quantity),
        no_change=NO_BASELINE if baseline is None else baseline.unsure,
    )


def _why_missing(result: AnalysisResult, quantity: str) -> str:
    """Why a quantity has no value, as far as that is known."""
    if QUANTITY_OF[quantity].part == 'cylinder':
        return _why_no_cylinder(result)
    if result.cylinder is not None:
        return _('a uniform cylinder was measured')
    if QUANTITY_OF[quantity].part == 'recovery':
        return _why_no_recovery(result)
    if result.nema is None:
        return _('NEMA NU 2 was not evaluated')
    unknown = result.activity is None or result.activity.ratio is None
    if quantity in _NEED_ACTIVITY and unknown:
        return ACTIVITY_UNKNOWN
    return _('it could not be measured')


_NEED_ACTIVITY = ('contrast_percent', 'detectability', 'calibration_error_percent')


def _why_no_cylinder(result: AnalysisResult) -> str:
    if result.cylinder is None:
        return _('no uniform cylinder was measured')
    return result.cylinder.bias.not_judged or _('it could not be measured')


def _why_no_recovery(result: AnalysisResult) -> str:
    found = result.recovery
    if found is None:
        return _('no recovery was evaluated')
    if found.relative and (result.activity is None or result.image.unit == CONCENTRATION_UNIT):
        return ACTIVITY_UNKNOWN
    if found.relative:
        unit = unit_text(VALUE_UNIT, result.image.unit)
        return _('the values of the image ({unit}) are no concentrations in {wanted}').format(
            unit=unit, wanted=CONCENTRATION_UNIT
        )
    return joined(found.notes) or _('it could not be measured')
