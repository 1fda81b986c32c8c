"""
A stand-in for `DICOMLib` and the application's database, as far as a plug-in meets them.

After Slicer's Modules/Scripted/DICOMLib: DICOMPlugin.py (the cache, the hierarchy) and
DICOMUtils.py (who is asked, in what order; only the highest confidence is selected; what is
selected is loaded). Whatever the application does not list raises AttributeError.
"""

import types

from stand_in_classes import API


def _listed(name):
    entry = API['DICOMLib'][name]
    return {*entry['attributes'], *entry.get('instance', ())}


class Listed:
    """Takes no attribute that the application does not list, unless it is a subclass's own."""

    def __setattr__(self, name, value):
        if name not in _listed(self.api_name) and not hasattr(type(self), name):
            msg = f'the application does not list DICOMLib.{self.api_name}.{name}'
            raise AttributeError(msg)
        object.__setattr__(self, name, value)


class DICOMLoadable(Listed):
    api_name = 'DICOMLoadable'

    def __init__(self):
        self.files, self.name, self.tooltip, self.warning = [], 'Unknown', 'No information', ''
        self.selected, self.confidence = False, 0.5


class DICOMPlugin(Listed):
    api_name = 'DICOMPlugin'

    def __init__(self):
        self.loadType, self.loadableCache, self.tempDir = 'Generic DICOM', {}, None
        self.tags = {'instanceUID': '0008,0018'}

    def getCachedLoadables(self, files):
        return self.loadableCache.get(tuple(files))

    def cacheLoadables(self, files, loadables):
        self.loadableCache[tuple(files)] = loadables

    def examineForImport(self, _lists):
        return []

    def examine(self, lists):
        return self.examineForImport(lists)

    def defaultSeriesNodeName(self, uid):
        import slicer

        first = slicer.dicomDatabase.filesForSeries(uid, 1)[0]
        number = slicer.dicomDatabase.fileValue(first, '0020,0011')
        name = slicer.dicomDatabase.fileValue(first, '0008,103e') or 'Unnamed Series'
        return f'{number}: {name}' if number else name

    def addSeriesInSubjectHierarchy(self, loadable, node):
        import slicer

        value, first = slicer.dicomDatabase.fileValue, loadable.files[0]
        names, tree = slicer.vtkMRMLSubjectHierarchyConstants, node.GetScene()
        tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(tree)
        item = tree.CreateItem(tree.GetSceneItemID(), node)
        series, study = value(first, '0020,000e'), value(first, '0020,000d')
        tree.SetItemUID(item, names.GetDICOMUIDName(), series)
        uids = ' '.join(value(file, '0008,0018') for file in loadable.files)
        tree.SetItemUID(item, names.GetDICOMInstanceUIDName(), uids)
        slicer.vtkSlicerSubjectHierarchyModuleLogic.InsertDicomSeriesInHierarchy(
            tree, value(first, '0010,0020'), study, series
        )


class SeriesDatabase:
    """`slicer.dicomDatabase` with the files of a folder."""

    isOpen = True

    def __init__(self, folder):
        from pydicom import dcmread

        self._headers = {
            str(path): dcmread(path, stop_before_pixels=True)
            for path in sorted(folder.iterdir())
            if path.is_file()
        }

    def filesForSeries(self, uid, _hits=-1):
        return [file for file, ds in self._headers.items() if ds.SeriesInstanceUID == uid]

    def fileValue(self, file, tag):
        group, element = (int(part, 16) for part in tag.split(','))
        found = self._headers[file].get((group, element))
        return '' if found is None else str(found.value)

    def fileForInstance(self, uid):
        return next((f for f, ds in self._headers.items() if ds.SOPInstanceUID == uid), '')

    @property
    def series(self):
        return sorted({str(ds.SeriesInstanceUID) for ds in self._headers.values()})


class ScalarVolumePlugin(DICOMPlugin):
    """The application's own: offers every series with confidence 0.5, and is not asked to load."""

    def examineForImport(self, lists):
        loadables = []
        for files in lists:
            loadable = DICOMLoadable()
            loadable.files, loadable.name, loadable.selected = list(files), 'scalar', True
            loadables.append(loadable)
        return loadables


def load_all():
    """As DICOMUtils.loadSeriesByUID: the plug-ins that were used, and the nodes they made."""
    import slicer

    offers = []
    lists = [tuple(slicer.dicomDatabase.filesForSeries(u)) for u in slicer.dicomDatabase.series]
    for plugin_class in slicer.modules.dicomPlugins.values():
        plugin = plugin_class()
        found = plugin.examineForImport(lists) or plugin.examine(lists)
        offers += [(plugin, loadable) for loadable in found]
    best = {}
    for _plugin, loadable in offers:
        key = _series(loadable)
        best[key] = max(best.get(key, -1), loadable.confidence)
    chosen = [(p, one) for p, one in offers if one.confidence == best[_series(one)]]
    return [(plugin, loadable, plugin.load(loadable)) for plugin, loadable in chosen]


def _series(loadable):
    import slicer

    return slicer.dicomDatabase.fileValue(loadable.files[0], '0020,000e')


def dicom_lib():
    """`DICOMLib` as a module."""
    return types.SimpleNamespace(DICOMLoadable=DICOMLoadable, DICOMPlugin=DICOMPlugin)
