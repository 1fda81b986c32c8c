"""Control characters and markup from headers, names and files: harmless wherever they appear."""

import json

from bad_input.case import Case, Right, told
from bad_input.made_series import F, info_of, put, series, suv_of
from bad_input.made_study import preset, with_json, with_seeds, worksheet

KIND = 'text'

RED = '\x1b[31mred\x1b[0m'
TITLE = '\x1b]0;owned\x07'
RETURN = 'right\rwrong'
SCREEN = '\x1b[2J\x1b[H'
ONE_BYTE = '\x9b31m'
BACK = 'abc\x08\x08\x08xyz'
TURNED = '\u202egnp.exe'
ALL = {
    'colors': RED, 'a window title': TITLE, 'a carriage return': RETURN, 'a cleared screen': SCREEN,
    'a one-byte escape': ONE_BYTE, 'backspaces': BACK, 'a turned direction': TURNED,
}  # fmt: skip

CODES = {name: text for name, text in ALL.items() if text.isascii() or text == ONE_BYTE}
"""Those that an element of a code string can hold."""

ANY = Right(refused='', flagged='')
"""Whatever comes of it: `faults` looks for control characters in all that is printed."""


def named(text):
    """A series in a folder of that name."""

    def _make(folder):
        return series()(folder / text.replace('/', '_').replace('\0', ''))

    return _make


def in_header(text):
    """The text in every element that is shown; most are longer or odder than DICOM allows."""
    return put(
        SpecificCharacterSet='ISO_IR 192',
        SeriesDescription=text, PatientID=text, Manufacturer=text, ManufacturerModelName=text,
        PatientPosition=text, PatientName=text, ProtocolName=text, StudyID=text,
    )  # fmt: skip


CASES = [
    *(
        Case(f'{name} in the header, info', KIND, info_of(series(in_header(text))), told('Bq/mL'))
        for name, text in CODES.items()
    ),
    Case('a turned direction in the header, info', KIND, info_of(series(put(
        SpecificCharacterSet='ISO_IR 192', SeriesDescription=TURNED, Manufacturer=TURNED))),
         told('Bq/mL')),
    *(
        Case(f'{name} in the header, SUV', KIND, suv_of(series(in_header(text))), told('', F))
        for name, text in list(ALL.items())[:3]
    ),
    *(
        Case(f'{name} as the unit', KIND, info_of(series(put(Units=text))), ANY)
        for name, text in CODES.items()
    ),
    *(
        Case(f'{name} as the decay correction', KIND, suv_of(series(put(DecayCorrection=text))),
             Right(refused='0054,1102'))
        for name, text in list(ALL.items())[:4]
    ),
    *(
        Case(f'{name} in a folder\'s name', KIND, info_of(named(text)), told('Bq/mL'))
        for name, text in ALL.items()
    ),
    *(
        Case(f'{name} in a folder\'s name, SUV', KIND, suv_of(named(text)), told('', F))
        for name, text in ALL.items()
    ),
    *(
        Case(f'{name} in a folder without PET', KIND, lambda folder, text=text: (
            (folder / text).mkdir(), ['info', str(folder / text)])[-1], Right(refused=''))
        for name, text in ALL.items()
    ),
    *(
        Case(f'{name} in a label', KIND, with_seeds(
            f'label,x_ras,y_ras,z_ras\n"{text}",57.2,0,0\n'.replace('\r', '\x0b')), ANY)
        for name, text in ALL.items()
    ),
    *(
        Case(f'{name} in a label without position', KIND, with_seeds(json.dumps(
            {'markups': [{'controlPoints': [{'label': text, 'position': [1]}]}]}), 'a.mrk.json'),
             Right(refused='position'))
        for name, text in ALL.items()
    ),
    *(
        Case(f'{name} in a key', KIND, with_json('--settings', json.dumps({text: 1})), Right(refused=''))
        for name, text in ALL.items()
    ),
    *(
        Case(f'{name} as an isotope', KIND, with_json('--activity', worksheet(isotope=text)), Right(refused='isotope'))
        for name, text in ALL.items()
    ),
    *(
        Case(f'{name} in the name of an insert', KIND, with_json('--phantom', {
            **preset(), 'name': text, 'inserts': [{'label': text, 'diameter_mm': 10.0}]}), ANY)
        for name, text in ALL.items()
    ),
    *(
        Case(f'{name} as a phantom', KIND, lambda folder, text=text: [
            'analyze', str(folder), '--output', str(folder / 'o'), '--phantom', text], Right(refused=''))
        for name, text in ALL.items()
    ),
]  # fmt: skip
