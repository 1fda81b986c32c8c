"""Files that are damaged, foreign, in the way, or not what their name says."""

import json
import struct
from pathlib import Path

import numpy as np
from bad_input.case import ACTIVITY_BQML, Case, Right, good, refused, told
from bad_input.made_series import (
    F,
    analysis_of,
    enhanced,
    info_of,
    put,
    series,
    suv_of,
)
from bad_input.made_study import preset, study, with_json, with_seeds
from dicom_files import header, put_pixels, save
from pydicom.uid import ImplicitVRLittleEndian, JPEGBaseline8Bit

KIND = 'files'

SEEDS = 'label,x_ras,y_ras,z_ras\n'
FCSV = (
    '# Markups fiducial file version = 5.6\n# CoordinateSystem = LPS\n'
    '# columns = id,x,y,z,ow,ox,oy,oz,vis,sel,lock,label,desc,associatedNodeID\n'
)
PLAIN = series()


def _case(name, make, right):
    return Case(name, KIND, make, right)


def spoiled(change, make=PLAIN):
    """Bytes of one file of the series, changed."""

    def _make(folder: Path) -> Path:
        pet = make(folder)
        path = sorted(pet.iterdir())[-1]
        path.write_bytes(change(path.read_bytes()))
        return pet

    return _make


def beside(name, content, make=PLAIN):
    """Another file among those of the series."""

    def _make(folder: Path) -> Path:
        pet = make(folder)
        (pet / name).write_bytes(content)
        return pet

    return _make


def said_to_be(syntax):
    """The meta header names another transfer syntax than the bytes have."""

    def _change(data: bytes) -> bytes:
        old = b'1.2.840.10008.1.2.1\0'
        new = str(syntax).encode()
        new += b'\0' * (len(new) % 2)
        at = data.index(old)
        length = struct.pack('<H', len(new))
        group = struct.unpack('<I', data[140:144])[0] + len(new) - len(old)
        head = data[:140] + struct.pack('<I', group) + data[144 : at - 2]
        return head + length + new + data[at + len(old) :]

    return _change


def every_file(change):
    """The change, in all files of a series."""

    def _make(folder: Path) -> Path:
        pet = series()(folder)
        for path in pet.iterdir():
            path.write_bytes(change(path.read_bytes()))
        return pet

    return _make


def secondary_capture(folder: Path) -> Path:
    """A screenshot that says it is PET."""
    ds = header('1.2.840.10008.5.1.4.1.1.7', '1.2.840.10008.1.2.1', '1.2.3.4', '1.2.3.4.1')
    put_pixels(ds, np.full((6, 7), 3, np.uint16))
    ds.Modality = 'PT'
    save(ds, folder / 'pet' / 'shot.dcm')
    return folder / 'pet'


def directory_file(folder: Path) -> Path:
    """A DICOMDIR beside its series; the DICOMDIR is INPUT."""
    pet = series()(folder)
    ds = header('1.2.840.10008.1.3.10', '1.2.840.10008.1.2.1', '1.2.3', '1.2.3.4.9')
    for keyword in ('Modality', 'SeriesInstanceUID'):
        delattr(ds, keyword)
    save(ds, pet / 'DICOMDIR')
    return pet / 'DICOMDIR'


def nifti(*, dims=(3, 4, 5, 6, 1, 1, 1, 1), sform=True, pixdim=4.0, code=16, size=348, data=None):
    """A NIfTI-1 file of 5 x 6 x 7 voxels, or what is asked for."""

    def _make(folder: Path) -> list[str]:
        head = bytearray(352)
        struct.pack_into('<i', head, 0, size)
        struct.pack_into('<8h', head, 40, *dims)
        struct.pack_into('<hh', head, 70, code, 32)
        struct.pack_into('<8f', head, 76, 1.0, pixdim, pixdim, pixdim, 1, 1, 1, 1)
        struct.pack_into('<fff', head, 108, 352.0, 1.0, 0.0)
        if sform:
            struct.pack_into('<hh', head, 252, 0, 1)
            struct.pack_into('<12f', head, 280, 4, 0, 0, 0, 0, 4, 0, 0, 0, 0, 4, 0)
        head[344:348] = b'n+1\0'
        count = int(np.prod(np.array(dims[1 : dims[0] + 1], float).clip(0, 64)))
        stored = np.full(count, ACTIVITY_BQML, '<f4').tobytes() if data is None else data
        path = folder / 'v.nii'
        path.write_bytes(bytes(head) + stored)
        return ['info', str(path)]

    return _make


def nrrd(*lines, data=b'\0' * 4 * 60, name='v.nrrd'):
    """A NRRD file of 3 x 4 x 5 floats with other lines in its header."""

    def _make(folder: Path) -> list[str]:
        given = {line.split(':')[0] for line in lines}
        plain = [
            'type: float', 'dimension: 3', 'space: left-posterior-superior', 'sizes: 3 4 5',
            'space directions: (4,0,0) (0,4,0) (0,0,4)', 'endian: little', 'encoding: raw',
            'space origin: (0,0,0)',
        ]  # fmt: skip
        kept = [line for line in plain if line.split(':')[0] not in given]
        text = '\n'.join(['NRRD0004', *kept, *lines, '', ''])
        (folder / name).write_bytes(text.encode() + data)
        return ['info', str(folder / name)]

    return _make


def occupied(name):
    """A folder with a user's file that is named like a result, where the SUV goes."""

    def _make(folder: Path) -> list[str]:
        (folder / name).mkdir()
        (folder / name / 'keep.txt').write_text('mine')
        pet = series()(folder)
        return ['suv', str(pet), '--output', str(folder / name), '--overwrite']

    return _make


def _missing(folder: Path) -> list[str]:
    return ['info', str(folder / 'nowhere')]


def _empty(folder: Path) -> list[str]:
    return ['info', str(folder)]


def _existing(folder: Path) -> list[str]:
    """An SUV volume stands there already, of another scan; not allowed to replace it."""
    (folder / 'old.nrrd').write_text('old')
    return ['suv', str(series()(folder)), '--output', str(folder / 'old.nrrd')]


def markups(points, **changes):
    """A markups file."""
    plain = {'coordinateSystem': 'LPS', 'controlPoints': points}
    return json.dumps({'markups': [{**plain, **changes}]})


POINT = {'label': 'S37', 'position': [-57.2, 0.0, 0.0]}

DICOM = [
    *(
        _case(f'cut after {part:.0%} of the file', suv_of(spoiled(
            lambda data, part=part: data[: int(len(data) * part)])),
              Right(refused='truncated|cut|bytes|damaged|not DICOM|miss|shorter|pixel', flagged='passed over'))
        for part in (0.02, 0.4, 0.8, 0.97)
    ),
    _case('the last byte is missing', suv_of(spoiled(lambda data: data[:-1])),
          refused('truncated|bytes|shorter|pixel')),
    _case('bytes after the pixels', suv_of(spoiled(lambda data: data + b'\0' * 400)),
          Right(refused='', good=True, factors=(F,))),
    _case('an empty file among the slices', suv_of(beside('a.dcm', b'')), Right(good=True, flagged='', factors=(F,))),
    _case('a text file among the slices', suv_of(beside('readme.txt', b'hello')), told('', F)),
    _case('a file of zeros among the slices', suv_of(beside('z.dcm', b'\0' * 4000)), told('', F)),
    _case('implicit bytes called explicit', suv_of(every_file(said_to_be(ImplicitVRLittleEndian))),
          Right(refused='syntax', flagged='', factors=(F,))),
    _case('native pixels called JPEG', suv_of(every_file(said_to_be(JPEGBaseline8Bit))),
          refused('compress|JPEG|syntax|decode|read')),
    _case('an unknown transfer syntax', suv_of(every_file(said_to_be('1.2.3.4.5.6'))),
          Right(refused='syntax|compress|1.2.3.4.5.6', flagged='syntax', factors=(F,))),
    _case('pixels shorter than rows and columns', suv_of(series(put(Rows=8))),
          refused('bytes|shorter|pixel|truncated')),
    _case('more columns than stored in one slice', suv_of(series(put(Columns=9, on=[1]))),
          refused('size|columns|bytes|pixel|rows|matrix')),
    _case('a secondary capture that says PT', info_of(secondary_capture), refused('secondary')),
    _case('a DICOMDIR as input', suv_of(directory_file), told('', F)),
    _case('a folder of nothing', _empty, refused('no|PET')),
    _case('a folder that is not there', _missing, refused('exist|not')),
    _case('two series in one folder', info_of(lambda folder: (
        series(series_uid='1.2.3.5')(folder / 'a'), series()(folder / 'b'), folder)[-1]),
          refused('series|several|1.2.3.5')),
    _case('a series that is not there', lambda folder: [
        'info', str(series()(folder)), '--series', '9.9'], refused('9.9')),
    _case('eight bits allocated, sixteen stored', suv_of(series(put(BitsStored=32))),
          refused('Bits')),
    _case('color pixels', suv_of(series(put(SamplesPerPixel=3, PhotometricInterpretation='RGB'))),
          refused('color|RGB|SamplesPerPixel|value|bytes|pixel')),
    _case('twelve bits stored, more used', suv_of(series(put(BitsStored=8, HighBit=7))),
          Right(refused='Bits', flagged='Bits')),
    _case('ten bits stored in one file, more used',
          suv_of(series(lambda ds, k: setattr(ds, 'BitsStored', 10) if k == 2 else None)),
          refused('Bits')),
    _case('no pixels', suv_of(series(lambda ds, k: delattr(ds, 'PixelData') if k == 2 else None)),
          refused('pixel')),
    _case('rows 0', suv_of(series(put(Rows=0))), refused('Rows|size|pixel')),
    _case('pixel spacing of NaN', info_of(series(put(PixelSpacing=['nan', 'nan']))),
          refused('PixelSpacing|pixel spacing')),
    _case('pixel spacing of a kilometer', info_of(series(put(PixelSpacing=[1e6, 1e6]))),
          Right(refused='PixelSpacing|pixel spacing', flagged='')),
    _case('orientation that is no direction', info_of(series(put(
        ImageOrientationPatient=[0, 0, 0, 0, 0, 0]))), refused('Orientation')),
    _case('orientation whose axes are one', info_of(series(put(
        ImageOrientationPatient=[1, 0, 0, 1, 0, 0]))), refused('Orientation|axes')),
    _case('position that is no number', info_of(spoiled(
        lambda data: data.replace(b'-20.0\\31.0', b'-2x.0\\31.0'))), refused('Position')),
    _case('enhanced, a number of 20 bytes', suv_of(spoiled(lambda data: data.replace(
        b'\x18\0\x20\x92FD\x08\0', b'\x18\0\x20\x92FD\x14\0', 1), enhanced())),
          Right(refused='', flagged='')),
    _case('enhanced, cut', suv_of(spoiled(lambda data: data[: len(data) // 2], enhanced())),
          refused('truncated|cut|damaged|DICOM|bytes|read')),
]  # fmt: skip

VOLUMES = [
    _case('NIfTI, good', nifti(dims=(3, 5, 6, 7, 1, 1, 1, 1)), good(says='4 x 4 x 4 mm')),
    _case('NIfTI whose pixdim contradicts its sform', nifti(pixdim=3.5),
          Right(refused='pixdim|sform', flagged='4 x 4 x 4 mm.*(sform|pixdim)|(sform|pixdim).*4 x 4 x 4 mm')),
    _case('NIfTI, cut', nifti(data=b'\0' * 100), refused('truncated|bytes|holds')),
    _case('NIfTI of complex numbers', nifti(code=32), refused('datatype|complex|cannot|value')),
    _case('NIfTI of an unknown datatype', nifti(code=777), refused('datatype|cannot|read')),
    _case('NIfTI of dimension 0', nifti(dims=(3, 0, 5, 6, 1, 1, 1, 1)), refused('')),
    _case('NIfTI of negative dimensions', nifti(dims=(3, -4, 5, 6, 1, 1, 1, 1)), refused('')),
    _case('NIfTI of no header', nifti(size=0), Right(refused='', flagged='')),
    _case('NIfTI of two time frames', nifti(dims=(4, 4, 5, 6, 2, 1, 1, 1)), refused('4-D|frame')),
    _case('NRRD in meter', nrrd('space units: "m" "m" "m"',
                                'space directions: (0.004,0,0) (0,0.004,0) (0,0,0.004)'),
          Right(refused='unit', flagged='4 x 4 x 4 mm')),
    _case('NRRD in centimeter', nrrd('space units: "cm" "cm" "cm"',
                                     'space directions: (0.4,0,0) (0,0.4,0) (0,0,0.4)'),
          Right(refused='unit', flagged='4 x 4 x 4 mm')),
    _case('NRRD of a scanner space', nrrd('space: scanner-xyz'),
          Right(refused='space', flagged='space|scanner')),
    _case('NRRD of no space', nrrd('space dimension: 3', 'space:'), Right(refused='', flagged='')),
    _case('NRRD, cut', nrrd(data=b'\0' * 100), refused('cut|bytes|truncated|damaged|read')),
    _case('NRRD of zero size', nrrd('sizes: 0 4 5'), refused('')),
    _case('NRRD of NaN directions', nrrd('space directions: (nan,0,0) (0,4,0) (0,0,4)'), refused('')),
    _case('NRRD of flat directions', nrrd('space directions: (4,0,0) (4,0,0) (0,0,4)'), refused('')),
    _case('NRRD of colors', nrrd('dimension: 4', 'sizes: 3 3 4 5', 'kinds: vector domain domain domain',
                                 'space directions: none (4,0,0) (0,4,0) (0,0,4)', data=b'\0' * 720),
          refused('values|component')),
    _case('NRRD whose data file is elsewhere', nrrd('data file: /etc/passwd', name='v.nhdr'),
          Right(refused='', flagged='')),
    _case('a volume that is a text', lambda folder: (
        (folder / 'v.nrrd').write_text('hello'), ['info', str(folder / 'v.nrrd')])[-1], refused('')),
    _case('a gzip that is none', lambda folder: (
        (folder / 'v.nii.gz').write_text('hello'), ['info', str(folder / 'v.nii.gz')])[-1], refused('')),
    _case('a folder named as a volume', lambda folder: (
        (folder / 'v.nrrd').mkdir(), ['info', str(folder / 'v.nrrd')])[-1], refused('')),
]  # fmt: skip

TARGETS = [
    _case('a folder where the SUV goes', occupied('suv.nrrd'), refused('folder|directory')),
    _case('an SUV volume that stands there', _existing, refused('exist|overwrite')),
    _case('the SUV into a folder that is a file', lambda folder: (
        (folder / 'f').write_text(''),
        ['suv', str(series()(folder)), '--output', str(folder / 'f' / 'v.nrrd')])[-1],
          refused('cannot|folder|file|directory')),
    _case('results where a file stands', lambda folder: (
        (folder / 'out').write_text('mine'), analysis_of(lambda _f: study() / 'dicom')(folder))[-1],
          refused('out')),
    _case('an SUV volume of no known kind', lambda folder: [
        'suv', str(series()(folder)), '--output', str(folder / 'v.png')], refused('nrrd|name')),
    _case('a study into a folder that is not empty', lambda folder: (
        (folder / 'x').write_text(''), ['make-phantom', str(folder)])[-1], refused('not empty')),
]  # fmt: skip

SEED_FILES = [
    *(
        _case(f'seeds: {name}', with_seeds(text, file), right)
        for name, file, text, right in (
            ('nothing', 'a.csv', '', refused('header|point')),
            ('a header alone', 'a.csv', SEEDS, refused('point|seed')),
            ('no coordinate system', 'a.csv', 'label,x,y,z\nS37,57.2,0,0\n', refused('RAS')),
            ('both coordinate systems', 'a.csv', 'label,x_ras,y_lps,z_ras\nS37,57.2,0,0\n', refused('RAS')),
            ('two numbers', 'a.csv', SEEDS + 'S37,57.2,0\n', refused('S37')),
            ('a word for a number', 'a.csv', SEEDS + 'S37,57.2,zero,0\n', refused('S37')),
            ('NaN', 'a.csv', SEEDS + 'S37,nan,0,0\n', refused('S37')),
            ('infinity', 'a.csv', SEEDS + 'S37,57.2,0,inf\n', refused('S37')),
            ('a huge number', 'a.csv', SEEDS + 'S37,57.2,0,1e300\n', refused('outside|S37')),
            ('NUL bytes', 'a.csv', (SEEDS + 'S37,57.2,\0,0\n'), refused('')),
            ('a quote that is not closed', 'a.csv', SEEDS + '"S37,57.2,0,0\n' * 3, refused('')),
            ('a field of a megabyte', 'a.csv', SEEDS + '"' + 'x' * 2**20 + '",1,2,3\n', refused('')),
            ('Latin-1', 'a.csv', (SEEDS + 'Kügelchen,57.2,0,0\n').encode('latin-1'), refused('read|UTF')),
            ('UTF-16', 'a.csv', (SEEDS + 'S37,57.2,0,0\n').encode('utf-16'), refused('read|UTF|header')),
            ('a binary', 'a.csv', bytes(range(256)), refused('')),
            ('another suffix', 'a.txt', SEEDS + 'S37,57.2,0,0\n', refused('mrk.json')),
            ('a JSON list', 'a.mrk.json', '[]', refused('markups')),
            ('a JSON number', 'a.mrk.json', '3', refused('markups')),
            ('cut JSON', 'a.mrk.json', markups([POINT])[:-9], refused('markups|JSON')),
            ('no control points', 'a.mrk.json', markups([]), refused('point')),
            ('control points that are a text', 'a.mrk.json', markups('S37'), refused('markups')),
            ('a point that is null', 'a.mrk.json', markups([None]), refused('markups')),
            ('a position of four', 'a.mrk.json', markups([{**POINT, 'position': [1, 2, 3, 4]}]),
             refused('S37')),
            ('a position of texts', 'a.mrk.json', markups([{**POINT, 'position': ['a', 'b', 'c']}]),
             refused('S37')),
            ('a position of truths', 'a.mrk.json', markups([{**POINT, 'position': [True, False, True]}]),
             refused('S37')),
            ('an unknown coordinate system', 'a.mrk.json', markups([POINT], coordinateSystem='XYZ'),
             refused('XYZ')),
            ('markups in centimeter', 'a.mrk.json', markups(
                [{**POINT, 'position': [-5.72, 0, 0]}], coordinateUnits='cm'), refused('unit|cm')),
            ('a position of 400 digits', 'a.mrk.json', markups([{**POINT, 'position': [10**400, 0, 0]}]),
             refused('S37|position')),
            ('a label that is a list', 'a.mrk.json', markups([{**POINT, 'label': ['S37']}]),
             Right(refused='', flagged='')),
            ('an fcsv without columns', 'a.fcsv', '0,57.2,0,0\n', refused('columns')),
            ('an fcsv of points without a place', 'a.fcsv', FCSV + '1,-57.2,0,0,0,0,0,1,1,1,0,S37,,,0,0\n'
             '2,57.2,0,0,0,0,0,1,1,1,0,S17,,,3,0\n', refused('no point with a position')),
            ('decimal commas between commas', 'a.csv', SEEDS + 'S37,57,2,0,0,0,0\n', refused('7 cells.*semicolon')),
            ('a cell more than the header', 'a.csv', SEEDS + 'S37,1,57.2,0,0\n', refused('5 cells')),
            ('an empty cell more than the header', 'a.csv', SEEDS + 'S37,57.2,0,0,\n', Right(flagged='', refused='')),
            ('centimeters', 'a.csv', 'label,x_ras_cm,y_ras_cm,z_ras_cm\nS37,5.72,0,0\n', refused('is in cm')),
            ('inches', 'a.csv', 'label,x RAS [inch],y RAS [inch],z RAS [inch]\nS37,2.25,0,0\n', refused('is in inch')),
            ('an fcsv of system 2', 'a.fcsv', '# CoordinateSystem = 2\n# columns = id,x,y,z,label\n1,57.2,0,0,S37\n', refused('coordinate|IJK')),
        )
    )
]  # fmt: skip

JSON_FILES = [
    *(
        _case(f'{option[2:]}: {name}', with_json(option, data), right)
        for option in ('--phantom', '--settings', '--activity')
        for name, data, right in (
            ('a list', [], refused('object|list')),
            ('a null', 'null', refused('object|None')),
            ('cut', '{"schema": ', refused('JSON')),
            ('not UTF-8', b'{"name": "\xff\xfe"}', refused('read|UTF|JSON|decode')),
            ('a NaN', '{"schema": NaN}', refused('schema|NaN|JSON')),
            ('an unknown key', '{"colour": 1}', refused('colour|schema|missing')),
            ('another schema', '{"schema": "voi-identification/results/1"}', refused('schema')),
            ('a number of 5000 digits', '{"schema": ' + '9' * 5000 + '}', refused('')),
        )
    ),
    *(
        _case(f'phantom: {name}', with_json('--phantom', {**preset(), **changes}), right)
        for name, changes, right in (
            ('a ring of 400 digits', {'ring_diameter_mm': 10**400}, refused('ring_diameter_mm')),
            ('no inserts', {'inserts': []}, refused('insert')),
            ('a diameter of 0', {'inserts': [{'label': 'a', 'diameter_mm': 0}]}, refused('diameter_mm')),
            ('a negative diameter', {'inserts': [{'label': 'a', 'diameter_mm': -10}]}, refused('diameter_mm')),
            ('a diameter of a text', {'inserts': [{'label': 'a', 'diameter_mm': '10'}]}, refused('diameter_mm')),
            ('a diameter of a truth', {'inserts': [{'label': 'a', 'diameter_mm': True}]}, refused('diameter_mm')),
            ('two inserts of one label', {'inserts': 2 * [{'label': 'a', 'diameter_mm': 10.0}]}, refused('a')),
            ('a label of a number', {'inserts': [{'label': 10, 'diameter_mm': 10.0}]}, refused('label')),
            ('a ring of no size', {'ring_diameter_mm': 0}, refused('ring_diameter_mm')),
            ('a name of nothing', {'name': ''}, refused('name')),
            ('two spheres at one angle', {'inserts': [
                {'label': n, 'diameter_mm': 20.0, 'ring_angle_deg': 0.0} for n in 'ab']},
             Right(refused='', flagged='')),
        )
    ),
    _case('phantom: a name that is not known', lambda folder: [
        'analyze', str(study() / 'dicom'), '--output', str(folder / 'o'), '--phantom', 'no such'],
          refused('no such')),
]  # fmt: skip

CASES = [*DICOM, *VOLUMES, *TARGETS, *SEED_FILES, *JSON_FILES]
