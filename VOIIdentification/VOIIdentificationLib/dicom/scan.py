"""
Reading the header of one DICOM file, quickly.

A PET series is hundreds of files of which a dozen values each are needed, and
where the pixels begin. Those are taken from the bytes themselves (PS3.5,
chapter 7): the top level is walked, sequences are stepped over. That costs a
tenth of parsing everything. Sequences and compressed pixels are left to pydicom.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from .header import (
    DEFLATED_LITTLE,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
    DicomFile,
    Tag,
)

_WANTED = frozenset(int(tag) for tag in Tag)
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_AFTER_META_GROUP = 0x00030000
_UNDEFINED = 0xFFFFFFFF
_LONG_VRS = frozenset(
    {b'OB', b'OD', b'OF', b'OL', b'OV', b'OW', b'SQ', b'SV', b'UC', b'UN', b'UR', b'UT', b'UV'}
)
"""Value representations with a length of four bytes in explicit syntaxes (PS3.5, 7.1.2)."""

_FIRST_READ_BYTES = 32768
"""Longer than most PET headers, shorter than most pixel data."""

_PREAMBLE_BYTES = 128


class _CutError(Exception):
    """The bytes end within an element."""


def read_header(path: Path, name: str = '') -> DicomFile | None:
    """
    Read the header of a file.

    Parameters
    ----------
    path : `pathlib.Path`
        Any file.

    name : str, optional
        How messages call it; its file name by default.

    Returns
    -------
    file : DicomFile or None
        None if the file is not DICOM.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    name = name or path.name
    with path.open('rb', buffering=0) as stream:
        data = stream.read(_FIRST_READ_BYTES)
        start = _start_of_elements(data)
        if start is None:
            return None
        while True:
            whole, file = _attempt(path, name, data, start)
            if whole:
                return file
            more = stream.read(7 * len(data))
            if not more:
                return _cut_file(path, name, data, start)
            data += more


def _start_of_elements(data: bytes) -> int | None:
    """Where the first element stands; None if this is not DICOM."""
    if data[_PREAMBLE_BYTES : _PREAMBLE_BYTES + 4] == b'DICM':
        return _PREAMBLE_BYTES + 4
    # Files from before 1996 have no preamble and begin with group 2 or 8.
    group, element = struct.unpack_from('<HH', data) if len(data) > 8 else (0, 0)
    return 0 if group in (0x0002, 0x0008) and element <= 0x18 else None


def _parse(
    path: Path, name: str, data: bytes, start: int, values: dict[int, bytes]
) -> DicomFile | None:
    """Read meta group and data set; `_CutError` if the bytes do not reach to the pixels."""
    syntax, start = _transfer_syntax(data, start, values)
    first = start
    if syntax == DEFLATED_LITTLE:
        data, first = _inflated(data[start:]), 0
    encoding = _Encoding(syntax == IMPLICIT_LITTLE, '>' if syntax == EXPLICIT_BIG else '<')
    end = _walk(data, first, encoding, Tag.FloatPixelData, values)
    if Tag.SOPClassUID not in values and Tag.SeriesInstanceUID not in values:
        return None
    if end.tag not in (Tag.FloatPixelData, Tag.DoubleFloatPixelData, Tag.PixelData):
        return DicomFile(path, values, syntax, name=name)
    return DicomFile(path, values, syntax, end.tag, end.value, end.length, start, name=name)


def _attempt(path: Path, name: str, data: bytes, start: int) -> tuple[bool, DicomFile | None]:
    """Whether the bytes reach to the pixels, and the file if they do."""
    try:
        return True, _parse(path, name, data, start, {})
    except _CutError:
        return False, None


def _cut_file(path: Path, name: str, data: bytes, start: int) -> DicomFile | None:
    values: dict[int, bytes] = {}
    try:
        return _parse(path, name, data, start, values)
    except _CutError:
        if Tag.SOPClassUID not in values:
            return None
        return DicomFile(path, values, EXPLICIT_LITTLE, cut=True, name=name)


def _transfer_syntax(data: bytes, start: int, values: dict[int, bytes]) -> tuple[str, int]:
    """Transfer syntax UID and where the data set begins."""
    if data[start : start + 2] == b'\x02\x00':
        start = _walk(data, start, _Encoding(False, '<'), _AFTER_META_GROUP, values).start
    syntax = values.get(Tag.TransferSyntaxUID, b'').decode('latin-1').strip(' \0')
    if not syntax:
        explicit = data[start + 4 : start + 6].isalpha()
        syntax = EXPLICIT_LITTLE if explicit else IMPLICIT_LITTLE
    return syntax, start


def _inflated(data: bytes) -> bytes:
    try:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        inflated = inflater.decompress(data)
    except zlib.error as error:
        raise _CutError from error
    if not inflater.eof:
        raise _CutError
    return inflated


@dataclass(frozen=True)
class _Encoding:
    implicit: bool
    order: str


class _Stop(NamedTuple):
    """The element that ended a walk: its tag, where it and its value begin, its length."""

    tag: int
    start: int
    value: int
    length: int


def _walk(
    data: bytes, position: int, encoding: _Encoding, stop: int, values: dict[int, bytes] | None
) -> _Stop:
    """
    Step over elements up to the first whose tag is `stop` or higher, or the end (tag 0).

    Values of `Tag` are put into `values`; None collects nothing.
    """
    explicit_head = struct.Struct(f'{encoding.order}HH2sH').unpack_from
    implicit_head = struct.Struct(f'{encoding.order}HHL').unpack_from
    end = len(data)
    while position + 8 <= end:
        group, element, vr, length = explicit_head(data, position)
        head = 8
        if encoding.implicit or not vr.isalpha():
            length = implicit_head(data, position)[2]
        elif vr in _LONG_VRS:
            if position + 12 > end:
                raise _CutError
            length = implicit_head(data, position + 4)[2]
            head = 12
        tag = group << 16 | element
        if tag >= stop:
            return _Stop(tag, position, position + head, length)
        position += head
        if length == _UNDEFINED:
            inner = _Encoding(encoding.implicit or vr == b'UN', encoding.order)
            position = _after_sequence(data, position, inner)
            continue
        if values is not None and tag in _WANTED:
            values[tag] = data[position : position + length]
        position += length
    if position != end:
        raise _CutError
    return _Stop(0, position, position, 0)


def _after_sequence(data: bytes, position: int, encoding: _Encoding) -> int:
    """Where a sequence of undefined length ends."""
    item_head = struct.Struct(f'{encoding.order}HHL').unpack_from
    while position + 8 <= len(data):
        group, element, length = item_head(data, position)
        position += 8
        tag = group << 16 | element
        if tag == _SEQUENCE_END:
            return position
        if tag != _ITEM:
            break
        if length == _UNDEFINED:
            item_end = _walk(data, position, encoding, _ITEM_END, None)
            if item_end.tag != _ITEM_END:
                break
            position = item_end.value
        else:
            position += length
    raise _CutError
