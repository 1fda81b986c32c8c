"""Noise of a reconstructed image: it grows with the signal, and neighboring voxels share it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import fft

from ..core.geometry import FloatArray, VolumeGeometry

CORRELATED_WITHIN_MM = 6.0
"""Up to this distance the measured correlation is believed as it is …"""

UNCORRELATED_BEYOND_MM = 12.0
"""… and beyond this one none is believed: there it is only scatter of the estimate."""


@dataclass(frozen=True, eq=False)
class Residual:
    """
    What a fit leaves over on one box of voxels.

    Attributes
    ----------
    values, model : (K, J, I) `numpy.ndarray` of float32
        Image minus model, and the model.

    use : (K, J, I) `numpy.ndarray` of bool
        Voxels that count.

    pairs : (2Lk+1, 2Lj+1, 2Li+1) `numpy.ndarray` of float
        How many pairs of these there are, by distance in voxels; `left_over`
        counts them.

    absorbed_variance : (K, J, I) `numpy.ndarray` of float32, or None
        Noise that the fit took for signal, because its parameters followed it:
        missing in the squares.

    absorbed_products : (K, J, I) `numpy.ndarray` of float32, or None
        The same, missing in the sum over pairs of voxels, in units of their
        standard deviations, by distance: lag 0 comes first, negative ones at
        the end. None if it is not known yet.
    """

    values: npt.NDArray[np.float32]
    model: npt.NDArray[np.float32]
    use: npt.NDArray[np.bool_]
    pairs: FloatArray
    absorbed_variance: npt.NDArray[np.float32] | None = None
    absorbed_products: npt.NDArray[np.float32] | None = None

    def squares(self) -> FloatArray:
        """
        Variance of the noise, voxel by voxel.

        Returns
        -------
        squares : (N,) `numpy.ndarray` of float
            One estimate for each voxel in use.
        """
        squares = self.values[self.use].astype(float) ** 2
        absorbed = self.absorbed_variance
        return squares if absorbed is None else squares + absorbed[self.use]


@dataclass(frozen=True, eq=False)
class Noise:
    """
    Second moments of the noise.

    Attributes
    ----------
    variance : float
        Where the image is 0.

    variance_per_value : float
        What each unit of image value adds.

    correlation : (2Lk+1, 2Lj+1, 2Li+1) `numpy.ndarray` of float
        Correlation of two voxels by their distance in voxels; the middle is 1.
    """

    variance: float
    variance_per_value: float
    correlation: FloatArray

    def sd(self, model: npt.NDArray[np.floating[Any]]) -> FloatArray:
        """
        Standard deviation of each voxel.

        Parameters
        ----------
        model : `numpy.ndarray` of float
            Expected values.

        Returns
        -------
        sd : `numpy.ndarray` of float
            Same shape, in the image's unit.
        """
        variance = self.variance + self.variance_per_value * np.maximum(model, 0.0)
        return np.asarray(np.sqrt(variance))

    def spectrum(self, shape_kji: tuple[int, ...]) -> FloatArray:
        """
        Power of the noise of unit variance on a periodic box.

        Parameters
        ----------
        shape_kji : tuple of int
            Voxels of the box.

        Returns
        -------
        power : (K, J, I // 2 + 1) `numpy.ndarray` of float
            In the order of `scipy.fft.rfftn`; 1 everywhere for white noise.
        """
        lags = np.zeros(shape_kji)
        reach = [
            min(n // 2, (m - 1) // 2)
            for n, m in zip(self.correlation.shape, shape_kji, strict=True)
        ]
        middle = [n // 2 for n in self.correlation.shape]
        inner = tuple(slice(m - r, m + r + 1) for m, r in zip(middle, reach, strict=True))
        index = np.ix_(*(np.arange(-r, r + 1) for r in reach))
        lags[index] = self.correlation[inner]
        power = fft.rfftn(lags).real
        return np.asarray(np.maximum(power, 0.0))


def left_over(
    values: npt.NDArray[np.float32],
    model: npt.NDArray[np.float32],
    use: npt.NDArray[np.bool_],
    geometry: VolumeGeometry,
) -> Residual:
    """
    Put together what a fit leaves over.

    Parameters
    ----------
    values, model : (K, J, I) `numpy.ndarray` of float32
        Image minus model, and the model.

    use : (K, J, I) `numpy.ndarray` of bool
        Voxels that count.

    geometry : VolumeGeometry
        Grid of the image.

    Returns
    -------
    residual : Residual
        With the pairs counted.
    """
    return Residual(values, model, use, _pairs(use.astype(np.float32), _reach(geometry)))


def estimate_noise(residuals: Sequence[Residual], geometry: VolumeGeometry) -> Noise:
    """
    Noise from what fits of one image leave over.

    Parameters
    ----------
    residuals : sequence of Residual
        One for each box; together they need a few hundred voxels.

    geometry : VolumeGeometry
        Grid of the image.

    Returns
    -------
    noise : Noise
        Variance as a straight line in the signal, and correlation.
    """
    variance, per_value = _variance_line(
        np.concatenate([r.squares() for r in residuals]),
        np.concatenate([r.model[r.use] for r in residuals]).astype(float),
    )
    white = Noise(variance, per_value, np.ones((1, 1, 1)))
    reach = _reach(geometry)
    products = np.zeros(2 * reach + 1)
    pairs = np.zeros(2 * reach + 1)
    for r in residuals:
        standardized = np.where(r.use, r.values / white.sd(r.model), 0.0)
        products += _pairs(standardized.astype(np.float32), reach)
        pairs += r.pairs
        if r.absorbed_products is not None:
            products += _at_lags(r.absorbed_products, reach)
    correlation = np.divide(products, pairs, out=np.zeros(pairs.shape), where=pairs > 0.5)
    correlation *= _taper(geometry, reach) / correlation[tuple(reach)]
    return Noise(variance, per_value, correlation)


def _variance_line(squares: FloatArray, models: FloatArray) -> tuple[float, float]:
    """Non-negative intercept and slope of the squared residuals over the model."""
    level = max(float(np.mean(squares)), float(np.mean(models**2)) * 1e-12, 1e-300)
    scale = max(float(np.abs(models).max()), 1e-300)
    brightness = np.maximum(models, 0.0) / scale
    expected = np.full(squares.shape, level)
    for _ in range(3):  # the scatter of a square is proportional to its expectation
        line = _non_negative_line(brightness, squares, 1.0 / expected**2)
        expected = np.maximum(line[0] + line[1] * brightness, 0.01 * level)
    # A noiseless corner would get all the weight: leave it 1 % of the mean variance.
    return max(line[0], 0.01 * level), line[1] / scale


def _non_negative_line(x: FloatArray, y: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """Intercept and slope of a weighted line, none below 0; `scipy.optimize` loads too long."""
    mean_x, mean_y, mean_xx, mean_xy = (
        float(np.average(v, weights=weights)) for v in (x, y, x * x, x * y)
    )
    spread = mean_xx - mean_x**2
    slope = (mean_xy - mean_x * mean_y) / spread if spread > 1e-9 * mean_xx else 0.0
    if slope <= 0:
        return mean_y, 0.0
    if mean_y < slope * mean_x:
        return 0.0, mean_xy / mean_xx
    return mean_y - slope * mean_x, slope


def _reach(geometry: VolumeGeometry) -> npt.NDArray[np.int64]:
    """Farthest distance, in voxels along k, j and i, at which correlation is looked for."""
    rows = np.linalg.norm(np.linalg.inv(geometry.axes_ras_mm), axis=1)
    return np.asarray(np.maximum(np.floor(UNCORRELATED_BEYOND_MM * rows).astype(np.int64), 1)[::-1])


def _taper(geometry: VolumeGeometry, reach: npt.NDArray[np.int64]) -> FloatArray:
    k, j, i = (np.arange(-r, r + 1) for r in reach)
    lags_ijk = np.stack(np.meshgrid(k, j, i, indexing='ij')[::-1], axis=-1)
    distance = np.linalg.norm(lags_ijk @ geometry.axes_ras_mm.T, axis=-1)
    part = (distance - CORRELATED_WITHIN_MM) / (UNCORRELATED_BEYOND_MM - CORRELATED_WITHIN_MM)
    return np.asarray(np.cos(np.pi / 2 * np.clip(part, 0.0, 1.0)) ** 2)


def _pairs(values: npt.NDArray[np.float32], reach: npt.NDArray[np.int64]) -> FloatArray:
    """Sum over all pairs of voxels of their product, for every lag up to `reach`."""
    shape = [
        fft.next_fast_len(n + int(r), real=True) for n, r in zip(values.shape, reach, strict=True)
    ]
    lagged = fft.irfftn(np.abs(fft.rfftn(values, s=shape)) ** 2, s=shape)
    return np.asarray(lagged[_lags(reach)])


def _at_lags(periodic: npt.NDArray[np.float32], reach: npt.NDArray[np.int64]) -> FloatArray:
    """Values at every lag up to `reach`; 0 where a box is so thin that it has no such pair."""
    lags = [np.arange(-r, r + 1) for r in reach]
    found = periodic[np.ix_(*(lag % n for lag, n in zip(lags, periodic.shape, strict=True)))]
    k, j, i = (np.abs(lag) < n for lag, n in zip(lags, periodic.shape, strict=True))
    return np.asarray(found * (k[:, None, None] & j[:, None] & i))


def _lags(reach: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], ...]:
    """Where the lags from -reach to reach lie in a periodic array."""
    return np.ix_(*(np.arange(-r, r + 1) for r in reach))
