"""A PET sidecar of BIDS beside a NIfTI file: what it gives, and what contradicts itself."""

import json

import numpy as np
import pytest
from VOIIdentificationLib.cli import main as cli
from VOIIdentificationLib.core.errors import InputFileError, SUVError
from VOIIdentificationLib.core.phantom import load_phantom
from VOIIdentificationLib.files.bids import read_sidecar, sidecar_path
from VOIIdentificationLib.files.volume import read_volume
from VOIIdentificationLib.many.of_header import with_suv_header
from VOIIdentificationLib.suv.scale import suv_scale
from VOIIdentificationLib.synthetic.phantom import (
    PSF,
    Activities,
    SyntheticPhantom,
    grid,
    synthesize,
)

SimpleITK = pytest.importorskip('SimpleITK')

F18_HALF_LIFE_S = 1.8288 * 3600
SIDECAR = {
    'Manufacturer': 'Siemens',
    'ManufacturersModelName': 'Biograph',
    'Units': 'Bq/mL',
    'TracerName': 'FDG',
    'TracerRadionuclide': 'F18',
    'InjectedRadioactivity': 70.0,
    'InjectedRadioactivityUnits': 'MBq',
    'InjectionStart': -3600,
    'TimeZero': '10:15:00',
    'ScanDate': '2026-03-01',
    'ScanStart': 0,
    'FrameTimesStart': [0],
    'FrameDuration': [600],
    'AcquisitionMode': 'list mode',
    'ImageDecayCorrected': True,
    'ImageDecayCorrectionTime': 0,
    'ReconMethodName': 'PSF+TOF 3i21s',
    'AttenuationCorrection': 'CT',
    'BodyWeight': 10.0,
}
"""10 kg and 70 MBq an hour before Time Zero, to which the image is corrected."""


def written(folder, voxels, changes=None, name='sub-01_pet'):
    """A NIfTI of 2 x 3 x 4 mm voxels, compressed, and its sidecar."""
    image = SimpleITK.GetImageFromArray(voxels)
    image.SetSpacing((2.0, 3.0, 4.0))
    folder.mkdir(parents=True, exist_ok=True)
    SimpleITK.WriteImage(image, str(folder / f'{name}.nii.gz'))
    data = {key: value for key, value in {**SIDECAR, **(changes or {})}.items() if value != 'gone'}
    (folder / f'{name}.json').write_text(json.dumps(data), encoding='utf-8')
    return folder / f'{name}.nii.gz'


def small(folder, changes=None, name='sub-01_pet'):
    return written(folder, np.arange(60, dtype=np.float32).reshape(3, 4, 5), changes, name)


def facts(folder, changes=None):
    return read_sidecar(sidecar_path(small(folder, changes)), 3)


def test_unit_scanner_and_times_come_from_the_sidecar(tmp_path):
    image = read_volume(small(tmp_path))
    assert image.unit == 'Bq/mL'
    assert image.acquisition.scanner_text == 'Siemens Biograph'
    assert image.acquisition.acquisition_datetime == '2026-03-01T10:15:00'
    assert (image.acquisition.isotope, image.acquisition.frame_duration_s) == ('F-18', 600.0)
    assert image.acquisition.injected_activity_bq == 70e6
    assert image.acquisition.notes == ()


def test_the_suv_is_worked_by_hand(tmp_path):
    scale = suv_scale(facts(tmp_path).header)
    expected = 10e3 / (70e6 * 0.5 ** (3600 / F18_HALF_LIFE_S))
    np.testing.assert_allclose(scale.factors, [expected] * 3, rtol=1e-9)


def test_an_image_corrected_to_the_injection_does_not_decay_the_dose(tmp_path):
    scale = suv_scale(facts(tmp_path, {'ImageDecayCorrectionTime': -3600}).header)
    np.testing.assert_allclose(scale.factors, 10e3 / 70e6, rtol=1e-12)


def test_an_image_that_is_not_corrected_shows_the_middle_of_its_counts(tmp_path):
    changes = {'ImageDecayCorrected': False, 'ImageDecayCorrectionTime': 'gone'}
    changes['FrameTimesStart'] = [1200]
    n = 100_000
    middles = 1200 + (np.arange(n) + 0.5) * 600 / n + 3600
    left = 70e6 * np.mean(0.5 ** (middles / F18_HALF_LIFE_S))
    scale = suv_scale(facts(tmp_path, changes).header)
    np.testing.assert_allclose(scale.factors, 10e3 / left, rtol=1e-7)


@pytest.mark.parametrize(
    ('unit', 'factor'), [('Bq', 1.0), ('kBq', 1e3), ('GBq', 1e9), ('mCi', 3.7e7), ('uCi', 3.7e4)]
)
def test_activities_of_any_unit(tmp_path, unit, factor):
    found = facts(tmp_path, {'InjectedRadioactivity': 2.5, 'InjectedRadioactivityUnits': unit})
    assert found.header.dose == pytest.approx(2.5 * factor)


@pytest.mark.parametrize(
    ('said', 'unit'),
    [
        *(('bq/ml', 'Bq/mL'), ('BQML', 'Bq/mL'), ('kBq/mL', 'kBq/mL'), ('g/ml', 'g/mL')),
        *(('xy', 'xy'), ('gone', 'unknown'), ('', 'unknown'), (None, 'unknown'), (3, 'unknown')),
    ],
)
def test_units_in_any_spelling(tmp_path, said, unit):
    assert read_volume(small(tmp_path, {'Units': said})).unit == unit


@pytest.mark.parametrize(
    ('changes', 'note'),
    [
        ({'Units': 'gone'}, 'Units is missing: the unit is unknown'),
        ({'Modality': 'CT'}, 'Modality is CT, not PT'),
        ({'Units': 3}, 'Units is 3, which is no text: it is not used'),
        ({'TracerRadionuclide': 'Xx9'}, 'TracerRadionuclide is Xx9: no isotope that is known'),
        ({'TimeZero': '25:00:00'}, 'TimeZero is 25:00:00, not hh:mm:ss: no time is known'),
        ({'TimeZero': 'gone'}, 'TimeZero is missing'),
        ({'ScanDate': 'gone'}, 'ScanDate is missing: the day of the scan is unknown'),
        ({'ScanDate': '2026-13-01'}, 'ScanDate is 2026-13-01, which is no day'),
        ({'FrameTimesStart': [-60]}, 'FrameTimesStart is -60 s, before ScanStart, 0 s'),
        ({'FrameDuration': [300, 300]}, 'FrameDuration has 2 values, but the volume is one frame'),
        ({'ImageDecayCorrected': 'yes'}, "ImageDecayCorrected is 'yes', not true or false"),
        ({'ImageDecayCorrected': 'gone'}, 'ImageDecayCorrected is missing'),
        ({'ImageDecayCorrectionTime': 'gone'}, 'the time that it refers to is not known'),
        ({'ImageDecayCorrected': False}, 'ImageDecayCorrectionTime is 0 s, but ImageDecayCorr'),
        ({'InjectedRadioactivityUnits': 'gone'}, 'InjectedRadioactivityUnits is missing'),
        ({'InjectedRadioactivity': 'many'}, "InjectedRadioactivity is 'many', which is no number"),
        ({'InjectionStart': True}, 'InjectionStart is True, which is no number'),
    ],
)
def test_what_is_missing_or_contradicts_itself_is_said(tmp_path, changes, note):
    notes = read_volume(small(tmp_path, changes)).acquisition.notes
    assert any(f'sub-01_pet.json: {note}' in one or note in one for one in notes)
    assert len(notes) <= 2


def test_a_day_that_is_unknown_leaves_the_suv_and_no_start_of_the_scan(tmp_path):
    from VOIIdentificationLib.analysis import Known

    known = with_suv_header(Known(), facts(tmp_path, {'ScanDate': 'gone'}).header)
    expected = 10e3 / (70e6 * 0.5 ** (3600 / F18_HALF_LIFE_S))
    np.testing.assert_allclose(known.suv.factors, [expected] * 3, rtol=1e-9)
    assert known.scan.scan_start is None
    assert known.scan.isotope == 'F-18'


def test_only_a_pet_sidecar_counts(tmp_path):
    assert read_volume(small(tmp_path, name='sub-01_bold')).unit == 'unknown'
    assert sidecar_path(tmp_path / 'gone_pet.nii') is None
    assert sidecar_path(tmp_path / 'sub-01_pet.nrrd') is None


@pytest.mark.parametrize('text', ['[]', '{'])
def test_a_sidecar_that_is_none_is_refused(tmp_path, text):
    path = small(tmp_path)
    (tmp_path / 'sub-01_pet.json').write_text(text, encoding='utf-8')
    with pytest.raises(InputFileError, match=r'sub-01_pet\.json'):
        read_volume(path)


def test_info_tells_the_sidecar(tmp_path, capsys):
    assert cli.main(['info', str(small(tmp_path))]) == 0
    out = capsys.readouterr().out
    assert 'Unit: Bq/mL' in out
    assert 'SUV: all that it needs is there' in out


def suv_of(path, output):
    assert cli.main(['suv', str(path), '--output', str(output)]) == 0
    return SimpleITK.ReadImage(str(output))


def test_the_suv_command_scales_a_nifti_by_its_sidecar(tmp_path, capsys):
    path, factor = small(tmp_path), 10e3 / (70e6 * 0.5 ** (3600 / F18_HALF_LIFE_S))
    made, given = suv_of(path, tmp_path / 'suv.nrrd'), SimpleITK.ReadImage(str(path))
    expected = factor * SimpleITK.GetArrayFromImage(given)
    np.testing.assert_allclose(SimpleITK.GetArrayFromImage(made), expected, rtol=1e-6)
    np.testing.assert_allclose(made.GetSpacing(), (2.0, 3.0, 4.0), rtol=1e-6)
    assert 'weight 10 kg' in capsys.readouterr().out


def test_each_volume_of_a_nifti_has_the_suv_of_its_own_frame(tmp_path):
    """Uncorrected, half an hour apart: the second needs the factor of a dose that decayed more."""
    ones = SimpleITK.Image(5, 4, 3, SimpleITK.sitkFloat32) + 1.0
    frames = {'FrameTimesStart': [0, 1800], 'FrameDuration': [600, 600]}
    small(tmp_path, {**frames, 'ImageDecayCorrected': False, 'ImageDecayCorrectionTime': 'gone'})
    path = tmp_path / 'sub-01_pet.nii.gz'
    SimpleITK.WriteImage(SimpleITK.JoinSeries([ones, ones]), str(path))
    first, second = (tmp_path / f'{n}.nrrd' for n in (1, 2))
    for n, output in ((1, first), (2, second)):
        command = ['suv', str(path), '--output', str(output), '--frame', str(n)]
        assert cli.main(command) == 0
    ratio = np.divide(*(SimpleITK.ReadImage(str(one))[2, 1, 1] for one in (second, first)))
    assert ratio == pytest.approx(2 ** (1800 / F18_HALF_LIFE_S), rel=1e-5)


@pytest.mark.parametrize(
    ('changes', 'sentence'),
    [
        ({'BodyWeight': 'gone'}, "Patient's Weight"),
        ({'InjectedRadioactivityUnits': 'gone'}, 'InjectedRadioactivityUnits is missing'),
        ({'Units': 'kBq/mL'}, 'KBQ/ML'),
        ({'Units': 'gone'}, 'Units is missing'),
    ],
)
def test_a_sidecar_without_what_the_suv_needs_is_refused(tmp_path, capsys, changes, sentence):
    command = ['suv', str(small(tmp_path, changes)), '--output', str(tmp_path / 'suv.nrrd')]
    assert cli.main(command) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert 'sidecar' in said
    assert not (tmp_path / 'suv.nrrd').exists()


def test_a_nifti_without_a_sidecar_has_no_suv(tmp_path, capsys):
    path = small(tmp_path, name='sub-01_bold')
    assert cli.main(['suv', str(path), '--output', str(tmp_path / 'suv.nrrd')]) == 1
    assert '*_pet.json (BIDS)' in capsys.readouterr().err


def test_frames_are_refused_as_in_a_volume_without_sidecar(tmp_path):
    four = SimpleITK.JoinSeries([SimpleITK.Image(5, 4, 3, SimpleITK.sitkFloat32)] * 2)
    SimpleITK.WriteImage(four, str(tmp_path / 'sub-01_pet.nii.gz'))
    (tmp_path / 'sub-01_pet.json').write_text(json.dumps(SIDECAR), encoding='utf-8')
    with pytest.raises(InputFileError, match='4-D image'):
        read_volume(tmp_path / 'sub-01_pet.nii.gz')


def test_a_worksheet_is_filled_from_it(tmp_path):
    """20 kBq/mL and 5 kBq/mL half an hour before Time Zero, in a worksheet without the scan."""
    scene = SyntheticPhantom(
        geometry=grid((66, 62, 34), (4.1, 4.3, 3.9), middle_ras_mm=(0, 0, 0)),
        phantom=load_phantom('NEMA IEC body'),
        activities=Activities(hot=20_000.0, background=5000.0),
        psf=PSF(7.0),
    )
    image, _ = synthesize(scene)
    path = written(tmp_path / 'in', image.voxels)
    nifti = SimpleITK.ReadImage(str(path))
    matrix = image.geometry.ijk_to_ras * [[-1], [-1], [1], [1]]
    spacing = np.linalg.norm(matrix[:3, :3], axis=0)
    nifti.SetSpacing(spacing.tolist())
    nifti.SetDirection((matrix[:3, :3] / spacing).ravel().tolist())
    nifti.SetOrigin(matrix[:3, 3].tolist())
    SimpleITK.WriteImage(nifti, str(path))
    sheet = {
        'schema': 'voi-identification/activity/1',
        'hot': {'assay_mbq': 20.0, 'assay_time': '2026-03-01T09:45', 'volume_ml': 1000.0},
        'background': {
            'assay_mbq': 50.0,
            'assay_time': '2026-03-01T09:45',
            'volume_ml': 10000.0,
        },
    }
    (tmp_path / 'fill.json').write_text(json.dumps(sheet), encoding='utf-8')
    command = ['analyze', str(path), '--output', str(tmp_path / 'out')]
    assert cli.main([*command, '--activity', str(tmp_path / 'fill.json')]) == 0
    results = json.loads((tmp_path / 'out' / 'results.json').read_text(encoding='utf-8'))
    assert results['input']['unit'] == 'Bq/mL'
    expected = 20_000 * 0.5 ** (1800 / F18_HALF_LIFE_S)
    assert results['activity']['hot_bqml'] == pytest.approx(expected, rel=1e-9)
    assert results['suv'] is not None


@pytest.mark.parametrize(
    ('start', 'clock'), [('gone', '10:15:30'), (90, '10:16:30'), ([90], '10:16:30')]
)
def test_a_frame_without_a_start_begins_with_the_scan(tmp_path, start, clock):
    image = read_volume(small(tmp_path, {'FrameTimesStart': start, 'ScanStart': 30}))
    assert image.acquisition.acquisition_datetime == f'2026-03-01T{clock}'


def test_an_injection_beyond_the_calendar_gives_no_suv(tmp_path):
    """Not an overflow, and not a SUV of a dose that has decayed to nothing."""
    header = facts(tmp_path, {'InjectionStart': -1e15}).header
    assert header.injection is None
    with pytest.raises(SUVError):
        suv_scale(header)
