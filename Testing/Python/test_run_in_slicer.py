"""The script for Slicer without its window, run on slicer-core's scene."""

import importlib.util
import json
import runpy
from pathlib import Path

import numpy as np
import pytest
from paths import ROOT

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from stand_in_application import application  # noqa: E402 - needs slicer
from VOIIdentificationLib.dicom.write import write_pet_series  # noqa: E402
from VOIIdentificationLib.synthetic.phantom import SyntheticPhantom, grid, synthesize  # noqa: E402

SCRIPT = ROOT / 'docs' / 'run_in_slicer.py'


@pytest.fixture(scope='module')
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp('study')
    image, truth = synthesize(SyntheticPhantom(grid((60, 54, 26), (4.5, 4.5, 5.0))))
    write_pet_series(image, folder, seed=3)
    return folder, truth


@pytest.fixture
def script(scene, monkeypatch):
    with application(scene, monkeypatch) as module:
        logic = module.VOIIdentificationLogic()
        monkeypatch.setattr(slicer.util, 'getModuleLogic', lambda _name: logic)
        monkeypatch.setattr(slicer.util, 'saveScene', lambda path: Path(path).touch())
        spec = importlib.util.spec_from_file_location('run_in_slicer', SCRIPT)
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        yield loaded


def test_it_measures_and_writes(script, study, tmp_path, capsys):
    folder, truth = study

    status = script.main([str(folder), str(tmp_path / 'results')])

    assert status == 0
    found = json.loads((tmp_path / 'results' / 'results.json').read_text())['spheres']
    for sphere, true in zip(found, truth.inserts, strict=True):
        assert np.linalg.norm(np.subtract(sphere['center_ras_mm'], true.center_ras_mm)) < 0.5
    assert (tmp_path / 'results' / 'scene.mrb').is_file()
    assert 'S37: center RAS (' in capsys.readouterr().out


def test_a_problem_is_one_sentence_and_status_1(script, tmp_path, capsys):
    status = script.main([str(tmp_path / 'none'), str(tmp_path / 'results')])

    assert status == 1
    assert capsys.readouterr().err.count('\n') == 1
    assert not (tmp_path / 'results').exists()


def test_wrong_arguments_are_status_2_and_the_usage(script, capsys):
    assert script.main([]) == 2
    assert '--python-script' in capsys.readouterr().err


def test_started_by_slicer_it_exits_with_its_status(script, monkeypatch):
    left = []
    monkeypatch.setattr(slicer.util, 'exit', left.append)
    monkeypatch.setattr('sys.argv', [str(SCRIPT)])

    runpy.run_path(str(SCRIPT), run_name='__main__')

    assert left == [2]
