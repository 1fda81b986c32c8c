"""
The panel, driven as a user drives it: buttons, clicks in the slices, scenes that come and go.

Widgets are stand-ins that raise AttributeError for whatever the application does not list; the
scene, the nodes and the numbers are real.
"""

import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

import vtk  # noqa: E402 - comes with slicer-core
from dicom_in_scene import Database, load, sorted_instances  # noqa: E402 - needs slicer
from made_nodes import TURN, affine, bent_transform, linear_transform  # noqa: E402
from shown_words import results_words  # noqa: E402
from stand_in_application import parent_widget  # noqa: E402
from stand_in_classes import DesktopServices, FileDialog, ProgressDialog  # noqa: E402
from stand_in_samples import SampleData  # noqa: E402
from stand_in_selectors import active_list  # noqa: E402
from VOIIdentificationLib.analysis import analyze  # noqa: E402
from VOIIdentificationLib.core.errors import SeedError  # noqa: E402
from VOIIdentificationLib.core.flags import Flag  # noqa: E402
from VOIIdentificationLib.core.phantom import Seed, load_phantom  # noqa: E402
from VOIIdentificationLib.dicom.misread import misread_series  # noqa: E402
from VOIIdentificationLib.dicom.read import read_pet_series  # noqa: E402
from VOIIdentificationLib.dicom.write import Scan, write_pet_series  # noqa: E402
from VOIIdentificationLib.mrml.dicom_volume import load_as_stored  # noqa: E402
from VOIIdentificationLib.mrml.outputs import find_outputs  # noqa: E402
from VOIIdentificationLib.mrml.volume import volume_node_from_image  # noqa: E402
from VOIIdentificationLib.synthetic.phantom import SyntheticPhantom, grid, synthesize  # noqa: E402

LAYOUT_ID = 27180
PLUG_IN = 'VOIIdentificationDICOMPlugin'

LABELS = ['S37', 'S28', 'S22', 'S17', 'S13', 'S10']
PET_COLORS = 'vtkMRMLPETProceduralColorNodePET-Heat'


@pytest.fixture
def volume(module, made):
    return volume_node_from_image(made[0], 'PET')


@pytest.fixture
def ready(volume, widget, made):
    """A volume chosen and all seeds placed, a few millimeter off."""
    place_all(widget, made[1])
    return widget


def place_all(widget, truth):
    widget.ui.placeSeedsButton.click()
    for true in truth.inserts:
        widget.ui.seedsWidget.click_in_slice(np.add(true.center_ras_mm, (3.0, -2.0, 1.0)))


def positions(points):
    return slicer.util.arrayFromMarkupsControlPoints(points, world=True)


def count(class_name):
    return slicer.mrmlScene.GetNumberOfNodesByClass(class_name)


# Input


def test_an_empty_scene_says_what_to_do(widget):
    assert widget.ui.inputSummaryLabel.text == 'no volume selected'
    assert not widget.ui.applyButton.enabled
    assert widget.ui.applyButton.toolTip == 'Select a PET volume.'
    assert not widget.ui.placeSeedsButton.enabled
    assert not widget.ui.exportButton.enabled


def test_the_only_volume_is_chosen_and_described(volume, widget):
    assert widget.panel.parameters.inputVolume is volume
    text = widget.ui.inputSummaryLabel.text
    assert '60 x 54 x 26 voxels of 4.500 x 4.500 x 5.000 mm' in text
    assert 'Bq/mL' in text
    assert 'Missing: the DICOM header' in text


def test_a_missing_unit_is_named(module, made, widget):
    node = volume_node_from_image(replace(made[0], unit='unknown'), 'PET')
    widget.ui.inputVolumeSelector.setCurrentNode(node)

    assert 'the unit of the values' in widget.ui.inputSummaryLabel.text


def test_among_several_volumes_the_one_in_pet_colors_is_chosen(module, made):
    volume_node_from_image(made[0], 'CT').CreateDefaultDisplayNodes()
    pet = volume_node_from_image(made[0], 'PET')
    pet.CreateDefaultDisplayNodes()
    pet.GetDisplayNode().SetAndObserveColorNodeID(PET_COLORS)
    widget = module.VOIIdentificationWidget(parent_widget())
    widget.setup()

    assert widget.panel.parameters.inputVolume is pet
    widget.cleanup()


def test_among_several_volumes_that_look_alike_none_is_chosen(module, made):
    for name in ('CT', 'PET'):
        volume_node_from_image(made[0], name).CreateDefaultDisplayNodes()
    widget = module.VOIIdentificationWidget(parent_widget())
    widget.setup()

    assert widget.panel.parameters.inputVolume is None
    widget.cleanup()


def test_the_first_look_is_the_brightest_slice_in_pet_colors(scene, volume, made, module):
    red = scene.AddNode(slicer.vtkMRMLSliceNode())
    widget = module.VOIIdentificationWidget(parent_widget())
    widget.setup()

    display = volume.GetDisplayNode()
    assert display.GetColorNodeID() == PET_COLORS
    assert not display.GetAutoWindowLevel()
    low, high = display.GetWindowLevelMin(), display.GetWindowLevelMax()
    assert low == 0
    assert 0.5 * made[0].voxels.max() < high <= made[0].voxels.max()
    shown = [layers for what, layers in slicer.app.started if what == 'layers']
    assert shown == [{'background': volume, 'fit': True}]
    spheres_s = made[1].inserts[0].center_ras_mm[2]
    assert red.GetSliceToRAS().GetElement(2, 3) == pytest.approx(spheres_s, abs=5.0)
    widget.cleanup()


def test_a_display_that_the_user_changed_is_left_alone(volume, widget, made):
    volume.GetDisplayNode().SetWindowLevelMinMax(0, 123)
    other = volume_node_from_image(made[0], 'Other')
    widget.ui.inputVolumeSelector.setCurrentNode(other)

    widget.ui.inputVolumeSelector.setCurrentNode(volume)

    assert volume.GetDisplayNode().GetWindowLevelMax() == 123


def test_a_volume_that_cannot_be_measured_says_why(module, widget):
    import vtk

    node = slicer.mrmlScene.AddNewNodeByClass('vtkMRMLScalarVolumeNode', 'Empty')
    node.SetAndObserveImageData(vtk.vtkImageData())

    assert 'Empty holds no voxels' in widget.ui.inputSummaryLabel.text
    assert 'Empty holds no voxels' in widget.ui.applyButton.toolTip
    assert not widget.ui.verificationWidget.visible
    assert not widget.ui.applyButton.enabled


def test_import_goes_to_the_dicom_module(widget):
    widget.ui.importButton.click()

    assert ('module', 'DICOM') in slicer.app.started


# Trust, but verify


@pytest.fixture
def inverted(module, made, tmp_path, monkeypatch):
    write_pet_series(made[0], tmp_path / 'dicom', seed=1, scan=Scan(photometric='MONOCHROME1'))
    node, database = load(tmp_path / 'dicom', 'Scan')
    monkeypatch.setattr(slicer, 'dicomDatabase', database)
    return node


def test_an_inverted_volume_is_said_to_be_wrong(inverted, widget):
    assert 'upside down' in widget.ui.verificationLabel.text
    assert widget.ui.verificationWidget.visible
    assert widget.ui.reloadButton.visible


def test_one_click_mends_it(inverted, widget, made):
    before = widget.panel.parameters.seeds

    widget.ui.reloadButton.click()

    mended = widget.panel.parameters.inputVolume
    assert mended is not inverted
    assert mended.GetName() == 'Scan'
    assert mended.GetImageData().GetScalarRange()[1] == pytest.approx(made[0].voxels.max(), 1e-4)
    assert widget.ui.verificationLabel.text == 'The voxels are those of the DICOM files.'
    assert not widget.ui.reloadButton.visible
    assert widget.panel.parameters.seeds is before


def test_who_measures_it_all_the_same_finds_a_flag(inverted, widget, made):
    place_all(widget, made[1])

    widget.ui.applyButton.click()

    assert Flag.VOXELS_DIFFER in widget.panel.result.flags
    assert Flag.VOXELS_DIFFER.text[1:] in results_words(widget.ui)


def test_nothing_is_said_of_a_volume_that_is_not_from_dicom(volume, widget):
    assert not widget.ui.verificationWidget.visible


# Seeds


def test_the_list_asks_for_every_insert_and_placing_waits(volume, widget):
    seeds = widget.panel.parameters.seeds

    assert [seeds.GetNthControlPointLabel(n) for n in range(6)] == LABELS
    assert seeds.GetNumberOfDefinedControlPoints() == 0
    assert not widget.ui.seedsWidget.markupsPlaceWidget().placing_
    assert not widget.ui.seedsWidget.markupsPlaceWidget().placeButton().visible, 'one is enough'
    assert widget.ui.seedCountLabel.text == '0 of 6; next S37'
    assert widget.ui.applyButton.toolTip == 'Find the spheres without seeds and measure them.'


def test_each_click_places_the_next_and_the_last_ends_it(volume, widget, made):
    ui = widget.ui
    ui.placeSeedsButton.click()
    texts = [ui.seedCountLabel.text]
    for true in made[1].inserts:
        assert ui.placeSeedsButton.checked
        ui.seedsWidget.click_in_slice(true.center_ras_mm)
        texts.append(ui.seedCountLabel.text)

    expected = [f'{n} of 6; next {label}' for n, label in enumerate(LABELS)]
    assert texts == [*expected, '6 of 6']
    assert not ui.placeSeedsButton.checked
    assert not ui.placeSeedsButton.enabled
    assert ui.applyButton.enabled


def test_placing_can_be_stopped_and_taken_up(volume, widget, made):
    ui, points = widget.ui, [true.center_ras_mm for true in made[1].inserts]
    ui.placeSeedsButton.click()
    ui.seedsWidget.click_in_slice(points[0])

    ui.placeSeedsButton.click()
    ui.seedsWidget.click_in_slice(points[5])
    stopped = ui.seedCountLabel.text
    ui.placeSeedsButton.click()
    ui.seedsWidget.click_in_slice(points[1])

    assert stopped == '1 of 6; next S28'
    assert ui.seedCountLabel.text == '2 of 6; next S22'
    assert positions(widget.panel.parameters.seeds)[0] == pytest.approx(points[0])


def test_a_point_taken_back_is_asked_for_again(ready):
    ready.panel.parameters.seeds.UnsetNthControlPointPosition(4)

    assert ready.ui.seedCountLabel.text == '5 of 6; next S13'
    assert ready.ui.placeSeedsButton.enabled


def test_a_point_that_was_deleted_is_asked_for_again(ready, made):
    """The number of points is locked; the user may unlock it in the menu of the list."""
    seeds = ready.panel.parameters.seeds
    seeds.SetFixedNumberOfControlPoints(False)
    seeds.RemoveNthControlPoint(4)

    ready.ui.placeSeedsButton.click()
    ready.ui.seedsWidget.click_in_slice(made[1].inserts[4].center_ras_mm)

    assert [seeds.GetNthControlPointLabel(n) for n in range(6)] == LABELS
    assert ready.ui.seedCountLabel.text == '6 of 6'


def test_two_points_of_one_name_are_refused_before_apply(ready):
    ready.panel.parameters.seeds.SetNthControlPointLabel(0, 'S28')

    assert not ready.ui.applyButton.enabled
    assert '2 seeds are labeled S28' in ready.ui.applyButton.toolTip


def test_a_row_that_is_selected_is_jumped_to(scene, ready, made):
    red = scene.AddNode(slicer.vtkMRMLSliceNode())
    ready.ui.seedsWidget.currentMarkupsControlPointSelectionChanged.emit(2)

    expected = made[1].inserts[2].center_ras_mm[2] + 1.0
    assert red.GetSliceToRAS().GetElement(2, 3) == pytest.approx(expected)


def test_a_row_that_is_not_set_is_not_jumped_to(scene, volume, widget):
    red = scene.AddNode(slicer.vtkMRMLSliceNode())
    red.JumpSlice(0, 0, 77.0)
    widget.ui.seedsWidget.currentMarkupsControlPointSelectionChanged.emit(2)

    assert red.GetSliceToRAS().GetElement(2, 3) == 77.0


def test_background_points_are_placed_until_the_button_is_pressed_again(ready):
    ui = ready.ui
    ui.placeBackgroundButton.click()
    for x in (-60.0, 60.0):
        ui.backgroundWidget.click_in_slice((x, 40.0, 0.0))
    ui.placeBackgroundButton.click()
    ui.backgroundWidget.click_in_slice((0.0, 40.0, 0.0))
    ui.applyButton.click()

    assert ui.backgroundCountLabel.text == '2 placed'
    assert len(ready.panel.result.background) == 2
    assert not ready.panel.result.flags


def test_points_placed_by_other_means_can_be_chosen(volume, widget, made):
    """Six fiducials of the Markups module, in the order of the phantom and without its labels."""
    own = slicer.mrmlScene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'Mine')
    for true in made[1].inserts:
        own.AddControlPointWorld(*true.center_ras_mm)

    widget.ui.seedsWidget.setCurrentNode(own)
    widget.ui.applyButton.click()

    assert widget.ui.seedCountLabel.text == '6 of 6'
    assert [voi.label for voi in widget.panel.result.spheres] == LABELS


def test_a_list_that_was_chosen_is_remembered_with_its_volume(volume, widget, made):
    own = slicer.mrmlScene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'Mine')
    own.AddControlPointWorld(0.0, 0.0, 0.0)
    widget.ui.seedsWidget.setCurrentNode(own)
    other = volume_node_from_image(made[0], 'Other')

    widget.ui.inputVolumeSelector.setCurrentNode(other)
    widget.ui.inputVolumeSelector.setCurrentNode(volume)

    assert widget.panel.parameters.seeds is own


def test_background_points_count_whatever_they_are_called(ready):
    own = slicer.mrmlScene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'Mine')
    own.AddControlPointWorld([60.0, 40.0, 0.0], 'F-1')
    ready.ui.backgroundWidget.setCurrentNode(own)

    ready.ui.applyButton.click()

    assert len(ready.panel.result.background) == 1
    assert len(ready.panel.result.spheres) == 6


# Apply


def test_apply_finds_the_spheres(ready, volume, made):
    ready.ui.applyButton.click()

    outputs = find_outputs(volume)
    for found, true in zip(positions(outputs.centers), made[1].inserts, strict=True):
        assert np.linalg.norm(found - true.center_ras_mm) < 0.5, true.insert.label
    assert outputs.segmentation.GetSegmentation().GetNumberOfSegments() == 6
    assert outputs.tables['spheres'].GetNumberOfRows() == 6
    assert '6 inserts measured in Bq/mL' in results_words(ready.ui)


def test_apply_shows_table_plot_and_surfaces_if_asked(scene, ready, volume):
    table_view = scene.AddNode(slicer.vtkMRMLTableViewNode())
    plot_view = scene.AddNode(slicer.vtkMRMLPlotViewNode())
    ready.ui.applyButton.click()

    outputs = find_outputs(volume)
    layouts = [a for n, a in slicer.app.layouts.called if n == 'setLayout']
    assert layouts == [(LAYOUT_ID,)]
    assert table_view.GetTableNodeID() == outputs.tables['spheres'].GetID()
    assert plot_view.GetPlotChartNodeID() in [node.GetID() for node in outputs.charts.values()]
    assert outputs.segmentation.GetSegmentation().ContainsRepresentation('Closed surface')


def test_apply_leaves_the_layout_alone_if_asked(ready, volume):
    ready.ui.showTableCheckBox.checked = False
    ready.ui.show3DCheckBox.checked = False

    ready.ui.applyButton.click()

    segmentation = find_outputs(volume).segmentation.GetSegmentation()
    assert not segmentation.ContainsRepresentation('Closed surface')
    assert not [a for n, a in slicer.app.layouts.called if n == 'setLayout']
    ready.ui.showTableButton.click()
    assert [a for n, a in slicer.app.layouts.called if n == 'setLayout']


def test_applying_again_refills_the_same_nodes(ready, volume):
    ready.ui.applyButton.click()
    before, nodes = find_outputs(volume), slicer.mrmlScene.GetNumberOfNodes()

    ready.panel.parameters.seeds.SetNthControlPointPositionWorld(
        5, *np.add(positions(ready.panel.parameters.seeds)[5], (1.0, 0.0, 0.0))
    )
    ready.ui.applyButton.click()

    after = find_outputs(volume)
    assert after.segmentation is before.segmentation
    assert after.centers is before.centers
    assert after.tables == before.tables
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes


def test_some_seeds_are_enough_and_the_rest_is_predicted(volume, widget, made):
    ui = widget.ui
    ui.placeSeedsButton.click()
    for true in made[1].inserts[:3]:
        ui.seedsWidget.click_in_slice(true.center_ras_mm)

    ui.applyButton.click()

    predicted = [voi.label for voi in widget.panel.result.spheres if Flag.PREDICTED in voi.flags]
    assert predicted == LABELS[3:]
    assert f'S17, S13, S10: {Flag.PREDICTED.text}' in results_words(ui)


def test_the_spheres_are_found_without_seeds(volume, widget, made):
    widget.ui.applyButton.click()

    outputs = find_outputs(volume)
    for found, true in zip(positions(outputs.centers), made[1].inserts, strict=True):
        assert np.linalg.norm(found - true.center_ras_mm) < 0.5, true.insert.label
    assert 'found without seeds' in results_words(widget.ui)


def test_a_change_after_apply_is_said(ready):
    ready.ui.applyButton.click()
    fresh = results_words(ready.ui)

    ready.ui.searchInPlaneSpinBox.value = 5.0

    assert 'press Apply again' not in fresh
    assert results_words(ready.ui).startswith('Something was changed since: press Apply again.')


def test_the_settings_of_the_panel_are_used(ready):
    ready.ui.countingComboBox.currentIndex = 1
    ready.ui.refinementComboBox.currentIndex = 2
    ready.ui.searchAxialSpinBox.value = 7.5
    ready.ui.searchLimitSpinBox.value = 12.0

    ready.ui.applyButton.click()

    settings = ready.panel.result.settings
    assert (settings.counting, settings.refinement) == ('hard', 'none')
    assert (settings.search_axial_mm, settings.search_limit_mm) == (7.5, 12.0)


def test_a_seed_outside_the_image_is_said_before_apply(ready):
    seeds = ready.panel.parameters.seeds
    seeds.SetNthControlPointPositionWorld(0, 0.0, 0.0, 900.0)

    assert not ready.ui.applyButton.enabled
    assert 'S37 at RAS (0.0, 0.0, 900.0) mm lies outside the image' in ready.ui.applyButton.toolTip
    seeds.UnsetNthControlPointPosition(0)
    assert ready.ui.applyButton.enabled


def test_an_insert_that_the_image_cannot_show_is_said_before_apply(ready):
    ready.ui.insertsTable.item(5, 1).setText('0.5')

    assert not ready.ui.applyButton.enabled
    assert not ready.ui.findSpheresButton.enabled
    assert 'diameter of 0.5 mm' in ready.ui.applyButton.toolTip


def test_an_error_is_shown_and_what_was_there_stays(ready, volume, made):
    ready.ui.applyButton.click()
    before = ready.panel.result
    centers = positions(find_outputs(volume).centers)
    seeds = ready.panel.parameters.seeds
    for n in range(6):
        seeds.UnsetNthControlPointPosition(n)
    slicer.util.arrayFromVolume(volume)[:] = 7.0  # nothing to be found
    slicer.util.arrayFromVolumeModified(volume)

    with pytest.raises(SeedError):
        ready.ui.applyButton.click()

    assert ready.panel.result is before
    assert positions(find_outputs(volume).centers) == pytest.approx(centers)
    assert ready.ui.applyButton.enabled


def test_apply_ends_placing(ready):
    """The lists that it makes would take the clicks."""
    ready.ui.placeBackgroundButton.click()
    ready.ui.applyButton.click()

    assert not ready.ui.placeBackgroundButton.checked
    assert active_list() is None


def test_pressing_twice_measures_once(ready, monkeypatch):
    """The application goes on handling clicks while the work tells of its progress."""
    measure, calls = ready.logic.measure, []

    def counting(*args):
        calls.append(1)
        ready.panel.update()
        assert not ready.ui.applyButton.enabled
        ready.panel._on_apply()
        return measure(*args)

    monkeypatch.setattr(ready.logic, 'measure', counting)
    ready.ui.applyButton.click()

    assert calls == [1]
    assert ready.ui.applyButton.enabled


def test_a_volume_bent_after_it_was_chosen_is_refused_before_apply(ready, volume):
    volume.SetAndObserveTransformNodeID(bent_transform().GetID())
    ready.panel.refresh()

    assert not ready.ui.applyButton.enabled
    assert 'not linear' in ready.ui.applyButton.toolTip


def test_canceling_ends_quietly_and_changes_nothing(ready, volume):
    nodes = slicer.mrmlScene.GetNumberOfNodes()
    ProgressDialog.cancel_next_ = True

    ready.ui.applyButton.click()

    ProgressDialog.cancel_next_ = False
    assert ready.panel.result is None
    assert find_outputs(volume) is None
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes
    assert ('status', 'Canceled; nothing was changed.') in slicer.app.started


def test_progress_is_shown_in_a_dialog_that_grows_and_closes(ready):
    ProgressDialog.made_.clear()
    ready.ui.applyButton.click()

    (dialog,) = ProgressDialog.made_
    assert ('close', ()) in dialog.called
    assert 0 < dialog.value < 100
    assert dialog.labelText
    assert slicer.app.events


# Results in files


@pytest.fixture
def really_measured(ready, tmp_path):
    ready.ui.applyButton.click()
    FileDialog.answer_ = str(tmp_path / 'results')
    return ready


@pytest.fixture
def measured(really_measured, monkeypatch):
    """With an export that writes one file, which saves seconds."""

    def write(_result, folder, overwrite, _progress, _volume):
        folder.mkdir(exist_ok=overwrite)
        (folder / 'results.json').write_text('new')

    monkeypatch.setattr(really_measured.logic, 'exportResults', write)
    return really_measured


def test_export_writes_the_files(really_measured, tmp_path, monkeypatch):
    measured = really_measured
    monkeypatch.setattr(slicer.util, 'confirmOkCancelDisplay', refuse_to_be_asked)
    measured.ui.exportButton.click()

    names = {path.name for path in (tmp_path / 'results').iterdir()}
    assert {'results.json', 'outputMetaTargets.xlsx', 'segmentation.seg.nrrd'} <= names
    assert measured.panel.parameters.exportFolder == str(tmp_path / 'results')
    measured.ui.openFolderButton.click()
    assert [f'file:{tmp_path / "results"}'] == DesktopServices.opened_


def refuse_to_be_asked(text, _title):
    pytest.fail(f'an empty folder needs no question: {text}')


@pytest.mark.parametrize('ticked', [True, False])
def test_a_tick_asks_for_dicom_objects_of_the_volume(
    really_measured, tmp_path, monkeypatch, ticked
):
    given = []
    monkeypatch.setattr(really_measured.logic, 'exportResults', lambda *told: given.append(told))
    really_measured.ui.dicomCheckBox.checked = ticked

    really_measured.ui.exportButton.click()

    volume = really_measured.panel.parameters.inputVolume
    assert volume is not None
    assert given[0][1] == tmp_path / 'results'
    assert given[0][4] is (volume if ticked else None)


def test_export_says_when_it_is_done(measured, tmp_path):
    measured.ui.exportButton.click()

    said = [text for what, text in slicer.app.started if what == 'status']
    assert said[-1] == f'The results were written to {tmp_path / "results"}.'


def test_export_without_a_folder_does_nothing(measured, tmp_path):
    FileDialog.answer_ = ''

    measured.ui.exportButton.click()

    assert not (tmp_path / 'results').exists()
    assert not measured.ui.openFolderButton.enabled


@pytest.mark.parametrize('agreed', [True, False])
def test_earlier_results_are_replaced_only_if_the_user_agrees(
    measured, tmp_path, monkeypatch, agreed
):
    measured.ui.exportButton.click()
    target = tmp_path / 'results' / 'results.json'
    target.write_text('earlier')
    asked = []
    monkeypatch.setattr(
        slicer.util, 'confirmOkCancelDisplay', lambda text, *_: asked.append(text) or agreed
    )

    measured.ui.exportButton.click()

    assert (target.read_text() != 'earlier') == agreed
    assert len(asked) == 1
    assert 'earlier export' in asked[0]


def test_missing_packages_are_named_with_the_reason_before_anything_is_installed(
    measured, tmp_path, monkeypatch
):
    requirements = tmp_path / 'requirements.txt'
    requirements.write_text('no-such-package>=1.0\n')
    measured.panel.results_section.requirements = requirements
    asked = []
    monkeypatch.setattr(
        slicer.util, 'confirmOkCancelDisplay', lambda text, *_: asked.append(text) or False
    )

    measured.ui.exportButton.click()

    assert 'no-such-package>=1.0' in asked[0]
    assert 'Excel' in asked[0]
    assert not (tmp_path / 'results').exists()


def test_packages_are_installed_by_the_application(measured, tmp_path, monkeypatch):
    import types

    requirements = tmp_path / 'requirements.txt'
    requirements.write_text('no-such-package>=1.0\n')
    measured.panel.results_section.requirements = requirements
    calls = []
    packaging = types.SimpleNamespace(
        load_requirements=lambda path: ['read', path],
        pip_ensure=lambda reqs, **options: calls.append((reqs, options)),
    )
    monkeypatch.setitem(sys.modules, 'slicer.packaging', packaging)

    measured.ui.exportButton.click()

    options = {'requester': 'VOI Identification', 'prompt_install': False}
    assert calls == [(['read', requirements], options)]
    assert (tmp_path / 'results' / 'results.json').is_file()


def test_an_older_application_installs_with_pip_install(measured, tmp_path, monkeypatch):
    requirements = tmp_path / 'requirements.txt'
    requirements.write_text('no-such-package>=1.0\n')
    measured.panel.results_section.requirements = requirements
    installed = []
    monkeypatch.setitem(sys.modules, 'slicer.packaging', None)
    monkeypatch.setattr(slicer.util, 'pip_install', installed.append)

    measured.ui.exportButton.click()

    assert installed == [['no-such-package>=1.0']]
    assert (tmp_path / 'results' / 'results.json').is_file()


def test_the_report_can_be_opened_when_there_is_one(measured, tmp_path):
    measured.ui.exportButton.click()
    report = tmp_path / 'results' / 'report.html'
    report.unlink(missing_ok=True)
    measured.panel.refresh()
    assert not measured.ui.openReportButton.visible

    report.write_text('<html></html>')
    measured.panel.refresh()
    measured.ui.openReportButton.click()

    assert DesktopServices.opened_ == [f'file:{report}']


# Phantom


def cells(widget):
    table = widget.ui.insertsTable
    return [[table.item(r, c).text() for c in range(3)] for r in range(table.rowCount)]


def test_the_default_phantom_is_shown(widget):
    assert widget.ui.phantomComboBox.currentText == 'NEMA IEC body'
    assert cells(widget)[0] == ['S37', '37', '']
    assert [row[0] for row in cells(widget)] == LABELS


def test_an_edited_insert_is_measured_as_edited(ready):
    ready.ui.insertsTable.item(5, 1).setText('11.5')
    ready.ui.applyButton.click()

    assert ready.ui.phantomComboBox.currentText == 'Own phantom'
    assert ready.panel.result.spheres[5].insert.diameter_mm == 11.5
    assert ready.panel.result.phantom.name == 'NEMA IEC body, changed'


def test_an_unticked_insert_is_not_asked_for(volume, widget, module):
    widget.ui.insertsTable.item(0, 0).setCheckState(module.qt.Qt.Unchecked)

    assert widget.ui.seedCountLabel.text == '0 of 5; next S28'


def test_an_insert_unticked_after_it_was_placed_is_left_out(ready, module):
    ready.ui.insertsTable.item(0, 0).setCheckState(module.qt.Qt.Unchecked)
    assert ready.ui.applyButton.enabled, ready.ui.applyButton.toolTip
    assert ready.ui.seedCountLabel.text == '5 of 5'

    ready.ui.applyButton.click()

    assert [voi.label for voi in ready.panel.result.spheres] == LABELS[1:]
    ready.ui.insertsTable.item(0, 0).setCheckState(module.qt.Qt.Checked)
    ready.ui.applyButton.click()
    assert [voi.label for voi in ready.panel.result.spheres] == LABELS


def test_a_renamed_insert_keeps_its_seed(ready):
    seeds = ready.panel.parameters.seeds
    before = positions(seeds)

    ready.ui.insertsTable.item(3, 0).setText('Mine')
    ready.ui.applyButton.click()

    assert seeds.GetNthControlPointLabel(3) == 'Mine'
    assert positions(seeds) == pytest.approx(before)
    assert ready.panel.result.spheres[3].label == 'Mine'


def test_a_removed_insert_takes_its_seed_along(ready):
    ready.ui.insertsTable.selected_row_ = 0
    ready.ui.removeInsertButton.click()

    seeds = ready.panel.parameters.seeds
    assert seeds.GetNumberOfControlPoints() == 5
    assert seeds.GetFixedNumberOfControlPoints()
    ready.ui.applyButton.click()
    assert [voi.label for voi in ready.panel.result.spheres] == LABELS[1:]


def test_another_phantom_leaves_the_seeds_where_they_are(ready, tmp_path):
    FileDialog.answer_ = str(tmp_path / 'other.json')
    (tmp_path / 'other.json').write_text(
        '{"schema": "voi-identification/phantom/1", "name": "Two", "inserts": '
        '[{"label": "A", "diameter_mm": 20}, {"label": "B", "diameter_mm": 10}]}'
    )
    ready.ui.loadPhantomButton.click()
    assert ready.panel.parameters.seeds.GetNumberOfDefinedControlPoints() == 6

    ready.ui.phantomComboBox.currentText = 'NEMA IEC body'

    assert ready.ui.applyButton.enabled
    assert ready.ui.seedCountLabel.text == '6 of 6'


def test_a_ticked_height_makes_a_cylinder(ready, module):
    ready.ui.insertsTable.item(0, 2).setCheckState(module.qt.Qt.Checked)
    ready.ui.insertsTable.item(0, 2).setText('30')

    ready.ui.applyButton.click()

    insert = ready.panel.result.spheres[0].insert
    assert (insert.shape, insert.height_mm) == ('cylinder', 30.0)


def test_a_table_that_shows_the_phantom_already_is_left_alone(volume, widget):
    """A row that is selected or being typed stays so."""
    cell = widget.ui.insertsTable.item(2, 1)
    widget.ui.searchInPlaneSpinBox.value = 5.0

    assert widget.ui.insertsTable.item(2, 1) is cell


@pytest.mark.parametrize('text', ['', 'wide', '0', '-3', 'nan'])
def test_a_diameter_that_is_none_is_refused_and_put_back(widget, text):
    with pytest.raises(Exception, match='diameter'):
        widget.ui.insertsTable.item(2, 1).setText(text)

    assert cells(widget)[2] == ['S22', '22', '']
    assert widget.panel.phantom == load_phantom('NEMA IEC body')


@pytest.mark.parametrize('text', ['22 mm', '22,0', ' 22'])
def test_a_diameter_that_is_the_same_is_shown_as_ever(widget, text):
    widget.ui.insertsTable.item(2, 1).setText(text)

    assert widget.ui.insertsTable.item(2, 1).text() == '22'
    assert widget.ui.phantomComboBox.currentText == 'NEMA IEC body'


def test_inserts_are_added_and_removed(volume, widget):
    widget.ui.addInsertButton.click()
    added = [row[0] for row in cells(widget)]
    widget.ui.insertsTable.selected_row_ = 0
    widget.ui.removeInsertButton.click()

    assert added == [*LABELS, 'I1']
    assert [row[0] for row in cells(widget)] == [*LABELS[1:], 'I1']
    seeds = widget.panel.parameters.seeds
    labels = [seeds.GetNthControlPointLabel(n) for n in range(seeds.GetNumberOfControlPoints())]
    assert labels == [*LABELS[1:], 'I1']


def test_a_phantom_is_saved_and_loaded(widget, tmp_path):
    FileDialog.answer_ = str(tmp_path / 'mine.json')
    widget.ui.insertsTable.item(0, 1).setText('36')
    edited = widget.panel.phantom
    widget.ui.savePhantomButton.click()
    widget.ui.phantomComboBox.currentText = 'NEMA IEC body'
    assert widget.panel.phantom.inserts[0].diameter_mm == 37

    widget.ui.loadPhantomButton.click()

    assert widget.panel.phantom == edited


@pytest.mark.parametrize(('typed', 'written'), [('mine', 'mine.json'), ('a.txt', 'a.txt')])
def test_a_name_without_an_ending_gets_one(widget, tmp_path, typed, written):
    FileDialog.answer_ = str(tmp_path / typed)
    widget.ui.savePhantomButton.click()

    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == [written]


def test_a_phantom_that_cannot_be_written_says_where_and_why(widget, tmp_path):
    FileDialog.answer_ = str(tmp_path / 'gone' / 'mine.json')

    with pytest.raises(Exception, match=r'cannot be written to .*mine\.json: No such file'):
        widget.ui.savePhantomButton.click()

    assert list(tmp_path.glob('**/mine.json')) == []


def test_own_phantom_cannot_be_chosen_while_the_preset_is_used(widget):
    widget.ui.phantomComboBox.currentText = 'Own phantom'

    assert widget.ui.phantomComboBox.currentText == 'NEMA IEC body'
    said = [text for what, text in slicer.app.started if what == 'status']
    assert said == ['For a phantom of your own edit the table of inserts, or load a file.']


def test_an_edited_phantom_is_ones_own_and_the_preset_comes_back(widget):
    table = widget.ui.insertsTable
    table.item(0, 1).setText('36')
    assert widget.ui.phantomComboBox.currentText == 'Own phantom'

    widget.ui.phantomComboBox.currentText = 'NEMA IEC body'
    assert widget.panel.phantom.inserts[0].diameter_mm == 37
    assert widget.ui.phantomComboBox.currentText == 'NEMA IEC body'


def test_a_file_that_is_no_phantom_is_refused(widget, tmp_path):
    FileDialog.answer_ = str(tmp_path / 'other.json')
    (tmp_path / 'other.json').write_text('{"schema": "something"}')

    with pytest.raises(Exception, match='schema'):
        widget.ui.loadPhantomButton.click()

    assert widget.panel.phantom.name == 'NEMA IEC body'


def test_canceled_file_dialogs_change_nothing(widget):
    widget.ui.savePhantomButton.click()
    widget.ui.loadPhantomButton.click()

    assert widget.panel.phantom.name == 'NEMA IEC body'


# Scenes


def test_a_closed_scene_leaves_an_empty_panel(measured, scene):
    scene.Clear(0)

    assert measured.panel.result is None
    assert measured.panel.parameters.inputVolume is None
    assert measured.ui.inputSummaryLabel.text == 'no volume selected'
    assert not measured.ui.exportButton.enabled


def test_two_scenes_one_after_another(measured, scene, made):
    scene.Clear(0)
    second = volume_node_from_image(made[0], 'Second')
    measured.ui.inputVolumeSelector.setCurrentNode(second)
    place_all(measured, made[1])

    measured.ui.applyButton.click()

    assert find_outputs(second).centers.GetNumberOfControlPoints() == 6
    assert count('vtkMRMLSegmentationNode') == 1


def test_a_closed_scene_is_left_alone_while_another_module_is_open(measured, scene):
    measured.exit()
    measured.parent.isEntered = False
    scene.Clear(0)

    assert measured.panel.parameters is None
    measured.enter()
    assert measured.panel.parameters.inputVolume is None


def test_a_saved_scene_holds_every_choice(measured, scene, tmp_path):
    measured.ui.countingComboBox.currentIndex = 1
    measured.ui.searchInPlaneSpinBox.value = 4.5
    measured.ui.insertsTable.item(5, 1).setText('9.5')
    measured.ui.exportButton.click()
    seeds = positions(measured.panel.parameters.seeds)
    file = str(tmp_path / 'scene.mrb')
    scene.SetRootDirectory(str(tmp_path))
    assert scene.WriteToMRB(file)
    scene.Clear(0)

    assert scene.ReadFromMRB(file)

    chosen = measured.panel.parameters
    assert chosen.inputVolume.GetName() == 'PET'
    assert positions(chosen.seeds) == pytest.approx(seeds)
    assert measured.panel.request.settings.counting == 'hard'
    assert measured.panel.request.settings.search_in_plane_mm == 4.5
    assert measured.panel.phantom.inserts[5].diameter_mm == 9.5
    assert measured.ui.seedCountLabel.text == '6 of 6'
    assert chosen.exportFolder == str(tmp_path / 'results')
    measured.ui.applyButton.click()
    assert len(measured.panel.result.spheres) == 6
    assert count('vtkMRMLSegmentationNode') == 1


def test_a_scene_with_a_phantom_of_another_version_falls_back_and_says_so(volume, widget):
    widget.panel.parameters.phantom = '{"schema": "voi-identification/phantom/9"}'

    assert widget.panel.phantom.name == 'NEMA IEC body'
    (warning,) = [text for kind, text in slicer.app.started if kind == 'warning']
    assert 'the default one is taken' in warning
    assert 'schema' in warning


def test_each_volume_keeps_its_own_points_and_results(ready, volume, made):
    ready.ui.placeBackgroundButton.click()
    ready.ui.backgroundWidget.click_in_slice((60.0, 40.0, 0.0))
    ready.ui.applyButton.click()
    first_seeds = ready.panel.parameters.seeds
    other = volume_node_from_image(made[0], 'Other')

    ready.ui.inputVolumeSelector.setCurrentNode(other)
    assert ready.panel.parameters.seeds is not first_seeds
    assert ready.panel.parameters.background is None
    assert ready.ui.seedCountLabel.text == '0 of 6; next S37'
    assert ready.panel.result is None
    assert not ready.ui.showTableButton.enabled
    ready.ui.inputVolumeSelector.setCurrentNode(volume)

    assert ready.panel.parameters.seeds is first_seeds
    assert ready.ui.backgroundCountLabel.text == '1 placed'
    assert ready.ui.seedCountLabel.text == '6 of 6'
    assert ready.ui.showTableButton.enabled


def test_leaving_the_module_ends_placing_and_coming_back_shows_the_same(volume, widget, made):
    widget.ui.placeSeedsButton.click()
    widget.ui.seedsWidget.click_in_slice(made[1].inserts[0].center_ras_mm)

    widget.exit()
    placing = widget.ui.seedsWidget.markupsPlaceWidget().placing_
    widget.enter()

    assert not placing
    assert not widget.ui.placeSeedsButton.checked
    assert widget.ui.seedCountLabel.text == '1 of 6; next S28'


def test_after_leaving_nothing_listens_any_more(ready):
    seeds, shown = ready.panel.parameters.seeds, ready.ui.seedCountLabel.text
    ready.exit()

    seeds.UnsetNthControlPointPosition(0)

    assert ready.ui.seedCountLabel.text == shown


def test_a_volume_that_is_deleted_is_let_go(ready, volume, scene):
    scene.RemoveNode(volume)
    ready.panel.refresh()

    assert ready.ui.applyButton.toolTip == 'Select a PET volume.'


def test_reloading_reads_the_library_again(widget, module, monkeypatch):
    library = {
        name: m for name, m in sys.modules.items() if name.startswith('VOIIdentificationLib')
    }
    try:
        widget.onReload()
        assert not [name for name in sys.modules if name.startswith('VOIIdentificationLib')]
        assert type(widget).reloaded == 1
        import VOIIdentificationLib.measure.voi_mask

        assert (
            VOIIdentificationLib.measure.voi_mask
            is not library['VOIIdentificationLib.measure.voi_mask']
        )
    finally:
        for name in [name for name in sys.modules if name.startswith('VOIIdentificationLib')]:
            del sys.modules[name]
        sys.modules.update(library)


# Logic and sample data


def test_the_logic_measures_from_the_console(module, made, tmp_path, monkeypatch):
    """Sorted DICOM files, an oblique grid, a couch that is turned: the centers in the world."""
    write_pet_series(made[0], tmp_path / 'dicom', seed=4)
    node, database = load(tmp_path / 'dicom')
    monkeypatch.setattr(slicer, 'dicomDatabase', database)
    couch = affine(TURN, (30.0, -20.0, 10.0))
    node.SetAndObserveTransformNodeID(linear_transform(couch).GetID())
    seeds = slicer.mrmlScene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'Seeds')
    for true in made[1].inserts:
        world = couch @ [*np.add(true.center_ras_mm, (2.0, 2.0, -2.0)), 1.0]
        seeds.AddControlPointWorld(*world[:3])
    told = []
    logic = module.VOIIdentificationLogic()

    result = logic.process(node, seeds, progress=lambda fraction, _text: told.append(fraction))

    for voi, true in zip(result.spheres, made[1].inserts, strict=True):
        expected = (couch @ [*true.center_ras_mm, 1.0])[:3]
        assert np.linalg.norm(np.subtract(voi.center_ras_mm, expected)) < 0.5, voi.label
    assert result.image.acquisition.series_instance_uid
    assert result.image.unit == 'Bq/mL'
    assert not result.flags
    assert told
    paths = logic.exportResults(result, tmp_path / 'results')
    assert (tmp_path / 'results' / 'results.json') in paths
    with pytest.raises(Exception, match='holds results already'):
        logic.exportResults(result, tmp_path / 'results')
    logic.exportResults(result, tmp_path / 'results', overwrite=True)


def test_centers_are_those_found_without_slicer(module, scene, tmp_path, monkeypatch):
    """Oblique grid, couch turned: to a micrometer in the world, and again from a saved scene."""
    oblique = grid((60, 56, 30), (4.5, 4.7, 5.0), oblique_deg=(8.0, -5.0, 12.0))
    image, truth = synthesize(SyntheticPhantom(oblique))
    write_pet_series(image, tmp_path / 'dicom', seed=6)
    placed = [
        Seed(true.insert.label, tuple(np.add(true.center_ras_mm, (3.0, -2.0, 1.0))))
        for true in truth.inserts
    ]
    files = analyze(read_pet_series(tmp_path / 'dicom'), placed, load_phantom('NEMA IEC body'))
    couch = affine(TURN, (30.0, -20.0, 10.0))
    expected = [(couch @ [*voi.center_ras_mm, 1.0])[:3] for voi in files.spheres]
    node, database = load(tmp_path / 'dicom')
    monkeypatch.setattr(slicer, 'dicomDatabase', database)
    node.SetAndObserveTransformNodeID(linear_transform(couch).GetID())
    seeds = slicer.mrmlScene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'Seeds')
    for seed in placed:
        seeds.AddControlPoint((couch @ [*seed.position_ras_mm, 1.0])[:3], seed.label)
    logic = module.VOIIdentificationLogic()

    first = logic.process(node, seeds)
    shown = positions(find_outputs(node).centers)
    scene.SetRootDirectory(str(tmp_path))
    assert scene.WriteToMRB(str(tmp_path / 'scene.mrb'))
    scene.Clear(0)
    assert scene.ReadFromMRB(str(tmp_path / 'scene.mrb'))
    node, seeds = slicer.util.getNode('PET'), slicer.util.getNode('Seeds')
    again = logic.process(node, seeds)

    for result in (first, again):
        found = [voi.center_ras_mm for voi in result.spheres]
        assert np.abs(np.subtract(found, expected)).max() < 1e-3
    assert np.abs(shown - expected).max() < 1e-3
    assert np.abs(positions(find_outputs(node).centers) - expected).max() < 1e-3


def test_the_parameter_node_is_one_object_as_long_as_the_scene_keeps_it(module):
    logic = module.VOIIdentificationLogic()

    assert logic.getParameterNode() is logic.getParameterNode()


def test_the_labels_go_from_large_to_small():
    """The order in which the user is asked; the tests above rely on it."""
    diameters = [insert.diameter_mm for insert in load_phantom('NEMA IEC body').inserts]

    assert all(a > b for a, b in pairwise(diameters))


# The self test of the module, which otherwise runs in the application only


@pytest.fixture
def self_test(scene, module, widget, monkeypatch, tmp_path):
    import contextlib
    import types

    class DICOMUtils:
        """As much of the application's module as the self test asks for."""

        folder = None

        @staticmethod
        @contextlib.contextmanager
        def TemporaryDICOMDatabase():  # noqa: N802 - the application's name
            yield types.SimpleNamespace(patients=lambda: ['patient'])

        @classmethod
        def importDicom(cls, folder, _database):  # noqa: N802
            cls.folder = folder
            return True

        @classmethod
        def loadPatientByUID(cls, _uid, *, enabledPluginClassNames):  # noqa: N802, N803
            """Return all nodes that came meanwhile, whoever made them, but display nodes."""
            assert enabledPluginClassNames, 'other extensions would load it too'
            instances = sorted_instances(cls.folder)
            monkeypatch.setattr(slicer, 'dicomDatabase', Database(instances))
            paths, added = [Path(path) for _uid, path in instances], []

            @vtk.calldata_type(vtk.VTK_OBJECT)
            def on_added(_scene, _event, node):
                if not node.IsA('vtkMRMLDisplayNode'):
                    added.append(node.GetID())

            tag = scene.AddObserver(scene.NodeAddedEvent, on_added)
            if PLUG_IN in enabledPluginClassNames and misread_series(paths) is not None:
                load_as_stored(paths, 'PET')
            else:
                load(cls.folder)
            scene.RemoveObserver(tag)
            return added

    def save_scene(path):
        scene.SetRootDirectory(str(tmp_path))
        return scene.WriteToMRB(path)

    package = types.SimpleNamespace(DICOMUtils=DICOMUtils)
    monkeypatch.setitem(sys.modules, 'DICOMLib', package)
    reader = module.VOIIdentificationFileReader(types.SimpleNamespace(loadedNodes=[]))
    (tmp_path / 'samples').mkdir()
    samples = SampleData(tmp_path / 'samples', [reader])
    monkeypatch.setitem(sys.modules, 'SampleData', samples)
    module.registerSampleData()
    monkeypatch.setattr(slicer.util, 'getModuleWidget', lambda _name: widget)
    monkeypatch.setattr(slicer.util, 'saveScene', save_scene)
    monkeypatch.setattr(slicer.util, 'loadScene', scene.ReadFromMRB)
    return module.VOIIdentificationTest()


@pytest.mark.parametrize('opened', [True, False])
def test_the_self_test_passes_twice(self_test, widget, opened):
    """As with Reload and Test, or from a script in another module."""
    widget.parent.isEntered = opened
    if not opened:
        widget.exit()
    manager = slicer.app.layoutManager()
    before = manager.layout

    self_test.runTest()
    self_test.runTest()

    assert (widget.panel.parameters is not None) == opened
    assert (manager.layout == before) != opened


def small_image():
    return synthesize(SyntheticPhantom(grid((20, 18, 10), (14.0, 14.0, 14.0))))[0]


def test_the_self_test_begins_clean_after_one_that_failed(self_test, widget):
    self_test._panel_for(volume_node_from_image(small_image(), 'Left'))  # and then it failed

    self_test.setUp()

    assert widget.panel.parameters is None or widget.panel.parameters.inputVolume is None
    self_test.test_volumeThatArrives()


def test_the_self_test_fails_when_the_centers_are_wrong(self_test, monkeypatch):
    def shifted(volume):
        outputs = find_outputs(volume)
        outputs.centers.SetLocked(False)
        outputs.centers.SetNthControlPointPositionWorld(0, 0.0, 0.0, 0.0)
        return outputs

    monkeypatch.setattr('VOIIdentificationLib.panel.self_test.find_outputs', shifted)

    with pytest.raises(AssertionError, match='S37'):
        self_test.test_fromFilesToWorkbook()


def test_an_insert_that_was_added_is_the_one_that_remove_takes(widget):
    widget.ui.insertsTable.selected_row_ = 0
    widget.ui.addInsertButton.click()
    widget.ui.removeInsertButton.click()

    assert [row[0] for row in cells(widget)] == LABELS


@pytest.mark.parametrize(
    ('column', 'text', 'reason'), [(0, 'BG01', 'background ROIs'), (1, '400', 'no phantom holds')]
)
def test_an_insert_that_cannot_be_is_refused(widget, column, text, reason):
    with pytest.raises(Exception, match=reason):
        widget.ui.insertsTable.item(0, column).setText(text)

    assert cells(widget)[0] == ['S37', '37', '']
