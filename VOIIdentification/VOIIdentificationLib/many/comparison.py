"""A comparison of results, written: one workbook and one page, both or neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import OutputError
from ..core.sentence import sentences
from ..files.atomic import transaction
from ..files.target import earlier_files, require_folder
from .comparison_page import comparison_page
from .comparison_workbook import write_workbook
from .differences import Difference, differences
from .groups import Group

_ = sentences(__name__)

WORKBOOK, PAGE = 'comparison.xlsx', 'comparison.html'


@dataclass(frozen=True)
class Comparison:
    """
    Groups of results against one of them.

    Attributes
    ----------
    groups : tuple of Group
        All groups.

    reference : Group
        The one the others are compared with.

    differences : tuple of Difference
        Of every other group.
    """

    groups: tuple[Group, ...]
    reference: Group
    differences: tuple[Difference, ...]


def compare(groups: Sequence[Group], reference: Group) -> Comparison:
    """
    Compare groups of results.

    Parameters
    ----------
    groups : sequence of Group
        From `form_groups`.

    reference : Group
        One of them.

    Returns
    -------
    comparison : Comparison
        With every difference.
    """
    return Comparison(tuple(groups), reference, differences(groups, reference))


def check_target(directory: Path, *, overwrite: bool) -> tuple[Path, ...]:
    """
    Refuse a folder that could not be written to, before any work is done.

    Parameters
    ----------
    directory : `pathlib.Path`
        Where the files are to go.

    overwrite : bool
        Whether an earlier comparison may be replaced.

    Returns
    -------
    old : tuple of `pathlib.Path`
        Files of an earlier comparison, relative to the folder.

    Raises
    ------
    OutputError
        If something is in the way.
    """
    require_folder(directory, _('the comparison'))
    old = earlier_files(directory, (WORKBOOK, PAGE))
    if old and not overwrite:
        msg = _(
            '{directory} holds a comparison already. Choose another folder, or allow overwriting '
            '(--overwrite on the command line).'
        ).format(directory=directory)
        raise OutputError(msg)
    return old


def write_comparison(comparison: Comparison, directory: Path, *, overwrite: bool = False) -> None:
    """
    Write the workbook and the page.

    Parameters
    ----------
    comparison : Comparison
        What is compared.

    directory : `pathlib.Path`
        The folder; made if it is missing.

    overwrite : bool, optional
        Whether an earlier comparison may be replaced.

    Raises
    ------
    OutputError
        If something is in the way, or a file cannot be written. The folder
        is then as it was before.
    """
    old = check_target(directory, overwrite=overwrite)
    parts = comparison.groups, comparison.reference, comparison.differences
    with transaction(directory, _('the comparison')) as files:
        (files.new / PAGE).write_text(comparison_page(*parts), encoding='utf-8', errors='replace')
        write_workbook(files.new / WORKBOOK, *parts)
        files.commit(old)
