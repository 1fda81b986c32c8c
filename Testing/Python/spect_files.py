"""Reconstructed SPECT written with pydicom alone, to judge the reader."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from dicom_files import AXIAL, header, item, put_pixels
from pydicom.uid import ExplicitVRLittleEndian
from pydicom.valuerep import format_number_as_ds

NM = '1.2.840.10008.5.1.4.1.1.20'


@dataclass
class MadeSPECT:
    """A reconstruction to write: change what a test is about, leave the rest."""

    stored: np.ndarray = field(
        default_factory=lambda: np.arange(5 * 6 * 7, dtype=np.uint16).reshape(5, 6, 7)
    )
    orientation: tuple = AXIAL
    origin_lps_mm: tuple = (-20.0, 31.0, -47.5)
    pixel_spacing_mm: tuple = (3.0, 2.0)
    spacing_mm: float = 4.0
    order: tuple = (0, 1, 2, 3, 4)
    kind: tuple = ('ORIGINAL', 'PRIMARY', 'RECON TOMO', 'EMISSION')
    syntax: str = ExplicitVRLittleEndian
    series_uid: str = '1.2.3.20'

    def position(self, k, j, i):
        """Where a stored voxel of slice k + 1 lies, LPS, in the words of the standard."""
        row, column = (np.array(part) for part in np.reshape(self.orientation, (2, 3)))
        between_rows, between_columns = self.pixel_spacing_mm
        place = np.array(self.origin_lps_mm) + i * between_columns * row + j * between_rows * column
        return place + k * self.spacing_mm * np.cross(row, column)

    def dataset(self):
        """One file; frame n holds slice ``order[n]``."""
        ds = header(NM, self.syntax, self.series_uid, f'{self.series_uid}.1')
        ds.Modality, ds.ImageType = 'NM', list(self.kind)
        put_pixels(ds, self.stored[list(self.order)])
        ds.NumberOfFrames = len(self.order)
        ds.FrameIncrementPointer = 0x00540080
        ds.SliceVector = [k + 1 for k in self.order]
        ds.NumberOfSlices = len(self.order)
        ds.PixelSpacing = list(self.pixel_spacing_mm)
        ds.SliceThickness = 99.0  # not the distance
        ds.SpacingBetweenSlices = format_number_as_ds(float(self.spacing_mm))
        ds.NumberOfDetectors = 1
        ds.DetectorInformationSequence = item(
            ImagePositionPatient=[format_number_as_ds(float(x)) for x in self.origin_lps_mm],
            ImageOrientationPatient=[format_number_as_ds(float(x)) for x in self.orientation],
        )
        return ds


def map_to_bqml(ds, slope):
    """A real-world value mapping to activity, as quantitative SPECT is stored."""
    ds.RealWorldValueMappingSequence = item(
        RealWorldValueSlope=slope,
        RealWorldValueIntercept=0.0,
        MeasurementUnitsCodeSequence=item(
            CodeValue='Bq/ml', CodingSchemeDesignator='UCUM', CodeMeaning='Bq/ml'
        ),
    )
