"""Tables of what is made of the measured spheres: NEMA, recovery, activity, SUV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..activity.worksheet import TrueActivity
from ..evaluate.lung import LungResidual
from ..evaluate.nema import NEMAResult
from ..evaluate.recovery import RecoveryResult
from ..results import AnalysisResult
from ..suv.scale import SUVScale
from .subjects.nema import (
    CONTRAST_COLUMNS,
    LEVEL_COLUMNS,
    LUNG_COLUMNS,
    ROI_COLUMNS,
    LungLine,
    ROILine,
    roi_mean_columns,
)
from .subjects.recovery import VERDICT_COLUMNS, VerdictLine, recovery_columns
from .table import VALUE_UNIT, Measure, Table, tabulate, unit_text

_FACT_DECIMALS = 3


def quality_tables(result: AnalysisResult) -> tuple[Table, ...]:
    """
    Every table beyond the statistics of the VOIs.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    tables : tuple of Table
        Keys ``'nema'``, ``'nema_summary'``, ``'background_variability'``,
        ``'background_rois'``, ``'background_roi_means'``, ``'lung'``;
        ``'recovery'``, ``'recovery_limits'``; ``'activity'``; ``'suv'``. What
        was not evaluated has no table.
    """
    unit = result.image.unit
    tables: list[Table] = []
    if result.nema is not None:
        tables += _nema_tables(result.nema, unit)
    if result.recovery is not None:
        tables += _recovery_tables(result.recovery, unit)
    if result.activity is not None:
        tables.append(_activity_table(result.activity))
    if result.suv is not None:
        tables.append(_suv_table(result.suv))
    return tuple(tables)


def _nema_tables(found: NEMAResult, unit: str) -> list[Table]:
    diameters = tuple(level.diameter_mm for level in found.background)
    tables = [
        tabulate('nema', 'NEMA contrast', CONTRAST_COLUMNS, found.spheres, unit=unit),
        tabulate('nema_summary', 'NEMA summary', _FACT_COLUMNS, _nema_facts(found, unit)),
        tabulate(
            'background_variability',
            'Background variability',
            LEVEL_COLUMNS,
            found.background,
            unit=unit,
        ),
        tabulate('background_rois', 'Background ROIs', ROI_COLUMNS, found.placement.rois),
        tabulate(
            'background_roi_means',
            'Background ROI means',
            roi_mean_columns(diameters),
            _roi_lines(found),
            unit=unit,
        ),
    ]
    if found.lung is not None:
        lines = _lung_lines(found.lung)
        tables.append(tabulate('lung', 'Lung residual', LUNG_COLUMNS, lines, unit=unit))
    return tables


def _recovery_tables(found: RecoveryResult, unit: str) -> list[Table]:
    title = 'Relative recovery' if found.relative else 'Recovery'
    tables = [tabulate('recovery', title, recovery_columns(found), found.spheres, unit=unit)]
    lines = [VerdictLine(sphere, one) for sphere in found.spheres for one in sphere.verdicts]
    if lines:
        tables.append(tabulate('recovery_limits', 'Recovery limits', VERDICT_COLUMNS, lines))
    return tables


def _roi_lines(found: NEMAResult) -> list[ROILine]:
    return [
        ROILine(
            roi.name,
            slice_k,
            tuple(float(level.roi_means[row, column]) for level in found.background),
        )
        for column, roi in enumerate(found.placement.rois)
        for row, slice_k in enumerate(found.placement.slices_k)
    ]


def _lung_lines(lung: LungResidual) -> list[LungLine]:
    values = (lung.roi_means, lung.error_percent, lung.same_slice_error_percent)
    return [
        LungLine(k, *(float(part) for part in parts))
        for k, *parts in zip(lung.slices_k, *values, strict=True)
    ]


@dataclass(frozen=True)
class _Fact:
    """One line of a list of single values; None where a value is not known."""

    name: str
    value: float | None
    unit: str
    meaning: str
    sd_percent: float | None = None


_FACT_COLUMNS: list[Measure[_Fact]] = [
    Measure('quantity', 'Quantity', '', 'What it is.', lambda fact: fact.name),
    Measure(
        'value',
        'Value',
        '',
        'In the unit of the line; empty where it is not known.',
        lambda fact: fact.value,
        decimals=_FACT_DECIMALS,
    ),
    Measure(
        'sd_percent',
        'SD',
        '%',
        'Relative standard uncertainty (68 %).',
        lambda fact: fact.sd_percent,
        decimals=2,
        optional=True,
    ),
    Measure('unit', 'Unit', '', 'Unit of the line.', lambda fact: fact.unit),
    Measure('meaning', 'Meaning', '', 'The definition.', lambda fact: fact.meaning),
]


def _nema_facts(found: NEMAResult, unit: str) -> list[_Fact]:
    ratio_text = 'a_H / a_B that the contrast of hot spheres was computed with.'
    if found.true_ratio is None:
        ratio_text = 'Unknown: no percent contrast of hot spheres.'
    shown = unit_text(VALUE_UNIT, unit)
    largest = found.background[0] if found.background else None
    lung = found.lung
    facts = [
        _Fact('True ratio', found.true_ratio, '', ratio_text),
    ]
    if largest is not None:
        facts += [
            _Fact(
                'Background C_B',
                largest.mean,
                shown,
                f'Mean of the {largest.diameter_mm:g} mm ROIs.',
            ),
            _Fact('Variability N', largest.variability_percent, '%', 'Of the same ROIs.'),
        ]
    if lung is not None:
        facts += [
            _Fact(
                'Lung residual',
                lung.mean_error_percent,
                '%',
                'Mean over the slices of 100 C_lung / C_B, by all 37 mm ROIs.',
            ),
            _Fact(
                'Lung residual by same slice',
                lung.mean_same_slice_error_percent,
                '%',
                'The same by the 37 mm ROIs of each slice.',
            ),
        ]
    return facts


def _activity_table(truth: TrueActivity) -> Table:
    at = 'at the reference time of the image'
    if truth.reference_time is not None:
        at = f'at {truth.reference_time:%Y-%m-%d %H:%M:%S}'
    facts = [
        _Fact(
            'a_H',
            truth.hot_bqml,
            'Bq/mL',
            f'Concentration in the spheres {at}.',
            truth.hot_sd_percent,
        ),
        _Fact(
            'a_B',
            truth.background_bqml,
            'Bq/mL',
            f'Concentration in the background {at}.',
            truth.background_sd_percent,
        ),
        _Fact(
            'a_H / a_B',
            truth.ratio,
            '',
            'True ratio; what both fills share cancels in its uncertainty.',
            truth.ratio_sd_percent,
        ),
        _Fact('Half-life', truth.half_life_s, 's', 'Used for the decay.'),
    ]
    return tabulate('activity', 'Activity', _FACT_COLUMNS, [*facts, *_decisions(truth.decisions)])


def _decisions(sentences: Sequence[str]) -> list[_Fact]:
    return [_Fact(f'Decision {n}', None, '', text) for n, text in enumerate(sentences, start=1)]


def _suv_table(scale: SUVScale) -> Table:
    unit = f'{scale.unit} per unit of the image'
    facts = [
        _Fact('Lowest factor', float(scale.factors.min()), unit, 'SUV over value, of all slices.'),
        _Fact('Highest factor', float(scale.factors.max()), unit, 'SUV over value, of all slices.'),
        *_decisions(scale.decisions),
        *(_Fact(f'Flag {flag.value}', None, '', flag.text) for flag in scale.flags),
    ]
    return tabulate('suv', 'SUV', _SUV_COLUMNS, facts)


_SUV_COLUMNS = [
    replace(measure, decimals=None) if measure.key == 'value' else measure
    for measure in _FACT_COLUMNS
]
