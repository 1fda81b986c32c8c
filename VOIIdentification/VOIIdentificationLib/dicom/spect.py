"""Reconstructed SPECT (NM Image Storage): which files it is, and where its frames lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..core.errors import SeriesError
from .attributes import DETECTOR, MAPPING, tag_text
from .enhanced import Scale, agreed_units, mapped_scale, real_world_scales
from .file import RECONSTRUCTED, TRANSMISSION, DicomFile
from .scaling import COUNTS
from .slices import PETSlice, checked_rescale, checked_spacing, missing_element, times_of_file

_RECONSTRUCT = 'give the series that was reconstructed from it'
_SUMMED = 'reconstruct and export all gates or times as one image'


class _Kind(NamedTuple):
    """What a value of Image Type (PS3.3, C.8.4.9.1.1) is, and what to do about it."""

    what: str
    advice: str


_OTHER_KINDS = {
    'STATIC': _Kind('a planar image', 'give a reconstructed SPECT series'),
    'WHOLE BODY': _Kind('a planar whole-body image', 'give a reconstructed SPECT series'),
    'DYNAMIC': _Kind('a planar dynamic series', 'give a reconstructed SPECT series'),
    'GATED': _Kind('a planar gated series', 'give a reconstructed SPECT series'),
    'TOMO': _Kind('SPECT projections', _RECONSTRUCT),
    'GATED TOMO': _Kind('gated SPECT projections', _RECONSTRUCT),
    'RECON GATED TOMO': _Kind('a gated SPECT reconstruction', _SUMMED),
}

_ONE_ONLY = {
    'EnergyWindowVector': 'energy windows',
    'DetectorVector': 'detectors',
    'RotationVector': 'rotations',
    'PhaseVector': 'phases',
    'TimeSliceVector': 'times',
    'RRIntervalVector': 'heart cycles',
    'TimeSlotVector': 'gates',
    'AngularViewVector': 'angles',
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
        return 'a transmission image, not one of activity: give the emission reconstruction'
    if kind == RECONSTRUCTED:
        return ''
    if kind in _OTHER_KINDS:
        return f'{_OTHER_KINDS[kind].what}: {_OTHER_KINDS[kind].advice}'
    said = f'{tag_text("ImageType")} is {chr(92).join(kinds) or "missing"}'
    return f'of a kind that is not known ({said}): export the reconstructed series again'


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
        msg = f'{file.name} is {hindrance}.'
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
    return PETSlice(
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
    )


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
            msg = (
                f'{file.name} holds several {what}: {tag_text(keyword)} runs from {values[0]} to '
                f'{values[-1]}; export the one to measure as its own series.'
            )
            raise SeriesError(msg)


def _of_detector(file: DicomFile, keyword: str, count: int) -> tuple[float, ...]:
    """Numbers of the one detector that a reconstruction has; the top level may repeat them."""
    places = (*file.items(DETECTOR), file)
    found = {numbers for place in places if (numbers := place.numbers(keyword, count))}
    if not found:
        raise missing_element(file.name, keyword)
    if len(found) > 1:
        texts = ' and '.join(', '.join(f'{x:g}' for x in numbers) for numbers in sorted(found))
        msg = (
            f'{file.name} has several values of {tag_text(keyword)}: {texts}; '
            'export the reconstruction again from its source.'
        )
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
    text = 'is 0' if found else 'is missing'
    msg = (
        f'{file.name}: {tag_text("SpacingBetweenSlices")} {text}, so the places of its '
        f'{file.frame_count} frames are unknown; export the reconstruction again from its source.'
    )
    raise SeriesError(msg)


def _slices_from_first(file: DicomFile) -> Sequence[int]:
    """How many slices each frame lies behind the first, by Slice Vector."""
    numbers, count = file.integers('SliceVector'), file.frame_count
    if count == 1:
        return [0]
    if sorted(numbers) != list(range(1, count + 1)):
        said = 'is missing' if not numbers else f'has {len(set(numbers))} different values'
        msg = (
            f'{file.name}: {tag_text("SliceVector")} {said}, where its {count} frames need one '
            f'each from 1 to {count}; export the reconstruction again from its source.'
        )
        raise SeriesError(msg)
    if numbers[0] != 1:
        msg = (
            f'{file.name}: its first frame is slice {numbers[0]} ({tag_text("SliceVector")}), so '
            f'{tag_text("ImagePositionPatient")} may be that of the first frame or of slice 1; '
            'export the reconstruction again from its source.'
        )
        raise SeriesError(msg)
    return [number - 1 for number in numbers]
