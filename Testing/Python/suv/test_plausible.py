"""Values of a header that no scan has: refused or flagged, in whatever unit they were meant."""

from dataclasses import replace

import pytest
from suv_headers import DOSE_BQ, ELEVEN, PLAIN, dose_after
from VOIIdentificationLib.activity.isotopes import ISOTOPES, isotope_named
from VOIIdentificationLib.core.errors import SUVError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.suv.header import SUVFrame
from VOIIdentificationLib.suv.scale import suv_scale
from VOIIdentificationLib.suv.scan_facts import scan_facts

PER_BQML = 70e3 / dose_after(3600.0)
TIMES = {'decay_correction': 'ADMIN'}


@pytest.mark.parametrize('isotope', ISOTOPES, ids=lambda isotope: isotope.name)
@pytest.mark.parametrize(('seconds', 'unit'), [(60, 'minutes'), (3600, 'hours'), (86400, 'days')])
def test_a_half_life_in_another_unit_is_refused(isotope, seconds, unit):
    said = round(isotope.half_life_s / seconds, 6)
    header = replace(PLAIN, half_life_s=said, radionuclide=isotope.name)
    with pytest.raises(
        SUVError, match=rf'\(0018,1075\).*that of .* in {unit}; DICOM wants'
    ) as told:
        suv_scale(header)
    assert isotope.name in str(told.value)


@pytest.mark.parametrize(('name', 'flags'), [('', ()), ('F-18', ()), ('Ge-68', None)])
def test_hours_of_ge_68_are_seconds_of_f_18_unless_it_is_named(name, flags):
    header = replace(PLAIN, half_life_s=6502.8, radionuclide=name)
    if flags is None:
        with pytest.raises(SUVError, match='that of Ge-68 in hours'):
            suv_scale(header)
    else:
        assert suv_scale(header).flags == flags


@pytest.mark.parametrize('half_life_s', [1e-6, 1.8, 59.0, 2e8, 1e30])
def test_a_half_life_of_no_isotope_for_pet_is_refused(half_life_s):
    with pytest.raises(SUVError, match=r'Half Life \(0018,1075\)'):
        suv_scale(replace(PLAIN, half_life_s=half_life_s))


@pytest.mark.parametrize(
    ('half_life_s', 'told'), [(59.9, None), (60.0, 60.0), (1e8, 1e8), (1.001e8, None)]
)
def test_a_half_life_is_from_a_minute_to_three_years(half_life_s, told):
    assert scan_facts(replace(PLAIN, half_life_s=half_life_s)).half_life_s == told


@pytest.mark.parametrize('half_life_s', [6586.2, 6583.7, 4057.7, 1218.0, 230760.0, 8.2e7])
def test_half_lives_as_scanners_round_them_are_believed(half_life_s):
    scale = suv_scale(replace(PLAIN, half_life_s=half_life_s))
    assert scale.flags == ()


def test_a_half_life_that_is_refused_tells_the_worksheet_nothing():
    facts = scan_facts(replace(PLAIN, half_life_s=1.8288))
    assert facts.half_life_s is None
    assert facts.isotope == ''
    assert facts.scan_start is None


@pytest.mark.parametrize(
    ('dose', 'flags'),
    [
        (1e6, ()),
        (70e6, ()),
        (1e10, ()),
        (1.0, (Flag.DOSE_IN_MBQ,)),
        (1e4, (Flag.DOSE_IN_MBQ,)),
        (70.0, (Flag.DOSE_IN_MBQ,)),
        (1.9, (Flag.DOSE_IN_MBQ,)),
        (2200.0, (Flag.DOSE_IN_MBQ,)),
    ],
)
def test_doses_of_scans_are_taken(dose, flags):
    assert suv_scale(replace(PLAIN, dose=dose)).flags == flags


@pytest.mark.parametrize('dose', [1e-3, 0.07, 0.999, 1.001e4, 7e4, 999_999.0, 1.001e10, 7e13])
def test_doses_of_no_scan_are_refused(dose):
    """GBq, kBq or milli-becquerel: no unit is guessed where two may be meant."""
    with pytest.raises(
        SUVError, match=r'Total Dose \(0018,1074\) is .*no dose for a .*\(1 MBq to 10 GBq\)'
    ):
        suv_scale(replace(PLAIN, dose=dose))


@pytest.mark.parametrize(
    ('weight', 'flags'),
    [
        (0.01, ()),
        (150.0, ()),
        (320.0, ()),
        (0.0099, (Flag.HEADER_IMPLAUSIBLE,)),
        (320.1, (Flag.HEADER_IMPLAUSIBLE,)),
        (650.0, (Flag.HEADER_IMPLAUSIBLE,)),
        (1000.0, (Flag.HEADER_IMPLAUSIBLE,)),
        (1000.5, (Flag.WEIGHT_IN_GRAMS,)),
        (70_000.0, (Flag.WEIGHT_IN_GRAMS,)),
        (7e6, (Flag.WEIGHT_IN_GRAMS, Flag.HEADER_IMPLAUSIBLE)),
    ],
)
def test_unusual_weights_are_flagged(weight, flags):
    assert suv_scale(replace(PLAIN, weight=weight)).flags == flags


@pytest.mark.parametrize(
    ('height', 'flags'),
    [
        (1.75, ()),
        (0.25, ()),
        (2.5, ()),
        (0.249, (Flag.HEADER_IMPLAUSIBLE,)),
        (2.51, (Flag.HEADER_IMPLAUSIBLE,)),
        (3.0, (Flag.HEADER_IMPLAUSIBLE,)),
        (3.001, (Flag.HEIGHT_IN_CM, Flag.HEADER_IMPLAUSIBLE)),
        (175.0, (Flag.HEIGHT_IN_CM,)),
        (1750.0, (Flag.HEIGHT_IN_CM, Flag.HEADER_IMPLAUSIBLE)),
    ],
)
def test_unusual_heights_are_flagged_where_they_count(height, flags):
    assert suv_scale(replace(PLAIN, height=height), 'bsa').flags == flags
    assert suv_scale(replace(PLAIN, height=height)).flags == ()


def counts(**changes):
    """Philips' counts with both factors, in agreement: 2 Bq/mL a count."""
    frame = {'philips_suv_factor': 2.0 * PER_BQML, 'philips_activity_factor': 2.0, **changes}
    frames = (SUVFrame(ELEVEN, 150.0, 300.0, **frame),) * 3
    return replace(PLAIN, units='CNTS', frames=frames)


@pytest.mark.parametrize('off', [1.0, 1.049, 1 / 1.049])
def test_factors_of_philips_that_agree_are_believed(off):
    scale = suv_scale(counts(philips_suv_factor=2.0 * off * PER_BQML))
    assert scale.flags == ()
    assert scale.factors == pytest.approx([2.0 * off * PER_BQML] * 3, rel=1e-12)


@pytest.mark.parametrize('off', [0.1, 1 / 1.051, 1.051, 4.8, 1000.0])
def test_factors_of_philips_that_disagree_are_flagged(off):
    scale = suv_scale(counts(philips_suv_factor=2.0 * off * PER_BQML))
    assert scale.flags == (Flag.HEADER_CONTRADICTS,)
    assert any(f'is {off:.3g} times' in text for text in scale.decisions)


def test_one_slice_whose_factors_disagree_is_enough():
    plain = counts()
    odd = replace(plain.frames[1], philips_activity_factor=3.0)
    header = replace(plain, frames=(plain.frames[0], odd, plain.frames[2]))
    assert suv_scale(header).flags == (Flag.HEADER_CONTRADICTS,)


def test_factors_are_not_compared_without_a_dose():
    assert suv_scale(replace(counts(philips_suv_factor=1.0), dose=None)).flags == ()


@pytest.mark.parametrize('missing', ['ATTN', 'DECY'])
@pytest.mark.parametrize('factors', [{}, {'philips_activity_factor': None}])
def test_counts_that_lack_a_correction_have_no_suv(missing, factors):
    listed = tuple(name for name in ('NORM', 'ATTN', 'DECY') if name != missing)
    with pytest.raises(SUVError, match=rf'\(0028,0051\) lists .*, not {missing}'):
        suv_scale(replace(counts(**factors), corrected_image=listed))


def test_counts_that_were_made_activity_have_the_factor_of_activity():
    scale = suv_scale(counts(bqml_per_count=2.0))
    assert scale.factors == pytest.approx([PER_BQML] * 3, rel=1e-12)
    only_activity = suv_scale(counts(bqml_per_count=2.0, philips_suv_factor=None))
    assert only_activity.factors == pytest.approx([PER_BQML] * 3, rel=1e-12)


def test_stored_suv_without_attenuation_correction_is_flagged():
    header = replace(PLAIN, units='GML', suv_type='BW', corrected_image=('DECY',))
    assert suv_scale(header).flags == (Flag.HEADER_CONTRADICTS,)


def test_a_factor_that_is_no_number_is_refused():
    header = replace(PLAIN, **TIMES, weight=1e-320, dose=DOSE_BQ)
    with pytest.raises(SUVError, match='give a factor of 0'):
        suv_scale(header)


@pytest.mark.parametrize(
    ('factor', 'flags'),
    [
        (0.9799, (Flag.HEADER_CONTRADICTS,)),
        (0.9801, ()),
        (1.0199, ()),
        (1.0201, (Flag.HEADER_CONTRADICTS,)),
    ],
)
def test_a_half_life_may_be_two_percent_from_that_of_its_isotope(factor, flags):
    half_life_s = factor * isotope_named('F-18').half_life_s
    assert suv_scale(replace(PLAIN, half_life_s=half_life_s, radionuclide='F-18')).flags == flags
    unnamed = scan_facts(replace(PLAIN, half_life_s=half_life_s, radionuclide=''))
    assert unnamed.isotope == ('' if flags else 'F-18')


def test_what_was_taken_is_said_with_its_unit():
    assert 'weight 70 kg (0010,1030)' in suv_scale(PLAIN, 'bsa').decisions
    assert 'height 1.75 m (0010,1020)' in suv_scale(PLAIN, 'bsa').decisions
    gram = suv_scale(replace(PLAIN, weight=7e6))
    assert 'the weight 7e+06 (0010,1030) is taken for gram' in gram.decisions
    assert 'the weight 7000 kg (0010,1030) is outside the usual 0.01 to 320 kg' in gram.decisions


def test_an_unusual_weight_or_height_is_reckoned_with_all_the_same():
    heavy, light = (suv_scale(replace(PLAIN, weight=kg)).factors[0] for kg in (650.0, 65.0))
    assert heavy == pytest.approx(10 * light)


@pytest.mark.parametrize('corrected', [(), ('ATTN',), ('NORM', 'ATTN', 'SCAT')])
def test_stored_suv_with_attenuation_correction_or_without_a_word_of_it_is_believed(corrected):
    header = replace(PLAIN, units='GML', suv_type='BW', corrected_image=corrected)
    assert suv_scale(header).flags == ()
