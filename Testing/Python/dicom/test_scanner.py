"""Scanner, reconstruction and injection of a series: what all its slices say, or nothing."""

import pytest
from dicom_files import Made, enhanced, item, measured, save, write
from VOIIdentificationLib.dicom.attributes import ATTRIBUTES, Policy, tag_text
from VOIIdentificationLib.dicom.describe import describe_series
from VOIIdentificationLib.dicom.read import read_pet_series

NAMED = {
    'Manufacturer': 'SIEMENS',
    'ManufacturerModelName': 'Biograph 64',
    'DeviceSerialNumber': '1234',
    'StationName': 'PET1',
    'SoftwareVersions': ['VG60A', 'X'],
    'ReconstructionMethod': 'PSF+TOF 4i5s',
    'ConvolutionKernel': 'XYZ Gauss2.00',
}


def name_all(ds, _k=0):
    measured(ds)
    for keyword, value in NAMED.items():
        setattr(ds, keyword, value)


def facts_of(folder, edit=name_all):
    write(Made(edit=edit), folder)
    return read_pet_series(folder).acquisition


def test_every_fact_is_read(tmp_path):
    facts = facts_of(tmp_path)
    assert (facts.manufacturer, facts.model) == ('SIEMENS', 'Biograph 64')
    assert (facts.device_serial_number, facts.station_name) == ('1234', 'PET1')
    assert facts.software_versions == ('VG60A', 'X')
    assert facts.reconstruction_method == 'PSF+TOF 4i5s'
    assert (facts.iterations, facts.subsets) == (4, 5)
    assert facts.convolution_kernel == ('XYZ Gauss2.00',)
    assert facts.frame_duration_s == 600.0
    assert facts.isotope == 'F-18'
    assert facts.injected_activity_bq == 70e6
    assert not [note for note in facts.notes if 'differ' in note]


def test_info_tells_them(tmp_path):
    write(Made(edit=name_all), tmp_path)
    lines = describe_series(tmp_path)
    scanner = 'SIEMENS Biograph 64, serial number 1234, station PET1, software VG60A / X'
    recon = 'PSF+TOF 4i5s, iterations 4, subsets 5, filter XYZ Gauss2.00, frame of 600 s'
    assert f'Scanner: {scanner}' in lines
    assert f'Reconstruction: {recon}' in lines
    assert 'Injection: F-18, 70 MBq' in lines


SINGLE = [row.keyword for row in ATTRIBUTES if row.differs is Policy.NOTHING and not row.sequence]
FIELDS = dict(
    zip(
        NAMED,
        (
            *('manufacturer', 'model', 'device_serial_number', 'station_name'),
            *('software_versions', 'reconstruction_method', 'convolution_kernel'),
        ),
        strict=True,
    )
)


@pytest.mark.parametrize('other', ['another', None])
@pytest.mark.parametrize('odd', [0, 3])
@pytest.mark.parametrize('keyword', SINGLE)
def test_what_slices_do_not_agree_on_is_unknown_and_said(tmp_path, keyword, odd, other):
    def edit(ds, k):
        name_all(ds)
        if k == odd:
            delattr(ds, keyword) if other is None else setattr(ds, keyword, other)

    facts = facts_of(tmp_path, edit)

    assert not getattr(facts, FIELDS[keyword])
    (note,) = [note for note in facts.notes if tag_text(keyword) in note]
    assert note.endswith('it counts as unknown')
    assert ('another' if other else 'none') in note


def test_frames_of_different_length_have_no_length(tmp_path):
    def edit(ds, k):
        name_all(ds)
        ds.ActualFrameDuration = 600000 if k else 300000

    assert facts_of(tmp_path, edit).frame_duration_s is None


@pytest.mark.parametrize(
    ('method', 'counts'),
    [
        ('OSEM3D 4i8s', (4, 8)),
        ('PSF+TOF 3I21S', (3, 21)),
        ('OP-OSEM4i8s', (None, None)),
        ('BLOB-OS-TF', (None, None)),
        ('0i0s', (None, None)),
    ],
)
def test_iterations_and_subsets_in_the_method(tmp_path, method, counts):
    def edit(ds, _k):
        name_all(ds)
        ds.ReconstructionMethod = method

    facts = facts_of(tmp_path, edit)
    assert (facts.iterations, facts.subsets) == counts


@pytest.mark.parametrize(
    ('creator', 'others', 'counts'),
    [
        ('GEMS_PETD_01', 28, (3, 28)),
        ('GEMS_PETD_01', 24, (3, None)),
        ('SOMEBODY', 28, (None, None)),
    ],
)
def test_ge_has_them_in_private_elements(tmp_path, creator, others, counts):
    def edit(ds, k):
        name_all(ds)
        ds.Manufacturer, ds.ReconstructionMethod = 'GE MEDICAL SYSTEMS', 'VPFX'
        block = ds.private_block(0x0009, creator, create=True)
        block.add_new(0xB2, 'SL', 3)
        block.add_new(0xB3, 'SL', others if k == 2 else 28)

    facts = facts_of(tmp_path, edit)
    assert (facts.iterations, facts.subsets) == counts


def test_numbers_in_a_block_that_nobody_reserved_are_not_taken_for_ges(tmp_path):
    def edit(ds, _k):
        name_all(ds)
        ds.Manufacturer, ds.ReconstructionMethod = 'GE MEDICAL SYSTEMS', 'VPFX'
        ds.add_new(0x000910B2, 'IS', 3)
        ds.add_new(0x000910B3, 'IS', 28)

    facts = facts_of(tmp_path, edit)
    assert (facts.iterations, facts.subsets) == (None, None)


@pytest.mark.parametrize(
    ('dose', 'bq'), [('70', 70e6), ('-1', None), ('', None), ('1e15', None), ('70e6', 70e6)]
)
def test_an_activity_that_makes_no_sense_is_unknown(tmp_path, dose, bq):
    def edit(ds, _k):
        name_all(ds)
        ds.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = dose

    facts = facts_of(tmp_path, edit)
    assert facts.injected_activity_bq == bq
    assert facts.isotope == 'F-18'


def test_slices_of_two_isotopes_have_none(tmp_path):
    def edit(ds, k):
        name_all(ds)
        if k == 1:
            ds.RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife = '4069.8'

    assert facts_of(tmp_path, edit).isotope == ''


def test_without_a_header_nothing_is_known(tmp_path):
    write(Made(), tmp_path)
    lines = describe_series(tmp_path)
    for name in ('Scanner', 'Reconstruction', 'Injection'):
        assert f'{name}: not named' in lines


@pytest.mark.parametrize(('odd', 'iterations'), [(None, 3), (2, None)])
def test_frames_name_their_reconstruction(tmp_path, odd, iterations):
    ds = enhanced(Made())
    ds.ManufacturerModelName = 'Big'
    for k, frame in enumerate(ds.PerFrameFunctionalGroupsSequence):
        frame.PETReconstructionSequence = item(
            ReconstructionAlgorithm='MLEM',
            ReconstructionType='3D',
            NumberOfIterations=4 if k == odd else 3,
            NumberOfSubsets=21,
        )
        frame.FrameContentSequence[0].FrameAcquisitionDuration = 120000.0
    save(ds, tmp_path / 'a.img')

    facts = read_pet_series(tmp_path).acquisition

    assert (facts.model, facts.reconstruction_method) == ('Big', 'MLEM 3D')
    assert (facts.iterations, facts.subsets) == (iterations, 21)
    assert facts.frame_duration_s == 120.0
    assert any('NumberOfIterations (0018,9739)' in note for note in facts.notes) == (odd == 2)
