"""
Geometry: index to patient space and back.

The judge is the definition itself, written out as one 4 x 4 product a point.
"""

import numpy as np
import pytest
from VOIIdentificationLib.core.errors import GeometryError
from VOIIdentificationLib.core.geometry import VolumeGeometry

OBLIQUE = np.array(
    [[1.6, 0.3, -0.2, 11.0], [-0.4, 1.7, 0.1, -22.0], [0.2, 0.1, 3.0, 33.0], [0, 0, 0, 1]]
)


@pytest.fixture
def oblique():
    return VolumeGeometry((7, 6, 5), OBLIQUE)


def test_position_of_an_index_is_the_matrix_product(oblique):
    index = np.array([[1.0, 2.0, 3.0], [4.5, -1.0, 0.25]])

    position = oblique.position_ras_mm(index)

    for one_index, one_position in zip(index, position, strict=True):
        assert one_position == pytest.approx((OBLIQUE @ [*one_index, 1.0])[:3])


def test_index_of_a_position_inverts_it(oblique):
    index = np.arange(24.0).reshape(2, 4, 3)
    assert oblique.index_ijk(oblique.position_ras_mm(index)) == pytest.approx(index)


def test_spacing_and_volume_of_a_sheared_grid_are_those_of_its_voxel():
    sheared = np.eye(4)
    sheared[:3, :3] = [[2, 0, 1], [0, 3, 0], [0, 0, 4]]

    geometry = VolumeGeometry((7, 6, 5), sheared)

    assert geometry.spacing_ijk_mm == pytest.approx([2, 3, np.sqrt(17)])
    assert geometry.voxel_volume_mm3 == pytest.approx(24)
    assert geometry.slice_spacing_mm == pytest.approx(4)
    assert geometry.slice_normal_ras == pytest.approx([0, 0, 1])


@pytest.mark.parametrize('flip', [(1, 1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, -1), (-1, -1, -1)])
def test_slice_normal_points_to_higher_k_whatever_the_handedness(flip):
    matrix = np.diag([*np.multiply((2.0, 3.0, 4.0), flip), 1.0])
    assert VolumeGeometry((7, 6, 5), matrix).slice_normal_ras == pytest.approx([0, 0, flip[2]])


def test_size_is_the_shape_reversed(oblique):
    assert oblique.size_ijk.tolist() == [5, 6, 7]


def test_a_transformed_grid_maps_through_both_matrices(oblique):
    world = np.array([[0, -1, 0, 5], [1, 0, 0, 6], [0, 0, 2, 7], [0, 0, 0, 1.0]])
    point = (world @ OBLIQUE @ [1, 2, 3, 1])[:3]
    assert oblique.transformed(world).position_ras_mm((1, 2, 3)) == pytest.approx(point)


@pytest.mark.parametrize(
    'edges', [(2.0, 2.0, 0.0), (2.0, np.nan, 2.0), (np.inf, 2.0, 2.0), (0.0, 0.0, 0.0)]
)
def test_a_grid_without_volume_is_refused_with_its_edges(edges):
    with pytest.raises(GeometryError, match=r'voxels have the edges \['):
        VolumeGeometry((7, 6, 5), np.diag([*edges, 1.0]))


def test_flat_voxels_are_refused_though_their_edges_are_not_zero():
    matrix = np.eye(4)
    matrix[:3, 2] = matrix[:3, 1]
    with pytest.raises(GeometryError, match='cannot be used'):
        VolumeGeometry((7, 6, 5), matrix)


def test_the_matrix_cannot_be_changed_behind_the_geometry(oblique):
    with pytest.raises(ValueError, match='read-only'):
        oblique.ijk_to_ras[0, 0] = 5.0


def test_a_matrix_of_the_wrong_shape_is_a_bug_of_the_caller():
    with pytest.raises(ValueError, match=r'4 x 4, got \(3, 3\)'):
        VolumeGeometry((7, 6, 5), np.eye(3))


@pytest.fixture
def tilted():
    """Tilted about R; its slices are 3 mm apart along (0, -0.8, 0.6)."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([[1, 0, 0], [0, 0.6, -0.8], [0, 0.8, 0.6]]) * [2.0, 2.5, 3.0]
    return VolumeGeometry((12, 20, 16), matrix)


def test_slice_distance_is_measured_along_the_normal_of_a_tilted_grid(tilted):
    center = tilted.position_ras_mm((8, 10, 6))

    assert tilted.slice_distance_mm(center, 8) == pytest.approx(6.0)
    assert tilted.slice_distance_mm(center, 5) == pytest.approx(-3.0)


def test_point_is_projected_along_the_normal_of_a_tilted_grid(tilted):
    center = tilted.position_ras_mm((8.4, 10.1, 6.3))

    projected = tilted.projected_ras_mm(center, 8)

    assert projected == pytest.approx((center + 1.7 * 3.0 * np.array([0, -0.8, 0.6])).tolist())


def test_point_is_projected_at_right_angles_though_the_grid_is_sheared():
    matrix = np.array([[2.0, 0, 1, 5], [0, 2, 0, 6], [0, 0, 4, 7], [0, 0, 0, 1]])

    projected = VolumeGeometry((9, 9, 9), matrix).projected_ras_mm((6.0, 7.0, 8.0), 3)

    assert projected == pytest.approx((6.0, 7.0, 19.0))  # straight up, not along k
