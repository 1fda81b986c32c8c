"""What the panel listens to besides its parameters: the scene, the volume, the points."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import slicer
import vtk

from ..mrml.nodes import Node

_POINT_EVENTS = (
    slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent,
    slicer.vtkMRMLMarkupsNode.PointPositionUndefinedEvent,
    slicer.vtkMRMLMarkupsNode.PointModifiedEvent,
    slicer.vtkMRMLMarkupsNode.PointRemovedEvent,
    slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
)

_VOLUME_EVENTS = (
    vtk.vtkCommand.ModifiedEvent,
    slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent,
    slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
)


class Watch(slicer.util.VTKObservationMixin):  # type: ignore[misc]
    """
    Tells the panel of nodes that come, change and go.

    Parameters
    ----------
    on_volume, on_points : callable
        Called when the volume that is watched, or one of the lists, has changed.

    on_added, on_leaving : callable
        Called with a node that was added, or is about to be removed: before the
        selectors of the panel hear of it, which would take another one.

    on_removed : callable
        Called after a node was removed.
    """

    def __init__(
        self,
        on_volume: Callable[[], None],
        on_points: Callable[[], None],
        on_added: Callable[[Node], None],
        on_leaving: Callable[[Node], None],
        on_removed: Callable[[], None],
    ) -> None:
        super().__init__()
        self._on_volume, self._on_points = on_volume, on_points
        self._on_added, self._on_leaving, self._on_removed = on_added, on_leaving, on_removed

    def start(self) -> None:
        """Listen to the scene."""
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.NodeAddedEvent, self._added)
        self.addObserver(scene, scene.NodeAboutToBeRemovedEvent, self._leaving)
        self.addObserver(scene, scene.NodeRemovedEvent, self._removed)

    def stop(self) -> None:
        """Listen to nothing."""
        self.removeObservers()

    def watch_volume(self, volume: Node) -> None:
        """
        Listen to a volume, and to no other.

        Parameters
        ----------
        volume : vtkMRMLScalarVolumeNode or None
            Its voxels, its place, its name, its files.
        """
        self.removeObservers(self._volume_changed)
        if volume is not None:
            for event in _VOLUME_EVENTS:
                self.addObserver(volume, event, self._volume_changed)

    def watch_points(self, lists: Iterable[Node]) -> None:
        """
        Listen to point lists, and to no others.

        Parameters
        ----------
        lists : iterable of vtkMRMLMarkupsFiducialNode
            Every move of one of their points is told.
        """
        self.removeObservers(self._points_changed)
        for node in lists:
            for event in _POINT_EVENTS:
                self.addObserver(node, event, self._points_changed)

    def _volume_changed(self, _caller: Node, _event: str) -> None:
        self._on_volume()

    def _points_changed(self, _caller: Node, _event: str) -> None:
        self._on_points()

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
