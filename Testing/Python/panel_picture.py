"""
Draw the panel with Qt and print its size: `python panel_picture.py PANEL.ui PICTURE.png`.

Needs PySide6. The widgets that only the application has are replaced by plain ones of their
size. No test imports this file; test_ui.py runs it where PySide6 is installed.
"""

import sys

SECTION_HEIGHT = 24


def main(ui_file, picture):
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
        if widget.property('collapsed'):
            fold(widget, QWidget)
    for name, text in EXAMPLE.items():
        panel.findChild(QWidget, name).setText(text)
    panel.resize(440, panel.sizeHint().height())
    panel.show()
    application.processEvents()
    panel.grab().save(picture)
    size = panel.sizeHint()
    sys.stdout.write(f'{size.width()} {size.height()}\n')


def placeholder(class_name, parent):
    """A plain widget of about the size."""
    from PySide6.QtWidgets import QComboBox, QGroupBox, QTableWidget, QVBoxLayout, QWidget

    if class_name == 'qMRMLNodeComboBox':
        return QComboBox(parent)
    if class_name.startswith('ctkCollapsible'):
        return QGroupBox(parent)
    widget = QWidget(parent)
    if class_name == 'qSlicerSimpleMarkupsWidget':
        layout = QVBoxLayout(widget)
        layout.addWidget(QComboBox())
        layout.addWidget(QTableWidget(6, 4))
    return widget


def fold(widget, widget_class):
    """As a collapsed section looks."""
    for child in widget.findChildren(widget_class):
        child.setVisible(False)
    widget.setFixedHeight(SECTION_HEIGHT)


EXAMPLE = {
    'inputSummaryLabel': 'IEC body, 2026-03-01 10:15:00\n192 x 192 x 89 voxels of 2.083 x 2.083 x '
    '2.780 mm\nMissing: the unit of the values',
    'verificationLabel': 'The voxels are upside down: 0.5 to 38128, where the DICOM files say '
    '0 to 38127. The reader inverted them (MONOCHROME1). Reload the volume from its files.',
    'seedCountLabel': '4 of 6; next S13',
    'resultsLabel': '6 inserts measured in Bq/mL.\nS10: the best position lies at the limit of '
    'the search: check the seed',
}

if __name__ == '__main__':
    main(*sys.argv[1:])
