"""The second fit of a sphere: least squares in correlated noise, with uncertainties."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import fft

from ..core.geometry import FloatArray
from .cutout import FitBox
from .least_squares import FirstFit, limited, parameters, pull, stiffness
from .model import SinglePrecision, SphereParameters
from .noise import Noise, Residual

MIN_POWER = 0.05
"""Floor of the noise spectrum, as a part of its peak, where the fit divides by it."""

_STEPS = 2
"""Newton steps; the first fit ended closer to the optimum than the noise is large."""

_SIGNAL = 3


@dataclass(frozen=True, eq=False)
class SecondFit:
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
    """

    parameters: SphereParameters
    covariance: FloatArray
    signal_information: float
    mean_sd: float


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
        gradient = _products(normal.weighted, residual)[:, 0] + pull(vector)
        vector = limited(vector, np.linalg.solve(normal.hessian, gradient), box)
        model = box.model.image(parameters(vector))
    return SecondFit(
        parameters=parameters(vector),
        covariance=normal.covariance,
        signal_information=float(normal.hessian[_SIGNAL, _SIGNAL]),
        mean_sd=_mean_sd(box, noise, model),
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


class _NormalEquations:
    """Derivatives, their weights and the covariance of what they lead to."""

    def __init__(self, box: FitBox, first: FirstFit, noise: Noise) -> None:
        self.per_sd = np.where(box.use, 1.0 / noise.sd(first.model), 0.0).astype(np.float32)
        self.spectra = _spectra(first.derivatives * self.per_sd)
        count = _counts(box.use.shape)
        power = noise.spectrum(box.use.shape)[..., None]
        least = np.maximum(power, MIN_POWER * power.max())
        self.weighted = self.spectra * (count / least).astype(np.float32)
        self.hessian = _products(self.weighted, self.spectra) + stiffness()
        noisy = self.weighted * (power / count).astype(np.float32)
        scatter = _products(noisy, self.weighted) + stiffness()
        inverse = np.linalg.inv(self.hessian)
        self.covariance = inverse @ scatter @ inverse


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
