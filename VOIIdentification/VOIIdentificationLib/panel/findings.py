"""What was found, in words: the verdict first, then every doubt with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import zip_longest
from typing import NamedTuple
from urllib.parse import quote, unquote

from slicer.i18n import tr as _

from ..core.flags import Flag
from ..core.image import UNKNOWN_UNIT
from ..evaluate.limits import QUANTITY_NAMES
from ..evaluate.verdict import Verdict
from ..mrml.outputs import OutputNodes
from ..mrml.said import translated
from ..mrml.tables import texts_of_column
from ..report.table import VALUE_UNIT, unit_text
from ..results import AnalysisResult
from .cylinder import bias_text, cylinder_text, shown_cylinder
from .ways_out import way_out


class Line(NamedTuple):
    """
    One line of a group.

    Attributes
    ----------
    text : str
        What is said.

    names : tuple of str
        Spheres and ROIs that it is said of; a click on one goes there.
    """

    text: str
    names: tuple[str, ...] = ()


class Group(NamedTuple):
    """
    Lines under a title.

    Attributes
    ----------
    title : str
        Empty for lines that need none.

    lines : tuple of Line
        In the order shown.
    """

    title: str
    lines: tuple[Line, ...]


def findings(
    result: AnalysisResult | None, *, changed: bool, shown: Sequence[str | Line] = ()
) -> tuple[Group, ...]:
    """
    What was found, and every reason to doubt it.

    Parameters
    ----------
    result : AnalysisResult or None
        The last measurement.

    changed : bool
        Whether something that it depends on was changed since.

    shown : sequence of str or Line, optional
        From `shown_in_tables`, which may hold an earlier result.

    Returns
    -------
    groups : tuple of Group
        The verdict, what was measured, doubts; none of them empty.
    """
    if result is None:
        return (_group('', shown or [_('Nothing measured yet.')]),)
    stale = [_('Something was changed since: press Apply again.')] if changed else []
    wrong = [
        _('Contradiction: {text}').format(text=translated(text)) for text in result.contradictions
    ]
    verdict = [*verdict_text(result).splitlines(), *wrong]
    doubts = [one for one in _doubts(result) if one.lines]
    said = tuple(result.contradictions)
    notes = [translated(one) for one in result.notes if not one.endswith(said)]
    found = [_count_text(result), *notes]
    if not doubts:
        found.append(_('Nothing is doubted.'))
    groups = (_group('', stale), _group(_('Verdict'), verdict), _group(_('Measured'), found))
    return (*(one for one in groups if one.lines), *doubts)


def as_html(groups: Iterable[Group]) -> str:
    """
    Groups as rich text.

    Parameters
    ----------
    groups : iterable of Group
        From `findings`.

    Returns
    -------
    html : str
        A paragraph a group; names are links to themselves.
    """
    return ''.join(f'<p>{"<br>".join(_group_lines(group))}</p>' for group in groups)


def name_of_link(link: str) -> str:
    """
    The name that a link of `as_html` leads to.

    Parameters
    ----------
    link : str
        As Qt tells it, which decodes some characters and leaves others.

    Returns
    -------
    name : str
        Of a sphere or a ROI.
    """
    return unquote(link)


def _link(name: str) -> str:
    """Qt would take ``S:13`` for a scheme, and ``50%`` for something encoded."""
    return f'<a href="{quote(name, safe="")}">{escape(name)}</a>'


def _group_lines(group: Group) -> Iterator[str]:
    if group.title:
        yield f'<b>{escape(group.title)}</b>'
    for line in group.lines:
        names = ', '.join(map(_link, line.names))
        yield f'{names}: {escape(line.text)}' if names else escape(line.text)


def _group(title: str, lines: Iterable[str | Line]) -> Group:
    return Group(title, tuple(Line(one) if isinstance(one, str) else one for one in lines))


def _doubts(result: AnalysisResult) -> Iterator[Group]:
    spheres = [*_of_all(_sphere_flags_of_all(result)), *_by_flag(_flags_of_spheres(result))]
    yield Group(_('Doubts: spheres'), tuple(spheres))
    background = [
        *_of_all(_background_flags_of_all(result)),
        *_by_flag(_flags_of_background(result)),
        *_by_flag(_flags_of_rois(result)),
    ]
    yield Group(_('Doubts: background'), tuple(background))
    yield Group(_('Doubts: header and voxels'), tuple(_of_all(_flags_of_header(result))))


def _count_text(result: AnalysisResult) -> str:
    if result.cylinder is not None:
        return cylinder_text(result.cylinder, unit_text(VALUE_UNIT, result.image.unit))
    count, unit = len(result.spheres), result.image.unit
    if unit == UNKNOWN_UNIT:
        return _('{count} inserts measured; the unit of the values is not known.').format(
            count=count
        )
    return _('{count} inserts measured in {unit}.').format(count=count, unit=unit)


def shown_in_tables(outputs: OutputNodes) -> tuple[str | Line, ...]:
    """
    What the tables of the scene hold, in words.

    Parameters
    ----------
    outputs : OutputNodes
        Of an analysis that may have been made long ago.

    Returns
    -------
    lines : tuple of str or Line
        A line a sphere, with its mean and the reasons to doubt it; none if
        there is no table of spheres.
    """
    spheres = outputs.tables.get('spheres')
    if spheres is None:
        return shown_cylinder(outputs)
    columns = (texts_of_column(spheres, key) for key in ('label', 'mean', 'flags'))
    unit = spheres.GetColumnUnitLabel('mean')
    lines: list[str | Line] = [
        _('Measured before this session; press Apply to export or to judge it again.')
    ]
    # Columns may have been removed by hand.
    for label, mean, doubts in zip_longest(*columns, fillvalue=''):
        line = _('mean {mean} {unit}').format(mean=mean, unit=unit).strip() if mean else ''
        lines.append(Line('; '.join(filter(None, (line, doubts))), (label,) if label else ()))
    return tuple(lines)


def roi_doubts(result: AnalysisResult | None) -> list[str]:
    """
    What to think of the background ROIs.

    Parameters
    ----------
    result : AnalysisResult or None
        The last measurement.

    Returns
    -------
    lines : list of str
        One a kind of doubt, with the names of the ROIs.
    """
    if result is None or result.nema is None:
        return []
    named = [f'{", ".join(one.names)}: {one.text}' for one in _by_flag(_flags_of_rois(result))]
    return [*(one.text for one in _of_all(_background_flags_of_all(result))), *named]


def verdict_text(result: AnalysisResult | None) -> str:
    """
    The overall verdict with its reasons, and what the standards say of the recovery.

    Parameters
    ----------
    result : AnalysisResult or None
        The last measurement.

    Returns
    -------
    text : str
        A line a standard: how many coefficients are within their limits, which
        are not, and what must be said of the limits.
    """
    if result is None:
        return _('judged after Apply')
    lines, verdicts = _overall(result), _verdicts(result)
    if result.cylinder is not None:
        return '\n'.join([*lines, bias_text(result.cylinder)])
    if not verdicts and not lines:
        return _('no verdict: the activity is unknown, or the values are not in Bq/mL')
    return '\n'.join([*lines, *(_standard_line(name, ones) for name, ones in verdicts.items())])


def _overall(result: AnalysisResult) -> list[str]:
    """Of the limits that were chosen; none without limits."""
    found = result.verdict
    if not found.outcomes:
        return []
    head = _('Overall verdict: {level}').format(level=translated(found.level.text))
    return [head, *map(translated, found.reasons)]


def _verdicts(result: AnalysisResult) -> dict[str, list[tuple[str, Verdict]]]:
    """By standard: labels of spheres, and what is said of each of their coefficients."""
    by_standard: dict[str, list[tuple[str, Verdict]]] = {}
    for sphere in result.recovery.spheres if result.recovery is not None else ():
        for verdict in sphere.verdicts:
            by_standard.setdefault(verdict.standard, []).append((sphere.label, verdict))
    return by_standard


def _standard_line(standard: str, verdicts: list[tuple[str, Verdict]]) -> str:
    counts = []
    for quantity, name in QUANTITY_NAMES.items():
        ones = [
            (label, one.passed)
            for label, one in verdicts
            if one.quantity == quantity and not one.not_judged
        ]
        outside = [label for label, passed in ones if not passed]
        if ones:
            count = _('{name} {passed} of {all} within').format(
                name=name, passed=len(ones) - len(outside), all=len(ones)
            )
            counts.append(f'{count} ({_("not")} {", ".join(outside)})' if outside else count)
    reasons: dict[str, dict[str, None]] = {}
    for label, one in verdicts:
        if one.not_judged:
            reasons.setdefault(one.not_judged, {})[label] = None
    counts += [
        _('{spheres} not judged: {reason}').format(
            spheres=', '.join(labels), reason=translated(reason)
        )
        for reason, labels in reasons.items()
    ]
    notes = dict.fromkeys(one.note for _label, one in verdicts if one.note)
    line = f'{standard}: {", ".join(counts)}.'
    return ' '.join([line, *(_('Limits {note}.').format(note=note) for note in notes)])


def _as_sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + '.'


def _with_way_out(flag: Flag, text: str) -> str:
    way = way_out(flag)
    return f'{text.removesuffix(".")}. {way}' if way else text


def _of_all(flags: Iterable[Flag]) -> list[Line]:
    """Doubts about the whole as sentences, each once."""
    whole = {translated(flag.text): flag for flag in flags}
    return [Line(_with_way_out(flag, _as_sentence(text))) for text, flag in whole.items()]


def _by_flag(flags: Iterable[tuple[str, Flag]]) -> list[Line]:
    """One line a flag, with the names of all that carry it."""
    names: dict[Flag, dict[str, None]] = {}
    for name, flag in flags:
        names.setdefault(flag, {})[name] = None
    return [
        Line(_with_way_out(flag, translated(flag.text)), tuple(ones))
        for flag, ones in names.items()
    ]


def _sphere_flags_of_all(result: AnalysisResult) -> Iterator[Flag]:
    if result.nema is not None:
        yield from (flag for flag in result.nema.flags if flag not in _named(result))
    if result.recovery is not None:
        yield from result.recovery.flags


def _background_flags_of_all(result: AnalysisResult) -> Iterator[Flag]:
    """Without those that are said with the names of ROIs."""
    if result.nema is not None:
        yield from (flag for flag in result.nema.placement.flags if flag not in _named(result))


def _flags_of_header(result: AnalysisResult) -> Iterator[Flag]:
    yield from result.flags
    if result.suv is not None:
        yield from result.suv.flags


def _named(result: AnalysisResult) -> set[Flag]:
    return {flag for _name, flag in _flags_of_rois(result)}


def _flags_of_spheres(result: AnalysisResult) -> Iterator[tuple[str, Flag]]:
    for voi in result.spheres if result.cylinder is None else result.vois:
        yield from ((voi.label, flag) for flag in voi.flags)
    for sphere in result.nema.spheres if result.nema is not None else ():
        yield from ((sphere.label, flag) for flag in sphere.flags)
    for recovered in result.recovery.spheres if result.recovery is not None else ():
        yield from ((recovered.label, flag) for flag in recovered.flags)


def _flags_of_background(result: AnalysisResult) -> Iterator[tuple[str, Flag]]:
    for voi in result.background:
        yield from ((voi.label, flag) for flag in voi.flags)


def _flags_of_rois(result: AnalysisResult) -> Iterator[tuple[str, Flag]]:
    for roi in result.nema.placement.rois if result.nema is not None else ():
        yield from ((roi.name, flag) for flag in roi.flags)
