"""Pictures of the page, read back by Pillow."""

import base64
import io

import numpy as np
import pytest
from VOIIdentificationLib.report.page.png import (
    NOT_A_NUMBER_COLOR,
    difference_palette,
    drawing_png,
    grey_palette,
    png_uri,
)


def read_back(uri):
    image = pytest.importorskip('PIL.Image')
    head, _, data = uri.partition(',')
    assert head == 'data:image/png;base64'
    return np.asarray(image.open(io.BytesIO(base64.b64decode(data))).convert('RGB')).astype(int)


def test_values_run_from_black_to_white_and_stop_there():
    values = np.array([[-5.0, 10.0, 20.0], [30.0, 99.0, np.nan]])

    pixels = read_back(png_uri(values, (10.0, 30.0), grey_palette()))

    assert pixels.shape == (2, 3, 3)
    assert pixels[..., 0].tolist()[0] == pytest.approx([0, 0, 127.5], abs=1)
    assert pixels[1, 0].tolist() == pixels[1, 1].tolist() == [255, 255, 255]
    assert tuple(pixels[1, 2]) == NOT_A_NUMBER_COLOR


def test_a_difference_is_blue_below_and_orange_above():
    below, none, above = read_back(
        png_uri(np.array([[-1.0, 0.0, 1.0]]), (-1.0, 1.0), difference_palette())
    )[0]

    assert below[2] > below[0] + 100
    assert none.tolist() == [255, 255, 255]
    assert above[0] > above[2] + 100


def test_no_value_hides_in_a_color_of_the_scale():
    missing = np.asarray(NOT_A_NUMBER_COLOR)
    palette = difference_palette()[:-1].astype(int)

    assert np.abs(palette - missing).max(axis=1).min() > 10


def test_a_drawing_is_read_back_as_it_was_with_its_dots_an_inch(tmp_path):
    image = pytest.importorskip('PIL.Image')
    drawn = np.random.default_rng(0).integers(0, 256, (7, 5, 4), dtype=np.uint8)
    drawn[2:5] = drawn[1]  # rows that repeat

    with image.open(io.BytesIO(drawing_png(drawn, 100))) as read:
        assert (read.format, read.mode) == ('PNG', 'RGB')
        assert read.info['dpi'] == pytest.approx((100, 100), abs=0.02)
        assert np.array_equal(np.asarray(read), drawn[..., :3])
