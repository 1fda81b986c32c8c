"""A blurred cylinder fitted to an image: place, axis, diameter and both ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import erf

from ..core.geometry import FloatArray, Point
from ..core.image import PETImage

SHELL_MM = 25.0
"""Voxels within this distance of the surface tell where it is."""

MAX_SAMPLES = 30_000
"""Of them: about 7 mm apart on a cylinder of 200 x 200 mm, where noise is hardly shared."""

_ROBUST_PART = 0.2
"""Part of the level from which a deviation counts less: a bubble must not move the wall."""

_MAX_ROUNDS = 60

_FAR_MM = 1000.0
"""An end that is not seen is fitted as if it were this much farther: nothing tells of it."""

_PARAMETERS = 11
_START, _STOP = 5, 6
_AXIAL = 8


class Ends(NamedTuple):
    """
    Whether the image shows both ends of a cylinder.

    Attributes
    ----------
    start, stop : bool
        The end against the axis, and that along it.
    """

    start: bool
    stop: bool


@dataclass(frozen=True)
class Shape:
    """
    A cylinder where the image has it.

    Attributes
    ----------
    center_ras_mm : tuple of float
        A point of the axis, in millimeter.

    axis_ras : tuple of float
        Unit vector along it.

    radius_mm : float
        Of the half of its activity.

    start_mm, stop_mm : float
        Its ends, along the axis from the center.

    sigma_mm, axial_sigma_mm : float
        Blur of wall and ends, in millimeter.

    level, outside : float
        Value inside, and around it.

    radius_sd_mm, length_sd_mm : float or None
        Standard uncertainties of the radius, and of the length between both ends.
    """

    center_ras_mm: Point
    axis_ras: Point
    radius_mm: float
    start_mm: float
    stop_mm: float
    sigma_mm: float
    axial_sigma_mm: float
    level: float
    outside: float = 0.0
    radius_sd_mm: float | None = None
    length_sd_mm: float | None = None

    @property
    def length_mm(self) -> float:
        """Distance of the ends."""
        return self.stop_mm - self.start_mm

    def coordinates_mm(self, position_ras_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
        """
        Points by their distance from the axis and their place along it.

        Parameters
        ----------
        position_ras_mm : (..., 3) `numpy.ndarray` of float
            Any points.

        Returns
        -------
        across_mm, along_mm : (...) `numpy.ndarray` of float
            Along it is counted from the center.
        """
        offset = position_ras_mm - np.asarray(self.center_ras_mm)
        along = offset @ np.asarray(self.axis_ras)
        flat = offset - along[..., None] * np.asarray(self.axis_ras)
        return np.linalg.norm(flat, axis=-1), along

    def depth_mm(self, across_mm: FloatArray, along_mm: FloatArray) -> FloatArray:
        """
        How far points lie inside the surface.

        Parameters
        ----------
        across_mm, along_mm : (...) `numpy.ndarray` of float
            As `coordinates_mm` gives them.

        Returns
        -------
        depth_mm : (...) `numpy.ndarray` of float
            Negative outside.
        """
        wall = self.radius_mm - across_mm
        ends = np.minimum(along_mm - self.start_mm, self.stop_mm - along_mm)
        return np.asarray(np.minimum(wall, ends))

    def seen(
        self, across_mm: FloatArray, along_mm: FloatArray, more_sigma_mm: float = 0.0
    ) -> FloatArray:
        """
        What a scanner shows of it.

        Parameters
        ----------
        across_mm, along_mm : (...) `numpy.ndarray` of float
            As `coordinates_mm` gives them.

        more_sigma_mm : float, optional
            A further blur.

        Returns
        -------
        value : (...) `numpy.ndarray` of float
            In the image's unit.
        """
        wall, ends = (np.hypot(s, more_sigma_mm) for s in (self.sigma_mm, self.axial_sigma_mm))
        # A curved edge moves inward by half its curvature times the variance.
        edge = self.radius_mm - wall**2 / (2.0 * self.radius_mm)
        side = _step((edge - across_mm) / wall)
        between = _step((self.stop_mm - along_mm) / ends) - _step((self.start_mm - along_mm) / ends)
        return np.asarray(self.outside + (self.level - self.outside) * side * between)


def _step(x: FloatArray) -> FloatArray:
    return np.asarray((1.0 + erf(x / np.sqrt(2.0))) / 2.0)


def fit_shape(image: PETImage, guess: Shape, ends: Ends) -> Shape:
    """
    Fit a blurred cylinder by robust least squares.

    Parameters
    ----------
    image : PETImage
        The scan.

    guess : Shape
        Within about 10 mm and 10 degrees.

    ends : Ends
        Which ends the image shows; the others stay where they are.

    Returns
    -------
    shape : Shape
        With standard uncertainties of its size.
    """
    from scipy.optimize import least_squares

    points, values = _samples(image, guess)
    basis = _across(np.asarray(guess.axis_ras))
    free = np.ones(_PARAMETERS, bool)
    free[[_START, _STOP]] = ends
    free[_AXIAL] = any(ends)
    first = _parameters(guess)
    first[_START] -= 0.0 if ends.start else _FAR_MM
    first[_STOP] += 0.0 if ends.stop else _FAR_MM
    scale = max(abs(guess.level), 1e-30)

    def _left_over(some: FloatArray) -> FloatArray:
        full = first.copy()
        full[free] = some
        shape = _shape(full, guess, basis)
        return np.asarray((shape.seen(*shape.coordinates_mm(points)) - values) / scale)

    found = least_squares(
        _left_over,
        first[free],
        loss='soft_l1',
        f_scale=_ROBUST_PART,
        max_nfev=_MAX_ROUNDS,
        x_scale=_SCALES[free],
    )
    full = first.copy()
    full[free] = found.x
    full[[_START, _STOP]] += (0.0 if ends.start else _FAR_MM, 0.0 if ends.stop else -_FAR_MM)
    shape = _shape(full, guess, basis)
    covariance = np.zeros((_PARAMETERS, _PARAMETERS))
    spread = float(np.mean(_left_over(found.x) ** 2))
    covariance[np.ix_(free, free)] = spread * np.linalg.pinv(found.jac.T @ found.jac)
    return _with_uncertainty(shape, covariance, ends)


_SCALES = np.array([1.0, 1.0, 0.01, 0.01, 1.0, 1.0, 1.0, 0.1, 0.1, 0.01, 0.01])
"""Usual steps: two lengths across, two angles, radius, ends, two logarithms, two levels."""


def _parameters(guess: Shape) -> FloatArray:
    blur = np.log([guess.sigma_mm, guess.axial_sigma_mm])
    size = [guess.radius_mm, guess.start_mm, guess.stop_mm]
    return np.array([0.0, 0.0, 0.0, 0.0, *size, *blur, 1.0, guess.outside / guess.level])


def _shape(full: FloatArray, guess: Shape, basis: FloatArray) -> Shape:
    axis = np.asarray(guess.axis_ras) + full[2:4] @ basis
    axis = axis / np.linalg.norm(axis)
    center = np.asarray(guess.center_ras_mm) + full[:2] @ basis
    radius, start, stop, log_sigma, log_axial, level, outside = (float(x) for x in full[4:])
    sigma, axial = (float(np.exp(np.clip(x, -3.0, 4.0))) for x in (log_sigma, log_axial))
    return Shape(
        point(center),
        point(axis),
        radius,
        start,
        stop,
        sigma,
        axial,
        level * guess.level,
        outside * guess.level,
    )


def _with_uncertainty(shape: Shape, covariance: FloatArray, ends: Ends) -> Shape:
    from dataclasses import replace

    both = covariance[_START, _START] + covariance[_STOP, _STOP] - 2 * covariance[_START, _STOP]
    return replace(
        shape,
        radius_sd_mm=float(np.sqrt(covariance[4, 4])),
        length_sd_mm=float(np.sqrt(max(both, 0.0))) if all(ends) else None,
    )


def _samples(image: PETImage, guess: Shape) -> tuple[FloatArray, FloatArray]:
    """Voxels near the surface, drawn evenly; always the same of one image."""
    index_kji = np.stack(np.nonzero(np.isfinite(image.voxels[_box(image, guess)])), axis=-1)
    start = [part.start for part in _box(image, guess)]
    points = image.geometry.position_ras_mm((index_kji + start)[:, ::-1])
    across, along = guess.coordinates_mm(points)
    near = np.flatnonzero(np.abs(guess.depth_mm(across, along)) < SHELL_MM)
    if near.size > MAX_SAMPLES:
        near = np.random.default_rng(0).choice(near, MAX_SAMPLES, replace=False)
    k, j, i = (index_kji[near] + start).T
    return points[near], image.voxels[k, j, i].astype(float)


def _box(image: PETImage, guess: Shape) -> tuple[slice, slice, slice]:
    return box_kji(image, guess, SHELL_MM)


def box_kji(image: PETImage, shape: Shape, margin_mm: float) -> tuple[slice, slice, slice]:
    """
    The voxels around a cylinder.

    Parameters
    ----------
    image : PETImage
        The scan.

    shape : Shape
        The cylinder.

    margin_mm : float
        How far around it.

    Returns
    -------
    box : tuple of slice
        Along k, j and i, cut to the image.
    """
    axis = np.asarray(shape.axis_ras)
    middle = np.asarray(shape.center_ras_mm) + axis * (shape.start_mm + shape.stop_mm) / 2
    inverse = np.linalg.inv(image.geometry.axes_ras_mm)
    across = np.linalg.norm(inverse - np.outer(inverse @ axis, axis), axis=1)
    reach = (shape.radius_mm + margin_mm) * across
    reach += (shape.length_mm / 2 + margin_mm) * np.abs(inverse @ axis)
    index = image.geometry.index_ijk(middle)
    low = np.clip(np.floor(index - reach), 0, image.geometry.size_ijk - 1).astype(int)
    high = np.clip(np.ceil(index + reach) + 1, low + 1, image.geometry.size_ijk).astype(int)
    k, j, i = (slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))
    return k, j, i


def _across(axis: FloatArray) -> FloatArray:
    """Two unit vectors at right angles to an axis, as rows."""
    first = np.cross(axis, np.eye(3)[np.argmin(np.abs(axis))])
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(axis, first)])


def point(vector: npt.ArrayLike) -> Point:
    """
    A vector as plain numbers.

    Parameters
    ----------
    vector : (3,) array_like of float
        Any vector.

    Returns
    -------
    point : tuple of float
        The same.
    """
    x, y, z = (float(part) for part in np.asarray(vector))
    return x, y, z
