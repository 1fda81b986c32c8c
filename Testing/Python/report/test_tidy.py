"""``results.csv``, read back."""

import csv
import json
from dataclasses import replace

import pytest
from made_quality import quality_result
from made_results import INSERTS, made_result
from VOIIdentificationLib.report.formats import results_json
from VOIIdentificationLib.report.tidy import TIDY_COLUMNS, write_tidy


def read(tmp_path, result):
    path = tmp_path / 'results.csv'
    write_tidy(path, result)
    with path.open(encoding='utf-8', newline='') as file:
        return list(csv.DictReader(file))


def test_every_statistic_of_every_sphere_is_that_of_the_json(tmp_path):
    result = quality_result()
    said = json.loads(json.dumps(results_json(result)))

    rows = [row for row in read(tmp_path, result) if row['table'] == 'spheres']

    for sphere in said['spheres']:
        own = {row['quantity']: row for row in rows if row['label'] == sphere['label']}
        for key in ('mean', 'max', 'variance', 'volume_ml', 'voxel_count', 'peak'):
            assert float(own[key]['value']) == sphere[key]
        assert float(own['mean']['uncertainty']) == sphere['fit']['mean_sd']
        assert float(own['mean']['diameter_mm']) == sphere['diameter_mm']
        assert own['mean']['unit'] == 'Bq/mL'


def test_each_comparison_with_limits_has_a_row(tmp_path):
    result = quality_result()

    rows = {
        (row['label'], row['quantity'], row['standard']): row
        for row in read(tmp_path, result)
        if row['standard']
    }

    compared = [(s, v) for s in result.recovery.spheres for v in s.verdicts]
    assert len(rows) == len(compared) == 30
    for sphere, one in compared:
        row = rows[sphere.label, one.quantity, one.standard]
        assert float(row['value']) == getattr(sphere, one.quantity)
        assert (float(row['low']), float(row['high'])) == (one.low, one.high)
        assert (row['verdict'] == 'pass') == (one.low <= float(row['value']) <= one.high)


def test_what_is_not_known_is_empty(tmp_path):
    rows = read(tmp_path, quality_result(known=False))

    contrast = [row for row in rows if row['quantity'] == 'contrast_percent']
    assert len(contrast) == 6
    assert {row['value'] for row in contrast} == {''}
    assert not [row for row in rows if row['quantity'].startswith('rc_')]


def test_slices_and_single_facts_are_not_spheres(tmp_path):
    tables = {row['table'] for row in read(tmp_path, quality_result())}

    assert tables == {'spheres', 'centers', 'nema', 'cnr', 'recovery', 'verdict'}


@pytest.mark.parametrize('label', ['=1+1', '@A1', '-2', 'a,"b"', 'S\x00', 'مرحبا', 'x' * 300])
def test_labels_of_any_kind_come_back_as_text(tmp_path, label):
    insert = replace(INSERTS[0], label=label)

    rows = read(tmp_path, made_result(inserts=(insert, *INSERTS[1:])))

    said = rows[0]['label']
    assert set(rows[0]) == set(TIDY_COLUMNS)
    assert said.lstrip("'") == label.replace('\x00', '\\x00')
    assert not said.startswith(('=', '+', '-', '@'))
