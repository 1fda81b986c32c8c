"""The script that makes pictures in the application, on stand-ins: it calls only listed names."""

import ast
import importlib.util
import sys
import types
from pathlib import Path

import pytest
from paths import ROOT

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from stand_in_application import API, application, parent_widget  # noqa: E402 - needs slicer
from stand_in_classes import classes  # noqa: E402

SCRIPT = ROOT / 'docs' / 'make_screenshots.py'
PICTURES = ['slicer_panel.png', 'slicer_seeds.png', 'slicer_views.png', 'slicer_window.png']


def capture_image(view, filename):
    """After Modules/Scripted/ScreenCapture/ScreenCapture.py: no view means all of them."""
    assert view is None
    Path(filename).write_bytes(b'views')


@pytest.fixture
def script(scene, monkeypatch):
    with application(scene, monkeypatch) as module:
        widget = module.VOIIdentificationWidget(parent_widget())
        widget.setup()
        slicer.app.window = classes()['qt.QWidget']()  # a main window is one
        samples = types.SimpleNamespace(downloadSample=module.makeSampleVolume)
        logic = types.SimpleNamespace(captureImageFromView=capture_image)
        capture = types.SimpleNamespace(ScreenCaptureLogic=lambda: logic)
        monkeypatch.setitem(sys.modules, 'SampleData', samples)
        monkeypatch.setitem(sys.modules, 'ScreenCapture', capture)
        answers = {
            'getModuleWidget': lambda _name: widget,
            'setPythonConsoleVisible': lambda _visible: None,
            'forceRenderAllViews': lambda: None,
        }
        for name, answer in answers.items():
            monkeypatch.setattr(slicer.util, name, answer)
        spec = importlib.util.spec_from_file_location('make_screenshots', SCRIPT)
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        loaded.widget = widget
        yield loaded
        widget.cleanup()


def test_it_measures_the_sample_and_writes_every_picture(script, tmp_path):
    status = script.main([str(tmp_path / 'new' / 'pictures')])

    assert status == 0
    assert len(script.widget.panel.result.spheres) == 6
    assert script.widget.panel.parameters.seeds.GetNumberOfDefinedControlPoints() == 6
    assert sorted(path.name for path in (tmp_path / 'new' / 'pictures').iterdir()) == PICTURES
    assert ('resize', (1920, 1080)) in slicer.app.window.called


def test_without_a_window_it_says_so(script, tmp_path, capsys):
    slicer.app.window = None

    assert script.main([str(tmp_path / 'pictures')]) == 1
    assert capsys.readouterr().err.count('\n') == 1
    assert not (tmp_path / 'pictures').exists()


def test_a_picture_that_cannot_be_written_is_said(script, tmp_path, capsys):
    (tmp_path / 'slicer_window.png').mkdir()

    assert script.main([str(tmp_path)]) == 1
    assert 'slicer_window.png could not be written' in capsys.readouterr().err


@pytest.mark.parametrize('owner', ['slicer.util', 'slicer.app'])
def test_it_calls_only_listed_names(owner):
    names = {
        node.attr
        for node in ast.walk(ast.parse(SCRIPT.read_text()))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == owner
    }

    assert names
    assert names <= set(API[owner])
