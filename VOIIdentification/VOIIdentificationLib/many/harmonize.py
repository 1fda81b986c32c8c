"""Which Gaussian filter brings a scan into the limits of a standard: figures against width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..core.errors import InputFileError, Progress, no_progress
from ..core.geometry import FloatArray
from ..evaluate.limits import QUANTITY_NAMES, Limit, Limits, Quantity
from ..results import AnalysisResult
from .filtered_figures import SphereCurve, background_curves, sphere_curve
from .gaussian import (
    MAX_FWHM_MM,
    require_filterable,
)

STEP_MM = 0.1
"""Distance between the widths that are tried."""

MARGIN_RULE = 'distance to the nearer limit over half the distance of the limits'
"""1 in the middle of the limits, 0 on a limit, negative outside."""


class MarginCurve(NamedTuple):
    """
    One pair of limits against the width of the filter.

    Attributes
    ----------
    label : str
        Of the sphere.

    limit : Limit
        The limits.

    margin : (W,) `numpy.ndarray`
        By `MARGIN_RULE`; NaN where there is no value.
    """

    label: str
    limit: Limit
    margin: FloatArray


class Harmonization(NamedTuple):
    """
    What filters of many widths do to a scan.

    Attributes
    ----------
    standard : Limits
        What was compared with.

    widths_mm : (W,) `numpy.ndarray`
        FWHM of the filters.

    spheres : tuple of SphereCurve
        In their order.

    background : (W,) `numpy.ndarray`
        B of the A50 threshold, in Bq/mL.

    background_rule : str
        How B was taken.

    roughness_percent : (W,) `numpy.ndarray`
        Mean over the largest background ROIs of 100 SD / mean of their voxels.

    margins : tuple of MarginCurve
        One a pair of limits that the phantom has a sphere for.

    not_monotonic : dict of str to (W,) `numpy.ndarray` of bool
        For each coefficient whether it falls somewhere as the spheres grow.

    notes : tuple of str
        What must be said, in sentences.
    """

    standard: Limits
    widths_mm: FloatArray
    spheres: tuple[SphereCurve, ...]
    background: FloatArray
    background_rule: str
    roughness_percent: FloatArray
    margins: tuple[MarginCurve, ...]
    not_monotonic: dict[Quantity, npt.NDArray[np.bool_]]
    notes: tuple[str, ...]

    @property
    def least_margin(self) -> FloatArray:
        """Smallest margin at each width; NaN where a value is missing."""
        return np.asarray(np.min([one.margin for one in self.margins], axis=0))

    @property
    def passing(self) -> npt.NDArray[np.bool_]:
        """Whether all values lie within their limits at each width."""
        return self.least_margin >= 0

    @property
    def best(self) -> int | None:
        """Place of the width with the largest of the smallest margins; None without values."""
        least = self.least_margin
        return None if np.isnan(least).all() else int(np.nanargmax(least))

    def passing_ranges_mm(self) -> tuple[tuple[float, float], ...]:
        """
        Widths that pass.

        Returns
        -------
        ranges : tuple of (float, float)
            First and last width of each unbroken run.
        """
        edges = np.flatnonzero(np.diff(self.passing, prepend=False, append=False).astype(int))
        width = self.widths_mm
        return tuple(
            (float(width[first]), float(width[end - 1]))
            for first, end in zip(edges[::2], edges[1::2], strict=True)
        )


def swept_widths_mm(last_mm: float = MAX_FWHM_MM) -> FloatArray:
    """
    The widths that are tried.

    Parameters
    ----------
    last_mm : float, optional
        The widest.

    Returns
    -------
    widths : (W,) `numpy.ndarray`
        From 0 in steps of `STEP_MM`.
    """
    return np.arange(round(last_mm / STEP_MM) + 1) * round(STEP_MM * 1000) / 1000


def harmonize(
    result: AnalysisResult,
    standard: Limits,
    widths_mm: FloatArray | None = None,
    progress: Progress = no_progress,
) -> Harmonization:
    """
    Measure a scan behind Gaussian filters of many widths.

    Parameters
    ----------
    result : AnalysisResult
        The scan without filter. Centers, ROIs and activity are taken from it.

    standard : Limits
        Limits of recovery.

    widths_mm : (W,) `numpy.ndarray`, optional
        FWHM of the filters, up to `MAX_FWHM_MM`.

    progress : callable, optional
        Told how far the work is; may raise `CanceledError`.

    Returns
    -------
    found : Harmonization
        Figures against width.

    Raises
    ------
    InputFileError
        If recovery is not known, or no sphere has limits in the standard.
    GeometryError
        If the grid of the image is sheared.
    """
    widths = swept_widths_mm() if widths_mm is None else widths_mm
    reference = _reference(result)
    require_filterable(result.image.geometry)
    _require_finite_reach(result)
    progress(0.0, 'background behind filters')
    background = background_curves(result, widths)
    curves = []
    for n, sphere in enumerate(result.spheres):
        progress((n + 1) / (len(result.spheres) + 1), f'{sphere.label} behind filters')
        curves.append(sphere_curve(result, sphere, reference, widths, background))
    progress(1.0, 'filters tried')
    margins = tuple(_margins(curves, standard))
    if not margins:
        msg = f'{standard.name} has no limits for the hot spheres that were measured'
        raise InputFileError(msg)
    assert result.recovery is not None
    return Harmonization(
        standard=standard,
        widths_mm=widths,
        spheres=tuple(curves),
        background=background.level,
        background_rule=result.recovery.background_rule,
        roughness_percent=background.roughness_percent,
        margins=margins,
        not_monotonic={name: _falls(curves, name) for name in QUANTITY_NAMES},
        notes=_notes(result, standard, curves),
    )


def _reference(result: AnalysisResult) -> float:
    """True concentration of the spheres."""
    found = result.recovery
    if found is None or found.relative or not found.reference:
        why = '; '.join(found.notes) if found is not None else '; '.join(result.notes)
        msg = f'no filter can be found without recovery coefficients: {why}'
        raise InputFileError(msg)
    return found.reference


def _require_finite_reach(result: AnalysisResult) -> None:
    """A voxel that is not a number would spread into every width but 0."""
    bad = int(np.count_nonzero(~np.isfinite(result.image.voxels)))
    if bad:
        msg = (
            f'no filter can be found: {bad} of the {result.image.voxels.size} voxels are not a '
            'number, and a filter would spread them. Export the series again from its source.'
        )
        raise InputFileError(msg)


def _margins(curves: Sequence[SphereCurve], standard: Limits) -> list[MarginCurve]:
    found = []
    for curve in curves:
        for limit in standard.bands:
            if curve.hot and limit.holds_for(curve.diameter_mm):
                values, (low, high) = curve.recovery[limit.quantity], limit.band
                margin = np.minimum(values - low, high - values) / ((high - low) / 2)
                found.append(MarginCurve(curve.label, limit, margin))
    return found


def _falls(curves: Sequence[SphereCurve], quantity: Quantity) -> npt.NDArray[np.bool_]:
    hot = sorted((one for one in curves if one.hot), key=lambda one: one.diameter_mm)
    values = np.array([one.recovery[quantity] for one in hot])
    return np.asarray((np.diff(values, axis=0) < 0).any(axis=0))


def _notes(
    result: AnalysisResult, standard: Limits, curves: Sequence[SphereCurve]
) -> tuple[str, ...]:
    assert result.recovery is not None
    measured = [one.diameter_mm for one in curves if one.hot]
    missing = sorted(
        {
            limit.diameter_mm or 0.0
            for limit in standard.bands
            if not any(map(limit.holds_for, measured))
        }
    )
    lacking = ', '.join(f'{d:g} mm' for d in missing)
    doubted = [f'{one.label}: {flag.text}.' for one in curves for flag in one.flags]
    return (
        *(
            [f'{standard.name} asks for spheres that were not measured: {lacking}.']
            if missing
            else []
        ),
        *dict.fromkeys(
            f'Limits of {standard.name}: {one.note}.' for one in standard.bands if one.note
        ),
        *(note for note in result.recovery.notes if f'limits {standard.name} ' in note),
        *doubted,
        *result.notes,
    )
