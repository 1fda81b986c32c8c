"""Noise from residuals, against noise whose variance and correlation are known."""

from dataclasses import replace

import numpy as np
import pytest
from ball_truth import FWHM_PER_SIGMA, correlated_noise
from scipy import fft
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.sphere_fit.noise import (
    CORRELATED_WITHIN_MM,
    UNCORRELATED_BEYOND_MM,
    Noise,
    estimate_noise,
    left_over,
)

GEOMETRY = VolumeGeometry((40, 44, 48), np.diag([2.0, -2.2, 3.0, 1.0]))


def residual_of(model, noise_fwhm_mm, seed, *, use=True):
    noise = correlated_noise(GEOMETRY, noise_fwhm_mm, np.random.default_rng(seed))
    values = noise * np.sqrt(model)
    use = np.broadcast_to(use, model.shape)
    return left_over(
        np.where(use, values, 1e9).astype(np.float32),
        model.astype(np.float32),
        np.array(use),
        GEOMETRY,
    )


def model_with_a_bright_part():
    model = np.full(GEOMETRY.shape_kji, 0.5)
    model[:, :20] = 4.0
    return model


def test_variance_is_found_as_a_line_in_the_signal():
    """Values of 0.5 and 4 with a variance of 0.3 + 0.2 times the value."""
    model = model_with_a_bright_part()
    rng = np.random.default_rng(3)
    values = rng.standard_normal(model.shape) * np.sqrt(0.3 + 0.2 * model)
    everywhere = np.ones(model.shape, dtype=bool)

    noise = estimate_noise([left_over(values, model, everywhere, GEOMETRY)], GEOMETRY)

    assert noise.variance == pytest.approx(0.3, rel=0.05)
    assert noise.variance_per_value == pytest.approx(0.2, rel=0.05)
    assert noise.sd(np.array([4.0, -1.0])) == pytest.approx(np.sqrt([1.1, 0.3]), rel=0.03)


def test_correlation_is_that_of_the_noise():
    """Noise filtered with FWHM f correlates as exp(-d^2 / 4 s^2), s = f / 2.355."""
    model = model_with_a_bright_part()
    residuals = [residual_of(model, 5.0, seed) for seed in range(3)]

    noise = estimate_noise(residuals, GEOMETRY)

    middle = np.array(noise.correlation.shape) // 2
    assert noise.correlation[tuple(middle)] == pytest.approx(1.0, rel=1e-12)
    for lag_kji in [(0, 0, 1), (0, 1, 0), (1, 0, 0), (0, 1, -2), (-1, 1, 0)]:
        distance = np.linalg.norm(np.array(lag_kji)[::-1] * GEOMETRY.spacing_ijk_mm)
        expected = np.exp(-(distance**2) / 4 / (5.0 / FWHM_PER_SIGMA) ** 2)
        assert noise.correlation[tuple(middle + lag_kji)] == pytest.approx(expected, abs=0.03)


def test_correlation_fades_between_its_two_limits():
    """Whole up to the first, none from the second on, half of it in the middle between them."""
    model = np.full(GEOMETRY.shape_kji, 1.0)
    noise = estimate_noise([residual_of(model, 9.0, seed) for seed in range(4)], GEOMETRY)
    k, j, i = (
        np.indices(noise.correlation.shape)
        - (np.array(noise.correlation.shape) // 2)[:, None, None, None]
    )
    distance = np.sqrt((2.0 * i) ** 2 + (2.2 * j) ** 2 + (3.0 * k) ** 2)
    middle = (CORRELATED_WITHIN_MM + UNCORRELATED_BEYOND_MM) / 2
    ring = np.abs(distance - middle) < 0.2
    smooth = np.exp(-(distance**2) / 4 / (9.0 / FWHM_PER_SIGMA) ** 2)

    assert np.abs(noise.correlation[distance >= UNCORRELATED_BEYOND_MM]).max() < 1e-12
    assert noise.correlation[ring].mean() == pytest.approx(smooth[ring].mean() / 2, abs=0.02)


def test_voxels_that_are_not_used_do_not_count():
    model = np.full(GEOMETRY.shape_kji, 2.0)
    use = np.ones(model.shape, dtype=bool)
    use[10:30, 12:30] = False

    noise = estimate_noise([residual_of(model, 4.0, 7, use=use)], GEOMETRY)

    assert noise.sd(np.array([2.0]))[0] == pytest.approx(np.sqrt(2.0), rel=0.05)


def test_spectrum_gives_the_variance_of_a_mean():
    """Mean over 5 x 4 x 6 voxels: simulated 4000 times, and from the spectrum."""
    model = np.full(GEOMETRY.shape_kji, 1.0)
    noise = estimate_noise([residual_of(model, 5.0, seed) for seed in range(3)], GEOMETRY)
    weights = np.zeros((25, 24, 30))
    weights[:5, :4, :6] = 1 / 120
    transform = np.abs(fft.rfftn(weights)) ** 2 * noise.spectrum(weights.shape)
    count = np.where((np.arange(16) == 0) | (np.arange(16) == 15), 1, 2)
    predicted = np.sum(transform * count) / weights.size

    means = []
    for seed in range(10, 30):
        draw = correlated_noise(GEOMETRY, 5.0, np.random.default_rng(seed))
        blocks = draw[:40, :44, :48].reshape(8, 5, 11, 4, 8, 6)
        means.append(blocks.mean(axis=(1, 3, 5)).ravel())

    assert predicted == pytest.approx(np.var(means), rel=0.1)


def test_white_noise_has_a_flat_spectrum():
    noise = Noise(1.0, 0.0, np.pad(np.ones((1, 1, 1)), 2))

    assert noise.spectrum((9, 10, 12)) == pytest.approx(np.ones((9, 10, 7)))


def test_what_a_fit_absorbed_is_put_back():
    """White residuals of variance 0.8; 0.2 is missing, and at one voxel along i 0.3 a pair."""
    model = np.full(GEOMETRY.shape_kji, 1.0, dtype=np.float32)
    values = np.sqrt(0.8) * np.random.default_rng(1).standard_normal(model.shape)
    residual = left_over(values.astype(np.float32), model, model > 0, GEOMETRY)
    products = np.zeros(model.shape, dtype=np.float32)
    k, j, i = model.shape
    products[0, 0, [1, -1]] = 0.3 * k * j * (i - 1)
    variance = np.full(model.shape, 0.2, dtype=np.float32)
    complete = replace(residual, absorbed_variance=variance, absorbed_products=products)

    noise = estimate_noise([complete], GEOMETRY)

    assert noise.sd(np.array([1.0]))[0] == pytest.approx(1.0, rel=0.01)
    middle = np.array(noise.correlation.shape) // 2
    # Products of the residuals in units of the whole SD: 0.8 at lag 0.
    assert noise.correlation[tuple(np.add(middle, (0, 0, 1)))] == pytest.approx(0.3 / 0.8, abs=0.01)


def test_correlation_is_believed_up_to_six_millimeter_and_gone_at_twelve():
    """Between them the square of a cosine: 85 % at a quarter of the way, 15 % at three."""
    model = np.full(GEOMETRY.shape_kji, 1.0)
    noise = estimate_noise([residual_of(model, 9.0, seed) for seed in range(4)], GEOMETRY)

    assert noise.correlation.shape == (9, 11, 13)  # 12 mm are 4, 5 and 6 voxels
    k, j, i = (np.arange(-r, r + 1) for r in (4, 5, 6))
    distance = np.sqrt((3.0 * k[:, None, None]) ** 2 + (2.2 * j[:, None]) ** 2 + (2.0 * i) ** 2)
    smooth = np.exp(-(distance**2) / 4 / (9.0 / FWHM_PER_SIGMA) ** 2)
    for low, high, part in [(0.1, 6.0, 1.0), (7.4, 7.6, 0.854), (10.4, 10.6, 0.146)]:
        ring = (distance >= low) & (distance <= high)
        assert ring.any()
        found = noise.correlation[ring].mean() / smooth[ring].mean()
        assert found == pytest.approx(part, abs=0.04)


def noise_of(variances, values=(0.5, 4.0)):
    """Half of the voxels of each value, with residuals of this variance."""
    model = np.full(GEOMETRY.shape_kji, values[0])
    model[:, :22] = values[1]
    draw = np.random.default_rng(3).standard_normal(model.shape)
    residual = draw * np.sqrt(np.where(model == values[1], variances[1], variances[0]))
    whole = np.ones(model.shape, dtype=bool)
    return estimate_noise([left_over(residual, model, whole, GEOMETRY)], GEOMETRY)


def test_noise_that_falls_with_the_signal_is_taken_for_constant():
    """No slope below 0: one variance for all, between both."""
    noise = noise_of((0.5, 0.1))

    assert noise.variance_per_value == 0.0
    assert 0.1 < noise.variance < 0.5


def test_noise_that_rises_faster_than_the_signal_goes_through_zero():
    """
    0.01 at 0.5 and 0.8 at 4 would be negative at 0: what is left there is 1 % of the mean.

    Squares scatter in proportion to what is expected, so that the slope is the mean of both
    ratios of variance and value.
    """
    noise = noise_of((0.01, 0.8))

    assert noise.variance == pytest.approx(0.01 * 0.405, rel=0.02)
    assert noise.variance_per_value == pytest.approx((0.01 / 0.5 + 0.8 / 4) / 2, rel=0.02)


def test_a_constant_model_has_noise_of_one_variance():
    noise = noise_of((0.3, 0.3), values=(2.0, 2.0))

    assert (noise.variance, noise.variance_per_value) == (pytest.approx(0.3, rel=0.03), 0.0)


def test_a_negative_model_has_the_noise_of_nothing():
    noise = noise_of((0.3, 0.7), values=(-3.0, 2.0))

    assert noise.sd(np.array([-9.0, 0.0])) ** 2 == pytest.approx([0.3, 0.3], rel=0.05)
    assert noise.sd(np.array([2.0]))[0] ** 2 == pytest.approx(0.7, rel=0.05)


def test_a_spectrum_of_a_box_smaller_than_the_correlation_is_that_of_what_fits():
    """Lags of 2 and 1 voxels fit into 5 x 3: the others have no place."""
    correlation = np.zeros((1, 5, 7))
    correlation[0, 2, 3] = 1.0
    correlation[0, 2, [2, 4]], correlation[0, [1, 3], 3], correlation[0, [0, 4], 3] = 0.2, 0.1, 0.05
    correlation[0, 2, [0, 6]] = 0.3  # 3 voxels away: not in a box of 3

    power = Noise(1.0, 0.0, correlation).spectrum((4, 5, 3))

    q_j, q_i = np.fft.fftfreq(5)[:, None], np.fft.rfftfreq(3)
    expected = 1 + 0.4 * np.cos(2 * np.pi * q_i)
    expected = expected + 0.2 * np.cos(2 * np.pi * q_j) + 0.1 * np.cos(4 * np.pi * q_j)
    assert power == pytest.approx(np.broadcast_to(np.maximum(expected, 0), (4, 5, 2)))


def test_lags_without_a_pair_have_no_correlation():
    """Used voxels lie in one plane: nothing is known across it."""
    model = np.full(GEOMETRY.shape_kji, 1.0)
    use = np.zeros(model.shape, dtype=bool)
    use[7] = True

    noise = estimate_noise([residual_of(model, 4.0, 7, use=use)], GEOMETRY)

    across = np.arange(9) != 4
    assert (noise.correlation[across] == 0).all()
    assert noise.correlation[4, 5, 6] == pytest.approx(1.0)
    assert noise.correlation[4, 5, 7] > 0.3
