"""
The panel's section for one point list: a button that starts placing, and a line that counts.

It is given its widgets by the module file and imports no Qt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..mrml.nodes import Node
from .view import jump_to_point


class PlaceSection:
    """
    Places the points of one list.

    Place mode never starts by itself.

    Parameters
    ----------
    button, markups : QPushButton, qSlicerSimpleMarkupsWidget
        The button that is down while points are placed; the table of points.

    no_editing : QAbstractItemView.EditTrigger
        Qt's word for a table that is only read.

    points : callable
        Gives the list, ready to take points, when placing starts.
    """

    def __init__(
        self, button: Any, markups: Any, no_editing: Any, points: Callable[[], Node]
    ) -> None:
        self._button, self._markups, self._points = button, markups, points
        place = markups.markupsPlaceWidget()
        place.placeMultipleMarkups = place.ForcePlaceMultipleMarkups
        place.unsetAllControlPointsOptionVisible = True
        place.placeButton().visible = False
        if hasattr(markups, 'positionStatusColumnVisible'):  # Slicer 5.12 and later
            markups.positionStatusColumnVisible = True
        # Typing into the row of a point that is not set would set it at the origin.
        markups.tableWidget().setEditTriggers(no_editing)
        button.clicked.connect(self._on_clicked)
        markups.activeMarkupsPlaceModeChanged.connect(self._on_place_mode)
        markups.currentMarkupsControlPointSelectionChanged.connect(self._on_selected)

    def _on_clicked(self) -> None:
        """Start or stop placing, as the button says now."""
        placing = bool(self._button.checked)
        if placing:
            points = self._points()
            if self._markups.currentNode() is not points:
                self._markups.setCurrentNode(points)
        self._markups.markupsPlaceWidget().setPlaceModeEnabled(placing)

    def _on_place_mode(self, placing: bool) -> None:
        """Follow the application: placing ends by itself after the last point."""
        self._button.checked = placing

    def _on_selected(self, row: int) -> None:
        """Show the point of a row in all slice views, if it is set."""
        points = self._markups.currentNode()
        if points is not None:
            jump_to_point(points, row)

    def stop(self) -> None:
        """End placing, if it is this list's."""
        if self._button.checked:
            self._markups.markupsPlaceWidget().setPlaceModeEnabled(False)
            self._button.checked = False
