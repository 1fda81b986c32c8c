"""How long work tells where it is, and how it is stopped."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Called with the part done, 0 to 1, and what is being done. It may raise `CanceledError`."""


def no_progress(fraction: float, text: str) -> None:
    """
    Tell nobody.

    Parameters
    ----------
    fraction : float
        Part done, from 0 to 1.

    text : str
        What is being done.
    """


def part_of(progress: Progress, start: float, stop: float) -> Progress:
    """
    Progress of one step within a larger piece of work.

    Parameters
    ----------
    progress : callable
        Of the whole work.

    start, stop : float
        Parts of the whole at which the step begins and ends.

    Returns
    -------
    progress : callable
        For the step, which counts from 0 to 1.
    """

    def _step(fraction: float, text: str) -> None:
        progress(start + (stop - start) * fraction, text)

    return _step
