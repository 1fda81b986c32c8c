"""Stored pixels of one slice to float32 values."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..core.errors import SeriesError
from ..core.sentence import sentences
from .attributes import tag_text
from .file import UNDEFINED_LENGTH, DicomFile
from .slices import PETSlice

_ = sentences(__name__)

_Stored = npt.NDArray[Any]

_MIN_SLOPE, _MAX_SLOPE = 1e-30, 1e30
"""Slopes between these can be multiplied in float32."""


class _Bits(NamedTuple):
    """The lowest and the highest bit of a value in the bits allocated to it, from 0."""

    low: int
    high: int

    @property
    def stored(self) -> int:
        """BitsStored."""
        return self.high + 1 - self.low


class PixelReader:
    """
    Reads slice after slice; keeps what the slices of one file share.

    A compressed or deflated file is decoded once for all its frames, by pydicom.

    Parameters
    ----------
    slices : sequence of PETSlice, optional
        The series, if it must be one: some with a sign and some without are then held
        against each other.
    """

    def __init__(self, slices: Sequence[PETSlice] = ()) -> None:
        self._signs = {bool(plane.file.integer('PixelRepresentation')) for plane in slices}
        self._file: DicomFile | None = None
        self._frames: _Stored | None = None
        self._buffer = bytearray()
        self._with_other_bits: dict[str, int] = {}
        self._file_of_bits: dict[_Bits, str] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out of the values that were read, in a sentence."""
        if not self._with_other_bits:
            return ()
        name, stored = next(iter(self._with_other_bits.items()))
        count = len(self._with_other_bits)
        note = _(
            'bits outside the {stored} of {tag} are set in {count} {files}, from {name} on; they '
            'are left out, as the overlays of old writers: if they belong to the values, these are '
            'wrong'
        ).format(
            stored=stored,
            tag=tag_text('BitsStored'),
            count=count,
            files=_('files') if count > 1 else _('file'),
            name=name,
        )
        return (note,)

    def read_into(self, plane: PETSlice, values: npt.NDArray[np.float32]) -> None:
        """
        Put the values of a slice into an array.

        Parameters
        ----------
        plane : PETSlice
            The slice.

        values : (J, I) `numpy.ndarray` of float32
            Is filled with stored value * slope + intercept. MONOCHROME1 says
            how to show a value, not what it is: nothing is inverted.

        Raises
        ------
        SeriesError
            If the pixels are cut, compressed beyond pydicom, no grey values, or
            not those for which the scale holds.
        """
        stored = self._stored(plane)
        _require_mapped(plane, stored)
        if len(self._signs) > 1:
            _require_no_sign_bit(plane, stored)
        if plane.intercept == 0 and stored.dtype.itemsize <= 2 and _fits_float32(plane.slope):
            np.multiply(stored, np.float32(plane.slope), out=values, dtype=np.float32)
        else:
            values[...] = stored * np.float64(plane.slope) + plane.intercept

    def _stored(self, plane: PETSlice) -> _Stored:
        from pydicom.uid import DeflatedExplicitVRLittleEndian

        file = plane.file
        if _lies_in_the_file(file):
            return self._native_frame(file, plane.frame)
        if self._file is not file or self._frames is None:
            deflated = file.transfer_syntax == DeflatedExplicitVRLittleEndian
            self._frames = self._deflated_frames(file) if deflated else _decoded_frames(file)
            self._file = file
        return np.asarray(self._frames[plane.frame])

    def _native_frame(self, file: DicomFile, frame: int) -> _Stored:
        """Stored values in a buffer that the next slice overwrites."""
        dtype, shape = _stored_dtype(file), _shape(file)
        size = shape[0] * shape[1] * dtype.itemsize
        _require_native(file, file.frame_count * size)
        if len(self._buffer) != size:
            self._buffer = bytearray(size)
        with file.path.open('rb', buffering=0) as stream:
            stream.seek(file.pixel_offset + frame * size)
            got = stream.readinto(self._buffer) or 0
        _require_bytes(file, min(got + frame * size, file.pixel_length), (frame + 1) * size)
        return self._meaningful(file, np.frombuffer(self._buffer, dtype).reshape(shape))

    def _deflated_frames(self, file: DicomFile) -> _Stored:
        """All frames of a deflated file; `pixel_array` takes every high bit for the usual."""
        import pydicom

        dtype, shape = _stored_dtype(file), (file.frame_count, *_shape(file))
        count = int(np.prod(shape))
        _require_bytes(file, file.pixel_length, count * dtype.itemsize)
        data = pydicom.dcmread(file.path, specific_tags=['PixelData']).PixelData
        return self._meaningful(file, np.frombuffer(data, dtype, count).reshape(shape))

    def require_same_bits(self) -> None:
        """
        Refuse to leave bits out that other files of the series call a part of their values.

        Raises
        ------
        SeriesError
            If files differ in the lowest bit of their values, or in any bit where some were
            left out.
        """
        if not self._with_other_bits and len({bits.low for bits in self._file_of_bits}) <= 1:
            return
        if len(self._file_of_bits) > 1:
            (one, name), (other, other_name) = [*self._file_of_bits.items()][:2]
            msg = _(
                'the values are bits {low} to {high} in {name} and bits {other_low} to '
                '{other_high} in {other_name}, by {stored} and {tag}: one of both is wrong, and '
                'so would its values be; export the series again from its source.'
            ).format(
                low=one.low,
                high=one.high,
                name=name,
                other_low=other.low,
                other_high=other.high,
                other_name=other_name,
                stored=tag_text('BitsStored'),
                tag=tag_text('HighBit'),
            )
            raise SeriesError(msg)

    def _meaningful(self, file: DicomFile, pixels: _Stored) -> _Stored:
        bits = _bits_of(file, pixels.dtype)
        kept, others = _meaningful_bits(bits, pixels)
        self._file_of_bits.setdefault(bits, file.name)
        if others:
            self._with_other_bits[file.name] = bits.stored
        return kept


def require_pixels(slices: Sequence[PETSlice]) -> None:
    """
    Refuse files that hold fewer or more pixels than they claim, before anything is allocated.

    Parameters
    ----------
    slices : sequence of PETSlice
        A series.

    Raises
    ------
    SeriesError
        If the bytes of a file that is not compressed are not those of its matrix.
    """
    for file in {id(plane.file): plane.file for plane in slices}.values():
        if _lies_in_the_file(file):
            rows, columns = _shape(file)
            needed = file.frame_count * rows * columns * _stored_dtype(file).itemsize
            _require_native(file, needed)
            _require_bytes(file, file.pixel_length, needed)


def _require_mapped(plane: PETSlice, stored: _Stored) -> None:
    """A real-world mapping says nothing of values outside its range (PS3.3, C.7.6.16.2.11)."""
    if not plane.mapped:
        return
    low, high = stored.min(), stored.max()
    if plane.mapped[0] <= low and high <= plane.mapped[1]:
        return
    msg = _(
        '{name}: its stored values run from {low} to {high}, but its real-world mapping '
        '(0040,9096) holds from {first:g} to {last:g}: the others have no value; export the '
        'series with one slope a frame.'
    ).format(name=plane.name, low=low, high=high, first=plane.mapped[0], last=plane.mapped[1])
    raise SeriesError(msg)


def _require_no_sign_bit(plane: PETSlice, stored: _Stored) -> None:
    """Where only some slices have a sign, the highest bit is a sign in these alone."""
    bits = plane.file.integer('BitsStored') or 8 * stored.dtype.itemsize
    lowest, highest = int(stored.min()), int(stored.max())
    if lowest >= 0 and highest < 2 ** (bits - 1):
        return
    msg = _(
        'some slices of the series have a sign by {tag}, others none, and the stored values of '
        '{name} run from {lowest} to {highest}, which would be others with the other sign; export '
        'the series again from its source.'
    ).format(tag=tag_text('PixelRepresentation'), name=plane.name, lowest=lowest, highest=highest)
    raise SeriesError(msg)


def _fits_float32(slope: float) -> bool:
    """Whether 16 bits times the slope lose nothing in float32 but its last digit."""
    return _MIN_SLOPE < abs(slope) < _MAX_SLOPE


def _lies_in_the_file(file: DicomFile) -> bool:
    """Whether the stored values are the file's bytes. Words of two 8 bit pixels are swapped."""
    from pydicom import uid

    big, one_byte = uid.ExplicitVRBigEndian, file.integer('BitsAllocated') == 8
    little = (uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian)
    return file.transfer_syntax in little or (file.transfer_syntax == big and not one_byte)


def _decoded_frames(file: DicomFile) -> _Stored:
    """All frames of a compressed file, by pydicom and the decoders it finds."""
    import pydicom

    _stored_dtype(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            pixels = np.asarray(pydicom.dcmread(file.path, force=True).pixel_array)
    # pydicom and its decoders raise many types for damaged or unknown data.
    except Exception as error:
        raise SeriesError(_undecodable(file, error)) from error
    return pixels.reshape(file.frame_count, *_shape(file))


def _undecodable(file: DicomFile, error: Exception) -> str:
    from pydicom import uid

    syntax = uid.UID(file.transfer_syntax)
    reason = ' '.join(str(error).split())
    if syntax in (*uid.RLETransferSyntaxes, *uid.UncompressedTransferSyntaxes):
        return _('{file}: its {syntax} pixels are damaged ({reason}); copy it again.').format(
            file=file.name, syntax=syntax.name, reason=reason
        )
    advice = _('export the series uncompressed')
    if syntax in (*uid.JPEGTransferSyntaxes, *uid.JPEGLSTransferSyntaxes):
        advice = _('install pylibjpeg and pylibjpeg-libjpeg, or {advice}').format(advice=advice)
    elif syntax in uid.JPEG2000TransferSyntaxes:
        advice = _('install pylibjpeg and pylibjpeg-openjpeg, or {advice}').format(advice=advice)
    return _(
        '{file}: its pixels are compressed as {syntax} ({uid}) and cannot be decoded here; '
        '{advice} ({reason}).'
    ).format(file=file.name, syntax=syntax.name, uid=str(syntax), advice=advice, reason=reason)


def _shape(file: DicomFile) -> tuple[int, int]:
    rows, columns = file.integer('Rows') or 0, file.integer('Columns') or 0
    if not rows or not columns:
        msg = _(
            '{file}: its image is {columns} columns by {rows} rows; export the series again from '
            'its source.'
        ).format(file=file.name, columns=columns, rows=rows)
        raise SeriesError(msg)
    return rows, columns


def _stored_dtype(file: DicomFile) -> np.dtype[Any]:
    """Type of the stored values; refuses what is not one grey value a pixel."""
    photometric = file.text('PhotometricInterpretation') or 'MONOCHROME2'
    samples = file.integer('SamplesPerPixel') or 1
    if samples != 1 or photometric not in ('MONOCHROME1', 'MONOCHROME2'):
        msg = _(
            '{file} is a picture ({photometric}, {samples} samples per pixel), not an image of '
            'activity; take the original series of the scanner.'
        ).format(file=file.name, photometric=photometric, samples=samples)
        raise SeriesError(msg)
    allocated = file.integer('BitsAllocated')
    if file.pixels != 'PixelData' or allocated not in (8, 16, 32):
        msg = _(
            '{file}: {pixels} with {tag} of {allocated} cannot be read; export the series with 8, '
            '16 or 32 bit integers.'
        ).format(
            file=file.name, pixels=file.pixels, tag=tag_text('BitsAllocated'), allocated=allocated
        )
        raise SeriesError(msg)
    represented = file.integer('PixelRepresentation') or 0
    if represented not in (0, 1):
        msg = _(
            '{file}: {tag} is {represented}, not 0 or 1, so it is unknown whether its values have '
            'a sign; export the series again from its source.'
        ).format(file=file.name, tag=tag_text('PixelRepresentation'), represented=represented)
        raise SeriesError(msg)
    sign = 'i' if represented else 'u'
    from pydicom.uid import ExplicitVRBigEndian

    order = '>' if file.transfer_syntax == ExplicitVRBigEndian else '<'
    return np.dtype(f'{order}{sign}{allocated // 8}')


def _bits_of(file: DicomFile, dtype: np.dtype[Any]) -> _Bits:
    """Those of each pixel that are its value."""
    allocated = dtype.itemsize * 8
    stored = file.integer('BitsStored') or allocated
    high = file.integer('HighBit')
    high = stored - 1 if high is None else high
    if not stored <= high + 1 <= allocated:
        msg = _(
            '{file}: {stored} bits stored up to bit {high} do not fit into the {allocated} bits '
            'allocated; export the series again from its source.'
        ).format(file=file.name, stored=stored, high=high, allocated=allocated)
        raise SeriesError(msg)
    return _Bits(high + 1 - stored, high)


def _meaningful_bits(bits: _Bits, pixels: _Stored) -> tuple[_Stored, bool]:
    """
    Drop the bits outside BitsStored, which old writers filled with overlays (PS3.5, 8.1.1).

    The second is true if any of them said more than the sign of its value.
    """
    allocated = pixels.dtype.itemsize * 8
    if bits.stored == allocated:
        return pixels, False
    kept = (pixels << (allocated - 1 - bits.high)) >> (allocated - bits.stored)
    outside = (1 << allocated) - 1 - (((1 << bits.stored) - 1) << bits.low)
    others = np.array(outside, np.uint64).astype(pixels.dtype)
    return kept, bool(np.any((pixels & others != 0) & (kept << bits.low != pixels)))


def _require_native(file: DicomFile, needed: int) -> None:
    """Refuse pixels that are compressed, or more than the matrix holds."""
    if file.pixel_length == UNDEFINED_LENGTH:
        from pydicom.uid import UID

        msg = _(
            '{file}: its pixels are compressed, but its transfer syntax (0002,0010), {syntax}, '
            'says that they are not; export the series again from its source.'
        ).format(file=file.name, syntax=UID(file.transfer_syntax).name)
        raise SeriesError(msg)
    if file.pixel_length > needed + needed % 2:
        rows, columns = _shape(file)
        msg = _(
            '{file} holds {held} bytes of pixels, but its {frames} x {rows} x {columns} (frames, '
            'Rows, Columns) of {bits} bits are {needed}: the matrix is not the one that was '
            'stored; export the series again from its source.'
        ).format(
            file=file.name,
            held=file.pixel_length,
            frames=file.frame_count,
            rows=rows,
            columns=columns,
            bits=file.integer('BitsAllocated'),
            needed=needed,
        )
        raise SeriesError(msg)


def _require_bytes(file: DicomFile, got: int, needed: int) -> None:
    if got < needed:
        rows, columns = _shape(file)
        msg = _(
            '{file} is truncated: it holds {held} of the {needed} bytes that its image of '
            '{columns} x {rows} pixels needs; copy it again from its source.'
        ).format(file=file.name, held=got, needed=needed, columns=columns, rows=rows)
        raise SeriesError(msg)
