"""Point lists: what the user placed, what we found, what is still to be placed."""

import numpy as np
import pytest
from made_nodes import PARENTS, bent_transform, linear_transform, put_under
from VOIIdentificationLib.core.errors import NodeError
from VOIIdentificationLib.core.phantom import Seed

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from VOIIdentificationLib.mrml.points import (  # noqa: E402 - only where slicer-core is
    fill_points,
    next_unset_label,
    prepare_seed_list,
    seeds_from_points,
)

LABELS = ['S37', 'S28', 'S10']
PLACES = [(11.0, -22.5, 33.25), (-4.0, 5.5, 6.0), (0.0, 0.25, -70.0)]


@pytest.fixture
def points(scene):
    return scene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'Seeds')


def place(points, label, position):
    """As a click does: the next point that is not set takes the position."""
    n = points.GetControlPointIndexByLabel(label)
    points.SetNthControlPointPosition(n, *position)
    return n


def labels_of(points):
    return [points.GetNthControlPointLabel(n) for n in range(points.GetNumberOfControlPoints())]


def test_only_points_that_are_set_become_seeds(points):
    for label, position in zip([*LABELS, 'B0'], [*PLACES, (1, 2, 3)], strict=True):
        points.AddControlPoint(position, label)
    points.UnsetNthControlPointPosition(1)
    points.SetNthControlPointPositionMissing(3)

    seeds = seeds_from_points(points)

    assert seeds == (Seed('S37', PLACES[0]), Seed('S10', PLACES[2]))


def test_point_under_the_mouse_is_no_seed(points):
    points.AddControlPoint(PLACES[0], 'S37')
    points.SetNthControlPointPosition(0, 1.0, 2.0, 3.0, points.PositionPreview)

    assert seeds_from_points(points) == ()
    assert points.GetNumberOfDefinedControlPoints() == 0
    assert next_unset_label(points) == 'S37'


@pytest.mark.parametrize('parent', PARENTS)
def test_seeds_lie_in_the_world(points, parent):
    points.AddControlPoint(PLACES[0], 'S37')
    put_under(points, linear_transform(PARENTS[parent]))

    (seed,) = seeds_from_points(points)

    expected = (PARENTS[parent] @ [*PLACES[0], 1.0])[:3]
    assert seed.position_ras_mm == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize('parent', PARENTS)
def test_hardening_a_transform_moves_no_seed(points, parent):
    points.AddControlPoint(PLACES[0], 'S37')
    put_under(points, linear_transform(PARENTS[parent]))
    (soft,) = seeds_from_points(points)

    points.HardenTransform()

    (hard,) = seeds_from_points(points)
    assert points.GetParentTransformNode() is None
    assert hard.position_ras_mm == pytest.approx(soft.position_ras_mm, abs=1e-12)


def test_points_under_a_bent_transform_are_where_they_are_seen(points):
    points.AddControlPoint((10.0, 20.0, 30.0), 'S37')
    put_under(points, bent_transform())

    (seed,) = seeds_from_points(points)

    assert seed.position_ras_mm == pytest.approx((10.0, 20.0, 30.0), abs=1e-4)
    points.SetNthControlPointPosition(0, 10.0, 20.0, 10.0)
    (seed,) = seeds_from_points(points)
    assert seed.position_ras_mm == pytest.approx((10.0, 22.0, 10.0), abs=1e-4)


def test_something_else_than_a_point_list_is_refused(scene):
    table = scene.AddNewNodeByClass('vtkMRMLTableNode', 'Results')

    with pytest.raises(NodeError, match='a point list is needed, got nothing'):
        seeds_from_points(None)
    with pytest.raises(NodeError, match='a point list is needed, got Results'):
        seeds_from_points(table)


def test_point_that_lies_nowhere_is_named(points):
    points.AddControlPoint((np.nan, 0.0, 0.0), 'S28')

    with pytest.raises(NodeError, match='the point S28 of Seeds lies nowhere'):
        seeds_from_points(points)


@pytest.mark.parametrize('parent', PARENTS)
def test_filled_points_are_seen_where_they_were_found(points, parent):
    put_under(points, linear_transform(PARENTS[parent]))
    found = [Seed(label, place) for label, place in zip(LABELS, PLACES, strict=True)]

    fill_points(points, found)

    back = seeds_from_points(points)
    assert [seed.label for seed in back] == LABELS
    for seed, one in zip(back, found, strict=True):
        assert seed.position_ras_mm == pytest.approx(one.position_ras_mm, abs=1e-9)
    local = points.GetNthControlPointPosition(0)
    expected = (np.linalg.inv(PARENTS[parent]) @ [*PLACES[0], 1.0])[:3]
    assert tuple(local) == pytest.approx(expected, abs=1e-9)


def test_filled_points_under_a_bent_transform_are_seen_where_they_were_found(points):
    put_under(points, bent_transform())

    fill_points(points, [Seed('S37', (10.0, 22.0, 10.0))])

    (seed,) = seeds_from_points(points)
    assert seed.position_ras_mm == pytest.approx((10.0, 22.0, 10.0), abs=0.002)


def test_filled_points_cannot_be_moved_by_hand(points):
    fill_points(points, [Seed('', PLACES[0]), Seed('S10', PLACES[1])])

    assert points.GetLocked()
    assert points.GetNthControlPointLocked(0)
    assert points.GetNthControlPointLocked(1)
    assert points.GetFixedNumberOfControlPoints()
    assert labels_of(points) == ['', 'S10']


def test_filling_again_replaces_the_points_with_one_event(points):
    fill_points(points, [Seed(label, PLACES[0]) for label in LABELS])
    events = []
    points.AddObserver('ModifiedEvent', lambda *_: events.append(1))

    fill_points(points, [Seed('S13', PLACES[2])])

    assert seeds_from_points(points) == (Seed('S13', PLACES[2]),)
    assert len(events) == 1


def test_transform_that_cannot_be_inverted_is_refused(points, vtk_messages):
    put_under(points, linear_transform(np.diag([1.0, 0.0, 1.0, 1.0]), 'Flat'))

    with pytest.raises(NodeError, match='the transform of Seeds cannot be inverted'):
        fill_points(points, [Seed('S37', PLACES[0])])
    vtk_messages.new()


def test_prepared_list_asks_for_each_label_in_order(points):
    prepare_seed_list(points, LABELS)

    assert labels_of(points) == LABELS
    assert points.GetFixedNumberOfControlPoints()
    assert seeds_from_points(points) == ()
    for count, (label, position) in enumerate(zip(LABELS, PLACES, strict=True)):
        assert points.GetNumberOfDefinedControlPoints() == count
        assert next_unset_label(points) == label
        place(points, label, position)
    assert points.GetNumberOfDefinedControlPoints() == 3
    assert next_unset_label(points) is None


def test_next_label_passes_over_what_is_set_or_missing(points):
    prepare_seed_list(points, LABELS)
    place(points, 'S37', PLACES[0])
    points.SetNthControlPointPositionMissing(1)

    assert next_unset_label(points) == 'S10'


def test_preparing_again_keeps_what_was_placed(points):
    prepare_seed_list(points, LABELS)
    place(points, 'S28', PLACES[1])
    place(points, 'S10', PLACES[2])

    prepare_seed_list(points, ['S10', 'S13', 'S37'])

    assert labels_of(points) == ['S10', 'S13', 'S37', 'S28']
    assert seeds_from_points(points) == (Seed('S10', PLACES[2]), Seed('S28', PLACES[1]))
    assert next_unset_label(points) == 'S13'


def test_preparing_keeps_positions_under_a_transform(points):
    put_under(points, linear_transform(PARENTS['shear']))
    prepare_seed_list(points, LABELS)
    points.SetNthControlPointPositionWorld(0, *PLACES[0])

    prepare_seed_list(points, LABELS[::-1])

    (seed,) = seeds_from_points(points)
    assert seed.position_ras_mm == pytest.approx(PLACES[0], abs=1e-12)


def test_preparing_an_unchanged_list_says_nothing(points):
    prepare_seed_list(points, LABELS)
    place(points, 'S28', PLACES[1])
    events = []
    points.AddObserver('ModifiedEvent', lambda *_: events.append(1))

    prepare_seed_list(points, LABELS)

    assert events == []


def test_a_list_that_is_made_takes_no_clicks_of_another(scene):
    """Slicer lets every new point list take them."""
    from VOIIdentificationLib.mrml.nodes import new_node

    first = scene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'First')
    slicer.modules.markups.logic().SetActiveList(first)
    new_node('vtkMRMLMarkupsFiducialNode', 'Second')

    assert slicer.modules.markups.logic().GetActiveListID() == first.GetID()
