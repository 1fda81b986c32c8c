"""The 1 cm3 peak against a plain loop over voxels with brute-force weights."""

import numpy as np
import pytest
from turned_grids import brute_force_weights
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.measure.moving_voi import PEAK_DIAMETER_MM, voi_peak
from VOIIdentificationLib.measure.voi_mask import Sphere, VOIMask, voi_mask

SPACING_MM = (2.1, 2.4, 3.0)


@pytest.fixture
def image():
    voxels = np.random.default_rng(6).gamma(4.0, 250.0, (14, 18, 22)).astype(np.float32)
    return PETImage(voxels, VolumeGeometry(voxels.shape, np.diag([*SPACING_MM, 1.0])))


def brute_force_mean(image, index_ijk):
    """Mean over 1 cm3 round one voxel: points of a fine lattice in or out."""
    center = image.geometry.position_ras_mm(index_ijk)
    reach = np.ceil(6.3 / np.array(SPACING_MM)).astype(int)
    box = tuple(
        slice(int(n - r), int(n + r + 1)) for n, r in zip(index_ijk[::-1], reach[::-1], strict=True)
    )
    weights = brute_force_weights(
        lambda p: np.linalg.norm(p - center, axis=-1) <= 6.2035, image.geometry, box, 10
    )
    return np.average(image.voxels[box], weights=weights)


def test_the_peak_sphere_holds_one_cubic_centimeter():
    """Radius 6.2035 mm (metrics, section 4)."""
    assert pytest.approx(2 * 6.2035, abs=1e-4) == PEAK_DIAMETER_MM
    assert np.pi * PEAK_DIAMETER_MM**3 / 6 == pytest.approx(1000.0)


def test_both_peaks_are_those_of_the_plain_loop(image):
    mask = voi_mask(Sphere('S', (22.0, 21.0, 20.0), 10.0), image.geometry)
    inside = np.argwhere(mask.weights >= 0.5) + [s.start for s in mask.slices_kji]
    means = [brute_force_mean(image, index[::-1]) for index in inside]
    values = [image.voxels[tuple(index)] for index in inside]

    highest, at_max = voi_peak(image, mask)

    assert highest == pytest.approx(max(means), rel=4e-3)
    assert at_max == pytest.approx(means[int(np.argmax(values))], rel=4e-3)


def test_a_voxel_that_is_not_finite_is_left_out(image):
    mask = voi_mask(Sphere('S', (22.0, 21.0, 20.0), 13.0), image.geometry)
    image.voxels[:] = 7.0
    image.voxels[7, 9, 10] = np.nan
    highest, at_max = voi_peak(image, mask)
    assert highest == pytest.approx(7.0)
    assert at_max == pytest.approx(7.0)


def test_near_the_edge_only_places_within_the_image_count(image):
    mask = voi_mask(Sphere('S', (22.0, 21.0, 3.0), 13.0), image.geometry)
    image.voxels[:] = np.arange(14)[:, None, None]
    assert voi_peak(image, mask)[0] == pytest.approx(3.0)


def test_no_peak_where_the_cubic_centimeter_does_not_fit():
    geometry = VolumeGeometry((3, 18, 22), np.diag([*SPACING_MM, 1.0]))
    image = PETImage(np.ones((3, 18, 22), np.float32), geometry)
    mask = voi_mask(Sphere('S', (22.0, 21.0, 3.0), 10.0), geometry)
    assert voi_peak(image, mask) == (None, None)


def test_the_maximum_is_sought_inside_the_voi_only(image):
    """The hottest voxel of the box lies in its corner, outside the sphere."""
    mask = voi_mask(Sphere('S', (22.0, 21.0, 20.0), 13.0), image.geometry)
    image.voxels[:] = 5.0
    image.voxels[tuple(s.start for s in mask.slices_kji)] = 500.0
    image.voxels[7, 9, 10] = 20.0

    _, at_max = voi_peak(image, mask)

    around_middle = 5.0 + 15.0 * image.geometry.voxel_volume_mm3 / 1000.0
    assert at_max == pytest.approx(around_middle, rel=0.01)


@pytest.mark.parametrize(('weight', 'counts'), [(0.5, True), (0.499, False)])
def test_a_peak_is_centered_on_voxels_at_least_half_inside(image, weight, counts):
    """Two voxels, the hot one of the two with so much inside."""
    image.voxels[:] = 5.0
    image.voxels[7, 9, 12] = 50.0
    mask = VOIMask(np.array([[[1.0, weight]]]), (slice(7, 8), slice(9, 10), slice(11, 13)), False)

    highest, at_max = voi_peak(image, mask)

    # A whole voxel in the middle of the ball of 1 cm3, and in its neighbor's ball as well.
    assert highest == at_max
    assert at_max == pytest.approx(5.0 + 45.0 * image.geometry.voxel_volume_mm3 / 1000, rel=0.01)
    alone = VOIMask(mask.weights[..., 1:], (*mask.slices_kji[:2], slice(12, 13)), False)
    assert (voi_peak(image, alone)[0] is not None) == counts
