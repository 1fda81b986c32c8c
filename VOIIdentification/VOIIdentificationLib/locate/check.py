"""Whether the image contradicts what was located: another size, another filling, another scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..core.errors import InputFileError, SeedError
from ..core.flags import DOUBTED_LABELS, Flag
from ..core.geometry import VolumeGeometry
from ..core.image import PETImage
from ..core.phantom import Phantom, Seed
from ..core.sentence import sentences
from ..measure.voi import LocatedInsert
from .assignment import Filling
from .identity import (
    MAX_SIGNAL_DEVIATION,
    Identity,
    compare_signals,
    identify_spheres,
    with_usual_sizes,
)
from .ring import RingPose, fit_ring, ring_inserts
from .shells import OUTER_MM, REACH_MM, Shells, effective_diameters_mm

_ = sentences(__name__)

MAX_SCALE_DEVIATION = 0.01
"""Phantoms and what is printed of their ring (114 to 114.54 mm) differ by less."""

_SEED_DEVIATION = 0.05
"""The same where centers are as good as seeds: six that are 5 mm off move a radius by 2 mm."""

MAX_SCALE_SIGMAS = 3.0
"""Standard uncertainties by which its radius must differ."""

MIN_DIAMETER_VOXELS = 0.2
"""A smaller insert is a point to the grid; weighing its voxels would take much memory."""

MAX_DIAMETER_DEVIATION = 0.04
"""
Mean of the two largest spheres. Where the phantom is right they deviate by up to 0.03: contrast 2
to 8, COV up to 40 %, 4 to 12 mm FWHM, and a real reconstruction that overshoots.
"""

MAX_LARGE_DEVIATION = 0.12
"""
The same as `MAX_SIGNAL_DEVIATION` for spheres of 20 mm and more, whose core the blur leaves alone.
Right ones deviate by up to 0.05: FWHM 3.5 to 15 mm, contrast 2.5 to 10, edges that overshoot by up
to 30 % (60 scans); 0.02 on a real scan.
"""

_SIZED_MM = (20.0, 42.0)
"""Diameters with a core and a rim that usual blur leaves apart, within reach of the shells."""

_SAID = {Flag.SEED_MISNAMED, Flag.SEED_ASTRAY}
"""Doubts about a seed that need no second one."""


class Checked(NamedTuple):
    """
    What was located, with what the image says against it.

    Attributes
    ----------
    inserts : tuple of LocatedInsert
        The same, with more flags.

    flags : tuple of Flag
        Doubts about the whole.

    notes : tuple of str
        The contradictions in words.
    """

    inserts: tuple[LocatedInsert, ...]
    flags: tuple[Flag, ...] = ()
    notes: tuple[str, ...] = ()


def require_measurable(phantom: Phantom, geometry: VolumeGeometry) -> None:
    """
    Refuse inserts that a grid cannot show, before time and memory go into them.

    Parameters
    ----------
    phantom : Phantom
        What is said to have been scanned.

    geometry : VolumeGeometry
        The grid of the image.

    Raises
    ------
    InputFileError
        If an insert is larger than the image, or much smaller than a voxel.
    """
    spacing_mm = geometry.spacing_ijk_mm
    largest_mm = float((spacing_mm * geometry.size_ijk).max())
    smallest_mm = MIN_DIAMETER_VOXELS * float(spacing_mm.min())
    for insert in (*phantom.used_inserts, phantom.background):
        if not smallest_mm <= insert.diameter_mm <= largest_mm:
            msg = _(
                '{label} of {phantom} has a diameter of {diameter:g} mm, which an image of '
                '{largest:.4g} mm with voxels of {voxel:.3g} mm cannot show ({smallest:.2g} to '
                '{largest:.4g} mm can be measured).'
            ).format(
                label=insert.label,
                phantom=phantom.name,
                diameter=insert.diameter_mm,
                largest=largest_mm,
                voxel=spacing_mm.min(),
                smallest=smallest_mm,
            )
            raise InputFileError(msg)


def check_inserts(
    image: PETImage, located: Sequence[LocatedInsert], phantom: Phantom, pose: RingPose | None
) -> Checked:
    """
    Compare labels, fillings and the ring's size with the image.

    Parameters
    ----------
    image : PETImage
        The scan.

    located : sequence of LocatedInsert
        At their centers. Cylinders are passed over.

    phantom : Phantom
        What was scanned.

    pose : RingPose or None
        Its ring.

    Returns
    -------
    checked : Checked
        Whatever is contradicted is flagged; what cannot be evaluated is said.
    """
    spheres = [one for one in located if one.insert.shape == 'sphere']
    doubts = {one.label: list(one.flags) for one in located}
    around = Shells.around(image, [one.center_ras_mm for one in spheres])
    seen = np.flatnonzero(around.seen)
    shown, shells = [spheres[place] for place in seen], around.of(seen)
    notes: list[str] = []
    if shown:
        notes += _size_doubts(shells, shown, phantom, doubts)
        # A signal that deviates is no reason to leave the sphere out here: the order may be wrong.
        notes += _diameter_doubts(shells, shown, doubts)
        notes += _signal_doubts(shells, shown, doubts)
    scale = _scale_doubt(pose, phantom, MAX_SCALE_DEVIATION)
    if pose is None:
        scale = _scale_doubt(
            _seeded_ring(image, spheres, doubts, phantom), phantom, _SEED_DEVIATION
        )
    return Checked(
        tuple(replace(one, flags=tuple(dict.fromkeys(doubts[one.label]))) for one in located),
        (Flag.RING_SCALE,) if scale else (),
        (*notes, *scale, *_lacks(located, phantom)),
    )


def _lacks(located: Sequence[LocatedInsert], phantom: Phantom) -> list[str]:
    """What cannot be had of inserts that are no spheres on a ring, and why."""
    on_ring = {insert.label for insert in ring_inserts(phantom)}
    rods = [one.label for one in located if one.insert.shape == 'cylinder']
    lacks: list[str] = []
    if located and not on_ring & {one.label for one in located}:
        lacks.append(
            _(
                'NEMA NU 2 image quality was not evaluated: the inserts of {phantom} stand on no '
                'ring, which gives the slice of the spheres and the places of the background ROIs.'
            ).format(phantom=phantom.name)
        )
    if rods:
        named = ', '.join(rods)
        lacks.append(
            _('{labels}: no recovery coefficients, which are those of spheres.').format(
                labels=named
            )
        )
    return lacks


def _size_doubts(
    shells: Shells,
    spheres: Sequence[LocatedInsert],
    phantom: Phantom,
    doubts: dict[str, list[Flag]],
) -> list[str]:
    """Other sizes and fillings than the labels say; added to the doubts, and in words."""
    own = sorted({one.diameter_mm for one in phantom.inserts if one.shape == 'sphere'})
    diameters = with_usual_sizes(own)
    found = identify_spheres(shells, diameters)
    notes: list[str] = []
    for one, seen in zip(spheres, found.spheres if found else (), strict=False):
        flag = _contradiction(one, seen, diameters.tolist())
        if flag is None or _SAID & set(doubts[one.label]):
            continue
        if flag == Flag.SEED_MISNAMED and seen.size is not None:
            if seen.size >= len(own):
                flag = Flag.SIGNAL_DEVIATES
            notes.append(
                _(
                    '{label} of {diameter:g} mm looks like a sphere of {seen:g} mm in the image: '
                    'check its label and its diameter.'
                ).format(
                    label=one.label,
                    diameter=one.insert.diameter_mm,
                    seen=diameters[seen.size],
                )
            )
        doubts[one.label].append(flag)
    return notes


def _contradiction(
    one: LocatedInsert, seen: Identity, diameters_mm: Sequence[float]
) -> Flag | None:
    """What the image says against one sphere."""
    expected: Filling = 'hot' if one.insert.hot else 'cold'
    differs = seen.filling not in {expected, 'none'} and seen.rules_out(expected)
    if not seen.is_present or (differs and not seen.rules_out('none')):
        return Flag.NOTHING_SEEN
    if differs:
        return Flag.FILLING_DIFFERS
    if seen.is_clear and seen.size is not None:
        return None if diameters_mm[seen.size] == one.insert.diameter_mm else Flag.SEED_MISNAMED
    return None


def _signal_doubts(
    shells: Shells, spheres: Sequence[LocatedInsert], doubts: dict[str, list[Flag]]
) -> list[str]:
    """Hot spheres whose signals disagree; added to the doubts, and in words."""
    apart = {*_SAID, Flag.NOTHING_SEEN, Flag.FILLING_DIFFERS}
    places = [
        place
        for place, one in enumerate(spheres)
        if one.insert.hot and not apart & set(doubts[one.label])
    ]
    if len(places) < 2:
        return []
    hot = [spheres[place] for place in places]
    diameters = np.array([one.insert.diameter_mm for one in hot])
    deviations = compare_signals(shells.of(places), diameters)
    allowed = np.where(diameters < _SIZED_MM[0], MAX_SIGNAL_DEVIATION, MAX_LARGE_DEVIATION)
    notes: list[str] = []
    parts = () if deviations is None else deviations.tolist()
    for one, part, most in zip(hot, parts, allowed.tolist(), strict=False):
        if abs(part) > most:
            doubts[one.label].append(Flag.SIGNAL_DEVIATES)
            notes.append(
                _(
                    'The signal of {label}, freed from the blur, is {part:+.0f} % off that of the '
                    'other spheres; all were filled alike. Check its filling, label and diameter.'
                ).format(label=one.label, part=100 * part)
            )
    return notes


def _diameter_doubts(
    around: Shells, spheres: Sequence[LocatedInsert], doubts: dict[str, list[Flag]]
) -> list[str]:
    """One factor of all diameters leaves their order and their signals in accord."""
    hot = [one for one in spheres if one.insert.hot and not DOUBTED_LABELS & set(doubts[one.label])]
    sized = [one for one in hot if _SIZED_MM[0] <= one.insert.diameter_mm <= _SIZED_MM[1]]
    largest = sorted(sized, key=lambda one: -one.insert.diameter_mm)[:2]
    if len(largest) < 2 or not all(_stands_alone(one, spheres) for one in largest):
        return []
    shells = around.of([spheres.index(one) for one in largest])
    if not shells.count[:, int(OUTER_MM) :].all():  # cut by the image's edge
        return []
    diameters = np.array([one.insert.diameter_mm for one in largest])
    parts = effective_diameters_mm(shells, diameters) / diameters - 1.0
    part = float(parts.mean())
    if not abs(part) > MAX_DIAMETER_DEVIATION:
        return []
    for one in hot:
        doubts[one.label].append(Flag.DIAMETER_DEVIATES)
    note = _(
        '{labels} are {part:+.0f} % off the diameters of the phantom, by what they hold over the '
        'concentration in their core: its diameters may be outer ones, or the voxel size is wrong.'
    )
    return [note.format(labels=' and '.join(one.label for one in largest), part=100 * part)]


def _stands_alone(one: LocatedInsert, spheres: Sequence[LocatedInsert]) -> bool:
    """Whether no other sphere reaches into the shells around it."""
    others = [other for other in spheres if other is not one]
    gaps = [
        float(np.linalg.norm(np.subtract(one.center_ras_mm, other.center_ras_mm)))
        - other.insert.diameter_mm / 2
        for other in others
    ]
    return min(gaps, default=np.inf) > REACH_MM


def _seeded_ring(
    image: PETImage,
    spheres: Sequence[LocatedInsert],
    doubts: Mapping[str, Sequence[Flag]],
    phantom: Phantom,
) -> RingPose | None:
    """The ring through centers that no model fit has moved; one of a wrong label is left out."""
    centers = {
        one.label: one.center_ras_mm for one in spheres if not _SAID & set(doubts[one.label])
    }
    return fit_ring(centers, phantom, image.geometry)


def _scale_doubt(pose: RingPose | None, phantom: Phantom, allowed: float) -> tuple[str, ...]:
    """A sentence if the ring is larger or smaller than the phantom has it; else nothing."""
    if pose is None or pose.radius_sd_mm is None or phantom.ring_diameter_mm is None:
        return ()
    true_mm = phantom.ring_diameter_mm / 2
    off_mm = pose.radius_mm - true_mm
    if abs(off_mm) <= max(MAX_SCALE_SIGMAS * pose.radius_sd_mm, allowed * true_mm):
        return ()
    said = _(
        'The ring has a radius of {radius:.2f} mm in the image, {true:.2f} mm in the phantom: the '
        'voxel size in the header may be wrong by {part:+.1f} %, or the phantom is another.'
    ).format(radius=pose.radius_mm, true=true_mm, part=100 * off_mm / true_mm)
    return (said,)


def require_inside(geometry: VolumeGeometry, seeds: Sequence[Seed]) -> None:
    """
    Refuse seeds that lie outside an image.

    Parameters
    ----------
    geometry : VolumeGeometry
        Of the image.

    seeds : sequence of Seed
        Any.

    Raises
    ------
    SeedError
        If the center of a seed is in no voxel.
    """
    for seed in seeds:
        index = geometry.index_ijk(seed.position_ras_mm)
        if np.any(index < -0.5) or np.any(index > geometry.size_ijk - 0.5):
            r, a, s = seed.position_ras_mm
            i, j, k = geometry.size_ijk
            msg = _(
                'the seed {label} at RAS ({r:.1f}, {a:.1f}, {s:.1f}) mm lies outside the image of '
                '{i} x {j} x {k} voxels, at IJK ({index_i:.1f}, {index_j:.1f}, {index_k:.1f}). '
                'Move it into the image, or load the series it was placed on; a point file may '
                'also be LPS instead of RAS.'
            ).format(
                label=seed.label or _('without label'),
                r=r,
                a=a,
                s=s,
                i=i,
                j=j,
                k=k,
                index_i=index[0],
                index_j=index[1],
                index_k=index[2],
            )
            raise SeedError(msg)
