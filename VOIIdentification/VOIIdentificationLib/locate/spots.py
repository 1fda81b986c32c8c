"""Spots in a whole scan that may be spheres: brighter than their surroundings at some scale."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft

from ..core.geometry import FloatArray, VolumeGeometry
from ..core.image import PETImage
from ..sphere_fit.model import FWHM_PER_SIGMA

COARSE_VOXEL_MM = 5.0
"""Voxels are put together up to about this edge: a search needs no finer ones."""

SPOT_FWHM_MM = (9.0, 15.0, 25.0, 40.0)
"""Blurs; a spot is what one keeps and the next one loses. They suit spheres of 8 to 40 mm."""

SPOTS_PER_SCALE = 40
SPOT_DISTANCE_MM = 18.0
"""Two spots are farther apart than this: less than the smallest distance between spheres."""

_POOL = 12000
"""Highest voxels among which spots are looked for."""

Coarse = npt.NDArray[np.float32]


class SpotMap(NamedTuple):
    """
    How much every coarse voxel is a spot.

    Attributes
    ----------
    voxels : (K, J, I) `numpy.ndarray` of float32
        The image on coarse voxels.

    geometry : VolumeGeometry
        Their grid.

    contrast : (K, J, I) `numpy.ndarray` of float32
        Largest difference of two blurs, in units of its usual size in the slice.
    """

    voxels: Coarse
    geometry: VolumeGeometry
    contrast: Coarse


def coarse_image(image: PETImage) -> tuple[Coarse, VolumeGeometry]:
    """
    Mean over blocks of voxels.

    Parameters
    ----------
    image : PETImage
        The scan. Voxels that are not numbers count as 0.

    Returns
    -------
    voxels : (K, J, I) `numpy.ndarray` of float32
        Means; incomplete blocks at the end of an axis are left out.

    geometry : VolumeGeometry
        Where they are.
    """
    block_ijk = np.maximum(np.rint(COARSE_VOXEL_MM / image.geometry.spacing_ijk_mm), 1)
    block_ijk = np.minimum(block_ijk, image.geometry.size_ijk).astype(np.int64)
    shape_kji = image.geometry.size_ijk[::-1] // block_ijk[::-1]
    bk, bj, bi = (int(b) for b in block_ijk[::-1])
    k, j, i = (int(n) for n in shape_kji)
    blocks = image.voxels[: k * bk, : j * bj, : i * bi]
    sums = np.empty((k, j, i), np.float32)
    # One coarse slice after the other, and along k first: no large array lies in between.
    for n in range(k):
        plane = _sum_of(blocks[n * bk : (n + 1) * bk])
        rows = _sum_of([plane[m::bj] for m in range(bj)])
        sums[n] = _sum_of([rows[:, m::bi] for m in range(bi)])
    sums /= np.float32(bk * bj * bi)
    voxels = np.nan_to_num(sums, copy=False, posinf=0.0, neginf=0.0)
    matrix = image.geometry.ijk_to_ras.copy()
    matrix[:3, :3] *= block_ijk
    matrix[:3, 3] = image.geometry.position_ras_mm((block_ijk - 1) / 2)
    return voxels, VolumeGeometry((k, j, i), matrix)


def _sum_of(parts: Sequence[Coarse] | Coarse) -> Coarse:
    total = parts[0].astype(np.float32)
    for part in parts[1:]:
        total += part
    return total


def find_spots(image: PETImage, *, cold: bool = False) -> tuple[SpotMap, FloatArray]:
    """
    Look for spots at all scales.

    Parameters
    ----------
    image : PETImage
        The scan.

    cold : bool, optional
        True if spots darker than their surroundings count as well.

    Returns
    -------
    spot_map : SpotMap
        What was looked through.

    spots_ras_mm : (N, 3) `numpy.ndarray` of float
        Places of the strongest spots of each scale, in millimeter.
    """
    voxels, geometry = coarse_image(image)
    spots = np.zeros((0, 3))
    strongest = np.zeros_like(voxels)
    for difference in _differences(voxels, geometry):
        contrast = difference / _usual_size(difference)[:, None, None]
        if cold:
            contrast = np.abs(contrast)
        spots = _merged(spots, _peaks(contrast, geometry))
        np.maximum(strongest, contrast, out=strongest)
    return SpotMap(voxels, geometry, strongest), spots


def _differences(voxels: Coarse, geometry: VolumeGeometry) -> list[Coarse]:
    """
    Differences of neighboring blurs. The volume goes round: zeros beside it would be edges.

    On the spectrum, once for all scales: `scipy.ndimage.fourier_gaussian` knows no sheared grid.
    """
    shape = voxels.shape
    spectrum = fft.rfftn(voxels)
    k, j, i = np.meshgrid(
        fft.fftfreq(shape[0]),
        fft.fftfreq(shape[1]),
        fft.rfftfreq(shape[2]),
        indexing='ij',
        sparse=True,
    )
    reciprocal = np.linalg.inv(geometry.axes_ras_mm)
    metric = reciprocal @ reciprocal.T
    cycles = (i, j, k)
    square = sum(metric[a, b] * cycles[a] * cycles[b] for a in range(3) for b in range(3))
    square = np.asarray(square, dtype=np.float32)
    blurs = []
    for fwhm in SPOT_FWHM_MM:
        gauss = np.exp(square * np.float32(-2 * (np.pi * fwhm / FWHM_PER_SIGMA) ** 2))
        blurs.append(gauss)
    return [
        np.asarray(fft.irfftn(spectrum * (fine - wide), s=shape)) for fine, wide in pairwise(blurs)
    ]


def _usual_size(contrast: Coarse) -> Coarse:
    """For each slice the typical contrast, but not less than in a typical slice."""
    sample = np.abs(contrast[:, ::2, ::2]).reshape(len(contrast), -1)
    part = sample.shape[1] * 9 // 10
    sizes = np.partition(sample, part, axis=1)[:, part]
    return np.asarray(np.maximum(sizes, max(float(np.median(sizes)), 1e-30)))


def _peaks(contrast: Coarse, geometry: VolumeGeometry) -> FloatArray:
    """Places of the highest voxels that are apart from each other."""
    flat = contrast.ravel()
    count = min(_POOL, flat.size)
    pool = np.argpartition(flat, flat.size - count)[flat.size - count :]
    pool = pool[np.argsort(flat[pool])[::-1]]
    k, j, i = np.unravel_index(pool, contrast.shape)
    positions = geometry.position_ras_mm(np.stack([i, j, k], axis=-1))
    peaks: list[FloatArray] = []
    while len(positions) and len(peaks) < SPOTS_PER_SCALE:
        peaks.append(positions[0])
        away = np.linalg.norm(positions - positions[0], axis=1) > SPOT_DISTANCE_MM
        positions = positions[away]
    return np.array(peaks).reshape(-1, 3)


def _merged(spots: FloatArray, more: FloatArray) -> FloatArray:
    """Both lists; a spot seen at two scales counts once."""
    if not len(spots):
        return more
    nearest = np.linalg.norm(more[:, None] - spots, axis=-1).min(axis=1)
    return np.concatenate([spots, more[nearest > SPOT_DISTANCE_MM / 3]])
