"""Values of a DICOM header that may be missing, empty or wrong."""

from __future__ import annotations

import math
import struct
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..core.errors import SeriesError
from ..core.sentence import sentences
from .attributes import known, tag_text

_ = sentences(__name__)

GE_GROUP, PHILIPS_GROUP = 0x0009, 0x7053
"""Groups of the private elements that are used."""

GE_CREATOR = 'GEMS_PETD_01'
"""Private creator (PS3.5, 7.8.1) of GE's elements."""

GE_SCAN_TIME, GE_ITERATIONS, GE_SUBSETS = 0x0D, 0xB2, 0xB3
"""Their numbers within the block."""

MS_PER_S = 1000.0
"""Durations of headers are in milliseconds."""

UNREADABLE = (
    *(AttributeError, EOFError, LookupError, NotImplementedError, OSError, OverflowError),
    *(TypeError, ValueError, struct.error),
)
"""What pydicom raises where bytes are cut or damaged."""

_PADDING = ' \0\t\r\n'
"""What writers fill values up with; DICOM knows the first two."""

_TEXT_VRS = frozenset({'CS', 'DA', 'DS', 'DT', 'IS', 'LO', 'LT', 'SH', 'ST', 'TM', 'UI'})


@dataclass(frozen=True, eq=False)
class Header:
    """
    The elements of a file, or of an item of a sequence; missing ones are empty or None.

    Attributes
    ----------
    name : str
        How messages call it.

    dataset : `pydicom.Dataset`
        The elements.
    """

    name: str
    dataset: Any

    def text(self, keyword: str) -> str:
        """
        Value of a text or number.

        Parameters
        ----------
        keyword : str
            DICOM keyword of the element.

        Returns
        -------
        text : str
            Without padding; the first of several values.
        """
        texts = self.texts(keyword)
        return texts[0] if texts else ''

    def texts(self, keyword: str) -> tuple[str, ...]:
        """
        All values of a text or number.

        Parameters
        ----------
        keyword : str
            DICOM keyword of the element.

        Returns
        -------
        texts : tuple of str
            Without padding.
        """
        value = self._value(keyword)
        if value is None or value == '':
            return ()
        several = value if hasattr(value, '__iter__') and not isinstance(value, str) else [value]
        return tuple(str(part).strip(_PADDING) for part in several)

    def stored_bytes(self, keyword: str) -> object:
        """
        Value of an element, to be compared with that of another header.

        Parameters
        ----------
        keyword : str
            DICOM keyword of the element.

        Returns
        -------
        value : object
            Equal where the elements are equal; they may mean the same if it differs.
        """
        tag, _vr = known(keyword)
        return str(self.dataset[tag]) if tag in self.dataset else None

    def line(self, keyword: str) -> str:
        """
        Text that people wrote, in the character set of the file.

        Parameters
        ----------
        keyword : str
            DICOM keyword of the element.

        Returns
        -------
        line : str
            On one line, without padding.
        """
        element = self._element(keyword)
        value = b'' if element is None else element.value or b''
        text = self._decoded(value) if isinstance(value, bytes) else str(value)
        return ' '.join(''.join(c if c.isprintable() else ' ' for c in text).split())

    def number(self, keyword: str) -> float | None:
        """
        A number, or nothing.

        Parameters
        ----------
        keyword : str
            DICOM keyword of the element.

        Returns
        -------
        number : float or None
            None if it is missing, no finite number, or several.
        """
        texts = self.texts(keyword)
        return as_number(texts[0]) if len(texts) == 1 else None

    def numbers(self, keyword: str, count: int) -> tuple[float, ...] | None:
        """
        Numbers that must be right if they are there.

        Parameters
        ----------
        keyword : str
            DICOM keyword of the element.

        count : int
            How many numbers there must be.

        Returns
        -------
        numbers : tuple of float or None
            None if the element is missing or empty.

        Raises
        ------
        SeriesError
            If they are too few, too many, or not finite.
        """
        texts = self.texts(keyword)
        if not texts:
            return None
        numbers = [as_number(text) for text in texts]
        found = tuple(number for number in numbers if number is not None)
        if len(found) == len(numbers) == count:
            return found
        wanted = (
            _('a finite number') if count == 1 else _('{count} finite numbers').format(count=count)
        )
        msg = _(
            '{name}: {tag} is {value}, which is not {wanted}; export the series again from its '
            'source.'
        )
        value = f"'{', '.join(texts)}'"
        raise SeriesError(
            msg.format(name=self.name, tag=tag_text(keyword), value=value, wanted=wanted)
        )

    def integer(self, keyword: str) -> int | None:
        """
        Value of a binary integer.

        Parameters
        ----------
        keyword : str
            DICOM keyword of an element of representation US.

        Returns
        -------
        integer : int or None
            None if it is missing.
        """
        value = self._value(keyword)
        return value if isinstance(value, int) else None

    def integers(self, keyword: str) -> tuple[int, ...]:
        """
        All values of a binary integer.

        Parameters
        ----------
        keyword : str
            DICOM keyword of an element of representation US.

        Returns
        -------
        integers : tuple of int
            Empty if it is missing or odd.
        """
        value = _converted(self.dataset, known(keyword)[0])
        values = value if hasattr(value, '__iter__') and not isinstance(value, str) else [value]
        return tuple(one for one in values if isinstance(one, int))

    def items(self, keyword: str) -> tuple[Header, ...]:
        """
        The items of a sequence.

        Parameters
        ----------
        keyword : str
            DICOM keyword of the sequence.

        Returns
        -------
        items : tuple of Header
            Empty if the sequence is missing.
        """
        sequence = _converted(self.dataset, known(keyword)[0]) or ()
        return tuple(Header(self.name, item) for item in sequence)

    def item(self, keyword: str) -> Header:
        """
        The first item of a sequence.

        Parameters
        ----------
        keyword : str
            DICOM keyword of the sequence.

        Returns
        -------
        item : Header
            Without elements if there is none.
        """
        items = self.items(keyword)
        return items[0] if items else empty_header(self.name)

    def private_text(self, group: int, creator: str, element: int) -> tuple[str, bool]:
        """
        Value of a private element.

        Parameters
        ----------
        group : int
            `GE_GROUP` or `PHILIPS_GROUP`.

        creator : str
            Who reserved the block (PS3.5, 7.8.1).

        element : int
            Its number within the block.

        Returns
        -------
        text : str
            Empty if it is missing, or if another creator reserved the block.

        reserved : bool
            False if nobody reserved the block: the usual number was read.
        """
        with warnings.catch_warnings(), suppress(*UNREADABLE):
            warnings.simplefilter('ignore')
            return self._private(self.dataset.private_block(group, creator).get_tag(element)), True
        if (group, 0x10) in self.dataset:
            return '', True
        return self._private(group << 16 | 0x1000 + element), False

    def _private(self, tag: int) -> str:
        value = _converted(self.dataset, tag)
        if isinstance(value, bytes):  # stored with implicit or unknown representation
            value = value.decode('latin-1')
        return '' if value is None else str(value).strip(_PADDING)

    def _element(self, keyword: str) -> Any:
        tag, _vr = known(keyword)
        try:
            return self.dataset.get_item(tag)
        except UNREADABLE:  # pydicom parses an empty value at once
            return None

    def _value(self, keyword: str) -> Any:
        """Text as it stands in the file: pydicom's objects for it take ten times as long."""
        element = self._element(keyword)
        if element is None:
            return None
        tag, vr = known(keyword)
        value = element.value
        if not isinstance(value, bytes):
            return value if vr in _TEXT_VRS else _converted(self.dataset, tag)
        if vr in _TEXT_VRS:
            text = value.decode('latin-1').strip(_PADDING)
            return text.split('\\') if text else None
        if vr == 'US' and len(value) >= 2:
            return int.from_bytes(value[:2], 'little' if element.is_little_endian else 'big')
        return _converted(self.dataset, tag)

    def _decoded(self, value: bytes) -> str:
        charsets = self.texts('SpecificCharacterSet')
        if not charsets or value.isascii():
            return value.decode('latin-1')
        from pydicom.charset import convert_encodings, decode_bytes

        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of character sets that are misspelled
            return str(decode_bytes(value, convert_encodings(list(charsets)), set()))


def empty_header(name: str) -> Header:
    """
    A header that says nothing.

    Parameters
    ----------
    name : str
        How messages call it.

    Returns
    -------
    header : Header
        Without elements.
    """
    from pydicom import Dataset

    return Header(name, Dataset())


def as_number(text: str) -> float | None:
    """
    Number in a text.

    Parameters
    ----------
    text : str
        E.g. ``'70.5'``.

    Returns
    -------
    number : float or None
        None if it is no finite number.
    """
    try:
        number = float(text)
    except ValueError:
        return None
    if '_' in text:  # which Python takes for nothing
        return None
    return number if math.isfinite(number) else None


def _converted(dataset: Any, tag: int) -> Any:
    """Value of an element as pydicom has it; None if pydicom cannot make sense of it."""
    if tag not in dataset:
        return None
    values = []
    with warnings.catch_warnings(), suppress(*UNREADABLE):
        warnings.simplefilter('ignore')
        values.append(dataset[tag].value)
    return values[0] if values else None
