"""
The command line ``voi-identification``: one file a command.

Nothing that takes time is imported at file scope: a signal is to be understood
from the first moment on.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..core.errors import PhantomError
from ..core.sentence import joined, sentence_of
from ..files.signals import committed_folders, mended
from .stop import StopSignals
from .terminal import PROGRAM, PlainStream, complain

if TYPE_CHECKING:
    import argparse

EXIT_PROBLEM = 1
"""The data or the files are not as needed; argparse itself exits with 2."""

RECOVER = 'recover'

DEBUG_VARIABLE = 'VOI_IDENTIFICATION_DEBUG'
"""If it is set, what the option ``--debug`` asks for: errors with their traceback."""


_GARBAGE_THRESHOLDS = 20_000, 20, 50
"""Python's own are 700, 10, 10: a tenth of the time of a run, for some megabytes."""


def program() -> None:
    """Run as a process of its own."""
    _open_closed_streams()
    _spare_processor()
    sys.exit(main(last=True))


def _spare_processor() -> None:
    """
    Leave out what costs a short run more than it brings.

    Matrices here are small: OpenBLAS's threads, one a processor, would wait in a
    busy loop. What a command makes it mostly keeps: garbage is looked for less often.
    """
    os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
    gc.set_threshold(*_GARBAGE_THRESHOLDS)


def _open_closed_streams() -> None:
    """A closed standard stream would be the next file that is opened."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    while nowhere <= 2:
        nowhere = os.dup(nowhere)
    os.close(nowhere)


def main(argv: Sequence[str] | None = None, *, last: bool = False) -> int:
    """
    Run the program.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; by default those of the process.

    last : bool, optional
        True if the process ends with it.

    Returns
    -------
    status : int
        0 done, 1 a problem with the data or files, 2 wrong arguments, 130 or
        143 stopped from the keyboard or by the system.
    """
    with StopSignals(last=last) as stop:
        try:
            committed_folders.clear()
            mended.clear()
            out, err = PlainStream(sys.stdout, needed=True), PlainStream(sys.stderr, needed=False)
            with redirect_stdout(out), redirect_stderr(err):
                return _run(argv, stop)
        except KeyboardInterrupt:
            stop.end()
            complain(f'stopped; {_what_is_true()}')
            return stop.status


def _run(argv: Sequence[str] | None, stop: StopSignals) -> int:
    from .arguments import recover_named

    debug = bool(os.environ.get(DEBUG_VARIABLE))
    try:
        args = _parser().parse_args(argv)
        debug = debug or args.debug
        if args.command != RECOVER:  # which looks further, and says it on standard output
            recover_named(args)
        status = int(args.run(args))
    except Exception as error:
        if stop.received:  # libraries hide it in errors of their own
            raise KeyboardInterrupt from error
        stop.end()
        return _problem(error, debug=debug)
    _say_mended()
    return status


def _problem(error: Exception, *, debug: bool) -> int:
    _say_mended()
    if debug:
        import traceback

        traceback.print_exc()
    true = [f'But {_what_is_true()}.'] if committed_folders else []
    complain(joined((_sentence(error), *true)))
    return EXIT_PROBLEM


def _sentence(error: Exception) -> str:
    """What a problem is to the user, and what can be done."""
    if isinstance(error, PhantomError):
        return sentence_of(error)
    if isinstance(error, MemoryError):
        return 'there is not enough memory for it. Close other programs, or use a smaller image.'
    if isinstance(error, OSError) and error.filename is not None:
        return f'{error.filename}: {error.strerror}.'
    if isinstance(error, FileNotFoundError) and not _has_current_folder():
        return 'the current folder no longer exists; change to another one, or give full paths.'
    about = '; '.join([f'{type(error).__name__}: {error}', *getattr(error, '__notes__', [])])
    return (
        f'an unexpected error ({about}). This is a fault of the program: please report it with '
        'what the same command prints with --debug, and with the file if you may share it.'
    )


def _has_current_folder() -> bool:
    try:
        return bool(Path.cwd())
    except FileNotFoundError:  # removed, or unmounted, while the shell is in it
        return False


def _what_is_true() -> str:
    folders = ', '.join(str(folder) for folder in dict.fromkeys(committed_folders))
    if folders:
        return f'the new files in {folders} are written, whole'
    return 'nothing else was changed' if mended else 'nothing was changed'


def _say_mended() -> None:
    for sentence in mended:
        complain(sentence)


def _parser() -> argparse.ArgumentParser:
    import argparse

    from . import analyze, batch, compare, harmonize, info, make_phantom, recover, suv, trend

    commands = {
        'analyze': (analyze, 'measure a phantom scan'),
        'make-phantom': (make_phantom, 'make a synthetic PET study whose truth is known'),
        'info': (info, 'say what a series or volume is, and what it lacks'),
        'suv': (suv, 'write a PET series as a volume of standardized uptake values'),
        'batch': (batch, 'measure every PET series below a folder'),
        'compare': (compare, 'lay several results over each other, with their differences'),
        'harmonize': (harmonize, 'find the Gaussian filter that keeps the limits of a standard'),
        'trend': (trend, 'log scans over years and chart them'),
        RECOVER: (recover, 'complete or undo what an interrupted run left in a folder'),
    }
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description='Find and measure the spheres of a PET image-quality phantom.'
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {__version__}')
    group = parser.add_subparsers(title='commands', required=True, metavar='COMMAND')
    for name, (module, text) in commands.items():
        command = group.add_parser(name, help=text, description=f'{text[0].upper()}{text[1:]}.')
        module.add_arguments(command)
        command.add_argument(
            '--debug',
            action='store_true',
            help=f'print errors with their traceback, as {DEBUG_VARIABLE}=1 does',
        )
        command.set_defaults(run=module.run, command=name)
    return parser
