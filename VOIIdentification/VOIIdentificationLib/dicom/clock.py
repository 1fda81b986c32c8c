"""Dates and times of DICOM, as Python's."""

from __future__ import annotations

import re
import warnings
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from ..core.errors import SUVError
from ..core.sentence import sentences
from .attributes import tag_text
from .header import MS_PER_S

_ = sentences(__name__)

MAX_FRAME_TIME_S = 30 * 86400.0
"""Frame times count within one examination: a longer one is a damaged number."""

_UP_TO_THE_HOUR = re.compile(r'\d{10}')
_BEYOND_MICROSECONDS = re.compile(r'(?<=\.\d{6})\d+')
"""Digits that some writers add and DICOM does not know."""


def iso_datetime(day: str, clock: str) -> str:
    """
    DICOM date and time as ISO 8601.

    Parameters
    ----------
    day : str
        Of representation DA: ``'YYYYMMDD'``; the form with points of old files too.

    clock : str
        Of representation TM: ``'HHMMSS.ffffff'``, shortened or empty.

    Returns
    -------
    text : str
        Empty without a date; without the time of day if that is missing. The
        second has the digits that the header has.

    Examples
    --------
    >>> iso_datetime('20260301', '101500.25')
    '2026-03-01T10:15:00.25'
    >>> iso_datetime('20260301', '')
    '2026-03-01'
    """
    found, at = calendar_day(day), time_of_day(clock)
    if found is None or at is None:
        return found.isoformat() if found else ''
    fraction = clock.strip().partition('.')[2]
    return f'{found.isoformat()}T{at:%H:%M:%S}' + (f'.{fraction}' if fraction else '')


def calendar_day(text: str) -> date | None:
    """
    Day of a DA value.

    Parameters
    ----------
    text : str
        E.g. ``'20260301'``.

    Returns
    -------
    day : date or None
        None if it is not a date.
    """
    found = _read('DA', text.replace('.', '').replace('-', ''))
    return date(found.year, found.month, found.day) if found else None


def time_of_day(text: str) -> time | None:
    """
    Time of a TM value.

    Parameters
    ----------
    text : str
        E.g. ``'101500.25'``; may be shortened, or have the colons of old files.

    Returns
    -------
    time : time or None
        None if it is not a time. A leap second counts as the one before.

    Examples
    --------
    >>> time_of_day('101500.25')
    datetime.time(10, 15, 0, 250000)
    """
    found = _read('TM', text.replace(':', ''))
    return None if found is None else _plain_time(found)


def moment(day: str, clock: str) -> datetime | None:
    """
    Join a DA and a TM value.

    Parameters
    ----------
    day, clock : str
        E.g. ``'20260301'`` and ``'101500'``.

    Returns
    -------
    moment : datetime or None
        None if one of them is missing or no date or time.
    """
    found, at = calendar_day(day), time_of_day(clock)
    return None if found is None or at is None else datetime.combine(found, at)


def local_moment(text: str, local_offset: timedelta | None = None) -> datetime | None:
    """
    Moment of a DT value, in the local time of the scanner.

    Parameters
    ----------
    text : str
        E.g. ``'20260301101500.25+0100'``.

    local_offset : timedelta, optional
        Offset of the file's other times from UTC (0008,0201).

    Returns
    -------
    moment : datetime or None
        Local time. An offset in the text is converted if the local one is
        known, and else taken for the local one. None if it is no date with a
        time of day.

    Examples
    --------
    >>> local_moment('20260301101500+0000', timedelta(hours=2))
    datetime.datetime(2026, 3, 1, 12, 15)
    """
    found = _read('DT', text)
    if found is None or not _UP_TO_THE_HOUR.match(text.strip()):
        return None
    own_offset: timedelta | None = found.utcoffset()
    local = datetime.combine(found.date(), _plain_time(found))
    if own_offset is None or local_offset is None:
        return local
    try:
        return local - own_offset + local_offset
    except OverflowError:  # before the year 1 or after 9999: no date of a scan
        return None


def instant_of(text: str) -> datetime | None:
    """
    A DT value with its own offset, if it has one.

    Parameters
    ----------
    text : str
        E.g. ``'20260301101500+0100'``.

    Returns
    -------
    instant : datetime or None
        Equal for equal instants; None if it is no date.
    """
    found = _read('DT', text)
    if found is None:
        return None
    return datetime.combine(found.date(), _plain_time(found), found.tzinfo)


def own_offset(text: str) -> timedelta | None:
    """
    Offset from UTC that stands in a DT value.

    Parameters
    ----------
    text : str
        E.g. ``'20260301101500+0100'``.

    Returns
    -------
    offset : timedelta or None
        None if it has none.
    """
    instant = instant_of(text)
    return None if instant is None else instant.utcoffset()


def utc_offset(text: str) -> timedelta | None:
    """
    Offset from UTC.

    Parameters
    ----------
    text : str
        E.g. ``'+0100'``.

    Returns
    -------
    offset : timedelta or None
        None if it is not an offset.
    """
    try:
        return datetime.strptime(text.strip(), '%z').utcoffset()
    except ValueError:
        return None


def seconds_of(milliseconds: float | None, keyword: str) -> float | None:
    """
    Time of a frame in seconds.

    Parameters
    ----------
    milliseconds : float or None
        As headers have it.

    keyword : str
        DICOM keyword of the element, for the message.

    Returns
    -------
    seconds : float or None
        None if it is missing.

    Raises
    ------
    SUVError
        If no scan lasts so long.
    """
    seconds = None if milliseconds is None else milliseconds / MS_PER_S
    if seconds is not None and abs(seconds) > MAX_FRAME_TIME_S:
        msg = _('SUV refused: {tag} is {time:g} ms, which is no time of a scan').format(
            tag=tag_text(keyword), time=milliseconds
        )
        raise SUVError(msg)
    return seconds


@lru_cache
def _read(vr: str, text: str) -> Any:
    """A date or time by pydicom; None if it is none. Slices share most of them."""
    from pydicom import config, valuerep

    text = _BEYOND_MICROSECONDS.sub('', text.strip())
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of leap seconds
        try:
            valuerep.validate_value(vr, text, config.RAISE)
            return getattr(valuerep, vr)(text)
        except ValueError:
            return None


def _plain_time(found: Any) -> time:
    """A time of Python's, without pydicom's text and without an offset."""
    return time(found.hour, found.minute, found.second, found.microsecond)
