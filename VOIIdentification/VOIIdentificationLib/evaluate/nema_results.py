"""What the evaluation after NEMA NU 2 finds: facts that `nema` fills and others show."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.flags import Flag
from ..core.geometry import FloatArray

Point = tuple[float, float, float]


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
class LungInsert:
    """
    The cold insert on the axis of the ring.

    Attributes
    ----------
    center_ras_mm : tuple of float
        Where it crosses the central slice, in millimeter.

    diameter_mm : float
        Its outer diameter, in millimeter.

    found : bool
        False if it was assumed on the axis of the ring.
    """

    center_ras_mm: Point
    diameter_mm: float
    found: bool


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


@dataclass(frozen=True, eq=False)
class BackgroundLevel:
    """
    The background ROIs of one diameter.

    Attributes
    ----------
    diameter_mm : float
        Diameter of the ROIs, in millimeter.

    roi_means : (S, N) `numpy.ndarray` of float
        Mean of each ROI: a row a slice, a column a position.

    mean : float or None
        C_B, the mean of all ROI means, in the image's unit.

    sd : float or None
        S, their standard deviation with K - 1.

    variability_percent : float or None
        N = 100 S / C_B, background variability.

    image_roughness_percent : float or None
        Mean over the ROIs of 100 · SD / mean of their voxels. Not N.
    """

    diameter_mm: float
    roi_means: FloatArray
    mean: float | None
    sd: float | None
    variability_percent: float | None
    image_roughness_percent: float | None


@dataclass(frozen=True)
class SphereContrast:
    """
    Contrast of one sphere.

    Attributes
    ----------
    label : str
        Of the sphere.

    diameter_mm : float
        Inner diameter, and diameter of its ROI.

    hot : bool
        Whether `contrast_percent` is Q_H or Q_C.

    slice_offset_mm : float
        From the middle of the common slice to the sphere's center.

    roi_mean : float or None
        C_H or C_C: mean in the circle on the common slice (2-D).

    voi_mean : float or None
        Mean in the sphere (3-D); not NEMA's.

    background_mean : float or None
        C_B of ROIs of the same diameter.

    contrast_percent : float or None
        Q_H or Q_C after NEMA (2-D); None without a true ratio.

    contrast_sd_percent : float or None
        Standard uncertainty of Q_H from the fill, in percent points.

    voi_contrast_percent : float or None
        The same formula with the mean of the sphere (3-D); not NEMA's.

    variability_percent : float or None
        Background variability N of this diameter.

    flags : tuple of Flag
        Reasons for doubt.
    """

    label: str
    diameter_mm: float
    hot: bool
    slice_offset_mm: float
    roi_mean: float | None
    voi_mean: float | None
    background_mean: float | None
    contrast_percent: float | None
    contrast_sd_percent: float | None
    voi_contrast_percent: float | None
    variability_percent: float | None
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, eq=False)
class LungResidual:
    """
    Accuracy of corrections: what is left in the lung insert.

    Attributes
    ----------
    slices_k : tuple of int
        Slices that were measured.

    roi_means : (S,) `numpy.ndarray` of float
        Mean in the 30 mm circle, in the image's unit.

    error_percent : (S,) `numpy.ndarray` of float
        100 · C_lung / C_B with the mean of all 37 mm ROIs.

    same_slice_error_percent : (S,) `numpy.ndarray` of float
        The same with the 37 mm ROIs of the slice itself.

    mean_error_percent, mean_same_slice_error_percent : float or None
        Means over the slices.
    """

    slices_k: tuple[int, ...]
    roi_means: FloatArray
    error_percent: FloatArray
    same_slice_error_percent: FloatArray
    mean_error_percent: float | None
    mean_same_slice_error_percent: float | None


@dataclass(frozen=True)
class NEMAResult:
    """
    Image quality after NEMA NU 2.

    Attributes
    ----------
    placement : BackgroundPlacement
        Where the background was measured.

    background : tuple of BackgroundLevel
        One a diameter of the spheres, and the largest ROI; largest first.

    spheres : tuple of SphereContrast
        In the order of the spheres.

    lung : LungResidual or None
        None for a phantom without lung insert.

    true_ratio : float or None
        a_H / a_B that the contrast was computed with.

    flags : tuple of Flag
        Doubts about the evaluation as a whole.

    notes : tuple of str
        What was decided, in words.
    """

    placement: BackgroundPlacement
    background: tuple[BackgroundLevel, ...]
    spheres: tuple[SphereContrast, ...]
    lung: LungResidual | None
    true_ratio: float | None
    flags: tuple[Flag, ...] = ()
    notes: tuple[str, ...] = ()
