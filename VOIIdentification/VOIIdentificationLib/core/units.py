"""Units of images and kinds of SUV: their codes in DICOM and in UCUM, in one table."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple


class UnitCode(NamedTuple):
    """
    One row of the table. Empty where there is no such code.

    Attributes
    ----------
    unit : str
        Unit of a `PETImage`.

    ucum, meaning : str
        Code in UCUM and its meaning, DICOM PS3.16 CID 83, 84 and 85.

    units : str
        Units (0054,1001), PS3.3 C.8.9.1.1.3.

    suv_type : str
        SUV Type (0054,1006).

    suv : str
        Kind of SUV, as the library calls it.

    normalizer : str
        What that SUV is normalized to, in words.
    """

    unit: str
    ucum: str
    meaning: str
    units: str = ''
    suv_type: str = ''
    suv: str = ''
    normalizer: str = ''


_JAMES = 'lean body mass (James, 128 for men)'
_SUV = 'Standardized Uptake Value'

UNIT_CODES = (
    UnitCode('Bq/mL', 'Bq/ml', 'Becquerels/milliliter', 'BQML'),
    UnitCode('kBq/mL', 'kBq/ml', 'Kilobecquerels/milliliter'),
    UnitCode('counts', '{counts}', 'Counts', 'CNTS'),
    UnitCode('counts/s', '{counts}/s', 'Counts per second'),
    UnitCode('g/mL', 'g/ml', 'Grams/milliliter', 'GML'),
    UnitCode('cm2/mL', 'cm2/ml', 'Centimeter**2/milliliter', 'CM2ML'),
    UnitCode('g/mL', '{SUVbw}g/ml', f'{_SUV} body weight', 'GML', 'BW', 'bw', 'body weight'),
    UnitCode('g/mL', '{SUVlbm}g/ml', f'{_SUV} lean body mass (James)', 'GML', 'LBM', 'lbm', _JAMES),
    UnitCode(
        'g/mL',
        '{SUVlbm(James128)}g/ml',
        f'{_SUV} lean body mass (James 128 multiplier)',
        'GML',
        'LBMJAMES128',
        'lbm',
        _JAMES,
    ),
    UnitCode(
        'g/mL',
        '{SUVlbm(Janma)}g/ml',
        f'{_SUV} lean body mass (Janma)',
        'GML',
        'LBMJANMA',
        'lbmjanma',
        'lean body mass (Janmahasatian)',
    ),
    UnitCode(
        'g/mL',
        '{SUVibw}g/ml',
        f'{_SUV} ideal body weight',
        'GML',
        'IBW',
        'ibw',
        'ideal body weight',
    ),
    UnitCode(
        'cm2/mL',
        '{SUVbsa}cm2/ml',
        f'{_SUV} body surface area',
        'CM2ML',
        'BSA',
        'bsa',
        'body surface area (Du Bois)',
    ),
)

UCUM = {row.unit: (row.ucum, row.meaning) for row in UNIT_CODES if not row.suv}
"""Unit of a `PETImage` to code and meaning."""

UNIT_OF_DICOM = {row.units: row.unit for row in UNIT_CODES if row.units and not row.suv}
"""Units (0054,1001) to the unit of a `PETImage`; others stay as coded."""

SUV_KINDS = {row.suv: row for row in reversed(UNIT_CODES) if row.suv}
"""Each kind of SUV to the row of its plainest code."""

SUV_OF_DICOM = {row.suv_type: row.suv for row in UNIT_CODES if row.suv}
"""SUV Type (0054,1006) to the kind of SUV."""


def row_of_code(code: str) -> UnitCode | None:
    """
    What the table says of a UCUM code.

    Parameters
    ----------
    code : str
        Upper and lower case are the same.

    Returns
    -------
    row : UnitCode or None
        None if it is not known.
    """
    return _rows_by_code().get(code.casefold())


def row_of_units(units: str) -> UnitCode | None:
    """
    What the table says of a term of Units (0054,1001).

    Parameters
    ----------
    units : str
        E.g. ``'BQML'``.

    Returns
    -------
    row : UnitCode or None
        The row without a kind of SUV; None if it is not known, or nothing is named.
    """
    if not units:  # some rows have no such term
        return None
    return next((row for row in UNIT_CODES if row.units == units.upper() and not row.suv), None)


def unit_of_code(code: str) -> str:
    """
    The unit that a UCUM code stands for.

    Parameters
    ----------
    code : str
        Upper and lower case are the same.

    Returns
    -------
    unit : str
        As `PETImage.unit`; a code that is not known stays as it is, and so do
        the SUVs in g/mL other than by body weight, which are not to be taken for it.

    Examples
    --------
    >>> unit_of_code('{SUVbw}g/ml'), unit_of_code('{SUVlbm}g/ml')
    ('g/mL', '{SUVlbm}g/ml')
    """
    row = row_of_code(code)
    return row.unit if row and row.suv in {'', 'bw', 'bsa'} else code


@cache
def _rows_by_code() -> dict[str, UnitCode]:
    """The rows by every spelling: DICOM once wrote ``{SUVbw}g/ml``, now ``g/ml{SUVbw}``."""
    rows = {'{bq}/ml': UNIT_CODES[0]}
    for row in UNIT_CODES:
        kind, brace, unit = row.ucum.partition('}')
        rows[row.ucum.casefold()] = rows[f'{unit}{kind}{brace}'.casefold()] = row
    return rows
