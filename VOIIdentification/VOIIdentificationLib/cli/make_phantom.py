"""The command ``voi-identification make-phantom``: a PET study whose truth is known."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.bounds import require_memory
from ..core.errors import InputFileError, OutputError, Progress, no_progress, part_of
from ..core.phantom import DEFAULT_PHANTOM, load_phantom
from ..files.atomic import recover, transaction
from ..files.target import require_folder
from .arguments import number, whole_number
from .terminal import as_lines, terminal_progress

if TYPE_CHECKING:  # loaded where they are used: the command line answers --help at once
    from ..core.geometry import VolumeGeometry
    from ..core.phantom import Phantom, Seed
    from ..dicom.write import Scan
    from ..synthetic.phantom import SyntheticPhantom
    from ..synthetic.truth import Truth

TRUTH_FILE = 'truth.json'

SEEDS_FILE = 'seeds.mrk.json'

DICOM_FOLDER = 'dicom'

BYTES_PER_VOXEL = 16
"""Of the whole work at its peak: 15.1 were measured."""

MAX_SIZE = 65535
"""Rows and columns are 16-bit numbers in DICOM."""

BODY_SHAPE = (200, 200, 100)
"""Voxels of 2 mm that hold the whole body."""

CYLINDER_AIR_MM = 80.0
"""Shown around a uniform cylinder, both sides together."""

VOXEL_MM = (0.01, 1000.0)
MAX_FWHM_MM = 100.0
"""A third of the body phantom: nothing is left to be seen."""

MAX_COV = 100.0
CONTRAST = (1e-6, 1e6)
ACTIVITY_BQML = (1e-6, 1e12)
OFFSET_MM = (-1e4, 1e4)
ANGLE_DEG = (-360.0, 360.0)
"""Limits of what is taken from the command line; beyond them numbers overflow one by one."""

_DICOM_PATTERN = 'I[0-9][0-9][0-9][0-9][0-9].dcm'


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
    add(
        '--random-seed',
        type=whole_number(0, 2**53),
        default=0,
        metavar='N',
        help='decides noise, names and seeds',
    )
    add(
        '--seed-shift',
        type=number(0, OFFSET_MM[1]),
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
    paths = make_phantom_study(
        args.folder,
        _scene(args),
        seed_shift_mm=args.seed_shift,
        overwrite=args.overwrite,
        progress=terminal_progress(sys.stderr),
    )
    made = f'{len(paths) - 2} slices, {TRUTH_FILE} and {SEEDS_FILE} in {args.folder}'
    sys.stdout.write(as_lines([made]))
    return 0


def _add_grid_arguments(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    size, voxel, angle = whole_number(1, MAX_SIZE), number(*VOXEL_MM), number(*ANGLE_DEG)
    fwhm, cov = number(0, MAX_FWHM_MM), number(0, MAX_COV)
    turns = 'turn the grid about R, then A, then S, in degrees'
    psf, sd = 'of the PSF; two numbers: in plane, axial', 'SD over mean of the background (0: none)'
    smooth = 'smoothing of the noise'
    add('--shape', nargs=3, type=size, metavar=('I', 'J', 'K'), help='voxels (default: enough)')
    add('--voxel', nargs=3, type=voxel, default=[2.0] * 3, metavar=('X', 'Y', 'Z'), help='mm')
    add('--oblique', nargs=3, type=angle, default=[0.0] * 3, metavar=('R', 'A', 'S'), help=turns)
    add('--flip', action='store_true', help='let the slices run from head to feet')
    add('--fwhm', nargs='+', type=fwhm, default=[6.0], metavar='MM', help=psf)
    add('--cov', type=cov, default=0.1, help=sd)
    add('--noise-fwhm', type=fwhm, default=4.0, metavar='MM', help=smooth)


def _add_phantom_arguments(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add('--phantom', default=DEFAULT_PHANTOM, metavar='NAME|FILE.json')
    add('--contrast', type=number(*CONTRAST), default=4.0, help='hot spheres over background')
    add(
        '--background', type=number(*ACTIVITY_BQML), default=5000.0, metavar='BQML', help='in Bq/mL'
    )
    add(
        '--rotation',
        type=number(*ANGLE_DEG),
        default=0.0,
        metavar='DEG',
        help='about the axis of the phantom',
    )
    add('--tilt', type=number(*ANGLE_DEG), default=0.0, metavar='DEG', help='about R')
    add('--mirror', action='store_true', help='left and right swapped')
    add(
        '--offset',
        nargs=3,
        type=number(*OFFSET_MM),
        default=[0.0] * 3,
        metavar=('R', 'A', 'S'),
        help='mm',
    )


def _scene(args: argparse.Namespace) -> SyntheticPhantom:
    from ..synthetic.phantom import PSF, Activities, Body, Noise, Pose, SyntheticPhantom

    if len(args.fwhm) > 2:
        msg = f'--fwhm takes one or two numbers, got {len(args.fwhm)}'
        raise InputFileError(msg)
    phantom = load_phantom(args.phantom)
    geometry = _grid(args, phantom)
    return SyntheticPhantom(
        geometry,
        phantom=phantom,
        body=None if phantom.cylinder else Body(),
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


def _grid(args: argparse.Namespace, phantom: Phantom) -> VolumeGeometry:
    """The body phantom by its ring, 70 mm below the lid; a cylinder around its middle."""
    from ..synthetic.phantom import grid
    from ..synthetic.truth import USUAL_CYLINDER_MM

    shape, voxel = args.shape, tuple(args.voxel)
    turned = {'oblique_deg': tuple(args.oblique), 'mirrored': args.flip}
    cylinder = phantom.cylinder
    if cylinder is None:
        return grid(tuple(shape or BODY_SHAPE), voxel, **turned)
    across = (cylinder.diameter_mm or USUAL_CYLINDER_MM) + CYLINDER_AIR_MM
    along = (cylinder.length_mm or USUAL_CYLINDER_MM) + CYLINDER_AIR_MM
    enough = [round(size / edge) for size, edge in zip((across, across, along), voxel, strict=True)]
    return grid(tuple(shape or enough), voxel, middle_ras_mm=(0.0, 0.0, 0.0), **turned)


def make_phantom_study(
    folder: Path,
    scene: SyntheticPhantom,
    *,
    scan: Scan | None = None,
    seed_shift_mm: float = 4.0,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> tuple[Path, ...]:
    """
    Make a phantom and write it: all files or none.

    Parameters
    ----------
    folder : `pathlib.Path`
        Gets ``dicom/I*.dcm``, ``truth.json`` and ``seeds.mrk.json``.

    scene : SyntheticPhantom
        What is made. Its random seed decides noise, file names, UIDs and seeds.

    scan : Scan, optional
        What the DICOM header says besides the image.

    seed_shift_mm : float, optional
        Distance by which the seeds are pushed off the true centers, each in a
        direction of its own.

    overwrite : bool, optional
        True replaces a study made earlier; other files in the folder stay.

    progress : callable, optional
        Told how far the work is; may raise `CanceledError`.

    Returns
    -------
    paths : tuple of `pathlib.Path`
        The files, the DICOM slices in the order of k first.

    Raises
    ------
    OutputError
        If the folder is not empty, or cannot be written.
    InputFileError
        If an insert of the phantom has no place on the ring, or none in the grid.
    GeometryError
        If the grid is sheared, which DICOM does not know.
    """
    from ..dicom.write import write_pet_series
    from ..files.markups import write_markups
    from ..synthetic.phantom import synthesize
    from ..synthetic.truth import write_truth

    recover(folder)
    _refuse_occupied(folder, overwrite=overwrite)
    _refuse_centers_outside(scene)
    i, j, k = (int(n) for n in scene.geometry.size_ijk)
    require_memory(BYTES_PER_VOXEL * i * j * k, f'a phantom of {i} x {j} x {k} voxels')
    image, truth = synthesize(scene, progress=part_of(progress, 0.0, 0.5))
    with transaction(folder, 'the phantom') as files:
        slices = write_pet_series(
            image,
            files.new / DICOM_FOLDER,
            seed=scene.random_seed,
            scan=scan,
            progress=part_of(progress, 0.5, 0.8),
        )
        write_truth(files.new / TRUTH_FILE, image, truth, part_of(progress, 0.8, 1.0))
        write_markups(files.new / SEEDS_FILE, _pushed_seeds(truth, seed_shift_mm), name='Seeds')
        written = [path.relative_to(files.new) for path in slices]
        files.commit(_own_files(folder))
    progress(1.0, 'phantom written')
    return tuple(folder / path for path in (*written, Path(TRUTH_FILE), Path(SEEDS_FILE)))


def _pushed_seeds(truth: Truth, shift_mm: float) -> tuple[Seed, ...]:
    """The true centers, each pushed in a random direction."""
    import numpy as np

    from ..core.phantom import Seed

    rng = np.random.default_rng([truth.scene.random_seed, 1])  # not the stream of the noise
    seeds = []
    for true in truth.inserts:
        direction = rng.standard_normal(3)
        pushed = true.center_ras_mm + direction / np.linalg.norm(direction) * shift_mm
        position = (float(pushed[0]), float(pushed[1]), float(pushed[2]))
        seeds.append(Seed(true.insert.label, position))
    return tuple(seeds)


def _own_files(folder: Path) -> list[Path]:
    """Files of a study made earlier, relative to the folder; by name only."""
    candidates = [folder / TRUTH_FILE, folder / SEEDS_FILE]
    candidates += sorted((folder / DICOM_FOLDER).glob(_DICOM_PATTERN))
    return [path.relative_to(folder) for path in candidates if path.is_file()]


def _refuse_centers_outside(scene: SyntheticPhantom) -> None:
    from ..synthetic.truth import true_inserts

    size = scene.geometry.size_ijk
    for true in true_inserts(scene):
        index = scene.geometry.index_ijk(true.center_ras_mm)
        if (index < -0.5).any() or (index > size - 0.5).any():
            r, a, s = true.center_ras_mm
            msg = (
                f'the insert {true.insert.label} at RAS ({r:.1f}, {a:.1f}, {s:.1f}) mm lies '
                f'outside the grid of {size[0]} x {size[1]} x {size[2]} voxels. '
                'Choose more or larger voxels, or another offset.'
            )
            raise InputFileError(msg)


def _refuse_occupied(folder: Path, *, overwrite: bool) -> None:
    require_folder(folder, 'the phantom')
    if folder.is_dir() and not overwrite:
        count = sum(1 for _ in folder.iterdir())
        if count:
            msg = (
                f'the folder {folder} is not empty ({count} entries). '
                'Name another one, or allow overwriting: a phantom made earlier is then replaced.'
            )
            raise OutputError(msg)
