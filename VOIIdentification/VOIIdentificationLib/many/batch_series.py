"""One series of a batch, from its files to its result folder: what a worker does."""

from __future__ import annotations

import gc
import hashlib
import json
import time
import traceback
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .. import __version__
from ..analysis import Known, analyze
from ..core.config_json import read_json
from ..core.errors import InputFileError, OutputError, PhantomError
from ..core.image import calibrated
from ..core.phantom import Phantom
from ..core.settings import Settings
from ..files.atomic import recover
from ..files.target import write_text
from ..report.export import existing_results, export_results
from .of_header import with_header, with_worksheet, without_suv
from .stored import read_results

if TYPE_CHECKING:
    from ..evaluate.limits import Limits

STATE_NAME = 'batch.json'
STATE_SCHEMA = 'voi-identification/batch-series/1'
_BLOCK_BYTES = 1 << 20

_State = Literal['started', 'done', 'failed']


@dataclass(frozen=True)
class BatchOptions:
    """
    How every series of a batch is measured.

    Attributes
    ----------
    phantom : Phantom
        What was scanned.

    settings : Settings
        How it is measured.

    known : Known
        The true activity, the same for all series.

    overwrite : bool
        Whether results of other settings may be replaced.

    calibration : float or None
        Concentration for a value of 1, in Bq/mL, where the values are counts.

    worksheet : dict or None
        A fill worksheet as its JSON file has it: what it leaves out is taken
        from the header of each series.

    limits : tuple of Limits
        What every result is judged by.

    baseline : `pathlib.Path` or None
        Earlier results of the same scanner and reconstruction.
    """

    phantom: Phantom
    settings: Settings
    known: Known
    overwrite: bool = False
    calibration: float | None = None
    worksheet: dict[str, Any] | None = None
    limits: tuple[Limits, ...] = ()
    baseline: Path | None = None

    def digest(self) -> str:
        """SHA-256 of all that changes a number or verdict, and of the version of the software."""
        parts = [
            __version__,
            asdict(self.phantom),
            self.settings.to_json(),
            self.worksheet,
            None if self.known.activity is None else asdict(self.known.activity),
            *([] if self.calibration is None else [self.calibration]),
            *([{'limits': [asdict(one) for one in self.limits]}] if self.limits else []),
            *([] if self.baseline is None else [{'baseline': _file_digest(self.baseline)}]),
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True)
class SeriesJob:
    """
    One series to be measured.

    Attributes
    ----------
    uid, description : str
        Of the series.

    paths : tuple of `pathlib.Path`
        Its files.

    folder : `pathlib.Path`
        Where its results go.
    """

    uid: str
    description: str
    paths: tuple[Path, ...]
    folder: Path


@dataclass(frozen=True)
class SeriesOutcome:
    """
    What became of a series.

    Attributes
    ----------
    uid : str
        Of the series.

    state : {'done', 'skipped', 'failed'}
        ``'skipped'`` if it was done before, with the same files and settings.

    sentence : str
        Why it failed; empty otherwise.

    verdict : str
        Level of the overall verdict, e.g. ``'pass'``; empty if it failed.
    """

    uid: str
    state: Literal['done', 'skipped', 'failed']
    sentence: str = ''
    verdict: str = ''


def measure_series(job: SeriesJob, options: BatchOptions) -> SeriesOutcome:
    """
    Measure one series, unless that is done already.

    Parameters
    ----------
    job : SeriesJob
        The series.

    options : BatchOptions
        How.

    Returns
    -------
    outcome : SeriesOutcome
        Errors become sentences: nothing is raised that would stop the others.
    """
    start = time.process_time()
    checksum = ''
    try:
        checksum = series_checksum(job, options)
        if _is_done(job.folder, checksum):
            verdict = str(read_state(job.folder).get('verdict') or '')
            return SeriesOutcome(job.uid, 'skipped', verdict=verdict)
        _prepare(job, options, checksum)
        _write_state(job, 'started', checksum)
        verdict = _measure(job, options)
        seconds = time.process_time() - start
        _write_state(job, 'done', checksum, seconds=seconds, verdict=verdict)
    except Exception as error:  # one bad series never stops the rest
        return _failed(job, checksum, error)
    _keep_what_was_loaded()
    return SeriesOutcome(job.uid, 'done', verdict=verdict)


@cache
def _keep_what_was_loaded() -> None:
    """Modules and templates stay: looking through them for garbage took 50 ms a series."""
    gc.collect()
    gc.freeze()


def series_checksum(job: SeriesJob, options: BatchOptions) -> str:
    """
    Fingerprint of a series and of how it is measured.

    Parameters
    ----------
    job : SeriesJob
        The series.

    options : BatchOptions
        How.

    Returns
    -------
    digest : str
        SHA-256 of the bytes of the files, whatever they are called, and of the options.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    digests = sorted(_file_digest(path) for path in job.paths)
    return hashlib.sha256(''.join([options.digest(), *digests]).encode()).hexdigest()


def _is_done(folder: Path, checksum: str) -> bool:
    """
    Whether a series was measured before.

    Parameters
    ----------
    folder : `pathlib.Path`
        Its results.

    checksum : str
        Of the series and the options.

    Returns
    -------
    done : bool
        True if the same checksum was finished, its results can be read, and no
        file is missing since.
    """
    state = read_state(folder)
    if state.get('state') != 'done' or state.get('checksum') != checksum:
        return False
    noted = state.get('files')
    if isinstance(noted, list) and not set(map(str, noted)) <= set(_names(folder)):
        return False
    try:
        read_results(folder)
    except InputFileError:
        return False
    return True


def _names(folder: Path) -> list[str]:
    """Of the result files, relative to the folder."""
    return [path.as_posix() for path in existing_results(folder)]


def read_state(folder: Path) -> dict[str, Any]:
    """
    What a batch wrote about a series.

    Parameters
    ----------
    folder : `pathlib.Path`
        Of its results.

    Returns
    -------
    state : dict
        Content of ``batch.json``; empty if there is none that can be read.
    """
    try:
        state = read_json(folder / STATE_NAME, 'state')
    except InputFileError:
        return {}
    right = isinstance(state, dict) and state.get('schema') == STATE_SCHEMA
    return state if right else {}


def _write_state(
    job: SeriesJob,
    state: _State,
    checksum: str,
    sentence: str = '',
    seconds: float | None = None,
    verdict: str = '',
) -> None:
    """
    Write ``batch.json``, whole or not at all.

    Parameters
    ----------
    job : SeriesJob
        The series.

    state : {'started', 'done', 'failed'}
        How far it is.

    checksum : str
        Of the series and the options.

    sentence : str, optional
        Why it failed.

    seconds : float, optional
        Processor time that it took.

    verdict : str, optional
        Level of the overall verdict.
    """
    data = {
        'schema': STATE_SCHEMA,
        'state': state,
        'sentence': sentence,
        'verdict': verdict,
        'series_instance_uid': job.uid,
        'series_description': job.description,
        'source': str(job.paths[0].parent),
        'checksum': checksum,
        'software': __version__,
        'cpu_s': seconds,
        'files': _names(job.folder) if state == 'done' else [],
    }
    write_text(job.folder / STATE_NAME, json.dumps(data, indent=1, ensure_ascii=False))


def _measure(job: SeriesJob, options: BatchOptions) -> str:
    """Write the files; the level of the verdict."""
    from ..dicom.read import image_of_stack, stack_of_files
    from ..report.verdicts import with_verdict
    from .baseline import load_baseline

    stack = stack_of_files(job.paths)
    image, known = image_of_stack(stack), with_header(options.known, stack)
    if options.worksheet is not None:
        known = with_worksheet(known, options.worksheet)
    if options.calibration:
        image, known = calibrated(image, options.calibration), without_suv(known)
    baseline, phantom = None, options.phantom
    if options.baseline is not None:
        baseline = load_baseline(options.baseline, image, phantom)
    result = analyze(image, (), phantom, options.settings, known=known)
    result = with_verdict(result, options.limits, baseline)
    export_results(result, job.folder, overwrite=True)
    return result.verdict.level.value


def _prepare(job: SeriesJob, options: BatchOptions, checksum: str) -> None:
    """Complete what a killed worker left; refuse to replace what other files or settings gave."""
    recover(job.folder)
    state = read_state(job.folder)
    ours = state.get('state') == 'started' or state.get('checksum') == checksum
    if not ours and existing_results(job.folder) and not options.overwrite:
        msg = (
            f'{job.folder} holds results of other files or settings. Choose another folder, or '
            'allow overwriting (--overwrite on the command line).'
        )
        raise OutputError(msg)


def _failed(job: SeriesJob, checksum: str, error: Exception) -> SeriesOutcome:
    if isinstance(error, (PhantomError, OSError)):
        sentence = ' '.join(str(error).split())
    else:
        where = traceback.extract_tb(error.__traceback__)[-1]
        sentence = (
            f'unexpected {type(error).__name__} in {Path(where.filename).name}, line '
            f'{where.lineno}: {" ".join(str(error).split())}. Please report it.'
        )
    if not (read_state(job.folder).get('state') == 'done' and existing_results(job.folder)):
        _note_failure(job, checksum, sentence)
    return SeriesOutcome(job.uid, 'failed', sentence)


def _note_failure(job: SeriesJob, checksum: str, sentence: str) -> None:
    try:
        _write_state(job, 'failed', checksum, sentence)
    except OutputError:
        return  # the disk that refused the results refuses this too; the table has the sentence


def _file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open('rb') as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
