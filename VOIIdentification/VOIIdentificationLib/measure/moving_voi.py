"""
Mean and maximum under a VOI that is moved over a box of voxels: sums for every place at once.

By hand, because `scipy.signal.correlate` pads to the sum of both sizes and takes up to nine
times as long, `scipy.ndimage.maximum_filter` with a footprint up to 150 times (bench_search.py).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage

from ..core.geometry import FloatArray
from ..core.image import PETImage
from .statistics import HALF_INSIDE
from .voi_mask import Sphere, VOIMask, kernel_mask

BoolArray = npt.NDArray[np.bool_]

Box = tuple[slice, slice, slice]

PEAK_VOLUME_MM3 = 1000.0
"""Volume of the peak sphere, 1 cm3 (PERCIST)."""

PEAK_DIAMETER_MM = 2 * (3 * PEAK_VOLUME_MM3 / (4 * np.pi)) ** (1 / 3)
"""Its diameter, 12.407 mm."""


def windowed_mean(box: npt.NDArray[np.floating], weights: FloatArray) -> FloatArray:
    """
    Weighted mean for every place of a VOI inside a box.

    Parameters
    ----------
    box : (K, J, I) `numpy.ndarray` of float
        Voxel values. Values that are not finite are left out of the means.

    weights : (k, j, i) `numpy.ndarray` of float
        The VOI, not larger than the box.

    Returns
    -------
    mean : (K - k + 1, J - j + 1, I - i + 1) `numpy.ndarray` of float
        The mean with ``weights[0, 0, 0]`` on the voxel of the same index;
        NaN where no finite voxel has a weight.

    Notes
    -----
    One product in Fourier space, in double precision: equal to the plain sums
    within 1e-13 of the largest value in the box.
    """
    finite = np.isfinite(box)
    if finite.all():
        return np.asarray(_correlate(box.astype(float), weights) / weights.sum())
    total = _correlate(finite.astype(float), weights)
    sums = _correlate(np.where(finite, box, 0.0), weights)
    # A whole voxel's worth of weight must be left; less is rounding of the transform.
    smallest = min(1.0, float(weights.sum())) / 2
    return np.where(total > smallest, sums / np.maximum(total, smallest), np.nan)


def centered_mean(
    voxels: npt.NDArray[np.floating], weights: FloatArray, places_kji: Box
) -> FloatArray:
    """
    Weighted mean with a VOI centered on each voxel of a box.

    Parameters
    ----------
    voxels : (K, J, I) `numpy.ndarray` of float
        The image.

    weights : (k, j, i) `numpy.ndarray` of float
        The VOI, odd in size along each axis.

    places_kji : tuple of slice
        First and past-the-last index of the places; they may lie outside the image.

    Returns
    -------
    mean : `numpy.ndarray` of float
        One for each place; NaN where the VOI does not lie wholly in the image.
    """
    start, stop = (np.array([getattr(s, end) for s in places_kji]) for end in ('start', 'stop'))
    half = np.array(weights.shape) // 2
    first, last = np.maximum(start, half), np.minimum(stop, np.array(voxels.shape) - half)
    result = np.full(stop - start, np.nan)
    if np.all(first < last):
        box = needed_box(_box(first, last), weights.shape)
        result[_box(first - start, last - start)] = windowed_mean(voxels[box], weights)
    return result


def needed_box(places_kji: Box, shape_kji: tuple[int, ...]) -> Box:
    """
    All voxels that a VOI touches when it is centered on each voxel of a box.

    Parameters
    ----------
    places_kji : tuple of slice
        The places; the VOI must lie in the image on each of them.

    shape_kji : tuple of int
        Size of the VOI, odd along each axis.

    Returns
    -------
    box_kji : tuple of slice
        The voxels.
    """
    half = np.array(shape_kji) // 2
    starts, stops = ([getattr(s, end) for s in places_kji] for end in ('start', 'stop'))
    return _box(starts - half, stops + half)


def windowed_maximum(box: npt.NDArray[np.floating], inside: BoolArray) -> FloatArray:
    """
    Maximum for every place of a VOI inside a box.

    Parameters
    ----------
    box : (K, J, I) `numpy.ndarray` of float
        Voxel values. Values that are not finite are left out.

    inside : (k, j, i) `numpy.ndarray` of bool
        The voxels of the VOI; each row along i is one unbroken run, as in any
        convex solid.

    Returns
    -------
    maximum : (K - k + 1, J - j + 1, I - i + 1) `numpy.ndarray` of float
        The maximum with ``inside[0, 0, 0]`` on the voxel of the same index.

    Notes
    -----
    Rows of equal length share one running maximum, so the loop is over the
    rows of the VOI and not over places or voxels.
    """
    values = np.where(np.isfinite(box), box, -np.inf)
    size_k, size_j, size_i = (b - v + 1 for b, v in zip(box.shape, inside.shape, strict=True))
    result = np.full((size_k, size_j, size_i), -np.inf)
    running: dict[int, FloatArray] = {}
    for k, j in np.argwhere(inside.any(axis=2)):
        row = np.flatnonzero(inside[k, j])
        first, length = int(row[0]), row.size
        if length not in running:
            running[length] = _running_maximum(values, length)
        shifted = running[length][k : k + size_k, j : j + size_j, first : first + size_i]
        np.maximum(result, shifted, out=result)
    return np.where(np.isfinite(result), result, np.nan)


def _box(start_kji: npt.NDArray[np.int64], stop_kji: npt.NDArray[np.int64]) -> Box:
    k, j, i = (slice(int(a), int(b)) for a, b in zip(start_kji, stop_kji, strict=True))
    return k, j, i


def _correlate(box: FloatArray, weights: FloatArray) -> FloatArray:
    """Correlate, where the weights lie wholly inside the box."""
    shape = [fft.next_fast_len(n, real=True) for n in box.shape]
    product = fft.rfftn(box, shape) * np.conj(fft.rfftn(weights, shape))
    k, j, i = (b - w + 1 for b, w in zip(box.shape, weights.shape, strict=True))
    return np.asarray(fft.irfftn(product, shape)[:k, :j, :i])


def _running_maximum(values: FloatArray, length: int) -> FloatArray:
    """Maximum of `length` values along i, starting at each index."""
    filtered = ndimage.maximum_filter1d(
        values, length, axis=2, mode='constant', cval=-np.inf, origin=-(length // 2)
    )
    return np.asarray(filtered)


def voi_peak(image: PETImage, mask: VOIMask) -> tuple[float | None, float | None]:
    """
    Peak of one VOI, in both variants.

    Parameters
    ----------
    image : PETImage
        The image; values in its unit.

    mask : VOIMask
        The VOI over which the 1 cm3 sphere is moved.

    Returns
    -------
    highest : float or None
        Highest mean in 1 cm3, centered on any voxel at least half inside the
        VOI, partial voxels counted by volume; None where it does not fit into the image.

    at_max : float or None
        Mean in 1 cm3 centered on the highest of these voxels.

    Notes
    -----
    The sphere may reach beyond the VOI (it is wider than the 10 mm sphere),
    but not beyond the image.
    """
    core = mask.weights >= HALF_INSIDE
    sphere = Sphere('peak', (0.0, 0.0, 0.0), PEAK_DIAMETER_MM)
    kernel = kernel_mask(sphere, image.geometry).weights
    means = centered_mean(image.voxels, kernel, mask.slices_kji)
    values = image.voxels[mask.slices_kji]
    usable = core & np.isfinite(means) & np.isfinite(values)
    if not usable.any():
        return None, None
    at_max = np.unravel_index(int(np.argmax(np.where(usable, values, -np.inf))), values.shape)
    return float(means[usable].max()), float(means[at_max])
