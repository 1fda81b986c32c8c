"""Balls and rods as a scanner with a Gaussian PSF sees them: for `synthetic` only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..core.geometry import FloatArray, Point, VolumeGeometry
from .psf import (
    PSF,
    REACH_SIGMAS,
    averaging_rule,
    blurred_ball,
    blurred_disc,
    blurred_slab,
)

Radial = Callable[[FloatArray], FloatArray]

MAX_SHEAR = 1e-6
"""Largest cosine between two grid axes on which the PSF may differ along the axes."""

_MIN_SIGMA_PER_VOXEL = 1 / 32
"""A sharper PSF, over the width of a voxel, is replaced by this one: the nodes cannot see it."""

_TABLE_STEPS_PER_SIGMA = 200
_TABLE_STEP_MIN_MM = 0.002


@dataclass(frozen=True)
class Ball:
    """
    A ball of constant activity.

    Attributes
    ----------
    center_ras_mm : tuple of float
        Center ``(r, a, s)``, in millimeter.

    diameter_mm : float
        In millimeter.

    activity : float
        What it adds to its surroundings.
    """

    center_ras_mm: Point
    diameter_mm: float
    activity: float

    @property
    def half_extent_ras_mm(self) -> FloatArray:
        """Half the edges of the box around the sharp solid, in millimeter."""
        return np.full(3, self.diameter_mm / 2)

    def seen(self, sigma_mm: float) -> Radial:
        """
        The activity after an isotropic Gaussian blur.

        Parameters
        ----------
        sigma_mm : float
            Standard deviation of the blur.

        Returns
        -------
        value : callable
            Takes offsets from the center, ``(3, …)`` in millimeter.
        """
        radius = self.diameter_mm / 2
        profile = _table(lambda r: blurred_ball(r, radius, sigma_mm), radius, sigma_mm)
        return lambda offset: self.activity * profile(np.sqrt(np.sum(offset**2, axis=0)))


@dataclass(frozen=True)
class Rod:
    """
    A circular cylinder of constant activity.

    Attributes
    ----------
    center_ras_mm : tuple of float
        Center ``(r, a, s)``, in millimeter.

    axis_ras : tuple of float
        Unit vector along it.

    diameter_mm, length_mm : float
        In millimeter.

    activity : float
        What it adds to its surroundings.
    """

    center_ras_mm: Point
    axis_ras: Point
    diameter_mm: float
    length_mm: float
    activity: float

    @property
    def half_extent_ras_mm(self) -> FloatArray:
        """Half the edges of the box around the sharp solid, in millimeter."""
        along = np.abs(self.axis_ras)
        across = np.sqrt(np.maximum(1 - along**2, 0))
        return np.asarray(along * self.length_mm / 2 + across * self.diameter_mm / 2)

    def seen(self, sigma_mm: float) -> Radial:
        """
        The activity after an isotropic Gaussian blur.

        Parameters
        ----------
        sigma_mm : float
            Standard deviation of the blur.

        Returns
        -------
        value : callable
            Takes offsets from the center, ``(3, …)`` in millimeter.
        """
        radius, half = self.diameter_mm / 2, self.length_mm / 2
        disc = _table(lambda r: blurred_disc(r, radius, sigma_mm), radius, sigma_mm)
        slab = _table(lambda z: blurred_slab(z, half, sigma_mm), half, sigma_mm)

        def _value(offset: FloatArray) -> FloatArray:
            along = np.tensordot(self.axis_ras, offset, axes=1)
            across = np.sqrt(np.maximum(np.sum(offset**2, axis=0) - along**2, 0))
            return self.activity * disc(across) * slab(np.abs(along))

        return _value


Solid = Ball | Rod


def add_solid(voxels: FloatArray, solid: Solid, geometry: VolumeGeometry, psf: PSF) -> None:
    """
    Add a blurred solid, averaged over the box of every voxel, to an image.

    Parameters
    ----------
    voxels : (K, J, I) `numpy.ndarray` of float
        Changed in place, only around the solid.

    solid : Ball or Rod
        What is added.

    geometry : VolumeGeometry
        Where the voxels are.

    psf : PSF
        Its blur, along the axes of the grid.
    """
    for weight, gaussian in psf.gaussians:
        _add_gaussian(voxels, solid, geometry, gaussian, weight)


def _add_gaussian(
    voxels: FloatArray, solid: Solid, geometry: VolumeGeometry, psf: PSF, weight: float
) -> None:
    box = _box_kji(solid, geometry, psf)
    index_kji = np.meshgrid(*(np.arange(s.start, s.stop) for s in box), indexing='ij')
    index_ijk = np.stack([axis.ravel() for axis in index_kji[::-1]], axis=-1)
    offset = (geometry.position_ras_mm(index_ijk) - solid.center_ras_mm).T
    mean = _average(solid, offset, geometry, psf, geometry.spacing_ijk_mm)
    voxels[box] += weight * mean.reshape(index_kji[0].shape)


def seen_at(
    solid: Solid, position_ras_mm: FloatArray, geometry: VolumeGeometry, psf: PSF
) -> FloatArray:
    """
    Activity of a blurred solid at points: of the continuous scene, not of voxels.

    Parameters
    ----------
    solid : Ball or Rod
        What is looked at.

    position_ras_mm : (N, 3) `numpy.ndarray` of float
        Points ``(r, a, s)``, in millimeter.

    geometry : VolumeGeometry
        Only its directions are used: those of the PSF.

    psf : PSF
        The blur.

    Returns
    -------
    activity : (N,) `numpy.ndarray` of float
        What the solid adds there.
    """
    offset = (np.asarray(position_ras_mm) - solid.center_ras_mm).T
    total = np.zeros(len(position_ras_mm))
    for weight, gaussian in psf.gaussians:
        total += weight * _average(solid, offset, geometry, gaussian, np.zeros(3))
    return total


def _average(
    solid: Solid, offset: FloatArray, geometry: VolumeGeometry, psf: PSF, width_ijk_mm: FloatArray
) -> FloatArray:
    """Closed form for the common part of the blur, Gauss rules for the rest and the voxel."""
    common = max(psf.common_sigma_mm, _MIN_SIGMA_PER_VOXEL * float(width_ijk_mm.max()))
    value = solid.seen(common)
    rest = np.sqrt(np.maximum(psf.sigma_ijk_mm**2 - common**2, 0))
    _require_axes_for(rest, geometry)
    rules = [
        averaging_rule(float(w), float(s), common) for w, s in zip(width_ijk_mm, rest, strict=True)
    ]
    unit = geometry.axes_ras_mm / geometry.spacing_ijk_mm
    total = np.zeros(offset.shape[1:])
    for steps in product(*(zip(*rule, strict=True) for rule in rules)):
        shift = unit @ [node for node, _ in steps]
        weight = np.prod([weight for _, weight in steps])
        total += weight * value(offset + shift[:, None])
    return total


def _require_axes_for(rest_mm: FloatArray, geometry: VolumeGeometry) -> None:
    unit = geometry.axes_ras_mm / geometry.spacing_ijk_mm
    shear = np.abs(unit.T @ unit - np.eye(3)).max()
    if rest_mm.any() and shear > MAX_SHEAR:
        msg = f'a PSF that differs in plane and axially needs orthogonal axes, got shear {shear:g}'
        raise ValueError(msg)


def _table(profile: Radial, radius_mm: float, sigma_mm: float) -> Radial:
    """The profile by linear interpolation in a fine table (within 3e-6); 0 beyond its reach."""
    step = max(sigma_mm / _TABLE_STEPS_PER_SIGMA, _TABLE_STEP_MIN_MM)
    r = np.arange(0, radius_mm + REACH_SIGMAS * sigma_mm + 2 * step, step)
    values = profile(r)
    return lambda distance: np.interp(distance, r, values, right=0.0)


def _box_kji(solid: Solid, geometry: VolumeGeometry, psf: PSF) -> tuple[slice, slice, slice]:
    """The voxels that the blurred solid may touch, cut to the image."""
    half = solid.half_extent_ras_mm + REACH_SIGMAS * psf.sigma_ijk_mm.max()
    signs = np.array(list(product((-1, 1), repeat=3)))
    corners = geometry.index_ijk(solid.center_ras_mm + signs * half)
    low = np.floor(corners.min(axis=0)).astype(int)
    high = np.ceil(corners.max(axis=0)).astype(int) + 1
    low, high = np.clip(low, 0, geometry.size_ijk), np.clip(high, 0, geometry.size_ijk)
    k, j, i = (slice(int(a), int(b)) for a, b in zip(low[::-1], high[::-1], strict=True))
    return k, j, i
