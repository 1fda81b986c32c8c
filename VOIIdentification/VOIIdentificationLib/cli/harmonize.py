"""The command ``voi-identification harmonize``: the filter that keeps the limits of a standard."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from ..core.errors import OutputError, Progress, part_of
from ..core.phantom import DEFAULT_PHANTOM, load_phantom
from ..core.settings import Counting, Refinement
from .analyze import add_activity_arguments, known_of, settings_of
from .arguments import add_input, number, read_input
from .terminal import as_lines, terminal_progress

if TYPE_CHECKING:
    from ..core.image import PETImage
    from ..dicom.read import PETStack


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        Of the command.
    """
    add_input(parser)
    add = parser.add_argument
    add('--standard', metavar='NAME|FILE.json', required=True, help='limits, e.g. "EARL 1"')
    add('--seeds', metavar='FILE', type=Path, help='as for analyze; else the spheres are found')
    add('--output', metavar='DIR', type=Path, help='folder for page, table and JSON')
    add('--write', metavar='DIR', type=Path, help='folder for the filtered DICOM series')
    add(
        '--fwhm',
        metavar='MM',
        type=number(0.0, 30.0),
        help='width that --write applies (default: the one with most margin)',
    )
    add('--overwrite', action='store_true', help='replace earlier page, table and JSON in DIR')
    add('--phantom', metavar='NAME|FILE.json', default=DEFAULT_PHANTOM, help='what was scanned')
    add('--settings', metavar='FILE.json', type=Path, help='how to measure')
    add('--counting', choices=get_args(Counting), help='as for analyze')
    add('--refinement', choices=get_args(Refinement), help='as for analyze')
    add_activity_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """
    Try the filters, say which is best, and write what was asked for.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_arguments` declares them.

    Returns
    -------
    status : int
        Exit status 0; problems are raised as `PhantomError`.
    """
    from ..analysis import analyze
    from ..evaluate.limits import find_limits
    from ..files.markups import read_seeds
    from ..many.harmonize import harmonize
    from ..many.harmonize_files import answer, check_target, write_harmonization

    progress = terminal_progress(sys.stderr)
    standard = find_limits(args.standard)
    phantom, settings = load_phantom(args.phantom), settings_of(args)
    if args.output:
        check_target(args.output, overwrite=args.overwrite)
    if args.write:
        _require_new(args.write)
    seeds = read_seeds(args.seeds) if args.seeds else ()
    image, stack = read_input(args, part_of(progress, 0.0, 0.3))
    known, step = known_of(args, stack, image), part_of(progress, 0.3, 0.5)
    result = analyze(image, seeds, phantom, settings, step, known=known)
    found = harmonize(result, standard, progress=part_of(progress, 0.5, 0.8))
    lines = [answer(found), *(f'Note: {note}' for note in found.notes)]
    if args.output:
        write_harmonization(found, result, args.output, overwrite=args.overwrite)
        lines.append(f'Figures: {args.output}')
    if args.write:
        best = None if found.best is None else float(found.widths_mm[found.best])
        width = best if args.fwhm is None else args.fwhm
        _write(args.write, image, stack, width, part_of(progress, 0.8, 1.0))
        lines.append(f'Filtered series, {width:.1f} mm: {args.write}')
    progress(1.0, 'done')
    sys.stdout.write(as_lines(lines))
    return 0


def _require_new(folder: Path) -> None:
    """A series that lies among other files could be read as a part of them."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        msg = f'{folder} is not an empty folder: name a new one for the filtered series.'
        raise OutputError(msg)


def _write(
    folder: Path,
    image: PETImage,
    stack: PETStack | None,
    fwhm_mm: float | None,
    progress: Progress,
) -> None:
    from ..dicom.filtered import write_filtered_series
    from ..files.atomic import transaction
    from ..many.gaussian import filtered_image

    if stack is None:
        msg = 'a volume file has no DICOM header: --write needs the series itself.'
        raise OutputError(msg)
    if fwhm_mm is None:
        msg = 'no width could be judged: say with --fwhm which one --write is to apply.'
        raise OutputError(msg)
    filtered = filtered_image(image, fwhm_mm, part_of(progress, 0.0, 0.5))
    with transaction(folder, 'the filtered series') as files:
        write_filtered_series(filtered, stack, files.new, fwhm_mm, part_of(progress, 0.5, 1.0))
        files.commit()
