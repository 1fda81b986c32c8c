"""NIfTI-1 and NIfTI-2 files: values and place, by the rules of the format."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ..core.bounds import BYTES_PER_VOXEL, require_memory, require_stored
from ..core.errors import InputFileError
from ..core.geometry import FloatArray
from ..core.sentence import sentences
from .nifti_header import NiftiFields, unreadable, voxel_place

_ = sentences(__name__)

_TYPES = {
    2: 'u1',
    4: 'i2',
    8: 'i4',
    16: 'f4',
    64: 'f8',
    256: 'i1',
    512: 'u2',
    768: 'u4',
    1024: 'i8',
    1280: 'u8',
}
"""NIfTI's datatype codes of real numbers (nifti1.h) by numpy's names."""

_HEADER_BYTES = 540
_SAFE_BYTES = 4
"""Numbers of so many bytes are within float32, unless a large slope multiplies them."""

_CHUNK_BYTES = 1 << 20
_MAX_OFFSET = 1 << 62


@dataclass(frozen=True)
class NiftiHeader:
    """
    What the header of a NIfTI file says.

    Attributes
    ----------
    shape : tuple of int
        Voxels along i, j, k.

    dtype : `numpy.dtype`
        Of a stored value.

    start : int
        First byte of the values.

    slope, intercept : float
        Value = stored value * slope + intercept.

    ijk_to_ras : (4, 4) `numpy.ndarray`
        From index to millimeter.

    notes : tuple of str
        What in the header contradicts itself.

    end : int
        First byte behind the values of all volumes.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    start: int
    slope: float
    intercept: float
    ijk_to_ras: FloatArray
    notes: tuple[str, ...]
    end: int


def read_nifti(path: Path, frame: int | None = None) -> tuple[npt.NDArray[np.float32], NiftiHeader]:
    """
    Read a single NIfTI-1 or NIfTI-2 file.

    Parameters
    ----------
    path : `pathlib.Path`
        A .nii or .nii.gz file.

    frame : int, optional
        Which volume of a 4-D image, from 1.

    Returns
    -------
    voxels : (K, J, I) `numpy.ndarray` of float32
        Rescaled values.

    header : NiftiHeader
        Where they are.

    Raises
    ------
    InputFileError
        If the file is damaged, or not one 3-D image of real numbers.
    """
    try:
        with _opened(path) as stream:
            header = _parsed(stream.read(_HEADER_BYTES), path, frame)
            shape_kji = header.shape[::-1]
            needed = prod(shape_kji) * header.dtype.itemsize
            _require_room(path, header, needed)
            stream.seek(header.start)
            data = _bytes_or_fewer(stream, needed)
            if len(data) < needed:
                got = header.start + len(data)
                raise InputFileError(
                    _truncated(
                        path,
                        _('it holds {stored} of {claimed} bytes').format(
                            stored=got, claimed=header.start + needed
                        ),
                    )
                )
            _bytes_or_fewer(stream, needed, keep=False)  # so that the checksum is looked at
            more = stream.tell() - header.end
    except EOFError as error:
        raise InputFileError(_truncated(path, _('its compressed data end too early'))) from error
    except (OSError, zlib.error) as error:
        raise InputFileError(unreadable(path, str(error))) from error
    stored = np.frombuffer(data, header.dtype).reshape(shape_kji)
    voxels = _scaled(stored, header.slope, header.intercept)
    _require_in_range(path, header, stored, voxels)
    return voxels, _with_end(header, more)


def _with_end(header: NiftiHeader, more_bytes: int) -> NiftiHeader:
    """Values behind the end may be of the image: another matrix was stored then."""
    if more_bytes <= 0:
        return header
    note = _(
        'the file goes on behind the {size} voxels that its header tells of: check that these are '
        'all'
    ).format(size=' x '.join(str(length) for length in header.shape))
    return replace(header, notes=(*header.notes, note))


def _parsed(data: bytes, path: Path, frame: int | None) -> NiftiHeader:
    """
    Read the header of a NIfTI file.

    Parameters
    ----------
    data : bytes
        Beginning of the file.

    path : `pathlib.Path`
        For messages.

    frame : int or None
        Which volume of a 4-D image, from 1: the header becomes that of it alone.

    Returns
    -------
    header : NiftiHeader
        What it says: the sform where its code is above 0, else the qform,
        else the spacing alone (nifti1.h, methods 3, 2, 1).

    Raises
    ------
    InputFileError
        If it is not the header of one 3-D image.
    """
    fields = NiftiFields(data, path)
    datatype = fields.number(fields.layout.datatype, 'h')
    if datatype not in _TYPES:
        raise InputFileError(
            unreadable(
                path, _('its values are of type {datatype}, not numbers').format(datatype=datatype)
            )
        )
    _require_bits(fields, _TYPES[datatype], path)
    shape, count = _shape(fields, path)
    _require_frame(path, shape, count, frame)
    matrix, notes = voxel_place(fields, shape, path)
    dtype = np.dtype(fields.order + _TYPES[datatype])
    first = _first_byte(fields, path)
    end = first + count * prod(shape) * dtype.itemsize
    if count > 1 and frame is not None:
        first += (frame - 1) * prod(shape) * dtype.itemsize
        notes = (
            _('Frame {frame} of {count} of the file.').format(frame=frame, count=count),
            *notes,
        )
    slope, intercept = _scale(fields, path)
    return NiftiHeader(
        shape=shape,
        dtype=dtype,
        start=first,
        slope=slope,
        intercept=intercept,
        ijk_to_ras=matrix,
        notes=notes,
        end=end,
    )


def _require_bits(fields: NiftiFields, dtype: str, path: Path) -> None:
    """Bits of a voxel, which some writers leave 0, are those of its datatype."""
    bits = fields.number(fields.layout.datatype + 2, 'h')
    if bits not in (0, 8 * np.dtype(dtype).itemsize):
        reason = _('its values have {bits} bits, but are of type {datatype}').format(
            bits=bits, datatype=dtype
        )
        raise InputFileError(unreadable(path, reason))


def _first_byte(fields: NiftiFields, path: Path) -> int:
    """Where the values begin: in a single file behind the header."""
    (offset,) = fields.numbers(*fields.layout.vox_offset)
    if not (fields.size <= offset < _MAX_OFFSET and offset == int(offset)):
        reason = _(
            'its values begin at byte {offset:g} (vox_offset), not behind the {size} of the header'
        ).format(offset=offset, size=fields.size)
        raise InputFileError(unreadable(path, reason))
    return int(offset)


def _scale(fields: NiftiFields, path: Path) -> tuple[float, float]:
    """Slope and intercept; a slope of 0 is none (nifti1.h), as is NaN, which nibabel writes."""
    slope, intercept = fields.numbers(*fields.layout.scale)
    if slope == 0 or np.isnan(slope):
        return 1.0, 0.0
    if not np.isfinite([slope, intercept]).all():
        reason = _('its scl_slope is {slope:g} and its scl_inter {intercept:g}').format(
            slope=slope, intercept=intercept
        )
        raise InputFileError(unreadable(path, reason))
    return slope, intercept


def _shape(fields: NiftiFields, path: Path) -> tuple[tuple[int, ...], int]:
    """Voxels along i, j and k, and how many such volumes there are."""
    dim = [int(length) for length in fields.numbers(*fields.layout.dim)]
    shape = dim[1 : 1 + dim[0]] if 0 < dim[0] < 8 else []
    components = shape[4] if len(shape) == 5 else 1
    while len(shape) > 3 and (shape[-1] == 1 or len(shape) == 5):
        shape.pop()
    if len(shape) in (3, 4) and min(shape) > 0 and components == 1:
        return tuple(shape[:3]), shape[3] if len(shape) == 4 else 1
    several = (
        _(' of {components} values a voxel').format(components=components) if components > 1 else ''
    )
    msg = _(
        '{path} is a {axes}-D image ({size}){several}, not one 3-D image of one value a voxel; '
        'save the frame or component to measure as a volume of its own.'
    ).format(path=path, axes=len(shape), size=' x '.join(map(str, shape)), several=several)
    raise InputFileError(msg)


def _require_frame(path: Path, shape: tuple[int, ...], count: int, frame: int | None) -> None:
    if (frame in (None, 1) and count == 1) or (frame is not None and 1 <= frame <= count):
        return
    what = _('{count} volumes of {size} voxels').format(
        count=count, size=' x '.join(map(str, shape))
    )
    if count == 1:
        msg = _('{path} has no frame {frame}: it holds one image; leave out --frame.').format(
            path=path, frame=frame
        )
    elif frame is None:
        msg = _(
            '{path} is a 4-D image: {what}. Name the one to measure (--frame N; --each-frame '
            'measures all), or save it as a volume of its own.'
        ).format(path=path, what=what)
    else:
        msg = _('{path} has no frame {frame}: it holds {what}.').format(
            path=path, frame=frame, what=what
        )
    raise InputFileError(msg)


def nifti_frame_count(path: Path) -> int:
    """
    How many volumes a NIfTI file holds.

    Parameters
    ----------
    path : `pathlib.Path`
        A .nii or .nii.gz file.

    Returns
    -------
    count : int
        1 for a 3-D image.

    Raises
    ------
    InputFileError
        If it has no header of such a file.
    """
    try:
        with _opened(path) as stream:
            return _shape(NiftiFields(stream.read(_HEADER_BYTES), path), path)[1]
    except (OSError, EOFError, zlib.error) as error:
        raise InputFileError(unreadable(path, str(error))) from error


def _opened(path: Path) -> BinaryIO:
    if path.suffix.lower() == '.gz':
        return gzip.open(path)  # type: ignore[return-value]
    return path.open('rb')


def _require_room(path: Path, header: NiftiHeader, needed_bytes: int) -> None:
    """The values fit into the file, and into memory beside those that are made of them."""
    claimed, stored = header.start + needed_bytes, path.stat().st_size
    if path.suffix.lower() == '.gz':
        require_stored(claimed, stored, f'{path}', deflated=True)
    elif claimed > stored:
        raise InputFileError(
            _truncated(
                path,
                _('it holds {stored} of {claimed} bytes').format(stored=stored, claimed=claimed),
            )
        )
    size = ' x '.join(str(length) for length in header.shape)
    what = _('{path} ({size} voxels)').format(path=path, size=size)
    require_memory(needed_bytes + BYTES_PER_VOXEL * prod(header.shape), what)


def _bytes_or_fewer(stream: BinaryIO, count: int, *, keep: bool = True) -> bytearray:
    """Read as much as there is, chunk by chunk: a claimed size is no reason to allocate it."""
    data, left = bytearray(), count
    while left > 0:
        chunk = stream.read(min(_CHUNK_BYTES, left))
        if not chunk:
            break
        left -= len(chunk)
        if keep:
            data += chunk
    return data


def _scaled(stored: npt.NDArray[Any], slope: float, intercept: float) -> npt.NDArray[np.float32]:
    """Values slice by slice, to spare memory."""
    voxels = np.empty(stored.shape, np.float32)
    with np.errstate(over='ignore'):
        for k, plane in enumerate(stored):
            voxels[k] = plane * np.float64(slope) + intercept
    return voxels


def _require_in_range(
    path: Path,
    header: NiftiHeader,
    stored: npt.NDArray[Any],
    voxels: npt.NDArray[np.float32],
) -> None:
    """Values that float32 cannot hold would become infinite, as if they were no numbers."""
    wide = (
        header.dtype.itemsize > _SAFE_BYTES or max(abs(header.slope), abs(header.intercept)) > 1e9
    )
    if not wide or not np.isinf(voxels).any():
        return
    if np.isfinite(stored[np.isinf(voxels)]).any():
        reason = _('its values times scl_slope {slope:g} plus {intercept:g} are too large').format(
            slope=header.slope, intercept=header.intercept
        )
        raise InputFileError(unreadable(path, reason))


def _truncated(path: Path, how: str) -> str:
    return _('{path} is truncated: {how}; copy it again from its source.').format(
        path=path, how=how
    )
