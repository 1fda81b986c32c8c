"""A scan measured through Slicer's nodes gives the centers that it gives without Slicer."""

import numpy as np
import pytest
from made_nodes import IJK_TO_RAS, PARENTS, linear_transform, put_under
from VOIIdentificationLib.analysis import analyze
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Insert, Phantom, Seed
from VOIIdentificationLib.dicom.read import read_pet_series
from VOIIdentificationLib.dicom.write import write_pet_series

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from VOIIdentificationLib.mrml.outputs import find_outputs, publish  # noqa: E402
from VOIIdentificationLib.mrml.points import seeds_from_points  # noqa: E402
from VOIIdentificationLib.mrml.volume import image_from_volume_node  # noqa: E402 - see above

GEOMETRY = VolumeGeometry((26, 40, 44), IJK_TO_RAS['oblique'])
CENTERS = GEOMETRY.position_ras_mm([(13.3, 12.6, 9.2), (30.1, 27.8, 15.4)])
PHANTOM = Phantom('Two', (Insert('S22', 22.0), Insert('S13', 13.0)))
PARENT = PARENTS['rigid']


@pytest.fixture(scope='module')
def study(tmp_path_factory):
    """Two smooth hot spots, written as a scanner does: shuffled names, a slope each slice."""
    index_kji = np.stack(np.indices(GEOMETRY.shape_kji), axis=-1)
    position = GEOMETRY.position_ras_mm(index_kji[..., ::-1])
    values = 100.0 + sum(
        1000.0 * np.exp(-((position - center) ** 2).sum(axis=-1) / (2 * 6.0**2))
        for center in CENTERS
    )
    folder = tmp_path_factory.mktemp('study')
    image = PETImage(values.astype(np.float32), GEOMETRY, 'Bq/mL')
    return folder, write_pet_series(image, folder, seed=5)


@pytest.fixture
def loaded(scene, study):
    """As the DICOM module loads it: files sorted along the normal, then the archetype reader."""
    import vtk

    _, paths = study
    names = vtk.vtkStringArray()
    for path in paths:
        names.InsertNextValue(str(path))
    logic = slicer.modules.volumes.logic()
    node = logic.AddArchetypeScalarVolume(str(paths[0]), 'PET', 0, names)
    assert node is not None
    assert node.GetScene() is scene
    return put_under(node, linear_transform(PARENT, 'Couch'))


def seeds_in_world(scene):
    points = scene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'Seeds')
    for label, center in zip(['S22', 'S13'], CENTERS, strict=True):
        world = (PARENT @ [*np.add(center, (2.0, -1.5, 1.0)), 1.0])[:3]
        points.AddControlPoint(world, label)
    return points


def centers_without_slicer(folder):
    """Read by pydicom, measured in the patient's frame, then moved by the transform."""
    seeds = [
        Seed(label, tuple(np.add(center, (2.0, -1.5, 1.0))))
        for label, center in zip(['S22', 'S13'], CENTERS, strict=True)
    ]
    result = analyze(read_pet_series(folder), seeds, PHANTOM)
    return [(PARENT @ [*voi.center_ras_mm, 1.0])[:3] for voi in result.spheres]


def test_centers_are_those_of_the_files(scene, loaded, study):
    folder, _ = study
    points = seeds_in_world(scene)

    result = analyze(image_from_volume_node(loaded), seeds_from_points(points), PHANTOM)

    for voi, expected in zip(result.spheres, centers_without_slicer(folder), strict=True):
        assert voi.center_ras_mm == pytest.approx(expected, abs=1e-3)
        assert voi.shift_mm > 1.0


def test_centers_are_the_same_after_saving_and_reading(scene, loaded, tmp_path):
    points = seeds_in_world(scene)
    before = analyze(image_from_volume_node(loaded), seeds_from_points(points), PHANTOM)
    publish(before, loaded)
    (tmp_path / 'scene').mkdir()
    scene.SetRootDirectory(str(tmp_path / 'scene'))
    scene.SetURL(str(tmp_path / 'scene' / 'study.mrml'))

    assert scene.WriteToMRB(str(tmp_path / 'study.mrb'))
    scene.Clear(0)
    assert scene.ReadFromMRB(str(tmp_path / 'study.mrb'))

    node, points = slicer.util.getNode('PET'), slicer.util.getNode('Seeds')
    after = analyze(image_from_volume_node(node), seeds_from_points(points), PHANTOM)
    shown = seeds_from_points(find_outputs(node).centers)
    for old, new, point in zip(before.spheres, after.spheres, shown, strict=True):
        assert new.center_ras_mm == pytest.approx(old.center_ras_mm, abs=1e-3)
        assert point.position_ras_mm == pytest.approx(old.center_ras_mm, abs=1e-3)
        assert new.statistics.mean == pytest.approx(old.statistics.mean, rel=1e-6)
