"""Means and maxima under a moved VOI, against the plain loop over every place."""

import numpy as np
import pytest
from VOIIdentificationLib.measure.moving_voi import (
    centered_mean,
    needed_box,
    windowed_maximum,
    windowed_mean,
)


def every_place(box, shape):
    """Corner and content of the box at each place of a VOI of this shape."""
    for corner in np.ndindex(*(b - s + 1 for b, s in zip(box.shape, shape, strict=True))):
        yield corner, box[tuple(slice(c, c + s) for c, s in zip(corner, shape, strict=True))]


@pytest.fixture
def box():
    return np.random.default_rng(3).normal(1000.0, 300.0, (9, 11, 14))


@pytest.fixture
def weights():
    return np.random.default_rng(4).uniform(0.1, 1.0, (3, 5, 4))


@pytest.fixture
def convex():
    """A ball, cut so that it is not symmetric and its rows start at different columns."""
    k, j, i = np.indices((5, 6, 7))
    return (k - 2) ** 2 + (j - 3.3) ** 2 + (i - 2.6 + 0.4 * j) ** 2 < 6


def test_means_are_those_of_the_plain_loop(box, weights):
    means = windowed_mean(box, weights)
    for corner, content in every_place(box, weights.shape):
        assert means[corner] == pytest.approx(np.average(content, weights=weights), rel=1e-12)


def test_voxels_that_are_not_finite_are_left_out_of_the_mean(box, weights):
    box[2, 3, 4], box[5, 5, 5] = np.nan, np.inf
    means = windowed_mean(box, weights)
    for corner, content in every_place(box, weights.shape):
        finite = np.isfinite(content)
        expected = np.average(content[finite], weights=weights[finite])
        assert means[corner] == pytest.approx(expected, rel=1e-12)


def test_a_place_without_a_finite_voxel_has_no_mean(weights):
    box = np.ones((9, 11, 14))
    box[:, :, :8] = np.nan
    means = windowed_mean(box, weights)
    assert np.isnan(means[:, :, :5]).all()
    assert means[:, :, 5:] == pytest.approx(1.0)


def test_maxima_are_those_of_the_plain_loop(box, convex):
    box[4, 4, 4], box[0, 0, 0] = np.nan, np.inf
    maxima = windowed_maximum(box, convex)
    for corner, content in every_place(box, convex.shape):
        inside = content[convex]
        assert maxima[corner] == inside[np.isfinite(inside)].max()


def test_a_place_without_a_finite_voxel_has_no_maximum():
    assert np.isnan(windowed_maximum(np.full((3, 4, 5), np.nan), np.ones((2, 2, 2), bool))).all()


def test_a_voi_as_large_as_the_box_has_one_place(box):
    assert windowed_mean(box, np.ones(box.shape)).shape == (1, 1, 1)
    assert windowed_maximum(box, np.ones(box.shape, bool))[0, 0, 0] == box.max()


def test_a_centered_mean_is_given_where_the_voi_fits_and_nan_elsewhere(box):
    weights = np.random.default_rng(4).uniform(0.1, 1.0, (3, 5, 3))
    places = (slice(-1, 4), slice(3, 11), slice(11, 16))

    means = centered_mean(box, weights, places)

    assert means.shape == (5, 8, 5)
    for place, mean in np.ndenumerate(means):
        k, j, i = np.add(place, [s.start for s in places])
        if 1 <= k < 8 and 2 <= j < 9 and 1 <= i < 13:
            content = box[k - 1 : k + 2, j - 2 : j + 3, i - 1 : i + 2]
            assert mean == pytest.approx(np.average(content, weights=weights), rel=1e-12)
        else:
            assert np.isnan(mean)


@pytest.mark.parametrize(
    ('weights', 'known'), [((0.52, 9.48), True), ((0.48, 9.52), False), ((0.18, 0.12), True),
                           ((0.12, 0.18), False)]
)  # fmt: skip
def test_a_mean_needs_half_a_voxel_or_half_of_a_voi_that_is_smaller(weights, known):
    """The second voxel is no number."""
    box = np.array([[[5.0, np.nan]]])

    mean = windowed_mean(box, np.array([[weights]]))[0, 0, 0]

    assert mean == pytest.approx(5.0) if known else np.isnan(mean)


def test_a_mean_of_a_voi_that_is_less_than_a_voxel():
    box = np.array([[[5.0, np.nan, -7.0]]])

    means = windowed_mean(box, np.array([[[0.3]]]))

    assert means.ravel() == pytest.approx([5.0, np.nan, -7.0], nan_ok=True)


def test_a_place_at_which_the_voi_fits_exactly_is_one(box):
    """As wide as the image along each axis: one place, and none beside it."""
    weights = np.random.default_rng(4).uniform(0.1, 1.0, (9, 11, 13))
    means = centered_mean(box[..., :13], weights, (slice(3, 6), slice(4, 7), slice(5, 8)))

    assert np.argwhere(np.isfinite(means)).tolist() == [[1, 1, 1]]
    assert means[1, 1, 1] == pytest.approx(np.average(box[..., :13], weights=weights), rel=1e-12)


@pytest.mark.parametrize('length', [1, 2, 3, 4])
def test_a_row_of_any_length_has_its_maximum(box, length):
    maxima = windowed_maximum(box, np.ones((1, 1, length), bool))
    expected = np.max([box[..., n : n + 15 - length] for n in range(length)], axis=0)
    assert np.array_equal(maxima, expected)


def test_the_voxels_of_a_box_that_a_voi_touches():
    places = (slice(4, 6), slice(5, 6), slice(3, 9))
    assert needed_box(places, (3, 5, 1)) == (slice(3, 7), slice(3, 8), slice(3, 9))
