"""
Means of groups, and their differences with uncertainty.

The noise of a mean is the SD of its replicates over the root of their number;
of a single scan it is known only where the analysis gives it. Intervals take
Student's t with the degrees of freedom of Welch and Satterthwaite (JCGM
100:2008, G.4.1): with three replicates, 1.0 standard uncertainties would cover
the truth in 58 % of cases, not in 68 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from typing import NamedTuple

import numpy as np

from ..evaluate.quantities import QUANTITIES, QUANTITY_OF, Value
from .groups import Group

LEVELS = (0.6827, 0.95)
"""Coverage of the two intervals that are given."""

_HAS_FILL = ('contrast_percent', 'rc_max', 'rc_mean', 'rc_peak')
"""Quantities into which the activity of the fill enters."""

ONE_SCAN = 'one scan of unknown noise: no uncertainty'
ONE_ACQUISITION = 'of one acquisition: the noise is shared, the uncertainty is an upper bound'
NO_FILL = 'without the uncertainty of the fill, which is not known'
OTHER_SIZE = 'spheres of different diameters under one label: not the same sphere'
FLAGGED = 'some values carry flags, which stand beside them in the workbook'


class ValueKey(NamedTuple):
    """
    What makes values comparable.

    Attributes
    ----------
    quantity, label, unit : str
        As in `Value`.
    """

    quantity: str
    label: str
    unit: str


@dataclass(frozen=True)
class GroupValue:
    """
    One quantity of one group.

    Attributes
    ----------
    key : ValueKey
        Which.

    diameter_mm : float or None
        Of the sphere.

    count : int
        Values in the mean.

    mean : float
        Their mean.

    sd : float or None
        SD of one value, divided by n - 1; None for a single one.

    noise_sd : float or None
        Standard uncertainty of the mean by noise.

    freedom : float
        Its degrees of freedom.

    fill_sd : float or None
        Standard uncertainty by the fill, which replicates do not reduce.

    flags : tuple of str
        Of all values.
    """

    key: ValueKey
    diameter_mm: float | None
    count: int
    mean: float
    sd: float | None
    noise_sd: float | None
    freedom: float
    fill_sd: float | None
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """
    A group's value minus that of the reference.

    Attributes
    ----------
    group : str
        Name of the group.

    value, reference : GroupValue
        What is compared.

    sd : float or None
        Standard uncertainty of the difference.

    freedom : float
        Its effective degrees of freedom.

    half_width_68, half_width_95 : float or None
        Half widths of the intervals that cover the truth with 68 % and 95 %.

    notes : tuple of str
        What must be said.
    """

    group: str
    value: GroupValue
    reference: GroupValue
    sd: float | None
    freedom: float
    half_width_68: float | None
    half_width_95: float | None
    notes: tuple[str, ...]

    @property
    def difference(self) -> float:
        """Value minus reference."""
        return self.value.mean - self.reference.mean

    @property
    def percent(self) -> float | None:
        """The difference over the reference; None for an error, which is good near 0."""
        if not self.reference.mean or QUANTITY_OF[self.value.key.quantity].is_error:
            return None
        return 100.0 * self.difference / self.reference.mean

    @property
    def different(self) -> bool | None:
        """Whether the 95 % interval leaves out 0; None without an uncertainty."""
        return None if self.half_width_95 is None else abs(self.difference) > self.half_width_95


def group_values(group: Group) -> dict[ValueKey, GroupValue]:
    """
    Mean and SD of every quantity of a group.

    Parameters
    ----------
    group : Group
        Its members.

    Returns
    -------
    values : dict
        In the order of the members' values.
    """
    collected: dict[ValueKey, list[Value]] = {}
    for member in group.members:
        for value in member.measured:
            key = ValueKey(value.quantity, value.label, value.unit)
            collected.setdefault(key, []).append(value)
    return {key: _mean(key, values) for key, values in collected.items()}


def differences(groups: Sequence[Group], reference: Group) -> tuple[Difference, ...]:
    """
    Every other group against the reference.

    Parameters
    ----------
    groups : sequence of Group
        All of them.

    reference : Group
        One of them.

    Returns
    -------
    differences : tuple of Difference
        By quantity, then the largest sphere first, then in the order of the
        groups. Values of different units are not compared.
    """
    base = group_values(reference)
    found = [
        _difference(group, value, base[key], same=bool(group.acquisitions & reference.acquisitions))
        for group in groups
        if group is not reference
        for key, value in group_values(group).items()
        if key in base
    ]
    return tuple(sorted(found, key=lambda one: sort_key(one.value)))


def sort_key(value: GroupValue) -> tuple[int, float, str]:
    """
    Order of tables: as `QUANTITIES`, then the largest sphere first.

    Parameters
    ----------
    value : GroupValue
        The value.

    Returns
    -------
    key : tuple
        For `sorted`.
    """
    return _PLACE[value.key.quantity], -(value.diameter_mm or 0.0), value.key.label


_PLACE = {quantity.key: n for n, quantity in enumerate(QUANTITIES)}


def _mean(key: ValueKey, values: Sequence[Value]) -> GroupValue:
    numbers = [value.value for value in values]
    count = len(numbers)
    # Exact sums: of equal values numpy's SD is the rounding of its mean, not 0.
    sd = stdev(numbers) if count > 1 else None
    fills = [value.fill_sd for value in values if value.fill_sd is not None]
    return GroupValue(
        key=key,
        diameter_mm=values[0].diameter_mm,
        count=count,
        mean=mean(numbers),
        sd=sd,
        noise_sd=values[0].noise_sd if sd is None else sd / math.sqrt(count),
        freedom=count - 1.0 if count > 1 else math.inf,
        fill_sd=float(np.mean(fills)) if len(fills) == count else None,
        flags=tuple(dict.fromkeys(flag for value in values for flag in value.flags)),
    )


def _difference(
    group: Group, value: GroupValue, reference: GroupValue, *, same: bool
) -> Difference:
    notes = tuple(_notes(value, reference, same=same))
    if value.noise_sd is None or reference.noise_sd is None:
        return Difference(group.name, value, reference, None, math.nan, None, None, notes)
    noise = value.noise_sd**2 + reference.noise_sd**2
    # The activity of one fill is one number: its error is in both values alike.
    fill = 0.0 if same else sum(one.fill_sd**2 for one in (value, reference) if one.fill_sd)
    sd = math.sqrt(noise + fill)
    freedom = _effective_freedom(sd, value, reference)
    low, high = (sd * _student(level, freedom) for level in LEVELS)
    return Difference(group.name, value, reference, sd, freedom, low, high, notes)


def _notes(value: GroupValue, reference: GroupValue, *, same: bool) -> Iterator[str]:
    if value.noise_sd is None or reference.noise_sd is None:
        yield ONE_SCAN
    elif same:
        yield ONE_ACQUISITION
    elif value.key.quantity in _HAS_FILL and None in (value.fill_sd, reference.fill_sd):
        yield NO_FILL
    sizes = value.diameter_mm, reference.diameter_mm
    if None not in sizes and sizes[0] != sizes[1]:
        yield OTHER_SIZE
    if value.flags or reference.flags:
        yield FLAGGED


def _effective_freedom(sd: float, *values: GroupValue) -> float:
    """Welch and Satterthwaite; what the analysis or the fill gives has infinitely many."""
    weight = sum((one.noise_sd or 0.0) ** 4 / one.freedom for one in values)
    return math.inf if weight == 0 else sd**4 / weight


def _student(level: float, freedom: float) -> float:
    from scipy.stats import norm, t

    upper = 0.5 + level / 2
    return float(norm.ppf(upper) if math.isinf(freedom) else t.ppf(upper, freedom))
