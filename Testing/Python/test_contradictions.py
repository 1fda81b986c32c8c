"""Worksheet, header and image against each other, from the analysis to every output."""

from dataclasses import replace
from datetime import timedelta

import pytest
from made_quality import NOON, WORKSHEET, quality_result
from VOIIdentificationLib.activity.worksheet import TrueActivity
from VOIIdentificationLib.analysis import Known, evaluate_standards
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.report.formats import result_tables, results_json
from VOIIdentificationLib.report.method import method_rows
from VOIIdentificationLib.suv.scan_facts import ScanFacts

SCAN = ScanFacts('F-18', 6586.2, NOON, 600.0, decay_corrected=True)


def evaluated(worksheet=WORKSHEET, *, spheres=None, background=(), **known):
    made = quality_result()
    spheres = made.spheres if spheres is None else spheres
    told = Known(worksheet=worksheet, **{'scan': SCAN, **known})
    return evaluate_standards(made.image, made.phantom, spheres, background, known=told)


def verdicts(found):
    return [one for sphere in found.recovery.spheres for one in sphere.verdicts]


def test_a_good_worksheet_is_judged_without_a_word():
    found = evaluated()

    assert found.contradictions == ()
    assert verdicts(found)
    assert all(one.passed is not None for one in verdicts(found))


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        ({'scan_start': NOON + timedelta(hours=1)}, 'the header at 2026-03-01 12:00:00: 60 min'),
        ({'isotope': 'Ga-68'}, 'the worksheet says Ga-68, the header of the scan F-18'),
        ({'hot': replace(WORKSHEET.hot, volume_ml=100.0)}, 'a_H is 200000 Bq/mL, but'),
        ({'hot': replace(WORKSHEET.hot, assay_mbq=2.0)}, 'cannot be told from it'),
        ({'background': None}, 'was filled without activity, but the image shows'),
        (
            {'hot': replace(WORKSHEET.hot, assay_time=NOON + timedelta(minutes=5))},
            'after the scan started',
        ),
    ],
)
def test_with_a_contradiction_there_is_no_verdict(change, sentence):
    found = evaluated(replace(WORKSHEET, **change))

    assert any(sentence in text for text in found.contradictions)
    assert verdicts(found)
    assert all(one.passed is None for one in verdicts(found))
    assert all(sentence in one.not_judged for one in verdicts(found))


def test_concentrations_that_were_typed_are_held_against_the_image():
    wrong = TrueActivity(20.0, 2.0, ratio=10.0)

    found = evaluated(None, activity=wrong)

    assert 'a volume in mL as L' in found.contradictions[-1]
    assert all(one.passed is None for one in verdicts(found))


def test_a_label_that_is_doubted_says_nothing_of_the_activity():
    """The 10 mm sphere, taken for the largest of all, is no reason to doubt the worksheet."""
    made = quality_result()
    low = made.spheres[-1]
    wrong = replace(low, insert=replace(low.insert, diameter_mm=40.0))
    doubted = replace(wrong, flags=(Flag.SEED_MISNAMED,))

    assert 'a_H is' in evaluated(spheres=[*made.spheres[:-1], wrong]).contradictions[0]
    assert evaluated(spheres=[*made.spheres[:-1], doubted]).contradictions == ()


def test_a_background_voi_in_doubt_is_not_taken_for_background():
    """Its B would be ten times too high, and with it the A50 VOI too small."""
    made = quality_result()
    on_insert = replace(made.spheres[0], flags=())

    found = evaluated(background=[on_insert])

    assert found.background[0].flags == (Flag.BACKGROUND_ON_INSERT,)
    assert found.recovery.background == pytest.approx(made.recovery.background)
    assert 'background ROIs' in found.recovery.background_rule
    text = Flag.BACKGROUND_ON_INSERT.text
    assert f'{on_insert.label} is not taken for background: {text}.' in found.notes


def test_a_cold_background_by_design_is_zero_and_says_so():
    made = quality_result()
    cold = replace(made.image, voxels=made.image.voxels - 2000.0)
    told = Known(activity=TrueActivity(18_000.0, 0.0))

    found = evaluate_standards(cold, made.phantom, made.spheres, (), known=told).recovery

    assert found.background == 0.0
    assert found.background_rule == 'the background is cold by design: B = 0'
    assert found.spheres[0].a50_threshold == pytest.approx(0.5 * found.spheres[0].max)


def test_a_background_that_is_called_cold_but_is_not_stays_as_measured():
    made = quality_result()

    found = evaluated(replace(WORKSHEET, background=None))

    assert found.recovery.background == pytest.approx(made.recovery.background)


def test_every_output_names_the_contradiction():
    made = quality_result()
    found = evaluated(replace(WORKSHEET, scan_start=NOON + timedelta(hours=1)))
    said = found.contradictions
    result = replace(made, contradictions=said, recovery=found.recovery)

    assert results_json(result)['contradictions'] == list(said)
    assert [row.value for row in method_rows(result) if row.section == 'Contradiction'] == [*said]
    (table,) = [one for one in result_tables(result) if one.key == 'recovery']
    for column in table.columns:
        if column.key.startswith('verdict'):
            assert all(text.startswith(f'not judged: {said[0]}') for text in column.values)
