"""Recovery coefficients after EARL: maximum, A50 mean and peak over the true concentration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..activity.worksheet import TrueActivity
from ..core.flags import Flag
from ..core.image import PETImage
from ..measure.statistics import HALF_INSIDE, voi_statistics
from ..measure.voi import VOIResult
from ..measure.voi_mask import Sphere, VOIMask, voi_mask
from .limits import Limit, Limits
from .recovery_results import QUANTITY_NAMES, Quantity, RecoveryResult, SphereRecovery, Verdict

CONCENTRATION_UNIT = 'Bq/mL'
"""The only unit in which an image can be compared with a true concentration."""

A50_PART = 0.5
"""Part of the way from background to maximum at which the A50 VOI ends (EANM, EARL)."""

A50_REACH_MM = 10.0
"""How far beyond its sphere an A50 VOI is followed: about two widths of a PET PSF."""

CORE_PART = 0.5
"""Part of the largest sphere's diameter whose mean stands for an unknown true concentration."""

SAME_DIAMETER_MM = 0.25
"""Limits hold for a sphere whose diameter differs by less."""

USUAL_RATIO_DEVIATION = 0.1
"""A true ratio that differs more, relatively, from the limits' ratio is told."""

PeakRule = Literal['highest', 'at_max']

_PEAK_RULES = {
    'highest': 'highest mean in 1 cm3 moved over the sphere',
    'at_max': 'mean in 1 cm3 at the highest voxel',
}

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class A50VOI:
    """
    Voxels connected to the maximum that reach half way up from the background.

    Attributes
    ----------
    inside : (K, J, I) `numpy.ndarray` of bool
        On the box `slices_kji`; holes are filled.

    slices_kji : tuple of slice
        Where `inside` lies in the image.

    max, threshold, mean : float
        Highest voxel of the sphere, B + 0.5 (max - B), and mean inside; in
        the image's unit.

    volume_ml : float
        Whole voxels.

    at_edge : bool
        True if the VOI reached as far as it is followed.
    """

    inside: BoolArray
    slices_kji: tuple[slice, slice, slice]
    max: float
    threshold: float
    mean: float
    volume_ml: float
    at_edge: bool


def a50_voi(
    image: PETImage, sphere: Sphere, background: float, *, mask: VOIMask | None = None
) -> A50VOI | None:
    """
    Grow the A50 VOI of one hot sphere.

    Parameters
    ----------
    image : PETImage
        The image.

    sphere : Sphere
        The sphere, within which the maximum is sought.

    background : float
        B, in the image's unit.

    mask : VOIMask, optional
        Voxels of `sphere`, if they are known already.

    Returns
    -------
    voi : A50VOI or None
        None if the sphere has no finite voxel above the background.

    Notes
    -----
    The maximum is that of the voxels at least half inside the sphere. Voxels
    are connected by faces, edges or corners, and followed to
    `A50_REACH_MM` beyond the sphere.
    """
    start = _maximum(image, mask or voi_mask(sphere, image.geometry))
    if start is None or not start[1] > background:
        return None
    place_kji, highest = start
    wide = Sphere(sphere.label, sphere.center_ras_mm, sphere.diameter_mm + 2 * A50_REACH_MM)
    zone = voi_mask(wide, image.geometry, counting='hard')
    allowed = zone.weights > 0
    values = image.voxels[zone.slices_kji]
    threshold = background + A50_PART * (highest - background)
    above = allowed & (values >= threshold)
    seed = tuple(p - s.start for p, s in zip(place_kji, zone.slices_kji, strict=True))
    grown = _connected(above, seed)
    inside = ndimage.binary_fill_holes(grown) & np.isfinite(values)
    outer = allowed & ~ndimage.binary_erosion(allowed)
    return A50VOI(
        inside=inside,
        slices_kji=zone.slices_kji,
        max=highest,
        threshold=float(threshold),
        mean=float(values[inside].mean(dtype=float)),
        volume_ml=float(inside.sum()) * image.geometry.voxel_volume_mm3 / 1000,
        at_edge=bool(np.any(grown & outer)),
    )


@dataclass(frozen=True)
class RecoveryRules:
    """
    Choices that recovery coefficients depend on.

    Attributes
    ----------
    background : float
        B of the A50 threshold, in the image's unit.

    background_rule : str
        How B was taken, in words: it is shown beside the coefficients.

    limits : tuple of Limits
        Standards to compare with.

    relative_to : tuple of (float, str) or None
        What relative coefficients are divided by, and what that is, in words;
        None for the mean of the inner half of the largest sphere.

    peak : {'highest', 'at_max'}
        Which peak RCpeak is made of.
    """

    background: float
    background_rule: str
    limits: tuple[Limits, ...] = ()
    relative_to: tuple[float, str] | None = None
    peak: PeakRule = 'highest'


def recovery(
    image: PETImage,
    spheres: Sequence[VOIResult],
    rules: RecoveryRules,
    truth: TrueActivity | None = None,
) -> RecoveryResult:
    """
    Find the recovery coefficients of the hot spheres.

    Parameters
    ----------
    image : PETImage
        The image.

    spheres : sequence of VOIResult
        The measured inserts; cold ones and cylinders are left out.

    rules : RecoveryRules
        Background, limits, and which peak.

    truth : TrueActivity, optional
        True concentrations at the image's reference time. Without a hot one,
        or if the image is not in Bq/mL, the coefficients are relative.

    Returns
    -------
    result : RecoveryResult
        Relative coefficients are never compared with limits.
    """
    hot = [s for s in spheres if s.insert.hot and isinstance(s.solid, Sphere)]
    measured = [_measured(image, sphere, rules) for sphere in hot]
    reference, reference_rule, absolute = _reference(image, hot, rules, truth)
    sd = truth.hot_sd_percent if absolute and truth is not None else None
    divided = [_divided(one, reference, sd) for one in measured]
    limits = rules.limits if absolute else ()
    falling = tuple(name for name in QUANTITY_NAMES if _falls(divided, name))
    return RecoveryResult(
        spheres=tuple(_judged(one, limits) for one in divided),
        relative=not absolute,
        reference=reference,
        reference_rule=reference_rule,
        background=rules.background,
        background_rule=rules.background_rule,
        peak_rule=_PEAK_RULES[rules.peak],
        standards=tuple(one.name for one in limits),
        not_monotonic=falling,
        flags=(Flag.NOT_MONOTONIC,) if falling else (),
        notes=_notes(image, truth, rules.limits),
    )


def verdict(value: float, limit: Limit, standard: str) -> Verdict:
    """
    Compare one coefficient with one pair of limits.

    Parameters
    ----------
    value : float
        The coefficient.

    limit : Limit
        The limits.

    standard : str
        Their name.

    Returns
    -------
    verdict : Verdict
        Passed if the value lies within or on a limit.

    Examples
    --------
    >>> limit = Limit(10.0, 'rc_max', 0.34, 0.57, 'a table', '2017')
    >>> verdict(0.5, limit, 'EARL 1').passed, round(verdict(0.6, limit, 'EARL 1').margin, 2)
    (True, -0.03)
    """
    margin = min(value - limit.low, limit.high - value)
    return Verdict(
        standard=standard,
        quantity=limit.quantity,
        low=limit.low,
        high=limit.high,
        passed=margin >= 0,
        margin=margin,
        source=limit.source,
        version=limit.version,
        note=limit.note,
    )


def _maximum(image: PETImage, mask: VOIMask) -> tuple[tuple[int, ...], float] | None:
    """Index (k, j, i) and value of the highest voxel of a VOI."""
    values = image.voxels[mask.slices_kji]
    usable = (mask.weights >= HALF_INSIDE) & np.isfinite(values)
    if not usable.any():
        return None
    place = np.unravel_index(int(np.argmax(np.where(usable, values, -np.inf))), values.shape)
    offset = [s.start for s in mask.slices_kji]
    return tuple(int(p) + o for p, o in zip(place, offset, strict=True)), float(values[place])


def _connected(above: BoolArray, seed: tuple[int, ...]) -> BoolArray:
    labels, _ = ndimage.label(above, structure=np.ones((3, 3, 3), dtype=int))
    return np.asarray(labels == labels[seed])


def _measured(image: PETImage, sphere: VOIResult, rules: RecoveryRules) -> SphereRecovery:
    """Values of one sphere, not divided yet."""
    assert isinstance(sphere.solid, Sphere)
    a50 = a50_voi(image, sphere.solid, rules.background, mask=sphere.mask)
    flags = [*sphere.flags]
    if a50 is not None and a50.at_edge:
        flags.append(Flag.A50_AT_EDGE)
    return SphereRecovery(
        label=sphere.label,
        diameter_mm=sphere.insert.diameter_mm,
        max=a50.max if a50 else sphere.statistics.max,
        a50_mean=a50.mean if a50 else None,
        peak=sphere.peak if rules.peak == 'highest' else sphere.peak_at_max,
        a50_threshold=a50.threshold if a50 else None,
        a50_volume_ml=a50.volume_ml if a50 else None,
        flags=tuple(flags),
    )


def _reference(
    image: PETImage,
    hot: Sequence[VOIResult],
    rules: RecoveryRules,
    truth: TrueActivity | None,
) -> tuple[float | None, str, bool]:
    """What values are divided by, in words, and whether it is the truth."""
    if truth is not None and truth.hot_bqml is not None and image.unit == CONCENTRATION_UNIT:
        rule = f'true concentration a_H = {truth.hot_bqml:.6g} Bq/mL'
        return truth.hot_bqml, rule, True
    if rules.relative_to is not None:
        return *rules.relative_to, False
    largest = max(hot, key=lambda one: one.insert.diameter_mm, default=None)
    if largest is None:
        return None, 'no hot sphere', False
    rule = f'mean of the inner half of {largest.label}: relative, not a recovery'
    return _core_mean(image, largest), rule, False


def _core_mean(image: PETImage, sphere: VOIResult) -> float | None:
    """Mean within half the diameter, which no usual blur reaches."""
    diameter_mm = CORE_PART * sphere.insert.diameter_mm
    core = Sphere(sphere.label, sphere.center_ras_mm, diameter_mm)
    return voi_statistics(image, voi_mask(core, image.geometry)).mean


def _divided(one: SphereRecovery, reference: float | None, sd: float | None) -> SphereRecovery:
    def part(value: float | None) -> float | None:
        return value / reference if value is not None and reference and reference > 0 else None

    return replace(
        one,
        rc_max=part(one.max),
        rc_mean=part(one.a50_mean),
        rc_peak=part(one.peak),
        sd_percent=sd,
    )


def _judged(one: SphereRecovery, limits: Sequence[Limits]) -> SphereRecovery:
    verdicts = []
    for standard in limits:
        for limit in standard.rows:
            value = getattr(one, limit.quantity)
            same = abs(limit.diameter_mm - one.diameter_mm) < SAME_DIAMETER_MM
            if same and value is not None:
                verdicts.append(verdict(value, limit, standard.name))
    return replace(one, verdicts=tuple(verdicts))


def _falls(spheres: Sequence[SphereRecovery], quantity: Quantity) -> bool:
    """Whether a coefficient is lower for a larger sphere."""
    by_size = sorted(spheres, key=lambda one: one.diameter_mm)
    values = [getattr(one, quantity) for one in by_size]
    known = [value for value in values if value is not None]
    return any(larger < smaller for smaller, larger in pairwise(known))


def _notes(
    image: PETImage, truth: TrueActivity | None, limits: Sequence[Limits]
) -> tuple[str, ...]:
    if truth is None or truth.hot_bqml is None:
        return ('the activity is unknown: relative coefficients, compared with no limits',)
    if image.unit != CONCENTRATION_UNIT:
        unit = f'the image is in {image.unit}, not in {CONCENTRATION_UNIT}'
        return (f'{unit}: relative coefficients, compared with no limits',)
    return tuple(
        f'the limits {one.name} are meant for spheres {one.ratio:g} times as hot as the '
        f'background; here it is {truth.ratio:.2f} times'
        for one in limits
        if one.ratio and truth.ratio and abs(truth.ratio / one.ratio - 1) > USUAL_RATIO_DEVIATION
    )
