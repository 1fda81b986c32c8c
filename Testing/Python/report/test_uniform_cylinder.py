"""A cylinder, and inserts without a ring: no empty sheet, the same numbers everywhere."""

import csv
import json
from dataclasses import replace

import openpyxl
import pytest
from made_cylinder import (
    TRUE_BQML,
    cylinder_phantom,
    cylinder_result,
    cylinder_scene,
    made_cylinder,
)
from VOIIdentificationLib.activity.worksheet import given_activity
from VOIIdentificationLib.analysis import Known, analyze
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.phantom import Insert, Phantom, Seed, insert_colors
from VOIIdentificationLib.evaluate.limits import Level, Limit, Limits
from VOIIdentificationLib.evaluate.quantities import values_of_results
from VOIIdentificationLib.report.export import export_results, result_centers, result_segments
from VOIIdentificationLib.report.formats import result_tables, results_json
from VOIIdentificationLib.report.method import method_rows
from VOIIdentificationLib.report.page.write import page_html
from VOIIdentificationLib.report.qa_exports import qa_values
from VOIIdentificationLib.report.verdicts import outcomes, with_verdict
from VOIIdentificationLib.synthetic.phantom import Activities, Ball, Rod, synthesize


@pytest.fixture(scope='module')
def result():
    return cylinder_result()


@pytest.fixture(scope='module')
def unknown():
    return analyze(made_cylinder(0.1), (), cylinder_phantom(160.0, 130.0))


@pytest.fixture(scope='module')
def folder(result, tmp_path_factory):
    folder = tmp_path_factory.mktemp('cylinder')
    export_results(result, folder)
    return folder


def test_no_file_of_spheres_is_written(folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *('results.json', 'results.csv', 'centers.mrk.json', 'segmentation.seg.nrrd'),
        *('report.html', 'outputMetaTargets.xlsx', 'output_images'),
    }
    assert (folder / 'output_images' / 'overview.png').stat().st_size > 20_000


def test_the_workbook_has_no_empty_sheet(folder, result):
    book = openpyxl.load_workbook(folder / 'outputMetaTargets.xlsx')
    assert book.sheetnames == [
        *('Summary', 'Cylinder', 'Cylinder limits'),
        *('Activity', 'SUV', 'Cylinder slices', 'Method'),
    ]
    for sheet in book:
        assert sheet.max_row > 1, sheet.title
    facts = {row[0]: row[1] for row in book['Cylinder'].iter_rows(min_row=2, values_only=True)}
    assert facts['Bias'] == pytest.approx(result.cylinder.bias.percent)
    assert facts['Bias'] == pytest.approx(100 * (1 / 1.04 - 1), abs=0.5)
    assert facts['SUV mean'] == pytest.approx(1.0, abs=0.01)
    head, *rows = book['Cylinder slices'].iter_rows(values_only=True)
    assert head[:2] == ('Slice NR', 'Mean [Bq/mL]')
    slices = result.cylinder.uniformity.slices
    assert [row[1] for row in rows] == pytest.approx([one.mean for one in slices])
    limits = dict(zip(*list(book['Cylinder limits'].iter_rows(values_only=True)), strict=True))
    assert (limits['Verdict'], limits['Low [%]'], limits['High [%]']) == ('pass', -10, 10)
    assert 'Kaalep' in limits['Source']


def test_results_json_says_it_all(folder, result):
    data = json.loads((folder / 'results.json').read_text())
    assert data == json.loads(json.dumps(results_json(result)))
    found = data['cylinder']
    assert data['spheres'] == []
    assert found['verdict'] == 'pass'
    assert found['bias_percent'] == result.cylinder.bias.percent
    assert found['diameter_mm'] == pytest.approx(150.0, abs=0.2)
    assert found['voi']['diameter_mm'] == pytest.approx(90.0, abs=0.2)
    assert found['ends_seen'] == [True, True]
    assert len(found['slices']) == len(result.cylinder.uniformity.slices)


def test_results_csv_has_a_line_for_each_fact(folder, result):
    with (folder / 'results.csv').open(newline='') as file:
        rows = {row['quantity']: row for row in csv.DictReader(file)}
    assert float(rows['bias']['value']) == result.cylinder.bias.percent
    assert (rows['bias']['standard'], rows['bias']['verdict']) == ('EARL calibration', 'pass')
    assert float(rows['mean']['uncertainty']) == result.cylinder.mean_sd
    assert rows['axial_lowest']['unit'] == '%'
    labels = {row['label'] for row in rows.values() if row['table'] == 'cylinder'}
    assert labels == {'Cylinder'}


def test_the_page_speaks_of_a_cylinder(result):
    html = page_html(result)
    for words in ('PET calibration: made cylinder', 'Mean against slice', 'EARL calibration'):
        assert words in html
    for words in ('Against diameter', 'plane of the spheres', 'NEMA NU 2:', '<dt>Center</dt>'):
        assert words not in html


def test_the_verdict_is_that_of_the_calibration_alone(result, unknown):
    (only,) = outcomes(result)
    assert (only.standard, only.level) == ('EARL calibration', Level.PASS)
    (only,) = outcomes(unknown)
    assert only.level == Level.NOT_JUDGED
    assert 'true activity is unknown' in only.reasons[0]


def test_a_doubt_turns_a_pass_into_a_warning():
    known = Known(activity=given_activity(None, TRUE_BQML))
    other = analyze(made_cylinder(0.1), (), cylinder_phantom(160.0, 130.0), known=known)
    (only,) = outcomes(other)
    assert Flag.CYLINDER_SIZE in other.flags
    assert only.level == Level.WARNING


def test_what_is_not_known_is_empty_and_said(unknown):
    tables = {table.key: table for table in result_tables(unknown)}
    assert list(tables) == ['cylinder', 'cylinder_limits', 'cylinder_slices']
    names = tables['cylinder'].column('quantity').texts()
    values = dict(zip(names, tables['cylinder'].column('value').texts(), strict=True))
    assert values['Bias'] == values['SUV mean'] == values['True concentration'] == ''
    assert tables['cylinder_limits'].column('verdict').texts()[0].startswith('not judged: the true')
    assert 'earl_low' not in [column.key for column in tables['cylinder_slices'].columns]
    method = {(row.section, row.name): row.value for row in method_rows(unknown)}
    assert method['Activity', 'True activity'] == 'unknown: no bias, no verdict'
    assert ('Definition', 'Center') not in method
    assert method['Phantom', 'Diameter [mm]'] == 160.0


def test_segment_and_point_are_those_of_the_voi(result):
    (segment,) = result_segments(result)
    voi = result.cylinder.voi
    assert segment.name.startswith('Cylinder (9')
    assert segment.color == insert_colors(result.phantom)['Cylinder']
    volume_ml = segment.inside.sum() * result.image.geometry.voxel_volume_mm3 / 1000
    assert volume_ml == pytest.approx(voi.statistics.volume_ml, rel=0.02)
    (center,) = result_centers(result)
    assert (center.label, center.position_ras_mm) == ('Cylinder', voi.center_ras_mm)


def test_quality_systems_follow_bias_cov_and_suv(result):
    values = {one.quantity: one for one in values_of_results(results_json(result))}
    assert list(values) == ['bias_percent', 'cylinder_cov_percent', 'cylinder_suv_mean']
    assert values['bias_percent'].noise_sd == result.cylinder.bias.noise_sd_percent
    macros = {one.macro: one.value for one in qa_values(result)}
    assert macros['bias_percent'] == result.cylinder.bias.percent
    assert not any(macro.startswith(('qh', 'lung')) for macro in macros)


@pytest.mark.parametrize(('warning', 'level'), [(3.0, Level.WARNING), (5.0, Level.PASS)])
def test_a_site_limits_the_bias_too(result, warning, level):
    row = Limit(None, 'bias_percent', -10.0, 10.0, 'ours', '1', '', -warning, warning)
    site = Limits('Site', None, (row,))
    assert with_verdict(result, [site]).verdict.level is level


def test_limits_of_spheres_do_not_judge_a_cylinder(result):
    row = Limit(None, 'lung_error_percent', None, 10.0, 'ours', '1')
    verdict = with_verdict(result, [Limits('Site', None, (row,))]).verdict
    assert verdict.level is Level.NOT_JUDGED
    assert 'a uniform cylinder was measured' in verdict.reasons[0].lower()


LOOSE = Phantom(
    'My inserts',
    (Insert('A25', 25.0), Insert('B16', 16.0), Insert('R12', 12.0, 'cylinder', 40.0)),
    background=Insert('B0', 30.0),
)
PLACES = {'A25': (30.0, 10.0, 5.0), 'B16': (-25.0, -20.0, -8.0), 'R12': (0.0, 45.0, 0.0)}


@pytest.fixture(scope='module')
def loose_image():
    """Two balls and a rod of 40 kBq/mL in a cylinder of 5 kBq/mL."""
    inside = (
        Ball(PLACES['A25'], 25.0, 35_000.0),
        Ball(PLACES['B16'], 16.0, 35_000.0),
        Rod(PLACES['R12'], (0.0, 0.0, 1.0), 12.0, 40.0, 35_000.0),
    )
    scene = cylinder_scene(size_mm=(170.0, 130.0), inside=inside)
    return synthesize(replace(scene, activities=Activities(background=5000.0)))[0]


@pytest.mark.parametrize('with_background', [True, False])
def test_inserts_without_a_ring_give_what_can_be_had(loose_image, tmp_path, with_background):
    seeds = [Seed(label, place) for label, place in PLACES.items()]
    seeds += [Seed('B0', (0.0, -45.0, 5.0))] if with_background else []
    known = Known(activity=given_activity(40_000.0, 5000.0 if with_background else None))

    result = analyze(loose_image, seeds, LOOSE, known=known)
    export_results(result, tmp_path)

    recovered = {one.label: one for one in result.recovery.spheres}
    assert set(recovered) == {'A25', 'B16'}
    assert 0.9 < recovered['A25'].rc_max < 1.05
    assert (recovered['A25'].rc_mean is not None) == with_background
    assert ('B0' in {voi.label for voi in result.vois}) == with_background
    (nema, *_others) = outcomes(result)
    assert 'stand on no ring' in nema.reasons[0]
    assert any(note.startswith('R12: no recovery coefficients') for note in result.notes)
    if not with_background:
        assert 'no background was measured: no A50 VOI' in result.recovery.notes
    for path in tmp_path.glob('*.xlsx'):
        for sheet in openpyxl.load_workbook(path):
            assert sheet.max_row > 1, (path.name, sheet.title)
