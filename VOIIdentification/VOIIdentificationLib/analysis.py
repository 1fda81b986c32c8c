"""From an image and seeds to everything that is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from .activity.worksheet import FillWorksheet, TrueActivity, true_activity
from .core.flags import Flag
from .core.image import UNKNOWN_UNIT, PETImage
from .core.phantom import Phantom
from .core.progress import Progress, no_progress, part_of
from .core.seed import Seed
from .core.settings import Settings
from .evaluate.standards import evaluate_standards
from .locate.refine import refine_inserts
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
    step = part_of(progress, 0.1, 0.7)
    located, pose = refine_inserts(image, seeding.inserts, phantom, settings, step)
    progress(0.7, 'measuring')
    spheres = _flag_overlaps([measure_voi(image, one, settings.counting) for one in located])
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
        flags=(Flag.UNIT_UNKNOWN,) if image.unit == UNKNOWN_UNIT else (),
        notes=(*image.acquisition.notes, *known.notes, *seeding.notes, *standards.notes),
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
