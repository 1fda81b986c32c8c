"""The command ``voi-identification suv``: a PET series, or a NIfTI of BIDS, to a volume of SUV."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import SUVError
from .arguments import add_frame
from .terminal import as_lines, terminal_progress

if TYPE_CHECKING:
    from ..core.image import PETImage
    from ..suv.scale import SUVScale


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the arguments of the command.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Of the command.
    """
    add = parser.add_argument
    add(
        'input',
        metavar='INPUT',
        type=Path,
        help='a folder with one PET series, searched through, or a .nii or .nii.gz volume with '
        'its sidecar of BIDS',
    )
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
    from ..files.volume import is_volume_file, write_volume

    image, scale = (_of_volume if is_volume_file(args.input) else _of_series)(args)
    write_volume(image, args.output, overwrite=args.overwrite)
    doubts = [f'Note: {flag.text}' for flag in scale.flags]
    read = [f'reading: {note}' for note in image.acquisition.notes]
    lines = [*scale.decisions, *read, *doubts, f'SUV volume: {args.output}']
    sys.stdout.write(as_lines(lines))
    return 0


def _of_series(args: argparse.Namespace) -> tuple[PETImage, SUVScale]:
    from ..dicom.suv import suv_image

    return suv_image(
        args.input,
        suv_type=args.type,
        series_uid=args.series,
        frame=args.frame,
        progress=terminal_progress(sys.stderr),
    )


def _of_volume(args: argparse.Namespace) -> tuple[PETImage, SUVScale]:
    from ..dicom.suv import scaled_to_suv, totals_of
    from ..files.volume import read_volume, volume_sidecar
    from ..suv.scale import compared_with_dose, suv_scale

    image = read_volume(args.input, frame=args.frame)
    sidecar = volume_sidecar(args.input, image.geometry.shape_kji[0], args.frame)
    if sidecar is None:
        msg = (
            f'SUV refused: {args.input} has no sidecar that tells dose, times and weight. Put '
            'its *_pet.json (BIDS) beside it, or read the DICOM series.'
        )
        raise SUVError(msg)
    try:
        scale = suv_scale(sidecar.header, args.type)
    except SUVError as error:
        msg = ' '.join([f'{error}.', 'The header is the sidecar.', *image.acquisition.notes])
        raise SUVError(msg) from error
    scale = compared_with_dose(sidecar.header, scale, totals_of(image))
    return scaled_to_suv(image, scale), scale
