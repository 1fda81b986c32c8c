"""
The panel's section for the phantom: the preset, the table of inserts, the files.

It is given Qt and its widgets by the module file and imports neither.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from ..core.config_json import parse_json
from ..core.errors import InputFileError, OutputError, PhantomError
from ..core.phantom import (
    DEFAULT_PHANTOM,
    Insert,
    Phantom,
    load_phantom,
    parse_phantom,
    phantom_to_json,
    preset_names,
)
from ..mrml.rois import is_roi_label
from .dialogs import Dialogs

NEW_DIAMETER = '10'
"""Of a row that was just added, in millimeter: the smallest sphere of the body phantom."""

MAX_DIAMETER_MM = 203.0
"""Of an insert: the outer diameter of the scatter phantom of NEMA NU 2-2018, section 4."""

_FILE_NAME = 'phantom.json'

_CHANGED = ', changed'
"""Ends the name of a preset whose inserts were edited: its results are no longer the preset's."""


class PhantomSection:
    """
    Shows a phantom and tells of the user's changes.

    Parameters
    ----------
    qt : module
        Qt as the application offers it.

    ui : object
        The widgets of the panel by their names.

    dialogs : Dialogs
        Errors and files.

    changed : callable
        Called with the new `Phantom`.
    """

    def __init__(
        self, qt: Any, ui: Any, dialogs: Dialogs, changed: Callable[[Phantom], None]
    ) -> None:
        self._qt, self._ui, self._dialogs, self._changed = qt, ui, dialogs, changed
        self._phantom: Phantom | None = None
        self._items: list[Any] = []  # Python must keep what the table shows
        ui.phantomComboBox.addItems([*preset_names(), _('Own phantom')])
        headers = [_('Insert'), _('Diameter [mm]'), _('Cylinder, height [mm]')]
        ui.insertsTable.setColumnCount(len(headers))
        ui.insertsTable.setHorizontalHeaderLabels(headers)
        header = ui.insertsTable.horizontalHeader()  # its last column has what is left
        header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        ui.phantomComboBox.currentTextChanged.connect(self._on_preset)
        ui.loadPhantomButton.clicked.connect(self._on_load)
        ui.savePhantomButton.clicked.connect(self._on_save)
        ui.insertsTable.cellChanged.connect(self.commit)
        ui.addInsertButton.clicked.connect(self._on_add)
        ui.removeInsertButton.clicked.connect(self._on_remove)

    def show(self, phantom: Phantom) -> None:
        """
        Fill the section, unless it shows this already; nobody is told.

        Parameters
        ----------
        phantom : Phantom
            What is shown.
        """
        if phantom == self._phantom:
            return
        self._phantom = phantom
        self._show_name(phantom)
        self._fill_table(insert_rows(phantom))

    def _show_name(self, phantom: Phantom) -> None:
        known = phantom.name in preset_names() and load_phantom(phantom.name) == phantom
        self._ui.phantomComboBox.blockSignals(True)
        self._ui.phantomComboBox.currentText = phantom.name if known else _('Own phantom')
        self._ui.phantomComboBox.blockSignals(False)

    def _on_preset(self, name: str) -> None:
        """Take a phantom that comes with the module."""
        if name in preset_names():
            self._changed(load_phantom(name))
        elif self._phantom is not None:
            self._show_name(self._phantom)
            own = _('For a phantom of your own edit the table of inserts, or load a file.')
            self._dialogs.tell(own)

    def _on_load(self) -> None:
        """Read a phantom from a file."""
        path = self._dialogs.choose_file(_('Load phantom'), _('Phantom (*.json)'))
        if path:
            with self._dialogs.guard(_('The phantom could not be changed.')):
                self._changed(load_phantom(Path(path)))

    def _on_save(self) -> None:
        """Write the phantom to a file."""
        title, files = _('Save phantom'), _('Phantom (*.json)')
        path = self._dialogs.choose_file(title, files, save_as=_FILE_NAME)
        if path and self._phantom:
            with self._dialogs.guard(_('The phantom could not be changed.')):
                _write(self._phantom, Path(path))

    def commit(self) -> None:
        """Take what was typed; put back what was there if it cannot be used."""
        self._take(self._rows())

    def _on_add(self) -> None:
        """One more insert, under a name that is free."""
        rows = self._rows()
        taken = {row.label for row in rows}
        label = next(f'I{n}' for n in range(1, len(rows) + 2) if f'I{n}' not in taken)
        self._take([*rows, InsertRow(label, NEW_DIAMETER)])
        # Remove takes the row that is selected: the new one, for a change of mind.
        self._ui.insertsTable.setCurrentCell(len(rows), 0)

    def _on_remove(self) -> None:
        """One insert less: that of the selected row."""
        rows, row = self._rows(), self._ui.insertsTable.currentRow()
        if 0 <= row < len(rows):
            self._take(rows[:row] + rows[row + 1 :])

    def _take(self, rows: Sequence[InsertRow]) -> None:
        before = self._phantom
        if before is None:
            return
        with self._dialogs.guard(_('The phantom could not be changed.')):
            try:
                phantom = phantom_from_rows(rows, before)
                if phantom is not before:
                    self._changed(phantom)
                elif tuple(rows) != insert_rows(before):  # 37.0 mm for 37
                    self._fill_table(insert_rows(before))
            except PhantomError:
                self._fill_table(insert_rows(before))
                raise

    def _fill_table(self, rows: Sequence[InsertRow]) -> None:
        table, self._items = self._ui.insertsTable, []
        table.blockSignals(True)
        table.setRowCount(len(rows))
        for n, row in enumerate(rows):
            self._set(n, 0, row.label, ticked=row.use)
            self._set(n, 1, row.diameter)
            self._set(n, 2, row.height, ticked=row.cylinder)
        table.blockSignals(False)

    def _set(self, row: int, column: int, text: str, *, ticked: bool | None = None) -> None:
        item = self._qt.QTableWidgetItem(text)
        if ticked is not None:
            item.setCheckState(self._qt.Qt.Checked if ticked else self._qt.Qt.Unchecked)
        self._ui.insertsTable.setItem(row, column, item)
        self._items.append(item)

    def _rows(self) -> list[InsertRow]:
        table, checked = self._ui.insertsTable, self._qt.Qt.Checked
        return [
            InsertRow(
                label=table.item(n, 0).text().strip(),
                diameter=table.item(n, 1).text(),
                height=table.item(n, 2).text(),
                use=table.item(n, 0).checkState() == checked,
                cylinder=table.item(n, 2).checkState() == checked,
            )
            for n in range(table.rowCount)
        ]


@dataclass(frozen=True)
class InsertRow:
    """
    One row of the table.

    Attributes
    ----------
    label, diameter, height : str
        As typed; lengths in millimeter. An empty height of a cylinder means
        as high as its diameter.

    use, cylinder : bool
        As ticked.
    """

    label: str
    diameter: str
    height: str = ''
    use: bool = True
    cylinder: bool = False


def _write(phantom: Phantom, path: Path) -> None:
    named = replace(phantom, name=path.stem) if phantom.name in preset_names() else phantom
    try:
        path.write_text(json.dumps(phantom_to_json(named), indent=1) + '\n', encoding='utf-8')
    except OSError as error:
        msg = _('the phantom cannot be written to {path}: {reason}')
        raise OutputError(msg.format(path=path, reason=error.strerror or error)) from error


def insert_rows(phantom: Phantom) -> tuple[InsertRow, ...]:
    """
    The rows that show a phantom.

    Parameters
    ----------
    phantom : Phantom
        The phantom.

    Returns
    -------
    rows : tuple of InsertRow
        In its order.
    """
    return tuple(
        InsertRow(
            label=insert.label,
            diameter=f'{insert.diameter_mm:g}',
            height='' if insert.height_mm is None else f'{insert.height_mm:g}',
            use=insert.use,
            cylinder=insert.shape == 'cylinder',
        )
        for insert in phantom.inserts
    )


def phantom_from_rows(rows: Sequence[InsertRow], phantom: Phantom) -> Phantom:
    """
    The phantom after its rows were edited.

    Parameters
    ----------
    rows : sequence of InsertRow
        What the table shows now.

    phantom : Phantom
        What it showed before. Inserts keep what the table does not show.

    Returns
    -------
    phantom : Phantom
        The same object if nothing changed, a preset if its rows are shown again; else its
        name says that it was changed.

    Raises
    ------
    InputFileError
        If a length is not a number above 0, or a label is empty or repeated.
    """
    if tuple(rows) == insert_rows(phantom):
        return phantom
    data = phantom_to_json(phantom)
    before = {insert.label: insert for insert in phantom.inserts}
    data['inserts'] = [
        _insert_json(row, _insert_before(row, n, phantom, before)) for n, row in enumerate(rows)
    ]
    name = phantom.name.removesuffix(_CHANGED)
    data['name'] = name + _CHANGED
    edited = parse_phantom(data, source_name=_('the table of inserts'))
    for insert in edited.inserts:
        _check_insert(insert)
    if edited.inserts == phantom.inserts:  # 22 mm for 22
        return phantom
    if name in preset_names() and replace(edited, name=name) == load_phantom(name):
        return load_phantom(name)  # an insert that was unticked is ticked again
    return edited


def _check_insert(insert: Insert) -> None:
    if is_roi_label(insert.label):
        msg = _(
            'an insert cannot be called {label!r}: BG and a number are the background ROIs. '
            'Give it another name.'
        )
        raise InputFileError(msg.format(label=insert.label))
    if insert.diameter_mm > MAX_DIAMETER_MM:
        msg = _(
            'the diameter of insert {label!r} is {diameter:g} mm: no phantom holds more than '
            '{most:g} mm. Type it in millimeter.'
        )
        raise InputFileError(
            msg.format(label=insert.label, diameter=insert.diameter_mm, most=MAX_DIAMETER_MM)
        )


def phantom_from_text(text: str) -> Phantom:
    """
    The phantom that a scene remembers.

    Parameters
    ----------
    text : str
        From `phantom_to_text`; empty for the default phantom.

    Returns
    -------
    phantom : Phantom
        The checked phantom.

    Raises
    ------
    InputFileError
        If the text does not hold a phantom.
    """
    if not text:
        return load_phantom(DEFAULT_PHANTOM)
    source = 'the phantom in the scene'
    return parse_phantom(parse_json(text, source), source_name=source)


def phantom_to_text(phantom: Phantom) -> str:
    """
    A phantom as the text that a scene keeps.

    Parameters
    ----------
    phantom : Phantom
        The phantom.

    Returns
    -------
    text : str
        JSON in one line.
    """
    return json.dumps(phantom_to_json(phantom), ensure_ascii=False)


def _insert_before(
    row: InsertRow, place: int, phantom: Phantom, before: dict[str, Insert]
) -> Insert:
    """The insert that a row came from: of the same label, else of the same place."""
    if row.label in before:
        return before[row.label]
    if place < len(phantom.inserts):
        return phantom.inserts[place]
    return Insert(row.label, 1.0)


def _insert_json(row: InsertRow, before: Insert) -> dict[str, Any]:
    if not row.label:
        raise InputFileError(_('an insert has no name: type one into the table of inserts'))
    renamed = row.label != before.label
    return {
        **asdict(before),
        'label': row.label,
        'diameter_mm': _length(row.diameter, _('diameter'), row),
        'height_mm': _length(row.height, _('height'), row)
        if row.cylinder and row.height.strip()
        else None,
        'shape': 'cylinder' if row.cylinder else 'sphere',
        'use': row.use,
        'aliases': () if renamed else before.aliases,
    }


def _length(text: str, what: str, row: InsertRow) -> float:
    said = {'what': what, 'label': row.label, 'text': text}
    try:
        length_mm = float(text.replace(',', '.').removesuffix('mm'))
    except ValueError as error:
        msg = _('the {what} of insert {label!r} must be a length in mm, got {text!r}')
        raise InputFileError(msg.format(**said)) from error
    if not 0 < length_mm < math.inf:
        msg = _('the {what} of insert {label!r} must be more than 0 mm, got {text!r}')
        raise InputFileError(msg.format(**said))
    return length_mm
