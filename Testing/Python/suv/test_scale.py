"""
SUV factors from plain header facts.

Every expected factor is written out from the definition: weight in gram over
the dose in Bq that is left at the instant the image shows.
"""

from dataclasses import replace
from datetime import datetime, time, timedelta

import numpy as np
import pytest
from suv_headers import (
    DOSE_BQ,
    ELEVEN,
    HALF_LIFE_S,
    HOUR_S,
    PLAIN,
    TEN,
    dose_after,
    mean_count_rate_by_summing,
)
from VOIIdentificationLib.activity.isotopes import (
    ISOTOPES,
    isotope_named,
    isotope_of_tracer,
    mean_count_rate_time_s,
)
from VOIIdentificationLib.core.errors import SUVError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.suv.header import (
    Decisions,
    SUVFrame,
    SUVHeader,
    missing_corrections,
    missing_for_suv,
)
from VOIIdentificationLib.suv.normalization import (
    body_surface_area_m2,
    ideal_body_weight_kg,
    lean_body_mass_james_kg,
    lean_body_mass_janmahasatian_kg,
)
from VOIIdentificationLib.suv.scale import compared_with_dose, suv_scale, suv_statements

ICRP_107_S = {
    'F-18': 109.77 * 60,
    'Ga-68': 67.71 * 60,
    'C-11': 20.39 * 60,
    'N-13': 9.965 * 60,
    'O-15': 122.24,
    'Cu-64': 12.7 * 3600,
    'Zr-89': 78.41 * 3600,
    'I-124': 4.176 * 86400,
    'Rb-82': 1.273 * 60,
    'Ge-68': 270.95 * 86400,
    'Y-90': 64.1 * 3600,
    'Tc-99m': 6.015 * 3600,
    'In-111': 2.8047 * 86400,
    'I-123': 13.27 * 3600,
    'I-131': 8.0207 * 86400,
    'Lu-177': 6.647 * 86400,
    'Tl-201': 72.912 * 3600,
}
"""Nuclear decay data of ICRP Publication 107, as radioactivedecay 0.6.1 has them."""


def test_start_correction_decays_the_dose_from_injection_to_the_series_time():
    scale = suv_scale(PLAIN)

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S)], rel=1e-12)
    assert scale.unit == 'g/mL'
    assert scale.flags == ()
    assert any(
        'decay from injection 2026-03-01 10:00:00 to 2026-03-01 11:00:00, half-life 6586.2 s'
        in text
        for text in scale.decisions
    )


def test_every_slice_has_the_factor_of_the_one_reference_time():
    frames = tuple(
        SUVFrame(ELEVEN + timedelta(seconds=180 * bed), 90.0 + 180 * bed, 180.0) for bed in range(5)
    )

    scale = suv_scale(replace(PLAIN, frames=frames))

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S)] * 5, rel=1e-12)
    assert scale.flags == ()


def test_start_and_acquisition_may_differ_by_a_rounded_second():
    series = ELEVEN + timedelta(seconds=0.6)

    scale = suv_scale(replace(PLAIN, series_start=series))

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S + 0.6)], rel=1e-12)


def test_a_series_time_after_the_acquisition_gives_way_to_the_ge_scan_time():
    header = replace(
        PLAIN,
        series_start=ELEVEN + timedelta(hours=2),
        ge_scan_start=ELEVEN - timedelta(seconds=20),
    )

    scale = suv_scale(header)

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S - 20)], rel=1e-12)
    assert Flag.TIMES_CONTRADICT in scale.flags
    assert any('13:00:00 (0008,0031) is after' in text for text in scale.decisions)
    assert any('(0009,100d) 2026-03-01 10:59:40' in text for text in scale.decisions)


def test_without_the_ge_time_the_earliest_acquisition_leads_back_to_the_start_of_decay():
    """Two beds whose frame reference times count from 11:00, listed last bed first."""
    duration_s = 603.0
    middle_s = mean_count_rate_by_summing(duration_s, HALF_LIFE_S)
    frames = tuple(
        SUVFrame(ELEVEN + timedelta(seconds=reference_s - middle_s), reference_s, duration_s)
        for reference_s in (1050.0, 450.0)
    )
    header = replace(PLAIN, series_start=ELEVEN + timedelta(minutes=30), frames=frames)

    scale = suv_scale(header)

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S)] * 2, rel=1e-6)
    assert Flag.TIMES_CONTRADICT in scale.flags


def test_a_ge_scan_time_after_the_acquisition_is_not_used():
    header = replace(
        PLAIN,
        series_start=ELEVEN + timedelta(hours=2),
        ge_scan_start=ELEVEN + timedelta(hours=1),
    )
    middle_s = mean_count_rate_by_summing(300.0, HALF_LIFE_S)

    scale = suv_scale(header)

    expected = 70e3 / dose_after(HOUR_S + middle_s - 150.0)
    assert scale.factors == pytest.approx([expected], rel=1e-6)


@pytest.mark.parametrize(
    'frame', [SUVFrame(ELEVEN), SUVFrame(ELEVEN, 150.0), SUVFrame(ELEVEN, None, 300.0)]
)
def test_without_a_frame_reference_time_the_acquisition_time_itself_is_the_reference(frame):
    scale = suv_scale(replace(PLAIN, series_start=None, frames=(frame,)))

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S)], rel=1e-12)
    assert any('no frame reference time is known' in text for text in scale.decisions)


def test_the_earliest_acquisition_counts_in_whatever_order_the_slices_lie():
    frames = (SUVFrame(ELEVEN + timedelta(minutes=10)), SUVFrame(ELEVEN))

    scale = suv_scale(replace(PLAIN, series_start=ELEVEN + timedelta(minutes=5), frames=frames))

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S)] * 2, rel=1e-12)


def test_without_acquisition_times_the_series_time_is_used():
    scale = suv_scale(replace(PLAIN, frames=(SUVFrame(),)))

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S)], rel=1e-12)


def test_without_any_scan_time_suv_is_refused():
    header = replace(PLAIN, series_start=None, frames=(SUVFrame(),))

    with pytest.raises(
        SUVError, match=r'series time \(0008,0031\).*acquisition time \(0008,0032\)'
    ):
        suv_scale(header)


def test_frame_times_that_tell_of_another_reference_are_flagged():
    """The series began at 11:00, but the frame says it is 40 minutes into the series."""
    scale = suv_scale(replace(PLAIN, frames=(SUVFrame(ELEVEN, 2400.0, 300.0),)))

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S)], rel=1e-12)
    assert scale.flags == (Flag.TIMES_CONTRADICT,)


def test_a_frame_reference_time_counted_from_the_frame_start_is_no_contradiction():
    frames = (SUVFrame(ELEVEN, 0.0, 600.0), SUVFrame(ELEVEN + timedelta(seconds=600), 600.0, 600.0))

    assert suv_scale(replace(PLAIN, frames=frames)).flags == ()


def test_admin_correction_does_not_decay_the_dose():
    header = replace(PLAIN, decay_correction='ADMIN', half_life_s=None, frames=(SUVFrame(),) * 3)

    scale = suv_scale(header)

    assert scale.factors == pytest.approx([70e3 / DOSE_BQ] * 3, rel=1e-12)
    assert any('300 MBq is not decayed' in text for text in scale.decisions)


def test_uncorrected_frames_are_each_referred_to_their_mean_count_rate_time():
    beds = [(0.0, 120.0), (300.0, 600.0), (4000.0, 3000.0)]
    frames = tuple(SUVFrame(ELEVEN + timedelta(seconds=at), None, length) for at, length in beds)
    header = replace(PLAIN, decay_correction='NONE', corrected_image=('ATTN',), frames=frames)

    scale = suv_scale(header)

    expected = [
        70e3 / dose_after(HOUR_S + at + mean_count_rate_by_summing(length, HALF_LIFE_S))
        for at, length in beds
    ]
    assert scale.factors == pytest.approx(expected, rel=1e-6)
    assert scale.flags == ()


def test_uncorrected_frames_whose_header_lists_decay_correction_are_flagged():
    scale = suv_scale(replace(PLAIN, decay_correction='NONE'))

    assert scale.flags == (Flag.HEADER_CONTRADICTS,)


@pytest.mark.parametrize(
    ('frame', 'tag'),
    [(SUVFrame(None, 0.0, 300.0), '0008,0032'), (SUVFrame(ELEVEN, 0.0, None), '0018,1242')],
)
def test_uncorrected_frames_without_their_times_are_refused(frame, tag):
    header = replace(PLAIN, decay_correction='NONE', frames=(SUVFrame(ELEVEN, 0.0, 1.0), frame))

    with pytest.raises(SUVError, match=f'slice 2 .*{tag}'):
        suv_scale(header)


def test_an_injection_time_without_date_is_on_the_day_of_the_scan():
    scale = suv_scale(replace(PLAIN, injection=None))

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S)], rel=1e-12)


def test_an_injection_before_midnight_belongs_to_the_day_before():
    half_past_midnight = datetime(2026, 3, 2, 0, 30)
    header = replace(
        PLAIN,
        injection=None,
        injection_time=time(23, 30),
        series_start=half_past_midnight,
        frames=(SUVFrame(half_past_midnight),),
    )

    scale = suv_scale(header)

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S)], rel=1e-12)
    assert scale.flags == ()
    assert any('the day before, 2026-03-01' in text for text in scale.decisions)


def test_a_scan_that_crosses_midnight_counts_through():
    """Injected at 22:50, series at 23:50, the uncorrected frame after midnight."""
    header = replace(
        PLAIN,
        injection=None,
        injection_time=time(22, 50),
        decay_correction='NONE',
        series_start=datetime(2026, 3, 1, 23, 50),
        frames=(SUVFrame(datetime(2026, 3, 2, 0, 10), None, 600.0),),
    )
    middle_s = mean_count_rate_by_summing(600.0, HALF_LIFE_S)

    scale = suv_scale(header)

    assert scale.factors == pytest.approx([70e3 / dose_after(4800.0 + middle_s)], rel=1e-6)


def test_the_first_bed_decides_the_day_of_the_injection():
    """Zr-89 injected shortly after midnight, nearly 24 h before; bed 2 is past midnight."""
    half_life_s = 78.41 * 3600
    beds = (datetime(2026, 3, 1, 23, 50), datetime(2026, 3, 2, 0, 10))
    header = replace(
        PLAIN,
        injection=None,
        injection_time=time(0, 5),
        half_life_s=half_life_s,
        decay_correction='NONE',
        series_start=beds[0],
        frames=tuple(SUVFrame(bed, None, 1.0) for bed in beds),
    )

    scale = suv_scale(header)

    elapsed_s = [23 * HOUR_S + 45 * 60 + 0.5, 24 * HOUR_S + 5 * 60 + 0.5]
    expected = [70e3 / dose_after(seconds, half_life_s=half_life_s) for seconds in elapsed_s]
    assert scale.factors == pytest.approx(expected, rel=1e-8)


def test_an_injection_just_after_the_start_of_a_dynamic_scan_is_not_moved_a_day_back():
    header = replace(PLAIN, injection=None, injection_time=time(11, 0, 30))

    scale = suv_scale(header)

    assert scale.factors == pytest.approx([70e3 / dose_after(-30.0)], rel=1e-12)
    assert scale.flags == (Flag.TIMES_CONTRADICT,)


def test_a_long_lived_isotope_may_be_injected_the_day_before():
    half_life_s = 78.41 * 3600
    header = replace(PLAIN, injection=None, injection_time=time(14, 0), half_life_s=half_life_s)

    scale = suv_scale(header)

    expected = 70e3 / dose_after(21 * HOUR_S, half_life_s=half_life_s)
    assert scale.factors == pytest.approx([expected], rel=1e-12)


def test_an_injection_datetime_is_used_as_it_is_across_days():
    half_life_s = 78.41 * 3600
    header = replace(PLAIN, injection=TEN - timedelta(days=6), half_life_s=half_life_s)

    scale = suv_scale(header)

    expected = 70e3 / dose_after((144 + 1) * HOUR_S, half_life_s=half_life_s)
    assert scale.factors == pytest.approx([expected], rel=1e-12)
    assert scale.flags == ()


@pytest.mark.parametrize('days', [-400, -1, 1, 30])
def test_an_injection_date_that_makes_no_sense_is_replaced_and_flagged(days):
    """A date shifted by an anonymizer, the time of day kept."""
    scale = suv_scale(replace(PLAIN, injection=TEN + timedelta(days=days)))

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S)], rel=1e-12)
    assert scale.flags == (Flag.TIMES_CONTRADICT,)


def test_an_injection_datetime_with_the_date_of_the_next_day_goes_back_across_midnight():
    half_past_midnight = datetime(2026, 3, 2, 0, 30)
    header = replace(
        PLAIN,
        injection=datetime(2026, 3, 2, 23, 30),
        injection_time=None,
        series_start=half_past_midnight,
        frames=(SUVFrame(half_past_midnight),),
    )

    scale = suv_scale(header)

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S)], rel=1e-12)
    assert scale.flags == (Flag.TIMES_CONTRADICT,)


def test_two_injection_times_that_differ_are_flagged_and_the_datetime_is_used():
    scale = suv_scale(replace(PLAIN, injection_time=time(9, 30)))

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S)], rel=1e-12)
    assert scale.flags == (Flag.TIMES_CONTRADICT,)
    assert any('09:30:00 by (0018,1072)' in text for text in scale.decisions)


def test_a_missing_injection_time_is_named():
    with pytest.raises(SUVError, match=r'\(0018,1078\).*\(0018,1072\)'):
        suv_scale(replace(PLAIN, injection=None, injection_time=None))


def test_a_small_dose_is_in_mbq_and_flagged():
    scale = suv_scale(replace(PLAIN, dose=300.0))

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S)], rel=1e-12)
    assert scale.flags == (Flag.DOSE_IN_MBQ,)
    assert any('the dose 300 (0018,1074) is taken for MBq' in text for text in scale.decisions)


def test_a_large_weight_is_in_gram_and_flagged():
    scale = suv_scale(replace(PLAIN, weight=70_000.0))

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S)], rel=1e-12)
    assert scale.flags == (Flag.WEIGHT_IN_GRAMS,)


def test_a_large_height_is_in_centimeter_and_flagged():
    centimeter = suv_scale(replace(PLAIN, height=175.0), 'bsa')

    assert centimeter.factors == pytest.approx(suv_scale(PLAIN, 'bsa').factors, rel=1e-12)
    assert centimeter.flags == (Flag.HEIGHT_IN_CM,)


@pytest.mark.parametrize(
    ('change', 'tag'),
    [
        ({'weight': None}, '0010,1030'),
        ({'weight': 0.0}, '0010,1030'),
        ({'weight': float('nan')}, '0010,1030'),
        ({'dose': None}, '0018,1074'),
        ({'dose': 0.0}, '0018,1074'),
        ({'half_life_s': None}, '0018,1075'),
        ({'half_life_s': 0.0}, '0018,1075'),
        ({'units': ''}, '0054,1001'),
        ({'units': 'PROPCPS'}, "0054,1001.*'PROPCPS'"),
        ({'decay_correction': ''}, '0054,1102'),
        ({'decay_correction': 'SCAN'}, "0054,1102.*'SCAN'"),
        ({'corrected_image': ('DECY',)}, '0028,0051.*not ATTN'),
        ({'corrected_image': ('ATTN', 'SCAT')}, '0028,0051.*not DECY'),
        ({'corrected_image': ()}, '0028,0051.*nothing, not ATTN and DECY'),
    ],
)
def test_what_is_missing_is_named_with_its_tag(change, tag):
    with pytest.raises(SUVError, match=tag):
        suv_scale(replace(PLAIN, **change))


def test_a_half_life_of_another_isotope_is_flagged_and_used():
    scale = suv_scale(replace(PLAIN, radionuclide='^68^Gallium'))

    assert scale.factors == pytest.approx([70e3 / dose_after(HOUR_S)], rel=1e-12)
    assert scale.flags == (Flag.HEADER_CONTRADICTS,)


def test_the_half_life_of_the_named_isotope_is_no_contradiction():
    assert suv_scale(replace(PLAIN, radionuclide='^18^Fluorine')).flags == ()


@pytest.mark.parametrize('suv_type', ['', 'BW'])
def test_stored_suv_of_body_weight_needs_nothing_else(suv_type):
    header = SUVHeader(units='GML', suv_type=suv_type, frames=(SUVFrame(),) * 2)

    assert suv_scale(header).factors.tolist() == [1.0, 1.0]


# Worked by hand for 70 kg, 175 cm: (W/H)^2 = 0.16.
JAMES_KG = {'M': 77.0 - 128 * 0.16, 'F': 74.9 - 148 * 0.16, 'O': (56.52 + 51.22) / 2}
IDEAL_KG = {'M': 48.0 + 1.06 * 23, 'F': 45.5 + 0.91 * 23, 'O': (72.38 + 66.43) / 2}
BODY_MASS_INDEX = 70.0 / 1.75**2
JANMA_KG = {
    'M': 9270 * 70 / (6680 + 216 * BODY_MASS_INDEX),
    'F': 9270 * 70 / (8780 + 244 * BODY_MASS_INDEX),
}
BSA_CM2 = 0.007184 * 70.0**0.425 * 175.0**0.725 * 1e4


@pytest.mark.parametrize('sex', ['M', 'F', 'O'])
@pytest.mark.parametrize(
    ('stored', 'masses_kg'),
    [('LBM', JAMES_KG), ('LBMJAMES128', JAMES_KG), ('IBW', IDEAL_KG)],
)
def test_stored_suv_of_another_mass_is_brought_to_body_weight(stored, masses_kg, sex):
    header = replace(PLAIN, units='GML', suv_type=stored, sex=sex)

    assert suv_scale(header).factors == pytest.approx([70.0 / masses_kg[sex]], rel=1e-12)


@pytest.mark.parametrize('sex', ['M', 'F'])
def test_stored_suv_of_lean_body_mass_after_janmahasatian_is_brought_to_body_weight(sex):
    header = replace(PLAIN, units='GML', suv_type='LBMJANMA', sex=sex)

    assert suv_scale(header).factors == pytest.approx([70.0 / JANMA_KG[sex]], rel=1e-12)


@pytest.mark.parametrize('suv_type', ['', 'BSA'])
def test_stored_suv_of_body_surface_is_brought_to_body_weight(suv_type):
    header = replace(PLAIN, units='CM2ML', suv_type=suv_type)

    assert suv_scale(header).factors == pytest.approx([70e3 / BSA_CM2], rel=1e-12)


@pytest.mark.parametrize('sex', ['M', 'F', 'O'])
def test_every_type_of_suv_can_be_asked_for(sex):
    dose = dose_after(HOUR_S)
    expected = {
        'bw': 70e3 / dose,
        'lbm': 1e3 * JAMES_KG[sex] / dose,
        'ibw': 1e3 * IDEAL_KG[sex] / dose,
        'bsa': BSA_CM2 / dose,
    }

    found = {name: suv_scale(replace(PLAIN, sex=sex), name).factors[0] for name in expected}

    assert found == pytest.approx(expected, rel=1e-12)
    assert suv_scale(PLAIN, 'bsa').unit == 'cm2/mL'


@pytest.mark.parametrize(
    ('wanted', 'change', 'tag'),
    [
        ('lbm', {'height': None}, '0010,1020'),
        ('lbm', {'height': 0.0}, '0010,1020'),
        ('lbm', {'sex': ''}, '0010,0040'),
        ('lbm', {'sex': 'X'}, "0010,0040.*'X'"),
        ('ibw', {'height': None}, '0010,1020'),
        ('ibw', {'sex': ''}, '0010,0040'),
        ('ibw', {'height': 0.8}, 'ideal body weight comes out as'),
        ('bsa', {'height': None}, '0010,1020'),
        ('lbm', {'weight': 300.0, 'height': 1.2}, 'comes out as'),
    ],
)
def test_body_sizes_that_cannot_be_known_are_sentences(wanted, change, tag):
    with pytest.raises(SUVError, match=tag):
        suv_scale(replace(PLAIN, **change), wanted)


@pytest.mark.parametrize(
    ('units', 'suv_type'), [('GML', 'BSA'), ('GML', 'LBW'), ('CM2ML', 'BW'), ('CM2ML', 'LBM')]
)
def test_units_and_type_that_do_not_go_together_are_refused(units, suv_type):
    with pytest.raises(SUVError, match=f"{suv_type}'.*'{units}"):
        suv_scale(replace(PLAIN, units=units, suv_type=suv_type))


def test_philips_counts_become_suv_by_the_factor_of_each_slice():
    frames = (SUVFrame(philips_suv_factor=0.0005), SUVFrame(philips_suv_factor=0.0007))
    header = SUVHeader(units='CNTS', frames=frames)

    assert suv_scale(header).factors == pytest.approx([0.0005, 0.0007], rel=1e-12)


def test_philips_suv_can_be_asked_for_in_another_type():
    header = replace(PLAIN, units='CNTS', frames=(SUVFrame(philips_suv_factor=0.002),))

    factors = suv_scale(header, 'lbm').factors

    assert factors == pytest.approx([0.002 * JAMES_KG['M'] / 70.0], rel=1e-12)


@pytest.mark.parametrize('useless', [None, 0.0])
def test_philips_counts_become_activity_where_there_is_no_suv_factor(useless):
    frames = tuple(SUVFrame(ELEVEN, 150.0, 300.0, useless, factor) for factor in (1.5, 2.0))

    scale = suv_scale(replace(PLAIN, units='CNTS', frames=frames))

    per_bqml = 70e3 / dose_after(HOUR_S)
    assert scale.factors == pytest.approx([1.5 * per_bqml, 2.0 * per_bqml], rel=1e-12)


@pytest.mark.parametrize('useless', [None, 0.0])
def test_counts_without_a_factor_cannot_be_converted(useless):
    frames = (SUVFrame(ELEVEN, 150.0, 300.0, useless, useless),)

    with pytest.raises(
        SUVError, match=r'CNTS.*\(7053,1000\).*\(7053,1009\).*absent, 0 or no numbers'
    ):
        suv_scale(replace(PLAIN, units='CNTS', frames=frames))


def test_an_unknown_type_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match='sul'):
        suv_scale(PLAIN, 'sul')


def test_notes_of_the_reading_come_first():
    scale = suv_scale(replace(PLAIN, notes=('the private creator is missing',)))

    assert scale.decisions[0] == 'the private creator is missing'


@pytest.mark.parametrize('duration_s', [1e-3, 0.5, 300.0, 3600.0, 50_000.0])
@pytest.mark.parametrize('half_life_s', [75.0, 6586.2, 282_276.0])
def test_the_mean_count_rate_time_is_where_the_activity_equals_its_mean(duration_s, half_life_s):
    found = mean_count_rate_time_s(duration_s, half_life_s)

    assert found == pytest.approx(mean_count_rate_by_summing(duration_s, half_life_s), rel=1e-6)


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('^18^Fluorine', 'F-18'),
        ('18F', 'F-18'),
        ('Fluorine 18', 'F-18'),
        ('^89^Zirconium', 'Zr-89'),
        ('Ga-68', 'Ga-68'),
        ('^11^Carbon', 'C-11'),
        ('^99m^Technetium', 'Tc-99m'),
        ('99mTc', 'Tc-99m'),
        ('Technetium-99m', 'Tc-99m'),
        ('Tc99m', 'Tc-99m'),
        ('Lu-177', 'Lu-177'),
    ],
)
def test_isotopes_are_found_under_their_names(name, expected):
    assert isotope_named(name).name == expected


@pytest.mark.parametrize(
    'name', ['', 'FDG', '^99^Technetium', 'F-19', 'Gallium', 'In-111m', '^123m^Iodine', '67Ga']
)
def test_an_isotope_that_is_not_in_the_table_is_not_guessed(name):
    assert isotope_named(name) is None


@pytest.mark.parametrize('isotope', ISOTOPES, ids=lambda isotope: isotope.name)
def test_half_lives_are_those_of_icrp_107(isotope):
    within = 0.013 if isotope.name == 'Rb-82' else 0.004  # its evaluations differ by that much
    assert isotope.half_life_s == pytest.approx(ICRP_107_S[isotope.name], rel=within)


def test_dicoms_own_names_of_the_isotopes_are_understood():
    from pydicom.sr.codedict import codes

    said = {
        getattr(group, name).meaning
        for group in (codes.cid18, codes.cid4020)
        for name in dir(group)
        if name[1:2].isdigit()
    }
    found = {isotope.name for isotope in map(isotope_named, said) if isotope}
    assert found == {isotope.name for isotope in ISOTOPES}


def test_every_half_life_has_a_source_and_a_small_uncertainty():
    assert all(isotope.source for isotope in ISOTOPES)
    assert all(0 < isotope.half_life_sd_s < 0.005 * isotope.half_life_s for isotope in ISOTOPES)


def test_body_sizes_by_hand():
    assert lean_body_mass_james_kg(70.0, 175.0, 'F') == pytest.approx(51.22)
    assert lean_body_mass_janmahasatian_kg(70.0, 175.0, 'M') == pytest.approx(JANMA_KG['M'])
    assert ideal_body_weight_kg(175.0, 'F') == pytest.approx(66.43)
    assert body_surface_area_m2(70.0, 175.0) == pytest.approx(1.8481, abs=5e-5)


@pytest.mark.parametrize(('part', 'flagged'), [(1.249, False), (1.251, True), (185.0, True)])
@pytest.mark.parametrize('suv_type', ['bw', 'ibw'])
def test_an_image_with_more_activity_than_was_injected_is_flagged(part, flagged, suv_type):
    header = replace(PLAIN, height=1.7, sex='M', frames=2 * PLAIN.frames)
    totals = np.array([0.25, 0.75]) * part * dose_after(HOUR_S)

    scale = compared_with_dose(header, suv_scale(header, suv_type), totals)

    assert (Flag.HEADER_IMPLAUSIBLE in scale.flags) == flagged
    assert any(f'{part:.3g} times the activity' in text for text in scale.decisions) == flagged


def test_stored_suvs_without_a_weight_are_not_compared_with_the_dose():
    header = SUVHeader(units='GML', frames=(SUVFrame(),))
    scale = suv_scale(header)

    assert compared_with_dose(header, scale, np.array([1e12])) is scale


def test_what_is_missing_is_one_statement():
    header = replace(PLAIN, weight=None, dose=None)
    assert suv_statements(header) == (
        'Missing for SUV: PatientWeight (0010,1030), RadionuclideTotalDose (0018,1074)',
    )


def test_a_header_that_lacks_nothing_and_has_no_suv_says_why():
    """Nothing is missing, but a unit of no SUV, or a weight of no body, stands in the way."""
    (said,) = suv_statements(replace(PLAIN, units='PROPCPS'))
    assert said.startswith("No SUV: SUV refused: Units (0054,1001) are 'PROPCPS'")
    (said,) = suv_statements(replace(PLAIN, dose=1e15))
    assert said.startswith('No SUV: SUV refused: Radionuclide Total Dose')


def test_all_that_was_decided_is_stated_with_its_doubts():
    said = suv_statements(replace(PLAIN, dose=300.0))
    assert said[0] == 'SUV: all that it needs is there'
    assert 'SUV: the dose 300 (0018,1074) is taken for MBq' in said
    assert said[-2] == 'SUV: the SUV is normalized to body weight, in g/mL'
    assert said[-1] == f'SUV: {Flag.DOSE_IN_MBQ.text}'


@pytest.mark.parametrize(
    ('factors', 'said'), [((0.5, 0.25), '0.25 … 0.5'), ((0.5, 0.5), '0.5'), ((1 / 3,), '0.333333')]
)
def test_a_range_is_told_by_its_ends(factors, said):
    frames = tuple(SUVFrame(philips_suv_factor=one) for one in factors)
    header = SUVHeader(
        units='CNTS', decay_correction='NONE', corrected_image=('ATTN',), frames=frames
    )
    assert suv_scale(header).decisions[0] == f'counts times (7053,1000) = {said} give SUVbw'


def test_uncorrected_slices_are_told_from_the_first_to_the_last_instant():
    frames = tuple(SUVFrame(ELEVEN + timedelta(minutes=m), None, 0.001) for m in (5, 0))
    header = replace(PLAIN, decay_correction='NONE', corrected_image=('ATTN',), frames=frames)
    scale = suv_scale(header)
    assert any(
        'shows its mean count-rate time, 2026-03-01 11:00:00 to 2026-03-01 11:05:00' in text
        for text in scale.decisions
    )
    assert any(
        '10:00:00 to 2026-03-01 11:00:00 … 2026-03-01 11:05:00' in t for t in scale.decisions
    )


@pytest.mark.parametrize('corrected', [(), ('ATTN', 'DECY')])
def test_philips_counts_without_a_word_of_corrections_are_believed(corrected):
    """A header that says nothing refuses nothing; one that says something is checked."""
    frames = (SUVFrame(philips_suv_factor=0.5),)
    header = SUVHeader(units='CNTS', frames=frames, corrected_image=corrected)
    if corrected:
        with pytest.raises(SUVError, match='Decay Correction'):
            suv_scale(header)
    else:
        assert suv_scale(header).factors.tolist() == [0.5]
    with pytest.raises(SUVError, match='lists nothing, not ATTN and DECY'):
        suv_scale(replace(header, corrected_image=(), decay_correction='START'))


def test_both_sexes_together_have_the_mean_of_both_bodies():
    mean = (JANMA_KG['M'] + JANMA_KG['F']) / 2
    assert lean_body_mass_janmahasatian_kg(70.0, 175.0, 'O') == pytest.approx(mean)


@pytest.mark.parametrize('units', ['GML', 'PROPCPS'])
def test_units_that_need_no_dose_lack_nothing(units):
    assert missing_for_suv(SUVHeader(units=units)) == ()


def test_an_uncorrected_image_lacks_no_decay_correction():
    nothing = replace(PLAIN, corrected_image=())
    assert missing_corrections(nothing) == ['ATTN', 'DECY']
    assert missing_corrections(replace(nothing, decay_correction='NONE')) == ['ATTN']
    assert missing_for_suv(nothing) == (
        'ATTN in CorrectedImage (0028,0051)',
        'DECY in CorrectedImage (0028,0051)',
    )


def test_a_decision_and_a_flag_are_told_once():
    log = Decisions()
    for _ in range(2):
        log.note('once', Flag.DOSE_IN_MBQ)
    log.note('again', Flag.DOSE_IN_MBQ)
    assert (log.sentences, log.flags) == (['once', 'again'], [Flag.DOSE_IN_MBQ])


@pytest.mark.parametrize(
    ('name', 'isotope'),
    [
        ('FDG', 'F-18'),
        ('FDG -- fluorodeoxyglucose', 'F-18'),
        ('Fluorodeoxyglucose F^18^', 'F-18'),
        ('18F-PSMA-1007', 'F-18'),
        ('[68Ga]Ga-PSMA-11', 'Ga-68'),
        ('gallium Ga 68 dotatate', 'Ga-68'),
        ('PSMA-11 Ga^68^', 'Ga-68'),
        ('Technetium Tc^99m^ sestamibi', 'Tc-99m'),
        ('99mTc-MDP', 'Tc-99m'),
        ('I-131', 'I-131'),
        ('Ammonia', 'N-13'),
        ('C-11 and F-18', None),
        ('PSMA-11', None),
        ('AC-110', None),
        ('Solution', None),
        ('', None),
    ],
)
def test_the_name_of_a_tracer_tells_its_isotope(name, isotope):
    found = isotope_of_tracer(name)
    assert (found.name if found else None) == isotope


def test_an_alarm_of_the_half_life_is_for_what_the_suv_changes():
    """C-11, 1.9 % short: 0.2 % of the SUV after two minutes, 6 % after ninety."""
    short = 0.981 * isotope_named('C-11').half_life_s
    for minutes, flags in ((2, ()), (90, (Flag.HEADER_CONTRADICTS,))):
        injected = ELEVEN - timedelta(minutes=minutes)
        header = replace(
            PLAIN, half_life_s=short, radionuclide='C-11', injection=injected, injection_time=None
        )
        assert suv_scale(header).flags == flags
