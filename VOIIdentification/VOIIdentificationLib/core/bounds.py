"""Sizes that are known before anything is allocated: memory, and files that people write."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from .errors import InputFileError, PhantomError
from .sentence import sentences

_ = sentences(__name__)

MEMORY_PART = 0.8
"""What one run may take of the memory that there is; the rest is left to the system."""

UNKNOWN_MEMORY_BYTES = 16 * 2**30
"""Taken for the memory of a system that does not tell (Windows)."""

MAX_TEXT_FILE_BYTES = 32 * 2**20
"""Of a file that people write: 100,000 points in Slicer's markups are 30 MB."""

MIN_LENGTH_MM = 0.5
"""Of what is measured: the thinnest rod of a phantom has 1 mm (NEMA NU 4-2008, section 6)."""

MAX_LENGTH_MM = 2000.0
"""Longer than any phantom: the line source of NEMA NU 2-2018, section 5, has 700 mm."""

MIN_VOXEL_MM, MAX_VOXEL_MM = 0.01, 100.0
"""Ten times finer than small-animal PET, and coarser than any slab: beyond it is the unit."""

MAX_ORIGIN_MM = 1e5
"""From the origin to the first voxel: no scanner is that large."""

MAX_FLOAT = sys.float_info.max
"""A larger number is none."""

DEFLATE_MAX_RATIO = 1032
"""No more bytes come out of one compressed byte (zlib's technical notes)."""

BYTES_PER_VOXEL = 10
"""Of an image that is read and measured: 2.5 times its values of four bytes."""

_CGROUP_LIMITS = (
    Path('/sys/fs/cgroup/memory.max'),
    Path('/sys/fs/cgroup/memory/memory.limit_in_bytes'),
)
"""Where Linux tells what a container may take, in version 2 and 1."""


def memory_limit_bytes() -> int:
    """
    Memory that one run may take.

    Returns
    -------
    limit : int
        In bytes: a part of what the computer has, the container and the shell allow.
    """
    limits = [_installed_bytes(), *_container_bytes(), *_allowed_bytes()]
    return int(MEMORY_PART * min(limits))


def require_memory(
    needed_bytes: float, what: str, *, error: type[PhantomError] = InputFileError
) -> None:
    """
    Refuse what would not fit into memory, before it is tried.

    Parameters
    ----------
    needed_bytes : float
        What the work takes at its peak.

    what : str
        What needs it, e.g. ``'the volume x.nrrd (3000 x 3000 x 3000 voxels)'``.

    error : type, optional
        What is raised.

    Raises
    ------
    InputFileError
        Or that error: the sentence says how much is needed and how much there is.
    """
    limit = memory_limit_bytes()
    if not needed_bytes <= limit:  # NaN does not fit either
        msg = _(
            '{what} needs {needed:.3g} GiB of memory; this computer allows {limit:.3g} GiB. Use a '
            'smaller image, or a computer with more memory.'
        ).format(what=what, needed=needed_bytes / 2**30, limit=limit / 2**30)
        raise error(msg)


def require_stored(
    claimed_bytes: float,
    stored_bytes: int,
    what: str,
    *,
    deflated: bool = False,
    error: type[PhantomError] = InputFileError,
) -> None:
    """
    Refuse a header that claims more than its file can hold.

    Parameters
    ----------
    claimed_bytes : float
        Size of the values by the header.

    stored_bytes : int
        Size of the file.

    what : str
        Names the file.

    deflated : bool, optional
        True if the values are compressed (gzip, zlib).

    error : type, optional
        What is raised.

    Raises
    ------
    InputFileError
        Or that error.
    """
    if not claimed_bytes <= stored_bytes * (DEFLATE_MAX_RATIO if deflated else 1):
        msg = _(
            '{what} is truncated or damaged: its header claims {claimed:.4g} bytes of values, the '
            'file has {stored}. Copy it again from its source.'
        ).format(what=what, claimed=claimed_bytes, stored=stored_bytes)
        raise error(msg)


def read_text_file(path: Path, what: str) -> str:
    """
    Read a small text file.

    Parameters
    ----------
    path : `pathlib.Path`
        The file, in UTF-8, with or without a byte order mark.

    what : str
        Names it in messages, e.g. ``'the phantom file x.json'``.

    Returns
    -------
    text : str
        All of it.

    Raises
    ------
    InputFileError
        If it is absent, no plain file, too large, or not text.
    """
    try:
        about = path.stat()
        _require_small_file(about, what)
        with path.open('rb') as file:
            data = file.read(MAX_TEXT_FILE_BYTES)
        return data.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        msg = _('{what} is not text in UTF-8: {reason} at byte {position}').format(
            what=what, reason=error.reason, position=error.start
        )
        raise InputFileError(msg) from error
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        msg = _('{what} cannot be read: {reason}').format(
            what=what, reason=getattr(error, 'strerror', None) or str(error)
        )
        raise InputFileError(msg) from error


def _require_small_file(about: os.stat_result, what: str) -> None:
    if not stat.S_ISREG(about.st_mode):
        msg = _('{what} cannot be read: it is no file but a folder or a device').format(what=what)
        raise InputFileError(msg)
    if about.st_size > MAX_TEXT_FILE_BYTES:
        msg = _(
            '{what} has {size_mib:.0f} MiB, more than the {most_mib:.0f} MiB of any that people '
            'write: another file is meant'
        ).format(
            what=what,
            size_mib=about.st_size / 2**20,
            most_mib=MAX_TEXT_FILE_BYTES / 2**20,
        )
        raise InputFileError(msg)


def _installed_bytes() -> int:
    try:
        return os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf, macOS not all names
        return UNKNOWN_MEMORY_BYTES


def _container_bytes() -> list[int]:
    texts = [path.read_text(encoding='ascii') for path in _CGROUP_LIMITS if path.is_file()]
    return [int(text) for text in texts if text.strip().isdigit()]  # not the word "max"


def _allowed_bytes() -> list[int]:
    try:
        import resource
    except ImportError:  # Windows
        return []
    limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
    return [limit for limit in limits if limit != resource.RLIM_INFINITY]
