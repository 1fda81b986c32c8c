"""
The .ui file of the panel, against the rules that Slicer only checks when the panel is opened.

An unknown parameter name, or a widget that cannot show its parameter, makes the whole module
fail on opening; a node selector without the scene stays empty; an unknown property is ignored.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from paths import MODULE
from stand_in_classes import API, listed

UI_FILE = MODULE / 'Resources' / 'UI' / 'VOIIdentification.ui'
UI = ElementTree.parse(UI_FILE).getroot()
WIDGETS = list(UI.iter('widget'))

INTERACTIVE = ('Button', 'ComboBox', 'CheckBox', 'SpinBox', 'qSlicerSimpleMarkupsWidget')
NOT_CHOSEN = {'phantomComboBox', 'isotopeComboBox', 'limitsComboBox'}
"""Filled and followed by the panel itself."""


def api_name(class_name):
    module = 'slicer' if class_name.startswith(('qMRML', 'qSlicer')) else class_name[:3]
    return f'{module if module in ("slicer", "ctk") else "qt"}.{class_name}'


def dynamic(widget, name):
    found = [p for p in widget.findall('property') if p.get('name') == name]
    return found[0].findtext('string') if found else None


def parameter_names():
    tree = ast.parse((MODULE / 'VOIIdentification.py').read_text(encoding='utf-8'))
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    body = classes['VOIIdentificationParameterNode'].body
    return {node.target.id for node in body if isinstance(node, ast.AnnAssign)}


def by_name(widget):
    return widget.get('name')


def test_the_top_widget_gets_the_scene():
    assert UI.find('widget').get('class') == 'qMRMLWidget'


def test_names_are_used_once():
    names = [element.get('name') for element in UI.iter() if element.tag in ('widget', 'layout')]

    assert len(names) == len(set(names))


@pytest.mark.parametrize('widget', WIDGETS, ids=by_name)
def test_the_application_lists_the_class_and_its_properties(widget):
    _attributes, properties, _signals = listed(api_name(widget.get('class')))
    own = [p.get('name') for p in widget.findall('property') if p.get('stdset') != '0']

    # checkable buttons are written before Qt shows them; `text` of a section is its title
    assert set(own) <= set(properties)


@pytest.mark.parametrize('widget', WIDGETS, ids=by_name)
def test_custom_classes_are_declared(widget):
    declared = {element.findtext('class') for element in UI.iter('customwidget')}
    name = widget.get('class')

    assert name in declared or (name.startswith('Q') and f'qt.{name}' in API['classes'])


@pytest.mark.parametrize('widget', WIDGETS, ids=by_name)
def test_widgets_of_nodes_are_connected_to_the_scene(widget):
    connected = {
        c.findtext('receiver')
        for c in UI.iter('connection')
        if c.findtext('sender') == 'VOIIdentification'
        and c.findtext('signal') == 'mrmlSceneChanged(vtkMRMLScene*)'
        and c.findtext('slot') == 'setMRMLScene(vtkMRMLScene*)'
    }
    needs = widget.get('class').startswith(('qMRML', 'qSlicer')) and widget is not WIDGETS[0]

    assert (widget.get('name') in connected) == needs


def test_parameters_and_widgets_belong_together():
    bound = [name for name in (dynamic(w, 'SlicerParameterName') for w in WIDGETS) if name]
    # shown by a section of the panel, as a whole
    hidden = {'phantom', 'activity', 'limits', 'baseline', 'exportFolder'}

    assert len(bound) == len(set(bound))
    assert set(bound) == parameter_names() - hidden


def test_no_other_dynamic_property_is_written():
    """A parameter's name as the property's name, as in Slicer's own template, binds nothing."""
    names = {p.get('name') for p in UI.iter('property') if p.get('stdset') == '0'}

    assert names <= {'SlicerParameterName', 'sizeHint'}


@pytest.mark.parametrize('widget', WIDGETS, ids=by_name)
def test_what_the_user_touches_has_a_tool_tip(widget):
    if widget.get('class').endswith(INTERACTIVE) and widget.get('class') != 'ctkCollapsibleButton':
        assert dynamic(widget, 'toolTip'), widget.get('name')


def test_labels_of_rows_end_with_a_colon():
    grids = [layout for layout in UI.iter('layout') if layout.get('class') == 'QGridLayout']
    first = [i.find('widget') for g in grids for i in g.findall('item') if i.get('column') == '0']
    labels = [w for w in first if w is not None and w.get('class') == 'QLabel']

    assert labels
    assert all(dynamic(label, 'text').endswith(':') for label in labels)


def test_no_layout_misjudges_texts_that_wrap():
    """QFormLayout gives rows other heights than it asks for: texts are cut, rows overlap."""
    assert not [one for one in UI.iter('layout') if one.get('class') == 'QFormLayout']


def test_a_text_that_wraps_never_makes_the_panel_wider():
    wrapping = [w for w in WIDGETS if 'wordWrap' in {p.get('name') for p in w.findall('property')}]

    assert wrapping
    for widget in wrapping:
        policy = widget.find("property[@name='sizePolicy']/sizepolicy")
        assert policy.get('hsizetype') == 'Ignored', widget.get('name')


def test_the_last_column_of_a_table_has_all_the_room_that_is_left():
    """Its title was cut beside empty space."""
    for table in (w for w in WIDGETS if w.get('class') == 'QTableWidget'):
        stretched = table.find("attribute[@name='horizontalHeaderStretchLastSection']/bool")
        assert stretched.text == 'true', table.get('name')


def test_an_empty_tick_box_is_seen_in_a_dark_style():
    table = next(w for w in WIDGETS if w.get('name') == 'insertsTable')

    assert '::indicator:unchecked { border:' in dynamic(table, 'styleSheet')


def test_apply_and_what_it_waits_for_are_outside_of_what_scrolls():
    area = next(w for w in WIDGETS if w.get('class') == 'QScrollArea')
    scrolled = {w.get('name') for w in area.iter('widget')}
    outside = {w.get('name') for w in WIDGETS} - scrolled

    assert outside == {'VOIIdentification', 'missingBrowser', 'applyButton'}
    # A label that wraps asks for a height of its own, and the application would scroll it all.
    assert not [w for w in WIDGETS if w.get('name') in outside and w.get('class') == 'QLabel']


def test_place_mode_does_not_start_by_itself():
    for widget in (w for w in WIDGETS if w.get('class') == 'qSlicerSimpleMarkupsWidget'):
        values = {p.get('name'): p.findtext('bool') for p in widget.findall('property')}
        assert values['enterPlaceModeOnNodeChange'] == 'false'


def test_what_cannot_work_yet_is_disabled_from_the_beginning():
    for name in ('applyButton', 'exportButton', 'placeSeedsButton', 'showTableButton'):
        widget = next(w for w in WIDGETS if w.get('name') == name)
        values = {p.get('name'): p.findtext('bool') for p in widget.findall('property')}
        assert values['enabled'] == 'false', name


def test_node_types_are_not_translated():
    for property_ in UI.iter('property'):
        if property_.get('name') in ('nodeTypes', 'SlicerParameterName'):
            assert property_[0].get('notr') == 'true'


@pytest.fixture(scope='module')
def drawn(tmp_path_factory):
    """Loaded by Qt, with placeholders for the widgets that are the application's."""
    python = os.environ.get('PYSIDE6_PYTHON', sys.executable)
    probe = subprocess.run([python, '-c', 'import PySide6'], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip('PySide6 is not installed (PYSIDE6_PYTHON may name a Python that has it)')
    script = Path(__file__).parents[1] / 'panel_picture.py'
    picture = tmp_path_factory.mktemp('panel') / 'panel.png'

    def draw(*words):
        done = subprocess.run(
            [python, script, UI_FILE, picture, *words],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, 'QT_QPA_PLATFORM': 'offscreen'},
        )
        return done.stdout.splitlines()

    return draw


OPEN = (
    *('activityCollapsibleButton', 'searchCollapsibleButton'),
    *('insertsGroupBox', 'backgroundGroupBox'),
)


@pytest.mark.parametrize('height', [430, 860])
@pytest.mark.parametrize('width', [440, 640])
@pytest.mark.parametrize('words', [(), OPEN, ('long', *OPEN)], ids=['folded', 'open', 'long'])
def test_nothing_is_cut_or_hidden_at_any_size(drawn, height, width, words):
    """430 of 768 lines and 860 of 1080 are what the application leaves to a module."""
    sizes, wrong, hidden = drawn(f'height={height}', f'width={width}', *words)

    assert wrong == 'wrong: '
    assert hidden == 'not seen: '
    wanted_width, wanted_height, sections_width = map(int, sizes.split())
    assert wanted_height <= 430
    assert wanted_width <= 440
    assert sections_width <= 410, 'of the scrolled part'
