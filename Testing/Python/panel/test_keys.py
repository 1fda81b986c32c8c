"""Keys in the panel's tables, as a spreadsheet has them, and Escape."""

import numpy as np
import pytest

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

from stand_in_application import application, parent_widget  # noqa: E402 - needs slicer
from stand_in_classes import press  # noqa: E402
from VOIIdentificationLib.mrml.volume import volume_node_from_image  # noqa: E402
from VOIIdentificationLib.panel.keys import block_of_text, pasted, text_of_block  # noqa: E402


@pytest.fixture
def widget(scene, monkeypatch, made):
    with application(scene, monkeypatch) as module:
        volume_node_from_image(made[0], 'PET')
        widget = module.VOIIdentificationWidget(parent_widget())
        widget.setup()
        yield widget
        widget.cleanup()


def texts(table, rows, columns):
    return [[table.item(row, column).text() for column in columns] for row in rows]


# Blocks


def test_a_block_is_read_as_spreadsheets_write_it():
    assert block_of_text('1\t2\r\n3\t 4 \r\n') == [['1', '2'], ['3', '4']]
    assert block_of_text('1\n') == [['1']]
    assert block_of_text('1\n\n3') == [['1'], [''], ['3']]
    assert block_of_text('') == []


def test_a_block_is_written_as_spreadsheets_read_it():
    assert text_of_block({(1, 0): 'a', (1, 1): 'b', (3, 1): 'd'}) == 'a\tb\n\td'
    assert text_of_block({(2, 2): 'x'}) == 'x'
    assert text_of_block({}) == ''


def test_a_block_begins_at_the_upper_left_and_ends_at_the_border():
    block = [['1', '2', '3'], ['4', '5', '6']]

    assert pasted(block, [(4, 1), (4, 0)], (5, 2)) == {(4, 0): '1', (4, 1): '2'}
    assert pasted(block, [(0, 1)], (5, 2)) == {(0, 1): '1', (1, 1): '4'}
    assert pasted(block, [], (5, 2)) == {}


def test_one_value_goes_into_every_selected_cell():
    assert pasted([['7']], [(0, 0), (2, 1)], (5, 2)) == {(0, 0): '7', (2, 1): '7'}


# The fill worksheet


def test_a_block_is_pasted_into_the_worksheet_and_taken(widget):
    table = widget.ui.worksheetTable
    slicer.app.clipboard().setText(
        '20,9\t28.9\n2026-03-01 09:15\t2026-03-01 09:20\n\t\n\t\n700\t9700\n'
    )
    widget.ui.scanStartLineEdit.text = '2026-03-01 10:15:00'
    table.select_((0, 0))

    assert press(table, None, matches='Paste')

    assert texts(table, (0, 4), (0, 1)) == [['20,9', '28.9'], ['700', '9700']]
    assert widget.panel.request.known.worksheet is not None
    assert 'a_H' in widget.ui.activityLabel.text


def test_copy_and_cut_and_delete(widget):
    table = widget.ui.worksheetTable
    slicer.app.clipboard().setText('1\t2\n3\t4')
    table.select_((0, 0))
    press(table, None, matches='Paste')
    table.select_((0, 0), (0, 1), (1, 0), (1, 1))

    assert press(table, None, matches='Copy')
    assert slicer.app.clipboard().text() == '1\t2\n3\t4'
    assert press(table, None, matches='Cut')
    assert texts(table, (0, 1), (0, 1)) == [['', ''], ['', '']]
    table.select_((0, 0))
    press(table, None, matches='Paste')
    table.select_((0, 1), (1, 1))
    assert press(table, 'Key_Delete')
    assert texts(table, (0, 1), (0, 1)) == [['1', ''], ['3', '']]
    assert '"assay": "1"' in widget.panel.parameters.activity


def test_a_change_of_many_cells_is_told_once(widget, monkeypatch):
    told = []
    section = widget.panel.activity_section
    monkeypatch.setattr(section, '_changed', told.append)
    slicer.app.clipboard().setText('1\t2\n3\t4')
    widget.ui.worksheetTable.select_((0, 0))

    press(widget.ui.worksheetTable, None, matches='Paste')
    press(widget.ui.worksheetTable, None, matches='Paste')

    assert len(told) == 1


@pytest.mark.parametrize(
    ('cell', 'key', 'stays'),
    [
        ((4, 1), 'Key_Tab', False),
        ((4, 0), 'Key_Tab', True),
        ((0, 0), 'Key_Backtab', False),
        ((0, 1), 'Key_Backtab', True),
    ],
)
def test_tab_leaves_at_the_last_cell_and_back_at_the_first(widget, cell, key, stays):
    table = widget.ui.worksheetTable
    table.select_(cell)

    assert not press(table, key), 'Qt itself moves on'
    assert table.tabKeyNavigation == stays


def test_tab_in_an_editor_goes_on_row_by_row_and_stays_at_the_end(widget):
    """Qt goes back to the first cell from there, and edits that."""
    table = widget.ui.worksheetTable
    table.edit_(3, 1)

    for _n in range(3):
        table.editor_.text = f'{table.currentRow()}{table.currentColumn()}'
        table.tab_()

    assert (table.currentRow(), table.currentColumn()) == (4, 1)
    assert table.editor_ is None
    assert texts(table, (0, 3, 4), (0, 1)) == [['', ''], ['', '31'], ['40', '41']]
    assert '"volume": "41"' in widget.panel.parameters.activity


def test_other_keys_are_left_to_the_table(widget):
    widget.ui.worksheetTable.select_((0, 0))

    assert not press(widget.ui.worksheetTable, 'Key_5')


# Inserts


def test_diameters_are_pasted_as_a_column(widget):
    table = widget.ui.insertsTable
    slicer.app.clipboard().setText('36\n27\n21\n16\n12\n9')
    table.select_((0, 1))

    press(table, None, matches='Paste')

    diameters = [insert.diameter_mm for insert in widget.panel.phantom.inserts]
    assert diameters == [36, 27, 21, 16, 12, 9]


def test_what_cannot_be_is_refused_and_put_back(widget):
    table = widget.ui.insertsTable
    table.select_((0, 1))

    with pytest.raises(Exception, match="diameter of insert 'S37' must be a length"):
        press(table, 'Key_Delete')

    assert texts(table, (0,), (1,)) == [['37']]


# Points


def place_all(widget, truth):
    widget.ui.placeSeedsButton.click()
    for true in truth.inserts:
        widget.ui.seedsWidget.click_in_slice(true.center_ras_mm)


def fill_rows(markups_widget):
    """The table of the application's widget, a row a point."""
    table, points = markups_widget.tableWidget(), markups_widget.currentNode()
    table.setRowCount(points.GetNumberOfControlPoints())
    for row in range(table.rowCount):
        item = type(widget_item())()
        table.setItem(row, 0, item)
    return table


def widget_item():
    from stand_in_classes import classes

    return classes()['qt.QTableWidgetItem']('')


def test_delete_takes_back_seeds_and_keeps_their_rows(widget, made):
    place_all(widget, made[1])
    table, seeds = fill_rows(widget.ui.seedsWidget), widget.panel.parameters.seeds
    seeds.SetNthControlPointLocked(2, True)
    table.select_((2, 0), (4, 0))

    assert press(table, 'Key_Delete')

    assert widget.ui.seedCountLabel.text == '4 of 6; next S22'
    assert seeds.GetNumberOfControlPoints() == 6


def test_delete_removes_background_points(widget, made):
    widget.ui.placeBackgroundButton.click()
    for n in range(3):
        widget.ui.backgroundWidget.click_in_slice(np.array([10.0 * n, 0.0, 0.0]))
    table = fill_rows(widget.ui.backgroundWidget)
    table.select_((0, 0), (1, 0))

    assert press(table, 'Key_Delete')

    assert widget.ui.backgroundCountLabel.text == '1 placed'


def test_escape_ends_placing_from_anywhere_in_the_panel(widget):
    panel = next(w for w, _f in widget.keyFilters if w.api_name == 'slicer.qMRMLWidget')
    widget.ui.placeSeedsButton.click()
    assert widget.ui.seedsWidget.markupsPlaceWidget().placing_

    assert press(panel, 'Key_Escape')

    assert not widget.ui.seedsWidget.markupsPlaceWidget().placing_
    assert not widget.ui.placeSeedsButton.checked
    assert not press(panel, 'Key_Escape'), 'nothing to end: others may want it'


def test_no_filter_is_left_behind(widget):
    filters = list(widget.keyFilters)
    widget.cleanup()

    for watched, _filter in filters:
        names = [name for name, _args in watched.called if name.endswith('EventFilter')]
        assert names == ['installEventFilter', 'removeEventFilter']
