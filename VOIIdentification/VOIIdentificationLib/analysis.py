"""From an image and seeds to everything that is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from .activity.worksheet import FillWorksheet, TrueActivity, true_activity
from .core.flags import Flag
from .core.image import UNKNOWN_UNIT, PETImage
from .core.phantom import Insert, Phantom
from .core.progress import Progress, no_progress, part_of
from .core.seed import Seed
from .core.settings import Settings
from .evaluate.standards import evaluate_standards
from .locate.refine import LocatedSphere, locate_spheres
from .locate.ring import RingPose
from .locate.search import RefinedCenter, refine_center
from .locate.seeds import InsertSeed, sort_seeds
from .measure.peak import voi_peak
from .measure.statistics import has_non_finite, slice_statistics, voi_statistics
from .measure.voi import VOIResult
from .measure.voi_mask import Solid, Sphere, insert_solid, voi_mask
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
    refined, pose = _find_centers(image, seeding.inserts, phantom, settings, progress)
    progress(0.7, 'measuring')
    spheres = _flag_overlaps(
        [
            _measure(image, one.insert, one.seed, center, settings)
            for one, center in zip(seeding.inserts, refined, strict=True)
        ]
    )
    background = tuple(
        _measure(image, named, seed, _Center(seed.position_ras_mm), settings)
        for named, seed in _named_backgrounds(phantom, seeding.background)
    )
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


@dataclass(frozen=True, eq=False)
class _Center(RefinedCenter):
    """Where an insert was found, by search and fit."""

    located: LocatedSphere | None = None


def _find_centers(
    image: PETImage,
    seeds: Sequence[InsertSeed],
    phantom: Phantom,
    settings: Settings,
    progress: Progress,
) -> tuple[list[_Center], RingPose | None]:
    """Search round each seed, then fit all spheres together."""
    solids = [insert_solid(one.insert, one.seed.position_ras_mm) for one in seeds]
    searched = []
    step = part_of(progress, 0.1, 0.5)
    for n, one in enumerate(seeds):
        step(n / len(seeds), f'searching {one.insert.label}')
        others = solids[:n] + solids[n + 1 :]
        found = _search(image, one.insert, solids[n], others, settings)
        searched.append(replace(found, flags=(*found.flags, *one.flags)))
    if settings.refinement != 'fit':
        return searched, None
    progress(0.5, 'fitting the spheres')
    return _fit(image, seeds, searched, phantom)


def _search(
    image: PETImage, insert: Insert, solid: Solid, others: Sequence[Solid], settings: Settings
) -> _Center:
    if settings.refinement == 'none':
        return _Center(solid.center_ras_mm)
    found = refine_center(image, solid, settings, others=others, hot=insert.hot)
    return _Center(found.position_ras_mm, found.search, found.flags)


def _fit(
    image: PETImage, seeds: Sequence[InsertSeed], searched: list[_Center], phantom: Phantom
) -> tuple[list[_Center], RingPose | None]:
    """Replace the centers of spheres by the fitted ones; cylinders keep the search's."""
    starts = []
    for one, center in zip(seeds, searched, strict=True):
        solid = insert_solid(one.insert, center.position_ras_mm)
        if isinstance(solid, Sphere):
            starts.append(solid)
    located, pose = locate_spheres(image, starts, phantom)
    by_label = {sphere.label: sphere for sphere in located}
    centers = []
    for one, center in zip(seeds, searched, strict=True):
        sphere = by_label.get(one.insert.label)
        if sphere is None:
            centers.append(center)
            continue
        flags = (*center.flags, *sphere.flags)
        centers.append(_Center(sphere.center_ras_mm, center.search, flags, sphere))
    return centers, pose


def _measure(
    image: PETImage, insert: Insert, seed: Seed, center: _Center, settings: Settings
) -> VOIResult:
    solid = insert_solid(insert, center.position_ras_mm)
    mask = voi_mask(solid, image.geometry, counting=settings.counting)
    statistics = voi_statistics(image, mask)
    peak = voi_peak(image, mask)
    flags = list(center.flags)
    moved_mm = float(np.linalg.norm(np.subtract(center.position_ras_mm, seed.position_ras_mm)))
    if moved_mm > settings.search_limit_mm and Flag.SEARCH_AT_LIMIT not in flags:
        flags.append(Flag.SEARCH_AT_LIMIT)
    if mask.clipped:
        flags.append(Flag.CLIPPED)
    if has_non_finite(image, mask):
        flags.append(Flag.NON_FINITE)
    if statistics.sd is None:
        flags.append(Flag.FEW_VOXELS)
    i, j, k = image.geometry.index_ijk(center.position_ras_mm)
    return VOIResult(
        insert=insert,
        seed_ras_mm=seed.position_ras_mm,
        center_ras_mm=center.position_ras_mm,
        center_ijk=(float(i), float(j), float(k)),
        solid=solid,
        mask=mask,
        statistics=statistics,
        slices=slice_statistics(image, solid, mask),
        peak=peak.highest,
        peak_at_max=peak.at_max,
        search=center.search,
        flags=tuple(flags),
        fit=center.located.fit if center.located else None,
        deviation_mm=center.located.deviation_mm if center.located else None,
    )


def _named_backgrounds(phantom: Phantom, seeds: Sequence[Seed]) -> list[tuple[Insert, Seed]]:
    """The background VOI of each seed, under the seed's own label."""
    return [(replace(phantom.background, label=seed.label), seed) for seed in seeds]


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
