"""
Formulas, markup, path separators, 300 characters, emoji and right-to-left text in DICOM strings.

Written into a whole series, which the command line analyzes. Every file that comes out is
opened by a library that had no part in writing it: harmless everywhere, and shown as text.
"""

import contextlib
import csv
import io
import json
import re
from html.parser import HTMLParser

import pydicom
import pytest
from dicom_files import save
from VOIIdentificationLib.cli import main as cli

openpyxl = pytest.importorskip('openpyxl')
pytest.importorskip('SimpleITK')
pytest.importorskip('highdicom')
pytest.importorskip('jinja2')

STRINGS = (
    '=HYPERLINK("http://example.org","x")',
    '+1+cmd|calc!A0',
    '<script>alert(1)</script><img src=x onerror=alert(1)>&amp;"',
    '{{ 7*7 }} {% raw %}',
    '../../etc/passwd C:/x|y?*',
    'x' * 300,
    '🧪☢️ Ø 37',
    'مرحبا עברית',
)
CONTROLS = re.compile('[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]')
ELEMENTS = (
    *('SeriesDescription', 'Manufacturer', 'ManufacturerModelName', 'PatientID', 'PatientName'),
    *('StationName', 'DeviceSerialNumber', 'SoftwareVersions', 'ReconstructionMethod'),
    *('StudyDescription', 'InstitutionName', 'ProtocolName', 'StudyID'),
)
SHOWN = ELEMENTS[:4]
"""What the page shows where the patient is identified."""

EXPORTS = ('quaac', 'qatrack', 'wadqc')


class Page(HTMLParser):
    """What a reader of HTML finds: tags with their attributes, and text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope='module')
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp('study')
    options = ['--shape', '70', '66', '34', '--voxel', '4.1', '4.3', '3.9', '--cov', '0']
    assert cli.main(['make-phantom', str(folder), *options, '--rotation', '20', '--fwhm', '7']) == 0
    return folder


@pytest.fixture(scope='module', params=[0, 3, 6], ids='shift {}'.format)
def run(request, study, tmp_path_factory):
    """Folder of the results, what was printed, and the text in each element."""
    folder = tmp_path_factory.mktemp('hostile')
    told = {
        keyword: STRINGS[(n + request.param) % len(STRINGS)] for n, keyword in enumerate(ELEMENTS)
    }
    for path in sorted((study / 'dicom').iterdir()):
        ds = pydicom.dcmread(path)
        ds.SpecificCharacterSet = 'ISO_IR 192'
        with pydicom.config.disable_value_validation():
            for keyword, text in told.items():
                setattr(ds, keyword, text)
        save(ds, folder / 'in' / path.name)
    command = ['analyze', str(folder / 'in'), '--output', str(folder / 'out'), '--identify']
    command += ['--seeds', str(study / 'seeds.mrk.json'), '--dicom-seg', '--dicom-sr']
    for kind in EXPORTS:
        command += ['--export', kind, str(folder / f'{kind}.json')]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert cli.main(command) == 0, err.getvalue()
    names = {path.name for path in folder.iterdir()}
    assert names == {'in', 'out', *(f'{kind}.json' for kind in EXPORTS)}
    return folder, out.getvalue() + err.getvalue(), told


def test_the_terminal_gets_no_control_characters(run):
    assert not CONTROLS.search(run[1])


def test_workbooks_hold_no_formula_and_no_link(run):
    texts = []
    for path in run[0].glob('out/*.xlsx'):
        for sheet in openpyxl.load_workbook(path):
            assert re.fullmatch(r'[^\[\]:*?/\\]{1,31}', sheet.title)
            for row in sheet.iter_rows():
                for cell in row:
                    assert cell.data_type != 'f', (path.name, sheet.title, cell.coordinate)
                    assert cell.hyperlink is None
                    texts.append(str(cell.value))
    assert any(run[2]['SeriesDescription'] in text for text in texts)


def test_the_page_shows_them_as_text(run):
    page = Page((run[0] / 'out' / 'report.html').read_text(encoding='utf-8'))
    assert 'script' not in {tag for tag, _ in page.tags}
    for _tag, attrs in page.tags:
        assert not [name for name in attrs if name.startswith('on')]
        assert not (attrs.get('src') or attrs.get('href') or '').startswith(('http', 'x', 'file'))
    text = ' '.join(' '.join(page.text).split())
    for keyword in SHOWN:
        assert run[2][keyword][:60] in text, keyword


def test_tables_hold_no_cell_that_a_spreadsheet_would_reckon(run):
    paths = list((run[0] / 'out').rglob('*.csv'))
    assert paths
    for path in paths:
        with path.open(encoding='utf-8-sig', newline='') as stream:
            for row in csv.reader(stream):
                for cell in row:
                    number = re.fullmatch(r'[-+]?[\d.]+(e[-+]?\d+)?', cell)
                    assert number or not cell.startswith(('=', '+', '-', '@', '\t')), cell


def test_json_is_json_and_says_what_the_header_says(run):
    for path in [*run[0].glob('*.json'), *run[0].glob('out/*.json')]:
        json.loads(path.read_text(encoding='utf-8'))
    text = json.dumps(json.loads((run[0] / 'out' / 'results.json').read_text(encoding='utf-8')))
    assert json.dumps(run[2]['Manufacturer'])[1:-1][:60] in text


def test_pictures_are_whole(run):
    from matplotlib.image import imread

    pictures = list((run[0] / 'out').rglob('*.png'))
    assert pictures
    assert all(imread(path).size > 1000 for path in pictures[:3])


@pytest.mark.filterwarnings('ignore:The value length')  # identifiers are kept as they are
def test_dicom_objects_are_read_by_others_and_keep_the_patient(run):
    found = {}
    for path in (run[0] / 'out').rglob('*.dcm'):
        ds = pydicom.dcmread(path)
        found[ds.Modality] = ds
        assert str(ds.PatientID) == run[2]['PatientID'].replace('\\', ' ')
        for element in ds.iterall():
            if element.VR in {'LO', 'SH', 'UT', 'ST', 'LT'} and isinstance(element.value, str):
                assert not CONTROLS.search(element.value)
    assert set(found) == {'SEG', 'SR'}
