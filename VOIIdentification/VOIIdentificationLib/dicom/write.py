"""Write a PET series as DICOM, the way scanners do: one file a slice, its own slope each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .. import __version__
from ..activity.isotopes import ISOTOPES, decay_factor, isotope_named, mean_count_rate_time_s
from ..core.errors import GeometryError, OutputError, Progress, no_progress
from ..core.geometry import VolumeGeometry
from ..core.image import PETImage
from ..core.sentence import sentences
from ..core.units import UNIT_OF_DICOM
from .attributes import pet_classes
from .position import ENTRY, LYING, RECUMBENT, Code

if TYPE_CHECKING:
    from pydicom import Dataset

_ = sentences(__name__)

MAX_SHEAR = 1e-4
"""Largest cosine between two axes of a grid that still counts as orthogonal."""

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])

_F18 = isotope_named('F-18') or ISOTOPES[0]

_FLUORINE_18: Code = '77004003', '^18^Fluorine'
"""In SNOMED CT; PS3.16, CID 4020."""

_F18_POSITRON_FRACTION = 0.9686
"""Part of the decays of F-18 that give a positron (BIPM Monographie 5)."""


@dataclass(frozen=True)
class Scan:
    """
    What the header says besides the image.

    Attributes
    ----------
    patient_id, patient_name, series_description : str
        As shown in a DICOM browser.

    date : str
        ``YYYYMMDD``: of the injection, the scan and the reconstruction.

    injection_time, scan_time : str
        ``HHMMSS``, on that date.

    duration_s : float
        Length of the scan, in seconds.

    dose_bq : float
        Activity at the injection time, in becquerel.

    weight_kg : float
        Of the patient.

    patient_position : str
        ``'HFS'``, ``'FFS'`` …

    photometric : {'MONOCHROME2', 'MONOCHROME1'}
        The PET standard allows only the first; some scanners write the
        second. Stored values are the same: it is about display only.

    instance_numbers : bool
        False leaves InstanceNumber and SliceLocation empty.
    """

    patient_id: str = 'PHANTOM'
    patient_name: str = 'Phantom^IEC body'
    series_description: str = 'Synthetic phantom'
    date: str = '20260301'
    injection_time: str = '091500'
    scan_time: str = '101500'
    duration_s: float = 600.0
    dose_bq: float = 7.0e7
    weight_kg: float = 10.0
    patient_position: str = 'HFS'
    photometric: str = 'MONOCHROME2'
    instance_numbers: bool = True


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
    header = _series_header(image, scan, seed)
    signed = bool(image.voxels.min() < 0)
    order = np.random.default_rng(seed).permutation(len(image.voxels))
    paths = tuple(folder / f'I{number:05d}.dcm' for number in order)
    folder.mkdir(parents=True, exist_ok=True)
    for k, path in enumerate(paths):
        progress(k / len(paths), 'writing DICOM')
        dataset = _slice_header(header, image.geometry, k, scan)
        set_pixels(dataset, image.voxels[k], signed=signed)
        save_dataset(dataset, path)
    progress(1.0, 'DICOM written')
    return paths


def _require_orthogonal(geometry: VolumeGeometry) -> None:
    unit = geometry.axes_ras_mm / geometry.spacing_ijk_mm
    shear = np.abs(unit.T @ unit - np.eye(3)).max()
    if shear > MAX_SHEAR:
        msg = _(
            'the image cannot be written as DICOM: its grid is sheared, two of its axes meet at '
            '{angle:.2f} degrees instead of 90. Resample it to an orthogonal grid first.'
        ).format(angle=np.degrees(np.arccos(shear)))
        raise GeometryError(msg)


def _require_finite(image: PETImage) -> None:
    bad = int(np.count_nonzero(~np.isfinite(image.voxels)))
    if bad:
        msg = _(
            'the image cannot be written as DICOM: {count} of its {all} voxels are not a number, '
            'which 16-bit integers cannot say. Replace them first.'
        ).format(count=bad, all=image.voxels.size)
        raise OutputError(msg)


def set_pixels(dataset: Dataset, values: npt.NDArray[np.float32], *, signed: bool) -> None:
    """
    Store one slice in all of 16 bits, with the slope as its decimal text says it.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Gets pixels, slope and intercept.

    values : (J, I) `numpy.ndarray` of float32
        What the stored values stand for.

    signed : bool
        Whether the series has values below 0.
    """
    largest = 32767 if signed else 65535
    peak = float(np.abs(values).max())
    slope = _decimal_string(peak / largest if peak > 0 else 1.0)
    stored = np.rint(values.astype(float) / float(slope)).clip(-largest, largest)
    dataset.PixelRepresentation = int(signed)
    dataset.RescaleSlope = slope
    dataset.RescaleIntercept = _decimal_string(0.0)
    dataset.PixelData = stored.astype('<i2' if signed else '<u2').tobytes()
    dataset['PixelData'].VR = 'OW'


def save_dataset(dataset: Dataset, path: Path) -> None:
    """
    Write explicit little endian, with pydicom 2 (Slicer 5.10) and 3.

    Parameters
    ----------
    dataset : pydicom.Dataset
        The file's content.

    path : `pathlib.Path`
        The file.
    """
    import pydicom
    from pydicom.dataset import FileMetaDataset

    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    if int(pydicom.__version__.split('.', maxsplit=1)[0]) >= 3:
        pydicom.dcmwrite(path, dataset, enforce_file_format=True)
    else:
        dataset.is_little_endian, dataset.is_implicit_VR = True, False
        pydicom.dcmwrite(path, dataset, write_like_original=False)


def _series_header(image: PETImage, scan: Scan, seed: int) -> Dataset:
    """All that is the same in every slice; the seed decides the UIDs, with everything else."""
    from pydicom import Dataset

    matrix = image.geometry.ijk_to_ras.tobytes().hex()
    header = Dataset()
    header.SpecificCharacterSet = 'ISO_IR 192'
    _set_study(header, scan, _uids(f'{image.sha256()} {matrix} {scan} {seed}'))
    _set_series(header, scan, _dicom_unit(image.unit), len(image.voxels))
    _set_isotope(header, scan)
    _set_patient_orientation(header, scan.patient_position)
    _set_grid(header, image.geometry)
    header.PhotometricInterpretation = scan.photometric
    return header


def _uids(entropy: str) -> dict[str, str]:
    """UIDs that depend on nothing but the text."""
    from pydicom.uid import generate_uid

    kinds = ('StudyInstanceUID', 'SeriesInstanceUID', 'FrameOfReferenceUID')
    return {kind: str(generate_uid(entropy_srcs=[kind, entropy])) for kind in kinds}


def _set_study(header: Dataset, scan: Scan, uids: dict[str, str]) -> None:
    for keyword, uid in uids.items():
        setattr(header, keyword, uid)
    header.PatientName = scan.patient_name
    header.PatientID = scan.patient_id
    header.PatientBirthDate = ''
    header.PatientSex = ''
    header.PatientWeight = _decimal_string(scan.weight_kg)
    header.Laterality = ''
    header.StudyDate = header.SeriesDate = header.AcquisitionDate = header.ContentDate = scan.date
    header.StudyTime = header.SeriesTime = header.AcquisitionTime = scan.scan_time
    header.ContentTime = scan.scan_time
    header.StudyID = '1'
    header.StudyDescription = 'PET image quality phantom'
    header.AccessionNumber = ''
    header.ReferringPhysicianName = ''
    header.PositionReferenceIndicator = ''
    header.Manufacturer = 'VOI Identification'
    header.ManufacturerModelName = 'synthetic phantom'
    header.SoftwareVersions = __version__


def _set_series(header: Dataset, scan: Scan, units: str, slices: int) -> None:
    start_to_mean_s = mean_count_rate_time_s(scan.duration_s, _F18.half_life_s)
    header.SOPClassUID = pet_classes()[0]
    header.ImageType = ['ORIGINAL', 'PRIMARY']
    header.Modality = 'PT'
    header.SeriesNumber = 1
    header.SeriesDescription = scan.series_description
    header.SeriesType = ['STATIC', 'IMAGE']
    header.Units = units
    header.CountsSource = 'EMISSION'
    header.NumberOfSlices = slices
    header.CorrectedImage = ['DECY', 'ATTN', 'SCAT', 'DTIM', 'RAN', 'NORM']
    header.RandomsCorrectionMethod = 'DLYD'
    header.CollimatorType = 'NONE'
    header.DecayCorrection = 'START'
    header.DecayFactor = _decimal_string(1 / decay_factor(start_to_mean_s, _F18.half_life_s))
    header.FrameReferenceTime = _decimal_string(1000 * start_to_mean_s)
    header.ActualFrameDuration = round(1000 * scan.duration_s)
    header.AcquisitionNumber = 1


def _set_isotope(header: Dataset, scan: Scan) -> None:
    from pydicom import Dataset

    drug = Dataset()
    drug.Radiopharmaceutical = 'FDG -- fluorodeoxyglucose'
    drug.RadiopharmaceuticalStartTime = scan.injection_time
    drug.RadiopharmaceuticalStartDateTime = scan.date + scan.injection_time
    drug.RadionuclideTotalDose = _decimal_string(scan.dose_bq)
    drug.RadionuclideHalfLife = _decimal_string(_F18.half_life_s)
    drug.RadionuclidePositronFraction = _decimal_string(_F18_POSITRON_FRACTION)
    drug.RadionuclideCodeSequence = [_code(_FLUORINE_18)]
    header.RadiopharmaceuticalInformationSequence = [drug]


def _set_patient_orientation(header: Dataset, patient_position: str) -> None:
    """By codes, which PET images have instead of PatientPosition (PS3.3, C.7.3.1.1.2)."""
    lying = _code(RECUMBENT)
    if patient_position[2:] in LYING:
        lying.PatientOrientationModifierCodeSequence = [_code(LYING[patient_position[2:]])]
    header.PatientOrientationCodeSequence = [lying]
    entry = ENTRY.get(patient_position[:2], ENTRY['HF'])
    header.PatientGantryRelationshipCodeSequence = [_code(entry)]


def _code(code: Code) -> Dataset:
    from pydicom import Dataset

    item = Dataset()
    item.CodeValue, item.CodeMeaning = code
    item.CodingSchemeDesignator = 'SCT'
    return item


def _set_grid(header: Dataset, geometry: VolumeGeometry) -> None:
    along_i, along_j, thickness = geometry.spacing_ijk_mm
    rows_and_columns = _RAS_TO_LPS @ (geometry.axes_ras_mm / geometry.spacing_ijk_mm)
    header.ImageOrientationPatient = _decimals([*rows_and_columns[:, 0], *rows_and_columns[:, 1]])
    header.PixelSpacing = _decimals([along_j, along_i])
    header.SliceThickness = _decimal_string(thickness)
    _count, header.Rows, header.Columns = geometry.shape_kji
    header.SamplesPerPixel = 1
    header.BitsAllocated = header.BitsStored = 16
    header.HighBit = 15


def _slice_header(header: Dataset, geometry: VolumeGeometry, k: int, scan: Scan) -> Dataset:
    """The header of one slice, without pixels; it shares what is the same in all."""
    from pydicom import Dataset
    from pydicom.uid import generate_uid

    dataset = Dataset()
    dataset.update(header)
    position = _RAS_TO_LPS @ geometry.position_ras_mm((0, 0, k))
    dataset.ImagePositionPatient = _decimals(position)
    dataset.ImageIndex = k + 1
    dataset.InstanceNumber = k + 1 if scan.instance_numbers else None
    if scan.instance_numbers:
        dataset.SliceLocation = _decimal_string(
            float(position @ _RAS_TO_LPS @ geometry.slice_normal_ras)
        )
    dataset.SOPInstanceUID = str(generate_uid(entropy_srcs=[header.SeriesInstanceUID, str(k)]))
    return dataset


def _dicom_unit(unit: str) -> str:
    for code, text in UNIT_OF_DICOM.items():
        if text == unit:
            return code
    msg = _(
        'the image cannot be written as DICOM: its unit {unit!r} has no name there. Known: {known}.'
    ).format(unit=unit, known=', '.join(dict.fromkeys(UNIT_OF_DICOM.values())))
    raise OutputError(msg)


def _decimal_string(value: float) -> str:
    """A number as DICOM's decimal string, at most 16 characters; a negative zero loses its sign."""
    from pydicom.valuerep import format_number_as_ds

    return str(format_number_as_ds(float(value) + 0.0))


def _decimals(values: Iterable[float]) -> list[str]:
    return [_decimal_string(value) for value in values]
