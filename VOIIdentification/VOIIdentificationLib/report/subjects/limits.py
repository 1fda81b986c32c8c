"""Limits, and what they say of recovery coefficients: how both are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ...core.sentence import joined, sentences
from ...evaluate.limits import QUANTITY_NAMES, Level, Quantity
from ...evaluate.recovery import RecoveryResult, SphereRecovery
from ...evaluate.verdict import Judged, Verdict
from ...results import AnalysisResult
from ..table import Cell, Measure, Table, tabulate
from .subject import Pair, Subject

_ = sentences(__name__)

PASS, WARNING = Level.PASS.value, Level.WARNING.value
FAIL, NOT_JUDGED = Level.FAIL.value, Level.NOT_JUDGED.value
"""The words of a verdict; a verdict of a sphere begins with one of them."""

LIMIT_KEY = 'limit_'
"""First letters of the keys of columns of limits."""

VERDICT_KEY = 'verdict'
"""First letters of the keys of columns of verdicts."""

RC_DECIMALS = 3

_ENDS = {'low': _('low'), 'high': _('high')}
_END_MEANINGS = {
    'low': _('Low limit of {quantity}: {said}.'),
    'high': _('High limit of {quantity}: {said}.'),
}


def limit_notes(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """
    What must be said beside some limits.

    Parameters
    ----------
    verdicts : iterable of Verdict
        Comparisons with limits.

    Returns
    -------
    sentences : tuple of str
        Each once, naming standard and coefficients.
    """
    named: dict[tuple[str, str], dict[str, None]] = {}
    for one in verdicts:
        if one.note:
            named.setdefault((one.standard, one.note), {})[QUANTITY_NAMES[one.quantity]] = None
    return tuple(
        f'{standard} {", ".join(names)}: {note}' for (standard, note), names in named.items()
    )


def verdict_columns(found: RecoveryResult) -> list[Measure[SphereRecovery]]:
    """
    The verdict of each standard.

    Parameters
    ----------
    found : RecoveryResult
        What was found.

    Returns
    -------
    columns : list of Measure
        Of lines that are spheres; none for relative coefficients.
    """
    return [_verdict_column(standard, found) for standard in found.standards]


def _verdict_column(standard: str, found: RecoveryResult) -> Measure[SphereRecovery]:
    notes = limit_notes(v for s in found.spheres for v in s.verdicts if v.standard == standard)
    return Measure(
        f'{VERDICT_KEY}_{_slug(standard)}',
        _('Verdict {standard}').format(standard=standard),
        '',
        _said_of_verdicts(standard, notes),
        lambda sphere: _verdict_text(sphere, standard),
    )


def _said_of_verdicts(standard: str, notes: Iterable[str]) -> str:
    meaning = _(
        'pass if every coefficient of the sphere lies within the limits {standard}, or on one; '
        'otherwise fail, and which. not judged, and why, where a condition of the limits is not '
        'met or the result is in doubt.'
    ).format(standard=standard)
    return joined((meaning, *(f'{note}.' for note in notes)))


def _verdict_text(sphere: SphereRecovery, standard: str) -> str:
    judged = [one for one in sphere.verdicts if one.standard == standard]
    failed = [QUANTITY_NAMES[one.quantity] for one in judged if one.passed is False]
    open_ones = [one for one in judged if one.not_judged]
    if not judged:
        return ''
    parts = [joined((Level.FAIL.text, ', '.join(failed)), ': ')] if failed else []
    if open_ones:
        reasons = joined(dict.fromkeys(one.not_judged for one in open_ones), '; ')
        names = ', '.join(QUANTITY_NAMES[one.quantity] for one in open_ones)
        of = () if len(open_ones) == len(judged) else (names,)
        parts.append(joined((Level.NOT_JUDGED.text, *of, reasons), ': '))
    return joined(parts, '; ') if parts else Level.PASS.text


def limit_columns(found: RecoveryResult, quantity: Quantity) -> list[Measure[SphereRecovery]]:
    """
    Low and high limit of each standard for one coefficient.

    Parameters
    ----------
    found : RecoveryResult
        What was found.

    quantity : str
        Which coefficient.

    Returns
    -------
    columns : list of Measure
        Of lines that are spheres; that limits are indicative stands in the title.
    """
    of_quantity = (v for s in found.spheres for v in s.verdicts if v.quantity == quantity)
    return [
        _limit_column(standard, quantity, end, found)
        for standard in dict.fromkeys(v.standard for v in of_quantity)
        for end in ('low', 'high')
    ]


def _limit_column(
    standard: str, quantity: Quantity, end: str, found: RecoveryResult
) -> Measure[SphereRecovery]:
    rows = [
        v
        for s in found.spheres
        for v in s.verdicts
        if (v.standard, v.quantity) == (standard, quantity)
    ]
    sources = '; '.join(dict.fromkeys(f'{one.source}, {one.version}' for one in rows))
    notes = ', '.join(dict.fromkeys(one.note for one in rows if one.note))
    said = f'{sources}; {notes}' if notes else sources
    return Measure(
        f'{LIMIT_KEY}{quantity}_{_slug(standard)}_{end}',
        limit_title(f'{QUANTITY_NAMES[quantity]} {standard}', end, indicative=bool(notes)),
        '',
        _END_MEANINGS[end].format(quantity=QUANTITY_NAMES[quantity], said=said),
        lambda sphere: next(
            (
                getattr(one, end)
                for one in sphere.verdicts
                if (one.standard, one.quantity) == (standard, quantity)
            ),
            None,
        ),
        decimals=2,
    )


def limit_title(limited: str, end: str, *, indicative: bool = False) -> str:
    """
    Title of a column of limits.

    Parameters
    ----------
    limited : str
        Quantity and standard, or the standard alone.

    end : {'low', 'high'}
        Which limit.

    indicative : bool, optional
        True for limits that are not the standard's own words: second-hand, or read off a plot.

    Returns
    -------
    title : str
        Says all of it.
    """
    title = _('{limited} {end} (indicative)') if indicative else _('{limited} {end}')
    return title.format(limited=limited, end=_ENDS[end])


def _of_verdict(name: str) -> Callable[[Judged], Cell]:
    return lambda row: getattr(row.verdict, name)


LIMIT_COLUMNS: list[Measure[Judged]] = [
    Measure(
        'label',
        _('Sphere'),
        '',
        _('Label of the insert; empty for a value of the whole scan.'),
        lambda row: row.label,
    ),
    Measure(
        'diameter_mm',
        _('Diameter'),
        'mm',
        _('Inner diameter of the sphere.'),
        lambda row: row.diameter_mm,
        decimals=1,
    ),
    Measure(
        'quantity',
        _('Quantity'),
        '',
        _('What is limited.'),
        lambda row: row.title,
    ),
    Measure('value', _('Value'), '', _('The value.'), lambda row: row.value, decimals=RC_DECIMALS),
    Measure('standard', _('Standard'), '', _('Name of the limits.'), _of_verdict('standard')),
    Measure('low', _('Low'), '', _('Low limit; itself allowed.'), _of_verdict('low'), decimals=2),
    Measure(
        'high', _('High'), '', _('High limit; itself allowed.'), _of_verdict('high'), decimals=2
    ),
    Measure(
        VERDICT_KEY,
        _('Verdict'),
        '',
        _(
            'pass within the limits or on one, fail outside, warning outside a level of warning; '
            'not judged, and why, where a condition of the limits is not met or the result is in '
            'doubt.'
        ),
        lambda row: row.verdict.text,
    ),
    Measure(
        'margin',
        _('Margin'),
        '',
        _('Distance to the nearer limit; negative outside.'),
        _of_verdict('margin'),
        decimals=RC_DECIMALS,
    ),
    Measure(
        'note',
        _('Note'),
        '',
        _('What must be said wherever these limits are shown; empty if nothing.'),
        _of_verdict('note'),
    ),
    Measure('source', _('Source'), '', _('Where the limits come from.'), _of_verdict('source')),
    Measure('version', _('Version'), '', _('Of the source.'), _of_verdict('version')),
]


def _tables(result: AnalysisResult) -> list[Table]:
    spheres = () if result.recovery is None else result.recovery.spheres
    rows = [
        Judged(sphere.label, sphere.diameter_mm, getattr(sphere, one.quantity), '', 'value', one)
        for sphere in spheres
        for one in sphere.verdicts
    ]
    title = _('Recovery limits')
    return [tabulate('recovery_limits', title, LIMIT_COLUMNS, rows)] if rows else []


def _sections(result: AnalysisResult) -> dict[str, list[Pair]]:
    return {} if result.recovery is None else {'Limits': _limit_pairs(result.recovery)}


def _limit_pairs(found: RecoveryResult) -> list[Pair]:
    """Source and version of every limit that was used, and what must be said beside it."""
    verdicts = [one for sphere in found.spheres for one in sphere.verdicts]
    sources: dict[tuple[str, str], None] = dict.fromkeys(
        (
            f'{one.standard} {QUANTITY_NAMES[one.quantity]}',
            f'{one.source}; version {one.version}' + (f'; {one.note}' if one.note else ''),
        )
        for one in verdicts
    )
    return list(sources)


def _slug(name: str) -> str:
    """
    A name as part of a key.

    >>> _slug('EARL 2')
    'earl_2'
    """
    return ''.join(letter if letter.isalnum() else '_' for letter in name.lower())


LIMITS = Subject('limits', tables=_tables, sections=_sections)
