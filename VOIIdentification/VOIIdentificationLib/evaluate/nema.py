"""Image quality after NEMA NU 2: contrast, background variability, lung residual."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

import numpy as np

from ..activity.worksheet import TrueActivity
from ..core.flags import Flag
from ..core.geometry import FloatArray
from ..core.image import PETImage
from ..measure.circle_roi import roi_statistics, slice_roi
from ..measure.statistics import slice_distance_mm
from ..measure.voi import VOIResult
from .background import ROI_DIAMETER_MM, RULE_DISTANCE_MM
from .nema_results import (
    BackgroundLevel,
    BackgroundPlacement,
    LungResidual,
    NEMAResult,
    SphereContrast,
)

LUNG_ROI_DIAMETER_MM = 30.0
"""NEMA NU 2: circle on the lung insert."""

MAX_SLICE_OFFSET_MM = 2.0
"""A sphere's center farther from the common slice is flagged."""

_BODY_PART = 0.5
"""A slice belongs to the body if its background holds this part of the usual value."""

_MIN_ROIS = 2
"""ROIs below which there is no standard deviation."""


def percent_contrast_hot(mean_hot: float, mean_background: float, true_ratio: float) -> float:
    """
    Percent contrast Q_H of a hot sphere.

    Parameters
    ----------
    mean_hot, mean_background : float
        C_H and C_B, in one unit.

    true_ratio : float
        Hot over background concentration, a_H / a_B.

    Returns
    -------
    contrast_percent : float
        100 (C_H / C_B - 1) / (a_H / a_B - 1).

    Examples
    --------
    >>> percent_contrast_hot(3.0, 1.0, 5.0)
    50.0
    """
    return 100.0 * (mean_hot / mean_background - 1.0) / (true_ratio - 1.0)


def percent_contrast_cold(mean_cold: float, mean_background: float) -> float:
    """
    Percent contrast Q_C of a cold sphere.

    Parameters
    ----------
    mean_cold, mean_background : float
        C_C and C_B, in one unit.

    Returns
    -------
    contrast_percent : float
        100 (1 - C_C / C_B).
    """
    return 100.0 * (1.0 - mean_cold / mean_background)


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
        C_B of 37 mm ROIs, of all or of each slice, in the same unit.

    Returns
    -------
    error_percent : `numpy.ndarray` of float
        100 C_lung / C_B.
    """
    return np.asarray(100.0 * mean_lung / mean_background)


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


def nema_quality(
    image: PETImage,
    spheres: Sequence[VOIResult],
    placement: BackgroundPlacement,
    truth: TrueActivity | None = None,
) -> NEMAResult:
    """
    Evaluate image quality.

    Parameters
    ----------
    image : PETImage
        The image.

    spheres : sequence of VOIResult
        The measured spheres, hot and cold.

    placement : BackgroundPlacement
        Where the background is measured.

    truth : TrueActivity, optional
        For the true ratio; without it Q_H is None and everything else is there.

    Returns
    -------
    result : NEMAResult
        2-D figures on the common slice are NEMA's; 3-D ones have other names.

    Raises
    ------
    VOIOutsideImageError
        If a ROI lies outside the image.
    """
    diameters = {ROI_DIAMETER_MM, *(sphere.insert.diameter_mm for sphere in spheres)}
    levels = {d: background_level(image, placement, d) for d in sorted(diameters, reverse=True)}
    ratio = truth.ratio if truth is not None else None
    notes: tuple[str, ...] = ()
    if ratio is None:
        notes = ('the true ratio is unknown: no percent contrast of hot spheres',)
    return NEMAResult(
        placement=placement,
        background=tuple(levels.values()),
        spheres=tuple(
            _contrast(image, sphere, placement, levels[sphere.insert.diameter_mm], truth)
            for sphere in spheres
        ),
        lung=_lung_residual(image, placement, levels[ROI_DIAMETER_MM]),
        true_ratio=ratio,
        flags=placement.flags,
        notes=(*placement.notes, *notes),
    )


def _contrast(
    image: PETImage,
    sphere: VOIResult,
    placement: BackgroundPlacement,
    level: BackgroundLevel,
    truth: TrueActivity | None,
) -> SphereContrast:
    k = placement.central_slice_k
    diameter, center = sphere.insert.diameter_mm, sphere.center_ras_mm
    roi = slice_roi(image.geometry, center, diameter, k)
    mean = float(roi_statistics(image, center, diameter, [k])[0][0])
    roi_mean = mean if np.isfinite(mean) else None
    offset = -slice_distance_mm(sphere.solid, image.geometry, k)
    contrast = _percent_contrast(roi_mean, level.mean, truth, hot=sphere.insert.hot)
    return SphereContrast(
        label=sphere.label,
        diameter_mm=diameter,
        hot=sphere.insert.hot,
        slice_offset_mm=offset,
        roi_mean=roi_mean,
        voi_mean=sphere.statistics.mean,
        background_mean=level.mean,
        contrast_percent=contrast,
        contrast_sd_percent=_contrast_sd(contrast, truth) if sphere.insert.hot else None,
        voi_contrast_percent=_percent_contrast(
            sphere.statistics.mean, level.mean, truth, hot=sphere.insert.hot
        ),
        variability_percent=level.variability_percent,
        flags=_sphere_flags(sphere, offset, clipped=roi.clipped),
    )


def _sphere_flags(sphere: VOIResult, offset_mm: float, *, clipped: bool) -> tuple[Flag, ...]:
    flags: list[Flag] = [flag for flag in sphere.flags if flag is not Flag.CLIPPED]
    if clipped:
        flags.append(Flag.CLIPPED)
    if abs(offset_mm) > MAX_SLICE_OFFSET_MM:
        flags.append(Flag.OFF_SLICE)
    return tuple(flags)


def _percent_contrast(
    mean: float | None, background: float | None, truth: TrueActivity | None, *, hot: bool
) -> float | None:
    if mean is None or background is None or not background > 0:
        return None
    if not hot:
        return percent_contrast_cold(mean, background)
    ratio = truth.ratio if truth is not None else None
    if ratio is None or not ratio > 1:
        return None
    return percent_contrast_hot(mean, background, ratio)


def _contrast_sd(contrast: float | None, truth: TrueActivity | None) -> float | None:
    """Of Q_H = 100 (C_H/C_B - 1) / (ratio - 1), by the ratio's uncertainty alone."""
    if contrast is None or truth is None or truth.ratio is None or truth.ratio_sd_percent is None:
        return None
    relative = truth.ratio / (truth.ratio - 1.0) * truth.ratio_sd_percent / 100.0
    return abs(contrast) * relative


def _lung_residual(
    image: PETImage, placement: BackgroundPlacement, level: BackgroundLevel
) -> LungResidual | None:
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
    holds = relative >= _BODY_PART
    down = list(takewhile(lambda k: bool(holds[k]), range(central, -1, -1)))
    up = list(takewhile(lambda k: bool(holds[k]), range(central, last + 1)))
    if not down:
        return [central]
    margin = int(np.ceil(RULE_DISTANCE_MM / slice_spacing_mm))
    first = down[-1] + margin if down[-1] > 0 else 0
    end = up[-1] - margin if up[-1] < last else last
    return list(range(min(first, central), max(end, central) + 1))
