"""
The panel under random sequences of what users and the application do.

After each action widgets and parameter node agree and nothing has raised but a refusal in words;
Apply is enabled exactly when measuring would work: where it is not, that is tried after each
action, where it is, now and then. VOI_SEQUENCES=200 asks for more of them than the suite does,
VOI_ACTIONS=400 for longer ones, VOI_SEED for others; VOI_COUNTS is a file for what was counted.
"""

import io
import json
import os
import re
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from headless_scene import make_scene
from hypothesis import HealthCheck, Phase, seed, settings, stateful
from hypothesis import strategies as st
from hypothesis.internal.conjecture import engine
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

slicer = pytest.importorskip('slicer', reason='slicer-core is not installed')

import vtk  # noqa: E402 - comes with slicer-core
from made_nodes import affine, bent_transform, linear_transform  # noqa: E402
from stand_in_application import application, parent_widget  # noqa: E402
from stand_in_classes import FileDialog, ProgressDialog, classes, press  # noqa: E402
from stand_in_selectors import active_list  # noqa: E402
from VOIIdentificationLib.core.errors import PhantomError, SeedError  # noqa: E402
from VOIIdentificationLib.locate.seeds import labeled_inserts  # noqa: E402
from VOIIdentificationLib.mrml.outputs import find_outputs  # noqa: E402
from VOIIdentificationLib.mrml.point_lists import may_be  # noqa: E402
from VOIIdentificationLib.mrml.point_states import state_of_list  # noqa: E402
from VOIIdentificationLib.mrml.points import seeds_from_points  # noqa: E402
from VOIIdentificationLib.synthetic.phantom import (  # noqa: E402
    SyntheticPhantom,
    grid,
    synthesize,
)
from vtk.util.numpy_support import vtk_to_numpy  # noqa: E402

SEQUENCES, ACTIONS = (
    int(os.environ.get('VOI_SEQUENCES', '10')),
    os.environ.get('VOI_ACTIONS', '200'),
)

SEED = 1

CHOICES_BYTES = 400 * int(ACTIONS)
"""Room for what hypothesis draws of a sequence, several times what it needs."""

COUNTS = Counter()
"""Actions, what was measured, and what was refused."""

MAX_MEASURED = int(os.environ.get('VOI_MEASURED', '3'))
"""In one sequence: each takes as long as fifty other actions."""

SEVERAL = st.integers(0, 7)
"""Picks one of what there is."""

IMAGES = st.sampled_from([0, 0, 0, 1, 1, 2, 3])
"""Mostly phantoms; see `images`."""

RARELY = st.sampled_from([False] * 9 + [True])

MADE = st.sampled_from(['Table', 'PlotChart', 'PlotSeries', 'Model', 'Segmentation'])
"""Nodes that show results, besides lists."""

PLACES = st.tuples(*[st.floats(-130, 130) for _axis in range(3)])
TEXTS = st.sampled_from(['', '10', '12,5', 'S37', 'S99', 'BG01', '-3', 'x', '400', '22 mm', ' '])
BLOCKS = st.sampled_from(['', '10', '1\t2\n3\t4', 'x\ty', '37\n28\n22\n17\n13\n10', '20,9\t28.9'])
KEYS = st.sampled_from(['Copy', 'Cut', 'Paste', 'Key_Delete', 'Key_Tab', 'Key_Backtab'])
TABLES = st.sampled_from(['insertsTable', 'worksheetTable'])
CELLS = st.lists(st.tuples(SEVERAL, st.integers(0, 2)), min_size=1, max_size=3)
TIMES = st.sampled_from(['', '10:15', '2026-03-01 10:15:00', '25:00', '20', '0', 'x', '1000'])


def images():
    """What volumes hold: a phantom, another pose of it, nothing but one value, few voxels."""
    made, truth = synthesize(SyntheticPhantom(grid((40, 36, 18), (7.5, 7.5, 9.0))))
    turned = grid((36, 34, 17), (8.0, 7.7, 9.5), oblique_deg=(5.0, -4.0, 9.0))
    other = synthesize(SyntheticPhantom(turned))[0]
    flat = replace(made, voxels=np.full_like(made.voxels, 7.0))
    return [
        made,
        other,
        flat,
        synthesize(SyntheticPhantom(grid((4, 3, 2), (9.0, 9.0, 9.0))))[0],
    ], truth


class Panels(RuleBasedStateMachine):
    """One scene and the module's panel in it."""

    made = None
    kept_scenes = []  # noqa: RUF012 - of all sequences

    def __init__(self):
        super().__init__()
        self.stack, self.files, self.entered = ExitStack(), [], False
        self.tried = self.actions = 0
        if Panels.made is None:
            Panels.made = images()
        (self.images, self.truth), patch = Panels.made, pytest.MonkeyPatch()
        self.stack.callback(patch.undo)
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.told = vtk.vtkStringOutputWindow()
        before = vtk.vtkOutputWindow.GetInstance()
        vtk.vtkOutputWindow.SetInstance(self.told)
        self.stack.callback(vtk.vtkOutputWindow.SetInstance, before)
        self.heard = io.StringIO()  # VTK prints what observers raise, and goes on
        patch.setattr(sys, 'stderr', self.heard)
        self.scene, self.kept = make_scene(self.folder / 'cache')
        self.scene.SetUndoOn()
        self.module = self.stack.enter_context(application(self.scene, patch))

    @initialize(measured=st.booleans())
    def opened(self, measured):
        self._fill(self.scene.AddNewNodeByClass('vtkMRMLScalarVolumeNode', 'First'), 0)
        self.widget = self.module.VOIIdentificationWidget(parent_widget(entered=False))
        self.widget.setup()
        self.enter()
        if measured:
            self.ui.applyButton.click()
            assert self.panel.result is not None

    def teardown(self):
        COUNTS['longest'] = max(COUNTS['longest'], self.actions)
        self.widget.cleanup()
        self.scene.Clear(0)
        self.stack.close()
        del slicer.mrmlScene, slicer.modules
        Panels.kept_scenes.append((self.scene, self.kept))  # VTK dies of many that are taken down
        assert 'error' not in self.told.GetOutput().lower()

    # What there is

    @property
    def panel(self):
        return self.widget.panel

    @property
    def ui(self):
        return self.widget.ui

    @property
    def parameters(self):
        return self.panel.parameters

    def nodes(self, class_name):
        nodes = slicer.util.getNodesByClass(class_name, self.scene)
        return [node for node in nodes if node.GetClassName() == class_name]

    def one(self, class_name, n):
        nodes = self.nodes(class_name)
        return nodes[n % len(nodes)] if nodes else None

    def said(self, action):
        """Do what a user does; a refusal in words is an answer."""
        try:
            action()
        except PhantomError as error:
            COUNTS['refused'] += 1
            self._without_keys(str(error))

    def _without_keys(self, text):
        """People are told of diameters, not of diameter_mm."""
        assert not re.search(r'\w_(mm|ml|mbq|s|percent|bqml)\b|"[a-z_]+"', text), text

    def is_open(self):
        return self.entered

    def has_volume(self):
        return bool(self.nodes('vtkMRMLScalarVolumeNode'))

    # Volumes

    @rule(
        n=IMAGES, name=st.sampled_from(['PET', 'CT']), filled=st.sampled_from([True, True, False])
    )
    def add_volume(self, n, name, filled):
        node = self.scene.AddNewNodeByClass('vtkMRMLScalarVolumeNode', name)
        if filled:
            self._fill(node, n)

    @precondition(has_volume)
    @rule(n=SEVERAL, image=IMAGES)
    def fill_volume(self, n, image):
        self._fill(self.one('vtkMRMLScalarVolumeNode', n), image)

    def _fill(self, node, n):
        image = self.images[n]
        slicer.util.updateVolumeFromArray(node, image.voxels)
        node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(image.geometry.ijk_to_ras))
        node.CreateDefaultDisplayNodes()

    @precondition(has_volume)
    @rule(n=SEVERAL, really=RARELY)
    def empty_volume(self, n, really):
        if really:
            self.one('vtkMRMLScalarVolumeNode', n).SetAndObserveImageData(None)

    @precondition(has_volume)
    @rule(n=SEVERAL, name=st.sampled_from(['PET', 'Renamed', '']))
    def rename_volume(self, n, name):
        self.one('vtkMRMLScalarVolumeNode', n).SetName(name)

    @precondition(has_volume)
    @rule(n=SEVERAL)
    def set_unit(self, n):
        unit = slicer.vtkCodedEntry()
        unit.SetValueSchemeMeaning('Bq/ml', 'UCUM', 'Becquerels/milliliter')
        self.one('vtkMRMLScalarVolumeNode', n).SetVoxelValueUnits(unit)

    @precondition(has_volume)
    @rule(n=SEVERAL, undone=st.booleans(), really=RARELY)
    def remove_volume(self, n, undone, really):
        if really:
            self._remove(self.one('vtkMRMLScalarVolumeNode', n), undone=undone)

    def _remove(self, node, *, undone):
        """What was chosen is chosen again if that is undone; else nothing takes its place."""
        names = ('inputVolume', 'seeds', 'background') if self.entered else ()
        chosen = [name for name in names if getattr(self.parameters, name) is node]
        self._take_out(node, undone=undone)
        for name in chosen:
            left = getattr(self.parameters, name)
            assert left is (self.scene.GetNodeByID(node.GetID()) if undone else None), name

    def _take_out(self, node, *, undone):
        if undone:
            node.SetUndoEnabled(True)
            self.scene.SaveStateForUndo()
        self.scene.RemoveNode(node)
        if undone:
            self.scene.Undo()
            mode = (
                slicer.app.applicationLogic().GetInteractionNode()
            )  # what comes back takes clicks
            mode.SetCurrentInteractionMode(mode.ViewTransform)

    @precondition(has_volume)
    @rule(n=SEVERAL, kind=st.sampled_from(['moved', 'turned', 'bent', 'flat', None, None, None]))
    def transform_volume(self, n, kind):
        made = {
            'moved': lambda: linear_transform(affine(np.eye(3), (5.0, -3.0, 8.0))),
            'turned': lambda: linear_transform(affine(np.diag([1.0, -1.0, -1.0]), (0, 0, 0))),
            'flat': lambda: linear_transform(affine(np.diag([1.0, 1.0, 0.0]), (0, 0, 0))),
            'bent': bent_transform,
        }
        node = self.one('vtkMRMLScalarVolumeNode', n)
        node.SetAndObserveTransformNodeID(made[kind]().GetID() if kind else None)

    @precondition(lambda self: self.nodes('vtkMRMLLinearTransformNode'))
    @rule(n=SEVERAL, shift_mm=st.floats(-20, 20), removed=RARELY)
    def change_transform(self, n, shift_mm, removed):
        node = self.one('vtkMRMLLinearTransformNode', n)
        if removed:
            self.scene.RemoveNode(node)
        else:
            matrix = affine(np.eye(3), (shift_mm, 2.0, -shift_mm))
            node.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))

    @precondition(is_open)
    @rule(n=SEVERAL)
    def choose_volume(self, n):
        shown = [*self.ui.inputVolumeSelector.shown_()] * 7 + [None]
        self.ui.inputVolumeSelector.setCurrentNode(shown[n % len(shown)])

    # Points

    @precondition(is_open)
    @rule(seeds=st.booleans())
    def press_place(self, seeds):
        button = self.ui.placeSeedsButton if seeds else self.ui.placeBackgroundButton
        self.said(button.click)

    @precondition(is_open)
    @rule(seeds=st.booleans(), place=PLACES)
    def click_in_slice(self, seeds, place):
        (self.ui.seedsWidget if seeds else self.ui.backgroundWidget).click_in_slice(place)

    @precondition(is_open)
    @rule()
    def place_all(self):
        self.said(self.ui.placeSeedsButton.click)
        for true in self.truth.inserts:
            self.ui.seedsWidget.click_in_slice(np.add(true.center_ras_mm, (3.0, -2.0, 1.0)))

    @precondition(is_open)
    @rule()
    def find_spheres(self):
        self.said(self.ui.findSpheresButton.click)

    @rule(n=SEVERAL, point=SEVERAL, place=PLACES)
    def move_point(self, n, point, place):
        points = self.one('vtkMRMLMarkupsFiducialNode', n)
        if points is not None and points.GetNumberOfControlPoints():
            n = point % points.GetNumberOfControlPoints()
            points.SetNthControlPointPositionWorld(n, *place)

    @rule(
        n=SEVERAL, point=SEVERAL, what=st.sampled_from(['unset', 'missing', 'remove', 'S37', 'any'])
    )
    def change_point(self, n, point, what):
        points = self.one('vtkMRMLMarkupsFiducialNode', n)
        if points is None or not points.GetNumberOfControlPoints():
            return
        n = point % points.GetNumberOfControlPoints()
        if what == 'unset':
            points.UnsetNthControlPointPosition(n)
        elif what == 'missing':
            points.SetNthControlPointPositionMissing(n)
        elif what == 'remove':
            points.SetFixedNumberOfControlPoints(False)
            points.RemoveNthControlPoint(n)
        else:
            points.SetNthControlPointLabel(n, what)

    @rule(n=SEVERAL, shift_mm=st.floats(-20, 20), moved=st.booleans())
    def transform_list(self, n, shift_mm, moved):
        points = self.one('vtkMRMLMarkupsFiducialNode', n)
        if points is not None:
            shift = linear_transform(affine(np.eye(3), (2.0, shift_mm, -1.0))) if moved else None
            points.SetAndObserveTransformNodeID(shift.GetID() if shift else None)

    @precondition(is_open)
    @rule(seeds=st.booleans(), rows=st.lists(SEVERAL, min_size=1, max_size=3))
    def take_back_undo_and_redo(self, seeds, rows):
        """What Delete takes back comes back, and goes again."""
        widget = self.ui.seedsWidget if seeds else self.ui.backgroundWidget
        table = self._points_table(widget, rows)
        if table is None:
            return
        slicer.app.processEvents()
        states = [state_of_list(widget.list_)]
        for key in ({'key': 'Key_Delete'}, {'key': None, 'matches': 'Undo'}):
            assert press(table, **key)
            states.append(state_of_list(widget.list_))
            if states[-1] == states[0]:
                break
        if len(states) > 2:
            assert states[2] == states[0]
            assert press(table, 'Key_Y', control=True)
            assert state_of_list(widget.list_) == states[1]

    @precondition(is_open)
    @rule(seeds=st.booleans(), rows=st.lists(SEVERAL, max_size=3), redo=st.booleans())
    def undo_or_redo(self, seeds, rows, redo):
        widget = self.ui.seedsWidget if seeds else self.ui.backgroundWidget
        table = self._points_table(widget, rows)
        assert press(table or widget.tableWidget(), None, matches='Redo' if redo else 'Undo')

    def _points_table(self, widget, rows):
        """The application's widget has a row a point; None if there is none."""
        count = widget.list_.GetNumberOfControlPoints() if widget.list_ is not None else 0
        table = widget.tableWidget()
        table.setRowCount(count)
        for row in range(count):
            table.setItem(row, 0, classes()['qt.QTableWidgetItem'](''))
        table.select_(*((row % count, 0) for row in rows or [0]) if count else [(-1, -1)])
        return table if count else None

    @rule(place=PLACES)
    def add_list(self, place):
        points = self.scene.AddNewNodeByClass('vtkMRMLMarkupsFiducialNode', 'Mine')
        points.AddControlPointWorld(*place)

    @rule(n=SEVERAL, undone=st.booleans())
    def remove_list(self, n, undone):
        points = self.one('vtkMRMLMarkupsFiducialNode', n)
        if points is not None:
            self._remove(points, undone=undone)

    @rule(n=SEVERAL, kind=MADE, undone=st.booleans())
    def remove_what_was_made(self, n, kind, undone):
        node = self.one(f'vtkMRML{kind}Node', n)
        if node is not None:
            self._remove(node, undone=undone)

    @precondition(is_open)
    @rule(seeds=st.booleans(), n=SEVERAL)
    def choose_list(self, seeds, n):
        widget = self.ui.seedsWidget if seeds else self.ui.backgroundWidget
        shown = [*widget.markupsSelectorComboBox().shown_(), None]
        widget.markupsSelectorComboBox().setCurrentNode(shown[n % len(shown)])

    @precondition(is_open)
    @rule(row=SEVERAL, entry=SEVERAL)
    def use_the_menu_of_a_seed(self, row, entry):
        if self.ui.seedsWidget.list_ is None:
            return
        self.ui.seedsWidget.highlightNthControlPoint(row)
        menu = self.ui.seedsWidget.tableWidget().menu_()
        entries = [*menu.values(), *self.panel.seeds_section._menu._menu.actions_]
        if entries:
            entries[entry % len(entries)].trigger()

    # Phantom, worksheet, settings

    @precondition(is_open)
    @rule(row=SEVERAL, column=st.integers(0, 2), text=TEXTS)
    def type_into_inserts(self, row, column, text):
        table = self.ui.insertsTable
        if table.rowCount:
            self.said(lambda: table.item(row % table.rowCount, column).setText(text))

    @precondition(is_open)
    @rule(row=SEVERAL, column=st.sampled_from([0, 2]), ticked=st.booleans())
    def tick_insert(self, row, column, ticked):
        table, qt = self.ui.insertsTable, self.module.qt.Qt
        if table.rowCount:
            state = qt.Checked if ticked else qt.Unchecked
            self.said(lambda: table.item(row % table.rowCount, column).setCheckState(state))

    @precondition(is_open)
    @rule(table=TABLES, cells=CELLS, key=KEYS, text=BLOCKS)
    def press_key_in_table(self, table, cells, key, text):
        table = getattr(self.ui, table)
        if table.rowCount:
            table.select_(*((n % table.rowCount, m % table.columnCount) for n, m in cells))
            slicer.app.clipboard().setText(text)
            keys = {'key': key} if key.startswith('Key') else {'key': None, 'matches': key}
            self.said(lambda: press(table, **keys))

    @precondition(is_open)
    @rule(table=TABLES, row=SEVERAL, column=st.integers(0, 1), text=TEXTS)
    def tab_through_cells(self, table, row, column, text):
        table = getattr(self.ui, table)
        if table.rowCount:
            table.edit_(row % table.rowCount, column).text = text
            self.said(table.tab_)
            self.said(table.setFocus)

    @precondition(is_open)
    @rule(row=SEVERAL)
    def add_or_remove_insert(self, row):
        if row > 3:
            self.said(self.ui.addInsertButton.click)
        else:
            self.ui.insertsTable.setCurrentCell(row, 0)
            self.said(self.ui.removeInsertButton.click)

    @precondition(is_open)
    @rule()
    def choose_preset(self):
        self.ui.phantomComboBox.currentText = 'Own phantom'
        self.ui.phantomComboBox.currentText = 'NEMA IEC body'

    @precondition(is_open)
    @rule(row=st.integers(0, 4), column=st.integers(0, 1), text=TIMES)
    def type_into_worksheet(self, row, column, text):
        self.ui.worksheetTable.item(row, column).setText(text)

    @precondition(is_open)
    @rule(text=TIMES)
    def type_scan_start(self, text):
        self.ui.scanStartLineEdit.text = text
        self.ui.scanStartLineEdit.editingFinished.emit()

    @precondition(is_open)
    @rule(cleared=st.booleans(), ticked=st.booleans())
    def change_worksheet(self, cleared, ticked):
        self.ui.decayCorrectedCheckBox.checked = ticked
        if cleared:
            self.ui.clearActivityButton.click()

    @precondition(is_open)
    @rule(n=SEVERAL, length=st.floats(0, 60))
    def change_settings(self, n, length):
        self.ui.refinementComboBox.currentIndex = n % 3
        self.ui.countingComboBox.currentIndex = n % 2
        self.ui.searchInPlaneSpinBox.value = length
        self.ui.searchAxialSpinBox.value = 60 - length
        self.ui.suvTypeComboBox.currentIndex = n % 4

    @precondition(is_open)
    @rule(n=SEVERAL, ticked=st.booleans())
    def choose_what_is_shown(self, n, ticked):
        ui = self.ui
        ticks = (ui.showTableCheckBox, ui.show3DCheckBox, ui.showSeedsCheckBox, ui.dicomCheckBox)
        ticks[n % len(ticks)].checked = ticked
        for combo in (ui.tableComboBox, ui.chartComboBox):
            if combo.count:
                combo.currentIndex = n % combo.count

    @precondition(is_open)
    @rule(
        n=SEVERAL,
        name=st.sampled_from(
            ['inputVolume', 'seeds', 'background', 'phantom', 'activity', 'suvType']
        ),
    )
    def set_by_a_script(self, n, name):
        kinds = {'inputVolume': 'vtkMRMLScalarVolumeNode'}
        if name in ('phantom', 'activity'):
            setattr(self.parameters, name, ('', 'x', '{}')[n % 3])
        elif name == 'suvType':
            setattr(self.parameters, name, list(type(self.parameters.suvType))[n % 4])
        else:
            node = self.one(kinds.get(name, 'vtkMRMLMarkupsFiducialNode'), n) if n else None
            setattr(self.parameters, name, node)

    # Apply, export

    @precondition(is_open)
    @rule()
    def apply(self):
        """It works where it is enabled; that it would not where it is not is seen all the time."""
        if not self.ui.applyButton.enabled or self._has_enough():
            return
        try:
            self.ui.applyButton.click()
        except SeedError:  # the image decides, where seeds do not say which sphere is where
            request = self.panel.request
            assert not labeled_inserts(request.seeds, request.phantom)
            COUNTS['refused'] += 1
        else:
            COUNTS['measured'] += 1
            assert self.panel.result is not None
            assert find_outputs(self.parameters.inputVolume) is not None

    def _has_enough(self):
        self.tried += 1
        return self.tried > MAX_MEASURED

    @precondition(is_open)
    @rule(n=SEVERAL, seeded=st.booleans())
    def choose_and_apply(self, n, seeded):
        if not self.ui.inputVolumeSelector.shown_():
            self.add_volume(0, 'PET', True)
        self.choose_volume(n)
        if seeded:
            self.place_all()
        self.apply()

    @precondition(is_open)
    @rule()
    def apply_and_cancel(self):
        ProgressDialog.cancel_next_ = True
        before = self.panel.result
        self.said(self.ui.applyButton.click)
        ProgressDialog.cancel_next_ = False
        assert self.panel.result is before

    @precondition(is_open)
    @rule()
    def find_and_cancel(self):
        seeds = self.parameters.seeds
        before = None if seeds is None else state_of_list(seeds)
        ProgressDialog.cancel_next_ = True
        self.said(self.ui.findSpheresButton.click)
        ProgressDialog.cancel_next_ = False
        assert self.parameters.seeds is seeds
        assert seeds is None or state_of_list(seeds) == before

    @precondition(is_open)
    @rule()
    def export_and_cancel(self):
        folder = self.folder / 'canceled'
        FileDialog.answer_, ProgressDialog.cancel_next_ = str(folder), True
        self.said(self.ui.exportButton.click)
        ProgressDialog.cancel_next_ = False
        assert not folder.exists() or not list(folder.iterdir())

    @precondition(has_volume)
    @rule(n=SEVERAL)
    def measure_from_the_console(self, n):
        volume = self.one('vtkMRMLScalarVolumeNode', n)
        if volume.GetImageData() is not None and not self._has_enough():
            self.said(lambda: self.widget.logic.process(volume))

    @precondition(is_open)
    @rule()
    def place_rois_again(self):
        self.said(self.ui.placeROIsAgainButton.click)

    @precondition(is_open)
    @rule(chosen=st.booleans())
    def export(self, chosen):
        chosen = chosen and not (self.folder / 'results').exists()
        FileDialog.answer_ = str(self.folder / 'results') if chosen else ''
        enabled = self.ui.exportButton.enabled
        self.said(self.ui.exportButton.click)
        assert enabled == (self.panel.result is not None)
        if self.ui.dicomCheckBox.checked:  # these volumes have no DICOM files
            assert not (chosen and (self.folder / 'results').exists())
        elif enabled and chosen:
            assert (self.folder / 'results' / 'results.json').is_file()

    @precondition(is_open)
    @rule()
    def show_table(self):
        self.ui.showTableButton.click()

    # The scene and the application

    @rule()
    def save_scene(self):
        file = self.folder / f'scene{len(self.files)}.mrb'
        self.scene.SetRootDirectory(str(self.folder))
        bent = [t for t in slicer.util.getNodesByClass('vtkMRMLTransformNode') if not t.IsLinear()]
        if len(self.files) < 2 and not bent and self.scene.WriteToMRB(str(file)):
            self.files.append(str(file))

    @rule(really=RARELY, left_empty=RARELY)
    def close_scene(self, really, left_empty):
        if really:
            self.scene.Clear(0)
            if not left_empty:
                self.add_volume(0, 'PET', True)

    @precondition(lambda self: self.files)
    @rule(n=SEVERAL, over=st.booleans())
    def read_scene(self, n, over):
        if not over:
            self.scene.Clear(0)
        assert self.scene.ReadFromMRB(self.files[n % len(self.files)])

    @precondition(lambda self: not self.entered)
    @rule()
    def enter(self):
        self.entered = self.widget.parent.isEntered = True
        self.widget.enter()

    @precondition(is_open)
    @rule()
    def exit(self):
        self.widget.exit()
        assert active_list() is None or active_list().GetName().startswith('Mine')
        self.entered = self.widget.parent.isEntered = False

    @rule()
    def handle_events(self):
        slicer.app.processEvents()

    # What must be

    @invariant()
    def all_is_well(self):
        COUNTS['actions'] += 1
        self.actions += 1
        assert 'Traceback' not in self.heard.getvalue(), self.heard.getvalue()
        assert 'error' not in self.told.GetOutput().lower(), self.told.GetOutput()
        self._they_agree()
        self._apply_is_off_where_it_would_not_work()
        self._rois_are_seen_on_their_other_slices()
        self._the_table_shows_the_phantom()
        self._buttons_say_what_can_be_done()
        self._seeds_are_counted()
        for label in (self.ui.activityLabel, self.ui.suvLabel, self.ui.roisLabel):
            self._without_keys(label.text)
        self._without_keys(self.ui.applyButton.toolTip)

    def _they_agree(self):
        if not self.entered:
            assert self.parameters is None
            return
        parameters, ui = self.parameters, self.ui
        assert ui.inputVolumeSelector.currentNode() is parameters.inputVolume
        for widget, kind in ((ui.seedsWidget, 'seeds'), (ui.backgroundWidget, 'background')):
            points = getattr(parameters, kind)
            assert widget.currentNode() is points, kind
            assert widget.list_ is points, kind
            assert widget.markupsPlaceWidget().node_ is points, kind
            taking = active_list()  # Slicer lets a list that is added by others take the clicks
            assert taking in {None, parameters.seeds, parameters.background} or (
                taking.GetName().startswith('Mine')
            )
            if points is not None and parameters.inputVolume is not None:
                assert may_be(points, parameters.inputVolume, kind), kind
        from VOIIdentificationLib.panel.worksheet_form import form_from_text

        connected = getattr(parameters, '_connections', {})  # Slicer's own has others
        for connections in connected.values():
            for one in connections:
                in_node = one.parameter.read(parameters.parameterNode)
                assert one.read() == in_node, one.parameter.name
        assert self.panel.activity_section._read() == form_from_text(parameters.activity)

    def _apply_is_off_where_it_would_not_work(self):
        if self.entered and not self.ui.applyButton.enabled:
            assert self.ui.applyButton.toolTip
            with pytest.raises(PhantomError):
                self.widget.logic.measure(self.parameters.inputVolume, self.panel.request)

    def _rois_are_seen_on_their_other_slices(self):
        outputs = self.panel.outputs if self.entered else None
        if outputs is not None and outputs.roi_repeats is not None:
            rois, drawn = outputs.background_rois, outputs.roi_repeats.GetPolyData()
            slices = json.loads(outputs.roi_repeats.GetAttribute('VOIIdentification.Slices'))
            placed = [seed.position_ras_mm for seed in seeds_from_points(rois)] if rois else []
            assert drawn.GetNumberOfPolys() == 64 * len(slices['offsetsMm']) * len(placed)
            if drawn.GetNumberOfPolys():
                seen = vtk_to_numpy(drawn.GetPoints().GetData()).mean(axis=0)
                off = seen - np.mean(placed, axis=0)
                across = off - off @ slices['normalRAS'] * np.array(slices['normalRAS'])
                assert np.linalg.norm(across) < 0.01

    def _the_table_shows_the_phantom(self):
        if self.entered:
            table, inserts = self.ui.insertsTable, self.panel.phantom.inserts
            assert table.rowCount == len(inserts)
            for n, insert in enumerate(inserts):
                assert table.item(n, 0).text() == insert.label
                assert float(table.item(n, 1).text()) == pytest.approx(insert.diameter_mm, 1e-5)
                ticked = table.item(n, 0).checkState() == self.module.qt.Qt.Checked
                assert ticked == insert.use

    def _buttons_say_what_can_be_done(self):
        if self.entered:
            ui, result = self.ui, self.panel.result
            assert ui.exportButton.enabled == (result is not None)
            assert ui.showTableButton.enabled == (self.panel.outputs is not None)
            if self.parameters.inputVolume is None:
                assert not ui.applyButton.enabled
                assert not ui.placeSeedsButton.enabled
                assert not ui.findSpheresButton.enabled

    def _seeds_are_counted(self):
        if self.entered and self.parameters.seeds is not None:
            points = self.parameters.seeds
            unused = {one.label for one in self.panel.phantom.inserts if not one.use}
            placed = sum(
                points.GetNthControlPointPositionStatus(n) == points.PositionDefined
                and points.GetNthControlPointLabel(n) not in unused
                for n in range(points.GetNumberOfControlPoints())
            )
            assert self.ui.seedCountLabel.text.split()[0] == str(placed)


def test_the_panel_survives_whatever_is_done_in_any_order(monkeypatch):
    for module in (engine, stateful):  # hypothesis would end a sequence after 8 kB of choices
        monkeypatch.setattr(module, 'BUFFER_SIZE', CHOICES_BYTES)
    seed(int(os.environ.get('VOI_SEED', SEED)))(Panels)  # every run of the suite tries the same
    try:
        _run()
        assert COUNTS['longest'] == int(ACTIONS)
    finally:
        if 'VOI_COUNTS' in os.environ:
            Path(os.environ['VOI_COUNTS']).write_text(json.dumps(COUNTS))


def _run():
    run_state_machine_as_test(
        Panels,
        settings=settings(
            max_examples=SEQUENCES,
            stateful_step_count=int(ACTIONS),
            deadline=None,
            phases=(Phase.explicit, Phase.generate),
            report_multiple_bugs=False,
            derandomize=False,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
