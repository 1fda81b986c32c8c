"""The A50 VOI: voxels connected to the maximum that reach half way up from the background."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..core.image import PETImage
from ..measure.statistics import HALF_INSIDE
from ..measure.voi_mask import Sphere, VOIMask, voi_mask

A50Background = tuple[float, str]
"""B of the A50 threshold, in the image's unit, and how it was taken, in words."""


A50_PART = 0.5
"""Part of the way from background to maximum at which the A50 VOI ends (EANM, EARL)."""


A50_THRESHOLD_FORMULA = f'B + {A50_PART:g} (max - B)'
"""That value as people write it, with the background B."""


A50_REACH_MM = 10.0
"""How far beyond its sphere an A50 VOI is followed: about two widths of a PET PSF."""


class A50VOI(NamedTuple):
    """
    Voxels connected to the maximum that reach half way up from the background.

    Attributes
    ----------
    inside, slices_kji : (K, J, I) `numpy.ndarray` of bool, tuple of slice
        With holes filled, on a box; and where the box lies in the image.

    max, threshold, mean : float
        Highest voxel of the sphere, value at which the VOI ends, and mean
        inside; in the image's unit.

    volume_ml : float
        Whole voxels.

    at_edge : bool
        True if the VOI reached as far as it is followed.
    """

    inside: npt.NDArray[np.bool_]
    slices_kji: tuple[slice, slice, slice]
    max: float
    threshold: float
    mean: float
    volume_ml: float
    at_edge: bool


def a50_voi(
    image: PETImage, sphere: Sphere, background: float, *, mask: VOIMask | None = None
) -> A50VOI | None:
    """
    Grow the A50 VOI of one hot sphere.

    Parameters
    ----------
    image : PETImage
        The image.

    sphere : Sphere
        The sphere, within which the maximum is sought.

    background : float
        B, in the image's unit.

    mask : VOIMask, optional
        Voxels of `sphere`, if they are known already.

    Returns
    -------
    voi : A50VOI or None
        None if the sphere has no finite voxel above the background.

    Notes
    -----
    The maximum is that of the voxels at least half inside the sphere. Voxels
    are connected by faces, edges or corners, and followed to
    `A50_REACH_MM` beyond the sphere.
    """
    start = _maximum(image, mask or voi_mask(sphere, image.geometry))
    if start is None or not start[1] > background:
        return None
    place_kji, highest = start
    wide = Sphere(sphere.label, sphere.center_ras_mm, sphere.diameter_mm + 2 * A50_REACH_MM)
    zone = voi_mask(wide, image.geometry, counting='hard')
    allowed = zone.weights > 0
    values = image.voxels[zone.slices_kji]
    threshold = background + A50_PART * (highest - background)
    above = allowed & (values >= threshold)
    seed = tuple(p - s.start for p, s in zip(place_kji, zone.slices_kji, strict=True))
    grown = _connected(above, seed)
    inside = ndimage.binary_fill_holes(grown) & np.isfinite(values)
    outer = allowed & ~ndimage.binary_erosion(allowed)
    return A50VOI(
        inside=inside,
        slices_kji=zone.slices_kji,
        max=highest,
        threshold=float(threshold),
        mean=float(values[inside].mean(dtype=float)),
        volume_ml=float(inside.sum()) * image.geometry.voxel_volume_mm3 / 1000,
        at_edge=bool(np.any(grown & outer)),
    )


def _maximum(image: PETImage, mask: VOIMask) -> tuple[tuple[int, ...], float] | None:
    """Index (k, j, i) and value of the highest voxel of a VOI."""
    values = image.voxels[mask.slices_kji]
    usable = (mask.weights >= HALF_INSIDE) & np.isfinite(values)
    if not usable.any():
        return None
    place = np.unravel_index(int(np.argmax(np.where(usable, values, -np.inf))), values.shape)
    offset = [s.start for s in mask.slices_kji]
    return tuple(int(p) + o for p, o in zip(place, offset, strict=True)), float(values[place])


def _connected(above: npt.NDArray[np.bool_], seed: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    labels, _ = ndimage.label(above, structure=np.ones((3, 3, 3), dtype=int))
    return np.asarray(labels == labels[seed])
