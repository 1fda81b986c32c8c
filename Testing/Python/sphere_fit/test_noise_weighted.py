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
