"""Find the phantom in a whole scan, without seeds; refuse rather than guess."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..core.errors import SeedError
from ..core.geometry import FloatArray, Point
from ..core.image import PETImage
from ..core.phantom import Insert, Phantom
from ..measure.voi_mask import Sphere
from ..sphere_fit.fit import fit_spheres
from .ring import fit_ring, frame_through, places, predict, ring_angles_rad, ring_inserts
from .ring_candidates import RingMatch, RingMatcher, distinct, rings_over, rings_through
from .spots import SpotMap, find_spots

MIN_FITS = 4
"""Spheres whose fit must be accepted and lie on the ring: three always lie on one."""

MAX_FIT_DEVIATION_MM = 5.0
"""A fit farther from its place on the ring found something else."""

MIN_EXPLAINED = 0.6
"""
Part of the image's variance around the spheres that they must explain. Phantoms
reach 0.8 and more, twenty balls strewn at random 0.43 (bench_detect.py).
"""

MIN_MARGIN = 0.5
"""By how much the best order must explain more than the second, over what is unexplained."""

MAX_RANKED_RINGS = 400
"""Guessed rings of which copies are sorted out."""

MAX_COMPARED_RINGS = 40
"""Different rings that are compared with the image."""

NEAR_SEED_MM = 15.0
"""A seed farther than this from every sphere lies on none."""

_REFINE_MM = 9.0
"""Around its place a sphere is looked for this far, once a ring has been guessed."""

_SEEN = 1.5
"""Contrast, in units of its usual size, above which something is there."""


def detect(image: PETImage, phantom: Phantom) -> tuple[dict[str, Point], float]:
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
    centers_ras_mm : dict of str to tuple of float
        Center of each sphere by label: fitted, or else where the others put it.

    confidence : float
        From 0 to 1: the explained part of the image, lowered where the order is not sure.

    Raises
    ------
    SeedError
        If the spheres are not found, or could be more than one way round.
    """
    match, centers = find_ring(image, phantom)
    return _verified(image, phantom, centers), match.explained / (1 + MIN_MARGIN / match.margin)


def _verified(image: PETImage, phantom: Phantom, centers: dict[str, Point]) -> dict[str, Point]:
    """Fit the spheres where they were found, if needed twice; refuse if they form no ring."""
    inserts = ring_inserts(phantom)
    found: dict[str, Point] = {}
    for _ in range(2):
        starts = [Sphere(n.label, centers[n.label], n.diameter_mm) for n in inserts]
        fits = fit_spheres(image, starts, hot=[insert.hot for insert in inserts])
        accepted = {fit.label: fit.center_ras_mm for fit in fits if fit.accepted}
        pose = fit_ring(accepted, phantom, image.geometry)
        if pose is None:
            found = {}
            break
        found = {n: accepted[n] for n, d in pose.deviations_mm if d < MAX_FIT_DEVIATION_MM}
        centers = predict(pose, phantom)
        if len(found) == len(inserts):
            break
    needed = min(MIN_FITS, len(inserts))
    if len(found) < needed:
        msg = (
            f'something like the ring was found, but only {len(found)} of its spheres could be '
            f'fitted where they must be ({needed} are needed). '
            'Place a seed on each sphere and name it.'
        )
        raise SeedError(msg)
    return {**centers, **found}


def find_ring(
    image: PETImage, phantom: Phantom, *, seeds_ras_mm: FloatArray | None = None
) -> tuple[RingMatch, dict[str, Point]]:
    """
    Find the ring that explains an image best.

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
    match : RingMatch
        How well it agrees.

    centers_ras_mm : dict of str to tuple of float
        Place of each sphere, by label; right within a few millimeter.

    Raises
    ------
    SeedError
        If no ring agrees well enough, or it could lie more than one way round.
    """
    inserts = ring_inserts(phantom)
    if len(inserts) < 3 or phantom.ring_diameter_mm is None:
        msg = (
            f'{phantom.name} has no ring of spheres by which it could be found: '
            'place a seed on each insert and name it.'
        )
        raise SeedError(msg)
    try:
        best, frame = _best_ring(image, inserts, phantom.ring_diameter_mm / 2, seeds_ras_mm)
    except np.linalg.LinAlgError as error:
        largest = float(np.nanmax(np.abs(image.voxels)))
        msg = (
            f'the spheres cannot be looked for: values up to {largest:g} are beyond what can be '
            'computed with. Check the scaling of the volume, or place a seed on each sphere.'
        )
        raise SeedError(msg) from error
    match = _trusted(best, phantom.ring_diameter_mm)
    centers = {}
    for sphere, place in zip(match.order, places(frame, ring_angles_rad(inserts)), strict=True):
        r, a, s = place.tolist()
        centers[inserts[sphere].label] = (r, a, s)
    return match, centers


def _trusted(match: RingMatch | None, ring_diameter_mm: float) -> RingMatch:
    """The match, unless it is too poor to act on."""
    explained = 0.0 if match is None else match.explained
    if match is None or explained < MIN_EXPLAINED:
        msg = (
            f'the spheres were not found: no ring of {ring_diameter_mm:.1f} mm explains more than '
            f'{100 * explained:.0f} % of what is seen around its spheres '
            f'({100 * MIN_EXPLAINED:.0f} % are needed). Place a seed on each sphere and name it.'
        )
        raise SeedError(msg)
    if match.margin < MIN_MARGIN:
        msg = (
            'a ring of spheres was found, but not which way round it lies (the best order leads '
            f'by {match.margin:.2f}; {MIN_MARGIN:g} are needed). '
            'Place a seed on each sphere and name it.'
        )
        raise SeedError(msg)
    return match


def _best_ring(
    image: PETImage,
    inserts: tuple[Insert, ...],
    radius_mm: float,
    seeds_ras_mm: FloatArray | None,
) -> tuple[RingMatch | None, FloatArray]:
    """The ring that explains the image best."""
    hot = np.array([insert.hot for insert in inserts])
    spot_map, spots = find_spots(image, cold=not hot.all())
    angles = ring_angles_rad(inserts)
    frames = _guesses(spot_map, spots, seeds_ras_mm, angles, radius_mm)
    matcher = RingMatcher(
        spot_map.voxels,
        spot_map.geometry,
        diameters_mm=np.array([insert.diameter_mm for insert in inserts]),
        hot=hot,
        angles_rad=angles,
    )
    best: RingMatch | None = None
    best_frame = np.zeros((3, 3))
    for frame in frames:
        centered = _centered(spot_map, frame, angles, radius_mm)
        match = matcher.match(places(centered, angles))
        if match is not None and (best is None or match.explained > best.explained):
            best, best_frame = match, centered
    return best, best_frame


def _guesses(
    spot_map: SpotMap,
    spots: FloatArray,
    seeds: FloatArray | None,
    angles: FloatArray,
    radius_mm: float,
) -> FloatArray:
    """Rings worth a comparison: through spots, or past all seeds."""
    if seeds is None or not len(seeds):
        return _likely(spot_map, rings_through(spots, angles, radius_mm), angles)
    # A seed is a click: the spots next to it are better.
    near = np.linalg.norm(spots[:, None] - seeds, axis=-1).min(axis=1) < NEAR_SEED_MM
    frames = [rings_through(np.concatenate([seeds, spots[near]]), angles, radius_mm)]
    if len(seeds) == 2:
        frames.append(rings_over(seeds, angles, radius_mm, spot_map.geometry.slice_normal_ras))
    if len(seeds) < 3:
        frames.append(rings_through(np.concatenate([seeds, spots]), angles, radius_mm))
    rings = np.concatenate(frames)
    apart = np.linalg.norm(places(rings, angles)[:, :, None] - seeds, axis=-1).min(axis=1)
    on_ring = np.sum(apart < NEAR_SEED_MM, axis=1)
    return _likely(spot_map, rings[on_ring == on_ring.max(initial=0)], angles)


def _likely(spot_map: SpotMap, frames: FloatArray, angles: FloatArray) -> FloatArray:
    """Rings with a spot on as many places as possible, best first, each only once."""
    if not len(frames):
        return frames
    contrast = _nearby(spot_map, places(frames, angles), reach_voxels=1).max(axis=-1)
    score = np.log(np.maximum(contrast, 0.5)).sum(axis=1)
    ranked = frames[np.argsort(score)[::-1][:MAX_RANKED_RINGS]]
    return distinct(ranked, angles)[:MAX_COMPARED_RINGS]


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
        seen = contrast.max(axis=1) > _SEEN
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
