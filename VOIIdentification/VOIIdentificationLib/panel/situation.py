"""What the panel decides from: what the user chose, what there is, what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, get_args

from ..core.geometry import VolumeGeometry
from ..core.image import UNKNOWN_UNIT, Acquisition
from ..core.settings import Settings
from ..dicom.source import NO_FILES, VolumeSource
from ..mrml.measured import Measured, Stamp
from ..mrml.session import Request, suv_refusal
from ..suv.scale import SUVType
from ..suv.scan_facts import ScanFacts, scan_facts
from .findings import Line


@dataclass(frozen=True)
class VolumeFacts:
    """
    What was read of the volume that is chosen.

    Attributes
    ----------
    source : VolumeSource
        What its DICOM files say.

    geometry : VolumeGeometry or None
        Its grid in the world; None if it cannot be measured.

    unit : str
        Of its values.

    acquisition : Acquisition
        Facts of the series.

    problem : str
        Why it cannot be measured; else empty.

    scan : ScanFacts
        What the header tells the fill worksheet.

    suv_refusals : mapping of str to str
        By SUV type, why the header does not give it; empty texts where it does.

    suv_made : tuple of str or None
        Type and name of the SUV volume that was made of it last, and its decisions in words.

    loading : str
        Name of a volume whose image has not arrived; else empty.

    stamp : tuple
        Of its voxels and its place; see `Measured`.
    """

    source: VolumeSource = NO_FILES
    geometry: VolumeGeometry | None = None
    unit: str = UNKNOWN_UNIT
    acquisition: Acquisition = field(default_factory=Acquisition)
    problem: str = ''
    scan: ScanFacts = field(default_factory=ScanFacts)
    suv_refusals: Mapping[SUVType, str] = field(default_factory=dict)
    suv_made: tuple[SUVType, str, str] | None = None
    loading: str = ''
    stamp: Stamp = ()


class Choices(NamedTuple):
    """
    What the user chose.

    Attributes
    ----------
    request : Request
        What the next Apply would measure.

    suv_type : {'bw', 'lbm', 'ibw', 'bsa'}
        What an SUV volume is normalized to.
    """

    request: Request
    suv_type: SUVType = 'bw'


@dataclass(frozen=True)
class Scene:
    """
    What the scene and the disk hold, as far as the panel tells of it.

    Attributes
    ----------
    volume : VolumeFacts or None
        Of the volume that is chosen; None if there is none.

    problem : str
        Why the nodes cannot be measured as they stand now; else empty.

    placed_seeds : int
        Seeds that are placed, without those of inserts that are not used.

    next_seed : str or None
        Label of the point that the next click sets.

    background_points : int
        Points of background VOIs that are placed.

    rois, moved_rois : int
        Background ROIs of the last measurement; those of them that are the user's.

    has_rois : bool
        Whether their list exists.

    has_outputs : bool
        Whether there are nodes that show a result.

    shown : tuple of str or Line
        What they show, in lines.

    has_folder, has_report : bool
        Whether the folder of the last export, and a report in it, are there.

    measuring : bool
        Whether Apply works just now.

    limits : str
        Names and files of the limits that are chosen, one a line.
    """

    volume: VolumeFacts | None = None
    problem: str = ''
    placed_seeds: int = 0
    next_seed: str | None = None
    background_points: int = 0
    rois: int = 0
    moved_rois: int = 0
    has_rois: bool = False
    has_outputs: bool = False
    shown: tuple[str | Line, ...] = ()
    has_folder: bool = False
    has_report: bool = False
    measuring: bool = False
    limits: str = ''


def is_stale(chosen: Choices, volume: VolumeFacts | None, measured: Measured) -> bool:
    """
    Whether Apply would now measure something else: voxels, place, points, phantom, worksheet.

    Parameters
    ----------
    chosen : Choices
        What the user chose.

    volume : VolumeFacts or None
        Of the volume that is chosen.

    measured : Measured
        Its last measurement.

    Returns
    -------
    stale : bool
        Also for a volume of which nothing was read.
    """
    same = volume is not None and volume.stamp == measured.stamp
    return not same or not measured.request.same_as(chosen.request)


def facts_of_files(source: VolumeSource) -> VolumeFacts:
    """
    What the files of a volume tell of it.

    Parameters
    ----------
    source : VolumeSource
        What was read of them.

    Returns
    -------
    facts : VolumeFacts
        Without what the volume itself shows.
    """
    header = source.suv_header
    return VolumeFacts(
        source,
        scan=scan_facts(header) if header else ScanFacts(),
        suv_refusals={suv_type: suv_refusal(source, suv_type) for suv_type in get_args(SUVType)},
    )


def settings_of(parameters: Any) -> Settings:
    """
    The settings that are chosen.

    Parameters
    ----------
    parameters : VOIIdentificationParameterNode
        The user's choices.

    Returns
    -------
    settings : Settings
        As an analysis takes them.
    """
    return Settings(
        counting=parameters.counting.value,
        refinement=parameters.refinement.value,
        search_in_plane_mm=parameters.searchInPlaneMm,
        search_axial_mm=parameters.searchAxialMm,
        search_limit_mm=parameters.searchLimitMm,
    )
