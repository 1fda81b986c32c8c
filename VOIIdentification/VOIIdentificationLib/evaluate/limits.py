"""Limits that people set, read from data files; every one has its source."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from ..core.config_json import (
    LengthMM,
    Name,
    Positive,
    Rule,
    from_json,
    read_json,
    to_json,
)
from ..core.errors import InputFileError
from ..core.phantom import NEMAEdition
from ..core.resources import resource_directory
from ..core.sentence import sentences
from .quantities import QUANTITIES, QUANTITY_OF

_ = sentences(__name__)

LIMITS_SCHEMA = 'voi-identification/limits/1'

Quantity = str
"""Key of a quantity; in names such as `QUANTITY_NAMES` of a recovery coefficient."""

QUANTITY_NAMES: dict[Quantity, str] = {
    'rc_max': 'RCmax',
    'rc_mean': 'RCmean (A50)',
    'rc_peak': 'RCpeak',
}

LIMITED = tuple(quantity.key for quantity in QUANTITIES if quantity.can_be_limited)
"""What a profile may limit."""

LimitedQuantity = Annotated[
    str,
    Rule(_('be one of {known}').format(known=', '.join(LIMITED)), lambda key: key in LIMITED),
]

ENDS = ('low', 'warning_low', 'warning_high', 'high')
"""Fields of a limit, from below; a value may be on them."""

SAME_DIAMETER_MM = 0.25
"""Limits hold for a sphere whose diameter differs by less."""


class Level(str, Enum):
    """How well limits are kept; the value is the word that files carry."""

    PASS = 'pass'
    WARNING = 'warning'
    FAIL = 'fail'
    NOT_JUDGED = 'not judged'

    @property
    def text(self) -> str:
        """The word as shown to the user."""
        return _LEVEL_TEXTS[self]


_LEVEL_TEXTS = {
    Level.PASS: _('pass'),
    Level.WARNING: _('warning'),
    Level.FAIL: _('fail'),
    Level.NOT_JUDGED: _('not judged'),
}


@dataclass(frozen=True)
class Limit:
    """
    What one quantity, of one sphere or of the whole scan, may be.

    Attributes
    ----------
    diameter_mm : float or None
        Inner diameter of the sphere; None for a quantity of the whole scan.

    quantity : str
        One of `LIMITED`.

    low, high : float or None
        Outside of them it fails; None for no such limit.

    source, version : str
        Where they come from.

    note : str
        What must be said wherever they are shown, e.g. that they are
        second-hand. Limits with a note are indicative: they warn, and never fail.

    warning_low, warning_high : float or None
        Outside of them it is a warning.

    of : {'value', 'change_percent'}
        What is limited: the value, or its change from the baseline in percent.
    """

    diameter_mm: LengthMM | None
    quantity: LimitedQuantity
    low: float | None
    high: float | None
    source: str = ''
    version: str = ''
    note: str = ''
    warning_low: float | None = None
    warning_high: float | None = None
    of: Literal['value', 'change_percent'] = 'value'

    def __post_init__(self) -> None:
        self._require_place()
        given = [(name, getattr(self, name)) for name in ENDS if getattr(self, name) is not None]
        if not given:
            ends = ', '.join(f'"{name}"' for name in ENDS)
            msg = _('no limit of {quantity} is given: one of {ends} must be a number').format(
                quantity=self.quantity, ends=ends
            )
            raise ValueError(msg)
        for (lower, least), (upper, most) in pairwise(given):
            may_be_equal = lower.removeprefix('warning_') == upper.removeprefix('warning_')
            if least > most or (least == most and not may_be_equal):
                msg = _('"{lower}" must be below "{upper}", got {least:g} and {most:g}').format(
                    lower=lower, upper=upper, least=least, most=most
                )
                raise ValueError(msg)

    def _require_place(self) -> None:
        of_scan = QUANTITY_OF[self.quantity].part in ('scan', 'cylinder')
        if of_scan and self.diameter_mm is not None:
            msg = _('"diameter_mm" must be left out for {quantity}, got {diameter:g}').format(
                quantity=self.quantity, diameter=self.diameter_mm
            )
            raise ValueError(msg)
        if not of_scan and self.diameter_mm is None:
            msg = _('"diameter_mm" is missing: {quantity} belongs to a sphere').format(
                quantity=self.quantity
            )
            raise ValueError(msg)

    def level_of(self, value: float) -> Level:
        """
        How a value keeps the limit.

        Parameters
        ----------
        value : float
            In the unit of the quantity.

        Returns
        -------
        level : Level
            A value on a limit keeps it.

        Examples
        --------
        >>> limit = Limit(10.0, 'rc_max', 0.34, 0.57, warning_high=0.55)
        >>> [limit.level_of(value).value for value in (0.57, 0.55, 0.58)]
        ['warning', 'pass', 'fail']
        """
        low, high = self.band
        if not low <= value <= high:
            return Level.FAIL
        warns = (self.warning_low is not None and value < self.warning_low) or (
            self.warning_high is not None and value > self.warning_high
        )
        return Level.WARNING if warns else Level.PASS

    @property
    def band(self) -> tuple[float, float]:
        """The limits; infinite where there is none."""
        return (
            -math.inf if self.low is None else self.low,
            math.inf if self.high is None else self.high,
        )

    def holds_for(self, diameter_mm: float | None) -> bool:
        """
        Whether it is meant for spheres of some size.

        Parameters
        ----------
        diameter_mm : float or None
            Inner diameter; None for a quantity of the whole scan.

        Returns
        -------
        holds : bool
            Within `SAME_DIAMETER_MM`.
        """
        if self.diameter_mm is None or diameter_mm is None:
            return self.diameter_mm is diameter_mm
        return abs(self.diameter_mm - diameter_mm) < SAME_DIAMETER_MM


@dataclass(frozen=True)
class Limits:
    """
    A profile: the limits of one standard, manufacturer or site.

    Attributes
    ----------
    name : str
        E.g. ``'EARL 2'``.

    ratio : float or None
        True hot-to-background ratio that they are meant for; None for any.

    rows : tuple of Limit
        One for each quantity and diameter.

    kind : {'standard', 'manufacturer', 'site'}
        Who set them.

    edition : str or None
        Edition of NEMA NU 2 that they are meant for; None for any.

    source, version : str
        Of the rows that name none.
    """

    name: Name
    ratio: Positive | None
    rows: Annotated[tuple[Limit, ...], Rule(_('be a list with at least one limit'), bool)]
    kind: Literal['standard', 'manufacturer', 'site'] = 'site'
    edition: NEMAEdition | None = None
    source: str = ''
    version: str = ''

    def __post_init__(self) -> None:
        rows = tuple(
            replace(row, source=row.source or self.source, version=row.version or self.version)
            for row in self.rows
        )
        for n, row in enumerate(rows, start=1):
            for name in ('source', 'version'):
                if not getattr(row, name).strip():
                    msg = _('limit {n} ({quantity}) has no "{name}", nor has the profile').format(
                        n=n, quantity=row.quantity, name=name
                    )
                    raise ValueError(msg)
        places = Counter((row.quantity, row.diameter_mm, row.of) for row in rows)
        for (quantity, diameter_mm, _of), count in places.items():
            if count > 1:
                of = (
                    ''
                    if diameter_mm is None
                    else _(' of {diameter:g} mm').format(diameter=diameter_mm)
                )
                msg = _('{quantity}{of} is limited {count} times; limit it once').format(
                    quantity=quantity, of=of, count=count
                )
                raise ValueError(msg)
        object.__setattr__(self, 'rows', rows)

    @property
    def bands(self) -> tuple[Limit, ...]:
        """Those of recovery coefficients that have two ends: what is plotted and harmonized."""
        return tuple(
            row
            for row in self.rows
            if row.quantity in QUANTITY_NAMES
            and row.of == 'value'
            and all(map(math.isfinite, row.band))
        )


def shipped_limits() -> tuple[Limits, ...]:
    """
    Limits that come with the module.

    Returns
    -------
    limits : tuple of Limits
        By name.
    """
    paths = sorted(resource_directory('Limits').glob('*.json'))
    return tuple(sorted((load_limits(path) for path in paths), key=lambda limits: limits.name))


def find_limits(name: str) -> Limits:
    """
    Limits that come with the module, or of a file.

    Parameters
    ----------
    name : str
        Name of shipped limits, in whatever case, or path of a JSON file.

    Returns
    -------
    limits : Limits
        Checked.

    Raises
    ------
    InputFileError
        If it is neither, or the file is no profile.
    """
    known = {one.name.casefold(): one for one in shipped_limits()}
    if name.strip().casefold() in known:
        return known[name.strip().casefold()]
    if name.endswith('.json') or Path(name).is_file():
        return load_limits(Path(name))
    names = ', '.join(f'"{one.name}"' for one in known.values())
    msg = _('there are no limits {name!r}; known are {names}, or give a JSON file.').format(
        name=name, names=names
    )
    raise InputFileError(msg)


def require_names(profiles: Sequence[Limits]) -> tuple[Limits, ...]:
    """
    Refuse profiles that could not be told apart.

    Parameters
    ----------
    profiles : sequence of Limits
        To be judged by together.

    Returns
    -------
    profiles : tuple of Limits
        The same.

    Raises
    ------
    InputFileError
        If two have one name.
    """
    (name, count), *_others = Counter(one.name for one in profiles).most_common(1) or [('', 0)]
    if count > 1:
        msg = _('{count} of the profiles of limits are named {name!r}; give each once.').format(
            count=count, name=name
        )
        raise InputFileError(msg)
    return tuple(profiles)


def save_limits(limits: Limits, path: Path) -> None:
    """
    Write a profile as JSON, one line a limit.

    Parameters
    ----------
    limits : Limits
        The profile.

    path : `pathlib.Path`
        Where to; an existing file is replaced at once, never half.
    """
    data = to_json(limits, LIMITS_SCHEMA)
    rows = (json.dumps(_said(row), ensure_ascii=False) for row in data.pop('rows'))
    head = json.dumps(_said(data), indent=1, ensure_ascii=False).removesuffix('\n}')
    text = f'{head},\n "rows": [\n  ' + ',\n  '.join(rows) + '\n ]\n}\n'
    beside = path.with_name(f'.{path.name}.part')
    beside.write_text(text, encoding='utf-8')
    beside.replace(path)


def _said(data: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing."""
    return {key: value for key, value in data.items() if value not in (None, '')}


def load_limits(path: Path) -> Limits:
    """
    Read limits from a JSON file.

    Parameters
    ----------
    path : `pathlib.Path`
        The file.

    Returns
    -------
    limits : Limits
        Checked.

    Raises
    ------
    InputFileError
        If the file cannot be read, or a row is incomplete or senseless.
    """
    return from_json(Limits, read_json(path, 'limits'), str(path), schema=LIMITS_SCHEMA)
