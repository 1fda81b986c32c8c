"""Nodes of the scene: what goes with one that is removed."""

import pytest
from VOIIdentificationLib.core.errors import NodeError

pytest.importorskip('slicer', reason='slicer-core is not installed')

from VOIIdentificationLib.mrml.nodes import new_node, remove_node


@pytest.mark.parametrize('scene', [True, False], indirect=True, ids=['plug-ins', 'none'])
def test_a_removed_node_leaves_no_item_in_the_hierarchy_and_what_lay_below_it_stays(scene):
    """MRML finds items by the address of their nodes, which the next node may get."""
    hierarchy = scene.GetSubjectHierarchyNode()
    upper, lower = (scene.AddNewNodeByClass('vtkMRMLTableNode', name) for name in 'AB')
    item = hierarchy.CreateItem(hierarchy.GetSceneItemID(), upper)
    below = hierarchy.CreateItem(item, lower)

    remove_node(upper)

    assert hierarchy.GetNumberOfItems() == 1
    assert hierarchy.GetItemByDataNode(lower) == below
    assert lower.GetScene() is scene


def test_a_removed_node_takes_its_files_and_displays_along(scene):
    node = new_node('vtkMRMLScalarVolumeNode', 'PET')
    node.CreateDefaultDisplayNodes()
    node.AddDefaultStorageNode()
    kept = [node.GetDisplayNode().GetID(), node.GetStorageNode().GetID()]

    remove_node(node)

    assert [scene.GetNodeByID(one) for one in kept] == [None, None]
    assert node.GetScene() is None


def test_what_is_in_no_scene_is_removed_already(scene):
    node = new_node('vtkMRMLTableNode', 'A')
    remove_node(node)
    before = scene.GetNumberOfNodes()

    remove_node(node)
    remove_node(None)

    assert scene.GetNumberOfNodes() == before


# The scene itself says that it knows no such class.
@pytest.mark.parametrize('scene', [False], indirect=True)
def test_a_node_that_the_scene_cannot_make_is_named(scene, vtk_messages):
    with pytest.raises(NodeError, match='cannot make a vtkMRMLNothingNode for Spheres'):
        new_node('vtkMRMLNothingNode', 'Spheres', scene=scene)
    assert 'vtkMRMLNothingNode' in vtk_messages.new()
