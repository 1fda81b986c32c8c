"""Units of images and their codes in UCUM, which DICOM and Slicer write."""

from __future__ import annotations

UCUM = {
    'Bq/mL': ('Bq/ml', 'Becquerels/milliliter'),
    'kBq/mL': ('kBq/ml', 'Kilobecquerels/milliliter'),
    'g/mL': ('g/ml', 'Grams/milliliter'),
    'cm2/mL': ('cm2/ml', 'Centimeter**2/milliliter'),
    'counts': ('{counts}', 'Counts'),
    'counts/s': ('{counts}/s', 'Counts per second'),
}
"""Unit of a `PETImage`: code value and meaning, DICOM PS3.16 CID 83 and 84."""

_UNIT_OF_CODE = {code.casefold(): unit for unit, (code, _) in UCUM.items()} | {
    '{bq}/ml': 'Bq/mL',
    '{suvbw}g/ml': 'g/mL',
    '{suvbsa}cm2/ml': 'cm2/mL',
}


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
        As `PETImage.unit`; a code that is not known stays as it is, so that a
        SUV by lean body mass is not taken for one by body weight.

    Examples
    --------
    >>> unit_of_code('{SUVbw}g/ml'), unit_of_code('{SUVlbm}g/ml')
    ('g/mL', '{SUVlbm}g/ml')
    """
    return _UNIT_OF_CODE.get(code.casefold(), code)
