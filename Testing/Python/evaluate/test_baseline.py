"""Changes from a baseline, against figures worked by hand."""

import pytest
from VOIIdentificationLib.evaluate.baseline import Baseline, changes_from
from VOIIdentificationLib.evaluate.quantities import Value


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
