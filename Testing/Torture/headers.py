"""Headers of generated series, damaged at random, through `suv` and `info`."""

from __future__ import annotations

import contextlib
import random
import shutil
import tempfile
import warnings
from pathlib import Path

import numpy as np
from mutators import NASTY_TEXTS, damaged_bytes
from tally import Clock, Tally

TOLERANCE = 0.01
"""A factor that is off by more, unflagged, is wrong."""

ELEMENTS = [
    'Units',
    'DecayCorrection',
    'CorrectedImage',
    'FrameReferenceTime',
    'DecayFactor',
    'ActualFrameDuration',
    'RescaleIntercept',
    'PatientWeight',
    'PatientSize',
    'PatientSex',
    'SeriesType',
    'AcquisitionNumber',
    'SeriesDate',
    'SeriesTime',
    'AcquisitionDate',
    'AcquisitionTime',
    'StudyDate',
    'SUVType',
    'Manufacturer',
    'PixelSpacing',
    'ImagePositionPatient',
    'ImageOrientationPatient',
    'Rows',
    'Columns',
    'BitsStored',
    'BitsAllocated',
    'HighBit',
    'PixelRepresentation',
    'SamplesPerPixel',
    'NumberOfFrames',
    'NumberOfSlices',
    'TimezoneOffsetFromUTC',
    'SpecificCharacterSet',
    'SOPClassUID',
    'Modality',
    'ImageType',
]


def damaged_headers(clock: Clock, rng: random.Random) -> Tally:
    """Bytes of one file of a series; the rest of it says what is right."""
    from bad_input.made_series import enhanced, series

    tally = Tally('headers, bytes')
    with tempfile.TemporaryDirectory() as kept:
        plain = {
            'classic': series()(Path(kept) / 'a'),
            'implicit': series(syntax='1.2.840.10008.1.2')(Path(kept) / 'b'),
            'enhanced': enhanced()(Path(kept) / 'c'),
        }
        while clock.runs:
            _one_file(plain, tally, rng)
    return tally


def _one_file(plain: dict[str, Path], tally: Tally, rng: random.Random) -> None:
    seed = rng.getrandbits(40)
    own = random.Random(seed)
    kind = own.choice(list(plain))
    with tempfile.TemporaryDirectory() as folder:
        pet = Path(shutil.copytree(plain[kind], Path(folder) / 'pet'))
        path = own.choice(sorted(pet.iterdir()))
        data = path.read_bytes()
        path.write_bytes(damaged_bytes(data, own, upto=_end_of_header(data)))
        _judge(pet, kind, tally, own, f'headers {kind} seed {seed}')


def _end_of_header(data: bytes) -> int:
    at = data.rfind(b'\xe0\x7f\x10\x00')
    return at if at > 0 else len(data)


def _judge(pet: Path, kind: str, tally: Tally, rng: random.Random, how: str) -> None:
    from bad_input.case import run

    command = rng.choice(('suv', 'suv', 'info'))
    arguments = [command, str(pet)]
    if command == 'suv':
        arguments += ['--output', str(pet.parent / 'suv.nrrd')]
    found = run(arguments)
    if found.traceback:
        tally.add('traceback', f'{how} ({command}): {found.traceback[-400:]}')
    elif found.status:
        tally.add('refused with a sentence')
    elif command == 'info' or kind == 'enhanced' or _as_stored(found.factors, pet):
        tally.add('right')
    elif _flagged(found.output):
        tally.add('flagged')
    else:
        tally.add('wrong', f'{how}: factors {found.factors}, {found.output}')


def _flagged(output: str) -> bool:
    from bad_input.case import doubts

    return bool(doubts(output))


def _as_stored(factors: np.ndarray | None, pet: Path) -> bool:
    """Whether the SUV follows from slope and pixels as pydicom reads them, and the other files."""
    if factors is None:
        return False
    stored = [value for value in map(_mean_bqml, sorted(pet.iterdir())) if value is not None]
    right = _factor(pet)
    expected = [right, *(value * right for value in stored)]
    return all(
        any(abs(found - value) <= TOLERANCE * abs(value) for value in expected) for found in factors
    )


def _factor(pet: Path) -> float:
    """With the weight that all files have: one that is right in itself is no damage."""
    from bad_input.made_series import F, factor

    weights = set(map(_weight_kg, pet.iterdir()))
    weight_kg = weights.pop() if len(weights) == 1 else None
    return factor(weight_kg=weight_kg) if weight_kg else F


def _weight_kg(path: Path) -> float | None:
    import pydicom

    with warnings.catch_warnings(), contextlib.suppress(Exception):
        warnings.simplefilter('ignore')
        return float(pydicom.dcmread(path, stop_before_pixels=True).PatientWeight)
    return None


def _mean_bqml(path: Path) -> float | None:
    """Over the activity of an undamaged slice; None for what pydicom cannot read."""
    import pydicom
    from bad_input.case import ACTIVITY_BQML

    with warnings.catch_warnings(), contextlib.suppress(Exception):
        warnings.simplefilter('ignore')
        ds = pydicom.dcmread(path)
        intercept = float(ds.get('RescaleIntercept') or 0)
        return float((ds.pixel_array * float(ds.RescaleSlope) + intercept).mean()) / ACTIVITY_BQML
    return None


def odd_elements(clock: Clock, rng: random.Random) -> Tally:
    """One element of one slice, or of all, set to something odd."""
    tally = Tally('headers, elements')
    while clock.runs:
        seed = rng.getrandbits(40)
        own = random.Random(seed)
        keyword, text = own.choice(ELEMENTS), own.choice(NASTY_TEXTS)
        slices = own.choice(([own.randrange(4)], [0, 1], [0, 1, 2, 3]))
        how = f'headers: {keyword} = {text[:40]!r} in slices {slices} (seed {seed})'
        with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
            warnings.simplefilter('ignore')
            pet = _with_element(Path(folder), keyword, text, slices)
            if pet is not None:
                _judge(pet, 'classic', tally, own, how)
    return tally


def _with_element(folder: Path, keyword: str, text: str, slices: list[int]) -> Path | None:
    """None where pydicom does not write it."""
    from bad_input.made_series import series
    from pydicom.datadict import dictionary_VR, tag_for_keyword
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import Tag

    def _edit(ds: object, k: int) -> None:
        if k in slices:
            tag = Tag(tag_for_keyword(keyword))
            value = text.encode('utf-8', 'surrogatepass')
            value += b' ' * (len(value) % 2)
            vr = dictionary_VR(tag)
            ds._dict[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)

    try:
        return series(_edit)(folder)
    except Exception:  # what pydicom refuses to write
        return None
