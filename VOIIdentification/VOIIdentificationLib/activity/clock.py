"""Times as people write them: with their date, or a time of day on the day of the scan."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated

from ..core.config_json import Rule
from ..core.errors import InputFileError
from ..core.sentence import sentences

_ = sentences(__name__)

MAX_AFTER_SCAN = timedelta(hours=12)
"""A time of day this much later than the scan may be that of the day before: its date is needed."""

MAX_SCAN_DURATION_S = 86_400.0
"""A day: a longer scan is mistyped."""

ScanDuration = Annotated[
    float,
    Rule(_('be 0 or more'), lambda value: value >= 0),
    Rule(
        _('be at most {most:g} s, a day').format(most=MAX_SCAN_DURATION_S),
        lambda value: value <= MAX_SCAN_DURATION_S,
    ),
]

_CLOCK = re.compile(r'(\d{1,2}):(\d{2})(?::(\d{2}))?')


def moment(text: str, what: str, scan_start: datetime | None) -> datetime:
    """
    Read a time; one without a date is on the day of the scan, as far as that is plain.

    Parameters
    ----------
    text : str
        E.g. ``'2026-03-01 09:15:00'`` or ``'09:15'``.

    what : str
        What it is, for the message, e.g. ``'the scan start'``.

    scan_start : datetime or None
        When the scan began; None if that is unknown, and a date is needed.

    Returns
    -------
    time : datetime
        Local, without a time zone.

    Raises
    ------
    InputFileError
        If it is missing, no time, a date alone, has a time zone, or lies so
        long after the scan that its day is not plain.

    Examples
    --------
    >>> moment('9:15', 'the assay time', datetime(2026, 3, 1, 10, 30)).isoformat()
    '2026-03-01T09:15:00'
    """
    text = text.strip()
    if not text:
        msg = _('{what} is missing').format(what=what)
        raise InputFileError(msg)
    clock = _CLOCK.fullmatch(text)
    if clock and scan_start is None:
        msg = _(
            '{what} must be a local time like 2026-03-01 09:15:00, got {text!r}, which has no '
            'date, and the day of the scan is not known'
        ).format(what=what, text=text)
        raise InputFileError(msg)
    time = _on_day(clock, scan_start) if clock and scan_start else _with_date(text)
    if time is None or time.tzinfo is not None:
        zone = _(', without a time zone') if time else ''
        msg = _('{what} must be a local time like 2026-03-01 09:15:00{zone}, got {text!r}').format(
            what=what, zone=zone, text=text
        )
        raise InputFileError(msg)
    if clock and scan_start is not None and time - scan_start > MAX_AFTER_SCAN:
        msg = _(
            '{what} {text} is long after the scan start {start}: write its date before it'
        ).format(what=what, text=text, start=scan_start.isoformat(sep=' '))
        raise InputFileError(msg)
    return time


def _on_day(clock: re.Match[str], day: datetime) -> datetime | None:
    hour, minute, second = (int(part or 0) for part in clock.groups())
    try:
        return datetime(day.year, day.month, day.day, hour, minute, second)
    except ValueError:
        return None


def _with_date(text: str) -> datetime | None:
    """None also for a date alone, which `datetime` takes for midnight."""
    try:
        return datetime.fromisoformat(text) if ':' in text else None
    except ValueError:
        return None
