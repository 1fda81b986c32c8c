"""Columns of recovery coefficients and their limits; relative ones have other names."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...evaluate.limits import QUANTITY_NAMES, Quantity, Verdict
from ...evaluate.recovery import RecoveryResult, SphereRecovery
from ..table import VALUE_UNIT, Cell, Measure

PASS, FAIL = 'pass', 'fail'
"""The words of a verdict; a verdict of a sphere begins with one of them."""

LIMIT_KEY = 'limit_'
"""First letters of the keys of columns of limits."""

VERDICT_KEY = 'verdict'
"""First letters of the keys of columns of verdicts."""

_RC_DECIMALS = 3

RELATIVE_NAMES: dict[Quantity, str] = {
    'rc_max': 'Relative max',
    'rc_mean': 'Relative A50 mean',
    'rc_peak': 'Relative peak',
}
RELATIVE_KEYS: dict[Quantity, str] = {
    'rc_max': 'relative_max',
    'rc_mean': 'relative_mean',
    'rc_peak': 'relative_peak',
}
"""What coefficients are called where the activity is unknown."""

_MEANINGS: dict[Quantity, str] = {
    'rc_max': 'Highest voxel of the sphere',
    'rc_mean': 'Mean of the A50 VOI, the voxels connected to the maximum that reach half way up '
    'from the background,',
    'rc_peak': 'Peak, a mean in 1 cm³,',
}


def recovery_columns(found: RecoveryResult) -> list[Measure[SphereRecovery]]:
    """
    Columns of one line a sphere.

    Parameters
    ----------
    found : RecoveryResult
        What was found.

    Returns
    -------
    columns : list of Measure
        Coefficients, a verdict and the limits of each standard, and the
        values that were divided. Relative coefficients have neither verdict
        nor limits.
    """
    return [
        Measure('label', 'Sphere', '', 'Label of the insert.', lambda sphere: sphere.label),
        Measure(
            'diameter_mm',
            'Diameter',
            'mm',
            'Inner diameter of the sphere.',
            lambda sphere: sphere.diameter_mm,
            decimals=1,
        ),
        *(_coefficient(quantity, found) for quantity in QUANTITY_NAMES),
        Measure(
            'sd_percent',
            'SD of RC',
            '%',
            'Relative standard uncertainty (68 %) that the fill gives each coefficient.',
            lambda sphere: sphere.sd_percent,
            decimals=2,
            optional=True,
        ),
        *(_verdict_column(name, found) for name in found.standards),
        *_VALUE_COLUMNS,
        *_limit_columns(found),
        Measure(
            'remark',
            'Remark',
            '',
            'What must be said beside the numbers of this line.',
            lambda sphere: _remark(sphere, found),
            optional=True,
        ),
        Measure(
            'flags',
            'Flags',
            '',
            'Reasons to doubt the values of this line; empty if there are none.',
            lambda sphere: '; '.join(flag.text for flag in sphere.flags),
        ),
    ]


def slug(name: str) -> str:
    """
    A name as part of a key.

    Parameters
    ----------
    name : str
        E.g. of a standard.

    Returns
    -------
    text : str
        Lower case, letters and digits, all else as underscores.

    Examples
    --------
    >>> slug('EARL 2')
    'earl_2'
    """
    return ''.join(letter if letter.isalnum() else '_' for letter in name.lower())


def reference_name(found: RecoveryResult) -> str:
    """
    What values were divided by.

    Parameters
    ----------
    found : RecoveryResult
        What was found.

    Returns
    -------
    text : str
        Without what the rule says of it.
    """
    return found.reference_rule.partition(':')[0]


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


def _coefficient(quantity: Quantity, found: RecoveryResult) -> Measure[SphereRecovery]:
    title = RELATIVE_NAMES[quantity] if found.relative else QUANTITY_NAMES[quantity]
    description = f'{_MEANINGS[quantity]} over the {reference_name(found)}.'
    if found.relative:
        description += ' Not a recovery coefficient, and not to be compared with limits.'
    return Measure(
        RELATIVE_KEYS[quantity] if found.relative else quantity,
        title,
        '',
        description,
        lambda sphere: getattr(sphere, quantity),
        decimals=_RC_DECIMALS,
    )


_VALUE_COLUMNS: list[Measure[SphereRecovery]] = [
    Measure(
        'max',
        'Max',
        VALUE_UNIT,
        'Highest voxel of the sphere, of those at least half inside.',
        lambda sphere: sphere.max,
    ),
    Measure('a50_mean', 'A50 mean', VALUE_UNIT, 'Mean of the A50 VOI.', lambda s: s.a50_mean),
    Measure('peak', 'Peak', VALUE_UNIT, 'Mean in 1 cm³; see Method.', lambda s: s.peak),
    Measure(
        'a50_threshold',
        'A50 threshold',
        VALUE_UNIT,
        'B + 0.5 (max - B) with the background B; see Method.',
        lambda sphere: sphere.a50_threshold,
    ),
    Measure(
        'a50_volume_ml',
        'A50 volume',
        'mL',
        'Volume of the A50 VOI, of whole voxels.',
        lambda sphere: sphere.a50_volume_ml,
        decimals=3,
    ),
]


def _verdict_column(standard: str, found: RecoveryResult) -> Measure[SphereRecovery]:
    notes = limit_notes(v for s in found.spheres for v in s.verdicts if v.standard == standard)
    return Measure(
        f'{VERDICT_KEY}_{slug(standard)}',
        f'Verdict {standard}',
        '',
        f'pass if every coefficient of the sphere lies within the limits {standard}, or on one; '
        f'otherwise fail, and which. {" ".join(f"{note}." for note in notes)}'.strip(),
        lambda sphere: _verdict_text(sphere, standard),
    )


def _verdict_text(sphere: SphereRecovery, standard: str) -> str:
    judged = [one for one in sphere.verdicts if one.standard == standard]
    failed = [QUANTITY_NAMES[one.quantity] for one in judged if not one.passed]
    if not judged:
        return ''
    return f'{FAIL}: {", ".join(failed)}' if failed else PASS


def _remark(sphere: SphereRecovery, found: RecoveryResult) -> str:
    if found.relative:
        return f'divided by the {reference_name(found)}: relative, not a recovery coefficient'
    return '; '.join(limit_notes(sphere.verdicts))


def _limit_columns(found: RecoveryResult) -> list[Measure[SphereRecovery]]:
    """Low and high limit of each standard and coefficient, notes in the title."""
    pairs = dict.fromkeys((v.standard, v.quantity) for s in found.spheres for v in s.verdicts)
    return [
        _limit_column(standard, quantity, end, found)
        for standard, quantity in pairs
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
    return Measure(
        f'{LIMIT_KEY}{quantity}_{slug(standard)}_{end}',
        f'{standard} {QUANTITY_NAMES[quantity]} {end}' + (f' ({notes})' if notes else ''),
        '',
        f'{end.capitalize()} limit of {QUANTITY_NAMES[quantity]}: {sources}.',
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


@dataclass(frozen=True)
class VerdictLine:
    """
    One coefficient of one sphere against one pair of limits.

    Attributes
    ----------
    sphere : SphereRecovery
        Whose coefficient it is.

    verdict : Verdict
        The comparison.
    """

    sphere: SphereRecovery
    verdict: Verdict


def _text_of(name: str) -> Callable[[VerdictLine], Cell]:
    return lambda line: getattr(line.verdict, name)


VERDICT_COLUMNS: list[Measure[VerdictLine]] = [
    Measure('label', 'Sphere', '', 'Label of the insert.', lambda line: line.sphere.label),
    Measure(
        'diameter_mm',
        'Diameter',
        'mm',
        'Inner diameter of the sphere.',
        lambda line: line.sphere.diameter_mm,
        decimals=1,
    ),
    Measure(
        'quantity',
        'Coefficient',
        '',
        'Which recovery coefficient.',
        lambda line: QUANTITY_NAMES[line.verdict.quantity],
    ),
    Measure(
        'value',
        'Value',
        '',
        'The coefficient.',
        lambda line: getattr(line.sphere, line.verdict.quantity),
        decimals=_RC_DECIMALS,
    ),
    Measure('standard', 'Standard', '', 'Name of the limits.', _text_of('standard')),
    Measure('low', 'Low', '', 'Low limit; itself allowed.', _text_of('low'), decimals=2),
    Measure('high', 'High', '', 'High limit; itself allowed.', _text_of('high'), decimals=2),
    Measure(
        VERDICT_KEY,
        'Verdict',
        '',
        'pass within the limits or on one, fail outside.',
        lambda line: PASS if line.verdict.passed else FAIL,
    ),
    Measure(
        'margin',
        'Margin',
        '',
        'Distance to the nearer limit; negative outside.',
        _text_of('margin'),
        decimals=_RC_DECIMALS,
    ),
    Measure(
        'note',
        'Note',
        '',
        'What must be said wherever these limits are shown; empty if nothing.',
        _text_of('note'),
    ),
    Measure('source', 'Source', '', 'Where the limits come from.', _text_of('source')),
    Measure('version', 'Version', '', 'Of the source.', _text_of('version')),
]
