"""What belongs to one PET volume of the scene: its files, its colors, its point lists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import slicer

from ..core.errors import SeriesError
from ..core.image import PETImage
from .first_look import display_window
from .nodes import Node, new_node, world_matrix
from .volume_image import image_from_volume_node, volume_node_from_image

PET_COLORS = 'vtkMRMLPETProceduralColorNodePET-Heat'
"""Color node that the DICOM module gives to PET series: from black over red and yellow to white."""

SEEDS = 'seeds'
BACKGROUND = 'background'

_INSTANCES_ATTRIBUTE = 'DICOM.instanceUIDs'
"""Node attribute of the application's DICOM module: what the volume was loaded from."""

_VOLUME_ROLE = 'VOIIdentification.volume'
"""Node reference of a point list: its volume. Saved with the scene, so never to be renamed."""

_LIST_ATTRIBUTE = 'VOIIdentification.Points'
"""Node attribute of a point list: which of the lists. Saved with the scene."""

_WORKSHEET_ATTRIBUTE = 'VOIIdentification.Worksheet'
"""Node attribute of a volume: its fill worksheet. Saved with the scene."""

_LIST_COLORS = {SEEDS: (1.0, 1.0, 0.0), BACKGROUND: (0.0, 1.0, 1.0)}
"""Yellow and cyan: neither is in the PET colors."""


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
        msg = (
            f'{len(gone)} of the {len(paths)} DICOM files of {volume_node.GetName()} are gone, '
            f'e.g. {gone[0]}: the volume cannot be compared with them. Import the series again.'
        )
        raise SeriesError(msg)
    return paths


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


def points_of_volume(volume_node: Node, kind: str) -> Node:
    """
    The point list that was placed on a volume.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    kind : {'seeds', 'background'}
        Which list.

    Returns
    -------
    points_node : vtkMRMLMarkupsFiducialNode or None
        None if there is none.
    """
    lists = slicer.util.getNodesByClass('vtkMRMLMarkupsFiducialNode', volume_node.GetScene())
    for node in lists:
        belongs = node.GetNodeReferenceID(_VOLUME_ROLE) == volume_node.GetID()
        if belongs and node.GetAttribute(_LIST_ATTRIBUTE) == kind:
            return node
    return None


def new_points(volume_node: Node, kind: str) -> Node:
    """
    Make an empty point list for a volume.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    kind : {'seeds', 'background'}
        Which list.

    Returns
    -------
    points_node : vtkMRMLMarkupsFiducialNode
        Without points.
    """
    name = f'{volume_node.GetName()} {kind}'
    node = new_node('vtkMRMLMarkupsFiducialNode', name, scene=volume_node.GetScene())
    node.CreateDefaultDisplayNodes()
    if node.GetDisplayNode() is not None:
        node.GetDisplayNode().SetSelectedColor(*_LIST_COLORS[kind])
    assign_points(node, volume_node, kind)
    return node


def assign_points(points_node: Node, volume_node: Node, kind: str) -> None:
    """
    Remember that a point list was placed on a volume.

    Parameters
    ----------
    points_node : vtkMRMLMarkupsFiducialNode
        The list. It takes the place of the one that the volume had.

    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    kind : {'seeds', 'background'}
        Which list.
    """
    before = points_of_volume(volume_node, kind)
    if before is not None and before is not points_node:
        before.SetNodeReferenceID(_VOLUME_ROLE, None)
    points_node.SetAttribute(_LIST_ATTRIBUTE, kind)
    points_node.SetNodeReferenceID(_VOLUME_ROLE, volume_node.GetID())


def replace_volume(volume_node: Node, image: PETImage, suffix: str) -> Node:
    """
    Put a better reading of a volume in its place.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        Stays in the scene under another name.

    image : PETImage
        What the new volume holds.

    suffix : str
        Ends the old volume's name.

    Returns
    -------
    new : vtkMRMLScalarVolumeNode
        Has the old one's name, linear transform, place in the subject
        hierarchy, DICOM instances, point lists and fill worksheet.
    """
    name = volume_node.GetName()
    new = volume_node_from_image(image, name, scene=volume_node.GetScene())
    volume_node.SetName(name + suffix)
    new.SetName(name)
    new.SetAttribute(_INSTANCES_ATTRIBUTE, volume_node.GetAttribute(_INSTANCES_ATTRIBUTE))
    place_like(new, volume_node)
    remember_worksheet(new, worksheet_of_volume(volume_node))
    for kind in (SEEDS, BACKGROUND):
        points = points_of_volume(volume_node, kind)
        if points is not None:
            assign_points(points, new, kind)
    show_as_pet(new, image)
    return new


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
