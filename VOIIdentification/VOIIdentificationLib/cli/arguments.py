"""The INPUT of commands: a folder with a PET series, or a volume file."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.progress import Progress

if TYPE_CHECKING:
    from ..core.image import PETImage
    from ..dicom.stack import PETStack


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
    parser.add_argument('--unit', help='unit of the values, where the file does not say it')


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
        image, stack = read_volume(args.input), None
        progress(1.0, 'volume read')
    else:
        image, stack = read_stack(args.input, series_uid=args.series, progress=progress)
    return _in_said_unit(image, args.unit), stack


def _in_said_unit(image: PETImage, unit: str | None) -> PETImage:
    from ..core.image import UNKNOWN_UNIT
    from ..core.units import UNIT_OF_DICOM

    if not unit:
        return image
    said = UNIT_OF_DICOM.get(unit.upper(), unit)
    if image.unit == UNKNOWN_UNIT:
        return replace(image, unit=said)
    note = f'The unit {image.unit} of the header is used, not {said} of the command line.'
    notes = (*image.acquisition.notes, *([note] if said != image.unit else []))
    return replace(image, acquisition=replace(image.acquisition, notes=notes))
