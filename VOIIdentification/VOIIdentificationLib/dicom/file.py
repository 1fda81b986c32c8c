"""
One DICOM file: its header, read once by pydicom, and where its pixels are.

pydicom walks the elements up to the pixels; their values stay as they stand in
the file until somebody asks. `pydicom.dcmread` with `specific_tags` takes 1.7
times as long (Testing/Benchmarks/bench_read.py).
"""

from __future__ import annotations

import struct
import warnings
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from ..core.errors import PhantomError, SeriesError
from ..core.sentence import sentences
from .attributes import WANTED, pet_classes, tag_of
from .header import (
    GE_GROUP,
    GE_ITERATIONS,
    GE_SCAN_TIME,
    GE_SUBSETS,
    PHILIPS_GROUP,
    UNREADABLE,
    Header,
)
from .kinds import other_class

_ = sentences(__name__)

_WANTED = frozenset(WANTED)
PIXELS = ('FloatPixelData', 'DoubleFloatPixelData', 'PixelData')
"""Keywords of the elements that hold an image (PS3.3, C.7.6.3 to C.7.6.25)."""

RECONSTRUCTED = 'RECON TOMO'
"""Third value of Image Type (PS3.3, C.8.4.9.1.1) of a SPECT volume."""

TRANSMISSION = 'TRANSMISSION'
"""Fourth value of Image Type of an attenuation map."""

_FIRST_PIXELS = 0x7FE00008
_FIRST_TAG = 0x00010000  # files have no group 0: it is what zeros look like
_TRANSFER_SYNTAX = 0x00020010
_FIRST_READ_BYTES = 32768  # longer than most PET headers, shorter than most pixel data
_MAX_HEADER_BYTES = 2**27  # 128 MiB; 10,000 frames of an enhanced file need 30
_GROWTH = _ELEMENT_BYTES = 8
_FIRST_GROUPS = range(0x0004, 0x0010, 2)
"""Groups that a data set begins with; read in the wrong byte order they are above 0x0400."""

_MAX_RATIO, _MIN_INFLATED_BYTES = 100, 2**26  # images deflate to a tenth, small zeros to less
_PREAMBLE_BYTES = 128
UNDEFINED_LENGTH = 0xFFFFFFFF
"""Length of pixels that are compressed: they end where their items say."""


@dataclass(frozen=True, eq=False)
class DicomFile(Header):
    """
    What the header of one file says, and where its pixels are.

    Attributes
    ----------
    path : `pathlib.Path`
        The file.

    transfer_syntax : str
        Its UID: how the file is written.

    pixels : str
        Keyword of the element that holds the pixels; empty if the file has none.

    pixel_offset, pixel_length : int
        Where the pixels begin and how many bytes they are, in the file or,
        for the deflated syntax, in the inflated data set.

    cut : bool
        True if the file ends within the header.

    declared_syntax : str
        UID that the meta header says, where the bytes are not written so.

    stored : mapping of int to bytes
        The elements' values as bytes, by their tags, to compare slices fast.
    """

    path: Path
    transfer_syntax: str
    pixels: str = ''
    pixel_offset: int = 0
    pixel_length: int = 0
    cut: bool = False
    declared_syntax: str = ''
    stored: Mapping[int, bytes] = field(default_factory=dict, repr=False)

    def stored_bytes(self, keyword: str) -> object:
        """
        Value of a wanted element as it stands in the file.

        Parameters
        ----------
        keyword : str
            DICOM keyword of the element.

        Returns
        -------
        value : object
            Its bytes; None if the file does not have it.
        """
        return self.stored.get(int(tag_of(keyword)))

    def _element(self, keyword: str) -> Any:
        if keyword not in _WANTED:  # else it would look as if the file did not have it
            msg = f'{keyword} is not among the elements that are kept'
            raise KeyError(msg)
        return super()._element(keyword)

    @property
    def frame_count(self) -> int:
        """Number of images in the file."""
        text = self.text('NumberOfFrames')
        return int(text) if text.isdigit() and int(text) > 0 else 1

    @property
    def is_multi_frame_pet(self) -> bool:
        """Whether it has functional groups: enhanced PET must, some single slices do."""
        if self.text('SOPClassUID') in pet_classes()[1:]:
            return True
        groups = tag_of('PerFrameFunctionalGroupsSequence')
        return self.frame_count > 1 and groups in self.dataset

    @property
    def is_pet_image(self) -> bool:
        """True for the PET classes, and for modality PT unless it is a picture, CT or MR."""
        uid = self.text('SOPClassUID')
        says_so = self.text('Modality') == 'PT' and not self.is_picture
        return uid in pet_classes() or (says_so and not other_class(uid))

    @property
    def is_nuclear_medicine(self) -> bool:
        """Whether it is of NM Image Storage: planar, projections or a SPECT reconstruction."""
        from pydicom.uid import NuclearMedicineImageStorage

        return self.text('SOPClassUID') == NuclearMedicineImageStorage

    @property
    def is_activity(self) -> bool:
        """Whether it is PET, or SPECT that was reconstructed from its emission."""
        if not self.is_nuclear_medicine:
            return self.is_pet_image
        kinds = [text.upper() for text in self.texts('ImageType')[2:]]
        return kinds[:1] == [RECONSTRUCTED] and TRANSMISSION not in kinds

    @property
    def is_picture(self) -> bool:
        """Whether it is a secondary capture: numbers to look at, not of activity."""
        from pydicom.uid import SecondaryCaptureImageStorage

        # UIDs of multi-frame pictures begin with that of the single one (PS3.4, annex B.5).
        return self.text('SOPClassUID').startswith(SecondaryCaptureImageStorage)


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
    with path.open('rb', buffering=0) as stream, warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of character sets that are misspelled
        data = stream.read(_FIRST_READ_BYTES)
        start = _start_of_elements(data)
        file = None if start is None else _parse(path, name or path.name, data, start)
        while start is not None and not (file and file.pixels) and len(data) < _MAX_HEADER_BYTES:
            more = stream.read((_GROWTH - 1) * len(data))
            if not more:
                break
            data += more
            file = _parse(path, name or path.name, data, start)
    return file


@cache
def _kept_tags() -> list[Any]:
    """The elements that are wanted; creators and elements of the private groups."""
    blocks = range(0x10, 0x20)
    private = [
        group << 16 | number
        for group, elements in (
            (GE_GROUP, (GE_SCAN_TIME, GE_ITERATIONS, GE_SUBSETS)),
            (PHILIPS_GROUP, (0x00, 0x09)),
        )
        for block in blocks
        for number in (block, *(block << 8 | element for element in elements))
    ]
    return [*(int(tag_of(keyword)) for keyword in WANTED), *private]


def _start_of_elements(data: bytes) -> int | None:
    """Where the first element stands; None if this is not DICOM."""
    if data[_PREAMBLE_BYTES : _PREAMBLE_BYTES + 4] == b'DICM':
        return _PREAMBLE_BYTES + 4
    # Files from before 1996 have no preamble and begin with group 2 or 8.
    group, element = struct.unpack_from('<HH', data) if len(data) > 8 else (0, 0)
    return 0 if group in (0x0002, 0x0008) and element <= 0x18 else None


def _parse(path: Path, name: str, data: bytes, start: int) -> DicomFile | None:
    """The file, as far as the bytes reach; None if they say nothing of it."""
    from pydicom import Dataset
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    stream = BytesIO(data)
    stream.seek(start)
    declared = _transfer_syntax(stream)
    syntax = _syntax_of_bytes(data[stream.tell() :], declared)
    deflated = syntax == DeflatedExplicitVRLittleEndian
    walk = _Walk(_inflated(stream, name) if deflated else stream)
    file = DicomFile(
        name=name,
        dataset=Dataset(walk.elements(syntax)),
        path=path,
        transfer_syntax=syntax,
        pixels=walk.pixels,
        pixel_offset=walk.offset,
        pixel_length=min(walk.length, walk.bytes_left) if deflated else walk.length,
        cut=not walk.whole,
        declared_syntax=declared if declared != syntax else '',
        stored=walk.stored,
    )
    return file if file.text('SOPClassUID') or file.text('SeriesInstanceUID') else None


def _transfer_syntax(stream: BytesIO) -> str:
    """Transfer syntax UID; the stream is left where the data set begins."""
    from pydicom.filereader import data_element_generator
    from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

    syntax = b''
    with suppress(*UNREADABLE):
        for element in data_element_generator(stream, False, True, _is_after_meta_group):
            if element.tag == _TRANSFER_SYNTAX:
                syntax = element.value or b''
    if syntax:
        return syntax.decode('latin-1').strip(' \0')
    explicit = stream.getvalue()[stream.tell() + 4 : stream.tell() + 6].isalpha()
    return str(ExplicitVRLittleEndian if explicit else ImplicitVRLittleEndian)


def _syntax_of_bytes(data: bytes, declared: str) -> str:
    """
    The declared syntax, or the one that the first element of the data set is written in.

    Compressed pixels cannot be seen here; they stand in explicit little endian.
    """
    from pydicom import uid

    if len(data) < _ELEMENT_BYTES:
        return declared
    group = int.from_bytes(data[:2], 'little')
    explicit = data[4:6].isalpha() and data[4:6].isupper()
    if group not in _FIRST_GROUPS:
        swapped = int.from_bytes(data[:2], 'big') in _FIRST_GROUPS
        return str(uid.ExplicitVRBigEndian) if swapped and explicit else declared
    if not explicit:
        return str(uid.ImplicitVRLittleEndian)
    other = (
        uid.ImplicitVRLittleEndian,
        uid.ExplicitVRBigEndian,
        uid.DeflatedExplicitVRLittleEndian,
    )
    return str(uid.ExplicitVRLittleEndian) if declared in other else declared


def _is_after_meta_group(tag: int, _vr: str | None, _length: int) -> bool:
    return not 0x00020000 <= tag < 0x00030000


def _inflated(stream: BytesIO, name: str) -> BytesIO:
    """The data set of a deflated file; empty if it is cut or damaged."""
    inflater, deflated = zlib.decompressobj(-zlib.MAX_WBITS), stream.read()
    limit = _MIN_INFLATED_BYTES + _MAX_RATIO * len(deflated)
    try:
        data = inflater.decompress(deflated, limit)
    except zlib.error:
        return BytesIO()
    if len(data) == limit:
        msg = _(
            '{name}: its {count} deflated bytes become more than {limit}, which no image does; '
            'export the series uncompressed.'
        )
        raise SeriesError(msg.format(name=name, count=len(deflated), limit=limit))
    return BytesIO(data if inflater.eof else b'')


class _Walk:
    """A walk over the top level of a data set, up to the pixels."""

    def __init__(self, stream: BytesIO) -> None:
        self._stream = stream
        self._tag = self.offset = self.length = 0
        self.whole = False
        self.stored: dict[int, bytes] = {}

    @property
    def pixels(self) -> str:
        """Keyword of the pixels that were reached."""
        return next((keyword for keyword in PIXELS if tag_of(keyword) == self._tag), '')

    @property
    def bytes_left(self) -> int:
        """Number of bytes after the beginning of the last element's value."""
        return len(self._stream.getvalue()) - self.offset

    def elements(self, syntax: str) -> dict[Any, Any]:
        """Collect what is wanted, as far as it can be read."""
        from pydicom.filereader import data_element_generator
        from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

        found: dict[Any, Any] = {}
        implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
        try:
            for element in data_element_generator(
                self._stream, implicit, little, self._is_at_pixels, specific_tags=_kept_tags()
            ):
                found[element.tag] = element
                self.stored[self._tag] = self._bytes_of(element.value)
        except UNREADABLE:
            return found
        self.whole = self._tag >= _FIRST_PIXELS or self._is_at_end()
        return found

    def _is_at_pixels(self, tag: int, _vr: str | None, length: int) -> bool:
        # pydicom's tags compare slowly.
        self._tag, self.offset, self.length = int(tag), self._stream.tell(), length
        return not _FIRST_TAG <= self._tag < _FIRST_PIXELS

    def _bytes_of(self, value: Any) -> bytes:
        """A value as it stands in the file, also of a sequence that pydicom has parsed."""
        if isinstance(value, bytes) or value is None:
            return value or b''
        return self._stream.getvalue()[self.offset : self._stream.tell()]

    def _is_at_end(self) -> bool:
        return self.length in (UNDEFINED_LENGTH, self.bytes_left)


@contextmanager
def naming(name: str) -> Iterator[None]:
    """
    Turn what nobody expected into a sentence that names the file.

    Parameters
    ----------
    name : str
        The file or slice that is being read.

    Yields
    ------
    nothing : None
        Errors with a sentence of their own pass.

    Raises
    ------
    SeriesError
        Instead of any other error.
    """
    try:
        yield
    except (PhantomError, MemoryError):
        raise
    except Exception as error:
        kind, why = type(error).__name__, ' '.join(str(error).split()) or _('no reason given')
        msg = _(
            '{name} cannot be read ({kind}: {reason}); it may be damaged: copy it again from its '
            'source.'
        )
        raise SeriesError(msg.format(name=name, kind=kind, reason=why)) from error
