"""Uniformity of a large VOI: per slice, over a grid of cells, and the noise of its mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft

from ..core.geometry import FloatArray, VolumeGeometry
from ..core.image import PETImage
from ..measure.voi_mask import VOIMask

CELL_MM = 10.0
"""Edge of a cell of the grid: NEMA NU 2-1994 style; its use here is our own definition."""

WHOLE_PART = 0.5
"""A slice or cell counts if this part of the largest slice's area, or 0.999 of the cell, is in."""

_WHOLE_CELL = 0.999

CORRELATED_WITHIN_MM = 25.0
"""Noise farther apart is not shared: 1.8 FWHM of an image of 14 mm (SPECT)."""

_ROUNDING = 1e-12
"""Of the mean: smaller deviations are none."""

_MAX_CORRELATED_PART = 0.1
"""Of the VOI: a larger part says more of the estimate's own scatter than of the noise."""


class Extremes(NamedTuple):
    """
    How far the lowest and the highest part deviate from the mean.

    Attributes
    ----------
    low_percent, high_percent : float or None
        In percent of the mean; None where there are not two parts.
    """

    low_percent: float | None = None
    high_percent: float | None = None


@dataclass(frozen=True)
class UniformSlice:
    """
    The VOI in one slice.

    Attributes
    ----------
    slice_k : int
        Index of the slice, from 0.

    area_mm2 : float
        What of the slice lies in the VOI.

    whole : bool
        Whether that is enough to count for the uniformity.

    mean, sd : float or None
        Of its voxels, weighted by the part inside, SD over the whole weight.

    cov_percent : float or None
        SD over mean.

    deviation_percent : float or None
        Mean over that of the VOI, minus 1.

    cells : Extremes
        Of the means of its cells, in percent of the slice's mean.
    """

    slice_k: int
    area_mm2: float
    whole: bool
    mean: float | None
    sd: float | None
    cov_percent: float | None
    deviation_percent: float | None
    cells: Extremes


class Uniformity(NamedTuple):
    """
    Uniformity of a VOI.

    Attributes
    ----------
    slices : tuple of UniformSlice
        Lowest k first.

    axial : Extremes
        Of the means of whole slices.

    in_plane : Extremes
        Of the cells of all whole slices, each against the mean of its slice.

    through : Extremes
        Of cells that reach through all whole slices, against their mean.
    """

    slices: tuple[UniformSlice, ...]
    axial: Extremes
    in_plane: Extremes
    through: Extremes


def uniformity(image: PETImage, mask: VOIMask, mean: float) -> Uniformity:
    """
    Compare the parts of a VOI that should read the same.

    Parameters
    ----------
    image : PETImage
        The scan.

    mask : VOIMask
        The VOI.

    mean : float
        Of the VOI, in the image's unit; above 0.

    Returns
    -------
    uniformity : Uniformity
        Voxels that are no number are left out.
    """
    values = image.voxels[mask.slices_kji].astype(float)
    weights = np.where(np.isfinite(values), mask.weights, 0.0)
    values = np.where(weights > 0, values, 0.0)
    areas = weights.sum(axis=(1, 2))
    whole = areas >= WHOLE_PART * areas.max()
    sums, parts = _cells(values, weights, image.geometry)
    full = CELL_MM**2 / float(np.prod(image.geometry.spacing_ijk_mm[:2]))
    most = weights.max(axis=(1, 2))  # below 1 where the VOI ends within the slice
    inside = (parts >= _WHOLE_CELL * full * most[:, None, None]) & whole[:, None, None]
    with np.errstate(divide='ignore', invalid='ignore'):
        cells = np.where(inside, sums / parts, np.nan)
        means = (weights * values).sum(axis=(1, 2)) / areas
        sds = np.sqrt((weights * (values - means[:, None, None]) ** 2).sum(axis=(1, 2)) / areas)
    area_mm2 = image.geometry.voxel_volume_mm3 / image.geometry.slice_spacing_mm
    slices = tuple(
        _slice(k, float(areas[n] * area_mm2), bool(whole[n]), (means[n], sds[n], mean), cells[n])
        for n, k in enumerate(range(mask.slices_kji[0].start, mask.slices_kji[0].stop))
        if areas[n] > 0
    )
    counted = [one for one in slices if one.whole]
    lows, highs = zip(*(one.cells for one in counted), strict=True)
    always = inside[whole].all(axis=0)
    through = np.where(always, np.nan_to_num(cells[whole]).mean(axis=0), np.nan)
    return Uniformity(
        slices,
        _extremes(np.array([one.mean for one in counted], dtype=float), mean),
        Extremes(
            min((low for low in lows if low is not None), default=None),
            max((high for high in highs if high is not None), default=None),
        ),
        _extremes(through),
    )


def _slice(
    k: int, area_mm2: float, whole: bool, values: tuple[float, float, float], cells: FloatArray
) -> UniformSlice:
    mean, sd, of_all = (float(value) for value in values)
    return UniformSlice(
        slice_k=k,
        area_mm2=area_mm2,
        whole=whole,
        mean=mean,
        sd=sd,
        cov_percent=100.0 * sd / mean if mean > 0 else None,
        deviation_percent=100.0 * (mean / of_all - 1.0),
        cells=_extremes(cells, mean),
    )


def _extremes(parts: FloatArray, mean: float | None = None) -> Extremes:
    known = parts[np.isfinite(parts)]
    reference = float(known.mean()) if mean is None and known.size else mean or 0.0
    if known.size < 2 or not reference > 0:
        return Extremes()
    low, high = (100.0 * (float(end) / reference - 1.0) for end in (known.min(), known.max()))
    return Extremes(low, high)


def _cells(
    values: FloatArray, weights: FloatArray, geometry: VolumeGeometry
) -> tuple[FloatArray, FloatArray]:
    """Sums of value and weight in each cell of each slice; cells follow the middle of the VOI."""
    j_mm, i_mm = (float(edge) for edge in geometry.spacing_ijk_mm[1::-1])
    count, height, width = values.shape
    j, i = np.arange(height), np.arange(width)
    total = np.maximum(weights.sum(axis=(1, 2)), 1e-30)
    middles = np.stack(
        [(weights.sum(axis=2) @ j) / total, (weights.sum(axis=1) @ i) / total], axis=1
    )
    reach = int(max(height * j_mm, width * i_mm) / 2 / CELL_MM) + 1
    sums, parts = np.zeros((2, count, 2 * reach, 2 * reach))
    for n, (middle_j, middle_i) in enumerate(middles):
        rows = _overlaps((j - middle_j) * j_mm, j_mm, reach)
        columns = _overlaps((i - middle_i) * i_mm, i_mm, reach)
        sums[n] = rows @ (weights[n] * values[n]) @ columns.T
        parts[n] = rows @ weights[n] @ columns.T
    return sums, parts


def _overlaps(place_mm: FloatArray, width_mm: float, reach: int) -> FloatArray:
    """Part of each voxel that lies in each cell, along one direction; shape (cells, voxels)."""
    start = np.arange(-reach, reach)[:, None] * CELL_MM
    low = np.maximum(place_mm - width_mm / 2, start)
    high = np.minimum(place_mm + width_mm / 2, start + CELL_MM)
    return np.asarray(np.maximum(high - low, 0.0) / width_mm)


def mean_sd(image: PETImage, mask: VOIMask) -> float | None:
    """
    Standard uncertainty that the noise of the voxels gives the mean of a VOI.

    Parameters
    ----------
    image : PETImage
        The scan.

    mask : VOIMask
        The VOI.

    Returns
    -------
    sd : float or None
        In the image's unit; None where the VOI is too small to tell.

    Notes
    -----
    Neighboring voxels share noise, so SD / sqrt(n) would be far too small. The
    variance of a mean is the sum of the covariances of all pairs over the
    square of the weights; it is taken over the pairs nearer than
    `CORRELATED_WITHIN_MM`, from the voxels' deviations from the mean. As these
    add up to 0, each covariance comes out too small by the variance sought:
    with the sum S over pairs of weighted deviations and M of their weights,
    variance = S / (W^2 - M), W the sum of the weights. Slow non-uniformity
    counts as noise.
    """
    values = image.voxels[mask.slices_kji].astype(float)
    weights = np.where(np.isfinite(values), mask.weights, 0.0)
    total = float(weights.sum())
    if not total > 1:
        return None
    mean = float((weights * np.nan_to_num(values)).sum() / total)
    deviations = weights * np.where(weights > 0, values - mean, 0.0)
    if np.abs(deviations).max() <= _ROUNDING * abs(mean):
        return 0.0
    near = _lags(values.shape, image.geometry, total * image.geometry.voxel_volume_mm3)
    pairs, weighed = (_pair_sum(one, near) for one in (deviations, weights))
    room = total**2 - weighed
    return float(np.sqrt(pairs / room)) if pairs > 0 and room > 0 else None


def _padded(shape: tuple[int, ...], reach: npt.NDArray[np.int64]) -> list[int]:
    return [fft.next_fast_len(n + int(r), real=True) for n, r in zip(shape, reach, strict=True)]


class _Lags(NamedTuple):
    """Distances in voxels that count: a periodic shape, and which of its lags."""

    shape: list[int]
    use: npt.NDArray[np.bool_]


def _lags(shape: tuple[int, ...], geometry: VolumeGeometry, volume_mm3: float) -> _Lags:
    within = (_MAX_CORRELATED_PART * volume_mm3 / (4.0 / 3.0 * np.pi)) ** (1 / 3)
    within = min(CORRELATED_WITHIN_MM, float(within))
    rows = np.linalg.norm(np.linalg.inv(geometry.axes_ras_mm), axis=1)[::-1]
    reach = np.maximum(np.floor(within * rows), 1).astype(np.int64)
    padded = _padded(shape, reach)
    k, j, i = (np.round(fft.fftfreq(n) * n) for n in padded)
    lags = np.stack(np.meshgrid(k, j, i, indexing='ij')[::-1], axis=-1)
    distance = np.linalg.norm(lags @ geometry.axes_ras_mm.T, axis=-1)
    return _Lags(padded, distance <= within)


def _pair_sum(values: FloatArray, near: _Lags) -> float:
    """Sum over all pairs of voxels, near each other, of their product."""
    power = np.abs(fft.rfftn(values, s=near.shape)) ** 2
    return float(fft.irfftn(power, s=near.shape)[near.use].sum())
