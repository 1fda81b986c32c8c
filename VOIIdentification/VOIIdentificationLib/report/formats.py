"""An analysis as tables, as lines of a method, and as JSON: each a loop over the subjects."""

from __future__ import annotations

import json
import math
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..core.image import UNKNOWN_UNIT, Acquisition, PETImage
from ..core.phantom import Phantom
from ..core.plain_text import plain_data
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

RESULTS_SCHEMA = 'voi-identification/results/1'

SCAN_KEYS = (
    *('manufacturer', 'model', 'device_serial_number', 'station_name', 'software_versions'),
    *('reconstruction_method', 'iterations', 'subsets', 'convolution_kernel'),
    *('corrected_image', 'decay_correction', 'frame_duration_s'),
    *('isotope', 'injected_activity_bq', 'acquisition_datetime', 'series_datetime'),
)
"""Facts of the header that tell which scans are of one kind."""

SOFTWARE_NAME = 'VOIIdentification'
"""Name of the software in files that programs read."""


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
    why = 'The seed was not refined: no other position was tried.'
    return Table('search', voi.label, tuple(columns), why_empty=why)


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


def write_results(path: Path, result: AnalysisResult) -> None:
    """
    Write ``results.json``.

    Parameters
    ----------
    path : `pathlib.Path`
        The file to write.

    result : AnalysisResult
        What was found.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    text = json.dumps(
        plain_data(results_json(result)), indent=1, ensure_ascii=False, allow_nan=False
    )
    path.write_text(text + '\n', encoding='utf-8')


def results_json(result: AnalysisResult) -> dict[str, Any]:
    """
    The results as plain JSON data.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    data : dict
        Numbers, texts, lists and None only. None stands where there is no
        value, and for a part that was not measured. Flags are the stable
        names of `Flag`, times ISO 8601.
    """
    data = {
        'schema': RESULTS_SCHEMA,
        'software': {'name': SOFTWARE_NAME, 'version': __version__},
        'analyzed_at': result.analyzed_at,
        'input': _input(result.image),
        'scan': scan_json(result.image.acquisition),
        'phantom': _phantom(result.phantom),
        'settings': result.settings.to_json(),
        **_of_subjects(result),
        'contradictions': list(result.contradictions),
        'flags': [flag.value for flag in result.flags],
        'notes': list(result.notes),
    }
    plain: dict[str, Any] = _plain(data)
    return plain


def measured_json(result: AnalysisResult) -> dict[str, Any]:
    """
    What `values_of_results` reads of the results.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    data : dict
        Of `results_json`, without what takes time.
    """
    plain: dict[str, Any] = _plain({'input': {'unit': result.image.unit}, **_of_subjects(result)})
    return plain


def _of_subjects(result: AnalysisResult) -> dict[str, Any]:
    return {key: value for one in SUBJECTS for key, value in one.json(result).items()}


def _input(image: PETImage) -> dict[str, Any]:
    return {
        'series_instance_uid': image.acquisition.series_instance_uid,
        'frame_of_reference_uid': image.acquisition.frame_of_reference_uid,
        'unit': image.unit,
        'shape_ijk': image.geometry.size_ijk,
        'spacing_ijk_mm': image.geometry.spacing_ijk_mm,
        'ijk_to_ras': image.geometry.ijk_to_ras,
        'sha256': image.sha256(),
    }


def scan_json(scan: Acquisition) -> dict[str, Any]:
    """
    What the header says of scanner, reconstruction and injection.

    Parameters
    ----------
    scan : Acquisition
        What the header says.

    Returns
    -------
    data : dict
        By `SCAN_KEYS`; None where it says nothing.
    """
    return {key: getattr(scan, key) or None for key in SCAN_KEYS}


def _phantom(phantom: Phantom) -> dict[str, Any]:
    return {'name': phantom.name, 'source': phantom.source}


def _plain(value: Any) -> Any:
    """Lists, texts and numbers that JSON knows; what is no number becomes None."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return _text(value)


def _text(value: Any) -> Any:
    """Flags and levels by their stable names, times in ISO 8601; all else as it is."""
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, datetime) else value
