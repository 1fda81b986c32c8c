"""
What is seen beside the panel after Apply: layout, tables, charts, circles, names, seeds.

The layout, its views and every node are real; widgets are stand-ins.
"""

from dataclasses import replace
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from made_nodes import TURN, affine, linear_transform, put_under  # noqa: E402 - needs slicer
from VOIIdentificationLib.core.flags import Flag  # noqa: E402
from VOIIdentificationLib.mrml.outputs import find_outputs, publish  # noqa: E402
from VOIIdentificationLib.mrml.tables import series_of_chart  # noqa: E402
from VOIIdentificationLib.mrml.volume import volume_node_from_image  # noqa: E402

USERS = 2
"""The layout that the user had: Slicer's conventional one."""

MOVED = affine(TURN, (5.0, -8.0, 11.0))


@pytest.fixture
def measured(widget, made):
    widget.volume = volume_node_from_image(made[0], 'PET')
    widget.ui.placeSeedsButton.click()
    for true in made[1].inserts:
        widget.ui.seedsWidget.click_in_slice(np.add(true.center_ras_mm, (3.0, -2.0, 1.0)))
    slicer.app.layoutManager().setLayout(USERS)
    widget.ui.applyButton.click()
    return widget


def outputs_of(widget):
    return find_outputs(widget.panel.volume.node)


def red_place(scene):
    node = scene.GetNodeByID('vtkMRMLSliceNodeRed')
    return [node.GetSliceToRAS().GetElement(n, 3) for n in range(3)]


# The layout


def test_the_layout_has_one_large_slice_3d_plot_and_table(measured):
    from VOIIdentificationLib.panel.layout import LAYOUT, LAYOUT_ID

    manager = slicer.app.layoutManager()
    node = manager.layoutLogic().GetLayoutNode()
    views = [view.get('class') for view in ElementTree.fromstring(LAYOUT).iter('view')]

    assert manager.layout == node.GetViewArrangement() == LAYOUT_ID
    assert node.GetLayoutDescription(LAYOUT_ID) == LAYOUT
    assert views == [
        *('vtkMRMLSliceNode', 'vtkMRMLViewNode'),
        *('vtkMRMLPlotViewNode', 'vtkMRMLTableViewNode'),
    ]


def test_the_views_are_those_of_slicers_own_layouts(module, scene):
    """Else each layout would have a slice view, a camera, a table of its own."""
    manager = slicer.app.layoutManager()
    manager.setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotTableView)
    classes = ('vtkMRMLSliceNode', 'vtkMRMLTableViewNode', 'vtkMRMLPlotViewNode')
    before = [scene.GetNumberOfNodesByClass(name) for name in classes]

    from VOIIdentificationLib.panel.layout import LAYOUT_ID, register_layout

    register_layout()
    register_layout()
    manager.setLayout(LAYOUT_ID)

    assert [scene.GetNumberOfNodesByClass(name) for name in classes] == before


def test_the_users_layout_comes_back_and_ours_again(measured):
    manager = slicer.app.layoutManager()
    ours = manager.layout

    measured.exit()
    assert manager.layout == USERS
    measured.enter()
    assert manager.layout == ours
    measured.cleanup()
    assert manager.layout == USERS


def test_a_scene_that_was_saved_with_our_layout_gives_way_to_slicers(widget):
    from VOIIdentificationLib.panel.layout import LAYOUT_ID, register_layout

    register_layout()
    slicer.app.layoutManager().setLayout(LAYOUT_ID)
    widget.exit()

    assert slicer.app.layoutManager().layout == slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView


def test_a_layout_that_the_user_took_meanwhile_stays(measured):
    manager = slicer.app.layoutManager()
    red_only = slicer.vtkMRMLLayoutNode.SlicerLayoutOneUpRedSliceView
    manager.setLayout(red_only)

    measured.exit()
    measured.enter()

    assert manager.layout == red_only


def test_the_first_look_is_at_the_slice_of_the_circles_and_all_in_3d(measured, scene):
    rois = outputs_of(measured).background_rois
    manager = slicer.app.layoutManager()

    assert red_place(scene)[2] == pytest.approx(rois.GetNthControlPointPositionWorld(0)[2])
    assert [name for name, _args in manager.called].count('resetThreeDViews') == 1

    scene.GetNodeByID('vtkMRMLSliceNodeRed').SetSliceOffset(99.0)
    measured.ui.applyButton.click()
    assert scene.GetNodeByID('vtkMRMLSliceNodeRed').GetSliceOffset() == 99.0, 'the user is there'


def test_a_closed_scene_leaves_the_layout(measured, scene):
    ours = slicer.app.layoutManager().layout
    scene.Clear(0)

    assert slicer.app.layoutManager().layout == ours


# Tables and charts


def test_every_table_and_chart_can_be_chosen(measured):
    outputs, ui = outputs_of(measured), measured.ui

    assert ui.tableComboBox.items_[:2] == ['Spheres', 'Centers']
    assert {'NEMA contrast', 'Lung residual', 'Background ROIs'} <= set(ui.tableComboBox.items_)
    assert len(set(ui.tableComboBox.items_)) == len(outputs.tables) + 1
    assert ui.tableComboBox.items_[-1] == 'Candidates'
    assert not [name for name in ui.tableComboBox.items_ if 'Meta data' in name]
    assert len(set(ui.chartComboBox.items_)) == len(outputs.charts)
    outputs.tables['nema'].SetDescription(None)  # as an older version left it
    measured.panel.show_section.refresh()
    assert {'Nema', 'NEMA summary'} <= set(ui.tableComboBox.items_)
    assert ui.chartComboBox.items_[0] == 'Mean and max against diameter'
    assert 'Lung residual by slice' in ui.chartComboBox.items_
    assert 'Distance off the ring against diameter' in ui.chartComboBox.items_
    assert len(ui.chartComboBox.items_) == len(outputs.charts)


def test_what_is_chosen_is_shown_and_stays_chosen(measured, scene):
    outputs, ui = outputs_of(measured), measured.ui
    table_view = slicer.util.getNodesByClass('vtkMRMLTableViewNode')[0]
    plot_view = slicer.util.getNodesByClass('vtkMRMLPlotViewNode')[0]
    assert table_view.GetTableNode() is outputs.tables['spheres']

    ui.tableComboBox.currentText = 'Lung residual'
    ui.chartComboBox.currentText = 'Lung residual by slice'
    assert table_view.GetTableNode() is outputs.tables['lung']
    assert plot_view.GetPlotChartNode() is outputs.charts['lung']

    ui.applyButton.click()
    assert ui.tableComboBox.currentText == 'Lung residual'
    assert table_view.GetTableNode() is outputs.tables['lung']


def test_candidates_are_a_table_when_asked_for(measured, made, scene):
    ui = measured.ui
    ui.tableComboBox.currentText = 'Candidates'
    node = slicer.util.getNodesByClass('vtkMRMLTableViewNode')[0].GetTableNode()

    spheres = measured.panel.result.spheres
    assert node.GetNumberOfRows() == sum(len(voi.search.index_ijk) for voi in spheres)
    column = node.GetTable().GetColumnByName('mean')
    means = np.array([column.GetValue(n) for n in range(node.GetNumberOfRows())])
    first = len(spheres[0].search.index_ijk)
    assert means[:first] == pytest.approx(spheres[0].search.mean, nan_ok=True)

    camera = scene.AddNode(slicer.vtkMRMLCameraNode())
    slicer.app.layoutManager().tableWidget(0).tableView().click_(first + 2)
    expected = made[0].geometry.position_ras_mm(spheres[1].search.index_ijk[2])
    assert camera.GetFocalPoint() == pytest.approx(expected, abs=1e-3)

    table_view = slicer.app.layoutManager().tableWidget(0).tableView()
    table_view.upside_down_ = True
    table_view.click_(node.GetNumberOfRows() - 1)
    expected = made[0].geometry.position_ras_mm(spheres[0].search.index_ijk[0])
    assert camera.GetFocalPoint() == pytest.approx(expected, abs=1e-3)

    ui.applyButton.click()
    assert ui.tableComboBox.currentText == 'Candidates'
    assert scene.GetFirstNodeByName('PET candidates table_1') is None
    again = slicer.util.getNodesByClass('vtkMRMLTableViewNode')[0].GetTableNode()
    assert again.GetName() == 'PET candidates table'


def test_without_results_there_is_nothing_to_choose(widget):
    assert not widget.ui.tableComboBox.enabled
    assert not widget.ui.chartComboBox.enabled
    assert widget.ui.tableComboBox.items_ == []


def test_legends_say_what_is_drawn(measured):
    charts = outputs_of(measured).charts

    assert [one.GetName() for one in series_of_chart(charts['mean'])] == ['Mean', 'Max']
    assert not any('chart' in s.GetName() for c in charts.values() for s in series_of_chart(c))


def test_a_legend_has_room_above_the_data(measured):
    chart, table = (getattr(outputs_of(measured), kind) for kind in ('charts', 'tables'))
    chart, table = chart['mean'], table['spheres']
    column = table.GetTable().GetColumnByName('max')
    highest = max(column.GetValue(n) for n in range(column.GetNumberOfValues()))
    low, high = chart.GetYAxisRange()

    assert chart.GetLegendVisibility()
    assert not chart.GetYAxisRangeAuto()
    assert low == 0
    assert (high - highest) / high == pytest.approx(3 * 0.06, rel=1e-6)
    single = outputs_of(measured).charts['variability']
    assert not single.GetLegendVisibility()
    assert single.GetYAxisRangeAuto()


# Where a click leads


def click(row, name, ui):
    ui.tableComboBox.currentText = name
    slicer.app.layoutManager().tableWidget(0).tableView().click_(row)


def test_a_row_of_a_table_leads_to_its_sphere_in_all_views(measured, made, scene):
    camera = scene.AddNode(slicer.vtkMRMLCameraNode())
    click(4, 'Spheres', measured.ui)

    true = made[1].inserts[4].center_ras_mm
    assert red_place(scene)[2] == pytest.approx(true[2], abs=0.2)
    assert camera.GetFocalPoint() == pytest.approx(true, abs=0.2)


def test_a_row_of_a_roi_leads_to_where_it_is_now(measured, scene):
    camera = scene.AddNode(slicer.vtkMRMLCameraNode())
    outputs_of(measured).background_rois.SetNthControlPointPositionWorld(3, 1.0, 2.0, 3.0)
    click(3, 'Background ROIs', measured.ui)

    assert camera.GetFocalPoint() == pytest.approx((1.0, 2.0, 3.0))


def test_a_row_of_a_slice_leads_to_the_slice(measured, made, scene):
    table = outputs_of(measured).tables['lung']
    k = int(table.GetCellText(2, table.GetColumnIndex('slice_k')))
    click(2, 'Lung residual', measured.ui)

    expected = made[0].geometry.position_ras_mm((0, 0, k))[2]
    assert red_place(scene)[2] == pytest.approx(expected, abs=1e-3)


def test_a_row_of_no_place_leads_nowhere(measured, scene):
    before = red_place(scene)
    click(0, 'NEMA summary', measured.ui)
    slicer.util.getNodesByClass('vtkMRMLTableViewNode')[0].SetTableNodeID(None)
    slicer.app.layoutManager().tableWidget(0).tableView().click_(0)

    assert red_place(scene) == before


def test_a_name_in_the_results_leads_to_its_sphere(measured, made, scene):
    url = SimpleNamespace(toString=lambda: 'S13')
    measured.ui.resultsBrowser.anchorClicked.emit(url)

    true = next(one for one in made[1].inserts if one.insert.label == 'S13')
    assert red_place(scene)[2] == pytest.approx(true.center_ras_mm[2], abs=0.2)


def test_after_leaving_no_table_is_listened_to(measured):
    view = slicer.app.layoutManager().tableWidget(0).tableView()
    measured.exit()

    assert view.clicked._slots == []


def test_a_slice_of_an_oblique_volume_is_found_along_its_own_axis(scene, module, made):
    """By the volume's matrix, written down here once more."""
    from VOIIdentificationLib.analysis import analyze
    from VOIIdentificationLib.core.phantom import load_phantom
    from VOIIdentificationLib.mrml.places import place_of_row

    node = volume_node_from_image(made[0], 'PET')
    put_under(node, linear_transform(MOVED))
    image = replace(made[0], geometry=made[0].geometry.transformed(MOVED))
    outputs = publish(analyze(image, (), load_phantom('NEMA IEC body')), node)
    lung = outputs.lung_roi.GetNthControlPointPositionWorld(0)
    table = outputs.tables['lung']

    place = place_of_row(outputs, table, 1)

    matrix = MOVED @ made[0].geometry.ijk_to_ras
    index = np.linalg.solve(matrix, [*place, 1.0])
    assert index[2] == pytest.approx(int(table.GetCellText(1, table.GetColumnIndex('slice_k'))))
    assert index[:2] == pytest.approx(np.linalg.solve(matrix, [*lung, 1.0])[:2], abs=1e-6)


# Circles, outlines, names, seeds


def test_spheres_are_outlines_and_the_lung_is_a_circle(measured):
    outputs = outputs_of(measured)
    segments, lung = outputs.segmentation.GetDisplayNode(), outputs.lung_roi
    placement = measured.panel.result.nema.placement

    assert not segments.GetVisibility2DFill()
    assert segments.GetVisibility2DOutline()
    assert lung.GetDisplayNode().GetGlyphSize() == 30.0
    assert lung.GetNthControlPointPositionWorld(0) == pytest.approx(placement.lung.center_ras_mm)
    assert lung.GetLocked()


def test_the_tick_of_3d_works_at_once(measured):
    segmentation = outputs_of(measured).segmentation.GetSegmentation()
    assert segmentation.ContainsRepresentation('Closed surface')

    measured.ui.show3DCheckBox.checked = False
    assert not segmentation.ContainsRepresentation('Closed surface')
    measured.ui.show3DCheckBox.checked = True
    assert segmentation.ContainsRepresentation('Closed surface')


def test_a_display_that_the_user_changed_stays(measured):
    display = outputs_of(measured).segmentation.GetDisplayNode()
    display.SetVisibility2DFill(True)
    measured.ui.applyButton.click()

    assert display.GetVisibility2DFill()


def names(widget):
    node = outputs_of(widget).roi_labels
    return [node.GetNthControlPointLabel(n) for n in range(node.GetNumberOfControlPoints())]


def test_a_roi_under_the_mouse_is_named(measured):
    rois = outputs_of(measured).background_rois
    display = rois.GetDisplayNode()
    assert names(measured) == []

    display.SetActiveComponent(display.ComponentControlPoint, 4)
    assert names(measured) == [rois.GetNthControlPointLabel(4)]
    assert outputs_of(measured).roi_labels.GetNthControlPointPositionWorld(0) == pytest.approx(
        rois.GetNthControlPointPositionWorld(4)
    )
    rois.SetNthControlPointPositionWorld(4, 1.0, 2.0, 3.0)
    name = outputs_of(measured).roi_labels.GetNthControlPointPositionWorld(0)
    assert name == pytest.approx((1.0, 2.0, 3.0)), 'it is dragged along'
    display.SetActiveComponent(display.ComponentNone, -1)
    assert names(measured) == []


def test_a_roi_that_is_doubted_is_named_always(measured):
    rois = outputs_of(measured).background_rois
    sphere = outputs_of(measured).centers.GetNthControlPointPositionWorld(2)
    rois.SetNthControlPointPositionWorld(7, *sphere)
    measured.ui.applyButton.click()

    placed = measured.panel.result.nema.placement.rois
    doubted = [roi.name for roi in placed if roi.flags]
    assert any(Flag.ROI_NEAR_SPHERE in roi.flags for roi in placed)
    assert names(measured) == doubted


def test_a_mouse_over_a_roi_makes_no_result_stale(measured):
    display = outputs_of(measured).background_rois.GetDisplayNode()
    display.SetActiveComponent(display.ComponentControlPoint, 0)

    assert 'changed since' not in measured.ui.resultsBrowser.html


def walls(measured):
    """How many there are, and the middle of all."""
    surface = outputs_of(measured).roi_repeats.GetPolyData()
    return surface.GetNumberOfCells(), surface.GetCenter()


def test_rois_on_other_slices_follow_the_one_that_is_dragged(measured):
    outputs = outputs_of(measured)
    count, middle = walls(measured)
    slices = len(measured.panel.result.nema.placement.slices_k) - 1
    rois = outputs.background_rois
    for n in range(rois.GetNumberOfControlPoints()):
        place = np.add(rois.GetNthControlPointPositionWorld(n), (300.0, -200.0, 0.0))
        rois.SetNthControlPointPositionWorld(n, *place)

    assert walls(measured)[1][:2] == pytest.approx(np.add(middle[:2], (300.0, -200.0)), abs=0.01)
    rois.RemoveNthControlPoint(3)
    assert count - walls(measured)[0] == count / 12 == 64 * slices
    measured.ui.placeROIsAgainButton.click()
    assert walls(measured) == (count, pytest.approx(middle, abs=0.01))


def test_rois_on_other_slices_go_along_with_a_list_that_is_transformed(measured):
    _count, before = walls(measured)
    shift = linear_transform(affine(np.eye(3), (7.0, -4.0, 0.0)))
    put_under(outputs_of(measured).background_rois, shift)

    assert walls(measured)[1] == pytest.approx(np.add(before, (7.0, -4.0, 0.0)), abs=0.01)


def test_rois_that_were_moved_while_the_module_was_left_are_followed_when_it_is_opened(measured):
    outputs, (count, _middle) = outputs_of(measured), walls(measured)
    measured.exit()
    outputs.background_rois.RemoveNthControlPoint(3)
    assert outputs.roi_repeats.GetPolyData().GetNumberOfCells() == count

    measured.enter()

    assert walls(measured)[0] == count * 11 / 12


def test_rois_on_other_slices_go_with_their_list_and_hide_with_it(measured, scene):
    outputs = outputs_of(measured)
    outputs.background_rois.SetDisplayVisibility(False)
    assert not outputs.roi_repeats.GetDisplayVisibility()
    outputs.background_rois.SetDisplayVisibility(True)
    assert outputs.roi_repeats.GetDisplayVisibility()
    outputs.roi_repeats.SetDisplayVisibility(False)
    outputs.background_rois.GetDisplayNode().SetOpacity(0.2)
    assert not outputs.roi_repeats.GetDisplayVisibility(), 'hidden by the user'

    scene.RemoveNode(outputs.background_rois)

    assert walls(measured)[0] == 0


def test_seeds_are_hidden_after_apply_and_a_tick_brings_them_back(measured):
    seeds = measured.panel.parameters.seeds
    assert not seeds.GetDisplayVisibility()

    measured.ui.showSeedsCheckBox.checked = True
    assert seeds.GetDisplayVisibility()
    measured.ui.applyButton.click()
    assert seeds.GetDisplayVisibility()
    measured.ui.showSeedsCheckBox.checked = False
    assert not seeds.GetDisplayVisibility()


def test_what_the_user_shows_elsewhere_stays(measured):
    seeds = measured.panel.parameters.seeds
    seeds.SetDisplayVisibility(True)
    measured.ui.searchInPlaneSpinBox.value = 5.0

    assert seeds.GetDisplayVisibility()


def test_seeds_that_were_changed_since_are_seen_until_they_are_measured(measured):
    seeds = measured.panel.parameters.seeds
    seeds.SetNthControlPointPositionWorld(0, 1.0, 2.0, 3.0)
    assert seeds.GetDisplayVisibility()

    measured.ui.searchInPlaneSpinBox.value = 5.0
    assert seeds.GetDisplayVisibility()


def test_seeds_are_seen_while_they_are_placed(measured):
    seeds = measured.panel.parameters.seeds
    seeds.UnsetNthControlPointPosition(5)
    measured.ui.placeSeedsButton.click()

    assert seeds.GetDisplayVisibility()
    assert measured.ui.placeSeedsButton.checked


def test_results_are_scrolled_into_view(measured):
    called = [args for name, args in measured.ui.sectionsScrollArea.called]

    assert (measured.ui.resultsBrowser,) in called
