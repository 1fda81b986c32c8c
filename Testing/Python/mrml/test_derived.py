"""DICOM objects of what was measured in the scene: derived from its files, or refused."""

import numpy as np
import pytest
from dicom_in_scene import Database, load
from made_nodes import IJK_TO_RAS, PARENTS, linear_transform, put_under
from VOIIdentificationLib.core.errors import OutputError
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.core.phantom import Insert, Phantom, Seed
from VOIIdentificationLib.core.settings import Settings
from VOIIdentificationLib.dicom.write import write_pet_series
from VOIIdentificationLib.report.export import export_results

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')
highdicom = pytest.importorskip('highdicom')

from VOIIdentificationLib.analysis import analyze  # noqa: E402
from VOIIdentificationLib.mrml.derived import dicom_options  # noqa: E402
from VOIIdentificationLib.mrml.volume import image_from_volume_node  # noqa: E402

GEOMETRY = VolumeGeometry((26, 40, 44), IJK_TO_RAS['oblique'])
CENTERS = GEOMETRY.position_ras_mm([(13.3, 12.6, 9.2), (30.1, 27.8, 15.4)])
PHANTOM = Phantom('Two', (Insert('S22', 22.0), Insert('S13', 13.0)))


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('study')
    rng = np.random.default_rng(3)
    voxels = rng.normal(1000, 50, GEOMETRY.shape_kji).astype(np.float32)
    write_pet_series(PETImage(voxels, GEOMETRY, 'Bq/mL'), folder, seed=5)
    return folder


@pytest.fixture
def measured(scene, folder):
    node, database = load(folder)
    assert node.GetScene() is scene
    return measure(node), node, database


def measure(node):
    seeds = [Seed(i.label, tuple(c)) for i, c in zip(PHANTOM.inserts, CENTERS, strict=True)]
    image = image_from_volume_node(node, unit='Bq/mL')
    return analyze(image, seeds, PHANTOM, Settings(refinement='none'))


def test_the_segments_are_the_weights_of_what_was_measured(measured, tmp_path):
    result, node, database = measured

    export_results(result, tmp_path / 'out', dicom=dicom_options(result, node, database))

    read = highdicom.seg.segread(tmp_path / 'out' / 'segmentation.dcm')
    assert (tmp_path / 'out' / 'measurement_report.dcm').is_file()
    volume = read.get_volume(rescale_fractional=True)
    for n, voi in enumerate(result.spheres):
        weights = np.zeros(GEOMETRY.shape_kji)
        weights[voi.mask.slices_kji] = voi.mask.weights
        k, j, i = np.unravel_index(weights.argmax(), weights.shape)
        place = [*(GEOMETRY.position_ras_mm((i, j, k)) * (-1, -1, 1)), 1.0]
        index = np.rint(np.linalg.inv(volume.affine) @ place)[:3].astype(int)
        assert volume.array[(*index, n)] == pytest.approx(weights.max(), abs=1 / 255)
        assert volume.array[..., n].sum() == pytest.approx(weights.sum(), rel=2e-3)


def test_a_volume_that_is_not_from_dicom_is_refused(measured):
    result, node, _database = measured

    with pytest.raises(OutputError, match='PET did not come from DICOM files'):
        dicom_options(result, node, Database({}))


def test_what_was_measured_under_a_transform_is_refused(measured):
    _result, node, database = measured
    put_under(node, linear_transform(PARENTS['rigid'], 'Couch'))
    image = image_from_volume_node(node, unit='Bq/mL')
    center = tuple(image.geometry.position_ras_mm((20.0, 20.0, 12.0)))
    moved = analyze(image, [Seed('S22', center)], PHANTOM, Settings(refinement='none'))

    with pytest.raises(OutputError, match='in the wrong place'):
        dicom_options(moved, node, database)
