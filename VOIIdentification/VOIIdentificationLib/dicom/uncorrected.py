"""Whether the slices of an image without decay correction show one instant."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from ..activity.isotopes import decay_factor
from ..core.errors import SUVError
from ..core.sentence import sentences
from ..suv.header import Decisions, SUVFrame, SUVHeader
from ..suv.instants import NEGLIGIBLE_SUV_CHANGE, clock_text
from ..suv.uncorrected import mean_count_rate_references
from .clock import local_moment, moment
from .days import UNKNOWN_DAY, moment_on
from .header import MS_PER_S, as_number
from .slices import PETSlice

_ = sentences(__name__)

_LONGEST = timedelta(hours=12)
"""Times of day without a date that lie farther apart are of two days."""


def uncorrected_notes(slices: Sequence[PETSlice], half_life_s: float | None) -> tuple[str, ...]:
    """
    Say if slices that are not decay-corrected were acquired one after the other.

    Parameters
    ----------
    slices : sequence of PETSlice
        Of one series.

    half_life_s : float or None
        Half-life, in seconds.

    Returns
    -------
    notes : tuple of str
        Empty if the image is corrected, its times are not known, or it hardly
        decays between its slices.
    """
    file = slices[0].file
    not_corrected = file.text('DecayCorrection').upper() == 'NONE' or (
        file.text('DecayCorrected').upper() == 'NO'
    )
    if not not_corrected or half_life_s is None:
        return ()
    header = SUVHeader(frames=tuple(map(_frame, slices)))
    with suppress(SUVError, OverflowError):
        return _told(mean_count_rate_references(header, half_life_s, Decisions()), half_life_s)
    return ()


def _told(instants: Sequence[datetime], half_life_s: float) -> tuple[str, ...]:
    first, last = min(instants), max(instants)
    gone = 1 - decay_factor((last - first).total_seconds(), half_life_s)
    if gone <= NEGLIGIBLE_SUV_CHANGE or last - first > _LONGEST:
        return ()
    note = _(
        'the image is not decay-corrected, and its slices show instants from {first} to {last}, '
        'between which {gone:.1f} % decay: slices of different instants cannot be compared'
    ).format(first=clock_text(first), last=clock_text(last), gone=100 * gone)
    return (note,)


def _frame(plane: PETSlice) -> SUVFrame:
    file, facts = plane.file, dict(plane.facts)
    start = local_moment(facts.get('FrameAcquisitionDateTime', '')) or moment(
        file.text('AcquisitionDate'), file.text('AcquisitionTime')
    )
    duration = facts.get('FrameAcquisitionDuration') or file.text('ActualFrameDuration')
    return SUVFrame(
        acquisition_start=start or moment_on(UNKNOWN_DAY, file.text('AcquisitionTime')),
        frame_reference_s=_seconds(file.text('FrameReferenceTime')),
        duration_s=_seconds(duration),
    )


def _seconds(milliseconds: str) -> float | None:
    number = as_number(milliseconds)
    return None if number is None else number / MS_PER_S
