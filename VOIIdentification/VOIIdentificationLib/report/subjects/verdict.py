"""The overall verdict, every comparison behind it, and the baseline: how they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ...core.sentence import joined, sentences
from ...evaluate.baseline import CHANGE_FORMULA, CHANGE_SD_FORMULA, Baseline, Change
from ...evaluate.limits import Level
from ...evaluate.quantities import QUANTITY_OF
from ...evaluate.verdict import Judged
from ...results import AnalysisResult
from ..table import Cell, Measure, Table, tabulate
from .limits import LIMIT_COLUMNS, RC_DECIMALS, VERDICT_KEY
from .subject import PERCENT_DECIMALS, Pair, Subject, numbered

_ = sentences(__name__)

_OVERALL = _('Overall')

_SD_OF = {
    '': '',
    'noise': _('noise'),
    'fill': _('fill'),
    'noise and fill': _('noise and fill'),
}
"""What an uncertainty holds, in words."""

_Line = tuple[str, Level, str]
"""Whose verdict, the word, and one reason."""


def _lines(result: AnalysisResult) -> Iterator[_Line]:
    """The overall verdict first, then each profile with its reasons."""
    found = result.verdict
    yield _OVERALL, found.level, joined(found.reasons, '; ') if not found.outcomes else ''
    for one in found.outcomes:
        for reason in one.reasons:
            yield one.standard, one.level, reason


_VERDICT_COLUMNS: list[Measure[_Line]] = [
    Measure(
        'profile',
        _('Profile'),
        '',
        _('Whose verdict: the worst is the overall one.'),
        lambda x: x[0],
    ),
    Measure(VERDICT_KEY, _('Verdict'), '', _('Of the whole profile.'), lambda line: line[1].text),
    Measure('reason', _('Reason'), '', _('Why, the gravest first.'), lambda line: line[2]),
]

_WARNING_COLUMNS: list[Measure[Judged]] = [
    Measure(
        key,
        title,
        '',
        _('{title}: outside of it the verdict is a warning.').format(title=title),
        lambda row, key=key: getattr(row.verdict, key),  # type: ignore[misc]
        decimals=2,
        optional=True,
    )
    for key, title in (('warning_low', _('Warns below')), ('warning_high', _('Warns above')))
]


def _unit(row: Judged) -> Cell:
    return _('% of the baseline') if row.of == 'change_percent' else row.unit


_UNIT: Measure[Judged] = Measure('unit', _('Unit'), '', _('Of value and limits.'), _unit)

_CHANGE_COLUMNS: list[Measure[Change]] = [
    Measure(
        'label',
        _('Sphere'),
        '',
        _('Label of the insert; empty for a value of the whole scan.'),
        lambda one: one.label,
    ),
    Measure(
        'quantity',
        _('Quantity'),
        '',
        _('What is compared.'),
        lambda one: QUANTITY_OF[one.quantity].title,
    ),
    Measure(
        'value', _('Value'), '', _('Of this scan.'), lambda one: one.value, decimals=RC_DECIMALS
    ),
    Measure(
        'baseline',
        _('Baseline'),
        '',
        _('Of the baseline.'),
        lambda one: one.baseline,
        decimals=RC_DECIMALS,
    ),
    Measure('unit', _('Unit'), '', _('Of both.'), lambda one: one.unit),
    Measure(
        'change_percent',
        _('Change'),
        '%',
        _('{formula}; of a calibration error that of the ratio C_B / a_B.').format(
            formula=CHANGE_FORMULA
        ),
        lambda one: one.change_percent,
        decimals=PERCENT_DECIMALS,
    ),
    Measure(
        'sd',
        _('SD of change'),
        '',
        _(
            'Standard uncertainty (68 %) of the difference, in the unit: {formula}. Empty where '
            'neither noise nor fill is known of both.'
        ).format(formula=CHANGE_SD_FORMULA),
        lambda one: one.sd,
        decimals=RC_DECIMALS,
    ),
    Measure(
        'sd_of',
        _('SD of what'),
        '',
        _('Whether the uncertainty holds noise, fill, or both; what it lacks is not known.'),
        lambda one: _SD_OF[one.sd_of],
    ),
    Measure(
        'change_in_sd',
        _('Change / SD'),
        '',
        _('The difference in units of its uncertainty.'),
        lambda one: one.change_in_sd,
        decimals=PERCENT_DECIMALS,
    ),
]


def _tables(result: AnalysisResult) -> list[Table]:
    found, before = result.verdict, result.baseline
    tables = []
    if found.outcomes:
        columns = [*LIMIT_COLUMNS[:4], _UNIT, *LIMIT_COLUMNS[4:7], *_WARNING_COLUMNS]
        columns += LIMIT_COLUMNS[7:]
        tables.append(tabulate('verdict', _('Verdict'), _VERDICT_COLUMNS, [*_lines(result)]))
        tables.append(tabulate('limits', _('Limits'), columns, found.values))
    if before is not None:
        tables.append(tabulate('baseline', _('Baseline'), _CHANGE_COLUMNS, before.changes))
    return tables


def _sections(result: AnalysisResult) -> dict[str, list[Pair]]:
    found, before = result.verdict, result.baseline
    pairs: list[Pair] = [('Overall', found.level.value), *numbered('Reason', found.reasons)]
    pairs += [(f'Limits {one.standard}', f'set by: {one.kind}') for one in found.outcomes]
    sources = dict.fromkeys(
        (
            f'Limits {one.verdict.standard}',
            f'{one.verdict.source}; version {one.verdict.version}'
            + (f'; {one.verdict.note}' if one.verdict.note else ''),
        )
        for one in found.values
    )
    sections = {'Verdict': [*pairs, *sources]}
    return sections if before is None else {**sections, 'Baseline': _baseline_pairs(before)}


def _baseline_pairs(before: Baseline) -> list[Pair]:
    return [
        ('File', before.file),
        ('Series instance UID', before.series_uid),
        ('Scanned at', before.scanned_at),
        ('Analyzed at', before.analyzed_at),
        ('Software', before.software),
        ('Change', f'{CHANGE_FORMULA}; uncertainty: {CHANGE_SD_FORMULA}'),
        *([('Not judged', before.unsure)] if before.unsure else []),
        *numbered('Note', before.notes),
    ]


def _json(result: AnalysisResult) -> dict[str, Any]:
    found, before = result.verdict, result.baseline
    verdict = {
        'level': found.level.value,
        'reasons': found.reasons,
        'profiles': [
            {
                'name': one.standard,
                'kind': one.kind,
                'level': one.level.value,
                'reasons': one.reasons,
            }
            for one in found.outcomes
        ],
        'values': [_judged_json(one) for one in found.values],
    }
    return {'verdict': verdict, 'baseline': None if before is None else _baseline_json(before)}


def _judged_json(one: Judged) -> dict[str, Any]:
    limit = asdict(one.verdict)
    return {
        'profile': limit.pop('standard'),
        'quantity': limit.pop('quantity'),
        'of': one.of,
        'label': one.label,
        'diameter_mm': one.diameter_mm,
        'value': one.value,
        'unit': one.unit,
        'level': limit.pop('level').value,
        **limit,
    }


def _baseline_json(before: Baseline) -> dict[str, Any]:
    own = asdict(before)
    del own['values'], own['changes']
    changes = [
        {**asdict(one), **{key: getattr(one, key) for key in ('change_percent', 'change_in_sd')}}
        for one in before.changes
    ]
    return {**own, 'changes': changes}


VERDICT = Subject('verdict', tables=_tables, sections=_sections, json=_json)
