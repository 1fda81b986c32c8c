"""
Background ROIs on the other slices that they are measured on: drawn, not moved by hand.

NEMA NU 2 repeats each ROI on five slices. The point list of `rois` shows them on the central one,
where they are moved; this draws the others, of all ROIs in one model, and follows the list.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray

from ..core.geometry import FloatArray, VolumeGeometry
from ..evaluate.roi_placement import BackgroundPlacement
from .nodes import Node
from .point_lists import TRANSVERSE_VIEW
from .points import seeds_from_points

_STACK_ATTRIBUTE = 'VOIIdentification.Slices'
"""Node attribute: the slices and the diameter. Saved with the scene."""

_CORNERS = 64
"""Of a circle: at 37 mm its sides are 0.02 mm inside of it."""

_PART_OF_SLICE = 0.98
"""Height of a circle's wall: a slice view that stands between two slices shows none of them."""


def fill_repeats(
    model_node: Node, rois_node: Node, placement: BackgroundPlacement, grid: VolumeGeometry
) -> None:
    """
    Draw the ROIs on the slices that they are repeated on.

    Parameters
    ----------
    model_node : vtkMRMLModelNode
        Its surface is replaced: one wall about each circle, as high as the slice is thick.

    rois_node : vtkMRMLMarkupsFiducialNode
        The ROIs on the central slice.

    placement : BackgroundPlacement
        Says which slices.

    grid : VolumeGeometry
        The image grid, in the world.
    """
    others = [k for k in placement.slices_k if k != placement.central_slice_k]
    stack = {
        'centralRAS': grid.position_ras_mm((0, 0, placement.central_slice_k)).tolist(),
        'normalRAS': grid.slice_normal_ras.tolist(),
        'offsetsMm': [(k - placement.central_slice_k) * grid.slice_spacing_mm for k in others],
        'heightMm': _PART_OF_SLICE * grid.slice_spacing_mm,
        'diameterMm': placement.roi_diameter_mm,
    }
    model_node.SetAttribute(_STACK_ATTRIBUTE, json.dumps(stack))
    draw_repeats(model_node, rois_node)


def draw_repeats(model_node: Node, rois_node: Node) -> None:
    """
    Let the circles follow the ROIs, as while one of them is dragged.

    Parameters
    ----------
    model_node : vtkMRMLModelNode
        Filled by `fill_repeats`.

    rois_node : vtkMRMLMarkupsFiducialNode or None
        The ROIs; one that was moved off the central slice is measured at its foot on it. None if
        the list was deleted: nothing is drawn.
    """
    stack = json.loads(model_node.GetAttribute(_STACK_ATTRIBUTE) or 'null')
    if stack is not None:
        seeds = () if rois_node is None else seeds_from_points(rois_node)
        points = [seed.position_ras_mm for seed in seeds]
        walls = _walls(np.reshape(points, (-1, 3)), stack)
        model_node.SetAndObservePolyData(_surface(walls))


def show_as_repeats(model_node: Node, color: tuple[float, float, float]) -> None:
    """
    Show thin outlines where the slices cut the walls, and nothing in 3-D.

    Parameters
    ----------
    model_node : vtkMRMLModelNode
        Filled by `fill_repeats`.

    color : tuple of float
        Red, green, blue.
    """
    model_node.SetSelectable(False)
    display = model_node.GetDisplayNode()
    if display is not None:
        display.SetColor(*color)
        display.SetVisibility2D(True)
        display.SetVisibility3D(False)
        display.SetSliceDisplayModeToIntersection()
        display.SetSliceIntersectionThickness(1)
        display.AddViewNodeID(TRANSVERSE_VIEW)


def _walls(points_ras_mm: FloatArray, stack: dict[str, Any]) -> FloatArray:
    """Corners of all walls: (wall, lower and upper, corner, RAS)."""
    normal = np.array(stack['normalRAS'])
    heights = (points_ras_mm - stack['centralRAS']) @ normal
    feet = points_ras_mm - heights[:, None] * normal
    centers = feet[:, None] + np.multiply.outer(stack['offsetsMm'], normal).reshape(-1, 3)
    edges = np.multiply.outer((-stack['heightMm'] / 2, stack['heightMm'] / 2), normal)
    circle = stack['diameterMm'] / 2 * _unit_circle(normal)
    return np.asarray(centers.reshape(-1, 1, 1, 3) + edges[:, None] + circle)


def _unit_circle(normal: FloatArray) -> FloatArray:
    """Corners about the origin, across a direction: (corner, RAS)."""
    across = np.linalg.svd(normal[None])[2][1:]
    angles = np.arange(_CORNERS) * (2 * np.pi / _CORNERS)
    return np.asarray(np.column_stack([np.cos(angles), np.sin(angles)]) @ across)


def _surface(walls: FloatArray) -> vtk.vtkPolyData:
    """Four corners of each piece of a wall."""
    count = len(walls)
    number = np.arange(count * 2 * _CORNERS).reshape(count, 2, _CORNERS)
    low, high = number[:, 0], number[:, 1]
    beside = np.roll(np.arange(_CORNERS), -1)
    pieces = np.stack([low, low[:, beside], high[:, beside], high], axis=-1)
    points, cells, surface = vtk.vtkPoints(), vtk.vtkCellArray(), vtk.vtkPolyData()
    points.SetData(numpy_to_vtk(walls.reshape(-1, 3), deep=True))
    cells.SetData(4, numpy_to_vtkIdTypeArray(pieces.ravel().astype(np.int64), deep=True))
    surface.SetPoints(points)
    surface.SetPolys(cells)
    return surface
