"""ROIs: circles on slices, with the part of each pixel that lies inside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..core.geometry import FloatArray, VolumeGeometry
from ..core.image import PETImage
from ..core.seed import Point
from .voi_mask import Cylinder, VOIMask, voi_mask

_SAME_INDEX = 1e-6
"""A circle moved across slices by less than this in i and j covers the same pixels."""


def slice_roi(
    geometry: VolumeGeometry, center_ras_mm: Point, diameter_mm: float, slice_k: int
) -> VOIMask:
    """
    Circle on a slice, around a point projected on it.

    Parameters
    ----------
    geometry : VolumeGeometry
        The image grid.

    center_ras_mm : tuple of float
        Any point on the line through the circle's center across the slices.

    diameter_mm : float
        Of the circle, in millimeter.

    slice_k : int
        Index of the slice.

    Returns
    -------
    roi : VOIMask
        One slice thick; partial pixels count by the part inside.

    Raises
    ------
    VOIOutsideImageError
        If no pixel of the slice touches the circle.

    Examples
    --------
    >>> grid = VolumeGeometry((5, 9, 9), np.diag([2.0, 2.0, 3.0, 1.0]))
    >>> roi = slice_roi(grid, (8.0, 8.0, 0.0), 10.0, 2)
    >>> round(float(roi.weights.sum()) * 4.0, 1)
    78.6
    """
    center = geometry.projected_ras_mm(center_ras_mm, slice_k)
    disc = Cylinder('ROI', center, diameter_mm, geometry.slice_spacing_mm)
    return voi_mask(disc, geometry)


def roi_statistics(
    image: PETImage, center_ras_mm: Point, diameter_mm: float, slices_k: Sequence[int]
) -> tuple[FloatArray, FloatArray]:
    """
    Mean and coefficient of variation in one circle, repeated on slices.

    Parameters
    ----------
    image : PETImage
        The image.

    center_ras_mm : tuple of float
        Any point on the line through the circles' centers.

    diameter_mm : float
        Of the circles, in millimeter.

    slices_k : sequence of int
        Indices of the slices.

    Returns
    -------
    means : (S,) `numpy.ndarray` of float
        Weighted by the part of each pixel inside; NaN without a finite pixel.

    covs : (S,) `numpy.ndarray` of float
        Weighted SD over mean, no ``ddof``, no unit; NaN where the mean is not positive.

    Raises
    ------
    VOIOutsideImageError
        If a circle lies outside the image.
    """
    slices = np.asarray(slices_k, dtype=int)
    if _slices_are_square(image.geometry):
        roi = slice_roi(image.geometry, center_ras_mm, diameter_mm, int(slices[0]))
        return _means_and_covs(image.voxels[(slices, *roi.slices_kji[1:])], roi.weights)
    found = np.empty((2, slices.size))
    for n, k in enumerate(slices):
        roi = slice_roi(image.geometry, center_ras_mm, diameter_mm, int(k))
        means, covs = _means_and_covs(image.voxels[roi.slices_kji], roi.weights)
        found[:, n] = means[0], covs[0]
    return found[0], found[1]


def _slices_are_square(geometry: VolumeGeometry) -> bool:
    """Whether a line across the slices meets the same pixel on each."""
    per_slice = np.linalg.inv(geometry.axes_ras_mm) @ geometry.slice_normal_ras
    drift = np.abs(per_slice[:2]).max() * geometry.slice_spacing_mm * geometry.shape_kji[0]
    return bool(drift < _SAME_INDEX)


def _means_and_covs(
    values: npt.NDArray[np.float32], weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Weighted mean and SD over mean of each slice; `weights` may be those of one for all."""
    finite = np.isfinite(values)
    weights = np.where(finite, weights, 0.0)
    values = np.where(finite, values, 0.0).astype(float)
    with np.errstate(divide='ignore', invalid='ignore'):  # no finite pixel: NaN
        total = weights.sum(axis=(1, 2))
        means = np.sum(weights * values, axis=(1, 2)) / total
        deviations = (values - means[:, None, None]) ** 2
        sds = np.sqrt(np.sum(weights * deviations, axis=(1, 2)) / total)
        covs = np.where(means > 0, sds / means, np.nan)
    return means, covs
