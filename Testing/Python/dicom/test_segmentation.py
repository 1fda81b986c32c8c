"""
VOIs as a DICOM Segmentation.

The judges are pydicom, frame by frame by the positions in the file, highdicom's
own volume with its affine, and dciodvfy.
"""

from types import SimpleNamespace

import numpy as np
import pydicom
import pytest
from dciodvfy import complaints
from turned_grids import grid
from VOIIdentificationLib.core.errors import OutputError
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.dicom.derived import source_datasets
from VOIIdentificationLib.dicom.read import read_stack
from VOIIdentificationLib.dicom.segmentation import VOISegment, segmentation
from VOIIdentificationLib.dicom.write import Scan, write_pet_series
from VOIIdentificationLib.measure.voi_mask import Sphere, voi_mask

highdicom = pytest.importorskip('highdicom')

RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0])
HALF_STEP = 0.5 / 255 + 1e-6
KINDS = ['oblique', 'flipped', 'feet first']


def series(folder, kind='oblique', **changes):
    """A series on a grid, read back."""
    geometry = grid(
        (2.0, 2.5, 3.0),
        angle_deg=0.0 if kind == 'feet first' else 35.0,
        shape_kji=(24, 30, 36),
        mirror=kind == 'flipped',
    )
    voxels = np.random.default_rng(3).uniform(0, 1e4, geometry.shape_kji).astype(np.float32)
    scan = Scan(patient_position='FFS' if kind == 'feet first' else 'HFS', **changes)
    write_pet_series(PETImage(voxels, geometry, 'Bq/mL'), folder, seed=1, scan=scan)
    return read_stack(folder)


def segments(geometry):
    """Two spheres that overlap, and one at the edge of the image."""
    middle = (geometry.size_ijk - 1) / 2
    moved = np.array([(1.3, 0.4, 0.2), (4.1, -2.3, 1.6)])
    places = [*(middle + moved), middle * (0.1, 1.0, 0.9)]
    return [
        VOISegment(
            f'S{n} ü',
            'sphere',
            (1.0, n / 2, 0.0),
            voi_mask(
                Sphere(f'S{n}', tuple(geometry.position_ras_mm(place)), 17.0 + 3 * n), geometry
            ),
        )
        for n, place in enumerate(places)
    ]


@pytest.fixture(params=KINDS)
def read(request, tmp_path):
    return series(tmp_path / 'pet', request.param)


def weights_of(segment, shape_kji):
    weights = np.zeros(shape_kji)
    weights[segment.mask.slices_kji] = segment.mask.weights
    return weights


def written(tmp_path, stack, vois, kind='fractional'):
    path = tmp_path / 'segmentation.dcm'
    segmentation(source_datasets(stack.slices), vois, kind).save_as(path)
    return path


def slice_of_frame(geometry, frame):
    """Which slice of the image lies where the file says that the frame does."""
    position = np.array(frame.PlanePositionSequence[0].ImagePositionPatient, float)
    index = geometry.index_ijk(RAS_TO_LPS @ position)
    assert index == pytest.approx([0, 0, round(index[2])], abs=1e-6)
    return round(index[2])


def test_pydicom_reads_the_weights_where_the_image_has_them(read, tmp_path):
    image, stack = read
    geometry = image.geometry
    vois = segments(geometry)
    dataset = pydicom.dcmread(written(tmp_path, stack, vois))

    shared = dataset.SharedFunctionalGroupsSequence[0]
    along = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    axes = geometry.axes_ras_mm / geometry.spacing_ijk_mm
    assert RAS_TO_LPS @ along[:3] == pytest.approx(axes[:, 0], abs=1e-9)
    assert RAS_TO_LPS @ along[3:] == pytest.approx(axes[:, 1], abs=1e-9)
    assert dataset.MaximumFractionalValue == 255
    assert (dataset.SegmentationType, dataset.SegmentationFractionalType) == (
        'FRACTIONAL',
        'OCCUPANCY',
    )

    found = np.zeros((len(vois), *geometry.shape_kji))
    frames = dataset.PerFrameFunctionalGroupsSequence
    for frame, pixels in zip(frames, dataset.pixel_array, strict=True):
        number = frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        found[number - 1, slice_of_frame(geometry, frame)] = pixels / 255
    for n, segment in enumerate(vois):
        weights = weights_of(segment, geometry.shape_kji)
        assert 0 < np.abs(found[n] - weights).max() <= HALF_STEP


def test_highdicom_reads_the_weights_at_their_place_in_the_patient(read, tmp_path):
    image, stack = read
    vois = segments(image.geometry)
    found = highdicom.seg.segread(written(tmp_path, stack, vois))
    volume = found.get_volume(rescale_fractional=True)

    index = np.indices(volume.spatial_shape).reshape(3, -1)
    lps = volume.affine[:3, :3] @ index + volume.affine[:3, 3:]
    i, j, k = np.rint(image.geometry.index_ijk((RAS_TO_LPS @ lps).T)).astype(int).T
    for n, segment in enumerate(vois):
        weights = weights_of(segment, image.geometry.shape_kji)
        values = volume.array[..., n].ravel()
        assert values == pytest.approx(weights[k, j, i], abs=HALF_STEP)
        assert values.sum() == pytest.approx(weights.sum(), rel=1e-3)


def test_binary_has_the_voxels_that_are_at_least_half_inside(read, tmp_path):
    image, stack = read
    vois = segments(image.geometry)
    path = written(tmp_path, stack, vois, 'binary')
    dataset = pydicom.dcmread(path)

    found = np.zeros((len(vois), *image.geometry.shape_kji), bool)
    for frame, pixels in zip(
        dataset.PerFrameFunctionalGroupsSequence, dataset.pixel_array, strict=True
    ):
        number = frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        found[number - 1, slice_of_frame(image.geometry, frame)] = pixels
    expected = [weights_of(one, image.geometry.shape_kji) >= 0.5 for one in vois]
    assert np.array_equal(found, expected)
    assert complaints(path) == []


def test_dciodvfy_has_nothing_to_say(read, tmp_path):
    image, stack = read
    assert complaints(written(tmp_path, stack, segments(image.geometry))) == []


def test_the_identity_is_that_of_the_series_and_the_object_new(tmp_path):
    image, stack = series(tmp_path / 'pet', patient_name='Größe^Ω')
    sources = source_datasets(stack.slices)
    first, second = (segmentation(sources, segments(image.geometry)) for _ in range(2))

    for keyword in ('StudyInstanceUID', 'FrameOfReferenceUID', 'PatientID', 'PatientName'):
        assert first[keyword].value == sources[0][keyword].value
    uids = {first.SOPInstanceUID, second.SOPInstanceUID, first.SeriesInstanceUID}
    uids |= {second.SeriesInstanceUID, *(source.SOPInstanceUID for source in sources)}
    assert len(uids) == 4 + len(sources)
    path = tmp_path / 'seg.dcm'
    first.save_as(path)
    again = pydicom.dcmread(path)
    assert again.PatientName == 'Größe^Ω'
    assert [one.SegmentLabel for one in again.SegmentSequence] == ['S0 ü', 'S1 ü', 'S2 ü']


def test_segments_have_the_colors_and_codes_of_the_module(tmp_path):
    image, stack = series(tmp_path / 'pet')
    vois = segments(image.geometry)
    dataset = segmentation(source_datasets(stack.slices), vois)
    for description, segment in zip(dataset.SegmentSequence, vois, strict=True):
        stored = description.RecommendedDisplayCIELabValue
        color = highdicom.color.CIELabColor.from_dicom_value(tuple(stored)).to_rgb()
        assert color == pytest.approx([255 * part for part in segment.color], abs=2)
        assert description.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == 'Sphere'


def test_what_the_series_lacks_is_listed(tmp_path):
    _, stack = series(tmp_path / 'pet')
    for path in (tmp_path / 'pet').iterdir():
        dataset = pydicom.dcmread(path)
        del dataset.PatientBirthDate
        dataset.FrameOfReferenceUID = ''
        dataset.save_as(path)
    _, stack = read_stack(tmp_path / 'pet')
    with pytest.raises(OutputError) as error:
        source_datasets(stack.slices)
    for name in ('FrameOfReferenceUID (0020,0052)', 'PatientBirthDate (0010,0030)'):
        assert name in str(error.value)
    assert 'PatientID' not in str(error.value)


def test_a_multi_frame_series_is_refused():
    plane = SimpleNamespace(file=SimpleNamespace(is_multi_frame_pet=True))
    with pytest.raises(OutputError, match='a file for each slice'):
        source_datasets([plane])


def test_a_header_that_highdicom_refuses_is_one_sentence(tmp_path):
    image, stack = series(tmp_path / 'pet')
    sources = source_datasets(stack.slices)
    for source in sources:
        source.PatientSex = 'X'
    with pytest.raises(OutputError, match='not as the standard demands'):
        segmentation(sources, segments(image.geometry))


def test_nothing_to_segment_is_refused(tmp_path):
    _, stack = series(tmp_path / 'pet')
    with pytest.raises(OutputError, match='no sphere was measured'):
        segmentation(source_datasets(stack.slices), [])
