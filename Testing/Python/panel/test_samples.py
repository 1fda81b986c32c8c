"""The samples: offered by button and by script, and measured right by the product."""

import sys
import types

import numpy as np
import pytest
from VOIIdentificationLib.analysis import analyze
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.phantom import load_phantom
from VOIIdentificationLib.synthetic.phantom import SyntheticPhantom, grid, synthesize
from VOIIdentificationLib.synthetic.samples import (
    COLD_LABELS,
    DISPLACED_LABEL,
    DISPLACED_MM,
    SAMPLES,
)

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from stand_in_application import parent_widget  # noqa: E402 - needs slicer
from stand_in_samples import SampleData  # noqa: E402

PET_COLORS = 'vtkMRMLPETProceduralColorNodePET-Heat'
TRUE_MM = {'PETPhantom': 0.3, 'PETPhantomCold': 0.3, 'PETPhantomFaults': 0.8}
"""How near a center must be; noise moves the 10 mm sphere."""


@pytest.fixture
def small(module, monkeypatch):
    """The same samples on a grid of few voxels, where only their way into the scene counts."""
    scenes = {
        name: lambda n=n: SyntheticPhantom(grid((20 + n, 18, 10), (14.0, 14.0, 14.0)))
        for n, name in enumerate(SAMPLES)
    }
    for name, made in scenes.items():
        monkeypatch.setitem(module.SAMPLES, name, made)


@pytest.fixture
def samples(module, small, tmp_path, monkeypatch):
    return registered(module, tmp_path, monkeypatch)


def registered(module, tmp_path, monkeypatch, **options):
    reader = module.VOIIdentificationFileReader(types.SimpleNamespace(loadedNodes=[]))
    samples = SampleData(tmp_path, [reader], **options)
    monkeypatch.setitem(sys.modules, 'SampleData', samples)
    module.registerSampleData()
    return samples


def test_they_are_offered_under_the_module(samples):
    assert list(samples.sources) == ['PETPhantom', 'PETPhantomCold', 'PETPhantomFaults']
    assert samples.titles == {'VOIIdentification': 'VOI Identification'}


def test_they_are_offered_without_the_category_of_newer_versions(
    module, small, tmp_path, monkeypatch
):
    samples = registered(module, tmp_path, monkeypatch, categories=False)

    assert list(samples.sources) == list(SAMPLES)


@pytest.mark.parametrize('name', SAMPLES)
@pytest.mark.parametrize('way', ['press', 'downloadSample'])
def test_button_and_script_make_the_same(samples, name, way):
    node = getattr(samples, way)(name)

    n = list(SAMPLES).index(name)
    assert node.GetName() == name
    assert node.GetImageData().GetDimensions() == (20 + n, 18, 10)
    assert node.GetDisplayNode().GetColorNodeID() == PET_COLORS
    assert node.GetVoxelValueUnits().GetCodeValue() == 'Bq/ml'


def test_a_second_download_makes_a_second_volume(samples):
    first, second = (samples.downloadSample('PETPhantom') for _n in range(2))

    assert first is not second
    assert second.GetName() == 'PETPhantom_1'


def test_an_open_panel_takes_the_sample(samples, module):
    widget = module.VOIIdentificationWidget(parent_widget())
    widget.setup()

    node = samples.downloadSample('PETPhantom')
    slicer.app.processEvents()

    assert widget.panel.parameters.inputVolume is node
    assert widget.ui.applyButton.enabled
    widget.cleanup()


@pytest.mark.parametrize('text', ['', 'PETPhantom\n', 'Other'])
def test_the_reader_takes_nothing_else(module, tmp_path, text):
    reader = module.VOIIdentificationFileReader(types.SimpleNamespace(loadedNodes=[]))
    path = tmp_path / f'x{module.SAMPLE_SUFFIX}'
    path.write_text(text)

    assert reader.canLoadFile(str(path)) is False
    assert reader.load({'fileName': str(path)}) is False
    assert reader.canLoadFile(str(tmp_path / 'x.nrrd')) is False
    assert reader.extensions() == ['VOI Identification sample (*.voisample)']


# What the product makes of them, without seeds


@pytest.fixture(scope='module')
def measured():
    results = {}
    for name, made in SAMPLES.items():
        image, truth = synthesize(made())
        results[name] = analyze(image, (), load_phantom('NEMA IEC body')), truth
    return results


@pytest.mark.parametrize('name', SAMPLES)
def test_every_center_is_found_where_it_is(measured, name):
    result, truth = measured[name]

    assert [one.label for one in result.spheres] == [one.insert.label for one in truth.inserts]
    for sphere, true in zip(result.spheres, truth.inserts, strict=True):
        error_mm = np.linalg.norm(np.subtract(sphere.center_ras_mm, true.center_ras_mm))
        assert error_mm < TRUE_MM[name], sphere.label


def test_cold_spheres_are_found_as_cold(measured):
    result, _truth = measured['PETPhantomCold']

    assert tuple(one.label for one in result.spheres if not one.insert.hot) == COLD_LABELS
    assert any('S37 and S28 colder than the background' in note for note in result.notes)
    cold = [one.contrast_percent for one in result.nema.spheres if one.label in COLD_LABELS]
    assert min(cold) > 80  # 100 without blur (NU 2-2012, 7.4.1)


def test_the_sphere_that_slipped_is_flagged_and_no_other(measured):
    result, truth = measured['PETPhantomFaults']

    assert [one.label for one in result.spheres if Flag.OFF_RING in one.flags] == [DISPLACED_LABEL]
    centers = {one.insert.label: np.array(one.center_ras_mm) for one in truth.inserts}
    level = [center for label, center in centers.items() if label != DISPLACED_LABEL]
    normal = np.linalg.svd(level - np.mean(level, axis=0))[2][2]
    off_mm = abs((centers[DISPLACED_LABEL] - np.mean(level, axis=0)) @ normal)
    assert off_mm == pytest.approx(DISPLACED_MM, abs=1e-9)
    assert np.degrees(np.arccos(abs(normal[2]))) == pytest.approx(4.0, abs=1e-6)
