"""
The IEC body phantom drawn from formulas, for judging where background ROIs stand.

Nothing here touches the library's model of the phantom, nor its VOI masks.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from VOIIdentificationLib.core.geometry import VolumeGeometry
from VOIIdentificationLib.core.image import PETImage
from VOIIdentificationLib.measure.voi_mask import Sphere

DIAMETERS_MM = (37.0, 28.0, 22.0, 17.0, 13.0, 10.0)
RING_MM = 57.2
LUNG_MM = 50.0


@dataclass
class Pose:
    """Where the phantom lies: ring turned in the body, body turned, tilted, moved, mirrored."""

    ring_deg: float = 10.0
    body_deg: float = 0.0
    tilt_deg: float = 0.0
    mirrored: bool = False
    offset_ras_mm: tuple = (0.0, 0.0, 0.0)

    def to_ras(self):
        """From the own frame of the phantom to RAS, without the offset."""
        c, s = np.cos(np.radians(self.body_deg)), np.sin(np.radians(self.body_deg))
        ct, st = np.cos(np.radians(self.tilt_deg)), np.sin(np.radians(self.tilt_deg))
        turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        tilt = np.array([[1, 0, 0], [0, ct, -st], [0, st, ct]])
        return tilt @ turn @ np.diag([-1.0 if self.mirrored else 1.0, 1.0, 1.0])

    def centers_ras_mm(self):
        """Centers of the spheres, 37 to 10 mm."""
        angles = np.radians(self.ring_deg + 60 * np.arange(6))
        own = RING_MM * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
        return own @ self.to_ras().T + self.offset_ras_mm


def inside_d(x, y, shrink=0.0):
    """Half a disc of 145 mm over a rounded box, 221 mm high around y = 0: the IEC body."""
    y = y + 34.5
    upper = (y >= 0) & (x**2 + y**2 <= (145.0 - shrink) ** 2)
    past = np.maximum(np.abs(x) - 69.0, 0)
    corner = 76.0 - shrink
    lower = (y < 0) & (y >= -corner) & (past**2 + y**2 <= corner**2)
    return upper | lower


def draw(pose, *, spacing=(2.4, 2.1, 3.0), noise=0.0, lung=0.0, shape=(24, 150, 156), seed=0):
    """Background 2000, spheres 20000, lung cold; blurred by 2.5 mm."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.diag([-1.0, -1.0, 1.0]) * spacing
    matrix[:3, 3] = -matrix[:3, :3] @ (np.array(shape[::-1]) - 1) / 2
    geometry = VolumeGeometry(shape, matrix)
    k, j, i = np.indices(shape)
    ras = geometry.position_ras_mm(np.stack([i, j, k], axis=-1)) - pose.offset_ras_mm
    x, y, _ = np.moveaxis(ras @ pose.to_ras(), -1, 0)
    voxels = 2000.0 * inside_d(x, y)
    voxels[np.hypot(x, y) < LUNG_MM / 2] = lung
    for center, diameter in zip(pose.centers_ras_mm(), DIAMETERS_MM, strict=True):
        near = np.linalg.norm(ras + pose.offset_ras_mm - center, axis=-1) <= diameter / 2
        voxels[near] = 20_000.0
    sigma = 2.5 / np.array(spacing[::-1])
    voxels = ndimage.gaussian_filter(voxels, sigma)
    voxels += noise * 2000.0 * np.random.default_rng(seed).standard_normal(shape) * (voxels > 500)
    spheres = [
        Sphere(f'S{d:g}', tuple(c.tolist()), d)
        for c, d in zip(pose.centers_ras_mm(), DIAMETERS_MM, strict=True)
    ]
    return PETImage(voxels.astype(np.float32), geometry, 'Bq/mL'), spheres


def to_the_edge_mm(pose, points_ras_mm):
    """Distance to the sharp outline, by shrinking it until the point is outside."""
    own = (points_ras_mm - pose.offset_ras_mm) @ pose.to_ras()
    steps = np.arange(0.0, 120.0, 0.1)
    x, y = own[:, 0, None], own[:, 1, None]
    # A point at depth d of this outline, whose pieces are arcs and one flat side, leaves it
    # when radius and flat side have moved by d; at the joints both agree.
    inside = np.stack([inside_d(x[:, 0], y[:, 0], step) for step in steps], axis=1)
    return steps[np.argmin(inside, axis=1)]


def distances_again(pose, placement):
    """Edge, sphere, lung and neighbor distance of each ROI from the formulas."""
    centers = np.array([roi.center_ras_mm for roi in placement.rois])
    axis = pose.to_ras()[:, 2]
    to_spheres = [
        np.linalg.norm(np.cross(centers - center, axis), axis=1) - diameter / 2
        for center, diameter in zip(pose.centers_ras_mm(), DIAMETERS_MM, strict=True)
    ]
    to_lung = np.linalg.norm(np.cross(centers - pose.offset_ras_mm, axis), axis=1) - LUNG_MM / 2
    apart = np.linalg.norm(centers[:, None] - centers, axis=-1) + 1e9 * np.eye(len(centers))
    return (
        to_the_edge_mm(pose, centers) - 18.5,
        np.min(to_spheres, axis=0) - 18.5,
        to_lung - 18.5,
        apart.min(axis=1) - 37.0,
    )


def random_pose(rng):
    """Ring and body turned by any angle, tilted a little, mirrored, moved."""
    return Pose(
        ring_deg=rng.uniform(0, 360),
        body_deg=rng.uniform(-180, 180),
        tilt_deg=rng.uniform(-2, 2),
        mirrored=bool(rng.integers(2)),
        offset_ras_mm=tuple(rng.uniform(-3, 3, 3)),
    )
