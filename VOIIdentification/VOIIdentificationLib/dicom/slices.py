"""One image plane of a DICOM series: where it lies and how its values are scaled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..core.errors import SeriesError
from ..core.sentence import sentences
from .attributes import tag_text
from .file import DicomFile

_ = sentences(__name__)

_NAMES_SHOWN = 5
"""Names that a note lists before it only counts."""

_NOUNS = {'file': (_('file'), _('files')), 'slice': (_('slice'), _('slices'))}
"""One, and several of what a note is about."""

_TIMES = (
    'AcquisitionNumber',
    'AcquisitionDate',
    'AcquisitionTime',
    'FrameReferenceTime',
    'TriggerTime',
)
"""Elements by which time points, gates and acquisitions of one series differ."""


@dataclass(frozen=True, eq=False)
class PETSlice:
    """
    One plane: a file, or one frame of a multi-frame file.

    Attributes
    ----------
    file : DicomFile
        Where it comes from.

    position_lps_mm : tuple of float
        ImagePositionPatient: center of the first voxel, in millimeter.

    orientation : tuple of float
        ImageOrientationPatient: direction of a row, then of a column, LPS.

    pixel_spacing_mm : tuple of float
        PixelSpacing: distance between rows, then between columns.

    slope, intercept : float
        Value = stored value * slope + intercept.

    thickness_mm : float or None
        Distance to a next slice, as far as the header says one.

    frame : int
        Index of the frame within the file, from 0.

    facts : tuple of (str, str)
        Name and value of what tells time points, gates and acquisitions apart.

    units : str
        Units (0054,1001), or the UCUM code of an enhanced image; empty if
        nothing names the unit.

    has_slope, has_intercept : bool
        Whether the header says them; else they are 1 and 0.

    bqml_per_count : float
        Part of `slope` that made Bq/mL of counts: (7053,1009); 1 for other units.

    mapped : tuple of float
        First and last stored value for which slope and intercept hold; empty
        where the header names no end.

    mapped_suv_factor : float or None
        Value to SUVbw, by a real-world value mapping.
    """

    file: DicomFile
    position_lps_mm: tuple[float, ...]
    orientation: tuple[float, ...]
    pixel_spacing_mm: tuple[float, ...]
    slope: float = 1.0
    intercept: float = 0.0
    thickness_mm: float | None = None
    frame: int = 0
    facts: tuple[tuple[str, str], ...] = ()
    units: str = ''
    has_slope: bool = True
    has_intercept: bool = True
    bqml_per_count: float = 1.0
    mapped: tuple[float, ...] = ()
    mapped_suv_factor: float | None = None

    @property
    def name(self) -> str:
        """The file's name and, in a multi-frame file, the number of the frame from 1."""
        several = self.file.frame_count > 1
        return (
            _('{file} frame {n}').format(file=self.file.name, n=self.frame + 1)
            if several
            else self.file.name
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns; 0 where the header does not say them."""
        return self.file.integer('Rows') or 0, self.file.integer('Columns') or 0


def slice_of_file(file: DicomFile) -> PETSlice:
    """
    The plane of a file that holds one image.

    Parameters
    ----------
    file : DicomFile
        A file of PET Image Storage.

    Returns
    -------
    plane : PETSlice
        Its checked geometry and scaling.

    Raises
    ------
    SeriesError
        If position, orientation, pixel spacing or slope is missing or unusable.
    """
    found = file.numbers('RescaleSlope', 1), file.numbers('RescaleIntercept', 1)
    slope, intercept = checked_rescale(file.name, *found)
    thickness = file.numbers('SpacingBetweenSlices', 1) or file.numbers('SliceThickness', 1)
    return PETSlice(
        file=file,
        position_lps_mm=_required(file, 'ImagePositionPatient', 3),
        orientation=_required(file, 'ImageOrientationPatient', 6),
        pixel_spacing_mm=checked_spacing(file.name, _required(file, 'PixelSpacing', 2)),
        slope=slope,
        intercept=intercept,
        thickness_mm=abs(thickness[0]) if thickness else None,
        facts=times_of_file(file),
        units=file.text('Units').upper(),
        has_slope=found[0] is not None,
        has_intercept=found[1] is not None,
    )


def times_of_file(file: DicomFile) -> tuple[tuple[str, str], ...]:
    """
    What tells time points, gates and acquisitions of a series apart.

    Parameters
    ----------
    file : DicomFile
        A file of the series.

    Returns
    -------
    times : tuple of (str, str)
        Keyword and value.
    """
    return tuple((keyword, file.text(keyword)) for keyword in _TIMES)


def checked_rescale(
    name: str, slope: Sequence[float] | None, intercept: Sequence[float] | None
) -> tuple[float, float]:
    """
    Slope and intercept that can be used.

    Parameters
    ----------
    name : str
        The slice, for messages.

    slope, intercept : sequence of one float or None
        As the header has them. Without both the stored values are the values.

    Returns
    -------
    slope, intercept : float
        Checked.

    Raises
    ------
    SeriesError
        If the slope is not above 0, or missing beside an intercept.
    """
    if slope is None and intercept is None:
        return 1.0, 0.0
    if slope is None or slope[0] <= 0:  # a scale of activity; DICOM gives PET no other
        got = 'missing' if slope is None else f'{slope[0]:g}'
        msg = _(
            '{name}: {tag} is {got}, so its values cannot be known; export the series again from '
            'its source.'
        ).format(name=name, tag=tag_text('RescaleSlope'), got=got)
        raise SeriesError(msg)
    return slope[0], intercept[0] if intercept else 0.0


def checked_spacing(name: str, spacing_mm: tuple[float, ...]) -> tuple[float, ...]:
    """
    Pixel spacing that can be used.

    Parameters
    ----------
    name : str
        The slice, for messages.

    spacing_mm : tuple of float
        Distance between rows and between columns, in millimeter.

    Returns
    -------
    spacing_mm : tuple of float
        The same.

    Raises
    ------
    SeriesError
        If one is not positive.
    """
    if min(spacing_mm) <= 0:
        msg = _(
            '{name}: {tag} is {rows:g} x {columns:g} mm, which is not a size; export the series '
            'again from its source.'
        ).format(
            name=name,
            tag=tag_text('PixelSpacing'),
            rows=spacing_mm[0],
            columns=spacing_mm[1],
        )
        raise SeriesError(msg)
    return spacing_mm


def missing_element(name: str, keyword: str) -> SeriesError:
    """
    The error for a slice without an element it must have.

    Parameters
    ----------
    name : str
        The slice.

    keyword : str
        What it lacks.

    Returns
    -------
    error : SeriesError
        To be raised.
    """
    msg = _(
        '{name} has no {tag}, so the place and size of its pixels are unknown; take the original '
        'series of the scanner, not a secondary capture.'
    ).format(name=name, tag=tag_text(keyword))
    return SeriesError(msg)


def _required(file: DicomFile, keyword: str, count: int) -> tuple[float, ...]:
    numbers = file.numbers(keyword, count)
    if numbers is None:
        raise missing_element(file.name, keyword)
    return numbers


def passed_over_note(
    kind: str, names: Sequence[str], what: Literal['file', 'slice'] = 'file'
) -> str:
    """
    The sentence about what was not read.

    Parameters
    ----------
    kind : str
        Why not.

    names : sequence of str
        Which; the first few are listed.

    what : {'file', 'slice'}, optional
        What they are.

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
    one, many = _NOUNS[what]
    return _('{count} {noun} passed over, {kind}: {names}').format(
        count=len(names), noun=many if len(names) > 1 else one, kind=kind, names=shown
    )
