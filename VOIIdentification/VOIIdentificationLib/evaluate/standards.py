"""What the standards ask of measured spheres: NEMA NU 2 and recovery, where they can be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..activity.worksheet import TrueActivity
from ..core.errors import PhantomError
from ..core.image import PETImage
from ..core.phantom import Phantom
from ..core.seed import Seed
from ..locate.ring import ring_inserts
from ..measure.voi import VOIResult
from .limits import shipped_limits
from .nema import NEMAResult, nema_quality
from .recovery import CONCENTRATION_UNIT, RecoveryResult, RecoveryRules, recovery
from .roi_placement import place_background


@dataclass(frozen=True, eq=False)
class Standards:
    """
    What was evaluated after measuring. None where it could not be.

    Attributes
    ----------
    nema : NEMAResult or None
        Image quality after NEMA NU 2.

    recovery : RecoveryResult or None
        Recovery coefficients.

    notes : tuple of str
        Why something is missing.
    """

    nema: NEMAResult | None = None
    recovery: RecoveryResult | None = None
    notes: tuple[str, ...] = ()


def evaluate_standards(
    image: PETImage,
    phantom: Phantom,
    spheres: Sequence[VOIResult],
    background: Sequence[VOIResult],
    *,
    rois: Sequence[Seed] = (),
    activity: TrueActivity | None = None,
) -> Standards:
    """
    Evaluate NEMA NU 2 image quality and recovery.

    Parameters
    ----------
    image : PETImage
        The scan.

    phantom : Phantom
        What was scanned. NEMA NU 2 is evaluated if its spheres stand on a ring.

    spheres, background : sequence of VOIResult
        What was measured.

    rois : sequence of Seed, optional
        Where the user wants the background ROIs.

    activity : TrueActivity, optional
        The true concentrations; without them contrast and verdicts stay empty.

    Returns
    -------
    standards : Standards
        What could be evaluated, and why the rest could not.
    """
    nema, notes = _nema(image, phantom, spheres, rois, activity)
    level = _background_level(nema, background) or _true_background(image, activity)
    if level is None:
        return Standards(nema, None, (*notes, 'No background was measured: no recovery.'))
    rules = RecoveryRules(*level, limits=shipped_limits())
    return Standards(nema, recovery(image, spheres, rules, activity), notes)


def _nema(
    image: PETImage,
    phantom: Phantom,
    spheres: Sequence[VOIResult],
    rois: Sequence[Seed],
    activity: TrueActivity | None,
) -> tuple[NEMAResult | None, tuple[str, ...]]:
    on_ring = {insert.label for insert in ring_inserts(phantom)}
    if not on_ring & {sphere.label for sphere in spheres}:
        return None, ()
    try:
        placement = place_background(image, [s.solid for s in spheres], positions=rois)
        return nema_quality(image, spheres, placement, activity), ()
    except PhantomError as error:
        return None, (f'NEMA NU 2 image quality was not evaluated: {error}',)


def _background_level(
    nema: NEMAResult | None, background: Sequence[VOIResult]
) -> tuple[float, str] | None:
    """B of the A50 threshold, and where it is from: the user's own VOIs come first."""
    means = [voi.statistics.mean for voi in background if voi.statistics.mean is not None]
    if means:
        volumes = [
            voi.statistics.volume_ml for voi in background if voi.statistics.mean is not None
        ]
        return float(np.average(means, weights=volumes)), 'mean of the background VOIs'
    if nema is not None and nema.background and nema.background[0].mean is not None:
        level = nema.background[0]
        count = int(np.isfinite(level.roi_means).sum())
        rule = f'mean of the {count} background ROIs of {level.diameter_mm:g} mm'
        return float(nema.background[0].mean), rule
    return None


def _true_background(image: PETImage, activity: TrueActivity | None) -> tuple[float, str] | None:
    """B where nothing was measured: what was filled in."""
    known = activity.background_bqml if activity is not None else None
    if known is None or image.unit != CONCENTRATION_UNIT:
        return None
    return known, 'true concentration of the background'
