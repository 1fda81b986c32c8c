"""What was measured of the volumes of the scene, kept as long as they are in it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from ..core.errors import PhantomError
from ..many.stored import RESULTS_NAME, StoredResults, read_results
from ..report.formats import write_results
from ..results import AnalysisResult
from .nodes import Node, world_matrix
from .session import Request
from .volume import ijk_to_local

_SEPARATORS = re.compile(r'[/\\]')
"""Of folders: names of volumes stand in paths."""

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
        self._drop_gone()
        node, measured = self._measured.get(
            volume_node.GetID() if volume_node else '', (None, None)
        )
        return measured if node is volume_node else None

    def as_stored(self, first: Node = None) -> list[StoredResults]:
        """
        All measurements, as if they had been exported and were read back.

        Parameters
        ----------
        first : vtkMRMLScalarVolumeNode, optional
            Volume whose measurement leads; the others follow as they were made.

        Returns
        -------
        stored : list of StoredResults
            Named like their volumes.

        Raises
        ------
        OSError
            If the temporary folder cannot be written.
        """
        self._drop_gone()
        every = sorted(self._measured.values(), key=lambda one: one[0] is not first)
        names: dict[str, int] = {}
        stored = []
        for node, measured in every:
            name = _SEPARATORS.sub('_', str(node.GetName())) or 'volume'
            names[name] = count = names.get(name, 0) + 1
            stored.append(_read_back(measured, name if count == 1 else f'{name} ({count})'))
        return stored

    def _drop_gone(self) -> None:
        gone = [key for key, (node, _one) in self._measured.items() if node.GetScene() is None]
        for key in gone:
            del self._measured[key]


def _read_back(measured: Measured, name: str) -> StoredResults:
    """By the file that an export writes; its path says where the numbers are from."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / RESULTS_NAME
        write_results(path, measured.result)
        return replace(read_results(path), name=name, path=Path('scene', name, RESULTS_NAME))
