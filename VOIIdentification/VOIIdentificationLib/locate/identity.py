"""Which sphere stands where: all hot spheres hold one concentration and are blurred alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from ..core.geometry import FloatArray, Point
from ..core.image import PETImage
from ..sphere_fit.fit import WALL_MM
from ..sphere_fit.model import FWHM_PER_SIGMA
from .ring_candidates import blurred_ball

Filling = Literal['hot', 'cold', 'none']
"""``'none'``: nothing differs from the background, as in a sphere filled with it."""

REACH_MM = 27.0
"""Voxels this far from a center are compared: spheres of the IEC ring are 57 mm apart."""

SHELL_MM = 1.0
"""Thickness of the shells of equal distance whose means are compared."""

FWHM_MM = (3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.5, 11.0, 13.0, 16.0)
"""Resolutions that are tried; the voxels' own blur is added to each."""

MIN_MARGIN = 25.0
"""
An identity that leads by less is doubted. In parts of the variance of a shell's mean, shells
being correlated: of 90 phantoms at contrast 1.5 to 2 and COV 30 to 40 %, where a third of the
small spheres drowns in noise, wrong ones led by 17 at most; at contrast 4 and COV 20 %, right
ones by 200 and more.
"""

MAX_SIGNAL_DEVIATION = 0.25
"""
A hot sphere whose own signal differs from the common one by more than this is contradicted
by the others: half of what one size more or less does to the signal (a factor of 2.1), and
twice what reconstructions that overshoot do (0.1).
"""

_SIGNALS = 25
"""Common signals from which the assignment starts: quantiles of those of single spheres."""

_MAX_ROUNDS = 4
"""Assignment and signal are found in turn; they agree after two or three rounds."""

_IMPOSSIBLE = 1e30
"""Cost of what must not be assigned."""

_SINGLE_PRECISION = 1e-6
"""Relative precision of voxels and of sums of them."""


@dataclass(frozen=True)
class Identity:
    """
    What stands at one place.

    Attributes
    ----------
    size : int or None
        Which of the diameters; None where nothing is seen.

    filling : {'hot', 'cold', 'none'}
        What it holds.

    margin : float
        By how much the whole image disagrees with anything else at this place;
        below `MIN_MARGIN` it is open.

    signal : float or None
        What its voxels alone say of the common signal, in the image's unit; None if not hot.
    """

    size: int | None
    filling: Filling
    margin: float
    signal: float | None = None

    @property
    def is_clear(self) -> bool:
        """Whether the image leaves no doubt."""
        return self.margin >= MIN_MARGIN


@dataclass(frozen=True, eq=False)
class Identification:
    """
    What stands at all places, judged together.

    Attributes
    ----------
    spheres : tuple of Identity
        In the order of the places.

    signal : float
        The common value of hot spheres before blurring, in the image's unit.

    fwhm_mm : float
        The common resolution, in millimeter.
    """

    spheres: tuple[Identity, ...]
    signal: float
    fwhm_mm: float

    def deviation(self, place: int) -> float:
        """
        How far a sphere's own signal is from the common one.

        Parameters
        ----------
        place : int
            Which place.

        Returns
        -------
        deviation : float
            Own over common signal, less 1; 0 where nothing hot is.
        """
        own = self.spheres[place].signal
        return 0.0 if own is None or not self.signal else own / self.signal - 1.0


def identify_spheres(
    image: PETImage, centers_ras_mm: Sequence[Point] | FloatArray, diameters_mm: FloatArray
) -> Identification | None:
    """
    Tell spheres apart by what the image shows, whatever their order.

    Every assignment of diameters to places is compared under one signal, one
    resolution and a background of its own around each place. A place may also
    hold a cold sphere or nothing.

    Parameters
    ----------
    image : PETImage
        The scan.

    centers_ras_mm : (P, 3) sequence of float
        Centers, within a millimeter or two.

    diameters_mm : (D,) `numpy.ndarray` of float
        Inner diameters of the spheres that may be there; fewer places than
        diameters leave some out.

    Returns
    -------
    identification : Identification or None
        None where a place has no voxels in the image.

    Notes
    -----
    Means over shells of equal distance carry all that tells diameters apart:
    the integral above background is signal times volume, whatever the blur
    (neighboring sizes differ by a factor of 2.1), and the blur is common. With
    the background eliminated the misfit of place p with diameter d is a
    parabola in the signal, so that the assignment (Jonker-Volgenant) and the
    signal are found in turn.
    """
    shells = _Shells.around(image, centers_ras_mm)
    if shells is None:
        return None
    voxel_variance = float(np.mean(image.geometry.spacing_ijk_mm**2)) / 12
    all_costs = [_costs(shells, diameters_mm, fwhm, voxel_variance) for fwhm in FWHM_MM]
    found = [costs.assigned() for costs in all_costs]
    best = int(np.argmin([one.misfit for one in found]))
    near = all_costs[max(best - 1, 0) : best + 2]
    return _identified(found[best], all_costs[best], near, shells, FWHM_MM[best])


@dataclass(frozen=True, eq=False)
class _Shells:
    """Mean distance, mean value and number of voxels of the shells round each place: (P, B)."""

    distance_mm: FloatArray
    value: FloatArray
    count: FloatArray

    @classmethod
    def around(
        cls, image: PETImage, centers_ras_mm: Sequence[Point] | FloatArray
    ) -> _Shells | None:
        sums = [_shell_sums(image, np.asarray(center, dtype=float)) for center in centers_ras_mm]
        if not sums:
            return None
        count, distance, value = np.moveaxis(np.array(sums), 1, 0)
        if not np.all(count.sum(axis=1) > 0):
            return None
        known = np.maximum(count, 1.0)
        return cls(distance / known, value / known, count)


def _shell_sums(image: PETImage, center_ras_mm: FloatArray) -> FloatArray:
    """Of the shells round one center: number of voxels, sum of distances, sum of values."""
    geometry = image.geometry
    half = REACH_MM * np.linalg.norm(np.linalg.inv(geometry.axes_ras_mm), axis=1)
    index = geometry.index_ijk(center_ras_mm)
    low = np.clip(np.ceil(index - half), 0, geometry.size_ijk).astype(np.int64)
    high = np.clip(np.floor(index + half) + 1, 0, geometry.size_ijk).astype(np.int64)
    i, j, k = (np.arange(a, b) - c for a, b, c in zip(low, high, index, strict=True))
    along = [a * i + b * j[:, None] + c * k[:, None, None] for a, b, c in geometry.axes_ras_mm]
    distance = np.sqrt(along[0] ** 2 + along[1] ** 2 + along[2] ** 2).ravel()
    box = tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1], strict=True))
    values = image.voxels[box].ravel().astype(float)
    used = (distance < REACH_MM) & np.isfinite(values)
    shell = (distance[used] / SHELL_MM).astype(np.int64)
    weights = (None, distance[used], values[used])
    return np.array([np.bincount(shell, w, int(REACH_MM / SHELL_MM)) for w in weights])


@dataclass(frozen=True, eq=False)
class _Costs:
    """
    Misfit of every diameter at every place: ``at_0 - 2 slope S + curve S^2`` at the signal S.

    The last array, `flat`, is the misfit of a place where nothing is.
    """

    at_0: FloatArray
    slope: FloatArray
    curve: FloatArray
    flat: FloatArray

    def misfits(self, signal: float) -> FloatArray:
        """Of hot spheres; a cold one's is `at_0`."""
        return np.asarray(self.at_0 - 2 * self.slope * signal + self.curve * signal**2)

    def assigned(self, *, without: tuple[int, int] | None = None) -> _Assigned:
        """The best of all assignments, or of those without one pair of place and column."""
        own = np.maximum(self.slope / self.curve, 0.0)
        hot = own[own > 0]
        starts = np.unique(np.quantile(hot, np.linspace(0, 1, _SIGNALS))) if hot.size else [0.0]
        found = [one for start in starts for one in self._rounds(float(start), without)]
        return min(found, key=lambda one: one.misfit)

    def _rounds(self, signal: float, without: tuple[int, int] | None) -> Iterator[_Assigned]:
        places, sizes = self.at_0.shape
        for _ in range(_MAX_ROUNDS):
            hot = self.misfits(signal)
            empty = np.broadcast_to(self.flat[:, None], (places, places))
            costs = np.concatenate([np.minimum(hot, self.at_0), empty], axis=1)
            if without is not None:
                place, column = without
                costs[place, column if column < sizes else slice(sizes, None)] = _IMPOSSIBLE
            rows, columns = linear_sum_assignment(costs)
            yield _Assigned(float(costs[rows, columns].sum()), columns, signal)
            sphere = columns < sizes
            at = rows[sphere], columns[sphere]
            warm = hot[at] <= self.at_0[at]
            if not warm.any():
                return
            pairs = rows[sphere][warm], columns[sphere][warm]
            before, signal = signal, float(self.slope[pairs].sum() / self.curve[pairs].sum())
            if abs(signal - before) <= 1e-9 * abs(before):
                return


@dataclass(frozen=True, eq=False)
class _Assigned:
    """One assignment: for each place a column of the costs (one past the diameters: nothing)."""

    misfit: float
    columns: npt.NDArray[np.int64]
    signal: float


def _costs(
    shells: _Shells, diameters_mm: FloatArray, fwhm_mm: float, voxel_variance_mm2: float
) -> _Costs:
    """Least squares over the shells, the background of each place eliminated."""
    sigma = float(np.sqrt((fwhm_mm / FWHM_PER_SIGMA) ** 2 + voxel_variance_mm2))
    radius = np.asarray(diameters_mm)[:, None] / 2
    distance, weight = shells.distance_mm[:, None], shells.count[:, None]
    ball = blurred_ball(distance, radius, sigma)
    around = 1.0 - blurred_ball(distance, radius + WALL_MM, sigma)
    square = np.sum(weight * around**2, axis=-1, keepdims=True)

    def free_of_background(values: FloatArray) -> FloatArray:
        part = np.sum(weight * around * values, axis=-1, keepdims=True) / square
        return np.asarray(values - around * part)

    seen, hot = free_of_background(shells.value[:, None]), free_of_background(ball)
    mean = np.average(shells.value, axis=1, weights=shells.count)
    return _Costs(
        at_0=np.sum(weight * seen**2, axis=-1),
        slope=np.sum(weight * seen * hot, axis=-1),
        curve=np.sum(weight * hot**2, axis=-1),
        flat=np.sum(shells.count * (shells.value - mean[:, None]) ** 2, axis=-1),
    )


def _identified(
    best: _Assigned, costs: _Costs, near: Sequence[_Costs], shells: _Shells, fwhm_mm: float
) -> Identification:
    """The best assignment, and how far every place's second best lies behind."""
    places, sizes = costs.at_0.shape
    freedom = np.count_nonzero(shells.count) - places - 2
    # An image without noise is known to the precision of its voxels, not better.
    rounding = (_SINGLE_PRECISION * float(np.abs(shells.value).max())) ** 2
    variance = best.misfit / max(freedom, 1) + rounding + np.finfo(float).tiny
    hot = costs.misfits(best.signal)
    spheres = []
    for place, column in enumerate(best.columns.tolist()):
        other = min(one.assigned(without=(place, column)).misfit for one in near)
        margin = float((other - best.misfit) / variance)
        if column >= sizes:
            spheres.append(Identity(None, 'none', margin))
        elif hot[place, column] <= costs.at_0[place, column]:
            own = float(costs.slope[place, column] / costs.curve[place, column])
            spheres.append(Identity(column, 'hot', margin, own))
        else:
            spheres.append(Identity(column, 'cold', margin))
    return Identification(tuple(spheres), best.signal, fwhm_mm)
