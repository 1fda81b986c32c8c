"""The voxels around one sphere that its fit looks at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

from ..core.geometry import FloatArray, VolumeGeometry
from ..core.image import PETImage
from ..measure.voi_mask import Sphere
from .model import BlurredSphere

SURROUNDINGS_MM = 8.0
"""Background that belongs to the fit around the wall: three sigma of a blur of 6 mm."""

NEIGHBOR_MARGIN_MM = 6.0
"""Around another sphere's wall this much is left out: two sigma of a blur of 7 mm."""


@dataclass(frozen=True, eq=False)
class FitBox:
    """
    One sphere's voxels and its model on them.

    Attributes
    ----------
    start : Sphere
        Where the fit starts.

    hot : bool
        Whether it holds more than its background.

    geometry : VolumeGeometry
        Grid of the image.

    model : BlurredSphere
        On this box.

    values : (K, J, I) `numpy.ndarray` of float32
        Image; 0 where it is not used.

    use : (K, J, I) `numpy.ndarray` of bool
        Voxels that are in the image, finite, near the sphere and far from others.

    inside : (K, J, I) `numpy.ndarray` of float
        Weights of the mean in the ball around the start; they add up to 1.

    coverage : float
        Part of the ball's voxels that are used.

    unit : float
        What the image's values were divided by.
    """

    start: Sphere
    hot: bool
    geometry: VolumeGeometry
    model: BlurredSphere
    values: npt.NDArray[np.float32]
    use: npt.NDArray[np.bool_]
    inside: FloatArray
    coverage: float
    unit: float = 1.0


def fit_box(
    image: PETImage, start: Sphere, *, hot: bool, wall_mm: float, others: Sequence[Sphere]
) -> FitBox:
    """
    Cut the voxels around a sphere out of an image.

    Parameters
    ----------
    image : PETImage
        The scan.

    start : Sphere
        Where the search found the sphere. It may reach out of the image.

    hot : bool
        Whether it holds more than its background.

    wall_mm : float
        Thickness of the cold wall.

    others : sequence of Sphere
        Objects whose voxels are left out.

    Returns
    -------
    box : FitBox
        The box; its coverage tells whether a fit makes sense.
    """
    geometry = image.geometry
    radius = start.diameter_mm / 2
    support = radius + wall_mm + SURROUNDINGS_MM
    first, shape = _extent(geometry, start.center_ras_mm, support)
    distance = _distances(geometry, first, shape, start.center_ras_mm)
    values = _cut(image.voxels, first[::-1], shape)
    use = np.isfinite(values) & (distance <= support)
    for other in others:
        margin = other.diameter_mm / 2 + wall_mm + NEIGHBOR_MARGIN_MM
        if math.dist(other.center_ras_mm, start.center_ras_mm) < support + margin:
            use &= _distances(geometry, first, shape, other.center_ras_mm) > margin
    core = distance <= max(radius, 1.01 * float(distance.min()))
    return FitBox(
        start=start,
        hot=hot,
        geometry=geometry,
        model=BlurredSphere(geometry, first, shape, start.diameter_mm, wall_mm),
        values=np.where(use, values, np.float32(0.0)),
        use=use,
        inside=core / core.sum(),
        coverage=float(use[core].mean()),
    )


def _extent(
    geometry: VolumeGeometry, center_ras_mm: tuple[float, float, float], support_mm: float
) -> tuple[npt.NDArray[np.int64], tuple[int, int, int]]:
    """First index (ijk) and shape (kji) of the box around a ball, of sizes that the FFT likes."""
    half = support_mm * np.linalg.norm(np.linalg.inv(geometry.axes_ras_mm), axis=1)
    center = geometry.index_ijk(center_ras_mm)
    first = np.ceil(center - half).astype(np.int64)
    size = np.floor(center + half).astype(np.int64) - first + 1
    k, j, i = (int(fft.next_fast_len(int(n), real=True)) for n in size[::-1])
    return first, (k, j, i)


def _distances(
    geometry: VolumeGeometry,
    first_ijk: npt.NDArray[np.int64],
    shape_kji: tuple[int, int, int],
    point_ras_mm: tuple[float, float, float],
) -> FloatArray:
    """Distance of every voxel of a box from a point."""
    offset_kji = (first_ijk - geometry.index_ijk(point_ras_mm))[::-1]
    along = [np.arange(n) + offset for n, offset in zip(shape_kji, offset_kji, strict=True)]
    k, j, i = np.meshgrid(*along, indexing='ij', sparse=True)
    return np.asarray(
        np.sqrt(sum((a * i + b * j + c * k) ** 2 for a, b, c in geometry.axes_ras_mm))
    )


def _cut(
    voxels: npt.NDArray[np.float32], first_kji: npt.NDArray[np.int64], shape: tuple[int, int, int]
) -> npt.NDArray[np.float32]:
    """Voxels of a box that may reach out of the image; NaN there."""
    box = np.full(shape, np.nan, dtype=np.float32)
    low = np.maximum(first_kji, 0)
    high = np.minimum(first_kji + shape, voxels.shape)
    if np.all(low < high):
        there = tuple(slice(a, b) for a, b in zip(low - first_kji, high - first_kji, strict=True))
        here = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        box[there] = voxels[here]
    return box
