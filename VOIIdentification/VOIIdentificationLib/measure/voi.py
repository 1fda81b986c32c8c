"""One insert, from its seed to its center, and what is measured there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from ..core.flags import Flag
from ..core.geometry import FloatArray, Point
from ..core.image import PETImage
from ..core.phantom import Insert
from ..core.settings import Counting
from .moving_voi import voi_peak
from .statistics import (
    SliceStatistics,
    VOIStatistics,
    has_non_finite,
    slice_statistics,
    voi_statistics,
)
from .voi_mask import Solid, VOIMask, insert_solid, voi_mask


@dataclass(frozen=True, eq=False)
class SphereFit:
    """
    What the fit of one sphere found. None where it was not accepted.

    Attributes
    ----------
    label : str
        Name of the sphere.

    accepted : bool
        Whether the fit may replace the search.

    reason : str
        Why it was not accepted; empty if it was.

    center_ras_mm : tuple of float
        Fitted center, in millimeter; the start if the fit was not accepted.

    center_sd_ras_mm : tuple of float or None
        Standard uncertainty (68 %) of the center along R, A and S, in millimeter.

    signal, background : float or None
        Value of the ball and around its wall, freed from the blur.

    fwhm_in_plane_mm, fwhm_axial_mm : float or None
        Resolution within the slice and along its normal, without the blur by
        the voxels; None also where it ran to the end of its range.

    mean_sd : float or None
        Standard uncertainty of the mean in the sphere's VOI, in the image's unit.

    detectability : float or None
        Signal minus background over its uncertainty if only that were unknown.

    missing_part : float
        Part of the contrast that it lacks on one side; 0 where nothing is missing but by noise.
    """

    label: str
    accepted: bool
    reason: str
    center_ras_mm: tuple[float, float, float]
    center_sd_ras_mm: tuple[float, float, float] | None = None
    signal: float | None = None
    background: float | None = None
    fwhm_in_plane_mm: float | None = None
    fwhm_axial_mm: float | None = None
    mean_sd: float | None = None
    detectability: float | None = None
    missing_part: float = 0.0


@dataclass(frozen=True, eq=False)
class SearchTable:
    """
    Every position that the search tried.

    Attributes
    ----------
    index_ijk : (N, 3) `numpy.ndarray` of int
        Voxels on which the sphere was centered.

    mean, max : (N,) `numpy.ndarray` of float
        Mean inside the sphere there, and its highest voxel; NaN where the
        sphere was not allowed to be.
    """

    index_ijk: npt.NDArray[np.int64]
    mean: FloatArray
    max: FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class LocatedInsert:
    """
    One insert and where it is: search and fit move it, and add what they found.

    Attributes
    ----------
    insert : Insert
        What it is.

    seed_ras_mm : tuple of float
        Where the user put the seed, or the image shows the insert.

    center_ras_mm : tuple of float
        The best center so far, in millimeter.

    flags : tuple of Flag
        Reasons for doubt.

    search : SearchTable or None
        Every candidate; None if the seed was not refined.

    fit : SphereFit or None
        The model fit with its uncertainties; None if there was none.

    deviation_mm : float or None
        Distance from the place that the other spheres give it; None if unknown.

    axis_ras : tuple of float or None
        Unit vector along a cylinder; None if it stands along the slice normal.
    """

    insert: Insert
    seed_ras_mm: Point
    center_ras_mm: Point
    flags: tuple[Flag, ...] = ()
    search: SearchTable | None = None
    fit: SphereFit | None = None
    deviation_mm: float | None = None
    axis_ras: Point | None = None

    @property
    def label(self) -> str:
        """The label of the insert."""
        return self.insert.label

    @property
    def solid(self) -> Solid:
        """The VOI at the center."""
        return insert_solid(self.insert, self.center_ras_mm, self.axis_ras)

    @property
    def shift_mm(self) -> float:
        """Distance from the seed to the center, in millimeter."""
        return math.dist(self.center_ras_mm, self.seed_ras_mm)


@dataclass(frozen=True, eq=False, kw_only=True)
class VOIResult(LocatedInsert):
    """
    One insert, found and measured.

    Attributes
    ----------
    center_ijk : tuple of float
        The center as a (fractional) index.

    mask : VOIMask
        The voxels of the VOI.

    statistics : VOIStatistics
        Their values.

    slices : tuple of SliceStatistics
        The same per slice, lowest k first.

    peak, peak_at_max : float or None
        Highest mean in 1 cm3 moved over the VOI; the mean in 1 cm3 at the maximum voxel.
    """

    center_ijk: Point
    mask: VOIMask
    statistics: VOIStatistics
    slices: tuple[SliceStatistics, ...]
    peak: float | None = None
    peak_at_max: float | None = None


def seeded(insert: Insert, seed_ras_mm: Point, *flags: Flag) -> LocatedInsert:
    """
    An insert at its seed.

    Parameters
    ----------
    insert : Insert
        What it is.

    seed_ras_mm : tuple of float
        Where it is looked for, in millimeter.

    *flags : Flag
        Doubts about the seed.

    Returns
    -------
    located : LocatedInsert
        Centered on the seed.
    """
    return LocatedInsert(
        insert=insert, seed_ras_mm=seed_ras_mm, center_ras_mm=seed_ras_mm, flags=flags
    )


def measure_voi(image: PETImage, located: LocatedInsert, counting: Counting) -> VOIResult:
    """
    Measure one insert at its center.

    Parameters
    ----------
    image : PETImage
        The scan.

    located : LocatedInsert
        The insert and its center.

    counting : {'partial', 'hard'}
        How voxels are weighted, as in `voi_mask`.

    Returns
    -------
    result : VOIResult
        All that `located` says, and the values of the voxels, with their flags.

    Raises
    ------
    VOIOutsideImageError
        If the VOI has no voxel in the image.
    """
    solid = located.solid
    mask = voi_mask(solid, image.geometry, counting=counting)
    statistics = voi_statistics(image, mask)
    peak, peak_at_max = voi_peak(image, mask)
    doubts = {
        Flag.CLIPPED: mask.clipped,
        Flag.NON_FINITE: has_non_finite(image, mask),
        Flag.FEW_VOXELS: statistics.sd is None,
    }
    i, j, k = image.geometry.index_ijk(located.center_ras_mm).tolist()
    known = {field.name: getattr(located, field.name) for field in fields(LocatedInsert)}
    known['flags'] = (*located.flags, *(flag for flag, raised in doubts.items() if raised))
    return VOIResult(
        **known,
        center_ijk=(i, j, k),
        mask=mask,
        statistics=statistics,
        slices=slice_statistics(image, solid, mask),
        peak=peak,
        peak_at_max=peak_at_max,
    )


def flag_overlaps(spheres: Sequence[VOIResult]) -> tuple[VOIResult, ...]:
    """
    Mark the VOIs that share space: two seeds have found the same insert.

    Parameters
    ----------
    spheres : sequence of VOIResult
        Of one image.

    Returns
    -------
    spheres : tuple of VOIResult
        With their flags.
    """
    centers = np.array([sphere.center_ras_mm for sphere in spheres]).reshape(-1, 3)
    radii = np.array([sphere.insert.diameter_mm / 2 for sphere in spheres])
    distance = np.linalg.norm(centers[:, None] - centers, axis=-1)
    overlaps = distance < (radii[:, None] + radii) * (1 - 1e-9)
    np.fill_diagonal(overlaps, val=False)
    return tuple(
        replace(sphere, flags=(*sphere.flags, Flag.SEEDS_OVERLAP)) if row.any() else sphere
        for sphere, row in zip(spheres, overlaps, strict=True)
    )
