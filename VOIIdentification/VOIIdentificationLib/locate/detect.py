"""Find the phantom in a whole scan, without seeds; refuse rather than guess."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.errors import SeedError
from ..core.image import PETImage
from ..core.phantom import Phantom
from ..core.seed import Point
from ..measure.voi import SphereFit
from ..measure.voi_mask import Sphere
from ..sphere_fit.fit import fit_spheres
from .find_ring import MIN_MARGIN, find_ring
from .ring import RingPose, fit_ring, predict, ring_inserts
from .ring_template import RingMatch

MIN_FITS = 4
"""Spheres whose fit must be accepted and lie on the body: three always lie on one."""

MAX_FIT_DEVIATION_MM = 5.0
"""A fit farther from its place on the body found something else."""


@dataclass(frozen=True, eq=False)
class Detection:
    """
    The phantom in a scan.

    Attributes
    ----------
    pose : RingPose
        The ring as one body.

    centers_ras_mm : dict of str to tuple of float
        Center of each sphere by label: fitted, or else predicted from the pose.

    fits : tuple of SphereFit
        Their fits, in the order of the phantom.

    explained, margin : float
        How well the image agrees, as `RingMatch` has them.

    confidence : float
        From 0 to 1: `explained`, lowered where the margin is small.
    """

    pose: RingPose
    centers_ras_mm: dict[str, Point]
    fits: tuple[SphereFit, ...]
    explained: float
    margin: float
    confidence: float


def detect(image: PETImage, phantom: Phantom) -> Detection:
    """
    Find the spheres of a phantom's ring, in any orientation.

    Parameters
    ----------
    image : PETImage
        The scan.

    phantom : Phantom
        What was scanned; its spheres must stand on a ring.

    Returns
    -------
    detection : Detection
        Pose, centers and how sure they are.

    Raises
    ------
    SeedError
        If the spheres are not found, or could be more than one way round.
    """
    match, centers = find_ring(image, phantom)
    return _verified(image, phantom, centers, match)


def _verified(
    image: PETImage, phantom: Phantom, centers: dict[str, Point], match: RingMatch
) -> Detection:
    """Fit the spheres where they were found; refuse if they do not form the body."""
    inserts = ring_inserts(phantom)
    fits: tuple[SphereFit, ...] = ()
    pose = fit_ring(centers, phantom, image.geometry)
    for _ in range(2):
        if pose is None:
            break
        expected = predict(pose, phantom)
        starts = [Sphere(n.label, expected[n.label], n.diameter_mm) for n in inserts]
        fits = fit_spheres(image, starts, hot=[insert.hot for insert in inserts])
        accepted = {fit.label: fit.center_ras_mm for fit in fits if fit.accepted}
        pose = fit_ring(accepted, phantom, image.geometry)
    on_body = 0 if pose is None else sum(d < MAX_FIT_DEVIATION_MM for _, d in pose.deviations_mm)
    needed = min(MIN_FITS, len(inserts))
    if pose is None or on_body < needed:
        msg = (
            f'something like the ring was found, but only {on_body} of its spheres could be '
            f'fitted where they must be ({needed} are needed). '
            'Place a seed on each sphere and name it.'
        )
        raise SeedError(msg)
    found = predict(pose, phantom)
    near = dict(pose.deviations_mm)
    for fit in fits:
        if fit.accepted and near.get(fit.label, np.inf) < MAX_FIT_DEVIATION_MM:
            found[fit.label] = fit.center_ras_mm
    confidence = match.explained * match.margin / (match.margin + MIN_MARGIN)
    return Detection(pose, found, fits, match.explained, match.margin, confidence)
