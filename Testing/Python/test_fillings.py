"""A sample of bench_fillings.py: fillings, contrasts and a wrong voxel size, without seeds."""

import importlib.util
from collections import Counter

import numpy as np
import pytest
from paths import ROOT
from VOIIdentificationLib.activity.worksheet import given_activity
from VOIIdentificationLib.analysis import Known, analyze
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.phantom import load_phantom
from VOIIdentificationLib.synthetic.phantom import synthesize

PRESET = load_phantom('NEMA IEC body')
MAX_CONTRAST_ERROR_PERCENT = 0.2


@pytest.fixture(scope='module')
def bench():
    path = ROOT / 'Testing' / 'Benchmarks' / 'bench_fillings.py'
    spec = importlib.util.spec_from_file_location('bench_fillings', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(('cold', 'contrast'), [((), 4.0), (('S28', 'S37'), 10.0)])
def test_a_filling_is_seen_and_a_wrong_voxel_size_is_flagged(bench, cold, contrast):
    image, truth = synthesize(bench.filled_scene(1, contrast, cold))
    result = analyze(image, (), PRESET)
    assert bench.judged(result, truth) == 'found'
    assert Flag.RING_SCALE not in result.flags
    assert bench.is_flagged(bench.scaled(image))


def test_contrasts_without_noise_are_those_of_points_in_every_pixel(bench):
    _, truth = synthesize(bench.filled_scene(2, 8.0, bench.COLD))
    errors = list(bench.contrast_errors(truth))
    assert Counter(kind for kind, _ in errors) == {'hot': 4, 'cold': 2}
    assert max(abs(percent) for _, percent in errors) < MAX_CONTRAST_ERROR_PERCENT


@pytest.mark.parametrize('preset', ['NEMA IEC body', 'NEMA IEC body, 28 and 37 mm cold'])
@pytest.mark.parametrize('cold', [('S10', 'S13'), ('S28', 'S37')])
def test_a_cold_sphere_is_never_hot_with_a_negative_contrast(bench, cold, preset):
    image, truth = synthesize(bench.filled_scene(3, 4.0, cold))
    known = Known(activity=given_activity(truth.scene.activities.hot, bench.BACKGROUND))
    result = analyze(image, (), load_phantom(preset), known=known)
    shown = {one.label: one for one in result.spheres}
    contrasts = {one.label: one for one in result.nema.spheres}
    for true in truth.inserts:
        label = true.insert.label
        assert shown[label].insert.hot == true.insert.hot
        percent = contrasts[label].contrast_percent
        assert percent is None or percent > 0 or contrasts[label].flags
        assert np.linalg.norm(np.subtract(shown[label].center_ras_mm, true.center_ras_mm)) < 8
