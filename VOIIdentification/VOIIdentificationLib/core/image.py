"""A PET volume: voxels, where they are, what they mean."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .errors import InputFileError
from .geometry import VolumeGeometry
from .sentence import sentences

_ = sentences(__name__)

UNKNOWN_UNIT = 'unknown'
"""The unit of an image whose header names none."""

CONCENTRATION_UNIT = 'Bq/mL'
"""The only unit in which an image can be compared with a true concentration."""

_CALIBRATED_FROM = ('counts', 'counts/s', UNKNOWN_UNIT)
"""Units whose values a factor of the user may turn into a concentration."""


@dataclass(frozen=True)
class Acquisition:
    """
    What the header says of the scan; empty where it says nothing.

    Attributes
    ----------
    series_instance_uid, study_instance_uid : str
        Identity of the series and of its study.

    frame_of_reference_uid : str
        Images of the same one share their coordinates.

    series_description, manufacturer, model, patient_id : str
        As the header names them.

    series_datetime, acquisition_datetime : str
        ISO 8601, local time of the scanner, e.g. ``'2026-03-01T10:15:00'``.

    patient_position : str
        ``'HFS'``, ``'FFS'`` …

    corrected_image : tuple of str
        Corrections that the reconstruction names, e.g. ``('ATTN', 'DECY')``.

    decay_correction : str
        ``'START'``, ``'ADMIN'`` or ``'NONE'``.

    device_serial_number, station_name : str
        Which scanner of its model.

    software_versions : tuple of str
        Of the scanner.

    reconstruction_method : str
        As the header names it, e.g. ``'PSF+TOF 4i5s'``.

    iterations, subsets : int or None
        Of an iterative reconstruction.

    convolution_kernel : tuple of str
        Filters after it.

    frame_duration_s : float or None
        Length of the acquisition in seconds; None where slices differ.

    isotope : str
        Name in the table of isotopes.

    injected_activity_bq : float or None
        Becquerel at the time of injection.

    notes : tuple of str
        Sentences about the reading: files passed over, slices repaired.
    """

    series_instance_uid: str = ''
    study_instance_uid: str = ''
    frame_of_reference_uid: str = ''
    series_description: str = ''
    manufacturer: str = ''
    model: str = ''
    patient_id: str = ''
    series_datetime: str = ''
    acquisition_datetime: str = ''
    patient_position: str = ''
    corrected_image: tuple[str, ...] = ()
    decay_correction: str = ''
    device_serial_number: str = ''
    station_name: str = ''
    software_versions: tuple[str, ...] = ()
    reconstruction_method: str = ''
    iterations: int | None = None
    subsets: int | None = None
    convolution_kernel: tuple[str, ...] = ()
    frame_duration_s: float | None = None
    isotope: str = ''
    injected_activity_bq: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def scanner_text(self) -> str:
        """Maker, model, serial number, station and software; empty if nothing is known."""
        name = ' '.join(filter(None, (self.manufacturer, self.model)))
        return ', '.join(
            (
                *filter(None, (name,)),
                *_named('serial number', self.device_serial_number),
                *_named('station', self.station_name),
                *_named('software', ' / '.join(self.software_versions)),
            )
        )

    @property
    def reconstruction_text(self) -> str:
        """Method, iterations, subsets, filters and frame; empty if nothing is known."""
        return ', '.join(
            (
                *filter(None, (self.reconstruction_method,)),
                *_named('iterations', self.iterations),
                *_named('subsets', self.subsets),
                *_named('filter', ' / '.join(self.convolution_kernel)),
                *_named('frame of', self.frame_duration_s and f'{self.frame_duration_s:g} s'),
            )
        )

    @property
    def injection_text(self) -> str:
        """Isotope and activity; empty if nothing is known."""
        activity = self.injected_activity_bq
        mbq = f'{activity / _BQ_PER_MBQ:.6g} MBq' if activity else ''
        return ', '.join(filter(None, (self.isotope, mbq)))


_BQ_PER_MBQ = 1e6


def _named(name: str, value: object) -> tuple[str, ...]:
    return (f'{name} {value}',) if value else ()


@dataclass(frozen=True, eq=False)
class PETImage:
    """
    A PET volume and what is known of it.

    Attributes
    ----------
    voxels : (K, J, I) `numpy.ndarray` of float32
        Voxel values in `unit`.

    geometry : VolumeGeometry
        Where the voxels are.

    unit : str
        Unit of the values, e.g. ``'Bq/mL'``; ``'unknown'`` if nothing says it.

    acquisition : Acquisition
        Facts from the header.

    Raises
    ------
    ValueError
        If `voxels` has not the shape of `geometry`.
    """

    voxels: npt.NDArray[np.float32]
    geometry: VolumeGeometry
    unit: str = UNKNOWN_UNIT
    acquisition: Acquisition = field(default_factory=Acquisition)

    def __post_init__(self) -> None:
        if self.voxels.shape != self.geometry.shape_kji:
            msg = (
                f'the voxels have the shape {self.voxels.shape}, '
                f'the geometry {self.geometry.shape_kji}'
            )
            raise ValueError(msg)

    def sha256(self) -> str:
        """
        Fingerprint of the voxel values.

        Returns
        -------
        digest : str
            SHA-256 of the values as little-endian float32 in numpy order, so
            that the same image gives the same text by whichever way it came.
            It is taken once: what is written later of one image says the same.
        """
        return self._digest

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(np.ascontiguousarray(self.voxels, dtype='<f4').data).hexdigest()


def calibrated(image: PETImage, bqml_per_count: float) -> PETImage:
    """
    Activity concentration from counts, by a factor that the user measured.

    Parameters
    ----------
    image : PETImage
        In counts, in counts per second, or of unknown unit.

    bqml_per_count : float
        Concentration for a value of 1, in Bq/mL.

    Returns
    -------
    image : PETImage
        In Bq/mL; a note says the factor.

    Raises
    ------
    InputFileError
        If the values have another unit already.
    """
    if image.unit not in _CALIBRATED_FROM:
        msg = _(
            'a calibration of {factor:g} Bq/mL per count was given, but the values are in {unit} '
            'already; leave the calibration out.'
        ).format(factor=bqml_per_count, unit=image.unit)
        raise InputFileError(msg)
    what = _('values, of unknown unit,') if image.unit == UNKNOWN_UNIT else image.unit
    note = _(
        'The {what} of the file were multiplied by {factor:g} Bq/mL per count, the calibration '
        'that was given.'
    ).format(what=what, factor=bqml_per_count)
    return replace(
        image,
        voxels=image.voxels * np.float32(bqml_per_count),
        unit=CONCENTRATION_UNIT,
        acquisition=replace(image.acquisition, notes=(*image.acquisition.notes, note)),
    )
