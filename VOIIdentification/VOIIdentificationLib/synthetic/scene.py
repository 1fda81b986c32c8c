"""What a synthetic phantom is: where it lies, what is in it, how it is scanned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.transform import Rotation

from ..core.geometry import FloatArray, Point, VolumeGeometry
from ..core.phantom import DEFAULT_PHANTOM, Phantom, load_phantom
from .psf import PSF, Body
from .solids import Solid


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
        axis = np.radians(self.tilt_axis_deg)
        about = self.tilt_deg * np.array([np.cos(axis), np.sin(axis), 0.0])
        tilt = Rotation.from_rotvec(about, degrees=True)
        turn = tilt * Rotation.from_euler('z', self.rotation_deg, degrees=True)
        matrix = np.eye(4)
        matrix[:3, :3] = turn.as_matrix() @ np.diag([-1.0 if self.mirrored else 1.0, 1.0, 1.0])
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

    off_plane_mm : mapping of str to float
        By label, how far an insert stands off the plane of the ring, along
        the phantom's axis, in millimeter.

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
    phantom: Phantom = field(default_factory=lambda: load_phantom(DEFAULT_PHANTOM))
    pose: Pose = Pose()
    activities: Activities = Activities()
    psf: PSF = field(default_factory=PSF)
    noise: Noise = Noise()
    off_plane_mm: Mapping[str, float] = field(default_factory=dict)
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

    @property
    def noise_reference(self) -> float:
        """Activity of which the noise is a part: of the body or cylinder, else of hot inserts."""
        filled = self.body or self.phantom.cylinder
        return (self.activities.background if filled else 0.0) or self.activities.hot


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
    turn = Rotation.from_euler('xyz', oblique_deg, degrees=True).as_matrix()
    matrix = np.eye(4)
    directions = np.diag([-1.0, -1.0, -1.0 if mirrored else 1.0])
    matrix[:3, :3] = turn @ directions @ np.diag(spacing_ijk_mm)
    matrix[:3, 3] = middle_ras_mm - matrix[:3, :3] @ (np.array(shape_ijk) - 1) / 2
    return VolumeGeometry((shape_ijk[2], shape_ijk[1], shape_ijk[0]), matrix)
