"""
The panel's section for the results: their way into views, files and other programs.

It is given its widgets by the module file and imports no Qt.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

from ..report.export import existing_results
from .dialogs import Dialogs

if TYPE_CHECKING:
    from .panel import Panel

REPORT = 'report.html'

DICOM_REQUIREMENTS = 'requirements_dicom.txt'
"""Beside the requirements of an export: what a DICOM segmentation and report need more."""


class ResultsSection:
    """
    Exports the last result.

    Parameters
    ----------
    panel : Panel
        Whose result it is.

    requirements : `pathlib.Path`
        File that lists the packages an export needs.
    """

    def __init__(self, panel: Panel, requirements: Path) -> None:
        self._panel, self.requirements = panel, requirements
        ui: Any = panel.ui
        ui.exportButton.clicked.connect(self._on_export)
        ui.openFolderButton.clicked.connect(self._on_open_folder)
        ui.openReportButton.clicked.connect(self._on_open_report)

    def _on_export(self) -> None:
        """Ask for a folder, for packages, for leave to overwrite; then write."""
        panel, dialogs = self._panel, self._panel.dialogs
        result, folder = panel.result, dialogs.choose_folder(panel.parameters.exportFolder)
        dicom = bool(panel.ui.dicomCheckBox.checked)
        if result is None or not folder or not self._packages_ready(dicom):
            return
        old = existing_results(Path(folder))
        if old and not dialogs.ask(_overwrite_question(Path(folder), len(old))):
            return
        with dialogs.guard(_('The results could not be exported.')):
            with dialogs.progress(_('Exporting')) as progress:
                volume = panel.parameters.inputVolume if dicom else None
                panel.logic.exportResults(result, Path(folder), bool(old), progress, volume)
            panel.parameters.exportFolder = folder
            dialogs.tell(_('The results were written to {folder}.').format(folder=folder))

    def _on_open_folder(self) -> None:
        """Open the folder of the last export."""
        self._panel.dialogs.open(str(self._panel.parameters.exportFolder))

    def _on_open_report(self) -> None:
        """Open the report of the last export."""
        folder = str(self._panel.parameters.exportFolder)
        self._panel.dialogs.open(str(Path(folder) / REPORT))

    def _packages_ready(self, dicom: bool) -> bool:
        """Ask once, by name and with the reason, for what the files need."""
        files = (self.requirements, *([self.requirements.with_name(DICOM_REQUIREMENTS)] * dicom))
        purpose = _(
            'The export writes Excel workbooks (openpyxl), pictures (matplotlib), a page '
            '(jinja2) and, if asked for, DICOM objects (highdicom).'
        )
        return packages_ready(self._panel.dialogs, files, purpose)


def packages_ready(dialogs: Dialogs, files: Iterable[Path], purpose: str) -> bool:
    """
    Ask for the packages that are missing, and install them.

    Parameters
    ----------
    dialogs : Dialogs
        Asks.

    files : iterable of `pathlib.Path`
        Files of requirements.

    purpose : str
        What they are for, in a sentence.

    Returns
    -------
    ready : bool
        False if the user refuses.
    """
    lacking = {file: missing_requirements(file) for file in files}
    missing = [line for lines in lacking.values() for line in lines]
    if not missing:
        return True
    question = _(
        '{purpose} These Python packages are missing and will be installed into the '
        'application:\n\n{packages}\n\nMeasuring works without them. Continue?'
    )
    if not dialogs.ask(question.format(purpose=purpose, packages='\n'.join(missing))):
        return False
    with dialogs.guard(_('The packages could not be installed.')):
        for file, lines in lacking.items():
            if lines:
                _install(file, lines)
    return True


def _overwrite_question(folder: Path, count: int) -> str:
    return _(
        '{folder} holds {count} files of an earlier export. Replace them? '
        'Other files in the folder stay.'
    ).format(folder=folder, count=count)


def _install(requirements: Path, missing: tuple[str, ...]) -> None:
    try:
        from slicer.packaging import load_requirements, pip_ensure
    except ImportError:  # Slicer 5.10
        slicer.util.pip_install(list(missing))
        return
    requester = _('VOI Identification')
    pip_ensure(load_requirements(requirements), requester=requester, prompt_install=False)


def missing_requirements(path: Path) -> tuple[str, ...]:
    """
    The lines of a requirements file that are not fulfilled.

    Parameters
    ----------
    path : `pathlib.Path`
        A requirement a line; empty lines and lines that begin with ``#`` are
        passed over.

    Returns
    -------
    requirements : tuple of str
        Ready for pip, in the order of the file.

    Raises
    ------
    ValueError
        If a line is no requirement.
    """
    lines = [line.strip() for line in path.read_text(encoding='utf-8').splitlines()]
    return tuple(line for line in lines if line and line[0] != '#' and not _is_installed(line))


def _is_installed(line: str) -> bool:
    try:
        from packaging.requirements import Requirement
    except ImportError:  # Slicer brings it from 5.11 on; pip, which it always has, holds a copy
        from pip._vendor.packaging.requirements import (  # type: ignore[assignment]
            Requirement,
        )
    requirement = Requirement(line)
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return False
    return bool(requirement.specifier.contains(installed, prereleases=True))
