"""
All files or none, whatever happens in between.

Every single move is made to fail once, and a process is killed at every single move;
afterwards the folder must hold the old files or the new ones, whole.
"""

import os
import signal
import subprocess
import sys
import textwrap

import pytest
from paths import MODULE
from VOIIdentificationLib.core.errors import OutputError
from VOIIdentificationLib.files.atomic import WORK_FOLDER, recover, transaction

OLD = {'a.txt': 'old a', 'pictures/1.png': 'old 1', 'gone.txt': 'old gone'}
NEW = {'a.txt': 'new a', 'b.txt': 'new b', 'pictures/1.png': 'new 1', 'pictures/2.png': 'new 2'}
FOREIGN = {'mine.txt': 'foreign', 'pictures/mine.png': 'foreign'}
REPLACED = [*OLD]


def put(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def held(folder):
    """Every file below a folder, hidden ones too."""
    paths = [path for path in folder.rglob('*') if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in paths}


def write_new(folder):
    from pathlib import Path

    with transaction(folder, 'the results') as files:
        put(files.new, NEW)
        return files.commit(Path(name) for name in REPLACED)


@pytest.fixture
def folder(tmp_path):
    put(tmp_path / 'out', {**OLD, **FOREIGN})
    return tmp_path / 'out'


def test_new_files_take_the_place_of_old_ones_and_leave_others_alone(folder):
    paths = write_new(folder)

    assert held(folder) == {**NEW, **FOREIGN}
    assert sorted(path.relative_to(folder).as_posix() for path in paths) == sorted(NEW)


def test_nothing_changes_without_commit(folder):
    with transaction(folder, 'the results') as files:
        put(files.new, NEW)

    assert held(folder) == {**OLD, **FOREIGN}
    assert not list(folder.glob('.*'))


def test_nothing_is_left_of_a_run_that_raises(tmp_path):
    def stopped():
        with transaction(tmp_path / 'a' / 'b', 'the results') as files:
            put(files.new, NEW)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()

    assert not list(tmp_path.iterdir())


def moves_of(folder, monkeypatch):
    """How many files one run renames."""
    count = []
    rename = os.replace
    with monkeypatch.context() as patched:
        patched.setattr(os, 'replace', lambda *names: (count.append(names), rename(*names)))
        write_new(folder)
    return len(count)


@pytest.mark.parametrize('broken', range(1, 9))
def test_a_move_that_fails_undoes_the_others(folder, monkeypatch, broken):
    """The first rename is the journal's; seven move files."""
    calls = []
    rename = os.replace

    def fails(source, target):
        calls.append(source)
        if len(calls) == broken:
            raise PermissionError(13, 'Permission denied')
        rename(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, 'replace', fails)
        with pytest.raises(OutputError, match='Close the file'):
            write_new(folder)

    assert held(folder) == {**OLD, **FOREIGN}
    assert not list(folder.glob('.*'))


def test_every_move_is_tried_above(folder, monkeypatch):
    assert moves_of(folder, monkeypatch) == 8


def test_a_folder_in_the_way_stays_and_nothing_else_changes(folder):
    (folder / 'b.txt').mkdir()
    put(folder / 'b.txt', {'inside.txt': 'precious'})
    before = held(folder)

    with pytest.raises(OutputError, match=r'b\.txt is in the way'):
        write_new(folder)

    assert held(folder) == before


CHILD = """
    import os, signal, sys
    from pathlib import Path
    sys.path[:0] = [{module!r}, {here!r}]
    from files_of_a_run import write_new
    at, how = int(sys.argv[2]), sys.argv[3]
    rename, calls = os.replace, []
    def replace(source, target):
        calls.append(source)
        if len(calls) == at and how == 'kill before':
            os.kill(os.getpid(), signal.SIGKILL)
        if len(calls) == at and how == 'signal':
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
        rename(source, target)
    os.replace = replace
    write_new(Path(sys.argv[1]))
"""


def run_child(folder, at, how, tmp_path):
    (tmp_path / 'files_of_a_run.py').write_text(
        'from VOIIdentificationLib.files.atomic import transaction\n'
        f'NEW, REPLACED = {NEW!r}, {REPLACED!r}\n'
        + textwrap.dedent(
            """
            from pathlib import Path
            def put(folder, files):
                for name, text in files.items():
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    (folder / name).write_text(text)
            def write_new(folder):
                with transaction(folder, 'the results') as files:
                    put(files.new, NEW)
                    files.commit(Path(name) for name in REPLACED)
            """
        )
    )
    code = textwrap.dedent(CHILD.format(module=str(MODULE), here=str(tmp_path)))
    command = [sys.executable, '-c', code, str(folder), str(at), how]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not hasattr(signal, 'SIGKILL'), reason='no SIGKILL on this system')
@pytest.mark.parametrize('at', range(1, 9))
def test_what_a_killed_run_left_is_completed_by_the_next(folder, tmp_path, at):
    done = run_child(folder, at, 'kill before', tmp_path)
    assert done.returncode == -signal.SIGKILL, done.stderr

    (sentence,) = recover(folder)

    begun = at > 1  # before its first rename there is no journal
    assert held(folder) == ({**NEW, **FOREIGN} if begun else {**OLD, **FOREIGN})
    assert ('completed' if begun else 'changed nothing') in sentence
    assert recover(folder) == ()


@pytest.mark.skipif(not hasattr(signal, 'SIGKILL'), reason='no SIGKILL on this system')
@pytest.mark.parametrize('at', [2, 5, 8])
def test_what_cannot_be_completed_is_undone(folder, tmp_path, at, monkeypatch):
    run_child(folder, at, 'kill before', tmp_path)
    rename = os.replace

    def fails(source, target):
        if f'{os.sep}new{os.sep}' in str(source):
            raise PermissionError(13, 'Permission denied')
        rename(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, 'replace', fails)
        (sentence,) = recover(folder)

    assert held(folder) == {**OLD, **FOREIGN}
    assert 'undone' in sentence


@pytest.mark.parametrize('at', range(1, 9))
def test_signals_wait_until_all_files_are_moved(folder, tmp_path, at):
    done = run_child(folder, at, 'signal', tmp_path)

    assert done.returncode != 0
    assert held(folder) == {**NEW, **FOREIGN}
    recover(folder)
    assert not list(folder.glob('.*'))


def test_a_second_run_into_the_folder_is_refused(folder):
    with transaction(folder, 'the results') as files:
        put(files.new, NEW)
        with pytest.raises(OutputError, match='another run is writing'):
            write_new(folder)
        files.commit()

    assert held(folder) == {**OLD, **NEW, **FOREIGN}


def test_two_single_files_of_one_folder_do_not_wait_for_each_other(tmp_path):
    with transaction(tmp_path, 'one', file_name='one.txt') as one:
        with transaction(tmp_path, 'other', file_name='other.txt') as other:
            put(other.new, {'other.txt': '2'})
            other.commit()
        put(one.new, {'one.txt': '1'})
        one.commit()

    assert held(tmp_path) == {'one.txt': '1', 'other.txt': '2'}


@pytest.mark.parametrize(
    'text', ['{', '{"old": [], "new": ["../../etc/x"], "forward": true}', '{"old": []}', '[1]']
)
def test_a_journal_that_cannot_be_trusted_moves_nothing(folder, text):
    put(folder / WORK_FOLDER, {'journal.json': text, 'old/a.txt': 'kept'})

    with pytest.raises(OutputError, match='damaged'):
        recover(folder)

    assert held(folder)[f'{WORK_FOLDER}/old/a.txt'] == 'kept'


def test_recover_looks_below_on_request(tmp_path):
    put(tmp_path / 'deep' / 'er' / WORK_FOLDER, {'new/half.txt': 'half'})

    assert recover(tmp_path) == ()
    assert len(recover(tmp_path, below=True)) == 1
    assert held(tmp_path) == {}
