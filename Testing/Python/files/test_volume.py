"""Volume files, written by SimpleITK, which also says where each index lies, in LPS."""

import gzip
import struct

import numpy as np
import pytest
from VOIIdentificationLib.core.errors import InputFileError
from VOIIdentificationLib.files.volume import is_volume_file, read_volume

sitk = pytest.importorskip('SimpleITK')

SUFFIXES = ['.nrrd', '.nhdr', '.nii', '.nii.gz']


def made(dtype=np.int16, *, angle_deg=0.0):
    values = np.random.default_rng(0).integers(-900, 900, (5, 6, 7)).astype(dtype)
    image = sitk.GetImageFromArray(values)
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    image.SetSpacing((2.0, 3.0, 4.0))
    image.SetOrigin((-10.0, 21.0, -32.5))
    # A turn and a mirror image: k runs downwards.
    image.SetDirection((c, -s, 0, s, c, 0, 0, 0, -1.0))
    return image, values


@pytest.mark.parametrize('suffix', SUFFIXES)
@pytest.mark.parametrize('angle_deg', [0.0, 33.0])
def test_values_and_positions_survive(tmp_path, suffix, angle_deg):
    image, values = made(angle_deg=angle_deg)
    path = tmp_path / f'volume{suffix}'
    sitk.WriteImage(image, str(path))

    read = read_volume(path, unit='Bq/mL')

    assert read.voxels.dtype == np.float32
    np.testing.assert_array_equal(read.voxels, values)
    assert read.unit == 'Bq/mL'
    for index in [(0, 0, 0), (6, 0, 0), (0, 5, 0), (0, 0, 4), (3, 1, 2)]:
        lps = image.TransformIndexToPhysicalPoint(index)
        assert read.geometry.position_ras_mm(index) == pytest.approx(
            np.multiply(lps, [-1, -1, 1]), abs=1e-4
        )


@pytest.mark.parametrize('suffix', ['.nrrd', '.nii'])
def test_nan_is_kept_and_double_becomes_float32(tmp_path, suffix):
    values = np.full((3, 4, 5), 0.1)
    values[1, 2, 3] = np.nan
    path = tmp_path / f'volume{suffix}'
    sitk.WriteImage(sitk.GetImageFromArray(values), str(path))

    np.testing.assert_array_equal(read_volume(path).voxels, values.astype(np.float32))


def test_the_unit_is_unknown_unless_said(tmp_path):
    path = tmp_path / 'volume.nrrd'
    sitk.WriteImage(made()[0], str(path))
    assert read_volume(path).unit == 'unknown'


def test_the_slope_of_nifti_is_applied(tmp_path):
    image, values = made()
    path = tmp_path / 'volume.nii'
    sitk.WriteImage(image, str(path))
    data = bytearray(path.read_bytes())
    struct.pack_into('<2f', data, 112, 0.25, 3.0)  # scl_slope, scl_inter
    path.write_bytes(data)

    np.testing.assert_array_equal(read_volume(path).voxels, values * 0.25 + 3.0)


@pytest.mark.parametrize('slope', [0.0, np.nan])
def test_a_slope_of_nifti_that_is_none_is_not_applied(tmp_path, slope):
    image, values = made()
    path = tmp_path / 'volume.nii'
    sitk.WriteImage(image, str(path))
    data = bytearray(path.read_bytes())
    struct.pack_into('<2f', data, 112, slope, 3.0)
    path.write_bytes(data)

    np.testing.assert_array_equal(read_volume(path).voxels, values)


def test_a_type_of_nifti_that_numpy_lacks_is_refused(tmp_path):
    path = tmp_path / 'volume.nii'
    sitk.WriteImage(made()[0], str(path))
    data = bytearray(path.read_bytes())
    struct.pack_into('<2h', data, 70, 1536, 128)  # 128 bit float
    path.write_bytes(data)

    refused(path, r'volume\.nii')


def test_a_nifti_without_codes_has_the_spacing_alone(tmp_path):
    """Neither qform nor sform: method 1 of the format has an origin of zero."""
    image, _ = made()
    path = tmp_path / 'volume.nii'
    sitk.WriteImage(image, str(path))
    data = bytearray(path.read_bytes())
    struct.pack_into('<2h', data, 252, 0, 0)
    path.write_bytes(data)

    assert read_volume(path).geometry.spacing_ijk_mm == pytest.approx([2.0, 3.0, 4.0])


@pytest.mark.parametrize(
    ('name', 'expected'),
    [('a.nrrd', True), ('A.NII.GZ', True), ('a.nhdr', True), ('a.gz', False), ('dicom', False)],
)
def test_volume_files_are_known_by_name(tmp_path, name, expected):
    assert is_volume_file(tmp_path / name) is expected


def refused(path, match):
    with pytest.raises(InputFileError, match=match) as caught:
        read_volume(path)
    assert '\n' not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    refused(tmp_path / 'none.nrrd', r'none\.nrrd does not exist')


def test_another_suffix_is_refused(tmp_path):
    refused(tmp_path / 'scan.mha', r'scan\.mha is none of \.nrrd, \.nhdr, \.nii, \.nii\.gz')


@pytest.mark.parametrize(
    ('name', 'make', 'match'),
    [
        ('four.nrrd', lambda i: sitk.JoinSeries([i, i]), r'4-D image \(7 x 6 x 5 x 2\)'),
        ('four.nii', lambda i: sitk.JoinSeries([i, i]), r'4-D image \(7 x 6 x 5 x 2\)'),
        ('vector.nrrd', lambda i: sitk.Compose([i, i, i]), 'of 3 values a voxel'),
        ('flat.nrrd', lambda i: i[:, :, 0], r'2-D image \(7 x 6\)'),
    ],
)
def test_what_is_not_one_scalar_volume_is_refused(tmp_path, name, make, match):
    sitk.WriteImage(make(made()[0]), str(tmp_path / name))
    refused(tmp_path / name, f'{name} is a .*{match}')


def test_a_sheared_nifti_is_refused(tmp_path, capfd):
    image, _ = made()
    path = tmp_path / 'sheared.nii'
    sitk.WriteImage(image, str(path))
    data = bytearray(path.read_bytes())
    struct.pack_into('<2h', data, 252, 0, 1)  # no qform, an sform
    struct.pack_into('<12f', data, 280, 2, 0.5, 0, 0, 0, 3, 0, 0, 0, 0, 4, 0)
    path.write_bytes(data)

    refused(path, r'sheared\.nii: the axes of its grid are not at right angles')
    capfd.readouterr()


@pytest.mark.parametrize('suffix', ['.nrrd', '.nii', '.nii.gz'])
@pytest.mark.parametrize('lost_bytes', [9, 100])
def test_a_cut_file_is_refused(tmp_path, suffix, lost_bytes):
    """ITK itself fills the missing voxels of a NIfTI file with zeros and says nothing."""
    path = tmp_path / f'cut{suffix}'
    sitk.WriteImage(made()[0], str(path), False)
    path.write_bytes(path.read_bytes()[:-lost_bytes])
    refused(path, rf'cut{suffix} (is truncated: it|cannot be read)')


def test_a_cut_nifti_counts_its_bytes(tmp_path):
    path = tmp_path / 'cut.nii'
    sitk.WriteImage(made()[0], str(path))
    path.write_bytes(path.read_bytes()[:-9])
    refused(path, r'cut\.nii is truncated: it holds 763 of 772 bytes')  # 352 + 5 * 6 * 7 * 2


def test_a_damaged_gzip_is_refused(tmp_path):
    path = tmp_path / 'damaged.nii.gz'
    noise = np.random.default_rng(0).integers(0, 30000, (20, 30, 40)).astype(np.int16)
    sitk.WriteImage(sitk.GetImageFromArray(noise), str(path), True)
    data = bytearray(path.read_bytes())
    data[-6] ^= 0xFF  # in the checksum
    path.write_bytes(data)
    refused(path, r'damaged\.nii\.gz cannot be read as a volume')


def test_a_big_endian_nifti_is_read(tmp_path):
    image, values = made(np.float32)
    path = tmp_path / 'volume.nii'
    sitk.WriteImage(image, str(path))
    path.write_bytes(_byte_swapped(path.read_bytes()))

    np.testing.assert_array_equal(read_volume(path).voxels, values)


def _byte_swapped(data):
    """Every number of the NIfTI-1 header fields that are set, and the voxels (nifti1.h)."""
    swapped = bytearray(data)
    fields = [(0, 'i', 1), (40, 'h', 8), (70, 'h', 2), (76, 'f', 8), (108, 'f', 3)]
    fields += [(252, 'h', 2), (256, 'f', 6), (280, 'f', 12), (352, 'f', (len(data) - 352) // 4)]
    for start, kind, count in fields:
        struct.pack_into(
            f'>{count}{kind}', swapped, start, *struct.unpack_from(f'<{count}{kind}', data, start)
        )
    return bytes(swapped)


@pytest.mark.parametrize('dtype', [np.uint8, np.int8, np.uint16, np.int32, np.uint32, np.float64])
def test_every_type_of_nifti_is_read(tmp_path, dtype):
    image, values = made(dtype)
    path = tmp_path / 'volume.nii.gz'
    sitk.WriteImage(image, str(path))
    np.testing.assert_array_equal(read_volume(path).voxels, values.astype(np.float32))


def test_two_gzip_members_are_one_file(tmp_path):
    """As block compressors write it."""
    image, values = made()
    plain = tmp_path / 'volume.nii'
    sitk.WriteImage(image, str(plain))
    data = plain.read_bytes()
    path = tmp_path / 'volume.nii.gz'
    path.write_bytes(gzip.compress(data[:500]) + gzip.compress(data[500:]))

    np.testing.assert_array_equal(read_volume(path).voxels, values)


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_a_file_that_is_something_else_is_refused(tmp_path, suffix):
    path = tmp_path / f'other{suffix}'
    path.write_text('hello')
    refused(path, f'other{suffix} cannot be read as a volume')
