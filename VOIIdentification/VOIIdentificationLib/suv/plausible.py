"""Dose, weight, height and sex of the header: only what can be believed."""

from __future__ import annotations

from ..core.errors import SUVError
from ..core.flags import Flag
from ..core.sentence import joined, sentences
from .header import (
    DECAY_CORRECTIONS,
    Decisions,
    SUVHeader,
    is_positive,
    missing_corrections,
    refusal_text,
)
from .normalization import Sex

_ = sentences(__name__)

MAX_DOSE_IN_MBQ = 1e6
"""A stored dose below this is taken for MBq: 1 MBq is no dose for a scan."""

MIN_DOSE_BQ = 1e6
"""1 MBq: a hundredth of a patient's, an order below what phantoms are filled with."""

MAX_DOSE_BQ = 1e10
"""10 GBq: the largest for PET are 1.5 to 2.2 GBq of Rb-82 or O-15 (SNMMI/ASNC guideline 2016)."""

MAX_WEIGHT_IN_KG = 1000.0
"""A stored weight above this is taken for gram."""

USUAL_WEIGHT_KG = (0.01, 320.0)
"""A mouse of 10 g to what the tables of large scanners carry (227 to 318 kg)."""

MAX_HEIGHT_IN_M = 3.0
"""A stored height above this is taken for centimeter."""

USUAL_HEIGHT_M = (0.25, 2.5)
"""A premature child to more than the tallest adult of today."""


def dose_bq_of(header: SUVHeader, log: Decisions) -> float:
    """
    Injected activity.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    log : Decisions
        Told what was decided.

    Returns
    -------
    dose_bq : float
        In Bq.

    Raises
    ------
    SUVError
        If it is missing or makes no sense; the sentence names its tag.
    """
    dose = header.dose
    if dose is None or not is_positive(dose):
        raise SUVError(refusal_text(header, 'Radionuclide Total Dose (0018,1074)', dose))
    bq = dose
    if dose < MAX_DOSE_IN_MBQ:
        log.note(
            _('the dose {dose:g} (0018,1074) is taken for MBq').format(dose=dose), Flag.DOSE_IN_MBQ
        )
        bq = 1e6 * dose
    if not MIN_DOSE_BQ <= bq <= MAX_DOSE_BQ:
        msg = _(
            'SUV refused: Radionuclide Total Dose (0018,1074) is {dose:g}, which is no dose for a '
            'scan in Bq nor in MBq ({least:g} MBq to {most:g} GBq)'
        ).format(dose=dose, least=MIN_DOSE_BQ / 1e6, most=MAX_DOSE_BQ / 1e9)
        raise SUVError(msg)
    return bq


def weight_kg_of(header: SUVHeader, log: Decisions) -> float:
    """
    Weight of the patient.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    log : Decisions
        Told what was decided.

    Returns
    -------
    weight_kg : float
        In kilogram.

    Raises
    ------
    SUVError
        If it is missing or makes no sense; the sentence names its tag.
    """
    weight = header.weight
    if weight is None or not is_positive(weight):
        raise SUVError(refusal_text(header, "Patient's Weight (0010,1030)", weight))
    if weight > MAX_WEIGHT_IN_KG:
        log.note(
            _('the weight {weight:g} (0010,1030) is taken for gram').format(weight=weight),
            Flag.WEIGHT_IN_GRAMS,
        )
        weight /= 1000.0
    else:
        log.note(_('weight {weight:g} kg (0010,1030)').format(weight=weight))
    _flag_unusual(
        _('the weight {weight:g} kg (0010,1030)').format(weight=weight),
        weight,
        USUAL_WEIGHT_KG,
        'kg',
        log,
    )
    return weight


def height_cm_of(header: SUVHeader, log: Decisions) -> float:
    """
    Height of the patient.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    log : Decisions
        Told what was decided.

    Returns
    -------
    height_cm : float
        In centimeter.

    Raises
    ------
    SUVError
        If it is missing or makes no sense; the sentence names its tag.
    """
    height = header.height
    if height is None or not is_positive(height):
        raise SUVError(refusal_text(header, "Patient's Size (0010,1020)", height))
    if height > MAX_HEIGHT_IN_M:
        log.note(
            _('the height {height:g} (0010,1020) is taken for centimeter').format(height=height),
            Flag.HEIGHT_IN_CM,
        )
        height /= 100.0
    else:
        log.note(_('height {height:g} m (0010,1020)').format(height=height))
    _flag_unusual(
        _('the height {height:g} m (0010,1020)').format(height=height),
        height,
        USUAL_HEIGHT_M,
        'm',
        log,
    )
    return 100.0 * height


def sex_of(header: SUVHeader) -> Sex:
    """
    Sex of the patient.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    Returns
    -------
    sex : {'M', 'F', 'O'}
        As the header has it.

    Raises
    ------
    SUVError
        If it is missing or makes no sense; the sentence names its tag.
    """
    for sex in ('M', 'F', 'O'):
        if header.sex == sex:
            return sex
    raise SUVError(refusal_text(header, "Patient's Sex (0010,0040)", header.sex or None))


def _flag_unusual(
    what: str, value: float, usual: tuple[float, float], unit: str, log: Decisions
) -> None:
    if not usual[0] <= value <= usual[1]:
        log.note(
            _('{what} is outside the usual {least:g} to {most:g} {unit}').format(
                what=what, least=usual[0], most=usual[1], unit=unit
            ),
            Flag.HEADER_IMPLAUSIBLE,
        )


def check_corrections(header: SUVHeader, log: Decisions) -> None:
    """
    Refuse an image that lacks a correction.

    Parameters
    ----------
    header : SUVHeader
        Facts from the header.

    log : Decisions
        Told where two entries differ.

    Raises
    ------
    SUVError
        If nobody knows to when it is decay-corrected, or a correction is missing.
    """
    correction = header.decay_correction
    if correction not in DECAY_CORRECTIONS:
        found = _('is {value!r}').format(value=correction) if correction else _('is missing')
        msg = _(
            'SUV refused: Decay Correction (0054,1102) {found}; it must be START, ADMIN or NONE'
        ).format(found=found)
        raise SUVError(msg)
    missing = missing_corrections(header)
    if missing:
        listed = ', '.join(header.corrected_image) or _('nothing')
        msg = _('SUV refused: Corrected Image (0028,0051) lists {listed}, not {missing}').format(
            listed=listed, missing=joined(missing, _(' and '))
        )
        raise SUVError(msg)
    if correction == 'NONE' and 'DECY' in header.corrected_image:
        log.note(
            _(
                'Corrected Image (0028,0051) lists DECY, but Decay Correction (0054,1102) is NONE: '
                'NONE is believed'
            ),
            Flag.HEADER_CONTRADICTS,
        )
