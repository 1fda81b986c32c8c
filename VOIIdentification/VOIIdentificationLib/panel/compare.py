"""
The panel's way to a comparison: measurements of the scene, earlier results in folders, or both.

It is given its widgets by the module file and imports no Qt.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slicer.i18n import tr as _

from ..core.errors import InputFileError
from ..many.comparison import PAGE, check_target, compare, write_comparison
from ..many.groups import form_groups
from ..many.stored import StoredResults, find_results
from .results import packages_ready

if TYPE_CHECKING:
    from .panel import Panel

REQUIREMENTS = 'requirements_compare.txt'
"""Beside the requirements of an export: what workbook and page of a comparison need."""

_MIN_RESULTS = 2


class CompareSection:
    """
    Compares results, and opens the page.

    Parameters
    ----------
    panel : Panel
        Its volume's measurement is the reference, if there is one.

    requirements : `pathlib.Path`
        File that lists the packages an export needs.
    """

    def __init__(self, panel: Panel, requirements: Path) -> None:
        self._panel, self.requirements = panel, requirements.with_name(REQUIREMENTS)
        ui: Any = panel.ui
        ui.compareButton.clicked.connect(self._on_compare)

    def _on_compare(self) -> None:
        """Ask for folders, for packages, for a place and leave to overwrite; write, and open."""
        dialogs, message = self._panel.dialogs, _('The results could not be compared.')
        results = self._gather(message)
        with dialogs.guard(message):
            _require_enough(results)
        if not self._packages_ready():
            return
        start, title = str(self._panel.parameters.exportFolder), _('Folder for the comparison')
        folder = dialogs.choose_folder(start, title)
        if folder:
            self._write(results, Path(folder), message)

    def _gather(self, message: str) -> list[StoredResults]:
        """What the scene holds, and folders as long as the user adds some."""
        panel, dialogs = self._panel, self._panel.dialogs
        with dialogs.guard(message):
            results = _once(panel.logic.measuredVolumes.as_stored(panel.volume.node))
        folder = str(panel.parameters.exportFolder)
        while dialogs.ask_yes(_question(results)):
            folder = dialogs.choose_folder(folder, _('Add earlier results of a folder'))
            if not folder:
                break
            with dialogs.guard(message):
                results = _once([*results, *find_results(Path(folder))])
        return results

    def _packages_ready(self) -> bool:
        purpose = _(
            'The comparison writes an Excel workbook (openpyxl, pandas) and a page (jinja2).'
        )
        return packages_ready(self._panel.dialogs, (self.requirements,), purpose)

    def _write(self, results: Sequence[StoredResults], folder: Path, message: str) -> None:
        dialogs = self._panel.dialogs
        with dialogs.guard(message):
            old = check_target(folder, overwrite=True)
        question = _('{folder} holds a comparison already. Replace it?').format(folder=folder)
        if old and not dialogs.ask(question):
            return
        with dialogs.guard(message):
            groups = form_groups(results)
            write_comparison(compare(groups, groups[0]), folder, overwrite=bool(old))
            dialogs.open(str(folder / PAGE))
            dialogs.tell(_('The comparison was written to {folder}.').format(folder=folder))


def _once(results: Sequence[StoredResults]) -> list[StoredResults]:
    """An export of what the scene still holds is the same measurement."""
    by_content: dict[str, StoredResults] = {}
    for one in results:
        by_content.setdefault(one.results_sha256, one)
    return list(by_content.values())


def _question(results: Sequence[StoredResults]) -> str:
    if not results:
        return _('No volume of the scene is measured. Add the earlier results of a folder?')
    names = '\n'.join(one.name for one in results)
    question = _(
        'To be compared, the first as the reference:\n\n{names}\n\n'
        'Add the earlier results of a folder, and of those below it?'
    )
    return question.format(names=names)


def _require_enough(results: Sequence[StoredResults]) -> None:
    if len(results) < _MIN_RESULTS:
        msg = _(
            'A comparison needs at least two different results, there are {count}. Measure '
            'another volume, or add folders of earlier results.'
        )
        raise InputFileError(msg.format(count=len(results)))
