"""Where the slice views look, and what the layout shows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import slicer
from slicer.i18n import tr as _

from ..core.errors import CanceledError, Progress
from ..core.image import PETImage
from ..mrml.nodes import Node, first_view_ras_mm, show_as_pet
from ..mrml.outputs import OutputNodes

_SHOWN_ATTRIBUTE = 'VOIIdentification.Shown'
"""Node attribute: the volume was shown once; after that its display is the user's."""

_WINDOW_ATTRIBUTE = 'VOIIdentification.Window'
"""Node attribute: the window that was given last; another one is the user's."""

_ABOVE_HOTTEST = 1.1
"""White over the mean of the hottest sphere."""

_LAST_PERCENT = 99
"""At 100 Qt closes the dialog and forgets that it was canceled."""

_SHOWN_AFTER_MS = 500
"""Shorter work shows no dialog."""

_STATUS_MS = 5000
"""How long the status bar keeps a message."""


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
            _jump_to_point(points, row)

    def stop(self) -> None:
        """End placing, if it is this list's."""
        if self._button.checked:
            self._markups.markupsPlaceWidget().setPlaceModeEnabled(False)
            self._button.checked = False


class Dialogs:
    """
    Error boundary and progress of everything the panel does.

    Parameters
    ----------
    qt : module
        Qt as the application offers it.
    """

    def __init__(self, qt: Any) -> None:
        self.qt = qt

    @contextmanager
    def guard(self, message: str) -> Iterator[None]:
        """
        Show an error in one dialog and raise it again; end quietly if the user canceled.

        Parameters
        ----------
        message : str
            Shown above the reason.
        """
        with self._shown_errors(message):
            try:
                yield
            except CanceledError:
                slicer.util.showStatusMessage(_('Canceled; nothing was changed.'), _STATUS_MS)

    @contextmanager
    def _shown_errors(self, message: str) -> Iterator[None]:
        if slicer.util.mainWindow() is not None:
            with slicer.util.tryWithErrorDisplay(message, waitCursor=True):
                yield
            return
        try:
            yield
        except Exception as error:
            logging.error('%s %s', message, error)
            raise

    def warn(self, text: str) -> None:
        """
        Tell the user of something that goes on all the same.

        Parameters
        ----------
        text : str
            What, and what is done about it.
        """
        if slicer.util.mainWindow() is None:
            logging.warning(text)
        else:
            slicer.util.warningDisplay(text)

    def later(self, work: Callable[[], None]) -> None:
        """
        Do something when the application has finished what it does now.

        Parameters
        ----------
        work : callable
            Called once.
        """
        self.qt.QTimer.singleShot(0, work)

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """
        Give what tells of progress and raises `CanceledError` when the user cancels.

        Parameters
        ----------
        title : str
            Of the work.

        Yields
        ------
        tell : callable
            A `Progress`.
        """
        if slicer.util.mainWindow() is None:
            # The last window that closes would end the application.
            yield _to_log(title)
            return
        dialog = slicer.util.createProgressDialog(
            labelText=title,
            windowTitle=_('VOI Identification'),
            windowModality=self.qt.Qt.ApplicationModal,
            minimumDuration=_SHOWN_AFTER_MS,
        )

        def _tell(fraction: float, text: str) -> None:
            dialog.labelText = text
            dialog.value = min(round(100 * fraction), _LAST_PERCENT)
            slicer.app.processEvents()
            if dialog.wasCanceled:
                raise CanceledError(_('Canceled; nothing was changed.'))

        try:
            yield _tell
        finally:
            dialog.close()
            dialog.deleteLater()

    def ask(self, question: str) -> bool:
        """
        Let the user decide between OK and Cancel.

        Parameters
        ----------
        question : str
            What is to be decided.

        Returns
        -------
        agreed : bool
            True for OK.
        """
        return bool(slicer.util.confirmOkCancelDisplay(question, _('VOI Identification')))

    def choose_folder(self, start: str) -> str:
        """
        Let the user choose a folder.

        Parameters
        ----------
        start : str
            Where the dialog begins.

        Returns
        -------
        folder : str
            Empty if the user chose none.
        """
        return str(self.qt.QFileDialog.getExistingDirectory(None, _('Export into folder'), start))

    def choose_file(self, title: str, files: str, *, save_as: str = '') -> str:
        """
        Let the user choose a file.

        Parameters
        ----------
        title : str
            Of the dialog.

        files : str
            Which files it lists, as Qt writes filters.

        save_as : str, optional
            Name that is proposed, for a file to be written; empty for one to be read.

        Returns
        -------
        path : str
            Empty if the user chose none.
        """
        dialog = self.qt.QFileDialog
        if save_as:
            return str(dialog.getSaveFileName(None, title, save_as, files))
        return str(dialog.getOpenFileName(None, title, '', files))

    def open(self, path: str) -> None:
        """
        Open a folder or a file with the desktop's own program.

        Parameters
        ----------
        path : str
            What is opened.
        """
        self.qt.QDesktopServices.openUrl(self.qt.QUrl.fromLocalFile(path))


def _to_log(title: str) -> Progress:
    """Progress of an application without a window: a line for each step."""
    told: set[str] = set()

    def _tell(_fraction: float, text: str) -> None:
        if text not in told:
            told.add(text)
            logging.info('%s: %s', title, text)

    return _tell


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


def judge_window(volume_node: Node, hottest_mean: float) -> None:
    """
    Let background and spheres both be judged: black at 0, white just above the hottest sphere.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        It was measured. A window that the user has set since stays.

    hottest_mean : float
        Highest mean of the spheres, in the unit of the volume.
    """
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


def show_table(outputs: OutputNodes) -> None:
    """
    Show the first table and the first chart beside the slices.

    Parameters
    ----------
    outputs : OutputNodes
        Of the measurement.
    """
    manager = slicer.app.layoutManager()
    if manager is not None:  # there is none without a main window
        manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotTableView)
    _show_first(outputs)


def show_outputs(outputs: OutputNodes | None) -> None:
    """
    Let views of tables and plots that the layout has follow the volume that is chosen.

    Parameters
    ----------
    outputs : OutputNodes or None
        Of its measurement; None leaves the views as they are.
    """
    if outputs is not None:
        _show_first(outputs)


def _show_first(outputs: OutputNodes) -> None:
    application = slicer.app.applicationLogic()
    for table_node in list(outputs.tables.values())[:1]:
        application.GetSelectionNode().SetActiveTableID(table_node.GetID())
        application.PropagateTableSelection()
    for chart_node in list(outputs.charts.values())[:1]:
        application.GetSelectionNode().SetActivePlotChartID(chart_node.GetID())
        application.PropagatePlotChartSelection()


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


def _jump_to_point(points_node: Node, n: int) -> None:
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
