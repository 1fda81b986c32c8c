"""
Trust, but verify: each way in which a reader may err is told apart from the others.

The errors are made here by hand on known voxels. That the application's own reader makes them
is shown in test_source.py, on DICOM files.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.dicom.verify import Agreement, verify_voxels

SHAPE_KJI = (5, 6, 7)


def geometry():
    """Oblique, and no two axes alike."""
    c, s = np.cos(0.3), np.sin(0.3)
    matrix = np.eye(4)
    matrix[:3, :3] = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) * (2.0, 2.5, 3.0)
    matrix[:3, 3] = (-11.0, 7.0, 23.0)
    return VolumeGeometry(SHAPE_KJI, matrix)


def stored(unit='Bq/mL', seed=3):
    voxels = np.random.default_rng(seed).gamma(2.0, 4000.0, SHAPE_KJI)
    return PETImage(voxels.astype(np.float32), geometry(), unit)


def changed(image, function, unit=None):
    voxels = np.asarray(function(image.voxels.astype(float)), dtype=np.float32)
    return PETImage(voxels, image.geometry, unit or image.unit)


def per_slice(values):
    return np.asarray(values, dtype=float)[:, None, None]


def test_the_same_voxels_are_trusted():
    image = stored()

    found = verify_voxels(changed(image, lambda v: v), image)

    assert found.agreement is Agreement.SAME
    assert found.trusted
    assert found.largest_difference == 0


def test_rounding_of_float32_is_no_difference():
    image = stored()

    found = verify_voxels(changed(image, lambda v: np.nextafter(np.float32(v), np.inf)), image)

    assert found.agreement is Agreement.SAME


@pytest.mark.parametrize('top', [38128.0, per_slice([9e3, 1e4, 2e4, 3e4, 4e4])], ids=str)
def test_an_inverted_volume_is_recognized(top):
    """Also where each file is inverted about a sum of its own."""
    image = stored()

    found = verify_voxels(changed(image, lambda v: top - v), image)

    assert found.agreement is Agreement.INVERTED
    assert not found.trusted
    assert 'upside down' in found.text
    assert 'Reload' in found.text


@pytest.mark.parametrize('rounded', [np.trunc, np.rint, np.floor])
def test_values_cut_to_whole_numbers_are_recognized(rounded):
    image = stored()

    found = verify_voxels(changed(image, rounded), image)

    assert found.agreement is Agreement.ROUNDED
    assert not found.trusted
    assert found.largest_difference < 1


def test_whole_numbers_that_are_far_off_are_a_difference():
    image = stored()

    found = verify_voxels(changed(image, lambda v: 5 * np.rint(v / 5)), image)

    assert found.agreement is Agreement.DIFFERENT


def test_a_slope_taken_from_one_slice_for_all_is_a_difference():
    image = stored()

    found = verify_voxels(changed(image, lambda v: v * per_slice([1, 1, 1.2, 1, 0.9])), image)

    assert found.agreement is Agreement.DIFFERENT
    assert not found.trusted
    assert f'{found.largest_difference:.6g}' in found.text


def test_one_wrong_voxel_is_a_difference():
    image = stored()
    voxels = image.voxels.copy()
    voxels[1, 2, 3] += 1.0

    found = verify_voxels(PETImage(voxels, image.geometry, image.unit), image)

    assert found.agreement is Agreement.DIFFERENT
    assert found.largest_difference == pytest.approx(1.0, abs=1e-3)


def test_another_unit_by_one_factor_is_trusted():
    image = stored()

    found = verify_voxels(changed(image, lambda v: v * 1.25e-4, unit='SUVbw'), image)

    assert found.agreement is Agreement.CONVERTED
    assert found.trusted
    assert '0.000125' in found.text


def test_a_factor_in_the_same_unit_is_a_difference():
    image = stored()

    assert verify_voxels(changed(image, lambda v: v * 2), image).agreement is Agreement.DIFFERENT


def test_a_voxel_that_is_not_a_number_is_a_difference():
    image = stored()

    found = verify_voxels(changed(image, lambda v: np.where(v == v.max(), np.nan, v)), image)

    assert found.agreement is Agreement.DIFFERENT


@given(
    st.permutations([0, 1, 2]),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_the_order_of_the_axes_does_not_matter(order, backward):
    """A reader may let axes run the other way or exchange them, if its matrix says so."""
    image = stored()
    size = image.geometry.size_ijk
    # new index n of axis a is old index (n, or size-1-n) of axis order[a]
    to_old = np.zeros((4, 4))
    to_old[3, 3] = 1
    for new, old in enumerate(order):
        to_old[old, new] = -1 if backward[new] else 1
        to_old[old, 3] = size[old] - 1 if backward[new] else 0
    ijk = np.transpose(image.voxels, (2, 1, 0)).transpose(order)
    ijk = np.flip(ijk, [axis for axis in range(3) if backward[axis]])
    voxels = np.transpose(ijk, (2, 1, 0))
    loaded = PETImage(
        voxels, VolumeGeometry(voxels.shape, image.geometry.ijk_to_ras @ to_old), image.unit
    )

    assert verify_voxels(loaded, image).agreement is Agreement.SAME


def moved(image, shift_mm):
    matrix = image.geometry.ijk_to_ras.copy()
    matrix[:3, 3] += shift_mm
    return PETImage(image.voxels, VolumeGeometry(SHAPE_KJI, matrix), image.unit)


def with_a_slice_more(image):
    voxels = np.concatenate([image.voxels[:1], image.voxels])
    matrix = image.geometry.ijk_to_ras.copy()
    matrix[:3, 3] -= matrix[:3, 2]
    return PETImage(voxels, VolumeGeometry(voxels.shape, matrix), image.unit)


@pytest.mark.parametrize(
    ('change', 'what'),
    [
        (lambda i: moved(i, (0.5, 0, 0)), 'half a millimeter to the right'),
        (lambda i: moved(i, (2.0, 0, 0)), 'one voxel to the right'),
        (
            lambda i: PETImage(i.voxels[:4], VolumeGeometry((4, 6, 7), i.geometry.ijk_to_ras)),
            'a slice less',
        ),
        (with_a_slice_more, 'a slice more, below'),
        (
            lambda i: PETImage(
                i.voxels,
                VolumeGeometry(SHAPE_KJI, i.geometry.ijk_to_ras @ np.diag([1, 1, 1.02, 1])),
            ),
            'slices 2 % farther apart',
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else '',
)
def test_another_grid_cannot_be_compared(change, what):
    image = stored()

    found = verify_voxels(change(image), image)

    assert found.agreement is Agreement.OTHER_GRID, what
    assert not found.trusted
    assert found.largest_difference is None
    assert '7 x 6 x 5 of 2.000 x 2.500 x 3.000 mm' in found.text


def test_an_empty_image_is_the_same_as_itself():
    image = changed(stored(), np.zeros_like)

    assert verify_voxels(image, image).agreement is Agreement.SAME
