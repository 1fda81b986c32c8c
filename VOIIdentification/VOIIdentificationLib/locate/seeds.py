"""Which seed is for which insert: by label, by what the image shows, or found without seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..core.errors import SeedError
from ..core.flags import Flag
from ..core.geometry import FloatArray, Point
from ..core.image import PETImage
from ..core.phantom import Insert, Phantom, Seed, inserts_by_name
from ..core.sentence import sentence_of, sentences
from ..measure.voi import LocatedInsert, seeded
from .check import require_inside
from .detect import FoundRing, detect, find_ring
from .ring import ring_inserts
from .ring_search import NEAR_SEED_MM

_ = sentences(__name__)

_MIN_TO_PREDICT = 2
"""Labeled seeds from which the spheres without one are found too: one may be all that is wanted."""

ROI_LABEL = 'BG'
"""Seeds whose labels begin so and go on with a number are the user's background ROIs."""

_ALL_WRONG = _(
    'No seed lies on the sphere that it is named for: check labels, and whether LPS or RAS.'
)

_Found = tuple[list[LocatedInsert], list[str], Phantom]
"""Inserts at their seeds, what is said about it, and the phantom as the image shows it."""


class Seeding(NamedTuple):
    """
    All seeds of an analysis, sorted by what they are for.

    Attributes
    ----------
    inserts : tuple of LocatedInsert
        At their seeds, in the phantom's order.

    phantom : Phantom
        With the ring angles and fillings that the image shows.

    background : tuple of LocatedInsert
        The background VOI at each of its seeds, under the seed's own label.

    rois : tuple of Seed
        Places of background ROIs (NEMA NU 2) that the user has moved.

    notes : tuple of str
        How it was done, where that is not plain.
    """

    inserts: tuple[LocatedInsert, ...]
    phantom: Phantom
    background: tuple[LocatedInsert, ...] = ()
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
    require_inside(image.geometry, seeds)
    apart = background_seeds(seeds, phantom)
    rest = [seed for seed in seeds if seed not in apart]
    inserts = labeled_inserts(rest, phantom)
    if not rest:
        found, notes, seen = _found_without_seeds(image, phantom)
    elif inserts:
        found, notes, seen = _labeled(image, rest, phantom, inserts)
    else:
        found, notes, seen = _unlabeled(image, rest, phantom)
    order = {insert.label: n for n, insert in enumerate(phantom.used_inserts)}
    return Seeding(
        inserts=tuple(sorted(found, key=lambda one: order[one.label])),
        phantom=seen,
        background=tuple(
            seeded(replace(phantom.background, label=seed.label), seed.position_ras_mm)
            for seed in apart
            if not _is_roi(seed)
        ),
        rois=tuple(seed for seed in apart if _is_roi(seed)),
        notes=tuple(notes),
    )


def background_seeds(seeds: Sequence[Seed], phantom: Phantom) -> tuple[Seed, ...]:
    """
    The seeds that are for the background, e.g. ``B0``, ``B0-2``, ``BG07``.

    Parameters
    ----------
    seeds : sequence of Seed
        Of any kind.

    phantom : Phantom
        What was scanned.

    Returns
    -------
    seeds : tuple of Seed
        Of background VOIs and ROIs.
    """
    names, own = inserts_by_name(phantom.used_inserts), phantom.background.label.casefold()
    stems = [seed.label.casefold().split('-')[0].split(' ')[0] for seed in seeds]
    return tuple(
        seed
        for seed, stem in zip(seeds, stems, strict=True)
        if seed.label.casefold() not in names and (stem == own or _is_roi(seed))
    )


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
    names, apart = inserts_by_name(phantom.used_inserts), background_seeds(seeds, phantom)
    rest = [seed for seed in seeds if seed not in apart]
    if not any(seed.label.casefold() in names for seed in rest):
        return ()
    inserts = [_insert_named(seed, names, phantom) for seed in rest]
    for insert in inserts:
        if inserts.count(insert) > 1:
            msg = _('{count} seeds are labeled {label}; keep one of them.').format(
                count=inserts.count(insert), label=insert.label
            )
            raise SeedError(msg)
    return tuple(inserts)


def assign_seeds(
    image: PETImage, seeds: Sequence[Seed], phantom: Phantom
) -> tuple[tuple[str, ...], FoundRing]:
    """
    Give each seed its sphere by what the image shows, not by name or order.

    Parameters
    ----------
    image : PETImage
        The scan.

    seeds : sequence of Seed
        Two or more make the search short and sure; fewer are welcome.

    phantom : Phantom
        What was scanned; its spheres must stand on a ring.

    Returns
    -------
    labels : tuple of str
        For each seed the label of its sphere; empty if it lies on none.

    ring : FoundRing
        Where the spheres are.

    Raises
    ------
    SeedError
        If no ring near the seeds, nor anywhere else, agrees with the image well enough.
    """
    points = np.array([seed.position_ras_mm for seed in seeds], dtype=float).reshape(-1, 3)
    try:
        ring = find_ring(image, phantom, seeds_ras_mm=points)
    except SeedError:
        # Seeds may all be astray; what they say of the ring is then wrong.
        ring = find_ring(image, phantom)
    return tuple(_nearest(points, ring.centers_ras_mm)), ring


def _is_roi(seed: Seed) -> bool:
    label = seed.label.upper()
    return label.startswith(ROI_LABEL) and label[len(ROI_LABEL) :].isdigit()


def _found_without_seeds(image: PETImage, phantom: Phantom) -> _Found:
    ring = detect(image, phantom)
    found = _on_ring(ring, ring.centers_ras_mm)
    notes = [
        _('The spheres were found without seeds, confidence {confidence:.2f}.').format(
            confidence=ring.confidence
        )
    ]
    return found, [*notes, *ring.notes, *_left_out(found, ring.phantom)], ring.phantom


def _labeled(
    image: PETImage, seeds: Sequence[Seed], phantom: Phantom, inserts: Sequence[Insert]
) -> _Found:
    """By label; the image may add spheres without a seed, and contradict."""
    labels, ring = _seen_in_image(image, seeds, phantom, inserts)
    seen = phantom if ring is None else _with_used(ring.phantom, inserts)
    own = inserts_by_name(seen.inserts)
    found = [
        seeded(own[insert.label.casefold()], seed.position_ras_mm, *_label_doubts(insert, label))
        for insert, seed, label in zip(inserts, seeds, labels, strict=True)
    ]
    notes = [*(ring.notes if ring else ()), *_seed_doubts(seeds, labels, phantom)]
    if len(found) > 1 and all(one.flags for one in found):
        notes.append(_ALL_WRONG)
    if ring is not None and len(seeds) >= _MIN_TO_PREDICT and not any(one.flags for one in found):
        found += _predicted(ring, labels)
    return found, notes + _left_out(found, seen), seen


def _with_used(phantom: Phantom, inserts: Sequence[Insert]) -> Phantom:
    """What has a seed is measured, though the image does not show it."""
    labels = {insert.label for insert in inserts}
    own = (replace(one, use=one.use or one.label in labels) for one in phantom.inserts)
    return replace(phantom, inserts=tuple(own))


def _label_doubts(insert: Insert, seen: str) -> tuple[Flag, ...]:
    """What to think of a seed's label, given the sphere that the image has there."""
    if seen == insert.label:
        return ()
    return (Flag.SEED_MISNAMED,) if seen else (Flag.SEED_ASTRAY,)


def _unlabeled(image: PETImage, seeds: Sequence[Seed], phantom: Phantom) -> _Found:
    """By what the image shows; by order where it shows no ring."""
    try:
        labels, ring = assign_seeds(image, seeds, phantom)
    except SeedError as error:
        return _by_order(seeds, phantom, error)
    numbered = list(enumerate(zip(seeds, labels, strict=True), start=1))
    at_seeds = {label: seed.position_ras_mm for seed, label in zip(seeds, labels, strict=True)}
    found = _on_ring(ring, {label: at_seeds[label] for label in labels if label})
    pairs = ', '.join(f'{seed.label or n} = {label}' for n, (seed, label) in numbered if label)
    note = _('The seeds carry no known labels; the image tells them apart: {pairs}.').format(
        pairs=pairs
    )
    notes = [note, *ring.notes, *_seed_doubts(seeds, labels, phantom)]
    return found + _predicted(ring, labels), notes, ring.phantom


def _by_order(seeds: Sequence[Seed], phantom: Phantom, why: SeedError) -> _Found:
    inserts = phantom.used_inserts
    labels = ', '.join(insert.label for insert in inserts)
    if len(seeds) != len(inserts):
        msg = _(
            '{seeds} seeds without a known label cannot be matched to {inserts} inserts ({why}). '
            'Label the seeds {labels}, or place exactly {inserts} in this order.'
        ).format(seeds=len(seeds), inserts=len(inserts), why=sentence_of(why), labels=labels)
        raise SeedError(msg) from why
    note = _('The seeds carry no known labels and were taken in the order {labels}.').format(
        labels=labels
    )
    pairs = zip(inserts, seeds, strict=True)
    return [seeded(insert, seed.position_ras_mm) for insert, seed in pairs], [note], phantom


def _insert_named(seed: Seed, names: Mapping[str, Insert], phantom: Phantom) -> Insert:
    insert = names.get(seed.label.casefold())
    if insert is None:
        known = ', '.join(insert.label for insert in phantom.used_inserts)
        msg = _(
            'no insert of the phantom {phantom} is called {label!r}; label the seeds {known}.'
        ).format(phantom=phantom.name, label=seed.label, known=known)
        raise SeedError(msg)
    return insert


def _seen_in_image(
    image: PETImage, seeds: Sequence[Seed], phantom: Phantom, inserts: Sequence[Insert]
) -> tuple[tuple[str, ...], FoundRing | None]:
    """What the image says of labeled seeds; their own labels where it has no say."""
    own = tuple(insert.label for insert in inserts)
    on_ring = {insert.label for insert in ring_inserts(phantom)}
    if not on_ring.intersection(own):
        return own, None
    try:
        labels, ring = assign_seeds(image, seeds, phantom)
    except SeedError:
        return own, None
    # Inserts beside the ring are not looked for.
    pairs = zip(own, labels, strict=True)
    return tuple(seen if seen or name in on_ring else name for name, seen in pairs), ring


def _on_ring(ring: FoundRing, places: Mapping[str, Point], *flags: Flag) -> list[LocatedInsert]:
    """Spheres at these places, with what the ring says of them."""
    return [
        seeded(insert, places[insert.label], *flags, *ring.flags.get(insert.label, ()))
        for insert in ring_inserts(ring.phantom)
        if insert.label in places
    ]


def _predicted(ring: FoundRing, labels: Sequence[str]) -> list[LocatedInsert]:
    """Spheres without a seed, where the others say they must be."""
    free = {n: place for n, place in ring.centers_ras_mm.items() if n not in labels}
    return _on_ring(ring, free, Flag.PREDICTED)


def _left_out(found: Sequence[LocatedInsert], phantom: Phantom) -> list[str]:
    """What is said of inserts that nothing was found for."""
    present = {one.label for one in found}
    missing = [insert.label for insert in phantom.used_inserts if insert.label not in present]
    return (
        [_('No seed for {missing}: not measured.').format(missing=', '.join(missing))]
        if missing
        else []
    )


def _nearest(points: FloatArray, centers: dict[str, Point]) -> list[str]:
    """The sphere of each point; of two seeds on one sphere the nearer one has it."""
    names = list(centers)
    distance = np.linalg.norm(points[:, None] - np.array(list(centers.values())), axis=-1)
    labels = [''] * len(points)
    for flat in np.argsort(distance, axis=None):
        seed, sphere = divmod(int(flat), len(names))
        taken = labels[seed] or names[sphere] in labels
        if not taken and distance[seed, sphere] < NEAR_SEED_MM:
            labels[seed] = names[sphere]
    return labels


def _seed_doubts(seeds: Sequence[Seed], labels: Sequence[str], phantom: Phantom) -> list[str]:
    """What the user must know about the seeds: wrong names, seeds beside every sphere."""
    inserts = inserts_by_name(phantom.inserts)
    doubts: list[str] = []
    for seed, label in zip(seeds, labels, strict=True):
        named = inserts.get(seed.label.casefold())
        if not label:
            r, a, s = seed.position_ras_mm
            name = seed.label or _('without a name')
            where = _('at RAS ({r:.1f}, {a:.1f}, {s:.1f}) mm').format(r=r, a=a, s=s)
            doubts.append(
                _('the seed {name} {where} lies on no sphere of its own').format(
                    name=name, where=where
                )
            )
        elif named and named.label != label:
            sphere = _('the {diameter:g} mm sphere, {label}').format(
                diameter=inserts[label.casefold()].diameter_mm, label=label
            )
            doubts.append(
                _('the seed {label} lies on {sphere}').format(label=seed.label, sphere=sphere)
            )
    return doubts
