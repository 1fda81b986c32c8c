"""Rings through points, against rings laid out by hand."""

import numpy as np
import pytest
from VOIIdentificationLib.locate.ring import places
from VOIIdentificationLib.locate.ring_candidates import (
    CHORD_TOLERANCE_MM,
    distinct,
    rings_over,
    rings_through,
)
from VOIIdentificationLib.locate.ring_template import symmetries

SIX = np.radians([0.0, 60.0, 120.0, 180.0, 240.0, 300.0])
UNEVEN = np.radians([0.0, 50.0, 130.0, 170.0])
RADIUS_MM = 57.2


def tilted_ring(angles, middle=(12.0, -7.0, 30.0)):
    axes = np.linalg.qr(np.array([[1.0, 0.3, 0.2], [-0.2, 1.0, 0.4], [0.3, 0.1, 1.0]]))[0]
    flat = np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    return RADIUS_MM * flat @ axes.T + middle


def farthest_from_a_place(frame, angles, truth):
    """For each true center the nearest place; the worst of them."""
    own = places(frame, angles)
    return np.linalg.norm(own[:, None] - truth, axis=-1).min(axis=0).max()


def test_six_even_steps_have_twelve_orders_and_uneven_ones_only_theirs():
    orders = symmetries(SIX)

    assert len(orders) == 12
    assert [0, 1, 2, 3, 4, 5] in orders.tolist()
    assert [0, 5, 4, 3, 2, 1] in orders.tolist()
    assert symmetries(UNEVEN).tolist() == [[0, 1, 2, 3]]


@pytest.mark.parametrize('angles', [SIX, UNEVEN], ids=['six', 'uneven'])
def test_any_three_of_the_spheres_give_the_ring(angles):
    truth = tilted_ring(angles)

    for three in ([0, 1, 2], [0, 1, 3], [3, 0, 2]):
        frames = rings_through(truth[three], angles, RADIUS_MM)

        worst = min(farthest_from_a_place(frame, angles, truth) for frame in frames)
        assert worst < 1e-6


def test_points_that_fit_no_ring_give_none():
    points = np.array([[0.0, 0.0, 0.0], [30.0, 0.0, 0.0], [0.0, 35.0, 0.0]])

    assert rings_through(points, SIX, RADIUS_MM).shape == (0, 3, 3)


def test_ring_is_found_among_other_points():
    rng = np.random.default_rng(4)
    truth = tilted_ring(SIX)
    points = np.concatenate([truth + rng.normal(0, 1.0, (6, 3)), rng.uniform(-150, 150, (30, 3))])

    frames = rings_through(points[rng.permutation(36)], SIX, RADIUS_MM)

    assert min(farthest_from_a_place(frame, SIX, truth) for frame in frames) < 3.0


@pytest.mark.parametrize('pair', [(0, 1), (0, 2), (0, 3), (4, 2)])
def test_two_spheres_and_the_axis_leave_at_most_two_rings(pair):
    flat = RADIUS_MM * np.stack([np.cos(SIX + 0.3), np.sin(SIX + 0.3), 0 * SIX], axis=1) + 9.0

    frames = rings_over(flat[list(pair)], SIX, RADIUS_MM, np.array([0.0, 0.0, 1.0]))

    assert 1 <= len(frames) <= 2
    assert min(farthest_from_a_place(frame, SIX, flat) for frame in frames) < 1e-6


def test_two_points_at_no_chord_give_no_ring():
    pair = np.array([[0.0, 0.0, 0.0], [57.2 + CHORD_TOLERANCE_MM + 1, 0.0, 0.0]])

    assert len(rings_over(pair, SIX, RADIUS_MM, np.array([0.0, 0.0, 1.0]))) == 0


def test_rings_turned_by_a_step_are_one_ring():
    frame = np.column_stack([(0, 0, 0), (RADIUS_MM, 0, 0), (0, RADIUS_MM, 0)])
    c, s = np.cos(np.pi / 3), np.sin(np.pi / 3)
    turned = np.column_stack(
        [(0, 0, 0), (RADIUS_MM * c, RADIUS_MM * s, 0), (-RADIUS_MM * s, RADIUS_MM * c, 0)]
    )
    moved = frame + np.column_stack([(30, 0, 0), (0, 0, 0), (0, 0, 0)])

    kept = distinct(np.array([frame, turned, moved]), SIX)

    assert kept == pytest.approx(np.array([frame, moved]))


@pytest.mark.parametrize('off_deg', [-3.0, 1.0, 3.0])
def test_a_ring_with_a_sphere_a_few_degrees_off_still_has_all_orders(off_deg):
    angles = np.radians([0.0, 60.0 + off_deg, 120.0, 180.0, 240.0, 300.0])
    even = symmetries(np.radians(np.arange(0.0, 360.0, 60.0)))
    assert sorted(map(tuple, symmetries(angles))) == sorted(map(tuple, even))


def test_a_ring_without_symmetry_has_one_order():
    assert symmetries(np.radians([0.0, 40.0, 150.0])).tolist() == [[0, 1, 2]]


def test_many_places_have_their_turns_and_reflections_only():
    assert symmetries(np.radians(np.arange(0.0, 360.0, 30.0))).shape == (24, 12)
