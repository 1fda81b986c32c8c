"""Columns of what the model fit and the body of spheres say of each sphere."""

from __future__ import annotations

from collections.abc import Callable

from ...measure.voi import SphereFit, VOIResult
from ..table import VALUE_UNIT, Cell, Measure

_DECIMALS = 3
"""Of uncertainties in millimeter, which are hundredths."""


def _of_fit(value: Callable[[SphereFit], Cell]) -> Callable[[VOIResult], Cell]:
    """Empty where there was no fit."""
    return lambda voi: None if voi.fit is None else value(voi.fit)


def _fit_text(fit: SphereFit) -> str:
    return 'accepted' if fit.accepted else f'not accepted: {fit.reason}'


def _center_sd(axis: int, name: str) -> Measure[VOIResult]:
    return Measure(
        f'center_sd_{name.lower()}_mm',
        f'Center SD {name}',
        'mm',
        f'Standard uncertainty (68 %) of the center along {name}, from what the fit left over '
        'and how neighboring voxels of it go together.',
        _of_fit(lambda fit: fit.center_sd_ras_mm and fit.center_sd_ras_mm[axis]),
        decimals=_DECIMALS,
        optional=True,
    )


MEAN_SD: Measure[VOIResult] = Measure(
    'mean_sd',
    'SD of the mean',
    VALUE_UNIT,
    'Standard uncertainty (68 %) of the mean, by the noise in the image alone.',
    _of_fit(lambda fit: fit.mean_sd),
    optional=True,
)
CENTER_SD = [_center_sd(axis, name) for axis, name in enumerate('RAS')]
DEVIATION: Measure[VOIResult] = Measure(
    'deviation_mm',
    'Deviation',
    'mm',
    'Distance of the center from the place that the other spheres give it as one body. '
    'It is shown, never forced to be small.',
    lambda voi: voi.deviation_mm,
    decimals=2,
    optional=True,
)
FIT_COLUMNS: list[Measure[VOIResult]] = [
    Measure(
        'fwhm_in_plane_mm',
        'FWHM in plane',
        'mm',
        'Resolution within the slice that fits this sphere: full width at half maximum of a '
        'Gaussian, without the blur by the voxels.',
        _of_fit(lambda fit: fit.fwhm_in_plane_mm),
        decimals=2,
        optional=True,
    ),
    Measure(
        'fwhm_axial_mm',
        'FWHM axial',
        'mm',
        'The same across the slices.',
        _of_fit(lambda fit: fit.fwhm_axial_mm),
        decimals=2,
        optional=True,
    ),
    Measure(
        'fitted_signal',
        'Fitted signal',
        VALUE_UNIT,
        'Value of the ball of the fit, freed from the blur.',
        _of_fit(lambda fit: fit.signal),
        optional=True,
    ),
    Measure(
        'fitted_background',
        'Fitted background',
        VALUE_UNIT,
        'Value around the wall of the ball of the fit, freed from the blur.',
        _of_fit(lambda fit: fit.background),
        optional=True,
    ),
    Measure(
        'fit',
        'Model fit',
        '',
        'Whether the fit was accepted, and why not.',
        _of_fit(_fit_text),
        optional=True,
    ),
]
