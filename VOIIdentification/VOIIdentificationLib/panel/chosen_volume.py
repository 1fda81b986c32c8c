"""The volume that is chosen: read when it is there, and again when it has changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import slicer
from slicer.i18n import tr as _

from ..core.errors import PhantomError
from ..mrml.nodes import Node
from ..mrml.outputs import OutputNodes, find_outputs
from ..mrml.said import translated
from .dialogs import Dialogs
from .gather import read_volume, volume_signature
from .situation import VolumeFacts
from .view import show_volume

if TYPE_CHECKING:
    from .panel import Panel


class ChosenVolume:
    """
    What is known of the volume that is chosen.

    Parameters
    ----------
    logic : VOIIdentificationLogic
        Knows the files.

    dialogs : Dialogs
        Progress.

    Attributes
    ----------
    node : vtkMRMLScalarVolumeNode or None
        The volume.

    facts : VolumeFacts or None
        What was read of it.
    """

    def __init__(self, logic: Any, dialogs: Dialogs) -> None:
        self._logic, self._dialogs = logic, dialogs
        self._reading = False
        self.choose(None)

    def choose(self, node: Node) -> None:
        """
        Take another volume; nothing is read yet.

        Parameters
        ----------
        node : vtkMRMLScalarVolumeNode or None
            The volume.
        """
        self.node: Node = node
        self.facts: VolumeFacts | None = None
        self._signature: tuple[object, ...] = ()

    @property
    def outputs(self) -> OutputNodes | None:
        """The nodes that show its last measurement."""
        return find_outputs(self.node) if self.node else None

    @property
    def is_there(self) -> bool:
        """Whether it can be measured."""
        return self.facts is not None and self.facts.geometry is not None

    def read(self) -> bool:
        """
        Read it if it is not as it was, and again if it changed while it was read.

        Returns
        -------
        read : bool
            Whether there was something new.
        """
        read, node = False, self.node
        while node is not None and node is self.node and not self._reading:
            signature = volume_signature(node)
            if signature == self._signature:
                break
            self._signature, read = signature, True
            with self._while_reading() as progress:
                facts = read_volume(self._logic, node, progress)
            if node is self.node:
                made = self.facts.suv_made if self.facts else None
                self.facts = replace(facts, suv_made=made)
        return read

    @contextmanager
    def _while_reading(self) -> Iterator[Any]:
        self._reading = True
        try:
            with self._dialogs.progress(_('Reading the DICOM files')) as progress:
                yield progress
        finally:
            self._reading = False

    def look(self) -> None:
        """Show it in the views, if it can be measured."""
        if self.node is not None and self.node.GetScene() is not None:
            with suppress(PhantomError):
                show_volume(self.node, self._logic.imageOf(self.node))


class VolumeSection:
    """
    The buttons beside the volume: where it comes from, and what is made of it.

    Parameters
    ----------
    panel : Panel
        Whose volume it is.
    """

    def __init__(self, panel: Panel) -> None:
        self._panel, ui = panel, panel.ui
        ui.importButton.clicked.connect(self._on_import)
        ui.reloadButton.clicked.connect(self._on_reload)
        ui.makeSUVButton.clicked.connect(self._on_make_suv)

    def _on_import(self) -> None:
        """Go to the DICOM module."""
        slicer.util.selectModule('DICOM')

    def _on_reload(self) -> None:
        """Read the volume again by the library's reader."""
        panel = self._panel
        with panel.dialogs.guard(_('The volume could not be read again.')):
            with panel.dialogs.progress(_('Reading the DICOM files')) as progress:
                volume = panel.logic.reloadVolume(panel.volume.node, progress)
            panel.parameters.inputVolume = volume

    def _on_make_suv(self) -> None:
        """Make an SUV volume, and say what was decided on the way."""
        panel, volume = self._panel, self._panel.volume
        suv_type = panel.parameters.suvType.value
        decisions: list[str] = []
        with panel.dialogs.guard(_('The SUV volume could not be made.')):
            with panel.dialogs.progress(_('Reading the DICOM files')) as progress:
                node = panel.logic.makeSUVVolume(volume.node, suv_type, progress, decisions.extend)
            made = (suv_type, str(node.GetName()), '\n'.join(map(translated, decisions)))
            volume.facts = replace(volume.facts or VolumeFacts(), suv_made=made)
            panel.update()
