"""Small PET series written with pydicom alone, to judge the reader."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

PET = '1.2.840.10008.5.1.4.1.1.128'
CT = '1.2.840.10008.5.1.4.1.1.2'
SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7'
ENHANCED_PET = '1.2.840.10008.5.1.4.1.1.130'
LEGACY_ENHANCED_PET = '1.2.840.10008.5.1.4.1.1.128.1'
NATIVE = {
    'implicit': ImplicitVRLittleEndian,
    'explicit': ExplicitVRLittleEndian,
    'deflated': DeflatedExplicitVRLittleEndian,
    'big endian': ExplicitVRBigEndian,
}

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def turned(angle_x_deg, angle_y_deg, angle_z_deg):
    """Row and column direction after turns about the three LPS axes."""
    a, b, c = np.radians([angle_x_deg, angle_y_deg, angle_z_deg])
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return tuple((z @ y @ x)[:, :2].T.ravel())


@dataclass
class Made:
    """A series to write: change what a test is about, leave the rest."""

    stored: np.ndarray = field(
        default_factory=lambda: np.arange(5 * 6 * 7, dtype=np.uint16).reshape(5, 6, 7)
    )
    orientation: tuple = AXIAL
    origin_lps_mm: tuple = (-20.0, 31.0, -47.5)
    pixel_spacing_mm: tuple = (3.0, 2.0)
    step_mm: float = 4.0
    heights_mm: tuple | None = None
    slopes: tuple | None = None
    syntax: str = ExplicitVRLittleEndian
    series_uid: str = '1.2.3.4'
    edit: object = None

    def datasets(self):
        """One dataset a plane, in the order of `stored`."""
        return [self._dataset(k) for k in range(len(self.stored))]

    def position(self, k):
        """ImagePositionPatient of plane `k`."""
        normal = np.cross(self.orientation[:3], self.orientation[3:])
        height = self.heights_mm[k] if self.heights_mm else k * self.step_mm
        return np.add(self.origin_lps_mm, height * normal)

    def _dataset(self, k):
        plane = self.stored[k]
        ds = header(PET, self.syntax, self.series_uid, f'{self.series_uid}.{k + 1}')
        ds.InstanceNumber = (k * 7) % len(self.stored) + 1  # misleading, like the names
        ds.ImagePositionPatient = [
            pydicom.valuerep.format_number_as_ds(float(x)) for x in self.position(k)
        ]
        ds.ImageOrientationPatient = [
            pydicom.valuerep.format_number_as_ds(float(x)) for x in self.orientation
        ]
        ds.PixelSpacing = list(self.pixel_spacing_mm)
        ds.SliceThickness = 99.0  # not the distance
        ds.SliceLocation = -float(k * k)  # misleading
        ds.RescaleSlope = str(self.slopes[k] if self.slopes else 0.5)
        ds.RescaleIntercept = '0'
        ds.Units = 'BQML'
        put_pixels(ds, plane)
        if self.edit:
            self.edit(ds, k)
        return ds


FACTOR = 10e3 / (70e6 * 0.5 ** (3600.0 / 6583.68))
"""SUVbw of 1 Bq/mL in a series with `measured`: 10 kg, 70 MBq of F-18 an hour before."""

MEAN_TIME_S = 298.42081
"""Mean count-rate time of 600 s of F-18, worked from its definition."""


def measured(ds, _k=0):
    """All that an SUV needs, as the header of a phantom scan has it."""
    ds.DecayCorrection, ds.CorrectedImage = 'START', ['DECY', 'ATTN', 'SCAT', 'NORM']
    ds.SeriesType = ['STATIC', 'IMAGE']
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = '20260301'
    ds.SeriesTime = ds.AcquisitionTime = '101500'
    ds.FrameReferenceTime, ds.ActualFrameDuration = str(1000 * MEAN_TIME_S), 600000
    ds.DecayFactor = f'{2 ** (MEAN_TIME_S / 6583.68):.10f}'
    ds.PatientWeight = '10'
    ds.RadiopharmaceuticalInformationSequence = item(
        RadiopharmaceuticalStartDateTime='20260301091500',
        RadiopharmaceuticalStartTime='091500',
        RadionuclideTotalDose='70000000',
        RadionuclideHalfLife='6583.68',
    )


def after(edit, *slices):
    """A complete header, and a change of some slices; of all if none is named."""

    def _edit(ds, k):
        measured(ds, k)
        if not slices or k in slices:
            edit(ds)

    return _edit


def header(sop_class, syntax, series_uid, instance_uid):
    """A dataset with identity and no image."""
    ds = pydicom.Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = sop_class
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = instance_uid
    ds.Modality = 'CT' if sop_class == CT else 'PT'
    ds.SeriesInstanceUID = series_uid
    ds.StudyInstanceUID = '1.2.3'
    ds.SeriesDescription = 'made'
    ds.PatientID = 'P1'
    return ds


def put_pixels(ds, plane):
    """The plane as PixelData, in the byte order of the file."""
    order = '>' if ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian else '<'
    bits = plane.dtype.itemsize * 8
    ds.Rows, ds.Columns = plane.shape[-2:]
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = 'MONOCHROME2'
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit = bits - 1
    ds.PixelRepresentation = int(plane.dtype.kind == 'i')
    data = plane.astype(plane.dtype.newbyteorder(order)).tobytes()
    data += b'\0' * (len(data) % 2)
    if order == '>' and bits == 8:  # words of two pixels (PS3.5, A.3)
        data = np.frombuffer(data, '<u2').byteswap().tobytes()
    ds.PixelData = data
    ds['PixelData'].VR = 'OW'


def save(ds, path):
    """Write with preamble and file meta, by pydicom 2.4 or 3."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        ds.save_as(path, enforce_file_format=True)
    except TypeError:
        syntax = ds.file_meta.TransferSyntaxUID
        ds.is_little_endian, ds.is_implicit_VR = syntax.is_little_endian, syntax.is_implicit_VR
        ds.save_as(path, write_like_original=False)
    return path


def write(made, folder, *, prefix=''):
    """Write the series under names whose order is not that of the slices; the paths by slice."""
    names = np.random.default_rng(1).permutation(len(made.stored))
    return [
        save(ds, folder / f'{prefix}{name:02d}.img')
        for ds, name in zip(made.datasets(), names, strict=True)
    ]


def item(**elements):
    """A sequence of one item."""
    ds = pydicom.Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return Sequence([ds])


def enhanced(made, *, sop_class=ENHANCED_PET, order=None, shared_scale=False):
    """The same series as one multi-frame file; `order` is that of the frames."""
    order = range(len(made.stored)) if order is None else order
    ds = header(sop_class, made.syntax, made.series_uid, f'{made.series_uid}.1')
    put_pixels(ds, made.stored[list(order)])
    ds.NumberOfFrames = len(made.stored)
    shared = pydicom.Dataset()
    shared.PixelMeasuresSequence = item(
        PixelSpacing=list(made.pixel_spacing_mm), SliceThickness=99.0
    )
    shared.PlaneOrientationSequence = item(ImageOrientationPatient=list(made.orientation))
    if shared_scale:
        shared.PixelValueTransformationSequence = _scale('0.5')
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    ds.PerFrameFunctionalGroupsSequence = Sequence(
        [_frame(made, k, shared_scale=shared_scale) for k in order]
    )
    return ds


def _frame(made, k, *, shared_scale):
    frame = pydicom.Dataset()
    frame.PlanePositionSequence = item(
        ImagePositionPatient=[float(round(x, 6)) for x in made.position(k)]
    )
    frame.FrameContentSequence = item(TemporalPositionIndex=1)
    if not shared_scale:
        frame.PixelValueTransformationSequence = _scale(str(made.slopes[k] if made.slopes else 0.5))
    return frame


def _scale(slope):
    return item(RescaleSlope=slope, RescaleIntercept='0', RescaleType='US')
