"""Reconstructed SPECT: where its voxels lie, in which unit, and what is refused by name."""

import numpy as np
import pytest
from dicom_files import Made, header, item, save, turned, write
from spect_files import NM, MadeSPECT, map_to_bqml
from VOIIdentificationLib.core.errors import SeriesError
from VOIIdentificationLib.dicom.describe import describe_series
from VOIIdentificationLib.dicom.read import read_pet_series

FEET_FIRST = (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def read(ds, folder):
    save(ds, folder / 'nm.dcm')
    return read_pet_series(folder)


@pytest.mark.parametrize('spacing_mm', [4.0, -4.5])
@pytest.mark.parametrize('orientation', [turned(11.0, -23.0, 37.0), FEET_FIRST])
@pytest.mark.parametrize('order', [(0, 1, 2, 3, 4), (0, 3, 1, 4, 2)])
def test_every_voxel_lies_where_the_standard_puts_it(tmp_path, spacing_mm, orientation, order):
    """The hottest voxel of an image is looked for; the grid's own axes say nothing."""
    made = MadeSPECT(spacing_mm=spacing_mm, orientation=orientation, order=order)
    image = read(made.dataset(), tmp_path)
    for k, j, i in [(0, 0, 0), (4, 5, 6), (3, 1, 5)]:
        value = made.stored[k, j, i]
        at_kji = np.argwhere(image.voxels == value)[0]
        expected = made.position(k, j, i) * [-1, -1, 1]
        assert image.geometry.position_ras_mm(at_kji[::-1]) == pytest.approx(expected, abs=1e-5)
    step = image.geometry.ijk_to_ras[:3, :3]
    assert np.linalg.det(step) == pytest.approx(3.0 * 2.0 * abs(spacing_mm))


def test_a_negative_distance_stacks_in_front_of_the_first_slice(tmp_path):
    """Head to feet in an axial image: the first frame is the one nearest to the head."""
    image = read(MadeSPECT(spacing_mm=-4.0).dataset(), tmp_path)
    assert image.voxels[-1].max() == 41  # slice 1 holds 0 to 41
    assert image.geometry.position_ras_mm((0, 0, 4)) == pytest.approx((20.0, -31.0, -47.5))
    assert image.geometry.position_ras_mm((0, 0, 0)) == pytest.approx((20.0, -31.0, -63.5))


def test_files_of_one_slice_each_lie_where_each_says(tmp_path):
    made = MadeSPECT()
    for k in range(5):
        ds = MadeSPECT(stored=made.stored[k : k + 1], order=(0,)).dataset()
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f'1.2.3.20.{k + 1}'
        place = ds.DetectorInformationSequence[0]
        place.ImagePositionPatient = [-20.0, 31.0, -47.5 + 4.0 * k]
        save(ds, tmp_path / f'{9 - k}.dcm')
    np.testing.assert_array_equal(read_pet_series(tmp_path).voxels, made.stored)


def test_values_without_a_unit_are_counts_and_that_is_said(tmp_path):
    image = read(MadeSPECT().dataset(), tmp_path)
    assert image.unit == 'counts'
    assert 'the SPECT image names no unit: its values are taken for counts' in (
        image.acquisition.notes
    )


@pytest.mark.parametrize('rescaled', [False, True])
def test_a_real_world_mapping_gives_the_concentration(tmp_path, rescaled):
    made = MadeSPECT()
    ds = made.dataset()
    map_to_bqml(ds, 2.5)
    if rescaled:
        ds.RescaleSlope, ds.RescaleIntercept = '1', '0'
    image = read(ds, tmp_path)
    assert (image.unit, image.acquisition.notes) == ('Bq/mL', ())
    np.testing.assert_array_equal(image.voxels, made.stored * np.float32(2.5))


def test_a_slope_and_units_give_the_concentration(tmp_path):
    made = MadeSPECT()
    ds = made.dataset()
    ds.RescaleSlope, ds.RescaleIntercept, ds.Units = '0.5', '3', 'BQML'
    image = read(ds, tmp_path)
    assert image.unit == 'Bq/mL'
    np.testing.assert_allclose(image.voxels, made.stored * 0.5 + 3)


def test_a_unit_without_a_slope_is_not_trusted(tmp_path):
    ds = MadeSPECT().dataset()
    ds.Units = 'BQML'
    assert read(ds, tmp_path).unit == 'unknown'


@pytest.mark.parametrize(
    ('kind', 'match'),
    [
        ('STATIC', r'a planar image: give a reconstructed SPECT series'),
        ('WHOLE BODY', r'a planar whole-body image: give'),
        ('DYNAMIC', r'a planar dynamic series: give'),
        ('GATED', r'a planar gated series: give'),
        ('TOMO', r'SPECT projections: give the series that was reconstructed from it'),
        ('GATED TOMO', r'gated SPECT projections: give'),
        ('RECON GATED TOMO', r'a gated SPECT reconstruction: reconstruct and export all gates'),
        ('ODD', r'not known \(ImageType \(0008,0008\) is ORIGINAL\\PRIMARY\\ODD\\EMISSION\)'),
    ],
)
def test_what_is_no_reconstruction_is_refused_by_name(tmp_path, kind, match):
    ds = MadeSPECT(kind=('ORIGINAL', 'PRIMARY', kind, 'EMISSION')).dataset()
    save(ds, tmp_path / 'nm.dcm')
    for uid in (None, '1.2.3.20'):
        with pytest.raises(SeriesError, match=match):
            read_pet_series(tmp_path, series_uid=uid)


def test_an_attenuation_map_is_no_activity(tmp_path):
    ds = MadeSPECT(kind=('ORIGINAL', 'PRIMARY', 'RECON TOMO', 'TRANSMISSION')).dataset()
    with pytest.raises(SeriesError, match='a transmission image, not one of activity'):
        read(ds, tmp_path)


def _drop(keyword):
    return lambda ds: delattr(ds, keyword)


def _drop_of_detector(keyword):
    return lambda ds: delattr(ds.DetectorInformationSequence[0], keyword)


def _set(keyword, value):
    return lambda ds: setattr(ds, keyword, value)


def _second_detector(ds):
    other = item(ImagePositionPatient=[1, 2, 3], ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    ds.DetectorInformationSequence.append(other[0])


@pytest.mark.parametrize(
    ('edit', 'match'),
    [
        (_drop('SpacingBetweenSlices'), r'SpacingBetweenSlices \(0018,0088\) is missing'),
        (_set('SpacingBetweenSlices', '0'), r'SpacingBetweenSlices \(0018,0088\) is 0'),
        (_drop('SliceVector'), r'SliceVector \(0054,0080\) is missing'),
        (_set('SliceVector', [1, 1, 2, 2, 3]), r'has 3 different values'),
        (_set('SliceVector', [5, 4, 3, 2, 1]), r'its first frame is slice 5'),
        (_drop('PixelSpacing'), r'has no PixelSpacing'),
        (_drop('DetectorInformationSequence'), r'has no ImagePositionPatient'),
        (_drop_of_detector('ImagePositionPatient'), r'has no ImagePositionPatient'),
        (_drop_of_detector('ImageOrientationPatient'), r'has no ImageOrientationPatient'),
        (_second_detector, r'several values of ImagePositionPatient .*: -20, 31, -47.5 and 1, 2'),
        (_set('ImagePositionPatient', [0, 0, 0]), r'several values of ImagePositionPatient'),
        (_set('EnergyWindowVector', [1, 1, 1, 2, 2]), r'several energy windows: .* from 1 to 2'),
        (_set('TimeSlotVector', [1, 2, 3, 4, 5]), r'several gates: TimeSlotVector'),
        (_set('RescaleSlope', '0'), r'RescaleSlope \(0028,1053\) is 0'),
    ],
)
def test_what_makes_a_place_or_a_value_unknown_is_refused(tmp_path, edit, match):
    ds = MadeSPECT().dataset()
    edit(ds)
    with pytest.raises(SeriesError, match=match):
        read(ds, tmp_path)


def test_pet_and_spect_in_one_folder_are_listed(tmp_path):
    write(Made(), tmp_path / 'pet')
    save(MadeSPECT().dataset(), tmp_path / 'nm.dcm')
    with pytest.raises(SeriesError, match=r'holds 2 PET or SPECT series.*(?s:.*)NM, "made", 5'):
        read_pet_series(tmp_path)
    assert read_pet_series(tmp_path, series_uid='1.2.3.20').unit == 'counts'


def test_projections_beside_the_reconstruction_are_passed_over(tmp_path):
    projections = MadeSPECT(kind=('ORIGINAL', 'PRIMARY', 'TOMO', 'EMISSION'), series_uid='1.2.9')
    save(projections.dataset(), tmp_path / 'tomo.dcm')
    assert read(MadeSPECT().dataset(), tmp_path).voxels.shape == (5, 6, 7)


def test_info_tells_what_it_is(tmp_path):
    save(MadeSPECT(spacing_mm=-4.0).dataset(), tmp_path / 'nm.dcm')
    lines = describe_series(tmp_path)
    assert 'Series: 1.2.3.20: NM, "made", 5 images' in lines
    assert 'Unit: counts' in lines
    assert 'Grid: 7 x 6 x 5 voxels of 2 x 3 x 4 mm' in lines


def test_a_report_of_nuclear_medicine_is_no_image(tmp_path):
    ds = header(NM, MadeSPECT().syntax, '1.2.5', '1.2.5.1')
    save(ds, tmp_path / 'empty.dcm')
    with pytest.raises(SeriesError, match='holds no DICOM images'):
        read_pet_series(tmp_path)


def test_a_lone_slice_is_as_thick_as_it_says(tmp_path):
    ds = MadeSPECT(stored=np.arange(42, dtype=np.uint16).reshape(1, 6, 7), order=(0,)).dataset()
    del ds.SpacingBetweenSlices
    ds.SliceThickness = 4.5
    image = read(ds, tmp_path)
    assert image.geometry.spacing_ijk_mm == pytest.approx((2.0, 3.0, 4.5))


def test_one_file_of_a_series_that_is_no_reconstruction_is_named(tmp_path):
    """The first file alone would pass; its projections lie nowhere."""
    save(MadeSPECT().dataset(), tmp_path / 'a.dcm')
    other = MadeSPECT(kind=('ORIGINAL', 'PRIMARY', 'TOMO', 'EMISSION')).dataset()
    other.SOPInstanceUID = other.file_meta.MediaStorageSOPInstanceUID = '1.2.3.20.2'
    save(other, tmp_path / 'b.dcm')
    with pytest.raises(SeriesError, match=r'b\.dcm is SPECT projections: give the series'):
        read_pet_series(tmp_path)
