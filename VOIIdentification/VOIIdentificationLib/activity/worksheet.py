"""The fill worksheet: from syringes, volumes and clocks to the true concentrations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from ..core.config_json import NotNegative, Positive, check_fields
from ..core.errors import ActivityError
from ..core.geometry import FloatArray
from ..core.sentence import sentences
from .clock import ScanDuration
from .decisions import decisions_of, given_decisions
from .isotopes import (
    ISOTOPES,
    HalfLife,
    decay_constant,
    decay_factor,
    isotope_named,
    mean_count_rate_time_s,
)

_ = sentences(__name__)

DEFAULT_CALIBRATOR_SD_PERCENT = 2.9
"""Assumed: a dose calibrator within ±5 % (EARL), evenly spread: 5 / sqrt 3."""

DEFAULT_VOLUME_SD_PERCENT = 0.5
"""Assumed: a volume weighed or poured in one vessel."""

MAX_HALF_LIVES = 100.0
"""A time farther from the scan is mistyped: a mole of atoms decays to none in 80 half-lives."""

DEFAULT_CLOCK_SD_S = 30.0
"""Assumed: the calibrator's clock set to the scanner's within a minute."""


@dataclass(frozen=True)
class Fill:
    """
    One syringe, emptied into one volume.

    Attributes
    ----------
    assay_mbq : float
        Activity of the full syringe, in MBq.

    assay_time : datetime
        When that was read, on the calibrator's clock.

    volume_ml : float
        Volume that the activity was mixed into, in milliliter.

    residual_mbq : float
        Activity left in the syringe, in MBq.

    residual_time : datetime or None
        When that was read; None only where nothing was left.

    volume_sd_percent : float
        Standard uncertainty of the volume, in percent.

    reading_sd_percent : float
        Standard uncertainty of each of the two readings by itself, in percent.

    Raises
    ------
    ActivityError
        If a number is out of range, or the time of a residual is missing.
    """

    assay_mbq: Positive
    assay_time: datetime
    volume_ml: Positive
    residual_mbq: NotNegative = 0.0
    residual_time: datetime | None = None
    volume_sd_percent: NotNegative = DEFAULT_VOLUME_SD_PERCENT
    reading_sd_percent: NotNegative = 0.0

    def __post_init__(self) -> None:
        check_fields(self, ActivityError)
        if self.residual_mbq > 0 and self.residual_time is None:
            msg = _(
                'residual_time is missing: the residual activity must have been read at some time'
            )
            raise ActivityError(msg)


@dataclass(frozen=True)
class FillWorksheet:
    """
    What was filled into the phantom, and when it was scanned.

    Attributes
    ----------
    hot : Fill or None
        The stock that the hot spheres were filled from.

    background : Fill or None
        The body of the phantom; None if it holds no activity.

    scan_start : datetime
        On the scanner's clock. For a decay-corrected image the instant it is
        corrected to.

    isotope : str
        Name in the table of isotopes.

    half_life_s : float or None
        Half-life, in seconds; None for that of the table.

    half_life_sd_s : float or None
        Its standard uncertainty, in seconds; None for that of the table.

    scan_duration_s : float
        Length of the scan, in seconds; 0 if nobody says it.

    decay_corrected : bool
        False if the image shows the mean of the scan, not its start.

    calibrator_sd_percent : float
        Standard uncertainty of the calibrator, common to all readings, in percent.

    clock_sd_s : float
        Standard uncertainty of the calibrator's clock against the scanner's, in seconds.

    reading_time_sd_s : float
        Standard uncertainty of each noted time by itself, in seconds.

    Raises
    ------
    ActivityError
        If a number is out of range, there is no fill, or the half-life is unknown.
    """

    hot: Fill | None
    background: Fill | None
    scan_start: datetime
    isotope: str = 'F-18'
    half_life_s: HalfLife | None = None
    half_life_sd_s: NotNegative | None = None
    scan_duration_s: ScanDuration = 0.0
    decay_corrected: bool = True
    calibrator_sd_percent: NotNegative = DEFAULT_CALIBRATOR_SD_PERCENT
    clock_sd_s: NotNegative = DEFAULT_CLOCK_SD_S
    reading_time_sd_s: NotNegative = 0.0

    def __post_init__(self) -> None:
        check_fields(self, ActivityError)
        if self.hot is None and self.background is None:
            msg = _('the worksheet has neither a hot fill nor a background fill')
            raise ActivityError(msg)
        if self.half_life_s is None and isotope_named(self.isotope) is None:
            known = ', '.join(isotope.name for isotope in ISOTOPES)
            msg = _('isotope {isotope!r} is not in the table ({known}): give half_life_s').format(
                isotope=self.isotope, known=known
            )
            raise ActivityError(msg)


@dataclass(frozen=True)
class TrueActivity:
    """
    The true concentrations at the image's reference time. None where there is none.

    Attributes
    ----------
    hot_bqml, background_bqml : float or None
        a_H and a_B, in Bq/mL.

    hot_sd_percent, background_sd_percent : float or None
        Their relative standard uncertainties, in percent.

    ratio : float or None
        Hot over background, a_H / a_B, no unit.

    ratio_sd_percent : float or None
        Relative standard uncertainty of the ratio, in percent: what both fills
        share cancels.

    reference_time : datetime or None
        Instant that the concentrations are for.

    half_life_s : float or None
        Half-life used, in seconds.

    decisions : tuple of str
        How they were found, in words.
    """

    hot_bqml: float | None = None
    background_bqml: float | None = None
    hot_sd_percent: float | None = None
    background_sd_percent: float | None = None
    ratio: float | None = None
    ratio_sd_percent: float | None = None
    reference_time: datetime | None = None
    half_life_s: float | None = None
    decisions: tuple[str, ...] = ()


def true_activity(worksheet: FillWorksheet) -> TrueActivity:
    """
    Find the true concentrations at the image's reference time.

    Parameters
    ----------
    worksheet : FillWorksheet
        Syringes, volumes, clocks and their uncertainties.

    Returns
    -------
    activity : TrueActivity
        Concentrations and first-order standard uncertainties.

    Raises
    ------
    ActivityError
        If more is left in a syringe than was ever in it.

    Notes
    -----
    a = (A · 2^(-(t - t_A)/T) - R · 2^(-(t - t_R)/T)) / V with the assay A at
    t_A, the residual R at t_R, the volume V, the half-life T and the reference
    time t: the start of the scan, or its mean count-rate time where the image
    is not decay-corrected. Uncertainties follow from the derivatives of ln a;
    calibrator, clock offset and half-life are common to both fills.
    """
    half_life_s, half_life_sd_s, source = _half_life(worksheet)
    reference = _reference_time(worksheet)
    hot, background = worksheet.hot, worksheet.background
    values = [_concentration_bqml(fill, reference, half_life_s) for fill in (hot, background)]
    sensitivities = _sensitivities(worksheet, reference, half_life_s, half_life_sd_s)
    both = values[0] is not None and values[1] is not None
    return TrueActivity(
        hot_bqml=values[0],
        background_bqml=values[1],
        hot_sd_percent=_sd_percent(sensitivities[0], hot is not None),
        background_sd_percent=_sd_percent(sensitivities[1], background is not None),
        ratio=values[0] / values[1] if values[0] is not None and values[1] is not None else None,
        ratio_sd_percent=_sd_percent(sensitivities[0] - sensitivities[1], both),
        reference_time=reference,
        half_life_s=half_life_s,
        decisions=decisions_of(worksheet, reference, half_life_s, source),
    )


def given_activity(hot_bqml: float | None, background_bqml: float | None) -> TrueActivity:
    """
    Take concentrations that were found elsewhere.

    Parameters
    ----------
    hot_bqml, background_bqml : float or None
        The concentrations a_H and a_B at the reference time of the image, in Bq/mL.

    Returns
    -------
    activity : TrueActivity
        Without uncertainties, which nobody gave.
    """
    return TrueActivity(
        hot_bqml=hot_bqml,
        background_bqml=background_bqml,
        ratio=hot_bqml / background_bqml if hot_bqml and background_bqml else None,
        decisions=given_decisions(hot_bqml, background_bqml),
    )


def _reference_time(worksheet: FillWorksheet) -> datetime:
    """Start of the scan, or its mean count-rate time if the image is not decay-corrected."""
    if worksheet.decay_corrected or not worksheet.scan_duration_s:
        return worksheet.scan_start
    half_life_s, _spread, _source = _half_life(worksheet)
    after = mean_count_rate_time_s(worksheet.scan_duration_s, half_life_s)
    return worksheet.scan_start + timedelta(seconds=after)


def _half_life(worksheet: FillWorksheet) -> tuple[float, float, str]:
    """Half-life and its uncertainty, in seconds, and where they come from."""
    isotope = isotope_named(worksheet.isotope)
    spread = worksheet.half_life_sd_s
    if spread is None:
        spread = isotope.half_life_sd_s if isotope else 0.0
    if worksheet.half_life_s is not None:
        return worksheet.half_life_s, spread, _('given')
    assert isotope is not None
    return isotope.half_life_s, spread, f'{isotope.name}, {isotope.source}'


def _left_mbq(fill: Fill, reference: datetime, half_life_s: float) -> tuple[float, float]:
    """Assay and residual, both decayed to the reference time."""
    assay = fill.assay_mbq * decay_factor(_seconds(fill.assay_time, reference), half_life_s)
    if fill.residual_time is None:
        return assay, 0.0
    elapsed_s = _seconds(fill.residual_time, reference)
    return assay, fill.residual_mbq * decay_factor(elapsed_s, half_life_s)


def _concentration_bqml(fill: Fill | None, reference: datetime, half_life_s: float) -> float | None:
    if fill is None:
        return None
    _refuse_far_times(fill, reference, half_life_s)
    assay, residual = _left_mbq(fill, reference, half_life_s)
    if residual >= assay:
        msg = _(
            'the syringe of {assay:g} MBq, read at {assay_time}, cannot leave '
            '{residual:g} MBq at {residual_time}: check both readings'
        ).format(
            assay=fill.assay_mbq,
            assay_time=fill.assay_time,
            residual=fill.residual_mbq,
            residual_time=fill.residual_time,
        )
        raise ActivityError(msg)
    return 1e6 * (assay - residual) / fill.volume_ml


def _refuse_far_times(fill: Fill, reference: datetime, half_life_s: float) -> None:
    """Decay over a mistyped year leaves nothing, or more than a number can hold."""
    for name, time in ((_('assayed'), fill.assay_time), (_('emptied'), fill.residual_time)):
        half_lives = _seconds(time or reference, reference) / half_life_s
        if abs(half_lives) > MAX_HALF_LIVES:
            side = _('before') if half_lives > 0 else _('after')
            msg = _(
                'the syringe of {assay:g} MBq was {name} at {time:%Y-%m-%d %H:%M}, '
                '{half_lives:.0f} half-lives {side} the scan at {reference:%Y-%m-%d %H:%M}: check '
                'the dates'
            ).format(
                assay=fill.assay_mbq,
                name=name,
                time=time,
                half_lives=abs(half_lives),
                side=side,
                reference=reference,
            )
            raise ActivityError(msg)


def _sensitivities(
    worksheet: FillWorksheet, reference: datetime, half_life_s: float, half_life_sd_s: float
) -> tuple[FloatArray, FloatArray]:
    """
    Relative change of a_H and of a_B for one standard uncertainty of each input.

    The first three inputs are common to both fills; the others are each fill's own.
    """
    common = np.array(
        [
            worksheet.calibrator_sd_percent / 100.0,
            decay_constant(half_life_s) * worksheet.clock_sd_s,
            half_life_sd_s / half_life_s,
        ]
    )
    rows = []
    for place, fill in enumerate((worksheet.hot, worksheet.background)):
        row = np.zeros(3 + 2 * 5)
        if fill is not None:
            shared, own = _fill_sensitivities(
                fill, reference, half_life_s, worksheet.reading_time_sd_s
            )
            row[:3] = shared * common
            row[3 + 5 * place : 8 + 5 * place] = own
        rows.append(row)
    return rows[0], rows[1]


def _fill_sensitivities(
    fill: Fill, reference: datetime, half_life_s: float, reading_time_sd_s: float
) -> tuple[FloatArray, FloatArray]:
    """Derivatives of ln a by the common inputs; change of ln a for each of the fill's own."""
    assay, residual = _left_mbq(fill, reference, half_life_s)
    share = np.array([assay, -residual]) / (assay - residual)
    times = (fill.assay_time, fill.residual_time or fill.assay_time)
    decays = decay_constant(half_life_s) * np.array([_seconds(t, reference) for t in times])
    common = np.array([1.0, 1.0, float(share @ decays)])
    readings = share * fill.reading_sd_percent / 100.0
    noted = share * decay_constant(half_life_s) * reading_time_sd_s
    return common, np.array([*readings, *noted, fill.volume_sd_percent / 100.0])


def _sd_percent(sensitivities: FloatArray, known: bool) -> float | None:
    return 100.0 * float(np.linalg.norm(sensitivities)) if known else None


def _seconds(earlier: datetime, later: datetime) -> float:
    return (later - earlier).total_seconds()
