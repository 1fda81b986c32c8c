"""
Which results are replicates of each other.

Scans of one scanner, reconstruction and fill are averaged. Two
reconstructions of one acquisition never are, since they share their noise;
nor is a scan whose kind is not known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ..core.errors import InputFileError
from ..core.sentence import sentences
from ..files.target import real_path
from .signature import UNKNOWN
from .stored import StoredResults

_ = sentences(__name__)


@dataclass(frozen=True)
class Group:
    """
    Results that are averaged, or one that stands alone.

    Attributes
    ----------
    name : str
        For tables and legends.

    members : tuple of StoredResults
        At least one.

    reason : str
        Why they are averaged, or why not.
    """

    name: str
    members: tuple[StoredResults, ...]
    reason: str

    @property
    def acquisitions(self) -> set[str]:
        """The measurements behind the members, as far as they are known."""
        return {one.signature.acquisition for one in self.members} - {UNKNOWN}


def form_groups(
    results: Sequence[StoredResults], said: Sequence[Sequence[StoredResults]] = ()
) -> tuple[Group, ...]:
    """
    Sort results into groups of replicates.

    Parameters
    ----------
    results : sequence of StoredResults
        Grouped by what their headers say.

    said : sequence of sequence of StoredResults, optional
        Replicates because the user says so.

    Returns
    -------
    groups : tuple of Group
        Those of the user first, then in the order of the results; names are unique.

    Raises
    ------
    InputFileError
        If the same results are given twice, or the user's replicates are of
        one acquisition.
    """
    every = _named([one for part in (*said, results) for one in part])
    _refuse_twice(every)
    groups, start = [], 0
    for part in said:
        members = every[start : start + len(part)]
        groups.append(_group_of_user(members))
        start += len(part)
    return (*groups, *_groups_of_headers(every[start:]))


def find_group(groups: Sequence[Group], wanted: str) -> Group:
    """
    The group that a name means.

    Parameters
    ----------
    groups : sequence of Group
        All groups.

    wanted : str
        Name of a group or of a member, or a path as it was given; empty for the first group.

    Returns
    -------
    group : Group
        The one that is meant.

    Raises
    ------
    InputFileError
        If there is none.
    """
    if not wanted:
        return groups[0]
    for group in groups:
        names = {group.name, *(one.name for one in group.members)}
        paths = {str(p) for one in group.members for p in (one.path, one.path.parent)}
        if wanted.rstrip('/') in names | paths:
            return group
    known = ', '.join(repr(group.name) for group in groups)
    msg = _('there is no result named {wanted!r} to be the reference; there are {known}').format(
        wanted=wanted, known=known
    )
    raise InputFileError(msg)


def _named(results: Sequence[StoredResults]) -> list[StoredResults]:
    """Two folders of one name are told apart by those above them."""
    while True:
        names = Counter(one.name for one in results)
        if max(names.values(), default=1) == 1:
            return list(results)
        longer = [_longer(one) if names[one.name] > 1 else one for one in results]
        if longer == list(results):
            return [replace(one, name=f'{one.name} ({n})') for n, one in enumerate(results, 1)]
        results = longer


def _longer(one: StoredResults) -> StoredResults:
    parts = real_path(one.path).parent.parts
    count = one.name.count('/') + 2
    return one if count > len(parts) - 1 else replace(one, name='/'.join(parts[-count:]))


def _refuse_twice(results: Sequence[StoredResults]) -> None:
    seen: dict[str, StoredResults] = {}
    for one in results:
        other = seen.setdefault(one.results_sha256, one)
        if other is not one:
            msg = _('{path} and {other} hold the same results; give them once').format(
                path=one.path, other=other.path
            )
            raise InputFileError(msg)


def _group_of_user(members: Sequence[StoredResults]) -> Group:
    voxels = Counter(one.voxels_sha256 for one in members)
    acquisitions = Counter(one.signature.acquisition for one in members)
    del acquisitions[UNKNOWN]
    if max([*voxels.values(), *acquisitions.values()]) > 1:
        names = ', '.join(one.name for one in members)
        msg = _(
            '{names} are not replicates: two of them are of one acquisition, which share their '
            'noise. Give one of them.'
        ).format(names=names)
        raise InputFileError(msg)
    return Group(
        _name(members),
        tuple(members),
        f'{len(members)} replicates, as the user says',
    )


def _groups_of_headers(results: Sequence[StoredResults]) -> Iterator[Group]:
    kinds: dict[tuple[str, ...], list[StoredResults]] = {}
    for one in results:
        kind = one.signature
        alone = () if kind.known else (str(one.path), one.results_sha256)
        kinds.setdefault((kind.scanner, kind.reconstruction, kind.fill, *alone), []).append(one)
    for members in kinds.values():
        yield from _groups_of_kind(members)


def _groups_of_kind(members: Sequence[StoredResults]) -> Iterator[Group]:
    kind = members[0].signature
    if not kind.known:
        missing = ', '.join(kind.missing)
        yield Group(
            members[0].name,
            (members[0],),
            f'not averaged with any: unknown are {missing}',
        )
        return
    shared = Counter(one.signature.acquisition for one in members)
    separate = [one for one in members if shared[one.signature.acquisition] == 1]
    if separate:
        count = f'{len(separate)} replicates' if len(separate) > 1 else 'the only one of its kind'
        yield Group(_name(separate), tuple(separate), f'{count}: {kind.text}')
    for one in members:
        if one not in separate:
            yield Group(one.name, (one,), 'not averaged: another result is of its acquisition')


def _name(members: Sequence[StoredResults]) -> str:
    first, last = members[0].name, members[-1].name
    return first if len(members) == 1 else f'{first} … {last} (n = {len(members)})'
