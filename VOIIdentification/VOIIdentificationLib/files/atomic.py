"""Files written beside their place and then moved into it: all of them, or none."""

from __future__ import annotations

import errno
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import OutputError

_ADVICE = {
    errno.ENOSPC: 'Free some space, or choose another folder.',
    errno.EACCES: 'Close the file in other programs, or choose a folder that you may write to.',
    errno.EPERM: 'Close the file in other programs, or choose a folder that you may write to.',
}
_OTHER_ADVICE = 'Choose another folder.'


@contextmanager
def staging_folder(directory: Path) -> Iterator[Path]:
    """
    A hidden folder on the disk of another folder, gone afterwards whatever happens.

    Parameters
    ----------
    directory : `pathlib.Path`
        Where the files shall end; it need not exist.

    Yields
    ------
    staging : `pathlib.Path`
        The hidden folder, empty.
    """
    parent = next(path for path in (directory, *directory.absolute().parents) if path.is_dir())
    staging = parent / f'.voi-identification-{secrets.token_hex(6)}'
    staging.mkdir()
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def replace_files(directory: Path, old: Iterable[Path], new: Path, backup: Path) -> None:
    """
    Put old files aside and new ones in their place; undo all if one step fails.

    Parameters
    ----------
    directory : `pathlib.Path`
        Where the new files go. It is made if it is missing.

    old : iterable of `pathlib.Path`
        Files to put aside, relative to `directory`.

    new : `pathlib.Path`
        Folder whose files are moved, with the folders they are in.

    backup : `pathlib.Path`
        Folder on the same disk for the old files.
    """
    moves = [(directory / path, backup / path) for path in old]
    files = sorted(path for path in new.rglob('*') if path.is_file())
    moves += [(path, directory / path.relative_to(new)) for path in files]
    done: list[tuple[Path, Path]] = []
    made: list[Path] = []
    try:
        for source, target in moves:
            made += _make_folders(target.parent)
            source.replace(target)
            done.append((source, target))
    except BaseException:
        for source, target in reversed(done):
            target.replace(source)
        for folder in reversed(made):
            folder.rmdir()
        raise


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
        msg = f'{what} cannot be written to {directory}: {reason}. {advice}'
        raise OutputError(msg) from error


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; the ones that were missing, outermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()][::-1]
    folder.mkdir(parents=True, exist_ok=True)
    return missing
