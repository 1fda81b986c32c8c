"""What is judged, compared and handed on of an analysis: where ``results.json`` keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..core.plain_text import shown
from ..core.sentence import sentences

_ = sentences(__name__)

IMAGE_UNIT = 'image'
"""Stands for the unit of the image, which differs from scan to scan."""

RELATIVE = 'relative_'
"""Begins the keys of quantities that stand instead of recovery where the activity is unknown."""

_PERCENT = 100.0


@dataclass(frozen=True)
class Quantity:
    """
    One measured quantity.

    Attributes
    ----------
    key : str
        Its key in ``results.json``.

    title : str
        For people, as the standards and the workbooks write it.

    unit : str
        Unit; empty for a ratio, `IMAGE_UNIT` for that of the image.

    part : str
        Part of the results: ``'spheres'``, ``'nema'`` or ``'recovery'`` for a
        value of every sphere, ``'scan'`` for one of the whole scan, and
        ``'cylinder'`` for one of a uniform cylinder.

    is_error : bool
        Whether it is good near 0, on both sides: a difference or SD of it is
        then never told as a part of it.
    """

    key: str
    title: str
    unit: str
    part: str
    is_error: bool = False

    @property
    def can_be_limited(self) -> bool:
        """Whether a limit means the same for every scan: not in the image's unit, not relative."""
        return self.unit != IMAGE_UNIT and not self.key.startswith(RELATIVE)


QUANTITIES = (
    Quantity('contrast_percent', _('Q_j 2-D'), '%', 'nema'),
    Quantity('variability_percent', _('N_j'), '%', 'nema'),
    Quantity('rc_max', _('RCmax'), '', 'recovery'),
    Quantity('rc_mean', _('RCmean (A50)'), '', 'recovery'),
    Quantity('rc_peak', _('RCpeak'), '', 'recovery'),
    Quantity('relative_max', _('Relative max'), '', 'recovery'),
    Quantity('relative_mean', _('Relative A50 mean'), '', 'recovery'),
    Quantity('relative_peak', _('Relative peak'), '', 'recovery'),
    Quantity('mean', _('Mean'), IMAGE_UNIT, 'spheres'),
    Quantity('max', _('Max'), IMAGE_UNIT, 'spheres'),
    Quantity('peak', _('Peak'), IMAGE_UNIT, 'spheres'),
    Quantity('background_mean', _('Background C_B'), IMAGE_UNIT, 'scan'),
    Quantity('lung_error_percent', _('Lung residual'), '%', 'scan', is_error=True),
    Quantity('calibration_error_percent', _('Calibration error'), '%', 'scan', is_error=True),
    Quantity('cov_percent', _('Background COV'), '%', 'scan'),
    Quantity('detectability', _('Q_H,10 / N_10'), '', 'scan'),
    Quantity('bias_percent', _('Calibration bias'), '%', 'cylinder', is_error=True),
    Quantity('cylinder_cov_percent', _('COV of the cylinder'), '%', 'cylinder'),
    Quantity('cylinder_suv_mean', _('SUV mean of the cylinder'), 'g/mL', 'cylinder'),
)
"""In the order in which they are shown. A new quantity is one line here."""

QUANTITY_OF = {quantity.key: quantity for quantity in QUANTITIES}
"""Each quantity by its key."""


@dataclass(frozen=True)
class Value:
    """
    One value of one scan.

    Attributes
    ----------
    quantity : str
        Key of the quantity.

    label : str
        Of the sphere; empty for a value of the whole scan.

    diameter_mm : float or None
        Of the sphere.

    value : float
        In `unit`.

    unit : str
        Empty for a ratio.

    noise_sd : float or None
        Standard uncertainty by the noise of the image; None where it is not known.

    fill_sd : float or None
        Standard uncertainty that the fill gives; None where it is not known.

    flags : tuple of str
        Reasons to doubt the value, by their stable names.
    """

    quantity: str
    label: str
    diameter_mm: float | None
    value: float
    unit: str
    noise_sd: float | None = None
    fill_sd: float | None = None
    flags: tuple[str, ...] = ()


def values_of_results(results: dict[str, Any]) -> tuple[Value, ...]:
    """
    Every value of an analysis that is followed.

    Parameters
    ----------
    results : dict
        The content of a ``results.json``.

    Returns
    -------
    values : tuple of Value
        In the order of `QUANTITIES`, then of the spheres. What is null in the
        results is left out.
    """
    unit = str((results.get('input') or {}).get('unit') or '')
    return tuple(
        value
        for quantity in QUANTITIES
        for value in _values(results, quantity, quantity.unit.replace(IMAGE_UNIT, unit))
    )


def _values(results: dict[str, Any], quantity: Quantity, unit: str) -> Iterator[Value]:
    if quantity.part == 'cylinder':
        yield from _cylinder_values(results.get('cylinder') or {}, quantity, unit)
        return
    if quantity.part == 'scan':
        number = _scan_value(results, quantity.key)
        if number is not None:
            flags, fill = _scan_flags(results), _calibration_sd(results, quantity.key)
            yield Value(quantity.key, '', None, number, unit, fill_sd=fill, flags=flags)
        return
    for sphere in _spheres(results, quantity.part):
        number = _number(sphere.get(quantity.key))
        if number is not None:
            yield Value(
                quantity.key,
                str(sphere.get('label', '')),
                _number(sphere.get('diameter_mm')),
                number,
                unit,
                _noise_sd(sphere, quantity.key),
                _fill_sd(sphere, quantity.key, number),
                _flags(sphere),
            )


def _cylinder_values(found: dict[str, Any], quantity: Quantity, unit: str) -> Iterator[Value]:
    number = _number(found.get(quantity.key.removeprefix('cylinder_')))
    if number is None:
        return
    noise = fill = None
    if quantity.key == 'bias_percent':
        noise = _number(found.get('bias_noise_sd_percent'))
        part = _number(found.get('fill_sd_percent'))
        fill = None if part is None else part * (1.0 + number / _PERCENT)
    flags = _flags(found)
    yield Value(quantity.key, '', None, number, unit, noise, fill, flags)


def _spheres(results: dict[str, Any], part: str) -> list[dict[str, Any]]:
    if part == 'spheres':
        return results.get('spheres') or []
    return (results.get(part) or {}).get('spheres') or []


def _scan_value(results: dict[str, Any], key: str) -> float | None:
    """C_B is that of the largest ROIs, as the lung residual and recovery take it."""
    nema = results.get('nema') or {}
    if key in _ELSEWHERE:
        part, name = _ELSEWHERE[key]
        return _number((results.get(part) or {}).get(name))
    if key == 'lung_error_percent':
        return _number((nema.get('lung') or {}).get('mean_error_percent'))
    levels = nema.get('background') or []
    if not levels:
        return None
    largest = max(levels, key=lambda level: level.get('diameter_mm') or 0.0)
    return _number(largest.get('mean'))


_ELSEWHERE = {
    'calibration_error_percent': ('calibration', 'error_percent'),
    'cov_percent': ('noise', 'cov_percent'),
    'detectability': ('noise', 'detectability'),
}
"""Part of the results, and key there, of values of the whole scan."""


def _calibration_sd(results: dict[str, Any], key: str) -> float | None:
    """That of the fill, with the noise of the ROIs."""
    calibration = results.get('calibration') or {}
    known = key == 'calibration_error_percent'
    return _number(calibration.get('sd_percent')) if known else None


def _scan_flags(results: dict[str, Any]) -> tuple[str, ...]:
    placement = (results.get('nema') or {}).get('placement') or {}
    return _flags(placement)


def _noise_sd(sphere: dict[str, Any], key: str) -> float | None:
    """Only the mean of a sphere carries the noise of one scan: the fit gives it."""
    return _number((sphere.get('fit') or {}).get('mean_sd')) if key == 'mean' else None


def _fill_sd(sphere: dict[str, Any], key: str, value: float) -> float | None:
    if key == 'contrast_percent':
        return _number(sphere.get('contrast_sd_percent'))
    relative = _number(sphere.get('sd_percent'))
    if not key.startswith('rc_') or relative is None:
        return None
    return abs(value) * relative / _PERCENT


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        msg = _('{value} is no number').format(value=shown(value))
        raise TypeError(msg)
    return float(value)


def _flags(part: dict[str, Any]) -> tuple[str, ...]:
    flags = part.get('flags') or ()
    if isinstance(flags, str) or not all(isinstance(flag, str) for flag in flags):
        msg = _('"flags" are {flags}, no list of names').format(flags=shown(flags))
        raise TypeError(msg)
    return tuple(flags)
