"""Python packages that the exported files need and that may not be installed."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_LINE = re.compile(r'^(?P<name>[A-Za-z0-9._-]+)>=(?P<least>[0-9.]+)$')


def missing_requirements(path: Path) -> tuple[str, ...]:
    """
    The lines of a requirements file that are not fulfilled.

    Parameters
    ----------
    path : `pathlib.Path`
        Lines of the form ``name>=version``; empty lines and lines that begin
        with ``#`` are passed over.

    Returns
    -------
    requirements : tuple of str
        Ready for pip, in the order of the file.

    Raises
    ------
    ValueError
        If a line has another form.
    """
    lines = [line.strip() for line in path.read_text(encoding='utf-8').splitlines()]
    return tuple(line for line in lines if line and line[0] != '#' and not _is_installed(line))


def _is_installed(requirement: str) -> bool:
    match = _LINE.match(requirement)
    if match is None:
        msg = f'a requirement must read name>=version, got {requirement!r}'
        raise ValueError(msg)
    try:
        installed = version(match['name'])
    except PackageNotFoundError:
        return False
    return _release(installed) >= _release(match['least'])


def _release(text: str) -> tuple[int, ...]:
    """The numbers at the beginning of a version: ``'3.1.0rc1'`` gives ``(3, 1, 0)``."""
    numbers = re.match(r'\d+(\.\d+)*', text)
    return tuple(int(part) for part in numbers[0].split('.')) if numbers else ()
