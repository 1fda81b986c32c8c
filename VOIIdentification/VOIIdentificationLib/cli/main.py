"""The command line ``voi-identification``: one file a command."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .. import __version__
from ..core.errors import PhantomError
from . import analyze as analyze_command
from . import batch as batch_command
from . import compare as compare_command
from . import harmonize as harmonize_command
from . import info as info_command
from . import make_phantom
from . import suv as suv_command
from . import trend as trend_command

EXIT_PROBLEM = 1
"""The data or the files are not as needed; argparse itself exits with 2."""

EXIT_SIGNAL = 128
"""Added to the number of the signal that stopped the program, as shells count it."""

_COMMANDS = {
    'analyze': (analyze_command, 'measure a phantom scan'),
    'make-phantom': (make_phantom, 'make a synthetic PET study whose truth is known'),
    'info': (info_command, 'say what a series or volume is, and what it lacks'),
    'suv': (suv_command, 'write a PET series as a volume of standardized uptake values'),
    'batch': (batch_command, 'measure every PET series below a folder'),
    'compare': (compare_command, 'lay several results over each other, with their differences'),
    'harmonize': (
        harmonize_command,
        'find the Gaussian filter that keeps the limits of a standard',
    ),
    'trend': (trend_command, 'log scans over years and chart them'),
}


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run the program.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; by default those of the process.

    Returns
    -------
    status : int
        0 done, 1 a problem with the data or files, 2 wrong arguments, 130 or
        143 stopped from the keyboard or by the system.
    """
    args = _parser().parse_args(argv)
    with _stop_signals() as received:
        try:
            return int(args.run(args))
        except (Exception, KeyboardInterrupt) as error:
            if received or isinstance(error, KeyboardInterrupt):  # libraries hide it in their own
                sys.stderr.write('voi-identification: stopped; nothing was written\n')
                return EXIT_SIGNAL + (received or [signal.SIGINT])[0]
            if not isinstance(error, PhantomError):
                raise
            sys.stderr.write(f'voi-identification: {error}\n')
            return EXIT_PROBLEM


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Signals that arrive raise, so that files half written are removed."""
    received: list[int] = []

    def _stop(number: int, _frame: object) -> None:
        received.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # only there can it be asked
        yield received
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    old = {number: signal.signal(number, _stop) for number in numbers}
    try:
        yield received
    finally:
        for number, handler in old.items():
            signal.signal(number, handler or signal.SIG_DFL)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='voi-identification',
        description='Find and measure the spheres of a PET image-quality phantom.',
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {__version__}')
    commands = parser.add_subparsers(title='commands', required=True, metavar='COMMAND')
    for name, (module, text) in _COMMANDS.items():
        command = commands.add_parser(name, help=text, description=f'{text[0].upper()}{text[1:]}.')
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser
