"""Centers of all spheres at once: fits, the body they form, and what each owes to the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..core.flags import Flag
from ..core.image import PETImage
from ..core.phantom import Phantom
from ..core.seed import Point
from ..measure.voi import SphereFit
from ..measure.voi_mask import Sphere
from ..sphere_fit.fit import fit_spheres
from .ring import MAX_RING_DEVIATION_MM, RingPose, fit_ring, predict

MIN_DETECTABILITY = 6.0
"""
Contrast over its noise below which a sphere is weak: a search then ends in
other maxima of the noise (10 mm at 2:1 and COV 20 %: 13 mm off in one of twenty).
"""

WEAK_REACH_MM = 3.0
"""A weak sphere is not believed farther than this from where the others put it."""


@dataclass(frozen=True, eq=False)
class LocatedSphere:
    """
    One sphere among the others.

    Attributes
    ----------
    label : str
        Name of the sphere.

    center_ras_mm : tuple of float
        The best center: fitted, or as it was, or held by the body.

    fit : SphereFit
        Its model fit.

    deviation_mm : float or None
        Distance from its place on the body; None without one.

    flags : tuple of Flag
        Reasons for doubt.
    """

    label: str
    center_ras_mm: Point
    fit: SphereFit
    deviation_mm: float | None
    flags: tuple[Flag, ...]


def locate_spheres(
    image: PETImage, starts: Sequence[Sphere], phantom: Phantom
) -> tuple[tuple[LocatedSphere, ...], RingPose | None]:
    """
    Fit spheres where a search found them, and let them hold each other.

    Parameters
    ----------
    image : PETImage
        The scan.

    starts : sequence of Sphere
        Centers that the search found, with the labels of the inserts.

    phantom : Phantom
        What was scanned.

    Returns
    -------
    spheres : tuple of LocatedSphere
        In the order of `starts`.

    pose : RingPose or None
        The body; None if fewer than three spheres of a ring are strong.
    """
    hot_by_label = {insert.label: insert.hot for insert in phantom.inserts}
    hot = [hot_by_label.get(start.label, True) for start in starts]
    fits = list(fit_spheres(image, starts, hot=hot))
    strong = {fit.label: fit.center_ras_mm for fit in fits if not _weak(fit)}
    pose = fit_ring(strong, phantom, image.geometry)
    places = {} if pose is None else predict(pose, phantom)
    astray = [
        n for n, fit in enumerate(fits) if _weak(fit) and _distance(fit, places) > WEAK_REACH_MM
    ]
    again = [
        Sphere(start.label, places.get(start.label, start.center_ras_mm), start.diameter_mm)
        for start in starts
    ]
    if astray:
        refits = fit_spheres(image, again, hot=hot)
        for n in astray:
            fits[n] = refits[n]
    return tuple(_located(fit, places, held=n in astray) for n, fit in enumerate(fits)), pose


def _weak(fit: SphereFit) -> bool:
    """Whether noise could have made this sphere."""
    return not fit.accepted or (fit.detectability or 0.0) < MIN_DETECTABILITY


def _distance(fit: SphereFit, places: Mapping[str, Point]) -> float:
    """From its place on the body; 0 if there is none."""
    if fit.label not in places:
        return 0.0
    return float(np.linalg.norm(np.subtract(fit.center_ras_mm, places[fit.label])))


def _located(fit: SphereFit, places: Mapping[str, Point], *, held: bool) -> LocatedSphere:
    center, flags = fit.center_ras_mm, []
    if not fit.accepted:
        flags.append(Flag.FIT_REFUSED)
    if held:
        flags.append(Flag.BOUND_BY_RING)
        if not fit.accepted or _distance(fit, places) > WEAK_REACH_MM:
            center = places[fit.label]
    deviation = None
    if fit.label in places:
        deviation = float(np.linalg.norm(np.subtract(center, places[fit.label])))
        if deviation > MAX_RING_DEVIATION_MM:
            flags.append(Flag.OFF_RING)
    return LocatedSphere(fit.label, center, fit, deviation, tuple(flags))
