"""
A stand-in for Slicer's `SampleData`, after Modules/Scripted/SampleData/SampleData.py.

The button of a source calls its customDownloader. A script's `downloadSample` never does: it gets
the file from the source's address into the cache, by urllib, and lets the application load it.
"""

import types
import urllib.request


class Source:
    def __init__(self, **options):
        self.sampleName = options['sampleName']
        self.customDownloader = options.get('customDownloader')
        single = ('uris', 'fileNames', 'nodeNames', 'loadFileTypes')
        for name in single:
            setattr(self, name, [options.get(name)])
        assert None not in (*self.uris, *self.fileNames)


class SampleData:
    """The module, with the readers that the application has, and its cache folder."""

    def __init__(self, cache, readers, *, categories=True):
        self.sources, self.titles, self._cache, self._readers = {}, {}, cache, readers
        logic = {'registerCustomSampleDataSource': self._register}
        if categories:  # Slicer 5.12 and later
            logic['registerCustomSampleDataCategory'] = self._title
        self.SampleDataLogic = types.SimpleNamespace(**logic)

    def _register(self, category, **options):
        assert options['sampleName'] not in self.sources
        self.sources[options['sampleName']] = Source(**options)

    def _title(self, category, title):
        self.titles[category] = title

    def press(self, name):
        """The button of a sample."""
        return self.sources[name].customDownloader(self.sources[name])

    def downloadSample(self, name):
        """From a script."""
        source = self.sources[name]
        path = self._cache / source.fileNames[0]
        if not path.is_file() or path.stat().st_size == 0:
            urllib.request.urlretrieve(source.uris[0], path)
        reader = next(one for one in self._readers if one.fileType() == source.loadFileTypes[0])
        properties = {'fileName': str(path), 'name': source.nodeNames[0]}
        assert reader.load(properties) is True
        import slicer

        return slicer.mrmlScene.GetNodeByID(reader.parent.loadedNodes[0])
