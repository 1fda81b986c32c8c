"""The background ROIs of NEMA NU 2 and the lung insert: how both are shown."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from ...core.sentence import sentences
from ...evaluate.background import (
    LUNG_ERROR_FORMULA,
    LUNG_ROI_DIAMETER_MM,
    VARIABILITY_FORMULA,
    BackgroundLevel,
    LungResidual,
)
from ...evaluate.nema import NEMAResult
from ...evaluate.quantities import QUANTITY_OF
from ...evaluate.roi_placement import (
    ROI_COUNT,
    ROI_DIAMETER_MM,
    RULE_DISTANCE_MM,
    SLICE_OFFSETS_MM,
    BackgroundROI,
)
from ...results import AnalysisResult
from ..table import VALUE_UNIT, Cell, Measure, Table, tabulate
from .subject import (
    MM_DECIMALS,
    PERCENT_DECIMALS,
    Pair,
    Plot,
    Subject,
    flag_words,
    in_words,
    slice_column,
)

_ = sentences(__name__)

_ROI_TEXT = f'{ROI_DIAMETER_MM:g} mm'
_RULE_TEXT = f'{RULE_DISTANCE_MM:g} mm or more'
_OFFSETS_TEXT = ' and '.join(f'{offset:g}' for offset in SLICE_OFFSETS_MM if offset > 0)
_MEANS_COUNT = ROI_COUNT * len(SLICE_OFFSETS_MM)

_DEFINITIONS: tuple[Pair, ...] = (
    (
        'Background ROIs',
        (
            f'{in_words(ROI_COUNT)} circles of {_ROI_TEXT} on the common slice, {_RULE_TEXT} '
            'from the edge of the phantom and from every sphere, clear of the lung insert and of '
            'each other; smaller ones concentric; repeated on the slices nearest to '
            f'{_OFFSETS_TEXT} mm on either side. Pixels count by the part inside. A rule that a '
            'ROI does not keep is a flag of the ROI'
        ),
    ),
    (
        'Background variability N',
        (
            f'{VARIABILITY_FORMULA} with S the standard deviation (K - 1) of the '
            f'K = {_MEANS_COUNT} ROI means of one diameter'
        ),
    ),
    (
        'Image roughness',
        'mean over the background ROIs of 100 SD / mean of their voxels; it is not N',
    ),
    (
        'Lung residual',
        (
            f'{LUNG_ERROR_FORMULA} for each slice, C_lung in a circle of '
            f'{LUNG_ROI_DIAMETER_MM:g} mm on the lung insert, C_B of all {_ROI_TEXT} ROIs; beside '
            'it by those of the same slice alone. Both conventions are in use'
        ),
    ),
)

_LEVEL_COLUMNS: list[Measure[BackgroundLevel]] = [
    Measure(
        'diameter_mm',
        _('Diameter'),
        'mm',
        _('Of the background ROIs; smaller ones are concentric with the {roi_text} ones.').format(
            roi_text=_ROI_TEXT
        ),
        lambda level: level.diameter_mm,
        decimals=1,
    ),
    Measure(
        'roi_count',
        _('Nr ROIs'),
        '',
        _(
            'K: number of ROI means; {means_count} if {rois} ROIs on {slices} slices could be '
            'measured.'
        ).format(
            means_count=_MEANS_COUNT,
            rois=ROI_COUNT,
            slices=len(SLICE_OFFSETS_MM),
        ),
        lambda level: level.roi_count,
    ),
    Measure(
        'background_mean',
        _('C_B,j'),
        VALUE_UNIT,
        _('Mean of the K ROI means.'),
        lambda level: level.mean,
    ),
    Measure(
        'roi_sd',
        _('SD of ROI means S'),
        VALUE_UNIT,
        _('Standard deviation of the K ROI means, with K - 1.'),
        lambda level: level.sd,
    ),
    Measure(
        'variability_percent',
        QUANTITY_OF['variability_percent'].title,
        '%',
        _('Background variability after NEMA NU 2: N = {variability_formula}.').format(
            variability_formula=VARIABILITY_FORMULA
        ),
        lambda level: level.variability_percent,
        decimals=PERCENT_DECIMALS,
    ),
    Measure(
        'image_roughness_percent',
        _('Image roughness'),
        '%',
        _('Mean over the ROIs of 100 SD / mean of their voxels. Not N.'),
        lambda level: level.image_roughness_percent,
        decimals=PERCENT_DECIMALS,
    ),
]


def _roi_point(axis: int, name: str) -> Measure[BackgroundROI]:
    return Measure(
        f'center_{name.lower()}_mm',
        _('Center {name}').format(name=name),
        'mm',
        _('{name} of the center of the ROI on the central slice (RAS).').format(name=name),
        lambda roi: roi.center_ras_mm[axis],
        decimals=MM_DECIMALS,
    )


def _distance(key: str, title: str, to: str, rule_mm: float) -> Measure[BackgroundROI]:
    return Measure(
        key,
        title,
        'mm',
        _(
            'From the circle of {roi_text} to {to} (rule: {rule:g} mm or more); negative where it '
            'overlaps.'
        ).format(roi_text=_ROI_TEXT, to=to, rule=rule_mm),
        lambda roi: _finite(getattr(roi, key)),
        decimals=MM_DECIMALS,
    )


def _finite(value: float) -> float | None:
    """None for the distance to something that is not there."""
    return value if math.isfinite(value) else None


_ROI_COLUMNS: list[Measure[BackgroundROI]] = [
    Measure('name', _('ROI'), '', _('Name of the background ROI.'), lambda roi: roi.name),
    *(_roi_point(axis, name) for axis, name in enumerate('RAS')),
    _distance('edge_distance_mm', _('To edge'), _("the phantom's edge"), RULE_DISTANCE_MM),
    _distance('sphere_distance_mm', _('To sphere'), _('the nearest sphere'), RULE_DISTANCE_MM),
    _distance('lung_distance_mm', _('To lung'), _('the lung insert'), 0.0),
    _distance('neighbor_distance_mm', _('To neighbor'), _('the nearest other ROI'), 0.0),
    Measure(
        'flags',
        _('Flags'),
        '',
        _('Rules that this ROI does not keep; empty if it keeps all.'),
        lambda roi: flag_words(roi.flags),
    ),
]

_MeanRow = tuple[str, int, tuple[float, ...]]
"""Name of a ROI, index of a slice, means of the concentric ROIs there, one a diameter."""


def _mean_columns(found: NEMAResult) -> list[Measure[_MeanRow]]:
    return [
        Measure('name', _('ROI'), '', _('Name of the background ROI.'), lambda row: row[0]),
        slice_column(lambda row: row[1]),
        *(_mean_column(n, level.diameter_mm) for n, level in enumerate(found.background)),
    ]


def _mean_column(n: int, diameter_mm: float) -> Measure[_MeanRow]:
    return Measure(
        f'mean_{diameter_mm:g}_mm'.replace('.', '_'),
        _('Mean {diameter_mm:g} mm').format(diameter_mm=diameter_mm),
        VALUE_UNIT,
        _('Mean in the ROI of {diameter_mm:g} mm, each pixel weighted by the part inside.').format(
            diameter_mm=diameter_mm
        ),
        lambda row: row[2][n],
    )


def _mean_rows(found: NEMAResult) -> list[_MeanRow]:
    return [
        (roi.name, slice_k, tuple(float(level.roi_means[s, n]) for level in found.background))
        for n, roi in enumerate(found.placement.rois)
        for s, slice_k in enumerate(found.placement.slices_k)
    ]


_LungRow = tuple[int, float, float, float]
"""Index of a slice, mean in the lung insert, residual by all ROIs and by those of the slice."""


def _of(n: int) -> Callable[[_LungRow], Cell]:
    return lambda row: row[n]


_LUNG_COLUMNS: list[Measure[_LungRow]] = [
    slice_column(lambda row: row[0]),
    Measure(
        'roi_mean',
        _('Mean in lung'),
        VALUE_UNIT,
        _('Mean in a circle of {lung_roi_diameter_mm:g} mm on the lung insert.').format(
            lung_roi_diameter_mm=LUNG_ROI_DIAMETER_MM
        ),
        _of(1),
    ),
    Measure(
        'error_percent',
        _('Residual'),
        '%',
        _(
            'Residual error after NEMA NU 2: {lung_error_formula} with the mean C_B of the '
            '{roi_text} background ROIs of all their slices.'
        ).format(lung_error_formula=LUNG_ERROR_FORMULA, roi_text=_ROI_TEXT),
        _of(2),
        decimals=PERCENT_DECIMALS,
    ),
    Measure(
        'same_slice_error_percent',
        _('Residual by same slice'),
        '%',
        _(
            'The same with the mean of the {roi_text} ROIs on this slice alone: the other '
            'convention.'
        ).format(roi_text=_ROI_TEXT),
        _of(3),
        decimals=PERCENT_DECIMALS,
    ),
]


def _lung_rows(lung: LungResidual) -> list[_LungRow]:
    values = (lung.roi_means, lung.error_percent, lung.same_slice_error_percent)
    columns = (part.tolist() for part in values)
    return list(zip(lung.slices_k, *columns, strict=True))


def _tables(result: AnalysisResult) -> list[Table]:
    found = result.nema
    if found is None:
        return []
    add = partial(tabulate, unit=result.image.unit, book='background')
    means, title = _mean_rows(found), _('Background ROI means')
    tables = [
        add(
            'background_variability',
            _('Background variability'),
            _LEVEL_COLUMNS,
            found.background,
        ),
        add('background_rois', _('Background ROIs'), _ROI_COLUMNS, found.placement.rois),
        add('background_roi_means', title, _mean_columns(found), means),
    ]
    if found.lung is not None:
        tables.append(add('lung', _('Lung residual'), _LUNG_COLUMNS, _lung_rows(found.lung)))
    return tables


BACKGROUND_ROIS = Subject(
    'background_rois',
    tables=_tables,
    definitions=lambda result: _DEFINITIONS if result.nema is not None else (),
    plots=(
        Plot(
            'variability',
            _('Background variability N against diameter'),
            'background_variability',
            'diameter_mm',
            ('variability_percent',),
        ),
        Plot(
            'lung',
            _('Lung residual by slice'),
            'lung',
            'slice_k',
            ('error_percent', 'same_slice_error_percent'),
        ),
    ),
)
