"""One image plane of a DICOM series: where it lies and how its values are scaled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..core.errors import SeriesError
from .header import DicomFile, Tag

ENHANCED_PET = '1.2.840.10008.5.1.4.1.1.130'
LEGACY_ENHANCED_PET = '1.2.840.10008.5.1.4.1.1.128.1'
ENHANCED_CLASSES = frozenset({ENHANCED_PET, LEGACY_ENHANCED_PET})
PET_CLASSES = frozenset({'1.2.840.10008.5.1.4.1.1.128'}) | ENHANCED_CLASSES
"""SOP classes of PET images (PS3.4, annex B.5)."""


@dataclass(frozen=True, eq=False)
class PETSlice:
    """
    One plane: a file, or one frame of a multi-frame file.

    Attributes
    ----------
    file : DicomFile
        Where it comes from.

    position_lps_mm : tuple of float
        ImagePositionPatient: center of the first voxel, in millimeter.

    orientation : tuple of float
        ImageOrientationPatient: direction of a row, then of a column, LPS.

    pixel_spacing_mm : tuple of float
        PixelSpacing: distance between rows, then between columns.

    slope, intercept : float
        Value = stored value * slope + intercept.

    thickness_mm : float or None
        Distance to a next slice, as far as the header says one.

    frame : int
        Index of the frame within the file, from 0.

    facts : tuple of (str, str)
        Name and value of what tells time points, gates and acquisitions apart.
    """

    file: DicomFile
    position_lps_mm: tuple[float, ...]
    orientation: tuple[float, ...]
    pixel_spacing_mm: tuple[float, ...]
    slope: float = 1.0
    intercept: float = 0.0
    thickness_mm: float | None = None
    frame: int = 0
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The file's name and, in a multi-frame file, the number of the frame from 1."""
        several = self.file.frame_count > 1
        return f'{self.file.name} frame {self.frame + 1}' if several else self.file.name


TIME_TAGS = (
    Tag.AcquisitionNumber,
    Tag.AcquisitionDate,
    Tag.AcquisitionTime,
    Tag.FrameReferenceTime,
    Tag.TriggerTime,
)
"""Elements by which time points, gates and acquisitions of one series differ."""


def slice_of_file(file: DicomFile) -> PETSlice:
    """
    The plane of a file that holds one image.

    Parameters
    ----------
    file : DicomFile
        A file of PET Image Storage.

    Returns
    -------
    plane : PETSlice
        Its checked geometry and scaling.

    Raises
    ------
    SeriesError
        If position, orientation, pixel spacing or slope is missing or unusable.
    """
    slope, intercept = checked_rescale(
        file.name, file.numbers(Tag.RescaleSlope, 1), file.numbers(Tag.RescaleIntercept, 1)
    )
    thickness = file.numbers(Tag.SpacingBetweenSlices, 1) or file.numbers(Tag.SliceThickness, 1)
    return PETSlice(
        file=file,
        position_lps_mm=_required(file, Tag.ImagePositionPatient, 3),
        orientation=_required(file, Tag.ImageOrientationPatient, 6),
        pixel_spacing_mm=checked_spacing(file.name, _required(file, Tag.PixelSpacing, 2)),
        slope=slope,
        intercept=intercept,
        thickness_mm=abs(thickness[0]) if thickness else None,
        facts=tuple((tag.name, file.text(tag)) for tag in TIME_TAGS),
    )


def checked_rescale(
    name: str, slope: Sequence[float] | None, intercept: Sequence[float] | None
) -> tuple[float, float]:
    """
    Slope and intercept that can be used.

    Parameters
    ----------
    name : str
        The slice, for messages.

    slope, intercept : sequence of one float or None
        As the header has them. Without both the stored values are the values.

    Returns
    -------
    slope, intercept : float
        Checked.

    Raises
    ------
    SeriesError
        If the slope is not above 0, or missing beside an intercept.
    """
    if slope is None and intercept is None:
        return 1.0, 0.0
    if slope is None or slope[0] <= 0:  # a scale of activity; DICOM gives PET no other
        got = 'missing' if slope is None else f'{slope[0]:g}'
        msg = (
            f'{name}: {Tag.RescaleSlope.text} is {got}, so its values cannot be known; '
            'export the series again from its source.'
        )
        raise SeriesError(msg)
    return slope[0], intercept[0] if intercept else 0.0


def checked_spacing(name: str, spacing_mm: tuple[float, ...]) -> tuple[float, ...]:
    """
    Pixel spacing that can be used.

    Parameters
    ----------
    name : str
        The slice, for messages.

    spacing_mm : tuple of float
        Distance between rows and between columns, in millimeter.

    Returns
    -------
    spacing_mm : tuple of float
        The same.

    Raises
    ------
    SeriesError
        If one is not positive.
    """
    if min(spacing_mm) <= 0:
        msg = (
            f'{name}: {Tag.PixelSpacing.text} is {spacing_mm[0]:g} x {spacing_mm[1]:g} mm, '
            'which is not a size; export the series again from its source.'
        )
        raise SeriesError(msg)
    return spacing_mm


def missing_element(name: str, tag: Tag) -> SeriesError:
    """
    The error for a slice without an element it must have.

    Parameters
    ----------
    name : str
        The slice.

    tag : Tag
        What it lacks.

    Returns
    -------
    error : SeriesError
        To be raised.
    """
    msg = (
        f'{name} has no {tag.text}, so the place and size of its pixels are unknown; '
        'take the original series of the scanner, not a secondary capture.'
    )
    return SeriesError(msg)


def _required(file: DicomFile, tag: Tag, count: int) -> tuple[float, ...]:
    numbers = file.numbers(tag, count)
    if numbers is None:
        raise missing_element(file.name, tag)
    return numbers
