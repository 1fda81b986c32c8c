"""Tables and plots in the scene say what the tables of the library say."""

import numpy as np
import pytest
from VOIIdentificationLib.core.errors import NodeError
from VOIIdentificationLib.report.subjects.subject import Plot
from VOIIdentificationLib.report.table import Column, Table

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from VOIIdentificationLib.mrml.tables import (  # noqa: E402 - only where slicer-core is
    fill_plot,
    fill_table,
    series_of_chart,
)

BIG = 2**40


def made_table(*, diameters=(10.0, 13.0, 17.0), keys=('label', 'diameter', 'mean', 'count', 'big')):
    columns = {
        'label': Column('label', 'Sphere', '', 'Label.', ('S10', 'S13', 'Körper')),
        'diameter': Column('diameter', 'Diameter', 'mm', 'Inner.', np.array(diameters)),
        'mean': Column('mean', 'Mean', 'Bq/mL', 'Mean inside.', np.array([1.5, np.nan, -2.25e6])),
        'max': Column('max', 'Max', 'Bq/mL', 'Highest.', np.array([2.5, 3.0, 4.0])),
        'count': Column('count', 'Voxels', '', 'Number.', np.array([3, 0, 2**31 - 1])),
        'big': Column('big', 'Bytes', '', 'Number.', np.array([3, 0, BIG])),
    }
    return Table('spheres', 'Spheres', tuple(columns[key] for key in keys))


@pytest.fixture
def table_node(scene):
    return scene.AddNewNodeByClass('vtkMRMLTableNode', 'Spheres')


@pytest.fixture
def chart(scene):
    return scene.AddNewNodeByClass('vtkMRMLPlotChartNode', 'Chart')


def column_of(node, key):
    array = node.GetTable().GetColumnByName(key)
    return [array.GetValue(n) for n in range(array.GetNumberOfValues())]


def type_of(node, key):
    return node.GetTable().GetColumnByName(key).GetDataTypeAsString()


def test_columns_are_typed(table_node):
    fill_table(table_node, made_table())

    expected = {'label': 'string', 'diameter': 'double', 'count': 'int', 'big': 'double'}
    assert {key: type_of(table_node, key) for key in expected} == expected


def test_values_come_back(table_node):
    fill_table(table_node, made_table())

    assert column_of(table_node, 'label') == ['S10', 'S13', 'Körper']
    assert column_of(table_node, 'diameter') == [10.0, 13.0, 17.0]
    assert column_of(table_node, 'mean') == pytest.approx([1.5, np.nan, -2.25e6], nan_ok=True)
    assert column_of(table_node, 'count') == [3, 0, 2**31 - 1]
    assert column_of(table_node, 'big') == [3.0, 0.0, float(BIG)]


def test_columns_know_title_unit_and_meaning(table_node):
    fill_table(table_node, made_table())

    assert table_node.GetUseColumnTitleAsColumnHeader()
    assert table_node.GetColumnTitle('mean') == 'Mean'
    assert table_node.GetColumnUnitLabel('mean') == 'Bq/mL'
    assert table_node.GetColumnDescription('mean') == 'Mean inside.'
    assert table_node.GetColumnUnitLabel('label') == ''


def test_results_cannot_be_typed_over(table_node):
    fill_table(table_node, made_table())

    assert table_node.GetLocked()


def test_values_are_a_copy(table_node):
    table = made_table()
    fill_table(table_node, table)

    table.column('diameter').values[0] = 99.0

    assert column_of(table_node, 'diameter')[0] == 10.0


def test_filling_again_leaves_nothing_of_the_old(table_node):
    fill_table(table_node, made_table())

    fill_table(table_node, made_table(keys=('diameter',), diameters=(22.0,)))

    assert (table_node.GetNumberOfRows(), table_node.GetNumberOfColumns()) == (1, 1)
    assert column_of(table_node, 'diameter') == [22.0]
    assert table_node.GetColumnTitle('mean') == ''


def test_table_without_rows_keeps_its_columns(table_node):
    empty = Table(
        'a', 'A', (Column('x', 'X', 'mm', 'X.', np.empty(0)), Column('t', 'T', '', '', ()))
    )

    fill_table(table_node, empty)

    assert (table_node.GetNumberOfRows(), table_node.GetNumberOfColumns()) == (0, 2)


def test_columns_of_unequal_length_are_refused(table_node):
    crooked = Table(
        'a', 'A', (Column('x', 'X', '', '', np.zeros(2)), Column('y', 'Y', '', '', np.zeros(3)))
    )

    with pytest.raises(NodeError, match='Spheres took 3 rows and 2 columns of 2 and 2'):
        fill_table(table_node, crooked)


def test_table_comes_back_from_its_file(scene, table_node, tmp_path):
    fill_table(table_node, made_table())
    storage = slicer.vtkMRMLTableStorageNode()
    storage.SetFileName(str(tmp_path / 'spheres.tsv'))
    assert storage.WriteData(table_node)

    back = scene.AddNewNodeByClass('vtkMRMLTableNode', 'Back')
    assert storage.ReadData(back)

    assert column_of(back, 'label') == ['S10', 'S13', 'Körper']
    assert column_of(back, 'mean') == pytest.approx([1.5, np.nan, -2.25e6], nan_ok=True)
    assert type_of(back, 'count') == 'int'
    assert back.GetColumnUnitLabel('mean') == 'Bq/mL'
    assert back.GetColumnTitle('mean') == 'Mean'


PLOT = Plot('mean', 'Mean against diameter', 'spheres', 'diameter', ('mean', 'max'))
PLOT_KEYS = ('label', 'diameter', 'mean', 'max')


def test_plot_is_bound_to_the_columns(chart, table_node):
    table = made_table(keys=PLOT_KEYS)
    fill_table(table_node, table)

    fill_plot(chart, PLOT, table_node, table)

    series = series_of_chart(chart)
    assert [node.GetYColumnName() for node in series] == ['mean', 'max']
    assert {node.GetXColumnName() for node in series} == {'diameter'}
    assert {node.GetLabelColumnName() for node in series} == {'label'}
    assert all(node.GetTableNode() is table_node for node in series)
    assert {node.GetPlotType() for node in series} == {slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter}
    assert chart.GetTitle() == 'Mean against diameter'
    assert chart.GetXAxisTitle() == 'Diameter [mm]'
    assert chart.GetYAxisTitle() == 'Mean, Max [Bq/mL]'
    assert series[0].GetColor() != series[1].GetColor()


def test_filling_a_plot_again_makes_no_new_series(scene, chart, table_node):
    table = made_table(keys=PLOT_KEYS)
    fill_table(table_node, table)
    fill_plot(chart, PLOT, table_node, table)
    before, count = series_of_chart(chart), scene.GetNumberOfNodes()

    fill_plot(chart, PLOT, table_node, table)

    assert series_of_chart(chart) == before
    assert scene.GetNumberOfNodes() == count


def test_series_that_are_no_longer_drawn_are_removed(scene, chart, table_node):
    table = made_table(keys=PLOT_KEYS)
    fill_table(table_node, table)
    fill_plot(chart, PLOT, table_node, table)

    fill_plot(chart, Plot('max', 'Max', 'spheres', 'diameter', ('max',)), table_node, table)

    (series,) = series_of_chart(chart)
    assert series.GetYColumnName() == 'max'
    assert chart.GetYAxisTitle() == 'Max [Bq/mL]'
    assert scene.GetNumberOfNodesByClass('vtkMRMLPlotSeriesNode') == 1


@pytest.mark.parametrize(
    ('diameters', 'style'),
    [((10.0, 13.0, 17.0), 'LineStyleSolid'), ((10.0, 17.0, 13.0), 'LineStyleNone')],
)
def test_points_are_joined_only_if_they_run_one_way(chart, table_node, diameters, style):
    table = made_table(keys=PLOT_KEYS, diameters=diameters)
    fill_table(table_node, table)

    fill_plot(chart, PLOT, table_node, table)

    expected = getattr(slicer.vtkMRMLPlotSeriesNode, style)
    assert series_of_chart(chart)[0].GetLineStyle() == expected


def test_column_that_is_missing_is_a_mistake_of_the_caller(chart, table_node):
    table = made_table(keys=('diameter',))
    fill_table(table_node, table)

    with pytest.raises(KeyError, match='mean'):
        fill_plot(chart, PLOT, table_node, table)
    assert series_of_chart(chart) == ()
