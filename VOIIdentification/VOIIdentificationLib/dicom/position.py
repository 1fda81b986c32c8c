"""How the patient lies: the letters of PatientPosition, and the codes that stand for them."""

from __future__ import annotations

from .header import Header

Code = tuple[str, str]
"""Value and meaning in SNOMED CT."""

RECUMBENT: Code = '102538003', 'recumbent'
"""PS3.16, CID 19."""

LYING: dict[str, Code] = {
    'S': ('40199007', 'supine'),
    'P': ('1240000', 'prone'),
    'DL': ('102536004', 'left lateral decubitus'),
    'DR': ('102535000', 'right lateral decubitus'),
}
"""By the last letters of PatientPosition; PS3.16, CID 20."""

ENTRY: dict[str, Code] = {
    'HF': ('102540008', 'headfirst'),
    'FF': ('102541007', 'feet-first'),
}
"""By the first letters of PatientPosition; PS3.16, CID 21."""

_RETIRED = {
    'F-10340': 'S',
    'F-10310': 'P',
    'F-10470': 'HF',
    'F-10480': 'FF',
}
"""The same in SNOMED RT, which scanners wrote until 2017 and later."""


def position_of_header(header: Header) -> str:
    """
    How the patient lies, in the letters of PatientPosition.

    Parameters
    ----------
    header : Header
        Of a slice.

    Returns
    -------
    position : str
        ``'HFS'``, ``'FFP'`` …: PatientPosition, or what the codes say that
        stand instead of it. Empty where neither is there or the codes have no
        such letters.
    """
    said = header.text('PatientPosition')
    if said:
        return said
    lying = header.item('PatientOrientationCodeSequence')
    entry = _letters(header.item('PatientGantryRelationshipCodeSequence'), ENTRY)
    how = _letters(lying.item('PatientOrientationModifierCodeSequence'), LYING)
    return entry + how if entry and how else ''


def _letters(code: Header, codes: dict[str, Code]) -> str:
    value = code.text('CodeValue')
    by_value = {**_RETIRED, **{number: letters for letters, (number, _) in codes.items()}}
    return by_value.get(value, '')
