"""What the model fit, and the spheres as one ring, say of each sphere: how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from ...core.sentence import sentences
from ...locate.ring import RingPose
from ...measure.voi import SphereFit, VOIResult
from ...results import AnalysisResult
from ..table import VALUE_UNIT, Cell, Measure
from .subject import Pair, Subject, point_pairs

_ = sentences(__name__)

_DEFINITIONS: tuple[Pair, ...] = (
    (
        'Model fit',
        (
            'a ball of the inner diameter with a cold wall, blurred by a Gaussian and by the '
            'voxels, on an even background; free are center, signal, background and the two '
            'widths'
        ),
    ),
    (
        'Uncertainty',
        (
            'standard uncertainties (68 %), from what the fit left over with its correlation '
            'between neighboring voxels'
        ),
    ),
)

_DECIMALS = 3
"""Of uncertainties in millimeter, which are hundredths."""


def _of_fit(value: Callable[[SphereFit], Cell]) -> Callable[[VOIResult], Cell]:
    """Empty where there was no fit."""
    return lambda voi: None if voi.fit is None else value(voi.fit)


def _fit_text(fit: SphereFit) -> str:
    return _('accepted') if fit.accepted else _('not accepted: {reason}').format(reason=fit.reason)


def _center_sd(axis: int, name: str) -> Measure[VOIResult]:
    return Measure(
        f'center_sd_{name.lower()}_mm',
        _('u({name}), k = 1').format(name=name),
        'mm',
        _(
            'Standard uncertainty (68 %) of the center along {name}, from what the fit left '
            'over and how neighboring voxels of it go together.'
        ).format(name=name),
        _of_fit(lambda fit: fit.center_sd_ras_mm and fit.center_sd_ras_mm[axis]),
        decimals=_DECIMALS,
        optional=True,
    )


MEAN_SD: Measure[VOIResult] = Measure(
    'mean_sd',
    _('u(Mean), k = 1'),
    VALUE_UNIT,
    _('Standard uncertainty (68 %) of the mean, by the noise in the image alone.'),
    _of_fit(lambda fit: fit.mean_sd),
    optional=True,
)
CENTER_SD = [_center_sd(axis, name) for axis, name in enumerate('RAS')]
DEVIATION: Measure[VOIResult] = Measure(
    'deviation_mm',
    _('Deviation'),
    'mm',
    _(
        'Distance of the center from the place that the other spheres give it as one body. '
        'It is shown, never forced to be small.'
    ),
    lambda voi: voi.deviation_mm,
    decimals=2,
    optional=True,
)
FIT_COLUMNS: list[Measure[VOIResult]] = [
    Measure(
        'fwhm_in_plane_mm',
        _('FWHM in plane'),
        'mm',
        _(
            'Resolution within the slice that fits this sphere: full width at half maximum of a '
            'Gaussian, without the blur by the voxels.'
        ),
        _of_fit(lambda fit: fit.fwhm_in_plane_mm),
        decimals=2,
        optional=True,
    ),
    Measure(
        'fwhm_axial_mm',
        _('FWHM axial'),
        'mm',
        _('The same across the slices.'),
        _of_fit(lambda fit: fit.fwhm_axial_mm),
        decimals=2,
        optional=True,
    ),
    Measure(
        'fitted_signal',
        _('Fitted signal'),
        VALUE_UNIT,
        _('Value of the ball of the fit, freed from the blur.'),
        _of_fit(lambda fit: fit.signal),
        optional=True,
    ),
    Measure(
        'fitted_background',
        _('Fitted background'),
        VALUE_UNIT,
        _('Value around the wall of the ball of the fit, freed from the blur.'),
        _of_fit(lambda fit: fit.background),
        optional=True,
    ),
    Measure(
        'fit',
        _('Model fit'),
        '',
        _('Whether the fit was accepted, and why not.'),
        _of_fit(_fit_text),
        optional=True,
    ),
]


def fit_json(fit: SphereFit | None) -> dict[str, Any] | None:
    """
    The fit of one sphere for programs.

    Parameters
    ----------
    fit : SphereFit or None
        What the fit found.

    Returns
    -------
    data : dict or None
        Every attribute by its name, without the label.
    """
    if fit is None:
        return None
    return {key: value for key, value in asdict(fit).items() if key != 'label'}


def _definitions(result: AnalysisResult) -> tuple[Pair, ...]:
    return _DEFINITIONS if any(voi.fit is not None for voi in result.spheres) else ()


def _sections(result: AnalysisResult) -> dict[str, list[Pair]]:
    return {} if result.pose is None else {'Body': _pose_pairs(result.pose)}


def _pose_pairs(pose: RingPose) -> list[Pair]:
    return [
        ('Ring radius [mm]', pose.radius_mm),
        ('Ring radius SD [mm]', pose.radius_sd_mm),
        *point_pairs('Ring center', pose.center_ras_mm),
        ('Rotation [deg]', pose.rotation_deg),
        ('Tilt [deg]', pose.tilt_deg),
        ('Sense', 'mirrored' if pose.mirrored else 'not mirrored'),
        *((f'Deviation {label} [mm]', value) for label, value in pose.deviations_mm),
    ]


def _json(result: AnalysisResult) -> dict[str, Any]:
    pose = result.pose
    if pose is None:
        return {'pose': None}
    return {'pose': {**asdict(pose), 'deviations_mm': dict(pose.deviations_mm)}}


FIT = Subject('fit', definitions=_definitions, sections=_sections, json=_json)
