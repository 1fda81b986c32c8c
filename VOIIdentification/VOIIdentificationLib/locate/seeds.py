"""Which seed is for which insert: by label, by what the image shows, or found without seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..core.errors import SeedError
from ..core.flags import Flag
from ..core.image import PETImage
from ..core.phantom import Insert, Phantom, inserts_by_name
from ..core.seed import Seed
from .detect import detect
from .ring import ring_inserts
from .seed_match import SeedAssignment, assign_seeds

ROI_LABEL = 'BG'
"""Seeds whose labels begin so and go on with a number are the user's background ROIs."""

_MIN_FOR_CHECK = 2
"""Seeds from which the image can tell which spheres they lie on."""

_ALL_WRONG = (
    'No seed lies on the sphere that it is named for: check the labels, and whether the point '
    'file is LPS or RAS.'
)


@dataclass(frozen=True)
class InsertSeed:
    """
    One insert and where to look for it.

    Attributes
    ----------
    insert : Insert
        What is looked for.

    seed : Seed
        Where.

    flags : tuple of Flag
        Doubts about the seed.
    """

    insert: Insert
    seed: Seed
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True)
class Seeding:
    """
    All seeds of an analysis, sorted by what they are for.

    Attributes
    ----------
    inserts : tuple of InsertSeed
        In the phantom's order.

    background : tuple of Seed
        Places of background VOIs.

    rois : tuple of Seed
        Places of background ROIs (NEMA NU 2) that the user has moved.

    notes : tuple of str
        How it was done, where that is not plain.
    """

    inserts: tuple[InsertSeed, ...]
    background: tuple[Seed, ...] = ()
    rois: tuple[Seed, ...] = ()
    notes: tuple[str, ...] = ()


def sort_seeds(image: PETImage, seeds: Sequence[Seed], phantom: Phantom) -> Seeding:
    """
    Give every insert its seed.

    Parameters
    ----------
    image : PETImage
        The scan.

    seeds : sequence of Seed
        Labeled as the inserts, or unlabeled in any order, or none at all.
        Those labeled as the phantom's background (``B0``) and as background
        ROIs (``BG01`` …) are set apart.

    phantom : Phantom
        What was scanned.

    Returns
    -------
    seeding : Seeding
        Labels that the user gave are kept; where the image contradicts them
        the insert is flagged and a note names the seed.

    Raises
    ------
    SeedError
        If the seeds do not fit the phantom or the image.
    """
    _refuse_outside(image, seeds)
    names = inserts_by_name(phantom.used_inserts)
    rest = [seed for seed in seeds if not _is_apart(seed, phantom, names)]
    background = [s for s in seeds if s not in rest and not _is_roi(s)]
    rois = [s for s in seeds if s not in rest and _is_roi(s)]
    inserts = labeled_inserts(rest, phantom)
    if not rest:
        found, notes = _found_without_seeds(image, phantom)
    elif inserts:
        found, notes = _labeled(image, rest, phantom, inserts)
    else:
        found, notes = _unlabeled(image, rest, phantom)
    order = {insert.label: n for n, insert in enumerate(phantom.used_inserts)}
    found.sort(key=lambda one: order[one.insert.label])
    return Seeding(tuple(found), tuple(background), tuple(rois), notes)


def labeled_inserts(seeds: Sequence[Seed], phantom: Phantom) -> tuple[Insert, ...]:
    """
    Read the labels of the seeds, without looking at the image.

    Parameters
    ----------
    seeds : sequence of Seed
        Those of the background are passed over.

    phantom : Phantom
        What was scanned.

    Returns
    -------
    inserts : tuple of Insert
        One for each seed that is not for the background, in their order; empty
        if no label is known, and the image has to tell the inserts apart.

    Raises
    ------
    SeedError
        If a label is used twice, or is unknown beside known ones.
    """
    names = inserts_by_name(phantom.used_inserts)
    rest = [seed for seed in seeds if not _is_apart(seed, phantom, names)]
    if not any(seed.label.casefold() in names for seed in rest):
        return ()
    inserts = [_insert_named(seed, names, phantom) for seed in rest]
    for insert in inserts:
        if inserts.count(insert) > 1:
            msg = f'{inserts.count(insert)} seeds are labeled {insert.label}; keep one of them.'
            raise SeedError(msg)
    return tuple(inserts)


def _is_apart(seed: Seed, phantom: Phantom, names: Mapping[str, Insert]) -> bool:
    """Whether a seed is for the background, e.g. ``B0``, ``B0-2``, ``BG07``."""
    label = seed.label.casefold()
    if label in names:
        return False
    stem = label.split('-')[0].split(' ')[0]
    return stem == phantom.background.label.casefold() or _is_roi(seed)


def _is_roi(seed: Seed) -> bool:
    label = seed.label.upper()
    return label.startswith(ROI_LABEL) and label[len(ROI_LABEL) :].isdigit()


def _found_without_seeds(
    image: PETImage, phantom: Phantom
) -> tuple[list[InsertSeed], tuple[str, ...]]:
    detection = detect(image, phantom)
    found = [
        InsertSeed(insert, Seed(insert.label, detection.centers_ras_mm[insert.label]))
        for insert in ring_inserts(phantom)
    ]
    left_out = [i.label for i in phantom.used_inserts if i.label not in detection.centers_ras_mm]
    notes = [f'The spheres were found without seeds, confidence {detection.confidence:.2f}.']
    if left_out:
        notes.append(f'No seed for {", ".join(left_out)}: not measured.')
    return found, tuple(notes)


def _labeled(
    image: PETImage, seeds: Sequence[Seed], phantom: Phantom, inserts: Sequence[Insert]
) -> tuple[list[InsertSeed], tuple[str, ...]]:
    """By label; the image may add spheres without a seed, and contradict."""
    assignment = _look_at_image(image, seeds, phantom)
    seen = assignment.labels if assignment else tuple(insert.label for insert in inserts)
    found = [
        InsertSeed(insert, seed, _label_doubts(insert, label))
        for insert, seed, label in zip(inserts, seeds, seen, strict=True)
    ]
    agrees = assignment is not None and not any(one.flags for one in found)
    if assignment and agrees:
        found += _predicted(assignment, phantom)
    present = {one.insert for one in found}
    missing = [insert.label for insert in phantom.used_inserts if insert not in present]
    notes = list(assignment.notes) if assignment else []
    if all(one.flags for one in found):
        notes.append(_ALL_WRONG)
    if missing:
        notes.append(f'No seed for {", ".join(missing)}: not measured.')
    return found, tuple(notes)


def _label_doubts(insert: Insert, seen: str) -> tuple[Flag, ...]:
    """What to think of a seed's label, given the sphere that the image has there."""
    if seen == insert.label:
        return ()
    return (Flag.SEED_MISNAMED,) if seen else (Flag.SEED_ASTRAY,)


def _unlabeled(
    image: PETImage, seeds: Sequence[Seed], phantom: Phantom
) -> tuple[list[InsertSeed], tuple[str, ...]]:
    """By what the image shows; by order where it shows no ring."""
    try:
        assignment = assign_seeds(image, seeds, phantom)
    except SeedError as error:
        return _by_order(seeds, phantom, error)
    by_label = {insert.label: insert for insert in phantom.used_inserts}
    found = [
        InsertSeed(by_label[label], seed)
        for label, seed in zip(assignment.labels, seeds, strict=True)
        if label
    ]
    pairs = ', '.join(
        f'{seed.label or n} = {label}'
        for n, (seed, label) in enumerate(zip(seeds, assignment.labels, strict=True), start=1)
        if label
    )
    note = f'The seeds carry no known labels; the image tells them apart: {pairs}.'
    return found + _predicted(assignment, phantom), (note, *assignment.notes)


def _by_order(
    seeds: Sequence[Seed], phantom: Phantom, why: SeedError
) -> tuple[list[InsertSeed], tuple[str, ...]]:
    inserts = phantom.used_inserts
    labels = ', '.join(insert.label for insert in inserts)
    if len(seeds) != len(inserts):
        msg = (
            f'{len(seeds)} seeds without a known label cannot be matched to '
            f'{len(inserts)} inserts ({why}). '
            f'Label the seeds {labels}, or place exactly {len(inserts)} in this order.'
        )
        raise SeedError(msg) from why
    note = f'The seeds carry no known labels and were taken in the order {labels}.'
    pairs = zip(inserts, seeds, strict=True)
    return [InsertSeed(insert, seed) for insert, seed in pairs], (note,)


def _insert_named(seed: Seed, names: Mapping[str, Insert], phantom: Phantom) -> Insert:
    insert = names.get(seed.label.casefold())
    if insert is None:
        known = ', '.join(insert.label for insert in phantom.used_inserts)
        msg = (
            f'no insert of the phantom {phantom.name} is called {seed.label!r}; '
            f'label the seeds {known}.'
        )
        raise SeedError(msg)
    return insert


def _look_at_image(
    image: PETImage, seeds: Sequence[Seed], phantom: Phantom
) -> SeedAssignment | None:
    """What the image says of labeled seeds; None where it has no say."""
    ring = {insert.label for insert in ring_inserts(phantom)}
    if len(seeds) < _MIN_FOR_CHECK or ring != {i.label for i in phantom.used_inserts}:
        return None
    try:
        return assign_seeds(image, seeds, phantom)
    except SeedError:
        return None


def _predicted(assignment: SeedAssignment, phantom: Phantom) -> list[InsertSeed]:
    """Spheres without a seed, where the others say they must be."""
    by_label = {insert.label: insert for insert in phantom.used_inserts}
    return [
        InsertSeed(by_label[seed.label], seed, (Flag.PREDICTED,))
        for seed in assignment.predicted
        if seed.label in by_label
    ]


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
