"""
The first fit of a sphere: least squares, for noise that grows with the signal.

By hand, because `scipy.optimize.least_squares` finds the same, but from a dense Jacobian in
double precision: two to five times as slow.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft

from ..core.geometry import FloatArray
from .model import FitBox, SinglePrecision, SphereParameters
from .noise import Noise, Residual

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

MIN_POWER = 0.05
"""Floor of the noise spectrum, as a part of its peak, where the fit divides by it."""

_STEPS = 2
"""Newton steps; the first fit ended closer to the optimum than the noise is large."""


class FirstFit(NamedTuple):
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


class SecondFit(NamedTuple):
    """
    Where the weighted fit ended, and how sure that is.

    Attributes
    ----------
    parameters : SphereParameters
        The sphere.

    covariance : (7, 7) `numpy.ndarray` of float
        Of the vector that `FirstFit` describes.

    signal_information : float
        Inverse variance of the signal if nothing else were unknown.

    mean_sd : float
        Standard deviation of the mean in the ball.

    residual : `numpy.ndarray` of float32
        Image minus model.
    """

    parameters: SphereParameters
    covariance: FloatArray
    signal_information: float
    mean_sd: float
    residual: SinglePrecision


class _NormalEquations:
    """Derivatives, their weights and the covariance of what they lead to."""

    def __init__(self, box: FitBox, first: FirstFit, noise: Noise) -> None:
        self.per_sd = np.where(box.use, 1.0 / noise.sd(first.model), 0.0).astype(np.float32)
        self.spectra = _spectra(first.derivatives * self.per_sd)
        count = _counts(box.use.shape)
        power = noise.spectrum(box.use.shape)[..., None]
        least = np.maximum(power, MIN_POWER * power.max())
        self.weighted = self.spectra * (count / least).astype(np.float32)
        self.hessian = _products(self.weighted, self.spectra) + _stiffness()
        noisy = self.weighted * (power / count).astype(np.float32)
        scatter = _products(noisy, self.weighted) + _stiffness()
        inverse = np.linalg.inv(self.hessian)
        self.covariance = inverse @ scatter @ inverse


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
            return here._replace(converged=True)
        damping = max(damping / 10, 1e-7)
    return here


def _parameters(vector: FloatArray) -> SphereParameters:
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
    columns = box.model.columns(_parameters(vector))[:, box.use]
    values = box.values[box.use]
    vector[[_SIGNAL, _BACKGROUND]] = np.linalg.lstsq(columns.T, values, rcond=None)[0]
    return vector


def _evaluated(box: FitBox, vector: FloatArray) -> FirstFit:
    return FirstFit(vector, *box.model.with_derivatives(_parameters(vector)))


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
    gradient = columns @ residual + _pull(here.vector)
    hessian = columns @ columns.T + _stiffness()
    cost = _cost(box, here, per_sd)
    while damping < _MAX_DAMPING:
        step = np.linalg.solve(hessian + damping * np.diag(np.diag(hessian)), gradient)
        there = _evaluated(box, _limited(here.vector, step, box))
        if _cost(box, there, per_sd) <= cost:
            return there, damping
        damping *= 10
    return here, damping


def _cost(box: FitBox, point: FirstFit, per_sd: SinglePrecision) -> float:
    residual = ((box.values - point.model) * per_sd).ravel()
    lean = (point.vector[_FWHM] - np.log(USUAL_FWHM_MM)) / USUAL_FWHM_LOG_SD
    return float(residual @ residual + lean @ lean)


def _stiffness() -> FloatArray:
    """
    Information on the resolution that is there before the image is looked at.

    Returns
    -------
    information : (7, 7) `numpy.ndarray` of float
        Inverse variances of the vector that `FirstFit` describes.
    """
    return np.diag([_NEARLY_FREE] * 5 + [USUAL_FWHM_LOG_SD**-2] * 2)


def _pull(vector: FloatArray) -> FloatArray:
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
    slope = np.zeros(7)
    slope[_FWHM] = (np.log(USUAL_FWHM_MM) - vector[_FWHM]) / USUAL_FWHM_LOG_SD**2
    return slope


def _limited(vector: FloatArray, step: npt.NDArray[np.floating[Any]], box: FitBox) -> FloatArray:
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


def second_fit(box: FitBox, first: FirstFit, noise: Noise) -> SecondFit:
    r"""
    Take the first fit to the optimum for a known noise, with uncertainties.

    Parameters
    ----------
    box : FitBox
        The sphere's voxels.

    first : FirstFit
        A first fit that converged.

    noise : Noise
        Variance and correlation.

    Returns
    -------
    fit : SecondFit
        Parameters and their covariance.

    Notes
    -----
    With the derivatives J and the residual divided by each voxel's standard
    deviation, the step solves :math:`(J^T W J) \delta = J^T W r` where W
    divides the spectrum by that of the noise, but never by less than
    `MIN_POWER` of its peak. The covariance is the sandwich
    :math:`(J^T W J)^{-1} J^T W C W J (J^T W J)^{-1}` with the noise's full
    correlation C: it is right for any W. All products are taken on spectra.
    """
    normal = _NormalEquations(box, first, noise)
    vector, model = first.vector, first.model
    for _ in range(_STEPS):
        residual = _spectra(((box.values - model) * normal.per_sd)[None])
        gradient = _products(normal.weighted, residual)[:, 0] + _pull(vector)
        vector = _limited(vector, np.linalg.solve(normal.hessian, gradient), box)
        model = box.model.image(_parameters(vector))
    return SecondFit(
        parameters=_parameters(vector),
        covariance=normal.covariance,
        signal_information=float(normal.hessian[_SIGNAL, _SIGNAL]),
        mean_sd=_mean_sd(box, noise, model),
        residual=box.values - model,
    )


def with_absorbed(residual: Residual, box: FitBox, first: FirstFit, noise: Noise) -> Residual:
    """
    Add what a fit with seven free numbers takes out of the noise in its box.

    Parameters
    ----------
    residual : Residual
        What the fit left over.

    box : FitBox
        The sphere's voxels.

    first : FirstFit
        A first fit that converged.

    noise : Noise
        Variance and correlation, as far as they are known.

    Returns
    -------
    residual : Residual
        With the absorbed variance and products.
    """
    normal = _NormalEquations(box, first, noise)
    power = _quadratic(normal.covariance, normal.spectra).sum(axis=-1)
    return replace(
        residual,
        absorbed_variance=_quadratic(normal.covariance, first.derivatives),
        absorbed_products=np.asarray(fft.irfftn(power, s=box.use.shape)),
    )


def _mean_sd(box: FitBox, noise: Noise, model: SinglePrecision) -> float:
    """Standard deviation of the mean in the ball, with the correlation of its voxels."""
    spectrum = _spectra((box.inside * noise.sd(model)).astype(np.float32)[None])
    power = noise.spectrum(box.use.shape)[..., None] * _counts(box.use.shape)
    return float(np.sqrt(_products(spectrum * power.astype(np.float32), spectrum)[0, 0]))


def _spectra(boxes: SinglePrecision) -> SinglePrecision:
    """Half spectra of boxes, shape ``(N, K, J, I // 2 + 1, 2)``: real and imaginary parts."""
    spectra = fft.rfftn(boxes, axes=(1, 2, 3))
    return np.asarray(spectra.view(np.float32).reshape(*spectra.shape, 2))


def _products(a: SinglePrecision, b: SinglePrecision) -> FloatArray:
    """Scalar products of spectra."""
    return np.asarray(a.reshape(len(a), -1) @ b.reshape(len(b), -1).T, dtype=float)


def _quadratic(matrix: FloatArray, arrays: SinglePrecision) -> SinglePrecision:
    """Sum over a and b of matrix[a, b] * arrays[a] * arrays[b], for a symmetric matrix."""
    total: SinglePrecision = np.zeros_like(arrays[0])
    for a, array in enumerate(arrays):
        row = array * np.float32(matrix[a, a])
        for b in range(a):
            row += arrays[b] * np.float32(2 * matrix[a, b])
        total += row * array
    return total


def _counts(shape_kji: tuple[int, ...]) -> FloatArray:
    """How often each place of a half spectrum counts, over the number of voxels."""
    count = np.full((shape_kji[-1] // 2 + 1, 1), 2.0)
    count[0] = 1.0
    if shape_kji[-1] % 2 == 0:
        count[-1] = 1.0
    return count / np.prod(shape_kji)
