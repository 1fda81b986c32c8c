"""
SUV of volumes that the application's reader loaded.

The header gives every slice a factor of its own (Philips, (7053,1000)), known here by the height
of the slice, so that a factor on the wrong slice cannot go unseen.
"""

from dataclasses import replace

import numpy as np
import pytest
from made_nodes import PARENTS, bent_transform, linear_transform, made_volume, put_under
from paths import SHARED
from VOIIdentificationLib.analysis import Known
from VOIIdentificationLib.core.errors import CanceledError, NodeError, SeriesError, SUVError
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.dicom.source import NO_FILES, VolumeSource, suv_of_volume
from VOIIdentificationLib.dicom.suv import suv_image
from VOIIdentificationLib.dicom.write import write_pet_series
from VOIIdentificationLib.suv.scale import SUVScale
from VOIIdentificationLib.suv.scan_facts import scan_facts
from VOIIdentificationLib.synthetic.phantom import grid

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from dicom_in_scene import load  # noqa: E402 - needs slicer
from VOIIdentificationLib.mrml.session import SourceTracer, suv_refusal, with_header_suv  # noqa: E402
from VOIIdentificationLib.mrml.suv_volume import make_suv_volume  # noqa: E402
from VOIIdentificationLib.mrml.volume import image_from_volume_node, unit_of_volume_node  # noqa: E402

OBLIQUE = grid((22, 20, 9), (2.0, 2.5, 3.0), oblique_deg=(10.0, -7.0, 23.0))
FACTORS = 1e-3 * np.array([1.0, 1.3, 2.1, 0.7, 5.0, 1.1, 3.0, 1.7, 2.9])


def with_factors(folder):
    """Give each slice, by its height, a factor to SUV, as Philips does."""
    import pydicom

    headers = {path: pydicom.dcmread(path) for path in folder.iterdir()}
    for path, header in headers.items():
        row, column = np.reshape(np.array(header.ImageOrientationPatient, float), (2, 3))
        k = np.linalg.inv(np.diag([-1.0, -1.0, 1.0, 1.0]) @ OBLIQUE.ijk_to_ras)[2] @ [
            *map(float, header.ImagePositionPatient),
            1.0,
        ]
        assert np.cross(row, column) @ OBLIQUE.slice_normal_ras != 0
        header.Units = 'CNTS'
        block = header.private_block(0x7053, 'Philips PET Private Group', create=True)
        block.add_new(0x00, 'DS', f'{FACTORS[round(k)]:.6f}')
        header.save_as(path)


@pytest.fixture(scope='module')
def truth():
    voxels = np.random.default_rng(8).gamma(2.0, 900.0, OBLIQUE.shape_kji)
    return PETImage(voxels.astype(np.float32), OBLIQUE, 'Bq/mL')


@pytest.fixture(scope='module')
def folders(truth, tmp_path_factory):
    made = {}
    for name in ('Bq/mL', 'counts'):
        made[name] = tmp_path_factory.mktemp('suv')
        write_pet_series(truth, made[name], seed=2)
    with_factors(made['counts'])
    return made


@pytest.fixture
def loaded(scene, folders):
    return load(folders['counts'])


def expected_suv(truth, positions_ras_mm):
    """SUV at positions in the frame of the files, by nearest voxel: an oracle of its own."""
    index = (
        np.linalg.inv(OBLIQUE.ijk_to_ras)[:3]
        @ np.c_[positions_ras_mm, np.ones(len(positions_ras_mm))].T
    )
    i, j, k = np.rint(index).astype(int)
    return truth.voxels[k, j, i] * FACTORS[k]


def own_matrix(node):
    import vtk

    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def corner_positions(node):
    """A few voxels, among them corners: index, and position in the node's own frame."""
    matrix = own_matrix(node)
    size = np.array(node.GetImageData().GetDimensions())
    picks = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [0.5, 0.25, 0.6]])
    index = np.floor(picks * (size - 1)).astype(int)
    return index, (matrix[:3] @ np.c_[index, np.ones(len(index))].T).T


def values_at(node, index_ijk):
    i, j, k = np.transpose(index_ijk)
    return slicer.util.arrayFromVolume(node)[k, j, i]


def turned(node, array_axes, flips):
    """The same volume with its axes exchanged and reversed; the DICOM instances stay."""
    old = own_matrix(node)
    array = slicer.util.arrayFromVolume(node).transpose([2, 1, 0])  # ijk
    new, shape = np.eye(4), np.array(array.shape)[list(array_axes)]
    new[:3, :3], new[:3, 3] = old[:3, list(array_axes)], old[:3, 3]
    array = array.transpose(array_axes)
    for axis in flips:
        array = np.flip(array, axis)
        new[:3, 3] += new[:3, axis] * (shape[axis] - 1)
        new[:3, axis] *= -1
    made = made_volume(array.transpose([2, 1, 0]).copy(), new, 'Turned')
    made.SetAttribute('DICOM.instanceUIDs', node.GetAttribute('DICOM.instanceUIDs'))
    return made


LAYOUTS = {'as loaded': None, 'slices reversed': ((0, 1, 2), (0, 2)), 'axes': ((2, 0, 1), (1,))}


@pytest.mark.parametrize('layout', LAYOUTS)
@pytest.mark.parametrize('parent', [None, 'rigid', 'scaling'])
def test_every_slice_gets_its_own_factor_in_the_place_of_the_volume(loaded, truth, layout, parent):
    node, database = loaded
    if LAYOUTS[layout]:
        node = turned(node, *LAYOUTS[layout])
    if parent:
        put_under(node, linear_transform(PARENTS[parent]))
    before = slicer.util.arrayFromVolume(node).copy()
    source = SourceTracer().source(node, database)

    suv = make_suv_volume(node, source, database)

    index, local = corner_positions(suv)
    assert values_at(suv, index) == pytest.approx(expected_suv(truth, local), rel=1e-3)
    assert corner_positions(node)[1] == pytest.approx(local)
    assert suv.GetImageData().GetDimensions() == node.GetImageData().GetDimensions()
    assert suv.GetParentTransformNode() is node.GetParentTransformNode()
    assert np.array_equal(slicer.util.arrayFromVolume(node), before)
    assert unit_of_volume_node(suv) == 'g/mL'
    assert '(7053,1000)' in suv.GetDescription()


@pytest.mark.parametrize('reverse', [False, True])
def test_the_factors_of_a_measurement_are_in_the_order_of_its_slices(loaded, reverse):
    node, database = loaded
    if reverse:
        node = turned(node, (0, 1, 2), (2,))
    put_under(node, linear_transform(PARENTS['rigid']))
    source = SourceTracer().source(node, database)
    image = image_from_volume_node(node, unit=source.unit)

    known = with_header_suv(Known(), node, image, source)

    first = corner_positions(node)[1][0]
    index = np.linalg.inv(OBLIQUE.ijk_to_ras) @ [*first, 1.0]
    assert known.suv.factors[0] == pytest.approx(FACTORS[round(index[2])])
    assert sorted(known.suv.factors) == pytest.approx(sorted(FACTORS))
    assert not known.notes


def test_slices_along_another_axis_have_no_factor(loaded):
    node, database = loaded
    node = turned(node, (2, 0, 1), ())
    source = SourceTracer().source(node, database)
    image = image_from_volume_node(node)

    known = with_header_suv(Known(), node, image, source)

    assert known.suv is None
    assert known.notes[0].startswith('No SUV: the slices of the volume are not those')


def test_a_volume_in_another_unit_has_no_factor(loaded):
    """As the PETDICOM extension loads: SUV already, with the DICOM instances of the counts."""
    node, database = loaded
    source = SourceTracer().source(node, database)
    image = replace(image_from_volume_node(node), unit='g/mL')

    known = with_header_suv(Known(), node, image, source)

    assert known.suv is None
    assert known.notes == ('No SUV: the volume is in g/mL, its DICOM files are in counts',)


def test_an_suv_that_is_known_is_kept(loaded):
    node, database = loaded
    source = SourceTracer().source(node, database)
    mine = Known(suv=SUVScale('bw', 'g/mL', np.ones(9)), notes=('mine',))

    known = with_header_suv(mine, node, image_from_volume_node(node), source)

    assert (known.suv, known.notes) == (mine.suv, mine.notes)
    assert known.scan == scan_facts(source.suv_header)  # what the worksheet is held against


def test_a_volume_without_files_says_nothing(scene):
    node = made_volume(np.ones((4, 5, 6), np.float32), np.eye(4))

    nothing = Known()

    assert with_header_suv(nothing, node, image_from_volume_node(node), NO_FILES) is nothing
    assert 'DICOM files' in suv_refusal(NO_FILES, 'bw')


def test_a_header_without_weight_is_named(scene, truth, tmp_path):
    import pydicom

    write_pet_series(truth, tmp_path / 'dicom', seed=3)
    for path in (tmp_path / 'dicom').iterdir():
        header = pydicom.dcmread(path)
        del header.PatientWeight
        header.save_as(path)
    node, database = load(tmp_path / 'dicom')
    source = SourceTracer().source(node, database)
    nodes = slicer.mrmlScene.GetNumberOfNodes()

    known = with_header_suv(Known(), node, image_from_volume_node(node), source)
    with pytest.raises(SUVError, match='Weight'):
        make_suv_volume(node, source, database)

    assert "Patient's Weight (0010,1030) is missing" in known.notes[0]
    assert "Patient's Weight (0010,1030) is missing" in suv_refusal(source, 'bw')
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes


@pytest.mark.parametrize(
    ('suv_type', 'words'), [('lbm', 'Size'), ('bsa', 'Size'), ('ibw', 'Size'), ('bw', '')]
)
def test_what_a_kind_of_suv_lacks_is_said(scene, folders, suv_type, words):
    """The written header has a weight and no height."""
    node, database = load(folders['Bq/mL'])

    refusal = suv_refusal(SourceTracer().source(node, database), suv_type)

    assert (words in refusal) if words else not refusal


def test_suv_by_body_weight_is_concentration_times_weight_over_dose(scene, folders, truth):
    """10 kg, 70 MBq of F-18 an hour before the scan: the defaults of the writer."""
    node, database = load(folders['Bq/mL'])
    suv = make_suv_volume(node, SourceTracer().source(node, database), database)

    factor = 1e4 / (7e7 * 2 ** (-3600 / 6583.68))
    highest = suv.GetImageData().GetScalarRange()[1]
    assert highest == pytest.approx(truth.voxels.max() * factor, rel=1e-4)
    assert suv.GetVoxelValueUnits().GetCodeValue() == '{SUVbw}g/ml'
    assert suv.GetVoxelValueQuantity().GetCodeMeaning() == 'Standardized Uptake Value'


def test_values_are_those_of_the_files_even_if_the_reader_lost_them(loaded, truth, folders):
    node, database = load(folders['counts'], dcmtk=True)  # whole numbers

    suv = make_suv_volume(node, SourceTracer().source(node, database), database)

    index, local = corner_positions(suv)
    assert values_at(suv, index) == pytest.approx(expected_suv(truth, local), rel=1e-3)


def test_a_cropped_volume_gets_its_suv_where_the_files_are(loaded, truth):
    node, database = loaded
    source = SourceTracer().source(node, database)
    array = slicer.util.arrayFromVolume(node)[:, 2:, :].copy()
    slicer.util.updateVolumeFromArray(node, array)

    suv = make_suv_volume(node, source, database)

    index, local = corner_positions(suv)
    assert values_at(suv, index) == pytest.approx(expected_suv(truth, local), rel=1e-3)
    assert 'resampled, cropped or moved' in suv.GetDescription()


def test_a_bent_volume_is_refused(loaded):
    node, database = loaded
    source = SourceTracer().source(node, database)
    put_under(node, bent_transform())

    with pytest.raises(NodeError, match='not linear'):
        make_suv_volume(node, source, database)


def test_files_that_are_gone_are_said(loaded):
    node, database = loaded
    source = SourceTracer().source(node, database)
    database.forget(node.GetAttribute('DICOM.instanceUIDs').split()[0])

    with pytest.raises(SeriesError, match='not known'):
        make_suv_volume(node, source, database)


def test_canceling_makes_nothing(loaded):
    node, database = loaded
    source = SourceTracer().source(node, database)
    nodes = slicer.mrmlScene.GetNumberOfNodes()

    def cancel(_fraction, _text):
        msg = 'stop'
        raise CanceledError(msg)

    with pytest.raises(CanceledError):
        make_suv_volume(node, source, database, progress=cancel)

    assert slicer.mrmlScene.GetNumberOfNodes() == nodes


def test_a_failure_on_the_way_takes_the_node_back(loaded, monkeypatch):
    node, database = loaded
    source = SourceTracer().source(node, database)
    nodes = slicer.mrmlScene.GetNumberOfNodes()

    def fail(_node, _image):
        msg = 'no colors'
        raise NodeError(msg)

    monkeypatch.setattr('VOIIdentificationLib.mrml.suv_volume.show_as_pet', fail)
    with pytest.raises(NodeError, match='no colors'):
        make_suv_volume(node, source, database)

    assert slicer.mrmlScene.GetNumberOfNodes() == nodes


def test_two_kinds_of_suv_are_told_apart(scene, truth, tmp_path):
    import pydicom

    write_pet_series(truth, tmp_path / 'dicom', seed=4)
    for path in (tmp_path / 'dicom').iterdir():
        header = pydicom.dcmread(path)
        header.PatientSize, header.PatientSex, header.PatientWeight = '1.70', 'F', '70'
        header.save_as(path)
    node, database = load(tmp_path / 'dicom')
    source = SourceTracer().source(node, database)

    made = [make_suv_volume(node, source, database, kind) for kind in ('bw', 'lbm', 'bsa', 'bw')]

    units = ['g/mL', '{SUVlbm}g/ml', 'cm2/mL', 'g/mL']
    assert [unit_of_volume_node(one) for one in made] == units
    assert made[3] is made[0], 'made again, it is filled again'
    assert len({one.GetName() for one in made}) == 3
    with pytest.raises(SUVError):
        suv_of_volume(truth.geometry, 'Bq/mL', VolumeSource(unit='Bq/mL'))


@pytest.mark.parametrize('name', ['DRO_2_4', 'DRO_5_0'])
def test_reference_objects_become_the_suv_volume_that_the_command_line_writes(scene, name):
    folder = SHARED / 'data' / 'suv_dro' / name / 'PT'
    if not folder.is_dir():
        pytest.skip('the reference objects ../shared/data/suv_dro are not here')
    image, scale = suv_image(folder)
    node, database = load(folder)

    suv = make_suv_volume(node, SourceTracer().source(node, database), database)

    shown = slicer.util.arrayFromVolume(suv)
    assert np.allclose(np.sort(shown.ravel()), np.sort(image.voxels.ravel()), rtol=1e-5, atol=0)
    assert suv.GetDescription().startswith('\n'.join(scale.decisions))
    assert shown.max() == pytest.approx(4.0, rel=5e-3)
