"""A slice with the VOIs drawn in, on axes of matplotlib that somebody else has made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..core.geometry import FloatArray, VolumeGeometry
from ..core.phantom import insert_colors
from ..core.plain_text import plain_text
from ..evaluate.nema import rois_on_slice
from ..measure.voi import VOIResult
from ..measure.voi_mask import Cylinder, Solid
from ..results import AnalysisResult
from .outline import outline_ras_mm

MARGIN_MM = 85.0
"""Shown around the VOIs, so that the body of a NEMA phantom (290 mm wide) fits in."""

WINDOW_PERCENTILE = 99.0
"""Of the voxels shown; the grey scale ends there or at the 95th percentile of a VOI."""

SCALE_BAR_MM = 50.0

OUTLINE_POINTS = 120
"""Corners of an outline: a 37 mm circle then deviates by less than 0.01 mm."""

_TRANSVERSE_WITHIN_DEG = 0.1
"""Tilt of the slice normal up to which a slice is said to lie at one R, A or S."""

_OBLIQUE_PART = 0.4
"""Part of a direction from which a second letter is written, as in ``RA``."""

_SHADE = {'facecolor': 'black', 'alpha': 0.6, 'linewidth': 0, 'pad': 1.0}
"""Behind letters, so that they can be read on bright voxels."""

_ROI_COLOR = (0.75, 1.0, 0.85)
"""Of the ROIs of NEMA NU 2, which are drawn thinly."""

_ENDS = ('LPI', 'RAS')


def drawn_slices(result: AnalysisResult) -> tuple[int, ...]:
    """
    List the slices whose middle cuts a VOI, or that hold background ROIs.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    slices_k : tuple of int
        Indices, lowest first.
    """
    cut_k = {cut.slice_k for voi in result.vois for cut in voi.slices if cut.radius_mm > 0}
    placement = None if result.nema is None else result.nema.placement
    roi_k = placement.slices_k if placement is not None and placement.rois else ()
    return tuple(sorted(cut_k.union(roi_k)))


def shown_field_ij(result: AnalysisResult) -> tuple[slice, slice]:
    """
    Choose the part of the slices that is shown.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    field_ij : tuple of slice
        Columns and rows: all VOIs and 85 mm around them, cut to the image.
    """
    geometry = result.image.geometry
    outlines = [
        cut_outline_ij(voi.solid, geometry, cut.slice_k)
        for voi in result.vois
        for cut in voi.slices
    ]
    points = np.concatenate(outlines)
    margin = MARGIN_MM / geometry.spacing_ijk_mm[:2]
    low = np.maximum(np.floor(points.min(axis=0) - margin), 0).astype(int)
    high = np.minimum(np.ceil(points.max(axis=0) + margin) + 1, geometry.size_ijk[:2]).astype(int)
    return slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))


def grey_window(result: AnalysisResult, field_ij: tuple[slice, slice]) -> tuple[float, float]:
    """
    Choose the values shown black and white, the same in every picture.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    field_ij : tuple of slice
        The part of the slices that is shown.

    Returns
    -------
    low, high : float
        From 0, or the lowest voxel of a VOI if that is negative, to the
        highest 95th percentile of a VOI or the 99th percentile of what is
        shown, whichever is larger. Noise at the edge of the volume, often
        the maximum of all, does not darken the pictures.
    """
    slices = list(drawn_slices(result))
    shown = result.image.voxels[slices, field_ij[1], field_ij[0]][:, ::2, ::2]
    shown = shown[np.isfinite(shown)]
    statistics = [voi.statistics for voi in result.vois]
    highs = [part.percentile_95 for part in statistics if part.percentile_95 is not None]
    lows = [part.min for part in statistics if part.min is not None]
    if shown.size:
        highs.append(float(np.percentile(shown, WINDOW_PERCENTILE)))
    low, high = min([0.0, *lows]), max(highs, default=1.0)
    return low, high if high > low else low + 1.0


def cut_outline_ij(solid: Solid, geometry: VolumeGeometry, slice_k: int) -> FloatArray:
    """
    Outline of a VOI in one slice, to be drawn over its voxels.

    Parameters
    ----------
    solid : Sphere or Cylinder
        The VOI.

    geometry : VolumeGeometry
        The image grid. On a sheared or anisotropic one the circle is no
        circle in index space.

    slice_k : int
        Index of the slice.

    Returns
    -------
    outline_ij : (N, 2) `numpy.ndarray` of float
        Indices ``(i, j)`` along the outline, not closed; empty where the
        middle of the slice misses the VOI.
    """
    along_i, along_j = geometry.axes_ras_mm[:, 0], geometry.axes_ras_mm[:, 1]
    on_slice = geometry.position_ras_mm((0, 0, slice_k))
    points = outline_ras_mm(solid, geometry, on_slice, (along_i, along_j), OUTLINE_POINTS)
    return geometry.index_ijk(points)[:, :2]


class SliceView:
    """
    One slice at a time; drawing the next is quicker than a new figure.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw. Its data coordinates become the indices ``(i, j)``.

    result : AnalysisResult
        What was found; at least one slice must cut a VOI.

    field_ij : tuple of slice
        Columns and rows to show.

    Attributes
    ----------
    image : matplotlib.image.AxesImage
        The slice, for a color bar.

    window : tuple of float
        Values shown black and white.
    """

    def __init__(self, axes: Any, result: AnalysisResult, field_ij: tuple[slice, slice]) -> None:
        geometry = result.image.geometry
        self._axes, self._result = axes, result
        self._colors = insert_colors(result.phantom)
        self._field_ij = field_ij
        self.window = grey_window(result, field_ij)
        self._outlines: list[Any] = []
        columns, rows = field_ij
        first = result.image.voxels[drawn_slices(result)[0], rows, columns]
        self.image = show_plane(axes, first, field_ij, geometry.axes_ras_mm[:, :2], self.window)

    def draw(self, slice_k: int) -> None:
        """
        Show a slice, the circles in which its middle cuts the VOIs, and its ROIs.

        Parameters
        ----------
        slice_k : int
            Index of the slice.
        """
        columns, rows = self._field_ij
        self.image.set_data(self._result.image.voxels[slice_k, rows, columns])
        self._axes.set_title(_title(self._result.image.geometry, slice_k), fontsize=13)
        for artist in self._outlines:
            artist.remove()
        nema = self._result.nema
        rois = () if nema is None else rois_on_slice(nema, self._result.image.geometry, slice_k)
        self._outlines = [
            *(artist for roi in rois for artist in self._thin_outline(roi, slice_k)),
            *(artist for voi in self._result.vois for artist in self._outline(voi, slice_k)),
        ]

    def _thin_outline(self, roi: Cylinder, slice_k: int) -> Sequence[Any]:
        points = cut_outline_ij(roi, self._result.image.geometry, slice_k)
        closed = np.concatenate([points, points[:1]])
        line = self._axes.plot(
            *closed.T, color=_ROI_COLOR, lw=0.7, ls=(0, (4, 2)), scalex=False, scaley=False
        )
        name = self._axes.text(
            *points.mean(axis=0),
            plain_text(roi.label),
            color=_ROI_COLOR,
            fontsize=6.5,
            ha='center',
            va='center',
            clip_on=True,
            parse_math=False,
        )
        return (*line, name)

    def _outline(self, voi: VOIResult, slice_k: int) -> Sequence[Any]:
        points = cut_outline_ij(voi.solid, self._result.image.geometry, slice_k)
        if not points.size:
            return ()
        color = self._colors[voi.label]
        closed = np.concatenate([points, points[:1]])
        line = self._axes.plot(*closed.T, color=color, lw=1.4, scalex=False, scaley=False)
        upwards = points[:, 1] if _reversed(self._axes_of_rows()) else -points[:, 1]
        label = self._axes.annotate(
            plain_text(voi.label),
            points[np.argmax(upwards)],
            xytext=(0, 4),
            textcoords='offset points',
            color=color,
            fontsize=10,
            ha='center',
            va='bottom',
            bbox=_SHADE,
            parse_math=False,
        )
        return (*line, label)

    def _axes_of_rows(self) -> FloatArray:
        return self._result.image.geometry.axes_ras_mm[:, 1]


def show_plane(
    axes: Any,
    plane: npt.NDArray[np.float32],
    field: tuple[slice, slice],
    edges_ras_mm: FloatArray,
    window: tuple[float, float],
) -> Any:
    """
    Show a plane of voxels as wide and high as it is in the patient.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw. Its data coordinates become indices.

    plane : (V, U) `numpy.ndarray` of float
        The voxels: rows of the picture first.

    field : tuple of slice
        Indices that `plane` covers, across and down.

    edges_ras_mm : (3, 2) `numpy.ndarray` of float
        Voxel edges along the indices across and down.

    window : tuple of float
        Values shown black and white.

    Returns
    -------
    image : matplotlib.image.AxesImage
        The plane. R, A and S are on the left or at the top, with letters.
    """
    across, down = field
    lengths = np.linalg.norm(edges_ras_mm, axis=0)
    image = axes.imshow(
        plane,
        cmap='gray',
        vmin=window[0],
        vmax=window[1],
        interpolation='nearest',
        extent=(across.start - 0.5, across.stop - 0.5, down.stop - 0.5, down.start - 0.5),
        aspect=lengths[1] / lengths[0],
    )
    if _reversed(edges_ras_mm[:, 0]):
        axes.invert_xaxis()
    if _reversed(edges_ras_mm[:, 1]):
        axes.invert_yaxis()
    axes.set_axis_off()
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_visible(False)  # or the title looks for room beside ticks that nobody sees
    _add_letters(axes, edges_ras_mm)
    _add_scale_bar(axes, (across.stop - across.start) * lengths[0])
    return image


def _main_axis(direction_ras: FloatArray) -> int:
    """0, 1 or 2: the patient axis that a direction follows most."""
    return int(np.argmax(np.abs(direction_ras)))


def _reversed(edge_ras_mm: FloatArray) -> bool:
    """Whether an index is drawn backwards, so that R, A or S is on the left or at the top."""
    return bool(edge_ras_mm[_main_axis(edge_ras_mm)] > 0)


def _letters(direction_ras: FloatArray) -> str:
    """Where a direction points: ``'R'``, or ``'RA'`` if it is oblique."""
    part = direction_ras / np.linalg.norm(direction_ras)
    order = np.argsort(-np.abs(part), kind='stable')
    return ''.join(_ENDS[int(part[n] > 0)][n] for n in order if abs(part[n]) > _OBLIQUE_PART)


def _add_letters(axes: Any, edges_ras_mm: FloatArray) -> None:
    places = [((0.0, 0.5), (1.0, 0.5)), ((0.5, 1.0), (0.5, 0.0))]
    inwards = [((12, 0), (-12, 0)), ((0, -10), (0, 10))]
    for edge, ends, offsets in zip(edges_ras_mm.T, places, inwards, strict=True):
        to_start = edge * np.sign(edge[_main_axis(edge)])
        _white_text(axes, ends[0], offsets[0], _letters(to_start))
        _white_text(axes, ends[1], offsets[1], _letters(-to_start))


def _add_scale_bar(axes: Any, width_mm: float) -> None:
    part = SCALE_BAR_MM / width_mm
    if part > 1 / 3:
        return
    axes.plot([0.03, 0.03 + part], [0.03, 0.03], transform=axes.transAxes, color='white', lw=2)
    _white_text(axes, (0.03 + part / 2, 0.03), (0, 9), f'{SCALE_BAR_MM:g} mm')


def _white_text(
    axes: Any, place: tuple[float, float], offset: tuple[float, float], text: str
) -> None:
    """Text at a fraction of the axes, moved by some points."""
    axes.annotate(
        text,
        place,
        xycoords='axes fraction',
        xytext=offset,
        textcoords='offset points',
        color='white',
        ha='center',
        va='center',
        bbox=_SHADE,
    )


def _title(geometry: VolumeGeometry, slice_k: int) -> str:
    normal = geometry.slice_normal_ras
    axis = _main_axis(normal)
    towards = normal * np.sign(normal[axis])
    position_mm = float(towards @ geometry.position_ras_mm((0, 0, slice_k)))
    name = _ENDS[1][axis]
    if towards[axis] > np.cos(np.radians(_TRANSVERSE_WITHIN_DEG)):
        return f'Slice NR = {slice_k}    {name} = {position_mm:.1f} mm'
    return f'Slice NR = {slice_k}    {position_mm:.1f} mm along the slice normal (near {name})'
