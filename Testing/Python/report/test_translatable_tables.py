"""Whatever a table or a chart says in words can be translated: it is a sentence, in English."""

import pytest
from made_cylinder import cylinder_result
from made_quality import judged_result, quality_result
from made_results import made_result
from VOIIdentificationLib.core.image import UNKNOWN_UNIT
from VOIIdentificationLib.core.sentence import Sentence
from VOIIdentificationLib.report.formats import result_tables
from VOIIdentificationLib.report.subjects import SUBJECTS

RESULTS = {
    'judged': judged_result,
    'plain': quality_result,
    'ratio unknown': lambda: quality_result(known=False),
    'unit unknown': lambda: made_result(unit=UNKNOWN_UNIT),
    'cylinder': cylinder_result,
}

SYMBOLS = {'RCmax', 'RCmean (A50)', 'RCpeak', 'Q_H,10 / N_10'}
"""The same in every language, as are units."""

FORMULAS = {'100 (C_B / a_B - 1).', '100 (mean / a - 1).'}

NAMES = {'label', 'name', 'standard', 'profile', 'guideline', 'unit', 'limit'}
"""Columns of names that people or standards gave, and of numbers with a sign."""

CITED = {'source', 'version', 'note'}
"""Columns of what stands in a file of limits, as it stands there."""

DATA = {'weight 70 kg (0010,1030)', 'the dose 300 (0018,1074) is taken for MBq'}
"""Made up by the fixture; the decisions of the library are sentences, by tests of their own."""


def is_translatable(text):
    parts = text.values.values() if isinstance(text, Sentence) and text.values else ()
    marked = isinstance(text, Sentence) and (
        bool(text.context) or any(is_translatable(part) for part in parts if isinstance(part, str))
    )
    return marked or text in SYMBOLS | FORMULAS | DATA


@pytest.mark.parametrize('name', RESULTS)
def test_titles_descriptions_and_cells_of_tables(name):
    plain = []
    tables = result_tables(RESULTS[name]())
    cited = {
        cell
        for table in tables
        for column in table.columns
        if column.key in CITED
        for cell in column.values
    }
    for table in tables:
        assert is_translatable(table.title), table.key
        for column in table.columns:
            texts = {column.title, column.description}
            if column.is_text and column.key not in NAMES | CITED:
                texts |= {cell for cell in column.values if cell}
            own = {text for text in texts if not any(one and one in text for one in cited)}
            plain += [(table.key, column.key, t) for t in own if not is_translatable(t)]

    assert plain == []


def test_titles_of_charts():
    titles = [plot.title for subject in SUBJECTS for plot in subject.plots]

    assert len(titles) > 8
    assert all(is_translatable(title) for title in titles)


def test_the_unit_of_an_image_without_one_is_said_in_words():
    (spheres, *_) = result_tables(RESULTS['unit unknown']())

    assert spheres.column('mean').unit == 'unit unknown'
    assert spheres.column('variance').unit == '(unit unknown)²'
    assert all(is_translatable(spheres.column(key).unit) for key in ('mean', 'variance'))
