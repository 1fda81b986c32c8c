"""DICOM images grouped into series, and the one PET series chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import SeriesError
from .header import DicomFile, Tag
from .slices import PET_CLASSES

_SECONDARY_CAPTURE = '1.2.840.10008.5.1.4.1.1.7'
"""SOP classes that begin so are pictures (PS3.4, annex B.5)."""


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


def grouped_series(images: Iterable[DicomFile]) -> tuple[Series, ...]:
    """
    Group images by SeriesInstanceUID.

    Parameters
    ----------
    images : iterable of DicomFile
        Headers of images.

    Returns
    -------
    series : tuple of Series
        In the order of their first files.
    """
    groups: dict[str, list[DicomFile]] = {}
    for file in images:
        groups.setdefault(file.text(Tag.SeriesInstanceUID), []).append(file)
    return tuple(
        Series(
            uid=uid,
            modality=Counter(file.text(Tag.Modality) for file in files).most_common(1)[0][0],
            description=files[0].decoded_text(Tag.SeriesDescription),
            image_count=sum(file.frame_count for file in files),
            files=tuple(files),
        )
        for uid, files in groups.items()
    )


def _lines(series: Iterable[Series]) -> str:
    return '\n'.join(f'  {one.line}' for one in series)


def _reasons(notes: tuple[str, ...]) -> str:
    return f' ({"; ".join(notes)})' if notes else ': it is empty'


def passed_over_note(kind: str, names: Sequence[str], what: str = 'file') -> str:
    """
    The sentence about what was not read.

    Parameters
    ----------
    kind : str
        Why not.

    names : sequence of str
        Which; the first few are listed.

    what : str, optional
        The singular of what they are.

    Returns
    -------
    note : str
        Number, reason and names.

    Examples
    --------
    >>> passed_over_note('not DICOM', ['a.txt', 'b.txt'])
    '2 files passed over, not DICOM: a.txt, b.txt'
    """
    shown = ', '.join(names[:_NAMES_SHOWN]) + (', …' if len(names) > _NAMES_SHOWN else '')
    return f'{len(names)} {what}{"s" if len(names) > 1 else ""} passed over, {kind}: {shown}'
