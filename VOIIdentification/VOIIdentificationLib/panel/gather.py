"""The panel's situation, gathered from the parameter node, the scene and the files."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from slicer.i18n import tr as _

from ..core.errors import PhantomError, Progress
from ..core.image import PETImage
from ..core.phantom import Phantom
from ..mrml.measured import volume_stamp
from ..mrml.nodes import Node, world_matrix
from ..mrml.outputs import OutputNodes, find_outputs, wanted_rois
from ..mrml.points import all_seeds, next_unset_label
from ..mrml.rois import count_moved
from ..mrml.said import reason_of
from ..mrml.session import Request
from ..mrml.suv_volume import SUV_ATTRIBUTE
from ..mrml.volume import unit_of_volume_node
from ..suv.scale import SUVType
from .activity import known_from_text
from .findings import Line, shown_in_tables
from .limits import limits_of_text
from .phantom import phantom_from_text
from .results import REPORT
from .situation import Scene, VolumeFacts, facts_of_files, settings_of

_INSTANCES_ATTRIBUTE = 'DICOM.instanceUIDs'

_phantom_of = lru_cache(maxsize=8)(phantom_from_text)
"""Asked for at every move of a point."""


def phantom_of(parameters: Any) -> Phantom:
    """
    The phantom that is chosen.

    Parameters
    ----------
    parameters : VOIIdentificationParameterNode
        The user's choices.

    Returns
    -------
    phantom : Phantom
        The default one if none was chosen.

    Raises
    ------
    InputFileError
        If the parameter holds no phantom.
    """
    return _phantom_of(str(parameters.phantom))


def request_of(parameters: Any, *, points: bool = True) -> Request:
    """
    What the next Apply would measure.

    Parameters
    ----------
    parameters : VOIIdentificationParameterNode
        The user's choices.

    points : bool, optional
        Whether with the placed points and the limits, which may not be usable.

    Returns
    -------
    request : Request
        Without volume.

    Raises
    ------
    PhantomError
        If a point lies nowhere, or limits cannot be read.
    """
    phantom, volume = phantom_of(parameters), parameters.inputVolume
    seeds = all_seeds(parameters.seeds, parameters.background, phantom) if points else ()
    rois = wanted_rois(volume) if points and volume else ()
    known = known_from_text(str(parameters.activity))
    return Request(
        *(seeds, phantom, settings_of(parameters), known, rois),
        limits=limits_of_text(str(parameters.limits)) if points else (),
        baseline=str(parameters.baseline),
    )


def request_or_problem(parameters: Any) -> tuple[Request, str]:
    """
    What the next Apply would measure, or why it cannot.

    Parameters
    ----------
    parameters : VOIIdentificationParameterNode
        The user's choices.

    Returns
    -------
    request : Request
        Without its points if the nodes cannot be measured as they stand.

    problem : str
        Why; else empty.
    """
    try:
        if parameters.inputVolume:
            world_matrix(parameters.inputVolume)
        return request_of(parameters), ''
    except PhantomError as error:
        return request_of(parameters, points=False), reason_of(error)


def scene_of(
    parameters: Any, facts: VolumeFacts | None, request: Request, problem: str, *, measuring: bool
) -> Scene:
    """
    What the scene and the disk hold, as far as the panel tells of it.

    Parameters
    ----------
    parameters : VOIIdentificationParameterNode
        The user's choices.

    facts : VolumeFacts or None
        What was read of the volume.

    request, problem : Request, str
        From `request_or_problem`.

    measuring : bool
        Whether Apply works just now.

    Returns
    -------
    scene : Scene
        Plain values.
    """
    outputs = find_outputs(parameters.inputVolume) if parameters.inputVolume else None
    rois = outputs.background_rois if outputs else None
    placed, moved = count_moved(rois) if rois and not problem else (0, 0)
    points = parameters.background
    background = points.GetNumberOfDefinedControlPoints() if points else 0
    folder = Path(parameters.exportFolder) if parameters.exportFolder else None
    return Scene(
        volume=facts,
        problem=problem,
        placed_seeds=_placed_seeds(parameters.seeds, request.phantom),
        next_seed=next_unset_label(parameters.seeds) if parameters.seeds else None,
        background_points=background,
        rois=placed,
        moved_rois=moved,
        has_rois=rois is not None,
        has_outputs=outputs is not None,
        shown=_shown(outputs),
        has_folder=folder is not None and folder.is_dir(),
        has_report=folder is not None and (folder / REPORT).is_file(),
        measuring=measuring,
        limits=str(parameters.limits),
    )


def _placed_seeds(points: Node, phantom: Phantom) -> int:
    """Also where they cannot be measured as they stand."""
    if points is None:
        return 0
    unused = {insert.label for insert in phantom.inserts if not insert.use}
    return sum(
        points.GetNthControlPointPositionStatus(n) == points.PositionDefined
        and points.GetNthControlPointLabel(n) not in unused
        for n in range(points.GetNumberOfControlPoints())
    )


def _shown(outputs: OutputNodes | None) -> tuple[str | Line, ...]:
    """Lines of what the tables hold, which may be those of a scene that was read."""
    return () if outputs is None else shown_in_tables(outputs)


def volume_signature(volume: Node) -> tuple[object, ...]:
    """
    What there is to read of a volume anew when it has changed.

    Parameters
    ----------
    volume : vtkMRMLScalarVolumeNode
        The volume.

    Returns
    -------
    signature : tuple
        Equal as long as `read_volume` would tell the same.
    """
    unit, files = unit_of_volume_node(volume), volume.GetAttribute(_INSTANCES_ATTRIBUTE)
    return (*volume_stamp(volume), unit, volume.GetName(), files)


def read_volume(logic: Any, volume: Node, progress: Progress) -> VolumeFacts:
    """
    What there is to know of a volume.

    Parameters
    ----------
    logic : VOIIdentificationLogic
        Knows the files.

    volume : vtkMRMLScalarVolumeNode
        Its image may not have arrived yet.

    progress : callable
        Told while the files are read.

    Returns
    -------
    facts : VolumeFacts
        With the problem, if it cannot be measured.
    """
    if volume.GetImageData() is None:
        return VolumeFacts(loading=str(volume.GetName()) or _('The volume'))
    facts = facts_of_files(logic.sourceOf(volume, progress))
    if volume.GetAttribute(SUV_ATTRIBUTE):
        already = _('This volume holds SUV already; choose the one that it was made of.')
        facts = replace(facts, suv_refusals=dict.fromkeys(get_args(SUVType), already))
    try:
        image: PETImage = logic.imageOf(volume)
    except PhantomError as error:
        return replace(facts, problem=reason_of(error))
    return replace(
        facts,
        geometry=image.geometry,
        unit=image.unit,
        acquisition=image.acquisition,
        stamp=(*volume_stamp(volume), image.unit),
    )
