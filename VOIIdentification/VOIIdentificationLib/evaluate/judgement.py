"""Values against profiles of limits, and the one verdict that follows from all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..core.flags import DOUBTED_LABELS, Flag
from ..core.phantom import Phantom
from ..core.sentence import changed, joined, sentences
from .limits import Level, Limit, Limits
from .quantities import QUANTITY_OF, Value
from .verdict import Judged, unmet_ratio, verdict

_ = sentences(__name__)

CHOOSE_LIMITS = _('No limits were chosen (--limits, or Limits in the panel).')
NO_BASELINE = _('no baseline was given')


@dataclass(frozen=True)
class Outcome:
    """
    What one standard or profile says of the phantom.

    Attributes
    ----------
    standard : str
        Its name.

    level : Level
        The word.

    reasons : tuple of str
        Why, in sentences or short lines.

    kind : {'standard', 'manufacturer', 'site'}
        Who set the limits.
    """

    standard: str
    level: Level
    reasons: tuple[str, ...] = ()
    kind: str = 'standard'


@dataclass(frozen=True)
class OverallVerdict:
    """
    What all chosen profiles together say: the worst of them.

    Attributes
    ----------
    level : Level
        The word.

    reasons : tuple of str
        Why, the gravest first.

    outcomes : tuple of Outcome
        Of each profile, in their order.

    values : tuple of Judged
        Every comparison.
    """

    level: Level
    reasons: tuple[str, ...]
    outcomes: tuple[Outcome, ...] = ()
    values: tuple[Judged, ...] = ()


NOTHING_CHOSEN = OverallVerdict(Level.NOT_JUDGED, (CHOOSE_LIMITS,))
"""Of a measurement that nobody gave limits for."""


@dataclass(frozen=True)
class Conditions:
    """
    What must be right before anything is judged.

    Attributes
    ----------
    phantom : Phantom
        Whose spheres limits may be meant for.

    doubt : str
        Why nothing may be judged; empty if nothing is known against it.

    ratio : float or None
        True hot-to-background ratio.

    edition : str
        Of NEMA NU 2 that was evaluated; empty if none was.

    flags : tuple of Flag
        Doubts about the whole measurement.

    missing : callable
        From the key of a quantity to why it has no value.

    no_change : str
        Why changes from a baseline may not be judged; empty if they may.
    """

    phantom: Phantom
    doubt: str = ''
    ratio: float | None = None
    edition: str = ''
    flags: tuple[Flag, ...] = ()
    missing: Callable[[str], str] = lambda _quantity: _('it was not measured')
    no_change: str = NO_BASELINE

    def unmet(self, profile: Limits) -> str:
        """
        Why a profile is not meant for this scan.

        Parameters
        ----------
        profile : Limits
            The profile.

        Returns
        -------
        reason : str
            Empty if it is.
        """
        if profile.edition is not None and profile.edition != self.edition:
            meant = _('{profile} is meant for edition {edition} of NEMA NU 2').format(
                profile=profile.name, edition=profile.edition
            )
            return _('{meant}, evaluated was {edition}').format(
                meant=meant, edition=self.edition or _('none')
            )
        return unmet_ratio(profile.name, profile.ratio, self.ratio)


def judge(
    profiles: Sequence[Limits],
    values: Sequence[Value],
    changes: Sequence[Value],
    conditions: Conditions,
) -> OverallVerdict:
    """
    Judge a measurement by every profile that was chosen.

    Parameters
    ----------
    profiles : sequence of Limits
        Chosen by the user.

    values : sequence of Value
        What was measured.

    changes : sequence of Value
        Changes from the baseline in percent, by the same keys.

    conditions : Conditions
        Where one is not met nothing is judged.

    Returns
    -------
    verdict : OverallVerdict
        A fail of one is a fail of all; what could not be judged, or is
        doubtful, never passes.
    """
    if not profiles:
        return NOTHING_CHOSEN
    judged = [[*_judged(one, values, changes, conditions)] for one in profiles]
    outcomes = [
        replace(_outcome(profile.name, lines, _doubts(lines, conditions)), kind=profile.kind)
        for profile, lines in zip(profiles, judged, strict=True)
    ]
    ranked = sorted(outcomes, key=lambda one: _GRAVEST.index(one.level))
    reasons = [joined((one.standard, reason), ': ') for one in ranked for reason in one.reasons]
    values_judged = [line for lines in judged for line in lines]
    return OverallVerdict(
        _overall([one.level for one in outcomes]),
        tuple(reasons),
        tuple(outcomes),
        tuple(values_judged),
    )


_GRAVEST = (Level.FAIL, Level.WARNING, Level.NOT_JUDGED, Level.PASS)


def _overall(levels: Sequence[Level]) -> Level:
    """One that could not be judged beside others that pass is a warning."""
    if len(set(levels)) == 1:
        return levels[0]
    return Level.FAIL if Level.FAIL in levels else Level.WARNING


def _outcome(standard: str, lines: Sequence[Judged], doubts: Sequence[str] = ()) -> Outcome:
    """
    What all comparisons with one profile amount to.

    Limits that are not the standard's own words (second-hand, read off a plot)
    can warn but never fail a scanner; a value that is missing or doubtful
    never passes in silence.

    Parameters
    ----------
    standard : str
        Its name.

    lines : sequence of Judged
        The comparisons.

    doubts : sequence of str, optional
        Sentences against what was compared.

    Returns
    -------
    outcome : Outcome
        With reasons, the gravest first.
    """
    kept = [line for line in lines if line.verdict.level is not Level.NOT_JUDGED]
    unjudged = _unjudged(lines)
    if not kept:
        none = _('None of its limits is meant for what was measured.')
        return Outcome(standard, Level.NOT_JUDGED, unjudged or (none,))
    failed = [line for line in kept if line.verdict.level is Level.FAIL]
    failed = sorted(failed, key=lambda line: bool(line.verdict.note))
    warned = [line for line in kept if line.verdict.level is Level.WARNING]
    notes = dict.fromkeys(line.verdict.note for line in lines if line.verdict.note)
    reasons = (
        *(line.text for line in (*failed, *warned)),
        *unjudged,
        *doubts,
        *(_('Some of its limits are only indicative: {note}.').format(note=note) for note in notes),
    )
    if any(not line.verdict.note for line in failed):
        return Outcome(standard, Level.FAIL, reasons)
    level = Level.WARNING if failed or warned or unjudged or doubts else Level.PASS
    within = (
        _('All {count} values lie within its limits.').format(count=len(kept))
        if len(kept) > 1
        else _ONE_WITHIN
    )
    return Outcome(standard, level, reasons if failed or warned else (within, *reasons))


_ONE_WITHIN = _('The value lies within its limits.')


def _unjudged(lines: Iterable[Judged]) -> tuple[str, ...]:
    """Why comparisons are not judged, each reason once with what it concerns."""
    named: dict[str, list[str]] = {}
    for line in lines:
        if line.verdict.level is Level.NOT_JUDGED:
            named.setdefault(line.verdict.not_judged, []).append(line.name)
    every = len(named) == 1 and len(next(iter(named.values()))) == len([*lines])
    return tuple(
        _ended(changed(reason, _capital))
        if every
        else _('{names} not judged: {reason}.').format(names=_some(names), reason=reason)
        for reason, names in named.items()
    )


_NAMES_SHOWN = 3


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    shown = joined(names[:_NAMES_SHOWN], '; ')
    return _('{shown} and {more} more').format(shown=shown, more=more) if more > 0 else shown


def _doubts(lines: Iterable[Judged], conditions: Conditions) -> tuple[str, ...]:
    """Flags of what was compared, and of the whole measurement."""
    own = (
        _ended(joined((line.label, flag.text), ': '))
        for line in lines
        if line.label
        for flag in line.flags
    )
    whole = [flag for line in lines if not line.label for flag in line.flags]
    texts = (flag.text for flag in (*whole, *conditions.flags))
    return tuple(dict.fromkeys([*own, *(_ended(changed(text, _capital)) for text in texts)]))


def _capital(text: str) -> str:
    """As a sentence begins; a symbol such as a_B stays as it is."""
    return text if text[1:2] == '_' else f'{text[:1].upper()}{text[1:]}'


def _without_end(text: str) -> str:
    return text.rstrip('.')


def _ended(text: str) -> str:
    return joined((text, '.'), '')


def _judged(
    profile: Limits, values: Sequence[Value], changes: Sequence[Value], conditions: Conditions
) -> Iterator[Judged]:
    unmet = conditions.unmet(profile)
    for limit in profile.rows:
        found = {
            one.label: one
            for one in (values if limit.of == 'value' else changes)
            if one.quantity == limit.quantity and limit.holds_for(one.diameter_mm)
        }
        for label, diameter_mm in _places(limit, conditions.phantom):
            value = found.get(label)
            reason = (
                changed(conditions.doubt, _without_end)
                or _why_not(value, limit, conditions)
                or unmet
            )
            yield _compared(profile.name, limit, (label, diameter_mm), value, reason)


def _places(limit: Limit, phantom: Phantom) -> list[tuple[str, float | None]]:
    """The spheres that a limit is meant for; one place without label for one of the scan."""
    if limit.diameter_mm is None:
        return [('', None)]
    hot_only = QUANTITY_OF[limit.quantity].part == 'recovery'
    return [
        (insert.label, insert.diameter_mm)
        for insert in phantom.used_inserts
        if limit.holds_for(insert.diameter_mm) and (insert.hot or not hot_only)
    ]


def _why_not(value: Value | None, limit: Limit, conditions: Conditions) -> str:
    """Why a value may not be judged; empty if it may."""
    if limit.of == 'change_percent' and conditions.no_change:
        return conditions.no_change
    if value is None:
        return conditions.missing(limit.quantity)
    return next((Flag(one).text for one in value.flags if Flag(one) in DOUBTED_LABELS), '')


def _compared(
    profile: str, limit: Limit, place: tuple[str, float | None], value: Value | None, reason: str
) -> Judged:
    number = None if value is None else value.value
    changed = limit.of == 'change_percent'
    return Judged(
        *place,
        value=number,
        unit='%' if changed else QUANTITY_OF[limit.quantity].unit,
        of=limit.of,
        verdict=verdict(number, limit, profile, reason),
        flags=() if value is None else tuple(map(Flag, value.flags)),
    )
