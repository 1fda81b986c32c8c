"""Where the slice views look, and what the layout shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import slicer

from ..core.image import PETImage
from ..mrml.nodes import Node, first_view_ras_mm, show_as_pet
from ..mrml.outputs import OutputNodes
from .history import PointsHistory

_SHOWN_ATTRIBUTE = 'VOIIdentification.Shown'
"""Node attribute: the volume was shown once; after that its display is the user's."""

_WINDOW_ATTRIBUTE = 'VOIIdentification.Window'
"""Node attribute: the window that was given last; another one is the user's."""

_ABOVE_HOTTEST = 1.1
"""White over the mean of the hottest sphere."""


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

    later : callable
        Calls what it is given once the application has handled its event.
    """

    def __init__(
        self,
        button: Any,
        markups: Any,
        no_editing: Any,
        points: Callable[[], Node],
        later: Callable[[Callable[[], None]], None],
    ) -> None:
        self._button, self._markups, self._points = button, markups, points
        self._taking, self.history = '', PointsHistory(later)
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
            points.SetDisplayVisibility(True)
            if self._markups.currentNode() is not points:
                self._markups.setCurrentNode(points)
        self._markups.markupsPlaceWidget().setPlaceModeEnabled(placing)

    def _on_place_mode(self, placing: bool) -> None:
        """Follow the application: placing ends by itself after the last point."""
        self._button.checked = placing
        points = self._markups.currentNode()
        if not placing:
            self._let_go()
        elif points is not None:
            self._taking = str(points.GetID())

    def _let_go(self) -> None:
        """A list that is not shown any more must take no further click."""
        logic, taking = slicer.app.applicationLogic(), self._taking
        self._taking = ''
        mode, selection = logic.GetInteractionNode(), logic.GetSelectionNode()
        placing = mode is not None and mode.GetCurrentInteractionMode() == mode.Place
        if placing and taking and selection.GetActivePlaceNodeID() == taking:
            mode.SetCurrentInteractionMode(mode.ViewTransform)

    def _on_selected(self, row: int) -> None:
        """Show the point of a row in all slice views, if it is set."""
        points = self._markups.currentNode()
        if points is not None:
            jump_to_point(points, row)

    def show(self) -> None:
        """Follow the list that is chosen."""
        self.history.follow(self._markups.currentNode())

    def leave(self) -> None:
        """End placing, and let go of the list."""
        self.stop()
        self.history.follow(None)

    def stop(self) -> bool:
        """
        End placing, if it is this list's.

        Returns
        -------
        stopped : bool
            Whether it was.
        """
        placing = bool(self._button.checked)
        if placing:
            self._markups.markupsPlaceWidget().setPlaceModeEnabled(False)
            self._button.checked = False
        return placing

    def take_back(self) -> None:
        """
        Take back the points of the selected rows.

        A list that asks for its points keeps their rows, to be placed again; Slicer's own
        *Delete* does nothing there.
        """
        points, table = self._markups.currentNode(), self._markups.tableWidget()
        rows = sorted({item.row() for item in table.selectedItems()}, reverse=True)
        count = 0 if points is None else points.GetNumberOfControlPoints()
        for row in (one for one in rows if one < count):
            if points.GetFixedNumberOfControlPoints():
                points.UnsetNthControlPointPosition(row)
            else:
                points.RemoveNthControlPoint(row)


def show_volume(volume_node: Node, image: PETImage) -> None:
    """
    Show a PET volume in all slice views.

    The first time it gets PET colors and one window, and the views go to its
    brightest slice; later its display is left as the user made it.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    image : PETImage
        The same, in world coordinates.
    """
    if volume_node.GetAttribute(_SHOWN_ATTRIBUTE):
        slicer.util.setSliceViewerLayers(background=volume_node)
        return
    show_as_pet(volume_node, image)
    slicer.util.setSliceViewerLayers(background=volume_node, fit=True)
    slicer.vtkMRMLSliceNode.JumpAllSlices(volume_node.GetScene(), *first_view_ras_mm(image))
    volume_node.SetAttribute(_SHOWN_ATTRIBUTE, '1')
    display = volume_node.GetDisplayNode()
    given = f'{display.GetWindowLevelMin():g} {display.GetWindowLevelMax():g}'
    volume_node.SetAttribute(_WINDOW_ATTRIBUTE, given)


def judge_window(volume_node: Node, means: Iterable[float | None]) -> None:
    """
    Let background and spheres both be judged: black at 0, white just above the hottest sphere.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        It was measured. A window that the user has set since stays.

    means : iterable of float or None
        Means of the spheres, in the unit of the volume; None where no voxel is a number.
    """
    hottest_mean = max((mean for mean in means if mean is not None), default=0.0)
    display = volume_node.GetDisplayNode()
    if display is None or not hottest_mean > 0:
        return
    now = f'{display.GetWindowLevelMin():g} {display.GetWindowLevelMax():g}'
    if volume_node.GetAttribute(_WINDOW_ATTRIBUTE) not in (None, now):
        return
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(0.0, _ABOVE_HOTTEST * hottest_mean)
    given = f'{display.GetWindowLevelMin():g} {display.GetWindowLevelMax():g}'
    volume_node.SetAttribute(_WINDOW_ATTRIBUTE, given)


def show_in_3d(outputs: OutputNodes, *, visible: bool) -> None:
    """
    Show or hide the VOIs in the 3D view.

    Parameters
    ----------
    outputs : OutputNodes
        Of the measurement.

    visible : bool
        Whether they are shown.
    """
    if visible:
        outputs.segmentation.CreateClosedSurfaceRepresentation()
    else:
        outputs.segmentation.RemoveClosedSurfaceRepresentation()


def jump_to_point(points_node: Node, n: int) -> None:
    """
    Turn all slice views to a point.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        The list.

    n : int
        Its place in the list. Nothing happens if it is not set.
    """
    if not 0 <= n < points_node.GetNumberOfControlPoints():
        return
    if points_node.GetNthControlPointPositionStatus(n) == points_node.PositionDefined:
        position = [0.0, 0.0, 0.0]
        points_node.GetNthControlPointPositionWorld(n, position)
        slicer.vtkMRMLSliceNode.JumpAllSlices(points_node.GetScene(), *position)
