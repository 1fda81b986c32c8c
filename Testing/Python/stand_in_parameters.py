"""
A stand-in for `slicer.parameterNodeWrapper`, as near to the real one as the module needs.

Values live in a real vtkMRMLScriptedModuleNode: nodes as references, the rest as text, so that
they are saved with a scene. Attribute access, defaults, ranges, `connectGui` and observers
follow Slicer's Base/Python/slicer/parameterNodeWrapper, wrapper.py and guiConnectors.py.
"""

import enum
import typing
from types import UnionType

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
    """One annotated attribute of a parameter node class."""

    def __init__(self, name, hint, default):
        self.name, self.default = name, default
        self.validators = list(getattr(hint, '__metadata__', ()))
        kind = typing.get_args(hint)[0] if self.validators else hint
        if isinstance(kind, UnionType):
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

    def read(self, node):
        if self.is_node:
            return node.GetNodeReference(self.name)
        if not self.is_in(node):  # a closed scene keeps the node and empties it
            self.write(node, self.default)
        text = node.GetParameter(self.name)
        if self.is_enum:
            return self.kind[text]
        return text == 'True' if self.kind is bool else self.kind(text)

    def write(self, node, value):
        for validator in self.validators:
            validator.validate(value)
        if self.is_node:
            assert value is None or isinstance(value, self.kind)
            node.SetNodeReferenceID(self.name, value.GetID() if value is not None else None)
            return
        assert isinstance(value, self.kind), f'{self.name} takes {self.kind}, got {value!r}'
        node.SetParameter(self.name, value.name if self.is_enum else str(value))

    def is_in(self, node):
        return self.is_node or bool(node.HasParameter(self.name))


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
        for parameter in self.allParameters.values():
            if not parameter.is_in(node):
                parameter.write(node, parameter.default)

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
            connection.write(connection.parameter.read(self.parameterNode))
            connection.connect(self._from_widget)
        tag = len(self._tags) + 1
        self._connections[tag] = connections
        self._tags[tag] = self.AddObserver('ModifiedEvent', lambda *_args: self._to_widgets())
        return tag

    def disconnectGui(self, tag):
        for connection in self._connections.pop(tag):
            connection.disconnect()
        self.RemoveObserver(self._tags.pop(tag))

    def _from_widget(self, connection):
        if not self._updating:
            setattr(self, connection.parameter.name, connection.read())

    def _to_widgets(self):
        if self._updating:
            return
        self._updating = True
        for connections in self._connections.values():
            for connection in connections:
                connection.write(connection.parameter.read(self.parameterNode))
        self._updating = False

    def AddObserver(self, event, callback, priority=0.0):
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag):
        self.parameterNode.RemoveObserver(tag)

    def StartModify(self):
        return self.parameterNode.StartModify()

    def EndModify(self, before):
        return self.parameterNode.EndModify(before)


def _accessor(parameter):
    def write(self, value):
        parameter.write(self.parameterNode, value)

    return property(lambda self: parameter.read(self.parameterNode), write)


def parameterNodeWrapper(annotated):
    """Class decorator."""
    parameters = {}
    for name, hint in typing.get_type_hints(annotated, include_extras=True).items():
        if hasattr(Wrapper, name):
            msg = f"Cannot use reserved name '{name}' in a parameterNodeWrapper"
            raise ValueError(msg)
        parameters[name] = Parameter(name, hint, getattr(annotated, name, None))
    accessors = {name: _accessor(parameter) for name, parameter in parameters.items()}
    return type(annotated.__name__, (Wrapper,), {**accessors, 'allParameters': parameters})
