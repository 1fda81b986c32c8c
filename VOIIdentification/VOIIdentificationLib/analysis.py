"""From an image and seeds to everything that is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

import numpy as np

from .activity.worksheet import FillWorksheet, TrueActivity, true_activity
from .core.errors import PhantomError, Progress, no_progress, part_of
from .core.flags import Flag
from .core.image import UNKNOWN_UNIT, PETImage
from .core.phantom import Phantom, Seed
from .core.settings import Settings
from .evaluate.background import PooledBackground, pooled_background
from .evaluate.limits import shipped_limits
from .evaluate.nema import NEMAResult, nema_quality
from .evaluate.recovery import CONCENTRATION_UNIT, A50Background, RecoveryResult, recovery
from .evaluate.roi_placement import place_background
from .locate.check import check_inserts
from .locate.refine import refine_inserts
from .locate.ring import ring_inserts
from .locate.seeds import sort_seeds
from .measure.voi import VOIResult, measure_voi
from .results import AnalysisResult
from .suv.scale import SUVScale


@dataclass(frozen=True, eq=False)
class Known:
    """
    What is known besides the image.

    Attributes
    ----------
    worksheet : FillWorksheet or None
        How the phantom was filled; gives `activity` if that is not given.

    activity : TrueActivity or None
        The true concentrations at the image's reference time.

    suv : SUVScale or None
        How the values become SUV, as the header says.

    notes : tuple of str
        Why something is not known, for the user.
    """

    worksheet: FillWorksheet | None = None
    activity: TrueActivity | None = None
    suv: SUVScale | None = None
    notes: tuple[str, ...] = ()


class Standards(NamedTuple):
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


def analyze(
    image: PETImage,
    seeds: Sequence[Seed],
    phantom: Phantom,
    settings: Settings | None = None,
    progress: Progress = no_progress,
    *,
    known: Known | None = None,
) -> AnalysisResult:
    """
    Find and measure the inserts of a phantom.

    Parameters
    ----------
    image : PETImage
        The scan of the phantom.

    seeds : sequence of Seed
        One near the center of each insert, labeled as the insert, or without
        labels in any order; two or three are enough for a ring of spheres, and
        none if it is to be found. Seeds that carry the label of the phantom's
        background are measured where they are; those labeled ``BG01`` … are
        the background ROIs of NEMA NU 2, where the user wants them.

    phantom : Phantom
        What was scanned.

    settings : Settings, optional
        How it is measured.

    progress : callable, optional
        Told before each step; may raise `CanceledError`.

    known : Known, optional
        The true activity, and the SUV of the header.

    Returns
    -------
    result : AnalysisResult
        The inserts in the phantom's order.

    Raises
    ------
    SeedError
        If the seeds do not fit the phantom or lie outside the image, or the
        phantom is not found without them.
    VOIOutsideImageError
        If a VOI has no voxel in the image.
    """
    settings, known = settings or Settings(), known or Known()
    activity = known.activity
    if activity is None and known.worksheet is not None:
        activity = true_activity(known.worksheet)
    progress(0.0, 'sorting the seeds' if seeds else 'looking for the spheres')
    seeding = sort_seeds(image, seeds, phantom)
    phantom = seeding.phantom
    step = part_of(progress, 0.1, 0.7)
    located, pose = refine_inserts(image, seeding.inserts, phantom, settings, step)
    progress(0.7, 'measuring')
    checked = check_inserts(image, located, phantom, pose)
    notes = (*image.acquisition.notes, *known.notes, *seeding.notes, *checked.notes)
    spheres = _flag_overlaps([measure_voi(image, o, settings.counting) for o in checked.inserts])
    background = tuple(measure_voi(image, one, settings.counting) for one in seeding.background)
    progress(0.8, 'evaluating the standards')
    standards = evaluate_standards(
        image, phantom, spheres, background, rois=seeding.rois, activity=activity
    )
    progress(1.0, 'measured')
    return AnalysisResult(
        image=image,
        phantom=phantom,
        settings=settings,
        spheres=spheres,
        background=background,
        pooled_background=standards.pooled_background,
        flags=((Flag.UNIT_UNKNOWN,) if image.unit == UNKNOWN_UNIT else ()) + checked.flags,
        notes=(*notes, *standards.notes),
        analyzed_at=datetime.now().astimezone().isoformat(timespec='seconds'),
        pose=pose,
        nema=standards.nema,
        recovery=standards.recovery,
        worksheet=known.worksheet,
        activity=activity,
        suv=known.suv,
    )


def _flag_overlaps(spheres: Sequence[VOIResult]) -> tuple[VOIResult, ...]:
    """Mark the VOIs that share space: two seeds have found the same insert."""
    centers = np.array([sphere.center_ras_mm for sphere in spheres]).reshape(-1, 3)
    radii = np.array([sphere.insert.diameter_mm / 2 for sphere in spheres])
    distance = np.linalg.norm(centers[:, None] - centers, axis=-1)
    overlaps = distance < (radii[:, None] + radii) * (1 - 1e-9)
    np.fill_diagonal(overlaps, val=False)
    return tuple(
        replace(sphere, flags=(*sphere.flags, Flag.SEEDS_OVERLAP)) if row.any() else sphere
        for sphere, row in zip(spheres, overlaps, strict=True)
    )


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
