"""`analyze` for other systems: DICOM objects among the results, files where they were asked for."""

import importlib.util
import io
import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
from made_quality import quality_result
from paths import ROOT
from VOIIdentificationLib.cli import main as cli
from VOIIdentificationLib.core.phantom import Seed
from VOIIdentificationLib.core.resources import resource_directory
from VOIIdentificationLib.dicom.write import write_pet_series
from VOIIdentificationLib.files.markups import write_markups
from VOIIdentificationLib.files.volume import write_volume

pytest.importorskip('openpyxl')
pytest.importorskip('SimpleITK')
FILES = ('segmentation.dcm', 'measurement_report.dcm')


@pytest.fixture(scope='module')
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp('study')
    result = quality_result()
    write_pet_series(result.image, folder / 'pet', seed=1)
    write_volume(result.image, folder / 'pet.nrrd')
    seeds = [Seed(one.label, one.center_ras_mm) for one in result.spheres]
    write_markups(folder / 'seeds.mrk.json', seeds, name='Seeds')
    return folder


def analyze(study, output, *options, source='pet'):
    seeds = ('--seeds', str(study / 'seeds.mrk.json'), '--refinement', 'none')
    return cli.main(
        ['analyze', str(study / source), '--output', str(output), *seeds, *map(str, options)]
    )


def test_all_at_once(study, tmp_path):
    pytest.importorskip('highdicom')
    exports = [('--export', system, tmp_path / system) for system in ('quaac', 'qatrack', 'wadqc')]
    options = [part for export in exports for part in export]
    output = tmp_path / 'out'
    assert analyze(study, output, '--dicom-seg', '--dicom-sr', *options) == 0

    assert all((output / name).is_file() for name in FILES)
    results = json.loads((output / 'results.json').read_text(encoding='utf-8'))
    tests = json.loads((tmp_path / 'qatrack').read_text(encoding='utf-8'))['tests']
    for sphere in results['spheres']:
        assert tests[f'mean_{sphere["diameter_mm"]:g}']['value'] == sphere['mean']
    assert json.loads((tmp_path / 'quaac').read_text(encoding='utf-8'))['version'] == '1.0'
    assert json.loads((tmp_path / 'wadqc').read_text(encoding='utf-8'))

    # An analysis without them leaves none of an earlier one behind.
    assert analyze(study, output, '--overwrite') == 0
    assert not any((output / name).exists() for name in FILES)


def test_a_report_brings_the_segmentation_that_it_refers_to(study, tmp_path):
    pydicom = pytest.importorskip('pydicom')
    pytest.importorskip('highdicom')
    assert analyze(study, tmp_path, '--dicom-sr') == 0
    assert pydicom.dcmread(tmp_path / FILES[0]).SegmentationType == 'FRACTIONAL'
    assert analyze(study, tmp_path, '--overwrite', '--dicom-seg', 'binary') == 0
    assert pydicom.dcmread(tmp_path / FILES[0]).SegmentationType == 'BINARY'
    assert not (tmp_path / FILES[1]).exists()


def refused(study, tmp_path, capsys, *options, **source):
    """The one sentence on standard error; nothing is written."""
    assert analyze(study, tmp_path / 'out', *options, **source) == 1
    assert not (tmp_path / 'out').exists()
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_a_volume_has_no_header_to_take_from(study, tmp_path, capsys):
    pytest.importorskip('highdicom')
    said = refused(study, tmp_path, capsys, '--dicom-seg', source='pet.nrrd')
    assert 'need a DICOM series as INPUT' in said


def test_without_highdicom_it_is_asked_for_before_any_work(study, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda _name: None)
    said = refused(study, tmp_path, capsys, '--dicom-sr')
    assert 'pip install highdicom' in said


def test_an_existing_file_is_replaced_only_on_request(study, tmp_path, capsys):
    path = tmp_path / 'quaac.json'
    path.write_text('mine')
    said = refused(study, tmp_path, capsys, '--export', 'quaac', path)
    assert 'is there already' in said
    assert path.read_text() == 'mine'
    assert analyze(study, tmp_path / 'out', '--export', 'quaac', path, '--overwrite') == 0
    assert path.read_text(encoding='utf-8') != 'mine'


def test_two_files_in_one_place_are_refused(study, tmp_path, capsys):
    path = tmp_path / 'one.json'
    twice = ('--export', 'quaac', path, '--export', 'wadqc', path)
    assert 'written already by this run' in refused(study, tmp_path, capsys, *twice)
    results = ('--export', 'quaac', tmp_path / 'out' / 'results.json')
    assert 'written already by this run' in refused(study, tmp_path, capsys, *results)
    assert 'is a folder' in refused(study, tmp_path, capsys, '--export', 'quaac', tmp_path)


@pytest.mark.parametrize('option', ['--seeds', '--phantom', '--limits', '--baseline', 'INPUT'])
@pytest.mark.parametrize('linked', [False, True])
def test_no_export_is_written_over_what_is_read(study, tmp_path, capsys, option, linked):
    """With --overwrite a slip of the keyboard replaced the only copy of a scan."""
    own = shutil.copytree(study, tmp_path / 'own')
    named = {
        '--seeds': own / 'seeds.mrk.json',
        '--phantom': tmp_path / 'phantom.json',
        '--limits': tmp_path / 'limits.json',
        '--baseline': tmp_path / 'baseline' / 'results.json',
        'INPUT': min((own / 'pet').iterdir()),
    }
    shutil.copy(resource_directory('Phantoms') / 'NEMA_IEC_body.json', named['--phantom'])
    shutil.copy(min(resource_directory('Limits').glob('*.json')), named['--limits'])
    assert analyze(own, tmp_path / 'baseline') == 0
    before = named[option].read_bytes()
    path = tmp_path / 'link.json' if linked else named[option]
    if linked:
        path.symlink_to(named[option])
    value = named[option].parent if option == '--baseline' else named[option]
    given = () if option in ('INPUT', '--seeds') else (option, value)

    said = refused(own, tmp_path, capsys, *given, '--export', 'wadqc', path, '--overwrite')

    assert 'is read by this run' in said
    assert named[option].read_bytes() == before


def test_results_are_not_written_over_the_volume(study, tmp_path, capsys):
    path = tmp_path / 'segmentation.seg.nrrd'
    shutil.copy(study / 'pet.nrrd', path)
    before = path.read_bytes()
    assert analyze(study, tmp_path, '--overwrite', source=path) == 1
    assert 'is read by this run' in capsys.readouterr().err
    assert path.read_bytes() == before


def test_no_export_takes_the_place_of_a_picture(study, tmp_path, capsys):
    path = tmp_path / 'out' / 'output_images' / 'slice_3.png'
    assert 'written already' in refused(study, tmp_path, capsys, '--export', 'quaac', path)


@pytest.mark.parametrize(
    'wrong', [('--export', 'excel', 'x'), ('--export', 'quaac'), ('--dicom-seg', 'hard')]
)
def test_what_is_not_known_is_a_wrong_argument(wrong, study, tmp_path):
    with pytest.raises(SystemExit) as exit_status:
        analyze(study, tmp_path / 'out', *wrong)
    assert exit_status.value.code == 2


def code_below(heading):
    """The first block of Python below a heading of docs/qa.md."""
    text = (ROOT / 'docs' / 'qa.md').read_text(encoding='utf-8')
    return text.split(f'## {heading}\n', 1)[1].split('```python\n', 1)[1].split('```', 1)[0]


class Orthanc:
    """What the plug-in of docs/qa.md asks of the server, with one series in it."""

    ChangeType = SimpleNamespace(STABLE_SERIES='stable', NEW_INSTANCE='new')

    def __init__(self, files, modality='PT', patient_id='PHANTOM'):
        self.files = files
        self.answers = {
            '/series/s': {'MainDicomTags': {'Modality': modality}, 'Instances': [*files]},
            '/series/s/patient': {'MainDicomTags': {'PatientID': patient_id}},
        }
        self.stored, self.attached = [], {}

    def RestApiGet(self, uri):  # noqa: N802 - Orthanc's name
        if uri in self.answers:
            return json.dumps(self.answers[uri])
        return self.files[uri.split('/')[2]]

    def RestApiPost(self, uri, data):  # noqa: N802 - Orthanc's name
        assert uri == '/instances'
        self.stored.append(data)

    def RestApiPut(self, uri, data):  # noqa: N802 - Orthanc's name
        self.attached[uri] = data

    def RegisterOnChangeCallback(self, callback):  # noqa: N802 - Orthanc's name
        self.callback = callback


def run_plugin(server, monkeypatch, change='stable'):
    monkeypatch.setitem(sys.modules, 'orthanc', server)
    monkeypatch.setattr(subprocess, 'run', lambda command, check: cli.main(command[1:]))
    exec(compile(code_below('Orthanc'), 'plugin', 'exec'), {})  # our own document
    server.callback(change, None, 's')


def test_the_plugin_for_orthanc_stores_segmentation_and_report(study, monkeypatch):
    pydicom = pytest.importorskip('pydicom')
    pytest.importorskip('highdicom')
    pytest.importorskip('jinja2')
    files = {path.stem: path.read_bytes() for path in (study / 'pet').iterdir()}
    server = Orthanc(files)
    run_plugin(server, monkeypatch)
    modalities = [pydicom.dcmread(io.BytesIO(data)).Modality for data in server.stored]
    assert sorted(modalities) == ['SEG', 'SR']
    assert b'<html' in server.attached['/series/s/attachments/1024']


@pytest.mark.parametrize(
    ('server', 'change'),
    [
        (Orthanc({}), 'new'),
        (Orthanc({}, modality='SEG'), 'stable'),
        (Orthanc({}, patient_id='Doe'), 'stable'),
    ],
)
def test_the_plugin_measures_phantoms_only(server, change, monkeypatch):
    run_plugin(server, monkeypatch, change)
    assert server.stored == []


def test_the_module_for_wadqc_hands_every_number_on(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(subprocess, 'run', lambda command, check: cli.main(command[1:]))
    names = {}
    exec(compile(code_below('WAD-QC'), 'module', 'exec'), names)  # our own document
    rows = {}
    add = rows.__setitem__
    writer = SimpleNamespace(addFloat=add, addString=add, addBool=add)
    names['measure'](str(study / 'pet'), writer)
    results = json.loads((tmp_path / 'voi' / 'results.json').read_text(encoding='utf-8'))
    assert rows['mean_10'] == results['spheres'][-1]['mean']
    assert rows['complete'] is False
