"""Seeds that are found instead of placed, and the menu of a seed."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from stand_in_application import TRANSLATOR, parent_widget  # noqa: E402 - needs slicer
from stand_in_classes import ProgressDialog  # noqa: E402
from VOIIdentificationLib.core.errors import SeedError  # noqa: E402
from VOIIdentificationLib.mrml.volume import volume_node_from_image  # noqa: E402
from VOIIdentificationLib.synthetic.phantom import (  # noqa: E402
    SyntheticPhantom,
    grid,
    synthesize,
)

with pytest.MonkeyPatch.context() as patch:
    patch.setitem(sys.modules, 'slicer.i18n', TRANSLATOR)
    from VOIIdentificationLib.panel.seeds import SeedActions, renamed, seed_actions

LABELS = ['S37', 'S28', 'S22', 'S17', 'S13', 'S10']

# What is decided


SEEDS = [('S37', True), ('S28', False), ('S22', True)]


@pytest.mark.parametrize(
    ('row', 'expected'),
    [
        (0, SeedActions('S37', can_unset=True, can_jump=True, names=('S28', 'S17'))),
        (1, SeedActions('S28', can_unset=False, can_jump=False, names=('S37', 'S17'))),
        (2, SeedActions('S22', can_unset=True, can_jump=True, names=('S37', 'S28', 'S17'))),
        (-1, SeedActions()),
        (3, SeedActions()),
    ],
)
def test_what_a_seed_offers(row, expected):
    assert seed_actions(SEEDS, row, ['S37', 'S28', 'S17']) == expected


@pytest.mark.parametrize(
    ('row', 'name', 'expected'),
    [
        (0, 'S22', ['S22', 'S28', 'S37']),
        (0, 'S10', ['S10', 'S28', 'S22']),
        (1, 'S28', ['S37', 'S28', 'S22']),
    ],
)
def test_no_two_seeds_have_one_name(row, name, expected):
    assert renamed(['S37', 'S28', 'S22'], row, name) == expected


# What happens


@pytest.fixture(scope='module')
def made():
    scan = grid((66, 58, 30), (4.0, 4.4, 5.0), oblique_deg=(4.0, -3.0, 8.0))
    return synthesize(SyntheticPhantom(scan))


@pytest.fixture
def widget(module, made):
    node = volume_node_from_image(made[0], 'PET')
    widget = module.VOIIdentificationWidget(parent_widget())
    widget.setup()
    widget.panel.parameters.inputVolume = node
    yield widget
    widget.cleanup()


@pytest.fixture
def jumps(monkeypatch):
    """Where all slice views are sent."""
    sent = []
    views = SimpleNamespace(JumpAllSlices=lambda _scene, *place: sent.append(place))
    monkeypatch.setattr(slicer, 'vtkMRMLSliceNode', views)
    return sent


def placed(points):
    status = points.GetNthControlPointPositionStatus
    return {
        points.GetNthControlPointLabel(n): tuple(points.GetNthControlPointPositionWorld(n))
        for n in range(points.GetNumberOfControlPoints())
        if status(n) == points.PositionDefined
    }


def test_a_seed_is_put_on_each_sphere_and_nothing_is_measured(widget, made):
    widget.ui.findSpheresButton.click()

    found = placed(widget.panel.parameters.seeds)
    assert list(found) == LABELS
    for true in made[1].inserts:
        error = np.linalg.norm(np.subtract(found[true.insert.label], true.center_ras_mm))
        assert error < 0.5, true.insert.label
    assert widget.ui.seedCountLabel.text == '6 of 6'
    assert widget.panel.result is None
    assert widget.ui.applyButton.enabled


def test_seeds_that_were_found_are_measured_as_those_that_are_placed(widget, made):
    widget.ui.findSpheresButton.click()
    widget.ui.applyButton.click()

    for sphere, true in zip(widget.panel.result.spheres, made[1].inserts, strict=True):
        assert np.linalg.norm(np.subtract(sphere.center_ras_mm, true.center_ras_mm)) < 0.2


def test_the_views_go_through_the_spheres(widget, jumps):
    widget.ui.findSpheresButton.click()
    slicer.app.processEvents()

    found = placed(widget.panel.parameters.seeds)
    visited = list(dict.fromkeys(tuple(np.round(place, 3)) for place in jumps))
    assert visited == [tuple(np.round(place, 3)) for place in found.values()]


def test_going_through_ends_when_the_user_begins_to_place(widget, jumps):
    widget.ui.findSpheresButton.click()
    widget.panel.parameters.seeds.UnsetNthControlPointPosition(0)
    widget.ui.placeSeedsButton.click()
    jumps.clear()
    slicer.app.processEvents()

    assert not jumps


def test_going_through_ends_when_the_user_chooses_a_seed(widget, jumps):
    widget.ui.findSpheresButton.click()
    select(widget, 4)
    jumps.clear()
    slicer.app.processEvents()

    assert not jumps


def test_going_through_ends_with_the_module(widget, jumps):
    widget.ui.findSpheresButton.click()
    widget.exit()
    jumps.clear()
    slicer.app.processEvents()

    assert not jumps


def test_seeds_that_are_placed_are_asked_for(widget, monkeypatch):
    widget.panel.parameters.seeds.SetNthControlPointPositionWorld(0, 1.0, 2.0, 3.0)
    asked = []
    monkeypatch.setattr(widget.panel.dialogs, 'ask', asked.append)
    widget.ui.findSpheresButton.click()

    assert asked == ['1 seeds are placed already. Replace them by those that are found?']
    assert list(placed(widget.panel.parameters.seeds).values()) == [(1.0, 2.0, 3.0)]


def test_a_list_under_other_names_is_filled_anew(widget):
    seeds = widget.panel.parameters.seeds
    seeds.SetFixedNumberOfControlPoints(False)
    seeds.RemoveAllControlPoints()
    for n in range(7):
        seeds.AddControlPointWorld(float(n), 0.0, 0.0)
    widget.ui.findSpheresButton.click()

    assert widget.panel.parameters.seeds is seeds
    assert list(placed(seeds)) == LABELS
    assert seeds.GetNumberOfControlPoints() == 6


def test_canceled_nothing_is_changed(widget):
    ProgressDialog.cancel_next_ = True
    widget.ui.findSpheresButton.click()

    assert not placed(widget.panel.parameters.seeds)
    assert ('status', 'Canceled; nothing was changed.') in slicer.app.started
    assert widget.ui.findSpheresButton.enabled


def test_where_there_is_no_phantom_that_is_said(widget, made, monkeypatch):
    empty = replace(made[0], voxels=np.full_like(made[0].voxels, 7.0))
    widget.panel.parameters.inputVolume = volume_node_from_image(empty, 'Nothing')
    monkeypatch.setattr(slicer.app, 'window', None)

    with pytest.raises(SeedError):
        widget.ui.findSpheresButton.click()
    assert widget.ui.findSpheresButton.enabled


def test_without_a_volume_the_button_says_so(widget):
    widget.panel.parameters.inputVolume = None

    assert not widget.ui.findSpheresButton.enabled
    assert widget.ui.findSpheresButton.toolTip == 'Select a PET volume.'


def test_from_the_console(widget, made):
    node = widget.panel.parameters.inputVolume

    seeds = widget.logic.findSpheres(node)

    assert seeds is widget.panel.parameters.seeds
    assert list(placed(seeds)) == LABELS


# The menu


def menu(widget):
    return widget.ui.seedsWidget.tableWidget().menu_()


def select(widget, row):
    widget.ui.seedsWidget.highlightNthControlPoint(row)


def test_nothing_is_offered_for_no_seed(widget):
    assert menu(widget) == {}


def test_a_seed_that_is_not_placed_can_only_be_renamed(widget):
    select(widget, 2)

    assert list(menu(widget)) == ['Rename to']


def test_a_seed_is_taken_back(widget):
    widget.ui.findSpheresButton.click()
    select(widget, 2)
    menu(widget)['Take this seed back'].trigger()

    assert list(placed(widget.panel.parameters.seeds)) == [n for n in LABELS if n != 'S22']
    assert widget.ui.seedCountLabel.text == '5 of 6; next S22'
    assert list(menu(widget)) == ['Rename to']


def test_the_views_go_to_a_seed(widget, jumps):
    widget.ui.findSpheresButton.click()
    select(widget, 3)
    jumps.clear()
    menu(widget)['Go to this seed'].trigger()

    assert jumps[-1] == pytest.approx(placed(widget.panel.parameters.seeds)['S17'])


def names(widget):
    return {action.text: action for action in widget.panel.seeds_section._menu._menu.actions_}


def test_a_seed_gets_the_name_of_another_which_gets_its(widget):
    widget.ui.findSpheresButton.click()
    before = placed(widget.panel.parameters.seeds)
    select(widget, 0)
    assert list(names(widget)) == LABELS[1:]
    names(widget)['S10'].trigger()

    after = placed(widget.panel.parameters.seeds)
    assert list(after) == ['S10', 'S28', 'S22', 'S17', 'S13', 'S37']
    assert after['S10'] == before['S37']
    assert 'S10' not in names(widget)


def test_names_follow_the_table_of_inserts(widget, module):
    select(widget, 1)
    widget.ui.insertsTable.item(5, 0).setCheckState(module.qt.Qt.Unchecked)

    assert list(names(widget)) == ['S37', 'S22', 'S17', 'S13']
