"""The module's own layout: one large slice, the VOIs in 3-D, a plot, a table."""

from __future__ import annotations

from typing import Any

import slicer

LAYOUT_ID = 27180
"""Of the layout, above those of Slicer (100). It is saved with scenes: never change it."""

_VIEWS = {
    'slice': '<view class="vtkMRMLSliceNode" singletontag="Red">'
    '<property name="orientation" action="default">Axial</property>'
    '<property name="viewlabel" action="default">R</property>'
    '<property name="viewcolor" action="default">#F34A33</property></view>',
    '3d': '<view class="vtkMRMLViewNode" singletontag="1">'
    '<property name="viewlabel" action="default">1</property></view>',
    'plot': '<view class="vtkMRMLPlotViewNode" singletontag="PlotView1">'
    '<property name="viewlabel" action="default">P</property></view>',
    'table': '<view class="vtkMRMLTableViewNode" singletontag="TableView1">'
    '<property name="viewlabel" action="default">T</property></view>',
}
"""Those of Slicer's own layouts, by the tags that it knows them by."""

LAYOUT = (
    '<layout type="vertical" split="true">'
    '<item splitSize="680"><layout type="horizontal" split="true">'
    f'<item splitSize="600">{_VIEWS["slice"]}</item>'
    '<item splitSize="400"><layout type="vertical" split="true">'
    f'<item splitSize="500">{_VIEWS["3d"]}</item><item splitSize="500">{_VIEWS["plot"]}</item>'
    '</layout></item></layout></item>'
    f'<item splitSize="320">{_VIEWS["table"]}</item></layout>'
)
"""As `vtkMRMLLayoutNode` reads layouts; sizes in thousandths."""


def register_layout() -> None:
    """Tell the application of the layout, as often as one likes; without a window nothing is."""
    manager = slicer.app.layoutManager()
    if manager is not None:
        layouts = manager.layoutLogic().GetLayoutNode()
        if not layouts.AddLayoutDescription(LAYOUT_ID, LAYOUT):
            layouts.SetLayoutDescription(LAYOUT_ID, LAYOUT)


class OwnLayout:
    """Shows the module's layout, and gives the user's back."""

    def __init__(self) -> None:
        self._users: int = slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView
        self._wanted = False

    @property
    def is_shown(self) -> bool:
        """Whether it is the layout of the application now."""
        manager: Any = slicer.app.layoutManager()
        return manager is not None and manager.layout == LAYOUT_ID

    def show(self) -> bool:
        """
        Take the place of the user's layout.

        Returns
        -------
        came : bool
            False if it is there already, or there is no window for one.
        """
        manager = slicer.app.layoutManager()
        if manager is None:  # there is none without a main window
            return False
        register_layout()
        came = bool(manager.layout != LAYOUT_ID)
        if came:
            self._users = manager.layout
            manager.setLayout(LAYOUT_ID)
        return came

    def give_back(self) -> None:
        """Bring the user's layout back as the module is left, unless it is another one already."""
        self._wanted = self.is_shown
        if self._wanted:
            slicer.app.layoutManager().setLayout(self._users)

    def take_again(self) -> None:
        """Show the layout as the module is opened again, if it was shown when it was left."""
        if self._wanted:
            self._wanted = False
            self.show()
