"""
The panel's section for the fill worksheet: what was filled in, when it was scanned.

It is given Qt and its widgets by the module file and imports neither.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from slicer.i18n import tr as _

from ..activity.isotopes import ISOTOPES
from ..activity.worksheet import FillWorksheet, true_activity
from ..activity.worksheet_json import load_worksheet, worksheet_text
from ..analysis import Known
from ..core.errors import PhantomError
from ..files.target import write_text
from .dialogs import Dialogs
from .worksheet_form import (
    FillForm,
    WorksheetForm,
    form_from_text,
    form_of_worksheet,
    form_to_text,
    header_of_form,
    unused_worksheet,
    with_whole_times,
    worksheet_of_form,
)

_FILE_NAME = 'activity.json'
_FILL_FIELDS = ('assay', 'assay_time', 'residual', 'residual_time', 'volume')
_FILLS = ('hot', 'background')


class ActivitySection:
    """
    Shows the fill worksheet and tells of the user's changes.

    Parameters
    ----------
    qt : module
        Qt as the application offers it.

    ui : object
        The widgets of the panel by their names.

    dialogs : Dialogs
        Errors and files.

    changed : callable
        Called with the worksheet as the text that a scene keeps.

    blank : callable
        Gives the worksheet without fills: what the header of the volume tells.
    """

    def __init__(
        self,
        qt: Any,
        ui: Any,
        dialogs: Dialogs,
        changed: Callable[[str], None],
        blank: Callable[[], WorksheetForm],
    ) -> None:
        self._qt, self._ui, self._dialogs, self._changed = qt, ui, dialogs, changed
        self._blank = blank
        self._form = WorksheetForm()  # as the widgets show it
        self._items: dict[tuple[int, int], Any] = {}  # Python must keep what the table shows
        self._make_table()
        ui.isotopeComboBox.addItems([isotope.name for isotope in ISOTOPES])
        self._fill()
        ui.worksheetTable.cellChanged.connect(self.commit)
        ui.isotopeComboBox.currentTextChanged.connect(self._on_isotope)
        for edit in self._edits().values():
            edit.editingFinished.connect(self.commit)
        ui.decayCorrectedCheckBox.toggled.connect(self.commit)
        ui.loadActivityButton.clicked.connect(self._on_load)
        ui.saveActivityButton.clicked.connect(self._on_save)
        ui.clearActivityButton.clicked.connect(self._on_clear)

    def show(self, text: str) -> None:
        """
        Fill the section, unless it shows this already; nobody is told.

        Parameters
        ----------
        text : str
            The worksheet as a scene keeps it.

        Raises
        ------
        InputFileError
            If the text holds no worksheet; what was shown stays.
        """
        form = form_from_text(text)
        if form != self._form:
            self._form = form
            self._fill()

    def commit(self) -> None:
        """Take what was typed, a line that is still being typed too: buttons take no focus."""
        self._take(with_whole_times(self._read()))

    def _on_isotope(self, isotope: str) -> None:
        """Another isotope has another half-life: that of the table."""
        if isotope and isotope != self._form.isotope:
            self._take(replace(self._read(), isotope=isotope, half_life=''))

    def _on_load(self) -> None:
        """Read a worksheet from a file."""
        path = self._dialogs.choose_file(_('Load fill worksheet'), _('Fill worksheet (*.json)'))
        if path:
            with self._dialogs.guard(_('The fill worksheet could not be used.')):
                header = header_of_form(self._blank())
                self._take(form_of_worksheet(load_worksheet(Path(path), header)))

    def _on_save(self) -> None:
        """Write the worksheet to a file."""
        self.commit()
        with self._dialogs.guard(_('The fill worksheet could not be used.')):
            worksheet = _checked(self._form)
            title, files = _('Save fill worksheet'), _('Fill worksheet (*.json)')
            path = self._dialogs.choose_file(title, files, save_as=_FILE_NAME)
            if path and worksheet is not None:
                write_text(Path(path), worksheet_text(worksheet))

    def _on_clear(self) -> None:
        """Forget the fills; what the header tells stays."""
        self._take(self._blank())

    def _take(self, form: WorksheetForm) -> None:
        if form == self._form:
            return
        self._form = form
        self._fill()
        self._changed(form_to_text(form))

    def _edits(self) -> dict[str, Any]:
        """Line edit of each line of text of the form."""
        ui = self._ui
        return {
            'half_life': ui.halfLifeLineEdit,
            'scan_start': ui.scanStartLineEdit,
            'duration': ui.scanDurationLineEdit,
            'calibrator': ui.calibratorLineEdit,
        }

    def _read(self) -> WorksheetForm:
        typed: dict[str, Any] = {n: str(edit.text).strip() for n, edit in self._edits().items()}
        typed |= {name: self._read_fill(column) for column, name in enumerate(_FILLS)}
        typed['decay_corrected'] = bool(self._ui.decayCorrectedCheckBox.checked)
        return replace(self._form, **typed)

    def _read_fill(self, column: int) -> FillForm:
        rows = range(len(_FILL_FIELDS))
        texts = (str(self._items[row, column].text()).strip() for row in rows)
        return FillForm(**dict(zip(_FILL_FIELDS, texts, strict=True)))

    def _fill(self) -> None:
        form, ui = self._form, self._ui
        self._fill_table()
        for name, edit in self._edits().items():
            edit.text = getattr(form, name)
        ui.isotopeComboBox.blockSignals(True)
        if ui.isotopeComboBox.findText(form.isotope) < 0:
            ui.isotopeComboBox.addItem(form.isotope)
        ui.isotopeComboBox.currentText = form.isotope
        ui.isotopeComboBox.blockSignals(False)
        ui.decayCorrectedCheckBox.blockSignals(True)
        ui.decayCorrectedCheckBox.checked = form.decay_corrected
        ui.decayCorrectedCheckBox.blockSignals(False)

    def _make_table(self) -> None:
        """Its cells are made once: one may be told of while it is edited."""
        table = self._ui.worksheetTable
        rows = [_('Assay [MBq]'), _('Assay time'), _('Residual [MBq]'), _('Residual time')]
        table.setRowCount(len(_FILL_FIELDS))
        table.setColumnCount(len(_FILLS))
        table.setVerticalHeaderLabels([*rows, _('Volume [mL]')])
        table.setHorizontalHeaderLabels([_('Hot spheres'), _('Background')])
        # Both as wide as there is room: a bar to scroll by would cover the last row.
        table.horizontalHeader().setSectionResizeMode(self._qt.QHeaderView.Stretch)
        for column in range(len(_FILLS)):
            for row in range(len(_FILL_FIELDS)):
                item = self._qt.QTableWidgetItem('')
                table.setItem(row, column, item)
                self._items[row, column] = item

    def _fill_table(self) -> None:
        self._ui.worksheetTable.blockSignals(True)
        for column, name in enumerate(_FILLS):
            for row, one in enumerate(_FILL_FIELDS):
                self._items[row, column].setText(getattr(getattr(self._form, name), one))
        self._ui.worksheetTable.blockSignals(False)


@lru_cache(maxsize=8)
def known_from_text(text: str) -> Known:
    """
    What a worksheet tells an analysis.

    Parameters
    ----------
    text : str
        The worksheet as a scene keeps it. Asked for at every move of a point.

    Returns
    -------
    known : Known
        Nothing if it is empty; why not, if it is not complete.
    """
    try:
        return Known(worksheet=_checked(form_from_text(text)))
    except PhantomError as error:
        return Known(notes=(unused_worksheet(error),))


def _checked(form: WorksheetForm) -> FillWorksheet | None:
    """The worksheet, if the concentrations can be found from it too."""
    worksheet = worksheet_of_form(form)
    if worksheet is not None:
        true_activity(worksheet)
    return worksheet
