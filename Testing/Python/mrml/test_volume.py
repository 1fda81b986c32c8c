"""
Volume nodes and images.

Slicer's own transforms, point by point, are the judge of where a voxel lies.
"""

import numpy as np
import pytest
from made_nodes import (
    IJK_TO_RAS,
    PARENTS,
    bent_transform,
    composite_transform,
    linear_transform,
    made_volume,
    put_under,
    world_of_index,
)
from VOIIdentificationLib.core.errors import NodeError
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import Acquisition, PETImage

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from VOIIdentificationLib.mrml.volume import (  # noqa: E402 - needs slicer
    image_from_volume_node,
    unit_of_volume_node,
    volume_node_from_image,
)

SHAPE_KJI = (5, 6, 7)
CORNERS_IJK = [(0, 0, 0), (6, 0, 0), (0, 5, 0), (0, 0, 4), (3.25, 1.5, 2.75)]


def ramp(dtype=np.float32):
    """Every voxel differs from every other."""
    return np.arange(np.prod(SHAPE_KJI), dtype=dtype).reshape(SHAPE_KJI)


@pytest.mark.usefixtures('scene')
@pytest.mark.parametrize('directions', IJK_TO_RAS)
@pytest.mark.parametrize('parent', PARENTS)
def test_voxels_lie_where_slicer_shows_them(directions, parent):
    node = made_volume(ramp(), IJK_TO_RAS[directions])
    put_under(node, linear_transform(PARENTS[parent]))

    geometry = image_from_volume_node(node).geometry

    for index in CORNERS_IJK:
        assert geometry.position_ras_mm(index) == pytest.approx(world_of_index(node, index))
    expected = PARENTS[parent] @ IJK_TO_RAS[directions]
    assert geometry.ijk_to_ras == pytest.approx(expected, abs=1e-12)


@pytest.mark.usefixtures('scene')
@pytest.mark.parametrize('parent', PARENTS)
def test_hardening_a_transform_changes_nothing(parent):
    node = made_volume(ramp(), IJK_TO_RAS['oblique'])
    put_under(node, linear_transform(PARENTS[parent]))
    soft = image_from_volume_node(node)

    assert node.HardenTransform()
    hard = image_from_volume_node(node)

    assert node.GetParentTransformNode() is None
    assert hard.geometry.ijk_to_ras == pytest.approx(soft.geometry.ijk_to_ras, abs=1e-12)
    assert np.array_equal(hard.voxels, soft.voxels)


@pytest.mark.usefixtures('scene')
def test_transforms_above_transforms_and_composite_ones_are_included():
    top = linear_transform(PARENTS['rigid'], 'Top')
    middle = linear_transform(PARENTS['shear'], 'Middle', parent=top)
    stacked = put_under(made_volume(ramp(), IJK_TO_RAS['axial']), middle)
    composite = composite_transform([PARENTS['rigid'], PARENTS['shear']])
    in_one = put_under(made_volume(ramp(), IJK_TO_RAS['axial']), composite)

    expected = PARENTS['rigid'] @ PARENTS['shear'] @ IJK_TO_RAS['axial']

    for node in (stacked, in_one):
        found = image_from_volume_node(node).geometry.ijk_to_ras
        assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.usefixtures('scene')
def test_inverted_transforms_are_included():
    one = linear_transform(PARENTS['shear'])
    several = composite_transform([PARENTS['rigid'], PARENTS['shear']])
    for transform, matrix in [
        (one, PARENTS['shear']),
        (several, PARENTS['rigid'] @ PARENTS['shear']),
    ]:
        transform.Inverse()
        node = put_under(made_volume(ramp(), IJK_TO_RAS['axial']), transform)

        found = image_from_volume_node(node).geometry.ijk_to_ras

        expected = np.linalg.inv(matrix) @ IJK_TO_RAS['axial']
        assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.usefixtures('scene')
def test_float32_voxels_are_shared_and_locked():
    node = made_volume(ramp(), IJK_TO_RAS['axial'])

    voxels = image_from_volume_node(node).voxels

    assert np.shares_memory(voxels, slicer.util.arrayFromVolume(node))
    assert not voxels.flags.writeable
    assert voxels.shape == SHAPE_KJI
    assert voxels[4, 3, 2] == 4 * 42 + 3 * 7 + 2


@pytest.mark.usefixtures('scene')
@pytest.mark.parametrize('dtype', ['uint8', 'int16', 'uint16', 'int32', 'float64'])
def test_other_number_types_become_float32(dtype):
    node = made_volume(ramp(dtype), IJK_TO_RAS['axial'])

    voxels = image_from_volume_node(node).voxels

    assert voxels.dtype == np.float32
    assert np.array_equal(voxels, ramp())


@pytest.mark.usefixtures('scene')
def test_image_stays_when_the_node_is_removed(scene):
    node = made_volume(ramp(), IJK_TO_RAS['axial'])
    image = image_from_volume_node(node)

    scene.RemoveNode(node)
    del node

    assert np.array_equal(image.voxels, ramp())


@pytest.mark.usefixtures('scene')
def test_image_data_that_begin_at_another_index_keep_their_place():
    node = made_volume(ramp(), IJK_TO_RAS['oblique'])
    node.GetImageData().SetExtent(10, 16, 20, 25, 30, 34)

    geometry = image_from_volume_node(node).geometry

    for index in CORNERS_IJK:
        shown = world_of_index(node, np.add(index, (10, 20, 30)))
        assert geometry.position_ras_mm(index) == pytest.approx(shown)


@pytest.mark.usefixtures('scene')
def test_volume_under_a_bent_transform_is_refused_with_both_names():
    top = bent_transform()
    between = linear_transform(PARENTS['rigid'], 'Couch', parent=top)
    node = put_under(made_volume(ramp(), IJK_TO_RAS['axial'], 'Scan 7'), between)

    with pytest.raises(
        NodeError, match=r'Scan 7 .* Acquisition regularization.* not linear.*arden'
    ):
        image_from_volume_node(node)


@pytest.mark.usefixtures('scene')
def test_transform_that_flattens_space_is_refused():
    node = made_volume(ramp(), IJK_TO_RAS['axial'])
    put_under(node, linear_transform(np.diag([1.0, 0.0, 1.0, 1.0]), 'Flat'))

    with pytest.raises(NodeError, match=r'Flat, which flattens space'):
        image_from_volume_node(node)


@pytest.mark.usefixtures('scene')
def test_what_is_no_pet_volume_is_refused(scene):
    empty = scene.AddNewNodeByClass('vtkMRMLScalarVolumeNode', 'Empty')
    nothing = scene.AddNewNodeByClass('vtkMRMLScalarVolumeNode', 'Nothing')
    nothing.SetAndObserveImageData(slicer.vtkOrientedImageData())
    label = slicer.util.addVolumeFromArray(
        ramp('uint8'), name='Labels', nodeClassName='vtkMRMLLabelMapVolumeNode'
    )
    colors = slicer.util.addVolumeFromArray(
        np.zeros((*SHAPE_KJI, 3), np.float32), name='RGB', nodeClassName='vtkMRMLVectorVolumeNode'
    )
    points = scene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'Seeds')

    for node, words in [
        (None, 'no volume is chosen'),
        (empty, 'the volume Empty holds no voxels'),
        (nothing, 'the volume Nothing holds no voxels'),
        (label, 'Labels is not a scalar volume but a LabelMapVolume'),
        (colors, 'RGB has 3 values in each voxel'),
        (points, 'Seeds is not a scalar volume'),
    ]:
        with pytest.raises(NodeError, match=words):
            image_from_volume_node(node)


def coded(value, scheme='UCUM', meaning='as the scanner says'):
    entry = slicer.vtkCodedEntry()
    entry.SetValueSchemeMeaning(value, scheme, meaning)
    return entry


@pytest.mark.usefixtures('scene')
@pytest.mark.parametrize(
    ('code', 'unit'),
    [
        ('Bq/ml', 'Bq/mL'),
        ('{Bq}/ml', 'Bq/mL'),
        ('kBq/ml', 'kBq/mL'),
        ('{SUVbw}g/ml', 'g/mL'),  # Slicer-PETDICOMExtension, DICOMPETSUVPlugin
        ('{SUVbsa}cm2/ml', 'cm2/mL'),
        ('{SUVlbm}g/ml', '{SUVlbm}g/ml'),
        ('{counts}', 'counts'),
        ("[hnsf'U]", "[hnsf'U]"),
    ],
)
def test_unit_of_the_node_is_read_and_wins(code, unit):
    node = made_volume(ramp(), IJK_TO_RAS['axial'])
    node.SetVoxelValueUnits(coded(code))

    assert image_from_volume_node(node, unit='pints').unit == unit


@pytest.mark.usefixtures('scene')
def test_unit_comes_from_the_caller_or_is_unknown():
    node = made_volume(ramp(), IJK_TO_RAS['axial'])

    assert unit_of_volume_node(node) is None
    assert image_from_volume_node(node).unit == 'unknown'
    assert image_from_volume_node(node, unit='Bq/mL').unit == 'Bq/mL'


@pytest.mark.usefixtures('scene')
def test_acquisition_is_passed_on():
    node = made_volume(ramp(), IJK_TO_RAS['axial'])
    acquisition = Acquisition(series_instance_uid='1.2.3')

    assert image_from_volume_node(node, acquisition=acquisition).acquisition is acquisition
    assert image_from_volume_node(node).acquisition == Acquisition()


@pytest.mark.usefixtures('scene')
@pytest.mark.parametrize('directions', IJK_TO_RAS)
@pytest.mark.parametrize('unit', ['Bq/mL', 'g/mL', 'counts', 'furlongs', 'unknown'])
def test_image_comes_back_from_the_node_made_of_it(directions, unit):
    image = PETImage(ramp(), VolumeGeometry(SHAPE_KJI, IJK_TO_RAS[directions]), unit)

    node = volume_node_from_image(image, 'Made')
    back = image_from_volume_node(node)

    assert node.GetName() == 'Made'
    assert (node.GetVoxelValueUnits() is None) == (unit == 'unknown')
    assert back.unit == unit
    assert back.geometry.ijk_to_ras == pytest.approx(image.geometry.ijk_to_ras, rel=1e-15)
    assert back.sha256() == image.sha256()
    assert not np.shares_memory(back.voxels, image.voxels)


@pytest.mark.usefixtures('scene')
def test_refilled_volume_node_keeps_its_transform_and_takes_the_rest(scene):
    node = made_volume(ramp() * 0, np.eye(4), 'PET')
    node.SetVoxelValueUnits(coded('{SUVbw}g/ml'))
    put_under(node, linear_transform(PARENTS['rigid']))
    image = PETImage(ramp(), VolumeGeometry(SHAPE_KJI, IJK_TO_RAS['oblique']))
    count = scene.GetNumberOfNodes()

    again = volume_node_from_image(image, 'PET', volume_node=node)
    back = image_from_volume_node(node)

    assert again is node
    assert scene.GetNumberOfNodes() == count
    assert back.unit == 'unknown'
    assert np.array_equal(back.voxels, image.voxels)
    expected = PARENTS['rigid'] @ IJK_TO_RAS['oblique']
    assert back.geometry.ijk_to_ras == pytest.approx(expected, abs=1e-12)
