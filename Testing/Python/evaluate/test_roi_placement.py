"""
Placement of the background ROIs.

The body and the spheres are drawn here from formulas; every distance that the
placement reports is measured again on them.
"""

import numpy as np
import pytest
from drawn_body import LUNG_MM, Pose, distances_again, draw, random_pose, to_the_edge_mm
from VOIIdentificationLib.core.errors import SeedError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.phantom import Seed
from VOIIdentificationLib.evaluate.phantom_outline import find_outline, slice_plane
from VOIIdentificationLib.evaluate.roi_packing import pack_circles
from VOIIdentificationLib.evaluate.roi_placement import place_background
from VOIIdentificationLib.measure.voi_mask import Sphere

FLAGS = {Flag.ROI_NEAR_EDGE, Flag.ROI_NEAR_SPHERE, Flag.ROI_NEAR_LUNG, Flag.ROI_OVERLAPS}


@pytest.mark.parametrize('seed', range(6))
def test_rules_are_kept_or_flagged_and_nothing_overlaps(seed):
    """Any turn of ring and body; noise of 35 %. 200 poses: bench_background.py."""
    pose = random_pose(np.random.default_rng(seed))
    image, spheres = draw(pose, noise=0.35, seed=seed)

    placement = place_background(image, spheres)

    assert len(placement.rois) == 12
    again = distances_again(pose, placement)
    for n, roi in enumerate(placement.rois):
        edge, sphere, lung, neighbor = (distance[n] for distance in again)
        reported = (roi.edge_distance_mm, roi.sphere_distance_mm, roi.lung_distance_mm)
        assert reported == pytest.approx((edge, sphere, lung), abs=2.0)
        assert roi.neighbor_distance_mm == pytest.approx(neighbor, abs=1e-6)
        assert min(edge, sphere, lung) > 5.0
        assert neighbor >= 0
        assert roi.flags == ()  # twelve cannot keep all rules: no doubt of every run
        near = min(roi.edge_distance_mm, roi.sphere_distance_mm) < 15
        assert any(roi.name in note for note in placement.notes) == near
    assert not FLAGS & set(placement.flags)
    assert sum(roi.edge_distance_mm >= 15 <= roi.sphere_distance_mm for roi in placement.rois) >= 7


def test_rois_that_the_user_leaves_where_they_were_placed_are_flagged():
    """Who moves one answers for all."""
    image, spheres = draw(Pose())
    placed = place_background(image, spheres)
    wanted = [Seed(roi.name, roi.center_ras_mm) for roi in placed.rois]

    again = place_background(image, spheres, positions=wanted)

    for roi in again.rois:
        assert (roi.edge_distance_mm < 15 - 1e-6) == (Flag.ROI_NEAR_EDGE in roi.flags)
        assert (roi.sphere_distance_mm < 15 - 1e-6) == (Flag.ROI_NEAR_SPHERE in roi.flags)
    assert any(roi.flags for roi in again.rois)


def test_the_same_image_gives_the_same_rois():
    image, spheres = draw(Pose())

    first, second = (place_background(image, spheres) for _ in range(2))

    assert first == second


def test_rois_stand_on_the_slice_through_the_centers():
    image, spheres = draw(Pose(offset_ras_mm=(0.0, 0.0, 4.4)))

    placement = place_background(image, spheres)

    middle_k = image.geometry.index_ijk(spheres[0].center_ras_mm)[2]
    assert placement.central_slice_k == round(middle_k)
    for roi in placement.rois:
        index = image.geometry.index_ijk(roi.center_ras_mm)
        assert index[2] == pytest.approx(placement.central_slice_k, abs=1e-9)


@pytest.mark.parametrize(
    ('thickness', 'offsets', 'flags'),
    [
        (3.0, (-7, -3, 0, 3, 7), set()),
        (5.0, (-4, -2, 0, 2, 4), set()),
        (20.0, (-1, 0, 1), {Flag.SLICES_REPEATED}),
    ],
)
def test_the_slices_are_those_nearest_one_and_two_centimeters(thickness, offsets, flags):
    image, spheres = draw(Pose(), spacing=(3.0, 2.8, thickness), shape=(17, 110, 104))

    placement = place_background(image, spheres)

    found = tuple(k - placement.central_slice_k for k in placement.slices_k)
    assert found == offsets
    assert set(placement.flags) - FLAGS == flags


def test_slices_outside_the_image_are_left_out_and_flagged():
    image, spheres = draw(Pose(), shape=(11, 150, 156))

    placement = place_background(image, spheres)

    assert tuple(k - placement.central_slice_k for k in placement.slices_k) == (-3, 0, 3)
    assert Flag.SLICES_OUTSIDE in placement.flags
    assert '2 of 5 background slices lie outside the image' in placement.notes


@pytest.mark.parametrize('noise', [0.0, 0.35])
def test_body_and_lung_are_found_where_they_are(noise):
    pose = Pose(ring_deg=33.0, offset_ras_mm=(6.0, -4.0, 0.0))
    image, spheres = draw(pose, noise=noise)

    outline = find_outline(
        image, pose.offset_ras_mm, [(s.center_ras_mm, s.diameter_mm) for s in spheres], [11, 12]
    )

    ring = 100.0 * np.array([[np.cos(a), np.sin(a)] for a in np.arange(0, 6.2, 0.3)]) * [1.0, 0.8]
    expected = to_the_edge_mm(pose, outline.plane.ras_mm(ring))
    assert outline.edge_distance_at(ring) == pytest.approx(expected, abs=1.5)
    assert outline.level == pytest.approx(2000.0, rel=0.02)
    assert outline.plane.ras_mm(outline.lung_uv_mm)[:2] == pytest.approx([6.0, -4.0], abs=0.5)
    assert outline.lung_diameter_mm == pytest.approx(LUNG_MM, abs=1.5)


def test_the_edge_is_that_of_the_narrowest_slice():
    image, spheres = draw(Pose())
    inserts = [(sphere.center_ras_mm, sphere.diameter_mm) for sphere in spheres]
    positions_r = image.geometry.position_ras_mm(
        np.stack([np.arange(156), 0 * np.arange(156), 0 * np.arange(156)], axis=-1)
    )[:, 0]
    image.voxels[16:, :, positions_r > 120.0] = 0.0

    outline = find_outline(image, (0.0, 0.0, 0.0), inserts, [5, 12, 19])

    assert outline.edge_distance_at(outline.plane.uv_mm([[100.0, -20.0, 0.0]])) == pytest.approx(
        20, abs=2
    )


def test_the_plane_is_the_slice_on_an_oblique_grid():
    matrix = np.array(
        [[1.8, -0.5, 0.4, 3], [0.6, 2.0, -0.2, 1], [-0.3, 0.3, 3.0, 2], [0, 0, 0, 1.0]]
    )
    geometry = VolumeGeometry((5, 6, 7), matrix)
    origin = geometry.position_ras_mm((2.0, 3.0, 2.0))

    plane = slice_plane(geometry, tuple(origin))

    points = plane.ras_mm([[3.0, -4.0], [0.0, 7.0]])
    assert geometry.index_ijk(points)[:, 2] == pytest.approx([2.0, 2.0])
    assert np.linalg.norm(points - origin, axis=1) == pytest.approx([5.0, 7.0])
    assert plane.uv_mm(points) == pytest.approx(np.array([[3.0, -4.0], [0.0, 7.0]]))


def test_a_lung_that_cannot_be_seen_is_assumed_on_the_axis_and_flagged():
    image, spheres = draw(Pose(offset_ras_mm=(2.0, 1.0, 0.0)), lung=2000.0)

    assumed = place_background(image, spheres)
    without = place_background(image, spheres, has_lung=False)

    assert Flag.LUNG_ASSUMED in assumed.flags
    assert not assumed.lung.found
    assert assumed.lung.center_ras_mm[:2] == pytest.approx((2.0, 1.0), abs=0.1)
    assert without.lung is None
    assert Flag.LUNG_ASSUMED not in without.flags


def test_the_middle_of_the_ring_does_not_need_every_sphere():
    image, spheres = draw(Pose(), lung=2000.0)

    placement = place_background(image, spheres[:4])

    assert placement.lung.center_ras_mm[:2] == pytest.approx((0.0, 0.0), abs=0.1)


def test_spheres_that_stand_on_no_ring_have_a_middle_all_the_same():
    image, spheres = draw(Pose(), lung=2000.0)

    placement = place_background(image, spheres[:2])

    mean = np.mean([sphere.center_ras_mm for sphere in spheres[:2]], axis=0)
    assert placement.lung.center_ras_mm[:2] == pytest.approx(mean[:2], abs=0.1)


def test_rois_that_the_user_placed_are_kept_and_judged():
    image, spheres = draw(Pose(ring_deg=0.0))
    r, a, s = spheres[0].center_ras_mm
    wanted = [
        Seed('edge', (0.0, 89.5, s)),
        Seed('sphere', (r + 30.0, a, s + 25.0)),
        Seed('lung', (0.0, 40.0, s)),
        Seed('', (-95.0, -25.0, s)),
        Seed('twin', (-95.0, -20.0, s)),
    ]

    placement = place_background(image, spheres, positions=wanted)

    by_name = {roi.name: set(roi.flags) for roi in placement.rois}
    assert by_name['edge'] >= {Flag.ROI_NEAR_EDGE}
    assert by_name['sphere'] >= {Flag.ROI_NEAR_SPHERE}
    assert by_name['lung'] >= {Flag.ROI_NEAR_LUNG}
    assert by_name['BG04'] >= {Flag.ROI_OVERLAPS}
    assert by_name['twin'] >= {Flag.ROI_OVERLAPS}
    assert placement.rois[1].center_ras_mm[:2] == pytest.approx((r + 30.0, a))
    assert '5 background ROIs where the user placed them' in placement.notes


def test_spheres_that_no_slice_cuts_together_are_refused_by_name():
    """Two at 0 mm, one at 24 mm: the slice of their mean, 8 mm, misses only the far one."""
    image, _ = draw(Pose(), shape=(3, 40, 42))
    heights_mm = {'S37': 0.0, 'S28': 0.0, 'S10': 24.0}
    normal = image.geometry.slice_normal_ras
    spheres = [
        Sphere(label, tuple(height * normal), float(label[1:]))
        for label, height in heights_mm.items()
    ]
    with pytest.raises(SeedError, match=r'misses S10 by 16\.0 mm\. The phantom is tilted'):
        place_background(image, spheres)


def test_without_any_sphere_nothing_can_be_placed():
    image, _ = draw(Pose(), shape=(3, 40, 42))

    with pytest.raises(SeedError, match='no sphere was measured'):
        place_background(image, [])


def test_a_body_too_small_for_twelve_says_so():
    """A round body of 190 mm around a ring of 114 mm."""
    image, spheres = draw(Pose())
    k, j, i = np.indices(image.voxels.shape)
    ras = image.geometry.position_ras_mm(np.stack([i, j, k], axis=-1))
    image.voxels[np.hypot(ras[..., 0], ras[..., 1]) > 92.0] = 0.0

    placement = place_background(image, spheres)

    assert len(placement.rois) < 12
    assert Flag.FEW_ROIS in placement.flags


def test_voxels_that_are_no_numbers_do_not_stop_the_placement():
    image, spheres = draw(Pose())
    image.voxels[:, 70:73, 30:33] = np.nan

    assert len(place_background(image, spheres).rois) == 12


def room_of(points_mm, clearance_mm):
    """Places and the free space there, as `pack_circles` takes them."""
    return np.column_stack([points_mm, clearance_mm])


def square_room(half_mm, clearance=15.0):
    axis = np.arange(-half_mm, half_mm + 0.1, 1.0)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    return room_of(points, np.full(len(points), clearance))


def test_circles_are_spread_where_there_is_room():
    points = pack_circles(square_room(150.0), 37.0, 4, 15.0)

    apart = np.linalg.norm(points[:, None] - points, axis=-1)[np.triu_indices(4, 1)]
    assert apart.min() > 3 * 37.0
    angles = np.arctan2(points[:, 1], points[:, 0]) % (2 * np.pi)
    assert np.all(np.diff(angles) >= 0)


def test_circles_stand_where_the_clearance_is_largest():
    angles = np.radians(np.arange(0, 360, 30))
    ring = 38.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    room = room_of(ring, np.where(np.arange(12) % 2, 12.0, 8.0))

    points = pack_circles(room, 37.0, 6, 15.0)

    assert points == pytest.approx(ring[1::2])


def test_circles_are_named_counterclockwise_however_they_were_found():
    """From 0 degrees on only two fit; clockwise three do."""
    angles = np.radians([20, 40, 80, 350])
    room = room_of(57.0 * np.stack([np.cos(angles), np.sin(angles)], axis=1), np.full(4, 15.0))

    points = pack_circles(room, 37.0, 3, 15.0)

    assert points == pytest.approx(room[1:, :2])


def test_clearance_is_given_up_only_as_far_as_needed():
    """Room for one with 15 mm, for the second with 12.2 mm: 12 mm is the step that allows both."""
    room = room_of(np.array([[50.0, 0.0], [-50.0, 0.0]]), np.array([15.0, 12.2]))

    assert len(pack_circles(room, 37.0, 2, 15.0)) == 2
    assert len(pack_circles(room - [0, 0, 13], 37.0, 2, 15.0)) == 1


def test_no_room_is_no_circle():
    assert pack_circles(np.empty((0, 3)), 37.0, 12, 15.0).shape == (0, 2)
