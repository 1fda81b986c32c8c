"""A volume of SUV, made of a volume of the scene and its DICOM files."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import slicer

from ..core.errors import Progress, no_progress
from ..core.image import PETImage
from ..core.units import SUV_KINDS, UnitCode
from ..dicom.source import (
    VolumeSource,
    suv_voxels,
)
from ..suv.scale import SUVScale, SUVType
from .nodes import Node, remove_node, require_in_scene, show_as_pet
from .volume import (
    dicom_files,
    local_image,
    place_like,
    volume_node_from_image,
)

SUV_ATTRIBUTE = 'VOIIdentification.SUV'
"""Node attribute: what an SUV volume that was made here is normalized to. Saved with the scene."""


_SUV_SOURCE_ROLE = 'VOIIdentification.suvSource'
"""Node reference: the volume that an SUV volume was made of. Saved with the scene."""


_QUANTITY = ('126400', 'DCM', 'Standardized Uptake Value')
"""DICOM PS3.16, annex D."""


def make_suv_volume(
    volume_node: Node,
    source: VolumeSource,
    database: Node,
    suv_type: SUVType = 'bw',
    progress: Progress = no_progress,
    told: Callable[[Iterable[str]], object] | None = None,
) -> Node:
    """
    Make a volume of SUV in the place of a volume; that one stays as it is.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        Loaded from DICOM files.

    source : VolumeSource
        What they say.

    database : ctkDICOMDatabase
        Knows them.

    suv_type : {'bw', 'lbm', 'ibw', 'bsa'}, optional
        What to normalize to.

    progress : callable, optional
        Told while the files are read; may raise `CanceledError`.

    told : callable, optional
        Given the decisions, as the description holds them, but as sentences.

    Returns
    -------
    suv_node : vtkMRMLScalarVolumeNode
        Stored values times the factor of their slice. Made once: a second call fills
        it anew. With the unit, the
        grid and the transform of the volume; its description holds the decisions.

    Raises
    ------
    PhantomError
        If the files are gone, the header does not allow an SUV, or the volume
        is under a transform that is not linear, or was removed meanwhile.
        Nothing is made then.
    """
    geometry = local_image(volume_node).geometry
    paths = dicom_files(volume_node, database)
    image, scale = suv_voxels(geometry, source, paths, suv_type, progress)
    require_in_scene(volume_node)
    if told is not None:
        told(_decisions(scale))
    node = _suv_of(volume_node, suv_type)
    if node is not None:
        return _fill_suv(node, image, scale, volume_node)
    node = volume_node_from_image(
        image, f'{volume_node.GetName()} SUV{suv_type}', scene=volume_node.GetScene()
    )
    try:
        _fill_suv(node, image, scale, volume_node)
        place_like(node, volume_node)
        show_as_pet(node, image)
    except BaseException:
        remove_node(node)
        raise
    return node


def _suv_of(volume_node: Node, suv_type: SUVType) -> Node:
    """The SUV volume that was made of a volume before."""
    for node in slicer.util.getNodesByClass('vtkMRMLScalarVolumeNode', volume_node.GetScene()):
        mine = node.GetNodeReferenceID(_SUV_SOURCE_ROLE) == volume_node.GetID()
        if mine and node.GetAttribute(SUV_ATTRIBUTE) == suv_type:
            return node
    return None


def _fill_suv(node: Node, image: PETImage, scale: SUVScale, volume_node: Node) -> Node:
    volume_node_from_image(image, node.GetName(), volume_node=node)
    node.SetAttribute(SUV_ATTRIBUTE, scale.suv_type)
    node.SetNodeReferenceID(_SUV_SOURCE_ROLE, volume_node.GetID())
    _describe(node, scale)
    return node


def code_as_suv(volume_node: Node, kind: UnitCode) -> None:
    """
    Say in the application's codes that a volume holds SUV.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    kind : UnitCode
        Which SUV.
    """
    unit, quantity = slicer.vtkCodedEntry(), slicer.vtkCodedEntry()
    unit.SetValueSchemeMeaning(kind.ucum, 'UCUM', kind.meaning)
    quantity.SetValueSchemeMeaning(*_QUANTITY)
    volume_node.SetVoxelValueUnits(unit)
    volume_node.SetVoxelValueQuantity(quantity)


def _describe(node: Node, scale: SUVScale) -> None:
    code_as_suv(node, SUV_KINDS[scale.suv_type])
    node.SetDescription('\n'.join(_decisions(scale)))


def _decisions(scale: SUVScale) -> list[str]:
    return [*scale.decisions, *(flag.text for flag in scale.flags)]
