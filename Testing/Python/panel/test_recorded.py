"""
What the running application did, step by step, and what the panel must make of it.

The order of events is that of a recording in the application (5.13): selectors take a node when
it is added, before it has an image; a scene is read in steps, and each selector begins anew at
its own turn; a selector whose node is removed takes another one.
"""

import gc
import sys
from dataclasses import replace

import numpy as np
import pytest

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

import vtk  # noqa: E402 - comes with slicer-core
from dicom_in_scene import Database, load, sorted_instances  # noqa: E402 - needs slicer
from made_nodes import affine, bent_transform, linear_transform, put_under  # noqa: E402
from shown_words import results_words  # noqa: E402
from stand_in_application import parent_widget  # noqa: E402
from stand_in_classes import ProgressDialog, Timer  # noqa: E402
from VOIIdentificationLib.core.errors import NodeError  # noqa: E402
from VOIIdentificationLib.dicom.write import write_pet_series  # noqa: E402
from VOIIdentificationLib.mrml.outputs import find_outputs  # noqa: E402
from VOIIdentificationLib.mrml.tables import mend_charts, series_of_chart  # noqa: E402


@pytest.fixture
def widget(module):
    """As the application opens it: made, then entered."""
    widget = module.VOIIdentificationWidget(parent_widget(entered=False))
    widget.setup()
    enter(widget)
    yield widget
    widget.cleanup()


def enter(widget):
    widget.parent.isEntered = True
    widget.enter()


def leave(widget):
    widget.exit()
    widget.parent.isEntered = False


def settle():
    slicer.app.processEvents()


def added(image, name):
    """A node as a reader adds it: in the scene first, then its image, its place, its display."""
    node = slicer.mrmlScene.AddNewNodeByClass('vtkMRMLScalarVolumeNode', name)
    yield node
    slicer.util.updateVolumeFromArray(node, image.voxels)
    yield node
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(image.geometry.ijk_to_ras))
    node.CreateDefaultDisplayNodes()
    yield node


def whole(image, name):
    *_steps, node = added(image, name)
    settle()
    return node


def agree(widget):
    """Parameters and selectors say the same."""
    parameters, ui = widget.panel.parameters, widget.ui
    assert ui.inputVolumeSelector.currentNode() is parameters.inputVolume
    assert ui.seedsWidget.currentNode() is parameters.seeds
    assert ui.seedsWidget.markupsPlaceWidget().node_ is parameters.seeds
    assert ui.backgroundWidget.currentNode() is parameters.background
    return parameters


def place_all(widget, truth):
    widget.ui.placeSeedsButton.click()
    for true in truth.inserts:
        widget.ui.seedsWidget.click_in_slice(np.add(true.center_ras_mm, (3.0, -2.0, 1.0)))


def is_stale(widget):
    return results_words(widget.ui).startswith('Something was changed since')


def save(scene, folder):
    file = str(folder / 'scene.mrb')
    scene.SetRootDirectory(str(folder))
    assert scene.WriteToMRB(file)
    return file


def foreign_list(name='Mine'):
    node = slicer.mrmlScene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', name)
    node.AddControlPointWorld(1.0, 2.0, 3.0)
    return node


# A volume that arrives with the module open


def test_a_volume_is_waited_for_until_its_image_arrives(widget, made):
    steps = added(made[0], 'test series')

    node = next(steps)
    assert agree(widget).inputVolume is node
    assert widget.ui.inputSummaryLabel.text.startswith('test series is loading')
    assert not widget.ui.applyButton.enabled
    assert 'is loading' in widget.ui.applyButton.toolTip
    next(steps)
    assert widget.ui.applyButton.enabled
    list(steps)
    settle()

    assert '4.500 x 4.500 x 5.000 mm' in widget.ui.inputSummaryLabel.text
    assert agree(widget).seeds.GetName() == 'test series seeds'
    place_all(widget, made[1])
    widget.ui.applyButton.click()
    assert len(widget.panel.result.spheres) == 6


def test_a_volume_that_arrives_gets_its_look_after_its_reader_is_done(widget, made):
    """The DICOM module gives it a display node, with a window of its own, at the very end."""
    *_steps, node = added(made[0], 'test series')
    node.GetDisplayNode().SetWindowLevelMinMax(0, 1)

    settle()

    assert node.GetDisplayNode().GetWindowLevelMax() > 1
    layers = [layers for what, layers in slicer.app.started if what == 'layers']
    assert layers == [{'background': node, 'fit': True}]


def test_a_volume_that_is_filled_anew_in_another_size_is_read_when_it_is_whole(
    widget, made, capsys
):
    """Between two events its size is new and its values are not."""
    node = whole(made[0], 'PET')
    slicer.util.updateVolumeFromArray(node, made[0].voxels[2:-3, 1:, :-4])

    assert '56 x 53 x 21 voxels' in widget.ui.inputSummaryLabel.text
    assert widget.ui.applyButton.enabled
    assert 'Traceback' not in capsys.readouterr().err


def test_its_dicom_files_are_read_when_they_are_named(widget, made, tmp_path, monkeypatch):
    """The attribute that names them is set after the image."""
    write_pet_series(made[0], tmp_path / 'dicom', seed=1)
    database = Database(sorted_instances(tmp_path / 'dicom'))
    monkeypatch.setattr(slicer, 'dicomDatabase', database)

    load(tmp_path / 'dicom', 'Scan')

    assert widget.ui.verificationLabel.text == 'The voxels are those of the DICOM files.'
    assert '10:15' in widget.ui.scanStartLineEdit.text


def test_a_unit_that_is_set_later_is_shown(widget, made):
    node = whole(made[0], 'PET')
    assert 'the unit of the values' in widget.ui.inputSummaryLabel.text
    unit = slicer.vtkCodedEntry()
    unit.SetValueSchemeMeaning('Bq/ml', 'UCUM', 'Becquerels/milliliter')

    node.SetVoxelValueUnits(unit)

    assert 'Values in Bq/mL' in widget.ui.inputSummaryLabel.text


def test_a_bent_transform_is_refused_and_forgiven_at_once(widget, made):
    node = whole(made[0], 'PET')
    put_under(node, bent_transform())
    refused, enabled = widget.ui.applyButton.toolTip, widget.ui.applyButton.enabled

    node.SetAndObserveTransformNodeID(None)

    assert 'not linear' in refused
    assert not enabled
    assert widget.ui.applyButton.enabled


def test_a_volume_that_is_bent_from_the_start_is_taken_when_it_is_straight(widget, made):
    steps = added(made[0], 'PET')
    put_under(next(steps), bent_transform())
    *_steps, node = steps
    assert agree(widget).seeds is None

    node.SetAndObserveTransformNodeID(None)

    assert agree(widget).seeds is not None
    assert widget.ui.applyButton.enabled


def test_a_volume_without_an_image_may_be_left_for_another(widget, made):
    empty = slicer.mrmlScene.AddNewNodeByClass('vtkMRMLScalarVolumeNode', 'Empty')
    node = whole(made[0], 'PET')
    assert agree(widget).inputVolume is empty

    widget.ui.inputVolumeSelector.setCurrentNode(node)

    assert agree(widget).seeds is not None
    assert widget.ui.applyButton.enabled


@pytest.mark.parametrize('others', [0, 2])
def test_removing_the_volume_leaves_none(widget, made, others):
    node = whole(made[0], 'PET')
    for n in range(others):
        whole(made[0], f'Other {n}')

    slicer.mrmlScene.RemoveNode(node)

    assert agree(widget).inputVolume is None
    assert agree(widget).seeds is None
    assert widget.ui.applyButton.toolTip == 'Select a PET volume.'


# Stale


@pytest.fixture
def measured(widget, made):
    node = whole(made[0], 'PET')
    place_all(widget, made[1])
    widget.ui.applyButton.click()
    assert not is_stale(widget)
    widget.volume = node
    return widget


def test_changed_voxels_are_said(measured):
    slicer.util.arrayFromVolume(measured.volume)[3] *= 2
    slicer.util.arrayFromVolumeModified(measured.volume)

    assert is_stale(measured)
    assert 'of the last Apply' in measured.ui.exportButton.toolTip


def test_another_place_is_said_and_the_old_one_is_not(measured):
    put_under(measured.volume, linear_transform(affine(np.eye(3), (5.0, 0.0, 0.0))))
    moved = is_stale(measured)
    measured.volume.SetAndObserveTransformNodeID(None)

    assert moved
    assert not is_stale(measured)


def test_a_transform_that_is_edited_is_said(measured):
    transform = linear_transform(np.eye(4))
    put_under(measured.volume, transform)
    before = is_stale(measured)

    transform.SetMatrixTransformToParent(
        slicer.util.vtkMatrixFromArray(affine(np.eye(3), (0.0, 0.0, 4.0)))
    )

    assert not before
    assert is_stale(measured)


def test_a_list_that_is_moved_as_a_whole_is_said(measured):
    put_under(measured.panel.parameters.seeds, linear_transform(affine(np.eye(3), (2.0, 0, 0))))

    assert is_stale(measured)


def test_a_window_or_a_name_is_no_change(measured):
    measured.volume.GetDisplayNode().SetWindowLevelMinMax(0, 3)
    measured.volume.SetName('Renamed')

    assert not is_stale(measured)


def test_a_background_roi_that_is_deleted_is_the_users(measured):
    rois = find_outputs(measured.volume).background_rois
    rois.RemoveNthControlPoint(3)

    assert measured.ui.roisLabel.text.startswith('11, of which 1 yours')
    assert measured.ui.placeROIsAgainButton.enabled
    assert is_stale(measured)
    measured.ui.placeROIsAgainButton.click()
    assert measured.ui.roisLabel.text.startswith('12, placed by the rule')
    assert not is_stale(measured)


def test_the_list_of_background_rois_may_be_deleted(measured):
    slicer.mrmlScene.RemoveNode(find_outputs(measured.volume).background_rois)

    assert measured.ui.roisLabel.text == 'placed by Apply'


# Point lists


def test_removing_the_seeds_leaves_none_whatever_other_lists_there_are(measured):
    foreign_list()
    seeds = measured.panel.parameters.seeds

    slicer.mrmlScene.RemoveNode(seeds)

    assert agree(measured).seeds is None
    assert measured.ui.seedCountLabel.text == '0 of 6'
    assert measured.ui.applyButton.toolTip == 'Find the spheres without seeds and measure them.'
    measured.ui.placeSeedsButton.click()
    assert agree(measured).seeds.GetName() == 'PET seeds'


def test_what_was_measured_is_not_offered_as_seeds_but_other_lists_are(measured):
    foreign = foreign_list()
    measured.panel.refresh()

    for widget, own in (
        (measured.ui.seedsWidget, [measured.panel.parameters.seeds]),
        (measured.ui.backgroundWidget, []),
    ):
        assert widget.markupsSelectorComboBox().shown_() == [*own, foreign]


def test_a_script_cannot_make_seeds_of_what_was_measured(measured):
    measured.panel.parameters.seeds = find_outputs(measured.volume).centers

    assert agree(measured).seeds is None


@pytest.mark.parametrize('volume_first', [True, False])
@pytest.mark.parametrize('arrived', [True, False])
def test_a_list_that_is_chosen_with_the_volume_is_taken(widget, made, volume_first, arrived):
    """A script chooses in any order."""
    slicer.mrmlScene.RemoveNode(whole(made[0], 'Other'))
    foreign, steps = foreign_list(), added(made[0], 'PET')
    with slicer.util.NodeModify(widget.panel.parameters):
        node = next(steps)
        widget.panel.parameters.inputVolume = None
    if arrived:
        list(steps)
    if not volume_first:
        widget.panel.parameters.seeds = foreign
    widget.panel.parameters.inputVolume = node
    list(steps)
    if volume_first:
        widget.panel.parameters.seeds = foreign

    assert agree(widget).seeds is foreign
    assert agree(widget).inputVolume is node


def test_one_list_for_both_without_a_volume_is_seeds_when_there_is_one(widget, made):
    foreign = foreign_list()
    for selector in (widget.ui.seedsWidget, widget.ui.backgroundWidget):
        selector.markupsSelectorComboBox().setCurrentNode(foreign)
    node = whole(made[0], 'PET')

    assert agree(widget).inputVolume is node
    assert agree(widget).seeds is foreign
    assert agree(widget).background is None


def test_one_list_cannot_be_both(measured):
    seeds = measured.panel.parameters.seeds
    measured.panel.parameters.background = seeds

    assert agree(measured).background is None
    assert agree(measured).seeds is seeds


def test_a_list_that_is_added_is_not_taken(measured):
    slicer.mrmlScene.RemoveNode(measured.panel.parameters.seeds)
    foreign_list()

    assert agree(measured).seeds is None


@pytest.mark.parametrize('name', ['inputVolume', 'seeds'])
def test_what_was_deleted_comes_back_when_that_is_undone(scene, measured, name):
    node, text = getattr(measured.panel.parameters, name), measured.ui.seedCountLabel.text
    scene.SetUndoOn()
    node.SetUndoEnabled(True)
    scene.SaveStateForUndo()
    scene.RemoveNode(node)
    assert getattr(agree(measured), name) is None

    scene.Undo()

    assert getattr(agree(measured), name).GetID() == node.GetID()
    assert measured.ui.seedCountLabel.text == text


# Several volumes


def test_everything_follows_the_chosen_volume(scene, measured, made):
    first, other = measured.volume, whole(made[0], 'Other')
    outputs, result = find_outputs(first), measured.panel.result
    table_view = scene.AddNode(slicer.vtkMRMLTableViewNode())

    measured.ui.inputVolumeSelector.setCurrentNode(other)
    shown = [node.GetDisplayVisibility() for node in (outputs.centers, outputs.segmentation)]
    place_all(measured, made[1])
    measured.ui.applyButton.click()
    second = find_outputs(other)
    seen = second.centers.GetDisplayVisibility()
    measured.ui.inputVolumeSelector.setCurrentNode(first)

    assert shown == [0, 0]
    assert seen
    assert outputs.centers.GetDisplayVisibility()
    assert outputs.segmentation.GetDisplayVisibility()
    assert not second.centers.GetDisplayVisibility()
    assert measured.panel.result is result
    assert measured.ui.exportButton.enabled
    assert not is_stale(measured)
    assert table_view.GetTableNodeID() == outputs.tables['spheres'].GetID()
    agree(measured)


def test_what_the_user_hid_stays_hidden(measured, made):
    outputs = find_outputs(measured.volume)
    outputs.centers.SetDisplayVisibility(False)
    measured.ui.inputVolumeSelector.setCurrentNode(whole(made[0], 'Other'))
    measured.ui.inputVolumeSelector.setCurrentNode(measured.volume)

    assert not outputs.centers.GetDisplayVisibility()
    assert outputs.segmentation.GetDisplayVisibility()


def test_seeds_of_another_volume_are_not_offered(measured, made):
    seeds = measured.panel.parameters.seeds
    measured.ui.inputVolumeSelector.setCurrentNode(whole(made[0], 'Other'))

    assert seeds not in measured.ui.seedsWidget.markupsSelectorComboBox().shown_()
    measured.panel.parameters.seeds = seeds
    assert agree(measured).seeds is None


@pytest.mark.parametrize('opened', [True, False])
def test_the_choice_among_volumes_survives_save_and_load(scene, widget, made, tmp_path, opened):
    whole(made[0], 'PETPhantom')
    second = whole(made[0], 'PET2')
    widget.ui.inputVolumeSelector.setCurrentNode(second)
    file = save(scene, tmp_path)
    scene.Clear(0)
    if not opened:
        leave(widget)

    assert scene.ReadFromMRB(file)
    if not opened:
        enter(widget)

    assert agree(widget).inputVolume.GetName() == 'PET2'
    assert agree(widget).seeds.GetName() == 'PET2 seeds'
    assert widget.ui.applyButton.enabled


# Scenes


@pytest.mark.parametrize('times', [1, 2, 3])
@pytest.mark.parametrize('closed', [True, False])
def test_scenes_that_are_read_with_the_module_open(scene, measured, tmp_path, times, closed):
    measured.panel.parameters.exportFolder = str(tmp_path)
    file = save(scene, tmp_path)
    for _n in range(times):
        if closed:
            scene.Clear(0)
        assert scene.ReadFromMRB(file)

    assert agree(measured).inputVolume.GetName() == 'PET'
    assert agree(measured).seeds.GetNumberOfDefinedControlPoints() == 6
    assert measured.ui.seedCountLabel.text == '6 of 6'
    assert measured.panel.parameters.exportFolder == str(tmp_path)
    assert measured.ui.showTableButton.enabled
    measured.ui.applyButton.click()
    assert len(measured.panel.result.spheres) == 6


def test_a_scene_that_is_read_over_itself_adds_no_folder(scene, measured, tmp_path, vtk_messages):
    file = save(scene, tmp_path)
    assert scene.ReadFromMRB(file)

    hierarchy = scene.GetSubjectHierarchyNode()
    items = vtk.vtkIdList()
    hierarchy.GetItemChildren(hierarchy.GetSceneItemID(), items, True)
    names = [hierarchy.GetItemName(items.GetId(n)) for n in range(items.GetNumberOfIds())]
    assert names.count('VOI Identification') == 1
    measured.ui.applyButton.click()
    assert 'Multiple subject hierarchy item' not in vtk_messages.new()


def test_results_of_a_scene_that_was_read_are_those_of_its_tables(scene, measured, tmp_path):
    sphere = measured.panel.result.spheres[0]
    mean, center = sphere.statistics.mean, sphere.center_ras_mm
    file = save(scene, tmp_path)
    scene.Clear(0)
    assert scene.ReadFromMRB(file)

    first, sphere, *_others = results_words(measured.ui).splitlines()
    assert 'press Apply' in first
    assert sphere.startswith(f'S37: mean {mean:g} ')
    assert '<a href="S37">S37</a>' in measured.ui.resultsBrowser.html
    assert not measured.ui.exportButton.enabled
    camera = scene.AddNode(slicer.vtkMRMLCameraNode())
    qt_url = type('Url', (), {'toString': lambda _self: 'S37'})()
    measured.ui.resultsBrowser.anchorClicked.emit(qt_url)
    assert camera.GetFocalPoint() == pytest.approx(center, abs=1e-3)


def test_charts_keep_all_their_series(scene, measured, tmp_path):
    """Slicer takes the first one out while it reads."""
    before = {
        key: [one.GetName() for one in series_of_chart(chart)]
        for key, chart in find_outputs(measured.volume).charts.items()
    }
    file = save(scene, tmp_path)
    scene.Clear(0)
    lose = scene.AddObserver(scene.EndImportEvent, lambda *_: lose_first_series())
    assert scene.ReadFromMRB(file)
    scene.RemoveObserver(lose)

    after = {
        key: [one.GetName() for one in series_of_chart(chart)]
        for key, chart in find_outputs(slicer.util.getNode('PET')).charts.items()
    }
    assert after == before
    assert min(map(len, after.values())) >= 1


def lose_first_series():
    for chart in slicer.util.getNodesByClass('vtkMRMLPlotChartNode'):
        chart.RemoveNthPlotSeriesNodeID(0)


def test_a_whole_chart_is_left_alone(scene, measured):
    chart = next(iter(find_outputs(measured.volume).charts.values()))
    age = chart.GetMTime()

    mend_charts(scene)

    assert chart.GetMTime() == age


# Apply, the console, the application without a window


def test_results_from_the_console_are_seen(widget, made):
    node = whole(made[0], 'PET')

    result = widget.logic.process(node)

    assert widget.panel.result is result
    assert widget.ui.exportButton.enabled
    assert not is_stale(widget)


def test_a_table_that_was_deleted_comes_back_first_and_under_its_name(measured):
    outputs = find_outputs(measured.volume)
    names = [table.GetName() for table in outputs.tables.values()]
    slicer.mrmlScene.RemoveNode(outputs.tables['spheres'])

    measured.ui.applyButton.click()

    assert [t.GetName() for t in find_outputs(measured.volume).tables.values()] == names


def test_without_a_window_there_is_no_dialog(measured, caplog):
    """The last window that closes would end the application."""
    caplog.set_level('INFO')
    slicer.app.window = None
    ProgressDialog.made_.clear()
    measure, logic = measured.logic.measure, measured.logic
    logic.measure = lambda *_args: logic.nothing
    with pytest.raises(AttributeError, match='nothing'):
        measured.ui.applyButton.click()
    logic.measure = measure
    measured.ui.applyButton.click()

    assert not ProgressDialog.made_
    assert 'The phantom could not be measured' in caplog.text
    assert 'Measuring: ' in caplog.text


def test_a_phantom_without_inserts_in_use_is_not_measured(measured, module):
    for row in range(6):
        measured.ui.insertsTable.item(row, 0).setCheckState(module.qt.Qt.Unchecked)

    assert not measured.ui.applyButton.enabled
    assert 'No insert is ticked' in measured.ui.applyButton.toolTip


def test_nothing_listens_after_the_module_is_gone(scene, module, made):
    node = whole(made[0], 'PET')
    before = listeners(scene, node)
    widget = module.VOIIdentificationWidget(parent_widget())
    widget.setup()
    enter(widget)
    during = listeners(scene, node)

    widget.cleanup()
    for selector in (
        widget.ui.inputVolumeSelector,
        widget.ui.seedsWidget.markupsSelectorComboBox(),
        widget.ui.backgroundWidget.markupsSelectorComboBox(),
    ):
        selector.setMRMLScene(None)  # as Qt's own destruction does

    assert during != before
    assert listeners(scene, node) == before


def listeners(scene, node):
    """Whether anything in Python hears of these events, by asking for them."""
    events = (
        scene.NodeAddedEvent,
        scene.NodeRemovedEvent,
        scene.NodeAboutToBeRemovedEvent,
        scene.EndImportEvent,
        scene.StartCloseEvent,
    )
    return [scene.HasObserver(event) for event in events] + [
        node.HasObserver(event) for event in (node.ImageDataModifiedEvent, 15000)
    ]


def test_a_volume_that_changes_while_it_is_read_is_read_again(widget, made, monkeypatch):
    source_of, once = widget.logic.sourceOf, []

    def changing(volume, progress=None):
        if not once:
            once.append(1)
            volume.SetName('Renamed')
        return source_of(volume, progress)

    monkeypatch.setattr(widget.logic, 'sourceOf', changing)
    whole(replace(made[0]), 'PET')

    assert 'Renamed' in widget.panel.volume._signature


def test_an_suv_volume_is_known_as_one(widget, made, tmp_path, monkeypatch):
    write_pet_series(made[0], tmp_path / 'dicom', seed=1)
    database = Database(sorted_instances(tmp_path / 'dicom'))
    monkeypatch.setattr(slicer, 'dicomDatabase', database)
    load(tmp_path / 'dicom', 'Scan')
    widget.ui.makeSUVButton.click()
    widget.ui.makeSUVButton.click()
    volumes = slicer.util.getNodesByClass('vtkMRMLScalarVolumeNode')
    assert [node.GetName() for node in volumes] == ['Scan', 'Scan SUVbw']

    widget.ui.inputVolumeSelector.setCurrentNode(volumes[1])

    assert 'holds SUV already' in widget.ui.suvLabel.text
    assert not widget.ui.makeSUVButton.enabled


# What is seen after Apply


def test_background_rois_are_circles_of_their_diameter_and_centers_small_crosses(measured):
    outputs = find_outputs(measured.volume)
    rois, centers = outputs.background_rois.GetDisplayNode(), outputs.centers.GetDisplayNode()

    assert rois.GetGlyphTypeAsString() == 'Circle2D'
    assert (rois.GetUseGlyphScale(), rois.GetGlyphSize()) == (0, 37.0)
    assert rois.GetOpacity() < 0.5
    assert centers.GetGlyphTypeAsString() == 'Cross2D'
    assert centers.GetPointLabelsVisibility()
    assert not rois.GetPointLabelsVisibility()
    assert 0 < centers.GetGlyphSize() < 10


def test_the_window_ends_just_above_the_hottest_sphere(measured):
    hottest = max(one.statistics.mean for one in measured.panel.result.spheres)
    display = measured.volume.GetDisplayNode()

    assert display.GetWindowLevelMin() == 0
    assert hottest < display.GetWindowLevelMax() < 1.2 * hottest


def test_a_window_that_the_user_set_stays(measured):
    measured.volume.GetDisplayNode().SetWindowLevelMinMax(0, 123)
    measured.ui.applyButton.click()

    assert measured.volume.GetDisplayNode().GetWindowLevelMax() == 123


def test_a_sphere_without_any_number_in_it_does_not_end_apply(measured):
    """Found by the state machine: its mean is None, which is no candidate for the hottest."""
    sphere = measured.panel.result.spheres[-1]
    to_ijk = np.linalg.inv(measured.panel.result.image.geometry.ijk_to_ras)
    i, j, k = np.rint(to_ijk @ [*sphere.center_ras_mm, 1])[:3].astype(int)
    slicer.util.arrayFromVolume(measured.volume)[k - 2 : k + 3, j - 2 : j + 3, i - 2 : i + 3] = (
        np.nan
    )
    slicer.util.arrayFromVolumeModified(measured.volume)

    measured.ui.applyButton.click()

    means = {one.label: one.statistics.mean for one in measured.panel.result.spheres}
    assert means[sphere.label] is None
    assert max(mean for mean in means.values() if mean) < (
        measured.volume.GetDisplayNode().GetWindowLevelMax()
    )


# The rest of the recording, flow by flow. Numbers are lines of slicer_trace.txt; others are above:
# 36 to 68, read and read over: test_scenes_that_are_read_with_the_module_open
# 81 to 87, no image yet: test_a_volume_is_waited_for_until_its_image_arrives
# 150 to 155, list removed: test_removing_the_seeds_leaves_none_whatever_other_lists_there_are
# 171 to 220, the second of two: test_the_choice_among_volumes_survives_save_and_load
# 221 to 224, moved and back: test_another_place_is_said_and_the_old_one_is_not


def test_a_script_that_asks_for_the_logic_opens_no_panel(scene, module, made):
    """As `slicer.util.getModuleLogic` does, which makes the widget."""
    node = whole(made[0], 'PET')
    widget = module.VOIIdentificationWidget(parent_widget(entered=False))

    widget.setup()
    result = widget.logic.process(node)

    assert len(result.spheres) == 6
    assert widget.panel.parameters is None
    assert scene.GetFirstNodeByName('PET seeds') is None
    assert not [what for what, _how in slicer.app.started if what == 'layers']
    enter(widget)
    assert agree(widget).inputVolume is node
    assert widget.ui.exportButton.enabled
    widget.cleanup()


def test_opened_twice_it_begins_once(widget, made):
    """6 to 15: `setup` and the application both enter."""
    followed = widget.panel.parameters
    enter(widget)

    assert widget.panel.parameters is followed
    assert agree(widget).inputVolume is None
    assert widget.ui.applyButton.toolTip == 'Select a PET volume.'


def test_a_volume_that_comes_with_its_image_is_taken_at_once(widget, made):
    """16 to 22: `loadVolume` adds the node when it is whole."""
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetName('x')
    slicer.util.updateVolumeFromArray(node, made[0].voxels)
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(made[0].geometry.ijk_to_ras))

    slicer.mrmlScene.AddNode(node)

    assert agree(widget).inputVolume is node
    assert agree(widget).seeds.GetName() == 'x seeds'
    assert widget.ui.applyButton.enabled


def test_a_scene_that_is_cleared_leaves_an_empty_panel(scene, measured):
    """23 to 35, 69 to 80, 225 to 248: no volume, no seeds, no results."""
    scene.Clear(0)
    assert agree(measured).inputVolume is None
    assert agree(measured).seeds is None
    assert not measured.ui.applyButton.enabled
    assert not measured.ui.exportButton.enabled
    assert results_words(measured.ui) == 'Nothing measured yet.'


@pytest.mark.parametrize('reads', [1, 2])
def test_a_scene_is_closed_and_read_while_another_module_is_open(scene, measured, tmp_path, reads):
    """88 to 114, 194 to 213: nothing is followed there; opened again, all is."""
    file = save(scene, tmp_path)
    leave(measured)
    scene.Clear(0)
    for _n in range(reads):
        assert scene.ReadFromMRB(file)
    assert measured.panel.parameters is None

    enter(measured)

    assert agree(measured).inputVolume.GetName() == 'PET'
    assert agree(measured).seeds.GetName() == 'PET seeds'
    assert measured.ui.seedCountLabel.text == '6 of 6'


def test_two_volumes_made_while_another_module_is_open(widget, made):
    """119 to 142: the selector showed one, the parameter None, and Apply did nothing."""
    leave(widget)
    for name in ('PETPhantom', 'PET2'):
        whole(made[0], name)

    enter(widget)

    chosen = agree(widget).inputVolume
    assert widget.ui.applyButton.enabled == (chosen is not None)
    widget.ui.inputVolumeSelector.setCurrentNode(slicer.util.getNode('PET2'))
    assert agree(widget).seeds.GetName() == 'PET2 seeds'
    assert widget.ui.applyButton.enabled


def test_chosen_again_through_none_the_volume_has_its_result_and_no_centers_as_seeds(measured):
    """150 to 168: its own centers became its seeds, and the export had no result."""
    result = measured.panel.result
    slicer.mrmlScene.RemoveNode(measured.panel.parameters.seeds)
    measured.ui.inputVolumeSelector.setCurrentNode(None)
    assert agree(measured).seeds is None

    measured.ui.inputVolumeSelector.setCurrentNode(measured.volume)

    seeds = agree(measured).seeds
    assert seeds is None or seeds.GetNumberOfDefinedControlPoints() == 0
    assert measured.panel.result is result
    assert measured.ui.exportButton.enabled


def test_a_scene_without_its_seeds_has_no_centers_as_seeds_either(scene, measured, tmp_path):
    """150 to 220: the list was removed, the scene saved, cleared, and read in another module."""
    slicer.mrmlScene.RemoveNode(measured.panel.parameters.seeds)
    file = save(scene, tmp_path)
    scene.Clear(0)
    leave(measured)
    assert scene.ReadFromMRB(file)

    enter(measured)

    seeds = agree(measured).seeds
    assert agree(measured).inputVolume.GetName() == 'PET'
    assert seeds is None or seeds.GetNumberOfDefinedControlPoints() == 0
    assert find_outputs(agree(measured).inputVolume).centers.GetNumberOfDefinedControlPoints() == 6


@pytest.mark.parametrize('applied', [False, True])
def test_a_volume_that_was_removed_takes_no_memory(widget, made, applied):
    """A hundred series are looked at and removed with the module open."""
    node = whole(made[0], 'PET')
    if applied:
        place_all(widget, made[1])
        widget.ui.applyButton.click()

    slicer.mrmlScene.RemoveNode(node)
    slicer.app.started.clear()  # the stand-in notes what is shown
    whole(made[0], 'Next')
    gc.collect()

    assert node.GetReferenceCount() == 1, 'that of Python'
    assert sys.getrefcount(node) == 2, 'those of this test'
    assert agree(widget).inputVolume.GetName() == 'Next'


@pytest.mark.parametrize('button', ['applyButton', 'findSpheresButton'])
@pytest.mark.parametrize('what', ['closed', 'removed', 'read'])
def test_a_volume_that_goes_while_it_is_measured_ends_that_in_words(
    widget, made, scene, tmp_path, button, what
):
    """By a key before the dialog is there, or by a script: without its scene Slicer would crash."""
    first = whole(made[0], 'PET')
    file = save(scene, tmp_path)
    gone = {
        'closed': lambda: scene.Clear(0),
        'removed': lambda: scene.RemoveNode(first),
        'read': lambda: (scene.Clear(0), scene.ReadFromMRB(file)),
    }[what]
    Timer.waiting_.append(gone)

    with pytest.raises(NodeError, match='the volume PET was removed while this went on'):
        getattr(widget.ui, button).click()

    settle()
    volume = agree(widget).inputVolume
    assert (volume is None) == (what != 'read')
    assert widget.panel.result is None
    assert slicer.util.getNodesByClass('vtkMRMLTableNode') == []
    assert widget.ui.applyButton.enabled == (what == 'read')


@pytest.mark.parametrize('column', ['label', 'mean', 'flags'])
def test_a_table_that_was_edited_by_hand_is_shown_as_far_as_it_goes(
    measured, scene, tmp_path, capsys, column
):
    table = find_outputs(measured.volume).tables['spheres']
    table.RemoveColumn(table.GetColumnIndex(column))
    file = save(scene, tmp_path)
    scene.Clear(0)

    assert scene.ReadFromMRB(file)

    words = results_words(measured.ui)
    assert words.startswith('Measured before this session')
    assert ('S37' in words) == (column != 'label')
    assert ('mean' in words) == (column != 'mean')
    assert 'Traceback' not in capsys.readouterr().err


def test_rois_without_a_display_are_moved_all_the_same(measured, scene, capsys):
    rois = find_outputs(measured.volume).background_rois
    scene.RemoveNode(rois.GetDisplayNode())

    rois.SetNthControlPointPositionWorld(0, 1.0, 2.0, 3.0)

    assert measured.ui.roisLabel.text.startswith('12, of which 1 yours')
    assert 'Traceback' not in capsys.readouterr().err


def test_an_insert_that_is_unticked_and_ticked_again_changes_nothing(measured, module):
    item, states = measured.ui.insertsTable.item(2, 0), module.qt.Qt
    item.setCheckState(states.Unchecked)
    between = is_stale(measured), measured.ui.phantomComboBox.currentText

    measured.ui.insertsTable.item(2, 0).setCheckState(states.Checked)

    assert between == (True, 'Own phantom')
    assert not is_stale(measured)
    assert measured.ui.phantomComboBox.currentText == 'NEMA IEC body'
