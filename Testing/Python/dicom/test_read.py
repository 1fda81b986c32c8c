"""
Reading PET series.

The judge of a position is equation C.7.6.2.1-1 of PS3.3, computed here from
the header of the slice's own file; the judge of a value is the stored number
times the slope of that file. SimpleITK judges the real scan.
"""

import tracemalloc

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
from paths import SHARED
from VOIIdentificationLib.core.errors import CanceledError, SeriesError
from VOIIdentificationLib.dicom.folder import find_series
from VOIIdentificationLib.dicom.read import read_pet_files, read_pet_series

RECON = SHARED / 'data' / 'pet_recon_1'
DRO = SHARED / 'data' / 'suv_dro'

ORIENTATIONS = {
    'axial': AXIAL,
    'rows to the right, feet first': (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    'columns to the front': (1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    'prone': (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    'coronal': (1.0, 0.0, 0.0, 0.0, 0.0, -1.0),
    'sagittal': (0.0, 1.0, 0.0, 0.0, 0.0, -1.0),
    'oblique': turned(11.0, -23.0, 37.0),
    'oblique, past upright': turned(100.0, 5.0, 200.0),
}


def random_stored(dtype=np.uint16, shape=(5, 6, 7), seed=0):
    info = np.iinfo(dtype)
    return np.random.default_rng(seed).integers(
        info.min, info.max, shape, dtype=dtype, endpoint=True
    )


@pytest.mark.parametrize('orientation', ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
@pytest.mark.parametrize('step_mm', [4.0, -2.5])
def test_every_voxel_lies_where_the_header_of_its_slice_says(tmp_path, orientation, step_mm):
    stored = np.zeros((5, 6, 7), np.uint16)
    stored[3, 4, 1] = 1000
    made = Made(stored=stored, orientation=orientation, step_mm=step_mm)
    path = write(made, tmp_path)[3]

    image = read_pet_series(tmp_path)

    ds = pydicom.dcmread(path)
    row, column = np.reshape(np.array(ds.ImageOrientationPatient, float), (2, 3))
    between_rows, between_columns = (float(x) for x in ds.PixelSpacing)
    lps = np.array(ds.ImagePositionPatient, float)
    lps += row * between_columns * 1 + column * between_rows * 4
    k, j, i = np.unravel_index(np.argmax(image.voxels), image.voxels.shape)
    assert (j, i) == (4, 1)
    assert image.geometry.position_ras_mm((i, j, k)) == pytest.approx(lps * [-1, -1, 1], abs=1e-6)


@pytest.mark.parametrize('orientation', ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
def test_indices_are_right_handed_in_lps(tmp_path, orientation):
    write(Made(orientation=orientation, step_mm=-3.0), tmp_path)

    axes_ras = read_pet_series(tmp_path).geometry.axes_ras_mm

    assert np.linalg.det(np.diag([-1.0, -1.0, 1.0]) @ axes_ras) == pytest.approx(2 * 3 * 3)


def test_pixel_spacing_is_distance_of_rows_first_and_thickness_is_no_distance(tmp_path):
    write(Made(pixel_spacing_mm=(3.0, 2.0), step_mm=4.0), tmp_path)
    spacing = read_pet_series(tmp_path).geometry.spacing_ijk_mm
    assert spacing == pytest.approx([2.0, 3.0, 4.0])


@pytest.mark.parametrize('syntax', NATIVE.values(), ids=NATIVE.keys())
@pytest.mark.parametrize('dtype', [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32])
@pytest.mark.parametrize('intercept', ['0', '-17.25'])
def test_values_are_stored_times_slope_plus_intercept(tmp_path, syntax, dtype, intercept):
    stored = random_stored(dtype)
    slopes = tuple(0.37 + 0.11 * k for k in range(5))

    def edit(ds, _k):
        ds.RescaleIntercept = intercept

    write(Made(stored=stored, slopes=slopes, syntax=syntax, edit=edit), tmp_path)

    voxels = read_pet_series(tmp_path).voxels

    expected = stored * np.array(slopes)[:, None, None] + float(intercept)
    assert voxels.dtype == np.float32
    # Slope and product each rounded to float32.
    np.testing.assert_allclose(voxels, expected, rtol=2**-23)


@pytest.mark.parametrize('slope', ['1e-43', '1e+33'])
def test_slopes_beyond_float32_lose_nothing(tmp_path, slope):
    stored = np.full((3, 6, 7), 60000, np.uint16)
    write(Made(stored=stored, slopes=(slope,) * 3), tmp_path)
    np.testing.assert_allclose(read_pet_series(tmp_path).voxels, 6e4 * float(slope), rtol=1e-5)


def test_an_odd_number_of_bytes_may_be_padded(tmp_path):
    stored = random_stored(np.uint8, (3, 5, 7))
    write(Made(stored=stored), tmp_path)
    np.testing.assert_array_equal(read_pet_series(tmp_path).voxels, stored * np.float32(0.5))


def test_monochrome1_is_not_inverted(tmp_path):
    stored = random_stored()

    def edit(ds, _k):
        ds.PhotometricInterpretation = 'MONOCHROME1'

    write(Made(stored=stored, edit=edit), tmp_path)

    np.testing.assert_array_equal(read_pet_series(tmp_path).voxels, stored * np.float32(0.5))


@pytest.mark.parametrize('syntax', NATIVE.values(), ids=NATIVE.keys())
@pytest.mark.parametrize('dtype', [np.uint16, np.int16])
@pytest.mark.parametrize('high_bit', [11, 15])
def test_bits_beside_the_stored_ones_do_not_count(tmp_path, dtype, syntax, high_bit):
    """Twelve bits stored; old writers kept overlays in the other four."""
    low, high = (0, 4096) if dtype is np.uint16 else (-2048, 2048)
    values = np.random.default_rng(3).integers(low, high, (5, 6, 7))
    overlay = np.random.default_rng(4).integers(0, 16, (5, 6, 7)) << 12
    stored = (values & 0x0FFF) | overlay
    if high_bit == 15:
        stored = (stored << 4 & 0xFFF0) | stored >> 12
    stored = stored.astype(np.uint16).view(dtype)

    def edit(ds, _k):
        ds.BitsStored, ds.HighBit = 12, high_bit

    write(Made(stored=stored, syntax=syntax, edit=edit), tmp_path)

    np.testing.assert_array_equal(read_pet_series(tmp_path).voxels, values * np.float32(0.5))


def test_run_length_encoding_is_decoded(tmp_path):
    stored = random_stored()
    made = Made(stored=stored)
    for k, ds in enumerate(made.datasets()):
        ds.compress(pydicom.uid.RLELossless)
        save(ds, tmp_path / f'{9 - k}')

    np.testing.assert_array_equal(read_pet_series(tmp_path).voxels, stored * np.float32(0.5))


def test_without_slope_and_intercept_the_stored_values_are_the_values(tmp_path):
    def edit(ds, _k):
        del ds.RescaleSlope, ds.RescaleIntercept

    made = Made(edit=edit)
    write(made, tmp_path)

    np.testing.assert_array_equal(read_pet_series(tmp_path).voxels, made.stored)


def test_files_lie_anywhere_and_others_are_passed_over(tmp_path):
    paths = write(Made(), tmp_path)
    (tmp_path / 'deep' / 'deeper').mkdir(parents=True)
    paths[2].rename(tmp_path / 'deep' / 'deeper' / 'no suffix')
    (tmp_path / 'readme.txt').write_text('not DICOM')
    (tmp_path / 'empty').touch()
    report = header('1.2.840.10008.5.1.4.1.1.88.11', NATIVE['explicit'], '1.9', '1.9.1')
    report.Modality = 'SR'
    save(report, tmp_path / 'deep' / 'report.dcm')

    cut = save(ct_image(), tmp_path / 'zz cut')
    cut.write_bytes(cut.read_bytes()[:-200])
    (tmp_path / 'zz link').symlink_to(tmp_path / 'gone')

    image = read_pet_series(tmp_path)

    assert image.geometry.shape_kji == (5, 6, 7)
    assert image.acquisition.notes == (
        '1 file passed over, DICOM without an image: deep/report.dcm',
        '3 files passed over, not DICOM: empty, readme.txt, zz link',
        '1 file passed over, cut off within the header: zz cut',
    )


def test_files_without_preamble_are_read(tmp_path):
    """As written before 1996: the data set alone, implicit VR."""
    made = Made(syntax=NATIVE['implicit'])
    for path in write(made, tmp_path):
        data = path.read_bytes()
        start = data.index(b'\x08\x00\x16\x00')
        path.write_bytes(data[start:])

    np.testing.assert_array_equal(read_pet_series(tmp_path).voxels, made.stored * np.float32(0.5))


def test_one_slice_is_as_thick_as_it_says(tmp_path):
    def edit(ds, _k):
        ds.SliceThickness = 3.27

    write(Made(stored=random_stored(shape=(1, 6, 7)), edit=edit), tmp_path)
    assert read_pet_series(tmp_path).geometry.spacing_ijk_mm == pytest.approx([2, 3, 3.27])


@pytest.mark.parametrize('digits', [1, 2])
def test_rounded_positions_are_regular(tmp_path, digits):
    def edit(ds, _k):
        ds.ImagePositionPatient = [round(float(x), digits) for x in ds.ImagePositionPatient]

    write(Made(stored=random_stored(shape=(30, 6, 7)), step_mm=2.0344, edit=edit), tmp_path)
    slice_spacing_mm = read_pet_series(tmp_path).geometry.slice_spacing_mm
    assert slice_spacing_mm == pytest.approx(2.0344, abs=10.0**-digits / 29)


def test_a_sheared_stack_keeps_its_shear(tmp_path):
    def edit(ds, k):
        ds.ImagePositionPatient = [-20.0 + 0.7 * k, 31.0, -47.5 + 4.0 * k]

    write(Made(edit=edit), tmp_path)
    assert read_pet_series(tmp_path).geometry.axes_ras_mm[:, 2] == pytest.approx([-0.7, 0, 4.0])


def test_identical_copies_are_dropped_with_a_note(tmp_path):
    made = Made(stored=random_stored())
    write(made, tmp_path)
    write(made, tmp_path / 'copy')

    image = read_pet_series(tmp_path)

    np.testing.assert_array_equal(image.voxels, made.stored * np.float32(0.5))
    assert '5 slices passed over, copies of others: copy/' in image.acquisition.notes[0]


def test_missing_end_slices_are_noted(tmp_path):
    def edit(ds, _k):
        ds.NumberOfSlices = 7

    write(Made(edit=edit), tmp_path)
    notes = read_pet_series(tmp_path).acquisition.notes
    assert notes == (
        'the header announces up to 7 slices, 5 were found: the series may be incomplete at an end',
    )


@pytest.mark.parametrize(
    ('code', 'unit'),
    [
        ('BQML', 'Bq/mL'),
        ('CNTS', 'counts'),
        ('GML', 'g/mL'),
        ('CM2ML', 'cm2/mL'),
        ('PROPCPS', 'PROPCPS'),
        ('', 'unknown'),
    ],
)
def test_units_are_named(tmp_path, code, unit):
    def edit(ds, _k):
        ds.Units = code

    write(Made(edit=edit), tmp_path)
    assert read_pet_series(tmp_path).unit == unit


def test_a_description_is_one_line_whatever_the_file_holds(tmp_path):
    def edit(ds, _k):
        ds['SeriesDescription'] = pydicom.DataElement('SeriesDescription', 'LO', 'a\r\nb\x1b[3m  c')

    write(Made(edit=edit), tmp_path)
    assert read_pet_series(tmp_path).acquisition.series_description == 'a b [3m c'


def test_the_acquisition_is_taken_from_the_header(tmp_path):
    def edit(ds, k):
        ds.SpecificCharacterSet = 'ISO_IR 192'
        ds.SeriesDescription = 'Präzise'
        ds.Manufacturer, ds.ManufacturerModelName = 'Maker', 'Model 1'
        ds.SeriesDate, ds.SeriesTime = '20260301', '101500'
        ds.AcquisitionDate, ds.AcquisitionTime = '20260301', f'1013{50 - k}.5'
        ds.PatientPosition = 'FFS'
        ds.CorrectedImage = ['ATTN', 'DECY']
        ds.DecayCorrection = 'START'

    write(Made(edit=edit), tmp_path)

    facts = read_pet_series(tmp_path).acquisition

    assert (facts.series_instance_uid, facts.study_instance_uid) == ('1.2.3.4', '1.2.3')
    assert (facts.series_description, facts.patient_id) == ('Präzise', 'P1')
    assert (facts.manufacturer, facts.model) == ('Maker', 'Model 1')
    assert facts.series_datetime == '2026-03-01T10:15:00'
    assert facts.acquisition_datetime == '2026-03-01T10:13:46.5'
    assert facts.patient_position == 'FFS'
    assert facts.corrected_image == ('ATTN', 'DECY')
    assert facts.decay_correction == 'START'


def test_one_pet_series_among_others_is_chosen(tmp_path):
    write(Made(), tmp_path)
    ct = Made(series_uid='1.2.3.5', edit=lambda ds, _k: _as_class(ds, CT))
    write(ct, tmp_path, prefix='ct')
    assert read_pet_series(tmp_path).acquisition.series_instance_uid == '1.2.3.4'


def test_a_picture_within_the_series_is_passed_over(tmp_path):
    write(Made(), tmp_path)
    save(header(SECONDARY_CAPTURE, NATIVE['explicit'], '1.2.3.4', '1.2.3.4.99'), tmp_path / 'none')
    picture = header(SECONDARY_CAPTURE, NATIVE['explicit'], '1.2.3.4', '1.2.3.4.98')
    put_pixels(picture, np.zeros((9, 9), np.uint8))
    save(picture, tmp_path / 'picture.dcm')

    image = read_pet_series(tmp_path)

    assert image.geometry.shape_kji == (5, 6, 7)
    assert image.acquisition.notes == (
        '1 file passed over, DICOM without an image: none',
        '1 file passed over, no PET image: picture.dcm',
    )


def test_a_series_is_chosen_by_uid_or_by_one_of_its_files(tmp_path):
    write(Made(), tmp_path)
    paths = write(Made(series_uid='1.2.3.5', slopes=(2.0,) * 5), tmp_path, prefix='other')

    by_uid = read_pet_series(tmp_path, series_uid='1.2.3.5')
    by_file = read_pet_series(paths[1])
    by_files = read_pet_files(paths[::-1])

    for image in (by_uid, by_file, by_files):
        assert image.acquisition.series_instance_uid == '1.2.3.5'
        assert image.voxels.max() == 2 * 209


def test_the_listing_names_every_series(tmp_path):
    write(Made(), tmp_path)
    write(Made(series_uid='1.2.3.5', edit=lambda ds, _k: _as_class(ds, CT)), tmp_path, prefix='ct')

    listing = find_series(tmp_path)

    assert [series.line for series in listing.series] == [
        '1.2.3.4: PT, "made", 5 images',
        '1.2.3.5: CT, "made", 5 images',
    ]
    assert [series.is_activity for series in listing.series] == [True, False]


def test_progress_rises_to_one_and_may_cancel(tmp_path):
    write(Made(stored=random_stored(shape=(25, 6, 7))), tmp_path)
    told = []
    read_pet_series(tmp_path, progress=lambda fraction, _text: told.append(fraction))
    assert told == sorted(told)
    assert told[0] == 0.0
    assert told[-1] == 1.0
    assert sum(0.4 <= fraction < 1.0 for fraction in told) >= 2

    def stop(_fraction, _text):
        raise CanceledError

    with pytest.raises(CanceledError):
        read_pet_series(tmp_path, progress=stop)


def test_peak_memory_is_the_volume_and_little_more(tmp_path):
    made = Made(stored=np.zeros((40, 256, 256), np.uint16))
    write(made, tmp_path)

    tracemalloc.start()
    voxels = read_pet_series(tmp_path).voxels
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak_bytes < voxels.nbytes + 2_000_000


def ct_image():
    return Made(series_uid='1.2.3.6', edit=lambda ds, _k: _as_class(ds, CT)).datasets()[0]


def _as_class(ds, sop_class):
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = sop_class
    ds.Modality = 'CT' if sop_class == CT else 'PT'


@pytest.mark.skipif(not RECON.is_dir(), reason='the real scan ../shared/data is not here')
class TestRealScan:
    def test_range_and_mean_are_those_of_the_stored_values(self):
        """Figures of the scan's description; a reader that inverts gives 0.58 to 38128."""
        image = read_pet_series(RECON)
        assert image.voxels.min() == 0.0
        assert image.voxels.max() == pytest.approx(38127.4, abs=0.05)
        assert image.voxels.mean() == pytest.approx(423, abs=0.5)
        assert image.unit == 'unknown'

    def test_geometry_is_that_of_simpleitk(self):
        sitk = pytest.importorskip('SimpleITK')
        names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(RECON))
        reference = sitk.ReadImage(names)

        geometry = read_pet_series(RECON).geometry

        for index in [(0, 0, 0), (191, 0, 0), (0, 191, 0), (0, 0, 88), (120, 17, 60)]:
            lps = reference.TransformIndexToPhysicalPoint(index)
            assert geometry.position_ras_mm(index) == pytest.approx(
                np.multiply(lps, [-1, -1, 1]), abs=1e-5
            )


@pytest.mark.skipif(not DRO.is_dir(), reason='the reference objects ../shared/data are not here')
@pytest.mark.parametrize('name', ['DRO_0_0', 'DRO_2_0', 'DRO_2_3', 'DRO_2_4', 'DRO_5_0'])
def test_reference_objects_have_the_values_and_geometry_of_simpleitk(name):
    sitk = pytest.importorskip('SimpleITK')
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(DRO / name / 'PT'))
    reference = sitk.ReadImage(names)

    image = read_pet_series(DRO / name / 'PT')

    np.testing.assert_allclose(image.voxels, sitk.GetArrayFromImage(reference), rtol=1e-6)
    lps = reference.TransformIndexToPhysicalPoint((200, 31, 17))
    assert image.geometry.position_ras_mm((200, 31, 17)) == pytest.approx(
        np.multiply(lps, [-1, -1, 1]), abs=1e-6
    )


@pytest.mark.parametrize(
    ('high_bit', 'dtype', 'outside', 'told'),
    [
        *((high, dtype, 'zero', False) for high in (11, 15) for dtype in (np.uint16, np.int16)),
        (11, np.int16, 'sign', False),
        (11, np.uint16, 'ones', True), (15, np.uint16, 'ones', True),
        (11, np.int16, 'one bit', True), (15, np.int16, 'one bit', True),
    ],
)  # fmt: skip
def test_bits_that_are_left_out_are_told_unless_they_repeat_the_sign(
    tmp_path, dtype, outside, told, high_bit
):
    low, high = (0, 4096) if dtype is np.uint16 else (-2048, 2048)
    values = np.random.default_rng(5).integers(low, high, (5, 6, 7))
    values[0, 0, 0], values[1, 2, 3] = low, high - 1
    others = {'zero': 0, 'ones': 15, 'one bit': 4, 'sign': np.where(values < 0, 15, 0)}[outside]
    stored = (values & 0x0FFF) << (high_bit - 11) | (others << 12 if high_bit == 11 else others)

    def edit(ds, _k):
        ds.BitsStored, ds.HighBit = 12, high_bit

    write(Made(stored=stored.astype(np.uint16).view(dtype), edit=edit), tmp_path)
    image = read_pet_series(tmp_path)

    np.testing.assert_array_equal(image.voxels, values * np.float32(0.5))
    notes = [note for note in image.acquisition.notes if 'BitsStored (0028,0101)' in note]
    assert len(notes) == told


@pytest.mark.parametrize('damaged', [0, 3])
@pytest.mark.parametrize(('high_bit', 'used'), [(9, True), (9, False), (15, True), (15, False)])
def test_bits_are_not_left_out_of_one_file_that_belong_to_the_values_of_others(
    tmp_path, damaged, high_bit, used
):
    values = np.random.default_rng(6).integers(0, 4096 if used else 1024, (5, 6, 7))
    values = values << 6 if high_bit == 15 and not used else values

    def edit(ds, k):
        if k == damaged:
            ds.BitsStored, ds.HighBit = 10, high_bit

    write(Made(stored=values.astype(np.uint16), edit=edit), tmp_path)

    if used or high_bit == 15:
        said = rf'bits {high_bit - 9} to {high_bit} in \S+' if damaged == 0 else 'bits 0 to 15 in'
        with pytest.raises(SeriesError, match=said + ' .* is wrong'):
            read_pet_series(tmp_path)
    else:
        np.testing.assert_array_equal(read_pet_series(tmp_path).voxels, values * np.float32(0.5))
