"""One image plane of a DICOM series: where it lies and how its values are scaled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..core.errors import SeriesError
from .file import DicomFile
from .header import Header, empty_header, tag_text

_NAMES_SHOWN = 5
"""Names that a note lists before it only counts."""

_TIMES = (
    'AcquisitionNumber',
    'AcquisitionDate',
    'AcquisitionTime',
    'FrameReferenceTime',
    'TriggerTime',
)
"""Elements by which time points, gates and acquisitions of one series differ."""

_RELATIVE_SLOPE_TOLERANCE = 1e-6
"""Slopes that differ less are one: the real-world unit then holds for the rescaled values."""


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

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns; 0 where the header does not say them."""
        return self.file.integer('Rows') or 0, self.file.integer('Columns') or 0


class _Groups:
    """Functional groups of one frame: its own first, then those of all frames."""

    def __init__(self, name: str, *holders: Header) -> None:
        self.name = name
        self._holders = [replace(holder, name=name) for holder in holders]

    def macro(self, sequence: str, keyword: str) -> Header:
        """The item that has an element; one without elements if none has it."""
        items = (holder.item(sequence) for holder in self._holders)
        return next((item for item in items if item.texts(keyword)), empty_header(self.name))

    def text(self, sequence: str, keyword: str) -> str:
        return self.macro(sequence, keyword).text(keyword)

    def numbers(self, sequence: str, keyword: str, count: int) -> tuple[float, ...] | None:
        return self.macro(sequence, keyword).numbers(keyword, count)

    def required(self, sequence: str, keyword: str, count: int) -> tuple[float, ...]:
        numbers = self.numbers(sequence, keyword, count)
        if numbers is None:
            raise _missing_element(self.name, keyword)
        return numbers


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
    slope, intercept = _checked_rescale(
        file.name, file.numbers('RescaleSlope', 1), file.numbers('RescaleIntercept', 1)
    )
    thickness = file.numbers('SpacingBetweenSlices', 1) or file.numbers('SliceThickness', 1)
    return PETSlice(
        file=file,
        position_lps_mm=_required(file, 'ImagePositionPatient', 3),
        orientation=_required(file, 'ImageOrientationPatient', 6),
        pixel_spacing_mm=_checked_spacing(file.name, _required(file, 'PixelSpacing', 2)),
        slope=slope,
        intercept=intercept,
        thickness_mm=abs(thickness[0]) if thickness else None,
        facts=tuple((keyword, file.text(keyword)) for keyword in _TIMES),
    )


def _checked_rescale(
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
            f'{name}: {tag_text("RescaleSlope")} is {got}, so its values cannot be known; '
            'export the series again from its source.'
        )
        raise SeriesError(msg)
    return slope[0], intercept[0] if intercept else 0.0


def _checked_spacing(name: str, spacing_mm: tuple[float, ...]) -> tuple[float, ...]:
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
            f'{name}: {tag_text("PixelSpacing")} is {spacing_mm[0]:g} x {spacing_mm[1]:g} mm, '
            'which is not a size; export the series again from its source.'
        )
        raise SeriesError(msg)
    return spacing_mm


def _missing_element(name: str, keyword: str) -> SeriesError:
    """
    The error for a slice without an element it must have.

    Parameters
    ----------
    name : str
        The slice.

    keyword : str
        What it lacks.

    Returns
    -------
    error : SeriesError
        To be raised.
    """
    msg = (
        f'{name} has no {tag_text(keyword)}, so the place and size of its pixels are unknown; '
        'take the original series of the scanner, not a secondary capture.'
    )
    return SeriesError(msg)


def _required(file: DicomFile, keyword: str, count: int) -> tuple[float, ...]:
    numbers = file.numbers(keyword, count)
    if numbers is None:
        raise _missing_element(file.name, keyword)
    return numbers


def passed_over_note(kind: str, names: Sequence[str], what: str = 'file') -> str:
    """
    The sentence about what was not read.

    Parameters
    ----------
    kind : str
        Why not.

    names : sequence of str
        Which; the first few are listed.

    what : str, optional
        The singular of what they are.

    Returns
    -------
    note : str
        Number, reason and names.

    Examples
    --------
    >>> passed_over_note('not DICOM', ['a.txt', 'b.txt'])
    '2 files passed over, not DICOM: a.txt, b.txt'
    """
    shown = ', '.join(names[:_NAMES_SHOWN]) + (', …' if len(names) > _NAMES_SHOWN else '')
    return f'{len(names)} {what}{"s" if len(names) > 1 else ""} passed over, {kind}: {shown}'


def slices_of_enhanced_file(file: DicomFile) -> list[PETSlice]:
    """
    The planes of a multi-frame file, from its functional groups (PS3.3, C.7.6.16).

    Parameters
    ----------
    file : DicomFile
        A file of Enhanced or Legacy Converted Enhanced PET Image Storage.

    Returns
    -------
    planes : list of PETSlice
        One for each frame, in the order of the file.

    Raises
    ------
    SeriesError
        If a frame lacks its position, orientation, pixel spacing or slope.
    """
    frames = file.items('PerFrameFunctionalGroupsSequence')
    shared = file.item('SharedFunctionalGroupsSequence')
    if len(frames) != file.frame_count:
        msg = (
            f'{file.name} has {file.frame_count} frames but functional groups for '
            f'{len(frames)}; export it again from its source.'
        )
        raise SeriesError(msg)
    named = [_Groups(f'{file.name} frame {n}', one, shared) for n, one in enumerate(frames, 1)]
    return [_slice_of_frame(file, groups, n) for n, groups in enumerate(named)]


def enhanced_unit_code(file: DicomFile) -> str:
    """
    Unit of the rescaled values of a multi-frame file.

    Parameters
    ----------
    file : DicomFile
        A file of Enhanced or Legacy Converted Enhanced PET Image Storage.

    Returns
    -------
    code : str
        Units (0054,1001) of a converted image; else the UCUM code of the
        real-world mapping if it maps as the rescaling does; else empty.
    """
    holders = ('PerFrameFunctionalGroupsSequence', 'SharedFunctionalGroupsSequence')
    groups = _Groups(file.name, *(file.item(sequence) for sequence in holders))
    for sequence in (
        'UnassignedSharedConvertedAttributesSequence',
        'UnassignedPerFrameConvertedAttributesSequence',
    ):
        code = groups.text(sequence, 'Units')
        if code:
            return code
    return _real_world_unit(groups)


def _slice_of_frame(file: DicomFile, groups: _Groups, frame: int) -> PETSlice:
    measures = 'PixelMeasuresSequence'
    thickness = groups.numbers(measures, 'SpacingBetweenSlices', 1) or groups.numbers(
        measures, 'SliceThickness', 1
    )
    slope, intercept = _rescale(groups)
    spacing = groups.required(measures, 'PixelSpacing', 2)
    return PETSlice(
        file=file,
        position_lps_mm=groups.required('PlanePositionSequence', 'ImagePositionPatient', 3),
        orientation=groups.required('PlaneOrientationSequence', 'ImageOrientationPatient', 6),
        pixel_spacing_mm=_checked_spacing(groups.name, spacing),
        slope=slope,
        intercept=intercept,
        thickness_mm=abs(thickness[0]) if thickness else None,
        frame=frame,
        facts=_facts(groups),
    )


def _rescale(groups: _Groups) -> tuple[float, float]:
    sequence = 'PixelValueTransformationSequence'
    slope = groups.numbers(sequence, 'RescaleSlope', 1)
    intercept = groups.numbers(sequence, 'RescaleIntercept', 1)
    if slope is None and intercept is None:
        slope, intercept = _real_world_rescale(groups)
    return _checked_rescale(groups.name, slope, intercept)


def _real_world_rescale(
    groups: _Groups,
) -> tuple[tuple[float, ...] | None, tuple[float, ...] | None]:
    sequence = 'RealWorldValueMappingSequence'
    return (
        groups.numbers(sequence, 'RealWorldValueSlope', 1),
        groups.numbers(sequence, 'RealWorldValueIntercept', 1),
    )


def _real_world_unit(groups: _Groups) -> str:
    sequence = 'RealWorldValueMappingSequence'
    slope, intercept = _real_world_rescale(groups)
    if slope is None:
        return ''
    used_slope, used_intercept = _rescale(groups)
    same = abs(slope[0] - used_slope) <= _RELATIVE_SLOPE_TOLERANCE * abs(used_slope)
    same = same and (intercept or (0.0,))[0] == used_intercept
    mapping = groups.macro(sequence, 'RealWorldValueSlope')
    return mapping.item('MeasurementUnitsCodeSequence').text('CodeValue') if same else ''


def _facts(groups: _Groups) -> tuple[tuple[str, str], ...]:
    keywords = (
        'FrameReferenceDateTime',
        'FrameAcquisitionDateTime',
        'FrameAcquisitionNumber',
        'TemporalPositionIndex',
    )
    named = [(keyword, groups.text('FrameContentSequence', keyword)) for keyword in keywords]
    return tuple((keyword, value) for keyword, value in named if value)
