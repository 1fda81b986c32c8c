"""`analyze --limits`, `--baseline`, `--fail-on`: exit status, files, and what is refused."""

import json
import shutil

import pydicom
import pytest
from VOIIdentificationLib.cli import main as cli

pytest.importorskip('SimpleITK')

STUDY_OPTIONS = (
    *('--shape', '70', '66', '34', '--voxel', '4.1', '4.3', '3.9', '--cov', '0'),
    *('--rotation', '20', '--fwhm', '7'),
)
TRUTH = ('--true-hot', '20000', '--true-background', '5000')


@pytest.fixture(scope='module')
def study(tmp_path_factory):
    """Of a scanner with a serial number, and a reconstruction with a name."""
    folder = tmp_path_factory.mktemp('study')
    assert cli.main(['make-phantom', str(folder), *STUDY_OPTIONS]) == 0
    name_scanner(folder / 'dicom', '1234')
    return folder


def name_scanner(folder, serial):
    for path in folder.iterdir():
        ds = pydicom.dcmread(path)
        ds.DeviceSerialNumber, ds.ReconstructionMethod = serial, 'OSEM 2i4s'
        ds.save_as(path)


def analyze(study, output, *options):
    seeds = ['--seeds', str(study / 'seeds.mrk.json')]
    start = ['analyze', str(study / 'dicom'), '--output', str(output), *seeds, *TRUTH]
    return cli.main([*start, *map(str, options)])


@pytest.fixture(scope='module')
def first(study, tmp_path_factory):
    output = tmp_path_factory.mktemp('first') / 'new'
    assert analyze(study, output) == 0
    return output


def results_of(output):
    return json.loads((output / 'results.json').read_text(encoding='utf-8'))


def profile(folder, **row):
    path = folder / 'site.json'
    rows = [{'quantity': 'contrast_percent', 'diameter_mm': 37, **row}]
    data = {'schema': 'voi-identification/limits/1', 'name': 'Site', 'source': 'x', 'version': '1'}
    path.write_text(json.dumps({**data, 'rows': rows}), encoding='utf-8')
    return path


def contrast_of(output):
    return results_of(output)['nema']['spheres'][0]['contrast_percent']


LIMITS = {
    'pass': lambda value: {'low': value - 20, 'warning_low': value - 10},
    'warning': lambda value: {'low': value - 20, 'warning_low': value + 10},
    'fail': lambda value: {'low': value + 10},
}


@pytest.mark.parametrize(('level', 'status'), [('pass', 0), ('warning', 3), ('fail', 3)])
def test_met_nearly_met_and_missed(study, first, tmp_path, capsys, level, status):
    limits = profile(tmp_path, **LIMITS[level](contrast_of(first)))
    output = tmp_path / 'new'

    assert analyze(study, output, '--limits', limits, '--fail-on', 'warning') == status

    assert results_of(output)['verdict']['level'] == level
    assert (output / 'report.html').is_file()
    printed = capsys.readouterr().out
    assert f'Overall verdict: {level.upper()}\n' in printed
    reasons = printed.partition('Overall verdict')[0]
    assert ('  S37: Q_j 2-D ' in reasons) == (level != 'pass')


@pytest.mark.parametrize(
    ('level', 'options', 'status'),
    [('warning', ('--fail-on', 'fail'), 0), ('fail', ('--fail-on', 'fail'), 3), ('fail', (), 0)],
)
def test_only_what_was_asked_for_changes_the_status(study, first, tmp_path, level, options, status):
    limits = profile(tmp_path, **LIMITS[level](contrast_of(first)))
    assert analyze(study, tmp_path / 'new', '--limits', limits, *options) == status


def test_what_cannot_be_judged_has_not_passed(study, tmp_path):
    """EARL is meant for 10 : 1, the phantom is filled 4 : 1."""
    output = tmp_path / 'new'
    assert analyze(study, output, '--limits', 'EARL 1', '--fail-on', 'warning') == 3
    verdict = results_of(output)['verdict']
    assert verdict['level'] == 'not judged'
    assert 'meant for a true ratio of 10 : 1, here it is 4.00 : 1' in verdict['reasons'][0]


def test_fail_on_without_limits_is_refused(study, tmp_path, capsys):
    assert analyze(study, tmp_path / 'new', '--fail-on', 'fail') == 1
    assert '--fail-on needs --limits' in capsys.readouterr().err
    assert not (tmp_path / 'new').exists()


def test_a_profile_that_makes_no_sense_stops_before_any_work(study, tmp_path, capsys):
    limits = profile(tmp_path, low=3, high=2)
    assert analyze(study, tmp_path / 'new', '--limits', limits) == 1
    said = capsys.readouterr().err
    assert 'limit 1: "low" must be below "high", got 3 and 2' in said
    assert not (tmp_path / 'new').exists()


def test_a_baseline_of_the_same_scanner_gives_changes(study, first, tmp_path):
    limits = profile(tmp_path, of='change_percent', low=-1, high=1)
    output = tmp_path / 'new'
    done = analyze(study, output, '--baseline', first, '--limits', limits, '--fail-on', 'warning')
    results = results_of(output)
    assert done == 0
    assert results['baseline']['unsure'] == ''
    assert {one['change_percent'] for one in results['baseline']['changes']} == {0.0}
    assert results['verdict']['level'] == 'pass'


def test_a_baseline_of_another_scanner_is_refused(study, first, tmp_path, capsys):
    other = tmp_path / 'other'
    shutil.copytree(study, other)
    name_scanner(other / 'dicom', '99')
    assert analyze(other, tmp_path / 'new', '--baseline', first) == 1
    said = capsys.readouterr().err
    assert 'another scanner: its serial number is 1234, that of this scan 99' in said
    assert not (tmp_path / 'new').exists()
