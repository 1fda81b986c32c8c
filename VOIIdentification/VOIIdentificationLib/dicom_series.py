"""DICOM series in a folder: found, grouped, and one chosen."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .dicom_header import DicomFile, Tag
from .dicom_scan import read_header
from .dicom_slices import PET_CLASSES
from .errors import SeriesError
from .progress import Progress, no_progress

_SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7'
"""SOP classes that begin so are pictures (PS3.4, annex B.5)."""

_FILES_PER_STEP = 20
"""Files between two calls of `progress`."""

_NAMES_SHOWN = 5
"""File names that a note lists before it only counts."""


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
    def is_pet(self) -> bool:
        """Whether any file is a PET image."""
        return any(is_pet_image(file) for file in self.files)

    @property
    def line(self) -> str:
        """The series in one line, for lists and messages."""
        described = f'"{self.description}"' if self.description else 'no description'
        images = f'{self.image_count} image{"" if self.image_count == 1 else "s"}'
        return f'{self.uid}: {self.modality or "no modality"}, {described}, {images}'


@dataclass(frozen=True)
class SeriesListing:
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


def is_pet_image(file: DicomFile) -> bool:
    """
    Whether a file is a PET image, not e.g. a picture of one.

    Parameters
    ----------
    file : DicomFile
        The header.

    Returns
    -------
    is_pet_image : bool
        True for the PET classes, and for modality PT unless a secondary capture.
    """
    sop_class = file.text(Tag.SOPClassUID)
    other = file.text(Tag.Modality) == 'PT' and not sop_class.startswith(_SECONDARY_CAPTURE)
    return sop_class in PET_CLASSES or other


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
    if not folder.is_dir():
        msg = f'{folder} is not a folder; give the folder that holds the DICOM files.'
        raise SeriesError(msg)
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


def choose_pet_series(listing: SeriesListing, series_uid: str | None = None) -> Series:
    """
    The one PET series of a listing.

    Parameters
    ----------
    listing : SeriesListing
        What the folder holds.

    series_uid : str, optional
        SeriesInstanceUID of the one to take, where there are several.

    Returns
    -------
    series : Series
        A series of PET images.

    Raises
    ------
    SeriesError
        If there is none, if there are several to choose from, or if the one
        asked for is absent or not PET. The message lists the series.
    """
    found = f'\n{_lines(listing.series)}' if listing.series else ''
    if series_uid is not None:
        chosen = [series for series in listing.series if series.uid == series_uid]
        if not chosen:
            msg = f'{listing.folder} holds no series {series_uid}; it holds{found or " none"}'
            raise SeriesError(msg)
    else:
        chosen = [series for series in listing.series if series.is_pet]
    if len(chosen) > 1:
        msg = (
            f'{listing.folder} holds {len(chosen)} PET series; choose one by its UID:\n'
            f'{_lines(chosen)}'
        )
        raise SeriesError(msg)
    if chosen and chosen[0].is_pet:
        return chosen[0]
    if chosen:
        msg = f'the series is not PET; give a PET series instead of\n{chosen[0].line}'
    elif listing.series:
        msg = f'{listing.folder} holds no PET series; it holds{found}'
    else:
        msg = f'{listing.folder} holds no DICOM images{_reasons(listing.notes)}.'
    raise SeriesError(msg)


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
    if path.is_file():
        folder, series_uid = path.parent, series_uid or _series_uid_of(path)
    listing = find_series(folder, progress)
    return choose_pet_series(listing, series_uid), listing.notes


def _series_uid_of(path: Path) -> str:
    file = _header(path, path.name)
    if file is None:
        msg = f'{path} is not a DICOM file; give a folder, or a file of the series.'
        raise SeriesError(msg)
    return file.text(Tag.SeriesInstanceUID)


def _listing(
    folder: Path, paths: Sequence[Path], names: Sequence[str], progress: Progress
) -> SeriesListing:
    images: list[DicomFile] = []
    passed_over: dict[str, list[str]] = {'not DICOM': [], 'DICOM without an image': []}
    for count, (path, name) in enumerate(zip(paths, names, strict=True)):
        if count % _FILES_PER_STEP == 0:
            progress(count / len(paths), f'reading headers: {count} of {len(paths)} files')
        file = _header(path, name)
        if file is not None and (file.pixel_tag or _should_have_pixels(file)):
            images.append(file)
        else:
            passed_over['not DICOM' if file is None else 'DICOM without an image'].append(name)
    notes = tuple(_passed_over_note(kind, named) for kind, named in passed_over.items() if named)
    return SeriesListing(folder, _grouped(images), notes)


def _files_below(folder: Path) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise _unreadable(Path(error.filename or folder), error) from error

    for directory, _, names in os.walk(folder, onerror=refuse):
        yield from (Path(directory, name) for name in names)


def _header(path: Path, name: str) -> DicomFile | None:
    if not path.is_file():  # sockets, pipes, broken links
        return None
    try:
        return read_header(path, name)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> SeriesError:
    msg = (
        f'{path} cannot be read ({error.strerror or error}); '
        'it may be a slice: give read permission, or copy the series elsewhere.'
    )
    return SeriesError(msg)


def _should_have_pixels(file: DicomFile) -> bool:
    pet = file.text(Tag.SOPClassUID) in PET_CLASSES
    return (file.cut or pet) and bool(file.text(Tag.SeriesInstanceUID))


def _grouped(images: Iterable[DicomFile]) -> tuple[Series, ...]:
    groups: dict[str, list[DicomFile]] = {}
    for file in images:
        groups.setdefault(file.text(Tag.SeriesInstanceUID), []).append(file)
    return tuple(
        Series(
            uid=uid,
            modality=Counter(file.text(Tag.Modality) for file in files).most_common(1)[0][0],
            description=decoded_text(files[0], Tag.SeriesDescription),
            image_count=sum(file.frame_count for file in files),
            files=tuple(files),
        )
        for uid, files in groups.items()
    )


def decoded_text(file: DicomFile, tag: Tag) -> str:
    """
    Text in the file's own character set.

    Parameters
    ----------
    file : DicomFile
        The header.

    tag : Tag
        Element of text that people wrote.

    Returns
    -------
    text : str
        Without padding; empty if the element is missing.
    """
    charset = file.text(Tag.SpecificCharacterSet)
    if not charset or file.values.get(tag, b'').isascii():
        return file.text(tag)
    from pydicom.charset import convert_encodings, decode_bytes

    encodings = convert_encodings(charset.split('\\'))
    text: str = decode_bytes(file.values[tag], encodings, set())
    return text.strip(' \0')


def _lines(series: Iterable[Series]) -> str:
    return '\n'.join(f'  {one.line}' for one in series)


def _passed_over_note(kind: str, names: list[str]) -> str:
    shown = ', '.join(names[:_NAMES_SHOWN]) + (', …' if len(names) > _NAMES_SHOWN else '')
    return f'{len(names)} file{"s" if len(names) > 1 else ""} passed over, {kind}: {shown}'


def _reasons(notes: tuple[str, ...]) -> str:
    return f' ({"; ".join(notes)})' if notes else ': it is empty'
