"""Every format asks the subjects: a new one is shown everywhere without a word elsewhere."""

import json
from itertools import groupby

import pytest
from made_cylinder import cylinder_result
from made_quality import quality_result
from made_results import made_result
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.evaluate import nema, roi_placement
from VOIIdentificationLib.report import formats, method, summary
from VOIIdentificationLib.report.subjects import SUBJECTS
from VOIIdentificationLib.report.subjects.subject import Fact, Plot, Subject, fact_table, in_words
from VOIIdentificationLib.report.workbook import write_workbooks


def new_subject():
    return Subject(
        'glow',
        tables=lambda _result: [fact_table('glow', 'Glow', [Fact('Glow', 1.5, 'lm', 'Of it.')])],
        definitions=lambda _result: [('Glow', 'how much it glows')],
        sections=lambda _result: {'Glow': [('Glow [lm]', 1.5)], 'NEMA': [('Glow', 'none')]},
        json=lambda _result: {'glow': {'lumen': 1.5}},
        flag_notes=lambda _result: ['S10: it glows'],
        headline=(('glow', 'Glow'),),
    )


@pytest.fixture
def with_glow(monkeypatch):
    for module in (formats, method, summary):
        monkeypatch.setattr(module, 'SUBJECTS', (*SUBJECTS, new_subject()))


@pytest.mark.usefixtures('with_glow')
def test_a_new_subject_is_in_tables_method_and_json():
    result = quality_result()

    assert formats.result_tables(result)[-1].key == 'glow'
    rows = [tuple(row) for row in method.method_rows(result)]
    assert ('Definition', 'Glow', 'how much it glows') in rows
    assert ('Glow', 'Glow [lm]', 1.5) in rows
    assert ('NEMA', 'Glow', 'none') in rows
    assert ('NEMA', 'Common slice', result.nema.placement.central_slice_k) in rows
    blocks = [section for section, _ in groupby(row[0] for row in rows)]
    assert len(set(blocks)) == len(blocks)
    assert 'S10: it glows' in [value for section, _, value in rows if section == 'Note']
    assert formats.results_json(result)['glow'] == {'lumen': 1.5}
    assert summary.summarize(result).figures[-1][:2] == ('Glow', 1.5)


@pytest.mark.usefixtures('with_glow')
def test_a_new_subject_has_a_sheet_and_a_frame(tmp_path):
    openpyxl = pytest.importorskip('openpyxl')
    pytest.importorskip('pandas')
    result = made_result()

    write_workbooks(result, tmp_path)

    book = openpyxl.load_workbook(tmp_path / 'outputMetaTargets.xlsx')
    assert book.sheetnames == [
        *('Summary', 'Meta data per sphere', 'Glow', 'Meta data per slice', 'Method')
    ]
    assert list(result.to_frames()['glow']['value']) == [1.5]


def test_keys_of_subjects_tables_plots_and_json_are_their_own():
    result = quality_result()
    shown = [table.key for table in formats.result_tables(result)]
    of_cylinder = [table.key for table in formats.result_tables(cylinder_result())]
    plots = [plot for subject in SUBJECTS for plot in subject.plots]

    for keys in (
        [subject.key for subject in SUBJECTS],
        shown,
        [plot.key for plot in plots],
        [key for subject in SUBJECTS for key in subject.json(result)],
    ):
        assert len(set(keys)) == len(keys)
    assert {plot.table_key for plot in plots} <= {*shown, *of_cylinder}


def test_the_keys_of_the_json_file_are_there_whatever_was_found():
    known, plain = (
        [key for subject in SUBJECTS for key in subject.json(result)]
        for result in (quality_result(), made_result(background=False))
    )

    assert known == plain
    json.dumps(formats.results_json(made_result()), allow_nan=False)


def test_a_plot_fits_where_its_columns_hold_a_number():
    table = fact_table('glow', 'Glow', [Fact('Glow', None, 'lm', 'Of it.')])
    filled = fact_table('glow', 'Glow', [Fact('Glow', 2.0, 'lm', 'Of it.')])
    plot = Plot('glow', 'Glow', 'glow', 'quantity', ('value',))

    assert plot.fits({'glow': filled})
    assert not plot.fits({'glow': table})
    assert not plot.fits({})
    assert not Plot('glow', 'Glow', 'glow', 'size', ('value',)).fits({'glow': filled})


def test_numbers_in_words_end_at_twelve():
    assert [in_words(n) for n in (1, 5, 12, 13)] == ['one', 'five', 'twelve', '13']


def test_flags_name_the_distances_that_the_rules_use():
    rule = f'less than {roi_placement.RULE_DISTANCE_MM:g} mm'

    assert rule in Flag.ROI_NEAR_EDGE.text
    assert rule in Flag.ROI_NEAR_SPHERE.text
    assert in_words(roi_placement.ROI_COUNT) in Flag.FEW_ROIS.text
    assert f'more than {nema.MAX_SLICE_OFFSET_MM:g} mm' in Flag.OFF_SLICE.text
