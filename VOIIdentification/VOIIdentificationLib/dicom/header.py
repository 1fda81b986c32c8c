"""What the header of one DICOM file says, as far as a PET volume needs it."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from ..core.errors import SeriesError

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
    RealWorldValueIntercept = 0x00409224
    RealWorldValueSlope = 0x00409225
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
        """Byte order ``"<"`` or ``">"``, as `numpy.dtype` and `struct` call it."""
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

    def decoded_text(self, tag: Tag) -> str:
        """
        Text in the file's own character set.

        Parameters
        ----------
        tag : Tag
            Element of text that people wrote.

        Returns
        -------
        text : str
            On one line, without padding; empty if the element is missing.
        """
        return ' '.join(''.join(c if c.isprintable() else ' ' for c in self._text(tag)).split())

    def _text(self, tag: Tag) -> str:
        charset, value = self.text(Tag.SpecificCharacterSet), self.values.get(tag, b'')
        if not charset or value.isascii():
            return self.text(tag)
        from pydicom.charset import convert_encodings, decode_bytes

        decoded: str = decode_bytes(value, convert_encodings(charset.split('\\')), set())
        return decoded.strip(' \0')

    def numbers(self, tag: Tag, count: int) -> tuple[float, ...] | None:
        """
        The numbers of a decimal or integer string.

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
        return finite_numbers(self.name, tag, text.split('\\'), count) if text else None

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


def finite_numbers(name: str, tag: Tag, parts: Sequence[str], count: int) -> tuple[float, ...]:
    """
    Numbers from their texts.

    Parameters
    ----------
    name : str
        The file or frame, for messages.

    tag : Tag
        The element, for messages.

    parts : sequence of str
        One text a number.

    count : int
        How many numbers there must be.

    Returns
    -------
    numbers : tuple of float
        All finite.

    Raises
    ------
    SeriesError
        If they are too few, too many, no numbers, or not finite.
    """
    try:
        numbers = tuple(float(part) for part in parts)
    except ValueError:
        numbers = ()
    if len(numbers) == count and all(math.isfinite(number) for number in numbers):
        return numbers
    wanted = 'a finite number' if count == 1 else f'{count} finite numbers'
    msg = (
        f"{name}: {tag.text} is '{', '.join(parts)}', which is not {wanted}; "
        'export the series again from its source.'
    )
    raise SeriesError(msg)
