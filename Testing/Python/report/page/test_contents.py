"""What the page says of spheres: the summary against the result itself."""

from dataclasses import replace

import pytest
from made_quality import quality_result
from made_results import made_result
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.report.formats import result_tables
from VOIIdentificationLib.report.method import doubts, method_rows
from VOIIdentificationLib.report.page.contents import (
    Definitions,
    page_tables,
    summary_table,
)
from VOIIdentificationLib.report.page.numbers import number_texts


def summary(result):
    tables = result_tables(result)
    table = summary_table(result, tables, Definitions(tables, method_rows(result)))
    return table, {column.header.partition(' [')[0]: column.cells for column in table.columns}


def test_each_sphere_has_its_own_values():
    result = quality_result()

    _table, cells = summary(result)

    for n, (nema, recovery) in enumerate(
        zip(result.nema.spheres, result.recovery.spheres, strict=True)
    ):
        assert cells['Sphere'][n].text == nema.label
        said = cells['Q_H,j 2-D'][n].text.partition(' ± ')[0]
        assert float(said) == pytest.approx(nema.contrast_percent, abs=0.06)
        assert float(cells['N_j'][n].text) == pytest.approx(nema.variability_percent, abs=0.006)
        assert cells['RCmax'][n].text.startswith(f'{recovery.rc_max:.3f} ±')


def test_a_failure_of_indicative_limits_is_never_drawn_as_one_of_the_standard():
    result = quality_result()

    _table, cells = summary(result)

    for n, sphere in enumerate(result.recovery.spheres):
        for standard in ('EARL 1', 'EARL 2'):
            failed = [v for v in sphere.verdicts if v.standard == standard and not v.passed]
            mark = 'pass' if not failed else 'fail'
            if failed and all(v.note for v in failed):
                mark = 'indicative'
            assert cells[f'Verdict {standard}'][n].mark == mark
    marks = {cell.mark for standard in (1, 2) for cell in cells[f'Verdict EARL {standard}']}
    assert marks == {'pass', 'fail', 'indicative'}


def test_one_official_limit_among_indicative_ones_is_a_failure():
    result = quality_result()
    spheres = [
        replace(
            s,
            verdicts=tuple(replace(v, note='' if s.label == 'S37' else v.note) for v in s.verdicts),
        )
        for s in result.recovery.spheres
    ]

    _table, cells = summary(
        replace(result, recovery=replace(result.recovery, spheres=tuple(spheres)))
    )

    marks = dict(
        zip(
            (c.text for c in cells['Sphere']),
            (c.mark for c in cells['Verdict EARL 2']),
            strict=True,
        )
    )
    assert marks['S37'] == 'fail'
    assert marks['S28'] == 'indicative'


def test_doubts_stand_in_words_at_their_sphere_and_those_of_all_once():
    result = quality_result()
    flagged = replace(result.spheres[2], flags=(Flag.FIT_REFUSED, Flag.OFF_RING))
    spheres = (*result.spheres[:2], flagged, *result.spheres[3:])

    table, cells = summary(replace(result, spheres=spheres))

    assert [n for n, cell in enumerate(cells['Doubts']) if cell.text != 'none'] == [2]
    assert cells['Doubts'][2].text == f'{Flag.FIT_REFUSED.text}; {Flag.OFF_RING.text}'
    assert any('second-hand' in note for note in table.notes)


def test_a_reason_not_to_judge_any_sphere_is_not_said_at_each():
    """It stands with the verdict of the standard; what differs is said at its sphere."""
    result = quality_result()
    reason = 'EARL 1 is meant for 10 : 1'
    spheres = [
        replace(
            s,
            verdicts=tuple(
                replace(v, passed=None, not_judged=reason) if v.standard == 'EARL 1' else v
                for v in s.verdicts
            ),
        )
        for s in result.recovery.spheres
    ]

    _table, cells = summary(
        replace(result, recovery=replace(result.recovery, spheres=tuple(spheres)))
    )

    assert {cell.text for cell in cells['Verdict EARL 1']} == {'not judged'}
    assert 'pass' in {cell.text for cell in cells['Verdict EARL 2']}


def test_spheres_without_evaluation_have_a_summary_too():
    _table, cells = summary(made_result())

    assert [cell.text for cell in cells['Sphere']] == ['S22', 'S17', 'S10']
    assert Flag.SEARCH_AT_LIMIT.text in cells['Doubts'][2].text


def test_an_uncertainty_decides_the_digits():
    tables = {table.key: table for table in result_tables(quality_result())}
    activity, spheres = tables['activity'], tables['spheres']

    assert number_texts(activity, activity.column('value'))[0] == '20000 ± 592'
    assert number_texts(activity, activity.column('value'))[2] == '10.00 ± 0.07'
    assert set(number_texts(activity, activity.column('value'))[4:]) == {''}
    assert '±' not in ''.join(number_texts(spheres, spheres.column('max')))


def test_large_tables_are_folded():
    result = quality_result()
    tables = result_tables(result)
    shown = page_tables(result, tables, Definitions(tables, method_rows(result)))

    opened = {table.key for table in shown if table.opened}
    assert {'activity', 'nema_summary', 'background_variability'} <= opened
    assert not opened & {'spheres', 'slices', 'background_roi_means', 'recovery_limits'}


def test_one_flag_of_several_things_is_one_sentence():
    result = made_result()
    first, second, third = result.spheres
    spheres = (
        *(replace(voi, flags=(Flag.OFF_RING,)) for voi in (first, second)),
        replace(third, flags=()),
    )
    noted = replace(result, spheres=spheres, notes=('No SUV: the header has no weight',))

    assert doubts(noted) == (
        Flag.SEEDS_OVERLAP.text,
        f'S22, S17: {Flag.OFF_RING.text}',
        'No SUV: the header has no weight',
        '2 files passed over: no image.',
    )
