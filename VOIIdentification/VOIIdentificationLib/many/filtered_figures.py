"""Recovery, contrast and noise of a scan behind Gaussian filters of many widths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..core.flags import Flag
from ..core.geometry import FloatArray, Point, VolumeGeometry
from ..core.image import PETImage
from ..evaluate.a50 import a50_voi, a50_zone
from ..evaluate.background import background_variability_percent
from ..evaluate.limits import QUANTITY_NAMES, Quantity
from ..evaluate.nema import NEMAResult, percent_contrast_cold, percent_contrast_hot
from ..evaluate.roi_placement import ROI_DIAMETER_MM
from ..measure.moving_voi import PEAK_DIAMETER_MM, windowed_mean
from ..measure.statistics import HALF_INSIDE, slice_roi
from ..measure.voi import VOIResult
from ..measure.voi_mask import Sphere, VOIMask, kernel_mask, voi_mask
from ..results import AnalysisResult
from .gaussian import (
    FilterBox,
    Indices,
    filter_box,
    margin_kji,
    padded_box,
)


class SphereCurve(NamedTuple):
    """
    One sphere against the width of the filter. NaN where it could not be measured.

    Attributes
    ----------
    label : str
        Of the sphere.

    diameter_mm : float
        Inner diameter.

    hot : bool
        Cold spheres have a contrast, but no recovery.

    recovery : dict of str to (W,) `numpy.ndarray`
        ``'rc_max'``, ``'rc_mean'`` and ``'rc_peak'``.

    contrast_percent : (W,) `numpy.ndarray`
        Q of NEMA NU 2, on the common slice.

    variability_percent : (W,) `numpy.ndarray`
        Background variability N of the sphere's diameter.

    flags : tuple of Flag
        Doubts about the sphere in the image without filter.
    """

    label: str
    diameter_mm: float
    hot: bool
    recovery: dict[Quantity, FloatArray]
    contrast_percent: FloatArray
    variability_percent: FloatArray
    flags: tuple[Flag, ...] = ()


class Background(NamedTuple):
    """
    The background against the width of the filter.

    Attributes
    ----------
    level : (W,) `numpy.ndarray`
        B of the A50 threshold, in the image's unit.

    by_diameter : dict of float to tuple of (W,) `numpy.ndarray`
        Mean and variability N of the ROIs of each diameter.

    roughness_percent : (W,) `numpy.ndarray`
        Mean over the largest ROIs of 100 SD / mean of their voxels.
    """

    level: FloatArray
    by_diameter: dict[float, tuple[FloatArray, FloatArray]]
    roughness_percent: FloatArray


def background_curves(result: AnalysisResult, widths: FloatArray) -> Background:
    """
    Measure the background.

    Parameters
    ----------
    result : AnalysisResult
        The scan without filter, with recovery; B is taken by the same rule.

    widths : (W,) `numpy.ndarray`
        FWHM of the filters, in millimeter.

    Returns
    -------
    background : Background
        Against width.
    """
    assert result.recovery is not None
    by_diameter: dict[float, tuple[FloatArray, FloatArray]] = {}
    roughness = np.full(len(widths), np.nan)
    if result.nema is not None and result.nema.background:
        by_diameter, roughness = _roi_curves(result.image, result.nema, widths)
    measured = [voi for voi in result.background if voi.statistics.mean is not None]
    if measured:
        means = [_mean_curve(result.image, voi.mask, widths) for voi in measured]
        volumes = [voi.statistics.volume_ml for voi in measured]
        level = np.average(means, axis=0, weights=volumes)
    elif ROI_DIAMETER_MM in by_diameter:
        level = by_diameter[ROI_DIAMETER_MM][0]
    else:
        level = np.full(len(widths), result.recovery.background)
    return Background(level, by_diameter, roughness)


def _mean_curve(image: PETImage, mask: VOIMask, widths: FloatArray) -> FloatArray:
    """Weighted mean of one region."""
    values = filter_box(image, mask.slices_kji).sweep(widths)
    weights = mask.weights / mask.weights.sum()
    return np.asarray(np.einsum('wkji,kji->w', values, weights))


def _roi_curves(
    image: PETImage, nema: NEMAResult, widths: FloatArray
) -> tuple[dict[float, tuple[FloatArray, FloatArray]], FloatArray]:
    """The background ROIs of NEMA NU 2: all positions as one stack of boxes."""
    rois = [roi.center_ras_mm for roi in nema.placement.rois]
    box, starts, size = _roi_boxes(image, rois, nema.placement.slices_k)
    values = box.sweep(widths)
    k = nema.placement.central_slice_k
    found, roughness = {}, np.full(len(widths), np.nan)
    for level in nema.background:
        circles = [slice_roi(image.geometry, roi, level.diameter_mm, k) for roi in rois]
        weights = np.array(
            [_placed(roi, start, size) for roi, start in zip(circles, starts, strict=True)]
        )
        means = np.einsum('wnkji,nji->wnk', values, weights)
        variability = [background_variability_percent(one) for one in means]
        found[level.diameter_mm] = means.mean(axis=(1, 2)), np.array(variability)
        if level.diameter_mm == nema.placement.roi_diameter_mm:
            squares = np.einsum('wnkji,nji->wnk', values.astype(float) ** 2, weights)
            sds = np.sqrt(np.maximum(squares - means**2, 0))
            roughness = np.mean(100 * sds / means, axis=(1, 2))
    return found, roughness


def _roi_boxes(
    image: PETImage, rois: Sequence[Point], slices_k: Sequence[int]
) -> tuple[FilterBox, Indices, Indices]:
    """A box of one size around each ROI, the first index (j, i) of each, and that size."""
    geometry, k = image.geometry, np.array(slices_k)
    half = np.ceil(ROI_DIAMETER_MM / 2 / geometry.spacing_ijk_mm[1::-1]).astype(int) + 1
    middles = np.rint([geometry.index_ijk(roi)[1::-1] for roi in rois]).astype(int)
    starts, size, margin = middles - half, 2 * half + 1, margin_kji(geometry)
    ends = [
        (np.array([k.min(), *start]), np.array([k.max() + 1, *(start + size)])) for start in starts
    ]
    stack = [padded_box(image.voxels, low - margin, high + margin) for low, high in ends]
    j, i = (margin[n + 1] + np.arange(size[n]) for n in (0, 1))
    places = (margin[0] + k - k.min(), j, i)
    return FilterBox(np.array(stack), places, geometry.spacing_ijk_mm[::-1]), starts, size


def _placed(roi: VOIMask, start_ji: Indices, size_ji: Indices) -> FloatArray:
    """The circle on its box; the same on every slice, as the grid is not sheared."""
    weights = np.zeros(tuple(size_ji))
    (_, j, i), (dj, di) = roi.slices_kji, start_ji
    weights[j.start - dj : j.stop - dj, i.start - di : i.stop - di] = roi.weights[0]
    return np.asarray(weights / weights.sum())


def sphere_curve(
    result: AnalysisResult,
    sphere: VOIResult,
    reference: float,
    widths: FloatArray,
    background: Background,
) -> SphereCurve:
    """
    Measure one insert.

    Parameters
    ----------
    result : AnalysisResult
        The scan without filter.

    sphere : VOIResult
        The insert.

    reference : float
        True concentration of hot inserts.

    widths : (W,) `numpy.ndarray`
        FWHM of the filters, in millimeter.

    background : Background
        Behind the same filters.

    Returns
    -------
    curve : SphereCurve
        Against width.
    """
    unknown = np.full(len(widths), np.nan)
    measured = dict.fromkeys(QUANTITY_NAMES, unknown)
    if sphere.insert.hot and isinstance(sphere.solid, Sphere):
        measured = _recovery_curves(result, sphere, sphere.solid, widths, background.level)
    diameter = sphere.insert.diameter_mm
    level, variability = background.by_diameter.get(diameter, (unknown, unknown))
    contrast = unknown
    if result.nema is not None:
        k = result.nema.placement.central_slice_k
        circle = slice_roi(result.image.geometry, sphere.center_ras_mm, diameter, k)
        means = _mean_curve(result.image, circle, widths)
        contrast = _contrast(result, sphere, means, level)
    return SphereCurve(
        label=sphere.label,
        diameter_mm=diameter,
        hot=sphere.insert.hot,
        recovery={name: values / reference for name, values in measured.items()},
        contrast_percent=contrast,
        variability_percent=variability,
        flags=sphere.flags,
    )


def _recovery_curves(
    result: AnalysisResult,
    sphere: VOIResult,
    solid: Sphere,
    widths: FloatArray,
    level: FloatArray,
) -> dict[Quantity, FloatArray]:
    """Maximum, mean of the A50 VOI and peak, in the image's unit."""
    geometry = result.image.geometry
    here = a50_zone(geometry, solid).slices_kji
    cut = _cut(geometry, here)
    zone, mask = a50_zone(cut, solid), voi_mask(solid, cut, counting=result.settings.counting)
    highest, means = np.full(len(widths), np.nan), np.full(len(widths), np.nan)
    for n, values in enumerate(filter_box(result.image, here).sweep(widths)):
        a50 = a50_voi(PETImage(values, cut), solid, level[n], mask=mask, zone=zone)
        core = values[mask.slices_kji][mask.weights >= HALF_INSIDE]
        highest[n] = core.max() if core.size else np.nan
        means[n] = a50.mean if a50 is not None else np.nan
    peak = _peak_curve(result.image, sphere.mask, widths)
    return {'rc_max': highest, 'rc_mean': means, 'rc_peak': peak}


def _peak_curve(image: PETImage, mask: VOIMask, widths: FloatArray) -> FloatArray:
    """
    Peak of one sphere.

    The mean in 1 cm3 is itself a filter, and filters may change places: it is taken once, of the
    image, and its highest value is looked for behind each Gaussian.
    """
    solid = Sphere('peak', (0.0, 0.0, 0.0), PEAK_DIAMETER_MM)
    weights = kernel_mask(solid, image.geometry).weights
    half, margin = np.array(weights.shape) // 2, margin_kji(image.geometry)
    start, stop = (
        np.array([getattr(s, end) for s in mask.slices_kji]) for end in ('start', 'stop')
    )
    index = np.moveaxis(np.indices(tuple(stop - start)), 0, -1) + start
    fits = ((index >= half) & (index < np.array(image.voxels.shape) - half)).all(axis=-1)
    usable = (mask.weights >= HALF_INSIDE) & fits
    if not usable.any():
        return np.full(len(widths), np.nan)
    wide = padded_box(image.voxels, start - margin - half, stop + margin + half)
    k, j, i = (m + np.arange(n) for m, n in zip(margin, stop - start, strict=True))
    spacing = image.geometry.spacing_ijk_mm[::-1]
    means = FilterBox(windowed_mean(wide, weights), (k, j, i), spacing)
    return np.asarray(means.sweep(widths)[:, usable].max(axis=1), dtype=float)


def _cut(geometry: VolumeGeometry, slices_kji: tuple[slice, slice, slice]) -> VolumeGeometry:
    """The grid of a box of the image."""
    matrix = geometry.ijk_to_ras.copy()
    matrix[:3, 3] = geometry.position_ras_mm([float(s.start) for s in slices_kji[::-1]])
    k, j, i = (s.stop - s.start for s in slices_kji)
    return VolumeGeometry((k, j, i), matrix)


def _contrast(
    result: AnalysisResult, sphere: VOIResult, means: FloatArray, background: FloatArray
) -> FloatArray:
    ratio = result.nema.true_ratio if result.nema else None
    pairs = zip(means.tolist(), background.tolist(), strict=True)
    if not sphere.insert.hot:
        return np.array([percent_contrast_cold(mean, level) for mean, level in pairs])
    if ratio is None or not ratio > 1:
        return np.full(len(means), np.nan)
    return np.array([percent_contrast_hot(mean, level, ratio) for mean, level in pairs])
