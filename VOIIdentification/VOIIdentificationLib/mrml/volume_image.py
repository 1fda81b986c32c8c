"""
Volume nodes of the Slicer scene and `PETImage`, both ways.

Needs of Slicer only what the ``slicer-core`` wheel has too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from ..core.errors import NodeError
from ..core.geometry import FloatArray, VolumeGeometry
from ..core.image import UNKNOWN_UNIT, Acquisition, PETImage
from ..core.units import UCUM, unit_of_code
from .nodes import Node, new_node, world_matrix

_OWN_SCHEME = '99VOI'
"""Coding scheme of units that UCUM has no code for; DICOM asks private ones to begin with 99."""


def image_from_volume_node(
    volume_node: Node, *, unit: str | None = None, acquisition: Acquisition | None = None
) -> PETImage:
    """
    What a volume node shows, placed in the world.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        One component, not a label map. It may be under linear transforms.

    unit : str, optional
        Used if the node names no unit of its own.

    acquisition : Acquisition, optional
        Facts from the header, which the node does not hold.

    Returns
    -------
    image : PETImage
        Voxels in float32, shared with the node and locked if it holds float32;
        geometry in world RAS, parent transforms included.

    Raises
    ------
    NodeError
        If there is no such volume, or a transform above it is not linear.

    GeometryError
        If the node's matrix squeezes the voxels to no volume.
    """
    image_data = _image_data(volume_node)
    return PETImage(
        voxels=_voxels(image_data),
        geometry=VolumeGeometry(
            shape_kji=_shape_kji(image_data),
            ijk_to_ras=world_matrix(volume_node) @ _ijk_to_local(volume_node, image_data),
        ),
        unit=unit_of_volume_node(volume_node) or unit or UNKNOWN_UNIT,
        acquisition=acquisition or Acquisition(),
    )


def volume_node_from_image(
    image: PETImage, name: str, *, volume_node: Node = None, scene: Node = None
) -> Node:
    """
    Make a volume node of an image, or fill one anew.

    Parameters
    ----------
    image : PETImage
        Its geometry becomes that of the node, in the frame of the node's
        parent transform if it has one.

    name : str
        Name of the node.

    volume_node : vtkMRMLScalarVolumeNode, optional
        Filled instead of a new node; it keeps its display and its transform.

    scene : vtkMRMLScene, optional
        Where the new node goes; by default ``slicer.mrmlScene``.

    Returns
    -------
    volume_node : vtkMRMLScalarVolumeNode
        Holds a copy of the voxels and the unit as a coded entry.

    Raises
    ------
    NodeError
        If the scene refuses the node.
    """
    node = volume_node or new_node('vtkMRMLScalarVolumeNode', name, scene=scene)
    node.SetName(name)
    slicer.util.updateVolumeFromArray(node, image.voxels)
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(image.geometry.ijk_to_ras))
    node.SetVoxelValueUnits(_coded_unit(image.unit))
    return node


def unit_of_volume_node(volume_node: Node) -> str | None:
    """
    The unit that a volume node names.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        As loaded by Slicer, the PETDICOM extension or this module.

    Returns
    -------
    unit : str or None
        E.g. ``'Bq/mL'`` or ``'g/mL'``; an unknown code as it stands; None if
        the node names none, as after Slicer's own DICOM reader.
    """
    entry = volume_node.GetVoxelValueUnits()
    if entry is None or not entry.GetCodeValue():
        return None
    return unit_of_code(str(entry.GetCodeValue()))


def _image_data(volume_node: Node) -> Node:
    if volume_node is None:
        msg = 'no volume is chosen. Choose the PET volume.'
        raise NodeError(msg)
    name = volume_node.GetName()
    if volume_node.IsA('vtkMRMLLabelMapVolumeNode') or not volume_node.IsA(
        'vtkMRMLScalarVolumeNode'
    ):
        kind = volume_node.GetNodeTagName()
        msg = f'{name} is not a scalar volume but a {kind}. Choose the PET volume.'
        raise NodeError(msg)
    image_data = volume_node.GetImageData()
    scalars = None if image_data is None else image_data.GetPointData().GetScalars()
    if scalars is None or scalars.GetNumberOfTuples() == 0:
        msg = f'the volume {name} holds no voxels. Load the PET series again.'
        raise NodeError(msg)
    if image_data.GetNumberOfScalarComponents() != 1:
        msg = (
            f'the volume {name} has {image_data.GetNumberOfScalarComponents()} values in each '
            'voxel, but a PET volume has one. Choose the PET volume.'
        )
        raise NodeError(msg)
    return image_data


def _shape_kji(image_data: Node) -> tuple[int, int, int]:
    i, j, k = image_data.GetDimensions()
    return k, j, i


def _voxels(image_data: Node) -> Any:
    values = vtk_to_numpy(image_data.GetPointData().GetScalars())
    voxels = values.reshape(_shape_kji(image_data)).astype(np.float32, copy=False)
    voxels.setflags(write=False)
    return voxels


def _ijk_to_local(volume_node: Node, image_data: Node) -> FloatArray:
    """From numpy's index, which begins with the first voxel held, to the node's frame."""
    matrix = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(matrix)
    first = np.eye(4)
    first[:3, 3] = image_data.GetExtent()[::2]
    return np.asarray(slicer.util.arrayFromVTKMatrix(matrix) @ first)


def _coded_unit(unit: str) -> Node:
    if unit == UNKNOWN_UNIT:
        return None
    entry = slicer.vtkCodedEntry()
    if unit in UCUM:
        code, meaning = UCUM[unit]
        entry.SetValueSchemeMeaning(code, 'UCUM', meaning)
    else:
        entry.SetValueSchemeMeaning(unit, _OWN_SCHEME, unit)
    return entry
