"""Chords of lines, against points counted along each of them."""

import numpy as np
import pytest
from VOIIdentificationLib.measure.chords import chords_in_cylinder, chords_in_round

RNG = np.random.default_rng(8)
START = RNG.uniform(-6, 6, (40, 3))
STEPS = RNG.uniform(-2, 2, (40, 3))
AXIS = np.array([0.48, -0.6, 0.64])


def counted(inside, start, step):
    """Middle and half length of the part of a line that is inside, in steps."""
    t = np.linspace(-20, 20, 40_001)
    seen = t[inside(start + t[:, None] * step)]
    return ((seen[0] + seen[-1]) / 2, (seen[-1] - seen[0]) / 2) if seen.size else (None, 0.0)


def compare(found, inside, steps):
    middles, halves = found
    assert (halves > 0).any()
    assert (halves == 0).any()
    for n, (middle, half) in enumerate(zip(middles, halves, strict=True)):
        expected, length = counted(inside, START[n], np.broadcast_to(steps, (40, 3))[n])
        assert half == pytest.approx(length, abs=2e-3)
        assert length == 0 or middle == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize('steps', [STEPS, STEPS[3]], ids=['each', 'all alike'])
def test_chords_in_a_ball(steps):
    compare(
        chords_in_round(START, steps, 4.0),
        lambda points: np.linalg.norm(points, axis=-1) <= 4.0,
        steps,
    )


@pytest.mark.parametrize('steps', [STEPS, STEPS[3]], ids=['each', 'all alike'])
@pytest.mark.parametrize('half_height', [1.5, None])
def test_chords_in_a_cylinder(steps, half_height):
    def _inside(points):
        along = points @ AXIS
        across = np.linalg.norm(points - along[:, None] * AXIS, axis=-1)
        return (across <= 3.0) & (np.abs(along) <= (half_height or 1e9))

    compare(chords_in_cylinder(START, steps, AXIS, 3.0, half_height), _inside, steps)


def test_a_line_along_the_cylinder_reaches_from_end_to_end():
    inside, outside = AXIS * 0.7, AXIS * 0.7 + 5.0 * np.cross(AXIS, (1.0, 0.0, 0.0))
    middle, half = chords_in_cylinder(np.stack([inside, outside]), 2.0 * AXIS, AXIS, 3.0, 1.5)
    assert (middle[0], half[0]) == pytest.approx((-0.35, 0.75))
    assert half[1] == 0


def test_a_line_along_the_ends_is_inside_between_them_only():
    across = np.cross(AXIS, (1.0, 0.0, 0.0))
    across /= np.linalg.norm(across)
    start = np.stack([1.49 * AXIS, -1.49 * AXIS, 1.51 * AXIS])
    _, half = chords_in_cylinder(start, across, AXIS, 3.0, 1.5)
    assert half == pytest.approx([3.0, 3.0, 0.0])
