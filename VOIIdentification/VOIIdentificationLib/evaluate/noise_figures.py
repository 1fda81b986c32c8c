"""Noise and detectability under their own names: COV, Q_H,10 / N_10, CNR. None of them is N."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..core.flags import DOUBTED_LABELS
from ..core.image import PETImage
from ..core.sentence import sentences
from ..measure.statistics import voi_statistics
from ..measure.voi_mask import Sphere, voi_mask
from .limits import shipped_limits
from .nema import NEMAResult, SphereContrast
from .roi_placement import ROI_DIAMETER_MM, BackgroundROI
from .verdict import unmet_ratio, verdict

_ = sentences(__name__)

COV_FORMULA = '100 SD / mean'
CNR_FORMULA = '(C_H - C_B) / S'
DETECTABILITY_FORMULA = 'Q_H,10 / N_10'
"""As people write them, with S the SD of the background ROI means of the sphere's size."""

SMALLEST_MM = 10.0
"""Inner diameter of the sphere that detectability is about."""

_SAME_DIAMETER_MM = 0.25


@dataclass(frozen=True)
class GuidelineVerdict:
    """
    One figure against the limit of a guideline.

    Attributes
    ----------
    name, figure : str
        The guideline, and the field of `NoiseFigures`.

    sense : {'<=', '>='}
        How the figure must compare with the limit.

    limit : float
        In the unit of the figure.

    value : float or None
        The figure.

    passed : bool or None
        None if it may not be judged.

    not_judged : str
        Why not; empty if it is judged.

    source : str
        What must be said beside the limit.
    """

    name: str
    figure: str
    sense: str
    limit: float
    value: float | None
    passed: bool | None
    not_judged: str
    source: str


@dataclass(frozen=True)
class SphereNoise:
    """
    Contrast to noise of one sphere.

    Attributes
    ----------
    label : str
        Of the sphere.

    diameter_mm : float
        Its inner diameter.

    cnr : float or None
        By `CNR_FORMULA`, no unit; negative for a cold sphere.
    """

    label: str
    diameter_mm: float
    cnr: float | None


@dataclass(frozen=True)
class NoiseFigures:
    """
    Noise of the background and what it does to the smallest sphere.

    Attributes
    ----------
    cov_percent : float or None
        By `COV_FORMULA` over the voxels of one large VOI of background.

    cov_roi : str
        Name of the background ROI about which that VOI stands: the one with
        most room to edge, spheres and lung insert.

    cov_diameter_mm : float
        Diameter of that VOI, a sphere.

    roi_cov_percent, lowest_roi_cov_percent, highest_roi_cov_percent : float or None
        The same over the pixels of each of the largest background ROIs: mean
        and extremes.

    contrast_percent, variability_percent : float or None
        Q_H and N of the 10 mm sphere.

    detectability : float or None
        By `DETECTABILITY_FORMULA`, no unit; None without a true ratio.

    spheres : tuple of SphereNoise
        In their order.

    falling : tuple of str
        Hot spheres whose contrast is lower than that of the next smaller one;
        empty if it rises with the diameter.

    verdicts : tuple of GuidelineVerdict
        One a limit.
    """

    cov_percent: float | None
    cov_roi: str
    cov_diameter_mm: float
    roi_cov_percent: float | None
    lowest_roi_cov_percent: float | None
    highest_roi_cov_percent: float | None
    contrast_percent: float | None
    variability_percent: float | None
    detectability: float | None
    spheres: tuple[SphereNoise, ...]
    falling: tuple[str, ...]
    verdicts: tuple[GuidelineVerdict, ...] = ()


def noise_figures(image: PETImage, nema: NEMAResult, doubt: str = '') -> NoiseFigures:
    """
    Find the figures.

    Parameters
    ----------
    image : PETImage
        The image.

    nema : NEMAResult
        Its contrasts and background ROIs.

    doubt : str, optional
        Why nothing may be judged.

    Returns
    -------
    figures : NoiseFigures
        None where something is not known.
    """
    roi = max(nema.placement.rois, key=_room_mm, default=None)
    covs = nema.background[0].roi_cov_percent if nema.background else np.empty(0)
    covs = covs[np.isfinite(covs)]
    smallest = next((one for one in nema.spheres if _is_smallest(one)), None)
    contrast = smallest.contrast_percent if smallest is not None else None
    variability = smallest.variability_percent if smallest is not None else None
    cov = _cov_percent(image, roi) if roi is not None else None
    detectability = _over(contrast, variability)
    values = dict(zip(_JUDGED, (variability, detectability, cov), strict=True))
    return NoiseFigures(
        cov_percent=cov,
        cov_roi=roi.name if roi is not None else '',
        cov_diameter_mm=ROI_DIAMETER_MM,
        roi_cov_percent=float(covs.mean()) if covs.size else None,
        lowest_roi_cov_percent=float(covs.min()) if covs.size else None,
        highest_roi_cov_percent=float(covs.max()) if covs.size else None,
        contrast_percent=contrast,
        variability_percent=variability,
        detectability=detectability,
        spheres=tuple(_sphere_noise(one) for one in nema.spheres),
        falling=_falling(nema.spheres),
        verdicts=tuple(_verdicts(values, nema, doubt or _doubt(nema, smallest))),
    )


_JUDGED = ('variability_percent', 'detectability', 'cov_percent')


def _over(contrast: float | None, variability: float | None) -> float | None:
    if contrast is None or not variability:
        return None
    return contrast / variability


def _room_mm(roi: BackgroundROI) -> float:
    return min(roi.edge_distance_mm, roi.sphere_distance_mm, roi.lung_distance_mm)


def _is_smallest(sphere: SphereContrast) -> bool:
    return sphere.hot and abs(sphere.diameter_mm - SMALLEST_MM) < _SAME_DIAMETER_MM


def _cov_percent(image: PETImage, roi: BackgroundROI) -> float | None:
    solid = Sphere(roi.name, roi.center_ras_mm, ROI_DIAMETER_MM)
    cov = voi_statistics(image, voi_mask(solid, image.geometry)).voxel_cov
    return None if cov is None else 100.0 * cov


def _sphere_noise(sphere: SphereContrast) -> SphereNoise:
    mean, level, n = sphere.roi_mean, sphere.background_mean, sphere.variability_percent
    if mean is None or not level or not n:
        return SphereNoise(sphere.label, sphere.diameter_mm, None)
    return SphereNoise(sphere.label, sphere.diameter_mm, 100.0 * (mean / level - 1.0) / n)


def _falling(spheres: Sequence[SphereContrast]) -> tuple[str, ...]:
    """By the means, which are there without a true ratio too, over each one's background."""
    hot = [
        (one.diameter_mm, one.label, one.roi_mean / one.background_mean)
        for one in spheres
        if one.hot and one.roi_mean is not None and one.background_mean
    ]
    return tuple(large[1] for small, large in pairwise(sorted(hot)) if large[2] < small[2])


def _doubt(nema: NEMAResult, smallest: SphereContrast | None) -> str:
    if smallest is None:
        return _('there is no hot sphere of {diameter:g} mm').format(diameter=SMALLEST_MM)
    if nema.true_ratio is None:
        return _('the true ratio is unknown')
    return next((flag.text for flag in smallest.flags if flag in DOUBTED_LABELS), '')


def _verdicts(
    values: dict[str, float | None], nema: NEMAResult, doubt: str
) -> Iterator[GuidelineVerdict]:
    """By the shipped limits of these figures: those that limit no recovery."""
    for profile in (one for one in shipped_limits() if not one.bands):
        reason = doubt or unmet_ratio(profile.name, profile.ratio, nema.true_ratio)
        for row in profile.rows:
            value = values[row.quantity]
            why = reason or ('' if value is not None else _('it could not be measured'))
            found = verdict(value, row, profile.name, why)
            low, high = row.band
            sense, limit = ('<=', high) if row.low is None else ('>=', low)
            yield GuidelineVerdict(
                profile.name, row.quantity, sense, limit, value, found.passed, why, row.note
            )
