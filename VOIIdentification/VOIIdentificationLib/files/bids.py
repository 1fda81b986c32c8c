"""What the sidecar of a NIfTI file says (BIDS PET, ``*_pet.json``): unit, isotope, times."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from ..activity.isotopes import isotope_named
from ..core.config_json import read_json
from ..core.errors import InputFileError
from ..core.flags import Flag
from ..core.image import UNKNOWN_UNIT, Acquisition
from ..core.plain_text import plain_line
from ..core.sentence import joined, sentences
from ..core.units import row_of_units, unit_of_code
from ..suv.header import Decisions, SUVFrame, SUVHeader

_ = sentences(__name__)

SIDECAR_END = '_pet.json'
"""Names of sidecars end so (BIDS 1.6 and later, PET)."""

_BQ = {
    'bq': 1.0,
    'kbq': 1e3,
    'mbq': 1e6,
    'gbq': 1e9,
    'uci': 3.7e4,
    'μci': 3.7e4,
    'µci': 3.7e4,
    'mci': 3.7e7,
    'ci': 3.7e10,
}
"""Becquerel in a unit of Injected Radioactivity, in small letters."""

_UNKNOWN_DAY = date(1, 6, 1)
"""A day of the year 1: the SUV needs differences only, and is told that the day is unknown."""

_SAME_S = 1.0
"""Times that differ less are one."""

_UNCORRECTED = ('', 'none', 'no', 'n/a', 'false')
"""Attenuation Correction, in small letters, where there was none."""

_CLOCK = re.compile(r'(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)Z?')

_PET = ('PT', 'PET')
"""How a sidecar of PET calls its modality."""


class Sidecar(NamedTuple):
    """
    Facts of a sidecar.

    Attributes
    ----------
    unit : str
        Of the values; ``'unknown'`` if it is not said.

    acquisition : Acquisition
        What is shown of the scan; its notes say what is missing or contradicts itself.

    header : SUVHeader
        What the SUV and the worksheet need, in the words of DICOM; one frame a slice.
    """

    unit: str
    acquisition: Acquisition
    header: SUVHeader


def sidecar_path(volume: Path) -> Path | None:
    """
    The sidecar of a volume file.

    Parameters
    ----------
    volume : `pathlib.Path`
        E.g. ``sub-01_pet.nii.gz``.

    Returns
    -------
    path : `pathlib.Path` or None
        E.g. ``sub-01_pet.json`` in the same folder; None if there is none.
    """
    stem = re.sub(r'\.nii(\.gz)?$', '', volume.name, flags=re.IGNORECASE)
    path = volume.with_name(f'{stem}.json')
    is_one = stem != volume.name and path.name.lower().endswith(SIDECAR_END)
    return path if is_one and path.is_file() else None


def read_sidecar(path: Path, slice_count: int, frame: int | None = None) -> Sidecar:
    """
    Read a sidecar.

    Parameters
    ----------
    path : `pathlib.Path`
        The JSON file.

    slice_count : int
        Number of slices of its volume, which is one frame.

    frame : int, optional
        Which of the frames that the sidecar lists the volume is, from 1.

    Returns
    -------
    sidecar : Sidecar
        Only what is said without doubt; notes name the rest.

    Raises
    ------
    InputFileError
        If it is no JSON object.
    """
    data = read_json(path, 'sidecar')
    if not isinstance(data, dict):
        msg = _('the sidecar {path} must hold a JSON object; correct it, or move it away.').format(
            path=path
        )
        raise InputFileError(msg)
    reader = _Reader(data, frame)
    _note_modality(reader)
    unit, header = _unit(reader), _header(reader, slice_count)
    return Sidecar(unit, _acquisition(reader, header, path.name), header)


class _Reader:
    """Values by their keys, of the right kind, or None; what is odd becomes a note."""

    def __init__(self, data: dict[str, Any], frame: int | None) -> None:
        self._data = data
        self._frame = frame
        self.notes: list[str] = []

    def note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def has(self, key: str) -> bool:
        return self._data.get(key) not in (None, '', [], 'n/a')

    def text(self, key: str) -> str:
        value = self._data.get(key)
        if value is not None and not isinstance(value, str):
            self.note(
                _('{key} is {value!r}, which is no text: it is not used').format(
                    key=key, value=value
                )
            )
        return plain_line(value) if isinstance(value, str) else ''

    def number(self, key: str) -> float | None:
        return self._number(key, self._data.get(key))

    def truth(self, key: str) -> bool | None:
        value = self._data.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.note(
            _('{key} is {value!r}, not true or false: it is not used').format(key=key, value=value)
        )
        return None

    def only(self, key: str) -> float | None:
        """The number of the frame that is read; of the only one if none was named."""
        value = self._data.get(key)
        if not isinstance(value, list):
            return self._number(key, value)
        if self._frame is not None and self._frame <= len(value):
            return self._number(key, value[self._frame - 1])
        if len(value) == 1 and self._frame is None:
            return self._number(key, value[0])
        if value:
            self.note(
                _(
                    '{key} has {count} values, but the volume is one frame, and nothing says '
                    'which: it is not used'
                ).format(key=key, count=len(value))
            )
        return None

    def _number(self, key: str, value: object) -> float | None:
        if value is None or value in ('', 'n/a'):
            return None
        right = isinstance(value, (int, float)) and not isinstance(value, bool)
        if right and isfinite(float(str(value))):
            return float(str(value))
        self.note(
            _('{key} is {value!r}, which is no number: it is not used').format(key=key, value=value)
        )
        return None


def _note_modality(reader: _Reader) -> None:
    said = reader.text('Modality')
    if said and said.upper() not in _PET:
        reader.note(
            _('Modality is {said}, not PT: check that the values are of activity').format(said=said)
        )


def _unit(reader: _Reader) -> str:
    said = reader.text('Units')
    if not said:
        reader.note(_('Units is missing: the unit is unknown'))
    row = row_of_units(said)
    return row.unit if row else unit_of_code(said) or UNKNOWN_UNIT


def _header(reader: _Reader, slice_count: int) -> SUVHeader:
    log, zero = Decisions(), _time_zero(reader)
    isotope = isotope_named(reader.text('TracerRadionuclide'))
    if isotope is None:
        said = reader.text('TracerRadionuclide') or _('missing')
        reader.note(_('TracerRadionuclide is {said}: no isotope that is known').format(said=said))
    start = _start(reader, log)
    frame = SUVFrame(_at(zero, start), duration_s=reader.only('FrameDuration'))
    corrected, reference = _decay_correction(reader, zero)
    attenuation = reader.text('AttenuationCorrection').casefold() not in _UNCORRECTED
    return SUVHeader(
        units='BQML' if _is_bqml(reader) else reader.text('Units').upper(),
        decay_correction=corrected,
        corrected_image=(
            *(('ATTN',) if attenuation else ()),
            *(('DECY',) if corrected == 'START' else ()),
        ),
        decay_reference=reference,
        injection=_at(zero, reader.number('InjectionStart')),
        dose=_dose_bq(reader),
        half_life_s=isotope.half_life_s if isotope else None,
        radionuclide=isotope.name if isotope else '',
        weight=reader.number('BodyWeight'),
        frames=(frame,) * slice_count,
        notes=tuple(log.sentences),
        flags=tuple(log.flags),
    )


def _is_bqml(reader: _Reader) -> bool:
    said = reader.text('Units')
    return unit_of_code(said) == 'Bq/mL' or said.upper() == 'BQML'


def _time_zero(reader: _Reader) -> datetime | None:
    """Time Zero on the day of the scan; in the year 1 where that is not said."""
    text = reader.text('TimeZero')
    match = _CLOCK.fullmatch(text)
    try:
        clock = time.fromisoformat(match[1].zfill(2) + f':{match[2]}:{match[3]}') if match else None
    except ValueError:
        clock = None
    if clock is None:
        reader.note(
            _('TimeZero is {text}, not hh:mm:ss: no time is known').format(
                text=text or _('missing')
            )
        )
        return None
    said = reader.text('ScanDate').replace(':', '-')
    try:
        day = date.fromisoformat(said) if said else None
    except ValueError:
        day = None
    if day is None:
        what = _('is {said}, which is no day').format(said=said) if said else _('is missing')
        reader.note(_('ScanDate {what}: the day of the scan is unknown').format(what=what))
    return datetime.combine(day or _UNKNOWN_DAY, clock)


def _at(zero: datetime | None, seconds: float | None) -> datetime | None:
    """An instant that many seconds after Time Zero."""
    if zero is None or seconds is None:
        return None
    try:
        return zero + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _start(reader: _Reader, log: Decisions) -> float | None:
    """Start of the frame after Time Zero; it cannot begin before the scan."""
    frame, scan = reader.only('FrameTimesStart'), reader.number('ScanStart')
    if frame is None:
        return None if reader.has('FrameTimesStart') else scan
    if scan is not None and frame < scan - _SAME_S:
        text = _('FrameTimesStart is {frame:g} s, before ScanStart, {scan:g} s').format(
            frame=frame, scan=scan
        )
        log.note(text, Flag.HEADER_CONTRADICTS)
        reader.note(text)
    return frame


def _decay_correction(reader: _Reader, zero: datetime | None) -> tuple[str, datetime | None]:
    """Decay Correction in the words of DICOM, and the instant that it refers to."""
    corrected = reader.truth('ImageDecayCorrected')
    seconds = reader.number('ImageDecayCorrectionTime')
    if corrected is None:
        reader.note(_('ImageDecayCorrected is missing: nobody knows what the values show'))
        return '', None
    if not corrected:
        if seconds is not None:
            reader.note(
                _(
                    'ImageDecayCorrectionTime is {seconds:g} s, but ImageDecayCorrected is false: '
                    'taken for not corrected'
                ).format(seconds=seconds)
            )
        return 'NONE', None
    reference = _at(zero, seconds)
    if reference is None:
        reader.note(
            _(
                'ImageDecayCorrected is true, but the time that it refers to is not known '
                '(ImageDecayCorrectionTime, TimeZero)'
            )
        )
        return '', None
    return 'START', reference


def _dose_bq(reader: _Reader) -> float | None:
    amount = reader.number('InjectedRadioactivity')
    if amount is None:
        return None
    said = reader.text('InjectedRadioactivityUnits')
    factor = _BQ.get(said.casefold())
    if factor is None:
        reader.note(
            _(
                'InjectedRadioactivityUnits is {said}, no unit of activity that is known: '
                'InjectedRadioactivity, {amount:g}, is not used'
            ).format(said=said or _('missing'), amount=amount)
        )
        return None
    return amount * factor


def _acquisition(reader: _Reader, header: SUVHeader, name: str) -> Acquisition:
    start = header.frames[0].acquisition_start
    known_day = start is not None and start.year > 1
    return Acquisition(
        series_description=name.removesuffix('.json'),
        manufacturer=reader.text('Manufacturer'),
        model=reader.text('ManufacturersModelName'),
        device_serial_number=reader.text('DeviceSerialNumber'),
        acquisition_datetime=start.isoformat() if start is not None and known_day else '',
        corrected_image=header.corrected_image,
        decay_correction=header.decay_correction,
        reconstruction_method=reader.text('ReconMethodName'),
        frame_duration_s=header.frames[0].duration_s,
        isotope=header.radionuclide,
        injected_activity_bq=header.dose,
        notes=tuple(joined((name, note), ': ') for note in reader.notes),
    )
