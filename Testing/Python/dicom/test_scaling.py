"""What the values are: no slope, a table instead of one, counts, real-world mappings."""

import numpy as np
import pytest
from dicom_files import FACTOR, Made, after, enhanced, item, measured, save, write
from VOIIdentificationLib.analysis import Known
from VOIIdentificationLib.core.errors import SeriesError, SUVError
from VOIIdentificationLib.core.flags import Flag
from VOIIdentificationLib.dicom.describe import describe_series
from VOIIdentificationLib.dicom.read import read_pet_series, read_stack
from VOIIdentificationLib.dicom.source import suv_of_volume, trace_volume
from VOIIdentificationLib.dicom.suv import suv_header_of_slices, suv_image
from VOIIdentificationLib.many.of_header import with_header, without_suv
from VOIIdentificationLib.suv.scale import SUVScale, suv_scale


def factors(folder):
    return suv_scale(suv_header_of_slices(read_stack(folder)[1].slices)).factors


def without_slope(ds):
    del ds.RescaleSlope, ds.RescaleIntercept


@pytest.mark.parametrize('units', ['BQML', 'GML', 'CNTS', 'PROPCPS'])
def test_without_any_slope_the_unit_is_not_trusted(tmp_path, units):
    def edit(ds):
        without_slope(ds)
        ds.Units = units

    made = Made(edit=after(edit))
    write(made, tmp_path)

    image = read_pet_series(tmp_path)

    np.testing.assert_array_equal(image.voxels, made.stored)
    assert image.unit == 'unknown'
    (note,) = image.acquisition.notes
    assert note.startswith('no slice has a RescaleSlope (0028,1053)')
    assert units in note
    with pytest.raises(SUVError, match=rf'RescaleSlope .* {units}'):
        factors(tmp_path)
    assert any(line.startswith('No SUV: ') for line in describe_series(tmp_path))
    assert 'Unit: unknown: no RescaleSlope (0028,1053)' in describe_series(tmp_path)


@pytest.mark.parametrize('slices', [(), (3,)])
@pytest.mark.parametrize('slope', [False, True])
def test_a_table_of_values_is_refused(tmp_path, slices, slope):
    def edit(ds):
        if not slope:
            without_slope(ds)
        ds.ModalityLUTSequence = item(LUTDescriptor=[2, 0, 16], ModalityLUTType='US', LUTData=b'')
        del ds.ModalityLUTSequence[0].LUTData

    paths = write(Made(edit=after(edit, *slices)), tmp_path)
    with pytest.raises(SeriesError, match=r'ModalityLUTSequence \(0028,3000\)') as caught:
        read_pet_series(tmp_path)
    assert any(path.name in str(caught.value) for path in paths)


def philips(suv, activity, *, creator='Philips PET Private Group'):
    """Both private factors; a factor may be a list, one a slice."""

    def edit(ds, k):
        measured(ds, k)
        ds.Units = 'CNTS'
        if creator:
            ds.add_new(0x70530010, 'LO', creator)
        for tag, value in ((0x70531000, suv), (0x70531009, activity)):
            one = value[k] if isinstance(value, list) else value
            if one is not None:
                ds.add_new(tag, 'DS', one)

    return edit


@pytest.mark.parametrize('creator', ['Philips PET Private Group', ''])
@pytest.mark.parametrize('per_count', [2.0, 0.037, [1.0, 2.0, 3.0, 4.0, 5.0]])
def test_counts_with_a_factor_to_activity_become_activity(tmp_path, per_count, creator):
    texts = [str(one) for one in per_count] if isinstance(per_count, list) else str(per_count)
    made = Made(edit=philips(None, texts, creator=creator))
    write(made, tmp_path)

    image, scale = suv_image(tmp_path)
    plain = read_pet_series(tmp_path)

    expected = 0.5 * made.stored * np.broadcast_to(per_count, 5)[:, None, None]
    np.testing.assert_allclose(plain.voxels, expected, rtol=1e-6)
    assert plain.unit == 'Bq/mL'
    assert '(7053,1009)' in ' '.join(plain.acquisition.notes)
    np.testing.assert_allclose(image.voxels, expected * FACTOR, rtol=1e-6)
    assert scale.factors == pytest.approx([FACTOR] * 5, rel=1e-6)


@pytest.mark.parametrize('off', [1.0, 4.8])
def test_factors_of_philips_are_compared_in_files(tmp_path, off):
    write(Made(edit=philips(f'{2 * off * FACTOR:.9g}', '2')), tmp_path)
    scale = suv_image(tmp_path)[1]
    assert scale.factors == pytest.approx([off * FACTOR] * 5, rel=1e-6)
    assert (Flag.HEADER_CONTRADICTS in scale.flags) == (off != 1.0)


@pytest.mark.parametrize('activity', [None, '0', ''])
def test_counts_without_a_factor_stay_counts(tmp_path, activity):
    made = Made(edit=philips('0.0005', activity))
    write(made, tmp_path)
    assert read_pet_series(tmp_path).unit == 'counts'
    assert factors(tmp_path) == pytest.approx([0.0005] * 5)


@pytest.mark.parametrize('lacking', [None, '0'])
def test_a_factor_that_only_some_slices_have_is_refused(tmp_path, lacking):
    paths = write(Made(edit=philips('1', ['2', '2', '2', lacking, '2'])), tmp_path)
    with pytest.raises(SeriesError, match=r'\(7053,1009\)') as caught:
        read_pet_series(tmp_path)
    assert paths[3].name in str(caught.value)


def test_a_loaded_volume_of_counts_has_the_factors_of_counts(tmp_path):
    """The application shows the counts of the files."""
    paths = write(Made(edit=philips(f'{2 * FACTOR:.9g}', '2')), tmp_path)
    image = read_pet_series(tmp_path)
    source = trace_volume(image, paths)

    assert suv_of_volume(image.geometry, 'counts', source).factors == pytest.approx(2 * FACTOR)
    assert suv_of_volume(image.geometry, 'Bq/mL', source).factors == pytest.approx(FACTOR)


BECQUEREL, GRAMS = 'Bq/ml', '{SUVbw}g/ml'


def mapping(slope, code, first=-32768, last=32767):
    ds = item(
        RealWorldValueSlope=slope,
        RealWorldValueIntercept=0.0,
        MeasurementUnitsCodeSequence=item(CodeValue=code, CodingSchemeDesignator='UCUM'),
    )[0]
    for keyword, value in (('First', first), ('Last', last)):
        setattr(ds, f'RealWorldValue{keyword}ValueMapped', value)
        ds[f'RealWorldValue{keyword}ValueMapped'].VR = 'SS'
    return ds


def mapped(folder, *mappings, transform=True, **root):
    ds = enhanced(Made(), shared_scale=True)
    shared = ds.SharedFunctionalGroupsSequence[0]
    shared.RealWorldValueMappingSequence = list(mappings)
    if not transform:
        del shared.PixelValueTransformationSequence
    for keyword, value in root.items():
        setattr(ds, keyword, value)
    save(ds, folder / 'all.dcm')
    return read_pet_series(folder)


@pytest.mark.parametrize('transform', [False, True])
@pytest.mark.parametrize('order', [(0, 1), (1, 0)])
def test_the_mapping_to_activity_is_taken_wherever_it_stands(tmp_path, transform, order):
    both = mapping(2e-4, GRAMS), mapping(0.5, BECQUEREL)
    image = mapped(tmp_path, *(both[n] for n in order), transform=transform)
    assert image.unit == 'Bq/mL'
    np.testing.assert_array_equal(image.voxels, Made().stored * np.float32(0.5))


@pytest.mark.parametrize('transform', [False, True])
@pytest.mark.parametrize('order', [(0, 1), (1, 0)])
def test_a_mapping_in_pieces_is_refused(tmp_path, transform, order):
    pieces = mapping(0.5, BECQUEREL, last=9999), mapping(1.0, BECQUEREL, first=10000)
    with pytest.raises(SeriesError, match=r'all.dcm frame 1: .*several pieces, of slopes'):
        mapped(tmp_path, *(pieces[n] for n in order), transform=transform)


def test_a_unit_at_the_top_level_is_read_and_must_agree(tmp_path):
    assert mapped(tmp_path, Units='BQML').unit == 'Bq/mL'
    assert mapped(tmp_path, mapping(0.5, BECQUEREL), Units='BQML').unit == 'Bq/mL'
    with pytest.raises(SeriesError, match=r'several units of one value: \{SUVbw\}g/ml, BQML'):
        mapped(tmp_path, mapping(0.5, GRAMS), Units='BQML')


@pytest.mark.parametrize('slope', ['0.5', '0.25'])
def test_functional_groups_count_under_any_class(tmp_path, slope):
    """Under the class of single slices too; a slope outside must be that of the frames."""
    ds = enhanced(Made(), sop_class='1.2.840.10008.5.1.4.1.1.128', shared_scale=True)
    ds.RescaleSlope, ds.RescaleIntercept, ds.Units = slope, '0', 'BQML'
    save(ds, tmp_path / 'all.dcm')
    if slope == '0.5':
        assert read_pet_series(tmp_path).unit == 'Bq/mL'
    else:
        with pytest.raises(SeriesError, match=r'two scales: RescaleSlope .* 0\.25 .* 0\.5'):
            read_pet_series(tmp_path)


@pytest.mark.parametrize('units', ['PROPCPS', 'PCNT', 'CPS', 'MLMINML'])
def test_a_unit_without_suv_is_named_and_not_called_missing(tmp_path, units):
    write(Made(edit=after(lambda ds: setattr(ds, 'Units', units))), tmp_path)
    lines = describe_series(tmp_path)
    assert f'Unit: {units}' in lines
    assert not any(line.startswith('Missing') for line in lines)
    assert any(f"Units (0054,1001) are '{units}'; SUV can be made" in line for line in lines)


def test_a_header_without_a_scale_leaves_a_note_and_what_was_known(tmp_path):
    write(Made(edit=after(without_slope)), tmp_path)
    _image, stack = read_stack(tmp_path)

    known = with_header(Known(notes=('Said before.',)), stack)

    assert known.suv is None
    before, note = known.notes
    assert before == 'Said before.'
    assert note.startswith('No SUV: SUV refused: no slice has a RescaleSlope')


def test_values_that_were_calibrated_by_hand_have_no_suv_of_the_header():
    known = Known(suv=SUVScale('bw', 'g/mL', np.ones(3)), notes=('Said before.',))

    found = without_suv(known)

    assert found.suv is None
    assert found.notes == (
        'Said before.',
        'No SUV: the values were calibrated by hand, not by the header.',
    )
    assert without_suv(found) is found
