"""The spheres and the background VOIs, measured one by one: how their statistics are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ...core.geometry import VolumeGeometry
from ...measure.moving_voi import PEAK_VOLUME_MM3
from ...measure.statistics import SliceStatistics
from ...measure.voi import VOIResult
from ...results import AnalysisResult
from ..table import VALUE_UNIT, Book, Measure, Table, tabulate
from .fit import CENTER_SD, DEVIATION, FIT_COLUMNS, MEAN_SD, fit_json
from .subject import FLAGS, LABEL, MM_DECIMALS, Plot, Subject, flag_notes, slice_column

_PEAK_TEXT = f'in a sphere of {PEAK_VOLUME_MM3 / 1000:g} cm³'

_DIAMETER: Measure[VOIResult] = Measure(
    'diameter_mm',
    'Diameter',
    'mm',
    'Inner diameter of the insert, as the phantom says; the diameter of the VOI.',
    lambda voi: voi.insert.diameter_mm,
    decimals=1,
)
_MEAN: Measure[VOIResult] = Measure(
    'mean',
    'Mean',
    VALUE_UNIT,
    'Mean of the voxels of the VOI, each weighted by the part of its volume inside. '
    'The voxel grid itself blurs: see docs/outputs.md.',
    lambda voi: voi.statistics.mean,
)
_MAX: Measure[VOIResult] = Measure(
    'max',
    'Max',
    VALUE_UNIT,
    'Highest voxel of the VOI, of those at least half inside; of all if none is.',
    lambda voi: voi.statistics.max,
)


def _point(key: str, title: str, description: str, attribute: str) -> list[Measure[VOIResult]]:
    """Three columns for a position of a VOI in the patient."""
    return [
        Measure(
            f'{key}_{axis.lower()}_mm',
            f'{title} {axis}',
            'mm',
            f'{description} RAS: + is {towards}.',
            lambda voi, n=n: getattr(voi, attribute)[n],  # type: ignore[misc]
            decimals=MM_DECIMALS,
        )
        for n, (axis, towards) in enumerate(
            [('R', 'to the right'), ('A', 'to the front (anterior)'), ('S', 'to the head')]
        )
    ]


def _percentile(key: str, title: str, part: str) -> Measure[VOIResult]:
    return Measure(
        key,
        title,
        VALUE_UNIT,
        f'Value below which {part} of the weight of the VOI lies.',
        lambda voi: getattr(voi.statistics, key),
    )


_CENTER = _point('center', 'Center', 'Refined center of the VOI.', 'center_ras_mm')
_SEED = _point('seed', 'Seed', 'Where the seed was placed.', 'seed_ras_mm')
_SHIFT: Measure[VOIResult] = Measure(
    'shift_mm',
    'Shift',
    'mm',
    'Distance from the seed to the refined center.',
    lambda voi: voi.shift_mm,
    decimals=MM_DECIMALS,
)

_STATISTICS_COLUMNS: list[Measure[VOIResult]] = [
    LABEL,
    _MAX,
    _MEAN,
    Measure(
        'variance',
        'Variance',
        f'({VALUE_UNIT})²',
        'Weighted mean of the squared deviation from the mean, over the whole weight (not n - 1), '
        "as the original script's variance.",
        lambda voi: voi.statistics.variance,
    ),
    Measure(
        'voxel_count',
        'Nr Pixels',
        '',
        'Number of voxels with any part inside the VOI.',
        lambda voi: voi.statistics.voxel_count,
    ),
    _DIAMETER,
    Measure(
        'volume_ml',
        'Volume',
        'mL',
        'Sum of the weights times the volume of a voxel: the measured volume of the VOI.',
        lambda voi: voi.statistics.volume_ml,
        decimals=4,
    ),
    Measure(
        'sd',
        'SD',
        VALUE_UNIT,
        'Standard deviation: the square root of the variance.',
        lambda voi: voi.statistics.sd,
    ),
    Measure(
        'min',
        'Min',
        VALUE_UNIT,
        'Lowest voxel of the VOI, of those at least half inside; of all if none is.',
        lambda voi: voi.statistics.min,
    ),
    _percentile('percentile_5', 'Percentile 5', '5 %'),
    _percentile('percentile_25', 'Percentile 25', '25 %'),
    _percentile('median', 'Median', 'half'),
    _percentile('percentile_75', 'Percentile 75', '75 %'),
    _percentile('percentile_95', 'Percentile 95', '95 %'),
    Measure(
        'voxel_cov',
        'Voxel COV',
        '',
        'SD over mean of the voxels of this VOI, as a ratio. '
        "It is not the background variability N_j of NEMA's standard.",
        lambda voi: voi.statistics.voxel_cov,
        decimals=4,
    ),
    Measure(
        'peak',
        'Peak',
        VALUE_UNIT,
        f'Highest mean {_PEAK_TEXT} moved over the VOI.',
        lambda voi: voi.peak,
        optional=True,
    ),
    Measure(
        'peak_at_max',
        'Peak at max',
        VALUE_UNIT,
        f'Mean {_PEAK_TEXT} centered on the highest voxel.',
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
        f'MidPoint {name}',
        '',
        f'{index} of the refined center, counted from 0; whole numbers are voxel centers.',
        lambda voi: voi.center_ijk[axis],
        decimals=3,
    )


_CENTER_COLUMNS: list[Measure[VOIResult]] = [
    LABEL,
    _midpoint(0, 'x', 'Column index i'),
    _midpoint(1, 'y', 'Row index j'),
    _midpoint(2, 'z', 'Slice index k'),
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
        'Candidates',
        '',
        'Number of positions that the search tried; 0 if the seed itself was used.',
        lambda voi: 0 if voi.search is None else len(voi.search.mean),
    ),
    FLAGS,
]

_SliceRow = tuple[VOIResult, SliceStatistics, VolumeGeometry]
"""One line of a table of slices: the VOI, its slice and the grid."""


def _cut_point(axis: int, name: str) -> Measure[_SliceRow]:
    return Measure(
        f'circle_{name.lower()}_mm',
        f'Circle {name}',
        'mm',
        f'{name} of the center of the circle in this slice (RAS).',
        lambda cut: float(cut[2].projected_ras_mm(cut[0].center_ras_mm, cut[1].slice_k)[axis]),
        decimals=MM_DECIMALS,
    )


_SLICE_COLUMNS: list[Measure[_SliceRow]] = [
    slice_column(lambda cut: cut[1].slice_k),
    Measure(
        'mean',
        'Mean',
        VALUE_UNIT,
        'Mean of the voxels of this slice inside the VOI, weighted by the part of each inside.',
        lambda cut: cut[1].mean,
    ),
    Measure(
        'max',
        'Max',
        VALUE_UNIT,
        'Highest voxel of this slice, of those at least half inside the VOI; of all if none is.',
        lambda cut: cut[1].max,
    ),
    Measure(
        'voxel_count',
        'Nr Pixels',
        '',
        'Number of voxels of this slice with any part inside the VOI.',
        lambda cut: cut[1].voxel_count,
    ),
    Measure(
        'radius_mm',
        'Radius',
        'mm',
        'Radius of the circle in which the middle of the slice cuts the VOI; '
        '0 where only the edge of the slice touches it.',
        lambda cut: cut[1].radius_mm,
        decimals=MM_DECIMALS,
    ),
    Measure('label', 'Sphere', '', 'Label of the insert.', lambda cut: cut[0].label),
    Measure(
        'area_mm2',
        'Area',
        'mm²',
        'Sum of the weights in this slice times the area of a voxel in the slice.',
        lambda cut: cut[1].area_mm2,
        decimals=MM_DECIMALS,
    ),
    Measure(
        'distance_mm',
        'Distance',
        'mm',
        'From the center of the VOI to the middle of the slice, along the slice normal, '
        'positive towards higher k.',
        lambda cut: cut[2].slice_distance_mm(cut[0].center_ras_mm, cut[1].slice_k),
        decimals=MM_DECIMALS,
    ),
    *(_cut_point(axis, name) for axis, name in enumerate('RAS')),
]


def _tables(result: AnalysisResult) -> list[Table]:
    unit, spheres, background = result.image.unit, result.spheres, result.background
    title = 'Meta data per sphere'
    tables = []
    if spheres:
        tables += [
            tabulate('spheres', title, _STATISTICS_COLUMNS, spheres, unit=unit),
            tabulate('centers', 'Summary', _CENTER_COLUMNS, spheres, unit=unit, book='centers'),
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
    title, unit = 'Meta data per slice', result.image.unit
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
        Plot('mean', 'Mean and max against diameter', 'spheres', 'diameter_mm', ('mean', 'max')),
        Plot(
            'deviation',
            'Distance off the ring against diameter',
            'spheres',
            'diameter_mm',
            ('deviation_mm',),
        ),
    ),
    summary=(('spheres', 'mean'), ('spheres', 'max')),
)
