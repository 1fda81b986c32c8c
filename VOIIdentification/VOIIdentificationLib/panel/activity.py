"""
The panel's section for the fill worksheet: what was filled in, when it was scanned.

It is given Qt and its widgets by the module file and imports neither.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..activity.isotopes import ISOTOPES
from ..activity.worksheet import FillWorksheet, true_activity
from ..activity.worksheet_json import load_worksheet, save_worksheet
from ..analysis import Known
from ..core.errors import PhantomError
from ..suv.scan_facts import ScanFacts
from . import text_activity as say
from .dialogs import Dialogs
from .worksheet_form import (
    FillForm,
    WorksheetForm,
    form_of_scan,
    form_of_worksheet,
    with_whole_times,
    worksheet_of_form,
)
from .worksheet_form_json import form_from_text, form_to_text

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
    """

    def __init__(self, qt: Any, ui: Any, dialogs: Dialogs, changed: Callable[[str], None]) -> None:
        self._qt, self._ui, self._dialogs, self._changed = qt, ui, dialogs, changed
        self._form = self._blank = WorksheetForm()
        self._items: dict[tuple[int, int], Any] = {}  # Python must keep what the table shows
        self.text: str | None = None
        ui.worksheetTable.setRowCount(len(_FILL_FIELDS))
        ui.worksheetTable.setColumnCount(len(_FILLS))
        ui.worksheetTable.setVerticalHeaderLabels(say.fill_rows())
        ui.worksheetTable.setHorizontalHeaderLabels(say.fill_headers())
        self._make_cells()
        ui.isotopeComboBox.addItems([isotope.name for isotope in ISOTOPES])
        ui.worksheetTable.cellChanged.connect(self._on_edited)
        ui.isotopeComboBox.currentTextChanged.connect(self._on_isotope)
        for edit in self._edits().values():
            edit.editingFinished.connect(self._on_edited)
        ui.decayCorrectedCheckBox.toggled.connect(self._on_edited)
        ui.loadActivityButton.clicked.connect(self._on_load)
        ui.saveActivityButton.clicked.connect(self._on_save)
        ui.clearActivityButton.clicked.connect(self._on_clear)

    def begin(self, facts: ScanFacts) -> str:
        """
        Take what the header of another volume tells.

        Parameters
        ----------
        facts : ScanFacts
            Of the scan; Clear goes back to them.

        Returns
        -------
        text : str
            A worksheet with them and without fills.
        """
        self._blank = form_of_scan(facts)
        self._ui.scanStartLineEdit.setToolTip(say.scan_start_tip(facts.notes))
        return form_to_text(self._blank)

    def show(self, text: str) -> None:
        """
        Fill the section; nobody is told.

        Parameters
        ----------
        text : str
            The worksheet as a scene keeps it.

        Raises
        ------
        InputFileError
            If the text holds no worksheet; what was shown stays.
        """
        self._form, self.text = form_from_text(text), text
        self._fill()

    def commit(self) -> None:
        """Take a line that is still being typed: buttons do not always take the focus from it."""
        self._on_edited()

    @property
    def known(self) -> Known:
        """What the worksheet tells an analysis: nothing, or why not, if it is not complete."""
        try:
            return Known(worksheet=_checked(self._form))
        except PhantomError as error:
            return Known(notes=(say.worksheet_not_used(error),))

    def _on_edited(self) -> None:
        """Take what was typed; the answer says what is missing."""
        self._take(with_whole_times(self._read()))

    def _on_isotope(self, isotope: str) -> None:
        """Another isotope has another half-life: that of the table."""
        if isotope and isotope != self._form.isotope:
            self._take(replace(self._read(), isotope=isotope, half_life=''))

    def _on_load(self) -> None:
        """Read a worksheet from a file."""
        path = self._dialogs.choose_file(say.load_activity_title(), say.activity_files())
        if path:
            with self._dialogs.guard(say.activity_failed()):
                self._take(form_of_worksheet(load_worksheet(Path(path))))

    def _on_save(self) -> None:
        """Write the worksheet to a file."""
        self.commit()
        with self._dialogs.guard(say.activity_failed()):
            worksheet = _checked(self._form)
            title, files = say.save_activity_title(), say.activity_files()
            path = self._dialogs.choose_file(title, files, save_as=_FILE_NAME)
            if path and worksheet is not None:
                save_worksheet(worksheet, Path(path))

    def _on_clear(self) -> None:
        """Forget the fills; what the header tells stays."""
        self._take(self._blank)

    def _take(self, form: WorksheetForm) -> None:
        if form == self._form:
            return
        self._form, self.text = form, form_to_text(form)
        self._fill()
        self._changed(self.text)

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
        self._answer()

    def _make_cells(self) -> None:
        """Made once: a cell may be told of while it is edited."""
        for column in range(len(_FILLS)):
            for row in range(len(_FILL_FIELDS)):
                item = self._qt.QTableWidgetItem('')
                self._ui.worksheetTable.setItem(row, column, item)
                self._items[row, column] = item

    def _fill_table(self) -> None:
        self._ui.worksheetTable.blockSignals(True)
        for column, name in enumerate(_FILLS):
            for row, one in enumerate(_FILL_FIELDS):
                self._items[row, column].setText(getattr(getattr(self._form, name), one))
        self._ui.worksheetTable.blockSignals(False)

    def _answer(self) -> None:
        """What follows from the worksheet, or what is missing."""
        text, tip, complete = say.activity_unknown(), say.activity_unknown_tip(), False
        try:
            worksheet = _checked(self._form)
            if worksheet is not None:
                activity = true_activity(worksheet)
                text, tip = say.activity_text(activity), '\n'.join(activity.decisions)
                complete = True
        except PhantomError as error:
            text = say.worksheet_not_used(error)
        self._ui.activityLabel.text = text
        self._ui.activityLabel.setToolTip(tip)
        self._ui.saveActivityButton.enabled = complete


def _checked(form: WorksheetForm) -> FillWorksheet | None:
    """The worksheet, if the concentrations can be found from it too."""
    worksheet = worksheet_of_form(form)
    if worksheet is not None:
        true_activity(worksheet)
    return worksheet
