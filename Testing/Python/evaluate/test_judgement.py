"""One verdict of all profiles: conditions first, and nothing that is open passes."""

from dataclasses import replace

import pytest
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.phantom import load_phantom
from VOIIdentificationLib.evaluate.judgement import NOTHING_CHOSEN, Conditions, judge
from VOIIdentificationLib.evaluate.limits import Level, Limit, Limits
from VOIIdentificationLib.evaluate.quantities import Value

PHANTOM = load_phantom('NEMA IEC body')
GOOD = Conditions(PHANTOM, ratio=4.0, edition='2018')
SOURCE = {'source': 'x', 'version': '1'}


def contrast(value, label='S37', flags=()):
    return Value('contrast_percent', label, float(label[1:]), value, '%', flags=flags)


def profile(*rows, name='Site', ratio=None, edition=None):
    return Limits(name, ratio, rows, edition=edition)


WIDE = Limit(37.0, 'contrast_percent', 50.0, 90.0, **SOURCE, warning_low=60.0)


def level(value, row=WIDE, conditions=GOOD, **more):
    return judge([profile(row, **more)], [contrast(value)], [], conditions).level.value


@pytest.mark.parametrize(
    ('value', 'said'),
    [(70.0, 'pass'), (55.0, 'warning'), (40.0, 'fail'), (95.0, 'fail')],
)
def test_met_nearly_met_and_missed(value, said):
    assert level(value) == said


def test_reasons_name_sphere_quantity_value_and_limits():
    fail = judge([profile(WIDE)], [contrast(40.0)], [], GOOD)
    assert fail.reasons == ('Site: S37: Q_j 2-D 40 % is outside 50 to 90.',)
    warn = judge([profile(WIDE)], [contrast(55.0)], [], GOOD)
    assert warn.reasons == ('Site: S37: Q_j 2-D 55 % is below 60, a level of warning.',)
    fine = judge([profile(WIDE)], [contrast(70.0)], [], GOOD)
    assert fine.reasons == ('Site: The value lies within its limits.',)


def test_without_limits_nothing_is_judged():
    assert judge([], [contrast(70.0)], [], GOOD) is NOTHING_CHOSEN
    assert NOTHING_CHOSEN.level is Level.NOT_JUDGED


@pytest.mark.parametrize(
    ('conditions', 'more', 'reason'),
    [
        (replace(GOOD, doubt='The worksheet is of May.'), {}, 'The worksheet is of May.'),
        (GOOD, {'ratio': 10.0}, 'Site is meant for a true ratio of 10 : 1, here it is 4.00 : 1.'),
        (
            replace(GOOD, ratio=None),
            {'ratio': 4.0},
            'Site is meant for a true ratio of 4 : 1, here it is unknown.',
        ),
        (
            GOOD,
            {'edition': '2012'},
            'Site is meant for edition 2012 of NEMA NU 2, evaluated was 2018.',
        ),
    ],
)
@pytest.mark.parametrize('value', [70.0, 40.0])
def test_no_verdict_without_its_conditions(conditions, more, reason, value):
    found = judge([profile(WIDE, **more)], [contrast(value)], [], conditions)
    assert found.level is Level.NOT_JUDGED
    assert found.reasons == (f'Site: {reason}',)
    assert {one.verdict.passed for one in found.values} == {None}


@pytest.mark.parametrize('ratio', [3.61, 4.0, 4.39])
def test_a_ratio_near_that_of_the_profile_is_judged(ratio):
    assert level(70.0, conditions=replace(GOOD, ratio=ratio), ratio=4.0) == 'pass'


def test_a_sphere_whose_label_is_doubted_is_not_judged():
    values = [contrast(70.0, flags=('size_open',)), contrast(70.0, 'S28')]
    rows = (WIDE, replace(WIDE, diameter_mm=28.0))
    found = judge([profile(*rows)], values, [], GOOD)
    assert found.level is Level.WARNING
    assert [one.verdict.level.value for one in found.values] == ['not judged', 'pass']
    assert Flag.SIZE_OPEN.text in found.reasons[1]


def test_a_value_that_is_missing_never_passes():
    conditions = replace(GOOD, missing=lambda quantity: f'no {quantity}')
    found = judge([profile(WIDE)], [], [], conditions)
    assert (found.level, found.reasons) == (Level.NOT_JUDGED, ('Site: No contrast_percent.',))
    rows = (WIDE, replace(WIDE, diameter_mm=28.0))
    found = judge([profile(*rows)], [contrast(70.0)], [], conditions)
    assert found.level is Level.WARNING
    assert 'Site: S28: Q_j 2-D not judged: no contrast_percent.' in found.reasons


def test_a_sphere_that_the_phantom_does_not_have_is_not_missed():
    other = replace(WIDE, diameter_mm=60.0)
    assert judge([profile(WIDE, other)], [contrast(70.0)], [], GOOD).level is Level.PASS
    alone = judge([profile(other)], [contrast(70.0)], [], GOOD)
    assert alone.level is Level.NOT_JUDGED
    assert 'meant for what was measured' in alone.reasons[0]


def test_limits_at_second_hand_warn_and_never_fail():
    row = replace(WIDE, note='second-hand')
    found = judge([profile(row)], [contrast(40.0)], [], GOOD)
    assert found.level is Level.WARNING
    assert found.values[0].verdict.level is Level.FAIL
    assert '(indicative)' in found.reasons[0]
    assert found.reasons[-1] == 'Site: Some of its limits are only indicative: second-hand.'


def test_a_flagged_value_warns_in_words():
    found = judge([profile(WIDE)], [contrast(70.0, flags=('off_slice',))], [], GOOD)
    assert found.level is Level.WARNING
    assert f'Site: S37: {Flag.OFF_SLICE.text}.' in found.reasons
    whole = judge([profile(WIDE)], [contrast(70.0)], [], replace(GOOD, flags=(Flag.RING_SCALE,)))
    assert whole.level is Level.WARNING


def limits_of(value):
    """A profile that says so of 70."""
    ends = {'pass': (50.0, 90.0), 'fail': (80.0, 90.0), 'warning': (50.0, 90.0)}[value]
    warn = 80.0 if value == 'warning' else None
    row = Limit(37.0, 'contrast_percent', *ends, **SOURCE, warning_low=warn)
    return profile(row, name=value)


@pytest.mark.parametrize(
    ('parts', 'said'),
    [
        (['pass', 'pass'], 'pass'),
        (['pass', 'warning'], 'warning'),
        (['warning', 'fail', 'pass'], 'fail'),
        (['pass', 'other ratio'], 'warning'),
        (['fail', 'other ratio'], 'fail'),
        (['other ratio'], 'not judged'),
    ],
)
def test_the_overall_verdict_is_the_worst(parts, said):
    profiles = [
        replace(limits_of('pass'), name=f'{n}', ratio=10.0)
        if part == 'other ratio'
        else replace(limits_of(part), name=f'{n}')
        for n, part in enumerate(parts)
    ]
    found = judge(profiles, [contrast(70.0)], [], GOOD)
    assert found.level.value == said
    assert [one.standard for one in found.outcomes] == [one.name for one in profiles]


def test_the_gravest_reason_stands_first():
    found = judge([limits_of('pass'), limits_of('fail')], [contrast(70.0)], [], GOOD)
    assert found.reasons[0].startswith('fail: S37: ')


def test_values_of_the_whole_scan_have_no_sphere():
    row = Limit(None, 'lung_error_percent', None, 19.0, **SOURCE)
    value = Value('lung_error_percent', '', None, 20.0, '%')
    found = judge([profile(row)], [value], [], GOOD)
    assert found.reasons == ('Site: Lung residual 20 % is above 19.',)


@pytest.mark.parametrize(
    ('no_change', 'change', 'said'),
    [
        ('no baseline was given', None, 'not judged'),
        ('the scanner is unknown', 4.0, 'not judged'),
        ('', -6.0, 'fail'),
        ('', 4.0, 'pass'),
    ],
)
def test_changes_need_a_baseline(no_change, change, said):
    row = Limit(37.0, 'contrast_percent', -5.0, 5.0, **SOURCE, of='change_percent')
    changes = [] if change is None else [contrast(change)]
    found = judge([profile(row)], [contrast(70.0)], changes, replace(GOOD, no_change=no_change))
    assert found.level.value == said
    if no_change:
        assert found.reasons == (f'Site: {no_change[0].upper()}{no_change[1:]}.',)
    if change == -6.0:
        assert found.reasons == ('Site: S37: Change of Q_j 2-D -6 % is outside -5 to 5.',)


@pytest.mark.parametrize(
    ('low', 'high', 'where'),
    [(80.0, 90.0, 'outside 80 to 90'), (80.0, None, 'below 80'), (None, 60.0, 'above 60')],
)
def test_a_reason_names_the_limits_that_there_are(low, high, where):
    row = Limit(37.0, 'contrast_percent', low, high, **SOURCE)
    found = judge([profile(row)], [contrast(70.0)], [], GOOD)
    assert found.reasons == (f'Site: S37: Q_j 2-D 70 % is {where}.',)


def test_a_level_of_warning_is_named_by_its_own_ends():
    row = Limit(37.0, 'contrast_percent', 0.0, 100.0, **SOURCE, warning_low=80, warning_high=90)
    found = judge([profile(row)], [contrast(70.0)], [], GOOD)
    assert found.reasons == ('Site: S37: Q_j 2-D 70 % is outside 80 to 90, a level of warning.',)


def test_a_ratio_has_no_unit_in_the_reason():
    row = Limit(37.0, 'rc_max', 0.9, 1.1, **SOURCE)
    found = judge([profile(row)], [Value('rc_max', 'S37', 37.0, 1.25, '')], [], GOOD)
    assert found.reasons == ('Site: S37: RCmax 1.25 is outside 0.9 to 1.1.',)


@pytest.mark.parametrize('count', [1, 2, 3])
def test_how_many_values_lie_within_is_said(count):
    labels = ['S37', 'S28', 'S22'][:count]
    rows = [replace(WIDE, diameter_mm=float(label[1:])) for label in labels]
    found = judge([profile(*rows)], [contrast(70.0, label) for label in labels], [], GOOD)
    said = 'The value lies within its limits.' if count == 1 else f'All {count} values lie within'
    assert found.reasons[0].startswith(f'Site: {said}')


@pytest.mark.parametrize(
    ('missing', 'said'),
    [
        (['S28'], 'S28: Q_j 2-D not judged'),
        (['S28', 'S22', 'S17'], 'S28: Q_j 2-D; S22: Q_j 2-D; S17: Q_j 2-D not judged'),
        (
            ['S28', 'S22', 'S17', 'S13', 'S10'],
            'S28: Q_j 2-D; S22: Q_j 2-D; S17: Q_j 2-D and 2 more not judged',
        ),
    ],
)
def test_what_has_one_reason_is_told_together_and_not_at_length(missing, said):
    rows = [replace(WIDE, diameter_mm=float(label[1:])) for label in ('S37', *missing)]
    found = judge([profile(*rows)], [contrast(70.0)], [], GOOD)
    assert f'Site: {said}: it was not measured.' in found.reasons


def test_two_reasons_are_each_told_with_what_they_concern():
    """Neither stands for all of the profile, so neither is said without its sphere."""
    rows = (WIDE, replace(WIDE, diameter_mm=28.0))
    found = judge([profile(*rows)], [contrast(70.0, flags=('size_open',))], [], GOOD)
    assert found.level is Level.NOT_JUDGED
    assert found.reasons == (
        f'Site: S37: Q_j 2-D not judged: {Flag.SIZE_OPEN.text}.',
        'Site: S28: Q_j 2-D not judged: it was not measured.',
    )


def test_limits_of_the_standard_fail_before_those_at_second_hand():
    rows = (
        replace(WIDE, note='read off a plot'),
        replace(WIDE, diameter_mm=28.0),
    )
    found = judge([profile(*rows)], [contrast(40.0), contrast(45.0, 'S28')], [], GOOD)
    assert found.level is Level.FAIL
    assert [one.split(' Q_j')[0] for one in found.reasons[:2]] == ['Site: S28:', 'Site: S37:']


def test_a_note_is_said_once_and_also_of_what_passes():
    rows = tuple(replace(WIDE, diameter_mm=d, note='a plot') for d in (37.0, 28.0))
    found = judge([profile(*rows)], [contrast(70.0), contrast(71.0, 'S28')], [], GOOD)
    assert found.level is Level.PASS
    assert found.reasons == (
        'Site: All 2 values lie within its limits.',
        'Site: Some of its limits are only indicative: a plot.',
    )


def test_a_doubt_of_the_scan_is_no_doubt_of_a_sphere():
    rows = (Limit(None, 'lung_error_percent', None, 19.0, **SOURCE), WIDE)
    lung = Value('lung_error_percent', '', None, 2.0, '%', flags=('few_rois',))
    found = judge([profile(*rows)], [lung, contrast(70.0)], [], GOOD)
    text = Flag.FEW_ROIS.text
    assert found.level is Level.WARNING
    assert f'Site: {text[0].upper()}{text[1:]}.' in found.reasons
    assert not any('S37' in one for one in found.reasons)


def test_cold_spheres_have_contrast_and_no_recovery():
    inserts = tuple(replace(one, hot=one.diameter_mm < 30) for one in PHANTOM.inserts)
    cold = replace(GOOD, phantom=replace(PHANTOM, inserts=inserts))
    recovered = Limit(37.0, 'rc_max', 0.5, 2.0, **SOURCE)
    found = judge([profile(recovered, WIDE)], [contrast(70.0)], [], cold)
    assert [one.verdict.quantity for one in found.values] == ['contrast_percent']
    assert found.level is Level.PASS


@pytest.mark.parametrize(
    ('reason', 'said'), [('a_B is 0', 'a_B is 0.'), ('the sheet is old', 'The sheet is old.')]
)
def test_a_reason_begins_as_a_sentence_does_but_a_symbol_stays(reason, said):
    found = judge([profile(WIDE)], [contrast(70.0)], [], replace(GOOD, doubt=reason))
    assert found.reasons == (f'Site: {said}',)


def test_every_comparison_says_what_was_compared():
    change = Limit(37.0, 'contrast_percent', -5.0, 5.0, **SOURCE, of='change_percent')
    rows = (WIDE, change, Limit(37.0, 'rc_max', 0.5, 2.0, **SOURCE))
    values = [contrast(70.0, flags=('off_slice',)), Value('rc_max', 'S37', 37.0, 1.0, '')]
    found = judge([profile(*rows)], values, [contrast(3.0)], replace(GOOD, no_change=''))
    assert [(one.label, one.diameter_mm, one.value, one.unit, one.of) for one in found.values] == [
        ('S37', 37.0, 70.0, '%', 'value'),
        ('S37', 37.0, 3.0, '%', 'change_percent'),
        ('S37', 37.0, 1.0, '', 'value'),
    ]
    assert [one.flags for one in found.values] == [(Flag.OFF_SLICE,), (), ()]
