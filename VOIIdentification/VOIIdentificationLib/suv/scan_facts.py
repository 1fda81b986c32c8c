"""What the header of a series tells the fill worksheet: isotope, start and length of the scan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..activity.clock import MAX_SCAN_DURATION_S
from ..activity.isotopes import isotope_named
from ..core.errors import SUVError
from .half_life import half_life_s_of, isotope_of_half_life
from .header import Decisions, SUVHeader
from .reference import start_reference
from .times import injection_start
from .uncorrected import mean_count_rate_references


@dataclass(frozen=True)
class ScanFacts:
    """
    Facts of a scan. None or empty where the header does not tell them.

    Attributes
    ----------
    isotope : str
        Name in the table of isotopes.

    half_life_s : float or None
        Half-life, in seconds.

    scan_start : datetime or None
        Instant that a decay-corrected image is corrected to; else the start of
        the acquisition. None where its day is unknown.

    scan_duration_s : float or None
        Length of the acquisition, in seconds.

    decay_corrected : bool or None
        Whether the header says that the image is; None if it does not say it.

    notes : tuple of str
        How the instant was found, in words.

    spread_s : float
        Between the first and the last instant that slices of an image without
        decay correction show, in seconds; 0 where it is one, or not known.
    """

    isotope: str = ''
    half_life_s: float | None = None
    scan_start: datetime | None = None
    scan_duration_s: float | None = None
    decay_corrected: bool | None = None
    notes: tuple[str, ...] = ()
    spread_s: float = 0.0

    def for_worksheet(self) -> dict[str, Any]:
        """What is known, by the keys of a fill worksheet."""
        facts = {
            'isotope': self.isotope or None,
            'half_life_s': self.half_life_s if self.isotope else None,
            'scan_start': self.scan_start,
            'scan_duration_s': self.scan_duration_s,
            'decay_corrected': self.decay_corrected,
        }
        return {key: value for key, value in facts.items() if value is not None}


def scan_facts(header: SUVHeader) -> ScanFacts:
    """
    Find what the fill worksheet needs of the scan.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    Returns
    -------
    facts : ScanFacts
        Only what the header says without doubt.
    """
    half_life_s = _half_life_s(header)
    isotope = isotope_named(header.radionuclide)
    if isotope is None and half_life_s:
        isotope = isotope_of_half_life(half_life_s)
    log = Decisions()
    start = _start(header, half_life_s or (isotope.half_life_s if isotope else None), log)
    return ScanFacts(
        isotope=isotope.name if isotope else '',
        half_life_s=half_life_s,
        scan_start=None if start is not None and start.year == 1 else start,
        scan_duration_s=_duration_s(header),
        decay_corrected=_DECAY_CORRECTED.get(header.decay_correction),
        notes=tuple(log.sentences),
        spread_s=_spread_s(header, half_life_s),
    )


_DECAY_CORRECTED = {'NONE': False, 'START': True, 'ADMIN': True}
"""By the words of Decay Correction (0054,1102)."""


def _spread_s(header: SUVHeader, half_life_s: float | None) -> float:
    """Slices that were acquired one after the other, as beds are."""
    if header.decay_correction != 'NONE' or not half_life_s or not header.frames:
        return 0.0
    try:
        instants = mean_count_rate_references(header, half_life_s, Decisions())
    except SUVError:
        return 0.0
    return (max(instants) - min(instants)).total_seconds()


def _half_life_s(header: SUVHeader) -> float | None:
    try:
        return half_life_s_of(header, Decisions())
    except SUVError:
        return None


def _duration_s(header: SUVHeader) -> float | None:
    """None also for a length that no scan has: the worksheet would refuse it."""
    durations = {frame.duration_s for frame in header.frames}
    duration_s = durations.pop() if len(durations) == 1 else None
    return duration_s if 0 <= (duration_s or 0) <= MAX_SCAN_DURATION_S else None


def _start(header: SUVHeader, half_life_s: float | None, log: Decisions) -> datetime | None:
    """None also where slices show different instants: one worksheet cannot say them."""
    try:
        if header.decay_correction == 'START' and half_life_s:
            return start_reference(header, half_life_s, log)
        if header.decay_correction == 'ADMIN' and half_life_s and header.series_start:
            return injection_start(header, header.series_start, half_life_s, log)
    except SUVError:
        return None
    starts = {frame.acquisition_start for frame in header.frames}
    alone = header.decay_correction == 'NONE' and len(starts) == 1
    return starts.pop() if alone else None
