"""Edge, level and lung of the body against closed forms of discs and of blurred discs."""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import ncx2
from VOIIdentificationLib.core.errors import SeedError
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.evaluate.phantom_outline import find_outline

SPACING_MM = (2.0, 1.8, 3.0)
SHAPE_KJI = (9, 160, 150)
"""300 x 288 x 27 mm around the origin."""

SPHERES = [((80.0, 0.0, 0.0), 10.0)]
BLUR_MM = 4.0
"""The one that the outline applies before it looks."""


def place_mm(shape_kji=SHAPE_KJI, spacing=SPACING_MM):
    matrix = np.diag([*spacing, 1.0])
    matrix[:3, 3] = -np.array(spacing) * (np.array(shape_kji[::-1]) - 1) / 2
    geometry = VolumeGeometry(shape_kji, matrix)
    k, j, i = np.indices(shape_kji)
    return geometry, np.moveaxis(geometry.position_ras_mm(np.stack([i, j, k], axis=-1)), -1, 0)


def outline_of(function, slices_k=(4,), spheres=SPHERES, **grid):
    geometry, (r, a, s) = place_mm(**grid)
    values = np.broadcast_to(function(r, a, s), geometry.shape_kji)
    return find_outline(
        PETImage(values.astype(np.float32), geometry, 'Bq/mL'), (0.0, 0.0, 0.0), spheres, slices_k
    )


def subsampled_disc(r, a, radius_mm, n=6):
    """Part of n x n points of each pixel within a disc around the axis."""
    points = (np.arange(n) + 0.5) / n - 0.5
    return np.mean(
        [np.hypot(r + SPACING_MM[0] * u, a + SPACING_MM[1] * v) <= radius_mm for u in points
         for v in points],
        axis=0,
    )  # fmt: skip


def seen_radius_mm(radius_mm):
    """Where a cold disc, blurred, is half as cold: the mass of a Gaussian in a circle."""

    def _half(at_mm):
        return ncx2.cdf((radius_mm / BLUR_MM) ** 2, 2, (at_mm / BLUR_MM) ** 2) - 0.5

    return brentq(_half, 1e-6, 2 * radius_mm)


def body_with_lung(radius_mm):
    return lambda r, a, s: 1000.0 * (1 - subsampled_disc(r, a, radius_mm))


@pytest.mark.parametrize('radius_mm', [11.2, 14.0, 25.0, 38.0])
def test_a_lung_has_the_diameter_at_half_of_the_blurred_edge(radius_mm):
    outline = outline_of(body_with_lung(radius_mm))

    assert outline.lung_diameter_mm == pytest.approx(2 * seen_radius_mm(radius_mm), abs=0.25)
    assert outline.lung_uv_mm == pytest.approx([0.0, 0.0], abs=0.1)
    assert outline.level == pytest.approx(1000.0)


@pytest.mark.parametrize(
    ('seen_mm', 'found'), [(19.3, False), (20.7, True), (79.3, True), (80.7, False)]
)
def test_a_lung_is_twenty_to_eighty_millimeter_wide(seen_mm, found):
    radius_mm = brentq(lambda radius: 2 * seen_radius_mm(radius) - seen_mm, 6.0, 50.0)

    outline = outline_of(body_with_lung(radius_mm))

    assert (outline.lung_uv_mm is not None) == found
    assert (outline.lung_diameter_mm > 0) == found


@pytest.mark.parametrize('offset_mm', [(12.0, -7.0), (-20.0, 9.0)])
def test_a_lung_off_the_axis_is_found_where_it_is(offset_mm):
    r0, a0 = offset_mm
    outline = outline_of(lambda r, a, s: 1000.0 * (np.hypot(r - r0, a - a0) > 20.0))

    found = outline.plane.ras_mm(outline.lung_uv_mm)
    assert found[:2] == pytest.approx(offset_mm, abs=0.3)


def test_a_lung_is_sought_within_forty_five_millimeter_of_the_axis():
    """A cold disc of 40 mm at 50 mm from the axis: only what lies nearer is seen."""
    center, radius = 50.0, 20.0
    outline = outline_of(lambda r, a, s: 1000.0 * (np.hypot(r, a - center) > radius))

    axis = np.arange(-80.0, 80.0, 0.25)
    x, y = np.meshgrid(axis, axis)
    seen = (np.hypot(x, y) < 45.0) & (np.hypot(x, y - center) < radius)
    expected = 2 * np.sqrt(seen.sum() * 0.25**2 / np.pi)
    assert outline.lung_diameter_mm == pytest.approx(expected, abs=0.6)


def test_of_two_cold_places_the_larger_one_is_the_lung():
    outline = outline_of(
        lambda r, a, s: 1000.0 * ((np.hypot(r + 22, a) > 15.0) & (np.hypot(r - 22, a) > 11.0))
    )

    assert outline.plane.ras_mm(outline.lung_uv_mm)[0] == pytest.approx(-22.0, abs=0.3)


def test_a_sphere_is_no_lung():
    """Cold spheres on the ring are left out, however near the axis it runs."""
    near = [((30.0, 0.0, 0.0), 37.0)]
    outline = outline_of(lambda r, a, s: 1000.0 * (np.hypot(r - 30.0, a) > 18.5), spheres=near)

    assert outline.lung_uv_mm is None


def test_the_level_is_the_median_in_a_shell_around_the_spheres():
    """
    Values that rise by 10 per mm from a sphere of 20 mm.

    Half the area of a shell from 8 to 20 mm, 18 to 30 mm from the middle, lies within
    sqrt((18^2 + 30^2) / 2); a blur adds sigma^2 / 2 times the Laplacian, 10 / radius.
    """
    center = (80.0, 10.0)
    outline = outline_of(
        lambda r, a, s: 1000.0 + 10.0 * np.hypot(r - center[0], a - center[1]),
        spheres=[((*center, 0.0), 20.0)],
    )

    middle = np.sqrt((18.0**2 + 30.0**2) / 2)
    expected = 1000.0 + 10.0 * middle + BLUR_MM**2 / 2 * 10.0 / middle
    assert outline.level == pytest.approx(expected, abs=1.5)


def test_the_level_of_several_spheres_leaves_out_all_of_them():
    spheres = [((80.0, 0.0, 0.0), 20.0), ((-80.0, 0.0, 0.0), 20.0)]

    def _hot(r, a, s):
        near = np.minimum(np.hypot(r - 80.0, a), np.hypot(r + 80.0, a)) < 10.0
        return np.where(near, 5000.0, 1000.0)

    assert outline_of(_hot, spheres=spheres).level == pytest.approx(1000.0, rel=0.01)


@pytest.mark.parametrize('value', [0.0, -3.0])
def test_a_body_without_activity_is_refused(value):
    with pytest.raises(SeedError, match=rf'no warm background .*\(its level is {value:g}\)'):
        outline_of(lambda r, a, s: value + 0 * r)


@pytest.mark.parametrize('radius_mm', [90.0, 120.0])
def test_the_distance_to_the_edge_of_a_disc(radius_mm):
    """A blurred straight edge is half as warm where it was; a round one 0.1 mm further in."""
    outline = outline_of(lambda r, a, s: 1000.0 * subsampled_disc(r, a, radius_mm))

    points = np.array([[0.0, 0.0], [30.0, 0.0], [0.0, -60.0], [40.0, 40.0]])
    expected = radius_mm - np.linalg.norm(points, axis=1)
    assert outline.edge_distance_at(points) == pytest.approx(expected, abs=0.6)
    outside = np.array([[radius_mm + 3.0, 0.0], [0.0, -radius_mm - 3.0], [900.0, 0.0]])
    assert outline.edge_distance_at(outside) == pytest.approx([0.0, 0.0, 0.0])


def test_a_map_ends_at_two_hundred_and_twenty_millimeter():
    """Warm everywhere: nothing tells of an edge but the map's own."""
    outline = outline_of(
        lambda r, a, s: 1000.0 + 0 * r, shape_kji=(3, 130, 124), spacing=(4.0, 4.2, 3.0),
        slices_k=(1,),
    )  # fmt: skip

    assert outline.axis_mm[[0, -1]].tolist() == [-220.0, 220.0]
    assert outline.edge_distance_at(np.zeros((1, 2)))[0] == pytest.approx(220.5, abs=0.6)


def test_the_body_is_the_piece_around_the_spheres():
    """A larger warm thing beside it is not the phantom."""
    outline = outline_of(
        lambda r, a, s: 1000.0 * ((np.hypot(r - 80.0, a) < 40.0) | (r < 10.0)), spheres=SPHERES
    )

    assert outline.edge_distance_at(np.array([[80.0, 0.0]]))[0] == pytest.approx(40.0, abs=1.0)
    assert outline.edge_distance_at(np.array([[-50.0, 0.0]]))[0] == 0.0


def test_a_slice_counts_with_those_around_it_by_a_gaussian():
    """A body that ends between slices: the mass of a Gaussian of 4 mm on its side."""
    geometry, (r, _a, s) = place_mm()
    values = np.where(s > 0.0, 1000.0, 0.0) + 0 * r
    image = PETImage(values.astype(np.float32), geometry, 'Bq/mL')
    heights = 3.0 * (np.arange(9) - 4)
    for k in (5, 6, 7):
        weights = np.exp(-0.5 * ((heights - heights[k]) / 4.0) ** 2)
        weights[np.abs(np.arange(9) - k) > 4] = 0.0
        expected = 1000.0 * weights[heights > 0].sum() / weights.sum()
        found = find_outline(image, (0.0, 0.0, float(heights[k])), SPHERES, [k])
        assert found.level == pytest.approx(expected, rel=1e-3)
