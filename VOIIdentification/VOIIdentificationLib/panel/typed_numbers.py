"""Numbers that a user types into the fill worksheet, and between which limits they make sense."""

from __future__ import annotations

from typing import NamedTuple

from ..activity.clock import MAX_SCAN_DURATION_S
from ..activity.isotopes import MAX_HALF_LIFE_S, MIN_HALF_LIFE_S
from ..core.errors import InputFileError
from ..core.sentence import sentences

_ = sentences(__name__)

MAX_ACTIVITY_MBQ = 10_000.0
"""Of a syringe: a hundred times what EARL asks for a body phantom; more is another unit."""

MAX_VOLUME_ML = 100_000.0
"""Of a fill: ten body phantoms."""

MAX_CALIBRATOR_PERCENT = 25.0
"""Standard uncertainty of a dose calibrator: five times the ±5 % that EARL allows."""


class Quantity(NamedTuple):
    """
    What a number is.

    Attributes
    ----------
    what, unit : str
        As a message says it.

    low, high : float
        Limits; the upper one is allowed.

    may_be_low : bool
        Whether the lower one is too.
    """

    what: str
    unit: str
    low: float
    high: float
    may_be_low: bool = False

    def of(self, name: str) -> Quantity:
        """
        The same of one fill.

        Parameters
        ----------
        name : str
            Of the fill, for people.

        Returns
        -------
        quantity : Quantity
            E.g. the ``'hot assay'``.
        """
        return self._replace(what=_('{fill} {what}').format(fill=name, what=self.what))


ASSAY = Quantity(_('assay'), 'MBq', 0.0, MAX_ACTIVITY_MBQ)
RESIDUAL = Quantity(_('residual'), 'MBq', 0.0, MAX_ACTIVITY_MBQ, may_be_low=True)
VOLUME = Quantity(_('volume'), 'mL', 0.0, MAX_VOLUME_ML)
HALF_LIFE = Quantity(_('half-life'), 's', MIN_HALF_LIFE_S, MAX_HALF_LIFE_S, may_be_low=True)
DURATION = Quantity(_('scan duration'), 's', 0.0, MAX_SCAN_DURATION_S, may_be_low=True)
CALIBRATOR = Quantity(_('calibrator'), '%', 0.0, MAX_CALIBRATOR_PERCENT, may_be_low=True)


def number(text: str, quantity: Quantity) -> float:
    """
    Read a number.

    Parameters
    ----------
    text : str
        As typed: with a comma or a point, with its unit or without.

    quantity : Quantity
        What it is.

    Returns
    -------
    value : float
        In the unit of the quantity.

    Raises
    ------
    InputFileError
        If it is missing, no number, or outside of the limits.
    """
    what, unit, low, high, may_be_low = quantity
    if not text.strip():
        raise InputFileError(_('the {what} is missing').format(what=what))
    try:
        value = float(text.strip().removesuffix(unit).replace(',', '.'))
    except ValueError as error:
        msg = _('the {what} must be a number of {unit}, got {text!r}')
        raise InputFileError(msg.format(what=what, unit=unit, text=text)) from error
    if not (low < value <= high or (may_be_low and value == low)):
        msg = _('the {what} must be more than {low:g} and at most {high:g} {unit}, got {text!r}')
        if may_be_low:
            msg = _('the {what} must be {low:g} to {high:g} {unit}, got {text!r}')
        raise InputFileError(
            msg.format(what=what, low=low, high=high, unit=unit, text=text.strip())
        )
    return value


def optional_number(text: str, quantity: Quantity) -> float | None:
    """
    Read a number that may be left out.

    Parameters
    ----------
    text : str
        As typed.

    quantity : Quantity
        What it is.

    Returns
    -------
    value : float or None
        None for an empty text.

    Raises
    ------
    InputFileError
        If it is no number, or outside of the limits.
    """
    return number(text, quantity) if text.strip() else None
