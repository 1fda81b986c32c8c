"""NEMA, recovery and activity in the scene: tables, charts with bands, ROIs that can be moved."""

from dataclasses import replace

import numpy as np
import pytest
from made_nodes import PARENTS, linear_transform, put_under
from made_quality import HOT_BQML, quality_result
from made_results import made_result
from VOIIdentificationLib.analysis import analyze
from VOIIdentificationLib.core.phantom import Seed

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from VOIIdentificationLib.mrml import outputs as mrml_outputs  # noqa: E402 - only where slicer-core is
from VOIIdentificationLib.mrml.folder import output_folder  # noqa: E402
from VOIIdentificationLib.mrml.outputs import find_outputs, publish, wanted_rois  # noqa: E402
from VOIIdentificationLib.mrml.points import seeds_from_points  # noqa: E402
from VOIIdentificationLib.mrml.session import Request, measure  # noqa: E402
from VOIIdentificationLib.mrml.tables import series_of_chart  # noqa: E402
from VOIIdentificationLib.mrml.volume import volume_node_from_image  # noqa: E402

NAMES = [f'BG{n:02d}' for n in range(1, 13)]


@pytest.fixture
def volume(scene):
    return volume_node_from_image(quality_result().image, 'PET', scene=scene)


@pytest.fixture
def outputs(volume):
    return publish(quality_result(), volume)


def column_of(node, key):
    array = node.GetTable().GetColumnByName(key)
    return [array.GetValue(n) for n in range(array.GetNumberOfValues())]


def test_every_table_is_a_node(outputs):
    result = quality_result()
    nodes = outputs.tables

    assert {'nema', 'nema_summary', 'background_variability', 'background_rois'} <= set(nodes)
    assert {
        'background_roi_means',
        'lung',
        'recovery',
        'recovery_limits',
        'activity',
        'suv',
    } <= set(nodes)
    contrast = [sphere.contrast_percent for sphere in result.nema.spheres]
    assert column_of(nodes['nema'], 'contrast_percent') == contrast
    assert column_of(nodes['recovery'], 'rc_max') == pytest.approx(
        [voi.statistics.max / HOT_BQML for voi in result.spheres], rel=1e-6
    )
    assert set(column_of(nodes['recovery_limits'], 'verdict')) == {'pass', 'fail'}
    assert nodes['recovery'].GetColumnTitle('verdict_earl_2') == 'Verdict EARL 2'
    assert nodes['nema'].GetColumnUnitLabel('contrast_percent') == '%'


def test_an_unknown_contrast_is_no_number_and_has_no_chart(volume):
    outputs = publish(quality_result(known=False), volume)

    assert np.isnan(column_of(outputs.tables['nema'], 'contrast_percent')).all()
    assert set(column_of(outputs.tables['nema'], 'remark')) == {
        'the true ratio is unknown: no percent contrast'
    }
    assert list(outputs.charts) == ['mean', 'deviation', 'variability', 'lung', 'relative_recovery']
    series = series_of_chart(outputs.charts['relative_recovery'])
    assert [node.GetYColumnName() for node in series] == [
        'relative_max',
        'relative_mean',
        'relative_peak',
    ]


def test_charts_of_recovery_have_the_bands_of_every_standard(outputs):
    kinds = slicer.vtkMRMLPlotSeriesNode
    assert list(outputs.charts) == [
        *('mean', 'deviation', 'contrast', 'variability', 'lung'),
        *('recovery_max', 'recovery_mean', 'recovery_peak'),
    ]
    chart = outputs.charts['recovery_max']
    series = series_of_chart(chart)
    assert [node.GetYColumnName() for node in series] == [
        'rc_max',
        *(f'limit_rc_max_earl_{n}_{end}' for n in (1, 2) for end in ('low', 'high')),
    ]
    assert chart.GetTitle() == 'RCmax against diameter'
    assert (chart.GetXAxisTitle(), chart.GetYAxisTitle()) == ('Diameter [mm]', 'RCmax')
    curve, *bands = series
    assert curve.GetMarkerStyle() == kinds.MarkerStyleCircle
    assert curve.GetLineStyle() == kinds.LineStyleSolid
    assert curve.GetLabelColumnName() == 'label'
    for band in bands:
        assert band.GetMarkerStyle() == kinds.MarkerStyleNone
        assert band.GetLineStyle() == kinds.LineStyleDash
        assert band.GetLineWidth() < curve.GetLineWidth()
        assert band.GetTableNode() is outputs.tables['recovery']
    colors = [band.GetColor() for band in bands]
    assert colors[0] == colors[1] != colors[2] == colors[3]
    assert 'indicative' in bands[2].GetName()
    assert len(series_of_chart(outputs.charts['recovery_peak'])) == 3


def test_charts_of_contrast_and_variability(outputs):
    for key, table, column in (
        ('contrast', 'nema', 'contrast_percent'),
        ('variability', 'background_variability', 'variability_percent'),
    ):
        (series,) = series_of_chart(outputs.charts[key])
        assert series.GetTableNode() is outputs.tables[table]
        assert (series.GetXColumnName(), series.GetYColumnName()) == ('diameter_mm', column)


def test_charts_and_tables_that_no_longer_hold_are_removed(scene, volume, outputs):
    again = publish(quality_result(known=False), volume)

    assert 'recovery_limits' not in again.tables
    assert again.tables['recovery'] is outputs.tables['recovery']
    assert outputs.charts['recovery_max'].GetScene() is None
    names = {node.GetYColumnName() for node in slicer.util.getNodesByClass('vtkMRMLPlotSeriesNode')}
    assert not [name for name in names if name.startswith(('rc_', 'limit_'))]
    assert scene.GetNumberOfNodesByClass('vtkMRMLPlotChartNode') == 5


def test_the_background_rois_are_points_that_can_be_moved(scene, outputs):
    rois = outputs.background_rois
    placement = quality_result().nema.placement

    seeds = seeds_from_points(rois)

    assert [seed.label for seed in seeds] == NAMES
    for seed, roi in zip(seeds, placement.rois, strict=True):
        assert seed.position_ras_mm == pytest.approx(roi.center_ras_mm, abs=1e-9)
    assert not rois.GetLocked()
    assert not rois.GetFixedNumberOfControlPoints()
    assert not any(rois.GetNthControlPointLocked(n) for n in range(12))
    assert outputs.centers.GetLocked()
    hierarchy = scene.GetSubjectHierarchyNode()
    item = hierarchy.GetItemByDataNode(rois)
    assert hierarchy.GetItemParent(item) == output_folder(scene)


def test_rois_that_nobody_moved_are_placed_anew(volume, outputs):
    assert wanted_rois(volume) == ()
    assert find_outputs(volume).background_rois is outputs.background_rois


def test_a_moved_roi_comes_back_as_a_seed_and_stays_where_it_was_put(volume, outputs):
    place = (-100.0, -20.0, 7.0)
    outputs.background_rois.SetNthControlPointPositionWorld(2, *place)

    wanted = wanted_rois(volume)

    assert [seed.label for seed in wanted] == NAMES
    assert wanted[2].position_ras_mm == pytest.approx(place)
    result = quality_result()
    seeds = [Seed(voi.label, voi.center_ras_mm) for voi in result.spheres]
    measured = analyze(result.image, [*seeds, *wanted], result.phantom)
    again = publish(measured, volume)
    assert again.background_rois is outputs.background_rois
    moved = seeds_from_points(again.background_rois)[2].position_ras_mm
    normal = result.image.geometry.slice_normal_ras
    off = np.subtract(moved, place)
    assert np.linalg.norm(off - (off @ normal) * normal) < 1e-6  # on the central slice now
    # It is still the user's, although it stands exactly where this analysis had it.
    assert [seed.label for seed in wanted_rois(volume)] == NAMES


def test_a_point_that_the_user_adds_or_takes_away_counts(volume, outputs):
    rois = outputs.background_rois
    rois.RemoveNthControlPoint(4)
    assert [seed.label for seed in wanted_rois(volume)] == [n for n in NAMES if n != 'BG05']

    rois.AddControlPointWorld((-100.0, -20.0, 0.0), 'background ROIs-13')

    assert [seed.label for seed in wanted_rois(volume)][-1] == 'BG05'


def test_an_analysis_that_did_not_use_the_moved_points_sets_them_back(volume, outputs):
    outputs.background_rois.SetNthControlPointPositionWorld(2, -100.0, -20.0, 0.0)

    again = publish(quality_result(), volume)

    first = quality_result().nema.placement.rois[2].center_ras_mm
    assert seeds_from_points(again.background_rois)[2].position_ras_mm == pytest.approx(first)
    assert wanted_rois(volume) == ()
    placement = quality_result().nema.placement
    first = replace(placement.rois[0], center_ras_mm=(-90.0, -20.0, 0.0))
    placement = replace(placement, rois=(first, *placement.rois[1:]))
    other = replace(quality_result(), nema=replace(quality_result().nema, placement=placement))
    again.background_rois.SetNthControlPointPositionWorld(2, -100.0, -20.0, 0.0)
    publish(other, volume)
    assert wanted_rois(volume) == ()  # another rule, and not the user's points


def test_deleting_the_list_brings_the_rule_back(scene, volume, outputs):
    outputs.background_rois.SetNthControlPointPositionWorld(2, -100.0, -20.0, 0.0)
    scene.RemoveNode(outputs.background_rois)

    assert wanted_rois(volume) == ()
    assert publish(quality_result(), volume).background_rois is not outputs.background_rois


def test_a_list_under_a_transform_shows_the_same_places(volume, outputs):
    put_under(outputs.background_rois, linear_transform(PARENTS['rigid']))

    again = publish(quality_result(), volume)

    for seed, roi in zip(
        seeds_from_points(again.background_rois),
        quality_result().nema.placement.rois,
        strict=True,
    ):
        assert seed.position_ras_mm == pytest.approx(roi.center_ras_mm, abs=1e-6)
    assert wanted_rois(volume) == ()


def test_without_rois_there_is_no_list(scene, volume, outputs):
    placement = replace(quality_result().nema.placement, rois=())
    bare = replace(
        quality_result(), nema=replace(quality_result().nema, placement=placement, lung=None)
    )

    again = publish(bare, volume)

    assert again.background_rois is None
    assert outputs.background_rois.GetScene() is None
    assert publish(made_result(), volume).background_rois is None


def test_a_failure_leaves_the_moved_points_as_they_were(volume, outputs, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    outputs.background_rois.SetNthControlPointPositionWorld(2, -100.0, -20.0, 0.0)
    before = seeds_from_points(outputs.background_rois)
    monkeypatch.setattr(mrml_outputs, 'place_in_folder', fail)

    with pytest.raises(KeyboardInterrupt):
        publish(quality_result(), volume)

    assert seeds_from_points(outputs.background_rois) == before
    assert not outputs.background_rois.GetLocked()
    assert len(wanted_rois(volume)) == 12


def test_moved_rois_are_found_again_in_a_saved_scene(scene, volume, outputs, tmp_path):
    outputs.background_rois.SetNthControlPointPositionWorld(2, -100.0, -20.0, 0.0)
    scene.SetRootDirectory(str(tmp_path))
    scene.SetURL(str(tmp_path / 'study.mrml'))
    path = tmp_path / 'study.mrb'
    assert scene.WriteToMRB(str(path))
    scene.Clear(0)
    assert scene.ReadFromMRB(str(path))

    (again,) = slicer.util.getNodesByClass('vtkMRMLScalarVolumeNode')

    wanted = wanted_rois(again)
    assert [seed.label for seed in wanted] == NAMES
    assert wanted[2].position_ras_mm == pytest.approx((-100.0, -20.0, 0.0))
    assert not find_outputs(again).background_rois.GetLocked()


def test_measuring_again_uses_the_moved_rois(volume, outputs):
    result = quality_result()
    place = tuple(np.add(result.nema.placement.rois[2].center_ras_mm, (2.0, 1.0, 0.0)))
    outputs.background_rois.SetNthControlPointPositionWorld(2, *place)
    seeds = tuple(Seed(voi.label, voi.center_ras_mm) for voi in result.spheres)

    request = Request(seeds, result.phantom, rois=wanted_rois(volume))
    found = measure(volume, request)

    assert found.nema.placement.rois[2].center_ras_mm[:2] == pytest.approx(place[:2], abs=0.1)
    assert len(found.nema.placement.rois) == 12
    own = Seed('BG03', result.nema.placement.rois[2].center_ras_mm)
    mine = measure(volume, replace(request, seeds=(*seeds, own), rois=wanted_rois(volume)))
    assert [roi.name for roi in mine.nema.placement.rois].count('BG03') == 1
