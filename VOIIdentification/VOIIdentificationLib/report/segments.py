"""What of a result becomes a segment: its name, its color and its voxels."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from itertools import chain, count

import numpy as np
import numpy.typing as npt

from ..files.segmentation import Segment
from ..measure.statistics import HALF_INSIDE
from ..measure.voi import VOIResult
from ..measure.voi_mask import VOIMask
from ..results import AnalysisResult
from .colors import RGB, voi_colors

DIAMETER_TAG = 'VOI.DiameterMm'
"""Segment tag: the inner diameter, in millimeter, as text."""

KIND_TAG = 'VOI.Kind'
"""Segment tag: ``'insert'`` or ``'background'``; it marks the segments made here."""

FLAGS_TAG = 'VOI.Flags'
"""Segment tag: names of the flags, with spaces between; missing if there are none."""


def result_segments(result: AnalysisResult) -> tuple[Segment, ...]:
    """
    One segment of each insert and one of all background VOIs.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    segments : tuple of Segment
        The voxels that are at least half inside, in the order of
        ``result.spheres``; the background, if any, last.
    """
    colors = voi_colors(result)
    segments = [
        _segment('insert', voi.label, f'{voi.label} ({_diameter(voi)} mm)', colors, (voi,))
        for voi in result.spheres
    ]
    if result.background:
        count = len(result.background)
        name = 'Background' if count == 1 else f'Background ({count} VOIs)'
        segment_id = _free_id('Background', {voi.label for voi in result.spheres})
        segments.append(_segment('background', segment_id, name, colors, result.background))
    return tuple(segments)


def _segment(
    kind: str, segment_id: str, name: str, colors: Mapping[str, RGB], vois: Sequence[VOIResult]
) -> Segment:
    flags = sorted({flag.value for voi in vois for flag in voi.flags})
    tags = {
        KIND_TAG: kind,
        DIAMETER_TAG: _diameter(vois[0]),
        **({FLAGS_TAG: ' '.join(flags)} if flags else {}),
    }
    inside, slices_kji = _half_inside([voi.mask for voi in vois])
    return Segment(segment_id, name, colors[vois[0].label], tags, inside, slices_kji)


def _diameter(voi: VOIResult) -> str:
    return f'{voi.insert.diameter_mm:g}'


def _free_id(wanted: str, taken: Container[str]) -> str:
    """Numbered as Slicer does where the name is taken."""
    names = chain([wanted], (f'{wanted}_{n}' for n in count(1)))
    return next(name for name in names if name not in taken)


def _half_inside(
    masks: Sequence[VOIMask],
) -> tuple[npt.NDArray[np.bool_], tuple[slice, slice, slice]]:
    """The voxels at least half inside, on the smallest box around all masks."""
    k, j, i = (
        slice(min(part.start for part in axis), max(part.stop for part in axis))
        for axis in zip(*(mask.slices_kji for mask in masks), strict=True)
    )
    box = k, j, i
    inside = np.zeros([part.stop - part.start for part in box], bool)
    for mask in masks:
        part = tuple(
            slice(own.start - whole.start, own.stop - whole.start)
            for own, whole in zip(mask.slices_kji, box, strict=True)
        )
        inside[part] |= mask.weights >= HALF_INSIDE
    return inside, box
