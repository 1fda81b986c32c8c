"""What the page shows of the image: the sphere plane, planes across it, all slices, what fits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...core.geometry import FloatArray
from ...core.phantom import insert_colors
from ...evaluate.nema import rois_on_slice
from ...measure.voi import VOIResult
from ...measure.voi_mask import Cylinder, Solid
from ...results import AnalysisResult
from ...sphere_fit.residual import FitResidual, fit_residual
from ..slice_view import MARGIN_MM, drawn_slices, grey_window, shown_field_ij
from ..table import VALUE_UNIT, unit_text
from .chart import hex_color, nice_step
from .plane import Plane
from .png import Palette, difference_palette, grey_palette, png_uri

SCALE_BAR_MM = 50.0

MAX_STRIP_PIXELS = 1_500_000
"""Of all slices of the strip together, so that the page stays below 3 MB."""

MIN_SHOWN_PERCENT = 10.0
"""Of the contrast of a sphere: the colors of the differences end there or farther out."""

RMS_SHOWN = 2.5
"""As many root mean squares of the largest difference are within the colors."""

_ROI_COLOR = '#bfffd9'
_AXIS_NAMES = ('column i', 'row j', 'slice k')


@dataclass(frozen=True)
class Outline:
    """A closed line over a picture: its corners as SVG wants them, and its label's place."""

    points: str
    color: str
    label: str
    label_x: float
    label_y: float
    thin: bool = False


@dataclass(frozen=True)
class Picture:
    """
    A plane of the image for a page; lengths in millimeter.

    Attributes
    ----------
    key, title, alt : str
        Name within the page, line below the picture, and what it shows in words.

    uri : str
        The pixels.

    width, height : float
        Of what is shown.

    letters : tuple of str
        Of the left, right, upper and lower edge; empty texts for none.

    outlines : tuple of Outline
        VOIs and ROIs that the plane cuts.

    scale_bar : float
        Length of the bar; 0 for none.
    """

    key: str
    title: str
    alt: str
    uri: str
    width: float
    height: float
    letters: tuple[str, str, str, str] = ('', '', '', '')
    outlines: tuple[Outline, ...] = ()
    scale_bar: float = 0.0


@dataclass(frozen=True)
class Residual:
    """Three pictures of one sphere: image, model and difference, and what is said of them."""

    label: str
    pictures: tuple[Picture, Picture, Picture]
    rms_percent: float
    shown_percent: float


@dataclass(frozen=True)
class PictureSet:
    """
    Every picture of the page.

    Attributes
    ----------
    views : tuple of Picture
        The sphere plane and two planes across it.

    strip : tuple of Picture
        Every slice that cuts a VOI or holds ROIs.

    strip_step : int
        Every how many voxels the strip shows one.

    residuals : tuple of Residual
        One a sphere whose fit is known.

    window : tuple of float
        Values shown black and white.

    unit : str
        Of the window.
    """

    views: tuple[Picture, ...]
    strip: tuple[Picture, ...]
    strip_step: int
    residuals: tuple[Residual, ...]
    window: tuple[float, float]
    unit: str


def page_pictures(result: AnalysisResult) -> PictureSet | None:
    """
    Draw what the page shows of the image.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    pictures : PictureSet or None
        None if no slice cuts a VOI.
    """
    slices_k = drawn_slices(result)
    if not slices_k:
        return None
    fields = shown_field_ij(result)
    window = grey_window(result, fields)
    step = _strip_step(len(slices_k), fields)
    return PictureSet(
        views=tuple(_view(result, plane, window) for plane in _view_planes(result, fields)),
        strip=tuple(
            _view(result, Plane(result.image.geometry, 2, k, fields), window, step=step)
            for k in slices_k
        ),
        strip_step=step,
        residuals=tuple(_residuals(result)),
        window=window,
        unit=unit_text(VALUE_UNIT, result.image.unit),
    )


def _strip_step(count: int, fields: tuple[slice, slice]) -> int:
    pixels = count * math.prod(part.stop - part.start for part in fields)
    return max(1, math.ceil(math.sqrt(pixels / MAX_STRIP_PIXELS)))


def _view_planes(result: AnalysisResult, fields: tuple[slice, slice]) -> list[Plane]:
    """The slice of the spheres, and the planes of constant j and i through the largest one."""
    geometry, vois = result.image.geometry, result.spheres or result.vois
    largest = max(vois, key=lambda voi: voi.insert.diameter_mm)
    middle = float(np.median([voi.center_ijk[2] for voi in vois]))
    slice_k = min(drawn_slices(result), key=lambda k: abs(k - middle))
    j, i = (
        int(np.clip(round(largest.center_ijk[axis]), fields[axis].start, fields[axis].stop - 1))
        for axis in (1, 0)
    )
    slices = _shown_slices(result)
    return [
        Plane(geometry, 2, slice_k, fields),
        Plane(geometry, 1, j, (fields[0], slices)),
        Plane(geometry, 0, i, (fields[1], slices)),
    ]


def _shown_slices(result: AnalysisResult) -> slice:
    geometry = result.image.geometry
    margin = math.ceil(MARGIN_MM / 2 / geometry.slice_spacing_mm)
    drawn = drawn_slices(result)
    return slice(max(0, drawn[0] - margin), min(geometry.shape_kji[0], drawn[-1] + margin + 1))


def _view(
    result: AnalysisResult, plane: Plane, window: tuple[float, float], *, step: int = 1
) -> Picture:
    width, height = plane.size_mm.tolist()
    outlines = tuple(_outlines(result, plane))
    name = f'{_AXIS_NAMES[plane.axis]} = {plane.index}'
    cut = ', '.join(dict.fromkeys(one.label for one in outlines if not one.thin))
    return Picture(
        key=f'{"ijk"[plane.axis]}-{plane.index}',
        title=f'{name[0].upper()}{name[1:]}',
        alt=f'Plane of {name}, in grey. ' + (f'Circles of {cut}.' if cut else 'It cuts no VOI.'),
        uri=png_uri(plane.pixels(result.image.voxels)[::step, ::step], window, grey_palette()),
        width=width,
        height=height,
        letters=plane.letters(),
        outlines=outlines,
        scale_bar=SCALE_BAR_MM if width / 3 > SCALE_BAR_MM else 0.0,
    )


def _outlines(result: AnalysisResult, plane: Plane) -> Iterable[Outline]:
    colors = insert_colors(result.phantom)
    for roi in _rois(result, plane):
        yield from _outline(plane, roi, _ROI_COLOR, thin=True)
    for voi in result.vois:
        yield from _outline(plane, voi.solid, hex_color(colors[voi.label]), thin=False)


def _rois(result: AnalysisResult, plane: Plane) -> Sequence[Cylinder]:
    if result.nema is None or plane.axis != 2:
        return ()
    return rois_on_slice(result.nema, plane.geometry, plane.index)


def _outline(plane: Plane, solid: Solid, color: str, *, thin: bool) -> Iterable[Outline]:
    cut = plane.outline_uv(solid)
    if cut.size:
        place = plane.to_picture_mm(cut)
        top = place[np.argmin(place[:, 1])] if not thin else place.mean(axis=0)
        x, y = (round(float(part), 1) for part in top)
        yield Outline(_svg_points(place), color, solid.label, x, y, thin)


def _svg_points(place_mm: FloatArray) -> str:
    return ' '.join(f'{x:.1f},{y:.1f}' for x, y in place_mm)


def _residuals(result: AnalysisResult) -> Iterable[Residual]:
    pairs = [(voi, fit_residual(result.image, voi, result.vois)) for voi in result.spheres]
    known = [(voi, found) for voi, found in pairs if found is not None]
    largest = max((found.rms_percent for _voi, found in known), default=0.0)
    shown_percent = nice_step(max(MIN_SHOWN_PERCENT, RMS_SHOWN * largest))
    for voi, found in known:
        yield _residual(result, voi, found, shown_percent)


def _residual(
    result: AnalysisResult, voi: VOIResult, found: FitResidual, shown_percent: float
) -> Residual:
    k = int(np.clip(round(voi.center_ijk[2]) - found.first_ijk[2], 0, len(found.image) - 1))
    shape = found.image.shape
    plane = Plane(result.image.geometry, 2, k, (slice(0, shape[2]), slice(0, shape[1])))
    seen = found.image[k][np.isfinite(found.image[k])]
    grey = (min(0.0, float(seen.min(initial=0))), float(seen.max(initial=1e-30)))
    limit = shown_percent / 100.0 * abs(found.contrast)
    parts: list[tuple[str, npt.NDArray[np.float32], tuple[float, float], Palette]] = [
        ('image', found.image, grey, grey_palette()),
        ('model', np.where(np.isfinite(found.image), found.model, np.nan), grey, grey_palette()),
        ('difference', found.difference, (-limit, limit), difference_palette()),
    ]
    first, second, third = (
        Picture(
            f'{name}-{voi.label}',
            name.capitalize(),
            f'{name.capitalize()} of {voi.label}, slice through its center.',
            png_uri(plane.pixels(values), window, palette),
            *plane.size_mm.tolist(),
        )
        for name, values, window, palette in parts
    )
    return Residual(voi.label, (first, second, third), found.rms_percent, shown_percent)
