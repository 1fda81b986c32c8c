"""Tables: every column says what it is and in which unit, and holds what the result holds."""

import re

import numpy as np
import pytest
from made_quality import quality_result
from made_results import INSERTS, made_result
from paths import ROOT
from VOIIdentificationLib.core.image import UNKNOWN_UNIT
from VOIIdentificationLib.report.formats import (
    result_tables,
    results_json,
    search_table,
    voxel_table,
)
from VOIIdentificationLib.report.method import column_rows, method_rows
from VOIIdentificationLib.report.table import Column, Measure, tabulate

# The titles of the original script, metrics.md section 1.
ORIGINAL_PER_SPHERE = {'Sphere', 'Max', 'Mean', 'Variance', 'Nr Pixels'}
ORIGINAL_PER_SLICE = {'Slice NR', 'Mean', 'Max', 'Nr Pixels', 'Radius', 'Sphere'}
ORIGINAL_PER_CANDIDATE = ['MidPoint x', 'MidPoint y', 'MidPoint z', 'Mean', 'Max']


@pytest.fixture(scope='module')
def result():
    return made_result()


@pytest.fixture(scope='module')
def tables(result):
    return {table.key: table for table in result_tables(result)}


def titles(table):
    return [column.title for column in table.columns]


def test_the_titles_of_the_original_script_are_kept(result, tables):
    assert set(titles(tables['spheres'])) >= ORIGINAL_PER_SPHERE
    assert set(titles(tables['background'])) >= ORIGINAL_PER_SPHERE
    assert set(titles(tables['slices'])) >= ORIGINAL_PER_SLICE
    assert titles(search_table(result.spheres[0])) == ORIGINAL_PER_CANDIDATE
    assert tables['slices'].column('radius_mm').header == 'Radius [mm]'


def test_every_column_has_its_own_key_and_a_definition(result, tables):
    more = [search_table(result.spheres[0]), voxel_table(result.image, result.spheres[0])]

    for table in [*tables.values(), *more]:
        keys = [column.key for column in table.columns]
        assert len(set(keys)) == len(keys)
        assert len({column.header for column in table.columns}) == len(keys)
        assert all(column.description.endswith('.') for column in table.columns)
        assert {len(column.values) for column in table.columns} == {table.row_count}


def test_the_sphere_table_holds_what_was_found(result, tables):
    spheres = tables['spheres']
    second = result.spheres[1]

    def cell(key):
        return spheres.column(key).values[1]

    assert spheres.column('label').values == ('S22', 'S17', 'S10')
    assert cell('diameter_mm') == 17.0
    for key in ('mean', 'max', 'min', 'sd', 'variance', 'median', 'voxel_cov', 'voxel_count'):
        assert cell(key) == getattr(second.statistics, key), key
    for part in (5, 25, 75, 95):
        key = f'percentile_{part}'
        assert cell(key) == getattr(second.statistics, key), key
    assert cell('volume_ml') == second.statistics.volume_ml
    assert [cell(f'center_{axis}_mm') for axis in 'ras'] == list(second.center_ras_mm)
    assert cell('shift_mm') == pytest.approx(3.0)  # the seed is off by (2, -1, 2) mm


def test_the_summary_gives_the_midpoint_as_index_i_j_k(result, tables):
    centers = tables['centers']

    found = [centers.column(f'midpoint_{name}').values[2] for name in 'xyz']
    seed = [centers.column(f'seed_{axis}_mm').values[2] for axis in 'ras']

    assert found == [22.2, 33.9, 10.8]
    assert seed == list(result.spheres[2].seed_ras_mm)
    assert centers.column('candidate_count').values.tolist() == [27, 27, 0]


def test_flags_are_words(tables):
    words = tables['spheres'].column('flags').values

    assert words[0] == ''
    assert words[2] == (
        'the best position lies at the limit of the search: check the seed; '
        'fewer than two whole voxels: no standard deviation'
    )


@pytest.mark.parametrize('kind', ['flipped', 'oblique', 'sheared'])
def test_the_slice_table_says_where_the_circle_lies(kind):
    """Judge: walk from the center to the slice along the normal, by the cross product."""
    result = made_result(kind)
    table = {t.key: t for t in result_tables(result)}['slices']
    geometry, voi = result.image.geometry, result.spheres[0]
    normal = np.cross(geometry.ijk_to_ras[:3, 0], geometry.ijk_to_ras[:3, 1])
    normal /= np.linalg.norm(normal)

    for n, cut in enumerate(voi.slices):
        corner = geometry.ijk_to_ras @ [0, 0, cut.slice_k, 1]
        distance = (corner[:3] - voi.center_ras_mm) @ normal
        circle = np.array(voi.center_ras_mm) + distance * normal
        towards_higher_k = np.sign(geometry.ijk_to_ras[:3, 2] @ normal)
        assert table.column('slice_k').values[n] == cut.slice_k
        for key in ('mean', 'voxel_count', 'radius_mm', 'area_mm2'):
            assert table.column(key).values[n] == getattr(cut, key), key
        assert table.column('distance_mm').values[n] == pytest.approx(distance * towards_higher_k)
        found = [table.column(f'circle_{axis}_mm').values[n] for axis in 'ras']
        assert found == pytest.approx(circle.tolist())
    assert table.row_count == sum(len(voi.slices) for voi in result.spheres)


def test_a_slice_without_whole_voxels_has_an_empty_maximum():
    table = {t.key: t for t in result_tables(made_result())}['slices']

    highest = table.column('max')

    assert np.isnan(highest.values).any()
    assert '' in highest.texts()


def test_without_background_there_is_no_background_table():
    keys = [table.key for table in result_tables(made_result(background=False))]

    assert keys == ['spheres', 'centers', 'slices']


def test_candidates_come_in_the_order_of_the_search(result):
    table = search_table(result.spheres[0], 'Bq/mL')

    index = np.stack([table.column(f'midpoint_{name}').values for name in 'xyz'], axis=1)

    assert np.array_equal(index, result.spheres[0].search.index_ijk)
    assert np.array_equal(table.column('max').values[4:], result.spheres[0].search.max[4:])
    assert table.column('mean').header == 'Mean [Bq/mL]'
    assert table.column('mean').texts()[3] == ''


def test_a_seed_that_was_not_searched_has_no_candidates(result):
    table = search_table(result.spheres[2])

    assert table.row_count == 0
    assert titles(table) == ORIGINAL_PER_CANDIDATE


@pytest.mark.parametrize('kind', ['flipped', 'oblique', 'sheared'])
def test_the_voxel_table_reproduces_image_and_mean(kind):
    result = made_result(kind)
    voi, image = result.spheres[0], result.image

    table = voxel_table(image, voi)

    index = np.stack([table.column(axis).values for axis in 'ijk'], axis=1)
    value, weight = table.column('value').values, table.column('weight').values
    assert all(value[n] == image.voxels[k, j, i] for n, (i, j, k) in enumerate(index))
    assert np.average(value, weights=weight) == pytest.approx(voi.statistics.mean, rel=1e-12)
    assert table.row_count == voi.statistics.voxel_count
    position = np.stack([table.column(f'{axis}_mm').values for axis in 'ras'], axis=1)
    homogeneous = np.c_[index, np.ones(len(index))] @ image.geometry.ijk_to_ras.T
    assert position == pytest.approx(homogeneous[:, :3])


def test_the_unit_stands_in_the_header(tables):
    spheres = tables['spheres']

    assert spheres.column('mean').header == 'Mean [Bq/mL]'
    assert spheres.column('variance').header == 'Variance [(Bq/mL)²]'
    assert spheres.column('volume_ml').header == 'Volume [mL]'
    assert spheres.column('label').header == 'Sphere'


def test_an_unknown_unit_is_called_unknown():
    tables = result_tables(made_result(unit=UNKNOWN_UNIT))

    assert tables[0].column('mean').header == 'Mean [unit unknown]'


def test_a_frame_for_each_table_says_units_and_definitions(result, tables):
    pytest.importorskip('pandas')

    frames = result.to_frames()

    assert list(frames) == list(tables)
    frame = frames['spheres']
    assert list(frame['label']) == ['S22', 'S17', 'S10']
    assert list(frame['mean']) == [voi.statistics.mean for voi in result.spheres]
    assert frame['mean'].dtype == np.float64
    assert frame['voxel_count'].dtype == np.int64
    assert frame.attrs['title'] == 'Meta data per sphere'
    assert frame.attrs['headers']['mean'] == 'Mean [Bq/mL]'
    assert frame.attrs['definitions']['label'] == 'Label of the insert.'


def test_frames_can_be_grouped_and_joined_by_sphere(result):
    """Judge: numpy on the slices that the result holds."""
    pytest.importorskip('pandas')
    frames = result.to_frames()

    areas = frames['slices'].groupby('label')['area_mm2'].sum()
    joined = frames['spheres'].set_index('label').join(areas)

    for voi in result.spheres:
        assert joined.loc[voi.label, 'mean'] == voi.statistics.mean
        assert joined.loc[voi.label, 'area_mm2'] == pytest.approx(
            sum(cut.area_mm2 for cut in voi.slices)
        )


def test_nothing_is_empty_and_never_zero():
    table = tabulate('t', 'T', [Measure('a', 'A', '', 'A.', lambda row: row)], [1, None, 2.5])

    assert np.isnan(table.columns[0].values[1])
    assert table.columns[0].texts() == ('1.00000', '', '2.50000')


def test_an_optional_column_without_values_is_left_out():
    peak = Measure('peak', 'Peak', '', 'Peak.', lambda row: row, optional=True)

    assert tabulate('t', 'T', [peak], [None, None]).columns == ()
    assert tabulate('t', 'T', [peak], [None, 3.0]).columns[0].title == 'Peak'


def test_any_other_column_stays_where_nothing_is_known():
    mean = Measure('mean', 'Mean', '', 'Mean.', lambda row: row)

    assert tabulate('t', 'T', [mean], [None, None]).columns[0].texts() == ('', '')


@pytest.mark.parametrize(
    ('values', 'decimals', 'texts'),
    [
        ([16799.123, 1677.5], None, ('16799.1', '1677.5')),
        ([3.987654, -0.2], None, ('3.98765', '-0.20000')),
        ([1234567.8], None, ('1234568',)),
        ([0.0], None, ('0.00000',)),
        ([12.3456], 2, ('12.35',)),
    ],
)
def test_six_digits_of_the_largest_value_are_shown(values, decimals, texts):
    column = Column('a', 'A', '', 'A.', np.array(values), decimals)

    assert column.texts() == texts


def test_whole_numbers_have_no_decimals():
    assert Column('n', 'N', '', 'N.', np.array([7, 12])).texts() == ('7', '12')


def test_a_table_names_the_column_that_it_lacks(tables):
    with pytest.raises(KeyError, match='nothing'):
        tables['spheres'].column('nothing')


def test_the_method_names_image_settings_and_doubts(result):
    rows = {(row.section, row.name): row.value for row in method_rows(result)}

    assert rows['Image', 'Series instance UID'] == '1.2.826.0.1.3680043.8.498.1'
    assert rows['Image', 'Unit'] == 'Bq/mL'
    assert [rows['Image', f'Spacing {axis} [mm]'] for axis in 'ijk'] == pytest.approx([2, 2.5, 3])
    assert [rows['Image', f'{name}'] for name in ('Columns (i)', 'Rows (j)', 'Slices (k)')] == [
        50,
        44,
        20,
    ]
    assert rows['Settings', 'search_in_plane_mm'] == 9.0
    assert rows['Phantom', 'Insert S17'] == 'sphere, inner diameter 17 mm'
    assert rows['Flag', 'seeds_overlap'] == 'the spheres of two seeds overlap: check the seeds'
    notes = [value for (section, _), value in rows.items() if section == 'Note']
    assert 'Seeds by label.' in notes
    assert '2 files passed over: no image.' in notes
    assert 'S10: the best position lies at the limit of the search: check the seed' in notes


def test_each_definition_is_listed_once(tables):
    rows = column_rows([(key, tables[key]) for key in ('spheres', 'background', 'centers')])

    names = [row.name for row in rows]

    assert names.count('Mean [Bq/mL]') == 1
    sections = {row.name: row.section for row in rows}
    assert sections['Mean [Bq/mL]'] == 'Column, several sheets'
    assert sections['Candidates'] == 'Column, centers'
    assert len(rows) == len(set(rows))


def test_labels_may_be_anything():
    strange = tuple(
        type(insert)(label, insert.diameter_mm)
        for insert, label in zip(INSERTS, ['=1+1', 'a/b:c*', ''], strict=True)
    )

    table = result_tables(made_result(inserts=strange))[0]

    assert table.column('label').values == ('=1+1', 'a/b:c*', '')


def test_the_documentation_names_every_column(result, tables):
    """A new column needs its line in docs/outputs.md."""
    text = (ROOT / 'docs' / 'outputs.md').read_text(encoding='utf-8')
    more = [search_table(result.spheres[0]), voxel_table(result.image, result.spheres[0])]
    more += [*result_tables(quality_result()), *result_tables(quality_result(known=False))]
    words = set(re.findall(r'\w+', text))

    titles = {column.title for table in [*tables.values(), *more] for column in table.columns}

    assert {word for title in titles for word in re.findall(r'\w+', title)} - words == set()


def test_the_documentation_names_every_key_of_the_json_file():
    """A new key needs its place in docs/outputs.md."""
    text = (ROOT / 'docs' / 'outputs.md').read_text(encoding='utf-8')
    named = set(re.findall(r'`([a-z0-9_]+)`', text))
    data = results_json(quality_result())
    free = ('settings', 'worksheet', 'deviations_mm')  # their keys are names of other things

    def keys_of(part):
        if isinstance(part, list):
            return set().union(*map(keys_of, part))
        if not isinstance(part, dict):
            return set()
        inner = (keys_of(value) for key, value in part.items() if key not in free)
        return set(part).union(*inner)

    assert keys_of(data) - named == set()
