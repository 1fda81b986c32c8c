"""
The panel's lines for SUV, for verdicts, and for the background ROIs of NEMA NU 2.

It is given its widgets by the module file and imports no Qt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.progress import Progress
from ..dicom.source import VolumeSource
from ..mrml.nodes import Node
from ..mrml.rois import count_moved, place_by_rule
from ..mrml.suv import suv_refusal
from ..results import AnalysisResult
from ..suv.scale import SUVType
from . import text as panel_text
from . import text_activity as say
from .dialogs import Dialogs
from .text_results import roi_doubts, verdict_text

MakeSUV = Callable[[Node, SUVType, Progress], Node]
"""Makes a volume of SUV beside another."""


class SUVSection:
    """
    Makes a volume of SUV.

    Parameters
    ----------
    ui : object
        The widgets of the panel by their names.

    dialogs : Dialogs
        Errors and progress.

    make : callable
        Makes the volume.
    """

    def __init__(self, ui: Any, dialogs: Dialogs, make: MakeSUV) -> None:
        self._ui, self._dialogs, self._make = ui, dialogs, make
        self._volume: Node = None
        self._suv_type: SUVType = 'bw'
        self._shown: object = None
        ui.makeSUVButton.clicked.connect(self._on_make)

    def show(self, volume: Node, source: VolumeSource, suv_type: SUVType) -> None:
        """
        Say whether an SUV can be made.

        Parameters
        ----------
        volume : vtkMRMLScalarVolumeNode or None
            That is chosen.

        source : VolumeSource
            What its files say.

        suv_type : {'bw', 'lbm', 'ibw', 'bsa'}
            That is chosen.
        """
        shown = (volume, source, suv_type)
        if shown == self._shown:
            return
        self._shown, self._volume, self._suv_type = shown, volume, suv_type
        refusal = panel_text.select_volume() if volume is None else suv_refusal(source, suv_type)
        self._ui.makeSUVButton.enabled = not refusal
        self._ui.makeSUVButton.toolTip = refusal or say.make_suv_tip()
        self._ui.suvLabel.text = refusal
        self._ui.suvLabel.visible = bool(refusal)
        self._ui.suvLabel.setToolTip(refusal or say.make_suv_tip())

    def _on_make(self) -> None:
        """Make it, and say what was decided on the way."""
        with self._dialogs.guard(say.suv_failed()):
            with self._dialogs.progress(panel_text.reading()) as progress:
                node = self._make(self._volume, self._suv_type, progress)
            self._ui.suvLabel.text = say.suv_made(str(node.GetName()))
            self._ui.suvLabel.visible = True
            self._ui.suvLabel.setToolTip(str(node.GetDescription() or ''))


class StandardsSection:
    """
    Tells what the standards say, and where the background was measured; undoes the user's moves.

    Parameters
    ----------
    ui : object
        The widgets of the panel by their names.

    dialogs : Dialogs
        Errors.
    """

    def __init__(self, ui: Any, dialogs: Dialogs) -> None:
        self._ui, self._dialogs = ui, dialogs
        self._points: Node = None
        ui.placeROIsAgainButton.clicked.connect(self._on_place_again)

    def show(self, points: Node, result: AnalysisResult | None) -> None:
        """
        Fill the lines.

        Parameters
        ----------
        points : vtkMRMLMarkupsFiducialNode or None
            The ROIs of the last measurement.

        result : AnalysisResult or None
            Of it.
        """
        self._points = points
        self._ui.standardsLabel.text = verdict_text(result)
        placed, moved = (0, 0) if points is None else count_moved(points)
        self._ui.roisLabel.text = say.rois_text(placed, moved, roi_doubts(result))
        self._ui.placeROIsAgainButton.enabled = moved > 0 or (points is not None and not placed)

    def _on_place_again(self) -> None:
        """Back to where the rule put them."""
        with self._dialogs.guard(say.rois_failed()):
            place_by_rule(self._points)
