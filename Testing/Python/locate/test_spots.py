"""Coarse images against plain block means, spots against balls drawn here."""

import numpy as np
import pytest
from ball_truth import ball_image
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.locate.spots import SPOT_DISTANCE_MM, coarse_image, find_spots


def geometry_of(spacing_mm, shape_kji):
    c, s = np.cos(0.3), np.sin(0.3)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, -1]]) * spacing_mm
    matrix[:3, 3] = (10.0, -20.0, 30.0)
    return VolumeGeometry(shape_kji, matrix)


def test_coarse_voxels_are_block_means_in_the_right_place():
    geometry = geometry_of((1.65, 2.4, 4.0), (5, 9, 13))
    voxels = np.random.default_rng(0).normal(size=(5, 9, 13)).astype(np.float32)

    coarse, grid = coarse_image(PETImage(voxels, geometry))

    assert coarse.shape == grid.shape_kji == (5, 4, 4)
    assert coarse[3, 2, 1] == pytest.approx(voxels[3, 4:6, 3:6].mean(), abs=1e-6)
    middle = geometry.position_ras_mm((4.0, 4.5, 3.0))
    assert grid.position_ras_mm((1, 2, 3)) == pytest.approx(middle)


def test_coarse_image_of_large_voxels_is_the_image():
    geometry = geometry_of((5.0, 6.0, 7.0), (4, 5, 6))
    voxels = np.random.default_rng(1).normal(size=(4, 5, 6)).astype(np.float32)

    coarse, grid = coarse_image(PETImage(voxels, geometry))

    assert np.array_equal(coarse, voxels)
    assert np.array_equal(grid.ijk_to_ras, geometry.ijk_to_ras)


def test_values_that_are_not_numbers_count_as_nothing():
    geometry = geometry_of((5.0, 5.0, 5.0), (4, 5, 6))
    voxels = np.full((4, 5, 6), 3.0, dtype=np.float32)
    voxels[1, 2, 3], voxels[2, 2, 2] = np.nan, np.inf

    coarse, _ = coarse_image(PETImage(voxels, geometry))

    assert coarse[1, 2, 3] == 0.0
    assert coarse[2, 2, 2] == 0.0
    assert coarse[0, 0, 0] == 3.0


def drawn(values_by_ball):
    geometry = geometry_of((4.0, 4.2, 3.8), (40, 44, 46))
    image = np.ones(geometry.shape_kji)
    centers = []
    for index, diameter, value in values_by_ball:
        center = geometry.position_ras_mm(index)
        image += value * ball_image(geometry, center, diameter, (6.0, 6.0), order=2)
        centers.append(center)
    image += 0.05 * np.random.default_rng(2).standard_normal(image.shape)
    return PETImage(image.astype(np.float32), geometry), np.array(centers)


def test_balls_of_all_sizes_are_spots():
    image, centers = drawn(
        [((12, 12, 12), 37.0, 2.0), ((33, 11, 20), 22.0, 2.0), ((22, 33, 28), 10.0, 3.0)]
    )

    _, spots = find_spots(image)

    for center in centers:
        assert np.linalg.norm(spots - center, axis=1).min() < 6.0


def test_cold_balls_are_spots_only_on_demand():
    image, centers = drawn([((22, 22, 20), 28.0, -0.9)])

    _, hot_only = find_spots(image)
    _, both = find_spots(image, cold=True)

    assert np.linalg.norm(both - centers[0], axis=1).min() < 6.0
    assert np.linalg.norm(hot_only - centers[0], axis=1).min() > 6.0


def test_noisy_end_slices_do_not_hide_a_ball():
    image, centers = drawn([((22, 22, 20), 22.0, 2.0)])
    voxels = image.voxels.copy()
    rng = np.random.default_rng(5)
    voxels[:4] += 5 * rng.standard_normal(voxels[:4].shape).astype(np.float32)
    voxels[-4:] += 5 * rng.standard_normal(voxels[-4:].shape).astype(np.float32)

    spot_map, spots = find_spots(PETImage(voxels, image.geometry))

    i, j, k = np.rint(spot_map.geometry.index_ijk(centers[0])).astype(int)
    assert spot_map.contrast[k, j, i] > 2 * np.percentile(spot_map.contrast[:4], 99)
    assert np.linalg.norm(spots - centers[0], axis=1).min() < 6.0


def test_spots_of_one_scale_keep_their_distance():
    image, _ = drawn([((22, 22, 20), 37.0, 2.0)])

    _, spots = find_spots(image)

    first = spots[:10]
    distance = np.linalg.norm(first[:, None] - first, axis=-1)
    assert distance[~np.eye(10, dtype=bool)].min() > SPOT_DISTANCE_MM
