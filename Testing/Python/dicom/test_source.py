"""
Volumes that the application's own readers loaded, compared with their DICOM files.

The readers are the real ones of slicer-core: GDCM, which the application uses, and DCMTK, which
it can be set to. The files are judged by what was put into them.
"""

import numpy as np
import pytest
from dicom_files import LEGACY_ENHANCED_PET, Made, enhanced, save
from made_nodes import bent_transform, linear_transform, made_volume, put_under
from paths import SHARED
from VOIIdentificationLib.core.errors import CanceledError, SeriesError, SUVError
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.dicom.source import NO_FILES, header_scale, stored_image, trace_volume
from VOIIdentificationLib.dicom.verify import Agreement
from VOIIdentificationLib.dicom.write import Scan, write_pet_series
from VOIIdentificationLib.synthetic.phantom import grid

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from dicom_in_scene import INSTANCES, load  # noqa: E402 - needs slicer
from VOIIdentificationLib.core.phantom import load_phantom  # noqa: E402
from VOIIdentificationLib.mrml.point_lists import SEEDS, points_of_volume  # noqa: E402
from VOIIdentificationLib.mrml.points import seed_list  # noqa: E402
from VOIIdentificationLib.mrml.session import SourceTracer, reload_volume  # noqa: E402
from VOIIdentificationLib.mrml.volume import dicom_files, image_from_volume_node, local_image  # noqa: E402

REAL_SCAN = SHARED / 'data' / 'pet_recon_1'
OBLIQUE = grid((22, 20, 9), (2.0, 2.5, 3.0), oblique_deg=(10.0, -7.0, 23.0))


@pytest.fixture(scope='module')
def truth():
    voxels = np.random.default_rng(8).gamma(2.0, 900.0, OBLIQUE.shape_kji)
    return PETImage(voxels.astype(np.float32), OBLIQUE, 'Bq/mL')


@pytest.fixture(scope='module')
def folder(truth, tmp_path_factory):
    folders = {}
    for photometric in ('MONOCHROME1', 'MONOCHROME2'):
        folders[photometric] = tmp_path_factory.mktemp(photometric)
        write_pet_series(truth, folders[photometric], seed=2, scan=Scan(photometric=photometric))
    return folders


def source_of(node, database):
    return SourceTracer().source(node, database)


def test_a_good_reading_is_trusted_and_brings_its_header(scene, folder):
    node, database = load(folder['MONOCHROME2'])

    source = source_of(node, database)

    assert source.verification.agreement is Agreement.SAME
    assert source.same
    assert source.unit == 'Bq/mL'
    assert source.acquisition.series_description == Scan().series_description


def test_an_inverted_reading_is_found(scene, folder, truth):
    node, database = load(folder['MONOCHROME1'])
    shown = slicer.util.arrayFromVolume(node)
    assert np.corrcoef(shown.ravel(), truth.voxels.ravel())[0, 1] < -0.5, 'the reader inverts'

    source = source_of(node, database)

    assert source.verification.agreement is Agreement.INVERTED
    assert not source.trusted
    assert not source.same


def test_a_reading_cut_to_whole_numbers_is_found(scene, folder):
    node, database = load(folder['MONOCHROME2'], dcmtk=True)

    source = source_of(node, database)

    assert source.verification.agreement is Agreement.ROUNDED
    assert not source.trusted


def test_scrambled_slices_are_found(scene, folder):
    node, database = load(folder['MONOCHROME2'], order=[3, 0, 5, 1, 8, 2, 4, 7, 6])

    assert not source_of(node, database).trusted


def test_reloading_mends_the_values(scene, folder, truth):
    node, database = load(folder['MONOCHROME1'], 'Scan')

    mended = reload_volume(node, database)

    assert source_of(mended, database).verification.agreement is Agreement.SAME
    image = image_from_volume_node(mended)
    corner = image.geometry.index_ijk(truth.geometry.position_ras_mm((3, 4, 5)))
    i, j, k = np.rint(corner).astype(int)
    assert image.voxels[k, j, i] == pytest.approx(truth.voxels[5, 4, 3], rel=1e-4)
    assert image.unit == 'Bq/mL'


def test_the_mended_volume_takes_name_place_and_points(scene, folder):
    node, database = load(folder['MONOCHROME1'], 'Scan')
    couch = linear_transform(np.diag([1.0, 1.0, 1.0, 1.0]), 'Couch')
    put_under(node, couch)
    hierarchy = scene.GetSubjectHierarchyNode()
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), 'Study')
    hierarchy.CreateItem(study, node)
    seeds = seed_list(node, load_phantom('NEMA IEC body'))

    mended = reload_volume(node, database)

    assert mended.GetName() == 'Scan'
    assert node.GetName() != 'Scan'
    assert node.GetScene() is scene, 'the old reading stays'
    assert mended.GetParentTransformNode() is couch
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(mended)) == study
    assert points_of_volume(mended, SEEDS) is seeds
    assert points_of_volume(node, SEEDS) is None
    assert mended.GetAttribute(INSTANCES) == node.GetAttribute(INSTANCES)


def test_a_volume_under_a_bent_transform_is_not_compared_but_can_be_reloaded(scene, folder):
    node, database = load(folder['MONOCHROME2'])
    put_under(node, bent_transform())

    source = source_of(node, database)
    mended = reload_volume(node, database)

    assert source.verification is None
    assert 'not linear' in source.problem
    assert not source.same
    assert mended.GetParentTransformNode() is None
    assert source_of(mended, database).same


def test_a_linear_transform_changes_nothing(scene, folder):
    node, database = load(folder['MONOCHROME2'])
    turn = np.array([[0.36, 0.48, -0.8, 5], [-0.8, 0.6, 0, 7], [0.48, 0.64, 0.6, 9], [0, 0, 0, 1]])
    put_under(node, linear_transform(turn))

    assert source_of(node, database).verification.agreement is Agreement.SAME


def test_a_volume_that_is_not_from_dicom_has_no_files(scene):
    node = made_volume(np.ones((3, 4, 5), dtype=np.float32), np.eye(4))

    assert source_of(node, None) == NO_FILES
    assert NO_FILES.same
    assert NO_FILES.text == ''


def test_files_that_are_gone_are_named(scene, folder, tmp_path):
    node, database = load(folder['MONOCHROME2'])
    uid = node.GetAttribute(INSTANCES).split()[0]
    database._paths[uid] = str(tmp_path / 'gone.dcm')

    with pytest.raises(SeriesError, match=r'1 of the 9 DICOM files of PET are gone.*gone\.dcm'):
        dicom_files(node, database)
    assert 'gone' in source_of(node, database).problem


def test_instances_that_the_database_does_not_know_are_no_files(scene, folder):
    node, database = load(folder['MONOCHROME2'])
    database.forget(node.GetAttribute(INSTANCES).split()[2])

    assert dicom_files(node, database) == ()


def test_a_closed_database_has_no_files(scene, folder):
    node, database = load(folder['MONOCHROME2'])
    database.isOpen = False

    assert dicom_files(node, database) == ()


def test_a_volume_is_compared_once_and_again_when_its_voxels_change(scene, folder):
    node, database = load(folder['MONOCHROME2'])
    asked = []
    original = database.fileForInstance
    database.fileForInstance = lambda uid: asked.append(uid) or original(uid)
    tracer = SourceTracer()

    first = tracer.source(node, database)
    once = len(asked)
    again = tracer.source(node, database)
    slicer.util.arrayFromVolume(node)[0, 0, 0] += 500
    slicer.util.arrayFromVolumeModified(node)
    edited = tracer.source(node, database)

    assert again is first
    assert len(asked) == 2 * once
    assert edited.verification.agreement is Agreement.DIFFERENT


def test_canceling_leaves_the_volume_uncompared(scene, folder):
    node, database = load(folder['MONOCHROME2'])

    stopped = 'stopped'

    def cancel(_fraction, _text):
        raise CanceledError(stopped)

    source = trace_volume(local_image(node), dicom_files(node, database), cancel)

    assert source.verification is None
    assert 'stopped' in source.text
    assert source.trusted, 'not known to be wrong'


def test_why_the_files_have_no_suv_is_kept(tmp_path, truth):
    made = Made(stored=truth.voxels.astype(np.uint16))
    save(enhanced(made, sop_class=LEGACY_ENHANCED_PET), tmp_path / 'all')

    source = trace_volume(truth, [tmp_path / 'all'])

    assert source.suv_header is None
    assert 'all is a legacy converted image' in source.suv_problem
    with pytest.raises(SUVError, match='legacy converted'):
        header_scale(source)


def test_no_files_cannot_be_read_again():
    with pytest.raises(SeriesError, match='not known'):
        stored_image(())


@pytest.mark.skipif(not REAL_SCAN.is_dir(), reason='the reference data are not here')
def test_the_real_scan_comes_out_inverted_and_is_mended(scene):
    """Header says 0 to 38127.4; the application's reader gives 38128 minus that."""
    node, database = load(REAL_SCAN, 'recon 1')
    assert node.GetImageData().GetScalarRange()[1] == pytest.approx(38128.0, abs=0.1)

    source = source_of(node, database)
    mended = reload_volume(node, database)

    assert source.verification.agreement is Agreement.INVERTED
    assert mended.GetImageData().GetScalarRange() == pytest.approx((0.0, 38127.4), abs=0.1)
    assert slicer.util.arrayFromVolume(mended).mean() == pytest.approx(423, abs=1)
    assert source_of(mended, database).same
