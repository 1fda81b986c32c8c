"""What the evaluation of recovery finds: facts that `recovery` fills and others show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..core.flags import Flag

Quantity = Literal['rc_max', 'rc_mean', 'rc_peak']

QUANTITY_NAMES: dict[Quantity, str] = {
    'rc_max': 'RCmax',
    'rc_mean': 'RCmean (A50)',
    'rc_peak': 'RCpeak',
}


@dataclass(frozen=True)
class Verdict:
    """
    One recovery coefficient against one pair of limits.

    Attributes
    ----------
    standard : str
        Name of the limits, e.g. ``'EARL 2'``.

    quantity : {'rc_max', 'rc_mean', 'rc_peak'}
        Which coefficient.

    low, high : float
        The limits; both are allowed values.

    passed : bool
        Whether the coefficient lies within.

    margin : float
        Distance to the nearer limit; negative outside.

    source, version : str
        Where the limits come from.

    note : str
        What must be said wherever they are shown, or empty.
    """

    standard: str
    quantity: Quantity
    low: float
    high: float
    passed: bool
    margin: float
    source: str
    version: str
    note: str = ''


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
        B + 0.5 (max - B), in the image's unit.

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
