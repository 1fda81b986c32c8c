"""
A stand-in for `slicer.parameterNodeWrapper`, as near to the real one as the module needs.

Values live in a real vtkMRMLScriptedModuleNode: nodes as references, the rest as text, so that
they are saved with a scene. Attribute access, defaults, ranges, `connectGui` and observers
follow Slicer's Base/Python/slicer/parameterNodeWrapper, wrapper.py and guiConnectors.py.
"""

import enum
import typing
import weakref
from types import UnionType

import slicer

PROPERTY = 'SlicerParameterName'


class WithinRange:
    """A validator: ValueError outside."""

    def __init__(self, minimum, maximum):
        self.minimum, self.maximum = minimum, maximum

    def validate(self, value):
        if not self.minimum <= value <= self.maximum:
            msg = f'Value must be within range [{self.minimum}, {self.maximum}], is {value}'
            raise ValueError(msg)


class Parameter:
    """
    One annotated attribute of a parameter node class.

    A union with None is kept under ``name.0``, or as None under ``name.1``, as the real one does.
    """

    def __init__(self, name, hint, default):
        self.name, self.default = name, default
        self.validators = list(getattr(hint, '__metadata__', ()))
        kind = typing.get_args(hint)[0] if self.validators else hint
        self.may_be_none = isinstance(kind, UnionType)
        if self.may_be_none:
            kind = next(one for one in typing.get_args(kind) if one is not type(None))
        self.kind = kind
        if not self.is_node and kind not in (str, bool, float) and not self.is_enum:
            msg = f'Unable to create serializer for {name}: {hint}'
            raise TypeError(msg)

    @property
    def is_node(self):
        return self.kind.__name__.startswith('vtkMRML')

    @property
    def is_enum(self):
        return issubclass(self.kind, enum.Enum)

    @property
    def _keys(self):
        """Of the value, and of None."""
        return (f'{self.name}.0', f'{self.name}.1') if self.may_be_none else (self.name,)

    def read(self, node):
        if not self.is_in(node):  # a closed scene keeps the node and empties it
            self.write(node, self.default)
        key = next(key for key in self._keys if node.HasParameter(key))
        if key != self._keys[0]:
            return None
        if self.is_node:
            return node.GetNodeReference(key)
        text = node.GetParameter(key)
        if self.is_enum:
            return self.kind[text]
        return text == 'True' if self.kind is bool else self.kind(text)

    def write(self, node, value):
        for validator in self.validators:
            validator.validate(value)
        may_be = (self.kind, type(None)) if self.may_be_none else (self.kind,)
        assert isinstance(value, may_be), f'{self.name} takes {self.kind}, got {value!r}'
        with slicer.util.NodeModify(node):
            if self.is_node:
                for key in self._keys:
                    node.UnsetParameter(key)
                    node.RemoveNodeReferenceIDs(key)
            if value is None:
                node.SetParameter(self._keys[1], 'True')
            elif self.is_node:
                node.SetParameter(self._keys[0], '')
                node.SetNodeReferenceID(self._keys[0], value.GetID())
            else:
                node.SetParameter(self._keys[0], value.name if self.is_enum else str(value))

    def is_in(self, node):
        return any(node.HasParameter(key) for key in self._keys)


class Remembered:
    """
    A value as it was read last: when the parameter node was modified.

    A node that comes later, as while a scene is read, is None until then.
    """

    def __init__(self, parameter, node):
        self.parameter, self._node, self._writing = parameter, node, False
        self.value = parameter.read(node)
        mine = weakref.ref(self)
        self._tag = node.AddObserver('ModifiedEvent', lambda *_: mine()._on_modified())

    def __del__(self):
        self._node.RemoveObserver(self._tag)

    def _on_modified(self):
        if not self._writing:
            self.value = self.parameter.read(self._node)

    def write(self, value):
        self._writing = True
        try:
            with slicer.util.NodeModify(self._node):
                self.parameter.write(self._node, value)
                self.value = self.parameter.read(self._node)
        finally:
            self._writing = False


class Connection:
    """One parameter and one widget, by the widget's class."""

    SIGNALS: typing.ClassVar = {
        ('bool', 'qt.QCheckBox'): ('stateChanged', 'checked'),
        ('float', 'qt.QDoubleSpinBox'): ('valueChanged', 'value'),
        ('enum', 'qt.QComboBox'): ('currentIndexChanged', None),
        ('node', 'slicer.qMRMLNodeComboBox'): ('currentNodeChanged', None),
        ('node', 'slicer.qSlicerSimpleMarkupsWidget'): ('markupsNodeChanged', None),
    }

    def __init__(self, parameter, widget):
        kind = 'node' if parameter.is_node else 'enum' if parameter.is_enum else None
        key = (kind or parameter.kind.__name__, widget.api_name)
        if key not in self.SIGNALS:
            msg = f'Unable to create GUI connector from {parameter.kind} to {widget.api_name}'
            raise RuntimeError(msg)
        self.parameter, self.widget = parameter, widget
        self.signal, self.property = self.SIGNALS[key]
        self.slot = None
        self._prepare()

    def _prepare(self):
        parameter, widget = self.parameter, self.widget
        if widget.api_name == 'slicer.qMRMLNodeComboBox':
            widget.nodeTypes = [parameter.kind.__name__]
        elif widget.api_name == 'slicer.qSlicerSimpleMarkupsWidget':
            widget.markupsSelectorComboBox().nodeTypes = [parameter.kind.__name__]
        elif parameter.is_enum:
            widget.clear()
            for member in parameter.kind:
                widget.addItem(member.label() if hasattr(member, 'label') else member.name)
        elif parameter.kind is float:
            limits = [one for one in parameter.validators if isinstance(one, WithinRange)]
            widget.setRange(limits[0].minimum, limits[0].maximum)

    def read(self):
        if self.parameter.is_node:
            return self.widget.currentNode()
        if self.parameter.is_enum:
            return list(self.parameter.kind)[self.widget.currentIndex]
        return getattr(self.widget, self.property)

    def write(self, value):
        if self.parameter.is_node:
            self.widget.setCurrentNode(value)
        elif self.parameter.is_enum:
            self.widget.currentIndex = list(self.parameter.kind).index(value)
        else:
            setattr(self.widget, self.property, value)

    def connect(self, callback):
        self.slot = lambda: callback(self)
        getattr(self.widget, self.signal).connect(self.slot)

    def disconnect(self):
        getattr(self.widget, self.signal).disconnect(self.slot)


class Wrapper:
    """What the decorator adds to a class of annotations."""

    def __init__(self, node):
        self.parameterNode = node
        self._connections, self._tags, self._updating = {}, {}, False
        self._remembered, self._next_tag = {}, 0
        for name, parameter in self.allParameters.items():
            if not parameter.is_in(node):
                parameter.write(node, parameter.default)
            self._remembered[name] = Remembered(parameter, node)

    def connectGui(self, ui):
        connections = []
        for widget in vars(ui).values():
            name = widget.property(PROPERTY)
            if not name:
                continue
            if name not in self.allParameters:
                msg = f'Cannot find a param with the given name: {name}'
                raise ValueError(msg)
            connections.append(Connection(self.allParameters[name], widget))
        for connection in connections:
            connection.write(getattr(self, connection.parameter.name))
            connection.connect(self._from_widget)
        tag, self._next_tag = self._next_tag, self._next_tag + 1  # the first one is 0
        self._connections[tag] = connections
        self._tags[tag] = self.AddObserver('ModifiedEvent', lambda *_args: self._to_widgets())
        return tag

    def disconnectGui(self, tag):
        for connection in self._connections.pop(tag):
            connection.disconnect()
        self.RemoveObserver(self._tags.pop(tag))

    def _from_widget(self, connection):
        with slicer.util.NodeModify(self):
            if not self._updating:
                setattr(self, connection.parameter.name, connection.read())

    def _to_widgets(self):
        if self._updating:
            return
        self._updating = True
        try:
            with slicer.util.NodeModify(self):
                for connections in self._connections.values():
                    for connection in connections:
                        connection.write(getattr(self, connection.parameter.name))
        finally:
            self._updating = False

    def Modified(self):
        self.parameterNode.Modified()

    def AddObserver(self, event, callback, priority=0.0):
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag):
        self.parameterNode.RemoveObserver(tag)

    def StartModify(self):
        return self.parameterNode.StartModify()

    def EndModify(self, before):
        return self.parameterNode.EndModify(before)


def _accessor(name):
    def read(self):
        return self._remembered[name].value

    def write(self, value):
        self._remembered[name].write(value)

    return property(read, write)


def parameterNodeWrapper(annotated):
    """Class decorator."""
    parameters = {}
    for name, hint in typing.get_type_hints(annotated, include_extras=True).items():
        if hasattr(Wrapper, name):
            msg = f"Cannot use reserved name '{name}' in a parameterNodeWrapper"
            raise ValueError(msg)
        parameters[name] = Parameter(name, hint, getattr(annotated, name, None))
    accessors = {name: _accessor(name) for name in parameters}
    return type(annotated.__name__, (Wrapper,), {**accessors, 'allParameters': parameters})
