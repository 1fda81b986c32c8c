"""The true activity and the worksheet that it follows from: how both are shown."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ...activity.worksheet import Fill, FillWorksheet, TrueActivity
from ...activity.worksheet_json import worksheet_to_json
from ...core.sentence import sentences
from ...evaluate.uniform_cylinder import CylinderResult
from ...results import AnalysisResult
from ...suv.scale import SUVScale
from ..table import Table
from .subject import Fact, Pair, Subject, fact_table, flag_pairs, numbered

_ = sentences(__name__)

ACTIVITY_UNKNOWN = 'unknown: no percent contrast of hot spheres, no recovery, no verdict'

_CYLINDER_UNKNOWN = 'unknown: no bias, no verdict'


def _tables(result: AnalysisResult) -> list[Table]:
    truth = result.activity
    if truth is None:
        return []
    said = numbered(_('Decision'), truth.decisions)
    decisions = [Fact(name, None, '', text) for name, text in said]
    values = _facts(truth) if result.cylinder is None else _cylinder_facts(result.cylinder, truth)
    return [fact_table('activity', _('Activity'), [*values, *decisions])]


def _when(truth: TrueActivity) -> str:
    if truth.reference_time is None:
        return _('at the reference time of the image')
    return _('at {time:%Y-%m-%d %H:%M:%S}').format(time=truth.reference_time)


def _cylinder_facts(found: CylinderResult, truth: TrueActivity) -> list[Fact]:
    """The one fill of a uniform cylinder, whichever of both it was noted as."""
    true, sd = found.bias.true_bqml, found.bias.fill_sd_percent
    return [
        Fact(
            _('a'),
            true,
            'Bq/mL',
            _('Concentration in the cylinder {when}.').format(when=_when(truth)),
            sd,
        ),
        Fact(_('Half-life'), truth.half_life_s, 's', _('Used for the decay.')),
    ]


def _facts(truth: TrueActivity) -> list[Fact]:
    at = _when(truth)
    hot = _('Concentration in the spheres {when}.').format(when=at)
    background = _('Concentration in the background {when}.').format(when=at)
    ratio = _('True ratio; what both fills share cancels in its uncertainty.')
    return [
        Fact(_('a_H'), truth.hot_bqml, 'Bq/mL', hot, truth.hot_sd_percent),
        Fact(_('a_B'), truth.background_bqml, 'Bq/mL', background, truth.background_sd_percent),
        Fact(_('a_H / a_B'), truth.ratio, '', ratio, truth.ratio_sd_percent),
        Fact(_('Half-life'), truth.half_life_s, 's', _('Used for the decay.')),
    ]


def _sections(result: AnalysisResult) -> dict[str, list[Pair]]:
    evaluated = result.nema is not None or result.recovery is not None
    unknown = ACTIVITY_UNKNOWN if result.cylinder is None else _CYLINDER_UNKNOWN
    sections = {
        'Worksheet': _worksheet_pairs(result.worksheet) if result.worksheet else [],
        'Activity': _activity_pairs(result.activity) if result.activity else [],
    }
    if (evaluated or result.cylinder is not None) and result.activity is None:
        sections['Activity'] = [('True activity', unknown)]
    return sections


def _worksheet_pairs(sheet: FillWorksheet) -> list[Pair]:
    return [
        ('Isotope', sheet.isotope),
        ('Half-life given [s]', sheet.half_life_s),
        ('Half-life SD given [s]', sheet.half_life_sd_s),
        ('Scan start', sheet.scan_start.isoformat(sep=' ')),
        ('Scan duration [s]', sheet.scan_duration_s),
        ('Image decay-corrected', 'yes' if sheet.decay_corrected else 'no'),
        ('Calibrator SD [%]', sheet.calibrator_sd_percent),
        ('Clock SD [s]', sheet.clock_sd_s),
        ('Noted time SD [s]', sheet.reading_time_sd_s),
        *_fill_pairs('Hot', sheet.hot),
        *_fill_pairs('Background', sheet.background),
    ]


def _fill_pairs(name: str, fill: Fill | None) -> list[Pair]:
    if fill is None:
        return [(name, 'no activity')]
    residual = '' if fill.residual_time is None else fill.residual_time.isoformat(sep=' ')
    return [
        (f'{name}: assay [MBq]', fill.assay_mbq),
        (f'{name}: assay time', fill.assay_time.isoformat(sep=' ')),
        (f'{name}: residual [MBq]', fill.residual_mbq),
        (f'{name}: residual time', residual),
        (f'{name}: volume [mL]', fill.volume_ml),
        (f'{name}: volume SD [%]', fill.volume_sd_percent),
        (f'{name}: reading SD [%]', fill.reading_sd_percent),
    ]


def _activity_pairs(truth: TrueActivity) -> list[Pair]:
    reference = truth.reference_time
    return [
        ('a_H [Bq/mL]', truth.hot_bqml),
        ('a_H SD [%]', truth.hot_sd_percent),
        ('a_B [Bq/mL]', truth.background_bqml),
        ('a_B SD [%]', truth.background_sd_percent),
        ('a_H / a_B', truth.ratio),
        ('a_H / a_B SD [%]', truth.ratio_sd_percent),
        ('Reference time', None if reference is None else reference.isoformat(sep=' ')),
        ('Half-life [s]', truth.half_life_s),
        *numbered(_('Decision'), truth.decisions),
    ]


def _json(result: AnalysisResult) -> dict[str, Any]:
    if result.activity is None and result.worksheet is None:
        return {'activity': None}
    worksheet = None if result.worksheet is None else worksheet_to_json(result.worksheet)
    truth = {} if result.activity is None else asdict(result.activity)
    return {'activity': {**truth, 'worksheet': worksheet}}


ACTIVITY = Subject(
    'activity',
    tables=_tables,
    sections=_sections,
    json=_json,
    headline=tuple(('activity', name) for name in ('a_H', 'a_B', 'a_H / a_B')),
)


def _factors(scale: SUVScale) -> dict[str, float]:
    """Extremes of the factors of all slices."""
    return {
        _('Lowest factor'): float(scale.factors.min()),
        _('Highest factor'): float(scale.factors.max()),
    }


def _said(scale: SUVScale) -> list[tuple[str, str]]:
    return [*numbered(_('Decision'), scale.decisions), *flag_pairs(scale.flags)]


def _suv_tables(result: AnalysisResult) -> list[Table]:
    scale = result.suv
    if scale is None:
        return []
    unit = _('{unit} per unit of the image').format(unit=scale.unit)
    meaning = _('SUV over value, of all slices.')
    facts = [Fact(name, value, unit, meaning) for name, value in _factors(scale).items()]
    facts += [Fact(name, None, '', text) for name, text in _said(scale)]
    return [fact_table('suv', _('SUV'), facts, decimals=None)]


def _suv_sections(result: AnalysisResult) -> dict[str, list[Pair]]:
    scale = result.suv
    if scale is None:
        return {}
    return {'SUV': [('Unit', scale.unit), *_factors(scale).items(), *_said(scale)]}


def _suv_json(result: AnalysisResult) -> dict[str, Any]:
    return {'suv': None if result.suv is None else asdict(result.suv)}


SUV = Subject('suv', tables=_suv_tables, sections=_suv_sections, json=_suv_json)
