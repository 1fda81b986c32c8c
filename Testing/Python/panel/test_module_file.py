"""
The module file and the files of the panel, read without running them.

Every name of Qt, CTK, qMRML and slicer that they use must be in the list of what the running
application has (reference/slicer_api.json); every text that a user sees must be translatable;
nothing heavy may be imported before it is used.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from paths import LIBRARY, MODULE
from stand_in_classes import API, BEHAVIOR, StandIn, classes, listed
from VOIIdentificationLib.core import errors
from VOIIdentificationLib.core.flags import Flag

MODULE_FILE = MODULE / 'VOIIdentification.py'
PANEL_FILES = sorted((LIBRARY / 'panel').glob('*.py'))
PLUGIN_FILE = MODULE / 'VOIIdentificationDICOMPlugin.py'
FILES = [MODULE_FILE, PLUGIN_FILE, *PANEL_FILES]
TREES = {path: ast.parse(path.read_text(encoding='utf-8')) for path in FILES}

WIDGET_CLASSES = {
    widget.get('name'): widget.get('class')
    for widget in ElementTree.parse(MODULE / 'Resources/UI/VOIIdentification.ui').iter('widget')
}

# What a method of one class gives, so that chains of calls can be followed.
RETURNS = {
    'markupsPlaceWidget': 'slicer.qSlicerMarkupsPlaceWidget',
    'placeButton': 'qt.QToolButton',
    'tableWidget': 'qt.QTableWidget',
    'item': 'qt.QTableWidgetItem',
    'layoutManager': 'slicer.qSlicerLayoutManager',
    'tableView': 'slicer.qMRMLTableView',
    'createProgressDialog': 'qt.QProgressDialog',
}
# What local names and attributes hold.
NAMES = {
    'table': 'qt.QTableWidget',
    'place': 'slicer.qSlicerMarkupsPlaceWidget',
    'markups': 'slicer.qSlicerSimpleMarkupsWidget',
    '_markups': 'slicer.qSlicerSimpleMarkupsWidget',
    '_button': 'qt.QPushButton',
    'item': 'qt.QTableWidgetItem',
    'manager': 'slicer.qSlicerLayoutManager',
    'view': 'slicer.qMRMLTableView',
    '_combo': 'qt.QComboBox',
    'dialog': 'qt.QProgressDialog',
    'panelWidget': 'slicer.qMRMLWidget',
    'action': 'qt.QAction',
    '_jump': 'qt.QAction',
    '_unset': 'qt.QAction',
    '_menu': 'qt.QMenu',
}
QT = {'qt', '_qt'}
UI = {'ui', '_ui'}


def api_name(class_name):
    module = 'slicer' if class_name.startswith(('qMRML', 'qSlicer')) else class_name[:3]
    return f'{module if module in ("slicer", "ctk") else "qt"}.{class_name}'


def last_name(node):
    """`c` of `a.b.c`, of `c`, and of a call of them."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, 'id', None)


def class_of(node, path):
    """The listed class that an expression has, or None if it has none that is known."""
    if isinstance(node, ast.Call):
        if last_name(node) == 'tableWidget' and node.args:  # of the layout manager, by number
            return 'slicer.qMRMLTableWidget'
        return RETURNS.get(last_name(node))
    if isinstance(node, ast.Attribute):
        if last_name(node.value) in UI and node.attr in WIDGET_CLASSES:
            return api_name(WIDGET_CLASSES[node.attr])
        if last_name(node.value) in QT:
            return f'qt.{node.attr}'
    name = last_name(node)
    if name == 'dialog' and path.stem == 'dialogs' and isinstance(node, ast.Name):
        return None  # two kinds of dialog in one file: tested below
    return NAMES.get(name) if isinstance(node, (ast.Name, ast.Attribute)) else None


def uses():
    """(file and line, class, attribute, whether it is assigned or connected)."""
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                known = class_of(node.value, path)
                if known is not None:
                    yield f'{path.name}:{node.lineno}', known, node.attr, type(node.ctx).__name__


USES = sorted(set(uses()))


def test_the_scan_sees_what_is_used():
    """Against a scan that finds nothing and therefore complains about nothing."""
    found = {(known, attribute) for _where, known, attribute, _context in USES}

    assert ('qt.QPushButton', 'clicked') in found
    assert ('slicer.qSlicerMarkupsPlaceWidget', 'setPlaceModeEnabled') in found
    assert ('qt.QTableWidget', 'setRowCount') in found
    assert ('qt.Qt', 'Checked') in found
    assert len(found) > 45


@pytest.mark.parametrize(('where', 'known', 'attribute', 'context'), USES)
def test_the_application_lists_what_is_used(where, known, attribute, context):
    attributes, properties, _signals = listed(known)

    assert attribute in attributes, f'{where}: {known} has no {attribute}'
    if context == 'Store':
        assert attribute in properties, f'{where}: {known}.{attribute} is no property'


def test_what_is_connected_is_a_signal():
    connected = 0
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Attribute) and node.attr == 'connect'):
                continue
            known = class_of(node.value.value, path) if hasattr(node.value, 'value') else None
            if known is not None:
                assert node.value.attr in listed(known)[2], f'{path.name}:{node.lineno}'
                connected += 1
    assert connected >= 15


@pytest.mark.parametrize('part', ['util', 'app'])
def test_the_application_lists_the_functions_of_slicer(part):
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == f'slicer.{part}':
                where = f'{path.name}:{node.lineno}: slicer.{part}.{node.attr}'
                assert node.attr in API[f'slicer.{part}'], where


def test_widgets_that_are_used_are_in_the_panel():
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and last_name(node.value) in UI:
                assert node.attr in WIDGET_CLASSES, f'{path.name}:{node.lineno}: {node.attr}'


def test_the_progress_dialog_and_the_file_dialog_have_what_is_used():
    """Both are called `dialog` in one file, which the scan above cannot tell apart."""
    progress, files = listed('qt.QProgressDialog'), listed('qt.QFileDialog')

    used = {'labelText', 'value', 'wasCanceled', 'windowModality', 'minimumDuration'}
    assert used <= set(progress[1])
    assert {'close', 'deleteLater'} <= progress[0]
    assert {'getExistingDirectory', 'getOpenFileName', 'getSaveFileName'} <= files[0]


def test_the_stand_ins_have_no_method_that_the_application_lacks():
    helpers = {'start', 'changed', 'click_in_slice', 'property'}
    for name, behavior in BEHAVIOR.items():
        attributes, _properties, _signals = listed(name)
        methods = {
            key
            for one in behavior.__mro__
            if one not in StandIn.__mro__
            for key, value in vars(one).items()
            if callable(getattr(value, '__func__', value))
            and not (key.startswith('_') or key.endswith('_'))
        }
        assert methods - helpers <= attributes, name


def test_a_stand_in_refuses_what_the_application_does_not_list():
    button = classes()['qt.QPushButton']()

    with pytest.raises(AttributeError, match='does not list'):
        button.setCaption('x')
    with pytest.raises(AttributeError, match='does not list'):
        button.caption = 'x'
    with pytest.raises(AttributeError, match='no property'):
        button.click = 'x'
    with pytest.raises(AttributeError, match='does not list'):
        classes()['qt.Qt'].NoSuchFlag  # noqa: B018 - the access is the test


# Imports


def test_only_what_the_application_brings_is_imported_at_file_scope():
    allowed = {'qt', 'ctk', 'slicer', 'vtk', 'numpy', 'scipy', 'VOIIdentificationLib'}
    allowed |= {'DICOMLib', *sys.stdlib_module_names}
    for node in [*TREES[MODULE_FILE].body, *TREES[PLUGIN_FILE].body]:
        if isinstance(node, ast.Import):
            assert {alias.name.split('.')[0] for alias in node.names} <= allowed
        elif isinstance(node, ast.ImportFrom):
            assert node.module.split('.')[0] in allowed


def test_qt_is_imported_by_the_module_file_alone():
    for path in [PLUGIN_FILE, *PANEL_FILES]:
        for node in ast.walk(TREES[path]):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not {'qt', 'ctk'} & set(names), path.name


def test_loading_the_module_loads_nothing_heavy():
    pytest.importorskip('slicer', reason='slicer-core is not installed')
    code = (
        'import sys, pytest\n'
        'from headless_scene import make_scene\n'
        'from stand_in_application import application\n'
        'from pathlib import Path\n'
        'import tempfile\n'
        'scene, kept = make_scene(Path(tempfile.mkdtemp()) / "cache")\n'
        'before = set(sys.modules)\n'
        'with application(scene, pytest.MonkeyPatch()):\n'
        '    loaded = set(sys.modules) - before\n'
        'heavy = {"pandas", "openpyxl", "matplotlib", "pydicom", "SimpleITK", "PIL"}\n'
        'print(sorted(heavy & {name.split(".")[0] for name in loaded}))\n'
    )
    run = subprocess.run(
        [sys.executable, '-c', code],
        capture_output=True,
        text=True,
        check=True,
        env={'PYTHONPATH': f'{Path(__file__).parents[1]}:{MODULE}', 'PATH': ''},
    )
    assert run.stdout.strip() == '[]'


# Words


def calls_of_tr(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == '_':
            yield node


def test_texts_to_translate_are_literal():
    """Slicer's translators see only literals: no f-string, no name, no joined expression."""
    seen = 0
    for path, tree in TREES.items():
        for call in calls_of_tr(tree):
            assert len(call.args) == 1
            where = f'{path.name}:{call.lineno}'
            assert isinstance(call.args[0], ast.Constant), where
            seen += 1
    assert seen > 40


def test_each_file_is_translated_in_its_own_context():
    """The context is that of the file that calls the translator: no other may pass texts on."""
    for path, tree in TREES.items():
        if any(calls_of_tr(tree)):
            own = [n for n in tree.body if isinstance(n, ast.ImportFrom)]
            names = {(n.module, a.name, a.asname) for n in own for a in n.names}
            marked = any(ast.unparse(node) == '_ = sentences(__name__)' for node in tree.body)
            assert marked or ('slicer.i18n', 'tr', '_') in names, path.name
        definitions = [n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
        assert '_' not in definitions, path.name


def test_flags_are_marked_for_translators_and_translated_in_the_panel():
    """In the file that has them: the context is that of core/flags."""
    tree = ast.parse((LIBRARY / 'core' / 'flags.py').read_text(encoding='utf-8'))
    marked = {call.args[0].value for call in calls_of_tr(tree)}

    assert marked == {flag.text for flag in Flag}
    for path in PANEL_FILES:
        shown = {ast.unparse(call.args[0]) for call in calls_of('translated', TREES[path])}
        for node in ast.walk(TREES[path]):
            said = isinstance(node, ast.Attribute) and node.attr == 'text'
            if said and last_name(node.value) in {'flag', 'level'}:
                assert ast.unparse(node) in shown, f'{path.name}:{node.lineno} is not translated'


def calls_of(name, tree):
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [call for call in calls if last_name(call) == name]


def test_refusals_are_translated_in_the_panel():
    """What is caught is shown by `reason_of`, or goes on as the cause of another."""
    seen = 0
    for path in PANEL_FILES:
        for handler in ast.walk(TREES[path]):
            kind = getattr(handler, 'type', None)
            if not (isinstance(handler, ast.ExceptHandler) and handler.name and kind):
                continue
            if not set(re.findall(r'\w+Error', ast.unparse(kind))) & PHANTOM_ERRORS:
                continue
            body = ast.Module(handler.body, [])
            uses = [n for n in ast.walk(body) if isinstance(n, ast.Name) and n.id == handler.name]
            told = (*calls_of('reason_of', body), *calls_of('unused_worksheet', body))
            right = [call.args[0] for call in told]
            right += [n.cause for n in ast.walk(body) if isinstance(n, ast.Raise)]
            assert {*uses} <= {*right}, f'{path.name}:{handler.lineno}'
            seen += 1
    assert seen > 6


PHANTOM_ERRORS = {name for name in vars(errors) if name.endswith('Error')}


def test_sentences_of_the_panel_are_translated():
    """What is returned or joined as a sentence stands in `_`."""
    for path in [PLUGIN_FILE, *PANEL_FILES]:
        if path.stem in NOT_FOR_USERS:
            continue
        inside = {id(n) for call in calls_of_tr(TREES[path]) for n in ast.walk(call)}
        docs = {id(n.value) for n in ast.walk(TREES[path]) if isinstance(n, ast.Expr)}
        for node in ast.walk(TREES[path]):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and SENTENCE.match(text) and id(node) not in inside | docs:
                assert any(part in text for part in SAID_BY_OTHERS), f'{path.name}: {text!r}'


NOT_FOR_USERS = {'self_test'}
SENTENCE = re.compile(r'[A-Z][a-z]+( [a-z]+){3,}')
SAID_BY_OTHERS = ('<property', 'Flag')


SHOWN = {'text', 'toolTip', 'windowTitle', 'labelText', 'title', 'helpText', 'acknowledgementText'}


def test_texts_on_widgets_are_translated():
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and last_name(node.targets[0]) in SHOWN:
                literal = isinstance(node.value, (ast.Constant, ast.JoinedStr))
                assert not literal, f'{path.name}:{node.lineno} is not translated'
            if isinstance(node, ast.Call) and last_name(node) == 'Look':
                said = [*node.args, *(k.value for k in node.keywords)]
                texts = [n for n in said if isinstance(getattr(n, 'value', None), str)]
                assert not texts, f'{path.name}:{node.lineno} is not translated'


def test_the_module_is_described():
    pytest.importorskip('slicer', reason='slicer-core is not installed')
    source = MODULE_FILE.read_text(encoding='utf-8')

    for name in ('title', 'categories', 'contributors', 'helpText', 'acknowledgementText'):
        assert f'parent.{name} = ' in source


def test_the_classes_have_the_names_that_the_application_looks_for():
    names = {node.name for node in TREES[MODULE_FILE].body if isinstance(node, ast.ClassDef)}

    suffixes = ('', 'Widget', 'Logic', 'Test', 'ParameterNode')
    assert {f'VOIIdentification{suffix}' for suffix in suffixes} <= names


def test_the_widget_defines_the_life_that_slicer_calls():
    widget = next(n for n in TREES[MODULE_FILE].body if last_class(n) == 'VOIIdentificationWidget')
    methods = {node.name for node in widget.body if isinstance(node, ast.FunctionDef)}

    assert {'setup', 'enter', 'exit', 'cleanup', 'onReload'} <= methods


def last_class(node):
    return node.name if isinstance(node, ast.ClassDef) else None


# Slicer 5.10, Qt 5.15: read in their sources at v5.10.0 and in the Qt 5.15 documentation.
NOT_IN_5_10 = {
    'positionStatusColumnVisible',
    'setPositionStatusColumnVisible',
    'registerCustomSampleDataCategory',
}
GUARDED = {'registerCustomSampleDataCategory', 'positionStatusColumnVisible'}
"""Asked for with hasattr before they are used."""


def test_nothing_is_used_that_came_after_5_10():
    for path, tree in TREES.items():
        used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not used & (NOT_IN_5_10 - GUARDED), path.name
    sources = ''.join(path.read_text(encoding='utf-8') for path in FILES)
    for name in GUARDED:
        assert sources.count(f", '{name}'):") == 1


def test_signals_with_several_arguments_lists_are_those_of_both_qt_versions():
    """`currentIndexChanged(QString)` and `activated(QString)` are gone in Qt 6."""
    for path, tree in TREES.items():
        used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not used & {'activated', 'currentIndexChanged', 'setMargin'}, path.name
