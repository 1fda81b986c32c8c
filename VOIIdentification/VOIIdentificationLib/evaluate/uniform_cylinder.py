"""The uniform cylinder: calibration of the scanner, uniformity, and EARL's verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from ..activity.worksheet import FillWorksheet, TrueActivity
from ..core.errors import InputFileError
from ..core.flags import Flag
from ..core.image import PETImage
from ..core.phantom import Insert, UniformCylinder
from ..core.sentence import sentences
from ..core.settings import Counting
from ..locate.cylinder_fit import Shape, point
from ..locate.uniform_cylinder import FoundCylinder
from ..measure.voi import LocatedInsert, VOIResult, measure_voi
from ..suv.scale import SUVScale
from ..suv.scan_facts import ScanFacts
from .cylinder_bias import Bias, bias_contradictions, bias_of, filled_with
from .plausibility import header_contradictions, worksheet_contradictions
from .uniformity import Uniformity, mean_sd, uniformity

_ = sentences(__name__)

MAX_SIZE_DEVIATION = 0.01
"""Of diameter and length from the phantom's; a voxel size in a header is wrong by more."""

MAX_SIZE_SIGMAS = 3.0
"""Standard uncertainties by which they must differ, too."""

MAX_SLICE_DEVIATION_PERCENT = 5.0
"""Of a slice's mean from the VOI's; own rule, half of what EARL accepts for the whole …"""

MAX_SLICE_SIGMAS = 4.0
"""… and as many robust standard deviations of the slice means."""

MIN_VOI_MM = 10.0
"""Diameter and length of the smallest VOI that is worth a mean."""

_MAD_TO_SD = 1.4826
_RIM_POINTS = 72


@dataclass(frozen=True, eq=False)
class CylinderResult:
    """
    A uniform cylinder, found and measured.

    Attributes
    ----------
    voi : VOIResult
        Inside its wall and ends.

    found : FoundCylinder
        Where the image shows it.

    wanted : UniformCylinder
        As the phantom has it.

    tilt_deg : float
        Angle between its axis and the slice normal.

    mean_sd : float or None
        Standard uncertainty of the mean by noise, in the image's unit.

    uniformity : Uniformity
        Slices and extremes.

    bias : Bias
        Calibration.

    suv_mean : float or None
        Mean in SUV; None where the header does not give it.

    flags : tuple of Flag
        Doubts.

    notes : tuple of str
        The same with values.
    """

    voi: VOIResult
    found: FoundCylinder
    wanted: UniformCylinder
    tilt_deg: float
    mean_sd: float | None
    uniformity: Uniformity
    bias: Bias
    suv_mean: float | None
    flags: tuple[Flag, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> Shape:
        """Where the image shows it."""
        return self.found.shape

    @property
    def length_mm(self) -> float | None:
        """Of the cylinder; None where the image does not show both ends."""
        return self.shape.length_mm if all(self.found.ends) else None

    @property
    def volume_ml(self) -> float | None:
        """Of the cylinder; None where the image does not show both ends."""
        if self.length_mm is None:
            return None
        return math.pi * self.shape.radius_mm**2 * self.length_mm / 1000.0


def evaluate_cylinder(
    image: PETImage,
    found: CylinderResult,
    *,
    truth: TrueActivity | None,
    sheet: FillWorksheet | None = None,
    scan: ScanFacts | None = None,
    doubt: str = '',
) -> tuple[CylinderResult, tuple[str, ...]]:
    """
    Compare a cylinder with what was filled in.

    Parameters
    ----------
    image : PETImage
        The scan.

    found : CylinderResult
        What was measured.

    truth : TrueActivity or None
        The true concentration.

    sheet : FillWorksheet, optional
        That it follows from.

    scan : ScanFacts, optional
        What the header says of isotope and times.

    doubt : str, optional
        Why nothing of the image may be judged.

    Returns
    -------
    result : CylinderResult
        With its bias.

    contradictions : tuple of str
        Where worksheet, header and image contradict each other: no verdict.
    """
    filled, unit = filled_with(truth, sheet), image.unit
    mean = found.voi.statistics.mean
    contradictions = (
        *(worksheet_contradictions(sheet) if sheet is not None else ()),
        *(header_contradictions(sheet, scan) if sheet is not None and scan is not None else ()),
        *bias_contradictions(filled, mean, found.volume_ml, unit),
    )
    doubts = ' '.join([*contradictions, doubt]).strip()
    bias = bias_of(filled, mean, found.mean_sd, unit, doubts)
    return replace(found, bias=bias), contradictions


def measure_cylinder(
    image: PETImage,
    found: FoundCylinder,
    wanted: UniformCylinder,
    *,
    counting: Counting = 'partial',
    suv: SUVScale | None = None,
) -> CylinderResult:
    """
    Measure a uniform cylinder that was found.

    Parameters
    ----------
    image : PETImage
        The scan.

    found : FoundCylinder
        Where it lies.

    wanted : UniformCylinder
        The phantom: its size, and how far the VOI stays inside.

    counting : {'partial', 'hard'}, optional
        How voxels are weighted.

    suv : SUVScale, optional
        For the SUV.

    Returns
    -------
    result : CylinderResult
        Not yet compared with what was filled in.

    Raises
    ------
    InputFileError
        If the margins leave no VOI.
    """
    voi = measure_voi(image, _voi(image, found, wanted), counting)
    mean = voi.statistics.mean
    if mean is None or not mean > 0:
        msg = _(
            'the cylinder holds nothing: the mean of its VOI is {mean}. Check the series.'
        ).format(mean=mean)
        raise InputFileError(msg)
    parts = uniformity(image, voi.mask, mean)
    flags, notes = _doubts(found, wanted, parts)
    along = abs(float(np.dot(found.shape.axis_ras, image.geometry.slice_normal_ras)))
    return CylinderResult(
        voi=voi,
        found=found,
        wanted=wanted,
        tilt_deg=math.degrees(math.acos(min(along, 1.0))),
        mean_sd=mean_sd(image, voi.mask),
        uniformity=parts,
        bias=Bias(),
        suv_mean=None if suv is None else _suv_mean(image, voi, suv),
        flags=flags,
        notes=notes,
    )


def _voi(image: PETImage, found: FoundCylinder, wanted: UniformCylinder) -> LocatedInsert:
    shape = found.shape
    diameter = 2.0 * (shape.radius_mm - wanted.wall_margin_mm)
    start, stop = _voi_ends(image, found, wanted, max(diameter, 0.0) / 2)
    if min(diameter, stop - start) < MIN_VOI_MM:
        msg = _(
            'the cylinder in the image is {diameter:.0f} mm wide and {length:.0f} mm long: margins '
            'of {wall:g} mm to the wall and {end:g} mm to the ends leave no VOI. Give smaller ones '
            'in the file of the phantom ("wall_margin_mm", "end_margin_mm").'
        ).format(
            diameter=2 * shape.radius_mm,
            length=shape.length_mm,
            wall=wanted.wall_margin_mm,
            end=wanted.end_margin_mm,
        )
        raise InputFileError(msg)
    axis = np.asarray(shape.axis_ras)
    center = point(np.asarray(shape.center_ras_mm) + axis * (start + stop) / 2)
    insert = Insert(wanted.label, diameter, 'cylinder', stop - start)
    return LocatedInsert(
        insert=insert, seed_ras_mm=center, center_ras_mm=center, axis_ras=shape.axis_ras
    )


def _voi_ends(
    image: PETImage, found: FoundCylinder, wanted: UniformCylinder, radius_mm: float
) -> tuple[float, float]:
    """Inside the ends; where one is not seen, inside the image and where it must be."""
    shape, seen = found.shape, found.ends
    low, high = _within_image(image, shape, radius_mm)
    start, stop = shape.start_mm, shape.stop_mm
    if not seen.start:
        start = low if not seen.stop or wanted.length_mm is None else stop - wanted.length_mm
    if not seen.stop:
        stop = high if not seen.start or wanted.length_mm is None else start + wanted.length_mm
    margin = wanted.end_margin_mm
    start = max(low, start + (margin if seen.start or start > low else 0.0))
    stop = min(high, stop - (margin if seen.stop or stop < high else 0.0))
    return start, stop


def _within_image(image: PETImage, shape: Shape, radius_mm: float) -> tuple[float, float]:
    """How far a tube around the axis stays in the image, both ways from the center."""
    axis = np.asarray(shape.axis_ras)
    first = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
    first /= np.linalg.norm(first)
    angle = np.linspace(0, 2 * np.pi, _RIM_POINTS, endpoint=False)[:, None]
    rim = radius_mm * (np.cos(angle) * first + np.sin(angle) * np.cross(axis, first))
    index = image.geometry.index_ijk(rim + np.asarray(shape.center_ras_mm))
    step = np.linalg.inv(image.geometry.axes_ras_mm) @ axis
    step = np.where(np.abs(step) < 1e-9, 1e-9, step)
    sides = np.stack([-0.5 - index, image.geometry.size_ijk - 0.5 - index]) / step
    low, high = np.sort(sides, axis=0)
    return float(low.max()), float(high.min())


def _suv_mean(image: PETImage, voi: VOIResult, suv: SUVScale) -> float:
    values = image.voxels[voi.mask.slices_kji].astype(float)
    weights = np.where(np.isfinite(values), voi.mask.weights, 0.0)
    factors = suv.factors[voi.mask.slices_kji[0]][:, None, None]
    return float((weights * np.nan_to_num(values) * factors).sum() / weights.sum())


def _doubts(
    found: FoundCylinder, wanted: UniformCylinder, parts: Uniformity
) -> tuple[tuple[Flag, ...], tuple[str, ...]]:
    said: dict[str, Flag] = {}
    shape = found.shape
    sizes = [
        (_('diameter'), 2 * shape.radius_mm, wanted.diameter_mm, 2 * (shape.radius_sd_mm or 0))
    ]
    if all(found.ends):
        sizes.append((_('length'), shape.length_mm, wanted.length_mm, shape.length_sd_mm or 0.0))
    else:
        count = _('one end') if any(found.ends) else _('both ends')
        said[
            _(
                'The image does not show {ends} of the cylinder: its length and volume are not '
                'checked, and the VOI goes on to the edge of the image there.'
            ).format(ends=count)
        ] = Flag.CYLINDER_CUT
    for name, size, nominal, sd in sizes:
        if nominal is not None and _differs(size, nominal, sd):
            said[
                _(
                    'The {name} of the cylinder is {size:.1f} mm in the image and {nominal:g} mm '
                    'in the phantom ({part:+.1f} %): check the voxel size and which phantom was '
                    'scanned.'
                ).format(name=name, size=size, nominal=nominal, part=100 * (size / nominal - 1))
            ] = Flag.CYLINDER_SIZE
    if found.bubble_ml:
        said[
            _(
                'About {volume:.0f} mL of the cylinder hold no activity: an air bubble, or '
                'something in it.'
            ).format(volume=found.bubble_ml)
        ] = Flag.CYLINDER_BUBBLE
    said |= dict.fromkeys(_slices_that_deviate(parts), Flag.SLICES_DEVIATE)
    if None in (wanted.diameter_mm, wanted.length_mm):
        missing = _(
            'The phantom names no size: the voxel size is not checked by that of the cylinder.'
        )
        return tuple(dict.fromkeys(said.values())), (*said, missing)
    return tuple(dict.fromkeys(said.values())), tuple(said)


def _differs(size_mm: float, nominal_mm: float, sd_mm: float) -> bool:
    apart = abs(size_mm - nominal_mm)
    return apart > MAX_SIZE_DEVIATION * nominal_mm and apart > MAX_SIZE_SIGMAS * sd_mm


def _slices_that_deviate(parts: Uniformity) -> list[str]:
    counted = [one for one in parts.slices if one.whole and one.deviation_percent is not None]
    deviations = np.array([one.deviation_percent for one in counted], dtype=float)
    spread = _MAD_TO_SD * float(np.median(np.abs(deviations - np.median(deviations))))
    limit = max(MAX_SLICE_DEVIATION_PERCENT, MAX_SLICE_SIGMAS * spread)
    far = [one for one, apart in zip(counted, np.abs(deviations), strict=True) if apart > limit]
    if not far:
        return []
    slices = ', '.join(f'{one.slice_k} ({one.deviation_percent:+.1f} %)' for one in far[:8])
    more = _(' and {count} more').format(count=len(far) - 8) if len(far) > 8 else ''
    return [
        _(
            'Slices deviate from the mean of the cylinder by more than {limit:.1f} %: '
            '{slices}{more}.'
        ).format(limit=limit, slices=slices, more=more)
    ]
