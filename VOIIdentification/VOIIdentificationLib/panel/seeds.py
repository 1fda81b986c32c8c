"""
The panel's section for the seeds: placed by hand, found in the image, corrected by a menu.

It is given Qt and its widgets by the module file and imports neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from slicer.i18n import tr as _

from ..core.phantom import Phantom
from ..mrml.nodes import Node
from ..mrml.points import follow_phantom, seed_list
from .view import PlaceSection, jump_to_point

if TYPE_CHECKING:
    from .panel import Panel

_STEP_MS = 700
"""How long the views stay at each sphere that was found."""


class SeedActions(NamedTuple):
    """
    What the menu of a seed offers.

    Attributes
    ----------
    label : str
        Of the seed; empty if no seed is meant.

    can_unset, can_jump : bool
        Whether it is placed.

    names : tuple of str
        What it may be called instead.
    """

    label: str = ''
    can_unset: bool = False
    can_jump: bool = False
    names: tuple[str, ...] = ()


def seed_actions(
    seeds: Sequence[tuple[str, bool]], row: int, inserts: Sequence[str]
) -> SeedActions:
    """
    Decide what can be done with a seed.

    Parameters
    ----------
    seeds : sequence of tuple of str and bool
        Label of each point of the list, and whether it is placed.

    row : int
        The point that is meant; outside the list if none is.

    inserts : sequence of str
        Labels of the inserts that are used.

    Returns
    -------
    actions : SeedActions
        Nothing for a row that is not there.
    """
    if not 0 <= row < len(seeds):
        return SeedActions()
    label, placed = seeds[row]
    return SeedActions(label, placed, placed, tuple(name for name in inserts if name != label))


def renamed(labels: Sequence[str], row: int, name: str) -> list[str]:
    """
    Labels after one seed got another name.

    Parameters
    ----------
    labels : sequence of str
        Of all points of the list.

    row : int
        The point that is renamed.

    name : str
        Its new name. The point that had it gets the old one, so that no two are alike.

    Returns
    -------
    labels : list of str
        As many as before.
    """
    old = labels[row]
    swapped = [old if label == name else label for label in labels]
    swapped[row] = name
    return swapped


def _points_in(points: Node) -> list[tuple[str, bool]]:
    """Label of each point of a list, and whether it is placed."""
    return [
        (
            str(points.GetNthControlPointLabel(n) or ''),
            points.GetNthControlPointPositionStatus(n) == points.PositionDefined,
        )
        for n in range(points.GetNumberOfControlPoints() if points else 0)
    ]


class _SeedMenu:
    """
    The menu of a right click on a seed.

    It takes the place of the widget's own, whose entries do nothing in a list of a fixed length.

    Parameters
    ----------
    qt : module
        Qt as the application offers it.

    markups : qSlicerSimpleMarkupsWidget
        Shows the list.

    inserts : callable
        Gives the labels of the inserts that are used.
    """

    def __init__(self, qt: Any, markups: Any, inserts: Callable[[], Sequence[str]]) -> None:
        self._qt, self._markups, self._inserts = qt, markups, inserts
        self._names: tuple[str, ...] | None = None
        self._renaming: list[Any] = []  # Python must keep what the menu shows
        table = markups.tableWidget()
        table.setContextMenuPolicy(qt.Qt.ActionsContextMenu)
        self._jump = self._action(table, _('Go to this seed'), self._on_jump)
        self._unset = self._action(table, _('Take this seed back'), self._on_unset)
        self._menu = qt.QMenu(_('Rename to'), table)
        table.addAction(self._menu.menuAction())
        markups.currentMarkupsControlPointSelectionChanged.connect(self._on_selected)

    def _action(self, owner: Any, text: str, done: Callable[[], None]) -> Any:
        action = self._qt.QAction(text, owner)
        action.triggered.connect(done)
        owner.addAction(action)
        return action

    def show(self) -> None:
        """Offer what can be done with the seed that is selected now."""
        actions = seed_actions(_points_in(self._points), self._row, self._inserts())
        self._jump.enabled, self._unset.enabled = actions.can_jump, actions.can_unset
        self._menu.enabled = bool(actions.names)
        if actions.names != self._names:
            self._names = actions.names
            self._menu.clear()
            self._renaming = [
                self._action(self._menu, name, self._renamer(name)) for name in actions.names
            ]

    @property
    def _points(self) -> Node:
        return self._markups.currentNode()

    @property
    def _row(self) -> int:
        return int(self._markups.tableWidget().currentRow())

    def _on_selected(self, _row: int) -> None:
        self.show()

    def _on_jump(self) -> None:
        if self._points is not None:
            jump_to_point(self._points, self._row)

    def _on_unset(self) -> None:
        if seed_actions(_points_in(self._points), self._row, ()).can_unset:
            self._points.UnsetNthControlPointPosition(self._row)

    def _renamer(self, name: str) -> Callable[[], None]:
        """What takes no argument: the signal would put its own into one that has a default."""

        def _rename() -> None:
            self._on_rename(name)

        return _rename

    def _on_rename(self, name: str) -> None:
        labels = [label for label, _placed in _points_in(self._points)]
        if not 0 <= self._row < len(labels):
            return
        for n, label in enumerate(renamed(labels, self._row, name)):
            if label != labels[n]:
                self._points.SetNthControlPointLabel(n, label)


class SeedsSection(PlaceSection):
    """
    Places seeds, finds them, and goes through them.

    Parameters
    ----------
    panel : Panel
        Whose seeds they are.

    qt : module
        Qt as the application offers it.
    """

    def __init__(self, panel: Panel, qt: Any) -> None:
        self._panel, ui = panel, panel.ui
        no_editing = qt.QAbstractItemView.NoEditTriggers
        later = panel.dialogs.later
        super().__init__(ui.placeSeedsButton, ui.seedsWidget, no_editing, self._list, later)
        self._menu = _SeedMenu(qt, ui.seedsWidget, self._inserts)
        self._tour, self._shown_row = 0, -1
        ui.findSpheresButton.clicked.connect(self._on_find)

    def show(self) -> None:
        """Follow the list that is chosen, and let the menu follow it."""
        super().show()
        self._menu.show()

    def follow_phantom(self, before: Phantom, after: Phantom) -> None:
        """
        Let the list follow a change of the phantom; seeds that are placed stay.

        Parameters
        ----------
        before, after : Phantom
            What came before cannot be gone back to: its names may be gone.
        """
        if (points := self._panel.parameters.seeds) is not None:
            follow_phantom(points, before, after)
            self.history.begin_anew()

    def stop(self) -> bool:
        """End placing and going about; say whether points were being placed."""
        self._tour += 1
        return super().stop()

    def _on_clicked(self) -> None:
        """Begin or end placing: the user is elsewhere now."""
        self._tour += 1
        super()._on_clicked()

    def _on_selected(self, row: int) -> None:
        """Go to the point of a row; one that the user chose ends going about."""
        if row != self._shown_row:
            self._tour += 1
        super()._on_selected(row)

    def _inserts(self) -> list[str]:
        if self._panel.parameters is None:
            return []
        return [insert.label for insert in self._panel.phantom.used_inserts]

    def _list(self) -> Node:
        panel = self._panel
        panel.parameters.seeds = seed_list(panel.volume.node, panel.phantom)
        return panel.parameters.seeds

    def _on_find(self) -> None:
        """Fill the list from the image; the user corrects, then presses Apply."""
        panel, volume = self._panel, self._panel.volume.node
        if panel.is_working or not self._may_replace():
            return
        with panel.working(_('The spheres could not be found.')):
            with panel.dialogs.progress(_('Finding the spheres')) as progress:
                points = panel.logic.findSpheres(volume, panel.phantom, progress)
            if panel.parameters is not None and panel.volume.node is volume:
                panel.parameters.seeds = points
                self._go_through()

    def _may_replace(self) -> bool:
        """Whether no seed is placed, or the user lets them go."""
        placed = sum(is_placed for _label, is_placed in _points_in(self._panel.parameters.seeds))
        question = _('{count} seeds are placed already. Replace them by those that are found?')
        return not placed or self._panel.dialogs.ask(question.format(count=placed))

    def _go_through(self) -> None:
        """Show each sphere for a moment, in the order of the list."""
        self._tour += 1
        points = self._panel.parameters.seeds
        rows = [n for n, (_label, placed) in enumerate(_points_in(points)) if placed]
        self._go_on(points, rows, self._tour)

    def _go_on(self, points: Node, rows: Sequence[int], tour: int) -> None:
        shown = self._panel.parameters is not None and self._panel.parameters.seeds is points
        if not rows or tour != self._tour or not shown:
            return
        self._shown_row = rows[0]
        self._markups.highlightNthControlPoint(rows[0])
        jump_to_point(points, rows[0])
        self._panel.dialogs.later(lambda: self._go_on(points, rows[1:], tour), _STEP_MS)
