"""What the model fit and the body of spheres found: facts that results carry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.geometry import FloatArray


@dataclass(frozen=True, eq=False)
class SphereFit:
    """
    What the fit of one sphere found. None where it was not accepted.

    Attributes
    ----------
    label : str
        Name of the sphere.

    accepted : bool
        Whether the fit may replace the search.

    reason : str
        Why it was not accepted; empty if it was.

    center_ras_mm : tuple of float
        Fitted center, in millimeter; the start if the fit was not accepted.

    center_sd_ras_mm : tuple of float or None
        Standard uncertainty (68 %) of the center along R, A and S, in millimeter.

    signal, background : float or None
        Value of the ball and around its wall, freed from the blur.

    fwhm_in_plane_mm, fwhm_axial_mm : float or None
        Resolution within the slice and along its normal, without the blur by
        the voxels; None also where it ran to the end of its range.

    mean_sd : float or None
        Standard uncertainty of the mean in the sphere's VOI, in the image's unit.

    detectability : float or None
        Signal minus background over its uncertainty if only that were unknown.
    """

    label: str
    accepted: bool
    reason: str
    center_ras_mm: tuple[float, float, float]
    center_sd_ras_mm: tuple[float, float, float] | None = None
    signal: float | None = None
    background: float | None = None
    fwhm_in_plane_mm: float | None = None
    fwhm_axial_mm: float | None = None
    mean_sd: float | None = None
    detectability: float | None = None


@dataclass(frozen=True, eq=False)
class BodyPose:
    """
    The ring of spheres as one body.

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
    """

    center_ras_mm: tuple[float, float, float]
    radius_mm: float
    toward_0_ras: tuple[float, float, float]
    toward_90_ras: tuple[float, float, float]
    rotation_deg: float
    tilt_deg: float
    mirrored: bool
    deviations_mm: tuple[tuple[str, float], ...] = ()

    def place_ras_mm(self, ring_angle_deg: float) -> FloatArray:
        """
        Where the body has a sphere.

        Parameters
        ----------
        ring_angle_deg : float
            Its angle on the ring, in degrees.

        Returns
        -------
        position_ras_mm : (3,) `numpy.ndarray` of float
            Position ``(r, a, s)``, in millimeter.
        """
        angle = np.radians(ring_angle_deg)
        outward = np.cos(angle) * np.array(self.toward_0_ras)
        outward += np.sin(angle) * np.array(self.toward_90_ras)
        return np.asarray(np.array(self.center_ras_mm) + self.radius_mm * outward)

    @property
    def normal_ras(self) -> FloatArray:
        """Unit vector along the ring's axis; ring angles grow counterclockwise around it."""
        return np.asarray(np.cross(self.toward_0_ras, self.toward_90_ras))
