"""Keys in the panel's tables, as a spreadsheet has them: Delete, copy, cut, paste, undo, Tab."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import slicer

from .view import PlaceSection

if TYPE_CHECKING:
    from .panel import Panel

Cell = tuple[int, int]
"""Row and column, from 0."""


def block_of_text(text: str) -> list[list[str]]:
    """
    Cells of a text that a spreadsheet put on the clipboard.

    Parameters
    ----------
    text : str
        A line a row, tabs between cells; the last line may be ended.

    Returns
    -------
    rows : list of list of str
        Without white space round the cells; none for an empty text.
    """
    lines = text.replace('\r\n', '\n').replace('\r', '\n').removesuffix('\n')
    return [[cell.strip() for cell in line.split('\t')] for line in lines.split('\n') if text]


def text_of_block(texts: Mapping[Cell, str]) -> str:
    """
    Cells as a text that a spreadsheet takes.

    Parameters
    ----------
    texts : mapping of tuple to str
        What the selected cells hold.

    Returns
    -------
    text : str
        The smallest block round them; cells that are not selected are empty.
    """
    if not texts:
        return ''
    rows, columns = zip(*texts, strict=True)
    across = range(min(columns), max(columns) + 1)
    return '\n'.join(
        '\t'.join(texts.get((row, column), '') for column in across)
        for row in range(min(rows), max(rows) + 1)
        if row in rows
    )


def pasted(
    block: Sequence[Sequence[str]], selected: Sequence[Cell], shape: tuple[int, int]
) -> dict[Cell, str]:
    """
    Where a block goes.

    Parameters
    ----------
    block : sequence of sequence of str
        From `block_of_text`.

    selected : sequence of tuple
        The cells that are selected; the block begins at their upper left. A single value goes
        into all of them.

    shape : tuple of int
        Rows and columns of the table; what lies outside of it is left out.

    Returns
    -------
    texts : dict of tuple to str
        By row and column.
    """
    if not selected or not block:
        return {}
    if len(block) == 1 and len(block[0]) == 1:
        return dict.fromkeys(selected, block[0][0])
    top, left = (min(numbers) for numbers in zip(*selected, strict=True))
    texts = {
        (top + n, left + m): text for n, line in enumerate(block) for m, text in enumerate(line)
    }
    return {
        (row, column): text
        for (row, column), text in texts.items()
        if row < shape[0] and column < shape[1]
    }


def listening(qt: Any, panel: Panel) -> list[tuple[Any, Callable[[Any], bool]]]:
    """
    Which widgets of the panel have keys of their own.

    Parameters
    ----------
    qt : module
        Qt as the application offers it.

    panel : Panel
        The panel.

    Returns
    -------
    slots : list of tuple
        A widget, and what is to be asked for each key that is pressed there: True if it is done
        with, False to leave it to the widget.
    """
    ui = panel.ui
    inserts = _TableKeys(qt, ui.insertsTable, panel.phantom_section.commit)
    worksheet = _TableKeys(qt, ui.worksheetTable, panel.activity_section.commit)
    sections = (panel.seeds_section, panel.background_section)
    seeds, background = (_PlaceKeys(qt, section) for section in sections)
    return [
        (ui.insertsTable, inserts.pressed),
        (ui.worksheetTable, worksheet.pressed),
        (ui.seedsWidget.tableWidget(), seeds.pressed),
        (ui.backgroundWidget.tableWidget(), background.pressed),
    ]


def in_editors(qt: Any, panel: Panel) -> list[tuple[Any, Callable[[Any], bool]]]:
    """
    Which tables have keys of their own while one of their cells is edited.

    Parameters
    ----------
    qt : module
        Qt as the application offers it.

    panel : Panel
        The panel.

    Returns
    -------
    slots : list of tuple
        A table, and what is to be asked for each key that is pressed in a cell's editor: True if
        it is done with.
    """
    tables = (panel.ui.insertsTable, panel.ui.worksheetTable)
    return [(table, _EditorKeys(qt, table).pressed) for table in tables]


class Escape:
    """
    Ends placing from anywhere in the panel.

    Parameters
    ----------
    qt : module
        Qt as the application offers it.

    panel : Panel
        The panel.
    """

    def __init__(self, qt: Any, panel: Panel) -> None:
        self._qt, self._panel = qt, panel

    def pressed(self, event: Any) -> bool:
        """
        End placing with Escape.

        Parameters
        ----------
        event : QKeyEvent
            The key, which no widget of the panel has taken.

        Returns
        -------
        done : bool
            Whether points were being placed.
        """
        sections = (self._panel.seeds_section, self._panel.background_section)
        escape = event.key() == self._qt.Qt.Key_Escape
        return escape and any(section.stop() for section in sections)


class _PlaceKeys:
    """Delete, undo and redo in a table of points."""

    def __init__(self, qt: Any, section: PlaceSection) -> None:
        self._qt, self._section = qt, section

    def pressed(self, event: Any) -> bool:
        keys, section = self._qt.QKeySequence, self._section
        if event.key() == self._qt.Qt.Key_Delete:
            section.take_back()
        elif event.matches(keys.Undo):
            section.history.undo()
        elif event.matches(keys.Redo) or self._is_control_y(event):
            section.history.redo()
        else:
            return False
        return True

    def _is_control_y(self, event: Any) -> bool:
        """Not every system has it as a standard key."""
        names = self._qt.Qt
        return event.key() == names.Key_Y and bool(event.modifiers() & names.ControlModifier)


class _EditorKeys:
    """Tab in the editor of the last cell of a table, from which Qt goes back to the first."""

    def __init__(self, qt: Any, table: Any) -> None:
        self._qt, self._table = qt, table

    def pressed(self, event: Any) -> bool:
        at_end = event.key() == self._qt.Qt.Key_Tab and _place_in(self._table) == _last(self._table)
        if at_end:
            self._table.setFocus()  # the editor loses it: the text is taken, the cell stays
        return bool(at_end)


def _place_in(table: Any) -> Cell:
    return (table.currentRow(), table.currentColumn())


def _last(table: Any) -> Cell:
    return (table.rowCount - 1, table.columnCount - 1)


class _TableKeys:
    """
    What keys do in a table.

    Parameters
    ----------
    qt : module
        Qt as the application offers it.

    table : QTableWidget
        The table. All its cells have an item.

    changed : callable
        Called once after cells were changed.
    """

    def __init__(self, qt: Any, table: Any, changed: Callable[[], None]) -> None:
        self._qt, self._table, self._changed = qt, table, changed

    def pressed(self, event: Any) -> bool:
        """
        Do what a key says.

        Parameters
        ----------
        event : QKeyEvent
            The key.

        Returns
        -------
        done : bool
            False leaves the key to the table.
        """
        keys, names = self._qt.QKeySequence, self._qt.Qt
        if event.matches(keys.Copy):
            self._copy()
        elif event.matches(keys.Cut):
            self._copy()
            self._set(dict.fromkeys(self._selected(), ''))
        elif event.matches(keys.Paste):
            self._paste()
        elif event.key() in (names.Key_Delete, names.Key_Backspace):
            self._set(dict.fromkeys(self._selected(), ''))
        else:
            self._let_tab_leave(event.key())
            return False
        return True

    def _selected(self) -> list[Cell]:
        return [(item.row(), item.column()) for item in self._table.selectedItems()]

    def _copy(self) -> None:
        table = self._table
        texts = {cell: str(table.item(*cell).text()) for cell in self._selected()}
        slicer.app.clipboard().setText(text_of_block(texts))

    def _paste(self) -> None:
        table = self._table
        block = block_of_text(str(slicer.app.clipboard().text()))
        self._set(pasted(block, self._selected(), (table.rowCount, table.columnCount)))

    def _set(self, texts: Mapping[Cell, str]) -> None:
        table = self._table
        changed = {cell: text for cell, text in texts.items() if table.item(*cell).text() != text}
        before = table.blockSignals(True)
        for cell, text in changed.items():
            table.item(*cell).setText(text)
        table.blockSignals(before)
        if changed:
            self._changed()

    def _let_tab_leave(self, key: Any) -> None:
        """From the last cell forwards and from the first one backwards."""
        table, names = self._table, self._qt.Qt
        for one, end in ((names.Key_Tab, _last(table)), (names.Key_Backtab, (0, 0))):
            if key == one:
                table.tabKeyNavigation = _place_in(table) != end
