"""Background ROIs on the slices that they are repeated on: circles, where slices cut walls."""

import numpy as np
import pytest
from made_nodes import IJK_TO_RAS, PARENTS, linear_transform, put_under
from made_quality import quality_result
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.phantom import Seed
from VOIIdentificationLib.evaluate.roi_placement import BackgroundPlacement

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

import vtk  # noqa: E402 - comes with slicer-core
from VOIIdentificationLib.mrml.folder import output_folder  # noqa: E402
from VOIIdentificationLib.mrml.outputs import find_outputs, publish  # noqa: E402
from VOIIdentificationLib.mrml.points import fill_points  # noqa: E402
from VOIIdentificationLib.mrml.roi_repeats import draw_repeats, fill_repeats  # noqa: E402
from VOIIdentificationLib.mrml.volume import volume_node_from_image  # noqa: E402
from vtk.util.numpy_support import vtk_to_numpy  # noqa: E402

RADIUS_MM = 18.5


@pytest.fixture
def volume(scene):
    return volume_node_from_image(quality_result().image, 'PET', scene=scene)


@pytest.fixture
def outputs(volume):
    return publish(quality_result(), volume)


def slice_plane(geometry, k):
    """A point of the slice and the direction across it, from the corners of its voxels."""
    origin, along_i, along_j = geometry.position_ras_mm([(0, 0, k), (1, 0, k), (0, 1, k)])
    normal = np.cross(along_i - origin, along_j - origin)
    return origin, normal / np.linalg.norm(normal)


def circles(model_node, geometry, k):
    """What a view of the slice shows: middle of each outline, and how far its points are off."""
    cutter, regions = vtk.vtkCutter(), vtk.vtkPolyDataConnectivityFilter()
    plane = vtk.vtkPlane()
    origin, normal = slice_plane(geometry, k)
    plane.SetOrigin(origin)
    plane.SetNormal(normal)
    cutter.SetCutFunction(plane)
    cutter.SetInputData(model_node.GetPolyData())
    cutter.Update()
    if not cutter.GetOutput().GetNumberOfPoints():
        return []
    regions.SetInputConnection(cutter.GetOutputPort())
    regions.SetExtractionModeToAllRegions()
    regions.ColorRegionsOn()
    regions.Update()
    points = vtk_to_numpy(regions.GetOutput().GetPoints().GetData()).astype(float)
    number = vtk_to_numpy(regions.GetOutput().GetPointData().GetArray('RegionId'))
    found = []
    for region in range(number.max() + 1):
        outline = points[number == region]
        middle = outline.mean(axis=0)
        found.append((middle, np.linalg.norm(outline - middle, axis=1)))
    return found


def foot(geometry, k, point):
    origin, normal = slice_plane(geometry, k)
    return point - (point - origin) @ normal * normal


def assert_circles_at(model_node, geometry, k, centers):
    found = circles(model_node, geometry, k)
    assert len(found) == len(centers)
    for center in centers:
        middle, distances = min(found, key=lambda one: np.linalg.norm(one[0] - center))
        assert middle == pytest.approx(center, abs=0.01)
        assert distances == pytest.approx(RADIUS_MM, abs=0.03)


@pytest.mark.parametrize('direction', IJK_TO_RAS)
@pytest.mark.parametrize('parent', [None, 'rigid', 'scaling'])
def test_circles_stand_on_each_slice_but_the_central_one(scene, direction, parent):
    """Whatever the direction of the volume, and whatever the list of ROIs lies under."""
    grid = VolumeGeometry((24, 110, 120), IJK_TO_RAS[direction])
    placement = BackgroundPlacement((), 2 * RADIUS_MM, 11, (4, 8, 11, 14, 18), None, 1.0)
    central = [grid.position_ras_mm((i, j, 11)) for i, j in ((30, 40), (70, 35), (52, 80))]
    rois = scene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'ROIs')
    if parent:
        put_under(rois, linear_transform(PARENTS[parent]))
    fill_points(rois, [Seed(f'BG{n:02d}', tuple(place)) for n, place in enumerate(central)])
    model = scene.AddNewNodeByClass('vtkMRMLModelNode', 'Repeats')

    fill_repeats(model, rois, placement, grid)

    for k in range(24):
        shown = k in {4, 8, 14, 18}
        assert_circles_at(model, grid, k, [foot(grid, k, one) for one in central if shown])
    assert not circles(model, grid, 4.5), 'between two slices there is none'


def test_one_that_is_moved_is_followed_on_all_slices(outputs):
    """Off the central slice too: it is measured at its foot."""
    result = quality_result()
    placement, grid = result.nema.placement, result.image.geometry
    places = [np.array(roi.center_ras_mm) for roi in placement.rois]
    places[2] = places[2] + (11.0, -7.0, 3.0)
    outputs.background_rois.SetNthControlPointPositionWorld(2, *places[2])

    draw_repeats(outputs.roi_repeats, outputs.background_rois)

    for k in range(grid.shape_kji[0]):
        shown = k in placement.slices_k and k != placement.central_slice_k
        assert_circles_at(outputs.roi_repeats, grid, k, [foot(grid, k, p) for p in places if shown])


def test_one_that_is_deleted_is_gone_and_without_the_list_all_are(outputs):
    grid = quality_result().image.geometry
    k = quality_result().nema.placement.slices_k[0]
    outputs.background_rois.RemoveNthControlPoint(4)

    draw_repeats(outputs.roi_repeats, outputs.background_rois)
    assert len(circles(outputs.roi_repeats, grid, k)) == 11
    draw_repeats(outputs.roi_repeats, None)
    assert not circles(outputs.roi_repeats, grid, k)


def test_it_is_one_node_that_is_seen_in_slices_and_is_not_to_be_caught(scene, outputs):
    (model,) = slicer.util.getNodesByClass('vtkMRMLModelNode')
    display = model.GetDisplayNode()

    assert model is outputs.roi_repeats
    assert not model.GetSelectable()
    assert display.GetVisibility2D()
    assert not display.GetVisibility3D()
    assert display.GetSliceIntersectionThickness() == 1
    assert display.GetNumberOfViewNodeIDs() == 1
    hierarchy = scene.GetSubjectHierarchyNode()
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(model)) == output_folder(scene)


def test_it_comes_back_with_a_scene_and_follows_there(scene, outputs, tmp_path):
    scene.SetRootDirectory(str(tmp_path))
    file = str(tmp_path / 'scene.mrb')
    assert scene.WriteToMRB(file)
    scene.Clear(0)
    assert scene.ReadFromMRB(file)

    again = find_outputs(slicer.util.getNode('PET'))
    again.background_rois.RemoveNthControlPoint(0)
    draw_repeats(again.roi_repeats, again.background_rois)
    k = quality_result().nema.placement.slices_k[0]
    assert len(circles(again.roi_repeats, quality_result().image.geometry, k)) == 11
