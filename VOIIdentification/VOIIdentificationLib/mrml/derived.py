"""DICOM objects of a result in the scene, derived from the files of its volume."""

from __future__ import annotations

import numpy as np

from ..core.errors import OutputError
from ..core.image import PETImage
from ..core.sentence import sentences
from ..dicom.derived import require_highdicom, source_datasets
from ..dicom.read import image_of_stack, stack_of_files
from ..report.dicom_out import DicomOptions
from ..results import AnalysisResult
from .nodes import Node
from .volume import dicom_files

_ = sentences(__name__)

_SAME_PLACE_MM = 0.01


def dicom_options(result: AnalysisResult, volume_node: Node, database: Node) -> DicomOptions:
    """
    Segmentation and report of a result, derived from the files of its volume.

    Parameters
    ----------
    result : AnalysisResult
        Of the volume.

    volume_node : vtkMRMLScalarVolumeNode
        Loaded from DICOM files.

    database : ctkDICOMDatabase or None
        Knows them.

    Returns
    -------
    options : DicomOptions
        Of a fractional segmentation and a report.

    Raises
    ------
    OutputError
        If highdicom is not installed, the volume did not come from DICOM, or
        what was measured does not lie where the files lie.

    SeriesError
        If the files are gone or cannot be read.
    """
    require_highdicom()
    paths = dicom_files(volume_node, database)
    if not paths:
        msg = _(
            '{volume} did not come from DICOM files that the application knows: no DICOM '
            'segmentation or report can be derived from it. Import the series in the DICOM module '
            'and load it from there, or export without them.'
        ).format(volume=volume_node.GetName())
        raise OutputError(msg)
    stack = stack_of_files(paths)
    _require_same_place(result, image_of_stack(stack), volume_node)
    return DicomOptions(source_datasets(stack.slices), report=True)


def _require_same_place(result: AnalysisResult, stored: PETImage, volume_node: Node) -> None:
    measured = result.image
    series = measured.acquisition.series_instance_uid
    same_series = series in ('', stored.acquisition.series_instance_uid)
    same_shape = measured.geometry.shape_kji == stored.geometry.shape_kji
    matrices = measured.geometry.ijk_to_ras, stored.geometry.ijk_to_ras
    if same_series and same_shape and np.allclose(*matrices, rtol=0, atol=_SAME_PLACE_MM):
        return
    msg = _(
        'what was measured is not where the DICOM files of {volume} lie (another series, a '
        'transform, or another grid): a DICOM segmentation would be in the wrong place. Take the '
        'volume out of the transform and press Apply, or export without DICOM.'
    ).format(volume=volume_node.GetName())
    raise OutputError(msg)
