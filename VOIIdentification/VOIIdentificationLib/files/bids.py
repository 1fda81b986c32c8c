"""What the sidecar of a NIfTI file says (BIDS PET, ``*_pet.json``): unit, isotope, times."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

from ..activity.isotopes import Isotope, isotope_named, isotope_of_tracer
from ..core.config_json import read_json
from ..core.errors import InputFileError
from ..core.flags import Flag
from ..core.image import UNKNOWN_UNIT, Acquisition
from ..core.sentence import joined, sentences
from ..core.units import row_of_units, unit_of_code
from ..suv.header import Decisions, SUVFrame, SUVHeader
from .sidecar_values import SidecarReader, check_frames, check_injection

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

_UNCORRECTED = re.compile(
    r'^(no|non|none|not|nac|n/?a|false|off|disabled|without)\b|'
    r'\buncorrected|\b(no|not|non|without)[ -]+(attenuation|corrected|applied|performed)',
    re.IGNORECASE,
)
"""Attenuation Correction where there was none: it is free text, mostly how it was done."""

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


def read_sidecar(
    path: Path, slice_count: int, frame: int | None = None, frame_count: int = 1
) -> Sidecar:
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

    frame_count : int, optional
        How many frames the file of the volume holds.

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
    reader = SidecarReader(data, frame, frame_count)
    _note_modality(reader)
    unit, header = _unit(reader), _header(reader, slice_count)
    return Sidecar(unit, _acquisition(reader, header, path.name), header)


def _note_modality(reader: SidecarReader) -> None:
    said = reader.text('Modality')
    if said and said.upper() not in _PET:
        reader.note(
            _('Modality is {said}, not PT: check that the values are of activity').format(said=said)
        )


def _unit(reader: SidecarReader) -> str:
    said = reader.text('Units')
    if not reader.has('Units'):
        reader.note(_('Units is missing: the unit is unknown'))
    row = row_of_units(said)
    return row.unit if row else unit_of_code(said) or UNKNOWN_UNIT


def _header(reader: SidecarReader, slice_count: int) -> SUVHeader:
    log, zero = Decisions(), _time_zero(reader)
    isotope = _isotope(reader)
    start = _start(reader, log)
    frame = SUVFrame(
        _at(zero, start),
        duration_s=reader.only('FrameDuration'),
        decay_factor=reader.only('DecayCorrectionFactor'),
    )
    corrected, reference = _decay_correction(reader, zero)
    attenuation = _is_corrected(reader.text('AttenuationCorrection'))
    check_frames(reader, log)
    check_injection(reader, isotope.half_life_s if isotope else None, log)
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
        radiopharmaceutical=reader.text('TracerName'),
        weight=reader.number('BodyWeight'),
        frames=(frame,) * slice_count,
        notes=tuple(log.sentences),
        flags=tuple(log.flags),
    )


def _isotope(reader: SidecarReader) -> Isotope | None:
    said, name = reader.text('TracerRadionuclide'), reader.text('TracerName')
    isotope, of_name = isotope_named(said), isotope_of_tracer(name)
    if isotope is None:
        reader.note(
            _('TracerRadionuclide is {said}: no isotope that is known').format(
                said=said or _('missing')
            )
        )
    elif of_name not in (None, isotope):
        reader.note(
            _('TracerName is {name}, but TracerRadionuclide is {said}: that is used').format(
                name=name, said=said
            )
        )
    return isotope


def _is_corrected(attenuation: str) -> bool:
    """Free text: how it was corrected, or that it was not."""
    return bool(attenuation) and not _UNCORRECTED.search(attenuation)


def _is_bqml(reader: SidecarReader) -> bool:
    said = reader.text('Units')
    return unit_of_code(said) == 'Bq/mL' or said.upper() == 'BQML'


def _time_zero(reader: SidecarReader) -> datetime | None:
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


def _start(reader: SidecarReader, log: Decisions) -> float | None:
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


def _decay_correction(reader: SidecarReader, zero: datetime | None) -> tuple[str, datetime | None]:
    """Decay Correction in the words of DICOM, and the instant that it refers to."""
    corrected = reader.truth('ImageDecayCorrected')
    seconds = reader.number('ImageDecayCorrectionTime')
    if corrected is None and not reader.has('ImageDecayCorrected'):
        reader.note(_('ImageDecayCorrected is missing: nobody knows what the values show'))
    if corrected is None:
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


def _dose_bq(reader: SidecarReader) -> float | None:
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


def _acquisition(reader: SidecarReader, header: SUVHeader, name: str) -> Acquisition:
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
