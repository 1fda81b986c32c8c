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
