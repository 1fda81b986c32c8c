"""One call shows a whole result; a second one shows the next in the same nodes."""

from dataclasses import replace

import numpy as np
import pytest
from made_cylinder import cylinder_result
from made_nodes import IJK_TO_RAS, PARENTS, bent_transform, linear_transform, put_under
from made_results import made_result
from VOIIdentificationLib.analysis import analyze
from VOIIdentificationLib.core.errors import NodeError
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Insert, Phantom, Seed

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from VOIIdentificationLib.mrml import outputs as mrml_outputs  # noqa: E402 - only where slicer-core is
from VOIIdentificationLib.mrml.folder import output_folder  # noqa: E402
from VOIIdentificationLib.mrml.outputs import OutputNodes, find_outputs, publish  # noqa: E402
from VOIIdentificationLib.mrml.points import seeds_from_points  # noqa: E402
from VOIIdentificationLib.mrml.tables import series_of_chart  # noqa: E402
from VOIIdentificationLib.mrml.volume import image_from_volume_node, volume_node_from_image  # noqa: E402

TABLE_KEYS = ['spheres', 'centers', 'slices', 'background', 'background_slices']


@pytest.fixture
def volume(scene):
    return volume_node_from_image(made_result().image, 'PET', scene=scene)


def count_of_nodes(scene):
    names = ('Segmentation', 'MarkupsFiducial', 'Table', 'PlotChart', 'PlotSeries')
    return {name: scene.GetNumberOfNodesByClass(f'vtkMRML{name}Node') for name in names}


def nodes_of(outputs):
    series = [node for chart in outputs.charts.values() for node in series_of_chart(chart)]
    tables = [*outputs.tables.values(), *outputs.charts.values(), *series]
    return [outputs.segmentation, outputs.centers, *tables]


def means_of(outputs):
    array = outputs.tables['spheres'].GetTable().GetColumnByName('mean')
    return [array.GetValue(n) for n in range(array.GetNumberOfValues())]


def test_everything_is_made_and_filled(volume):
    result = made_result()

    outputs = publish(result, volume)

    assert outputs.segmentation.GetSegmentation().GetNumberOfSegments() == 4
    centers = seeds_from_points(outputs.centers)
    assert [seed.label for seed in centers] == ['S22', 'S17', 'S10']
    for seed, voi in zip(centers, result.spheres, strict=True):
        assert seed.position_ras_mm == pytest.approx(voi.center_ras_mm, abs=1e-9)
    assert list(outputs.tables) == TABLE_KEYS
    assert means_of(outputs) == [voi.statistics.mean for voi in result.spheres]
    assert [node.GetYColumnName() for node in series_of_chart(outputs.charts['mean'])] == [
        'mean',
        'max',
    ]


def test_segmentation_can_be_shown(volume):
    """The point list too, in the application: it gets its display node from the Markups logic."""
    outputs = publish(made_result(), volume)

    assert outputs.segmentation.GetDisplayNode() is not None
    assert outputs.centers.GetDisplayNode() is not None


def test_nodes_of_the_caller_are_filled_and_found_again(scene, volume):
    mine = OutputNodes(
        segmentation=scene.AddNewNodeByClass('vtkMRMLSegmentationNode', 'My VOIs'),
        centers=scene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'My centers'),
    )

    outputs = publish(made_result(), volume, mine)

    assert outputs.segmentation is mine.segmentation
    assert outputs.centers is mine.centers
    assert find_outputs(volume).segmentation is mine.segmentation
    assert mine.segmentation.GetName() == 'My VOIs'


def test_nodes_are_named_after_the_volume_and_series_as_the_legend_says(volume):
    nodes = nodes_of(publish(made_result(), volume))
    series = [node for node in nodes if node.IsA('vtkMRMLPlotSeriesNode')]

    assert all(node.GetName().startswith('PET ') for node in nodes if node not in series)
    assert {'Mean', 'Max'} <= {node.GetName() for node in series}
    assert not any('PET' in node.GetName() for node in series)


def test_all_nodes_lie_in_one_folder(scene, volume):
    outputs = publish(made_result(), volume)

    hierarchy = scene.GetSubjectHierarchyNode()
    assert hierarchy.GetItemName(output_folder(scene)) == 'VOI Identification'
    assert hierarchy.GetItemParent(output_folder(scene)) == hierarchy.GetSceneItemID()
    items = [hierarchy.GetItemByDataNode(node) for node in nodes_of(outputs)]
    assert {hierarchy.GetItemParent(item) for item in items} == {output_folder(scene)}
    assert hierarchy.GetNumberOfItemChildren(output_folder(scene)) == len(items) == 10


def test_publishing_again_fills_the_same_nodes(scene, volume):
    first = publish(made_result(), volume)
    counts, total = count_of_nodes(scene), scene.GetNumberOfNodes()
    changed = made_result()
    voi = changed.spheres[0]
    louder = replace(voi, statistics=replace(voi.statistics, mean=7.5))

    again = publish(replace(changed, spheres=(louder, *changed.spheres[1:])), volume)

    assert all(a is b for a, b in zip(nodes_of(first), nodes_of(again), strict=True))
    assert count_of_nodes(scene) == counts
    assert scene.GetNumberOfNodes() == total
    assert means_of(again)[0] == 7.5
    assert again.segmentation.GetSegmentation().GetNumberOfSegments() == 4


def test_tables_that_the_new_result_lacks_are_removed(scene, volume):
    publish(made_result(), volume)

    outputs = publish(made_result(background=False), volume)

    assert list(outputs.tables) == TABLE_KEYS[:3]
    assert scene.GetNumberOfNodesByClass('vtkMRMLTableNode') == 3


def test_node_that_the_user_deleted_is_made_again(scene, volume):
    first = publish(made_result(), volume)
    scene.RemoveNode(first.tables['centers'])
    scene.RemoveNode(first.charts['mean'])

    again = publish(made_result(), volume, first)

    assert again.tables['spheres'] is first.tables['spheres']
    assert again.tables['centers'].GetScene() is scene
    assert len(series_of_chart(again.charts['mean'])) == 2


@pytest.mark.parametrize('key', ['segmentation', 'centers'])
def test_main_node_that_the_user_deleted_is_made_again_beside_the_old_tables(scene, volume, key):
    first = publish(made_result(), volume)
    counts = count_of_nodes(scene)
    scene.RemoveNode(getattr(first, key))
    assert find_outputs(volume) is None

    again = publish(made_result(), volume)

    assert count_of_nodes(scene) == counts
    assert again.tables['spheres'] is first.tables['spheres']
    assert getattr(again, key).GetScene() is scene


def test_node_that_the_user_moved_stays_there(scene, volume):
    first = publish(made_result(), volume)
    hierarchy = scene.GetSubjectHierarchyNode()
    own = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), 'Mine')
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(first.centers), own)

    publish(made_result(), volume)

    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(first.centers)) == own


def test_two_volumes_have_their_own_nodes_in_one_folder(scene, volume):
    other = volume_node_from_image(made_result().image, 'PET late', scene=scene)
    early = publish(made_result(), volume)

    late = publish(made_result(), other)

    assert not set(map(id, nodes_of(early))) & set(map(id, nodes_of(late)))
    hierarchy = scene.GetSubjectHierarchyNode()
    items = [hierarchy.GetItemByDataNode(one) for one in (early.centers, late.centers)]
    assert [hierarchy.GetItemParent(item) for item in items] == [output_folder(scene)] * 2
    assert find_outputs(volume).segmentation is early.segmentation
    assert find_outputs(other).segmentation is late.segmentation


def test_nothing_is_found_before_the_first_time(volume):
    assert find_outputs(volume) is None


@pytest.mark.parametrize('failing', ['fill_segmentation', 'fill_points', 'fill_table', 'fill_plot'])
def test_a_failure_leaves_no_new_node(scene, volume, monkeypatch, failing):
    def fail(*_):
        raise NodeError(failing)

    hierarchy = scene.GetSubjectHierarchyNode()
    total, items = scene.GetNumberOfNodes(), hierarchy.GetNumberOfItems()
    monkeypatch.setattr(mrml_outputs, failing, fail)

    with pytest.raises(NodeError, match=failing):
        publish(made_result(), volume)

    assert scene.GetNumberOfNodes() == total
    assert hierarchy.GetNumberOfItems() == items


def test_late_failure_leaves_no_new_node(scene, volume, monkeypatch):
    def fail(*_):
        raise KeyboardInterrupt

    total = scene.GetNumberOfNodes()
    monkeypatch.setattr(mrml_outputs, 'place_in_folder', fail)

    with pytest.raises(KeyboardInterrupt):
        publish(made_result(), volume)

    assert scene.GetNumberOfNodes() == total


def test_old_nodes_are_untouched_if_the_segmentation_cannot_be_filled(volume):
    first = publish(made_result(), volume)
    means = means_of(first)
    put_under(first.segmentation, bent_transform())

    with pytest.raises(NodeError, match='not linear'):
        publish(made_result('oblique'), volume)

    assert means_of(first) == means
    assert first.segmentation.GetSegmentation().GetNumberOfSegments() == 4


@pytest.mark.parametrize('failing', ['fill_plot', 'place_in_folder'])
def test_a_failure_leaves_old_nodes_as_they_were(scene, volume, monkeypatch, failing):
    def fail(*_):
        raise NodeError(failing)

    first = publish(made_result(), volume)
    first.segmentation.GetSegmentation().AddEmptySegment('Mine', 'Drawn by hand')
    before, total = contents_of(first), scene.GetNumberOfNodes()
    monkeypatch.setattr(mrml_outputs, failing, fail)
    changed = made_result('oblique', background=False)

    with pytest.raises(NodeError, match=failing):
        publish(replace(changed, spheres=changed.spheres[:2]), volume)

    assert contents_of(first) == before
    assert scene.GetNumberOfNodes() == total
    monkeypatch.undo()
    assert contents_of(publish(made_result(), volume)) == before


def contents_of(outputs):
    segmentation = outputs.segmentation.GetSegmentation()
    segments = {
        segment_id: (
            segmentation.GetSegment(segment_id).GetName(),
            slicer.util.arrayFromSegmentInternalBinaryLabelmap(outputs.segmentation, segment_id)
            .astype(int)
            .sum(),
            tag_of(segmentation.GetSegment(segment_id)),
        )
        for segment_id in segmentation.GetSegmentIDs()
        if segment_id != 'Mine'
    }
    tables = {
        key: (node.GetTable().GetNumberOfColumns(), node.GetColumnUnitLabel('mean'), node.GetName())
        for key, node in outputs.tables.items()
    }
    points = (seeds_from_points(outputs.centers), outputs.centers.GetLocked())
    drawn = segmentation.GetSegment('Mine') is not None
    return segments, tables, points, means_of(outputs), drawn


def tag_of(segment):
    import vtk

    value = vtk.mutable('')
    segment.GetTag('VOI.DiameterMm', value)
    return str(value)


def test_outputs_are_found_again_in_a_saved_scene(scene, volume, tmp_path):
    publish(made_result(), volume)
    before = [node.GetName() for node in nodes_of(find_outputs(volume))]
    path = save_and_read(scene, tmp_path)
    assert path.stat().st_size > 10_000

    (again,) = slicer.util.getNodesByClass('vtkMRMLScalarVolumeNode')
    found = find_outputs(again)

    assert [node.GetName() for node in nodes_of(found)] == before
    assert found.segmentation.GetSegmentation().GetSegmentIDs()[0] == 'S22'
    assert list(found.tables) == TABLE_KEYS
    assert image_from_volume_node(again).unit == 'Bq/mL'
    total = scene.GetNumberOfNodes()
    refilled = publish(made_result(), again)
    assert refilled.segmentation is found.segmentation
    assert scene.GetNumberOfNodes() == total
    assert output_folder(scene)


def save_and_read(scene, tmp_path):
    work = tmp_path / 'scene'
    work.mkdir()
    scene.SetRootDirectory(str(work))
    scene.SetURL(str(work / 'study.mrml'))
    path = tmp_path / 'study.mrb'
    assert scene.WriteToMRB(str(path))
    scene.Clear(0)
    assert scene.ReadFromMRB(str(path))
    return path


PHANTOM = Phantom('Two', (Insert('S22', 22.0), Insert('S13', 13.0)))


def blobs(ijk_to_ras, centers_ras_mm):
    """Two smooth hot spots on a grid of three different lengths."""
    geometry = VolumeGeometry((24, 40, 44), ijk_to_ras)
    index_kji = np.stack(np.indices(geometry.shape_kji), axis=-1)
    position = geometry.position_ras_mm(index_kji[..., ::-1])
    values = 100.0 + sum(
        1000.0 * np.exp(-((position - center) ** 2).sum(axis=-1) / (2 * 6.0**2))
        for center in centers_ras_mm
    )
    return PETImage(values.astype(np.float32), geometry, 'Bq/mL')


@pytest.mark.parametrize('parent', ['rigid', 'mirror', 'scaling', 'shear'])
@pytest.mark.parametrize('moved', ['volume', 'points', 'both'])
def test_numbers_do_not_depend_on_how_the_transform_is_held(scene, parent, moved):
    local = VolumeGeometry((24, 40, 44), IJK_TO_RAS['oblique'])
    centers = local.position_ras_mm([(13.3, 12.6, 9.2), (30.1, 27.8, 14.4)])
    volume = volume_node_from_image(blobs(local.ijk_to_ras, centers), 'PET')
    points = scene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'Seeds')
    matrix = PARENTS[parent]
    volume_matrix = np.eye(4) if moved == 'points' else matrix
    for label, center in zip(['S22', 'S13'], centers, strict=True):
        world = (volume_matrix @ [*np.add(center, (2.0, -1.5, 1.0)), 1.0])[:3]
        points.AddControlPoint(world, label)
    if moved != 'points':
        put_under(volume, linear_transform(matrix))
    if moved != 'volume':
        points.ApplyTransformMatrix(slicer.util.vtkMatrixFromArray(np.linalg.inv(matrix)))
        put_under(points, linear_transform(matrix))

    soft = analyze(image_from_volume_node(volume), seeds_from_points(points), PHANTOM)
    volume.HardenTransform()
    points.HardenTransform()
    hard = analyze(image_from_volume_node(volume), seeds_from_points(points), PHANTOM)

    expected = [(volume_matrix @ [*center, 1.0])[:3] for center in centers]
    for a, b, center in zip(soft.spheres, hard.spheres, expected, strict=True):
        assert a.center_ras_mm == pytest.approx(b.center_ras_mm, abs=1e-6)
        assert a.statistics.mean == pytest.approx(b.statistics.mean, rel=1e-9)
        assert a.center_ras_mm == pytest.approx(center, abs=0.1)


def test_measuring_changes_neither_volume_nor_seeds(scene, volume):
    before = slicer.util.arrayFromVolume(volume).copy()
    points = scene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'Seeds')
    result = made_result()
    for voi in result.spheres:
        points.AddControlPoint(voi.center_ras_mm, voi.label)

    image = image_from_volume_node(volume)
    publish(analyze(image, seeds_from_points(points), result.phantom), volume)

    assert np.array_equal(slicer.util.arrayFromVolume(volume), before)
    assert [seed.position_ras_mm for seed in seeds_from_points(points)] == [
        pytest.approx(voi.center_ras_mm) for voi in result.spheres
    ]


def test_seed_of_another_list_is_not_touched(scene, volume):
    own = scene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'Mine')
    own.AddControlPoint((1.0, 2.0, 3.0), 'X')

    publish(made_result(), volume)
    publish(made_result(), volume)

    assert seeds_from_points(own) == (Seed('X', (1.0, 2.0, 3.0)),)


def test_a_uniform_cylinder_is_shown_with_its_slices(scene):
    result = cylinder_result()
    volume = volume_node_from_image(result.image, 'PET', scene=scene)

    outputs = publish(result, volume)

    assert {*outputs.tables} == {
        *('cylinder', 'cylinder_limits', 'cylinder_slices', 'activity', 'suv'),
    }
    means = outputs.tables['cylinder_slices'].GetTable().GetColumnByName('mean')
    found = [means.GetValue(n) for n in range(means.GetNumberOfValues())]
    assert found == [one.mean for one in result.cylinder.uniformity.slices]
    series = series_of_chart(outputs.charts['cylinder'])
    assert [node.GetYColumnName() for node in series] == ['mean', 'earl_low', 'earl_high']
    assert outputs.segmentation.GetSegmentation().GetNumberOfSegments() == 1
    (center,) = seeds_from_points(outputs.centers)
    assert center.label == 'Cylinder'
    assert center.position_ras_mm == pytest.approx(result.cylinder.voi.center_ras_mm, abs=1e-9)
