"""Slips that people make, each with the sentence that it must give; and good sheets, with none."""

import math
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from VOIIdentificationLib.activity.worksheet import Fill, FillWorksheet, true_activity
from VOIIdentificationLib.evaluate.plausibility import (
    Measured,
    header_contradictions,
    image_contradictions,
    worksheet_contradictions,
)
from VOIIdentificationLib.suv.scan_facts import ScanFacts

START = datetime(2026, 3, 1, 10, 15)
F18_HALF_LIFE_S = 6586.2
SHEET = FillWorksheet(
    hot=Fill(20.0, START, 1000.0), background=Fill(40.0, START, 8000.0), scan_start=START
)
FACTS = ScanFacts(
    isotope='F-18',
    half_life_s=F18_HALF_LIFE_S,
    scan_start=START,
    scan_duration_s=600.0,
    decay_corrected=True,
)
SHOWN = Measured(core=20300.0, core_diameter_mm=37.0, background=4900.0)


def said_of_image(sheet, shown=SHOWN):
    return ' '.join(image_contradictions(true_activity(sheet), shown, sheet))


def test_a_good_sheet_is_not_contradicted():
    assert worksheet_contradictions(SHEET) == ()
    assert header_contradictions(SHEET, FACTS) == ()
    assert image_contradictions(true_activity(SHEET), SHOWN, SHEET) == ()


def test_a_header_that_is_silent_contradicts_nothing():
    facts = replace(FACTS, isotope='', half_life_s=None, scan_start=None)

    assert header_contradictions(SHEET, facts) == ()


def test_a_minute_is_no_contradiction():
    facts = replace(FACTS, scan_start=START + timedelta(seconds=59))

    assert header_contradictions(SHEET, facts) == ()


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        ({'scan_start': START + timedelta(hours=1)}, '60 min, in which 32 % decay'),
        ({'scan_start': START.replace(hour=0, minute=0)}, '10.2 h'),
        ({'isotope': 'Ga-68'}, 'says Ga-68, the header of the scan F-18'),
        ({'half_life_s': 6700.0}, 'half-life of 6700 s, the header 6586.2 s'),
        ({'decay_corrected': False}, 'is not decay-corrected, after the header it is decay'),
    ],
)
def test_a_header_that_says_something_else(change, sentence):
    (said,) = header_contradictions(replace(SHEET, **change), FACTS)

    assert sentence in said


UNCORRECTED = replace(FACTS, decay_corrected=False)


@pytest.mark.parametrize(
    ('duration_s', 'sentence'),
    [(6000.0, 'of 6000 s, the header one of 600 s: the mean of the image would be 23 % off'),
     (0.0, 'of 0 s, the header one of 600 s: the mean of the image would be 3 % off')],
)  # fmt: skip
def test_another_duration_of_an_uncorrected_image(duration_s, sentence):
    """The mean of F-18 over T is (1 - exp(-x)) / x, x = T ln 2 / 6586 s: 0.741 and 0.969."""
    sheet = replace(SHEET, decay_corrected=False, scan_duration_s=duration_s)

    (said,) = header_contradictions(sheet, UNCORRECTED)

    assert sentence in said


@pytest.mark.parametrize(('duration_s', 'silent'), [(785.0, True), (800.0, False)])
def test_a_duration_counts_by_what_decays_in_the_difference(duration_s, silent):
    """1 % of F-18 decays in 95.5 s: in twice that, of which the mean is in the middle."""
    sheet = replace(SHEET, decay_corrected=False, scan_duration_s=duration_s)

    assert (header_contradictions(sheet, UNCORRECTED) == ()) is silent


def test_a_duration_does_not_matter_to_a_corrected_image():
    """A header has the length of a bed or a frame, a worksheet that of the whole scan."""
    assert header_contradictions(replace(SHEET, scan_duration_s=6000.0), FACTS) == ()


def test_a_duration_that_the_header_does_not_say_contradicts_nothing():
    sheet = replace(SHEET, decay_corrected=False, scan_duration_s=6000.0)

    assert header_contradictions(sheet, replace(UNCORRECTED, scan_duration_s=None)) == ()


def test_a_long_lived_isotope_may_be_read_half_an_hour_apart():
    sheet = replace(SHEET, isotope='Zr-89', scan_start=START + timedelta(minutes=30))
    facts = replace(FACTS, isotope='Zr-89', half_life_s=78.41 * 3600)

    assert header_contradictions(sheet, facts) == ()


@pytest.mark.parametrize(
    ('fill', 'sentence'),
    [
        (Fill(20.0, START + timedelta(hours=2), 1000.0), 'after the scan started'),
        (Fill(20.0, START.replace(year=2025), 1000.0), 'check the dates'),
        (Fill(20.0, START, 1000.0, 25.0, START), 'check which is which'),
    ],
)
def test_a_fill_that_cannot_be(fill, sentence):
    (said,) = worksheet_contradictions(replace(SHEET, hot=fill))

    assert sentence in said


@pytest.mark.parametrize(('half_lives', 'said'), [(9.9, False), (10.1, True)])
def test_an_assay_may_be_ten_half_lives_old(half_lives, said):
    old = Fill(20.0, START - half_lives * timedelta(seconds=F18_HALF_LIFE_S), 1000.0)

    sentences = worksheet_contradictions(replace(SHEET, hot=old))

    assert ['10 half-lives before the scan' in text for text in sentences] == [True] * said


@pytest.mark.parametrize(
    ('factor', 'slip'),
    [(1 / 37, 'in mCi was typed as MBq'), (1e3, 'in L as mL'), (1e6, 'in Bq was typed as MBq')],
)
def test_units_that_were_mistaken_are_named(factor, slip):
    sheet = replace(
        SHEET,
        hot=replace(SHEET.hot, assay_mbq=20.0 * factor),
        background=replace(SHEET.background, assay_mbq=40.0 * factor),
    )

    assert slip in said_of_image(sheet)


def test_an_hour_of_decay_is_told_by_the_image():
    sheet = replace(SHEET, scan_start=START + timedelta(hours=1))

    assert 'would a scan start 60 min earlier' in said_of_image(sheet)
    assert f'{math.exp(3600 * math.log(2) / F18_HALF_LIFE_S):.3g}'[:3] in said_of_image(sheet)


def test_exchanged_fills_are_told_by_the_image():
    sheet = replace(SHEET, hot=Fill(40.0, START, 8000.0), background=Fill(20.0, START, 1000.0))

    assert 'hot and background fill were exchanged' in said_of_image(sheet)


def test_fills_that_are_equal_have_no_contrast():
    sheet = replace(SHEET, hot=Fill(40.0, START, 7900.0))

    assert 'cannot be told from it' in said_of_image(sheet)


def test_one_wrong_fill_is_named_alone():
    said = said_of_image(replace(SHEET, background=replace(SHEET.background, volume_ml=4000.0)))

    assert 'a_B is 10000 Bq/mL' in said
    assert 'a_H is' not in said


def test_a_small_sphere_may_be_lowered_by_the_blur():
    low = Measured(core=9000.0, core_diameter_mm=13.0, background=4900.0)

    assert image_contradictions(true_activity(SHEET), low, SHEET) == ()


def test_what_is_not_measured_contradicts_nothing():
    nothing = Measured(core=None, core_diameter_mm=37.0, background=None)

    assert image_contradictions(true_activity(SHEET), nothing, SHEET) == ()
