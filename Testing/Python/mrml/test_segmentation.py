"""
Segments hold the voxels that are at least half inside the VOI, where they are seen.

The judge cuts every voxel into many small ones and counts; the segment's own
matrix, point by point, says where its voxels lie.
"""

from dataclasses import replace

import numpy as np
import pytest
from made_nodes import IJK_TO_RAS, PARENTS, bent_transform, linear_transform, made_volume, put_under
from made_results import made_image, made_result, made_voi
from VOIIdentificationLib.core.errors import NodeError, OutputError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Insert, Phantom
from VOIIdentificationLib.core.settings import Settings
from VOIIdentificationLib.results import AnalysisResult

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from VOIIdentificationLib.mrml.segmentation import (  # noqa: E402
    fill_segmentation,
    write_segmentation,
)
from VOIIdentificationLib.mrml.volume import image_from_volume_node  # noqa: E402 - see above

SHAPE_KJI = (11, 18, 23)
INSERTS = (Insert('S13', 13.0), Insert('S22', 22.0))
PLACES_IJK = [(5.3, 6.2, 4.1), (16.4, 10.7, 5.6)]
SUBDIVISIONS = 8


def random_voxels():
    return np.random.default_rng(3).random(SHAPE_KJI, np.float32)


def result_on(image, *, background=()):
    phantom = Phantom('Two', INSERTS, background=Insert('B0', 9.0))
    places = zip(INSERTS, PLACES_IJK, strict=True)
    return AnalysisResult(
        image=image,
        phantom=phantom,
        settings=Settings(),
        spheres=tuple(made_voi(image, insert, place) for insert, place in places),
        background=tuple(made_voi(image, phantom.background, place) for place in background),
    )


def half_inside(geometry, center_ras_mm, diameter_mm):
    """Voxels at least half inside, and those too close to a half to be judged."""
    steps = (np.arange(SUBDIVISIONS) + 0.5) / SUBDIVISIONS - 0.5
    fraction = np.zeros(geometry.shape_kji)
    k, j, i = np.indices(geometry.shape_kji)
    matrix = np.asarray(geometry.ijk_to_ras)
    corner = matrix[:3, 3] - np.asarray(center_ras_mm)
    for di in steps:
        for dj in steps:
            for dk in steps:
                index = np.stack([i + di, j + dj, k + dk], axis=-1)
                offset = index @ matrix[:3, :3].T + corner
                fraction += (offset**2).sum(axis=-1) <= (diameter_mm / 2) ** 2
    fraction /= SUBDIVISIONS**3
    return fraction >= 0.5, np.abs(fraction - 0.5) < 0.03


def voxels_of_segment(segmentation_node, segment_id, geometry):
    """The image's voxels whose centers are the centers of the segment's voxels."""
    import vtk
    from vtk.util.numpy_support import vtk_to_numpy

    labelmap = slicer.vtkOrientedImageData()
    assert segmentation_node.GetBinaryLabelmapRepresentation(segment_id, labelmap)
    to_local, to_world = vtk.vtkMatrix4x4(), vtk.vtkGeneralTransform()
    labelmap.GetImageToWorldMatrix(to_local)
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(
        segmentation_node.GetParentTransformNode(), None, to_world
    )
    values = vtk_to_numpy(labelmap.GetPointData().GetScalars())
    inside = np.zeros(geometry.shape_kji, bool)
    i0, i1, j0, j1, k0, k1 = labelmap.GetExtent()
    values = values.reshape(k1 - k0 + 1, j1 - j0 + 1, i1 - i0 + 1)
    for k, j, i in np.argwhere(values):
        local = to_local.MultiplyPoint([i + i0, j + j0, k + k0, 1.0])[:3]
        world = [*to_world.TransformPoint(local), 1.0]
        index = np.linalg.solve(geometry.ijk_to_ras, world)[:3]
        assert index == pytest.approx(np.rint(index), abs=1e-6)
        inside[tuple(np.rint(index[::-1]).astype(int))] = True
    return inside


def assert_equals_judge(found, geometry, voi):
    expected, doubtful = half_inside(geometry, voi.center_ras_mm, voi.insert.diameter_mm)
    assert expected.sum() > 40
    assert np.array_equal(found[~doubtful], expected[~doubtful])
    assert found.any(axis=(1, 2)).sum() > 1


def new_segmentation(scene, name='VOIs'):
    return scene.AddNewNodeByClass('vtkMRMLSegmentationNode', name)


@pytest.mark.parametrize('directions', IJK_TO_RAS)
def test_segments_hold_the_voxels_at_least_half_inside(scene, directions):
    image = PETImage(random_voxels(), VolumeGeometry(SHAPE_KJI, IJK_TO_RAS[directions]))
    result = result_on(image)
    node = new_segmentation(scene)

    ids = fill_segmentation(node, result)

    for segment_id, voi in zip(ids, result.spheres, strict=True):
        found = voxels_of_segment(node, segment_id, image.geometry)
        assert_equals_judge(found, image.geometry, voi)


@pytest.mark.parametrize('parent', PARENTS)
@pytest.mark.parametrize('moved', ['volume', 'segmentation', 'both', 'each its own'])
def test_segments_lie_on_the_volume_under_transforms(scene, parent, moved):
    transform = linear_transform(PARENTS[parent])
    other = linear_transform(PARENTS['rigid'])
    volume = made_volume(random_voxels(), IJK_TO_RAS['oblique'])
    node = new_segmentation(scene)
    if moved != 'segmentation':
        put_under(volume, transform)
    if moved != 'volume':
        put_under(node, other if moved == 'each its own' else transform)
    image = image_from_volume_node(volume)
    result = result_on(image)

    ids = fill_segmentation(node, result, volume)

    for segment_id, voi in zip(ids, result.spheres, strict=True):
        found = voxels_of_segment(node, segment_id, image.geometry)
        assert_equals_judge(found, image.geometry, voi)
        if moved != 'each its own':  # Slicer's own export goes wrong there
            exported = slicer.util.arrayFromSegmentBinaryLabelmap(node, segment_id, volume)
            assert np.array_equal(exported.astype(bool), found)


@pytest.mark.parametrize(
    'places', [[(3.2, 13.3, 3.0), (20.0, 3.0, 7.9)], [(9.0, 9.0, 5.0), (12.0, 11.0, 5.4)]]
)
def test_background_vois_become_one_segment(scene, places):
    image = PETImage(random_voxels(), VolumeGeometry(SHAPE_KJI, IJK_TO_RAS['oblique']))
    result = result_on(image, background=places)
    node = new_segmentation(scene)

    *_, background_id = fill_segmentation(node, result)

    found = voxels_of_segment(node, background_id, image.geometry)
    first, second = (half_inside(image.geometry, v.center_ras_mm, 9.0) for v in result.background)
    judged = ~(first[1] | second[1])
    assert np.array_equal(found[judged], (first[0] | second[0])[judged])
    assert node.GetSegmentation().GetSegment(background_id).GetName() == 'Background (2 VOIs)'
    assert tags(node, background_id) == ('background', '9', None)


def tags(node, segment_id):
    import vtk

    segment = node.GetSegmentation().GetSegment(segment_id)
    values = []
    for tag in ('VOI.Kind', 'VOI.DiameterMm', 'VOI.Flags'):
        value = vtk.mutable('')
        values.append(str(value) if segment.GetTag(tag, value) else None)
    return tuple(values)


def test_segments_carry_name_diameter_flags_and_the_color_of_the_insert(scene):
    result = made_result()
    node = new_segmentation(scene)

    ids = fill_segmentation(node, result)

    segments = [node.GetSegmentation().GetSegment(segment_id) for segment_id in ids]
    names = [segment.GetName() for segment in segments]
    assert ids == ('S22', 'S17', 'S10', 'Background')
    assert not any(segment.GetNameAutoGenerated() for segment in segments)
    assert not any(segment.GetColorAutoGenerated() for segment in segments)
    assert names == ['S22 (22 mm)', 'S17 (17 mm)', 'S10 (10 mm)', 'Background']
    assert tags(node, 'S22') == ('insert', '22', None)
    assert tags(node, 'S10') == ('insert', '10', f'{Flag.FEW_VOXELS.value} search_at_limit')
    # Okabe and Ito's orange, sky blue, bluish green; gray.
    expected = [(0.902, 0.624, 0.0), (0.337, 0.706, 0.914), (0.0, 0.62, 0.451), (0.6, 0.6, 0.6)]
    assert [segment.GetColor() for segment in segments] == expected


def test_filling_again_replaces_only_our_segments(scene):
    node = new_segmentation(scene)
    node.GetSegmentation().AddEmptySegment('S10', 'Drawn by hand')
    first = fill_segmentation(node, made_result())

    again = fill_segmentation(node, made_result(background=False))

    segmentation = node.GetSegmentation()
    assert [segment_id[:4] for segment_id in first] == ['S22', 'S17', 'S10_', 'Back']
    assert [segment_id[:4] for segment_id in again] == ['S22', 'S17', 'S10_']
    assert segmentation.GetNumberOfSegments() == 4
    assert segmentation.GetNthSegmentID(0) == 'S10'
    assert segmentation.GetNthSegment(0).GetName() == 'Drawn by hand'
    assert 'Background' not in segmentation.GetSegmentIDs()


def test_overlapping_spheres_keep_their_voxels(scene):
    image = PETImage(random_voxels(), VolumeGeometry(SHAPE_KJI, IJK_TO_RAS['axial']))
    phantom = Phantom('Two', INSERTS)
    vois = (made_voi(image, INSERTS[0], (11, 9, 5)), made_voi(image, INSERTS[1], (12, 9, 5)))
    result = AnalysisResult(image, phantom, Settings(), vois)
    node = new_segmentation(scene)

    ids = fill_segmentation(node, result)

    for segment_id, voi in zip(ids, vois, strict=True):
        found = voxels_of_segment(node, segment_id, image.geometry)
        assert_equals_judge(found, image.geometry, voi)


def test_voi_without_a_voxel_half_inside_is_an_empty_segment(scene):
    result = made_result(background=False)
    (voi, *_) = result.spheres
    faint = replace(voi, mask=replace(voi.mask, weights=voi.mask.weights * 0.49))
    node = new_segmentation(scene)

    (segment_id,) = fill_segmentation(node, replace(result, spheres=(faint,)))

    labelmap = node.GetBinaryLabelmapInternalRepresentation(segment_id)
    assert labelmap.GetPointData().GetScalars().GetRange() == (0.0, 0.0)


def test_small_boxes_are_stored_not_the_whole_image(scene):
    result = made_result()
    node = new_segmentation(scene)

    fill_segmentation(node, result)

    labelmap = node.GetBinaryLabelmapInternalRepresentation('S10')
    assert labelmap.GetNumberOfPoints() == result.spheres[2].mask.weights.size


def surface_volume_mm3(node, segment_id):
    import vtk

    surface, properties = vtk.vtkPolyData(), vtk.vtkMassProperties()
    assert node.GetClosedSurfaceRepresentation(segment_id, surface)
    properties.SetInputData(surface)
    return properties.GetVolume()


def test_spheres_seen_in_3d_are_as_large_as_their_voxels(scene):
    result = made_result()
    node = new_segmentation(scene)
    fill_segmentation(node, result)

    assert node.CreateClosedSurfaceRepresentation()

    for voi in result.spheres:
        voxels_mm3 = (voi.mask.weights >= 0.5).sum() * 2.0 * 2.5 * 3.0
        # A surface through the middles of the outermost voxels' sides cuts the corners.
        assert 0.75 < surface_volume_mm3(node, voi.label) / voxels_mm3 < 1.02


def test_spheres_stay_visible_in_3d_when_filled_again(scene):
    result = made_result()
    node = new_segmentation(scene)
    fill_segmentation(node, result)
    assert node.CreateClosedSurfaceRepresentation()
    volume = surface_volume_mm3(node, 'S22')

    fill_segmentation(node, result)

    assert surface_volume_mm3(node, 'S22') == pytest.approx(volume, rel=1e-6)


def test_empty_segment_does_not_disturb_the_others_in_3d(scene):
    result = made_result(background=False)
    node = new_segmentation(scene)
    fill_segmentation(node, result)
    assert node.CreateClosedSurfaceRepresentation()
    first, *rest = result.spheres
    faint = replace(first, mask=replace(first.mask, weights=first.mask.weights * 0.49))

    fill_segmentation(node, replace(result, spheres=(faint, *rest)))

    assert surface_volume_mm3(node, 'S17') > 1000


def test_reference_grid_is_that_of_the_volume(scene):
    volume = made_volume(random_voxels(), IJK_TO_RAS['sheared'])
    put_under(volume, linear_transform(PARENTS['shear']))
    by_hand, by_slicer = new_segmentation(scene), new_segmentation(scene)
    put_under(by_hand, linear_transform(PARENTS['mirror']))
    put_under(by_slicer, linear_transform(PARENTS['mirror']))

    fill_segmentation(by_hand, result_on(image_from_volume_node(volume)), volume)
    by_slicer.SetReferenceImageGeometryParameterFromVolumeNode(volume)

    role = by_hand.GetReferenceImageGeometryReferenceRole()
    parameter = slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName()
    found, expected = (
        np.array(node.GetSegmentation().GetConversionParameter(parameter).split(';')[:-1], float)
        for node in (by_hand, by_slicer)
    )
    assert by_hand.GetNodeReference(role) is volume
    assert found == pytest.approx(expected, abs=1e-12)


def test_segmentation_under_a_bent_transform_is_refused(scene):
    node = put_under(new_segmentation(scene, 'Old VOIs'), bent_transform('Warp'))

    with pytest.raises(NodeError, match=r'Old VOIs is under the transform Warp, .* not linear'):
        fill_segmentation(node, made_result())
    assert node.GetSegmentation().GetNumberOfSegments() == 0


@pytest.mark.parametrize('kind', ['flipped', 'oblique', 'sheared'])
def test_written_file_is_read_by_slicer_with_names_tags_and_voxels(scene, tmp_path, kind):
    result = made_result(kind)
    path = tmp_path / 'segmentation.seg.nrrd'

    write_segmentation(result, path)

    node = read_segmentation(scene, path)
    segmentation = node.GetSegmentation()
    assert segmentation.GetSegmentIDs() == ('S22', 'S17', 'S10', 'Background')
    assert segmentation.GetSegment('S17').GetName() == 'S17 (17 mm)'
    assert segmentation.GetSegment('S17').GetColor() == pytest.approx((0.337, 0.706, 0.914))
    assert tags(node, 'S10') == ('insert', '10', 'few_voxels search_at_limit')
    for voi in result.spheres:
        found = voxels_of_segment(node, voi.label, result.image.geometry)
        expected = np.zeros(result.image.geometry.shape_kji, bool)
        expected[voi.mask.slices_kji] = voi.mask.weights >= 0.5
        assert np.array_equal(found, expected)
    assert list(tmp_path.glob('*.nrrd')) == [path]


def read_segmentation(scene, path):
    node = new_segmentation(scene)
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(path))
    assert storage.ReadData(node)
    return node


def test_file_is_written_without_any_scene(tmp_path, vtk_messages):
    assert not hasattr(slicer, 'mrmlScene')

    write_segmentation(made_result(), tmp_path / 'a.seg.nrrd')

    assert (tmp_path / 'a.seg.nrrd').stat().st_size > 500
    assert vtk_messages.new() == ''


def test_file_can_be_read_by_other_tools_at_the_right_place(tmp_path):
    sitk = pytest.importorskip('SimpleITK')
    result = made_result('oblique')
    write_segmentation(result, tmp_path / 'a.seg.nrrd')

    picture = sitk.ReadImage(str(tmp_path / 'a.seg.nrrd'))

    labels = sitk.GetArrayFromImage(picture)
    assert labels.size < result.image.voxels.size / 3  # only the box around the VOIs
    places = np.argwhere(labels == 1)[:, ::-1]
    lps = [picture.TransformContinuousIndexToPhysicalPoint([float(x) for x in p]) for p in places]
    center_ras = np.mean(lps, axis=0) * [-1, -1, 1]
    assert center_ras == pytest.approx(result.spheres[0].center_ras_mm, abs=0.3)


def test_file_is_replaced_when_written_again(tmp_path):
    path = tmp_path / 'ä b.seg.nrrd'
    path.write_text('old')

    write_segmentation(made_result(), path)

    assert path.read_bytes()[:4] == b'NRRD'


def test_folder_that_does_not_exist_is_said(tmp_path):
    with pytest.raises(OutputError, match=r'gone.a\.seg\.nrrd cannot be written'):
        write_segmentation(made_result(), tmp_path / 'gone' / 'a.seg.nrrd')


def test_file_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / 'a.seg.nrrd').mkdir()

    with pytest.raises(OutputError, match=r'a\.seg\.nrrd cannot be written'):
        write_segmentation(made_result(), tmp_path / 'a.seg.nrrd')

    assert [path.name for path in tmp_path.iterdir()] == ['a.seg.nrrd']


def test_refusal_of_the_storage_node_is_said(tmp_path, monkeypatch):
    class FullDisk(slicer.vtkMRMLSegmentationStorageNode):
        def WriteData(self, _node):  # noqa: N802 - Slicer's name
            return 0

    monkeypatch.setattr(slicer, 'vtkMRMLSegmentationStorageNode', FullDisk)

    with pytest.raises(OutputError, match=r'a\.seg\.nrrd cannot be written: the disk may be full'):
        write_segmentation(made_result(), tmp_path / 'a.seg.nrrd')

    assert list(tmp_path.iterdir()) == []


def test_other_file_name_is_a_mistake_of_the_caller(tmp_path):
    with pytest.raises(ValueError, match=r'must end in \.seg\.nrrd, got a\.nrrd'):
        write_segmentation(made_result(), tmp_path / 'a.nrrd')


def test_made_image_is_not_a_cube():
    """Or a swap of axes would not show."""
    assert len(set(made_image(made_result().image.geometry).geometry.shape_kji)) == 3
