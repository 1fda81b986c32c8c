"""A `PETImage` to a .nrrd volume, by SimpleITK."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..core.errors import OutputError
from ..core.geometry import LPS_TO_RAS
from ..core.image import PETImage

UNIT_KEY = 'unit'
"""Key of the unit among the header fields of the file."""


def write_volume(image: PETImage, path: Path, *, overwrite: bool = False) -> None:
    """
    Write a volume as .nrrd with float32 values.

    Parameters
    ----------
    image : PETImage
        What to write.

    path : `pathlib.Path`
        Where to; must end in ``.nrrd``. The file is written beside and then
        moved there, never half.

    overwrite : bool, optional
        Whether an existing file may be replaced.

    Raises
    ------
    OutputError
        If the file exists, has another ending, or cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != '.nrrd':
        msg = f'the output {path} must end in .nrrd'
        raise OutputError(msg)
    if path.exists() and not overwrite:
        msg = f'{path} exists already; choose another name, or overwrite it with --overwrite.'
        raise OutputError(msg)
    beside = path.with_name(f'.{path.stem}.part.nrrd')
    try:
        _write(image, beside)
        beside.replace(path)
    except (OSError, RuntimeError) as error:
        beside.unlink(missing_ok=True)
        msg = f'{path} cannot be written: {_reason(error, path)}'
        raise OutputError(msg) from error


def _write(image: PETImage, path: Path) -> None:
    import SimpleITK as sitk  # noqa: N813  # as its own documentation imports it

    volume = sitk.GetImageFromArray(np.ascontiguousarray(image.voxels, dtype=np.float32))
    ijk_to_lps = np.linalg.inv(LPS_TO_RAS) @ image.geometry.ijk_to_ras
    spacing = image.geometry.spacing_ijk_mm
    volume.SetSpacing(spacing.tolist())
    volume.SetDirection((ijk_to_lps[:3, :3] / spacing).ravel().tolist())
    volume.SetOrigin(ijk_to_lps[:3, 3].tolist())
    volume.SetMetaData(UNIT_KEY, image.unit)
    sitk.WriteImage(volume, str(path), useCompression=True)


def _reason(error: Exception, path: Path) -> str:
    if not path.parent.is_dir():
        return f'the folder {path.parent} does not exist'
    return getattr(error, 'strerror', None) or 'the folder may not be writable or the disk full'
