"""What the panel listens to besides its parameters: the scene, the volume, the points."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import slicer
import vtk

from ..mrml.nodes import Node
from ..mrml.point_lists import belongings, give_back

_POINT_EVENTS = (
    slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent,
    slicer.vtkMRMLMarkupsNode.PointPositionUndefinedEvent,
    slicer.vtkMRMLMarkupsNode.PointModifiedEvent,
    slicer.vtkMRMLMarkupsNode.PointRemovedEvent,
    slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
)

_BEFORE_SELECTORS = 20.0
"""Priority: qMRMLSceneModel lists a node that was added at 10, and drops one that leaves at -10."""

_VOLUME_EVENTS = (
    vtk.vtkCommand.ModifiedEvent,
    slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent,
    slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
)


class _Ear(slicer.util.VTKObservationMixin):  # type: ignore[misc]
    """
    Listens to some nodes, and to no others.

    The mixin keeps what it has listened to, with all voxels of a volume, until all its observers
    are removed: so each kind of node has an ear of its own.
    """

    def listen(
        self, nodes: Iterable[Node], events: Iterable[Any], heard: Callable[..., None]
    ) -> None:
        self.removeObservers()
        for node in dict.fromkeys(nodes):  # without a volume one list may be chosen for both
            for event in events:
                self.addObserver(node, event, heard)


class Watch:
    """
    Tells the panel of nodes that come, change and go.

    Parameters
    ----------
    on_volume, on_points : callable
        Called when the volume that is watched, or one of the lists, has changed.

    on_coming, on_added : callable
        Called with a node that was added, before and after the selectors of the
        panel hear of it.

    on_leaving : callable
        Called with a node that is about to be removed, before the selectors
        hear of it, which would take another one.

    on_removed : callable
        Called after a node was removed.
    """

    def __init__(
        self,
        on_volume: Callable[[], None],
        on_points: Callable[[], None],
        on_coming: Callable[[Node], None],
        on_added: Callable[[Node], None],
        on_leaving: Callable[[Node], None],
        on_removed: Callable[[], None],
    ) -> None:
        self._scene, self._volume, self._points = _Ear(), _Ear(), _Ear()
        self._on_volume, self._on_points = on_volume, on_points
        self._on_coming, self._on_added = on_coming, on_added
        self._on_leaving, self._on_removed = on_leaving, on_removed

    def start(self) -> None:
        """Listen to the scene."""
        scene = slicer.mrmlScene
        listen = self._scene.addObserver
        listen(scene, scene.NodeAddedEvent, self._coming, priority=_BEFORE_SELECTORS)
        listen(scene, scene.NodeAddedEvent, self._added)
        listen(scene, scene.NodeAboutToBeRemovedEvent, self._leaving)
        listen(scene, scene.NodeRemovedEvent, self._removed)

    def stop(self) -> None:
        """Listen to nothing."""
        for ear in (self._scene, self._volume, self._points):
            ear.removeObservers()

    def watch_volume(self, volume: Node) -> None:
        """
        Listen to a volume, and to no other.

        Parameters
        ----------
        volume : vtkMRMLScalarVolumeNode or None
            Its voxels, its place, its name, its files.
        """
        volumes = () if volume is None else (volume,)
        self._volume.listen(volumes, _VOLUME_EVENTS, self._volume_changed)

    def watch_points(self, lists: Iterable[Node]) -> None:
        """
        Listen to point lists, and to no others.

        Parameters
        ----------
        lists : iterable of vtkMRMLMarkupsFiducialNode
            Every move of one of their points is told.
        """
        self._points.listen(lists, _POINT_EVENTS, self._points_changed)

    def _volume_changed(self, _caller: Node, _event: str) -> None:
        self._on_volume()

    def _points_changed(self, _caller: Node, _event: str) -> None:
        self._on_points()

    @vtk.calldata_type(vtk.VTK_OBJECT)  # type: ignore[untyped-decorator]
    def _coming(self, scene: Node, _event: str, node: Node) -> None:
        if not scene.IsImporting():
            self._on_coming(node)

    @vtk.calldata_type(vtk.VTK_OBJECT)  # type: ignore[untyped-decorator]
    def _added(self, scene: Node, _event: str, node: Node) -> None:
        if not scene.IsImporting():
            self._on_added(node)

    @vtk.calldata_type(vtk.VTK_OBJECT)  # type: ignore[untyped-decorator]
    def _leaving(self, scene: Node, _event: str, node: Node) -> None:
        if not scene.IsClosing():
            self._on_leaving(node)

    def _removed(self, scene: Any, _event: str) -> None:
        if not scene.IsClosing():
            self._on_removed()


class RemovedNodes:
    """
    Chosen nodes that were removed, and what belonged to removed volumes, should they come back.

    Parameters
    ----------
    names : tuple of str
        Parameters that are nodes.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names
        self._chosen: dict[str, str] = {}
        self._belongings: dict[str, list[Node]] = {}

    def clear(self) -> None:
        """Forget them, as with another scene."""
        self._chosen.clear()
        self._belongings.clear()

    def leaving(self, parameters: Any, node: Node) -> None:
        """
        Let nothing take the place of a chosen node.

        Parameters
        ----------
        parameters : VOIIdentificationParameterNode
            The user's choices.

        node : vtkMRMLNode
            About to be removed.
        """
        if node.IsA('vtkMRMLScalarVolumeNode'):
            self._belongings[node.GetID()] = belongings(node)
        for name in self._names:
            if getattr(parameters, name) is node:
                setattr(parameters, name, None)
                self._chosen[name] = node.GetID()

    def coming(self, node: Node) -> None:
        """
        Give a volume whose removal is undone what belonged to it.

        Parameters
        ----------
        node : vtkMRMLNode
            Added, and not yet listed by the selectors.
        """
        give_back(node, self._belongings.pop(node.GetID(), ()))

    def added(self, parameters: Any, node: Node) -> None:
        """
        Choose a node again whose removal is undone.

        Parameters
        ----------
        parameters : VOIIdentificationParameterNode
            The user's choices.

        node : vtkMRMLNode
            Added, and listed by the selectors.
        """
        for name in [n for n, node_id in self._chosen.items() if node_id == node.GetID()]:
            del self._chosen[name]
            if getattr(parameters, name) is None:
                setattr(parameters, name, node)
