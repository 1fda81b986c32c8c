"""What arguments of several commands mean: INPUT, and numbers with limits."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import Progress

if TYPE_CHECKING:
    from ..core.image import PETImage
    from ..dicom.read import PETStack


_MAX_FRAMES = 10_000
"""No series has as many times or gates: what is typed beyond is a slip."""


def add_input(parser: argparse.ArgumentParser) -> None:
    """
    Declare INPUT and what picks and explains it.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        Of a command.
    """
    parser.add_argument(
        'input',
        metavar='INPUT',
        type=Path,
        help='a folder with one PET series, searched through, or a .nrrd, .nii, .nii.gz volume',
    )
    parser.add_argument('--series', metavar='UID', help='which series, if the folder has several')
    add_frame(parser)
    parser.add_argument('--unit', help='unit of the values, where the file does not say it')


def add_frame(parser: argparse.ArgumentParser) -> None:
    """
    Declare which time or gate is read.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        Of a command.
    """
    parser.add_argument(
        '--frame',
        metavar='N',
        type=whole_number(1, _MAX_FRAMES),
        help='which time or gate of a dynamic or gated series, or of a 4-D NIfTI file, from 1',
    )


def read_input(args: argparse.Namespace, progress: Progress) -> tuple[PETImage, PETStack | None]:
    """
    Read INPUT.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_input` declares them.

    progress : callable
        Told how far the reading is.

    Returns
    -------
    image : PETImage
        In the unit of the file, or in the one that was said; DICOM's codes of
        units are understood.

    stack : PETStack or None
        Its slices with their headers; None if INPUT is not DICOM.

    Raises
    ------
    PhantomError
        If it cannot be read.
    """
    from ..dicom.read import read_stack
    from ..files.volume import is_volume_file, read_volume

    if is_volume_file(args.input):
        image, stack = read_volume(args.input, frame=args.frame), None
        progress(1.0, 'volume read')
    else:
        image, stack = read_stack(
            args.input, series_uid=args.series, frame=args.frame, progress=progress
        )
    return in_said_unit(image, args.unit), stack


def recover_named(args: argparse.Namespace) -> None:
    """
    Mend what killed runs left wherever the arguments point to, before anything is read or written.

    Parameters
    ----------
    args : `argparse.Namespace`
        Of any command.

    Raises
    ------
    OutputError
        If files were being moved there and that can be neither completed nor
        undone: what would be read is neither old nor new.
    """
    from ..files.atomic import recover

    named = dict.fromkeys(_paths([value for key, value in vars(args).items() if key != 'run']))
    folders = dict.fromkeys(folder for path in named for folder in (path, path.parent))
    for folder in folders:  # a phantom's slices lie one folder below what was being written
        recover(folder, reading=True)


def _paths(value: object) -> Iterator[Path]:
    """Paths in lists of lists, too; a name of a preset may be a file of that name."""
    if isinstance(value, Path):
        yield value
    elif isinstance(value, str):
        if os.sep in value or Path(value).suffix:
            yield Path(value)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _paths(one)


def in_said_unit(image: PETImage, unit: str | None) -> PETImage:
    """
    An image whose unit nothing names, in the unit that was said.

    Parameters
    ----------
    image : PETImage
        As read.

    unit : str or None
        What the command line says; DICOM's codes are understood.

    Returns
    -------
    image : PETImage
        With a note where the header says another unit.
    """
    from ..core.image import UNKNOWN_UNIT
    from ..core.units import UNIT_OF_DICOM, unit_of_code

    if not unit:
        return image
    said = UNIT_OF_DICOM.get(unit.upper()) or unit_of_code(unit)
    if image.unit == UNKNOWN_UNIT:
        return replace(image, unit=said)
    note = f'The unit {image.unit} of the header is used, not {said} of the command line.'
    notes = (*image.acquisition.notes, *([note] if said != image.unit else []))
    return replace(image, acquisition=replace(image.acquisition, notes=notes))


def positive(text: str) -> float:
    """
    A number above 0, as an argument.

    Parameters
    ----------
    text : str
        As typed.

    Returns
    -------
    value : float
        Finite.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is something else; the program then ends with status 2.
    """
    return _number(text, 'a number above 0', lambda value: value > 0)


def number(low: float, high: float) -> Callable[[str], float]:
    """
    What reads a number within limits, as an argument.

    Parameters
    ----------
    low, high : float
        The limits.

    Returns
    -------
    read : callable
        From what was typed to the number; the program ends with status 2 if it is none.
    """
    return partial(
        _number, expected=f'a number from {low:g} to {high:g}', fits=lambda one: low <= one <= high
    )


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """
    What reads a whole number within limits, as an argument.

    Parameters
    ----------
    low, high : int
        The limits.

    Returns
    -------
    read : callable
        From what was typed to the number; the program ends with status 2 if it is none.
    """

    def _read(text: str) -> int:
        expected = f'a whole number from {low} to {high}'
        fits = lambda one: low <= one <= high and one.is_integer()  # noqa: E731
        return int(_number(text, expected, fits))

    return _read


def _number(text: str, expected: str, fits: Callable[[float], bool]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and fits(value)):
        msg = f'must be {expected}, got {text}'
        raise argparse.ArgumentTypeError(msg)
    return value
