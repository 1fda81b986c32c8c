"""Values of a sidecar by their keys, and whether those that belong together agree."""

from __future__ import annotations

from math import isfinite
from typing import Any

from ..activity.isotopes import decay_constant
from ..core.flags import Flag
from ..core.plain_text import plain_line, shown
from ..core.sentence import sentences
from ..suv.header import Decisions
from ..suv.instants import NEGLIGIBLE_SUV_CHANGE

_ = sentences(__name__)

_SAME_S = 1.0
"""Times that differ less are one."""


class SidecarReader:
    """
    Values by their keys, of the right kind, or None; what is odd becomes a note.

    Parameters
    ----------
    data : dict
        The JSON object.

    frame : int or None
        Which of the frames is read, from 1.

    frame_count : int
        How many frames the volume file holds.

    Attributes
    ----------
    notes : list of str
        What is missing or contradicts itself.
    """

    def __init__(self, data: dict[str, Any], frame: int | None, frame_count: int) -> None:
        self._data = data
        self._frame = frame
        self._frame_count = frame_count
        self.notes: list[str] = []

    def note(self, sentence: str) -> None:
        """
        Add one, once.

        Parameters
        ----------
        sentence : str
            What is missing or contradicts itself.
        """
        if sentence not in self.notes:
            self.notes.append(sentence)

    def has(self, key: str) -> bool:
        """
        Whether anything is said.

        Parameters
        ----------
        key : str
            Of the sidecar.

        Returns
        -------
        has : bool
            False for what stands for nothing.
        """
        return self._data.get(key) not in (None, '', [], 'n/a')

    def text(self, key: str) -> str:
        """
        A text on one line.

        Parameters
        ----------
        key : str
            Of the sidecar.

        Returns
        -------
        text : str
            Empty if it is none.
        """
        value = self._data.get(key)
        if value is not None and not isinstance(value, str):
            self.note(
                _('{key} is {value}, which is no text: it is not used').format(
                    key=key, value=shown(value)
                )
            )
        return plain_line(value) if isinstance(value, str) else ''

    def number(self, key: str) -> float | None:
        """
        A finite number.

        Parameters
        ----------
        key : str
            Of the sidecar.

        Returns
        -------
        number : float or None
            None if it is none.
        """
        return self._number(key, self._data.get(key))

    def truth(self, key: str) -> bool | None:
        """
        True or false.

        Parameters
        ----------
        key : str
            Of the sidecar.

        Returns
        -------
        truth : bool or None
            None if it is neither.
        """
        value = self._data.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.note(
            _('{key} is {value}, not true or false: it is not used').format(
                key=key, value=shown(value)
            )
        )
        return None

    def only(self, key: str) -> float | None:
        """
        The number of the frame that is read.

        Parameters
        ----------
        key : str
            Of the sidecar.

        Returns
        -------
        number : float or None
            That of the only frame if none was named; None if nothing says which it is.
        """
        value = self._data.get(key)
        if not isinstance(value, list):
            return self._number(key, value)
        if len(value) > 1 and len(value) != self._frame_count and self._frame_count > 1:
            self.note(
                _(
                    '{key} has {count} values, but the file holds {held} frames: it is not used'
                ).format(key=key, count=len(value), held=self._frame_count)
            )
            return None
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

    def numbers(self, key: str) -> list[float] | None:
        """
        A list of finite numbers.

        Parameters
        ----------
        key : str
            Of the sidecar.

        Returns
        -------
        numbers : list of float or None
            None if it is anything else.
        """
        value = self._data.get(key)
        if not isinstance(value, list):
            return None
        found = [self._number(key, one) for one in value]
        return [one for one in found if one is not None] if None not in found else None

    def _number(self, key: str, value: object) -> float | None:
        if value is None or value in ('', 'n/a'):
            return None
        right = isinstance(value, (int, float)) and not isinstance(value, bool)
        if right and isfinite(float(str(value))):
            return float(str(value))
        self.note(
            _('{key} is {value}, which is no number: it is not used').format(
                key=key, value=shown(value)
            )
        )
        return None


def check_frames(reader: SidecarReader, log: Decisions) -> None:
    """
    Flag frames that do not follow each other.

    Parameters
    ----------
    reader : SidecarReader
        Of the sidecar.

    log : Decisions
        Told what contradicts.
    """
    starts, durations = reader.numbers('FrameTimesStart'), reader.numbers('FrameDuration')
    if not starts or not durations or len(starts) != len(durations):
        return
    ends = [start + duration for start, duration in zip(starts, durations, strict=True)]
    for n, (end, following) in enumerate(zip(ends, starts[1:], strict=False), start=1):
        if following < end - _SAME_S:
            text = _(
                'frame {next} begins {start:g} s after Time Zero, before the end of frame {n}, '
                '{end:g} s (FrameTimesStart, FrameDuration)'
            ).format(next=n + 1, start=following, n=n, end=end)
            log.note(text, Flag.HEADER_CONTRADICTS)
            reader.note(text)
            return


def check_injection(reader: SidecarReader, half_life_s: float | None, log: Decisions) -> None:
    """
    Flag an injection that ends before it begins, or lasts so long that its start is not enough.

    Parameters
    ----------
    reader : SidecarReader
        Of the sidecar.

    half_life_s : float or None
        Half-life, in seconds; None if the isotope is not known.

    log : Decisions
        Told what is in doubt.
    """
    start, end = reader.number('InjectionStart'), reader.number('InjectionEnd')
    if start is None or end is None or half_life_s is None:
        return
    if not 0 <= (end - start) * decay_constant(half_life_s) <= NEGLIGIBLE_SUV_CHANGE:
        log.note(
            _(
                'the injection begins {start:g} s and ends {end:g} s after Time Zero '
                '(InjectionStart, InjectionEnd): it is counted from its start'
            ).format(start=start, end=end),
            Flag.HEADER_IMPLAUSIBLE,
        )
