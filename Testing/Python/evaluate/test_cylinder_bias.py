"""What was filled into a cylinder against what the image shows, at the limits of belief."""

from datetime import datetime

import pytest
from VOIIdentificationLib.activity.worksheet import Fill, FillWorksheet, TrueActivity
from VOIIdentificationLib.evaluate.cylinder_bias import (
    Filled,
    bias_contradictions,
    bias_of,
    filled_with,
)

NOON = datetime(2026, 3, 1, 12)
HOT, BACKGROUND = Fill(20.0, NOON, 1000.0), Fill(40.0, NOON, 8000.0)


@pytest.mark.parametrize(
    ('mean', 'contradicts'),
    [(499.0, True), (500.0, False), (1000.0, False), (2000.0, False), (2001.0, True)],
)
def test_no_scanner_is_off_by_more_than_a_factor_of_two(mean, contradicts):
    said = bias_contradictions(Filled(1000.0), mean, None, 'Bq/mL')

    assert bool(said) == contradicts
    if contradicts:
        assert (
            f'filled with 1000 Bq/mL, but shows {mean:g} Bq/mL, {mean / 1000:.3g} times' in said[0]
        )


@pytest.mark.parametrize(
    ('volume_ml', 'percent'),
    [(9490.0, '-5.1'), (9510.0, ''), (10_000.0, ''), (10_490.0, ''), (10_510.0, '+5.1')],
)
def test_a_volume_may_be_five_percent_off(volume_ml, percent):
    filled = Filled(1000.0, volume_ml=volume_ml)

    said = bias_contradictions(filled, 1000.0, 10_000.0, 'Bq/mL')

    assert len(said) == bool(percent)
    if percent:
        assert f'volume of {volume_ml:.0f} mL' in said[0]
        assert f'holds 10000 mL ({percent} %)' in said[0]


@pytest.mark.parametrize(
    ('filled', 'mean', 'volume_ml', 'unit'),
    [
        (Filled(None), 9e9, None, 'Bq/mL'),
        (Filled(1000.0), None, None, 'Bq/mL'),
        (Filled(1000.0), 9e9, None, 'counts'),
        (Filled(1000.0, volume_ml=1.0), 1000.0, None, 'Bq/mL'),
        (Filled(1000.0), 1000.0, 1.0, 'Bq/mL'),
    ],
)
def test_what_is_not_known_contradicts_nothing(filled, mean, volume_ml, unit):
    assert bias_contradictions(filled, mean, volume_ml, unit) == ()


def test_the_uncertainty_is_that_of_a_ratio():
    """Mean 1200 ± 24 over 1000 ± 1.5 %: a ratio of 1.2 known to 2 and to 1.5 %."""
    bias = bias_of(Filled(1000.0, 1.5), 1200.0, 24.0, 'Bq/mL')

    assert bias.percent == pytest.approx(20.0)
    assert bias.noise_sd_percent == pytest.approx(1.2 * 2.0)
    assert bias.sd_percent == pytest.approx(1.2 * 2.5)
    assert (bias.true_bqml, bias.fill_sd_percent) == (1000.0, 1.5)


@pytest.mark.parametrize(
    ('mean', 'passed'), [(899.9, False), (900.0, True), (1100.0, True), (1100.1, False)]
)
def test_ten_percent_are_accepted_to_both_sides(mean, passed):
    bias = bias_of(Filled(1000.0), mean, None, 'Bq/mL')

    assert (bias.passed, bias.not_judged) == (passed, '')
    assert (bias.sd_percent, bias.noise_sd_percent) == (None, None)
    assert bias_of(Filled(1000.0), mean, None, 'Bq/mL', 'unsure').passed is None


@pytest.mark.parametrize(
    ('filled', 'mean', 'unit', 'why'),
    [
        (Filled(0.0), 900.0, 'Bq/mL', 'it was filled with nothing'),
        (Filled(why='nobody knows'), 900.0, 'Bq/mL', 'nobody knows'),
        (Filled(1000.0), None, 'Bq/mL', 'it was filled with nothing'),
        (Filled(1000.0), 900.0, 'g/mL', 'the values of the image are no concentrations in Bq/mL'),
    ],
)
def test_where_there_is_no_bias_the_noise_remains(filled, mean, unit, why):
    bias = bias_of(filled, mean, 9.0, unit)

    assert (bias.percent, bias.passed, bias.not_judged) == (None, None, why)
    assert bias.noise_sd_percent == (None if mean is None else pytest.approx(1.0))


def test_a_mean_of_zero_has_no_relative_noise():
    assert bias_of(Filled(1000.0), 0.0, 9.0, 'Bq/mL').noise_sd_percent is None


@pytest.mark.parametrize(
    ('hot', 'background', 'expected'),
    [
        (None, 5000.0, Filled(5000.0, 2.0, volume_ml=8000.0)),
        (20_000.0, None, Filled(20_000.0, 3.0, volume_ml=1000.0)),
    ],
)
def test_the_one_fill_is_taken_with_its_volume(hot, background, expected):
    truth = TrueActivity(hot, background, 3.0, 2.0)
    sheet = FillWorksheet(
        hot=HOT if hot else None, background=BACKGROUND if background else None, scan_start=NOON
    )

    assert filled_with(truth, sheet) == expected
    assert filled_with(truth, None) == expected._replace(volume_ml=None)
