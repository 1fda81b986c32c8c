"""From an image and seeds to everything that is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from .center import RefinedCenter, refine_center
from .errors import SeedError
from .flags import Flag
from .image import UNKNOWN_UNIT, PETImage
from .peak import voi_peak
from .phantom import Insert, Phantom
from .progress import Progress, no_progress
from .results import AnalysisResult, Seed, VOIResult
from .settings import Settings
from .sphere import Solid, insert_solid, voi_mask
from .statistics import has_non_finite, slice_statistics, voi_statistics


def analyze(
    image: PETImage,
    seeds: Sequence[Seed],
    phantom: Phantom,
    settings: Settings | None = None,
    progress: Progress = no_progress,
) -> AnalysisResult:
    """
    Find and measure the inserts that have a seed.

    Parameters
    ----------
    image : PETImage
        The scan of the phantom.

    seeds : sequence of Seed
        One near the center of each insert, labeled as the insert, or as many
        unlabeled ones as the phantom has inserts, in its order. Seeds that
        carry the label of the phantom's background are measured where they are.

    phantom : Phantom
        What was scanned.

    settings : Settings, optional
        How it is measured.

    progress : callable, optional
        Told after each insert; may raise `CanceledError`.

    Returns
    -------
    result : AnalysisResult
        The inserts in the phantom's order.

    Raises
    ------
    SeedError
        If the seeds do not fit the phantom or lie outside the image.
    VOIOutsideImageError
        If a VOI has no voxel in the image.
    """
    settings = settings or Settings()
    sphere_seeds, background_seeds = _split_background(seeds, phantom)
    matched, notes = match_seeds(sphere_seeds, phantom)
    solids = [insert_solid(insert, seed.position_ras_mm) for insert, seed in matched]
    _refuse_outside(image, [*sphere_seeds, *background_seeds])
    spheres = []
    for n, (insert, seed) in enumerate(matched):
        progress(n / len(matched), f'measuring {insert.label}')
        others = solids[:n] + solids[n + 1 :]
        refined = _refine(image, insert, solids[n], others, settings)
        spheres.append(_measure(image, insert, seed, refined, settings))
    background = tuple(
        _measure(
            image, phantom.background, seed, RefinedCenter(seed.position_ras_mm, None), settings
        )
        for seed in background_seeds
    )
    progress(1.0, 'measured')
    return AnalysisResult(
        image=image,
        phantom=phantom,
        settings=settings,
        spheres=_flag_overlaps(spheres),
        background=background,
        flags=(Flag.UNIT_UNKNOWN,) if image.unit == UNKNOWN_UNIT else (),
        notes=(*image.acquisition.notes, *notes),
        analyzed_at=datetime.now().astimezone().isoformat(timespec='seconds'),
    )


def match_seeds(
    seeds: Sequence[Seed], phantom: Phantom
) -> tuple[list[tuple[Insert, Seed]], tuple[str, ...]]:
    """
    Give each seed its insert: by label, or by order where no label fits.

    Parameters
    ----------
    seeds : sequence of Seed
        The seeds, without those of the background.

    phantom : Phantom
        Whose used inserts are looked for.

    Returns
    -------
    matched : list of tuple
        Insert and seed, in the phantom's order.

    notes : tuple of str
        How it was done, where that is not plain.

    Raises
    ------
    SeedError
        If a label is unknown or used twice, or the number does not fit.
    """
    inserts = phantom.used_inserts
    by_name = {
        name.casefold(): insert for insert in inserts for name in (insert.label, *insert.aliases)
    }
    found = [by_name.get(seed.label.casefold()) for seed in seeds]
    if not any(found):
        return _match_by_order(seeds, inserts)
    for seed, insert in zip(seeds, found, strict=True):
        if insert is None:
            msg = (
                f'no insert of the phantom {phantom.name} is called {seed.label!r}; '
                f'label the seeds {", ".join(i.label for i in inserts)}.'
            )
            raise SeedError(msg)
        if found.count(insert) > 1:
            msg = f'{found.count(insert)} seeds are labeled {insert.label}; keep one of them.'
            raise SeedError(msg)
    pairs = {insert: seed for insert, seed in zip(found, seeds, strict=True) if insert}
    missing = [insert.label for insert in inserts if insert not in pairs]
    notes = (f'No seed for {", ".join(missing)}: not measured.',) if missing else ()
    return [(insert, pairs[insert]) for insert in inserts if insert in pairs], notes


def _match_by_order(
    seeds: Sequence[Seed], inserts: Sequence[Insert]
) -> tuple[list[tuple[Insert, Seed]], tuple[str, ...]]:
    labels = ', '.join(insert.label for insert in inserts)
    if len(seeds) != len(inserts):
        msg = (
            f'{len(seeds)} seeds without a known label cannot be matched to '
            f'{len(inserts)} inserts. '
            f'Label the seeds {labels}, or place exactly {len(inserts)} in this order.'
        )
        raise SeedError(msg)
    note = f'The seeds carry no known labels and were taken in the order {labels}.'
    return list(zip(inserts, seeds, strict=True)), (note,)


def _split_background(seeds: Sequence[Seed], phantom: Phantom) -> tuple[list[Seed], list[Seed]]:
    """Seeds of inserts, and those labeled as background (``B0``, ``B0-2`` …)."""
    name = phantom.background.label.casefold()
    names = {insert.label.casefold() for insert in phantom.used_inserts}

    def is_background(seed: Seed) -> bool:
        label = seed.label.casefold()
        return label not in names and label.split('-')[0].split(' ')[0] == name

    return (
        [seed for seed in seeds if not is_background(seed)],
        [seed for seed in seeds if is_background(seed)],
    )


def _refuse_outside(image: PETImage, seeds: Sequence[Seed]) -> None:
    for seed in seeds:
        index = image.geometry.index_ijk(seed.position_ras_mm)
        if np.any(index < -0.5) or np.any(index > image.geometry.size_ijk - 0.5):
            r, a, s = seed.position_ras_mm
            i, j, k = image.geometry.size_ijk
            msg = (
                f'the seed {seed.label or "without label"} at RAS ({r:.1f}, {a:.1f}, {s:.1f}) mm '
                f'lies outside the image of {i} x {j} x {k} voxels, at IJK '
                f'({index[0]:.1f}, {index[1]:.1f}, {index[2]:.1f}). Move it into the image, or '
                'load the series it was placed on; a point file may also be LPS instead of RAS.'
            )
            raise SeedError(msg)


def _refine(
    image: PETImage, insert: Insert, solid: Solid, others: Sequence[Solid], settings: Settings
) -> RefinedCenter:
    if settings.refinement == 'none':
        return RefinedCenter(solid.center_ras_mm, None)
    return refine_center(image, solid, settings, others=others, hot=insert.hot)


def _measure(
    image: PETImage, insert: Insert, seed: Seed, refined: RefinedCenter, settings: Settings
) -> VOIResult:
    solid = insert_solid(insert, refined.position_ras_mm)
    mask = voi_mask(solid, image.geometry, counting=settings.counting)
    statistics = voi_statistics(image, mask)
    peak = voi_peak(image, mask)
    flags = list(refined.flags)
    if mask.clipped:
        flags.append(Flag.CLIPPED)
    if has_non_finite(image, mask):
        flags.append(Flag.NON_FINITE)
    if statistics.sd is None:
        flags.append(Flag.FEW_VOXELS)
    i, j, k = image.geometry.index_ijk(refined.position_ras_mm)
    return VOIResult(
        insert=insert,
        seed_ras_mm=seed.position_ras_mm,
        center_ras_mm=refined.position_ras_mm,
        center_ijk=(float(i), float(j), float(k)),
        solid=solid,
        mask=mask,
        statistics=statistics,
        slices=slice_statistics(image, solid, mask),
        peak=peak.highest,
        peak_at_max=peak.at_max,
        search=refined.search,
        flags=tuple(flags),
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
