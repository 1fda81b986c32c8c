"""
Half-lives and decay, against figures of others.

`reference/half_lives.csv`: *printed* as the source has it, the digits in brackets being the
standard uncertainty of the last ones; *ensdf_s* from ENSDF (NNDC) as in paceENSDF 0.6.3;
*icrp107_s* from ICRP Publication 107 as in radioactivedecay 0.6.1.
"""

import csv
import re

import pytest
from paths import ROOT
from VOIIdentificationLib.activity.isotopes import (
    ISOTOPES,
    decay_factor,
    isotope_named,
    mean_count_rate_time_s,
)

SECONDS = {'s': 1.0, 'min': 60.0, 'h': 3600.0, 'd': 24 * 3600.0}

REFERENCE = ROOT / 'Testing' / 'Python' / 'reference'

with (REFERENCE / 'half_lives.csv').open(encoding='utf-8', newline='') as table:
    PRINTED = {row['isotope']: row for row in csv.DictReader(table)}


def seconds(printed):
    """Half-life and its standard uncertainty of a text like ``12.7004(20) h``."""
    value, decimals, digits, unit = re.fullmatch(r'(\d+\.(\d+))\((\d+)\) (\w+)', printed).groups()
    return float(value) * SECONDS[unit], int(digits) / 10 ** len(decimals) * SECONDS[unit]


@pytest.mark.parametrize('isotope', ISOTOPES, ids=lambda one: one.name)
def test_half_lives_and_uncertainties_are_those_printed(isotope):
    half_life_s, sd_s = seconds(PRINTED[isotope.name]['printed'])

    assert isotope.half_life_s == pytest.approx(half_life_s, rel=1e-9)
    assert isotope.half_life_sd_s == pytest.approx(sd_s, rel=1e-9)


@pytest.mark.parametrize('isotope', ISOTOPES, ids=lambda one: one.name)
def test_two_other_evaluations_say_the_same(isotope):
    """C-11 differs by 0.22 % from ENSDF; ICRP 107 of 2008 has Rb-82 1.2 % longer than all since."""
    row = PRINTED[isotope.name]

    assert isotope.half_life_s == pytest.approx(float(row['ensdf_s']), rel=3e-3)
    assert isotope.half_life_s == pytest.approx(float(row['icrp107_s']), rel=1.3e-2)


@pytest.mark.parametrize('half_life_s', [6586.2, 75.45, 2e7])
@pytest.mark.parametrize('duration_s', [1.0, 600.0, 5400.0])
def test_the_mean_count_rate_is_that_at_its_time(half_life_s, duration_s):
    """The mean of the decay over the frame, by 2,000 trapezoids, is the decay at that instant."""
    n = 2000
    steps = [decay_factor(duration_s * k / n, half_life_s) for k in range(n + 1)]
    mean = (sum(steps) - (steps[0] + steps[-1]) / 2) / n

    time_s = mean_count_rate_time_s(duration_s, half_life_s)

    assert decay_factor(time_s, half_life_s) == pytest.approx(mean, rel=1e-4)
    assert 0 < time_s < duration_s / 2


def test_a_short_frame_is_late_by_no_more_than_the_series_says():
    """T/2 - lambda T² / 24: 50 s less 2 µs, where the closed form has lost its digits."""
    assert 50.0 - mean_count_rate_time_s(100.0, 1e8) == pytest.approx(
        0.6931471805599453 * 100.0**2 / 24 / 1e8, rel=1e-6
    )


@pytest.mark.parametrize('name', ['F-19', 'fluorine', '18', '', 'G-68', '18N'])
def test_what_is_no_isotope_of_the_table_has_no_name(name):
    assert isotope_named(name) is None
