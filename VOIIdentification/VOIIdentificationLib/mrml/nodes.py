"""
Nodes of the Slicer scene in general.

VTK and MRML calls do not raise: they print and return None or 0. The modules
of this wing check each return value and turn a failure into a sentence.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk

from ..core.errors import NodeError
from ..core.geometry import FloatArray, Point
from ..core.image import PETImage
from ..core.sentence import sentences

_ = sentences(__name__)

Node = Any
"""A node of the scene: VTK comes without types."""

VOLUME_ROLE = 'VOIIdentification.volume'
"""Node reference: the volume that a node belongs to. Saved with the scene: never rename it."""

OUTPUT_ATTRIBUTE = 'VOIIdentification.Output'
"""Node attribute: which output of an analysis it is. Saved with the scene: never rename it."""

_WINDOW_PERCENTILE = 99.9
"""
White in the window. The six spheres of a body phantom, 47 mL in a field of view
of 30 L, are the brightest 0.16 % of the voxels, so this lies inside them and a
single noisy voxel does not matter.
"""

PET_COLORS = 'vtkMRMLPETProceduralColorNodePET-Heat'
"""Color node that the DICOM module gives to PET series: from black over red and yellow to white."""


def new_node(class_name: str, name: str, *, scene: Node = None) -> Node:
    """
    Add a node to the scene.

    Parameters
    ----------
    class_name : str
        E.g. ``'vtkMRMLTableNode'``.

    name : str
        Made unique if the scene has a node of that name.

    scene : vtkMRMLScene, optional
        By default ``slicer.mrmlScene``.

    Returns
    -------
    node : vtkMRMLNode
        The node.

    Raises
    ------
    NodeError
        If the scene makes no such node.
    """
    home = scene or slicer.mrmlScene
    # A scene gives no name a second time by itself, not even that of a node that was removed.
    free = home.GetFirstNodeByName(name) is None
    selection = home.GetFirstNodeByClass('vtkMRMLSelectionNode')
    taking = selection.GetActivePlaceNodeID() if selection is not None else None
    node = home.AddNewNodeByClass(class_name, name if free else home.GenerateUniqueName(name))
    if taking:  # Slicer lets every new point list take the clicks in the views
        selection.SetActivePlaceNodeID(taking)
    if node is None:
        msg = _(
            'the scene cannot make a {class_name} for {name}. Save the data and restart Slicer.'
        ).format(class_name=class_name, name=name)
        raise NodeError(msg)
    return node


def require_in_scene(volume_node: Node) -> None:
    """
    Refuse a volume that was removed, or whose scene was closed, while work went on with it.

    Without its scene calls of the application end the program, and nodes of another scene may
    have its ID by then.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    Raises
    ------
    NodeError
        If it is in no scene.
    """
    if volume_node.GetScene() is None:
        msg = _(
            'the volume {name} was removed while this went on: nothing was made of it. Choose a '
            'volume and begin again.'
        )
        raise NodeError(msg.format(name=volume_node.GetName()))


def remove_node(node: Node) -> None:
    """
    Take a node out of its scene, with its display and storage nodes.

    Parameters
    ----------
    node : vtkMRMLNode
        Nothing happens if it is None or in no scene.
    """
    scene = None if node is None else node.GetScene()
    if scene is None:
        return
    if node.IsA('vtkMRMLDisplayableNode'):
        for n in reversed(range(node.GetNumberOfDisplayNodes())):
            remove_node(node.GetNthDisplayNode(n))
    if node.IsA('vtkMRMLStorableNode'):
        for n in reversed(range(node.GetNumberOfStorageNodes())):
            remove_node(node.GetNthStorageNode(n))
    _forget_in_hierarchy(node, scene)
    scene.RemoveNode(node)


def _forget_in_hierarchy(node: Node, scene: Node) -> None:
    """The application's plug-ins do so; without them an item would name a node that is gone."""
    hierarchy = scene.GetSubjectHierarchyNode()
    item = 0 if hierarchy is None else hierarchy.GetItemByDataNode(node)
    if item:
        hierarchy.RemoveItem(item, False, False)  # neither the node nor what lies below it


def world_matrix(node: Node) -> FloatArray:
    """
    From a node's own frame to the world, through all its parent transforms.

    Parameters
    ----------
    node : vtkMRMLTransformableNode
        E.g. a volume or a segmentation.

    Returns
    -------
    matrix : (4, 4) `numpy.ndarray` of float
        The unit matrix if there is no transform.

    Raises
    ------
    NodeError
        If one of the transforms is not linear or cannot be inverted.
    """
    parent = node.GetParentTransformNode()
    if parent is None:
        return np.eye(4)
    name = _non_linear_transform_name(parent)
    if name is not None:
        msg = _(
            '{name} is under the transform {transform}, which is not linear: spheres would not '
            'stay spheres. Take it out of the transform, or harden the transform (Data module, '
            'right click on the transform), which resamples the volume.'
        ).format(name=node.GetName(), transform=name)
        raise NodeError(msg)
    to_world, linear = vtk.vtkGeneralTransform(), vtk.vtkTransform()
    transforms = slicer.vtkMRMLTransformNode
    transforms.GetTransformBetweenNodes(parent, None, to_world)
    # Not GetMatrixTransformBetweenNodes: it refuses linear transforms that are made of several.
    done = transforms.IsGeneralTransformLinear(to_world, linear)
    array = np.array(slicer.util.arrayFromVTKMatrix(linear.GetMatrix()), dtype=float)
    if not done or not np.isfinite(array).all() or not abs(np.linalg.det(array)) > 0:
        msg = _(
            '{name} is under the transform {transform}, which flattens space: its matrix is '
            '{matrix}. Correct the matrix in the Transforms module.'
        ).format(name=node.GetName(), transform=parent.GetName(), matrix=array.round(4).tolist())
        raise NodeError(msg)
    return array


def _non_linear_transform_name(transform_node: Node) -> str | None:
    """Name of the first transform, from the node upwards, that bends space."""
    while transform_node is not None:
        if not transform_node.IsLinear():
            return str(transform_node.GetName())
        transform_node = transform_node.GetParentTransformNode()
    return None


def brightest_slice_k(image: PETImage) -> int:
    """
    The slice of highest mean: where the hot spheres are.

    Parameters
    ----------
    image : PETImage
        Voxels that are not a number are passed over.

    Returns
    -------
    slice_k : int
        Its index, from 0.
    """
    finite = np.nan_to_num(image.voxels, nan=0.0, posinf=0.0, neginf=0.0)
    return int(np.argmax(finite.mean(axis=(1, 2), dtype=float)))


def first_view_ras_mm(image: PETImage) -> Point:
    """
    Where the slice views look first.

    Parameters
    ----------
    image : PETImage
        The volume.

    Returns
    -------
    position_ras_mm : tuple of float
        In the slice of highest mean, at the middle of what is bright in it.
    """
    k = brightest_slice_k(image)
    plane = np.nan_to_num(image.voxels[k].astype(float), nan=0.0, posinf=0.0, neginf=0.0)
    bright = plane > plane.max() / 2
    rows, columns = np.nonzero(bright) if bright.any() else np.indices(plane.shape).reshape(2, -1)
    r, a, s = image.geometry.position_ras_mm((columns.mean(), rows.mean(), k))
    return float(r), float(a), float(s)


def display_window(image: PETImage) -> tuple[float, float]:
    """
    One window for the whole volume: what is black, what is white.

    Parameters
    ----------
    image : PETImage
        The volume.

    Returns
    -------
    low, high : float
        In the image's unit. Low is 0, as nothing else is nothing.
    """
    values = image.voxels[np.isfinite(image.voxels)]
    if not values.size:
        return 0.0, 1.0
    high = float(np.percentile(values, _WINDOW_PERCENTILE))
    if not high > 0:
        high = float(values.max()) if values.max() > 0 else 1.0
    return 0.0, high


def show_as_pet(volume_node: Node, image: PETImage) -> None:
    """
    Give a volume PET colors and one window for all its slices.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        Gets a display node if it has none.

    image : PETImage
        Its voxels.
    """
    if volume_node.GetDisplayNode() is None:
        volume_node.CreateDefaultDisplayNodes()
    display = volume_node.GetDisplayNode()
    low, high = display_window(image)
    with slicer.util.NodeModify(display):
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(low, high)
        if volume_node.GetScene().GetNodeByID(PET_COLORS) is not None:
            display.SetAndObserveColorNodeID(PET_COLORS)
