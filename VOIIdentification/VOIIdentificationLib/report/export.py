"""All files of an analysis into one folder: every one of them, or none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..activity.worksheet_json import save_worksheet
from ..core.errors import OutputError
from ..core.progress import Progress, no_progress, part_of
from ..core.seed import Seed
from ..files.atomic import recover, transaction
from ..files.markups import write_markups
from ..results import AnalysisResult
from .figures import write_overview, write_slice_images
from .results_json import write_results
from .workbook import write_workbooks

RESULT_FILES = (
    'results.json',
    'centers.mrk.json',
    'background_rois.mrk.json',
    'activity_used.json',
    'segmentation.seg.nrrd',
    'outputMetaTargets.xlsx',
    'outputMidPoints3D.xlsx',
    'outputTargets.xlsx',
    'outputMetaBackground.xlsx',
    'output_images/overview.png',
)
"""Names that an export may write, and that a later one replaces."""

IMAGE_FOLDER = 'output_images'
_IMAGE_NAME = re.compile(r'slice_\d+\.png')

SegmentationWriter = Callable[[Path], None]
"""Writes the segmentation to a path, e.g. by the storage node of Slicer."""


def export_results(
    result: AnalysisResult,
    directory: Path,
    *,
    overwrite: bool = False,
    write_segmentation: SegmentationWriter | None = None,
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

    write_segmentation : callable, optional
        Writes ``segmentation.seg.nrrd`` to the path it is given.

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
    with transaction(directory, 'the results') as files, _missing_package_named():
        _write_all(result, files.new, write_segmentation, progress)
        progress(1.0, 'Moving the files into place')
        return files.commit(old)


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


def _write_all(
    result: AnalysisResult,
    folder: Path,
    write_segmentation: SegmentationWriter | None,
    progress: Progress,
) -> None:
    progress(0.0, 'Writing the results')
    write_results(folder / 'results.json', result)
    centers = [Seed(voi.label, voi.center_ras_mm) for voi in result.spheres]
    write_markups(folder / 'centers.mrk.json', centers, name='Refined centers')
    _write_inputs(result, folder)
    if write_segmentation is not None:
        progress(0.05, 'Writing the segmentation')
        write_segmentation(folder / 'segmentation.seg.nrrd')
    images = folder / IMAGE_FOLDER
    images.mkdir()
    if write_slice_images(result, images, progress=part_of(progress, 0.1, 0.5)):
        write_overview(result, images / 'overview.png')
    write_workbooks(result, folder, progress=part_of(progress, 0.5, 1.0))


def _write_inputs(result: AnalysisResult, folder: Path) -> None:
    """What the user may change for the next analysis: background ROIs and the worksheet."""
    if result.nema is not None and result.nema.placement.rois:
        rois = [Seed(roi.name, roi.center_ras_mm) for roi in result.nema.placement.rois]
        path = folder / 'background_rois.mrk.json'
        write_markups(path, rois, name='Background ROIs', locked=False)
    if result.worksheet is not None:
        save_worksheet(result.worksheet, folder / 'activity_used.json')


@contextmanager
def _missing_package_named() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        msg = (
            f'writing the results needs the Python package {error.name}, which is not installed. '
            'Install it and try again.'
        )
        raise OutputError(msg) from error


def _refuse_obstacles(directory: Path) -> None:
    if directory.exists() and not directory.is_dir():
        msg = f'the results cannot be written to {directory}: it is a file. Choose a folder.'
        raise OutputError(msg)
    for name in (*RESULT_FILES, IMAGE_FOLDER):
        path = directory / name
        if path.exists() and path.is_dir() != (name == IMAGE_FOLDER):
            kind = 'folder' if path.is_dir() else 'file'
            msg = f'a {kind} named {name} is in the way in {directory}. Choose another folder.'
            raise OutputError(msg)


def _in_the_way(directory: Path, old: Iterable[Path]) -> str:
    images = [path for path in old if path.parent.name == IMAGE_FOLDER]
    names = [path.name for path in old if path not in images]
    if images:
        names.append(f'{len(images)} pictures in {IMAGE_FOLDER}')
    return (
        f'{directory} holds results already: {", ".join(names)}. '
        'Choose another folder, or allow overwriting (--overwrite on the command line).'
    )
