"""
Detection of the phantom without seeds.

The scans come from `synthetic`, which shares nothing with what is tested; the
500 poses of the record are in Testing/Benchmarks/bench_detect.py.
"""

from dataclasses import replace

import numpy as np
import pytest
from paths import SHARED
from VOIIdentificationLib.core.errors import SeedError
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Insert, Phantom, load_phantom
from VOIIdentificationLib.locate.detect import FoundRing, detect, find_ring
from VOIIdentificationLib.locate.ring import fit_ring
from VOIIdentificationLib.measure.voi import SphereFit
from VOIIdentificationLib.measure.voi_mask import Sphere
from VOIIdentificationLib.sphere_fit.fit import fit_spheres
from VOIIdentificationLib.synthetic.phantom import (
    PSF,
    Activities,
    Ball,
    Noise,
    Pose,
    Rod,
    SyntheticPhantom,
    grid,
    synthesize,
)

PHANTOM = load_phantom('NEMA IEC body')
LABELS = [insert.label for insert in PHANTOM.inserts]
COARSE = grid((96, 92, 60), (4.0, 4.2, 3.8))
SYRINGE = Rod((150.0, 60.0, 20.0), (0.6, 0.8, 0.0), 15.0, 60.0, 2e6)
VIALS = tuple(Ball((160.0, -40.0 + 45 * n, 10.0 * n), 20.0, 20000.0) for n in range(3))


def made(pose, *, contrast=4.0, cov=0.1, edge=1.0, geometry=COARSE, **scene):
    background = 0.0 if np.isinf(contrast) else 20000.0 / contrast
    noise = Noise(voxel_cov=cov, fwhm_mm=5.0, grows_with_signal=True, axial_edge_factor=edge)
    image, truth = synthesize(
        SyntheticPhantom(
            geometry=geometry,
            pose=pose,
            activities=Activities(hot=20000.0, background=background),
            psf=PSF(6.0),
            noise=noise,
            **scene,
        )
    )
    return image, {t.insert.label: t.center_ras_mm for t in truth.inserts}


def located(image, phantom):
    ring = detect(image, phantom)
    return ring.centers_ras_mm, ring.confidence


def ring_at(centers):
    """In place of `find_ring`: the preset's ring with these centers."""
    return lambda *_: FoundRing(PHANTOM, centers, 0.9, {})


def worst_distance(found, truth):
    return max(np.linalg.norm(np.subtract(found[label], truth[label])) for label in truth)


@pytest.mark.parametrize(
    ('pose', 'scene'),
    [
        (Pose(rotation_deg=200.0, tilt_deg=6.0), {}),
        (Pose(rotation_deg=75.0, tilt_deg=183.0, tilt_axis_deg=90.0), {'edge': 5.0}),
        (Pose(rotation_deg=-20.0, mirrored=True), {'distractors': VIALS, 'contrast': 8.0}),
        (
            Pose(rotation_deg=10.0, tilt_deg=25.0, tilt_axis_deg=40.0),
            {'distractors': (SYRINGE,), 'lung_diameter_mm': 0.0},
        ),
        (Pose(offset_ras_mm=(35.0, -30.0, 10.0)), {'contrast': np.inf, 'cov': 0.05}),
    ],
    ids=['head first', 'feet first', 'mirrored', 'syringe', 'no background'],
)
def test_phantom_is_found_without_seeds(pose, scene):
    image, truth = made(pose, **scene)

    found, confidence = located(image, PHANTOM)

    assert worst_distance(found, truth) < 1.5
    assert 0.7 < confidence < 1.0
    ring = fit_ring(found, PHANTOM, image.geometry)
    assert ring.radius_mm == pytest.approx(57.2, abs=0.5)
    assert ring.mirrored == (pose.mirrored or pose.tilt_deg > 90)


def test_cold_spheres_are_found_as_cold_ones():
    """The 28 and 37 mm spheres filled with water, as older standards have it."""
    cold_inserts = [replace(insert, hot=False) for insert in PHANTOM.inserts[:2]]
    old = replace(PHANTOM, inserts=(*cold_inserts, *PHANTOM.inserts[2:]))
    image, truth = made(Pose(rotation_deg=130.0), contrast=8.0, cov=0.05, phantom=old)

    found, _ = located(image, old)

    assert worst_distance(found, truth) < 1.5
    starts = [Sphere(i.label, found[i.label], i.diameter_mm) for i in cold_inserts]
    cold = fit_spheres(image, starts, hot=[False, False])
    assert all(fit.accepted and fit.signal < 0.2 * fit.background for fit in cold)


def test_scan_without_a_phantom_is_refused():
    balls = tuple(
        Ball(tuple(center), 24.0, 20000.0)
        for center in np.random.default_rng(3).uniform(-90, 90, (9, 3)).tolist()
    )
    empty = Phantom('nothing', (), ring_diameter_mm=114.4)
    image, _ = made(Pose(), phantom=empty, distractors=balls)

    with pytest.raises(SeedError, match='were not found'):
        detect(image, PHANTOM)


TWO = grid((112, 60, 40), (5.5, 5.3, 5.0), middle_ras_mm=(0.0, 0.0, 0.0))
COLD = load_phantom('NEMA IEC body, 28 and 37 mm cold')
BESIDE = Pose(rotation_deg=130.0, mirrored=True, offset_ras_mm=(150.0, 9.0, 21.0))


@pytest.mark.parametrize(
    ('second', 'scene'),
    [
        (BESIDE, {}),
        (BESIDE, {'phantom': COLD, 'contrast': 9.0}),
        (BESIDE, {'contrast': np.inf}),
        (Pose(tilt_deg=180.0, offset_ras_mm=(-140.0, 0.0, -15.0)), {'cov': 0.3}),
    ],
    ids=['mirrored', 'two cold spheres', 'without background', 'upside down and noisy'],
)
def test_of_two_phantoms_none_is_taken_for_the_only_one(second, scene):
    image, truth = made(Pose(offset_ras_mm=(-second.offset_ras_mm[0], 0.0, 0.0)), geometry=TWO)
    other, _ = made(second, geometry=TWO, **scene)
    both = replace(image, voxels=image.voxels + other.voxels)

    with pytest.raises(SeedError, match=r'two rings of spheres are in the image, (2[89]|30)\d mm'):
        detect(both, PHANTOM)
    seeds = np.array(list(truth.values())[1:4]) + 2.0
    assert worst_distance(find_ring(both, PHANTOM, seeds_ras_mm=seeds).centers_ras_mm, truth) < 5


def test_other_hot_things_beside_the_phantom_are_no_second_one():
    rods = [Rod((150.0, 40.0 * n - 60, 0.0), (0.0, 0.0, 1.0), 20.0, 60.0, 2e4) for n in range(4)]
    beside = (Rod((150.0, 0.0, 0.0), (0.0, 0.0, 1.0), 190.0, 150.0, 3000.0), *rods)
    image, truth = made(Pose(offset_ras_mm=(-140.0, 0.0, 0.0)), geometry=TWO, distractors=beside)

    assert worst_distance(located(image, PHANTOM)[0], truth) < 1.5


def test_values_that_cannot_be_computed_with_are_refused_in_words(monkeypatch):
    """At some 1e34 the contrasts overflow, and numpy gives up on the ring."""

    def overflow(*_args, **_named):
        msg = 'SVD did not converge'
        raise np.linalg.LinAlgError(msg)

    monkeypatch.setattr('VOIIdentificationLib.locate.ring_search.find_spots', overflow)
    huge = PETImage(np.full((5, 6, 7), 3e34, np.float32), VolumeGeometry((5, 6, 7), np.eye(4)))

    with pytest.raises(SeedError, match=r'values up to 3e\+34 are beyond'):
        detect(huge, PHANTOM)


def test_spheres_of_one_size_have_no_order_and_are_refused():
    alike = Phantom(
        'alike',
        tuple(Insert(i.label, 22.0, ring_angle_deg=i.ring_angle_deg) for i in PHANTOM.inserts),
        ring_diameter_mm=114.4,
    )
    image, _ = made(Pose(rotation_deg=17.0), phantom=alike, contrast=8.0)

    with pytest.raises(SeedError, match='which way round'):
        detect(image, alike)
    with pytest.raises(SeedError):
        detect(image, PHANTOM)


def test_a_ring_that_fits_in_one_order_alone_is_sure():
    """Three of the spheres, none of whose distances are alike."""
    inserts = tuple(i for i in PHANTOM.inserts if i.label in {'S37', 'S28', 'S17'})
    three = replace(PHANTOM, inserts=inserts)
    image, truth = made(Pose(rotation_deg=40.0), phantom=three, contrast=8.0)

    found, confidence = located(image, three)

    assert worst_distance(found, truth) < 1.5
    assert 0.7 < confidence < 1.0


def test_phantom_without_a_ring_cannot_be_detected():
    image, _ = made(Pose(), geometry=grid((30, 32, 20), (8.0, 8.0, 8.0)))

    with pytest.raises(SeedError, match='loose has no ring'):
        detect(image, Phantom('loose', (Insert('a', 10.0),)))


def test_spheres_that_are_found_where_they_must_be_are_fitted_once(monkeypatch):
    image, _ = made(Pose(rotation_deg=99.0), contrast=8.0)
    calls = []

    def counted(*args, **kwargs):
        calls.append(args)
        return fit_spheres(*args, **kwargs)

    monkeypatch.setattr('VOIIdentificationLib.locate.detect.fit_spheres', counted)

    detect(image, PHANTOM)

    assert len(calls) == 1


def test_spheres_are_fitted_again_if_they_were_not_found_where_they_must_be(monkeypatch):
    """From 5 mm off the fits of small spheres run too far; the large ones tell where they are."""
    image, truth = made(Pose(rotation_deg=99.0), contrast=8.0)
    off = {label: tuple(np.add(center, (3.0, -3.0, 2.6))) for label, center in truth.items()}
    monkeypatch.setattr('VOIIdentificationLib.locate.detect.find_ring', ring_at(off))

    found, confidence = located(image, PHANTOM)

    assert worst_distance(found, truth) < 0.5
    assert confidence == 0.9


def test_a_ring_whose_spheres_cannot_be_fitted_is_refused(monkeypatch):
    image, truth = made(Pose(rotation_deg=99.0), contrast=8.0)
    off = {label: tuple(np.add(center, (0.0, 0.0, 60.0))) for label, center in truth.items()}
    monkeypatch.setattr('VOIIdentificationLib.locate.detect.find_ring', ring_at(off))

    with pytest.raises(SeedError, match='only 0 of its spheres could be fitted'):
        detect(image, PHANTOM)


def test_a_fit_off_its_place_found_something_else_and_the_ring_says_where(monkeypatch):
    image, truth = made(Pose())
    off = {**truth, 'S10': tuple(np.add(truth['S10'], (0.0, 0.0, 8.0)).tolist())}

    def found_off(_image, starts, **_):
        return tuple(
            SphereFit(s.label, accepted=True, reason='', center_ras_mm=off[s.label]) for s in starts
        )

    monkeypatch.setattr('VOIIdentificationLib.locate.detect.find_ring', ring_at(truth))
    monkeypatch.setattr('VOIIdentificationLib.locate.detect.fit_spheres', found_off)

    found, _ = located(image, PHANTOM)

    assert worst_distance(found, truth) < 0.3


def test_nan_voxels_do_not_stop_the_detection():
    image, truth = made(Pose(rotation_deg=99.0))
    voxels = image.voxels.copy()
    voxels[:4] = np.nan
    voxels[20, 10:14, 10:14] = np.inf

    found, _ = located(PETImage(voxels, image.geometry), PHANTOM)

    assert worst_distance(found, truth) < 1.5


REAL_SCAN = SHARED / 'data' / 'pet_recon_1'
REAL_CENTERS = {
    'S37': (-55.00, -3.70, -5.50),
    'S28': (-25.19, -51.72, -2.07),
    'S22': (32.15, -49.81, -4.94),
    'S17': (59.26, 0.51, -4.06),
    'S13': (28.99, 48.73, -3.94),
    'S10': (-28.71, 46.86, -4.73),
}


@pytest.fixture(scope='module')
def real_scan():
    if not REAL_SCAN.is_dir():
        pytest.skip(f'the real scan is not at {REAL_SCAN}')
    from VOIIdentificationLib.dicom.read import read_pet_series

    return read_pet_series(REAL_SCAN)


def smoothed(voxels, fwhm_mm, spacing_ijk_mm):
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(voxels, fwhm_mm / 2.3548 / spacing_ijk_mm[::-1])


def with_double_noise(image):
    """What a 4 mm blur removes is taken for noise, and added once more."""
    return 2 * image.voxels - smoothed(image.voxels, 4.0, image.geometry.spacing_ijk_mm)


CHANGES = {
    'as it is': lambda image: image.voxels,
    'smoothed': lambda image: smoothed(image.voxels, 7.0, image.geometry.spacing_ijk_mm),
    'noisier': with_double_noise,
    'like SUV': lambda image: image.voxels * np.float32(3e-4),
    'no background': lambda image: image.voxels - np.float32(1677.0),
}


@pytest.mark.parametrize('change', CHANGES)
def test_real_scan_is_found_however_it_was_changed(real_scan, change):
    voxels = CHANGES[change](real_scan).astype(np.float32)

    found, _ = located(PETImage(voxels, real_scan.geometry), PHANTOM)

    assert worst_distance(found, REAL_CENTERS) < 0.3


@pytest.mark.parametrize('axis', [0, 1, 2])
def test_real_scan_is_found_when_its_voxels_are_flipped(real_scan, axis):
    geometry = real_scan.geometry
    flipped = PETImage(np.ascontiguousarray(np.flip(real_scan.voxels, axis)), geometry)
    mirrored = {}
    for label, center in REAL_CENTERS.items():
        index = geometry.index_ijk(center)
        index[2 - axis] = geometry.size_ijk[2 - axis] - 1 - index[2 - axis]
        mirrored[label] = geometry.position_ras_mm(index)

    found, _ = located(flipped, PHANTOM)

    assert worst_distance(found, mirrored) < 0.3
    assert fit_ring(found, PHANTOM, geometry).mirrored == (axis > 0)


def test_real_scan_cut_at_both_ends_is_found(real_scan):
    matrix = real_scan.geometry.ijk_to_ras.copy()
    matrix[:3, 3] = real_scan.geometry.position_ras_mm((0, 0, 20))
    voxels = real_scan.voxels[20:-20]

    found, _ = located(PETImage(voxels, VolumeGeometry(voxels.shape, matrix)), PHANTOM)

    assert worst_distance(found, REAL_CENTERS) < 0.3
