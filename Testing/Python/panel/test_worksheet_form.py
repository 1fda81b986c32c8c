"""The fill worksheet as typed text: what it means, what is missing, what a scene keeps."""

import json
import re
import sys
from dataclasses import replace
from datetime import datetime

import pytest
from VOIIdentificationLib.activity.worksheet import Fill, FillWorksheet
from VOIIdentificationLib.activity.worksheet_json import worksheet_to_json
from VOIIdentificationLib.core.errors import InputFileError
from VOIIdentificationLib.suv.scan_facts import ScanFacts

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from stand_in_application import TRANSLATOR  # noqa: E402 - needs slicer

with pytest.MonkeyPatch.context() as patch:
    patch.setitem(sys.modules, 'slicer.i18n', TRANSLATOR)
    from VOIIdentificationLib.panel.worksheet_form import (
        FillForm,
        WorksheetForm,
        form_from_text,
        form_of_scan,
        form_of_worksheet,
        form_to_text,
        with_whole_times,
        worksheet_of_form,
    )

START = datetime(2026, 3, 1, 10, 15)
HOT = FillForm('20,9 MBq', '09:15', '0.5', '9:18:30', '700')
FORM = WorksheetForm(hot=HOT, scan_start='2026-03-01 10:15:00', half_life='6586.2', duration='600')
FULL = FillWorksheet(
    hot=Fill(20.0, START, 700.0, 0.4, START, volume_sd_percent=0.1, reading_sd_percent=0.3),
    background=Fill(30.0, START, 9700.0),
    scan_start=START,
    isotope='Ga-68',
    half_life_sd_s=3.0,
    scan_duration_s=120.5,
    decay_corrected=False,
    calibrator_sd_percent=1.5,
    clock_sd_s=7.0,
)


def test_an_empty_form_is_an_unknown_activity():
    assert worksheet_of_form(WorksheetForm()) is None
    assert worksheet_of_form(WorksheetForm(scan_start='2026-03-01 10:15')) is None


def test_what_was_typed_becomes_a_worksheet():
    worksheet = worksheet_of_form(FORM)

    assert worksheet.hot == Fill(
        20.9,
        datetime(2026, 3, 1, 9, 15),
        700.0,
        0.5,
        datetime(2026, 3, 1, 9, 18, 30),
    )
    assert worksheet.background is None
    assert (worksheet.isotope, worksheet.half_life_s) == ('F-18', 6586.2)
    assert (worksheet.scan_start, worksheet.scan_duration_s) == (START, 600.0)
    assert worksheet.decay_corrected
    assert worksheet.calibrator_sd_percent == 2.9


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'scan_start': ''}, 'the scan start is missing'),
        ({'scan_start': '10:15'}, "the scan start must be a local time .* got '10:15'"),
        ({'scan_start': '2026-03-01'}, 'the scan start must be a local time'),
        ({'scan_start': '2026-03-01T10:15:00+01:00'}, 'must be a local time'),
        ({'half_life': 'long'}, "the half-life must be a number of s, got 'long'"),
        ({'half_life': '1e9'}, "the half-life must be 60 to 1e.08 s, got '1e9'"),
        ({'half_life': 'inf'}, 'the half-life must be 60 to 1e.08 s'),
        ({'duration': '1e6'}, "the scan duration must be 0 to 86400 s, got '1e6'"),
        ({'calibrator': '-1'}, "the calibrator must be 0 to 25 %, got '-1'"),
        ({'calibrator': '200 %'}, "the calibrator must be 0 to 25 %, got '200 %'"),
        ({'isotope': 'Xx-1', 'half_life': ''}, 'half-life of Xx-1 is not in the table of isotopes'),
        ({'hot': replace(HOT, volume='0')}, 'hot volume must be more than 0 and at most 100000 mL'),
        ({'hot': replace(HOT, residual='-3')}, "the hot residual must be 0 to 10000 MBq, got '-3'"),
        ({'hot': replace(HOT, assay='')}, 'the hot assay is missing'),
        (
            {'hot': replace(HOT, assay='nan')},
            'the hot assay must be more than 0 and at most 10000 MBq',
        ),
        ({'hot': replace(HOT, assay_time='')}, 'the hot assay time is missing'),
        ({'hot': replace(HOT, assay_time='25:00')}, 'the hot assay time must be a local time'),
        ({'hot': replace(HOT, volume=' ')}, 'the hot volume is missing'),
        ({'hot': replace(HOT, residual_time='')}, 'the hot residual time is missing'),
        ({'background': FillForm(volume='9700')}, 'the background assay is missing'),
    ],
)
def test_what_is_missing_or_wrong_is_named(changes, words):
    with pytest.raises(InputFileError, match=words):
        worksheet_of_form(replace(FORM, **changes))


def refusal(form):
    try:
        worksheet_of_form(form)
    except InputFileError as error:
        return str(error)
    return ''


def test_no_message_holds_a_key_of_a_file():
    texts = ['', 'x', 'nan', 'inf', '-1', '0', '1e12']
    changes = [{name: text} for name in ('half_life', 'duration', 'calibrator') for text in texts]
    changes += [
        {'hot': replace(HOT, **{name: text})}
        for name in ('assay', 'residual', 'volume', 'assay_time', 'residual_time')
        for text in texts
    ]
    said = [refusal(replace(FORM, **change)) for change in changes]

    assert sum(map(bool, said)) > 30
    assert not [text for text in said if re.search(r'\w_\w|"', text)]


def test_a_clock_that_may_be_of_the_day_before_asks_for_its_date():
    """Filled at 23:50, scanned at 00:40: the day of the scan would be wrong by a day."""
    night = replace(FORM, scan_start='2026-03-02 00:40', hot=replace(HOT, assay_time='23:50'))
    dated = replace(night, hot=replace(HOT, assay_time='2026-03-01 23:50', residual_time='00:10'))

    with pytest.raises(InputFileError, match=r'23:50 is long after .*write its date'):
        worksheet_of_form(night)

    assert worksheet_of_form(dated).hot.assay_time == datetime(2026, 3, 1, 23, 50)
    assert worksheet_of_form(dated).hot.residual_time == datetime(2026, 3, 2, 0, 10)


def test_times_of_day_get_their_date_for_the_user_to_see():
    whole = with_whole_times(replace(FORM, scan_start='2026-03-01 10:15'))

    assert whole.scan_start == '2026-03-01 10:15:00'
    assert whole.hot.assay_time == '2026-03-01 09:15:00'
    assert whole.hot.residual_time == '2026-03-01 09:18:30'
    assert whole.background == FillForm()
    assert worksheet_of_form(whole) == worksheet_of_form(FORM)


@pytest.mark.parametrize(
    'form', [replace(FORM, scan_start=''), replace(FORM, hot=replace(HOT, assay_time='soon'))]
)
def test_what_cannot_be_read_stays_as_typed(form):
    assert with_whole_times(form).hot.assay_time == form.hot.assay_time


def test_a_worksheet_comes_back_with_what_the_form_does_not_show():
    assert worksheet_of_form(form_of_worksheet(FULL)) == FULL


def test_an_edit_keeps_the_uncertainties_that_the_form_does_not_show():
    form = form_of_worksheet(FULL)
    edited = worksheet_of_form(replace(form, hot=replace(form.hot, volume='650')))

    assert edited == replace(FULL, hot=replace(FULL.hot, volume_ml=650.0))


def test_another_isotope_has_its_own_half_life_and_uncertainty():
    edited = worksheet_of_form(replace(form_of_worksheet(FULL), isotope='F-18'))

    assert (edited.isotope, edited.half_life_s, edited.half_life_sd_s) == ('F-18', None, None)


def test_an_image_that_is_not_decay_corrected_says_so():
    assert not worksheet_of_form(replace(FORM, decay_corrected=False)).decay_corrected


def test_a_fill_that_is_emptied_was_not_made():
    assert worksheet_of_form(replace(form_of_worksheet(FULL), hot=FillForm())).hot is None


@pytest.mark.parametrize('form', [FORM, form_of_worksheet(FULL), replace(FORM, hot=FillForm('x'))])
def test_a_scene_keeps_what_was_typed_half_filled_or_not(form):
    assert form_from_text(form_to_text(form)) == form


def test_nothing_typed_is_no_text():
    assert form_to_text(WorksheetForm()) == ''
    assert form_from_text('') == WorksheetForm()


def test_the_json_of_an_activity_file_is_understood_too():
    text = json.dumps(worksheet_to_json(FULL))

    assert worksheet_of_form(form_from_text(text)) == FULL


@pytest.mark.parametrize(
    'text',
    [
        'no JSON',
        '[]',
        '{"schema": "voi-identification/activity/9"}',
        '{"schema": "voi-identification/worksheet-form/1", "hot": {"assay": 3}}',
        '{"schema": "voi-identification/worksheet-form/1", "hot": "20"}',
        '{"schema": "voi-identification/worksheet-form/1", "decay_corrected": "no"}',
    ],
)
def test_a_text_that_is_no_worksheet_is_refused(text):
    with pytest.raises(InputFileError):
        form_from_text(text)


def test_keys_of_another_version_are_left_out():
    text = '{"schema": "voi-identification/worksheet-form/1", "scan_start": "x", "color": "red"}'

    assert form_from_text(text) == WorksheetForm(scan_start='x')


def test_a_worksheet_begins_with_what_the_header_tells():
    facts = ScanFacts('Ga-68', 4058.4, START, 600.0, decay_corrected=False)

    form = form_of_scan(facts)

    assert form.empty
    assert form == WorksheetForm(
        isotope='Ga-68',
        half_life='4058.4',
        scan_start='2026-03-01 10:15:00',
        duration='600',
        decay_corrected=False,
    )
    assert form_of_scan(ScanFacts()) == WorksheetForm()
