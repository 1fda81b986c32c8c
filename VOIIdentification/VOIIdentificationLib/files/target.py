"""Where results are to go: folders, looked at before any work is done, and single files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..core.errors import OutputError
from ..core.sentence import sentences
from .atomic import recover, transaction

_ = sentences(__name__)


def require_folder(directory: Path, what: str) -> None:
    """
    Refuse a file where a folder is to be, and a folder that nothing can be written to.

    Parameters
    ----------
    directory : `pathlib.Path`
        Where the files are to go; may be missing.

    what : str
        What is to be written, for the message, e.g. ``'the results'``.

    Raises
    ------
    OutputError
        If it is there and no folder, or the system would refuse.
    """
    if directory.exists() and not directory.is_dir():
        msg = _('{what} cannot be written to {directory}: it is a file. Choose a folder.').format(
            what=what, directory=directory
        )
        raise OutputError(msg)
    _require_writable(directory, what)


def _require_writable(directory: Path, what: str) -> None:
    """Known before any work is done; what the system finds out later it says then."""
    path = directory.absolute()
    there = next((one for one in (path, *path.parents) if os.path.lexists(one)), path)
    if not there.is_dir():
        msg = _('{what} cannot be written to {directory}: {there} is no folder.').format(
            what=what, directory=directory, there=there
        )
        raise OutputError(msg)
    if not os.access(there, os.W_OK | os.X_OK):
        msg = _(
            '{what} cannot be written to {directory}: {there} may not be written to. Choose '
            'another folder.'
        ).format(what=what, directory=directory, there=there)
        raise OutputError(msg)


def require_other(path: Path, inputs: Iterable[Path]) -> None:
    """
    Refuse to write over what is read.

    Parameters
    ----------
    path : `pathlib.Path`
        A file that is to be written.

    inputs : iterable of `pathlib.Path`
        Files that are read.

    Raises
    ------
    OutputError
        If it is one of them, by whatever name: it would be lost.
    """
    for one in inputs:
        if real_path(one) == real_path(path) or (
            one.exists() and path.exists() and one.samefile(path)
        ):
            msg = _('{path} is read by this run: choose another name for the file.').format(
                path=path
            )
            raise OutputError(msg)


def require_free(path: Path, ending: str, *, overwrite: bool) -> None:
    """
    Refuse a file that could not be written, before any work is done.

    Parameters
    ----------
    path : `pathlib.Path`
        The file.

    ending : str
        What its name must end in, e.g. ``'.html'``.

    overwrite : bool
        Whether an earlier file may be replaced.

    Raises
    ------
    OutputError
        If something is in the way.
    """
    if path.suffix.lower() != ending:
        msg = _('the output {path} must end in {ending}').format(path=path, ending=ending)
        raise OutputError(msg)
    if path.is_dir():
        msg = _('{path} is a folder; choose another name for the file.').format(path=path)
        raise OutputError(msg)
    if path.exists() and not overwrite:
        msg = _(
            '{path} exists already; choose another name, or overwrite it with --overwrite.'
        ).format(path=path)
        raise OutputError(msg)
    _require_writable(path.parent, path.name)


def earlier_files(directory: Path, names: Iterable[str]) -> tuple[Path, ...]:
    """
    Files of an earlier run, after what a killed one left is mended.

    Parameters
    ----------
    directory : `pathlib.Path`
        The folder; may be missing.

    names : iterable of str
        Names of the files that a run writes.

    Returns
    -------
    old : tuple of `pathlib.Path`
        Those that are there, relative to the folder.

    Raises
    ------
    OutputError
        If another run is writing there, or the system refuses.
    """
    recover(directory)
    return tuple(Path(name) for name in names if (directory / name).exists())


def real_path(path: Path) -> Path:
    """
    Path without links.

    Parameters
    ----------
    path : `pathlib.Path`
        Any path; need not exist.

    Returns
    -------
    path : `pathlib.Path`
        Absolute. Of links that lead in a circle the first is kept, at which
        `Path.resolve` raises `RuntimeError` up to Python 3.12.
    """
    return Path(os.path.realpath(path))


def write_text(path: Path, text: str) -> None:
    """
    Write one file: all of it, or nothing.

    Parameters
    ----------
    path : `pathlib.Path`
        The file; replaced if it is there.

    text : str
        Its content, written as UTF-8.

    Raises
    ------
    OutputError
        If it cannot be written. What was there is then still there.
    """
    folder = path.absolute().parent
    with transaction(folder, path.name, file_name=path.name) as files:
        (files.new / path.name).write_text(text, encoding='utf-8', errors='replace', newline='')
        old = [Path(path.name)] if path.exists() else []
        files.commit(old)
