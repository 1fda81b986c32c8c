"""The batch on real Dask workers, in processes of their own."""

import csv
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from paths import MODULE
from VOIIdentificationLib.analysis import Known
from VOIIdentificationLib.cli import main as cli
from VOIIdentificationLib.core.errors import OutputError, SeriesError
from VOIIdentificationLib.core.phantom import load_phantom
from VOIIdentificationLib.core.settings import Settings
from VOIIdentificationLib.dicom.read import read_pet_series
from VOIIdentificationLib.dicom.write import Scan, write_pet_series
from VOIIdentificationLib.evaluate.limits import load_limits
from VOIIdentificationLib.files.lock import locked_folder
from VOIIdentificationLib.many import batch_cluster
from VOIIdentificationLib.many.batch_find import FoundSeries, find_pet_series
from VOIIdentificationLib.many.batch_series import (
    BatchOptions,
    SeriesJob,
    measure_series,
    read_state,
    series_checksum,
)
from VOIIdentificationLib.many.stored import read_results

pytest.importorskip('distributed')
pq = pytest.importorskip('pyarrow.parquet')
pytest.importorskip('SimpleITK')

# Dask's own parts are not held to our rule that a warning is an error.
pytestmark = pytest.mark.filterwarnings('default')

SMALL = ('--shape', '70', '66', '34', '--voxel', '4.1', '4.3', '3.9', '--fwhm', '7', '--cov', '0.1')
FILL = ('--true-hot', '20000', '--true-background', '5000')


def make_series(folder, number):
    options = [*SMALL, '--random-seed', str(number), '--rotation', str(20 + number)]
    assert cli.main(['make-phantom', str(folder), *options]) == 0


def batch(root, output, *options):
    return cli.main(['batch', str(root), '--output', str(output), '--workers', '2', *options])


def results_of(output):
    """Every results.json without its date, by series."""
    found = {}
    for path in (output / 'series').glob('*/results.json'):
        results = json.loads(path.read_text(encoding='utf-8'))
        del results['analyzed_at']
        found[path.parent.name] = json.dumps(results)
    return found


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Three good series, one of them spread over two folders; a cut one; no DICOM; no PET."""
    folder = tmp_path_factory.mktemp('department')
    for n in range(4):
        make_series(folder / f'{n}', n)
    slices = sorted((folder / '2' / 'dicom').iterdir())
    (folder / '2b').mkdir()
    for path in slices[::2]:
        path.rename(folder / '2b' / path.name)
    cut = sorted((folder / '3' / 'dicom').iterdir())[5]
    cut.write_bytes(cut.read_bytes()[:4000])
    (folder / 'notes.txt').write_text('no DICOM')
    return folder


@pytest.fixture(scope='module')
def done(root, tmp_path_factory):
    output = tmp_path_factory.mktemp('batch') / 'out'
    assert batch(root, output, *FILL) == 1  # one series is bad
    return output


def copied(done, tmp_path):
    """A batch that is done, elsewhere: to be changed."""
    return shutil.copytree(done, tmp_path / 'again')


def rows_of(output):
    with (output / 'batch.csv').open(encoding='utf-8', newline='') as stream:
        return list(csv.DictReader(stream))


def test_every_series_has_what_a_single_analysis_gives(root, done, tmp_path):
    single = tmp_path / 'single'
    assert cli.main(['analyze', str(root / '0' / 'dicom'), '--output', str(single), *FILL]) == 0
    results = json.loads((single / 'results.json').read_text(encoding='utf-8'))
    series = done / 'series' / results['input']['series_instance_uid']
    assert files_of(series) == files_of(single) | {'batch.json'}
    for name in files_of(single):
        if name.endswith(('.png', '.mrk.json')):
            assert (series / name).read_bytes() == (single / name).read_bytes(), name
    one, other = (without_date(folder / 'results.json') for folder in (single, series))
    assert one == other


def files_of(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob('*') if path.is_file()}


def without_date(path):
    lines = path.read_bytes().splitlines()
    return [line for line in lines if b'"analyzed_at"' not in line]


def test_the_table_has_a_row_for_every_series_and_sphere(done):
    rows = rows_of(done)
    good = [row for row in rows if row['state'] == 'done']
    assert len(good) == 3 * 6
    assert [row['label'] for row in good[:6]] == ['S37', 'S28', 'S22', 'S17', 'S13', 'S10']
    assert all(0.7 < float(row['rc_max']) < 1.5 for row in good if row['label'] == 'S37')
    (bad,) = [row for row in rows if row['state'] == 'failed']
    assert 'truncated' in bad['sentence']
    assert bad['rc_max'] == ''


def test_parquet_holds_the_same(done):
    table = pq.read_table(done / 'batch.parquet').to_pylist()
    rows = rows_of(done)
    assert len(table) == len(rows)
    for a, b in zip(table, rows, strict=True):
        assert a['series_uid'] == b['series_uid']
        assert a['rc_max'] is None if b['rc_max'] == '' else a['rc_max'] == float(b['rc_max'])


def test_a_second_run_measures_nothing_again(root, done, tmp_path, capsys):
    again = copied(done, tmp_path)
    before = {p: p.stat().st_mtime_ns for p in again.rglob('results.json')}
    batch(root, again, *FILL)
    assert '0 measured, 3 done before, 1 failed' in capsys.readouterr().out
    assert {p: p.stat().st_mtime_ns for p in again.rglob('results.json')} == before


def test_other_settings_replace_results_only_on_request(root, done, tmp_path, capsys):
    again = copied(done, tmp_path)
    before = results_of(again)
    batch(root, again, *FILL, '--counting', 'hard')
    printed = capsys.readouterr().out
    assert '0 measured, 0 done before, 4 failed' in printed
    assert '--overwrite' in printed
    assert results_of(again) == before
    batch(root, again, *FILL, '--counting', 'hard', '--overwrite')
    assert '3 measured' in capsys.readouterr().out
    assert results_of(again) != before


def options():
    from VOIIdentificationLib.analysis import Known

    return BatchOptions(load_phantom('NEMA IEC body'), Settings(), Known())


def job_of(root, number, folder):
    paths = tuple(sorted((root / str(number) / 'dicom').iterdir()))
    return SeriesJob('1.2.3', '', paths, folder)


def site_limits(folder, name='Site', **row):
    path = folder / f'{name}.json'
    rows = [{'quantity': 'contrast_percent', 'diameter_mm': 37, **row}]
    data = {'schema': 'voi-identification/limits/1', 'name': name, 'source': 'x', 'version': '1'}
    path.write_text(json.dumps({**data, 'rows': rows}), encoding='utf-8')
    return path


def test_every_series_is_judged_and_the_worst_verdict_is_the_exit_status(root, tmp_path, capsys):
    good = tmp_path / 'good'
    for name in ('0', '1'):
        (good / name).parent.mkdir(exist_ok=True)
        shutil.copytree(root / name, good / name)
    met, missed = site_limits(tmp_path, 'Met', low=1), site_limits(tmp_path, 'Missed', low=199)
    output = tmp_path / 'out'
    judged = (*FILL, '--fail-on', 'fail', '--limits')

    assert batch(good, output, *judged, str(met)) == 0
    assert {row['verdict'] for row in rows_of(output)} == {'pass'}
    assert batch(good, output, *judged, str(missed), '--overwrite') == 3
    assert {row['verdict'] for row in rows_of(output)} == {'fail'}
    assert set(pq.read_table(output / 'batch.parquet')['verdict'].to_pylist()) == {'fail'}
    folder = next((output / 'series').iterdir())
    assert json.loads((folder / 'results.json').read_bytes())['verdict']['level'] == 'fail'
    capsys.readouterr()
    assert batch(good, output, *judged, str(missed)) == 3  # done before, and not met still
    printed = capsys.readouterr().out
    assert '0 measured, 2 done before' in printed
    assert 'Overall verdicts: 2 fail' in printed


def test_a_baseline_of_another_reconstruction_is_said_for_the_series(root, done, tmp_path, capsys):
    folder = next(path.parent for path in (done / 'series').glob('*/results.json'))
    results = json.loads((folder / 'results.json').read_bytes())
    results['input']['spacing_ijk_mm'] = [9.0, 9.0, 9.0]
    (tmp_path / 'results.json').write_text(json.dumps(results), encoding='utf-8')
    (tmp_path / 'in').symlink_to(root / '0', target_is_directory=True)

    status = batch(tmp_path / 'in', tmp_path / 'out', *FILL, '--baseline', str(tmp_path))

    assert status == 1
    assert 'is of another reconstruction' in capsys.readouterr().out


def test_what_nothing_can_be_judged_by_is_refused_before_the_work(root, tmp_path, capsys):
    assert batch(root, tmp_path / 'out', '--fail-on', 'fail') == 1
    assert '--fail-on needs --limits' in capsys.readouterr().err
    assert batch(root, tmp_path / 'out', '--baseline', str(tmp_path / 'none.json')) == 1
    assert 'none.json' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_the_checksum_is_of_the_bytes_and_of_the_settings(root, tmp_path):
    job = job_of(root, 0, tmp_path)
    first = series_checksum(job, options())
    turned = SeriesJob('1.2.3', '', job.paths[::-1], tmp_path / 'elsewhere')
    assert series_checksum(turned, options()) == first
    other = BatchOptions(load_phantom('NEMA IEC body'), Settings(counting='hard'), options().known)
    assert series_checksum(job, other) != first
    judged = [
        replace(options(), limits=(load_limits(site_limits(tmp_path, low=n)),)) for n in (1, 2)
    ]
    (tmp_path / 'results.json').write_text('{}')
    judged.append(replace(options(), baseline=tmp_path / 'results.json'))
    assert len({first, *(series_checksum(job, one) for one in judged)}) == 4
    assert series_checksum(job_of(root, 1, tmp_path), options()) != first


SHEET = {
    'schema': 'voi-identification/activity/1',
    'hot': {'assay_mbq': 20.0, 'assay_time': '09:45', 'volume_ml': 1000.0},
    'background': {'assay_mbq': 50.0, 'assay_time': '09:45', 'volume_ml': 10000.0},
}
"""Leaves day, start and length of the scan to the headers."""


def activity_of(root, tmp_path, scan_time):
    """Of a series of that time and the worksheet without a scan."""
    folder = tmp_path / scan_time
    image = read_pet_series(root / '0' / 'dicom')
    paths = write_pet_series(image, folder / 'dicom', seed=1, scan=Scan(scan_time=scan_time))
    job = SeriesJob('1.2.3', '', paths, folder / 'out')
    outcome = measure_series(job, replace(options(), worksheet=SHEET))
    assert outcome.sentence == ''
    results = json.loads((folder / 'out' / 'results.json').read_text(encoding='utf-8'))
    assert any('leaves out' in note and 'scan_start' in note for note in results['notes'])
    return results['activity']


def test_a_worksheet_without_a_scan_is_completed_from_each_series(root, tmp_path):
    """20 MBq and 50 MBq at 9:45, scanned at 10:15 and at 12:30, worked by hand."""
    for scan_time, minutes in (('101500', 30), ('123000', 165)):
        found = activity_of(root, tmp_path, scan_time)
        left = 0.5 ** (minutes * 60 / (1.8288 * 3600))
        assert found['hot_bqml'] == pytest.approx(20_000 * left, rel=1e-9)
        assert found['background_bqml'] == pytest.approx(5000 * left, rel=1e-9)
        assert found['worksheet']['scan_duration_s'] == 600.0


def test_a_worksheet_is_part_of_the_checksum(root, tmp_path):
    job, half = job_of(root, 0, tmp_path), {**SHEET, 'scan_duration_s': 300.0}
    sums = {
        series_checksum(job, replace(options(), worksheet=sheet)) for sheet in (None, SHEET, half)
    }
    assert len(sums) == 3


def test_a_senseless_worksheet_ends_a_batch_before_it_begins(root, tmp_path, capsys):
    path = tmp_path / 'fill.json'
    path.write_text(json.dumps({**SHEET, 'decay_corrected': 'yes'}), encoding='utf-8')
    assert batch(root, tmp_path / 'out', '--activity', str(path)) == 1
    assert '"decay_corrected" must be true or false' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('error', [RuntimeError('odd'), MemoryError(), OSError(28, 'No space')])
def test_anything_unexpected_is_a_sentence(root, tmp_path, monkeypatch, error):
    def fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr('VOIIdentificationLib.many.batch_series.export_results', fail)
    outcome = measure_series(job_of(root, 0, tmp_path / 'out'), options())
    assert outcome.state == 'failed'
    assert outcome.sentence
    assert read_state(tmp_path / 'out')['sentence'] == outcome.sentence


@pytest.mark.parametrize('harm', ['results cut', 'page missing', 'picture missing'])
def test_results_that_are_no_longer_whole_are_measured_again(root, tmp_path, harm):
    """They were "done before" for ever, and the exit status was 0."""
    job = job_of(root, 0, tmp_path / 'out')
    assert measure_series(job, options()).state == 'done'
    whole = files_of(tmp_path / 'out')
    assert measure_series(job, options()).state == 'skipped'
    path = {
        'results cut': tmp_path / 'out' / 'results.json',
        'page missing': tmp_path / 'out' / 'results.csv',
        'picture missing': min((tmp_path / 'out' / 'output_images').glob('slice_*.png')),
    }[harm]
    path.write_text('{') if harm == 'results cut' else path.unlink()

    assert measure_series(job, options()).state == 'done'

    assert files_of(tmp_path / 'out') == whole
    assert read_results(tmp_path / 'out').measured
    assert not list((tmp_path / 'out').glob('.*'))


def test_a_second_batch_into_the_folder_is_refused(root, tmp_path, capsys):
    """Two of other settings would mix their series in one table."""
    with locked_folder(tmp_path / '.batch.voi-identification'):
        assert batch(root, tmp_path) == 1
    assert 'another run is writing' in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_state_that_cannot_be_written_leaves_nothing_half(root, tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('VOIIdentificationLib.files.durable.os.fsync', full)
    outcome = measure_series(job_of(root, 0, tmp_path / 'out'), options())
    assert outcome.state == 'failed'
    assert 'No space' in outcome.sentence
    assert not (tmp_path / 'out').exists()


def test_a_series_over_two_folders_is_one(root):
    found = find_pet_series(root, root / 'out')
    assert len(found.series) == 4
    assert sorted(len(series.paths) for series in found.series) == [34, 34, 34, 34]


@pytest.fixture
def linked(root, tmp_path):
    """A root that holds nothing but links: to a series (twice), to itself, to what holds it."""
    home = tmp_path / 'home'
    home.mkdir()
    for name, target in {'a': root / '0', 'b': root / '0', 'self': home, 'up': tmp_path}.items():
        (home / name).symlink_to(target, target_is_directory=True)
    return home


def test_links_to_folders_are_followed_once_and_not_into_a_circle(root, linked, tmp_path):
    found = find_pet_series(linked, tmp_path / 'nowhere')
    (series,) = found.series
    assert len(series.paths) == len(list((root / '0' / 'dicom').iterdir()))
    (problem,) = found.problems
    assert str(linked / 'up') in problem
    assert 'passed over' in problem


def test_a_link_to_the_results_is_not_followed(root, linked):
    (series,) = find_pet_series(linked, linked / 'c').series
    assert find_pet_series(linked, root / '0').series == ()
    assert series.paths


def test_results_below_the_root_are_not_searched(root, tmp_path):
    shutil.copytree(root / '0', tmp_path / 'in')
    shutil.copytree(root / '1', tmp_path / 'out' / 'series' / 'x')
    assert len(find_pet_series(tmp_path, tmp_path / 'out').series) == 1


def write_bomb(source, path):
    """A slice whose 90 megabytes of zeros are deflated to a thousandth."""
    import pydicom

    dataset = pydicom.dcmread(source)
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    dataset.PixelData = bytes(90 * 2**20)
    dataset.save_as(path)


def test_a_file_that_spoils_its_folder_is_named_and_the_series_beside_it_is_found(root, tmp_path):
    shutil.copytree(root / '0' / 'dicom', tmp_path / 'in')
    bad = tmp_path / 'in' / 'broken'
    write_bomb(next((root / '0' / 'dicom').iterdir()), bad)
    found = find_pet_series(tmp_path / 'in', tmp_path / 'out')
    (series,) = found.series
    assert len(series.paths) == 34
    assert bad not in series.paths
    (problem,) = found.problems
    assert problem.startswith('broken: its ')
    assert 'deflated bytes become more' in problem


@pytest.mark.parametrize('uid', ['', '..', '../../etc', 'a/b', '1' * 65, '=1+1', 'CON'])
def test_no_uid_leads_out_of_the_folder(uid):
    name = FoundSeries(uid, '', ()).folder_name
    assert name.startswith('series-')
    assert '/' not in name


def test_a_folder_without_pet_is_a_sentence(tmp_path, capsys):
    (tmp_path / 'in').mkdir()
    assert batch(tmp_path / 'in', tmp_path / 'out') == 1
    assert 'holds no PET series' in capsys.readouterr().err
    with pytest.raises(SeriesError, match='no folder'):
        find_pet_series(tmp_path / 'gone', tmp_path)


def test_a_missing_package_is_asked_for_by_name(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(batch_cluster, 'find_spec', lambda name: None)
    assert batch(tmp_path, tmp_path / 'out') == 1
    assert "pip install 'voi-identification[batch]'" in capsys.readouterr().err


@pytest.mark.parametrize('count', ['0', '-1', 'all', '1.5'])
def test_a_number_of_workers_is_a_number_from_1_on(tmp_path, capsys, count):
    with pytest.raises(SystemExit):
        cli.main(['batch', str(tmp_path), '--output', str(tmp_path / 'o'), f'--workers={count}'])
    assert f'must be a number from 1 on, got {count}' in capsys.readouterr().err


@pytest.mark.parametrize('ignored', [True, False])
def test_only_who_ignores_ctrl_c_is_told_how_to_stop(tmp_path, capsys, ignored):
    (tmp_path / 'in').mkdir()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler)
    try:
        assert batch(tmp_path / 'in', tmp_path / 'out') == 1
    finally:
        signal.signal(signal.SIGINT, before)
    assert (f'send SIGTERM: kill {os.getpid()}' in capsys.readouterr().err) == ignored


def test_a_running_scheduler_is_used_and_left_running(root, done, tmp_path):
    from distributed import Client, LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        address = cluster.scheduler_address
        for name in ('0', '1'):
            (tmp_path / 'in').mkdir(exist_ok=True)
            shutil.copytree(root / name, tmp_path / 'in' / name)
        command = ['batch', str(tmp_path / 'in'), '--output', str(tmp_path / 'out'), *FILL]
        assert cli.main([*command, '--scheduler', address]) == 0
        with Client(address) as client:
            assert len(client.nthreads()) == 1
    found, expected = results_of(tmp_path / 'out'), results_of(done)
    assert len(found) == 2
    assert found.items() <= expected.items()


def test_workers_that_cannot_be_started_are_a_sentence():
    """As where the site's own file of Dask asks for a module that is not there."""
    import dask

    wrong = {'distributed.worker.preload': ['no_such_module_of_the_site']}
    with (
        dask.config.set(wrong),
        pytest.raises(OutputError, match=r'the 1 workers cannot be started: .*--workers'),
        batch_cluster.connected(1),
    ):
        pytest.fail('there are no workers')


class ForeignJob(SeriesJob):
    """What a worker of another version cannot read."""

    def __reduce__(self):
        return (int, ('no number',))


def test_what_a_worker_cannot_read_is_a_sentence_of_that_series_alone(root, tmp_path):
    files = tuple(sorted((root / '0' / 'dicom').iterdir()))
    jobs = [
        kind(f'1.2.{n}', '', files, tmp_path / f'{n}')
        for n, kind in enumerate([ForeignJob, SeriesJob])
    ]
    outcomes = {}
    with batch_cluster.connected(1) as client:
        batch_cluster.measure_all(
            client, jobs, options(), lambda one: outcomes.setdefault(one.uid, one)
        )
    assert outcomes['1.2.1'].state == 'done'
    assert outcomes['1.2.0'].state == 'failed'
    assert outcomes['1.2.0'].sentence.startswith('the worker failed: ')
    assert '\n' not in outcomes['1.2.0'].sentence


@pytest.mark.parametrize('address', ['tcp://127.0.0.1:9', 'nonsense://x'])
def test_a_scheduler_that_does_not_answer_is_a_sentence(root, tmp_path, capsys, address):
    import dask

    command = ['batch', str(root), '--output', str(tmp_path / 'out'), '--scheduler', address]
    with dask.config.set({'distributed.comm.timeouts.connect': '1s'}):
        assert cli.main(command) == 1
    said = capsys.readouterr().err
    assert f'no Dask scheduler answers at {address}' in said
    assert 'Check address and network.' in said
    assert not list((tmp_path / 'out').rglob('results.json'))


def start(root, output, **options):
    """The program as a person starts it, in a process group as a terminal makes it."""
    environment = {**os.environ, 'PYTHONPATH': str(MODULE)}
    command = [sys.executable, '-m', 'VOIIdentificationLib', 'batch', str(root), '--output']
    return subprocess.Popen(
        [*command, str(output), '--workers', '2', *FILL],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
        **options,
    )


def wait_for(what, seconds=90.0):
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def started(output):
    return [
        p for p in output.glob('series/*/batch.json') if read_state(p.parent)['state'] == 'started'
    ]


def workers_of(pid):
    """Processes of the workers, below the program."""
    import psutil

    below = psutil.Process(pid).children(recursive=True)
    return [one for one in below if 'spawn_main' in ' '.join(one.cmdline())]


class DeadlyJob(SeriesJob):
    """Whoever reads the files is killed."""

    @property
    def paths(self):
        os.kill(os.getpid(), signal.SIGKILL)

    @paths.setter
    def paths(self, _paths):
        pass


def test_only_the_series_that_kills_its_workers_is_given_up(root, tmp_path, monkeypatch):
    """The other one waits at the same worker each time that it dies."""
    import cloudpickle

    monkeypatch.setattr(batch_cluster, 'MAX_DEATHS', 1)
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    files = tuple(sorted((root / '0' / 'dicom').iterdir()))
    jobs = [
        kind(f'1.2.{n}', '', files, tmp_path / f'{n}')
        for n, kind in enumerate([DeadlyJob, SeriesJob])
    ]
    outcomes = {}
    options = BatchOptions(load_phantom('NEMA IEC body'), Settings(), Known())
    with batch_cluster.connected(1) as client:
        batch_cluster.measure_all(
            client, jobs, options, lambda one: outcomes.setdefault(one.uid, one)
        )
    # Skipped: it had been measured, and its worker died before it could say so.
    assert outcomes['1.2.1'].state in {'done', 'skipped'}, outcomes
    assert outcomes['1.2.0'].state == 'failed'
    assert 'more than 1 workers died' in outcomes['1.2.0'].sentence


def test_workers_run_without_what_dask_does_for_other_work(monkeypatch):
    """
    Its record of every line of an hour grew by 1 MB a series, and memory that
    was given back at once cost a fifth of the time.
    """
    # A cluster of Dask's own, as another test starts it, leaves this behind.
    monkeypatch.delenv('MALLOC_TRIM_THRESHOLD_', raising=False)
    with batch_cluster.connected(1) as client:
        kept = client.run(lambda dask_worker: list(dask_worker.periodic_callbacks))
        environment = client.run(lambda: 'MALLOC_TRIM_THRESHOLD_' in os.environ)
    assert all(not any('profile' in one for one in names) for names in kept.values()), kept
    assert not any(environment.values())


def test_a_batch_that_ignores_ctrl_c_says_how_it_is_stopped(root, tmp_path):
    """As a shell without job control starts what ends in ``&``."""
    program = start(root, tmp_path / 'out', preexec_fn=ignore_ctrl_c)
    wait_for(lambda: started(tmp_path / 'out'))
    program.send_signal(signal.SIGINT)
    program.send_signal(signal.SIGTERM)
    said, errors = program.communicate(timeout=200)
    assert program.returncode == 130, errors
    assert f'kill {program.pid}' in errors
    assert 'goes on with the rest' in said
    assert started(tmp_path / 'out') == []


def ignore_ctrl_c():
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def test_killed_workers_lose_nothing(root, done, tmp_path):
    output, rng = tmp_path / 'out', random.Random(1)
    program = start(root, output)
    wait_for(lambda: workers_of(program.pid))[0].kill()  # one that has not even started
    for _ in range(3):
        wait_for(lambda: started(output) or program.poll() is not None)
        if program.poll() is None:
            time.sleep(rng.random())
            for one in workers_of(program.pid)[:1]:
                one.kill()
            time.sleep(1.0)
    said, errors = program.communicate(timeout=200)
    # Done before: measured, but its worker was killed before it could say so.
    counts = re.search(r'(\d) measured, (\d) done before, 1 failed', said)
    assert counts, (said, errors)
    assert sum(map(int, counts.groups())) == 3
    assert results_of(output) == results_of(done)


def test_ctrl_c_finishes_what_was_begun_and_the_batch_goes_on(root, done, tmp_path):
    output = tmp_path / 'out'
    for n in range(4):
        shutil.copytree(root / '1', tmp_path / 'in' / f'{n}')
        change_uid(tmp_path / 'in' / f'{n}' / 'dicom', f'1.2.3.{n}')
    shutil.copytree(root / '0', tmp_path / 'in' / 'more')
    program = start(tmp_path / 'in', output)
    wait_for(lambda: started(output))
    os.killpg(program.pid, signal.SIGINT)
    said, errors = program.communicate(timeout=200)
    assert program.returncode == 130, errors
    assert 'goes on with the rest' in said
    assert started(output) == []
    assert (output / 'batch.csv').is_file()
    finished = set(results_of(output))
    assert finished
    again, _ = start(tmp_path / 'in', output).communicate(timeout=200)
    assert f'{len(finished)} done before' in again
    assert finished < set(results_of(output))
    assert len(results_of(output)) == 5


def change_uid(folder, uid):
    import pydicom

    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.SeriesInstanceUID = uid
        dataset.save_as(path)
