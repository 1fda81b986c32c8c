"""Whether worksheet, header and image tell one story; a contradiction is a sentence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from ..activity.isotopes import decay_constant, isotope_named, mean_count_rate_time_s
from ..activity.worksheet import Fill, FillWorksheet, TrueActivity
from ..core.sentence import joined, sentences
from ..suv.scan_facts import ScanFacts

_ = sentences(__name__)

MAX_DECAY_DIFFERENCE = 0.01
"""
Decay between two instants that should be one, as a part of the activity. A tenth of EARL's
10 % for the whole calibration; F-18 decays by it in 95 s, clocks are read to a minute.
"""

MIN_CLOCK_DIFFERENCE_S = 60.0
"""Instants that differ by less are equal: worksheets note minutes."""

MAX_HALF_LIFE_DIFFERENCE = 0.01
"""Half-lives in headers are rounded to a few parts in a thousand at most."""

MAX_ASSAY_HALF_LIVES = 10.0
"""An assay earlier than this leaves a thousandth of its activity: its date is mistyped."""

BACKGROUND_RANGE = (0.8, 1.25)
"""Background in the image over a_B. EARL accepts 10 %, a hospital's weekly check fails at 10 %."""

CORE_RANGE = (0.7, 1.4)
"""
Inner half of a large sphere over a_H: about 1, where the image is calibrated as above;
reconstructions that model the resolution overshoot by up to a fifth.
"""

MIN_CORE_DIAMETER_MM = 22.0
"""The core of a smaller sphere is lowered by the blur, and says only that a_H is too small."""

MAX_COLD_PART = 0.05
"""Of the largest sphere's core: scatter and blur leave less in a background without activity."""

MIN_CONTRAST = 0.1
"""Spheres whose true concentration is nearer to the background's cannot be told from it."""

_NAMED_FACTORS = (
    (37.0, _('an activity in mCi was typed as MBq')),
    (1 / 37.0, _('an activity in MBq was typed as mCi')),
    (1e3, _('an activity in GBq was typed as MBq, or a volume in mL as L')),
    (1e-3, _('an activity in kBq was typed as MBq, or a volume in L as mL')),
    (1e6, _('an activity in MBq was typed as Bq')),
    (1e-6, _('an activity in Bq was typed as MBq')),
)
"""What the image holds over what the worksheet gives, and the slip that does it."""

_SAME_FACTOR = 0.2
"""Factors this near to each other (of themselves) may have one cause."""


@dataclass(frozen=True)
class Measured:
    """
    What the image says of both fills, in Bq/mL; None where it is not measured.

    Attributes
    ----------
    core : float or None
        Mean of the inner half of the largest hot sphere.

    core_diameter_mm : float
        Diameter of that sphere.

    background : float or None
        Mean of the background.
    """

    core: float | None
    core_diameter_mm: float
    background: float | None

    @property
    def shows_background(self) -> bool:
        """Whether the background holds more than scatter and blur leave in a cold one."""
        return (self.background or 0.0) > MAX_COLD_PART * (self.core or 0.0)


def cold_by_design(truth: TrueActivity | None, sheet: FillWorksheet | None) -> bool:
    """
    Whether the background was filled without activity, as far as people say.

    Parameters
    ----------
    truth : TrueActivity or None
        A background of 0 Bq/mL was given so.

    sheet : FillWorksheet or None
        A worksheet that leaves out the background has none.

    Returns
    -------
    cold : bool
        False where nothing is said.
    """
    given = truth is not None and truth.background_bqml == 0
    return given or (sheet is not None and sheet.background is None)


def worksheet_contradictions(sheet: FillWorksheet) -> tuple[str, ...]:
    """
    What cannot be right in a worksheet by itself.

    Parameters
    ----------
    sheet : FillWorksheet
        What was filled in.

    Returns
    -------
    sentences : tuple of str
        Empty if nothing is wrong.
    """
    fills = [(_('hot'), sheet.hot), (_('background'), sheet.background)]
    constant = decay_constant(_half_life_s(sheet))
    return tuple(
        text
        for name, fill in fills
        if fill is not None
        for text in _fill_doubts(name, fill, sheet.scan_start, constant)
    )


def header_contradictions(sheet: FillWorksheet, facts: ScanFacts) -> tuple[str, ...]:
    """
    Where a worksheet says something else than the header of the scan.

    Parameters
    ----------
    sheet : FillWorksheet
        What was filled in.

    facts : ScanFacts
        What the header says without doubt.

    Returns
    -------
    sentences : tuple of str
        Both values each; empty where they agree or the header is silent.
    """
    return tuple(_header_doubts(sheet, facts))


def image_contradictions(
    truth: TrueActivity, measured: Measured, sheet: FillWorksheet | None = None
) -> tuple[str, ...]:
    """
    Where the true activities cannot have made the image.

    Parameters
    ----------
    truth : TrueActivity
        What the worksheet gives, or what was typed.

    measured : Measured
        What the image shows, in Bq/mL.

    sheet : FillWorksheet, optional
        For what the image would fit, in words.

    Returns
    -------
    sentences : tuple of str
        The values, and what would fit; empty if all is plausible.
    """
    sentences = [*_ratio_doubts(truth)]
    if cold_by_design(truth, sheet) and measured.shows_background:
        sentences.append(
            _(
                'the background was filled without activity, but the image shows {background:.6g} '
                'Bq/mL there: give its activity.'
            ).format(background=measured.background)
        )
    hot, background = (
        _over(measured.core, truth.hot_bqml),
        _over(measured.background, truth.background_bqml),
    )
    if _swapped(truth, measured):
        return (*sentences, _('the image would fit if hot and background fill were exchanged.'))
    low = CORE_RANGE[0] if measured.core_diameter_mm >= MIN_CORE_DIAMETER_MM else 0.0
    wrong = []
    if hot is not None and not low <= hot <= CORE_RANGE[1]:
        wrong.append(hot)
        sentences.append(_misfit('a_H', truth.hot_bqml, _('largest sphere'), measured.core, hot))
    if background is not None and not BACKGROUND_RANGE[0] <= background <= BACKGROUND_RANGE[1]:
        wrong.append(background)
        sentences.append(
            _misfit('a_B', truth.background_bqml, _('background'), measured.background, background)
        )
    if wrong:
        sentences[-1] = joined([sentences[-1], *_what_would_fit(wrong, sheet)])
    return tuple(sentences)


def _half_life_s(sheet: FillWorksheet) -> float:
    isotope = isotope_named(sheet.isotope)
    known = isotope.half_life_s if isotope is not None else math.inf
    return sheet.half_life_s or known


def _fill_doubts(name: str, fill: Fill, scan_start: datetime, decay_per_s: float) -> Iterator[str]:
    before_s = (scan_start - fill.assay_time).total_seconds()
    if before_s < 0:
        yield _(
            'the {name} fill was assayed at {assayed:%Y-%m-%d %H:%M}, after the scan started at '
            '{scan_start:%Y-%m-%d %H:%M}: check both.'
        ).format(name=name, assayed=fill.assay_time, scan_start=scan_start)
    half_lives = before_s * decay_per_s / math.log(2)
    if half_lives > MAX_ASSAY_HALF_LIVES:
        yield _(
            'the {name} fill was assayed at {assayed:%Y-%m-%d %H:%M}, {half_lives:.0f} half-lives '
            'before the scan at {scan_start:%Y-%m-%d %H:%M}: check the dates.'
        ).format(name=name, assayed=fill.assay_time, half_lives=half_lives, scan_start=scan_start)
    if fill.residual_mbq and fill.residual_time and fill.residual_time < fill.assay_time:
        yield _(
            'the {name} syringe was read after emptying at {residual:%Y-%m-%d %H:%M}, before it '
            'was assayed at {assayed:%Y-%m-%d %H:%M}: check which is which.'
        ).format(name=name, residual=fill.residual_time, assayed=fill.assay_time)
    if fill.residual_mbq >= fill.assay_mbq:
        yield _(
            'the {name} syringe held {residual:g} MBq after emptying and {assay:g} MBq before: '
            'check which is which.'
        ).format(name=name, residual=fill.residual_mbq, assay=fill.assay_mbq)


def _header_doubts(sheet: FillWorksheet, facts: ScanFacts) -> Iterator[str]:
    half_life = _half_life_s(sheet)
    said = facts.half_life_s
    if facts.isotope and isotope_named(sheet.isotope) != isotope_named(facts.isotope):
        yield _('the worksheet says {isotope}, the header of the scan {other}.').format(
            isotope=sheet.isotope, other=facts.isotope
        )
    elif said and abs(half_life / said - 1) > MAX_HALF_LIFE_DIFFERENCE:
        yield _('the worksheet has a half-life of {half_life:g} s, the header {other:g} s.').format(
            half_life=half_life, other=said
        )
    if facts.decay_corrected not in (None, sheet.decay_corrected):
        has = {True: _('is decay-corrected'), False: _('is not decay-corrected')}
        yield _('after the worksheet the image {is_so}, after the header it {is_other}.').format(
            is_so=has[sheet.decay_corrected], is_other=has[not sheet.decay_corrected]
        )
    yield from _duration_doubts(sheet, facts, half_life)
    yield from _instant_doubts(facts, half_life)
    if facts.scan_start is not None:
        clocks = [time.replace(tzinfo=None) for time in (sheet.scan_start, facts.scan_start)]
        apart_s = (clocks[0] - clocks[1]).total_seconds()
        decayed = -math.expm1(-decay_constant(half_life) * abs(apart_s))
        if abs(apart_s) > MIN_CLOCK_DIFFERENCE_S and decayed > MAX_DECAY_DIFFERENCE:
            yield _(
                'the worksheet has the scan start at {scan_start:%Y-%m-%d %H:%M:%S}, the header at '
                '{other:%Y-%m-%d %H:%M:%S}: {apart}, in which {decayed:.0f} % decay.'
            ).format(
                scan_start=sheet.scan_start,
                other=facts.scan_start,
                apart=_span(apart_s),
                decayed=100 * decayed,
            )


def _duration_doubts(sheet: FillWorksheet, facts: ScanFacts, half_life_s: float) -> Iterator[str]:
    """Only where it enters: a corrected image is for its start, however long it took."""
    durations = sheet.scan_duration_s, facts.scan_duration_s
    corrected = sheet.decay_corrected or facts.decay_corrected
    if corrected or durations[1] is None or not math.isfinite(half_life_s):
        return
    instants = [mean_count_rate_time_s(duration or 0.0, half_life_s) for duration in durations]
    decayed = -math.expm1(-decay_constant(half_life_s) * abs(instants[0] - instants[1]))
    if decayed > MAX_DECAY_DIFFERENCE:
        yield _(
            'the worksheet has a scan of {duration:g} s, the header one of {other:g} s: the mean '
            'of the image would be {decayed:.0f} % off.'
        ).format(duration=durations[0], other=durations[1], decayed=100 * decayed)


def _instant_doubts(facts: ScanFacts, half_life_s: float) -> Iterator[str]:
    """Beds that are not corrected show one fill as several."""
    lost = -math.expm1(-decay_constant(half_life_s) * facts.spread_s)
    if lost > MAX_DECAY_DIFFERENCE:
        yield _(
            'the image is not decay-corrected, and its slices show instants {apart} apart, in '
            'which {lost:.0f} % decay: no fill is true for all of them.'
        ).format(apart=_span(facts.spread_s), lost=100 * lost)


def _ratio_doubts(truth: TrueActivity) -> Iterator[str]:
    if truth.ratio is not None and abs(truth.ratio - 1) < MIN_CONTRAST:
        yield _(
            'the true ratio a_H / a_B is {ratio:.2f}: spheres that hold what the background holds '
            'cannot be told from it. Check both fills.'
        ).format(ratio=truth.ratio)


def _over(measured: float | None, true: float | None) -> float | None:
    if measured is None or not true or math.isnan(measured):
        return None
    return measured / true


def _swapped(truth: TrueActivity, measured: Measured) -> bool:
    """Whether each fill explains the other's part of the image, and not its own."""
    crossed = (
        _over(measured.core, truth.background_bqml),
        _over(measured.background, truth.hot_bqml),
    )
    if truth.ratio is None or truth.ratio >= 1 or None in crossed:
        return False
    return all(CORE_RANGE[0] <= factor <= CORE_RANGE[1] for factor in crossed if factor is not None)


def _misfit(
    name: str, true: float | None, where: str, measured: float | None, factor: float
) -> str:
    return _(
        '{name} is {true:.6g} Bq/mL, but the {where} shows {measured:.6g} Bq/mL, {factor:.3g} '
        'times as much.'
    ).format(name=name, true=true, where=where, measured=measured, factor=factor)


def _what_would_fit(factors: list[float], sheet: FillWorksheet | None) -> Iterator[str]:
    """The slip that makes just this factor, if one does; else the factor."""
    if min(factors) <= 0:
        yield _('No fill makes values of 0 or below: check the image.')
        return
    factor = math.exp(sum(map(math.log, factors)) / len(factors))
    if max(factors) > min(factors) * (1 + _SAME_FACTOR):
        yield _('The two fills are off by different factors: check them one by one.')
        return
    for known, slip in _NAMED_FACTORS:
        if abs(math.log(factor / known)) < _SAME_FACTOR:
            yield _('The image would fit if {slip}.').format(slip=slip)
            return
    yield _('The image would fit a fill {factor:.3g} times as large.').format(factor=factor)
    if sheet is not None and isotope_named(sheet.isotope) is not None:
        apart_s = math.log(factor) / decay_constant(_half_life_s(sheet))
        earlier = _('earlier') if apart_s > 0 else _('later')
        yield _('So would a scan start {apart} {earlier}.').format(
            apart=_span(apart_s), earlier=earlier
        )


def _span(seconds: float) -> str:
    minutes = abs(seconds) / 60
    if minutes < 120:
        return f'{minutes:.0f} min'
    return f'{minutes / 60:.1f} h' if minutes < 2880 else f'{minutes / 1440:.0f} d'
