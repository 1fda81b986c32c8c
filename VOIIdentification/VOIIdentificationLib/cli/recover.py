"""The command ``voi-identification recover``: completes or undoes what a killed run left."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..core.errors import OutputError
from .terminal import as_lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        Of the command.
    """
    parser.add_argument(
        'folder', metavar='DIR', type=Path, help='a folder of results; all below it are looked at'
    )


def run(args: argparse.Namespace) -> int:
    """
    Look through DIR and say what was done.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_arguments` declares them.

    Returns
    -------
    status : int
        Exit status 0; problems are raised as `PhantomError`.
    """
    from ..files.atomic import recover
    from ..files.signals import mended

    if not args.folder.is_dir():
        msg = f'{args.folder} is no folder'
        raise OutputError(msg)
    sentences = recover(args.folder, below=True)
    mended.clear()  # said here, on standard output
    nothing = [f'{args.folder}: no interrupted run has left anything.']
    sys.stdout.write(as_lines(sentences or nothing))
    return 0
