"""Tables and plots of the Slicer scene."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk

from ..core.errors import NodeError
from ..core.phantom import BAND_COLORS, SERIES_COLORS
from ..core.sentence import sentences
from ..report.subjects.subject import Plot
from ..report.table import Column, Table
from .nodes import Node, new_node, remove_node
from .said import translated

_ = sentences(__name__)

_LINE_WIDTH, _BAND_WIDTH = 2.0, 1.0
"""Of curves and of limits, in pixels."""

_LEGEND_POINTS = 12
_LEGEND_LINE = 0.06
"""Of the height of a chart of a quarter of the screen: a line of the legend at that size."""

_ENDS_OF_BAND = 2
"""A band is two columns, low and high."""

_CHART_ROLE = 'VOIIdentification.chart'
"""Node reference: the chart that a series belongs to. Saved with the scene: never rename it."""

_PLACE_ATTRIBUTE = 'VOIIdentification.Place'
"""Node attribute: which series of its chart it is, from 0. Saved with the scene."""

_MAX_INT = np.iinfo(np.int32).max
"""A column of larger whole numbers is stored as double: VTK's ``int`` has 32 bits."""


def fill_table(table_node: Node, table: Table) -> None:
    """
    Replace what a table node holds.

    Parameters
    ----------
    table_node : vtkMRMLTableNode
        Its columns get typed values, titles, units and descriptions; its description is the
        title of the table.

    table : Table
        What to show. Column names are the keys; the header shows the titles
        with their units.

    Raises
    ------
    NodeError
        If the node does not take the columns.
    """
    with slicer.util.NodeModify(table_node):
        table_node.RemoveAllColumns()
        table_node.SetUseColumnTitleAsColumnHeader(True)
        table_node.SetDescription(table.title)
        for column in table.columns:
            _add_column(table_node, column)
        table_node.SetLocked(True)
    shape = (table_node.GetNumberOfRows(), table_node.GetNumberOfColumns())
    if shape != (table.row_count, len(table.columns)):
        msg = _(
            'the table {node} took {rows} rows and {columns} columns of {all_rows} and '
            '{all_columns}. Choose a new table for the output.'
        ).format(
            node=table_node.GetName(),
            rows=shape[0],
            columns=shape[1],
            all_rows=table.row_count,
            all_columns=len(table.columns),
        )
        raise NodeError(msg)


def fill_plot(chart_node: Node, plot: Plot, table_node: Node, table: Table) -> None:
    """
    Bind a chart to columns of a table node.

    The chart's series nodes are made in its scene, or used again.

    Parameters
    ----------
    chart_node : vtkMRMLPlotChartNode
        Its title, axis titles and series are set.

    plot : Plot
        Which columns.

    table_node : vtkMRMLTableNode
        Filled by `fill_table`.

    table : Table
        The same table, for titles and units.

    Raises
    ------
    NodeError
        If a series cannot be made.

    KeyError
        If the table lacks one of the columns.
    """
    x, *ys = (table.column(key) for key in (plot.x_key, *plot.y_keys))
    bands = [c for c in table.columns if plot.band_key and c.key.startswith(plot.band_key)]
    ys += bands
    with slicer.util.NodeModify(chart_node):
        chart_node.SetTitle(translated(plot.title))
        chart_node.SetXAxisTitle(x.header)
        chart_node.SetYAxisTitle(_axis_title(ys[: len(plot.y_keys)]))
        for series_node in series_of_chart(chart_node)[len(ys) :]:
            remove_node(series_node)
        for n, y in enumerate(ys):
            series_node = _nth_series(chart_node, n, y)
            series_node.SetNodeReferenceID(_CHART_ROLE, chart_node.GetID())
            series_node.SetAttribute(_PLACE_ATTRIBUTE, str(n))
            series_node.SetName(y.title)  # what the legend shows
            _fill_series(series_node, x, y, table_node, n)
            if n >= len(plot.y_keys):
                _make_band(series_node, (n - len(plot.y_keys)) // _ENDS_OF_BAND)
        _make_room_for_legend(chart_node, ys)


def _make_room_for_legend(chart_node: Node, ys: list[Column]) -> None:
    """Slicer draws it over the top right of the data: the axis goes on above them."""
    values = np.concatenate([np.asarray(y.values, dtype=float) for y in ys])
    values = values[np.isfinite(values)]
    with_legend = len(ys) > 1 and values.size > 0
    chart_node.SetLegendVisibility(with_legend)
    chart_node.SetLegendFontSize(_LEGEND_POINTS)
    chart_node.SetYAxisRangeAuto(not with_legend)
    if with_legend:
        low, high = min(0.0, float(values.min())), float(values.max())
        free = min(_LEGEND_LINE * (len(ys) + 1), 0.5)
        chart_node.SetYAxisRange(low, low + max(high - low, 1e-9) / (1.0 - free))


def mend_charts(scene: Node) -> None:
    """
    Give charts back the series that the application lost.

    Slicer takes the first series out of a chart of a scene that is read, if a
    plot view showed a chart of the scene that was closed before.

    Parameters
    ----------
    scene : vtkMRMLScene
        The scene.
    """
    by_chart: dict[Node, list[Node]] = {}
    for series_node in slicer.util.getNodesByClass('vtkMRMLPlotSeriesNode', scene):
        chart_node = series_node.GetNodeReference(_CHART_ROLE)
        if chart_node is not None:
            by_chart.setdefault(chart_node, []).append(series_node)
    for chart_node, series_nodes in by_chart.items():
        ordered = sorted(series_nodes, key=lambda one: int(one.GetAttribute(_PLACE_ATTRIBUTE)))
        if list(series_of_chart(chart_node)) != ordered:
            with slicer.util.NodeModify(chart_node):
                chart_node.RemoveAllPlotSeriesNodeIDs()
                for series_node in ordered:
                    chart_node.AddAndObservePlotSeriesNodeID(series_node.GetID())


def series_of_chart(chart_node: Node) -> tuple[Node, ...]:
    """
    The series nodes of a chart.

    Parameters
    ----------
    chart_node : vtkMRMLPlotChartNode
        The chart.

    Returns
    -------
    series_nodes : tuple of vtkMRMLPlotSeriesNode
        In the chart's order.
    """
    count = chart_node.GetNumberOfPlotSeriesNodes()
    nodes = (chart_node.GetNthPlotSeriesNode(n) for n in range(count))
    return tuple(node for node in nodes if node is not None)


def texts_of_column(table_node: Node, key: str) -> list[str]:
    """
    What a table shows in one of its columns.

    Parameters
    ----------
    table_node : vtkMRMLTableNode
        Filled by `fill_table`, perhaps read with a scene.

    key : str
        Name of the column.

    Returns
    -------
    texts : list of str
        Numbers with six digits; empty if there is no such column.
    """
    n = table_node.GetColumnIndex(key)
    if n < 0:
        return []
    texts = [str(table_node.GetCellText(row, n)) for row in range(table_node.GetNumberOfRows())]
    return [_short(text) for text in texts]


def _short(text: str) -> str:
    try:
        return f'{float(text):g}'
    except ValueError:
        return text


def _add_column(table_node: Node, column: Column) -> None:
    array = _typed_array(column)
    array.SetName(column.key)
    table_node.AddColumn(array)
    table_node.SetColumnTitle(column.key, column.title)
    table_node.SetColumnUnitLabel(column.key, column.unit)
    table_node.SetColumnDescription(column.key, column.description)


def _typed_array(column: Column) -> Node:
    if isinstance(column.values, tuple):
        texts = vtk.vtkStringArray()
        for text in column.values:
            texts.InsertNextValue(text)
        return texts
    values = np.ascontiguousarray(column.values)
    whole = values.dtype.kind in 'iu' and not (np.abs(values) > _MAX_INT).any()
    if whole:
        return numpy_to_vtk(values.astype(np.int32), deep=True, array_type=vtk.VTK_INT)
    return numpy_to_vtk(values.astype(np.float64), deep=True, array_type=vtk.VTK_DOUBLE)


def _axis_title(columns: list[Column]) -> str:
    if len(columns) == 1:
        return columns[0].header
    units = {column.unit for column in columns}
    titles = ', '.join(column.title for column in columns)
    return f'{titles} [{units.pop()}]' if units != {''} and len(units) == 1 else titles


def _nth_series(chart_node: Node, n: int, y: Column) -> Node:
    series_nodes = series_of_chart(chart_node)
    if n < len(series_nodes):
        return series_nodes[n]
    name = f'{chart_node.GetName()}: {y.title.lower()}'
    node = new_node('vtkMRMLPlotSeriesNode', name, scene=chart_node.GetScene())
    chart_node.AddAndObservePlotSeriesNodeID(node.GetID())
    return node


def _fill_series(series_node: Node, x: Column, y: Column, table_node: Node, n: int) -> None:
    kinds = slicer.vtkMRMLPlotSeriesNode
    # A line through points that run back and forth would be a tangle.
    steps = np.diff(np.asarray(x.values, dtype=float))
    in_order = bool((steps > 0).all() or (steps < 0).all())
    series_node.SetAndObserveTableNodeID(table_node.GetID())
    series_node.SetPlotType(kinds.PlotTypeScatter)
    series_node.SetXColumnName(x.key)
    series_node.SetYColumnName(y.key)
    series_node.SetLabelColumnName('label' if table_node.GetColumnIndex('label') >= 0 else '')
    series_node.SetMarkerStyle(kinds.MarkerStyleCircle)
    series_node.SetLineStyle(kinds.LineStyleSolid if in_order else kinds.LineStyleNone)
    series_node.SetColor(*SERIES_COLORS[n % len(SERIES_COLORS)])
    series_node.SetLineWidth(_LINE_WIDTH)


def _make_band(series_node: Node, standard: int) -> None:
    """A limit: a thin line in the color of its standard, without markers and labels."""
    kinds = slicer.vtkMRMLPlotSeriesNode
    series_node.SetMarkerStyle(kinds.MarkerStyleNone)
    series_node.SetLabelColumnName('')
    if series_node.GetLineStyle() != kinds.LineStyleNone:
        series_node.SetLineStyle(kinds.LineStyleDash)
    series_node.SetLineWidth(_BAND_WIDTH)
    series_node.SetColor(*BAND_COLORS[standard % len(BAND_COLORS)])
