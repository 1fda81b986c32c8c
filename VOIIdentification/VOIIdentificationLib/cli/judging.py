"""What is judged by: profiles of limits and a baseline; the exit status that follows."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import InputFileError

if TYPE_CHECKING:
    from ..core.image import PETImage
    from ..core.phantom import Phantom
    from ..evaluate.baseline import Baseline
    from ..evaluate.limits import Limits

EXIT_VERDICT = 3
"""The results are written, and the verdict is one that --fail-on names."""

FAIL_ON = {'warning': ('warning', 'fail', 'not judged'), 'fail': ('fail',)}
"""Levels of the overall verdict by the choice: what could not be judged has not passed."""


def add_judging_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare what a measurement is judged by.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        Of a command that measures.
    """
    group = parser.add_argument_group('verdict')
    group.add_argument(
        '--limits',
        metavar='NAME|FILE.json',
        action='append',
        default=[],
        help='judge by this profile of limits, e.g. "EARL 2"; may be given several times: the '
        'overall verdict is the worst of them',
    )
    group.add_argument(
        '--baseline',
        metavar='RESULTS.json',
        type=Path,
        help='compare with earlier results of the same scanner and reconstruction',
    )
    group.add_argument(
        '--fail-on',
        choices=tuple(FAIL_ON),
        help='exit status 3 if the overall verdict is this or worse; warning: also if it could '
        'not be judged. The results are written all the same',
    )


def chosen_limits(args: argparse.Namespace) -> tuple[Limits, ...]:
    """
    Read the profiles that were chosen, before any work is done.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_judging_arguments` declares them.

    Returns
    -------
    profiles : tuple of Limits
        In their order.

    Raises
    ------
    InputFileError
        If one is no profile, two have one name, or there are none for --fail-on.
    """
    from ..evaluate.limits import find_limits, require_names

    if args.fail_on and not args.limits:
        msg = '--fail-on needs --limits: without limits nothing is judged.'
        raise InputFileError(msg)
    return require_names([find_limits(name) for name in args.limits])


def chosen_baseline(args: argparse.Namespace, image: PETImage, phantom: Phantom) -> Baseline | None:
    """
    Read the baseline, if one was given.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_judging_arguments` declares them.

    image : PETImage
        This scan.

    phantom : Phantom
        What was scanned.

    Returns
    -------
    baseline : Baseline or None
        None if none was given.

    Raises
    ------
    InputFileError
        If it is of another scanner, reconstruction or phantom.
    """
    from ..many.baseline import load_baseline

    return None if args.baseline is None else load_baseline(args.baseline, image, phantom)


def exit_status(args: argparse.Namespace, levels: Iterable[str]) -> int:
    """
    What the command returns.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_judging_arguments` declares them.

    levels : iterable of str
        Of the overall verdicts.

    Returns
    -------
    status : int
        `EXIT_VERDICT` if one is what `--fail-on` names, else 0.
    """
    return EXIT_VERDICT if set(levels) & set(FAIL_ON.get(args.fail_on, ())) else 0
