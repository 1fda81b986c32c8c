"""What the SUV needs from a PET header, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time

from ..core.flags import Flag


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
    """

    acquisition_start: datetime | None = None
    frame_reference_s: float | None = None
    duration_s: float | None = None
    philips_suv_factor: float | None = None
    philips_activity_factor: float | None = None


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
    weight: float | None = None
    height: float | None = None
    sex: str = ''
    frames: tuple[SUVFrame, ...] = ()
    notes: tuple[str, ...] = ()


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
