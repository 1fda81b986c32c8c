"""Find the phantom in a whole scan, without seeds; refuse rather than guess."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import SeedError
from .fit import fit_spheres
from .fit_results import BodyPose, SphereFit
from .geometry import FloatArray
from .hot_spots import SpotMap, find_spots
from .image import PETImage
from .phantom import Insert, Phantom
from .pose import fit_body, frame_through, predict, ring_inserts
from .results import Point
from .ring_match import RingMatch, RingMatcher
from .ring_search import distinct, places, rings_through
from .sphere import Sphere

LEAST_EXPLAINED = 0.5
"""Part of the image's variance around the spheres that they must explain."""

LEAST_MARGIN = 0.1
"""By how much the best order must explain more than the second, over what is unexplained."""

LEAST_FITS = 3
"""Spheres whose fit must be accepted and lie on the body."""

MOST_OFF_BODY_MM = 5.0

RANKED_RINGS = 400
COMPARED_RINGS = 40

_REFINE_MM = 9.0
"""Around its place a sphere is looked for this far, once a ring has been guessed."""


@dataclass(frozen=True, eq=False)
class Detection:
    """
    The phantom in a scan.

    Attributes
    ----------
    pose : BodyPose
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

    pose: BodyPose
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
    inserts = ring_inserts(phantom)
    if len(inserts) < 3 or phantom.ring_diameter_mm is None:
        msg = (
            f'{phantom.name} has no ring of spheres by which it could be found: '
            'place a seed on each insert.'
        )
        raise SeedError(msg)
    match, frame = _best_ring(image, inserts, phantom.ring_diameter_mm / 2)
    angles = _angles(inserts)
    centers = {
        inserts[sphere].label: tuple(place.tolist())
        for sphere, place in zip(match.order, places(frame, angles), strict=True)
    }
    return _verified(image, phantom, centers, match)


def _angles(inserts: tuple[Insert, ...]) -> FloatArray:
    return np.radians([float(insert.ring_angle_deg or 0.0) for insert in inserts])


def _best_ring(
    image: PETImage, inserts: tuple[Insert, ...], radius_mm: float
) -> tuple[RingMatch, FloatArray]:
    """The ring that explains the image best."""
    hot = np.array([insert.hot for insert in inserts])
    spot_map, spots = find_spots(image, cold=not hot.all())
    angles = _angles(inserts)
    frames = _likely(spot_map, rings_through(spots, angles, radius_mm), angles)
    matcher = RingMatcher(
        spot_map.voxels,
        spot_map.geometry,
        diameters_mm=np.array([insert.diameter_mm for insert in inserts]),
        hot=hot,
        angles_rad=angles,
    )
    best: tuple[RingMatch, FloatArray] | None = None
    for frame in frames:
        centered = _centered(spot_map, frame, angles, radius_mm)
        match = matcher.match(places(centered, angles))
        if match is not None and (best is None or match.explained > best[0].explained):
            best = match, centered
    if best is None or best[0].explained < LEAST_EXPLAINED:
        found = 0.0 if best is None else best[0].explained
        msg = (
            'the spheres were not found: no ring of '
            f'{2 * radius_mm:.1f} mm explains more than {100 * found:.0f} % of what is seen around '
            f'its spheres ({100 * LEAST_EXPLAINED:.0f} % are needed). Place a seed on each sphere.'
        )
        raise SeedError(msg)
    return best


def _likely(spot_map: SpotMap, frames: FloatArray, angles: FloatArray) -> FloatArray:
    """Rings with a spot on as many places as possible, best first, each only once."""
    if not len(frames):
        return frames
    contrast = _nearby(spot_map, places(frames, angles), reach_voxels=1).max(axis=-1)
    score = np.log(np.maximum(contrast, 0.5)).sum(axis=1)
    ranked = frames[np.argsort(score)[::-1][:RANKED_RINGS]]
    return distinct(ranked, angles)[:COMPARED_RINGS]


def _centered(
    spot_map: SpotMap, frame: FloatArray, angles: FloatArray, radius_mm: float
) -> FloatArray:
    """Move a ring so that its places lie on the spots next to them."""
    for _ in range(2):
        own = places(frame, angles)
        index = _neighbors(spot_map, own, _REFINE_MM)
        positions = spot_map.geometry.position_ras_mm(index)
        contrast = np.maximum(_values(spot_map, index), 0.0)
        far = np.linalg.norm(positions - own[:, None], axis=-1) > _REFINE_MM
        contrast[far] = 0.0
        weights = np.maximum(contrast - 0.6 * contrast.max(axis=1, keepdims=True), 0.0)
        total = weights.sum(axis=1)
        seen = contrast.max(axis=1) > 1.5
        if seen.sum() < 3:
            return frame
        found = np.einsum('nm,nmr->nr', weights, positions) / np.maximum(total, 1e-30)[:, None]
        frame = frame_through(angles[seen], found[seen], np.ones(int(seen.sum())), radius_mm)
    return frame


def _neighbors(spot_map: SpotMap, points: FloatArray, reach_mm: float) -> npt.NDArray[np.int64]:
    """Indices (i, j, k) of the voxels around points; shape ``(N, M, 3)``."""
    reach = np.maximum(np.rint(reach_mm / spot_map.geometry.spacing_ijk_mm), 1).astype(np.int64)
    axes = [np.arange(-r, r + 1) for r in reach]
    offsets = np.stack(np.meshgrid(*axes, indexing='ij'), axis=-1).reshape(-1, 3)
    nearest = np.rint(spot_map.geometry.index_ijk(points)).astype(np.int64)
    return np.asarray(nearest[..., None, :] + offsets)


def _nearby(spot_map: SpotMap, points: FloatArray, *, reach_voxels: int) -> FloatArray:
    reach_mm = reach_voxels * float(spot_map.geometry.spacing_ijk_mm.min())
    return _values(spot_map, _neighbors(spot_map, points, reach_mm))


def _values(spot_map: SpotMap, index_ijk: npt.NDArray[np.int64]) -> FloatArray:
    """Contrast at indices; 0 outside the image."""
    size = spot_map.geometry.size_ijk
    outside = np.any((index_ijk < 0) | (index_ijk >= size), axis=-1)
    i, j, k = np.moveaxis(np.clip(index_ijk, 0, size - 1), -1, 0)
    return np.where(outside, 0.0, spot_map.contrast[k, j, i])


def _verified(
    image: PETImage, phantom: Phantom, centers: dict[str, Point], match: RingMatch
) -> Detection:
    """Fit the spheres where they were found; refuse if they do not form the body."""
    if match.margin < LEAST_MARGIN:
        msg = (
            'a ring of spheres was found, but not which way round it lies: '
            'place a seed on each sphere.'
        )
        raise SeedError(msg)
    inserts = ring_inserts(phantom)
    fits: tuple[SphereFit, ...] = ()
    pose = fit_body(centers, phantom, image.geometry)
    for _ in range(2):
        if pose is None:
            break
        expected = predict(pose, phantom)
        starts = [Sphere(n.label, expected[n.label], n.diameter_mm) for n in inserts]
        fits = fit_spheres(image, starts, hot=[insert.hot for insert in inserts])
        accepted = {fit.label: fit.center_ras_mm for fit in fits if fit.accepted}
        pose = fit_body(accepted, phantom, image.geometry)
    on_body = 0 if pose is None else sum(d < MOST_OFF_BODY_MM for _, d in pose.deviations_mm)
    if pose is None or on_body < LEAST_FITS:
        msg = (
            f'something like the ring was found, but only {on_body} of its spheres could be '
            f'fitted where they must be ({LEAST_FITS} are needed). Place a seed on each sphere.'
        )
        raise SeedError(msg)
    found = predict(pose, phantom)
    near = dict(pose.deviations_mm)
    for fit in fits:
        if fit.accepted and near.get(fit.label, np.inf) < MOST_OFF_BODY_MM:
            found[fit.label] = fit.center_ras_mm
    confidence = match.explained * match.margin / (match.margin + LEAST_MARGIN)
    return Detection(pose, found, fits, match.explained, match.margin, confidence)
