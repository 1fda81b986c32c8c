"""NIfTI-1 and NIfTI-2 files: values and place, by the rules of the format."""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ..core.bounds import BYTES_PER_VOXEL, require_memory, require_stored
from ..core.errors import InputFileError
from ..core.geometry import FloatArray

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

_MM_PER_UNIT = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 1e-3}
"""Codes of xyzt_units: unknown (taken for mm), meter, millimeter, micrometer."""

_HEADER_BYTES = 540
_CHUNK_BYTES = 1 << 20

_MAX_POSITION_DIFFERENCE_MM = 0.1
"""sform and qform that place a corner this far apart contradict each other."""

_MAX_SPACING_DIFFERENCE = 0.01
"""Relative; headers round to float32."""

_MAX_COSINE = 1e-3
"""Largest cosine between two axes that count as at right angles."""


@dataclass(frozen=True)
class _Layout:
    """Where a version of the format keeps its fields: offset and `struct` code."""

    dim: tuple[int, str]
    datatype: int
    pixdim: tuple[int, str]
    vox_offset: tuple[int, str]
    scale: tuple[int, str]
    codes: tuple[int, str]
    quaternion: tuple[int, str]
    rows: tuple[int, str]
    units: tuple[int, str]
    magic: int


_LAYOUTS = {
    348: _Layout(
        *((40, '8h'), 70, (76, '8f'), (108, 'f'), (112, '2f'), (252, '2h')),
        *((256, '6f'), (280, '12f'), (123, 'B'), 344),
    ),
    540: _Layout(
        *((16, '8q'), 12, (104, '8d'), (168, 'q'), (176, '2d'), (344, '2i')),
        *((352, '6d'), (400, '12d'), (500, 'i'), 4),
    ),
}
"""By the first number of the file, the length of its header."""


@dataclass(frozen=True)
class NiftiHeader:
    """
    What the header of a NIfTI file says.

    Attributes
    ----------
    shape : tuple of int
        Voxels along i, j, k and any further axis longer than 1.

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
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    start: int
    slope: float
    intercept: float
    ijk_to_ras: FloatArray
    notes: tuple[str, ...]


def read_nifti(path: Path) -> tuple[npt.NDArray[np.float32], NiftiHeader]:
    """
    Read a single NIfTI-1 or NIfTI-2 file.

    Parameters
    ----------
    path : `pathlib.Path`
        A .nii or .nii.gz file.

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
            header = _parsed(stream.read(_HEADER_BYTES), path)
            shape_kji = header.shape[::-1]
            needed = prod(shape_kji) * header.dtype.itemsize
            _require_room(path, header, needed)
            stream.seek(header.start)
            data = _bytes_or_fewer(stream, needed)
            if len(data) < needed:
                got = header.start + len(data)
                raise InputFileError(
                    _truncated(path, f'it holds {got} of {header.start + needed} bytes')
                )
            _bytes_or_fewer(stream, needed, keep=False)  # so that the checksum is looked at
    except EOFError as error:
        raise InputFileError(_truncated(path, 'its compressed data end too early')) from error
    except (OSError, zlib.error) as error:
        raise InputFileError(_unreadable(path, str(error))) from error
    stored = np.frombuffer(data, header.dtype).reshape(shape_kji)
    return _scaled(stored, header.slope, header.intercept), header


def _parsed(data: bytes, path: Path) -> NiftiHeader:
    """
    Read the header of a NIfTI file.

    Parameters
    ----------
    data : bytes
        Beginning of the file.

    path : `pathlib.Path`
        For messages.

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
    fields = _Fields(data, path)
    datatype = fields.number(fields.layout.datatype, 'h')
    if datatype not in _TYPES:
        raise InputFileError(_unreadable(path, f'its values are of type {datatype}, not numbers'))
    shape = _shape(fields, path)
    matrix, notes = _place(fields, shape, path)
    slope, intercept = fields.numbers(*fields.layout.scale)
    if slope == 0 or not np.isfinite([slope, intercept]).all():  # nifti1.h: no scaling
        slope, intercept = 1.0, 0.0
    return NiftiHeader(
        shape=shape,
        dtype=np.dtype(fields.order + _TYPES[datatype]),
        start=max(int(fields.numbers(*fields.layout.vox_offset)[0]), 0),
        slope=slope,
        intercept=intercept,
        ijk_to_ras=matrix,
        notes=notes,
    )


class _Fields:
    """Numbers of a header in its byte order."""

    def __init__(self, data: bytes, path: Path) -> None:
        sizes = {order: struct.unpack(f'{order}i', data[:4])[0] for order in '<>' if len(data) > 4}
        order = next((order for order, size in sizes.items() if size in _LAYOUTS), None)
        if order is None or len(data) < sizes[order]:
            raise InputFileError(_unreadable(path, 'it does not begin with a NIfTI header'))
        self._data = data
        self.order = order
        self.layout = _LAYOUTS[sizes[order]]
        magic = data[self.layout.magic : self.layout.magic + 3]
        if magic not in (b'n+1', b'n+2'):
            raise InputFileError(
                _unreadable(path, 'it is not a single NIfTI file (magic n+1, n+2)')
            )

    def number(self, offset: int, kind: str) -> int:
        return int(struct.unpack_from(f'{self.order}{kind}', self._data, offset)[0])

    def numbers(self, offset: int, kind: str) -> tuple[float, ...]:
        return tuple(struct.unpack_from(f'{self.order}{kind}', self._data, offset))


def _shape(fields: _Fields, path: Path) -> tuple[int, ...]:
    dim = [int(length) for length in fields.numbers(*fields.layout.dim)]
    shape = dim[1 : 1 + dim[0]] if 0 < dim[0] < 8 else []
    components = shape[4] if len(shape) == 5 else 1
    while len(shape) > 3 and (shape[-1] == 1 or len(shape) == 5):
        shape.pop()
    if len(shape) == 3 and min(shape) > 0 and components == 1:
        return tuple(shape)
    several = f' of {components} values a voxel' if components > 1 else ''
    msg = (
        f'{path} is a {len(shape)}-D image ({" x ".join(map(str, shape))}){several}, not one 3-D '
        'image of one value a voxel; save the frame or component to measure as a volume of its own.'
    )
    raise InputFileError(msg)


def _place(
    fields: _Fields, shape: tuple[int, ...], path: Path
) -> tuple[FloatArray, tuple[str, ...]]:
    """Matrix from index to RAS in mm, and what contradicts it."""
    pixdim = np.array(fields.numbers(*fields.layout.pixdim))
    qform_code, sform_code = fields.numbers(*fields.layout.codes)
    qform = _qform(fields, pixdim) if qform_code > 0 else None
    sform = np.eye(4)
    sform[:3] = np.reshape(fields.numbers(*fields.layout.rows), (3, 4))
    spacing = np.diag([*pixdim[1:4], 1.0])
    matrix = sform if sform_code > 0 else qform if qform is not None else spacing
    _require_grid(matrix, path)
    to_mm = _MM_PER_UNIT.get(int(fields.numbers(*fields.layout.units)[0]) & 7, 1.0)
    notes: tuple[str, ...] = ()
    if sform_code > 0:
        notes = _contradictions(sform, qform, pixdim, shape, to_mm)
    return np.diag([to_mm, to_mm, to_mm, 1.0]) @ matrix, notes


def _qform(fields: _Fields, pixdim: FloatArray) -> FloatArray:
    """Method 2 of nifti1.h: a rotation as a quaternion, the spacing, and an offset."""
    b, c, d, *offset = fields.numbers(*fields.layout.quaternion)
    a = np.sqrt(max(1.0 - (b * b + c * c + d * d), 0.0))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - c * c - b * b],
        ]
    )
    matrix = np.eye(4)
    flip = -1.0 if pixdim[0] < 0 else 1.0
    matrix[:3, :3] = rotation * (pixdim[1:4] * [1.0, 1.0, flip])
    matrix[:3, 3] = offset
    return matrix


def _require_grid(matrix: FloatArray, path: Path) -> None:
    lengths = np.linalg.norm(matrix[:3, :3], axis=0)
    if not np.isfinite(matrix).all() or lengths.min() <= 0:
        raise InputFileError(_unreadable(path, 'its header gives a voxel no size'))
    unit = matrix[:3, :3] / lengths
    if np.abs(unit.T @ unit - np.eye(3)).max() > _MAX_COSINE:
        msg = (
            f'{path}: the axes of its grid are not at right angles, which cannot be read; '
            'resample the volume to an orthogonal grid.'
        )
        raise InputFileError(msg)


def _contradictions(
    sform: FloatArray,
    qform: FloatArray | None,
    pixdim: FloatArray,
    shape: tuple[int, ...],
    to_mm: float,
) -> tuple[str, ...]:
    """Where the sform, which is used, and the other two descriptions differ."""
    lengths = np.linalg.norm(sform[:3, :3], axis=0)
    notes = []
    if np.abs(lengths / np.where(pixdim[1:4] > 0, pixdim[1:4], np.nan) - 1).max() > (
        _MAX_SPACING_DIFFERENCE
    ):
        notes.append(
            f'the voxel size is {_sizes(lengths * to_mm)} mm by the sform of the NIfTI header, '
            f'which is used, and {_sizes(pixdim[1:4] * to_mm)} mm by its pixdim: check the volume'
        )
    if qform is not None:
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in shape[:3]])).reshape(3, -1)
        off = (sform - qform)[:3] @ np.vstack([corners, np.ones(corners.shape[1])])
        farthest = float(np.linalg.norm(off, axis=0).max()) * to_mm
        if farthest > _MAX_POSITION_DIFFERENCE_MM:
            notes.append(
                f'sform, which is used, and qform of the NIfTI header place a corner '
                f'{farthest:.1f} mm apart: check the volume'
            )
    return tuple(notes)


def _sizes(lengths: FloatArray) -> str:
    return ' x '.join(f'{length:.4g}' for length in lengths)


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
        raise InputFileError(_truncated(path, f'it holds {stored} of {claimed} bytes'))
    what = f'{path} ({" x ".join(str(length) for length in header.shape)} voxels)'
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
    for k, plane in enumerate(stored):
        voxels[k] = plane * np.float64(slope) + intercept
    return voxels


def _truncated(path: Path, how: str) -> str:
    return f'{path} is truncated: {how}; copy it again from its source.'


def _unreadable(path: Path, reason: str) -> str:
    return f'{path} cannot be read as a volume ({reason}); save it again from its source.'
