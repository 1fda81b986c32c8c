"""Whether the background VOIs that a user placed lie in the background."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..core.flags import DOUBTED_BACKGROUND, Flag
from ..core.image import PETImage
from ..core.sentence import sentences
from ..measure.voi import VOIResult
from .nema import NEMAResult
from .phantom_outline import LungInsert

_ = sentences(__name__)

AIR_PART = 0.5
"""A VOI that holds less of the background ROIs' mean lies in air, as half a body's edge does."""

MAX_DEVIATION = 0.1
"""Of the mean of the background ROIs, relatively: images are uniform within EARL's 10 %."""

MAX_DEVIATION_SDS = 5.0
"""In SDs of the means of the background ROIs: noise alone does not take a larger VOI so far."""


def checked_background(
    image: PETImage,
    background: Sequence[VOIResult],
    spheres: Sequence[VOIResult],
    nema: NEMAResult | None,
) -> tuple[VOIResult, ...]:
    """
    Flag the background VOIs that show something else than the background.

    Parameters
    ----------
    image : PETImage
        The scan.

    background : sequence of VOIResult
        The background VOIs, where the user placed them.

    spheres : sequence of VOIResult
        The inserts, where they were found.

    nema : NEMAResult or None
        Lung insert and background ROIs; without it only the inserts are looked at.

    Returns
    -------
    checked : tuple of VOIResult
        In their order, with flags where they reach into an insert or the lung
        insert, or where their mean is not that of the background ROIs.
    """
    return tuple(
        replace(voi, flags=(*voi.flags, *_doubts(image, voi, spheres, nema))) for voi in background
    )


def _doubts(
    image: PETImage, voi: VOIResult, spheres: Sequence[VOIResult], nema: NEMAResult | None
) -> tuple[Flag, ...]:
    flags = []
    if any(_gap_mm(voi, sphere) < 0 for sphere in spheres):
        flags.append(Flag.BACKGROUND_ON_INSERT)
    if nema is not None and _lung_gap_mm(image, voi, nema.placement.lung) < 0:
        flags.append(Flag.BACKGROUND_IN_LUNG)
    return tuple(flags) or _value_doubts(voi.statistics.mean, nema)


def _gap_mm(voi: VOIResult, sphere: VOIResult) -> float:
    apart = np.subtract(voi.center_ras_mm, sphere.center_ras_mm)
    return float(np.linalg.norm(apart)) - (voi.insert.diameter_mm + sphere.insert.diameter_mm) / 2


def _lung_gap_mm(image: PETImage, voi: VOIResult, lung: LungInsert | None) -> float:
    """Across the slices' normal, along which the lung insert runs; one assumed is none."""
    if lung is None or not lung.found:
        return np.inf
    normal = image.geometry.slice_normal_ras
    apart = np.subtract(voi.center_ras_mm, lung.center_ras_mm)
    off_axis = float(np.linalg.norm(apart - (apart @ normal) * normal))
    return off_axis - (voi.insert.diameter_mm + lung.diameter_mm) / 2


def _value_doubts(mean: float | None, nema: NEMAResult | None) -> tuple[Flag, ...]:
    level = nema.background[0] if nema is not None and nema.background else None
    if mean is None or level is None or level.mean is None or level.sd is None:
        return ()
    if mean < AIR_PART * level.mean:
        return (Flag.BACKGROUND_IN_AIR,)
    allowed = max(MAX_DEVIATION * level.mean, MAX_DEVIATION_SDS * level.sd)
    return (Flag.BACKGROUND_DEVIATES,) if abs(mean - level.mean) > allowed else ()


def undoubted(background: Sequence[VOIResult]) -> list[VOIResult]:
    """
    The background VOIs that are taken for background.

    Parameters
    ----------
    background : sequence of VOIResult
        With their flags.

    Returns
    -------
    vois : list of VOIResult
        Those without a flag of `DOUBTED_BACKGROUND`.
    """
    return [voi for voi in background if not DOUBTED_BACKGROUND & {*voi.flags}]


def left_out(background: Sequence[VOIResult]) -> list[str]:
    """
    Why a background VOI gives no B for the A50 threshold.

    Parameters
    ----------
    background : sequence of VOIResult
        With their flags.

    Returns
    -------
    sentences : list of str
        One a VOI and flag.
    """
    return [
        _('{label} is not taken for background: {doubt}.').format(label=voi.label, doubt=flag.text)
        for voi in background
        for flag in voi.flags
        if flag in DOUBTED_BACKGROUND
    ]
