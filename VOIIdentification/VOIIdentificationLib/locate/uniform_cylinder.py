"""A uniform cylinder, found in the image wherever and however it lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..core.errors import SeedError
from ..core.geometry import FloatArray
from ..core.image import PETImage
from ..core.sentence import sentences
from .cylinder_fit import Ends, Shape, box_kji, fit_shape, point

_ = sentences(__name__)

SMOOTHING_SIGMA_MM = 4.0
"""Blur before the object is sought: voxel noise of 35 % becomes 3 % on 2 mm voxels."""

EDGE_PART = 0.5
"""Part of its value at which a blurred edge lies."""

MAX_MISMATCH = 0.10
"""
Part of the object that lies outside the best cylinder, or of the cylinder outside the object:
a D-shaped body has 0.14; voxels of 4 mm with 70 % noise 0.04, with 100 % 0.08 (measured).
"""

BEYOND_END_MM = 12.0
BEYOND_END_SIGMAS = 3.5
"""An end is seen where the image goes on as far: its blur and some air, 12 mm at most."""

MIN_BUBBLE_ML = 1.0
"""A hole is reported from this size; noise makes no such holes."""

BUBBLE_PART = 0.3
"""A hole is where the blurred image is lower than it should be by this part of the level."""

BUBBLE_SIGMAS = 5.0
"""Standard deviations of the noise by which it must be lower, too."""

_MAD_TO_SD = 1.4826
"""Standard deviation over the median of absolute deviations, of Gaussian noise."""

_AROUND_HOLE_MM = 10.0
"""As far from a hole the blur has spread what is missing."""

_COARSE_MM = 3.0
"""Step of the grid on which the object is sought."""

_FEW_VOXELS, _MANY_VOXELS = 6000, 20000
"""Of the object on the coarse grid: fewer are too few to tell its shape, so many are enough."""

_FINEST = 0.2
_BRIGHT_PERCENTILE = 99.9
_FIRST_PART = 0.4
_ROUNDS = 3
_MIN_VOXELS = 200
_DIRECTIONS = 400
"""Axes that are tried: 8 degrees apart."""

_EXTENT_PERCENTILES = (0.5, 99.5)
_USUAL_SIGMA_MM = 3.4
"""Of 8 mm FWHM: where the fit starts."""


@dataclass(frozen=True)
class FoundCylinder:
    """
    A uniform cylinder in the image.

    Attributes
    ----------
    shape : Shape
        Where it lies.

    ends : Ends
        Which of its ends the image shows.

    mismatch : float
        Part of it that the image does not show, or shows beside it; no unit.

    bubble_ml : float
        Volume of holes in it, in milliliter; 0 without any.
    """

    shape: Shape
    ends: Ends
    mismatch: float
    bubble_ml: float


def find_cylinder(image: PETImage) -> FoundCylinder:
    """
    Find the cylinder that fills most of an image.

    Parameters
    ----------
    image : PETImage
        The scan; the cylinder may lie anywhere, at any angle, and reach out of it.

    Returns
    -------
    found : FoundCylinder
        By a model fit of its blurred surface.

    Raises
    ------
    SeedError
        If there is nothing of that shape.
    """
    smooth, points = _coarse(image, 1.0)
    mask, level = _largest(smooth)
    count = int(np.count_nonzero(mask))
    if count < _FEW_VOXELS:  # an object of small animals' scanners needs a finer look
        smooth, points = _coarse(image, max((count / _MANY_VOXELS) ** (1 / 3), _FINEST))
        mask, level = _largest(smooth)
    guess = _guess(points[mask], level, _voxel_mm3(image, smooth))
    shape, ends = guess, _seen_ends(image, guess)
    for _turn in range(2):  # the second starts near enough to see which ends there are
        shape = fit_shape(image, shape, ends)
        ends = _seen_ends(image, shape)
    mismatch = _mismatch(shape, points, mask)
    if mismatch > MAX_MISMATCH:
        msg = _(
            'no uniform cylinder is found: the largest object in the image differs from the best '
            'cylinder ({diameter:.0f} mm wide, {length:.0f} mm long) in {part:.0f} % of its '
            'volume. Choose the phantom that was scanned.'
        ).format(diameter=2 * shape.radius_mm, length=shape.length_mm, part=100 * mismatch)
        raise SeedError(msg)
    return FoundCylinder(shape, ends, mismatch, _bubble_ml(image, shape))


def _coarse(image: PETImage, scale: float) -> tuple[FloatArray, FloatArray]:
    """The blurred image on a coarse grid, and the position of each of its voxels."""
    spacing = image.geometry.spacing_ijk_mm[::-1]
    filled = np.nan_to_num(image.voxels, nan=0.0, posinf=0.0, neginf=0.0)
    smooth = ndimage.gaussian_filter(filled, scale * SMOOTHING_SIGMA_MM / spacing, mode='nearest')
    steps = np.maximum(np.round(scale * _COARSE_MM / spacing), 1).astype(int)
    k, j, i = (np.arange(0, n, step) for n, step in zip(smooth.shape, steps, strict=True))
    index = np.stack(np.meshgrid(k, j, i, indexing='ij')[::-1], axis=-1)
    return smooth[np.ix_(k, j, i)].astype(float), image.geometry.position_ras_mm(index)


def _voxel_mm3(image: PETImage, smooth: FloatArray) -> float:
    """Volume that one voxel of the coarse grid stands for."""
    steps = np.ceil(np.array(image.voxels.shape) / smooth.shape)
    return float(image.geometry.voxel_volume_mm3 * steps.prod())


def _largest(smooth: FloatArray) -> tuple[npt.NDArray[np.bool_], float]:
    """The largest bright object, and its value."""
    threshold = _FIRST_PART * float(np.percentile(smooth, _BRIGHT_PERCENTILE))
    mask, level = np.zeros(smooth.shape, bool), 0.0
    for _turn in range(_ROUNDS):
        labels, count = ndimage.label(smooth > threshold)
        if count == 0 or not threshold > 0:
            break
        mask = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
        level = float(np.median(smooth[mask]))
        threshold = EDGE_PART * level
    if np.count_nonzero(mask) < _MIN_VOXELS:
        msg = _(
            'no uniform cylinder is found: nothing in the image stands out as a large object of '
            'one value. Its brightest part reads {brightest:.3g}. Check the series.'
        ).format(brightest=smooth.max())
        raise SeedError(msg)
    return mask, level


def _guess(points: FloatArray, level: float, voxel_mm3: float) -> Shape:
    """The direction along which the object looks most like a cylinder of its volume."""
    center = points.mean(axis=0)
    offset = points - center
    spread = np.linalg.eigh(np.cov(offset.T))[1].T
    some = offset[:: max(1, len(offset) // 4000)]
    shapes = [_of_axis(axis, some, len(points) * voxel_mm3) for axis in (*spread, *_hemisphere())]
    inside = [_outside_count(some, *shape) for shape in shapes]
    axis, radius, low, high = shapes[int(np.argmin(inside))]
    return Shape(
        point(center), point(axis), radius, low, high, _USUAL_SIGMA_MM, _USUAL_SIGMA_MM, level
    )


def _of_axis(
    axis: FloatArray, offset: FloatArray, volume_mm3: float
) -> tuple[FloatArray, float, float, float]:
    low, high = np.percentile(offset @ axis, _EXTENT_PERCENTILES)
    part = (_EXTENT_PERCENTILES[1] - _EXTENT_PERCENTILES[0]) / 100.0
    slack = (1.0 / part - 1.0) / 2.0 * (high - low)
    low, high = float(low - slack), float(high + slack)
    return axis, float(np.sqrt(volume_mm3 / np.pi / (high - low))), low, high


def _outside_count(
    offset: FloatArray, axis: FloatArray, radius: float, low: float, high: float
) -> int:
    along = offset @ axis
    across = np.sqrt(np.maximum(np.sum(offset**2, axis=1) - along**2, 0.0))
    return int(np.count_nonzero((across > radius) | (along < low) | (along > high)))


def _hemisphere() -> FloatArray:
    """Directions spread evenly over a half sphere (golden spiral)."""
    n = np.arange(_DIRECTIONS)
    z = (n + 0.5) / _DIRECTIONS
    turn = n * np.pi * (3.0 - np.sqrt(5.0))
    flat = np.sqrt(1.0 - z**2)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), z], axis=1)


def _seen_ends(image: PETImage, shape: Shape) -> Ends:
    """An end is seen if the axis goes on in the image behind it."""
    axis, size = np.asarray(shape.axis_ras), image.geometry.size_ijk
    beyond = min(BEYOND_END_MM, BEYOND_END_SIGMAS * shape.sigma_mm)
    seen = []
    for end, way in ((shape.start_mm, -1.0), (shape.stop_mm, 1.0)):
        behind = np.asarray(shape.center_ras_mm) + axis * (end + way * beyond)
        index = image.geometry.index_ijk(behind)
        seen.append(bool(((index > -0.5) & (index < size - 0.5)).all()))
    return Ends(*seen)


def _mismatch(shape: Shape, points: FloatArray, mask: npt.NDArray[np.bool_]) -> float:
    inside = shape.depth_mm(*shape.coordinates_mm(points)) > 0
    mask = ndimage.uniform_filter(mask.astype(np.float32), 3) > EDGE_PART  # single voxels are noise
    return int(np.count_nonzero(inside != mask)) / max(int(np.count_nonzero(inside)), 1)


def _bubble_ml(image: PETImage, shape: Shape) -> float:
    """Volume of what is missing inside, by how much lower the blurred image is than the model."""
    box = box_kji(image, shape, 0.0)
    spacing = image.geometry.spacing_ijk_mm[::-1]
    filled = np.nan_to_num(image.voxels, nan=0.0, posinf=0.0, neginf=0.0)[box]
    smooth = ndimage.gaussian_filter(filled, SMOOTHING_SIGMA_MM / spacing, mode='nearest')
    start = [part.start for part in box]
    index = np.moveaxis(np.indices(smooth.shape)[::-1], 0, -1) + np.array(start[::-1])
    across, along = shape.coordinates_mm(image.geometry.position_ras_mm(index))
    expected = shape.seen(across, along, SMOOTHING_SIGMA_MM)
    contrast = max(shape.level - shape.outside, 1e-30)
    lower = np.asarray(expected - smooth, dtype=float) / contrast
    noise = _MAD_TO_SD * float(np.median(np.abs(lower[shape.depth_mm(across, along) > 0])))
    labels, count = ndimage.label(lower > max(BUBBLE_PART, BUBBLE_SIGMAS * noise))
    voxel_ml = image.geometry.voxel_volume_mm3 / 1000.0
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:] * voxel_ml
    holes = np.flatnonzero(sizes > MIN_BUBBLE_ML) + 1
    if not holes.size:
        return 0.0
    around = ndimage.distance_transform_edt(~np.isin(labels, holes), spacing) < _AROUND_HOLE_MM
    return max(float(lower[around].sum() * voxel_ml), 0.0)
