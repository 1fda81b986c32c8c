"""Which voxels belong to the fit of a sphere: every voxel of the image by itself."""

import numpy as np
import pytest
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.measure.voi_mask import Sphere
from VOIIdentificationLib.sphere_fit.fit import fit_spheres
from VOIIdentificationLib.sphere_fit.model import fit_box

SHAPE_KJI = (20, 26, 30)


def oblique():
    c, s = np.cos(0.4), np.sin(0.4)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, -1]]) * (2.1, 2.4, 3.0)
    matrix[:3, 3] = (-20.0, -30.0, 25.0)
    return VolumeGeometry(SHAPE_KJI, matrix)


GEOMETRY = oblique()


def distances_mm(point_ras_mm):
    k, j, i = np.indices(SHAPE_KJI)
    places = GEOMETRY.position_ras_mm(np.stack([i, j, k], axis=-1))
    return np.linalg.norm(places - point_ras_mm, axis=-1)


def image():
    voxels = np.random.default_rng(3).uniform(1.0, 2.0, SHAPE_KJI).astype(np.float32)
    return PETImage(voxels, GEOMETRY, 'Bq/mL')


def on_image(box, values):
    """What a box says of the voxels of the image; its other voxels must be unused."""
    whole = np.zeros(SHAPE_KJI, dtype=values.dtype)
    first, seen = np.asarray(box.model.first_ijk)[::-1], 0
    for index in np.argwhere(box.use):
        place = tuple(index + first)
        assert all(0 <= n < size for n, size in zip(place, SHAPE_KJI, strict=True))
        whole[place] = values[tuple(index)]
        seen += 1
    assert seen == np.count_nonzero(box.use)
    return whole


@pytest.mark.parametrize(
    'index_ijk',
    [(15.2, 12.7, 9.6), (2.0, 12.7, 9.6), (15.2, 24.0, 1.0)],
    ids=['inside', 'at a face', 'at an edge'],
)
@pytest.mark.parametrize('wall_mm', [1.0, 2.5])
def test_the_fit_has_the_voxels_within_eight_millimeter_of_the_wall(index_ijk, wall_mm):
    scan = image()
    scan.voxels[9:11, 12, 15] = np.nan
    center = tuple(GEOMETRY.position_ras_mm(index_ijk).tolist())

    box = fit_box(scan, Sphere('S', center, 13.0), hot=True, wall_mm=wall_mm, others=())

    wanted = (distances_mm(center) <= 6.5 + wall_mm + 8.0) & np.isfinite(scan.voxels)
    assert np.array_equal(on_image(box, box.use), wanted)
    assert np.array_equal(on_image(box, box.values), np.where(wanted, scan.voxels, 0.0))
    assert (box.values[~box.use] == 0).all()


@pytest.mark.parametrize('apart_mm', [14.0, 25.0, 38.0, 40.0])
def test_six_millimeter_around_the_wall_of_another_sphere_are_left_out(apart_mm):
    center = np.array(GEOMETRY.position_ras_mm((15.2, 12.7, 9.6)))
    other = center + apart_mm * np.array([0.6, 0.8, 0.0])

    box = fit_box(
        image(),
        Sphere('S', tuple(center.tolist()), 13.0),
        hot=True,
        wall_mm=1.0,
        others=[Sphere('T', tuple(other.tolist()), 17.0)],
    )

    wanted = (distances_mm(center) <= 15.5) & (distances_mm(other) > 8.5 + 1.0 + 6.0)
    assert np.array_equal(on_image(box, box.use), wanted)


def test_the_mean_in_the_ball_is_that_of_the_voxels_whose_center_is_inside():
    scan = image()
    center = tuple(GEOMETRY.position_ras_mm((15.2, 12.7, 9.6)).tolist())
    inside = distances_mm(center) <= 6.5
    scan.voxels[tuple(np.argwhere(inside)[0])] = np.nan

    box = fit_box(scan, Sphere('S', center, 13.0), hot=True, wall_mm=1.0, others=())

    count = np.count_nonzero(inside)
    assert box.coverage == pytest.approx((count - 1) / count)
    assert box.inside.sum() == pytest.approx(1.0)
    assert np.count_nonzero(box.inside) == count
    assert on_image(box, box.inside).max() == pytest.approx(1 / count)


@pytest.mark.parametrize(('index_ijk', 'count'), [((15.0, 12.0, 9.0), 1), ((15.5, 12.0, 9.0), 2)])
def test_a_ball_without_a_voxel_has_the_nearest(index_ijk, count):
    """A hundredth of the least distance decides which are equally near."""
    center = tuple(GEOMETRY.position_ras_mm(index_ijk).tolist())

    box = fit_box(image(), Sphere('S', center, 0.5), hot=True, wall_mm=1.0, others=())

    assert np.count_nonzero(box.inside) == count
    assert box.coverage == 1.0


@pytest.mark.parametrize(('missing', 'enough'), [(0.39, True), (0.41, False)])
def test_sixty_percent_of_the_ball_are_needed(missing, enough):
    scan = image()
    center = tuple(GEOMETRY.position_ras_mm((15.2, 12.7, 9.6)).tolist())
    places = np.argwhere(distances_mm(center) <= 11.0)
    left_out = places[: round(missing * len(places))]
    scan.voxels[tuple(left_out.T)] = np.nan
    covered = 1 - len(left_out) / len(places)
    assert (covered >= 0.6) == enough

    (fit,) = fit_spheres(scan, [Sphere('S', center, 22.0)])

    told = f'only {100 * covered:.0f} % of the sphere is in the image'
    assert fit.reason.startswith(told) != enough
    assert ('60 % are needed' in fit.reason) != enough


@pytest.mark.parametrize(('contrast', 'flat'), [(0.95e-5, True), (1.05e-5, False)])
@pytest.mark.parametrize('level', [1.0, -4.0])
def test_values_must_differ_by_a_hundred_thousandth(contrast, flat, level):
    """Of the largest: less is what single precision leaves of a constant."""
    scan = image()
    scan.voxels[...] = level
    scan.voxels[9, 12, 15] = level * (1 - contrast)
    center = tuple(GEOMETRY.position_ras_mm((15.2, 12.7, 9.6)).tolist())

    (fit,) = fit_spheres(scan, [Sphere('S', center, 22.0)])

    assert (fit.reason == 'the image has the same value everywhere around it') == flat
