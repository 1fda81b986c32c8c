"""Several images of one place: times and gates of a series, and copies of a slice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ..core.errors import SeriesError
from ..core.sentence import joined, sentences
from .attributes import WANTED, tag_text
from .clock import iso_datetime
from .grid import same_plane_groups, slice_heights_mm
from .header import MS_PER_S, as_number
from .pixels import PixelReader
from .slices import PETSlice

_ = sentences(__name__)

_SAME_POSITION_MM = 0.01
"""Copies of a slice are not farther apart."""

_LOST_PLACES = 2
"""So many others in the place of a slice are not two reconstructions under one UID."""

_NAMED_BY = (
    ('TemporalPositionIndex',),
    ('TemporalPositionIdentifier',),
    ('FrameReferenceTime',),
    ('TriggerTime',),
    ('FrameReferenceTime', 'TriggerTime'),
    ('FrameAcquisitionDateTime',),
    ('FrameReferenceDateTime',),
    ('AcquisitionDate', 'AcquisitionTime'),
    ('AcquisitionNumber',),
)
"""
What may tell frames apart. Whatever divides the slices into whole volumes counts
(PS3.3, C.8.9.1 and C.8.9.4); if two of them divide them differently nothing does.
"""

_PHRASES = {
    _('frame reference time {time:g} s'): ('FrameReferenceTime',),
    _('{time:g} s after the trigger'): ('TriggerTime',),
    _('{time:g} s long'): ('ActualFrameDuration', 'FrameAcquisitionDuration'),
}
"""How times in milliseconds are told; of several entries a file has one."""

_SHOWN = 12
"""Frames that a refusal lists before it only counts."""

_Key = tuple[float | str, ...]


class TimeFrame(NamedTuple):
    """
    One time or gate of a series: a whole volume.

    Attributes
    ----------
    slices : list of PETSlice
        In the order of k.

    text : str
        When it was, e.g. ``'from 2026-03-01 10:25:00, 600 s long'``.
    """

    slices: list[PETSlice]
    text: str


def time_frames(ordered: Sequence[PETSlice]) -> tuple[TimeFrame, ...]:
    """
    The times or gates of a series.

    Parameters
    ----------
    ordered : sequence of PETSlice
        All slices of a series, in the order of k.

    Returns
    -------
    frames : tuple of TimeFrame
        In their order; none if the series is static, or nothing in the headers
        divides its slices into volumes of the same planes.

    Raises
    ------
    SeriesError
        If two entries of the headers divide them in different ways.
    """
    if len(same_plane_groups(ordered)) == len(ordered):
        return ()
    found = [(name, parts) for name, parts in _divisions(ordered) if _are_volumes(parts)]
    if not found:
        return ()
    name, parts = found[0]
    members = {frozenset(map(id, part)) for part in parts}
    for other, differing in found[1:]:
        if {frozenset(map(id, part)) for part in differing} != members:
            msg = _(
                '{name} and {other} divide the slices of the series into different frames; export '
                'the one to measure as its own series.'
            ).format(name=tag_text(name), other=tag_text(other))
            raise SeriesError(msg)
    return tuple(TimeFrame(part, _when(part)) for part in parts)


def one_of_frames(
    ordered: Sequence[PETSlice], number: int | None
) -> tuple[list[PETSlice], tuple[str, ...]]:
    """
    The slices of one time or gate.

    Parameters
    ----------
    ordered : sequence of PETSlice
        All slices of a series, in the order of k.

    number : int or None
        Which frame, from 1; None for a series that has one.

    Returns
    -------
    slices : list of PETSlice
        In the order of k.

    notes : tuple of str
        Which frame it is, if there are several.

    Raises
    ------
    SeriesError
        If there are several and none was named, or none has the number.
    """
    frames = time_frames(ordered)
    if not frames and number in (None, 1):
        return list(ordered), ()
    if not frames:
        without_copies(ordered)  # tells of images that nothing divides into frames
    if number is None or number > len(frames):
        raise SeriesError(_list_of(frames, number))
    frame = frames[number - 1]
    return frame.slices, (
        _('Frame {number} of {count} of the series: {frame}.').format(
            number=number, count=len(frames), frame=frame.text
        ),
    )


def _list_of(frames: Sequence[TimeFrame], number: int | None) -> str:
    if not frames:
        return _('the series has no frame {number}: it holds one image; leave out --frame.').format(
            number=number
        )
    shown = [joined((str(n), one.text), ': ') for n, one in enumerate(frames[:_SHOWN], start=1)]
    more = len(frames) - _SHOWN
    rest = [_('and {more} more').format(more=more)] if more > 0 else []
    listed = joined([*shown, *rest], '; ')
    lacking = '' if number is None else _(', no frame {number}').format(number=number)
    return _(
        'the series holds {count} time frames or gates{lacking}: {listed}. Name the one to measure '
        '(--frame N; --each-frame measures all), or export it as its own series.'
    ).format(count=len(frames), lacking=lacking, listed=listed)


def _divisions(ordered: Sequence[PETSlice]) -> list[tuple[str, list[list[PETSlice]]]]:
    """Slices by what each entry says; the order of frames is that of its numbers."""
    rules: list[tuple[str, Callable[[PETSlice], _Key]]] = [
        (keywords[-1], _key_of(keywords)) for keywords in _NAMED_BY
    ]
    rules.append(('ImageIndex', _by_image_index))
    divisions = []
    for name, key_of in rules:
        parts: dict[_Key, list[PETSlice]] = {}
        for plane in ordered:
            parts.setdefault(key_of(plane), []).append(plane)
        if len(parts) > 1 and not any('' in key for key in parts):
            divisions.append((name, [parts[key] for key in sorted(parts, key=_as_order)]))
    return divisions


def _key_of(keywords: tuple[str, ...]) -> Callable[[PETSlice], _Key]:
    return lambda plane: tuple(_value(plane, keyword) for keyword in keywords)


def _value(plane: PETSlice, keyword: str) -> float | str:
    text = _text(plane, keyword)
    number = as_number(text)
    return text if number is None else number


def _text(plane: PETSlice, keyword: str) -> str:
    """Of the frame itself in an enhanced image, whose files do not say it at the top."""
    own = dict(plane.facts).get(keyword, '')
    return own or (plane.file.text(keyword) if keyword in WANTED else '')


def _by_image_index(plane: PETSlice) -> _Key:
    """Slices are counted through, frame after frame (PS3.3, C.8.9.4.1.9)."""
    index, count = plane.file.integer('ImageIndex'), plane.file.integer('NumberOfSlices')
    return ('',) if not index or not count else (float((index - 1) // count),)


def _as_order(key: _Key) -> tuple[tuple[int, float, str], ...]:
    return tuple((1, 0.0, one) if isinstance(one, str) else (0, one, '') for one in key)


def _are_volumes(parts: Sequence[Sequence[PETSlice]]) -> bool:
    """Whether each part has one slice in each of the same planes."""
    heights = [slice_heights_mm(part) for part in parts]
    return all(
        len(one) == len(heights[0])
        and np.abs(one - heights[0]).max() < _SAME_POSITION_MM
        and len(same_plane_groups(part)) == len(part)
        for one, part in zip(heights, parts, strict=True)
    )


def _when(part: Sequence[PETSlice]) -> str:
    """Start, gate and duration, as far as the first slice says them."""
    plane = part[0]
    start = iso_datetime(plane.file.text('AcquisitionDate'), plane.file.text('AcquisitionTime'))
    whole = _text(plane, 'FrameAcquisitionDateTime') or _text(plane, 'FrameReferenceDateTime')
    if whole:
        start = iso_datetime(whole[:8], whole[8:].split('+')[0].split('-')[0])
    said = [
        start and _('from {start}').format(start=start.replace('T', ' ')),
        *(
            phrase.format(time=number / MS_PER_S)
            for phrase, keywords in _PHRASES.items()
            for number in [as_number(''.join(_text(plane, one) for one in keywords))]
            if number is not None
        ),
    ]
    return joined(filter(None, said), ', ') or _('time unknown')


def without_copies(ordered: Sequence[PETSlice]) -> tuple[list[PETSlice], list[str]]:
    """
    One slice for each plane.

    Parameters
    ----------
    ordered : sequence of PETSlice
        In the order of k.

    Returns
    -------
    kept : list of PETSlice
        One a plane.

    dropped : list of str
        Names of the copies.

    Raises
    ------
    SeriesError
        If two different images lie in one place.
    """
    kept, dropped = [], []
    for first, *others in same_plane_groups(ordered):
        kept.append(first)
        for other in others:
            if not _same_image(first, other):
                _require_places([first, *others])
                raise _two_images(first, other, float(slice_heights_mm([first])[0]))
            dropped.append(other.name)
    return kept, dropped


def _same_image(first: PETSlice, other: PETSlice) -> bool:
    apart = np.subtract(first.position_lps_mm, other.position_lps_mm)
    if float(np.linalg.norm(apart)) > _SAME_POSITION_MM:
        return False
    images = np.empty((2, *first.shape), np.float32)
    PixelReader().read_into(first, images[0])
    PixelReader().read_into(other, images[1])
    return np.array_equal(images[0], images[1])


def _require_places(group: Sequence[PETSlice]) -> None:
    """Many images in one place, without a time that tells them apart, have lost their places."""
    first, others = group[0], group[1:]
    places = {plane.position_lps_mm for plane in group}
    if (
        len(others) < _LOST_PLACES
        or len(places) > 1
        or any(one.facts != first.facts for one in others)
    ):
        return
    x, y, z = first.position_lps_mm
    msg = _(
        '{count} slices of the series lie at one position: {tag} is {x:.2f}, {y:.2f}, {z:.2f} in '
        '{first}, {second} and {third}, and no time tells them apart; export the series again from '
        'its source.'
    ).format(
        count=len(group),
        tag=tag_text('ImagePositionPatient'),
        x=x,
        y=y,
        z=z,
        first=first.name,
        second=others[0].name,
        third=others[1].name,
    )
    raise SeriesError(msg)


def _two_images(first: PETSlice, other: PETSlice, height_mm: float) -> SeriesError:
    differing = [
        _('{name} {value} and {other}').format(
            name=name, value=value or _('none'), other=dict(other.facts).get(name) or _('none')
        )
        for name, value in first.facts
        if value != dict(other.facts).get(name)
    ]
    kind = ' '.join(first.file.texts('SeriesType'))
    types = [_('series type {kind}').format(kind=kind)] if kind else []
    facts = joined([*types, *differing], ', ')
    msg = _(
        '{first} and {other} hold different images of one plane, {height:.2f} mm along the '
        'normal{facts}: the series has several time points, gates or acquisitions; export the one '
        'to measure as its own series.'
    ).format(
        first=first.name,
        other=other.name,
        height=height_mm,
        facts=joined((' (', facts, ')'), '') if facts else '',
    )
    return SeriesError(msg)
