"""
The panel's section for the results: their way into views, files and other programs.

It is given its widgets by the module file and imports no Qt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

from ..core.flags import Flag
from ..core.image import UNKNOWN_UNIT
from ..evaluate.limits import QUANTITY_NAMES, Verdict
from ..mrml.outputs import OutputNodes
from ..mrml.tables import texts_of_column
from ..report.export import existing_results
from ..results import AnalysisResult
from .view import show_table

if TYPE_CHECKING:
    from .panel import Panel

REPORT = 'report.html'


class ResultsSection:
    """
    Shows tables and exports the last result.

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
        ui.showTableButton.clicked.connect(self._on_show_table)
        ui.exportButton.clicked.connect(self._on_export)
        ui.openFolderButton.clicked.connect(self._on_open_folder)
        ui.openReportButton.clicked.connect(self._on_open_report)

    def _on_show_table(self) -> None:
        """Put table and plot beside the slices."""
        outputs = self._panel.outputs
        if outputs is not None:
            show_table(outputs)

    def _on_export(self) -> None:
        """Ask for a folder, for packages, for leave to overwrite; then write."""
        panel, dialogs = self._panel, self._panel.dialogs
        result, folder = panel.result, dialogs.choose_folder(panel.parameters.exportFolder)
        if result is None or not folder or not self._packages_ready():
            return
        old = existing_results(Path(folder))
        if old and not dialogs.ask(_overwrite_question(Path(folder), len(old))):
            return
        with dialogs.guard(_('The results could not be exported.')):
            with dialogs.progress(_('Exporting')) as progress:
                panel.logic.exportResults(result, Path(folder), bool(old), progress)
            panel.parameters.exportFolder = folder

    def _on_open_folder(self) -> None:
        """Open the folder of the last export."""
        self._panel.dialogs.open(str(self._panel.parameters.exportFolder))

    def _on_open_report(self) -> None:
        """Open the report of the last export."""
        folder = str(self._panel.parameters.exportFolder)
        self._panel.dialogs.open(str(Path(folder) / REPORT))

    def _packages_ready(self) -> bool:
        """Ask once, by name and with the reason, for what the files need."""
        missing, dialogs = missing_requirements(self.requirements), self._panel.dialogs
        if not missing:
            return True
        question = _(
            'The export writes Excel workbooks (openpyxl) and pictures (matplotlib). '
            'These Python packages are missing and will be installed into the application:\n\n'
            '{packages}\n\nMeasuring works without them. Continue?'
        )
        if not dialogs.ask(question.format(packages='\n'.join(missing))):
            return False
        with dialogs.guard(_('The packages could not be installed.')):
            _install(self.requirements, missing)
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


def result_text(result: AnalysisResult | None, *, changed: bool, shown: Sequence[str] = ()) -> str:
    """
    What was found, and every reason to doubt it.

    Parameters
    ----------
    result : AnalysisResult or None
        The last measurement.

    changed : bool
        Whether something that it depends on was changed since.

    shown : sequence of str, optional
        From `shown_in_tables`, which may hold an earlier result.

    Returns
    -------
    text : str
        Flags and notes in words, one a line.
    """
    if result is None:
        return '\n'.join(shown) or _('Nothing measured yet.')
    lines = [_count_text(result)]
    if changed:
        lines.insert(0, _('Something was changed since: press Apply again.'))
    whole = {flag.text: None for flag in _flags_of_all(result)}  # in this order, each once
    lines += [_as_sentence(text) for text in whole]
    lines += _by_text((*_flags_of_vois(result), *_flags_of_rois(result)))
    return '\n'.join([*lines, *result.notes])


def _count_text(result: AnalysisResult) -> str:
    count, unit = len(result.spheres), result.image.unit
    if unit == UNKNOWN_UNIT:
        return _('{count} inserts measured; the unit of the values is not known.').format(
            count=count
        )
    return _('{count} inserts measured in {unit}.').format(count=count, unit=unit)


def shown_in_tables(outputs: OutputNodes) -> tuple[str, ...]:
    """
    What the tables of the scene hold, in words.

    Parameters
    ----------
    outputs : OutputNodes
        Of an analysis that may have been made long ago.

    Returns
    -------
    lines : tuple of str
        A line a sphere, with its mean and the reasons to doubt it; none if
        there is no table of spheres.
    """
    spheres = outputs.tables.get('spheres')
    if spheres is None:
        return ()
    labels, means, flags = (texts_of_column(spheres, key) for key in ('label', 'mean', 'flags'))
    unit = spheres.GetColumnUnitLabel('mean')
    lines = [_('Measured before this session; press Apply to export or to judge it again.')]
    for label, mean, doubts in zip(labels, means, flags or [''] * len(labels), strict=True):
        line = _('{label}: mean {mean} {unit}').format(label=label, mean=mean, unit=unit)
        lines.append(f'{line.strip()}; {doubts}' if doubts else line.strip())
    return tuple(lines)


def roi_doubts(result: AnalysisResult | None) -> list[str]:
    """
    What to think of the background ROIs.

    Parameters
    ----------
    result : AnalysisResult or None
        The last measurement.

    Returns
    -------
    lines : list of str
        One a kind of doubt, with the names of the ROIs.
    """
    if result is None or result.nema is None:
        return []
    named = _by_text(_flags_of_rois(result))
    return [*(_as_sentence(flag.text) for flag in _flags_of_placement(result)), *named]


def verdict_text(result: AnalysisResult | None) -> str:
    """
    What the standards say of the recovery.

    Parameters
    ----------
    result : AnalysisResult or None
        The last measurement.

    Returns
    -------
    text : str
        A line a standard: how many coefficients are within their limits, which
        are not, and what must be said of the limits.
    """
    if result is None:
        return _('judged after Apply')
    verdicts = _verdicts(result)
    if not verdicts:
        return _('no verdict: the activity is unknown, or the values are not in Bq/mL')
    return '\n'.join(_standard_line(name, ones) for name, ones in verdicts.items())


def _as_sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + '.'


def _verdicts(result: AnalysisResult) -> dict[str, list[tuple[str, Verdict]]]:
    """By standard: labels of spheres, and what is said of each of their coefficients."""
    by_standard: dict[str, list[tuple[str, Verdict]]] = {}
    for sphere in result.recovery.spheres if result.recovery is not None else ():
        for verdict in sphere.verdicts:
            by_standard.setdefault(verdict.standard, []).append((sphere.label, verdict))
    return by_standard


def _standard_line(standard: str, verdicts: list[tuple[str, Verdict]]) -> str:
    counts = []
    for quantity, name in QUANTITY_NAMES.items():
        ones = [
            (label, one.passed)
            for label, one in verdicts
            if one.quantity == quantity and not one.not_judged
        ]
        outside = [label for label, passed in ones if not passed]
        if ones:
            count = _('{name} {passed} of {all} within').format(
                name=name, passed=len(ones) - len(outside), all=len(ones)
            )
            counts.append(f'{count} ({_("not")} {", ".join(outside)})' if outside else count)
    reasons: dict[str, dict[str, None]] = {}
    for label, one in verdicts:
        if one.not_judged:
            reasons.setdefault(one.not_judged, {})[label] = None
    counts += [
        _('{spheres} not judged: {reason}').format(spheres=', '.join(labels), reason=reason)
        for reason, labels in reasons.items()
    ]
    notes = dict.fromkeys(one.note for _label, one in verdicts if one.note)
    line = f'{standard}: {", ".join(counts)}.'
    return ' '.join([line, *(_('Limits {note}.').format(note=note) for note in notes)])


def _flags_of_all(result: AnalysisResult) -> Iterator[Flag]:
    yield from result.flags
    if result.suv is not None:
        yield from result.suv.flags
    if result.nema is not None:
        yield from _flags_of_placement(result)
        yield from (flag for flag in result.nema.flags if flag not in _named(result))
    if result.recovery is not None:
        yield from result.recovery.flags


def _flags_of_placement(result: AnalysisResult) -> Iterator[Flag]:
    """Without those that are said with the names of ROIs."""
    if result.nema is not None:
        yield from (flag for flag in result.nema.placement.flags if flag not in _named(result))


def _named(result: AnalysisResult) -> set[Flag]:
    return {flag for _name, flag in _flags_of_rois(result)}


def _flags_of_vois(result: AnalysisResult) -> Iterator[tuple[str, Flag]]:
    for voi in result.vois:
        yield from ((voi.label, flag) for flag in voi.flags)
    for sphere in result.nema.spheres if result.nema is not None else ():
        yield from ((sphere.label, flag) for flag in sphere.flags)
    for recovered in result.recovery.spheres if result.recovery is not None else ():
        yield from ((recovered.label, flag) for flag in recovered.flags)


def _flags_of_rois(result: AnalysisResult) -> Iterator[tuple[str, Flag]]:
    for roi in result.nema.placement.rois if result.nema is not None else ():
        for flag in roi.flags:
            yield roi.name, flag


def _by_text(flags: Iterable[tuple[str, Flag]]) -> list[str]:
    """One line a flag, with the names of all that carry it."""
    labels: dict[Flag, list[str]] = {}
    for label, flag in flags:
        named = labels.setdefault(flag, [])
        if label not in named:
            named.append(label)
    return [f'{", ".join(named)}: {flag.text}' for flag, named in labels.items()]
