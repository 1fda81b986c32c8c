"""One value against one limit: the only place that compares them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ..core.flags import Flag
from ..core.sentence import joined, sentences
from .limits import Level, Limit
from .quantities import QUANTITY_OF

_ = sentences(__name__)

USUAL_RATIO_DEVIATION = 0.1
"""Limits are meant for a true ratio that differs less from theirs, relatively."""


@dataclass(frozen=True)
class Verdict:
    """
    One value against one pair of limits.

    Attributes
    ----------
    standard : str
        Name of the limits, e.g. ``'EARL 2'``.

    quantity : str
        Which; for recovery ``'rc_max'``, ``'rc_mean'`` or ``'rc_peak'``.

    low, high : float or None
        The limits; both are allowed values.

    passed : bool or None
        Whether the value lies within; None if it may not be judged.

    margin : float or None
        Distance to the nearer limit; negative outside. None without a value.

    source, version : str
        Where the limits come from.

    note : str
        What must be said wherever they are shown, or empty.

    not_judged : str
        Why it may not be judged: a condition of the limits is not met, or
        what it is judged by is in doubt. Empty if it is judged.

    level : Level
        In a word.

    warning_low, warning_high : float or None
        Outside of them it is a warning.
    """

    standard: str
    quantity: str
    low: float | None
    high: float | None
    passed: bool | None
    margin: float | None
    source: str
    version: str
    note: str = ''
    not_judged: str = ''
    level: Level = Level.NOT_JUDGED
    warning_low: float | None = None
    warning_high: float | None = None

    @property
    def text(self) -> str:
        """The level, and why it is not judged."""
        text = self.level.text
        return joined((text, self.not_judged), ': ') if self.not_judged else text


def unmet_ratio(name: str, wanted: float | None, true_ratio: float | None) -> str:
    """
    Why a standard may not judge a scan of some true ratio.

    Parameters
    ----------
    name : str
        What judges, e.g. ``'EARL 2'``.

    wanted : float or None
        The hot-to-background ratio that it is meant for; None for any.

    true_ratio : float or None
        That of the scan; None if it is unknown.

    Returns
    -------
    reason : str
        Empty if the ratio is within `USUAL_RATIO_DEVIATION`.

    Examples
    --------
    >>> unmet_ratio('EARL 2', 10.0, 4.0)
    'EARL 2 is meant for a true ratio of 10 : 1, here it is 4.00 : 1'
    """
    if wanted is None:
        return ''
    meant = _('{name} is meant for a true ratio of {wanted:g} : 1').format(name=name, wanted=wanted)
    if true_ratio is None:
        return _('{meant}, here it is unknown').format(meant=meant)
    if abs(true_ratio / wanted - 1) > USUAL_RATIO_DEVIATION:
        return _('{meant}, here it is {true:.2f} : 1').format(meant=meant, true=true_ratio)
    return ''


def verdict(value: float | None, limit: Limit, standard: str, not_judged: str = '') -> Verdict:
    """
    Compare one value with one pair of limits: the only place that does.

    Parameters
    ----------
    value : float or None
        The value; None needs a reason not to judge.

    limit : Limit
        The limits.

    standard : str
        Their name.

    not_judged : str, optional
        Why it may not be judged.

    Returns
    -------
    verdict : Verdict
        Passed if the value lies within or on a limit.

    Examples
    --------
    >>> limit = Limit(10.0, 'rc_max', 0.34, 0.57, 'a table', '2017')
    >>> verdict(0.5, limit, 'EARL 1').passed, round(verdict(0.6, limit, 'EARL 1').margin, 2)
    (True, -0.03)
    """
    level = Level.NOT_JUDGED if not_judged or value is None else limit.level_of(value)
    return Verdict(
        standard=standard,
        quantity=limit.quantity,
        low=limit.low,
        high=limit.high,
        passed=None if level is Level.NOT_JUDGED else level is not Level.FAIL,
        margin=_margin(value, limit),
        source=limit.source,
        version=limit.version,
        note=limit.note,
        not_judged=not_judged,
        level=level,
        warning_low=limit.warning_low,
        warning_high=limit.warning_high,
    )


def _margin(value: float | None, limit: Limit) -> float | None:
    """To the nearer limit that fails; where there is none, to the nearer that warns."""
    for low, high in ((limit.low, limit.high), (limit.warning_low, limit.warning_high)):
        rooms = [
            *([value - low] if value is not None and low is not None else []),
            *([high - value] if value is not None and high is not None else []),
        ]
        if rooms:
            return min(rooms)
    return None


class Judged(NamedTuple):
    """
    One value against one limit.

    Attributes
    ----------
    label : str
        Of the sphere; empty for a value of the whole scan.

    diameter_mm : float or None
        Of the sphere.

    value : float or None
        What was compared: the value, or its change from the baseline in
        percent; None if there is none.

    unit : str
        Of the value; empty for a ratio.

    of : {'value', 'change_percent'}
        Which of both.

    verdict : Verdict
        What the limit says of it.

    flags : tuple of Flag
        Reasons to doubt the value.
    """

    label: str
    diameter_mm: float | None
    value: float | None
    unit: str
    of: str
    verdict: Verdict
    flags: tuple[Flag, ...] = ()

    @property
    def title(self) -> str:
        """What was compared, for people."""
        title = QUANTITY_OF[self.verdict.quantity].title
        return _('Change of {title}').format(title=title) if self.of == 'change_percent' else title

    @property
    def name(self) -> str:
        """The same with the sphere."""
        return joined((self.label, self.title), ': ') if self.label else self.title

    @property
    def text(self) -> str:
        """In words, of a comparison that does not pass."""
        one = self.verdict
        if one.not_judged or self.value is None:
            return _('{name} is not judged: {reason}.').format(
                name=self.name, reason=one.not_judged
            )
        warned = one.level is Level.WARNING
        ends = (one.warning_low, one.warning_high) if warned else (one.low, one.high)
        level = _(', a level of warning') if warned else ''
        unit = f' {self.unit}' if self.unit else ''
        note = _(' (indicative)') if one.note else ''
        return _('{name} {value:.4g}{unit} is {outside}{level}{note}.').format(
            name=self.name,
            value=self.value,
            unit=unit,
            outside=_outside(*ends),
            level=level,
            note=note,
        )


def _outside(low: float | None, high: float | None) -> str:
    """Where a value is that does not keep its limits; None for no limit."""
    if low is None:
        return _('above {limit:g}').format(limit=high)
    if high is None:
        return _('below {limit:g}').format(limit=low)
    return _('outside {low:g} to {high:g}').format(low=low, high=high)
