"""Results for programs: ``results.json``, whose keys stay as they are."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..core.flags import Flag
from ..core.image import PETImage
from ..core.phantom import Phantom
from ..measure.voi import VOIResult
from ..results import AnalysisResult
from .method import SOFTWARE_NAME
from .quality_json import fit_json, quality_json

RESULTS_SCHEMA = 'voi-identification/results/1'


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
    text = json.dumps(results_json(result), indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + '\n', encoding='utf-8', errors='replace')


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
        'phantom': _phantom(result.phantom),
        'settings': result.settings.to_json(),
        'spheres': [_voi(voi) for voi in result.spheres],
        'background': _background(result.background),
        **quality_json(result),
        'flags': [flag.value for flag in result.flags],
        'notes': list(result.notes),
    }
    plain: dict[str, Any] = _plain(data)
    return plain


def _input(image: PETImage) -> dict[str, Any]:
    return {
        'series_instance_uid': image.acquisition.series_instance_uid,
        'unit': image.unit,
        'shape_ijk': image.geometry.size_ijk,
        'spacing_ijk_mm': image.geometry.spacing_ijk_mm,
        'ijk_to_ras': image.geometry.ijk_to_ras,
        'sha256': image.sha256(),
    }


def _phantom(phantom: Phantom) -> dict[str, Any]:
    return {'name': phantom.name, 'source': phantom.source}


def _voi(voi: VOIResult) -> dict[str, Any]:
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
        'flags': [flag.value for flag in voi.flags],
    }


def _background(vois: Sequence[VOIResult]) -> dict[str, Any] | None:
    if not vois:
        return None
    mean, sd = _pooled(vois)
    cov = None if mean is None or sd is None or mean <= 0 else sd / mean
    return {'mean': mean, 'sd': sd, 'voxel_cov': cov, 'vois': [_voi(voi) for voi in vois]}


def _pooled(vois: Sequence[VOIResult]) -> tuple[float | None, float | None]:
    """Mean and SD of the voxels of several VOIs as one, each VOI weighted by its volume."""
    measured = [voi.statistics for voi in vois if voi.statistics.mean is not None]
    if not measured:
        return None, None
    volumes = [part.volume_ml for part in measured]
    means = np.array([part.mean for part in measured], dtype=float)
    variances = np.array([part.variance for part in measured], dtype=float)
    mean = float(np.average(means, weights=volumes))
    variance = float(np.average(variances + (means - mean) ** 2, weights=volumes))
    return mean, None if math.isnan(variance) else math.sqrt(variance)


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
    """Flags by their stable names, times in ISO 8601; all else as it is."""
    if isinstance(value, Flag):
        return value.value
    return value.isoformat() if isinstance(value, datetime) else value
