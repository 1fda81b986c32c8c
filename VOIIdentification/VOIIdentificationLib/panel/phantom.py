"""
The panel's section for the phantom: the preset, the table of inserts, the files.

It is given Qt and its widgets by the module file and imports neither.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from ..core.errors import OutputError, PhantomError
from ..core.phantom import Phantom, load_phantom, phantom_to_json, preset_names
from .dialogs import Dialogs
from .insert_table import InsertRow, insert_rows, phantom_from_rows

NEW_DIAMETER = '10'
"""Of a row that was just added, in millimeter: the smallest sphere of the body phantom."""

_FILE_NAME = 'phantom.json'


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
        ui.phantomComboBox.currentTextChanged.connect(self._on_preset)
        ui.loadPhantomButton.clicked.connect(self._on_load)
        ui.savePhantomButton.clicked.connect(self._on_save)
        ui.insertsTable.cellChanged.connect(self._on_edited)
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
        known = phantom.name in preset_names() and load_phantom(phantom.name) == phantom
        self._ui.phantomComboBox.blockSignals(True)
        self._ui.phantomComboBox.currentText = phantom.name if known else _('Own phantom')
        self._ui.phantomComboBox.blockSignals(False)
        self._fill_table(insert_rows(phantom))

    def _on_preset(self, name: str) -> None:
        """Take a phantom that comes with the module."""
        if name in preset_names():
            self._changed(load_phantom(name))

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

    def _on_edited(self, _row: int, _column: int) -> None:
        """Take what was typed; put back what was there if it cannot be used."""
        self._take(self._rows())

    def _on_add(self) -> None:
        """One more insert, under a name that is free."""
        rows = self._rows()
        taken = {row.label for row in rows}
        label = next(f'I{n}' for n in range(1, len(rows) + 2) if f'I{n}' not in taken)
        self._take([*rows, InsertRow(label, NEW_DIAMETER)])

    def _on_remove(self) -> None:
        """One insert less: that of the selected row."""
        rows, row = self._rows(), self._ui.insertsTable.currentRow()
        if 0 <= row < len(rows):
            self._take(rows[:row] + rows[row + 1 :])

    def _take(self, rows: Sequence[InsertRow]) -> None:
        if self._phantom is None:
            return
        with self._dialogs.guard(_('The phantom could not be changed.')):
            try:
                self._changed(phantom_from_rows(rows, self._phantom))
            except PhantomError:
                self._fill_table(insert_rows(self._phantom))
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


def _write(phantom: Phantom, path: Path) -> None:
    named = replace(phantom, name=path.stem) if phantom.name in preset_names() else phantom
    try:
        path.write_text(json.dumps(phantom_to_json(named), indent=1) + '\n', encoding='utf-8')
    except OSError as error:
        msg = f'the phantom cannot be written to {path}: {error.strerror or error}'
        raise OutputError(msg) from error
