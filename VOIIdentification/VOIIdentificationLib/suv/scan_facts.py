"""What the header of a series tells the fill worksheet: isotope, start and length of the scan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ..activity.isotopes import isotope_named
from ..core.errors import SUVError
from .header import Decisions, SUVHeader
from .plausible import half_life_s_of, isotope_of_half_life
from .reference import start_reference
from .times import injection_start


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
        the acquisition.

    scan_duration_s : float or None
        Length of the acquisition, in seconds.

    decay_corrected : bool
        False if the header says that the image is not.

    notes : tuple of str
        How the instant was found, in words.
    """

    isotope: str = ''
    half_life_s: float | None = None
    scan_start: datetime | None = None
    scan_duration_s: float | None = None
    decay_corrected: bool = True
    notes: tuple[str, ...] = ()


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
    durations = {frame.duration_s for frame in header.frames}
    return ScanFacts(
        isotope=isotope.name if isotope else '',
        half_life_s=half_life_s,
        scan_start=start,
        scan_duration_s=durations.pop() if len(durations) == 1 else None,
        decay_corrected=header.decay_correction != 'NONE',
        notes=tuple(log.sentences),
    )


def _half_life_s(header: SUVHeader) -> float | None:
    try:
        return half_life_s_of(header, Decisions())
    except SUVError:
        return None


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
