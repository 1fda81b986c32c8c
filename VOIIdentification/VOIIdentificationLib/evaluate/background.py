"""The measured background of NEMA NU 2: level, variability N, image roughness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.geometry import FloatArray
from ..core.image import PETImage
from ..measure.circle_roi import roi_statistics
from .roi_placement import BackgroundPlacement

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
        N = 100 S / C_B, background variability.

    image_roughness_percent : float or None
        Mean over the ROIs of 100 · SD / mean of their voxels. Not N.
    """

    diameter_mm: float
    roi_means: FloatArray
    mean: float | None
    sd: float | None
    variability_percent: float | None
    image_roughness_percent: float | None


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
        100 S / C_B, with K - 1 in S.

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
