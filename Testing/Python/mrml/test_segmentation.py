"""
Segments hold the voxels that are at least half inside the VOI, where they are seen.

The judge cuts every voxel into many small ones and counts; the segment's own
matrix, point by point, says where its voxels lie.
"""

import re
from dataclasses import replace

import numpy as np
import pytest
from made_nodes import IJK_TO_RAS, PARENTS, bent_transform, linear_transform, made_volume, put_under
from made_results import made_geometry, made_image, made_result, made_voi
from VOIIdentificationLib.core.errors import NodeError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Insert, Phantom
from VOIIdentificationLib.core.settings import Settings
from VOIIdentificationLib.files.segmentation import write_segmentation
from VOIIdentificationLib.measure.voi_mask import VOIMask
from VOIIdentificationLib.report.export import result_segments
from VOIIdentificationLib.results import AnalysisResult

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from VOIIdentificationLib.mrml.segmentation import fill_segmentation  # noqa: E402
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
    node = new_segmentation(scene)

    (segment_id,) = fill_segmentation(node, replace(result, spheres=(faded(result.spheres[0]),)))

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

    fill_segmentation(node, replace(result, spheres=(faded(first), *rest)))

    assert surface_volume_mm3(node, 'S17') > 1000


@pytest.mark.parametrize('shape_kji', [(1, 1, 1), (1, 2, 3), (3, 1, 2), (2, 3, 1)])
def test_an_empty_segment_of_a_few_voxels_is_no_error_in_3d(scene, shape_kji, vtk_messages):
    """A sphere smaller than a voxel: VTK wrote an error where there is nothing to be seen."""
    result = made_result(background=False)
    first, *rest = result.spheres
    box = tuple(slice(4, 4 + n) for n in shape_kji)
    tiny = VOIMask(np.full(shape_kji, 0.2), box, clipped=False)
    node = new_segmentation(scene)
    fill_segmentation(node, replace(result, spheres=(replace(first, mask=tiny), *rest)))

    assert node.CreateClosedSurfaceRepresentation()

    assert 'error' not in vtk_messages.new().lower()
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


def read_segmentation(scene, path):
    node = new_segmentation(scene)
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetFileName(str(path))
    assert storage.ReadData(node)
    return node


_PARAMETERS = 'Segmentation_ConversionParameters'


def stored_by_slicer(scene, result, path):
    """The same result, written by the storage node from a node of the scene."""
    node = new_segmentation(scene)
    fill_segmentation(node, result)
    storage = slicer.vtkMRMLSegmentationStorageNode()
    storage.SetCropToMinimumExtent(True)
    storage.SetFileName(str(path))
    assert storage.WriteData(node)
    return path


def written_by_us(result, path):
    write_segmentation(path, result_segments(result), result.image.geometry)
    return path


def faded(voi):
    """A VOI that is nowhere half of a voxel."""
    return replace(voi, mask=replace(voi.mask, weights=voi.mask.weights * 0.49))


def crowded_result(kind):
    """Spheres that touch and cover each other, so that they need several layers."""
    image = made_image(made_geometry(kind))
    inserts = [Insert(f'S{n}', 12.0 + n) for n in range(9)]
    places = [(20 + 3 * (n % 5), 20 - 2 * (n % 2), 9 + n % 3) for n in range(9)]
    vois = tuple(made_voi(image, *pair) for pair in zip(inserts, places, strict=True))
    return AnalysisResult(image, Phantom('Crowd', tuple(inserts)), Settings(), vois)


def odd_result(kind):
    """An empty sphere, and labels that a header must hold as they are."""
    inserts = (Insert('=a|b:c', 22.0), Insert('Größe\n\\n', 17.0), Insert('Background', 10.0))
    result = made_result(kind, inserts=inserts)
    first, *rest = result.spheres
    return replace(result, spheres=(first, faded(rest[0]), *rest[1:]))


RESULTS = {'plain': made_result, 'crowded': crowded_result, 'odd': odd_result}


@pytest.mark.parametrize('what', RESULTS)
@pytest.mark.parametrize('kind', ['flipped', 'oblique', 'sheared'])
def test_our_file_says_what_the_file_of_the_storage_node_says(scene, tmp_path, kind, what):
    """Every key and value of the header, the grid, and every voxel."""
    sitk = pytest.importorskip('SimpleITK')
    result = RESULTS[what](kind)

    ours = sitk.ReadImage(str(written_by_us(result, tmp_path / 'ours.seg.nrrd')))
    theirs = sitk.ReadImage(str(stored_by_slicer(scene, result, tmp_path / 'theirs.seg.nrrd')))

    assert ours.GetPixelIDTypeAsString() == theirs.GetPixelIDTypeAsString()
    assert np.array_equal(sitk.GetArrayFromImage(ours), sitk.GetArrayFromImage(theirs))
    for grid in ('GetOrigin', 'GetSpacing', 'GetDirection'):
        assert getattr(ours, grid)() == pytest.approx(getattr(theirs, grid)(), abs=1e-12)
    found, expected = (fields_of(image) for image in (ours, theirs))
    assert (ours.GetNumberOfComponentsPerPixel() > 2) == (what == 'crowded')
    assert [*found] == [*expected]
    assert parameters_of(ours).items() <= parameters_of(theirs).items()  # Slicer adds its defaults
    for key, value in expected.items():
        if not (what == 'crowded' and key.endswith('_Extent')):  # see below
            assert found[key] == pytest.approx(value, abs=1e-12), key


def fields_of(image):
    """Header fields by their names, without parameters; numbers as numbers."""
    keys = [key for key in image.GetMetaDataKeys() if key.startswith('Segment')]
    keys.remove(_PARAMETERS)
    return {
        key: [*map(number_or_text, re.split('([ ;|])', image.GetMetaData(key)))] for key in keys
    }


def parameters_of(image):
    """What Slicer is told of surfaces and the whole grid, to 12 decimals."""
    entries = [entry.split('|')[:2] for entry in image.GetMetaData(_PARAMETERS).split('&')[:-1]]
    return {
        name: tuple(
            round(x, 12) + 0.0 if isinstance(x, float) else x
            for x in map(number_or_text, value.split(';'))
        )
        for name, value in entries
    }


def number_or_text(text):
    try:
        return float(text)
    except ValueError:
        return text


def test_extents_in_our_file_are_the_boxes_of_the_layers(tmp_path):
    """Slicer's may be larger: it keeps the margin of the first segment of a file."""
    sitk = pytest.importorskip('SimpleITK')

    image = sitk.ReadImage(str(written_by_us(crowded_result('flipped'), tmp_path / 'a.seg.nrrd')))

    layers = np.moveaxis(sitk.GetArrayFromImage(image), -1, 0)
    for n in range(9):
        layer = layers[int(image.GetMetaData(f'Segment{n}_Layer'))]
        extent = [int(x) for x in image.GetMetaData(f'Segment{n}_Extent').split()]
        places = np.argwhere(layer)[:, ::-1]
        assert extent == np.transpose([places.min(axis=0), places.max(axis=0)]).ravel().tolist()
        assert (layer == int(image.GetMetaData(f'Segment{n}_LabelValue'))).any()


@pytest.mark.parametrize('what', RESULTS)
@pytest.mark.parametrize('kind', ['flipped', 'oblique', 'sheared'])
def test_written_file_is_read_by_slicer_with_names_tags_and_voxels(scene, tmp_path, kind, what):
    result = RESULTS[what](kind)

    node = read_segmentation(scene, written_by_us(result, tmp_path / 'a.seg.nrrd'))

    segmentation = node.GetSegmentation()
    segments = result_segments(result)
    assert segmentation.GetSegmentIDs() == tuple(segment.segment_id for segment in segments)
    for segment in segments:
        read = segmentation.GetSegment(segment.segment_id)
        assert read.GetName() == segment.name
        assert read.GetColor() == pytest.approx(segment.color, abs=1e-6)
        assert not read.GetNameAutoGenerated()
        assert not read.GetColorAutoGenerated()
        expected = tuple(segment.tags.get(f'VOI.{t}') for t in ('Kind', 'DiameterMm', 'Flags'))
        assert tags(node, segment.segment_id) == expected
    for segment, voi in zip(segments, result.spheres, strict=False):
        found = voxels_of_segment(node, segment.segment_id, result.image.geometry)
        expected = np.zeros(result.image.geometry.shape_kji, bool)
        expected[voi.mask.slices_kji] = voi.mask.weights >= 0.5
        assert np.array_equal(found, expected)
    assert segmentation.GetConversionParameter('Smoothing factor') == '0.2'


def test_file_without_a_voxel_is_an_empty_segmentation_in_slicer(scene, tmp_path):
    result = made_result(background=False)
    empty = replace(result, spheres=(faded(result.spheres[0]),))

    node = read_segmentation(scene, written_by_us(empty, tmp_path / 'a.seg.nrrd'))

    assert node.GetSegmentation().GetSegmentIDs() == ('S22',)
    assert not voxels_of_segment(node, 'S22', result.image.geometry).any()


def test_made_image_is_not_a_cube():
    """Or a swap of axes would not show."""
    assert len(set(made_image(made_result().image.geometry).geometry.shape_kji)) == 3
