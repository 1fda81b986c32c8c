"""How a PET volume is shown first: where the views go, and how bright it is."""

from __future__ import annotations

import numpy as np
import slicer

from ..core.image import PETImage
from ..core.seed import Point
from .nodes import Node

_WINDOW_PERCENTILE = 99.9
"""
White in the window. The six spheres of a body phantom, 47 mL in a field of view
of 30 L, are the brightest 0.16 % of the voxels, so this lies inside them and a
single noisy voxel does not matter.
"""


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


PET_COLORS = 'vtkMRMLPETProceduralColorNodePET-Heat'
"""Color node that the DICOM module gives to PET series: from black over red and yellow to white."""


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
