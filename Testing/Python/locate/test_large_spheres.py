"""A ring with a sphere of 60 mm in a blur of 14 mm: EARL's Lu-177 set-up, found without seeds."""

from dataclasses import replace

import numpy as np
import pytest
from VOIIdentificationLib.activity.worksheet import given_activity
from VOIIdentificationLib.analysis import Known, analyze
from VOIIdentificationLib.core.phantom import load_phantom, preset_names
from VOIIdentificationLib.locate.ring_template import RingMatcher
from VOIIdentificationLib.locate.spots import coarse_image
from VOIIdentificationLib.synthetic.phantom import (
    PSF,
    Activities,
    Noise,
    Pose,
    SyntheticPhantom,
    grid,
    synthesize,
)

NAME = 'EARL Lu-177 SPECT'
HOT_BQML = 20_000.0
RANDOM_SEEDS = (10, 14)
"""Any; bench_fillings.py has more."""


def scene(seed):
    """As bench_fillings.py has it, on voxels of 4.4 mm."""
    rng = np.random.default_rng(seed)
    pose = Pose(
        rotation_deg=rng.uniform(0, 360),
        tilt_deg=rng.uniform(0, 10) + (180.0 if rng.random() < 0.3 else 0.0),
        tilt_axis_deg=rng.uniform(0, 360),
        mirrored=bool(rng.random() < 0.5),
        offset_ras_mm=tuple((rng.uniform(-1, 1, 3) * (30.0, 30.0, 20.0)).tolist()),
    )
    return SyntheticPhantom(
        geometry=grid((95, 90, 68), (4.42, 4.5, 4.3)),
        phantom=load_phantom(NAME),
        pose=pose,
        activities=Activities(hot=HOT_BQML, background=0.0),
        psf=PSF(14.0),
        noise=Noise(0.2, 8.0, grows_with_signal=True),
        lung_diameter_mm=0.0,
        random_seed=seed,
    )


@pytest.mark.parametrize('seed', RANDOM_SEEDS)
def test_found_without_seeds_and_recovery_is_given(seed):
    image, truth = synthesize(scene(seed))
    known = Known(activity=given_activity(HOT_BQML, 0.0))
    result = analyze(image, (), load_phantom(NAME), known=known)
    true = {one.insert.label: one.center_ras_mm for one in truth.inserts}
    for sphere in result.spheres:
        off_mm = np.linalg.norm(np.subtract(sphere.center_ras_mm, true[sphere.label]))
        assert off_mm < 5.0, sphere.label
    for one in result.recovery.spheres:
        assert one.rc_max > one.rc_peak > 0.1
        assert not any(verdict.passed or not verdict.not_judged for verdict in one.verdicts)
    assert all(one.rc_mean is not None for one in result.recovery.spheres)
    assert result.recovery.background_rule == 'the background is cold by design: B = 0'


def test_the_preset_is_offered():
    assert NAME in preset_names()


def test_spheres_that_reach_into_each_other_are_one_template():
    """Without noise nearly all that is seen is explained, and the order is surer."""
    image, truth = synthesize(replace(scene(3), noise=Noise()))
    true = truth.inserts
    voxels, geometry = coarse_image(image)
    matcher = RingMatcher(
        voxels,
        geometry,
        diameters_mm=np.array([one.insert.diameter_mm for one in true]),
        hot=np.ones(len(true), bool),
        angles_rad=np.radians([one.insert.ring_angle_deg for one in true]),
    )
    places = np.array([one.center_ras_mm for one in true])
    match = matcher.match_together(places)
    assert matcher.has_large
    assert match.order.tolist() == list(range(6))
    assert match.explained > 0.99 > matcher.match(places).explained
    assert match.margin > matcher.match(places).margin
