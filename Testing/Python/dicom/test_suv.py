"""
SUV from DICOM headers: what is read, and SUV volumes of reference objects.

Headers are made with pydicom here; the reference objects (oncoray,
suv_computation, CC BY 4.0) state their own minimum, median and maximum.
"""

import argparse
import csv
from datetime import datetime, time
from pathlib import Path

import numpy as np
import pytest
from dicom_files import LEGACY_ENHANCED_PET, Made, item, save
from dicom_files import enhanced as enhanced_file
from paths import SHARED
from VOIIdentificationLib.activity.isotopes import isotope_named
from VOIIdentificationLib.cli import suv as suv_command
from VOIIdentificationLib.core.errors import OutputError, SUVError
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.dicom import drug, folder
from VOIIdentificationLib.dicom.file import DicomFile
from VOIIdentificationLib.dicom.header import Header
from VOIIdentificationLib.dicom.read import find_stack
from VOIIdentificationLib.dicom.slices import PETSlice
from VOIIdentificationLib.dicom.source import trace_volume
from VOIIdentificationLib.dicom.suv import (
    suv_header_of_enhanced,
    suv_header_of_files,
    suv_header_of_slices,
    suv_image,
)
from VOIIdentificationLib.dicom.write import write_pet_series
from VOIIdentificationLib.files.volume import write_volume
from VOIIdentificationLib.suv.scale import suv_scale

pydicom = pytest.importorskip('pydicom')
sitk = pytest.importorskip('SimpleITK')

OBJECTS = SHARED / 'data' / 'suv_dro'
NAMES = [f'DRO_{n}' for n in ('0_0', '1_0', '2_0', '2_3', '2_4', '3_0', '3_2', '4_0', '5_0')]


def header(**elements):
    """A PET header; elements are keywords of the image, drug_ those of the injection."""
    drug = pydicom.Dataset()
    drug.RadiopharmaceuticalStartDateTime = '20260301100000'
    drug.RadiopharmaceuticalStartTime = '100000'
    drug.RadionuclideTotalDose = '300000000'
    drug.RadionuclideHalfLife = '6586.2'
    dataset = pydicom.Dataset()
    plain = {
        'Units': 'BQML',
        'DecayCorrection': 'START',
        'CorrectedImage': ['ATTN', 'DECY'],
        'SeriesDate': '20260301',
        'SeriesTime': '110000.000000',
        'AcquisitionDate': '20260301',
        'AcquisitionTime': '110000',
        'FrameReferenceTime': '150000',
        'ActualFrameDuration': '300000',
        'PatientWeight': '70',
        'PatientSize': '1.75',
        'PatientSex': 'M',
    }
    for keyword, value in {**plain, **elements}.items():
        owner = drug if keyword.startswith('drug_') else dataset
        name = keyword.removeprefix('drug_')
        if value is None:
            delattr(owner, name) if name in owner else None
        else:
            setattr(owner, name, value)
    dataset.RadiopharmaceuticalInformationSequence = [drug]
    return dataset


def read_suv_header(path):
    return suv_header_of_slices(find_stack(path).slices)


def found_in(*datasets):
    return suv_header_of_files([Header('slice', dataset) for dataset in datasets])


def facts(**elements):
    return found_in(header(**elements))


def test_every_fact_is_read_with_its_unit():
    found = facts(SUVType='BW')

    assert found.units == 'BQML'
    assert found.suv_type == 'BW'
    assert found.decay_correction == 'START'
    assert found.corrected_image == ('ATTN', 'DECY')
    assert found.series_start == datetime(2026, 3, 1, 11)
    assert found.injection == datetime(2026, 3, 1, 10)
    assert found.injection_time == time(10)
    assert (found.dose, found.half_life_s) == (300e6, 6586.2)
    assert (found.weight, found.height, found.sex) == (70.0, 1.75, 'M')
    frame = found.frames[0]
    assert frame.acquisition_start == datetime(2026, 3, 1, 11)
    assert (frame.frame_reference_s, frame.duration_s) == (150.0, 300.0)
    assert found.notes == ()


# pydicom itself warns of values that are no CS.
@pytest.mark.filterwarnings('ignore:Invalid value for VR CS')
def test_terms_in_small_letters_are_the_same():
    found = facts(PatientSex='m', Units='bqml', DecayCorrection='start', CorrectedImage=['attn'])
    assert (found.sex, found.units, found.decay_correction) == ('M', 'BQML', 'START')
    assert found.corrected_image == ('ATTN',)


def test_one_correction_is_no_list():
    assert facts(CorrectedImage='ATTN').corrected_image == ('ATTN',)


def test_an_empty_header_reads_as_nothing_known():
    found = found_in(pydicom.Dataset())

    assert found.units == ''
    assert found.weight is None
    assert found.injection is None
    assert found.frames[0].acquisition_start is None


@pytest.mark.parametrize(
    ('text', 'offset', 'expected'),
    [
        ('20260301100000.250000', None, datetime(2026, 3, 1, 10, 0, 0, 250_000)),
        ('202603011000', None, datetime(2026, 3, 1, 10)),
        ('20260301100000+0200', None, datetime(2026, 3, 1, 10)),
        ('20260301100000+0000', '+0100', datetime(2026, 3, 1, 11)),
        ('20260301003000+0100', '-0500', datetime(2026, 2, 28, 18, 30)),
        ('20260301', None, None),
        ('', None, None),
        ('2026030110+', None, None),
    ],
)
# pydicom itself warns of values that are no DT.
@pytest.mark.filterwarnings('ignore:Invalid value for VR DT')
def test_injection_datetimes_are_local(text, offset, expected):
    found = facts(drug_RadiopharmaceuticalStartDateTime=text, TimezoneOffsetFromUTC=offset)

    assert found.injection == expected


@pytest.mark.parametrize(
    ('text', 'expected'),
    [('1000', time(10)), ('10', time(10)), ('100059.5', time(10, 0, 59, 500_000)), ('', None)],
)
def test_injection_times_may_be_shortened(text, expected):
    assert facts(drug_RadiopharmaceuticalStartTime=text).injection_time == expected


def test_a_missing_series_date_is_taken_from_the_acquisition_and_said():
    found = facts(SeriesDate=None)

    assert found.series_start == datetime(2026, 3, 1, 11)
    assert 'no series date (0008,0021)' in found.notes[0]


def test_acquisition_datetime_stands_in_for_date_and_time():
    found = facts(AcquisitionDate=None, AcquisitionTime=None, AcquisitionDateTime='20260301110500')

    assert found.frames[0].acquisition_start == datetime(2026, 3, 1, 11, 5)


def test_after_the_last_day_of_the_calendar_there_is_no_next_day():
    """9999-12-31 stands in for a date that was removed: the time of day stays as it is."""
    found = facts(
        AcquisitionDate=None,
        SeriesDate='99991231',
        SeriesTime='235500',
        AcquisitionTime='000500',
    )

    assert found.frames[0].acquisition_start == datetime(9999, 12, 31, 0, 5)


def test_an_acquisition_time_without_date_after_midnight_is_on_the_next_day():
    found = facts(AcquisitionDate=None, SeriesTime='235500', AcquisitionTime='000500')

    assert found.frames[0].acquisition_start == datetime(2026, 3, 2, 0, 5)


def with_private(group, creator, element, value, *, block=0x10, vr='DS'):
    dataset = header()
    if creator:
        dataset.add_new((group, block), 'LO', creator)
    dataset.add_new((group, block * 0x100 + element), vr, value)
    return dataset


def test_a_scan_time_of_ge_that_nobody_reserved_is_used_and_that_is_said():
    """Some anonymizers keep the value and remove its creator."""
    found = found_in(with_private(0x0009, '', 0x0D, '20260301105900', vr='DT'))

    assert found.ge_scan_start == datetime(2026, 3, 1, 10, 59)
    assert '(0009,100d) is used although no creator GEMS_PETD_01 reserved it' in found.notes


@pytest.mark.parametrize('block', [0x10, 0x12])
def test_the_ge_scan_time_is_found_in_the_block_of_its_creator(block):
    dataset = with_private(0x0009, 'GEMS_PETD_01', 0x0D, '20260301105900', block=block, vr='DT')

    assert found_in(dataset).ge_scan_start == datetime(2026, 3, 1, 10, 59)


def test_an_element_of_another_creator_is_not_the_ge_scan_time():
    dataset = with_private(0x0009, 'SIEMENS', 0x0D, '20260301105900', vr='DT')

    assert found_in(dataset).ge_scan_start is None


@pytest.mark.parametrize(
    ('element', 'name'), [(0x00, 'philips_suv_factor'), (0x09, 'philips_activity_factor')]
)
@pytest.mark.parametrize('creator', ['Philips PET Private Group', ''])
@pytest.mark.parametrize(('vr', 'value'), [('DS', '0.0005'), ('UN', b'0.0005 ')])
def test_the_philips_factors_are_read_with_or_without_creator(element, name, creator, vr, value):
    dataset = with_private(0x7053, creator, element, value, vr=vr)

    found = found_in(dataset)

    assert getattr(found.frames[0], name) == pytest.approx(0.0005)
    assert bool(found.notes) == (not creator and element == 0x00)


def test_each_slice_has_its_own_factor_and_times():
    datasets = [with_private(0x7053, '', 0x00, text) for text in ('0.5', '0.25')]
    datasets[1].AcquisitionTime = '111500'

    found = found_in(*datasets)

    assert [frame.philips_suv_factor for frame in found.frames] == [0.5, 0.25]
    assert found.frames[1].acquisition_start == datetime(2026, 3, 1, 11, 15)


@pytest.mark.parametrize('text', ['', 'unknown', 'nan'])
def test_numbers_that_are_none_are_missing(text):
    dataset = header()
    dataset.add_new(0x00101030, 'LO', text)

    assert found_in(dataset).weight is None


def enhanced(*, corrected='YES', reference='20260301110000'):
    dataset = header()
    dataset.DecayCorrected = corrected
    dataset.AttenuationCorrected = 'YES'
    if reference:
        dataset.DecayCorrectionDateTime = reference
    groups = []
    for start in ('20260301110000', '20260301112000'):
        content = pydicom.Dataset()
        content.FrameAcquisitionDateTime = start
        content.FrameAcquisitionDuration = 600_000.0
        group = pydicom.Dataset()
        group.FrameContentSequence = [content]
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = groups
    return dataset


def frames_of(dataset, order, units='Bq/ml'):
    """The frames of an enhanced image as slices, in a given order."""
    file = DicomFile('all', dataset, Path('all'), '')
    groups = [file.items('PerFrameFunctionalGroupsSequence')[n] for n in order]
    contents = [group.item('FrameContentSequence') for group in groups]
    keywords = ('FrameAcquisitionDateTime', 'FrameAcquisitionDuration')
    return [
        PETSlice(
            file=file,
            position_lps_mm=(0.0, 0.0, 0.0),
            orientation=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
            pixel_spacing_mm=(1.0, 1.0),
            facts=tuple((keyword, content.text(keyword)) for keyword in keywords),
            units=units,
        )
        for content in contents
    ]


def test_an_enhanced_image_is_corrected_to_the_datetime_it_names():
    found = suv_scale(suv_header_of_enhanced(frames_of(enhanced(), [1, 0])))

    left_bq = 300e6 * 0.5 ** (3600 / 6586.2)
    assert found.factors == pytest.approx([70e3 / left_bq] * 2)


def test_an_uncorrected_enhanced_image_has_a_factor_a_frame():
    dataset = enhanced(corrected='NO', reference='')

    found = suv_scale(suv_header_of_enhanced(frames_of(dataset, [1, 0])))

    middles_s = [
        3600 + at - np.log2(np.mean(0.5 ** (np.linspace(0, 600, 60_001) / 6586.2))) * 6586.2
        for at in (1200, 0)
    ]
    expected = [70e3 / (300e6 * 0.5 ** (middle / 6586.2)) for middle in middles_s]
    assert found.factors == pytest.approx(expected, rel=1e-6)


def enhanced_study(folder, **elements):
    """Three frames in another order than their slices, each acquired an hour after the last."""
    stored = np.arange(3 * 4 * 5, dtype=np.uint16).reshape(3, 4, 5)
    dataset = enhanced_file(Made(stored=stored), order=[2, 0, 1], **elements)
    for keyword in ('PatientWeight', 'RadiopharmaceuticalInformationSequence'):
        setattr(dataset, keyword, getattr(header(), keyword))
    dataset.AttenuationCorrected, dataset.DecayCorrected = 'YES', 'NO'
    unit = item(CodeValue='Bq/ml', CodingSchemeDesignator='UCUM', CodeMeaning='Bq/ml')
    for frame, k in zip(dataset.PerFrameFunctionalGroupsSequence, (2, 0, 1), strict=True):
        frame.FrameContentSequence[0].FrameAcquisitionDateTime = f'20260301{11 + k}0000'
        frame.FrameContentSequence[0].FrameAcquisitionDuration = 0.001
        frame.RealWorldValueMappingSequence = item(
            RealWorldValueSlope=0.5, RealWorldValueIntercept=0.0, MeasurementUnitsCodeSequence=unit
        )
    save(dataset, folder / 'all.dcm')


def test_frames_of_an_enhanced_file_are_taken_in_the_order_of_the_slices(tmp_path):
    enhanced_study(tmp_path)

    scale = suv_scale(read_suv_header(tmp_path))

    expected = [70e3 / (300e6 * 0.5 ** (3600.0 * (1 + k) / 6586.2)) for k in range(3)]
    assert scale.factors == pytest.approx(expected, rel=1e-6)


def test_a_legacy_converted_file_is_refused(tmp_path):
    enhanced_study(tmp_path, sop_class=LEGACY_ENHANCED_PET)

    with pytest.raises(SUVError, match=r'all\.dcm is a legacy converted image'):
        read_suv_header(tmp_path)


def test_an_enhanced_image_of_another_unit_is_refused():
    with pytest.raises(SUVError, match="'1/s'"):
        suv_header_of_enhanced(frames_of(enhanced(), [0, 1], '1/s'))


@pytest.mark.parametrize('name', NAMES)
def test_reference_objects_give_their_suv(name):
    """Over the mask: minimum 0.20, median 1.00, maximum 4.00, whatever the header stores."""
    if not OBJECTS.is_dir():
        pytest.skip('the reference objects ../shared/data/suv_dro are not here')
    with (OBJECTS / 'DRO_list.csv').open(encoding='utf-8') as file:
        row = next(row for row in csv.DictReader(file) if row['ID'] == name)
    expected = [float(row[f'SUV{kind}_expected']) for kind in ('min', 'med', 'max')]
    mask = sitk.GetArrayFromImage(sitk.ReadImage(str(OBJECTS / name / 'mask' / 'DRO_mask.nii.gz')))

    image, scale = suv_image(OBJECTS / name / 'PT')

    values = image.voxels[mask > 0]
    found = [values.min(), np.median(values), values.max()]
    # The body-surface object is stored in steps of 0.01 cm2/mL.
    stored = 0.005 * 70e3 / 18_481 if name == 'DRO_2_3' else 0.0
    assert np.all(np.abs(np.subtract(found, expected)) <= np.multiply(expected, 0.005) + stored)
    assert scale.decisions


def a_pet_image():
    """Oblique, mirrored, anisotropic."""
    c, s = np.cos(0.4), np.sin(0.4)
    turned = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array(
        [[1, 0, 0], [0, c, -s], [0, s, c]]
    )
    ijk_to_ras = np.eye(4)
    ijk_to_ras[:3, :3] = turned * [-1.9, 2.8, 3.3]
    ijk_to_ras[:3, 3] = [40.0, 30.0, -20.0]
    voxels = np.arange(3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5)
    return PETImage(voxels, VolumeGeometry((3, 4, 5), ijk_to_ras), 'g/mL')


def test_a_written_volume_has_its_voxels_where_they_were(tmp_path):
    image = a_pet_image()

    write_volume(image, tmp_path / 'suv.nrrd')

    read = sitk.ReadImage(str(tmp_path / 'suv.nrrd'))
    assert np.array_equal(sitk.GetArrayFromImage(read), image.voxels)
    assert read.GetPixelID() == sitk.sitkFloat32
    assert read.GetMetaData('unit') == 'g/mL'
    for index in ((0, 0, 0), (4, 3, 2), (4, 0, 0)):
        left, posterior, superior = read.TransformIndexToPhysicalPoint(index)
        r, a, s = image.geometry.position_ras_mm(index)
        assert (-left, -posterior, superior) == pytest.approx((r, a, s), abs=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == ['suv.nrrd']


def test_volumes_are_not_written_over_and_only_as_nrrd(tmp_path):
    (tmp_path / 'suv.nrrd').write_text('mine', encoding='utf-8')

    with pytest.raises(OutputError, match='exists already'):
        write_volume(a_pet_image(), tmp_path / 'suv.nrrd')
    with pytest.raises(OutputError, match=r'must end in \.nrrd'):
        write_volume(a_pet_image(), tmp_path / 'suv.png')
    with pytest.raises(OutputError, match='does not exist'):
        write_volume(a_pet_image(), tmp_path / 'nowhere' / 'suv.nrrd')
    (tmp_path / 'folder.nrrd').mkdir()
    with pytest.raises(OutputError, match='is a folder'):
        write_volume(a_pet_image(), tmp_path / 'folder.nrrd', overwrite=True)
    assert (tmp_path / 'suv.nrrd').read_text(encoding='utf-8') == 'mine'


def test_the_command_writes_the_volume_and_prints_the_decisions(tmp_path, capsys):
    if not OBJECTS.is_dir():
        pytest.skip('the reference objects ../shared/data/suv_dro are not here')
    parser = argparse.ArgumentParser()
    suv_command.add_arguments(parser)
    output = tmp_path / 'suv.nrrd'
    args = parser.parse_args([str(OBJECTS / 'DRO_3_0' / 'PT'), '--output', str(output)])

    status = suv_command.run(args)

    printed = capsys.readouterr().out
    assert status == 0
    assert 'decay from injection 2025-01-01 10:00:00 to 2025-01-01 11:00:00' in printed
    assert 'Note: the stored dose is so small' in printed
    assert sitk.GetArrayFromImage(sitk.ReadImage(str(output))).max() == pytest.approx(4, rel=5e-3)


def test_every_slice_of_the_volume_has_its_own_factor(tmp_path):
    """Each slice of an uncorrected study acquired one hour after the one below it."""
    truth = np.random.default_rng(3).uniform(1e3, 2e4, (5, 4, 6)).astype(np.float32)
    geometry = VolumeGeometry(truth.shape, np.diag([2.0, 2.5, 3.0, 1.0]))
    paths = write_pet_series(PETImage(truth, geometry, 'Bq/mL'), tmp_path, seed=1)
    for k, path in enumerate(paths):
        dataset = pydicom.dcmread(path)
        dataset.DecayCorrection = 'NONE'
        dataset.AcquisitionTime = f'{12 + k}0000'
        dataset.save_as(path)
    drug = dataset.RadiopharmaceuticalInformationSequence[0]
    half_life_s = float(drug.RadionuclideHalfLife)

    image, scale = suv_image(tmp_path)

    step = 0.5 ** (3600.0 / half_life_s)
    assert scale.factors[1:] / scale.factors[:-1] == pytest.approx([1 / step] * 4, rel=1e-6)
    ratio = image.voxels / truth
    assert ratio.mean(axis=(1, 2)) == pytest.approx(scale.factors, rel=1e-4)


def test_the_header_is_read_in_the_order_of_the_slices():
    if not OBJECTS.is_dir():
        pytest.skip('the reference objects ../shared/data/suv_dro are not here')
    found = read_suv_header(OBJECTS / 'DRO_3_2' / 'PT')

    assert len(found.frames) == 20
    assert found.frames[0].frame_reference_s != found.frames[-1].frame_reference_s


@pytest.mark.parametrize('way', ['image and SUV', 'volume'])
def test_the_header_of_a_file_is_read_once(tmp_path, monkeypatch, way):
    truth = np.ones((5, 6, 7), np.float32)
    geometry = VolumeGeometry(truth.shape, np.diag([2.0, 2.5, 3.0, 1.0]))
    image = PETImage(truth, geometry, 'Bq/mL')
    paths = write_pet_series(image, tmp_path, seed=1)
    read = []

    def read_header(path, name):
        read.append(path)
        return original(path, name)

    original = folder.read_header
    monkeypatch.setattr(folder, 'read_header', read_header)

    if way == 'volume':
        assert trace_volume(image, paths).suv_header is not None
    else:
        suv_image(tmp_path)

    assert sorted(read) == sorted(paths)


def test_codes_of_radionuclides_are_those_of_dicom():
    """Against pydicom's own tables of PS3.16, CID 18 and CID 4020."""
    from pydicom.sr._snomed_dict import mapping
    from pydicom.sr.codedict import codes

    for group in (codes.CID4020, codes.CID18):
        for code in group.concepts.values():
            isotope = isotope_named(code.meaning)
            if isotope is not None:
                assert drug.RADIONUCLIDES[code.value] == isotope.name
    for code, name in drug.RADIONUCLIDES.items():
        assert mapping['SRT'].get(code, code).isdigit()
        assert drug.RADIONUCLIDES[mapping['SRT'].get(code, code)] == name
