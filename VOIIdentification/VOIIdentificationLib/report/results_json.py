"""Results for programs: ``results.json``, whose keys stay as they are."""

from __future__ import annotations

import json
import math
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..core.flags import Flag
from ..core.image import PETImage
from ..core.phantom import Phantom
from ..results import AnalysisResult
from .method import SOFTWARE_NAME
from .subjects import SUBJECTS

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
    subjects = {key: value for one in SUBJECTS for key, value in one.json(result).items()}
    data = {
        'schema': RESULTS_SCHEMA,
        'software': {'name': SOFTWARE_NAME, 'version': __version__},
        'analyzed_at': result.analyzed_at,
        'input': _input(result.image),
        'phantom': _phantom(result.phantom),
        'settings': result.settings.to_json(),
        **subjects,
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
