"""What the SUV needs from a PET header, as plain values, and what of it is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time

from ..core.flags import Flag
from ..core.sentence import sentences

_ = sentences(__name__)

DECAY_CORRECTIONS = ('START', 'ADMIN', 'NONE')
"""Terms of Decay Correction (0054,1102)."""


@dataclass(frozen=True)
class SUVFrame:
    """
    Facts of one slice. None where the header says nothing.

    Attributes
    ----------
    acquisition_start : datetime or None
        Acquisition date and time (0008,0022), (0008,0032).

    frame_reference_s : float or None
        Frame Reference Time (0054,1300), in seconds.

    duration_s : float or None
        Actual Frame Duration (0018,1242), in seconds.

    philips_suv_factor, philips_activity_factor : float or None
        Philips (7053,1000) and (7053,1009): rescaled value to SUVbw and to Bq/mL.

    decay_factor : float or None
        Decay Factor (0054,1321): what the slice was multiplied by.

    bqml_per_count : float
        What the reader has multiplied counts by already; 1 if nothing.

    mapped_suv_factor : float or None
        Rescaled value to SUVbw, by a real-world value mapping (0040,9096).
    """

    acquisition_start: datetime | None = None
    frame_reference_s: float | None = None
    duration_s: float | None = None
    philips_suv_factor: float | None = None
    philips_activity_factor: float | None = None
    decay_factor: float | None = None
    bqml_per_count: float = 1.0
    mapped_suv_factor: float | None = None


@dataclass(frozen=True)
class SUVHeader:
    """
    Facts of a series. None or empty where the header says nothing.

    Attributes
    ----------
    units : str
        Units (0054,1001), e.g. ``'BQML'``.

    suv_type : str
        SUV Type (0054,1006), e.g. ``'BW'``.

    decay_correction : str
        Decay Correction (0054,1102): ``'START'``, ``'ADMIN'`` or ``'NONE'``.

    corrected_image : tuple of str
        Corrected Image (0028,0051).

    series_start : datetime or None
        Series date and time (0008,0021), (0008,0031).

    ge_scan_start : datetime or None
        GE private scan time (0009,100d).

    decay_reference : datetime or None
        Decay Correction DateTime (0018,9701), which only enhanced images have.

    injection : datetime or None
        Radiopharmaceutical Start DateTime (0018,1078).

    injection_time : time or None
        Radiopharmaceutical Start Time (0018,1072), which has no date.

    dose : float or None
        Radionuclide Total Dose (0018,1074) as stored; should be Bq.

    half_life_s : float or None
        Radionuclide Half Life (0018,1075), in seconds.

    radionuclide : str
        Meaning of the Radionuclide Code (0054,0300), e.g. ``'^18^Fluorine'``.

    radiopharmaceutical : str
        Name of the tracer (0018,0031), e.g. ``'Fluorodeoxyglucose'``.

    weight : float or None
        Patient's Weight (0010,1030) as stored; should be kg.

    height : float or None
        Patient's Size (0010,1020) as stored; should be m.

    sex : str
        Patient's Sex (0010,0040).

    frames : tuple of SUVFrame
        One a slice of the image, in its order.

    notes : tuple of str
        What the reading had to decide, in words.

    flags : tuple of Flag
        Reasons to doubt what was read.

    odd : tuple of (str, str)
        Number and text of elements that are there, but could not be read, e.g.
        ``('0010,1030', '55 kg')``: they count as missing.
    """

    units: str = ''
    suv_type: str = ''
    decay_correction: str = ''
    corrected_image: tuple[str, ...] = ()
    series_start: datetime | None = None
    ge_scan_start: datetime | None = None
    decay_reference: datetime | None = None
    injection: datetime | None = None
    injection_time: time | None = None
    dose: float | None = None
    half_life_s: float | None = None
    radionuclide: str = ''
    radiopharmaceutical: str = ''
    weight: float | None = None
    height: float | None = None
    sex: str = ''
    frames: tuple[SUVFrame, ...] = ()
    notes: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()
    odd: tuple[tuple[str, str], ...] = ()


@dataclass
class Decisions:
    """
    What was decided on the way to a number, collected while it is computed.

    Attributes
    ----------
    sentences : list of str
        In the order of the decisions.

    flags : list of Flag
        Reasons for doubt, each once.
    """

    sentences: list[str] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)

    def note(self, sentence: str, flag: Flag | None = None) -> None:
        """
        Add a decision.

        Parameters
        ----------
        sentence : str
            What was decided, with its values.

        flag : Flag, optional
            Why the result may be doubted.
        """
        if sentence not in self.sentences:
            self.sentences.append(sentence)
        if flag is not None and flag not in self.flags:
            self.flags.append(flag)


def missing_for_suv(header: SUVHeader) -> tuple[str, ...]:
    """
    The elements without which no SUV can be computed.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    Returns
    -------
    missing : tuple of str
        Their keywords and tags; empty if nothing is missing.

    Notes
    -----
    Nothing is missing where another unit than these stands in the way.
    After PS3.3, C.8.9: Bq/mL needs dose, its time and half-life, weight, a
    reference time and the corrections; Philips' counts need a private factor.
    """
    if header.units not in {'', 'BQML', 'CNTS'}:
        return ()
    if header.units == 'CNTS':
        factors = 'philips_suv_factor', 'philips_activity_factor'
        known = any(
            all_positive([getattr(frame, name) for frame in header.frames]) for name in factors
        )
        return () if known else (_('the factors of Philips (7053,1000) or (7053,1009)'),)
    lacking: dict[str, bool] = {
        'Units (0054,1001)': not header.units,
        'PatientWeight (0010,1030)': not is_positive(header.weight),
        **_lacking_of_injection(header),
        'DecayCorrection (0054,1102)': not header.decay_correction,
        **{
            _('{name} in CorrectedImage (0028,0051)').format(name=name): True
            for name in missing_corrections(header)
        },
        _('SeriesTime (0008,0031) or AcquisitionTime (0008,0032)'): not _has_time(header),
    }
    return tuple(_with_odd_text(header, name) for name, lacks in lacking.items() if lacks)


def odd_text(header: SUVHeader, name: str) -> str:
    """
    What the header has where nothing could be read.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    name : str
        Text with the numbers of elements, e.g. ``'Series Time (0008,0031)'``.

    Returns
    -------
    text : str
        The text of the first of them that is odd; empty if none is.
    """
    return next((text for tag, text in header.odd if f'({tag})' in name), '')


def refusal_text(header: SUVHeader, name: str, value: object) -> str:
    """
    Say that a value stands in the way of an SUV.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    name : str
        Name and number of the element.

    value : object
        What was read; None if nothing could be.

    Returns
    -------
    text : str
        With what the header has.
    """
    odd = odd_text(header, name)
    if value is None and odd:
        return _('SUV refused: {name} is {odd!r}, which is no number, in the header').format(
            name=name, odd=odd
        )
    found = _('is missing') if value is None else _('is {value!r}').format(value=value)
    return _('SUV refused: {name} {found} in the header').format(name=name, found=found)


def none_text(header: SUVHeader, name: str) -> str:
    """
    The end of a sentence about elements that are missing, or could not be read.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    name : str
        As in `odd_text`.

    Returns
    -------
    text : str
        Empty if none of them is odd.
    """
    text = odd_text(header, name)
    return _(': {text!r} is none').format(text=text) if text else ''


def _with_odd_text(header: SUVHeader, name: str) -> str:
    text = odd_text(header, name)
    if not text:
        return name
    return _('{name}, where the header has {text!r}').format(name=name, text=text)


def missing_corrections(header: SUVHeader) -> list[str]:
    """
    The corrections that the image needs and does not have.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    Returns
    -------
    missing : list of str
        Terms of Corrected Image (0028,0051): attenuation, and decay where the
        header does not say that there is none.
    """
    needed = ('ATTN',) if header.decay_correction == 'NONE' else ('ATTN', 'DECY')
    return [name for name in needed if name not in header.corrected_image]


def is_positive(value: float | None) -> bool:
    """
    Whether a value is there and can be reckoned with.

    Parameters
    ----------
    value : float or None
        A value from the header.

    Returns
    -------
    is_positive : bool
        True if it is above 0 and finite.
    """
    return value is not None and 0 < value < math.inf


def all_positive(values: Sequence[float | None]) -> bool:
    """
    Whether every slice has a value to reckon with.

    Parameters
    ----------
    values : sequence of float or None
        One a slice.

    Returns
    -------
    all_positive : bool
        False without slices too.
    """
    return bool(values) and all(is_positive(value) for value in values)


def _lacking_of_injection(header: SUVHeader) -> dict[str, bool]:
    lacking = {
        'RadionuclideTotalDose (0018,1074)': not is_positive(header.dose),
        'RadionuclideHalfLife (0018,1075)': not is_positive(header.half_life_s),
        _('RadiopharmaceuticalStartDateTime (0018,1078) or StartTime (0018,1072)'): (
            header.injection is None and header.injection_time is None
        ),
    }
    if all(lacking.values()):
        return {'RadiopharmaceuticalInformationSequence (0054,0016)': True}
    return lacking


def _has_time(header: SUVHeader) -> bool:
    times = (header.series_start, header.decay_reference, header.ge_scan_start)
    frames = [frame.acquisition_start for frame in header.frames]
    return any(time is not None for time in (*times, *frames))
