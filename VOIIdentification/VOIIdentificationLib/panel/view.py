"""Where the slice views look, and what the layout shows."""

from __future__ import annotations

import slicer

from ..core.image import PETImage
from ..mrml.first_look import first_view_ras_mm, show_as_pet
from ..mrml.nodes import Node
from ..mrml.outputs import OutputNodes

_SHOWN_ATTRIBUTE = 'VOIIdentification.Shown'
"""Node attribute: the volume was shown once; after that its display is the user's."""


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
