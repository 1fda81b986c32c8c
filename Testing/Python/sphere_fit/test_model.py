"""
The model of a blurred sphere.

Judged by the closed form of a ball in a Gaussian, averaged over each voxel at
Gauss-Legendre points (`ball_truth`), and its derivatives by finite differences.
"""

from dataclasses import replace

import numpy as np
import pytest
from ball_truth import ball_image, walled_sphere
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.sphere_fit.model import BlurredSphere, SphereParameters

NO_OFFSET = np.zeros(3, dtype=int)


def sheared_grid(spacing_mm, shape_kji, *, mirrored=True):
    """Turned by 17 degrees, sheared, and with slices that run towards the feet."""
    c, s = np.cos(0.3), np.sin(0.3)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, -1 if mirrored else 1]])
    shear = np.array([[1, 0, 0.1], [0, 1, 0], [0, 0.15, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ shear @ np.diag(spacing_mm)
    matrix[:3, 3] = (-20.0, 13.0, 40.0)
    return VolumeGeometry(shape_kji, matrix)


def sphere_in(geometry, *, fwhm_mm, signal=8.0, background=1.0):
    middle = (geometry.size_ijk - 1) / 2 + [0.31, -0.22, 0.43]
    center = tuple(geometry.position_ras_mm(middle).tolist())
    return SphereParameters(center, signal, background, *fwhm_mm)


@pytest.mark.parametrize(
    ('spacing_mm', 'shape_kji', 'diameter_mm'),
    [
        ((1.65, 1.8, 2.0), (24, 27, 25), 10.0),
        ((2.73, 2.6, 3.27), (15, 18, 16), 13.0),
        ((4.0, 4.2, 3.8), (16, 15, 18), 17.0),
    ],
)
@pytest.mark.parametrize('fwhm_mm', [(5.0, 5.0), (5.5, 7.0)])
def test_image_agrees_with_the_closed_form_on_a_sheared_grid(
    spacing_mm, shape_kji, diameter_mm, fwhm_mm
):
    geometry = sheared_grid(spacing_mm, shape_kji)
    p = sphere_in(geometry, fwhm_mm=fwhm_mm)
    expected = walled_sphere(
        geometry, p.center_ras_mm, diameter_mm, fwhm_mm, signal=8.0, background=1.0
    )

    image = BlurredSphere(geometry, NO_OFFSET, shape_kji, diameter_mm, 1.0).image(p)

    assert image == pytest.approx(expected, abs=5e-4)  # 0.006 % of the signal


def test_a_box_that_starts_outside_the_image_sees_the_same_sphere():
    geometry = sheared_grid((2.0, 2.2, 2.4), (20, 22, 24))
    p = sphere_in(geometry, fwhm_mm=(6.0, 6.0))
    whole = BlurredSphere(geometry, NO_OFFSET, (20, 22, 24), 10.0, 1.0).image(p)

    shifted = BlurredSphere(geometry, np.array([-2, -3, -1]), (22, 26, 27), 10.0, 1.0).image(p)

    assert shifted[1:21, 3:25, 2:26] == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize('spacing_mm', [(1.65, 1.8, 2.0), (4.0, 4.2, 3.8)])
def test_derivatives_are_the_differences_of_images(spacing_mm):
    shape = (16, 18, 20)
    geometry = sheared_grid(spacing_mm, shape)
    p = sphere_in(geometry, fwhm_mm=(5.5, 7.0), signal=5.0, background=2.0)
    model = BlurredSphere(geometry, NO_OFFSET, shape, 10.0, 1.0)

    image, derivatives = model.with_derivatives(p)

    assert image == pytest.approx(model.image(p), abs=1e-5)
    for n in range(7):
        step = 0.02
        low, high = (model.image(moved(p, n, sign * step)).astype(float) for sign in (-1, 1))
        assert derivatives[n] == pytest.approx((high - low) / (2 * step), abs=2e-3)


def moved(p, n, step):
    if n < 3:
        center = np.array(p.center_ras_mm)
        center[n] += step
        return replace(p, center_ras_mm=tuple(center.tolist()))
    if n < 5:
        name = ('signal', 'background')[n - 3]
        return replace(p, **{name: getattr(p, name) + step})
    name = ('fwhm_in_plane_mm', 'fwhm_axial_mm')[n - 5]
    return replace(p, **{name: getattr(p, name) * np.exp(step)})


def test_columns_are_the_ball_and_what_lies_outside_its_wall():
    shape = (21, 24, 20)
    geometry = sheared_grid((2.0, 2.2, 2.4), shape)
    p = sphere_in(geometry, fwhm_mm=(6.0, 6.0))

    ball, outside = BlurredSphere(geometry, NO_OFFSET, shape, 13.0, 1.5).columns(p)

    blur = (6.0, 6.0)
    assert ball == pytest.approx(ball_image(geometry, p.center_ras_mm, 13.0, blur), abs=1e-5)
    expected = 1 - ball_image(geometry, p.center_ras_mm, 16.0, blur)
    assert outside == pytest.approx(expected, abs=1e-5)
