"""Undo and redo in the tables of points."""

import sys

import numpy as np
import pytest

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from stand_in_application import TRANSLATOR  # noqa: E402 - needs slicer
from stand_in_classes import classes, press  # noqa: E402
from VOIIdentificationLib.mrml.point_states import restore_list, state_of_list  # noqa: E402
from VOIIdentificationLib.mrml.volume import volume_node_from_image  # noqa: E402

with pytest.MonkeyPatch.context() as patch:
    patch.setitem(sys.modules, 'slicer.i18n', TRANSLATOR)
    from VOIIdentificationLib.panel.history import History

# Steps


def test_steps_are_taken_back_and_done_again():
    history = History('a')
    for state in 'bc':
        history.note(state)

    assert [history.back() for _n in range(3)] == ['b', 'a', None]
    assert [history.forth() for _n in range(3)] == ['b', 'c', None]
    assert history.back() == 'b'


def test_what_was_taken_back_is_forgotten_with_the_next_step():
    history = History('a')
    history.note('b')
    history.back()
    history.note('c')

    assert history.forth() is None
    assert history.back() == 'a'


def test_where_nothing_was_done_there_is_no_step():
    history = History('a')
    history.note('a')
    history.note('b')
    history.note('b')

    assert [history.back(), history.back()] == ['a', None]


def test_the_oldest_steps_are_forgotten():
    history = History(0)
    for n in range(1, 251):
        history.note(n)

    states = [history.back() for _n in range(101)]
    assert states[0] == 249
    assert states[-2:] == [150, None]


# Lists


def some_list(scene):
    points = scene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'Points')
    for n, label in enumerate('ABCDE'):
        points.AddControlPoint(1.5 * n, -n, 7.0, label)
    points.UnsetNthControlPointPosition(1)
    points.SetNthControlPointPositionMissing(2)
    points.SetNthControlPointLocked(3, True)
    points.SetFixedNumberOfControlPoints(True)
    return points


def lose(points):
    points.SetFixedNumberOfControlPoints(False)
    points.RemoveAllControlPoints()


def change(points):
    points.SetNthControlPointPosition(0, 9.0, 9.0, 9.0)
    points.SetNthControlPointPosition(1, 1.0, 2.0, 3.0)
    points.RestoreNthControlPointPosition(2)
    points.SetNthControlPointLocked(3, False)
    points.UnsetNthControlPointPosition(4)
    points.SetNthControlPointLabel(4, 'X')


def add(points):
    points.SetFixedNumberOfControlPoints(False)
    points.AddControlPoint(5.0, 5.0, 5.0, 'F')


@pytest.mark.parametrize('done', [lose, change, add])
def test_a_list_is_given_back_what_it_held(scene, done):
    points = some_list(scene)
    before = state_of_list(points)
    done(points)
    assert state_of_list(points) != before

    restore_list(points, before)

    assert state_of_list(points) == before
    status = [points.GetNthControlPointPositionStatus(n) for n in range(5)]
    assert status == [2, 0, 3, 2, 2]
    assert [points.GetNthControlPointLabel(n) for n in range(5)] == list('ABCDE')
    assert tuple(points.GetNthControlPointPosition(4)) == (6.0, -4.0, 7.0)
    assert points.GetFixedNumberOfControlPoints()
    assert [points.GetNthControlPointLocked(n) for n in range(5)] == [0, 0, 0, 1, 0]


def test_a_point_under_the_mouse_is_no_state(scene):
    points = some_list(scene)
    before = state_of_list(points)

    points.SetNthControlPointPosition(1, 3.0, 3.0, 3.0, points.PositionPreview)

    assert state_of_list(points) == before


# The tables


@pytest.fixture
def opened(widget, made):
    widget.panel.parameters.inputVolume = volume_node_from_image(made[0], 'PET')
    slicer.app.processEvents()
    return widget


def place_all(widget, truth):
    widget.ui.placeSeedsButton.click()
    for true in truth.inserts:
        widget.ui.seedsWidget.click_in_slice(true.center_ras_mm)
        slicer.app.processEvents()


def table_of(markups_widget):
    """A row a point, as the application has it."""
    table = markups_widget.tableWidget()
    table.setRowCount(markups_widget.currentNode().GetNumberOfControlPoints())
    for row in range(table.rowCount):
        table.setItem(row, 0, classes()['qt.QTableWidgetItem'](''))
    return table


def undo(markups_widget):
    assert press(markups_widget.tableWidget(), None, matches='Undo')


def redo(markups_widget):
    assert press(markups_widget.tableWidget(), None, matches='Redo')


def test_deleted_seeds_come_back_together(opened, made):
    seeds = opened.ui.seedsWidget
    place_all(opened, made[1])
    placed = state_of_list(seeds.currentNode())
    table_of(seeds).select_((2, 0), (4, 0))
    press(seeds.tableWidget(), 'Key_Delete')
    assert opened.ui.seedCountLabel.text == '4 of 6; next S22'

    undo(seeds)
    assert state_of_list(seeds.currentNode()) == placed
    assert opened.ui.seedCountLabel.text == '6 of 6'

    assert press(seeds.tableWidget(), 'Key_Y', control=True), 'not every system has a key for it'
    assert opened.ui.seedCountLabel.text == '4 of 6; next S22'
    undo(seeds)
    redo(seeds)
    assert opened.ui.seedCountLabel.text == '4 of 6; next S22'


def test_without_control_y_is_a_letter(opened):
    assert not press(opened.ui.seedsWidget.tableWidget(), 'Key_Y')


def test_each_click_is_a_step(opened, made):
    place_all(opened, made[1])

    texts = []
    for _n in range(7):
        undo(opened.ui.seedsWidget)
        texts.append(opened.ui.seedCountLabel.text.split(';')[0])

    assert texts == [f'{n} of 6' for n in (5, 4, 3, 2, 1, 0, 0)]


def test_a_drag_is_a_step(opened, made):
    place_all(opened, made[1])
    seeds = opened.panel.parameters.seeds
    before = state_of_list(seeds)
    seeds.InvokeEvent(seeds.PointStartInteractionEvent)
    for n in range(5):
        seeds.SetNthControlPointPosition(1, 5.0 * n, 3.0, 2.0)
        slicer.app.processEvents()
    seeds.InvokeEvent(seeds.PointEndInteractionEvent)
    slicer.app.processEvents()

    undo(opened.ui.seedsWidget)

    assert state_of_list(seeds) == before


def test_a_name_that_was_changed_for_another_is_given_back_with_it(opened, made):
    place_all(opened, made[1])
    seeds = opened.ui.seedsWidget
    before = state_of_list(seeds.currentNode())
    seeds.highlightNthControlPoint(0)
    opened.panel.seeds_section._menu._menu.actions_[-1].trigger()
    assert seeds.currentNode().GetNthControlPointLabel(0) == 'S10'

    undo(seeds)

    assert state_of_list(seeds.currentNode()) == before


def test_seeds_that_were_found_give_way_to_those_that_were_placed(opened, monkeypatch):
    monkeypatch.setattr(opened.panel.dialogs, 'ask', lambda _question: True)
    seeds = opened.panel.parameters.seeds
    seeds.SetNthControlPointPositionWorld(0, 1.0, 2.0, 3.0)
    slicer.app.processEvents()
    opened.ui.findSpheresButton.click()
    assert seeds.GetNumberOfDefinedControlPoints() == 6

    undo(opened.ui.seedsWidget)

    assert seeds.GetNumberOfDefinedControlPoints() == 1
    assert tuple(seeds.GetNthControlPointPositionWorld(0)) == (1.0, 2.0, 3.0)


def test_background_points_come_back_too(opened):
    background = opened.ui.backgroundWidget
    opened.ui.placeBackgroundButton.click()
    for n in range(3):
        background.click_in_slice(np.array([10.0 * n, 0.0, 0.0]))
        slicer.app.processEvents()
    table_of(background).select_((0, 0), (1, 0))
    press(background.tableWidget(), 'Key_Delete')
    assert opened.ui.backgroundCountLabel.text == '1 placed'

    undo(background)

    assert opened.ui.backgroundCountLabel.text == '3 placed'
    assert background.currentNode().GetNthControlPointPosition(1)[0] == 10.0


def test_names_of_another_phantom_do_not_come_back(opened, made):
    place_all(opened, made[1])
    opened.ui.insertsTable.item(0, 0).setText('Largest')

    undo(opened.ui.seedsWidget)

    labels = [point.label for point in state_of_list(opened.panel.parameters.seeds).points]
    assert labels[0] == 'Largest'
    assert opened.ui.seedCountLabel.text == '6 of 6'


def test_another_list_has_steps_of_its_own(opened, made):
    place_all(opened, made[1])
    first = opened.panel.parameters.seeds
    opened.panel.parameters.inputVolume = volume_node_from_image(made[0], 'Other')
    slicer.app.processEvents()
    assert opened.panel.parameters.seeds is not first

    undo(opened.ui.seedsWidget)

    assert first.GetNumberOfDefinedControlPoints() == 6


def test_without_a_list_nothing_is_undone(opened):
    opened.panel.parameters.seeds = None

    undo(opened.ui.seedsWidget)
    redo(opened.ui.seedsWidget)


def test_what_is_done_while_the_module_is_left_is_no_step(opened, made):
    place_all(opened, made[1])
    seeds = opened.panel.parameters.seeds
    opened.exit()
    seeds.UnsetNthControlPointPosition(0)
    slicer.app.processEvents()
    opened.enter()

    undo(opened.ui.seedsWidget)

    assert seeds.GetNumberOfDefinedControlPoints() == 5
