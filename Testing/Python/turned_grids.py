"""Grids that no two axes of are alike, and the part of a voxel inside a solid counted by points."""

import numpy as np
from VOIIdentificationLib.core.geometry import VolumeGeometry

SHEAR = np.array([[1.0, 0.1, 0.3], [0.0, 1.0, -0.2], [0.0, 0.0, 1.0]])


def rotation(degrees):
    """About an axis that is none of the image's."""
    axis = np.array([0.3, -0.5, 0.81])
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def grid(spacing_mm, *, angle_deg=0.0, shape_kji=(44, 48, 52), shear=False, mirror=False):
    """A grid centered on the RAS origin; no two axes are alike, so that swaps show."""
    axes = rotation(angle_deg) * spacing_mm
    if shear:
        axes = axes @ SHEAR
    if mirror:
        axes[:, 0] *= -1
    matrix = np.eye(4)
    matrix[:3, :3] = axes
    matrix[:3, 3] = -axes @ ((np.array(shape_kji[::-1]) - 1) / 2)
    return VolumeGeometry(shape_kji, matrix)


def brute_force_weights(inside, geometry, slices_kji, n):
    """Part of n x n x n points of each voxel that are inside: slow and obvious."""
    k, j, i = np.meshgrid(*(np.arange(s.start, s.stop) for s in slices_kji), indexing='ij')
    index = np.stack([i, j, k], axis=-1).astype(float)
    count = np.zeros(k.shape)
    for sub in np.ndindex(n, n, n):
        offset = (np.array(sub) + 0.5) / n - 0.5
        count += inside(geometry.position_ras_mm(index + offset))
    return count / n**3
