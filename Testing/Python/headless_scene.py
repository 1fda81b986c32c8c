"""A Slicer scene in plain Python: what the application sets up before a module runs."""

import types

LOGICS = {
    'volumes': 'vtkSlicerVolumesLogic',
    'markups': 'vtkSlicerMarkupsLogic',
    'segmentations': 'vtkSlicerSegmentationsModuleLogic',
    'subjecthierarchy': 'vtkSlicerSubjectHierarchyModuleLogic',
    'tables': 'vtkSlicerTablesLogic',
    'plots': 'vtkSlicerPlotsLogic',
}
"""Names in `slicer.modules`, and the logic class behind each."""


def make_scene(cache):
    """An empty `slicer.mrmlScene` and what must be kept alive as long as it; needs slicer-core."""
    import slicer

    scene = slicer.vtkMRMLScene()
    slicer.mrmlScene = scene
    application = slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(scene)
    colors = application.GetColorLogic()
    colors.SetMRMLScene(scene)
    colors.AddDefaultColorNodes()
    application.SetModuleLogic('Colors', colors)
    slicer.modules = types.SimpleNamespace()
    kept = [application, *_file_logics(slicer, scene, application, cache)]
    for name, class_name in LOGICS.items():
        logic = getattr(slicer, class_name)()
        logic.SetMRMLApplicationLogic(application)
        logic.SetMRMLScene(scene)
        application.SetModuleLogic(name.capitalize(), logic)
        kept.append(logic)
        module = types.SimpleNamespace(logic=lambda logic=logic: logic)
        setattr(slicer.modules, name, module)
    return scene, kept


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
