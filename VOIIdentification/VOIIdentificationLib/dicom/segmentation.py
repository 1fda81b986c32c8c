"""The VOIs as a DICOM Segmentation on the PET's grid, partial voxels kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from .. import __version__
from ..core.errors import OutputError
from ..core.phantom import RGB
from ..core.sentence import sentences
from ..measure.statistics import HALF_INSIDE
from ..measure.voi_mask import VOIMask
from .derived import (
    PRIVATE_SCHEME,
    SEGMENTATION_SERIES_NUMBER,
    SOFTWARE,
    equipment,
    header_errors_named,
    long_string,
    private_coding_scheme,
)

_ = sentences(__name__)

SegmentationKind = Literal['fractional', 'binary']
"""Each voxel's part inside the VOI, or whole voxels of which at least half is inside."""

_FULL = 255
"""MaximumFractionalValue: a weight is stored to half of 1/255."""

_PHYSICAL_OBJECT = ('260787004', 'SCT', 'Physical object')
"""Category of a segment (PS3.16, CID 7150)."""

_SHAPES = {
    'sphere': ('122485', 'DCM', 'Sphere'),
    'cylinder': ('706342009', 'SCT', 'Phantom'),
}
"""Type of a segment by the shape of the insert (CID 7151), which knows no cylinder."""

_METHOD = ('VOI', PRIVATE_SCHEME, 'Volume of interest of known size, fitted to the image')
"""Family of the algorithm."""


class VOISegment(NamedTuple):
    """
    One VOI of a segmentation.

    Attributes
    ----------
    label : str
        For people.

    shape : str
        ``'sphere'`` or ``'cylinder'``.

    color : tuple of float
        Red, green and blue, from 0 to 1.

    mask : VOIMask
        Weights on the grid of the sources.
    """

    label: str
    shape: str
    color: RGB
    mask: VOIMask


def segmentation(
    sources: Sequence[Any], segments: Sequence[VOISegment], kind: SegmentationKind = 'fractional'
) -> Any:
    """
    A Segmentation of the VOIs.

    Parameters
    ----------
    sources : sequence of `pydicom.Dataset`
        The series that was measured, a header each slice in the order of k.

    segments : sequence of VOISegment
        At least one; they may overlap.

    kind : {'fractional', 'binary'}, optional
        FRACTIONAL of type OCCUPANCY, to 1/255; or BINARY, the voxels that are
        at least half inside.

    Returns
    -------
    dataset : `highdicom.seg.Segmentation`
        New UIDs for the object and its series; patient, study and frame of
        reference are those of the sources.

    Raises
    ------
    OutputError
        If there is nothing to segment.
    """
    from highdicom.seg import Segmentation
    from pydicom.uid import generate_uid

    if not segments:
        msg = _('no DICOM segmentation is written: no sphere was measured.')
        raise OutputError(msg)
    first, stop = _slice_range(segments)
    shape = (stop - first, int(sources[0].Rows), int(sources[0].Columns))
    with header_errors_named():
        return Segmentation(
            source_images=list(sources[first:stop]),
            pixel_array=_pixels(segments, shape, first, kind),
            segmentation_type=kind.upper(),
            fractional_type='OCCUPANCY',
            max_fractional_value=_FULL,
            segment_descriptions=[_description(n, one) for n, one in enumerate(segments, 1)],
            series_instance_uid=generate_uid(),
            series_number=SEGMENTATION_SERIES_NUMBER,
            sop_instance_uid=generate_uid(),
            instance_number=1,
            series_description='VOIs of the phantom',
            content_label='VOIS',
            content_description='VOIs of the spheres of a PET phantom',
            coding_schemes=[private_coding_scheme()],
            **equipment(),
        )


def _slice_range(segments: Sequence[VOISegment]) -> tuple[int, int]:
    """First slice with any VOI, and the one after the last."""
    spans = [segment.mask.slices_kji[0] for segment in segments]
    return min(span.start for span in spans), max(span.stop for span in spans)


def _pixels(
    segments: Sequence[VOISegment],
    shape_kji: tuple[int, int, int],
    first_k: int,
    kind: SegmentationKind,
) -> Any:
    """Weights or whole voxels, a channel each segment, on the slices with any VOI."""
    binary = kind == 'binary'
    pixels = np.zeros((*shape_kji, len(segments)), np.uint8 if binary else np.float32)
    for n, segment in enumerate(segments):
        k, j, i = segment.mask.slices_kji
        weights = segment.mask.weights
        inside = weights >= HALF_INSIDE if binary else weights.clip(0.0, 1.0)
        pixels[k.start - first_k : k.stop - first_k, j, i, n] = inside
    return pixels


def _description(number: int, segment: VOISegment) -> Any:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentDescription
    from pydicom.sr.coding import Code
    from pydicom.uid import generate_uid

    red, green, blue = (round(255 * part) for part in segment.color)
    algorithm = AlgorithmIdentificationSequence(
        name=SOFTWARE, version=__version__, family=Code(*_METHOD)
    )
    return SegmentDescription(
        segment_number=number,
        segment_label=long_string(segment.label),
        segmented_property_category=Code(*_PHYSICAL_OBJECT),
        segmented_property_type=Code(*_SHAPES[segment.shape]),
        algorithm_type='SEMIAUTOMATIC',
        algorithm_identification=algorithm,
        tracking_uid=generate_uid(),
        tracking_id=long_string(segment.label),
        display_color=CIELabColor.from_rgb(red, green, blue),
    )
