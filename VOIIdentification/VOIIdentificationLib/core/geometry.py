"""Where voxels are: index (IJK) to patient space (RAS, millimeter)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .errors import GeometryError
from .sentence import sentences

_ = sentences(__name__)

FloatArray = npt.NDArray[np.float64]

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""From the axes of DICOM and ITK (left, posterior, superior) to Slicer's; its own inverse."""

_MIN_RELATIVE_VOLUME = 1e-6
"""Voxel volume over the product of the spacings below which a grid counts as flat."""

Point = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class VolumeGeometry:
    """
    The sampling grid of a volume, without its voxel values.

    Any affine is allowed: oblique, mirrored, anisotropic, sheared.

    Attributes
    ----------
    shape_kji : tuple of int
        Number of slices, rows and columns: the numpy shape of the voxels.

    ijk_to_ras : (4, 4) `numpy.ndarray` of float
        Maps the index ``(i, j, k, 1)`` of a voxel center to its position
        ``(r, a, s, 1)`` in millimeter.

    Raises
    ------
    GeometryError
        If the matrix is not finite or squeezes the voxels to no volume.
    """

    shape_kji: tuple[int, int, int]
    ijk_to_ras: FloatArray

    def __post_init__(self) -> None:
        matrix = np.array(self.ijk_to_ras, dtype=float)
        if matrix.shape != (4, 4):
            msg = f'ijk_to_ras must be 4 x 4, got {matrix.shape}'
            raise ValueError(msg)
        matrix.setflags(write=False)
        object.__setattr__(self, 'ijk_to_ras', matrix)
        if not np.isfinite(matrix).all() or self._is_flat():
            flat = _(
                'the image grid cannot be used: its voxels have the edges {edges} mm and must span '
                'a volume. Check the spacing and the direction matrix of the volume.'
            )
            raise GeometryError(flat.format(edges=self.spacing_ijk_mm.round(4).tolist()))

    def _is_flat(self) -> bool:
        box_mm3 = float(np.prod(self.spacing_ijk_mm))
        return not self.voxel_volume_mm3 > _MIN_RELATIVE_VOLUME * box_mm3

    @property
    def size_ijk(self) -> npt.NDArray[np.int64]:
        """Number of voxels along i, j and k."""
        return np.array(self.shape_kji[::-1], dtype=np.int64)

    @property
    def axes_ras_mm(self) -> FloatArray:
        """The three voxel edges as columns, in millimeter; shape ``(3, 3)``."""
        return self.ijk_to_ras[:3, :3]

    @property
    def spacing_ijk_mm(self) -> FloatArray:
        """Length of the voxel edges along i, j and k, in millimeter."""
        return np.asarray(np.linalg.norm(self.axes_ras_mm, axis=0))

    @property
    def voxel_volume_mm3(self) -> float:
        """Volume of one voxel, in cubic millimeter."""
        return float(abs(np.linalg.det(self.axes_ras_mm)))

    @cached_property
    def slice_normal_ras(self) -> FloatArray:
        """Unit vector across the slices, pointing to higher k."""
        i, j, k = self.axes_ras_mm.T
        normal = np.cross(i, j)
        normal = np.asarray(normal / np.linalg.norm(normal) * np.sign(normal @ k))
        normal.setflags(write=False)
        return normal

    @property
    def slice_spacing_mm(self) -> float:
        """Distance between neighboring slices, along their normal, in millimeter."""
        return float(self.slice_normal_ras @ self.axes_ras_mm[:, 2])

    def index_ijk(self, position_ras_mm: npt.ArrayLike) -> FloatArray:
        """
        Index of one or many points: not rounded, and possibly outside the image.

        Parameters
        ----------
        position_ras_mm : (..., 3) array_like of float
            Positions ``(r, a, s)``, in millimeter.

        Returns
        -------
        index_ijk : (..., 3) `numpy.ndarray` of float
            Indices ``(i, j, k)``; whole numbers are voxel centers.

        Examples
        --------
        >>> geometry = VolumeGeometry((9, 8, 7), np.diag([2.0, 2.0, 4.0, 1.0]))
        >>> geometry.index_ijk((2.0, 4.0, 4.0)).tolist()
        [1.0, 2.0, 1.0]
        """
        offset = np.asarray(position_ras_mm, dtype=float) - self.ijk_to_ras[:3, 3]
        return np.asarray(offset @ np.linalg.inv(self.axes_ras_mm).T)

    def position_ras_mm(self, index_ijk: npt.ArrayLike) -> FloatArray:
        """
        Position of one or many indices, which need not be whole numbers.

        Parameters
        ----------
        index_ijk : (..., 3) array_like of float
            Indices ``(i, j, k)``.

        Returns
        -------
        position_ras_mm : (..., 3) `numpy.ndarray` of float
            Positions ``(r, a, s)``, in millimeter.
        """
        return np.asarray(
            np.asarray(index_ijk, dtype=float) @ self.axes_ras_mm.T + self.ijk_to_ras[:3, 3]
        )

    def slice_distance_mm(self, position_ras_mm: npt.ArrayLike, slice_k: int) -> float:
        """
        Distance of the middle of a slice from a point.

        Parameters
        ----------
        position_ras_mm : (3,) array_like of float
            The point, e.g. the center of a VOI.

        slice_k : int
            Index of the slice.

        Returns
        -------
        distance_mm : float
            Along the slice normal, positive towards higher k.
        """
        return float((slice_k - self.index_ijk(position_ras_mm)[2]) * self.slice_spacing_mm)

    def projected_ras_mm(self, position_ras_mm: npt.ArrayLike, slice_k: int) -> Point:
        """
        Nearest point on a slice.

        Parameters
        ----------
        position_ras_mm : (3,) array_like of float
            Any point, e.g. the center of a VOI.

        slice_k : int
            Index of the slice.

        Returns
        -------
        projected_ras_mm : tuple of float
            Where the slice's normal through the point meets the middle of the slice.
        """
        step_mm = self.slice_distance_mm(position_ras_mm, slice_k) * self.slice_normal_ras
        r, a, s = np.asarray(position_ras_mm, dtype=float) + step_mm
        return float(r), float(a), float(s)

    def transformed(self, world: npt.ArrayLike) -> VolumeGeometry:
        """
        The same grid seen through a transform of patient space.

        Parameters
        ----------
        world : (4, 4) array_like of float
            Affine matrix from RAS to RAS, e.g. of a parent transform.

        Returns
        -------
        geometry : VolumeGeometry
            The grid whose voxels lie where the transform moves them.
        """
        return VolumeGeometry(self.shape_kji, np.asarray(world, dtype=float) @ self.ijk_to_ras)
