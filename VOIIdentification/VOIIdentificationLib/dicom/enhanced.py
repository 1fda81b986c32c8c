"""Enhanced and legacy converted multi-frame PET: a slice for each frame."""

from __future__ import annotations

from dataclasses import replace

from ..core.errors import SeriesError
from .file import DicomFile
from .header import Header, empty_header
from .slices import PETSlice, checked_rescale, checked_spacing, missing_element

_RELATIVE_SLOPE_TOLERANCE = 1e-6
"""Slopes that differ less are one: the real-world unit then holds for the rescaled values."""


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
            raise missing_element(self.name, keyword)
        return numbers


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
        pixel_spacing_mm=checked_spacing(groups.name, spacing),
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
    return checked_rescale(groups.name, slope, intercept)


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
