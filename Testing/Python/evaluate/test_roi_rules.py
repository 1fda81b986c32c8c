"""The rules of the background ROIs at their limits, on distances that are known by construction."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from drawn_body import RING_MM, Pose, draw
from VOIIdentificationLib.core.errors import SeedError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Seed
from VOIIdentificationLib.evaluate.roi_packing import pack_circles
from VOIIdentificationLib.evaluate.roi_placement import place_background
from VOIIdentificationLib.measure.voi_mask import Sphere


@cache
def drawn(**more):
    return draw(Pose(ring_deg=0.0), **{'spacing': (4.8, 4.2, 3.0), 'shape': (24, 75, 78), **more})


def judged(*points_ras_mm, lung=0.0):
    image, spheres = drawn(lung=lung)
    wanted = [Seed(f'R{n}', point) for n, point in enumerate(points_ras_mm)]
    return place_background(image, spheres, positions=wanted)


@pytest.mark.parametrize(
    ('distance_mm', 'near'), [(14.9, True), (15.0, False), (15.1, False), (16.4, False)]
)
def test_a_roi_keeps_fifteen_millimeter_from_a_sphere(distance_mm, near):
    """S17 stands at -57.2 mm along R; the ROI beyond it."""
    away = -RING_MM - (17.0 + 37.0) / 2 - distance_mm

    (roi,) = judged((away, 0.0, 0.0)).rois

    assert roi.sphere_distance_mm == pytest.approx(distance_mm, abs=1e-6)
    assert (Flag.ROI_NEAR_SPHERE in roi.flags) == near


@pytest.mark.parametrize('place_mm', np.arange(78.0, 92.0, 1.0).tolist())
def test_a_roi_keeps_fifteen_millimeter_from_the_edge(place_mm):
    """The body ends at 110.5 mm along A."""
    placement = judged((0.0, place_mm, 0.0))

    (roi,) = placement.rois
    assert roi.edge_distance_mm == pytest.approx(110.5 - 18.5 - place_mm, abs=1.5)
    assert (Flag.ROI_NEAR_EDGE in roi.flags) == (roi.edge_distance_mm < 15.0)
    told = f"to the phantom's edge, less than the rule: R0 {roi.edge_distance_mm:.1f} mm"
    assert (told in placement.notes) == (roi.edge_distance_mm < 15.0)


@pytest.mark.parametrize(('distance_mm', 'inside'), [(-0.1, True), (0.0, False), (0.1, False)])
def test_a_roi_may_touch_the_lung_insert(distance_mm, inside):
    """One that is not seen is 50 mm wide and stands in the middle of the ring."""
    placement = judged((0.0, 25.0 + 18.5 + distance_mm, 0.0), lung=2000.0)

    (roi,) = placement.rois
    assert not placement.lung.found
    assert placement.lung.diameter_mm == 50.0
    assert roi.lung_distance_mm == pytest.approx(distance_mm, abs=1e-6)
    assert (Flag.ROI_NEAR_LUNG in roi.flags) == inside
    assert (
        f'to the lung insert, less than the rule: R0 {distance_mm:.1f} mm' in placement.notes
    ) == (inside)


@pytest.mark.parametrize(('distance_mm', 'overlaps'), [(-0.1, True), (0.0, False), (0.1, False)])
def test_rois_may_touch_each_other(distance_mm, overlaps):
    placement = judged((-100.0, -20.0, 0.0), (-100.0, -20.0 + 37.0 + distance_mm, 0.0))

    for roi in placement.rois:
        assert roi.neighbor_distance_mm == pytest.approx(distance_mm, abs=1e-6)
        assert (Flag.ROI_OVERLAPS in roi.flags) == overlaps
    told = f'to another ROI, less than the rule: R0 {distance_mm:.1f} mm, R1 {distance_mm:.1f} mm'
    assert (told in placement.notes) == overlaps


def test_one_roi_has_no_neighbor():
    assert judged((-100.0, -20.0, 0.0)).rois[0].neighbor_distance_mm == np.inf


@pytest.mark.parametrize(
    ('thickness', 'offsets'),
    [(1.9, (-11, -5, 0, 5, 11)), (2.2, (-9, -5, 0, 5, 9)), (3.6, (-6, -3, 0, 3, 6))],
)
def test_slices_lie_nearest_to_one_and_two_centimeter(thickness, offsets):
    image, spheres = drawn(spacing=(4.8, 4.2, thickness), shape=(27, 75, 78))

    placement = place_background(image, spheres)

    assert tuple(k - placement.central_slice_k for k in placement.slices_k) == offsets
    assert placement.central_slice_k == 13
    assert not {Flag.SLICES_OUTSIDE, Flag.SLICES_REPEATED} & set(placement.flags)


@pytest.mark.parametrize(
    ('kept', 'central', 'slices'),
    [
        (slice(9, 24), 3, (0, 3, 6, 10)),
        (slice(12, 24), 0, (0, 3, 7)),
        (slice(14, 24), 0, (0, 3, 7)),
        (slice(0, 10), 9, (2, 6, 9)),
    ],
)
def test_the_nearest_slice_of_an_image_that_is_cut_stands_for_the_middle(kept, central, slices):
    """The middle of the spheres is 11.5 of 24 slices."""
    image, spheres = drawn()
    voxels = image.voxels[kept]
    matrix = image.geometry.ijk_to_ras.copy()
    matrix[:3, 3] = image.geometry.position_ras_mm((0, 0, kept.start))
    cut = PETImage(voxels, VolumeGeometry(voxels.shape, matrix), 'Bq/mL')

    placement = place_background(cut, spheres)

    assert placement.central_slice_k == central
    assert placement.slices_k == slices
    assert Flag.SLICES_OUTSIDE in placement.flags


@pytest.mark.parametrize(('height_mm', 'cut'), [(9.9, True), (10.1, False)])
def test_the_common_slice_cuts_every_sphere(height_mm, cut):
    """Two spheres of 10 mm: the slice between them is half their distance away."""
    image, spheres = drawn()
    first, second = spheres[5], spheres[4]
    lower = replace(first, diameter_mm=10.0, center_ras_mm=(*first.center_ras_mm[:2], 0.0))
    upper = replace(second, diameter_mm=10.0, center_ras_mm=(*second.center_ras_mm[:2], height_mm))
    if cut:
        assert place_background(image, [lower, upper]).rois
    else:
        with pytest.raises(SeedError, match=f'misses S10 by {height_mm / 2:.1f} mm, S13 by'):
            place_background(image, [lower, upper])


def assumed_middle(spheres):
    image, _ = drawn(lung=2000.0)
    return place_background(image, spheres).lung.center_ras_mm[:2]


def test_three_spheres_have_a_circle():
    _, spheres = drawn(lung=2000.0)

    assert assumed_middle(spheres[:3]) == pytest.approx((0.0, 0.0), abs=1e-6)


@pytest.mark.parametrize(('off_mm', 'on_ring'), [(0.0, True), (6.0, True), (40.0, False)])
def test_spheres_far_off_their_circle_have_the_mean_as_their_middle(off_mm, on_ring):
    """One of four is moved outward: the middle follows a little, or there is no ring."""
    _, spheres = drawn(lung=2000.0)
    r, a, s = spheres[1].center_ras_mm
    factor = 1 + off_mm / np.hypot(r, a)
    moved = [replace(spheres[1], center_ras_mm=(factor * r, factor * a, s))]
    four = [spheres[0], *moved, spheres[2], spheres[3]]
    mean = np.mean([one.center_ras_mm[:2] for one in four], axis=0)

    middle = assumed_middle(four)

    if on_ring:
        assert np.linalg.norm(middle) <= off_mm + 1e-6
        assert np.linalg.norm(middle - mean) > 10.0
    else:
        assert middle == pytest.approx(mean, abs=1e-6)


def test_spheres_in_a_row_have_the_mean_as_their_middle():
    """Three a tenth of a millimeter off a line lie on a circle of 8 m, whose middle is no place."""
    row = [Sphere(f'S{n}', (40.0 * (n - 1), 0.1 * (n == 1), 0.0), 10.0) for n in range(3)]

    assert assumed_middle(row) == pytest.approx((0.0, 0.1 / 3), abs=1e-6)


def test_a_label_of_the_user_names_the_roi_and_others_are_counted():
    image, spheres = drawn()
    wanted = [Seed('', (-100.0, -20.0, 0.0)), Seed('mine', (100.0, -20.0, 0.0))]

    placement = place_background(image, spheres, positions=wanted)

    assert [roi.name for roi in placement.rois] == ['BG01', 'mine']
    assert Flag.FEW_ROIS not in placement.flags


def test_rois_of_the_program_are_numbered_from_one():
    image, spheres = drawn()
    names = [roi.name for roi in place_background(image, spheres).rois]
    assert names == [f'BG{n:02d}' for n in range(1, 13)]


# Packing


def ring_of_places(radius_mm, step_deg=1.0, clearance_mm=15.0):
    angles = np.radians(np.arange(0.0, 360.0, step_deg))
    places = radius_mm * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.column_stack([places, np.full(len(places), clearance_mm)])


def least_distance(points):
    apart = np.linalg.norm(points[:, None] - points, axis=-1)
    return apart[np.triu_indices(len(points), 1)].min()


def test_circles_are_spread_to_a_tenth_of_what_is_possible():
    """Five fit on a ring with 1.13 diameters between them."""
    radius = 1.13 * 37.0 / (2 * np.sin(np.pi / 5))

    points = pack_circles(ring_of_places(radius), 37.0, 5, 15.0)

    assert least_distance(points) >= 1.1 * 37.0 - 1e-6


def test_circles_are_not_spread_beyond_four_diameters():
    """Three on a ring of 20 diameters would stand 17 apart."""
    points = pack_circles(ring_of_places(200.0, 0.5), 10.0, 3, 15.0)

    assert 3.6 * 10.0 < least_distance(points) < 4.1 * 10.0


@pytest.mark.parametrize(('apart_mm', 'count'), [(37.0, 2), (37.0 - 1e-7, 2), (36.999, 1)])
def test_circles_may_touch(apart_mm, count):
    room = np.array([[50.0, 0.0, 15.0], [50.0, apart_mm, 15.0]])

    assert len(pack_circles(room, 37.0, 2, 15.0)) == count


@pytest.mark.parametrize(('clearance_mm', 'count'), [(0.0, 1), (-1e-7, 1), (-0.1, 0)])
def test_a_circle_may_touch_what_it_keeps_away_from(clearance_mm, count):
    room = np.array([[50.0, 0.0, clearance_mm]])

    assert len(pack_circles(room, 37.0, 1, 15.0)) == count


def test_a_place_with_the_wanted_room_goes_before_a_nearer_one_without():
    room = np.array([[50.0, 0.0, 14.9], [50.0, 5.0, 15.0]])

    assert pack_circles(room, 37.0, 1, 15.0).tolist() == [[50.0, 5.0]]


def test_the_missing_circle_gets_the_most_space_that_is_left():
    room = np.array([[50.0, 0.0, 15.0], [-50.0, 0.0, 9.0], [-50.0, 1.0, 12.0], [-50.0, -1.0, 3.0]])

    assert pack_circles(room, 37.0, 2, 15.0).tolist() == [[50.0, 0.0], [-50.0, 1.0]]


def test_the_set_that_can_be_filled_up_is_chosen():
    """
    Two sets of one: only beside the second is there room for another.

    Places 36 mm apart exclude each other; the third is near the first and far from the second.
    """
    room = np.array([[60.0, 0.0, 15.0], [60.0, 30.0, 15.0], [60.0, -20.0, 10.0]])

    points = pack_circles(room, 37.0, 2, 15.0)

    assert sorted(map(tuple, points.tolist())) == [(60.0, -20.0), (60.0, 30.0)]


def test_as_many_circles_around_the_middle_as_an_exhaustive_search_finds():
    """Random places at 55 to 65 mm: of all subsets the largest without overlap."""
    rng = np.random.default_rng(5)
    for _ in range(40):
        angles = rng.uniform(0, 2 * np.pi, 10)
        radii = rng.uniform(55.0, 65.0, 10)
        places = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
        touches = np.linalg.norm(places[:, None] - places, axis=-1) < 37.0
        sets = [[n for n in range(10) if chosen >> n & 1] for chosen in range(1 << 10)]
        most = max(len(one) for one in sets if touches[np.ix_(one, one)].sum() == len(one))

        found = pack_circles(np.column_stack([places, np.full(10, 15.0)]), 37.0, 10, 15.0)

        assert len(found) == most
        assert least_distance(found) >= 37.0 - 1e-6


def test_spheres_and_cylinders_are_both_kept_away_from():
    image, spheres = drawn()
    extra = Sphere('S0', (0.0, -70.0, 0.0), 10.0)
    (roi,) = place_background(
        image, [*spheres, extra], positions=[Seed('R', (0.0, -70.0, 0.0))]
    ).rois
    assert roi.sphere_distance_mm == pytest.approx(-5.0 - 18.5, abs=1e-6)


def test_the_unit_of_the_values_moves_no_roi():
    image, spheres = drawn()
    small = PETImage((image.voxels * 1e-6).astype(np.float32), image.geometry, 'x')

    plain, other = (place_background(one, spheres) for one in (image, small))

    assert other.body_level == pytest.approx(1e-6 * plain.body_level, rel=1e-5)
    for one, two in zip(plain.rois, other.rois, strict=True):
        assert two.center_ras_mm == pytest.approx(one.center_ras_mm, abs=1e-9)


def test_a_lung_off_the_axis_is_kept_away_from_where_it_is():
    """Moved by -9 and 4 mm; ROIs on both sides of it."""
    image, spheres = drawn(lung=2000.0)
    k, j, i = np.indices(image.voxels.shape)
    r, a, _ = np.moveaxis(image.geometry.position_ras_mm(np.stack([i, j, k], axis=-1)), -1, 0)
    voxels = np.where(np.hypot(r + 9.0, a - 4.0) < 25.0, 0.0, image.voxels).astype(np.float32)
    wanted = [Seed('near', (-9.0, 48.0, 0.0)), Seed('far', (9.0, -50.0, 0.0))]

    placement = place_background(PETImage(voxels, image.geometry, 'x'), spheres, positions=wanted)

    assert placement.lung.found
    assert placement.lung.center_ras_mm[:2] == pytest.approx((-9.0, 4.0), abs=0.5)
    near, far = (roi.lung_distance_mm for roi in placement.rois)
    assert near == pytest.approx(44.0 - 43.5, abs=1.5)
    assert far == pytest.approx(np.hypot(18.0, 54.0) - 43.5, abs=1.5)
