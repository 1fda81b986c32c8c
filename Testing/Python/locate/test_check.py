"""What the image says against labels, fillings and the voxel size."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import erf
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.phantom import Phantom, load_phantom
from VOIIdentificationLib.locate.check import check_inserts
from VOIIdentificationLib.locate.ring import fit_ring
from VOIIdentificationLib.locate.shells import Shells, effective_diameters_mm
from VOIIdentificationLib.measure.voi import seeded
from VOIIdentificationLib.sphere_fit.fit import fit_spheres
from VOIIdentificationLib.synthetic.phantom import synthesize
from VOIIdentificationLib.synthetic.psf import PSF
from VOIIdentificationLib.synthetic.scene import Activities, Noise, Pose, SyntheticPhantom, grid
from VOIIdentificationLib.synthetic.solids import Ball

PRESET = load_phantom('NEMA IEC body')
LOOSE = Phantom('loose', tuple(replace(i, ring_angle_deg=None) for i in PRESET.inserts))


def made(overshoot=0.0, seed=0, **more):
    scene = SyntheticPhantom(
        geometry=grid((76, 70, 36), (4.0, 4.1, 4.2)),
        pose=Pose(rotation_deg=40.0 * seed, tilt_deg=2.0),
        activities=Activities(hot=20000.0, background=5000.0),
        psf=PSF(5.5, 5.5, overshoot=overshoot),
        noise=Noise(0.1, 4.0, grows_with_signal=True),
        random_seed=seed,
        **more,
    )
    image, truth = synthesize(scene)
    return image, {true.insert.label: true.center_ras_mm for true in truth.inserts}


@pytest.fixture(scope='module')
def scan():
    return made()


def labeled(centers, **names):
    """Inserts at the centers; ``S37='S10'`` places the 37 mm sphere on the 10 mm one."""
    return [
        seeded(insert, centers[names.get(insert.label, insert.label)])
        for insert in LOOSE.inserts
        if names.get(insert.label, insert.label) in centers
    ]


def flags(checked):
    return {one.label: one.flags for one in checked.inserts if one.flags}


@pytest.mark.parametrize('overshoot', [0.0, 0.1, 0.2, 0.3])
def test_right_labels_are_left_alone_even_where_edges_overshoot(overshoot):
    image, centers = made(overshoot, seed=3)

    checked = check_inserts(image, labeled(centers), LOOSE, None)

    assert (flags(checked), checked.flags) == ({}, ())
    (only,) = checked.notes  # these spheres stand alone
    assert 'stand on no ring' in only


def test_exchanged_labels_are_named_without_any_ring(scan):
    image, centers = scan

    checked = check_inserts(image, labeled(centers, S37='S13', S13='S37'), LOOSE, None)

    assert flags(checked) == {'S37': (Flag.SEED_MISNAMED,), 'S13': (Flag.SEED_MISNAMED,)}
    assert 'S37 of 37 mm looks like a sphere of 13 mm' in checked.notes[0]


def test_a_place_without_voxels_does_not_keep_the_others_from_being_judged(scan):
    image, centers = scan
    index = np.indices(image.voxels.shape)[::-1].reshape(3, -1).T
    away = np.linalg.norm(image.geometry.position_ras_mm(index) - centers['S22'], axis=1) > 28
    voxels = np.where(away.reshape(image.voxels.shape), image.voxels, np.nan)

    checked = check_inserts(
        replace(image, voxels=voxels), labeled(centers, S37='S13', S13='S37'), LOOSE, None
    )

    assert flags(checked) == {'S37': (Flag.SEED_MISNAMED,), 'S13': (Flag.SEED_MISNAMED,)}


def test_a_place_without_a_sphere_is_flagged(scan):
    image, centers = scan
    air = {**centers, 'S17': (50.0, 20.0, -60.0), 'S28': (0.0, 60.0, -45.0)}

    checked = check_inserts(image, labeled(air), LOOSE, None)

    assert flags(checked) == {'S17': (Flag.NOTHING_SEEN,), 'S28': (Flag.NOTHING_SEEN,)}


def test_a_wrong_diameter_is_contradicted_by_the_others(scan):
    image, centers = scan
    typed = tuple(replace(i, diameter_mm=73.0) if i.label == 'S37' else i for i in LOOSE.inserts)
    inserts = [seeded(insert, centers[insert.label]) for insert in typed]

    checked = check_inserts(image, inserts, replace(LOOSE, inserts=typed), None)

    assert flags(checked) == {'S37': (Flag.SIGNAL_DEVIATES,)}
    assert 'S37 of 73 mm looks like a sphere of 37 mm' in checked.notes[0]


@pytest.mark.parametrize(
    ('label', 'part', 'flagged'),
    [('S37', 0.78, True), ('S28', 1.2, True), ('S22', 0.8, True), ('S37', 0.95, False)],
)
def test_another_concentration_in_a_large_sphere_is_flagged(label, part, flagged):
    inserts = {insert.label: insert for insert in PRESET.inserts}
    _, centers = made(seed=1)
    other = Ball(centers[label], inserts[label].diameter_mm, (part - 1.0) * 20_000.0)
    image, _ = made(seed=1, distractors=(other,))

    checked = check_inserts(image, labeled(centers), LOOSE, None)

    assert flags(checked) == ({label: (Flag.SIGNAL_DEVIATES,)} if flagged else {})


def test_a_hot_sphere_taken_for_cold_is_flagged(scan):
    image, centers = scan
    inserts = labeled(centers)
    inserts[2] = replace(inserts[2], insert=replace(inserts[2].insert, hot=False))

    assert flags(check_inserts(image, inserts, LOOSE, None)) == {'S22': (Flag.FILLING_DIFFERS,)}


def test_what_is_said_of_a_seed_already_is_not_said_twice(scan):
    image, centers = scan
    inserts = labeled(centers, S37='S13', S13='S37')
    inserts[0] = replace(inserts[0], flags=(Flag.SEED_MISNAMED,))

    checked = check_inserts(image, inserts, LOOSE, None)

    assert checked.inserts[0].flags == (Flag.SEED_MISNAMED,)
    assert not any(note.startswith('S37') for note in checked.notes)


@pytest.mark.parametrize(('scale', 'flagged'), [(1.0, False), (1.008, False), (1.025, True)])
def test_a_wrong_voxel_size_shows_in_the_ring(scan, scale, flagged):
    image, centers = scan
    geometry = VolumeGeometry(
        image.geometry.shape_kji, np.diag([scale, scale, scale, 1.0]) @ image.geometry.ijk_to_ras
    )
    found = {n: tuple((scale * np.array(c)).tolist()) for n, c in centers.items()}
    inserts = [seeded(insert, found[insert.label]) for insert in PRESET.inserts]
    pose = fit_ring(found, PRESET, geometry)

    checked = check_inserts(replace(image, geometry=geometry), inserts, PRESET, pose)

    assert (Flag.RING_SCALE in checked.flags) == flagged
    if flagged:
        assert 'radius of 58.63 mm in the image, 57.20 mm in the phantom' in checked.notes[-1]
        assert 'wrong by +2.5 %' in checked.notes[-1]


def test_a_ring_that_scatters_says_little_of_the_scale(scan):
    image, centers = scan
    inserts = [seeded(insert, centers[insert.label]) for insert in PRESET.inserts]
    pose = replace(fit_ring(centers, PRESET, image.geometry), radius_mm=58.6, radius_sd_mm=0.5)

    assert check_inserts(image, inserts, PRESET, pose).flags == ()
    sure = replace(pose, radius_sd_mm=0.4)
    assert check_inserts(image, inserts, PRESET, sure).flags == (Flag.RING_SCALE,)


def resized(factor):
    """The phantom with all diameters off by one factor."""
    return replace(
        LOOSE,
        inserts=tuple(replace(i, diameter_mm=factor * i.diameter_mm) for i in LOOSE.inserts),
    )


@pytest.mark.parametrize('factor', [0.9, 0.95, 1.06, 1.1])
def test_diameters_that_are_all_off_alike_are_flagged(scan, factor):
    image, centers = scan
    phantom = resized(factor)
    inserts = [seeded(insert, centers[insert.label]) for insert in phantom.inserts]

    checked = check_inserts(image, inserts, phantom, None)

    assert all(one.flags for one in checked.inserts)
    assert Flag.DIAMETER_DEVIATES in flags(checked)['S37']
    said = next(note for note in checked.notes if 'off the diameters of the phantom' in note)
    off = float(said.split(' are ')[1].split(' %')[0])
    assert off == pytest.approx(100 * (1 / factor - 1), abs=2.5)


def test_the_effective_diameter_is_that_of_the_ball_whatever_the_blur():
    """Blurred by a Gaussian in closed form: the radial profile of a ball (its own formula)."""
    radius, background, wall = 18.5, 2.0, 1.0
    r = np.arange(0.5, 27.0)
    for sigma in (1.5, 2.5, 3.5):
        ball, outer = (_blurred(r, edge, sigma) for edge in (radius, radius + wall))
        value = background * (1 - outer) + 9.0 * ball
        shells = Shells(r[None], value[None], (r[None] ** 2).round() + 1)
        for factor in (0.9, 1.0, 1.1):
            labeled_mm = np.array([2 * radius * factor])
            found = effective_diameters_mm(shells, labeled_mm)
            assert found == pytest.approx([2 * radius], rel=0.015)


@pytest.mark.parametrize(
    'voxel_mm', [(4.0, 4.1, 20.0), (10.0, 10.5, 9.0), (5.0, 14.0, 5.0), (40.0, 60.0, 42.0)]
)
def test_coarse_voxels_are_checked_without_an_error(voxel_mm):
    shape = tuple(int(300 / length) for length in voxel_mm)
    scene = SyntheticPhantom(geometry=grid(shape, voxel_mm), noise=Noise(0.05, 5.0))
    image, truth = synthesize(scene)
    inserts = [seeded(true.insert, true.center_ras_mm) for true in truth.inserts]

    checked = check_inserts(image, inserts, LOOSE, None)

    assert len(checked.inserts) == 6
    assert len(fit_spheres(image, [one.solid for one in inserts])) == 6


def _blurred(r, radius, sigma):
    """A ball of 1, convolved with a Gaussian, at distances from its center."""
    inside = (
        erf((radius - r) / (sigma * np.sqrt(2))) + erf((radius + r) / (sigma * np.sqrt(2)))
    ) / 2
    rims = np.exp(-((radius - r) ** 2) / (2 * sigma**2)) - np.exp(
        -((radius + r) ** 2) / (2 * sigma**2)
    )
    return inside - sigma / (r * np.sqrt(2 * np.pi)) * rims


@pytest.mark.parametrize(
    ('fwhm_mm', 'hot', 'cov'), [(4.0, 4000.0, 0.3), (9.0, 8000.0, 0.2), (7.0, 16000.0, 0.1)]
)
def test_right_diameters_are_left_alone_whatever_noise_and_blur(fwhm_mm, hot, cov):
    scene = SyntheticPhantom(
        geometry=grid((76, 70, 36), (4.0, 4.1, 4.2)),
        activities=Activities(hot=hot, background=2000.0),
        psf=PSF(fwhm_mm, fwhm_mm),
        noise=Noise(cov, 4.0),
        random_seed=int(fwhm_mm),
    )
    image, truth = synthesize(scene)
    inserts = [seeded(true.insert, true.center_ras_mm) for true in truth.inserts]

    checked = check_inserts(image, inserts, LOOSE, None)

    assert not any(Flag.DIAMETER_DEVIATES in one.flags for one in checked.inserts)


@pytest.mark.parametrize(
    ('factor', 'flagged'), [(0.9, True), (1.0, False), (1.02, False), (1.1, True)]
)
def test_a_ring_that_is_not_the_phantoms_is_flagged_without_a_model_fit(scan, factor, flagged):
    image, centers = scan
    phantom = replace(PRESET, ring_diameter_mm=factor * PRESET.ring_diameter_mm)
    inserts = [seeded(insert, centers[insert.label]) for insert in phantom.inserts]

    checked = check_inserts(image, inserts, phantom, None)

    assert (Flag.RING_SCALE in checked.flags) == flagged
