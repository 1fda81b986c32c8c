"""VOIs as segments, in the scene or straight into a file."""

from __future__ import annotations

from pathlib import Path

from .mrml import Node
from .results import AnalysisResult

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
    raise NotImplementedError


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
    raise NotImplementedError
