"""Tables and plots of the Slicer scene."""

from __future__ import annotations

from dataclasses import dataclass

from .mrml import Node
from .table import Table


@dataclass(frozen=True)
class Plot:
    """
    A picture of some columns of a table.

    Attributes
    ----------
    key, title : str
        Name in the scene, and what is shown above the chart.

    table_key : str
        The table that holds the columns.

    x_key : str
        Key of the column along the axis.

    y_keys : tuple of str
        Keys of the columns drawn against it.
    """

    key: str
    title: str
    table_key: str
    x_key: str
    y_keys: tuple[str, ...]


def fill_table(table_node: Node, table: Table) -> None:
    """
    Replace what a table node holds.

    Parameters
    ----------
    table_node : vtkMRMLTableNode
        Its columns get typed values, titles, units and descriptions.

    table : Table
        What to show. Column names are the keys; the header shows the titles.

    Raises
    ------
    NodeError
        If the node does not take the columns.
    """
    raise NotImplementedError


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
        If a series cannot be made, or the table lacks one of the columns.
    """
    raise NotImplementedError
