"""Multi-frame PET: the frames are the slices of the same series written as single images."""

import numpy as np
import pydicom
import pytest
from dicom_files import LEGACY_ENHANCED_PET, Made, enhanced, item, save, turned
from VOIIdentificationLib.core.errors import SeriesError
from VOIIdentificationLib.dicom.describe import describe_series
from VOIIdentificationLib.dicom.read import read_pet_series

ORDER = [3, 0, 4, 1, 2]


def made():
    stored = np.random.default_rng(5).integers(0, 60000, (5, 6, 7), dtype=np.uint16)
    return Made(
        stored=stored,
        orientation=turned(11.0, -23.0, 37.0),
        slopes=(0.5, 0.6, 0.7, 0.8, 0.9),
    )


@pytest.mark.parametrize(
    'syntax', ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1', '1.2.840.10008.1.2.1.99']
)
@pytest.mark.parametrize('sop_class', ['1.2.840.10008.5.1.4.1.1.130', LEGACY_ENHANCED_PET])
def test_frames_in_any_order_are_scaled_and_placed_one_by_one(tmp_path, syntax, sop_class):
    truth = made()
    truth.syntax = syntax
    save(enhanced(truth, order=ORDER, sop_class=sop_class), tmp_path / 'all.dcm')

    image = read_pet_series(tmp_path)

    expected = truth.stored * np.array(truth.slopes)[:, None, None]
    np.testing.assert_allclose(image.voxels, expected, rtol=2**-23)
    row, column = np.reshape(truth.orientation, (2, 3))
    for k, j, i in [(0, 0, 0), (4, 5, 6), (2, 1, 5)]:
        lps = truth.position(k) + row * 2.0 * i + column * 3.0 * j
        assert image.geometry.position_ras_mm((i, j, k)) == pytest.approx(
            lps * [-1, -1, 1], abs=1e-5
        )


def test_a_scale_common_to_all_frames_is_used(tmp_path):
    truth = made()
    save(enhanced(truth, shared_scale=True), tmp_path / 'all.dcm')
    np.testing.assert_array_equal(read_pet_series(tmp_path).voxels, truth.stored * np.float32(0.5))


def test_run_lengths_of_all_frames_are_decoded(tmp_path):
    truth = made()
    ds = enhanced(truth, shared_scale=True)
    ds.compress(pydicom.uid.RLELossless)
    save(ds, tmp_path / 'all.dcm')
    np.testing.assert_array_equal(read_pet_series(tmp_path).voxels, truth.stored * np.float32(0.5))


def test_a_header_longer_than_the_first_read_is_followed(tmp_path):
    """The groups of 300 frames take more than 32 kB."""
    stored = np.random.default_rng(6).integers(0, 60000, (300, 2, 3), dtype=np.uint16)
    save(enhanced(Made(stored=stored)), tmp_path / 'all.dcm')
    np.testing.assert_array_equal(read_pet_series(tmp_path).voxels, stored * np.float32(0.5))


def _map_to(ds, slope):
    ds.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence = item(
        RealWorldValueSlope=slope,
        RealWorldValueIntercept=0.0,
        MeasurementUnitsCodeSequence=item(
            CodeValue='Bq/ml', CodingSchemeDesignator='UCUM', CodeMeaning='Bq/ml'
        ),
    )


@pytest.mark.parametrize(('slope', 'unit'), [(0.5, 'Bq/mL'), (0.25, 'unknown')])
def test_the_real_world_unit_holds_if_its_slope_is_the_one_used(tmp_path, slope, unit):
    ds = enhanced(made(), shared_scale=True)
    _map_to(ds, slope)
    save(ds, tmp_path / 'all.dcm')
    assert read_pet_series(tmp_path).unit == unit


def test_the_real_world_mapping_scales_where_nothing_else_does(tmp_path):
    truth = made()
    ds = enhanced(truth, shared_scale=True)
    del ds.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence
    _map_to(ds, 0.25)
    save(ds, tmp_path / 'all.dcm')

    image = read_pet_series(tmp_path)

    np.testing.assert_array_equal(image.voxels, truth.stored * np.float32(0.25))
    assert image.unit == 'Bq/mL'


def test_a_converted_series_keeps_its_units(tmp_path):
    ds = enhanced(made(), sop_class=LEGACY_ENHANCED_PET)
    shared = ds.SharedFunctionalGroupsSequence[0]
    shared.UnassignedSharedConvertedAttributesSequence = item(Units='GML')
    save(ds, tmp_path / 'all.dcm')
    assert read_pet_series(tmp_path).unit == 'g/mL'
    assert 'Unit: g/mL' in describe_series(tmp_path)


def refused(ds, folder, match):
    save(ds, folder / 'all.dcm')
    with pytest.raises(SeriesError, match=match):
        read_pet_series(folder)


def test_time_points_name_both_frames(tmp_path):
    ds = enhanced(made())
    frames = ds.PerFrameFunctionalGroupsSequence
    frames[4].PlanePositionSequence = frames[1].PlanePositionSequence
    frames[4].FrameContentSequence = item(TemporalPositionIndex=2)
    refused(
        ds,
        tmp_path,
        r'all.dcm frame 2 and all.dcm frame 5 hold different images of one plane, .*'
        r'\(TemporalPositionIndex 1 and 2\)',
    )


def test_a_frame_without_position_is_named(tmp_path):
    ds = enhanced(made())
    del ds.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence
    refused(ds, tmp_path, r'all.dcm frame 3 has no ImagePositionPatient \(0020,0032\)')


def test_a_frame_with_a_zero_slope_is_named(tmp_path):
    ds = enhanced(made())
    scale = ds.PerFrameFunctionalGroupsSequence[2].PixelValueTransformationSequence
    scale[0].RescaleSlope = '0'
    refused(ds, tmp_path, r'all.dcm frame 3: RescaleSlope \(0028,1053\) is 0')


def test_a_position_of_two_numbers_is_quoted(tmp_path):
    ds = enhanced(made())
    place = ds.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence
    place[0].ImagePositionPatient = [1.0, 2.0]
    refused(ds, tmp_path, r"all.dcm frame 3: ImagePositionPatient .* is '1.0, 2.0'")


def test_groups_that_do_not_match_the_frames_are_counted(tmp_path):
    ds = enhanced(made())
    del ds.PerFrameFunctionalGroupsSequence[4]
    refused(ds, tmp_path, 'all.dcm has 5 frames but functional groups for 4')


def test_truncated_frames_count_the_bytes(tmp_path):
    path = save(enhanced(made()), tmp_path / 'all.dcm')
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(SeriesError, match=r'all.dcm is truncated: it holds 410 of the 420 bytes'):
        read_pet_series(tmp_path)
