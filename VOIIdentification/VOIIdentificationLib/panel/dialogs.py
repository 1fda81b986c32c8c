"""Errors, progress, questions and files: what the panel says to the user outside itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from ..core.errors import CanceledError, Progress
from ..mrml.said import errors_translated, translated

_LAST_PERCENT = 99
"""At 100 Qt closes the dialog and forgets that it was canceled."""


_SHOWN_AFTER_MS = 500
"""Shorter work shows no dialog."""


_STATUS_MS = 5000
"""How long the status bar keeps a message."""


class Dialogs:
    """
    Error boundary and progress of everything the panel does.

    Parameters
    ----------
    qt : module
        Qt as the application offers it.
    """

    def __init__(self, qt: Any) -> None:
        self.qt = qt
        self._timers: list[_Timer] = []

    @contextmanager
    def guard(self, message: str) -> Iterator[None]:
        """
        Show an error in one dialog and raise it again; end quietly if the user canceled.

        Parameters
        ----------
        message : str
            Shown above the reason.
        """
        with self._shown_errors(message):
            try:
                yield
            except CanceledError:
                slicer.util.showStatusMessage(_('Canceled; nothing was changed.'), _STATUS_MS)

    @contextmanager
    def _shown_errors(self, message: str) -> Iterator[None]:
        if slicer.util.mainWindow() is not None:
            with slicer.util.tryWithErrorDisplay(message, waitCursor=True), errors_translated():
                yield
            return
        try:
            yield
        except Exception as error:
            logging.error('%s %s', message, error)
            raise

    def warn(self, text: str) -> None:
        """
        Tell the user of something that goes on all the same.

        Parameters
        ----------
        text : str
            What, and what is done about it.
        """
        if slicer.util.mainWindow() is None:
            logging.warning(text)
        else:
            slicer.util.warningDisplay(text)

    def tell(self, text: str) -> None:
        """
        Say in the status bar that something is done.

        Parameters
        ----------
        text : str
            What.
        """
        if slicer.util.mainWindow() is None:
            logging.info(text)
        else:
            slicer.util.showStatusMessage(text, _STATUS_MS)

    def later(self, work: Callable[[], None], after_ms: int = 0) -> None:
        """
        Do something when the application has finished what it does now.

        Parameters
        ----------
        work : callable
            Called once.

        after_ms : int, optional
            Time to wait for besides.
        """
        idle = (timer for timer in self._timers if timer.is_idle)
        timer = next(idle, None)
        if timer is None:
            timer = _Timer(self.qt)
            self._timers.append(timer)
        timer.start(work, after_ms)

    @contextmanager
    def progress(self, title: str) -> Iterator[Progress]:
        """
        Give what tells of progress and raises `CanceledError` when the user cancels.

        Parameters
        ----------
        title : str
            Of the work.

        Yields
        ------
        tell : callable
            A `Progress`.
        """
        if slicer.util.mainWindow() is None:
            # The last window that closes would end the application.
            yield _to_log(title)
            return
        dialog = slicer.util.createProgressDialog(
            labelText=title,
            windowTitle=_('VOI Identification'),
            windowModality=self.qt.Qt.ApplicationModal,
            minimumDuration=_SHOWN_AFTER_MS,
        )

        def _tell(fraction: float, text: str) -> None:
            dialog.labelText = translated(text)
            dialog.value = min(round(100 * fraction), _LAST_PERCENT)
            slicer.app.processEvents()
            if dialog.wasCanceled:
                raise CanceledError(_('Canceled; nothing was changed.'))

        try:
            yield _tell
        finally:
            dialog.close()
            dialog.deleteLater()

    def ask(self, question: str) -> bool:
        """
        Let the user decide between OK and Cancel.

        Parameters
        ----------
        question : str
            What is to be decided.

        Returns
        -------
        agreed : bool
            True for OK.
        """
        return bool(slicer.util.confirmOkCancelDisplay(question, _('VOI Identification')))

    def ask_yes(self, question: str) -> bool:
        """
        Let the user decide between Yes and No, where No goes on too.

        Parameters
        ----------
        question : str
            What is to be decided.

        Returns
        -------
        yes : bool
            True for Yes.
        """
        return bool(slicer.util.confirmYesNoDisplay(question, _('VOI Identification')))

    def choose_folder(self, start: str, title: str = '') -> str:
        """
        Let the user choose a folder.

        Parameters
        ----------
        start : str
            Where the dialog begins.

        title : str, optional
            Of the dialog, if it is not that of an export.

        Returns
        -------
        folder : str
            Empty if the user chose none.
        """
        title = title or _('Export into folder')
        return str(self.qt.QFileDialog.getExistingDirectory(None, title, start))

    def choose_file(self, title: str, files: str, *, save_as: str = '') -> str:
        """
        Let the user choose a file.

        Parameters
        ----------
        title : str
            Of the dialog.

        files : str
            Which files it lists, as Qt writes filters.

        save_as : str, optional
            Name that is proposed, for a file to be written; empty for one to be read.

        Returns
        -------
        path : str
            Empty if the user chose none.
        """
        chooser = self.qt.QFileDialog
        if save_as:
            path = str(chooser.getSaveFileName(None, title, save_as, files))
            # Only some desktops add what the filter says.
            suffix = Path(save_as).suffix
            return path + suffix if path and not Path(path).suffix else path
        return str(chooser.getOpenFileName(None, title, '', files))

    def open(self, path: str) -> None:
        """
        Open a folder or a file with the desktop's own program.

        Parameters
        ----------
        path : str
            What is opened.
        """
        self.qt.QDesktopServices.openUrl(self.qt.QUrl.fromLocalFile(path))


class _Timer:
    """
    A timer that is used again.

    Slicer's own `QTimer.singleShot` (slicerqt.py) keeps a timer for each call, and what it calls,
    until the application ends: one for each step of each drag.
    """

    def __init__(self, qt: Any) -> None:
        self._work: Callable[[], None] | None = None
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_timeout)

    @property
    def is_idle(self) -> bool:
        return self._work is None

    def start(self, work: Callable[[], None], after_ms: int) -> None:
        self._work = work
        self._timer.start(after_ms)

    def _on_timeout(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            work()


def _to_log(title: str) -> Progress:
    """Progress of an application without a window: a line for each step."""
    told: set[str] = set()

    def _tell(_fraction: float, text: str) -> None:
        if text not in told:
            told.add(text)
            logging.info('%s: %s', title, text)

    return _tell
