"""A PET series written again with other voxels: derived, with its history, under new UIDs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .. import __version__
from ..core.errors import OutputError, Progress, no_progress
from ..core.image import PETImage
from ..core.sentence import sentences
from .read import PETStack
from .slices import PETSlice
from .write import save_dataset, set_pixels

if TYPE_CHECKING:
    from pydicom import Dataset

_ = sentences(__name__)

_SPOILED = (
    'SmallestImagePixelValue',
    'LargestImagePixelValue',
    'SmallestPixelValueInSeries',
    'LargestPixelValueInSeries',
    'PixelPaddingValue',
    'PixelPaddingRangeLimit',
    'RealWorldValueMappingSequence',
    'IconImageSequence',
)
"""Elements that speak of the stored values of the source, which are others now."""

_SERIES_NUMBER_STEP = 1000
_MAX_LO, _MAX_SH_VALUE = 64, 16
"""Characters of a DICOM long string and of one short string."""


def write_filtered_series(
    image: PETImage,
    stack: PETStack,
    folder: Path,
    fwhm_mm: float,
    progress: Progress = no_progress,
) -> tuple[Path, ...]:
    """
    Write a filtered image with the headers of its source.

    Parameters
    ----------
    image : PETImage
        The filtered voxels, on the grid of the source.

    stack : PETStack
        Slices of the source.

    folder : `pathlib.Path`
        Made if it does not exist.

    fwhm_mm : float
        Width of the Gaussian that was applied.

    progress : callable, optional
        Told how far the writing is.

    Returns
    -------
    paths : tuple of `pathlib.Path`
        One file a slice, in the order of k.

    Raises
    ------
    OutputError
        If the source is a multi-frame file, or a voxel is not a number.

    Notes
    -----
    Patient, study, frame of reference, times and doses stay: SUV and decay are those of the
    source. Series and instances get UIDs that follow from those of the source and the width,
    the image is called derived, and `ConvolutionKernel` gets the filter as its last value.
    """
    _require_writable(image, stack)
    signed = bool(image.voxels.min() < 0)
    folder.mkdir(parents=True, exist_ok=True)
    paths = tuple(folder / f'I{k + 1:05d}.dcm' for k in range(len(stack.slices)))
    made = datetime.now().astimezone()
    for k, (plane, path) in enumerate(zip(stack.slices, paths, strict=True)):
        progress(k / len(paths), 'writing DICOM')
        dataset = _derived_header(plane, fwhm_mm, made)
        set_pixels(dataset, image.voxels[k], signed=signed)
        save_dataset(dataset, path)
    progress(1.0, 'DICOM written')
    return paths


def _require_writable(image: PETImage, stack: PETStack) -> None:
    if any(plane.file.frame_count > 1 or plane.file.is_multi_frame_pet for plane in stack.slices):
        msg = _(
            '{file} is a multi-frame file: a filtered series is written of single images only. '
            'Export the series as single images first.'
        ).format(file=stack.slices[0].file.name)
        raise OutputError(msg)
    bad = int(np.count_nonzero(~np.isfinite(image.voxels)))
    if bad:
        msg = _(
            '{count} voxels of the filtered image are not a number, which DICOM cannot store.'
        ).format(count=bad)
        raise OutputError(msg)


def _derived_header(plane: PETSlice, fwhm_mm: float, made: datetime) -> Dataset:
    """The whole header of the source, private elements included, and what the filter changes."""
    import pydicom

    dataset = pydicom.dcmread(plane.file.path, stop_before_pixels=True, force=True)
    dataset.decode()
    for keyword in _SPOILED:
        if keyword in dataset:
            delattr(dataset, keyword)
    _set_history(dataset, fwhm_mm, made)
    _set_identity(dataset, fwhm_mm)
    dataset.Rows, dataset.Columns = plane.shape
    dataset.SamplesPerPixel = 1
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    return dataset


def _set_history(dataset: Dataset, fwhm_mm: float, made: datetime) -> None:
    from pydicom import Dataset

    source = Dataset()
    source.ReferencedSOPClassUID = dataset.SOPClassUID
    source.ReferencedSOPInstanceUID = dataset.SOPInstanceUID
    purpose = _code('121322', 'Source image for image processing operation')
    source.PurposeOfReferenceCodeSequence = [purpose]
    dataset.SourceImageSequence = [source]
    dataset.ImageType = ['DERIVED', 'PRIMARY']
    text = (
        f'3-D Gaussian filter of {fwhm_mm:.2f} mm FWHM applied to series '
        f'{dataset.SeriesInstanceUID}; neighboring slices contribute'
    )
    earlier = str(dataset.get('DerivationDescription', '') or '')
    dataset.DerivationDescription = f'{earlier}; {text}' if earlier else text
    dataset.DerivationCodeSequence = [
        *dataset.get('DerivationCodeSequence', []),
        _code('113088', 'Gaussian blur'),
    ]
    tool = Dataset()
    tool.PurposeOfReferenceCodeSequence = [_code('109103', 'Modifying Equipment')]
    tool.Manufacturer = 'VOI Identification'
    tool.SoftwareVersions = __version__
    tool.ContributionDateTime = made.strftime('%Y%m%d%H%M%S.%f%z')
    tool.ContributionDescription = text[:_MAX_LO]
    dataset.ContributingEquipmentSequence = [
        *dataset.get('ContributingEquipmentSequence', []),
        tool,
    ]
    dataset.InstanceCreationDate = made.strftime('%Y%m%d')
    dataset.InstanceCreationTime = made.strftime('%H%M%S')


def _set_identity(dataset: Dataset, fwhm_mm: float) -> None:
    from pydicom.uid import generate_uid

    name = f'Gauss {fwhm_mm:.2f} mm'
    for keyword in ('SeriesInstanceUID', 'SOPInstanceUID'):
        entropy = [keyword, str(dataset[keyword].value), name]
        setattr(dataset, keyword, generate_uid(entropy_srcs=entropy))
    kernel = dataset.get('ConvolutionKernel') or []
    kernels = [kernel] if isinstance(kernel, str) else [*kernel]
    dataset.ConvolutionKernel = [*kernels, name[:_MAX_SH_VALUE]]
    described = str(dataset.get('SeriesDescription', '') or '')
    dataset.SeriesDescription = f'{described[: _MAX_LO - len(name) - 2]}, {name}'.lstrip(', ')
    number = dataset.get('SeriesNumber')
    dataset.SeriesNumber = (int(number) if number is not None else 0) + _SERIES_NUMBER_STEP


def _code(value: str, meaning: str) -> Dataset:
    from pydicom import Dataset

    code = Dataset()
    code.CodeValue = value
    code.CodingSchemeDesignator = 'DCM'
    code.CodeMeaning = meaning
    return code
