"""The text at the beginning of a NRRD file: what ITK reads over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import prod
from pathlib import Path

from ..core.errors import InputFileError
from ..core.plain_text import plain_line
from ..core.sentence import sentences

_ = sentences(__name__)

_MM_PER_SPACE_UNIT = {
    **dict.fromkeys(('', '???', 'none', 'mm', 'millimeter', 'millimeters'), 1.0),
    **dict.fromkeys(('millimetre', 'millimetres'), 1.0),
    **dict.fromkeys(('um', '\u00b5m', '\u03bcm', 'micron', 'microns'), 1e-3),
    **dict.fromkeys(('micrometer', 'micrometers', 'micrometre', 'micrometres'), 1e-3),
    **dict.fromkeys(('cm', 'centimeter', 'centimeters', 'centimetre', 'centimetres'), 10.0),
    **dict.fromkeys(('m', 'meter', 'meters', 'metre', 'metres'), 1000.0),
    **dict.fromkeys(('nm', 'nanometer', 'nanometers', 'nanometre', 'nanometres'), 1e-6),
}
"""Spellings of NRRD's space units, which ITK reads over; a missing one is millimeter."""

_NRRD_HEADER_BYTES = 65536
_NRRD_FIELDS = re.compile(
    r'^(space units|units|sizes|spacings|space directions|space|old ?min|old ?max|type|encoding|'
    r'data ?file|line ?skip|byte ?skip):\s*(.*)$',
    re.IGNORECASE | re.MULTILINE,
)
_NRRD_LENGTH = re.compile(r'\([^)]*\)|(?<!\S)[-+.\d][^\s]*')
"""A direction, or a spacing, of an axis that lies in space; others have "none" or "nan"."""

_NRRD_PATIENT_SPACES = frozenset(
    {
        *('right-anterior-superior', 'left-anterior-superior', 'left-posterior-superior'),
        *('ras', 'las', 'lps'),
    }
)
"""Spaces whose axes are those of the patient."""

_BYTES_PER_TYPE = {
    **dict.fromkeys(('signed char', 'int8', 'int8_t', 'uchar', 'unsigned char', 'uint8'), 1),
    **dict.fromkeys(('uint8_t',), 1),
    **dict.fromkeys(('short', 'short int', 'signed short', 'int16', 'int16_t'), 2),
    **dict.fromkeys(('ushort', 'unsigned short', 'uint16', 'uint16_t'), 2),
    **dict.fromkeys(('int', 'signed int', 'int32', 'int32_t', 'uint', 'unsigned int'), 4),
    **dict.fromkeys(('uint32', 'uint32_t', 'float'), 4),
    **dict.fromkeys(('double', 'longlong', 'int64', 'int64_t', 'ulonglong', 'uint64'), 8),
}
"""Bytes of a value, by the spellings of NRRD's types."""

_NRRD_UNIT = re.compile(r'"([^"]*)"')


def nrrd_fields(path: Path) -> dict[str, str]:
    """
    Read some fields of the header.

    Parameters
    ----------
    path : `pathlib.Path`
        A .nrrd or .nhdr file.

    Returns
    -------
    fields : dict
        Their text, by their name in small letters.
    """
    with path.open('rb') as stream:
        head = stream.read(_NRRD_HEADER_BYTES)
    text = head.replace(b'\r\n', b'\n').partition(b'\n\n')[0].decode('utf-8', 'replace')
    return {name.lower(): value for name, value in _NRRD_FIELDS.findall(text)}


def mm_per_space_unit(path: Path, fields: Mapping[str, str]) -> list[float]:
    """
    Tell the unit of each axis.

    Parameters
    ----------
    path : `pathlib.Path`
        For messages.

    fields : mapping
        As from `nrrd_fields`.

    Returns
    -------
    lengths_mm : list of float
        Three, in millimeter.

    Raises
    ------
    InputFileError
        If one is no known length.
    """
    found = fields.get('space units') or fields.get('units') or ''
    units = _NRRD_UNIT.findall(found)[:3]
    units += [''] * (3 - len(units))
    unknown = [unit for unit in units if unit.strip().lower() not in _MM_PER_SPACE_UNIT]
    if unknown:
        msg = _(
            '{path}: its space units are {unit!r}, which is no known length; save the volume again '
            'in millimeters.'
        ).format(path=path, unit=unknown[0])
        raise InputFileError(msg)
    return [_MM_PER_SPACE_UNIT[unit.strip().lower()] for unit in units]


def require_lengths(path: Path, fields: Mapping[str, str]) -> None:
    """
    Refuse voxels of unknown size: ITK takes 1 mm for an axis without direction and spacing.

    Parameters
    ----------
    path : `pathlib.Path`
        For messages.

    fields : mapping
        As from `nrrd_fields`.

    Raises
    ------
    InputFileError
        If fewer than three axes have a length.
    """
    given = fields.get('space directions') or fields.get('spacings') or ''
    if len(_NRRD_LENGTH.findall(given)) < 3:
        msg = _(
            '{path}: its header has neither space directions nor spacings of three axes, so the '
            'size of its voxels is unknown; save the volume again from its source.'
        ).format(path=path)
        raise InputFileError(msg)


def nrrd_end_notes(path: Path, fields: Mapping[str, str]) -> tuple[str, ...]:
    """
    Say if a file goes on behind the values that its header tells of.

    Parameters
    ----------
    path : `pathlib.Path`
        A .nrrd file.

    fields : mapping
        As from `nrrd_fields`.

    Returns
    -------
    notes : tuple of str
        Empty if nothing follows, or the values are compressed or elsewhere.
    """
    size = _BYTES_PER_TYPE.get(fields.get('type', '').strip().lower())
    raw = fields.get('encoding', '').strip().lower() == 'raw'
    if size is None or not raw or any(key[-4:] in ('file', 'skip') for key in fields):
        return ()
    with path.open('rb') as stream:
        head = stream.read(_NRRD_HEADER_BYTES)
    blank = re.search(rb'\r?\n\r?\n', head)
    sizes = fields.get('sizes', '').split()
    if blank is None or not all(one.isdecimal() for one in sizes):
        return ()
    if path.stat().st_size <= blank.end() + size * prod(map(int, sizes)):
        return ()
    note = _(
        'the file goes on behind the {size} voxels that its header tells of: check that these are '
        'all'
    ).format(size=' x '.join(sizes))
    return (note,)


def nrrd_notes(fields: Mapping[str, str]) -> tuple[str, ...]:
    """
    Say what leaves directions or values in doubt.

    Parameters
    ----------
    fields : mapping
        As from `nrrd_fields`.

    Returns
    -------
    notes : tuple of str
        Empty if the space is the patient's and the values are the original ones.
    """
    space = fields.get('space', '').strip()
    notes = []
    if space.lower() not in _NRRD_PATIENT_SPACES:
        notes.append(
            _(
                'the space of the NRRD file, {space}, does not say which axes are those of the '
                'patient: it is taken for left-posterior-superior'
            ).format(space=plain_line(space) or _('which is not named'))
        )
    if any(name.startswith('old') for name in fields):
        notes.append(
            _(
                'the NRRD file tells of an old range of its values, which were rescaled: check '
                'their unit'
            )
        )
    return tuple(notes)
