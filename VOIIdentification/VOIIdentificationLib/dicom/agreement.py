"""One value for a whole series: the facts of all its slices, reduced as the table says."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from ..core.errors import SeriesError, SUVError
from ..core.sentence import joined, sentences
from .attributes import (
    CONTENT,
    RECONSTRUCTION,
    Attribute,
    Policy,
    attribute,
    has_one_value,
    known,
    tag_text,
    with_policy,
)
from .clock import calendar_day, instant_of, time_of_day
from .header import Header, as_number
from .slices import PETSlice

_ = sentences(__name__)

_ONE_TIME = ('DYNAMIC', 'GATED')
"""First values of SeriesType (0054,1000) that say that there are several images of one place."""

_TIMES_OF_A_FRAME = (
    *('AcquisitionDate', 'AcquisitionTime', 'FrameReferenceTime', 'ActualFrameDuration'),
)
"""What the slices of one time share."""

_NAMES_SHOWN = 3

_Value = tuple[Hashable, ...]


class _Told(NamedTuple):
    """
    One value, and who has it.

    Attributes
    ----------
    value : tuple
        To be compared; empty where the header says nothing.

    text : str
        As messages show it.

    holders : list
        The slices or files that have it.
    """

    value: _Value
    text: str
    holders: list[PETSlice] | list[Header]

    @property
    def name(self) -> str:
        """The first of them."""
        return self.holders[0].name


def require_one_image(slices: Sequence[PETSlice]) -> None:
    """
    Refuse slices whose headers tell of different images.

    Parameters
    ----------
    slices : sequence of PETSlice
        Of one series.

    Raises
    ------
    SeriesError
        If they differ in a fact that the table wants to be one, or only some
        have it; the sentence names two files and their values.
    """
    for row in with_policy(Policy.REFUSE):
        _require(row, _told_by_slices(row.keyword, slices, row), Policy.REFUSE)
    _require_one_time(slices)


def require_one_scan(headers: Sequence[Header], leave_out: Sequence[str] = ()) -> None:
    """
    Refuse headers from which no single SUV follows.

    Parameters
    ----------
    headers : sequence of Header
        Of the files of one series.

    leave_out : sequence of str, optional
        Keywords of what does not matter to this series.

    Raises
    ------
    SUVError
        If they differ in a fact that the SUV needs, or only some have it.
    """
    for row in with_policy(Policy.NO_SUV):
        if row.sequence != CONTENT and row.keyword not in leave_out:
            _require(row, _told(row, headers), Policy.NO_SUV)


def require_scan_of_frames(slices: Sequence[PETSlice]) -> None:
    """
    Refuse frames of which only some have their times.

    Parameters
    ----------
    slices : sequence of PETSlice
        Of enhanced images.

    Raises
    ------
    SUVError
        The sentence names two frames.
    """
    for row in with_policy(Policy.NO_SUV):
        if row.sequence == CONTENT:
            _require(row, _told_by_slices(row.keyword, slices, row), Policy.NO_SUV)


def said_by_all(keyword: str, slices: Sequence[PETSlice]) -> tuple[bool, str]:
    """
    Whether an attribute of a series can be told from any of its slices.

    Parameters
    ----------
    keyword : str
        Its DICOM keyword.

    slices : sequence of PETSlice
        The series.

    Returns
    -------
    alike : bool
        Whether all slices say the same, which may be nothing.

    note : str
        Two slices and their values where the attribute then counts as missing;
        empty where something else speaks of it.
    """
    row = attribute(keyword)
    told = _told_by_slices(keyword, slices, row)
    return len(told) == 1, _problem(row, told, Policy.NOTHING)


def _told_by_slices(
    keyword: str, slices: Sequence[PETSlice], row: Attribute | None = None
) -> list[_Told]:
    """
    The different values that slices have of one attribute.

    Parameters
    ----------
    keyword : str
        Its DICOM keyword.

    slices : sequence of PETSlice
        The series.

    row : Attribute, optional
        Where the attribute stands, if not at the top level.

    Returns
    -------
    told : list of _Told
        In the order of the slices; one if all say the same.
    """
    own = _OF_SLICE.get(keyword)
    if own is None and row is not None and row.sequence in (CONTENT, RECONSTRUCTION):
        own = _content(keyword)
    if own is not None:
        return _gathered((plane, own(plane)) for plane in slices)
    files = {id(plane.file): plane.file for plane in slices}
    return _told(row or Attribute(keyword, '', '', '', *2 * (Policy.FIRST,)), list(files.values()))


def _told(row: Attribute, headers: Sequence[Header]) -> list[_Told]:
    """The different values in headers; values of equal bytes are looked at once."""
    by_bytes: dict[object, list[Header]] = {}
    for header in headers:
        by_bytes.setdefault(header.stored_bytes(row.sequence or row.keyword), []).append(header)
    if len(by_bytes) == 1:  # nearly always
        headers = headers[:1]
        by_bytes = {None: list(headers)}
    return _gathered(
        (header, value)
        for alike in by_bytes.values()
        for value in [_value(alike[0], row)]
        for header in alike
    )


def _gathered(values: Iterable[tuple[Any, tuple[_Value, str]]]) -> list[_Told]:
    told: dict[_Value, _Told] = {}
    for holder, (value, text) in values:
        if value not in told:
            told[value] = _Told(value, text, [])
        told[value].holders.append(holder)
    return list(told.values())


def _value(header: Header, row: Attribute) -> tuple[_Value, str]:
    if not row.sequence:
        return _comparable(header, row.keyword)
    found = [_comparable(item, row.keyword) for item in header.items(row.sequence)]
    value = tuple(one for one, _name in found)
    return (value if any(value) else ()), ', '.join(text for _name, text in found)


def _comparable(header: Header, keyword: str) -> tuple[_Value, str]:
    """Equal for values that mean the same; and the text of a message."""
    _tag, vr = known(keyword)
    if vr == 'SQ':
        items = [item.text('CodeValue') or 'present' for item in header.items(keyword)]
        return tuple(items), ', '.join(items)
    texts = header.texts(keyword)
    values: list[Hashable] = [_read(vr, text) for text in texts]
    if keyword == 'CorrectedImage':
        values = sorted(set(values), key=str)
    return (tuple(values) if any(texts) else ()), ', '.join(texts)


def _read(vr: str, text: str) -> Hashable:
    """A value that is equal for texts that mean the same; the text itself if it is odd."""
    found = _READ[vr](text) if vr in _READ else None
    return text.upper() if found is None else found


def _number(text: str) -> Hashable:
    number = as_number(text)
    return None if number is None else ('number', number)


_READ: dict[str, Callable[[str], Hashable]] = {
    **dict.fromkeys(('DS', 'IS', 'FD', 'FL', 'US', 'UL'), _number),
    'DA': calendar_day,
    'TM': time_of_day,
    'DT': instant_of,
}
"""How texts of a value representation are made comparable."""


def _content(keyword: str) -> Callable[[PETSlice], tuple[_Value, str]]:
    def _of(plane: PETSlice) -> tuple[_Value, str]:
        text = dict(plane.facts).get(keyword, '')
        return ((text,) if text else ()), text

    return _of


def _given(what: str) -> Callable[[PETSlice], tuple[_Value, str]]:
    """Whether a slice has it: its value is its own."""

    def _of(plane: PETSlice) -> tuple[_Value, str]:
        given = getattr(plane, f'has_{what}')
        return ((True,), f'{getattr(plane, what):g}') if given else ((), '')

    return _of


def _units_of_slice(plane: PETSlice) -> tuple[_Value, str]:
    several = plane.file.texts('Units')
    if len(several) > 1:
        return several, ', '.join(several)
    return ((plane.units,) if plane.units else ()), plane.units


_OF_SLICE: dict[str, Callable[[PETSlice], tuple[_Value, str]]] = {
    'RescaleSlope': _given('slope'),
    'RescaleIntercept': _given('intercept'),
    'Units': _units_of_slice,
    'ImagePositionPatient': lambda plane: ((True,), ''),
    'ImageOrientationPatient': lambda plane: ((True,), ''),
    'PixelSpacing': lambda plane: ((True,), ''),
}
"""Facts that the reader of a slice has found already, in whatever place they stand."""


def _require(row: Attribute, told: Sequence[_Told], policy: Policy) -> None:
    problem = _several(row, told) or _problem(row, told, policy)
    if problem and policy is Policy.NO_SUV:
        msg = _('SUV refused: {problem}').format(problem=problem)
        raise SUVError(msg)
    if problem:
        raise SeriesError(joined((problem, '.'), ''))


def _several(row: Attribute, told: Sequence[_Told]) -> str:
    """What is wrong, if one slice gives several values where DICOM knows one."""
    if not has_one_value(row.keyword):
        return ''
    for one in told:
        parts = one.value if row.sequence and row.sequence != CONTENT else (one.value,)
        if any(isinstance(part, tuple) and len(part) > 1 for part in parts):
            return _('{name} has several values of {tag}, which has one: {values}').format(
                name=one.name, tag=tag_text(row.keyword), values=one.text
            )
    return ''


def _problem(row: Attribute, told: Sequence[_Told], policy: Policy) -> str:
    """What is wrong, if slices do not say the same and the table minds."""
    if len(told) < 2:
        return ''
    there = [one for one in told if one.value]
    lacking = next((one for one in told if not one.value), None)
    if lacking is not None and row.partly is policy:
        return _(
            'the slices of the series differ in {tag}: {first} has {first_text}, {others} none; '
            '{advice}'
        ).format(
            tag=tag_text(row.keyword),
            first=there[0].name,
            first_text=there[0].text,
            others=_list(lacking.holders),
            advice=_ADVICE.get(policy, _('export the series again from its source')),
        )
    if len(there) > 1 and row.differs is policy:
        first, other = there[:2]
        return _(
            'the slices of the series differ in {tag}: {first} has {first_text}, {other} has '
            '{other_text}; {advice}'
        ).format(
            tag=tag_text(row.keyword),
            first=first.name,
            first_text=first.text,
            other=other.name,
            other_text=other.text,
            advice=_ADVICE.get(policy, _('put each image into a series of its own')),
        )
    return ''


_ADVICE = {Policy.NOTHING: _('it counts as unknown')}


def _list(holders: Sequence[PETSlice] | Sequence[Header]) -> str:
    names = ', '.join(holder.name for holder in holders[:_NAMES_SHOWN])
    more = len(holders) - _NAMES_SHOWN
    if more > 0:
        names = _('{names} and {more} more').format(names=names, more=more)
    return joined((names, _('has') if len(holders) == 1 else _('have')))


def _require_one_time(slices: Sequence[PETSlice]) -> None:
    """Slices of a dynamic or gated series must be of one time point or gate."""
    file = slices[0].file
    kind = file.text('SeriesType').upper()
    several = (file.number('NumberOfTimeSlices') or 0) > 1
    if kind not in _ONE_TIME and not several:
        return
    for keyword in _TIMES_OF_A_FRAME:
        told = _told_by_slices(keyword, slices)
        if len(told) > 1:
            first, other = told[:2]
            msg = _(
                'the series is {kind}, and its slices are of several times: {first} has {tag} '
                '{first_text}, {other} has {other_text}; export the one to measure as its own '
                'series.'
            ).format(
                kind=kind.lower() if kind in _ONE_TIME else _('dynamic'),
                first=first.name,
                tag=tag_text(keyword),
                first_text=first.text or _('none'),
                other=other.name,
                other_text=other.text or _('none'),
            )
            raise SeriesError(msg)
