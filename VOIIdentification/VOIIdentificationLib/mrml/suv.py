"""SUV of volumes in the scene: the factors of the header, and a volume that holds SUV."""

from __future__ import annotations

import numpy as np
import slicer

from ..analysis import Known
from ..core.errors import SUVError
from ..core.image import PETImage
from ..core.progress import Progress, no_progress
from ..core.units import SUV_KINDS
from ..dicom.source import VolumeSource, header_scale, suv_of_volume, suv_voxels
from ..suv.scale import SUVScale, SUVType
from .first_look import show_as_pet
from .nodes import Node, remove_node, world_matrix
from .volume import dicom_files, local_image, place_like, volume_node_from_image

_QUANTITY = ('126400', 'DCM', 'Standardized Uptake Value')
"""DICOM PS3.16, annex D."""


def with_header_suv(
    known: Known, volume_node: Node, image: PETImage, source: VolumeSource
) -> Known:
    """
    Add what the header says of the SUV.

    Parameters
    ----------
    known : Known
        What is known besides; an SUV that it holds is kept.

    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    image : PETImage
        The same, in the world.

    source : VolumeSource
        What its DICOM files say.

    Returns
    -------
    known : Known
        With the factors for the volume's slices, or with a note why there are none.
    """
    if known.suv is not None or source.geometry is None:  # nothing was read
        return known
    local = image.geometry.transformed(np.linalg.inv(world_matrix(volume_node)))
    try:
        scale = suv_of_volume(local, image.unit, source)
    except SUVError as error:
        return _with_note(known, f'No SUV: {error}')
    return Known(known.worksheet, known.activity, scale, known.notes)


def suv_refusal(source: VolumeSource, suv_type: SUVType) -> str:
    """
    Why no volume of SUV can be made.

    Parameters
    ----------
    source : VolumeSource
        What the DICOM files say.

    suv_type : {'bw', 'lbm', 'ibw', 'bsa'}
        What to normalize to.

    Returns
    -------
    reason : str
        Empty if it can be made.
    """
    try:
        header_scale(source, suv_type)
    except SUVError as error:
        return str(error)
    return ''


def make_suv_volume(
    volume_node: Node,
    source: VolumeSource,
    database: Node,
    suv_type: SUVType = 'bw',
    progress: Progress = no_progress,
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

    Returns
    -------
    suv_node : vtkMRMLScalarVolumeNode
        Stored values times the factor of their slice. With the unit, the
        grid and the transform of the volume; its description holds the decisions.

    Raises
    ------
    PhantomError
        If the files are gone, the header does not allow an SUV, or the volume
        is under a transform that is not linear. Nothing is made then.
    """
    geometry = local_image(volume_node).geometry
    paths = dicom_files(volume_node, database)
    image, scale = suv_voxels(geometry, source, paths, suv_type, progress)
    scene = volume_node.GetScene()
    name = scene.GenerateUniqueName(f'{volume_node.GetName()} SUV{suv_type}')
    node = volume_node_from_image(image, name, scene=scene)
    try:
        _describe(node, scale)
        place_like(node, volume_node)
        show_as_pet(node, image)
    except BaseException:
        remove_node(node)
        raise
    return node


def _describe(node: Node, scale: SUVScale) -> None:
    unit, quantity = slicer.vtkCodedEntry(), slicer.vtkCodedEntry()
    kind = SUV_KINDS[scale.suv_type]
    unit.SetValueSchemeMeaning(kind.ucum, 'UCUM', kind.meaning)
    quantity.SetValueSchemeMeaning(*_QUANTITY)
    node.SetVoxelValueUnits(unit)
    node.SetVoxelValueQuantity(quantity)
    node.SetDescription('\n'.join([*scale.decisions, *(flag.text for flag in scale.flags)]))


def _with_note(known: Known, note: str) -> Known:
    return Known(known.worksheet, known.activity, known.suv, (*known.notes, note))
