"""Export: every file or none, and nothing of anybody else's."""

import errno
import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from made_results import made_result
from VOIIdentificationLib.core.errors import CanceledError, OutputError
from VOIIdentificationLib.report import export
from VOIIdentificationLib.report.export import PageOptions, existing_results, export_results

pytest.importorskip('openpyxl')
pytest.importorskip('matplotlib')
pytest.importorskip('jinja2')

CONTRACT = {
    'results.json',
    'results.csv',
    'report.html',
    'centers.mrk.json',
    'segmentation.seg.nrrd',
    'outputMetaTargets.xlsx',
    'outputMidPoints3D.xlsx',
    'outputTargets.xlsx',
    'outputMetaBackground.xlsx',
    'output_images/overview.png',
    'output_images/plots.png',
    'output_images/plots.svg',
}


@pytest.fixture(scope='module')
def result():
    return made_result()


@pytest.fixture
def quick(monkeypatch):
    """Pictures and workbooks as short text files, for tests of the moving of files."""

    def pictures(_result, directory, *, progress):
        progress(0.0, 'Drawing slice 7')
        (directory / 'slice_07.png').write_text('new')
        return ()

    def workbooks(_result, directory, *, progress):
        progress(0.0, 'Writing outputTargets.xlsx')
        (directory / 'outputTargets.xlsx').write_text('new')

    def page(path, _result, *, identify):
        path.write_text(f'new {identify}')

    monkeypatch.setattr(export, 'write_page', page)
    monkeypatch.setattr(export, 'write_slice_images', pictures)
    monkeypatch.setattr(export, 'write_workbooks', workbooks)


def tree(folder):
    """Every file below a folder with what it holds, and every folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob('*')
    }


def earlier(folder):
    """A folder with results of an earlier analysis and with somebody's own files."""
    (folder / 'output_images').mkdir(parents=True)
    (folder / 'mine').mkdir()
    for name in (
        'results.json',
        'outputMetaBackground.xlsx',
        'output_images/overview.png',
        'output_images/slice_3.png',
        'output_images/slice_07.png',
    ):
        (folder / name).write_text('old')
    for name in ('notes.txt', 'mine/results.json', 'output_images/slice_of_cake.png'):
        (folder / name).write_text('mine')
    return folder


def test_every_file_of_the_contract_is_written(result, tmp_path):
    paths = export_results(result, tmp_path / 'out')

    names = {path.relative_to(tmp_path / 'out').as_posix() for path in paths}
    pictures = {name for name in names if name.startswith('output_images/slice_')}
    assert names - pictures == CONTRACT
    assert len(pictures) > 5
    assert {path.as_posix() for path in existing_results(tmp_path / 'out')} == names
    assert {name for name, data in tree(tmp_path / 'out').items() if data} == names
    assert [path.name for path in tmp_path.iterdir()] == ['out']


@pytest.mark.usefixtures('quick')
def test_the_centers_are_written_as_a_point_list(result, tmp_path):
    export_results(result, tmp_path / 'out')

    data = json.loads((tmp_path / 'out' / 'centers.mrk.json').read_text())
    points = data['markups'][0]['controlPoints']
    assert data['markups'][0]['coordinateSystem'] == 'LPS'
    assert [point['label'] for point in points] == ['S22', 'S17', 'S10']
    for point, voi in zip(points, result.spheres, strict=True):
        r, a, s = voi.center_ras_mm
        assert point['position'] == pytest.approx([-r, -a, s])


@pytest.mark.usefixtures('quick')
def test_the_segmentation_holds_all_spheres_and_the_background(result, tmp_path):
    sitk = pytest.importorskip('SimpleITK')
    export_results(result, tmp_path / 'out')

    image = sitk.ReadImage(str(tmp_path / 'out' / 'segmentation.seg.nrrd'))

    names = [image.GetMetaData(f'Segment{n}_ID') for n in range(4)]
    assert names == ['S22', 'S17', 'S10', 'Background']


@pytest.mark.usefixtures('quick')
def test_an_existing_empty_folder_is_filled(result, tmp_path):
    export_results(result, tmp_path)

    assert (tmp_path / 'output_images' / 'slice_07.png').exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith('.')]


@pytest.mark.usefixtures('quick')
def test_earlier_results_are_refused_and_named(result, tmp_path):
    folder = earlier(tmp_path / 'out')
    before = tree(folder)

    with pytest.raises(OutputError, match=r'results\.json, outputMetaBackground\.xlsx, 3 pictures'):
        export_results(result, folder)

    assert tree(folder) == before


@pytest.mark.usefixtures('quick')
def test_overwriting_replaces_all_earlier_results_and_nothing_else(result, tmp_path):
    folder = earlier(tmp_path / 'out')

    export_results(result, folder, overwrite=True)

    after = tree(folder)
    assert after['notes.txt'] == after['mine/results.json'] == b'mine'
    assert after['output_images/slice_of_cake.png'] == b'mine'
    assert 'outputMetaBackground.xlsx' not in after  # this analysis wrote none
    assert 'output_images/slice_3.png' not in after
    assert 'output_images/overview.png' not in after
    assert after['output_images/slice_07.png'] == b'new'
    assert json.loads(after['results.json'])['schema'] == 'voi-identification/results/1'
    assert {name for name, data in after.items() if data is None} == {'output_images', 'mine'}


@pytest.mark.usefixtures('quick')
@pytest.mark.parametrize('writer', ['write_results', 'write_slice_images', 'write_workbooks'])
@pytest.mark.parametrize('exists', [False, True])
def test_a_full_disk_leaves_the_folder_as_it_was(result, tmp_path, monkeypatch, writer, exists):
    folder = earlier(tmp_path / 'out') if exists else tmp_path / 'out'
    before = tree(tmp_path)

    def fail(*_args, **_keywords):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(export, writer, fail)
    with pytest.raises(OutputError, match=r'No space left on device\. Free some space'):
        export_results(result, folder, overwrite=True)

    assert tree(tmp_path) == before


@pytest.mark.usefixtures('quick')
@pytest.mark.parametrize('exists', [False, True])
def test_a_bug_in_a_writer_leaves_the_folder_as_it_was(result, tmp_path, monkeypatch, exists):
    folder = earlier(tmp_path / 'out') if exists else tmp_path / 'out'
    before = tree(tmp_path)

    def fail(*_args, **_keywords):
        msg = 'a bug'
        raise ValueError(msg)

    monkeypatch.setattr(export, 'write_workbooks', fail)
    with pytest.raises(ValueError, match='a bug'):
        export_results(result, folder, overwrite=True)

    assert tree(tmp_path) == before


@pytest.mark.usefixtures('quick')
@pytest.mark.parametrize('step', range(1, 10))
def test_a_move_that_fails_is_undone(result, tmp_path, monkeypatch, step):
    """Five old files go aside and four new ones come: each of the nine moves fails once."""
    folder = earlier(tmp_path / 'out')
    before = tree(tmp_path)
    replace, moves = Path.replace, []

    def fail_once(self, target):
        moves.append(self)
        if len(moves) == step:
            raise PermissionError(errno.EACCES, 'Permission denied')
        return replace(self, target)

    monkeypatch.setattr(Path, 'replace', fail_once)
    with pytest.raises(OutputError, match=r'denied\. Close the file in other programs'):
        export_results(result, folder, overwrite=True)

    assert tree(tmp_path) == before


@pytest.mark.usefixtures('quick')
def test_a_failed_move_into_a_folder_without_pictures_leaves_no_picture_folder(
    result, tmp_path, monkeypatch
):
    (tmp_path / 'notes.txt').write_text('mine')
    replace = Path.replace

    def fail(self, target):
        if self.name == 'results.json':  # the last but one
            raise OSError(errno.EIO, 'Input/output error')
        return replace(self, target)

    monkeypatch.setattr(Path, 'replace', fail)
    with pytest.raises(OutputError, match='Input/output error'):
        export_results(result, tmp_path)

    assert tree(tmp_path) == {'notes.txt': b'mine'}


@pytest.mark.usefixtures('quick')
@pytest.mark.parametrize('exists', [False, True])
@pytest.mark.parametrize('call', range(7))
def test_canceling_leaves_nothing(result, tmp_path, exists, call):
    folder = earlier(tmp_path / 'out') if exists else tmp_path / 'out'
    before = tree(tmp_path)
    told = []

    def cancel(part, text):
        told.append((part, text))
        if len(told) > call:
            raise CanceledError

    if call < 6:
        with pytest.raises(CanceledError):
            export_results(result, folder, overwrite=True, progress=cancel)
        assert tree(tmp_path) == before
    else:
        export_results(result, folder, overwrite=True, progress=cancel)
        assert [part for part, _ in told] == pytest.approx([0.0, 0.045, 0.09, 0.45, 0.9, 1.0])


def test_progress_never_goes_back(result, tmp_path):
    told = []

    export_results(result, tmp_path / 'out', progress=lambda part, _text: told.append(part))

    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)


@pytest.mark.usefixtures('quick')
def test_a_folder_whose_parent_is_missing_is_made(result, tmp_path):
    export_results(result, tmp_path / 'a' / 'b')
    assert (tmp_path / 'a' / 'b' / 'results.json').is_file()
    assert [path.name for path in tmp_path.iterdir()] == ['a']


@pytest.mark.usefixtures('quick')
def test_a_relative_folder_is_made_where_the_user_is(result, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    paths = export_results(result, Path('out'))

    assert {path.parts[0] for path in paths} == {'out'}
    assert (tmp_path / 'out' / 'results.json').is_file()


@pytest.mark.usefixtures('quick')
def test_a_folder_that_may_not_be_written_to_is_refused(result, tmp_path, monkeypatch):
    def refuse(*_args, **_keywords):
        raise PermissionError(errno.EACCES, 'Permission denied')

    monkeypatch.setattr(Path, 'mkdir', refuse)
    with pytest.raises(OutputError, match=f'cannot be written to {tmp_path}: Permission denied'):
        export_results(result, tmp_path)


@pytest.mark.usefixtures('quick')
def test_a_file_in_the_place_of_the_folder_is_refused(result, tmp_path):
    (tmp_path / 'out').write_text('mine')

    with pytest.raises(OutputError, match='it is a file'):
        export_results(result, tmp_path / 'out', overwrite=True)

    assert tree(tmp_path) == {'out': b'mine'}


@pytest.mark.usefixtures('quick')
@pytest.mark.parametrize(('name', 'kind'), [('results.json', 'folder'), ('output_images', 'file')])
def test_a_folder_with_the_name_of_a_result_is_never_replaced(result, tmp_path, name, kind):
    if kind == 'folder':
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).write_text('mine')
    before = tree(tmp_path)

    with pytest.raises(OutputError, match=f'a {kind} named {name} is in the way'):
        export_results(result, tmp_path, overwrite=True)

    assert tree(tmp_path) == before


@pytest.mark.usefixtures('quick')
def test_a_missing_package_is_named(result, tmp_path, monkeypatch):
    def fail(*_args, **_keywords):
        raise ModuleNotFoundError(name='openpyxl')

    monkeypatch.setattr(export, 'write_workbooks', fail)
    with pytest.raises(OutputError, match='needs the Python package openpyxl'):
        export_results(result, tmp_path / 'out')

    assert tree(tmp_path) == {}


@pytest.mark.usefixtures('quick')
def test_a_new_folder_has_the_usual_permissions(result, tmp_path):
    (tmp_path / 'usual').mkdir()

    export_results(result, tmp_path / 'out')

    assert (tmp_path / 'out').stat().st_mode == (tmp_path / 'usual').stat().st_mode


def test_the_results_of_the_original_script_are_known_by_name(tmp_path):
    """Its pictures are named slice_<number>.png too."""
    earlier(tmp_path / 'out')

    found = [path.as_posix() for path in existing_results(tmp_path / 'out')]

    assert found == [
        'results.json',
        'outputMetaBackground.xlsx',
        'output_images/overview.png',
        'output_images/slice_07.png',
        'output_images/slice_3.png',
    ]


@pytest.mark.skipif(os.name == 'nt', reason='a script is no program there')
def test_the_page_is_printed_too_where_that_is_asked(result, tmp_path, quick, monkeypatch):
    """A browser that is none: nothing is written where it fails, and all where it prints."""
    browser = tmp_path / 'browser'
    browser.write_text(
        f'#!{sys.executable}\n'
        'import sys\n'
        "key = '--print-to-pdf='\n"
        '(path,) = [one[len(key) :] for one in sys.argv if one.startswith(key)]\n'
        "open(path, 'w').write('%PDF of ' + sys.argv[-1])\n"
    )
    browser.chmod(0o755)
    monkeypatch.setattr(shutil, 'which', lambda _name: str(browser))
    asked = PageOptions(pdf=True)

    paths = export_results(result, tmp_path / 'out', page=asked)

    assert tmp_path / 'out' / 'report.pdf' in paths
    text = (tmp_path / 'out' / 'report.pdf').read_text()
    assert text.startswith('%PDF of file:')
    assert text.endswith('report.html')
    monkeypatch.setattr(shutil, 'which', lambda _name: '/bin/false')
    with pytest.raises(OutputError, match='/bin/false did not print the page'):
        export_results(result, tmp_path / 'none', page=asked)
    assert not (tmp_path / 'none').exists()
