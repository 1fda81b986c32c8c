"""What other wings say is shown in the language of the application, with its values."""

import json
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from dicom_files import Made, write
from VOIIdentificationLib.activity.worksheet import Fill
from VOIIdentificationLib.analysis import analyze
from VOIIdentificationLib.core.errors import CanceledError, PhantomError, SeedError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.phantom import Seed, load_phantom
from VOIIdentificationLib.core.sentence import Sentence, sentence_of
from VOIIdentificationLib.dicom.read import read_pet_series
from VOIIdentificationLib.dicom.source import VolumeSource, header_scale
from VOIIdentificationLib.evaluate.limits import find_limits
from VOIIdentificationLib.files.markups import read_seeds
from VOIIdentificationLib.files.volume import read_volume
from VOIIdentificationLib.locate.check import require_inside
from VOIIdentificationLib.many.stored import find_results
from VOIIdentificationLib.measure.voi_mask import Sphere, voi_mask
from VOIIdentificationLib.report.export import check_target
from VOIIdentificationLib.suv.header import SUVHeader
from VOIIdentificationLib.suv.scale import suv_scale

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from stand_in_application import TRANSLATOR  # noqa: E402 - needs slicer
from VOIIdentificationLib.mrml.volume import (  # noqa: E402
    image_from_volume_node,
    volume_node_from_image,
)

with pytest.MonkeyPatch.context() as patch:
    patch.setitem(sys.modules, 'slicer.i18n', TRANSLATOR)
    from VOIIdentificationLib.mrml import said
    from VOIIdentificationLib.mrml.said import errors_translated, reason_of, translated
    from VOIIdentificationLib.panel.activity import known_from_text
    from VOIIdentificationLib.panel.findings import findings
    from VOIIdentificationLib.panel.limits import limits_text
    from VOIIdentificationLib.panel.worksheet_form import FillForm, form_from_text, form_to_text

GRID = VolumeGeometry((4, 5, 6), np.diag([2.0, 3.0, 4.0, 1.0]))
NOON = datetime(2026, 3, 1, 12)


@pytest.fixture
def asked(monkeypatch):
    """Contexts and texts that the application's translator was asked for; it marks them."""
    asked = {}

    def mark(context, text):
        asked[text] = context
        return f'«{text}»'

    monkeypatch.setattr(said, 'translate', mark)
    return asked


def old_results(folder):
    (folder / 'results.json').write_text('{}', encoding='utf-8')
    check_target(folder)


REFUSALS = {
    'core.phantom': (lambda _folder: load_phantom('my phantom'), 'my phantom'),
    'core.config_json': (lambda folder: find_limits(str(folder / 'a.json')), 'a.json'),
    'activity.worksheet': (lambda _folder: Fill(20.0, NOON, 1000.0, 1.0), 'residual'),
    'suv.scale': (lambda _folder: suv_scale(SUVHeader(units='PROPCNT')), 'PROPCNT'),
    'files.markups': (lambda folder: read_seeds(folder / 'seeds.txt'), 'seeds.txt'),
    'files.volume': (lambda folder: read_volume(folder / 'pet.nrrd'), 'pet.nrrd'),
    'measure.voi_mask': (lambda _folder: voi_mask(Sphere('S37', (0, 0, 900), 37.0), GRID), 'S37'),
    'locate.check': (lambda _folder: require_inside(GRID, [Seed('S22', (0, 0, 900))]), '900'),
    'evaluate.limits': (lambda _folder: find_limits('mine'), 'mine'),
    'dicom.folder': (lambda folder: read_pet_series(folder / 'gone'), 'gone'),
    'dicom.source': (lambda _folder: header_scale(VolumeSource()), 'DICOM'),
    'report.export': (old_results, 'results.json'),
    'many.stored': (find_results, 'results.json'),
    'mrml.volume': (lambda _folder: image_from_volume_node(None), 'volume'),
}


def refusal(context, folder):
    refuse, value = REFUSALS[context]
    with pytest.raises(PhantomError) as caught:
        refuse(folder)
    return caught.value, value


@pytest.mark.parametrize('context', REFUSALS)
def test_a_refusal_of_each_wing_is_shown_translated_with_its_values(context, asked, tmp_path):
    error, value = refusal(context, tmp_path)

    shown = reason_of(error)

    assert context in asked.values()
    assert '«' in shown
    assert value in shown
    assert shown.replace('«', '').replace('»', '') == str(error)


@pytest.mark.parametrize('context', REFUSALS)
def test_without_a_translation_it_is_english(context, tmp_path):
    error, _value = refusal(context, tmp_path)

    assert reason_of(error) == str(error)


def test_a_translation_that_lost_a_value_is_not_shown(monkeypatch, tmp_path):
    error, _value = refusal('evaluate.limits', tmp_path)
    monkeypatch.setattr(said, 'translate', lambda _context, _text: 'es gibt sie nicht')

    assert reason_of(error) == str(error)


def test_why_a_worksheet_is_not_used_is_shown_translated_and_exported_in_english(
    widget, made, asked
):
    node = volume_node_from_image(made[0], 'PET')
    widget.panel.parameters.inputVolume = node
    form = replace(form_from_text(''), scan_start='noon', hot=FillForm(assay='20'))
    widget.panel.parameters.activity = form_to_text(form)

    (note,) = known_from_text(widget.panel.parameters.activity).notes

    assert note.startswith('The worksheet is not used, the activity is unknown: the scan start')
    assert widget.ui.activityLabel.text == translated(note)
    assert widget.ui.activityLabel.text.count('«') >= 3
    assert asked['the scan start'] == 'panel.worksheet_form'


def test_the_list_of_series_in_a_refusal_is_translated_line_by_line(asked, tmp_path):
    for n in (1, 2):
        write(Made(series_uid=f'1.2.{n}'), tmp_path / str(n))
    with pytest.raises(PhantomError, match='choose one') as caught:
        read_pet_series(tmp_path)

    _choose, first, second = reason_of(caught.value).splitlines()

    assert first.startswith('  «1.2.1: PT, ')
    assert second.startswith('  «1.2.2: PT, ')
    assert '«5 images»' in first
    assert asked['{count} images'] == 'dicom.folder'


def test_other_texts_and_errors_are_shown_as_they_are(asked):
    assert translated('plain') == 'plain'
    assert reason_of(OSError(2, 'gone')) == '[Errno 2] gone'
    assert asked == {}


@pytest.mark.parametrize('flag', Flag)
def test_flags_are_translated_in_the_same_way(flag, asked):
    assert translated(flag.text) == f'«{flag.text}»'
    assert asked == {flag.text: 'core.flags'}


def test_an_error_that_is_shown_by_str_speaks_the_language_and_keeps_its_kind(asked, tmp_path):
    error, _value = refusal('locate.check', tmp_path)

    with pytest.raises(SeedError, match=r'^«the seed S22 ') as caught, errors_translated():
        raise error

    assert caught.value.__cause__ is error
    with pytest.raises(ValueError, match='plain'), errors_translated():
        raise ValueError('plain')  # noqa: EM101


def test_without_a_translation_the_error_itself_goes_on(tmp_path):
    error, _value = refusal('locate.check', tmp_path)

    with pytest.raises(SeedError) as caught, errors_translated():
        raise error

    assert caught.value is error


def test_notes_and_contradictions_are_shown_translated(made, asked):
    image, truth = made
    seeds = [Seed('', one.center_ras_mm) for one in truth.inserts]
    result = analyze(image, seeds, load_phantom('NEMA IEC body'))
    assert all(isinstance(note, Sentence) for note in result.notes)

    groups = findings(result, changed=False)

    lines = [line.text for group in groups for line in group.lines]
    for note in result.notes:
        assert translated(note) in lines
    assert 'locate.seeds' in asked.values()


def test_a_reason_in_the_panel_is_translated(asked):
    assert limits_text('mine').startswith('«there are no limits ')


def test_what_apply_lacks_is_translated(module, widget, made, asked):
    node = volume_node_from_image(made[0], 'PET')
    widget.panel.parameters.inputVolume = node
    widget.ui.placeSeedsButton.click()
    widget.ui.seedsWidget.click_in_slice((0.0, 0.0, 900.0))

    assert widget.ui.missingBrowser.plainText.startswith('«the seed ')
    assert '900.0' in widget.ui.missingBrowser.plainText


def test_an_error_of_apply_is_translated_in_its_dialog(widget, made, asked):
    node = volume_node_from_image(made[0], 'PET')
    widget.panel.parameters.inputVolume = node
    slicer.util.arrayFromVolume(node)[:] = 7.0  # nothing to be found
    slicer.util.arrayFromVolumeModified(node)

    with pytest.raises(SeedError, match=r'^«') as caught:
        widget.ui.applyButton.click()

    assert sentence_of(caught.value.__cause__).context == 'locate.detect'


def test_steps_of_the_work_are_translated(widget, made, asked):
    from stand_in_classes import ProgressDialog

    with widget.panel.dialogs.progress('Measuring') as tell:
        tell(0.5, Sentence('fitting the spheres', 'locate.detect'))
        assert ProgressDialog.made_[-1].labelText == '«fitting the spheres»'


def test_a_file_that_holds_something_else_names_the_place_within(asked, tmp_path):
    """A sentence within a sentence within a sentence, each in the context of its own file."""
    path = tmp_path / 'limits.json'
    row = {'quantity': 'rc_max', 'diameter_mm': -1, 'high': 1.0}
    data = {'schema': 'voi-identification/limits/1', 'name': 'x', 'source': 'y', 'version': '1'}
    path.write_text(json.dumps({**data, 'rows': [row]}), encoding='utf-8')

    shown = limits_text(str(path))

    assert shown.startswith(f'{path}')
    assert '«"diameter_mm" must «be more than 0 mm», got -1»' in shown
    assert set(asked.values()) == {'core.config_json'}
    assert Path(path).name in shown


def test_canceling_is_not_an_error(widget, asked):
    with widget.panel.dialogs.guard('x'):
        raise CanceledError
