"""The measured background: level, variability N and roughness of NEMA's ROIs; VOIs pooled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..core.geometry import FloatArray
from ..core.image import PETImage
from ..measure.circle_roi import roi_statistics
from ..measure.voi import VOIResult
from .roi_placement import BackgroundPlacement

VARIABILITY_FORMULA = '100 S / C_B'
"""NEMA NU 2: N as people write it, with S the SD of the ROI means, by K - 1."""

_MIN_ROIS = 2
"""ROIs below which there is no standard deviation."""


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
    """

    diameter_mm: float
    roi_means: FloatArray
    mean: float | None
    sd: float | None
    variability_percent: float | None
    image_roughness_percent: float | None

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
    covs = np.array([one for _, one in found])
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
