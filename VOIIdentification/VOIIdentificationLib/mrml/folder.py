"""The folder of the outputs in the subject hierarchy: one, whatever is read into the scene."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import slicer
import vtk

from ..core.errors import NodeError
from ..core.sentence import sentences
from .nodes import OUTPUT_ATTRIBUTE, Node

_ = sentences(__name__)

FOLDER_NAME = 'VOI Identification'
"""Of the folder when it is made; the user may call it otherwise."""

_FOLDER_ATTRIBUTE = 'VOIIdentification.Folder'
"""Item attribute: a folder that was made here. Saved with the scene: never rename it."""

_SERIES = 'vtkMRMLPlotSeriesNode'


def output_folder(scene: Node) -> int:
    """
    The folder that outputs lie in.

    Parameters
    ----------
    scene : vtkMRMLScene
        The scene.

    Returns
    -------
    item : int
        The first one that was made here, wherever the user has put it; 0 if there is none.
    """
    return next(iter(_folders(scene.GetSubjectHierarchyNode())), 0)


def place_in_folder(scene: Node, nodes: Iterable[Node], made: Collection[Node]) -> None:
    """
    Put nodes into the folder of the outputs, made if there is none.

    Parameters
    ----------
    scene : vtkMRMLScene
        The scene.

    nodes : iterable of vtkMRMLNode
        What an analysis shows.

    made : collection of vtkMRMLNode
        Those of them that are new: a node that the user put elsewhere stays there.

    Raises
    ------
    NodeError
        If it cannot be made.
    """
    merge_folders(scene)
    hierarchy, folder = scene.GetSubjectHierarchyNode(), output_folder(scene)
    if not folder:
        folder = int(hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), FOLDER_NAME))
    if not folder:
        msg = _('the folder {name} cannot be made. Save the scene and start Slicer again.').format(
            name=FOLDER_NAME
        )
        raise NodeError(msg)
    hierarchy.SetItemAttribute(folder, _FOLDER_ATTRIBUTE, '1')
    for node in nodes:
        item = hierarchy.GetItemByDataNode(node)
        if not item:
            hierarchy.CreateItem(folder, node)
        elif any(node is one for one in made) or node.IsA(_SERIES):
            hierarchy.SetItemParent(item, folder)


def merge_folders(scene: Node) -> None:
    """
    Make one folder of those that a scene brought which was read over another.

    Parameters
    ----------
    scene : vtkMRMLScene
        Folders of the outputs that lie side by side under one name become the first of them, with
        all that they hold; a folder that the user made, renamed or moved stays.
    """
    # What was read is merged when the hierarchy is asked for next, and by this.
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.ResolveSubjectHierarchy(scene)
    first: dict[tuple[int, str], int] = {}
    for folder in _folders(hierarchy):
        place = (int(hierarchy.GetItemParent(folder)), str(hierarchy.GetItemName(folder)))
        kept = first.setdefault(place, folder)
        if kept != folder:
            for child in _items_in(hierarchy, folder):
                hierarchy.SetItemParent(child, kept)
            hierarchy.RemoveItem(folder, False, False)  # no node, and nothing below it


def _folders(hierarchy: Node) -> list[int]:
    """In the order of the hierarchy."""
    top = hierarchy.GetSceneItemID()
    return [
        item
        for item in _items_in(hierarchy, top, below=True)
        if hierarchy.GetItemAttribute(item, _FOLDER_ATTRIBUTE)
        or (hierarchy.GetItemParent(item) == top and _is_old_folder(hierarchy, item))
    ]


def _is_old_folder(hierarchy: Node, item: int) -> bool:
    """Whether it was made before folders were marked: of that name, and with outputs alone."""
    if hierarchy.GetItemName(item) != FOLDER_NAME or hierarchy.GetItemDataNode(item) is not None:
        return False
    nodes = [hierarchy.GetItemDataNode(child) for child in _items_in(hierarchy, item)]
    return bool(nodes) and all(
        node is not None and (node.GetAttribute(OUTPUT_ATTRIBUTE) or node.IsA(_SERIES))
        for node in nodes
    )


def _items_in(hierarchy: Node, item: int, *, below: bool = False) -> list[int]:
    items = vtk.vtkIdList()
    hierarchy.GetItemChildren(item, items, below)
    return [int(items.GetId(n)) for n in range(items.GetNumberOfIds())]
