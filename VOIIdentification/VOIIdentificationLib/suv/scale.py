"""SUV: the factor for every slice, and every decision on the way to it, in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from ..activity.isotopes import decay_factor
from ..core.errors import SUVError
from ..core.flags import Flag
from ..core.geometry import FloatArray
from ..core.sentence import sentences
from ..core.units import SUV_KINDS, SUV_OF_DICOM
from .half_life import check_half_life_effect, half_life_s_of
from .header import Decisions, SUVHeader, missing_for_suv
from .normalization import (
    body_surface_area_m2,
    ideal_body_weight_kg,
    lean_body_mass_james_kg,
    lean_body_mass_janmahasatian_kg,
)
from .plausible import check_corrections, dose_bq_of, height_cm_of, sex_of, weight_kg_of
from .reference import start_reference
from .times import compare_admin, decay_sentence, injection_start, range_text
from .told_factors import compare_beside, compare_two_ways, flag_spread, philips_factors
from .uncorrected import mean_count_rate_references

_ = sentences(__name__)

SUVType = Literal['bw', 'lbm', 'ibw', 'bsa']
"""Normalized to body weight, lean body mass (James), ideal body weight, body surface area."""

MAX_PART_OF_DOSE = 1.25
"""
An image holds at most the dose; EARL accepts a calibration that is 10 % off, and the noise of
empty space adds a little where negative values were cut.
"""


MIN_PART_OF_DOSE = 1e-9
"""One slice of a phantom holds a thousandth: so little, or less than nothing, is a wrong scale."""


@dataclass(frozen=True, eq=False)
class SUVScale:
    """
    The step from image values to SUV.

    Attributes
    ----------
    suv_type : {'bw', 'lbm', 'ibw', 'bsa'}
        What the SUV is normalized to.

    unit : str
        ``'g/mL'``, or ``'cm2/mL'`` for the body surface area.

    factors : (K,) `numpy.ndarray` of float
        SUV of slice k = rescaled value of slice k · ``factors[k]``.

    decisions : tuple of str
        Every choice that was made, in words.

    flags : tuple of Flag
        Reasons for doubt.
    """

    suv_type: SUVType
    unit: str
    factors: FloatArray
    decisions: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()


def suv_scale(header: SUVHeader, suv_type: SUVType = 'bw') -> SUVScale:
    """
    Find the factors from rescaled values to SUV.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header, a frame for each slice.

    suv_type : {'bw', 'lbm', 'ibw', 'bsa'}, optional
        What to normalize to.

    Returns
    -------
    scale : SUVScale
        The factors and the decisions that led to them.

    Raises
    ------
    SUVError
        If something is missing or makes no sense; the sentence names its tag.

    Notes
    -----
    SUVbw = c · W / A with the concentration c in Bq/mL, the weight W in gram
    and the dose A in Bq, decayed to the instant that the image shows (QIBA
    profile FDG-PET/CT; DICOM PS3.3 C.8.9).

    Examples
    --------
    >>> from VOIIdentificationLib.suv.header import SUVFrame
    >>> suv_scale(SUVHeader(units='GML', frames=(SUVFrame(),))).factors
    array([1.])
    """
    if suv_type not in get_args(SUVType):
        msg = f'suv_type must be one of {", ".join(get_args(SUVType))}, got {suv_type!r}'
        raise ValueError(msg)
    log = Decisions(list(header.notes), list(header.flags))
    if header.units == 'BQML':
        factors = _from_concentration(header, suv_type, log)
        _compare_beside(header, log)
    elif header.units in {'GML', 'CM2ML'}:
        factors = np.full(len(header.frames), _between_types(header, suv_type, log))
    elif header.units == 'CNTS':
        factors = _from_philips_counts(header, suv_type, log)
    else:
        raise SUVError(_units_message(header.units))
    kind = SUV_KINDS[suv_type]
    log.note(
        _('the SUV is normalized to {normalizer}, in {unit}').format(
            normalizer=kind.normalizer, unit=kind.unit
        )
    )
    return SUVScale(suv_type, kind.unit, factors, tuple(log.sentences), tuple(log.flags))


def suv_statements(header: SUVHeader) -> tuple[str, ...]:
    """
    Say how the values become SUV, or everything that is missing for it.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    Returns
    -------
    lines : tuple of str
        Each a statement of its own.
    """
    missing = missing_for_suv(header)
    try:
        scale = suv_scale(header)
    except SUVError as error:
        return (f'Missing for SUV: {", ".join(missing)}' if missing else f'No SUV: {error}',)
    return (
        'SUV: all that it needs is there',
        *(f'SUV: {decision}' for decision in scale.decisions),
        *(f'SUV: {flag.text}' for flag in scale.flags),
    )


def compared_with_dose(header: SUVHeader, scale: SUVScale, totals: FloatArray) -> SUVScale:
    """
    Flag an image that holds more activity than was injected, or hardly any.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    scale : SUVScale
        The factors that follow from it.

    totals : (K,) `numpy.ndarray` of float
        Sum of the values of each slice, times the volume of a voxel in mL.

    Returns
    -------
    scale : SUVScale
        With a decision and a flag where unit, dose, weight or times must be wrong.

    Notes
    -----
    The SUV times the volume, summed, is the part of the dose that the image
    holds times what the SUV is normalized to: at most all of it.
    """
    log = Decisions(list(scale.decisions), list(scale.flags))
    try:
        normalizer = _normalizer(header, scale.suv_type, Decisions())
    except SUVError:  # stored SUVs need no weight
        return scale
    part = float(scale.factors @ totals) / normalizer
    if MIN_PART_OF_DOSE <= part <= MAX_PART_OF_DOSE:
        return scale
    log.note(
        _(
            'the image holds {part:.3g} times the activity that was injected: unit, scale, dose, '
            'weight or times are wrong'
        ).format(part=part),
        Flag.HEADER_IMPLAUSIBLE,
    )
    return replace(scale, decisions=tuple(log.sentences), flags=tuple(log.flags))


def _from_concentration(header: SUVHeader, suv_type: SUVType, log: Decisions) -> FloatArray:
    check_corrections(header, log)
    normalizer = _normalizer(header, suv_type, log)
    try:
        factors = normalizer / _doses_bq(header, log)
    except OverflowError as error:
        msg = _('SUV refused: the dates of scan and injection lead out of the years 1 to 9999')
        raise SUVError(msg) from error
    if not (np.isfinite(factors).all() and (factors > 0).all()):
        msg = _('SUV refused: weight, dose, half-life and times give a factor of {factor}').format(
            factor=range_text(factors)
        )
        raise SUVError(msg)
    return factors


def _from_philips_counts(header: SUVHeader, suv_type: SUVType, log: Decisions) -> FloatArray:
    """Factors of the values as they are read: of counts, or of what was made of them."""
    per_count: FloatArray = np.array([frame.bqml_per_count for frame in header.frames])
    to_suv = philips_factors([frame.philips_suv_factor for frame in header.frames])
    to_activity = philips_factors([frame.philips_activity_factor for frame in header.frames])
    flag_spread(header, {'7053,1000': to_suv, '7053,1009': to_activity}, log)
    if to_suv is not None:
        log.note(
            _('counts times (7053,1000) = {factor} give SUVbw').format(factor=range_text(to_suv))
        )
        _check_counts(header, log)
        if to_activity is not None:
            _compare_factors(header, to_suv, to_activity, log)
        return to_suv * _ratio(header, 'bw', suv_type, log) / per_count
    if to_activity is not None:
        log.note(
            _('counts times (7053,1009) = {factor} give Bq/mL').format(
                factor=range_text(to_activity)
            )
        )
        return to_activity * _from_concentration(header, suv_type, log) / per_count
    msg = _(
        'SUV refused: the units are CNTS (0054,1001), and the Philips factors to SUV (7053,1000) '
        'and to Bq/mL (7053,1009) are absent, 0 or no numbers'
    )
    raise SUVError(msg)


def _check_counts(header: SUVHeader, log: Decisions) -> None:
    """Philips' factor to SUV is for corrected counts."""
    if header.decay_correction or header.corrected_image:
        check_corrections(header, log)


def _compare_factors(
    header: SUVHeader, to_suv: FloatArray, to_activity: FloatArray, log: Decisions
) -> None:
    """Two ways to SUVbw must agree, as far as the header allows the second."""
    aside = Decisions()
    try:
        second = to_activity * _from_concentration(header, 'bw', aside)
    except SUVError:
        return
    compare_two_ways(to_suv, second, log)


def _compare_beside(header: SUVHeader, log: Decisions) -> None:
    """A factor to SUVbw that the header tells itself, as far as it allows another."""
    try:
        to_suv = _from_concentration(header, 'bw', Decisions())
    except SUVError:  # another kind of SUV may need less
        return
    compare_beside(header, to_suv, log)


def _between_types(header: SUVHeader, suv_type: SUVType, log: Decisions) -> float:
    """Factor from the stored kind of SUV to another."""
    stored = _stored_type(header, log)
    log.note(
        _('the image holds SUV normalized to {normalizer} ({units})').format(
            normalizer=SUV_KINDS[stored].normalizer, units=header.units
        )
    )
    if header.corrected_image and 'ATTN' not in header.corrected_image:
        log.note(
            _('Corrected Image (0028,0051) lists {listed}, not ATTN').format(
                listed=', '.join(header.corrected_image)
            ),
            Flag.HEADER_CONTRADICTS,
        )
    return _ratio(header, stored, suv_type, log)


def _stored_type(header: SUVHeader, log: Decisions) -> str:
    if header.units == 'CM2ML':
        if header.suv_type not in {'', 'BSA'}:
            raise SUVError(_type_message(header))
        return 'bsa'
    if not header.suv_type:
        log.note(_('no SUV Type (0054,1006): body weight, as DICOM says'))
        return 'bw'
    if header.suv_type not in SUV_OF_DICOM or header.suv_type == 'BSA':
        raise SUVError(_type_message(header))
    if header.suv_type == 'LBM':
        log.note(_('SUV Type LBM (0054,1006) does not say which lean body mass: James with 128'))
    return SUV_OF_DICOM[header.suv_type]


def _ratio(header: SUVHeader, stored: str, wanted: str, log: Decisions) -> float:
    if stored == wanted:
        return 1.0
    return _normalizer(header, wanted, log) / _normalizer(header, stored, log)


def _normalizer(header: SUVHeader, kind: str, log: Decisions) -> float:
    """Weight in gram, or area in square centimeter, that the SUV is normalized to."""
    if kind == 'ibw':
        return 1000.0 * _positive(
            ideal_body_weight_kg(height_cm_of(header, log), sex_of(header)), kind
        )
    weight_kg = weight_kg_of(header, log)
    if kind == 'bw':
        return 1000.0 * weight_kg
    if kind == 'bsa':
        return 1e4 * body_surface_area_m2(weight_kg, height_cm_of(header, log))
    formula = lean_body_mass_james_kg if kind == 'lbm' else lean_body_mass_janmahasatian_kg
    return 1000.0 * _positive(formula(weight_kg, height_cm_of(header, log), sex_of(header)), kind)


def _doses_bq(header: SUVHeader, log: Decisions) -> FloatArray:
    """Dose at the instant that each slice shows, in Bq."""
    dose = dose_bq_of(header, log)
    if header.decay_correction == 'ADMIN':
        log.note(
            _(
                'the image is decay-corrected to the injection (0054,1102 = ADMIN): the dose '
                '{dose:.6g} MBq is not decayed'
            ).format(dose=dose / 1e6)
        )
        compare_admin(header, log)
        return np.full(len(header.frames), dose)
    half_life_s = half_life_s_of(header, log)
    if header.decay_correction == 'START':
        references = (start_reference(header, half_life_s, log),) * len(header.frames)
    else:
        references = mean_count_rate_references(header, half_life_s, log)
    injection = injection_start(header, min(references), half_life_s, log)
    elapsed = [(reference - injection).total_seconds() for reference in references]
    check_half_life_effect(header, half_life_s, max(elapsed), log)
    doses = dose * np.array([decay_factor(seconds, half_life_s) for seconds in elapsed])
    log.note(decay_sentence(injection, references, half_life_s, doses))
    return doses


def _positive(value: float, kind: str) -> float:
    if not value > 0:
        msg = _(
            'SUV refused: the {normalizer} comes out as {value:.1f} kg; check weight (0010,1030) '
            'and height (0010,1020)'
        ).format(normalizer=SUV_KINDS[kind].normalizer, value=value)
        raise SUVError(msg)
    return value


def _units_message(units: str) -> str:
    if not units:
        return _('SUV refused: the header has no Units (0054,1001)')
    return _(
        'SUV refused: Units (0054,1001) are {units!r}; SUV can be made from BQML, GML, CM2ML, and '
        'from CNTS of Philips'
    ).format(units=units)


def _type_message(header: SUVHeader) -> str:
    return _(
        'SUV refused: SUV Type (0054,1006) is {suv_type!r}, which does not go with Units '
        '(0054,1001) {units!r}'
    ).format(suv_type=header.suv_type, units=header.units)
