"""The Python of the tutorial, block by block, on slicer-core's scene."""

import json
import re

import pytest
from paths import ROOT

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from dicom_in_scene import load  # noqa: E402 - needs slicer
from stand_in_application import application  # noqa: E402
from VOIIdentificationLib.dicom.write import write_pet_series  # noqa: E402
from VOIIdentificationLib.synthetic.phantom import SyntheticPhantom, grid, synthesize  # noqa: E402

TUTORIAL = (ROOT / 'docs' / 'tutorial.md').read_text(encoding='utf-8')
BLOCKS = re.findall(r'^```python\n(.*?)^```', TUTORIAL, re.MULTILINE | re.DOTALL)

FILL = {
    'schema': 'voi-identification/activity/1',
    'hot': {'assay_mbq': 20, 'assay_time': '2026-03-01T10:15:00', 'volume_ml': 1000},
    'background': {'assay_mbq': 40, 'assay_time': '2026-03-01T10:15:00', 'volume_ml': 8000},
    'isotope': 'F-18',
    'scan_start': '2026-03-01T10:15:00',
}


@pytest.fixture
def console(scene, monkeypatch, tmp_path):
    """What a user of the console has: the sample, read from files, and seeds under its name."""
    image, truth = synthesize(SyntheticPhantom(grid((60, 54, 26), (4.5, 4.5, 5.0))))
    write_pet_series(image, tmp_path / 'study', seed=3)
    (tmp_path / 'activity.json').write_text(json.dumps(FILL))
    with application(scene, monkeypatch) as module:
        logic = module.VOIIdentificationLogic()
        node, database = load(tmp_path / 'study', 'PETPhantom')
        seeds = scene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'PETPhantom seeds')
        for true in truth.inserts:
            seeds.AddControlPoint(*true.center_ras_mm, true.insert.label)
        monkeypatch.setattr(slicer, 'dicomDatabase', database)
        monkeypatch.setattr(slicer.util, 'getModuleLogic', lambda _name: logic)
        monkeypatch.setattr(slicer.util, 'getNode', scene.GetFirstNodeByName, raising=False)
        yield {'slicer': slicer}, node


def test_the_blocks_of_the_tutorial_run_one_after_the_other(console, tmp_path, capsys):
    names, node = console

    for block in BLOCKS:
        placed = block.replace('/path/to/a/folder', str(tmp_path / 'results'))
        exec(placed.replace('/path/to', str(tmp_path)), names)

    said = capsys.readouterr().out
    assert len(BLOCKS) == 3
    assert 'S37 (' in said
    assert '4.0' in said
    assert (tmp_path / 'results' / 'results.json').is_file()
    assert names['suvNode'].GetName() == f'{node.GetName()} SUVbw'
    assert names['result'].settings.refinement == 'search'
