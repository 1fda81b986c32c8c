"""Which column of a table is the standard uncertainty of which other, by the names of keys."""

from __future__ import annotations

import math

import numpy as np

from ..core.geometry import FloatArray
from .table import Column, Table

RELATIVE_SD = 'sd_percent'
"""Key of the column that holds the relative uncertainty of a whole line."""

_SHARES_RELATIVE_SD = ('rc_', 'value')
"""First letters of the keys of columns that `RELATIVE_SD` of their table is about."""

_TWO_DIGITS_BELOW = 3.0
"""An uncertainty that begins with 1 or 2 is shown with two digits, any other with one."""


def standard_uncertainty(table: Table, key: str) -> FloatArray | None:
    """
    Standard uncertainty (68 %) of the values of a column.

    Parameters
    ----------
    table : Table
        That has the column.

    key : str
        Of the column.

    Returns
    -------
    sd : (N,) `numpy.ndarray` of float or None
        In the unit of the column; NaN where it is not known. None if the
        table says nothing of it: neither ``'mean_sd'`` for ``'mean'``, nor
        ``'center_sd_r_mm'`` for ``'center_r_mm'``, nor ``'sd_percent'`` for a
        recovery coefficient or the value of a line.
    """
    columns = {column.key: column for column in table.columns}
    for name in (f'{key}_sd', key.replace('_', '_sd_', 1)):
        if name != key and name in columns:
            return _numbers(columns[name])
    if key.startswith(_SHARES_RELATIVE_SD) and RELATIVE_SD in columns:
        return np.abs(_numbers(columns[key])) * _numbers(columns[RELATIVE_SD]) / 100.0
    return None


def is_uncertainty(table: Table, key: str) -> bool:
    """
    Whether a column is the uncertainty of another of the same table.

    Parameters
    ----------
    table : Table
        That has the column.

    key : str
        Of the column.

    Returns
    -------
    yes : bool
        A reader that shows the other with its uncertainty need not show it.
    """
    if key == RELATIVE_SD:
        return True
    others = {column.key for column in table.columns} - {key}
    return any(key in (f'{name}_sd', name.replace('_', '_sd_', 1)) for name in others)


def sd_decimals(sd: float) -> int:
    """
    Decimals that an uncertainty leaves to a value.

    Parameters
    ----------
    sd : float
        Above 0.

    Returns
    -------
    decimals : int
        0 for uncertainties of 3 and more.

    Examples
    --------
    >>> sd_decimals(0.42), sd_decimals(0.0123), sd_decimals(812.0)
    (1, 3, 0)
    """
    power = math.floor(math.log10(sd))
    digits = 2 if sd / 10.0**power < _TWO_DIGITS_BELOW else 1
    return max(0, digits - 1 - power)


def _numbers(column: Column) -> FloatArray:
    return np.asarray(column.values, dtype=float)
