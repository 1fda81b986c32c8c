"""Bias of a uniform cylinder: what it reads over what was filled in, and EARL's verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from ..activity.worksheet import FillWorksheet, TrueActivity
from ..core.image import CONCENTRATION_UNIT
from ..core.sentence import sentences

_ = sentences(__name__)

BIAS_FORMULA = '100 (mean / a - 1)'
"""As people write it, with the mean of the VOI and the true concentration a."""

EARL_BIAS_PERCENT = 10.0
"""EARL's calibration QC, as Kaalep et al. 2018 report it (doi 10.1007/s00259-017-3853-7)."""

STANDARD = 'EARL calibration'
LIMIT_SOURCE = 'Kaalep et al. 2018, doi 10.1007/s00259-017-3853-7'

MAX_VOLUME_DEVIATION = 0.05
"""Of the worksheet's volume from the cylinder's: half of what EARL accepts for the bias."""

PLAUSIBLE_RANGE = (0.5, 2.0)
"""Mean over true concentration: no scanner is off by more, so the worksheet is."""


class Filled(NamedTuple):
    """
    What was filled into a uniform cylinder.

    Attributes
    ----------
    bqml, sd_percent : float or None
        Concentration at the reference time of the image, in Bq/mL, and its
        relative standard uncertainty.

    why : str
        Why it is not known; empty if it is.

    volume_ml : float or None
        Volume that the worksheet mixes the activity into.
    """

    bqml: float | None = None
    sd_percent: float | None = None
    why: str = ''
    volume_ml: float | None = None


@dataclass(frozen=True, eq=False)
class Bias:
    """
    How far the scanner reads from the true concentration. None where not known.

    Attributes
    ----------
    percent : float or None
        By `BIAS_FORMULA`.

    sd_percent : float or None
        Its standard uncertainty, in percent points: noise and fill; None
        without that of the fill.

    noise_sd_percent : float or None
        The part of the noise.

    true_bqml, fill_sd_percent : float or None
        True concentration, and its relative standard uncertainty.

    passed : bool or None
        Whether EARL accepts it; None if it may not be judged.

    not_judged : str
        Why it may not.
    """

    percent: float | None = None
    sd_percent: float | None = None
    noise_sd_percent: float | None = None
    true_bqml: float | None = None
    fill_sd_percent: float | None = None
    passed: bool | None = None
    not_judged: str = ''


def filled_with(truth: TrueActivity | None, sheet: FillWorksheet | None) -> Filled:
    """
    The one fill of a uniform cylinder.

    Parameters
    ----------
    truth : TrueActivity or None
        The true concentrations.

    sheet : FillWorksheet or None
        That they follow from.

    Returns
    -------
    filled : Filled
        Whichever fill is given; of two nobody knows which one it is.
    """
    if truth is None:
        return Filled(why=_('the true activity is unknown: give the fill worksheet'))
    hot, background = truth.hot_bqml, truth.background_bqml
    if hot is not None and background is not None:
        why = _('the worksheet has two fills, a uniform cylinder holds one: leave out the other')
        return Filled(why=why)
    fill = None if sheet is None else sheet.background or sheet.hot
    volume = None if fill is None else fill.volume_ml
    if background is not None:
        return Filled(background, truth.background_sd_percent, volume_ml=volume)
    return Filled(hot, truth.hot_sd_percent, volume_ml=volume)


def bias_contradictions(
    filled: Filled, mean: float | None, volume_ml: float | None, unit: str
) -> tuple[str, ...]:
    """
    Where worksheet and image cannot both be right.

    Parameters
    ----------
    filled : Filled
        What was filled in.

    mean : float or None
        Of the VOI in the image.

    volume_ml : float or None
        Of the cylinder in the image; None where it is not seen whole.

    unit : str
        Of the image.

    Returns
    -------
    sentences : tuple of str
        The values; empty if all is plausible.
    """
    sentences = []
    if filled.bqml and mean is not None and unit == CONCENTRATION_UNIT:
        factor = mean / filled.bqml
        if not PLAUSIBLE_RANGE[0] <= factor <= PLAUSIBLE_RANGE[1]:
            sentences.append(
                _(
                    'the cylinder was filled with {filled:.6g} Bq/mL, but shows {mean:.6g} Bq/mL, '
                    '{factor:.3g} times as much: check the worksheet.'
                ).format(filled=filled.bqml, mean=mean, factor=factor)
            )
    if filled.volume_ml is not None and volume_ml is not None:
        part = filled.volume_ml / volume_ml - 1.0
        if abs(part) > MAX_VOLUME_DEVIATION:
            sentences.append(
                _(
                    'the worksheet has a volume of {volume:.0f} mL, the cylinder in the image '
                    'holds {seen:.0f} mL ({part:+.1f} %): check the volume and the voxel size.'
                ).format(volume=filled.volume_ml, seen=volume_ml, part=100 * part)
            )
    return tuple(sentences)


def bias_of(
    filled: Filled, mean: float | None, mean_sd: float | None, unit: str, doubt: str = ''
) -> Bias:
    """
    Compare the mean of the VOI with what was filled in.

    Parameters
    ----------
    filled : Filled
        What was filled in.

    mean, mean_sd : float or None
        Of the VOI in the image, and its standard uncertainty by noise.

    unit : str
        Of the image.

    doubt : str, optional
        Why nothing may be judged; empty if nothing is known against it.

    Returns
    -------
    bias : Bias
        With EARL's verdict, or why there is none.
    """
    noise = None if mean_sd is None or not mean else 100.0 * mean_sd / mean
    if unit != CONCENTRATION_UNIT:
        why = _('the values of the image are no concentrations in {unit}').format(
            unit=CONCENTRATION_UNIT
        )
        return Bias(noise_sd_percent=noise, not_judged=why)
    if not filled.bqml or mean is None:
        return Bias(
            noise_sd_percent=noise, not_judged=filled.why or _('it was filled with nothing')
        )
    ratio = mean / filled.bqml
    percent = 100.0 * (ratio - 1.0)
    of_noise = None if noise is None else ratio * noise
    both = None
    if of_noise is not None and filled.sd_percent is not None:
        both = math.hypot(of_noise, ratio * filled.sd_percent)
    # Not by the percents: 100 (1.1 - 1) is a little more than 10.
    within = abs(mean - filled.bqml) <= EARL_BIAS_PERCENT / 100.0 * filled.bqml
    passed = None if doubt else within
    return Bias(percent, both, of_noise, filled.bqml, filled.sd_percent, passed, doubt)
