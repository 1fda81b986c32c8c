"""Signals that wait while files move, and what is true after one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

DEFERRED_SIGNALS = tuple(
    getattr(signal, name)
    for name in ('SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK', 'SIGALRM')
    if hasattr(signal, name)
)
"""Those that stop a program; the alarm is how the command line reminds itself of one."""

committed_folders: list[Path] = []
"""Folders that this process has written into, whole: what is true after a signal."""

mended: list[str] = []
"""What this process completed or undid of earlier runs, a sentence for each folder."""

when_heard: list[Callable[[], None]] = []
"""What is to be told when somebody has caught the exception of a signal and goes on."""


def signal_heard() -> None:
    """
    Say that the exception of a stop signal has arrived, although the work goes on for a while.

    Otherwise the command line takes it for lost and raises it again. The next
    signal raises anew.
    """
    for tell in when_heard:
        tell()


@contextmanager
def signals_deferred() -> Iterator[None]:
    """
    Let signals wait until the body is done, then let them act.

    Yields
    ------
    None
        The body is run once, to its end.
    """
    if threading.current_thread() is not threading.main_thread():  # signals act there only
        yield
        return
    received: list[int] = []
    old = {
        number: signal.signal(number, lambda number, _frame: received.append(number))
        for number in DEFERRED_SIGNALS
    }
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler or signal.SIG_DFL)
        for number in dict.fromkeys(received):
            signal.raise_signal(number)
