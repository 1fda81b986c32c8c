"""Recovery coefficients: how they are shown; relative ones have names of their own."""

from __future__ import annotations

from dataclasses import asdict
from itertools import chain
from typing import Any

from ...core.sentence import Sentence, changed, joined, sentences
from ...evaluate.a50 import A50_THRESHOLD_FORMULA
from ...evaluate.limits import QUANTITY_NAMES, Quantity
from ...evaluate.recovery import RecoveryResult, SphereRecovery
from ...measure.moving_voi import PEAK_VOLUME_MM3
from ...results import AnalysisResult
from ..table import VALUE_UNIT, Measure, Table, tabulate, unit_text
from .limits import LIMIT_KEY, RC_DECIMALS, limit_columns, limit_notes, verdict_columns
from .subject import (
    FLAGS,
    LABEL,
    PERCENT_DECIMALS,
    Pair,
    Plot,
    Subject,
    flag_notes,
    flag_pairs,
    numbered,
)

_ = sentences(__name__)

RELATIVE_NAMES: dict[Quantity, str] = {
    'rc_max': _('Relative max'),
    'rc_mean': _('Relative A50 mean'),
    'rc_peak': _('Relative peak'),
}
RELATIVE_KEYS: dict[Quantity, str] = {
    'rc_max': 'relative_max',
    'rc_mean': 'relative_mean',
    'rc_peak': 'relative_peak',
}
"""What coefficients are called where the activity is unknown."""

_PEAK_CM3 = f'{PEAK_VOLUME_MM3 / 1000:g}'
_MEANINGS: dict[Quantity, Sentence] = {
    'rc_max': _('Highest voxel of the sphere over the {reference}.'),
    'rc_mean': _(
        'Mean of the A50 VOI, the voxels connected to the maximum that reach half way up from the '
        'background, over the {reference}.'
    ),
    'rc_peak': _('Peak, a mean in {volume_cm3} cm³, over the {reference}.'),
}


def _columns(found: RecoveryResult) -> list[Measure[SphereRecovery]]:
    """Coefficients beside their limits, a verdict of each standard, and the values divided."""
    return [
        LABEL,
        Measure(
            'diameter_mm',
            _('Diameter'),
            'mm',
            _('Inner diameter of the sphere.'),
            lambda sphere: sphere.diameter_mm,
            decimals=1,
        ),
        *chain.from_iterable(
            [_coefficient(quantity, found), *limit_columns(found, quantity)]
            for quantity in QUANTITY_NAMES
        ),
        Measure(
            'sd_percent',
            _('u(RC), k = 1'),
            '%',
            _('Relative standard uncertainty (68 %) that the fill gives each coefficient.'),
            lambda sphere: sphere.sd_percent,
            decimals=PERCENT_DECIMALS,
            optional=True,
        ),
        *verdict_columns(found),
        *_VALUE_COLUMNS,
        Measure(
            'remark',
            _('Remark'),
            '',
            _('What must be said beside the numbers of this line.'),
            lambda sphere: _remark(sphere, found),
            optional=True,
        ),
        FLAGS,
    ]


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
    return changed(found.reference_rule, _before_colon)


def _before_colon(text: str) -> str:
    return text.partition(':')[0]


def _coefficient(quantity: Quantity, found: RecoveryResult) -> Measure[SphereRecovery]:
    title = RELATIVE_NAMES[quantity] if found.relative else QUANTITY_NAMES[quantity]
    reference = reference_name(found)
    meaning = _MEANINGS[quantity].format(reference=reference, volume_cm3=_PEAK_CM3)
    no_limits = _('Not a recovery coefficient, and not to be compared with limits.')
    return Measure(
        RELATIVE_KEYS[quantity] if found.relative else quantity,
        title,
        '',
        joined((meaning, no_limits)) if found.relative else meaning,
        lambda sphere: getattr(sphere, quantity),
        decimals=RC_DECIMALS,
    )


_VALUE_COLUMNS: list[Measure[SphereRecovery]] = [
    Measure(
        'max',
        _('Max'),
        VALUE_UNIT,
        _('Highest voxel of the sphere, of those at least half inside.'),
        lambda sphere: sphere.max,
    ),
    Measure('a50_mean', _('A50 mean'), VALUE_UNIT, _('Mean of the A50 VOI.'), lambda s: s.a50_mean),
    Measure(
        'peak',
        _('Peak'),
        VALUE_UNIT,
        _('Mean in {peak_cm3} cm³; see Method.').format(peak_cm3=_PEAK_CM3),
        lambda s: s.peak,
    ),
    Measure(
        'a50_threshold',
        _('A50 threshold'),
        VALUE_UNIT,
        _('{formula} with the background B; see Method.').format(formula=A50_THRESHOLD_FORMULA),
        lambda sphere: sphere.a50_threshold,
    ),
    Measure(
        'a50_volume_ml',
        _('A50 volume'),
        'mL',
        _('Volume of the A50 VOI, of whole voxels.'),
        lambda sphere: sphere.a50_volume_ml,
        decimals=3,
    ),
]


def _remark(sphere: SphereRecovery, found: RecoveryResult) -> str:
    if found.relative:
        return _('divided by the {reference}: relative, not a recovery coefficient').format(
            reference=reference_name(found)
        )
    return joined(limit_notes(sphere.verdicts), '; ')


def _tables(result: AnalysisResult) -> list[Table]:
    found, unit = result.recovery, result.image.unit
    if found is None:
        return []
    title = _('Relative recovery') if found.relative else _('Recovery')
    return [tabulate('recovery', title, _columns(found), found.spheres, unit=unit)]


_DEFINITIONS: tuple[Pair, ...] = (
    ('RCmax', 'highest voxel of the sphere / a_H'),
    (
        'RCmean (A50)',
        (
            f'mean of the voxels connected to the maximum that are >= {A50_THRESHOLD_FORMULA}, '
            'holes filled, / a_H'
        ),
    ),
    ('RCpeak', f'mean in a sphere of {_PEAK_CM3} cm3 / a_H'),
    ('Recovery', 'no background is subtracted; EANM / EARL'),
)


def _sections(result: AnalysisResult) -> dict[str, list[Pair]]:
    found = result.recovery
    if found is None:
        return {}
    return {'Recovery': _pairs(found, unit_text(VALUE_UNIT, result.image.unit))}


def _pairs(found: RecoveryResult, unit: str) -> list[Pair]:
    kind = 'relative, compared with no limits' if found.relative else 'recovery coefficients'
    names = RELATIVE_NAMES if found.relative else QUANTITY_NAMES
    falling = ', '.join(names[name] for name in found.not_monotonic)
    return [
        ('Kind', kind),
        ('Divided by', found.reference_rule),
        (f'Divided by [{unit}]', found.reference),
        ('Background B of A50', found.background_rule),
        (f'Background B of A50 [{unit}]', found.background),
        ('Peak', found.peak_rule),
        ('Compared with', ', '.join(found.standards) or 'nothing'),
        *([('Not monotonic', falling)] if falling else []),
        *flag_pairs(found.flags),
        *numbered('Note', found.notes),
    ]


def _flag_notes(result: AnalysisResult) -> list[str]:
    spheres = result.recovery.spheres if result.recovery is not None else ()
    return flag_notes((sphere.label, sphere.flags) for sphere in spheres)


def _json(result: AnalysisResult) -> dict[str, Any]:
    found = result.recovery
    if found is None:
        return {'recovery': None}
    spheres = [_sphere_json(sphere, found) for sphere in found.spheres]
    return {'recovery': {**asdict(found), 'spheres': spheres}}


def _sphere_json(sphere: SphereRecovery, found: RecoveryResult) -> dict[str, Any]:
    """Relative coefficients have names of their own, so that none is taken for a recovery."""
    absolute: dict[str, Any] = {
        key: None if found.relative else getattr(sphere, key) for key in QUANTITY_NAMES
    }
    relative = {
        name: getattr(sphere, key) if found.relative else None
        for key, name in RELATIVE_KEYS.items()
    }
    return {**asdict(sphere), **absolute, **relative}


RECOVERY = Subject(
    'recovery',
    tables=_tables,
    definitions=lambda result: _DEFINITIONS if result.recovery is not None else (),
    sections=_sections,
    json=_json,
    flag_notes=_flag_notes,
    plots=(
        *(
            Plot(
                quantity.replace('rc_', 'recovery_'),
                _('{name} against diameter').format(name=name),
                'recovery',
                'diameter_mm',
                (quantity,),
                f'{LIMIT_KEY}{quantity}_',
            )
            for quantity, name in QUANTITY_NAMES.items()
        ),
        Plot(
            'relative_recovery',
            _('Relative recovery against diameter'),
            'recovery',
            'diameter_mm',
            tuple(RELATIVE_KEYS.values()),
        ),
    ),
    summary=tuple(('recovery', key) for key in (*QUANTITY_NAMES, *RELATIVE_KEYS.values())),
)
