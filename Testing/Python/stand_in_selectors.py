"""
Stand-ins for widgets that choose a node, with the habits of the real ones.

After Slicer's qMRMLSceneModel, qMRMLNodeComboBox and qSlicerSimpleMarkupsWidget, and the order of
events as it was recorded in the application: a selector without "None" takes the first node that is
added, before that node has an image; when its node is removed it takes another one; it knows
nothing of an import before its end, and then begins anew, each selector at its own turn; a node
that it does not list cannot be shown.
"""

from stand_in_classes import BEHAVIOR, StandIn, classes

_ROWS_FIRST, _ROWS_LAST = 10.0, -10.0
"""Priorities of qMRMLSceneModel: added nodes first, nodes about to be removed last."""


class SceneWidget(StandIn):
    def start(self):
        self.scene_ = None

    def setMRMLScene(self, scene):
        self.scene_ = scene
        for receiver in self.dynamic.get('scene receivers', ()):
            receiver.setMRMLScene(scene)


class ProxyModel:
    """As much of qMRMLSortFilterProxyModel as the module asks for."""

    __slots__ = ('_hidden', '_owner')

    def __init__(self, owner):
        self._owner, self._hidden = owner, ()

    @property
    def hiddenNodeIDs(self):
        return self._hidden

    @hiddenNodeIDs.setter
    def hiddenNodeIDs(self, ids):
        assert all(isinstance(one, str) for one in ids)
        self._hidden = tuple(ids)
        self._owner.refresh_if_hidden_()


class NodeComboBox(SceneWidget):
    made_ = []  # noqa: RUF012 - every one of a test

    def start(self):
        super().start()
        type(self).made_.append(self)
        self.rows_, self.node_, self.requested_, self.tags_ = [], None, None, []
        self.proxy_ = ProxyModel(self)

    def sortFilterProxyModel(self):
        return self.proxy_

    def destroy_(self):
        """It lets go of the scene before its signals go."""
        self.setMRMLScene(None)
        super().destroy_()

    def setMRMLScene(self, scene):
        if scene is self.scene_:
            return
        for tag in self.tags_:
            self.scene_.RemoveObserver(tag)
        self.scene_, self.tags_, self.rows_ = scene, [], []
        if scene is None:
            self.node_ = None
            return
        self._observe(scene)
        self._list_all()
        self._choose(self.requested_ if self.requested_ in self.rows_ else self._first())
        self.requested_ = None

    def _observe(self, scene):
        import vtk

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def added(_scene, _event, node):
            self._on_added(node)

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def leaving(_scene, _event, node):
            self._on_leaving(node)

        watched = (
            (scene.NodeAddedEvent, added, _ROWS_FIRST),
            (scene.NodeAboutToBeRemovedEvent, leaving, _ROWS_LAST),
            (scene.EndImportEvent, lambda *_: self._begin_anew(), 0.0),
            (scene.EndCloseEvent, lambda *_: self._begin_anew(), 0.0),
        )
        self.tags_ = [scene.AddObserver(*one) for one in watched]

    def _fits(self, node):
        return node.GetClassName() in self.nodeTypes and (
            self.showHidden or not node.GetHideFromEditors()
        )

    def _list_all(self):
        nodes = [self.scene_.GetNthNode(n) for n in range(self.scene_.GetNumberOfNodes())]
        self.rows_ = [node for node in nodes if self._fits(node)]

    def shown_(self):
        """The nodes that a user can choose from."""
        return [node for node in self.rows_ if node.GetID() not in self.proxy_.hiddenNodeIDs]

    def _first(self):
        shown = self.shown_()
        return shown[0] if shown and not self.noneEnabled else None

    def _on_added(self, node):
        if self.scene_.IsImporting() or not self._fits(node):
            return
        self.rows_.append(node)
        if self.node_ is None and self.shown_() == [node]:
            self._choose(self._first())

    def _on_leaving(self, node):
        if self.scene_.IsClosing() or node not in self.rows_:
            return
        shown = self.shown_()
        place = shown.index(node) if node in shown else 0
        self.rows_.remove(node)
        if node is self.node_:
            rest = self.shown_()
            self.node_ = None
            self._choose(rest[min(place, len(rest) - 1)] if rest else None)

    def _begin_anew(self):
        self.rows_ = []
        self._choose(None)
        self._list_all()
        self._choose(self._first())

    def refresh_if_hidden_(self):
        if self.node_ is not None and self.node_ not in self.shown_():
            self._choose(None)

    def _choose(self, node):
        if node is not self.node_:
            self.node_ = node
            self.currentNodeChanged.emit(node)

    def changed(self, name):
        if name == 'nodeTypes' and self.scene_ is not None:
            self._list_all()
            self.refresh_if_hidden_()

    def currentNode(self):
        return self.node_

    def setCurrentNode(self, node):
        if self.scene_ is None:
            self.requested_ = node
        self._choose(node if node in self.shown_() else None)


class PlaceWidget(StandIn):
    """
    Place mode is the application's: one list takes the clicks, whichever a widget shows.

    A widget that shows another list says that it is not placing; the clicks go on to the first.
    """

    def start(self):
        self.told_, self.owner_, self.node_, self.watched_ = False, None, None, []
        self.place_button_ = classes()['qt.QToolButton']()

    def placeButton(self):
        return self.place_button_

    @property
    def placing_(self):
        return self.node_ is not None and active_list() is self.node_

    def observe_(self, scene):
        import slicer

        for node, tag in self.watched_:
            node.RemoveObserver(tag)
        logic, self.watched_ = slicer.app.applicationLogic(), []
        for node in (logic.GetInteractionNode(), logic.GetSelectionNode()) if scene else ():
            self.watched_.append((node, node.AddObserver('ModifiedEvent', self.refresh_)))

    def show_(self, node):
        self.node_ = node
        self.refresh_()

    def refresh_(self, *_event):
        placing = self.placing_
        if placing != self.told_:
            self.told_ = placing
            self.activeMarkupsPlaceModeChanged.emit(placing)
            self.owner_.activeMarkupsPlaceModeChanged.emit(placing)

    def setPlaceModeEnabled(self, placing):
        import slicer

        if self.node_ is None:
            return
        mode = slicer.app.applicationLogic().GetInteractionNode()
        if placing:
            slicer.modules.markups.logic().SetActiveList(self.node_)
        mode.SetCurrentInteractionMode(mode.Place if placing else mode.ViewTransform)
        self.refresh_()


def active_list():
    """The list that takes clicks in the slice views now."""
    import slicer

    mode = slicer.app.applicationLogic().GetInteractionNode()
    if mode is None or mode.GetCurrentInteractionMode() != mode.Place:
        return None
    return slicer.mrmlScene.GetNodeByID(slicer.modules.markups.logic().GetActiveListID())


class MarkupsWidget(SceneWidget):
    """
    A selector with "None", and the table of the list that it shows.

    Set to a list that its selector does not know yet, it shows nothing of it, and setting it again
    does nothing either, as it takes itself for showing it.
    """

    def start(self):
        super().start()
        self.table_, self.place_ = classes()['qt.QTableWidget'](), None
        self.selector_, self.list_ = classes()['slicer.qMRMLNodeComboBox'](), None
        self.selector_.values.update(
            nodeTypes=['vtkMRMLMarkupsFiducialNode'], noneEnabled=True, showHidden=True
        )
        self.selector_.currentNodeChanged.connect(self.setCurrentNode)
        place = classes()['slicer.qSlicerMarkupsPlaceWidget']()
        place.owner_, self.place_ = self, place

    critical_ = []  # noqa: RUF012 - what it has told the application's log

    def setMRMLScene(self, scene):
        if scene is None:
            self.critical_.append('updateWidget failed: Markups module logic or scene is invalid')
        self._set_scene(scene)

    def _set_scene(self, scene):
        super().setMRMLScene(scene)
        self.selector_.setMRMLScene(scene)
        self.place_.observe_(scene)

    def destroy_(self):
        self._set_scene(None)
        super().destroy_()
        for one in (self.table_, self.selector_, self.place_):
            one.destroy_()

    def tableWidget(self):
        return self.table_

    def markupsPlaceWidget(self):
        return self.place_

    def markupsSelectorComboBox(self):
        return self.selector_

    def currentNode(self):
        return self.selector_.currentNode()

    def setCurrentNode(self, node):
        if node is self.list_:
            return
        before = self.selector_.blockSignals(True)
        self.selector_.setCurrentNode(node)
        self.selector_.blockSignals(before)
        self.list_ = node
        self.place_.show_(node)
        self.markupsNodeChanged.emit()

    def highlightNthControlPoint(self, n):
        if n != self.table_.currentRow() and 0 <= n < self.list_.GetNumberOfControlPoints():
            self.table_.setCurrentCell(n, 0)
            self.currentMarkupsControlPointSelectionChanged.emit(n)

    def click_in_slice(self, position_ras_mm):
        """A click of the user in a slice view; nothing happens outside place mode."""
        import slicer

        points = active_list()
        if points is None:
            return
        for n in range(points.GetNumberOfControlPoints()):
            if points.GetNthControlPointPositionStatus(n) != points.PositionDefined:
                points.SetNthControlPointPositionWorld(n, *position_ras_mm)
                break
        else:
            if not points.GetFixedNumberOfControlPoints():
                points.AddControlPointWorld(*position_ras_mm)
        if points.GetControlPointPlacementComplete():
            mode = slicer.app.applicationLogic().GetInteractionNode()
            mode.SetCurrentInteractionMode(mode.ViewTransform)


BEHAVIOR |= {
    'slicer.qMRMLWidget': SceneWidget,
    'slicer.qMRMLNodeComboBox': NodeComboBox,
    'slicer.qSlicerMarkupsPlaceWidget': PlaceWidget,
    'slicer.qSlicerSimpleMarkupsWidget': MarkupsWidget,
}
