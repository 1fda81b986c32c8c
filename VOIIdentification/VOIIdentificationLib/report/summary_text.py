"""The summary of an analysis as lines for a terminal: spheres, figures, notes, verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..evaluate.judgement import Outcome, OverallVerdict
from ..evaluate.limits import Level
from ..results import AnalysisResult
from .summary import Figure, Summary, SummaryColumn, summarize, trace_line

_GAP = '  '
_MAX_REASONS = 6
"""Of a verdict that are printed; all of them stand in the report."""


def summary_lines(result: AnalysisResult) -> tuple[str, ...]:
    """
    Say what was found: numbers first, the verdict last, where the eye rests.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    lines : tuple of str
        For a screen of about 120 characters; names may hold anything.
    """
    summary = summarize(result)
    return (
        trace_line(result),
        '',
        *(_table([_centers(result), *_without_limits(summary)]) if result.spheres else ()),
        *_figures(summary.figures),
        '',
        *(f'Note: {note}' for note in summary.notes),
        *_verdicts(summary.outcomes),
        *([_overall(summary.verdict)] if summary.verdict.outcomes else []),
    )


def _centers(result: AnalysisResult) -> SummaryColumn:
    texts = (' '.join(f'{x:7.2f}' for x in voi.center_ras_mm) for voi in result.spheres)
    return SummaryColumn.of_texts('center R, A, S [mm]', texts)


def _without_limits(summary: Summary) -> list[SummaryColumn]:
    """Values alone: what lies outside limits is said with the verdict."""
    return [column for column in summary.spheres if not column.of_limits]


def _table(columns: Sequence[SummaryColumn]) -> Iterator[str]:
    center, label, *others = columns
    ordered = [label, center, *others]
    cells = [(*_title_and_unit(column.header), *column.texts()) for column in ordered]
    widths = [max(map(len, column)) for column in cells]
    for line in zip(*cells, strict=True):
        first, *rest = zip(line, widths, strict=True)
        yield _GAP.join([f'{first[0]:{first[1]}}', *(f'{text:>{w}}' for text, w in rest)])


def _title_and_unit(header: str) -> tuple[str, str]:
    title, bracket, unit = header.rpartition(' [')
    return (title, f'[{unit}') if bracket else (header, '')


def _figures(figures: Sequence[Figure]) -> Iterator[str]:
    if figures:
        yield ''
        yield '; '.join(_figure(one) for one in figures)


def _figure(one: Figure) -> str:
    spread = '' if one.sd_percent is None else f', u {one.sd_percent:.2g} %'
    return f'{one.name} {one.value:.{one.decimals}f} {one.unit}'.rstrip() + spread


def _overall(verdict: OverallVerdict) -> str:
    return f'Overall verdict: {verdict.level.value.upper()}'


def _verdicts(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """A line a standard; what it holds against the scan below it."""
    for one in outcomes:
        reasons = one.reasons[:_MAX_REASONS]
        more = len(one.reasons) - len(reasons)
        if one.level is Level.NOT_JUDGED:
            yield f'{one.standard}: {one.level.value.upper()}. {" ".join(reasons)}'
            continue
        yield f'{one.standard}: {one.level.value.upper()}'
        yield from (f'  {reason}' for reason in reasons)
        if more:
            yield f'  and {more} more, in the report'
