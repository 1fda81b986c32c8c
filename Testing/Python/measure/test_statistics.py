"""Statistics of a VOI against plain numpy on voxels listed by hand."""

from dataclasses import replace

import numpy as np
import pytest
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.measure.statistics import (
    has_non_finite,
    roi_statistics,
    slice_statistics,
    voi_statistics,
)
from VOIIdentificationLib.measure.voi_mask import Cylinder, Sphere, VOIMask, voi_mask

SPACING_MM = (2.0, 1.5, 3.0)


@pytest.fixture
def image():
    voxels = np.random.default_rng(5).normal(500.0, 80.0, (12, 20, 16)).astype(np.float32)
    return PETImage(voxels, VolumeGeometry((12, 20, 16), np.diag([*SPACING_MM, 1.0])))


def box_mask(weights):
    weights = np.array(weights, dtype=float)
    k, j, i = weights.shape
    return VOIMask(weights, (slice(2, 2 + k), slice(5, 5 + j), slice(7, 7 + i)), clipped=False)


def test_whole_voxels_give_the_original_scripts_mean_max_and_variance(image):
    """np.mean, np.max and np.var (ddof 0) of the listed pixels, as the script does."""
    sphere = Sphere('S', (14.0, 15.0, 15.0), 13.0)
    mask = voi_mask(sphere, image.geometry, counting='hard')
    pixels = image.voxels[mask.slices_kji][mask.weights == 1].astype(float)

    found = voi_statistics(image, mask)

    assert found.mean == pytest.approx(np.mean(pixels), rel=1e-12)
    assert found.variance == pytest.approx(np.var(pixels), rel=1e-12)
    assert (found.max, found.min) == (pixels.max(), pixels.min())
    assert found.voxel_count == pixels.size
    assert found.volume_ml == pytest.approx(pixels.size * 9.0 / 1000)
    assert found.sd == pytest.approx(np.std(pixels))
    assert found.voxel_cov == pytest.approx(np.std(pixels) / np.mean(pixels))


def test_weights_count_like_repeated_voxels(image):
    """Weights of n / 4 are the same as each voxel n times."""
    repeats = np.arange(24).reshape(2, 3, 4) % 5
    mask = box_mask(repeats / 4)
    repeated = np.repeat(image.voxels[mask.slices_kji].ravel().astype(float), repeats.ravel())

    found = voi_statistics(image, mask)

    assert found.mean == pytest.approx(repeated.mean(), rel=1e-12)
    assert found.variance == pytest.approx(repeated.var(), rel=1e-12)
    assert found.voxel_count == np.count_nonzero(repeats)
    assert found.volume_ml == pytest.approx(repeats.sum() / 4 * 9.0 / 1000)


def test_maximum_and_minimum_are_of_voxels_at_least_half_inside(image):
    values = np.array([[[9.0, 7.0, 3.0, 1.0]]], dtype=np.float32)
    image.voxels[2:3, 5:6, 7:11] = values
    found = voi_statistics(image, box_mask([[[0.49, 0.5, 1.0, 0.2]]]))
    assert (found.max, found.min) == (7.0, 3.0)


def test_a_voi_with_no_voxel_half_inside_uses_all_it_has(image):
    image.voxels[2:3, 5:6, 7:9] = [[[9.0, 7.0]]]
    found = voi_statistics(image, box_mask([[[0.2, 0.3]]]))
    assert (found.max, found.min) == (9.0, 7.0)
    assert found.sd is None
    assert found.voxel_cov is None


def test_percentiles_of_equal_weights_are_numpys_hazen(image):
    mask = box_mask(np.ones((3, 4, 5)))
    values = image.voxels[mask.slices_kji]

    found = voi_statistics(image, mask)

    expected = np.percentile(values, [5, 25, 50, 75, 95], method='hazen')
    assert [
        found.percentile_5,
        found.percentile_25,
        found.median,
        found.percentile_75,
        found.percentile_95,
    ] == pytest.approx(expected, rel=1e-12)


def test_percentiles_lie_between_minimum_and_maximum(image):
    image.voxels[2:3, 5:6, 7:11] = [[[-900.0, 7.0, 3.0, 9000.0]]]
    found = voi_statistics(image, box_mask([[[0.4, 0.5, 1.0, 0.4]]]))
    assert found.min == 3.0 <= found.percentile_5 <= found.median
    assert found.median <= found.percentile_95 <= found.max == 7.0


def test_voxels_that_are_not_finite_are_left_out(image):
    mask = box_mask(np.ones((2, 2, 2)))
    clean = replace(image, voxels=image.voxels.copy())
    image.voxels[2, 5, 7] = np.nan
    rest = clean.voxels[mask.slices_kji].ravel()[1:].astype(float)

    found = voi_statistics(image, mask)

    assert has_non_finite(image, mask)
    assert not has_non_finite(clean, mask)
    assert found.mean == pytest.approx(rest.mean())
    assert found.volume_ml == pytest.approx(8 * 9.0 / 1000)


def test_a_nan_outside_the_voi_does_not_matter(image):
    image.voxels[2, 5, 7] = np.nan
    assert not has_non_finite(image, box_mask([[[0.0, 1.0]]]))


def test_a_voi_without_a_finite_voxel_has_no_values(image):
    image.voxels[:] = np.nan
    found = voi_statistics(image, box_mask(np.ones((2, 2, 2))))
    assert found.mean is None
    assert found.max is None
    assert found.voxel_count == 8


def test_a_mean_of_zero_or_below_has_no_cov(image):
    image.voxels[:] = np.linspace(-2, 1, image.voxels.size).reshape(image.voxels.shape)
    assert voi_statistics(image, box_mask(np.ones((2, 2, 2)))).voxel_cov is None


def test_slices_are_counted_one_by_one(image):
    sphere = Sphere('S', (14.0, 15.0, 16.0), 13.0)
    mask = voi_mask(sphere, image.geometry)

    slices = slice_statistics(image, sphere, mask)

    assert [s.slice_k for s in slices] == [3, 4, 5, 6, 7]
    for found in slices:
        weights = mask.weights[found.slice_k - 3]
        values = image.voxels[found.slice_k, mask.slices_kji[1], mask.slices_kji[2]]
        assert found.mean == pytest.approx(np.average(values, weights=weights), rel=1e-6)
        core = weights >= 0.5 if weights.max() >= 0.5 else weights > 0
        assert found.max == values[core].max()
        assert found.voxel_count == np.count_nonzero(weights)
        assert found.area_mm2 == pytest.approx(weights.sum() * 3.0)
        distance = found.slice_k * 3.0 - 16.0
        assert found.radius_mm == pytest.approx(np.sqrt(max(6.5**2 - distance**2, 0)))


def test_the_areas_times_the_slice_distance_are_the_volume(image):
    cylinder = Cylinder('C', (14.0, 15.0, 16.0), 10.0, 7.0)
    mask = voi_mask(cylinder, image.geometry)
    areas = [s.area_mm2 for s in slice_statistics(image, cylinder, mask)]
    assert sum(areas) * 3.0 == pytest.approx(np.pi * 25 * 7, rel=2e-3)


@pytest.mark.parametrize('oblique', [False, True])
def test_circles_have_the_mean_and_cov_of_pixels_listed_by_hand(image, oblique):
    """Pixels by their corners: 0.25 mm points; the oblique grid is the same, turned as a whole."""
    turn = np.eye(4)
    if oblique:
        turn[:3, :3] = [[0.8, 0.0, 0.6], [0.0, 1.0, 0.0], [-0.6, 0.0, 0.8]]
    turned = replace(
        image,
        geometry=VolumeGeometry(image.geometry.shape_kji, turn @ np.diag([*SPACING_MM, 1.0])),
    )
    center_ras_mm = turned.geometry.position_ras_mm(np.array([7.2, 9.4, 0.0]))
    fine = (np.arange(200) + 0.5) / 200 - 0.5
    slices_k = (3, 8)

    means, covs = roi_statistics(turned, tuple(center_ras_mm), 11.0, slices_k)

    j, i = np.mgrid[:20, :16]
    inside = np.zeros((20, 16))
    for dj in fine[::5]:
        y_mm = (j + dj - 9.4) * SPACING_MM[1]
        for di in fine[::5]:
            inside += np.hypot((i + di - 7.2) * SPACING_MM[0], y_mm) <= 5.5
    for n, k in enumerate(slices_k):
        values = turned.voxels[k].astype(float)
        mean = np.average(values, weights=inside)
        sd = np.sqrt(np.average((values - mean) ** 2, weights=inside))
        assert means[n] == pytest.approx(mean, rel=2e-3)
        assert covs[n] == pytest.approx(sd / mean, rel=2e-2)


def test_a_tilted_rod_is_as_wide_in_each_slice_as_it_is(image):
    rod = Cylinder('C', (14.0, 14.0, 16.0), 9.0, 12.0, (0.6, 0.0, 0.8))
    slices = slice_statistics(image, rod, voi_mask(rod, image.geometry))

    assert {one.radius_mm for one in slices[1:-1]} == {4.5}


@pytest.mark.parametrize(('second', 'known'), [(1.0, True), (0.99, False)])
def test_an_sd_needs_two_whole_voxels(image, second, known):
    image.voxels[2, 5, 7:9] = (10.0, 14.0)

    found = voi_statistics(image, box_mask([[[1.0, second]]]))

    assert (found.sd is not None, found.variance is not None) == (known, known)
    assert (found.voxel_cov is not None) == known
    if known:
        assert (found.sd, found.variance) == pytest.approx((2.0, 4.0))
        assert found.voxel_cov == pytest.approx(2.0 / 12.0)


def test_a_mean_of_exactly_zero_has_no_cov(image):
    image.voxels[2, 5, 7:9] = (-3.0, 3.0)
    found = voi_statistics(image, box_mask([[[1.0, 1.0]]]))
    assert (found.mean, found.voxel_cov) == (0.0, None)
    assert found.sd == pytest.approx(3.0)


def test_percentiles_of_unequal_weights_worked_by_hand(image):
    """Weights 1/2 and 1: their middles at 1/6 and 2/3 of the weight; 1/2 is 2/3 of the way."""
    image.voxels[2, 5, 7:9] = (10.0, 40.0)

    found = voi_statistics(image, box_mask([[[0.5, 1.0]]]))

    assert found.median == pytest.approx(30.0)
    assert (found.percentile_5, found.percentile_95) == pytest.approx((10.0, 40.0))
    assert found.percentile_25 == pytest.approx(10.0 + 30.0 * (1 / 4 - 1 / 6) / (1 / 2))
    assert found.percentile_75 == pytest.approx(40.0)


def test_slices_without_a_voxel_are_left_out(image):
    weights = np.zeros((3, 2, 2))
    weights[0, 0, 0], weights[2] = 1.0, 0.25
    sphere = Sphere('S', (14.0, 8.0, 9.0), 9.0)

    slices = slice_statistics(image, sphere, box_mask(weights))

    assert [(one.slice_k, one.voxel_count) for one in slices] == [(2, 1), (4, 4)]
    assert slices[0].mean == slices[0].max == image.voxels[2, 5, 7]
    assert slices[1].max == image.voxels[4, 5:7, 7:9].max()  # no voxel half inside: all


def test_a_slice_without_a_finite_voxel_has_no_values(image):
    image.voxels[4] = np.nan
    sphere = Sphere('S', (14.0, 15.0, 15.0), 9.0)

    slices = slice_statistics(image, sphere, voi_mask(sphere, image.geometry))

    empty = [one for one in slices if one.slice_k == 4]
    assert [(one.mean, one.max) for one in empty] == [(None, None)]
    assert empty[0].voxel_count > 0
    assert all(one.mean is not None for one in slices if one.slice_k != 4)


def test_a_tilted_rod_has_no_circle_beyond_its_height(image):
    """6 x 0.8 + 4.5 x 0.6 = 7.5 mm to both sides; slices every 3 mm, the rod at 16 mm."""
    rod = Cylinder('C', (14.0, 14.0, 16.0), 9.0, 12.0, (0.6, 0.0, 0.8))

    slices = slice_statistics(image, rod, box_mask(np.ones((8, 1, 1))))

    radii = {one.slice_k: one.radius_mm for one in slices}
    assert radii == {k: 4.5 if abs(3.0 * k - 16.0) <= 7.5 else 0.0 for k in range(2, 10)}
    assert radii[8] == 0.0 < radii[3]


def test_a_circle_around_nothing_has_a_mean_and_no_cov(image):
    image.voxels[3], image.voxels[4] = 0.0, -5.0
    image.voxels[5] = np.linspace(1, 2, image.voxels[5].size).reshape(image.voxels[5].shape)

    means, covs = roi_statistics(image, (14.0, 15.0, 0.0), 9.0, (3, 4, 5))

    assert means[:2] == pytest.approx([0.0, -5.0])
    assert np.isnan(covs[:2]).all()
    assert covs[2] > 0


def test_circles_on_slices_that_are_pushed_aside_move_with_them(image):
    """A shear of a quarter of a pixel a slice: the line through the centers leaves its pixel."""
    matrix = image.geometry.ijk_to_ras.copy()
    matrix[0, 2] = 0.5
    sheared = replace(image, geometry=VolumeGeometry(image.geometry.shape_kji, matrix))
    center = (16.0, 15.0, 0.0)

    means, _ = roi_statistics(sheared, center, 9.0, (0, 8))

    for n, k in enumerate((0, 8)):
        # The same slice on a grid without shear, the circle moved against it.
        alone, _ = roi_statistics(image, (center[0] - 0.5 * k, *center[1:]), 9.0, (k,))
        assert means[n] == pytest.approx(alone[0], rel=1e-3)


def test_the_unit_of_the_values_changes_no_ratio(image):
    small = replace(image, voxels=(image.voxels * 1e-6).astype(np.float32))
    mask = voi_mask(Sphere('S', (14.0, 15.0, 15.0), 13.0), image.geometry)

    plain, other = voi_statistics(image, mask), voi_statistics(small, mask)

    assert other.voxel_cov == pytest.approx(plain.voxel_cov, rel=1e-5)
    assert other.median == pytest.approx(1e-6 * plain.median, rel=1e-5)
    center = (14.0, 15.0, 0.0)
    assert roi_statistics(small, center, 11.0, (3,))[1] == pytest.approx(
        roi_statistics(image, center, 11.0, (3,))[1], rel=1e-5
    )
