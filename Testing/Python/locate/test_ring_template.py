"""
Which sphere is where.

The images are drawn here with `ball_truth`; the numbers that the match reports
are compared with the sums of squares of the very voxels.
"""

import numpy as np
import pytest
from ball_truth import ball_image
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.locate.ring import places
from VOIIdentificationLib.locate.ring_template import RingMatcher

ANGLES = np.radians([0.0, 60.0, 120.0, 180.0, 240.0, 300.0])
DIAMETERS_MM = np.array([37.0, 28.0, 22.0, 17.0, 13.0, 10.0])
HOT = np.ones(6, dtype=bool)


def grid():
    matrix = np.eye(4)
    matrix[:3, :3] = np.diag([-4.0, -4.5, 5.0])
    matrix[:3, 3] = (98.0, 101.0, -40.0)
    return VolumeGeometry((17, 46, 50), matrix)


GEOMETRY = grid()
FRAME = np.column_stack([(2.0, -1.0, 1.0), (57.2, 0.0, 0.0), (0.0, 57.2, 0.0)])
PLACES = places(FRAME, ANGLES)


def image_of(order, *, contrast=3.0, hot=HOT):
    """Sphere ``order[n]`` on place n, in a background of 1."""
    image = np.ones(GEOMETRY.shape_kji)
    for place, sphere in zip(PLACES, order, strict=True):
        part = contrast if hot[sphere] else -0.9
        image += part * ball_image(GEOMETRY, place, DIAMETERS_MM[sphere], (6.0, 6.0), order=2)
    return image


def matcher(image, hot=HOT):
    return RingMatcher(
        image.astype(np.float32), GEOMETRY, diameters_mm=DIAMETERS_MM, hot=hot, angles_rad=ANGLES
    )


@pytest.mark.parametrize(
    'order', [[0, 1, 2, 3, 4, 5], [4, 5, 0, 1, 2, 3], [2, 1, 0, 5, 4, 3]], ids=str
)
def test_order_is_read_from_the_image(order):
    match = matcher(image_of(order)).match(PLACES)

    assert match.order.tolist() == order
    assert match.explained > 0.97
    assert match.margin > 5


def test_noise_lowers_what_is_explained_as_its_variance_says():
    """Noise of variance v on N voxels adds N v to what is not explained."""
    clean = image_of([0, 1, 2, 3, 4, 5])
    noise = 0.4 * np.random.default_rng(0).standard_normal(clean.shape)
    k, j, i = np.indices(clean.shape)
    positions = GEOMETRY.position_ras_mm(np.stack([i, j, k], axis=-1))
    square = within = 0.0
    for place in PLACES:
        near = np.linalg.norm(positions - place, axis=-1) <= 24.0
        square += np.sum((clean[near] - clean[near].mean()) ** 2)
        within += near.sum()

    match = matcher(clean + noise).match(PLACES)

    assert match.explained == pytest.approx(square / (square + 0.16 * within), abs=0.02)


def test_cold_spheres_are_expected_to_be_cold():
    hot = np.array([False, False, True, True, True, True])
    image = image_of([3, 4, 5, 0, 1, 2], contrast=7.0, hot=hot)

    assert matcher(image, hot).match(PLACES).order.tolist() == [3, 4, 5, 0, 1, 2]


def test_cold_holes_are_no_hot_spheres():
    assert matcher(2.0 - 0.3 * image_of([0, 1, 2, 3, 4, 5])).match(PLACES) is None


def test_ring_that_leaves_the_image_is_no_match():
    image = image_of([0, 1, 2, 3, 4, 5])

    assert matcher(image).match(np.add(PLACES, (60.0, 0.0, 0.0))) is None


def test_spheres_of_one_size_have_no_margin():
    alike = RingMatcher(
        image_of([0, 1, 2, 3, 4, 5]).astype(np.float32),
        GEOMETRY,
        diameters_mm=np.full(6, 22.0),
        hot=HOT,
        angles_rad=ANGLES,
    )

    assert alike.match(PLACES).margin == pytest.approx(0.0, abs=1e-6)


def test_in_any_order_and_with_any_filling_spheres_explain_the_image():
    hot = np.array([True, True, True, False, True, False])
    order = [0, 2, 4, 1, 5, 3]
    shuffled = matcher(image_of(order, hot=hot))

    assert shuffled.explained_in_any_order(PLACES) > 0.97
    assert shuffled.match(PLACES) is None or shuffled.match(PLACES).explained < 0.7
    known = matcher(image_of([1, 2, 3, 4, 5, 0]))
    assert known.explained_in_any_order(PLACES) == pytest.approx(
        known.match(PLACES).explained, abs=1e-3
    )
    assert known.explained_in_any_order(np.add(PLACES, (60.0, 0.0, 0.0))) == 0.0
