"""Noise figures and calibration against plain numpy, and guidelines at their limits."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from made_quality import BACKGROUND_BQML, quality_result, with_sphere
from VOIIdentificationLib.activity.worksheet import TrueActivity
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.evaluate.calibration import calibration
from VOIIdentificationLib.evaluate.noise_figures import noise_figures

MADE = quality_result()
FIGURES = noise_figures(MADE.image, MADE.nema)


def distances_mm(center_ras_mm):
    geometry = MADE.image.geometry
    k, j, i = np.indices(geometry.shape_kji)
    points = geometry.position_ras_mm(np.stack([i, j, k], axis=-1))
    return np.linalg.norm(points - center_ras_mm, axis=-1)


def test_the_large_voi_stands_where_most_room_is():
    rois = {roi.name: roi for roi in MADE.nema.placement.rois}
    room = {
        name: min(roi.edge_distance_mm, roi.sphere_distance_mm, roi.lung_distance_mm)
        for name, roi in rois.items()
    }

    assert room[FIGURES.cov_roi] == max(room.values())


def test_the_cov_is_that_of_the_voxels_in_a_ball():
    """Whole voxels here, parts of voxels there: 600 voxels of noise agree within 4 %."""
    (roi,) = [one for one in MADE.nema.placement.rois if one.name == FIGURES.cov_roi]
    inside = MADE.image.voxels[distances_mm(roi.center_ras_mm) < 37.0 / 2].astype(float)

    assert inside.size > 600
    assert FIGURES.cov_percent == pytest.approx(100 * inside.std() / inside.mean(), rel=0.04)


def test_the_cov_of_the_rois_has_its_mean_and_ends():
    level = MADE.nema.background[0]

    assert level.roi_cov_percent.shape == level.roi_means.shape
    assert FIGURES.roi_cov_percent == pytest.approx(level.image_roughness_percent)
    assert FIGURES.lowest_roi_cov_percent == level.roi_cov_percent.min()
    assert FIGURES.highest_roi_cov_percent == level.roi_cov_percent.max()


def test_the_cnr_is_the_contrast_in_sds_of_the_roi_means():
    means = {one.diameter_mm: one.roi_means for one in MADE.nema.background}
    for one, sphere in zip(FIGURES.spheres, MADE.nema.spheres, strict=True):
        own = means[sphere.diameter_mm]
        expected = (sphere.roi_mean - own.mean()) / own.std(ddof=1)
        assert (one.label, one.diameter_mm) == (sphere.label, sphere.diameter_mm)
        assert one.cnr == pytest.approx(expected, rel=1e-9)


def test_detectability_is_contrast_over_variability_of_the_smallest():
    smallest = MADE.nema.spheres[-1]

    assert smallest.diameter_mm == 10.0
    assert FIGURES.detectability == smallest.contrast_percent / smallest.variability_percent


def test_a_contrast_that_falls_is_named():
    assert FIGURES.falling == ()
    low = with_sphere(MADE, 2, roi_mean=0.5 * MADE.nema.spheres[3].roi_mean)

    assert noise_figures(MADE.image, low.nema).falling == ('S22',)
    by_size = sorted(MADE.nema.spheres, key=lambda one: one.diameter_mm)
    assert all(small.roi_mean < large.roi_mean for small, large in pairwise(by_size))


def judged(*, contrast, variability, ratio=4.0, doubt='', flags=()):
    low = with_sphere(
        MADE, 5, contrast_percent=contrast, variability_percent=variability, flags=flags
    )
    return noise_figures(MADE.image, replace(low.nema, true_ratio=ratio), doubt).verdicts


@pytest.mark.parametrize(
    ('contrast', 'variability', 'passed'),
    [
        (15.0, 5.5, [True, False, True, True]),  # 2.73
        (15.9, 5.6, [True, True, True, True]),  # 2.84
        (15.9, 5.61, [False, True, True, True]),  # 2.83
        (12.5, 5.0, [True, False, True, True]),  # just 2.5
        (12.0, 5.0, [True, False, False, True]),  # 2.4
    ],
)
def test_the_guidelines_at_their_limits(contrast, variability, passed):
    verdicts = judged(contrast=contrast, variability=variability)

    assert [one.passed for one in verdicts] == passed
    assert all('confirm' in one.source for one in verdicts)


@pytest.mark.parametrize(
    ('changes', 'reason'),
    [
        ({'ratio': None, 'contrast': None}, 'the true ratio is unknown'),
        ({'ratio': 10.0}, 'meant for a true ratio of 4 : 1, here it is 10.00 : 1'),
        ({'doubt': 'the worksheet says Ga-68'}, 'the worksheet says Ga-68'),
        ({'flags': (Flag.SEED_ASTRAY,)}, Flag.SEED_ASTRAY.text),
    ],
)
def test_a_guideline_does_not_judge_what_is_in_doubt(changes, reason):
    verdicts = judged(**{'contrast': 15.0, 'variability': 5.0, **changes})

    assert all(one.passed is None and reason in one.not_judged for one in verdicts)


# Calibration


def test_a_scanner_that_reads_too_high_is_told_by_how_much():
    """The image holds what was filled in, within the noise of 60 ROIs."""
    fill = TrueActivity(background_bqml=BACKGROUND_BQML / 1.05, background_sd_percent=2.0)

    found = calibration(MADE.nema, fill, in_bqml=True)

    assert MADE.calibration.error_percent == pytest.approx(0.0, abs=0.1)
    assert found.error_percent == pytest.approx(5.0, abs=0.1)
    assert found.independent_rois == 12
    assert (found.background_mean, found.true_bqml) == (
        MADE.nema.background[0].mean,
        BACKGROUND_BQML / 1.05,
    )


def test_the_uncertainty_is_the_scatter_of_drawn_fills_and_rois():
    level = MADE.nema.background[0]
    noisy = replace(MADE.nema, background=(replace(level, sd=0.06 * level.mean),))
    fill = TrueActivity(background_bqml=2500.0, background_sd_percent=1.5)
    rng = np.random.default_rng(3)
    means = level.mean + 0.06 * level.mean / np.sqrt(12) * rng.standard_normal(200_000)
    fills = 2500.0 * (1 + 0.015 * rng.standard_normal(200_000))

    found = calibration(noisy, fill, in_bqml=True)

    assert found.sd_percent == pytest.approx(np.std(100 * (means / fills - 1)), rel=0.01)


@pytest.mark.parametrize(
    ('truth', 'in_bqml'),
    [
        (None, True),
        (TrueActivity(20_000.0), True),
        (TrueActivity(20_000.0, 0.0), True),
        (TrueActivity(20_000.0, 2000.0), False),
    ],
)
def test_what_cannot_be_compared_has_no_calibration(truth, in_bqml):
    assert calibration(MADE.nema, truth, in_bqml=in_bqml) is None


def test_a_fill_without_uncertainty_gives_an_error_without_one():
    found = calibration(MADE.nema, TrueActivity(background_bqml=2000.0), in_bqml=True)

    assert found.sd_percent is None


def test_an_uncertainty_needs_that_of_the_rois_too():
    level = replace(MADE.nema.background[0], sd=None)
    alone = replace(MADE.nema, background=(level,))
    fill = TrueActivity(background_bqml=2000.0, background_sd_percent=1.5)

    assert calibration(alone, fill, in_bqml=True).sd_percent is None
    for nema in (
        None,
        replace(MADE.nema, background=()),
        replace(MADE.nema, background=(replace(level, mean=None),)),
    ):
        assert calibration(nema, fill, in_bqml=True) is None


# What is not known


@pytest.mark.parametrize(
    ('changes', 'known'),
    [
        ({'contrast_percent': None}, False),
        ({'variability_percent': None}, False),
        ({'variability_percent': 0.0}, False),
        ({'contrast_percent': 0.0}, True),
    ],
)
def test_detectability_needs_both_of_its_parts(changes, known):
    found = noise_figures(MADE.image, with_sphere(MADE, 5, **changes).nema)

    assert (found.detectability is not None) == known


@pytest.mark.parametrize(
    'changes',
    [
        {'roi_mean': None},
        {'background_mean': None},
        {'background_mean': 0.0},
        {'variability_percent': None},
        {'variability_percent': 0.0},
    ],
)
def test_a_sphere_without_its_background_has_no_cnr(changes):
    found = noise_figures(MADE.image, with_sphere(MADE, 2, **changes).nema)

    assert found.spheres[2].cnr is None
    assert found.spheres[2].label == 'S22'
    assert found.spheres[1].cnr is not None


@pytest.mark.parametrize(
    ('diameter_mm', 'hot', 'known'),
    [(10.2, True, True), (9.8, True, True), (10.3, True, False), (10.0, False, False)],
)
def test_the_smallest_sphere_is_a_hot_one_of_ten_millimeter(diameter_mm, hot, known):
    found = noise_figures(MADE.image, with_sphere(MADE, 5, diameter_mm=diameter_mm, hot=hot).nema)

    assert (found.detectability is not None) == known
    assert ('there is no hot sphere of 10 mm' in found.verdicts[0].not_judged) != known


def test_equal_contrasts_do_not_fall_and_cold_spheres_are_not_asked():
    third, fourth = MADE.nema.spheres[2:4]
    same = with_sphere(MADE, 2, roi_mean=fourth.roi_mean, background_mean=fourth.background_mean)
    cold = with_sphere(MADE, 2, roi_mean=0.1 * third.roi_mean, hot=False)

    assert noise_figures(MADE.image, same.nema).falling == ()
    assert noise_figures(MADE.image, cold.nema).falling == ()


def test_without_rois_there_is_no_cov():
    placement = replace(MADE.nema.placement, rois=())
    bare = replace(MADE.nema, placement=placement, background=(), true_ratio=4.0)
    found = noise_figures(MADE.image, bare)

    assert (found.cov_percent, found.cov_roi) == (None, '')
    assert (found.roi_cov_percent, found.lowest_roi_cov_percent) == (None, None)
    assert found.highest_roi_cov_percent is None
    not_measured = [one for one in found.verdicts if one.figure == 'cov_percent']
    assert not_measured
    assert all(one.not_judged == 'it could not be measured' for one in not_measured)


def test_a_guideline_has_one_limit_and_says_which_way():
    """Q_H,10 / N_10 at least, N and COV at most: as the shipped profiles have it."""
    senses = {(one.figure, one.sense) for one in FIGURES.verdicts}

    assert senses == {('variability_percent', '<='), ('cov_percent', '<='), ('detectability', '>=')}
    for one in FIGURES.verdicts:
        keeps = one.value <= one.limit if one.sense == '<=' else one.value >= one.limit
        assert one.passed is None or one.passed == keeps
