"""Every PET series below a folder; what cannot be read is named and does not stop the rest."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import Progress, SeriesError, no_progress
from ..dicom.folder import list_series
from ..files.target import real_path

_PLAIN_UID = re.compile(r'[0-9][0-9.]{0,63}')
"""A UID as the standard has it (PS3.5, 9.1); anything else is no name of a folder."""

_HASH_LENGTH = 16


@dataclass(frozen=True)
class FoundSeries:
    """
    A PET series that was found.

    Attributes
    ----------
    uid, description : str
        As the header names it.

    paths : tuple of `pathlib.Path`
        Its files, sorted.
    """

    uid: str
    description: str
    paths: tuple[Path, ...]

    @property
    def folder_name(self) -> str:
        """The UID, or a name made from it where it could be no folder."""
        if _PLAIN_UID.fullmatch(self.uid):
            return self.uid
        digest = hashlib.sha256(self.uid.encode('utf-8', 'surrogatepass')).hexdigest()
        return f'series-{digest[:_HASH_LENGTH]}'


@dataclass(frozen=True)
class Found:
    """
    What lies below a folder.

    Attributes
    ----------
    series : tuple of FoundSeries
        PET series, by their first file.

    problems : tuple of str
        Sentences about files and folders that could not be read.
    """

    series: tuple[FoundSeries, ...]
    problems: tuple[str, ...]


def find_pet_series(root: Path, skipped: Path, progress: Progress = no_progress) -> Found:
    """
    Search a folder and all below it.

    Parameters
    ----------
    root : `pathlib.Path`
        The folder.

    skipped : `pathlib.Path`
        Folder that is not searched: that of the results.

    progress : callable, optional
        Told which folder is read; may raise `CanceledError`.

    Returns
    -------
    found : Found
        A series that is spread over folders is one series.

    Raises
    ------
    SeriesError
        If the folder does not exist.
    """
    if not root.is_dir():
        msg = f'{root} is no folder; give the folder that holds the series.'
        raise SeriesError(msg)
    problems: list[str] = []
    pieces: dict[str, list[FoundSeries]] = {}
    for folder, paths in _folders(root, real_path(skipped), problems):
        progress(0.0, f'looking for PET series in {folder}')
        for piece in _series_of_files(paths, problems):
            pieces.setdefault(piece.uid, []).append(piece)
    return Found(tuple(_joined(parts) for parts in pieces.values()), tuple(problems))


def _folders(root: Path, skipped: Path, problems: list[str]) -> Iterator[tuple[Path, list[Path]]]:
    def note(error: OSError) -> None:
        problems.append(f'{error.filename} cannot be read: {error.strerror}')

    home = real_path(root)
    seen = {home, skipped}
    for name, below, files in os.walk(root, onerror=note, followlinks=True):
        folder = Path(name)
        below[:] = [one for one in sorted(below) if _is_new(folder / one, seen, home, problems)]
        if files:
            yield folder, [folder / one for one in sorted(files)]


def _is_new(folder: Path, seen: set[Path], home: Path, problems: list[str]) -> bool:
    """Links to folders are followed, to each folder once: not into a circle."""
    real = real_path(folder)
    if real in seen:
        return False
    seen.add(real)
    if real in home.parents:
        problems.append(f'{folder} is a link to {real}, which holds {home} itself: passed over')
        return False
    return True


def _series_of_files(paths: list[Path], problems: list[str]) -> Iterator[FoundSeries]:
    """The series of a folder; where one file spoils them all, file by file without it."""
    try:
        listing = list_series(paths)
    except SeriesError as error:
        if len(paths) == 1:
            problems.append(str(error))
            return
        for path in paths:
            yield from _series_of_files([path], problems)
        return
    for series in listing.series:
        if series.is_activity:
            files = tuple(file.path for file in series.files)
            yield FoundSeries(series.uid, series.description, files)


def _joined(pieces: list[FoundSeries]) -> FoundSeries:
    paths = tuple(path for piece in pieces for path in piece.paths)
    return FoundSeries(pieces[0].uid, pieces[0].description, paths)
