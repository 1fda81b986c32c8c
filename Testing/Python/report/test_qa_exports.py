"""Files for QC systems: the numbers are those of results.json, the form is what each takes."""

import base64
import json
import re
from dataclasses import replace

import pytest
from made_quality import quality_result
from made_results import made_result
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.image import Acquisition
from VOIIdentificationLib.report.formats import results_json
from VOIIdentificationLib.report.qa_exports import (
    MAX_USER_KEY,
    MAX_WAD_STRING,
    QA_FORMATS,
    qa_text,
    qa_values,
)


@pytest.fixture(scope='module')
def result():
    return quality_result()


def exported(result, system):
    return json.loads(qa_text(result, system))


def test_macros_are_flat_names_of_quantity_and_size(result):
    values = {one.macro: one.value for one in qa_values(result)}
    results = results_json(result)
    for sphere in results['nema']['spheres']:
        size = f'{sphere["diameter_mm"]:g}'
        assert values[f'qh_{size}'] == sphere['contrast_percent']
        assert values[f'n_{size}'] == sphere['variability_percent']
    for sphere in results['recovery']['spheres']:
        assert values[f'rc_max_{sphere["diameter_mm"]:g}'] == sphere['rc_max']
    assert values['lung'] == results['nema']['lung']['mean_error_percent']
    assert all(re.fullmatch('[a-z][a-z0-9_]*', macro) for macro in values)
    assert len(values) == len(qa_values(result))


def test_the_macros_of_a_phantom_are_the_same_without_activity(result):
    known = {one.macro for one in qa_values(result)}
    unknown = qa_values(quality_result(known=False))
    assert known <= {one.macro for one in unknown}
    missing = [one for one in unknown if one.value is None]
    assert 'qh_10' in {one.macro for one in missing}
    assert all(one.comment for one in missing)


def test_spheres_of_one_size_are_told_apart(result):
    inserts = tuple(replace(one, diameter_mm=22.5) for one in result.phantom.inserts)
    twins = replace(result, phantom=replace(result.phantom, inserts=inserts))
    macros = [one.macro for one in qa_values(twins)]
    assert len(macros) == len(set(macros))
    assert 'n_22_5_s10' in macros


def test_a_cold_sphere_has_q_c_and_no_recovery(result):
    first, *others = result.phantom.inserts
    cold = replace(result.phantom, inserts=(replace(first, hot=False), *others))
    macros = {one.macro for one in qa_values(replace(result, phantom=cold))}
    assert {'qc_37', 'qh_28'} <= macros
    assert 'rc_max_37' not in macros


def test_quaac_reads_its_document(result, tmp_path):
    quaac = pytest.importorskip('quaac')
    path = tmp_path / 'quaac.json'
    path.write_text(qa_text(result, 'quaac'), encoding='utf-8')
    document = quaac.Document.from_json_file(str(path))  # checks the hashes

    found = {point.description: point.measurement_value for point in document.datapoints}
    assert found == {one.macro: one.value for one in qa_values(result) if one.value is not None}
    assert {point.primary_equipment.type for point in document.datapoints} == {'PET scanner'}
    units = {point.description: point.measurement_unit for point in document.datapoints}
    assert (units['qh_10'], units['mean_10']) == ('%', 'Bq/mL')


def test_quaac_says_of_a_header_without_scanner_that_it_is_unknown():
    result = made_result()
    (scanner,) = exported(result, 'quaac')['equipment']
    assert (scanner['manufacturer'], scanner['serial number']) == ('Made & Sons', '11029')
    silent = replace(result, image=replace(result.image, acquisition=Acquisition()))
    (scanner,) = exported(silent, 'quaac')['equipment']
    assert scanner['manufacturer'] == scanner['serial number'] == 'unknown'


def test_qatrack_has_a_value_or_a_reason_for_every_test(result):
    payload = exported(quality_result(known=False), 'qatrack')
    assert payload['tests']['qh_10']['skipped'] is True
    assert payload['tests']['qh_10']['comment']
    assert payload['tests']['n_10']['value'] > 0
    assert 'skipped' not in payload['tests']['n_10']
    assert len(payload['user_key']) <= MAX_USER_KEY
    (attachment,) = payload['attachments']
    inside = json.loads(base64.b64decode(attachment['value']))
    assert inside['spheres'][0]['label'] == result.spheres[0].label


def test_qatrack_knows_a_series_again():
    first, second = (exported(made_result(), 'qatrack')['user_key'] for _ in range(2))
    uid = made_result().image.acquisition.series_instance_uid
    assert first == second
    assert first.startswith(uid)


def test_doubts_go_along(result):
    doubtful = replace(result.spheres[0], flags=(Flag.CLIPPED,))
    changed = replace(result, spheres=(doubtful, *result.spheres[1:]))
    tests = exported(changed, 'qatrack')['tests']
    assert Flag.CLIPPED.text in tests['mean_37']['comment']
    rows = {row['name']: row['val'] for row in exported(changed, 'wadqc')}
    assert Flag.CLIPPED.value in rows['doubts']


def test_wadqc_has_short_strings_and_plain_numbers(result):
    strange = replace(result, phantom=replace(result.phantom, name='Größe 🧪' * 60))
    rows = exported(strange, 'wadqc')
    kinds = {'float': float, 'string': str, 'bool': bool, 'datetime': str}
    for row in rows:
        assert set(row) == {'category', 'name', 'val'}
        assert isinstance(row['val'], kinds[row['category']])
        if row['category'] == 'string':
            assert len(row['val']) <= MAX_WAD_STRING
            assert row['val'].isascii()
    names = [row['name'] for row in rows]
    assert len(names) == len(set(names))
    numbers = {row['name']: row['val'] for row in rows if row['category'] == 'float'}
    assert numbers == {one.macro: one.value for one in qa_values(result) if one.value is not None}


@pytest.mark.parametrize('system', QA_FORMATS)
def test_a_result_with_little_in_it_is_exported_all_the_same(system):
    assert exported(made_result('oblique'), system)
