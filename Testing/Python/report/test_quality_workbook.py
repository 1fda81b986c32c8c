"""The sheets of NEMA, recovery, activity and SUV, opened again."""

import pytest
from made_quality import quality_result
from made_results import made_result
from VOIIdentificationLib.report.formats import result_tables
from VOIIdentificationLib.report.workbook import write_workbooks

openpyxl = pytest.importorskip('openpyxl')

GREEN, RED, AMBER = '00C6EFCE', '00FFC7CE', '00FFEB9C'
TARGETS, BACKGROUND = 'outputMetaTargets.xlsx', 'outputMetaBackground.xlsx'


def records(sheet):
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def tables_of(book):
    return [sheet for sheet in book if sheet['A1'].font.sz == 11]


def books_of(result, folder):
    paths = write_workbooks(result, folder)
    return {path.name: openpyxl.load_workbook(path) for path in paths}


@pytest.fixture(scope='module')
def result():
    return quality_result()


@pytest.fixture(scope='module')
def books(result, tmp_path_factory):
    return books_of(result, tmp_path_factory.mktemp('workbooks'))


@pytest.fixture(scope='module')
def unknown(tmp_path_factory):
    return books_of(quality_result(known=False), tmp_path_factory.mktemp('workbooks'))


def test_each_part_has_its_sheet(books, unknown):
    assert books[TARGETS].sheetnames == [
        *('Summary', 'Meta data per sphere', 'NEMA contrast', 'NEMA summary'),
        *('Noise', 'CNR', 'Guidelines', 'Recovery', 'Recovery limits', 'Calibration'),
        *('Activity', 'SUV', 'Meta data per slice', 'Method'),
    ]
    assert unknown[TARGETS].sheetnames == [
        *('Summary', 'Meta data per sphere', 'NEMA contrast', 'NEMA summary'),
        *('Noise', 'CNR', 'Guidelines', 'Relative recovery', 'Meta data per slice', 'Method'),
    ]


def test_the_background_has_its_workbook_without_background_seeds(books, result):
    assert result.background == ()
    assert books[BACKGROUND].sheetnames == [
        *('Background variability', 'Background ROIs', 'Background ROI means', 'Lung residual'),
        'Method',
    ]
    assert len(records(books[BACKGROUND]['Background ROI means'])) == 60


def test_with_neither_rois_nor_seeds_there_is_no_background_workbook(tmp_path):
    assert BACKGROUND not in books_of(made_result(background=False), tmp_path)


def test_every_cell_holds_what_its_table_holds(result, books):
    tables = {table.title: table for table in result_tables(result)}
    compared = 0
    for book in (books[TARGETS], books[BACKGROUND]):
        for sheet in tables_of(book)[:-1]:
            table = tables[sheet.title]
            for row, line in enumerate(records(sheet)):
                for column in table.columns:
                    value = column.values[row]
                    expected = value if column.is_text else pytest.approx(value, rel=1e-14)
                    shown = line[column.header]
                    assert shown is None if column.texts()[row] == '' else shown == expected
                    compared += 1
    assert compared > 1000


def test_a_verdict_is_a_word_on_a_color(books, result):
    """Red is for the limits of the standard itself: what fails second-hand ones is amber."""
    book = books[TARGETS]
    colors = {('pass', ''): GREEN, ('fail', ''): RED, ('fail', 'note'): AMBER}
    for row, limit in zip(
        book['Recovery limits'].iter_rows(min_row=2), records(book['Recovery limits']), strict=True
    ):
        verdict = next(cell for cell in row if cell.value in ('pass', 'fail'))
        note = 'note' if limit['Note'] and verdict.value == 'fail' else ''
        assert verdict.fill.fgColor.rgb == colors[verdict.value, note]
        assert all(cell.fill.fill_type is None for cell in row if cell is not verdict)
    spheres = {one.label: one for one in result.recovery.spheres}
    seen = set()
    header = [cell.value for cell in book['Recovery'][1]]
    for row in book['Recovery'].iter_rows(min_row=2):
        for standard in ('EARL 1', 'EARL 2'):
            cell = row[header.index(f'Verdict {standard}')]
            of = [v for v in spheres[row[0].value].verdicts if v.standard == standard]
            failed = [v for v in of if not v.passed]
            note = 'note' if failed and all(v.note for v in failed) else ''
            assert cell.fill.fgColor.rgb == colors['fail' if failed else 'pass', note]
            seen.add(cell.fill.fgColor.rgb)
    assert seen == {GREEN, RED, AMBER}


def test_second_hand_limits_are_called_so_on_every_sheet_that_shows_them(books):
    for row in records(books[TARGETS]['Recovery']):
        assert 'second-hand' in row['Remark']
        assert 'digitised, confirm with EARL' in row['Remark']
    for row in records(books[TARGETS]['Recovery limits']):
        assert bool(row['Note']) == (row['Standard'] == 'EARL 2')
    method = {(r['Section'], r['Name']): r['Value'] for r in records(books[TARGETS]['Method'])}
    assert 'second-hand' in method['Limits', 'EARL 2 RCmax']


def test_without_the_activity_cells_are_empty_and_a_sentence_says_why(unknown):
    for row in records(unknown[TARGETS]['NEMA contrast']):
        assert row['Q_H,j 2-D [%]'] is None
        assert row['Q_H,j 3-D [%]'] is None
        assert row['Remark'] == 'the true ratio is unknown: no percent contrast'
        assert row['N_j [%]'] > 0
    for row in records(unknown[TARGETS]['Relative recovery']):
        assert row['Relative max'] > 0
        assert 'not a recovery' in row['Remark']
        assert not [title for title in row if title.startswith(('Verdict', 'RC', 'EARL'))]
    assert records(unknown[TARGETS]['NEMA summary'])[0]['Value'] is None


def test_every_sheet_is_frozen_filtered_and_readable(books):
    for book in books.values():
        for sheet in tables_of(book):
            assert sheet.freeze_panes in ('A2', 'B2')
            assert sheet.auto_filter.ref == sheet.dimensions
            for cell in sheet[1]:
                width = sheet.column_dimensions[cell.column_letter].width
                assert width >= max(map(len, str(cell.value).split())) + 2
