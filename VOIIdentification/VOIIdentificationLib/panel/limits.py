"""
The panel's choice of limits and baseline: files, kept by their paths in the parameter node.

It is given its widgets by the module file and imports no Qt.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from ..core.errors import InputFileError
from ..evaluate.limits import Limits, find_limits, require_names, save_limits, shipped_limits
from ..mrml.said import reason_of
from ..report.verdicts import limits_of_result

if TYPE_CHECKING:
    from .panel import Panel

_FILE_NAME = 'limits.json'


class LimitsSection:
    """
    Adds and clears profiles of limits, saves one to begin with, chooses the baseline.

    Parameters
    ----------
    panel : Panel
        Whose parameters hold the choice.
    """

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        ui: Any = panel.ui
        self._add, self._file = _('Add…'), _('From a file…')
        names = [one.name for one in shipped_limits()]
        ui.limitsComboBox.addItems([self._add, *names, self._file])
        ui.limitsComboBox.currentTextChanged.connect(self._on_add)
        ui.clearLimitsButton.clicked.connect(self._on_clear)
        ui.saveLimitsButton.clicked.connect(self._on_save)
        ui.baselineButton.clicked.connect(self._on_baseline)
        ui.clearBaselineButton.clicked.connect(self._on_clear_baseline)

    def _on_add(self, chosen: str) -> None:
        """Take a profile that comes with the module, or one of a file."""
        if chosen in ('', self._add):
            return
        combo: Any = self._panel.ui.limitsComboBox
        combo.blockSignals(True)
        combo.currentText = self._add
        combo.blockSignals(False)
        if chosen == self._file:
            files = _('Limits (*.json)')
            chosen = self._panel.dialogs.choose_file(_('Add limits'), files)
        if chosen:
            with self._panel.dialogs.guard(_('The limits could not be used.')):
                text = '\n'.join(filter(None, (str(self._panel.parameters.limits), chosen)))
                limits_of_text(text)
                self._panel.parameters.limits = text

    def _on_clear(self) -> None:
        self._panel.parameters.limits = ''

    def _on_save(self) -> None:
        """Write limits round the last result, for the user to edit."""
        result, dialogs = self._panel.result, self._panel.dialogs
        if result is None:
            return
        with dialogs.guard(_('The limits could not be saved.')):
            limits = limits_of_result(result)
            title, files = _('Save limits to begin with'), _('Limits (*.json)')
            path = dialogs.choose_file(title, files, save_as=_FILE_NAME)
            if path:
                save_limits(limits, Path(path))
                dialogs.tell(_('The limits were written to {path}.').format(path=path))

    def _on_baseline(self) -> None:
        """Take an earlier result; whether it fits is said by Apply."""
        files = _('Results (*.json)')
        path = self._panel.dialogs.choose_file(_('Choose an earlier results.json'), files)
        if path:
            self._panel.parameters.baseline = path

    def _on_clear_baseline(self) -> None:
        self._panel.parameters.baseline = ''


def limits_of_text(text: str) -> tuple[Limits, ...]:
    """
    The profiles that are chosen.

    Parameters
    ----------
    text : str
        Names of shipped limits and paths of files, one a line.

    Returns
    -------
    profiles : tuple of Limits
        In their order.

    Raises
    ------
    InputFileError
        If one cannot be read, or two have one name.
    """
    return require_names([_limits(line, _age(line)) for line in text.splitlines() if line])


@lru_cache(maxsize=32)
def _limits(name: str, _age_ns: int) -> Limits:
    """Asked for at every move of a point; a file that was edited is read again."""
    return find_limits(name)


def _age(name: str) -> int:
    try:
        return Path(name).stat().st_mtime_ns
    except OSError:
        return 0


def limits_text(text: str) -> str:
    """
    The choice in words.

    Parameters
    ----------
    text : str
        As `limits_of_text` takes it.

    Returns
    -------
    words : str
        Names; why a file cannot be used.
    """
    if not text:
        return _('none: the overall verdict stays "not judged"')
    try:
        return ', '.join(one.name for one in limits_of_text(text))
    except InputFileError as error:
        return reason_of(error)
