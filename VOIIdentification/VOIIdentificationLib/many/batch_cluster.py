"""
The workers of a batch: processes of this machine, or a cluster that is running (Dask).

At most a few series wait at each worker, however many there are, so that
neither scheduler nor workers grow. A worker that dies gives its series to
another one. Dask blames every series that was at the worker, also one that only
waited; so a series over which many died is measured again at the end, with no
other beside it, and given up only if its workers die then too.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ..core.errors import OutputError
from ..files.signals import signal_heard
from .batch_series import BatchOptions, SeriesJob, SeriesOutcome, measure_series

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

PACKAGES = ('distributed', 'pyarrow')
"""What the optional extra ``batch`` brings."""

MAX_DEATHS = 5
"""Workers that may die over one series, in company and then alone, before it is given up."""

Told = Callable[[SeriesOutcome], None]
_Ended = Callable[[SeriesJob, Any], None]

_STARTS = 3
"""Tries to start the workers."""

_CHECK_INTERVAL = '1 s'
"""Between two looks whether all workers are there."""

_AT_EACH_WORKER = 2
"""One is measured, one waits."""


def require_packages() -> None:
    """
    Ask for the optional packages of a batch by name.

    Raises
    ------
    OutputError
        If one is missing.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        msg = (
            f'a batch needs the Python package {missing[0]}, which is not installed: '
            "pip install 'voi-identification[batch]'"
        )
        raise OutputError(msg)


@contextmanager
def connected(workers: int, scheduler: str = '') -> Iterator[Client]:
    """
    Workers to give series to.

    Parameters
    ----------
    workers : int
        Processes on this machine, of one thread each.

    scheduler : str, optional
        Address of a running Dask scheduler to be used instead. Its workers
        must have this software and see the same paths.

    Yields
    ------
    client : `distributed.Client`
        Connected.

    Raises
    ------
    OutputError
        If the scheduler does not answer.
    """
    import dask
    from distributed import Client

    if scheduler:
        try:
            client = Client(scheduler)
        except (OSError, ValueError) as error:
            msg = f'no Dask scheduler answers at {scheduler}: {error}. Check address and network.'
            raise OutputError(msg) from error
        with client:
            yield client
        return
    settings = {
        'distributed.scheduler.allowed-failures': MAX_DEATHS,
        # Dask keeps where a worker spent each second of the last hour: 0.4 GB in 400 s.
        'distributed.worker.profile.enabled': False,
        # Dask lets the C library give back each 64 kB at once: a fifth of a series' time.
        'distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_': None,
    }
    with (
        dask.config.set(settings),
        _local_cluster(workers) as cluster,
        Client(cluster) as client,
    ):
        # A worker that is killed while it starts is given up by Dask; this makes another one.
        cluster.adapt(minimum=workers, maximum=workers, interval=_CHECK_INTERVAL)
        client.register_plugin(_deaf_worker())
        yield client


def measure_all(
    client: Client, jobs: Iterable[SeriesJob], options: BatchOptions, told: Told
) -> None:
    """
    Measure series on the workers.

    Parameters
    ----------
    client : `distributed.Client`
        Connected workers.

    jobs : iterable of SeriesJob
        The series.

    options : BatchOptions
        How.

    told : callable
        Called with every outcome, as they end.

    Raises
    ------
    KeyboardInterrupt
        After a stop signal, when the series that were begun have ended; at
        once after a second signal.
    """
    suspects: list[SeriesJob] = []

    def _first_time(job: SeriesJob, future: Any) -> None:
        if _is_killed(future):
            suspects.append(job)
        else:
            told(_outcome(job, future))

    width = _AT_EACH_WORKER * max(len(client.nthreads()), 1)
    _measure(client, jobs, options, width, _first_time)
    _measure(client, suspects, options, 1, lambda job, future: told(_outcome(job, future)))


def _measure(
    client: Client, jobs: Iterable[SeriesJob], options: BatchOptions, width: int, ended: _Ended
) -> None:
    """At most `width` series are with the workers at a time."""
    from distributed import as_completed

    waiting, known = iter(jobs), {}

    def _submitted(count: int) -> list[Any]:
        fresh = {_submit(client, job, options): job for job in islice(waiting, count)}
        known.update({future.key: job for future, job in fresh.items()})
        return list(fresh)

    def _end(future: Any) -> None:
        ended(known.pop(future.key), future)
        future.release()

    running = as_completed(_submitted(width))
    try:
        for future in running:
            _end(future)
            for fresh in _submitted(1):
                running.add(fresh)
    except KeyboardInterrupt:
        signal_heard()
        for future in running:
            _end(future)
        raise


def _submit(client: Client, job: SeriesJob, options: BatchOptions) -> Any:
    """By a key of its own: a series that is measured again must not meet its old failure."""
    key = f'series-{job.folder.name}-{uuid4().hex}'
    return client.submit(measure_series, job, options, key=key, pure=False)


def _local_cluster(workers: int) -> LocalCluster:
    """Dask raises if one worker dies while it starts: then all are started anew."""
    from distributed import LocalCluster

    error: Exception | None = None
    for _ in range(_STARTS):
        try:
            return LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
            )
        except RuntimeError as one:  # noqa: PERF203  # three times at most
            error = one
    msg = f'the {workers} workers cannot be started: {error}. Try fewer with --workers.'
    raise OutputError(msg) from error


def _is_killed(future: Any) -> bool:
    """Whether its workers died; other errors are the software's."""
    return type(future.exception()).__name__ == 'KilledWorker'


def _outcome(job: SeriesJob, future: Any) -> SeriesOutcome:
    """Errors of the engine itself: the worker died, or the software is not there."""
    error = future.exception()
    if error is None:
        outcome: SeriesOutcome = future.result()
        return outcome
    if _is_killed(future):
        sentence = (
            f'more than {error.allowed_failures} workers died over this series, also while no '
            'other was measured, perhaps for want of memory. Run the batch again with more memory.'
        )
    else:
        sentence = f'the worker failed: {type(error).__name__}: {" ".join(str(error).split())}'
    return SeriesOutcome(job.uid, 'failed', sentence)


def _deaf_worker() -> Any:
    """Ctrl-C goes to all processes of a terminal; the workers finish what they have begun."""
    from distributed import WorkerPlugin

    class _Deaf(WorkerPlugin):  # type: ignore[misc]
        name = 'voi-identification-deaf'

        def setup(self, worker: Any) -> None:  # Dask's name
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    return _Deaf()
