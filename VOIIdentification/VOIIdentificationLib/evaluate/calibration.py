"""Calibration of the image: the measured background over the true one."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..activity.worksheet import TrueActivity
from .nema import NEMAResult

CALIBRATION_FORMULA = '100 (C_B / a_B - 1)'
"""As people write it, with C_B of the largest ROIs and the true concentration a_B."""


@dataclass(frozen=True)
class Calibration:
    """
    How far the scanner reads from the true background.

    Attributes
    ----------
    error_percent : float
        By `CALIBRATION_FORMULA`.

    sd_percent : float or None
        Standard uncertainty of it, in percent points: of the fill, and of the
        mean of the ROIs; None without that of the fill.

    background_mean, true_bqml : float
        C_B and a_B, in Bq/mL.

    independent_rois : int
        By whose root the SD of the ROI means was divided: the positions. The
        same position on neighboring slices is not counted again.
    """

    error_percent: float
    sd_percent: float | None
    background_mean: float
    true_bqml: float
    independent_rois: int


def calibration(
    nema: NEMAResult | None, truth: TrueActivity | None, *, in_bqml: bool
) -> Calibration | None:
    """
    Compare the background ROIs with what was filled in.

    Parameters
    ----------
    nema : NEMAResult or None
        With the background of the largest ROIs.

    truth : TrueActivity or None
        With a_B.

    in_bqml : bool
        Whether the image is in Bq/mL.

    Returns
    -------
    calibration : Calibration or None
        None where one of both is not known.
    """
    level = nema.background[0] if nema is not None and nema.background else None
    true = truth.background_bqml if truth is not None else None
    if level is None or level.mean is None or nema is None or not true or not in_bqml:
        return None
    count = len(nema.placement.rois)
    of_fill = truth.background_sd_percent if truth is not None else None
    sd = None
    if of_fill is not None and level.sd is not None:
        of_mean = 100.0 * level.sd / level.mean / math.sqrt(count)
        sd = level.mean / true * math.hypot(of_fill, of_mean)
    return Calibration(100.0 * (level.mean / true - 1.0), sd, level.mean, true, count)
