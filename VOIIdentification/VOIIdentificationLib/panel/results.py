"""
The panel's section for the results: what was found, and its way into files.

It is given its widgets by the module file and imports no Qt.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer

from ..core.progress import Progress
from ..mrml.outputs import OutputNodes
from ..report.export import existing_results
from ..results import AnalysisResult
from . import text as say
from .dialogs import Dialogs
from .requirements import missing_requirements
from .text_results import result_text
from .view import show_table

REPORT = 'report.html'

Export = Callable[[AnalysisResult, Path, bool, Progress], object]
"""Writes a result into a folder; replaces earlier results if told so."""


class ResultsSection:
    """
    Shows a result and exports it.

    Parameters
    ----------
    ui : object
        The widgets of the panel by their names.

    dialogs : Dialogs
        Errors, progress, questions.

    export : callable
        Writes a result into a folder.

    requirements : `pathlib.Path`
        File that lists the packages an export needs.
    """

    def __init__(self, ui: Any, dialogs: Dialogs, export: Export, requirements: Path) -> None:
        self._ui, self._dialogs, self._export = ui, dialogs, export
        self.requirements = requirements
        self._result: AnalysisResult | None = None
        self._outputs: OutputNodes | None = None
        self._folder = ''
        self.exported: Callable[[str], None] = lambda _folder: None
        ui.showTableButton.clicked.connect(self._on_show_table)
        ui.exportButton.clicked.connect(self._on_export)
        ui.openFolderButton.clicked.connect(self._on_open_folder)
        ui.openReportButton.clicked.connect(self._on_open_report)

    def show(
        self,
        result: AnalysisResult | None,
        outputs: OutputNodes | None,
        folder: str,
        *,
        changed: bool,
    ) -> None:
        """
        Fill the section.

        Parameters
        ----------
        result : AnalysisResult or None
            Of the last Apply.

        outputs : OutputNodes or None
            The nodes that show it.

        folder : str
            Of the last export; may be empty.

        changed : bool
            Whether something that the result depends on was changed since.
        """
        self._result, self._outputs, self._folder = result, outputs, folder
        ui = self._ui
        ui.resultsLabel.text = result_text(result, changed=changed)
        ui.showTableButton.enabled = outputs is not None
        ui.exportButton.enabled = result is not None
        ui.exportButton.toolTip = say.export_tip(measured=result is not None)
        ui.openFolderButton.enabled = bool(folder) and Path(folder).is_dir()
        ui.openReportButton.visible = bool(folder) and (Path(folder) / REPORT).is_file()

    def _on_show_table(self) -> None:
        """Put table and plot beside the slices."""
        if self._outputs is not None:
            show_table(self._outputs)

    def _on_export(self) -> None:
        """Ask for a folder, for packages, for leave to overwrite; then write."""
        result, folder = self._result, self._dialogs.choose_folder(self._folder)
        if result is None or not folder or not self._packages_ready():
            return
        old = existing_results(Path(folder))
        if old and not self._dialogs.ask(say.overwrite_question(Path(folder), len(old))):
            return
        with self._dialogs.guard(say.export_failed()):
            with self._dialogs.progress(say.exporting()) as progress:
                self._export(result, Path(folder), bool(old), progress)
            self.exported(folder)

    def _on_open_folder(self) -> None:
        """Open the folder of the last export."""
        self._dialogs.open(self._folder)

    def _on_open_report(self) -> None:
        """Open the report of the last export."""
        self._dialogs.open(str(Path(self._folder) / REPORT))

    def _packages_ready(self) -> bool:
        """Ask once, by name and with the reason, for what the files need."""
        missing = missing_requirements(self.requirements)
        if not missing:
            return True
        if not self._dialogs.ask(say.packages_question(missing)):
            return False
        with self._dialogs.guard(say.install_failed()):
            _install(self.requirements, missing)
        return True


def _install(requirements: Path, missing: tuple[str, ...]) -> None:
    try:
        from slicer.packaging import load_requirements, pip_ensure
    except ImportError:  # Slicer 5.10
        slicer.util.pip_install(list(missing))
        return
    pip_ensure(load_requirements(requirements), requester=say.title(), prompt_install=False)
