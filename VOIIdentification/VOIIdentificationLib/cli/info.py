"""The command ``voi-identification info``: what a series or volume is, and what it lacks."""

from __future__ import annotations

import argparse
import sys

from ..core.errors import no_progress
from .arguments import add_input, read_input
from .terminal import as_lines


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        Of the command.
    """
    add_input(parser)


def run(args: argparse.Namespace) -> int:
    """
    Print a few lines about INPUT.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_arguments` declares them.

    Returns
    -------
    status : int
        Exit status 0; problems are raised as `PhantomError`.
    """
    from ..dicom.describe import describe_series
    from ..files.volume import is_volume_file

    if is_volume_file(args.input):
        lines = _volume_lines(args)
    else:
        lines = list(describe_series(args.input, args.series, args.frame))
    sys.stdout.write(as_lines(lines))
    return 0


def _volume_lines(args: argparse.Namespace) -> list[str]:
    from ..files.volume import volume_sidecar
    from ..suv.scale import suv_statements

    image, _ = read_input(args, no_progress)
    sidecar = volume_sidecar(args.input, image.geometry.shape_kji[0], args.frame)
    suv = suv_statements(sidecar.header) if sidecar else ('No DICOM header: no SUV.',)
    i, j, k = image.geometry.size_ijk
    x, y, z = image.geometry.spacing_ijk_mm
    return [
        f'Volume {args.input}',
        f'Unit: {image.unit}',
        f'{i} x {j} x {k} voxels of {x:.4g} x {y:.4g} x {z:.4g} mm',
        *suv,
        *(f'Note: {note}' for note in image.acquisition.notes),
    ]
