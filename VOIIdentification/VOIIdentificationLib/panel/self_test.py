"""What the module checks of itself inside the application, through its own panel."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import slicer
from slicer.i18n import tr as _

from ..mrml.nodes import Node
from ..mrml.outputs import find_outputs
from ..mrml.volume import volume_node_from_image
from ..synthetic.samples import SAMPLES
from .results import missing_requirements

if TYPE_CHECKING:
    from ..synthetic.truth import Truth

_MODULE = 'VOIIdentification'
_OWN_READER, _PLUG_IN = ('DICOMScalarVolumePlugin',), 'VOIIdentificationDICOMPlugin'
_SEED_OFFSET_MM = (3.0, -2.0, 1.0)
_MAX_CENTER_ERROR_MM = 1.0
_WEIGHT_G = 1e4
_DOSE_AT_SCAN_BQ = 7.0e7 * 2.0 ** (-3600.0 / 6583.68)
"""Of the written series: 70 MBq of F-18, an hour before the scan."""

_MIN_CONTRAST_PERCENT = 70.0
"""Of the 37 mm sphere, without noise."""

_FILLS = {
    0: ('20', '10:15', '', '', '1000'),
    1: ('40', '10:15', '', '', '8000'),
}
"""Columns of the worksheet: the synthetic phantom's 20 and 5 kBq/mL at the start of the scan."""


class SelfTest:
    """
    Drives the panel that the application shows; mixed into a `unittest.TestCase`.

    It needs no network: the study is made, written as DICOM and imported into a
    database of its own.
    """

    def begin(self) -> None:
        """Begin clean, whatever a test before left: an empty scene, a panel that begins with it."""
        slicer.util.getModuleWidget(_MODULE).exit()
        slicer.mrmlScene.Clear()
        slicer.app.processEvents()

    def end(self) -> None:
        """A panel that only the test has opened listens no more, and the layout is the user's."""
        widget = slicer.util.getModuleWidget(_MODULE)
        if not widget.parent.isEntered:
            widget.exit()

    def check_arrival(self: Any) -> None:
        """A volume is selected before it has an image: the panel waits, and then takes it."""
        image = self._small_image()
        panel = self._panel_for(None)
        volume = slicer.mrmlScene.AddNewNodeByClass('vtkMRMLScalarVolumeNode', 'Arriving')
        panel.parameters.inputVolume = volume
        self.assertFalse(panel.ui.applyButton.enabled)
        volume_node_from_image(image, 'Arriving', volume_node=volume)
        slicer.app.processEvents()
        self.assertTrue(panel.ui.applyButton.enabled, panel.ui.applyButton.toolTip)
        self._check_selectors(panel)
        slicer.mrmlScene.RemoveNode(volume)
        self.assertIsNone(panel.parameters.inputVolume)
        self._check_selectors(panel)
        self.delayDisplay('Test passed: a volume that arrives and goes')

    def check_scenes(self: Any) -> None:
        """Two volumes, the second chosen, saved and read: once, and over the present scene."""
        panel = self._panel_for(volume_node_from_image(self._small_image(), 'First'))
        panel.parameters.inputVolume = volume_node_from_image(self._small_image(), 'Second')
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            file = str(Path(folder) / 'scene.mrb')
            self.assertTrue(slicer.util.saveScene(file))
            slicer.mrmlScene.Clear()
            for _n in range(2):
                slicer.util.loadScene(file)
                slicer.app.processEvents()
                slicer.util.getModuleWidget(_MODULE).enter()
                self.assertEqual(panel.parameters.inputVolume.GetName(), 'Second')
                self.assertEqual(panel.parameters.seeds.GetName(), 'Second seeds')
                self._check_selectors(panel)
        self.delayDisplay('Test passed: scenes')

    def check_search(self: Any) -> None:
        """Find spheres puts a seed on each sphere; nothing is measured before Apply."""
        from ..synthetic.phantom import SyntheticPhantom, grid, synthesize

        image, truth = synthesize(SyntheticPhantom(grid((60, 54, 26), (4.5, 4.5, 5.0))))
        panel = self._panel_for(volume_node_from_image(image, 'Search'))
        panel.ui.findSpheresButton.click()
        seeds = panel.parameters.seeds
        self.assertEqual(seeds.GetNumberOfDefinedControlPoints(), len(truth.inserts))
        for n, true in enumerate(truth.inserts):
            place = [0.0, 0.0, 0.0]
            seeds.GetNthControlPointPositionWorld(n, place)
            error_mm = math.dist(place, true.center_ras_mm)
            self.assertLess(error_mm, _MAX_CENTER_ERROR_MM, true.insert.label)
        self.assertIsNone(panel.result)
        self.delayDisplay('Test passed: find spheres')

    def check_samples(self: Any) -> None:
        """A script gets a sample from Sample Data as its button makes it."""
        import SampleData

        for name in SAMPLES:
            node = SampleData.downloadSample(name)
            self.assertEqual(node.GetName(), name)
            self.assertEqual(node.GetVoxelValueUnits().GetCodeValue(), 'Bq/ml')
        self.delayDisplay('Test passed: samples')

    def check_plug_in(self: Any) -> None:
        """The DICOM module offers what its own reader would invert, and loads it as stored."""
        plug_ins = [*_OWN_READER, _PLUG_IN]
        with self._imported_phantom('MONOCHROME1', plug_ins) as (volume, truth, _folder):
            highest = volume.GetImageData().GetScalarRange()[1]
            self.assertAlmostEqual(highest / float(truth.noise_free.max()), 1.0, 3)
            panel = self._panel_for(volume)
            self.assertTrue(panel.logic.sourceOf(volume).trusted)
        self.delayDisplay('Test passed: DICOM plug-in')

    def _check_selectors(self: Any, panel: Any) -> None:
        chosen, ui = panel.parameters, panel.ui
        self.assertIs(ui.inputVolumeSelector.currentNode(), chosen.inputVolume)
        self.assertIs(ui.seedsWidget.currentNode(), chosen.seeds)
        self.assertIs(ui.backgroundWidget.currentNode(), chosen.background)

    def _small_image(self) -> Any:
        from ..synthetic.phantom import SyntheticPhantom, grid, synthesize

        return synthesize(SyntheticPhantom(grid((48, 44, 20), (6.0, 6.0, 8.0))))[0]

    def check_files_to_workbook(self: Any) -> None:
        """Load, place, fill in, apply, export, save, read again."""
        with self._imported_phantom('MONOCHROME2') as (volume, truth, folder):
            panel = self._panel_for(volume)
            self._place_seeds(panel, truth)
            self._fill_in(panel)
            self.assertTrue(panel.ui.applyButton.enabled, panel.ui.applyButton.toolTip)
            panel.ui.applyButton.click()
            self._check_outputs(volume, truth)
            self._check_standards(panel, volume)
            self._check_what_is_shown(panel)
            if missing_requirements(panel.results_section.requirements):
                self.delayDisplay('The workbook is not tested: its packages are not installed')
            else:
                target = str(folder / 'results')
                with patch.object(panel.dialogs, 'choose_folder', lambda _start: target):
                    panel.ui.exportButton.click()
                self.assertTrue((folder / 'results' / 'outputMetaTargets.xlsx').is_file())
            worksheet = panel.parameters.activity
            self.assertTrue(slicer.util.saveScene(str(folder / 'scene.mrb')))
            slicer.mrmlScene.Clear()
            slicer.util.loadScene(str(folder / 'scene.mrb'))
            self._check_outputs(panel.logic.getParameterNode().inputVolume, truth)
            self.assertEqual(panel.logic.getParameterNode().activity, worksheet)
        self.delayDisplay('Test passed: from files to workbook')

    def _check_what_is_shown(self: Any, panel: Any) -> None:
        """Without a window there is no layout; the rest is the same."""
        section, ui = panel.show_section, panel.ui
        if slicer.app.layoutManager() is not None:
            self.assertTrue(section.layout.is_shown)
        self.assertIn(_('Verdict'), str(ui.resultsBrowser.html))
        self.assertTrue(ui.tableComboBox.enabled)
        self.assertFalse(panel.parameters.seeds.GetDisplayVisibility())
        section.layout.give_back()
        self.assertFalse(section.layout.is_shown)
        section.layout.take_again()

    def check_inverted_series(self: Any) -> None:
        """Whether or not this application's reader inverts MONOCHROME1, the panel must notice."""
        with self._imported_phantom('MONOCHROME1') as (volume, truth, _folder):
            panel = self._panel_for(volume)
            if not panel.logic.sourceOf(volume).trusted:
                panel.ui.reloadButton.click()
            mended = panel.parameters.inputVolume
            self.assertTrue(panel.logic.sourceOf(mended).trusted)
            highest = mended.GetImageData().GetScalarRange()[1]
            self.assertAlmostEqual(highest / float(truth.noise_free.max()), 1.0, 3)
        self.delayDisplay('Test passed: inverted series')

    def check_suv_volume(self: Any) -> None:
        """The highest SUV is the highest concentration times weight over decayed dose."""
        with self._imported_phantom('MONOCHROME2') as (volume, truth, _folder):
            panel = self._panel_for(volume)
            self.assertTrue(panel.ui.makeSUVButton.enabled, panel.ui.makeSUVButton.toolTip)
            panel.ui.makeSUVButton.click()
            nodes = slicer.util.getNodesByClass('vtkMRMLScalarVolumeNode')
            suv = next(node for node in nodes if node.GetName().endswith('SUVbw'))
            expected = float(truth.noise_free.max()) * _WEIGHT_G / _DOSE_AT_SCAN_BQ
            highest = suv.GetImageData().GetScalarRange()[1]
            self.assertAlmostEqual(highest / expected, 1.0, 3)
            self.assertEqual(suv.GetVoxelValueUnits().GetCodeValue(), '{SUVbw}g/ml')
        self.delayDisplay('Test passed: SUV volume')

    @contextmanager
    def _imported_phantom(
        self: Any, photometric: Any, plug_ins: Sequence[str] = _OWN_READER
    ) -> Iterator[tuple[Node, Truth, Path]]:
        """
        Write a synthetic series, import it into a database of its own, and load it.

        The plug-ins are named: those of other extensions, as for SUV, would make other volumes.
        """
        from DICOMLib import DICOMUtils

        from ..dicom.write import Scan, write_pet_series
        from ..synthetic.phantom import SyntheticPhantom, grid, synthesize

        image, truth = synthesize(SyntheticPhantom(grid((96, 88, 40), (3.0, 3.0, 4.0))))
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            files = Path(name) / 'dicom'
            write_pet_series(image, files, seed=1, scan=Scan(photometric=photometric))
            with DICOMUtils.TemporaryDICOMDatabase() as database:
                self.assertTrue(DICOMUtils.importDicom(str(files), database))
                loaded = [
                    slicer.mrmlScene.GetNodeByID(node_id)
                    for uid in database.patients()
                    for node_id in DICOMUtils.loadPatientByUID(
                        uid, enabledPluginClassNames=list(plug_ins)
                    )
                ]  # with what the open panel has added meanwhile
                volumes = [node for node in loaded if node.IsA('vtkMRMLScalarVolumeNode')]
                self.assertEqual(len(volumes), 1, 'the series was not loaded')
                yield volumes[0], truth, Path(name)

    def _panel_for(self, volume: Node) -> Any:
        """Open the module on a volume."""
        widget = slicer.util.getModuleWidget(_MODULE)
        widget.enter()
        widget.panel.parameters.inputVolume = volume
        slicer.app.processEvents()
        return widget.panel

    def _place_seeds(self: Any, panel: Any, truth: Truth) -> None:
        seeds = panel.parameters.seeds
        self.assertEqual(seeds.GetNumberOfControlPoints(), len(truth.inserts))
        self.assertEqual(seeds.GetNumberOfDefinedControlPoints(), 0)
        for n, true in enumerate(truth.inserts):
            place = (x + off for x, off in zip(true.center_ras_mm, _SEED_OFFSET_MM, strict=True))
            seeds.SetNthControlPointPositionWorld(n, *place)

    def _fill_in(self: Any, panel: Any) -> None:
        """Type into the worksheet; the scan start is there already, from the header."""
        self.assertIn('10:15', panel.ui.scanStartLineEdit.text)
        for column, texts in _FILLS.items():
            for row, text in enumerate(texts):
                if text:
                    panel.ui.worksheetTable.item(row, column).setText(text)
        self.assertIn('ratio 4.000', panel.ui.activityLabel.text)

    def _check_outputs(self: Any, volume: Node, truth: Truth) -> None:
        """Compare centers, segments and table with the truth."""
        outputs: Any = find_outputs(volume)
        for n, true in enumerate(truth.inserts):
            center = [0.0, 0.0, 0.0]
            outputs.centers.GetNthControlPointPositionWorld(n, center)
            error_mm = math.dist(center, true.center_ras_mm)
            self.assertLess(error_mm, _MAX_CENTER_ERROR_MM, true.insert.label)
        segments = outputs.segmentation.GetSegmentation().GetNumberOfSegments()
        self.assertEqual(segments, len(truth.inserts))
        self.assertEqual(outputs.tables['spheres'].GetNumberOfRows(), len(truth.inserts))

    def _check_standards(self: Any, panel: Any, volume: Node) -> None:
        """The tables of NEMA NU 2 and of recovery, and the ROIs in the views."""
        outputs: Any = find_outputs(volume)
        result = panel.result
        self.assertEqual(outputs.tables['nema'].GetNumberOfRows(), len(result.spheres))
        self.assertEqual(outputs.tables['recovery'].GetNumberOfRows(), len(result.spheres))
        self.assertEqual(outputs.background_rois.GetNumberOfControlPoints(), 12)
        self.assertFalse(result.recovery.relative)
        self.assertAlmostEqual(result.activity.ratio, 4.0)
        self.assertGreater(result.nema.spheres[0].contrast_percent, _MIN_CONTRAST_PERCENT)
        self.assertIsNotNone(result.suv)
