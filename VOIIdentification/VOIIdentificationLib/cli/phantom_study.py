"""
A synthetic PET study on disk: DICOM files, the truth, and seeds a little off.

It stands with the command that makes it because it joins three wings of which
none may know another: the phantom is made by `synthetic`, its series written by
`dicom`, its seeds by `files`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import InputFileError, OutputError
from ..core.progress import Progress, no_progress, part_of
from ..files.atomic import replace_files, staging_folder, system_errors_named

if TYPE_CHECKING:  # loaded where they are used: the command line answers --help at once
    from ..core.seed import Seed
    from ..dicom.write import Scan
    from ..synthetic.phantom import SyntheticPhantom
    from ..synthetic.truth import Truth

TRUTH_FILE = 'truth.json'
SEEDS_FILE = 'seeds.mrk.json'
DICOM_FOLDER = 'dicom'
_DICOM_PATTERN = 'I[0-9][0-9][0-9][0-9][0-9].dcm'


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

    _refuse_occupied(folder, overwrite=overwrite)
    _refuse_centers_outside(scene)
    image, truth = synthesize(scene, progress=part_of(progress, 0.0, 0.5))
    with system_errors_named(folder, 'the phantom'), staging_folder(folder) as staging:
        new = staging / 'new'
        slices = write_pet_series(
            image,
            new / DICOM_FOLDER,
            seed=scene.random_seed,
            scan=scan,
            progress=part_of(progress, 0.5, 0.8),
        )
        write_truth(new / TRUTH_FILE, image, truth, part_of(progress, 0.8, 1.0))
        write_markups(new / SEEDS_FILE, _pushed_seeds(truth, seed_shift_mm), name='Seeds')
        replace_files(folder, _own_files(folder), new, staging / 'old')
        written = [path.relative_to(new) for path in slices]
    progress(1.0, 'phantom written')
    return tuple(folder / path for path in (*written, Path(TRUTH_FILE), Path(SEEDS_FILE)))


def _pushed_seeds(truth: Truth, shift_mm: float) -> tuple[Seed, ...]:
    """The true centers, each pushed in a random direction."""
    import numpy as np

    from ..core.seed import Seed

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
    if folder.exists() and not folder.is_dir():
        msg = f'the phantom cannot be written to {folder}: it is a file. Name another folder.'
        raise OutputError(msg)
    if folder.is_dir() and not overwrite:
        count = sum(1 for _ in folder.iterdir())
        if count:
            msg = (
                f'the folder {folder} is not empty ({count} entries). '
                'Name another one, or allow overwriting: a phantom made earlier is then replaced.'
            )
            raise OutputError(msg)
