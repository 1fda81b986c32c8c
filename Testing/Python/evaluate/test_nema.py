"""
NEMA NU 2 figures.

Means against 40 x 40 points in every pixel; background variability against the
variance that the ROI weights and the noise's covariance give in closed form.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from VOIIdentificationLib.activity.worksheet import TrueActivity
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Insert
from VOIIdentificationLib.evaluate.background import (
    background_level,
    background_variability_percent,
    lung_residual_error_percent,
)
from VOIIdentificationLib.evaluate.nema import (
    SphereContrast,
    nema_quality,
    percent_contrast_cold,
    percent_contrast_hot,
    rois_on_slice,
)
from VOIIdentificationLib.evaluate.phantom_outline import LungInsert
from VOIIdentificationLib.evaluate.roi_placement import BackgroundPlacement, BackgroundROI
from VOIIdentificationLib.measure.statistics import VOIStatistics, roi_statistics, slice_roi
from VOIIdentificationLib.measure.voi import VOIResult
from VOIIdentificationLib.measure.voi_mask import Sphere, voi_mask

TRUTH = TrueActivity(20_000.0, 5000.0, ratio=4.0, ratio_sd_percent=2.0)


def grid(kind='oblique', *, shape=(16, 96, 104), spacing=(2.2, 1.8, 4.0)):
    """No two axes alike."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.diag([-1.0, -1.0, 1.0]) * spacing
    if kind == 'oblique':
        c, s = np.cos(0.5), np.sin(0.5)
        tilt = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
        matrix[:3, :3] = tilt @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ matrix[:3, :3]
    if kind == 'sheared':
        matrix[:3, 2] += 0.2 * matrix[:3, 0]
    matrix[:3, 3] = -matrix[:3, :3] @ (np.array(shape[::-1]) - 1) / 2
    return VolumeGeometry(shape, matrix)


def at(geometry, ijk):
    return tuple(geometry.position_ras_mm(ijk).tolist())


def mean_in_circle(image, center_ras_mm, diameter_mm, k, n=40):
    """Mean over n x n points in every pixel whose foot lies in the circle."""
    geometry = image.geometry
    _, rows, columns = geometry.shape_kji
    normal = np.cross(geometry.axes_ras_mm[:, 0], geometry.axes_ras_mm[:, 1])
    normal /= np.linalg.norm(normal)
    points = (np.arange(n) + 0.5) / n - 0.5
    total = weight = 0.0
    for j in range(rows):
        for i in range(columns):
            if np.linalg.norm(_off_axis(geometry, center_ras_mm, normal, (i, j, k))) > diameter_mm:
                continue
            di, dj = (part.ravel() for part in np.meshgrid(points, points))
            places = np.stack([i + di, j + dj, np.full(di.size, k)], axis=-1)
            off = _off_axis(geometry, center_ras_mm, normal, places)
            part = np.mean(np.linalg.norm(off, axis=-1) <= diameter_mm / 2)
            total += part * float(image.voxels[k, j, i])
            weight += part
    return total / weight


def _off_axis(geometry, center_ras_mm, normal, index_ijk):
    offset = geometry.position_ras_mm(index_ijk) - center_ras_mm
    return offset - (offset @ normal)[..., None] * normal


def textured(geometry, seed=0):
    """Values that differ from pixel to pixel, about 5000."""
    rng = np.random.default_rng(seed)
    voxels = 5000 + ndimage.gaussian_filter(rng.standard_normal(geometry.shape_kji), 1.0) * 8000
    return PETImage(voxels.astype(np.float32), geometry, 'Bq/mL')


@pytest.mark.parametrize('kind', ['square', 'oblique', 'sheared'])
@pytest.mark.parametrize('diameter_mm', [10.0, 37.0])
def test_circle_means_agree_with_fine_sampling(kind, diameter_mm):
    image = textured(grid(kind))
    center = at(image.geometry, (51.3, 47.6, 6.4))

    means, _ = roi_statistics(image, center, diameter_mm, [6, 9])

    for k, mean in zip((6, 9), means, strict=True):
        expected = mean_in_circle(image, center, diameter_mm, k)
        assert mean == pytest.approx(expected, rel=2e-3)


def test_a_circle_has_its_area_and_one_slice():
    geometry = grid()

    roi = slice_roi(geometry, at(geometry, (40.2, 50.7, 3.0)), 22.0, 11)

    assert roi.slices_kji[0] == slice(11, 12)
    assert roi.weights.sum() * 2.2 * 1.8 == pytest.approx(np.pi * 121, rel=1e-3)
    assert not roi.clipped


def test_a_circle_over_the_border_is_clipped():
    geometry = grid()

    assert slice_roi(geometry, at(geometry, (2.0, 50.0, 3.0)), 37.0, 3).clipped


def test_pixels_that_are_no_numbers_are_left_out():
    geometry = grid('square')
    image = PETImage(np.full(geometry.shape_kji, 7.0, np.float32), geometry)
    image.voxels[4, 48, 52] = np.nan
    image.voxels[5] = np.nan
    center = at(geometry, (52.0, 48.0, 4.0))

    means, covs = roi_statistics(image, center, 13.0, [4, 5])

    assert means[0] == pytest.approx(7.0)
    assert covs[0] == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(means[1])
    assert np.isnan(covs[1])


def test_voxel_cov_is_the_weighted_sd_over_the_mean():
    image = textured(grid('square'))
    center = at(image.geometry, (51.3, 47.6, 6.0))
    roi = slice_roi(image.geometry, center, 28.0, 6)
    values = image.voxels[roi.slices_kji].astype(float)
    mean = np.average(values, weights=roi.weights)
    sd = np.sqrt(np.average((values - mean) ** 2, weights=roi.weights))

    _, covs = roi_statistics(image, center, 28.0, [6])

    assert covs[0] == pytest.approx(sd / mean, rel=1e-9)


def placement_on(
    geometry, columns=(16, 36, 56, 80), rows=(18, 46, 74), *, slices=(2, 5, 8, 11, 14), lung=None
):
    """Twelve ROIs far from each other; the placement itself is judged elsewhere."""
    k = slices[len(slices) // 2]
    rois = tuple(
        BackgroundROI(f'BG{n:02d}', at(geometry, (i, j, k)), 20.0, 20.0, 20.0, 5.0)
        for n, (i, j) in enumerate(((i, j) for j in rows for i in columns), start=1)
    )
    return BackgroundPlacement(rois, 37.0, k, slices, lung, 5000.0)


def test_background_level_gathers_every_roi_by_slice_and_position():
    image = textured(grid())
    placement = placement_on(image.geometry)

    level = background_level(image, placement, 17.0)

    assert level.roi_means.shape == (5, 12)
    expected = mean_in_circle(image, placement.rois[7].center_ras_mm, 17.0, 11)
    assert level.roi_means[3, 7] == pytest.approx(expected, rel=2e-3)
    assert level.mean == pytest.approx(level.roi_means.mean())
    squares = np.sum((level.roi_means - level.mean) ** 2)
    assert level.sd == pytest.approx(np.sqrt(squares / 59))
    assert level.variability_percent == pytest.approx(100 * level.sd / level.mean)
    covs = [
        roi_statistics(image, roi.center_ras_mm, 17.0, placement.slices_k)[1]
        for roi in placement.rois
    ]
    assert level.image_roughness_percent == pytest.approx(100 * np.mean(covs))


def expected_roi_variance(image_like, weights, sigma_px):
    """w' C w / (sum w)^2 for unit noise smoothed by a Gaussian of this SD, made numerically."""
    impulse = np.zeros((41, 41))
    impulse[20, 20] = 1.0
    kernel = ndimage.gaussian_filter(impulse, sigma_px) if max(sigma_px) else impulse
    correlation = ndimage.correlate(kernel, kernel, mode='constant')
    correlation /= correlation[20, 20]
    spread = ndimage.convolve(np.pad(weights, 20), correlation, mode='constant')[20:-20, 20:-20]
    return float(np.sum(weights * spread)) / weights.sum() ** 2


@pytest.mark.parametrize('fwhm_mm', [0.0, 6.0])
@pytest.mark.parametrize('diameter_mm', [10.0, 37.0])
def test_variability_is_that_of_the_roi_means_and_not_of_the_voxels(diameter_mm, fwhm_mm):
    """30 images, 60 ROIs each: the mean square is known to 1 / sqrt(2 * 30 * 59) = 1.7 %."""
    geometry = grid('square')
    placement = placement_on(geometry)
    sigma = np.array([fwhm_mm / 2.3548 / 1.8, fwhm_mm / 2.3548 / 2.2])
    roi = slice_roi(geometry, placement.rois[0].center_ras_mm, diameter_mm, 2)
    cov = 0.10
    expected = 100 * cov * np.sqrt(expected_roi_variance(geometry, roi.weights[0], sigma))

    squares, roughness = [], []
    for seed in range(30):
        noise = np.random.default_rng(seed).standard_normal(geometry.shape_kji)
        noise = ndimage.gaussian_filter(noise, (0, *sigma), mode='wrap')
        voxels = 5000 * (1 + cov * noise / noise.std())
        level = background_level(
            PETImage(voxels.astype(np.float32), geometry), placement, diameter_mm
        )
        squares.append(level.variability_percent**2)
        roughness.append(level.image_roughness_percent)

    found = np.sqrt(np.mean(squares))
    assert found == pytest.approx(expected, rel=3 * 0.5 / np.sqrt(30 * 59 / 2) + 0.01)
    pooled = 100 * cov
    assert pooled / found > (1.4 if fwhm_mm else 3.0)
    assert np.mean(roughness) == pytest.approx(pooled, rel=0.05 if not fwhm_mm else 0.35)


def test_variability_of_three_means_by_hand():
    """Means 9, 10, 11: S = 1, C_B = 10."""
    assert background_variability_percent(np.array([[9.0], [10.0], [11.0]])) == pytest.approx(10.0)


@pytest.mark.parametrize(
    ('hot', 'background', 'ratio', 'expected'),
    [
        (20.0, 5.0, 4.0, 100.0),
        (5.0, 5.0, 4.0, 0.0),
        (12.5, 5.0, 4.0, 50.0),
        (28.0, 5.0, 10.0, 51.111),
    ],
)
def test_hot_contrast_by_hand(hot, background, ratio, expected):
    assert percent_contrast_hot(hot, background, ratio) == pytest.approx(expected, rel=1e-4)


def test_cold_contrast_and_lung_residual_by_hand():
    assert percent_contrast_cold(1.0, 4.0) == pytest.approx(75.0)
    assert lung_residual_error_percent(np.array([1.0, 2.0]), np.array([10.0, 8.0])).tolist() == [
        10,
        25,
    ]


def measured(image, center, diameter_mm, *, hot=True, flags=()):
    solid = Sphere(f'S{diameter_mm:g}', center, diameter_mm)
    mask = voi_mask(solid, image.geometry)
    values = image.voxels[mask.slices_kji]
    return VOIResult(
        insert=Insert(solid.label, diameter_mm, hot=hot),
        seed_ras_mm=center,
        center_ras_mm=center,
        center_ijk=tuple(image.geometry.index_ijk(center)),
        mask=mask,
        statistics=VOIStatistics(
            voxel_count=1, volume_ml=1.0, mean=float(np.average(values, weights=mask.weights))
        ),
        slices=(),
        flags=flags,
    )


def phantom_image(
    *, kind='oblique', spheres=((26.4, 32.2, 8.2, 22.0, 20_000.0), (68.3, 60.1, 7.9, 13.0, 0.0))
):
    """A hot and a cold ball in 5000, blurred; places as (i, j, k, diameter, value)."""
    geometry = grid(kind)
    k, j, i = np.indices(geometry.shape_kji)
    ras = geometry.position_ras_mm(np.stack([i, j, k], axis=-1))
    voxels = np.full(geometry.shape_kji, 5000.0)
    for *ijk, diameter, value in spheres:
        voxels[np.linalg.norm(ras - at(geometry, ijk), axis=-1) <= diameter / 2] = value
    voxels = ndimage.gaussian_filter(voxels, (0.6, 1.4, 1.2))
    return PETImage(voxels.astype(np.float32), geometry, 'Bq/mL')


def test_contrast_is_two_dimensional_and_the_sphere_stands_beside_it():
    image = phantom_image()
    hot = measured(image, at(image.geometry, (26.4, 32.2, 8.2)), 22.0)
    cold = measured(image, at(image.geometry, (68.3, 60.1, 7.9)), 13.0, hot=False)
    placement = placement_on(image.geometry, columns=(48, 90), rows=(15, 84))

    found = nema_quality(image, [hot, cold], placement, TRUTH)

    first, second = found.spheres
    c_h = mean_in_circle(image, hot.center_ras_mm, 22.0, 8)
    assert first.roi_mean == pytest.approx(c_h, rel=2e-3)
    assert first.voi_mean == hot.statistics.mean
    assert first.voi_mean < 0.97 * first.roi_mean
    b = first.background_mean
    assert b == pytest.approx(5000.0, rel=1e-3)
    assert first.contrast_percent == pytest.approx(100 * (c_h / b - 1) / 3, rel=3e-3)
    assert first.voi_contrast_percent == pytest.approx(100 * (first.voi_mean / b - 1) / 3)
    assert first.contrast_sd_percent == pytest.approx(first.contrast_percent * 4 / 3 * 0.02)
    c_c = mean_in_circle(image, cold.center_ras_mm, 13.0, 8)
    assert second.contrast_percent == pytest.approx(
        100 * (1 - c_c / second.background_mean), rel=3e-3
    )
    assert second.contrast_sd_percent is None
    assert first.slice_offset_mm == pytest.approx(0.2 * 4.0)
    assert second.slice_offset_mm == pytest.approx(-0.1 * 4.0)
    assert [level.diameter_mm for level in found.background] == [37.0, 22.0, 13.0]


def test_contrast_uncertainty_agrees_with_random_ratios():
    image = phantom_image()
    hot = measured(image, at(image.geometry, (26.4, 32.2, 8.2)), 22.0)
    placement = placement_on(image.geometry, columns=(48, 90), rows=(15, 84))
    one = nema_quality(image, [hot], placement, TRUTH).spheres[0]
    ratios = 4.0 * (1 + 0.02 * np.random.default_rng(1).standard_normal(100_000))

    drawn = 100 * (one.roi_mean / one.background_mean - 1) / (ratios - 1)

    assert one.contrast_sd_percent == pytest.approx(drawn.std(), rel=0.02)


@pytest.mark.parametrize('truth', [None, TrueActivity(20_000.0), TrueActivity(5.0, 5.0, ratio=1.0)])
def test_without_a_true_ratio_above_one_there_is_no_hot_contrast(truth):
    image = phantom_image()
    hot = measured(image, at(image.geometry, (26.4, 32.2, 8.2)), 22.0)
    placement = placement_on(image.geometry, columns=(48, 90), rows=(15, 84))

    one = nema_quality(image, [hot], placement, truth).spheres[0]

    assert one.contrast_percent is None
    assert one.contrast_sd_percent is None
    assert one.variability_percent is not None


def test_a_sphere_off_the_common_slice_or_over_the_border_is_flagged():
    image = phantom_image()
    off = measured(
        image, at(image.geometry, (26.4, 32.2, 8.9)), 22.0, flags=(Flag.SEARCH_AT_LIMIT,)
    )
    over = measured(image, at(image.geometry, (2.0, 32.2, 8.0)), 22.0, flags=(Flag.CLIPPED,))
    placement = placement_on(image.geometry, columns=(48, 90), rows=(15, 84))

    first, second = nema_quality(image, [off, over], placement, TRUTH).spheres

    assert first.flags == (Flag.SEARCH_AT_LIMIT, Flag.OFF_SLICE)
    assert second.flags == (Flag.CLIPPED,)


def lung_image(*, first=4, last=35, shape=(40, 96, 104)):
    """Background 5000 from the first to the last slice, a lung whose value rises with k."""
    geometry = grid('square', shape=shape)
    voxels = np.zeros(shape)
    k = np.arange(shape[0])
    in_body = (k >= first) & (k <= last)
    voxels[in_body] = 5000.0
    j, i = np.indices(shape[1:])
    lung = np.hypot(2.2 * (i - 50.3), 1.8 * (j - 46.1)) < 25.0
    voxels[:, lung] = np.where(in_body, 10.0 * k, 0.0)[:, None]
    voxels[20] *= 1.1
    return PETImage(voxels.astype(np.float32), geometry)


def test_lung_residual_of_every_slice_of_the_body_in_both_conventions():
    image = lung_image()
    lung = LungInsert(at(image.geometry, (50.3, 46.1, 18)), 50.0, found=True)
    placement = placement_on(
        image.geometry, rows=(12, 84), columns=(12, 92), slices=(13, 16, 18, 21, 23), lung=lung
    )

    found = nema_quality(image, [], placement, edition='2012').lung

    assert found.slices_k == tuple(range(7, 33))  # 3 slices of 4 mm from each end: 10 mm
    scale = np.where(np.arange(7, 33) == 20, 1.1, 1.0)
    values = 10.0 * np.arange(7, 33) * scale
    assert found.roi_means == pytest.approx(values, rel=1e-6)
    assert found.error_percent == pytest.approx(100 * values / 5000.0, rel=1e-6)
    assert found.same_slice_error_percent == pytest.approx(100 * values / 5000.0 / scale, rel=1e-6)
    assert found.mean_error_percent == pytest.approx(found.error_percent.mean())
    assert found.mean_same_slice_error_percent == pytest.approx(
        found.same_slice_error_percent.mean()
    )


@pytest.mark.parametrize(
    ('slice_k', 'lung_is', 'rois_are'),
    [(6, False, False), (7, True, False), (16, True, True), (17, True, False), (33, False, False)],
)
def test_circles_are_drawn_on_the_slices_that_they_were_measured_on(slice_k, lung_is, rois_are):
    image = lung_image()
    lung = LungInsert(at(image.geometry, (50.3, 46.1, 18)), 50.0, found=True)
    placement = placement_on(
        image.geometry, rows=(12, 84), columns=(12, 92), slices=(13, 16, 18, 21, 23), lung=lung
    )

    drawn = rois_on_slice(
        nema_quality(image, [], placement, edition='2012'), image.geometry, slice_k
    )

    assert [circle.label == 'Lung' for circle in drawn] == [False] * 4 * rois_are + [True] * lung_is
    for circle in drawn:
        i, j, k = image.geometry.index_ijk(circle.center_ras_mm)
        assert k == pytest.approx(slice_k, abs=1e-9)
        assert circle.height_mm == pytest.approx(4.0)
        assert circle.diameter_mm == (30.0 if circle.label == 'Lung' else placement.roi_diameter_mm)
        assert (i, j) == pytest.approx((50.3, 46.1)) or circle.label != 'Lung'


@pytest.mark.parametrize(('edition', 'left_out'), [('2007', 3), ('2012', 3), ('2018', 8)])
def test_an_edition_says_what_the_lung_residual_leaves_out(edition, left_out):
    """10 mm are 3 slices of 4 mm, 30 mm are 8; the body is on slices 4 to 35."""
    image = lung_image()
    lung = LungInsert(at(image.geometry, (50.3, 46.1, 18)), 50.0, found=True)
    placement = placement_on(
        image.geometry, rows=(12, 84), columns=(12, 92), slices=(13, 16, 18, 21, 23), lung=lung
    )

    found = nema_quality(image, [], placement, edition=edition)

    assert found.lung.slices_k == tuple(range(4 + left_out, 36 - left_out))
    assert found.edition.name == f'NU 2-{edition}'


def test_a_body_longer_than_the_image_is_measured_to_its_border():
    image = lung_image(first=0, last=39)
    lung = LungInsert(at(image.geometry, (50.3, 46.1, 18)), 50.0, found=True)
    placement = placement_on(
        image.geometry, rows=(12, 84), columns=(12, 92), slices=(13, 16, 18, 21, 23), lung=lung
    )

    assert nema_quality(image, [], placement).lung.slices_k == tuple(range(40))


def test_without_a_lung_insert_there_is_no_residual():
    image = lung_image()

    assert nema_quality(image, [], placement_on(image.geometry)).lung is None


def test_no_rois_say_nothing_instead_of_zero():
    image = lung_image()
    empty = BackgroundPlacement((), 37.0, 18, (18,), None, 5000.0)

    level = nema_quality(image, [], empty).background[0]

    assert (level.mean, level.sd, level.variability_percent) == (None, None, None)
    assert level.image_roughness_percent is None


def shown(mean, level=1000.0, n_percent=2.0):
    none = (None, None, None, None)
    return SphereContrast('S', 22.0, True, 0.0, mean, None, level, *none[:3], n_percent).shown_hot


@pytest.mark.parametrize(
    ('mean', 'n_percent', 'hot'),
    [
        (1100.0, 2.0, None),
        (1101.0, 2.0, True),
        (900.0, 2.0, None),
        (899.0, 2.0, False),
        # 3 SDs of 5 % are 15 %.
        (1149.0, 5.0, None),
        (1151.0, 5.0, True),
        (849.0, 5.0, False),
    ],
)
def test_a_sphere_is_called_hot_or_cold_where_a_tenth_and_the_noise_allow_it(mean, n_percent, hot):
    assert shown(mean, n_percent=n_percent) is hot


def test_a_sphere_without_its_values_is_called_neither():
    assert shown(None) is None
    assert shown(2000.0, None) is None
    assert shown(2000.0, n_percent=None) is None


@pytest.mark.parametrize(
    ('offset_mm', 'flagged'), [(1.9, False), (2.1, True), (-1.9, False), (-2.1, True)]
)
def test_a_sphere_may_be_two_millimeter_off_the_common_slice(offset_mm, flagged):
    image = phantom_image()
    sphere = measured(image, at(image.geometry, (26.4, 32.2, 8 + offset_mm / 4.0)), 22.0)
    placement = placement_on(image.geometry, columns=(48, 90), rows=(15, 84))

    (one,) = nema_quality(image, [sphere], placement, TRUTH).spheres

    assert one.slice_offset_mm == pytest.approx(offset_mm)
    assert (Flag.OFF_SLICE in one.flags) == flagged


def test_a_ratio_just_above_one_gives_a_contrast_and_one_none():
    image = phantom_image()
    hot = measured(image, at(image.geometry, (26.4, 32.2, 8.2)), 22.0)
    placement = placement_on(image.geometry, columns=(48, 90), rows=(15, 84))
    truth = TrueActivity(5500.0, 5000.0, ratio=1.1)

    one = nema_quality(image, [hot], placement, truth).spheres[0]

    assert one.contrast_percent == pytest.approx(1000 * (one.roi_mean / one.background_mean - 1))
    assert one.contrast_sd_percent is None  # nobody gave that of the ratio


def test_a_cold_background_has_no_contrast():
    geometry = grid('square')
    for value in (0.0, -5.0):
        image = PETImage(np.full(geometry.shape_kji, value, np.float32), geometry, 'Bq/mL')
        sphere = measured(image, at(geometry, (30.0, 30.0, 8.0)), 22.0, hot=False)
        (one,) = nema_quality(image, [sphere], placement_on(geometry), TRUTH).spheres
        assert (one.contrast_percent, one.voi_contrast_percent) == (None, None)
        assert one.variability_percent is None
        assert one.background_mean == pytest.approx(value)


def test_a_sphere_without_a_finite_pixel_has_no_contrast():
    image = phantom_image()
    hot = measured(image, at(image.geometry, (26.4, 32.2, 8.2)), 22.0)
    image.voxels[8] = np.nan
    placement = placement_on(
        image.geometry, columns=(48, 90), rows=(15, 84), slices=(2, 5, 8, 11, 14)
    )

    (one,) = nema_quality(image, [hot], placement, TRUTH).spheres

    assert (one.roi_mean, one.contrast_percent, one.contrast_sd_percent) == (None, None, None)
    assert one.voi_contrast_percent is not None


@pytest.mark.parametrize(('count', 'known'), [(1, False), (2, True)])
def test_one_roi_has_a_mean_and_two_have_a_variability(count, known):
    image = textured(grid('square'))
    every = placement_on(image.geometry, slices=(8,))
    level = background_level(image, replace(every, rois=every.rois[:count]), 37.0)

    assert level.roi_count == count
    assert level.mean == pytest.approx(np.mean(level.roi_means))
    assert level.image_roughness_percent > 0
    assert (level.sd is not None) == known
    assert (level.variability_percent is not None) == known
    if known:
        first, second = level.roi_means.ravel()
        assert level.sd == pytest.approx(abs(first - second) / np.sqrt(2))


@pytest.mark.parametrize('part', [0.49, 0.51])
def test_a_slice_belongs_to_the_body_if_it_holds_half_of_the_background(part):
    """Slice 4 is the body's end: with less it ends at 5, and 10 mm are left out from there."""
    image = lung_image()
    image.voxels[4] = part * 5000.0
    lung = LungInsert(at(image.geometry, (50.3, 46.1, 18)), 50.0, found=True)
    placement = placement_on(
        image.geometry, rows=(12, 84), columns=(12, 92), slices=(13, 16, 18, 21, 23), lung=lung
    )

    found = nema_quality(image, [], placement, edition='2012').lung

    assert found.slices_k == tuple(range(7 if part > 0.5 else 8, 33))


@pytest.mark.parametrize(('first', 'last', 'slices'), [(0, 35, range(33)), (4, 39, range(7, 40))])
def test_only_the_end_of_the_body_that_is_in_the_image_is_left_out(first, last, slices):
    image = lung_image(first=first, last=last)
    lung = LungInsert(at(image.geometry, (50.3, 46.1, 18)), 50.0, found=True)
    placement = placement_on(
        image.geometry, rows=(12, 84), columns=(12, 92), slices=(13, 16, 18, 21, 23), lung=lung
    )

    found = nema_quality(image, [], placement, edition='2012').lung

    assert found.slices_k == tuple(slices)


def test_the_central_slice_is_measured_however_short_the_body():
    """Slices 16 to 20, less 8 at each end: only the central one is left."""
    image = lung_image(first=16, last=20)
    lung = LungInsert(at(image.geometry, (50.3, 46.1, 18)), 50.0, found=True)
    placement = placement_on(
        image.geometry, rows=(12, 84), columns=(12, 92), slices=(16, 17, 18, 19, 20), lung=lung
    )

    assert nema_quality(image, [], placement).lung.slices_k == (18,)


def test_a_lung_without_a_background_has_no_residual():
    image = lung_image()
    lung = LungInsert(at(image.geometry, (50.3, 46.1, 18)), 50.0, found=True)
    empty = BackgroundPlacement((), 37.0, 18, (18,), lung, 5000.0)

    assert nema_quality(image, [], empty).lung is None


def test_where_the_central_slice_is_empty_it_is_the_only_one():
    image = lung_image()
    image.voxels[18] = 0.1 * 5000.0
    lung = LungInsert(at(image.geometry, (50.3, 46.1, 18)), 50.0, found=True)
    placement = placement_on(
        image.geometry, rows=(12, 84), columns=(12, 92), slices=(13, 16, 18, 21, 23), lung=lung
    )

    found = nema_quality(image, [], placement).lung

    assert found.slices_k == (18,)
    # 500 over the mean of 5000 on four slices and 500 on one.
    assert found.error_percent == pytest.approx([100 * 500 / 4100.0], rel=1e-3)
    assert found.same_slice_error_percent == pytest.approx([100.0], rel=1e-3)


@pytest.mark.parametrize('factor', [1e-5, 1e5])
def test_the_unit_of_the_values_changes_no_percent(factor):
    image = phantom_image()
    scaled = PETImage((image.voxels * factor).astype(np.float32), image.geometry, 'x')
    lung = LungInsert(at(image.geometry, (50.0, 48.0, 8.0)), 20.0, found=True)
    placement = placement_on(image.geometry, columns=(48, 90), rows=(15, 84), lung=lung)

    def _found(image):
        hot = measured(image, at(image.geometry, (26.4, 32.2, 8.2)), 22.0)
        cold = measured(image, at(image.geometry, (68.3, 60.1, 7.9)), 13.0, hot=False)
        return nema_quality(image, [hot, cold], placement, TRUTH)

    plain, other = _found(image), _found(scaled)
    for one, two in zip(plain.spheres, other.spheres, strict=True):
        assert two.contrast_percent == pytest.approx(one.contrast_percent, rel=1e-4)
        assert two.voi_contrast_percent == pytest.approx(one.voi_contrast_percent, rel=1e-4)
        assert two.roi_mean == pytest.approx(factor * one.roi_mean, rel=1e-5)
        assert two.shown_hot == one.shown_hot is not None
    for one, two in zip(plain.background, other.background, strict=True):
        assert two.mean == pytest.approx(factor * one.mean, rel=1e-5)
        assert two.variability_percent == pytest.approx(one.variability_percent, rel=1e-3)
        assert two.image_roughness_percent == pytest.approx(one.image_roughness_percent, rel=1e-3)
    assert other.lung.error_percent == pytest.approx(plain.lung.error_percent, rel=1e-4)
