"""Which column is the uncertainty of which."""

import numpy as np
import pytest
from made_quality import quality_result
from VOIIdentificationLib.report.formats import result_tables
from VOIIdentificationLib.report.uncertainty import (
    is_uncertainty,
    sd_decimals,
    standard_uncertainty,
)


@pytest.fixture(scope='module')
def tables():
    return {table.key: table for table in result_tables(quality_result())}


def test_a_mean_has_that_of_its_fit(tables):
    sd = standard_uncertainty(tables['spheres'], 'mean')

    assert sd.tolist() == [voi.fit.mean_sd for voi in quality_result().spheres]


def test_a_center_has_that_of_its_axis(tables):
    sd = standard_uncertainty(tables['spheres'], 'center_a_mm')

    assert sd.tolist() == [voi.fit.center_sd_ras_mm[1] for voi in quality_result().spheres]


def test_that_of_a_recovery_is_a_part_of_it(tables):
    sphere = quality_result().recovery.spheres[0]

    sd = standard_uncertainty(tables['recovery'], 'rc_peak')

    assert sd[0] == pytest.approx(sphere.rc_peak * sphere.sd_percent / 100)


def test_what_is_not_known_is_not_said(tables):
    assert standard_uncertainty(tables['spheres'], 'max') is None
    assert standard_uncertainty(tables['recovery'], 'a50_mean') is None
    assert standard_uncertainty(tables['background_variability'], 'background_mean') is None


def test_uncertainties_are_told_from_values(tables):
    found = {
        (key, column.key)
        for key, table in tables.items()
        for column in table.columns
        if is_uncertainty(table, column.key)
    }

    axes = [f'center_sd_{axis}_mm' for axis in 'ras']
    assert found == {
        ('spheres', 'mean_sd'),
        *(('spheres', key) for key in axes),
        *(('centers', key) for key in axes),
        ('nema', 'contrast_sd_percent'),
        ('recovery', 'sd_percent'),
        ('activity', 'sd_percent'),
    }


@pytest.mark.parametrize('sd', [0.0123, 0.4, 1.2, 2.99, 3.01, 9.6, 812.0])
def test_the_digits_kept_say_the_uncertainty_to_a_fifth(sd):
    shown = float(f'{sd:.{sd_decimals(sd)}f}')

    assert shown == pytest.approx(sd, rel=0.2)
    assert np.log10(sd / 10.0 ** -sd_decimals(sd)) < 2 or sd_decimals(sd) == 0
