"""The command ``voi-identification analyze``: from a scan and seeds to all result files."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from ..core.errors import InputFileError, no_progress, part_of
from ..core.phantom import DEFAULT_PHANTOM, NEMAEdition, load_phantom
from ..core.settings import Counting, Refinement, Settings, load_settings
from .arguments import add_input, number, positive, read_input
from .each_frame import run_each_frame
from .judging import (
    add_judging_arguments,
    chosen_baseline,
    chosen_limits,
    exit_status,
)
from .outward import add_outward_arguments, outward_options, write_exports
from .terminal import as_lines, terminal_progress

if TYPE_CHECKING:
    from ..activity.worksheet import TrueActivity
    from ..analysis import Known
    from ..core.image import PETImage
    from ..dicom.read import PETStack
    from ..results import AnalysisResult


_MAX_BQML = 1e12
"""No phantom holds a curie in a milliliter: what is typed beyond is a slip."""

_MIN_CALIBRATION, _MAX_CALIBRATION = 1e-9, 1e12
"""Bq/mL per count: so wide that only slips of the keyboard lie outside."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        Of the command.
    """
    add_input(parser)
    places = parser.add_mutually_exclusive_group()
    places.add_argument(
        '--centers',
        metavar='RESULTS',
        type=Path,
        help='results.json, or its folder, of another image of the same frame of reference whose '
        'centers are used, e.g. that of the best reconstruction',
    )
    places.add_argument(
        '--seeds',
        metavar='FILE',
        type=Path,
        help='.mrk.json, .fcsv, or .csv with a header such as label,x_ras,y_ras,z_ras; '
        'without it the spheres are found',
    )
    parser.add_argument('--quiet', action='store_true', help='print nothing but problems')
    parser.add_argument(
        '--each-frame',
        action='store_true',
        help='measure every time or gate of INPUT, each in a folder of DIR, and how far values '
        'repeat',
    )
    add_measuring_arguments(parser)
    add_judging_arguments(parser)
    add_outward_arguments(parser)


def add_measuring_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare where results go and how is measured, for one series or for many.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        Of a command.
    """
    add = parser.add_argument
    add('--output', metavar='DIR', type=_named, required=True, help='folder for the results')
    add(
        '--phantom',
        metavar='NAME|FILE.json',
        default=DEFAULT_PHANTOM,
        help='what was scanned (default: %(default)s)',
    )
    add('--settings', metavar='FILE.json', type=Path, help='how to measure')
    add(
        '--counting',
        choices=get_args(Counting),
        help='partial voxels by volume (default), or whole voxels as the original script',
    )
    add(
        '--refinement',
        choices=get_args(Refinement),
        help='centers by model fit (default), by the highest mean alone, or the seeds themselves',
    )
    add(
        '--calibration',
        metavar='BQML_PER_COUNT',
        type=number(_MIN_CALIBRATION, _MAX_CALIBRATION),
        help='makes Bq/mL of counts, e.g. of SPECT: concentration for a value of 1',
    )
    add('--identify', action='store_true', help='name the patient in report.html')
    add('--pdf', action='store_true', help='print report.html to report.pdf too')
    add(
        '--edition',
        choices=get_args(NEMAEdition),
        help='of NEMA NU 2 (default: that of the phantom, else 2018)',
    )
    add('--overwrite', action='store_true', help='replace earlier results in DIR')
    add_activity_arguments(parser)


def add_activity_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare what is known of the fill.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        Of a command.
    """
    group = parser.add_argument_group('true activity, for contrast and recovery')
    group.add_argument(
        '--activity',
        metavar='FILE.json',
        type=Path,
        help='fill worksheet: syringes, times, volumes',
    )
    said = 'Bq/mL at the reference time of the image, instead of a worksheet'
    for name, kind, what in (
        ('hot', positive, f'in the hot spheres, {said}'),
        (
            'background',
            number(0.0, _MAX_BQML),
            f'in the background, {said}; 0 if it is cold by design',
        ),
    ):
        group.add_argument(f'--true-{name}', metavar='BQML', type=kind, help=what)


def _named(text: str) -> Path:
    if not text:  # e.g. an unset variable of a shell; not the current folder
        msg = 'must name a folder, got nothing'
        raise argparse.ArgumentTypeError(msg)
    return Path(text)


def run(args: argparse.Namespace) -> int:
    """
    Analyze INPUT and write the results.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_arguments` declares them.

    Returns
    -------
    status : int
        Exit status 0, or 3 after `--fail-on`; problems are raised as `PhantomError`.
    """
    from ..analysis import analyze
    from ..core.image import calibrated
    from ..files.markups import read_seeds
    from ..many.of_header import without_suv
    from ..many.stored import read_shared_geometry
    from ..report.export import PageOptions, check_target, export_results
    from ..report.verdicts import with_verdict

    progress = no_progress if args.quiet else terminal_progress(sys.stderr)
    if args.each_frame:
        return run_each_frame(args, progress)
    check_target(args.output, overwrite=args.overwrite)
    phantom, settings, limits = load_phantom(args.phantom), settings_of(args), chosen_limits(args)
    seeds = read_seeds(args.seeds) if args.seeds else ()
    shared = read_shared_geometry(args.centers) if args.centers else None
    image, stack = read_input(args, part_of(progress, 0.0, 0.3))
    dicom = outward_options(args, stack)
    known = known_of(args, stack, image)
    if args.calibration:
        image, known = calibrated(image, args.calibration), without_suv(known)
    baseline = chosen_baseline(args, image, phantom)
    known = replace(known, centers=shared)
    result = analyze(image, seeds, phantom, settings, part_of(progress, 0.3, 0.5), known=known)
    result = with_verdict(result, limits, baseline)
    export_results(
        result,
        args.output,
        overwrite=args.overwrite,
        page=PageOptions(identify=args.identify, pdf=args.pdf),
        dicom=dicom,
        progress=part_of(progress, 0.5, 1.0),
    )
    write_exports(args, result)
    progress(1.0, 'done')
    if not args.quiet:
        _print_summary(result, args.output)
    return exit_status(args, [result.verdict.level.value])


def settings_of(args: argparse.Namespace) -> Settings:
    """
    How is measured.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_measuring_arguments` declares them.

    Returns
    -------
    settings : Settings
        Of the file, changed by what the command line says.
    """
    settings = load_settings(args.settings) if args.settings else Settings()
    given = {name: getattr(args, name, None) for name in ('counting', 'refinement', 'edition')}
    return replace(settings, **{name: value for name, value in given.items() if value})


def known_of(
    args: argparse.Namespace, stack: PETStack | None, image: PETImage, frame: int | None = None
) -> Known:
    """
    What is known besides the image.

    Parameters
    ----------
    args : `argparse.Namespace`
        With worksheet or concentrations.

    stack : PETStack or None
        Headers, which tell the rest; None if INPUT is not DICOM.

    image : PETImage
        What was read.

    frame : int, optional
        Which volume of a 4-D file, if not the one that is asked for by `--frame`.

    Returns
    -------
    known : Known
        Of both.
    """
    from ..analysis import Known
    from ..files.volume import volume_sidecar
    from ..many.of_header import with_header, with_suv_header

    known = Known()
    if stack is not None:
        known = with_header(known, stack)
    elif sidecar := volume_sidecar(args.input, image.geometry.shape_kji[0], frame or args.frame):
        known = with_suv_header(known, sidecar.header)
    return _with_fill(args, known)


def _with_fill(args: argparse.Namespace, known: Known) -> Known:
    """What the command line says of the fill; a worksheet may leave out what the header says."""
    from ..many.of_header import with_worksheet

    activity, worksheet = said_of_fill(args)
    if worksheet is not None:
        return with_worksheet(known, worksheet, str(args.activity))
    return known if activity is None else replace(known, activity=activity)


def said_of_fill(args: argparse.Namespace) -> tuple[TrueActivity | None, dict[str, Any] | None]:
    """
    Concentrations or worksheet, as the command line has them.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_activity_arguments` declares them.

    Returns
    -------
    activity : TrueActivity or None
        Of numbers.

    worksheet : dict or None
        As its file has it, not yet completed by a header.

    Raises
    ------
    PhantomError
        If there are both, or one makes no sense.
    """
    from ..activity.worksheet import given_activity
    from ..activity.worksheet_json import read_worksheet_data

    numbers = args.true_hot, args.true_background
    given = any(number is not None for number in numbers)
    if args.activity and given:
        msg = 'give either --activity or --true-hot and --true-background, not both'
        raise InputFileError(msg)
    activity = given_activity(*numbers) if given else None
    return activity, read_worksheet_data(args.activity) if args.activity else None


def _print_summary(result: AnalysisResult, directory: Path) -> None:
    from ..report.page.write import page_hindrance
    from ..report.summary_text import summary_lines

    more = (
        *filter(None, [page_hindrance()]),
        f'Results: {directory}',
    )
    sys.stdout.write(as_lines([*summary_lines(result), *more]))
