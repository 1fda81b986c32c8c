"""DICOM images found in a folder, among files of any name and kind."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ..core.errors import Progress, SeriesError, no_progress
from ..core.sentence import joined, sentences
from .attributes import pet_classes
from .file import DicomFile, naming, read_header
from .kinds import other_class
from .slices import passed_over_note
from .spect import spect_hindrance

_ = sentences(__name__)

_MEDIA_DIRECTORY = b'1.2.840.10008.1.3.10'
"""SOP class of a DICOMDIR (PS3.10, 8.6), in its meta header."""

_HEAD_BYTES = 1024

_FILES_PER_STEP = 20
"""Files between two calls of `progress`."""


@dataclass(frozen=True)
class Series:
    """
    The files of one series.

    Attributes
    ----------
    uid : str
        SeriesInstanceUID.

    modality, description : str
        As the header names them.

    image_count : int
        Number of images: files, or frames of multi-frame files.

    files : tuple of DicomFile
        Their headers, in the order of their names.
    """

    uid: str
    modality: str
    description: str
    image_count: int
    files: tuple[DicomFile, ...] = field(repr=False)

    @property
    def is_activity(self) -> bool:
        """Whether any file is a PET image or reconstructed SPECT."""
        return any(file.is_activity for file in self.files)

    @property
    def hindrance(self) -> str:
        """Why it is no volume of activity, where it is of nuclear medicine."""
        return '' if self.is_activity else spect_hindrance(self.files[0])

    @property
    def is_pictures(self) -> bool:
        """Whether all files are secondary captures."""
        return all(file.is_picture for file in self.files)

    @property
    def line(self) -> str:
        """The series in one line, for lists and messages."""
        images = _('1 image') if self.image_count == 1 else _('{count} images')
        line = _('{uid}: {modality}, {description}, {images}').format(
            uid=self.uid,
            modality=self.modality or _('no modality'),
            description=f'"{self.description}"' if self.description else _('no description'),
            images=images.format(count=self.image_count),
        )
        return joined((line, ' (', self._kind, ')'), '') if self._kind else line

    @property
    def _kind(self) -> str:
        """What it is, where it is no volume of activity."""
        if self.hindrance or self.is_pictures:
            return self.hindrance or _('pictures: secondary capture')
        other = other_class(self.files[0].text('SOPClassUID')) if self.modality == 'PT' else ''
        return _('of class {name}').format(name=other) if other else ''


class SeriesListing(NamedTuple):
    """
    What a folder holds.

    Attributes
    ----------
    folder : `pathlib.Path`
        The folder that was searched.

    series : tuple of Series
        Every series that holds images.

    notes : tuple of str
        Sentences about the files that were passed over.
    """

    folder: Path
    series: tuple[Series, ...]
    notes: tuple[str, ...]


def find_series(folder: Path, progress: Progress = no_progress) -> SeriesListing:
    """
    Search a folder and all below it for DICOM images.

    Parameters
    ----------
    folder : `pathlib.Path`
        The folder. File names do not matter.

    progress : callable, optional
        Told how far the search is; may raise `CanceledError`.

    Returns
    -------
    listing : SeriesListing
        The series, and what was passed over.

    Raises
    ------
    SeriesError
        If the folder does not exist, or it or one of its files cannot be read.
    """
    folder = Path(folder)
    _require_folder(folder)
    paths = sorted(_files_below(folder))
    names = [path.relative_to(folder).as_posix() for path in paths]
    return _listing(folder, paths, names, progress)


def list_series(paths: Sequence[Path], progress: Progress = no_progress) -> SeriesListing:
    """
    Group the DICOM images among given files.

    Parameters
    ----------
    paths : sequence of `pathlib.Path`
        Files, at least one.

    progress : callable, optional
        Told how far the search is; may raise `CanceledError`.

    Returns
    -------
    listing : SeriesListing
        The series, and what was passed over; its folder is that of the first file.

    Raises
    ------
    SeriesError
        If a file cannot be read.
    """
    paths = [Path(path) for path in paths]
    return _listing(paths[0].parent, paths, [path.name for path in paths], progress)


def series_to_read(
    path: Path, series_uid: str | None = None, progress: Progress = no_progress
) -> tuple[Series, tuple[str, ...]]:
    """
    The one PET series meant by a folder or by a file.

    Parameters
    ----------
    path : `pathlib.Path`
        A folder, or a DICOM file of the series.

    series_uid : str, optional
        Which series, where there are several.

    progress : callable, optional
        Told how far the search is.

    Returns
    -------
    series : Series
        The series.

    notes : tuple of str
        What was passed over.

    Raises
    ------
    SeriesError
        If there is not exactly one such series.
    """
    folder = path
    if _is_file(path):
        folder = path.parent
        if not _is_directory_of_files(path):
            series_uid = series_uid or _series_uid_of(path)
    listing = find_series(folder, progress)
    return choose_pet_series(listing, series_uid), listing.notes


def choose_pet_series(listing: SeriesListing, series_uid: str | None = None) -> Series:
    """
    The one series of PET, or of reconstructed SPECT, of a listing.

    Parameters
    ----------
    listing : SeriesListing
        What the folder holds.

    series_uid : str, optional
        SeriesInstanceUID of the one to take, where there are several.

    Returns
    -------
    series : Series
        A series of PET images or of reconstructed SPECT.

    Raises
    ------
    SeriesError
        If there is none, if there are several to choose from, or if the one
        asked for is absent or neither. The message lists the series.
    """
    found = joined(('', _lines(listing.series)), '\n') if listing.series else ''
    if series_uid is not None:
        chosen = [series for series in listing.series if series.uid == series_uid]
        if not chosen:
            msg = _('{folder} holds no series {uid}; it holds{found}').format(
                folder=listing.folder, uid=series_uid, found=found or _(' none')
            )
            raise SeriesError(msg)
    else:
        chosen = [series for series in listing.series if series.is_activity]
    if len(chosen) > 1:
        kind = 'PET' if all(series.modality == 'PT' for series in chosen) else _('PET or SPECT')
        msg = _('{folder} holds {count} {kind} series; choose one by its UID:\n{list}').format(
            folder=listing.folder, count=len(chosen), kind=kind, list=_lines(chosen)
        )
        raise SeriesError(msg)
    if chosen and chosen[0].is_activity:
        return chosen[0]
    if chosen:
        msg = _(
            'the series is not PET and not reconstructed SPECT; give such a series instead '
            'of\n{line}'
        ).format(line=chosen[0].line)
    elif listing.series:
        msg = _(
            '{folder} holds no PET series and no reconstructed SPECT; it holds{found}{advice}'
        ).format(folder=listing.folder, found=found, advice=_pictures_of_pet(listing))
    else:
        msg = _('{folder} holds no DICOM images{reasons}.').format(
            folder=listing.folder, reasons=_reasons(listing.notes)
        )
    raise SeriesError(msg)


def _pictures_of_pet(listing: SeriesListing) -> str:
    if not any(series.is_pictures and series.modality == 'PT' for series in listing.series):
        return ''
    return _(
        '\nA secondary capture is a picture of PET, whose numbers are gray levels: take the '
        'original series of the scanner.'
    )


def _is_directory_of_files(path: Path) -> bool:
    """Whether a file is a DICOMDIR, which stands for its folder."""
    try:
        with path.open('rb') as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError as error:
        raise _unreadable(path, error) from error
    return head[128:132] == b'DICM' and _MEDIA_DIRECTORY in head


def _series_uid_of(path: Path) -> str:
    file = _header(path, path.name)
    if file is None:
        msg = _('{path} is not a DICOM file; give a folder, or a file of the series.').format(
            path=path
        )
        raise SeriesError(msg)
    return file.text('SeriesInstanceUID')


def _listing(
    folder: Path, paths: Sequence[Path], names: Sequence[str], progress: Progress
) -> SeriesListing:
    images: list[DicomFile] = []
    passed_over: dict[str, list[str]] = {}
    for count, (path, name) in enumerate(zip(paths, names, strict=True)):
        if count % _FILES_PER_STEP == 0:
            progress(
                count / len(paths),
                _('reading headers: {count} of {all} files').format(count=count, all=len(paths)),
            )
        file = _header(path, name)
        if file is not None and (file.pixels or _should_have_pixels(file)):
            images.append(file)
        else:
            passed_over.setdefault(_why_no_image(file, path), []).append(name)
    notes = tuple(passed_over_note(kind, named) for kind, named in passed_over.items())
    return SeriesListing(folder, _grouped_series(images), notes)


def _files_below(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise _unreadable(Path(error.filename or folder), error) from error

    for directory, _folders, names in os.walk(folder, onerror=refuse):
        yield from (Path(directory, name) for name in names)


def _header(path: Path, name: str) -> DicomFile | None:
    if not _is_file(path):  # sockets, pipes, broken links
        return None
    with naming(name):
        try:
            return read_header(path, name)
        except OSError as error:
            raise _unreadable(path, error) from error


def _is_file(path: Path) -> bool:
    return stat.S_ISREG(_mode(path))


def _require_folder(folder: Path) -> None:
    mode = _mode(folder)
    if not stat.S_ISDIR(mode):
        wrong = _('is not a folder') if mode else _('does not exist')
        msg = _('{folder} {wrong}; give the folder that holds the DICOM files.').format(
            folder=folder, wrong=wrong
        )
        raise SeriesError(msg)


def _mode(path: Path) -> int:
    """What kind of file a path is, as `stat` knows it; 0 if there is none."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> SeriesError:
    msg = _(
        '{path} cannot be read ({reason}); it may be a slice: give read permission, or copy the '
        'series elsewhere.'
    ).format(path=path, reason=error.strerror or str(error))
    return SeriesError(msg)


def _should_have_pixels(file: DicomFile) -> bool:
    pet = file.text('SOPClassUID') in pet_classes()
    return (pet or file.is_activity) and bool(file.text('SeriesInstanceUID'))


def _why_no_image(file: DicomFile | None, path: Path) -> str:
    if _is_file(path) and _is_directory_of_files(path):
        return _('DICOMDIR, which only lists others')
    if file is None:
        return _('not DICOM')
    return _('cut off within the header') if file.cut else _('DICOM without an image')


def _grouped_series(images: Iterable[DicomFile]) -> tuple[Series, ...]:
    """Images of one SeriesInstanceUID together, in the order of their first files."""
    groups: dict[str, list[DicomFile]] = {}
    for file in images:
        groups.setdefault(file.text('SeriesInstanceUID'), []).append(file)
    return tuple(
        Series(
            uid=uid,
            modality=Counter(file.text('Modality') for file in files).most_common(1)[0][0],
            description=files[0].line('SeriesDescription'),
            image_count=sum(file.frame_count for file in files),
            files=tuple(files),
        )
        for uid, files in groups.items()
    )


def _lines(series: Iterable[Series]) -> str:
    return joined((joined(('  ', one.line), '') for one in series), '\n')


def _reasons(notes: tuple[str, ...]) -> str:
    return joined((' (', joined(notes, '; '), ')'), '') if notes else _(': it is empty')
