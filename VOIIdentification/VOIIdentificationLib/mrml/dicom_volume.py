"""A PET series as a volume of the scene, read by the library instead of the application."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import slicer

from ..core.errors import Progress, no_progress, part_of
from ..core.units import SUV_KINDS, SUV_OF_DICOM, UNIT_OF_DICOM, UnitCode
from ..dicom.read import PART_FOR_HEADERS, PETStack, image_of_stack, stack_of_files
from .nodes import Node, show_as_pet
from .suv_volume import code_as_suv
from .volume import volume_node_from_image

_INSTANCES, _NUMBERS = 'DICOM.instanceUIDs', 'DICOM.instanceNumbers'
"""Node attributes that the application's DICOM module gives a volume: its instances, by slice."""

_ACTIVITY = ('110821', 'DCM', 'Nuclear Medicine Tomographic Activity')
"""Quantity of activity concentrations; PS3.16, CID 7180."""


def load_as_stored(
    paths: Sequence[Path], name: str, progress: Progress = no_progress, *, scene: Node = None
) -> Node:
    """
    Read a series as the scanner stored it.

    Parameters
    ----------
    paths : sequence of `pathlib.Path`
        Files of one PET series, in any order.

    name : str
        Of the volume; made unique.

    progress : callable, optional
        Told how far the reading is; may raise `CanceledError`.

    scene : vtkMRMLScene, optional
        Where the volume goes; by default ``slicer.mrmlScene``.

    Returns
    -------
    volume_node : vtkMRMLScalarVolumeNode
        In PET colors, with unit, quantity and the instances that it was read
        from, as far as the headers name them.

    Raises
    ------
    SeriesError
        If the files do not make one regular volume of known values.
    """
    stack = stack_of_files(paths, part_of(progress, 0.0, PART_FOR_HEADERS))
    image = image_of_stack(stack, part_of(progress, PART_FOR_HEADERS, 1.0))
    node = volume_node_from_image(image, name, scene=scene)
    _name_instances(node, stack)
    _name_quantity(node, stack)
    show_as_pet(node, image)
    return node


def _name_instances(node: Node, stack: PETStack) -> None:
    files = list(dict.fromkeys(plane.file for plane in stack.slices))  # a file may hold several
    uids = [file.text('SOPInstanceUID') or 'Unknown' for file in files]
    node.SetAttribute(_INSTANCES, ' '.join(uids))
    node.SetAttribute(_NUMBERS, ' '.join(file.text('InstanceNumber') or '?' for file in files))


def _name_quantity(node: Node, stack: PETStack) -> None:
    first = stack.slices[0]
    kind = _suv_kind(first.units, first.file.text('SUVType'))
    if kind is not None:
        code_as_suv(node, kind)
    elif UNIT_OF_DICOM.get(first.units) == UNIT_OF_DICOM['BQML']:
        quantity = slicer.vtkCodedEntry()
        quantity.SetValueSchemeMeaning(*_ACTIVITY)
        node.SetVoxelValueQuantity(quantity)


def _suv_kind(units: str, suv_type: str) -> UnitCode | None:
    """The kind of SUV that a series is stored in; body weight if it names none (PS3.3, C.8.9.1)."""
    stored_in = {'GML', 'CM2ML'}
    if units not in stored_in:
        return None
    kind = SUV_KINDS.get(SUV_OF_DICOM.get(suv_type.upper() or 'BW', ''))
    return kind if kind is not None and kind.units == units else None
