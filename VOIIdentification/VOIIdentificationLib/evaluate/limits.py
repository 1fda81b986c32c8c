"""Limits of recovery coefficients, read from data files; every row has its source."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from ..core.config_json import json_object, read_json, require_schema
from ..core.errors import InputFileError
from ..core.resources import resource_directory

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

    diameter_mm: float
    quantity: Quantity
    low: float
    high: float
    source: str
    version: str
    note: str = ''


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

    name: str
    ratio: float | None
    rows: tuple[Limit, ...]


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

    passed : bool
        Whether the coefficient lies within.

    margin : float
        Distance to the nearer limit; negative outside.

    source, version : str
        Where the limits come from.

    note : str
        What must be said wherever they are shown, or empty.
    """

    standard: str
    quantity: Quantity
    low: float
    high: float
    passed: bool
    margin: float
    source: str
    version: str
    note: str = ''


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
    known = ('schema', *(field.name for field in fields(Limits)))
    data = json_object(read_json(Path(path), 'limits'), known, str(path))
    require_schema(data, LIMITS_SCHEMA, str(path))
    rows = data.get('rows')
    if not isinstance(rows, list) or not rows or not isinstance(data.get('name'), str):
        msg = f'{path}: "name" and "rows" are needed'
        raise InputFileError(msg)
    parsed = tuple(_row(row, f'{path}: row {n}') for n, row in enumerate(rows, start=1))
    return Limits(name=data['name'], ratio=data.get('ratio'), rows=parsed)


def _row(data: Any, where: str) -> Limit:
    known = {field.name for field in fields(Limit)}
    if not isinstance(data, dict) or set(data) - known or known - set(data) - {'note'}:
        msg = f'{where} must have {", ".join(sorted(known))}, got {data!r}'
        raise InputFileError(msg)
    if data['quantity'] not in get_args(Quantity):
        msg = f'{where}: "quantity" must be one of {", ".join(get_args(Quantity))}'
        raise InputFileError(msg)
    numbers = [data[name] for name in ('diameter_mm', 'low', 'high')]
    if not all(_is_number(number) for number in numbers) or not data['low'] < data['high']:
        msg = f'{where}: needs numbers with "low" below "high", got {numbers}'
        raise InputFileError(msg)
    if not str(data['source']).strip() or not str(data['version']).strip():
        msg = f'{where}: a limit without source and version is not used'
        raise InputFileError(msg)
    return Limit(**data)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def verdict(value: float, limit: Limit, standard: str) -> Verdict:
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
        passed=margin >= 0,
        margin=margin,
        source=limit.source,
        version=limit.version,
        note=limit.note,
    )
