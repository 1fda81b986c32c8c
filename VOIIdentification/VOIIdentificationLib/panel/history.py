"""What the user has done to a list of points, to take it back and do it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import slicer

from ..mrml.nodes import Node
from ..mrml.point_states import ListState, restore_list, state_of_list

State = TypeVar('State')

_MAX_STEPS = 100
"""The oldest ones are forgotten."""

_POINT_EVENTS = tuple(
    getattr(slicer.vtkMRMLMarkupsNode, name)
    for name in (
        'PointPositionDefinedEvent',
        'PointPositionUndefinedEvent',
        'PointPositionMissingEvent',
        'PointModifiedEvent',
        'PointAddedEvent',
        'PointRemovedEvent',
    )
)


class History(Generic[State]):
    """
    States that followed each other, and where in them one is.

    Parameters
    ----------
    first : object
        The state to begin with.
    """

    def __init__(self, first: State) -> None:
        self._states, self._at = [first], 0

    def note(self, state: State) -> None:
        """
        Something was done; what had been taken back before is forgotten.

        Parameters
        ----------
        state : object
            What has come of it; nothing was done if it is the state that one is in.
        """
        if state == self._states[self._at]:
            return
        del self._states[self._at + 1 :]
        self._states.append(state)
        del self._states[: -_MAX_STEPS - 1]
        self._at = len(self._states) - 1

    def back(self) -> State | None:
        """
        Go to the state before.

        Returns
        -------
        state : object or None
            None if there is no step to be taken back.
        """
        return self._go(self._at - 1)

    def forth(self) -> State | None:
        """
        Go to the state that was left last by `back`.

        Returns
        -------
        state : object or None
            None if no step was taken back.
        """
        return self._go(self._at + 1)

    def _go(self, place: int) -> State | None:
        if not 0 <= place < len(self._states):
            return None
        self._at = place
        return self._states[place]


class PointsHistory(slicer.util.VTKObservationMixin):  # type: ignore[misc]
    """
    Notes what is done to one point list, whoever does it.

    All that one key or click does is one step, and so is a point that is dragged.

    Parameters
    ----------
    later : callable
        Calls what it is given once the application has handled its event.
    """

    def __init__(self, later: Callable[[Callable[[], None]], None]) -> None:
        super().__init__()
        self._later = later
        self._points: Node = None
        self._history: History[ListState] | None = None
        self._is_waiting = self._is_dragging = False

    def follow(self, points: Node) -> None:
        """
        Note what is done to a list from now on; another one than before begins without steps.

        Parameters
        ----------
        points : vtkMRMLMarkupsFiducialNode or None
            The list that is shown.
        """
        if points is not self._points:
            self.removeObservers()
            self._points = points
            for event in _POINT_EVENTS if points is not None else ():
                self.addObserver(points, event, self._on_change)
            if points is not None:
                self.addObserver(points, points.PointStartInteractionEvent, self._on_drag)
                self.addObserver(points, points.PointEndInteractionEvent, self._on_drop)
            self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all steps: what came before cannot be gone back to."""
        self._is_dragging = False
        self._history = None if self._points is None else History(state_of_list(self._points))

    def undo(self) -> bool:
        """
        Take the last step back.

        Returns
        -------
        done : bool
            Whether there was one.
        """
        self._note()
        return self._restore(None if self._history is None else self._history.back())

    def redo(self) -> bool:
        """
        Do again what was taken back last.

        Returns
        -------
        done : bool
            Whether there was something.
        """
        self._note()
        return self._restore(None if self._history is None else self._history.forth())

    def _restore(self, state: ListState | None) -> bool:
        if state is not None:
            restore_list(self._points, state)
        return state is not None

    def _on_drag(self, _caller: Node, _event: str) -> None:
        self._is_dragging = True

    def _on_drop(self, _caller: Node, _event: str) -> None:
        self._is_dragging = False
        self._on_change()

    def _on_change(self, _caller: Node = None, _event: str = '') -> None:
        if not self._is_waiting:
            self._is_waiting = True
            self._later(self._on_settled)

    def _on_settled(self) -> None:
        self._is_waiting = False
        self._note()

    def _note(self) -> None:
        if self._history is not None and not self._is_dragging:
            self._history.note(state_of_list(self._points))
