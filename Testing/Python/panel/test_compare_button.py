"""*Compare…*: measured volumes of the scene and folders of earlier results, to one page."""

import json
from pathlib import Path

import pytest

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')
openpyxl = pytest.importorskip('openpyxl')
pytest.importorskip('pandas')
pytest.importorskip('jinja2')

import made_stored  # noqa: E402 - needs slicer
from made_stored import made_results  # noqa: E402
from stand_in_application import application, parent_widget  # noqa: E402
from stand_in_classes import DesktopServices, FileDialog  # noqa: E402
from VOIIdentificationLib.core.errors import InputFileError  # noqa: E402
from VOIIdentificationLib.mrml.volume import volume_node_from_image  # noqa: E402
from VOIIdentificationLib.report.formats import write_results  # noqa: E402
from VOIIdentificationLib.synthetic.phantom import SyntheticPhantom, grid, synthesize  # noqa: E402
from VOIIdentificationLib.synthetic.psf import PSF  # noqa: E402


@pytest.fixture(scope='module')
def made():
    """One phantom, seen twice: the second scan is blurred more."""
    shape = grid((76, 64, 26), (4.1, 4.3, 5.0))
    return [synthesize(SyntheticPhantom(shape, psf=PSF(width)))[0] for width in (5.0, 9.0)]


@pytest.fixture
def widget(scene, monkeypatch):
    with application(scene, monkeypatch) as module:
        widget = module.VOIIdentificationWidget(parent_widget())
        widget.setup()
        DesktopServices.opened_.clear()
        yield widget
        widget.cleanup()


@pytest.fixture
def measured(widget, made):
    """Two volumes of one name, the second one chosen."""
    for image in made:
        node = volume_node_from_image(image, 'A')
        node.SetName('A/B')
        widget.logic.process(node)
        widget.panel.parameters.inputVolume = node
    return widget


def press(widget, monkeypatch, *folders):
    """Press the button; give the folders to add, and the last one as the target."""
    *added, target = map(str, folders)
    answers, asked = [*[True] * len(added), False], []
    chosen = [*added, target]

    def yes_or_no(text, _title):
        asked.append(text)
        return answers.pop(0)

    monkeypatch.setattr(slicer.util, 'confirmYesNoDisplay', yes_or_no)
    choose = classmethod(lambda _cls, _parent, _title, _start: chosen.pop(0))
    monkeypatch.setattr(FileDialog, 'getExistingDirectory', choose)
    widget.ui.compareButton.click()
    return asked


def sheet(folder, name):
    rows = openpyxl.load_workbook(folder / 'comparison.xlsx')[name].iter_rows(values_only=True)
    header = next(rows)
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_two_volumes_of_the_scene_open_a_page(measured, tmp_path, monkeypatch):
    asked = press(measured, monkeypatch, tmp_path / 'new')

    assert 'A_B\nA_B (2)' in asked[0]
    assert DesktopServices.opened_ == [f'file:{tmp_path / "new" / "comparison.html"}']
    assert 'Comparison of 2 groups' in (tmp_path / 'new' / 'comparison.html').read_text('utf-8')
    groups = sheet(tmp_path / 'new', 'Groups')
    assert [Path(row['File']).parts[0] for row in groups] == ['scene', 'scene']


def test_the_chosen_volume_is_the_reference_and_the_numbers_are_its_own(
    measured, tmp_path, monkeypatch
):
    press(measured, monkeypatch, tmp_path / 'new')

    chosen = measured.panel.result.spheres
    rows = [row for row in sheet(tmp_path / 'new', 'Differences') if row['Quantity'] == 'Mean']
    found = {row['Sphere']: row['Reference'] for row in rows}
    assert found == pytest.approx({voi.label: voi.statistics.mean for voi in chosen})


def test_scene_and_folders_are_mixed_and_an_export_of_the_scene_counts_once(
    measured, tmp_path, monkeypatch
):
    export, years = tmp_path / 'export', tmp_path / 'years'
    export.mkdir()
    write_results(export / 'results.json', measured.panel.result)
    made_stored.write_results(years / '2024', made_results(1))
    made_stored.write_results(years / 'deep' / '2025', made_results(2))

    press(measured, monkeypatch, export, years, tmp_path / 'new')

    names = {row['Result'] for row in sheet(tmp_path / 'new', 'Groups')}
    assert names == {'A_B', 'A_B (2)', '2024', '2025'}


def test_folders_alone_are_enough(widget, tmp_path, monkeypatch):
    for number in (1, 2):
        made_stored.write_results(
            tmp_path / 'old' / str(number), made_results(number, offset=number)
        )

    asked = press(widget, monkeypatch, tmp_path / 'old', tmp_path / 'new')

    assert asked[0].startswith('No volume of the scene is measured.')
    assert (tmp_path / 'new' / 'comparison.xlsx').is_file()


def test_one_result_is_refused_in_a_sentence(widget, tmp_path, monkeypatch):
    made_stored.write_results(tmp_path / 'old', made_results(1))

    with pytest.raises(InputFileError, match='at least two different results, there are 1'):
        press(widget, monkeypatch, tmp_path / 'old', tmp_path / 'new')

    assert not (tmp_path / 'new').exists()
    assert DesktopServices.opened_ == []


@pytest.mark.parametrize('text', [None, 'no JSON', json.dumps({'schema': 'other'})])
def test_a_folder_without_results_is_named(measured, tmp_path, monkeypatch, text):
    folder = tmp_path / 'old'
    folder.mkdir()
    if text is not None:
        (folder / 'results.json').write_text(text, encoding='utf-8')

    with pytest.raises(InputFileError, match=r'old.*(analyze|not JSON)'):
        press(measured, monkeypatch, folder, tmp_path / 'new')


def test_without_a_folder_nothing_is_written(measured, tmp_path, monkeypatch):
    press(measured, monkeypatch, '')

    assert DesktopServices.opened_ == []
    assert not any(tmp_path.rglob('comparison.*'))


@pytest.mark.parametrize('agreed', [True, False])
def test_an_earlier_comparison_is_replaced_only_when_agreed(
    measured, tmp_path, monkeypatch, agreed
):
    (tmp_path / 'comparison.html').write_text('earlier')
    monkeypatch.setattr(slicer.util, 'confirmOkCancelDisplay', lambda *_: agreed)

    press(measured, monkeypatch, tmp_path)

    assert ((tmp_path / 'comparison.html').read_text('utf-8') != 'earlier') == agreed
    assert bool(DesktopServices.opened_) == agreed


def test_missing_packages_are_asked_for_by_name(measured, tmp_path, monkeypatch):
    asked = []
    requirements = tmp_path / 'requirements.txt'
    requirements.write_text('no-such-package>=1.0\n')
    measured.panel.compare_section.requirements = requirements
    monkeypatch.setattr(
        slicer.util, 'confirmOkCancelDisplay', lambda text, *_: asked.append(text) or False
    )

    press(measured, monkeypatch, tmp_path / 'new')

    assert 'no-such-package>=1.0' in asked[0]
    assert 'pandas' in asked[0]
    assert not (tmp_path / 'new').exists()


def test_a_volume_that_left_the_scene_is_left_out(measured, tmp_path, monkeypatch):
    slicer.mrmlScene.RemoveNode(measured.panel.parameters.inputVolume)

    with pytest.raises(InputFileError, match='there are 1'):
        press(measured, monkeypatch, tmp_path / 'new')
