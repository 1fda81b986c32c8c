"""Noise and detectability: how both are shown, under names that nobody takes for N."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ...core.sentence import joined, sentences
from ...evaluate.limits import Level
from ...evaluate.noise_figures import (
    CNR_FORMULA,
    COV_FORMULA,
    DETECTABILITY_FORMULA,
    SMALLEST_MM,
    GuidelineVerdict,
    NoiseFigures,
    SphereNoise,
)
from ...evaluate.roi_placement import ROI_DIAMETER_MM
from ...results import AnalysisResult
from ..table import Measure, Table, tabulate
from .limits import VERDICT_KEY
from .subject import LABEL, PERCENT_DECIMALS, Fact, Pair, Subject, fact_table

_ = sentences(__name__)

_ROIS = f'{ROI_DIAMETER_MM:g} mm background ROIs'

FIGURE_NAMES = {
    'variability_percent': _('N of the {diameter:g} mm sphere [%]').format(diameter=SMALLEST_MM),
    'detectability': DETECTABILITY_FORMULA,
    'cov_percent': _('Background COV [%]'),
}
"""Figures that a guideline limits, in words."""

_DEFINITIONS: tuple[Pair, ...] = (
    (
        'Background COV',
        (
            f'{COV_FORMULA} of the voxels of one sphere of {ROI_DIAMETER_MM:g} mm in the '
            'background, where there is most room to edge, spheres and lung insert; beside it of '
            f'the pixels of each of the {_ROIS}. Neither is N'
        ),
    ),
    ('Detectability', f'{DETECTABILITY_FORMULA}: contrast over background variability'),
    ('CNR', f'{CNR_FORMULA} with S the SD of the background ROI means of the same diameter'),
)


def _facts(found: NoiseFigures) -> Iterator[Fact]:
    large = _('{formula} in a sphere of {diameter:g} mm about {roi}. Not N.').format(
        formula=COV_FORMULA, diameter=found.cov_diameter_mm, roi=found.cov_roi
    )
    pixels = _('{formula} of the pixels of the {diameter:g} mm background ROIs. Not N.').format(
        formula=COV_FORMULA, diameter=ROI_DIAMETER_MM
    )
    yield Fact(_('Background COV'), found.cov_percent, '%', large)
    for name, value in (
        (_('Background COV of the ROIs, mean'), found.roi_cov_percent),
        (_('Background COV of the ROIs, lowest'), found.lowest_roi_cov_percent),
        (_('Background COV of the ROIs, highest'), found.highest_roi_cov_percent),
    ):
        yield Fact(name, value, '%', pixels)
    meaning = _(
        'Contrast over variability of the {diameter:g} mm sphere; empty if the ratio is unknown.'
    ).format(diameter=SMALLEST_MM)
    yield Fact(DETECTABILITY_FORMULA, found.detectability, '', meaning)


_CNR_COLUMNS: list[Measure[SphereNoise]] = [
    LABEL,
    Measure(
        'diameter_mm',
        _('Diameter'),
        'mm',
        _('Inner diameter of the sphere.'),
        lambda one: one.diameter_mm,
        decimals=1,
    ),
    Measure(
        'cnr',
        _('CNR'),
        '',
        _(
            '{cnr_formula}, with S the SD of the background ROI means of the same diameter; '
            'negative for a cold sphere.'
        ).format(cnr_formula=CNR_FORMULA),
        lambda one: one.cnr,
        decimals=PERCENT_DECIMALS,
    ),
]


def _verdict_text(one: GuidelineVerdict) -> str:
    if one.passed is None:
        return joined((Level.NOT_JUDGED.text, one.not_judged), ': ')
    return (Level.PASS if one.passed else Level.FAIL).text


_VERDICT_COLUMNS: list[Measure[GuidelineVerdict]] = [
    Measure('guideline', _('Guideline'), '', _('Where the limit is from.'), lambda one: one.name),
    Measure('figure', _('Figure'), '', _('What is limited.'), lambda one: FIGURE_NAMES[one.figure]),
    Measure(
        'value', _('Value'), '', _('The figure.'), lambda one: one.value, decimals=PERCENT_DECIMALS
    ),
    Measure(
        'limit', _('Limit'), '', _('How it must be.'), lambda one: f'{one.sense} {one.limit:g}'
    ),
    Measure(
        VERDICT_KEY,
        _('Verdict'),
        '',
        _('pass or fail; not judged, and why, where the result is in doubt.'),
        _verdict_text,
    ),
    Measure(
        'source', _('Source'), '', _('What must be said of the limit.'), lambda one: one.source
    ),
]


def _tables(result: AnalysisResult) -> list[Table]:
    found = result.noise
    if found is None:
        return []
    return [
        fact_table('noise', _('Noise'), [*_facts(found)], PERCENT_DECIMALS),
        tabulate('cnr', _('CNR'), _CNR_COLUMNS, found.spheres),
        tabulate('guidelines', _('Guidelines'), _VERDICT_COLUMNS, found.verdicts),
    ]


def _sections(result: AnalysisResult) -> dict[str, list[Pair]]:
    found = result.noise
    if found is None:
        return {}
    falls = ', '.join(found.falling)
    sources = '; '.join(dict.fromkeys(one.source for one in found.verdicts))
    return {
        'Noise': [
            ('Contrast rises with the diameter', f'no: {falls}' if falls else 'yes'),
            ('Limits of the guidelines', sources),
        ]
    }


def _json(result: AnalysisResult) -> dict[str, Any]:
    return {'noise': None if result.noise is None else asdict(result.noise)}


NOISE = Subject(
    'noise',
    tables=_tables,
    definitions=lambda result: _DEFINITIONS if result.noise is not None else (),
    sections=_sections,
    json=_json,
    headline=(('noise', 'Background COV'), ('noise', DETECTABILITY_FORMULA)),
)
