"""Fillings of the editions of NEMA NU 2, in images that show one or the other."""

from dataclasses import replace
from functools import cache

import pytest
from made_quality import quality_result, with_sphere
from VOIIdentificationLib.activity.worksheet import TrueActivity
from VOIIdentificationLib.analysis import Known, analyze
from VOIIdentificationLib.core.phantom import Seed, load_phantom
from VOIIdentificationLib.core.settings import Settings
from VOIIdentificationLib.evaluate.editions import EDITIONS, filling_contradictions
from VOIIdentificationLib.synthetic.phantom import (
    PSF,
    Activities,
    Noise,
    SyntheticPhantom,
    grid,
    synthesize,
)

HOT = load_phantom('NEMA IEC body')
COLD = replace(HOT, inserts=tuple(replace(one, hot=one.diameter_mm < 25.0) for one in HOT.inserts))
TRUTH = TrueActivity(20_000.0, 5000.0, 2.0, 2.0, 4.0, 1.0)


@cache
def filled(phantom):
    scene = SyntheticPhantom(
        geometry=grid((104, 84, 24), (3.2, 3.2, 4.0), middle_ras_mm=(0.0, 0.0, 0.0)),
        phantom=phantom,
        activities=Activities(hot=20_000.0, background=5000.0),
        psf=PSF(5.0),
        noise=Noise(voxel_cov=0.05, fwhm_mm=4.0),
    )
    image, truth = synthesize(scene)
    return image, tuple(Seed(one.insert.label, one.center_ras_mm) for one in truth.inserts)


def found(phantom, described, edition):
    image, seeds = filled(phantom)
    settings = Settings(refinement='none', edition=edition)
    return analyze(image, seeds, described, settings, known=Known(activity=TRUTH))


@pytest.mark.parametrize(
    ('phantom', 'edition'), [(HOT, None), (HOT, '2018'), (COLD, '2007'), (COLD, '2012')]
)
def test_the_filling_of_the_edition_is_no_contradiction(phantom, edition):
    result = found(phantom, phantom, edition)

    assert result.contradictions == ()
    assert result.nema.edition == EDITIONS[edition or '2018']
    assert [one.shown_hot for one in result.nema.spheres] == [i.hot for i in phantom.inserts]


def test_cold_spheres_contradict_the_edition_of_today():
    (said,) = found(COLD, COLD, None).contradictions

    assert said.startswith('NU 2-2018 has all spheres hot, but the image shows S37, S28 cold')
    assert 'choose the edition that fits (NU 2-2007, NU 2-2012)' in said


def test_hot_spheres_contradict_an_older_edition():
    (said,) = found(HOT, HOT, '2012').contradictions

    assert 'NU 2-2012 has the 28 and 37 mm spheres cold, but the image shows S37, S28 hot' in said
    assert 'choose the edition that fits (NU 2-2018)' in said


def test_a_cold_sphere_that_is_described_as_hot_is_told():
    result = found(COLD, HOT, '2012')

    said = [*result.contradictions, *result.notes]
    assert any('S37' in one and 'cold' in one for one in said)


def test_one_sphere_that_was_not_filled_fits_no_edition():
    one = replace(HOT.inserts[2], hot=False)
    phantom = replace(HOT, inserts=(*HOT.inserts[:2], one, *HOT.inserts[3:]))

    (said,) = found(phantom, phantom, None).contradictions

    assert 'S22 cold: check the filling' in said


def test_a_phantom_may_carry_its_edition_and_the_setting_goes_before():
    described = replace(COLD, edition='2012')

    assert found(COLD, described, None).contradictions == ()
    assert found(COLD, described, '2018').nema.edition.name == 'NU 2-2018'


def test_another_ratio_is_a_note():
    image, seeds = filled(HOT)
    known = Known(activity=replace(TRUTH, hot_bqml=40_000.0, ratio=8.0))
    settings = Settings(refinement='none')

    notes = analyze(image, seeds, HOT, settings, known=known).nema.notes

    assert 'NU 2-2018 is filled 4 : 1; here the true ratio is 8.00 : 1' in notes


@pytest.mark.parametrize(
    ('edition', 'cold_mm', 'hot_mm'),
    [('2007', (37.2, 27.8), (37.3, 27.7, 22.0)), ('2018', (), (37.0, 28.0))],
)
def test_a_sphere_is_that_of_the_edition_within_a_quarter_of_a_millimeter(edition, cold_mm, hot_mm):
    found = EDITIONS[edition]
    assert [found.is_hot(one) for one in (*cold_mm, *hot_mm)] == [False] * len(cold_mm) + [
        True
    ] * len(hot_mm)


@pytest.mark.parametrize(
    ('edition', 'ratio', 'noted'),
    [('2012', 8.0, False), ('2012', 4.3, False), ('2012', 6.0, True), ('2018', 4.5, True)],
)
def test_each_ratio_of_an_edition_is_one_that_it_is_filled_with(edition, ratio, noted):
    image, seeds = filled(COLD if edition == '2012' else HOT)
    known = Known(activity=replace(TRUTH, hot_bqml=5000.0 * ratio, ratio=ratio))
    settings = Settings(refinement='none', edition=edition)
    phantom = COLD if edition == '2012' else HOT

    notes = analyze(image, seeds, phantom, settings, known=known).nema.notes

    assert (
        any(
            f'is filled {"4 : 1 or 8 : 1" if edition == "2012" else "4 : 1"}' in one
            for one in notes
        )
        == noted
    )


def sentences(**changes):
    """Of a phantom whose spheres are all hot, but for what is said of two."""
    made = quality_result()
    for n in (0, 2):
        made = with_sphere(made, n, **changes)
    return filling_contradictions(made.nema)


def test_a_description_that_the_image_contradicts_is_told_with_both_words():
    assert sentences() == ()
    (said,) = sentences(hot=False)
    assert said == (
        'the phantom is described with S37, S22 cold, but the image shows hot: '
        'correct the description, or check the labels.'
    )
    edition, described = sentences(roi_mean=100.0)
    assert edition == (
        'NU 2-2018 has all spheres hot, but the image shows S37, S22 cold: check the filling.'
    )
    assert described == (
        'the phantom is described with S37, S22 hot, but the image shows cold: '
        'correct the description, or check the labels.'
    )


def test_a_sphere_that_is_not_plain_contradicts_nothing():
    level = quality_result().nema.spheres[0].background_mean
    assert sentences(roi_mean=0.95 * level, hot=False) == ()
