"""The header of a NIfTI file: its fields, and where they place the voxels."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.bounds import MAX_ORIGIN_MM, MAX_VOXEL_MM, MIN_VOXEL_MM
from ..core.errors import InputFileError
from ..core.geometry import FloatArray
from ..core.sentence import sentences

_ = sentences(__name__)

_MM_PER_UNIT = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 1e-3}
"""Codes of xyzt_units: unknown (taken for mm), meter, millimeter, micrometer."""

_UNIT_CODES = 7
"""Bits of xyzt_units that hold the unit of lengths; the others are that of times."""

_MAX_QUATERNION = 1.001
"""Squared length of the stored part of a unit quaternion; float32 rounds to 1e-7."""

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


class NiftiFields:
    """
    Numbers of a header in its byte order.

    Parameters
    ----------
    data : bytes
        Beginning of the file.

    path : `pathlib.Path`
        For messages.

    Attributes
    ----------
    order : str
        Of the bytes, as `struct` calls it.

    layout : _Layout
        Where the fields are.

    size : int
        Bytes of the header.

    Raises
    ------
    InputFileError
        If it is no header of a single NIfTI file.
    """

    def __init__(self, data: bytes, path: Path) -> None:
        sizes = {order: struct.unpack(f'{order}i', data[:4])[0] for order in '<>' if len(data) > 4}
        order = next((order for order, size in sizes.items() if size in _LAYOUTS), None)
        if order is None or len(data) < sizes[order]:
            raise InputFileError(unreadable(path, _('it does not begin with a NIfTI header')))
        self._data = data
        self.order = order
        self.size = sizes[order]
        self.layout = _LAYOUTS[self.size]
        magic = data[self.layout.magic : self.layout.magic + 3]
        if magic not in (b'n+1', b'n+2'):
            raise InputFileError(
                unreadable(path, _('it is not a single NIfTI file (magic n+1, n+2)'))
            )

    def number(self, offset: int, kind: str) -> int:
        """
        A whole number.

        Parameters
        ----------
        offset : int
            Its first byte.

        kind : str
            Its type, as `struct` calls it.

        Returns
        -------
        number : int
            As stored.
        """
        return int(struct.unpack_from(f'{self.order}{kind}', self._data, offset)[0])

    def numbers(self, offset: int, kind: str) -> tuple[float, ...]:
        """
        Several numbers.

        Parameters
        ----------
        offset : int
            The first byte.

        kind : str
            Their types, as `struct` calls them.

        Returns
        -------
        numbers : tuple of float
            As stored.
        """
        return tuple(struct.unpack_from(f'{self.order}{kind}', self._data, offset))


def voxel_place(
    fields: NiftiFields, shape: tuple[int, ...], path: Path
) -> tuple[FloatArray, tuple[str, ...]]:
    """
    Where the voxels are.

    Parameters
    ----------
    fields : NiftiFields
        The header.

    shape : tuple of int
        Voxels along i, j and k.

    path : `pathlib.Path`
        For messages.

    Returns
    -------
    ijk_to_ras : (4, 4) `numpy.ndarray`
        From index to millimeter: by the sform where its code is above 0, else
        the qform, else the spacing alone (nifti1.h, methods 3, 2, 1).

    notes : tuple of str
        What contradicts it.

    Raises
    ------
    InputFileError
        If the axes are not at right angles, or have no length.
    """
    pixdim = np.array(fields.numbers(*fields.layout.pixdim))
    qform_code, sform_code = fields.numbers(*fields.layout.codes)
    qform = _qform(fields, pixdim, path) if qform_code > 0 else None
    sform = np.eye(4)
    sform[:3] = np.reshape(fields.numbers(*fields.layout.rows), (3, 4))
    spacing = np.diag([*pixdim[1:4], 1.0])
    matrix = sform if sform_code > 0 else qform if qform is not None else spacing
    if sform_code <= 0:
        _require_spacing(pixdim, path)
    to_mm = _mm_per_unit(int(fields.numbers(*fields.layout.units)[0]) & _UNIT_CODES, path)
    ijk_to_ras = matrix * np.array([[to_mm], [to_mm], [to_mm], [1.0]])
    require_sizes(ijk_to_ras, path)
    _require_right_angles(ijk_to_ras, path)
    notes: tuple[str, ...] = ()
    if sform_code > 0:
        notes = _contradictions(sform, qform, pixdim, shape, to_mm)
    elif qform is None:
        notes = (_('the NIfTI header has neither sform nor qform: directions are unknown'),)
    return ijk_to_ras, notes


def _mm_per_unit(code: int, path: Path) -> float:
    if code not in _MM_PER_UNIT:
        msg = _(
            '{path}: its xyzt_units name length unit {code}, which NIfTI does not know; save the '
            'volume again in millimeters.'
        ).format(path=path, code=code)
        raise InputFileError(msg)
    return _MM_PER_UNIT[code]


def _require_spacing(pixdim: FloatArray, path: Path) -> None:
    """Methods 1 and 2 take the voxel size from pixdim, whose numbers are lengths."""
    if not (pixdim[1:4] > 0).all():
        reason = _('its pixdim, {pixdim}, gives a voxel no size').format(pixdim=_sizes(pixdim[1:4]))
        raise InputFileError(unreadable(path, reason))


def _qform(fields: NiftiFields, pixdim: FloatArray, path: Path) -> FloatArray:
    """Method 2 of nifti1.h: a rotation as a quaternion, the spacing, and an offset."""
    stored, offset = np.split(np.array(fields.numbers(*fields.layout.quaternion)), 2)
    length = float(stored @ stored)
    if not length <= _MAX_QUATERNION:
        reason = _('its quaternion (qform) has a squared length of {length:.4g}, above 1').format(
            length=length
        )
        raise InputFileError(unreadable(path, reason))
    b, c, d = stored / max(np.sqrt(length), 1.0)
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


def require_sizes(matrix: FloatArray, path: Path) -> None:
    """
    Refuse voxels of a size or at a place that no image has.

    Parameters
    ----------
    matrix : (4, 4) `numpy.ndarray`
        From index to millimeter.

    path : `pathlib.Path`
        For messages.

    Raises
    ------
    InputFileError
        If a length is not finite, or out of bounds.
    """
    lengths = np.linalg.norm(matrix[:3, :3], axis=0)
    if not np.isfinite(matrix).all() or lengths.min() <= 0:
        raise InputFileError(unreadable(path, _('its header gives a voxel no size')))
    if lengths.min() < MIN_VOXEL_MM or lengths.max() > MAX_VOXEL_MM:
        msg = _(
            '{path}: its voxels are {sizes} mm, which no scan has ({least:g} to {most:g} mm): '
            'check the unit of lengths in its header.'
        ).format(path=path, sizes=_sizes(lengths), least=MIN_VOXEL_MM, most=MAX_VOXEL_MM)
        raise InputFileError(msg)
    if np.abs(matrix[:3, 3]).max() > MAX_ORIGIN_MM:
        reason = _('its first voxel lies more than {most:g} m away').format(
            most=MAX_ORIGIN_MM / 1000.0
        )
        raise InputFileError(unreadable(path, reason))


def _require_right_angles(matrix: FloatArray, path: Path) -> None:
    unit = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)
    if np.abs(unit.T @ unit - np.eye(3)).max() > _MAX_COSINE:
        msg = _(
            '{path}: the axes of its grid are not at right angles, which cannot be read; resample '
            'the volume to an orthogonal grid.'
        ).format(path=path)
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
    said = np.abs(pixdim[1:4])
    if (np.abs(lengths - said) > _MAX_SPACING_DIFFERENCE * said)[said > 0].any():
        notes.append(
            _(
                'the voxel size is {by_sform} mm by the sform of the NIfTI header, which is used, '
                'and {by_pixdim} mm by its pixdim: check the volume'
            ).format(by_sform=_sizes(lengths * to_mm), by_pixdim=_sizes(pixdim[1:4] * to_mm))
        )
    if qform is not None:
        corners = np.array(np.meshgrid(*[(0, n - 1) for n in shape[:3]])).reshape(3, -1)
        off = (sform - qform)[:3] @ np.vstack([corners, np.ones(corners.shape[1])])
        farthest = float(np.linalg.norm(off, axis=0).max()) * to_mm
        if farthest > _MAX_POSITION_DIFFERENCE_MM:
            notes.append(
                _(
                    'sform, which is used, and qform of the NIfTI header place a corner '
                    '{farthest:.1f} mm apart: check the volume'
                ).format(farthest=farthest)
            )
    return tuple(notes)


def _sizes(lengths: FloatArray) -> str:
    return ' x '.join(f'{length:.4g}' for length in lengths)


def unreadable(path: Path, reason: str) -> str:
    """
    The sentence for a file that cannot be read.

    Parameters
    ----------
    path : `pathlib.Path`
        The file.

    reason : str
        Why.

    Returns
    -------
    sentence : str
        With what to do.
    """
    return _('{path} cannot be read as a volume ({reason}); save it again from its source.').format(
        path=path, reason=reason
    )
