"""Write a PET series as DICOM, the way scanners do: one file a slice, its own slope each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..core.errors import GeometryError, OutputError
from ..core.geometry import VolumeGeometry
from ..core.image import PETImage
from ..core.progress import Progress, no_progress
from .pet_header import Scan, decimal_string, series_header, slice_header

if TYPE_CHECKING:
    from pydicom import Dataset

__all__ = ['Scan', 'write_pet_series']

MAX_SHEAR = 1e-4
"""Largest cosine between two axes of a grid that still counts as orthogonal."""


def write_pet_series(
    image: PETImage,
    folder: Path,
    *,
    seed: int,
    scan: Scan | None = None,
    progress: Progress = no_progress,
) -> tuple[Path, ...]:
    """
    Write an image as one PET series, into files with shuffled names.

    Parameters
    ----------
    image : PETImage
        The image. Its grid must be orthogonal; it may be oblique and mirrored.

    folder : `pathlib.Path`
        Made if it does not exist.

    seed : int
        Decides the file names and the UIDs: the same image, scan and seed
        give the same files.

    scan : Scan, optional
        What the header says besides; by default an hour after an injection of 70 MBq.

    progress : callable, optional
        Told how far the writing is.

    Returns
    -------
    paths : tuple of `pathlib.Path`
        The files in the order of k; their names are in no order.

    Raises
    ------
    GeometryError
        If the grid is sheared.
    OutputError
        If the unit has no name in DICOM, or a value is not finite.

    Notes
    -----
    Each slice is stored as 16-bit integers times a slope of its own that maps
    the largest value of the slice to the largest integer: a value read back
    is off by at most half a slope, 1/131070 of the slice's maximum. Slices
    with values below 0 make the whole series signed: 1/65534.
    """
    scan = scan or Scan()
    _require_orthogonal(image.geometry)
    _require_finite(image)
    header = series_header(image, scan, seed)
    signed = bool(image.voxels.min() < 0)
    order = np.random.default_rng(seed).permutation(len(image.voxels))
    paths = tuple(folder / f'I{number:05d}.dcm' for number in order)
    folder.mkdir(parents=True, exist_ok=True)
    for k, path in enumerate(paths):
        progress(k / len(paths), 'writing DICOM')
        dataset = slice_header(header, image.geometry, k, scan)
        _set_pixels(dataset, image.voxels[k], signed=signed)
        _save(dataset, path)
    progress(1.0, 'DICOM written')
    return paths


def _require_orthogonal(geometry: VolumeGeometry) -> None:
    unit = geometry.axes_ras_mm / geometry.spacing_ijk_mm
    shear = np.abs(unit.T @ unit - np.eye(3)).max()
    if shear > MAX_SHEAR:
        msg = (
            'the image cannot be written as DICOM: its grid is sheared, two of its axes meet at '
            f'{np.degrees(np.arccos(shear)):.2f} degrees instead of 90. '
            'Resample it to an orthogonal grid first.'
        )
        raise GeometryError(msg)


def _require_finite(image: PETImage) -> None:
    bad = int(np.count_nonzero(~np.isfinite(image.voxels)))
    if bad:
        msg = (
            f'the image cannot be written as DICOM: {bad} of its {image.voxels.size} voxels are '
            'not a number, which 16-bit integers cannot say. Replace them first.'
        )
        raise OutputError(msg)


def _set_pixels(dataset: Dataset, values: npt.NDArray[np.float32], *, signed: bool) -> None:
    """Store one slice in all of 16 bits, with the slope as its decimal text says it."""
    largest = 32767 if signed else 65535
    peak = float(np.abs(values).max())
    slope = decimal_string(peak / largest if peak > 0 else 1.0)
    stored = np.rint(values.astype(float) / float(slope)).clip(-largest, largest)
    dataset.PixelRepresentation = int(signed)
    dataset.RescaleSlope = slope
    dataset.RescaleIntercept = decimal_string(0.0)
    dataset.PixelData = stored.astype('<i2' if signed else '<u2').tobytes()
    dataset['PixelData'].VR = 'OW'


def _save(dataset: Dataset, path: Path) -> None:
    """Write explicit little endian, with pydicom 2 (Slicer 5.10) and 3."""
    import pydicom
    from pydicom.dataset import FileMetaDataset

    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    if int(pydicom.__version__.split('.', maxsplit=1)[0]) >= 3:
        pydicom.dcmwrite(path, dataset, enforce_file_format=True)
    else:
        dataset.is_little_endian, dataset.is_implicit_VR = True, False
        pydicom.dcmwrite(path, dataset, write_like_original=False)
