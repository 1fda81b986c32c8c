"""What the user can do about a doubt whose own words do not say it."""

from __future__ import annotations

from slicer.i18n import tr as _

from ..core.flags import Flag


def way_out(flag: Flag) -> str:
    """
    What to do about a doubt.

    Parameters
    ----------
    flag : Flag
        The doubt.

    Returns
    -------
    text : str
        A sentence; empty where the flag's own text ends with what to check.
    """
    return _ways_out().get(flag, '')


def _ways_out() -> dict[Flag, str]:
    """Asked for anew each time: the language may change."""
    return {**_of_spheres(), **_of_background(), **_of_header()}


def _of_spheres() -> dict[Flag, str]:
    look = _('Look at it in the views; move its seed if it is off.')
    return {
        Flag.CLIPPED: _('Scan with all inserts inside the field of view, or untick this one.'),
        Flag.NON_FINITE: _('Load the series again, or repair these voxels.'),
        Flag.FEW_VOXELS: _('Reconstruct on a finer grid.'),
        Flag.NOT_REFINED: _('Move the seed away from the border of the image.'),
        Flag.NOT_MONOTONIC: _('Check labels and diameters of the inserts.'),
        Flag.OFF_SLICE: _('Level the phantom: its spheres should share a slice.'),
        Flag.FIT_REFUSED: look,
        Flag.OFF_RING: _('Check its seed, and which phantom is chosen.'),
        Flag.BOUND_BY_RING: _('Look at it in the views; a longer scan would show it.'),
        Flag.PREDICTED: _('Place its seed to be sure.'),
        Flag.SATURATED: _('Export the series again with values that are not cut off.'),
        Flag.SIZE_OPEN: _('Compare its label with the phantom.'),
        Flag.FILLING_DIFFERS: _('Check which spheres were filled, and which phantom is chosen.'),
    }


def _of_background() -> dict[Flag, str]:
    drag = _('Drag it away in the slice view and press Apply.')
    return {
        Flag.ROI_NEAR_EDGE: drag,
        Flag.ROI_NEAR_SPHERE: drag,
        Flag.ROI_NEAR_LUNG: drag,
        Flag.ROI_OVERLAPS: drag,
        Flag.FEW_ROIS: _('Check that the whole phantom is in the image and which one is chosen.'),
        Flag.SLICES_REPEATED: _('Reconstruct thinner slices.'),
        Flag.SLICES_OUTSIDE: _('Scan with the spheres nearer to the middle of the field of view.'),
        Flag.LUNG_ASSUMED: _('Look whether the lung circle lies on the insert.'),
    }


def _of_header() -> dict[Flag, str]:
    compare = _('Compare it with what was entered at the scanner.')
    return {
        Flag.UNIT_UNKNOWN: _('Load the DICOM series, or set the unit of the volume.'),
        Flag.DOSE_IN_MBQ: compare,
        Flag.WEIGHT_IN_GRAMS: compare,
        Flag.HEIGHT_IN_CM: compare,
        Flag.SLICES_COPIED: _('Export the series again from its source.'),
        Flag.SEVERAL_INJECTIONS: compare,
    }
