"""
All files or none, whatever happens in between.

Every single move is made to fail once, and a process is killed at every single move;
afterwards the folder must hold the old files or the new ones, whole.
"""

import contextlib
import errno
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from paths import MODULE
from VOIIdentificationLib.core.errors import OutputError
from VOIIdentificationLib.files.atomic import WORK_FOLDER, recover, transaction
from VOIIdentificationLib.files.lock import locked_folder

OLD = {'a.txt': 'old a', 'pictures/1.png': 'old 1', 'gone.txt': 'old gone'}
NEW = {'a.txt': 'new a', 'b.txt': 'new b', 'pictures/1.png': 'new 1', 'pictures/2.png': 'new 2'}
FOREIGN = {'mine.txt': 'foreign', 'pictures/mine.png': 'foreign'}
REPLACED = [*OLD]
OURS = {'lock': 'voi-identification\n'}
"""What marks a hidden folder as made by the program."""


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
    put(folder / WORK_FOLDER, {**OURS, 'journal.json': text, 'old/a.txt': 'kept'})

    with pytest.raises(OutputError, match='damaged'):
        recover(folder)

    assert held(folder)[f'{WORK_FOLDER}/old/a.txt'] == 'kept'


@pytest.fixture(scope='module')
def killed(tmp_path_factory):
    """What a run leaves that is killed before each of its renames, once its journal stands."""
    made = {}
    for at in range(2, 9):
        place = tmp_path_factory.mktemp(f'at{at}')
        put(place / 'out', {**OLD, **FOREIGN})
        run_child(place / 'out', at, 'kill before', place)
        made[at] = held(place / 'out')
    return made


def damaged(text, rng):
    """A text cut, with a letter changed, with bytes of nothing, or put in twice."""
    at = rng.randrange(len(text))
    letter = chr(ord(text[at]) ^ 1 << rng.randrange(4))
    kinds = (
        text[:at],
        text[:at] + letter + text[at + 1 :],
        text[:at] + '\0' * len(text[at:]),
        2 * text,
    )
    return rng.choice(kinds)


@pytest.mark.parametrize('seed', range(60))
def test_a_damaged_copy_of_the_journal_does_no_harm(killed, tmp_path, seed):
    """Old or new, whole; with both copies damaged nothing moves, and it is said."""
    rng = random.Random(seed)
    files = dict(killed[rng.randrange(2, 9)])
    names = [f'{WORK_FOLDER}/{name}' for name in ('journal.json', 'journal.twin.json')]
    hit = rng.choice([names[:1], names[1:], names])
    files.update({name: damaged(files[name], rng) for name in hit})
    put(tmp_path, files)

    if hit == names:
        with contextlib.suppress(OutputError):  # what is still the same data is none
            recover(tmp_path)
        assert held(tmp_path) in (files, {**NEW, **FOREIGN})
    else:
        recover(tmp_path)
        assert held(tmp_path) == {**NEW, **FOREIGN}


def test_a_changed_name_in_the_journal_is_noticed(killed, tmp_path):
    """The file of that name would be lost with what is cleared away."""
    files = dict(killed[2])
    for name in ('journal.json', 'journal.twin.json'):
        path = f'{WORK_FOLDER}/{name}'
        files[path] = files[path].replace('b.txt', 'c.txt')
    put(tmp_path, files)
    with pytest.raises(OutputError, match='damaged'):
        recover(tmp_path)
    assert held(tmp_path) == files


def test_a_journal_of_the_first_version_is_completed(killed, tmp_path):
    files = dict(killed[4])
    del files[f'{WORK_FOLDER}/journal.twin.json']
    first = {'old': REPLACED, 'new': sorted(NEW), 'forward': True}
    put(tmp_path, {**files, f'{WORK_FOLDER}/journal.json': json.dumps(first)})
    recover(tmp_path)
    assert held(tmp_path) == {**NEW, **FOREIGN}


def test_a_journal_of_a_newer_version_is_left_to_it(killed, tmp_path):
    data = {**json.loads(killed[4][f'{WORK_FOLDER}/journal.json']), 'version': 3, 'links': []}
    del data['sha256']
    text = json.dumps(data, sort_keys=True)
    text = json.dumps({**data, 'sha256': hashlib.sha256(text.encode()).hexdigest()})
    files = {**killed[4], f'{WORK_FOLDER}/journal.json': text}
    put(tmp_path, files)
    with pytest.raises(OutputError, match='newer version'):
        recover(tmp_path)
    assert held(tmp_path) == files


def test_what_was_killed_when_all_was_done_had_not_changed_nothing(folder, monkeypatch):
    rmtree = shutil.rmtree

    def left(path, **options):
        if Path(path).name == 'new':
            rmtree(path, **options)

    with monkeypatch.context() as patched:
        patched.setattr(shutil, 'rmtree', left)
        write_new(folder)

    (sentence,) = recover(folder)
    assert 'cleared up' in sentence
    assert held(folder) == {**NEW, **FOREIGN}


def test_a_run_that_writes_another_single_file_is_no_obstacle(tmp_path):
    with transaction(tmp_path, 'it', file_name='a.nrrd'):
        assert recover(tmp_path) == ()
        with pytest.raises(OutputError, match='another run'):
            recover(tmp_path, below=True)


def test_who_reads_waits_a_moment_for_a_run_that_is_just_moving(folder):
    work = folder / WORK_FOLDER
    with locked_folder(work):
        put(work, {'journal.json': '{}'})
        ends = threading.Timer(0.2, (work / 'journal.json').unlink)
        ends.start()
        assert recover(folder, reading=True) == ()
        ends.join()


def test_recover_looks_below_on_request(tmp_path):
    put(tmp_path / 'deep' / 'er' / WORK_FOLDER, {**OURS, 'new/half.txt': 'half'})

    assert recover(tmp_path) == ()
    assert len(recover(tmp_path, below=True)) == 1
    assert held(tmp_path) == {}


@pytest.mark.parametrize('name', [WORK_FOLDER, f'.x.nrrd{WORK_FOLDER}'])
@pytest.mark.parametrize(
    'files',
    [
        {'new/precious.txt': '1'},
        {'precious.txt': '1'},
        {'lock': 'mine', 'old/x': '1'},
        {'lock': '1'},
    ],
)
def test_a_foreign_folder_in_the_way_is_left_alone(folder, name, files):
    put(folder / name, files)
    before = held(folder)

    with pytest.raises(OutputError, match='which this program has not made, is in the way'):
        recover(folder)
    one_file = name[1 : -len(WORK_FOLDER)]
    with (
        pytest.raises(OutputError, match='is in the way'),
        transaction(folder, 'the results', file_name=one_file),
    ):
        pass

    assert held(folder) == before


def test_a_file_or_a_link_in_the_way_is_left_alone(folder, tmp_path):
    put(folder, {WORK_FOLDER: 'precious'})
    with pytest.raises(OutputError, match=r'a file named \.voi-identification'):
        write_new(folder)
    assert held(folder)[WORK_FOLDER] == 'precious'

    (folder / WORK_FOLDER).unlink()
    put(tmp_path / 'elsewhere', {**OURS, 'new/precious.txt': '1'})
    (folder / WORK_FOLDER).symlink_to(tmp_path / 'elsewhere')
    with pytest.raises(OutputError, match=r'a link named \.voi-identification'):
        write_new(folder)
    assert held(tmp_path / 'elsewhere')['new/precious.txt'] == '1'


def test_a_folder_of_a_similar_name_is_not_ours(folder):
    put(folder / 'study.voi-identification', {'new/precious.txt': '1'})
    assert recover(folder, below=True) == ()
    assert held(folder)['study.voi-identification/new/precious.txt'] == '1'


def test_what_a_run_killed_at_once_left_is_no_obstacle(folder):
    put(folder / WORK_FOLDER, {'lock': ''})
    write_new(folder)
    assert held(folder) == {**NEW, **FOREIGN}


def test_the_lock_stays_as_long_as_a_journal_does(folder, tmp_path, monkeypatch):
    """Else the folder would not be known as ours the next time."""
    run_child(folder, 5, 'kill before', tmp_path)
    rename = os.replace
    with monkeypatch.context() as patched:
        patched.setattr(os, 'replace', broken_but_for(rename, 'journal.json'))
        with pytest.raises(OutputError):
            recover(folder)
    assert (folder / WORK_FOLDER / 'lock').read_text() == OURS['lock']

    recover(folder)
    assert held(folder) == {**OLD, **FOREIGN}  # it had begun to undo


def broken_but_for(rename, name):
    def fails(source, target):
        if str(target).endswith(name):
            return rename(source, target)
        raise PermissionError(13, 'Permission denied')

    return fails


def test_who_reads_need_not_wait_for_a_run_that_has_moved_nothing(folder):
    with transaction(folder, 'the results'):
        assert recover(folder, reading=True) == ()
        with pytest.raises(OutputError, match='another run'):
            recover(folder)


def test_a_folder_that_is_a_link_keeps_being_one(folder, tmp_path):
    (tmp_path / 'link').symlink_to(folder, target_is_directory=True)
    write_new(tmp_path / 'link')
    assert (tmp_path / 'link').is_symlink()
    assert held(folder) == {**NEW, **FOREIGN}


def test_a_link_among_the_old_files_is_replaced_not_followed(folder, tmp_path):
    put(tmp_path, {'elsewhere.txt': 'precious'})
    (folder / 'a.txt').unlink()
    (folder / 'a.txt').symlink_to(tmp_path / 'elsewhere.txt')
    write_new(folder)
    assert held(folder) == {**NEW, **FOREIGN}
    assert (tmp_path / 'elsewhere.txt').read_text() == 'precious'


@pytest.mark.parametrize('number', [errno.EROFS, errno.EXDEV, errno.ENOSPC, errno.EDQUOT])
def test_what_the_system_refuses_is_a_sentence_and_undone(folder, monkeypatch, number):
    """A read-only disk, pictures that lie on another disk, a full disk, a quota."""
    rename = os.replace

    def fails(source, target):
        if str(target).endswith('2.png') and 'journal' not in str(target):
            raise OSError(number, os.strerror(number))
        rename(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(os, 'replace', fails)
        with pytest.raises(OutputError, match=os.strerror(number)):
            write_new(folder)
    assert held(folder) == {**OLD, **FOREIGN}


def test_a_disk_that_cannot_write_through_is_written_to_all_the_same(folder, monkeypatch):
    def refuses(_handle):
        raise OSError(errno.EINVAL, 'Invalid argument')

    monkeypatch.setattr(os, 'fsync', refuses)
    write_new(folder)
    assert held(folder) == {**NEW, **FOREIGN}


def test_a_long_file_name_has_room_for_its_hidden_folder(tmp_path):
    name = 'ü' * 100 + '.nrrd'
    with transaction(tmp_path, 'it', file_name=name) as files:
        put(files.new, {name: '1'})
        files.commit()
    assert held(tmp_path) == {name: '1'}


def test_a_disk_that_fails_while_it_writes_through_is_told_and_undone(folder, monkeypatch):
    def fails(_handle):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(os, 'fsync', fails)
        with pytest.raises(OutputError, match=os.strerror(errno.EIO)):
            write_new(folder)
    assert held(folder) == {**OLD, **FOREIGN}


@pytest.mark.skipif(not hasattr(signal, 'SIGKILL'), reason='no SIGKILL on this system')
def test_the_next_run_completes_what_a_killed_one_left_before_it_writes(folder, tmp_path):
    run_child(folder, 5, 'kill before', tmp_path)
    with transaction(folder, 'more') as files:
        put(files.new, {'more.txt': '1'})
        files.commit()
    assert held(folder) == {**NEW, **FOREIGN, 'more.txt': '1'}


def test_a_folder_named_lock_does_not_make_a_folder_ours(folder):
    put(folder / WORK_FOLDER / 'lock', {'precious.txt': '1'})
    with pytest.raises(OutputError, match='which this program has not made, is in the way'):
        write_new(folder)
    assert held(folder)[f'{WORK_FOLDER}/lock/precious.txt'] == '1'


def test_nothing_is_made_below_a_folder_that_is_gone(tmp_path):
    with pytest.raises(FileNotFoundError), locked_folder(tmp_path / 'gone' / 'work'):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == 'nt', reason='an open file cannot be deleted there')
@pytest.mark.parametrize('moment', ['before it is opened', 'before it is locked'])
def test_a_lock_that_an_ending_run_takes_away_is_made_again(tmp_path, monkeypatch, moment):
    """Else two runs would hold locks, one of them of a file that nobody sees."""
    import fcntl

    work, ended = tmp_path / 'work', []
    owner, name = (Path, 'open') if moment == 'before it is opened' else (fcntl, 'flock')
    real = getattr(owner, name)

    def after_another_ended(*arguments, **options):
        if not ended:
            ended.append(True)
            (work / 'lock').unlink(missing_ok=True)
            work.rmdir()
        return real(*arguments, **options)

    monkeypatch.setattr(owner, name, after_another_ended)
    with locked_folder(work):
        monkeypatch.undo()
        assert ended
        assert (work / 'lock').read_text() == OURS['lock']
        with pytest.raises(OutputError, match='another run'), locked_folder(work):
            pass
    assert not work.exists()
