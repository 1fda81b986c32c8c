"""Fixtures for every test. A test that asks for `scene` is left out without slicer-core."""

import types

import pytest

LOGICS = {
    'volumes': 'vtkSlicerVolumesLogic',
    'markups': 'vtkSlicerMarkupsLogic',
    'segmentations': 'vtkSlicerSegmentationsModuleLogic',
    'subjecthierarchy': 'vtkSlicerSubjectHierarchyModuleLogic',
    'tables': 'vtkSlicerTablesLogic',
    'plots': 'vtkSlicerPlotsLogic',
}
"""Names in `slicer.modules`, and the logic class behind each."""


class VTKMessages:
    """What VTK and MRML print instead of raising."""

    def __init__(self, window):
        self._window = window
        self._seen = 0

    def new(self):
        """Text since the last call; a test that provokes errors asks for it."""
        text = self._window.GetOutput()
        fresh, self._seen = text[self._seen :], len(text)
        return fresh


@pytest.fixture
def vtk_messages():
    pytest.importorskip('slicer', reason='slicer-core is not installed')
    import vtk

    before = vtk.vtkOutputWindow.GetInstance()
    window = vtk.vtkStringOutputWindow()
    vtk.vtkOutputWindow.SetInstance(window)
    messages = VTKMessages(window)
    yield messages
    vtk.vtkOutputWindow.SetInstance(before)
    assert 'error' not in messages.new().lower()


@pytest.fixture
def scene(vtk_messages, tmp_path):
    """An empty scene with Slicer's logics, as `slicer.mrmlScene`; VTK errors fail the test."""
    import slicer

    new_scene, kept = _scene_with_logics(slicer, tmp_path / 'cache')
    yield new_scene
    new_scene.Clear(1)
    del slicer.mrmlScene, slicer.modules
    del kept


def _scene_with_logics(slicer, cache):
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
