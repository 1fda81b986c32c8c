"""How point lists look in the views."""

from __future__ import annotations

from .nodes import Node
from .point_lists import BACKGROUND, SEEDS

LIST_COLORS = {SEEDS: (1.0, 1.0, 0.0), BACKGROUND: (0.0, 1.0, 1.0)}
"""Yellow and cyan: neither is in the PET colors."""


_CROSS_MM = 5.0
"""Of the mark at a center: half the smallest sphere of the body phantom."""


_CIRCLE_OPACITY = 0.3
"""Slicer fills circles: what lies under them must be seen."""


def show_as_crosses(points_node: Node) -> None:
    """
    Mark the places of a list and hide nothing: small crosses without labels.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        Segments show which sphere each center is of.
    """
    display = points_node.GetDisplayNode()
    if display is not None:
        display.SetGlyphType(display.Cross2D)
        display.SetUseGlyphScale(False)
        display.SetGlyphSize(_CROSS_MM)
        display.SetPointLabelsVisibility(False)


def show_as_circles(points_node: Node, diameter_mm: float) -> None:
    """
    Show a list as circles of their true diameter, in the slices that they lie in.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        Each of its points is a center, to be moved by it.

    diameter_mm : float
        Of the circles.
    """
    display = points_node.GetDisplayNode()
    if display is not None:
        display.SetGlyphType(display.Circle2D)
        display.SetUseGlyphScale(False)
        display.SetGlyphSize(diameter_mm)
        display.SetOpacity(_CIRCLE_OPACITY)
        display.SetPointLabelsVisibility(False)
        display.SetColor(*LIST_COLORS[BACKGROUND])
        display.SetSelectedColor(*LIST_COLORS[BACKGROUND])
