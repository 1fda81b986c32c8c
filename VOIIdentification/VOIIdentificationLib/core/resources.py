"""Data files that come with the module."""

from __future__ import annotations

from pathlib import Path


def resource_directory(kind: str) -> Path:
    """
    Folder of one kind of data file.

    Parameters
    ----------
    kind : str
        Name of the folder below ``Resources``, e.g. ``'Phantoms'``.

    Returns
    -------
    directory : `pathlib.Path`
        The folder.

    Raises
    ------
    FileNotFoundError
        If the installation lacks the folder.
    """
    library = Path(__file__).resolve().parents[1]
    for base in (library.parent, library):
        directory = base / 'Resources' / kind
        if directory.is_dir():
            return directory
    msg = f'the installation lacks the folder Resources/{kind}: install the module again'
    raise FileNotFoundError(msg)
