"""Image quality after NEMA NU 2: how contrast, and the evaluation as a whole, are shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from ...core.sentence import changed, sentences
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

_ = sentences(__name__)

UNKNOWN_RATIO = _('the true ratio is unknown: no percent contrast')
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
    return _('no percent contrast: sphere or background could not be measured')


_CONTRAST_COLUMNS: list[Measure[SphereContrast]] = [
    LABEL,
    Measure(
        'diameter_mm',
        _('Diameter'),
        'mm',
        _('Inner diameter of the sphere, and diameter of its ROI.'),
        lambda sphere: sphere.diameter_mm,
        decimals=1,
    ),
    Measure(
        'filling',
        _('Filling'),
        '',
        _('hot or cold: whether the contrast is Q_H or Q_C.'),
        lambda sphere: _('hot') if sphere.hot else _('cold'),
    ),
    Measure(
        'contrast_percent',
        QUANTITY_OF['contrast_percent'].title,
        '%',
        _(
            'Percent contrast after NEMA NU 2, in circles on the common slice: Q_H = '
            '{hot_contrast_formula} of a hot sphere, Q_C = {cold_contrast_formula} of a cold '
            'one. Empty for hot ones if the activity is unknown.'
        ).format(
            hot_contrast_formula=HOT_CONTRAST_FORMULA, cold_contrast_formula=COLD_CONTRAST_FORMULA
        ),
        lambda sphere: sphere.contrast_percent,
        decimals=PERCENT_DECIMALS,
    ),
    Measure(
        'contrast_sd_percent',
        _('u(Q_j), k = 1'),
        '%',
        _('Standard uncertainty of Q_H that the fill gives it, in percent points.'),
        lambda sphere: sphere.contrast_sd_percent,
        decimals=PERCENT_DECIMALS,
        optional=True,
    ),
    Measure(
        'variability_percent',
        QUANTITY_OF['variability_percent'].title,
        '%',
        _(
            'Background variability N of ROIs of the same diameter: {variability_formula}, '
            'with S the standard deviation of the ROI means. Not the scatter of voxels.'
        ).format(variability_formula=VARIABILITY_FORMULA),
        lambda sphere: sphere.variability_percent,
        decimals=PERCENT_DECIMALS,
    ),
    Measure(
        'roi_mean',
        _('C_j 2-D'),
        VALUE_UNIT,
        _(
            'C_H or C_C: mean in the circle of the inner diameter on the common slice, each pixel '
            'weighted by the part inside.'
        ),
        lambda sphere: sphere.roi_mean,
    ),
    Measure(
        'background_mean',
        _('C_B,j'),
        VALUE_UNIT,
        _('Mean of all background ROIs of the same diameter.'),
        lambda sphere: sphere.background_mean,
    ),
    Measure(
        'slice_offset_mm',
        _('Slice offset'),
        'mm',
        _("From the middle of the common slice to the sphere's center, positive towards higher k."),
        lambda sphere: sphere.slice_offset_mm,
        decimals=MM_DECIMALS,
    ),
    Measure(
        'voi_contrast_percent',
        _('Q_j 3-D'),
        '%',
        _("The formula of Q with the mean in the whole sphere. Not NEMA's."),
        lambda sphere: sphere.voi_contrast_percent,
        decimals=PERCENT_DECIMALS,
    ),
    Measure(
        'voi_mean',
        _('C_j 3-D'),
        VALUE_UNIT,
        _("Mean in the whole sphere. Not NEMA's."),
        lambda sphere: sphere.voi_mean,
    ),
    Measure(
        'remark',
        _('Remark'),
        '',
        _('Why a value of this line is not known; empty if all are.'),
        _remark,
        optional=True,
    ),
    FLAGS,
]


def _named_hot(title: str) -> str:
    return title.replace('Q_j', 'Q_H,j').replace('C_j', 'C_H,j')


def _columns(found: NEMAResult) -> list[Measure[SphereContrast]]:
    """Named as the standard does where all spheres are hot: Q_H,j and C_H,j."""
    if not all(sphere.hot for sphere in found.spheres):
        return _CONTRAST_COLUMNS
    return [replace(one, title=changed(one.title, _named_hot)) for one in _CONTRAST_COLUMNS]


def _tables(result: AnalysisResult) -> list[Table]:
    found, unit = result.nema, result.image.unit
    if found is None:
        return []
    return [
        tabulate('nema', _('NEMA contrast'), _columns(found), found.spheres, unit=unit),
        fact_table(
            'nema_summary', _('NEMA summary'), [*_facts(found, unit_text(VALUE_UNIT, unit))]
        ),
    ]


def _facts(found: NEMAResult, unit: str) -> Iterator[Fact]:
    ratio_text = _('a_H / a_B that the contrast of hot spheres was computed with.')
    if found.true_ratio is None:
        ratio_text = _('Unknown: no percent contrast of hot spheres.')
    yield Fact(_('True ratio'), found.true_ratio, '', ratio_text)
    if found.background:
        largest = found.background[0]
        mean_text = _('Mean of the {diameter:g} mm ROIs.').format(diameter=largest.diameter_mm)
        yield Fact(_('Background C_B'), largest.mean, unit, mean_text)
        yield Fact(_('Variability N'), largest.variability_percent, '%', _('Of the same ROIs.'))
    if found.lung is not None:
        of_all = _('Mean over the slices of {formula}, by all {diameter:g} mm ROIs.').format(
            formula=LUNG_ERROR_FORMULA, diameter=ROI_DIAMETER_MM
        )
        of_slice = _('The same by the {diameter:g} mm ROIs of each slice.').format(
            diameter=ROI_DIAMETER_MM
        )
        by_slice = found.lung.mean_same_slice_error_percent
        yield Fact(_('Lung residual'), found.lung.mean_error_percent, '%', of_all)
        yield Fact(_('Lung residual by same slice'), by_slice, '%', of_slice)
    yield Fact(
        _('Edition {name}').format(name=found.edition.name), None, '', _edition_text(found.edition)
    )


def _edition_text(edition: Edition) -> str:
    return _(
        'Filled with {filling}; {margin:g} mm at each end of the phantom are left out of the lung '
        'residual. {source}.'
    ).format(
        filling=edition.filling,
        margin=edition.lung_margin_mm,
        source=f'{EDITION_SOURCE[0].upper()}{EDITION_SOURCE[1:]}',
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
            _('Contrast Q against diameter'),
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
