"""
Results as tables, without pandas and without Slicer.

What shows a table (workbook, report, MRML nodes, console) reads titles, units
and descriptions from it. A new table is one more line in `result_tables`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..core.image import UNKNOWN_UNIT, PETImage
from ..measure.voi import VOIResult
from ..results import AnalysisResult
from .method import method_rows
from .quality_tables import quality_tables
from .subjects.spheres import CENTER_COLUMNS, MM_DECIMALS, SLICE_COLUMNS, STATISTICS_COLUMNS
from .table import VALUE_UNIT, Column, Measure, Table, tabulate, unit_text

__all__ = [
    'Column',
    'Measure',
    'Table',
    'method_rows',
    'result_tables',
    'search_table',
    'voxel_table',
]


def result_tables(result: AnalysisResult) -> tuple[Table, ...]:
    """
    Every table of an analysis that people look at.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    tables : tuple of Table
        Keys ``'spheres'``, ``'centers'``, ``'slices'``; if there is a
        background, ``'background'`` and ``'background_slices'``; then those
        of `quality_tables`.
    """
    tables = [
        _voi_table('spheres', 'Meta data per sphere', STATISTICS_COLUMNS, result.spheres, result),
        _voi_table('centers', 'Summary', CENTER_COLUMNS, result.spheres, result),
        _slice_table('slices', 'Meta data per slice', result.spheres, result),
    ]
    if result.background:
        background = result.background
        tables += [
            _voi_table(
                'background', 'Meta data per sphere', STATISTICS_COLUMNS, background, result
            ),
            _slice_table('background_slices', 'Meta data per slice', background, result),
        ]
    return (*tables, *quality_tables(result))


def search_table(voi: VOIResult, unit: str = UNKNOWN_UNIT) -> Table:
    """
    Every position that the search tried for one sphere.

    Parameters
    ----------
    voi : VOIResult
        One sphere.

    unit : str, optional
        Unit of the image.

    Returns
    -------
    table : Table
        Without rows if the seed was not refined.
    """
    index = np.empty((0, 3), np.int64) if voi.search is None else voi.search.index_ijk
    value = unit_text(VALUE_UNIT, unit)
    columns = [
        Column(f'midpoint_{name}', f'MidPoint {name}', '', f'{what}, counted from 0.', index[:, n])
        for n, (name, what) in enumerate(
            [('x', 'Column index i'), ('y', 'Row index j'), ('z', 'Slice index k')]
        )
    ]
    for key, title, description in [
        ('mean', 'Mean', 'Mean inside the sphere centered there; empty where it was not allowed.'),
        ('max', 'Max', 'Highest voxel of that sphere.'),
    ]:
        values = np.empty(0) if voi.search is None else getattr(voi.search, key)
        columns.append(Column(key, title, value, description, np.asarray(values, np.float64)))
    return Table('search', voi.label, tuple(columns))


def voxel_table(image: PETImage, voi: VOIResult) -> Table:
    """
    Every voxel with any part inside one VOI.

    Parameters
    ----------
    image : PETImage
        What was measured.

    voi : VOIResult
        One VOI.

    Returns
    -------
    table : Table
        Slice by slice, row by row: index, position, value and weight.
    """
    inside = np.nonzero(voi.mask.weights)
    start_kji = [part.start for part in voi.mask.slices_kji]
    index_kji = [axis + start for axis, start in zip(inside, start_kji, strict=True)]
    index_ijk = np.stack(index_kji[::-1], axis=1).astype(np.int64)
    position = image.geometry.position_ras_mm(index_ijk)
    columns = [
        Column(name.lower(), name, '', f'Index {name.lower()}, from 0.', index_ijk[:, n])
        for n, name in enumerate('IJK')
    ]
    columns += [
        Column(f'{name.lower()}_mm', name, 'mm', text, position[:, n], MM_DECIMALS + 1)
        for n, (name, text) in enumerate(_RAS_TEXTS)
    ]
    values = np.asarray(image.voxels[voi.mask.slices_kji][inside], np.float64)
    weights = np.asarray(voi.mask.weights[inside], np.float64)
    unit = unit_text(VALUE_UNIT, image.unit)
    columns += [
        Column('value', 'Value', unit, 'Value of the voxel; empty if it is no number.', values),
        Column('weight', 'Weight', '', "Part of the voxel's volume inside the VOI.", weights, 4),
    ]
    return Table('voxels', voi.label, tuple(columns))


_RAS_TEXTS = [
    ('R', 'Position of the voxel center, to the right.'),
    ('A', 'Position of the voxel center, to the front.'),
    ('S', 'Position of the voxel center, to the head.'),
]


def _voi_table(
    key: str,
    title: str,
    measures: Sequence[Measure[VOIResult]],
    vois: Sequence[VOIResult],
    result: AnalysisResult,
) -> Table:
    return tabulate(key, title, measures, vois, unit=result.image.unit)


def _slice_table(key: str, title: str, vois: Sequence[VOIResult], result: AnalysisResult) -> Table:
    geometry = result.image.geometry
    cuts = [(voi, cut, geometry) for voi in vois for cut in voi.slices]
    return tabulate(key, title, SLICE_COLUMNS, cuts, unit=result.image.unit)
