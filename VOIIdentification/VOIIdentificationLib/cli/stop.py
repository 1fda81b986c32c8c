"""
Signals that stop the program, at any moment.

The first one raises `KeyboardInterrupt`, so that files half written are removed.
While a module is being loaded it waits: a library that is interrupted there may
crash later, or say that it is missing. Where the exception is lost (in a
callback, or a library that catches everything) it is raised again until it
arrives; further signals change nothing.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from ..files.signals import when_heard

EXIT_SIGNAL = 128
"""Added to the number of the signal that stopped the program, as shells count it."""

STOP_SIGNALS = tuple(
    getattr(signal, name)
    for name in ('SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK')
    if hasattr(signal, name)
)

_HAS_ALARM = hasattr(signal, 'setitimer')
"""Windows has none; there a signal raises at once, and each time."""

_WHILE_LOADING_S = 0.02
"""How often is looked whether the module is loaded."""

_PATIENCE_S = 0.5
"""After which the exception counts as lost."""

_LOADER = '<frozen importlib'


class StopSignals:
    """
    What is done about signals while the program runs.

    Parameters
    ----------
    last : bool, optional
        True if the process ends with the body: signals are ignored from then on.

    Attributes
    ----------
    received : list of int
        Numbers of the signals that have arrived, in turn.
    """

    def __init__(self, *, last: bool = False) -> None:
        self.received: list[int] = []
        self._last = last
        self._raised = self._ended = False
        self._old: dict[int, Any] = {}
        self._hooks: tuple[Callable[..., Any], Callable[..., Any]] = (
            sys.excepthook,
            sys.unraisablehook,
        )

    def __enter__(self) -> StopSignals:  # noqa: PYI034 - Self is newer than Python 3.10
        sys.excepthook, sys.unraisablehook = self._printed, self._unraisable
        asked = [*STOP_SIGNALS, *([signal.SIGALRM] if _HAS_ALARM else [])]
        try:
            for number in asked:
                if signal.getsignal(number) is not signal.SIG_IGN:  # as `nohup` asks for
                    self._old[number] = signal.signal(number, self._arrived)
        except ValueError:  # not the main thread: only there can it be asked
            self._old.clear()
        when_heard.append(self._heard)
        return self

    def __exit__(self, *_problem: object) -> None:
        self.end()
        when_heard.remove(self._heard)
        for number, handler in self._old.items():
            kept = signal.SIG_IGN if self._last else (handler or signal.SIG_DFL)
            signal.signal(number, kept)
        sys.excepthook, sys.unraisablehook = self._hooks

    @property
    def status(self) -> int:
        """The exit status after a stop."""
        return EXIT_SIGNAL + (self.received or [signal.SIGINT])[0]

    def end(self) -> None:
        """Raise no more: the program says how it ended."""
        self._ended = True
        self._heard()

    def _heard(self) -> None:
        self._raised = False
        if _HAS_ALARM and signal.SIGALRM in self._old:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        again = _HAS_ALARM and number == signal.SIGALRM
        if not again:
            self.received.append(number)
        if self._ended or not self.received:
            return
        if _HAS_ALARM and _is_loading(frame):
            signal.setitimer(signal.ITIMER_REAL, _WHILE_LOADING_S)
        elif again or not self._raised or not _HAS_ALARM:
            self._raised = True
            if _HAS_ALARM:
                signal.setitimer(signal.ITIMER_REAL, _PATIENCE_S)
            raise KeyboardInterrupt

    def _printed(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """What a library prints of an exception; of ours there is nothing to say."""
        if not issubclass(kind, KeyboardInterrupt):
            self._hooks[0](kind, error, trace)

    def _unraisable(self, lost: Any) -> None:
        if not issubclass(lost.exc_type, KeyboardInterrupt):
            self._hooks[1](lost)


def _is_loading(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(_LOADER):
            return True
        frame = frame.f_back
    return False
