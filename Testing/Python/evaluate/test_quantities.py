"""Where each value of a result stands, and its uncertainty: results written by hand."""

from copy import deepcopy

import pytest
from VOIIdentificationLib.evaluate.quantities import (
    QUANTITIES,
    QUANTITY_OF,
    Value,
    values_of_results,
)

RESULTS = {
    'input': {'unit': 'Bq/mL'},
    'spheres': [
        {
            'label': 'S37',
            'diameter_mm': 37,
            'mean': 90.0,
            'max': 120,
            'peak': None,
            'fit': {'mean_sd': 1.5},
            'flags': ['clipped'],
        },
        {'label': 'S10', 'diameter_mm': 10.0, 'mean': 40.0, 'peak': None},
    ],
    'nema': {
        'spheres': [
            {
                'label': 'S37',
                'diameter_mm': 37.0,
                'contrast_percent': 80.0,
                'contrast_sd_percent': 2.5,
                'variability_percent': 3.0,
            }
        ],
        'background': [
            {'diameter_mm': 10.0, 'mean': 19.0},
            {'diameter_mm': 37.0, 'mean': 20.0},
            {'diameter_mm': 28.0, 'mean': 21.0},
            {'diameter_mm': None, 'mean': 22.0},
        ],
        'lung': {'mean_error_percent': 4.5},
        'placement': {'flags': ['few_rois']},
    },
    'recovery': {
        'spheres': [
            {
                'label': 'S37',
                'diameter_mm': 37.0,
                'rc_max': -0.9,
                'rc_mean': 0.75,
                'rc_peak': None,
                'relative_max': 1.1,
                'sd_percent': 4.0,
            }
        ]
    },
    'calibration': {'error_percent': -2.0, 'sd_percent': 1.25},
    'noise': {'cov_percent': 11.0, 'detectability': 3.25},
    'cylinder': {
        'bias_percent': 10.0,
        'bias_noise_sd_percent': 0.5,
        'fill_sd_percent': 3.0,
        'cov_percent': 7.0,
        'suv_mean': 1.02,
        'flags': ['cylinder_cut'],
    },
}

FOUND = {(one.quantity, one.label): one for one in values_of_results(RESULTS)}


@pytest.mark.parametrize('odd', [True, 'x', [12], {}])
def test_what_is_no_number_is_refused_and_not_left_out(odd):
    results = {**RESULTS, 'spheres': [{'label': 'S10', 'max': odd}]}

    with pytest.raises(TypeError, match='is no number'):
        values_of_results(results)


def test_every_value_comes_in_the_order_of_the_quantities_and_none_is_invented():
    assert list(FOUND) == [
        ('contrast_percent', 'S37'),
        ('variability_percent', 'S37'),
        ('rc_max', 'S37'),
        ('rc_mean', 'S37'),
        ('relative_max', 'S37'),
        ('mean', 'S37'),
        ('mean', 'S10'),
        ('max', 'S37'),
        ('background_mean', ''),
        ('lung_error_percent', ''),
        ('calibration_error_percent', ''),
        ('cov_percent', ''),
        ('detectability', ''),
        ('bias_percent', ''),
        ('cylinder_cov_percent', ''),
        ('cylinder_suv_mean', ''),
    ]


@pytest.mark.parametrize(
    ('key', 'value', 'unit', 'noise_sd', 'fill_sd'),
    [
        ('contrast_percent', 80.0, '%', None, 2.5),
        ('variability_percent', 3.0, '%', None, None),
        ('rc_max', -0.9, '', None, 0.036),  # 4 % of the size
        ('rc_mean', 0.75, '', None, 0.03),
        ('relative_max', 1.1, '', None, None),
        ('mean', 90.0, 'Bq/mL', 1.5, None),
        ('max', 120.0, 'Bq/mL', None, None),
    ],
)
def test_a_value_of_a_sphere_has_its_unit_and_what_is_known_of_its_uncertainty(
    key, value, unit, noise_sd, fill_sd
):
    found = FOUND[key, 'S37']
    assert (found.value, found.unit, found.diameter_mm) == (value, unit, 37.0)
    assert found.noise_sd == noise_sd
    assert found.fill_sd == pytest.approx(fill_sd)
    assert found.flags == (('clipped',) if key in ('mean', 'max') else ())


@pytest.mark.parametrize(
    ('key', 'value', 'unit', 'fill_sd'),
    [
        ('background_mean', 20.0, 'Bq/mL', None),
        ('lung_error_percent', 4.5, '%', None),
        ('calibration_error_percent', -2.0, '%', 1.25),
        ('cov_percent', 11.0, '%', None),
        ('detectability', 3.25, '', None),
    ],
)
def test_a_value_of_the_scan_has_the_flags_of_the_background(key, value, unit, fill_sd):
    found = FOUND[key, '']
    assert found == Value(key, '', None, value, unit, fill_sd=fill_sd, flags=('few_rois',))


def test_the_fill_of_a_cylinder_counts_with_the_ratio_that_it_divides():
    """A ratio of 1.1, known to 3 %: 3.3 percent points."""
    bias = FOUND['bias_percent', '']
    assert (bias.value, bias.noise_sd, bias.flags) == (10.0, 0.5, ('cylinder_cut',))
    assert bias.fill_sd == pytest.approx(3.3)
    cov, suv = FOUND['cylinder_cov_percent', ''], FOUND['cylinder_suv_mean', '']
    assert (cov.value, cov.unit, cov.noise_sd, cov.fill_sd) == (7.0, '%', None, None)
    assert (suv.value, suv.unit) == (1.02, 'g/mL')


def test_a_fill_without_uncertainty_leaves_the_bias_without_that_part():
    results = deepcopy(RESULTS)
    del results['cylinder']['fill_sd_percent']
    (bias,) = [one for one in values_of_results(results) if one.quantity == 'bias_percent']
    assert (bias.noise_sd, bias.fill_sd) == (0.5, None)


@pytest.mark.parametrize('part', ['spheres', 'nema', 'recovery', 'calibration', 'noise'])
def test_a_part_that_is_missing_takes_its_values_and_no_others(part):
    missing, null = {**RESULTS}, {**RESULTS, part: None}
    del missing[part]
    found = values_of_results(missing)
    assert found == values_of_results(null)
    gone = {one.quantity for one in FOUND.values()} - {one.quantity for one in found}
    parts = {
        'calibration': {'calibration_error_percent'},
        'noise': {'cov_percent', 'detectability'},
    }
    assert gone == parts.get(part, gone)
    assert gone
    assert not gone & {'bias_percent', 'cylinder_suv_mean'}


def test_nothing_has_no_values():
    assert values_of_results({}) == ()
    assert values_of_results({'nema': {'background': []}}) == ()


def test_limits_are_for_what_means_the_same_in_every_scan():
    by_unit = {one.key for one in QUANTITIES if not one.can_be_limited}
    assert by_unit == {
        'relative_max',
        'relative_mean',
        'relative_peak',
        'mean',
        'max',
        'peak',
        'background_mean',
    }


def test_only_what_is_good_near_zero_is_never_told_as_a_part_of_itself():
    """A difference of 1 % between errors of 0.1 and 1.1 % is no factor of 11."""
    errors = {key for key, one in QUANTITY_OF.items() if one.is_error}
    assert errors == {'lung_error_percent', 'calibration_error_percent', 'bias_percent'}
