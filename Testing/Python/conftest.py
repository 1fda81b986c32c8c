"""Fixtures for every test. A test that asks for `scene` is left out without slicer-core."""

import signal

import pytest
from headless_scene import make_scene
from hypothesis import settings

# A slow machine is no failure, and every run tries the same examples.
settings.register_profile('suite', deadline=None, derandomize=True)
settings.load_profile('suite')

# A shell that starts the suite in the background has Ctrl-C ignored, and programs inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
def scene(request, vtk_messages, tmp_path):
    """
    An empty scene with Slicer's logics, as `slicer.mrmlScene`; VTK errors fail the test.

    Parametrized indirectly with False it is one that nobody else looks after.
    """
    import slicer

    new_scene, kept = make_scene(tmp_path / 'cache', plug_ins=getattr(request, 'param', True))
    yield new_scene
    new_scene.Clear(1)
    del slicer.mrmlScene, slicer.modules
    del kept
