"""What a damaged image shows: slices that are copies of their neighbors, values cut off above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..core.flags import Flag
from ..core.image import PETImage
from ..core.sentence import sentences
from ..measure.voi import VOIResult
from ..measure.voi_mask import voi_mask

_ = sentences(__name__)

MIN_NOISE = 1e-3
"""Typical step between neighbors, over the typical value: below it equal voxels mean nothing."""

MIN_EQUAL_VOXELS = 5
"""So many voxels of a sphere that hold exactly its highest value; noise makes one, rarely two."""

MIN_EQUAL_PART = 0.02
"""Part of the sphere's voxels that they must be too: values in few steps repeat by chance."""


class Damage(NamedTuple):
    """
    An image's measured spheres, with what speaks against the image.

    Attributes
    ----------
    spheres : tuple of VOIResult
        The same; flagged where their values are cut off.

    flags : tuple of Flag
        Doubts about the whole image.

    notes : tuple of str
        The same in words.
    """

    spheres: tuple[VOIResult, ...]
    flags: tuple[Flag, ...] = ()
    notes: tuple[str, ...] = ()


def image_damage(image: PETImage, spheres: Sequence[VOIResult]) -> Damage:
    """
    Look for slices and values that no scan has.

    Parameters
    ----------
    image : PETImage
        The scan.

    spheres : sequence of VOIResult
        What was measured.

    Returns
    -------
    damage : Damage
        Nothing is flagged in an image without noise, where equal values are usual.
    """
    if not spheres or _noise(image, spheres) < MIN_NOISE:
        return Damage(tuple(spheres))
    copies = _copied_slices(image)
    flagged = tuple(
        replace(one, flags=(*one.flags, Flag.SATURATED)) if _is_saturated(image, one) else one
        for one in spheres
    )
    if not copies:
        return Damage(flagged)
    note = _(
        'Slice {k} of the image holds exactly the values of slice {next} ({count} such pairs): one '
        'was copied over another.'
    ).format(k=copies[0] + 1, next=copies[0] + 2, count=len(copies))
    return Damage(flagged, (Flag.SLICES_COPIED,), (note,))


def _noise(image: PETImage, spheres: Sequence[VOIResult]) -> float:
    """Median step from voxel to voxel in the slice of the first sphere, over the median value."""
    index = image.geometry.index_ijk(spheres[0].center_ras_mm)
    k = int(np.clip(round(float(index[2])), 0, len(image.voxels) - 1))
    plane = image.voxels[k].astype(float)
    filled = plane > np.nanmax(plane, initial=0.0) / 100.0
    steps = np.abs(np.diff(plane, axis=1))[filled[:, 1:] & filled[:, :-1]]
    if not steps.size:
        return 0.0
    return float(np.median(steps) / np.median(plane[filled]))


def _copied_slices(image: PETImage) -> list[int]:
    """Slices that equal the next; a line through the middle rules nearly all out."""
    voxels = image.voxels
    row = voxels[:, voxels.shape[1] // 2]
    alike = np.flatnonzero((row[1:] == row[:-1]).all(axis=1) & (np.ptp(row[1:], axis=1) > 0))
    return [int(k) for k in alike if np.array_equal(voxels[k], voxels[k + 1])]


def _is_saturated(image: PETImage, sphere: VOIResult) -> bool:
    values = _inside(image, sphere)
    if not values.size:
        return False
    equal = int(np.count_nonzero(values == values.max()))
    return equal >= max(MIN_EQUAL_VOXELS, MIN_EQUAL_PART * values.size)


def _inside(image: PETImage, sphere: VOIResult) -> npt.NDArray[np.float32]:
    """Finite values of the voxels whose centers lie in the insert."""
    mask = voi_mask(sphere.solid, image.geometry, counting='hard')
    box = image.voxels[mask.slices_kji]
    return np.asarray(box[(mask.weights > 0) & np.isfinite(box)])
