"""Reconstructed SPECT (NM Image Storage): which files it is, and where its frames lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..core.errors import SeriesError
from ..core.sentence import joined, sentences
from .attributes import DETECTOR, MAPPING, tag_text
from .file import RECONSTRUCTED, TRANSMISSION, DicomFile
from .mapping import Scale, agreed_units, mapped_scale, real_world_scales, with_mappings
from .scaling import COUNTS
from .slices import PETSlice, checked_rescale, checked_spacing, missing_element, times_of_file

_ = sentences(__name__)

_PLANAR = _('give a reconstructed SPECT series')
_RECONSTRUCT = _('give the series that was reconstructed from it')
_SUMMED = _('reconstruct and export all gates or times as one image')


class _Kind(NamedTuple):
    """What a value of Image Type (PS3.3, C.8.4.9.1.1) is, and what to do about it."""

    what: str
    advice: str


_OTHER_KINDS = {
    'STATIC': _Kind(_('a planar image'), _PLANAR),
    'WHOLE BODY': _Kind(_('a planar whole-body image'), _PLANAR),
    'DYNAMIC': _Kind(_('a planar dynamic series'), _PLANAR),
    'GATED': _Kind(_('a planar gated series'), _PLANAR),
    'TOMO': _Kind(_('SPECT projections'), _RECONSTRUCT),
    'GATED TOMO': _Kind(_('gated SPECT projections'), _RECONSTRUCT),
    'RECON GATED TOMO': _Kind(_('a gated SPECT reconstruction'), _SUMMED),
}

_ONE_ONLY = {
    'EnergyWindowVector': _('energy windows'),
    'DetectorVector': _('detectors'),
    'RotationVector': _('rotations'),
    'PhaseVector': _('phases'),
    'TimeSliceVector': _('times'),
    'RRIntervalVector': _('heart cycles'),
    'TimeSlotVector': _('gates'),
    'AngularViewVector': _('angles'),
}
"""Indices of frames (PS3.3, C.8.4.8) that one volume has one value of."""


def spect_hindrance(file: DicomFile) -> str:
    """
    Why a nuclear medicine image is no volume of activity.

    Parameters
    ----------
    file : DicomFile
        Any file.

    Returns
    -------
    hindrance : str
        What it is and what to do; empty for a reconstruction, and for other
        files than those of NM Image Storage.
    """
    if not file.is_nuclear_medicine:
        return ''
    kinds = [text.upper() for text in file.texts('ImageType')]
    kind = kinds[2] if len(kinds) > 2 else ''
    if TRANSMISSION in kinds[3:]:
        return _('a transmission image, not one of activity: give the emission reconstruction')
    if kind == RECONSTRUCTED:
        return ''
    if kind in _OTHER_KINDS:
        return joined(_OTHER_KINDS[kind], ': ')
    said = _('{tag} is {value}').format(
        tag=tag_text('ImageType'), value='\\'.join(kinds) or _('missing')
    )
    return _('of a kind that is not known ({said}): export the reconstructed series again').format(
        said=said
    )


def slices_of_spect_file(file: DicomFile) -> list[PETSlice]:
    """
    The planes of a reconstructed SPECT image (PS3.3, C.8.4.8, C.8.4.11, C.8.4.15).

    The first frame lies where its detector says; the others follow along the
    cross product of row and column direction, by the signed distance between slices.

    Parameters
    ----------
    file : DicomFile
        A file of NM Image Storage.

    Returns
    -------
    planes : list of PETSlice
        One for each frame, in the order of the file.

    Raises
    ------
    SeriesError
        If it is not one reconstructed volume, or its frames have no places.
    """
    hindrance = spect_hindrance(file)
    if hindrance:
        msg = _('{file} is {hindrance}.').format(file=file.name, hindrance=hindrance)
        raise SeriesError(msg)
    _require_one_of_each(file)
    step_mm = _step_mm(file)
    first = _first_frame(file, step_mm)
    normal = np.cross(first.orientation[:3], first.orientation[3:])
    numbers = np.array(_slices_from_first(file))
    positions = first.position_lps_mm + numbers[:, None] * (step_mm or 0.0) * normal
    return [
        replace(first, position_lps_mm=tuple(position.tolist()), frame=frame)
        for frame, position in enumerate(positions)
    ]


def _first_frame(file: DicomFile, step_mm: float | None) -> PETSlice:
    spacing = file.numbers('PixelSpacing', 2)
    if spacing is None:
        raise missing_element(file.name, 'PixelSpacing')
    scale = _scale(file)
    units = agreed_units(file.name, [scale.code, file.text('Units')]) or COUNTS
    slope, intercept = checked_rescale(file.name, scale.slope, scale.intercept)
    plane = PETSlice(
        file=file,
        position_lps_mm=_of_detector(file, 'ImagePositionPatient', 3),
        orientation=_of_detector(file, 'ImageOrientationPatient', 6),
        pixel_spacing_mm=checked_spacing(file.name, spacing),
        slope=slope,
        intercept=intercept,
        thickness_mm=abs(step_mm) if step_mm else None,
        facts=times_of_file(file),
        units=units,
        has_slope=scale.slope is not None or units.upper() == COUNTS,
        has_intercept=scale.intercept is not None,
        mapped=scale.mapped,
    )
    return with_mappings(plane, real_world_scales(file.items(MAPPING)))


def _scale(file: DicomFile) -> Scale:
    """A slope of 1 says nothing; a real-world mapping then has its say."""
    own = Scale(file.numbers('RescaleSlope', 1), file.numbers('RescaleIntercept', 1))
    if own.slope == (1.0,) and (own.intercept or (0.0,)) == (0.0,):
        mapped = mapped_scale(file.name, Scale(None, None), real_world_scales(file.items(MAPPING)))
        return mapped if mapped.slope is not None else own
    return mapped_scale(file.name, own, real_world_scales(file.items(MAPPING)))


def _require_one_of_each(file: DicomFile) -> None:
    for keyword, what in _ONE_ONLY.items():
        values = sorted(set(file.integers(keyword)))
        if len(values) > 1:
            msg = _(
                '{file} holds several {what}: {tag} runs from {first} to {last}; export the one to '
                'measure as its own series.'
            ).format(
                file=file.name,
                what=what,
                tag=tag_text(keyword),
                first=values[0],
                last=values[-1],
            )
            raise SeriesError(msg)


def _of_detector(file: DicomFile, keyword: str, count: int) -> tuple[float, ...]:
    """Numbers of the one detector that a reconstruction has; the top level may repeat them."""
    places = (*file.items(DETECTOR), file)
    found = {numbers for place in places if (numbers := place.numbers(keyword, count))}
    if not found:
        raise missing_element(file.name, keyword)
    if len(found) > 1:
        told = [', '.join(f'{x:g}' for x in numbers) for numbers in sorted(found)]
        texts = joined(told, _(' and '))
        msg = _(
            '{file} has several values of {tag}: {values}; export the reconstruction again from '
            'its source.'
        ).format(file=file.name, tag=tag_text(keyword), values=texts)
        raise SeriesError(msg)
    return found.pop()


def _step_mm(file: DicomFile) -> float | None:
    """Signed distance from slice to slice; a lone slice may do without."""
    found = file.numbers('SpacingBetweenSlices', 1)
    if found and found[0]:
        return found[0]
    if file.frame_count == 1:
        thickness = file.numbers('SliceThickness', 1)
        return thickness[0] if thickness else None
    said = _('is 0') if found else _('is missing')
    msg = _(
        '{file}: {tag} {said}, so the places of its {frames} frames are unknown; export the '
        'reconstruction again from its source.'
    ).format(
        file=file.name,
        tag=tag_text('SpacingBetweenSlices'),
        said=said,
        frames=file.frame_count,
    )
    raise SeriesError(msg)


def _slices_from_first(file: DicomFile) -> Sequence[int]:
    """How many slices each frame lies behind the first, by Slice Vector."""
    numbers, count = file.integers('SliceVector'), file.frame_count
    if count == 1:
        return [0]
    if sorted(numbers) != list(range(1, count + 1)):
        said = (
            _('is missing')
            if not numbers
            else _('has {count} different values').format(count=len(set(numbers)))
        )
        msg = _(
            '{file}: {tag} {said}, where its {count} frames need one each from 1 to {count}; '
            'export the reconstruction again from its source.'
        ).format(file=file.name, tag=tag_text('SliceVector'), said=said, count=count)
        raise SeriesError(msg)
    if numbers[0] != 1:
        msg = _(
            '{file}: its first frame is slice {number} ({tag}), so {place} may be that of the '
            'first frame or of slice 1; export the reconstruction again from its source.'
        ).format(
            file=file.name,
            number=numbers[0],
            tag=tag_text('SliceVector'),
            place=tag_text('ImagePositionPatient'),
        )
        raise SeriesError(msg)
    return [number - 1 for number in numbers]
