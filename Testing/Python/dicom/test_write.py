"""
Writing a PET series.

The judges are pydicom, SimpleITK and Slicer's own reader: values within half a
step of each slice, and every corner voxel at its place in the patient.
"""

from itertools import product

import numpy as np
import pydicom
import pytest
from dciodvfy import complaints
from VOIIdentificationLib.core.errors import GeometryError, OutputError
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.dicom.read import read_pet_series
from VOIIdentificationLib.dicom.write import Scan, write_pet_series

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])


def turned(angles_deg, spacing, *, mirrored=False, shape_kji=(6, 9, 8)):
    """An oblique grid, written out: about R, then A, then S; mirrored along k."""
    x, y, z = np.radians(angles_deg)
    about_r = [[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]]
    about_a = [[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]]
    about_s = [[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]]
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(about_s) @ about_a @ about_r @ np.diag(spacing)
    if mirrored:
        matrix[:3, 2] *= -1
    matrix[:3, 3] = (-31.25, 17.5, 123.456)
    return VolumeGeometry(shape_kji, matrix)


GRIDS = {
    'axial': turned((0, 0, 180), (2.0, 2.5, 3.0)),
    'oblique': turned((12, -7, 25), (2.083333, 2.5, 3.27)),
    'mirrored': turned((0, 0, 0), (2.0, 2.5, 3.0), mirrored=True),
    'oblique and mirrored': turned((-40, 33, 110), (1.65, 1.8, 2.0), mirrored=True),
    'sagittal': turned((90, 0, 90), (4.0, 3.0, 2.0)),
}


def some_image(geometry, *, lowest=0.0, unit='Bq/mL'):
    rng = np.random.default_rng(7)
    scale = np.array([1e4, 3.0, 700.0, 0.02, 5e5, 1.0])[:, None, None]
    voxels = (rng.uniform(lowest, 1.0, geometry.shape_kji) * scale).astype(np.float32)
    return PETImage(voxels, geometry, unit)


@pytest.fixture(params=GRIDS)
def image(request):
    return some_image(GRIDS[request.param])


def test_values_are_within_half_a_step_of_each_slice(image, tmp_path):
    paths = write_pet_series(image, tmp_path, seed=1)

    for k, path in enumerate(paths):
        dataset = pydicom.dcmread(path)
        step = float(dataset.RescaleSlope)
        error = dataset.pixel_array * step - image.voxels[k].astype(float)
        assert np.abs(error).max() <= step / 2 * (1 + 1e-9)
        assert step == pytest.approx(image.voxels[k].max() / 65535, rel=1e-12)
        assert dataset.pixel_array.max() == 65535
        assert dataset.RescaleIntercept == 0


def test_corner_voxels_lie_where_pydicom_says(image, tmp_path):
    """PS3.3 C.7.6.2.1.1: position + column * spacing[1] * row vector + row * spacing[0] * …"""
    paths = write_pet_series(image, tmp_path, seed=1)
    depth, height, width = image.geometry.shape_kji

    for i, j, k in product((0, width - 1), (0, height - 1), (0, depth - 1)):
        dataset = pydicom.dcmread(paths[k], stop_before_pixels=True)
        along_row, along_column = np.reshape(dataset.ImageOrientationPatient, (2, 3)).astype(float)
        down, across = (float(spacing) for spacing in dataset.PixelSpacing)
        lps = np.array(dataset.ImagePositionPatient, dtype=float)
        lps = lps + i * across * along_row + j * down * along_column
        expected = RAS_TO_LPS @ (image.geometry.ijk_to_ras @ [i, j, k, 1])[:3]
        assert lps == pytest.approx(expected, abs=1e-9)


def test_simpleitk_reads_values_and_places(image, tmp_path):
    sitk = pytest.importorskip('SimpleITK')
    write_pet_series(image, tmp_path, seed=1)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path)))

    volume = reader.Execute()

    assert volume.GetSize() == tuple(int(n) for n in image.geometry.size_ijk)
    depth, height, width = image.geometry.shape_kji
    for i, j, k in product((0, width - 1), (0, height - 1), (0, depth - 1)):
        lps = RAS_TO_LPS @ (image.geometry.ijk_to_ras @ [i, j, k, 1])[:3]
        index = volume.TransformPhysicalPointToContinuousIndex(lps.tolist())
        whole = [round(value) for value in index]
        assert index == pytest.approx(whole, abs=1e-3)
        step = float(image.voxels[k].max()) / 65535
        assert volume[whole] == pytest.approx(float(image.voxels[k, j, i]), abs=step)


@pytest.mark.usefixtures('scene')
def test_slicer_reads_values_and_places(image, tmp_path):
    """With the files in order of position, as Slicer's DICOM module hands them over."""
    import slicer
    import vtk

    paths = write_pet_series(image, tmp_path, seed=1)
    normal = np.linalg.det(image.geometry.axes_ras_mm)
    ordered = paths if normal > 0 else paths[::-1]
    names = vtk.vtkStringArray()
    for path in ordered:
        names.InsertNextValue(str(path))
    logic = slicer.modules.volumes.logic()

    node = logic.AddArchetypeScalarVolume(str(ordered[0]), 'pet', 0, names)

    values = slicer.util.arrayFromVolume(node)
    matrix = vtk.vtkMatrix4x4()
    node.GetRASToIJKMatrix(matrix)
    depth, height, width = image.geometry.shape_kji
    for i, j, k in product((0, width - 1), (0, height - 1), (0, depth - 1)):
        ras = image.geometry.ijk_to_ras @ [i, j, k, 1]
        found = matrix.MultiplyPoint(ras)[:3]
        x, y, z = (round(value) for value in found)
        assert found == pytest.approx((x, y, z), abs=1e-5)
        step = float(image.voxels[k].max()) / 65535
        assert values[z, y, x] == pytest.approx(float(image.voxels[k, j, i]), abs=step)


def test_file_names_say_nothing_about_the_order(tmp_path):
    geometry = turned((0, 0, 0), (2, 2, 2), shape_kji=(40, 3, 4))
    ones = PETImage(np.ones(geometry.shape_kji, np.float32), geometry, 'Bq/mL')

    paths = write_pet_series(ones, tmp_path, seed=1)

    ranks = np.argsort(np.argsort([path.name for path in paths]))
    assert abs(np.corrcoef(ranks, np.arange(40))[0, 1]) < 0.4
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    heights = [float(pydicom.dcmread(path).ImagePositionPatient[2]) for path in paths]
    assert np.diff(heights) == pytest.approx(2.0)


def test_same_seed_gives_the_same_bytes_and_another_seed_other_uids(tmp_path):
    image = some_image(GRIDS['oblique'])
    first, again, other = (
        write_pet_series(image, tmp_path / name, seed=seed)
        for name, seed in (('first', 1), ('again', 1), ('other', 2))
    )

    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    uids = [pydicom.dcmread(paths[0]).SeriesInstanceUID for paths in (first, other)]
    assert uids[0] != uids[1]


def test_one_series_with_one_uid_a_slice(image, tmp_path):
    headers = [pydicom.dcmread(path) for path in write_pet_series(image, tmp_path, seed=1)]

    for keyword in ('StudyInstanceUID', 'SeriesInstanceUID', 'FrameOfReferenceUID'):
        assert len({header[keyword].value for header in headers}) == 1
    sop_uids = {header.SOPInstanceUID for header in headers}
    assert len(sop_uids) == len(headers)
    assert all(uid.is_valid and len(uid) <= 64 for uid in sop_uids)
    assert [header.InstanceNumber for header in headers] == [1, 2, 3, 4, 5, 6]
    assert [header.ImageIndex for header in headers] == [1, 2, 3, 4, 5, 6]


# Type 1 of PS3.3: A.21 (PET Image IOD), its modules, and C.12.1 (SOP Common).
TYPE_1 = """
    SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID Modality
    SeriesDate SeriesTime Units CountsSource SeriesType NumberOfSlices DecayCorrection
    PixelSpacing ImageOrientationPatient ImagePositionPatient ImageType SamplesPerPixel
    PhotometricInterpretation BitsAllocated BitsStored HighBit PixelRepresentation Rows Columns
    RescaleIntercept RescaleSlope FrameReferenceTime ImageIndex PixelData DecayFactor
"""
TYPE_2 = """
    PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime StudyID
    AccessionNumber ReferringPhysicianName SeriesNumber CorrectedImage CollimatorType
    PatientOrientationCodeSequence PatientGantryRelationshipCodeSequence
    PositionReferenceIndicator Manufacturer InstanceNumber SliceThickness AcquisitionDate
    AcquisitionTime ActualFrameDuration Laterality
"""


def test_header_is_that_of_a_pet_image(image, tmp_path):
    path = write_pet_series(image, tmp_path, seed=1, scan=Scan(instance_numbers=False))[0]
    dataset = pydicom.dcmread(path)

    assert [key for key in TYPE_1.split() if key not in dataset or dataset[key].is_empty] == []
    assert [key for key in TYPE_2.split() if key not in dataset] == []
    assert dataset.SOPClassUID == pydicom.uid.PositronEmissionTomographyImageStorage
    assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
    assert dataset.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
    assert (dataset.Units, dataset.DecayCorrection, dataset.Modality) == ('BQML', 'START', 'PT')
    drug = dataset.RadiopharmaceuticalInformationSequence[0]
    assert float(drug.RadionuclideHalfLife) == pytest.approx(6586, abs=4)
    assert float(drug.RadionuclideTotalDose) == 7e7
    assert dataset.InstanceNumber is None
    assert 'SliceLocation' not in dataset


def test_decay_times_are_those_of_the_mean_count_rate(tmp_path):
    """600 s of F-18: (1 / lambda) ln(lambda T / (1 - exp(-lambda T))) and lambda T / (1 - …)."""
    path = write_pet_series(some_image(GRIDS['axial']), tmp_path, seed=1)[0]
    dataset = pydicom.dcmread(path)
    half_life = float(dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife)
    decay = np.log(2) / half_life
    factor = decay * 600 / (1 - np.exp(-decay * 600))

    assert float(dataset.DecayFactor) == pytest.approx(factor, rel=1e-9)
    assert float(dataset.FrameReferenceTime) == pytest.approx(1000 * np.log(factor) / decay)
    assert dataset.ActualFrameDuration == 600_000


def test_monochrome1_leaves_the_stored_values_alone(tmp_path):
    image = some_image(GRIDS['axial'])
    plain = write_pet_series(image, tmp_path / 'a', seed=1)
    inverted = write_pet_series(
        image, tmp_path / 'b', seed=1, scan=Scan(photometric='MONOCHROME1', patient_position='FFP')
    )

    first, second = pydicom.dcmread(plain[2]), pydicom.dcmread(inverted[2])
    assert second.PhotometricInterpretation == 'MONOCHROME1'
    assert first.PixelData == second.PixelData
    entry = second.PatientGantryRelationshipCodeSequence[0].CodeMeaning
    lying = second.PatientOrientationCodeSequence[0].PatientOrientationModifierCodeSequence[0]
    assert (entry, lying.CodeMeaning) == ('feet-first', 'prone')


def test_header_is_what_dciodvfy_asks_for(image, tmp_path):
    path = write_pet_series(image, tmp_path, seed=1)[3]
    assert complaints(path) == []


@pytest.mark.parametrize('position', ['HFS', 'HFP', 'FFS', 'FFP', 'HFDL', 'FFDR'])
def test_patient_position_comes_back_from_its_codes(position, tmp_path):
    scan = Scan(patient_position=position)
    paths = write_pet_series(some_image(GRIDS['axial']), tmp_path, seed=1, scan=scan)

    assert 'PatientPosition' not in pydicom.dcmread(paths[0])
    assert read_pet_series(tmp_path).acquisition.patient_position == position
    assert complaints(paths[0]) == []


def test_values_below_zero_make_the_series_signed(tmp_path):
    image = some_image(GRIDS['oblique'], lowest=-0.5)

    for k, path in enumerate(write_pet_series(image, tmp_path, seed=1)):
        dataset = pydicom.dcmread(path)
        step = float(dataset.RescaleSlope)
        assert dataset.PixelRepresentation == 1
        error = dataset.pixel_array * step - image.voxels[k].astype(float)
        assert np.abs(error).max() <= step / 2 * (1 + 1e-9)


def test_empty_slice_stays_empty(tmp_path):
    image = PETImage(np.zeros((6, 9, 8), np.float32), GRIDS['axial'], 'Bq/mL')

    dataset = pydicom.dcmread(write_pet_series(image, tmp_path, seed=1)[3])

    assert dataset.RescaleSlope == 1
    assert not dataset.pixel_array.any()


@pytest.mark.parametrize(
    ('unit', 'code'), [('g/mL', 'GML'), ('counts', 'CNTS'), ('cm2/mL', 'CM2ML')]
)
def test_units_have_their_dicom_names(unit, code, tmp_path):
    path = write_pet_series(some_image(GRIDS['axial'], unit=unit), tmp_path, seed=1)[0]

    assert pydicom.dcmread(path).Units == code


def test_unknown_unit_is_refused(tmp_path):
    with pytest.raises(OutputError, match=r"unit 'kBq/cc'.*Known: Bq/mL"):
        write_pet_series(some_image(GRIDS['axial'], unit='kBq/cc'), tmp_path / 'new', seed=1)

    assert not (tmp_path / 'new').exists()


def test_sheared_grid_is_refused_with_its_angle(tmp_path):
    matrix = np.array(GRIDS['axial'].ijk_to_ras)
    matrix[0, 2] = matrix[2, 2] * np.tan(np.radians(5))
    sheared = VolumeGeometry((6, 9, 8), matrix)

    with pytest.raises(GeometryError, match=r'sheared.* 85\.00 degrees'):
        write_pet_series(some_image(sheared), tmp_path, seed=1)


def test_values_that_are_no_numbers_are_refused(tmp_path):
    image = some_image(GRIDS['axial'])
    image.voxels[2, 3, 4] = np.nan

    with pytest.raises(OutputError, match=r'1 of its 432 voxels'):
        write_pet_series(image, tmp_path, seed=1)
