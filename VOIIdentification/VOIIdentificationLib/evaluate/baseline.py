"""A scan against an earlier one of the same scanner: how much each value has changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..core.sentence import sentences
from .limits import LIMITED, Limit, Limits
from .quantities import Value

_ = sentences(__name__)

CHANGE_FORMULA = '100 (x / x_0 - 1)'
"""As people write it, with the value x and that of the baseline x_0."""

CHANGE_SD_FORMULA = _('root of the sum of the squares of both uncertainties')

_PERCENT = 100.0
_OFFSET = {'calibration_error_percent': 100.0, 'bias_percent': 100.0}
"""An error of e % is a ratio of 100 + e %: it is the ratio that changes by so many percent."""


@dataclass(frozen=True)
class Change:
    """
    One value and that of the baseline.

    Attributes
    ----------
    quantity, label, unit : str
        As in `Value`.

    diameter_mm : float or None
        Of the sphere.

    value, baseline : float
        Both in the unit.

    sd : float or None
        Standard uncertainty of their difference by `CHANGE_SD_FORMULA`, in the
        unit; None where neither noise nor fill is known of both.

    sd_of : str
        What it holds: ``'noise and fill'``, or only one of both; the other is
        not known, and the uncertainty is too small by it.

    flags : tuple of str
        Of both.
    """

    quantity: str
    label: str
    unit: str
    diameter_mm: float | None
    value: float
    baseline: float
    sd: float | None = None
    sd_of: str = ''
    flags: tuple[str, ...] = ()

    @property
    def change(self) -> float:
        """Value minus baseline, in the unit."""
        return self.value - self.baseline

    @property
    def change_percent(self) -> float | None:
        """By `CHANGE_FORMULA`, of the size of the baseline; None if that is 0."""
        size = _size(self.quantity, self.baseline)
        return _PERCENT * self.change / size if size else None

    @property
    def change_in_sd(self) -> float | None:
        """The change over its uncertainty; None where that is not known."""
        return self.change / self.sd if self.sd else None


@dataclass(frozen=True)
class Baseline:
    """
    An earlier result of the same scanner, and what has changed since.

    Attributes
    ----------
    file, series_uid, scanned_at, analyzed_at, software : str
        Which result; times in ISO 8601, empty where they are not known.

    notes : tuple of str
        What must be said of the comparison, in sentences.

    unsure : str
        Why changes may not be judged; empty if they may.

    values : tuple of Value
        What it measured.

    changes : tuple of Change
        Of every value that both have, in the same unit.
    """

    file: str
    series_uid: str = ''
    scanned_at: str = ''
    analyzed_at: str = ''
    software: str = ''
    notes: tuple[str, ...] = ()
    unsure: str = ''
    values: tuple[Value, ...] = ()
    changes: tuple[Change, ...] = ()

    def in_percent(self) -> tuple[Value, ...]:
        """
        The changes as values that limits can be set for.

        Returns
        -------
        values : tuple of Value
            In percent of the baseline; those of a baseline of 0 are left out.
        """
        return tuple(
            Value(one.quantity, one.label, one.diameter_mm, percent, '%', flags=one.flags)
            for one in self.changes
            for percent in [one.change_percent]
            if percent is not None
        )


def changes_from(values: Sequence[Value], baseline: Sequence[Value]) -> tuple[Change, ...]:
    """
    Compare every value with that of the baseline.

    Parameters
    ----------
    values, baseline : sequence of Value
        Of this scan and of the earlier one.

    Returns
    -------
    changes : tuple of Change
        In the order of `values`; what only one of both has is left out, and
        so are values in different units.
    """
    before = {(one.quantity, one.label, one.unit): one for one in baseline}
    pairs = ((one, before.get((one.quantity, one.label, one.unit))) for one in values)
    return tuple(_change(one, other) for one, other in pairs if other is not None)


def _change(value: Value, baseline: Value) -> Change:
    found = Change(
        quantity=value.quantity,
        label=value.label,
        unit=value.unit,
        diameter_mm=value.diameter_mm,
        value=value.value,
        baseline=baseline.value,
        flags=tuple(dict.fromkeys((*value.flags, *baseline.flags))),
    )
    parts = {
        'noise': (value.noise_sd, baseline.noise_sd),
        'fill': (value.fill_sd, baseline.fill_sd),
    }
    known = {name: sds for name, sds in parts.items() if None not in sds}
    if not known:
        return found
    sd = math.hypot(*(sd for sds in known.values() for sd in sds if sd is not None))
    return replace(found, sd=sd, sd_of=' and '.join(known))


FAIL_PERCENT, WARN_PERCENT = 10.0, 5.0
"""
How far round a value the limits of a first profile lie: as one hospital's weekly check of the
uniform cylinder does (MedPhysQC/PT_WeeklyQC). Ours for all else: to be edited.
"""


def limits_around(values: Sequence[Value], profile: Limits) -> Limits:
    """
    Make a profile of what was measured, as a start for one's own limits.

    Parameters
    ----------
    values : sequence of Value
        What was measured; what cannot be limited, or is 0, is left out.

    profile : Limits
        Name, source and conditions; its rows are replaced.

    Returns
    -------
    profile : Limits
        Levels of warning and limits at `WARN_PERCENT` and `FAIL_PERCENT` round
        each value, to four digits.
    """
    rows = {
        (one.quantity, one.diameter_mm): _limit_around(one)
        for one in values
        if one.quantity in LIMITED and _size(one.quantity, one.value)
    }
    return replace(profile, rows=tuple(rows.values()))


def _size(quantity: str, value: float) -> float:
    return abs(value + _OFFSET.get(quantity, 0.0))


def _limit_around(one: Value) -> Limit:
    size = _size(one.quantity, one.value) / _PERCENT
    low, high, warning_low, warning_high = (
        float(f'{one.value + percent * size:.4g}')
        for percent in (-FAIL_PERCENT, FAIL_PERCENT, -WARN_PERCENT, WARN_PERCENT)
    )
    return Limit(
        one.diameter_mm,
        one.quantity,
        low,
        high,
        warning_low=warning_low,
        warning_high=warning_high,
    )
