"""
Draw the panel with Qt and print its size: `python panel_picture.py PANEL.ui PICTURE.png`.

Names of sections after that are drawn open, e.g. `activityCollapsibleButton`.

Needs PySide6. The widgets that only the application has are replaced by plain ones of their
size. No test imports this file; test_ui.py runs it where PySide6 is installed.
"""

import sys

SECTION_HEIGHT = 24


def main(ui_file, picture, *opened):
    """Load, fold what is folded, fill in an example, draw."""
    from PySide6.QtCore import QFile
    from PySide6.QtUiTools import QUiLoader
    from PySide6.QtWidgets import QApplication, QGroupBox, QWidget

    application = QApplication([])

    class Loader(QUiLoader):
        def createWidget(self, class_name, parent=None, name=''):  # noqa: N802 - Qt's name
            if not class_name.startswith(('qMRML', 'qSlicer', 'ctk')):
                return super().createWidget(class_name, parent, name)
            widget = placeholder(class_name, parent)
            widget.setObjectName(name)
            return widget

    file = QFile(ui_file)
    file.open(QFile.OpenModeFlag.ReadOnly)
    panel = Loader().load(file)
    for widget in panel.findChildren(QGroupBox):
        if widget.property('text'):
            widget.setTitle(widget.property('text'))
        if widget.property('collapsed') and widget.objectName() not in opened:
            fold(widget, QWidget)
    for name, text in EXAMPLE.items():
        panel.findChild(QWidget, name).setText(text)
    for name, text in CHOSEN.items():
        panel.findChild(QWidget, name).addItem(text)
    for name in ENABLED:
        panel.findChild(QWidget, name).setEnabled(True)
    panel.findChild(QWidget, 'suvLabel').hide()
    fill_table(panel.findChild(QWidget, 'worksheetTable'), *WORKSHEET)
    fill_table(panel.findChild(QWidget, 'seedsWidget').table, *SEEDS)
    panel.resize(440, panel.sizeHint().height())
    panel.show()
    application.processEvents()
    panel.grab().save(picture)
    size = panel.sizeHint()
    sys.stdout.write(f'{size.width()} {size.height()}\n')


def placeholder(class_name, parent):
    """A plain widget of about the size."""
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QComboBox, QGroupBox, QTableWidget, QVBoxLayout, QWidget

    if class_name == 'qMRMLNodeComboBox':
        return QComboBox(parent)
    if class_name.startswith('ctkCollapsible'):
        return QGroupBox(parent)
    widget = QWidget(parent)
    if class_name == 'qSlicerSimpleMarkupsWidget':
        layout = QVBoxLayout(widget)
        layout.addWidget(QComboBox())
        widget.table = QTableWidget(6, 2)
        widget.table.verticalHeader().setDefaultSectionSize(22)
        widget.table.horizontalHeader().setStretchLastSection(True)
        widget.table.horizontalHeader().setMaximumHeight(22)
        widget.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(widget.table)
    return widget


def fill_table(table, columns, rows, cells):
    """Headers and cells of a table."""
    from PySide6.QtWidgets import QTableWidgetItem

    table.setColumnCount(len(columns))
    table.setRowCount(len(rows))
    table.setHorizontalHeaderLabels(columns)
    table.setVerticalHeaderLabels(rows)
    for row, texts in enumerate(cells):
        for column, text in enumerate(texts):
            table.setItem(row, column, QTableWidgetItem(text))


def fold(widget, widget_class):
    """As a collapsed section looks."""
    for child in widget.findChildren(widget_class):
        child.setVisible(False)
    widget.setFixedHeight(SECTION_HEIGHT)


EXAMPLE = {
    'inputSummaryLabel': 'IEC body, 2026-03-01 10:15:00\n192 x 192 x 89 voxels of 2.083 x 2.083 x '
    '2.780 mm\nValues in Bq/mL',
    'verificationLabel': 'The voxels are upside down: 0.5 to 38128, where the DICOM files say '
    '0 to 38127. The reader inverted them (MONOCHROME1). Reload the volume from its files.',
    'seedCountLabel': '4 of 6; next S13',
    'halfLifeLineEdit': '6586.2',
    'scanStartLineEdit': '2026-03-01 10:15:00',
    'scanDurationLineEdit': '600',
    'activityLabel': 'a_H 19.94 kBq/mL ± 3.0 %, a_B 2.04 kBq/mL ± 3.0 %, ratio 9.786 ± 0.7 % '
    'at 2026-03-01 10:15:00',
    'standardsLabel': 'EARL 1: RCmax 6 of 6 within, RCmean (A50) 5 of 6 within (not S10).',
    'roisLabel': '12, placed by the rule',
    'resultsLabel': '6 inserts measured in Bq/mL.\nS10: the best position lies at the limit of '
    'the search: check the seed',
}
CHOSEN = {
    'inputVolumeSelector': 'IEC body',
    'phantomComboBox': 'NEMA IEC body',
    'isotopeComboBox': 'F-18',
    'suvTypeComboBox': 'body weight',
}
ENABLED = (
    *('placeSeedsButton', 'applyButton', 'showTableButton', 'exportButton', 'openFolderButton'),
    *('saveActivityButton', 'makeSUVButton'),
)
SEEDS = (
    ['Name', 'Position'],
    [''] * 6,
    [
        ('S37', '57.2, 12.0, -21.3'),
        ('S28', '28.6, 61.5, -21.1'),
        ('S22', '-28.5, 61.6, -21.0'),
        ('S17', '-57.1, 12.2, -21.2'),
        ('S13', ''),
        ('S10', ''),
    ],
)
WORKSHEET = (
    ['Hot spheres', 'Background'],
    ['Assay [MBq]', 'Assay time', 'Residual [MBq]', 'Residual time', 'Volume [mL]'],
    [
        ('20.9', '28.9'),
        ('2026-03-01 09:15:00', '2026-03-01 09:20:00'),
        ('0.5', '0.9'),
        ('2026-03-01 09:18:00', '2026-03-01 09:24:00'),
        ('700', '9700'),
    ],
)

if __name__ == '__main__':
    main(*sys.argv[1:])
