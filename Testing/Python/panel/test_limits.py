"""Limits and baseline in the panel, driven as a user drives it: chosen, judged, saved, refused."""

import json
from dataclasses import replace

import pytest

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from stand_in_application import application, parent_widget  # noqa: E402
from stand_in_classes import FileDialog  # noqa: E402
from VOIIdentificationLib.evaluate.limits import load_limits  # noqa: E402
from VOIIdentificationLib.mrml.volume import volume_node_from_image  # noqa: E402
from VOIIdentificationLib.report.formats import write_results  # noqa: E402
from VOIIdentificationLib.synthetic.phantom import SyntheticPhantom, grid, synthesize  # noqa: E402

NONE = 'none: the overall verdict stays "not judged"'


@pytest.fixture(scope='module')
def made():
    return synthesize(SyntheticPhantom(grid((76, 64, 26), (4.1, 4.3, 5.0))))[0]


@pytest.fixture
def widget(scene, monkeypatch, made):
    with application(scene, monkeypatch) as module:
        widget = module.VOIIdentificationWidget(parent_widget())
        widget.setup()
        volume_node_from_image(made, 'PET')
        widget.panel.parameters.inputVolume = slicer.mrmlScene.GetFirstNodeByName('PET')
        yield widget
        widget.cleanup()


def add(widget, path):
    FileDialog.answer_ = str(path)
    widget.ui.limitsComboBox.currentText = 'From a file…'


def profile(folder, name='Site', **row):
    path = folder / f'{name}.json'
    rows = [{'quantity': 'variability_percent', 'diameter_mm': 37, **row}]
    data = {'schema': 'voi-identification/limits/1', 'name': name, 'source': 'x', 'version': '1'}
    path.write_text(json.dumps({**data, 'rows': rows}), encoding='utf-8')
    return path


@pytest.mark.parametrize(
    ('row', 'level'),
    [
        ({'high': 50}, 'pass'),
        ({'high': 50, 'warning_low': 40}, 'warning'),
        ({'low': 40}, 'fail'),
    ],
)
def test_limits_of_a_file_are_judged_by_apply(widget, tmp_path, row, level):
    add(widget, profile(tmp_path, **row))
    assert widget.ui.limitsLabel.text == 'Site'
    assert widget.ui.limitsComboBox.currentText == 'Add…'

    widget.ui.applyButton.click()

    lines = widget.ui.standardsLabel.text.splitlines()
    assert lines[0] == f'Overall verdict: {level}'
    assert lines[1].startswith('Site: ')
    assert ('S37: N_j' in lines[1]) == (level != 'pass')
    assert widget.panel.outputs.tables['verdict'].GetNumberOfRows() == 2


def test_shipped_limits_are_added_by_name_and_cleared(widget):
    widget.ui.limitsComboBox.currentText = 'EARL 1'
    widget.ui.limitsComboBox.currentText = 'EARL 2'
    assert widget.ui.limitsLabel.text == 'EARL 1, EARL 2'
    widget.ui.clearLimitsButton.click()
    assert widget.ui.limitsLabel.text == NONE
    assert widget.panel.parameters.limits == ''


def test_a_canceled_file_or_the_heading_changes_no_limits(widget, tmp_path):
    add(widget, profile(tmp_path, 'Good', high=50))
    FileDialog.answer_ = ''
    for chosen in ('From a file…', 'Add…'):
        widget.ui.limitsComboBox.currentText = chosen
    assert widget.ui.limitsLabel.text == 'Good'
    assert str(widget.panel.parameters.limits) == str(tmp_path / 'Good.json')


def test_another_choice_makes_the_result_stale(widget):
    widget.ui.applyButton.click()
    measured = widget.panel.measured
    assert measured.request.same_as(widget.panel.request)
    widget.ui.limitsComboBox.currentText = 'EARL 1'
    assert not measured.request.same_as(widget.panel.request)


@pytest.mark.parametrize(
    ('row', 'sentence'),
    [
        ({'low': 3, 'high': 2}, '"low" must be below "high", got 3 and 2'),
        ({'low': float('nan')}, '"low" must be a number, got nan'),
        ({'lowest': 3}, "unknown key 'lowest'"),
    ],
)
def test_a_profile_that_makes_no_sense_is_refused_and_the_choice_stays(
    widget, tmp_path, row, sentence
):
    add(widget, profile(tmp_path, 'Good', high=50))
    with pytest.raises(Exception, match=sentence):
        add(widget, profile(tmp_path, 'Bad', **row))
    assert widget.ui.limitsLabel.text == 'Good'


def test_a_file_that_is_gone_is_said_before_apply(widget, tmp_path):
    path = profile(tmp_path, high=50)
    add(widget, path)
    path.unlink()
    widget.panel.update()
    assert 'cannot be read' in widget.ui.limitsLabel.text
    assert not widget.ui.applyButton.enabled


def test_a_file_that_was_edited_is_read_again(widget, tmp_path):
    add(widget, profile(tmp_path, high=50))
    widget.ui.applyButton.click()
    assert 'Overall verdict: pass' in widget.ui.standardsLabel.text
    profile(tmp_path, high=50, low=40)
    widget.ui.applyButton.click()
    assert 'Overall verdict: fail' in widget.ui.standardsLabel.text


def test_a_start_is_saved_and_can_be_taken(widget, tmp_path):
    assert not widget.ui.saveLimitsButton.enabled
    widget.ui.applyButton.click()
    FileDialog.answer_ = str(tmp_path / 'start.json')
    widget.ui.saveLimitsButton.click()

    rows = {
        (row.quantity, row.diameter_mm): row for row in load_limits(tmp_path / 'start.json').rows
    }
    row = rows['variability_percent', 37.0]
    value = widget.panel.result.nema.spheres[0].variability_percent
    assert (row.low, row.high) == pytest.approx((0.9 * value, 1.1 * value), rel=1e-3)
    assert (row.warning_low, row.warning_high) == pytest.approx(
        (0.95 * value, 1.05 * value), rel=1e-3
    )
    add(widget, tmp_path / 'start.json')
    widget.ui.applyButton.click()
    assert {one.verdict.level.value for one in widget.panel.result.verdict.values} == {'pass'}


def test_a_baseline_is_compared_and_its_unknown_scanner_said(widget, tmp_path):
    widget.ui.applyButton.click()
    write_results(tmp_path / 'results.json', widget.panel.result)
    FileDialog.answer_ = str(tmp_path / 'results.json')
    widget.ui.baselineButton.click()
    assert widget.ui.baselineLabel.text == str(tmp_path / 'results.json')

    widget.ui.applyButton.click()
    baseline = widget.panel.result.baseline
    assert {one.change for one in baseline.changes} == {0.0}
    assert 'same scanner' in baseline.unsure
    assert 'baseline' in widget.panel.outputs.tables

    widget.ui.clearBaselineButton.click()
    widget.ui.applyButton.click()
    assert widget.panel.result.baseline is None
    assert widget.ui.baselineLabel.text == 'none'


def test_a_baseline_of_another_phantom_is_refused_and_the_result_stays(widget, tmp_path):
    widget.ui.applyButton.click()
    before = widget.panel.result
    other = replace(before, phantom=replace(before.phantom, name='Another'))
    write_results(tmp_path / 'results.json', other)
    FileDialog.answer_ = str(tmp_path / 'results.json')
    widget.ui.baselineButton.click()
    with pytest.raises(Exception, match='is of another phantom: its phantom is Another'):
        widget.ui.applyButton.click()
    assert widget.panel.result is before
