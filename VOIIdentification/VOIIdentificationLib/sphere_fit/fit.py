"""Where a sphere is, by fitting its blurred image: center, signal, background and resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..core.geometry import FloatArray
from ..core.image import PETImage
from ..core.sentence import sentences
from ..measure.voi import SphereFit
from ..measure.voi_mask import Sphere
from .least_squares import FWHM_RANGE_MM, FirstFit, SecondFit, first_fit, second_fit, with_absorbed
from .model import FitBox, SphereParameters, fit_box
from .noise import estimate_noise, left_over
from .one_side import missing_part

_ = sentences(__name__)

WALL_MM = 1.0
"""Thickness of the sphere's wall, of glass or plastic without activity (IEC phantoms: 1 mm)."""

MIN_COVERAGE = 0.6
"""Part of the ball's voxels that must be in the image and finite."""

MIN_VOXELS = 8
"""One more than numbers are fitted."""

MIN_RANGE = 1e-5
"""Part of the largest value by which the values in the box must differ."""

MAX_CENTER_SD_MM = 2.0
"""A center less certain than this is no better than that of the search."""


def fit_spheres(
    image: PETImage, starts: Sequence[Sphere], *, hot: Sequence[bool] | None = None
) -> tuple[SphereFit, ...]:
    """
    Fit the blurred image of spheres of known diameter.

    Each sphere has its own center, signal, background and resolution. A first
    fit weights voxels by noise that grows with the signal. From what all
    fits leave over the noise and its correlation between voxels are estimated,
    and a second one weights with these, which is what reaches the smallest
    possible error (docs/validation.md).

    Parameters
    ----------
    image : PETImage
        The scan.

    starts : sequence of Sphere
        Where the search found them, with their known diameters. Each is left
        out of the others' voxels.

    hot : sequence of bool, optional
        False for spheres filled with less than the background. All hot if left out.

    Returns
    -------
    fits : tuple of SphereFit
        In the order of `starts`.
    """
    hot = [True] * len(starts) if hot is None else hot
    boxes = _in_one_unit(
        [
            fit_box(
                image,
                start,
                hot=hot[n],
                wall_mm=WALL_MM,
                others=[*starts[:n], *starts[n + 1 :]],
            )
            for n, start in enumerate(starts)
        ]
    )
    first = [None if _obstacle(box) else first_fit(box) for box in boxes]
    second = _second_fits(boxes, first)
    return tuple(
        _rejected(box, _obstacle(box) or _('the fit did not settle'))
        if fit is None
        else _judged(box, fit)
        for box, fit in zip(boxes, second, strict=True)
    )


def _in_one_unit(boxes: Sequence[FitBox]) -> list[FitBox]:
    """Values between -1 and 1: single precision then holds squares of any image."""
    unit = max((float(np.abs(box.values).max()) for box in boxes), default=0.0) or 1.0
    return [replace(box, values=box.values / np.float32(unit), unit=unit) for box in boxes]


def _second_fits(
    boxes: Sequence[FitBox], first: Sequence[FirstFit | None]
) -> list[SecondFit | None]:
    """Fits with one estimate of the noise from all spheres; None where the first did not settle."""
    converged = {n: fit for n, fit in enumerate(first) if fit is not None and fit.converged}
    if not converged:
        return [None] * len(boxes)
    geometry = boxes[0].geometry
    residuals = {
        n: left_over(boxes[n].values - fit.model, fit.model, boxes[n].use, geometry)
        for n, fit in converged.items()
    }
    shown = estimate_noise(list(residuals.values()), geometry)
    complete = [
        with_absorbed(residual, boxes[n], converged[n], shown) for n, residual in residuals.items()
    ]
    noise = estimate_noise(complete, geometry)
    return [
        second_fit(box, converged[n], noise) if n in converged else None
        for n, box in enumerate(boxes)
    ]


def most_shift_mm(diameter_mm: float) -> float:
    """
    How far a fit may move a center before it counts as a runaway.

    Parameters
    ----------
    diameter_mm : float
        Inner diameter of the sphere.

    Returns
    -------
    shift_mm : float
        Half a radius, but 4 mm at least: a large voxel.
    """
    return max(diameter_mm / 4, 4.0)


def _judged(box: FitBox, fit: SecondFit) -> SphereFit:
    """The fit with its uncertainties, or why it must not replace the search."""
    p = fit.parameters
    center_sd = np.sqrt(np.maximum(np.diag(fit.covariance)[:3], 0.0))
    reason = _doubt(box, p, center_sd)
    if reason:
        return _rejected(box, reason)
    r, a, s = center_sd.tolist()
    return SphereFit(
        label=box.start.label,
        accepted=True,
        reason='',
        center_ras_mm=p.center_ras_mm,
        center_sd_ras_mm=(r, a, s),
        signal=p.signal * box.unit,
        background=p.background * box.unit,
        fwhm_in_plane_mm=_within_range(p.fwhm_in_plane_mm),
        fwhm_axial_mm=_within_range(p.fwhm_axial_mm),
        mean_sd=fit.mean_sd * box.unit,
        detectability=abs(p.signal - p.background) * float(np.sqrt(fit.signal_information)),
        missing_part=missing_part(box, fit.residual, p) if box.hot else 0.0,
    )


def _doubt(box: FitBox, p: SphereParameters, center_sd_ras_mm: FloatArray) -> str:
    """Why this fit must not replace the search; empty if it may."""
    shift = float(np.linalg.norm(np.subtract(p.center_ras_mm, box.start.center_ras_mm)))
    longest = most_shift_mm(box.start.diameter_mm)
    if (p.signal > p.background) != box.hot:
        kind = _('hot') if box.hot else _('cold')
        other = _('colder') if box.hot else _('hotter')
        return _('it should be {kind}, but the fit finds it {other} than its background').format(
            kind=kind, other=other
        )
    if shift > longest:
        return _('the fit ran {shift:.1f} mm away; {longest:.1f} mm are allowed').format(
            shift=shift, longest=longest
        )
    if not float(center_sd_ras_mm.max()) <= MAX_CENTER_SD_MM:
        return _(
            'noise leaves the fitted center uncertain by {sd:.1f} mm; {most:g} mm are allowed'
        ).format(sd=center_sd_ras_mm.max(), most=MAX_CENTER_SD_MM)
    return ''


def _within_range(fwhm_mm: float) -> float | None:
    low, high = FWHM_RANGE_MM
    return fwhm_mm if 1.01 * low < fwhm_mm < 0.99 * high else None


def _obstacle(box: FitBox) -> str:
    """Why there can be no fit at all; empty if there can."""
    if box.coverage < MIN_COVERAGE:
        return _(
            'only {coverage:.0f} % of the sphere is in the image, finite and free of other '
            'spheres; {least:.0f} % are needed'
        ).format(coverage=100 * box.coverage, least=100 * MIN_COVERAGE)
    values = box.values[box.use]
    if values.size < MIN_VOXELS:
        return _('only {count} voxels show it and its surroundings; {least} are needed').format(
            count=values.size, least=MIN_VOXELS
        )
    if float(np.ptp(values)) <= MIN_RANGE * float(np.abs(values).max()):
        return _('the image has the same value everywhere around it')
    return ''


def _rejected(box: FitBox, reason: str) -> SphereFit:
    start = box.start
    return SphereFit(start.label, accepted=False, reason=reason, center_ras_mm=start.center_ras_mm)
