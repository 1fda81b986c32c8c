"""
The panel's section "Activity and standards", driven as a user drives it.

Widgets are stand-ins that raise AttributeError for whatever the application does not list; the
scene, the nodes and the numbers are real.
"""

import json
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from dicom_in_scene import load  # noqa: E402 - needs slicer
from made_nodes import bent_transform, linear_transform  # noqa: E402
from shown_words import results_words  # noqa: E402
from stand_in_application import parent_widget  # noqa: E402
from stand_in_classes import FileDialog  # noqa: E402
from VOIIdentificationLib.activity.worksheet import Fill, FillWorksheet  # noqa: E402
from VOIIdentificationLib.activity.worksheet_json import (  # noqa: E402
    ACTIVITY_SCHEMA,
    load_worksheet,
    worksheet_text,
)
from VOIIdentificationLib.analysis import Known  # noqa: E402
from VOIIdentificationLib.dicom.write import Scan, write_pet_series  # noqa: E402
from VOIIdentificationLib.mrml.outputs import find_outputs, wanted_rois  # noqa: E402
from VOIIdentificationLib.mrml.volume import volume_node_from_image  # noqa: E402
from VOIIdentificationLib.synthetic.phantom import SyntheticPhantom, grid, synthesize  # noqa: E402

UNKNOWN = 'Activity unknown: recovery is relative, without a verdict.'
FILLS = (('20', '10:15', '', '', '1000'), ('40', '10:15', '', '', '8000'))
"""The synthetic phantom's 20 and 5 kBq/mL, at 10:15, when the written series starts."""


@pytest.fixture(scope='module')
def made():
    return synthesize(SyntheticPhantom(grid((76, 64, 26), (4.1, 4.3, 5.0))))


@pytest.fixture(scope='module')
def folder(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp('dicom')
    write_pet_series(made[0], folder, seed=1, scan=Scan(photometric='MONOCHROME1'))
    return folder


@pytest.fixture
def volume(module, folder, monkeypatch):
    """From DICOM; the reader inverts it."""
    node, database = load(folder, 'Scan')
    monkeypatch.setattr(slicer, 'dicomDatabase', database)
    return node


@pytest.fixture
def plain(module, made):
    """Not from DICOM."""
    return volume_node_from_image(made[0], 'PET')


@pytest.fixture
def right(volume, widget):
    """The panel on the volume as the files say."""
    widget.ui.reloadButton.click()
    return widget


def type_in(widget, fills=FILLS):
    for column, texts in enumerate(fills):
        for row, text in enumerate(texts):
            widget.ui.worksheetTable.item(row, column).setText(text)


def type_line(edit, text):
    edit.text = text
    edit.editingFinished.emit()


def cells(widget):
    table = widget.ui.worksheetTable
    return [[table.item(row, column).text() for row in range(5)] for column in range(2)]


# Fill worksheet


def test_without_a_volume_the_isotope_is_that_of_the_standards(widget):
    assert widget.ui.isotopeComboBox.currentText == 'F-18'
    assert widget.ui.decayCorrectedCheckBox.checked


def test_an_empty_worksheet_is_an_unknown_activity(plain, widget):
    assert widget.ui.activityLabel.text == UNKNOWN
    assert not widget.ui.saveActivityButton.enabled

    widget.ui.applyButton.click()

    result = widget.panel.result
    assert (result.worksheet, result.activity, result.suv) == (None, None, None)
    assert result.recovery.relative
    assert not [note for note in result.notes if 'worksheet' in note or 'SUV' in note]


def test_the_header_fills_in_the_scan(right):
    ui = right.ui
    assert ui.isotopeComboBox.currentText == 'F-18'
    assert float(ui.halfLifeLineEdit.text) == pytest.approx(6583.68, abs=3)
    assert ui.scanStartLineEdit.text == '2026-03-01 10:15:00'
    assert ui.scanDurationLineEdit.text == '600'
    assert ui.decayCorrectedCheckBox.checked
    assert ui.activityLabel.text == UNKNOWN


def test_what_is_typed_becomes_the_true_activity_of_the_result(right, made):
    type_in(right)

    assert right.ui.activityLabel.text.startswith('a_H 20.00 kBq/mL ± 3.0 %, a_B 5.00 kBq/mL')
    assert 'ratio 4.000 ± 0.7 % at 2026-03-01 10:15:00' in right.ui.activityLabel.text
    right.ui.applyButton.click()

    result = right.panel.result
    assert result.activity.hot_bqml == pytest.approx(20_000.0)
    assert result.activity.background_bqml == pytest.approx(5000.0)
    assert not result.recovery.relative
    assert result.recovery.spheres[0].rc_mean == pytest.approx(0.95, abs=0.1)
    assert result.nema.true_ratio == pytest.approx(4.0)
    tables = find_outputs(right.panel.parameters.inputVolume).tables
    assert {'nema', 'recovery', 'activity', 'suv'} <= set(tables)


def test_a_time_of_day_gets_the_day_of_the_scan(right):
    type_in(right)

    assert cells(right)[0][1] == '2026-03-01 10:15:00'


def test_half_a_worksheet_says_what_is_missing_and_is_not_used(right):
    type_in(right, (('20', '10:15', '', '', ''),))

    text = right.ui.activityLabel.text
    assert text.endswith('the activity is unknown: the hot volume is missing')
    assert not right.ui.saveActivityButton.enabled
    assert right.ui.applyButton.enabled
    right.ui.applyButton.click()
    assert right.panel.result.activity is None
    assert right.panel.result.recovery.relative
    assert text in right.panel.result.notes


def test_a_residual_larger_than_the_assay_is_said(right):
    type_in(right, (('20', '10:15', '30', '10:15', '1000'),))

    assert 'cannot leave 30 MBq' in right.ui.activityLabel.text
    right.ui.applyButton.click()
    assert right.panel.result.activity is None


def test_another_isotope_takes_its_half_life_from_the_table(right):
    type_in(right)
    right.ui.isotopeComboBox.currentText = 'Ga-68'

    assert right.ui.halfLifeLineEdit.text == ''
    assert right.panel.request.known.worksheet.isotope == 'Ga-68'
    assert right.panel.request.known.worksheet.half_life_s is None


def test_an_image_that_is_not_corrected_is_for_the_middle_of_the_scan(right):
    type_in(right)
    right.ui.decayCorrectedCheckBox.checked = False

    # 600 s of F-18: the mean count rate is that of 298.4 s after the start
    assert 'at 2026-03-01 10:19:58' in right.ui.activityLabel.text


def test_a_calibrator_of_its_own_sets_the_uncertainty(right):
    type_in(right)
    type_line(right.ui.calibratorLineEdit, '0')

    assert right.ui.activityLabel.text.startswith('a_H 20.00 kBq/mL ± 0.6 %')


def test_clear_forgets_the_fills_and_keeps_what_the_header_tells(right):
    type_in(right)
    type_line(right.ui.calibratorLineEdit, '1')
    right.ui.clearActivityButton.click()

    assert right.ui.activityLabel.text == UNKNOWN
    assert cells(right) == [[''] * 5, [''] * 5]
    assert right.ui.calibratorLineEdit.text == ''
    assert right.ui.scanStartLineEdit.text == '2026-03-01 10:15:00'


def test_a_worksheet_is_saved_and_loaded(right, tmp_path):
    type_in(right)
    FileDialog.answer_ = str(tmp_path / 'activity.json')
    right.ui.saveActivityButton.click()
    saved = load_worksheet(tmp_path / 'activity.json')
    right.ui.clearActivityButton.click()

    right.ui.loadActivityButton.click()

    assert saved.hot == Fill(20.0, datetime(2026, 3, 1, 10, 15), 1000.0)
    assert right.panel.request.known.worksheet == saved


def test_a_loaded_worksheet_keeps_what_the_panel_does_not_show(right, tmp_path):
    noon = datetime(2026, 3, 1, 12)
    mine = FillWorksheet(Fill(9.0, noon, 50.0, volume_sd_percent=3.0), None, noon, clock_sd_s=99.0)
    (tmp_path / 'mine.json').write_text(worksheet_text(mine), encoding='utf-8')
    FileDialog.answer_ = str(tmp_path / 'mine.json')

    right.ui.loadActivityButton.click()

    assert right.panel.request.known.worksheet == mine
    assert 'no a_B' in right.ui.activityLabel.text


def test_a_loaded_worksheet_takes_from_the_header_what_it_leaves_out(right, tmp_path):
    """As the command line does."""
    path = tmp_path / 'fills.json'
    fill = {'assay_mbq': 20.0, 'assay_time': '10:15', 'volume_ml': 1000.0}
    path.write_text(json.dumps({'schema': ACTIVITY_SCHEMA, 'hot': fill}), encoding='utf-8')
    FileDialog.answer_ = str(path)
    type_in(right)
    told = right.panel.request.known.worksheet

    right.ui.loadActivityButton.click()

    worksheet = right.panel.request.known.worksheet
    assert worksheet.hot.assay_time == datetime(2026, 3, 1, 10, 15)
    assert worksheet.scan_start == told.scan_start
    assert (worksheet.isotope, worksheet.half_life_s) == (told.isotope, told.half_life_s)
    assert worksheet.scan_duration_s == told.scan_duration_s


def test_a_file_that_is_no_worksheet_is_refused(right, tmp_path):
    type_in(right)
    before = right.panel.parameters.activity
    FileDialog.answer_ = str(tmp_path / 'other.json')
    (tmp_path / 'other.json').write_text('{"schema": "something"}')

    with pytest.raises(Exception, match='schema'):
        right.ui.loadActivityButton.click()

    assert right.panel.parameters.activity == before


def test_canceled_dialogs_change_nothing(right):
    type_in(right)
    before = right.panel.parameters.activity
    right.ui.loadActivityButton.click()
    right.ui.saveActivityButton.click()

    assert right.panel.parameters.activity == before


def test_a_changed_worksheet_asks_for_apply(right):
    right.ui.applyButton.click()
    fresh = results_words(right.ui)
    type_in(right)

    assert 'press Apply again' not in fresh
    assert 'press Apply again' in results_words(right.ui)


def test_a_saved_scene_keeps_the_worksheet_without_the_files(right, scene, tmp_path, monkeypatch):
    type_in(right, (*FILLS[:1], ('40', '', '', '', '')))  # half typed
    type_line(right.ui.scanDurationLineEdit, '123')
    right.ui.suvTypeComboBox.currentIndex = 3
    before, text = cells(right), right.panel.parameters.activity
    scene.SetRootDirectory(str(tmp_path))
    assert scene.WriteToMRB(str(tmp_path / 'scene.mrb'))
    scene.Clear(0)
    assert cells(right) == [[''] * 5, [''] * 5]
    monkeypatch.setattr(slicer, 'dicomDatabase', None)

    assert scene.ReadFromMRB(str(tmp_path / 'scene.mrb'))

    assert right.panel.parameters.activity == text
    assert cells(right) == before
    assert right.ui.scanDurationLineEdit.text == '123'
    assert right.ui.suvTypeComboBox.currentIndex == 3


def test_each_volume_has_its_own_worksheet(right, made):
    type_in(right)
    measured = right.panel.parameters.inputVolume
    before = cells(right)
    other = volume_node_from_image(made[0], 'Other')

    right.ui.inputVolumeSelector.setCurrentNode(other)
    assert right.ui.activityLabel.text == UNKNOWN
    assert right.ui.scanStartLineEdit.text == '', 'it has no header'
    right.ui.inputVolumeSelector.setCurrentNode(None)
    right.ui.inputVolumeSelector.setCurrentNode(measured)

    assert cells(right) == before


def test_a_volume_that_cannot_be_read_takes_no_points_and_no_worksheet(right):
    type_in(right)
    seeds, measured = right.panel.parameters.seeds, right.panel.parameters.inputVolume
    empty = slicer.mrmlScene.AddNewNodeByClass('vtkMRMLScalarVolumeNode', 'Empty')

    right.ui.inputVolumeSelector.setCurrentNode(empty)
    assert right.panel.parameters.seeds is None
    assert right.ui.activityLabel.text == UNKNOWN
    right.ui.inputVolumeSelector.setCurrentNode(measured)

    assert right.panel.parameters.seeds is seeds
    assert 'ratio 4.000' in right.ui.activityLabel.text


def test_a_volume_that_is_reloaded_keeps_the_worksheet(volume, widget):
    type_in(widget)

    widget.ui.reloadButton.click()

    assert 'ratio 4.000' in widget.ui.activityLabel.text


def test_a_worksheet_of_another_version_is_left_out_and_said(plain, widget):
    widget.panel.parameters.activity = '{"schema": "voi-identification/activity/9"}'

    assert widget.ui.activityLabel.text == UNKNOWN
    (warning,) = [text for kind, text in slicer.app.started if kind == 'warning']
    assert 'left out' in warning


def test_a_script_may_give_a_worksheet_before_the_panel_is_opened(module, plain, tmp_path):
    noon = datetime(2026, 3, 1, 12)
    mine = FillWorksheet(Fill(9.0, noon, 50.0), None, noon)
    (tmp_path / 'mine.json').write_text(worksheet_text(mine), encoding='utf-8')
    parameters = module.VOIIdentificationLogic().getParameterNode()
    parameters.activity = (tmp_path / 'mine.json').read_text()
    widget = module.VOIIdentificationWidget(parent_widget())
    widget.setup()

    assert widget.panel.request.known.worksheet == mine
    widget.cleanup()


def test_the_worksheet_in_the_scene_is_one_line_of_json(right):
    type_in(right)

    text = right.panel.parameters.activity
    assert '\n' not in text
    assert json.loads(text)['hot']['assay'] == '20'


def test_a_line_that_is_still_being_typed_counts(right):
    """On macOS a click on a button leaves the focus where it is."""
    type_in(right)
    right.ui.calibratorLineEdit.text = '1'
    right.ui.applyButton.click()

    assert right.panel.result.worksheet.calibrator_sd_percent == 1.0


def test_a_line_that_is_still_being_typed_survives_another_change(right):
    right.ui.calibratorLineEdit.text = '1'
    right.ui.searchInPlaneSpinBox.value = 5.0

    assert right.ui.calibratorLineEdit.text == '1'


def test_a_line_being_typed_when_the_module_is_left_is_kept(right):
    type_in(right)
    right.ui.calibratorLineEdit.text = '1'
    right.exit()
    right.ui.scanDurationLineEdit.text = '77'
    right.ui.scanDurationLineEdit.editingFinished.emit()  # as the focus goes with the widget
    right.enter()

    assert right.ui.calibratorLineEdit.text == '1'
    assert right.ui.scanDurationLineEdit.text == '600'


# SUV


def test_the_result_knows_the_suv_of_the_header(right, made):
    right.ui.applyButton.click()

    scale = right.panel.result.suv
    assert scale.factors == pytest.approx(1e4 / (7e7 * 2 ** (-3600 / 6583.68)), rel=1e-5)


def test_an_suv_volume_is_made_beside_the_volume(right, made):
    chosen = right.panel.parameters.inputVolume
    chosen.SetAndObserveTransformNodeID(linear_transform(np.diag([-1.0, 1, 1, 1])).GetID())

    right.ui.makeSUVButton.click()

    suv = slicer.util.getNode('Scan SUVbw')
    factor = 1e4 / (7e7 * 2 ** (-3600 / 6583.68))
    highest = suv.GetImageData().GetScalarRange()[1]
    assert highest == pytest.approx(made[0].voxels.max() * factor, rel=1e-4)
    assert suv.GetParentTransformNode() is chosen.GetParentTransformNode()
    assert right.panel.parameters.inputVolume is chosen
    assert 'Scan SUVbw was made' in right.ui.suvLabel.text
    assert right.ui.suvLabel.visible
    assert right.ui.suvLabel.toolTip == suv.GetDescription()
    assert 'half-life' in suv.GetDescription()


def test_the_decisions_of_the_suv_are_shown_translated_and_saved_in_english(right, monkeypatch):
    from VOIIdentificationLib.mrml import said

    monkeypatch.setattr(said, 'translate', lambda _context, text: f'«{text}»')

    right.ui.makeSUVButton.click()

    saved = slicer.util.getNode('Scan SUVbw').GetDescription()
    shown = right.ui.suvLabel.toolTip
    assert '«' not in saved
    assert all(line.startswith('«') for line in shown.splitlines())
    assert shown.replace('«', '').replace('»', '') == saved


def test_a_kind_of_suv_that_the_header_cannot_give_says_why(right):
    right.ui.suvTypeComboBox.currentIndex = 1

    assert not right.ui.makeSUVButton.enabled
    assert "Patient's Size (0010,1020) is missing" in right.ui.makeSUVButton.toolTip
    right.ui.suvTypeComboBox.currentIndex = 0
    assert right.ui.makeSUVButton.enabled


def test_a_volume_that_is_not_from_dicom_has_no_suv(plain, widget):
    assert not widget.ui.makeSUVButton.enabled
    assert 'DICOM files' in widget.ui.makeSUVButton.toolTip


def test_files_that_are_imported_after_the_volume_was_loaded_are_found(
    module, folder, widget, monkeypatch
):
    """A scene is opened first, and the study imported then."""
    node, database = load(folder, 'Scan')
    widget.ui.inputVolumeSelector.setCurrentNode(node)
    assert widget.panel.logic.sourceOf(node).verification is None

    monkeypatch.setattr(slicer, 'dicomDatabase', database)

    assert widget.panel.logic.sourceOf(node).verification is not None


def test_without_a_volume_there_is_no_suv(widget):
    assert not widget.ui.makeSUVButton.enabled
    assert widget.ui.makeSUVButton.toolTip == 'Select a PET volume.'


def test_an_suv_that_fails_is_shown_and_makes_nothing(right):
    right.panel.parameters.inputVolume.SetAndObserveTransformNodeID(bent_transform().GetID())
    nodes = slicer.mrmlScene.GetNumberOfNodesByClass('vtkMRMLScalarVolumeNode')

    with pytest.raises(Exception, match='not linear'):
        right.ui.makeSUVButton.click()

    assert slicer.mrmlScene.GetNumberOfNodesByClass('vtkMRMLScalarVolumeNode') == nodes


def test_the_logic_takes_what_is_known_and_makes_suv_volumes(module, volume):
    logic = module.VOIIdentificationLogic()
    mended = logic.reloadVolume(volume)
    noon = datetime(2026, 3, 1, 10, 15)
    worksheet = FillWorksheet(Fill(20.0, noon, 1000.0), Fill(40.0, noon, 8000.0), noon)

    request = replace(logic.request(mended), known=Known(worksheet=worksheet))
    result = logic.measure(mended, request)
    suv = logic.makeSUVVolume(mended, suvType='bw')

    assert result.worksheet is worksheet
    assert result.activity.ratio == pytest.approx(4.0)
    assert result.suv.suv_type == 'bw'
    assert suv.GetName() == 'Scan SUVbw'


# Standards


def test_the_standards_are_judged_only_where_the_activity_is_known(right):
    ui = right.ui
    assert ui.standardsLabel.text == 'judged after Apply'
    ui.applyButton.click()
    assert ui.standardsLabel.text.startswith('no verdict: the activity is unknown')

    type_in(right)
    ui.applyButton.click()

    lines = dict(line.split(': ', 1) for line in ui.standardsLabel.text.splitlines())
    assert list(lines) == ['EARL 1', 'EARL 2']
    assert 'Limits second-hand: taken from another tool.' in lines['EARL 2']
    assert all('not judged: ' in line for line in lines.values())  # the scan is 4 : 1
    assert 'here it is 4.00 : 1' in lines['EARL 1']


# Background ROIs


@pytest.fixture
def measured(plain, widget):
    widget.ui.applyButton.click()
    return widget


def test_the_rois_are_counted(plain, widget):
    assert widget.ui.roisLabel.text == 'placed by Apply'
    assert not widget.ui.placeROIsAgainButton.enabled

    widget.ui.applyButton.click()

    assert widget.ui.roisLabel.text.splitlines()[0] == '12, placed by the rule'
    assert not widget.ui.placeROIsAgainButton.enabled


def test_a_moved_roi_is_measured_where_it_was_moved(measured, plain):
    rois = find_outputs(plain).background_rois
    before = measured.panel.result.nema.placement.rois[2].center_ras_mm
    rois.SetNthControlPointPositionWorld(2, *np.add(before, (3.0, 2.0, 0.0)))

    assert measured.ui.roisLabel.text.splitlines()[0] == '12, of which 1 yours'
    assert 'press Apply again' in results_words(measured.ui)
    measured.ui.applyButton.click()

    after = measured.panel.result.nema.placement.rois[2].center_ras_mm
    assert np.subtract(after, before) == pytest.approx([3.0, 2.0, 0.0], abs=0.01)
    assert measured.ui.roisLabel.text.splitlines()[0] == '12, of which 1 yours'
    assert 'press Apply again' not in results_words(measured.ui)


def test_a_roi_moved_off_the_slice_is_measured_on_it_and_nothing_is_stale(measured, plain):
    rois = find_outputs(plain).background_rois
    before = measured.panel.result.nema.placement.rois[2].center_ras_mm
    rois.SetNthControlPointPositionWorld(2, *np.add(before, (3.0, 2.0, 4.0)))
    measured.ui.applyButton.click()

    assert wanted_rois(plain)[2].position_ras_mm[2] == pytest.approx(before[2])
    assert 'press Apply again' not in results_words(measured.ui)


def test_a_roi_on_a_sphere_is_named(measured, plain):
    sphere = measured.panel.result.spheres[0].center_ras_mm
    find_outputs(plain).background_rois.SetNthControlPointPositionWorld(4, *sphere)
    measured.ui.applyButton.click()

    (line,) = [n for n in measured.ui.roisLabel.text.splitlines() if 'mm from a sphere' in n]
    assert 'BG05' in line.split(':')[0].split(', ')
    assert results_words(measured.ui).count('mm from a sphere') == 1
    assert line in results_words(measured.ui)

    measured.ui.placeROIsAgainButton.click()
    assert measured.ui.roisLabel.text == '12, placed by the rule', 'old doubts are gone at once'


def test_place_again_brings_the_rule_back(measured, plain):
    rule = measured.panel.result.nema.placement.rois[2].center_ras_mm
    rois = find_outputs(plain).background_rois
    rois.SetNthControlPointPositionWorld(2, *np.add(rule, (3.0, 2.0, 0.0)))
    measured.ui.applyButton.click()
    assert measured.ui.placeROIsAgainButton.enabled

    measured.ui.placeROIsAgainButton.click()
    shown = slicer.util.arrayFromMarkupsControlPoints(rois, world=True)[2]
    measured.ui.applyButton.click()

    assert shown == pytest.approx(rule)
    assert wanted_rois(plain) == ()
    assert measured.panel.result.nema.placement.rois[2].center_ras_mm == pytest.approx(rule)
    assert measured.ui.roisLabel.text.splitlines()[0] == '12, placed by the rule'


def test_rois_that_were_all_deleted_can_be_placed_again(measured, plain):
    rois = find_outputs(plain).background_rois
    rois.RemoveAllControlPoints()
    assert measured.ui.placeROIsAgainButton.enabled

    measured.ui.placeROIsAgainButton.click()

    assert rois.GetNumberOfControlPoints() == 12


def test_uncertainties_and_the_fit_are_in_the_tables(measured, plain):
    columns = {
        node.GetTable().GetColumnName(n)
        for node in find_outputs(plain).tables.values()
        for n in range(node.GetNumberOfColumns())
    }

    assert [name for name in columns if 'fwhm' in name]
    assert [name for name in columns if 'deviation' in name]
    assert [name for name in columns if 'sd_' in name or '_sd' in name]
    assert 'flags' in columns
