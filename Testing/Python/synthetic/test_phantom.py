"""
A phantom with known truth.

The judges are formulas written here, brute sampling of sharp scenes, and sums
that a blur cannot change. Nothing of `measure` takes part.
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import erf
from VOIIdentificationLib.core.errors import InputFileError
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Insert, Phantom
from VOIIdentificationLib.synthetic.phantom import (
    PSF,
    Activities,
    Ball,
    Body,
    Noise,
    Pose,
    Rod,
    SyntheticPhantom,
    activity_at,
    ball_mean,
    correlated_noise,
    grid,
    sampled_mean,
    synthesize,
    true_inserts,
)
from VOIIdentificationLib.synthetic.psf import blurred_disc
from VOIIdentificationLib.synthetic.solids import add_solid

FWHM_PER_SIGMA = 2.3548200450309493  # 2 sqrt(2 ln 2)
OBLIQUE = grid((41, 37, 33), (2.0, 2.3, 3.1), oblique_deg=(12, -7, 25), middle_ras_mm=(0, 0, 0))
MIRRORED = grid((33, 35, 29), (1.7, 2.0, 3.0), mirrored=True, middle_ras_mm=(0, 0, 0))


def one_ball(diameter_mm, geometry, fwhm=(6.0, 6.0), center=(0.6, -0.4, 1.1)):
    """Only one hot ball of activity 100 in nothing, at a sub-voxel place."""
    r, a, s = center
    radius = float(np.hypot(r, a))
    phantom = Phantom(
        'one',
        (Insert('S', diameter_mm, ring_angle_deg=float(np.degrees(np.arctan2(a, r)))),),
        ring_diameter_mm=2 * radius,
    )
    return SyntheticPhantom(
        geometry,
        phantom,
        pose=Pose(offset_ras_mm=(0.0, 0.0, s)),
        activities=Activities(hot=100.0),
        psf=PSF(*fwhm),
        body=None,
    )


def sampled_ball(geometry, center, diameter_mm, sigmas, samples=25, seed=3):
    """
    The blurred ball at every voxel by Monte Carlo over voxel, PSF and nothing else.

    Random points of the voxel are moved by random draws of the PSF; the value is
    the part that ends inside the ball.
    """
    rng = np.random.default_rng(seed)
    unit = geometry.axes_ras_mm / geometry.spacing_ijk_mm
    k, j, i = np.indices(geometry.shape_kji)
    position = geometry.position_ras_mm(np.stack([i, j, k], axis=-1)) - center
    inside = np.zeros(geometry.shape_kji)
    for _ in range(samples):
        box = geometry.axes_ras_mm @ (rng.random(3) - 0.5)
        blur = unit @ (rng.standard_normal(3) * sigmas)
        inside += np.sum((position + box + blur) ** 2, axis=-1) <= (diameter_mm / 2) ** 2
    return inside / samples


def centroid_ras(image, geometry):
    k, j, i = np.indices(image.shape)
    index = [np.average(axis, weights=image) for axis in (i, j, k)]
    return (geometry.ijk_to_ras @ [*index, 1.0])[:3]


@pytest.mark.parametrize('diameter_mm', [10.0, 22.0])
def test_center_of_a_blurred_ball_has_the_textbook_value(diameter_mm):
    """erf(x) - 2 x exp(-x^2) / sqrt(pi) with x = R / (sqrt(2) sigma), by integrating in shells."""
    scene = one_ball(diameter_mm, OBLIQUE)
    x = diameter_mm / 2 / (np.sqrt(2) * 6.0 / FWHM_PER_SIGMA)
    expected = 100 * (erf(x) - 2 * x * np.exp(-(x**2)) / np.sqrt(np.pi))

    value = activity_at(scene, [[0.6, -0.4, 1.1]])

    assert value[0] == pytest.approx(expected, rel=1e-5)


def test_profile_of_a_blurred_ball_matches_shell_integration():
    """Line integral over polar angle and radius, done by brute force with 1000 x 3000 points."""
    sigma, radius = 6.0 / FWHM_PER_SIGMA, 8.5
    scene = one_ball(17.0, OBLIQUE)
    shells = (np.arange(1000) + 0.5) / 1000 * radius
    cosines = (np.arange(3000) + 0.5) / 1500 - 1
    distances = np.array([0.5, 4.0, 8.5, 12.0, 16.0])
    square = distances[:, None, None] ** 2 + shells[:, None] ** 2
    square = square - 2 * distances[:, None, None] * shells[:, None] * cosines
    bell = np.exp(-square / (2 * sigma**2)) / (2 * np.pi * sigma**2) ** 1.5
    expected = 100 * (2 * np.pi * shells[:, None] ** 2 * bell).sum(axis=(1, 2))
    expected *= (radius / 1000) * (2 / 3000)

    direction = np.array([2.0, -1.0, 2.0]) / 3
    value = activity_at(scene, (0.6, -0.4, 1.1) + distances[:, None] * direction)

    assert value == pytest.approx(expected, abs=100 * 2e-5)


@pytest.mark.parametrize('fwhm', [(6.0, 6.0), (4.0, 7.0), (7.0, 4.0), (0.0, 0.0)])
@pytest.mark.parametrize('geometry', [OBLIQUE, MIRRORED], ids=['oblique', 'mirrored'])
def test_voxels_match_a_monte_carlo_of_voxel_and_psf(geometry, fwhm):
    """Within 6 standard errors of 400 draws, at most 15 % of the activity; the sum within 2 %."""
    scene = one_ball(17.0, geometry, fwhm)
    image, _ = synthesize(scene)
    sigmas = np.array([fwhm[0], fwhm[0], fwhm[1]]) / FWHM_PER_SIGMA

    brute = 100 * sampled_ball(geometry, (0.6, -0.4, 1.1), 17.0, sigmas, samples=400)

    error = image.voxels - brute
    assert np.abs(error).max() < 100 * 6 * 0.5 / np.sqrt(400)
    assert abs(error.sum()) < 2e-2 * brute.sum()


@pytest.mark.parametrize('fwhm', [(6.0, 6.0), (5.0, 7.0), (7.0, 5.0), (3.0, 6.0)])
@pytest.mark.parametrize('diameter_mm', [10.0, 37.0])
def test_blur_keeps_the_activity(diameter_mm, fwhm):
    geometry = grid((41, 37, 33), (2.0, 2.3, 3.1), oblique_deg=(12, -7, 25))
    middle = geometry.position_ras_mm((geometry.size_ijk - 1) / 2)
    voxels = np.zeros(geometry.shape_kji)

    add_solid(voxels, Ball(tuple(middle + 0.7), diameter_mm, 3.0), geometry, PSF(*fwhm))

    total = voxels.sum() * geometry.voxel_volume_mm3
    assert total == pytest.approx(3.0 * np.pi * diameter_mm**3 / 6, rel=3e-4)


@pytest.mark.parametrize('spacing', [2.0, 4.0])
def test_sharp_ball_keeps_its_volume_within_a_hundredth_of_a_percent(spacing):
    geometry = grid((25, 24, 23), (spacing, spacing * 1.05, spacing), middle_ras_mm=(0, 0, 0))
    voxels = np.zeros(geometry.shape_kji)

    add_solid(voxels, Ball((0.3, 0.9, -0.7), 10.0, 1.0), geometry, PSF(0.0, 0.0))

    assert voxels.sum() * geometry.voxel_volume_mm3 == pytest.approx(np.pi * 1000 / 6, rel=1e-4)
    assert voxels.min() == 0.0
    assert voxels.max() == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize('geometry', [OBLIQUE, MIRRORED], ids=['oblique', 'mirrored'])
@pytest.mark.parametrize('center', [(0.6, -0.4, 1.1), (-1.73, 2.91, -0.2)])
def test_blurred_ball_lies_around_its_center(geometry, center):
    image, truth = synthesize(one_ball(13.0, geometry, (5.0, 6.0), center))

    assert truth.inserts[0].center_ras_mm == pytest.approx(center, abs=1e-9)
    assert centroid_ras(image.voxels.astype(float), geometry) == pytest.approx(center, abs=1e-4)


@pytest.mark.parametrize('fwhm', [(6.0, 6.0), (5.0, 7.0), (7.0, 5.0)])
def test_variance_of_a_blurred_ball_is_the_sum_of_ball_psf_and_voxel(fwhm):
    """R^2 / 5 of the ball, sigma^2 of the PSF, width^2 / 12 of the voxel, along each grid axis."""
    geometry = OBLIQUE
    image, _ = synthesize(one_ball(17.0, geometry, fwhm))

    k, j, i = np.indices(geometry.shape_kji)
    for index, width, width_fwhm in zip(
        (i, j, k), (2.0, 2.3, 3.1), (*fwhm[:1] * 2, fwhm[1]), strict=True
    ):
        middle = np.average(index, weights=image.voxels)
        variance = np.average((index - middle) ** 2, weights=image.voxels) * width**2
        expected = 8.5**2 / 5 + (width_fwhm / FWHM_PER_SIGMA) ** 2 + width**2 / 12
        assert variance == pytest.approx(expected, rel=3e-4)


def test_rod_of_any_direction_keeps_activity_and_center():
    geometry = OBLIQUE
    axis = np.array([1.0, -2.0, 2.0]) / 3
    rod = Rod((1.0, -2.0, 3.0), tuple(axis), 8.0, 20.0, 2.0)
    voxels = np.zeros(geometry.shape_kji)

    add_solid(voxels, rod, geometry, PSF(5.0, 6.0))

    total = voxels.sum() * geometry.voxel_volume_mm3
    assert total == pytest.approx(2.0 * np.pi * 16 * 20, rel=2e-4)
    assert centroid_ras(voxels, geometry) == pytest.approx((1.0, -2.0, 3.0), abs=1e-3)
    k, j, i = np.indices(voxels.shape)
    offset = geometry.position_ras_mm(np.stack([i, j, k], axis=-1)) - rod.center_ras_mm
    along = np.average((offset @ axis) ** 2, weights=voxels)
    unit = geometry.axes_ras_mm / geometry.spacing_ijk_mm
    sigma2 = (np.array([5.0, 5.0, 6.0]) / FWHM_PER_SIGMA) ** 2 + geometry.spacing_ijk_mm**2 / 12
    assert along == pytest.approx(20**2 / 12 + (unit.T @ axis) ** 2 @ sigma2, rel=1e-3)


def test_sharp_rod_is_whole_in_its_box():
    geometry = grid(
        (22, 21, 20), (3.0, 3.2, 3.1), oblique_deg=(12, -7, 25), middle_ras_mm=(0, 0, 0)
    )
    rod = Rod((1.0, -2.0, 0.5), (0.6, 0.0, 0.8), 16.0, 24.0, 1.0)
    voxels = np.zeros(geometry.shape_kji)

    add_solid(voxels, rod, geometry, PSF(0.0, 0.0))

    total = voxels.sum() * geometry.voxel_volume_mm3
    assert total == pytest.approx(np.pi * 64 * 24, rel=1e-3)


def test_overshoot_is_a_narrow_blur_less_a_wide_one():
    """(1 + o) times FWHM 5 less o times FWHM 10: rings inside and below 0 outside, same sum."""
    narrow, wide = (one_ball(22.0, OBLIQUE, (fwhm, fwhm)) for fwhm in (5.0, 10.0))
    ringing = replace(narrow, psf=PSF(5.0, 5.0, overshoot=0.3))
    image, _ = synthesize(ringing)

    points = np.array([(0.6, -0.4, 1.1 + z) for z in (0.0, 4.0, 9.0, 16.0)])
    expected = 1.3 * activity_at(narrow, points) - 0.3 * activity_at(wide, points)
    assert activity_at(ringing, points) == pytest.approx(expected, abs=1e-9)
    assert image.voxels.max() > 103
    assert image.voxels.min() < -1
    total = image.voxels.sum(dtype=float) * OBLIQUE.voxel_volume_mm3
    assert total == pytest.approx(100 * np.pi * 22**3 / 6, rel=1e-3)


def test_body_rings_with_its_inserts():
    scene = SyntheticPhantom(
        grid((60, 50, 41), (6, 6, 6)),
        Phantom('empty', ()),
        psf=PSF(8.0, 8.0, overshoot=0.3),
        lung_diameter_mm=0,
    )
    image, _ = synthesize(scene)

    assert image.voxels.max() > 1.02 * 5000
    assert activity_at(scene, [[0, 0, 0]])[0] == pytest.approx(5000, rel=1e-6)
    d_area = np.pi * 145**2 / 2 + 138 * 76 + np.pi * 76**2 / 2
    total = image.voxels.sum(dtype=float) * 6**3
    assert total == pytest.approx(5000 * d_area * 194, rel=2e-3)


def test_middle_of_a_blurred_disc_has_the_textbook_value():
    assert blurred_disc(0.0, 7.0, 2.0) == pytest.approx(1 - np.exp(-(7.0**2) / 8), abs=1e-9)


@pytest.mark.parametrize('outline', ['D', 'ellipse'])
def test_body_fills_its_volume_and_lies_where_it_should(outline):
    geometry = grid((90, 70, 60), (4.0, 4.2, 4.4), oblique_deg=(3, 0, 10))
    body = Body(outline)
    phantom = Phantom('empty', ())
    scene = SyntheticPhantom(
        geometry, phantom, body=body, lung_diameter_mm=0.0, activities=Activities(background=1.0)
    )
    image, _ = synthesize(scene)

    # The D: half a disc of radius 145, below it 76 mm with quarter discs of 76 at the corners.
    d_area = np.pi * 145**2 / 2 + 138 * 76 + np.pi * 76**2 / 2
    area = d_area if outline == 'D' else np.pi * 145 * 110.5
    volume = image.voxels.sum(dtype=float) * geometry.voxel_volume_mm3
    assert volume == pytest.approx(area * 194.0, rel=1e-3)
    assert centroid_ras(image.voxels, geometry)[2] == pytest.approx(70 - 97, abs=0.01)
    edges = [[144, -34, 0], [146, -34, 0], [0, 109.5, 0], [0, 111.5, 0], [0, -109.5, 0]]
    inside = activity_at(
        SyntheticPhantom(geometry, phantom, body=Body('D'), lung_diameter_mm=0, psf=PSF(0.5, 0.5)),
        [*edges, [0, -111.5, 0], [138, -95, 0], [0, 0, 69], [0, 0, 71], [0, 0, -123], [0, 0, -125]],
    )
    expected = 5000 * np.array([1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0])
    assert inside == pytest.approx(expected, abs=5)


def test_voxels_of_the_body_are_those_of_the_scene_at_their_places():
    """A blur of 30 mm hardly changes within voxels of 10 mm: voxels and points must agree."""
    geometry = grid((40, 38, 36), (10, 11, 9), oblique_deg=(25, -15, 40))
    pose = Pose(rotation_deg=30, tilt_deg=10, tilt_axis_deg=50, offset_ras_mm=(5, -8, 10))
    scene = SyntheticPhantom(
        geometry, Phantom('empty', ()), pose=pose, psf=PSF(30, 30), lung_diameter_mm=0
    )
    image, _ = synthesize(scene)
    k, j, i = np.indices(geometry.shape_kji)
    position = np.stack([i, j, k, np.ones_like(i)], axis=-1) @ geometry.ijk_to_ras.T

    at = activity_at(scene, position[..., :3].reshape(-1, 3)).reshape(geometry.shape_kji)

    assert np.abs(image.voxels - at).max() < 0.03 * 5000


def test_lung_insert_and_cold_wall_have_their_activities():
    scene = SyntheticPhantom(
        grid((4, 5, 6)),
        activities=Activities(hot=8.0, background=2.0, lung=0.5),
        psf=PSF(0.3, 0.3),
        wall_mm=1.5,
    )

    at = activity_at(
        scene, [[57.2, 0, 0], [57.2, 0, 19.2], [57.2, 0, 20.8], [0, 0, 0], [24, 0, 9], [26, 0, 9]]
    )

    assert at == pytest.approx([8, 0, 2, 0.5, 0.5, 2], abs=1e-3)


def test_cold_inserts_and_cylinders_are_made():
    phantom = Phantom(
        'mixed',
        (
            Insert('C', 20.0, 'cylinder', 30.0, ring_angle_deg=90.0),
            Insert('W', 28.0, ring_angle_deg=0.0, hot=False),
        ),
        ring_diameter_mm=100.0,
    )
    activities = Activities(hot=8.0, cold=1.0, background=2.0)
    scene = SyntheticPhantom(
        grid((4, 5, 6)), phantom, activities=activities, psf=PSF(0.3, 0.3), wall_mm=1.0
    )

    at = activity_at(scene, [[0, 59, 14], [0, 60.5, 0], [0, 50, 15.5], [0, 50, 17], [50, 13, 0]])

    assert at == pytest.approx([8, 0, 0, 2, 1], abs=1e-3)


@pytest.mark.parametrize(
    ('pose', 'expected'),
    [
        (Pose(), [(57.2, 0, 0), (28.6, 49.5367, 0)]),
        (Pose(rotation_deg=90), [(0, 57.2, 0), (-49.5367, 28.6, 0)]),
        (Pose(mirrored=True), [(-57.2, 0, 0), (-28.6, 49.5367, 0)]),
        (Pose(mirrored=True, rotation_deg=90), [(0, -57.2, 0), (-49.5367, -28.6, 0)]),
        (Pose(tilt_deg=30), [(57.2, 0, 0), (28.6, 42.9, 24.7683)]),
        (Pose(tilt_deg=30, tilt_axis_deg=90), [(49.5367, 0, -28.6), (24.7683, 49.5367, -14.3)]),
        (Pose(offset_ras_mm=(1, -2, 3)), [(58.2, -2, 3), (29.6, 47.5367, 3)]),
        (
            Pose(rotation_deg=90, tilt_deg=30, offset_ras_mm=(1, -2, 3)),
            [(1, 47.5367, 31.6), (-48.5367, 22.7683, 17.3)],
        ),
    ],
)
def test_pose_moves_the_spheres_as_computed_by_hand(pose, expected):
    """37 mm at (57.2, 0, 0); 28 mm 60 degrees on: (28.6, 57.2 sin 60 = 49.5367, 0)."""
    inserts = true_inserts(SyntheticPhantom(grid((4, 5, 6)), pose=pose))

    assert [true.insert.label for true in inserts[:2]] == ['S37', 'S28']
    for true, position in zip(inserts[:2], expected, strict=True):
        assert true.center_ras_mm == pytest.approx(position, abs=1e-4)


def test_body_follows_the_pose():
    """Turned by 90 degrees the flat side, below at -111, comes to +R."""
    scene = SyntheticPhantom(
        grid((4, 5, 6)),
        pose=Pose(rotation_deg=90, offset_ras_mm=(5, 0, 0)),
        psf=PSF(0.3, 0.3),
        lung_diameter_mm=0,
    )

    at = activity_at(scene, [[114, 0, 0], [117, 0, 0], [39, 144, 0], [-104, 0, 0], [-107, 0, 0]])

    assert at == pytest.approx([5000, 0, 5000, 5000, 0], abs=10)


def test_insert_without_a_place_is_named():
    scene = SyntheticPhantom(grid((4, 5, 6)), Phantom('mine', (Insert('X', 9.0),)))

    with pytest.raises(InputFileError, match=r"'mine'.*'X'.*ring_angle_deg"):
        synthesize(scene)


def test_grid_is_placed_by_its_middle_and_turned_in_order():
    """R 90 brings k (S) to -A; A 90 would then leave A; S 90 brings -A to +R."""
    geometry = grid((5, 4, 3), (2, 3, 4), oblique_deg=(90, 0, 90), middle_ras_mm=(10, 20, 30))

    assert geometry.position_ras_mm((2, 1.5, 1)) == pytest.approx((10, 20, 30))
    assert geometry.axes_ras_mm[:, 2] == pytest.approx((4, 0, 0), abs=1e-12)
    about_a = grid((5, 4, 3), (2, 3, 4), oblique_deg=(0, 90, 0))
    assert about_a.axes_ras_mm[:, 2] == pytest.approx((4, 0, 0), abs=1e-12)
    mirrored = grid((5, 4, 3), (2, 3, 4), mirrored=True)
    assert np.linalg.det(mirrored.axes_ras_mm) == pytest.approx(-24)


@pytest.mark.parametrize('fwhm_mm', [0.0, 1.0, 4.0, 8.0])
def test_noise_has_unit_variance_and_the_asked_correlation(fwhm_mm):
    """White noise smoothed by a Gaussian s: autocorrelation exp(-d^2 / (4 s^2))."""
    geometry = grid((60, 64, 68), (2.0, 1.5, 3.0))

    noise = correlated_noise(geometry, fwhm_mm, np.random.default_rng(5)).astype(float)

    assert noise.mean() == pytest.approx(0, abs=0.05)
    assert noise.std() == pytest.approx(1, rel=0.03)
    if fwhm_mm >= 4:
        sigma = fwhm_mm / FWHM_PER_SIGMA
        for axis, step in ((0, 3.0), (1, 1.5), (2, 2.0)):
            correlation = np.mean(noise * np.roll(noise, 2, axis)) / noise.var()
            expected = np.exp(-((2 * step) ** 2) / (4 * sigma**2))
            assert correlation == pytest.approx(expected, abs=0.02)


def test_background_has_the_asked_cov_and_edges_are_noisier():
    noise = Noise(0.2, 4.0, axial_edge_factor=3.0)
    scene = SyntheticPhantom(grid((70, 72, 74), (4, 4, 2.5)), noise=noise, random_seed=8)
    image, truth = synthesize(scene)

    deep = truth.noise_free == np.float32(5000)
    deep[:25] = deep[-25:] = False
    values = image.voxels[deep].astype(float)
    assert values.std() / values.mean() == pytest.approx(0.2, rel=0.03)
    difference = (image.voxels - truth.noise_free).std(axis=(1, 2))
    assert difference[0] / difference[37] == pytest.approx(3, rel=0.1)
    assert difference[-1] / difference[37] == pytest.approx(3, rel=0.1)


def test_noise_that_grows_with_the_signal_has_variance_in_proportion():
    geometry = grid((60, 64, 68), (2.0, 2.0, 2.0))
    body = Body('ellipse', 500, 500, 500, 250)
    phantom = Phantom('one', (Insert('S', 60.0, ring_angle_deg=0.0),), ring_diameter_mm=0.0)
    scene = SyntheticPhantom(
        geometry,
        phantom,
        body=body,
        lung_diameter_mm=0,
        noise=Noise(0.1, 0.0, grows_with_signal=True),
        random_seed=4,
        pose=Pose(offset_ras_mm=(0, 0, -27)),
    )
    image, truth = synthesize(scene)

    error = image.voxels - truth.noise_free
    hot, warm = truth.noise_free == 20000, truth.noise_free == 5000
    assert hot.sum() > 2000
    assert error[warm].std() == pytest.approx(500, rel=0.03)
    assert error[hot].std() == pytest.approx(1000, rel=0.05)


def test_same_seed_gives_the_same_image_and_another_seed_another():
    geometry = grid((20, 22, 24), (8, 8, 8))
    images = [
        synthesize(SyntheticPhantom(geometry, noise=Noise(0.1, 4.0), random_seed=seed))[0]
        for seed in (1, 1, 2)
    ]

    assert np.array_equal(images[0].voxels, images[1].voxels)
    assert not np.array_equal(images[0].voxels, images[2].voxels)


def test_without_noise_the_image_is_the_noise_free_one():
    image, truth = synthesize(SyntheticPhantom(grid((20, 22, 24), (8, 8, 8))))

    assert np.array_equal(image.voxels, truth.noise_free)
    assert image.voxels.min() == 0.0
    assert image.unit == 'Bq/mL'


def test_without_blur_every_voxel_inside_a_sphere_has_its_activity():
    phantom = Phantom('one', (Insert('S', 37.0, ring_angle_deg=90.0),), ring_diameter_mm=100.0)
    geometry = grid((80, 76, 30), (5, 5.2, 7))
    image, _ = synthesize(SyntheticPhantom(geometry, phantom, psf=PSF(0, 0), lung_diameter_mm=0.0))

    k, j, i = np.indices(image.voxels.shape)
    position = image.geometry.position_ras_mm(np.stack([i, j, k], axis=-1))
    distance = np.linalg.norm(position - (0.0, 50.0, 0.0), axis=-1)
    assert image.voxels[distance < 18.5 - 6.6] == pytest.approx(20000)
    assert image.voxels[(distance > 19.5 + 6.6) & (distance < 40)] == pytest.approx(5000)


@pytest.mark.parametrize('fwhm', [(6.0, 6.0), (5.0, 6.5)])
def test_mean_in_a_ball_matches_a_lattice_of_points(fwhm):
    scene = SyntheticPhantom(grid((4, 5, 6)), psf=PSF(*fwhm))
    center = true_inserts(scene)[5].center_ras_mm
    axis = (np.arange(40) + 0.5) / 40 * 10 - 5
    points = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    points = points[np.linalg.norm(points, axis=1) <= 5]

    expected = activity_at(scene, points + center).mean()

    assert ball_mean(scene, center, 10.0) == pytest.approx(expected, rel=5e-4)


def test_mean_in_a_ball_knows_the_closed_form_of_a_ball_in_itself():
    """
    A ball blurred and averaged over itself, over the autocorrelation of the ball.

    With the density p(d) of |x| of the PSF: the overlap of two balls at distance d is
    1 - 3 d / (4 R) + d^3 / (16 R^3).
    """
    sigma, radius = 6.0 / FWHM_PER_SIGMA, 5.0
    d = (np.arange(20000) + 0.5) / 20000 * 2 * radius
    density = np.sqrt(2 / np.pi) * d**2 / sigma**3 * np.exp(-(d**2) / (2 * sigma**2))
    overlap = 1 - 3 * d / (4 * radius) + d**3 / (16 * radius**3)
    expected = 100 * np.sum(density * overlap) * 2 * radius / 20000

    scene = one_ball(10.0, OBLIQUE)

    assert ball_mean(scene, (0.6, -0.4, 1.1), 10.0) == pytest.approx(expected, rel=1e-5)


def test_sampled_mean_of_a_plane_is_the_value_at_the_center():
    """An odd function about the center averages away, whatever the weights' scale."""
    geometry = OBLIQUE
    k, j, i = np.indices(geometry.shape_kji)
    position = geometry.position_ras_mm(np.stack([i, j, k], axis=-1))
    center = geometry.position_ras_mm((20, 18, 16))  # on a voxel: the lattice is symmetric
    ramp = (position - center) @ (3.0, -2.0, 1.0) + 70
    image = PETImage(ramp.astype(np.float32), geometry)

    assert sampled_mean(image, tuple(center), 17.0) == pytest.approx(70, abs=1e-4)


@pytest.mark.parametrize('spacing', [(2.0, 2.3, 3.1), (4.0, 4.0, 4.1)])
def test_sampled_mean_is_that_of_many_random_points(spacing):
    """Nearest voxel of half a million random points of the ball: within 5 standard errors."""
    geometry = grid((30, 28, 26), spacing, oblique_deg=(12, -7, 25), middle_ras_mm=(0, 0, 0))
    rng = np.random.default_rng(2)
    image = PETImage(rng.random(geometry.shape_kji, dtype=np.float32), geometry)
    points = rng.uniform(-5, 5, (500_000, 3))
    points = points[np.linalg.norm(points, axis=1) <= 5] + (0.7, -1.1, 0.4)
    i, j, k = np.rint(geometry.index_ijk(points)).astype(int).T
    values = image.voxels[k, j, i].astype(float)

    mean = sampled_mean(image, (0.7, -1.1, 0.4), 10.0)

    assert mean == pytest.approx(values.mean(), abs=5 * values.std() / np.sqrt(values.size))
    assert mean == pytest.approx(sampled_mean(image, (0.7, -1.1, 0.4), 10.0, samples=60), rel=1e-4)


def test_sheared_grid_refuses_a_psf_that_differs_axially():
    matrix = np.diag([2.0, 2.0, 2.0, 1.0])
    matrix[0, 2] = 0.2
    scene = one_ball(10.0, VolumeGeometry((20, 21, 22), matrix), (5.0, 6.0))

    with pytest.raises(ValueError, match='orthogonal'):
        synthesize(scene)


def test_distractors_are_added():
    geometry = grid((20, 22, 24), (8, 8, 8))
    ball = Ball((0.0, 0.0, 150.0), 20.0, 7.0)
    scene = SyntheticPhantom(geometry, distractors=(ball,))

    assert activity_at(scene, [[0, 0, 150]])[0] == pytest.approx(7.0, abs=0.02)


@pytest.mark.parametrize('fwhm', [(-1.0, 5.0), (5.0, -0.1), (np.nan, 5.0)])
def test_a_width_below_zero_is_refused(fwhm):
    with pytest.raises(ValueError, match='the FWHM must be 0 mm or more'):
        PSF(*fwhm)
