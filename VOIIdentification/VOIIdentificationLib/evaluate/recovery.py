"""Recovery coefficients after EARL: maximum, A50 mean and peak over the true concentration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..activity.worksheet import TrueActivity
from ..core.flags import DOUBTED_LABELS, Flag
from ..core.image import CONCENTRATION_UNIT, PETImage
from ..core.sentence import sentences
from ..measure.moving_voi import PEAK_VOLUME_MM3
from ..measure.statistics import voi_statistics
from ..measure.voi import VOIResult
from ..measure.voi_mask import Sphere, voi_mask
from .a50 import A50Background, a50_voi
from .background import PooledBackground
from .limits import QUANTITY_NAMES, Limits, Quantity
from .nema import NEMAResult
from .verdict import Verdict, unmet_ratio, verdict

_ = sentences(__name__)

CORE_PART = 0.5
"""Part of the largest sphere's diameter whose mean stands for an unknown true concentration."""

PLAUSIBLE_RECOVERY = {
    'rc_max': (0.05, 1.8),
    'rc_mean': (0.05, 1.4),
    'rc_peak': (0.05, 1.4),
}
"""
Coefficients outside are flagged. The widest limits (EARL 2) end at 1.38, 1.00 and 1.10, and a
reconstruction that models the resolution may overshoot them; a 10 mm sphere blurred by 14 mm in
a cold background still recovers 0.08 on average.
"""

_NO_BACKGROUND = _('no background was measured: no A50 VOI')


PEAK_RULE = _('highest mean in {volume:g} cm3 moved over the sphere').format(
    volume=PEAK_VOLUME_MM3 / 1000
)
"""Which of the two usual peaks RCpeak is made of (EANM, EARL)."""


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

    background : float or None
        B of the A50 threshold, in the image's unit; None if it is unknown.

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
    background: float | None
    background_rule: str
    peak_rule: str
    standards: tuple[str, ...] = ()
    not_monotonic: tuple[Quantity, ...] = ()
    flags: tuple[Flag, ...] = ()
    notes: tuple[str, ...] = ()


def recovery(
    image: PETImage,
    spheres: Sequence[VOIResult],
    background: A50Background | None,
    *,
    limits: tuple[Limits, ...] = (),
    truth: TrueActivity | None = None,
    doubt: str = '',
) -> RecoveryResult:
    """
    Find the recovery coefficients of the hot spheres.

    Parameters
    ----------
    image : PETImage
        The image.

    spheres : sequence of VOIResult
        The measured inserts; cold ones and cylinders are left out.

    background : tuple of (float, str) or None
        B of the A50 threshold, and how it was taken: it is shown beside the
        coefficients. None leaves out the A50 VOI: maximum and peak need no B.

    limits : tuple of Limits, optional
        Standards to compare with.

    truth : TrueActivity, optional
        True concentrations at the image's reference time. Without a hot one,
        or if the image is not in Bq/mL, the coefficients are relative.

    doubt : str, optional
        Why nothing may be judged.

    Returns
    -------
    result : RecoveryResult
        Relative coefficients are never compared with limits.
    """
    hot = [s for s in spheres if s.insert.hot and isinstance(s.solid, Sphere)]
    level, rule = background or (None, _NO_BACKGROUND)
    measured = [_measured(image, sphere, level) for sphere in hot]
    reference, reference_rule, absolute = _reference(image, hot, truth)
    sd = truth.hot_sd_percent if absolute and truth is not None else None
    divided = [_divided(one, reference, sd) for one in measured]
    divided = [_flagged(one) for one in divided] if absolute else divided
    judges = tuple(one for one in limits if one.bands) if absolute else ()
    ratio = truth.ratio if truth is not None else None
    falling = tuple(name for name in QUANTITY_NAMES if _falls(divided, name))
    return RecoveryResult(
        spheres=tuple(_judged(one, judges, ratio, doubt) for one in divided),
        relative=not absolute,
        reference=reference,
        reference_rule=reference_rule,
        background=level,
        background_rule=rule,
        peak_rule=PEAK_RULE,
        standards=tuple(one.name for one in judges),
        not_monotonic=falling,
        flags=(Flag.NOT_MONOTONIC,) if falling else (),
        notes=_notes(image, truth, judges, background),
    )


def _measured(image: PETImage, sphere: VOIResult, background: float | None) -> SphereRecovery:
    """Values of one sphere, not divided yet."""
    assert isinstance(sphere.solid, Sphere)
    a50 = None
    if background is not None:
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
        rule = _('true concentration a_H = {true:.6g} Bq/mL').format(true=truth.hot_bqml)
        return truth.hot_bqml, rule, True
    largest = max(hot, key=lambda one: one.insert.diameter_mm, default=None)
    if largest is None:
        return None, _('no hot sphere'), False
    rule = _('mean of the inner half of {label}: relative, not a recovery').format(
        label=largest.label
    )
    return core_mean(image, largest), rule, False


def core_mean(image: PETImage, sphere: VOIResult) -> float | None:
    """
    Mean within half the diameter of a sphere, which no usual blur reaches if it is large.

    Parameters
    ----------
    image : PETImage
        The image.

    sphere : VOIResult
        The measured sphere.

    Returns
    -------
    mean : float or None
        In the image's unit; None if no voxel is finite.
    """
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


def _flagged(one: SphereRecovery) -> SphereRecovery:
    values = [(getattr(one, name), *ends) for name, ends in PLAUSIBLE_RECOVERY.items()]
    if all(value is None or low <= value <= high for value, low, high in values):
        return one
    return replace(one, flags=(*one.flags, Flag.RECOVERY_IMPLAUSIBLE))


def _judged(
    one: SphereRecovery, limits: Sequence[Limits], ratio: float | None, doubt: str
) -> SphereRecovery:
    label = next((flag.text for flag in one.flags if flag in DOUBTED_LABELS), '')
    verdicts = []
    for standard in limits:
        reason = doubt or label or unmet_ratio(standard.name, standard.ratio, ratio)
        for limit in standard.bands:
            value = getattr(one, limit.quantity)
            if limit.holds_for(one.diameter_mm) and value is not None:
                verdicts.append(verdict(value, limit, standard.name, reason))
    return replace(one, verdicts=tuple(verdicts))


def _falls(spheres: Sequence[SphereRecovery], quantity: Quantity) -> bool:
    """Whether a coefficient is lower for a larger sphere."""
    by_size = sorted(spheres, key=lambda one: one.diameter_mm)
    values = [getattr(one, quantity) for one in by_size]
    known = [value for value in values if value is not None]
    return any(larger < smaller for smaller, larger in pairwise(known))


def _notes(
    image: PETImage,
    truth: TrueActivity | None,
    limits: Sequence[Limits],
    background: A50Background | None,
) -> tuple[str, ...]:
    missing = () if background else (_NO_BACKGROUND,)
    if truth is None or truth.hot_bqml is None:
        return (
            _('the activity is unknown: relative coefficients, compared with no limits'),
            *missing,
        )
    if image.unit != CONCENTRATION_UNIT:
        unit = _('the image is in {unit}, not in {wanted}').format(
            unit=image.unit, wanted=CONCENTRATION_UNIT
        )
        return (
            _('{reason}: relative coefficients, compared with no limits').format(reason=unit),
            *missing,
        )
    ratios = (unmet_ratio(one.name, one.ratio, truth.ratio) for one in limits)
    return (*(_('not judged: {text}').format(text=text) for text in ratios if text), *missing)


def measured_level(
    nema: NEMAResult | None, pooled: PooledBackground | None
) -> A50Background | None:
    """
    The background for A50 VOIs as it was measured.

    Parameters
    ----------
    nema : NEMAResult or None
        With the background ROIs.

    pooled : PooledBackground or None
        The user's own background VOIs, which come first.

    Returns
    -------
    level : tuple of (float, str) or None
        B and where it is from; None where nothing was measured.
    """
    if pooled is not None and pooled.mean is not None:
        return pooled.mean, _('mean of the background VOIs')
    level = nema.background[0] if nema is not None and nema.background else None
    if level is None or level.mean is None:
        return None
    rule = _('mean of the {count} background ROIs of {diameter:g} mm').format(
        count=level.roi_count, diameter=level.diameter_mm
    )
    return level.mean, rule


def true_level(image: PETImage, activity: TrueActivity | None) -> A50Background | None:
    """
    The background for A50 VOIs where nothing was measured: what was filled in.

    Parameters
    ----------
    image : PETImage
        The scan.

    activity : TrueActivity or None
        The true concentrations.

    Returns
    -------
    level : tuple of (float, str) or None
        B and where it is from; None where it is unknown or in another unit.
    """
    known = activity.background_bqml if activity is not None else None
    if known is None or image.unit != CONCENTRATION_UNIT:
        return None
    return known, _('true concentration of the background')
