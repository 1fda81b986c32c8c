"""Reading a header: `pydicom.dcmread`, which parses everything, is the judge of each value."""

import struct

import numpy as np
import pydicom
import pytest
from dicom_files import NATIVE, Made, item, save
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataelem import DataElement
from VOIIdentificationLib.dicom.attributes import WANTED, tag_of
from VOIIdentificationLib.dicom.file import read_header


def rich_dataset(syntax, *, undefined_length):
    """Sequences within sequences, an icon with pixels of its own, private and unknown elements."""
    ds = Made(syntax=syntax).datasets()[0]
    inner = item(CodeValue='C-111A1', CodingSchemeDesignator='SRT')
    ds.RadiopharmaceuticalInformationSequence = item(
        RadionuclideTotalDose='370000000', RadionuclideCodeSequence=inner
    )
    ds.IconImageSequence = item(Rows=1, Columns=2, PixelData=b'\1\2')
    ds.IconImageSequence[0]['PixelData'].VR = 'OB'
    ds.ReferencedImageSequence = pydicom.Sequence([])
    ds.private_block(0x0009, 'GEMS_PETD_01', create=True).add_new(0x0D, 'DT', '20260301101500')
    ds.add(DataElement(0x00091011, 'UN', b'A' * 30))
    ds.add(DataElement(0x00189999, 'OB', b'\0' * 300))
    for name in ('RadiopharmaceuticalInformationSequence', 'IconImageSequence'):
        ds[name].is_undefined_length = undefined_length
        ds[name].value[0].is_undefined_length_sequence_item = undefined_length
    inner_element = ds.RadiopharmaceuticalInformationSequence[0]['RadionuclideCodeSequence']
    inner_element.is_undefined_length = undefined_length
    return ds


@pytest.mark.parametrize('syntax', NATIVE.values(), ids=NATIVE.keys())
@pytest.mark.parametrize('undefined_length', [False, True])
def test_values_and_pixels_are_those_that_pydicom_finds(tmp_path, syntax, undefined_length):
    path = save(rich_dataset(syntax, undefined_length=undefined_length), tmp_path / 'one')

    file = read_header(path)

    ds = pydicom.dcmread(path)
    assert file.transfer_syntax == syntax
    assert not file.cut
    for keyword in WANTED:
        assert (tag_of(keyword) in file.dataset) == (keyword in ds)
        if keyword in ds and ds[keyword].VR != 'SQ':
            value = ds[keyword].value
            several = isinstance(value, pydicom.multival.MultiValue)
            texts = tuple(str(part) for part in value) if several else (str(value),)
            assert file.texts(keyword) == texts
            assert ds[keyword].VR != 'US' or file.integer(keyword) == value
    dose = file.item('RadiopharmaceuticalInformationSequence')
    assert dose.number('RadionuclideTotalDose') == 370e6
    assert dose.item('RadionuclideCodeSequence').text('CodeValue') == 'C-111A1'
    assert file.private_text(0x0009, 'GEMS_PETD_01', 0x0D) == ('20260301101500', True)
    assert file.pixels == 'PixelData'
    assert file.pixel_length == len(ds.PixelData)
    if syntax != NATIVE['deflated']:
        data = path.read_bytes()
        pixels = data[file.pixel_offset : file.pixel_offset + file.pixel_length]
        assert pixels == ds.PixelData


def test_an_element_that_is_not_kept_is_no_missing_element(tmp_path):
    file = read_header(save(Made().datasets()[0], tmp_path / 'one'))
    with pytest.raises(KeyError, match='OperatorsName is not among'):
        file.text('OperatorsName')
    with pytest.raises(KeyError, match='Unitz'):
        tag_of('Unitz')


def test_a_header_longer_than_the_first_read_is_read_on(tmp_path):
    ds = Made().datasets()[0]
    ds.add(DataElement(0x00091011, 'OB', b'\7' * 100_000))
    ds.add(DataElement(0x00110010, 'LO', 'x'))
    path = save(ds, tmp_path / 'long')
    assert read_header(path).text('Units') == 'BQML'


# Sequences of unknown representation are implicit inside (PS3.5, 6.2.2). Some writers leave the
# representation out altogether.
UNKNOWN_SEQUENCE = (
    struct.pack('<HH2sHL', 0x0021, 0x1001, b'UN', 0, 0xFFFFFFFF)
    + struct.pack('<HHL', 0xFFFE, 0xE000, 0xFFFFFFFF)
    + struct.pack('<HHL', 0x0008, 0x0100, 300)
    + b'x' * 300
    + struct.pack('<HHL', 0xFFFE, 0xE00D, 0)
    + struct.pack('<HHL', 0xFFFE, 0xE0DD, 0)
)
LIKE_A_REPRESENTATION = UNKNOWN_SEQUENCE.replace(
    struct.pack('<L', 300) + b'x' * 300, struct.pack('<L', 0x4141) + b'x' * 0x4141
)
WITHOUT_REPRESENTATION = struct.pack('<HHL', 0x0021, 0x1002, 4) + b'abcd'


@pytest.mark.parametrize('element', [UNKNOWN_SEQUENCE, WITHOUT_REPRESENTATION], ids=['UN', 'none'])
def test_elements_that_switch_to_implicit_are_stepped_over(tmp_path, element):
    stored = np.full((1, 6, 7), 0x5A5B, np.uint16)
    path = save(Made(stored=stored).datasets()[0], tmp_path / 'one')
    data = path.read_bytes()
    place = data.index(b'\x28\x00\x02\x00US')
    path.write_bytes(data[:place] + element + data[place:])

    file = read_header(path)

    assert file.text('Units') == 'BQML'
    pixels = path.read_bytes()[file.pixel_offset : file.pixel_offset + file.pixel_length]
    assert pixels == stored.tobytes()


def test_what_pydicom_cannot_step_over_cuts_the_file(tmp_path):
    """The length of an implicit element reads "AA", like a representation: pydicom errs."""
    path = save(Made().datasets()[0], tmp_path / 'one')
    data = path.read_bytes()
    place = data.index(b'\x28\x00\x02\x00US')
    path.write_bytes(data[:place] + LIKE_A_REPRESENTATION + data[place:])

    file = read_header(path)

    assert file.cut
    assert not file.pixels
    assert file.text('SeriesInstanceUID') == '1.2.3.4'  # so that the series is refused


def test_a_misspelled_character_set_is_guessed_in_silence(tmp_path):
    ds = Made().datasets()[0]
    ds.SpecificCharacterSet, ds.SeriesDescription = 'ISO_IR 192', 'Präzise'
    path = save(ds, tmp_path / 'one')
    path.write_bytes(path.read_bytes().replace(b'ISO_IR 192', b'ISO-IR 192'))

    assert read_header(path).line('SeriesDescription') == 'Präzise'


@pytest.mark.parametrize(
    'data',
    [
        b'',
        b'short',
        bytes(200),
        b'\0' * 128 + b'DICM',
        b'\0' * 128 + b'DICM' + b'\xff' * 100,
        b'\x08\x00\x05\x00' + bytes(300),
        b'%PDF-1.7' * 100,
    ],
)
def test_what_is_not_dicom_is_none(tmp_path, data):
    path = tmp_path / 'other'
    path.write_bytes(data)
    assert read_header(path) is None


@pytest.fixture(scope='module')
def whole_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp('whole')
    return [
        save(rich_dataset(syntax, undefined_length=True), folder / f'{n}')
        for n, syntax in enumerate(NATIVE.values())
    ]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(n=st.integers(0, 3), part=st.floats(0.0, 1.0))
def test_a_file_cut_anywhere_is_none_cut_or_lacks_pixels(whole_files, tmp_path, n, part):
    """Never an error, never a whole image."""
    data = whole_files[n].read_bytes()
    path = tmp_path / 'cut'
    path.write_bytes(data[: int(part * (len(data) - 1))])

    file = read_header(path)

    whole = file is not None and not file.cut and file.pixels
    if whole and n != 2:
        assert file.pixel_offset + file.pixel_length > path.stat().st_size
    assert not (whole and n == 2)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(n=st.integers(0, 3), seed=st.integers(0, 2**31))
def test_a_damaged_header_never_raises(whole_files, tmp_path, n, seed):
    data = bytearray(whole_files[n].read_bytes())
    rng = np.random.default_rng(seed)
    for position in rng.integers(132, len(data), 5):
        data[position] = rng.integers(256)
    path = tmp_path / 'damaged'
    path.write_bytes(data)

    file = read_header(path)

    assert file is None or file.cut or len(file.dataset)
    for keyword in [name for name in WANTED if file and not name.endswith('Sequence')]:
        file.texts(keyword)
        file.number(keyword)
    if file:
        dose = file.item('RadiopharmaceuticalInformationSequence')
        dose.item('RadionuclideCodeSequence').text('CodeValue')
        file.private_text(0x0009, 'GEMS_PETD_01', 0x0D)
