"""What is known of one insert once it is measured: facts that `analysis` fills and others read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..core.flags import Flag
from ..core.geometry import FloatArray
from ..core.phantom import Insert
from ..core.seed import Point
from .voi_mask import Solid, VOIMask


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


@dataclass(frozen=True, kw_only=True)
class VOIStatistics:
    """
    Values of the voxels of one VOI. None where there is nothing to say.

    Attributes
    ----------
    voxel_count : int
        Voxels with any part inside.

    volume_ml : float
        Sum of the weights times the volume of a voxel.

    mean, sd, variance : float or None
        Weighted by the part of each voxel inside, over the whole weight
        (no ``ddof``), as the original script's variance.

    max, min : float or None
        Over the voxels at least half inside.

    percentile_5, percentile_25, median, percentile_75, percentile_95 : float or None
        Of the weighted distribution of the same voxels.

    voxel_cov : float or None
        SD over mean, no unit. Never called N_j.
    """

    voxel_count: int
    volume_ml: float
    mean: float | None = None
    sd: float | None = None
    variance: float | None = None
    max: float | None = None
    min: float | None = None
    percentile_5: float | None = None
    percentile_25: float | None = None
    median: float | None = None
    percentile_75: float | None = None
    percentile_95: float | None = None
    voxel_cov: float | None = None


@dataclass(frozen=True)
class SliceStatistics:
    """
    Values of one VOI in one slice.

    Attributes
    ----------
    slice_k : int
        Index of the slice, from 0.

    radius_mm : float
        Radius of the circle in which the middle of the slice cuts the VOI.

    mean, max : float or None
        As in `VOIStatistics`, in this slice.

    voxel_count : int
        Voxels of this slice with any part inside.

    area_mm2 : float
        Sum of the weights in this slice times the area of a voxel.
    """

    slice_k: int
    radius_mm: float
    mean: float | None
    max: float | None
    voxel_count: int
    area_mm2: float


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


@dataclass(frozen=True, eq=False)
class VOIResult:
    """
    One insert, found and measured.

    Attributes
    ----------
    insert : Insert
        What it is.

    seed_ras_mm : tuple of float
        Where the user put the seed.

    center_ras_mm, center_ijk : tuple of float
        The refined center, in millimeter and as a (fractional) index.

    solid : Sphere or Cylinder
        The VOI at the refined center.

    mask : VOIMask
        Its voxels.

    statistics : VOIStatistics
        Their values.

    slices : tuple of SliceStatistics
        The same per slice, lowest k first.

    peak, peak_at_max : float or None
        Highest mean in 1 cm3 moved over the VOI; the mean in 1 cm3 at the maximum voxel.

    search : SearchTable or None
        Every candidate; None if the seed was not refined.

    flags : tuple of Flag
        Reasons for doubt.

    fit : SphereFit or None
        The model fit with its uncertainties; None if there was none.

    deviation_mm : float or None
        Distance from the place that the other spheres give it; None if unknown.
    """

    insert: Insert
    seed_ras_mm: Point
    center_ras_mm: Point
    center_ijk: Point
    solid: Solid
    mask: VOIMask
    statistics: VOIStatistics
    slices: tuple[SliceStatistics, ...]
    peak: float | None = None
    peak_at_max: float | None = None
    search: SearchTable | None = None
    flags: tuple[Flag, ...] = ()
    fit: SphereFit | None = None
    deviation_mm: float | None = None

    @property
    def label(self) -> str:
        """The label of the insert."""
        return self.insert.label

    @property
    def shift_mm(self) -> float:
        """Distance from the seed to the refined center, in millimeter."""
        return float(np.linalg.norm(np.subtract(self.center_ras_mm, self.seed_ras_mm)))
