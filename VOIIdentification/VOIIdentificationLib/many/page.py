"""Pages and other files of many scans: filled from templates, written as a whole."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from ..core.errors import OutputError
from ..core.plain_text import plain_text, printable
from ..core.resources import resource_directory
from ..core.sentence import sentences

_ = sentences(__name__)

_SD_DIGITS = 2
_VALUE_DIGITS = 4
_NO_TIME_ZONE = 19
"""Letters of a date with its time."""

_ROUNDING = 1e-12
"""An SD that is this part of its value is that of the last digits, not of a measurement."""


def filled_page(template: str, **content: Any) -> str:
    """
    A page from its template.

    Parameters
    ----------
    template : str
        Name of a file in ``Resources/Report``.

    **content : object
        What the template asks for. Texts are escaped.

    Returns
    -------
    html : str
        One file, which needs no other.

    Raises
    ------
    OutputError
        If Jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ModuleNotFoundError as error:
        msg = _(
            'a page needs the Python package Jinja2, which is not installed: pip install Jinja2'
        )
        raise OutputError(msg) from error
    environment = Environment(
        loader=FileSystemLoader(resource_directory('Report')),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**content)


def with_sd(value: float, sd: float | None, unit: str = '') -> str:
    """
    A value as people write it.

    Parameters
    ----------
    value : float
        The value.

    sd : float or None
        Its standard uncertainty, if it is known.

    unit : str, optional
        Follows the number.

    Returns
    -------
    text : str
        The uncertainty with two digits, the value to the same place.

    Examples
    --------
    >>> with_sd(12.3456, 0.0431, '%')
    '12.346 ± 0.043 %'
    >>> with_sd(12345.6, 431.0)
    '12350 ± 430'
    """
    end = f' {unit}' if unit else ''
    if sd is None or not math.isfinite(sd) or sd <= _ROUNDING * abs(value):
        return f'{rounded(value, value)}{end}'
    place = _SD_DIGITS - 1 - math.floor(math.log10(sd))
    return f'{_to_place(value, place)} ± {_to_place(sd, place)}{end}'


def rounded(value: float, like: float) -> str:
    """
    A value to four digits of another, e.g. a limit to those of its center.

    Parameters
    ----------
    value, like : float
        What is shown, and what sets the place.

    Returns
    -------
    text : str
        Without an exponent.

    Examples
    --------
    >>> rounded(1687.094, 1687.094), rounded(0.0123, 84.2)
    ('1687', '0.01')
    """
    if not math.isfinite(value):
        return ''
    place = _VALUE_DIGITS - 1 - math.floor(math.log10(abs(like))) if like else _VALUE_DIGITS - 1
    return _to_place(value, max(place, 0))


def _to_place(value: float, place: int) -> str:
    """Never minus zero."""
    return f'{round(value, place) + 0.0:.{max(place, 0)}f}'


def readable_time(moment: str) -> str:
    """
    A moment as people read it.

    Parameters
    ----------
    moment : str
        ISO 8601.

    Returns
    -------
    text : str
        Local time without its offset.

    Examples
    --------
    >>> readable_time('2026-11-26T04:07:33+01:00')
    '2026-11-26 04:07:33'
    """
    return moment[:_NO_TIME_ZONE].replace('T', ' ')


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """
    Lines for spreadsheets.

    Parameters
    ----------
    rows : iterable of iterable
        The header first. None is an empty cell; numbers keep all digits. A
        text that a spreadsheet would take for a formula gets an apostrophe
        before it (OWASP, CSV injection).

    Returns
    -------
    text : str
        CSV with commas, as RFC 4180 has it.
    """
    import csv
    import io

    stream = io.StringIO()
    csv.writer(stream).writerows([[csv_cell(cell) for cell in row] for row in rows])
    return stream.getvalue()


def csv_cell(cell: object) -> str:
    """
    One cell of `csv_text`.

    Parameters
    ----------
    cell : object
        Number, text or None.

    Returns
    -------
    text : str
        Harmless in spreadsheets.
    """
    if cell is None:
        return ''
    if isinstance(cell, float):
        return repr(cell) if math.isfinite(cell) else ''
    text = plain_text(str(cell))
    return f"'{text}" if isinstance(cell, str) and text.startswith(_FORMULA_STARTS) else text


_FORMULA_STARTS = ('=', '+', '-', '@', '\t', '\r')
