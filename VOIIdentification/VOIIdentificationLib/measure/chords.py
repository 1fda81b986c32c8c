"""Where straight lines run inside a sphere or a cylinder."""

from __future__ import annotations

import numpy as np

from ..core.geometry import FloatArray

_PARALLEL_MM2 = 1e-12
"""Square of a step below which a line runs along an axis, or along the ends of a cylinder."""


def chords_in_round(
    start_mm: FloatArray, step_mm: FloatArray, radius_mm: float
) -> tuple[FloatArray, FloatArray]:
    """
    Chords of lines in a ball around the origin; of lines across an axis, in a circle.

    Parameters
    ----------
    start_mm : (..., 3) `numpy.ndarray` of float
        A point of each line, in millimeter.

    step_mm : (3,) or (..., 3) `numpy.ndarray` of float
        Direction of all lines, or of each; its length is the unit of the results.

    radius_mm : float
        Of the ball.

    Returns
    -------
    middle, half : (...) `numpy.ndarray` of float
        Middle of each chord and half its length, in steps from the start; a
        line that misses has no length.
    """
    a = np.maximum(np.sum(step_mm**2, axis=-1), _PARALLEL_MM2)
    middle = -_dot(start_mm, step_mm) / a
    c = np.sum(start_mm**2, axis=-1) - radius_mm**2
    return middle, np.sqrt(np.maximum(middle**2 - c / a, 0.0))


def chords_in_cylinder(
    start_mm: FloatArray,
    step_mm: FloatArray,
    axis_ras: FloatArray,
    radius_mm: float,
    half_height_mm: float | None,
) -> tuple[FloatArray, FloatArray]:
    """
    Chords of lines in a cylinder around the origin.

    Parameters
    ----------
    start_mm : (..., 3) `numpy.ndarray` of float
        A point of each line, in millimeter.

    step_mm : (3,) or (..., 3) `numpy.ndarray` of float
        Direction of all lines, or of each; its length is the unit of the results.

    axis_ras : (3,) `numpy.ndarray` of float
        Unit vector along the cylinder.

    radius_mm : float
        Of the cylinder.

    half_height_mm : float or None
        Half its height; None for one without ends.

    Returns
    -------
    middle, half : (...) `numpy.ndarray` of float
        As of `chords_in_round`.
    """
    rise, height = np.asarray(step_mm @ axis_ras), np.asarray(start_mm @ axis_ras)
    flat = start_mm - height[..., None] * axis_ras
    middle, half = chords_in_round(flat, step_mm - rise[..., None] * axis_ras, radius_mm)
    if half_height_mm is None:
        return middle, half
    rise = np.copysign(np.maximum(np.abs(rise), np.sqrt(_PARALLEL_MM2)), rise)
    between, half_between = -height / rise, half_height_mm / np.abs(rise)
    low = np.maximum(middle - half, between - half_between)
    high = np.maximum(np.minimum(middle + half, between + half_between), low)
    return (low + high) / 2, (high - low) / 2


def _dot(first: FloatArray, second: FloatArray) -> FloatArray:
    """Products of vectors along the last axis, which a single second one makes a matrix product."""
    if second.ndim == 1:
        return np.asarray(first @ second)
    return np.asarray(np.einsum('...i,...i->...', *np.broadcast_arrays(first, second)))
