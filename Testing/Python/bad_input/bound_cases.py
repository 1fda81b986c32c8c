"""Sizes that somebody claims: known before anything is allocated, and refused within a second."""

import gzip
import json
import struct
import zlib

from bad_input.case import Case, Right, refused
from bad_input.file_cases import markups, nifti, nrrd
from bad_input.made_series import enhanced, info_of, put, series, suv_of
from bad_input.made_study import preset, with_json, with_seeds
from pydicom.uid import DeflatedExplicitVRLittleEndian

KIND = 'bounds'

SECONDS = 1.0
"""What the user waits for a sentence about sizes."""

SEEDS = 'label,x_ras,y_ras,z_ras\n'


def _case(name, make, right):
    return Case(name, KIND, make, right, SECONDS)


def phantom(**options):
    """Make a study of some size."""
    words = [word for key, value in options.items() for word in (f'--{key}', *str(value).split())]
    return lambda folder: ['make-phantom', str(folder / 'study'), *words]


def inserts(count, diameter_mm=10.0):
    """A phantom of many inserts."""
    many = [{'label': f'S{n}', 'diameter_mm': diameter_mm} for n in range(count)]
    return {**preset(), 'inserts': many}


def largest(diameter_mm):
    """The IEC phantom with another size of its largest sphere, as text: JSON knows no NaN."""
    data = preset()
    data['inserts'][0]['diameter_mm'] = diameter_mm
    return json.dumps(data)


def deflated_zeros(folder):
    """Slices of 100 kilobytes that become 100 megabytes."""
    pet = series(syntax=DeflatedExplicitVRLittleEndian)(folder)
    for path in pet.iterdir():
        data = path.read_bytes()
        start = 144 + struct.unpack('<I', data[140:144])[0]
        deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        plain = zlib.decompress(data[start:], -zlib.MAX_WBITS)
        rest = deflater.compress(plain + bytes(100 * 2**20)) + deflater.flush()
        path.write_bytes(data[:start] + rest)
    return pet


def zeros(folder):
    """A preallocated file that was never written."""
    with (folder / 'z.dcm').open('wb') as file:
        file.write(bytes(128) + b'DICM' + bytes.fromhex('0200 0000 554c 0400 0000 0000'))
        file.truncate(100 * 10**9)
    return ['info', str(folder)]


def nested(depth, opening='[', closing=']'):
    """JSON in JSON."""
    return opening * depth + closing * depth


def points(count):
    """A seeds table with so many points of no label."""
    return SEEDS + ''.join(f',{n % 50},{n % 40},{n % 10}\n' for n in range(count))


def zipped_zeros(folder):
    """Ten kilobytes that are ten megabytes."""
    path = folder / 'v.nii.gz'
    path.write_bytes(gzip.compress(b'\0' * 10_000_000))
    return ['info', str(path)]


CASES = [
    *(
        _case(f'a phantom of {shape} voxels', phantom(shape=shape), refused('memory|voxel|large|GB|shape'))
        for shape in ('3000 3000 3000', '100000 100000 1', '1 1 1000000000', '20000 20000 50')
    ),
    _case('voxels of a nanometer', phantom(voxel='1e-6 1e-6 1e-6'), refused('voxel|outside|mm')),
    _case('voxels of a light year', phantom(voxel='1e19 1e19 1e19'), refused('voxel|outside|mm')),
    _case('a blur of a kilometer', phantom(shape='20 20 20', voxel='10 10 15', fwhm='1e6'),
          refused('fwhm|FWHM|wide|large')),
    _case('noise smoothed over a kilometer', phantom(shape='20 20 20', voxel='10 10 15', **{'noise-fwhm': '1e6'}),
          refused('fwhm|FWHM|wide|large|noise')),
    _case('rows and columns of 65535', suv_of(series(put(Rows=65535, Columns=65535))),
          refused('bytes|pixel|truncated|shorter')),
    _case('a million frames claimed', info_of(enhanced(lambda ds: setattr(ds, 'NumberOfFrames', 1_000_000))),
          refused('frames')),
    _case('a negative number of frames', info_of(enhanced(lambda ds: setattr(ds, 'NumberOfFrames', -3))),
          refused('frames')),
    _case('NIfTI of 32767 cubed', nifti(dims=(3, 32767, 32767, 32767, 1, 1, 1, 1), data=b''),
          refused('bytes|memory|holds|truncated|large')),
    _case('NRRD of 100000 cubed', nrrd('sizes: 100000 100000 100000'), refused('bytes|memory|truncated|large|cut')),
    _case('NRRD of 2 to the 62', nrrd('sizes: 4611686018427387904 1 1'), refused('')),
    _case('a gzip of zeros', zipped_zeros, refused('')),
    _case('deflated slices of zeros', suv_of(deflated_zeros), refused('deflated bytes become more')),
    _case('100 GB of zeros called DICOM', zeros, refused('not DICOM')),
    _case('JSON of 100000 brackets', with_json('--phantom', nested(100_000)), refused('nest|deep|JSON|object')),
    _case('a worksheet of 100000 objects', with_json('--activity', nested(100_000, '{"hot":', '}').replace(
        ':}', ':1}')), refused('nest|deep|JSON|object')),
    _case('markups of 100000 brackets', with_seeds(nested(100_000), 'a.mrk.json'), refused('nest|deep|JSON|markups')),
    _case('2000 points', with_seeds(points(2000)), refused('2000|points|many|seeds')),
    _case('50000 points', with_seeds(points(50_000)), refused('points|many|seeds')),
    _case('20000 markups', with_seeds(markups(
        [{'label': 'S37', 'position': [n % 50, 0, 0]} for n in range(20_000)]), 'a.mrk.json'),
          refused('S37|points|many|seeds')),
    _case('200 inserts', with_json('--phantom', inserts(200)), Right(refused='insert', flagged='')),
    _case('5000 inserts', with_json('--phantom', inserts(5000)), Right(refused='insert', flagged='')),
    *(
        _case(f'a sphere of {diameter} mm', with_json('--phantom', largest(diameter)),
              refused('diameter_mm|JSON|large|small|fit|image'))
        for diameter in (float('nan'), float('inf'), 1e300, 1e5, 1e-12)
    ),
]  # fmt: skip
