"""The command ``voi-identification batch``: every PET series below a folder."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.phantom import load_phantom
from ..files.target import real_path
from . import analyze as analyze_command
from .judging import add_judging_arguments, chosen_limits, exit_status
from .terminal import as_lines, terminal_progress

if TYPE_CHECKING:
    from ..many.batch import BatchSummary

EXIT_PROBLEM = 1
"""At least one series could not be measured; the others are there."""

EXIT_STOPPED = 130
"""A signal stopped the batch, as shells count it."""

_SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        Of the command.
    """
    parser.add_argument('root', metavar='ROOT', type=Path, help='searched with all folders below')
    who = parser.add_mutually_exclusive_group()
    who.add_argument(
        '--workers', metavar='N', type=_count, help='processes (default: one a processor)'
    )
    who.add_argument(
        '--scheduler', metavar='ADDRESS', default='', help='a running Dask scheduler, tcp://…'
    )
    analyze_command.add_measuring_arguments(parser)
    add_judging_arguments(parser)


def _count(text: str) -> int:
    value = int(text) if text.isdigit() else 0
    if value < 1:
        msg = f'must be a number from 1 on, got {text}'
        raise argparse.ArgumentTypeError(msg)
    return value


def run(args: argparse.Namespace) -> int:
    """
    Measure all series and write their table.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_arguments` declares them.

    Returns
    -------
    status : int
        Exit status: 0 if all series are measured, 1 if some are not, 3 if all
        are and `--fail-on` names the verdict of one, 130 if a signal stopped the
        batch; other problems are raised as `PhantomError`.
    """
    from ..analysis import Known
    from ..many.batch import Workers, run_batch
    from ..many.batch_series import BatchOptions
    from ..many.stored import read_results

    activity, worksheet = analyze_command.said_of_fill(args)
    options = BatchOptions(
        phantom=load_phantom(args.phantom),
        settings=analyze_command.settings_of(args),
        known=Known(activity=activity),
        overwrite=args.overwrite,
        calibration=args.calibration,
        worksheet=worksheet,
        limits=chosen_limits(args),
        baseline=None if args.baseline is None else real_path(read_results(args.baseline).path),
    )
    workers = Workers(args.workers or _processors(), args.scheduler)
    progress = terminal_progress(sys.stderr)
    _say_if_deaf()
    summary = run_batch(args.root, args.output, options, workers, progress)
    _print_summary(summary, args.output)
    if summary.interrupted:
        return EXIT_STOPPED
    if summary.sentences or summary.problems:
        return EXIT_PROBLEM
    return exit_status(args, summary.verdicts)


def _say_if_deaf() -> None:
    """A shell without job control lets what it starts with ``&`` ignore Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        sys.stderr.write(
            'The program that started this batch lets it ignore Ctrl-C (SIGINT). To stop it with '
            f'whole results, send SIGTERM: kill {os.getpid()}\n'
        )


def _processors() -> int:
    """Those that this process may use, where the system tells."""
    allowed = getattr(os, 'sched_getaffinity', None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def _print_summary(summary: BatchSummary, directory: Path) -> None:
    from ..many.batch_table import CSV_NAME, PARQUET_NAME

    counts = summary.counts
    said = [*summary.problems, *(f'{uid}: {text}' for uid, text in summary.sentences.items())]
    left = summary.total - counts.total()
    ends = f'{counts["done"]} measured, {counts["skipped"]} done before, {counts["failed"]} failed'
    lines = [
        f'{summary.total} PET series: {ends}, {left} not begun or not finished',
        *said[:_SHOWN],
        *([f'… and {len(said) - _SHOWN} more, in the table'] if len(said) > _SHOWN else []),
    ]
    verdicts = ', '.join(f'{count} {level}' for level, count in summary.verdicts.items())
    lines += [f'Overall verdicts: {verdicts}'] * bool(verdicts)
    if summary.interrupted:
        lines.append('Stopped. The same command goes on with the rest.')
    lines.append(f'{summary.rows} rows: {directory / CSV_NAME}, {directory / PARQUET_NAME}')
    sys.stdout.write(as_lines(lines))
