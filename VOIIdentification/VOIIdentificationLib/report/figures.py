"""Pictures as PNG and SVG files. Figures of their own: no pyplot, no global state."""

from __future__ import annotations

import math
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import Progress, no_progress
from ..core.geometry import FloatArray, VolumeGeometry
from ..core.phantom import insert_colors
from ..core.plain_text import plain_line, plain_text
from ..core.sentence import sentences
from ..measure.voi import VOIResult
from ..measure.voi_mask import Solid, Sphere
from ..results import AnalysisResult
from .curves import Panel, image_unit, plot_values, quality_panels
from .page.png import drawing_png
from .slice_view import (
    SliceView,
    drawn_slices,
    show_plane,
    shown_field_ij,
)
from .summary import trace_line, verdict_line

_ = sentences(__name__)

PICTURE_DPI = 100

_LONGER_SIDE_INCHES = 6.4
"""Of the slice; title and color bar come on top."""

_LEFT, _BOTTOM, _TOP, _RIGHT = 0.15, 0.6, 0.45, 1.25
"""Inches around the slice."""

_OVERVIEW_INCHES = (11.6, 6.0)
_ROW_INCHES = 2.8
"""Height of a row of small plots."""

_ROW_LENGTH = 3
"""Small plots in a row."""

_CAPTION_INCHES = 0.5
_CAPTION_POINTS = 8.0
_LETTERS_PER_INCH = 15
"""Of a caption; a longer one goes on in the next line."""

_CAPTION_LINES = 2
"""Of where a picture comes from; the verdict has one of its own."""

_OUTLINE_SAMPLES = 81
"""Per direction, for the outline of a VOI in a plane across the slices."""


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
        progress(number / len(slices), _('Drawing slice {k}').format(k=slice_k))
        picture.draw(slice_k)
        paths.append(directory / f'slice_{slice_k:0{digits}d}.png')
        picture.save(paths[-1])
    return tuple(paths)


class SlicePicture:
    """
    A slice with its title and color bar.

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
        field_ij = shown_field_ij(result)
        width, height = _slice_inches(result.image.geometry, field_ij)
        size = np.array([_LEFT + width + _RIGHT, _BOTTOM + height + _TOP])
        self.figure = _figure((float(size[0]), float(size[1])))
        self.axes = self.figure.add_axes((*(_LEFT, _BOTTOM) / size, *(width, height) / size))
        self._view = SliceView(self.axes, result, field_ij)
        bar = (*(_LEFT + width + 0.2, _BOTTOM) / size, *(0.2, height) / size)
        _add_color_bar(self.figure, self._view.image, bar, result)
        _add_caption(self.figure, result)
        self._frame = self._drawn_frame()

    def _drawn_frame(self) -> Any:
        """The pixels around the slice, the same in every picture: the color bar takes long."""
        self.axes.set_visible(False)
        with _missing_letters_allowed():
            self.figure.canvas.draw()
        self.axes.set_visible(True)
        return self.figure.canvas.copy_from_bbox(self.figure.bbox)

    def draw(self, slice_k: int) -> None:
        """
        Show a slice and the circles in which its middle cuts the VOIs.

        Parameters
        ----------
        slice_k : int
            Index of the slice.
        """
        self._view.draw(slice_k)

    def save(self, path: Path) -> None:
        """
        Write the picture as PNG.

        Parameters
        ----------
        path : `pathlib.Path`
            The file to write.
        """
        canvas = self.figure.canvas
        canvas.restore_region(self._frame)
        with _missing_letters_allowed():
            self.axes.draw(canvas.get_renderer())
        _save(canvas, path)


def write_overview(result: AnalysisResult, path: Path) -> None:
    """
    Draw one picture of the whole result.

    Parameters
    ----------
    result : AnalysisResult
        What was found; at least one slice must cut a VOI.

    path : `pathlib.Path`
        The PNG file to write: the slice through the spheres, the plane of
        constant j through the largest one, mean and maximum against diameter;
        below them recovery, contrast and variability, where there are any.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    panels, field_ij = quality_panels(result), shown_field_ij(result)
    width, height = _OVERVIEW_INCHES
    below = _ROW_INCHES * math.ceil(len(panels) / _ROW_LENGTH) + _CAPTION_INCHES
    figure = _figure((width, height + below))
    part = height / (height + below)
    left = figure.add_axes(_upper(part, (0.01, 0.03, 0.50, 0.90)))
    left.set_anchor('E')
    view = SliceView(left, result, field_ij)
    view.draw(_middle_slice(result))
    across = figure.add_axes(_upper(part, (0.63, 0.47, 0.36, 0.46)))
    _draw_across(across, result, field_ij, view.window)
    _add_color_bar(figure, view.image, _upper(part, (0.522, 0.10, 0.012, 0.76)), result)
    plot_values(figure.add_axes(_upper(part, (0.68, 0.09, 0.30, 0.31))), result)
    _add_panels(figure, panels, below)
    _add_caption(figure, result)
    with _missing_letters_allowed():
        figure.canvas.draw()
    _save(figure.canvas, path)


def write_plots(result: AnalysisResult, path: Path) -> None:
    """
    Draw everything that is plotted against diameter, without the image.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    path : `pathlib.Path`
        The SVG file to write; a PNG of the same name is written beside it.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    import matplotlib as mpl

    panels = (lambda axes: plot_values(axes, result), *quality_panels(result))
    height = _ROW_INCHES * math.ceil(len(panels) / _ROW_LENGTH) + _CAPTION_INCHES
    figure = _figure((_OVERVIEW_INCHES[0], height))
    _add_panels(figure, panels, height)
    _add_caption(figure, result)
    # Names of parts come from the picture, not from chance: the same result, the same file.
    salt = result.image.acquisition.series_instance_uid
    with _missing_letters_allowed():
        figure.canvas.draw()
        _save(figure.canvas, path.with_suffix('.png'))
        with mpl.rc_context({'svg.fonttype': 'none', 'svg.hashsalt': salt}):
            figure.savefig(path, format='svg', metadata={'Date': None})


def _add_panels(figure: Any, panels: Sequence[Panel], height: float) -> None:
    """Rows of small plots, from this height in inches down to the caption."""
    whole = figure.get_size_inches()
    for n, draw in enumerate(panels):
        row, column = divmod(n, _ROW_LENGTH)
        bottom = height - (row + 1) * _ROW_INCHES + 0.6
        place = np.array([0.75 + column * whole[0] / _ROW_LENGTH, bottom, 2.95, _ROW_INCHES - 1.0])
        draw(figure.add_axes((*place[:2] / whole, *place[2:] / whole)))


def _add_caption(figure: Any, result: AnalysisResult) -> None:
    """Where the picture comes from and what the standards say, at the foot."""
    width, height = figure.get_size_inches()
    traced = textwrap.wrap(plain_line(trace_line(result)), int(width * _LETTERS_PER_INCH))
    lines = [*traced[:_CAPTION_LINES], plain_line(verdict_line(result))]
    figure.text(
        0.1 / width,
        0.08 / height,
        '\n'.join(lines),
        fontsize=_CAPTION_POINTS,
        color='0.25',
        va='bottom',
        parse_math=False,
    )


def _upper(part: float, place: tuple[float, float, float, float]) -> tuple[float, ...]:
    """A place in the upper part of a picture as a place in the whole."""
    left, bottom, width, height = place
    return left, 1 - part + bottom * part, width, height * part


def _figure(size_inches: tuple[float, float]) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size_inches, dpi=PICTURE_DPI, facecolor='white')
    FigureCanvasAgg(figure)
    return figure


@contextmanager
def _missing_letters_allowed() -> Iterator[None]:
    """A label may hold letters that the font lacks; they are drawn as boxes."""
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='Glyph')
        yield


def _save(canvas: Any, path: Path) -> None:
    path.write_bytes(drawing_png(np.asarray(canvas.buffer_rgba()), PICTURE_DPI))


def _slice_inches(geometry: VolumeGeometry, field_ij: tuple[slice, slice]) -> tuple[float, float]:
    """Width and height of the drawn slice, whose pixels are as wide as they are in the patient."""
    counts = np.array([part.stop - part.start for part in field_ij])
    size_mm = counts * geometry.spacing_ijk_mm[:2]
    width, height = _LONGER_SIDE_INCHES * size_mm / size_mm.max()
    return float(width), float(height)


def _add_color_bar(
    figure: Any, image: Any, place: tuple[float, ...], result: AnalysisResult
) -> None:
    bar = figure.colorbar(image, cax=figure.add_axes(place), extend='max')
    bar.set_label(image_unit(result), parse_math=False)


def _middle_slice(result: AnalysisResult) -> int:
    """The drawn slice nearest to the middle of the spheres' centers."""
    middle = np.median([voi.center_ijk[2] for voi in result.spheres or result.vois])
    return min(drawn_slices(result), key=lambda slice_k: abs(slice_k - middle))


def _draw_across(
    axes: Any, result: AnalysisResult, field_ij: tuple[slice, slice], window: tuple[float, float]
) -> None:
    """The plane of constant j through the largest VOI, with what it cuts."""
    image, geometry = result.image, result.image.geometry
    columns, rows = field_ij
    largest = max(result.spheres or result.vois, key=lambda voi: voi.insert.diameter_mm)
    row_j = int(np.clip(round(largest.center_ijk[1]), rows.start, rows.stop - 1))
    slices = slice(0, geometry.shape_kji[0])
    show_plane(
        axes,
        image.voxels[:, row_j, columns],
        (columns, slices),
        geometry.axes_ras_mm[:, [0, 2]],
        window,
    )
    colors = insert_colors(result.phantom)
    for voi in result.vois:
        _add_outline(axes, voi, geometry, row_j, colors[voi.label])
    axes.set_title(f'Row {row_j}, through {plain_text(largest.label)}', parse_math=False)


def _add_outline(
    axes: Any, voi: VOIResult, geometry: VolumeGeometry, row_j: int, color: Any
) -> None:
    reach = voi.insert.diameter_mm + voi.solid.height_mm
    steps = np.linspace(-1, 1, _OUTLINE_SAMPLES)
    i = voi.center_ijk[0] + steps * reach / geometry.spacing_ijk_mm[0]
    k = voi.center_ijk[2] + steps * reach / geometry.slice_spacing_mm
    across, along = np.meshgrid(i, k)
    index = np.stack([across, np.full_like(across, row_j), along], axis=-1)
    outside_mm = _distance_outside_mm(voi.solid, geometry, geometry.position_ras_mm(index))
    if outside_mm.min() < 0:
        limits = axes.axis()
        axes.contour(i, k, outside_mm, levels=[0], colors=[color], linewidths=1.4)
        axes.axis(limits)


def _distance_outside_mm(
    solid: Solid, geometry: VolumeGeometry, position_ras_mm: FloatArray
) -> FloatArray:
    """Negative inside, zero on the surface; shape ``(...)`` for positions ``(..., 3)``."""
    offset = position_ras_mm - solid.center_ras_mm
    if isinstance(solid, Sphere):
        return np.asarray(np.linalg.norm(offset, axis=-1) - solid.diameter_mm / 2)
    own = solid.axis_ras
    axis = geometry.slice_normal_ras if own is None else np.asarray(own)
    height = offset @ axis
    across = np.linalg.norm(offset - height[..., None] * axis, axis=-1)
    side, lid = across - solid.diameter_mm / 2, np.abs(height) - solid.height_mm / 2
    return np.asarray(np.maximum(side, lid))
