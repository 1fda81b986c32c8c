"""
Refinement: from a pushed seed to the center.

The images are balls in closed form (error functions), averaged over voxels;
the search never sees that formula. The original's own search is rewritten
here as a plain loop and judges the table of candidates.
"""

import numpy as np
import pytest
from ball_truth import walled_sphere
from turned_grids import brute_force_weights, grid
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Insert
from VOIIdentificationLib.core.settings import Settings
from VOIIdentificationLib.locate.search import search_highest_mean
from VOIIdentificationLib.measure.voi import seeded
from VOIIdentificationLib.measure.voi_mask import Cylinder, Sphere

VOXELS = [
    ((1.65, 1.65, 2.0), (36, 40, 44)),
    ((2.73, 2.73, 3.27), (26, 28, 30)),
    ((4.0, 4.0, 4.0), (22, 23, 25)),
]


def sphere_image(geometry, center, diameter_mm, *, signal=8.0, background=1.0, fwhm_mm=6.0):
    values = walled_sphere(
        geometry, center, diameter_mm, (fwhm_mm, fwhm_mm), signal=signal, background=background
    )
    return PETImage(values.astype(np.float32), geometry)


def refined_center(image, solid, settings, *, others=(), hot=True):
    """What the search makes of an insert whose seed is the middle of this solid."""
    sphere = isinstance(solid, Sphere)
    insert = Insert(
        solid.label,
        solid.diameter_mm,
        shape='sphere' if sphere else 'cylinder',
        height_mm=None if sphere else solid.height_mm,
        hot=hot,
    )
    return search_highest_mean(image, seeded(insert, solid.center_ras_mm), others, settings)


def pushed(center, distance_mm, rng):
    direction = rng.normal(size=3)
    return tuple(np.add(center, distance_mm * direction / np.linalg.norm(direction)))


@pytest.mark.parametrize(('spacing_mm', 'shape_kji'), VOXELS)
@pytest.mark.parametrize('diameter_mm', [10.0, 17.0, 37.0])
@pytest.mark.parametrize(('angle_deg', 'mirror'), [(0.0, False), (23.0, True)])
def test_noise_free_centers_are_found_within_a_tenth_of_a_millimeter(
    spacing_mm, shape_kji, diameter_mm, angle_deg, mirror
):
    rng = np.random.default_rng(1)
    geometry = grid(spacing_mm, angle_deg=angle_deg, shape_kji=shape_kji, mirror=mirror)
    center = tuple(geometry.axes_ras_mm @ rng.uniform(-0.5, 0.5, 3))
    image = sphere_image(geometry, center, diameter_mm)

    refined = refined_center(image, Sphere('S', pushed(center, 4.0, rng), diameter_mm), Settings())

    assert np.linalg.norm(np.subtract(refined.center_ras_mm, center)) < 0.1
    assert refined.flags == ()


def test_a_sheared_grid_is_searched_like_any_other():
    geometry = grid((2.0, 2.2, 2.5), angle_deg=10.0, shape_kji=(30, 34, 38), shear=True)
    center = (0.7, -0.4, 0.9)
    image = sphere_image(geometry, center, 17.0)
    refined = refined_center(image, Sphere('S', (3.0, 2.0, -1.0), 17.0), Settings())
    assert np.linalg.norm(np.subtract(refined.center_ras_mm, center)) < 0.1


def test_a_cold_sphere_is_where_the_mean_is_lowest():
    geometry = grid((2.0, 2.2, 2.5), shape_kji=(30, 34, 38))
    center = (0.7, -0.4, 0.9)
    image = sphere_image(geometry, center, 28.0, signal=0.0, background=5.0)
    refined = refined_center(image, Sphere('S', (3.0, 2.0, -1.0), 28.0), Settings(), hot=False)
    assert np.linalg.norm(np.subtract(refined.center_ras_mm, center)) < 0.1
    assert 0 < refined.search.mean.min() < refined.search.mean.max() < 5.0


def test_a_cylinder_is_found_too():
    geometry = grid((2.0, 2.2, 2.5), shape_kji=(30, 34, 38))
    center = np.array([1.3, -0.9, 1.875])  # both ends on faces of the sub-voxels
    box = tuple(slice(0, n) for n in geometry.shape_kji)

    def inside(position):
        offset = position - center
        return (np.hypot(offset[..., 0], offset[..., 1]) <= 8) & (np.abs(offset[..., 2]) <= 10)

    from scipy.ndimage import gaussian_filter

    sharp = brute_force_weights(inside, geometry, box, 4)
    image = PETImage(gaussian_filter(1 + 8 * sharp, 1.1).astype(np.float32), geometry)

    refined = refined_center(image, Cylinder('C', (4.0, 1.0, 0.0), 16.0, 20.0), Settings())

    assert np.linalg.norm(np.subtract(refined.center_ras_mm, center)) < 0.1


def test_the_table_holds_every_candidate_with_the_loops_mean_and_maximum():
    """Window ±9 mm in plane and ±6 mm across, every voxel center within it once."""
    rng = np.random.default_rng(2)
    geometry = grid((2.5, 3.1, 2.2), shape_kji=(24, 26, 30))
    image = PETImage(rng.normal(100, 20, geometry.shape_kji).astype(np.float32), geometry)
    seed = (0.4, -0.9, 0.7)
    settings = Settings(counting='hard', search_limit_mm=100.0)

    refined = refined_center(image, Sphere('S', seed, 13.0), settings)

    seed_ijk = geometry.index_ijk(seed)
    half = np.array([9 / 2.5, 9 / 3.1, 6 / 2.2])
    k, j, i = np.indices(geometry.shape_kji)
    voxels = geometry.position_ras_mm(np.stack([i, j, k], axis=-1))
    found = {tuple(index): n for n, index in enumerate(refined.search.index_ijk.tolist())}
    first_window = [
        index
        for index in np.ndindex(*geometry.size_ijk)
        if np.all(np.abs(index - seed_ijk) <= half)
    ]
    assert len(first_window) == 7 * 6 * 5
    assert set(first_window) <= set(found)
    for index in first_window:
        inside = np.linalg.norm(voxels - geometry.position_ras_mm(index), axis=-1) <= 6.5
        row = found[index]
        assert refined.search.mean[row] == pytest.approx(image.voxels[inside].mean(), rel=1e-6)
        assert refined.search.max[row] == image.voxels[inside].max()


def test_a_window_that_holds_the_maximum_is_the_whole_table():
    """Every voxel center within ±9 mm in plane and ±6 mm across, and no other."""
    geometry = grid((2.0, 2.2, 2.5), shape_kji=(30, 34, 38))
    image = sphere_image(geometry, (0.7, -0.4, 0.9), 17.0)
    seed = (3.3, 2.2, -1.1)

    table = refined_center(image, Sphere('S', seed, 17.0), Settings()).search

    index = np.stack(np.meshgrid(*map(np.arange, geometry.size_ijk), indexing='ij'), axis=-1)
    offset_mm = (index - geometry.index_ijk(seed)) * geometry.spacing_ijk_mm
    expected = index[np.all(np.abs(offset_mm) <= [9.0, 9.0, 6.0], axis=-1)]
    assert sorted(map(tuple, table.index_ijk)) == sorted(map(tuple, expected))


def test_maxima_of_partial_voxels_are_of_those_at_least_half_inside():
    rng = np.random.default_rng(2)
    geometry = grid((2.5, 3.1, 2.2), shape_kji=(24, 26, 30))
    image = PETImage(rng.normal(100, 20, geometry.shape_kji).astype(np.float32), geometry)

    table = refined_center(image, Sphere('S', (0.4, -0.9, 0.7), 13.0), Settings()).search

    for index, maximum in zip(table.index_ijk[::40], table.max[::40], strict=True):
        center = geometry.position_ras_mm(index)
        box = tuple(slice(int(n) - 4, int(n) + 5) for n in index[::-1])
        weights = brute_force_weights(
            lambda p, c=center: np.linalg.norm(p - c, axis=-1) <= 6.5, geometry, box, 12
        )
        assert maximum == image.voxels[box][weights >= 0.5].max()


def test_the_window_moves_on_when_the_means_still_rise_at_its_edge():
    geometry = grid((2.0, 2.2, 2.5), shape_kji=(36, 40, 46))
    image = sphere_image(geometry, (0.0, 0.0, 0.0), 22.0)
    refined = refined_center(image, Sphere('S', (13.0, 6.0, 5.0), 22.0), Settings())
    assert np.linalg.norm(refined.center_ras_mm) < 0.1
    assert refined.flags == ()


def test_the_search_stops_at_its_limit_and_says_so():
    geometry = grid((2.0, 2.2, 2.5), shape_kji=(36, 40, 46))
    image = sphere_image(geometry, (0.0, 0.0, 0.0), 37.0)
    seed = (22.0, 6.0, 0.0)

    refined = refined_center(image, Sphere('S', seed, 37.0), Settings(search_limit_mm=12.0))

    assert Flag.SEARCH_AT_LIMIT in refined.flags
    # The last candidate is within the limit, its summit at most a voxel farther.
    assert np.linalg.norm(np.subtract(refined.center_ras_mm, seed)) < 12.0 + 2.5


def test_the_search_never_enters_the_sphere_of_another_seed():
    geometry = grid((2.0, 2.2, 2.5), shape_kji=(36, 40, 46))
    image = sphere_image(geometry, (0.0, 0.0, 0.0), 28.0)
    neighbor = Sphere('S28', (0.5, 0.5, 0.0), 28.0)
    seed = (22.0, 0.0, 0.0)

    refined = refined_center(image, Sphere('S10', seed, 10.0), Settings(), others=[neighbor])

    gap = np.linalg.norm(np.subtract(refined.center_ras_mm, neighbor.center_ras_mm))
    assert gap > 19.0 - 2.0
    assert Flag.SEARCH_BLOCKED in refined.flags


def test_a_seed_that_already_overlaps_does_not_block_the_search():
    geometry = grid((2.0, 2.2, 2.5), shape_kji=(30, 34, 38))
    image = sphere_image(geometry, (0.7, -0.4, 0.9), 17.0)
    overlapping = Sphere('other', (8.0, 0.0, 0.0), 17.0)
    refined = refined_center(
        image, Sphere('S', (3.0, 2.0, -1.0), 17.0), Settings(), others=[overlapping]
    )
    assert np.linalg.norm(np.subtract(refined.center_ras_mm, (0.7, -0.4, 0.9))) < 0.1


def test_an_even_image_leaves_the_seed_where_it_is():
    geometry = grid((2.0, 2.2, 2.5), shape_kji=(30, 34, 38))
    image = PETImage(np.full(geometry.shape_kji, 7.0, np.float32), geometry)
    refined = refined_center(image, Sphere('S', (1.0, 2.0, 3.0), 17.0), Settings())
    assert refined.center_ras_mm == (1.0, 2.0, 3.0)
    assert refined.flags == (Flag.NOT_REFINED,)
    assert refined.search is None


def test_a_sphere_that_fits_nowhere_into_the_image_is_not_refined():
    geometry = VolumeGeometry((5, 34, 38), np.diag([2.0, 2.2, 2.5, 1.0]))
    image = PETImage(np.ones(geometry.shape_kji, np.float32), geometry)
    refined = refined_center(image, Sphere('S', (36.0, 36.0, 5.0), 37.0), Settings())
    assert refined.flags == (Flag.NOT_REFINED,)


def test_a_sphere_at_the_edge_of_the_image_is_found_and_flagged():
    """Its lowest point is half a voxel from the first slice's face."""
    geometry = grid((2.0, 2.2, 2.5), shape_kji=(20, 34, 38))
    center = (0.3, 0.4, -25.0 + 11.0 + 1.0)
    image = sphere_image(geometry, center, 22.0)

    refined = refined_center(image, Sphere('S', (3.0, 2.0, -10.0), 22.0), Settings())

    assert np.linalg.norm(np.subtract(refined.center_ras_mm, center)) < 1.5
    assert Flag.SEARCH_AT_LIMIT in refined.flags


def test_a_dead_voxel_does_not_stop_the_search():
    geometry = grid((2.0, 2.2, 2.5), shape_kji=(30, 34, 38))
    center = (0.7, -0.4, 0.9)
    image = sphere_image(geometry, center, 22.0)
    image.voxels[15, 17, 20] = np.nan
    refined = refined_center(image, Sphere('S', (3.0, 2.0, -1.0), 22.0), Settings())
    assert np.linalg.norm(np.subtract(refined.center_ras_mm, center)) < 0.3


def test_moving_grid_and_seed_together_moves_the_center_along():
    geometry = grid((2.0, 2.2, 2.5), angle_deg=10.0, shape_kji=(30, 34, 38))
    image = sphere_image(geometry, (0.7, -0.4, 0.9), 17.0)
    turn = grid((1.0, 1.0, 1.0), angle_deg=40.0).ijk_to_ras.copy()
    turn[:3, 3] = (100.0, -50.0, 20.0)
    seed = np.array([3.0, 2.0, -1.0])

    here = refined_center(image, Sphere('S', tuple(seed), 17.0), Settings()).center_ras_mm
    moved = PETImage(image.voxels, geometry.transformed(turn))
    moved_seed = tuple((turn @ [*seed, 1])[:3])
    there = refined_center(moved, Sphere('S', moved_seed, 17.0), Settings()).center_ras_mm

    assert there == pytest.approx((turn @ [*here, 1])[:3], abs=1e-3)
