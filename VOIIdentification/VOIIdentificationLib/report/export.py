"""All files of an analysis into one folder: every one of them, or none."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..activity.worksheet_json import worksheet_text
from ..core.errors import OutputError, Progress, no_progress, part_of
from ..core.phantom import RGB, Seed, insert_colors
from ..core.plain_text import plain_line
from ..core.sentence import joined, sentences
from ..files.atomic import recover, system_errors_named, transaction
from ..files.markups import write_markups
from ..files.segmentation import Segment, write_segmentation
from ..files.target import require_folder
from ..measure.statistics import HALF_INSIDE
from ..measure.voi import VOIResult
from ..measure.voi_mask import VOIMask
from ..results import AnalysisResult
from .dicom_out import DICOM_FILES, DicomOptions, write_dicom_objects
from .figures import write_overview, write_plots, write_slice_images
from .formats import write_results
from .page.pdf import PDF_NAME, write_pdf
from .page.write import PAGE_NAME, page_hindrance, write_page
from .tidy import write_tidy
from .workbook import WORKBOOK_FILES, write_workbooks

_ = sentences(__name__)

IMAGE_FOLDER = 'output_images'

_OVERVIEW = f'{IMAGE_FOLDER}/overview.png'
_PLOTS, _PLOTS_PNG = f'{IMAGE_FOLDER}/plots.svg', f'{IMAGE_FOLDER}/plots.png'

_RESULTS, _TIDY, _CENTERS, _ROIS, _WORKSHEET, _SEGMENTATION = _DATA_FILES = (
    'results.json',
    'results.csv',
    'centers.mrk.json',
    'background_rois.mrk.json',
    'activity_used.json',
    'segmentation.seg.nrrd',
)

RESULT_FILES = (
    *_DATA_FILES,
    *DICOM_FILES,
    PAGE_NAME,
    PDF_NAME,
    *WORKBOOK_FILES,
    _OVERVIEW,
    _PLOTS,
    _PLOTS_PNG,
)
"""Names that an export may write, and that a later one replaces; besides them the slices."""

_IMAGE_NAME = re.compile(r'slice_\d+\.png')

DIAMETER_TAG = 'VOI.DiameterMm'
"""Segment tag: the inner diameter, in millimeter, as text."""

KIND_TAG = 'VOI.Kind'
"""Segment tag: ``'insert'`` or ``'background'``; it marks the segments made here."""

FLAGS_TAG = 'VOI.Flags'
"""Segment tag: names of the flags, with spaces between; missing if there are none."""


@dataclass(frozen=True)
class PageOptions:
    """
    Choices for the page that people read.

    Attributes
    ----------
    identify : bool
        Whether it names the patient.

    pdf : bool
        Whether it is printed to ``report.pdf`` too, by a browser or WeasyPrint.
    """

    identify: bool = False
    pdf: bool = False


def export_results(
    result: AnalysisResult,
    directory: Path,
    *,
    overwrite: bool = False,
    page: PageOptions = PageOptions(),
    dicom: DicomOptions | None = None,
    progress: Progress = no_progress,
) -> tuple[Path, ...]:
    """
    Write all files of an analysis.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    directory : `pathlib.Path`
        The folder for the files. It is made if it is missing, with those above it.

    overwrite : bool, optional
        True replaces the files of an earlier analysis, also those that this
        one does not write. Other files in the folder are left alone.

    page : PageOptions, optional
        What ``report.html`` says and whether it is printed too. Where Jinja2
        is not installed the page is left out; `page_hindrance` says so.

    dicom : DicomOptions, optional
        Which DICOM objects are written beside; none without it.

    progress : callable, optional
        Told before each file; may raise `CanceledError`.

    Returns
    -------
    paths : tuple of `pathlib.Path`
        What was written.

    Raises
    ------
    OutputError
        If results are there already, or a file cannot be written. The folder
        is then as it was before.
    """
    old = check_target(directory, overwrite=overwrite)
    with transaction(directory, _('the results')) as files:
        write_result_files(result, files.new, page, dicom, progress)
        progress(1.0, _('Moving the files into place'))
        return files.commit(old)


def write_result_files(
    result: AnalysisResult,
    folder: Path,
    page: PageOptions,
    dicom: DicomOptions | None = None,
    progress: Progress = no_progress,
) -> None:
    """
    Write all files of an analysis into a folder that is empty.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    folder : `pathlib.Path`
        Of a transaction: nobody sees the files before all are written.

    page : PageOptions
        As for `export_results`.

    dicom : DicomOptions, optional
        As for `export_results`.

    progress : callable, optional
        As for `export_results`.

    Raises
    ------
    OutputError
        If a package is missing that writes them.
    """
    try:
        _write_all(result, folder, part_of(progress, 0.0, 0.9))
        _write_page(result, folder, page, part_of(progress, 0.9, 1.0))
        if dicom is not None:
            write_dicom_objects(result, folder, dicom)
    except ModuleNotFoundError as error:
        msg = _(
            'writing the results needs the Python package {name}, which is not installed. Install '
            'it and try again.'
        ).format(name=error.name)
        raise OutputError(msg) from error


def check_target(directory: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
    """
    Refuse a folder that an export could not write to, before any work is done.

    Parameters
    ----------
    directory : `pathlib.Path`
        Where the results are to go.

    overwrite : bool, optional
        Whether earlier results may be replaced.

    Returns
    -------
    paths : tuple of `pathlib.Path`
        Files of an earlier export, relative to the folder.

    Raises
    ------
    OutputError
        If something is in the way.
    """
    with system_errors_named(directory, _('the results')):
        _refuse_obstacles(directory)
        recover(directory)
        old = existing_results(directory)
    if old and not overwrite:
        raise OutputError(_in_the_way(directory, old))
    return old


def existing_results(directory: Path) -> tuple[Path, ...]:
    """
    Find the files of an earlier export in a folder.

    Parameters
    ----------
    directory : `pathlib.Path`
        A folder; it need not exist.

    Returns
    -------
    paths : tuple of `pathlib.Path`
        Relative to the folder; by name only, whatever they hold.
    """
    names = [directory / name for name in RESULT_FILES]
    images = sorted((directory / IMAGE_FOLDER).glob('*.png'))
    candidates = [*names, *(path for path in images if _IMAGE_NAME.fullmatch(path.name))]
    return tuple(path.relative_to(directory) for path in candidates if path.exists())


def _write_all(result: AnalysisResult, folder: Path, progress: Progress) -> None:
    progress(0.0, _('Writing the results'))
    write_results(folder / _RESULTS, result)
    write_tidy(folder / _TIDY, result)
    centers = result_centers(result)
    write_markups(folder / _CENTERS, centers, name='Refined centers')
    _write_inputs(result, folder)
    progress(0.05, _('Writing the segmentation'))
    write_segmentation(folder / _SEGMENTATION, result_segments(result), result.image.geometry)
    images = folder / IMAGE_FOLDER
    images.mkdir()
    if write_slice_images(result, images, progress=part_of(progress, 0.1, 0.5)):
        write_overview(result, folder / _OVERVIEW)
    write_plots(result, folder / _PLOTS)
    write_workbooks(result, folder, progress=part_of(progress, 0.5, 1.0))


def _write_page(
    result: AnalysisResult, folder: Path, options: PageOptions, progress: Progress
) -> None:
    """The page, if it can be written here: the other files are complete without it."""
    if page_hindrance():
        return
    progress(0.0, _('Writing {name}').format(name=PAGE_NAME))
    write_page(folder / PAGE_NAME, result, identify=options.identify)
    if options.pdf:
        progress(0.5, _('Printing {name}').format(name=PAGE_NAME))
        write_pdf(folder / PAGE_NAME, folder / PDF_NAME)


def _write_inputs(result: AnalysisResult, folder: Path) -> None:
    """What the user may change for the next analysis: background ROIs and the worksheet."""
    if result.nema is not None and result.nema.placement.rois:
        rois = [Seed(roi.name, roi.center_ras_mm) for roi in result.nema.placement.rois]
        path = folder / _ROIS
        write_markups(path, rois, name='Background ROIs', locked=False)
    if result.worksheet is not None:
        text = worksheet_text(result.worksheet)
        (folder / _WORKSHEET).write_text(text, encoding='utf-8', newline='')


def _refuse_obstacles(directory: Path) -> None:
    require_folder(directory, _('the results'))
    for name in (*RESULT_FILES, IMAGE_FOLDER):
        path = directory / name
        if path.exists() and path.is_dir() != (name == IMAGE_FOLDER):
            kind = _('folder') if path.is_dir() else _('file')
            msg = _(
                'a {kind} named {name} is in the way in {directory}. Choose another folder.'
            ).format(kind=kind, name=name, directory=directory)
            raise OutputError(msg)


def _in_the_way(directory: Path, old: Iterable[Path]) -> str:
    images = [path for path in old if path.parent.name == IMAGE_FOLDER]
    names = [path.name for path in old if path not in images]
    if images:
        names.append(
            _('{count} pictures in {folder}').format(count=len(images), folder=IMAGE_FOLDER)
        )
    return _(
        '{directory} holds results already: {names}. Choose another folder, or allow overwriting '
        '(--overwrite on the command line).'
    ).format(directory=directory, names=joined(names, ', '))


def result_centers(result: AnalysisResult) -> list[Seed]:
    """
    The points that are shown: refined centers, or the middle of a uniform cylinder's VOI.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    centers : list of Seed
        In the order of ``result.spheres``.
    """
    vois = result.spheres if result.cylinder is None else (result.cylinder.voi,)
    return [Seed(voi.label, voi.center_ras_mm) for voi in vois]


def result_segments(result: AnalysisResult) -> tuple[Segment, ...]:
    """
    One segment of each insert and one of all background VOIs.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    segments : tuple of Segment
        The voxels that are at least half inside, in the order of
        ``result.spheres``; the background, if any, last.
    """
    colors = insert_colors(result.phantom)
    inserts = [*result.spheres, *([] if result.cylinder is None else [result.cylinder.voi])]
    segments = [
        _segment('insert', voi.label, f'{voi.label} ({_diameter(voi)} mm)', colors, (voi,))
        for voi in inserts
    ]
    if result.background:
        count = len(result.background)
        name = 'Background' if count == 1 else f'Background ({count} VOIs)'
        segment_id = _free_id('Background', {voi.label for voi in result.spheres})
        segments.append(_segment('background', segment_id, name, colors, result.background))
    return tuple(segments)


def _segment(
    kind: str, segment_id: str, name: str, colors: Mapping[str, RGB], vois: Sequence[VOIResult]
) -> Segment:
    flags = sorted({flag.value for voi in vois for flag in voi.flags})
    tags = {
        KIND_TAG: kind,
        DIAMETER_TAG: _diameter(vois[0]),
        **({FLAGS_TAG: ' '.join(flags)} if flags else {}),
    }
    inside, slices_kji = _half_inside([voi.mask for voi in vois])
    # Scene and file show the same: a label may come from a header or a point list.
    names = plain_line(segment_id), plain_line(name)
    return Segment(*names, colors[vois[0].label], tags, inside, slices_kji)


def _diameter(voi: VOIResult) -> str:
    return (
        f'{voi.insert.diameter_mm:g}' if voi.axis_ras is None else f'{voi.insert.diameter_mm:.1f}'
    )


def _free_id(wanted: str, taken: Container[str]) -> str:
    """Numbered as Slicer does where the name is taken."""
    names = chain([wanted], (f'{wanted}_{n}' for n in count(1)))
    return next(name for name in names if name not in taken)


def _half_inside(
    masks: Sequence[VOIMask],
) -> tuple[npt.NDArray[np.bool_], tuple[slice, slice, slice]]:
    """The voxels at least half inside, on the smallest box around all masks."""
    k, j, i = (
        slice(min(part.start for part in axis), max(part.stop for part in axis))
        for axis in zip(*(mask.slices_kji for mask in masks), strict=True)
    )
    box = k, j, i
    inside = np.zeros([part.stop - part.start for part in box], bool)
    for mask in masks:
        part = tuple(
            slice(own.start - whole.start, own.stop - whole.start)
            for own, whole in zip(mask.slices_kji, box, strict=True)
        )
        inside[part] |= mask.weights >= HALF_INSIDE
    return inside, box
