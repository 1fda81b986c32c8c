"""Tables and charts of the scene speak the language of the application; their keys do not."""

import numpy as np
import pytest
from made_cylinder import cylinder_result
from made_quality import judged_result
from made_results import made_result
from VOIIdentificationLib.core.image import UNKNOWN_UNIT

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from VOIIdentificationLib.mrml import said  # noqa: E402 - only where slicer-core is
from VOIIdentificationLib.mrml.candidates import candidates_node  # noqa: E402
from VOIIdentificationLib.mrml.nodes import VOLUME_ROLE  # noqa: E402
from VOIIdentificationLib.mrml.outputs import find_outputs, publish  # noqa: E402
from VOIIdentificationLib.mrml.tables import series_of_chart, texts_of_column  # noqa: E402
from VOIIdentificationLib.mrml.volume import volume_node_from_image  # noqa: E402
from VOIIdentificationLib.report.formats import result_tables  # noqa: E402

RESULTS = {'spheres': judged_result, 'cylinder': cylinder_result}


def mark(_context, text):
    return f'«{text}»'


def unmarked(text):
    return text.replace('«', '').replace('»', '')


@pytest.fixture
def shown(scene):
    """Publishes a result of a kind in the scene."""

    def publish_one(kind):
        result = RESULTS[kind]()
        return publish(result, volume_node_from_image(result.image, 'PET', scene=scene))

    return publish_one


@pytest.fixture
def abroad(monkeypatch):
    monkeypatch.setattr(said, 'translate', mark)


def texts_of(table_node, key):
    return {
        'title': table_node.GetColumnTitle(key),
        'description': table_node.GetColumnDescription(key),
        'unit': table_node.GetColumnUnitLabel(key),
    }


@pytest.mark.parametrize('kind', RESULTS)
@pytest.mark.usefixtures('abroad')
def test_titles_and_words_of_tables_are_translated_and_keys_and_numbers_are_not(kind, shown):
    outputs = shown(kind)

    for table in result_tables(RESULTS[kind]()):
        node = outputs.tables[table.key]
        assert node.GetDescription() == f'«{table.title}»'
        for column in table.columns:
            texts = texts_of(node, column.key)
            assert {key: unmarked(text) for key, text in texts.items()} == {
                key: getattr(column, key) for key in texts
            }
            array = node.GetTable().GetColumnByName(column.key)
            cells = [array.GetValue(n) for n in range(array.GetNumberOfValues())]
            if column.is_text:
                assert [*map(unmarked, cells)] == [*column.values]
            else:
                np.testing.assert_array_equal(cells, column.values)


@pytest.mark.usefixtures('abroad')
def test_what_a_physicist_reads_first_is_translated(shown):
    tables = shown('spheres').tables

    assert tables['spheres'].GetColumnTitle('mean') == '«Mean»'
    assert tables['spheres'].GetColumnUnitLabel('mean') == 'Bq/mL'
    assert tables['nema'].GetColumnTitle('contrast_percent') == '«Q_H,j 2-D»'
    assert set(texts_of_column(tables['nema'], 'filling')) == {'«hot»'}
    assert '«Background C_B»' in texts_of_column(tables['nema_summary'], 'quantity')
    assert tables['recovery'].GetColumnTitle('verdict_earl_2') == '«Verdict EARL 2»'
    assert {text.split(':')[0] for text in texts_of_column(tables['limits'], 'verdict')} <= {
        *('«pass»', '«warning»', '«fail»', '«not judged»')
    }
    assert texts_of_column(tables['spheres'], 'label')[0] == 'S37'


@pytest.mark.parametrize('kind', RESULTS)
@pytest.mark.usefixtures('abroad')
def test_charts_name_title_axes_and_curves(kind, shown):
    charts = shown(kind).charts

    assert len(charts) >= 1
    for chart in charts.values():
        assert chart.GetTitle().startswith('«')
        assert chart.GetXAxisTitle().startswith('«')
        assert '«' in chart.GetYAxisTitle() or chart.GetYAxisTitle().startswith('RC')
    bands = [node.GetName() for node in series_of_chart(next(iter(charts.values())))]
    assert bands[0] == '«Mean»'


@pytest.mark.usefixtures('abroad')
def test_the_table_of_candidates_too(scene):
    result = made_result()
    outputs = publish(result, volume_node_from_image(result.image, 'PET', scene=scene))

    node = candidates_node(result, outputs)

    assert texts_of(node, 'center_r_mm') == {
        'title': 'R',
        'description': '«Towards the «right».»',
        'unit': 'mm',
    }
    assert node.GetColumnTitle('max') == '«Max»'


@pytest.mark.usefixtures('abroad')
def test_an_image_without_a_unit_says_so_in_words(scene):
    result = made_result(unit=UNKNOWN_UNIT)
    outputs = publish(result, volume_node_from_image(result.image, 'PET', scene=scene))

    assert outputs.tables['spheres'].GetColumnUnitLabel('variance') == '(«unit unknown»)²'


@pytest.mark.usefixtures('abroad')
def test_a_scene_of_another_language_is_refilled_in_this_one(shown, monkeypatch):
    with monkeypatch.context() as at_home:
        at_home.setattr(said, 'translate', lambda _context, text: text)
        volume = shown('spheres').centers.GetNodeReference(VOLUME_ROLE)
    assert find_outputs(volume).tables['spheres'].GetColumnTitle('mean') == 'Mean'

    publish(judged_result(), volume)

    tables = find_outputs(volume).tables
    assert tables['spheres'].GetColumnTitle('mean') == '«Mean»'
