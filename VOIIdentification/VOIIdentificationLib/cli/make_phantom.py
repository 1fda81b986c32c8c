"""The command ``voi-identification make-phantom``: a PET study whose truth is known."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import InputFileError
from ..core.phantom import DEFAULT_PHANTOM, load_phantom
from .arguments import count, not_negative, positive
from .terminal import terminal_progress

if TYPE_CHECKING:  # loaded where they are used: the command line answers --help at once
    from ..synthetic.phantom import SyntheticPhantom


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare the arguments of the command.

    Parameters
    ----------
    parser : `argparse.ArgumentParser`
        Of the command.
    """
    parser.add_argument('folder', metavar='DIR', type=Path, help='folder for the study')
    _add_grid_arguments(parser.add_argument_group('image'))
    _add_phantom_arguments(parser.add_argument_group('phantom'))
    add = parser.add_argument
    add('--random-seed', type=int, default=0, metavar='N', help='decides noise, names and seeds')
    add(
        '--seed-shift',
        type=not_negative,
        default=4.0,
        metavar='MM',
        help='distance of the seeds from the true centers (default: %(default)s)',
    )
    add('--overwrite', action='store_true', help='replace a study made earlier in DIR')


def run(args: argparse.Namespace) -> int:
    """
    Make the study and say where it is.

    Parameters
    ----------
    args : `argparse.Namespace`
        As `add_arguments` declares them.

    Returns
    -------
    status : int
        Exit status 0; problems are raised as `PhantomError`.
    """
    from .phantom_study import SEEDS_FILE, TRUTH_FILE, make_phantom_study

    paths = make_phantom_study(
        args.folder,
        _scene(args),
        seed_shift_mm=args.seed_shift,
        overwrite=args.overwrite,
        progress=terminal_progress(sys.stderr),
    )
    sys.stdout.write(f'{len(paths) - 2} slices, {TRUTH_FILE} and {SEEDS_FILE} in {args.folder}\n')
    return 0


def _add_grid_arguments(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add('--shape', nargs=3, type=count, default=[200, 200, 100], metavar=('I', 'J', 'K'))
    add('--voxel', nargs=3, type=positive, default=[2.0] * 3, metavar=('X', 'Y', 'Z'), help='mm')
    add(
        '--oblique',
        nargs=3,
        type=float,
        default=[0.0] * 3,
        metavar=('R', 'A', 'S'),
        help='turn the grid about R, then A, then S, in degrees',
    )
    add('--flip', action='store_true', help='let the slices run from head to feet')
    add(
        '--fwhm',
        nargs='+',
        type=not_negative,
        default=[6.0],
        metavar='MM',
        help='of the PSF; two numbers: in plane, axial',
    )
    add('--cov', type=not_negative, default=0.1, help='SD over mean of the background (0: none)')
    add('--noise-fwhm', type=not_negative, default=4.0, metavar='MM', help='smoothing of the noise')


def _add_phantom_arguments(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add('--phantom', default=DEFAULT_PHANTOM, metavar='NAME|FILE.json')
    add('--contrast', type=positive, default=4.0, help='hot spheres over background')
    add('--background', type=positive, default=5000.0, metavar='BQML', help='in Bq/mL')
    add('--rotation', type=float, default=0.0, metavar='DEG', help='about the axis of the phantom')
    add('--tilt', type=float, default=0.0, metavar='DEG', help='about R')
    add('--mirror', action='store_true', help='left and right swapped')
    add('--offset', nargs=3, type=float, default=[0.0] * 3, metavar=('R', 'A', 'S'), help='mm')


def _scene(args: argparse.Namespace) -> SyntheticPhantom:
    from ..synthetic.phantom import PSF, Activities, Noise, Pose, SyntheticPhantom, grid

    if len(args.fwhm) > 2:
        msg = f'--fwhm takes one or two numbers, got {len(args.fwhm)}'
        raise InputFileError(msg)
    geometry = grid(
        tuple(args.shape), tuple(args.voxel), oblique_deg=tuple(args.oblique), mirrored=args.flip
    )
    return SyntheticPhantom(
        geometry,
        phantom=load_phantom(args.phantom),
        pose=Pose(
            rotation_deg=args.rotation,
            tilt_deg=args.tilt,
            mirrored=args.mirror,
            offset_ras_mm=tuple(args.offset),
        ),
        activities=Activities(hot=args.contrast * args.background, background=args.background),
        psf=PSF(args.fwhm[0], args.fwhm[-1]),
        noise=Noise(args.cov, args.noise_fwhm),
        random_seed=args.random_seed,
    )
