"""results.json of fit, body, NEMA, recovery, activity and SUV: stable keys, null where unknown."""

import json
from dataclasses import replace

import numpy as np
import pytest
from made_quality import DECISIONS, WORKSHEET, quality_result
from made_results import made_result
from VOIIdentificationLib.activity.worksheet_json import parse_worksheet
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.report.formats import write_results

# The contract with programs that read the file: keys may be added, never renamed.
KEYS = {
    ('spheres', 0, 'fit'): {
        *('accepted', 'reason', 'center_ras_mm', 'center_sd_ras_mm', 'signal', 'background'),
        *('fwhm_in_plane_mm', 'fwhm_axial_mm', 'mean_sd', 'detectability'),
    },
    ('pose',): {
        *('center_ras_mm', 'radius_mm', 'toward_0_ras', 'toward_90_ras', 'rotation_deg'),
        *('tilt_deg', 'mirrored', 'deviations_mm'),
    },
    ('nema',): {'placement', 'background', 'spheres', 'lung', 'true_ratio', 'flags', 'notes'},
    ('nema', 'placement'): {
        *('rois', 'roi_diameter_mm', 'central_slice_k', 'slices_k', 'lung', 'body_level'),
        *('flags', 'notes'),
    },
    ('nema', 'placement', 'rois', 0): {
        *('name', 'center_ras_mm', 'edge_distance_mm', 'sphere_distance_mm', 'lung_distance_mm'),
        *('neighbor_distance_mm', 'flags'),
    },
    ('nema', 'placement', 'lung'): {'center_ras_mm', 'diameter_mm', 'found'},
    ('nema', 'background', 0): {
        *('diameter_mm', 'roi_means', 'mean', 'sd', 'variability_percent'),
        'image_roughness_percent',
    },
    ('nema', 'spheres', 0): {
        *('label', 'diameter_mm', 'hot', 'slice_offset_mm', 'roi_mean', 'voi_mean'),
        *('background_mean', 'contrast_percent', 'contrast_sd_percent', 'voi_contrast_percent'),
        *('variability_percent', 'flags'),
    },
    ('nema', 'lung'): {
        *('slices_k', 'roi_means', 'error_percent', 'same_slice_error_percent'),
        *('mean_error_percent', 'mean_same_slice_error_percent'),
    },
    ('recovery',): {
        *('spheres', 'relative', 'reference', 'reference_rule', 'background', 'background_rule'),
        *('peak_rule', 'standards', 'not_monotonic', 'flags', 'notes'),
    },
    ('recovery', 'spheres', 0): {
        *('label', 'diameter_mm', 'max', 'a50_mean', 'peak', 'a50_threshold', 'a50_volume_ml'),
        *('rc_max', 'rc_mean', 'rc_peak', 'relative_max', 'relative_mean', 'relative_peak'),
        *('sd_percent', 'verdicts', 'flags'),
    },
    ('recovery', 'spheres', 0, 'verdicts', 0): {
        *('standard', 'quantity', 'low', 'high', 'passed', 'margin', 'source', 'version', 'note'),
    },
    ('activity',): {
        *('hot_bqml', 'background_bqml', 'hot_sd_percent', 'background_sd_percent', 'ratio'),
        *('ratio_sd_percent', 'reference_time', 'half_life_s', 'decisions', 'worksheet'),
    },
    ('suv',): {'suv_type', 'unit', 'factors', 'decisions', 'flags'},
}
EVALUATED = ('pose', 'nema', 'recovery', 'activity', 'suv')


def written(result, folder):
    path = folder / 'results.json'
    write_results(path, result)
    return json.loads(path.read_text(encoding='utf-8'), parse_constant=pytest.fail)


@pytest.fixture(scope='module')
def result():
    return quality_result()


@pytest.fixture(scope='module')
def data(result, tmp_path_factory):
    return written(result, tmp_path_factory.mktemp('json'))


@pytest.fixture(scope='module')
def unknown(tmp_path_factory):
    return written(quality_result(known=False), tmp_path_factory.mktemp('json'))


@pytest.mark.parametrize('place', KEYS, ids=lambda place: '.'.join(map(str, place)))
def test_the_keys_stay_as_they_are(data, place):
    part = data
    for step in place:
        part = part[step]

    assert set(part) >= KEYS[place]


def test_what_was_not_evaluated_is_null(tmp_path):
    data = written(made_result(), tmp_path)

    assert [data[key] for key in EVALUATED] == [None] * 5
    assert [sphere['fit'] for sphere in data['spheres']] == [None] * 3
    assert [sphere['deviation_mm'] for sphere in data['spheres']] == [None] * 3


def test_the_fit_and_the_ring_of_each_sphere(result, data):
    for sphere, voi in zip(data['spheres'], result.spheres, strict=True):
        assert sphere['deviation_mm'] == voi.deviation_mm
        assert sphere['fit']['accepted'] is True
        assert sphere['fit']['center_sd_ras_mm'] == list(voi.fit.center_sd_ras_mm)
        assert sphere['fit']['fwhm_axial_mm'] == voi.fit.fwhm_axial_mm
        assert sphere['fit']['mean_sd'] == voi.fit.mean_sd
    assert data['pose']['radius_mm'] == pytest.approx(57.2, abs=0.1)
    assert data['pose']['rotation_deg'] == pytest.approx(25.0, abs=0.1)
    assert data['pose']['deviations_mm'] == {
        voi.label: pytest.approx(voi.deviation_mm) for voi in result.spheres
    }


def test_variability_follows_from_the_roi_means_in_the_file(data):
    """Judge: numpy on what the file holds."""
    for level in data['nema']['background']:
        means = np.array(level['roi_means'])
        assert means.shape == (5, 12)
        assert level['mean'] == pytest.approx(means.mean())
        expected = 100 * np.std(means, ddof=1) / means.mean()
        assert level['variability_percent'] == pytest.approx(expected)


def test_contrast_follows_from_the_means_in_the_file(data):
    ratio = data['nema']['true_ratio']
    assert ratio == pytest.approx(10.0)
    for sphere in data['nema']['spheres']:
        expected = 100 * (sphere['roi_mean'] / sphere['background_mean'] - 1) / (ratio - 1)
        assert sphere['contrast_percent'] == pytest.approx(expected)


def test_recovery_and_verdicts_follow_from_the_values_in_the_file(data):
    truth = data['activity']['hot_bqml']
    assert truth == pytest.approx(20_000.0)
    assert data['recovery']['relative'] is False
    for sphere in data['recovery']['spheres']:
        assert sphere['rc_max'] == pytest.approx(sphere['max'] / truth)
        assert sphere['rc_mean'] == pytest.approx(sphere['a50_mean'] / truth)
        assert sphere['rc_peak'] == pytest.approx(sphere['peak'] / truth)
        assert sphere['relative_max'] is None
        for one in sphere['verdicts']:
            value = sphere[one['quantity']]
            assert one['passed'] == (one['low'] <= value <= one['high'])
            assert one['source']
            assert one['version']
            assert bool(one['note']) == (one['standard'] == 'EARL 2')


def test_relative_values_are_not_called_recovery_coefficients(unknown):
    recovery = unknown['recovery']
    assert recovery['relative'] is True
    assert recovery['standards'] == []
    for sphere in recovery['spheres']:
        assert [sphere[key] for key in ('rc_max', 'rc_mean', 'rc_peak')] == [None] * 3
        assert sphere['relative_max'] == pytest.approx(sphere['max'] / recovery['reference'])
        assert sphere['relative_mean'] == pytest.approx(sphere['a50_mean'] / recovery['reference'])
        assert sphere['relative_peak'] == pytest.approx(sphere['peak'] / recovery['reference'])
        assert sphere['verdicts'] == []
        assert sphere['sd_percent'] is None


def test_without_the_activity_what_needs_it_is_null(unknown):
    assert unknown['activity'] is None
    assert unknown['suv'] is None
    assert unknown['nema']['true_ratio'] is None
    for sphere in unknown['nema']['spheres']:
        assert sphere['contrast_percent'] is None
        assert sphere['voi_contrast_percent'] is None
        assert sphere['contrast_sd_percent'] is None
        assert sphere['variability_percent'] > 0


def test_the_worksheet_in_the_file_can_be_used_again(data):
    assert parse_worksheet(data['activity']['worksheet']) == WORKSHEET
    assert data['activity']['reference_time'] == '2026-03-01T12:00:00'


def test_an_activity_that_was_given_has_no_worksheet(result, tmp_path):
    data = written(replace(result, worksheet=None), tmp_path)

    assert data['activity']['worksheet'] is None
    assert data['activity']['ratio'] == pytest.approx(10.0)


def test_the_suv_has_a_factor_for_each_slice_and_its_decisions(result, data):
    assert data['suv']['factors'] == result.suv.factors.tolist()
    assert len(data['suv']['factors']) == data['input']['shape_ijk'][2]
    assert data['suv']['decisions'] == list(DECISIONS)
    assert data['suv']['flags'] == ['dose_in_mbq']


def test_flags_are_their_names_and_what_is_no_number_is_null(result, tmp_path):
    roi = replace(
        result.nema.placement.rois[0], neighbor_distance_mm=np.inf, flags=(Flag.ROI_NEAR_LUNG,)
    )
    level = replace(result.nema.background[0], roi_means=np.array([[1.0, np.nan]]), mean=None)
    placement = replace(result.nema.placement, rois=(roi,), flags=(Flag.FEW_ROIS,))
    nema = replace(result.nema, placement=placement, background=(level,), lung=None)

    data = written(replace(result, nema=nema), tmp_path)['nema']

    assert data['placement']['rois'][0]['neighbor_distance_mm'] is None
    assert data['placement']['rois'][0]['flags'] == ['roi_near_lung']
    assert data['placement']['flags'] == ['few_rois']
    assert data['background'][0]['roi_means'] == [[1.0, None]]
    assert data['lung'] is None
