"""results.json: the keys of the contract, the values of the result, and nothing but JSON."""

import hashlib
import json
from dataclasses import replace

import pytest
from made_results import UID, made_result
from VOIIdentificationLib import __version__
from VOIIdentificationLib.core.image import Acquisition
from VOIIdentificationLib.core.phantom import Insert
from VOIIdentificationLib.many.signature import RECONSTRUCTION_KEYS, SCANNER_KEYS
from VOIIdentificationLib.report.formats import results_json, write_results

# The contract, as agreed with the programs that read the file.
TOP_KEYS = {'schema', 'software', 'input', 'settings', 'spheres', 'background', 'flags'}
INPUT_KEYS = {'series_instance_uid', 'unit', 'shape_ijk', 'spacing_ijk_mm', 'sha256'}
SPHERE_KEYS = {
    'label',
    'diameter_mm',
    'seed_ras_mm',
    'center_ras_mm',
    'center_ijk',
    'shift_mm',
    'mean',
    'max',
    'min',
    'sd',
    'variance',
    'peak',
    'voxel_count',
    'volume_ml',
    'flags',
}
BACKGROUND_KEYS = {'mean', 'sd', 'voxel_cov'}


@pytest.fixture(scope='module')
def result():
    return made_result()


@pytest.fixture(scope='module')
def data(result, tmp_path_factory):
    path = tmp_path_factory.mktemp('json') / 'results.json'
    write_results(path, result)
    return json.loads(path.read_text(encoding='utf-8'))


def test_the_keys_of_the_contract_are_there(data):
    assert data.keys() >= TOP_KEYS
    assert data['schema'] == 'voi-identification/results/1'
    assert data['software'] == {'name': 'VOIIdentification', 'version': __version__}
    assert data['input'].keys() >= INPUT_KEYS
    assert all(sphere.keys() >= SPHERE_KEYS for sphere in data['spheres'])
    assert data['background'].keys() >= BACKGROUND_KEYS


def test_the_input_is_identified(result, data):
    voxels = result.image.voxels
    assert data['input']['series_instance_uid'] == UID
    assert data['input']['unit'] == 'Bq/mL'
    assert data['input']['shape_ijk'] == [50, 44, 20]
    assert data['input']['spacing_ijk_mm'] == pytest.approx([2.0, 2.5, 3.0])
    assert data['input']['sha256'] == hashlib.sha256(voxels.astype('<f4').tobytes()).hexdigest()
    assert data['input']['ijk_to_ras'] == result.image.geometry.ijk_to_ras.tolist()


def test_the_spheres_carry_what_was_found(result, data):
    for sphere, voi in zip(data['spheres'], result.spheres, strict=True):
        assert sphere['label'] == voi.insert.label
        assert sphere['diameter_mm'] == voi.insert.diameter_mm
        assert sphere['seed_ras_mm'] == list(voi.seed_ras_mm)
        assert sphere['center_ras_mm'] == list(voi.center_ras_mm)
        assert sphere['center_ijk'] == list(voi.center_ijk)
        assert sphere['shift_mm'] == pytest.approx(3.0)  # seeds are off by (2, -1, 2) mm
        for key in ('mean', 'max', 'min', 'sd', 'variance', 'voxel_count', 'volume_ml', 'median'):
            assert sphere[key] == getattr(voi.statistics, key)
        assert sphere['peak'] is None


def test_flags_are_their_stable_names(data):
    assert data['flags'] == ['seeds_overlap']
    assert [sphere['flags'] for sphere in data['spheres']] == [
        [],
        [],
        ['search_at_limit', 'few_voxels'],
    ]


def test_settings_are_plain_values(result, data):
    assert data['settings'] == result.settings.to_json()


def test_the_background_vois_are_given_as_one_and_each(result, data):
    found = data['background']

    assert [voi['label'] for voi in found['vois']] == ['B0']
    assert found['mean'] == result.pooled_background.mean == found['vois'][0]['mean']
    assert found['sd'] == result.pooled_background.sd
    assert found['voxel_cov'] == result.pooled_background.voxel_cov


def test_without_a_background_the_key_is_null():
    assert results_json(made_result(background=False))['background'] is None


@pytest.mark.parametrize('nothing', [None, float('nan'), float('inf')])
def test_what_is_not_known_is_null(result, tmp_path, nothing):
    voi = result.spheres[0]
    unknown = replace(voi, statistics=replace(voi.statistics, mean=nothing, median=nothing))
    path = tmp_path / 'results.json'

    write_results(path, replace(result, spheres=(unknown,)))

    data = json.loads(path.read_text(encoding='utf-8'), parse_constant=pytest.fail)
    assert data['spheres'][0]['mean'] is None
    assert data['spheres'][0]['median'] is None


def test_any_label_can_be_written(tmp_path):
    inserts = (Insert('"\x00\ud800ö', 22.0), Insert('b', 17.0), Insert('c', 10.0))

    write_results(tmp_path / 'results.json', made_result(inserts=inserts))

    data = json.loads((tmp_path / 'results.json').read_text(encoding='utf-8'))
    assert data['spheres'][0]['label'] == '"\\x00\\ud800ö'


def test_the_scan_object_tells_what_scans_of_one_kind_share():
    scan = results_json(made_result())['scan']
    assert scan['manufacturer'] == 'Made & Sons'
    assert scan['software_versions'] == ['VG60A']
    assert (scan['iterations'], scan['subsets'], scan['frame_duration_s']) == (4, 5, 600.0)
    assert (scan['isotope'], scan['injected_activity_bq']) == ('F-18', 70e6)
    assert scan['acquisition_datetime'] == '2026-03-01T10:16:00'
    assert {*SCANNER_KEYS, *RECONSTRUCTION_KEYS} <= scan.keys()
    silent = replace(made_result(), image=replace(made_result().image, acquisition=Acquisition()))
    assert set(results_json(silent)['scan'].values()) == {None}
