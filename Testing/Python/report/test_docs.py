"""What the documentation says of columns and keys is what the files hold."""

import importlib.util
import json
from dataclasses import replace

import pytest
from made_quality import quality_result, with_sphere
from made_results import made_result
from paths import ROOT, SHARED
from VOIIdentificationLib.activity.worksheet import given_activity
from VOIIdentificationLib.analysis import Known, analyze
from VOIIdentificationLib.core.phantom import Seed, load_phantom
from VOIIdentificationLib.report.formats import results_json

jsonschema = pytest.importorskip('jsonschema')

_SPEC = importlib.util.spec_from_file_location('write_docs', ROOT / 'Testing' / 'write_docs.py')
write_docs = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(write_docs)
CURRENT = 'run Testing/write_docs.py and look at what it changed'


@pytest.fixture(scope='module')
def judge():
    schema = json.loads(write_docs.SCHEMA.read_text(encoding='utf-8'))
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    return validator(schema)


def complaints(judge, result):
    data = json.loads(json.dumps(results_json(result), allow_nan=False))
    return [f'{list(error.absolute_path)}: {error.message}' for error in judge.iter_errors(data)]


def test_the_dictionary_of_columns_is_current():
    text = write_docs.OUTPUTS.read_text(encoding='utf-8')
    words = write_docs.dictionary(write_docs.sample_results())

    assert write_docs.with_dictionary(text, words) == text, CURRENT


def test_the_schema_is_current():
    written = json.loads(write_docs.SCHEMA.read_text(encoding='utf-8'))

    assert written == write_docs.schema(write_docs.sample_results()), CURRENT


@pytest.mark.parametrize('kind', ['flipped', 'oblique', 'sheared'])
@pytest.mark.parametrize('background', [True, False])
def test_made_results_satisfy_the_schema(judge, kind, background):
    assert complaints(judge, made_result(kind, background=background, unit='unknown')) == []


@pytest.mark.parametrize('known', [True, False])
def test_whole_results_satisfy_the_schema(judge, known):
    result = quality_result(known=known)

    assert complaints(judge, result) == []
    assert complaints(judge, with_sphere(result, 0, contrast_percent=None, flags=())) == []
    no_fits = tuple(replace(voi, fit=None, peak=None) for voi in result.spheres)
    assert complaints(judge, replace(result, spheres=no_fits, pose=None)) == []


def other_ratio():
    """Limits that are meant for another ratio: nothing is judged."""
    known = Known(activity=given_activity(20_000.0, 5000.0))
    return analyzed_again(known=known)


def cold_background():
    return analyzed_again(known=Known(activity=given_activity(20_000.0, 0.0)))


def other_labels():
    """The same spheres under names of the user's own."""
    phantom = quality_result().phantom
    renamed = tuple(replace(one, label=f'ø {one.label}', aliases=()) for one in phantom.inserts)
    return analyzed_again(phantom=replace(phantom, inserts=renamed))


def cold_spheres():
    """Two of them are said to be cold, as in the older editions; the image contradicts it."""
    return analyzed_again(phantom=load_phantom('NEMA IEC body, 28 and 37 mm cold'))


def analyzed_again(*, phantom=None, known=None):
    result = quality_result()
    phantom = phantom or result.phantom
    seeds = [
        Seed(insert.label, voi.center_ras_mm)
        for insert, voi in zip(phantom.inserts, result.spheres, strict=True)
    ]
    return analyze(result.image, seeds, phantom, known=known or Known())


@pytest.mark.parametrize('made', [other_ratio, cold_background, other_labels, cold_spheres])
def test_results_of_other_phantoms_and_fills_satisfy_the_schema(judge, made):
    assert complaints(judge, made()) == []


def test_a_real_scan_satisfies_the_schema(judge):
    folder = SHARED / 'data' / 'pet_recon_1'
    if not folder.is_dir():
        pytest.skip('the real scan is not on this machine')
    pytest.importorskip('pydicom')
    from VOIIdentificationLib.dicom.read import read_pet_series

    result = analyze(read_pet_series(folder), (), load_phantom('NEMA IEC body'))

    assert complaints(judge, result) == []


@pytest.mark.parametrize(
    ('change', 'word'),
    [
        (lambda data: data.pop('spheres'), "'spheres' is a required property"),
        (lambda data: data['spheres'][0].update(mean='12'), "'12' is not of type"),
        (lambda data: data.update(schema='other/1'), 'was expected'),
        (lambda data: data['nema']['spheres'][0].pop('label'), 'required'),
    ],
)
def test_what_is_wrong_is_found(judge, change, word):
    data = json.loads(json.dumps(results_json(quality_result())))
    change(data)

    assert any(word in error.message for error in judge.iter_errors(data))
