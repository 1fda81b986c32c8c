"""
The first fit of a sphere: least squares, for noise that grows with the signal.

By hand, because `scipy.optimize.least_squares` finds the same, but from a dense Jacobian in
double precision: two to five times as slow.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core.geometry import FloatArray
from .cutout import FitBox
from .model import SinglePrecision, SphereParameters

USUAL_FWHM_MM = 6.0
"""Resolution at which the fit starts, and towards which it leans where the image says nothing."""

USUAL_FWHM_LOG_SD = 0.5
"""How firmly it leans: one standard deviation is a factor of 1.65."""

FWHM_RANGE_MM = (1.5, 20.0)
"""Resolutions the fit may find. At an end it has run away, and the value is not reported."""

MAX_ITERATIONS = 30

CONVERGED_MM = 0.05
"""A step below this (5 % in the FWHM) ends the first fit; the second takes it to the end."""

_NEARLY_FREE = 1e-9
"""Information on everything else: only keeps the equations solvable where voxels lack."""

_MAX_DAMPING = 1e6
"""At this damping a step is too small to matter: the fit has come to rest."""

_CENTER = slice(0, 3)
_SIGNAL, _BACKGROUND = 3, 4
_FWHM = slice(5, 7)
_SHAPE = [0, 1, 2, 5, 6]


@dataclass(frozen=True, eq=False)
class FirstFit:
    """
    One point on the way of least squares.

    Attributes
    ----------
    vector : (7,) `numpy.ndarray` of float
        Center r, a, s; signal; background; logarithms of the FWHM in plane and axial.

    model, derivatives : `numpy.ndarray` of float32
        As `BlurredSphere.with_derivatives` gives them there.

    converged : bool
        Whether it came to rest here.
    """

    vector: FloatArray
    model: SinglePrecision
    derivatives: SinglePrecision
    converged: bool = False


def first_fit(box: FitBox) -> FirstFit:
    """
    Levenberg-Marquardt, for noise whose variance is proportional to the signal.

    Parameters
    ----------
    box : FitBox
        The sphere's voxels.

    Returns
    -------
    fit : FirstFit
        Where it ended.
    """
    here = _evaluated(box, _start(box))
    per_sd = _first_weights(box, here.model)
    damping = 1e-3
    for _ in range(MAX_ITERATIONS):
        there, damping = _downhill(box, here, per_sd, damping)
        moved = float(np.abs(there.vector - here.vector)[_SHAPE].max())
        here = there
        if moved < CONVERGED_MM:
            return replace(here, converged=True)
        damping = max(damping / 10, 1e-7)
    return here


def parameters(vector: FloatArray) -> SphereParameters:
    """
    Give the fitted numbers their names.

    Parameters
    ----------
    vector : (7,) `numpy.ndarray` of float
        As `FirstFit` describes it.

    Returns
    -------
    parameters : SphereParameters
        The same, with the FWHM in millimeter.
    """
    r, a, s, signal, background, in_plane, axial = vector.tolist()
    return SphereParameters(
        (r, a, s), signal, background, float(np.exp(in_plane)), float(np.exp(axial))
    )


def _start(box: FitBox) -> FloatArray:
    """The search's center, the usual resolution, and the best values for these."""
    usual = np.log(USUAL_FWHM_MM)
    vector = np.array([*box.start.center_ras_mm, 0.0, 0.0, usual, usual])
    columns = box.model.columns(parameters(vector))[:, box.use]
    values = box.values[box.use]
    vector[[_SIGNAL, _BACKGROUND]] = np.linalg.lstsq(columns.T, values, rcond=None)[0]
    return vector


def _evaluated(box: FitBox, vector: FloatArray) -> FirstFit:
    return FirstFit(vector, *box.model.with_derivatives(parameters(vector)))


def _first_weights(box: FitBox, model: SinglePrecision) -> SinglePrecision:
    """One over each voxel's SD: variance proportional to the model, with a floor."""
    level = 0.1 * float(np.abs(model[box.use]).max()) + 1e-30
    variance = np.maximum(model, 0.0) + level
    scale = float(np.mean((box.values - model)[box.use] ** 2 / variance[box.use]))
    return np.where(box.use, 1.0 / np.sqrt(variance * max(scale, 1e-9 * level)), 0.0).astype(
        np.float32
    )


def _downhill(
    box: FitBox, here: FirstFit, per_sd: SinglePrecision, damping: float
) -> tuple[FirstFit, float]:
    """The next point that fits better, and the damping it took; the same point if there is none."""
    columns = (here.derivatives * per_sd).reshape(7, -1)
    residual = ((box.values - here.model) * per_sd).ravel()
    gradient = columns @ residual + pull(here.vector)
    hessian = columns @ columns.T + stiffness()
    cost = _cost(box, here, per_sd)
    while damping < _MAX_DAMPING:
        step = np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), gradient)
        there = _evaluated(box, limited(here.vector, step, box))
        if _cost(box, there, per_sd) <= cost:
            return there, damping
        damping *= 10
    return here, damping


def _cost(box: FitBox, point: FirstFit, per_sd: SinglePrecision) -> float:
    residual = ((box.values - point.model) * per_sd).ravel()
    lean = (point.vector[_FWHM] - np.log(USUAL_FWHM_MM)) / USUAL_FWHM_LOG_SD
    return float(residual @ residual + lean @ lean)


def stiffness() -> FloatArray:
    """
    Information on the resolution that is there before the image is looked at.

    Returns
    -------
    information : (7, 7) `numpy.ndarray` of float
        Inverse variances of the vector that `FirstFit` describes.
    """
    return np.diag([_NEARLY_FREE] * 5 + [USUAL_FWHM_LOG_SD**-2] * 2)


def pull(vector: FloatArray) -> FloatArray:
    """
    How strongly the usual resolution pulls.

    Parameters
    ----------
    vector : (7,) `numpy.ndarray` of float
        As `FirstFit` describes it.

    Returns
    -------
    gradient : (7,) `numpy.ndarray` of float
        Of the logarithm of the probability.
    """
    pull = np.zeros(7)
    pull[_FWHM] = (np.log(USUAL_FWHM_MM) - vector[_FWHM]) / USUAL_FWHM_LOG_SD**2
    return pull


def limited(vector: FloatArray, step: npt.NDArray[np.floating[Any]], box: FitBox) -> FloatArray:
    """
    One step, not beyond half a radius and not out of the range of resolutions.

    Parameters
    ----------
    vector, step : (7,) `numpy.ndarray` of float
        As `FirstFit` describes it, and the change that is wanted.

    box : FitBox
        The sphere.

    Returns
    -------
    vector : (7,) `numpy.ndarray` of float
        The new place.
    """
    length = float(np.linalg.norm(step[_CENTER]))
    longest = box.start.diameter_mm / 4
    trial = vector + step * min(1.0, longest / max(length, 1e-12))
    trial[_FWHM] = np.clip(trial[_FWHM], *np.log(FWHM_RANGE_MM))
    return np.asarray(trial)
