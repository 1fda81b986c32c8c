"""Sidecars of BIDS that contradict themselves, their volume, or the format."""

import json
import struct

import numpy as np
from bad_input.case import ACTIVITY_BQML, Case, flagged, good, refused, told
from bad_input.made_series import DOSE_BQ, DURATION_S, UPTAKE_S, WEIGHT_KG, factor, mean_time_s

KIND = 'volume headers'
HALF_LIFE_S = 1.8288 * 3600
F = factor(half_life_s=HALF_LIFE_S)
MEAN_S = mean_time_s(DURATION_S, HALF_LIFE_S)
NONE_F = factor(UPTAKE_S + MEAN_S, half_life_s=HALF_LIFE_S)

GOOD = {
    'Modality': 'PT',
    'Units': 'Bq/mL',
    'TracerName': 'FDG',
    'TracerRadionuclide': 'F18',
    'InjectedRadioactivity': DOSE_BQ / 1e6,
    'InjectedRadioactivityUnits': 'MBq',
    'BodyWeight': WEIGHT_KG,
    'ScanDate': '2025-11-12',
    'TimeZero': '14:20:00',
    'ScanStart': 0,
    'InjectionStart': -UPTAKE_S,
    'InjectionEnd': -UPTAKE_S + 10,
    'FrameTimesStart': [0],
    'FrameDuration': [DURATION_S],
    'ImageDecayCorrected': True,
    'ImageDecayCorrectionTime': 0,
    'AttenuationCorrection': 'CT-based',
}

NOT_CORRECTED = {'ImageDecayCorrected': False, 'ImageDecayCorrectionTime': None}


def nifti(path, frames=1):
    """A uniform volume of 4 mm voxels, 4-D for several frames."""
    head, size = bytearray(352), (7, 6, 4, frames)
    for code, offset, *values in (
        ('i', 0, 348), ('8h', 40, 3 + (frames > 1), *size, 1, 1, 1), ('hh', 70, 16, 32),
        ('8f', 76, 1, 4, 4, 4, 1, 1, 1, 1), ('fff', 108, 352, 1, 0), ('B', 123, 2),
        ('hh', 252, 0, 1), ('12f', 280, 4, 0, 0, 0, 0, 4, 0, 0, 0, 0, 4, 0), ('4s', 344, b'n+1\0'),
    ):  # fmt: skip
        struct.pack_into('<' + code, head, offset, *values)
    path.write_bytes(bytes(head) + np.full(size, ACTIVITY_BQML, '<f4').tobytes())


def _case(name, right, *, command='suv', frames=1, frame=0, **changes):
    def _make(folder):
        path = folder / 'sub-1_pet.nii'
        nifti(path, frames)
        said = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
        path.with_suffix('.json').write_text(json.dumps(said), encoding='utf-8')
        output = ['--output', str(folder / 'suv.nrrd')] if command == 'suv' else []
        return [command, str(path), *output, *(['--frame', str(frame)] if frame else [])]

    return Case(f'sidecar, {name}', KIND, _make, right)


def _of_three(name, right, **changes):
    """The second of three frames, ten minutes apart."""
    lists = {'FrameTimesStart': [0, 600, 1200], 'FrameDuration': [DURATION_S] * 3}
    return _case(name, right, frames=3, frame=2, **{**lists, **NOT_CORRECTED, **changes})


SECOND = factor(UPTAKE_S + 600 + MEAN_S, half_life_s=HALF_LIFE_S)

CASES = [
    _case('good', good(F)),
    _case('not decay-corrected', good(NONE_F), **NOT_CORRECTED),
    *(
        _case(f'attenuation {text!r}', refused('ATTN'), AttenuationCorrection=text)
        for text in (
            'not corrected', 'uncorrected', 'NAC', 'without attenuation correction',
            'No attenuation correction', 'Not applied', 'none', 'images are uncorrected',
        )
    ),
    *(
        _case(f'attenuation {text!r}', good(F), AttenuationCorrection=text)
        for text in (
            '10-min transmission scan', 'measured, Ge-68 rods', 'CTAC', 'Normalized CT',
            'CT-based, applied before unscrambling',
        )
    ),
    _case('tracer of another isotope', flagged('not that of Ga-68', F), TracerName='[68Ga]Ga-PSMA-11'),
    _case('decay factor that agrees', good(F), DecayCorrectionFactor=[2 ** (MEAN_S / HALF_LIFE_S)]),
    _case('decay factor of another instant', flagged('0054,1321', F), DecayCorrectionFactor=[1.4]),
    _case('decay factor without correction', flagged('0054,1321', NONE_F), **NOT_CORRECTED,
          DecayCorrectionFactor=[1.5]),
    _case('injection that ends before it begins', flagged('InjectionEnd', F), InjectionEnd=-4000),
    _case('injection that lasts until the scan', flagged('InjectionEnd', F), InjectionEnd=0),
    _case('unit that is no text', refused('Units is 5, which is no text'), Units=5),
    _case('dose of 400 digits', refused('0018,1074'), InjectedRadioactivity=10**400),
    _of_three('second of three frames', told('Frame 2 of 3', SECOND)),
    _of_three('second of three frames, info', told('all that it needs is there'), command='info'),
    _of_three('times of four frames for three', refused('4 values.*3 frames'),
              FrameTimesStart=[0, 600, 1200, 1800]),
    _of_three('times that do not ascend', flagged('begins 600 s after'), FrameTimesStart=[0, 1200, 600]),
    _of_three('frames that overlap', flagged('before the end of frame 1'), FrameDuration=[900] * 3),
]  # fmt: skip
