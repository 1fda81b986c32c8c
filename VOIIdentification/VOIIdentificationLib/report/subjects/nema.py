"""Columns of image quality after NEMA NU 2: contrast, background, lung."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ...evaluate.background import BackgroundLevel
from ...evaluate.nema import SphereContrast
from ...evaluate.roi_placement import BackgroundROI
from ..table import VALUE_UNIT, Cell, Measure

_PERCENT_DECIMALS = 2
_MM_DECIMALS = 2

UNKNOWN_RATIO = 'the true ratio is unknown: no percent contrast'
"""Stands where a hot sphere has no contrast."""


def _contrast_remark(sphere: SphereContrast) -> str:
    if sphere.contrast_percent is not None:
        return ''
    if sphere.hot and sphere.roi_mean is not None and (sphere.background_mean or 0) > 0:
        return UNKNOWN_RATIO
    return 'no percent contrast: sphere or background could not be measured'


CONTRAST_COLUMNS: list[Measure[SphereContrast]] = [
    Measure('label', 'Sphere', '', 'Label of the insert.', lambda sphere: sphere.label),
    Measure(
        'diameter_mm',
        'Diameter',
        'mm',
        'Inner diameter of the sphere, and diameter of its ROI.',
        lambda sphere: sphere.diameter_mm,
        decimals=1,
    ),
    Measure(
        'filling',
        'Filling',
        '',
        'hot or cold: whether the contrast is Q_H or Q_C.',
        lambda sphere: 'hot' if sphere.hot else 'cold',
    ),
    Measure(
        'contrast_percent',
        'Contrast Q 2-D',
        '%',
        'Percent contrast after NEMA NU 2, in circles on the common slice: '
        'Q_H = 100 (C_H / C_B - 1) / (a_H / a_B - 1) of a hot sphere, '
        'Q_C = 100 (1 - C_C / C_B) of a cold one. Empty for hot ones if the activity is unknown.',
        lambda sphere: sphere.contrast_percent,
        decimals=_PERCENT_DECIMALS,
    ),
    Measure(
        'contrast_sd_percent',
        'SD of contrast Q',
        '%',
        'Standard uncertainty of Q_H that the fill gives it, in percent points.',
        lambda sphere: sphere.contrast_sd_percent,
        decimals=_PERCENT_DECIMALS,
        optional=True,
    ),
    Measure(
        'variability_percent',
        'Variability N',
        '%',
        'Background variability N of ROIs of the same diameter: 100 S / C_B, with S the standard '
        'deviation of the ROI means. Not the scatter of voxels.',
        lambda sphere: sphere.variability_percent,
        decimals=_PERCENT_DECIMALS,
    ),
    Measure(
        'roi_mean',
        'Mean 2-D',
        VALUE_UNIT,
        'C_H or C_C: mean in the circle of the inner diameter on the common slice, each pixel '
        'weighted by the part inside.',
        lambda sphere: sphere.roi_mean,
    ),
    Measure(
        'background_mean',
        'Background C_B',
        VALUE_UNIT,
        'Mean of all background ROIs of the same diameter.',
        lambda sphere: sphere.background_mean,
    ),
    Measure(
        'slice_offset_mm',
        'Slice offset',
        'mm',
        "From the middle of the common slice to the sphere's center, positive towards higher k.",
        lambda sphere: sphere.slice_offset_mm,
        decimals=_MM_DECIMALS,
    ),
    Measure(
        'voi_contrast_percent',
        'Contrast 3-D',
        '%',
        "The formula of Q with the mean in the whole sphere. Not NEMA's.",
        lambda sphere: sphere.voi_contrast_percent,
        decimals=_PERCENT_DECIMALS,
    ),
    Measure(
        'voi_mean',
        'Mean 3-D',
        VALUE_UNIT,
        "Mean in the whole sphere. Not NEMA's.",
        lambda sphere: sphere.voi_mean,
    ),
    Measure(
        'remark',
        'Remark',
        '',
        'Why a value of this line is not known; empty if all are.',
        _contrast_remark,
        optional=True,
    ),
    Measure(
        'flags',
        'Flags',
        '',
        'Reasons to doubt the values of this line; empty if there are none.',
        lambda sphere: '; '.join(flag.text for flag in sphere.flags),
    ),
]

LEVEL_COLUMNS: list[Measure[BackgroundLevel]] = [
    Measure(
        'diameter_mm',
        'Diameter',
        'mm',
        'Of the background ROIs; smaller ones are concentric with the 37 mm ones.',
        lambda level: level.diameter_mm,
        decimals=1,
    ),
    Measure(
        'roi_count',
        'Nr ROIs',
        '',
        'K: number of ROI means; 60 if twelve ROIs on five slices could be measured.',
        lambda level: int(sum(math.isfinite(mean) for mean in level.roi_means.ravel())),
    ),
    Measure(
        'background_mean',
        'Background C_B',
        VALUE_UNIT,
        'Mean of the K ROI means.',
        lambda level: level.mean,
    ),
    Measure(
        'roi_sd',
        'SD of ROI means S',
        VALUE_UNIT,
        'Standard deviation of the K ROI means, with K - 1.',
        lambda level: level.sd,
    ),
    Measure(
        'variability_percent',
        'Variability N',
        '%',
        'Background variability after NEMA NU 2: N = 100 S / C_B.',
        lambda level: level.variability_percent,
        decimals=_PERCENT_DECIMALS,
    ),
    Measure(
        'image_roughness_percent',
        'Image roughness',
        '%',
        'Mean over the ROIs of 100 SD / mean of their voxels. Not N.',
        lambda level: level.image_roughness_percent,
        decimals=_PERCENT_DECIMALS,
    ),
]


def _distance(key: str, title: str, description: str) -> Measure[BackgroundROI]:
    return Measure(
        key,
        title,
        'mm',
        f'From the circle of 37 mm to {description}; negative where it overlaps.',
        lambda roi: _finite(getattr(roi, key)),
        decimals=_MM_DECIMALS,
    )


def _finite(value: float) -> float | None:
    """None for the distance to something that is not there."""
    return value if math.isfinite(value) else None


def _roi_point(axis: int, name: str) -> Measure[BackgroundROI]:
    return Measure(
        f'center_{name.lower()}_mm',
        f'Center {name}',
        'mm',
        f'{name} of the center of the ROI on the central slice (RAS).',
        lambda roi: roi.center_ras_mm[axis],
        decimals=_MM_DECIMALS,
    )


ROI_COLUMNS: list[Measure[BackgroundROI]] = [
    Measure('name', 'ROI', '', 'Name of the background ROI.', lambda roi: roi.name),
    _roi_point(0, 'R'),
    _roi_point(1, 'A'),
    _roi_point(2, 'S'),
    _distance('edge_distance_mm', 'To edge', "the phantom's edge (rule: 15 mm or more)"),
    _distance('sphere_distance_mm', 'To sphere', 'the nearest sphere (rule: 15 mm or more)'),
    _distance('lung_distance_mm', 'To lung', 'the lung insert (rule: 0 mm or more)'),
    _distance('neighbor_distance_mm', 'To neighbor', 'the nearest other ROI (rule: 0 mm or more)'),
    Measure(
        'flags',
        'Flags',
        '',
        'Rules that this ROI does not keep; empty if it keeps all.',
        lambda roi: '; '.join(flag.text for flag in roi.flags),
    ),
]


@dataclass(frozen=True)
class ROILine:
    """
    One background position on one slice.

    Attributes
    ----------
    name : str
        Of the ROI.

    slice_k : int
        Index of the slice.

    means : tuple of float
        Mean of the concentric ROIs there, one a diameter; NaN where there is none.
    """

    name: str
    slice_k: int
    means: tuple[float, ...]


def roi_mean_columns(diameters_mm: tuple[float, ...]) -> list[Measure[ROILine]]:
    """
    Columns of the means of all background ROIs.

    Parameters
    ----------
    diameters_mm : tuple of float
        Diameters of the concentric ROIs, in the order of `ROILine.means`.

    Returns
    -------
    columns : list of Measure
        One column a diameter.
    """
    return [
        Measure('name', 'ROI', '', 'Name of the background ROI.', lambda line: line.name),
        Measure(
            'slice_k',
            'Slice NR',
            '',
            'Index k of the slice, counted from 0 as in numpy and in the IJK of Slicer.',
            lambda line: line.slice_k,
        ),
        *(
            Measure(
                f'mean_{diameter:g}_mm'.replace('.', '_'),
                f'Mean {diameter:g} mm',
                VALUE_UNIT,
                f'Mean in the ROI of {diameter:g} mm, each pixel weighted by the part inside.',
                _mean_of(n),
            )
            for n, diameter in enumerate(diameters_mm)
        ),
    ]


def _mean_of(n: int) -> Callable[[ROILine], Cell]:
    return lambda line: line.means[n]


@dataclass(frozen=True)
class LungLine:
    """
    The lung insert on one slice.

    Attributes
    ----------
    slice_k : int
        Index of the slice.

    roi_mean : float
        Mean in the 30 mm circle.

    error_percent, same_slice_error_percent : float
        As in `LungResidual`.
    """

    slice_k: int
    roi_mean: float
    error_percent: float
    same_slice_error_percent: float


LUNG_COLUMNS: list[Measure[LungLine]] = [
    Measure(
        'slice_k',
        'Slice NR',
        '',
        'Index k of the slice, counted from 0 as in numpy and in the IJK of Slicer.',
        lambda line: line.slice_k,
    ),
    Measure(
        'roi_mean',
        'Mean in lung',
        VALUE_UNIT,
        'Mean in a circle of 30 mm on the lung insert.',
        lambda line: line.roi_mean,
    ),
    Measure(
        'error_percent',
        'Residual',
        '%',
        'Residual error after NEMA NU 2: 100 C_lung / C_B with the mean C_B of the 37 mm '
        'background ROIs of all their slices.',
        lambda line: line.error_percent,
        decimals=_PERCENT_DECIMALS,
    ),
    Measure(
        'same_slice_error_percent',
        'Residual by same slice',
        '%',
        'The same with the mean of the 37 mm ROIs on this slice alone: the other convention.',
        lambda line: line.same_slice_error_percent,
        decimals=_PERCENT_DECIMALS,
    ),
]
