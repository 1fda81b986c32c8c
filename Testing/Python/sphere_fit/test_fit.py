"""
The model fit.

Truth is a ball in closed form (`ball_truth`); nothing of the fit made it.
"""

import numpy as np
import pytest
from ball_truth import ball_image, correlated_noise, walled_sphere
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.measure.voi_mask import Sphere
from VOIIdentificationLib.sphere_fit.fit import fit_spheres, most_shift_mm
from VOIIdentificationLib.sphere_fit.one_side import DIRECTIONS

NOISE_FWHM_MM = 4.0


def grid(spacing_mm, shape_kji):
    """Turned, mirrored along the slices, off the origin; no two axes are alike."""
    c, s = np.cos(0.4), np.sin(0.4)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, -1]]) * spacing_mm
    matrix[:3, 3] = (31.0, -12.0, 50.0)
    return VolumeGeometry(shape_kji, matrix)


FINE = grid((1.65, 1.8, 2.0), (25, 31, 34))
COARSE = grid((4.0, 4.2, 3.8), (14, 15, 16))


def middle_of(geometry, offset_ijk=(0.31, -0.22, 0.43)):
    return tuple(geometry.position_ras_mm((geometry.size_ijk - 1) / 2 + offset_ijk).tolist())


def scan(geometry, values):
    return PETImage(values.astype(np.float32), geometry)


def noise_like(values, cov, seed, geometry):
    """Variance proportional to the signal; `cov` where the value is 1."""
    draw = correlated_noise(geometry, NOISE_FWHM_MM, np.random.default_rng(seed))
    return cov * np.sqrt(np.maximum(values, 0.05)) * draw


def scan_of(geometry, spheres, *, signal):
    """Spheres of one signal in a background of 1."""
    return 1.0 + sum(
        walled_sphere(
            geometry, s.center_ras_mm, s.diameter_mm, (6.0, 6.0), signal=signal, background=1.0
        )
        - 1.0
        for s in spheres
    )


def fit_sphere(image, start, *, hot=True):
    """The fit of one sphere alone."""
    return fit_spheres(image, [start], hot=[hot])[0]


def displaced(center, by=(1.0, -0.8, 0.9)):
    return tuple(np.add(center, by).tolist())


@pytest.mark.parametrize('geometry', [FINE, COARSE], ids=['fine', 'coarse'])
@pytest.mark.parametrize('diameter_mm', [10.0, 22.0])
@pytest.mark.parametrize('fwhm_mm', [(5.0, 5.0), (6.0, 7.0)])
def test_without_noise_the_truth_comes_back(geometry, diameter_mm, fwhm_mm):
    center = middle_of(geometry)
    image = scan(
        geometry, walled_sphere(geometry, center, diameter_mm, fwhm_mm, signal=8.0, background=1.0)
    )

    fit = fit_sphere(image, Sphere('S', displaced(center), diameter_mm))

    assert fit.accepted, fit.reason
    assert fit.center_ras_mm == pytest.approx(center, abs=0.005)
    assert fit.signal == pytest.approx(8.0, rel=0.005)
    assert fit.background == pytest.approx(1.0, rel=0.005)
    assert (fit.fwhm_in_plane_mm, fit.fwhm_axial_mm) == pytest.approx(fwhm_mm, rel=0.005)


@pytest.mark.parametrize('background', [0.0, 1.0])
def test_a_cold_or_warm_surrounding_of_any_scale_is_the_same_to_the_fit(background):
    center = middle_of(FINE)
    values = walled_sphere(FINE, center, 13.0, (6.0, 6.0), signal=6.0, background=background)

    for scale in (1e-20, 1e-4, 1.0, 1e6, 1e30):
        fit = fit_sphere(scan(FINE, scale * values), Sphere('S13', displaced(center), 13.0))

        assert fit.accepted, fit.reason
        assert fit.center_ras_mm == pytest.approx(center, abs=0.005)
        assert fit.signal == pytest.approx(6.0 * scale, rel=0.005)


def test_cold_sphere_is_found_by_the_same_code():
    center = middle_of(FINE)
    values = walled_sphere(FINE, center, 28.0, (6.0, 6.0), signal=0.0, background=5.0)
    values += noise_like(values, 0.2, 5, FINE)

    fit = fit_sphere(scan(FINE, values), Sphere('S28', displaced(center), 28.0), hot=False)

    assert fit.accepted, fit.reason
    assert fit.center_ras_mm == pytest.approx(center, abs=0.5)
    assert fit.signal == pytest.approx(0.0, abs=0.2)
    assert fit.background == pytest.approx(5.0, abs=0.2)


def test_hot_sphere_that_is_cold_is_refused():
    center = middle_of(FINE)
    values = walled_sphere(FINE, center, 22.0, (6.0, 6.0), signal=0.0, background=5.0)

    fit = fit_sphere(scan(FINE, values), Sphere('S22', displaced(center), 22.0))

    assert not fit.accepted
    assert 'should be hot' in fit.reason
    assert fit.center_ras_mm == displaced(center)
    assert fit.signal is None


@pytest.mark.parametrize('value', [0.0, 5.0, -3.0])
def test_image_without_any_contrast_is_refused(value):
    fit = fit_sphere(scan(FINE, np.full(FINE.shape_kji, value)), Sphere('S', middle_of(FINE), 10.0))

    assert not fit.accepted
    assert 'same value everywhere' in fit.reason


def test_start_outside_the_image_is_refused():
    fit = fit_sphere(scan(FINE, np.ones(FINE.shape_kji)), Sphere('S', (900.0, 0.0, 0.0), 10.0))

    assert not fit.accepted
    assert 'only 0 % of the sphere is in the image' in fit.reason


def test_start_between_nothing_is_refused_rather_than_invented():
    noise = 1.0 + 0.2 * correlated_noise(FINE, NOISE_FWHM_MM, np.random.default_rng(8))
    start = middle_of(FINE)

    fit = fit_sphere(scan(FINE, noise), Sphere('S10', start, 10.0))

    assert not fit.accepted
    assert fit.reason
    assert fit.center_ras_mm == start


def test_a_hot_object_beside_the_sphere_does_not_pull_the_fit_far():
    """A start 9 mm off the center is beyond what the search can have missed by."""
    center = middle_of(FINE)
    values = walled_sphere(FINE, center, 10.0, (6.0, 6.0), signal=8.0, background=1.0)
    start = displaced(center, (9.0, 0.0, 0.0))

    fit = fit_sphere(scan(FINE, values), Sphere('S10', start, 10.0))

    assert not fit.accepted
    assert fit.center_ras_mm == start


def test_runaway_limit_is_half_a_radius_or_a_large_voxel():
    assert most_shift_mm(37.0) == pytest.approx(9.25)
    assert most_shift_mm(10.0) == pytest.approx(4.0)


def test_neighbor_in_the_box_is_left_out():
    center = middle_of(FINE)
    other = displaced(center, (22.0, 6.0, 0.0))
    values = walled_sphere(FINE, center, 13.0, (6.0, 6.0), signal=6.0, background=1.0)
    values += 8.0 * ball_image(FINE, other, 17.0, (6.0, 6.0))
    start = Sphere('S13', displaced(center), 13.0)

    alone = fit_sphere(scan(FINE, values), start)
    aware, _ = fit_spheres(scan(FINE, values), [start, Sphere('S17', other, 17.0)])

    assert aware.accepted, aware.reason
    assert np.linalg.norm(np.subtract(aware.center_ras_mm, center)) < 0.02
    assert np.linalg.norm(np.subtract(alone.center_ras_mm, center)) > 0.05
    assert aware.background == pytest.approx(1.0, abs=0.01)
    assert alone.background > 1.03


def test_voxels_that_are_not_numbers_are_left_out():
    center = middle_of(FINE)
    values = walled_sphere(FINE, center, 17.0, (6.0, 6.0), signal=6.0, background=1.0)
    values[12:14, 14:16, 18:20] = np.nan
    values[3] = np.inf

    fit = fit_sphere(scan(FINE, values), Sphere('S17', displaced(center), 17.0))

    assert fit.accepted, fit.reason
    assert fit.center_ras_mm == pytest.approx(center, abs=0.02)


def test_sphere_cut_by_the_end_of_the_volume():
    """A third of the ball is missing: fitted. More than half: refused, with the number."""
    center = middle_of(FINE)
    values = walled_sphere(FINE, center, 22.0, (6.0, 6.0), signal=6.0, background=1.0)
    start = Sphere('S22', displaced(center, (0.3, 0.2, 0.1)), 22.0)

    def cut_below(first_k):
        matrix = FINE.ijk_to_ras.copy()
        matrix[:3, 3] = FINE.position_ras_mm((0, 0, first_k))
        shape = (FINE.shape_kji[0] - first_k, *FINE.shape_kji[1:])
        return scan(VolumeGeometry(shape, matrix), values[first_k:])

    fitted = fit_sphere(cut_below(11), start)
    refused = fit_sphere(cut_below(14), start)

    assert fitted.accepted, fitted.reason
    assert fitted.center_ras_mm == pytest.approx(center, abs=0.05)
    assert not refused.accepted
    assert 'of the sphere is in the image' in refused.reason
    assert refused.center_ras_mm == start.center_ras_mm


def test_overshoot_of_a_sharpening_reconstruction_does_not_move_the_center():
    """Gibbs overshoot: 35 % of a wider blur taken off the image of a 10 mm sphere."""
    center = middle_of(FINE)
    sharp = walled_sphere(FINE, center, 10.0, (4.0, 4.0), signal=8.0, background=1.0)
    wide = walled_sphere(FINE, center, 10.0, (8.0, 8.0), signal=8.0, background=1.0)

    fit = fit_sphere(scan(FINE, 1.35 * sharp - 0.35 * wide), Sphere('S10', displaced(center), 10.0))

    assert fit.accepted, fit.reason
    assert fit.center_ras_mm == pytest.approx(center, abs=0.03)


def test_center_less_certain_than_the_limit_is_refused_with_its_uncertainty(monkeypatch):
    center = middle_of(COARSE)
    values = walled_sphere(COARSE, center, 10.0, (6.0, 6.0), signal=2.5, background=1.0)
    image = scan(COARSE, values + noise_like(values, 0.4, 0, COARSE))
    start = Sphere('S10', center, 10.0)
    worst = max(fit_sphere(image, start).center_sd_ras_mm)
    monkeypatch.setattr('VOIIdentificationLib.sphere_fit.fit.MAX_CENTER_SD_MM', 0.5)

    fit = fit_sphere(image, start)

    assert not fit.accepted
    assert f'uncertain by {worst:.1f} mm; 0.5 mm are allowed' in fit.reason
    assert fit.center_ras_mm == center


def six_spheres(geometry):
    """The ring of the IEC body phantom around the middle of a grid."""
    spheres = []
    for n, diameter in enumerate([37.0, 28.0, 22.0, 17.0, 13.0, 10.0]):
        angle = np.pi / 3 * n + 0.1
        offset = (57.2 * np.cos(angle), 57.2 * np.sin(angle), 0.7 * n - 2)
        center = tuple(np.add(middle_of(geometry), offset).tolist())
        spheres.append(Sphere(f'S{diameter:g}', center, diameter))
    return spheres


def test_uncertainties_cover_the_truth():
    """Six spheres, 60 noise draws: 1080 coordinates, 68 % of them within one SD."""
    geometry = grid((4.0, 4.2, 3.8), (18, 42, 44))
    spheres = six_spheres(geometry)
    clean = scan_of(geometry, spheres, signal=6.0)
    scores = []
    for seed in range(60):
        image = scan(geometry, clean + noise_like(clean, 0.15, seed, geometry))
        for fit, truth in zip(fit_spheres(image, spheres), spheres, strict=True):
            assert fit.accepted, fit.reason
            error = np.subtract(fit.center_ras_mm, truth.center_ras_mm)
            scores.extend(error / fit.center_sd_ras_mm)

    covered = np.mean(np.abs(scores) < 1)
    assert 0.60 < covered < 0.76
    assert abs(np.mean(scores)) < 0.1


def test_uncertainty_of_a_mean_is_the_scatter_of_means():
    center = middle_of(FINE)
    clean = walled_sphere(FINE, center, 13.0, (6.0, 6.0), signal=6.0, background=1.0)
    k, j, i = np.indices(FINE.shape_kji)
    distance = np.linalg.norm(FINE.position_ras_mm(np.stack([i, j, k], axis=-1)) - center, axis=-1)
    means, claimed = [], []
    for seed in range(40):
        values = clean + noise_like(clean, 0.15, seed, FINE)
        means.append(values[distance <= 6.5].mean())
        claimed.append(fit_sphere(scan(FINE, values), Sphere('S13', center, 13.0)).mean_sd)

    assert np.mean(claimed) == pytest.approx(np.std(means, ddof=1), rel=0.3)


def test_order_and_labels_are_kept():
    geometry = grid((2.6, 2.5, 3.2), (15, 24, 42))
    spheres = [
        Sphere(label, tuple(geometry.position_ras_mm(index).tolist()), diameter)
        for label, diameter, index in [
            ('b', 13.0, (9.0, 11.0, 7.0)),
            ('a', 10.0, (31.0, 12.0, 7.0)),
        ]
    ]
    clean = scan_of(geometry, spheres, signal=6.0)

    fits = fit_spheres(scan(geometry, clean), spheres)

    assert [fit.label for fit in fits] == ['b', 'a']
    for fit, sphere in zip(fits, spheres, strict=True):
        assert fit.center_ras_mm == pytest.approx(sphere.center_ras_mm, abs=0.01)


def weak_fit(cov):
    """A sphere of little contrast in noise of this much; the same draw for all."""
    center = middle_of(COARSE)
    values = walled_sphere(COARSE, center, 10.0, (6.0, 6.0), signal=2.5, background=1.0)
    image = scan(COARSE, values + noise_like(values, cov, 1, COARSE))
    return fit_sphere(image, Sphere('S10', center, 10.0))


def test_a_center_may_be_uncertain_by_two_millimeter(monkeypatch):
    """Noise is raised until the uncertainty lies on one side of 2 mm, and on the other."""
    monkeypatch.setattr('VOIIdentificationLib.sphere_fit.fit.MAX_CENTER_SD_MM', 1e9)
    worst = {cov: max(weak_fit(cov).center_sd_ras_mm) for cov in np.linspace(1.4, 1.8, 9)}
    monkeypatch.undo()
    below = max((one for one in worst.items() if one[1] < 2.0), key=lambda one: one[1])
    above = min((one for one in worst.items() if one[1] > 2.0), key=lambda one: one[1])
    assert 1.9 < below[1] < above[1] < 2.1

    assert weak_fit(below[0]).accepted
    refused = weak_fit(above[0])
    assert not refused.accepted
    assert f'uncertain by {above[1]:.1f} mm; 2 mm are allowed' in refused.reason


@pytest.mark.parametrize(('fwhm_mm', 'told'), [(17.0, True), (27.0, False)])
def test_a_resolution_at_the_end_of_its_range_is_not_told(fwhm_mm, told):
    center = middle_of(COARSE)
    values = walled_sphere(COARSE, center, 22.0, (fwhm_mm, fwhm_mm), signal=8.0, background=1.0)

    fit = fit_sphere(scan(COARSE, values), Sphere('S22', center, 22.0))

    assert fit.accepted, fit.reason
    assert (fit.fwhm_in_plane_mm is not None) == told
    assert (fit.fwhm_axial_mm is not None) == told


def test_detectability_is_the_contrast_over_what_white_noise_leaves_of_it():
    """The sum of squares of the ball's image, in the voxels of the fit, over the variance."""
    center = middle_of(FINE)
    clean = walled_sphere(FINE, center, 13.0, (6.0, 6.0), signal=6.0, background=1.0)
    white = 0.3 * np.random.default_rng(2).standard_normal(FINE.shape_kji)

    fit = fit_sphere(scan(FINE, clean + white), Sphere('S13', center, 13.0))

    k, j, i = np.indices(FINE.shape_kji)
    distance = np.linalg.norm(FINE.position_ras_mm(np.stack([i, j, k], axis=-1)) - center, axis=-1)
    ball = ball_image(FINE, center, 13.0, (6.0, 6.0))[distance <= 6.5 + 1.0 + 8.0]
    assert fit.detectability == pytest.approx(5.0 / 0.3 * np.sqrt(np.sum(ball**2)), rel=0.15)


def test_a_cold_sphere_that_is_hot_is_refused():
    center = middle_of(FINE)
    values = walled_sphere(FINE, center, 22.0, (6.0, 6.0), signal=8.0, background=1.0)

    fit = fit_sphere(scan(FINE, values), Sphere('S22', displaced(center), 22.0), hot=False)

    assert not fit.accepted
    assert 'it should be cold, but the fit finds it hotter than its background' in fit.reason


def test_one_sphere_that_cannot_be_fitted_leaves_the_others_as_they_are():
    center = middle_of(FINE)
    values = walled_sphere(FINE, center, 13.0, (6.0, 6.0), signal=6.0, background=1.0)
    values += noise_like(values, 0.1, 1, FINE)
    start, outside = Sphere('S13', center, 13.0), Sphere('S10', (900.0, 0.0, 0.0), 10.0)

    (alone,) = fit_spheres(scan(FINE, values), [start])
    fitted, refused = fit_spheres(scan(FINE, values), [start, outside])

    assert not refused.accepted
    assert fitted.center_ras_mm == pytest.approx(alone.center_ras_mm, abs=1e-9)
    assert fitted.center_sd_ras_mm == pytest.approx(alone.center_sd_ras_mm, rel=1e-6)


def test_no_spheres_have_no_fits():
    assert fit_spheres(scan(FINE, np.ones(FINE.shape_kji)), []) == ()


@pytest.mark.parametrize(('fwhm_mm', 'told'), [(1.45, False), (1.56, True)])
def test_a_resolution_finer_than_any_scanner_is_not_told(fwhm_mm, told):
    """1.5 mm is the end, on voxels that would show it."""
    geometry = grid((0.7, 0.75, 0.8), (40, 44, 46))
    center = middle_of(geometry)
    values = walled_sphere(geometry, center, 10.0, (fwhm_mm,) * 2, signal=8.0, background=1.0)

    fit = fit_sphere(scan(geometry, values), Sphere('S10', center, 10.0))

    assert fit.accepted, fit.reason
    expected = pytest.approx(fwhm_mm, rel=0.005) if told else None
    assert (fit.fwhm_in_plane_mm, fit.fwhm_axial_mm) == (expected, expected)


BUBBLE_SIGNAL = 4.0


def without_cap(geometry, sphere, above, up):
    """
    What lacks beyond a plane across the sphere, blurred to 6 mm FWHM.

    Random points fill the cap, each spread as a Gaussian over the voxels' centers.
    """
    rng = np.random.default_rng(4)
    radius = sphere.diameter_mm / 2
    points = rng.uniform(-radius, radius, (9000, 3))
    points = points[(np.linalg.norm(points, axis=1) < radius) & (points @ up > above * radius)]
    volume_mm3 = len(points) / 9000 * (2 * radius) ** 3
    k, j, i = np.indices(geometry.shape_kji)
    centers = geometry.position_ras_mm(np.stack([i, j, k], axis=-1).reshape(-1, 3).astype(float))
    sigma = 6.0 / 2.3548
    seen = np.zeros(len(centers))
    for point in points + sphere.center_ras_mm:
        seen += np.exp(-((centers - point) ** 2).sum(axis=1) / (2 * sigma**2))
    density = volume_mm3 / len(points) / (2 * np.pi * sigma**2) ** 1.5
    return BUBBLE_SIGNAL * density * seen.reshape(geometry.shape_kji)


@pytest.fixture(scope='module')
def bubble():
    """The cap above half the radius of a 28 mm sphere, 16 % of its volume."""
    sphere = Sphere('S28', middle_of(COARSE), 28.0)
    up = np.array([0.48, 0.8, 0.36])
    return sphere, without_cap(COARSE, sphere, 0.5, up / np.linalg.norm(up))


@pytest.mark.parametrize(('part', 'flagged'), [(1.0, True), (0.6, True), (0.2, False), (0, False)])
def test_a_sphere_that_lacks_activity_on_one_side_is_seen(bubble, part, flagged):
    sphere, cap = bubble
    values = scan_of(COARSE, [sphere], signal=BUBBLE_SIGNAL) - part * cap
    values += noise_like(values, 0.05, 7, COARSE)

    fit = fit_sphere(scan(COARSE, values), sphere)

    assert fit.accepted
    assert (fit.missing_part > 0.15) == flagged
    assert flagged or fit.missing_part == 0.0


@pytest.mark.parametrize('cov', [0.02, 0.15, 0.4])
@pytest.mark.parametrize(('geometry', 'diameter'), [(FINE, 22.0), (FINE, 17.0), (COARSE, 37.0)])
def test_noise_alone_is_no_bubble(geometry, diameter, cov):
    sphere = Sphere('a', middle_of(geometry), diameter)
    clean = scan_of(geometry, [sphere], signal=BUBBLE_SIGNAL)
    for seed in range(3):
        values = clean + noise_like(clean, cov, seed, geometry)
        assert fit_sphere(scan(geometry, values), sphere).missing_part == 0.0


@pytest.mark.parametrize('diameter', [16.5, 30.0])
def test_a_wrong_diameter_is_the_same_in_all_directions(diameter):
    sphere = Sphere('a', middle_of(FINE), 22.0)
    values = scan_of(FINE, [sphere], signal=BUBBLE_SIGNAL)
    taken_for = Sphere('a', sphere.center_ras_mm, diameter)

    assert fit_sphere(scan(FINE, values), taken_for).missing_part == 0.0


def test_the_smallest_sphere_is_left_alone(bubble):
    """The same image, taken for that of a sphere too small to tell."""
    sphere, cap = bubble
    values = scan_of(COARSE, [sphere], signal=BUBBLE_SIGNAL) - cap
    small = Sphere('a', sphere.center_ras_mm, 15.0)

    assert fit_sphere(scan(COARSE, values), small).missing_part == 0.0


def test_no_direction_is_far_from_those_that_are_looked_at():
    ways = np.random.default_rng(1).normal(size=(2000, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)

    assert np.linalg.norm(DIRECTIONS, axis=1) == pytest.approx(np.ones(26))
    assert np.degrees(np.arccos((ways @ DIRECTIONS.T).max(axis=1))).max() < 28.0
