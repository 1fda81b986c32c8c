"""Headers of NIfTI and NRRD files that say odd things of scale, place and size."""

import gzip
import struct

import numpy as np
from bad_input.case import Case, good, refused, told

KIND = 'volume headers'

NAN, INF = float('nan'), float('inf')

SHAPE_IJK = (5, 6, 7)


def _case(name, make, right):
    return Case(name, KIND, make, right)


def nifti(*changes, name='v.nii', order='<', more=b''):
    """`info` of a NIfTI-1 file of 4 mm by its sform; a change is struct's code, offset, values."""

    def _make(folder):
        head = bytearray(352)
        plain = (
            ('i', 0, 348), ('8h', 40, 3, *SHAPE_IJK, 1, 1, 1, 1), ('hh', 70, 16, 32),
            ('8f', 76, 1, 4, 4, 4, 1, 1, 1, 1), ('fff', 108, 352, 1, 0), ('B', 123, 2),
            ('hh', 252, 0, 1), ('12f', 280, 4, 0, 0, 0, 0, 4, 0, 0, 0, 0, 4, 0),
            ('4s', 344, b'n+1\0'),
        )  # fmt: skip
        for code, offset, *values in (*plain, *changes):
            struct.pack_into(order + code, head, offset, *values)
        data = bytes(head) + np.arange(np.prod(SHAPE_IJK)).astype(f'{order}f4').tobytes() + more
        path = folder / name
        path.write_bytes(gzip.compress(data) if name.endswith('.gz') else data)
        return ['info', str(path)]

    return _make


def nrrd(*, drop=(), more=(), **changes):
    """`info` of a NRRD file of 3 x 4 x 5 voxels."""

    def _make(folder):
        lines = {
            'type': 'float', 'dimension': '3', 'space': 'left-posterior-superior',
            'sizes': '3 4 5', 'space directions': '(4,0,0) (0,4,0) (0,0,4)',
            'space origin': '(1,2,3)', 'encoding': 'raw', 'endian': 'little',
        }  # fmt: skip
        lines |= {name.replace('_', ' '): value for name, value in changes.items()}
        kept = [f'{name}: {value}' for name, value in lines.items() if name not in drop]
        text = '\n'.join(['NRRD0004', *kept, *more, '', ''])
        (folder / 'v.nrrd').write_bytes(text.encode() + bytes(240))
        return ['info', str(folder / 'v.nrrd')]

    return _make


BY_QFORM = ('hh', 252, 1, 0)
BY_SPACING = ('hh', 252, 0, 0)

SCALES = [
    _case('scl_slope 0', nifti(('ff', 112, 0, 5)), good()),
    _case('scl_slope NaN, as nibabel writes it', nifti(('ff', 112, NAN, NAN)), good()),
    _case('scl_slope infinite', nifti(('ff', 112, INF, 0)), refused('scl_slope')),
    _case('scl_inter NaN beside a slope', nifti(('ff', 112, 2, NAN)), refused('scl_inter')),
    _case('scl_slope that float32 cannot hold', nifti(('ff', 112, 3e38, 0)), refused('too large')),
    _case('scl_inter that float32 cannot hold with the values', nifti(('ff', 112, 3e36, 3.4e38)), refused('too large')),
    _case('a large scl_slope that it can hold', nifti(('ff', 112, 1e30, 0)), good()),
    _case('bits of another datatype', nifti(('h', 72, 16)), refused('16 bits')),
    _case('bits left 0', nifti(('h', 72, 0)), good()),
    _case('big-endian', nifti(order='>'), good(says='5 x 6 x 7 voxels of 4 x 4 x 4 mm')),
]  # fmt: skip

DATA = [
    *(
        _case(f'values that begin at byte {offset}', nifti(('f', 108, offset)), refused('vox_offset'))
        for offset in (0, 100, 347, 352.5, -8, NAN, INF)
    ),
    _case('bytes behind the values', nifti(more=bytes(4 * 30)), told('goes on behind')),
    _case('bytes behind zipped values', nifti(more=bytes(4 * 30), name='v.nii.gz'), told('goes on behind')),
    _case('one slice fewer than stored', nifti(('8h', 40, 3, 5, 6, 6, 1, 1, 1, 1)), told('goes on behind')),
]  # fmt: skip

PLACES = [
    _case('lengths in meters that are millimeters', nifti(('B', 123, 1)), refused('unit of lengths')),
    _case('lengths in micrometers that are millimeters', nifti(('B', 123, 3)), refused('unit of lengths')),
    _case('lengths in an unknown unit', nifti(('B', 123, 5)), refused('xyzt_units')),
    _case('times in an unknown unit', nifti(('B', 123, 2 + 56)), good()),
    _case('pixdim 0 along one axis, wrong along another', nifti(('3f', 80, 0, 4, 3.5)), told('pixdim')),
    _case('pixdim without numbers beside a good sform', nifti(('3f', 80, NAN, NAN, NAN)), good()),
    _case('negative pixdim beside a good sform', nifti(('3f', 80, -4, 4, 4)), good()),
    _case('negative pixdim with a qform', nifti(BY_QFORM, ('3f', 80, -4, 4, 4)), refused('pixdim')),
    _case('negative pixdim alone', nifti(BY_SPACING, ('3f', 80, 4, 4, -4)), refused('pixdim')),
    _case('pixdim alone', nifti(BY_SPACING), told('neither sform nor qform')),
    _case('a good qform', nifti(BY_QFORM, ('6f', 256, 0, 0, 1, 1, 2, 3)), good(says='of 4 x 4 x 4 mm')),
    _case('a quaternion longer than 1', nifti(BY_QFORM, ('6f', 256, .9, .9, .9, 0, 0, 0)), refused('quaternion')),
    _case('a quaternion without numbers', nifti(BY_QFORM, ('6f', 256, NAN, 0, 0, 0, 0, 0)), refused('quaternion')),
    _case('a quaternion rounded above 1', nifti(BY_QFORM, ('6f', 256, .6000002, .8000002, 0, 0, 0, 0)),
          good(says='of 4 x 4 x 4 mm')),
    _case('an origin beyond the moon', nifti(('f', 292, 1e30)), refused('away')),
    _case('axes that are not at right angles', nifti(('f', 284, 1)), refused('right angles')),
]  # fmt: skip

NRRD = [
    _case('NRRD, good', nrrd(), good(says='of 4 x 4 x 4 mm')),
    _case('NRRD, one slice fewer than stored', nrrd(sizes='3 4 4'), told('goes on behind')),
    _case('NRRD, values of another type than stored', nrrd(type='short'), told('goes on behind')),
    _case('NRRD in RAS', nrrd(space='RAS'), good(says='of 4 x 4 x 4 mm')),
    _case('NRRD in LAS', nrrd(space='left-anterior-superior'), good(says='of 4 x 4 x 4 mm')),
    *(
        _case(f'NRRD in {space}', nrrd(space=space), told(f'{space}.*patient'))
        for space in ('scanner-xyz', '3D-left-handed', '3D-right-handed')
    ),
    _case('NRRD of spacings and no space', nrrd(
        drop=('space', 'space directions', 'space origin'), spacings='4 4 4'), told('not named')),
    _case('NRRD of no voxel size', nrrd(drop=('space', 'space directions', 'space origin')),
          refused('size of its voxels is unknown')),
    _case('NRRD of a range of its axes alone', nrrd(
        drop=('space', 'space directions', 'space origin'), axis_maxs='12 16 20'),
          refused('size of its voxels is unknown')),
    _case('NRRD of two directions', nrrd(space_directions='none (0,4,0) (0,0,4)'), refused('')),
    _case('NRRD of two spacings', nrrd(
        drop=('space', 'space directions', 'space origin'), spacings='4 nan 4'),
          refused('size of its voxels is unknown')),
    _case('NRRD, sheared', nrrd(space_directions='(4,0,0) (1,4,0) (0,0,4)'), good(says='of 4 x 4.123 x 4 mm')),
    _case('NRRD in meters without saying so', nrrd(space_directions='(.004,0,0) (0,.004,0) (0,0,.004)'),
          refused('unit of lengths')),
    _case('NRRD of values that were rescaled', nrrd(more=('old min: 0', 'old max: 5000')), told('rescaled')),
]  # fmt: skip

CASES = [*SCALES, *DATA, *PLACES, *NRRD]
