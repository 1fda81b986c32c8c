"""
Slicer's own parameter node wrapper under the panel's tests, in the place of the stand-in.

SLICER_SOURCE names a checkout of Slicer's sources; what the wrapper asks of Qt besides what the
application lists for the panel is made up.
"""

import importlib.util
import os
import sys
import types
from pathlib import Path

SOURCE = os.environ.get('SLICER_SOURCE', '')

MORE_WIDGETS = (
    *('qMRMLSliderWidget', 'qMRMLSpinBox', 'qMRMLRangeWidget', 'qMRMLCheckableNodeComboBox'),
    'qMRMLSubjectHierarchyTreeView',
)


class Library(types.ModuleType):
    """`qt` or `ctk` with a class for every name."""

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        setattr(self, name, type(name, (), {}))
        return getattr(self, name)


def load_wrapper():
    """Import the wrapper anew; `qt`, `ctk` and the widgets of `slicer` must be there."""
    import slicer

    for name in MORE_WIDGETS:
        if not hasattr(slicer, name):
            setattr(slicer, name, type(name, (), {}))
    for name in [name for name in sys.modules if name.startswith('slicer.parameterNodeWrapper')]:
        del sys.modules[name]
    folder = Path(SOURCE, 'Base', 'Python', 'slicer', 'parameterNodeWrapper')
    wrapper = _read('slicer.parameterNodeWrapper', folder / '__init__.py', [str(folder)])
    markups = Path(SOURCE, 'Modules', 'Loadable', 'Markups', 'MarkupsLib', folder.name)
    _read('markups_connectors', markups / 'guiConnectors.py')
    return wrapper


def _read(name, path, folders=None):
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=folders)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
