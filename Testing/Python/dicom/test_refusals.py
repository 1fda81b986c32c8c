"""Series that cannot be read: one sentence each, with the file and the values in it."""

import errno
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_files import (
    AXIAL,
    CT,
    NATIVE,
    SECONDARY_CAPTURE,
    Made,
    header,
    put_pixels,
    save,
    turned,
    write,
)
from pydicom.encaps import encapsulate
from VOIIdentificationLib.core.errors import SeriesError
from VOIIdentificationLib.dicom.read import read_pet_files, read_pet_series


def on(index, change):
    """Apply a change to one plane only."""

    def edit(ds, k):
        if k == index:
            change(ds)

    return edit


def refused(folder, match):
    with pytest.raises(SeriesError, match=match) as caught:
        read_pet_series(folder)
    assert str(caught.value).count('\n') == 0
    return str(caught.value)


def test_a_missing_folder_is_named(tmp_path):
    refused(tmp_path / 'none', 'none does not exist; give the folder')


def test_an_empty_folder_is_named(tmp_path):
    refused(tmp_path, f'{tmp_path.name} holds no DICOM images: it is empty')


def test_a_folder_without_dicom_says_what_is_there(tmp_path):
    (tmp_path / 'notes.txt').write_text('hello')
    refused(tmp_path, r'no DICOM images \(1 file passed over, not DICOM: notes.txt\)')


def test_a_file_that_is_not_dicom_is_named(tmp_path):
    (tmp_path / 'notes.txt').write_text('hello')
    refused(tmp_path / 'notes.txt', 'notes.txt is not a DICOM file')


def test_an_unreadable_file_is_named(tmp_path, monkeypatch):
    locked = write(Made(), tmp_path)[2]
    opened = Path.open

    def refuse(self, *args, **kwargs):
        if self == locked:
            raise PermissionError(errno.EACCES, 'Permission denied', str(self))
        return opened(self, *args, **kwargs)

    monkeypatch.setattr(Path, 'open', refuse)
    refused(tmp_path, rf'{locked.name} cannot be read \(Permission denied\)')


def test_an_unreadable_folder_is_named(tmp_path, monkeypatch):
    (tmp_path / 'locked').mkdir()

    def refuse(path):
        if Path(path).name == 'locked':
            raise PermissionError(errno.EACCES, 'Permission denied', str(path))
        return scan(path)

    import os

    scan = os.scandir
    monkeypatch.setattr(os, 'scandir', refuse)
    refused(tmp_path, r'locked cannot be read \(Permission denied\)')


def test_a_folder_out_of_reach_is_named(tmp_path, monkeypatch):
    def refuse(self, **_kwargs):
        raise PermissionError(errno.EACCES, 'Permission denied', str(self))

    monkeypatch.setattr(Path, 'stat', refuse)
    refused(tmp_path / 'below', r'below cannot be read \(Permission denied\)')


def test_several_pet_series_are_listed(tmp_path):
    write(Made(), tmp_path)
    write(Made(series_uid='1.2.3.5', stored=np.zeros((3, 6, 7), np.uint16)), tmp_path / 'b')
    with pytest.raises(SeriesError) as caught:
        read_pet_series(tmp_path)
    assert str(caught.value).splitlines()[1:] == [
        '  1.2.3.4: PT, "made", 5 images',
        '  1.2.3.5: PT, "made", 3 images',
    ]


def test_no_pet_series_lists_what_there_is(tmp_path):
    def as_ct(ds, _k):
        ds.SOPClassUID, ds.Modality = CT, 'CT'

    write(Made(edit=as_ct), tmp_path)
    with pytest.raises(
        SeriesError,
        match=r'holds no PET .*SPECT; it holds\n  1.2.3.4: CT, "made", 5',
    ):
        read_pet_series(tmp_path)
    with pytest.raises(SeriesError, match=r'the series is not PET.*\n1.2.3.4: CT'):
        read_pet_series(tmp_path, series_uid='1.2.3.4')


def test_pictures_of_pet_are_no_pet(tmp_path):
    def as_picture(ds, _k):
        ds.SOPClassUID = SECONDARY_CAPTURE

    write(Made(edit=as_picture), tmp_path)
    with pytest.raises(SeriesError, match='holds no PET series'):
        read_pet_series(tmp_path)


def test_an_unknown_uid_lists_what_there_is(tmp_path):
    write(Made(), tmp_path)
    with pytest.raises(SeriesError, match=r'holds no series 9.9; it holds\n  1.2.3.4: PT'):
        read_pet_series(tmp_path, series_uid='9.9')


def test_given_files_must_be_dicom(tmp_path):
    (tmp_path / 'notes.txt').write_text('hello')
    paths = [*write(Made(), tmp_path), tmp_path / 'notes.txt']
    with pytest.raises(SeriesError, match=r'not all of the 6 files.*notes.txt'):
        read_pet_files(paths)
    with pytest.raises(SeriesError, match='no file was given'):
        read_pet_files([])


@pytest.mark.parametrize(
    ('keyword', 'number'),
    [
        ('ImagePositionPatient', '0020,0032'),
        ('ImageOrientationPatient', '0020,0037'),
        ('PixelSpacing', '0028,0030'),
    ],
)
def test_missing_geometry_is_named(tmp_path, keyword, number):
    made = Made(edit=on(2, lambda ds: delattr(ds, keyword)))
    path = write(made, tmp_path)[2]
    refused(tmp_path, rf'{path.name} has no {keyword} \({number}\)')


@pytest.mark.parametrize(
    ('keyword', 'value', 'match'),
    [
        ('RescaleSlope', '0', r'RescaleSlope \(0028,1053\) is 0,'),
        ('RescaleSlope', '-2', r'RescaleSlope \(0028,1053\) is -2, so its values cannot be known'),
        (
            'RescaleSlope',
            'nan',
            r"RescaleSlope \(0028,1053\) is 'nan', which is not a finite number;",
        ),
        ('RescaleSlope', 'inf', "is 'inf'"),
        ('RescaleIntercept', '1e400', "RescaleIntercept .* is '1e400'"),
        ('ImagePositionPatient', '1\\2', "ImagePositionPatient .* is '1, 2'.*3 finite numbers"),
        ('ImagePositionPatient', '1\\2\\abc', "is '1, 2, abc'"),
        ('ImagePositionPatient', '1\\abc\\2\\3', "is '1, abc, 2, 3'"),
        ('PixelSpacing', '2\\0', r'PixelSpacing \(0028,0030\) is 2 x 0 mm'),
        ('PixelSpacing', '-2\\2', 'is -2 x 2 mm'),
    ],
)
def test_unusable_numbers_are_quoted(tmp_path, keyword, value, match):
    path = write(Made(), tmp_path)[3]
    _overwrite_text(path, keyword, value)
    refused(tmp_path, f'{path.name}: .*{match}')


def _overwrite_text(path, keyword, value):
    """Put text that pydicom would not write into an element."""
    ds = pydicom.dcmread(path)
    tag = ds[keyword].tag
    ds[tag] = pydicom.DataElement(tag, 'LO', value.split('\\'))
    save(ds, path)


def test_a_slope_that_only_some_slices_lack_is_named(tmp_path):
    path = write(Made(edit=on(1, lambda ds: delattr(ds, 'RescaleSlope'))), tmp_path)[1]
    refused(tmp_path, rf'{path.name}: RescaleSlope \(0028,1053\) is missing')


def test_directions_that_are_no_directions_are_quoted(tmp_path):
    def skew(ds, _k):
        ds.ImageOrientationPatient = [1, 0, 0, 0.1, 1, 0]

    write(Made(edit=skew), tmp_path)
    refused(tmp_path, r'img: ImageOrientationPatient \(0020,0037\) is 1, 0, 0, 0.1, 1, 0, which')


def test_mixed_orientations_name_two_files(tmp_path):
    def turn(ds):
        ds.ImageOrientationPatient = [round(x, 6) for x in turned(0, 0, 1.0)]

    path = write(Made(edit=on(4, turn)), tmp_path)[4]
    message = refused(tmp_path, 'differ in orientation: .*1, 0, 0, 0, 1, 0')
    assert path.name in message
    assert '0.999848, 0.017452, 0' in message


def test_mixed_matrices_name_two_files(tmp_path):
    def crop(ds):
        put_pixels(ds, np.zeros((6, 8), np.uint16))

    path = write(Made(edit=on(4, crop)), tmp_path)[4]
    message = refused(tmp_path, 'differ in matrix')
    assert f'{path.name} has 8 x 6' in message
    assert 'has 7 x 6' in message


def test_mixed_pixel_spacings_name_two_files(tmp_path):
    def stretch(ds):
        ds.PixelSpacing = [3.0, 2.001]

    path = write(Made(edit=on(4, stretch)), tmp_path)[4]
    message = refused(tmp_path, 'differ in pixel spacing')
    assert f'{path.name} has 3 x 2.001 mm' in message


@pytest.mark.parametrize(
    ('keyword', 'value'), [('Units', 'CNTS'), ('FrameOfReferenceUID', '1.2.9')]
)
def test_mixed_units_and_frames_of_reference_are_refused(tmp_path, keyword, value):
    write(Made(edit=on(3, lambda ds: setattr(ds, keyword, value))), tmp_path)
    refused(tmp_path, rf'differ in {keyword}.* {value}')


def test_a_gap_names_its_position_and_the_distances(tmp_path):
    paths = write(Made(), tmp_path)
    paths[2].unlink()
    message = refused(tmp_path, r'8.000 mm, elsewhere 4.000 mm; about 1 slice is missing')
    # Heights along the normal of the axial planes beside the gap.
    assert f'from {paths[1].name} at -43.50 mm to {paths[3].name} at -35.50 mm' in message


def test_an_uneven_distance_is_refused(tmp_path):
    write(Made(heights_mm=(0.0, 4.0, 8.0, 12.2, 16.0)), tmp_path)
    refused(tmp_path, r'are 4.200 mm, elsewhere 4.000 mm; the slices do not make one regular')


def test_a_slice_shifted_sideways_is_refused(tmp_path):
    def shift(ds):
        ds.ImagePositionPatient = [-19.0, 31.0, -47.5 + 8.0]

    path = write(Made(edit=on(2, shift)), tmp_path)[2]
    refused(tmp_path, rf'{path.name} at LPS \(-19.00, 31.00, -39.50\) mm lies 1.00 mm off')


def test_time_points_in_one_series_are_listed_or_name_both_files(tmp_path):
    def frame(seconds):
        def edit(ds, _k):
            ds.SeriesType = ['DYNAMIC', 'IMAGE']
            ds.FrameReferenceTime = seconds * 1000

        return edit

    first = write(Made(edit=frame(30)), tmp_path / 'a')[0]
    other = Made(stored=np.ones((5, 6, 7), np.uint16), edit=frame(90))
    write(other, tmp_path / 'b')

    message = refused(tmp_path, 'holds 2 time frames or gates')
    assert '1: frame reference time 30 s; 2: frame reference time 90 s.' in message
    (tmp_path / 'b' / '00.img').unlink()  # what is left is no second volume

    message = refused(tmp_path, 'different images of one plane')
    assert first.name in message or 'b/' in message
    assert '(series type DYNAMIC IMAGE, FrameReferenceTime 30000.0 and 90000.0)' in message


def test_the_same_image_beside_itself_is_no_copy(tmp_path):
    write(Made(), tmp_path / 'a')
    write(Made(origin_lps_mm=(-20.0, 49.0, -47.5)), tmp_path / 'b')
    refused(tmp_path, 'different images of one plane, -47.50 mm along the normal')


def test_acquisitions_that_interleave_are_refused(tmp_path):
    def edit(ds, k):
        ds.AcquisitionNumber = k % 2 + 1

    write(Made(edit=edit), tmp_path)
    refused(tmp_path, 'slices of acquisitions 1 and 2 alternate')


def test_bed_positions_are_no_interleaved_acquisitions(tmp_path):
    def edit(ds, k):
        ds.AcquisitionNumber = 1 if k < 2 else 2

    write(Made(edit=edit), tmp_path)
    assert read_pet_series(tmp_path).geometry.shape_kji == (5, 6, 7)


@pytest.mark.parametrize('syntax', NATIVE.values(), ids=NATIVE.keys())
def test_truncated_pixels_count_the_bytes(tmp_path, syntax):
    path = write(Made(syntax=syntax), tmp_path)[2]
    if syntax == NATIVE['deflated']:
        ds = pydicom.dcmread(path)
        ds.PixelData = ds.PixelData[:80]
        save(ds, path)
    else:
        path.write_bytes(path.read_bytes()[:-4])
    refused(tmp_path, rf'{path.name} is truncated: it holds 80 of the 84 bytes .* 7 x 6 pixels')


@pytest.mark.parametrize('syntax', NATIVE.values(), ids=NATIVE.keys())
def test_what_follows_the_pixels_is_not_taken_for_them(tmp_path, syntax):
    def shorten(ds):
        ds.PixelData = ds.PixelData[:80]
        ds.DataSetTrailingPadding = bytes(40)

    path = write(Made(syntax=syntax, edit=on(2, shorten)), tmp_path)[2]
    refused(tmp_path, rf'{path.name} is truncated: it holds 80 of the 84 bytes')


def test_a_file_cut_within_its_header_is_named(tmp_path):
    path = write(Made(), tmp_path)[2]
    path.write_bytes(path.read_bytes()[:-150])
    refused(tmp_path, f'{path.name} is truncated: it ends before the pixel data')


def test_a_deflated_file_cut_anywhere_is_not_taken_for_whole(tmp_path):
    path = write(Made(syntax=NATIVE['deflated']), tmp_path)[2]
    path.write_bytes(path.read_bytes()[:-30])
    refused(tmp_path, 'evenly spaced|truncated')


def test_a_deflated_data_set_that_was_cut_before_is_truncated(tmp_path):
    path = write(Made(syntax=NATIVE['deflated']), tmp_path)[2]
    data = path.read_bytes()
    meta = 144 + int.from_bytes(data[140:144], 'little')  # after (0002,0000), group length
    inflated = zlib.decompress(data[meta:], -zlib.MAX_WBITS)
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    path.write_bytes(data[:meta] + deflater.compress(inflated[:-4]) + deflater.flush())
    refused(tmp_path, rf'{path.name} is truncated: it holds 80 of the 84 bytes')


def test_a_pet_image_without_pixels_is_named(tmp_path):
    path = write(Made(edit=on(4, lambda ds: delattr(ds, 'PixelData'))), tmp_path)[4]
    refused(tmp_path, f'{path.name} is truncated: it ends before the pixel data')


@pytest.mark.parametrize(
    ('number', 'name', 'advice'),
    [
        (80, 'JPEG-LS Lossless', 'install pylibjpeg and pylibjpeg-libjpeg, or export'),
        (91, 'JPEG 2000', 'install pylibjpeg and pylibjpeg-openjpeg, or export'),
        (100, 'MPEG2', 'here; export the series uncompressed'),
    ],
)
def test_pixels_that_cannot_be_decoded_name_syntax_and_package(tmp_path, number, name, advice):
    uid = f'1.2.840.10008.1.2.4.{number}'
    path = _compressed(tmp_path, uid)
    refused(tmp_path, rf'{path.name}: .*{name}.* \({uid}\).*{advice}')


def test_damaged_run_lengths_are_refused(tmp_path):
    path = _compressed(tmp_path, '1.2.840.10008.1.2.5')
    refused(tmp_path, f'{path.name}: its RLE Lossless pixels are damaged')


def _compressed(folder, syntax):
    ds = Made().datasets()[0]
    ds.file_meta.TransferSyntaxUID = syntax
    ds.PixelData = encapsulate([b'no image'])
    ds['PixelData'].VR = 'OB'
    return save(ds, folder / 'one.dcm')


def test_color_pictures_are_refused(tmp_path):
    def color(ds, _k):
        ds.PhotometricInterpretation = 'PALETTE COLOR'

    write(Made(edit=color), tmp_path)
    refused(tmp_path, r'img is a picture \(PALETTE COLOR, 1 samples per pixel\)')


def test_floating_point_pixels_are_refused(tmp_path):
    def make_float(ds, _k):
        ds.BitsAllocated = 64
        ds.DoubleFloatPixelData = np.zeros(42).tobytes()
        del ds.PixelData

    write(Made(edit=make_float), tmp_path)
    refused(tmp_path, 'DoubleFloatPixelData with BitsAllocated .* of 64 cannot be read')


def test_bits_that_do_not_fit_are_refused(tmp_path):
    def overfull(ds, _k):
        ds.HighBit = 16

    write(Made(edit=overfull), tmp_path)
    refused(tmp_path, '16 bits stored up to bit 16 do not fit into the 16 bits allocated')


def test_a_matrix_without_rows_is_refused(tmp_path):
    write(Made(edit=lambda ds, _k: setattr(ds, 'Rows', 0)), tmp_path)
    refused(tmp_path, 'img: its image is 7 columns by 0 rows')


def test_one_slice_without_thickness_is_refused(tmp_path):
    made = Made(stored=np.zeros((1, 6, 7), np.uint16))
    made.edit = lambda ds, _k: delattr(ds, 'SliceThickness')
    path = write(made, tmp_path)[0]
    refused(tmp_path, rf'{path.name} is the only slice and has no SliceThickness \(0018,0050\)')


def test_frames_without_places_are_refused(tmp_path):
    ds = header('1.2.840.10008.5.1.4.1.1.128', NATIVE['explicit'], '1.2', '1.2.1')
    put_pixels(ds, np.zeros((3, 6, 7), np.uint16))
    ds.NumberOfFrames = 3
    ds.ImageOrientationPatient = list(AXIAL)
    save(ds, tmp_path / 'frames.dcm')
    refused(tmp_path, 'frames.dcm holds 3 frames without saying where each lies')
