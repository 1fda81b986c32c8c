"""
Trust, but verify: whether the voxels of a loaded volume are those of its DICOM files.

Readers err in silence. The one that the application uses turns MONOCHROME1
series upside down; another cuts the rescaled values of each slice to whole
numbers. The files, read by `dicom_read`, are the judge.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..core.geometry import FloatArray, VolumeGeometry
from ..core.image import UNKNOWN_UNIT, PETImage
from ..core.sentence import sentences

_ = sentences(__name__)

_RELATIVE_TOLERANCE = 1e-6
"""Largest difference over the largest value that float32 explains: about 8 roundings."""

_INDEX_TOLERANCE = 0.01
"""How far, in voxels, two grids may lie apart and still count as the same voxels."""


class Agreement(str, Enum):
    """How the loaded voxels compare with those of the files."""

    SAME = 'same'
    CONVERTED = 'converted'
    INVERTED = 'inverted'
    ROUNDED = 'rounded'
    DIFFERENT = 'different'
    OTHER_GRID = 'other_grid'


class Verification(NamedTuple):
    """
    What the comparison found.

    Attributes
    ----------
    agreement : Agreement
        The kind of difference.

    text : str
        The finding in a sentence, for the user.

    largest_difference : float or None
        Between a loaded and a stored voxel; None if the grids differ.
    """

    agreement: Agreement
    text: str
    largest_difference: float | None = None

    @property
    def trusted(self) -> bool:
        """Whether the volume may be measured as it is."""
        return self.agreement in {Agreement.SAME, Agreement.CONVERTED}


def verify_voxels(loaded: PETImage, stored: PETImage) -> Verification:
    """
    Compare a loaded volume with its files.

    Parameters
    ----------
    loaded : PETImage
        As the application shows it, without the transforms above it. Its axes
        may run the other way or be exchanged.

    stored : PETImage
        As the files say.

    Returns
    -------
    verification : Verification
        The first of these that fits: the same; in another unit by one factor;
        inverted; rounded to whole numbers; different.
    """
    voxels = on_grid_of(loaded, stored.geometry)
    if voxels is None:
        return Verification(Agreement.OTHER_GRID, _other_grid_text(loaded, stored))
    values = stored.voxels.astype(float)
    largest = float(np.max(np.abs(voxels - values)))
    agreement = _agreement(voxels, values, largest, _units_differ(loaded, stored))
    return Verification(agreement, _text(agreement, voxels, values, largest), largest)


def on_grid_of(image: PETImage, geometry: VolumeGeometry) -> FloatArray | None:
    """
    The same voxels in the order of another grid.

    Parameters
    ----------
    image : PETImage
        Its axes may run the other way or be exchanged.

    geometry : VolumeGeometry
        The grid.

    Returns
    -------
    voxels : (K, J, I) `numpy.ndarray` of float or None
        None if the two grids are not the same voxels.
    """
    to_image = np.linalg.inv(image.geometry.ijk_to_ras) @ geometry.ijk_to_ras
    steps = np.rint(to_image[:3, :3]).astype(int)
    corners = geometry.size_ijk - 1
    drift = np.abs(to_image[:3, :3] - steps) @ corners
    if not _is_signed_permutation(steps) or drift.max() > _INDEX_TOLERANCE:
        return None
    first = to_image[:3, 3]
    start = np.rint(first).astype(int)
    lowest = np.minimum(start, start + steps @ corners)
    highest = np.maximum(start, start + steps @ corners)
    same_box = not lowest.any() and np.array_equal(highest, image.geometry.size_ijk - 1)
    if not same_box or np.abs(first - start).max() > _INDEX_TOLERANCE:
        return None
    return _reordered(image.voxels, steps)


def _agreement(
    loaded: FloatArray, stored: FloatArray, largest: float, units_differ: bool
) -> Agreement:
    tolerance = _RELATIVE_TOLERANCE * max(float(np.abs(stored).max()), float(np.abs(loaded).max()))
    if largest <= tolerance:
        return Agreement.SAME
    if units_differ and _largest_spread(loaded - _factor(loaded, stored) * stored) <= tolerance:
        return Agreement.CONVERTED
    if max(_largest_spread(slice_sum) for slice_sum in loaded + stored) <= 2 * tolerance:
        return Agreement.INVERTED
    if largest < 1 + tolerance and np.array_equal(loaded, np.rint(loaded)):
        return Agreement.ROUNDED
    return Agreement.DIFFERENT


def _units_differ(loaded: PETImage, stored: PETImage) -> bool:
    return loaded.unit not in {UNKNOWN_UNIT, stored.unit}


def _factor(loaded: FloatArray, stored: FloatArray) -> float:
    """The factor that turns the stored values into the loaded ones, by least squares."""
    square = float(np.vdot(stored, stored))
    return float(np.vdot(loaded, stored)) / square if square > 0 else 0.0


def _largest_spread(values: FloatArray) -> float:
    return float(values.max() - values.min())


def _is_signed_permutation(steps: npt.NDArray[np.int64]) -> bool:
    return np.array_equal(np.abs(steps).sum(axis=0), [1, 1, 1]) and np.array_equal(
        np.abs(steps).sum(axis=1), [1, 1, 1]
    )


def _reordered(voxels: npt.NDArray[np.float32], steps: npt.NDArray[np.int64]) -> FloatArray:
    """Voxels, in numpy order, with column a of `steps` saying which axis becomes axis a."""
    ijk = np.transpose(voxels, (2, 1, 0))
    axes = np.abs(steps).argmax(axis=0)
    ijk = np.transpose(ijk, axes)
    backward = tuple(n for n in range(3) if steps[axes[n], n] < 0)
    return np.transpose(np.flip(ijk, backward), (2, 1, 0)).astype(float)


def _other_grid_text(loaded: PETImage, stored: PETImage) -> str:
    here, there = loaded.geometry, stored.geometry
    return _(
        'The volume does not have the voxels of its DICOM files: {here} here, {there} there. It '
        'was resampled, cropped or moved; its values cannot be compared.'
    ).format(here=_size_text(here), there=_size_text(there))


def _size_text(geometry: VolumeGeometry) -> str:
    voxels = ' x '.join(str(n) for n in geometry.size_ijk)
    spacing = ' x '.join(f'{step:.3f}' for step in geometry.spacing_ijk_mm)
    corner = ', '.join(f'{x:.1f}' for x in geometry.ijk_to_ras[:3, 3])
    return _('{voxels} of {spacing} mm from RAS ({corner}) mm').format(
        voxels=voxels, spacing=spacing, corner=corner
    )


def _range_text(values: FloatArray) -> str:
    return _('{least:.6g} to {most:.6g}').format(least=values.min(), most=values.max())


def _text(
    agreement: Agreement, loaded: FloatArray, stored: FloatArray, largest_difference: float
) -> str:
    here, there = _range_text(loaded), _range_text(stored)
    return {
        Agreement.SAME: _('The voxels are those of the DICOM files.'),
        Agreement.CONVERTED: (
            _(
                'The voxels are those of the DICOM files times {factor:.6g}, in another unit.'
            ).format(factor=_factor(loaded, stored))
        ),
        Agreement.INVERTED: (
            _(
                'The voxels are upside down: {here}, where the DICOM files say {there}. The reader '
                'inverted them (MONOCHROME1). Reload the volume from its files.'
            ).format(here=here, there=there)
        ),
        Agreement.ROUNDED: (
            _(
                'The voxels are rounded to whole numbers, off by up to {most:.3g}: the reader lost '
                'the rescaled fractions. Reload the volume from its files.'
            ).format(most=largest_difference)
        ),
        Agreement.DIFFERENT: (
            _(
                'The voxels differ from the DICOM files by up to {most:.6g}: {here} here, {there} '
                'there. The volume was changed or read wrongly. Reload the volume from its files.'
            ).format(most=largest_difference, here=here, there=there)
        ),
    }[agreement]
