"""
A phantom with known truth.

The scene is continuous: solids of constant activity, blurred by a Gaussian PSF.
A voxel holds its mean over the voxel's box. Balls and rods are closed form
where the blur is the same in all directions, and Gauss rules for the rest and
for the box. Every voxel around the spheres is right within 1e-5 of the
activity for a PSF at least half as wide (FWHM) as the voxels, within 1e-4 and
1e-3 for one 1.5 and 2 times wider one way than the other; without any PSF the
sum over a sphere is right within 0.1 %. The surface of the body, which nobody
measures, is right within 1 %. Nothing here uses `sphere`: the two
may judge each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from .errors import InputFileError
from .geometry import FloatArray, VolumeGeometry
from .image import PETImage
from .phantom import Insert, Phantom, load_phantom
from .progress import Progress, no_progress
from .synthetic_body import Body
from .synthetic_solids import FWHM_PER_SIGMA, PSF, Ball, Point, Rod, Solid, add_solid, seen_at

_NOISE_FLOOR = 0.05
"""Where noise grows with the signal: the signal, over the reference, that empty space has."""

_ROUNDING = 1e-5
"""Values below 0 that are closer to it than this, over the maximum, are rounding: 0."""

_EDGE_DEPTH_MM = 8.0
"""Depth over which the extra noise of the first and last slices falls by 1/e."""


@dataclass(frozen=True)
class Pose:
    """
    How the phantom lies: mirrored, then turned, then tilted, then moved.

    Attributes
    ----------
    rotation_deg : float
        About the phantom's axis, counterclockwise with R to the right and A up.

    tilt_deg : float
        About a direction in the R-A plane (right-hand rule).

    tilt_axis_deg : float
        That direction, from R toward A.

    mirrored : bool
        True: left and right of the phantom are swapped (x to -x).

    offset_ras_mm : tuple of float
        Where the middle of the ring is, in millimeter.
    """

    rotation_deg: float = 0.0
    tilt_deg: float = 0.0
    tilt_axis_deg: float = 0.0
    mirrored: bool = False
    offset_ras_mm: Point = (0.0, 0.0, 0.0)

    @property
    def to_ras(self) -> FloatArray:
        """From the phantom's own frame (x, y, z) to RAS, in millimeter; shape ``(4, 4)``."""
        about = _about_s(self.tilt_axis_deg)
        matrix = np.eye(4)
        matrix[:3, :3] = (
            about @ _about_r(self.tilt_deg) @ about.T
            @ _about_s(self.rotation_deg)
            @ np.diag([-1.0 if self.mirrored else 1.0, 1.0, 1.0])
        )  # fmt: skip
        matrix[:3, 3] = self.offset_ras_mm
        return matrix


@dataclass(frozen=True)
class Activities:
    """
    Activity concentrations, in the unit of the image.

    Attributes
    ----------
    hot, cold : float
        In hot and in cold inserts.

    background : float
        In the body.

    lung : float
        In the lung insert.
    """

    hot: float = 20000.0
    cold: float = 0.0
    background: float = 5000.0
    lung: float = 0.0


@dataclass(frozen=True)
class Noise:
    """
    Gaussian noise: white noise smoothed by a Gaussian.

    Attributes
    ----------
    voxel_cov : float
        Standard deviation in the background over the background's activity
        (over the hot activity where the background is 0).

    fwhm_mm : float
        Of the smoothing, in millimeter; 0 for white noise. The
        autocorrelation of the noise is the square root of 2 wider.

    grows_with_signal : bool
        True: the variance is proportional to the noise-free image.

    axial_edge_factor : float
        By how much the standard deviation is larger in the first and last slices.
    """

    voxel_cov: float = 0.0
    fwhm_mm: float = 0.0
    grows_with_signal: bool = False
    axial_edge_factor: float = 1.0


@dataclass(frozen=True, eq=False)
class SyntheticPhantom:
    """
    All that is needed to make an image with known truth.

    Attributes
    ----------
    geometry : VolumeGeometry
        The grid.

    phantom : Phantom
        Its inserts; each needs a place on the ring.

    pose : Pose
        How it lies.

    activities : Activities
        What was filled in.

    psf : PSF
        Blur of the scanner.

    noise : Noise
        Noise of the image.

    wall_mm : float
        Cold wall around every insert, in millimeter.

    body : Body or None
        None: the inserts stand alone in nothing.

    lung_diameter_mm : float
        Of the lung insert on the phantom's axis, in millimeter; 0: there is none.

    distractors : tuple of Ball or Rod
        Other hot objects, added to what is there.

    unit : str
        Unit of the activities.

    random_seed : int
        Decides the noise.
    """

    geometry: VolumeGeometry
    phantom: Phantom = field(default_factory=lambda: load_phantom('NEMA IEC body'))
    pose: Pose = Pose()
    activities: Activities = Activities()
    psf: PSF = field(default_factory=PSF)
    noise: Noise = Noise()
    wall_mm: float = 1.0
    body: Body | None = field(default_factory=Body)
    lung_diameter_mm: float = 50.0
    distractors: tuple[Solid, ...] = ()
    unit: str = 'Bq/mL'
    random_seed: int = 0

    @property
    def background(self) -> float:
        """Activity around the inserts: 0 without a body."""
        return self.activities.background if self.body else 0.0


@dataclass(frozen=True)
class TrueInsert:
    """
    One insert as it really is.

    Attributes
    ----------
    insert : Insert
        What it is.

    center_ras_mm : tuple of float
        Its center, in millimeter.

    activity : float
        What was filled in.
    """

    insert: Insert
    center_ras_mm: Point
    activity: float


@dataclass(frozen=True, eq=False)
class Truth:
    """
    What a perfect measurement would find.

    Attributes
    ----------
    scene : SyntheticPhantom
        What was made.

    inserts : tuple of TrueInsert
        In the order of the phantom.

    noise_free : (K, J, I) `numpy.ndarray` of float32
        The image before the noise.
    """

    scene: SyntheticPhantom
    inserts: tuple[TrueInsert, ...]
    noise_free: npt.NDArray[np.float32]


def grid(
    shape_ijk: tuple[int, int, int] = (200, 200, 100),
    spacing_ijk_mm: Point = (2.0, 2.0, 2.0),
    *,
    oblique_deg: Point = (0.0, 0.0, 0.0),
    mirrored: bool = False,
    middle_ras_mm: Point = (0.0, 0.0, -27.0),
) -> VolumeGeometry:
    """
    Grid of a scan, placed by its middle.

    Parameters
    ----------
    shape_ijk : tuple of int, optional
        Voxels along i, j and k.

    spacing_ijk_mm : tuple of float, optional
        Edges of a voxel, in millimeter.

    oblique_deg : tuple of float, optional
        Turned about R, then A, then S. At 0 the axes run as in DICOM:
        i to the left, j to posterior, k to superior.

    mirrored : bool, optional
        True: k runs the other way, which makes the grid left-handed.

    middle_ras_mm : tuple of float, optional
        Middle of the volume, in millimeter. The default holds the whole body
        of a phantom whose ring lies around the origin.

    Returns
    -------
    geometry : VolumeGeometry
        The grid.

    Examples
    --------
    >>> grid((5, 4, 3), (2.0, 2.0, 3.0), middle_ras_mm=(0.0, 0.0, 0.0)).ijk_to_ras[:3, 3].tolist()
    [4.0, 3.0, -3.0]
    """
    x_deg, y_deg, z_deg = oblique_deg
    turn = _about_s(z_deg) @ _about_s(90) @ _about_r(y_deg) @ _about_s(-90) @ _about_r(x_deg)
    matrix = np.eye(4)
    directions = np.diag([-1.0, -1.0, -1.0 if mirrored else 1.0])
    matrix[:3, :3] = turn @ directions @ np.diag(spacing_ijk_mm)
    matrix[:3, 3] = middle_ras_mm - matrix[:3, :3] @ (np.array(shape_ijk) - 1) / 2
    return VolumeGeometry((shape_ijk[2], shape_ijk[1], shape_ijk[0]), matrix)


def synthesize(
    scene: SyntheticPhantom, *, progress: Progress = no_progress
) -> tuple[PETImage, Truth]:
    """
    Make the image of a phantom, and say what is true.

    Parameters
    ----------
    scene : SyntheticPhantom
        What is made.

    progress : callable, optional
        Told how far the work is.

    Returns
    -------
    image : PETImage
        The image, with noise if the scene has any.

    truth : Truth
        Centers, activities and the image without noise.

    Raises
    ------
    InputFileError
        If an insert has no place on the ring.
    """
    inserts = true_inserts(scene)
    clean = _noise_free(scene, inserts, progress)
    progress(0.9, 'adding noise')
    rng = np.random.default_rng(scene.random_seed)
    voxels = with_noise(clean, scene, rng)
    progress(1.0, 'phantom made')
    return PETImage(voxels, scene.geometry, scene.unit), Truth(scene, inserts, clean)


def true_inserts(scene: SyntheticPhantom) -> tuple[TrueInsert, ...]:
    """
    Where the inserts of a scene are, and what is in them.

    Parameters
    ----------
    scene : SyntheticPhantom
        The scene.

    Returns
    -------
    inserts : tuple of TrueInsert
        In the order of the phantom.

    Raises
    ------
    InputFileError
        If an insert has no place on the ring.
    """
    to_ras = scene.pose.to_ras
    fill = scene.activities
    found = []
    for insert in scene.phantom.inserts:
        r, a, s = to_ras[:3, :3] @ _on_ring(insert, scene.phantom) + to_ras[:3, 3]
        center = (float(r), float(a), float(s))
        found.append(TrueInsert(insert, center, fill.hot if insert.hot else fill.cold))
    return tuple(found)


def with_noise(
    noise_free: npt.NDArray[np.float32], scene: SyntheticPhantom, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """
    One noisy image of a noise-free one.

    Parameters
    ----------
    noise_free : (K, J, I) `numpy.ndarray` of float32
        As `Truth` holds it. It is not changed.

    scene : SyntheticPhantom
        Its `noise`, `activities` and `geometry` are used.

    rng : `numpy.random.Generator`
        Draws the noise.

    Returns
    -------
    voxels : (K, J, I) `numpy.ndarray` of float32
        The very same values where the scene has no noise.
    """
    noise = scene.noise
    if noise.voxel_cov == 0:
        return noise_free.copy()
    reference = scene.background or scene.activities.hot
    field_ = correlated_noise(scene.geometry, noise.fwhm_mm, rng)
    field_ *= np.float32(noise.voxel_cov * reference)
    if noise.grows_with_signal:
        field_ *= np.sqrt(np.maximum(noise_free / np.float32(reference), _NOISE_FLOOR))
    if noise.axial_edge_factor != 1:
        field_ *= _edge_gain(scene.geometry, noise.axial_edge_factor)[:, None, None]
    field_ += noise_free
    return field_


def correlated_noise(
    geometry: VolumeGeometry, fwhm_mm: float, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """
    Gaussian noise of mean 0 and standard deviation 1.

    Parameters
    ----------
    geometry : VolumeGeometry
        The grid.

    fwhm_mm : float
        Of the Gaussian that smooths white noise, in millimeter; 0 for white noise.

    rng : `numpy.random.Generator`
        Draws it.

    Returns
    -------
    noise : (K, J, I) `numpy.ndarray` of float32
        Stationary: it goes on at the opposite border.
    """
    noise = rng.standard_normal(geometry.shape_kji, dtype=np.float32)
    for axis, spacing in enumerate(geometry.spacing_ijk_mm[::-1]):
        sigma = fwhm_mm / FWHM_PER_SIGMA / spacing
        if sigma > 0:
            impulse = np.zeros(2 * int(4 * sigma + 2) + 1)
            impulse[impulse.size // 2] = 1
            kernel = gaussian_filter1d(impulse, sigma, mode='constant')
            gaussian_filter1d(noise, sigma, axis=axis, mode='wrap', output=noise)
            noise /= np.float32(np.linalg.norm(kernel))
    return noise


def activity_at(scene: SyntheticPhantom, position_ras_mm: npt.ArrayLike) -> FloatArray:
    """
    Activity of the blurred scene at points: continuous, before voxels and noise.

    Parameters
    ----------
    scene : SyntheticPhantom
        The scene.

    position_ras_mm : (N, 3) array_like of float
        Points ``(r, a, s)``, in millimeter.

    Returns
    -------
    activity : (N,) `numpy.ndarray` of float
        In the unit of the scene.
    """
    points = np.asarray(position_ras_mm, dtype=float)
    total = np.zeros(len(points))
    for solid in _solids(scene, true_inserts(scene)):
        total += seen_at(solid, points, scene.geometry, scene.psf)
    if scene.body:
        own = VolumeGeometry((1, 1, 1), scene.pose.to_ras).index_ijk(points)
        sigma = scene.psf.sigma_ijk_mm
        total += scene.background * scene.body.seen(own, float(sigma[0]), float(sigma[2]))
    return total


def ball_mean(scene: SyntheticPhantom, center_ras_mm: Point, diameter_mm: float) -> float:
    """
    Mean of the continuous blurred scene in an ideal ball.

    Parameters
    ----------
    scene : SyntheticPhantom
        The scene; voxels and noise play no part.

    center_ras_mm : tuple of float
        Center of the ball, in millimeter.

    diameter_mm : float
        Its diameter, in millimeter.

    Returns
    -------
    mean : float
        By a Gauss rule of 24 shells, 16 circles and 32 points; within 1e-6 for
        a PSF of 3 mm or more.
    """
    node, weight = np.polynomial.legendre.leggauss(24)
    radius = (node + 1) / 2
    height, height_weight = np.polynomial.legendre.leggauss(16)
    angle = np.arange(32) * (2 * np.pi / 32)
    ring = np.sqrt(1 - height**2)[:, None]
    sphere = np.stack(
        [ring * np.cos(angle), ring * np.sin(angle), height[:, None] + 0 * angle], axis=-1
    )
    points = radius[:, None, None, None] * sphere * (diameter_mm / 2) + center_ras_mm
    values = activity_at(scene, points.reshape(-1, 3)).reshape(points.shape[:-1]).mean(axis=-1)
    shell = values @ height_weight / 2
    return float(np.average(shell, weights=weight * radius**2))


def sampled_mean(
    image: PETImage, center_ras_mm: Point, diameter_mm: float, *, samples: int = 20
) -> float:
    """
    Mean of the voxels of an image in a ball, weighted by counting points.

    Every voxel that the surface may cut is filled with a lattice of points;
    its weight is the part of them inside. Obvious on purpose: a judge of
    `sphere`, with which it shares nothing.

    Parameters
    ----------
    image : PETImage
        The image.

    center_ras_mm : tuple of float
        Center of the ball, in millimeter.

    diameter_mm : float
        Its diameter, in millimeter.

    samples : int, optional
        Points along each edge of a voxel. At 20 the mean of a 10 mm sphere on
        4 mm voxels is within 0.01 % of the limit.

    Returns
    -------
    mean : float
        In the unit of the image. Voxels outside the image are left out.
    """
    geometry, radius = image.geometry, diameter_mm / 2
    half = radius * np.linalg.norm(np.linalg.inv(geometry.axes_ras_mm), axis=1) + 1
    middle = geometry.index_ijk(center_ras_mm)
    low = np.maximum(np.floor(middle - half).astype(int), 0)
    high = np.minimum(np.ceil(middle + half).astype(int) + 1, geometry.size_ijk)
    k, j, i = np.mgrid[low[2] : high[2], low[1] : high[1], low[0] : high[0]]
    offset = geometry.position_ras_mm(np.stack([i, j, k], axis=-1)) - center_ras_mm
    distance = np.linalg.norm(offset, axis=-1)
    cut = np.abs(distance - radius) <= geometry.spacing_ijk_mm.sum() / 2
    weight = np.where(distance < radius, 1.0, 0.0)
    points = _voxel_points(geometry, samples)
    for place in np.argwhere(cut):
        inside = np.sum((offset[tuple(place)][:, None] + points) ** 2, axis=0) <= radius**2
        weight[tuple(place)] = inside.mean()
    return float(np.average(image.voxels[k, j, i].astype(float), weights=weight))


def _noise_free(
    scene: SyntheticPhantom, inserts: tuple[TrueInsert, ...], progress: Progress
) -> npt.NDArray[np.float32]:
    voxels = np.zeros(scene.geometry.shape_kji)
    if scene.body:
        progress(0.0, 'filling the body')
        to_own = np.asarray(np.linalg.inv(scene.pose.to_ras), dtype=float)
        voxels += scene.background * scene.body.on_grid(scene.geometry, to_own, scene.psf)
    solids = _solids(scene, inserts)
    for number, solid in enumerate(solids):
        progress(0.3 + 0.6 * number / len(solids), 'filling the inserts')
        add_solid(voxels, solid, scene.geometry, scene.psf)
    rounding = (voxels < 0) & (voxels > -_ROUNDING * np.abs(voxels).max())
    voxels[rounding] = 0.0
    return voxels.astype(np.float32)


def _solids(scene: SyntheticPhantom, inserts: tuple[TrueInsert, ...]) -> list[Solid]:
    """What is added to the body: cold walls, fillings, the lung insert, other objects."""
    axis = scene.pose.to_ras[:3, 2]
    along = (float(axis[0]), float(axis[1]), float(axis[2]))
    solids: list[Solid] = []
    for true in inserts:
        solids.append(_filled(true, along, scene.wall_mm, -scene.background))
        solids.append(_filled(true, along, 0.0, true.activity))
    if scene.body and scene.lung_diameter_mm:
        r, a, s, _ = scene.pose.to_ras @ (0, 0, scene.body.middle_z_mm, 1)
        extra = scene.activities.lung - scene.background
        middle = (float(r), float(a), float(s))
        solids.append(Rod(middle, along, scene.lung_diameter_mm, scene.body.length_mm, extra))
    return [*(solid for solid in solids if solid.activity != 0), *scene.distractors]


def _filled(true: TrueInsert, along: Point, wall_mm: float, activity: float) -> Solid:
    insert, more = true.insert, 2 * wall_mm
    if insert.shape == 'sphere':
        return Ball(true.center_ras_mm, insert.diameter_mm + more, activity)
    height = insert.height_mm or insert.diameter_mm
    return Rod(true.center_ras_mm, along, insert.diameter_mm + more, height + more, activity)


def _on_ring(insert: Insert, phantom: Phantom) -> FloatArray:
    if phantom.ring_diameter_mm is None or insert.ring_angle_deg is None:
        msg = (
            f'the phantom {phantom.name!r} cannot be made: its file says no place for '
            f'{insert.label!r}. Give ring_diameter_mm, and ring_angle_deg for every insert.'
        )
        raise InputFileError(msg)
    angle = np.radians(insert.ring_angle_deg)
    return np.array([np.cos(angle), np.sin(angle), 0.0]) * phantom.ring_diameter_mm / 2


def _edge_gain(geometry: VolumeGeometry, factor: float) -> npt.NDArray[np.float32]:
    """Standard deviation of the noise in each slice, over that in the middle."""
    k = np.arange(geometry.shape_kji[0])
    depth = np.minimum(k, k[::-1]) * geometry.slice_spacing_mm
    return np.asarray(1 + (factor - 1) * np.exp(-depth / _EDGE_DEPTH_MM), dtype=np.float32)


def _voxel_points(geometry: VolumeGeometry, samples: int) -> FloatArray:
    """Lattice of points in a voxel, from its center, in millimeter; shape ``(3, samples**3)``."""
    fine = (np.arange(samples) + 0.5) / samples - 0.5
    lattice = np.stack(np.meshgrid(fine, fine, fine), axis=0).reshape(3, -1)
    return np.asarray(geometry.axes_ras_mm @ lattice)


def _about_r(angle_deg: float) -> FloatArray:
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def _about_s(angle_deg: float) -> FloatArray:
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
