"""A volume file that Slicer can save (.nrrd, .nhdr, .nii, .nii.gz) to a `PETImage`."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from .errors import InputFileError
from .geometry import LPS_TO_RAS, FloatArray, VolumeGeometry
from .image import UNKNOWN_UNIT, PETImage

SUFFIXES = ('.nrrd', '.nhdr', '.nii', '.nii.gz')
"""File names that `read_volume` takes, in small or capital letters."""

_CHUNK_BYTES = 1 << 20


def is_volume_file(path: Path) -> bool:
    """
    Whether a file has a name that `read_volume` takes.

    Parameters
    ----------
    path : `pathlib.Path`
        Any path.

    Returns
    -------
    is_volume_file : bool
        True by the end of its name alone.

    Examples
    --------
    >>> is_volume_file(Path('phantom.NII.GZ'))
    True
    """
    return path.name.lower().endswith(SUFFIXES)


def read_volume(path: Path, *, unit: str = UNKNOWN_UNIT) -> PETImage:
    """
    Read a volume file.

    Parameters
    ----------
    path : `pathlib.Path`
        A .nrrd, .nhdr, .nii or .nii.gz file of one 3-D image of one value a voxel.

    unit : str, optional
        Unit of the values, which these files do not tell, e.g. ``'Bq/mL'``.

    Returns
    -------
    image : PETImage
        The values as float32, scaled as the file says (NIfTI's slope), in the
        file's own voxel order.

    Raises
    ------
    InputFileError
        If the file is absent, damaged, or not one 3-D image.
    """
    path = Path(path)
    if not is_volume_file(path):
        msg = f'{path} is none of {", ".join(SUFFIXES)}; save the volume as one of these.'
        raise InputFileError(msg)
    if not path.is_file():
        msg = f'the volume file {path} does not exist.'
        raise InputFileError(msg)
    voxels, ijk_to_lps = _read(path)
    k, j, i = voxels.shape
    return PETImage(voxels, VolumeGeometry((k, j, i), LPS_TO_RAS @ ijk_to_lps), unit)


def _read(path: Path) -> tuple[Any, FloatArray]:
    """Values of shape ``(K, J, I)`` and the matrix from index to LPS."""
    import SimpleITK

    reader = SimpleITK.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        _require_one_scalar_image(path, reader)
        _require_all_bytes(path, reader)
        reader.SetOutputPixelType(SimpleITK.sitkFloat32)
        image = reader.Execute()
    except RuntimeError as error:
        raise InputFileError(_reading_message(path, str(error))) from error
    ijk_to_lps = np.eye(4)
    direction = np.reshape(image.GetDirection(), (3, 3))
    ijk_to_lps[:3, :3] = direction * image.GetSpacing()
    ijk_to_lps[:3, 3] = image.GetOrigin()
    return SimpleITK.GetArrayFromImage(image), ijk_to_lps


def _require_one_scalar_image(path: Path, reader: Any) -> None:
    size, components = reader.GetSize(), reader.GetNumberOfComponents()
    if len(size) == 3 and components == 1:
        return
    shape = ' x '.join(str(length) for length in size)
    several = f' of {components} values a voxel' if components > 1 else ''
    msg = (
        f'{path} is a {len(size)}-D image ({shape}){several}, not one 3-D image of one value '
        'a voxel; save the frame or component to measure as a volume of its own.'
    )
    raise InputFileError(msg)


def _require_all_bytes(path: Path, reader: Any) -> None:
    """Refuse a cut NIfTI file, whose missing voxels ITK would silently make 0."""
    if not reader.HasMetaDataKey('vox_offset'):
        return
    bits = int(reader.GetMetaData('bitpix')) * int(np.prod(reader.GetSize()))
    needed = int(float(reader.GetMetaData('vox_offset'))) + bits // 8
    got = _byte_count(path)
    if got < needed:
        msg = (
            f'{path} is truncated: it holds {got} of {needed} bytes; copy it again from its source.'
        )
        raise InputFileError(msg)


def _byte_count(path: Path) -> int:
    """Number of bytes in the file, after decompression as far as that succeeds."""
    if path.suffix.lower() != '.gz':
        return path.stat().st_size
    count = 0
    try:
        with gzip.open(path) as stream:
            while chunk := stream.read1(_CHUNK_BYTES):
                count += len(chunk)
    except (EOFError, OSError, zlib.error):
        return count
    return count


def _reading_message(path: Path, reason: str) -> str:
    if 'orthonormal' in reason:
        return (
            f'{path}: the axes of its grid are not at right angles, which cannot be read; '
            'resample the volume to an orthogonal grid.'
        )
    last = reason.strip().splitlines()[-1].strip()
    return f'{path} cannot be read as a volume ({last}); save it again from its source.'
