"""Slips that people make, each with the sentence that it must give; and good sheets, with none."""

import math
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from VOIIdentificationLib.activity.worksheet import (
    Fill,
    FillWorksheet,
    TrueActivity,
    true_activity,
)
from VOIIdentificationLib.evaluate.plausibility import (
    Measured,
    cold_by_design,
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


def test_beds_that_are_not_corrected_have_no_one_fill():
    sheet = replace(SHEET, decay_corrected=False, scan_duration_s=600.0)
    facts = replace(FACTS, decay_corrected=False, scan_start=None)

    assert header_contradictions(sheet, replace(facts, spread_s=90.0)) == ()
    (said,) = header_contradictions(sheet, replace(facts, spread_s=660.0))
    assert 'instants 11 min apart, in which 7 % decay' in said


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        ({'scan_start': START + timedelta(hours=1)}, '60 min, in which 32 % decay'),
        ({'scan_start': START.replace(hour=0, minute=0)}, '10.2 h, in which 98 % decay'),
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


O15_HALF_LIFE_S = 122.24


@pytest.mark.parametrize(('apart_s', 'said'), [(59, False), (61, True), (-59, False), (-61, True)])
def test_a_minute_is_what_clocks_are_read_to_however_short_the_half_life(apart_s, said):
    sheet = replace(SHEET, isotope='O-15', scan_start=START + timedelta(seconds=apart_s))
    facts = replace(FACTS, isotope='O-15', half_life_s=O15_HALF_LIFE_S)

    assert bool(header_contradictions(sheet, facts)) == said


@pytest.mark.parametrize(('apart_s', 'said'), [(94, False), (97, True), (-94, False), (-97, True)])
def test_times_apart_count_from_where_one_percent_decays(apart_s, said):
    """1 - 2 ** (-t / 6586 s) is 0.01 at 95.5 s."""
    sheet = replace(SHEET, scan_start=START + timedelta(seconds=apart_s))

    assert bool(header_contradictions(sheet, FACTS)) == said


@pytest.mark.parametrize(
    ('factor', 'said'), [(0.9895, True), (0.991, False), (1.009, False), (1.0105, True)]
)
def test_half_lives_may_differ_by_one_percent(factor, said):
    sheet = replace(SHEET, half_life_s=factor * F18_HALF_LIFE_S)

    assert bool(header_contradictions(sheet, FACTS)) == said


@pytest.mark.parametrize(
    ('apart', 'text'),
    [
        (timedelta(minutes=119), '119 min'),
        (timedelta(minutes=120), '2.0 h'),
        (timedelta(minutes=2879), '48.0 h'),
        (timedelta(minutes=2880), '2 d'),
        (timedelta(days=-30), '30 d'),
    ],
)
def test_a_span_is_told_in_minutes_hours_or_days(apart, text):
    sheet = replace(SHEET, isotope='Zr-89', scan_start=START + apart)
    facts = replace(FACTS, isotope='Zr-89', half_life_s=78.41 * 3600)

    assert f': {text}, in which' in header_contradictions(sheet, facts)[0]


def test_an_empty_syringe_is_not_said_of_one_that_held_a_little_less():
    full = Fill(20.0, START, 1000.0, 20.0, START)
    less = Fill(20.0, START, 1000.0, 19.9, START)

    assert len(worksheet_contradictions(replace(SHEET, hot=full))) == 1
    assert worksheet_contradictions(replace(SHEET, hot=less)) == ()


def test_a_residual_that_was_read_before_the_assay_is_said():
    early, same = START - timedelta(hours=2), START
    (said,) = worksheet_contradictions(replace(SHEET, hot=Fill(20.0, START, 1000.0, 0.5, early)))
    assert 'after emptying at 2026-03-01 08:15, before it was assayed at 2026-03-01 10:15' in said
    assert worksheet_contradictions(replace(SHEET, hot=Fill(20.0, START, 1000.0, 0.5, same))) == ()
    # Nothing was left: its time does not matter.
    assert worksheet_contradictions(replace(SHEET, hot=Fill(20.0, START, 1000.0, 0.0, early))) == ()


def test_an_assay_at_the_start_of_the_scan_is_not_after_it():
    assert worksheet_contradictions(SHEET) == ()
    late = replace(SHEET.background, assay_time=START + timedelta(seconds=1))
    (said,) = worksheet_contradictions(replace(SHEET, background=late))
    assert said.startswith('the background fill was assayed at 2026-03-01 10:15, after the scan')


TRUE = TrueActivity(20_000.0, 5000.0, ratio=4.0)


def shown(core, background, diameter_mm=37.0, truth=TRUE, sheet=None):
    measured = Measured(core and core * 20_000.0, diameter_mm, background and background * 5000.0)
    return image_contradictions(truth, measured, sheet)


@pytest.mark.parametrize(
    ('core', 'background', 'wrong'),
    [
        (0.69, 1.0, 'a_H'),
        (0.7, 1.0, ''),
        (1.4, 1.0, ''),
        (1.41, 1.0, 'a_H'),
        (1.0, 0.79, 'a_B'),
        (1.0, 0.8, ''),
        (1.0, 1.25, ''),
        (1.0, 1.26, 'a_B'),
    ],
)
def test_how_far_the_image_may_be_from_the_worksheet(core, background, wrong):
    said = shown(core, background)

    assert len(said) == bool(wrong)
    if wrong:
        assert said[0].startswith(f'{wrong} is ')
        factor = core if wrong == 'a_H' else background
        assert (
            f'{factor:.3g} times as much. The image would fit a fill {factor:.3g} times' in said[0]
        )


@pytest.mark.parametrize(('diameter_mm', 'judged'), [(17.0, False), (22.0, True), (37.0, True)])
def test_only_the_core_of_a_large_sphere_may_be_too_low(diameter_mm, judged):
    assert bool(shown(0.5, 1.0, diameter_mm)) == judged
    assert shown(1.5, 1.0, diameter_mm)


@pytest.mark.parametrize(
    ('core', 'background', 'said'),
    [
        (2.0, 2.3, 'would fit a fill 2.14 times as large'),  # one factor, by their geometric mean
        (2.0, 2.5, 'two fills are off by different factors'),
        (2.5, 2.0, 'two fills are off by different factors'),
        (37.0, 37.0, 'mCi was typed as MBq'),
        (1 / 37.0, 1 / 37.0, 'MBq was typed as mCi'),
        (1e3, 1e3, 'volume in mL as L'),
        (1e-3, 1e-3, 'volume in L as mL'),
        (1e6, 1e6, 'an activity in MBq was typed as Bq'),
        (1e-6, 1e-6, 'an activity in Bq was typed as MBq'),
        (37.0 * 1.2, None, 'mCi was typed as MBq'),
        (37.0 * 1.25, None, 'would fit a fill 46.2 times as large'),
        (37.0 / 1.2, None, 'mCi was typed as MBq'),
        (37.0 / 1.25, None, 'would fit a fill 29.6 times as large'),
    ],
)
def test_the_slip_that_makes_just_this_factor_is_named(core, background, said):
    assert said in shown(core, background)[-1]


@pytest.mark.parametrize(('factor', 'said'), [(2.0, '110 min earlier'), (0.5, '110 min later')])
def test_another_start_of_the_scan_may_explain_the_factor(factor, said):
    """A half-life of F-18 is 109.8 minutes."""
    found = shown(factor, factor, sheet=SHEET)

    assert found[-1].endswith(f'So would a scan start {said}.')


def test_swapped_fills_need_a_ratio_below_one_and_a_fit_of_both():
    """What was typed: 5000 in the spheres, 20000 around them."""
    typed = TrueActivity(5000.0, 20_000.0, ratio=0.25)
    swapped = 'the image would fit if hot and background fill were exchanged.'

    assert image_contradictions(typed, Measured(20_000.0, 37.0, 5000.0)) == (swapped,)
    for core, background in [(29_000.0, 5000.0), (20_000.0, 3400.0), (20_000.0, None)]:
        found = image_contradictions(typed, Measured(core, 37.0, background))
        assert swapped not in found
        assert found
    above_one = replace(typed, ratio=1.5)
    assert swapped not in image_contradictions(above_one, Measured(20_000.0, 37.0, 5000.0))


@pytest.mark.parametrize(
    ('ratio', 'said'), [(0.89, False), (0.91, True), (1.09, True), (1.11, False)]
)
def test_spheres_need_a_tenth_of_contrast(ratio, said):
    truth = TrueActivity(20_000.0, 20_000.0 / ratio, ratio=ratio)
    found = image_contradictions(truth, Measured(None, 37.0, None))

    assert any('cannot be told from it' in one for one in found) == said


@pytest.mark.parametrize(('background', 'shows'), [(0.049, False), (0.051, True), (None, False)])
def test_a_cold_background_holds_a_twentieth_of_the_spheres_at_most(background, shows):
    measured = Measured(20_000.0, 37.0, background and background * 20_000.0)
    cold = TrueActivity(20_000.0, 0.0)

    assert measured.shows_background is shows
    said = image_contradictions(cold, measured)
    assert any('filled without activity, but the image shows' in one for one in said) == shows


@pytest.mark.parametrize(
    ('truth', 'sheet', 'cold'),
    [
        (None, None, False),
        (TrueActivity(20_000.0, 0.0), None, True),
        (TrueActivity(20_000.0, None), None, False),
        (TRUE, SHEET, False),
        (None, replace(SHEET, background=None), True),
        (TRUE, replace(SHEET, background=None), True),
    ],
)
def test_a_background_is_cold_by_design_only_where_somebody_says_so(truth, sheet, cold):
    assert cold_by_design(truth, sheet) is cold


def test_concentrations_below_one_becquerel_are_compared_as_well():
    truth = TrueActivity(0.8, 0.2, ratio=4.0)

    assert image_contradictions(truth, Measured(0.8, 37.0, 0.2)) == ()
    (said,) = image_contradictions(truth, Measured(0.8, 37.0, 0.4))
    assert said.startswith('a_B is 0.2 Bq/mL, but the background shows 0.4 Bq/mL')
