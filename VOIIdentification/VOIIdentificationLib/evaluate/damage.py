"""What a damaged image shows: slices that are copies of their neighbors, values cut off above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..core.flags import Flag
from ..core.geometry import VolumeGeometry
from ..core.image import PETImage
from ..core.sentence import sentences
from ..measure.voi import VOIResult
from ..measure.voi_mask import voi_mask
from .nema import NEMAResult

_ = sentences(__name__)

MIN_NOISE = 1e-3
"""Typical step between neighbors, over the typical value: below it equal voxels mean nothing."""

MIN_EQUAL_VOXELS = 5
"""So many voxels of a sphere that hold exactly its highest value; noise makes one, rarely two."""

MIN_EQUAL_PART = 0.02
"""Part of the sphere's voxels that they must be too: values in few steps repeat by chance."""


NEAR_SPHERES_MM = 25.0
"""Slices this near to the central one hold the spheres and all background ROIs."""

MAX_SLICE_STEP = 0.05
"""
Background of a slice over the mean of its neighbors, less 1: what a slice of a uniform cylinder
may be off. Steps of the real scan reach 0.023.
"""

MAX_SLICE_SIGMAS = 5.0
"""Standard deviations of such a step, by the ROIs of one slice, by which it must differ, too."""


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


def slice_contradictions(nema: NEMAResult, geometry: VolumeGeometry) -> tuple[str, ...]:
    """
    Look for a slice near the spheres whose values are scaled otherwise than its neighbors.

    Parameters
    ----------
    nema : NEMAResult
        Background ROIs and their means on every slice.

    geometry : VolumeGeometry
        Grid of the image.

    Returns
    -------
    sentences : tuple of str
        The worst slice; empty where the background goes on evenly.
    """
    if nema.lung is None:
        return ()
    means, central = nema.lung.background_means, nema.placement.central_slice_k
    reach = int(NEAR_SPHERES_MM / geometry.slice_spacing_mm)
    near = np.arange(max(central - reach, 1), min(central + reach + 1, len(means) - 1))
    around = (means[near - 1] + means[near + 1]) / 2
    steps = np.where(around > 0, means[near] / np.where(around > 0, around, 1.0) - 1.0, np.nan)
    if not np.isfinite(steps).any():
        return ()
    worst = int(np.nanargmax(np.abs(steps)))
    if abs(steps[worst]) <= max(MAX_SLICE_STEP, MAX_SLICE_SIGMAS * _step_sd(nema)):
        return ()
    said = _(
        'the background of slice {k} of the image is {part:+.0f} % off that of the slices beside '
        'it: slices are scaled otherwise than others, or damaged. Export the series again.'
    )
    return (said.format(k=int(near[worst]) + 1, part=100 * steps[worst]),)


def _step_sd(nema: NEMAResult) -> float:
    """Of a slice's mean over that of its neighbors, by how its ROIs scatter."""
    rois = nema.background[0].roi_means
    known = [one[np.isfinite(one)] for one in rois]
    parts = [one.std() / one.mean() for one in known if one.size > 1 and one.mean() > 0]
    return float(np.median(parts) * np.sqrt(1.5 / rois.shape[1])) if parts else 0.0


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
