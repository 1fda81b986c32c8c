"""Where the background of the phantom is measured: twelve ROIs on five slices, by rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..core.errors import SeedError
from ..core.flags import Flag
from ..core.geometry import FloatArray, Point, VolumeGeometry
from ..core.image import PETImage
from ..core.phantom import Seed
from ..core.sentence import joined, sentences
from ..measure.voi_mask import Solid
from .phantom_outline import MAP_HALF_WIDTH_MM, LungInsert, PhantomOutline, find_outline
from .roi_packing import pack_circles

_ = sentences(__name__)

ROI_COUNT = 12

ROI_DIAMETER_MM = 37.0

SLICE_OFFSETS_MM = (-20.0, -10.0, 0.0, 10.0, 20.0)
"""NEMA NU 2: twelve ROIs of 37 mm on the central slice and those nearest ±1 and ±2 cm."""

RULE_DISTANCE_MM = 15.0
"""NEMA NU 2: from the ROI to the phantom's edge and to any sphere, at least."""

ASSUMED_LUNG_DIAMETER_MM = 50.0
"""Outer diameter of the lung insert where it cannot be seen (models: 45-50 mm)."""

UNAVOIDABLE = (Flag.ROI_NEAR_EDGE, Flag.ROI_NEAR_SPHERE)
"""Rules that twelve ROIs cannot all keep in the IEC body phantom: a note, where they are placed
as well as they can be, and a flag only of ROIs that the user placed."""

_CANDIDATE_STRIDE = 2
"""Every how many pixels of the map a ROI may stand."""

_TOLERANCE_MM = 1e-6
"""A rule kept to the last digit is kept."""

_MIN_FIT = 3
"""Points that a circle can be laid through."""

_MAX_RING_RESIDUAL_MM = 5.0
"""Spheres farther off a common circle do not stand on a ring; nor on one wider than the map."""


@dataclass(frozen=True)
class BackgroundROI:
    """
    Where one set of concentric background ROIs stands.

    Attributes
    ----------
    name : str
        Shown to the user, e.g. ``'BG01'``.

    center_ras_mm : tuple of float
        On the central slice, in millimeter.

    edge_distance_mm, sphere_distance_mm, lung_distance_mm : float
        From the circle of the largest ROI to the body's edge, the nearest
        sphere and the lung insert; negative where it overlaps.

    neighbor_distance_mm : float
        From its circle to that of the nearest other ROI.

    flags : tuple of Flag
        Rules that could not be kept.
    """

    name: str
    center_ras_mm: Point
    edge_distance_mm: float
    sphere_distance_mm: float
    lung_distance_mm: float
    neighbor_distance_mm: float
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True)
class BackgroundPlacement:
    """
    Where the background is measured.

    Attributes
    ----------
    rois : tuple of BackgroundROI
        Twelve, if there is room.

    roi_diameter_mm : float
        Diameter of the largest ROI, for which there must be room.

    central_slice_k : int
        The slice through the sphere centers.

    slices_k : tuple of int
        The slices on which the ROIs are repeated, central slice included.

    lung : LungInsert or None
        None for a phantom without one.

    body_level : float
        Value of the warm background that the body's edge was found with.

    flags : tuple of Flag
        Doubts about the placement as a whole.

    notes : tuple of str
        What was decided, in words.
    """

    rois: tuple[BackgroundROI, ...]
    roi_diameter_mm: float
    central_slice_k: int
    slices_k: tuple[int, ...]
    lung: LungInsert | None
    body_level: float
    flags: tuple[Flag, ...] = ()
    notes: tuple[str, ...] = ()


class _Rules(NamedTuple):
    """Distances that a ROI must keep."""

    outline: PhantomOutline
    inserts: Sequence[tuple[Point, float]]
    lung_uv_mm: FloatArray
    lung: LungInsert | None

    def to_edge(self, points_mm: FloatArray) -> FloatArray:
        return self.outline.edge_distance_at(points_mm) - ROI_DIAMETER_MM / 2

    def to_sphere(self, points_mm: FloatArray) -> FloatArray:
        distances = [
            np.linalg.norm(points_mm - self.outline.plane.uv_mm(center), axis=1) - diameter / 2
            for center, diameter in self.inserts
        ]
        return np.asarray(np.min(distances, axis=0) - ROI_DIAMETER_MM / 2)

    def to_lung(self, points_mm: FloatArray) -> FloatArray:
        if self.lung is None:
            return np.full(len(points_mm), np.inf)
        distance = np.linalg.norm(points_mm - self.lung_uv_mm, axis=1)
        return np.asarray(distance - (self.lung.diameter_mm + ROI_DIAMETER_MM) / 2)

    def place(self) -> FloatArray:
        axis = self.outline.axis_mm[::_CANDIDATE_STRIDE]
        points = np.stack(np.meshgrid(axis, axis, indexing='ij'), axis=-1).reshape(-1, 2)
        points = points[self.to_edge(points) >= 0]
        points = points[self.to_lung(points) >= 0]
        clearance = np.minimum(self.to_edge(points), self.to_sphere(points))
        room = np.column_stack([points, clearance])
        return pack_circles(room, ROI_DIAMETER_MM, ROI_COUNT, RULE_DISTANCE_MM)

    def judge(
        self, points_mm: FloatArray, names: Sequence[str], *, unavoidable: Sequence[Flag] = ()
    ) -> tuple[BackgroundROI, ...]:
        edge, sphere = self.to_edge(points_mm), self.to_sphere(points_mm)
        lung, neighbor = self.to_lung(points_mm), _to_neighbor(points_mm)
        positions = self.outline.plane.ras_mm(points_mm)
        return tuple(
            BackgroundROI(
                name=name,
                center_ras_mm=(float(r), float(a), float(s)),
                edge_distance_mm=float(edge[n]),
                sphere_distance_mm=float(sphere[n]),
                lung_distance_mm=float(lung[n]),
                neighbor_distance_mm=float(neighbor[n]),
                flags=tuple(
                    flag
                    for flag in _broken_rules(edge[n], sphere[n], lung[n], neighbor[n])
                    if flag not in unavoidable
                ),
            )
            for n, (name, (r, a, s)) in enumerate(zip(names, positions, strict=True))
        )


def place_background(
    image: PETImage,
    spheres: Sequence[Solid],
    *,
    astray: Sequence[Solid] = (),
    has_lung: bool = True,
    positions: Sequence[Seed] = (),
) -> BackgroundPlacement:
    """
    Place the background ROIs by rule, or check those that the user placed.

    Parameters
    ----------
    image : PETImage
        The image.

    spheres : sequence of Sphere or Cylinder
        The inserts, where they were found; hot and cold.

    astray : sequence of Sphere or Cylinder, optional
        VOIs that lie on no insert: ROIs keep away from them, but they do not
        say which slice is the central one.

    has_lung : bool, optional
        Whether a lung insert is assumed on the axis if none can be seen.

    positions : sequence of Seed, optional
        Where the user wants the ROIs; none to have them placed.

    Returns
    -------
    placement : BackgroundPlacement
        A rule that a ROI does not keep is a note; it is a flag of a ROI that
        the user placed, and where a ROI overlaps something.

    Raises
    ------
    SeedError
        If there is no sphere to go by, or no slice cuts all of them.

    Notes
    -----
    The ROIs never overlap a sphere, the lung insert, the edge or each other
    when they are placed here. In the IEC body phantom twelve circles of 37 mm
    do not fit with 15 mm to the edge and to every sphere: as many as do are
    placed so (7 to 11, by the turn of the ring), and the others with the most
    that is left (usually 9 mm or more).
    """
    if not spheres:
        msg = _('no sphere was measured, so the background ROIs cannot be placed')
        raise SeedError(msg)
    _require_common_slice(image.geometry, spheres)
    central_k, slices_k = _slice_stack(image.geometry, spheres)
    flags, notes = _stack_doubts(image.geometry, central_k)
    inserts = [(solid.center_ras_mm, solid.diameter_mm) for solid in (*spheres, *astray)]
    middle = _ring_middle(image.geometry, spheres, central_k)
    outline = find_outline(image, middle, inserts, slices_k)
    lung_uv, lung = _lung(outline, has_lung)
    rules = _Rules(outline, inserts, lung_uv, lung)
    if lung is not None and not lung.found:
        flags.append(Flag.LUNG_ASSUMED)
    if positions:
        points = outline.plane.uv_mm([seed.position_ras_mm for seed in positions])
        names = [seed.label or f'BG{n:02d}' for n, seed in enumerate(positions, start=1)]
        notes.append(
            _('{count} background ROIs where the user placed them').format(count=len(points))
        )
    else:
        points = rules.place()
        names = [f'BG{n:02d}' for n in range(1, len(points) + 1)]
        if len(points) < ROI_COUNT:
            flags.append(Flag.FEW_ROIS)
    rois = rules.judge(points, names, unavoidable=() if positions else UNAVOIDABLE)
    return BackgroundPlacement(
        rois=rois,
        roi_diameter_mm=ROI_DIAMETER_MM,
        central_slice_k=central_k,
        slices_k=slices_k,
        lung=lung,
        body_level=outline.level,
        flags=(*flags, *_all_flags(rois)),
        notes=(*notes, *_rule_notes(rois)),
    )


def _require_common_slice(geometry: VolumeGeometry, spheres: Sequence[Solid]) -> None:
    """NEMA NU 2 measures all spheres in one slice: refuse if none cuts them all."""
    normal = geometry.slice_normal_ras
    heights_mm = np.array([np.dot(solid.center_ras_mm, normal) for solid in spheres])
    offsets_mm = np.abs(heights_mm - heights_mm.mean())
    missed = [
        _('{label} by {offset:.1f} mm').format(label=solid.label, offset=offset)
        for solid, offset in zip(spheres, offsets_mm, strict=True)
        if offset >= solid.diameter_mm / 2
    ]
    if missed:
        msg = _(
            'the slice through the middle of the spheres misses {missed}. The phantom is tilted, '
            'or the slices are not transverse.'
        ).format(missed=joined(missed, ', '))
        raise SeedError(msg)


def _slice_stack(geometry: VolumeGeometry, spheres: Sequence[Solid]) -> tuple[int, tuple[int, ...]]:
    """The slice through the spheres, and all of the background's, itself included."""
    middle = np.mean([geometry.index_ijk(solid.center_ras_mm)[2] for solid in spheres])
    central_k = int(np.clip(np.floor(middle + 0.5), 0, geometry.shape_kji[0] - 1))
    return central_k, tuple(sorted(set(_slices_inside(geometry, central_k))))


def _slices_inside(geometry: VolumeGeometry, central_k: int) -> list[int]:
    """The nearest slices of the image to the wanted heights; thick ones more than once."""
    wanted = [
        int(np.floor(central_k + offset / geometry.slice_spacing_mm + 0.5))
        for offset in SLICE_OFFSETS_MM
    ]
    return [k for k in wanted if 0 <= k < geometry.shape_kji[0]]


def _stack_doubts(geometry: VolumeGeometry, central_k: int) -> tuple[list[Flag], list[str]]:
    inside, count = _slices_inside(geometry, central_k), len(SLICE_OFFSETS_MM)
    flags: list[Flag] = []
    notes: list[str] = []
    if len(inside) < count:
        flags.append(Flag.SLICES_OUTSIDE)
        notes.append(
            _('{outside} of {count} background slices lie outside the image').format(
                outside=count - len(inside), count=count
            )
        )
    if len(set(inside)) < len(inside):
        flags.append(Flag.SLICES_REPEATED)
        notes.append(
            _('slices of {spacing:.2f} mm: only {count} different background slices').format(
                spacing=geometry.slice_spacing_mm, count=len(set(inside))
            )
        )
    return flags, notes


def _ring_middle(geometry: VolumeGeometry, spheres: Sequence[Solid], slice_k: int) -> Point:
    """Middle of the circle through the centers on the central slice, or of the centers."""
    feet = np.array([geometry.projected_ras_mm(solid.center_ras_mm, slice_k) for solid in spheres])
    middle = feet.mean(axis=0)
    if len(feet) >= _MIN_FIT:
        offsets = feet - middle
        *_left, axes = np.linalg.svd(offsets)
        x, y = axes[:2] @ offsets.T
        # |p - c|^2 = r^2 is linear in c and in r^2 - |c|^2.
        design = np.column_stack([2 * x, 2 * y, np.ones_like(x)])
        (cx, cy, rest), *_quality = np.linalg.lstsq(design, x**2 + y**2, rcond=None)
        radius = np.sqrt(max(rest + cx**2 + cy**2, 0.0))
        residual = np.abs(np.hypot(x - cx, y - cy) - radius).max()
        if residual <= _MAX_RING_RESIDUAL_MM and radius <= MAP_HALF_WIDTH_MM:
            middle = middle + cx * axes[0] + cy * axes[1]
    r, a, s = middle
    return float(r), float(a), float(s)


def _lung(outline: PhantomOutline, has_lung: bool) -> tuple[FloatArray, LungInsert | None]:
    uv = np.zeros(2) if outline.lung_uv_mm is None else outline.lung_uv_mm
    if outline.lung_uv_mm is None and not has_lung:
        return uv, None
    found = outline.lung_uv_mm is not None
    diameter = outline.lung_diameter_mm if found else ASSUMED_LUNG_DIAMETER_MM
    r, a, s = outline.plane.ras_mm(uv)
    return uv, LungInsert((float(r), float(a), float(s)), diameter, found)


def _to_neighbor(points_mm: FloatArray) -> FloatArray:
    apart = np.linalg.norm(points_mm[:, None] - points_mm, axis=-1)
    np.fill_diagonal(apart, np.inf)
    return np.asarray(apart.min(axis=1, initial=np.inf) - ROI_DIAMETER_MM)


def _broken_rules(edge: float, sphere: float, lung: float, neighbor: float) -> tuple[Flag, ...]:
    rules = (
        (edge < RULE_DISTANCE_MM - _TOLERANCE_MM, Flag.ROI_NEAR_EDGE),
        (sphere < RULE_DISTANCE_MM - _TOLERANCE_MM, Flag.ROI_NEAR_SPHERE),
        (lung < -_TOLERANCE_MM, Flag.ROI_NEAR_LUNG),
        (neighbor < -_TOLERANCE_MM, Flag.ROI_OVERLAPS),
    )
    return tuple(flag for broken, flag in rules if broken)


def _all_flags(rois: Sequence[BackgroundROI]) -> tuple[Flag, ...]:
    return tuple(dict.fromkeys(flag for roi in rois for flag in roi.flags))


def _rule_notes(rois: Sequence[BackgroundROI]) -> tuple[str, ...]:
    """One sentence for each rule that some ROIs do not keep."""
    told = (
        (RULE_DISTANCE_MM, _("to the phantom's edge"), 'edge_distance_mm'),
        (RULE_DISTANCE_MM, _('to a sphere'), 'sphere_distance_mm'),
        (0.0, _('to the lung insert'), 'lung_distance_mm'),
        (0.0, _('to another ROI'), 'neighbor_distance_mm'),
    )
    notes = []
    for rule_mm, what, name in told:
        near = [(roi.name, getattr(roi, name)) for roi in rois]
        broken = [f'{label} {mm:.1f} mm' for label, mm in near if mm < rule_mm - _TOLERANCE_MM]
        if broken:
            notes.append(
                _('{what}, less than the rule: {broken}').format(
                    what=what, broken=', '.join(broken)
                )
            )
    return tuple(notes)
