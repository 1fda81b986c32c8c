"""Pictures of the page, read back."""

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from made_quality import quality_result
from made_results import made_result
from VOIIdentificationLib.report.page import pictures
from VOIIdentificationLib.report.page.pictures import page_pictures
from VOIIdentificationLib.report.slice_view import drawn_slices

image = pytest.importorskip('PIL.Image')


def pixels(picture):
    data = base64.b64decode(picture.uri.partition(',')[2])
    return np.asarray(image.open(io.BytesIO(data)).convert('RGB')).astype(int)


@pytest.fixture(scope='module')
def result():
    return quality_result()


@pytest.fixture(scope='module')
def found(result):
    return page_pictures(result)


def test_the_first_view_is_the_slice_of_the_spheres(result, found):
    middle = np.median([voi.center_ijk[2] for voi in result.spheres])

    assert found.views[0].title == f'Slice k = {round(middle)}'
    assert {'S37', 'S10', 'BG01', 'Lung'} <= {one.label for one in found.views[0].outlines}
    assert all('S37' in [one.label for one in view.outlines] for view in found.views)


def test_the_spheres_are_bright_inside_their_outlines(result, found):
    view = found.views[0]
    shown = pixels(view)[..., 0]
    scale = np.array(shown.shape[::-1]) / (view.width, view.height)
    for one in view.outlines:
        if not one.thin:
            corners = np.array([pair.split(',') for pair in one.points.split()], float)
            column, row = (corners.mean(axis=0) * scale).astype(int)
            assert shown[row, column] > 2 * np.median(shown[shown > 10])


def test_the_strip_shows_every_drawn_slice(result, found):
    assert [one.key for one in found.strip] == [f'k-{k}' for k in drawn_slices(result)]


def test_a_large_strip_is_thinned(result, found, monkeypatch):
    count = sum(pixels(one)[..., 0].size for one in found.strip)
    monkeypatch.setattr(pictures, 'MAX_STRIP_PIXELS', count // 3)

    thinned = page_pictures(result)

    assert (found.strip_step, thinned.strip_step) == (1, 2)
    assert sum(pixels(one)[..., 0].size for one in thinned.strip) < count / 3
    assert thinned.strip[0].width == found.strip[0].width
    assert (pixels(thinned.strip[3]) == pixels(found.strip[3])[::2, ::2]).all()


def test_differences_are_colored_on_one_scale(result, found):
    assert [one.label for one in found.residuals] == [voi.label for voi in result.spheres]
    assert {one.shown_percent for one in found.residuals} == {10.0}
    for one in found.residuals:
        colors = pixels(one.pictures[2])
        used = np.ptp(colors, axis=2) + (colors.min(axis=2) == 255) > 0
        # Half a percent of noise on a scale of ten percent: nearly white.
        assert 200 < colors[used].mean() < 255
        assert (colors[used] != 255).any()


def test_without_spheres_there_are_no_pictures():
    assert page_pictures(replace(made_result(background=False), spheres=())) is None
