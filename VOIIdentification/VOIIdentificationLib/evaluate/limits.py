"""Limits of recovery coefficients, read from data files; every row has its source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from ..core.config_json import LengthMM, Name, Rule, from_json, read_json, resource_directory

LIMITS_SCHEMA = 'voi-identification/limits/1'

Quantity = Literal['rc_max', 'rc_mean', 'rc_peak']

QUANTITY_NAMES: dict[Quantity, str] = {
    'rc_max': 'RCmax',
    'rc_mean': 'RCmean (A50)',
    'rc_peak': 'RCpeak',
}


@dataclass(frozen=True)
class Limit:
    """
    What one coefficient of one sphere may be.

    Attributes
    ----------
    diameter_mm : float
        Inner diameter of the sphere.

    quantity : {'rc_max', 'rc_mean', 'rc_peak'}
        Which coefficient; RCmean is that of the A50 VOI.

    low, high : float
        Both are allowed values.

    source, version : str
        Where they come from.

    note : str
        What must be said wherever they are shown, or empty.
    """

    diameter_mm: LengthMM
    quantity: Quantity
    low: float
    high: float
    source: Name
    version: Name
    note: str = ''

    def __post_init__(self) -> None:
        if not self.low < self.high:
            msg = f'"low" must be below "high", got {self.low:g} and {self.high:g}'
            raise ValueError(msg)


@dataclass(frozen=True)
class Limits:
    """
    The limits of one standard.

    Attributes
    ----------
    name : str
        E.g. ``'EARL 2'``.

    ratio : float or None
        True hot-to-background ratio that they are meant for.

    rows : tuple of Limit
        One for each diameter and quantity.
    """

    name: Name
    ratio: float | None
    rows: Annotated[tuple[Limit, ...], Rule('be a list with at least one limit', bool)]


@dataclass(frozen=True)
class Verdict:
    """
    One recovery coefficient against one pair of limits.

    Attributes
    ----------
    standard : str
        Name of the limits, e.g. ``'EARL 2'``.

    quantity : {'rc_max', 'rc_mean', 'rc_peak'}
        Which coefficient.

    low, high : float
        The limits; both are allowed values.

    passed : bool or None
        Whether the coefficient lies within; None if it may not be judged.

    margin : float
        Distance to the nearer limit; negative outside.

    source, version : str
        Where the limits come from.

    note : str
        What must be said wherever they are shown, or empty.

    not_judged : str
        Why it may not be judged: a condition of the standard is not met, or
        what it is judged by is in doubt. Empty if it is judged.
    """

    standard: str
    quantity: Quantity
    low: float
    high: float
    passed: bool | None
    margin: float
    source: str
    version: str
    note: str = ''
    not_judged: str = ''


def shipped_limits() -> tuple[Limits, ...]:
    """
    Limits that come with the module.

    Returns
    -------
    limits : tuple of Limits
        By name.
    """
    paths = sorted(resource_directory('Limits').glob('*.json'))
    return tuple(sorted((load_limits(path) for path in paths), key=lambda limits: limits.name))


def load_limits(path: Path) -> Limits:
    """
    Read limits from a JSON file.

    Parameters
    ----------
    path : `pathlib.Path`
        The file.

    Returns
    -------
    limits : Limits
        Checked.

    Raises
    ------
    InputFileError
        If the file cannot be read, or a row is incomplete or senseless.
    """
    return from_json(Limits, read_json(path, 'limits'), str(path), schema=LIMITS_SCHEMA)


USUAL_RATIO_DEVIATION = 0.1
"""Limits are meant for a true ratio that differs less from theirs, relatively."""


def unmet_ratio(name: str, wanted: float | None, true_ratio: float | None) -> str:
    """
    Why a standard may not judge a scan of some true ratio.

    Parameters
    ----------
    name : str
        What judges, e.g. ``'EARL 2'``.

    wanted : float or None
        The hot-to-background ratio that it is meant for; None for any.

    true_ratio : float or None
        That of the scan; None if it is unknown.

    Returns
    -------
    reason : str
        Empty if the ratio is within `USUAL_RATIO_DEVIATION`.

    Examples
    --------
    >>> unmet_ratio('EARL 2', 10.0, 4.0)
    'EARL 2 is meant for a true ratio of 10 : 1, here it is 4.00 : 1'
    """
    if wanted is None:
        return ''
    meant = f'{name} is meant for a true ratio of {wanted:g} : 1'
    if true_ratio is None:
        return f'{meant}, here it is unknown'
    if abs(true_ratio / wanted - 1) > USUAL_RATIO_DEVIATION:
        return f'{meant}, here it is {true_ratio:.2f} : 1'
    return ''


def verdict(value: float, limit: Limit, standard: str, not_judged: str = '') -> Verdict:
    """
    Compare one coefficient with one pair of limits.

    Parameters
    ----------
    value : float
        The coefficient.

    limit : Limit
        The limits.

    standard : str
        Their name.

    not_judged : str, optional
        Why it may not be judged.

    Returns
    -------
    verdict : Verdict
        Passed if the value lies within or on a limit.

    Examples
    --------
    >>> limit = Limit(10.0, 'rc_max', 0.34, 0.57, 'a table', '2017')
    >>> verdict(0.5, limit, 'EARL 1').passed, round(verdict(0.6, limit, 'EARL 1').margin, 2)
    (True, -0.03)
    """
    margin = min(value - limit.low, limit.high - value)
    return Verdict(
        standard=standard,
        quantity=limit.quantity,
        low=limit.low,
        high=limit.high,
        passed=None if not_judged else margin >= 0,
        margin=margin,
        source=limit.source,
        version=limit.version,
        note=limit.note,
        not_judged=not_judged,
    )
