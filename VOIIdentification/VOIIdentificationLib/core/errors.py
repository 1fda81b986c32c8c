"""
Errors that a user can act on.

* PhantomError
  - GeometryError         the image grid cannot be used as a volume
  - SeriesError           the DICOM series is missing, incomplete or ambiguous
  - InputFileError        a seeds, phantom, settings or volume file cannot be used
  - OutputError           the results cannot be written where they were asked for
  - SeedError             the seeds do not fit the phantom or the image
  - VOIOutsideImageError  the VOI has no voxel in the image
  - NodeError             a node of the Slicer scene cannot be used
  - SUVError              the header does not allow an SUV
  - ActivityError         the fill worksheet does not make sense
  - CanceledError         the user stopped the work

A wrong argument in a call is a plain ``ValueError`` or ``TypeError``: that is
a bug in the caller, not something the person at the scanner can repair.
"""

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Called with the part done, 0 to 1, and what is being done. It may raise `CanceledError`."""


class PhantomError(Exception):
    """Base class: catch this one at the edge (widget, command line)."""


class GeometryError(PhantomError):
    """The image grid cannot be used as a volume."""


class SeriesError(PhantomError):
    """The DICOM series is missing, incomplete or ambiguous."""


class InputFileError(PhantomError):
    """A seeds, phantom, settings or volume file cannot be used."""


class OutputError(PhantomError):
    """The results cannot be written where they were asked for."""


class SeedError(PhantomError):
    """The seeds do not fit the phantom or the image."""


class VOIOutsideImageError(PhantomError):
    """The VOI has no voxel in the image."""


class NodeError(PhantomError):
    """A node of the Slicer scene cannot be used."""


class SUVError(PhantomError):
    """The header does not allow an SUV; the sentence names the tag."""


class ActivityError(PhantomError):
    """The fill worksheet does not make sense."""


class CanceledError(PhantomError):
    """The user stopped the work; nothing was changed."""


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
