"""Where in the scene a line of a table, or a name in it, is."""

from __future__ import annotations

import math

import numpy as np

from ..core.geometry import Point
from .nodes import VOLUME_ROLE, Node, world_matrix
from .outputs import OutputNodes
from .rois import LUNG_LABEL
from .volume import ijk_to_local

_CIRCLE = ('circle_r_mm', 'circle_a_mm', 'circle_s_mm')
_CENTER = ('center_r_mm', 'center_a_mm', 'center_s_mm')
_SLICE = 'slice_k'


def place_of_name(outputs: OutputNodes, name: str) -> Point | None:
    """
    Where a sphere or a background ROI is now.

    Parameters
    ----------
    outputs : OutputNodes
        Of a measurement.

    name : str
        Its label.

    Returns
    -------
    place_ras_mm : tuple of float or None
        In the world; None if nothing has the name.
    """
    lists = (outputs.centers, outputs.background_rois, outputs.lung_roi)
    for points in (one for one in lists if one is not None):
        n = points.GetControlPointIndexByLabel(name)
        if n >= 0:
            position = [0.0, 0.0, 0.0]
            points.GetNthControlPointPositionWorld(n, position)
            r, a, s = position
            return r, a, s
    return None


def place_of_row(outputs: OutputNodes, table_node: Node, row: int) -> Point | None:
    """
    Where that is which a line of a table tells of.

    Parameters
    ----------
    outputs : OutputNodes
        Of the measurement that made the table.

    table_node : vtkMRMLTableNode
        One of its tables.

    row : int
        The line, from 0.

    Returns
    -------
    place_ras_mm : tuple of float or None
        The circle of a slice, the sphere or ROI of that name, or the center that the line
        tells; None for a line that is of no place.
    """
    circle = _position(table_node, row, _CIRCLE)
    if circle is not None:
        return circle
    name = _text(table_node, row, 'label') or _text(table_node, row, 'name')
    place = place_of_name(outputs, name or LUNG_LABEL)
    if place is not None and table_node.GetColumnIndex(_SLICE) >= 0:
        return _on_slice(outputs, place, int(float(_text(table_node, row, _SLICE))))
    if place is not None and name:
        return place
    return _position(table_node, row, _CENTER)


def _on_slice(outputs: OutputNodes, place_ras_mm: Point, slice_k: int) -> Point | None:
    """The place, moved along the slice axis of the volume."""
    volume = outputs.centers.GetNodeReference(VOLUME_ROLE)
    if volume is None or volume.GetImageData() is None:
        return None
    to_world = world_matrix(volume) @ ijk_to_local(volume, volume.GetImageData())
    ijk = np.linalg.inv(to_world) @ [*place_ras_mm, 1.0]
    r, a, s, _one = to_world @ [ijk[0], ijk[1], slice_k, 1.0]
    return float(r), float(a), float(s)


def _position(table_node: Node, row: int, keys: tuple[str, str, str]) -> Point | None:
    texts = [_text(table_node, row, key) for key in keys]
    if not all(texts):
        return None
    r, a, s = map(float, texts)
    return (r, a, s) if math.isfinite(r + a + s) else None


def _text(table_node: Node, row: int, key: str) -> str:
    n = table_node.GetColumnIndex(key)
    return '' if n < 0 else str(table_node.GetCellText(row, n))
