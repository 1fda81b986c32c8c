"""Dates and times of headers, in the forms that scanners write."""

from datetime import date, datetime, time, timedelta

import pytest
from VOIIdentificationLib.dicom.clock import (
    calendar_day,
    iso_datetime,
    local_moment,
    moment,
    time_of_day,
    utc_offset,
)


@pytest.mark.parametrize(
    ('text', 'day'),
    [
        ('20260301', date(2026, 3, 1)),
        ('2026.03.01', date(2026, 3, 1)),
        ('2026-03-01', date(2026, 3, 1)),
        (' 20260301 ', date(2026, 3, 1)),
        ('20261301', None),
        ('202603', None),
        ('today', None),
        ('', None),
    ],
)
def test_days(text, day):
    assert calendar_day(text) == day
    assert type(calendar_day(text)) is type(day)


@pytest.mark.parametrize(
    ('text', 'clock'),
    [
        ('101500.25', time(10, 15, 0, 250_000)),
        ('101500.123456789', time(10, 15, 0, 123_456)),
        ('10:15:00', time(10, 15)),
        ('1015', time(10, 15)),
        ('10 ', time(10)),
        ('235960', time(23, 59, 59)),
        ('245900', None),
        ('noon', None),
        ('', None),
    ],
)
def test_times_of_the_day(text, clock):
    assert time_of_day(text) == clock
    assert type(time_of_day(text)) is type(clock)


def test_a_moment_needs_both():
    assert moment('20260301', '101500') == datetime(2026, 3, 1, 10, 15)
    assert moment('', '101500') is None
    assert moment('20260301', '') is None


@pytest.mark.parametrize(
    ('text', 'offset'),
    [('+0130', timedelta(minutes=90)), ('-0500', timedelta(hours=-5)), ('CET', None), ('', None)],
)
def test_offsets(text, offset):
    assert utc_offset(text) == offset


def test_a_local_moment_has_no_offset():
    found = local_moment('20260301101500.5-0500', timedelta(hours=1))
    assert found == datetime(2026, 3, 1, 16, 15, 0, 500_000)
    assert type(found) is datetime
    assert local_moment('20260301101500-0500') == datetime(2026, 3, 1, 10, 15)
    assert local_moment('20260301+0100') is None
    assert local_moment('202603') is None


@pytest.mark.parametrize(
    ('day', 'clock', 'text'),
    [
        ('20260301', '101500.250000', '2026-03-01T10:15:00.250000'),
        ('20260301', '1015', '2026-03-01T10:15:00'),
        ('20260301', '', '2026-03-01'),
        ('20260301', 'noon', '2026-03-01'),
        ('2026.03.01', '10:15:00', '2026-03-01T10:15:00'),
        ('', '101500', ''),
    ],
)
def test_iso_text_has_the_digits_of_the_header(day, clock, text):
    assert iso_datetime(day, clock) == text
