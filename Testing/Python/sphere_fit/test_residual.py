"""What a fit left over, against what was put in."""

from dataclasses import replace

import numpy as np
import pytest
from made_quality import quality_result
from VOIIdentificationLib.sphere_fit.residual import fit_residual


@pytest.fixture(scope='module')
def result():
    return quality_result()


def test_the_model_is_the_image_but_for_the_noise(result):
    sphere = result.spheres[1]

    found = fit_residual(result.image, sphere, result.spheres)

    # The scene has a voxel COV of 5 % in a background of a ninth of the contrast.
    assert found.rms_percent == pytest.approx(100 * 0.05 * 2000 / 18_000, rel=0.25)
    assert abs(np.nanmean(found.difference)) < 0.002 * found.contrast


def test_the_box_lies_where_it_says(result):
    sphere = result.spheres[3]

    found = fit_residual(result.image, sphere, result.spheres)

    i, j, k = found.first_ijk
    depth, rows, columns = found.image.shape
    there = result.image.voxels[k : k + depth, j : j + rows, i : i + columns]
    used = np.isfinite(found.image)
    assert used.any()
    assert not used.all()
    assert (there[used] == found.image[used]).all()


def test_a_change_of_the_image_stands_in_the_difference(result):
    sphere = result.spheres[0]
    found = fit_residual(result.image, sphere, result.spheres)
    voxels = result.image.voxels.copy()
    where = tuple(int(x) for x in np.rint(sphere.center_ijk)[::-1])
    voxels[where] += 1000.0

    changed = fit_residual(replace(result.image, voxels=voxels), sphere, result.spheres)

    change = changed.difference - found.difference
    assert np.nansum(change) == pytest.approx(1000.0, abs=1)


def test_neighbors_are_left_out(result):
    sphere = result.spheres[0]
    near = replace(
        result.spheres[5], center_ras_mm=tuple(np.add(sphere.center_ras_mm, (22.0, 0, 0)))
    )

    alone = fit_residual(result.image, sphere, [sphere])
    beside = fit_residual(result.image, sphere, [sphere, near])

    assert np.isfinite(beside.image).sum() < np.isfinite(alone.image).sum()


@pytest.mark.parametrize('change', [{'accepted': False}, {'fwhm_axial_mm': None}, {'signal': None}])
def test_without_a_whole_fit_there_is_nothing_to_show(result, change):
    sphere = result.spheres[0]

    assert (
        fit_residual(result.image, replace(sphere, fit=replace(sphere.fit, **change)), ()) is None
    )
    assert fit_residual(result.image, replace(sphere, fit=None), ()) is None


def test_the_contrast_is_the_signal_less_the_background(result):
    """20 000 in 2000 were filled."""
    found = fit_residual(result.image, result.spheres[0], result.spheres)

    assert found.contrast == pytest.approx(18_000.0, rel=0.03)


def test_a_fit_without_contrast_leaves_nothing_to_show(result):
    sphere = result.spheres[0]
    flat = replace(sphere.fit, background=sphere.fit.signal)

    assert fit_residual(result.image, replace(sphere, fit=flat), ()) is None
