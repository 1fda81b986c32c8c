"""The half-life of the header, held against every name of the isotope."""

from __future__ import annotations

from ..activity.isotopes import (
    ISOTOPES,
    MAX_HALF_LIFE_S,
    MIN_HALF_LIFE_S,
    Isotope,
    decay_factor,
    isotope_named,
    isotope_of_tracer,
)
from ..core.errors import SUVError
from ..core.flags import Flag
from ..core.sentence import sentences
from .header import Decisions, SUVHeader, is_positive, refusal_text

_ = sentences(__name__)

MAX_HALF_LIFE_DEVIATION = 0.02
"""A half-life this far, relatively, from its isotope's contradicts it."""

MAX_HALF_LIFE_EFFECT = 0.02
"""Flagged too where a half-life nearer to its isotope's changes the SUV by this part."""

_NO_OTHER_UNIT = 0.05
"""A half-life this near, relatively, to an isotope's is one in seconds that is wrong."""

_HARDLY_DECAYS_S = 3e7
"""A year: of what lives longer 0.1 % is gone after half a day, whatever it is."""

_UNITS_OF_TIME = (
    (60.0, _('minutes')),
    (3600.0, _('hours')),
    (86400.0, _('days')),
    (1e-3, _('milliseconds')),
)


def half_life_s_of(header: SUVHeader, log: Decisions) -> float:
    """
    Half-life of the isotope.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    log : Decisions
        Told what was decided.

    Returns
    -------
    half_life_s : float
        In seconds.

    Raises
    ------
    SUVError
        If it is missing or makes no sense; the sentence names its tag.
    """
    half_life_s = header.half_life_s
    if half_life_s is None or not is_positive(half_life_s):
        raise SUVError(refusal_text(header, 'Radionuclide Half Life (0018,1075)', half_life_s))
    told = _isotopes_told(header)
    _require_seconds(half_life_s, tuple(told.values()))
    for tag, isotope in told.items():
        if not _is_near(half_life_s, isotope, MAX_HALF_LIFE_DEVIATION):
            log.note(
                _(
                    'the half-life {half_life:g} s (0018,1075), which is used, is not that of '
                    '{isotope}, {expected:.1f} s ({tag})'
                ).format(
                    half_life=half_life_s,
                    isotope=isotope.name,
                    expected=isotope.half_life_s,
                    tag=tag,
                ),
                Flag.HEADER_CONTRADICTS,
            )
    if not told and isotope_of_half_life(half_life_s) is None:
        _tell_unknown(header, half_life_s, log)
    return half_life_s


def _isotopes_told(header: SUVHeader) -> dict[str, Isotope]:
    """Those that the header names, by the element that does it."""
    found = {
        '0054,0300': isotope_named(header.radionuclide) or isotope_of_tracer(header.radionuclide),
        '0018,0031': isotope_of_tracer(header.radiopharmaceutical),
    }
    return {tag: isotope for tag, isotope in found.items() if isotope is not None}


def _tell_unknown(header: SUVHeader, half_life_s: float, log: Decisions) -> None:
    """A half-life that nothing confirms: in doubt, unless a rare isotope is named."""
    nearest = min(ISOTOPES, key=lambda isotope: abs(half_life_s - isotope.half_life_s))
    if half_life_s > _HARDLY_DECAYS_S:
        return
    if header.radionuclide:
        log.note(
            _(
                'the half-life {half_life:g} s (0018,1075) is believed: that of {isotope} '
                '(0054,0300) is not known here'
            ).format(half_life=half_life_s, isotope=header.radionuclide)
        )
        return
    log.note(
        _(
            'the half-life {half_life:g} s (0018,1075), which is used, is that of no isotope that '
            'is known, and none is named; the nearest is that of {isotope}, {expected:.1f} s'
        ).format(half_life=half_life_s, isotope=nearest.name, expected=nearest.half_life_s),
        Flag.HEADER_IMPLAUSIBLE,
    )


def check_half_life_effect(
    header: SUVHeader, half_life_s: float, elapsed_s: float, log: Decisions
) -> None:
    """
    Flag a half-life that is nearly its isotope's, but changes the SUV.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    half_life_s : float
        The half-life that is used, in seconds.

    elapsed_s : float
        From the injection to the instant that the image shows, in seconds.

    log : Decisions
        Told what is changed.
    """
    isotope = next(iter(_isotopes_told(header).values()), None) or isotope_of_half_life(half_life_s)
    if isotope is None or not _is_near(half_life_s, isotope, MAX_HALF_LIFE_DEVIATION):
        return
    change = decay_factor(elapsed_s, isotope.half_life_s) / decay_factor(elapsed_s, half_life_s) - 1
    if abs(change) > MAX_HALF_LIFE_EFFECT:
        log.note(
            _(
                'with the half-life of {isotope}, {expected:.1f} s, instead of {half_life:g} s '
                '(0018,1075) the dose that is left would be {change:+.1f} %'
            ).format(
                isotope=isotope.name,
                expected=isotope.half_life_s,
                half_life=half_life_s,
                change=100 * change,
            ),
            Flag.HEADER_CONTRADICTS,
        )


def isotope_of_half_life(half_life_s: float) -> Isotope | None:
    """
    The isotope that has a half-life.

    Parameters
    ----------
    half_life_s : float
        In seconds.

    Returns
    -------
    isotope : Isotope or None
        None if the table has none within 2 %.
    """
    for isotope in ISOTOPES:
        if _is_near(half_life_s, isotope, MAX_HALF_LIFE_DEVIATION):
            return isotope
    return None


def _is_near(half_life_s: float, isotope: Isotope, deviation: float) -> bool:
    return abs(half_life_s / isotope.half_life_s - 1) < deviation


def _require_seconds(half_life_s: float, named: tuple[Isotope, ...]) -> None:
    """Refuse a half-life in another unit, or of nothing that is imaged."""
    why = _meant_otherwise(half_life_s, named)
    if not why and not MIN_HALF_LIFE_S <= half_life_s <= MAX_HALF_LIFE_S:
        why = _('outside {least:g} to {most:g} s, where all isotopes for PET are').format(
            least=MIN_HALF_LIFE_S, most=MAX_HALF_LIFE_S
        )
    if why:
        msg = _('SUV refused: Radionuclide Half Life (0018,1075) is {half_life:g} s, {why}').format(
            half_life=half_life_s, why=why
        )
        raise SUVError(msg)


def _meant_otherwise(half_life_s: float, named: tuple[Isotope, ...]) -> str:
    """What unit it has; the name decides, as minutes of In-111 are nearly seconds of Ga-68."""
    as_seconds = isotope_of_half_life(half_life_s)
    meant = [(isotope_of_half_life(half_life_s * factor), unit) for factor, unit in _UNITS_OF_TIME]
    by_name = [(isotope, unit) for isotope, unit in meant if isotope in named]
    if as_seconds is not None and (as_seconds in named or not by_name):
        return ''
    nearly = any(_is_near(half_life_s, isotope, _NO_OTHER_UNIT) for isotope in ISOTOPES)
    for isotope, unit in by_name if named or nearly else meant:
        if isotope is not None:
            return _('which would be that of {isotope} in {unit}; DICOM wants seconds').format(
                isotope=isotope.name, unit=unit
            )
    return ''
