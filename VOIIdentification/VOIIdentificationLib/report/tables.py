"""
Results as tables, without pandas and without Slicer.

What shows a table (workbook, report, MRML nodes, console) reads titles, units
and descriptions from it. A new table is one more in one of the `SUBJECTS`.
"""

from __future__ import annotations

import numpy as np

from ..core.image import UNKNOWN_UNIT, PETImage
from ..measure.voi import VOIResult
from ..results import AnalysisResult
from .subjects import SUBJECTS
from .subjects.subject import MM_DECIMALS
from .table import VALUE_UNIT, Column, Table, unit_text

_RAS_TEXTS = [
    ('R', 'Position of the voxel center, to the right.'),
    ('A', 'Position of the voxel center, to the front.'),
    ('S', 'Position of the voxel center, to the head.'),
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
        Those of the `SUBJECTS` in turn, each with a key of its own. What was
        not measured or evaluated has no table.
    """
    return tuple(table for subject in SUBJECTS for table in subject.tables(result))


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
