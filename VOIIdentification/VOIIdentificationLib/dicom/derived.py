"""What objects derived from a PET series share: their sources, the software, private codes."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .. import __version__
from ..core.errors import OutputError
from ..core.sentence import sentences
from .attributes import tag_text
from .slices import PETSlice

_ = sentences(__name__)

SOFTWARE = 'VOI Identification'
"""Manufacturer and model in the objects that are written."""

PRIVATE_SCHEME = '99VOIID'
"""Coding scheme of what has no code in DICOM, SNOMED CT or UCUM (PS3.16, 8.2)."""

SEGMENTATION_SERIES_NUMBER = 9001
REPORT_SERIES_NUMBER = 9002
"""Far from the numbers that scanners give."""

HIGHDICOM_MISSING = _(
    'DICOM segmentations and reports need the Python package highdicom, which is not installed. '
    'Install it (pip install highdicom) and try again.'
)

_MAX_LO = 64
"""Characters of a long string (PS3.5, 6.2)."""

_TYPE_1 = (
    *('SOPClassUID', 'SOPInstanceUID', 'StudyInstanceUID', 'SeriesInstanceUID'),
    *('FrameOfReferenceUID', 'Rows', 'Columns'),
)
_TYPE_2 = (
    *('PatientID', 'PatientName', 'PatientBirthDate', 'PatientSex', 'AccessionNumber'),
    *('StudyID', 'StudyDate', 'StudyTime', 'ReferringPhysicianName'),
)
"""What a derived object takes over: of type 1 with a value, of type 2 at least empty (PS3.3)."""

_DECIMALS = ('ImagePositionPatient', 'ImageOrientationPatient', 'PixelSpacing', 'SliceThickness')
"""Decimal strings that are taken over; some writers make them longer than the 16 characters."""


def require_highdicom() -> None:
    """
    Refuse to begin where the objects could not be written.

    Raises
    ------
    OutputError
        If highdicom is not installed.
    """
    from importlib.util import find_spec

    if find_spec('highdicom') is None:
        raise OutputError(HIGHDICOM_MISSING)


def source_datasets(slices: Sequence[PETSlice]) -> tuple[Any, ...]:
    """
    The headers of a series, whole, as what is derived from it needs them.

    Parameters
    ----------
    slices : sequence of PETSlice
        Of single-frame files, in the order of k.

    Returns
    -------
    sources : tuple of `pydicom.Dataset`
        One a slice, without pixels, their texts in Unicode.

    Raises
    ------
    OutputError
        If the series is multi-frame, or lacks what the standard demands of a
        derived object: all of it is named.
    """
    if any(plane.file.is_multi_frame_pet or plane.file.frame_count > 1 for plane in slices):
        msg = _(
            'no DICOM segmentation or report is written of a multi-frame series: only of one with '
            'a file for each slice.'
        )
        raise OutputError(msg)
    sources = tuple(_whole_header(plane) for plane in slices)
    missing = _missing(sources)
    if missing:
        msg = _(
            'no DICOM segmentation or report can be derived from this series, which lacks '
            '{missing}. Export the series from the scanner or the archive again, with all of its '
            'header.'
        ).format(missing=', '.join(tag_text(keyword) for keyword in missing))
        raise OutputError(msg)
    return sources


def _whole_header(plane: PETSlice) -> Any:
    from pydicom import dcmread

    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of texts longer than the standard allows
        dataset = dcmread(plane.file.path, stop_before_pixels=True)
        dataset.decode()
    dataset.SpecificCharacterSet = 'ISO_IR 192'
    for keyword in _DECIMALS:
        if dataset.get(keyword) is not None:
            setattr(dataset, keyword, _short_decimals(dataset[keyword].value))
    return dataset


def _short_decimals(value: Any) -> Any:
    from pydicom.valuerep import format_number_as_ds

    if hasattr(value, '__iter__') and not isinstance(value, str):
        return [_short_decimals(part) for part in value]
    return format_number_as_ds(float(value))


def _missing(sources: Iterable[Any]) -> list[str]:
    """Keywords that any source lacks, each once."""
    lacking = [
        keyword
        for source in sources
        for keyword in (*_TYPE_1, *_TYPE_2)
        if keyword not in source or (keyword in _TYPE_1 and source[keyword].is_empty)
    ]
    return list(dict.fromkeys(lacking))


def equipment() -> dict[str, str]:
    """
    Who made an object, as highdicom's constructors take it.

    Returns
    -------
    keywords : dict of str to str
        The software; it stands for the serial number too, which must not be empty.
    """
    return {
        'manufacturer': SOFTWARE,
        'manufacturer_model_name': SOFTWARE,
        'software_versions': __version__,
        'device_serial_number': f'{SOFTWARE} {__version__}',
    }


def long_string(text: str) -> str:
    """
    Text that a long string of DICOM may hold.

    Parameters
    ----------
    text : str
        Anything.

    Returns
    -------
    text : str
        At most 64 characters, printable, without a backslash, which parts
        values; never empty.
    """
    plain = ''.join(c if c.isprintable() and c != '\\' else ' ' for c in text)
    return ' '.join(plain.split())[:_MAX_LO].strip() or '?'


def private_coding_scheme() -> Any:
    """
    What the private codes of an object are.

    Returns
    -------
    item : `highdicom.coding_schemes.CodingSchemeIdentificationItem`
        For highdicom's constructors.
    """
    from highdicom.coding_schemes import CodingSchemeIdentificationItem

    return CodingSchemeIdentificationItem(
        designator=PRIVATE_SCHEME,
        name='Codes of the software VOI Identification',
        version=__version__,
        responsible_organization=SOFTWARE,
    )


@contextmanager
def header_errors_named() -> Iterator[None]:
    """
    Turn what highdicom says of a header into what the user can do.

    Yields
    ------
    None
        The body is run once.

    Raises
    ------
    OutputError
        If highdicom refuses a value of the sources.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of names and texts that the sources have
            yield
    except (ValueError, TypeError, OverflowError) as error:
        msg = _(
            'no DICOM segmentation or report can be derived from this series, whose header is not '
            'as the standard demands: {reason}'
        ).format(reason=str(error))
        raise OutputError(msg) from error
