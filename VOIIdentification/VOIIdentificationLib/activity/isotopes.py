"""Isotopes of PET and SPECT: half-lives with their sources, and decay."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Annotated, NamedTuple

from ..core.config_json import Rule
from ..core.sentence import sentences

_ = sentences(__name__)

_MINUTE_S = 60.0
_HOUR_S = 3600.0
_DAY_S = 86400.0

_BIPM = 'BIPM Monographie 5 (DDEP), as in the comparison BIPM.RI(II)-K4 of 2016'
_PHARMACOPOEIA = 'European Pharmacopoeia 5.7 (NNDC, Brookhaven)'
_NUBASE = 'ENSDF / NUBASE evaluation'
_ENSDF = 'ENSDF (NNDC), as in paceENSDF 0.6.3'

MIN_HALF_LIFE_S = 60.0
"""The shortest in use is that of Rb-82, 75 s."""

MAX_HALF_LIFE_S = 1e8
"""The longest in use is that of Na-22 in sealed phantoms, 2.6 years or 8.2e7 s."""

HalfLife = Annotated[
    float,
    Rule(
        _('be from {least:g} to {most:g} s, as of all isotopes that are imaged').format(
            least=MIN_HALF_LIFE_S, most=MAX_HALF_LIFE_S
        ),
        lambda value: MIN_HALF_LIFE_S <= value <= MAX_HALF_LIFE_S,
    ),
]


class Isotope(NamedTuple):
    """
    A radionuclide that phantoms are filled with.

    Attributes
    ----------
    name : str
        Element and mass number, e.g. ``'F-18'`` or ``'Tc-99m'``.

    half_life_s : float
        Half-life, in seconds.

    half_life_sd_s : float
        Standard uncertainty of the half-life, in seconds.

    source : str
        Where the half-life comes from.
    """

    name: str
    half_life_s: float
    half_life_sd_s: float
    source: str


ISOTOPES = (
    Isotope('F-18', 1.8288 * _HOUR_S, 0.0003 * _HOUR_S, _BIPM),
    Isotope('Ga-68', 67.83 * _MINUTE_S, 0.20 * _MINUTE_S, 'Kuzmenko 2019 (DDEP), ARI 152, 188'),
    Isotope('C-11', 20.385 * _MINUTE_S, 0.020 * _MINUTE_S, _PHARMACOPOEIA),
    Isotope('N-13', 9.965 * _MINUTE_S, 0.004 * _MINUTE_S, _PHARMACOPOEIA),
    Isotope('O-15', 122.24, 0.16, _PHARMACOPOEIA),
    Isotope('Cu-64', 12.7004 * _HOUR_S, 0.0020 * _HOUR_S, _BIPM),
    Isotope('Zr-89', 78.41 * _HOUR_S, 0.12 * _HOUR_S, _NUBASE),
    Isotope('I-124', 4.1760 * _DAY_S, 0.0003 * _DAY_S, _NUBASE),
    Isotope('Rb-82', 1.2575 * _MINUTE_S, 0.0002 * _MINUTE_S, _NUBASE),
    Isotope('Ge-68', 270.95 * _DAY_S, 0.16 * _DAY_S, _ENSDF),
    Isotope('Y-90', 64.05 * _HOUR_S, 0.05 * _HOUR_S, _ENSDF),
    Isotope('Tc-99m', 6.0072 * _HOUR_S, 0.0009 * _HOUR_S, _ENSDF),
    Isotope('In-111', 2.8047 * _DAY_S, 0.0004 * _DAY_S, _ENSDF),
    Isotope('I-123', 13.2230 * _HOUR_S, 0.0019 * _HOUR_S, _ENSDF),
    Isotope('I-131', 8.0252 * _DAY_S, 0.0006 * _DAY_S, _ENSDF),
    Isotope('Lu-177', 6.6443 * _DAY_S, 0.0009 * _DAY_S, _ENSDF),
    Isotope('Tl-201', 3.0420 * _DAY_S, 0.0016 * _DAY_S, _ENSDF),
)
"""Half-lives used where the header gives none, and to check the header's.

Ga-67 is left out: its half-life differs by 0.2 % from that of Zr-89, so that a
header without a name could not tell them apart."""


def isotope_named(name: str) -> Isotope | None:
    """
    Find an isotope by one of the ways its name is written.

    Parameters
    ----------
    name : str
        E.g. ``'F-18'``, ``'18F'``, ``'^18^Fluorine'`` (as DICOM codes it), ``'Fluorine 18'``.

    Returns
    -------
    isotope : Isotope or None
        None if the table has no such isotope.

    Examples
    --------
    >>> isotope_named('^68^Gallium').name
    'Ga-68'
    """
    said = _digits(name), _letters(name)
    return next((isotope for isotope in ISOTOPES if said in _spellings(isotope)), None)


def isotope_of_tracer(name: str) -> Isotope | None:
    """
    Find the isotope that the name of a tracer tells.

    Parameters
    ----------
    name : str
        E.g. ``'[68Ga]Ga-PSMA-11'``, ``'FDG'``.

    Returns
    -------
    isotope : Isotope or None
        The one that the name holds; else the only one that the substance is labelled
        with (DICOM PS3.16, CID 25 and CID 4021). None if it tells none, or several.

    Examples
    --------
    >>> isotope_of_tracer('18F-PSMA-1007').name
    'F-18'
    """
    said = name.casefold().replace('^', '')
    held = [isotope for isotope in ISOTOPES if _pattern_of(isotope).search(said)]
    if held:
        return held[0] if len(held) == 1 else None
    found = {isotope for isotope, substances in _ONLY_WITH.items() if substances.search(said)}
    return isotope_named(found.pop()) if len(found) == 1 else None


@cache
def _pattern_of(isotope: Isotope) -> re.Pattern[str]:
    """Mass and element in either order, which no other letter or digit touches."""
    symbol, mass = isotope.name.casefold().split('-')
    digits = re.escape(_digits(mass))
    state = _letters(mass)
    element = f'(?:{symbol}|{_ELEMENTS[isotope.name.split("-")[0]]})'
    between = r'[\s()\[\]-]*'
    first = rf'(?<![a-z0-9]){digits}{state}{between}{element}(?![a-z])'
    last = rf'(?<![a-z]){element}{between}{digits}{state}(?![0-9])'
    return re.compile(f'{first}|{last}')


def _spellings(isotope: Isotope) -> set[tuple[str, str]]:
    """Digits and letters; the m of a metastable state stands on either side of the element."""
    symbol, mass = isotope.name.split('-')
    state = _letters(mass)
    elements = symbol.casefold(), _ELEMENTS[symbol]
    return {
        (_digits(mass), letters)
        for element in elements
        for letters in (state + element, element + state)
    }


def _digits(text: str) -> str:
    return ''.join(character for character in text if character.isdigit())


def _letters(text: str) -> str:
    return ''.join(character for character in text if character.isalpha()).casefold()


def decay_constant(half_life_s: float) -> float:
    """
    Decay constant of a half-life.

    Parameters
    ----------
    half_life_s : float
        Half-life, in seconds.

    Returns
    -------
    decay_constant_per_s : float
        Natural logarithm of 2 over the half-life, per second.
    """
    return math.log(2.0) / half_life_s


def decay_factor(elapsed_s: float, half_life_s: float) -> float:
    """
    Part of the activity that is left.

    Parameters
    ----------
    elapsed_s : float
        Time from the first instant to the second, in seconds; may be negative.

    half_life_s : float
        Half-life, in seconds.

    Returns
    -------
    factor : float
        2 ** (-elapsed / half-life), no unit.

    Examples
    --------
    >>> decay_factor(6586.2, 6586.2)
    0.5
    """
    return float(2.0 ** (-elapsed_s / half_life_s))


def mean_count_rate_time_s(duration_s: float, half_life_s: float) -> float:
    r"""
    Instant of a frame at which the count rate equals its mean over the frame.

    Parameters
    ----------
    duration_s : float
        Length of the frame, in seconds.

    half_life_s : float
        Half-life, in seconds.

    Returns
    -------
    time_s : float
        Seconds after the start of the frame; a little less than half of it.

    Notes
    -----
    :math:`T_\mathrm{ave} = \frac{1}{\lambda}
    \ln\frac{\lambda T}{1 - e^{-\lambda T}}`.

    Examples
    --------
    >>> round(mean_count_rate_time_s(300.0, 6586.2), 2)
    149.61
    """
    decay = decay_constant(half_life_s) * duration_s
    if decay < _SERIES_BELOW:
        return duration_s * (0.5 - decay / 24.0)
    return duration_s / decay * math.log(decay / -math.expm1(-decay))


_SERIES_BELOW = 1e-4
"""Below this lambda T the first two terms of the series are exact to 1e-12."""

_ELEMENTS = {
    'F': 'fluorine',
    'Ga': 'gallium',
    'C': 'carbon',
    'N': 'nitrogen',
    'O': 'oxygen',
    'Cu': 'copper',
    'Zr': 'zirconium',
    'I': 'iodine',
    'Rb': 'rubidium',
    'Ge': 'germanium',
    'Y': 'yttrium',
    'Tc': 'technetium',
    'In': 'indium',
    'Lu': 'lutetium',
    'Tl': 'thallium',
}

_ONLY_WITH = {
    isotope: re.compile(rf'(?<![a-z])(?:{"|".join(substances)})(?![a-z])')
    for isotope, substances in {
        'F-18': (
            *('fdg', 'fluorodeoxyglucose', 'fludeoxyglucose', 'sodium fluoride', 'naf'),
            *('florbetapir', 'florbetaben', 'flutemetamol', 'flortaucipir', 'fluciclovine'),
            *('fluoroestradiol', 'fluoromisonidazole', 'fmiso', 'fluorocholine', 'fdopa'),
            *('fluorethyltyrosin', 'fluoroethyltyrosine', 'piflufolastat', 'flurpiridaz'),
        ),
        'N-13': ('ammonia',),
        'C-11': ('raclopride', 'methionine', 'pittsburgh compound b', 'palmitate'),
        'Rb-82': ('rubidium', 'rubidium chloride'),
        'Ge-68': ('germanium',),
    }.items()
}
"""Substances that are labelled with one isotope alone (DICOM PS3.16, CID 25 and CID 4021)."""
