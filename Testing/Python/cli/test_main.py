"""The command line, in process: exit status, what is printed, which files there are."""

import contextlib
import io
import json
import os
import re
import shutil
import signal

import numpy as np
import pytest
from dicom_files import Made, write
from paths import MODULE
from VOIIdentificationLib import __version__
from VOIIdentificationLib.cli import main as cli
from VOIIdentificationLib.dicom.read import read_pet_series

pytest.importorskip('SimpleITK')

STUDY_OPTIONS = (
    *('--shape', '70', '66', '34', '--voxel', '4.1', '4.3', '3.9', '--cov', '0'),
    *('--rotation', '20', '--fwhm', '7', '--seed-shift', '3'),
)


@pytest.fixture(scope='module')
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp('study')
    assert cli.main(['make-phantom', str(folder), *STUDY_OPTIONS]) == 0
    return folder


@pytest.fixture(scope='module')
def analyzed(study, tmp_path_factory):
    output = tmp_path_factory.mktemp('results') / 'new'
    assert analyze(study / 'dicom', output, study) == 0
    return output


@pytest.fixture(scope='module')
def optioned(study, tmp_path_factory):
    """One run with every option that changes a number, and what it printed."""
    output, printed = tmp_path_factory.mktemp('optioned') / 'new', io.StringIO()
    options = ['--counting', 'hard', '--refinement', 'none', '--unit', 'counts']
    options += ['--true-hot', '20000', '--true-background', '5000']
    with contextlib.redirect_stdout(printed):
        assert analyze(study / 'dicom', output, study, *options) == 0
    return results_of(output), printed.getvalue()


def analyze(source, output, study, *options):
    seeds = ['--seeds', str(study / 'seeds.mrk.json')]
    return cli.main(['analyze', str(source), '--output', str(output), *seeds, *options])


def results_of(output):
    return json.loads((output / 'results.json').read_text(encoding='utf-8'))


def test_a_study_is_analyzed_into_all_files_of_the_contract(analyzed):
    """The contract: names of files that other programs look for."""
    names = {str(p.relative_to(analyzed)) for p in analyzed.rglob('*') if p.is_file()}
    assert {
        'outputMetaTargets.xlsx',
        'outputMidPoints3D.xlsx',
        'outputTargets.xlsx',
        'centers.mrk.json',
        'results.json',
        'segmentation.seg.nrrd',
    } <= names
    assert any(name.startswith('output_images') for name in names)


def test_found_centers_and_means_are_the_true_ones(study, analyzed):
    """truth.json is written by the generator, which shares no code with the measurement."""
    truth = json.loads((study / 'truth.json').read_text(encoding='utf-8'))
    true = {insert['label']: insert for insert in truth['inserts']}

    for sphere in results_of(analyzed)['spheres']:
        insert = true[sphere['label']]
        off = np.subtract(sphere['center_ras_mm'], insert['center_ras_mm'])
        assert np.linalg.norm(off) < 0.1
        # At 4 mm voxels a tenth of a millimeter moves the mean of 10 mm by some 0.1 %.
        assert sphere['mean'] == pytest.approx(insert['sampled_mean'], rel=2e-3)
        assert sphere['volume_ml'] == pytest.approx(np.pi * insert['diameter_mm'] ** 3 / 6000, 1e-3)
        assert sphere['shift_mm'] == pytest.approx(3.0, abs=0.1)


def test_results_say_where_they_came_from(study, analyzed):
    results = results_of(analyzed)
    image = read_pet_series(study / 'dicom')
    assert results['schema'] == 'voi-identification/results/1'
    assert results['software'] == {'name': 'VOIIdentification', 'version': __version__}
    assert results['input']['unit'] == 'Bq/mL'
    assert results['input']['shape_ijk'] == [70, 66, 34]
    assert results['input']['spacing_ijk_mm'] == pytest.approx([4.1, 4.3, 3.9])
    assert results['input']['series_instance_uid'] == image.acquisition.series_instance_uid
    assert results['input']['sha256'] == image.sha256()
    assert results['settings']['counting'] == 'partial'


@pytest.fixture(scope='module')
def volume(study, tmp_path_factory):
    from VOIIdentificationLib.files.volume import write_volume

    path = tmp_path_factory.mktemp('volume') / 'pet.nrrd'
    write_volume(read_pet_series(study / 'dicom'), path)
    return path


def test_a_nrrd_volume_gives_the_same_results_with_the_unit_said(study, analyzed, volume, tmp_path):
    assert analyze(volume, tmp_path / 'out', study, '--unit', 'BQML') == 0

    from_dicom, from_volume = results_of(analyzed), results_of(tmp_path / 'out')
    assert from_volume['input']['unit'] == 'Bq/mL'
    assert from_volume['input']['sha256'] == from_dicom['input']['sha256']
    for a, b in zip(from_dicom['spheres'], from_volume['spheres'], strict=True):
        assert a['center_ras_mm'] == pytest.approx(b['center_ras_mm'], abs=1e-3)


@pytest.mark.parametrize('said', ['Bq/mL', 'BQML', 'bqml'])
def test_a_unit_may_be_said_as_dicom_codes_it(volume, tmp_path, said, capsys):
    import SimpleITK

    unknown = tmp_path / 'no unit.nrrd'
    bare = SimpleITK.ReadImage(str(volume))
    for key in bare.GetMetaDataKeys():
        bare.EraseMetaData(key)
    SimpleITK.WriteImage(bare, str(unknown))

    assert cli.main(['info', str(unknown), '--unit', said]) == 0

    assert 'Unit: Bq/mL' in capsys.readouterr().out


def test_the_unit_of_the_header_wins_and_that_is_said(optioned):
    results, printed = optioned
    assert results['input']['unit'] == 'Bq/mL'
    assert 'The unit Bq/mL of the header is used, not counts' in printed


def test_hard_counting_gives_whole_voxels(optioned):
    voxel_ml = 4.1 * 4.3 * 3.9 / 1000
    for sphere in optioned[0]['spheres']:
        assert sphere['volume_ml'] == pytest.approx(sphere['voxel_count'] * voxel_ml)


def test_without_refinement_the_seeds_are_the_centers(optioned):
    for sphere in optioned[0]['spheres']:
        assert sphere['center_ras_mm'] == sphere['seed_ras_mm']


def test_existing_results_are_replaced_only_on_request(study, analyzed, tmp_path, capsys):
    output = tmp_path / 'out'
    shutil.copytree(analyzed, output)
    before = (output / 'results.json').read_bytes()

    assert analyze(study / 'dicom', output, study, '--counting', 'hard') == 1
    assert (output / 'results.json').read_bytes() == before
    error = capsys.readouterr().err
    assert 'overwrit' in error
    assert 'reading' not in error  # said before any work was done

    assert analyze(study / 'dicom', output, study, '--counting', 'hard', '--overwrite') == 0
    assert results_of(output)['settings']['counting'] == 'hard'


def test_info_says_what_a_series_is(study, capsys):
    assert cli.main(['info', str(study / 'dicom')]) == 0
    printed = capsys.readouterr().out
    assert 'Bq/mL' in printed
    assert '70 x 66 x 34' in printed


@pytest.mark.parametrize('command', ['analyze', 'info'])
def test_a_folder_without_pet_is_one_sentence_and_exit_status_1(command, tmp_path, capsys, study):
    (tmp_path / 'in').mkdir()
    (tmp_path / 'in' / 'notes.txt').write_text('no DICOM')
    output = ['--output', str(tmp_path / 'out'), '--seeds', str(study / 'seeds.mrk.json')]

    status = cli.main([command, str(tmp_path / 'in'), *(output if command == 'analyze' else [])])

    assert status == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith('voi-identification: ')
    assert str(tmp_path / 'in') in error
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    ('option', 'value', 'words'),
    [
        ('--seeds', 'gone.csv', 'gone.csv cannot be read'),
        ('--phantom', 'Jaszczak', "no phantom named 'Jaszczak'"),
        ('--settings', 'gone.json', 'gone.json cannot be read'),
        ('--series', '1.2.3', '1.2.3'),
    ],
)
def test_a_bad_file_is_one_sentence_and_nothing_is_written(
    study, tmp_path, capsys, option, value, words
):
    assert analyze(study / 'dicom', tmp_path / 'out', study, option, value) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('arguments', [[], ['analyse'], ['analyze'], ['analyze', 'x', '--speed']])
def test_wrong_arguments_exit_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert 'usage' in capsys.readouterr().err


def test_stopping_from_the_keyboard_writes_nothing(study, tmp_path, monkeypatch, capsys):
    def interrupt(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr('VOIIdentificationLib.report.export.write_workbooks', interrupt)
    assert analyze(study / 'dicom', tmp_path / 'out', study) == 130
    assert not (tmp_path / 'out').exists()
    assert list(tmp_path.iterdir()) == []
    assert 'nothing was changed' in capsys.readouterr().err


@pytest.mark.parametrize('asked', [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize('hidden', [False, True])
def test_stopping_by_the_system_leaves_nothing(study, tmp_path, monkeypatch, capsys, asked, hidden):
    number, status = asked

    def stop(*_args, **_kwargs):
        try:
            signal.raise_signal(number)
        except KeyboardInterrupt:
            if hidden:  # as a library does whose own loading was interrupted
                raise ImportError from None
            raise

    before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
    monkeypatch.setattr('VOIIdentificationLib.report.export.write_workbooks', stop)
    assert analyze(study / 'dicom', tmp_path / 'out', study) == status
    assert list(tmp_path.iterdir()) == []
    assert 'nothing was changed' in capsys.readouterr().err
    assert [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_list_of_series_has_a_line_each_and_names_stay_on_theirs(tmp_path, capsys):
    folder = tmp_path / 'two\nlines\x1b[2J'
    for n in (1, 2):
        write(Made(series_uid=f'1.2.{n}'), folder / str(n))

    assert cli.main(['info', str(folder)]) == 1

    *_progress, head, first, second = capsys.readouterr().err.splitlines()
    assert head.endswith(r'two\nlines\x1b[2J holds 2 PET series; choose one by its UID:')
    assert first == '  1.2.1: PT, "made", 5 images'
    assert second == '  1.2.2: PT, "made", 5 images'


def test_what_stands_in_the_way_of_suv_is_said(study, tmp_path, capsys):
    import pydicom

    shutil.copytree(study / 'dicom', tmp_path / 'no weight')
    for path in (tmp_path / 'no weight').iterdir():
        dataset = pydicom.dcmread(path)
        del dataset.PatientWeight
        dataset.save_as(path)
    assert analyze(tmp_path / 'no weight', tmp_path / 'out', study) == 0
    assert '(0010,1030)' in capsys.readouterr().out


def test_the_end_of_the_run_tells_the_result(optioned):
    """Judge: results.json, and the words of the verdict."""
    results, printed = optioned
    lines = printed.splitlines()
    rows = {line.split()[0]: line.split() for line in lines if re.match(r'S\d\d ', line)}

    for nema, recovery in zip(
        results['nema']['spheres'], results['recovery']['spheres'], strict=True
    ):
        *_, contrast, variability, rc_max, rc_mean, rc_peak = rows[nema['label']]
        assert float(contrast) == pytest.approx(nema['contrast_percent'], abs=0.006)
        assert float(variability) == pytest.approx(nema['variability_percent'], abs=0.006)
        found = [float(text) for text in (rc_max, rc_mean, rc_peak)]
        expected = [recovery[key] for key in ('rc_max', 'rc_mean', 'rc_peak')]
        assert found == pytest.approx(expected, abs=6e-4)
    assert any(line.startswith('Note: ') for line in lines)
    assert lines[-2].startswith('EARL 2: NOT JUDGED. ')
    assert lines[-1].startswith('Results: ')


def test_quiet_prints_nothing(study, tmp_path, capsys):
    assert analyze(study / 'dicom', tmp_path / 'out', study, '--quiet') == 0

    assert capsys.readouterr() == ('', '')
    assert (tmp_path / 'out' / 'results.json').is_file()


def test_without_seeds_the_spheres_are_found(study, analyzed, tmp_path, capsys):
    arguments = ['analyze', str(study / 'dicom'), '--output', str(tmp_path / 'out')]
    assert cli.main(arguments) == 0
    assert 'found without seeds' in capsys.readouterr().out
    found, seeded = results_of(tmp_path / 'out')['spheres'], results_of(analyzed)['spheres']
    for a, b in zip(found, seeded, strict=True):
        assert a['center_ras_mm'] == pytest.approx(b['center_ras_mm'], abs=0.01)


def test_the_true_activity_gives_contrast_and_recovery(optioned):
    """A noise-free 37 mm sphere keeps nearly all: the phantom holds 20 and 5 kBq/mL."""
    results, _printed = optioned
    assert 80 < results['nema']['spheres'][0]['contrast_percent'] < 100
    assert 0.95 < results['recovery']['spheres'][0]['rc_max'] < 1.05


@pytest.mark.parametrize('value', ['0', '-5', 'nan', 'many'])
def test_a_true_activity_that_is_none_is_a_wrong_argument(study, tmp_path, capsys, value):
    with pytest.raises(SystemExit) as caught:
        analyze(study / 'dicom', tmp_path / 'out', study, '--true-hot', value)
    assert caught.value.code == 2
    assert f'must be a number above 0, got {value}' in capsys.readouterr().err


def test_a_background_without_activity_may_be_said_but_not_less(study, tmp_path, capsys):
    out = tmp_path / 'out'
    assert (
        analyze(study / 'dicom', out, study, '--true-hot', '20000', '--true-background', '0') == 0
    )
    assert 'was filled without activity, but the image shows' in capsys.readouterr().out
    assert results_of(out)['activity']['background_bqml'] == 0.0

    with pytest.raises(SystemExit):
        analyze(study / 'dicom', tmp_path / 'no', study, '--true-background', '-1')
    assert 'must be a number from 0 to 1e+12, got -1' in capsys.readouterr().err


def test_a_worksheet_is_held_against_the_header_and_completed_by_it(study, tmp_path, capsys):
    sheet = {
        'schema': 'voi-identification/activity/1',
        'hot': {'assay_mbq': 20.0, 'assay_time': '10:15', 'volume_ml': 1000.0},
        'background': {'assay_mbq': 40.0, 'assay_time': '10:15', 'volume_ml': 8000.0},
    }
    path = tmp_path / 'fill.json'
    said = {}
    for name, more in (('right', {}), ('late', {'scan_start': '2026-03-01T11:15:00'})):
        path.write_text(json.dumps({**sheet, **more}), encoding='utf-8')
        out, options = tmp_path / name, ['--activity', str(path), '--edition', '2007']
        assert analyze(study / 'dicom', out, study, *options) == 0
        said[name] = capsys.readouterr().out
        results = results_of(out)
        edition = 'Contradiction: NU 2-2007 has the 28 and 37 mm spheres cold'
        assert edition in said[name]
        assert results['nema']['edition']['name'] == 'NU 2-2007'
        late = 'the worksheet has the scan start at 2026-03-01 11:15:00, the header at'
        assert any(late in text for text in results['contradictions']) == (name == 'late')

    assert 'The worksheet leaves out isotope, half_life_s, scan_start' in said['right']
    assert 'scan_start' not in said['late'].split('leaves out')[1]


def test_an_output_without_a_name_is_a_wrong_argument(study, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(['analyze', str(study / 'dicom'), '--output', ''])
    assert caught.value.code == 2
    assert 'must name a folder' in capsys.readouterr().err


def test_worksheet_and_numbers_exclude_each_other(study, tmp_path, capsys):
    options = ['--true-hot', '20000', '--activity', str(tmp_path / 'fill.json')]
    assert analyze(study / 'dicom', tmp_path / 'out', study, *options) == 1
    assert 'not both' in capsys.readouterr().err


def test_settings_and_phantom_come_from_files(study, tmp_path):
    settings, phantom = tmp_path / 'settings.json', tmp_path / 'one.json'
    settings.write_text('{"search_in_plane_mm": 7.5}')
    phantom.write_text(
        json.dumps(
            {
                'schema': 'voi-identification/phantom/1',
                'name': 'one',
                'inserts': [{'label': 'rod', 'diameter_mm': 20, 'shape': 'cylinder'}],
            }
        )
    )
    seeds = tmp_path / 'seeds.csv'
    true = json.loads((study / 'truth.json').read_text())['inserts'][0]['center_ras_mm']
    seeds.write_text(f'label,r,a,s\nrod,{true[0]},{true[1]},{true[2]}\n')
    options = ['--settings', str(settings), '--phantom', str(phantom), '--seeds', str(seeds)]

    assert analyze(study / 'dicom', tmp_path / 'out', study, *options) == 0

    results = results_of(tmp_path / 'out')
    assert results['settings']['search_in_plane_mm'] == 7.5
    assert [s['label'] for s in results['spheres']] == ['rod']


def test_the_module_is_the_same_program():
    import subprocess
    import sys

    run = subprocess.run(
        [sys.executable, '-m', 'VOIIdentificationLib', '--version'],
        cwd=MODULE,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == f'voi-identification {__version__}'


@pytest.mark.skipif(os.name == 'nt', reason='there a current folder cannot be removed')
@pytest.mark.parametrize(
    'command',
    [
        'analyze {study}/dicom --seeds {study}/seeds.mrk.json --refinement none --output new',
        'suv {study}/dicom --output suv.nrrd',
        'make-phantom new --shape 20 20 20 --voxel 10 10 10',
        'batch {study} --output new',
        'info dicom',
    ],
)
def test_a_current_folder_that_was_removed_is_a_sentence(
    study, tmp_path, monkeypatch, capsys, command
):
    gone = tmp_path / 'gone'
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert cli.main(command.format(study=study).split()) == 1

    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith('voi-identification: ')
    assert 'unexpected' not in said
