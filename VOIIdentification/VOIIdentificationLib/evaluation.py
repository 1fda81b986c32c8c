"""From a measured phantom to the figures of NEMA and EARL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .activity import FillWorksheet, TrueActivity, true_activity
from .background import place_background
from .errors import PhantomError
from .limits import Limits, shipped_limits
from .nema import nema_quality
from .nema_results import NEMAResult
from .progress import Progress, no_progress
from .recovery import CONCENTRATION_UNIT, PeakRule, RecoveryRules, recovery
from .results import AnalysisResult, Seed


@dataclass(frozen=True)
class Evaluation:
    """
    What an evaluation needs besides the measured spheres; all of it may be left out.

    Attributes
    ----------
    worksheet : FillWorksheet or None
        What was filled in.

    activity : TrueActivity or None
        True concentrations that are known without a worksheet.

    limits : tuple of Limits or None
        Standards to compare with; None for those that come with the module.

    background_positions : tuple of Seed
        Where the user wants the background ROIs; none to have them placed.

    peak : {'highest', 'at_max'}
        Which peak RCpeak is made of.
    """

    worksheet: FillWorksheet | None = None
    activity: TrueActivity | None = None
    limits: tuple[Limits, ...] | None = None
    background_positions: tuple[Seed, ...] = ()
    peak: PeakRule = 'highest'


def evaluate(
    result: AnalysisResult, wanted: Evaluation | None = None, progress: Progress = no_progress
) -> AnalysisResult:
    """
    Add image quality and recovery to a result.

    Parameters
    ----------
    result : AnalysisResult
        The measured spheres.

    wanted : Evaluation, optional
        Activity, limits, positions of ROIs.

    progress : callable, optional
        Told how far the work is; may raise `CanceledError`.

    Returns
    -------
    result : AnalysisResult
        The same with `nema`, `recovery`, `worksheet` and `activity`. What
        could not be evaluated is None, and a note says why.

    Raises
    ------
    ActivityError
        If the worksheet makes no sense.
    """
    wanted = wanted or Evaluation()
    activity = true_activity(wanted.worksheet) if wanted.worksheet else wanted.activity
    progress(0.0, 'placing the background ROIs')
    quality, notes = _nema(result, activity, wanted.background_positions)
    progress(0.6, 'measuring recovery')
    rules, why_not = _rules(result, activity, quality, wanted)
    found = None if rules is None else recovery(result.image, result.spheres, rules, activity)
    progress(1.0, 'evaluated')
    return replace(
        result,
        nema=quality,
        recovery=found,
        worksheet=wanted.worksheet,
        activity=activity,
        notes=(*result.notes, *notes, *why_not),
    )


def _nema(
    result: AnalysisResult, activity: TrueActivity | None, positions: Sequence[Seed]
) -> tuple[NEMAResult | None, tuple[str, ...]]:
    solids = [sphere.solid for sphere in result.spheres]
    has_lung = result.phantom.ring_diameter_mm is not None
    try:
        placement = place_background(
            result.image, solids, has_lung=has_lung, positions=tuple(positions)
        )
        return nema_quality(result.image, result.spheres, placement, activity), ()
    except PhantomError as error:
        return None, (f'No image quality after NEMA: {error}',)


def _rules(
    result: AnalysisResult,
    activity: TrueActivity | None,
    quality: NEMAResult | None,
    wanted: Evaluation,
) -> tuple[RecoveryRules | None, tuple[str, ...]]:
    background = _background(result, activity, quality)
    if background is None:
        return None, ('No recovery: the background, which the A50 VOI needs, is unknown.',)
    limits = shipped_limits() if wanted.limits is None else wanted.limits
    relative_to = _fitted_signal(result)
    return RecoveryRules(*background, limits, relative_to, wanted.peak), ()


def _background(
    result: AnalysisResult, activity: TrueActivity | None, quality: NEMAResult | None
) -> tuple[float, str] | None:
    """B of the A50 threshold, and how it was taken."""
    level = quality.background[0] if quality else None
    if level is not None and level.mean is not None and level.mean > 0:
        return level.mean, f'mean of {level.roi_means.size} background ROIs of 37 mm'
    means = [voi.statistics.mean for voi in result.background if voi.statistics.mean is not None]
    if means:
        return sum(means) / len(means), f'mean of {len(means)} background VOIs placed by the user'
    known = activity.background_bqml if activity else None
    if known is not None and result.image.unit == CONCENTRATION_UNIT:
        return known, 'true concentration of the background'
    return None


def _fitted_signal(result: AnalysisResult) -> tuple[float, str] | None:
    """Signal of the largest hot sphere, freed from the blur: what relative recovery refers to."""
    hot = [s for s in result.spheres if s.insert.hot and s.fit is not None and s.fit.accepted]
    largest = max(hot, key=lambda sphere: sphere.insert.diameter_mm, default=None)
    if largest is None or largest.fit is None or not largest.fit.signal:
        return None
    return largest.fit.signal, f'fitted signal of {largest.label}: relative, not a recovery'
