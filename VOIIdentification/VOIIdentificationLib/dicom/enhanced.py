"""The frames of a multi-frame file: place, scale and unit from its functional groups."""

from __future__ import annotations

from dataclasses import replace

from ..core.errors import SeriesError
from ..core.sentence import sentences
from ..core.units import row_of_units
from .attributes import CONTENT, MAPPING, RECONSTRUCTION, TRANSFORM, tag_text
from .file import DicomFile
from .header import Header, as_number, empty_header
from .mapping import (
    Scale,
    agreed_units,
    mapped_scale,
    real_world_scales,
    same_scale,
    with_mappings,
)
from .slices import PETSlice, checked_rescale, checked_spacing, missing_element

_ = sentences(__name__)

_FACTS = {
    CONTENT: (
        *('FrameReferenceDateTime', 'FrameAcquisitionDateTime', 'FrameAcquisitionNumber'),
        *('TemporalPositionIndex', 'FrameAcquisitionDuration'),
    ),
    RECONSTRUCTION: (
        *('ReconstructionAlgorithm', 'ReconstructionType'),
        *('NumberOfIterations', 'NumberOfSubsets'),
    ),
    'PETFrameCorrectionFactorsSequence': ('DecayFactor',),
}
"""What a frame says of its time and of its reconstruction."""

_ALSO_OUTSIDE = (
    (TRANSFORM, 'RescaleIntercept'),
    ('PixelMeasuresSequence', 'PixelSpacing'),
    ('PlaneOrientationSequence', 'ImageOrientationPatient'),
)
"""What writers of single images leave at the top level; the slope has a sentence of its own."""

_CONVERTED = (
    'UnassignedPerFrameConvertedAttributesSequence',
    'UnassignedSharedConvertedAttributesSequence',
)
"""Where a legacy converted image keeps what its single slices said."""


class _Groups:
    """Functional groups of one frame: its own first, then those of all frames."""

    def __init__(self, name: str, *holders: Header) -> None:
        self.name = name
        self._holders = [replace(holder, name=name) for holder in holders]

    def macro(self, sequence: str, keyword: str) -> Header:
        """
        The item that has an element; one without elements if none has it.

        A macro stands in one place and has one item (PS3.3, C.7.6.16): two that
        say different things are two images.
        """
        found = [item for item in self.items(sequence) if item.texts(keyword)]
        for other in found[1:]:
            _require_same(found[0], other, keyword)
        return found[0] if found else empty_header(self.name)

    def items(self, sequence: str) -> list[Header]:
        """All items, the frame's own first."""
        return [item for holder in self._holders for item in holder.items(sequence)]

    def text(self, sequence: str, keyword: str) -> str:
        return self.macro(sequence, keyword).text(keyword)

    def numbers(self, sequence: str, keyword: str, count: int) -> tuple[float, ...] | None:
        return self.macro(sequence, keyword).numbers(keyword, count)

    def required(self, sequence: str, keyword: str, count: int) -> tuple[float, ...]:
        numbers = self.numbers(sequence, keyword, count)
        if numbers is None:
            raise missing_element(self.name, keyword)
        return numbers


def _require_same(one: Header, other: Header, keyword: str) -> None:
    texts = [holder.texts(keyword) for holder in (one, other)]
    numbers = [[as_number(text) for text in several] for several in texts]
    if texts[0] != texts[1] and (numbers[0] != numbers[1] or None in numbers[0]):
        values = [', '.join(several) for several in texts]
        msg = _(
            '{name} has two values of {tag}: {first} and {other}, in its own functional groups, '
            'in those of all frames, or at the top level of the file; export the series again '
            'from its source.'
        ).format(name=one.name, tag=tag_text(keyword), first=values[0], other=values[1])
        raise SeriesError(msg)


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
        msg = _(
            '{file} has {frames} frames but functional groups for {described}; export it again '
            'from its source.'
        ).format(file=file.name, frames=file.frame_count, described=len(frames))
        raise SeriesError(msg)
    named = [
        _Groups(_('{file} frame {n}').format(file=file.name, n=n), one, shared)
        for n, one in enumerate(frames, 1)
    ]
    return [_slice_of_frame(file, groups, n) for n, groups in enumerate(named)]


def _slice_of_frame(file: DicomFile, groups: _Groups, frame: int) -> PETSlice:
    measures = 'PixelMeasuresSequence'
    thickness = groups.numbers(measures, 'SpacingBetweenSlices', 1) or groups.numbers(
        measures, 'SliceThickness', 1
    )
    scale = _scale(file, groups)
    slope, intercept = checked_rescale(groups.name, scale.slope, scale.intercept)
    _require_same_outside(file, groups)
    spacing = groups.required(measures, 'PixelSpacing', 2)
    plane = PETSlice(
        file=file,
        position_lps_mm=groups.required('PlanePositionSequence', 'ImagePositionPatient', 3),
        orientation=groups.required('PlaneOrientationSequence', 'ImageOrientationPatient', 6),
        pixel_spacing_mm=checked_spacing(groups.name, spacing),
        slope=slope,
        intercept=intercept,
        thickness_mm=abs(thickness[0]) if thickness else None,
        frame=frame,
        facts=_facts(groups),
        units=_units(file, groups, scale),
        has_slope=scale.slope is not None,
        has_intercept=scale.intercept is not None,
        mapped=scale.mapped,
    )
    return with_mappings(plane, real_world_scales(groups.items(MAPPING)))


def _require_same_outside(file: DicomFile, groups: _Groups) -> None:
    """What stands at the top level too, where such files have none, must be that of the frames."""
    for sequence, keyword in _ALSO_OUTSIDE:
        item = groups.macro(sequence, keyword)
        if file.texts(keyword) and item.texts(keyword):
            _require_same(item, file, keyword)


def _scale(file: DicomFile, groups: _Groups) -> Scale:
    """The pixel value transformation; else a real-world mapping, of activity if there is one."""
    own = Scale(
        groups.numbers(TRANSFORM, 'RescaleSlope', 1),
        groups.numbers(TRANSFORM, 'RescaleIntercept', 1),
    )
    scale = mapped_scale(groups.name, own, real_world_scales(groups.items(MAPPING)))
    _require_one_scale_outside(file, groups, scale)
    return scale


def _require_one_scale_outside(file: DicomFile, groups: _Groups, own: Scale) -> None:
    """A slope at the top level, where such files have none, must be that of the frames."""
    outside = file.numbers('RescaleSlope', 1)
    if outside is None or (own.slope is not None and same_scale(own, Scale(outside, None))):
        return
    inside = _('none') if own.slope is None else f'{own.slope[0]:g}'
    msg = _(
        '{name} has two scales: {tag} is {outside:g} at the top level of the file and {inside} in '
        'its functional groups; export the series again from its source.'
    ).format(name=groups.name, tag=tag_text('RescaleSlope'), outside=outside[0], inside=inside)
    raise SeriesError(msg)


def _units(file: DicomFile, groups: _Groups, scale: Scale) -> str:
    converted = (groups.text(sequence, 'Units') for sequence in _CONVERTED)
    kind = row_of_units(groups.text(TRANSFORM, 'RescaleType'))
    codes = [scale.code, *converted, file.text('Units')]
    return agreed_units(groups.name, [*codes, kind.units if kind and any(codes) else ''])


def _facts(groups: _Groups) -> tuple[tuple[str, str], ...]:
    named = [(word, groups.text(part, word)) for part, words in _FACTS.items() for word in words]
    return tuple((keyword, value) for keyword, value in named if value)
