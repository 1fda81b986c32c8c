"""A Slicer scene in plain Python: what the application sets up before a module runs."""

import types

IN_HIERARCHY = (
    'vtkMRMLDisplayableNode',
    'vtkMRMLTableNode',
    'vtkMRMLPlotChartNode',
    'vtkMRMLPlotSeriesNode',
)
"""Nodes that a plug-in of the application puts into the subject hierarchy."""

LOGICS = {
    'volumes': 'vtkSlicerVolumesLogic',
    'markups': 'vtkSlicerMarkupsLogic',
    'segmentations': 'vtkSlicerSegmentationsModuleLogic',
    'subjecthierarchy': 'vtkSlicerSubjectHierarchyModuleLogic',
    'tables': 'vtkSlicerTablesLogic',
    'plots': 'vtkSlicerPlotsLogic',
}
"""Names in `slicer.modules`, and the logic class behind each."""


def make_scene(cache, *, plug_ins=True):
    """
    An empty `slicer.mrmlScene` and what must be kept alive as long as it; needs slicer-core.

    Without `plug_ins` nobody looks after the subject hierarchy, as in a script of plain Python.
    """
    import slicer

    scene = slicer.vtkMRMLScene()
    slicer.mrmlScene = scene
    hierarchy = Hierarchy(scene) if plug_ins else None
    application = slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(scene)
    colors = application.GetColorLogic()
    colors.SetMRMLScene(scene)
    colors.AddDefaultColorNodes()
    application.SetModuleLogic('Colors', colors)
    slicer.modules = types.SimpleNamespace()
    kept = [hierarchy, application, *_file_logics(slicer, scene, application, cache)]
    for name, class_name in LOGICS.items():
        logic = getattr(slicer, class_name)()
        logic.SetMRMLApplicationLogic(application)
        logic.SetMRMLScene(scene)
        application.SetModuleLogic(name.capitalize(), logic)
        kept.append(logic)
        module = types.SimpleNamespace(logic=lambda logic=logic: logic)
        setattr(slicer.modules, name, module)
    return scene, kept


class Hierarchy:
    """As qSlicerSubjectHierarchyPluginLogic: items come and go with nodes, others are merged."""

    def __init__(self, scene):
        import vtk

        added, leaving = (
            vtk.calldata_type(vtk.VTK_OBJECT)(slot) for slot in (_on_added, _on_leaving)
        )
        watched = (
            (scene.NodeAddedEvent, added, 0.0),
            (scene.NodeAboutToBeRemovedEvent, leaving, 0.0),
            (scene.EndImportEvent, _resolve, 10.0),
            (scene.EndCloseEvent, _resolve, 0.0),
        )
        self._scene, self._tags = scene, [scene.AddObserver(*one) for one in watched]

    def __del__(self):
        """A scene that goes tells of it, and is none any more."""
        for tag in self._tags:
            self._scene.RemoveObserver(tag)


def _on_added(scene, _event, node):
    if scene.IsImporting() or node.GetHideFromEditors():
        return
    if any(node.IsA(class_name) for class_name in IN_HIERARCHY):
        hierarchy = scene.GetSubjectHierarchyNode()
        hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)


def _on_leaving(scene, _event, node):
    if scene.IsClosing() or node.IsA('vtkMRMLSubjectHierarchyNode'):
        return
    hierarchy = scene.GetSubjectHierarchyNode()
    item = hierarchy.GetItemByDataNode(node)
    if item:
        hierarchy.RemoveItem(item, False, False)


def _resolve(scene, _event):
    import slicer

    slicer.vtkMRMLSubjectHierarchyNode.ResolveSubjectHierarchy(scene)


def _file_logics(slicer, scene, application, cache):
    """What reading a .mrb needs: a cache folder and the managers that use it."""
    cache.mkdir()
    remote = slicer.vtkMRMLRemoteIOLogic()
    remote.SetMRMLScene(scene)
    remote.SetMRMLApplicationLogic(application)
    remote.GetCacheManager().SetRemoteCacheDirectory(str(cache))
    manager = slicer.vtkDataIOManagerLogic()
    manager.SetMRMLScene(scene)
    manager.SetMRMLApplicationLogic(application)
    manager.SetAndObserveDataIOManager(remote.GetDataIOManager())
    remote.AddDataIOToScene()
    return remote, manager
