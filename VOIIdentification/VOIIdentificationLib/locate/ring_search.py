"""Rings that could stand in an image, compared with it: the best in the phantom's order, or any."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..core.geometry import FloatArray
from ..core.image import PETImage
from ..core.phantom import Insert
from .ring import frame_through, places, ring_angles_rad
from .ring_candidates import distinct, rings_over, rings_through
from .ring_template import RingMatch, RingMatcher
from .spots import SpotMap, find_spots

MAX_RANKED_RINGS = 400
"""Guessed rings of which copies are sorted out."""

MAX_COMPARED_RINGS = 40
"""Different rings that are compared with the image."""

OTHER_RING_MM = 40.0
"""Spheres of two phantoms are farther apart: each stands 20 mm and more inside its own."""

NEAR_SEED_MM = 15.0
"""A seed farther than this from every sphere lies on none."""

_COMPARED_TOGETHER = 5
"""Best rings that are compared again where a sphere is large."""

_REFINE_MM = 9.0
"""Around its place a sphere is looked for this far, once a ring has been guessed."""

_SEEN = 1.5
"""Contrast, in units of its usual size, above which something is there."""


class RingSearch:
    """
    Guesses where a ring lies, and what the image says of each guess.

    Parameters
    ----------
    image : PETImage
        The scan.

    inserts : tuple of Insert
        The spheres of the ring.

    radius_mm : float
        Its radius.

    seeds_ras_mm : (N, 3) `numpy.ndarray` of float or None
        Points that are known to lie near spheres, whichever.

    cold : bool
        Whether spots darker than their surroundings count as well.
    """

    def __init__(
        self,
        image: PETImage,
        inserts: tuple[Insert, ...],
        radius_mm: float,
        seeds_ras_mm: FloatArray | None,
        *,
        cold: bool,
    ) -> None:
        self._angles = ring_angles_rad(inserts)
        spot_map, spots = find_spots(image, cold=cold)
        frames = _guesses(spot_map, spots, seeds_ras_mm, self._angles, radius_mm)
        centered = [_centered(spot_map, frame, self._angles, radius_mm) for frame in frames]
        self._rings = [places(frame, self._angles) for frame in centered]
        self._matcher = RingMatcher(
            spot_map.voxels,
            spot_map.geometry,
            diameters_mm=np.array([insert.diameter_mm for insert in inserts]),
            hot=np.array([insert.hot for insert in inserts]),
            angles_rad=self._angles,
        )

    def best_as_known(self) -> tuple[RingMatch | None, FloatArray]:
        """
        The ring that explains the image best if the phantom's order and fillings are right.

        Returns
        -------
        match : RingMatch or None
            How well it agrees; None if no guess does at all.

        places_ras_mm : (N, 3) `numpy.ndarray` of float
            Where it has its spheres.
        """
        ranked = _ranked([(self._matcher.match(own), own) for own in self._rings])
        if self._matcher.has_large:
            likely = [own for _, own in ranked[:_COMPARED_TOGETHER]]
            ranked = _ranked([(self._matcher.match_together(own), own) for own in likely])
        return ranked[0] if ranked else (None, np.zeros((len(self._angles), 3)))

    def best_apart_from(self, places_ras_mm: FloatArray) -> tuple[float, FloatArray]:
        """
        The ring that explains the image best and shares no sphere with another one.

        Parameters
        ----------
        places_ras_mm : (N, 3) `numpy.ndarray` of float
            Places of the other ring.

        Returns
        -------
        explained, places_ras_mm
            As from `best_in_any_order`.
        """
        return self._best(
            [own for own in self._rings if _gap_mm(own, places_ras_mm) > OTHER_RING_MM]
        )

    def best_in_any_order(self) -> tuple[float, FloatArray]:
        """
        The ring that explains the image best, whatever stands on its places.

        Returns
        -------
        explained : float
            Part of the image's variance that it explains.

        places_ras_mm : (N, 3) `numpy.ndarray` of float
            Where it has its spheres.
        """
        return self._best(self._rings)

    def _best(self, rings: list[FloatArray]) -> tuple[float, FloatArray]:
        explained = [self._matcher.explained_in_any_order(own) for own in rings]
        if not explained:
            return 0.0, np.zeros((len(self._angles), 3))
        best = int(np.argmax(explained))
        return explained[best], rings[best]


def _gap_mm(ring_ras_mm: FloatArray, other_ras_mm: FloatArray) -> float:
    """Smallest distance between the places of two rings."""
    return float(np.linalg.norm(ring_ras_mm[:, None] - other_ras_mm, axis=-1).min())


def _ranked(
    matches: list[tuple[RingMatch | None, FloatArray]],
) -> list[tuple[RingMatch, FloatArray]]:
    """Matches with their places, best first."""
    found = [(match, own) for match, own in matches if match is not None]
    return sorted(found, key=lambda one: -one[0].explained)


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
