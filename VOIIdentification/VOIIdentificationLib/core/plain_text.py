"""Text from headers, labels and file names, made harmless: the one place for every output."""

from __future__ import annotations

import re
import reprlib
from typing import Any

_NOT_SHOWN = (
    '\x00-\x08\x0b-\x1f\x7f-\x9f'  # control characters, but for tab and line feed
    '\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069'  # they turn the direction of what follows
    '\u2028\u2029\ufeff'  # further ends of lines, and what marks the order of bytes
    '\ud800-\udfff\ufffe\uffff'  # no characters at all; XML 1.0 forbids them (section 2.2)
)
_UNSAFE = re.compile(f'[{_NOT_SHOWN}]')
_UNSAFE_IN_LINE = re.compile(f'[\t\n{_NOT_SHOWN}]')

_SHOWN_CHARACTERS = 80
"""Of one value in a message: enough to find it in a file."""


def plain_text(text: str) -> str:
    r"""
    Text that terminals, files and pictures can hold: it moves no cursor and hides nothing.

    Parameters
    ----------
    text : str
        From anywhere, e.g. a header or a label.

    Returns
    -------
    text : str
        Control characters other than tab and line feed, those that turn the
        direction of writing, and what is no character are written as escapes.

    Examples
    --------
    >>> plain_text('S37' + chr(27) + '[2J')
    'S37\\x1b[2J'
    """
    return _UNSAFE.sub(_escape, text)


def plain_line(text: str) -> str:
    r"""
    Text that stays on its line.

    Parameters
    ----------
    text : str
        From anywhere.

    Returns
    -------
    text : str
        As `plain_text` gives it, tabs and line feeds escaped too.

    Examples
    --------
    >>> plain_line('S37' + chr(10))
    'S37\\n'
    """
    return _UNSAFE_IN_LINE.sub(_escape, text)


def plain_data(data: Any) -> Any:
    """
    Data for JSON, with every text in them plain.

    Parameters
    ----------
    data : object
        Dicts, lists, texts, numbers and None, nested as deep as our own are.

    Returns
    -------
    data : object
        The same, keys and values as `plain_text` gives them.
    """
    if isinstance(data, str):
        return plain_text(data)
    if isinstance(data, dict):
        return {plain_data(key): plain_data(value) for key, value in data.items()}
    return [plain_data(one) for one in data] if isinstance(data, (list, tuple)) else data


def printable(value: object) -> object:
    """
    What a template puts into a page.

    Parameters
    ----------
    value : object
        Text, number, or markup that a template has made.

    Returns
    -------
    value : object
        Text as `plain_text` gives it; markup and all else as it is.
    """
    is_text = isinstance(value, str) and not hasattr(value, '__html__')
    return plain_text(str(value)) if is_text else value


def shown(value: object) -> str:
    """
    A value as a message quotes it.

    Parameters
    ----------
    value : object
        From a file, of any size.

    Returns
    -------
    text : str
        As `repr` gives it, with ``...`` where it is long.

    Examples
    --------
    >>> shown([1] * 2000)
    '[1, 1, 1, 1, 1, 1, ...]'
    """
    return _short.repr(value)


def _escape(match: re.Match[str]) -> str:
    return match.group().encode('unicode_escape').decode('ascii')


_short = reprlib.Repr()
_short.maxstring = _short.maxother = _short.maxlong = _SHOWN_CHARACTERS
