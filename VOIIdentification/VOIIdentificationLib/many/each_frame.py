"""Every time or gate of a series measured at the same centers, and how far values repeat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..analysis import Known, analyze
from ..core.errors import OutputError, Progress, SeriesError, no_progress, part_of
from ..core.image import PETImage
from ..core.phantom import Phantom, Seed
from ..core.settings import Settings
from ..evaluate.quantities import Value, values_of_results
from ..files.atomic import transaction
from ..files.target import earlier_files, require_folder
from ..locate.shared import GivenCenter, SharedGeometry
from ..report.export import PageOptions, check_target, write_result_files
from ..report.formats import results_json
from ..results import AnalysisResult
from .repeatability import Repeatability, repeatability
from .repeatability_files import REPEATABILITY_FILES, write_repeatability

_GRID_TOLERANCE_MM = 1e-3

_FRAME = 'frame_'
"""Begins the names of their folders."""

_SOURCE = 'the mean of all frames'

_UNEVEN = (
    'The frames are of different lengths: their noise differs, and the SD is that of none of them.'
)
_NOT_CORRECTED = (
    'The frames are not corrected for decay: activity falls from frame to frame, and what is '
    'not a ratio falls with it.'
)


@dataclass(frozen=True)
class Frame:
    """
    One time or gate.

    Attributes
    ----------
    read : callable
        Reads its voxels; they are read twice, to keep one frame in memory.

    known : callable
        From the image to what is known of it besides.

    text : str
        When it was.

    length_s : float or None
        How long it was; None if unknown.
    """

    read: Callable[[], PETImage]
    known: Callable[[PETImage], Known]
    text: str
    length_s: float | None = None


@dataclass(frozen=True)
class FrameOptions:
    """
    How every frame is measured, as for `analyze` and `export_results`.

    Attributes
    ----------
    phantom : Phantom
        What was scanned.

    settings : Settings
        How it is measured.

    seeds : tuple of Seed
        None if the spheres are to be found.

    page : PageOptions
        Of ``report.html``.

    overwrite : bool
        Whether earlier results may be replaced.
    """

    phantom: Phantom
    settings: Settings
    seeds: tuple[Seed, ...] = ()
    page: PageOptions = field(default_factory=PageOptions)
    overwrite: bool = False


def measure_each_frame(
    frames: Sequence[Frame],
    directory: Path,
    options: FrameOptions,
    progress: Progress = no_progress,
) -> tuple[Repeatability, ...]:
    """
    Measure all frames of a series.

    The centers are found once, on the mean of all frames weighted by their
    lengths: the phantom lies still, and no frame alone shows as much. The own
    fit of each frame is compared with them, and flagged where it lies off.

    Parameters
    ----------
    frames : sequence of Frame
        Two or more.

    directory : `pathlib.Path`
        Gets ``frame_1`` … with all files of an analysis, and the summary.

    options : FrameOptions
        How.

    progress : callable, optional
        Told how far it is; may raise `CanceledError`.

    Returns
    -------
    found : tuple of Repeatability
        Every quantity over all frames.

    Raises
    ------
    SeriesError
        If there is one frame only, or frames lie on different grids.
    PhantomError
        As from `analyze` and `export_results`. The folder is then as it was.
    """
    if len(frames) < 2:
        msg = 'the series holds one image: leave out --each-frame.'
        raise SeriesError(msg)
    names = [f'{_FRAME}{n:0{len(str(len(frames)))}d}' for n in range(1, len(frames) + 1)]
    old = _earlier_files(directory, names, overwrite=options.overwrite)
    shared = None
    if options.phantom.cylinder is None:
        shared = _shared_geometry(frames, options, part_of(progress, 0.0, 0.3))
    values: list[tuple[Value, ...]] = []
    with transaction(directory, 'the results') as files:
        for n, (frame, name) in enumerate(zip(frames, names, strict=True)):
            step = part_of(progress, 0.3 + 0.7 * n / len(frames), 0.3 + 0.7 * (n + 1) / len(frames))
            result = _measured(frame, shared, options, step)
            (files.new / name).mkdir()
            write_result_files(result, files.new / name, options.page)
            values.append(values_of_results(results_json(result)))
        found = repeatability(values)
        notes = [*([shared.note] if shared is not None else []), *_doubts(frames, result)]
        write_repeatability(files.new, found, [frame.text for frame in frames], notes)
        files.commit(old)
    return found


def _earlier_files(directory: Path, names: Sequence[str], *, overwrite: bool) -> list[Path]:
    """Those of frames that are no more, too: they would look like frames of this series."""
    require_folder(directory, 'the results')
    old = [*earlier_files(directory, REPEATABILITY_FILES)]
    if old and not overwrite:
        msg = (
            f'{directory} holds frames already. Choose another folder, or allow overwriting '
            '(--overwrite on the command line).'
        )
        raise OutputError(msg)
    there = [
        path.name for path in directory.glob(f'{_FRAME}*') if path.name[len(_FRAME) :].isdigit()
    ]
    for name in sorted({*names, *there}):
        files = check_target(directory / name, overwrite=overwrite)
        old += [Path(name) / file for file in files]
    return old


def _doubts(frames: Sequence[Frame], result: AnalysisResult) -> list[str]:
    uneven = len({frame.length_s for frame in frames}) > 1
    falling = result.image.acquisition.decay_correction == 'NONE'
    return [*([_UNEVEN] if uneven else []), *([_NOT_CORRECTED] if falling else [])]


def _measured(
    frame: Frame, shared: SharedGeometry | None, options: FrameOptions, progress: Progress
) -> AnalysisResult:
    image = frame.read()
    known = replace(frame.known(image), centers=shared)
    return analyze(image, options.seeds, options.phantom, options.settings, progress, known=known)


def _shared_geometry(
    frames: Sequence[Frame], options: FrameOptions, progress: Progress
) -> SharedGeometry:
    image = _mean_image(frames, part_of(progress, 0.0, 0.5))
    step = part_of(progress, 0.5, 1.0)
    found = analyze(image, options.seeds, options.phantom, options.settings, step)
    return SharedGeometry(
        source=_SOURCE,
        series_uid=image.acquisition.series_instance_uid,
        frame_of_reference_uid=image.acquisition.frame_of_reference_uid,
        phantom_name=options.phantom.name,
        centers=tuple(
            GivenCenter(
                one.label, one.center_ras_mm, None if one.fit is None else one.fit.center_sd_ras_mm
            )
            for one in found.spheres
        ),
        one_series=True,
    )


def _mean_image(frames: Sequence[Frame], progress: Progress) -> PETImage:
    """Weighted by the lengths of the frames, if all are known."""
    first = frames[0].read()
    total = np.zeros(first.voxels.shape)
    lengths = [frame.length_s for frame in frames]
    weights = [length or 0.0 for length in lengths] if all(lengths) else [1.0] * len(frames)
    for n, frame in enumerate(frames):
        progress(n / len(frames), f'adding frame {n + 1} of {len(frames)}')
        image = first if n == 0 else frame.read()
        _require_one_grid(first, image, n)
        total += weights[n] * image.voxels
    return replace(first, voxels=(total / sum(weights)).astype(np.float32))


def _require_one_grid(first: PETImage, image: PETImage, n: int) -> None:
    same = first.geometry.shape_kji == image.geometry.shape_kji and np.allclose(
        first.geometry.ijk_to_ras, image.geometry.ijk_to_ras, atol=_GRID_TOLERANCE_MM, rtol=0
    )
    if not same:
        msg = (
            f'frame {n + 1} lies on another grid than frame 1, so that they cannot be compared; '
            'measure them one by one with --frame.'
        )
        raise SeriesError(msg)
