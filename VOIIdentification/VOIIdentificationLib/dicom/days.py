"""The day and the time zone of a scan, where its header leaves them open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from ..core.flags import Flag
from ..core.sentence import sentences
from ..suv.header import Decisions
from .attributes import DRUG, tag_text
from .clock import calendar_day, local_moment, own_offset, time_of_day, utc_offset
from .header import Header

_ = sentences(__name__)

UNKNOWN_DAY = date(1, 1, 2)
"""Day of a scan without any date; only times of day are known."""

_DATES = ('SeriesDate', 'AcquisitionDate', 'StudyDate')
_CLOCKS = ('SeriesTime', 'AcquisitionTime')
_START = 'RadiopharmaceuticalStartDateTime'


def day_of_scan(file: Header, log: Decisions) -> date | None:
    """
    Day on which the times without a date lie.

    Parameters
    ----------
    file : Header
        Header of a slice.

    log : Decisions
        Told what is assumed.

    Returns
    -------
    day : date or None
        Series Date; else another date of the header; else that of the
        injection; else `UNKNOWN_DAY`. None without a time of day.
    """
    if all(time_of_day(file.text(keyword)) is None for keyword in _CLOCKS):
        return calendar_day(file.text('SeriesDate'))
    days = {keyword: calendar_day(file.text(keyword)) for keyword in _DATES}
    day = days['SeriesDate']
    if day is not None:
        return day
    for keyword, other in days.items():
        if other is not None:
            log.note(
                _('no series date (0008,0021): {keyword} {day:%Y-%m-%d} is used').format(
                    keyword=keyword, day=other
                )
            )
            return other
    whole = local_moment(file.text('AcquisitionDateTime'))
    if whole is not None:
        return whole.date()
    injection = local_moment(file.item(DRUG).text(_START))
    log.note(
        _(
            'the scan has no date (0008,0021), (0008,0022), (0008,0020): the same day as the '
            'injection is assumed'
        ),
        Flag.DAY_UNKNOWN,
    )
    return UNKNOWN_DAY if injection is None else injection.date()


def moment_on(day: date | None, clock: str) -> datetime | None:
    """
    A time of day on a day.

    Parameters
    ----------
    day : date or None
        The day.

    clock : str
        A TM value.

    Returns
    -------
    moment : datetime or None
        None if one of them is not known.
    """
    at = time_of_day(clock)
    return None if day is None or at is None else datetime.combine(day, at)


def local_offset(
    file: Header,
    keywords: Sequence[str],
    log: Decisions,
    frames: Sequence[Mapping[str, str]] = (),
) -> timedelta | None:
    """
    Offset from UTC of the times that have none of their own.

    Parameters
    ----------
    file : Header
        Header of a slice.

    keywords : sequence of str
        Its elements that may hold a date with time and offset, besides the injection.

    log : Decisions
        Told if only some of the times have an offset.

    frames : sequence of mapping, optional
        Facts of the frames of an enhanced image.

    Returns
    -------
    offset : timedelta or None
        (0008,0201); else that of a date-time of the scan. None if no time has
        an offset, or nothing says which: then all are on one clock.
    """
    text = file.text('TimezoneOffsetFromUTC')
    known = utc_offset(text)
    if known is not None:
        return known
    if text:
        log.note(
            _('{tag} is {text!r}, no offset').format(
                tag=tag_text('TimezoneOffsetFromUTC'), text=text
            ),
            Flag.ZONE_UNKNOWN,
        )
    of_scan = [file.text(keyword) for keyword in keywords]
    of_scan += [facts.get('FrameAcquisitionDateTime', '') for facts in frames]
    of_scan = [one for one in of_scan if local_moment(one) is not None]
    injection = file.item(DRUG).text(_START)
    offsets = [own_offset(one) for one in (*of_scan, *([injection] if injection else []))]
    if not any(offset is not None for offset in offsets):
        return None
    clocks = any(file.text(keyword) for keyword in _CLOCKS) and not frames
    if None in offsets or (clocks and not _same_clock(file)):
        log.note(
            _(
                'some times have an offset from UTC, others none, and {tag} is missing: all are '
                'taken for one clock'
            ).format(tag=tag_text('TimezoneOffsetFromUTC')),
            Flag.ZONE_UNKNOWN,
        )
        return None
    return next(iter(offsets))


def _same_clock(file: Header) -> bool:
    """Whether AcquisitionDateTime tells the offset of AcquisitionTime."""
    whole = local_moment(file.text('AcquisitionDateTime'))
    clock = time_of_day(file.text('AcquisitionTime'))
    return whole is not None and clock is not None and whole.time() == clock
