"""
The fill worksheet.

Concentrations against arithmetic by hand; uncertainties against 200,000 fills
whose inputs are drawn at random.
"""

import json
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from VOIIdentificationLib.activity.clock import moment
from VOIIdentificationLib.activity.worksheet import (
    Fill,
    FillWorksheet,
    given_activity,
    true_activity,
)
from VOIIdentificationLib.activity.worksheet_json import (
    keys_from_header,
    load_worksheet,
    parse_worksheet,
    worksheet_text,
    worksheet_to_json,
)
from VOIIdentificationLib.core.errors import ActivityError, InputFileError

HALF_LIFE_S = 6600.0
SCAN = datetime(2026, 3, 1, 12, 0, 0)


def before(seconds):
    return SCAN - timedelta(seconds=seconds)


HOT = Fill(
    assay_mbq=42.0,
    assay_time=before(HALF_LIFE_S),
    volume_ml=1000.0,
    residual_mbq=2.0,
    residual_time=before(0.0),
    volume_sd_percent=0.8,
    reading_sd_percent=1.0,
)
BACKGROUND = Fill(
    assay_mbq=80.0,
    assay_time=before(2 * HALF_LIFE_S),
    volume_ml=9500.0,
    residual_mbq=2.0,
    residual_time=before(HALF_LIFE_S),
    volume_sd_percent=0.5,
    reading_sd_percent=1.5,
)
WORKSHEET = FillWorksheet(
    hot=HOT,
    background=BACKGROUND,
    scan_start=SCAN,
    half_life_s=HALF_LIFE_S,
    half_life_sd_s=10.0,
    calibrator_sd_percent=2.5,
    clock_sd_s=40.0,
    reading_time_sd_s=15.0,
)


def test_concentrations_are_what_is_left_over_the_volume():
    """Hot 42/2 - 2 = 19 MBq in 1 L; background 80/4 - 2/2 = 19 MBq in 9.5 L."""
    activity = true_activity(WORKSHEET)

    assert activity.hot_bqml == pytest.approx(19e3, rel=1e-12)
    assert activity.background_bqml == pytest.approx(2e3, rel=1e-12)
    assert activity.ratio == pytest.approx(9.5, rel=1e-12)
    assert activity.reference_time == SCAN


def test_residual_read_before_or_after_the_scan_decays_the_right_way():
    after = replace(HOT, residual_mbq=1.0, residual_time=SCAN + timedelta(seconds=HALF_LIFE_S))

    activity = true_activity(replace(WORKSHEET, hot=after))

    assert activity.hot_bqml == pytest.approx((21.0 - 2.0) * 1e3, rel=1e-12)


def test_an_uncorrected_image_shows_the_mean_of_the_scan():
    """The mean activity over one half-life is 1 / (2 ln 2) of that at its start."""
    worksheet = replace(WORKSHEET, decay_corrected=False, scan_duration_s=HALF_LIFE_S)

    activity = true_activity(worksheet)

    assert activity.hot_bqml == pytest.approx(19e3 / (2 * np.log(2)), rel=1e-9)
    assert any('mean count-rate time' in text for text in activity.decisions)


def test_the_length_of_the_scan_does_not_matter_to_a_corrected_image():
    activity = true_activity(replace(WORKSHEET, scan_duration_s=1800.0))

    assert activity.hot_bqml == pytest.approx(19e3, rel=1e-12)


def test_the_table_gives_the_half_life_with_its_source():
    activity = true_activity(replace(WORKSHEET, half_life_s=None, isotope='Ga-68'))

    assert activity.half_life_s == pytest.approx(67.83 * 60)
    assert 'Kuzmenko' in activity.decisions[0]


def test_a_phantom_without_background_has_no_ratio():
    activity = true_activity(replace(WORKSHEET, background=None))

    assert activity.hot_bqml == pytest.approx(19e3, rel=1e-12)
    assert activity.background_bqml is None
    assert activity.background_sd_percent is None
    assert activity.ratio is None
    assert activity.ratio_sd_percent is None


def drawn_concentrations(worksheet, n, seed):
    """Fills with every input drawn about its nominal value; shapes ``(n,)``."""
    rng = np.random.default_rng(seed)
    calibrator = 1 + worksheet.calibrator_sd_percent / 100 * rng.standard_normal(n)
    clock_s = worksheet.clock_sd_s * rng.standard_normal(n)
    half_life_s = HALF_LIFE_S + worksheet.half_life_sd_s * rng.standard_normal(n)

    def left(fill):
        volume = fill.volume_ml * (1 + fill.volume_sd_percent / 100 * rng.standard_normal(n))
        total = np.zeros(n)
        readings = [(fill.assay_mbq, fill.assay_time), (-fill.residual_mbq, fill.residual_time)]
        for activity_mbq, when in readings:
            reading = activity_mbq * (1 + fill.reading_sd_percent / 100 * rng.standard_normal(n))
            noted_s = clock_s + worksheet.reading_time_sd_s * rng.standard_normal(n)
            elapsed_s = (worksheet.scan_start - when).total_seconds() - noted_s
            total += reading * calibrator * 0.5 ** (elapsed_s / half_life_s)
        return 1e6 * total / volume

    return left(worksheet.hot), left(worksheet.background)


# A residual that matters, so that its part in every uncertainty shows.
MUCH_LEFT = replace(HOT, residual_mbq=7.0, residual_time=before(-2000.0))
ONLY = {
    'all': {},
    'half-life': {'calibrator_sd_percent': 0.0, 'clock_sd_s': 0.0, 'half_life_sd_s': 100.0},
    'clock': {'calibrator_sd_percent': 0.0, 'clock_sd_s': 200.0},
    'noted times': {'calibrator_sd_percent': 0.0, 'clock_sd_s': 0.0, 'reading_time_sd_s': 200.0},
}


@pytest.mark.parametrize('dominant', ONLY)
@pytest.mark.parametrize('hot', [HOT, MUCH_LEFT])
def test_uncertainties_agree_with_random_fills(hot, dominant):
    """100,000 draws: the SD is known to 0.25 %, the first order to about 1 %."""
    precise = {'volume_sd_percent': 0.0, 'reading_sd_percent': 0.0} if ONLY[dominant] else {}
    worksheet = replace(
        WORKSHEET,
        hot=replace(hot, **precise),
        background=replace(BACKGROUND, **precise),
        **ONLY[dominant],
    )
    hot_bqml, background_bqml = drawn_concentrations(worksheet, 100_000, seed=5)

    activity = true_activity(worksheet)

    for drawn, found in (
        (hot_bqml, activity.hot_sd_percent),
        (background_bqml, activity.background_sd_percent),
        (hot_bqml / background_bqml, activity.ratio_sd_percent),
    ):
        assert found == pytest.approx(100 * drawn.std() / drawn.mean(), rel=0.015)


def test_what_both_fills_share_cancels_in_the_ratio():
    own = {'volume_sd_percent': 0.0, 'reading_sd_percent': 0.0}
    worksheet = replace(
        WORKSHEET,
        hot=replace(HOT, **own),
        background=replace(BACKGROUND, **own),
        reading_time_sd_s=0.0,
        half_life_sd_s=0.0,
    )

    activity = true_activity(worksheet)

    shared = np.hypot(2.5, 100 * np.log(2) / HALF_LIFE_S * 40.0)
    assert activity.hot_sd_percent == pytest.approx(shared, rel=1e-9)
    assert activity.ratio_sd_percent == pytest.approx(0.0, abs=1e-12)


def test_a_worksheet_comes_back_from_its_file(tmp_path):
    path = tmp_path / 'activity.json'

    path.write_text(worksheet_text(WORKSHEET), encoding='utf-8')

    assert load_worksheet(path) == WORKSHEET


def test_a_file_may_leave_out_what_has_a_default():
    data = {
        'schema': 'voi-identification/activity/1',
        'scan_start': '2026-03-01T12:00:00',
        'hot': {'assay_mbq': 20, 'assay_time': '2026-03-01 12:00', 'volume_ml': 1000},
    }

    worksheet = parse_worksheet(data)

    assert worksheet.background is None
    assert true_activity(worksheet).hot_bqml == pytest.approx(20e3)


def changed(**change):
    data = worksheet_to_json(WORKSHEET)
    for key, value in change.items():
        owner, _, name = key.rpartition('__')
        (data[owner] if owner else data)[name] = value
    return data


@pytest.mark.parametrize(
    ('data', 'sentence'),
    [
        ([], 'expected a JSON object, got list'),
        (changed(schema='x'), '"schema" is \'x\''),
        (changed(kind='x'), "unknown key 'kind'"),
        (changed(hot__weight=1), "hot: unknown key 'weight'"),
        (changed(hot=3), 'hot: expected a JSON object, got int'),
        (changed(hot=None, background=None), 'neither a hot fill nor a background'),
        (changed(hot__assay_mbq=-1), 'hot: "assay_mbq" must be more than 0, got -1'),
        (changed(hot__assay_mbq='20'), '"assay_mbq" must be a number, got \'20\''),
        (changed(hot__assay_mbq=True), '"assay_mbq" must be a number, got True'),
        (changed(background__volume_ml=0), 'background: "volume_ml" must be more than 0, got 0'),
        (changed(hot__residual_mbq=-0.1), '"residual_mbq" must be 0 or more, got -0.1'),
        (changed(hot__residual_time=None), 'residual_time is missing'),
        (changed(hot__residual_time=None, hot__residual_mbq=0.5), 'residual_time is missing'),
        (changed(scan_duration_s=1e300), '"scan_duration_s" must be at most 86400 s, a day, got'),
        (changed(scan_duration_s=86_401), '"scan_duration_s" must be at most 86400 s, a day, got'),
        (changed(scan_duration_s=-1), '"scan_duration_s" must be 0 or more, got -1'),
        (
            changed(hot__assay_time='noon'),
            'hot: "assay_time" must be a local time like .* got \'noon\'',
        ),
        (changed(scan_start=None), '"scan_start" must be a time'),
        (changed(scan_start='2026-03-01T12:00:00+01:00'), 'without a time zone'),
        (changed(scan_start='2026-03-01'), '"scan_start" must be a local time like'),
        (changed(scan_start='12:00'), '"scan_start" must be a local time like'),
        (changed(hot__assay_time='2026-03-01'), 'hot: "assay_time" must be a local time like'),
        (changed(hot__assay_time='25:10'), 'hot: "assay_time" must be a local time like'),
        (changed(hot__assay_time=''), 'hot: "assay_time" is missing'),
        (changed(scan_start='2026-03-01T08:00', hot__assay_time='23:10'), 'write its date before'),
        (changed(decay_corrected='false'), '"decay_corrected" must be true or false'),
        (changed(half_life_s=0), '"half_life_s" must be from 60 to'),
        (changed(half_life_s=float('nan')), '"half_life_s" must be a number, got nan'),
        (changed(half_life_s=None, isotope='Ga-67'), "'Ga-67' is not in the table .*F-18"),
        (changed(calibrator_sd_percent=-2), '"calibrator_sd_percent" must be 0 or more'),
        (changed(hot={}), 'hot: assay_mbq, assay_time, volume_ml missing'),
        ({'schema': 'voi-identification/activity/1'}, 'scan_start missing'),
    ],
)
def test_a_worksheet_that_makes_no_sense_is_refused_in_a_sentence(data, sentence):
    with pytest.raises(InputFileError, match=sentence):
        parse_worksheet(data, source_name='fill.json')


def test_files_that_cannot_be_read_are_named(tmp_path):
    broken = tmp_path / 'broken.json'
    broken.write_text('{', encoding='utf-8')

    with pytest.raises(InputFileError, match=r'broken\.json is not JSON'):
        load_worksheet(broken)
    with pytest.raises(InputFileError, match=r'none\.json cannot be read'):
        load_worksheet(tmp_path / 'none.json')


def test_more_left_in_the_syringe_than_was_in_it_is_refused():
    with pytest.raises(
        ActivityError, match=r'of 42 MBq, read at 20\d\d-.*cannot leave 30 MBq at 20\d\d-'
    ):
        true_activity(replace(WORKSHEET, hot=replace(HOT, residual_mbq=30.0)))


def test_as_much_left_as_was_in_it_is_refused():
    none = replace(HOT, residual_mbq=HOT.assay_mbq, residual_time=HOT.assay_time)

    with pytest.raises(ActivityError, match='cannot leave 42 MBq'):
        true_activity(replace(WORKSHEET, hot=none))


def test_a_worksheet_made_in_a_script_is_checked_too():
    with pytest.raises(ActivityError, match=r'volume_ml.* must be more than 0'):
        replace(HOT, volume_ml=0.0)
    with pytest.raises(ActivityError, match=r'clock_sd_s.* must be 0 or more'):
        replace(WORKSHEET, clock_sd_s=-1.0)


def test_what_nobody_says_is_as_documented():
    """docs/json.md; uncertainties of a percent or a second would otherwise come from nowhere."""
    fill = Fill(20.0, SCAN, 1000.0)
    sheet = FillWorksheet(fill, None, SCAN)

    assert (fill.residual_mbq, fill.residual_time) == (0.0, None)
    assert (fill.volume_sd_percent, fill.reading_sd_percent) == (0.5, 0.0)
    assert (sheet.isotope, sheet.half_life_s, sheet.half_life_sd_s) == ('F-18', None, None)
    assert (sheet.scan_duration_s, sheet.decay_corrected) == (0.0, True)
    assert (sheet.calibrator_sd_percent, sheet.clock_sd_s) == (2.9, 30.0)
    assert sheet.reading_time_sd_s == 0.0


@pytest.mark.parametrize(
    ('isotope', 'given', 'sd_s'),
    [('F-18', None, 0.0003 * 3600), ('F-18', 5.0, 5.0), ('Xx-999', None, 0.0)],
)
def test_a_half_life_that_is_given_has_the_uncertainty_of_its_isotope(isotope, given, sd_s):
    """Two half-lives before the scan: the part of T is 2 ln 2 of its own."""
    syringe = Fill(20.0, before(2 * HALF_LIFE_S), 1000.0, volume_sd_percent=0.0)
    sheet = FillWorksheet(
        syringe,
        None,
        SCAN,
        isotope=isotope,
        half_life_s=HALF_LIFE_S,
        half_life_sd_s=given,
        calibrator_sd_percent=0.0,
        clock_sd_s=0.0,
    )

    found = true_activity(sheet).hot_sd_percent

    assert found == pytest.approx(100 * 2 * np.log(2) * sd_s / HALF_LIFE_S, rel=1e-9)


def test_the_decisions_tell_instant_and_fills():
    assert true_activity(replace(WORKSHEET, background=None)).decisions == (
        'half-life 6600 s (given)',
        'concentrations at the start of the scan, 2026-03-01 12:00:00',
        'hot: 42 MBq at 10:10:00 less 2 MBq in 1000 mL',
        'no background fill',
    )


def test_concentrations_found_elsewhere_are_taken_as_they_are():
    activity = given_activity(20e3, 4e3)

    assert (activity.hot_bqml, activity.background_bqml, activity.ratio) == (20e3, 4e3, 5.0)
    assert (activity.hot_sd_percent, activity.reference_time) == (None, None)
    assert 'hot 20000 Bq/mL, background 4000 Bq/mL' in activity.decisions[0]


@pytest.mark.parametrize(('hot', 'background'), [(20e3, None), (None, 4e3), (20e3, 0.0)])
def test_one_concentration_alone_has_no_ratio(hot, background):
    assert given_activity(hot, background).ratio is None


def test_a_time_of_day_needs_a_day():
    with pytest.raises(InputFileError, match=r'09:15.*has no date, and the day of the scan'):
        moment('09:15', 'the assay time', None)


@pytest.mark.parametrize(('clock', 'fine'), [('22:30', True), ('22:31', False)])
def test_a_time_of_day_long_after_the_scan_needs_its_date(clock, fine):
    start = datetime(2026, 3, 1, 10, 30)
    if fine:
        assert moment(clock, 'the assay time', start) == datetime(2026, 3, 1, 22, 30)
    else:
        with pytest.raises(InputFileError, match='22:31 is long after the scan start'):
            moment(clock, 'the assay time', start)


@pytest.mark.parametrize(
    ('text', 'why'),
    [
        ('25:00', 'must be a local time'),
        ('2026-03-01 9h:15', 'must be a local time'),
        ('2026-03-01', 'must be a local time'),
        ('2026-03-01 09:15+01:00', 'without a time zone'),
        ('  ', 'is missing'),
    ],
)
def test_what_is_no_local_time_is_refused(text, why):
    with pytest.raises(InputFileError, match=f'the assay time .*{why}|the assay time {why}'):
        moment(text, 'the assay time', datetime(2026, 3, 1, 10, 30))


def test_the_json_is_plain():
    text = json.dumps(worksheet_to_json(WORKSHEET))

    assert '"scan_start": "2026-03-01T12:00:00"' in text


# Times, and what the header of the scan says


def test_a_time_of_day_is_on_the_day_of_the_scan():
    worksheet = parse_worksheet(changed(hot__assay_time='9:05', background__assay_time='09:05:30'))

    assert worksheet.hot.assay_time == datetime(2026, 3, 1, 9, 5)
    assert worksheet.background.assay_time == datetime(2026, 3, 1, 9, 5, 30)


def without(*keys):
    return {key: value for key, value in changed().items() if key not in keys}


HEADER = {
    'isotope': 'Ga-68',
    'half_life_s': 4060.0,
    'scan_start': datetime(2026, 3, 1, 12, 30),
    'scan_duration_s': 600.0,
    'decay_corrected': False,
}


def test_what_a_worksheet_leaves_out_is_the_header_s():
    data = without(*HEADER)

    worksheet = parse_worksheet(data, header=HEADER)

    assert set(keys_from_header(data, HEADER)) == set(HEADER)
    for key, value in HEADER.items():
        assert getattr(worksheet, key) == value


def test_a_file_that_is_no_object_takes_nothing_from_the_header():
    assert keys_from_header([], HEADER) == ()


def test_what_a_worksheet_says_is_kept():
    assert keys_from_header(changed(), HEADER) == ()
    assert parse_worksheet(changed(), header=HEADER) == parse_worksheet(changed())


def test_a_half_life_is_not_taken_for_an_isotope_that_the_worksheet_names():
    worksheet = parse_worksheet({**without(*HEADER), 'isotope': 'F-18'}, header=HEADER)

    assert worksheet.half_life_s is None


@pytest.mark.parametrize('half_life_s', [60.0, 1e8])
def test_half_lives_of_what_is_imaged(half_life_s):
    assert parse_worksheet(changed(half_life_s=half_life_s)).half_life_s == half_life_s


@pytest.mark.parametrize('half_life_s', [1e-320, 1.8288, 59.9, 1.01e8])
def test_a_half_life_in_another_unit_is_refused(half_life_s):
    said = r'"half_life_s" must be from 60 to 1e\+08 s'
    with pytest.raises(InputFileError, match=said):
        parse_worksheet(changed(half_life_s=half_life_s))


def test_a_time_of_day_is_on_the_day_that_the_header_has():
    data = without('scan_start')
    data['hot'] = {**data['hot'], 'assay_time': '10:15'}

    worksheet = parse_worksheet(data, header=HEADER)

    assert worksheet.hot.assay_time == datetime(2026, 3, 1, 10, 15)


@pytest.mark.parametrize('years', [-1, 1])
@pytest.mark.parametrize('which', ['assay_time', 'residual_time'])
def test_a_year_that_is_mistyped_is_a_sentence(years, which):
    """Nothing, or more than a number holds, would be left."""
    fill = replace(WORKSHEET.hot, residual_mbq=1.0, residual_time=WORKSHEET.hot.assay_time)
    time = getattr(fill, which)
    fill = replace(fill, **{which: time.replace(year=time.year + years)})

    with pytest.raises(
        ActivityError, match=r'half-lives (before|after) the scan .* check the date'
    ):
        true_activity(replace(WORKSHEET, hot=fill))


@pytest.mark.parametrize('half_lives', [-100.1, -99.9, 99.9, 100.1])
def test_a_reading_may_be_a_hundred_half_lives_from_the_scan(half_lives):
    """A mole of atoms has decayed to none after 80."""
    elapsed = timedelta(seconds=half_lives * true_activity(WORKSHEET).half_life_s)
    hot = replace(WORKSHEET.hot, assay_time=WORKSHEET.scan_start - elapsed, residual_mbq=0.0)
    sheet = replace(WORKSHEET, hot=replace(hot, residual_time=None))

    if abs(half_lives) < 100:
        assert true_activity(sheet).hot_bqml > 0
    else:
        side = 'before' if half_lives > 0 else 'after'
        with pytest.raises(ActivityError, match=f'100 half-lives {side} the scan'):
            true_activity(sheet)
