"""Python packages that the exported files need and that may not be installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def missing_requirements(path: Path) -> tuple[str, ...]:
    """
    The lines of a requirements file that are not fulfilled.

    Parameters
    ----------
    path : `pathlib.Path`
        A requirement a line; empty lines and lines that begin with ``#`` are
        passed over.

    Returns
    -------
    requirements : tuple of str
        Ready for pip, in the order of the file.

    Raises
    ------
    ValueError
        If a line is no requirement.
    """
    lines = [line.strip() for line in path.read_text(encoding='utf-8').splitlines()]
    return tuple(line for line in lines if line and line[0] != '#' and not _is_installed(line))


def _is_installed(line: str) -> bool:
    try:
        from packaging.requirements import Requirement
    except ImportError:  # Slicer brings it from 5.11 on; pip, which it always has, holds a copy
        from pip._vendor.packaging.requirements import (  # type: ignore[assignment]
            Requirement,
        )
    requirement = Requirement(line)
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return False
    return bool(requirement.specifier.contains(installed, prereleases=True))
