"""Single files are written whole, or what was there stays."""

import os
import tempfile
from pathlib import Path

import pytest
from VOIIdentificationLib.core.errors import OutputError
from VOIIdentificationLib.files.atomic import recover, transaction
from VOIIdentificationLib.files.target import require_folder, require_free, write_text


def test_a_file_takes_the_place_of_the_earlier_one(tmp_path):
    path = tmp_path / 'activity.json'
    for text in ('{"a": 1}\n', 'é\r\n'):
        write_text(path, text)
        assert path.read_bytes() == text.encode()
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_of_its_name_is_not_deleted(tmp_path):
    (tmp_path / 'activity.json').mkdir()

    with pytest.raises(OutputError, match=r'activity\.json cannot be written to .*in the way'):
        write_text(tmp_path / 'activity.json', 'x')

    assert (tmp_path / 'activity.json').is_dir()
    assert recover(tmp_path) == ()


def test_second_writer_of_one_file_is_refused(tmp_path):
    with (
        transaction(tmp_path, 'mine', file_name='activity.json'),
        pytest.raises(OutputError, match='another run is writing into'),
    ):
        write_text(tmp_path / 'activity.json', 'x')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('kind', ['file', 'link to nothing', 'link to itself'])
@pytest.mark.parametrize('below', ['.', 'x', 'x/y'])
def test_what_is_no_folder_on_the_way_is_known_before_the_work(tmp_path, kind, below):
    way = tmp_path / 'way'
    if kind == 'file':
        way.write_text('mine')
    else:
        way.symlink_to('nothing' if kind == 'link to nothing' else 'way')
    with pytest.raises(OutputError, match=r'way is no folder|is a file'):
        require_folder(way / below, 'it')


def refusals(place):
    """What is said of a folder, of one below it, and of a file in it."""
    said = []
    for look in (
        lambda: require_folder(place, 'it'),
        lambda: require_folder(place / 'new' / 'er', 'it'),
        lambda: require_free(place / 'x.html', '.html', overwrite=False),
    ):
        with pytest.raises(OutputError) as refused:
            look()
        said.append(str(refused.value))
    return said


def looked_by_another(look):
    """Whether it is so for a user without rights: root may read and write everywhere."""
    there = os.fork()
    if not there:
        right = False
        try:
            if os.geteuid() == 0:
                os.setuid(65534)
            right = look()
        finally:
            os._exit(0 if right else 1)
    return os.waitpid(there, 0)[1] == 0


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='rights are other there')
def test_a_folder_that_may_not_be_written_to_is_known_before_the_work():
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555)
        words = f'{name} may not be written to'
        right = looked_by_another(lambda: all(words in text for text in refusals(Path(name))))
        Path(name).chmod(0o755)
    assert right


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='rights are other there')
def test_recover_names_what_it_may_not_look_into():
    """Instead of saying that no run has left anything."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        closed = Path(name, 'closed')
        closed.mkdir(mode=0o700)
        (closed / '.voi-identification').mkdir()
        if os.geteuid() != 0:
            closed.chmod(0)

        def look():
            try:
                recover(Path(name), below=True)
            except OutputError as error:
                return f'{closed} cannot be looked into: Permission denied' in str(error)
            return False

        right = looked_by_another(look)
        closed.chmod(0o700)
    assert right
