"""One run at a time: a lock that the system takes away with the process that holds it."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from ..core.errors import OutputError

_LOCK = 'lock'
"""Name of the file; what it holds does not matter."""


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
    OutputError
        If another process has it.
    """
    file = _lock_file(folder)
    try:
        yield
    finally:
        if os.name == 'nt':  # there an open file cannot be deleted
            file.close()
        with suppress(OSError):  # the folder may still hold what is needed to recover
            (folder / _LOCK).unlink()
            folder.rmdir()
        file.close()


def _lock_file(folder: Path) -> IO[Any]:
    """The open file that is the lock; a run that ends meanwhile may take it away: try again."""
    while True:
        folder.mkdir(exist_ok=True)
        try:
            file = (folder / _LOCK).open('a')
        except FileNotFoundError:
            continue
        if not _lock(file):
            file.close()
            msg = (
                f'another run is writing into {folder.parent}. Wait until it has ended, or choose '
                'another folder.'
            )
            raise OutputError(msg)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), (folder / _LOCK).stat()):
                return file
        file.close()


def _lock(file: IO[Any]) -> bool:
    """Take the lock of an open file; False if somebody has it. The system frees it at the end."""
    try:
        if os.name == 'nt':
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # A network disk without locks is no reason not to write.
        return error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
    return True
