"""One measurement in the scene, from the nodes that were chosen to the nodes that show it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import slicer

from ..analysis import Known, analyze
from ..core.errors import PhantomError, Progress, SUVError, no_progress, part_of
from ..core.flags import Flag
from ..core.image import PETImage
from ..core.phantom import Phantom, Seed
from ..core.sentence import sentence_of, sentences
from ..core.settings import Settings
from ..dicom.source import (
    NO_FILES,
    VolumeSource,
    header_scale,
    stored_image,
    suv_of_volume,
    trace_volume,
)
from ..evaluate.limits import Limits
from ..many.baseline import load_baseline
from ..report.verdicts import with_verdict
from ..results import AnalysisResult
from ..suv.scale import SUVType
from ..suv.scan_facts import scan_facts
from .nodes import Node, require_in_scene, show_as_pet, world_matrix
from .outputs import publish
from .volume import (
    dicom_files,
    image_from_volume_node,
    local_image,
    take_over,
    volume_node_from_image,
)

_ = sentences(__name__)

_OLD_READING = ' (as loaded before)'
"""Ends the name of a volume that was read again."""


@dataclass(frozen=True, eq=False)
class Request:
    """
    All that a measurement depends on besides the volume.

    Attributes
    ----------
    seeds : tuple of Seed
        From `all_seeds`; without any the spheres are found.

    phantom : Phantom
        What was scanned.

    settings : Settings
        How it is measured.

    known : Known
        The fill worksheet, or the true activity.

    rois : tuple of Seed
        Background ROIs that the user has moved, from `wanted_rois`.

    limits : tuple of Limits
        What the result is judged by.

    baseline : str
        Path of an earlier ``results.json``; empty for none.
    """

    seeds: tuple[Seed, ...]
    phantom: Phantom
    settings: Settings = field(default_factory=Settings)
    known: Known = field(default_factory=Known)
    rois: tuple[Seed, ...] = ()
    limits: tuple[Limits, ...] = ()
    baseline: str = ''

    @property
    def points(self) -> tuple[Seed, ...]:
        """All points that `analyze` gets: a seed goes before a ROI of its label."""
        labels = {seed.label for seed in self.seeds}
        return self.seeds + tuple(roi for roi in self.rois if roi.label not in labels)

    def same_as(self, other: Request) -> bool:
        """
        Whether another request would give the same result.

        Parameters
        ----------
        other : Request
            Of the same volume.

        Returns
        -------
        same : bool
            False if anything that was placed, chosen or typed differs.
        """
        mine, theirs = (
            (
                *(one.seeds, one.phantom, one.settings, one.rois, one.limits, one.baseline),
                *(one.known.worksheet, one.known.notes),
            )
            for one in (self, other)
        )
        return mine == theirs


class SourceTracer:
    """
    Compares volumes with their DICOM files, each of them once.

    A volume whose voxels change is compared again.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, VolumeSource]] = {}

    def source(
        self, volume_node: Node, database: Node, progress: Progress = no_progress
    ) -> VolumeSource:
        """
        Where a volume came from.

        Parameters
        ----------
        volume_node : vtkMRMLScalarVolumeNode or None
            The volume.

        database : ctkDICOMDatabase or None
            Where the application keeps what it imported.

        progress : callable, optional
            Told while the files are read; may raise `CanceledError`.

        Returns
        -------
        source : VolumeSource
            Its header, and whether its voxels are those of the files.

        Raises
        ------
        NodeError
            If the volume holds no voxels.
        """
        if volume_node is None:  # said by those that need one
            return NO_FILES
        image_data = volume_node.GetImageData()
        age = image_data.GetMTime() if image_data is not None else 0
        known = self._known.get(volume_node.GetID())
        if known is None or known[0] != age:
            known = (age, _trace(volume_node, database, progress))
            if known[1] is not NO_FILES:  # its files may be imported later
                self._known[volume_node.GetID()] = known
        return known[1]


def measure(
    volume_node: Node,
    request: Request,
    source: VolumeSource = NO_FILES,
    progress: Progress = no_progress,
) -> AnalysisResult:
    """
    Measure a volume, and make or refill the nodes that show the result.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        The scan of the phantom.

    request : Request
        What is asked of it.

    source : VolumeSource, optional
        What the DICOM files say of the volume; the SUV is added where they tell it.

    progress : callable, optional
        Told how far the work is; may raise `CanceledError`, and the scene is
        then as it was before.

    Returns
    -------
    result : AnalysisResult
        Flagged if the voxels are not those of the files.

    Raises
    ------
    PhantomError
        If the volume or the seeds cannot be used.
    """
    image = image_from_volume_node(volume_node, unit=source.unit, acquisition=source.acquisition)
    known = with_header_suv(request.known, volume_node, image, source)
    if not source.trusted:
        known = replace(known, doubt=source.text)
    work, baseline = part_of(progress, 0.0, 0.8), None
    if request.baseline:
        baseline = load_baseline(Path(request.baseline), image, request.phantom)
    result = analyze(image, request.points, request.phantom, request.settings, work, known=known)
    if not source.trusted:
        result = replace(
            result,
            flags=(*result.flags, Flag.VOXELS_DIFFER),
            notes=(*result.notes, source.text),
        )
    result = with_verdict(result, request.limits, baseline)
    progress(0.8, _('filling the scene'))
    publish(result, volume_node)
    return result


def reload_volume(volume_node: Node, database: Node, progress: Progress = no_progress) -> Node:
    """
    Read a volume again from its DICOM files, by the reader of this library.

    Parameters
    ----------
    volume_node : vtkMRMLScalarVolumeNode
        Stays in the scene under another name.

    database : ctkDICOMDatabase
        Knows the files.

    progress : callable, optional
        Told while the files are read; may raise `CanceledError`.

    Returns
    -------
    new : vtkMRMLScalarVolumeNode
        With the name, the linear transform, the place in the subject hierarchy,
        the point lists and the fill worksheet of the old one.

    Raises
    ------
    SeriesError
        If the files are gone or cannot be read.

    NodeError
        If the volume was removed meanwhile.
    """
    image = stored_image(dicom_files(volume_node, database), progress)
    require_in_scene(volume_node)
    name = volume_node.GetName()
    new = volume_node_from_image(image, name, scene=volume_node.GetScene())
    volume_node.SetName(name + _OLD_READING)
    new.SetName(name)  # it was made unique, as the old one had it
    take_over(new, volume_node)
    show_as_pet(new, image)
    return new


def likely_volume(scene: Node) -> Node:
    """
    The volume that the user most likely wants to measure.

    Parameters
    ----------
    scene : vtkMRMLScene
        The scene.

    Returns
    -------
    volume_node : vtkMRMLScalarVolumeNode or None
        The only volume, or the only one in PET colors; else None.
    """
    volumes = [
        node
        for node in slicer.util.getNodesByClass('vtkMRMLScalarVolumeNode', scene)
        if node.GetClassName() == 'vtkMRMLScalarVolumeNode' and node.GetImageData() is not None
    ]
    pet = [node for node in volumes if 'PET' in _color_name(node)]
    for candidates in (volumes, pet):
        if len(candidates) == 1:
            return candidates[0]
    return None


def _trace(volume_node: Node, database: Node, progress: Progress) -> VolumeSource:
    try:
        paths = dicom_files(volume_node, database)
        return trace_volume(local_image(volume_node), paths, progress) if paths else NO_FILES
    except PhantomError as error:
        return VolumeSource(problem=sentence_of(error))


def _color_name(volume_node: Node) -> str:
    display = volume_node.GetDisplayNode()
    colors = display.GetColorNode() if display is not None else None
    return str(colors.GetName()) if colors is not None else ''


def with_header_suv(
    known: Known, volume_node: Node, image: PETImage, source: VolumeSource
) -> Known:
    """
    Add what the header says of the scan and of the SUV.

    Parameters
    ----------
    known : Known
        What is known besides; an SUV that it holds is kept.

    volume_node : vtkMRMLScalarVolumeNode
        The volume.

    image : PETImage
        The same, in the world.

    source : VolumeSource
        What its DICOM files say.

    Returns
    -------
    known : Known
        With the factors for the volume's slices, or with a note why there are none.
    """
    if known.scan is None and source.suv_header is not None:
        known = replace(known, scan=scan_facts(source.suv_header))
    if known.suv is not None or source.geometry is None:  # nothing was read
        return known
    local = image.geometry.transformed(np.linalg.inv(world_matrix(volume_node)))
    try:
        scale = suv_of_volume(local, image.unit, source)
    except SUVError as error:
        return replace(
            known, notes=(*known.notes, _('No SUV: {reason}').format(reason=sentence_of(error)))
        )
    return replace(known, suv=scale)


def suv_refusal(source: VolumeSource, suv_type: SUVType) -> str:
    """
    Why no volume of SUV can be made.

    Parameters
    ----------
    source : VolumeSource
        What the DICOM files say.

    suv_type : {'bw', 'lbm', 'ibw', 'bsa'}
        What to normalize to.

    Returns
    -------
    reason : str
        Empty if it can be made.
    """
    try:
        header_scale(source, suv_type)
    except SUVError as error:
        return sentence_of(error)
    return ''
