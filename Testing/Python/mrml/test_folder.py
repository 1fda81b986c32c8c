"""One folder of outputs in the subject hierarchy, whatever scenes are read over each other."""

import pytest
from made_results import made_result

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

import vtk  # noqa: E402 - comes with slicer-core
from VOIIdentificationLib.mrml.folder import merge_folders, output_folder  # noqa: E402
from VOIIdentificationLib.mrml.outputs import find_outputs, publish  # noqa: E402
from VOIIdentificationLib.mrml.volume import volume_node_from_image  # noqa: E402

NAME, MARK = 'VOI Identification', 'VOIIdentification.Folder'


@pytest.fixture
def volume(scene):
    return volume_node_from_image(made_result().image, 'PET', scene=scene)


@pytest.fixture
def file(scene, volume, tmp_path):
    """A saved scene with one measurement; the scene is still there."""
    publish(made_result(), volume)
    return saved(scene, tmp_path)


def saved(scene, folder):
    file = str(folder / 'scene.mrb')
    scene.SetRootDirectory(str(folder))
    assert scene.WriteToMRB(file)
    return file


def children(scene, item):
    hierarchy, items = scene.GetSubjectHierarchyNode(), vtk.vtkIdList()
    hierarchy.GetItemChildren(item, items, False)
    return [items.GetId(n) for n in range(items.GetNumberOfIds())]


def folders(scene, name=NAME):
    """Items at the top that are called so."""
    hierarchy = scene.GetSubjectHierarchyNode()
    return [
        item
        for item in children(scene, hierarchy.GetSceneItemID())
        if hierarchy.GetItemName(item) == name
    ]


def data_nodes(scene, item):
    hierarchy = scene.GetSubjectHierarchyNode()
    return [hierarchy.GetItemDataNode(child) for child in children(scene, item)]


def volumes():
    return slicer.util.getNodesByClass('vtkMRMLScalarVolumeNode')


@pytest.mark.parametrize('scene', [True, False], indirect=True, ids=['plug-ins', 'none'])
@pytest.mark.parametrize('times', [1, 2])
def test_a_scene_that_is_read_over_itself_adds_no_folder(scene, file, vtk_messages, times):
    (folder,) = folders(scene)
    before = set(data_nodes(scene, folder))
    for _n in range(times):
        assert scene.ReadFromMRB(file)
    merge_folders(scene)

    assert folders(scene) == [folder]
    assert output_folder(scene) == folder
    held = data_nodes(scene, folder)
    assert before <= set(held)
    assert len(held) == len(set(held)) == (times + 1) * len(before)
    for one in volumes():
        assert find_outputs(one).segmentation in held
    assert 'Multiple subject hierarchy item' not in vtk_messages.new()


def test_two_folders_of_a_scene_become_one_with_the_next_measurement(scene, volume, file):
    """The module was not open when the second one came."""
    assert scene.ReadFromMRB(file)
    assert len(folders(scene)) == 2

    publish(made_result(), volume)

    assert folders(scene) == [output_folder(scene)]


def test_a_folder_of_the_users_goes_along_with_what_it_holds(scene, volume, tmp_path):
    outputs, hierarchy = publish(made_result(), volume), scene.GetSubjectHierarchyNode()
    own = hierarchy.CreateFolderItem(output_folder(scene), 'Best')
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(outputs.centers), own)
    assert scene.ReadFromMRB(saved(scene, tmp_path))
    merge_folders(scene)

    (folder,) = folders(scene)
    inside = [one for one in children(scene, folder) if hierarchy.GetItemName(one) == 'Best']
    assert len(inside) == 2, 'they are not ours to merge'
    assert all(data_nodes(scene, one)[0].IsA('vtkMRMLMarkupsNode') for one in inside)


def test_a_folder_that_the_user_made_stays_whatever_it_is_called(scene, volume):
    hierarchy = scene.GetSubjectHierarchyNode()
    mine = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), NAME)
    note = scene.AddNewNodeByClass('vtkMRMLTableNode', 'Note')
    hierarchy.CreateItem(mine, note)

    publish(made_result(), volume)
    merge_folders(scene)

    assert folders(scene) == [mine, output_folder(scene)]
    assert data_nodes(scene, mine) == [note]


def test_a_folder_that_was_renamed_and_moved_is_used_on(scene, volume):
    publish(made_result(), volume)
    hierarchy, first = scene.GetSubjectHierarchyNode(), output_folder(scene)
    study = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), 'March')
    hierarchy.SetItemParent(first, study)
    hierarchy.SetItemName(first, 'Body phantom')

    other = volume_node_from_image(made_result().image, 'PET late', scene=scene)
    publish(made_result(), other)

    assert output_folder(scene) == first
    assert not folders(scene)
    assert hierarchy.GetItemName(first) == 'Body phantom'
    assert hierarchy.GetItemParent(first) == study


def test_renamed_before_a_scene_is_read_over_it_there_are_two(scene, volume, file):
    hierarchy = scene.GetSubjectHierarchyNode()
    mine = output_folder(scene)
    hierarchy.SetItemName(mine, 'March')
    count = len(data_nodes(scene, mine))

    assert scene.ReadFromMRB(file)
    merge_folders(scene)

    assert len(folders(scene)) == 1
    assert len(data_nodes(scene, mine)) == count


def test_the_folder_of_an_older_scene_is_known_by_its_name_and_what_it_holds(
    scene, volume, tmp_path
):
    hierarchy = scene.GetSubjectHierarchyNode()
    publish(made_result(), volume)
    folder = output_folder(scene)
    hierarchy.RemoveItemAttribute(folder, MARK)
    file = saved(scene, tmp_path)
    assert output_folder(scene) == folder

    assert scene.ReadFromMRB(file)
    merge_folders(scene)

    assert folders(scene) == [folder]
    publish(made_result(), volume)
    assert folders(scene) == [folder]
