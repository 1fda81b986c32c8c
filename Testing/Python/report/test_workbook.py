"""Workbooks, opened again: values, types, headers, and what Excel cannot stand."""

import re
import warnings
import zipfile

import numpy as np
import pytest
from made_results import UID, made_result
from VOIIdentificationLib.core.phantom import Insert
from VOIIdentificationLib.report import workbook
from VOIIdentificationLib.report.method import MethodRow
from VOIIdentificationLib.report.subjects.limits import PASS, VERDICT_KEY
from VOIIdentificationLib.report.table import Column, Table
from VOIIdentificationLib.report.workbook import SheetTitles, write_workbook, write_workbooks

openpyxl = pytest.importorskip('openpyxl')

DIGITS = 1e-15
"""Excel files carry 16 digits."""

HOSTILE_LABELS = ['=1+1', 'a/b:c*', 'A\\B?C*']


def opened(path):
    return openpyxl.load_workbook(path)


def tables_of(path):
    """Sheets without the summary, which is no table; the centers have a table of that name."""
    sheets = opened(path).worksheets
    return sheets[1:] if path.name == 'outputMetaTargets.xlsx' else sheets


def records(sheet):
    """Rows by their headers, as a reader of the file sees them."""
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.fixture(scope='module')
def result():
    return made_result()


@pytest.fixture(scope='module')
def folder(result, tmp_path_factory):
    folder = tmp_path_factory.mktemp('workbooks')
    write_workbooks(result, folder)
    return folder


def test_the_workbooks_have_the_names_and_sheets_of_the_contract(folder):
    sheets = {path.name: opened(path).sheetnames for path in folder.iterdir()}

    assert sheets == {
        'outputMetaTargets.xlsx': [
            *('Summary', 'Meta data per sphere', 'Meta data per slice', 'Method')
        ],
        'outputMidPoints3D.xlsx': ['Summary', 'S22', 'S17', 'S10', 'Method'],
        'outputTargets.xlsx': ['S22', 'S17', 'S10', 'B0', 'Method'],
        'outputMetaBackground.xlsx': ['Meta data per sphere', 'Meta data per slice', 'Method'],
    }


def test_without_a_background_there_is_no_background_workbook(tmp_path):
    paths = write_workbooks(made_result(background=False), tmp_path)

    assert 'outputMetaBackground.xlsx' not in [path.name for path in paths]
    assert opened(tmp_path / 'outputTargets.xlsx').sheetnames[-2:] == ['S10', 'Method']


def test_the_statistics_of_each_sphere_are_in_the_file(result, folder):
    rows = records(opened(folder / 'outputMetaTargets.xlsx')['Meta data per sphere'])

    assert [row['Sphere'] for row in rows] == ['S22', 'S17', 'S10']
    for row, voi in zip(rows, result.spheres, strict=True):
        assert row['Mean [Bq/mL]'] == pytest.approx(voi.statistics.mean, rel=DIGITS)
        assert row['Variance [(Bq/mL)²]'] == pytest.approx(voi.statistics.variance, rel=DIGITS)
        assert row['Nr Pixels'] == voi.statistics.voxel_count
        assert isinstance(row['Nr Pixels'], int)
        assert row['Diameter [mm]'] == voi.insert.diameter_mm


def test_the_background_has_its_own_workbook(result, folder):
    rows = records(opened(folder / 'outputMetaBackground.xlsx')['Meta data per sphere'])

    assert [row['Sphere'] for row in rows] == ['B0']
    assert rows[0]['Mean [Bq/mL]'] == pytest.approx(
        result.background[0].statistics.mean, rel=DIGITS
    )


def test_the_slices_are_in_the_file(result, folder):
    rows = records(opened(folder / 'outputMetaTargets.xlsx')['Meta data per slice'])

    cuts = [(voi, cut) for voi in result.spheres for cut in voi.slices]
    assert [(row['Sphere'], row['Slice NR']) for row in rows] == [
        (voi.label, cut.slice_k) for voi, cut in cuts
    ]
    radii = [cut.radius_mm for _, cut in cuts]
    assert [row['Radius [mm]'] for row in rows] == pytest.approx(radii, rel=DIGITS)
    highest = [cut.max for _, cut in cuts]
    found = [row['Max [Bq/mL]'] for row in rows]
    assert None in highest
    assert [None if x is None else np.float32(x) for x in found] == highest


def test_every_candidate_of_every_sphere_is_in_the_file(result, folder):
    book = opened(folder / 'outputMidPoints3D.xlsx')

    for voi in result.spheres[:2]:
        rows = records(book[voi.label])
        found = [[row[f'MidPoint {name}'] for name in 'xyz'] for row in rows]
        assert found == voi.search.index_ijk.tolist()
        assert [row['Mean [Bq/mL]'] for row in rows[4:]] == pytest.approx(
            voi.search.mean[4:].tolist(), rel=DIGITS
        )
        assert rows[3]['Mean [Bq/mL]'] is None  # NaN in the search
    why = 'The seed was not refined: no other position was tried.'
    assert [list(row) for row in book['S10'].iter_rows(min_row=2, values_only=True)] == [
        [why, None, None, None, None]
    ]


def test_every_voxel_is_in_the_file(result, folder):
    rows = records(opened(folder / 'outputTargets.xlsx')['S17'])
    voi, image = result.spheres[1], result.image

    assert len(rows) == voi.statistics.voxel_count
    for row in rows[::7]:
        index = [row[axis] for axis in 'IJK']
        place = image.geometry.ijk_to_ras @ [*index, 1]
        assert row['Value [Bq/mL]'] == image.voxels[tuple(index[::-1])]
        assert [row[f'{axis} [mm]'] for axis in 'RAS'] == pytest.approx(place[:3].tolist())
    mean = np.average(
        [row['Value [Bq/mL]'] for row in rows], weights=[row['Weight'] for row in rows]
    )
    assert mean == pytest.approx(voi.statistics.mean, rel=1e-12)


def test_every_sheet_is_frozen_filtered_and_readable(folder):
    for path in folder.iterdir():
        for sheet in tables_of(path):
            assert sheet.freeze_panes in ('A2', 'B2')
            assert sheet.auto_filter.ref == sheet.dimensions
            assert all(cell.font.bold for cell in sheet[1])
            for cell in sheet[1]:
                width = sheet.column_dimensions[cell.column_letter].width
                assert width >= max(map(len, str(cell.value).split())) + 2


def test_numbers_are_numbers_and_words_are_words(folder):
    for path in folder.iterdir():
        for sheet in opened(path):
            for row in sheet.iter_rows(min_row=2):
                assert all(cell.data_type in 'ns' for cell in row)


def test_number_formats_keep_six_digits(result, folder):
    sheet = opened(folder / 'outputMetaTargets.xlsx')['Meta data per sphere']
    formats = {
        head.value: cell.number_format for head, cell in zip(sheet[1], sheet[2], strict=True)
    }

    assert 1000 < result.spheres[0].statistics.mean < 10000
    assert formats['Mean [Bq/mL]'] == '0.00'
    assert formats['Nr Pixels'] == '0'
    assert formats['Voxel COV'] == '0.0000'


def test_the_method_sheet_names_series_settings_and_definitions(folder):
    for path in folder.iterdir():
        rows = records(opened(path)['Method'])
        found = {(row['Section'], row['Name']): row['Value'] for row in rows}

        assert found['Image', 'Series instance UID'] == UID
        assert found['Settings', 'search_axial_mm'] == 6
        assert found['Software', 'Analyzed at'] == '2026-03-02T08:00:00'
        assert '14 % low at 4 mm' in found['Definition', 'Blur of the grid']
        headers = {cell.value for sheet in tables_of(path)[:-1] for cell in sheet[1]}
        assert {name for section, name in found if section.startswith('Column, ')} == headers


def test_text_from_the_header_never_becomes_a_formula(folder):
    """The series description of the made image is =HYPERLINK(…)."""
    sheet = opened(folder / 'outputMetaTargets.xlsx')['Method']

    cell = next(row[2] for row in sheet.iter_rows() if row[1].value == 'Series')

    assert cell.value == '=HYPERLINK("http://example.org")'
    assert cell.data_type == 's'
    assert cell.quotePrefix  # stays text when someone edits the cell


def test_hostile_labels_are_kept_as_text_and_give_legal_sheet_names(tmp_path):
    inserts = tuple(Insert(label, d) for label, d in zip(HOSTILE_LABELS, (22, 17, 10), strict=True))

    write_workbooks(made_result(inserts=inserts), tmp_path)

    book = opened(tmp_path / 'outputMidPoints3D.xlsx')
    assert book.sheetnames == ['Summary', '=1+1', 'a_b_c_', 'A_B_C_ (2)', 'Method']
    cells = [row[0] for row in book['Summary'].iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == HOSTILE_LABELS
    assert {cell.data_type for cell in cells} == {'s'}


@pytest.mark.parametrize('text', ['=1+1', '+1', '-1', '@SUM(A1)', '#N/A', '12', '\t=1'])
def test_any_text_is_stored_as_text(tmp_path, text):
    table = Table('t', 'T', (Column('a', 'A', '', 'A.', (text,)),))

    write_workbook(tmp_path / 'a.xlsx', [table], [MethodRow('Note', '1', text)])

    book = opened(tmp_path / 'a.xlsx')
    assert [book['T']['A2'].value, book['Method']['C2'].value] == [text, text]
    assert [book['T']['A2'].data_type, book['Method']['C2'].data_type] == ['s', 's']


@pytest.mark.parametrize('key', ['note', f'{VERDICT_KEY}x'])
def test_long_text_is_wrapped_whatever_else_its_cell_shows(tmp_path, key):
    words = ('word ' * 30, '=1', f'{PASS}: ' + 'word ' * 30)
    table = Table('t', 'T', (Column(key, 'A', '', 'A.', words),))

    write_workbook(tmp_path / 'a.xlsx', [table], [])

    sheet = opened(tmp_path / 'a.xlsx')['T']
    cells = [sheet[f'A{row}'] for row in (1, 2, 3, 4)]
    looks = [(cell.alignment.wrap_text, cell.alignment.vertical) for cell in cells]
    assert looks == [(True, 'top')] * 4
    assert [cell.font.bold for cell in cells] == [True, False, False, False]
    assert {cell.font.name for cell in cells} == {'Calibri'}
    filled = [cell.fill.fill_type for cell in cells]
    assert filled == ['solid', None, None, 'solid' if key.startswith(VERDICT_KEY) else None]


def test_text_before_and_after_a_formula_is_not_marked(tmp_path):
    table = Table('t', 'T', (Column('a', 'A', '', 'A.', ('S1', '=1', 'S2')),))

    write_workbook(tmp_path / 'a.xlsx', [table], [])

    sheet = opened(tmp_path / 'a.xlsx')['T']
    assert [bool(sheet[f'A{row}'].quotePrefix) for row in (2, 3, 4)] == [False, True, False]


def test_what_is_no_number_is_an_empty_cell(tmp_path):
    values = np.array([1.5, np.nan, np.inf, -np.inf, 0.0])
    table = Table('t', 'T', (Column('a', 'A', '', 'A.', values),))

    write_workbook(tmp_path / 'a.xlsx', [table], [MethodRow('Image', 'Ring', None)])

    book = opened(tmp_path / 'a.xlsx')
    assert [row['A'] for row in records(book['T'])] == [1.5, None, None, None, 0]
    assert records(book['Method'])[0]['Value'] is None
    # No empty <v/> either, which openpyxl would write for NaN.
    with zipfile.ZipFile(tmp_path / 'a.xlsx') as archive:
        assert archive.read('xl/worksheets/sheet1.xml').count(b'<v') == 2


@pytest.mark.parametrize('bad', ['\x00', '\x0b', '\x1f', '\ud800', '\uffff'])
def test_characters_that_xml_forbids_are_escaped(tmp_path, bad):
    table = Table('t', f'S{bad}1', (Column('a', f'A{bad}', '', 'A.', (f'x{bad}y',)),))

    write_workbook(tmp_path / 'a.xlsx', [table], [])

    sheet = opened(tmp_path / 'a.xlsx').worksheets[0]
    shown = bad.encode('unicode_escape').decode()
    found = (sheet.title, sheet['A1'].value, sheet['A2'].value)
    assert found == (f'S{shown}1'.replace('\\', '_'), f'A{shown}', f'x{shown}y')


@pytest.mark.parametrize(('length', 'kept'), [(40_000, 'a' * 32_766 + '…'), (32_767, 'a' * 32_767)])
def test_text_longer_than_a_cell_is_cut_visibly(tmp_path, length, kept):
    table = Table('t', 'T', (Column('a', 'A', '', 'A.', ('a' * length,)),))

    write_workbook(tmp_path / 'a.xlsx', [table], [])

    assert opened(tmp_path / 'a.xlsx')['T']['A2'].value == kept


def test_a_table_longer_than_a_sheet_is_continued(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, 'EXCEL_ROW_LIMIT', 4)
    table = Table('t', 'S37', (Column('n', 'N', '', 'N.', np.arange(7)),))

    write_workbook(tmp_path / 'a.xlsx', [table], [])

    book = opened(tmp_path / 'a.xlsx')
    assert book.sheetnames == ['S37', 'S37 (2)', 'S37 (3)', 'Method']
    found = [[row['N'] for row in records(sheet)] for sheet in book.worksheets[:3]]
    assert found == [[0, 1, 2], [3, 4, 5], [6]]
    assert [sheet.auto_filter.ref for sheet in book.worksheets[:3]] == ['A1:A4', 'A1:A4', 'A1:A2']


LABELS = [
    *HOSTILE_LABELS,
    's' * 40,
    'S' * 40,
    'S' * 31 + 'end',
    '',
    "'quoted'",
    'History',
    'method',
    '[x]',
    '(2)',
    'a\nb',
    '🙂' * 20,
]


def test_sheet_names_are_legal_and_unlike_each_other():
    titles = SheetTitles(reserved=['Method'])

    given = [titles.claim(label) for label in LABELS * 12]

    assert len({title.lower() for title in given} | {'method', 'history'}) == len(given) + 2
    for title in given:
        # Microsoft's rules for the name of a sheet, in its own count of characters (UTF-16).
        assert 1 <= len(title.encode('utf-16-le')) // 2 <= 31
        assert not re.search(r'[\[\]:*?/\\\n]', title)
        assert not title.startswith("'")
        assert not title.endswith("'")


def test_names_that_need_no_change_are_kept():
    titles = SheetTitles()

    assert [titles.claim(label) for label in ('S37', 'Lunge ö', 'S10')] == ['S37', 'Lunge ö', 'S10']


def test_excel_titles_do_not_warn(tmp_path):
    tables = [Table('t', label, (Column('a', 'A', '', 'A.', np.arange(2)),)) for label in LABELS]

    with warnings.catch_warnings():
        warnings.simplefilter('error')
        write_workbook(tmp_path / 'a.xlsx', tables, [])

    assert len(opened(tmp_path / 'a.xlsx').sheetnames) == len(LABELS) + 1


def test_progress_is_told_and_may_stop_the_work(result, tmp_path):
    told = []

    write_workbooks(result, tmp_path, progress=lambda part, text: told.append((part, text)))

    assert [part for part, _ in told] == [0, 0.25, 0.5, 0.75]
    assert told[1][1] == 'Writing outputMidPoints3D.xlsx'
