"""
The application around a module, without Qt: panels read from .ui files, `qt`, `slicer.app`.

The scene is slicer-core's own. Whatever the application does not list raises AttributeError.
"""

import importlib.util
import sys
import types
import unittest
from contextlib import contextmanager
from xml.etree import ElementTree

import stand_in_parameters
from paths import MODULE
from slicer_wrapper import SOURCE, Library, load_wrapper
from stand_in_classes import (
    API,
    DesktopServices,
    FileDialog,
    ProgressDialog,
    StandIn,
    Timer,
    classes,
)

MODULE_FILE = MODULE / 'VOIIdentification.py'
TRANSLATOR = types.SimpleNamespace(tr=str, translate=lambda _context, text: text)
"""`slicer.i18n` in English."""


def release_all():
    """Let all selectors go of the scene, which a test then throws away."""
    from stand_in_selectors import NodeComboBox

    while NodeComboBox.made_:
        NodeComboBox.made_.pop().setMRMLScene(None)


class Application:
    """`slicer.app`: only what the application lists, and of that what tests need."""

    applicationName = 'Slicer'

    def __init__(self, logic):
        self._logic = logic
        self.layouts = classes()['slicer.qSlicerLayoutManager']()
        self.events = 0
        self.started = []
        self.window = object()
        self.board = classes()['qt.QClipboard']()

    def __getattribute__(self, name):
        own = {'layouts', 'events', 'started', 'window', 'board'}
        if not name.startswith('_') and name not in own and name not in API['slicer.app']:
            msg = f'the application does not list slicer.app.{name}'
            raise AttributeError(msg)
        return object.__getattribute__(self, name)

    def testingEnabled(self):
        return True

    def processEvents(self):
        self.events += 1
        Timer.run_()

    def setOverrideCursor(self, _cursor):
        pass

    def restoreOverrideCursor(self):
        pass

    def applicationLogic(self):
        return self._logic

    def clipboard(self):
        return self.board

    def layoutManager(self):
        return self.layouts

    def connect(self, signal, slot):
        self.started.append((signal, slot))


class Module:
    """Base class of a module: `slicer.ScriptedLoadableModule`."""

    def __init__(self, parent):
        self.parent = parent


class Widget:
    """Base class of a module's widget."""

    reloaded = 0

    def __init__(self, parent=None):
        self.parent = parent
        self.layout = classes()['qt.QVBoxLayout']()

    def setup(self):
        pass

    def onReload(self):
        type(self).reloaded += 1

    def resourcePath(self, name):
        return str(MODULE_FILE.parent / 'Resources' / name)


class Logic:
    """Base class of a module's logic: one parameter node a scene."""

    def __init__(self):
        self.moduleName = type(self).__name__.removesuffix('Logic')

    def getParameterNode(self):
        import slicer

        scene, class_name = slicer.mrmlScene, 'vtkMRMLScriptedModuleNode'
        node = scene.GetSingletonNode(self.moduleName, class_name)
        if node is None:
            node = slicer.vtkMRMLScriptedModuleNode()
            node.SetSingletonTag(self.moduleName)
            node.SetName(self.moduleName)
            node = scene.AddNode(node)
        node.SetAttribute('ModuleName', self.moduleName)
        return node


class Test(unittest.TestCase):
    """Base class of a module's test."""

    def delayDisplay(self, message):
        pass


def load_ui(path):
    """A panel as `slicer.util.loadUI` makes it, from stand-ins; unknown properties fail."""
    root = ElementTree.parse(path).getroot()
    panel = _widget(root.find('widget'), {})
    receivers = [
        panel.children_[connection.findtext('receiver')]
        for connection in root.iter('connection')
        if connection.findtext('signal') == 'mrmlSceneChanged(vtkMRMLScene*)'
    ]
    panel.dynamic['scene receivers'] = receivers
    return panel


def api_class(name):
    """The stand-in for a class as a .ui file names it."""
    module = 'slicer' if name.startswith(('qMRML', 'qSlicer')) else name[:3].lower()
    return classes()[f'{"qt" if module not in ("slicer", "ctk") else module}.{name}']


def _widget(element, named):
    widget = api_class(element.get('class'))()
    for found in element.findall('property'):
        value = _value(found[0])
        if found.get('stdset') == '0':
            widget.setProperty(found.get('name'), value)
        elif found.get('name') not in widget.properties:
            msg = f'{element.get("class")} has no property {found.get("name")}'
            raise AttributeError(msg)
        else:
            widget.values[found.get('name')] = value
    for child in element.iter('widget'):
        if child is not element and child.get('name') not in named:
            named[child.get('name')] = _widget(child, named)
    widget.children_ = named
    return widget


def _value(element):
    text = element.text or ''
    converters = {'bool': lambda t: t == 'true', 'number': int, 'double': float}
    return converters.get(element.tag, str)(text)


def child_widgets(panel):
    """As `slicer.util.childWidgetVariables`."""
    return types.SimpleNamespace(**panel.children_)


@contextmanager
def application(scene, monkeypatch):
    """Install the stand-ins, import the module file, and take everything back afterwards."""
    import slicer

    library = Library if SOURCE else types.ModuleType
    qt, ctk = library('qt'), library('ctk')
    for api_name, made in classes().items():
        module, name = api_name.split('.')
        if module == 'slicer':
            monkeypatch.setattr(slicer, name, made, raising=False)
        else:
            setattr({'qt': qt, 'ctk': ctk}[module], name, made)
    app = Application(slicer.vtkSlicerApplicationLogic())
    app._logic.SetMRMLScene(scene)
    monkeypatch.setattr(slicer, 'app', app, raising=False)
    monkeypatch.setattr(slicer, 'dicomDatabase', None, raising=False)
    util = {
        'loadUI': load_ui,
        'childWidgetVariables': child_widgets,
        'mainWindow': lambda: app.window,
        'warningDisplay': lambda text: app.started.append(('warning', text)),
        'confirmOkCancelDisplay': lambda _text, _title: True,
        'confirmYesNoDisplay': lambda _text, _title: False,
        'showStatusMessage': lambda text, _duration=0: app.started.append(('status', text)),
        'selectModule': lambda name: app.started.append(('module', name)),
        'setSliceViewerLayers': lambda **layers: app.started.append(('layers', layers)),
    }
    for name, function in util.items():
        assert name in API['slicer.util'], name
        monkeypatch.setattr(slicer.util, name, function)
    modules = {
        'qt': qt,
        'ctk': ctk,
        'slicer.i18n': TRANSLATOR,
        'slicer.parameterNodeWrapper': stand_in_parameters,
        'slicer.ScriptedLoadableModule': _module(
            ScriptedLoadableModule=Module,
            ScriptedLoadableModuleWidget=Widget,
            ScriptedLoadableModuleLogic=Logic,
            ScriptedLoadableModuleTest=Test,
        ),
    }
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    if SOURCE:
        load_wrapper()
    _fresh(ProgressDialog, FileDialog, DesktopServices)
    try:
        yield import_module_file()
    finally:
        release_all()


def _fresh(dialog, files, desktop):
    dialog.made_, dialog.cancel_next_ = [], False
    files.answer_, desktop.opened_ = '', []
    Timer.waiting_.clear()


def _module(**names):
    return types.SimpleNamespace(**names)


def import_module_file():
    """VOIIdentification.py, read anew."""
    spec = importlib.util.spec_from_file_location('VOIIdentification', MODULE_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def parent_widget(*, entered=True):
    """What the application gives a module's widget as parent."""
    parent = classes()['slicer.qSlicerScriptedLoadableModuleWidget']()
    return types.SimpleNamespace(isEntered=entered, stand_in=parent)


__all__ = ['API', 'StandIn', 'application', 'child_widgets', 'load_ui', 'parent_widget']
