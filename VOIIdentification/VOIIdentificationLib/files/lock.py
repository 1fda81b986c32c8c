"""One run at a time: a lock that the system takes away with the process that holds it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ..core.errors import OutputError
from ..core.sentence import sentences

_ = sentences(__name__)

_LOCK = 'lock'
"""Name of the file."""

_MAX_TRIES = 100
"""Other runs that end at that very moment; more in a row mean that the folder cannot be made."""

_LOCKED_BYTE = 2**20
"""Where Windows locks it: behind the end, so that others can still read the file."""

_MARK = 'voi-identification\n'
"""What the file holds, so that nobody else's folder is taken for one of ours."""


class BusyError(OutputError):
    """Another run has the folder."""


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """
    Make a folder that only one process at a time can have.

    Parameters
    ----------
    folder : `pathlib.Path`
        It is made if it is missing; at the end it is taken away if nothing is left in it.

    Yields
    ------
    None
        The folder is ours until the body ends, or the process.

    Raises
    ------
    BusyError
        If another process has it.
    OutputError
        If it is somebody else's.
    """
    file = _lock_file(folder)
    try:
        yield
    finally:
        if os.name == 'nt':  # there an open file cannot be deleted
            file.close()
        with suppress(OSError):
            if [path.name for path in folder.iterdir()] == [
                _LOCK
            ]:  # it may still hold what is needed to recover
                (folder / _LOCK).unlink()
                folder.rmdir()
        file.close()


def _lock_file(folder: Path) -> IO[Any]:
    """The open file that is the lock; a run that ends meanwhile may take it away: try again."""
    for left in reversed(range(_MAX_TRIES)):
        try:
            _require_ours(folder)
            file = (folder / _LOCK).open('a', encoding='ascii')
        except FileNotFoundError:
            if not left or not folder.parent.is_dir():  # a current folder that was removed is one
                raise
            continue
        if not _lock(file):
            file.close()
            msg = _(
                'another run is writing into {folder}. Wait until it has ended, or choose another '
                'folder.'
            ).format(folder=folder.parent)
            raise BusyError(msg)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), (folder / _LOCK).stat()):
                if not os.fstat(file.fileno()).st_size:
                    file.write(_MARK)
                    file.flush()
                return file
        file.close()
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))


def _require_ours(folder: Path) -> None:
    """Make the folder if it is missing; refuse one that this program has not made."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        kind = _('link') if folder.is_symlink() else _('file')
    else:
        folder.mkdir(exist_ok=True)
        holds = [path.name for path in folder.iterdir()]
        if not holds or (_LOCK in holds and _is_ours(folder / _LOCK, alone=len(holds) == 1)):
            return
        kind = _('folder')
    msg = _(
        'a {kind} named {name}, which this program has not made, is in the way in {folder}. Move '
        'it, or choose another folder.'
    ).format(kind=kind, name=folder.name, folder=folder.parent)
    raise OutputError(msg)


def _is_ours(lock: Path, *, alone: bool) -> bool:
    """Whether it holds our mark; it does not yet if its run was killed that very moment."""
    about = lock.lstat()  # a FileNotFoundError if another run takes it away just now
    if not stat.S_ISREG(about.st_mode):
        return False
    return lock.read_text(encoding='ascii', errors='replace') == _MARK or (
        alone and not about.st_size
    )


def _lock(file: IO[Any]) -> bool:
    """Take the lock of an open file; False if somebody has it. The system frees it at the end."""
    try:
        if os.name == 'nt':
            import msvcrt

            os.lseek(file.fileno(), _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # A network disk without locks is no reason not to write.
        return error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
    return True
