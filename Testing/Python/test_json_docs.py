"""The examples of docs/json.md are read by the library, and satisfy the schemas beside it."""

import importlib.util
import json
import re
from dataclasses import asdict
from datetime import datetime

import pytest
from paths import ROOT
from VOIIdentificationLib.activity.worksheet import true_activity
from VOIIdentificationLib.activity.worksheet_json import parse_worksheet
from VOIIdentificationLib.core.config_json import from_json
from VOIIdentificationLib.core.errors import InputFileError
from VOIIdentificationLib.core.phantom import parse_phantom, preset_names
from VOIIdentificationLib.core.settings import Settings

jsonschema = pytest.importorskip('jsonschema')

DOCUMENT = (ROOT / 'docs' / 'json.md').read_text(encoding='utf-8')
EXAMPLES = [json.loads(text) for text in re.findall(r'```json\n(.*?)```', DOCUMENT, re.DOTALL)]
SCAN_START = datetime(2026, 3, 1, 10, 15)


def kind_of(example):
    return example.get('schema', 'voi-identification/settings/1').split('/')[1]


def examples(kind):
    return [example for example in EXAMPLES if kind_of(example) == kind]


def schema_of(kind):
    return json.loads((ROOT / 'docs' / f'{kind}.schema.json').read_text(encoding='utf-8'))


def test_every_kind_has_an_example():
    assert {kind_of(example) for example in EXAMPLES} == {
        *('phantom', 'activity', 'settings', 'limits'),
    }


@pytest.mark.parametrize('example', EXAMPLES, ids=kind_of)
def test_an_example_satisfies_its_schema_and_one_more_key_does_not(example):
    schema = schema_of(kind_of(example))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(example, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**example, 'other': 1}, schema)


def test_the_shipped_phantoms_and_limits_satisfy_theirs():
    for kind, folder in (('phantom', 'Phantoms'), ('limits', 'Limits')):
        paths = list((ROOT / 'VOIIdentification' / 'Resources' / folder).glob('*.json'))
        assert paths
        for path in paths:
            jsonschema.validate(json.loads(path.read_text(encoding='utf-8')), schema_of(kind))
    assert len(preset_names()) >= 3


def test_schemas_are_current():
    path = ROOT / 'Testing' / 'write_docs.py'
    spec = importlib.util.spec_from_file_location('write_docs', path)
    write_docs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(write_docs)
    for name, schema in write_docs.written_files().items():
        assert schema_of(name.partition('.')[0]) == schema, 'run Testing/write_docs.py'


def test_the_cylinder_has_what_the_text_says():
    _, example = examples('phantom')
    found = parse_phantom(example).cylinder
    assert (found.diameter_mm, found.length_mm) == (199.0, 203.5)
    bare = parse_phantom({**example, 'cylinder': {}}).cylinder
    assert (bare.diameter_mm, bare.length_mm) == (None, None)
    assert (bare.wall_margin_mm, bare.end_margin_mm) == (30.0, 30.0)


def test_the_phantom_has_what_the_text_says():
    example, _ = examples('phantom')
    phantom = parse_phantom(example)
    by_label = {insert.label: insert for insert in phantom.inserts}
    assert [label for label, insert in by_label.items() if not insert.hot] == ['S37', 'S28']
    assert not by_label['S10'].use
    assert (by_label['Vial'].shape, by_label['Vial'].height_mm) == ('cylinder', 40.0)


@pytest.mark.parametrize('shape', [{}, {'shape': 'sphere'}])
def test_a_height_without_a_cylinder_is_refused(shape):
    example, _ = examples('phantom')
    vial = {'label': 'Vial', 'diameter_mm': 25, 'height_mm': 40, **shape}
    with pytest.raises(InputFileError, match=r'Vial has a "height_mm" of 40, but no "shape"'):
        parse_phantom({**example, 'inserts': [*example['inserts'][:-1], vial]})


def test_the_settings_are_the_defaults():
    (example,) = examples('settings')
    assert from_json(Settings, example, 'json.md') == Settings()
    assert set(example) == set(asdict(Settings()))


def test_the_whole_worksheet_needs_no_header():
    whole, _ = examples('activity')
    worksheet = parse_worksheet(whole)
    assert worksheet.hot.assay_time == datetime(2026, 3, 1, 9, 31)
    elapsed_s = 44 * 60
    left = 21.3 * 0.5 ** (elapsed_s / 6583.68) - 0.4 * 0.5 ** ((elapsed_s - 300) / 6583.68)
    assert true_activity(worksheet).hot_bqml == pytest.approx(left * 1e6 / 1000, rel=1e-4)


def test_the_short_worksheet_takes_the_rest_from_the_header():
    _, short = examples('activity')
    header = {
        'isotope': 'Ga-68',
        'scan_start': SCAN_START,
        'scan_duration_s': 300.0,
        'decay_corrected': False,
    }
    worksheet = parse_worksheet(short, header=header)
    assert worksheet.isotope == 'Ga-68'
    assert worksheet.hot.assay_time == datetime(2026, 3, 1, 9, 45)
    assert (worksheet.scan_start, worksheet.decay_corrected) == (SCAN_START, False)
    with pytest.raises(InputFileError, match=r"'09:45', which has no date, and the day of the"):
        parse_worksheet(short)


def test_a_scan_start_without_a_date_is_on_the_day_of_the_header():
    _, short = examples('activity')
    worksheet = parse_worksheet({**short, 'scan_start': '10:20'}, header={'scan_start': SCAN_START})
    assert worksheet.scan_start == datetime(2026, 3, 1, 10, 20)
    with pytest.raises(InputFileError, match=r'"scan_start" must be a local time'):
        parse_worksheet({**short, 'scan_start': '10:20'})
