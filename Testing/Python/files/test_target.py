"""Single files are written whole, or what was there stays."""

import pytest
from VOIIdentificationLib.core.errors import OutputError
from VOIIdentificationLib.files.atomic import recover, transaction
from VOIIdentificationLib.files.target import write_text


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
