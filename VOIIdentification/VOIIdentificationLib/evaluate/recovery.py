"""Recovery coefficients after EARL: maximum, A50 mean and peak over the true concentration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..activity.worksheet import TrueActivity
from ..core.flags import Flag
from ..core.image import PETImage
from ..measure.moving_voi import PEAK_VOLUME_MM3
from ..measure.statistics import voi_statistics
from ..measure.voi import VOIResult
from ..measure.voi_mask import Sphere, voi_mask
from .a50 import a50_voi
from .limits import QUANTITY_NAMES, Limits, Quantity, Verdict, verdict

CONCENTRATION_UNIT = 'Bq/mL'
"""The only unit in which an image can be compared with a true concentration."""

CORE_PART = 0.5
"""Part of the largest sphere's diameter whose mean stands for an unknown true concentration."""

SAME_DIAMETER_MM = 0.25
"""Limits hold for a sphere whose diameter differs by less."""

USUAL_RATIO_DEVIATION = 0.1
"""A true ratio that differs more, relatively, from the limits' ratio is told."""

PEAK_RULE = f'highest mean in {PEAK_VOLUME_MM3 / 1000:g} cm3 moved over the sphere'
"""Which of the two usual peaks RCpeak is made of (EANM, EARL)."""

A50Background = tuple[float, str]
"""B of the A50 threshold, in the image's unit, and how it was taken, in words."""


@dataclass(frozen=True)
class SphereRecovery:
    """
    Recovery of one sphere. None where it could not be measured.

    Attributes
    ----------
    label : str
        Of the sphere.

    diameter_mm : float
        Inner diameter.

    max, a50_mean, peak : float or None
        Highest voxel, mean of the A50 VOI, and peak, in the image's unit.

    a50_threshold : float or None
        By `A50_THRESHOLD_FORMULA`, in the image's unit.

    a50_volume_ml : float or None
        Volume of the A50 VOI.

    rc_max, rc_mean, rc_peak : float or None
        The three over the reference, no unit.

    sd_percent : float or None
        Relative standard uncertainty that the fill gives each of the three.

    verdicts : tuple of Verdict
        Empty where the recovery is relative.

    flags : tuple of Flag
        Reasons for doubt.
    """

    label: str
    diameter_mm: float
    max: float | None = None
    a50_mean: float | None = None
    peak: float | None = None
    a50_threshold: float | None = None
    a50_volume_ml: float | None = None
    rc_max: float | None = None
    rc_mean: float | None = None
    rc_peak: float | None = None
    sd_percent: float | None = None
    verdicts: tuple[Verdict, ...] = ()
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True)
class RecoveryResult:
    """
    Recovery coefficients.

    Attributes
    ----------
    spheres : tuple of SphereRecovery
        The hot spheres, in their order.

    relative : bool
        True if the activity is unknown: no recovery, and no verdict.

    reference : float or None
        What the values were divided by, in the image's unit.

    reference_rule : str
        What that is, in words.

    background : float
        B of the A50 threshold, in the image's unit.

    background_rule : str
        How B was taken, in words.

    peak_rule : str
        Which peak RCpeak is made of.

    standards : tuple of str
        Names of the limits that were compared.

    not_monotonic : tuple of str
        Quantities that fall somewhere as the spheres grow.

    flags : tuple of Flag
        Doubts about the evaluation as a whole.

    notes : tuple of str
        What was decided, in words.
    """

    spheres: tuple[SphereRecovery, ...]
    relative: bool
    reference: float | None
    reference_rule: str
    background: float
    background_rule: str
    peak_rule: str
    standards: tuple[str, ...] = ()
    not_monotonic: tuple[Quantity, ...] = ()
    flags: tuple[Flag, ...] = ()
    notes: tuple[str, ...] = ()


def recovery(
    image: PETImage,
    spheres: Sequence[VOIResult],
    background: A50Background,
    *,
    limits: tuple[Limits, ...] = (),
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

    background : tuple of (float, str)
        B of the A50 threshold, and how it was taken: it is shown beside the
        coefficients.

    limits : tuple of Limits, optional
        Standards to compare with.

    truth : TrueActivity, optional
        True concentrations at the image's reference time. Without a hot one,
        or if the image is not in Bq/mL, the coefficients are relative.

    Returns
    -------
    result : RecoveryResult
        Relative coefficients are never compared with limits.
    """
    hot = [s for s in spheres if s.insert.hot and isinstance(s.solid, Sphere)]
    measured = [_measured(image, sphere, background[0]) for sphere in hot]
    reference, reference_rule, absolute = _reference(image, hot, truth)
    sd = truth.hot_sd_percent if absolute and truth is not None else None
    divided = [_divided(one, reference, sd) for one in measured]
    judges = limits if absolute else ()
    falling = tuple(name for name in QUANTITY_NAMES if _falls(divided, name))
    return RecoveryResult(
        spheres=tuple(_judged(one, judges) for one in divided),
        relative=not absolute,
        reference=reference,
        reference_rule=reference_rule,
        background=background[0],
        background_rule=background[1],
        peak_rule=PEAK_RULE,
        standards=tuple(one.name for one in judges),
        not_monotonic=falling,
        flags=(Flag.NOT_MONOTONIC,) if falling else (),
        notes=_notes(image, truth, limits),
    )


def _measured(image: PETImage, sphere: VOIResult, background: float) -> SphereRecovery:
    """Values of one sphere, not divided yet."""
    assert isinstance(sphere.solid, Sphere)
    a50 = a50_voi(image, sphere.solid, background, mask=sphere.mask)
    flags = [*sphere.flags]
    if a50 is not None and a50.at_edge:
        flags.append(Flag.A50_AT_EDGE)
    return SphereRecovery(
        label=sphere.label,
        diameter_mm=sphere.insert.diameter_mm,
        max=a50.max if a50 else sphere.statistics.max,
        a50_mean=a50.mean if a50 else None,
        peak=sphere.peak,
        a50_threshold=a50.threshold if a50 else None,
        a50_volume_ml=a50.volume_ml if a50 else None,
        flags=tuple(flags),
    )


def _reference(
    image: PETImage,
    hot: Sequence[VOIResult],
    truth: TrueActivity | None,
) -> tuple[float | None, str, bool]:
    """What values are divided by, in words, and whether it is the truth."""
    if truth is not None and truth.hot_bqml is not None and image.unit == CONCENTRATION_UNIT:
        rule = f'true concentration a_H = {truth.hot_bqml:.6g} Bq/mL'
        return truth.hot_bqml, rule, True
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
