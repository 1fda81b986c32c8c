"""Image quality after NEMA NU 2: contrast, background variability, lung residual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..activity.worksheet import TrueActivity
from ..core.flags import Flag
from ..core.geometry import VolumeGeometry
from ..core.image import PETImage
from ..core.phantom import NEMAEdition
from ..core.sentence import joined, sentences
from ..measure.statistics import roi_statistics, slice_roi
from ..measure.voi import VOIResult
from ..measure.voi_mask import Cylinder
from .background import (
    LUNG_ROI_DIAMETER_MM,
    BackgroundLevel,
    LungResidual,
    background_level,
    lung_residual,
)
from .editions import DEFAULT_EDITION, EDITIONS, Edition
from .roi_placement import ROI_DIAMETER_MM, BackgroundPlacement
from .verdict import unmet_ratio

_ = sentences(__name__)

HOT_CONTRAST_FORMULA = '100 (C_H / C_B - 1) / (a_H / a_B - 1)'
COLD_CONTRAST_FORMULA = '100 (1 - C_C / C_B)'
"""NEMA NU 2: Q_H and Q_C as people write them; cold spheres in NU 2-2012 and earlier."""


MIN_FILLING_CONTRAST = 0.1
"""Of the background: a sphere whose mean differs by less is called neither hot nor cold."""

_FILLING_SDS = 3.0
"""It must also differ by as many SDs of the background ROIs of its size."""


MAX_SLICE_OFFSET_MM = 2.0
"""A sphere's center farther from the common slice is flagged."""


@dataclass(frozen=True)
class SphereContrast:
    """
    Contrast of one sphere.

    Attributes
    ----------
    label : str
        Of the sphere.

    diameter_mm : float
        Inner diameter, and diameter of its ROI.

    hot : bool
        Whether `contrast_percent` is Q_H or Q_C.

    slice_offset_mm : float
        From the middle of the common slice to the sphere's center.

    roi_mean : float or None
        C_H or C_C: mean in the circle on the common slice (2-D).

    voi_mean : float or None
        Mean in the sphere (3-D); not NEMA's.

    background_mean : float or None
        C_B of ROIs of the same diameter.

    contrast_percent : float or None
        Q_H or Q_C after NEMA (2-D); None without a true ratio.

    contrast_sd_percent : float or None
        Standard uncertainty of Q_H from the fill, in percent points.

    voi_contrast_percent : float or None
        The same formula with the mean of the sphere (3-D); not NEMA's.

    variability_percent : float or None
        Background variability N of this diameter.

    flags : tuple of Flag
        Reasons for doubt.
    """

    label: str
    diameter_mm: float
    hot: bool
    slice_offset_mm: float
    roi_mean: float | None
    voi_mean: float | None
    background_mean: float | None
    contrast_percent: float | None
    contrast_sd_percent: float | None
    voi_contrast_percent: float | None
    variability_percent: float | None
    flags: tuple[Flag, ...] = ()

    @property
    def shown_hot(self) -> bool | None:
        """Whether the image shows it hot or cold; None where that is not plain."""
        mean, level, n = self.roi_mean, self.background_mean, self.variability_percent
        if mean is None or level is None or n is None:
            return None
        clear = level * max(MIN_FILLING_CONTRAST, _FILLING_SDS * n / 100.0)
        return mean > level if abs(mean - level) > clear else None


@dataclass(frozen=True)
class NEMAResult:
    """
    Image quality after NEMA NU 2.

    Attributes
    ----------
    placement : BackgroundPlacement
        Where the background was measured.

    background : tuple of BackgroundLevel
        One a diameter of the spheres, and the largest ROI; largest first.

    spheres : tuple of SphereContrast
        In the order of the spheres.

    lung : LungResidual or None
        None for a phantom without lung insert.

    true_ratio : float or None
        a_H / a_B that the contrast was computed with.

    edition : Edition
        Which edition was asked for.

    flags : tuple of Flag
        Doubts about the evaluation as a whole.

    notes : tuple of str
        What was decided, in words.
    """

    placement: BackgroundPlacement
    background: tuple[BackgroundLevel, ...]
    spheres: tuple[SphereContrast, ...]
    lung: LungResidual | None
    true_ratio: float | None
    edition: Edition = EDITIONS[DEFAULT_EDITION]
    flags: tuple[Flag, ...] = ()
    notes: tuple[str, ...] = ()


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
        Q_H, by `HOT_CONTRAST_FORMULA`.

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
        Q_C, by `COLD_CONTRAST_FORMULA`.
    """
    return 100.0 * (1.0 - mean_cold / mean_background)


def nema_quality(
    image: PETImage,
    spheres: Sequence[VOIResult],
    placement: BackgroundPlacement,
    truth: TrueActivity | None = None,
    edition: NEMAEdition = DEFAULT_EDITION,
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

    edition : {'2007', '2012', '2018'}, optional
        Which slices the lung residual leaves out, and which filling is expected.

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
    asked = EDITIONS[edition]
    return NEMAResult(
        placement=placement,
        background=tuple(levels.values()),
        spheres=tuple(
            _contrast(image, sphere, placement, levels[sphere.insert.diameter_mm], truth)
            for sphere in spheres
        ),
        lung=lung_residual(image, placement, levels[ROI_DIAMETER_MM], asked.lung_margin_mm),
        true_ratio=ratio,
        edition=asked,
        flags=placement.flags,
        notes=(*placement.notes, *_ratio_notes(ratio, asked)),
    )


def _ratio_notes(ratio: float | None, edition: Edition) -> tuple[str, ...]:
    if ratio is None:
        return (_('the true ratio is unknown: no percent contrast of hot spheres'),)
    meant = joined((f'{one:g} : 1' for one in edition.ratios), _(' or '))
    if all(unmet_ratio(edition.name, one, ratio) for one in edition.ratios):
        return (
            _('{edition} is filled {meant}; here the true ratio is {ratio:.2f} : 1').format(
                edition=edition.name, meant=meant, ratio=ratio
            ),
        )
    return ()


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
    offset = -image.geometry.slice_distance_mm(center, k)
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
    """Of Q_H, whose only uncertain part here is the ratio below its line."""
    if contrast is None or truth is None or truth.ratio is None or truth.ratio_sd_percent is None:
        return None
    relative = truth.ratio / (truth.ratio - 1.0) * truth.ratio_sd_percent / 100.0
    return abs(contrast) * relative


def rois_on_slice(nema: NEMAResult, geometry: VolumeGeometry, slice_k: int) -> tuple[Cylinder, ...]:
    """
    Circles of NEMA NU 2 that were measured on one slice, as high as the slice.

    Parameters
    ----------
    nema : NEMAResult
        What was evaluated.

    geometry : VolumeGeometry
        Grid of the image.

    slice_k : int
        Index of the slice.

    Returns
    -------
    circles : tuple of Cylinder
        The largest of each set of background ROIs, and that on the lung insert.
    """
    circles = []
    if slice_k in nema.placement.slices_k:
        diameter = nema.placement.roi_diameter_mm
        circles += [(roi.name, roi.center_ras_mm, diameter) for roi in nema.placement.rois]
    lung = nema.placement.lung
    if lung is not None and nema.lung is not None and slice_k in nema.lung.slices_k:
        circles.append(('Lung', lung.center_ras_mm, LUNG_ROI_DIAMETER_MM))
    height = geometry.slice_spacing_mm
    return tuple(
        Cylinder(name, geometry.projected_ras_mm(center, slice_k), diameter, height)
        for name, center, diameter in circles
    )
