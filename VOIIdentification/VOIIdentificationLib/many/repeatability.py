"""How far a quantity varies over measurements of the same thing: mean, SD, COV, n."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..evaluate.quantities import QUANTITIES, QUANTITY_OF, Value

CONFIDENCE = 0.95
"""Of the interval of an SD: of few values it is known badly, and that is said."""


@dataclass(frozen=True)
class Repeatability:
    """
    One quantity of one sphere over all frames.

    Attributes
    ----------
    quantity, label, unit : str
        As in `Value`.

    diameter_mm : float or None
        Of the sphere.

    values : tuple of float or None
        One a frame; None where the frame has none.

    flags : tuple of str
        Of any frame.
    """

    quantity: str
    label: str
    unit: str
    diameter_mm: float | None
    values: tuple[float | None, ...]
    flags: tuple[str, ...] = ()

    @property
    def known(self) -> list[float]:
        """The values that there are."""
        return [value for value in self.values if value is not None]

    @property
    def mean(self) -> float:
        """Of the values that there are."""
        return statistics.fmean(self.known)

    @property
    def sd(self) -> float | None:
        """Standard deviation, n - 1 in the denominator; None for one value."""
        return statistics.stdev(self.known) if len(self.known) > 1 else None

    @property
    def cov_percent(self) -> float | None:
        """SD over the mean; None for an error, whose mean says nothing of its size."""
        if self.sd is None or self.mean == 0 or QUANTITY_OF[self.quantity].is_error:
            return None
        return 100.0 * self.sd / abs(self.mean)

    @property
    def sd_limits(self) -> tuple[float, float] | None:
        """Interval (95 %) of the SD, if values vary normally: sqrt((n - 1) s² / χ²)."""
        from scipy.special import chdtri

        if self.sd is None:
            return None
        freedom = len(self.known) - 1
        tail = (1 - CONFIDENCE) / 2
        high, low = float(chdtri(freedom, tail)), float(chdtri(freedom, 1 - tail))
        return self.sd * math.sqrt(freedom / high), self.sd * math.sqrt(freedom / low)


def repeatability(frames: Sequence[Iterable[Value]]) -> tuple[Repeatability, ...]:
    """
    Every quantity over all frames.

    Parameters
    ----------
    frames : sequence of iterable of Value
        What was measured in each.

    Returns
    -------
    found : tuple of Repeatability
        In the order of `QUANTITIES`, the largest sphere first. A value that only
        some frames have is averaged over these, and `values` shows it.
    """
    by_key: dict[tuple[str, str, str], list[Value | None]] = {}
    for number, values in enumerate(frames):
        for value in values:
            row = by_key.setdefault((value.quantity, value.label, value.unit), [])
            row += [None] * (number - len(row))
            row.append(value)
    found = [_of_row(key, row, len(frames)) for key, row in by_key.items()]
    order = {quantity.key: n for n, quantity in enumerate(QUANTITIES)}
    return tuple(sorted(found, key=lambda one: (order[one.quantity], -(one.diameter_mm or 0.0))))


def _of_row(key: tuple[str, str, str], row: Sequence[Value | None], count: int) -> Repeatability:
    there = [value for value in row if value is not None]
    flags = dict.fromkeys(flag for value in there for flag in value.flags)
    values = [None if value is None else value.value for value in row]
    values += [None] * (count - len(values))
    return Repeatability(*key, there[0].diameter_mm, tuple(values), tuple(flags))
