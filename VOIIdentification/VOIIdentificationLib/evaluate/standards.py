"""What the standards ask of measured spheres: NEMA NU 2 and recovery, where they can be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..activity.worksheet import TrueActivity
from ..core.errors import PhantomError
from ..core.image import PETImage
from ..core.phantom import Phantom
from ..core.seed import Seed
from ..locate.ring import ring_inserts
from ..measure.voi import VOIResult
from .background import PooledBackground, pooled_background
from .limits import shipped_limits
from .nema import NEMAResult, nema_quality
from .recovery import CONCENTRATION_UNIT, A50Background, RecoveryResult, recovery
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

    pooled_background : PooledBackground or None
        The background VOIs as one.

    notes : tuple of str
        Why something is missing.
    """

    nema: NEMAResult | None = None
    recovery: RecoveryResult | None = None
    pooled_background: PooledBackground | None = None
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
    pooled = pooled_background(background)
    level = _a50_background(nema, pooled) or _true_background(image, activity)
    if level is None:
        return Standards(nema, None, pooled, (*notes, 'No background was measured: no recovery.'))
    found = recovery(image, spheres, level, limits=shipped_limits(), truth=activity)
    return Standards(nema, found, pooled, notes)


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


def _a50_background(
    nema: NEMAResult | None, pooled: PooledBackground | None
) -> A50Background | None:
    """B as it was measured: the user's own VOIs come first."""
    if pooled is not None and pooled.mean is not None:
        return pooled.mean, 'mean of the background VOIs'
    if nema is None or not nema.background or nema.background[0].mean is None:
        return None
    level = nema.background[0]
    rule = f'mean of the {level.roi_count} background ROIs of {level.diameter_mm:g} mm'
    return nema.background[0].mean, rule


def _true_background(image: PETImage, activity: TrueActivity | None) -> A50Background | None:
    """B where nothing was measured: what was filled in."""
    known = activity.background_bqml if activity is not None else None
    if known is None or image.unit != CONCENTRATION_UNIT:
        return None
    return known, 'true concentration of the background'
