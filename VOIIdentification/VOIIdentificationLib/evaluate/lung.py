"""Accuracy of corrections after NEMA NU 2: the residual in the lung insert, slice by slice."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from ..core.geometry import FloatArray
from ..core.image import PETImage
from ..measure.circle_roi import roi_statistics
from .background import BackgroundLevel
from .roi_placement import ROI_DIAMETER_MM, RULE_DISTANCE_MM, BackgroundPlacement

LUNG_ROI_DIAMETER_MM = 30.0
"""NEMA NU 2: circle on the lung insert."""

LUNG_ERROR_FORMULA = '100 C_lung / C_B'
"""NEMA NU 2: the residual error of a slice as people write it."""

_PHANTOM_PART = 0.5
"""A slice belongs to the body if its background holds this part of the usual value."""


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
    """

    slices_k: tuple[int, ...]
    roi_means: FloatArray
    error_percent: FloatArray
    same_slice_error_percent: FloatArray
    mean_error_percent: float | None
    mean_same_slice_error_percent: float | None


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
    return np.asarray(100.0 * mean_lung / mean_background)


def lung_residual(
    image: PETImage, placement: BackgroundPlacement, level: BackgroundLevel
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

    Returns
    -------
    residual : LungResidual or None
        None without an insert or a background.
    """
    if placement.lung is None or level.mean is None or not placement.rois:
        return None
    every_k = range(image.geometry.shape_kji[0])
    per_slice = np.nanmean(
        [
            roi_statistics(image, roi.center_ras_mm, ROI_DIAMETER_MM, every_k)[0]
            for roi in placement.rois
        ],
        axis=0,
    )
    slices = _slices_of_phantom(per_slice / level.mean, placement, image.geometry.slice_spacing_mm)
    lung, _ = roi_statistics(image, placement.lung.center_ras_mm, LUNG_ROI_DIAMETER_MM, slices)
    by_all = lung_residual_error_percent(lung, level.mean)
    by_same = lung_residual_error_percent(lung, per_slice[list(slices)])
    return LungResidual(
        slices_k=tuple(slices),
        roi_means=lung,
        error_percent=by_all,
        same_slice_error_percent=by_same,
        mean_error_percent=float(np.nanmean(by_all)),
        mean_same_slice_error_percent=float(np.nanmean(by_same)),
    )


def _slices_of_phantom(
    relative: FloatArray, placement: BackgroundPlacement, slice_spacing_mm: float
) -> list[int]:
    """Slices round the central one that hold background, less a margin at the body's ends."""
    central, last = placement.central_slice_k, len(relative) - 1
    holds = relative >= _PHANTOM_PART
    down = list(takewhile(lambda k: bool(holds[k]), range(central, -1, -1)))
    up = list(takewhile(lambda k: bool(holds[k]), range(central, last + 1)))
    if not down:
        return [central]
    margin = int(np.ceil(RULE_DISTANCE_MM / slice_spacing_mm))
    first = down[-1] + margin if down[-1] > 0 else 0
    end = up[-1] - margin if up[-1] < last else last
    return list(range(min(first, central), max(end, central) + 1))
