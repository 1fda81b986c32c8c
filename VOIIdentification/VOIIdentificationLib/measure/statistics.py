"""Values of the voxels of a VOI: per VOI and per slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..core.geometry import FloatArray, Point, VolumeGeometry
from ..core.image import PETImage
from .voi_mask import Cylinder, Solid, VOIMask, voi_mask

HALF_INSIDE = 0.5
"""Part of its volume from which a voxel counts for maximum, minimum and segmentation."""

PERCENTILES = (5, 25, 50, 75, 95)

_SAME_INDEX = 1e-6
"""A circle moved across slices by less than this in i and j covers the same pixels."""


@dataclass(frozen=True, kw_only=True)
class VOIStatistics:
    """
    Values of the voxels of one VOI. None where there is nothing to say.

    Attributes
    ----------
    voxel_count : int
        Voxels with any part inside.

    volume_ml : float
        Sum of the weights times the volume of a voxel.

    mean, sd, variance : float or None
        Weighted by the part of each voxel inside, over the whole weight
        (no ``ddof``), as the original script's variance.

    max, min : float or None
        Over the voxels at least half inside.

    percentile_5, percentile_25, median, percentile_75, percentile_95 : float or None
        Of the weighted distribution of the same voxels.

    voxel_cov : float or None
        SD over mean, no unit. Never called N_j.
    """

    voxel_count: int
    volume_ml: float
    mean: float | None = None
    sd: float | None = None
    variance: float | None = None
    max: float | None = None
    min: float | None = None
    percentile_5: float | None = None
    percentile_25: float | None = None
    median: float | None = None
    percentile_75: float | None = None
    percentile_95: float | None = None
    voxel_cov: float | None = None


@dataclass(frozen=True)
class SliceStatistics:
    """
    Values of one VOI in one slice.

    Attributes
    ----------
    slice_k : int
        Index of the slice, from 0.

    radius_mm : float
        Radius of the circle in which the middle of the slice cuts the VOI.

    mean, max : float or None
        As in `VOIStatistics`, in this slice.

    voxel_count : int
        Voxels of this slice with any part inside.

    area_mm2 : float
        Sum of the weights in this slice times the area of a voxel.
    """

    slice_k: int
    radius_mm: float
    mean: float | None
    max: float | None
    voxel_count: int
    area_mm2: float


def voi_statistics(image: PETImage, mask: VOIMask) -> VOIStatistics:
    """
    Weighted statistics of one VOI.

    Parameters
    ----------
    image : PETImage
        The image; values in its unit.

    mask : VOIMask
        Weights of the voxels. Voxels that are not finite are left out.

    Returns
    -------
    statistics : VOIStatistics
        None where there is no finite voxel, and no SD below two whole voxels.

    Notes
    -----
    Mean ``sum(w x) / sum(w)``, variance ``sum(w (x - mean)^2) / sum(w)``:
    with weights of 1 these are the original script's `np.mean` and `np.var`.
    Maximum, minimum and percentiles are of the voxels at least half inside: a
    sliver of a voxel outside says nothing of the VOI. A percentile p is the
    value at which the cumulative weight, counted to the middle of each voxel's
    own, reaches p, linear in between.
    """
    values, weights = _finite(image, mask)
    volume_ml = float(mask.weights.sum()) * image.geometry.voxel_volume_mm3 / 1000
    count = int(np.count_nonzero(mask.weights > 0))
    if not values.size:
        return VOIStatistics(voxel_count=count, volume_ml=volume_ml)
    mean = float(np.average(values, weights=weights))
    variance = float(np.average((values - mean) ** 2, weights=weights))
    sd = float(np.sqrt(variance)) if weights.sum() >= 2 else None
    core, core_weights = _core(values, weights)
    percentiles = dict(zip(PERCENTILES, _percentiles(core, core_weights), strict=True))
    return VOIStatistics(
        voxel_count=count,
        volume_ml=volume_ml,
        mean=mean,
        sd=sd,
        variance=None if sd is None else variance,
        max=float(core.max()),
        min=float(core.min()),
        percentile_5=percentiles[5],
        percentile_25=percentiles[25],
        median=percentiles[50],
        percentile_75=percentiles[75],
        percentile_95=percentiles[95],
        voxel_cov=None if sd is None or mean <= 0 else sd / mean,
    )


def slice_statistics(image: PETImage, solid: Solid, mask: VOIMask) -> tuple[SliceStatistics, ...]:
    """
    Statistics of one VOI in each slice that it touches.

    Parameters
    ----------
    image : PETImage
        The image; values in its unit.

    solid : Sphere or Cylinder
        The VOI, for the radius at which each slice cuts it.

    mask : VOIMask
        Its voxels.

    Returns
    -------
    slices : tuple of SliceStatistics
        Lowest slice index first.
    """
    geometry = image.geometry
    first_k = mask.slices_kji[0].start
    area_mm2 = geometry.voxel_volume_mm3 / geometry.slice_spacing_mm
    slices = []
    for k, weights in enumerate(mask.weights, start=first_k):
        if not weights.any():
            continue
        in_slice = VOIMask(weights[None], (slice(k, k + 1), *mask.slices_kji[1:]), mask.clipped)
        values, finite_weights = _finite(image, in_slice)
        slices.append(
            SliceStatistics(
                slice_k=k,
                radius_mm=_cut_radius_mm(solid, geometry, k),
                mean=float(np.average(values, weights=finite_weights)) if values.size else None,
                max=float(_core(values, finite_weights)[0].max()) if values.size else None,
                voxel_count=int(np.count_nonzero(weights > 0)),
                area_mm2=float(weights.sum()) * area_mm2,
            )
        )
    return tuple(slices)


def _cut_radius_mm(solid: Solid, geometry: VolumeGeometry, slice_k: int) -> float:
    """Of a tilted cylinder its own radius, as a slice cuts no circle out of it."""
    distance_mm = geometry.slice_distance_mm(solid.center_ras_mm, slice_k)
    if isinstance(solid, Cylinder) and solid.axis_ras is not None:
        cut = abs(distance_mm) <= solid.half_extent_mm(geometry.slice_normal_ras)
        return solid.diameter_mm / 2 if cut else 0.0
    return float(solid.cut_radius_mm(distance_mm))


def has_non_finite(image: PETImage, mask: VOIMask) -> bool:
    """
    Whether a voxel of the VOI is NaN or infinite.

    Parameters
    ----------
    image : PETImage
        The image.

    mask : VOIMask
        The VOI.

    Returns
    -------
    non_finite : bool
        True if at least one is.
    """
    return not np.isfinite(image.voxels[mask.slices_kji][mask.weights > 0]).all()


def _finite(image: PETImage, mask: VOIMask) -> tuple[FloatArray, FloatArray]:
    """Finite values with any part inside, in double precision, and their weights."""
    values = image.voxels[mask.slices_kji].astype(float)
    keep = (mask.weights > 0) & np.isfinite(values)
    return values[keep], mask.weights[keep]


def _core(values: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Voxels at least half inside, with weights; all in a VOI so small that none is."""
    core = weights >= HALF_INSIDE
    return (values[core], weights[core]) if core.any() else (values, weights)


def _percentiles(values: FloatArray, weights: FloatArray) -> list[float]:
    order = np.argsort(values)
    cumulative = np.cumsum(weights[order])
    middles = (cumulative - weights[order] / 2) / cumulative[-1]
    return [float(v) for v in np.interp(np.divide(PERCENTILES, 100), middles, values[order])]


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
