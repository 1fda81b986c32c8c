"""VOIs as segments, in the scene or straight into a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from ..core.errors import NodeError, OutputError
from ..core.geometry import VolumeGeometry
from ..measure.voi import VOIResult
from ..measure.voi_mask import VOIMask
from ..report.colors import BACKGROUND_COLOR, RGB, insert_colors
from ..results import AnalysisResult
from .nodes import Node, world_matrix

INSIDE_WEIGHT = 0.5
"""Part of a voxel inside the VOI from which on the voxel belongs to the segment."""

_SURFACE = 'Closed surface'
"""Slicer's name of the representation that is seen in 3-D."""

_SMOOTHING = ('Smoothing factor', '0.2')
"""
Of the surfaces in 3-D. Slicer's default of 0.5 shrinks a 10 mm sphere on 2 to 3 mm
voxels to a ninth of its volume; 0.2 leaves it within 1 % of the voxels' own surface (measured).
"""

DIAMETER_TAG = 'VOI.DiameterMm'
"""Segment tag: the inner diameter, in millimeter, as text."""

KIND_TAG = 'VOI.Kind'
"""Segment tag: ``'insert'`` or ``'background'``; it marks the segments made here."""

FLAGS_TAG = 'VOI.Flags'
"""Segment tag: names of the flags, with spaces between; missing if there are none."""


def fill_segmentation(
    segmentation_node: Node, result: AnalysisResult, volume_node: Node = None
) -> tuple[str, ...]:
    """
    Make one segment of each insert and one of all background VOIs.

    A segment holds the voxels that are at least half inside its VOI, on the
    grid of the image. Segments made by an earlier call are replaced; others,
    which the user drew, stay.

    Parameters
    ----------
    segmentation_node : vtkMRMLSegmentationNode
        It may be under linear transforms.

    result : AnalysisResult
        The VOIs.

    volume_node : vtkMRMLScalarVolumeNode, optional
        The volume that was analyzed: it becomes the reference geometry.

    Returns
    -------
    segment_ids : tuple of str
        In the order of ``result.spheres``; the background, if any, last.

    Raises
    ------
    NodeError
        If the node is under a non-linear transform or refuses a segment.
    """
    geometry = result.image.geometry.transformed(np.linalg.inv(world_matrix(segmentation_node)))
    segmentation = segmentation_node.GetSegmentation()
    in_3d = segmentation.ContainsRepresentation(_SURFACE)
    with slicer.util.NodeModify(segmentation_node):
        _remove_own_segments(segmentation_node)
        _set_reference(segmentation_node, geometry, volume_node)
        ids = [_add_segment(segmentation_node, segment, geometry) for segment in _segments(result)]
        segmentation.SetConversionParameter(*_SMOOTHING)
        if in_3d:  # the last segment to go took the surfaces with it
            segmentation_node.CreateClosedSurfaceRepresentation()
    return tuple(ids)


def write_segmentation(result: AnalysisResult, path: Path) -> None:
    """
    Write the VOIs to a ``.seg.nrrd`` file that Slicer opens as a segmentation.

    Parameters
    ----------
    result : AnalysisResult
        The VOIs.

    path : `pathlib.Path`
        Must end in ``.seg.nrrd``. An existing file is replaced.

    Raises
    ------
    OutputError
        If the file cannot be written; nothing half-written is left.

    ValueError
        If `path` ends otherwise.
    """
    if not path.name.endswith('.seg.nrrd'):
        msg = f'the name of a segmentation file must end in .seg.nrrd, got {path.name}'
        raise ValueError(msg)
    # Without a scene: what is made here is gone when the function returns.
    segmentation_node = slicer.vtkMRMLSegmentationNode()
    segmentation_node.SetName(path.name.removesuffix('.seg.nrrd'))
    fill_segmentation(segmentation_node, result)
    try:
        # Beside the target and then moved: nothing half-written is ever seen.
        with TemporaryDirectory(dir=path.parent, prefix='.segmentation') as directory:
            partial = Path(directory) / path.name
            if _store(segmentation_node, partial):
                partial.replace(path)
                return
            reason = 'the disk may be full'
    except OSError as error:
        reason = error.strerror or str(error)
    msg = f'{path} cannot be written: {reason}. Choose another folder.'
    raise OutputError(msg)


def _store(segmentation_node: Node, path: Path) -> bool:
    storage_node = slicer.vtkMRMLSegmentationStorageNode()
    storage_node.SetCropToMinimumExtent(True)
    storage_node.SetFileName(str(path))
    return bool(storage_node.WriteData(segmentation_node))


@dataclass(frozen=True)
class _Segment:
    """What a segment shows."""

    kind: str
    segment_id: str
    name: str
    color: RGB
    vois: tuple[VOIResult, ...]


def _segments(result: AnalysisResult) -> list[_Segment]:
    colors = insert_colors(result.phantom)
    segments = [
        _Segment('insert', voi.label, _name(voi), colors[voi.label], (voi,))
        for voi in result.spheres
    ]
    if result.background:
        count = len(result.background)
        name = 'Background' if count == 1 else f'Background ({count} VOIs)'
        segments.append(
            _Segment('background', 'Background', name, BACKGROUND_COLOR, result.background)
        )
    return segments


def _name(voi: VOIResult) -> str:
    return f'{voi.label} ({voi.insert.diameter_mm:g} mm)'


def _remove_own_segments(segmentation_node: Node) -> None:
    segmentation = segmentation_node.GetSegmentation()
    for n in reversed(range(segmentation.GetNumberOfSegments())):
        if segmentation.GetNthSegment(n).HasTag(KIND_TAG):
            segmentation_node.RemoveSegment(segmentation.GetNthSegmentID(n))


def _set_reference(segmentation_node: Node, geometry: VolumeGeometry, volume_node: Node) -> None:
    """Tell on which grid to draw, edit and export."""
    whole = slicer.vtkOrientedImageData()
    whole.SetExtent(*_extent(slice(0, n) for n in geometry.shape_kji))
    _place(whole, geometry)
    converter = slicer.vtkSegmentationConverter
    segmentation_node.GetSegmentation().SetConversionParameter(
        converter.GetReferenceImageGeometryParameterName(),
        converter.SerializeImageGeometry(whole),
    )
    if volume_node is not None:
        segmentation_node.SetNodeReferenceID(
            segmentation_node.GetReferenceImageGeometryReferenceRole(), volume_node.GetID()
        )


def _add_segment(segmentation_node: Node, what: _Segment, geometry: VolumeGeometry) -> str:
    segmentation = segmentation_node.GetSegmentation()
    segment_id = segmentation_node.AddSegmentFromBinaryLabelmapRepresentation(
        _labelmap([voi.mask for voi in what.vois], geometry),
        what.name,
        what.color,
        segmentation.GenerateUniqueSegmentID(what.segment_id),
    )
    segment = segmentation.GetSegment(segment_id)
    if segment is None:
        msg = (
            f'the segmentation {segmentation_node.GetName()} does not take the segment '
            f'{what.name}. Choose a new segmentation for the output.'
        )
        raise NodeError(msg)
    segment.SetNameAutoGenerated(False)
    segment.SetColorAutoGenerated(False)
    for tag, value in _tags(what).items():
        segment.SetTag(tag, value)
    return str(segment_id)


def _tags(what: _Segment) -> dict[str, str]:
    flags = sorted({flag.value for voi in what.vois for flag in voi.flags})
    return {
        KIND_TAG: what.kind,
        DIAMETER_TAG: f'{what.vois[0].insert.diameter_mm:g}',
        **({FLAGS_TAG: ' '.join(flags)} if flags else {}),
    }


def _labelmap(masks: Sequence[VOIMask], geometry: VolumeGeometry) -> Node:
    """The voxels at least half inside, on the smallest box around all masks."""
    box = tuple(
        slice(min(part.start for part in axis), max(part.stop for part in axis))
        for axis in zip(*(mask.slices_kji for mask in masks), strict=True)
    )
    labelmap = slicer.vtkOrientedImageData()
    labelmap.SetExtent(*_extent(box))
    labelmap.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    _place(labelmap, geometry)
    inside = vtk_to_numpy(labelmap.GetPointData().GetScalars())
    inside[:] = 0
    inside = inside.reshape([part.stop - part.start for part in box])
    for mask in masks:
        part = tuple(
            slice(own.start - whole.start, own.stop - whole.start)
            for own, whole in zip(mask.slices_kji, box, strict=True)
        )
        inside[part] |= mask.weights >= INSIDE_WEIGHT
    return labelmap


def _extent(slices_kji: Iterable[slice]) -> tuple[int, ...]:
    """First and last index along i, j and k, as VTK orders them."""
    return tuple(n for part in reversed(tuple(slices_kji)) for n in (part.start, part.stop - 1))


def _place(labelmap: Node, geometry: VolumeGeometry) -> None:
    labelmap.SetImageToWorldMatrix(slicer.util.vtkMatrixFromArray(geometry.ijk_to_ras))
