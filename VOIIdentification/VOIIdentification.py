"""Slicer's door to the library: module, sample data, parameters, panel, logic, self test."""

import enum
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import qt
import slicer
from slicer import vtkMRMLMarkupsFiducialNode, vtkMRMLScalarVolumeNode
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin
from VOIIdentificationLib.core.errors import no_progress
from VOIIdentificationLib.core.phantom import DEFAULT_PHANTOM, Phantom, load_phantom
from VOIIdentificationLib.core.settings import Settings
from VOIIdentificationLib.locate.detect import detect
from VOIIdentificationLib.mrml.derived import dicom_options
from VOIIdentificationLib.mrml.folder import merge_folders
from VOIIdentificationLib.mrml.measured import Measured, MeasuredVolumes, volume_stamp
from VOIIdentificationLib.mrml.nodes import require_in_scene
from VOIIdentificationLib.mrml.outputs import wanted_rois
from VOIIdentificationLib.mrml.points import all_seeds, place_spheres
from VOIIdentificationLib.mrml.session import Request, SourceTracer, measure, reload_volume
from VOIIdentificationLib.mrml.suv_volume import make_suv_volume
from VOIIdentificationLib.mrml.tables import mend_charts
from VOIIdentificationLib.mrml.volume import image_from_volume_node, volume_node_from_image
from VOIIdentificationLib.panel.keys import Escape, in_editors, listening
from VOIIdentificationLib.panel.layout import register_layout
from VOIIdentificationLib.panel.panel import Panel
from VOIIdentificationLib.panel.self_test import SelfTest
from VOIIdentificationLib.panel.view import show_volume
from VOIIdentificationLib.report.export import export_results
from VOIIdentificationLib.synthetic.samples import SAMPLES

MODULE = 'VOIIdentification'

SAMPLE_SUFFIX, SAMPLE_FILE_TYPE = '.voisample', 'VOIIdentificationSample'

BEFORE_SELECTORS, AFTER_SELECTORS = 20.0, -20.0
"""
Priorities of observers of the scene. Node selectors empty and refill themselves, each at its own
turn, when a scene was closed or read (qMRMLSceneModel, between 10 and -10): what they take
meanwhile is nobody's choice.
"""


class VOIIdentification(ScriptedLoadableModule):
    """What the application lists of the module."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _('VOI Identification')
        parent.categories = [translate('qSlicerAbstractCoreModule', 'Quantification')]
        parent.dependencies = ['Markups', 'Segmentations', 'Tables', 'Plots']
        parent.contributors = ['The VOI Identification developers']
        parent.helpText = _(
            'Finds and measures the spheres of a PET image-quality phantom (NEMA/IEC body): '
            'load the PET series, place one point near each sphere, press Apply. '
            'Sample Data has a phantom to try it on.'
        )
        parent.acknowledgementText = _(
            'Refined midpoints and their tables follow the scripts VOI_identification_IQ, '
            'made for a phantom study on motion correction in PET-CT.'
        )
        slicer.app.connect('startupCompleted()', registerSampleData)
        slicer.app.connect('startupCompleted()', register_layout)


def registerSampleData():
    """Offer phantoms in the Sample Data module: made on the spot, not downloaded."""
    import SampleData

    samples = SampleData.SampleDataLogic
    if hasattr(samples, 'registerCustomSampleDataCategory'):  # Slicer 5.12 and later
        samples.registerCustomSampleDataCategory(MODULE, title=_('VOI Identification'))
    for name in SAMPLES:
        samples.registerCustomSampleDataSource(
            category=MODULE,
            sampleName=name,
            uris=f'data:,{name}',  # for scripts, which ask no customDownloader
            fileNames=f'{name}{SAMPLE_SUFFIX}',
            nodeNames=name,
            loadFileTypes=SAMPLE_FILE_TYPE,
            thumbnailFileName=str(Path(__file__).parent / 'Resources' / 'Icons' / f'{MODULE}.png'),
            customDownloader=lambda source: makeSampleVolume(source.sampleName),
        )


def makeSampleVolume(name):
    """Make a PET volume of a phantom, and show it."""
    from VOIIdentificationLib.synthetic.phantom import synthesize

    with slicer.util.tryWithErrorDisplay(_('The phantom could not be made.'), waitCursor=True):
        image = synthesize(SAMPLES[name]())[0]
        node = volume_node_from_image(image, name)
        show_volume(node, image)
    return node


class VOIIdentificationFileReader:
    """
    Reads the file that names a sample.

    `SampleData.downloadSample` gets a file from the source's address, here a
    ``data:`` one, and lets the application load it: this makes the same volume of
    it as the button of the Sample Data module.
    """

    def __init__(self, parent):
        self.parent = parent

    def description(self):
        """Return what the application calls such files."""
        return _('VOI Identification sample')

    def fileType(self):
        """Return the name by which a source asks for this reader."""
        return SAMPLE_FILE_TYPE

    def extensions(self):
        """Return the names of files as a file dialog lists them."""
        return [_('VOI Identification sample') + f' (*{SAMPLE_SUFFIX})']

    def canLoadFile(self, filePath):
        """Return whether a file names a sample."""
        return filePath.endswith(SAMPLE_SUFFIX) and Path(filePath).read_text() in SAMPLES

    def load(self, properties):
        """Make the sample; tell the application of its node."""
        if not self.canLoadFile(properties['fileName']):
            return False
        node = makeSampleVolume(Path(properties['fileName']).read_text())
        self.parent.loadedNodes = [node.GetID()]
        return True


class Refinement(enum.Enum):
    """Kept in scenes by name, so names never change."""

    FIT = 'fit'
    SEARCH = 'search'
    NONE = 'none'

    def label(self):
        """Return what the panel shows."""
        return {
            'fit': _('fitted to the image'),
            'search': _('where the mean is highest'),
            'none': _('the seeds themselves'),
        }[self.value]


class Counting(enum.Enum):
    """Kept in scenes by name, so names never change."""

    PARTIAL = 'partial'
    HARD = 'hard'

    def label(self):
        """Return what the panel shows."""
        return _('by the part inside') if self is Counting.PARTIAL else _('whole or not at all')


class SUVNormalization(enum.Enum):
    """Kept in scenes by name, so names never change."""

    BODY_WEIGHT = 'bw'
    LEAN_BODY_MASS = 'lbm'
    IDEAL_BODY_WEIGHT = 'ibw'
    BODY_SURFACE_AREA = 'bsa'

    def label(self):
        """Return what the panel shows."""
        return {
            'bw': _('body weight'),
            'lbm': _('lean body mass (James)'),
            'ibw': _('ideal body weight'),
            'bsa': _('body surface area'),
        }[self.value]


@parameterNodeWrapper
class VOIIdentificationParameterNode:
    """
    Everything the user chose; saved with the scene.

    inputVolume, seeds, background - The PET volume and the point lists.
    phantom - The phantom as JSON; empty for the default one.
    activity - The fill worksheet as JSON; empty if the activity is unknown.
    suvType - What the SUV is normalized to.
    refinement, counting, searchInPlaneMm, searchAxialMm, searchLimitMm - The settings.
    showTable, show3D, showSeeds - What is shown after Apply.
    limits - Names and files of limits, one a line; baseline - An earlier results.json.
    exportFolder - Where results were exported last.
    """

    inputVolume: vtkMRMLScalarVolumeNode | None
    seeds: vtkMRMLMarkupsFiducialNode | None
    background: vtkMRMLMarkupsFiducialNode | None
    phantom: str = ''
    activity: str = ''
    suvType: SUVNormalization = SUVNormalization.BODY_WEIGHT
    refinement: Refinement = Refinement.FIT
    counting: Counting = Counting.PARTIAL
    searchInPlaneMm: Annotated[float, WithinRange(0.5, 50.0)] = Settings.search_in_plane_mm
    searchAxialMm: Annotated[float, WithinRange(0.5, 50.0)] = Settings.search_axial_mm
    searchLimitMm: Annotated[float, WithinRange(1.0, 100.0)] = Settings.search_limit_mm
    showTable: bool = True
    show3D: bool = True
    showSeeds: bool = False
    limits: str = ''
    baseline: str = ''
    exportFolder: str = ''


class KeyFilter(qt.QObject):
    """Asks about each key that is pressed on a widget, before the widget sees it."""

    def __init__(self, pressed):
        super().__init__()
        self.pressed = pressed

    def eventFilter(self, watched, event):
        """Called by Qt for every event."""
        return event.type() == qt.QEvent.KeyPress and bool(self.pressed(event))


class EditorFilter(qt.QObject):
    """Lets a key filter be asked first in the editors that a table opens over its cells."""

    def __init__(self, keyFilter):
        super().__init__()
        self.keyFilter = keyFilter

    def eventFilter(self, watched, event):
        """Called by Qt for every event of the table's viewport."""
        if event.type() == qt.QEvent.ChildPolished:  # after the table has set its own filter
            for editor in watched.children():
                editor.installEventFilter(self.keyFilter)
        return False


class VOIIdentificationWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The life of the panel; what it does is in `VOIIdentificationLib.panel.panel`."""

    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None
        self.ui = None
        self.panel = None
        self.panelWidget = None
        self.keyFilters = []

    def setup(self):
        """Called when the module is opened or asked for for the first time, and after a reload."""
        ScriptedLoadableModuleWidget.setup(self)
        self.panelWidget = panelWidget = slicer.util.loadUI(self.resourcePath(f'UI/{MODULE}.ui'))
        self.layout.addWidget(panelWidget)
        self.ui = slicer.util.childWidgetVariables(panelWidget)
        panelWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = VOIIdentificationLogic()
        self.panel = Panel(qt, self.ui, self.logic, Path(self.resourcePath('requirements.txt')))
        self.listenToKeys(panelWidget)
        scene = slicer.mrmlScene
        for event in (scene.StartCloseEvent, scene.StartImportEvent):
            self.addObserver(scene, event, self.onSceneStart, priority=BEFORE_SELECTORS)
        for event in (scene.EndCloseEvent, scene.EndImportEvent):
            self.addObserver(scene, event, self.onSceneEnd, priority=AFTER_SELECTORS)
        if self.parent.isEntered:  # reloaded; a script that asks for the logic opens no panel
            self.enter()

    def listenToKeys(self, panelWidget):
        """Let tables be used as those of a spreadsheet, and Escape end placing."""
        slots = [*listening(qt, self.panel), (panelWidget, Escape(qt, self.panel).pressed)]
        self.keyFilters = [(widget, KeyFilter(pressed)) for widget, pressed in slots]
        self.keyFilters += [
            (table.viewport(), EditorFilter(KeyFilter(pressed)))
            for table, pressed in in_editors(qt, self.panel)
        ]
        for widget, keyFilter in self.keyFilters:
            widget.installEventFilter(keyFilter)

    def cleanup(self):
        """Called before the widget goes: when the application ends or the module is reloaded."""
        self.removeObservers()
        for widget, keyFilter in self.keyFilters:
            widget.removeEventFilter(keyFilter)
        self.keyFilters = []
        if self.panel is not None:
            self.panel.leave()
            self.panel.show_section.layout.give_back()
        self.dropPanelWidget()

    def dropPanelWidget(self):
        """
        A reload only hides it: its selectors would go on listening, its buttons keep `panel`.

        It keeps its scene until then: without one the tables of points tell the log of an error.
        """
        if self.panelWidget is not None:
            self.panelWidget.deleteLater()
            self.panelWidget = None

    def enter(self):
        """Called each time the module is opened."""
        self.panel.follow(self.logic.getParameterNode())
        self.panel.show_section.layout.take_again()

    def exit(self):
        """Called each time another module is opened."""
        self.panel.leave()
        self.panel.show_section.layout.give_back()

    def onSceneStart(self, caller, event):
        """Let go of nodes that are about to disappear, or to be read step by step."""
        self.panel.leave()

    def onSceneEnd(self, caller, event):
        """Begin with the scene as it is now; if the panel is not shown, when it is opened."""
        self.logic.readParametersAgain()
        mend_charts(slicer.mrmlScene)
        merge_folders(slicer.mrmlScene)
        if self.parent.isEntered:
            self.enter()

    def onReload(self):
        """Developer mode: the library is read again too, each file when it is imported next."""
        for name in [name for name in sys.modules if name.split('.')[0] == f'{MODULE}Lib']:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)


class VOIIdentificationLogic(ScriptedLoadableModuleLogic):
    """What the panel and the Python console can do; touches no widget, view or layout."""

    def __init__(self):
        ScriptedLoadableModuleLogic.__init__(self)
        self._parameterNode = None
        self._sources = SourceTracer()
        self.measuredVolumes = MeasuredVolumes()
        self.onMeasured = None

    def getParameterNode(self):
        """Return the user's choices; the same object as long as the scene keeps its node."""
        node = ScriptedLoadableModuleLogic.getParameterNode(self)
        if self._parameterNode is None or self._parameterNode.parameterNode is not node:
            self._parameterNode = VOIIdentificationParameterNode(node)
        return self._parameterNode

    def readParametersAgain(self):
        """
        Let the choices hold the nodes of a scene that was read.

        The wrapper of the parameter node remembers what it read last, and reads when
        that node is modified: in the middle of an import, before the nodes that it names are there.
        """
        if self._parameterNode is not None:
            self._parameterNode.Modified()

    def process(
        self,
        volumeNode,
        seedsNode=None,
        phantom=DEFAULT_PHANTOM,
        backgroundNode=None,
        progress=None,
    ):
        """
        Measure a volume with nothing else chosen; what else may be is in `measure`.

        Parameters
        ----------
        volumeNode : vtkMRMLScalarVolumeNode
            The scan of the phantom.

        seedsNode, backgroundNode : vtkMRMLMarkupsFiducialNode or None
            As in `request`.

        phantom : str, Path or Phantom
            As in `request`.

        progress : callable, optional
            Called with the part done, 0 to 1, and a text.

        Returns
        -------
        result : AnalysisResult
            What was found.
        """
        request = self.request(volumeNode, seedsNode, phantom, backgroundNode)
        return self.measure(volumeNode, request, progress)

    def request(self, volumeNode, seedsNode=None, phantom=DEFAULT_PHANTOM, backgroundNode=None):
        """
        Gather what a measurement depends on; `dataclasses.replace` changes settings and the like.

        Parameters
        ----------
        volumeNode : vtkMRMLScalarVolumeNode
            The scan of the phantom. Its background ROIs that were moved are taken along.

        seedsNode, backgroundNode : vtkMRMLMarkupsFiducialNode or None
            Points near the inserts, labeled as these are or in any order, none
            if they are to be found; points of background VOIs.

        phantom : str, Path or Phantom
            A preset, a JSON file, or the phantom itself.

        Returns
        -------
        request : Request
            With the default settings, and nothing known of the activity.
        """
        phantom = phantom if isinstance(phantom, Phantom) else load_phantom(phantom)
        seeds = all_seeds(seedsNode, backgroundNode, phantom)
        return Request(seeds, phantom, rois=wanted_rois(volumeNode))

    def measure(self, volumeNode, request, progress=None):
        """
        Measure a volume, and make or refill the nodes that show the result.

        Parameters
        ----------
        volumeNode : vtkMRMLScalarVolumeNode
            The scan of the phantom. The SUV of the DICOM header is added where
            its files are known.

        request : Request
            Seeds, phantom, settings, what is known.

        progress : callable, optional
            Called with the part done, 0 to 1, and a text.

        Returns
        -------
        result : AnalysisResult
            What was found.
        """
        progress = progress or no_progress
        result = measure(volumeNode, request, self.sourceOf(volumeNode, progress), progress)
        stamp = (*volume_stamp(volumeNode), result.image.unit)
        asked = replace(request, rois=wanted_rois(volumeNode))
        self.measuredVolumes.remember(volumeNode, Measured(result, asked, stamp))
        if self.onMeasured is not None:  # the panel, if it is open
            self.onMeasured(volumeNode)
        return result

    def findSpheres(self, volumeNode, phantom=DEFAULT_PHANTOM, progress=None):
        """
        Look for the spheres of a phantom, and fill the seeds of the volume; nothing is measured.

        Parameters
        ----------
        volumeNode : vtkMRMLScalarVolumeNode
            The scan of the phantom.

        phantom : str, Path or Phantom
            As in `request`.

        progress : callable, optional
            Called with the part done, 0 to 1, and a text.

        Returns
        -------
        seedsNode : vtkMRMLMarkupsFiducialNode
            A point a sphere, to be corrected by hand; those that the image does
            not show are not set.
        """
        phantom = phantom if isinstance(phantom, Phantom) else load_phantom(phantom)
        found = detect(self.imageOf(volumeNode), phantom, progress or no_progress)
        require_in_scene(volumeNode)
        return place_spheres(volumeNode, phantom, found.centers_ras_mm)

    def exportResults(self, result, folder, overwrite=False, progress=None, dicomOf=None):
        """
        Write all files of a result into a folder; return their paths.

        With `dicomOf`, the volume that was measured, a DICOM segmentation and a
        structured report are written too.
        """
        database, dicom = getattr(slicer, 'dicomDatabase', None), None
        if dicomOf is not None:
            dicom = dicom_options(result, dicomOf, database)
        progress = progress or no_progress
        return export_results(
            result, Path(folder), overwrite=overwrite, dicom=dicom, progress=progress
        )

    def sourceOf(self, volumeNode, progress=None):
        """Return where a volume came from, and whether its voxels are those of its files."""
        database = getattr(slicer, 'dicomDatabase', None)
        return self._sources.source(volumeNode, database, progress or no_progress)

    def makeSUVVolume(self, volumeNode, suvType='bw', progress=None, told=None):
        """
        Make a volume of SUV from the DICOM files of a volume, in its place.

        Parameters
        ----------
        volumeNode : vtkMRMLScalarVolumeNode
            Stays as it is.

        suvType : {'bw', 'lbm', 'ibw', 'bsa'}
            Body weight, lean body mass, ideal body weight or body surface area.

        progress : callable, optional
            Called with the part done, 0 to 1, and a text.

        told : callable, optional
            Called with the decisions, as sentences that can be translated.

        Returns
        -------
        suvNode : vtkMRMLScalarVolumeNode
            Its description holds every decision that was taken.
        """
        database, progress = getattr(slicer, 'dicomDatabase', None), progress or no_progress
        source = self.sourceOf(volumeNode, progress)
        return make_suv_volume(volumeNode, source, database, suvType, progress, told)

    def imageOf(self, volumeNode):
        """Return a volume as it is measured: in the world, with what its files say."""
        source = self.sourceOf(volumeNode)
        return image_from_volume_node(volumeNode, unit=source.unit, acquisition=source.acquisition)

    def reloadVolume(self, volumeNode, progress=None):
        """Read a volume again from its DICOM files; return the new node in its place."""
        database = getattr(slicer, 'dicomDatabase', None)
        return reload_volume(volumeNode, database, progress or no_progress)


class VOIIdentificationTest(SelfTest, ScriptedLoadableModuleTest):
    """The way of a user through the real panel, from DICOM files to the workbook; no network."""

    def setUp(self):
        """Begin clean."""
        self.begin()

    def tearDown(self):
        """Leave the application as it was found, but for the scene."""
        self.end()

    def runTest(self):
        """Run all tests; called by Reload and Test."""
        tests = (
            self.test_fromFilesToWorkbook,
            self.test_invertedSeriesIsMended,
            self.test_suvVolume,
            self.test_volumeThatArrives,
            self.test_scenes,
            self.test_findSpheres,
            self.test_samples,
            self.test_dicomPlugIn,
        )
        for test in tests:
            self.setUp()
            try:
                test()
            finally:
                self.tearDown()

    def test_fromFilesToWorkbook(self):
        """Load, place, fill in, apply, export, save, read again."""
        self.check_files_to_workbook()

    def test_invertedSeriesIsMended(self):
        """Whether or not this application's reader inverts MONOCHROME1, the panel must notice."""
        self.check_inverted_series()

    def test_suvVolume(self):
        """The factor of the header, slice by slice."""
        self.check_suv_volume()

    def test_volumeThatArrives(self):
        """With the module open, before it has an image."""
        self.check_arrival()

    def test_scenes(self):
        """Read with the module open, twice."""
        self.check_scenes()

    def test_findSpheres(self):
        """Seeds from the image, without measuring."""
        self.check_search()

    def test_samples(self):
        """From a script as from the button."""
        self.check_samples()

    def test_dicomPlugIn(self):
        """A series that the application's reader inverts."""
        self.check_plug_in()
