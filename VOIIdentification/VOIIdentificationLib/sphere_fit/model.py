"""What a scanner makes of a sphere: a ball with a cold wall, blurred, on a box of voxels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

from ..core.geometry import FloatArray, VolumeGeometry
from ..core.image import PETImage
from ..measure.voi_mask import Sphere

FWHM_PER_SIGMA = float(2 * np.sqrt(2 * np.log(2)))
"""Full width at half maximum of a Gaussian over its standard deviation."""

FOLD_BELOW_FWHM_PER_VOXEL = 2.6
"""
Voxels wider than this part of the FWHM (1 / 2.6) sample the blurred ball too coarsely for
its spectrum to end at half a cycle per voxel: the next order is then folded in.
"""

SinglePrecision = npt.NDArray[np.float32]

_Spectrum = npt.NDArray[np.complex64]

SURROUNDINGS_MM = 8.0
"""Background that belongs to the fit around the wall: three sigma of a blur of 6 mm."""

NEIGHBOR_MARGIN_MM = 6.0
"""Around another sphere's wall this much is left out: two sigma of a blur of 7 mm."""


@dataclass(frozen=True)
class SphereParameters:
    """
    Everything that is free in the model of one sphere.

    Attributes
    ----------
    center_ras_mm : tuple of float
        Center ``(r, a, s)``, in millimeter.

    signal, background : float
        Value inside the ball and around its wall, before blurring.

    fwhm_in_plane_mm, fwhm_axial_mm : float
        Blur within the slice and along its normal, without that of the voxels.
    """

    center_ras_mm: tuple[float, float, float]
    signal: float
    background: float
    fwhm_in_plane_mm: float
    fwhm_axial_mm: float


class BlurredSphere:
    r"""
    Model of a sphere on a box of voxels, with its derivatives.

    The image is :math:`S\,b_R + B\,(1 - b_{R+w})`, where :math:`b` is the unit
    ball convolved with a Gaussian and averaged over each voxel, and :math:`w`
    the wall, which holds nothing. All is done on the exact spectra: of the
    ball, of the Gaussian and of the (possibly oblique or sheared) voxel.

    Parameters
    ----------
    geometry : VolumeGeometry
        The grid of the image.

    first_ijk : (3,) `numpy.ndarray` of int
        Index of the box's first voxel; it may lie outside the image.

    shape_kji : tuple of int
        Voxels of the box. The model repeats with the box as its period, so
        that the blurred wall must fit into it.

    diameter_mm, wall_mm : float
        Inner diameter of the ball and thickness of its wall.

    finest_fwhm_mm : float, optional
        The smallest blur that will be asked for with full accuracy; sets how
        far the spectrum reaches.
    """

    def __init__(
        self,
        geometry: VolumeGeometry,
        first_ijk: npt.NDArray[np.int64],
        shape_kji: tuple[int, int, int],
        diameter_mm: float,
        wall_mm: float,
        *,
        finest_fwhm_mm: float = 5.0,
    ) -> None:
        self._geometry = geometry
        self._first_ijk = first_ijk
        self._shape_kji = shape_kji
        coarse_kji = geometry.spacing_ijk_mm[::-1] * FOLD_BELOW_FWHM_PER_VOXEL > finest_fwhm_mm
        self._orders_kji = [2 if coarse else 1 for coarse in coarse_kji]
        self._cycles_kji = [
            _cycles(n, orders=orders, half=axis == 2)
            for axis, (n, orders) in enumerate(zip(shape_kji, self._orders_kji, strict=True))
        ]
        # Cycles per millimeter along R, A and S: the reciprocal lattice.
        k, j, i = np.meshgrid(*self._cycles_kji, indexing='ij', sparse=True)
        reciprocal = np.linalg.inv(geometry.axes_ras_mm)
        q_ras = [n[0] * i + n[1] * j + n[2] * k for n in reciprocal.T]
        square = q_ras[0] ** 2 + q_ras[1] ** 2 + q_ras[2] ** 2
        axial = sum(q * n for q, n in zip(q_ras, geometry.slice_normal_ras, strict=True))
        q2_axial = np.asarray(axial) ** 2
        voxel = _single(np.sinc(i) * np.sinc(j) * np.sinc(k) / geometry.voxel_volume_mm3)
        q = _single(np.sqrt(square))
        # Single precision is 1e-6 of the signal, and twice as fast.
        self._q_ras = [_single(q) for q in q_ras]
        self._q2_axial = _single(q2_axial)
        self._q2_in_plane = _single(np.maximum(square - q2_axial, 0.0))
        self._ball = _ball_spectrum(q, diameter_mm / 2) * voxel
        self._outer_ball = _ball_spectrum(q, diameter_mm / 2 + wall_mm) * voxel

    @property
    def first_ijk(self) -> npt.NDArray[np.int64]:
        """Index of the first voxel of the box, (3,); it may lie outside the image."""
        return self._first_ijk

    def with_derivatives(self, p: SphereParameters) -> tuple[SinglePrecision, SinglePrecision]:
        """
        Evaluate the image and how it changes with each parameter.

        Parameters
        ----------
        p : SphereParameters
            Where the sphere is and how it looks.

        Returns
        -------
        model : (K, J, I) `numpy.ndarray` of float32
            Voxel values of the box.

        derivatives : (7, K, J, I) `numpy.ndarray` of float32
            With respect to r, a, s (per mm), signal, background and the
            logarithms of the two FWHM.
        """
        blurred = self._blur_and_place(p)
        ball, outer = blurred * self._ball, blurred * self._outer_ball
        both = p.signal * ball - p.background * outer
        slope = -2j * np.pi * both
        # d exp(-2 pi^2 sigma^2 q^2) / d ln sigma = -4 pi^2 sigma^2 q^2 exp(...)
        in_plane, axial = _exponents(p)
        spectra = [*(slope * q for q in self._q_ras), ball, outer]
        spectra += [
            both * (self._q2_in_plane * (-2 * in_plane)),
            both * (self._q2_axial * (-2 * axial)),
        ]
        derivatives = self._to_voxels(spectra)
        derivatives[4] = 1.0 - derivatives[4]
        model = p.signal * derivatives[3] + p.background * derivatives[4]
        return model, derivatives

    def columns(self, p: SphereParameters) -> SinglePrecision:
        """
        The images of signal 1 alone and of background 1 alone.

        Parameters
        ----------
        p : SphereParameters
            Center and blur; signal and background are not used.

        Returns
        -------
        columns : (2, K, J, I) `numpy.ndarray` of float32
            Voxel values of the box.
        """
        blurred = self._blur_and_place(p)
        columns = self._to_voxels([blurred * self._ball, blurred * self._outer_ball])
        columns[1] = 1.0 - columns[1]
        return columns

    def image(self, p: SphereParameters) -> SinglePrecision:
        """
        Evaluate the image alone.

        Parameters
        ----------
        p : SphereParameters
            Where the sphere is and how it looks.

        Returns
        -------
        image : (K, J, I) `numpy.ndarray` of float32
            Voxel values of the box.
        """
        signal, background = self.columns(p)
        return np.asarray(p.signal * signal + p.background * background)

    def _blur_and_place(self, p: SphereParameters) -> _Spectrum:
        """Spectrum of a Gaussian around the sphere's center."""
        offset_ijk = self._geometry.index_ijk(p.center_ras_mm) - self._first_ijk
        k, j, i = (
            np.exp(-2j * np.pi * cycles * offset).astype(np.complex64)
            for cycles, offset in zip(self._cycles_kji, offset_ijk[::-1], strict=True)
        )
        in_plane, axial = _exponents(p)
        gauss = np.exp(-in_plane * self._q2_in_plane - axial * self._q2_axial)
        return np.asarray(gauss * (k[:, None, None] * j[:, None] * i))

    def _fold(self, spectrum: _Spectrum) -> _Spectrum:
        """Add what the sampling on voxels cannot tell from lower frequencies."""
        for axis, orders in enumerate(self._orders_kji):
            if orders == 2:
                low, high = np.split(spectrum, 2, axis=axis)
                spectrum = low + high
        return spectrum

    def _to_voxels(self, spectra: list[_Spectrum]) -> SinglePrecision:
        folded = np.stack([self._fold(spectrum) for spectrum in spectra])
        return np.asarray(fft.irfftn(folded, s=self._shape_kji, axes=(1, 2, 3)))


@dataclass(frozen=True, eq=False)
class FitBox:
    """
    One sphere's voxels and its model on them.

    Attributes
    ----------
    start : Sphere
        Where the fit starts.

    hot : bool
        Whether it holds more than its background.

    geometry : VolumeGeometry
        Grid of the image.

    model : BlurredSphere
        On this box.

    values : (K, J, I) `numpy.ndarray` of float32
        Image; 0 where it is not used.

    use : (K, J, I) `numpy.ndarray` of bool
        Voxels that are in the image, finite, near the sphere and far from others.

    inside : (K, J, I) `numpy.ndarray` of float
        Weights of the mean in the ball around the start; they add up to 1.

    coverage : float
        Part of the ball's voxels that are used.

    unit : float
        What the image's values were divided by.
    """

    start: Sphere
    hot: bool
    geometry: VolumeGeometry
    model: BlurredSphere
    values: npt.NDArray[np.float32]
    use: npt.NDArray[np.bool_]
    inside: FloatArray
    coverage: float
    unit: float = 1.0


def _single(values: FloatArray) -> SinglePrecision:
    return values.astype(np.float32)


def _exponents(p: SphereParameters) -> tuple[float, float]:
    """Of the Gaussians' spectra, per square cycle per millimeter, in plane and axial."""
    return (
        2 * (math.pi * p.fwhm_in_plane_mm / FWHM_PER_SIGMA) ** 2,
        2 * (math.pi * p.fwhm_axial_mm / FWHM_PER_SIGMA) ** 2,
    )


def _cycles(n: int, *, orders: int, half: bool) -> FloatArray:
    """Cycles per voxel: one period of the FFT and, on demand, its next order."""
    low = fft.rfftfreq(n) if half else fft.fftfreq(n)
    if orders == 1:
        return np.asarray(low)
    return np.concatenate([low, np.where(low > 0, low - 1.0, low + 1.0)])


def _ball_spectrum(q_per_mm: SinglePrecision, radius_mm: float) -> SinglePrecision:
    """Fourier transform of a ball of value 1, in cubic millimeter."""
    u = q_per_mm * np.float32(2 * np.pi * radius_mm)
    square = u * u
    near_0 = 1 / 3 - square * (1 / 30 - square / 840)  # there the difference below cancels
    shape = (np.sin(u) - u * np.cos(u)) / np.maximum(square * u, 1e-9)
    return np.asarray(4 * np.pi * radius_mm**3 * np.where(u < 0.5, near_0, shape))


def fit_box(
    image: PETImage, start: Sphere, *, hot: bool, wall_mm: float, others: Sequence[Sphere]
) -> FitBox:
    """
    Cut the voxels around a sphere out of an image.

    Parameters
    ----------
    image : PETImage
        The scan.

    start : Sphere
        Where the search found the sphere. It may reach out of the image.

    hot : bool
        Whether it holds more than its background.

    wall_mm : float
        Thickness of the cold wall.

    others : sequence of Sphere
        Objects whose voxels are left out.

    Returns
    -------
    box : FitBox
        The box; its coverage tells whether a fit makes sense.
    """
    geometry = image.geometry
    radius = start.diameter_mm / 2
    support = radius + wall_mm + SURROUNDINGS_MM
    first, shape = _extent(geometry, start.center_ras_mm, support)
    distance = _distances(geometry, first, shape, start.center_ras_mm)
    values = _cut(image.voxels, first[::-1], shape)
    use = np.isfinite(values) & (distance <= support)
    for other in others:
        margin = other.diameter_mm / 2 + wall_mm + NEIGHBOR_MARGIN_MM
        if math.dist(other.center_ras_mm, start.center_ras_mm) < support + margin:
            use &= _distances(geometry, first, shape, other.center_ras_mm) > margin
    core = distance <= max(radius, 1.01 * float(distance.min()))
    return FitBox(
        start=start,
        hot=hot,
        geometry=geometry,
        model=BlurredSphere(geometry, first, shape, start.diameter_mm, wall_mm),
        values=np.where(use, values, np.float32(0.0)),
        use=use,
        inside=core / core.sum(),
        coverage=float(use[core].mean()),
    )


def _extent(
    geometry: VolumeGeometry, center_ras_mm: tuple[float, float, float], support_mm: float
) -> tuple[npt.NDArray[np.int64], tuple[int, int, int]]:
    """
    First index (ijk) and shape (kji) of the box around a ball, of sizes that the FFT likes.

    Between voxels that are larger than the ball it holds one that lies near.
    """
    half = support_mm * np.linalg.norm(np.linalg.inv(geometry.axes_ras_mm), axis=1)
    center = geometry.index_ijk(center_ras_mm)
    first = np.ceil(center - half).astype(np.int64)
    size = np.maximum(np.floor(center + half).astype(np.int64) - first + 1, 1)
    k, j, i = (int(fft.next_fast_len(int(n), real=True)) for n in size[::-1])
    return first, (k, j, i)


def _distances(
    geometry: VolumeGeometry,
    first_ijk: npt.NDArray[np.int64],
    shape_kji: tuple[int, int, int],
    point_ras_mm: tuple[float, float, float],
) -> FloatArray:
    """Distance of every voxel of a box from a point."""
    offset_kji = (first_ijk - geometry.index_ijk(point_ras_mm))[::-1]
    along = [np.arange(n) + offset for n, offset in zip(shape_kji, offset_kji, strict=True)]
    k, j, i = np.meshgrid(*along, indexing='ij', sparse=True)
    return np.asarray(
        np.sqrt(sum((a * i + b * j + c * k) ** 2 for a, b, c in geometry.axes_ras_mm))
    )


def _cut(
    voxels: npt.NDArray[np.float32], first_kji: npt.NDArray[np.int64], shape: tuple[int, int, int]
) -> npt.NDArray[np.float32]:
    """Voxels of a box that may reach out of the image; NaN there."""
    box = np.full(shape, np.nan, dtype=np.float32)
    low = np.maximum(first_kji, 0)
    high = np.minimum(first_kji + shape, voxels.shape)
    if np.all(low < high):
        there = tuple(slice(a, b) for a, b in zip(low - first_kji, high - first_kji, strict=True))
        here = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        box[there] = voxels[here]
    return box
