"""From seeds, or none, to every insert at its center, checked against the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..core.errors import Progress, part_of
from ..core.flags import Flag
from ..core.image import PETImage
from ..core.phantom import Phantom, Seed
from ..core.sentence import sentences
from ..core.settings import Settings
from ..measure.voi import LocatedInsert
from .check import check_inserts
from .refine import refine_inserts
from .ring import RingPose
from .seeds import background_seeds, sort_seeds
from .shared import SharedGeometry, at_given_centers, require_same_place

_ = sentences(__name__)


class Located(NamedTuple):
    """
    What was found, before anything is measured.

    Attributes
    ----------
    inserts : tuple of LocatedInsert
        At their centers.

    phantom : Phantom
        As the image shows it.

    pose : RingPose or None
        Of the ring.

    background : tuple of LocatedInsert
        Background VOIs where the user wants them.

    rois : tuple of Seed
        Places of background ROIs that the user has moved.

    shared : SharedGeometry or None
        The centers of another image, with the deviations of this one.

    flags : tuple of Flag
        Doubts about the whole.

    notes : tuple of str
        What is to be said.
    """

    inserts: tuple[LocatedInsert, ...]
    phantom: Phantom
    pose: RingPose | None
    background: tuple[LocatedInsert, ...]
    rois: tuple[Seed, ...]
    shared: SharedGeometry | None
    flags: tuple[Flag, ...]
    notes: tuple[str, ...]


def locate_inserts(
    image: PETImage,
    seeds: Sequence[Seed],
    phantom: Phantom,
    settings: Settings,
    progress: Progress,
    *,
    shared: SharedGeometry | None = None,
) -> Located:
    """
    Find the inserts.

    Parameters
    ----------
    image : PETImage
        The scan.

    seeds : sequence of Seed
        As `sort_seeds` takes them.

    phantom : Phantom
        What was scanned.

    settings : Settings
        How centers are refined.

    progress : callable
        Told before each step.

    shared : SharedGeometry, optional
        Centers of another image, which are used instead of the seeds of inserts.

    Returns
    -------
    located : Located
        The inserts in the phantom's order.

    Raises
    ------
    SeedError
        If the seeds do not fit the phantom or lie outside the image, the
        phantom is not found without them, or the shared centers are of another place.
    """
    said: tuple[str, ...] = ()
    if shared is not None:
        require_same_place(shared, image, phantom)
        seeds = (*shared.seeds(), *background_seeds(seeds, phantom))
        said = (shared.note, *shared.notes)
    progress(0.0, _('sorting the seeds') if seeds else _('looking for the spheres'))
    seeding = sort_seeds(image, seeds, phantom)
    step = part_of(progress, 1 / 7, 1.0)
    inserts, pose = refine_inserts(image, seeding.inserts, seeding.phantom, settings, step)
    if shared is not None:
        inserts, pose, shared = at_given_centers(image, inserts, seeding.phantom, shared)
    checked = check_inserts(image, inserts, seeding.phantom, pose)
    return Located(
        inserts=checked.inserts,
        phantom=seeding.phantom,
        pose=pose,
        background=seeding.background,
        rois=seeding.rois,
        shared=shared,
        flags=checked.flags,
        notes=(*said, *seeding.notes, *checked.notes),
    )
