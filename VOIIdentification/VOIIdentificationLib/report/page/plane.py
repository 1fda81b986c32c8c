"""A plane of voxels of constant i, j or k: which way up it is shown, and what it cuts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...core.geometry import FloatArray, VolumeGeometry
from ...measure.voi_mask import Solid
from ..outline import outline_ras_mm

OUTLINE_POINTS = 72
"""Corners of an outline: a 37 mm circle then deviates by less than 0.02 mm."""

_ENDS = ('LPI', 'RAS')
_OBLIQUE_PART = 0.4
"""Part of a direction from which a second letter is written, as in ``RA``."""

_AXES = ((1, 2), (0, 2), (0, 1))
"""Indices across and down a plane of constant i, j and k."""


@dataclass(frozen=True, eq=False)
class Plane:
    """
    Voxels of one constant index, with R, A and S on the left or at the top.

    Attributes
    ----------
    geometry : VolumeGeometry
        The image grid.

    axis : int
        0, 1 or 2: which of i, j, k is constant.

    index : int
        Its value.

    fields : tuple of slice
        Indices that are shown, across and down.
    """

    geometry: VolumeGeometry
    axis: int
    index: int
    fields: tuple[slice, slice]

    @property
    def edges_ras_mm(self) -> FloatArray:
        """Voxel edges across and down as columns, in millimeter; shape ``(3, 2)``."""
        return self.geometry.axes_ras_mm[:, list(_AXES[self.axis])]

    @property
    def pixel_mm(self) -> FloatArray:
        """Width and height of a pixel."""
        return np.asarray(np.linalg.norm(self.edges_ras_mm, axis=0))

    @property
    def size_mm(self) -> FloatArray:
        """Width and height of what is shown."""
        return np.array([part.stop - part.start for part in self.fields]) * self.pixel_mm

    @property
    def flipped(self) -> tuple[bool, bool]:
        """Whether the indices across and down are shown backwards."""
        across, down = self.edges_ras_mm.T
        return _towards_ras(across), _towards_ras(down)

    def pixels(self, voxels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """
        The voxels as they are shown.

        Parameters
        ----------
        voxels : (K, J, I) `numpy.ndarray` of float32
            Of the whole image.

        Returns
        -------
        pixels : (V, U) `numpy.ndarray` of float32
            Rows of the picture first, the top row first.
        """
        across, down = self.fields
        plane = np.take(voxels, self.index, axis=2 - self.axis)[down, across]
        steps = [-1 if flip else 1 for flip in self.flipped]
        return np.asarray(plane[:: steps[1], :: steps[0]])

    def to_picture_mm(self, index_uv: FloatArray) -> FloatArray:
        """
        Where indices of the plane lie in the picture.

        Parameters
        ----------
        index_uv : (N, 2) `numpy.ndarray` of float
            Indices across and down.

        Returns
        -------
        place_mm : (N, 2) `numpy.ndarray` of float
            From the left and from the top, in millimeter.
        """
        start = np.array([part.start - 0.5 for part in self.fields])
        place = (index_uv - start) * self.pixel_mm
        return np.asarray(np.where(self.flipped, self.size_mm - place, place))

    def letters(self) -> tuple[str, str, str, str]:
        """
        Where the edges of the picture point.

        Returns
        -------
        letters : tuple of str
            Left, right, top and bottom.
        """
        left, top = (
            edge if flip else -edge
            for edge, flip in zip(self.edges_ras_mm.T, self.flipped, strict=True)
        )
        return _letters(left), _letters(-left), _letters(top), _letters(-top)

    def outline_uv(self, solid: Solid) -> FloatArray:
        """
        The line in which the plane cuts a VOI.

        Parameters
        ----------
        solid : Sphere or Cylinder
            The VOI.

        Returns
        -------
        outline : (N, 2) `numpy.ndarray` of float
            Indices across and down, not closed; empty where it is missed.
        """
        index = np.zeros(3)
        index[self.axis] = self.index
        axes = self.edges_ras_mm[:, 0], self.edges_ras_mm[:, 1]
        points = outline_ras_mm(
            solid, self.geometry, self.geometry.position_ras_mm(index), axes, OUTLINE_POINTS
        )
        return np.asarray(self.geometry.index_ijk(points)[:, list(_AXES[self.axis])])


def _unit(vector: FloatArray) -> FloatArray:
    return np.asarray(vector / np.linalg.norm(vector))


def _towards_ras(edge_ras_mm: FloatArray) -> bool:
    """Whether an index grows to the right, to the front or to the head."""
    return bool(edge_ras_mm[np.argmax(np.abs(edge_ras_mm))] > 0)


def _letters(direction_ras: FloatArray) -> str:
    """Where a direction points: ``'R'``, or ``'RA'`` if it is oblique."""
    part = _unit(direction_ras)
    order = np.argsort(-np.abs(part), kind='stable')
    return ''.join(_ENDS[int(part[n] > 0)][n] for n in order if abs(part[n]) > _OBLIQUE_PART)
