"""
The header of one DICOM file, read once and quickly.

A PET series is hundreds of files of which a dozen values each are needed, and
where the pixels begin. Those are taken from the bytes themselves (PS3.5,
chapter 7): the top level is walked, sequences are stepped over. Sequences and
compressed pixels are left to pydicom.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from .errors import SeriesError

IMPLICIT_LITTLE = '1.2.840.10008.1.2'
EXPLICIT_LITTLE = '1.2.840.10008.1.2.1'
DEFLATED_LITTLE = '1.2.840.10008.1.2.1.99'
EXPLICIT_BIG = '1.2.840.10008.1.2.2'
NATIVE_SYNTAXES = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, DEFLATED_LITTLE, EXPLICIT_BIG})
"""Transfer syntaxes whose pixels are not compressed one by one (PS3.5, annex A)."""


class Tag(IntEnum):
    """The elements that are read, by the standard's keywords (PS3.6)."""

    TransferSyntaxUID = 0x00020010
    SpecificCharacterSet = 0x00080005
    SOPClassUID = 0x00080016
    SOPInstanceUID = 0x00080018
    SeriesDate = 0x00080021
    AcquisitionDate = 0x00080022
    AcquisitionDateTime = 0x0008002A
    SeriesTime = 0x00080031
    AcquisitionTime = 0x00080032
    Modality = 0x00080060
    Manufacturer = 0x00080070
    SeriesDescription = 0x0008103E
    ManufacturerModelName = 0x00081090
    PatientID = 0x00100020
    PatientWeight = 0x00101030
    SliceThickness = 0x00180050
    SpacingBetweenSlices = 0x00180088
    TriggerTime = 0x00181060
    PatientPosition = 0x00185100
    StudyInstanceUID = 0x0020000D
    SeriesInstanceUID = 0x0020000E
    AcquisitionNumber = 0x00200012
    ImagePositionPatient = 0x00200032
    ImageOrientationPatient = 0x00200037
    FrameOfReferenceUID = 0x00200052
    SamplesPerPixel = 0x00280002
    PhotometricInterpretation = 0x00280004
    NumberOfFrames = 0x00280008
    Rows = 0x00280010
    Columns = 0x00280011
    PixelSpacing = 0x00280030
    CorrectedImage = 0x00280051
    BitsAllocated = 0x00280100
    BitsStored = 0x00280101
    HighBit = 0x00280102
    PixelRepresentation = 0x00280103
    RescaleIntercept = 0x00281052
    RescaleSlope = 0x00281053
    NumberOfSlices = 0x00540081
    SeriesType = 0x00541000
    Units = 0x00541001
    DecayCorrection = 0x00541102
    FrameReferenceTime = 0x00541300
    FloatPixelData = 0x7FE00008
    DoubleFloatPixelData = 0x7FE00009
    PixelData = 0x7FE00010

    @property
    def text(self) -> str:
        """Keyword and number, e.g. ``'PixelSpacing (0028,0030)'``."""
        return f'{self.name} ({self >> 16:04X},{self & 0xFFFF:04X})'


_WANTED = frozenset(int(tag) for tag in Tag)
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_ITEM_GROUP = 0xFFFE
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


@dataclass(frozen=True, eq=False)
class DicomFile:
    """
    What the header of one file says, and where its pixels are.

    Attributes
    ----------
    path : `pathlib.Path`
        The file.

    values : mapping from int to bytes
        Values of the elements of `Tag`, as they stand in the file.

    transfer_syntax : str
        Transfer syntax UID.

    pixel_tag : int
        Tag of the pixels; 0 if the file has none.

    pixel_offset, pixel_length : int
        Where the pixels begin and how many bytes they are, in the file or,
        for the deflated syntax, in the inflated data set.

    cut : bool
        True if the file ends within the header.

    name : str
        How messages call the file.
    """

    path: Path
    values: Mapping[int, bytes]
    transfer_syntax: str
    pixel_tag: int = 0
    pixel_offset: int = 0
    pixel_length: int = 0
    data_set_offset: int = 0
    cut: bool = False
    name: str = ''

    @property
    def byte_order(self) -> str:
        """``'<'`` or ``'>'``, as `numpy.dtype` and `struct` call it."""
        return '>' if self.transfer_syntax == EXPLICIT_BIG else '<'

    def text(self, tag: Tag) -> str:
        """
        Value of a text element.

        Parameters
        ----------
        tag : Tag
            Element of ASCII text; several values stay joined by a backslash.

        Returns
        -------
        text : str
            Without padding; empty if the element is missing.
        """
        return self.values.get(tag, b'').decode('latin-1').strip(' \0')

    def numbers(self, tag: Tag, count: int) -> tuple[float, ...] | None:
        """
        Numbers of a decimal or integer string.

        Parameters
        ----------
        tag : Tag
            Element of representation DS or IS.

        count : int
            How many numbers there must be.

        Returns
        -------
        numbers : tuple of float or None
            None if the element is missing or empty.

        Raises
        ------
        SeriesError
            If the numbers are too few, too many, or not finite.
        """
        text = self.text(tag)
        if not text:
            return None
        try:
            numbers = tuple(float(part) for part in text.split('\\'))
        except ValueError:
            numbers = ()
        if len(numbers) != count or not all(math.isfinite(number) for number in numbers):
            msg = (
                f'{self.name}: {tag.text} is {text!r}, which is not {count} finite '
                f'number{"s" if count > 1 else ""}; export the series again from its source.'
            )
            raise SeriesError(msg)
        return numbers

    def integer(self, tag: Tag) -> int | None:
        """
        Value of a binary integer element.

        Parameters
        ----------
        tag : Tag
            Element of representation US.

        Returns
        -------
        integer : int or None
            None if the element is missing.
        """
        value = self.values.get(tag, b'')
        return struct.unpack(f'{self.byte_order}H', value[:2])[0] if len(value) >= 2 else None

    @property
    def frame_count(self) -> int:
        """Number of images in the file."""
        text = self.text(Tag.NumberOfFrames)
        return int(text) if text.isdigit() and int(text) > 0 else 1


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
            try:
                return _parse(path, name, data, start, {})
            except _CutError:
                more = stream.read(7 * len(data))
                if not more:
                    break
                data += more
    return _cut_file(path, name, data, start)


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
        if encoding.implicit or group == _ITEM_GROUP or not vr.isalpha():
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
