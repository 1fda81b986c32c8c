"""Progress on a terminal: a bar for people, plain lines for log files."""

from __future__ import annotations

from typing import TextIO

from ..core.progress import Progress

_BAR_WIDTH = 30


def terminal_progress(stream: TextIO) -> Progress:
    """
    Show progress on a text stream.

    Parameters
    ----------
    stream : text file
        Usually standard error. A terminal gets one line that is drawn over
        and over; anything else gets a line whenever the text changes.

    Returns
    -------
    progress : callable
        To be handed to long work.
    """
    return _bar(stream) if stream.isatty() else _lines(stream)


def _bar(stream: TextIO) -> Progress:
    def _show(fraction: float, text: str) -> None:
        done = round(min(max(fraction, 0.0), 1.0) * _BAR_WIDTH)
        bar = '#' * done + '-' * (_BAR_WIDTH - done)
        end = '\n' if fraction >= 1 else ''
        stream.write(f'\r\x1b[K[{bar}] {fraction:4.0%} {text}{end}')
        stream.flush()

    return _show


def _lines(stream: TextIO) -> Progress:
    last = ''

    def _show(_fraction: float, text: str) -> None:
        nonlocal last
        if text != last:
            stream.write(f'{text}\n')
            stream.flush()
            last = text

    return _show
