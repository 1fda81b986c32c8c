"""What ``results.json`` says of body, fit, NEMA figures, recovery, activity and SUV."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..activity.worksheet_json import worksheet_to_json
from ..evaluate.limits import QUANTITY_NAMES
from ..evaluate.nema import NEMAResult
from ..evaluate.recovery import RecoveryResult, SphereRecovery
from ..locate.ring import RingPose
from ..measure.voi import SphereFit
from ..results import AnalysisResult
from .subjects.recovery import RELATIVE_KEYS


def quality_json(result: AnalysisResult) -> dict[str, Any]:
    """
    Everything beyond the statistics of the VOIs.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    data : dict
        Keys ``'pose'``, ``'nema'``, ``'recovery'``, ``'activity'`` and
        ``'suv'``: objects, or None where nothing is known. Arrays, flags and
        times are still to be made plain.
    """
    return {
        'pose': None if result.pose is None else _pose(result.pose),
        'nema': None if result.nema is None else _nema(result.nema),
        'recovery': None if result.recovery is None else _recovery(result.recovery),
        'activity': _activity(result),
        'suv': None if result.suv is None else asdict(result.suv),
    }


def fit_json(fit: SphereFit | None) -> dict[str, Any] | None:
    """
    The fit of one sphere.

    Parameters
    ----------
    fit : SphereFit or None
        What the fit found.

    Returns
    -------
    data : dict or None
        Every attribute by its name, without the label.
    """
    if fit is None:
        return None
    return {key: value for key, value in asdict(fit).items() if key != 'label'}


def _pose(pose: RingPose) -> dict[str, Any]:
    return {**asdict(pose), 'deviations_mm': dict(pose.deviations_mm)}


def _nema(found: NEMAResult) -> dict[str, Any]:
    return asdict(found)


def _recovery(found: RecoveryResult) -> dict[str, Any]:
    return {
        **asdict(found),
        'spheres': [_sphere_recovery(sphere, found) for sphere in found.spheres],
    }


def _sphere_recovery(sphere: SphereRecovery, found: RecoveryResult) -> dict[str, Any]:
    """Relative coefficients have names of their own, so that none is taken for a recovery."""
    absolute: dict[str, Any] = {
        key: None if found.relative else getattr(sphere, key) for key in QUANTITY_NAMES
    }
    relative = {
        name: getattr(sphere, key) if found.relative else None
        for key, name in RELATIVE_KEYS.items()
    }
    return {**asdict(sphere), **absolute, **relative}


def _activity(result: AnalysisResult) -> dict[str, Any] | None:
    if result.activity is None and result.worksheet is None:
        return None
    worksheet = None if result.worksheet is None else worksheet_to_json(result.worksheet)
    truth = {} if result.activity is None else asdict(result.activity)
    return {**truth, 'worksheet': worksheet}
