"""Charts against a textbook's figures, and rules against loops that anyone can read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from VOIIdentificationLib.many.control_chart import (
    D2,
    D3,
    RULES,
    Limits,
    broken_rules,
    chart_limits,
    control_chart,
    drift_of,
)

UNIT = Limits(center=0.0, sigma=1.0, count=20, provisional=False)


def alarms(values, limits=UNIT):
    return {(alarm.index, alarm.rule) for alarm in broken_rules(np.array(values, float), limits)}


def test_limits_are_those_of_the_handbook():
    """NIST/SEMATECH e-Handbook, 6.3.2.2: flow rates of ten batches, with d2 = 1.128."""
    flow = np.array([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])
    limits = chart_limits(flow)
    assert limits.center == pytest.approx(50.81)
    assert limits.upper == pytest.approx(55.8041, abs=2e-3)
    assert limits.lower == pytest.approx(45.8159, abs=2e-3)
    assert limits.moving_range_upper == pytest.approx(3.267 * 1.8778, rel=1e-3)  # D4 for n = 2
    assert (limits.count, limits.provisional) == (10, True)


def test_constants_are_the_tabulated_ones():
    """Shewhart's constants for ranges of two, as every table of quality control prints them."""
    assert pytest.approx(1.128, abs=5e-4) == D2
    assert pytest.approx(0.853, abs=5e-4) == D3


def test_sigma_is_unbiased_and_a_change_of_level_does_not_widen_it():
    rng = np.random.default_rng(3)
    values = rng.normal(5.0, 2.0, 40_000)
    values[20_000:] += 50.0
    assert chart_limits(values).sigma == pytest.approx(2.0, rel=0.02)


def test_with_few_values_there_are_no_limits_and_no_alarms():
    chart = control_chart([1.0, 2.0, 900.0, 1.0], [0, 1, 2, 3])
    assert chart.limits is None
    assert chart.alarms == ()


def test_the_baseline_is_the_first_twenty():
    values = [float(n % 2) for n in range(20)] + [100.0] * 5
    chart = control_chart(values, range(25))
    assert chart.limits.center == pytest.approx(0.5)
    assert not chart.limits.provisional
    assert {alarm.rule for alarm in chart.last_alarms} >= {'beyond_3_sigma'}


@pytest.mark.parametrize(
    ('values', 'expected'),
    [
        ([0.5, 3.1], {(1, 'beyond_3_sigma')}),
        ([0.5, 2.9], set()),
        ([2.1, 0.0, 2.1], {(2, 'two_of_three_beyond_2_sigma')}),
        ([2.1, 0.0, -2.1], set()),
        ([2.1, 0.0, 0.0, 2.1], set()),
        ([1.1, 1.1, 0.0, 1.1, 1.1], {(4, 'four_of_five_beyond_1_sigma')}),
        ([1.1, 1.1, 0.0, 1.1, 0.9], set()),
        ([0.1] * 8, {(7, 'eight_on_one_side')}),
        ([-0.1] * 8, {(7, 'eight_on_one_side')}),
        ([0.1] * 4 + [0.0] + [0.1] * 4, set()),
        ([-1.9, 1.9], {(1, 'jump')}),
    ],
)
def test_each_rule_alone(values, expected):
    assert alarms(values) == expected


def obvious_rules(z):
    """The rules as one would check them with a pencil."""
    found = set()
    for n, value in enumerate(z):
        if abs(value) > 3:
            found.add((n, 'beyond_3_sigma'))
        for side in (1, -1):
            for rule, level, count, length in (
                ('two_of_three_beyond_2_sigma', 2, 2, 3),
                ('four_of_five_beyond_1_sigma', 1, 4, 5),
                ('eight_on_one_side', 0, 8, 8),
            ):
                last = z[max(0, n - length + 1) : n + 1]
                if side * value > level and sum(side * x > level for x in last) >= count:
                    found.add((n, rule))
        if n and abs(value - z[n - 1]) > 1.128379 + 3 * 0.852502:
            found.add((n, 'jump'))
    return found


@given(st.lists(st.floats(-4, 4), min_size=1, max_size=40))
def test_rules_are_the_obvious_ones(z):
    assert alarms(z) == obvious_rules(z)


def test_an_unchanging_baseline_makes_every_change_an_alarm():
    chart = control_chart([7.0] * 20 + [7.001], range(21))
    assert {alarm.rule for alarm in chart.alarms} == {'beyond_3_sigma', 'jump'}


def test_false_alarms_are_as_rare_as_the_normal_distribution_says():
    values = np.random.default_rng(5).standard_normal(200_000)
    alone = [a for a in broken_rules(values, UNIT) if a.rule == 'beyond_3_sigma']
    assert len(alone) / 200_000 == pytest.approx(0.0027, rel=0.15)


def test_drift_is_the_slope_in_a_year():
    days = np.arange(0.0, 3652.5, 91.3)
    values = 100.0 + 2.0 * days / 365.25 + np.random.default_rng(1).normal(0, 1.0, len(days))
    drift = drift_of(values, days)
    assert abs(drift.per_year - 2.0) < 3 * drift.sd_per_year
    assert drift.sd_per_year == pytest.approx(
        1.0 / np.std(days / 365.25) / len(days) ** 0.5, rel=0.3
    )
    assert drift.significant


def test_noise_alone_is_seldom_called_a_drift():
    rng, days = np.random.default_rng(2), np.arange(30.0)
    called = sum(drift_of(rng.standard_normal(30), days).significant for _ in range(2000))
    assert called / 2000 < 0.006


def test_there_is_no_drift_of_one_day():
    assert drift_of(np.arange(6.0), np.zeros(6)) is None


def test_every_rule_has_words():
    assert all(RULES.values())


def test_values_that_never_change_are_no_alarm():
    chart = control_chart([20 / 37**0.5] * 41, range(41))
    assert chart.alarms == ()


def test_runs_between_false_alarms_are_as_long_as_published():
    """Champ and Woodall, Technometrics 29 (1987): 91.75 values with all four rules together."""
    rng, runs = np.random.default_rng(0), []
    for _ in range(3000):
        found = broken_rules(rng.standard_normal(1500), UNIT)
        runs.append(1 + min(alarm.index for alarm in found if alarm.rule != 'jump'))
    assert np.mean(runs) == pytest.approx(91.75, abs=3 * np.std(runs) / 3000**0.5)
