"""One color for each insert: the same in segments, plots, pictures and the report."""

from __future__ import annotations

import colorsys

from ..core.phantom import Phantom
from ..results import AnalysisResult

RGB = tuple[float, float, float]
"""Red, green and blue, from 0 to 1."""

PALETTE: tuple[RGB, ...] = (
    (0.902, 0.624, 0.000),  # orange
    (0.337, 0.706, 0.914),  # sky blue
    (0.000, 0.620, 0.451),  # bluish green
    (0.941, 0.894, 0.259),  # yellow
    (0.835, 0.369, 0.000),  # vermilion
    (0.800, 0.475, 0.655),  # reddish purple
    (0.000, 0.447, 0.698),  # blue
)
"""Told apart by color-blind readers too: Okabe and Ito 2008, https://jfly.uni-koeln.de/color/."""

BACKGROUND_COLOR: RGB = (0.6, 0.6, 0.6)
"""Of everything that belongs to the background VOIs."""

SERIES_COLORS: tuple[RGB, ...] = ((0.15, 0.15, 0.15), (0.45, 0.45, 0.75), (0.55, 0.35, 0.25))
"""Of the curves of a plot, where one curve passes through all inserts: none of the palette."""

BAND_COLORS: tuple[RGB, ...] = ((0.55, 0.70, 0.90), (0.95, 0.70, 0.45), (0.65, 0.85, 0.60))
"""Of the limits of the first, second … standard."""

_GOLDEN_RATIO = 0.618033988749895
"""Steps of this part of the color circle never come back to a hue already used."""


def color_of_index(index: int) -> RGB:
    """
    Color of the insert at a place in the phantom's list.

    Parameters
    ----------
    index : int
        Place in `Phantom.inserts`, from 0.

    Returns
    -------
    color : tuple of float
        Red, green and blue, from 0 to 1.

    Examples
    --------
    >>> color_of_index(0)
    (0.902, 0.624, 0.0)
    """
    if index < len(PALETTE):
        return PALETTE[index]
    # Paler than the palette, so that they differ from it too.
    return colorsys.hsv_to_rgb((index * _GOLDEN_RATIO) % 1.0, 0.55, 1.0)


def insert_colors(phantom: Phantom) -> dict[str, RGB]:
    """
    Each insert's color, by its label.

    Parameters
    ----------
    phantom : Phantom
        Unused inserts keep their color, so that leaving one out changes no other.

    Returns
    -------
    colors : dict of str to tuple of float
        Red, green and blue, from 0 to 1; the background VOI's label included.
    """
    colors = {insert.label: color_of_index(n) for n, insert in enumerate(phantom.inserts)}
    return {phantom.background.label: BACKGROUND_COLOR, **colors}


def voi_colors(result: AnalysisResult) -> dict[str, RGB]:
    """
    Each VOI's color, by its label.

    Parameters
    ----------
    result : AnalysisResult
        Its background VOIs bear the names of their seeds, e.g. ``'B0-2'``.

    Returns
    -------
    colors : dict of str to tuple of float
        Red, green and blue, from 0 to 1.
    """
    background = {voi.label: BACKGROUND_COLOR for voi in result.background}
    return {**background, **insert_colors(result.phantom)}
