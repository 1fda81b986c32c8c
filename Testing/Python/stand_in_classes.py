"""
Stand-ins for the classes of Qt, CTK and Slicer's widgets, made from what the application lists.

Each class is built from its entry in reference/slicer_api.json. Whatever the entry does not
name raises AttributeError; properties hold their values; signals can be connected and emitted.
What a test needs beyond that (a button that clicks, a table with cells) is in BEHAVIOR.
"""

import inspect
import json
from pathlib import Path

API = json.loads(
    (Path(__file__).parent / 'reference' / 'slicer_api.json').read_text(encoding='utf-8')
)

DEFAULTS = {'bool': False, 'int': 0, 'double': 0.0, 'QString': '', 'QStringList': ()}
SHOWN = {'enabled', 'visible', 'updatesEnabled'}
"""Properties of a widget that are true from the beginning."""


class Signal:
    """Calls what is connected with as many arguments as it takes, as PythonQt does."""

    def __init__(self, owner):
        self._owner = owner
        self._slots = []

    def connect(self, slot):
        self._slots.append(slot)

    def disconnect(self, slot):
        self._slots.remove(slot)

    def emit(self, *values):
        if not self._owner.signals_blocked:
            for slot in list(self._slots):
                slot(*values[: _positional(slot)])


def _positional(slot):
    kinds = [parameter.kind for parameter in inspect.signature(slot).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return None
    return sum(kind is inspect.Parameter.POSITIONAL_OR_KEYWORD for kind in kinds)


class Enumerator(str):
    """A named value of an enumeration."""

    __slots__ = ()


class ApplicationClass(type):
    """Gives the enumerators of a class, and static methods that do nothing."""

    def __getattr__(cls, name):
        if name.startswith('__') or name not in cls.attributes:
            msg = f'the application does not list {cls.api_name}.{name}'
            raise AttributeError(msg)
        return Enumerator(f'{cls.api_name}.{name}') if name[0].isupper() else _nothing


class StandIn(metaclass=ApplicationClass):
    """An object of a listed class."""

    api_name = ''
    attributes = frozenset()
    properties: dict = {}  # noqa: RUF012 - replaced, never changed
    signals = frozenset()

    def __init__(self, *_args):
        values = {name: DEFAULTS.get(kind) for name, kind in self.properties.items()}
        values |= dict.fromkeys(SHOWN & set(values), True)
        self.__dict__.update(
            values=values, dynamic={}, called=[], signals_blocked=False, emitters={}, children_={}
        )
        self.start()

    def start(self):
        """What a behavior needs before it is used."""

    def __getattr__(self, name):
        if name in self.signals:
            return self.emitters.setdefault(name, Signal(self))
        if name in self.properties:
            return self.values[name]
        if name not in self.attributes:
            msg = f'the application does not list {self.api_name}.{name}'
            raise AttributeError(msg)
        if name[0].isupper():
            return Enumerator(f'{self.api_name}.{name}')
        return lambda *args: self.called.append((name, args))

    def __setattr__(self, name, value):
        if name.endswith('_') or name == 'signals_blocked':
            self.__dict__[name] = value  # of the stand-in, not of the application
        elif name in self.properties:
            if self.values.get(name) != value:
                self.values[name] = value
                self.changed(name)
        elif name in self.attributes or name in self.signals:
            msg = f'{self.api_name}.{name} is no property'
            raise AttributeError(msg)
        else:
            msg = f'the application does not list {self.api_name}.{name}'
            raise AttributeError(msg)

    def changed(self, name):
        """Called after a property got another value."""

    def property(self, name):
        return self.values.get(name) if name in self.properties else self.dynamic.get(name)

    def setProperty(self, name, value):
        if name in self.properties:
            setattr(self, name, value)
        else:
            self.dynamic[name] = value

    def blockSignals(self, blocked):
        before, self.signals_blocked = self.signals_blocked, blocked
        return before

    def grab(self):
        return Pixmap()

    def deleteLater(self):
        """Gone with its children when the application handles its events; till then as it was."""
        Timer.waiting_ += [one.destroy_ for one in (*self.children_.values(), self)]

    def destroy_(self):
        """Whatever was connected goes with a widget, and its actions do."""
        self.emitters.clear()
        self.called.clear()
        self.__dict__.get('actions_', []).clear()


def _nothing(*_args):
    return None


class Button(StandIn):
    def click(self):
        if self.enabled and self.visible:
            if self.checkable:
                self.checked = not self.checked
            self.clicked.emit(self.checked)

    def changed(self, name):
        if name == 'checked':
            self.toggled.emit(self.checked)


class CheckBox(Button):
    def start(self):
        self.values['checkable'] = True

    def changed(self, name):
        super().changed(name)
        if name == 'checked':
            self.stateChanged.emit(2 if self.checked else 0)


class ComboBox(StandIn):
    def start(self):
        self.items_ = []
        self.values['currentIndex'] = -1

    def addItem(self, text):
        self.items_.append(text)
        self.values['count'] = len(self.items_)
        self.currentIndex = max(self.currentIndex, 0)

    def addItems(self, texts):
        for text in texts:
            self.addItem(text)

    def findText(self, text):
        return self.items_.index(text) if text in self.items_ else -1

    def clear(self):
        self.items_.clear()
        self.values.update(count=0, currentText='')
        self.currentIndex = -1

    def changed(self, name):
        if name == 'currentText':
            self.currentIndex = self.items_.index(self.values['currentText'])
        if name == 'currentIndex':
            text = self.items_[self.currentIndex] if self.currentIndex >= 0 else ''
            self.values['currentText'] = text
            self.currentIndexChanged.emit(self.currentIndex)
            self.currentTextChanged.emit(text)


class SpinBox(StandIn):
    def setRange(self, low, high):
        self.values.update(minimum=low, maximum=high)

    def changed(self, name):
        if name == 'value':
            self.values['value'] = min(max(self.value, self.minimum), self.maximum)
            self.valueChanged.emit(self.value)


class Table(StandIn):
    def start(self):
        self.cells_, self.selected_, self.actions_ = {}, [], []
        self.selected_row_ = self.selected_column_ = -1
        self.values['tabKeyNavigation'] = True
        self.viewport_, self.editor_ = classes()['qt.QWidget'](), None
        self.header_ = classes()['qt.QHeaderView']()

    def horizontalHeader(self):
        return self.header_

    def viewport(self):
        return self.viewport_

    def edit_(self, row, column):
        """A cell is edited: its editor is made, watched by the table, shown; others may look."""
        self.setCurrentCell(row, column)
        self.editor_ = classes()['qt.QLineEdit']()
        self.editor_.text = self.item(row, column).text()
        self.viewport_.children_['editor'] = self.editor_
        send(self.viewport_, 'ChildPolished')
        return self.editor_

    def tab_(self):
        """Tab in the editor: whoever watches it, else the table, which begins anew at its end."""
        if not press(self.editor_, 'Key_Tab'):
            n = self.selected_row_ * self.columnCount + self.selected_column_ + 1
            self.setFocus()
            self.edit_(*divmod(n % (self.rowCount * self.columnCount), self.columnCount))

    def setFocus(self):
        """An editor that loses the focus gives its text to the cell and is gone."""
        editor, self.editor_ = self.editor_, None
        if editor is not None:
            self.viewport_.children_.clear()
            self.item(*self.selected_[-1]).setText(editor.text)

    def addAction(self, action):
        self.actions_.append(action)

    def setContextMenuPolicy(self, policy):
        self.values['contextMenuPolicy'] = policy

    def menu_(self):
        """What a right click shows: texts of what can be chosen, and the actions by their text."""
        assert self.contextMenuPolicy.endswith('ActionsContextMenu')
        return {action.text: action for action in self.actions_ if action.enabled}

    def setRowCount(self, count):
        self.values['rowCount'] = count
        self.cells_ = {place: item for place, item in self.cells_.items() if place[0] < count}

    def setColumnCount(self, count):
        self.values['columnCount'] = count

    def setItem(self, row, column, item):
        item.table_, item.place_ = self, (row, column)
        self.cells_[row, column] = item
        self.cellChanged.emit(row, column)

    def item(self, row, column):
        return self.cells_.get((row, column))

    def currentRow(self):
        return self.selected_row_

    def currentColumn(self):
        return self.selected_column_

    def setCurrentCell(self, row, column):
        self.selected_row_, self.selected_column_ = row, column
        self.selected_ = [(row, column)]

    def select_(self, *cells):
        self.setCurrentCell(*cells[-1])
        self.selected_ = list(cells)

    def selectedItems(self):
        return [self.cells_[cell] for cell in self.selected_ if cell in self.cells_]


class TableItem(StandIn):
    def __init__(self, text=''):
        super().__init__()
        self.shown_, self.ticked_, self.table_, self.place_ = text, None, None, None

    def text(self):
        return self.shown_

    def setText(self, text):
        self.shown_ = text
        self._tell()

    def row(self):
        return self.place_[0]

    def column(self):
        return self.place_[1]

    def checkState(self):
        return self.ticked_

    def setCheckState(self, state):
        self.ticked_ = state
        self._tell()

    def _tell(self):
        if self.table_ is not None:
            self.table_.cellChanged.emit(*self.place_)


class PlainWidget(StandIn):
    def children(self):
        return tuple(self.children_.values())


class Action(StandIn):
    def __init__(self, text='', _parent=None):
        super().__init__()
        self.values['text'] = text

    def trigger(self):
        if self.enabled:
            self.triggered.emit(False)


class Menu(StandIn):
    def __init__(self, title='', _parent=None):
        super().__init__()
        self.values['title'] = title
        self.actions_, self.own_ = [], classes()['qt.QAction'](title)

    def menuAction(self):
        return self.own_

    def addAction(self, action):
        self.actions_.append(action)

    def clear(self):
        self.actions_.clear()

    def changed(self, name):
        if name == 'enabled':
            self.own_.enabled = self.enabled


class ProgressDialog(StandIn):
    cancel_next_ = False
    made_ = []  # noqa: RUF012 - every dialog of a test

    def start(self):
        type(self).made_.append(self)

    def changed(self, name):
        if name == 'value' and type(self).cancel_next_:
            self.values['wasCanceled'] = True


class FileDialog(StandIn):
    answer_ = ''

    @classmethod
    def getExistingDirectory(cls, _parent, _title, _start):
        return cls.answer_

    @classmethod
    def getOpenFileName(cls, _parent, _title, _start, _filter):
        return cls.answer_

    @classmethod
    def getSaveFileName(cls, _parent, _title, _start, _filter):
        return cls.answer_


class Timer(StandIn):
    """What waits is done when the application handles its events."""

    waiting_ = []  # noqa: RUF012 - of a test

    def __init__(self, *_args):
        super().__init__()
        self.values['singleShot'] = False

    def setSingleShot(self, single):
        self.values['singleShot'] = single

    def start(self, milliseconds=None):
        """Without a time it is the beginning of the stand-in itself."""
        if milliseconds is not None:
            assert self.singleShot
            self.stop()
            self.waiting_.append(self.timeout.emit)

    def stop(self):
        if self.timeout.emit in self.waiting_:
            self.waiting_.remove(self.timeout.emit)

    @classmethod
    def run_(cls):
        while cls.waiting_:
            cls.waiting_.pop(0)()


class DesktopServices(StandIn):
    opened_ = []  # noqa: RUF012 - what a test asks for

    @classmethod
    def openUrl(cls, url):
        cls.opened_.append(url)


class Url(StandIn):
    @staticmethod
    def fromLocalFile(path):
        return f'file:{path}'


class Object(StandIn):
    """A class of Python that is derived from a class of Qt may have attributes of its own."""

    def __setattr__(self, name, value):
        self.__dict__[name] = value


class Clipboard(StandIn):
    def start(self):
        self.text_ = ''

    def text(self):
        return self.text_

    def setText(self, text):
        self.text_ = text


def press(widget, key, *, matches=None, control=False):
    """
    A key on a widget: filters are asked, the last one that was installed first.

    Returns whether one of them was done with it. `matches` is a standard key, e.g. Copy.
    """
    event = classes()['qt.QKeyEvent']()
    event.pressed_ = (key, matches, control)
    return _ask_filters(widget, event)


def send(widget, kind):
    """An event of another kind, e.g. ChildPolished."""
    event = classes()['qt.QEvent']()
    event.kind_ = kind
    return _ask_filters(widget, event)


def _ask_filters(widget, event):
    installed = [args[0] for name, args in widget.called if name == 'installEventFilter']
    removed = [args[0] for name, args in widget.called if name == 'removeEventFilter']
    active = [one for one in installed if one not in removed]
    return any(one.eventFilter(widget, event) for one in reversed(active))


class KeyEvent(StandIn):
    def type(self):
        return classes()['qt.QEvent'].KeyPress

    def key(self):
        return None if self.pressed_[0] is None else getattr(classes()['qt.Qt'], self.pressed_[0])

    def matches(self, standard):
        return standard == f'qt.QKeySequence.{self.pressed_[1]}'

    def modifiers(self):
        return Modifiers(['qt.Qt.ControlModifier'] if self.pressed_[2] else [])


class Modifiers(frozenset):
    """Keys that are held down meanwhile."""

    __slots__ = ()

    def __and__(self, one):
        return one in self


class Event(StandIn):
    def type(self):
        return getattr(classes()['qt.QEvent'], self.kind_)


class Pixmap:
    """As much of QPixmap as is needed."""

    def save(self, path):
        if Path(path).is_dir():
            return False
        Path(path).write_bytes(b'picture')
        return True


class LayoutManager(StandIn):
    """
    The layout of the application: the node and its views are real.

    A layout that is not described is refused, as the application leaves its window empty then.
    """

    def start(self):
        self.logic_, self.tables_, self.shown_ = None, {}, []
        self.values['layout'] = 3

    def layoutLogic(self):
        import slicer

        if self.logic_ is None:
            self.logic_ = slicer.vtkMRMLLayoutLogic()
            self.logic_.SetMRMLScene(slicer.mrmlScene)
        return self.logic_

    def setLayout(self, layout):
        node = self.layoutLogic().GetLayoutNode()
        assert node.IsLayoutDescription(layout), layout
        self.called.append(('setLayout', (layout,)))
        node.SetViewArrangement(layout)
        self.values['layout'] = layout
        text = node.GetLayoutDescription(layout)
        self.values['tableViewCount'] = text.count('vtkMRMLTableViewNode')

    def tableWidget(self, n):
        return self.tables_.setdefault(n, classes()['slicer.qMRMLTableWidget']())


class TableWidget(StandIn):
    def start(self):
        self.view_ = classes()['slicer.qMRMLTableView']()

    def tableView(self):
        return self.view_


class SortedRows:
    """Leads from a row as it is seen to the row of the table node."""

    def __init__(self, view):
        self._view = view

    def mapToSource(self, index):
        last = self._view.mrmlTableNode().GetNumberOfRows() - 1
        return self._view.index_(last - index.row() if self._view.upside_down_ else index.row())


class TableView(StandIn):
    """Shows what the view nodes of the scene are told to, sorted upside down if it is asked to."""

    upside_down_ = False

    def sortFilterProxyModel(self):
        return SortedRows(self)

    def mrmlTableNode(self):
        import slicer

        nodes = slicer.util.getNodesByClass('vtkMRMLTableViewNode')
        return nodes[0].GetTableNode() if nodes else None

    def index_(self, row):
        return type('Index', (), {'row': lambda _self: row})()

    def click_(self, row):
        self.clicked.emit(self.index_(row))


BEHAVIOR = {
    'qt.QObject': Object,
    'qt.QClipboard': Clipboard,
    'qt.QEvent': Event,
    'qt.QKeyEvent': KeyEvent,
    'qt.QWidget': PlainWidget,
    'slicer.qSlicerLayoutManager': LayoutManager,
    'slicer.qMRMLTableWidget': TableWidget,
    'slicer.qMRMLTableView': TableView,
    'qt.QPushButton': Button,
    'qt.QToolButton': Button,
    'qt.QCheckBox': CheckBox,
    'qt.QComboBox': ComboBox,
    'qt.QDoubleSpinBox': SpinBox,
    'qt.QTableWidget': Table,
    'qt.QTableWidgetItem': TableItem,
    'qt.QAction': Action,
    'qt.QMenu': Menu,
    'qt.QProgressDialog': ProgressDialog,
    'qt.QFileDialog': FileDialog,
    'qt.QDesktopServices': DesktopServices,
    'qt.QUrl': Url,
    'qt.QTimer': Timer,
}

_CLASSES = {}


def listed(api_name):
    """Attributes, properties and signals of a class, with those of QWidget if it is one."""
    entry = API['classes'][api_name]
    entries = [entry]
    if 'extends' in entry:
        entries.append(API['classes'][entry['extends']])
    properties = dict(p.split(': ') for one in entries for p in one.get('properties', ()))
    signals = {s.split('(')[0] for one in entries for s in one.get('signals', ())}
    attributes = {name for one in entries for name in one['attributes']} | set(properties) | signals
    return attributes, properties, signals


def classes():
    """Every listed class by its name, e.g. ``'qt.QLabel'``."""
    if not _CLASSES:
        import stand_in_selectors  # noqa: F401 - adds to BEHAVIOR

        for api_name in API['classes']:
            attributes, properties, signals = listed(api_name)
            base = BEHAVIOR.get(api_name, StandIn)
            _CLASSES[api_name] = ApplicationClass(
                api_name.split('.')[1],
                (base,),
                {
                    'api_name': api_name,
                    'attributes': frozenset(attributes),
                    'properties': properties,
                    'signals': frozenset(signals),
                },
            )
    return _CLASSES
