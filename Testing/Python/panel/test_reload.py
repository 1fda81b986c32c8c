"""
Reload and Reload and Test: whatever the old panel had goes with it.

Recorded in the application: each reload left one panel and about 36 observers behind. It imports
the module file anew, hides the old widgets, calls `cleanup`, and makes a new widget in the same
parent, which keeps the hidden ones.
"""

import gc
import importlib.util
import sys
import types
import weakref

import numpy as np
import pytest

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

import vtk  # noqa: E402 - comes with slicer-core
from paths import MODULE  # noqa: E402
from stand_in_application import application, import_module_file, parent_widget  # noqa: E402
from stand_in_dicom import ScalarVolumePlugin, SeriesDatabase, dicom_lib, load_all  # noqa: E402
from stand_in_selectors import MarkupsWidget  # noqa: E402
from VOIIdentificationLib.dicom.write import Scan, write_pet_series  # noqa: E402
from VOIIdentificationLib.mrml.volume import volume_node_from_image  # noqa: E402
from VOIIdentificationLib.synthetic.phantom import SyntheticPhantom, grid, synthesize  # noqa: E402

RELOADS = 3


@pytest.fixture
def library():
    """The library as other tests have imported it, given back after it was dropped."""
    kept = {name: m for name, m in sys.modules.items() if name.startswith('VOIIdentificationLib')}
    yield
    for name in [name for name in sys.modules if name.startswith('VOIIdentificationLib')]:
        del sys.modules[name]
    sys.modules.update(kept)


@pytest.fixture
def opened(scene, library, monkeypatch):
    with application(scene, monkeypatch) as module:
        opened = Opened(scene, module)
        yield opened
        opened.widget.cleanup()


class Opened:
    """The module as the application holds it: one widget, and what Qt keeps of all before it."""

    def __init__(self, scene, module):
        self.scene, self.module = scene, module
        self.hidden, self.panels = [], []
        self._make()

    def _make(self):
        self.widget = self.module.VOIIdentificationWidget(parent_widget())
        self.widget.setup()
        self.hidden.append((self.widget.layout, self.widget.ui))
        self.panels.append(weakref.ref(self.widget.panel))

    def reload(self):
        """As `slicer.util.reloadScriptedModule`, after `onReload`."""
        self.widget.onReload()
        self.module = import_module_file()
        self.widget.cleanup()
        self._make()
        slicer.app.processEvents()

    def measure(self, made):
        image, truth = made
        volume_node_from_image(image, 'PET')
        self.widget.ui.placeSeedsButton.click()
        for true in truth.inserts:
            self.widget.ui.seedsWidget.click_in_slice(np.add(true.center_ras_mm, (3.0, -2.0, 1.0)))
        self.widget.ui.applyButton.click()
        assert len(self.widget.panel.result.spheres) == 6

    def observers(self):
        """How many listen to the scene, as VTK prints it."""
        gc.collect()
        return str(self.scene).count('vtkObserver (')


def heard(node):
    """Which events of a node anybody listens to; nodes do not print their observers."""
    events = (
        vtk.vtkCommand.ModifiedEvent,
        slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent,
        slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
        slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent,
        slicer.vtkMRMLMarkupsNode.PointRemovedEvent,
    )
    return [bool(node.HasObserver(event)) for event in events]


def test_reloading_leaves_no_panel_and_no_observer(opened):
    opened.measure(synthesize(SyntheticPhantom(grid((60, 54, 26), (4.5, 4.5, 5.0)))))
    opened.reload()
    before = opened.observers()

    for _ in range(RELOADS):
        opened.reload()

    assert opened.observers() == before > 30
    assert MarkupsWidget.critical_ == [], 'each is an error in the log'
    alive = [panel for panel in opened.panels if panel() is not None]
    assert len(opened.panels) == RELOADS + 2
    assert alive == opened.panels[-1:]


def test_after_the_last_cleanup_nothing_of_ours_listens(opened):
    image = synthesize(SyntheticPhantom(grid((60, 54, 26), (4.5, 4.5, 5.0))))[0]
    volume_node_from_image(image, 'PET')
    parameters = opened.widget.panel.parameters
    nodes = [parameters.inputVolume, parameters.seeds, parameters.parameterNode]
    del parameters  # the wrapper itself listens to its node, and goes with the widget's logic
    during, scene = [heard(node) for node in nodes], opened.observers()

    opened.widget.cleanup()
    slicer.app.processEvents()

    assert opened.observers() < scene
    assert all(any(one) for one in during)
    untouched = heard(slicer.mrmlScene.AddNewNodeByClass('vtkMRMLScalarVolumeNode'))
    assert heard(nodes[0]) == untouched, 'the subject hierarchy listens to every volume'
    assert heard(nodes[1]) != during[1]  # the markups' own logic goes on
    opened.widget.cleanup()  # once more, as at the end of the application
    opened.widget.panel = opened.widget.logic = None
    gc.collect()
    assert not any(heard(nodes[2]))


def test_what_the_application_keeps_of_before_a_reload_goes_on_working(
    opened, tmp_path, monkeypatch
):
    """Readers of files and plug-ins of the DICOM module are not reloaded."""
    samples = {'PETPhantom': lambda: SyntheticPhantom(grid((60, 54, 26), (4.5, 4.5, 5.0)))}
    monkeypatch.setattr(opened.module, 'SAMPLES', samples)
    parent = types.SimpleNamespace(loadedNodes=[])
    reader = opened.module.VOIIdentificationFileReader(parent)
    (tmp_path / 'x.voisample').write_text('PETPhantom')
    series = tmp_path / 'series'
    image = synthesize(samples['PETPhantom']())[0]
    write_pet_series(image, series, seed=1, scan=Scan(photometric='MONOCHROME1'))
    plugin = dicom_plugin(monkeypatch)
    monkeypatch.setattr(slicer, 'dicomDatabase', SeriesDatabase(series))

    opened.reload()
    assert reader.load({'fileName': str(tmp_path / 'x.voisample')})
    ((used, _loadable, node),) = load_all()
    opened.widget.ui.inputVolumeSelector.setCurrentNode(node)
    opened.widget.ui.applyButton.click()

    assert type(used) is plugin
    assert np.allclose(
        slicer.util.arrayFromVolume(node), image.voxels, atol=1e-3 * image.voxels.max()
    )
    assert len(opened.widget.panel.result.spheres) == 6
    assert opened.widget.ui.verificationLabel.text == 'The voxels are those of the DICOM files.'
    made = slicer.mrmlScene.GetNodeByID(parent.loadedNodes[0])
    assert len(opened.widget.logic.process(made).spheres) == 6


def dicom_plugin(monkeypatch):
    monkeypatch.setitem(sys.modules, 'DICOMLib', dicom_lib())
    monkeypatch.setattr(slicer.util, 'settingsValue', lambda _key, default, converter: default)
    slicer.modules.dicomPlugins = {'DICOMScalarVolumePlugin': ScalarVolumePlugin}
    path = MODULE / 'VOIIdentificationDICOMPlugin.py'
    spec = importlib.util.spec_from_file_location(path.stem, path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    found.VOIIdentificationDICOMPlugin(types.SimpleNamespace())
    return found.VOIIdentificationDICOMPluginClass
