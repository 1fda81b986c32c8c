"""A uniform cylinder is found wherever it lies; nothing else is taken for one."""

from dataclasses import replace

import numpy as np
import pytest
from made_cylinder import ACTIVITY, cylinder_grid, cylinder_scene
from VOIIdentificationLib.core.errors import SeedError
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.locate.uniform_cylinder import find_cylinder
from VOIIdentificationLib.synthetic.phantom import (
    PSF,
    Body,
    Pose,
    Rod,
    SyntheticPhantom,
    grid,
    synthesize,
)

WIDE = {'shape_ijk': (60, 58, 62), 'spacing_ijk_mm': (4.1, 4.3, 3.9)}


def middle_and_axis(found):
    shape = found.shape
    axis = np.asarray(shape.axis_ras)
    return np.asarray(shape.center_ras_mm) + axis * (shape.start_mm + shape.stop_mm) / 2, axis


@pytest.mark.parametrize(
    ('size_mm', 'pose', 'more'),
    [
        ((150.0, 130.0), Pose(), {}),
        ((150.0, 130.0), Pose(tilt_deg=7, tilt_axis_deg=50, offset_ras_mm=(9, -6, 5)), {}),
        ((120.0, 170.0), Pose(tilt_deg=90, tilt_axis_deg=20), WIDE),  # lies across the slices
        ((130.0, 160.0), Pose(tilt_deg=40), {**WIDE, 'oblique_deg': (10, 20, 30)}),
        ((140.0, 121.0), Pose(tilt_deg=12), {'mirrored': True}),  # inertia like a ball's
        ((160.0, 60.0), Pose(tilt_deg=5), {'shape_ijk': (70, 66, 24), 'spacing_ijk_mm': (3, 3, 6)}),
    ],
)
def test_it_is_found_at_any_pose_to_a_tenth_of_a_millimeter(size_mm, pose, more):
    image, _ = synthesize(cylinder_scene(cylinder_grid(**more), pose, size_mm=size_mm))

    found = find_cylinder(image)

    middle, axis = middle_and_axis(found)
    assert found.ends == (True, True)
    assert 2 * found.shape.radius_mm == pytest.approx(size_mm[0], abs=0.1)
    assert found.shape.length_mm == pytest.approx(size_mm[1], abs=0.1)
    assert middle == pytest.approx(np.array(pose.offset_ras_mm), abs=0.05)
    assert abs(axis @ pose.to_ras[:3, 2]) == pytest.approx(1.0, abs=1e-6)
    assert found.shape.level == pytest.approx(ACTIVITY, rel=1e-3)
    assert found.bubble_ml == 0


@pytest.mark.parametrize('seed', range(4))
def test_noise_moves_it_by_what_its_uncertainty_says(seed):
    image, _ = synthesize(cylinder_scene(pose=Pose(tilt_deg=4), cov=0.4, seed=seed))

    shape = find_cylinder(image).shape

    assert abs(2 * shape.radius_mm - 150.0) < 4 * 2 * shape.radius_sd_mm
    assert abs(shape.length_mm - 130.0) < 4 * shape.length_sd_mm
    assert 2 * shape.radius_sd_mm < 0.6
    assert find_cylinder(image).bubble_ml == 0


@pytest.mark.parametrize(('offset_mm', 'ends'), [(0.0, (False, False)), (55.0, (True, False))])
def test_an_end_outside_the_image_is_known_to_be_unseen(offset_mm, ends):
    geometry = cylinder_grid((50, 48, 30))
    pose = Pose(offset_ras_mm=(0.0, 0.0, offset_mm))

    found = find_cylinder(synthesize(cylinder_scene(geometry, pose, size_mm=(150.0, 140.0)))[0])

    up = found.shape.axis_ras[2] > 0
    assert found.ends == (ends if up else ends[::-1])
    assert 2 * found.shape.radius_mm == pytest.approx(150.0, abs=0.1)
    assert found.shape.length_sd_mm is None


def test_an_air_bubble_is_seen():
    # 15 mL of air lie along the top.
    bubble = Rod((0.0, 64.0, 0.0), (0.0, 0.0, 1.0), 16.0, 75.0, -ACTIVITY)
    found = find_cylinder(synthesize(cylinder_scene(inside=(bubble,)))[0])
    assert found.bubble_ml == pytest.approx(15.0, rel=0.35)
    assert 2 * found.shape.radius_mm == pytest.approx(150.0, abs=0.3)


def test_a_cylinder_for_mice_is_found_too():
    geometry = cylinder_grid((52, 50, 78), (0.9, 0.95, 0.8))
    scene = replace(
        cylinder_scene(geometry, Pose(tilt_deg=5), size_mm=(30.0, 50.0)), psf=PSF(1.5, 1.5)
    )
    found = find_cylinder(synthesize(scene)[0])
    assert found.ends == (True, True)
    assert 2 * found.shape.radius_mm == pytest.approx(30.0, abs=0.05)
    assert found.shape.length_mm == pytest.approx(50.0, abs=0.05)


def test_voxels_that_are_no_numbers_do_not_stop_it():
    image, _ = synthesize(cylinder_scene())
    voxels = image.voxels.copy()
    voxels[20:23, 10:14, 5:9] = np.nan
    voxels[20, 24, 25] = np.inf
    shape = find_cylinder(replace(image, voxels=voxels)).shape
    assert 2 * shape.radius_mm == pytest.approx(150.0, abs=0.1)


def test_a_wrong_voxel_size_shows_in_its_size():
    image, _ = synthesize(cylinder_scene())
    scaled = VolumeGeometry(
        image.geometry.shape_kji, np.diag([1.025, 1.025, 1.0, 1.0]) @ image.geometry.ijk_to_ras
    )
    shape = find_cylinder(PETImage(image.voxels, scaled, 'Bq/mL')).shape
    assert 2 * shape.radius_mm == pytest.approx(1.025 * 150.0, abs=0.1)
    assert shape.length_mm == pytest.approx(130.0, abs=0.1)


def test_the_body_phantom_is_no_cylinder():
    scene = SyntheticPhantom(grid((80, 70, 60), (4.2, 4.1, 4.0)), body=Body())
    with pytest.raises(SeedError, match=r'no uniform cylinder is found: the largest object'):
        find_cylinder(synthesize(scene)[0])


@pytest.mark.parametrize('value', [0.0, np.nan])
def test_an_empty_image_is_refused(value):
    geometry = cylinder_grid((20, 21, 22))
    image = PETImage(np.full(geometry.shape_kji, value, np.float32), geometry, 'Bq/mL')
    with pytest.raises(SeedError, match='nothing in the image stands out'):
        find_cylinder(image)
