"""Files whose headers and bytes do not say the same; what INPUT may be."""

import numpy as np
import pydicom
import pytest
from dicom_files import NATIVE, SECONDARY_CAPTURE, Made, enhanced, header, measured, save, write
from VOIIdentificationLib.cli.main import main
from VOIIdentificationLib.core.errors import SeriesError
from VOIIdentificationLib.dicom.file import read_header
from VOIIdentificationLib.dicom.read import read_pet_series

SYNTAXES = {name: str(uid) for name, uid in NATIVE.items()}


def declare(path, uid):
    """Change the transfer syntax of the meta header and nothing else."""
    data = path.read_bytes()
    place = data.index(b'\x02\x00\x10\x00UI')
    length = int.from_bytes(data[place + 6 : place + 8], 'little')
    group = int.from_bytes(data[140:144], 'little')
    text = uid.encode() + b'\0' * (len(uid) % 2)
    element = data[place : place + 6] + len(text).to_bytes(2, 'little') + text
    rest = data[place + 8 + length :]
    meta = data[:140] + (group + len(text) - length).to_bytes(4, 'little') + data[144:place]
    path.write_bytes(meta + element + rest)


@pytest.mark.parametrize('declared', SYNTAXES)
@pytest.mark.parametrize('written', ['implicit', 'explicit', 'big endian'])
def test_the_bytes_say_how_a_file_is_written(tmp_path, written, declared):
    made = Made(edit=measured, syntax=SYNTAXES[written])
    for path in write(made, tmp_path):
        declare(path, SYNTAXES[declared])
        assert read_header(path).transfer_syntax == SYNTAXES[written]

    image = read_pet_series(tmp_path)

    np.testing.assert_array_equal(image.voxels, made.stored * np.float32(0.5))
    noted = [note for note in image.acquisition.notes if 'which the meta header names' in note]
    assert len(noted) == (written != declared)


def test_an_overlong_image_is_not_the_one_that_was_stored(tmp_path):
    def fewer_rows(ds, k):
        measured(ds, k)
        ds.Rows = 5

    paths = write(Made(edit=fewer_rows), tmp_path)
    with pytest.raises(SeriesError, match=r'holds 84 bytes .* 1 x 5 x 7 .* 16 bits are 70') as told:
        read_pet_series(tmp_path)
    assert any(path.name in str(told.value) for path in paths)


@pytest.mark.parametrize('bits', [8, 16])
def test_bits_that_are_fewer_than_stored_are_noticed(tmp_path, bits):
    def edit(ds, k):
        measured(ds, k)
        ds.BitsAllocated = ds.BitsStored = bits
        ds.HighBit = bits - 1

    write(Made(stored=np.ones((3, 6, 7), np.uint32), edit=edit), tmp_path)
    with pytest.raises(SeriesError, match='bytes of pixels'):
        read_pet_series(tmp_path)


@pytest.mark.parametrize('frames', [1, 3, 4])
def test_fewer_frames_than_stored_are_noticed(tmp_path, frames):
    ds = enhanced(Made())
    ds.NumberOfFrames = frames
    del ds.PerFrameFunctionalGroupsSequence[frames:]
    save(ds, tmp_path / 'all.dcm')
    with pytest.raises(SeriesError, match=rf'holds 420 bytes .* {frames} x 6 x 7'):
        read_pet_series(tmp_path)


def test_compressed_pixels_under_a_plain_syntax_are_not_read_as_values(tmp_path):
    for path in write(Made(edit=measured), tmp_path):
        ds = pydicom.dcmread(path)
        ds.compress(pydicom.uid.RLELossless)
        save(ds, path)
        declare(path, SYNTAXES['explicit'])
    with pytest.raises(SeriesError, match='its pixels are compressed, but its transfer syntax'):
        read_pet_series(tmp_path)


@pytest.mark.parametrize('name', ['DICOMDIR', 'dicomdir', 'index.dcm'])
def test_a_directory_file_stands_for_its_folder(tmp_path, name, capsys):
    made = Made(edit=measured)
    write(made, tmp_path / 'IMAGES')
    ds = header('1.2.840.10008.1.3.10', SYNTAXES['explicit'], '', '1.9')
    for keyword in ('SOPClassUID', 'SeriesInstanceUID'):
        delattr(ds, keyword)
    path = save(ds, tmp_path / name)

    image = read_pet_series(path)

    np.testing.assert_array_equal(image.voxels, made.stored * np.float32(0.5))
    assert main(['info', str(path)]) == 0
    assert 'Unit: Bq/mL' in capsys.readouterr().out
    assert image.acquisition.notes == (
        f'1 file passed over, DICOMDIR, which only lists others: {name}',
    )


@pytest.mark.parametrize('sop_class', [SECONDARY_CAPTURE, f'{SECONDARY_CAPTURE}.4'])
def test_pictures_of_pet_are_called_so(tmp_path, sop_class):
    def edit(ds, k):
        measured(ds, k)
        ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = sop_class

    write(Made(edit=edit), tmp_path)
    with pytest.raises(SeriesError, match='secondary capture') as caught:
        read_pet_series(tmp_path)
    assert 'take the original series' in str(caught.value)


@pytest.mark.parametrize('seed', range(8))
def test_a_flipped_byte_of_an_enhanced_header_is_a_sentence_or_no_matter(tmp_path, seed):
    """One byte of the header at a time; whatever is still read has the values that were stored."""
    made = Made()
    whole = save(enhanced(made), tmp_path / 'whole.dcm').read_bytes()
    (tmp_path / 'whole.dcm').unlink()
    path = tmp_path / 'all.dcm'
    rng = np.random.default_rng(seed)
    for place in rng.integers(132, whole.index(b'\xe0\x7f\x10\x00'), 40):
        data = bytearray(whole)
        data[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        try:
            read_pet_series(tmp_path)
        except SeriesError as error:
            assert len(str(error)) > 20  # noqa: PT017
