"""What the `info` command says of a series."""

import pydicom
import pytest
from dicom_files import Made, item, write
from VOIIdentificationLib.core.errors import SeriesError
from VOIIdentificationLib.dicom.describe import describe_series
from VOIIdentificationLib.dicom.header import Header
from VOIIdentificationLib.dicom.suv import suv_header_of_files
from VOIIdentificationLib.suv import header as suv_header


def complete():
    """A header from which the SUV follows (metrics of PS3.3, C.8.9)."""
    ds = pydicom.Dataset()
    ds.Units, ds.DecayCorrection, ds.CorrectedImage = 'BQML', 'START', ['ATTN', 'DECY']
    ds.PatientWeight, ds.SeriesDate, ds.SeriesTime = '70', '20260301', '101500'
    ds.RadiopharmaceuticalInformationSequence = item(
        RadionuclideTotalDose='3.7e8',
        RadionuclideHalfLife='6586.2',
        RadiopharmaceuticalStartDateTime='20260301091500',
    )
    return ds


def missing_for_suv(ds):
    return suv_header.missing_for_suv(suv_header_of_files([Header('slice', ds)]))


def test_the_description_names_identity_grid_and_values(tmp_path):
    write(Made(slopes=(0.5, 0.6, 0.7, 0.8, 0.9)), tmp_path)
    (tmp_path / 'notes.txt').write_text('hello')

    lines = describe_series(tmp_path)

    assert lines[:12] == (
        'Series: 1.2.3.4: PT, "made", 5 images',
        'Scanner: not named',
        'Reconstruction: not named',
        'Injection: not named',
        'Acquired: time not named',
        'Patient position: not named',
        'Grid: 7 x 6 x 5 voxels of 2 x 3 x 4 mm',
        'First voxel: RAS (20.00, -31.00, -47.50) mm',
        'Last voxel: RAS (8.00, -46.00, -31.50) mm',
        'Unit: Bq/mL',
        'Slope: 0.5 to 0.9',
        'Decay correction: not named',
    )
    assert lines[-1] == 'Note: 1 file passed over, not DICOM: notes.txt'


def test_monochrome1_and_a_missing_unit_are_told(tmp_path):
    def edit(ds, _k):
        ds.PhotometricInterpretation = 'MONOCHROME1'
        del ds.Units

    write(Made(edit=edit), tmp_path)

    lines = describe_series(tmp_path)

    assert 'Unit: unknown: no Units (0054,1001)' in lines
    assert any(line.startswith('MONOCHROME1: ') for line in lines)


def test_a_complete_header_lacks_nothing(tmp_path):
    assert missing_for_suv(complete()) == ()

    def edit(ds, _k):
        ds.update(complete())

        ds.SeriesDate = ds.AcquisitionDate = '20260301'
        ds.AcquisitionTime = ds.SeriesTime

    write(Made(edit=edit), tmp_path)
    lines = describe_series(tmp_path)
    assert 'SUV: all that it needs is there' in lines
    assert any('half-life 6586.2 s' in line for line in lines)


def test_a_header_that_lacks_nothing_may_still_be_refused(tmp_path):
    def edit(ds, _k):
        ds.update(complete())
        ds.DecayCorrection = 'MAYBE'

    write(Made(edit=edit), tmp_path)
    assert any(line.startswith('No SUV: SUV refused') for line in describe_series(tmp_path))


def test_a_time_that_is_none_is_missing(tmp_path):
    def edit(ds, _k):
        ds.update(complete())
        ds.SeriesTime = 'noon'

    with pytest.warns(UserWarning, match='noon'):
        write(Made(edit=edit), tmp_path)
    missing = 'Missing for SUV: SeriesTime (0008,0031) or AcquisitionTime (0008,0032)'
    assert f"{missing}, where the header has 'noon'" in describe_series(tmp_path)


def test_an_image_without_decay_correction_does_not_lack_it():
    ds = complete()
    ds.DecayCorrection, ds.CorrectedImage = 'NONE', ['ATTN']
    assert missing_for_suv(ds) == ()


@pytest.mark.parametrize(
    ('keyword', 'tag'),
    [
        ('Units', '(0054,1001)'),
        ('DecayCorrection', '(0054,1102)'),
        ('PatientWeight', '(0010,1030)'),
        ('SeriesTime', '(0008,0031)'),
        ('RadiopharmaceuticalInformationSequence', '(0054,0016)'),
    ],
)
def test_each_missing_element_is_named_with_its_tag(keyword, tag):
    ds = complete()
    delattr(ds, keyword)
    (missing,) = missing_for_suv(ds)
    assert keyword in missing
    assert tag in missing


@pytest.mark.parametrize(
    'keyword',
    ['RadionuclideTotalDose', 'RadionuclideHalfLife', 'RadiopharmaceuticalStartDateTime'],
)
def test_each_missing_fact_of_the_injection_is_named(keyword):
    ds = complete()
    delattr(ds.RadiopharmaceuticalInformationSequence[0], keyword)
    (missing,) = missing_for_suv(ds)
    assert keyword in missing


@pytest.mark.parametrize(('corrections', 'expected'), [(['ATTN'], 'DECY in'), ('DECY', 'ATTN in')])
def test_each_missing_correction_is_named(corrections, expected):
    ds = complete()
    ds.CorrectedImage = corrections
    (missing,) = missing_for_suv(ds)
    assert missing.startswith(expected)


def test_stored_suvs_need_nothing_and_counts_a_factor():
    ds = pydicom.Dataset()
    ds.Units = 'GML'
    assert missing_for_suv(ds) == ()
    ds.Units = 'CNTS'
    assert '(7053,1000)' in missing_for_suv(ds)[0]
    ds.add_new((0x7053, 0x1009), 'DS', '2.5')
    assert missing_for_suv(ds) == ()


def test_several_series_are_listed_instead(tmp_path):
    write(Made(), tmp_path)
    write(Made(series_uid='1.2.3.5'), tmp_path / 'b')
    with pytest.raises(SeriesError, match='2 PET series'):
        describe_series(tmp_path)
