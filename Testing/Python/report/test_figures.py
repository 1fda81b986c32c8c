"""Pictures: the circle lies where the slice cuts the VOI, in every orientation of the grid."""

from dataclasses import replace

import numpy as np
import pytest
from made_results import INSERTS, SPACINGS_MM, made_result
from VOIIdentificationLib.core.errors import CanceledError
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Insert, insert_colors
from VOIIdentificationLib.report.figures import SlicePicture, write_overview, write_slice_images
from VOIIdentificationLib.report.slice_view import drawn_slices, grey_window, shown_field_ij

pytest.importorskip('matplotlib')

KINDS = ['flipped', 'oblique', 'sheared']


def read_png(path):
    from matplotlib.image import imread

    return np.round(imread(path)[..., :3] * 255).astype(int)


def pixels_of(picture, points_ij, height):
    """Row and column in the file of positions in the slice."""
    across, up = picture.axes.transData.transform(points_ij).T
    return np.stack([height - up, across], axis=1)


def circles(axes):
    """The outlines; the scale bar is a line of two points."""
    return [line for line in axes.lines if len(line.get_xdata()) > 2]


def colored(pixels, color):
    """Where a picture has one color, to a few grey levels."""
    return np.abs(pixels - np.round(np.array(color) * 255)).max(axis=-1) < 24


@pytest.mark.parametrize('kind', KINDS)
def test_every_colored_pixel_of_a_circle_lies_at_the_cut_radius(kind, tmp_path):
    """Judge: from the pixel back to its voxel, to the patient, to the distance from the center."""
    result = made_result(kind, background=False)
    voi, geometry = result.spheres[0], result.image.geometry
    cut = voi.slices[len(voi.slices) // 2 + 1]
    picture = SlicePicture(result)

    picture.draw(cut.slice_k)
    picture.save(tmp_path / 'slice.png')

    pixels = read_png(tmp_path / 'slice.png')
    rows, columns = np.nonzero(colored(pixels, insert_colors(result.phantom)['S22']))
    display = np.stack([columns + 0.5, pixels.shape[0] - rows - 0.5], axis=1)
    index = picture.axes.transData.inverted().transform(display)
    index_k = np.c_[index, np.full(len(index), cut.slice_k), np.ones(len(index))]
    position = (index_k @ geometry.ijk_to_ras.T)[:, :3]
    out_of_center = np.linalg.norm(position - voi.center_ras_mm, axis=1)
    on_circle = np.abs(out_of_center - 11.0) < 0.6  # the sphere's radius, in any slice
    mm_per_pixel = (
        SPACINGS_MM[0] / np.diff(picture.axes.transData.transform([[0, 0], [1, 0]]), axis=0)[0][0]
    )
    circumference = 2 * np.pi * cut.radius_mm / abs(mm_per_pixel)
    assert on_circle.sum() > 0.8 * circumference
    # What is not on the circle is the label above it.
    label = np.stack([rows, columns], axis=1)[~on_circle]
    assert (~on_circle).sum() < 150
    top = pixels_of(picture, geometry.index_ijk(voi.center_ras_mm)[None, :2], pixels.shape[0])[0][0]
    assert np.all(label[:, 0] < top)


@pytest.mark.parametrize('kind', KINDS)
def test_pixels_are_as_wide_and_high_as_they_are_in_the_patient(kind):
    result = made_result(kind)
    picture = SlicePicture(result)
    picture.draw(drawn_slices(result)[0])
    picture.figure.canvas.draw()

    corner, right, down = picture.axes.transData.transform([[10, 10], [11, 10], [10, 11]])

    spacing = result.image.geometry.spacing_ijk_mm
    ratio = np.linalg.norm(down - corner) / np.linalg.norm(right - corner)
    assert ratio == pytest.approx(spacing[1] / spacing[0], rel=1e-6)


def test_the_picture_shows_the_voxels_in_their_place(tmp_path):
    """One bright voxel is found again in the file."""
    result = made_result()
    voxels = np.zeros_like(result.image.voxels)
    voxels[9, 21, 30] = 1e6
    bright = replace(result, image=PETImage(voxels, result.image.geometry, 'Bq/mL'))
    picture = SlicePicture(bright)

    picture.draw(9)
    picture.save(tmp_path / 'slice.png')

    pixels = read_png(tmp_path / 'slice.png')
    corners = pixels_of(picture, [[29.5, 20.5], [30.5, 21.5]], pixels.shape[0])
    (top, left), (bottom, right) = np.sort(corners, axis=0)
    inside = pixels[int(top) + 2 : int(bottom) - 1, int(left) + 2 : int(right) - 1]
    assert inside.min() == 255
    outside = pixels[int(top) - 8 : int(top) - 3, int(left) + 2 : int(right) - 1]
    assert outside.max() == 0


def test_every_slice_whose_middle_cuts_a_voi_is_drawn_and_no_other(tmp_path):
    result = made_result()
    step = SPACINGS_MM[2]
    expected = {
        k
        for voi in (*result.spheres, *result.background)
        for k in range(result.image.geometry.shape_kji[0])
        if abs(k - voi.center_ijk[2]) * step < voi.insert.diameter_mm / 2
    }

    paths = write_slice_images(result, tmp_path)

    assert [path.name for path in paths] == [f'slice_{k:02d}.png' for k in sorted(expected)]
    assert all(path.stat().st_size > 1000 for path in paths)


def test_a_slice_that_only_its_edge_lets_touch_a_voi_has_no_circle():
    result = made_result(background=False)
    untouched = next(
        cut.slice_k for voi in result.spheres for cut in voi.slices if cut.radius_mm == 0
    )
    picture = SlicePicture(result)

    picture.draw(untouched)

    cut_there = [
        voi.label
        for voi in result.spheres
        for cut in voi.slices
        if cut.slice_k == untouched and cut.radius_mm > 0
    ]
    labels = [text.get_text() for text in picture.axes.texts]
    assert [label for label in labels if label.startswith('S')] == [
        label for label in ('S22', 'S17', 'S10') if label in cut_there
    ]
    assert len(circles(picture.axes)) == len(cut_there)


def test_drawing_another_slice_removes_the_circles_of_the_last():
    result = made_result()
    picture = SlicePicture(result)

    for slice_k in (9, 9, 5, 9):
        picture.draw(slice_k)

    assert len(circles(picture.axes)) == 2  # S10 and B0 end 0.4 and 1.5 mm before this slice
    assert picture.axes.get_title() == 'Slice NR = 9    S = 10.0 mm'  # -17 mm + 9 * 3 mm


def test_the_grey_scale_is_the_same_in_every_picture_and_has_the_unit():
    result = made_result()
    picture = SlicePicture(result)
    limits = set()

    for slice_k in drawn_slices(result):
        picture.draw(slice_k)
        limits.add(picture.axes.images[0].get_clim())

    assert limits == {grey_window(result, shown_field_ij(result))}
    assert 'Bq/mL' in [axes.get_ylabel() for axes in picture.figure.axes]


@pytest.mark.parametrize(
    ('lowest', 'percentile_95', 'window'),
    [
        (10.0, 500.0, (0.0, 500.0)),  # hot spheres
        (-5.0, 500.0, (-5.0, 500.0)),  # negative voxels after scatter correction
        (1.0, 20.0, (0.0, 100.0)),  # cold spheres: the background sets the scale
    ],
)
def test_the_grey_scale_reaches_over_vois_and_background(lowest, percentile_95, window):
    result = made_result(background=False)
    image = PETImage(np.full_like(result.image.voxels, 100.0), result.image.geometry)
    voi = result.spheres[0]
    statistics = replace(
        voi.statistics, min=lowest, percentile_95=percentile_95, max=2 * percentile_95
    )
    made = replace(result, image=image, spheres=(replace(voi, statistics=statistics),))

    assert grey_window(made, shown_field_ij(made)) == window


def test_noise_at_the_edge_does_not_darken_the_pictures():
    result = made_result()
    field = shown_field_ij(result)
    low, high = grey_window(result, field)
    voxels = result.image.voxels.copy()
    voxels[-1] = 1e7
    voxels[9, 0, :3] = [1e7, np.nan, np.inf]

    noisy = replace(result, image=PETImage(voxels, result.image.geometry, 'Bq/mL'))

    assert low == 0
    assert grey_window(noisy, field)[1] < 1.02 * high
    assert high >= max(voi.statistics.percentile_95 for voi in result.spheres)


def test_a_flat_image_has_a_grey_scale():
    result = made_result(background=False)
    flat = PETImage(np.zeros_like(result.image.voxels), result.image.geometry)
    nothing = replace(
        result.spheres[0],
        statistics=replace(
            result.spheres[0].statistics, min=None, max=None, percentile_95=None, mean=None
        ),
    )

    low, high = grey_window(replace(result, image=flat, spheres=(nothing,)), shown_field_ij(result))

    assert (low, high) == (0, 1)


@pytest.mark.parametrize(
    ('axes_ras', 'letters'),
    [
        # i to the left, j to the back: as DICOM stores a transverse slice, head first.
        (
            [[-2, 0, 0], [0, -2.5, 0], [0, 0, 3]],
            {'left': 'R', 'right': 'L', 'top': 'A', 'bottom': 'P'},
        ),
        # i to the right, j to the front: drawn turned round, so that it looks the same.
        (
            [[2, 0, 0], [0, 2.5, 0], [0, 0, 3]],
            {'left': 'R', 'right': 'L', 'top': 'A', 'bottom': 'P'},
        ),
        # Coronal: rows run to the feet.
        (
            [[-2, 0, 0], [0, 0, -2.5], [0, 3, 0]],
            {'left': 'R', 'right': 'L', 'top': 'S', 'bottom': 'I'},
        ),
    ],
)
def test_letters_at_the_edges_say_how_the_slice_is_shown(axes_ras, letters):
    """Judge: the letter at an edge is the way in which the position changes towards it."""
    made = made_result(background=False)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(axes_ras).T
    geometry = VolumeGeometry(made.image.geometry.shape_kji, matrix)
    image = PETImage(made.image.voxels, geometry)
    vois = tuple(_moved(voi, geometry) for voi in made.spheres)
    picture = SlicePicture(replace(made, image=image, spheres=vois))
    picture.draw(9)

    found = {}
    for text in picture.axes.texts:
        if text.xycoords == 'axes fraction' and 'mm' not in text.get_text():
            x, y = text.xy
            side = (
                ('left' if x < 0.3 else 'right') if y == 0.5 else ('top' if y > 0.5 else 'bottom')
            )
            found[side] = text.get_text()
            to_index = picture.axes.transAxes + picture.axes.transData.inverted()
            step = to_index.transform([x, y]) - to_index.transform([0.5, 0.5])
            towards = geometry.ijk_to_ras[:3, :2] @ step
            axis = int(np.argmax(np.abs(towards)))
            assert ('RAS' if towards[axis] > 0 else 'LPI')[axis] == text.get_text()
    assert found == letters
    labels = [text for text in picture.axes.texts if text.xycoords == 'data']
    for label, circle in zip(labels, circles(picture.axes), strict=True):
        heights = picture.axes.transData.transform(circle.get_xydata())[:, 1]
        assert picture.axes.transData.transform(label.xy)[1] == pytest.approx(heights.max())


@pytest.mark.parametrize(
    ('angle_deg', 'letters'), [(0, {'R', 'L', 'A', 'P'}), (30, {'RA', 'LP', 'AL', 'PR'})]
)
def test_an_oblique_slice_has_two_letters_at_an_edge(angle_deg, letters):
    made = made_result(background=False)
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.diag([-2, -2.5, 3])
    geometry = VolumeGeometry(made.image.geometry.shape_kji, matrix)
    image = PETImage(made.image.voxels, geometry)
    vois = tuple(_moved(voi, geometry) for voi in made.spheres)

    picture = SlicePicture(replace(made, image=image, spheres=vois))

    found = {text.get_text() for text in picture.axes.texts if text.xycoords == 'axes fraction'}
    assert found - {'50 mm'} == letters


def _moved(voi, geometry):
    """The same VOI at the same index of another grid."""
    center = tuple(geometry.position_ras_mm(voi.center_ijk).tolist())
    return replace(voi, center_ras_mm=center)


def test_the_title_says_where_the_slice_is_when_slices_run_to_the_feet():
    made = made_result(background=False)
    matrix = np.diag([-2.0, 2.5, -3.0, 1.0])
    matrix[2, 3] = 50.0
    geometry = VolumeGeometry(made.image.geometry.shape_kji, matrix)
    image = PETImage(made.image.voxels, geometry)
    vois = tuple(_moved(voi, geometry) for voi in made.spheres)
    picture = SlicePicture(replace(made, image=image, spheres=vois))

    picture.draw(9)

    assert picture.axes.get_title() == 'Slice NR = 9    S = 23.0 mm'  # 50 mm - 9 * 3 mm


def test_an_oblique_slice_is_not_said_to_lie_at_one_s():
    picture = SlicePicture(made_result('oblique'))

    picture.draw(9)

    assert picture.axes.get_title().endswith('mm along the slice normal (near S)')


def test_the_field_holds_the_vois_and_is_cut_to_the_image():
    result = made_result()

    columns, rows = shown_field_ij(result)

    assert (columns.start, columns.stop) == (0, 50)
    assert (rows.start, rows.stop) == (0, 44)


def test_a_large_image_is_cropped_to_the_vois_and_a_margin():
    made = made_result(background=False)
    geometry = VolumeGeometry((20, 300, 400), np.diag([2.0, 2.5, 3.0, 1.0]))
    image = PETImage(np.zeros((20, 300, 400), np.float32), geometry)
    center = tuple(geometry.position_ras_mm((200.0, 150.0, 9.0)).tolist())
    voi = replace(made.spheres[0], center_ras_mm=center)

    columns, rows = shown_field_ij(replace(made, image=image, spheres=(voi,)))

    # 11 mm radius and 85 mm margin to either side, in voxels of 2 and 2.5 mm.
    assert columns.start == pytest.approx(200 - 96 / 2, abs=1)
    assert columns.stop == pytest.approx(200 + 96 / 2 + 1, abs=1)
    assert rows.start == pytest.approx(150 - 96 / 2.5, abs=1)
    assert rows.stop == pytest.approx(150 + 96 / 2.5 + 1, abs=1)


@pytest.mark.parametrize('label', ['$x^$', '\x00\ud800', '球', '=1+1', 'a\nb', ''])
def test_any_label_can_be_drawn(label, tmp_path):
    inserts = (Insert(label, 22.0), *INSERTS[1:])
    result = made_result(inserts=inserts, background=False)
    picture = SlicePicture(result)

    picture.draw(9)
    picture.save(tmp_path / 'slice.png')

    assert (tmp_path / 'slice.png').stat().st_size > 1000


def test_voxels_that_are_no_numbers_can_be_drawn(tmp_path):
    result = made_result()
    voxels = np.full_like(result.image.voxels, np.nan)
    empty = replace(result, image=PETImage(voxels, result.image.geometry))

    paths = write_slice_images(empty, tmp_path)

    assert len(paths) == len(drawn_slices(result))


def test_no_global_state_of_matplotlib_is_used(tmp_path):
    import sys

    sys.modules.pop('matplotlib.pyplot', None)

    write_slice_images(made_result(), tmp_path)

    assert 'matplotlib.pyplot' not in sys.modules


def test_the_user_can_stop_the_drawing(tmp_path):
    def stop(part, _text):
        if part > 0.5:
            raise CanceledError

    with pytest.raises(CanceledError):
        write_slice_images(made_result(), tmp_path, progress=stop)


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('background', [True, False])
def test_the_overview_shows_a_slice_a_row_and_the_values(kind, background, tmp_path):
    write_overview(made_result(kind, background=background), tmp_path / 'overview.png')

    pixels = read_png(tmp_path / 'overview.png')
    assert pixels.shape == (650, 1160, 3)
    # The largest sphere in all three parts: circle, outline across the slices, markers.
    found = colored(pixels, insert_colors(made_result(kind).phantom)['S22'])
    parts = [found[:, :580], found[:330, 700:], found[330:, 700:]]
    assert [bool(part.sum() > 20) for part in parts] == [True, True, True]


def test_a_picture_shows_nothing_of_the_one_before(tmp_path):
    result = made_result()
    first, second, *_ = drawn_slices(result)
    used, fresh = SlicePicture(result), SlicePicture(result)
    used.draw(first)
    used.save(tmp_path / 'first.png')

    for picture, name in [(used, 'after.png'), (fresh, 'alone.png')]:
        picture.draw(second)
        picture.save(tmp_path / name)

    after, alone = (read_png(tmp_path / name) for name in ('after.png', 'alone.png'))
    assert np.array_equal(after, alone)
    fresh.figure.savefig(tmp_path / 'whole.png')  # with nothing kept from before
    assert np.array_equal(read_png(tmp_path / 'whole.png'), alone)


def test_the_outline_across_the_slices_is_the_surface():
    """Judge: the ellipse of a sphere in a plane through its center has the sphere's radius."""
    from matplotlib.figure import Figure
    from VOIIdentificationLib.report.figures import _draw_across

    result = made_result('sheared', background=False)
    axes = Figure().add_subplot()

    _draw_across(axes, result, shown_field_ij(result), (0.0, 1.0))

    assert axes.get_ylim() == (-0.5, 19.5)  # all slices and nothing else; S is up
    assert axes.get_xlim() == (-0.5, 49.5)
    assert {text.get_text() for text in axes.texts} >= {'R', 'L', 'S', 'I'}
    spacing = result.image.geometry.spacing_ijk_mm
    assert axes.get_aspect() == pytest.approx(spacing[2] / spacing[0])
    voi, geometry = result.spheres[0], result.image.geometry
    row_j = round(voi.center_ijk[1])
    outline = axes.collections[0].get_paths()[0].vertices
    index = np.c_[outline[:, 0], np.full(len(outline), row_j), outline[:, 1], np.ones(len(outline))]
    position = (index @ geometry.ijk_to_ras.T)[:, :3]
    distance = np.linalg.norm(position - voi.center_ras_mm, axis=1)
    assert distance == pytest.approx(11.0, abs=0.05)


def test_the_outline_of_a_cylinder_across_the_slices_has_its_height():
    from matplotlib.figure import Figure
    from VOIIdentificationLib.report.figures import _draw_across

    result = made_result(background=False)
    voi = result.spheres[0]
    cylinder = replace(voi.insert, shape='cylinder', height_mm=12.0)
    axes = Figure().add_subplot()

    result = replace(result, spheres=(replace(voi, insert=cylinder),))
    _draw_across(axes, result, shown_field_ij(result), (0.0, 1.0))

    outline = axes.collections[0].get_paths()[0].vertices
    assert np.ptp(outline[:, 1]) * SPACINGS_MM[2] == pytest.approx(12.0, abs=0.1)
