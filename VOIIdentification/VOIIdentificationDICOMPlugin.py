"""
Slicer's second door to the library: a plug-in of the DICOM module.

It offers PET series that the application's own readers are known to get wrong, read by the
library, and leaves all others alone.
"""

from pathlib import Path

import slicer
from DICOMLib import DICOMLoadable, DICOMPlugin
from slicer.i18n import tr as _
from VOIIdentificationLib.dicom.misread import DCMTK, GDCM, misread_series
from VOIIdentificationLib.mrml.dicom_volume import load_as_stored

PLUGIN = 'VOIIdentificationDICOMPlugin'

CONFIDENCE = 0.95
"""Of 0 to 1. Slicer's reader of scalar volumes has 0.5; only the highest is selected."""

READER_SETTING, READERS = 'DICOM/ScalarVolume/ReaderApproach', (GDCM, DCMTK, GDCM, GDCM)
"""
What the user has set Slicer to read with: a place in this list.

As readerApproaches of Slicer's DICOMScalarVolumePlugin; the last, Archetype, reads with GDCM.
"""


class VOIIdentificationDICOMPlugin:
    """What the application lists of the plug-in: nothing, as it has no panel."""

    def __init__(self, parent):
        parent.title = _('VOI Identification DICOM plug-in')
        parent.categories = ['Developer Tools.DICOM Plugins']
        parent.contributors = ['The VOI Identification developers']
        parent.helpText = _(
            'Loads PET series from the DICOM module as the scanner stored them, where the '
            'application itself would invert, round, bend or repeat them. It has no panel.'
        )
        parent.acknowledgementText = _('A part of VOI Identification.')
        parent.hidden = True
        if not hasattr(slicer.modules, 'dicomPlugins'):  # found before the DICOM module
            slicer.modules.dicomPlugins = {}
        slicer.modules.dicomPlugins[PLUGIN] = VOIIdentificationDICOMPluginClass


class VOIIdentificationDICOMPluginClass(DICOMPlugin):
    """What the DICOM module asks about series, and how they are loaded."""

    def __init__(self):
        super().__init__()
        self.loadType = _('PET, values as stored')
        self.tags['modality'] = '0008,0060'

    def examineForImport(self, fileLists):
        """Return what is offered for lists of files; each list is looked at once."""
        loadables = []
        for files in fileLists:
            offered = self.getCachedLoadables(files)
            if offered is None:
                offered = self.examineFiles(files)
                self.cacheLoadables(files, offered)
            loadables += offered
        return loadables

    def examineFiles(self, files):
        """Return one loadable for a PET series that would be read wrongly; else none."""
        if slicer.dicomDatabase.fileValue(files[0], self.tags['modality']) != 'PT':
            return []
        series = misread_series([Path(file) for file in files], readerInUse())
        return [] if series is None else [self.loadableOf(series)]

    def loadableOf(self, series):
        """Return the offer; no warning is on it, as Slicer asks before it loads what has one."""
        loadable = DICOMLoadable()
        loadable.files = [str(plane.file.path) for plane in series.stack.slices]
        loadable.name = nodeName(self.defaultSeriesNodeName(series.stack.series.uid))
        loadable.tooltip = '\n'.join(
            [
                _('Read by VOI Identification, as the scanner stored it.'),
                _('Warning: other readers of the application get this series wrong.'),
                *(reason(one) for one in series.misreadings),
            ]
        )
        loadable.selected = True
        loadable.confidence = CONFIDENCE
        return loadable

    def load(self, loadable):
        """Return a volume of the values in the files."""
        node = load_as_stored([Path(file) for file in loadable.files], loadable.name)
        self.addSeriesInSubjectHierarchy(loadable, node)
        logic = slicer.app.applicationLogic()
        logic.GetSelectionNode().SetActiveVolumeID(node.GetID())
        logic.PropagateVolumeSelection()
        return node


def readerInUse():
    """Return the library that the application reads volumes with."""
    place = slicer.util.settingsValue(READER_SETTING, 0, converter=int)
    return READERS[place] if 0 <= place < len(READERS) else GDCM


def nodeName(series):
    """Return the name of a series without the characters that files cannot have."""
    return series.translate(str.maketrans({'|': '-', '/': '-', '\\': '-', '*': '(star)'}))


def reason(misreading):
    """Return in a sentence what would go wrong."""
    text = {
        'inverted': _(
            '{count} slices are stored as MONOCHROME1: their values would be turned upside down.'
        ),
        'rounded': _(
            '{count} slices have a slope that is no whole number: DCMTK, which is chosen in the '
            'settings, would round their values.'
        ),
        'first_scale': _(
            'The {count} frames have slopes of their own: all would get that of the first.'
        ),
        'frame_order': _(
            'The {count} frames are not stored in the order of their places: they would be mixed.'
        ),
        'repeated': _(
            '{count} slices are there twice: the volume would be longer than the phantom.'
        ),
        'bent': _(
            '{count} slices lie up to {off:.3f} mm off a regular grid: the volume would be put '
            'under a transform that bends it, and could not be measured.'
        ),
    }[misreading.kind]
    return text.format(count=misreading.slice_count, off=misreading.off_mm)
