"""The sheet one signs, opened again: every number of it against the result, and its pages."""

from dataclasses import replace

import pytest
from made_quality import judged_result, quality_result
from made_results import made_result
from VOIIdentificationLib.core.image import Acquisition
from VOIIdentificationLib.report.summary import summarize, trace_line, verdict_line
from VOIIdentificationLib.report.workbook import write_workbooks

openpyxl = pytest.importorskip('openpyxl')

COLORS = {'pass': '00C6EFCE', 'fail': '00FFC7CE', 'indicative': '00FFEB9C'}
WORKBOOK = 'outputMetaTargets.xlsx'


def opened(result, folder):
    write_workbooks(result, folder)
    return openpyxl.load_workbook(folder / WORKBOOK)


@pytest.fixture(scope='module')
def book(tmp_path_factory):
    return opened(quality_result(), tmp_path_factory.mktemp('known'))


@pytest.fixture(scope='module')
def unknown(tmp_path_factory):
    return opened(quality_result(known=False), tmp_path_factory.mktemp('unknown'))


def sphere_rows(sheet):
    """Header cells, and the cells of each sphere."""
    rows = list(sheet.iter_rows())
    start = next(n for n, row in enumerate(rows) if row[0].value == 'Sphere')
    header = [cell for cell in rows[start] if cell.value]
    return header, [row[: len(header)] for row in rows[start + 1 : start + 7]]


def words(sheet):
    return [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]


def test_the_workbook_opens_on_the_summary(book):
    assert book.sheetnames[0] == 'Summary'
    assert book.active.title == 'Summary'


def test_each_sphere_has_its_figures_and_limits(book):
    result = quality_result()
    header, rows = sphere_rows(book['Summary'])
    titles = [cell.value for cell in header]

    assert len(rows) == 6
    for row, nema, recovery in zip(rows, result.nema.spheres, result.recovery.spheres, strict=True):
        by_title = dict(zip(titles, row, strict=True))
        assert by_title['Sphere'].value == nema.label
        found = [by_title[name].value for name in ('Q_H,j 2-D [%]', 'N_j [%]', 'RCpeak')]
        expected = [nema.contrast_percent, nema.variability_percent, recovery.rc_peak]
        assert found == pytest.approx(expected, rel=1e-14)
        sd = by_title['u(Q_H,j), k = 1 [%]'].value
        assert sd == pytest.approx(nema.contrast_sd_percent, rel=1e-14)
        for name, quantity in (('RCmax', 'rc_max'), ('RCmean (A50)', 'rc_mean')):
            first = titles.index(name)
            assert row[first].value == pytest.approx(getattr(recovery, quantity), rel=1e-14)
            for cell, standard in zip(row[first + 1 :], ('EARL 1', 'EARL 2'), strict=False):
                one = next(
                    v for v in recovery.verdicts if (v.standard, v.quantity) == (standard, quantity)
                )
                word = 'pass' if one.passed else 'fail'
                assert cell.value == f'{word} {one.low:.2f} to {one.high:.2f}'
                mark = 'indicative' if one.note and not one.passed else word
                assert cell.fill.fgColor.rgb == COLORS[mark]


def test_second_hand_limits_are_called_indicative_and_never_red(book):
    header, rows = sphere_rows(book['Summary'])

    for n, cell in enumerate(header):
        if cell.value.startswith('EARL'):
            assert ('indicative' in cell.value) == ('EARL 2' in cell.value)
            colors = {row[n].fill.fgColor.rgb for row in rows}
            assert (COLORS['fail'] in colors) <= ('EARL 1' in cell.value)


def test_verdicts_facts_figures_and_notes_stand_there(book):
    result, said = quality_result(), words(book['Summary'])
    summary = summarize(result)

    for outcome in summary.outcomes:
        assert outcome.standard in said
        assert '\n'.join(outcome.reasons) in said
    assert {'Scanner', 'Phantom', 'True ratio a_H / a_B', 'Signature'} - set(said) <= {'Scanner'}
    names = [figure.name for figure in summary.figures]
    assert names[:2] == ['Background C_B', 'Lung residual']
    assert {'Calibration error', 'a_H', 'a_B', 'a_H / a_B', 'Background COV'} <= set(names)
    assert set(names) <= set(said)
    by_name = {figure.name: figure for figure in summary.figures}
    assert by_name['a_H'].value == result.activity.hot_bqml
    assert by_name['a_H'].sd_percent == result.activity.hot_sd_percent
    assert by_name['Lung residual'].value == result.nema.lung.mean_error_percent
    assert set(summary.notes) <= set(said)


def test_contradictions_are_the_first_notes(tmp_path):
    result = replace(quality_result(), contradictions=('the dose is not that of the header',))

    sheet = opened(result, tmp_path)['Summary']

    said = words(sheet)
    assert said[said.index('What must be known') + 1] == 'the dose is not that of the header'


def test_without_activity_and_without_nema_it_says_what_is_missing(unknown, tmp_path):
    header, rows = sphere_rows(unknown['Summary'])
    titles = [cell.value for cell in header]
    assert {'Relative max', 'N_j [%]'} <= set(titles)
    assert not [title for title in titles if title.startswith(('RC', 'EARL'))]
    assert all(row[titles.index('Q_H,j 2-D [%]')].value is None for row in rows)
    plain = words(opened(made_result(), tmp_path)['Summary'])
    assert 'None is known: neither NEMA NU 2 nor the fill was evaluated.' in plain


def test_no_sphere_is_said(tmp_path):
    result = replace(made_result(), spheres=())

    assert 'No sphere was measured.' in words(opened(result, tmp_path)['Summary'])


def test_every_sheet_is_printed_across_with_header_footer_and_numbers(book, tmp_path):
    for sheet in book:
        assert sheet.page_setup.orientation == 'landscape'
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.page_setup.fitToHeight in (0, 1)
        assert sheet.oddFooter.right.text.endswith(', &A, page &P of &N')
        assert 'NEMA IEC body' in sheet.oddFooter.left.text
        if sheet.title != 'Summary':
            assert sheet.print_title_rows == '$1:$1'
    assert book['Summary'].page_setup.fitToWidth == 1
    result = made_result()
    scan = Acquisition(series_description='R&D\nx' * 80, series_datetime='2026-03-01T10:15:00')
    odd = replace(result, image=replace(result.image, acquisition=scan))
    footer = opened(odd, tmp_path)['Method'].oddFooter
    assert footer.left.text.startswith('R&&D')
    assert '\n' not in footer.left.text
    assert len(footer.left.text.replace('&&', '&')) == 100
    assert footer.right.text == 'analyzed 2026-03-02, &A, page &P of &N'


def test_rows_are_high_enough_for_wrapped_text(book):
    checked = 0
    for sheet in book:
        if sheet.title == 'Summary':
            continue
        for row in sheet.iter_rows():
            for cell in row:
                width = sheet.column_dimensions[cell.column_letter].width
                text = cell.value if isinstance(cell.value, str) else ''
                if cell.alignment.wrap_text and len(text) > width:
                    height = sheet.row_dimensions[cell.row].height
                    assert height >= 14.5 * min(len(text) / width, 27)
                    checked += 1
    assert checked > 50


def test_a_picture_can_be_traced():
    result = quality_result()
    scan = replace(
        result.image.acquisition, manufacturer='Maker', model='M 1', series_description='OSEM'
    )
    traced = trace_line(replace(result, image=replace(result.image, acquisition=scan)))

    assert traced == 'Maker M 1 · OSEM · NEMA IEC body · a_H / a_B 10'
    assert verdict_line(result).startswith('NEMA NU 2: not judged · EARL 1: fail')
    judged = judged_result()
    assert verdict_line(judged).startswith(f'Overall: {judged.verdict.level.value} · ')
