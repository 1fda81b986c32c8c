"""Limits that are met, nearly met and missed: the same word in every output."""

import csv
import json
from dataclasses import replace

import openpyxl
import pytest
from made_quality import judged_result, profile, quality_result
from VOIIdentificationLib.evaluate.limits import (
    LIMITED,
    load_limits,
    save_limits,
    shipped_limits,
)
from VOIIdentificationLib.evaluate.quantities import QUANTITY_OF
from VOIIdentificationLib.report.formats import results_json
from VOIIdentificationLib.report.method import method_rows
from VOIIdentificationLib.report.page.write import page_html
from VOIIdentificationLib.report.tidy import write_tidy
from VOIIdentificationLib.report.verdicts import limits_of_result, outcomes, with_verdict
from VOIIdentificationLib.report.workbook import write_workbooks

WORDS = ('pass', 'warning', 'fail')


def limits(word):
    """Limits about the contrast of the largest sphere, which are met, nearly met or missed."""
    value = quality_result().nema.spheres[0].contrast_percent
    low, more = {
        'pass': (value - 20, {'warning_low': value - 10}),
        'warning': (value - 20, {'warning_low': value + 10}),
        'fail': (value + 10, {}),
    }[word]
    return profile(low, value + 30, **more)


@pytest.fixture(scope='module', params=WORDS)
def word(request):
    return request.param


@pytest.fixture(scope='module')
def judged(word):
    return with_verdict(quality_result(), [limits(word)])


def test_the_verdict_of_the_json(judged, word):
    verdict = json.loads(json.dumps(results_json(judged)))['verdict']
    assert verdict['level'] == word
    assert verdict['profiles'][0]['name'] == 'Site'
    first = verdict['values'][0]
    contrast = judged.nema.spheres[0].contrast_percent
    assert (first['level'], first['label'], first['value']) == (word, 'S37', contrast)
    assert [one['level'] for one in verdict['values'][1:]] == ['pass', 'pass', 'pass']
    assert ('S37: Q_j 2-D' in verdict['reasons'][0]) == (word != 'pass')


def test_the_verdict_of_the_csv(judged, word, tmp_path):
    write_tidy(tmp_path / 'results.csv', judged)
    with (tmp_path / 'results.csv').open(encoding='utf-8', newline='') as file:
        rows = list(csv.DictReader(file))
    (overall,) = [row for row in rows if row['quantity'] == 'overall']
    assert (overall['table'], overall['verdict']) == ('verdict', word)
    (sphere,) = [
        row
        for row in rows
        if (row['quantity'], row['label'], row['standard']) == ('contrast_percent', 'S37', 'Site')
    ]
    assert sphere['verdict'] == word
    (lung,) = [row for row in rows if row['quantity'] == 'lung_error_percent']
    assert (lung['standard'], lung['verdict'], lung['high']) == ('Site', 'pass', '200')
    assert float(lung['value']) == judged.nema.lung.mean_error_percent


def test_the_verdict_of_the_workbook(judged, word, tmp_path):
    write_workbooks(judged, tmp_path)
    book = openpyxl.load_workbook(tmp_path / 'outputMetaTargets.xlsx')
    overall = [cell.value for cell in book['Verdict'][2]]
    assert overall[:2] == ['Overall', word]
    summary = [[cell.value for cell in row] for row in book['Summary']]
    (said,) = [row for row in summary if row[0] == 'Overall verdict']
    assert word in said
    header = next(row for row in summary if row[0] == 'Sphere')
    contrast = next(n for n, title in enumerate(header) if title and 'Q_H' in title)
    largest = next(row for row in summary if row[0] == 'S37')
    assert header[contrast + 1] == 'Site'
    assert largest[contrast + 1].startswith(f'{word} ')
    header = [cell.value for cell in book['Limits'][1]]
    line = dict(zip(header, [cell.value for cell in book['Limits'][2]], strict=True))
    assert (line['Sphere'], line['Standard'], line['Verdict']) == ('S37', 'Site', word)
    method = [(row.section, row.name, row.value) for row in method_rows(judged)]
    assert ('Verdict', 'Overall', word) in method
    assert ('Verdict', 'Limits Site', 'acceptance test; version 2025') in method


def test_the_verdict_of_the_page(judged, word):
    html = page_html(judged)
    assert f'Overall verdict: <span class="badge badge-{word}">{word}</span>' in html
    assert f'<bdi>Site</bdi>: <span class="badge badge-{word}">{word}</span>' in html


def test_profiles_stand_before_the_standards(judged, word):
    found = outcomes(judged)
    assert [one.standard for one in found] == ['Site', 'NEMA NU 2', 'EARL 1', 'EARL 2']
    assert found[0].level.value == word


def test_a_standard_that_was_chosen_stands_once():
    found = outcomes(with_verdict(quality_result(), shipped_limits()[:1]))
    assert [one.standard for one in found] == ['EARL 1', 'NEMA NU 2', 'EARL 2']


def test_without_limits_the_verdict_says_so_everywhere():
    assert results_json(quality_result())['verdict']['level'] == 'not judged'
    assert 'Overall verdict: <span class="badge badge-not-judged">' in page_html(quality_result())


def test_a_contradiction_takes_the_verdict(word):
    doubted = replace(quality_result(), doubt='The worksheet is of May.')
    found = with_verdict(doubted, [limits(word)])
    assert found.verdict.level.value == 'not judged'
    assert found.verdict.reasons == ('Site: The worksheet is of May.',)


def test_the_baseline_stands_in_every_output(tmp_path):
    judged = judged_result()
    before = results_json(judged)['baseline']
    assert (before['file'], before['notes']) == ('results.json', ['A note.'])
    changes = {(one['quantity'], one['label']): one for one in before['changes']}
    assert changes['rc_max', 'S37']['change_percent'] == pytest.approx(2.0)
    rc = judged.recovery.spheres[0]
    sd = rc.rc_max * rc.sd_percent / 100 * 2**0.5  # that of the fill, of both
    assert changes['rc_max', 'S37']['sd'] == pytest.approx(sd)
    assert changes['rc_max', 'S37']['sd_of'] == 'fill'
    write_workbooks(judged, tmp_path)
    book = openpyxl.load_workbook(tmp_path / 'outputMetaTargets.xlsx')
    assert book['Baseline'].max_row == len(judged.baseline.changes) + 1
    assert 'table-baseline' in page_html(judged)


@pytest.mark.parametrize(
    ('edition', 'ratio', 'word'),
    [('2018', 10.0, 'pass'), ('2012', None, 'not judged'), (None, 4.0, 'not judged')],
)
def test_a_profile_for_another_edition_or_ratio_does_not_judge(edition, ratio, word):
    found = with_verdict(quality_result(), [replace(limits('pass'), edition=edition, ratio=ratio)])
    assert found.verdict.level.value == word


def test_a_start_for_ones_own_limits_passes_what_it_was_made_of(tmp_path):
    result = quality_result()
    save_limits(limits_of_result(result), tmp_path / 'limits.json')
    start = load_limits(tmp_path / 'limits.json')
    assert (start.kind, start.edition, start.ratio) == ('site', '2018', pytest.approx(10, rel=0.1))
    assert result.analyzed_at[:10] in start.source
    rows = {(row.quantity, row.diameter_mm): row for row in start.rows}
    rc = result.recovery.spheres[0].rc_max
    row = rows['rc_max', 37.0]
    assert (row.low, row.high) == pytest.approx((0.9 * rc, 1.1 * rc), rel=1e-3)
    error = result.calibration.error_percent
    row = rows['calibration_error_percent', None]
    assert row.high == pytest.approx(error + 0.1 * (100 + error), rel=1e-3)
    found = with_verdict(result, [start])
    assert {one.verdict.level.value for one in found.verdict.values} == {'pass'}
    of_phantom = {key for key in LIMITED if QUANTITY_OF[key].part != 'cylinder'}
    assert {one.verdict.quantity for one in found.verdict.values} == of_phantom


def test_the_reasons_of_a_chosen_profile_are_said_once(judged, word):
    from VOIIdentificationLib.report.verdicts import outcomes, said_once

    own, *standards = said_once(judged.verdict, outcomes(judged))
    assert own.standard == 'Site'
    assert own.level.value == word
    assert own.reasons == ('The reasons stand above, with the overall verdict.',)
    assert standards == list(outcomes(judged)[1:])
