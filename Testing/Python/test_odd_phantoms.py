"""Phantoms and seeds that are not as they should be, from the image to the whole result."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from VOIIdentificationLib.activity.worksheet import given_activity
from VOIIdentificationLib.analysis import Known, analyze
from VOIIdentificationLib.core.errors import SeedError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.phantom import Seed, load_phantom
from VOIIdentificationLib.synthetic.phantom import (
    PSF,
    Activities,
    Ball,
    Noise,
    Pose,
    SyntheticPhantom,
    synthesize,
)
from VOIIdentificationLib.synthetic.scene import grid

PRESET = load_phantom('NEMA IEC body')
LABELS = [insert.label for insert in PRESET.inserts]
HOT, BACKGROUND = 20_000.0, 2000.0


def made(**scene):
    """The phantom with a little noise, its body cut at the top and the bottom."""
    given = {
        'geometry': grid((74, 64, 30), (4.3, 4.1, 4.2), middle_ras_mm=(0.0, 0.0, -20.0)),
        'pose': Pose(rotation_deg=25.0),
        'activities': Activities(hot=HOT, background=BACKGROUND),
        'psf': PSF(6.0),
        'noise': Noise(0.05, 5.0),
    }
    image, truth = synthesize(SyntheticPhantom(**(given | scene)))
    return image, {one.insert.label: one.center_ras_mm for one in truth.inserts}


@cache
def scan():
    return made()


def seeds_of(centers, **elsewhere):
    """A seed 2 mm off each center, or where it is wanted."""
    beside = {label: tuple(np.add(at, (1.2, -1.2, 1.1))) for label, at in centers.items()}
    return [Seed(label, at) for label, at in (beside | elsewhere).items()]


def flags(result):
    return {one.label: set(one.flags) for one in result.spheres if one.flags}


def test_a_seed_that_lies_on_no_sphere_does_not_move_the_slice_of_the_others():
    image, centers = scan()
    plain = analyze(image, seeds_of(centers), PRESET)

    odd = analyze(image, seeds_of(centers, S13=(0.0, -85.0, -60.0)), PRESET)

    assert flags(plain) == {}
    assert flags(odd).keys() == {'S13'}
    assert Flag.SEED_ASTRAY in flags(odd)['S13']
    assert odd.nema.placement.central_slice_k == plain.nema.placement.central_slice_k
    pairs = zip(plain.nema.spheres, odd.nema.spheres, strict=True)
    for one, other in ((a, b) for a, b in pairs if a.label != 'S13'):
        assert other.roi_mean == pytest.approx(one.roi_mean, rel=1e-4)
        assert other.background_mean == pytest.approx(one.background_mean, rel=0.01)


def test_a_sphere_that_is_not_there_is_measured_where_its_seed_is_and_flagged():
    inserts = tuple(one for one in PRESET.inserts if one.label != 'S10')
    image, _ = made(phantom=replace(PRESET, inserts=inserts))

    result = analyze(image, seeds_of(scan()[1]), PRESET)

    assert [one.label for one in result.spheres] == LABELS
    assert flags(result).keys() == {'S10'}
    assert 'Nothing stands out where S10 must be' in ' '.join(result.notes)
    assert 'ot measured' not in ' '.join(result.notes)
    assert result.nema is not None


@pytest.mark.parametrize('seeded', [True, False])
def test_an_air_bubble_is_flagged_and_its_sphere_not_judged(seeded):
    """A ball of 14 mm without activity at the top of the 28 mm sphere, an eighth of it."""
    image, centers = scan()
    top = tuple(np.add(centers['S28'], (0.0, 7.0, 0.0)))
    odd, _ = made(distractors=(Ball(top, 14.0, -HOT),))
    known = Known(activity=given_activity(HOT, BACKGROUND))

    plain, found = (
        analyze(one, seeds_of(centers) if seeded else (), PRESET, known=known)
        for one in (image, odd)
    )

    assert Flag.PART_MISSING in flags(found)['S28']
    assert Flag.PART_MISSING not in set().union(*flags(plain).values())
    verdicts = {one.label: one.verdicts for one in found.recovery.spheres}
    assert all(one.passed is None for one in verdicts['S28'])
    assert all(one.passed is not None for one in verdicts['S37'])


@pytest.mark.parametrize(
    ('first', 'last', 'factor'),
    [(0, 1, 1.2), (1, 2, 0.5), (4, 5, 0.0), (-3, -2, 0.1), (2, 99, 2.0), (-99, 0, 0.8)],
)
def test_slices_that_are_scaled_otherwise_leave_nothing_to_be_judged(first, last, factor):
    image, centers = scan()
    central = int(np.rint(image.geometry.index_ijk(centers['S37'])[2]))
    voxels = image.voxels.copy()
    voxels[max(central + first, 0) : central + last] *= np.float32(factor)
    known = Known(activity=given_activity(HOT, BACKGROUND))

    result = analyze(replace(image, voxels=voxels), seeds_of(centers), PRESET, known=known)

    (said,) = [one for one in result.contradictions if 'scaled otherwise' in one]
    edges = {central + first, central + last}
    assert int(said.split('slice ')[1].split()[0]) - 1 in edges | {k - 1 for k in edges}
    assert all(one.passed is None for s in result.recovery.spheres for one in s.verdicts)


@pytest.mark.parametrize(('cov', 'thickness_mm'), [(0.6, 4.2), (0.3, 8.0), (0.0, 2.0)])
def test_noise_alone_makes_no_slice_odd(cov, thickness_mm):
    geometry = grid((74, 64, int(126 / thickness_mm)), (4.3, 4.1, thickness_mm))
    image, centers = made(geometry=geometry, noise=Noise(cov, 6.0, axial_edge_factor=3.0))

    assert analyze(image, seeds_of(centers), PRESET).contradictions == ()


def test_empty_slices_are_told_without_a_warning(recwarn):
    image, centers = scan()
    voxels = image.voxels.copy()
    voxels[3], voxels[24] = np.nan, 0.0

    result = analyze(replace(image, voxels=voxels), seeds_of(centers), PRESET)

    assert [str(one.message) for one in recwarn] == []
    assert result.nema.lung.mean_error_percent is not None


def test_a_diameter_ten_times_too_large_is_named_without_a_warning(recwarn):
    typed = tuple(replace(i, diameter_mm=100.0) if i.label == 'S10' else i for i in PRESET.inserts)

    with pytest.raises(SeedError, match='S10 has 100 mm in the phantom and about 10 mm'):
        analyze(scan()[0], (), replace(PRESET, inserts=typed))
    assert [str(one.message) for one in recwarn] == []


@pytest.mark.parametrize('seed', [1, 5, 6])
def test_a_maximum_of_the_noise_is_not_taken_for_a_sphere_without_a_word(seed):
    """At 1.5 : 1 and a COV of 40 % only one or two spheres are strong: no ring holds the others."""
    image, centers = made(
        geometry=grid((76, 70, 50), (4.0, 4.1, 4.2)),
        activities=Activities(hot=7500.0, background=5000.0),
        noise=Noise(0.4, 5.0),
        pose=Pose(rotation_deg=70.0 * seed),
        random_seed=seed,
    )

    result = analyze(image, seeds_of(centers), PRESET)

    assert result.pose is None
    for one in result.spheres:
        off_mm = np.linalg.norm(np.subtract(one.center_ras_mm, centers[one.label]))
        assert one.flags or off_mm < 3.0


def test_a_sphere_larger_than_any_of_the_phantom_is_named():
    """The 60 mm sphere of the Lu-177 set-up fills all that is compared at its place."""
    geometry = grid((80, 76, 40), (4.1, 4.0, 4.2), middle_ras_mm=(0.0, 0.0, -20.0))
    image, _ = made(geometry=geometry, phantom=load_phantom('EARL Lu-177 SPECT'))

    with pytest.raises(SeedError, match='mm in the phantom and about 60 mm'):
        analyze(image, (), PRESET)


def test_an_order_that_a_wrong_filling_suggests_is_flagged_sphere_by_sphere():
    """The 37 mm sphere 1.4 times as hot makes the image fit an order that is one place off."""
    geometry = grid((76, 70, 50), (4.0, 4.1, 4.2))
    given = {'geometry': geometry, 'pose': Pose(), 'activities': Activities(HOT, 0.0, 5000.0)}
    hotter = Ball((57.2, 0.0, 0.0), 37.0, 0.4 * HOT)
    image, centers = made(**given, distractors=(hotter,))

    for one in analyze(image, (), PRESET).spheres:
        off_mm = np.linalg.norm(np.subtract(one.center_ras_mm, centers[one.label]))
        assert one.flags or off_mm < 1.0
