"""Image quality after NEMA NU 2: how contrast, and the evaluation as a whole, are shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from ...evaluate.background import LUNG_ERROR_FORMULA, VARIABILITY_FORMULA
from ...evaluate.editions import EDITION_SOURCE, Edition
from ...evaluate.nema import (
    COLD_CONTRAST_FORMULA,
    HOT_CONTRAST_FORMULA,
    NEMAResult,
    SphereContrast,
)
from ...evaluate.quantities import QUANTITY_OF
from ...evaluate.roi_placement import ROI_DIAMETER_MM
from ...results import AnalysisResult
from ..table import VALUE_UNIT, Measure, Table, tabulate, unit_text
from .subject import (
    FLAGS,
    LABEL,
    MM_DECIMALS,
    PERCENT_DECIMALS,
    Fact,
    Pair,
    Plot,
    Subject,
    fact_table,
    flag_notes,
    flag_pairs,
    numbered,
    point_pairs,
)

UNKNOWN_RATIO = 'the true ratio is unknown: no percent contrast'
"""Stands where a hot sphere has no contrast."""

_DEFINITIONS: tuple[Pair, ...] = (
    ('Contrast Q_H', f'hot sphere: {HOT_CONTRAST_FORMULA}, NEMA NU 2'),
    ('Contrast Q_C', f'cold sphere: {COLD_CONTRAST_FORMULA}, NEMA NU 2-2012 and earlier'),
    (
        '2-D and 3-D',
        (
            'C_H, C_C: circle of the inner diameter on one slice common to all spheres (2-D, '
            'NEMA). 3-D figures use the mean of the whole sphere: they are not those of the '
            'standard'
        ),
    ),
)


def _remark(sphere: SphereContrast) -> str:
    if sphere.contrast_percent is not None:
        return ''
    if sphere.hot and sphere.roi_mean is not None and (sphere.background_mean or 0) > 0:
        return UNKNOWN_RATIO
    return 'no percent contrast: sphere or background could not be measured'


_CONTRAST_COLUMNS: list[Measure[SphereContrast]] = [
    LABEL,
    Measure(
        'diameter_mm',
        'Diameter',
        'mm',
        'Inner diameter of the sphere, and diameter of its ROI.',
        lambda sphere: sphere.diameter_mm,
        decimals=1,
    ),
    Measure(
        'filling',
        'Filling',
        '',
        'hot or cold: whether the contrast is Q_H or Q_C.',
        lambda sphere: 'hot' if sphere.hot else 'cold',
    ),
    Measure(
        'contrast_percent',
        QUANTITY_OF['contrast_percent'].title,
        '%',
        'Percent contrast after NEMA NU 2, in circles on the common slice: '
        f'Q_H = {HOT_CONTRAST_FORMULA} of a hot sphere, '
        f'Q_C = {COLD_CONTRAST_FORMULA} of a cold one. '
        'Empty for hot ones if the activity is unknown.',
        lambda sphere: sphere.contrast_percent,
        decimals=PERCENT_DECIMALS,
    ),
    Measure(
        'contrast_sd_percent',
        'u(Q_j), k = 1',
        '%',
        'Standard uncertainty of Q_H that the fill gives it, in percent points.',
        lambda sphere: sphere.contrast_sd_percent,
        decimals=PERCENT_DECIMALS,
        optional=True,
    ),
    Measure(
        'variability_percent',
        QUANTITY_OF['variability_percent'].title,
        '%',
        f'Background variability N of ROIs of the same diameter: {VARIABILITY_FORMULA}, with S '
        'the standard deviation of the ROI means. Not the scatter of voxels.',
        lambda sphere: sphere.variability_percent,
        decimals=PERCENT_DECIMALS,
    ),
    Measure(
        'roi_mean',
        'C_j 2-D',
        VALUE_UNIT,
        'C_H or C_C: mean in the circle of the inner diameter on the common slice, each pixel '
        'weighted by the part inside.',
        lambda sphere: sphere.roi_mean,
    ),
    Measure(
        'background_mean',
        'C_B,j',
        VALUE_UNIT,
        'Mean of all background ROIs of the same diameter.',
        lambda sphere: sphere.background_mean,
    ),
    Measure(
        'slice_offset_mm',
        'Slice offset',
        'mm',
        "From the middle of the common slice to the sphere's center, positive towards higher k.",
        lambda sphere: sphere.slice_offset_mm,
        decimals=MM_DECIMALS,
    ),
    Measure(
        'voi_contrast_percent',
        'Q_j 3-D',
        '%',
        "The formula of Q with the mean in the whole sphere. Not NEMA's.",
        lambda sphere: sphere.voi_contrast_percent,
        decimals=PERCENT_DECIMALS,
    ),
    Measure(
        'voi_mean',
        'C_j 3-D',
        VALUE_UNIT,
        "Mean in the whole sphere. Not NEMA's.",
        lambda sphere: sphere.voi_mean,
    ),
    Measure(
        'remark',
        'Remark',
        '',
        'Why a value of this line is not known; empty if all are.',
        _remark,
        optional=True,
    ),
    FLAGS,
]


def _columns(found: NEMAResult) -> list[Measure[SphereContrast]]:
    """Named as the standard does where all spheres are hot: Q_H,j and C_H,j."""
    if not all(sphere.hot for sphere in found.spheres):
        return _CONTRAST_COLUMNS
    return [
        replace(one, title=one.title.replace('Q_j', 'Q_H,j').replace('C_j', 'C_H,j'))
        for one in _CONTRAST_COLUMNS
    ]


def _tables(result: AnalysisResult) -> list[Table]:
    found, unit = result.nema, result.image.unit
    if found is None:
        return []
    return [
        tabulate('nema', 'NEMA contrast', _columns(found), found.spheres, unit=unit),
        fact_table('nema_summary', 'NEMA summary', [*_facts(found, unit_text(VALUE_UNIT, unit))]),
    ]


def _facts(found: NEMAResult, unit: str) -> Iterator[Fact]:
    ratio_text = 'a_H / a_B that the contrast of hot spheres was computed with.'
    if found.true_ratio is None:
        ratio_text = 'Unknown: no percent contrast of hot spheres.'
    yield Fact('True ratio', found.true_ratio, '', ratio_text)
    if found.background:
        largest = found.background[0]
        mean_text = f'Mean of the {largest.diameter_mm:g} mm ROIs.'
        yield Fact('Background C_B', largest.mean, unit, mean_text)
        yield Fact('Variability N', largest.variability_percent, '%', 'Of the same ROIs.')
    if found.lung is not None:
        rois, lung = f'{ROI_DIAMETER_MM:g} mm ROIs', found.lung
        meaning = f'Mean over the slices of {LUNG_ERROR_FORMULA}, by all {rois}.'
        yield Fact('Lung residual', lung.mean_error_percent, '%', meaning)
        value, meaning = (
            lung.mean_same_slice_error_percent,
            f'The same by the {rois} of each slice.',
        )
        yield Fact('Lung residual by same slice', value, '%', meaning)
    yield Fact(f'Edition {found.edition.name}', None, '', _edition_text(found.edition))


def _edition_text(edition: Edition) -> str:
    return (
        f'Filled with {edition.filling}; {edition.lung_margin_mm:g} mm at each end of the phantom '
        f'are left out of the lung residual. {EDITION_SOURCE[0].upper()}{EDITION_SOURCE[1:]}.'
    )


def _sections(result: AnalysisResult) -> dict[str, list[Pair]]:
    found = result.nema
    if found is None:
        return {}
    placement, lung = found.placement, found.placement.lung
    unit = unit_text(VALUE_UNIT, result.image.unit)
    pairs: list[Pair] = [
        ('Edition', found.edition.name),
        ('Asked by the edition', _edition_text(found.edition)),
        ('Common slice', placement.central_slice_k),
        ('Background slices', ', '.join(map(str, placement.slices_k))),
        ('Background ROIs', len(placement.rois)),
        (f'Level that found the edge [{unit}]', placement.body_level),
    ]
    if lung is not None:
        pairs += [
            ('Lung insert', 'found in the image' if lung.found else 'assumed on the axis'),
            *point_pairs('Lung insert', lung.center_ras_mm),
            ('Lung insert diameter [mm]', lung.diameter_mm),
        ]
    if found.lung is not None and found.lung.slices_k:
        first, last = min(found.lung.slices_k), max(found.lung.slices_k)
        pairs.append(('Lung slices', f'{first} to {last}'))
    pairs += flag_pairs(dict.fromkeys((*placement.flags, *found.flags)))
    pairs += numbered('Note', dict.fromkeys((*placement.notes, *found.notes)))
    return {'NEMA': pairs}


def _flag_notes(result: AnalysisResult) -> list[str]:
    found = result.nema
    if found is None:
        return []
    rois = [(roi.name, roi.flags) for roi in found.placement.rois]
    return flag_notes([*rois, *((sphere.label, sphere.flags) for sphere in found.spheres)])


def _json(result: AnalysisResult) -> dict[str, Any]:
    found = result.nema
    if found is None:
        return {'nema': None}
    edition = {**found.edition._asdict(), 'source': EDITION_SOURCE}
    spheres = [{**asdict(one), 'shown_hot': one.shown_hot} for one in found.spheres]
    return {'nema': {**asdict(found), 'spheres': spheres, 'edition': edition}}


NEMA = Subject(
    'nema',
    tables=_tables,
    definitions=lambda result: _DEFINITIONS if result.nema is not None else (),
    sections=_sections,
    json=_json,
    flag_notes=_flag_notes,
    plots=(
        Plot(
            'contrast',
            'Contrast Q against diameter',
            'nema',
            'diameter_mm',
            ('contrast_percent',),
        ),
    ),
    summary=(
        ('nema', 'contrast_percent'),
        ('nema', 'contrast_sd_percent'),
        ('nema', 'variability_percent'),
    ),
    headline=(('nema_summary', 'Background C_B'), ('nema_summary', 'Lung residual')),
)
