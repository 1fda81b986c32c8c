"""What an analysis found: facts that `analysis` fills and everything that shows them reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .activity.worksheet import FillWorksheet, TrueActivity
from .core.flags import Flag
from .core.image import PETImage
from .core.phantom import Phantom
from .core.settings import Settings
from .evaluate.background import PooledBackground
from .evaluate.baseline import Baseline
from .evaluate.calibration import Calibration
from .evaluate.judgement import NOTHING_CHOSEN, OverallVerdict
from .evaluate.nema import NEMAResult
from .evaluate.noise_figures import NoiseFigures
from .evaluate.recovery import RecoveryResult
from .evaluate.uniform_cylinder import CylinderResult
from .locate.ring import RingPose
from .locate.shared import SharedGeometry
from .measure.voi import VOIResult
from .suv.scale import SUVScale

if TYPE_CHECKING:
    import pandas as pd


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

    pooled_background : PooledBackground or None
        The background VOIs as one; None without any.

    flags : tuple of Flag
        Doubts about the whole analysis.

    notes : tuple of str
        Sentences for the user: how seeds were matched, what was left out.

    analyzed_at : str
        ISO 8601, local time.

    pose : RingPose or None
        The spheres as one ring; None if they are too few or not on a ring.

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

    contradictions : tuple of str
        Where worksheet, header and image contradict each other; nothing is
        judged then.

    noise : NoiseFigures or None
        Noise of the background under other names than N; None without NEMA's.

    calibration : Calibration or None
        The measured background over the true one; None where one is unknown.

    doubt : str
        Why nothing may be judged; empty if nothing is known against it.

    baseline : Baseline or None
        An earlier result of the same scanner; None if none was given.

    verdict : OverallVerdict
        What the limits say that the user chose.

    cylinder : CylinderResult or None
        The uniform cylinder, if the phantom is one; there are no spheres then.

    shared : SharedGeometry or None
        Centers of another image that were used; None if they were found on this one.
    """

    image: PETImage
    phantom: Phantom
    settings: Settings
    spheres: tuple[VOIResult, ...]
    background: tuple[VOIResult, ...] = ()
    pooled_background: PooledBackground | None = None
    flags: tuple[Flag, ...] = ()
    notes: tuple[str, ...] = ()
    analyzed_at: str = field(default='')
    pose: RingPose | None = None
    nema: NEMAResult | None = None
    recovery: RecoveryResult | None = None
    worksheet: FillWorksheet | None = None
    activity: TrueActivity | None = None
    suv: SUVScale | None = None
    contradictions: tuple[str, ...] = ()
    noise: NoiseFigures | None = None
    calibration: Calibration | None = None
    doubt: str = ''
    baseline: Baseline | None = None
    verdict: OverallVerdict = NOTHING_CHOSEN
    cylinder: CylinderResult | None = None
    shared: SharedGeometry | None = None

    def to_frames(self) -> dict[str, pd.DataFrame]:
        """
        Every table for notebooks and the console, as pandas data frames.

        Returns
        -------
        frames : dict of str to pandas.DataFrame
            By the key of the table, e.g. ``'spheres'`` or ``'recovery'``; one
            line a sphere, ROI or slice, columns named by their keys. Titles
            with units and definitions are in ``frame.attrs``.

        Raises
        ------
        ModuleNotFoundError
            If pandas is not installed; nothing else needs it.
        """
        # The one look upward: who holds a result in a console asks it, not a module.
        from .report.formats import result_tables

        return {table.key: table.frame() for table in result_tables(self)}

    @property
    def vois(self) -> tuple[VOIResult, ...]:
        """The spheres, then the background; the VOI of a uniform cylinder."""
        cylinder = () if self.cylinder is None else (self.cylinder.voi,)
        return (*self.spheres, *self.background, *cylinder)
