"""What a fit of seven numbers takes out of white noise: seven times its variance, by theory."""

import numpy as np
import pytest
from ball_truth import walled_sphere
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.measure.voi_mask import Sphere
from VOIIdentificationLib.sphere_fit.least_squares import first_fit, second_fit, with_absorbed
from VOIIdentificationLib.sphere_fit.model import fit_box
from VOIIdentificationLib.sphere_fit.noise import Noise, left_over

GEOMETRY = VolumeGeometry((24, 28, 32), np.diag([2.0, 2.1, 2.3, 1.0]))
CENTER = (30.3, 28.1, 26.4)
NOISE_SD = 0.05


@pytest.fixture(scope='module')
def fitted():
    """A box of a 22 mm sphere in white noise, its first fit, and the true noise."""
    values = walled_sphere(GEOMETRY, CENTER, 22.0, (6.0, 6.0), signal=4.0, background=1.0)
    values += NOISE_SD * np.random.default_rng(3).standard_normal(values.shape)
    image = PETImage(values.astype(np.float32), GEOMETRY)
    box = fit_box(image, Sphere('S22', CENTER, 22.0), hot=True, wall_mm=1.0, others=())
    return box, first_fit(box), Noise(NOISE_SD**2, 0.0, np.ones((1, 1, 1)))


def test_a_fit_absorbs_one_variance_for_each_free_number(fitted):
    """A little less than seven: the two FWHM lean on what is usual."""
    box, first, noise = fitted
    residual = left_over(box.values - first.model, first.model, box.use, GEOMETRY)

    complete = with_absorbed(residual, box, first, noise)

    numbers = complete.absorbed_variance[box.use].sum() / NOISE_SD**2
    assert 6.8 < numbers < 7.0
    assert complete.absorbed_products[0, 0, 0] == pytest.approx(numbers, rel=1e-3)
    assert complete.squares().mean() == pytest.approx(NOISE_SD**2, rel=0.05)


def test_the_covariance_is_that_of_plain_least_squares_in_white_noise(fitted):
    box, first, noise = fitted

    fit = second_fit(box, first, noise)

    columns = np.asarray(first.derivatives, dtype=float)[:, box.use]
    expected = np.sqrt(np.diag(np.linalg.inv(columns @ columns.T))) * NOISE_SD
    found = np.sqrt(np.diag(fit.covariance))
    assert found[:5] == pytest.approx(expected[:5], rel=0.01)
    assert (
        np.linalg.norm(np.subtract(fit.parameters.center_ras_mm, CENTER)) < 4 * expected[:3].max()
    )
    count = 1 / np.sum(box.inside**2)
    assert fit.mean_sd == pytest.approx(NOISE_SD / np.sqrt(count), rel=1e-3)


def test_the_information_on_the_signal_is_the_sum_of_squares_in_units_of_the_noise(fitted):
    box, first, noise = fitted

    fit = second_fit(box, first, noise)

    ball = np.asarray(first.derivatives[3], dtype=float)[box.use]
    assert fit.signal_information == pytest.approx(np.sum(ball**2) / NOISE_SD**2, rel=1e-3)


@pytest.mark.parametrize('noise_sd', [0.05, 5.0, 50.0])
def test_what_is_known_of_the_resolution_counts_as_a_measurement(fitted, noise_sd):
    """ln FWHM = ln 6 mm with an SD of 0.5, beside the voxels."""
    box, first, _ = fitted

    fit = second_fit(box, first, Noise(noise_sd**2, 0.0, np.ones((1, 1, 1))))

    columns = np.asarray(first.derivatives, dtype=float)[:, box.use] / noise_sd
    information = columns @ columns.T + np.diag([0.0] * 5 + [1 / 0.5**2] * 2)
    expected = np.sqrt(np.diag(np.linalg.inv(information)))
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(expected, rel=0.01)


def test_where_the_image_says_nothing_the_resolution_is_the_usual_one(fitted):
    box, first, _ = fitted
    away = first.vector.copy()
    away[5:] = np.log([4.0, 9.0])

    fit = second_fit(box, first._replace(vector=away), Noise(1e8, 0.0, np.ones((1, 1, 1))))

    p = fit.parameters
    assert (p.fwhm_in_plane_mm, p.fwhm_axial_mm) == pytest.approx((6.0, 6.0), rel=1e-3)


def correlated(fwhm_mm):
    """Noise whose correlation is a Gaussian, within 6 voxels."""
    lags = np.stack(np.meshgrid(*[np.arange(-6, 7)] * 3, indexing='ij'), axis=-1)
    distance = np.linalg.norm(lags * (2.3, 2.1, 2.0), axis=-1)
    correlation = np.exp(-(distance**2) / 4 / (fwhm_mm / 2.3548) ** 2)
    return Noise(NOISE_SD**2, 0.3 * NOISE_SD**2, correlation)


@pytest.mark.parametrize('fwhm_mm', [3.0, 6.0])
def test_the_covariance_in_correlated_noise_is_the_sandwich_on_whole_spectra(fitted, fwhm_mm):
    """
    With complex spectra of all frequencies, in double precision, each one by itself.

    The noise's power is divided by where it is more than a twentieth of its peak.
    """
    box, first, _ = fitted
    noise = correlated(fwhm_mm)

    fit = second_fit(box, first, noise)

    shape = box.use.shape
    lags = np.zeros(shape)
    for index, value in np.ndenumerate(noise.correlation):
        lag = np.subtract(index, 6)
        if all(2 * abs(n) < size for n, size in zip(lag, shape, strict=True)):
            lags[tuple(lag)] = value
    power = np.maximum(np.fft.fftn(lags).real, 0.0)
    sd = np.sqrt(noise.variance + noise.variance_per_value * np.maximum(first.model, 0.0))
    columns = np.where(box.use, np.asarray(first.derivatives, dtype=float) / sd, 0.0)
    spectra = np.fft.fftn(columns, axes=(1, 2, 3)).reshape(7, -1)
    weights = 1 / np.maximum(power, 0.05 * power.max()).ravel() / power.size
    lean = np.diag([0.0] * 5 + [4.0] * 2)
    hessian = (spectra.conj() * weights @ spectra.T).real + lean
    scatter = (spectra.conj() * (weights**2 * power.ravel() * power.size) @ spectra.T).real
    inverse = np.linalg.inv(hessian)
    expected = inverse @ (scatter + lean) @ inverse
    scale = np.sqrt(np.diag(expected))
    assert fit.covariance / scale / scale[:, None] == pytest.approx(
        expected / scale / scale[:, None], abs=5e-3
    )
    assert fit.signal_information == pytest.approx(hessian[3, 3], rel=1e-3)
    ball = np.fft.fftn(box.inside * sd)
    expected_mean_sd = np.sqrt(np.sum(np.abs(ball) ** 2 * power) / power.size)
    assert fit.mean_sd == pytest.approx(expected_mean_sd, rel=0.02)
