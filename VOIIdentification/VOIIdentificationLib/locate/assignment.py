"""Every diameter at every place of an image, hot, cold or none: misfits and the best assignment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from ..core.geometry import FloatArray
from ..sphere_fit.fit import WALL_MM
from ..sphere_fit.model import FWHM_PER_SIGMA
from .ring_template import TINY, blurred_ball
from .shells import Shells

Filling = Literal['hot', 'cold', 'none']
"""``'none'``: nothing differs from the background, as in a sphere filled with it."""

FILLINGS: tuple[Filling, ...] = ('hot', 'cold', 'none')
"""Everything that may stand at a place."""

FWHM_MM = (3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.5, 11.0, 13.0, 16.0)
"""Resolutions that are tried; the voxels' own blur is added to each."""

_SIGNALS = 25
"""Common signals from which the assignment starts: quantiles of those of single spheres."""

_MAX_ROUNDS = 4
"""Assignment and signal are found in turn; they agree after two or three rounds."""


@dataclass(frozen=True, eq=False)
class Costs:
    """
    Misfit of every diameter at every place, the background of each eliminated.

    Attributes
    ----------
    at_0, slope, curve : (P, D) `numpy.ndarray` of float
        A hot sphere's is ``at_0 - 2 slope S + curve S^2`` at the common signal S.

    cold : (P, D) `numpy.ndarray` of float
        Of spheres without any signal.

    flat : (P,) `numpy.ndarray` of float
        Of a place where nothing is.
    """

    at_0: FloatArray
    slope: FloatArray
    curve: FloatArray
    cold: FloatArray
    flat: FloatArray

    def hot(self, signal: float) -> FloatArray:
        """
        Misfits of hot spheres.

        Parameters
        ----------
        signal : float
            The common one.

        Returns
        -------
        misfits : (P, D) `numpy.ndarray` of float
            Of every diameter at every place.
        """
        return np.asarray(self.at_0 - 2 * self.slope * signal + self.curve * signal**2)

    def alone(self) -> FloatArray:
        """
        Misfits if each sphere had its own signal, of whatever sign.

        Returns
        -------
        misfits : (P, D) `numpy.ndarray` of float
            Of every diameter at every place.
        """
        return np.asarray(self.at_0 - self.slope**2 / self.curve)

    def own_signals(self) -> FloatArray:
        """
        Signals from which an assignment may start: those of single spheres.

        Returns
        -------
        signals : (N,) `numpy.ndarray` of float
            Their quantiles.
        """
        own = np.maximum(self.slope / self.curve, 0.0)
        hot = own[own > 0]
        quantiles = np.linspace(0, 1, _SIGNALS)
        return np.unique(np.quantile(hot, quantiles)) if hot.size else np.zeros(1)

    def without(self, place: int, **fillings: npt.NDArray[np.bool_] | bool) -> Costs:
        """
        Leave out what a place must not have.

        Parameters
        ----------
        place : int
            Which place.

        **fillings : bool or (D,) `numpy.ndarray` of bool
            For ``hot``, ``cold`` and ``flat``: which diameters are left out.

        Returns
        -------
        costs : Costs
            Infinite there.
        """
        changed = {}
        for filling, columns in fillings.items():
            name = 'at_0' if filling == 'hot' else filling
            costs = getattr(self, name).copy()
            costs[place] = np.where(columns, np.inf, costs[place])
            changed[name] = costs
        return replace(self, **changed)

    def only(self, place: int, filling: Filling) -> Costs:
        """
        Leave out every other filling of a place.

        Parameters
        ----------
        place : int
            Which place.

        filling : {'hot', 'cold', 'none'}
            What it holds.

        Returns
        -------
        costs : Costs
            Infinite for the others.
        """
        hot, cold, nothing = (filling != one for one in FILLINGS)
        return self.without(place, hot=hot, cold=cold, flat=nothing)

    def assigned(self, signals: Iterable[float]) -> Assigned:
        """
        Find the best of all assignments, and its signal, in turn.

        Parameters
        ----------
        signals : iterable of float
            From which it starts.

        Returns
        -------
        assigned : Assigned
            The best one found.
        """
        seen: set[bytes] = set()
        found = [one for signal in signals for one in self._rounds(float(signal), seen)]
        return min(found, key=lambda one: one.misfit)

    def at(self, signal: float) -> Assigned:
        """
        Find the best assignment at one signal.

        Parameters
        ----------
        signal : float
            The common one.

        Returns
        -------
        assigned : Assigned
            Each diameter stands at one place at most.
        """
        places, sizes = self.at_0.shape
        costs = np.empty((places, sizes + places))
        np.minimum(self.hot(signal), self.cold, out=costs[:, :sizes])
        costs[:, sizes:] = self.flat[:, None]
        rows, columns = linear_sum_assignment(costs)
        return Assigned(float(costs[rows, columns].sum()), columns, signal)

    def _rounds(self, signal: float, seen: set[bytes]) -> Iterator[Assigned]:
        for _ in range(_MAX_ROUNDS):
            one = self.at(signal)
            yield one
            if one.columns.tobytes() in seen:
                return
            seen.add(one.columns.tobytes())
            places = np.flatnonzero(one.columns < self.at_0.shape[1])
            at = places, one.columns[places]
            warm = self.hot(signal)[at] <= self.cold[at]
            if not warm.any():
                return
            signal = float(self.slope[at][warm].sum() / self.curve[at][warm].sum())


@dataclass(frozen=True, eq=False)
class Assigned:
    """
    One assignment.

    Attributes
    ----------
    misfit : float
        Of all places.

    columns : (P,) `numpy.ndarray` of int
        Which of the diameters stands at each place; past the last one: nothing.

    signal : float
        The common one.
    """

    misfit: float
    columns: npt.NDArray[np.int64]
    signal: float


def all_costs(shells: Shells, diameters_mm: FloatArray) -> list[Costs]:
    """
    Compare all diameters with all places.

    Parameters
    ----------
    shells : Shells
        What it shows around the places.

    diameters_mm : (D,) `numpy.ndarray` of float
        Of the spheres.

    Returns
    -------
    costs : list of Costs
        For each of `FWHM_MM`.
    """
    return [_costs(shells, diameters_mm, fwhm_mm) for fwhm_mm in FWHM_MM]


def _costs(shells: Shells, diameters_mm: FloatArray, fwhm_mm: float) -> Costs:
    """Least squares over the shells, the background of each place eliminated."""
    sigma = float(np.sqrt((fwhm_mm / FWHM_PER_SIGMA) ** 2 + shells.voxel_variance_mm2))
    radius = np.asarray(diameters_mm)[:, None] / 2
    distance, weight = shells.distance_mm[:, None], shells.count[:, None]
    ball = blurred_ball(distance, radius, sigma)
    around = 1.0 - blurred_ball(distance, radius + WALL_MM, sigma)
    square = np.maximum(np.sum(weight * around**2, axis=-1, keepdims=True), TINY)

    def free_of_background(values: FloatArray) -> FloatArray:
        part = np.sum(weight * around * values, axis=-1, keepdims=True) / square
        return np.asarray(values - around * part)

    seen, hot = free_of_background(shells.value[:, None]), free_of_background(ball)
    mean = np.average(shells.value, axis=1, weights=shells.count)
    at_0 = np.sum(weight * seen**2, axis=-1)
    return Costs(
        at_0=at_0,
        slope=np.sum(weight * seen * hot, axis=-1),
        curve=np.sum(weight * hot**2, axis=-1) + TINY,
        cold=at_0,
        flat=np.sum(shells.count * (shells.value - mean[:, None]) ** 2, axis=-1),
    )
