"""The method says in words how NEMA, recovery, activity and SUV came about."""

from dataclasses import replace

import pytest
from made_quality import DECISIONS, quality_result
from made_results import made_result
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.report.method import doubts, method_rows

NEW_SECTIONS = {'Body', 'NEMA', 'Recovery', 'Limits', 'Worksheet', 'Activity', 'SUV'}


def rows_of(result):
    return {(row.section, row.name): row.value for row in method_rows(result)}


@pytest.fixture(scope='module')
def result():
    return quality_result()


@pytest.fixture(scope='module')
def rows(result):
    return rows_of(result)


@pytest.fixture(scope='module')
def unknown():
    return rows_of(quality_result(known=False))


def test_each_name_stands_once_in_its_section(result):
    names = [(row.section, row.name) for row in method_rows(result)]

    assert len(set(names)) == len(names)
    assert {section for section, _ in names} >= NEW_SECTIONS


def test_a_plain_result_says_nothing_of_what_was_not_done():
    sections = {section for section, _ in rows_of(made_result())}

    assert not sections & NEW_SECTIONS
    assert ('Definition', 'RCmax') not in rows_of(made_result())


def test_the_rules_are_written_out(rows):
    assert '(C_H / C_B - 1) / (a_H / a_B - 1)' in rows['Definition', 'Contrast Q_H']
    assert '15 mm' in rows['Definition', 'Background ROIs']
    assert 'K - 1' in rows['Definition', 'Background variability N']
    assert '0.5 (max - B)' in rows['Definition', 'RCmean (A50)']
    assert rows['Recovery', 'Background B of A50'] == ('mean of the 60 background ROIs of 37 mm')
    assert rows['Recovery', 'Kind'] == 'recovery coefficients'
    assert rows['Recovery', 'Compared with'] == 'EARL 1, EARL 2'


def test_every_limit_has_its_source_and_what_must_be_said(rows):
    limits = {name: value for (section, name), value in rows.items() if section == 'Limits'}

    assert limits['EARL 1 RCmax'] == ('EARL accreditation specifications; version January 2017')
    assert limits['EARL 2 RCmax'].endswith('second-hand: taken from another tool')
    assert limits['EARL 2 RCpeak'].endswith('digitised, confirm with EARL')


def test_the_worksheet_is_printed(rows):
    assert rows['Worksheet', 'Isotope'] == 'F-18'
    assert rows['Worksheet', 'Hot: assay [MBq]'] == 20.0
    assert rows['Worksheet', 'Hot: volume [mL]'] == 1000.0
    assert rows['Worksheet', 'Hot: residual time'] == ''
    assert rows['Worksheet', 'Background: assay [MBq]'] == 21.0
    assert rows['Worksheet', 'Background: residual [MBq]'] == 1.0
    assert rows['Worksheet', 'Background: assay time'] == '2026-03-01 12:00:00'
    assert rows['Worksheet', 'Calibrator SD [%]'] == 2.9
    assert rows['Activity', 'a_H [Bq/mL]'] == pytest.approx(20_000.0)
    assert rows['Activity', 'a_H / a_B'] == pytest.approx(10.0)
    assert rows['Activity', 'a_H / a_B SD [%]'] < rows['Activity', 'a_H SD [%]']
    assert 'F-18' in rows['Activity', 'Decision 1']


def test_a_fill_without_activity_is_said(result):
    sheet = replace(result.worksheet, background=None)

    assert rows_of(replace(result, worksheet=sheet))['Worksheet', 'Background'] == 'no activity'


def test_the_decisions_of_the_suv_are_listed(rows):
    assert (rows['SUV', 'Decision 1'], rows['SUV', 'Decision 2']) == DECISIONS
    assert rows['SUV', 'Flag dose_in_mbq'] == Flag.DOSE_IN_MBQ.text
    assert rows['SUV', 'Highest factor'] == pytest.approx(2.5e-4)


def test_an_unknown_activity_is_called_unknown(unknown):
    assert unknown['Activity', 'True activity'] == (
        'unknown: no percent contrast of hot spheres, no recovery, no verdict'
    )
    assert unknown['Recovery', 'Kind'] == 'relative, compared with no limits'
    assert unknown['Recovery', 'Compared with'] == 'nothing'
    assert not [name for section, name in unknown if section in {'Limits', 'Worksheet'}]


def test_what_falls_is_named_by_its_shown_name(result):
    known = replace(result.recovery, not_monotonic=('rc_max',), flags=(Flag.NOT_MONOTONIC,))
    relative = replace(known, relative=True)

    rows = rows_of(replace(result, recovery=known))

    assert rows['Recovery', 'Not monotonic'] == 'RCmax'
    assert rows['Recovery', 'Flag not_monotonic'] == Flag.NOT_MONOTONIC.text
    shown = rows_of(replace(result, recovery=relative))['Recovery', 'Not monotonic']
    assert shown == 'Relative max'


def test_flags_of_rois_contrasts_and_coefficients_are_notes(result):
    placement = result.nema.placement
    roi = replace(placement.rois[3], flags=(Flag.ROI_NEAR_SPHERE,))
    rois = (*placement.rois[:3], roi, *placement.rois[4:])
    sphere = replace(result.nema.spheres[5], flags=(Flag.OFF_SLICE,))
    spheres = (*result.nema.spheres[:5], sphere)
    nema = replace(result.nema, placement=replace(placement, rois=rois), spheres=spheres)
    last = replace(result.recovery.spheres[5], flags=(Flag.A50_AT_EDGE,))
    recovery = replace(result.recovery, spheres=(*result.recovery.spheres[:5], last))

    changed = replace(result, nema=nema, recovery=recovery)
    rows = method_rows(changed)

    notes = [row.value for row in rows if row.section == 'Note']
    assert list(doubts(changed)) == notes
    assert 'BG04: a background ROI is less than 15 mm from a sphere' in notes
    assert f'S10: {Flag.OFF_SLICE.text}' in notes
    assert f'S10: {Flag.A50_AT_EDGE.text}' in notes


def test_the_body_and_the_lung_insert_are_described(result, rows):
    assert rows['Body', 'Ring radius [mm]'] == result.pose.radius_mm
    assert rows['Body', 'Sense'] == 'not mirrored'
    assert rows['Body', 'Deviation S10 [mm]'] == result.spheres[5].deviation_mm
    assert rows['NEMA', 'Lung insert'] == 'found in the image'
    assert rows['NEMA', 'Common slice'] == result.nema.placement.central_slice_k
    assumed = replace(result.nema.placement.lung, found=False)
    placement = replace(result.nema.placement, lung=assumed)
    changed = rows_of(replace(result, nema=replace(result.nema, placement=placement)))
    assert changed['NEMA', 'Lung insert'] == 'assumed on the axis'
