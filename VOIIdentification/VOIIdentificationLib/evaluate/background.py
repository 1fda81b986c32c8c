"""The measured background: NEMA NU 2's ROIs and lung insert, and the user's VOIs as one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from ..core.geometry import FloatArray
from ..core.image import PETImage
from ..measure.statistics import roi_statistics
from ..measure.voi import VOIResult
from .roi_placement import ROI_DIAMETER_MM, BackgroundPlacement

VARIABILITY_FORMULA = '100 S / C_B'
"""NEMA NU 2: N as people write it, with S the SD of the ROI means, by K - 1."""

_MIN_ROIS = 2
"""ROIs below which there is no standard deviation."""

LUNG_ROI_DIAMETER_MM = 30.0
"""NEMA NU 2: circle on the lung insert."""

LUNG_ERROR_FORMULA = '100 C_lung / C_B'
"""NEMA NU 2: the residual error of a slice as people write it."""

_PHANTOM_PART = 0.5
"""A slice belongs to the body if its background holds this part of the usual value."""


@dataclass(frozen=True, eq=False)
class BackgroundLevel:
    """
    The background ROIs of one diameter.

    Attributes
    ----------
    diameter_mm : float
        Diameter of the ROIs, in millimeter.

    roi_means : (S, N) `numpy.ndarray` of float
        Mean of each ROI: a row a slice, a column a position.

    mean : float or None
        C_B, the mean of all ROI means, in the image's unit.

    sd : float or None
        S, their standard deviation with K - 1.

    variability_percent : float or None
        Background variability N, by `VARIABILITY_FORMULA`.

    image_roughness_percent : float or None
        Mean over the ROIs of 100 · SD / mean of their voxels. Not N.

    roi_cov_percent : (S, N) `numpy.ndarray` of float
        That of each ROI, as `roi_means`.
    """

    diameter_mm: float
    roi_means: FloatArray
    mean: float | None
    sd: float | None
    variability_percent: float | None
    image_roughness_percent: float | None
    roi_cov_percent: FloatArray

    @property
    def roi_count(self) -> int:
        """K, the number of ROIs that could be measured."""
        return int(np.isfinite(self.roi_means).sum())


@dataclass(frozen=True)
class PooledBackground:
    """
    The voxels of several background VOIs as one, each VOI weighted by its volume.

    Attributes
    ----------
    mean, sd : float or None
        In the image's unit; None where no VOI could be measured.

    voxel_cov : float or None
        SD over mean, as a ratio. Not the background variability N.
    """

    mean: float | None
    sd: float | None
    voxel_cov: float | None


@dataclass(frozen=True, eq=False)
class LungResidual:
    """
    Accuracy of corrections: what is left in the lung insert.

    Attributes
    ----------
    slices_k : tuple of int
        Slices that were measured.

    roi_means : (S,) `numpy.ndarray` of float
        Mean in the circle of `LUNG_ROI_DIAMETER_MM`, in the image's unit.

    error_percent : (S,) `numpy.ndarray` of float
        By `LUNG_ERROR_FORMULA` with the mean of all largest ROIs.

    same_slice_error_percent : (S,) `numpy.ndarray` of float
        The same with the largest ROIs of the slice itself.

    mean_error_percent, mean_same_slice_error_percent : float or None
        Means over the slices.

    background_means : (K,) `numpy.ndarray` of float
        Mean of the largest ROIs on every slice of the image; NaN where they have no voxels.
    """

    slices_k: tuple[int, ...]
    roi_means: FloatArray
    error_percent: FloatArray
    same_slice_error_percent: FloatArray
    mean_error_percent: float | None
    mean_same_slice_error_percent: float | None
    background_means: FloatArray


def background_variability_percent(roi_means: FloatArray) -> float:
    """
    Background variability N: the SD of the ROI means, not of the voxels.

    Parameters
    ----------
    roi_means : `numpy.ndarray` of float
        Mean of each of the K ROIs, of any shape.

    Returns
    -------
    variability_percent : float
        N, by `VARIABILITY_FORMULA`, with K - 1 in S.

    Examples
    --------
    >>> background_variability_percent(np.array([9.0, 10.0, 11.0]))
    10.0
    """
    return 100.0 * float(np.std(roi_means, ddof=1) / np.mean(roi_means))


def background_level(
    image: PETImage, placement: BackgroundPlacement, diameter_mm: float
) -> BackgroundLevel:
    """
    Measure the background ROIs of one diameter.

    Parameters
    ----------
    image : PETImage
        The image.

    placement : BackgroundPlacement
        Where the ROIs stand.

    diameter_mm : float
        Their diameter, in millimeter.

    Returns
    -------
    level : BackgroundLevel
        None where fewer than two ROIs leave nothing to say.

    Raises
    ------
    VOIOutsideImageError
        If a ROI lies outside the image.
    """
    found = [
        roi_statistics(image, roi.center_ras_mm, diameter_mm, placement.slices_k)
        for roi in placement.rois
    ]
    shape = (len(placement.slices_k), len(placement.rois))
    means = np.array([one for one, _ in found]).reshape(shape[::-1]).T
    covs = np.array([one for _, one in found]).reshape(shape[::-1]).T
    known = means[np.isfinite(means)]
    mean = float(known.mean()) if known.size else None
    several = mean is not None and mean > 0 and known.size >= _MIN_ROIS
    roughness = covs[np.isfinite(covs)]
    return BackgroundLevel(
        diameter_mm=diameter_mm,
        roi_means=means,
        mean=mean,
        sd=float(np.std(known, ddof=1)) if several else None,
        variability_percent=background_variability_percent(known) if several else None,
        image_roughness_percent=100.0 * float(roughness.mean()) if roughness.size else None,
        roi_cov_percent=100.0 * covs,
    )


def pooled_background(vois: Sequence[VOIResult]) -> PooledBackground | None:
    """
    Mean and SD of the background VOIs as one.

    Parameters
    ----------
    vois : sequence of VOIResult
        The measured background VOIs.

    Returns
    -------
    pooled : PooledBackground or None
        None if there are no background VOIs.

    Notes
    -----
    The variance of all voxels is the mean of the variances within the VOIs
    plus the variance of the VOIs' means, both weighted by volume.
    """
    if not vois:
        return None
    measured = [voi.statistics for voi in vois if voi.statistics.mean is not None]
    if not measured:
        return PooledBackground(None, None, None)
    volumes = [part.volume_ml for part in measured]
    means = np.array([part.mean for part in measured], dtype=float)
    variances = np.array([part.variance for part in measured], dtype=float)
    mean = float(np.average(means, weights=volumes))
    variance = float(np.average(variances + (means - mean) ** 2, weights=volumes))
    sd = None if math.isnan(variance) else math.sqrt(variance)
    return PooledBackground(mean, sd, None if sd is None or mean <= 0 else sd / mean)


def lung_residual_error_percent(
    mean_lung: FloatArray, mean_background: FloatArray | float
) -> FloatArray:
    """
    Residual error in the lung insert.

    Parameters
    ----------
    mean_lung : `numpy.ndarray` of float
        C_lung of each slice.

    mean_background : `numpy.ndarray` of float or float
        C_B of the largest ROIs, of all or of each slice, in the same unit.

    Returns
    -------
    error_percent : `numpy.ndarray` of float
        By `LUNG_ERROR_FORMULA`.
    """
    background = np.where(np.asarray(mean_background) > 0, mean_background, np.nan)
    return np.asarray(100.0 * mean_lung / background)


def lung_residual(
    image: PETImage, placement: BackgroundPlacement, level: BackgroundLevel, margin_mm: float
) -> LungResidual | None:
    """
    Measure what is left in the lung insert.

    Parameters
    ----------
    image : PETImage
        The image.

    placement : BackgroundPlacement
        Lung insert and background ROIs.

    level : BackgroundLevel
        The background of the ROIs of `ROI_DIAMETER_MM`.

    margin_mm : float
        What is left out at each end of the body that lies in the image.

    Returns
    -------
    residual : LungResidual or None
        None without an insert or a background.
    """
    if placement.lung is None or level.mean is None or not placement.rois:
        return None
    every_k = range(image.geometry.shape_kji[0])
    by_roi = [
        roi_statistics(image, roi.center_ras_mm, ROI_DIAMETER_MM, every_k)[0]
        for roi in placement.rois
    ]
    per_slice = np.ma.masked_invalid(by_roi).mean(axis=0).filled(np.nan)
    margin = int(np.ceil(margin_mm / image.geometry.slice_spacing_mm))
    slices = _slices_of_phantom(per_slice / level.mean, placement.central_slice_k, margin)
    lung, _ = roi_statistics(image, placement.lung.center_ras_mm, LUNG_ROI_DIAMETER_MM, slices)
    by_all = lung_residual_error_percent(lung, level.mean)
    by_same = lung_residual_error_percent(lung, per_slice[list(slices)])
    return LungResidual(
        slices_k=tuple(slices),
        roi_means=lung,
        error_percent=by_all,
        same_slice_error_percent=by_same,
        mean_error_percent=_mean_of_known(by_all),
        mean_same_slice_error_percent=_mean_of_known(by_same),
        background_means=per_slice,
    )


def _mean_of_known(values: FloatArray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _slices_of_phantom(relative: FloatArray, central: int, margin: int) -> list[int]:
    """Slices round the central one that hold background, less a margin at the body's ends."""
    last = len(relative) - 1
    holds = relative >= _PHANTOM_PART
    down = list(takewhile(lambda k: bool(holds[k]), range(central, -1, -1)))
    up = list(takewhile(lambda k: bool(holds[k]), range(central, last + 1)))
    if not down:
        return [central]
    first = down[-1] + margin if down[-1] > 0 else 0
    end = up[-1] - margin if up[-1] < last else last
    return list(range(min(first, central), max(end, central) + 1))
