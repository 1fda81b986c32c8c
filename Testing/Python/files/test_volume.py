"""Volume files, written by SimpleITK, which also says where each index lies, in LPS."""

import gzip
import os
import re
import struct
import sys
import time

import numpy as np
import pytest
from VOIIdentificationLib.core import bounds
from VOIIdentificationLib.core.errors import InputFileError
from VOIIdentificationLib.files.nifti import nifti_frame_count
from VOIIdentificationLib.files.volume import is_volume_file, read_volume, write_volume

sitk = pytest.importorskip('SimpleITK')

NOT_UTF8 = os.fsdecode(b'r\xe9sultats \xff')
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
        ('four.nii', lambda i: sitk.JoinSeries([i, i]), '4-D image: 2 volumes of 7 x 6 x 5 voxels'),
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


def nifti(path, *, version=1, order='<', values=None, **fields):
    """A NIfTI file of float32, written field by field after nifti1.h and nifti2.h."""
    values = np.arange(24, dtype='f4').reshape(2, 3, 4) if values is None else values
    plain = {
        'pixdim': (1, 2.0, 3.0, 4.0, 0, 0, 0, 0),
        'codes': (0, 1),
        'quaternion': (0, 0, 0, 0, 0, 0),
        'rows': (2, 0, 0, -5, 0, 3, 0, 7, 0, 0, 4, 11),
        'units': 2,
        'scale': (1, 0),
    }
    told = {**plain, **fields}
    dim = (3, *values.shape[::-1], 1, 1, 1, 1)
    data = bytearray(352 if version == 1 else 544)
    places = {
        1: ((0, 'i'), (40, '8h'), (70, '2h'), (76, '8f'), (108, 'f'), (112, '2f'), (123, 'B')),
        2: ((0, 'i'), (16, '8q'), (12, '2h'), (104, '8d'), (168, 'q'), (176, '2d'), (500, 'i')),
    }[version]
    last = {
        1: ((252, '2h'), (256, '6f'), (280, '12f')),
        2: ((344, '2i'), (352, '6d'), (400, '12d')),
    }
    numbers = (
        *(((348, 540)[version - 1],), dim, (16, 32), told['pixdim'], (len(data),), told['scale']),
        *((told['units'],), told['codes'], told['quaternion'], told['rows']),
    )
    for (offset, kind), several in zip((*places, *last[version]), numbers, strict=True):
        struct.pack_into(order + kind, data, offset, *several)
    magic = (344, b'n+1\0') if version == 1 else (4, b'n+2\0\r\n\x1a\n')
    data[magic[0] : magic[0] + len(magic[1])] = magic[1]
    path.write_bytes(bytes(data) + values.astype(f'{order}f4').tobytes())
    return path


@pytest.mark.parametrize('version', [1, 2])
@pytest.mark.parametrize('order', ['<', '>'])
@pytest.mark.parametrize(
    ('units', 'mm'), [(0, 1.0), (2, 1.0), (1, 1000.0), (3, 1e-3), (2 | 8, 1.0), (3 | 16, 1e-3)]
)
def test_both_versions_in_both_byte_orders_and_all_units(tmp_path, version, order, units, mm):
    rows = np.array([2, 0, 0, -5, 0, 3, 0, 7, 0, 0, 4, 11]) / mm
    sizes = np.array([1, 2, 3, 4, 0, 0, 0, 0]) / mm
    told = {'units': units, 'rows': tuple(rows), 'pixdim': tuple(sizes)}
    image = read_volume(nifti(tmp_path / 'a.nii', version=version, order=order, **told))
    assert image.geometry.spacing_ijk_mm == pytest.approx([2, 3, 4])
    assert image.geometry.position_ras_mm((0, 0, 0)) == pytest.approx([-5, 7, 11])
    np.testing.assert_array_equal(image.voxels.ravel(), np.arange(24))
    assert image.acquisition.notes == ()


@pytest.mark.parametrize('version', [1, 2])
@pytest.mark.parametrize('flip', [1, -1])
def test_the_qform_is_a_rotation_a_spacing_and_an_offset(tmp_path, version, flip):
    half = np.radians(15.0)  # 30 degrees about z
    path = nifti(
        tmp_path / 'a.nii',
        version=version,
        codes=(1, 0),
        pixdim=(flip, 2.0, 3.0, 4.0, 0, 0, 0, 0),
        quaternion=(0, 0, np.sin(half), -5, 7, 11),
        rows=(0,) * 12,
    )
    cos, sin = np.cos(2 * half), np.sin(2 * half)
    expected = [[2 * cos, -3 * sin, 0], [2 * sin, 3 * cos, 0], [0, 0, 4 * flip]]
    geometry = read_volume(path).geometry
    np.testing.assert_allclose(geometry.axes_ras_mm, expected, atol=1e-6)
    assert geometry.position_ras_mm((0, 0, 0)) == pytest.approx([-5, 7, 11])


@pytest.mark.parametrize('spacing', [3.9, 0.0, 40.0])
def test_a_voxel_size_that_the_sform_contradicts_is_noted(tmp_path, spacing):
    path = nifti(tmp_path / 'a.nii', pixdim=(1, 2.0, 3.0, spacing, 0, 0, 0, 0))
    image = read_volume(path)
    assert image.geometry.spacing_ijk_mm == pytest.approx([2.0, 3.0, 4.0])
    if spacing:
        (note,) = image.acquisition.notes
        assert f'2 x 3 x {spacing:g} mm by its pixdim' in note


@pytest.mark.parametrize(('shift', 'noted'), [(0.05, False), (0.2, True), (30.0, True)])
def test_a_place_that_the_qform_contradicts_is_noted(tmp_path, shift, noted):
    path = nifti(tmp_path / 'a.nii', codes=(1, 1), quaternion=(0, 0, 0, -5, 7, 11 + shift))
    image = read_volume(path)
    assert image.geometry.position_ras_mm((0, 0, 0)) == pytest.approx([-5, 7, 11])
    assert bool(image.acquisition.notes) == noted


@pytest.mark.parametrize('field', ['rows', 'pixdim'])
@pytest.mark.parametrize('value', [0.0, np.nan, np.inf])
def test_a_nifti_without_a_voxel_size_is_refused(tmp_path, field, value):
    codes = (0, 1) if field == 'rows' else (0, 0)
    numbers = (value,) * (12 if field == 'rows' else 8)
    refused(nifti(tmp_path / 'a.nii', codes=codes, **{field: numbers}), 'gives a voxel no size')


@pytest.mark.parametrize(
    ('unit', 'mm'),
    [
        ('mm', 1.0),
        ('microns', 1e-3),
        ('micrometers', 1e-3),
        ('um', 1e-3),
        ('cm', 10.0),
        ('m', 1000.0),
        ('', 1.0),
        ('Millimeter', 1.0),
    ],
)
@pytest.mark.parametrize('suffix', ['.nrrd', '.nhdr'])
def test_a_nrrd_is_read_in_the_units_that_it_names(tmp_path, unit, mm, suffix):
    path, image = tmp_path / f'a{suffix}', made()[0]
    sitk.WriteImage(image, str(path))
    place = read_volume(path).geometry
    image.SetSpacing([length / mm for length in image.GetSpacing()])
    image.SetOrigin([length / mm for length in image.GetOrigin()])
    sitk.WriteImage(image, str(path))
    text = ' '.join([f'"{unit}"'] * 3)
    head, blank, rest = path.read_bytes().partition(b'\n\n')
    if suffix == '.nhdr':
        head, blank, rest = path.read_bytes(), b'', b''
    head = head.rstrip(b'\n') + f'\nspace units: {text}\n'.encode()
    path.write_bytes(head + (b'\n' if blank else b'') + rest)

    geometry = read_volume(path).geometry

    np.testing.assert_allclose(geometry.ijk_to_ras, place.ijk_to_ras, rtol=1e-12, atol=1e-12)


def test_a_nrrd_in_a_unit_that_is_no_length_is_refused(tmp_path):
    path = tmp_path / 'a.nrrd'
    sitk.WriteImage(made()[0], str(path))
    head, _, rest = path.read_bytes().partition(b'\n\n')
    path.write_bytes(head + b'\nspace units: "mm" "mm" "furlong"\n\n' + rest)
    refused(path, "space units are 'furlong'")


def nifti_header(shape, datatype=16):
    """A NIfTI-1 header that claims a shape, written by hand (nifti1.h)."""
    head = bytearray(352)
    struct.pack_into('<i', head, 0, 348)
    struct.pack_into('<8h', head, 40, 3, *shape, 1, 1, 1, 1)
    struct.pack_into('<2h', head, 70, datatype, 32)
    struct.pack_into('<8f', head, 76, 1, 2, 2, 2, 1, 1, 1, 1)
    struct.pack_into('<f', head, 108, 352)
    head[344:348] = b'n+1\0'
    return bytes(head)


def nrrd_header(shape, encoding='gzip'):
    sizes = ' '.join(str(length) for length in shape)
    directions = '(2,0,0) (0,2,0) (0,0,2)'
    return (
        f'NRRD0004\ntype: float\ndimension: 3\nsizes: {sizes}\nspace: left-posterior-superior\n'
        f'space directions: {directions}\nspace origin: (0,0,0)\nendian: little\n'
        f'encoding: {encoding}\n\n'
    ).encode()


CLAIMS = [(3000, 3000, 3000), (32767, 32767, 32767), (500, 500, 500)]


@pytest.mark.parametrize('shape', CLAIMS)
@pytest.mark.parametrize('name', ['a.nii', 'a.nii.gz', 'a.nrrd', 'raw.nrrd'])
def test_a_header_that_claims_more_than_its_file_holds_is_refused_at_once(tmp_path, name, shape):
    path = tmp_path / name
    head = nifti_header(shape) if 'nii' in name else nrrd_header(shape)
    head = nrrd_header(shape, 'raw') if name == 'raw.nrrd' else head
    path.write_bytes(gzip.compress(head + bytes(1000)) if name.endswith('gz') else head)

    start = time.monotonic()
    refused(path, r'header claims|is truncated|needs .* GiB of memory')
    assert time.monotonic() - start < 1


@pytest.mark.parametrize('name', ['a.nii.gz', 'a.nrrd'])
def test_what_would_not_fit_into_memory_is_not_unpacked(tmp_path, name, monkeypatch):
    """A file that really holds the zeros, on a computer that has less memory."""
    monkeypatch.setattr(bounds, 'memory_limit_bytes', lambda: 50_000_000)
    path, shape = tmp_path / name, (200, 200, 200)
    zeros = bytes(4 * 200**3)
    if name == 'a.nrrd':
        path.write_bytes(nrrd_header(shape) + gzip.compress(zeros))
    else:
        path.write_bytes(gzip.compress(nifti_header(shape) + zeros))
    refused(path, r'200 x 200 x 200 voxels\) needs .* GiB of memory')


def test_what_follows_the_values_is_not_unpacked_without_end(tmp_path):
    path, values = tmp_path / 'a.nii.gz', bytes(4 * 6**3)
    path.write_bytes(gzip.compress(nifti_header((6, 6, 6)) + values + bytes(300_000_000), 1))
    start = time.monotonic()
    assert read_volume(path).voxels.shape == (6, 6, 6)
    assert time.monotonic() - start < 0.3


@pytest.mark.skipif(sys.platform != 'linux', reason='names are Unicode there')
@pytest.mark.parametrize('suffix', ['.nrrd', '.nhdr', '.nii.gz'])
@pytest.mark.parametrize('where', ['folder', 'file'])
def test_a_name_that_is_not_utf8_is_read(tmp_path, where, suffix):
    """ITK ends the process at such a name."""
    image, values = made()
    folder = tmp_path / (NOT_UTF8 if where == 'folder' else 'plain')
    (tmp_path / 'x').mkdir()
    sitk.WriteImage(image, str(tmp_path / 'x' / f'x{suffix}'))
    (tmp_path / 'x').rename(folder)
    path = folder / f'{NOT_UTF8 if where == "file" else "y"}{suffix}'
    (folder / f'x{suffix}').rename(path)

    np.testing.assert_array_equal(read_volume(path).voxels, values)


@pytest.mark.skipif(sys.platform != 'linux', reason='names are Unicode there')
@pytest.mark.parametrize('names', [(NOT_UTF8, 'v.nrrd'), ('plain', f'{NOT_UTF8}.nrrd')])
def test_a_volume_is_written_below_a_name_that_is_not_utf8(tmp_path, names):
    image, values = made()
    sitk.WriteImage(image, str(tmp_path / 'x.nrrd'))
    path = tmp_path.joinpath(*names)
    path.parent.mkdir()

    write_volume(read_volume(tmp_path / 'x.nrrd'), path)

    np.testing.assert_array_equal(read_volume(path).voxels, values)
    assert list(path.parent.iterdir()) == [path]


def test_a_compressed_nifti_of_too_few_values_counts_its_bytes(tmp_path):
    """Its checksum is right: only the header tells that values are missing."""
    whole = nifti(tmp_path / 'a.nii').read_bytes()
    path = tmp_path / 'short.nii.gz'
    path.write_bytes(gzip.compress(whole[:-10]))
    refused(path, rf'truncated.*it holds {len(whole) - 10} of {len(whole)} bytes')


def several(path, dim, values):
    """A NIfTI whose header tells of other axes than its values have."""
    data = bytearray(nifti(path, values=values).read_bytes())
    struct.pack_into('<8h', data, 40, *dim)
    path.write_bytes(bytes(data))
    return path


def test_axes_of_one_are_no_further_axes(tmp_path):
    values = np.arange(24, dtype='f4').reshape(2, 3, 4)
    path = several(tmp_path / 'a.nii', (5, 4, 3, 2, 1, 1, 1, 1), values)
    np.testing.assert_array_equal(read_volume(path).voxels, values)


def test_the_frame_that_is_named_is_read_and_another_refused(tmp_path):
    values = np.arange(48, dtype='f4').reshape(4, 3, 4)
    path = several(tmp_path / 'a.nii', (4, 4, 3, 2, 2, 1, 1, 1), values)
    assert nifti_frame_count(path) == 2
    np.testing.assert_array_equal(read_volume(path, frame=2).voxels, values[2:])
    for frame in (0, 3):
        with pytest.raises(InputFileError, match=f'no frame {frame}: it holds 2 volumes of 4 x 3'):
            read_volume(path, frame=frame)


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_a_file_of_one_image_has_no_second_frame(tmp_path, suffix):
    image, values = made()
    path = tmp_path / f'one{suffix}'
    sitk.WriteImage(image, str(path))
    np.testing.assert_array_equal(read_volume(path, frame=1).voxels, values)
    with pytest.raises(InputFileError, match=rf'one{re.escape(suffix)} has no frame 2'):
        read_volume(path, frame=2)


def test_the_frames_of_a_damaged_file_are_not_counted(tmp_path):
    path = tmp_path / 'bad.nii.gz'
    path.write_bytes(b'no gzip')
    with pytest.raises(InputFileError, match=r'bad\.nii\.gz cannot be read as a volume'):
        nifti_frame_count(path)


@pytest.mark.skipif(not hasattr(os, 'mkfifo'), reason='no pipes with names on this system')
@pytest.mark.parametrize('name', ['v.nrrd', 'v.nii', 'v.nii.gz'])
def test_a_pipe_is_no_volume_and_is_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputFileError, match='no file but a folder or a device'):
        read_volume(tmp_path / name)
