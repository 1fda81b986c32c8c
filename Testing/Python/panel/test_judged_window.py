"""The window in which background and spheres are judged, and what leaves it as it is."""

import numpy as np
import pytest

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from made_nodes import made_volume  # noqa: E402 - needs slicer


def window(volume):
    display = volume.GetDisplayNode()
    return display.GetWindowLevelMin(), display.GetWindowLevelMax()


@pytest.fixture
def volume(module):
    node = made_volume(np.arange(60.0).reshape(3, 4, 5), np.diag([2.0, 2.5, 3.0, 1.0]))
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetAutoWindowLevel(False)
    node.GetDisplayNode().SetWindowLevelMinMax(3.0, 17.0)
    return node


def test_black_is_zero_and_white_just_above_the_hottest_sphere(volume):
    from VOIIdentificationLib.panel.view import judge_window

    judge_window(volume, [20.0, None, 40.0])
    low, high = window(volume)
    assert low == 0.0
    assert 40.0 < high < 60.0

    judge_window(volume, [80.0])  # ours follows the next measurement
    assert window(volume)[1] == pytest.approx(2 * high)

    volume.GetDisplayNode().SetWindowLevelMinMax(0.0, 12.0)
    judge_window(volume, [40.0])  # the user's stays
    assert window(volume) == (0.0, 12.0)


@pytest.mark.parametrize('means', [[], [None], [0.0, None], [-3.0], [float('nan')]])
def test_without_a_mean_above_zero_the_window_stays(volume, means):
    from VOIIdentificationLib.panel.view import judge_window

    judge_window(volume, means)

    assert window(volume) == (3.0, 17.0)


def test_a_volume_that_nobody_displays_is_left_alone(module):
    from VOIIdentificationLib.panel.view import judge_window

    node = made_volume(np.arange(60.0).reshape(3, 4, 5), np.diag([2.0, 2.5, 3.0, 1.0]))
    node.SetAndObserveDisplayNodeID(None)
    before = list(node.GetAttributeNames())

    judge_window(node, [40.0])

    assert node.GetDisplayNode() is None
    assert list(node.GetAttributeNames()) == before


def test_a_row_that_the_list_has_not_moves_no_view(scene, module):
    from VOIIdentificationLib.panel.view import jump_to_point

    red = scene.AddNode(slicer.vtkMRMLSliceNode())
    points = scene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode')
    points.AddControlPoint(11.0, 12.0, 13.0)
    for n in (-1, 1):
        jump_to_point(points, n)
        assert [red.GetSliceToRAS().GetElement(m, 3) for m in range(3)] == [0.0, 0.0, 0.0]

    jump_to_point(points, 0)

    assert red.GetSliceToRAS().GetElement(2, 3) == pytest.approx(13.0)
