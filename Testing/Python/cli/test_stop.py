"""Signals at inconvenient moments, and what is said and left after them."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib import import_module

import pytest
import tomllib
from paths import MODULE, ROOT
from VOIIdentificationLib.cli import main as cli
from VOIIdentificationLib.cli.stop import STOP_SIGNALS, StopSignals
from VOIIdentificationLib.files import atomic, lock, target  # noqa: F401 - before it is replaced
from VOIIdentificationLib.files.atomic import transaction
from VOIIdentificationLib.files.signals import signal_heard

alarm = pytest.mark.skipif(not hasattr(signal, 'setitimer'), reason='no alarm on this system')


@pytest.fixture
def recovering(monkeypatch):
    """Let the command `recover` do something else."""

    def instead(work):
        monkeypatch.setattr('VOIIdentificationLib.files.atomic.recover', lambda *_a, **_k: work())

    return instead


def wait_for_ever():
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        time.sleep(0.001)


def test_a_second_signal_does_not_disturb_the_clearing_up(tmp_path, recovering, capsys):
    cleared = []

    def work():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            cleared.append(True)

    recovering(work)
    assert cli.main(['recover', str(tmp_path)]) == 143
    assert cleared
    assert capsys.readouterr().err == 'voi-identification: stopped; nothing was changed\n'


@alarm
def test_a_signal_that_a_library_swallows_is_raised_again(tmp_path, recovering, capsys):
    def work():
        try:
            signal.raise_signal(signal.SIGINT)
        except:  # noqa: E722 - as libraries do
            wait_for_ever()

    recovering(work)
    assert cli.main(['recover', str(tmp_path)]) == 130
    assert 'stopped' in capsys.readouterr().err


@alarm
def test_a_signal_lost_in_a_callback_is_raised_again_without_noise(tmp_path, recovering, capsys):
    class Callback:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    def work():
        Callback()
        wait_for_ever()

    recovering(work)
    assert cli.main(['recover', str(tmp_path)]) == 130
    assert capsys.readouterr().err == 'voi-identification: stopped; nothing was changed\n'


@alarm
def test_who_hears_a_signal_may_finish_and_hears_the_next_one_too(tmp_path, recovering):
    """As `batch` does, which finishes the series that it has begun."""
    finished = []

    def work():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            signal_heard()
            time.sleep(0.8)  # longer than the program's patience with a lost one
            finished.append(True)
            signal.raise_signal(signal.SIGINT)
            finished.append(False)

    recovering(work)
    assert cli.main(['recover', str(tmp_path)]) == 130
    assert finished == [True]


@alarm
def test_a_signal_waits_until_a_module_is_loaded(tmp_path, recovering, monkeypatch):
    (tmp_path / 'half_loaded.py').write_text(
        'import signal\nsignal.raise_signal(signal.SIGINT)\nwhole = True\n'
    )
    monkeypatch.syspath_prepend(tmp_path)

    def work():
        import_module('half_loaded')
        wait_for_ever()

    recovering(work)
    assert cli.main(['recover', str(tmp_path)]) == 130
    assert sys.modules.pop('half_loaded').whole


def test_what_was_written_before_the_signal_is_said(tmp_path, recovering, capsys):
    def work():
        with transaction(tmp_path, 'it') as files:
            (files.new / 'a.txt').write_text('new')
            original = os.replace

            def interrupted(source, target):
                signal.raise_signal(signal.SIGTERM)
                original(source, target)

            os.replace = interrupted
            try:
                files.commit()
            finally:
                os.replace = original

    recovering(work)
    assert cli.main(['recover', str(tmp_path)]) == 143
    said = f'stopped; the new files in {tmp_path} are written, whole'
    assert capsys.readouterr().err == f'voi-identification: {said}\n'
    assert [path.name for path in tmp_path.iterdir()] == ['a.txt']


def test_a_signal_that_is_ignored_stays_so():
    """As `nohup` and shells for work in the background ask for."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with StopSignals():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_after_the_last_command_signals_change_nothing():
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    hooks = sys.excepthook, sys.unraisablehook
    try:
        with StopSignals(last=True):
            pass
        assert {signal.getsignal(number) for number in STOP_SIGNALS} == {signal.SIG_IGN}
        assert (sys.excepthook, sys.unraisablehook) == hooks
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_an_unexpected_error_is_one_sentence(tmp_path, recovering, capsys):
    recovering(lambda: 1 / 0)
    assert cli.main(['recover', str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert 'ZeroDivisionError: division by zero' in line
    assert '--debug' in line


@pytest.mark.parametrize('way', ['option', 'variable'])
def test_debugging_shows_where(tmp_path, recovering, capsys, monkeypatch, way):
    recovering(lambda: 1 / 0)
    if way == 'variable':
        monkeypatch.setenv('VOI_IDENTIFICATION_DEBUG', '1')
    assert cli.main(['recover', str(tmp_path), *(['--debug'] if way == 'option' else [])]) == 1
    assert 'Traceback' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('error', 'words'),
    [
        (MemoryError(), 'not enough memory'),
        (OSError(5, 'Input/output error', '/data/x.dcm'), '/data/x.dcm: Input/output error'),
    ],
)
def test_what_the_system_refuses_is_a_sentence(tmp_path, recovering, capsys, error, words):
    def work():
        raise error

    recovering(work)
    assert cli.main(['recover', str(tmp_path)]) == 1
    assert words in capsys.readouterr().err


def test_nothing_heavy_is_loaded_before_signals_are_understood():
    code = 'import sys, VOIIdentificationLib.cli.main; print(sorted(sys.modules))'
    unwatched = {k: v for k, v in os.environ.items() if not k.startswith('COVERAGE_')}
    done = subprocess.run(
        [sys.executable, '-c', code],
        cwd=MODULE,
        env=unwatched,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {'numpy', 'argparse', 'json', 'shutil'} & set(re.findall(r'\w+', done.stdout))


def test_the_installed_command_is_a_function():
    entry = tomllib.loads((ROOT / 'pyproject.toml').read_text(encoding='utf-8'))['project'][
        'scripts'
    ]
    module, name = entry['voi-identification'].split(':')
    assert callable(getattr(import_module(module), name))


def left_by_a_killed_run(folder, *, moved, name='a.txt'):
    """What a run leaves that is killed before or while its one file moves."""
    work = folder / '.voi-identification'
    (work / 'new').mkdir(parents=True)
    (work / 'lock').write_text('voi-identification\n')
    (work / 'new' / name).write_text('new')
    if moved:
        journal = {'old': [], 'new': [name], 'forward': True}
        (work / 'journal.json').write_text(json.dumps(journal))


def test_recover_looks_below_and_says_what_it_did(tmp_path, capsys):
    left_by_a_killed_run(tmp_path / 'one', moved=True)
    left_by_a_killed_run(tmp_path / 'deep' / 'two', moved=False)

    assert cli.main(['recover', str(tmp_path)]) == 0

    said = capsys.readouterr()
    assert said.err == ''
    assert f'{tmp_path / "one"}: an interrupted run was completed.' in said.out
    assert f'{tmp_path / "deep" / "two"}: an interrupted run had changed nothing yet.' in said.out
    assert [path.name for path in tmp_path.rglob('*') if path.is_file()] == ['a.txt']
    assert cli.main(['recover', str(tmp_path)]) == 0
    assert 'no interrupted run' in capsys.readouterr().out


def test_recover_mends_the_others_where_one_is_beyond_it(tmp_path, capsys):
    left_by_a_killed_run(tmp_path / 'a', moved=True)
    (tmp_path / 'a' / '.voi-identification' / 'journal.json').write_text('{')
    left_by_a_killed_run(tmp_path / 'b', moved=True)

    assert cli.main(['recover', str(tmp_path)]) == 1

    error = capsys.readouterr().err
    assert 'is damaged' in error
    assert f'{tmp_path / "b"}: an interrupted run was completed.' in error
    assert (tmp_path / 'b' / 'a.txt').is_file()


@pytest.mark.parametrize('inside', ['.', 'dicom'])
@pytest.mark.parametrize('command', ['info', 'suv', 'analyze'])
def test_who_reads_a_folder_mends_it_first(tmp_path, capsys, command, inside):
    left_by_a_killed_run(tmp_path / 'study', moved=True)
    (tmp_path / 'study' / 'dicom').mkdir()
    output = {'info': [], 'suv': ['--output', str(tmp_path / 'x.nrrd')]}
    options = output.get(command, ['--output', str(tmp_path / 'out')])

    assert cli.main([command, str(tmp_path / 'study' / inside), *options]) == 1

    assert 'an interrupted run was completed' in capsys.readouterr().err
    assert (tmp_path / 'study' / 'a.txt').read_text() == 'new'


@pytest.mark.parametrize(
    'words',
    [
        ['trend', 'log.sqlite', 'add', 'r'],
        ['trend', 'log.sqlite', 'add', 'r/results.json'],
        ['compare', 'r', 'r', '--output', 'c'],
        ['compare', 'c', '--replicates', 'r', 'r', '--output', 'c'],
        ['analyze', 'x', '--output', 'o', '--seeds', 'r/centers.mrk.json'],
        ['analyze', 'x', '--output', 'o', '--centers', 'r'],
        ['analyze', 'x', '--output', 'o', '--phantom', 'r/phantom.json'],
        ['analyze', 'x', '--output', 'o', '--limits', 'r/limits.json'],
        ['analyze', 'x', '--output', 'o', '--export', 'wadqc', 'r/wad.json'],
        ['batch', 'x', '--output', 'o', '--baseline', 'r'],
        ['harmonize', 'x', '--standard', 'EARL 1', '--write', 'r'],
        ['make-phantom', 'p', '--phantom', 'r/phantom.json'],
        ['make-phantom', 'r', '--shape', '1', '1', '1'],
    ],
)
def test_whatever_is_named_is_mended_before_it_is_used(tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    left_by_a_killed_run(tmp_path / 'r', moved=True)
    assert cli.main(words) == 1
    assert 'an interrupted run was completed' in capsys.readouterr().err
    assert [path.name for path in (tmp_path / 'r').iterdir()] == ['a.txt']


@pytest.mark.parametrize('command', ['compare', 'harmonize'])
def test_what_a_killed_run_finished_is_not_overwritten_unasked(tmp_path, capsys, command):
    """Of a run that was killed while it moved, the files may not be in their places yet."""
    name = f'{command.replace("compare", "comparison")}.html'
    left_by_a_killed_run(tmp_path / 'out', moved=True, name=name)
    words = {
        'compare': ['compare', 'a', 'b'],
        'harmonize': ['harmonize', 'a', '--standard', 'EARL 1'],
    }[command]
    assert cli.main([*words, '--output', str(tmp_path / 'out')]) == 1
    assert 'already' in capsys.readouterr().err
    assert (tmp_path / 'out' / name).read_text() == 'new'


def test_reading_asks_for_no_right_to_write(tmp_path, capsys, monkeypatch):
    """On a read-only disk what has moved nothing is nobody's problem."""
    left_by_a_killed_run(tmp_path / 'study', moved=False)

    def refused(*_names):
        raise OSError(errno.EROFS, 'Read-only file system')

    monkeypatch.setattr(lock, 'locked_folder', refused)
    monkeypatch.setattr(atomic, 'locked_folder', refused)
    assert cli.main(['info', str(tmp_path / 'study')]) == 1
    assert 'Read-only' not in capsys.readouterr().err


def test_a_sentence_about_a_name_of_two_lines_is_one_line(tmp_path, capsys):
    assert cli.main(['recover', str(tmp_path / 'a\nvoi-identification: all is well')]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_recover_of_what_is_no_folder(tmp_path, capsys):
    assert cli.main(['recover', str(tmp_path / 'gone')]) == 1
    assert 'is no folder' in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='the script forks')
def test_signals_leave_old_results_or_new_ones():
    """A few of the many that the script sends when it runs by itself."""
    script = ROOT / 'Testing' / 'torture_signals.py'
    done = subprocess.run(
        [sys.executable, str(script), '7'], capture_output=True, text=True, check=False
    )
    counts = json.loads(done.stdout)
    assert (done.returncode, counts['signals']) == (0, 7), done.stderr
