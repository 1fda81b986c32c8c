"""From the command line to the files: activity in, ROIs moved, verdicts out, all files agreeing."""

import json

import numpy as np
import pytest
from made_quality import HOT_BQML, WORKSHEET, quality_result
from VOIIdentificationLib.activity.worksheet_json import load_worksheet
from VOIIdentificationLib.cli import main as cli
from VOIIdentificationLib.core.phantom import Seed
from VOIIdentificationLib.files.markups import read_seeds, write_markups
from VOIIdentificationLib.report.export import existing_results, export_results

openpyxl = pytest.importorskip('openpyxl')
pytest.importorskip('matplotlib')


def records(sheet):
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.fixture(scope='module')
def volume(tmp_path_factory):
    """The made image as a file, as Slicer would have saved it."""
    pytest.importorskip('SimpleITK')
    from VOIIdentificationLib.files.volume import write_volume

    path = tmp_path_factory.mktemp('volume') / 'pet.nrrd'
    image = quality_result().image
    write_volume(image, path)
    return path


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp('export') / 'out'
    export_results(quality_result(), folder)
    return folder


def run(volume, output, *options):
    return cli.main(['analyze', str(volume), '--output', str(output), '--unit', 'Bq/mL', *options])


def results_of(folder):
    return json.loads((folder / 'results.json').read_text(encoding='utf-8'))


def test_the_user_may_change_the_rois_and_the_worksheet_of_an_export(exported):
    rois = json.loads((exported / 'background_rois.mrk.json').read_text())['markups'][0]
    assert rois['locked'] is False
    assert not any(point['locked'] for point in rois['controlPoints'])
    back = read_seeds(exported / 'background_rois.mrk.json')
    placement = quality_result().nema.placement
    assert [seed.label for seed in back] == [roi.name for roi in placement.rois]
    for seed, roi in zip(back, placement.rois, strict=True):
        assert seed.position_ras_mm == pytest.approx(roi.center_ras_mm)
    assert load_worksheet(exported / 'activity_used.json') == WORKSHEET
    names = {path.as_posix() for path in existing_results(exported)}
    assert {'background_rois.mrk.json', 'activity_used.json'} <= names


def test_what_was_not_there_is_not_written(tmp_path):
    paths = export_results(quality_result(known=False), tmp_path / 'out')

    names = {path.name for path in paths}
    assert 'activity_used.json' not in names
    assert 'background_rois.mrk.json' in names


def test_json_and_workbook_agree(exported):
    book = openpyxl.load_workbook(exported / 'outputMetaTargets.xlsx')
    data = results_of(exported)

    for row, sphere in zip(records(book['Recovery']), data['recovery']['spheres'], strict=True):
        assert row['Sphere'] == sphere['label']
        assert row['RCmax'] == pytest.approx(sphere['rc_max'])
        failed = {one['standard'] for one in sphere['verdicts'] if not one['passed']}
        for standard in ('EARL 1', 'EARL 2'):
            assert row[f'Verdict {standard}'].startswith('fail' if standard in failed else 'pass')
    for row, sphere in zip(records(book['NEMA contrast']), data['nema']['spheres'], strict=True):
        assert row['Q_H,j 2-D [%]'] == pytest.approx(sphere['contrast_percent'])


def test_an_exported_worksheet_and_moved_rois_go_into_the_next_analysis(exported, volume, tmp_path):
    """The points alone: the spheres are found without seeds."""
    first, *others = read_seeds(exported / 'background_rois.mrk.json')
    moved = Seed(first.label, tuple(np.add(first.position_ras_mm, (1.0, -2.0, 0.0))))
    write_markups(tmp_path / 'moved.mrk.json', [moved, *others], name='Moved')

    status = run(
        volume,
        tmp_path / 'out',
        *('--seeds', str(tmp_path / 'moved.mrk.json')),
        *('--activity', str(exported / 'activity_used.json')),
    )

    assert status == 0
    data = results_of(tmp_path / 'out')
    places = {roi['name']: roi['center_ras_mm'] for roi in data['nema']['placement']['rois']}
    assert places['BG01'] == pytest.approx(moved.position_ras_mm, abs=1e-3)
    assert len(places) == 12
    assert data['activity']['hot_bqml'] == pytest.approx(HOT_BQML)
    for sphere in data['recovery']['spheres']:
        assert sphere['rc_max'] == pytest.approx(sphere['max'] / HOT_BQML)
    method = records(openpyxl.load_workbook(tmp_path / 'out' / 'outputMetaTargets.xlsx')['Method'])
    assert {'Section': 'Worksheet', 'Name': 'Hot: assay [MBq]', 'Value': 20} in method


def test_without_activity_nothing_pretends_to_know_it(volume, tmp_path):
    assert run(volume, tmp_path / 'out') == 0

    data = results_of(tmp_path / 'out')
    assert data['activity'] is None
    assert {sphere['contrast_percent'] for sphere in data['nema']['spheres']} == {None}
    assert {sphere['rc_max'] for sphere in data['recovery']['spheres']} == {None}
    book = openpyxl.load_workbook(tmp_path / 'out' / 'outputMetaTargets.xlsx')
    assert 'Recovery' not in book.sheetnames
    assert 'Relative recovery' in book.sheetnames
