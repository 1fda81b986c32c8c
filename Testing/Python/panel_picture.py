"""
Draw the panel with Qt and print its sizes: `python panel_picture.py PANEL.ui PICTURE.png`.

After that come words: the height of the module's place in the application (`height=455`), its
width, `dark`, `long` for texts that wrap often, and names of sections that are drawn open, e.g.
`activityCollapsibleButton`.

What is printed, a line each: width and height that the panel asks for; widgets that are cut or lie
over another one; widgets that must always be seen and are not.

Needs PySide6. The widgets that only the application has are replaced by plain ones of their
size and habits. No test imports this file; test_ui.py runs it where PySide6 is installed.
"""

import sys

SETTLE = 12
"""Rounds of events after which a layout has come to rest."""

ALWAYS_SEEN = ('applyButton', 'missingBrowser')


def main(ui_file, picture, *words):
    """Load, fold what is folded, fill in an example, put it into the application's place, draw."""
    from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

    sizes = dict(word.split('=') for word in words if '=' in word)
    application = QApplication([])
    if 'dark' in words:
        application.setPalette(dark_palette())
    panel = load(ui_file)
    fill_in(panel, words)
    module_panel = QScrollArea()  # as Slicer's qSlicerModulePanel
    module_panel.setWidgetResizable(True)
    module_panel.setWidget(panel)
    wanted = panel.sizeHint()
    module_panel.resize(int(sizes.get('width', 440)), int(sizes.get('height', 800)))
    module_panel.show()
    for _n in range(SETTLE):
        application.processEvents()
    if 'long' in words:  # texts that come later, with everything on the screen
        fill_long(panel)
        for _n in range(SETTLE):
            application.processEvents()
    module_panel.grab().save(picture)
    sections = panel.findChild(QWidget, 'sectionsWidget')
    sections.grab().save(picture.replace('.png', '_sections.png'))
    smallest = sections.minimumSizeHint().width()
    sys.stdout.write(f'{wanted.width()} {wanted.height()} {smallest}\n')
    sys.stdout.write(f'wrong: {" ".join(wrong_places(panel))}\n')
    hidden = [n for n in ALWAYS_SEEN if not is_seen(module_panel, panel.findChild(QWidget, n))]
    sys.stdout.write(f'not seen: {" ".join(hidden)}\n')


def load(ui_file):
    """The panel, with placeholders for what is the application's."""
    from PySide6.QtCore import QFile
    from PySide6.QtUiTools import QUiLoader

    class Loader(QUiLoader):
        def createWidget(self, class_name, parent=None, name=''):  # noqa: N802 - Qt's name
            if not class_name.startswith(('qMRML', 'qSlicer', 'ctk')):
                return super().createWidget(class_name, parent, name)
            widget = placeholder(class_name, parent)
            widget.setObjectName(name)
            return widget

    file = QFile(ui_file)
    file.open(QFile.OpenModeFlag.ReadOnly)
    return Loader().load(file)


def fill_in(panel, words):
    """An example, in the sections that are open."""
    from PySide6.QtWidgets import QGroupBox, QHeaderView, QPushButton, QWidget

    for widget in panel.findChildren(QGroupBox):
        if widget.property('collapsed') and widget.objectName() not in words:
            fold(widget, QWidget)
    for widget in panel.findChildren(QPushButton):
        if hasattr(widget, 'fold_'):
            widget.fold_(bool(widget.property('collapsed')) and widget.objectName() not in words)
    for name, text in EXAMPLE.items():
        panel.findChild(QWidget, name).setText(text)
    for name, texts in CHOSEN.items():
        panel.findChild(QWidget, name).addItems(texts)
    for name in ENABLED:
        panel.findChild(QWidget, name).setEnabled(True)
    panel.findChild(QWidget, 'resultsBrowser').setHtml(RESULTS)
    panel.findChild(QWidget, 'suvLabel').hide()
    panel.findChild(QWidget, 'missingBrowser').hide()
    worksheet = panel.findChild(QWidget, 'worksheetTable')
    fill_table(worksheet, *WORKSHEET)
    worksheet.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    inserts = panel.findChild(QWidget, 'insertsTable')
    fill_table(inserts, *INSERTS, ticks=True)
    inserts.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    for name in ('seedsWidget', 'backgroundWidget'):
        fill_table(panel.findChild(QWidget, name).table, *SEEDS)


def fill_long(panel):
    """Every text that wraps becomes three times as long; rows that were hidden come."""
    from PySide6.QtWidgets import QLabel, QWidget

    for label in panel.findChildren(QLabel):
        if label.wordWrap():
            label.setText(' '.join([label.text() or 'A sentence that says why.'] * 3))
    panel.findChild(QWidget, 'suvLabel').show()
    missing = panel.findChild(QWidget, 'missingBrowser')
    missing.setPlainText(' '.join([EXAMPLE['verificationLabel']] * 2))
    missing.show()


def wrong_places(panel):
    """Labels and cells that are cut, and widgets of one section that lie over each other."""
    from PySide6.QtWidgets import QLabel, QTableWidget, QWidget

    for label in panel.findChildren(QLabel):
        wraps = label.isVisible() and label.wordWrap()
        if wraps and label.height() < label.heightForWidth(label.width()):
            yield f'cut:{label.objectName()}'
    for table in panel.findChildren(QTableWidget):
        if table.objectName() and table.isVisible():
            yield from cut_cells(table)
    for parent in panel.findChildren(QWidget):
        own = [w for w in parent.children() if isinstance(w, QWidget) and w.isVisible()]
        named = [w for w in own if not w.objectName().startswith('qt_') and w.objectName()]
        for n, one in enumerate(named):
            for other in named[n + 1 :]:
                if one.geometry().intersects(other.geometry()):
                    yield f'over:{one.objectName()}/{other.objectName()}'
            scrolled = parent.objectName().startswith('qt_')
            if not scrolled and not parent.rect().contains(one.geometry()):
                yield f'outside:{one.objectName()}'


def cut_cells(table):
    """Columns with a text that is wider, and rows below the end of a table that does not scroll."""
    from PySide6.QtCore import Qt

    margin = 8
    for column in range(table.columnCount()):
        rows = [table.item(row, column) for row in range(table.rowCount())]
        texts = [table.horizontalHeaderItem(column), *rows]
        wanted = max(table.fontMetrics().horizontalAdvance(one.text()) for one in texts if one)
        if wanted + margin > table.columnWidth(column):
            yield f'narrow:{table.objectName()}/{column}'
    below = table.verticalHeader().length() > table.viewport().height()
    if below and table.verticalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff:
        yield f'below:{table.objectName()}'
    if table.horizontalScrollBar().isVisible():
        yield f'scrolls:{table.objectName()}'


def is_seen(module_panel, widget):
    """Whether the whole widget is in the window."""
    from PySide6.QtCore import QPoint, QRect

    if not widget.isVisible():
        return widget.isHidden()
    place = QRect(widget.mapTo(module_panel, QPoint(0, 0)), widget.size())
    return module_panel.rect().contains(place)


def placeholder(class_name, parent):
    """A plain widget of about the size."""
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QComboBox, QGroupBox, QTableWidget, QVBoxLayout, QWidget

    if class_name == 'qMRMLNodeComboBox':
        return QComboBox(parent)
    if class_name == 'ctkCollapsibleButton':
        return collapsible(parent)
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


def collapsible(parent):
    """A button whose children lie below its title, after ctkCollapsibleButton."""
    from PySide6.QtCore import QSize, Qt
    from PySide6.QtGui import QPainter
    from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

    title = 24

    class Collapsible(QPushButton):
        def fold_(self, folded):
            self.folded = folded
            for child in self.findChildren(
                QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly
            ):
                if folded:
                    child.setVisible(False)
            self.setMaximumHeight(title if folded else 16777215)

        def hasHeightForWidth(self):  # noqa: N802 - Qt's name
            return not self.folded and QWidget.hasHeightForWidth(self)

        def minimumSizeHint(self):  # noqa: N802 - Qt's name
            own = QSize(100, title)
            return own if self.folded else QWidget.minimumSizeHint(self).expandedTo(own)

        def sizeHint(self):  # noqa: N802 - Qt's name
            own = QSize(100, title)
            return own if self.folded else QWidget.sizeHint(self).expandedTo(own)

        def paintEvent(self, _event):  # noqa: N802 - Qt's name
            painter = QPainter(self)
            painter.fillRect(0, 0, self.width(), title, self.palette().button())
            painter.setPen(self.palette().buttonText().color())
            painter.drawText(8, 16, self.text())

    widget = Collapsible(parent)
    widget.folded = False
    widget.setContentsMargins(0, title, 0, 0)
    widget.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
    return widget


def dark_palette():
    """About Slicer's dark style."""
    from PySide6.QtGui import QColor, QPalette

    palette = QPalette(QColor(50, 50, 50))
    roles = QPalette.ColorRole
    for role, color in {
        roles.Window: (50, 50, 50),
        roles.Base: (32, 32, 32),
        roles.AlternateBase: (42, 42, 42),
        roles.Text: (230, 230, 230),
        roles.WindowText: (230, 230, 230),
        roles.ButtonText: (230, 230, 230),
        roles.Button: (62, 62, 62),
        roles.Link: (110, 170, 255),
    }.items():
        palette.setColor(role, QColor(*color))
    return palette


def fill_table(table, columns, rows, cells, *, ticks=False):
    """Headers and cells of a table."""
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QTableWidgetItem

    table.setColumnCount(len(columns))
    table.setRowCount(len(rows))
    table.setHorizontalHeaderLabels(columns)
    table.setVerticalHeaderLabels(rows)
    for row, texts in enumerate(cells):
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            if ticks and column in (0, 2):
                states = Qt.CheckState
                item.setCheckState(states.Checked if column == 0 else states.Unchecked)
            table.setItem(row, column, item)


def fold(widget, widget_class):
    """As a collapsed group looks."""
    for child in widget.findChildren(widget_class):
        child.setVisible(False)
    widget.setFixedHeight(24)


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
}
RESULTS = (
    '<p><b>Verdict</b><br>EARL 1: RCmax 6 of 6 within, RCmean (A50) 5 of 6 within (not S10).</p>'
    '<p><b>Measured</b><br>6 inserts measured in Bq/mL.<br>The spheres were found without seeds, '
    'confidence 0.97.</p><p><b>Doubts: spheres</b><br><a href="S10">S10</a>, <a href="S13">S13</a>'
    ': the best position lies at the limit of the search: check the seed</p><p><b>Doubts: '
    'background</b><br><a href="BG05">BG05</a>: a background ROI is less than 15 mm from a sphere. '
    'Drag it away in the slice view and press Apply.</p>'
)
CHOSEN = {
    'inputVolumeSelector': ['IEC body'],
    'phantomComboBox': ['NEMA IEC body'],
    'isotopeComboBox': ['F-18'],
    'suvTypeComboBox': ['body weight'],
    'refinementComboBox': ['fitted to the image'],
    'countingComboBox': ['by the part inside'],
    'limitsComboBox': ['Add…'],
    'tableComboBox': ['Spheres'],
    'chartComboBox': ['Mean and max against diameter'],
}
ENABLED = (
    *('placeSeedsButton', 'applyButton', 'showTableButton', 'exportButton', 'openFolderButton'),
    *('saveActivityButton', 'makeSUVButton', 'tableComboBox', 'chartComboBox'),
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
INSERTS = (
    ['Insert', 'Diameter [mm]', 'Cylinder, height [mm]'],
    [str(n) for n in range(1, 7)],
    [(f'S{mm}', str(mm), '') for mm in (37, 28, 22, 17, 13, 10)],
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
