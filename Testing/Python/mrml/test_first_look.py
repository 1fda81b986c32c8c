"""Where the views go first, and how bright: against volumes whose bright slice is known."""

import numpy as np
import pytest
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.mrml.nodes import brightest_slice_k, display_window, first_view_ras_mm

SHAPE_KJI = (7, 12, 10)


def volume(voxels, matrix=None):
    return PETImage(
        np.asarray(voxels, dtype=np.float32),
        VolumeGeometry(SHAPE_KJI, np.diag([2.0, 2.5, 3.0, 1.0]) if matrix is None else matrix),
    )


def spot(k, j, i, value=1000.0):
    voxels = np.full(SHAPE_KJI, 10.0)
    voxels[k, j : j + 3, i : i + 3] = value
    return voxels


@pytest.mark.parametrize('k', range(7))
def test_the_brightest_slice_is_found(k):
    assert brightest_slice_k(volume(spot(k, 4, 5))) == k


def test_the_slice_of_highest_mean_wins_over_one_hot_voxel():
    voxels = spot(2, 4, 5)
    voxels[6, 0, 0] = 5000.0

    assert brightest_slice_k(volume(voxels)) == 2


def test_voxels_that_are_not_a_number_are_passed_over():
    voxels = spot(2, 4, 5)
    voxels[5, 0, :3] = (np.nan, np.inf, -np.inf)

    assert brightest_slice_k(volume(voxels)) == 2


def test_the_views_go_to_the_middle_of_what_is_bright():
    """Middle voxel of the spot, sent through an oblique matrix."""
    c, s = np.cos(0.4), np.sin(0.4)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) * (2.0, 2.5, 3.0)
    matrix[:3, 3] = (5.0, -6.0, 7.0)

    position = first_view_ras_mm(volume(spot(3, 4, 5), matrix))

    assert position == pytest.approx((matrix @ (6.0, 5.0, 3.0, 1.0))[:3])


def test_an_empty_volume_is_looked_at_in_its_middle():
    position = first_view_ras_mm(volume(np.zeros(SHAPE_KJI)))

    assert position[:2] == pytest.approx((4.5 * 2.0, 5.5 * 2.5))


def test_the_window_is_one_for_the_volume_and_ignores_one_hot_voxel():
    rng = np.random.default_rng(0)
    voxels = rng.uniform(0, 100, (50, 60, 70))
    voxels[0, 0, 0] = 1e6
    geometry = VolumeGeometry((50, 60, 70), np.eye(4))

    low, high = display_window(PETImage(voxels.astype(np.float32), geometry))

    assert low == 0
    assert high == pytest.approx(99.9, abs=0.2)


@pytest.mark.parametrize('value', [0.0, -5.0, np.nan])
def test_a_volume_without_signal_still_has_a_window(value):
    low, high = display_window(volume(np.full(SHAPE_KJI, value)))

    assert low < high


def test_few_bright_voxels_make_the_window():
    voxels = np.zeros(SHAPE_KJI)
    voxels[0, 0, 0] = 50.0

    assert display_window(volume(voxels))[1] > 0
