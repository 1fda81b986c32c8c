"""Voxels around places, put together in shells of equal distance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..core.geometry import FloatArray, Point
from ..core.image import PETImage
from ..sphere_fit.fit import WALL_MM

REACH_MM = 27.0
"""Voxels this far from a center are compared: spheres of the IEC ring are 57 mm apart."""

SHELL_MM = 1.0
"""Thickness of the shells of equal distance whose means are compared."""


_RIM_MM, OUTER_MM = 8.0, 24.0
"""What the blur takes out of a sphere is counted so far from its surface, or its center."""


@dataclass(frozen=True, eq=False)
class Shells:
    """
    Means over the voxels of equal distance from each of some places.

    Attributes
    ----------
    distance_mm, value, count : (P, B) `numpy.ndarray` of float
        Mean distance and mean value of each shell, and its number of voxels.

    voxel_variance_mm2 : float
        Of positions in a voxel, along one axis on average: the voxels' own blur.
    """

    distance_mm: FloatArray
    value: FloatArray
    count: FloatArray
    voxel_variance_mm2: float = 0.0

    @classmethod
    def around(cls, image: PETImage, centers_ras_mm: Sequence[Point] | FloatArray) -> Shells:
        """
        Sort the voxels around places.

        Parameters
        ----------
        image : PETImage
            The scan.

        centers_ras_mm : (P, 3) sequence of float
            The places.

        Returns
        -------
        shells : Shells
            In the order of the places.
        """
        sums = [_shell_sums(image, np.asarray(center, dtype=float)) for center in centers_ras_mm]
        sums_of = np.array(sums).reshape(-1, 3, int(REACH_MM / SHELL_MM))
        count, distance, value = np.moveaxis(sums_of, 1, 0)
        known = np.maximum(count, 1.0)
        variance = float(np.mean(image.geometry.spacing_ijk_mm**2)) / 12
        return cls(distance / known, value / known, count, variance)

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """Of each place, whether it has voxels in the image."""
        return np.asarray(self.count.sum(axis=1) > 0)

    def of(self, places: Sequence[int] | npt.NDArray[np.int64]) -> Shells:
        """
        Leave out places.

        Parameters
        ----------
        places : sequence of int
            Which are kept.

        Returns
        -------
        shells : Shells
            Of these, in their order.
        """
        kept = np.asarray(places, dtype=np.int64)
        return replace(
            self,
            distance_mm=self.distance_mm[kept],
            value=self.value[kept],
            count=self.count[kept],
        )


def _shell_sums(image: PETImage, center_ras_mm: FloatArray) -> FloatArray:
    """Of the shells round one center: number of voxels, sum of distances, sum of values."""
    geometry = image.geometry
    half = REACH_MM * np.linalg.norm(np.linalg.inv(geometry.axes_ras_mm), axis=1)
    index = geometry.index_ijk(center_ras_mm)
    low = np.clip(np.ceil(index - half), 0, geometry.size_ijk).astype(np.int64)
    high = np.clip(np.floor(index + half) + 1, 0, geometry.size_ijk).astype(np.int64)
    i, j, k = (np.arange(a, b) - c for a, b, c in zip(low, high, index, strict=True))
    along = [a * i + b * j[:, None] + c * k[:, None, None] for a, b, c in geometry.axes_ras_mm]
    distance = np.sqrt(along[0] ** 2 + along[1] ** 2 + along[2] ** 2).ravel()
    box = tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1], strict=True))
    values = image.voxels[box].ravel().astype(float)
    used = (distance < REACH_MM) & np.isfinite(values)
    shell = (distance[used] / SHELL_MM).astype(np.int64)
    weights = (None, distance[used], values[used])
    return np.array([np.bincount(shell, w, int(REACH_MM / SHELL_MM)) for w in weights])


def effective_diameters_mm(shells: Shells, diameters_mm: FloatArray) -> FloatArray:
    """
    Diameter of a ball that holds as much as a hot sphere, at the concentration of its core.

    Parameters
    ----------
    shells : Shells
        Around the centers of hot spheres, each with voxels in its outer shells.

    diameters_mm : (P,) `numpy.ndarray` of float
        As they are labeled: tells where core and surroundings are.

    Returns
    -------
    diameters_mm : (P,) `numpy.ndarray` of float
        Blur moves activity out of a sphere and loses none; what the wall lacks of the background
        is added. NaN where the core is not hotter than the surroundings.
    """
    found = []
    for n, radius_mm in enumerate(diameters_mm / 2):
        known, edges = shells.count[n] > 0, SHELL_MM * np.arange(shells.count.shape[1] + 1)
        distance = (edges[:-1] + edges[1:]) / 2
        value = np.interp(distance, shells.distance_mm[n][known], shells.value[n][known])
        outer_mm = min(radius_mm + _RIM_MM, OUTER_MM)
        inside, around = distance < radius_mm / 2, distance >= outer_mm
        volume = np.diff(edges**3)  # of shells, in parts of a ball
        core = np.average(value[inside], weights=volume[inside])
        background = np.average(value[around], weights=volume[around])
        net = float(((value - background) * volume)[~around].sum())
        net += background * ((radius_mm + WALL_MM) ** 3 - radius_mm**3)
        found.append(2 * np.cbrt(net / (core - background)) if core > background else np.nan)
    return np.array(found)
