"""A volume file that Slicer can save (.nrrd, .nhdr, .nii, .nii.gz) to a `PETImage`."""

from __future__ import annotations

import errno
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core.bounds import BYTES_PER_VOXEL, require_memory, require_stored
from ..core.errors import InputFileError, OutputError
from ..core.geometry import LPS_TO_RAS, FloatArray, VolumeGeometry
from ..core.image import UNKNOWN_UNIT, Acquisition, PETImage
from ..core.plain_text import plain_line
from ..core.sentence import sentences
from .atomic import transaction
from .bids import Sidecar, read_sidecar, sidecar_path
from .nifti import nifti_frame_count, read_nifti
from .nifti_header import require_sizes
from .nrrd_header import (
    mm_per_space_unit,
    nrrd_end_notes,
    nrrd_fields,
    nrrd_notes,
    require_lengths,
)
from .target import require_free

_ = sentences(__name__)

SUFFIXES = ('.nrrd', '.nhdr', '.nii', '.nii.gz')
"""File names that `read_volume` takes, in small or capital letters."""

UNIT_KEY = 'unit'
"""Key of the unit among the header fields of the file."""


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


def read_volume(path: Path, *, unit: str = UNKNOWN_UNIT, frame: int | None = None) -> PETImage:
    """
    Read a volume file.

    Parameters
    ----------
    path : `pathlib.Path`
        A .nrrd, .nhdr, .nii or .nii.gz file of one 3-D image of one value a voxel.

    unit : str, optional
        Unit of the values, which these files do not tell, e.g. ``'Bq/mL'``.

    frame : int, optional
        Which volume of a 4-D NIfTI image, from 1.

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
        msg = _('{path} is none of {known}; save the volume as one of these.').format(
            path=path, known=', '.join(SUFFIXES)
        )
        raise InputFileError(msg)
    if not path.is_file():
        msg = _('the volume file {path} does not exist.').format(path=path)
        if path.exists():
            msg = _('{path} is no file but a folder or a device: name a volume file.').format(
                path=path
            )
        raise InputFileError(msg)
    if '.nii' in path.name.lower():
        return _image_of_nifti(path, unit, frame)
    if frame not in (None, 1):
        msg = _('{path} has no frame {frame}: only .nii and .nii.gz files hold several.').format(
            path=path, frame=frame
        )
        raise InputFileError(msg)
    voxels, ijk_to_lps, notes = _read(path)
    k, j, i = voxels.shape
    geometry = VolumeGeometry((k, j, i), LPS_TO_RAS @ ijk_to_lps)
    return PETImage(voxels, geometry, unit, Acquisition(notes=notes))


def _image_of_nifti(path: Path, unit: str, frame: int | None) -> PETImage:
    voxels, header = read_nifti(path, frame)
    i, j, k = header.shape
    geometry = VolumeGeometry((k, j, i), header.ijk_to_ras)
    sidecar = volume_sidecar(path, k, frame)
    if sidecar is None:
        return PETImage(voxels, geometry, unit, Acquisition(notes=header.notes))
    notes = (*header.notes, *sidecar.acquisition.notes)
    said = sidecar.unit if unit == UNKNOWN_UNIT else unit
    return PETImage(voxels, geometry, said, replace(sidecar.acquisition, notes=notes))


def volume_sidecar(path: Path, slice_count: int, frame: int | None = None) -> Sidecar | None:
    """
    What the BIDS sidecar of a volume file says.

    Parameters
    ----------
    path : `pathlib.Path`
        The volume file.

    slice_count : int
        Number of its slices.

    frame : int, optional
        Which volume of a 4-D image, from 1.

    Returns
    -------
    sidecar : Sidecar or None
        None if there is no ``*_pet.json`` beside a NIfTI file.

    Raises
    ------
    InputFileError
        If the sidecar cannot be read.
    """
    found = sidecar_path(path)
    if found is None:
        return None
    return read_sidecar(found, slice_count, frame, nifti_frame_count(path))


def _read(path: Path) -> tuple[Any, FloatArray, tuple[str, ...]]:
    """Values of shape ``(K, J, I)``, the matrix from index to LPS, and what is odd."""
    import SimpleITK

    reader = SimpleITK.ImageFileReader()
    with _name_for_itk(path) as name, _itk_errors_named(path):
        reader.SetFileName(name)
        fields = nrrd_fields(path)
        _require_room(path, [int(size) for size in re.findall(r'\d+', fields.get('sizes', ''))])
        reader.ReadImageInformation()
        _require_one_scalar_image(path, reader)
        ijk_to_lps = np.diag([*mm_per_space_unit(path, fields), 1.0]) @ _ijk_to_lps(reader)
        require_lengths(path, fields)
        require_sizes(ijk_to_lps, path)
        reader.SetOutputPixelType(SimpleITK.sitkFloat32)
        notes = (*nrrd_notes(fields), *nrrd_end_notes(path, fields))
        return SimpleITK.GetArrayFromImage(reader.Execute()), ijk_to_lps, notes


@contextmanager
def _itk_errors_named(path: Path) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise InputFileError(_reading_message(path, str(error))) from error


@contextmanager
def _name_for_itk(path: Path) -> Iterator[str]:
    """
    A name that ITK can open: names that are not UTF-8 end the whole process.

    Such a name is reached through a link to its folder, and one to the file if need be. The
    values of a .nhdr lie in another file, which is looked for beside the link.
    """
    if _is_utf8(str(path)):
        yield str(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        beside = Path(folder) / 'beside'
        beside.symlink_to(path.parent.absolute(), target_is_directory=True)
        linked = beside / path.name
        if not _is_utf8(path.name):
            ends = [end for end in SUFFIXES if path.name.lower().endswith(end)]
            linked = Path(folder) / f'{Path(folder).name}{ends[-1] if ends else ""}'
            linked.symlink_to(path.absolute())
            if ends == ['.nhdr']:
                _link_neighbors(path.absolute(), Path(folder))
        yield str(linked)


def _link_neighbors(path: Path, folder: Path) -> None:
    for neighbor in path.parent.iterdir():
        link = folder / neighbor.name
        if not link.is_symlink():
            link.symlink_to(neighbor)


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _ijk_to_lps(reader: Any) -> FloatArray:
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(reader.GetDirection(), (3, 3)) * reader.GetSpacing()
    matrix[:3, 3] = reader.GetOrigin()
    return matrix


def _require_one_scalar_image(path: Path, reader: Any) -> None:
    size, components = reader.GetSize(), reader.GetNumberOfComponents()
    if len(size) == 3 and components == 1:
        return
    shape = ' x '.join(str(length) for length in size)
    several = (
        _(' of {components} values a voxel').format(components=components) if components > 1 else ''
    )
    msg = _(
        '{path} is a {axes}-D image ({size}){several}, not one 3-D image of one value a voxel; '
        'save the frame or component to measure as a volume of its own.'
    ).format(path=path, axes=len(size), size=shape, several=several)
    raise InputFileError(msg)


def _require_room(path: Path, size_ijk: Sequence[int]) -> None:
    """The values, a byte or more each, fit into the file, and into memory."""
    size = ' x '.join(str(length) for length in size_ijk)
    what = _('{path} ({size} voxels)').format(path=path, size=size)
    if path.suffix.lower() == '.nrrd':  # those of a .nhdr are in another file
        require_stored(prod(size_ijk), path.stat().st_size, what, deflated=True)
    require_memory(BYTES_PER_VOXEL * prod(size_ijk), what)


def _reading_message(path: Path, reason: str) -> str:
    last = reason.strip().splitlines()[-1].strip()
    return _('{path} cannot be read as a volume ({reason}); save it again from its source.').format(
        path=path, reason=last
    )


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
    require_free(path, '.nrrd', overwrite=overwrite)
    if not path.parent.is_dir():
        msg = _('{path} cannot be written: the folder {folder} does not exist').format(
            path=path, folder=path.parent
        )
        raise OutputError(msg)
    with transaction(path.parent, path.name, file_name=path.name) as files:
        _write(image, files.new / path.name)
        files.commit()


def placed_image(
    voxels: npt.NDArray[Any], geometry: VolumeGeometry, first_ijk: npt.ArrayLike = (0, 0, 0)
) -> Any:
    """
    Voxels as an image of ITK, where they are in the patient.

    Parameters
    ----------
    voxels : (K, J, I) or (K, J, I, N) `numpy.ndarray`
        One or several values a voxel, on the whole grid or a part of it.

    geometry : VolumeGeometry
        The whole grid.

    first_ijk : (3,) array_like of int, optional
        Index of the first voxel in the whole grid.

    Returns
    -------
    image : SimpleITK.Image
        In LPS, as ITK has it.
    """
    import SimpleITK

    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(voxels), isVector=voxels.ndim == 4)
    ijk_to_lps = np.linalg.inv(LPS_TO_RAS) @ geometry.ijk_to_ras
    spacing = geometry.spacing_ijk_mm
    image.SetSpacing(spacing.tolist())
    image.SetDirection((ijk_to_lps[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin((ijk_to_lps @ np.append(first_ijk, 1))[:3].tolist())
    return image


def write_image(image: Any, path: Path) -> None:
    """
    Write an image of ITK, compressed, and make sure that it is there.

    Parameters
    ----------
    image : SimpleITK.Image
        What to write.

    path : `pathlib.Path`
        The file.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    import SimpleITK

    try:
        with _name_for_itk(path) as name:
            SimpleITK.WriteImage(image, name, useCompression=True)
            SimpleITK.ReadImage(name)  # ITK says nothing when the disk is full
    except RuntimeError as error:
        reason = _('the folder may not be writable or the disk full')
        raise OSError(errno.EIO, reason) from error


def _write(image: PETImage, path: Path) -> None:
    volume = placed_image(image.voxels.astype(np.float32, copy=False), image.geometry)
    volume.SetMetaData(UNIT_KEY, plain_line(image.unit))
    write_image(volume, path)
