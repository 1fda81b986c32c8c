"""
Files written beside their place and then moved into it: all of them, or none.

While a folder is written it holds a hidden one:

    DIR/.voi-identification/
        lock            held by the run that writes; a second one is refused
        new/            the new files; complete and on the disk before anything moves
        journal.json    what is to be moved; there only while files move; its twin beside it
        old/            the files that make way

A run that is killed before the journal stands has changed nothing. One that is
killed after it is completed, or undone where that is impossible, by the next
run into the folder, or by `recover`. Signals wait while files move.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from ..core.errors import OutputError
from ..core.sentence import joined, sentence_of, sentences
from .durable import (
    JOURNAL,
    JOURNAL_PART,
    JOURNAL_TWIN,
    Journal,
    read_journal,
    write_journal,
    write_through,
)
from .lock import BusyError, locked_folder
from .signals import committed_folders, mended, signals_deferred

_ = sentences(__name__)

WORK_FOLDER = '.voi-identification'
"""Name of the hidden folder; one for a single file begins with the name of that file."""

_NEW, _OLD = 'new', 'old'
_CLOSE_IT = _('Close the file in other programs, or choose a folder that you may write to.')
_ADVICE = {
    errno.ENOSPC: _('Free some space, or choose another folder.'),
    errno.EACCES: _CLOSE_IT,
    errno.EPERM: _CLOSE_IT,
}
_LEFT = _('what an earlier run left')
_OTHER_ADVICE = _('Choose another folder.')
_PATIENCE_S, _PAUSE_S = 1.0, 0.02
"""Moving the files of an analysis takes 5 ms, on a network drive 0.6 s."""

_MAX_NAME_CHARACTERS = 50
"""Of a file's name in that of its hidden folder: the system takes 255 bytes in all."""


class Transaction:
    """
    One run that writes files into a folder.

    Parameters
    ----------
    directory : `pathlib.Path`
        Where the files go.

    work : `pathlib.Path`
        The hidden folder beside them.

    Attributes
    ----------
    new : `pathlib.Path`
        Folder in which the caller writes the files, below the names that they are to have.
    """

    def __init__(self, directory: Path, work: Path) -> None:
        self.new = work / _NEW
        self._directory = directory
        self._work = work

    def commit(self, old: Iterable[Path] = ()) -> tuple[Path, ...]:
        """
        Put the new files into their places; undo all if one of them cannot go there.

        Parameters
        ----------
        old : iterable of `pathlib.Path`
            Files of an earlier run that make way, relative to the folder. A new
            file of the same name takes the place of an old one in any case.

        Returns
        -------
        paths : tuple of `pathlib.Path`
            The new files, in their places.

        Raises
        ------
        OSError
            If a file cannot be moved. Everything is then as it was.
        """
        names = _files_below(self.new)
        write_through(self.new)
        journal = Journal(tuple(path.as_posix() for path in old), names)
        with signals_deferred():
            _carry_out(journal, self._directory, self._work)
            committed_folders.append(self._directory)
        return tuple(self._directory / name for name in names)


@contextmanager
def transaction(directory: Path, what: str, *, file_name: str = '') -> Iterator[Transaction]:
    """
    Write files into a folder: all or nothing, and one run at a time.

    Parameters
    ----------
    directory : `pathlib.Path`
        Where the files go. It is made if it is missing, with those above it.

    what : str
        What is written, for messages, e.g. ``'the results'``.

    file_name : str, optional
        The one file that is written, if others may be written beside it at the
        same time.

    Yields
    ------
    transaction : Transaction
        Fill its folder `new`, then call `commit`; without that nothing changes.

    Raises
    ------
    OutputError
        If another run is writing there, or the system refuses.
    """
    with system_errors_named(directory, what):
        made = _make_folders(directory)
        try:
            work = directory / _work_name(file_name)
            with locked_folder(work):
                if any(work.joinpath(name).exists() for name in (_NEW, _OLD, JOURNAL)):
                    mended.append(_complete(directory, work))
                running = Transaction(directory, work)
                running.new.mkdir()
                try:
                    yield running
                finally:
                    with signals_deferred():
                        _clear(work)
        finally:
            with signals_deferred():
                _remove_made(made)


def recover(directory: Path, *, below: bool = False, reading: bool = False) -> tuple[str, ...]:
    """
    Complete or undo what a run left that was killed.

    Parameters
    ----------
    directory : `pathlib.Path`
        A folder that results were written to; it need not exist.

    below : bool, optional
        True looks into all folders below it too, and reports every run that goes on.

    reading : bool, optional
        True is enough for who reads: what has not begun to move files is
        cleared away where that is possible, and passed over where it is not.

    Returns
    -------
    sentences : tuple of str
        What was done, a sentence for each folder; empty if there was nothing to do.

    Raises
    ------
    OutputError
        If a run is writing there now, or the system refuses.
    """
    told: list[str] = []
    left, problems = _left_below(directory) if below else (_left(directory), [])
    for work in left:
        alone = work.name == WORK_FOLDER or below
        try:
            with system_errors_named(work.parent, _LEFT), _locked_when_moved(work):
                told.append(_complete(work.parent, work))
        except OutputError as error:  # the others are none the worse for it
            other = isinstance(error, BusyError) and not alone
            if os.path.lexists(work / JOURNAL) or not (reading or other):
                problems.append(sentence_of(error))
    mended.extend(told)
    if problems:
        raise OutputError(joined(problems))
    return tuple(told)


def _left(directory: Path) -> list[Path]:
    """Hidden folders of runs that go on, or were killed."""
    try:
        inside = [*directory.iterdir()]
    except OSError:  # missing, or not for us to see: who reads or writes it will say so
        return []
    return sorted(path for path in inside if _is_work(path.name))


def _left_below(directory: Path) -> tuple[list[Path], list[str]]:
    """Those of all folders below, too; a sentence about each folder that keeps its own."""
    left: list[Path] = []
    closed: list[OSError] = []
    for folder, below, _files in os.walk(directory, onerror=closed.append):
        left += [Path(folder, name) for name in below if _is_work(name)]
        below[:] = [name for name in below if not _is_work(name)]
    msg = _('{folder} cannot be looked into: {reason}.')
    return sorted(left), [
        msg.format(folder=error.filename, reason=error.strerror) for error in closed
    ]


def _is_work(name: str) -> bool:
    return name[0] == '.' and name.endswith(WORK_FOLDER)


@contextmanager
def _locked_when_moved(work: Path) -> Iterator[None]:
    """Where a run that goes on is just moving its files, wait a moment for it."""
    end_s = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with locked_folder(work):
                yield
            return
        except BusyError:
            if not os.path.lexists(work / JOURNAL) or time.monotonic() > end_s:
                raise
        time.sleep(_PAUSE_S)


@contextmanager
def system_errors_named(directory: Path, what: str) -> Iterator[None]:
    """
    Turn what the system says into what the user can do.

    Parameters
    ----------
    directory : `pathlib.Path`
        Where something is written.

    what : str
        What is written, e.g. ``'the results'``.

    Yields
    ------
    None
        The body is run once.

    Raises
    ------
    OutputError
        Instead of an `OSError` of the body.
    """
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, _OTHER_ADVICE)
        reason = error.strerror or str(error)
        msg = _('{what} cannot be written to {directory}: {reason}. {advice}').format(
            what=what, directory=directory, reason=reason, advice=advice
        )
        raise OutputError(msg) from error


def _carry_out(journal: Journal, directory: Path, work: Path) -> None:
    """Move all files, or put back what was moved; the journal stands as long as it takes."""
    write_journal(journal, work)
    if journal.forward:
        try:
            _advance(journal, directory, work)
        except OSError:
            _carry_out(replace(journal, forward=False), directory, work)
            raise
    else:
        _retreat(journal, directory, work)
    write_through(directory, recursive=False)
    (work / JOURNAL).unlink()


def _advance(journal: Journal, directory: Path, work: Path) -> None:
    for name in dict.fromkeys((*journal.old, *journal.new)):
        waiting = (work / _NEW / name).exists()
        if name in journal.new and not waiting:
            continue  # it stands in its place already
        if os.path.lexists(directory / name) and not (work / _OLD / name).exists():
            _move(directory / name, work / _OLD / name)
        if name not in journal.new:
            _remove_empty(directory / name, directory)
        if waiting:
            _move(work / _NEW / name, directory / name)


def _retreat(journal: Journal, directory: Path, work: Path) -> None:
    for name in journal.new:
        if not (work / _NEW / name).exists() and (directory / name).exists():
            _move(directory / name, work / _NEW / name)
            _remove_empty(directory / name, directory)
    for name in _files_below(work / _OLD):
        _move(work / _OLD / name, directory / name)


def _complete(directory: Path, work: Path) -> str:
    """Finish what a killed run had begun to move, and clear up after it."""
    journal = read_journal(work, work / _OLD)
    text = _('an interrupted run had changed nothing yet')
    if os.path.lexists(work / _OLD):  # only what moves makes that folder
        text = _('a run was interrupted while it cleared up')
    elif not (work / _NEW).exists():
        text = _('what an interrupted run left was cleared away')
    with signals_deferred():
        if journal is not None:
            try:
                _carry_out(journal, directory, work)
                text = _('an interrupted run was completed')
            except OSError:
                if (work / JOURNAL).exists():  # it could not even be undone
                    raise
                text = _('an interrupted run was undone')
        _clear(work)
    return _('{directory}: {text}.').format(directory=directory, text=text)


def _clear(work: Path) -> None:
    """Delete what was written beside, unless a journal says that it is still needed."""
    if not (work / JOURNAL).exists():
        for name in (_NEW, _OLD):
            shutil.rmtree(work / name, ignore_errors=True)
        for name in (JOURNAL_PART, JOURNAL_TWIN):
            (work / name).unlink(missing_ok=True)


def _move(source: Path, target: Path) -> None:
    if target.is_dir() or (source.is_dir() and not source.is_symlink()):
        raise IsADirectoryError(
            errno.EISDIR, _('a folder named {name} is in the way').format(name=source.name)
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)


def _remove_empty(path: Path, top: Path) -> None:
    """The folders of a file that is gone, as far as they are empty."""
    for folder in path.parents:
        if folder == top:
            return
        with suppress(OSError):
            folder.rmdir()


def _files_below(folder: Path) -> tuple[str, ...]:
    return tuple(
        sorted(path.relative_to(folder).as_posix() for path in folder.rglob('*') if path.is_file())
    )


def _work_name(file_name: str) -> str:
    return f'.{file_name[:_MAX_NAME_CHARACTERS]}{WORK_FOLDER}' if file_name else WORK_FOLDER


def _remove_made(folders: Sequence[Path]) -> None:
    """Take away the folders that were made, as far as they are empty."""
    for folder in reversed(folders):
        with suppress(OSError):  # it holds something by now
            folder.rmdir()


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; the ones that were missing, outermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()][::-1]
    folder.mkdir(parents=True, exist_ok=True)
    return missing
