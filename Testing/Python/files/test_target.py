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


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='rights are other there')
def test_a_folder_that_may_not_be_written_to_is_known_before_the_work():
    """Root may write everywhere: another user looks."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555)
        there = os.fork()
        if not there:
            try:
                if os.geteuid() == 0:
                    os.setuid(65534)
                right = all(
                    f'{name} may not be written to' in said for said in refusals(Path(name))
                )
            finally:
                os._exit(0 if right else 1)
        _, status = os.waitpid(there, 0)
        Path(name).chmod(0o755)
    assert status == 0
