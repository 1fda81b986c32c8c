"""Selectors of nodes and the parameters that they show: the parameters win."""

from __future__ import annotations

from typing import Any

import slicer

from ..mrml.nodes import Node
from ..mrml.point_lists import BACKGROUND, SEEDS, forbidden_list_ids

NODES = ('inputVolume', SEEDS, BACKGROUND)
"""Parameters that are nodes."""


class Selectors:
    """
    Keeps the selectors of the panel to what the parameters say.

    A selector takes a node by itself when it is given its scene or its type, and shows none that it
    does not know yet.

    Parameters
    ----------
    ui : object
        The widgets by their names.
    """

    def __init__(self, ui: Any) -> None:
        self._ui = ui
        self._lists = {SEEDS: ui.seedsWidget, BACKGROUND: ui.backgroundWidget}
        self._tag: Any = None

    def connect(self, parameters: Any) -> None:
        """
        Connect all widgets that show a parameter.

        Parameters
        ----------
        parameters : VOIIdentificationParameterNode
            The user's choices, which stay as they are.
        """
        chosen = {name: getattr(parameters, name) for name in NODES}
        self._tag = parameters.connectGui(self._ui)
        for name, node in chosen.items():
            if getattr(parameters, name) is not node:
                setattr(parameters, name, node)

    def disconnect(self, parameters: Any) -> None:
        """
        What widgets do from now on, as when a scene is closed, changes no parameter.

        Parameters
        ----------
        parameters : VOIIdentificationParameterNode
            That were connected.
        """
        parameters.disconnectGui(self._tag)
        # A list that a widget takes itself for showing would not be shown again.
        for widget in self._lists.values():
            widget.setCurrentNode(None)

    def show(self, parameters: Any, volume: Node) -> None:
        """
        Show lists that a widget missed, and offer only those that may be chosen.

        Parameters
        ----------
        parameters : VOIIdentificationParameterNode
            The user's choices.

        volume : vtkMRMLScalarVolumeNode or None
            The volume that is chosen.
        """
        for kind, widget in self._lists.items():
            offered = widget.markupsSelectorComboBox().sortFilterProxyModel()
            points = getattr(parameters, kind)
            if widget.currentNode() is not points:
                with slicer.util.NodeModify(parameters):
                    offered.hiddenNodeIDs = []
                    widget.setCurrentNode(None)
                    widget.setCurrentNode(points)
                    setattr(parameters, kind, points)
            # What is hidden while it is shown would be let go.
            offered.hiddenNodeIDs = forbidden_list_ids(volume, kind) if volume else []
