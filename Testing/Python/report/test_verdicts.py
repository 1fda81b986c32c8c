"""Pass, warning, fail, not judged: what is missing or doubtful never passes in silence."""

from dataclasses import replace
from functools import partial

import pytest
from made_cylinder import cylinder_phantom, cylinder_result, made_cylinder
from made_quality import quality_result
from made_results import made_result
from VOIIdentificationLib.analysis import analyze
from VOIIdentificationLib.core.errors import InputFileError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.evaluate.limits import Level, Limit, Limits, shipped_limits
from VOIIdentificationLib.report.formats import result_tables
from VOIIdentificationLib.report.verdicts import (
    limits_of_result,
    outcomes,
    verdict_lines,
    with_verdict,
)


def judged_as(result, standard='EARL 1', *, fail=(), leave_out=()):
    """The same result with every coefficient in the middle of its limits, but for some."""
    rows = next(one for one in shipped_limits() if one.name == standard).rows

    def coefficient(label, row):
        if (label, row.quantity) in leave_out:
            return None
        return 2 * row.high if (label, row.quantity) in fail else (row.low + row.high) / 2

    spheres = tuple(
        replace(
            sphere,
            **{
                row.quantity: coefficient(sphere.label, row)
                for row in rows
                if row.diameter_mm == sphere.diameter_mm
            },
        )
        for sphere in result.recovery.spheres
    )
    return replace(result, recovery=replace(result.recovery, spheres=spheres))


def of(result, standard='EARL 1'):
    return next(one for one in outcomes(result) if one.standard == standard)


@pytest.fixture
def result():
    return quality_result()


def test_all_values_within_the_limits_pass(result):
    found = of(judged_as(result))

    assert found.level is Level.PASS
    assert found.reasons == ('All 12 values lie within its limits.',)


def test_what_may_not_be_judged_never_passes(result):
    """A condition of the standard that is not met stands in the card, not only in the cells."""
    found = judged_as(result)
    four = replace(found, activity=replace(found.activity, ratio=4.0))

    assert of(four).level is Level.NOT_JUDGED
    assert of(four).reasons == ('EARL 1 is meant for a true ratio of 10 : 1, here it is 4.00 : 1.',)

    spheres = found.recovery.spheres
    doubted = replace(spheres[0], flags=(Flag.SIZE_OPEN,))
    one_open = replace(found, recovery=replace(found.recovery, spheres=(doubted, *spheres[1:])))
    assert of(one_open).level is Level.WARNING
    (said,) = [text for text in of(one_open).reasons if 'not judged' in text]
    assert said.startswith('S37: RCmean (A50); S37: RCmax not judged: ')
    assert Flag.SIZE_OPEN.text in said


def test_a_contradiction_takes_every_verdict(result):
    found = of(replace(judged_as(result), doubt='The worksheet is of another day.'))

    assert found.level is Level.NOT_JUDGED
    assert found.reasons == ('The worksheet is of another day.',)


def test_one_value_outside_fails_and_is_named(result):
    found = of(judged_as(result, fail={('S13', 'rc_max')}))

    assert found.level is Level.FAIL
    assert len(found.reasons) == 1
    assert found.reasons[0].startswith('S13: RCmax ')
    assert 'outside 0.59 to 0.85' in found.reasons[0]


def test_limits_at_second_hand_warn_but_never_fail(result):
    found = of(judged_as(result, 'EARL 2', fail={('S13', 'rc_max')}), 'EARL 2')

    assert found.level is Level.WARNING
    assert '(indicative)' in found.reasons[0]
    note = 'second-hand: taken from another tool'
    assert f'Some of its limits are only indicative: {note}.' in found.reasons


def test_a_missing_value_warns(result):
    found = of(judged_as(result, leave_out={('S10', 'rc_mean')}))

    assert found.level is Level.WARNING
    assert 'S10: RCmean (A50) not judged: it could not be measured.' in found.reasons


def test_a_sphere_that_the_phantom_does_not_use_is_not_missed(result):
    left_out = judged_as(result, leave_out={('S10', 'rc_mean'), ('S10', 'rc_max')})
    inserts = [replace(one, use=one.label != 'S10') for one in left_out.phantom.inserts]

    found = of(replace(left_out, phantom=replace(left_out.phantom, inserts=tuple(inserts))))

    assert found.level is Level.PASS


def test_a_cold_sphere_needs_no_recovery(result):
    left_out = judged_as(result, leave_out={('S37', 'rc_mean'), ('S37', 'rc_max')})
    inserts = [replace(one, hot=one.label != 'S37') for one in left_out.phantom.inserts]

    found = of(replace(left_out, phantom=replace(left_out.phantom, inserts=tuple(inserts))))

    assert found.level is Level.PASS


def test_a_doubtful_value_warns_in_words(result):
    judged = judged_as(result)
    spheres = judged.recovery.spheres
    flagged = replace(spheres[2], flags=(Flag.FIT_REFUSED,))
    recovery = replace(judged.recovery, spheres=(*spheres[:2], flagged, *spheres[3:]))

    found = of(replace(judged, recovery=recovery))

    assert found.level is Level.WARNING
    assert f'S22: {Flag.FIT_REFUSED.text}.' in found.reasons


def test_without_the_activity_nothing_is_judged():
    found = outcomes(quality_result(known=False))

    assert {one.level for one in found} == {Level.NOT_JUDGED}
    assert 'fill worksheet' in of(quality_result(known=False)).reasons[0]


def test_an_image_in_another_unit_is_not_told_to_give_the_activity():
    known = quality_result()
    other = replace(quality_result(known=False), activity=known.activity)
    other = replace(other, image=replace(other.image, unit='unknown'))

    found = of(other)

    assert found.level is Level.NOT_JUDGED
    assert found.reasons == (
        'The values of the image (unit unknown) are no concentrations in Bq/mL.',
    )


def test_without_any_evaluation_every_standard_says_why():
    found = outcomes(made_result())

    assert [one.standard for one in found] == ['NEMA NU 2', 'EARL 1', 'EARL 2']
    assert all(one.reasons for one in found)


def test_every_comparison_of_the_tables_is_read(result):
    lines = verdict_lines(result_tables(result))

    expected = [
        (s.label, v.standard, v.passed) for s in result.recovery.spheres for v in s.verdicts
    ]
    assert [(line.label, line.standard, line.verdict == 'pass') for line in lines] == expected


def with_parts(**parts):
    """The whole phantom, of which something was not evaluated."""
    return replace(quality_result(), **parts)


def reason_of(result, quantity, diameter_mm=None):
    """Why a site's limits for one quantity are not judged."""
    row = Limit(diameter_mm, quantity, -500.0, 500.0, 'site', '1')
    (value,) = with_verdict(result, [Limits('Site', None, (row,))]).verdict.values
    assert value.value is None
    assert value.verdict.level is Level.NOT_JUDGED
    return value.verdict.not_judged


@pytest.mark.parametrize(
    ('result', 'asked', 'words'),
    [
        (quality_result, ('bias_percent',), 'no uniform cylinder was measured'),
        (cylinder_result, ('lung_error_percent',), 'a uniform cylinder was measured'),
        (partial(with_parts, nema=None), ('contrast_percent', 37.0), 'NEMA NU 2 was not evaluated'),
        (partial(with_parts, recovery=None), ('rc_max', 37.0), 'no recovery was evaluated'),
        (partial(quality_result, known=False), ('calibration_error_percent',), 'fill worksheet'),
    ],
)
def test_limits_for_what_was_not_measured_say_why_and_never_pass(result, asked, words):
    assert words in reason_of(result(), *asked)


def test_the_bias_of_a_cylinder_of_unknown_activity_says_so():
    result = analyze(made_cylinder(), (), cylinder_phantom())
    assert reason_of(result, 'bias_percent') == result.cylinder.bias.not_judged != ''


def test_no_limits_are_made_of_nothing():
    with pytest.raises(InputFileError, match='nothing was measured that limits can be set for'):
        limits_of_result(replace(made_result(), spheres=()))
