"""DICOM dates and times (PS3.5, 6.2) to Python's, in the local time of the scanner."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

_DATE = re.compile(r'^(\d{4})[.\-]?(\d{2})[.\-]?(\d{2})$')
_TIME = re.compile(r'^(\d{2}):?(\d{2})?:?(\d{2})?(\.\d+)?$')
_DATETIME = re.compile(r'^(\d{8})(\d{2,6})?(\.\d+)?([+-]\d{4})?$')
_OFFSET = re.compile(r'^([+-])(\d{2})(\d{2})$')


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
    match = _DATE.match(text.strip())
    try:
        return date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None


def time_of_day(text: str) -> time | None:
    """
    Time of a TM value.

    Parameters
    ----------
    text : str
        E.g. ``'101500.25'``; may be shortened.

    Returns
    -------
    time : time or None
        None if it is not a time.

    Examples
    --------
    >>> time_of_day('101500.25')
    datetime.time(10, 15, 0, 250000)
    """
    match = _TIME.match(text.strip())
    if not match:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups()[:3])
    microsecond = min(round(float(match.group(4) or 0) * 1e6), 999_999)
    try:
        # A leap second, which Python does not have, counts as the one before.
        return time(hour, minute, min(second, 59), microsecond)
    except ValueError:
        return None


def moment(day_text: str, time_text: str) -> datetime | None:
    """
    Join a DA and a TM value.

    Parameters
    ----------
    day_text, time_text : str
        E.g. ``'20260301'`` and ``'101500'``.

    Returns
    -------
    moment : datetime or None
        None if one of them is missing or no date or time.
    """
    day, clock = calendar_day(day_text), time_of_day(time_text)
    return datetime.combine(day, clock) if day and clock else None


def local_moment(text: str, local_offset: timedelta | None = None) -> datetime | None:
    """
    Moment of a DT value.

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
    match = _DATETIME.match(text.strip())
    if not match or not match.group(2):
        return None
    found = moment(match.group(1), match.group(2) + (match.group(3) or ''))
    own_offset = utc_offset(match.group(4) or '')
    if found is None or own_offset is None or local_offset is None:
        return found
    return found - own_offset + local_offset


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
    match = _OFFSET.match(text.strip())
    if not match:
        return None
    size = timedelta(hours=int(match.group(2)), minutes=int(match.group(3)))
    return size if match.group(1) == '+' else -size
