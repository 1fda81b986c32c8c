"""ROIs drawn where they were measured; recovery, contrast and variability against diameter."""

from dataclasses import replace

import numpy as np
import pytest
from made_quality import quality_result, with_sphere
from made_results import made_result
from VOIIdentificationLib.core.phantom import BAND_COLORS
from VOIIdentificationLib.report.curves import quality_panels
from VOIIdentificationLib.report.figures import (
    SlicePicture,
    write_overview,
    write_plots,
    write_slice_images,
)
from VOIIdentificationLib.report.slice_view import drawn_slices
from VOIIdentificationLib.report.summary import trace_line, verdict_line

pytest.importorskip('matplotlib')


@pytest.fixture(scope='module')
def result():
    return quality_result()


@pytest.fixture(scope='module')
def unknown():
    return quality_result(known=False)


def dashed(axes):
    """The thin circles of ROIs, which are broken; those of VOIs are not."""
    return [line for line in axes.lines if line.get_linestyle() == '--']


def names_of(axes):
    return {text.get_text() for text in axes.texts}


def test_the_slices_of_the_background_are_drawn_too(result, tmp_path):
    """Judge: the distance of each slice from each center, along the normal."""
    slices = range(result.image.geometry.shape_kji[0])
    step = result.image.geometry.slice_spacing_mm
    cut = {
        k
        for k in slices
        for voi in result.spheres
        if abs(k - voi.center_ijk[2]) * step < voi.insert.diameter_mm / 2
    }
    assert set(result.nema.placement.slices_k) - cut  # 20 mm is beyond the 37 mm sphere

    assert set(drawn_slices(result)) == cut | set(result.nema.placement.slices_k)
    assert len(write_slice_images(result, tmp_path)) == len(drawn_slices(result))


def test_each_roi_is_a_circle_of_its_size_round_its_place(result):
    """Judge: from the points of the circle back to the patient."""
    geometry, placement = result.image.geometry, result.nema.placement
    picture = SlicePicture(result)
    k = placement.slices_k[-1]

    picture.draw(k)

    normal = np.cross(geometry.ijk_to_ras[:3, 0], geometry.ijk_to_ras[:3, 1])
    normal /= np.linalg.norm(normal)
    wanted = [(roi.center_ras_mm, 18.5) for roi in placement.rois]
    wanted.append((placement.lung.center_ras_mm, 15.0))
    circles = dashed(picture.axes)
    assert len(circles) == 13
    for line, (center, radius) in zip(circles, wanted, strict=True):
        i, j = line.get_data()
        index = np.stack([i, j, np.full(len(i), k), np.ones(len(i))], axis=1)
        off = (index @ geometry.ijk_to_ras.T)[:, :3] - center
        across = np.linalg.norm(off - np.outer(off @ normal, normal), axis=1)
        assert across == pytest.approx(radius, abs=1e-6)
    assert names_of(picture.axes) >= {f'BG{n:02d}' for n in range(1, 13)} | {'Lung'}


def test_on_other_slices_there_are_no_background_rois(result):
    placement = result.nema.placement
    others = set(drawn_slices(result)) - set(placement.slices_k)
    k = next(iter(others & set(result.nema.lung.slices_k)))
    picture = SlicePicture(result)
    picture.draw(placement.slices_k[0])

    picture.draw(k)

    assert len(dashed(picture.axes)) == 1
    assert not [name for name in names_of(picture.axes) if name.startswith('BG')]


def test_a_lung_that_was_not_measured_is_not_drawn(result):
    without = replace(result, nema=replace(result.nema, lung=None))
    picture = SlicePicture(without)

    picture.draw(result.nema.placement.slices_k[0])

    assert len(dashed(picture.axes)) == 12
    assert 'Lung' not in names_of(picture.axes)


def drawn_panels(result):
    from matplotlib.figure import Figure

    panels = {}
    for draw in quality_panels(result):
        axes = Figure().add_subplot()
        draw(axes)
        panels[axes.get_title()] = axes
    return panels


def bands(axes):
    """Low and high edge of each filled band, by diameter."""
    found = []
    for band in axes.collections:
        if band.get_label().startswith('_') or not len(band.get_paths()):
            continue
        points = np.unique(band.get_paths()[0].vertices, axis=0)
        low = {x: points[points[:, 0] == x, 1].min() for x in np.unique(points[:, 0])}
        high = {x: points[points[:, 0] == x, 1].max() for x in np.unique(points[:, 0])}
        found.append((band.get_label(), low, high))
    return found


def test_recovery_is_drawn_against_diameter_with_its_bands(result):
    panels = drawn_panels(result)

    assert list(panels) == ['RCmax', 'RCmean (A50)', 'RCpeak', 'Q_H,j [%]', 'N_j [%]']
    for title, quantity in (
        ('RCmax', 'rc_max'),
        ('RCmean (A50)', 'rc_mean'),
        ('RCpeak', 'rc_peak'),
    ):
        expected = sorted((s.diameter_mm, getattr(s, quantity)) for s in result.recovery.spheres)
        points = [path for path in panels[title].collections if path.get_zorder() == 3]
        assert np.array(points[0].get_offsets()) == pytest.approx(np.array(expected))
    assert {label for label, *_ in bands(panels['RCmax'])} == {'EARL 1', 'EARL 2 (second-hand)'}
    ((label, low, high),) = bands(panels['RCpeak'])
    assert label == 'EARL 2 (digitised, confirm with EARL)'
    # metrics.md, section 3: EARL 2 peak.
    assert (low[10.0], high[10.0]) == pytest.approx((0.27, 0.41))
    assert (low[37.0], high[37.0]) == pytest.approx((0.90, 1.10))
    assert (low[17.0], high[17.0]) == pytest.approx((0.75, 0.99))


def test_relative_recovery_has_no_bands_and_another_name(unknown):
    panels = drawn_panels(unknown)

    assert list(panels)[:3] == ['Relative max', 'Relative A50 mean', 'Relative peak']
    for title in list(panels)[:3]:
        assert bands(panels[title]) == []
        assert any(text.startswith('over ') and 'S37' in text for text in names_of(panels[title]))


def test_contrast_is_drawn_only_where_it_is_known(result, unknown):
    known, empty = (drawn_panels(one) for one in (result, unknown))

    def scattered(axes):
        return [np.array(c.get_offsets()) for c in axes.collections if c.get_zorder() == 3]

    (contrast,), (variability,) = (scattered(known[title]) for title in ('Q_H,j [%]', 'N_j [%]'))
    found = sorted((s.diameter_mm, s.contrast_percent) for s in result.nema.spheres)
    assert contrast == pytest.approx(np.array(found))
    levels = sorted((one.diameter_mm, one.variability_percent) for one in result.nema.background)
    assert variability == pytest.approx(np.array(levels))
    assert scattered(empty['Q_H,j [%]']) == []
    assert len(scattered(empty['N_j [%]'])) == 1
    assert 'no contrast: the true ratio is unknown' in names_of(empty['Q_H,j [%]'])


def test_a_value_that_is_not_known_leaves_a_gap(result):
    spheres = list(result.recovery.spheres)
    spheres[2] = replace(spheres[2], rc_max=None, verdicts=())
    made = with_sphere(result, 2, contrast_percent=None)
    made = replace(made, recovery=replace(result.recovery, spheres=tuple(spheres)))

    panels = drawn_panels(made)

    for title in ('RCmax', 'Q_H,j [%]'):
        first = next(c for c in panels[title].collections if c.get_zorder() == 3)
        assert len(first.get_offsets()) == 5


def test_a_plain_result_has_no_panels():
    assert quality_panels(made_result()) == ()


def test_the_overview_grows_by_rows_with_bands_only_where_there_are_limits(
    result, unknown, tmp_path
):
    from matplotlib.image import imread

    found = []
    for n, one in enumerate((result, unknown)):
        path = tmp_path / f'{n}.png'
        write_overview(one, path)
        pixels = imread(path)[600:, :, :3]
        assert imread(path).shape[:2] == (1210, 1160)  # two rows of plots and a caption
        # A see-through band on white paper.
        tint = 1 - 0.35 * (1 - np.array(BAND_COLORS[1]))
        found.append(int((np.abs(pixels - tint).max(axis=-1) < 0.02).sum()))
    assert found[0] > 2000
    assert found[1] == 0


def test_the_plots_are_written_as_svg_and_png_with_where_they_come_from(result, tmp_path):
    from xml.etree import ElementTree

    write_plots(result, tmp_path / 'plots.svg')
    first = (tmp_path / 'plots.svg').read_bytes()
    write_plots(result, tmp_path / 'plots.svg')

    assert (tmp_path / 'plots.svg').read_bytes() == first
    assert (tmp_path / 'plots.png').read_bytes().startswith(b'\x89PNG')
    root = ElementTree.fromstring(first)
    words = {''.join(node.itertext()).strip() for node in root.iter() if node.tag.endswith('text')}
    assert trace_line(result) in words
    assert verdict_line(result) in words
    assert {'RCmax', 'RCpeak', 'Q_H,j [%]', 'N_j [%]', 'Mean and max [Bq/mL]'} <= words


def test_contrast_carries_the_uncertainty_of_the_fill(result):
    axes = drawn_panels(result)['Q_H,j [%]']

    (bars,) = [one for one in axes.containers if type(one).__name__ == 'ErrorbarContainer']
    ends = {tuple(path.vertices[:, 1]) for one in bars.lines[2] for path in one.get_paths()}
    expected = [
        (s.contrast_percent - s.contrast_sd_percent, s.contrast_percent + s.contrast_sd_percent)
        for s in result.nema.spheres
    ]
    assert np.array(sorted(ends)) == pytest.approx(np.array(sorted(expected)))


def test_a_picture_of_a_slice_says_where_it_comes_from(result):
    picture = SlicePicture(result)

    (caption,) = [text.get_text() for text in picture.figure.texts]
    assert caption == f'{trace_line(result)}\n{verdict_line(result)}'


def test_a_long_name_of_a_series_stays_within_the_picture(result):
    scan = replace(result.image.acquisition, series_description='$x$ ' + 'long name ' * 60)
    long = replace(result, image=replace(result.image, acquisition=scan))
    picture = SlicePicture(long)

    caption = picture.figure.texts[0]
    assert len(caption.get_text().split('\n')) == 3
    assert caption.get_text().startswith('$x$ long')
    box = caption.get_window_extent(picture.figure.canvas.get_renderer())
    assert box.x1 < picture.figure.bbox.x1
    assert box.y1 < picture.axes.get_window_extent().y0
