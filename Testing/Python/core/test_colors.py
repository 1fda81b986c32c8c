"""Every insert has its own color, the same wherever it is shown."""

import colorsys
import itertools

from VOIIdentificationLib.core.phantom import (
    BACKGROUND_COLOR,
    PALETTE,
    SERIES_COLORS,
    Insert,
    Phantom,
    color_of_index,
    insert_colors,
)


def made_phantom(count, *, used=None):
    inserts = tuple(Insert(f'S{n}', 10.0 + n, use=used is None or n in used) for n in range(count))
    return Phantom('Many', inserts, background=Insert('B0', 37.0))


def distance(a, b):
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5


def test_palette_is_that_of_okabe_and_ito():
    """Hexadecimal values as published on their page, black left out."""
    published = {'#e69f00', '#56b4e9', '#009e73', '#f0e442', '#d55e00', '#cc79a7', '#0072b2'}
    found = {'#' + ''.join(f'{round(part * 255):02x}' for part in color) for color in PALETTE}
    assert found == published


def test_no_two_of_twenty_inserts_look_alike():
    colors = [BACKGROUND_COLOR, *insert_colors(made_phantom(20)).values()]

    assert len(colors) == 21
    assert min(distance(a, b) for a, b in itertools.combinations(colors, 2)) > 0.14


def test_leaving_an_insert_out_changes_no_other():
    assert insert_colors(made_phantom(6)) == insert_colors(made_phantom(6, used={1, 4}))


def test_background_is_gray():
    colors = insert_colors(made_phantom(6))

    assert colors['B0'] == BACKGROUND_COLOR
    assert colorsys.rgb_to_hsv(*BACKGROUND_COLOR)[1] == 0


def test_curves_have_no_color_of_an_insert():
    inserts = [color_of_index(n) for n in range(12)]
    assert min(distance(a, b) for a in SERIES_COLORS for b in inserts) > 0.2


def test_points_of_the_background_may_have_any_name():
    colors = insert_colors(made_phantom(3))

    assert colors['B0-1'] == colors['behind the ring'] == BACKGROUND_COLOR
