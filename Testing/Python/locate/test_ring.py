"""The spheres as one ring, against rings laid out here by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.phantom import Insert, Phantom, load_phantom
from VOIIdentificationLib.locate.ring import MAX_RING_DEVIATION_MM, fit_ring, predict, ring_inserts

PHANTOM = load_phantom('NEMA IEC body')
GEOMETRY = VolumeGeometry((30, 40, 50), np.diag([-2.0, -2.1, 3.0, 1.0]))

# Centers of the real scan, RAS mm, 37 to 10 mm, by an independent fit.
REAL_SCAN = {
    'S37': (-55.00, -3.70, -5.50),
    'S28': (-25.19, -51.72, -2.07),
    'S22': (32.15, -49.81, -4.94),
    'S17': (59.26, 0.51, -4.06),
    'S13': (28.99, 48.73, -3.94),
    'S10': (-28.71, 46.86, -4.73),
}


def ring(rotation_deg=0.0, tilt_deg=0.0, *, mirrored=False, middle=(0, 0, 0), radius_mm=57.2):
    """Centers by label: mirrored, turned about S, tilted about R, moved."""
    centers = {}
    for n, insert in enumerate(PHANTOM.inserts):
        angle = np.radians(60.0 * n)
        x = -np.cos(angle) if mirrored else np.cos(angle)
        own = radius_mm * np.array([x, np.sin(angle), 0.0])
        there = (
            Rotation.from_euler('zx', [rotation_deg, tilt_deg], degrees=True).apply(own) + middle
        )
        centers[insert.label] = tuple(there.tolist())
    return centers


@settings(max_examples=40, deadline=None)
@given(st.floats(-179, 179), st.floats(0, 60), st.booleans(), st.tuples(*[st.floats(-99, 99)] * 3))
def test_exact_ring_is_found_in_any_pose(rotation_deg, tilt_deg, mirrored, middle):
    centers = ring(rotation_deg, tilt_deg, mirrored=mirrored, middle=middle)

    pose = fit_ring(centers, PHANTOM, GEOMETRY)

    assert pose.center_ras_mm == pytest.approx(middle, abs=1e-6)
    assert pose.radius_mm == pytest.approx(57.2, abs=1e-6)
    assert pose.tilt_deg == pytest.approx(tilt_deg, abs=1e-3)
    assert pose.mirrored == mirrored
    assert max(d for _, d in pose.deviations_mm) < 1e-6
    for label, center in predict(pose, PHANTOM).items():
        assert center == pytest.approx(centers[label], abs=1e-6)


def test_rotation_counts_from_r_to_a():
    assert fit_ring(ring(33.0), PHANTOM, GEOMETRY).rotation_deg == pytest.approx(33.0)


def test_sphere_off_its_place_is_measured_not_forced():
    centers = ring(20.0, 5.0)
    normal = Rotation.from_euler('x', 5.0, degrees=True).apply((0, 0, 1))
    centers['S28'] = tuple(np.add(centers['S28'], 3.0 * normal).tolist())

    pose = fit_ring(centers, PHANTOM, GEOMETRY)

    deviations = dict(pose.deviations_mm)
    assert deviations.pop('S28') == pytest.approx(3.0, abs=0.2)
    assert max(deviations.values()) < 0.15


def test_real_scan_has_its_28_mm_sphere_out_of_plane():
    """The five others lie within 0.4 mm of a ring of 57.12 +- 0.12 mm radius."""
    pose = fit_ring(REAL_SCAN, PHANTOM, GEOMETRY)

    deviations = dict(pose.deviations_mm)
    assert deviations.pop('S28') > MAX_RING_DEVIATION_MM
    assert max(deviations.values()) < 0.5
    assert pose.radius_mm == pytest.approx(57.12, abs=0.12)
    assert not pose.mirrored


def test_two_seeds_that_changed_places_are_named():
    centers = ring(-70.0, 10.0, middle=(5, -8, 30))
    centers['S37'], centers['S10'] = centers['S10'], centers['S37']

    pose = fit_ring(centers, PHANTOM, GEOMETRY)

    assert [label for label, d in pose.deviations_mm if d > MAX_RING_DEVIATION_MM] == ['S37', 'S10']


def test_opposite_seeds_that_changed_places_do_not_bend_the_ring():
    centers = ring(25.0)
    centers['S37'], centers['S17'] = centers['S17'], centers['S37']
    del centers['S13']

    pose = fit_ring(centers, PHANTOM, GEOMETRY)

    assert [label for label, d in pose.deviations_mm if d > MAX_RING_DEVIATION_MM] == ['S37', 'S17']
    assert pose.center_ras_mm == pytest.approx((0, 0, 0), abs=0.1)


def test_three_spheres_are_enough_to_predict_the_rest():
    centers = ring(140.0, 12.0, mirrored=True, middle=(10, 20, -30))
    some = {label: centers[label] for label in ('S37', 'S13', 'S10')}

    pose = fit_ring(some, PHANTOM, GEOMETRY)

    for label, center in predict(pose, PHANTOM).items():
        assert center == pytest.approx(centers[label], abs=1e-6)


def test_three_spheres_take_the_radius_from_the_phantom_and_four_measure_it():
    centers = ring(radius_mm=57.9)
    three = dict(list(centers.items())[:3])

    assert fit_ring(three, PHANTOM, GEOMETRY).radius_mm == pytest.approx(57.2)
    measured = fit_ring(centers, PHANTOM, GEOMETRY)
    assert measured.radius_mm == pytest.approx(57.9)
    assert predict(measured, PHANTOM)['S10'] == pytest.approx(centers['S10'], abs=1e-6)


def test_two_spheres_are_no_ring():
    two = dict(list(ring().items())[:2])

    assert fit_ring(two, PHANTOM, GEOMETRY) is None


def test_phantom_without_a_ring_has_no_pose():
    loose = Phantom('loose', (Insert('a', 10.0), Insert('b', 20.0), Insert('c', 30.0)))

    assert ring_inserts(loose) == ()
    assert fit_ring({'a': (0, 0, 0), 'b': (9, 0, 0), 'c': (0, 9, 0)}, loose, GEOMETRY) is None


def test_the_uncertainty_of_the_radius_is_the_scatter_of_repeated_fits():
    phantom = load_phantom('NEMA IEC body')
    angles = np.radians([insert.ring_angle_deg for insert in phantom.inserts])
    ring = 57.2 * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    labels = [insert.label for insert in phantom.inserts]
    rng = np.random.default_rng(0)
    grid_ = VolumeGeometry((9, 9, 9), np.eye(4))

    poses = [
        fit_ring(
            dict(zip(labels, ring + rng.normal(0, 0.15, ring.shape), strict=True)), phantom, grid_
        )
        for _ in range(150)
    ]

    scatter = np.std([pose.radius_mm for pose in poses])
    assert np.mean([pose.radius_sd_mm for pose in poses]) == pytest.approx(scatter, rel=0.2)
    three = dict(zip(labels[:3], ring[:3], strict=True))
    assert fit_ring(three, phantom, grid_).radius_sd_mm is None
