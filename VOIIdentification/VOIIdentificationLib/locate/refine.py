"""From seeds to centers: search, fit, and what each sphere owes to the ring of the others."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ..core.errors import Progress, no_progress, part_of
from ..core.flags import Flag
from ..core.geometry import Point
from ..core.image import PETImage
from ..core.phantom import Phantom
from ..core.sentence import sentences
from ..core.settings import Settings
from ..measure.voi import LocatedInsert, SphereFit
from ..measure.voi_mask import Sphere
from ..sphere_fit.fit import fit_spheres
from .ring import MAX_RING_DEVIATION_MM, RingPose, fit_ring, predict
from .search import search_highest_mean

_ = sentences(__name__)

MIN_DETECTABILITY = 6.0
"""
Contrast over its noise below which a sphere is weak: a search then ends in
other maxima of the noise (10 mm at 2:1 and COV 20 %: 13 mm off in one of twenty).
"""

MAX_OFF_CENTER_MM = 2.0
"""So far off, a 10 mm sphere loses 6 % of its mean, one of 37 mm 1.4 % (FWHM 6 mm, 4 : 1)."""

WEAK_REACH_MM = 3.0
"""A weak sphere is not believed farther than this from where the others put it."""


def refine_inserts(
    image: PETImage,
    inserts: Sequence[LocatedInsert],
    phantom: Phantom,
    settings: Settings,
    progress: Progress = no_progress,
) -> tuple[tuple[LocatedInsert, ...], RingPose | None]:
    """
    Move inserts from their seeds to their centers, as far as the settings want it.

    Parameters
    ----------
    image : PETImage
        The scan.

    inserts : sequence of LocatedInsert
        At their seeds.

    phantom : Phantom
        What was scanned.

    settings : Settings
        Whether and how far they are moved.

    progress : callable, optional
        Told before each step.

    Returns
    -------
    inserts : tuple of LocatedInsert
        In the same order.

    pose : RingPose or None
        The ring; None without a fit, or if it is not known from three strong spheres.
    """
    located, pose = tuple(inserts), None
    if settings.refinement != 'none':
        located = _searched(image, located, settings, part_of(progress, 0.0, 2 / 3))
    if settings.refinement == 'fit':
        progress(2 / 3, _('fitting the spheres'))
        located, pose = fit_together(image, located, phantom)
    else:
        located = _compared_with_fits(image, located)
    return tuple(_within_limit(one, settings.search_limit_mm) for one in located), pose


def fit_together(
    image: PETImage, inserts: Sequence[LocatedInsert], phantom: Phantom
) -> tuple[tuple[LocatedInsert, ...], RingPose | None]:
    """
    Fit spheres where a search found them, and let them hold each other.

    Parameters
    ----------
    image : PETImage
        The scan.

    inserts : sequence of LocatedInsert
        Where the search found them. Cylinders stay as they are.

    phantom : Phantom
        What was scanned.

    Returns
    -------
    inserts : tuple of LocatedInsert
        The same with fit, distance from the ring and flags. The center is the
        fitted one; where the fit is refused it stays, unless the ring holds it.

    pose : RingPose or None
        The ring; None if fewer than three of its spheres are strong.
    """
    fits = _fits(image, inserts)
    strong = {label: fit.center_ras_mm for label, fit in fits.items() if not _is_weak(fit)}
    pose = fit_ring(strong, phantom, image.geometry)
    places = {} if pose is None else predict(pose, phantom)
    astray = {label for label in fits.keys() - strong if _is_astray(fits[label], places)}
    if astray:
        again = [replace(o, center_ras_mm=places.get(o.label, o.center_ras_mm)) for o in inserts]
        refits = _fits(image, again)
        fits |= {label: refits[label] for label in astray}
    deviations = {} if pose is None else dict(pose.deviations_mm)
    return tuple(
        _placed(
            replace(one, fit=fits.get(one.label), deviation_mm=deviations.get(one.label)),
            places.get(one.label),
            held=one.label in astray,
        )
        for one in inserts
    ), pose


def _searched(
    image: PETImage, inserts: Sequence[LocatedInsert], settings: Settings, progress: Progress
) -> tuple[LocatedInsert, ...]:
    """Each insert where its mean is highest; none enters the seed of another."""
    solids = [one.solid for one in inserts]
    found = []
    for n, one in enumerate(inserts):
        progress(n / len(inserts), _('searching {label}').format(label=one.label))
        found.append(search_highest_mean(image, one, solids[:n] + solids[n + 1 :], settings))
    return tuple(found)


def _fits(image: PETImage, inserts: Iterable[LocatedInsert]) -> dict[str, SphereFit]:
    """Fits of the spheres among the inserts, by label."""
    spheres = {one: one.solid for one in inserts}
    starts = {one: solid for one, solid in spheres.items() if isinstance(solid, Sphere)}
    fits = fit_spheres(image, list(starts.values()), hot=[one.insert.hot for one in starts])
    return {fit.label: fit for fit in fits}


def _compared_with_fits(
    image: PETImage, inserts: Sequence[LocatedInsert]
) -> tuple[LocatedInsert, ...]:
    """Flagged where a fit does not find the center that is used; nothing is moved."""
    fits = _fits(image, inserts)
    return tuple(
        replace(one, flags=(*one.flags, Flag.OFF_CENTER))
        if one.label in fits and not _confirms(fits[one.label], one.center_ras_mm)
        else one
        for one in inserts
    )


def _confirms(fit: SphereFit, center_ras_mm: Point) -> bool:
    reach_mm = WEAK_REACH_MM if _is_weak(fit) else MAX_OFF_CENTER_MM
    return fit.accepted and math.dist(fit.center_ras_mm, center_ras_mm) <= reach_mm


def _is_weak(fit: SphereFit) -> bool:
    """Whether noise could have made this sphere."""
    return not fit.accepted or (fit.detectability or 0.0) < MIN_DETECTABILITY


def _is_astray(fit: SphereFit, places: Mapping[str, Point]) -> bool:
    """Whether a weak sphere is not where the ring has it."""
    place = places.get(fit.label)
    return place is not None and math.dist(fit.center_ras_mm, place) > WEAK_REACH_MM


def _placed(one: LocatedInsert, place: Point | None, *, held: bool) -> LocatedInsert:
    """The insert at its fitted center, or where the ring holds it, with its doubts."""
    if one.fit is None:
        return one
    center, deviation, flags = one.fit.center_ras_mm, one.deviation_mm, list(one.flags)
    if not one.fit.accepted:
        flags.append(Flag.FIT_REFUSED)
    elif place is None and _is_weak(one.fit):
        flags.append(Flag.NOTHING_SEEN)
    if place is not None and deviation is None:
        deviation = math.dist(center, place)
        if held and (not one.fit.accepted or deviation > WEAK_REACH_MM):
            center, deviation = place, 0.0
    if one.fit.missing_part:
        flags.append(Flag.PART_MISSING)
    if held:
        flags.append(Flag.BOUND_BY_RING)
    if deviation is not None and deviation > MAX_RING_DEVIATION_MM:
        flags.append(Flag.OFF_RING)
    return replace(one, center_ras_mm=center, deviation_mm=deviation, flags=tuple(flags))


def _within_limit(one: LocatedInsert, limit_mm: float) -> LocatedInsert:
    """Flagged if the center is farther from the seed than a search may go."""
    if one.shift_mm <= limit_mm or Flag.SEARCH_AT_LIMIT in one.flags:
        return one
    return replace(one, flags=(*one.flags, Flag.SEARCH_AT_LIMIT))
