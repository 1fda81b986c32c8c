"""Which seed belongs to which sphere, in whatever order and however few they were placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..core.geometry import FloatArray
from ..core.image import PETImage
from ..core.phantom import Phantom, inserts_by_name
from ..core.seed import Point, Seed
from .detect import NEAR_SEED_MM, find_ring


@dataclass(frozen=True, eq=False)
class SeedAssignment:
    """
    Seeds and the spheres they lie on.

    Attributes
    ----------
    labels : tuple of str
        For each seed the label of its sphere; empty if it lies on none.

    predicted : tuple of Seed
        For each sphere without a seed the place where it must be.

    notes : tuple of str
        Sentences for the user: wrong names, seeds beside every sphere.
    """

    labels: tuple[str, ...]
    predicted: tuple[Seed, ...]
    notes: tuple[str, ...]


def assign_seeds(image: PETImage, seeds: Sequence[Seed], phantom: Phantom) -> SeedAssignment:
    """
    Give each seed its sphere by what the image shows, not by name or order.

    Parameters
    ----------
    image : PETImage
        The scan.

    seeds : sequence of Seed
        Two or more make the search short and sure; fewer are welcome. Their
        labels are only compared with what is found.

    phantom : Phantom
        What was scanned; its spheres must stand on a ring.

    Returns
    -------
    assignment : SeedAssignment
        Labels for the seeds, places for the spheres without one.

    Raises
    ------
    SeedError
        If no ring near the seeds agrees with the image well enough.
    """
    points = np.array([seed.position_ras_mm for seed in seeds], dtype=float).reshape(-1, 3)
    _, centers = find_ring(image, phantom, seeds_ras_mm=points)
    labels = _nearest(points, centers)
    notes = [
        note
        for seed, label in zip(seeds, labels, strict=True)
        for note in _doubts(seed, label, phantom)
    ]
    missing = [label for label in centers if label not in labels]
    return SeedAssignment(
        labels=tuple(labels),
        predicted=tuple(Seed(label, centers[label]) for label in missing),
        notes=tuple(notes),
    )


def _nearest(points: FloatArray, centers: dict[str, Point]) -> list[str]:
    """The sphere of each point; of two seeds on one sphere the nearer one has it."""
    names = list(centers)
    distance = np.linalg.norm(points[:, None] - np.array(list(centers.values())), axis=-1)
    labels = [''] * len(points)
    for flat in np.argsort(distance, axis=None):
        seed, sphere = divmod(int(flat), len(names))
        free = not labels[seed] and names[sphere] not in labels
        if free and distance[seed, sphere] < NEAR_SEED_MM:
            labels[seed] = names[sphere]
    return labels


def _doubts(seed: Seed, label: str, phantom: Phantom) -> list[str]:
    """What the user must know about one seed."""
    if not label:
        r, a, s = seed.position_ras_mm
        name = seed.label or 'without a name'
        return [
            f'the seed {name} at RAS ({r:.1f}, {a:.1f}, {s:.1f}) mm lies on no sphere of its own'
        ]
    named = inserts_by_name(phantom.inserts).get(seed.label.casefold())
    meant = named.label if named else label
    if meant == label:
        return []
    found = next(insert for insert in phantom.inserts if insert.label == label)
    return [f'the seed {seed.label} lies on the {found.diameter_mm:g} mm sphere, {label}']
