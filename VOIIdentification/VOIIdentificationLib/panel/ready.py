"""What is missing before the buttons of the panel can work, in words."""

from __future__ import annotations

from slicer.i18n import tr as _

from ..core.errors import PhantomError
from ..locate.check import require_inside, require_measurable
from ..locate.seeds import labeled_inserts
from ..mrml.said import reason_of
from .situation import Choices, Scene, VolumeFacts


def missing_for_apply(chosen: Choices, scene: Scene) -> str:
    """
    Why nothing can be measured.

    Parameters
    ----------
    chosen : Choices
        What the user chose.

    scene : Scene
        What there is to measure.

    Returns
    -------
    missing : str
        Empty if Apply would work.
    """
    missing = _no_volume(scene) or scene.problem or _no_insert(chosen, scene)
    if missing:
        return missing
    try:
        labeled_inserts(chosen.request.seeds, chosen.request.phantom)
        if scene.volume is not None and scene.volume.geometry is not None:
            require_inside(scene.volume.geometry, chosen.request.points)
    except PhantomError as error:
        return reason_of(error)
    return ''


def missing_for_search(chosen: Choices, scene: Scene) -> str:
    """
    Why the spheres cannot be looked for; seeds do not matter.

    Parameters
    ----------
    chosen : Choices
        What the user chose.

    scene : Scene
        What there is to measure.

    Returns
    -------
    missing : str
        Empty if they can be looked for.
    """
    missing = _no_volume(scene) or _no_insert(chosen, scene)
    if not missing and chosen.request.phantom.cylinder is not None:
        return _('A uniform cylinder has no spheres: Apply finds it.')
    return missing


def what_apply_does(chosen: Choices) -> str:
    """
    Say what is measured, and from what.

    Parameters
    ----------
    chosen : Choices
        What the user chose.

    Returns
    -------
    text : str
        A sentence.
    """
    if chosen.request.phantom.cylinder is not None:
        return _('Find the cylinder and measure it.')
    if chosen.request.seeds:
        return _('Find the centers from the seeds and measure the inserts.')
    return _('Find the spheres without seeds and measure them.')


def what_export_writes(*, measured: bool, changed: bool) -> str:
    """
    Say what an export writes.

    Parameters
    ----------
    measured : bool
        Whether there is a result.

    changed : bool
        Whether something that it depends on was changed since.

    Returns
    -------
    text : str
        What is missing, without a result.
    """
    if not measured:
        return _('Measure first: press Apply.')
    text = _('Write workbooks, pictures and all numbers into a folder.')
    if changed:
        text += ' ' + _('They are those of the last Apply: something was changed since.')
    return text


def loading_text(volume: VolumeFacts) -> str:
    """
    Say that a volume is still arriving.

    Parameters
    ----------
    volume : VolumeFacts
        Without an image.

    Returns
    -------
    text : str
        With its name.
    """
    return _('{name} is loading: its image has not arrived yet.').format(name=volume.loading)


def _no_volume(scene: Scene) -> str:
    if scene.volume is None:
        return _('Select a PET volume.')
    return loading_text(scene.volume) if scene.volume.loading else scene.volume.problem


def _no_insert(chosen: Choices, scene: Scene) -> str:
    """Why there is nothing to be measured in the image."""
    phantom, volume = chosen.request.phantom, scene.volume
    if phantom.cylinder is not None:
        return ''
    if not phantom.used_inserts:
        return _('No insert is ticked: tick those that are to be measured.')
    try:
        if volume is not None and volume.geometry is not None:
            require_measurable(phantom, volume.geometry)
    except PhantomError as error:
        return reason_of(error)
    return ''
