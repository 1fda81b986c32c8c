"""What an analysis found: facts that `analysis` fills and everything that shows them reads."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .activity.worksheet import FillWorksheet, TrueActivity
from .core.flags import Flag
from .core.geometry import FloatArray
from .core.image import PETImage
from .core.phantom import Insert, Phantom
from .core.settings import Settings
from .evaluate.nema_results import NEMAResult
from .evaluate.recovery_results import RecoveryResult
from .measure.voi_mask import Solid, VOIMask
from .sphere_fit.fit_results import BodyPose, SphereFit
from .suv.scale import SUVScale

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Seed:
    """
    A point that somebody placed.

    Attributes
    ----------
    label : str
        Name of the insert it is meant for; may be empty.

    position_ras_mm : tuple of float
        Position ``(r, a, s)``, in millimeter.
    """

    label: str
    position_ras_mm: Point


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


@dataclass(frozen=True, eq=False)
class AnalysisResult:
    """
    Everything that one analysis found.

    Attributes
    ----------
    image : PETImage
        What was measured.

    phantom : Phantom
        What was looked for.

    settings : Settings
        How.

    spheres : tuple of VOIResult
        The inserts that had a seed, in the phantom's order.

    background : tuple of VOIResult
        The background VOIs, one a background seed; not refined.

    flags : tuple of Flag
        Doubts about the whole analysis.

    notes : tuple of str
        Sentences for the user: how seeds were matched, what was left out.

    analyzed_at : str
        ISO 8601, local time.

    pose : BodyPose or None
        The spheres as one body; None if they are too few or not on a ring.

    nema : NEMAResult or None
        Image quality after NEMA NU 2; None if it was not evaluated.

    recovery : RecoveryResult or None
        Recovery coefficients; None if they were not evaluated.

    worksheet : FillWorksheet or None
        What was filled in; None if it is unknown.

    activity : TrueActivity or None
        The true concentrations that follow from it, or that were given.

    suv : SUVScale or None
        How the image's values become SUV; None if the header does not say.
    """

    image: PETImage
    phantom: Phantom
    settings: Settings
    spheres: tuple[VOIResult, ...]
    background: tuple[VOIResult, ...] = ()
    flags: tuple[Flag, ...] = ()
    notes: tuple[str, ...] = ()
    analyzed_at: str = field(default='')
    pose: BodyPose | None = None
    nema: NEMAResult | None = None
    recovery: RecoveryResult | None = None
    worksheet: FillWorksheet | None = None
    activity: TrueActivity | None = None
    suv: SUVScale | None = None
