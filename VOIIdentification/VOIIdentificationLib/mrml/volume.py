"""
A PET volume of the scene: as `PETImage`, both ways, and what belongs to it.

Its DICOM files, its point lists, its fill worksheet, its place. Needs of Slicer only what the
``slicer-core`` wheel has too.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from ..core.errors import NodeError, SeriesError
from ..core.geometry import FloatArray, VolumeGeometry
from ..core.image import UNKNOWN_UNIT, Acquisition, PETImage
from ..core.sentence import sentences
from ..core.units import UCUM, unit_of_code
from .nodes import Node, new_node, world_matrix
from .point_lists import BACKGROUND, SEEDS, assign_points, points_of_volume

_ = sentences(__name__)

_INSTANCES_ATTRIBUTE = 'DICOM.instanceUIDs'
"""Node attribute of the application's DICOM module: what the volume was loaded from."""


_WORKSHEET_ATTRIBUTE = 'VOIIdentification.Worksheet'
"""Node attribute of a volume: its fill worksheet. Saved with the scene."""

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
            ijk_to_ras=world_matrix(volume_node) @ ijk_to_local(volume_node, image_data),
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
        Name of the node; a new one gets a number if the scene has one of that name.

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
    if volume_node is not None:
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


def local_image(volume_node: Node) -> PETImage:
    """
    A volume without the transforms above it, to be compared with its files.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    Returns
    -------
    image : PETImage
        In the node's own frame.

    Raises
    ------
    NodeError
        If the volume holds no voxels, or a transform above it is not linear.
    """
    image = image_from_volume_node(volume_node)
    back = np.linalg.inv(world_matrix(volume_node))
    return replace(image, geometry=image.geometry.transformed(back))


def dicom_files(volume_node: Node, database: Node) -> tuple[Path, ...]:
    """
    The files that a volume was loaded from.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    database : ctkDICOMDatabase or None
        Where the application keeps what it imported.

    Returns
    -------
    paths : tuple of `pathlib.Path`
        In the order of the volume's slices; empty if it did not come from
        DICOM, or the database does not know its instances.

    Raises
    ------
    SeriesError
        If the database knows the files but they are gone.
    """
    uids = (volume_node.GetAttribute(_INSTANCES_ATTRIBUTE) or '').split()
    if not uids or database is None or not database.isOpen:
        return ()
    names = [database.fileForInstance(uid) for uid in uids]
    if not all(names):
        return ()
    paths = tuple(Path(name) for name in names)
    gone = [path for path in paths if not path.is_file()]
    if gone:
        msg = _(
            '{count} of the {all} DICOM files of {volume} are gone, e.g. {example}: the volume '
            'cannot be compared with them. Import the series again.'
        ).format(count=len(gone), all=len(paths), volume=volume_node.GetName(), example=gone[0])
        raise SeriesError(msg)
    return paths


def take_over(new: Node, old: Node) -> None:
    """
    Give a volume what belongs to another reading of the same series.

    Parameters
    ----------
    new, old : vtkMRMLScalarVolumeNode
        The new reading gets files, place, worksheet and point lists of the old one.
    """
    new.SetAttribute(_INSTANCES_ATTRIBUTE, old.GetAttribute(_INSTANCES_ATTRIBUTE))
    place_like(new, old)
    remember_worksheet(new, worksheet_of_volume(old))
    for kind in (SEEDS, BACKGROUND):
        points = points_of_volume(old, kind)
        if points is not None:
            assign_points(points, new, kind)


def place_like(new: Node, old: Node) -> None:
    """
    Put a volume under the linear transform and into the study of another.

    Parameters
    ----------
    new, old : vtkMRMLScalarVolumeNode
        The volume that is placed, and the one that shows where.
    """
    transform = old.GetParentTransformNode()
    if transform is not None and transform.IsTransformToWorldLinear():
        new.SetAndObserveTransformNodeID(transform.GetID())
    _place_beside(new, old)


def worksheet_of_volume(volume_node: Node) -> str | None:
    """
    The fill worksheet that was typed for a volume.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    Returns
    -------
    text : str or None
        As `form_to_text` made it; None if there was none.
    """
    text = volume_node.GetAttribute(_WORKSHEET_ATTRIBUTE)
    return None if text is None else str(text)


def remember_worksheet(volume_node: Node, text: str | None) -> None:
    """
    Keep a fill worksheet with its volume.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    text : str or None
        As `form_to_text` made it; None if there is none.
    """
    if volume_node.GetAttribute(_WORKSHEET_ATTRIBUTE) != text:
        volume_node.SetAttribute(_WORKSHEET_ATTRIBUTE, text)


def _place_beside(new: Node, old: Node) -> None:
    """Into the same study of the subject hierarchy."""
    hierarchy = old.GetScene().GetSubjectHierarchyNode()
    old_item = hierarchy.GetItemByDataNode(old)
    if old_item:
        parent = hierarchy.GetItemParent(old_item)
        item = hierarchy.GetItemByDataNode(new) or hierarchy.CreateItem(parent, new)
        hierarchy.SetItemParent(item, parent)


def _image_data(volume_node: Node) -> Node:
    if volume_node is None:
        msg = _('no volume is chosen. Choose the PET volume.')
        raise NodeError(msg)
    name = volume_node.GetName()
    if volume_node.IsA('vtkMRMLLabelMapVolumeNode') or not volume_node.IsA(
        'vtkMRMLScalarVolumeNode'
    ):
        kind = volume_node.GetNodeTagName()
        msg = _('{name} is not a scalar volume but a {kind}. Choose the PET volume.').format(
            name=name, kind=kind
        )
        raise NodeError(msg)
    image_data = volume_node.GetImageData()
    scalars = None if image_data is None else image_data.GetPointData().GetScalars()
    if scalars is None or scalars.GetNumberOfTuples() == 0:
        msg = _('the volume {name} holds no voxels. Load the PET series again.').format(name=name)
        raise NodeError(msg)
    if scalars.GetNumberOfTuples() != image_data.GetNumberOfPoints():
        msg = _(
            'the volume {name} holds {values} values for {voxels} voxels: it is being filled anew. '
            'Fill it, or load the PET series again.'
        ).format(
            name=name,
            values=scalars.GetNumberOfTuples(),
            voxels=image_data.GetNumberOfPoints(),
        )
        raise NodeError(msg)
    if image_data.GetNumberOfScalarComponents() != 1:
        msg = _(
            'the volume {name} has {count} values in each voxel, but a PET volume has one. Choose '
            'the PET volume.'
        ).format(name=name, count=image_data.GetNumberOfScalarComponents())
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


def ijk_to_local(volume_node: Node, image_data: Node) -> FloatArray:
    """
    From numpy's index, which begins with the first voxel held, to the node's frame.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    image_data : vtkImageData
        Its voxels.

    Returns
    -------
    matrix : (4, 4) `numpy.ndarray` of float
        Without the transforms above the node.
    """
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
