"""A segmentation in a ``.seg.nrrd`` file, as Slicer's storage node writes it, without Slicer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core.geometry import VolumeGeometry
from ..core.plain_text import plain_line
from .volume import placed_image, write_image

_Index = npt.NDArray[np.int64]
_Layer = npt.NDArray[np.unsignedinteger[Any]]

SURFACE_SMOOTHING = ('Smoothing factor', '0.2')
"""
Of the surfaces in 3-D. Slicer's default of 0.5 shrinks a 10 mm sphere on 2 to 3 mm
voxels to a ninth of its volume; 0.2 leaves it within 1 % of the voxels' own surface (measured).
"""

_LABELMAP = 'Binary labelmap'
"""Slicer's name of the representation that is written."""

_NO_VOXEL = np.empty((0, 3), np.int64)

_NO_TERMINOLOGY = {
    'TerminologyEntry': 'Segmentation category and type - 3D Slicer General Anatomy list'
    '~SCT^85756007^Tissue~SCT^85756007^Tissue~^^~Anatomic codes - DICOM master list~^^~^^'
}
"""Tag of every segment that nobody has given an anatomical meaning: Slicer's vtkSegment."""


@dataclass(frozen=True, eq=False)
class Segment:
    """
    One segment of a segmentation, on a part of the image grid.

    Attributes
    ----------
    segment_id : str
        Unlike that of every other segment.

    name : str
        For people.

    color : tuple of float
        Red, green and blue, from 0 to 1.

    tags : mapping of str to str
        What programs may want to know; no ``|`` in it.

    inside : (K, J, I) `numpy.ndarray` of bool
        The voxels of the segment.

    slices_kji : tuple of slice
        Where `inside` lies in the image.
    """

    segment_id: str
    name: str
    color: tuple[float, float, float]
    tags: Mapping[str, str]
    inside: npt.NDArray[np.bool_]
    slices_kji: tuple[slice, slice, slice]


def write_segmentation(path: Path, segments: Sequence[Segment], geometry: VolumeGeometry) -> None:
    """
    Write segments to a file that Slicer opens as a segmentation.

    Parameters
    ----------
    path : `pathlib.Path`
        Must end in ``.seg.nrrd``. An existing file is replaced.

    segments : sequence of Segment
        They may overlap, and be empty.

    geometry : VolumeGeometry
        The image grid. The file holds the box around the segments, and names
        the whole grid as that on which to draw and export.

    Raises
    ------
    OSError
        If the file cannot be written.

    ValueError
        If `path` ends otherwise.
    """
    if not path.name.endswith('.seg.nrrd'):
        msg = f'the name of a segmentation file must end in .seg.nrrd, got {path.name}'
        raise ValueError(msg)
    voxels_kji = [_voxels_kji(segment) for segment in segments]
    first_kji, last_kji = _corners(np.concatenate([*voxels_kji, _NO_VOXEL]))
    shape_kji = np.maximum(last_kji - first_kji + 1, 1)  # no file is empty, Slicer's neither
    layers, places = _layers([voxels - first_kji for voxels in voxels_kji], shape_kji)
    image = placed_image(_stacked(layers), geometry, first_kji[::-1])
    header = _header(geometry, first_kji)
    for n, (segment, (layer, label)) in enumerate(zip(segments, places, strict=True)):
        extent = _extent(*_corners(np.argwhere(layers[layer])))
        place = {'Layer': f'{layer}', 'LabelValue': f'{label}', 'Extent': extent}
        fields = {**_fields(segment), **place}
        header |= {f'Segment{n}_{key}': value for key, value in fields.items()}
    for key, value in header.items():
        image.SetMetaData(key, plain_line(value))
    write_image(image, path)


def _voxels_kji(segment: Segment) -> _Index:
    """Indices of a segment's voxels in the image, a row each."""
    start_kji = [part.start for part in segment.slices_kji]
    return np.asarray(np.argwhere(segment.inside) + start_kji)


def _corners(voxels_kji: _Index) -> tuple[_Index, _Index]:
    """First and last index of the box around voxels; 0 and -1 if there are none, as in VTK."""
    if not voxels_kji.size:
        return np.zeros(3, np.int64), np.full(3, -1)
    return voxels_kji.min(axis=0), voxels_kji.max(axis=0)


def _layers(
    voxels_kji: Sequence[_Index], shape_kji: _Index
) -> tuple[list[_Layer], list[tuple[int, int]]]:
    """
    Label values on as few layers as Slicer takes, and each segment's layer and label.

    A segment goes to the first layer on which it covers no other.
    """
    empty = np.zeros(shape_kji, np.min_scalar_type(len(voxels_kji)))
    layers: list[_Layer] = []
    places: list[tuple[int, int]] = []
    for voxels in voxels_kji:
        at = tuple(voxels.T)
        layer = next((n for n, labels in enumerate(layers) if not labels[at].any()), len(layers))
        if layer == len(layers):
            layers.append(empty.copy())
        places.append((layer, 1 + sum(taken == layer for taken, _ in places)))
        layers[layer][at] = places[-1][1]
    return layers or [empty], places


def _stacked(layers: Sequence[_Layer]) -> _Layer:
    """The layers as values of one voxel; a single one stays a plain volume."""
    return layers[0] if len(layers) == 1 else np.stack(layers, axis=-1)


def _header(geometry: VolumeGeometry, first_kji: _Index) -> dict[str, str]:
    """What the file says of all segments together."""
    matrix = [_shortest(number) for number in geometry.ijk_to_ras.ravel()]
    last_kji = np.array(geometry.shape_kji) - 1
    grid = ';'.join([*matrix, *_extent(np.zeros(3, np.int64), last_kji).split(), ''])
    parameters = {'Reference image geometry': grid, **dict([SURFACE_SMOOTHING])}
    return {
        'Segmentation_ContainedRepresentationNames': f'{_LABELMAP}|',
        'Segmentation_ConversionParameters': ''.join(f'{k}|{v}|&' for k, v in parameters.items()),
        'Segmentation_MasterRepresentation': _LABELMAP,
        'Segmentation_ReferenceImageExtentOffset': ' '.join(f'{n}' for n in first_kji[::-1]),
    }


def _fields(segment: Segment) -> dict[str, str]:
    """What the file says of one segment, wherever its voxels are."""
    tags = sorted({**_NO_TERMINOLOGY, **segment.tags}.items())
    return {
        'Color': ' '.join(f'{part:g}' for part in segment.color),
        'ColorAutoGenerated': '0',
        'ID': segment.segment_id,
        'Name': segment.name,
        'NameAutoGenerated': '0',
        'Tags': ''.join(f'{key}:{value}|' for key, value in tags),
    }


def _extent(first_kji: _Index, last_kji: _Index) -> str:
    """First and last index along i, j and k, as VTK orders them."""
    return ' '.join(
        f'{n}' for ends in zip(first_kji[::-1], last_kji[::-1], strict=True) for n in ends
    )


def _shortest(number: float) -> str:
    """All digits and no more; 2 and not 2.0, and no negative zero."""
    return np.format_float_positional(number + 0.0, trim='-')
