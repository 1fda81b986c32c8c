"""Where a line of a table is: by its circle, its name or its center, or nowhere."""

import pytest
from made_results import made_result

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from VOIIdentificationLib.mrml.outputs import publish  # noqa: E402
from VOIIdentificationLib.mrml.places import place_of_name, place_of_row  # noqa: E402
from VOIIdentificationLib.mrml.volume import volume_node_from_image  # noqa: E402


@pytest.fixture
def outputs(scene):
    result = made_result()
    return publish(result, volume_node_from_image(result.image, 'PET', scene=scene))


def line(scene, **cells):
    """A table of one line."""
    node = scene.AddNewNodeByClass('vtkMRMLTableNode')
    for n, (name, text) in enumerate(cells.items()):
        node.AddColumn().SetName(name)
        if not n:
            node.AddEmptyRow()
        node.SetCellText(0, n, str(text))
    return node


def test_a_name_is_where_its_point_is_in_the_world(outputs):
    for one in made_result().spheres:
        assert place_of_name(outputs, one.label) == pytest.approx(one.center_ras_mm, abs=1e-9)
    assert place_of_name(outputs, 'S99') is None


def test_a_line_with_a_circle_is_there_and_without_a_number_nowhere(scene, outputs):
    """The circle of a slice lies elsewhere than the center of its ROI."""
    circle = {'circle_r_mm': 1.5, 'circle_a_mm': -2.5, 'circle_s_mm': 3.5}
    center = {'center_r_mm': 7.0, 'center_a_mm': 8.0, 'center_s_mm': 'nan'}
    label = made_result().spheres[0].label
    assert place_of_row(outputs, line(scene, label=label, **circle), 0) == (1.5, -2.5, 3.5)
    assert place_of_row(outputs, line(scene, label='S99', **center), 0) is None
    center['center_s_mm'] = 9.0
    assert place_of_row(outputs, line(scene, label='S99', **center), 0) == (7.0, 8.0, 9.0)


def test_a_slice_of_a_volume_that_was_removed_is_nowhere(scene, outputs):
    sphere = made_result().spheres[0]
    table = line(scene, label=sphere.label, slice_k=0)
    assert place_of_row(outputs, table, 0) is not None

    scene.RemoveNode(scene.GetFirstNodeByName('PET'))

    assert place_of_row(outputs, table, 0) is None
