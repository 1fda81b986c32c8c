"""The background VOIs as one: judged by numpy over the voxels of all of them."""

from dataclasses import replace

import numpy as np
import pytest
from made_results import made_result
from VOIIdentificationLib.evaluate.background import pooled_background
from VOIIdentificationLib.measure.statistics import VOIStatistics


@pytest.fixture(scope='module')
def result():
    return made_result()


def with_statistics(voi, **values):
    return replace(voi, statistics=VOIStatistics(**values))


def test_two_vois_are_pooled_as_one(result):
    vois = [result.background[0], result.spheres[0]]

    found = pooled_background(vois)

    values = np.concatenate([result.image.voxels[v.mask.slices_kji].ravel() for v in vois])
    weights = np.concatenate([v.mask.weights.ravel() for v in vois])
    mean = np.average(values.astype(float), weights=weights)
    sd = np.sqrt(np.average((values - mean) ** 2, weights=weights))
    assert found.mean == pytest.approx(mean, rel=1e-9)
    assert found.sd == pytest.approx(sd, rel=1e-6)
    assert found.voxel_cov == pytest.approx(sd / mean, rel=1e-6)


def test_without_background_vois_there_is_nothing_to_pool():
    assert pooled_background([]) is None


def test_a_background_without_values_has_no_mean(result):
    empty = with_statistics(result.background[0], voxel_count=0, volume_ml=0.0)

    found = pooled_background([empty])

    assert (found.mean, found.sd, found.voxel_cov) == (None, None, None)


def test_a_background_of_one_voxel_has_a_mean_and_no_sd(result):
    small = with_statistics(result.background[0], voxel_count=1, volume_ml=0.01, mean=7.0)

    found = pooled_background([small])

    assert found.mean == pytest.approx(7.0)
    assert (found.sd, found.voxel_cov) == (None, None)


def test_a_background_that_is_not_positive_has_no_relative_scatter(result):
    cold = with_statistics(
        result.background[0], voxel_count=9, volume_ml=1.0, mean=-1.0, sd=2.0, variance=4.0
    )

    found = pooled_background([cold])

    assert found.sd == pytest.approx(2.0)
    assert found.voxel_cov is None


def test_a_mean_of_zero_has_no_relative_scatter(result):
    zero = with_statistics(
        result.background[0], voxel_count=9, volume_ml=1.0, mean=0.0, sd=2.0, variance=4.0
    )

    assert pooled_background([zero]).voxel_cov is None


def test_a_voi_without_values_does_not_count_beside_others(result):
    empty = with_statistics(result.background[0], voxel_count=0, volume_ml=5.0)
    full = with_statistics(
        result.background[0], voxel_count=9, volume_ml=1.0, mean=8.0, sd=2.0, variance=4.0
    )

    found = pooled_background([empty, full])

    assert (found.mean, found.sd, found.voxel_cov) == pytest.approx((8.0, 2.0, 0.25))


def test_values_far_below_one_are_a_background_too(result):
    """SUV, or counts per second."""
    low = with_statistics(
        result.background[0], voxel_count=9, volume_ml=1.0, mean=0.005, sd=0.001, variance=1e-6
    )

    assert pooled_background([low]).voxel_cov == pytest.approx(0.2)
