"""Enhanced and legacy converted multi-frame PET: a slice for each frame."""

from __future__ import annotations

import warnings
from typing import Any

from ..core.errors import SeriesError
from .header import DicomFile, Tag, finite_numbers
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
    dataset = header_dataset(file)
    frames = dataset.get('PerFrameFunctionalGroupsSequence') or []
    shared = (dataset.get('SharedFunctionalGroupsSequence') or [None])[0]
    if len(frames) != file.frame_count:
        msg = (
            f'{file.name} has {file.frame_count} frames but functional groups for '
            f'{len(frames)}; export it again from its source.'
        )
        raise SeriesError(msg)
    named = [_Groups(f'{file.name} frame {n}', shared, one) for n, one in enumerate(frames, 1)]
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
    dataset = header_dataset(file)
    shared = (dataset.get('SharedFunctionalGroupsSequence') or [None])[0]
    frames = dataset.get('PerFrameFunctionalGroupsSequence') or [None]
    groups = _Groups(file.name, shared, frames[0])
    for sequence in (
        'UnassignedSharedConvertedAttributesSequence',
        'UnassignedPerFrameConvertedAttributesSequence',
    ):
        code = groups.value(sequence, 'Units')
        if code:
            return str(code)
    return _real_world_unit(groups)


def header_dataset(file: DicomFile) -> Any:
    """
    The whole header, by pydicom: for sequences and rare elements.

    Parameters
    ----------
    file : DicomFile
        Any file.

    Returns
    -------
    dataset : pydicom.Dataset
        Without the pixels.
    """
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return pydicom.dcmread(file.path, stop_before_pixels=True, force=True)


class _Groups:
    """Functional groups of one frame: its own first, then those of all frames."""

    def __init__(self, name: str, shared: Any, frame: Any) -> None:
        self.name = name
        self._items = [item for item in (frame, shared) if item is not None]

    def value(self, sequence: str, keyword: str) -> Any:
        for item in self._items:
            macro = item.get(sequence)
            if macro and macro[0].get(keyword) is not None:
                return macro[0].get(keyword)
        return None

    def numbers(self, sequence: str, tag: Tag, count: int) -> tuple[float, ...] | None:
        value = self.value(sequence, tag.name)
        if value is None:
            return None
        several = hasattr(value, '__iter__') and not isinstance(value, str)
        return finite_numbers(
            self.name, tag, [str(part) for part in (value if several else [value])], count
        )

    def required(self, sequence: str, tag: Tag, count: int) -> tuple[float, ...]:
        numbers = self.numbers(sequence, tag, count)
        if numbers is None:
            raise missing_element(self.name, tag)
        return numbers


def _slice_of_frame(file: DicomFile, groups: _Groups, frame: int) -> PETSlice:
    measures = 'PixelMeasuresSequence'
    thickness = groups.numbers(measures, Tag.SpacingBetweenSlices, 1) or groups.numbers(
        measures, Tag.SliceThickness, 1
    )
    slope, intercept = _rescale(groups)
    spacing = groups.required(measures, Tag.PixelSpacing, 2)
    return PETSlice(
        file=file,
        position_lps_mm=groups.required('PlanePositionSequence', Tag.ImagePositionPatient, 3),
        orientation=groups.required('PlaneOrientationSequence', Tag.ImageOrientationPatient, 6),
        pixel_spacing_mm=checked_spacing(groups.name, spacing),
        slope=slope,
        intercept=intercept,
        thickness_mm=abs(thickness[0]) if thickness else None,
        frame=frame,
        facts=_facts(groups),
    )


def _rescale(groups: _Groups) -> tuple[float, float]:
    sequence = 'PixelValueTransformationSequence'
    slope = groups.numbers(sequence, Tag.RescaleSlope, 1)
    intercept = groups.numbers(sequence, Tag.RescaleIntercept, 1)
    if slope is None and intercept is None:
        slope, intercept = _real_world_rescale(groups)
    return checked_rescale(groups.name, slope, intercept)


def _real_world_rescale(
    groups: _Groups,
) -> tuple[tuple[float, ...] | None, tuple[float, ...] | None]:
    sequence = 'RealWorldValueMappingSequence'
    return (
        groups.numbers(sequence, Tag.RealWorldValueSlope, 1),
        groups.numbers(sequence, Tag.RealWorldValueIntercept, 1),
    )


def _real_world_unit(groups: _Groups) -> str:
    slope, intercept = _real_world_rescale(groups)
    codes = groups.value('RealWorldValueMappingSequence', 'MeasurementUnitsCodeSequence')
    if slope is None or not codes:
        return ''
    used_slope, used_intercept = _rescale(groups)
    same = abs(slope[0] - used_slope) <= _RELATIVE_SLOPE_TOLERANCE * abs(used_slope)
    same = same and (intercept or (0.0,))[0] == used_intercept
    return str(codes[0].get('CodeValue', '')) if same else ''


def _facts(groups: _Groups) -> tuple[tuple[str, str], ...]:
    named = [
        (keyword, groups.value('FrameContentSequence', keyword))
        for keyword in (
            'FrameReferenceDateTime',
            'FrameAcquisitionDateTime',
            'FrameAcquisitionNumber',
            'TemporalPositionIndex',
        )
    ]
    return tuple((keyword, str(value)) for keyword, value in named if value is not None)
