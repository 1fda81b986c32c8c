"""From a seed to the center of its VOI: the position of the highest mean, and the search table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.polynomial import polynomial

from ..core.flags import Flag
from ..core.geometry import FloatArray, VolumeGeometry
from ..core.image import PETImage
from ..core.settings import Settings
from ..measure.moving_voi import Box, centered_mean, needed_box, windowed_maximum
from ..measure.statistics import HALF_INSIDE
from ..measure.voi import LocatedInsert, SearchTable
from ..measure.voi_mask import Solid, VOIMask, kernel_mask

_BoolArray = npt.NDArray[np.bool_]
_IntArray = npt.NDArray[np.int64]

_MARGIN = 4
"""Voxels to each side of the best whose means the polynomial runs through."""

_MAX_MOVES = 10
"""Moves of the window; the limit in millimeter ends the search long before."""

_MAX_NEWTON_STEPS = 20

_NEWTON_TOLERANCE = 1e-5
"""Change of the maximum's position, in voxels, below which it is found."""


class _Rule(NamedTuple):
    """Which candidates are allowed."""

    geometry: VolumeGeometry
    seed: Solid
    settings: Settings
    others: tuple[Solid, ...]

    def window_ijk(self, middle_ijk: FloatArray) -> tuple[_IntArray, _IntArray]:
        """First and last index of the window, at least one voxel to each side."""
        in_plane, axial = self.settings.search_in_plane_mm, self.settings.search_axial_mm
        i_mm, j_mm, _ = self.geometry.spacing_ijk_mm
        half = np.array([in_plane / i_mm, in_plane / j_mm, axial / self.geometry.slice_spacing_mm])
        half = np.maximum(half, 1.0)
        low, high = np.ceil(middle_ijk - half), np.floor(middle_ijk + half)
        return low.astype(np.int64), high.astype(np.int64)

    def too_far(self, position_ras_mm: FloatArray) -> _BoolArray:
        """Farther from the seed than the limit."""
        return _distance_mm(position_ras_mm, self.seed) > self.settings.search_limit_mm

    def blocked(self, position_ras_mm: FloatArray) -> _BoolArray:
        """Overlapping the VOI of another seed that the seed itself does not overlap."""
        result = np.zeros(position_ras_mm.shape[:-1], dtype=bool)
        for other in self.others:
            reach_mm = (self.seed.diameter_mm + other.diameter_mm) / 2
            if _distance_mm(np.array(self.seed.center_ras_mm), other) >= reach_mm:
                result |= _distance_mm(position_ras_mm, other) < reach_mm
        return result


class _Window(NamedTuple):
    """
    Signed means on a window and its margin; arrays in numpy order.

    NaN where the VOI does not lie wholly in the image. The signs are such
    that the best is always the highest.
    """

    low_ijk: _IntArray
    value: FloatArray
    candidate: _BoolArray
    outside_window: _BoolArray
    too_far: _BoolArray
    blocked: _BoolArray
    sign: float

    @property
    def best_kji(self) -> tuple[int, int, int]:
        """Where in the arrays the best candidate is."""
        values = np.where(self.candidate, self.value, -np.inf)
        k, j, i = np.unravel_index(int(np.argmax(values)), values.shape)
        return int(k), int(j), int(i)

    @property
    def best_ijk(self) -> _IntArray:
        """Index of the best candidate in the image."""
        return np.asarray(self.low_ijk + np.array(self.best_kji[::-1]))

    def _higher_neighbors(self) -> _BoolArray:
        """Of the 27 voxels round the best, those with a higher mean."""
        around = self._around_best(1)
        return np.asarray(self.value[around] > self.value[self.best_kji])

    def _around_best(self, reach: int) -> tuple[slice, slice, slice]:
        k, j, i = (slice(max(n - reach, 0), n + reach + 1) for n in self.best_kji)
        return k, j, i

    def open_edge(self) -> bool:
        """Whether the means rise beyond the window to where the search may go."""
        around = self._around_best(1)
        free = self.outside_window & ~self.too_far & ~self.blocked
        return bool(np.any(self._higher_neighbors() & free[around]))

    def flags(self) -> tuple[Flag, ...]:
        """What stopped the search, if it was not the maximum."""
        around = self._around_best(1)
        higher = self._higher_neighbors()
        flags = []
        if np.any(higher & self.blocked[around]):
            flags.append(Flag.SEARCH_BLOCKED)
        stopped = higher & (self.too_far | self.outside_window)[around] & ~self.blocked[around]
        if np.any(stopped) or np.isnan(self.value[around]).any():
            flags.append(Flag.SEARCH_AT_LIMIT)
        return tuple(flags)

    def summit_ijk(self) -> FloatArray:
        """Maximum of the polynomial through the means, at most one voxel from the best."""
        around = self._around_best(_MARGIN)
        block = self.value[around]
        finite = np.isfinite(block)
        keep = tuple(
            np.flatnonzero(finite.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)
        )
        block = block[np.ix_(*keep)]
        corner = np.array([a.start + k[0] for a, k in zip(around, keep, strict=True)])
        if min(block.shape) < 3 or not np.isfinite(block).all():
            return self.best_ijk.astype(float)
        summit = _summit(block, np.array(self.best_kji) - corner)
        return np.asarray(self.low_ijk + (summit + corner)[::-1])


def search_highest_mean(
    image: PETImage, located: LocatedInsert, others: Sequence[Solid], settings: Settings
) -> LocatedInsert:
    """
    Move a VOI from its seed to where its mean is highest, or lowest for a cold insert.

    Parameters
    ----------
    image : PETImage
        The image.

    located : LocatedInsert
        The insert at the place where the user clicked.

    others : sequence of Sphere or Cylinder
        The VOIs of the other seeds; no candidate overlaps one of them.

    settings : Settings
        Window, limit, and how voxels are counted.

    Returns
    -------
    located : LocatedInsert
        With the new center, the table of candidates and flags; where nothing
        could be searched as it was, with a flag.

    Notes
    -----
    Candidates are the voxel centers within the window round the seed at which
    the whole VOI lies in the image. If the means rise beyond the window's edge
    the window moves to the best candidate and the search goes on, no farther
    from the seed than the limit. Below one voxel the center is the maximum of
    the polynomial through the nine means a side round the best. Weighting voxels at fractional
    positions instead would follow the ripple of the voxel grid.
    """
    seed = located.solid
    kernel = kernel_mask(seed, image.geometry, counting=settings.counting)
    rule = _Rule(image.geometry, seed, settings, tuple(others))
    middle_ijk = image.geometry.index_ijk(seed.center_ras_mm)
    sign = 1.0 if located.insert.hot else -1.0
    windows: list[_Window] = []
    for _ in range(_MAX_MOVES):
        window = _search_window(image, kernel, middle_ijk, rule, sign)
        if window is None:
            break
        windows.append(window)
        if not window.open_edge():
            break
        middle_ijk = window.best_ijk.astype(float)
    if not windows:
        return replace(located, flags=(Flag.NOT_REFINED, *located.flags))
    r, a, s = image.geometry.position_ras_mm(windows[-1].summit_ijk()).tolist()
    return replace(
        located,
        center_ras_mm=(r, a, s),
        search=_search_table(image, kernel, windows),
        flags=(*windows[-1].flags(), *located.flags),
    )


def _search_window(
    image: PETImage, kernel: VOIMask, middle_ijk: FloatArray, rule: _Rule, sign: float
) -> _Window | None:
    """Means on the window round `middle_ijk`; None if there is nothing to choose from."""
    first, last = rule.window_ijk(middle_ijk)
    low, high = first - _MARGIN, last + _MARGIN
    value = sign * centered_mean(image.voxels, kernel.weights, _slices_kji(low, high))
    index = np.stack(
        np.meshgrid(*(np.arange(a, b + 1) for a, b in zip(low, high, strict=True)), indexing='ij'),
        axis=-1,
    ).transpose(2, 1, 0, 3)
    position = image.geometry.position_ras_mm(index)
    outside = np.any((index < first) | (index > last), axis=-1)
    too_far, blocked = rule.too_far(position), rule.blocked(position)
    candidate = ~outside & ~too_far & ~blocked & np.isfinite(value)
    values = value[candidate]
    if not values.size or np.ptp(values) <= 1e-9 * np.abs(values).max():
        return None
    return _Window(low, value, candidate, outside, too_far, blocked, sign)


def _slices_kji(low_ijk: _IntArray, high_ijk: _IntArray) -> Box:
    """Voxels from low to high, both included."""
    k, j, i = (
        slice(int(a), int(b) + 1) for a, b in zip(low_ijk[::-1], high_ijk[::-1], strict=True)
    )
    return k, j, i


def _search_table(image: PETImage, kernel: VOIMask, windows: list[_Window]) -> SearchTable:
    """Every candidate once, with mean and maximum."""
    parts = [_candidates(image, kernel, window) for window in windows]
    index, first = np.unique(np.vstack([p[0] for p in parts]), axis=0, return_index=True)
    mean, maximum = (np.concatenate([p[n] for p in parts])[first] for n in (1, 2))
    return SearchTable(index, mean, maximum)


def _candidates(
    image: PETImage, kernel: VOIMask, window: _Window
) -> tuple[_IntArray, FloatArray, FloatArray]:
    kji = np.argwhere(window.candidate)
    index = kji[:, ::-1] + window.low_ijk
    low, high = index.min(axis=0), index.max(axis=0)
    box = needed_box(_slices_kji(low, high), kernel.weights.shape)
    inside = kernel.weights >= HALF_INSIDE
    maximum = windowed_maximum(image.voxels[box], inside if inside.any() else kernel.weights > 0)
    k, j, i = (index - low)[:, ::-1].T
    return index, window.sign * window.value[window.candidate], maximum[k, j, i]


def _summit(block: FloatArray, start_kji: _IntArray) -> FloatArray:
    """Maximum of the polynomial through a block near one of its voxels, by Newton's method."""
    terms = block / np.abs(block).max()
    for axis, size in enumerate(block.shape):
        powers = polynomial.polyvander(np.arange(size) - start_kji[axis], size - 1)
        terms = np.moveaxis(np.tensordot(np.linalg.inv(powers), terms, (1, axis)), 0, axis)
    slopes = [polynomial.polyder(terms, axis=a) for a in range(3)]
    curvatures = [[polynomial.polyder(slope, axis=a) for a in range(3)] for slope in slopes]
    offset = np.zeros(3)
    for _ in range(_MAX_NEWTON_STEPS):
        k, j, i = offset.tolist()
        gradient = np.array([float(polynomial.polyval3d(k, j, i, s)) for s in slopes])
        hessian = np.array(
            [[float(polynomial.polyval3d(k, j, i, c)) for c in row] for row in curvatures]
        )
        if np.linalg.eigvalsh(hessian).max() >= 0:
            return start_kji.astype(float)
        step = np.clip(-np.linalg.solve(hessian, gradient), -0.5, 0.5)
        offset = np.clip(offset + step, -1.0, 1.0)
        if np.abs(step).max() < _NEWTON_TOLERANCE:
            break
    return np.asarray(start_kji + offset)


def _distance_mm(position_ras_mm: FloatArray, solid: Solid) -> FloatArray:
    return np.asarray(np.linalg.norm(position_ras_mm - np.array(solid.center_ras_mm), axis=-1))
