"""Nodes of the scene: what goes with one that is removed."""

import pytest

pytest.importorskip('slicer', reason='slicer-core is not installed')

from VOIIdentificationLib.mrml.nodes import remove_node


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
