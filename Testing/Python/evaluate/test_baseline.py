"""Changes from a baseline, against figures worked by hand."""

from dataclasses import replace

import pytest
from VOIIdentificationLib.evaluate.baseline import Baseline, changes_from, limits_around
from VOIIdentificationLib.evaluate.limits import Limit, Limits
from VOIIdentificationLib.evaluate.quantities import Value

PROFILE = Limits('Site', None, (Limit(10.0, 'rc_max', 0.0, 9.0),), source='x', version='1')


def one(value, quantity='rc_max', label='S10', unit='', **sds):
    return Value(quantity, label, 10.0, value, unit, **sds)


def test_change_in_percent_and_in_units_of_its_uncertainty():
    (found,) = changes_from(
        [one(0.42, noise_sd=0.003, fill_sd=0.004)], [one(0.40, noise_sd=0.012, fill_sd=0.0)]
    )
    assert found.change_percent == pytest.approx(5.0)
    assert found.sd == pytest.approx(0.013)  # 3, 4, 12, 13
    assert found.change_in_sd == pytest.approx(0.02 / 0.013)
    assert found.sd_of == 'noise and fill'


@pytest.mark.parametrize(
    ('now', 'before', 'sd', 'of'),
    [
        ({'fill_sd': 3.0}, {'fill_sd': 4.0}, 5.0, 'fill'),
        ({'noise_sd': 3.0, 'fill_sd': 1.0}, {'noise_sd': 4.0}, 5.0, 'noise'),
        ({'noise_sd': 3.0}, {'fill_sd': 4.0}, None, ''),
        ({}, {}, None, ''),
    ],
)
def test_only_what_is_known_of_both_enters_and_is_named(now, before, sd, of):
    (found,) = changes_from([one(1.0, **now)], [one(2.0, **before)])
    assert (found.sd, found.sd_of) == (sd, of)
    assert (found.change_in_sd is None) == (sd is None)


def test_what_only_one_has_or_in_another_unit_is_left_out():
    now = [
        one(1.0),
        one(1.0, label='S13'),
        one(1.0, 'mean', unit='Bq/mL'),
        one(1.0, 'max', unit='%'),
    ]
    before = [one(2.0), one(2.0, 'rc_mean'), one(1.0, 'mean', unit='counts'), now[-1]]
    found = [(c.quantity, c.label) for c in changes_from(now, before)]
    assert found == [('rc_max', 'S10'), ('max', 'S10')]


def test_a_baseline_of_zero_has_no_percent():
    (found,) = changes_from([one(1.0)], [one(0.0)])
    assert found.change_percent is None
    assert Baseline('x', changes=(found,)).in_percent() == ()


def test_a_negative_baseline_keeps_the_sign_of_the_change():
    (found,) = changes_from([one(-1.0, 'lung_error_percent')], [one(-2.0, 'lung_error_percent')])
    assert found.change_percent == pytest.approx(50.0)


@pytest.mark.parametrize('key', ['calibration_error_percent', 'bias_percent'])
def test_a_calibration_error_changes_as_the_ratio_behind_it(key):
    """From 1.00 to 1.02 times the true background: 2 %, not 100 or infinitely many."""
    (found,) = changes_from([one(2.0, key)], [one(0.0, key)])
    assert found.change_percent == pytest.approx(2.0)
    (value,) = Baseline('x', changes=(found,)).in_percent()
    assert (value.quantity, value.value, value.unit) == (key, pytest.approx(2.0), '%')


def test_no_uncertainty_or_none_at_all_gives_no_number_of_sds():
    (found,) = changes_from([one(1.0, noise_sd=0.0)], [one(2.0, noise_sd=0.0)])
    assert (found.sd, found.change_in_sd) == (0.0, None)


def test_flags_are_those_of_both_each_once():
    (found,) = changes_from(
        [replace(one(1.0), flags=('a', 'b'))], [replace(one(2.0), flags=('b', 'c'))]
    )
    assert found.flags == ('a', 'b', 'c')
    assert Baseline('x', changes=(found,)).in_percent()[0].flags == ('a', 'b', 'c')


@pytest.mark.parametrize(
    ('value', 'ends'),
    [
        (one(0.8), (0.72, 0.76, 0.84, 0.88)),
        (one(-4.0, 'contrast_percent'), (-4.4, -4.2, -3.8, -3.6)),
        # 102 % of the truth, so 10.2 and 5.1 to each side; a tenth of 2 would be met by no scan.
        (one(2.0, 'calibration_error_percent'), (-8.2, -3.1, 7.1, 12.2)),
        (one(0.123456), (0.1111, 0.1173, 0.1296, 0.1358)),
    ],
)
def test_limits_of_a_first_profile_lie_ten_and_five_percent_around(value, ends):
    if value.quantity == 'calibration_error_percent':
        value = replace(value, label='', diameter_mm=None)
    profile = limits_around([value], PROFILE)

    (row,) = profile.rows
    assert (row.low, row.warning_low, row.warning_high, row.high) == pytest.approx(ends)
    assert (row.quantity, row.diameter_mm) == (value.quantity, value.diameter_mm)
    assert (profile.name, row.source) == ('Site', 'x')


def test_what_cannot_be_limited_or_is_zero_gets_no_limit():
    values = [one(0.0), one(5.0, 'mean', unit='Bq/mL'), one(1.0, 'relative_max'), one(0.5)]
    assert [row.high for row in limits_around(values, PROFILE).rows] == [0.55]
