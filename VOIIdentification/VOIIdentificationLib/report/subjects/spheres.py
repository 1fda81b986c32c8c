"""The spheres and the background VOIs, measured one by one: how their statistics are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ...core.geometry import VolumeGeometry
from ...core.sentence import joined, sentences
from ...measure.moving_voi import PEAK_VOLUME_MM3
from ...measure.statistics import SliceStatistics
from ...measure.voi import VOIResult
from ...results import AnalysisResult
from ..table import VALUE_UNIT, Book, Measure, Table, tabulate
from .fit import CENTER_SD, DEVIATION, FIT_COLUMNS, MEAN_SD, fit_json
from .subject import FLAGS, LABEL, MM_DECIMALS, Plot, Subject, flag_notes, slice_column

_ = sentences(__name__)

_PEAK_CM3 = f'{PEAK_VOLUME_MM3 / 1000:g}'

_DIAMETER: Measure[VOIResult] = Measure(
    'diameter_mm',
    _('Diameter'),
    'mm',
    _('Inner diameter of the insert, as the phantom says; the diameter of the VOI.'),
    lambda voi: voi.insert.diameter_mm,
    decimals=1,
)
_MEAN: Measure[VOIResult] = Measure(
    'mean',
    _('Mean'),
    VALUE_UNIT,
    _(
        'Mean of the voxels of the VOI, each weighted by the part of its volume inside. '
        'The voxel grid itself blurs: see docs/outputs.md.'
    ),
    lambda voi: voi.statistics.mean,
)
_MAX: Measure[VOIResult] = Measure(
    'max',
    _('Max'),
    VALUE_UNIT,
    _('Highest voxel of the VOI, of those at least half inside; of all if none is.'),
    lambda voi: voi.statistics.max,
)


def _point(key: str, title: str, description: str, attribute: str) -> list[Measure[VOIResult]]:
    """Three columns for a position of a VOI in the patient."""
    return [
        Measure(
            f'{key}_{axis.lower()}_mm',
            joined((title, axis)),
            'mm',
            joined((description, towards)),
            lambda voi, n=n: getattr(voi, attribute)[n],  # type: ignore[misc]
            decimals=MM_DECIMALS,
        )
        for n, (axis, towards) in enumerate(
            [
                ('R', _('RAS: + is to the right.')),
                ('A', _('RAS: + is to the front (anterior).')),
                ('S', _('RAS: + is to the head.')),
            ]
        )
    ]


def _percentile(key: str, title: str, part: str) -> Measure[VOIResult]:
    return Measure(
        key,
        title,
        VALUE_UNIT,
        _('Value below which {part} of the weight of the VOI lies.').format(part=part),
        lambda voi: getattr(voi.statistics, key),
    )


_CENTER = _point('center', _('Center'), _('Refined center of the VOI.'), 'center_ras_mm')
_SEED = _point('seed', _('Seed'), _('Where the seed was placed.'), 'seed_ras_mm')
_SHIFT: Measure[VOIResult] = Measure(
    'shift_mm',
    _('Shift'),
    'mm',
    _('Distance from the seed to the refined center.'),
    lambda voi: voi.shift_mm,
    decimals=MM_DECIMALS,
)

_STATISTICS_COLUMNS: list[Measure[VOIResult]] = [
    LABEL,
    _MAX,
    _MEAN,
    Measure(
        'variance',
        _('Variance'),
        f'({VALUE_UNIT})²',
        _(
            'Weighted mean of the squared deviation from the mean, over the whole weight (not '
            'n - 1), as the variance of the original script.'
        ),
        lambda voi: voi.statistics.variance,
    ),
    Measure(
        'voxel_count',
        _('Nr Pixels'),
        '',
        _('Number of voxels with any part inside the VOI.'),
        lambda voi: voi.statistics.voxel_count,
    ),
    _DIAMETER,
    Measure(
        'volume_ml',
        _('Volume'),
        'mL',
        _('Sum of the weights times the volume of a voxel: the measured volume of the VOI.'),
        lambda voi: voi.statistics.volume_ml,
        decimals=4,
    ),
    Measure(
        'sd',
        _('SD'),
        VALUE_UNIT,
        _('Standard deviation: the square root of the variance.'),
        lambda voi: voi.statistics.sd,
    ),
    Measure(
        'min',
        _('Min'),
        VALUE_UNIT,
        _('Lowest voxel of the VOI, of those at least half inside; of all if none is.'),
        lambda voi: voi.statistics.min,
    ),
    _percentile('percentile_5', _('Percentile 5'), '5 %'),
    _percentile('percentile_25', _('Percentile 25'), '25 %'),
    _percentile('median', _('Median'), _('half')),
    _percentile('percentile_75', _('Percentile 75'), '75 %'),
    _percentile('percentile_95', _('Percentile 95'), '95 %'),
    Measure(
        'voxel_cov',
        _('Voxel COV'),
        '',
        _(
            'SD over mean of the voxels of this VOI, as a ratio. '
            'It is not the background variability N_j of the NEMA standard.'
        ),
        lambda voi: voi.statistics.voxel_cov,
        decimals=4,
    ),
    Measure(
        'peak',
        _('Peak'),
        VALUE_UNIT,
        _('Highest mean in a sphere of {volume} cm³ moved over the VOI.').format(volume=_PEAK_CM3),
        lambda voi: voi.peak,
        optional=True,
    ),
    Measure(
        'peak_at_max',
        _('Peak at max'),
        VALUE_UNIT,
        _('Mean in a sphere of {volume} cm³ centered on the highest voxel.').format(
            volume=_PEAK_CM3
        ),
        lambda voi: voi.peak_at_max,
        optional=True,
    ),
    MEAN_SD,
    *_CENTER,
    *CENTER_SD,
    _SHIFT,
    DEVIATION,
    *FIT_COLUMNS,
    FLAGS,
]


def _midpoint(axis: int, name: str, index: str) -> Measure[VOIResult]:
    return Measure(
        f'midpoint_{name}',
        _('MidPoint {name}').format(name=name),
        '',
        _('{index} of the refined center, counted from 0; whole numbers are voxel centers.').format(
            index=index
        ),
        lambda voi: voi.center_ijk[axis],
        decimals=3,
    )


_CENTER_COLUMNS: list[Measure[VOIResult]] = [
    LABEL,
    _midpoint(0, 'x', _('Column index i')),
    _midpoint(1, 'y', _('Row index j')),
    _midpoint(2, 'z', _('Slice index k')),
    _MEAN,
    _MAX,
    _DIAMETER,
    *_CENTER,
    *CENTER_SD,
    *_SEED,
    _SHIFT,
    DEVIATION,
    Measure(
        'candidate_count',
        _('Candidates'),
        '',
        _('Number of positions that the search tried; 0 if the seed itself was used.'),
        lambda voi: 0 if voi.search is None else len(voi.search.mean),
    ),
    FLAGS,
]

_SliceRow = tuple[VOIResult, SliceStatistics, VolumeGeometry]
"""One line of a table of slices: the VOI, its slice and the grid."""


def _cut_point(axis: int, name: str) -> Measure[_SliceRow]:
    return Measure(
        f'circle_{name.lower()}_mm',
        _('Circle {name}').format(name=name),
        'mm',
        _('{name} of the center of the circle in this slice (RAS).').format(name=name),
        lambda cut: float(cut[2].projected_ras_mm(cut[0].center_ras_mm, cut[1].slice_k)[axis]),
        decimals=MM_DECIMALS,
    )


_SLICE_COLUMNS: list[Measure[_SliceRow]] = [
    slice_column(lambda cut: cut[1].slice_k),
    Measure(
        'mean',
        _('Mean'),
        VALUE_UNIT,
        _('Mean of the voxels of this slice inside the VOI, weighted by the part of each inside.'),
        lambda cut: cut[1].mean,
    ),
    Measure(
        'max',
        _('Max'),
        VALUE_UNIT,
        _('Highest voxel of this slice, of those at least half inside the VOI; of all if none is.'),
        lambda cut: cut[1].max,
    ),
    Measure(
        'voxel_count',
        _('Nr Pixels'),
        '',
        _('Number of voxels of this slice with any part inside the VOI.'),
        lambda cut: cut[1].voxel_count,
    ),
    Measure(
        'radius_mm',
        _('Radius'),
        'mm',
        _(
            'Radius of the circle in which the middle of the slice cuts the VOI; '
            '0 where only the edge of the slice touches it.'
        ),
        lambda cut: cut[1].radius_mm,
        decimals=MM_DECIMALS,
    ),
    Measure('label', _('Sphere'), '', _('Label of the insert.'), lambda cut: cut[0].label),
    Measure(
        'area_mm2',
        _('Area'),
        'mm²',
        _('Sum of the weights in this slice times the area of a voxel in the slice.'),
        lambda cut: cut[1].area_mm2,
        decimals=MM_DECIMALS,
    ),
    Measure(
        'distance_mm',
        _('Distance'),
        'mm',
        _(
            'From the center of the VOI to the middle of the slice, along the slice normal, '
            'positive towards higher k.'
        ),
        lambda cut: cut[2].slice_distance_mm(cut[0].center_ras_mm, cut[1].slice_k),
        decimals=MM_DECIMALS,
    ),
    *(_cut_point(axis, name) for axis, name in enumerate('RAS')),
]


def _tables(result: AnalysisResult) -> list[Table]:
    unit, spheres, background = result.image.unit, result.spheres, result.background
    title = _('Meta data per sphere')
    tables = []
    if spheres:
        tables += [
            tabulate('spheres', title, _STATISTICS_COLUMNS, spheres, unit=unit),
            tabulate('centers', _('Summary'), _CENTER_COLUMNS, spheres, unit=unit, book='centers'),
            _slice_table('slices', spheres, result, 'targets'),
        ]
    if background:
        tables += [
            tabulate(
                'background', title, _STATISTICS_COLUMNS, background, unit=unit, book='background'
            ),
            _slice_table('background_slices', background, result, 'background'),
        ]
    return tables


def _slice_table(key: str, vois: Sequence[VOIResult], result: AnalysisResult, book: Book) -> Table:
    geometry = result.image.geometry
    rows = [(voi, cut, geometry) for voi in vois for cut in voi.slices]
    title, unit = _('Meta data per slice'), result.image.unit
    return tabulate(key, title, _SLICE_COLUMNS, rows, unit=unit, book=book)


def _flag_notes(result: AnalysisResult) -> list[str]:
    return flag_notes((voi.label, voi.flags) for voi in result.vois)


def _json(result: AnalysisResult) -> dict[str, Any]:
    pooled, background = result.pooled_background, None
    if pooled is not None:
        background = {**asdict(pooled), 'vois': [_voi_json(voi) for voi in result.background]}
    return {'spheres': [_voi_json(voi) for voi in result.spheres], 'background': background}


def _voi_json(voi: VOIResult) -> dict[str, Any]:
    return {
        'label': voi.label,
        'shape': voi.insert.shape,
        'diameter_mm': voi.insert.diameter_mm,
        'seed_ras_mm': voi.seed_ras_mm,
        'center_ras_mm': voi.center_ras_mm,
        'center_ijk': voi.center_ijk,
        'shift_mm': voi.shift_mm,
        **asdict(voi.statistics),
        'peak': voi.peak,
        'peak_at_max': voi.peak_at_max,
        'deviation_mm': voi.deviation_mm,
        'fit': fit_json(voi.fit),
        'flags': voi.flags,
    }


SPHERES = Subject(
    'spheres',
    tables=_tables,
    json=_json,
    flag_notes=_flag_notes,
    plots=(
        Plot('mean', _('Mean and max against diameter'), 'spheres', 'diameter_mm', ('mean', 'max')),
        Plot(
            'deviation',
            _('Distance off the ring against diameter'),
            'spheres',
            'diameter_mm',
            ('deviation_mm',),
        ),
    ),
    summary=(('spheres', 'mean'), ('spheres', 'max')),
)
