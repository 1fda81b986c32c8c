"""What was measured of the volumes of the scene, kept as long as they are in it."""

from __future__ import annotations

from typing import NamedTuple

from ..core.errors import PhantomError
from ..results import AnalysisResult
from .nodes import Node, world_matrix
from .session import Request
from .volume import ijk_to_local

Stamp = tuple[object, ...]
"""What a measurement reads of a volume; equal as long as it would read the same."""


class Measured(NamedTuple):
    """
    A result, and what was asked for it.

    Attributes
    ----------
    result : AnalysisResult
        Of the last measurement.

    request : Request
        As it was then.

    stamp : tuple
        The `volume_stamp` of then, and the unit.
    """

    result: AnalysisResult
    request: Request
    stamp: Stamp = ()


def volume_stamp(volume_node: Node) -> Stamp:
    """
    Voxels and place of a volume, to be compared with those of another time.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    Returns
    -------
    stamp : tuple
        Empty as long as its image has not arrived.
    """
    image_data = volume_node.GetImageData()
    if image_data is None:
        return ()
    try:
        to_world = world_matrix(volume_node)
    except PhantomError as error:
        return image_data.GetMTime(), str(error)
    matrix = to_world @ ijk_to_local(volume_node, image_data)
    return image_data.GetMTime(), *matrix.round(6).ravel().tolist()


class MeasuredVolumes:
    """The last measurement of each volume, from the panel or the Python console."""

    def __init__(self) -> None:
        self._measured: dict[str, tuple[Node, Measured]] = {}

    def remember(self, volume_node: Node, measured: Measured) -> None:
        """
        Keep a measurement in the place of an earlier one.

        Parameters
        ----------
        volume_node : vtkMRMLScalarVolumeNode
            What was measured.

        measured : Measured
            Dropped when the volume leaves its scene.
        """
        self._measured[volume_node.GetID()] = (volume_node, measured)

    def of(self, volume_node: Node) -> Measured | None:
        """
        The last measurement of a volume.

        Parameters
        ----------
        volume_node : vtkMRMLScalarVolumeNode or None
            The volume.

        Returns
        -------
        measured : Measured or None
            None if it was not measured since the program was started.
        """
        gone = [key for key, (node, _one) in self._measured.items() if node.GetScene() is None]
        for key in gone:
            del self._measured[key]
        node, measured = self._measured.get(
            volume_node.GetID() if volume_node else '', (None, None)
        )
        return measured if node is volume_node else None
