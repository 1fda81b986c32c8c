"""
Is a quantity still what it was? Individuals charts, rules and drift.

The limits of a chart for single values come from the ranges between
neighbors, so that a slow change of level does not widen them: sigma = mean
moving range / d2, limits at 3 sigma (NIST/SEMATECH e-Handbook of Statistical
Methods, 6.3.2.2). The rules are those of the Western Electric Company,
Statistical Quality Control Handbook, 1956 (e-Handbook, 6.3.2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

D2 = 2.0 / math.sqrt(math.pi)
"""Mean range of two values of a normal distribution, in SD: 1.128."""

D3 = math.sqrt(2.0 - D2**2)
"""SD of that range, in SD: 0.853."""

LIMIT_SIGMA = 3.0
"""Limits of the charts, of values and of ranges."""

BASELINE_COUNT = 20
"""The first values, from which the limits are taken; customary are 20 to 25."""

MIN_BASELINE_COUNT = 5
"""With fewer there are no limits. Ours: a year of quarterly scans and one more."""

DRIFT_P = 0.0027
"""Chance of a drift where there is none, as small as that beyond 3 sigma."""

DAYS_PER_YEAR = 365.25

RULES = {
    'beyond_3_sigma': 'one value beyond 3 sigma',
    'two_of_three_beyond_2_sigma': 'two of three beyond 2 sigma on one side',
    'four_of_five_beyond_1_sigma': 'four of five beyond 1 sigma on one side',
    'eight_on_one_side': 'eight in a row on one side of the center',
    'jump': 'a step from the value before beyond the limit of the moving range',
}
"""Stable names of the rules, and their words. The first four are Western Electric's."""

_RUN_RULES = (
    ('two_of_three_beyond_2_sigma', 2.0, 2, 3),
    ('four_of_five_beyond_1_sigma', 1.0, 4, 5),
    ('eight_on_one_side', 0.0, 8, 8),
)
"""Name, level in sigma, how many beyond it, of how many in a row."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Limits:
    """
    Center and limits of a chart.

    Attributes
    ----------
    center, sigma : float
        Mean of the baseline, and SD from its moving ranges.

    count : int
        Values in the baseline.

    provisional : bool
        True if it has fewer than `BASELINE_COUNT`.
    """

    center: float
    sigma: float
    count: int
    provisional: bool

    @property
    def lower(self) -> float:
        """Lower limit of the values."""
        return self.center - LIMIT_SIGMA * self.sigma

    @property
    def upper(self) -> float:
        """Upper limit of the values."""
        return self.center + LIMIT_SIGMA * self.sigma

    @property
    def moving_range_upper(self) -> float:
        """Upper limit of the step from one value to the next."""
        return (D2 + LIMIT_SIGMA * D3) * self.sigma


@dataclass(frozen=True)
class Alarm:
    """
    A rule that is broken.

    Attributes
    ----------
    index : int
        Place of the value that completes it.

    rule : str
        Name, a key of `RULES`.
    """

    index: int
    rule: str


@dataclass(frozen=True)
class Drift:
    """
    A straight line through all values over time.

    Attributes
    ----------
    per_year, sd_per_year : float
        Slope and its standard uncertainty.

    significant : bool
        Whether chance alone would give such a slope less often than `DRIFT_P`,
        if neighbors in time do not depend on each other.
    """

    per_year: float
    sd_per_year: float
    significant: bool


@dataclass(frozen=True, eq=False)
class ControlChart:
    """
    Values in the order of time, and what is to be said of them.

    Attributes
    ----------
    values : (N,) `numpy.ndarray`
        The values.

    limits : Limits or None
        None with fewer than `MIN_BASELINE_COUNT` values.

    alarms : tuple of Alarm
        By index.

    drift : Drift or None
        None with fewer than `MIN_BASELINE_COUNT` values, or all of one time.
    """

    values: Floats
    limits: Limits | None
    alarms: tuple[Alarm, ...]
    drift: Drift | None

    @property
    def last_alarms(self) -> tuple[Alarm, ...]:
        """Rules that the last value breaks."""
        return tuple(alarm for alarm in self.alarms if alarm.index == len(self.values) - 1)


def control_chart(values: Sequence[float], days: Sequence[float]) -> ControlChart:
    """
    Judge a quantity over time.

    Parameters
    ----------
    values : sequence of float
        In the order of time.

    days : sequence of float
        When, in days from any instant.

    Returns
    -------
    chart : ControlChart
        Limits, alarms, drift.
    """
    array = np.asarray(values, dtype=np.float64)
    limits = chart_limits(array[:BASELINE_COUNT])
    alarms = broken_rules(array, limits) if limits is not None else ()
    return ControlChart(array, limits, alarms, drift_of(array, np.asarray(days, dtype=np.float64)))


def chart_limits(baseline: Floats) -> Limits | None:
    """
    Limits of an individuals chart.

    Parameters
    ----------
    baseline : (N,) `numpy.ndarray`
        Values of a time when all was well, in the order of time.

    Returns
    -------
    limits : Limits or None
        None with fewer than `MIN_BASELINE_COUNT` values.
    """
    if len(baseline) < MIN_BASELINE_COUNT:
        return None
    sigma = float(np.abs(np.diff(baseline)).mean()) / D2
    few = len(baseline) < BASELINE_COUNT
    # The mean of equal values is off by a rounding, which would be infinitely many sigma.
    center = float(baseline.mean()) if sigma else float(baseline[0])
    return Limits(center, sigma, len(baseline), few)


def broken_rules(values: Floats, limits: Limits) -> tuple[Alarm, ...]:
    """
    Every rule that is broken, at the value that completes it.

    Parameters
    ----------
    values : (N,) `numpy.ndarray`
        In the order of time.

    limits : Limits
        Of the chart.

    Returns
    -------
    alarms : tuple of Alarm
        By index, then in the order of `RULES`.
    """
    z = _in_sigma(values, limits)
    broken = {'beyond_3_sigma': np.abs(z) > LIMIT_SIGMA}
    for name, level, count, length in _RUN_RULES:
        broken[name] = _run(z > level, count, length) | _run(z < -level, count, length)
    steps = np.abs(np.diff(values, prepend=values[:1]))
    broken['jump'] = steps > limits.moving_range_upper
    order = list(RULES)
    found = [
        (int(n), order.index(rule), rule) for rule in order for n in np.flatnonzero(broken[rule])
    ]
    return tuple(Alarm(index, rule) for index, _, rule in sorted(found))


def drift_of(values: Floats, days: Floats) -> Drift | None:
    """
    Slope of the values over time, by least squares.

    Parameters
    ----------
    values, days : (N,) `numpy.ndarray`
        Values, and when.

    Returns
    -------
    drift : Drift or None
        None with fewer than `MIN_BASELINE_COUNT` values, or all of one time.
    """
    from scipy.stats import linregress

    if len(values) < MIN_BASELINE_COUNT or np.ptp(days) == 0:
        return None
    if np.ptp(values) == 0:
        return Drift(0.0, 0.0, significant=False)
    fit = linregress(days / DAYS_PER_YEAR, values)
    return Drift(float(fit.slope), float(fit.stderr), bool(fit.pvalue < DRIFT_P))


def _in_sigma(values: Floats, limits: Limits) -> Floats:
    """Distance from the center; infinite for any change of what never changed."""
    off = values - limits.center
    if limits.sigma > 0:
        return off / limits.sigma
    return np.where(off == 0, 0.0, np.copysign(np.inf, off))


def _run(beyond: npt.NDArray[np.bool_], count: int, length: int) -> npt.NDArray[np.bool_]:
    """Where a value is beyond, and with it `count` of the last `length`."""
    total = np.concatenate([[0], np.cumsum(beyond)])
    start = np.maximum(np.arange(len(beyond)) - length + 1, 0)
    enough: npt.NDArray[np.bool_] = total[1:] - total[start] >= count
    return beyond & enough
