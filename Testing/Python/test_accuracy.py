"""
The whole phantom without noise: centers within 0.1 mm, means within 0.1 %.

The images come from `synthetic`, the true means from counting points in the
same voxels (`sampled_mean`); neither shares code with the measurement.
"""

import numpy as np
import pytest
from VOIIdentificationLib.analysis import analyze
from VOIIdentificationLib.core.phantom import Seed
from VOIIdentificationLib.core.settings import Settings
from VOIIdentificationLib.measure.statistics import voi_statistics
from VOIIdentificationLib.measure.voi_mask import Sphere, voi_mask
from VOIIdentificationLib.synthetic.phantom import synthesize
from VOIIdentificationLib.synthetic.scene import Pose, SyntheticPhantom, grid
from VOIIdentificationLib.synthetic.truth import sampled_mean

SEARCH = Settings(refinement='search')
GRIDS = {
    '1.65 mm': ((112, 106, 40), (1.65, 1.65, 2.0)),
    '2.73 mm': ((66, 70, 26), (2.73, 2.73, 3.27)),
    '4 mm': ((47, 45, 24), (4.0, 4.0, 4.0)),
}


@pytest.fixture(scope='module', params=[(name, mirrored) for name in GRIDS for mirrored in (0, 1)])
def phantom(request):
    """An oblique grid; the phantom turned, tilted, and every second time mirrored as well."""
    name, mirrored = request.param
    shape, spacing = GRIDS[name]
    offset = (3.3, -2.1, 1.4)
    scene = SyntheticPhantom(
        grid(shape, spacing, oblique_deg=(4, -6, 9), mirrored=mirrored, middle_ras_mm=offset),
        pose=Pose(rotation_deg=17, tilt_deg=2, mirrored=bool(mirrored), offset_ras_mm=offset),
    )
    return synthesize(scene)


def pushed_seeds(truth):
    pushes = np.random.default_rng(4).normal(size=(len(truth.inserts), 3))
    pushes *= 4.0 / np.linalg.norm(pushes, axis=1, keepdims=True)
    return [
        Seed(true.insert.label, tuple(np.add(true.center_ras_mm, push)))
        for true, push in zip(truth.inserts, pushes, strict=True)
    ]


def test_centers_are_found_from_seeds_four_millimeters_off(phantom):
    image, truth = phantom
    result = analyze(image, pushed_seeds(truth), truth.scene.phantom, SEARCH)
    for found, true in zip(result.spheres, truth.inserts, strict=True):
        assert np.linalg.norm(np.subtract(found.center_ras_mm, true.center_ras_mm)) < 0.1
        assert found.flags == ()


def test_the_mean_is_that_of_the_same_voxels_finely_sampled(phantom):
    image, truth = phantom
    for true in truth.inserts:
        sphere = Sphere(true.insert.label, true.center_ras_mm, true.insert.diameter_mm)
        found = voi_statistics(image, voi_mask(sphere, image.geometry))
        expected = sampled_mean(image, true.center_ras_mm, true.insert.diameter_mm)
        assert found.mean == pytest.approx(expected, rel=1e-3)
        assert found.volume_ml == pytest.approx(np.pi * true.insert.diameter_mm**3 / 6000, rel=1e-3)
