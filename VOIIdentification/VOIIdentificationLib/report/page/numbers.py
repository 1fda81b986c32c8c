"""Numbers as people read them: digits by their uncertainty, or by their column."""

from __future__ import annotations

import math

from ..table import Cell, Column, Table
from ..uncertainty import sd_decimals, standard_uncertainty

PAGE_DIGITS = 5
"""Digits shown of a column's largest value; the files hold all of them."""


def value_text(value: Cell) -> str:
    """
    A value of the method in words.

    Parameters
    ----------
    value : float, int, str or None
        As in `MethodRow`.

    Returns
    -------
    text : str
        Six digits; says so where nothing is known.

    Examples
    --------
    >>> value_text(57.20640640016936), value_text(None)
    ('57.2064', 'not known')
    """
    if value is None or value == '':
        return 'not known'
    return f'{value:.6g}' if isinstance(value, float) else str(value)


def number_texts(table: Table, column: Column) -> tuple[str, ...]:
    """
    The numbers of a column with sensible digits.

    Parameters
    ----------
    table : Table
        That has the column.

    column : Column
        Numbers.

    Returns
    -------
    texts : tuple of str
        ``'12.3 ± 0.4'`` where the uncertainty is known: it says how many
        digits are worth showing. Empty where there is no value.
    """
    sd = standard_uncertainty(table, column.key)
    spreads = [math.nan] * table.row_count if sd is None else sd.tolist()
    decimals = _decimals(column)
    return tuple(
        _number_text(float(value), spread, decimals)
        for value, spread in zip(column.values, spreads, strict=True)
    )


def _number_text(value: float, spread: float, decimals: int) -> str:
    if not math.isfinite(value):
        return ''
    if math.isfinite(spread) and spread > 0:
        decimals = sd_decimals(spread)
        return f'{value:.{decimals}f} ± {spread:.{decimals}f}'
    return f'{value:.{decimals}f}'


def _decimals(column: Column) -> int:
    """Fewer than the workbooks show, where the column does not say its decimals."""
    shown = column.shown_decimals
    return shown if column.decimals is not None else max(0, min(shown, shown + PAGE_DIGITS - 6))
