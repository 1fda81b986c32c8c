"""What the program prints: text that every terminal can show and none obeys; progress."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Iterable
from typing import TextIO

from ..core.errors import OutputError, Progress, no_progress
from ..core.plain_text import plain_line, plain_text
from ..core.sentence import joined

PROGRAM = 'voi-identification'

_BAR_WIDTH = 30

_SILENCE_S = 10.0
"""Seconds after which a log is told how far the work is, even if it is the same work."""


class PlainStream(io.TextIOBase):
    """
    Standard output or error, through which nothing harmful passes.

    Parameters
    ----------
    stream : text file or None
        Where it goes; None if it was closed before the program began.

    needed : bool
        True if it is a problem when the text cannot be written; a reader that
        has gone away, as ``head`` does, is none.
    """

    def __init__(self, stream: TextIO | None, *, needed: bool) -> None:
        self._stream = stream
        self._needed = needed

    def write(self, text: str) -> int:
        """
        Write text, with control characters as escapes.

        Parameters
        ----------
        text : str
            From anywhere.

        Returns
        -------
        count : int
            Its length.

        Raises
        ------
        OutputError
            If it is needed and cannot be written, e.g. to a full disk.
        """
        self.draw(plain_text(text))
        return len(text)

    def draw(self, text: str) -> None:
        """
        Write text of our own, which may move the cursor.

        Parameters
        ----------
        text : str
            Characters that the stream cannot encode become escapes.

        Raises
        ------
        OutputError
            As in `write`.
        """
        if self._stream is None:
            return
        encoding = getattr(self._stream, 'encoding', None) or 'utf-8'
        try:
            self._stream.write(text.encode(encoding, 'backslashreplace').decode(encoding))
            self._stream.flush()
        except (OSError, ValueError) as error:  # a ValueError: it is closed
            lost, self._stream = self._stream, None
            _silence(lost)
            if self._needed and not isinstance(error, (BrokenPipeError, ValueError)):
                reason = getattr(error, 'strerror', None) or error
                msg = f'standard output cannot be written: {reason}.'
                raise OutputError(msg) from error

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._stream is not None and self._stream.isatty()


def _silence(stream: TextIO) -> None:
    """Let what is still waiting go nowhere, so that the end of the program is not an error."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # it has no number, as in a test
        return


def as_lines(lines: Iterable[str]) -> str:
    """
    Lines for standard output.

    Parameters
    ----------
    lines : iterable of str
        May hold names from headers and files.

    Returns
    -------
    text : str
        Each stays one line, whatever it holds.
    """
    return ''.join(f'{plain_line(line)}\n' for line in lines)


def complain(sentence: str) -> None:
    """
    Say a problem on standard error.

    Parameters
    ----------
    sentence : str
        Its line feeds are our own and stay; those of names within it are shown as such.
    """
    said = joined((f'{PROGRAM}:', sentence)).with_values(plain_line)
    PlainStream(sys.stderr, needed=False).write(f'{said}\n')


def terminal_progress(stream: TextIO | None) -> Progress:
    """
    Show progress on a text stream.

    Parameters
    ----------
    stream : text file or None
        Usually standard error. A terminal gets one line that is drawn over
        and over; anything else gets a line for each kind of work, and one
        every ten seconds, so that a log is short but shows that it goes on.

    Returns
    -------
    progress : callable
        To be handed to long work.
    """
    if stream is None:
        return no_progress
    return _bar(stream) if stream.isatty() else _lines(stream)


def _bar(stream: TextIO) -> Progress:
    draw = getattr(stream, 'draw', stream.write)

    def _show(fraction: float, text: str) -> None:
        done = round(min(max(fraction, 0.0), 1.0) * _BAR_WIDTH)
        bar = '#' * done + '-' * (_BAR_WIDTH - done)
        end = '\n' if fraction >= 1 else ''
        draw(f'\r\x1b[K[{bar}] {fraction:4.0%} {plain_line(text)}{end}')
        stream.flush()

    return _show


def _lines(stream: TextIO) -> Progress:
    last, said_at_s = '', 0.0

    def _show(_fraction: float, text: str) -> None:
        nonlocal last, said_at_s
        kind = text.partition(' ')[0]
        now_s = time.monotonic()
        if kind != last or now_s - said_at_s > _SILENCE_S:
            stream.write(f'{plain_line(text)}\n')
            stream.flush()
            last, said_at_s = kind, now_s

    return _show
