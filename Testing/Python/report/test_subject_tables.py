"""Tables of NEMA, recovery, activity and SUV: what is known, and that unknown looks unknown."""

import json
from dataclasses import replace

import numpy as np
import pytest
from made_quality import DECISIONS, HOT_BQML, quality_result, with_sphere
from made_results import made_result
from paths import MODULE
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.measure.voi import SphereFit
from VOIIdentificationLib.report.formats import result_tables

LIMITS = MODULE / 'Resources' / 'Limits'
LABELS = ('S37', 'S28', 'S22', 'S17', 'S13', 'S10')
SECOND_HAND = 'second-hand: taken from another tool'
DIGITISED = 'digitised, confirm with EARL'


def tables_of(result):
    return {table.key: table for table in result_tables(result)}


@pytest.fixture(scope='module')
def result():
    return quality_result()


@pytest.fixture(scope='module')
def tables(result):
    return tables_of(result)


@pytest.fixture(scope='module')
def unknown():
    return tables_of(quality_result(known=False))


def cells(table, key):
    column = table.column(key)
    return list(column.values) if column.is_text else column.values.tolist()


def test_everything_evaluated_has_its_table(tables):
    titles = {key: table.title for key, table in tables.items()}

    assert titles == {
        'spheres': 'Meta data per sphere',
        'centers': 'Summary',
        'slices': 'Meta data per slice',
        'nema': 'NEMA contrast',
        'nema_summary': 'NEMA summary',
        'background_variability': 'Background variability',
        'background_rois': 'Background ROIs',
        'background_roi_means': 'Background ROI means',
        'lung': 'Lung residual',
        'noise': 'Noise',
        'cnr': 'CNR',
        'guidelines': 'Guidelines',
        'recovery': 'Recovery',
        'recovery_limits': 'Recovery limits',
        'calibration': 'Calibration',
        'activity': 'Activity',
        'suv': 'SUV',
    }


def test_every_column_has_its_own_key_and_a_definition(tables, unknown):
    for table in [*tables.values(), *unknown.values()]:
        keys = [column.key for column in table.columns]
        assert len(set(keys)) == len(keys)
        assert len({column.header for column in table.columns}) == len(keys)
        assert all(column.description.endswith('.') for column in table.columns)
        assert {len(column.values) for column in table.columns} == {table.row_count}


def test_two_and_three_dimensional_contrast_have_their_own_names(result, tables):
    table, found = tables['nema'], result.nema.spheres
    pairs = {
        'Q_H,j 2-D [%]': [sphere.contrast_percent for sphere in found],
        'u(Q_H,j), k = 1 [%]': [sphere.contrast_sd_percent for sphere in found],
        'Q_H,j 3-D [%]': [sphere.voi_contrast_percent for sphere in found],
        'C_H,j 2-D [Bq/mL]': [sphere.roi_mean for sphere in found],
        'C_H,j 3-D [Bq/mL]': [sphere.voi_mean for sphere in found],
        'C_B,j [Bq/mL]': [sphere.background_mean for sphere in found],
        'N_j [%]': [sphere.variability_percent for sphere in found],
        'Slice offset [mm]': [sphere.slice_offset_mm for sphere in found],
    }

    by_header = {column.header: column.values for column in table.columns}

    assert tuple(by_header['Sphere']) == LABELS
    for header, expected in pairs.items():
        assert by_header[header].tolist() == expected, header
    assert (by_header['Q_H,j 2-D [%]'] != by_header['Q_H,j 3-D [%]']).all()
    assert set(by_header['Filling']) == {'hot'}
    assert 'Remark' not in by_header


def test_without_the_activity_contrast_is_empty_and_a_sentence_says_why(unknown):
    table = unknown['nema']

    assert np.isnan(table.column('contrast_percent').values).all()
    assert np.isnan(table.column('voi_contrast_percent').values).all()
    assert table.column('contrast_percent').texts() == ('',) * 6
    assert set(cells(table, 'remark')) == {'the true ratio is unknown: no percent contrast'}
    assert np.isfinite(table.column('variability_percent').values).all()
    assert cells(unknown['nema_summary'], 'meaning')[0].startswith('Unknown')
    assert np.isnan(unknown['nema_summary'].column('value').values[0])


def test_a_cold_sphere_has_its_contrast_without_the_activity():
    made = with_sphere(quality_result(known=False), 1, hot=False, contrast_percent=61.5)

    table = tables_of(made)['nema']

    assert cells(table, 'filling')[:2] == ['hot', 'cold']
    assert cells(table, 'contrast_percent')[1] == 61.5
    assert cells(table, 'remark')[1] == ''


@pytest.mark.parametrize(
    'said',
    [{'roi_mean': None}, {'background_mean': None}, {'background_mean': 0.0}, {'hot': False}],
)
def test_a_sphere_that_could_not_be_measured_says_so(result, said):
    made = with_sphere(result, 2, contrast_percent=None, **said)

    remark = cells(tables_of(made)['nema'], 'remark')

    assert remark[2] == 'no percent contrast: sphere or background could not be measured'
    assert remark[0] == ''


def test_variability_is_the_sd_of_the_roi_means_in_the_table_beside_it(tables):
    """Judge: numpy on the 60 means, K - 1."""
    means, table = tables['background_roi_means'], tables['background_variability']

    for n, diameter in enumerate(cells(table, 'diameter_mm')):
        sixty = means.column(f'mean_{diameter:g}_mm').values
        assert len(sixty) == cells(table, 'roi_count')[n] == 60
        assert cells(table, 'background_mean')[n] == pytest.approx(sixty.mean())
        assert cells(table, 'roi_sd')[n] == pytest.approx(np.std(sixty, ddof=1))
        expected = 100 * np.std(sixty, ddof=1) / sixty.mean()
        assert cells(table, 'variability_percent')[n] == pytest.approx(expected)
        assert cells(table, 'image_roughness_percent')[n] > expected


def test_every_roi_mean_stands_beside_its_roi_and_slice(result, tables):
    table, placement = tables['background_roi_means'], result.nema.placement

    names, slices = cells(table, 'name'), cells(table, 'slice_k')
    means = table.column('mean_37_mm').values

    assert table.column('mean_37_mm').header == 'Mean 37 mm [Bq/mL]'
    assert len(set(zip(names, slices, strict=True))) == 60
    for name, k, mean in zip(names, slices, means, strict=True):
        column = [roi.name for roi in placement.rois].index(name)
        row = placement.slices_k.index(k)
        assert mean == result.nema.background[0].roi_means[row, column]


def test_rois_that_could_not_be_measured_are_not_counted(result):
    level = result.nema.background[0]
    holed = level.roi_means.copy()
    holed[0, :3] = np.nan
    levels = (replace(level, roi_means=holed), *result.nema.background[1:])

    tables = tables_of(replace(result, nema=replace(result.nema, background=levels)))

    assert cells(tables['background_variability'], 'roi_count')[:2] == [57, 60]
    assert tables['background_roi_means'].column('mean_37_mm').texts().count('') == 3


def test_a_roi_shows_its_distances_and_the_rules_that_it_breaks(result):
    first = replace(
        result.nema.placement.rois[0],
        edge_distance_mm=-1.5,
        neighbor_distance_mm=np.inf,
        flags=(Flag.ROI_NEAR_EDGE,),
    )
    placement = replace(result.nema.placement, rois=(first,))
    table = tables_of(replace(result, nema=replace(result.nema, placement=placement)))[
        'background_rois'
    ]

    assert cells(table, 'name') == ['BG01']
    assert cells(table, 'edge_distance_mm') == [-1.5]
    assert cells(table, 'sphere_distance_mm') == [first.sphere_distance_mm]
    assert cells(table, 'lung_distance_mm') == [first.lung_distance_mm]
    assert np.isnan(table.column('neighbor_distance_mm').values).all()
    assert [cells(table, f'center_{axis}_mm')[0] for axis in 'ras'] == list(first.center_ras_mm)
    assert cells(table, 'flags') == ["a background ROI is less than 15 mm from the phantom's edge"]


def test_the_lung_residual_is_given_per_slice_in_both_conventions(result, tables):
    table, lung = tables['lung'], result.nema.lung
    level = result.nema.background[0].mean

    assert cells(table, 'slice_k') == list(lung.slices_k)
    residual = 100 * table.column('roi_mean').values / level
    assert table.column('error_percent').values == pytest.approx(residual)
    assert table.column('same_slice_error_percent').values == pytest.approx(
        lung.same_slice_error_percent
    )
    facts = dict(
        zip(
            cells(tables['nema_summary'], 'quantity'),
            cells(tables['nema_summary'], 'value'),
            strict=True,
        )
    )
    assert facts['Lung residual'] == pytest.approx(np.mean(residual))
    assert facts['Lung residual by same slice'] == lung.mean_same_slice_error_percent
    assert facts['True ratio'] == pytest.approx(10.0)


def test_recovery_is_the_value_over_the_true_concentration(tables):
    table = tables['recovery']

    for key, value in (('rc_max', 'max'), ('rc_mean', 'a50_mean'), ('rc_peak', 'peak')):
        expected = table.column(value).values / HOT_BQML
        assert table.column(key).values == pytest.approx(expected, rel=1e-6)
    assert [table.column(key).title for key in ('rc_max', 'rc_mean', 'rc_peak')] == [
        'RCmax',
        'RCmean (A50)',
        'RCpeak',
    ]
    assert table.column('sd_percent').values == pytest.approx(
        tables['activity'].column('sd_percent').values[0]
    )


def test_limits_stand_beside_the_coefficients_with_what_must_be_said(tables):
    """Judge: the data files themselves."""
    table = tables['recovery']
    wanted = 0
    for path in LIMITS.glob('EARL*.json'):
        standard = json.loads(path.read_text(encoding='utf-8'))
        for row in standard['rows']:
            place = cells(table, 'diameter_mm').index(row['diameter_mm'])
            for end in ('low', 'high'):
                slug = standard['name'].lower().replace(' ', '_')
                column = table.column(f'limit_{row["quantity"]}_{slug}_{end}')
                assert column.values[place] == row[end]
                assert row.get('note', '') in column.description
                assert ('indicative' in column.title) == bool(row.get('note'))
                assert row['source'] in column.description
                wanted += 1
    assert wanted == 60


def test_the_verdict_is_a_word_and_follows_from_the_numbers(tables):
    table = tables['recovery_limits']
    value, low, high = (table.column(key).values for key in ('value', 'low', 'high'))

    inside = (value >= low) & (value <= high)

    assert table.row_count == 30  # 6 spheres, 2 coefficients of EARL 1 and 3 of EARL 2
    assert cells(table, 'verdict') == ['pass' if one else 'fail' for one in inside]
    assert {'pass', 'fail'} <= set(cells(table, 'verdict'))
    margin = np.minimum(value - low, high - value)
    assert table.column('margin').values == pytest.approx(margin)
    assert all(cells(table, 'source'))
    assert all(cells(table, 'version'))
    kinds = zip(cells(table, 'standard'), cells(table, 'quantity'), strict=True)
    notes = dict(zip(kinds, cells(table, 'note'), strict=True))
    assert notes == {
        ('EARL 1', 'RCmax'): '',
        ('EARL 1', 'RCmean (A50)'): '',
        ('EARL 2', 'RCmax'): SECOND_HAND,
        ('EARL 2', 'RCmean (A50)'): SECOND_HAND,
        ('EARL 2', 'RCpeak'): DIGITISED,
    }


def test_the_verdict_of_a_sphere_names_what_failed(tables):
    limits, table = tables['recovery_limits'], tables['recovery']
    rows = list(
        zip(
            *(cells(limits, key) for key in ('label', 'standard', 'quantity', 'verdict')),
            strict=True,
        )
    )

    for standard in ('EARL 1', 'EARL 2'):
        words = cells(table, f'verdict_{standard.lower().replace(" ", "_")}')
        for label, word in zip(LABELS, words, strict=True):
            failed = [q for lab, std, q, v in rows if (lab, std, v) == (label, standard, 'fail')]
            assert word == (f'fail: {", ".join(failed)}' if failed else 'pass')
    assert all(SECOND_HAND in text and DIGITISED in text for text in cells(table, 'remark'))


def test_a_sphere_without_limits_has_no_verdict(result):
    first, *others = result.recovery.spheres
    bare = (replace(first, verdicts=()), *others)

    table = tables_of(replace(result, recovery=replace(result.recovery, spheres=bare)))['recovery']

    assert cells(table, 'verdict_earl_2')[0] == ''
    assert cells(table, 'verdict_earl_2')[1] != ''
    assert np.isnan(table.column('limit_rc_max_earl_2_low').values[0])


def test_relative_recovery_has_other_names_and_no_limits(unknown):
    table = unknown['recovery']

    keys = {column.key for column in table.columns}

    assert table.title == 'Relative recovery'
    assert {'relative_max', 'relative_mean', 'relative_peak'} <= keys
    assert not {'rc_max', 'rc_mean', 'rc_peak', 'sd_percent'} & keys
    assert not [key for key in keys if key.startswith(('limit', 'verdict'))]
    assert 'recovery_limits' not in unknown
    assert all('not a recovery' in text for text in cells(table, 'remark'))
    assert not any('RC' in column.title for column in table.columns)


def test_the_activity_is_listed_with_uncertainty_time_and_decisions(tables):
    table = tables['activity']
    values = dict(zip(cells(table, 'quantity'), table.column('value').values, strict=True))

    assert values['a_H'] == pytest.approx(20_000.0)
    assert values['a_B'] == pytest.approx(2000.0)
    assert values['a_H / a_B'] == pytest.approx(10.0)
    assert values['Half-life'] == pytest.approx(6583.68)
    assert '2026-03-01 12:00:00' in cells(table, 'meaning')[0]
    assert any('21 MBq' in text and 'less 1 MBq' in text for text in cells(table, 'meaning'))
    assert table.column('sd_percent').texts()[3] == ''


def test_each_activity_has_its_own_uncertainty():
    result = quality_result()
    truth = replace(
        result.activity, hot_sd_percent=1.0, background_sd_percent=2.0, ratio_sd_percent=3.0
    )
    tables = result_tables(replace(result, activity=truth))

    found = next(table for table in tables if table.key == 'activity').column('sd_percent')

    assert found.values[:3].tolist() == [1.0, 2.0, 3.0]


def test_an_unknown_activity_has_no_table(unknown):
    assert not {'activity', 'suv'} & set(unknown)


def test_the_suv_lists_its_factors_decisions_and_doubts(tables):
    table = tables['suv']

    assert table.column('value').values[:2] == pytest.approx([2.0e-4, 2.5e-4])
    assert table.column('value').texts()[0] == '0.000200000'
    assert [text for text in cells(table, 'meaning') if text in DECISIONS] == list(DECISIONS)
    assert cells(table, 'meaning')[-1] == Flag.DOSE_IN_MBQ.text


def test_the_sphere_table_shows_the_fit_with_its_uncertainties(result, tables):
    table = tables['spheres']

    for n, voi in enumerate(result.spheres):
        fit = voi.fit
        assert [cells(table, f'center_sd_{axis}_mm')[n] for axis in 'ras'] == list(
            fit.center_sd_ras_mm
        )
        assert cells(table, 'mean_sd')[n] == fit.mean_sd
        assert cells(table, 'fwhm_in_plane_mm')[n] == fit.fwhm_in_plane_mm
        assert cells(table, 'fwhm_axial_mm')[n] == fit.fwhm_axial_mm
        assert cells(table, 'fitted_signal')[n] == fit.signal
        assert cells(table, 'fitted_background')[n] == fit.background
        assert cells(table, 'deviation_mm')[n] == voi.deviation_mm
    assert set(cells(table, 'fit')) == {'accepted'}
    assert table.column('mean_sd').header == 'u(Mean), k = 1 [Bq/mL]'


def test_a_fit_that_was_not_accepted_leaves_empty_cells_and_its_reason():
    made = made_result()
    refused = SphereFit('S22', accepted=False, reason='too flat', center_ras_mm=(0.0, 0.0, 0.0))
    fitted = SphereFit(
        'S17', accepted=True, reason='', center_ras_mm=(0, 0, 0), center_sd_ras_mm=(0.1, 0.2, 0.3)
    )
    first, second, third = made.spheres
    spheres = (replace(first, fit=refused), replace(second, fit=fitted), third)

    table = tables_of(replace(made, spheres=spheres))['spheres']

    assert cells(table, 'fit') == ['not accepted: too flat', 'accepted', '']
    assert cells(table, 'center_sd_a_mm') == pytest.approx([np.nan, 0.2, np.nan], nan_ok=True)
    assert 'fwhm_axial_mm' not in {column.key for column in table.columns}


def test_without_fit_and_body_their_columns_are_left_out():
    keys = {column.key for column in tables_of(made_result())['spheres'].columns}

    assert not keys & {'fit', 'mean_sd', 'center_sd_r_mm', 'deviation_mm', 'fwhm_in_plane_mm'}
