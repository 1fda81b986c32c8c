"""Find the phantom in a whole scan, without seeds; refuse rather than guess."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..core.errors import Progress, SeedError, no_progress
from ..core.flags import Flag
from ..core.geometry import FloatArray, Point
from ..core.image import PETImage
from ..core.phantom import Phantom
from ..core.sentence import joined, sentence_of, sentences
from ..measure.voi_mask import Sphere
from ..sphere_fit.fit import fit_spheres
from .identity import identify_spheres, with_usual_sizes
from .reading import Reading, read_ring
from .ring import fit_ring, predict, ring_inserts
from .ring_search import RingSearch
from .ring_template import RingMatch
from .shells import Shells

_ = sentences(__name__)

MIN_FITS = 4
"""Spheres whose fit must be accepted and lie on the ring: three always lie on one."""

MAX_FIT_DEVIATION_MM = 5.0
"""A fit farther from its place on the ring found something else."""

MIN_EXPLAINED = 0.6
"""
Part of the image's variance around the spheres that they must explain. Phantoms
reach 0.8 and more, twenty balls strewn at random 0.43 (bench_detect.py); in any
order and with any filling 0.81, but then three of the six are clear at most.
"""

MIN_MARGIN = 0.5
"""By how much the best order must explain more than the second, over what is unexplained."""

_SEED_THEM = _('Place a seed on each sphere and name it.')


@dataclass(frozen=True, eq=False)
class FoundRing:
    """
    A phantom's ring in an image.

    Attributes
    ----------
    phantom : Phantom
        As the image shows it: ring angles, hot and cold, what is used.

    centers_ras_mm : dict of str to tuple of float
        Center of each sphere that is used, by label.

    confidence : float
        From 0 to 1: the explained part of the image, lowered where the order is not sure.

    flags : mapping of str to tuple of Flag
        Doubts by label.

    notes : tuple of str
        What the image shows otherwise than the phantom says.
    """

    phantom: Phantom
    centers_ras_mm: dict[str, Point]
    confidence: float
    flags: Mapping[str, tuple[Flag, ...]]
    notes: tuple[str, ...] = ()


def detect(image: PETImage, phantom: Phantom, progress: Progress = no_progress) -> FoundRing:
    """
    Find the spheres of a phantom's ring, in any orientation.

    Parameters
    ----------
    image : PETImage
        The scan.

    phantom : Phantom
        What was scanned; its spheres must stand on a ring.

    progress : callable, optional
        Told before each step; may raise `CanceledError`.

    Returns
    -------
    ring : FoundRing
        Centers are fitted, or else where the others put them.

    Raises
    ------
    SeedError
        If the spheres are not found, or could be more than one way round.
    """
    progress(0.0, _('looking for the spheres'))
    ring = find_ring(image, phantom)
    progress(0.7, _('fitting the spheres'))
    centers = _verified(image, ring.phantom, ring.centers_ras_mm)
    return replace(ring, centers_ras_mm={n: centers[n] for n in ring.centers_ras_mm})


def find_ring(
    image: PETImage, phantom: Phantom, *, seeds_ras_mm: FloatArray | None = None
) -> FoundRing:
    """
    Find the ring that explains an image best.

    The phantom's own order and fillings are tried first. Where the image
    contradicts them, every other order and filling is.

    Parameters
    ----------
    image : PETImage
        The scan.

    phantom : Phantom
        What was scanned.

    seeds_ras_mm : (N, 3) `numpy.ndarray` of float, optional
        Points that are known to lie near spheres, whichever.

    Returns
    -------
    ring : FoundRing
        Its centers are right within a few millimeter.

    Raises
    ------
    SeedError
        If no ring agrees well enough, it could lie more than one way round,
        or too few of its spheres can be told.
    """
    if len(ring_inserts(phantom)) < 3 or phantom.ring_diameter_mm is None:
        msg = _(
            '{phantom} has no ring of spheres by which it could be found: place a seed on each '
            'insert and name it.'
        ).format(phantom=phantom.name)
        raise SeedError(msg)
    try:
        return _found(image, phantom, phantom.ring_diameter_mm, seeds_ras_mm)
    except np.linalg.LinAlgError as error:
        largest = float(np.nanmax(np.abs(image.voxels)))
        msg = _(
            'the spheres cannot be looked for: values up to {largest:g} are beyond what can be '
            'computed with. Check the scaling of the volume, or place a seed on each sphere.'
        ).format(largest=largest)
        raise SeedError(msg) from error


def _found(
    image: PETImage, phantom: Phantom, ring_diameter_mm: float, seeds: FloatArray | None
) -> FoundRing:
    """As the phantom says, if the image agrees; else as the image shows it."""
    inserts = ring_inserts(phantom)
    cold = not all(insert.hot for insert in inserts)
    search = RingSearch(image, inserts, ring_diameter_mm / 2, seeds, cold=cold)
    ring = _best(search, image, phantom, ring_diameter_mm, seeds)
    if seeds is None:
        _refuse_second(search, image, phantom, ring)
    return ring


def _best(
    search: RingSearch,
    image: PETImage,
    phantom: Phantom,
    ring_diameter_mm: float,
    seeds: FloatArray | None,
) -> FoundRing:
    match, places = search.best_as_known()
    doubt = _doubt(match, ring_diameter_mm)
    if match is not None and not doubt:
        reading = _read(image, phantom, places, match)
        if reading.is_known:
            confidence = match.explained / (1 + MIN_MARGIN / match.margin)
            return _ring(reading, phantom, places, confidence)
        doubt = _('the spheres were not found: the image contradicts their sizes. {advice}').format(
            advice=_SEED_THEM
        )
    rings = _in_any_order(search, image, phantom, ring_diameter_mm, seeds)
    ring, said = _first_shown(image, phantom, rings)
    if ring is None:
        raise SeedError(doubt if _is_ambiguous(match) else said)
    return ring


def _refuse_second(search: RingSearch, image: PETImage, phantom: Phantom, ring: FoundRing) -> None:
    """Nobody knows which of two phantoms is meant."""
    own = np.array(list(ring.centers_ras_mm.values()))
    explained, places = search.best_apart_from(own)
    if explained < MIN_EXPLAINED:
        return
    if len(_read(image, phantom, places).sure) < min(MIN_FITS, len(places)):
        return
    away_mm = float(np.linalg.norm(places.mean(axis=0) - own.mean(axis=0)))
    msg = _(
        'two rings of spheres are in the image, {away:.0f} mm apart: which phantom is meant? Place '
        'a seed on each sphere of that one and name it.'
    ).format(away=away_mm)
    raise SeedError(msg)


def _first_shown(
    image: PETImage, phantom: Phantom, rings: Iterable[tuple[float, FloatArray]]
) -> tuple[FoundRing | None, str]:
    """The first ring of which enough can be told; else why the last one was refused."""
    said = ''
    for explained, places in rings:
        ring, said = _shown_or_refused(image, phantom, places, explained)
        if ring is not None:
            return ring, ''
    return None, said


def _shown_or_refused(
    image: PETImage, phantom: Phantom, places: FloatArray, explained: float
) -> tuple[FoundRing | None, str]:
    try:
        return _as_shown(image, phantom, places, explained), ''
    except SeedError as error:
        return None, sentence_of(error)


def _in_any_order(
    search: RingSearch,
    image: PETImage,
    phantom: Phantom,
    ring_diameter_mm: float,
    seeds: FloatArray | None,
) -> Iterator[tuple[float, FloatArray]]:
    """Rings that explain enough: through hot spots, and through cold ones too."""
    inserts = ring_inserts(phantom)
    yield search.best_in_any_order()
    if all(insert.hot for insert in inserts):
        with_cold = RingSearch(image, inserts, ring_diameter_mm / 2, seeds, cold=True)
        yield with_cold.best_in_any_order()


def _is_ambiguous(match: RingMatch | None) -> bool:
    """Whether a ring was found, but not which way round it lies."""
    return match is not None and match.explained >= MIN_EXPLAINED and match.margin < MIN_MARGIN


def _doubt(match: RingMatch | None, ring_diameter_mm: float) -> str:
    """Why a match is too poor to act on; empty if it is not."""
    explained = 0.0 if match is None else match.explained
    if match is None or explained < MIN_EXPLAINED:
        return _(
            'the spheres were not found: no ring of {diameter:.1f} mm explains more than '
            '{explained:.0f} % of what is seen around its spheres ({needed:.0f} % are needed). '
            '{advice}'
        ).format(
            diameter=ring_diameter_mm,
            explained=100 * explained,
            needed=100 * MIN_EXPLAINED,
            advice=_SEED_THEM,
        )
    if _is_ambiguous(match):
        return _(
            'a ring of spheres was found, but not which way round it lies (the best order leads by '
            '{margin:.2f}; {needed:g} are needed). {advice}'
        ).format(margin=match.margin, needed=MIN_MARGIN, advice=_SEED_THEM)
    return ''


def _read(
    image: PETImage, phantom: Phantom, places: FloatArray, match: RingMatch | None = None
) -> Reading:
    """What stands on the places, expected in the order of the match."""
    diameters = [insert.diameter_mm for insert in ring_inserts(phantom)]
    found = identify_spheres(Shells.around(image, places), with_usual_sizes(diameters))
    if found is None:
        msg = _('the spheres were not found: the ring reaches out of the image. {advice}').format(
            advice=_SEED_THEM
        )
        raise SeedError(msg)
    expected = None if match is None else tuple(match.order.tolist())
    return read_ring(phantom, found, expected)


def _as_shown(image: PETImage, phantom: Phantom, places: FloatArray, explained: float) -> FoundRing:
    """Spheres in any order, if enough of them can be told; read again where they were fitted."""
    if explained < MIN_EXPLAINED:
        msg = _(
            'the spheres were not found: whatever stands on it, no ring explains more than '
            '{explained:.0f} % of what is seen ({needed:.0f} % are needed). {advice}'
        ).format(explained=100 * explained, needed=100 * MIN_EXPLAINED, advice=_SEED_THEM)
        raise SeedError(msg)
    inserts = ring_inserts(phantom)
    for _turn in range(2):
        reading = _read(image, phantom, places)
        _refuse_unsure(reading, len(inserts))
        _refuse_other_sizes(reading, phantom)
        labels = [inserts[sphere].label for sphere in reading.order]
        ring = _ring(reading, phantom, places, explained)
        centers = _verified(image, ring.phantom, ring.centers_ras_mm, all_labels=labels)
        places = np.array([centers[label] for label in labels])
    return _ring(reading, phantom, places, explained * len(reading.sure) / len(inserts))


def _refuse_unsure(reading: Reading, count: int) -> None:
    needed = min(MIN_FITS, count)
    sure = ', '.join(reading.sure) or _('none')
    if len(reading.sure) < needed:
        msg = _(
            'the spheres were not found: of the likeliest ring only {told} of {count} spheres can '
            'be told ({sure}; {needed} are needed). Others may hold the background or less, or a '
            'diameter of the phantom may be wrong: their signals contradict each other. {advice}'
        ).format(told=len(reading.sure), count=count, sure=sure, needed=needed, advice=_SEED_THEM)
        raise SeedError(msg)
    if reading.is_ambiguous:
        msg = _(
            'a ring of spheres was found ({sure}), but not which of those of one size is which. '
            '{advice}'
        ).format(sure=sure, advice=_SEED_THEM)
        raise SeedError(msg)


def _refuse_other_sizes(reading: Reading, phantom: Phantom) -> None:
    diameters = {insert.label: insert.diameter_mm for insert in ring_inserts(phantom)}
    compared = with_usual_sizes(list(diameters.values()))
    wrong = [
        _('{label} has {told:g} mm in the phantom and about {seen:g} mm').format(
            label=label, told=diameters[label], seen=compared[size]
        )
        for label, size in reading.other_sizes.items()
    ]
    if wrong:
        msg = _(
            'the image contradicts the phantom {phantom}: {wrong} in the image. Correct its '
            'diameter, or choose the phantom that was scanned.'
        ).format(phantom=phantom.name, wrong=joined(wrong, ', '))
        raise SeedError(msg)


def _ring(reading: Reading, phantom: Phantom, places: FloatArray, confidence: float) -> FoundRing:
    """The spheres that are used at their places."""
    inserts = ring_inserts(phantom)
    used = {insert.label for insert in ring_inserts(reading.phantom)}
    centers = {}
    for sphere, place in zip(reading.order, places, strict=True):
        r, a, s = place.tolist()
        if inserts[sphere].label in used:
            centers[inserts[sphere].label] = (r, a, s)
    return FoundRing(reading.phantom, centers, confidence, reading.flags, reading.notes)


def _verified(
    image: PETImage,
    phantom: Phantom,
    centers: Mapping[str, Point],
    *,
    all_labels: Sequence[str] = (),
) -> dict[str, Point]:
    """
    Fit the spheres where they were found, if needed twice; refuse if they form no ring.

    Of `all_labels` the places are told too if they are not used.
    """
    inserts = ring_inserts(phantom)
    whole = [replace(i, use=i.use or i.label in all_labels) for i in phantom.inserts]
    found: dict[str, Point] = {}
    for _turn in range(2):
        starts = [Sphere(n.label, centers[n.label], n.diameter_mm) for n in inserts]
        fits = fit_spheres(image, starts, hot=[insert.hot for insert in inserts])
        accepted = {fit.label: fit.center_ras_mm for fit in fits if fit.accepted}
        pose = fit_ring(accepted, phantom, image.geometry)
        if pose is None:
            found = {}
            break
        found = {n: accepted[n] for n, d in pose.deviations_mm if d < MAX_FIT_DEVIATION_MM}
        centers = predict(pose, replace(phantom, inserts=tuple(whole)))
        if len(found) == len(inserts):
            break
    needed = min(MIN_FITS, len(inserts))
    if len(found) < needed:
        msg = _(
            'something like the ring was found, but only {count} of its spheres could be fitted '
            'where they must be ({needed} are needed). {advice}'
        ).format(count=len(found), needed=needed, advice=_SEED_THEM)
        raise SeedError(msg)
    return {**centers, **found}
