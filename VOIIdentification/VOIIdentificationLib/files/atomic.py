"""
Files written beside their place and then moved into it: all of them, or none.

While a folder is written it holds a hidden one:

    DIR/.voi-identification/
        lock            held by the run that writes; a second one is refused
        new/            the new files; complete and on the disk before anything moves
        journal.json    what is to be moved; there only while files move
        old/            the files that make way

A run that is killed before the journal stands has changed nothing. One that is
killed after it is completed, or undone where that is impossible, by the next
run into the folder, or by `recover`. Signals wait while files move.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath

from ..core.errors import OutputError
from ..core.sentence import joined, sentence_of, sentences
from .lock import locked_folder
from .signals import committed_folders, mended, signals_deferred

_ = sentences(__name__)

WORK_FOLDER = '.voi-identification'
"""Name of the hidden folder; one for a single file begins with the name of that file."""

_NEW, _OLD, _JOURNAL = 'new', 'old', 'journal.json'
_PART = f'{_JOURNAL}.part'
_CLOSE_IT = _('Close the file in other programs, or choose a folder that you may write to.')
_ADVICE = {
    errno.ENOSPC: _('Free some space, or choose another folder.'),
    errno.EACCES: _CLOSE_IT,
    errno.EPERM: _CLOSE_IT,
}
_LEFT = _('what an earlier run left')
_OTHER_ADVICE = _('Choose another folder.')
_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
"""What some network drives answer who asks them to write through: no reason not to write."""

_SYNC_THREADS = 16
"""One after the other, 100 slices took 0.58 s on a virtual disk, so 0.09 s."""

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
        _write_through(self.new)
        journal = _Journal(tuple(path.as_posix() for path in old), names)
        with signals_deferred():
            journal.carry_out(self._directory, self._work)
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
                if any(work.joinpath(name).exists() for name in (_NEW, _OLD, _JOURNAL)):
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


def recover(directory: Path, *, below: bool = False, moved_only: bool = False) -> tuple[str, ...]:
    """
    Complete or undo what a run left that was killed.

    Parameters
    ----------
    directory : `pathlib.Path`
        A folder that results were written to; it need not exist.

    below : bool, optional
        True looks into all folders below it too.

    moved_only : bool, optional
        True passes over runs that have moved nothing: enough for who reads.

    Returns
    -------
    sentences : tuple of str
        What was done, a sentence for each folder; empty if there was nothing to do.

    Raises
    ------
    OutputError
        If a run is writing there now, or the system refuses.
    """
    search = directory.rglob if below else directory.glob
    told, problems = [], []
    with system_errors_named(directory, _LEFT):
        left = sorted({*search(f'.*{WORK_FOLDER}'), *search(WORK_FOLDER)})
    for work in left:
        if moved_only and not (work / _JOURNAL).exists():
            continue
        try:
            with system_errors_named(work.parent, _LEFT), locked_folder(work):
                told.append(_complete(work.parent, work))
        except OutputError as error:  # the others are none the worse for it
            problems.append(sentence_of(error))
    mended.extend(told)
    if problems:
        raise OutputError(joined(problems))
    return tuple(told)


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


@dataclass(frozen=True)
class _Journal:
    """What is to be moved, by names relative to the folder; where files lie says how far it is."""

    old: tuple[str, ...]
    new: tuple[str, ...]
    forward: bool = True

    def carry_out(self, directory: Path, work: Path) -> None:
        """Move all files, or put back what was moved; the journal stands as long as it takes."""
        self._write(work)
        if self.forward:
            try:
                self._advance(directory, work)
            except OSError:
                replace(self, forward=False).carry_out(directory, work)
                raise
        else:
            self._retreat(directory, work)
        _write_through(directory, recursive=False)
        (work / _JOURNAL).unlink()

    def _write(self, work: Path) -> None:
        part = work / _PART
        part.write_text(json.dumps(asdict(self)), encoding='utf-8')
        _sync(part)
        part.replace(work / _JOURNAL)
        _sync(work)

    def _advance(self, directory: Path, work: Path) -> None:
        for name in dict.fromkeys((*self.old, *self.new)):
            waiting = (work / _NEW / name).exists()
            if name in self.new and not waiting:
                continue  # it stands in its place already
            if os.path.lexists(directory / name) and not (work / _OLD / name).exists():
                _move(directory / name, work / _OLD / name)
            if waiting:
                _move(work / _NEW / name, directory / name)

    def _retreat(self, directory: Path, work: Path) -> None:
        for name in self.new:
            if not (work / _NEW / name).exists() and (directory / name).exists():
                _move(directory / name, work / _NEW / name)
                _remove_empty(directory / name, directory)
        for name in _files_below(work / _OLD):
            _move(work / _OLD / name, directory / name)


def _complete(directory: Path, work: Path) -> str:
    """Finish what a killed run had begun to move, and clear up after it."""
    journal = _read_journal(work / _JOURNAL)
    text = _('an interrupted run had changed nothing yet')
    with signals_deferred():
        if journal is not None:
            try:
                journal.carry_out(directory, work)
                text = _('an interrupted run was completed')
            except OSError:
                if (work / _JOURNAL).exists():  # it could not even be undone
                    raise
                text = _('an interrupted run was undone')
        _clear(work)
    return _('{directory}: {text}.').format(directory=directory, text=text)


def _clear(work: Path) -> None:
    """Delete what was written beside, unless a journal says that it is still needed."""
    if not (work / _JOURNAL).exists():
        for name in (_NEW, _OLD):
            shutil.rmtree(work / name, ignore_errors=True)
        (work / _PART).unlink(missing_ok=True)


def _read_journal(path: Path) -> _Journal | None:
    if not path.is_file():
        return None
    try:
        data = json.loads(path.read_text(encoding='utf-8'))
        journal = _Journal(tuple(data['old']), tuple(data['new']), bool(data['forward']))
        safe = all(_stays_below(name) for name in (*journal.old, *journal.new))
    except (ValueError, KeyError, TypeError):
        safe = False
    if not safe:
        msg = _(
            '{path} is damaged: what an interrupted run has moved is not known. The files it put '
            'aside are in {aside}; move them by hand, then delete {folder}.'
        ).format(path=path, aside=path.parent / _OLD, folder=path.parent)
        raise OutputError(msg)
    return journal


def _stays_below(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and '..' not in path.parts


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


def _write_through(folder: Path, *, recursive: bool = True) -> None:
    """Let the disk have what was written: many at once, for which it waits only a little longer."""
    below = [*folder.rglob('*')] if recursive else []
    if not below:
        _sync(folder)
        return
    from concurrent.futures import ThreadPoolExecutor  # loads slowly, and --help needs none

    with ThreadPoolExecutor(_SYNC_THREADS) as pool:
        list(pool.map(_sync, [*below, folder]))


def _sync(path: Path) -> None:
    if os.name == 'nt' and path.is_dir():  # folders cannot be opened there
        return
    handle = os.open(path, os.O_RDWR if os.name == 'nt' else os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(handle)


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
