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
