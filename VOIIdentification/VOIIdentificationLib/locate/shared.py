"""Centers that were found on another image of the same place, and how far own fits lie off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ..core.errors import SeedError
from ..core.flags import Flag
from ..core.geometry import Point
from ..core.image import PETImage
from ..core.phantom import Phantom, Seed
from ..core.sentence import joined, sentences
from ..measure.voi import LocatedInsert
from .ring import MAX_RING_DEVIATION_MM, RingPose, fit_ring

_ = sentences(__name__)

CHI_SQUARE_LIMIT = 14.16
"""Of an offset along three axes over its uncertainties: exceeded by chance in 0.27 % (3 sigma)."""

MIN_OFFSET_MM = 0.1
"""Centers are not claimed to be better than this, whatever the noise allows."""

_OF_OWN_CENTER = {
    *(Flag.FIT_REFUSED, Flag.OFF_RING, Flag.BOUND_BY_RING),
    *(Flag.SEARCH_AT_LIMIT, Flag.SEARCH_BLOCKED, Flag.NOT_REFINED),
}
"""Flags of a center that is not used."""


class GivenCenter(NamedTuple):
    """Where a sphere is, and its standard uncertainty along R, A, S; None if it is unknown."""

    label: str
    center_ras_mm: Point
    sd_ras_mm: Point | None


class CenterDeviation(NamedTuple):
    """
    Own fit against given center.

    Attributes
    ----------
    label : str
        Of the sphere.

    offset_ras_mm : tuple of float or None
        Own fit minus given center; None if the fit was not accepted.

    sd_ras_mm : tuple of float or None
        Standard uncertainty (68 %) of the offset; None if one of both is unknown.

    beyond : bool
        Whether the offset is larger than its uncertainty explains.
    """

    label: str
    offset_ras_mm: Point | None
    sd_ras_mm: Point | None
    beyond: bool

    @property
    def distance_mm(self) -> float | None:
        """Length of the offset."""
        return None if self.offset_ras_mm is None else math.hypot(*self.offset_ras_mm)


@dataclass(frozen=True)
class SharedGeometry:
    """
    Centers that several images share.

    Attributes
    ----------
    source : str
        Whose they are: name of the results.

    series_uid, frame_of_reference_uid, phantom_name : str
        Of the image on which they were found.

    centers : tuple of GivenCenter
        One a sphere.

    deviations : tuple of CenterDeviation
        How far the own fits of this image lie off; filled by the analysis.

    notes : tuple of str
        What was doubtful there.

    one_series : bool
        Whether both are known to be of one series, so that no header need say it.
    """

    source: str
    series_uid: str
    frame_of_reference_uid: str
    phantom_name: str
    centers: tuple[GivenCenter, ...]
    deviations: tuple[CenterDeviation, ...] = ()
    notes: tuple[str, ...] = ()
    one_series: bool = False

    def seeds(self) -> tuple[Seed, ...]:
        """The centers as labeled seeds."""
        return tuple(Seed(one.label, one.center_ras_mm) for one in self.centers)

    @property
    def note(self) -> str:
        """Said wherever results are."""
        series = _(', series {uid}').format(uid=self.series_uid) if self.series_uid else ''
        return _(
            'The centers were not found on this image: they are those of {source}{series}.'
        ).format(source=self.source, series=series)


def require_same_place(shared: SharedGeometry, image: PETImage, phantom: Phantom) -> None:
    """
    Refuse centers of another place or phantom.

    Parameters
    ----------
    shared : SharedGeometry
        The centers.

    image : PETImage
        Where they are to be used.

    phantom : Phantom
        What was scanned.

    Raises
    ------
    SeedError
        If the frame of reference is another one or unknown, or the phantom is another one.
    """
    if shared.phantom_name != phantom.name:
        msg = _(
            'the centers of {source} are those of the phantom {other}, not of {phantom}: name the '
            'same phantom, or find them anew (without --centers).'
        ).format(source=shared.source, other=shared.phantom_name, phantom=phantom.name)
        raise SeedError(msg)
    here, there = image.acquisition.frame_of_reference_uid, shared.frame_of_reference_uid
    if shared.one_series or (here and here == there):
        return
    lacking = [name for name, uid in ((shared.source, there), (_('this image'), here)) if not uid]
    why = (
        _(
            '{lacking} {name} no frame of reference (0020,0052), so nobody knows whether the '
            'phantom lay in the same place'
        ).format(
            lacking=joined(lacking, _(' and ')),
            name=_('name') if len(lacking) > 1 else _('names'),
        )
        if lacking
        else _('its frame of reference (0020,0052) is {there}, that of this image {here}').format(
            there=there, here=here
        )
    )
    msg = _('the centers of {source} cannot be used: {why}. Find them anew (no --centers).').format(
        source=shared.source, why=why
    )
    raise SeedError(msg)


def at_given_centers(
    image: PETImage,
    own: Sequence[LocatedInsert],
    phantom: Phantom,
    shared: SharedGeometry,
) -> tuple[tuple[LocatedInsert, ...], RingPose | None, SharedGeometry]:
    """
    Put inserts where another image has them, and compare with what this one shows.

    Parameters
    ----------
    image : PETImage
        The scan.

    own : sequence of LocatedInsert
        At the centers that this image gives.

    phantom : Phantom
        What was scanned.

    shared : SharedGeometry
        The centers to use.

    Returns
    -------
    inserts : tuple of LocatedInsert
        At the given centers, with the fits of this image; flagged where these lie off.

    pose : RingPose or None
        Of the ring through the given centers.

    shared : SharedGeometry
        With the deviations.
    """
    given = {one.label: one for one in shared.centers}
    found = {one.label: _deviation(one, given[one.label]) for one in own if one.label in given}
    pose = fit_ring(
        {label: one.center_ras_mm for label, one in given.items()}, phantom, image.geometry
    )
    off_ring = {} if pose is None else dict(pose.deviations_mm)
    placed = tuple(
        _placed(one, given[one.label], found[one.label], off_ring.get(one.label))
        if one.label in given
        else one
        for one in own
    )
    return placed, pose, replace(shared, deviations=tuple(found.values()))


def _deviation(own: LocatedInsert, given: GivenCenter) -> CenterDeviation:
    fit = own.fit
    if fit is None or not fit.accepted:
        return CenterDeviation(own.label, None, None, beyond=False)
    offset = np.subtract(fit.center_ras_mm, given.center_ras_mm)
    r, a, s = offset.tolist()
    if fit.center_sd_ras_mm is None or given.sd_ras_mm is None:
        return CenterDeviation(own.label, (r, a, s), None, beyond=False)
    sd = np.hypot(fit.center_sd_ras_mm, given.sd_ras_mm)
    chi_square = float(((offset / np.maximum(sd, 1e-9)) ** 2).sum())
    beyond = chi_square > CHI_SQUARE_LIMIT and float(np.linalg.norm(offset)) > MIN_OFFSET_MM
    sd_r, sd_a, sd_s = sd.tolist()
    return CenterDeviation(own.label, (r, a, s), (sd_r, sd_a, sd_s), beyond)


def _placed(
    own: LocatedInsert, given: GivenCenter, found: CenterDeviation, off_ring_mm: float | None
) -> LocatedInsert:
    flags = [flag for flag in own.flags if flag not in _OF_OWN_CENTER]
    if found.beyond:
        flags.append(Flag.OFF_GIVEN_CENTER)
    if off_ring_mm is not None and off_ring_mm > MAX_RING_DEVIATION_MM:
        flags.append(Flag.OFF_RING)
    return replace(
        own,
        seed_ras_mm=given.center_ras_mm,
        center_ras_mm=given.center_ras_mm,
        deviation_mm=off_ring_mm,
        flags=tuple(flags),
    )
