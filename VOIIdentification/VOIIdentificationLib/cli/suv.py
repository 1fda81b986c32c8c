"""The command ``voi-identification suv``: a PET series to a volume of SUV."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .arguments import add_frame
from .terminal import as_lines, terminal_progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the arguments of the command.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Of the command.
    """
    add = parser.add_argument
    add('input', metavar='INPUT', type=Path, help='a folder with one PET series, searched through')
    add('--series', metavar='UID', help='which series, if the folder has several')
    add_frame(parser)
    add('--output', metavar='FILE.nrrd', type=Path, required=True, help='the SUV volume')
    add(
        '--type',
        choices=('bw', 'lbm', 'ibw', 'bsa'),
        default='bw',
        help='normalized to body weight (default), lean body mass, ideal body weight or '
        'body surface area',
    )
    add('--overwrite', action='store_true', help='replace an earlier file')


def run(args: argparse.Namespace) -> int:
    """
    Make the volume and print every decision.

    Parameters
    ----------
    args : argparse.Namespace
        As `add_arguments` declares them.

    Returns
    -------
    status : int
        Exit status 0; problems are raised as `PhantomError`.
    """
    from ..dicom.suv import suv_image
    from ..files.atomic import recover
    from ..files.volume import write_volume
    from .arguments import recover_input

    recover(args.output.parent)
    recover_input(args.input)
    image, scale = suv_image(
        args.input,
        suv_type=args.type,
        series_uid=args.series,
        frame=args.frame,
        progress=terminal_progress(sys.stderr),
    )
    write_volume(image, args.output, overwrite=args.overwrite)
    doubts = [f'Note: {flag.text}' for flag in scale.flags]
    read = [f'reading: {note}' for note in image.acquisition.notes]
    lines = [*scale.decisions, *read, *doubts, f'SUV volume: {args.output}']
    sys.stdout.write(as_lines(lines))
    return 0
