"""A whole folder of series measured: found, given to workers, put into one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..core.errors import Progress, SeriesError, no_progress
from ..files.atomic import WORK_FOLDER, system_errors_named
from ..files.lock import locked_folder
from ..files.signals import signal_heard
from ..files.target import real_path, require_folder
from .batch_cluster import connected, measure_all, require_packages
from .batch_find import FoundSeries, find_pet_series
from .batch_series import BatchOptions, SeriesJob, SeriesOutcome
from .batch_table import write_tables

_LOCK_FOLDER = f'.batch{WORK_FOLDER}'
"""There as long as a batch runs."""

SERIES_FOLDER = 'series'
"""Holds a folder a series."""


@dataclass(frozen=True)
class Workers:
    """
    Who measures.

    Attributes
    ----------
    count : int
        Processes of this machine.

    scheduler : str
        Address of a running Dask scheduler that is used instead.
    """

    count: int
    scheduler: str = ''


@dataclass
class BatchSummary:
    """
    What became of a batch.

    Attributes
    ----------
    total : int
        PET series that were found.

    counts : Counter
        Series by what became of them: ``'done'``, ``'skipped'``, ``'failed'``.

    verdicts : Counter
        Measured series by the level of their overall verdict.

    sentences : dict
        Why series failed, by UID.

    problems : tuple of str
        Sentences about files and folders that could not be read.

    interrupted : bool
        Whether a signal stopped the batch before its end.

    rows : int
        Of the table.
    """

    total: int
    problems: tuple[str, ...]
    counts: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    sentences: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False
    rows: int = 0


def run_batch(
    root: Path,
    directory: Path,
    options: BatchOptions,
    workers: Workers,
    progress: Progress = no_progress,
) -> BatchSummary:
    """
    Measure every PET series below a folder.

    Parameters
    ----------
    root : `pathlib.Path`
        The folder with the series.

    directory : `pathlib.Path`
        Gets ``series/<UID>/`` with the files of an analysis for each, and the
        table of all. Series that were done there, with the same files and
        settings, are not measured again.

    options : BatchOptions
        How they are measured.

    workers : Workers
        Who measures.

    progress : callable, optional
        Told how many are done.

    Returns
    -------
    summary : BatchSummary
        Also after a stop signal: then what was begun has been finished, and
        the same call goes on with the rest.

    Raises
    ------
    SeriesError
        If there is no such folder, or no PET series in it.
    OutputError
        If a package is missing, another batch writes into the folder, or it
        cannot be written.
    """
    require_packages()
    _make_folder(directory)
    with locked_folder(directory / _LOCK_FOLDER):
        return _run_alone(root, directory, options, workers, progress)


def _run_alone(
    root: Path, directory: Path, options: BatchOptions, workers: Workers, progress: Progress
) -> BatchSummary:
    """Two batches of other settings would mix their series in one table."""
    found = find_pet_series(root, directory, progress)
    if not found.series:
        why = f' ({found.problems[0]})' if found.problems else ''
        msg = f'{root} holds no PET series and no reconstructed SPECT{why}.'
        raise SeriesError(msg)
    jobs = [_job(series, directory) for series in found.series]
    summary = BatchSummary(len(jobs), found.problems)
    try:
        _measure(jobs, options, workers, summary, progress)
    except KeyboardInterrupt:
        signal_heard()
        summary.interrupted = True
    summary.rows = write_tables(directory, jobs, summary.sentences)
    return summary


def _measure(
    jobs: Sequence[SeriesJob],
    options: BatchOptions,
    workers: Workers,
    summary: BatchSummary,
    progress: Progress,
) -> None:
    def told(outcome: SeriesOutcome) -> None:
        summary.counts[outcome.state] += 1
        if outcome.verdict:
            summary.verdicts[outcome.verdict] += 1
        if outcome.sentence:
            summary.sentences[outcome.uid] = outcome.sentence
        ended = summary.counts.total()
        progress(ended / summary.total, _progress_text(summary))

    progress(0.0, f'{summary.total} PET series; starting the workers')
    with connected(workers.count, workers.scheduler) as client:
        measure_all(client, jobs, options, told)


def _progress_text(summary: BatchSummary) -> str:
    """
    How far a batch is.

    Parameters
    ----------
    summary : BatchSummary
        So far.

    Returns
    -------
    text : str
        E.g. ``'12 of 40 series, 3 of them done before, 1 failed'``.
    """
    counts = summary.counts
    parts = [f'{counts.total()} of {summary.total} series']
    parts += [f'{counts["skipped"]} of them done before'] if counts['skipped'] else []
    parts += [f'{counts["failed"]} failed'] if counts['failed'] else []
    return ', '.join(parts)


def _job(series: FoundSeries, directory: Path) -> SeriesJob:
    """Absolute paths: workers stand in folders of their own."""
    return SeriesJob(
        uid=series.uid,
        description=series.description,
        paths=tuple(real_path(path) for path in series.paths),
        folder=real_path(directory / SERIES_FOLDER / series.folder_name),
    )


def _make_folder(directory: Path) -> None:
    require_folder(directory, 'the results')
    with system_errors_named(directory, 'the results'):
        directory.mkdir(parents=True, exist_ok=True)
