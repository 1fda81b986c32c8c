"""Values of a pydicom header that may be missing, empty or wrong."""

from __future__ import annotations

import math
import warnings
from typing import Any


class HeaderValues:
    """
    Reads elements of a data set; what is missing or unreadable is empty or None.

    Parameters
    ----------
    dataset : pydicom.Dataset or None
        The header, or an item of a sequence.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def text(self, keyword: str) -> str:
        """
        Value of a text element.

        Parameters
        ----------
        keyword : str
            Its DICOM keyword.

        Returns
        -------
        text : str
            Without padding; the first of several values.
        """
        texts = self.texts(keyword)
        return texts[0] if texts else ''

    def texts(self, keyword: str) -> tuple[str, ...]:
        """
        All values of a text element.

        Parameters
        ----------
        keyword : str
            Its DICOM keyword.

        Returns
        -------
        texts : tuple of str
            Without padding.
        """
        value = self._value(keyword)
        if value is None:
            return ()
        several = value if hasattr(value, '__iter__') and not isinstance(value, str) else [value]
        return tuple(str(part).strip(' \0') for part in several)

    def number(self, keyword: str) -> float | None:
        """
        Value of a numeric element.

        Parameters
        ----------
        keyword : str
            Its DICOM keyword.

        Returns
        -------
        number : float or None
            None if it is missing or no finite number.
        """
        return as_number(self.text(keyword))

    def item(self, keyword: str) -> HeaderValues:
        """
        First item of a sequence.

        Parameters
        ----------
        keyword : str
            DICOM keyword of the sequence.

        Returns
        -------
        item : HeaderValues
            Empty if there is none.
        """
        sequence = self._value(keyword)
        return HeaderValues(sequence[0] if sequence else None)

    def private_text(self, group: int, creator: str, element: int) -> tuple[str, bool]:
        """
        Value of a private element.

        Parameters
        ----------
        group : int
            Its group number, odd.

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
        if self._dataset is None:
            return '', True
        try:
            tag = self._dataset.private_block(group, creator).get_tag(element)
        except KeyError:
            if (group, 0x10) in self._dataset:
                return '', True
            return self._private(group, 0x1000 + element), False
        return self._private(group, tag.element), True

    def _private(self, group: int, element: int) -> str:
        value = self._element((group, element))
        if isinstance(value, bytes):  # stored with implicit or unknown VR
            value = value.decode('latin-1')
        return '' if value is None else str(value).strip(' \0')

    def _value(self, keyword: str) -> Any:
        from pydicom.datadict import tag_for_keyword

        return None if self._dataset is None else self._element(tag_for_keyword(keyword))

    def _element(self, tag: Any) -> Any:
        """Value of an element; None if pydicom cannot make sense of it."""
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            try:
                return self._dataset[tag].value if tag in self._dataset else None
            except (ValueError, TypeError, OverflowError, NotImplementedError):
                return None


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
    return number if math.isfinite(number) else None
