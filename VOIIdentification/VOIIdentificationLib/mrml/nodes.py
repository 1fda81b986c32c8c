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
from ..core.geometry import FloatArray

Node = Any
"""A node of the scene: VTK comes without types."""

VOLUME_ROLE = 'VOIIdentification.volume'
"""Node reference: the volume that a node belongs to. Saved with the scene: never rename it."""


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
    node = home.AddNewNodeByClass(class_name, home.GenerateUniqueName(name))
    if node is None:
        msg = f'the scene cannot make a {class_name} for {name}. Save the data and restart Slicer.'
        raise NodeError(msg)
    return node


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
    scene.RemoveNode(node)


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
        msg = (
            f'{node.GetName()} is under the transform {name}, which is not linear: spheres would '
            'not stay spheres. Take it out of the transform, or harden the transform (Data '
            'module, right click on the transform), which resamples the volume.'
        )
        raise NodeError(msg)
    to_world, linear = vtk.vtkGeneralTransform(), vtk.vtkTransform()
    transforms = slicer.vtkMRMLTransformNode
    transforms.GetTransformBetweenNodes(parent, None, to_world)
    # Not GetMatrixTransformBetweenNodes: it refuses linear transforms that are made of several.
    done = transforms.IsGeneralTransformLinear(to_world, linear)
    array = np.array(slicer.util.arrayFromVTKMatrix(linear.GetMatrix()), dtype=float)
    if not done or not np.isfinite(array).all() or not abs(np.linalg.det(array)) > 0:
        msg = (
            f'{node.GetName()} is under the transform {parent.GetName()}, which flattens space: '
            f'its matrix is {array.round(4).tolist()}. Correct the matrix in the Transforms module.'
        )
        raise NodeError(msg)
    return array


def _non_linear_transform_name(transform_node: Node) -> str | None:
    """Name of the first transform, from the node upwards, that bends space."""
    while transform_node is not None:
        if not transform_node.IsLinear():
            return str(transform_node.GetName())
        transform_node = transform_node.GetParentTransformNode()
    return None
