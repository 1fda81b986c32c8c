"""
VOI masks.

On an image of ones the weighted sum times the voxel volume must be the volume
of the solid, wherever it lies and however the grid is turned; and each single
weight must be what a brute count of points in the voxel says.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from turned_grids import brute_force_weights, grid
from VOIIdentificationLib.core.errors import VOIOutsideImageError
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.phantom import Insert
from VOIIdentificationLib.measure.voi_mask import (
    Cylinder,
    Sphere,
    insert_solid,
    kernel_mask,
    voi_mask,
)

# Inner diameters of the six spheres of the NEMA NU 2 image quality phantom.
NEMA_DIAMETERS_MM = [10.0, 13.0, 17.0, 22.0, 28.0, 37.0]


@pytest.mark.parametrize('diameter_mm', NEMA_DIAMETERS_MM)
@pytest.mark.parametrize('center', [(0.0, 0.0, 0.0), (0.5, -0.3, 0.9), (1.123, 0.877, -1.0)])
@pytest.mark.parametrize('spacing_mm', [(1.65, 1.7, 2.0), (2.73, 2.5, 3.27), (4.07, 4.2, 3.0)])
@pytest.mark.parametrize('angle_deg', [0.0, 17.5])
def test_weights_sum_to_the_sphere_volume(diameter_mm, center, spacing_mm, angle_deg):
    geometry = grid(spacing_mm, angle_deg=angle_deg)
    sphere = Sphere('S', center, diameter_mm)

    mask = voi_mask(sphere, geometry)

    measured = mask.weights.sum() * geometry.voxel_volume_mm3
    assert measured == pytest.approx(np.pi * diameter_mm**3 / 6, rel=5e-4)
    assert not mask.clipped


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.floats(-4, 4)] * 3))
def test_volume_of_the_10_mm_sphere_does_not_depend_on_the_sub_voxel_position(center):
    geometry = grid((4.0, 4.1, 4.2), angle_deg=12.0)
    volume = voi_mask(Sphere('S', center, 10.0), geometry).weights.sum()
    assert volume * geometry.voxel_volume_mm3 == pytest.approx(np.pi * 1000 / 6, rel=1e-3)


@pytest.mark.parametrize('shear', [False, True])
@pytest.mark.parametrize('mirror', [False, True])
def test_each_weight_is_the_part_of_points_inside_the_sphere(shear, mirror):
    geometry = grid((2.1, 1.8, 3.3), angle_deg=20.0, shear=shear, mirror=mirror)
    center = np.array([1.2, -0.7, 0.4])

    mask = voi_mask(Sphere('S', tuple(center), 13.0), geometry)

    expected = brute_force_weights(
        lambda p: np.linalg.norm(p - center, axis=-1) <= 6.5, geometry, mask.slices_kji, 24
    )
    assert mask.weights == pytest.approx(expected, abs=0.012)
    assert mask.weights.sum() == pytest.approx(expected.sum(), rel=1e-3)


@pytest.mark.parametrize('shear', [False, True])
def test_each_weight_is_the_part_of_points_inside_the_cylinder(shear):
    geometry = grid((2.1, 1.8, 3.3), angle_deg=20.0, shear=shear)
    center = np.array([1.2, -0.7, 0.4])

    mask = voi_mask(Cylinder('C', tuple(center), 13.0, 8.0), geometry)

    def inside(position):
        offset = position - center
        height = offset @ geometry.slice_normal_ras
        across = offset - height[..., None] * geometry.slice_normal_ras
        return (np.linalg.norm(across, axis=-1) <= 6.5) & (np.abs(height) <= 4.0)

    expected = brute_force_weights(inside, geometry, mask.slices_kji, 24)
    assert mask.weights == pytest.approx(expected, abs=0.05)
    assert mask.weights.sum() == pytest.approx(expected.sum(), rel=4e-3)


@pytest.mark.parametrize('height_mm', [0.7, 2.0, 9.3, 41.0])
@pytest.mark.parametrize('center', [(0.0, 0.0, 0.0), (0.5, -0.3, 0.9)])
def test_weights_sum_to_the_cylinder_volume(height_mm, center):
    geometry = grid((1.65, 1.7, 2.0), angle_deg=17.5)
    mask = voi_mask(Cylinder('C', center, 22.0, height_mm), geometry)
    measured = mask.weights.sum() * geometry.voxel_volume_mm3
    assert measured == pytest.approx(np.pi * 11.0**2 * height_mm, rel=1e-3)


def test_a_cylinder_as_high_as_a_slice_is_a_circle_on_that_slice():
    geometry = grid((1.65, 1.7, 2.0))
    center = tuple(geometry.position_ras_mm((25.3, 22.6, 20)))

    mask = voi_mask(Cylinder('ROI', center, 37.0, 2.0), geometry)

    assert mask.slices_kji[0] == slice(20, 21)
    assert mask.weights.max() == pytest.approx(1.0)


@pytest.mark.parametrize('angle_deg', [0.0, 17.5])
def test_weights_lie_around_the_center(angle_deg):
    geometry = grid((1.65, 1.8, 2.0), angle_deg=angle_deg)
    center = (12.3, -7.1, 15.6)
    mask = voi_mask(Sphere('S22', center, 22.0), geometry)

    image = np.zeros(geometry.shape_kji)
    image[mask.slices_kji] = mask.weights
    k, j, i = np.indices(image.shape)
    centroid_ijk = [np.average(axis, weights=image) for axis in (i, j, k)]

    centroid_ras = (geometry.ijk_to_ras @ [*centroid_ijk, 1.0])[:3]
    assert centroid_ras == pytest.approx(center, abs=0.005)


@pytest.mark.parametrize('shear', [False, True])
def test_hard_counting_takes_the_voxels_whose_center_is_inside(shear):
    geometry = grid((2.1, 1.8, 3.3), angle_deg=20.0, shear=shear)
    center = np.array([1.2, -0.7, 0.4])

    mask = voi_mask(Sphere('S', tuple(center), 17.0), geometry, counting='hard')

    k, j, i = np.indices(geometry.shape_kji)
    distance = np.linalg.norm(
        geometry.position_ras_mm(np.stack([i, j, k], axis=-1)) - center, axis=-1
    )
    image = np.zeros(geometry.shape_kji)
    image[mask.slices_kji] = mask.weights
    assert np.array_equal(image, distance <= 8.5)


def test_hard_counting_of_a_cylinder_keeps_to_its_height():
    geometry = grid((2.0, 1.8, 3.0))
    center = tuple(geometry.position_ras_mm((25, 22, 20)))

    mask = voi_mask(Cylinder('C', center, 10.0, 6.0), geometry, counting='hard')

    assert mask.weights.any(axis=(1, 2)).sum() == 3
    assert np.array_equal(mask.weights[0], mask.weights[2])


@pytest.mark.parametrize('slice_k', [0, 4])
def test_a_disc_as_thick_as_a_slice_lies_in_that_slice_on_any_oblique_grid(slice_k):
    """Rounding once made it touch the slices beside it, and clipped it on the first one."""
    for seed in range(30):
        matrix = np.eye(4)
        matrix[:3, :3] = Rotation.random(random_state=seed).as_matrix() * (1.65, 1.7, 2.0)
        geometry = VolumeGeometry((9, 40, 40), matrix)
        center = tuple(geometry.position_ras_mm((20, 20, slice_k)).tolist())

        mask = voi_mask(Cylinder('C', center, 37.0, geometry.slice_spacing_mm), geometry)

        assert mask.slices_kji[0] == slice(slice_k, slice_k + 1)
        assert not mask.clipped


def test_a_sphere_far_smaller_than_a_voxel_keeps_its_volume():
    geometry = grid((4.0, 4.2, 3.0))
    mask = voi_mask(Sphere('dot', (0.3, 0.2, 0.1), 1.0), geometry)
    measured = mask.weights.sum() * geometry.voxel_volume_mm3
    assert measured == pytest.approx(np.pi / 6, rel=1e-3)


def test_sphere_on_the_border_is_halved_and_flagged():
    """Centered on the first voxel face along S, exactly one half lies inside."""
    geometry = grid((2.0, 2.1, 2.2))
    first_face_s = -44 * 2.2 / 2

    mask = voi_mask(Sphere('S22', (0.0, 0.0, first_face_s), 22.0), geometry)

    assert mask.clipped
    half = np.pi * 22.0**3 / 12
    assert mask.weights.sum() * geometry.voxel_volume_mm3 == pytest.approx(half, rel=1e-3)


@pytest.mark.parametrize('axis', [0, 1, 2])
@pytest.mark.parametrize('end', [0, 1])
def test_a_sphere_across_any_face_of_the_image_is_clipped(axis, end):
    geometry = grid((2.0, 2.1, 2.2), angle_deg=10.0)
    index = (geometry.size_ijk - 1) / 2
    index[axis] = (0, geometry.size_ijk[axis] - 1)[end]
    assert voi_mask(Sphere('S', tuple(geometry.position_ras_mm(index)), 22.0), geometry).clipped


@pytest.mark.parametrize('height_mm', [None, 19.0])
def test_the_box_holds_the_whole_solid_on_a_skewed_anisotropic_grid(height_mm):
    geometry = grid((1.0, 2.0, 6.0), angle_deg=35.0, shape_kji=(40, 60, 90), shear=True)
    center = (0.3, -0.4, 0.5)
    solid = Cylinder('C', center, 22.0, height_mm) if height_mm else Sphere('S', center, 22.0)
    measured = voi_mask(solid, geometry).weights.sum() * geometry.voxel_volume_mm3
    height = (height_mm or 22.0 * 2 / 3) * np.pi * 11**2
    assert measured == pytest.approx(height, rel=1e-3)


def test_sphere_that_only_touches_the_border_is_not_clipped():
    geometry = grid((2.0, 2.0, 2.0))
    face_s = -44.0
    assert not voi_mask(Sphere('S', (0.0, 0.0, face_s + 11.0), 22.0), geometry).clipped
    assert voi_mask(Sphere('S', (0.0, 0.0, face_s + 10.9), 22.0), geometry).clipped


def test_sphere_outside_the_image_names_sphere_and_image():
    geometry = grid((2.0, 2.0, 2.0))
    with pytest.raises(VOIOutsideImageError, match=r'S10 \(10 mm\).*52 x 48 x 44 voxels'):
        voi_mask(Sphere('S10', (0.0, 0.0, 200.0), 10.0), geometry)


@pytest.mark.parametrize('counting', ['partial', 'hard'])
@pytest.mark.parametrize('shear', [False, True])
def test_a_kernel_is_odd_and_centrally_symmetric(counting, shear):
    geometry = grid((2.1, 1.8, 3.3), angle_deg=20.0, shear=shear)
    weights = kernel_mask(Sphere('S', (9.0, 9.0, 9.0), 17.0), geometry, counting=counting).weights
    assert all(size % 2 == 1 for size in weights.shape)
    assert weights == pytest.approx(weights[::-1, ::-1, ::-1], abs=1e-9)


def test_cut_radius_is_pythagoras_for_a_sphere_and_constant_for_a_cylinder():
    sphere, cylinder = Sphere('S', (0, 0, 0), 10.0), Cylinder('C', (0, 0, 0), 10.0, 6.0)
    assert sphere.cut_radius_mm([0, 3, -4, 5, 6]).tolist() == [5, 4, 3, 0, 0]
    assert cylinder.cut_radius_mm([0, 3, -3, 3.1]).tolist() == [5, 5, 5, 0]


@pytest.mark.parametrize('diameter_mm', [0.0, -1.0, float('nan')])
def test_a_diameter_that_is_no_length_is_a_bug_of_the_caller(diameter_mm):
    with pytest.raises(ValueError, match='diameter_mm must be positive'):
        Sphere('S', (0, 0, 0), diameter_mm)
    with pytest.raises(ValueError, match='height_mm must be positive'):
        Cylinder('C', (0, 0, 0), 5.0, diameter_mm)


def test_an_insert_becomes_the_solid_of_its_shape():
    center = (1.0, 2.0, 3.0)
    assert insert_solid(Insert('S', 10.0), center) == Sphere('S', center, 10.0)
    assert insert_solid(Insert('C', 10.0, 'cylinder', 7.0), center) == Cylinder('C', center, 10, 7)
    assert insert_solid(Insert('C', 10.0, 'cylinder'), center) == Cylinder('C', center, 10, 10)


def in_rod(center, axis):
    """Whether points lie in a cylinder of 14 mm, 11 mm high, along an axis."""

    def _inside(points):
        along = (points - center) @ axis
        across = np.linalg.norm(points - center - along[..., None] * axis, axis=-1)
        return (across <= 7.0) & (np.abs(along) <= 5.5)

    return _inside


@pytest.mark.parametrize('shear', [False, True])
@pytest.mark.parametrize('axis', [(0.3, -0.2, 0.93), (1.0, 0.2, 0.1), (0.0, 0.0, 1.0)])
def test_each_weight_of_a_tilted_cylinder_is_the_part_of_points_inside_it(shear, axis):
    geometry = grid((2.1, 1.8, 3.3), angle_deg=20.0, shear=shear)
    center, axis = np.array([1.2, -0.7, 0.4]), np.array(axis) / np.linalg.norm(axis)

    mask = voi_mask(Cylinder('C', tuple(center), 14.0, 11.0, tuple(axis)), geometry)

    expected = brute_force_weights(in_rod(center, axis), geometry, mask.slices_kji, 24)
    assert mask.weights == pytest.approx(expected, abs=0.03)
    assert mask.weights.sum() == pytest.approx(expected.sum(), rel=2e-3)
    assert mask.weights.sum() * geometry.voxel_volume_mm3 == pytest.approx(
        np.pi * 7**2 * 11, rel=2e-3
    )


def test_a_tilted_cylinder_counts_voxels_by_their_centers():
    geometry = grid((2.1, 1.8, 3.3), angle_deg=20.0)
    axis = np.array([0.3, -0.2, 0.9]) / np.linalg.norm([0.3, -0.2, 0.9])
    solid = Cylinder('C', (1.2, -0.7, 0.4), 14.0, 11.0, tuple(axis))
    mask = voi_mask(solid, geometry, counting='hard')
    k, j, i = np.nonzero(mask.weights)
    start = [part.start for part in mask.slices_kji]
    points = geometry.position_ras_mm(np.stack([i, j, k], axis=-1) + start[::-1])
    along = (points - solid.center_ras_mm) @ axis
    across = np.linalg.norm(points - solid.center_ras_mm - along[:, None] * axis, axis=1)
    assert (np.abs(along) <= 5.5).all()
    assert (across <= 7.0).all()
    assert mask.weights.sum() * geometry.voxel_volume_mm3 == pytest.approx(
        np.pi * 7**2 * 11, rel=0.1
    )


def test_a_cylinder_along_its_axis_of_the_normal_is_one_without_axis():
    geometry = grid((2.1, 1.8, 3.3), angle_deg=20.0)
    plain = voi_mask(Cylinder('C', (1.2, -0.7, 0.4), 14.0, 11.0), geometry)
    normal = tuple(geometry.slice_normal_ras.tolist())
    other = voi_mask(Cylinder('C', (1.2, -0.7, 0.4), 14.0, 11.0, normal), geometry)
    assert other.weights == pytest.approx(plain.weights, abs=1e-3)


@pytest.mark.parametrize('n', [0, 1, 2])
@pytest.mark.parametrize('sign', [1.0, -1.0])
def test_a_cylinder_along_an_axis_of_the_grid(n, sign):
    """Lines run along its own direction, or exactly across it."""
    geometry = grid((2.1, 1.8, 3.3))
    axis = sign * np.eye(3)[n]
    center = np.array([1.2, -0.7, 0.4])

    mask = voi_mask(Cylinder('C', tuple(center), 14.0, 11.0, tuple(axis)), geometry)

    expected = brute_force_weights(in_rod(center, axis), geometry, mask.slices_kji, 24)
    assert mask.weights == pytest.approx(expected, abs=0.04)
    volume = mask.weights.sum() * geometry.voxel_volume_mm3
    # Ends across j fall between two lines of 0.16 mm.
    assert volume == pytest.approx(np.pi * 7**2 * 11, rel=5e-3 if n == 1 else 2e-3)
    # The box is the smallest: each of its faces has a voxel with a part inside.
    for side in range(3):
        ends = np.moveaxis(mask.weights, side, 0)[[0, -1]]
        assert ends.reshape(2, -1).max(axis=1).min() > 0


def test_a_voxel_whose_center_is_on_the_surface_is_counted():
    geometry = VolumeGeometry((9, 9, 9), np.diag([2.0, 2.0, 2.0, 1.0]))
    center = (8.0, 8.0, 8.0)
    offset = np.abs(np.indices((9, 9, 9)) - 4)

    ball = voi_mask(Sphere('S', center, 8.0), geometry, counting='hard')
    disc = voi_mask(Cylinder('C', center, 8.0, 4.0), geometry, counting='hard')

    assert ball.weights.sum() == np.count_nonzero(np.sum(offset**2, axis=0) <= 4)
    flat = (offset[1] ** 2 + offset[2] ** 2 <= 4) & (offset[0] <= 1)
    assert disc.weights.sum() == flat.sum()


@pytest.mark.parametrize('counting', ['partial', 'hard'])
def test_a_sphere_that_touches_the_image_from_outside_is_not_in_it(counting):
    geometry = grid((2.0, 2.0, 2.0))
    face_r = 52.0
    with pytest.raises(VOIOutsideImageError):
        voi_mask(Sphere('S', (face_r + 5.0, 0.0, 0.0), 10.0), geometry, counting=counting)
    inside = voi_mask(Sphere('S', (face_r + 4.9, 0.0, 0.0), 10.0), geometry, counting=counting)
    assert inside.clipped


def test_a_kernel_is_that_of_a_sphere_centered_on_a_voxel():
    geometry = grid((2.1, 1.8, 3.3), angle_deg=20.0, shear=True)
    center = tuple(geometry.position_ras_mm((25.0, 24.0, 22.0)).tolist())

    kernel = kernel_mask(Sphere('S', (9.0, 9.0, 9.0), 17.0), geometry)
    there = voi_mask(Sphere('S', center, 17.0), geometry)

    assert kernel.weights == pytest.approx(there.weights, abs=1e-6)
    assert not kernel.clipped


def test_how_far_a_cylinder_reaches_across_the_slices():
    plain = Cylinder('C', (0, 0, 0), 10.0, 6.0)
    tilted = Cylinder('C', (0, 0, 0), 10.0, 6.0, (0.6, 0.0, -0.8))
    normal = np.array([0.0, 0.0, 1.0])
    assert plain.half_extent_mm(normal) == 3.0
    assert tilted.half_extent_mm(normal) == pytest.approx(0.8 * 3.0 + 0.6 * 5.0)
    assert Sphere('S', (0, 0, 0), 10.0).height_mm == 10.0
