"""Pictures of the slices with the VOIs drawn in. No pyplot, no global state."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .colors import insert_colors
from .geometry import FloatArray, VolumeGeometry
from .progress import Progress, no_progress
from .results import AnalysisResult, VOIResult
from .slice_cut import cut_outline_ij
from .table import VALUE_UNIT, plain_text, unit_text

MARGIN_MM = 85.0
"""Shown around the VOIs, so that the body of a NEMA phantom (290 mm wide) fits in."""

WINDOW_PERCENTILE = 99.0
"""Of the voxels shown; the grey scale ends there or at the 95th percentile of a VOI."""

PICTURE_DPI = 100
_LONGER_SIDE_INCHES = 6.4
"""Of the slice; title and color bar come on top."""
_LEFT, _BOTTOM, _TOP, _RIGHT = 0.15, 0.15, 0.45, 1.25
"""Inches around the slice."""

SCALE_BAR_MM = 50.0

_POSITIVE_ENDS = 'RAS'
_NEGATIVE_ENDS = 'LPI'


def write_slice_images(
    result: AnalysisResult, directory: Path, *, progress: Progress = no_progress
) -> tuple[Path, ...]:
    """
    Draw every slice whose middle cuts a VOI.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    directory : `pathlib.Path`
        An existing folder.

    progress : callable, optional
        Told before each picture.

    Returns
    -------
    paths : tuple of `pathlib.Path`
        ``slice_<k>.png``, k padded with zeros so that names sort by slice.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    slices = drawn_slices(result)
    if not slices:
        return ()
    picture = SlicePicture(result)
    digits = len(str(result.image.geometry.shape_kji[0] - 1))
    paths = []
    for number, slice_k in enumerate(slices):
        progress(number / len(slices), f'Drawing slice {slice_k}')
        picture.draw(slice_k)
        paths.append(directory / f'slice_{slice_k:0{digits}d}.png')
        picture.save(paths[-1])
    return tuple(paths)


def drawn_slices(result: AnalysisResult) -> tuple[int, ...]:
    """
    The slices whose middle cuts a VOI.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    slices_k : tuple of int
        Indices, lowest first.
    """
    return tuple(
        sorted({cut.slice_k for voi in _vois(result) for cut in voi.slices if cut.radius_mm > 0})
    )


def grey_window(result: AnalysisResult, field_ij: tuple[slice, slice]) -> tuple[float, float]:
    """
    Grey scale of every picture: the values shown black and white.

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
    statistics = [voi.statistics for voi in _vois(result)]
    highs = [part.percentile_95 for part in statistics if part.percentile_95 is not None]
    lows = [part.min for part in statistics if part.min is not None]
    if shown.size:
        highs.append(float(np.percentile(shown, WINDOW_PERCENTILE)))
    low, high = min([0.0, *lows]), max(highs, default=1.0)
    return low, high if high > low else low + 1.0


def shown_field_ij(result: AnalysisResult) -> tuple[slice, slice]:
    """
    The part of the slices that the pictures show.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    field_ij : tuple of slice
        Columns and rows: all VOIs and 75 mm around them, cut to the image.
    """
    geometry = result.image.geometry
    outlines = [
        cut_outline_ij(voi.solid, geometry, cut.slice_k)
        for voi in _vois(result)
        for cut in voi.slices
    ]
    points = np.concatenate(outlines)
    margin = MARGIN_MM / geometry.spacing_ijk_mm[:2]
    low = np.maximum(np.floor(points.min(axis=0) - margin), 0).astype(int)
    high = np.minimum(np.ceil(points.max(axis=0) + margin) + 1, geometry.size_ijk[:2]).astype(int)
    return slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))


class SlicePicture:
    """
    One figure, drawn again for each slice, which is quicker than many figures.

    Parameters
    ----------
    result : AnalysisResult
        What was found; at least one slice must cut a VOI.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The picture.

    axes : matplotlib.axes.Axes
        Its data coordinates are the indices ``(i, j)`` of the slice.
    """

    def __init__(self, result: AnalysisResult) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self._result = result
        self._colors = insert_colors(result.phantom)
        self._field_ij = shown_field_ij(result)
        self._outlines: list[Any] = []
        width, height = _slice_inches(result.image.geometry, self._field_ij)
        size = (_LEFT + width + _RIGHT, _BOTTOM + height + _TOP)
        self.figure = Figure(figsize=size, dpi=PICTURE_DPI, facecolor='white')
        FigureCanvasAgg(self.figure)
        place = (_LEFT / size[0], _BOTTOM / size[1], width / size[0], height / size[1])
        self.axes = self.figure.add_axes(place)
        self._image = self._show_first_slice()
        self._add_color_bar(
            (place[0] + place[2] + 0.2 / size[0], place[1], 0.2 / size[0], place[3])
        )
        _add_orientation(self.axes, result.image.geometry)
        _add_scale_bar(self.axes, result.image.geometry, self._field_ij)

    def draw(self, slice_k: int) -> None:
        """
        Show a slice and the circles in which its middle cuts the VOIs.

        Parameters
        ----------
        slice_k : int
            Index of the slice.
        """
        columns, rows = self._field_ij
        self._image.set_data(self._result.image.voxels[slice_k, rows, columns])
        self.axes.set_title(_title(self._result.image.geometry, slice_k), fontsize=13)
        for artist in self._outlines:
            artist.remove()
        self._outlines = [
            artist for voi in _vois(self._result) for artist in self._outline(voi, slice_k)
        ]

    def save(self, path: Path) -> None:
        """
        Write the picture as PNG.

        Parameters
        ----------
        path : `pathlib.Path`
            The file to write.
        """
        with warnings.catch_warnings():
            # A label may hold letters that the font lacks; they are drawn as boxes.
            warnings.filterwarnings('ignore', message='Glyph')
            self.figure.savefig(path, dpi=PICTURE_DPI, pil_kwargs={'compress_level': 3})

    def _show_first_slice(self) -> Any:
        geometry = self._result.image.geometry
        columns, rows = self._field_ij
        low, high = grey_window(self._result, self._field_ij)
        spacing = geometry.spacing_ijk_mm
        image = self.axes.imshow(
            self._result.image.voxels[drawn_slices(self._result)[0], rows, columns],
            cmap='gray',
            vmin=low,
            vmax=high,
            interpolation='nearest',
            extent=(columns.start - 0.5, columns.stop - 0.5, rows.stop - 0.5, rows.start - 0.5),
            aspect=spacing[1] / spacing[0],
        )
        flip_i, flip_j = _flips(geometry)
        if flip_i:
            self.axes.invert_xaxis()
        if flip_j:
            self.axes.invert_yaxis()
        self.axes.set_axis_off()
        return image

    def _add_color_bar(self, place: tuple[float, float, float, float]) -> None:
        bar = self.figure.colorbar(self._image, cax=self.figure.add_axes(place), extend='max')
        unit = plain_text(unit_text(VALUE_UNIT, self._result.image.unit))
        bar.set_label(unit, parse_math=False)

    def _outline(self, voi: VOIResult, slice_k: int) -> Sequence[Any]:
        from matplotlib.patches import Polygon

        points = cut_outline_ij(voi.solid, self._result.image.geometry, slice_k)
        if not points.size:
            return ()
        color = self._colors[voi.label]
        polygon = Polygon(points, closed=True, fill=False, edgecolor=color, linewidth=1.4)
        self.axes.add_artist(polygon)
        _, flip_j = _flips(self._result.image.geometry)
        top = points[(np.argmax if flip_j else np.argmin)(points[:, 1])]
        text = self.axes.annotate(
            plain_text(voi.label),
            top,
            xytext=(0, 4),
            textcoords='offset points',
            color=color,
            fontsize=10,
            ha='center',
            va='bottom',
            parse_math=False,
        )
        return polygon, text


def _vois(result: AnalysisResult) -> tuple[VOIResult, ...]:
    return (*result.spheres, *result.background)


def _main_axis(direction_ras: FloatArray) -> int:
    """0, 1 or 2: the patient axis that a direction follows most."""
    return int(np.argmax(np.abs(direction_ras)))


def _flips(geometry: VolumeGeometry) -> tuple[bool, bool]:
    """Whether columns and rows are shown reversed: R, A or S belongs to the left and the top."""
    i, j, _ = geometry.axes_ras_mm.T
    return bool(i[_main_axis(i)] > 0), bool(j[_main_axis(j)] > 0)


def _title(geometry: VolumeGeometry, slice_k: int) -> str:
    normal = geometry.slice_normal_ras
    axis = _main_axis(normal)
    towards = normal * np.sign(normal[axis])
    position_mm = float(towards @ geometry.position_ras_mm((0, 0, slice_k)))
    name = _POSITIVE_ENDS[axis]
    if abs(towards[axis]) > np.cos(np.radians(0.1)):
        return f'Slice NR = {slice_k}    {name} = {position_mm:.1f} mm'
    return f'Slice NR = {slice_k}    {position_mm:.1f} mm along the slice normal (near {name})'


def _add_orientation(axes: Any, geometry: VolumeGeometry) -> None:
    i, j, _ = geometry.axes_ras_mm.T
    for axis, start, stop in [
        (_main_axis(i), (0.02, 0.5), (0.98, 0.5)),
        (_main_axis(j), (0.5, 0.98), (0.5, 0.02)),
    ]:
        for place, ends in [(start, _POSITIVE_ENDS), (stop, _NEGATIVE_ENDS)]:
            _white_text(axes, place, ends[axis])


def _add_scale_bar(axes: Any, geometry: VolumeGeometry, field_ij: tuple[slice, slice]) -> None:
    length = SCALE_BAR_MM / geometry.spacing_ijk_mm[0]
    columns, _ = field_ij
    width = columns.stop - columns.start
    if length > width / 2:
        return
    part = length / width
    axes.plot([0.03, 0.03 + part], [0.03, 0.03], transform=axes.transAxes, color='white', lw=2)
    _white_text(axes, (0.03 + part / 2, 0.05), f'{SCALE_BAR_MM:g} mm')


def _white_text(axes: Any, place: tuple[float, float], text: str) -> None:
    axes.text(*place, text, transform=axes.transAxes, color='white', ha='center', va='center')


def _slice_inches(geometry: VolumeGeometry, field_ij: tuple[slice, slice]) -> tuple[float, float]:
    """Width and height of the drawn slice, whose pixels are as wide as they are in the patient."""
    counts = np.array([part.stop - part.start for part in field_ij])
    size_mm = counts * geometry.spacing_ijk_mm[:2]
    width, height = _LONGER_SIDE_INCHES * size_mm / size_mm.max()
    return float(width), float(height)
