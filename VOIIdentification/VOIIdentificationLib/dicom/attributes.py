"""Every attribute of DICOM that is read: what for, and what happens when it is not as it should."""

from __future__ import annotations

from enum import Enum
from functools import cache
from typing import Any, NamedTuple


class Policy(Enum):
    """What happens where slices of one series do not say the same; the value is for people."""

    REFUSE = 'series refused'
    NO_SUV = 'no SUV'
    BY_SLICE = 'each slice has its own'
    CHECKED = 'compared within a tolerance, else series refused'
    FIRST = 'the first is shown'
    NOTHING = 'as if missing in all'


class Attribute(NamedTuple):
    """
    One row of the table.

    Attributes
    ----------
    keyword : str
        DICOM keyword.

    use : str
        What it is for.

    missing : str
        What happens where no slice has it.

    odd : str
        What happens where its value makes no sense.

    differs : Policy
        What happens where slices have different values.

    partly : Policy
        What happens where only some slices have it.

    sequence : str
        Keyword of the sequence whose items hold it; empty at the top level.
    """

    keyword: str
    use: str
    missing: str
    odd: str
    differs: Policy
    partly: Policy
    sequence: str = ''


_REFUSE, _NO_SUV, _OWN = Policy.REFUSE, Policy.NO_SUV, Policy.BY_SLICE
_CHECKED, _FIRST, _NOTHING = Policy.CHECKED, Policy.FIRST, Policy.NOTHING

_SERIES_REFUSED = 'series refused'
_SUV_REFUSED = 'no SUV'
_EMPTY = 'stays empty'
_AS_MISSING = 'as if missing'
_SHOWN = 'shown as it is'
_ONE_OF_SPECT = 'SPECT: one only, else series refused'

DRUG = 'RadiopharmaceuticalInformationSequence'
CONTENT = 'FrameContentSequence'
RECONSTRUCTION = 'PETReconstructionSequence'
TRANSFORM = 'PixelValueTransformationSequence'
MAPPING = 'RealWorldValueMappingSequence'
DETECTOR = 'DetectorInformationSequence'

ATTRIBUTES = (
    # What the file is.
    Attribute('SOPClassUID', 'which files are PET', 'by modality', _SHOWN, _OWN, _OWN),
    Attribute('SOPInstanceUID', 'identity of a file', _EMPTY, _SHOWN, _OWN, _OWN),
    Attribute('Modality', 'which series are PET', 'by SOP class', _SHOWN, _OWN, _OWN),
    Attribute('SpecificCharacterSet', 'reading of names', 'Latin', 'guessed', _OWN, _OWN),
    Attribute('SeriesInstanceUID', 'which files belong together', _SHOWN, _SHOWN, _OWN, _OWN),
    Attribute('StudyInstanceUID', 'identity of the study', _EMPTY, _SHOWN, _REFUSE, _NOTHING),
    Attribute('PatientID', 'who or what was scanned', _EMPTY, _SHOWN, _REFUSE, _REFUSE),
    Attribute('FrameOfReferenceUID', 'one place in space', _EMPTY, _SHOWN, _REFUSE, _REFUSE),
    Attribute('SeriesDescription', 'shown', _EMPTY, _SHOWN, _FIRST, _FIRST),
    Attribute('Manufacturer', 'which scanner', _EMPTY, _SHOWN, _NOTHING, _NOTHING),
    Attribute('ManufacturerModelName', 'which scanner', _EMPTY, _SHOWN, _NOTHING, _NOTHING),
    Attribute('DeviceSerialNumber', 'which scanner', _EMPTY, _SHOWN, _NOTHING, _NOTHING),
    Attribute('StationName', 'which scanner', _EMPTY, _SHOWN, _NOTHING, _NOTHING),
    Attribute('SoftwareVersions', 'which reconstruction', _EMPTY, _SHOWN, _NOTHING, _NOTHING),
    Attribute('ReconstructionMethod', 'which reconstruction', _EMPTY, _SHOWN, _NOTHING, _NOTHING),
    Attribute('ConvolutionKernel', 'which reconstruction', _EMPTY, _SHOWN, _NOTHING, _NOTHING),
    Attribute(
        'ReconstructionAlgorithm', 'enhanced: which reconstruction', _EMPTY, _SHOWN, _NOTHING,
        _NOTHING, RECONSTRUCTION,
    ),
    Attribute(
        'ReconstructionType', 'enhanced: which reconstruction', _EMPTY, _SHOWN, _NOTHING,
        _NOTHING, RECONSTRUCTION,
    ),
    Attribute(
        'NumberOfIterations', 'enhanced: which reconstruction', _EMPTY, _AS_MISSING, _NOTHING,
        _NOTHING, RECONSTRUCTION,
    ),
    Attribute(
        'NumberOfSubsets', 'enhanced: which reconstruction', _EMPTY, _AS_MISSING, _NOTHING,
        _NOTHING, RECONSTRUCTION,
    ),
    Attribute('PatientPosition', 'shown', _EMPTY, _SHOWN, _FIRST, _FIRST),
    Attribute('PatientOrientationCodeSequence', 'shown', _EMPTY, _SHOWN, _FIRST, _FIRST),
    Attribute('PatientGantryRelationshipCodeSequence', 'shown', _EMPTY, _SHOWN, _FIRST, _FIRST),
    Attribute('InstanceNumber', 'shown by nothing, orders nothing', _EMPTY, _SHOWN, _OWN, _OWN),
    # One image, one time.
    Attribute('SeriesType', 'dynamic or gated: one time only', 'static', _SHOWN, _REFUSE, _REFUSE),
    Attribute('NumberOfTimeSlices', 'dynamic: one time only', 'static', 'static', _REFUSE, _REFUSE),
    Attribute('AcquisitionNumber', 'two volumes in one', _EMPTY, _SHOWN, _CHECKED, _CHECKED),
    Attribute('TriggerTime', 'gated: one gate only', 'not gated', _SHOWN, _REFUSE, _REFUSE),
    Attribute(
        'TemporalPositionIndex', 'one time only', 'static', _SHOWN, _REFUSE, _REFUSE, CONTENT
    ),
    Attribute(
        'TemporalPositionIdentifier', 'which time', 'by the times', _SHOWN, _REFUSE, _REFUSE
    ),
    Attribute('ImageIndex', 'which time', 'by the times', _SHOWN, _OWN, _OWN),
    Attribute('NumberOfSlices', 'note of missing ends', 'no note', 'no note', _FIRST, _FIRST),
    Attribute('ImageType', 'SPECT: which kind', _SERIES_REFUSED, _SERIES_REFUSED, _OWN, _OWN),
    Attribute('EnergyWindowVector', _ONE_OF_SPECT, 'one', _AS_MISSING, _OWN, _OWN),
    Attribute('DetectorVector', _ONE_OF_SPECT, 'one', _AS_MISSING, _OWN, _OWN),
    Attribute('RotationVector', _ONE_OF_SPECT, 'one', _AS_MISSING, _OWN, _OWN),
    Attribute('PhaseVector', _ONE_OF_SPECT, 'one', _AS_MISSING, _OWN, _OWN),
    Attribute('TimeSliceVector', _ONE_OF_SPECT, 'one', _AS_MISSING, _OWN, _OWN),
    Attribute('RRIntervalVector', _ONE_OF_SPECT, 'one', _AS_MISSING, _OWN, _OWN),
    Attribute('TimeSlotVector', _ONE_OF_SPECT, 'one', _AS_MISSING, _OWN, _OWN),
    Attribute('AngularViewVector', _ONE_OF_SPECT, 'one', _AS_MISSING, _OWN, _OWN),
    Attribute('NumberOfFrames', 'frames of a file', 'one frame', _SERIES_REFUSED, _OWN, _OWN),
    # Where.
    Attribute(
        'ImagePositionPatient', 'place', _SERIES_REFUSED, _SERIES_REFUSED, _CHECKED, _REFUSE
    ),
    Attribute(
        'ImageOrientationPatient', 'directions', _SERIES_REFUSED, _SERIES_REFUSED, _CHECKED, _REFUSE
    ),
    Attribute('PixelSpacing', 'voxel size', _SERIES_REFUSED, _SERIES_REFUSED, _CHECKED, _REFUSE),
    Attribute(
        'SliceVector', 'SPECT: order of frames', _SERIES_REFUSED, _SERIES_REFUSED, _OWN, _OWN
    ),
    Attribute(
        'SpacingBetweenSlices', 'SPECT: distance and direction of slices; PET: thickness of a lone '
        'slice', 'SPECT: series refused', _SHOWN, _OWN, _OWN
    ),
    Attribute(
        'SliceThickness', 'thickness of a lone slice', _SERIES_REFUSED, _SHOWN, _OWN, _OWN
    ),
    # Stored numbers.
    Attribute('Rows', 'matrix', _SERIES_REFUSED, _SERIES_REFUSED, _REFUSE, _REFUSE),
    Attribute('Columns', 'matrix', _SERIES_REFUSED, _SERIES_REFUSED, _REFUSE, _REFUSE),
    Attribute('SamplesPerPixel', 'no color', 'one', _SERIES_REFUSED, _OWN, _OWN),
    Attribute(
        'PhotometricInterpretation', 'no color', 'MONOCHROME2', _SERIES_REFUSED, _OWN, _OWN
    ),
    Attribute('BitsAllocated', 'stored numbers', _SERIES_REFUSED, _SERIES_REFUSED, _OWN, _REFUSE),
    # Refused if differing where bits outside, or that of the sign, are set: see pixels.
    Attribute('BitsStored', 'stored numbers', 'all bits', _SERIES_REFUSED, _OWN, _OWN),
    Attribute('HighBit', 'stored numbers', 'the last bit stored', _SERIES_REFUSED, _OWN, _OWN),
    Attribute('PixelRepresentation', 'sign', 'unsigned', _SERIES_REFUSED, _OWN, _REFUSE),
    # Values.
    Attribute(
        'RescaleSlope', 'values', 'unit not trusted, no SUV', _SERIES_REFUSED, _OWN, _REFUSE
    ),
    Attribute('RescaleIntercept', 'values', '0', _SERIES_REFUSED, _OWN, _REFUSE),
    Attribute('RescaleType', 'must not contradict the unit', 'good', 'good', _OWN, _OWN),
    Attribute('ModalityLUTSequence', 'must be absent', 'good', _SERIES_REFUSED, _REFUSE, _REFUSE),
    Attribute('Units', 'unit of the values', 'unit unknown', 'shown, no SUV', _REFUSE, _REFUSE),
    Attribute('SUVType', 'kind of stored SUV', 'body weight', _SUV_REFUSED, _REFUSE, _REFUSE),
    Attribute('CorrectedImage', 'corrections', _SUV_REFUSED, _SUV_REFUSED, _REFUSE, _REFUSE),
    Attribute('DecayCorrection', 'instant shown', _SUV_REFUSED, _SUV_REFUSED, _REFUSE, _REFUSE),
    Attribute('DecayCorrected', 'enhanced: instant', _SUV_REFUSED, _SUV_REFUSED, _REFUSE, _REFUSE),
    Attribute(
        'AttenuationCorrected', 'enhanced: corrections', _SUV_REFUSED, _SUV_REFUSED, _REFUSE,
        _REFUSE,
    ),
    # Times.
    Attribute('TimezoneOffsetFromUTC', 'zone of times', 'flag if mixed', 'flag', _NO_SUV, _NO_SUV),
    Attribute('SeriesDate', 'reference time', 'another date, noted', _AS_MISSING, _NO_SUV, _NO_SUV),
    Attribute('SeriesTime', 'reference time', 'acquisition', _AS_MISSING, _NO_SUV, _NO_SUV),
    Attribute('StudyDate', 'where the series has none', _EMPTY, _AS_MISSING, _NO_SUV, _NO_SUV),
    Attribute('AcquisitionDate', 'reference time', 'of the series', _AS_MISSING, _OWN, _NO_SUV),
    Attribute('AcquisitionTime', 'reference time', 'series time', _AS_MISSING, _OWN, _NO_SUV),
    Attribute('AcquisitionDateTime', 'for date and time', _EMPTY, _AS_MISSING, _OWN, _NO_SUV),
    Attribute('FrameReferenceTime', 'checks the reference', 'no check', _AS_MISSING, _OWN, _NO_SUV),
    Attribute('ActualFrameDuration', 'mean time', 'NONE: no SUV', _AS_MISSING, _OWN, _NO_SUV),
    Attribute('DecayFactor', 'judge of the reference', 'no judge', _AS_MISSING, _OWN, _NO_SUV),
    Attribute(
        'DecayCorrectionDateTime', 'enhanced: reference', 'acquisition', _AS_MISSING, _NO_SUV,
        _NO_SUV,
    ),
    Attribute(
        'FrameAcquisitionDateTime', 'time', 'NONE: no SUV', _AS_MISSING, _OWN, _NO_SUV, CONTENT
    ),
    Attribute(
        'FrameAcquisitionDuration', 'mean time', 'NONE: no SUV', _AS_MISSING, _OWN, _NO_SUV, CONTENT
    ),
    Attribute('FrameReferenceDateTime', 'names a copy', _EMPTY, _SHOWN, _OWN, _OWN, CONTENT),
    Attribute('FrameAcquisitionNumber', 'names a copy', _EMPTY, _SHOWN, _OWN, _OWN, CONTENT),
    # Injection and patient.
    Attribute('RadionuclideTotalDose', 'SUV', _SUV_REFUSED, 'MBq: flag', _NO_SUV, _NO_SUV, DRUG),
    Attribute('RadionuclideHalfLife', 'SUV', _SUV_REFUSED, _SUV_REFUSED, _NO_SUV, _NO_SUV, DRUG),
    Attribute(
        'RadiopharmaceuticalStartDateTime', 'SUV', 'start time', 'flag', _NO_SUV, _NO_SUV, DRUG
    ),
    Attribute(
        'RadiopharmaceuticalStartTime', 'SUV', 'date and time', 'flag', _NO_SUV, _NO_SUV, DRUG
    ),
    Attribute(
        'RadionuclideCodeSequence', 'checks the half-life', 'no check', 'no check', _NO_SUV,
        _NO_SUV, DRUG,
    ),
    Attribute(
        'Radiopharmaceutical', 'checks the half-life', 'no check', 'no check', _FIRST, _FIRST, DRUG
    ),
    Attribute('PatientWeight', 'SUV', _SUV_REFUSED, 'gram: flag', _NO_SUV, _NO_SUV),
    Attribute('PatientSize', 'SUV other than bw', _SUV_REFUSED, 'cm: flag', _NO_SUV, _NO_SUV),
    Attribute('PatientSex', 'SUV lbm and ibw', _SUV_REFUSED, _SUV_REFUSED, _NO_SUV, _NO_SUV),
)  # fmt: skip
"""The table. A value is compared after padding, case and number format; times as times."""

SEQUENCES = (
    DRUG,
    DETECTOR,
    MAPPING,
    'SharedFunctionalGroupsSequence',
    'PerFrameFunctionalGroupsSequence',
)
"""Sequences that are read; the groups hold the frames' own facts, the detector those of SPECT."""

WANTED = (
    *dict.fromkeys(row.keyword for row in ATTRIBUTES if not row.sequence),
    *SEQUENCES,
)
"""Keywords of the elements that are kept of every file."""


@cache
def attribute(keyword: str) -> Attribute:
    """
    The row of an attribute.

    Parameters
    ----------
    keyword : str
        Its DICOM keyword.

    Returns
    -------
    row : Attribute
        Of the table.

    Raises
    ------
    KeyError
        If the table does not have it.
    """
    return {row.keyword: row for row in ATTRIBUTES}[keyword]


def with_policy(policy: Policy) -> tuple[Attribute, ...]:
    """
    The attributes that have a consequence where slices do not say the same.

    Parameters
    ----------
    policy : Policy
        The consequence.

    Returns
    -------
    rows : tuple of Attribute
        Those of the table for which slices that differ, or lack it in part, have it.
    """
    return tuple(row for row in ATTRIBUTES if policy in (row.differs, row.partly))


def tag_text(keyword: str) -> str:
    """
    An element as messages name it.

    Parameters
    ----------
    keyword : str
        Its DICOM keyword.

    Returns
    -------
    text : str
        Keyword and number.

    Examples
    --------
    >>> tag_text('PixelSpacing')
    'PixelSpacing (0028,0030)'
    """
    tag, _ = known(keyword)
    return f'{keyword} ({tag.group:04X},{tag.element:04X})'


def tag_of(keyword: str) -> Any:
    """
    Number of an element.

    Parameters
    ----------
    keyword : str
        Its DICOM keyword.

    Returns
    -------
    tag : `pydicom.tag.BaseTag`
        An integer: group, element.

    Raises
    ------
    KeyError
        If DICOM has no such keyword.
    """
    return known(keyword)[0]


@cache
def pet_classes() -> tuple[str, str, str]:
    """
    SOP classes of PET images (PS3.4, annex B.5).

    Returns
    -------
    classes : tuple of str
        Single slices, enhanced, legacy converted enhanced.
    """
    from pydicom import uid

    return (
        uid.PositronEmissionTomographyImageStorage,
        uid.EnhancedPETImageStorage,
        uid.LegacyConvertedEnhancedPETImageStorage,
    )


@cache
def known(keyword: str) -> tuple[Any, str]:
    """
    Tag and value representation of a keyword.

    Parameters
    ----------
    keyword : str
        A DICOM keyword.

    Returns
    -------
    tag : `pydicom.tag.BaseTag`
        An integer: group, element.

    vr : str
        E.g. ``'DS'``.

    Raises
    ------
    KeyError
        If DICOM has no such keyword.
    """
    from pydicom.datadict import dictionary_VR, tag_for_keyword
    from pydicom.tag import Tag

    number = tag_for_keyword(keyword)
    if number is None:
        msg = f'{keyword} is no keyword of DICOM'
        raise KeyError(msg)
    return Tag(number), dictionary_VR(number)


@cache
def has_one_value(keyword: str) -> bool:
    """
    Whether an element holds one value (multiplicity 1; PS3.6).

    Parameters
    ----------
    keyword : str
        A DICOM keyword.

    Returns
    -------
    has_one_value : bool
        False for lists, and for sequences, which have items instead.
    """
    from pydicom.datadict import dictionary_VM

    tag, vr = known(keyword)
    return vr != 'SQ' and dictionary_VM(tag) == '1'
