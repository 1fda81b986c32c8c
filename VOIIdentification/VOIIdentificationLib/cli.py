"""The command line: ``voi-identification analyze | make-phantom | info``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from . import __version__, make_phantom
from .errors import InputFileError, PhantomError
from .image import UNKNOWN_UNIT
from .phantom import DEFAULT_PHANTOM, load_phantom
from .progress import Progress, part_of
from .settings import Settings, load_settings
from .terminal import terminal_progress
from .volume_read import is_volume_file

if TYPE_CHECKING:
    from .image import PETImage
    from .results import AnalysisResult

EXIT_PROBLEM = 1
"""The data or the files are not as needed; argparse itself exits with 2."""

EXIT_INTERRUPTED = 130
"""Stopped from the keyboard, as shells count it."""


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
        0 done, 1 a problem with the data or files, 2 wrong arguments.
    """
    args = _parser().parse_args(argv)
    try:
        return int(args.run(args))
    except PhantomError as error:
        sys.stderr.write(f'voi-identification: {error}\n')
        return EXIT_PROBLEM
    except KeyboardInterrupt:
        sys.stderr.write('voi-identification: stopped; nothing was written\n')
        return EXIT_INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='voi-identification',
        description='Find and measure the spheres of a PET image-quality phantom.',
    )
    parser.add_argument('--version', action='version', version=f'%(prog)s {__version__}')
    commands = parser.add_subparsers(title='commands', required=True, metavar='COMMAND')
    _add_command(commands, 'analyze', 'measure a phantom scan', _add_analyze, _run_analyze)
    _add_command(
        commands,
        'make-phantom',
        'make a synthetic PET study whose truth is known',
        make_phantom.add_arguments,
        make_phantom.run,
    )
    _add_command(commands, 'info', 'say what a series or volume is', _add_input, _run_info)
    return parser


def _add_command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    text: str,
    add_arguments: Callable[[argparse.ArgumentParser], None],
    run: Callable[[argparse.Namespace], int],
) -> None:
    parser = commands.add_parser(name, help=text, description=f'{text.capitalize()}.')
    add_arguments(parser)
    parser.set_defaults(run=run)


def _add_input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'input',
        metavar='INPUT',
        type=Path,
        help='a folder with one PET series, searched through, or a .nrrd, .nii, .nii.gz volume',
    )
    parser.add_argument('--series', metavar='UID', help='which series, if the folder has several')
    parser.add_argument('--unit', help='unit of the values, where the file does not say it')


def _add_analyze(parser: argparse.ArgumentParser) -> None:
    _add_input(parser)
    add = parser.add_argument
    add('--output', metavar='DIR', type=Path, required=True, help='folder for the results')
    add(
        '--seeds',
        metavar='FILE',
        type=Path,
        help='.mrk.json, .fcsv, or .csv with a header such as label,x_ras,y_ras,z_ras',
    )
    add(
        '--phantom',
        metavar='NAME|FILE.json',
        default=DEFAULT_PHANTOM,
        help='what was scanned (default: %(default)s)',
    )
    add('--settings', metavar='FILE.json', type=Path, help='how to measure')
    add(
        '--counting',
        choices=('partial', 'hard'),
        help='partial voxels by volume (default), or whole voxels as the original script',
    )
    add('--no-refinement', action='store_true', help='measure at the seeds themselves')
    add('--overwrite', action='store_true', help='replace earlier results in DIR')


def _run_analyze(args: argparse.Namespace) -> int:
    from .analysis import analyze
    from .markups import read_seeds

    progress = terminal_progress(sys.stderr)
    phantom = load_phantom(args.phantom)
    settings = _settings(args)
    if args.seeds is None:
        msg = 'no seeds: name a file with one point near the center of each sphere by --seeds FILE'
        raise InputFileError(msg)
    seeds = read_seeds(args.seeds)
    image = _read_image(args, part_of(progress, 0.0, 0.4))
    result = analyze(image, seeds, phantom, settings, part_of(progress, 0.4, 0.5))
    _export(result, args, part_of(progress, 0.5, 1.0))
    _print_summary(result, args.output)
    return 0


def _settings(args: argparse.Namespace) -> Settings:
    settings = load_settings(args.settings) if args.settings else Settings()
    if args.counting:
        settings = replace(settings, counting=args.counting)
    if args.no_refinement:
        settings = replace(settings, refinement='none')
    return settings


def _read_image(args: argparse.Namespace, progress: Progress) -> PETImage:
    if is_volume_file(args.input):
        from .volume_read import read_volume

        image = read_volume(args.input, unit=args.unit or UNKNOWN_UNIT)
        progress(1.0, 'read')
        return image
    from .dicom_read import read_pet_series

    image = read_pet_series(args.input, series_uid=args.series, progress=progress)
    return replace(image, unit=args.unit) if args.unit and image.unit == UNKNOWN_UNIT else image


def _export(result: AnalysisResult, args: argparse.Namespace, progress: Progress) -> None:
    from .export import export_results

    export_results(
        result,
        args.output,
        overwrite=args.overwrite,
        write_segmentation=segmentation_writer(result),
        progress=progress,
    )


def segmentation_writer(result: AnalysisResult) -> Callable[[Path], None] | None:
    """
    How to write the segmentation.

    Parameters
    ----------
    result : AnalysisResult
        What was found.

    Returns
    -------
    write : callable or None
        Takes the path; None where slicer-core is not installed.
    """
    from importlib.util import find_spec

    if find_spec('slicer') is None:
        return None
    from .mrml_segmentation import write_segmentation

    return lambda path: write_segmentation(result, path)


def _print_summary(result: AnalysisResult, directory: Path) -> None:
    unit = result.image.unit
    lines = [f'{"":8} {"center RAS (mm)":>26} {"shift mm":>9} {"mean":>12} {"max":>12}  {unit}']
    for sphere in result.spheres:
        r, a, s = sphere.center_ras_mm
        center = f'{r:8.2f} {a:8.2f} {s:8.2f}'
        flags = ', '.join(flag.value for flag in sphere.flags)
        lines.append(
            f'{sphere.label:8} {center:>26} {sphere.shift_mm:9.2f} '
            f'{_number(sphere.statistics.mean)} {_number(sphere.statistics.max)}  {flags}'.rstrip()
        )
    lines += [*result.notes, f'Results: {directory}', '']
    sys.stdout.write('\n'.join(lines))


def _number(value: float | None) -> str:
    return f'{"":12}' if value is None else f'{value:12.6g}'


def _run_info(args: argparse.Namespace) -> int:
    if is_volume_file(args.input):
        lines = _describe_volume(args)
    else:
        from .dicom_describe import describe_series

        lines = list(describe_series(args.input, series_uid=args.series))
    sys.stdout.write('\n'.join([*lines, '']))
    return 0


def _describe_volume(args: argparse.Namespace) -> list[str]:
    from .volume_read import read_volume

    image = read_volume(args.input, unit=args.unit or UNKNOWN_UNIT)
    i, j, k = image.geometry.size_ijk
    x, y, z = image.geometry.spacing_ijk_mm
    return [
        f'Volume {args.input}',
        f'Unit: {image.unit}',
        f'{i} x {j} x {k} voxels of {x:.4g} x {y:.4g} x {z:.4g} mm',
        'No DICOM header: no SUV.',
    ]
