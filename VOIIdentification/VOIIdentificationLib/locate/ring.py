"""The spheres as one rigid ring: fit it to centers, say which center does not belong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import numpy.typing as npt

from ..core.geometry import FloatArray, Point, VolumeGeometry
from ..core.phantom import Insert, Phantom

MAX_RING_DEVIATION_MM = 2.0
"""A sphere farther than this from its place is flagged. Phantoms are made to about 1 mm."""

CONSENSUS_MM = 6.0
"""Centers this near to a pose may have been made by it: a click is not better."""

SAME_SCALE_MM = 0.7
"""Deviations of this size are ordinary; larger ones lose weight in the fit (Cauchy)."""

MIN_FOR_RADIUS = 4
"""With fewer spheres the radius is that of the phantom."""

_MAX_ITERATIONS = 50


@dataclass(frozen=True, eq=False)
class RingPose:
    """
    The spheres as one rigid ring.

    Sphere n lies at ``center + radius (cos a toward_0 + sin a toward_90)``,
    with a its angle on the ring.

    Attributes
    ----------
    center_ras_mm : tuple of float
        Middle of the ring, in millimeter.

    radius_mm : float
        Of the circle through the centers.

    toward_0_ras, toward_90_ras : tuple of float
        Unit vectors from the middle to ring angles 0 and 90 degrees.

    rotation_deg : float
        Direction of ring angle 0 in the transverse plane, from R toward A.

    tilt_deg : float
        Between the ring's axis and the normal of the slices.

    mirrored : bool
        True if ring angles grow from A toward R. A phantom that lies the other
        way round and a mirrored image look alike: the spheres lie in a plane.

    deviations_mm : tuple of (str, float)
        Label of each sphere that was used, and how far it lies from its place.

    radius_sd_mm : float or None
        Standard uncertainty of the radius, from these deviations; None if it was not fitted.
    """

    center_ras_mm: tuple[float, float, float]
    radius_mm: float
    toward_0_ras: tuple[float, float, float]
    toward_90_ras: tuple[float, float, float]
    rotation_deg: float
    tilt_deg: float
    mirrored: bool
    deviations_mm: tuple[tuple[str, float], ...] = ()
    radius_sd_mm: float | None = None

    @property
    def frame(self) -> FloatArray:
        """Columns: middle; from there to ring angles 0 and 90 degrees, as long as the radius."""
        axes = self.radius_mm * np.column_stack([self.toward_0_ras, self.toward_90_ras])
        return np.column_stack([self.center_ras_mm, axes])


def ring_inserts(phantom: Phantom) -> tuple[Insert, ...]:
    """
    Spheres that stand on the phantom's ring.

    Parameters
    ----------
    phantom : Phantom
        What was scanned.

    Returns
    -------
    inserts : tuple of Insert
        Those in use whose angle is known; none if the ring's diameter is not.
    """
    if phantom.ring_diameter_mm is None:
        return ()
    return tuple(
        insert
        for insert in phantom.used_inserts
        if insert.ring_angle_deg is not None and insert.shape == 'sphere'
    )


def fit_ring(
    centers_ras_mm: Mapping[str, Point], phantom: Phantom, geometry: VolumeGeometry
) -> RingPose | None:
    """
    Lay the phantom's ring through centers.

    The pose follows the largest set of centers that agree. One that does not
    is not forced, and gets its distance in `RingPose.deviations_mm`.

    Parameters
    ----------
    centers_ras_mm : mapping of str to tuple of float
        Center of each sphere, in millimeter, by the label of its insert.

    phantom : Phantom
        What was scanned.

    geometry : VolumeGeometry
        Grid of the image; tells the slices from which the tilt counts.

    Returns
    -------
    pose : RingPose or None
        None if fewer than three spheres of a ring have a center.
    """
    inserts = [insert for insert in ring_inserts(phantom) if insert.label in centers_ras_mm]
    if len(inserts) < 3 or phantom.ring_diameter_mm is None:
        return None
    points = np.array([centers_ras_mm[insert.label] for insert in inserts], dtype=float)
    angles = ring_angles_rad(inserts)
    radius = phantom.ring_diameter_mm / 2
    agree = _consensus(angles, points, radius)
    frame = _robust(angles, points, agree, radius)
    deviations = _deviations(frame, angles, points)
    labels = [insert.label for insert in inserts]
    pose = _pose(frame, geometry, tuple(zip(labels, deviations.tolist(), strict=True)))
    return replace(pose, radius_sd_mm=_radius_sd_mm(deviations[agree]))


def predict(pose: RingPose, phantom: Phantom) -> dict[str, Point]:
    """
    Where the ring has its spheres.

    Parameters
    ----------
    pose : RingPose
        The ring.

    phantom : Phantom
        What was scanned.

    Returns
    -------
    centers_ras_mm : dict of str to tuple of float
        Center of every sphere on the ring, by label.
    """
    inserts = ring_inserts(phantom)
    centers = places(pose.frame, ring_angles_rad(inserts))
    return {insert.label: _point(center) for insert, center in zip(inserts, centers, strict=True)}


def ring_angles_rad(inserts: Sequence[Insert]) -> FloatArray:
    """
    Angles of spheres on the ring.

    Parameters
    ----------
    inserts : sequence of Insert
        As `ring_inserts` gives them.

    Returns
    -------
    angles_rad : (N,) `numpy.ndarray` of float
        In radian.
    """
    return np.radians([insert.ring_angle_deg or 0.0 for insert in inserts])


def places(frames: FloatArray, angles_rad: FloatArray) -> FloatArray:
    """
    Where rings have their spheres.

    Parameters
    ----------
    frames : (..., 3, 3) `numpy.ndarray` of float
        As `frame_through` gives them.

    angles_rad : (N,) `numpy.ndarray` of float
        Angles on the ring.

    Returns
    -------
    places_ras_mm : (..., N, 3) `numpy.ndarray` of float
        Positions, in millimeter.
    """
    ring = np.stack([np.ones_like(angles_rad), np.cos(angles_rad), np.sin(angles_rad)])
    return np.asarray(np.swapaxes(frames @ ring, -1, -2))


def frame_through(
    angles_rad: FloatArray,
    points_ras_mm: FloatArray,
    weights: FloatArray,
    radius_mm: float | None,
) -> FloatArray:
    """
    Frame that carries points of a circle nearest to measured ones.

    Parameters
    ----------
    angles_rad : (N,) `numpy.ndarray` of float
        Angles on the ring.

    points_ras_mm : (N, 3) `numpy.ndarray` of float
        Where these points were found.

    weights : (N,) `numpy.ndarray` of float
        How much each counts.

    radius_mm : float or None
        Radius of the ring; None if it is to be found too.

    Returns
    -------
    frame : (3, 3) `numpy.ndarray` of float
        Columns: middle of the ring; from there to ring angle 0 and to 90
        degrees, in millimeter, as long as the radius.

    Notes
    -----
    Rigid motion with or without reflection by the singular value decomposition
    of the points' covariance (Kabsch). A plane figure does not tell a
    reflection from a half turn, so that both are allowed; scipy's
    `Rotation.align_vectors` knows no reflection and no scale.
    """
    model = np.stack([np.cos(angles_rad), np.sin(angles_rad)], axis=1)
    part = weights / weights.sum()
    model_middle, middle = part @ model, part @ points_ras_mm
    covariance = ((points_ras_mm - middle) * part[:, None]).T @ (model - model_middle)
    left, sizes, right = np.linalg.svd(covariance, full_matrices=False)
    spread = float(part @ np.sum((model - model_middle) ** 2, axis=1))
    scale = float(sizes.sum()) / spread if radius_mm is None else radius_mm
    axes = scale * (left @ right)
    return np.column_stack([middle - axes @ model_middle, axes])


def _consensus(angles: FloatArray, points: FloatArray, radius: float) -> npt.NDArray[np.bool_]:
    """The largest set of centers that one pose explains; of equal ones, the best explained."""
    best, best_score = np.ones(len(points), dtype=bool), (-1, 0.0)
    for chosen in combinations(range(len(points)), 3):
        three = list(chosen)
        frame = frame_through(angles[three], points[three], np.ones(3), radius)
        deviations = _deviations(frame, angles, points)
        agree = deviations < CONSENSUS_MM
        score = (int(agree.sum()), -float(deviations[agree].sum()))
        if score > best_score and agree[three].all():
            best, best_score = agree, score
    return best


def _robust(
    angles: FloatArray, points: FloatArray, agree: npt.NDArray[np.bool_], radius: float
) -> FloatArray:
    """Frame through the centers that agree; the farther one lies off, the less it counts."""
    fixed = radius if int(agree.sum()) < MIN_FOR_RADIUS else None
    weights = np.ones(int(agree.sum()))
    frame = frame_through(angles[agree], points[agree], weights, fixed)
    for _ in range(_MAX_ITERATIONS):
        deviations = _deviations(frame, angles[agree], points[agree])
        weights = _weights(deviations)
        moved, frame = frame, frame_through(angles[agree], points[agree], weights, fixed)
        if float(np.abs(moved - frame).max()) < 1e-6:
            break
    return frame


def _deviations(frame: FloatArray, angles: FloatArray, points: FloatArray) -> FloatArray:
    return np.asarray(np.linalg.norm(points - places(frame, angles), axis=1))


def _radius_sd_mm(deviations_mm: FloatArray) -> float | None:
    """
    Standard uncertainty of a fitted radius, a far center counting as little as in the fit.

    Each center has three coordinates, of which the fit uses up seven in all
    (place, direction, radius); the radius is a mean over the centers.
    """
    if len(deviations_mm) < MIN_FOR_RADIUS:
        return None
    weights = _weights(deviations_mm)
    count = float(weights.sum())
    return float(np.sqrt(weights @ deviations_mm**2 / max(3 * count - 7, 1.0) / count))


def _weights(deviations_mm: FloatArray) -> FloatArray:
    """The farther a center lies off, the less it counts (Cauchy)."""
    return np.asarray(1.0 / (1.0 + (deviations_mm / SAME_SCALE_MM) ** 2))


def _pose(
    frame: FloatArray, geometry: VolumeGeometry, deviations_mm: tuple[tuple[str, float], ...]
) -> RingPose:
    """Describe a frame in words that mean something at the scanner."""
    middle, toward_0, toward_90 = frame.T
    radius = float(np.linalg.norm(toward_0))
    normal = np.cross(toward_0, toward_90) / radius**2
    along = float(abs(normal @ geometry.slice_normal_ras))
    return RingPose(
        center_ras_mm=_point(middle),
        radius_mm=radius,
        toward_0_ras=_point(toward_0 / radius),
        toward_90_ras=_point(toward_90 / radius),
        rotation_deg=float(np.degrees(np.arctan2(toward_0[1], toward_0[0]))),
        tilt_deg=float(np.degrees(np.arccos(min(along, 1.0)))),
        mirrored=bool(normal[2] < 0),
        deviations_mm=deviations_mm,
    )


def _point(vector: FloatArray) -> Point:
    r, a, s = vector.tolist()
    return (r, a, s)
